//! The calls that an Auth0 tenant answers, its answers, and the tokens that travel in them.
//!
//! Everything is small and `Copy`: ids and claims instead of text. A codec turns an [`AccessToken`]
//! into a signed JWT and back, a [`RefreshToken`] into an opaque string and back.

use crate::email::Email;
use crate::keys::{KeyId, KeySet};
use crate::time::Timestamp;

/// A user of the tenant: one identity, e.g. `auth0|…` or `google-oauth2|…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub u32);

/// The moment and the circumstances of a call: all that a machine knows of the outside world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When the call reaches the provider.
    pub at: Timestamp,
    /// The call's luck.
    pub luck: crate::luck::Luck,
    /// The network address that the provider sees as the client's.
    pub address: Address,
}

/// A network address, as a handle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u32);

/// Where a user's identity and proof come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Connection {
    /// The database connection `Username-Password-Authentication`: ids `auth0|…`.
    Database,
    /// Passwordless e-mail: ids `email|…`.
    Email,
    /// Google: ids `google-oauth2|…`.
    Google,
    /// Passwordless text message: ids `sms|…`; the address is a phone number.
    Sms,
}

impl Connection {
    /// All connections, in order.
    pub const ALL: [Self; 4] = [Self::Database, Self::Email, Self::Google, Self::Sms];

    /// Whether whoever proves to own the address becomes a user if there was none.
    pub const fn makes_users(self) -> bool {
        match self {
            Self::Database => false,
            Self::Email | Self::Google | Self::Sms => true,
        }
    }
}

/// Scopes of an access token, as far as they matter to a migration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of independent flags, as on the wire"
)]
pub struct Scopes {
    /// `openid`: without it `UserInfo` answers 200 with an empty object.
    pub openid: bool,
    /// `profile`.
    pub profile: bool,
    /// `email`: without it `UserInfo` tells no address.
    pub email: bool,
    /// `offline_access`: asks for a refresh token.
    pub offline: bool,
}

/// What an access token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Audience {
    /// The application's own API.
    pub api: bool,
    /// The tenant's `UserInfo` endpoint.
    pub userinfo: bool,
}

/// The claims of an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccessToken {
    /// Whose it is.
    pub subject: UserId,
    /// `iat`; whole seconds.
    pub issued: Timestamp,
    /// `exp`; whole seconds.
    pub expires: Timestamp,
    /// `scope`.
    pub scopes: Scopes,
    /// `aud`.
    pub audience: Audience,
    /// The key that signed it.
    pub key: KeyId,
    /// A client's handle for the text of this token; 0 inside a provider, which never looks at it.
    pub handle: u32,
}

/// A refresh token: a place in a family (RFC 9700, section 4.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefreshToken {
    /// The family: one login on one device.
    pub family: u32,
    /// How many rotations made it; the family's newest is the only live one, but for the leeway.
    pub generation: u32,
}

/// The tokens of a successful exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The access token.
    pub access: AccessToken,
    /// Present at a first exchange with `offline_access`, and at a refresh that rotates.
    pub refresh: Option<RefreshToken>,
}

/// A login that has begun at `/authorize` and awaits its proof on the login page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transaction(pub u32);

/// An authorization code: single use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code(pub u32);

/// The tenant's single-sign-on session, carried in the browser's `auth0` cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SsoSession(pub u32);

/// A PKCE challenge: the SHA-256 of the verifier (RFC 7636, S256).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Challenge(pub [u8; 32]);

/// What a person types on a login page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The right password: machines in simulation know no text, only whether it is right.
    RightPassword,
    /// A wrong password.
    WrongPassword,
    /// The code that was mailed to them.
    RightCode,
    /// Some other code.
    WrongCode,
}

