//! Endpoints that both products have: machines, who am I, metrics, `OpenID` configuration.

use axum::Router;
use serde_json::json;

use super::Face;
use super::answering::{Done, Good};
use super::ask::Ask;
use super::consumer::jwks;
use super::problem::Problem;
use super::routes::{Open, delete, get, post, put};
use super::{m2m, objects};
use crate::http::shown::Shown;
use crate::stytch::{Endpoint, Errand};

/// All routes.
pub(super) fn routes() -> Router<Shown<Face>> {
    let (other, records) = (Endpoint::Other, Endpoint::Records);
    let client = get(records, m2m::read)
        .merge(put(records, m2m::update))
        .merge(delete(records, m2m::remove));
    Router::new()
        .route("/v1/debug/whoami", get(other, whoami))
        .route("/v1/projects/metrics", get(other, metrics))
        .route("/v1/m2m/clients", post(records, m2m::create))
        .route("/v1/m2m/clients/search", post(records, m2m::search))
        .route("/v1/m2m/clients/{client_id}", client)
        .route(
            "/v1/m2m/clients/{client_id}/secrets/rotate/start",
            post(records, m2m::rotate_start),
        )
        .route(
            "/v1/m2m/clients/{client_id}/secrets/rotate/cancel",
            post(records, m2m::rotate_cancel),
        )
        .route(
            "/v1/m2m/clients/{client_id}/secrets/rotate",
            post(records, m2m::rotate),
        )
        .route(
            "/v1/public/{project_id}/oauth2/token",
            post(Open(other), m2m::token),
        )
        .route(
            "/v1/public/{project_id}/.well-known/jwks.json",
            get(Open(Endpoint::Jwks), jwks),
        )
        .route(
            "/v1/public/{project_id}/.well-known/openid-configuration",
            get(Open(other), openid_configuration),
        )
}

async fn whoami(ask: Ask) -> Done {
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let body = json!({
        "project_id": ask.face.config().project_id,
        "name": "cutover mock",
    });
    Ok(Good::new(took, body))
}

async fn metrics(ask: Ask) -> Done {
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let (users, orgs) = {
        let project = ask.face.project();
        let orgs = project.orgs_from(crate::stytch::OrgId(0)).count();
        (project.user_count(), orgs)
    };
    let clients = ask.face.book().m2m.count();
    let body = json!({
        "project_id": ask.face.config().project_id,
        "metrics": [
            { "metric_type": "USER_COUNT", "count": users },
            { "metric_type": "ORGANIZATION_COUNT", "count": orgs },
            { "metric_type": "M2M_CLIENT_COUNT", "count": clients },
        ],
    });
    Ok(Good::new(took, body))
}

async fn openid_configuration(ask: Ask) -> Done {
    let project = &ask.face.config().project_id;
    if ask.path("project_id") != project {
        return Err(no_project().into());
    }
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let base = format!("https://{}", ask.host().unwrap_or("test.stytch.com"));
    let body = json!({
        "issuer": format!("stytch.com/{project}"),
        "jwks_uri": format!("{base}/v1/public/{project}/.well-known/jwks.json"),
        "token_endpoint": format!("{base}/v1/public/{project}/oauth2/token"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "server_time": objects::rfc3339(ask.face.project().clock(ask.exchange.stamp().at)),
    });
    Ok(Good::new(took, body))
}

/// Another project's id.
pub(super) fn no_project() -> Problem {
    Problem {
        status: 404,
        error_type: "project_not_found",
        message: "The project could not be found.".to_owned(),
    }
}

/// `POST …/sessions/exchange_access_token`: there are no Connected Apps here, so no token of one.
pub(super) async fn exchange_access_token(ask: Ask) -> Done {
    ask.fields.needed("access_token")?;
    ask.fields.duration()?;
    Err(Problem {
        status: 404,
        error_type: "idp_access_token_not_found",
        message: "The access token could not be found.".to_owned(),
    }
    .into())
}
