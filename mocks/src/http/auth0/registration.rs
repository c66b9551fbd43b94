//! `/oidc/register`: applications that register themselves (`OpenID` Connect Dynamic Client
//! Registration). A real tenant has this off unless it is switched on.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answering::{Complaint, NO_STORE};
use super::errors::{json_answer, oauth_error};
use super::face::Face;
use crate::auth0::Endpoint;
use crate::auth0::organizations::letters;
use crate::auth0::registry::{Client, GrantType, Kind, Secret, Urls};
use crate::bounds::TENANT_RECORDS;
use crate::http::Exchange;

/// How the ids of applications begin that registered themselves, which are nobody's first party.
pub(super) const THIRD_PARTY: &str = "tpc_";

/// What an application may say of itself at most, in bytes: nobody has to prove anything to register one.
const LONGEST: usize = 16 << 10;

/// What an application says of itself.
#[derive(Debug, Deserialize)]
struct Metadata {
    redirect_uris: Vec<String>,
    client_name: Option<String>,
    application_type: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    post_logout_redirect_uris: Option<Vec<String>>,
}

/// `POST /oidc/register`.
pub(super) async fn register(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    body: Bytes,
) -> Response {
    let asked = face.behind().pass(&exchange, Endpoint::Other, |behind| {
        if body.len() > LONGEST {
            return Err(invalid(&"the metadata is longer than 16 KB"));
        }
        let told: Metadata = serde_json::from_slice(&body).map_err(|error| invalid(&error))?;
        let method = told.token_endpoint_auth_method.clone();
        let luck = exchange.stamp().luck.split(60);
        let id = format!("{THIRD_PARTY}{}", letters(luck.0));
        let client = client(id, told)?;
        let registry = behind.tenant.registry_mut();
        if registry.clients().len() >= TENANT_RECORDS {
            let text = "You reached the limit of entities of this type for this tenant.";
            return Err(oauth_error(StatusCode::FORBIDDEN, "too_many_entities", text).into());
        }
        registry
            .add_client(client.clone())
            .map_err(|taken| invalid(&taken))?;
        Ok(shown(&client, method.as_deref()))
    });
    asked
        .answer(exchange, |shown| {
            (NO_STORE, json_answer(StatusCode::CREATED, &shown))
        })
        .await
}

fn invalid(why: &dyn std::fmt::Display) -> Complaint {
    let text = why.to_string();
    oauth_error(StatusCode::BAD_REQUEST, "invalid_client_metadata", &text).into()
}

fn invalid_redirect(why: &str) -> Complaint {
    oauth_error(StatusCode::BAD_REQUEST, "invalid_redirect_uri", why).into()
}

fn client(id: String, told: Metadata) -> Result<Client, Complaint> {
    let native = told.application_type.as_deref() == Some("native");
    let public = told.token_endpoint_auth_method.as_deref() == Some("none");
    let kind = match (native, public) {
        (true, _) => Kind::Native,
        (false, true) => Kind::Spa,
        (false, false) => Kind::RegularWeb,
    };
    let mut client = Client::new(id, kind);
    if let Some(name) = told.client_name {
        client.name = name;
    }
    if told.redirect_uris.is_empty() {
        return Err(invalid_redirect("redirect_uris must name one at least"));
    }
    let listed = |name: &str, listed| {
        Urls::of_strangers(listed).map_err(|bad| {
            format!(
                "{name}: {bad} is no absolute URL of the web or an app's own scheme, without a fragment"
            )
        })
    };
    client.callbacks =
        listed("redirect_uris", told.redirect_uris).map_err(|why| invalid_redirect(&why))?;
    let after_logout = told.post_logout_redirect_uris.unwrap_or_default();
    client.logout_urls =
        listed("post_logout_redirect_uris", after_logout).map_err(|why| invalid(&why))?;
    match told.token_endpoint_auth_method.as_deref() {
        Some("none") => client.secret = Secret::Public,
        None | Some("client_secret_post" | "client_secret_basic") => {
            client.secret = Client::new(client.id.clone(), Kind::Machine).secret;
        }
        Some(other) => {
            return Err(invalid(&format!(
                "token_endpoint_auth_method {other} is not mocked: use client_secret_post, client_secret_basic or none"
            )));
        }
    }
    if let Some(names) = told.grant_types {
        client.grants = names
            .iter()
            .filter_map(|name| GrantType::named(name))
            .collect();
    }
    Ok(client)
}

/// The application as it was registered, with the method that it asked for: its secret is taken either
/// way.
fn shown(client: &Client, method: Option<&str>) -> Value {
    let names = client.grants.iter().flat_map(|grant| grant.names());
    let mut shown = json!({
        "client_id": client.id,
        "client_name": client.name,
        "redirect_uris": client.callbacks.listed,
        "token_endpoint_auth_method": method.unwrap_or(client.auth_method()),
        "grant_types": names.collect::<Vec<_>>(),
    });
    if let Secret::Needed(secret) = &client.secret {
        shown["client_secret"] = secret.as_str().into();
        shown["client_secret_expires_at"] = 0.into();
    }
    shown
}
