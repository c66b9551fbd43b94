//! The calls that a Stytch project answers, its answers, and the tokens that travel in them.

use super::rule::Rule;
use crate::auth0;
use crate::email::Email;
use crate::keys::{KeyId, KeySet};
use crate::time::{Span, Timestamp};

pub use crate::auth0::{Address, Proof, Stamp};

/// Which of Stytch's two products a project is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vertical {
    /// Users.
    Consumer,
    /// Organizations and members.
    B2b,
}

/// A user of a consumer project or a member of a B2B project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub u32);

/// An organization of a B2B project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgId(pub u32);

/// A session token: opaque on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionToken {
    /// The session.
    pub session: u32,
    /// A client's handle for the text of this token; 0 inside a provider, which never looks at it.
    pub handle: u32,
}

/// The claims of a session JWT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionJwt {
    /// The session.
    pub session: u32,
    /// `sub`.
    pub subject: UserId,
    /// The organization claim (B2B).
    pub org: Option<OrgId>,
    /// `iat`; whole seconds.
    pub issued: Timestamp,
    /// `exp`: 300 s after `iat`; whole seconds.
    pub expires: Timestamp,
    /// When the session behind it ends.
    pub session_expires: Timestamp,
    /// The key that signed it.
    pub key: KeyId,
    /// A client's handle for the text of this token; 0 inside a provider.
    pub handle: u32,
}

/// A session that a call opened or renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its token.
    pub token: SessionToken,
    /// Its JWT, good for five minutes.
    pub jwt: SessionJwt,
    /// The address of the person it belongs to, as Stytch keeps it.
    pub email: Email,
}

/// A mailed magic-link token or one-time code, or an OAuth token: single use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LoginToken(pub u32);

/// An intermediate session token: primary factor done, second one missing (B2B).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IntermediateToken(pub u32);

/// A call to the project. `duration` is `session_duration_minutes`; `org` is B2B's
/// `organization_id` and absent in a consumer project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `POST /v1/sessions/migrate`, `POST /v1/b2b/sessions/migrate`.
    Migrate {
        /// The legacy access token.
        token: auth0::AccessToken,
        /// The organization.
        org: Option<OrgId>,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST …/sessions/authenticate` with a session token; a duration extends the session.
    Authenticate {
        /// The token.
        token: SessionToken,
        /// How long the session shall last from now.
        duration: Option<Span>,
    },
    /// `POST …/sessions/authenticate` with a session JWT, expired or not.
    AuthenticateJwt {
        /// The JWT, its signature already checked.
        jwt: SessionJwt,
        /// How long the session shall last from now.
        duration: Option<Span>,
    },
    /// `POST …/sessions/revoke`.
    Revoke {
        /// The session.
        token: SessionToken,
    },
    /// `GET …/sessions/jwks/{project_id}`.
    Jwks,
    /// `POST …/passwords/authenticate`.
    Password {
        /// Who.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
        /// What they typed.
        proof: Proof,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST …/magic_links/email/login_or_create` (consumer), `…/login_or_signup` (B2B): mails a link
    /// and creates the person where the settings allow it.
    SendMagicLink {
        /// Who.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
    },
    /// `POST …/magic_links/authenticate`.
    MagicLink {
        /// The mailed token.
        token: LoginToken,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST …/oauth/authenticate`, after the public redirect has made the token.
    OAuth {
        /// The token.
        token: LoginToken,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `GET /v1/public/oauth/google/start`, `/v1/b2b/public/oauth/google/start`: the browser's way
    /// through the social provider, which consents at once.
    StartOAuth {
        /// Who consents.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
    },
    /// `POST /v1/b2b/otps/sms/send` and `…/authenticate` in one: the second factor.
    SecondFactor {
        /// The intermediate session.
        token: IntermediateToken,
        /// What they typed.
        proof: Proof,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST /v1/passwords` (consumer), or create member and password (B2B): a sign-up.
    SignUp {
        /// The new person's address.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST /v1/users`, `POST /v1/b2b/organizations/{org}/members`: a record without a session.
    CreateUser {
        /// The new person's address.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
    },
    /// `POST …/passwords/email/reset/start` and, with the mailed token, `…/reset`: a person sets a
    /// new password, which ends all of their sessions and opens one.
    ResetPassword {
        /// Whose.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
        /// How long the session shall last.
        duration: Option<Span>,
    },
}

/// A successful answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A session is open.
    Session(Opened),
    /// The call succeeded but opened no session (consumer calls without a duration).
    NoSession(UserId),
    /// A second factor is asked for.
    SecondFactorNeeded(IntermediateToken),
    /// A message was mailed, or a social provider consented; this token is in it.
    Mailed {
        /// The single-use token.
        token: LoginToken,
        /// Whether the person was created by this call.
        created: bool,
    },
    /// A person was created.
    Created(UserId),
    /// The published keys.
    Keys(KeySet),
    /// Nothing to tell.
    Done,
}

/// Why the project says no; names are Stytch's `error_type`s in `snake_case`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Error {
    /// `session_not_found` (404): unknown, expired or revoked.
    SessionNotFound,
    /// `email_not_found` (404).
    EmailNotFound,
    /// `user_not_found`, `member_not_found` (404).
    UserNotFound,
    /// `organization_not_found` (404).
    OrganizationNotFound,
    /// `unauthorized_credentials` (401): a wrong password.
    WrongPassword,
    /// `no_user_password` (400), `member_password_not_found` (404): nobody set one.
    NoPassword,
    /// `user_lock_limit_reached` (429).
    UserLocked,
    /// `magic_link_not_found`, `unable_to_auth_magic_link`, `oauth_token_not_found`: a wrong, used or
    /// stale single-use token.
    LoginTokenInvalid,
    /// `otp_code_not_found` (404): a wrong second factor.
    WrongCode,
    /// `duplicate_email`, `duplicate_member_email` (400).
    DuplicateEmail,
    /// `migrate_from_external_missing_userinfo`: no `UserInfo` address is configured.
    MigrateNotConfigured,
    /// `migrate_from_external_unexpected_response`: `UserInfo` did not answer 200 with JSON.
    MigrateUnexpectedResponse,
    /// `migrate_from_external_email_does_not_exist`: no address in the answer, or nobody has it.
    MigrateEmailUnknown,
    /// `too_many_requests` (429).
    RateLimited,
    /// `organization_suspended`-like refusals and disallowed login methods (403).
    NotAllowed,
    /// A rule that only the wire tells apart.
    Rule(Rule),
    /// An error that a fault injected.
    Injected(u16),
    /// An answer that a client could not tell apart further.
    Other,
}

