//! An application, and what it may do.

use super::backchannel::Backchannel;
use super::urls::Urls;
use crate::luck::mix;

/// What an application is, which decides how it proves who it is (`app_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `regular_web`: runs on a server and keeps a secret.
    RegularWeb,
    /// `spa`: runs in a browser; refresh tokens rotate.
    Spa,
    /// `native`: runs on a device.
    Native,
    /// `non_interactive`: a machine without people.
    Machine,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::RegularWeb, Self::Spa, Self::Native, Self::Machine];

    /// `app_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RegularWeb => "regular_web",
            Self::Spa => "spa",
            Self::Native => "native",
            Self::Machine => "non_interactive",
        }
    }

    /// The kind of an `app_type`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A way to get tokens (`grant_types`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantType {
    /// By a code from `/authorize`.
    Code,
    /// Straight from `/authorize`.
    Implicit,
    /// By a refresh token.
    Refresh,
    /// By the application's own credentials.
    ClientCredentials,
    /// By a password (`password` and `password-realm`).
    Password,
    /// By a code for a device without a keyboard.
    Device,
    /// By a mailed or texted code.
    Passwordless,
    /// By a second factor.
    Mfa,
}

impl GrantType {
    /// All grants.
    pub const ALL: [Self; 8] = [
        Self::Code,
        Self::Implicit,
        Self::Refresh,
        Self::ClientCredentials,
        Self::Password,
        Self::Device,
        Self::Passwordless,
        Self::Mfa,
    ];

    /// The names that a client registers it under; the first is the one that is shown.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Code => &["authorization_code"],
            Self::Implicit => &["implicit"],
            Self::Refresh => &["refresh_token"],
            Self::ClientCredentials => &["client_credentials"],
            Self::Password => &[
                "password",
                "http://auth0.com/oauth/grant-type/password-realm",
            ],
            Self::Device => &["urn:ietf:params:oauth:grant-type:device_code"],
            Self::Passwordless => &["http://auth0.com/oauth/grant-type/passwordless/otp"],
            Self::Mfa => &[
                "http://auth0.com/oauth/grant-type/mfa-otp",
                "http://auth0.com/oauth/grant-type/mfa-oob",
                "http://auth0.com/oauth/grant-type/mfa-recovery-code",
            ],
        }
    }

    /// The grant of a `grant_type`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|grant| grant.names().contains(&name))
    }
}

/// How an application proves who it is at `/oauth/token`.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// It cannot: `token_endpoint_auth_method` is `none`.
    Public,
    /// With this secret, in the body or as HTTP Basic.
    Needed(String),
    /// With this secret if it gives one; only `client_credentials` insists on it.
    Optional(String),
    /// With an assertion that one of these public keys verifies (PEM): `private_key_jwt`.
    Keys(Vec<String>),
}

/// A secret is not for logs.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Public => "Public",
            Self::Needed(_) => "Needed(…)",
            Self::Optional(_) => "Optional(…)",
            Self::Keys(_) => "Keys(…)",
        })
    }
}

/// An API that an application may call for itself (a client grant).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiGrant {
    /// The API's identifier.
    pub audience: String,
    /// What it may do there.
    pub scopes: Vec<String>,
}

/// Whether people log in to an application as members of an organization (`organization_usage`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OrganizationUse {
    /// `deny`: they cannot.
    Deny,
    /// `allow`: they can. A mock's applications are set so, where a real one is not.
    #[default]
    Allow,
    /// `require`: they must.
    Require,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// How it proves who it is.
    pub secret: Secret,
    /// `callbacks`.
    pub callbacks: Urls,
    /// `allowed_logout_urls`.
    pub logout_urls: Urls,
    /// `web_origins`: who may read a silent login's answer, and call from a browser.
    pub web_origins: Urls,
    /// `grant_types`.
    pub grants: Vec<GrantType>,
    /// Whether it may call any API for itself; a real application only those of its client grants.
    pub any_api: bool,
    /// Its client grants.
    pub apis: Vec<ApiGrant>,
    /// `organization_usage`.
    pub organizations: OrganizationUse,
    /// `initiate_login_uri`: where invitations lead.
    pub login_uri: Option<String>,
    /// `oidc_logout`.
    pub backchannel: Backchannel,
}

