//! Calls to providers: how they go out, and whom their answers concern.

use cutover_mocks::auth0::{self, Address, Stamp};
use cutover_mocks::luck::Luck;
use cutover_mocks::stytch;
use cutover_mocks::time::{Span, Timestamp};

use super::agenda::Whose;
use super::app::outcome;
use super::contract::{CallId, Dispatch, Owner, ProviderCall, Seen, Verifier};
use super::{APP_ADDRESS, Rehearsal};
use crate::dice::Stream;
use crate::recorder::{Measure, NO_ANSWER, Operation, Via};

/// A call under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingCall {
    pub(super) whose: Whose,
    pub(super) sent: Timestamp,
    pub(super) patience: Span,
    purpose: Purpose,
    call: ProviderCall,
    /// What came of it, until its caller hears of it.
    pub(super) seen: Option<Seen>,
}

/// Whom a call's answer concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A request in the middleware.
    Flow(usize),
    /// A login.
    Login(usize),
    /// An instance's keys.
    Keys(u16, Via),
    /// Nobody waits for it: a revocation, a mirrored record.
    Errand,
}

/// What a visit's calls are for: their luck hangs on it, so that one strategy's extra calls do not
/// shift the luck of those that both make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum CallKind {
    Refresh = 1,
    Migrate = 2,
    Renew = 3,
    Create = 4,
    Login = 5,
    LogOut = 6,
}

impl<V: Verifier> Rehearsal<'_, V> {
    /// Sends a call on behalf of a visit; `nth` numbers the calls of its kind within the visit.
    pub(super) fn send_for_visit(
        &mut self,
        visit: usize,
        (kind, nth): (CallKind, u16),
        purpose: Purpose,
        call: ProviderCall,
    ) {
        let state = &self.visits[visit];
        let person = state.person;
        let place = u64::from(state.ordinal) << 24 | (kind as u64) << 16 | u64::from(nth);
        let luck = self.dice.luck(Stream::Call, person.0, place);
        let address = if call.is_from_browser() {
            Address(state.shape.address)
        } else {
            APP_ADDRESS
        };
        self.send(Owner::Person(person), luck, address, purpose, call);
    }

    /// Sends a call for an instance's keys.
    pub(super) fn send_for_keys(&mut self, instance: u16, via: Via) {
        let fetches = &mut self.instances[usize::from(instance)].fetches;
        *fetches += 1;
        let luck = self
            .dice
            .luck(Stream::Instance, u32::from(instance), *fetches);
        let call = match via {
            Via::Auth0 => ProviderCall::Auth0(auth0::Call::Jwks),
            Via::Stytch => ProviderCall::Stytch(stytch::Call::Jwks),
        };
        self.send(
            Owner::Instance(instance),
            luck,
            APP_ADDRESS,
            Purpose::Keys(instance, via),
            call,
        );
    }

    fn send(
        &mut self,
        owner: Owner,
        luck: Luck,
        address: Address,
        purpose: Purpose,
        call: ProviderCall,
    ) {
        let patience = self.scenario.app.timeout;
        let whose = match owner {
            Owner::Person(person) => Whose(person.0),
            Owner::Instance(instance) => Whose(u32::MAX - u32::from(instance)),
        };
        let id = self.pending.insert(PendingCall {
            whose,
            sent: self.now,
            patience,
            purpose,
            call,
            seen: None,
        });
        self.agenda.hold(whose);
        match call {
            ProviderCall::Auth0(call) => self.recorder.auth0_sent(call.endpoint(), self.now),
            ProviderCall::Stytch(call) => self.recorder.stytch_sent(call.endpoint(), self.now),
        }
        self.progress.calls += 1;
        let stamp = Stamp {
            at: self.now,
            luck,
            address,
        };
        self.out.push(Dispatch {
            id: CallId(id as u32),
            owner,
            stamp,
            patience,
            call,
        });
    }

    /// An answer has reached its caller.
    pub(super) fn take_answer(&mut self, id: CallId) {
        let call = self.pending.remove(id.0 as usize);
        let seen = call.seen.unwrap_or(Seen::TimedOut);
        let status = outcome::status(&seen);
        let took = self.now - call.sent;
        if matches!(status, NO_ANSWER | 429 | 500..) {
            self.recorder.turned_away(self.now, status);
        }
        match call.call {
            ProviderCall::Auth0(asked) => {
                self.recorder.auth0_call(asked.endpoint(), status);
                if let auth0::Call::Refresh { .. } = asked {
                    self.recorder
                        .took(Operation::Refresh, self.now, took, self.pace);
                }
            }
            ProviderCall::Stytch(asked) => {
                self.recorder.stytch_call(asked.endpoint(), status);
                match asked {
                    stytch::Call::Migrate { .. } => {
                        self.recorder
                            .took(Operation::Migrate, self.now, took, self.pace);
                    }
                    stytch::Call::Authenticate { .. } => {
                        self.recorder
                            .took(Operation::Authenticate, self.now, took, self.pace);
                    }
                    _ => {}
                }
            }
        }
        match call.purpose {
            Purpose::Flow(flow) => self.flow_answered(flow, call.call, seen),
            Purpose::Login(visit) => {
                self.visits[visit].login_spent(took);
                self.login_answered(visit, seen);
            }
            Purpose::Keys(instance, via) => self.keys_answered(instance, via, seen),
            Purpose::Errand => {}
        }
    }

    /// A person's counter of calls of a kind within a visit.
    pub(super) fn nth(&mut self, visit: usize, kind: CallKind) -> (CallKind, u16) {
        let count = &mut self.visits[visit].calls[kind as usize - 1];
        *count += 1;
        (kind, *count)
    }

    /// Sends a call that nobody waits for.
    pub(super) fn send_errand(&mut self, visit: usize, call: ProviderCall) {
        let place = self.nth(visit, CallKind::LogOut);
        self.count(Measure::LogicalCalls, visit);
        self.send_for_visit(visit, place, Purpose::Errand, call);
    }
}
