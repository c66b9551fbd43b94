//! What a call brings along besides itself: a session to join, a verifier, whom it is for.

use super::call::{IntermediateToken, SessionToken, UserId};
use super::org_rules::Method;

/// A telephone number as a handle; only codecs see digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(pub u32);

/// A social provider, as a codec numbers them: the first five are those that an organization's
/// settings name (Google, Microsoft, GitHub, Slack, `HubSpot`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provider(pub u8);

impl Provider {
    /// How an organization's settings call it.
    pub(super) const fn method(self) -> Option<Method> {
        match self.0 {
            0 => Some(Method::GoogleOauth),
            1 => Some(Method::MicrosoftOauth),
            2 => Some(Method::GithubOauth),
            3 => Some(Method::SlackOauth),
            4 => Some(Method::HubspotOauth),
            _ => None,
        }
    }
}

/// An SSO connection of an organization, as a codec numbers them (B2B).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection(pub u32);

/// How the other half of a code challenge (RFC 7636) turned out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verifier {
    /// None was sent.
    #[default]
    Absent,
    /// The one that fits the challenge, or one that there was no challenge for.
    Right,
    /// One that does not fit.
    Wrong,
}

/// Circumstances of a call. The default are those of a rehearsal's calls: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct With {
    /// The session that a login adds its factor to.
    pub session: Option<SessionToken>,
    /// The intermediate session whose factors count as well (B2B).
    pub intermediate: Option<IntermediateToken>,
    /// The code verifier of a login.
    pub verifier: Verifier,
    /// Whether the token that this call issues needs a verifier.
    pub challenged: bool,
    /// Whose new address or number this is, where the request says it.
    pub user: Option<UserId>,
    /// Whether people that this call creates stay pending until they log in.
    pub pending: bool,
    /// Whether the address's domain is among the organization's `email_allowed_domains` (B2B).
    pub listed_domain: bool,
    /// The social provider that consented.
    pub provider: Option<Provider>,
}
