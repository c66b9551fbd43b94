//! What clients can make a machine keep. Rehearsals know no bounds but time; whoever serves unknown
//! clients sets some.

/// How much of each kind a machine keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What passes by itself, of each kind: logins under way, codes, browsers' sessions, failed logins,
    /// mailed links, intermediate sessions. The oldest make room. Default 262,144.
    pub passing: usize,
    /// Live Stytch sessions that one person keeps at least: the oldest of whoever has more end. Default
    /// 5,000.
    pub sessions_of_one: u32,
    /// People at each provider, members of Stytch who were deleted among them: no more are made. Default
    /// 5,000,000.
    pub people: usize,
    /// Organizations that ever were: no more are made. Default 100,000 at Stytch; an Auth0 tenant has
    /// [`TENANT_RECORDS`].
    pub organizations: usize,
}

/// Applications, APIs, roles and organizations that an Auth0 tenant has at most, of each kind, and
/// invitations of one organization.
pub const TENANT_RECORDS: usize = 1_000;

impl Default for Bounds {
    fn default() -> Self {
        Self {
            passing: 1 << 18,
            sessions_of_one: 5_000,
            people: 5_000_000,
            organizations: 100_000,
        }
    }
}
