//! `/.well-known/…`: what the tenant publishes of itself; and what is not there at all.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::errors::json_answer;
use super::face::Face;
use crate::auth0::registry::GrantType;
use crate::auth0::{Call, Endpoint, Reply};
use crate::http::Exchange;

pub(super) async fn configuration(State(face): State<Arc<Face>>, exchange: Exchange) -> Response {
    let asked = face.ask(&exchange, Call::Other, |behind, _| {
        Some(behind.tenant.registry().preferences.tells_issuer)
    });
    let parties = face.parties_at(&exchange);
    let issuer = &parties.issuer;
    let at = |path: &str| format!("{issuer}{path}");
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("oauth/token"),
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at(".well-known/jwks.json"),
        "pushed_authorization_request_endpoint": at("oauth/par"),
        "require_pushed_authorization_requests": false,
        "registration_endpoint": at("oidc/register"),
        "revocation_endpoint": at("oauth/revoke"),
        "end_session_endpoint": at("oidc/logout"),
        "device_authorization_endpoint": at("oauth/device/code"),
        "mfa_challenge_endpoint": at("mfa/challenge"),
        "global_token_revocation_endpoint": at("oauth/global-token-revocation/connection/{connectionName}"),
        "scopes_supported": [
            "openid", "profile", "offline_access", "name", "given_name", "family_name", "nickname",
            "email", "email_verified", "picture", "created_at", "identities", "phone", "address",
        ],
        "response_types_supported": [
            "code", "token", "id_token", "code token", "code id_token", "token id_token",
            "code token id_token",
        ],
        "response_modes_supported": ["query", "fragment", "form_post", "web_message"],
        "grant_types_supported": GrantType::ALL.into_iter().flat_map(GrantType::names).collect::<Vec<_>>(),
        "code_challenge_methods_supported": ["S256", "plain"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic", "client_secret_post", "private_key_jwt", "none",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "claims_supported": [
            "aud", "auth_time", "created_at", "email", "email_verified", "exp", "family_name",
            "given_name", "iat", "identities", "iss", "name", "nickname", "phone_number", "picture",
            "sub",
        ],
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "request_parameter_supported": false,
        // Only those of pushed requests.
        "request_uri_parameter_supported": false,
    });
    asked
        .answer(exchange, |tells_issuer| {
            if tells_issuer {
                document["authorization_response_iss_parameter_supported"] = true.into();
            }
            json_answer(StatusCode::OK, &document)
        })
        .await
}

pub(super) async fn jwks(State(face): State<Arc<Face>>, exchange: Exchange) -> Response {
    let asked = face.ask(&exchange, Call::Jwks, |_, reply| match reply {
        Reply::Keys(set) => Some(set),
        _ => None,
    });
    asked
        .answer_later(exchange, async |set| {
            // A key that nobody has seen yet takes its time to be made.
            let jwks = tokio::task::spawn_blocking(move || Face::keys().jwks(set))
                .await
                .unwrap_or_default();
            json_answer(StatusCode::OK, &jwks)
        })
        .await
}

pub(super) async fn not_found(State(face): State<Arc<Face>>, exchange: Exchange) -> Response {
    let complaint = json_answer(
        StatusCode::NOT_FOUND,
        &json!({ "statusCode": 404, "error": "Not Found", "message": "Not Found" }),
    );
    face.refuse(exchange, Endpoint::Other, complaint).await
}
