//! Causes and cures: each setting that might have avoided a cause is tried, over the same people.
//!
//! Nothing here is a canned phrase: a setting is named only with how many it spared, and how many it
//! hit instead.

use std::collections::{BTreeMap, BTreeSet};

use super::fates::{Fates, Whom};
use super::outcome::{ArmOutcome, Cure};
use super::rehearse::{Counter, People, Rehearsal, Stage, simulate, with_seed};
use super::workers::work_off;
use crate::outcome::grouped;
use crate::recorder::{IncidentKind, LockoutCause, LogoutCause};
use crate::scenario::comparison::{Arm, LoadedComparison};
use crate::scenario::cutover::Strategy;
use crate::scenario::{self, Overrides, Scenario};

/// Causes of a kind for which cures are tried, the most frequent first.
const CAUSES: usize = 3;
/// Cures that are told for each cause.
const TOLD: usize = 3;
/// Seeds that are rehearsed again for each setting.
const SEEDS: usize = 2;

/// Settings that might have avoided a cause in a strategy, as on a command line.
fn candidates(kind: IncidentKind, arm: &Arm) -> Vec<String> {
    let settings = match kind {
        IncidentKind::ForcedLogout(cause) => of_logout(cause),
        IncidentKind::Lockout(cause) => of_lockout(cause),
        _ => &[],
    };
    let mut settings: Vec<String> = settings.iter().map(|&it| it.to_owned()).collect();
    // Refusing everybody at once is the strategy itself: only another one avoids it.
    let at_once = IncidentKind::ForcedLogout(LogoutCause::MiddlewareReject);
    if let (true, Strategy::AllAtOnce { .. }) =
        (kind == at_once, &arm.loaded.scenario.cutover.strategy)
    {
        let at = current(arm, "cutover.all-at-once.at");
        settings.extend(at.map(|at| format!("cutover.zero-downtime.from={at}")));
    }
    settings
}

const fn of_logout(cause: LogoutCause) -> &'static [&'static str] {
    match cause {
        LogoutCause::MiddlewareReject => &[
            "cutover.zero-downtime.until=\"never\"",
            "cutover.rolling.legacy_until=\"never\"",
            "cutover.rolling.migrate=true",
        ],
        LogoutCause::FlagFlip => &[
            "cutover.rolling.migrate=true",
            "cutover.rolling.sticky=true",
            "cutover.rolling.key=\"user\"",
            "cutover.rolling.skewed_evaluators=\"0%\"",
        ],
        LogoutCause::RefreshRace => &[
            "app.single_flight=\"shared\"",
            "providers.auth0.rotation_leeway=\"30s\"",
            "population.visits.two_tabs=\"0%\"",
        ],
        LogoutCause::RefreshExpired | LogoutCause::LegacySessionEnded => &[
            "providers.auth0.refresh_idle_life=\"30d\"",
            "app.single_flight=\"shared\"",
        ],
        LogoutCause::NoRefreshToken => &[
            "population.sessions.refresh_token=\"100%\"",
            "providers.auth0.access_token_life=\"7d\"",
        ],
        LogoutCause::MigrateUnknownPerson => &[
            "population.records.imported=\"100%\"",
            "app.create_missing=true",
            "population.records.email_form_differs=\"0%\"",
            "population.records.email_case_differs=\"0%\"",
            "population.organizations.unmapped=\"0%\"",
        ],
        LogoutCause::MigrateUserInfo => &[
            "population.sessions.userinfo_audience=\"100%\"",
            "population.sessions.email_scope=\"100%\"",
            "app.on_migrate_failure=\"honour-legacy\"",
        ],
        LogoutCause::Migrate429 => &[
            "app.on_migrate_failure=\"honour-legacy\"",
            "app.single_flight=\"shared\"",
            "providers.auth0.plan=\"enterprise\"",
            "app.retry=\"full-jitter\"",
        ],
        LogoutCause::Migrate4xx => &[
            "app.on_migrate_failure=\"honour-legacy\"",
            "population.records.email_verified=\"100%\"",
        ],
        LogoutCause::Migrate5xx | LogoutCause::MigrateTimeout | LogoutCause::ProviderFailed => &[
            "app.on_migrate_failure=\"honour-legacy\"",
            "app.retry=\"full-jitter\"",
            "app.timeout=\"10s\"",
            "app.verify=\"locally\"",
        ],
        LogoutCause::InstanceBehind => &["app.flag_delay=\"0s\""],
        LogoutCause::StytchSessionEnded => {
            &["app.session_duration=\"90d\"", "app.extend_on_renewal=true"]
        }
        LogoutCause::LostCookie => &[
            "app.lost_cookie=\"0%\"",
            "population.devices.cookies_expire=\"0%\"",
        ],
        LogoutCause::Rollback => &["cutover.rollback.stytch_sessions=\"honour\""],
        LogoutCause::OldApp => &[
            "population.devices.updates.ever=\"100%\"",
            "population.devices.updates.released=\"-90d\"",
        ],
        LogoutCause::Unverifiable => &[
            "app.jwks_cooldown=\"1s\"",
            "providers.auth0.previous_key_life=\"7d\"",
            "providers.stytch.previous_key_life=\"7d\"",
        ],
        LogoutCause::PasswordReset => &[],
    }
}