impl Client {
    /// A new application of a kind, set up as Auth0 sets one up; its secret follows from its id.
    pub fn new(id: impl Into<String>, kind: Kind) -> Self {
        let id = id.into();
        let grants: &[GrantType] = match kind {
            Kind::RegularWeb => &[
                GrantType::Code,
                GrantType::Implicit,
                GrantType::Refresh,
                GrantType::ClientCredentials,
            ],
            Kind::Spa => &[GrantType::Code, GrantType::Implicit, GrantType::Refresh],
            Kind::Native => &[
                GrantType::Code,
                GrantType::Implicit,
                GrantType::Refresh,
                GrantType::Device,
            ],
            Kind::Machine => &[GrantType::ClientCredentials],
        };
        Self {
            name: id.clone(),
            kind,
            secret: match kind {
                Kind::RegularWeb | Kind::Machine => Secret::Needed(made_up_secret(&id)),
                Kind::Spa | Kind::Native => Secret::Public,
            },
            callbacks: Urls::default(),
            logout_urls: Urls::default(),
            web_origins: Urls::default(),
            grants: grants.to_vec(),
            any_api: false,
            apis: Vec::new(),
            organizations: OrganizationUse::default(),
            login_uri: None,
            backchannel: Backchannel::default(),
            id,
        }
    }

    /// The application of a kind that every mock has: `cutover-web`, `cutover-spa`, `cutover-native`
    /// and `cutover-machine`. Its secret, if it has one, is its id and `-secret`.
    pub fn sample(kind: Kind) -> Self {
        let id = match kind {
            Kind::RegularWeb => "cutover-web",
            Kind::Spa => "cutover-spa",
            Kind::Native => "cutover-native",
            Kind::Machine => "cutover-machine",
        };
        let mut new = Self::new(id, kind);
        if let Secret::Needed(secret) = &mut new.secret {
            *secret = format!("{id}-secret");
        }
        let grants = match kind {
            Kind::Machine => vec![GrantType::ClientCredentials],
            Kind::RegularWeb => GrantType::ALL.to_vec(),
            Kind::Spa | Kind::Native => GrantType::ALL
                .into_iter()
                .filter(|grant| *grant != GrantType::ClientCredentials)
                .collect(),
        };
        Self {
            grants,
            any_api: true,
            ..new.anywhere_local()
        }
    }

    /// The same, and it may be sent to any URL that is harmless.
    #[must_use]
    pub fn anywhere_local(self) -> Self {
        Self {
            callbacks: Urls::local(),
            logout_urls: Urls::local(),
            web_origins: Urls::local(),
            ..self
        }
    }

    /// Whether it may get tokens this way.
    pub fn may(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }

    /// Whether a page of this origin is one of its own: it is among its web origins, or the application
    /// is called back there (Auth0 docs, Allowed Origins).
    pub fn knows_origin(&self, origin: &str) -> bool {
        self.web_origins.allow_origin(origin) || self.callbacks.allow_origin(origin)
    }

    /// `token_endpoint_auth_method`.
    pub const fn auth_method(&self) -> &'static str {
        match &self.secret {
            Secret::Public => "none",
            Secret::Needed(_) | Secret::Optional(_) => "client_secret_post",
            Secret::Keys(_) => "private_key_jwt",
        }
    }

    /// What it may do at an API for itself; none: nothing at all.
    pub fn scopes_at(&self, audience: &str) -> Option<&[String]> {
        self.apis
            .iter()
            .find(|grant| grant.audience == audience)
            .map(|grant| grant.scopes.as_slice())
    }
}

/// A secret that nobody chose: 64 characters that the id decides, so that a mock needs no dice.
fn made_up_secret(id: &str) -> String {
    let seed = id
        .bytes()
        .fold(0x5ec2_e701, |tag, byte| mix(tag ^ u64::from(byte)));
    let parts: Vec<String> = (1..=4)
        .map(|part| format!("{:016x}", mix(seed ^ part)))
        .collect();
    parts.concat()
}
