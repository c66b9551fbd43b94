//! What is done: the strategy, its times, and a rollback.

use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

/// The cutover.
#[derive(Clone, Debug, PartialEq)]
pub struct Cutover {
    /// The strategy.
    pub strategy: Strategy,
    /// Going back, if the scenario does.
    pub rollback: Option<Rollback>,
}

/// A strategy and its times, counted from the start of the rehearsal.
#[derive(Clone, Debug, PartialEq)]
pub enum Strategy {
    /// Nothing changes: the baseline that the others are measured against.
    None,
    /// From `at` only Stytch sessions are honoured.
    AllAtOnce {
        /// When.
        at: Span,
    },
    /// A feature flag moves a growing share; those it has reached need a Stytch session.
    Rolling(Rolling),
    /// Both sessions are honoured and legacy ones are migrated.
    ZeroDowntime {
        /// From when.
        from: Span,
        /// From when legacy sessions are no longer honoured; never within the rehearsal when absent.
        until: Option<Span>,
    },
}

/// A rolling deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Rolling {
    /// The flag's share over time: ascending in time and in share.
    pub steps: Vec<Step>,
    /// Whether the share grows evenly between steps instead of jumping at each.
    pub ramp: bool,
    /// What the flag is keyed by.
    pub key: FlagKey,
    /// Whether a device remembers in a cookie which login it belongs to once it was moved.
    pub sticky: bool,
    /// Whether legacy sessions of those the flag has reached are migrated instead of refused.
    pub migrate: bool,
    /// From when legacy sessions are no longer honoured for anyone.
    pub legacy_until: Option<Span>,
    /// Which share of app instances evaluates the flag with another, disagreeing algorithm.
    pub skewed_evaluators: Share,
}

/// A step of the flag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// From when.
    pub at: Span,
    /// The share of keys for which the flag is on.
    pub share: Share,
}

/// What a feature flag is keyed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagKey {
    /// The person, once known; before login the device's anonymous cookie.
    User,
    /// The device's cookie.
    Cookie,
    /// The network address.
    Address,
    /// The region.
    Geography,
    /// The organization (B2B with organization-specific login).
    Organization,
}

/// Going back to the legacy provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// When.
    pub at: Span,
    /// What the application then does with Stytch sessions.
    pub stytch_sessions: StytchSessions,
}

/// What becomes of Stytch sessions after a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StytchSessions {
    /// They are refused.
    Refuse,
    /// They are honoured until they end.
    Honour,
}
