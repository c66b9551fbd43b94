//! What passes between the protocol core and whoever drives it.

use cutover_mocks::auth0::{self, Stamp};
use cutover_mocks::keys::KeySet;
use cutover_mocks::stytch;
use cutover_mocks::time::{Span, Timestamp};

use crate::population::PersonId;
use crate::recorder::{Via, WrongAdmission};

/// A call under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// A call to one of the providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderCall {
    /// To the legacy provider.
    Auth0(auth0::Call),
    /// To the new one.
    Stytch(stytch::Call),
}

impl ProviderCall {
    /// Which provider it goes to.
    pub const fn provider(&self) -> Via {
        match self {
            Self::Auth0(_) => Via::Auth0,
            Self::Stytch(_) => Via::Stytch,
        }
    }

    /// Whether a person's browser makes it, and not the application.
    pub const fn is_from_browser(&self) -> bool {
        match self {
            Self::Auth0(call) => matches!(
                call,
                auth0::Call::Authorize { .. }
                    | auth0::Call::SubmitLogin { .. }
                    | auth0::Call::Logout { .. }
            ),
            Self::Stytch(call) => matches!(call, stytch::Call::StartOAuth { .. }),
        }
    }
}

/// A provider's answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ProviderAnswer {
    /// From the legacy provider.
    Auth0(auth0::Answer),
    /// From the new one.
    Stytch(stytch::Answer),
}

impl ProviderAnswer {
    /// The modelled service time.
    pub const fn took(&self) -> Span {
        match self {
            Self::Auth0(answer) => answer.took,
            Self::Stytch(answer) => answer.took,
        }
    }
}

/// A call that the core asks its driver to make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dispatch {
    /// Names the call when its answer comes.
    pub id: CallId,
    /// On whose behalf it is made.
    pub owner: Owner,
    /// When it reaches the provider, with which luck, from which address.
    pub stamp: Stamp,
    /// The caller gives up after this long.
    pub patience: Span,
    /// What is asked.
    pub call: ProviderCall,
}

/// On whose behalf a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A person: their history waits for the answer.
    Person(PersonId),
    /// An instance of the application, for itself: key sets.
    Instance(u16),
}

/// What a driver tells the core of a call's end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// An answer came. If it came later than the caller's patience, the core takes it as none.
    Answered(ProviderAnswer),
    /// None came within the caller's patience.
    TimedOut,
}

/// Verifies tokens as an instance of the application would. In virtual time the claims are looked
/// at; over HTTP the token's text is really verified against the published keys.
pub trait Verifier {
    /// Verifies a legacy access token for the application's own API.
    fn access_token(
        &mut self,
        token: &auth0::AccessToken,
        keys: &KeySet,
        now: Timestamp,
    ) -> Verified;
    /// Verifies a Stytch session JWT.
    fn session_jwt(&mut self, jwt: &stytch::SessionJwt, keys: &KeySet, now: Timestamp) -> Verified;
    /// Verifies a legacy access token that was altered.
    fn attacked_access_token(
        &mut self,
        token: &auth0::AccessToken,
        attack: Attack,
        keys: &KeySet,
        now: Timestamp,
    ) -> Verified;
    /// Verifies a Stytch session JWT that was altered.
    fn attacked_session_jwt(
        &mut self,
        jwt: &stytch::SessionJwt,
        attack: Attack,
        keys: &KeySet,
        now: Timestamp,
    ) -> Verified;
}

/// How a token was altered that must open nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attack {
    /// Its signature belongs to another text.
    Signature,
    /// Its header says that it needs no signature, and it has none.
    NoAlgorithm,
    /// Its header names a key that nobody published.
    UnknownKey,
    /// It is genuine, for another tenant or project.
    OtherTenant,
}

impl Attack {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [
        Self::Signature,
        Self::NoAlgorithm,
        Self::UnknownKey,
        Self::OtherTenant,
    ];

    /// What it would be to let it in.
    pub const fn is(self) -> WrongAdmission {
        match self {
            Self::Signature | Self::NoAlgorithm | Self::UnknownKey => WrongAdmission::Forged,
            Self::OtherTenant => WrongAdmission::AnotherTenant,
        }
    }

    /// What a verifier has to say, where the token itself was signed with a known key or not.
    const fn must_be(self, known: bool) -> Verified {
        match self {
            Self::UnknownKey => Verified::UnknownKey,
            _ if !known => Verified::UnknownKey,
            Self::Signature | Self::NoAlgorithm | Self::OtherTenant => Verified::Invalid,
        }
    }
}

/// What verification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verified {
    /// Signature and claims hold.
    Valid,
    /// The token has ended.
    Expired,
    /// The token is not valid yet: its issuer's clock is ahead.
    NotYetValid,
    /// No published key has its key id.
    UnknownKey,
    /// The signature does not hold, or issuer or audience are not ours.
    Invalid,
}

/// Verifies by claims alone: a machine's own tokens are never forged.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClaimsVerifier;

impl Verifier for ClaimsVerifier {
    fn access_token(
        &mut self,
        token: &auth0::AccessToken,
        keys: &KeySet,
        now: Timestamp,
    ) -> Verified {
        if token.audience.api {
            by_claims(keys.holds(token.key), token.issued, token.expires, now)
        } else {
            Verified::Invalid
        }
    }

    fn session_jwt(&mut self, jwt: &stytch::SessionJwt, keys: &KeySet, now: Timestamp) -> Verified {
        by_claims(keys.holds(jwt.key), jwt.issued, jwt.expires, now)
    }

    // Claims alone cannot be altered: here it is only what follows from the verdict that is tried.
    fn attacked_access_token(
        &mut self,
        token: &auth0::AccessToken,
        attack: Attack,
        keys: &KeySet,
        _now: Timestamp,
    ) -> Verified {
        attack.must_be(keys.holds(token.key))
    }

    fn attacked_session_jwt(
        &mut self,
        jwt: &stytch::SessionJwt,
        attack: Attack,
        keys: &KeySet,
        _now: Timestamp,
    ) -> Verified {
        attack.must_be(keys.holds(jwt.key))
    }
}

/// Leeway for clocks that differ: 5 s, a common setting of verifiers.
pub const CLOCK_LEEWAY: Span = Span::from_secs(5);

fn by_claims(known: bool, issued: Timestamp, expires: Timestamp, now: Timestamp) -> Verified {
    if !known {
        Verified::UnknownKey
    } else if now >= expires + CLOCK_LEEWAY {
        Verified::Expired
    } else if now + CLOCK_LEEWAY < issued {
        Verified::NotYetValid
    } else {
        Verified::Valid
    }
}
