//! SSO of organizations: their connections, and the logins of members over them.
//!
//! The identity provider behind every connection is a page of the mock's: nothing is sent to the
//! addresses that a connection names, and no assertion is read.

mod certificates;
mod connections;
mod kept;
mod login;
mod provider;
mod registrations;
mod routes;
mod settings;
mod shape;

pub(super) use certificates::{remove_certificate, remove_key, update_by_url};
pub(super) use connections::{
    create_external, create_oidc, create_saml, list, remove, update_external, update_oidc,
    update_saml,
};
pub(super) use kept::Connections;
pub(super) use login::{authenticate, discover};
pub(super) use registrations::Registrations;
pub(super) use routes::{public_routes, routes};
pub(super) use settings::check;
