//! How the tenant was told to be protected: what is switched off keeps its numbers, of which the machine
//! then knows nothing.

use crate::auth0::{Settings, Tenant};
use crate::limit::Rate;

/// The shield without which nothing is refused.
const BLOCK: &str = "block";

/// Whether a protection is on, and what it does.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    pub(super) enabled: bool,
    pub(super) shields: Vec<String>,
}

impl Switch {
    fn blocks(&self) -> bool {
        self.enabled && self.shields.iter().any(|it| it == BLOCK)
    }
}

/// `brute-force-protection`.
#[derive(Clone, Debug)]
pub(super) struct BruteForce {
    pub(super) switch: Switch,
    /// Failures in a row until a block.
    pub(super) attempts: u32,
}

/// `suspicious-ip-throttling`.
#[derive(Clone, Debug)]
pub(super) struct Suspicious {
    pub(super) switch: Switch,
    /// Failed logins of one address; none: without a limit.
    pub(super) logins: Option<Rate>,
    /// Sign-ups of one address; none: without a limit.
    pub(super) sign_ups: Option<Rate>,
}

/// All that is told of protection.
#[derive(Clone, Debug)]
pub(super) struct Shields {
    pub(super) brute_force: BruteForce,
    pub(super) suspicious: Suspicious,
}

impl Shields {
    /// Shields of brute force (Management API schema).
    pub(super) const BRUTE_FORCE: [&str; 2] = [BLOCK, "user_notification"];
    /// Shields against suspicious addresses (same).
    pub(super) const SUSPICIOUS: [&str; 2] = ["admin_notification", BLOCK];

    /// Those of a tenant that was never told otherwise; what is off has the usual numbers.
    pub(super) fn of(settings: &Settings) -> Self {
        let usual = Settings::default();
        let attempts = settings.brute_force_attempts;
        let stages = (settings.suspicious_ip, settings.suspicious_signups);
        let throttles = stages.0.is_some() || stages.1.is_some();
        let (logins, sign_ups) = if throttles {
            stages
        } else {
            (usual.suspicious_ip, usual.suspicious_signups)
        };
        let switch = |enabled: bool, shields: [&str; 2]| Switch {
            enabled,
            shields: shields.map(str::to_owned).to_vec(),
        };
        Self {
            brute_force: BruteForce {
                switch: switch(attempts.is_some(), Self::BRUTE_FORCE),
                attempts: attempts.or(usual.brute_force_attempts).unwrap_or(10),
            },
            suspicious: Suspicious {
                switch: switch(throttles, Self::SUSPICIOUS),
                logins,
                sign_ups,
            },
        }
    }

    /// Has the machine do as is told here.
    pub(super) fn apply(&self, tenant: &mut Tenant) {
        let (brute, suspicious) = (&self.brute_force, &self.suspicious);
        let attempts = brute.switch.blocks().then_some(brute.attempts);
        let throttles = suspicious.switch.blocks();
        let [logins, sign_ups] =
            [suspicious.logins, suspicious.sign_ups].map(|stage| stage.filter(|_| throttles));
        tenant.set_protection(attempts, logins, sign_ups);
    }
}