/// A call to the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `GET /authorize`: begins a login. Social connections consent at once and answer with a code;
    /// so does a live single-sign-on session.
    Authorize {
        /// `connection`.
        connection: Connection,
        /// `login_hint`; for a social connection it says who consents.
        hint: Option<Email>,
        /// `prompt=none`: answer with a code or with `login_required`, never with a page.
        silent: bool,
        /// `scope`.
        scopes: Scopes,
        /// `audience` names the application's API.
        api: bool,
        /// `code_challenge`.
        challenge: Option<Challenge>,
        /// The `auth0` cookie.
        sso: Option<SsoSession>,
    },
    /// `POST /u/login`: the login page is submitted.
    SubmitLogin {
        /// The login that it belongs to.
        transaction: Transaction,
        /// Who says to be there.
        email: Email,
        /// What they typed.
        proof: Proof,
    },
    /// `POST /oauth/token` with `authorization_code`.
    ExchangeCode {
        /// The code.
        code: Code,
        /// SHA-256 of the `code_verifier`.
        verifier: Option<Challenge>,
    },
    /// `POST /oauth/token` with `refresh_token`.
    Refresh {
        /// The refresh token.
        token: RefreshToken,
    },
    /// `GET /userinfo`.
    UserInfo {
        /// The bearer token, its signature already checked.
        token: AccessToken,
    },
    /// `GET /.well-known/jwks.json`.
    Jwks,
    /// `POST /oauth/revoke`.
    Revoke {
        /// The refresh token.
        token: RefreshToken,
    },
    /// `GET /v2/logout`: ends the single-sign-on session, not the tokens.
    Logout {
        /// The `auth0` cookie.
        sso: Option<SsoSession>,
    },
    /// `POST /dbconnections/signup`.
    SignUp {
        /// The new user's address.
        email: Email,
    },
    /// `POST /dbconnections/change_password`: mails a link; the person then sets a new password.
    ChangePassword {
        /// Whose.
        email: Email,
    },
    /// `POST /api/v2/users`: what an application calls to mirror a Stytch sign-up.
    CreateUser {
        /// The new user's address.
        email: Email,
        /// The connection it is made in.
        connection: Connection,
        /// Whether the address counts as verified.
        verified: bool,
    },
    /// Other calls of the Management API.
    Manage(Manage),
    /// `POST /oauth/token` with `password`: a login without a browser.
    PasswordGrant {
        /// Who.
        email: Email,
        /// What they typed.
        proof: Proof,
        /// `scope`.
        scopes: Scopes,
        /// `audience` names the application's API.
        api: bool,
    },
    /// `POST /oauth/token` with `client_credentials`: a token without a person, for the Management API.
    ClientCredentials,
    /// Discovery, a login page to look at, and whatever else depends on no state.
    Other,
    /// A request that a codec could not read, or whose client it does not know: refused with this
    /// status, but limited, broken and counted as any other.
    Unreadable {
        /// Where it arrived.
        endpoint: Endpoint,
        /// The status it is refused with.
        status: u16,
    },
}

/// Calls of the Management API on records that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manage {
    /// `GET /api/v2/users/{id}`.
    Read(UserId),
    /// `GET /api/v2/users-by-email`: the match is case-sensitive.
    Find(Email),
    /// `PATCH /api/v2/users/{id}`.
    Update(UserId, Change),
    /// `DELETE /api/v2/users/{id}`.
    Delete(UserId),
}

/// What an update changes; the rest stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// `blocked`.
    pub blocked: Option<bool>,
    /// `email_verified`.
    pub verified: Option<bool>,
    /// `email`.
    pub email: Option<Email>,
    /// Whether `password` is set; its text is the codec's.
    pub password: bool,
}

/// A successful answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A login page awaits its proof.
    LoginPage(Transaction),
    /// A redirect to the application with a code.
    Code {
        /// The code.
        code: Code,
        /// The browser's new or continued single-sign-on session.
        sso: SsoSession,
    },
    /// Tokens.
    Tokens(Tokens),
    /// Claims of the person; without `openid` there are none at all.
    UserInfo(UserInfo),
    /// The published keys.
    Keys(KeySet),
    /// A user was created.
    Created(UserId),
    /// Nothing to tell.
    Done,
}

/// What `UserInfo` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserInfo {
    /// `sub`; absent without `openid`.
    pub subject: Option<UserId>,
    /// `email`; absent without the `email` scope.
    pub email: Option<Email>,
    /// `email_verified`.
    pub verified: bool,
}

