//! Where an application wants to be told that a session is over, and of which ends
//! (`OpenID` Connect Back-Channel Logout 1.0; Auth0 docs, back-channel logout initiators).

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Initiator {
    /// An application sent the person to a logout endpoint.
    RpLogout,
    /// The identity provider ended it.
    IdpLogout,
    /// The person has another password.
    PasswordChanged,
    /// It was too old.
    SessionExpired,
    /// It was ended by the Management API.
    SessionRevoked,
    /// The person was deleted.
    AccountDeleted,
    /// The person has another address.
    EmailIdentifierChanged,
    /// The person has another telephone number for second factors.
    MfaPhoneUnenrolled,
    /// The person was blocked.
    AccountDeactivated,
}

impl Initiator {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::RpLogout,
        Self::IdpLogout,
        Self::PasswordChanged,
        Self::SessionExpired,
        Self::SessionRevoked,
        Self::AccountDeleted,
        Self::EmailIdentifierChanged,
        Self::MfaPhoneUnenrolled,
        Self::AccountDeactivated,
    ];

    /// Those that applications are told of that selected none.
    pub const USUAL: [Self; 2] = [Self::RpLogout, Self::IdpLogout];

    /// Its name in `selected_initiators`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RpLogout => "rp-logout",
            Self::IdpLogout => "idp-logout",
            Self::PasswordChanged => "password-changed",
            Self::SessionExpired => "session-expired",
            Self::SessionRevoked => "session-revoked",
            Self::AccountDeleted => "account-deleted",
            Self::EmailIdentifierChanged => "email-identifier-changed",
            Self::MfaPhoneUnenrolled => "mfa-phone-unenrolled",
            Self::AccountDeactivated => "account-deactivated",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

/// `oidc_logout` of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backchannel {
    /// `backchannel_logout_urls`: Auth0 takes one.
    pub url: Option<String>,
    /// `backchannel_logout_initiators.mode` is `all`.
    pub all: bool,
    /// `selected_initiators`, as they were written: [`Initiator::USUAL`] unless some were.
    pub selected: Vec<Initiator>,
}

impl Default for Backchannel {
    fn default() -> Self {
        Self {
            url: None,
            all: false,
            selected: Initiator::USUAL.to_vec(),
        }
    }
}

impl Backchannel {
    /// Where to tell that a session ended so; none: nowhere. Of logouts by applications all are told that
    /// have a URL (Auth0 docs, back-channel logout initiators).
    pub fn told_of(&self, initiator: Initiator) -> Option<&str> {
        let always = initiator == Initiator::RpLogout;
        let wanted = always || self.all || self.selected.contains(&initiator);
        self.url.as_deref().filter(|_| wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logouts_are_told_always_and_the_rest_if_it_is_wanted() {
        let mut backchannel = Backchannel::default();
        assert_eq!(backchannel.told_of(Initiator::RpLogout), None);
        backchannel.url = Some("http://localhost/out".to_owned());
        assert!(backchannel.told_of(Initiator::RpLogout).is_some());
        assert_eq!(backchannel.told_of(Initiator::PasswordChanged), None);
        backchannel.selected.push(Initiator::PasswordChanged);
        assert!(backchannel.told_of(Initiator::PasswordChanged).is_some());
        assert_eq!(backchannel.told_of(Initiator::AccountDeleted), None);
        assert!(backchannel.told_of(Initiator::IdpLogout).is_some());
        backchannel.selected.clear();
        assert_eq!(backchannel.told_of(Initiator::IdpLogout), None);
        assert!(backchannel.told_of(Initiator::RpLogout).is_some());
        backchannel.all = true;
        assert!(backchannel.told_of(Initiator::AccountDeleted).is_some());
        for initiator in Initiator::ALL {
            assert_eq!(Initiator::named(initiator.name()), Some(initiator));
        }
    }
}