const fn of_lockout(cause: LockoutCause) -> &'static [&'static str] {
    match cause {
        LockoutCause::NotImported => &[
            "population.records.imported=\"100%\"",
            "app.create_missing=true",
        ],
        LockoutCause::AddressDiffers => &[
            "population.records.email_form_differs=\"0%\"",
            "population.records.email_case_differs=\"0%\"",
        ],
        LockoutCause::NoLegacyRecord => &[
            "app.mirror_signups=true",
            "cutover.rolling.sticky=true",
            "cutover.rolling.key=\"user\"",
        ],
        LockoutCause::OldApp => &[
            "population.devices.updates.ever=\"100%\"",
            "population.devices.updates.released=\"-90d\"",
        ],
        LockoutCause::OrganizationNotMapped => &["population.organizations.unmapped=\"0%\""],
        LockoutCause::FlagLoop => &[
            "cutover.rolling.key=\"user\"",
            "cutover.rolling.sticky=true",
            "cutover.rolling.skewed_evaluators=\"0%\"",
        ],
        LockoutCause::Throttled => &[
            "providers.auth0.plan=\"enterprise\"",
            "app.retry=\"full-jitter\"",
            "app.single_flight=\"shared\"",
        ],
        LockoutCause::ProviderFailed => &["app.retry=\"full-jitter\"", "app.timeout=\"10s\""],
    }
}

/// A setting to try on a strategy with a seed.
#[derive(Debug)]
struct Trial {
    arm: usize,
    setting: String,
    seed: usize,
    scenario: Scenario,
}

/// Tries settings against the most frequent causes of each strategy, and writes what they spare into
/// the outcomes.
pub(super) fn find(
    stage: &Stage<'_>,
    loaded: &LoadedComparison,
    rehearsals: &[Vec<Rehearsal>],
    arms: &mut [ArmOutcome],
    counter: &Counter<'_>,
) {
    let hits: Vec<Vec<(IncidentKind, Vec<&Rehearsal>)>> = arms
        .iter()
        .zip(rehearsals)
        .map(|(arm, done)| causes(arm, done))
        .collect();
    let seeds = rehearsals.first().map_or(0, |done| SEEDS.min(done.len()));
    let mut trials = Vec::new();
    for (place, (arm, causes)) in loaded.arms.iter().zip(&hits).enumerate() {
        let settings: BTreeSet<String> = causes
            .iter()
            .flat_map(|(kind, _)| candidates(*kind, arm))
            .collect();
        for setting in settings {
            let Some(scenario) = with_setting(arm, &loaded.settings, &setting) else {
                continue;
            };
            for seed in 0..seeds {
                let number = stage.comparison.first_seed + seed as u64;
                trials.push(Trial {
                    arm: place,
                    setting: setting.clone(),
                    seed,
                    scenario: with_seed(&scenario, number),
                });
            }
        }
    }
    counter.plan(trials.len() as u64);
    let stopped = || counter.is_stopped();
    let done = work_off(stage.threads, &trials, stopped, |trial| {
        let people = People::new(&trial.scenario);
        let fates = Fates::of(&simulate(&trial.scenario, &people).ended.recording);
        counter.one_more();
        fates
    });
    let mut by_setting: BTreeMap<(usize, &str), Vec<(usize, &Fates)>> = BTreeMap::new();
    for (trial, fates) in trials.iter().zip(&done) {
        let of = by_setting
            .entry((trial.arm, trial.setting.as_str()))
            .or_default();
        of.push((trial.seed, fates));
    }
    // A setting that was not tried to the end has shown nothing.
    by_setting.retain(|_, tried| tried.len() == seeds);
    for (place, arm) in arms.iter_mut().enumerate() {
        for (kind, before) in &hits[place] {
            let own = &loaded.arms[place];
            let tried = candidates(*kind, own).into_iter().filter_map(|setting| {
                let after = by_setting.get(&(place, setting.as_str()))?;
                let instead_of = instead_of(own, &setting)?;
                Some(cure(*kind, before, after, &setting, instead_of))
            });
            let mut cures: Vec<Cure> = tried.collect();
            // The setting that spares most comes first; among equals the one that hits fewest others.
            cures.sort_by_key(|cure| (u64::MAX - cure.avoided, cure.newly_hit));
            cures.truncate(TOLD);
            let found = arm.causes.iter_mut().find(|cause| {
                cause.kind == kind.name() && Some(cause.cause.as_str()) == kind.cause()
            });
            if let Some(found) = found {
                found.cures = cures;
            }
        }
    }
}

