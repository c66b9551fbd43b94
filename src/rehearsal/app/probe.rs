//! Probes: credentials that must open nothing, shown to the application beside a visit.
//!
//! They are made of what the visit's device holds, and only looked at: nothing waits for them, no
//! provider hears of them, and no person's dice or limits feel them.

use super::ruling::{Case, Past, Ruling};
use crate::dice::Stream;
use crate::recorder::{IncidentKind, Measure, WrongAdmission};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::contract::{Attack, CLOCK_LEEWAY, Verified, Verifier};
use crate::rehearsal::jar::Jar;
use cutover_mocks::auth0::AccessToken;
use cutover_mocks::keys::KeySet;
use cutover_mocks::stytch::SessionJwt;
use cutover_mocks::time::{Span, Timestamp};

/// A verifier to which every token comes altered in one way.
struct Attacked<'v, V> {
    verifier: &'v mut V,
    attack: Attack,
}

impl<V: Verifier> Verifier for Attacked<'_, V> {
    fn access_token(&mut self, token: &AccessToken, keys: &KeySet, now: Timestamp) -> Verified {
        let attack = self.attack;
        self.verifier
            .attacked_access_token(token, attack, keys, now)
    }

    fn session_jwt(&mut self, jwt: &SessionJwt, keys: &KeySet, now: Timestamp) -> Verified {
        let attack = self.attack;
        self.verifier.attacked_session_jwt(jwt, attack, keys, now)
    }

    fn attacked_access_token(
        &mut self,
        token: &AccessToken,
        attack: Attack,
        keys: &KeySet,
        now: Timestamp,
    ) -> Verified {
        self.verifier
            .attacked_access_token(token, attack, keys, now)
    }

    fn attacked_session_jwt(
        &mut self,
        jwt: &SessionJwt,
        attack: Attack,
        keys: &KeySet,
        now: Timestamp,
    ) -> Verified {
        self.verifier.attacked_session_jwt(jwt, attack, keys, now)
    }
}

impl<V: Verifier> Rehearsal<'_, V> {
    /// Probes the application beside a visit that begins, if it is this one's turn.
    pub(in crate::rehearsal) fn probe(&mut self, visit: usize) {
        let state = &self.visits[visit];
        let (person, ordinal) = (state.person.0, u64::from(state.ordinal));
        let turn = self.dice.luck(Stream::Probe, person, ordinal);
        let jar = self.jar(visit);
        if !self.scenario.app.probes.falls(turn) || !jar.presents() {
            return;
        }
        let instance = self.balance(visit, 0);
        for attack in Attack::ALL {
            let case = self.case(visit, instance, &jar, Past::default(), self.now);
            let ruling = case.rule(&mut Attacked {
                verifier: &mut self.verifier,
                attack,
            });
            self.note_probe(visit, attack.is(), ruling);
        }
        if let Some(ended) = when_ended(&jar) {
            let case = self.case(visit, instance, &jar, Past::default(), self.now);
            let late = Case {
                now: self.now.max(ended),
                ..case
            };
            let ruling = late.rule(&mut self.verifier);
            self.note_probe(visit, WrongAdmission::Expired, ruling);
        }
    }

    fn note_probe(&mut self, visit: usize, kind: WrongAdmission, ruling: Ruling) {
        let admitted = match ruling {
            // Nothing was decided yet.
            Ruling::NeedKeys(_) => return,
            Ruling::Admit(_) => true,
            Ruling::Refuse(_) | Ruling::Ask(_) => false,
        };
        self.recorder.probed(kind, admitted);
        if admitted {
            self.count(Measure::WronglyAdmitted, visit);
            self.incident(visit, IncidentKind::WronglyAdmitted(kind));
        }
    }
}

/// A moment at which the credential of a jar has ended for every clock.
fn when_ended(jar: &Jar) -> Option<Timestamp> {
    let legacy = jar.legacy.map(|cookie| cookie.access.expires);
    let stytch = jar.stytch.map(|cookie| cookie.jwt.expires);
    Some(legacy.max(stytch)? + CLOCK_LEEWAY + Span::from_secs(1))
}
