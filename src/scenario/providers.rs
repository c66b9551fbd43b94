//! The two providers as the scenario sets them up.

use cutover_mocks::{auth0, stytch};

/// The tenant and the project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Providers {
    /// The legacy provider.
    pub auth0: auth0::Settings,
    /// The new provider.
    pub stytch: stytch::Settings,
}
