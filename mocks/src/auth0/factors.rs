//! Second factors: who has which, and when one is asked for.

use std::collections::BTreeMap;

use super::call::UserId;
use super::organizations::letters;
use super::tenant::Tenant;
use crate::luck::Luck;
use crate::time::Timestamp;

/// When a second factor is asked for at a login (Auth0 docs, MFA policies).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MfaPolicy {
    /// From whoever has one. Auth0's own default, "never", asks nobody: but nobody has one then.
    #[default]
    IfEnrolled,
    /// From everybody: whoever has none gets one first.
    Always,
    /// From nobody.
    Never,
}

/// An authenticator app of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Authenticator {
    /// `totp|dev_…`.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// What its codes are made from (RFC 6238).
    pub secret: Vec<u8>,
    /// Whether it has shown a right code yet.
    pub confirmed: bool,
    /// When it was added.
    pub created: Timestamp,
    /// The last time step whose code was used: no code is good twice.
    pub used_step: Option<i64>,
}

/// A secret is not for logs.
impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator")
            .field("id", &self.id)
            .field("confirmed", &self.confirmed)
            .finish_non_exhaustive()
    }
}

/// What one person has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// The authenticator app.
    pub authenticator: Option<Authenticator>,
    /// The code that takes its place when it is lost; single use.
    pub recovery: Option<String>,
}

impl Factors {
    /// The authenticator, if it may be used.
    pub fn confirmed(&self) -> Option<&Authenticator> {
        self.authenticator.as_ref().filter(|known| known.confirmed)
    }
}

/// The second factors of all people.
#[derive(Clone, Debug, Default)]
pub struct AllFactors(BTreeMap<UserId, Factors>);

/// What a login owes after its first proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// Nothing.
    Nothing,
    /// A code of the authenticator, or the recovery code.
    Challenge,
    /// An authenticator that is not there yet.
    Enrolment,
}

impl AllFactors {
    /// A person's factors; none if there are none.
    pub fn get(&self, user: UserId) -> Option<&Factors> {
        self.0.get(&user)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, user: UserId) -> &mut Factors {
        self.0.entry(user).or_default()
    }

    /// Takes all factors from a person.
    pub fn forget(&mut self, user: UserId) {
        self.0.remove(&user);
    }

    /// Gives a person an authenticator that has yet to show a right code, and a recovery code;
    /// answers both. One that is confirmed stays as it is, and nothing is answered.
    pub fn enrol(
        &mut self,
        user: UserId,
        now: Timestamp,
        luck: Luck,
    ) -> Option<(Authenticator, String)> {
        let factors = self.get_mut(user);
        if factors.confirmed().is_some() {
            return None;
        }
        let secret = (0..20).map(|place| luck.split(place).0 as u8).collect();
        let authenticator = Authenticator {
            confirmed: false,
            ..confirmed(secret, None, now, luck)
        };
        let recovery = recovery_code(luck, 101);
        factors.authenticator = Some(authenticator.clone());
        factors.recovery = Some(recovery.clone());
        Some((authenticator, recovery))
    }

    /// Uses a time step's code, which was right: it must be newer than the last one used.
    pub fn use_step(&mut self, user: UserId, step: i64) -> bool {
        let Some(authenticator) = self
            .0
            .get_mut(&user)
            .and_then(|factors| factors.authenticator.as_mut())
        else {
            return false;
        };
        let fresh = authenticator.used_step.is_none_or(|used| step > used);
        if fresh {
            authenticator.used_step = Some(step);
            authenticator.confirmed = true;
        }
        fresh
    }

    /// Uses a recovery code; a new one takes its place, and is answered.
    pub fn use_recovery(&mut self, user: UserId, code: &str, luck: Luck) -> Option<String> {
        let factors = self.0.get_mut(&user)?;
        (factors.recovery.as_deref() == Some(code)).then_some(())?;
        let next = recovery_code(luck, 103);
        factors.recovery = Some(next.clone());
        Some(next)
    }

    /// Gives a person another recovery code; the one before is worth nothing.
    pub fn renew_recovery(&mut self, user: UserId, luck: Luck) -> String {
        let next = recovery_code(luck, 103);
        self.get_mut(user).recovery = Some(next.clone());
        next
    }

    /// Gives a person an authenticator that they have already, in the place of any other.
    pub fn bring(
        &mut self,
        user: UserId,
        secret: Vec<u8>,
        name: Option<String>,
        now: Timestamp,
        luck: Luck,
    ) -> Authenticator {
        let brought = confirmed(secret, name, now, luck);
        self.get_mut(user).authenticator = Some(brought.clone());
        brought
    }
}

fn confirmed(secret: Vec<u8>, name: Option<String>, now: Timestamp, luck: Luck) -> Authenticator {
    Authenticator {
        id: format!("totp|dev_{}", letters(luck.split(100).0)),
        name,
        secret,
        confirmed: true,
        created: now,
        used_step: None,
    }
}

/// 24 letters and digits.
fn recovery_code(luck: Luck, place: u64) -> String {
    let both = [luck.split(place).0, luck.split(place + 1).0].map(letters);
    both.concat().to_uppercase()[..24].to_owned()
}

impl Tenant {
    /// What the codes of a person's authenticator are made from: for whoever plays the person.
    pub fn authenticator_secret(&self, user: UserId) -> Option<Vec<u8>> {
        let known = self.factors.get(user)?.authenticator.as_ref()?;
        Some(known.secret.clone())
    }

    /// Sets when a second factor is asked for.
    pub fn set_mfa_policy(&mut self, policy: MfaPolicy) {
        self.settings.mfa = policy;
    }

    /// What a login owes after its first proof.
    pub fn owes(&self, user: UserId) -> Owed {
        let enrolled = self
            .factors
            .get(user)
            .is_some_and(|factors| factors.confirmed().is_some());
        match self.settings.mfa {
            MfaPolicy::IfEnrolled | MfaPolicy::Always if enrolled => Owed::Challenge,
            MfaPolicy::Always => Owed::Enrolment,
            MfaPolicy::IfEnrolled | MfaPolicy::Never => Owed::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_good_twice() {
        let mut all = AllFactors::default();
        let user = UserId(1);
        let (authenticator, recovery) = all.enrol(user, Timestamp::default(), Luck(7)).unwrap();
        assert!(!authenticator.confirmed);
        assert_eq!(recovery.len(), 24);
        assert!(all.use_step(user, 10) && !all.use_step(user, 10) && !all.use_step(user, 9));
        assert!(all.use_step(user, 11));
        assert!(
            all.enrol(user, Timestamp::default(), Luck(8)).is_none(),
            "a confirmed one stays"
        );
        let next = all.use_recovery(user, &recovery, Luck(9)).unwrap();
        assert_eq!(all.use_recovery(user, &recovery, Luck(9)), None);
        assert!(all.use_recovery(user, &next, Luck(10)).is_some());
    }
}