/// The most frequent causes of a strategy, with its rehearsals of the seeds that are tried again.
fn causes<'a>(arm: &ArmOutcome, done: &'a [Rehearsal]) -> Vec<(IncidentKind, Vec<&'a Rehearsal>)> {
    let known = LogoutCause::ALL
        .map(IncidentKind::ForcedLogout)
        .into_iter()
        .chain(LockoutCause::ALL.map(IncidentKind::Lockout));
    let known: Vec<IncidentKind> = known.collect();
    let mut found = Vec::new();
    for kind in ["forced_logout", "lockout"] {
        let most = arm.causes.iter().filter(|cause| cause.kind == kind);
        for cause in most.take(CAUSES) {
            let is = |it: &&IncidentKind| {
                it.name() == cause.kind && it.cause() == Some(cause.cause.as_str())
            };
            if let Some(kind) = known.iter().find(is) {
                found.push((*kind, done.iter().take(SEEDS).collect()));
            }
        }
    }
    found
}

/// A strategy's scenario with one more setting; none where that is no change, or no setting of it.
fn with_setting(arm: &Arm, settings: &[String], setting: &str) -> Option<Scenario> {
    let (_, value) = setting.split_once('=')?;
    if instead_of(arm, setting)? == value {
        return None;
    }
    let mut set = settings.to_vec();
    set.push(setting.to_owned());
    let over = Overrides { set, seed: None };
    Some(scenario::load(&arm.file, &over).ok()?.scenario)
}

/// What a strategy's scenario has in place of a setting; none where it has no such setting.
fn instead_of(arm: &Arm, setting: &str) -> Option<String> {
    let (key, _) = setting.split_once('=')?;
    let another = key.starts_with("cutover.zero-downtime.")
        && matches!(
            arm.loaded.scenario.cutover.strategy,
            Strategy::AllAtOnce { .. }
        );
    current(arm, if another { "cutover" } else { key })
}

/// The value of a key in a strategy's scenario.
fn current(arm: &Arm, key: &str) -> Option<String> {
    let known = arm.loaded.assumptions.iter().find(|it| it.key == key);
    known.map(|it| it.value.clone())
}

fn cure(
    kind: IncidentKind,
    before: &[&Rehearsal],
    after: &[(usize, &Fates)],
    setting: &str,
    instead_of: String,
) -> Cure {
    let (mut of, mut avoided, mut newly_hit) = (0, 0, 0);
    for &(seed, after) in after {
        let before = &before[seed].fates;
        let hit: Vec<Whom> = before
            .hits
            .iter()
            .filter(|(it, _)| *it == kind)
            .map(|(_, whom)| *whom)
            .collect();
        of += hit.len() as u64;
        avoided += hit
            .iter()
            .filter(|whom| !after.is_hit(kind, **whom))
            .count() as u64;
        newly_hit += after.count_others(kind, before);
    }
    let others = match newly_hit {
        0 => String::new(),
        others => format!("; {} others would have been hit", grouped(others)),
    };
    let sentence = format!(
        "{} of {} would not have happened with {setting}{others}",
        grouped(avoided),
        grouped(of)
    );
    Cure {
        setting: setting.to_owned(),
        instead_of,
        of,
        avoided,
        newly_hit,
        seeds: after.len() as u32,
        sentence,
    }
}
