//! The mocks as a whole: their health, what they did, their mail, and going back to the start.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::problem::Problem;
use super::words::Nothing;
use crate::http::stamp::wall_now;
use crate::ledger::Ledger;

/// That the mocks are at work.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Health {
    /// `ok`.
    status: &'static str,
    /// Version of the mocks.
    version: &'static str,
    /// Where the tenant listens.
    auth0_url: String,
    /// Where the project listens.
    stytch_url: String,
    /// Users and members at Stytch.
    stytch_people: usize,
    /// Stytch sessions that live now.
    stytch_live_sessions: usize,
}

pub(super) fn health(admin: &Admin, _: Nothing) -> Result<Health, Problem> {
    let now = admin.now();
    let project = admin.stytch.project();
    Ok(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        auth0_url: admin.urls.0.clone(),
        stytch_url: admin.urls.1.clone(),
        stytch_people: project.user_count(),
        stytch_live_sessions: project.live_session_count(now),
    })
}

/// Everything as at the start: people, sessions, limits, latency, faults, clock, mail, journal, counts.
pub(super) fn reset(admin: &Admin, _: Nothing) -> Result<Nothing, Problem> {
    admin.clock.hands().reset();
    let now = wall_now();
    admin.begin_anew(admin.blueprint.tenant(now), admin.blueprint.project(now));
    admin.mailbox.clear();
    admin.journal.clear();
    Ok(Nothing {})
}

/// What both providers say they did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Counts {
    auth0: Counted,
    stytch: Counted,
    auth0_log: LogSize,
    auth0_backchannel_logouts: Deliveries,
}

/// What became of tokens that told applications of ended sessions.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Deliveries {
    /// The application took it.
    delivered: u64,
    /// It could not be reached in the token's life, or said no; or its URL is not on this machine.
    failed: u64,
    /// Too many were waiting, or they waited when a reset came.
    dropped: u64,
}

/// How much of the tenant's log there is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LogSize {
    /// Events that `GET /api/v2/logs` knows.
    kept: usize,
    /// Older ones, which made room for them.
    dropped: u64,
}

/// What a provider says it did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Counted {
    /// Calls by endpoint, and by the status that was answered (0: none, the connection closed).
    calls: BTreeMap<&'static str, BTreeMap<u16, u64>>,
    /// Sessions opened by a login.
    opened: u64,
    /// Sessions opened by migrating a legacy one.
    migrated: u64,
    /// Sessions or token families renewed.
    refreshed: u64,
    /// Sessions or token families revoked.
    revoked: u64,
    /// People created by a call.
    created: u64,
}

pub(super) fn counts(admin: &Admin, _: Nothing) -> Result<Counts, Problem> {
    let auth0 = admin.auth0.ledger();
    let stytch = admin.stytch.project().ledger().clone();
    let (kept, dropped) = admin.auth0.log_size();
    let logouts = admin.auth0.logout_deliveries();
    Ok(Counts {
        auth0_log: LogSize { kept, dropped },
        auth0_backchannel_logouts: Deliveries {
            delivered: logouts.delivered,
            failed: logouts.failed,
            dropped: logouts.dropped,
        },
        auth0: counted(&auth0, crate::auth0::Endpoint::name),
        stytch: counted(&stytch, crate::stytch::Endpoint::name),
    })
}

fn counted<E: Ord + Copy>(ledger: &Ledger<E>, name: fn(E) -> &'static str) -> Counted {
    let mut calls: BTreeMap<&'static str, BTreeMap<u16, u64>> = BTreeMap::new();
    for ((endpoint, status), count) in &ledger.calls {
        let endpoint = calls.entry(name(*endpoint)).or_default();
        *endpoint.entry(*status).or_default() += count;
    }
    Counted {
        calls,
        opened: ledger.opened,
        migrated: ledger.migrated,
        refreshed: ledger.refreshed,
        revoked: ledger.revoked,
        created: ledger.created,
    }
}

/// Whose mail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    /// The address or telephone number that it went to.
    to: String,
}

/// Somebody's mail.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Mail {
    /// The newest first.
    messages: Vec<Message>,
}

/// One mail or text message.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Message {
    /// Where it went.
    to: String,
    /// Who sent it: `auth0` or `stytch`.
    from: String,
    /// What it is for, e.g. `magic_link`, `code`, `reset`.
    subject: String,
    /// The code or token in it.
    token: String,
    /// The link in it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

pub(super) fn mail(admin: &Admin, whose: Whose) -> Result<Mail, Problem> {
    let messages = admin.mailbox.of(&whose.to).into_iter();
    Ok(Mail {
        messages: messages
            .map(|message| Message {
                to: message.to,
                from: message.from,
                subject: message.subject,
                token: message.token,
                link: message.link,
            })
            .collect(),
    })
}

pub(super) fn clear_mail(admin: &Admin, _: Nothing) -> Result<Nothing, Problem> {
    admin.mailbox.clear();
    Ok(Nothing {})
}