/// Why the tenant says no. The codec knows each one's status, body shape and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Error {
    /// `prompt=none` and no session.
    LoginRequired,
    /// The login transaction is unknown, used or older than an hour.
    InvalidTransaction,
    /// `invalid_grant`, "Wrong email or password.": wrong password and unknown user alike.
    WrongPassword,
    /// A wrong or stale mailed code.
    WrongCode,
    /// "user is blocked".
    Blocked,
    /// `invalid_grant`, "Invalid authorization code".
    InvalidCode,
    /// `invalid_grant`, the PKCE verifier does not fit.
    InvalidVerifier,
    /// `invalid_grant`, "Unknown or invalid refresh token."; also what a reused one is told.
    InvalidRefreshToken,
    /// `UserInfo`: the token is not one it accepts, or has expired.
    InvalidToken,
    /// A rate limit of the tenant or of an endpoint.
    RateLimited,
    /// The same, told as HTTP 500.
    RateLimitedAs500,
    /// `UserInfo`: this user's own bucket is empty.
    UserRateLimited,
    /// Brute-force protection: too many failures for this user from this address.
    TooManyAttempts,
    /// Suspicious-IP throttling: too many failures from this address.
    SuspiciousAddress,
    /// Sign-up: the address is taken.
    UserExists,
    /// Management API: nobody has this id.
    UserNotFound,
    /// The tenant has as many users as it may ([`Bounds`](crate::bounds::Bounds)).
    TooManyUsers,
    /// An error that a fault injected.
    Injected(u16),
    /// An answer that a client could not tell apart further.
    Other,
}

impl Error {
    /// The HTTP status that tells this error at an endpoint. A redirect back to the application
    /// with an `error` counts as 302.
    pub const fn status(self, endpoint: Endpoint) -> u16 {
        match (self, endpoint) {
            (Self::LoginRequired, _) | (Self::Blocked, Endpoint::Authorize | Endpoint::Login) => {
                302
            }
            (Self::UserExists, Endpoint::Management) => 409,
            (Self::InvalidTransaction | Self::UserExists | Self::Other, _)
            | (Self::WrongPassword | Self::WrongCode, Endpoint::Login) => 400,
            (Self::InvalidToken, _) => 401,
            (Self::UserNotFound, _) => 404,
            (
                Self::RateLimited
                | Self::UserRateLimited
                | Self::TooManyAttempts
                | Self::SuspiciousAddress,
                _,
            ) => 429,
            (Self::RateLimitedAs500, _) => 500,
            (Self::Injected(status), _) => status,
            (_, _) => 403,
        }
    }
}

/// An answer of the tenant.
pub type Answer = crate::answer::Answer<Reply, Error>;

/// An endpoint of the tenant, for limits, faults, latencies and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `GET /authorize`
    Authorize,
    /// `POST /u/login`
    Login,
    /// `POST /oauth/token`
    Token,
    /// `GET /userinfo`
    UserInfo,
    /// `GET /.well-known/jwks.json`
    Jwks,
    /// `POST /oauth/revoke`
    Revoke,
    /// `GET /v2/logout`
    Logout,
    /// `POST /dbconnections/signup`
    SignUp,
    /// `POST /dbconnections/change_password`
    ChangePassword,
    /// `/api/v2/…`
    Management,
    /// Everything else: discovery and what is not modelled.
    Other,
}

impl Endpoint {
    /// All endpoints, in order.
    pub const ALL: [Self; 11] = [
        Self::Authorize,
        Self::Login,
        Self::Token,
        Self::UserInfo,
        Self::Jwks,
        Self::Revoke,
        Self::Logout,
        Self::SignUp,
        Self::ChangePassword,
        Self::Management,
        Self::Other,
    ];

    /// The name that scenarios, gates and reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorize => "auth0.authorize",
            Self::Login => "auth0.login",
            Self::Token => "auth0.token",
            Self::UserInfo => "auth0.userinfo",
            Self::Jwks => "auth0.jwks",
            Self::Revoke => "auth0.revoke",
            Self::Logout => "auth0.logout",
            Self::SignUp => "auth0.signup",
            Self::ChangePassword => "auth0.change_password",
            Self::Management => "auth0.management",
            Self::Other => "auth0.other",
        }
    }
}

impl Call {
    /// The endpoint that takes this call.
    pub const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Authorize { .. } => Endpoint::Authorize,
            Self::SubmitLogin { .. } => Endpoint::Login,
            Self::ExchangeCode { .. }
            | Self::Refresh { .. }
            | Self::PasswordGrant { .. }
            | Self::ClientCredentials => Endpoint::Token,
            Self::UserInfo { .. } => Endpoint::UserInfo,
            Self::Jwks => Endpoint::Jwks,
            Self::Revoke { .. } => Endpoint::Revoke,
            Self::Logout { .. } => Endpoint::Logout,
            Self::SignUp { .. } => Endpoint::SignUp,
            Self::ChangePassword { .. } => Endpoint::ChangePassword,
            Self::CreateUser { .. } | Self::Manage(_) => Endpoint::Management,
            Self::Other => Endpoint::Other,
            Self::Unreadable { endpoint, .. } => *endpoint,
        }
    }
}
