//! Member sessions: migrate, authenticate, exchange, revoke, list.

use serde_json::{Value, json};

use super::super::ask::{Ask, Done, Good, Session};
use super::super::consumer::none_to_revoke;
use super::super::names::Kind;
use super::{entered, member_named, org_named, org_of, picture};
use crate::stytch::{Call, Errand, SessionToken, UserId};

pub(super) async fn migrate(ask: Ask) -> Done {
    let legacy = ask.fields.needed("session_token")?;
    let duration = ask.fields.duration()?;
    let got = ask.migrate(legacy, Some(org_of(&ask)?), duration).await?;
    entered(&ask, got, json!({})).await
}

pub(super) async fn authenticate(ask: Ask) -> Done {
    ask.not_modelled(&["authorization_check"])?;
    let duration = ask.fields.duration()?;
    let call = match ask.session()? {
        Session::Token(token) => Call::Authenticate { token, duration },
        Session::Jwt(jwt) => Call::AuthenticateJwt { jwt, duration },
    };
    let got = ask.call(&call)?;
    entered(&ask, got, json!({ "verdict": null })).await
}

pub(super) async fn exchange(ask: Ask) -> Done {
    let org = org_of(&ask)?;
    let token = ask.session()?.token();
    let got = ask.errand(&Errand::Exchange {
        token,
        org,
        duration: ask.fields.duration()?,
    })?;
    entered(&ask, got, json!({})).await
}

pub(super) async fn revoke(ask: Ask) -> Done {
    if let Some(member) = ask.fields.text("member_id")? {
        let member = ask
            .face
            .0
            .names
            .read_id(Kind::Member, member)
            .map_or(UserId(u32::MAX), UserId);
        let (_, took) = ask.errand(&Errand::RevokeAll(member))?;
        return Ok(Good::new(took, json!({})));
    }
    let token = match ask.fields.text("member_session_id")? {
        Some(id) => {
            let session = ask
                .face
                .0
                .names
                .read_id(Kind::Session, id)
                .unwrap_or(u32::MAX);
            SessionToken { session, handle: 0 }
        }
        None => ask.session().map_err(none_to_revoke)?.token(),
    };
    let (_, took) = ask.call(&Call::Revoke { token })?;
    Ok(Good::new(took, json!({})))
}

pub(super) async fn list(ask: Ask) -> Done {
    let org = org_named(&ask, ask.query.needed("organization_id")?);
    let member = member_named(&ask, org, ask.query.needed("member_id")?);
    let (_, took) = ask.errand(&Errand::ListSessions(member))?;
    let now = ask.exchange.stamp().at;
    let rows: Vec<_> = ask.face.project().sessions_of(member, now).collect();
    let whose = picture(&ask, member, None, took)?;
    let sessions: Vec<Value> = rows
        .iter()
        .map(|row| ask.face.session(row, &whose))
        .collect();
    Ok(Good::new(took, json!({ "member_sessions": sessions })))
}
