//! The scout: sees every call of a rehearsal, and keeps what tells one stretch of time from another.

use cutover_mocks::fault::{FaultKind, FaultPlan};
use cutover_mocks::time::{Span, Timestamp};
use cutover_mocks::{auth0, stytch};

use super::Kind;
use crate::rehearsal::{Dispatch, ProviderAnswer, ProviderCall};
use crate::scenario::Scenario;
use crate::strategy::Plan;

/// What set out in one second of scenario time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Second {
    /// When it begins.
    pub(super) at: Timestamp,
    /// Calls of people and of the application.
    pub(super) calls: u32,
    /// Logins that began.
    pub(super) logins: u32,
    /// Sessions that asked to be migrated.
    pub(super) migrations: u32,
}

/// A change, and when anybody first met it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contact {
    pub(super) kind: Kind,
    /// What it is about.
    pub(super) name: String,
    /// When it begins.
    pub(super) from: Timestamp,
    /// The first call that it concerns; none if there was none.
    pub(super) first: Option<Timestamp>,
}

/// A change that calls are held against while it lasts.
#[derive(Debug)]
struct Mark {
    contact: Contact,
    until: Timestamp,
    hits: Hits,
}

/// Which calls a change concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hits {
    All,
    Auth0(Option<auth0::Endpoint>),
    Stytch(Option<stytch::Endpoint>),
}

impl Hits {
    fn holds(self, call: &ProviderCall, asks_userinfo: bool) -> bool {
        match (self, call) {
            (Self::All, _) => true,
            (Self::Auth0(endpoint), ProviderCall::Auth0(call)) => {
                endpoint.is_none_or(|hit| hit == call.endpoint())
            }
            (Self::Stytch(endpoint), ProviderCall::Stytch(call)) => {
                endpoint.is_none_or(|hit| hit == call.endpoint())
            }
            // Stytch asks the tenant within Migrate Session.
            (Self::Auth0(endpoint), ProviderCall::Stytch(_)) => {
                asks_userinfo && endpoint.is_none_or(|hit| hit == auth0::Endpoint::UserInfo)
            }
            (Self::Stytch(_), ProviderCall::Auth0(_)) => false,
        }
    }
}

/// The scout of one rehearsal.
#[derive(Debug)]
pub(super) struct Scout {
    seconds: Vec<Second>,
    marks: Vec<Mark>,
    end: Timestamp,
}

impl Scout {
    /// A scout who knows when the strategy changes and which faults are planned.
    pub(super) fn new(scenario: &Scenario) -> Self {
        let end = scenario.time.end();
        let phases = Plan::new(scenario).phases();
        let ends = phases.iter().skip(1).map(|next| next.from).chain([end]);
        let changes = phases.iter().zip(ends).skip(1).map(|(phase, until)| Mark {
            contact: Contact {
                kind: Kind::FirstContact,
                name: format!("first contact: {}", phase.name),
                from: phase.from,
                first: None,
            },
            until,
            hits: Hits::All,
        });
        let (auth0, stytch) = (&scenario.providers.auth0, &scenario.providers.stytch);
        let auth0 = faults("auth0", &auth0.faults, auth0::Endpoint::name, Hits::Auth0);
        let stytch = faults(
            "stytch",
            &stytch.faults,
            stytch::Endpoint::name,
            Hits::Stytch,
        );
        let mut faults: Vec<Mark> = auth0.chain(stytch).collect();
        faults.sort_by_key(|mark| mark.contact.from);
        Self {
            seconds: Vec::new(),
            marks: changes.chain(faults).collect(),
            end,
        }
    }

    /// A call was made. Calls come in order of time.
    pub(super) fn see(&mut self, dispatch: &Dispatch, answer: &ProviderAnswer) {
        let at = dispatch.stamp.at;
        if at >= self.end {
            return;
        }
        let migrates = matches!(
            dispatch.call,
            ProviderCall::Stytch(stytch::Call::Migrate { .. })
        );
        let second = self.second(at.whole_second());
        second.calls += 1;
        second.logins += u32::from(begins_login(&dispatch.call));
        second.migrations += u32::from(migrates);
        // A refusal without any time was given before Stytch asked anybody.
        let asks_userinfo = migrates && answer.took() > Span::ZERO;
        for mark in &mut self.marks {
            let acts = mark.contact.first.is_none() && mark.contact.from <= at && at < mark.until;
            if acts && mark.hits.holds(&dispatch.call, asks_userinfo) {
                mark.contact.first = Some(at);
            }
        }
    }

    /// What was seen: seconds in order of time, and changes; steps first, then faults.
    pub(super) fn finish(self) -> (Vec<Second>, Vec<Contact>) {
        let contacts = self.marks.into_iter().map(|mark| mark.contact);
        (self.seconds, contacts.collect())
    }

    fn second(&mut self, at: Timestamp) -> &mut Second {
        if self.seconds.last().is_none_or(|last| last.at < at) {
            self.seconds.push(Second {
                at,
                calls: 0,
                logins: 0,
                migrations: 0,
            });
        }
        self.seconds
            .last_mut()
            .expect("there is one at least: it was pushed if there was none")
    }
}

/// Whether a person begins to log in with this call.
const fn begins_login(call: &ProviderCall) -> bool {
    match call {
        ProviderCall::Auth0(call) => matches!(
            call,
            auth0::Call::Authorize { silent: false, .. } | auth0::Call::PasswordGrant { .. }
        ),
        ProviderCall::Stytch(call) => matches!(
            call,
            stytch::Call::Password { .. }
                | stytch::Call::SendMagicLink { .. }
                | stytch::Call::StartOAuth { .. }
                | stytch::Call::SignUp { .. }
                | stytch::Call::ResetPassword { .. }
        ),
    }
}

fn faults<E: Copy + PartialEq>(
    provider: &'static str,
    plan: &FaultPlan<E>,
    name: fn(E) -> &'static str,
    hits: fn(Option<E>) -> Hits,
) -> impl Iterator<Item = Mark> {
    plan.faults().iter().map(move |fault| Mark {
        contact: Contact {
            kind: Kind::Fault,
            name: format!(
                "fault: {} {}",
                fault.endpoint.map_or(provider, name),
                what(fault.kind)
            ),
            from: fault.from,
            first: None,
        },
        until: fault.until,
        hits: hits(fault.endpoint),
    })
}

/// The kind as scenarios name it.
const fn what(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Outage => "outage",
        FaultKind::Status(_) => "status",
        FaultKind::ThrottledAs500 => "throttled-as-500",
        FaultKind::Slow(_) => "slow",
        FaultKind::Dropped => "dropped",
        FaultKind::Truncated => "truncated",
        FaultKind::Malformed => "malformed",
        FaultKind::Html(_) => "html",
        FaultKind::Limit(_) => "limit",
    }
}
