//! What an organization lets its members do: how they may log in and who may become one (B2B).

use super::sessions::{Factor, Factors};

/// How members may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Method {
    /// `sso`
    Sso = 1,
    /// `magic_link`
    MagicLink = 2,
    /// `email_otp`
    EmailOtp = 4,
    /// `password`
    Password = 8,
    /// Any of the `…_oauth` methods: which provider is told by its number, so each has a bit.
    GoogleOauth = 16,
    /// `microsoft_oauth`
    MicrosoftOauth = 32,
    /// `slack_oauth`
    SlackOauth = 64,
    /// `github_oauth`
    GithubOauth = 128,
    /// `hubspot_oauth`
    HubspotOauth = 256,
    /// `sms_otp`, a second factor
    SmsOtp = 512,
    /// `totp`, a second factor
    Totp = 1024,
}

impl Method {
    /// All methods, in order.
    pub const ALL: [Self; 11] = [
        Self::Sso,
        Self::MagicLink,
        Self::EmailOtp,
        Self::Password,
        Self::GoogleOauth,
        Self::MicrosoftOauth,
        Self::SlackOauth,
        Self::GithubOauth,
        Self::HubspotOauth,
        Self::SmsOtp,
        Self::Totp,
    ];

    /// Stytch's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sso => "sso",
            Self::MagicLink => "magic_link",
            Self::EmailOtp => "email_otp",
            Self::Password => "password",
            Self::GoogleOauth => "google_oauth",
            Self::MicrosoftOauth => "microsoft_oauth",
            Self::SlackOauth => "slack_oauth",
            Self::GithubOauth => "github_oauth",
            Self::HubspotOauth => "hubspot_oauth",
            Self::SmsOtp => "sms_otp",
            Self::Totp => "totp",
        }
    }

    /// Whether it is a second factor.
    pub const fn is_second(self) -> bool {
        matches!(self, Self::SmsOtp | Self::Totp)
    }
}

/// Methods, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Methods(u16);

impl Methods {
    /// Every method.
    pub const ALL: Self = Self(u16::MAX);

    /// These and no others.
    pub fn only(methods: impl IntoIterator<Item = Method>) -> Self {
        let bits = methods.into_iter().fold(0, |bits, it| bits | it as u16);
        Self(bits)
    }

    /// Whether a method is among them.
    pub const fn has(self, method: Method) -> bool {
        self.0 & method as u16 != 0
    }
}

/// Whether people can become members by their address alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Joining {
    /// As the project's settings say: organizations that a rehearsal seeds.
    #[default]
    AsSettings,
    /// Anybody.
    All,
    /// Those whose domain is listed.
    Restricted,
    /// Nobody.
    NotAllowed,
}

/// Settings of an organization that decide something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrgRules {
    /// `mfa_policy` is `REQUIRED_FOR_ALL`.
    pub mfa_required: bool,
    /// `auth_methods` and `allowed_auth_methods`.
    pub methods: Methods,
    /// `mfa_methods` and `allowed_mfa_methods`.
    pub mfa_methods: Methods,
    /// `email_jit_provisioning`.
    pub email_jit: Joining,
    /// `email_invites`.
    pub invites: Joining,
    /// `sso_jit_provisioning`; a new organization lets all in.
    pub sso_jit: Joining,
}

impl OrgRules {
    /// Everything is allowed, and people join as the project's settings say.
    pub const fn open(mfa_required: bool) -> Self {
        Self {
            mfa_required,
            methods: Methods::ALL,
            mfa_methods: Methods::ALL,
            email_jit: Joining::AsSettings,
            invites: Joining::AsSettings,
            sso_jit: Joining::AsSettings,
        }
    }

    /// Whether one of these factors is a first factor that the organization allows. Factors that no
    /// setting names (imported sessions, trusted tokens, impersonation) always are.
    pub(super) fn allow(self, factors: Factors) -> bool {
        factors.iter().any(|factor| match factor {
            Factor::Password => self.methods.has(Method::Password),
            Factor::MagicLink => self.methods.has(Method::MagicLink),
            Factor::EmailCode => self.methods.has(Method::EmailOtp),
            Factor::Sso => self.methods.has(Method::Sso),
            Factor::OAuth => Method::ALL
                .into_iter()
                .filter(|it| it.name().ends_with("_oauth"))
                .any(|it| self.methods.has(it)),
            Factor::Sms | Factor::WhatsApp | Factor::Totp | Factor::RecoveryCode => false,
            Factor::Imported
            | Factor::Trusted
            | Factor::Impersonated
            | Factor::Embedded
            | Factor::Passkey => true,
        })
    }

    /// Whether a second factor of this kind may be used.
    pub(super) fn allow_second(self, factor: Factor) -> bool {
        match factor {
            Factor::Sms => self.mfa_methods.has(Method::SmsOtp),
            Factor::Totp => self.mfa_methods.has(Method::Totp),
            _ => true,
        }
    }
}