/// An answer of the project.
pub type Answer = crate::answer::Answer<Reply, Error>;

/// An endpoint of the project, for limits, faults, latencies and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// Migrate Session
    Migrate,
    /// Authenticate Session
    Authenticate,
    /// Revoke Session
    Revoke,
    /// JWKS
    Jwks,
    /// Authenticate Password
    Password,
    /// Create or reset a password
    PasswordChange,
    /// Send a magic link
    SendMagicLink,
    /// Authenticate a magic link
    MagicLink,
    /// OAuth: public start
    StartOAuth,
    /// OAuth: authenticate
    OAuth,
    /// Second factor
    SecondFactor,
    /// Users, members and organizations
    Records,
    /// Everything else
    Other,
}

impl Endpoint {
    /// All endpoints, in order.
    pub const ALL: [Self; 13] = [
        Self::Migrate,
        Self::Authenticate,
        Self::Revoke,
        Self::Jwks,
        Self::Password,
        Self::PasswordChange,
        Self::SendMagicLink,
        Self::MagicLink,
        Self::StartOAuth,
        Self::OAuth,
        Self::SecondFactor,
        Self::Records,
        Self::Other,
    ];

    /// The name that scenarios, gates and reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Migrate => "stytch.migrate",
            Self::Authenticate => "stytch.authenticate",
            Self::Revoke => "stytch.revoke",
            Self::Jwks => "stytch.jwks",
            Self::Password => "stytch.password",
            Self::PasswordChange => "stytch.password_change",
            Self::SendMagicLink => "stytch.send_magic_link",
            Self::MagicLink => "stytch.magic_link",
            Self::StartOAuth => "stytch.start_oauth",
            Self::OAuth => "stytch.oauth",
            Self::SecondFactor => "stytch.second_factor",
            Self::Records => "stytch.records",
            Self::Other => "stytch.other",
        }
    }
}

impl Call {
    /// The endpoint that takes this call.
    pub const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Migrate { .. } => Endpoint::Migrate,
            Self::Authenticate { .. } | Self::AuthenticateJwt { .. } => Endpoint::Authenticate,
            Self::Revoke { .. } => Endpoint::Revoke,
            Self::Jwks => Endpoint::Jwks,
            Self::Password { .. } => Endpoint::Password,
            Self::SignUp { .. } | Self::ResetPassword { .. } => Endpoint::PasswordChange,
            Self::SendMagicLink { .. } => Endpoint::SendMagicLink,
            Self::MagicLink { .. } => Endpoint::MagicLink,
            Self::OAuth { .. } => Endpoint::OAuth,
            Self::StartOAuth { .. } => Endpoint::StartOAuth,
            Self::SecondFactor { .. } => Endpoint::SecondFactor,
            Self::CreateUser { .. } => Endpoint::Records,
        }
    }
}
