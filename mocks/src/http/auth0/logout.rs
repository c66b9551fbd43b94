//! `/v2/logout` and `/oidc/logout`: the browser's session ends, the application's tokens do not.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use reqwest::Url;

use super::authorize::{cookie, redirect};
use super::errors;
use super::face::Face;
use crate::auth0::{Call, Endpoint};
use crate::http::Exchange;
use crate::http::params::Params;

pub(super) async fn logout(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let params = Params::from_query(&uri);
    end(&face, exchange, &headers, params.get("returnTo"), None).await
}

pub(super) async fn oidc_logout(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = if body.is_empty() {
        Params::from_query(&uri)
    } else {
        Params::from_body(&headers, &body).unwrap_or_default()
    };
    end(
        &face,
        exchange,
        &headers,
        params.get("post_logout_redirect_uri"),
        params.get("state"),
    )
    .await
}

async fn end(
    face: &Face,
    exchange: Exchange,
    headers: &HeaderMap,
    to: Option<&str>,
    state: Option<&str>,
) -> Response {
    if let Some(to) = to
        && !face.allows(to)
    {
        let text = format!(
            "The \"returnTo\" querystring parameter \"{to}\" is not defined as a valid URL"
        );
        let complaint = errors::page(
            StatusCode::BAD_REQUEST,
            "Oops!, something went wrong",
            &text,
        );
        return face.refuse(exchange, Endpoint::Logout, complaint).await;
    }
    let mut to = to.map(str::to_owned);
    if let (Some(text), Some(state)) = (&mut to, state)
        && let Ok(mut url) = Url::parse(text)
    {
        url.query_pairs_mut().append_pair("state", state);
        *text = url.into();
    }
    let asked = face.ask(
        &exchange,
        Call::Logout {
            sso: cookie(headers),
        },
        |_, _| Some(()),
    );
    asked
        .answer(exchange, |()| {
            let mut response = to.map_or_else(|| "OK".into_response(), |to| redirect(&to, None));
            let gone =
                HeaderValue::from_static("auth0=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
            response.headers_mut().insert(header::SET_COOKIE, gone);
            response
        })
        .await
}
