//! Connected Apps, as far as a project has any: none. Whoever reads is told so.

use axum::Router;
use serde_json::json;

use super::Face;
use super::answering::{Done, Good};
use super::ask::Ask;
use super::b2b::member_of_path;
use super::consumer::user_named;
use super::problem::{Bad, Problem};
use super::routes::{ForMember, delete, get, post, put};
use crate::http::shown::Shown;
use crate::stytch::{Endpoint, Errand, Vertical};

/// Routes of servers.
pub(super) fn routes(vertical: Vertical) -> Router<Shown<Face>> {
    let (records, held) = (Endpoint::Records, ForMember(Endpoint::Records));
    let client = get(records, no_app)
        .merge(put(records, no_app))
        .merge(delete(records, no_app));
    let shared = Router::new()
        .route("/v1/connected_apps/clients/search", post(records, search))
        .route("/v1/connected_apps/clients/{client_id}", client);
    match vertical {
        Vertical::Consumer => shared
            .route("/v1/users/{user_id}/connected_apps", get(records, of_user))
            .route(
                "/v1/users/{user_id}/connected_apps/{connected_app_id}/revoke",
                post(records, no_app),
            ),
        Vertical::B2b => shared
            .route(
                "/v1/b2b/organizations/{organization_id}/connected_apps",
                get(held, of_organization),
            )
            .route(
                "/v1/b2b/organizations/{organization_id}/connected_apps/{connected_app_id}",
                get(held, no_app),
            )
            .route(
                "/v1/b2b/organizations/{organization_id}/members/{member_id}/connected_apps",
                get(held, of_member),
            )
            .route(
                "/v1/b2b/organizations/{organization_id}/members/{member_id}/connected_apps/{connected_app_id}/revoke",
                post(held, no_app),
            ),
    }
}

async fn search(ask: Ask) -> Done {
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let metadata = json!({ "total": 0, "next_cursor": null });
    let body = json!({ "connected_apps": [], "results_metadata": metadata });
    Ok(Good::new(took, body))
}

async fn no_app(ask: Ask) -> Done {
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let problem = Problem {
        status: 404,
        error_type: "connected_app_not_found",
        message: "The Connected App could not be found.".to_owned(),
    };
    Err(Bad::Told { problem, took })
}

fn none(ask: &Ask, of: &Errand) -> Done {
    let (_, took) = ask.errand(of)?;
    Ok(Good::new(took, json!({ "connected_apps": [] })))
}

async fn of_user(ask: Ask) -> Done {
    let user = user_named(&ask, ask.path("user_id"));
    none(&ask, &Errand::read(Some(user), None))
}

async fn of_organization(ask: Ask) -> Done {
    let org = ask.face.org_named(ask.path("organization_id"));
    none(&ask, &Errand::read(None, Some(org)))
}

async fn of_member(ask: Ask) -> Done {
    let (org, member) = member_of_path(&ask);
    none(&ask, &Errand::read(Some(member), Some(org)))
}
