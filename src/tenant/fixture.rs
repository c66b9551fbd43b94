//! Credentials for tests.

use super::base::Base;
use super::credentials::{Auth0Credentials, Credentials, StytchCredentials};
use super::secret::Secret;

/// Credentials of a test project and a development tenant at these places.
pub(super) fn credentials(auth0: &str, stytch: &str) -> Credentials {
    let secret = |text: &str| Secret::new(text.to_owned());
    Credentials {
        auth0: Auth0Credentials {
            base: Base::read(auth0).unwrap(),
            client_id: "client".to_owned(),
            client_secret: secret("hush"),
            management_id: "management".to_owned(),
            management_secret: secret("hush, too"),
            audience: "https://api.example".to_owned(),
            scope: "openid profile email offline_access".to_owned(),
            connection: "Username-Password-Authentication".to_owned(),
            callback: None,
        },
        stytch: StytchCredentials {
            base: Base::read(stytch).unwrap(),
            project_id: "project-test-1".to_owned(),
            secret: secret("secret-test-1"),
        },
        ca_file: None,
        file: None,
        notes: Vec::new(),
    }
}
