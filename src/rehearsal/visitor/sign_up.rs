//! Signing up, and keeping both sides in step about new people.

use cutover_mocks::auth0::{self, Connection};
use cutover_mocks::stytch;

use super::login::Step;
use crate::recorder::{Measure, Via};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::contract::{ProviderCall, Verifier};

impl<V: Verifier> Rehearsal<'_, V> {
    /// Whether the person of a visit has no account yet.
    pub(super) fn is_stranger(&self, visit: usize) -> bool {
        self.strangers.contains(&self.visits[visit].person)
    }

    /// The person of a visit has an account after all: the answer to an earlier sign-up was lost, or
    /// they signed up in another window.
    pub(super) fn has_account(&mut self, visit: usize) {
        self.strangers.remove(&self.visits[visit].person);
    }

    /// The person of a visit has signed up.
    pub(super) fn signed_up(&mut self, visit: usize, via: Via) {
        self.count(Measure::SignUps, visit);
        self.has_account(visit);
        self.mirror_sign_up(visit, via);
    }

    pub(super) fn begin_sign_up(&mut self, visit: usize, via: Via) {
        let state = &self.visits[visit];
        let email = state
            .person
            .legacy_email(self.population.person(state.person));
        let (org, duration) = (
            self.organization(visit),
            Some(self.scenario.app.session_duration),
        );
        let call = match via {
            Via::Auth0 => ProviderCall::Auth0(auth0::Call::SignUp { email }),
            Via::Stytch => ProviderCall::Stytch(stytch::Call::SignUp {
                email,
                org,
                duration,
            }),
        };
        self.type_login(
            visit,
            self.scenario.population.reaction.login_time,
            Step::SignUp,
            call,
        );
    }

    /// An application that keeps both sides in step creates each new person on the other side too.
    fn mirror_sign_up(&mut self, visit: usize, signed_up_at: Via) {
        if !self.scenario.app.mirror_signups || self.plan.is_none() {
            return;
        }
        let state = &self.visits[visit];
        let email = state
            .person
            .legacy_email(self.population.person(state.person));
        let call = match signed_up_at {
            Via::Stytch => ProviderCall::Auth0(auth0::Call::CreateUser {
                email,
                connection: Connection::Database,
                verified: true,
            }),
            Via::Auth0 => ProviderCall::Stytch(stytch::Call::CreateUser {
                email,
                org: self.organization(visit),
            }),
        };
        self.send_errand(visit, call);
    }
}
