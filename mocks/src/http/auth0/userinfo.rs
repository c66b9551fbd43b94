//! `/userinfo`, by GET or POST.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value};

use super::errors::json_answer;
use super::face::{Behind, Face};
use super::texts;
use crate::auth0::{Call, Connection, Reply, Scopes, UserId};
use crate::email::Email;
use crate::http::{Directory, Exchange};

/// What tokens and `UserInfo` tell of a person, as it is now.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: UserId,
    pub(super) connection: Connection,
    pub(super) email: String,
    pub(super) verified: bool,
}

impl Person {
    pub(super) fn of(behind: &Behind, directory: &Directory, id: UserId) -> Self {
        let user = behind.tenant.user(id);
        Self {
            id,
            connection: user.map_or(Connection::Database, |user| user.connection),
            email: user.map_or_else(String::new, |user| directory.text(user.email)),
            verified: user.is_some_and(|user| user.verified),
        }
    }
}

/// The claims of a person that these scopes open; `sub` always.
pub(super) fn claims_of(person: &Person, scopes: Scopes) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert(
        "sub".to_owned(),
        texts::user_id(person.id, person.connection).into(),
    );
    if scopes.profile {
        let nickname = person.email.split('@').next().unwrap_or_default();
        claims.insert("nickname".to_owned(), nickname.into());
        claims.insert("name".to_owned(), person.email.as_str().into());
        claims.insert(
            "picture".to_owned(),
            "https://pictures.example/avatar.png".into(),
        );
        // Auth0 writes RFC 3339 here, not the number that OpenID Connect asks for.
        claims.insert("updated_at".to_owned(), "2026-01-01T00:00:00.000Z".into());
    }
    if scopes.email {
        claims.insert("email".to_owned(), person.email.as_str().into());
        claims.insert("email_verified".to_owned(), person.verified.into());
    }
    claims
}

/// The bearer token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
        .map(str::trim)
}

pub(super) async fn userinfo(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
) -> Response {
    let presented = bearer(&headers).and_then(|text| {
        face.parties_of(text)
            .verify_access_token(Face::keys(), text)
    });
    let token = presented.unwrap_or(texts::NO_TOKEN);
    let asked = face.ask(
        &exchange,
        Call::UserInfo { token },
        |behind, reply| match reply {
            Reply::UserInfo(told) => {
                let person = Person::of(behind, face.directory(), token.subject);
                Some((told, person))
            }
            _ => None,
        },
    );
    let mut response = asked
        .answer(exchange, |(told, person)| {
            let Some(id) = told.subject else {
                return json_answer(StatusCode::OK, &Value::Object(Map::new()));
            };
            let email = told.email.map(|email: Email| face.directory().text(email));
            let scopes = Scopes {
                email: email.is_some(),
                ..token.scopes
            };
            let person = Person {
                id,
                email: email.unwrap_or(person.email),
                verified: told.verified,
                ..person
            };
            json_answer(StatusCode::OK, &claims_of(&person, scopes).into())
        })
        .await;
    response.headers_mut().insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}
