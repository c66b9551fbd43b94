//! How the access tokens of an API are written (`token_dialect`).

/// Whose way of writing claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Auth0's own, the default (Management API schema).
    #[default]
    Auth0,
    /// The profile for JWTs of RFC 9068: `at+jwt`, with `jti` and `client_id`.
    Rfc9068,
}

/// A dialect of access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    /// Whose way it is.
    pub profile: Profile,
    /// Whether tokens tell `permissions`, which are an API's that enforces policies. Off (Management API
    /// schema).
    pub permissions: bool,
}

/// All of them, as the Management API names them.
const NAMES: [(&str, Profile, bool); 4] = [
    ("access_token", Profile::Auth0, false),
    ("access_token_authz", Profile::Auth0, true),
    ("rfc9068_profile", Profile::Rfc9068, false),
    ("rfc9068_profile_authz", Profile::Rfc9068, true),
];

impl Dialect {
    /// The dialect of a name.
    pub fn named(name: &str) -> Option<Self> {
        let (_, profile, permissions) = NAMES.into_iter().find(|(known, ..)| *known == name)?;
        Some(Self {
            profile,
            permissions,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let same = |(_, profile, permissions): &(&str, Profile, bool)| {
            (*profile, *permissions) == (self.profile, self.permissions)
        };
        NAMES.into_iter().find(same).map_or("", |(name, ..)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for (name, ..) in NAMES {
            assert_eq!(Dialect::named(name).map(Dialect::name), Some(name));
        }
        assert_eq!(Dialect::default().name(), "access_token");
        assert_eq!(Dialect::named("esperanto"), None);
    }
}
