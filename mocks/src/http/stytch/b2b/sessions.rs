//! Member sessions: migrate, authenticate, exchange, revoke, list.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::Ask;
use super::super::consumer::none_to_revoke;
use super::super::names::Kind;
use super::super::problem::Problem;
use super::{entered, member_named, org_of, picture};
use crate::stytch::{Call, Enter, Errand, Reply, UserId};

pub(super) async fn migrate(ask: Ask) -> Done {
    let legacy = ask.fields.needed("session_token")?;
    let duration = ask.fields.duration()?;
    let got = ask.migrate(legacy, Some(org_of(&ask)?), duration).await?;
    entered(&ask, got, json!({})).await
}

pub(super) async fn authenticate(ask: Ask) -> Done {
    let duration = ask.fields.duration()?;
    let session = ask.session_or_sandbox()?;
    let verdict = ask.verdict(session.token().session)?;
    let got = ask.call(&session.authenticate(duration))?;
    entered(&ask, got, json!({ "verdict": verdict })).await
}

pub(super) async fn attest(ask: Ask) -> Done {
    let profile = ask.profile()?;
    let token = ask.fields.needed("token")?;
    let duration = ask.fields.duration()?;
    let with = ask.with()?;
    let org = ask.fields.text("organization_id")?;
    let org = org.map(|text| ask.face.org_named(text));
    let attested = ask.attest(profile, token, org).await;
    let enter = Enter::Attest {
        seen: attested.seen,
        creates: profile.creates,
        org: attested.org,
        duration,
    };
    let got = ask.errand_with(with, &Errand::Enter(enter))?;
    if let Reply::Session(opened) = got.0 {
        let mut book = ask.face.book();
        book.token_ids.put(opened.token.session, attested.token_id);
    }
    entered(&ask, got, json!({})).await
}

pub(super) async fn impersonate(ask: Ask) -> Done {
    let text = ask.fields.needed("impersonation_token")?;
    let token = ask.face.0.names.read_login_token(text);
    let got = ask.errand(&Errand::Enter(Enter::Impersonate(token)))?;
    entered(&ask, got, json!({})).await
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
    let named = [
        "member_id",
        "member_session_id",
        "session_token",
        "session_jwt",
    ];
    if named
        .iter()
        .filter(|name| ask.fields.raw(name).is_some())
        .count()
        > 1
    {
        let message = "Only one of member_session_id, session_token, session_jwt and member_id may be provided.";
        return Err(Problem::bad("too_many_session_revoke_arguments", message).into());
    }
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
        Some(id) => ask.session_of(id),
        None => ask.session().map_err(none_to_revoke)?.token(),
    };
    let (_, took) = ask.call(&Call::Revoke { token })?;
    Ok(Good::new(took, json!({})))
}

pub(super) async fn list(ask: Ask) -> Done {
    let org = ask.face.org_named(ask.query.needed("organization_id")?);
    let member = member_named(&ask, org, ask.query.needed("member_id")?);
    let (_, took) = ask.errand(&Errand::ListSessions(member))?;
    let now = ask.exchange.stamp().at;
    let rows: Vec<_> = ask.face.project().sessions_of(member, now).collect();
    let whose = picture(&ask, member, None, took)?;
    let sessions: Vec<Value> = rows
        .iter()
        .map(|row| json!(ask.face.session(row, &whose)))
        .collect();
    Ok(Good::new(took, json!({ "member_sessions": sessions })))
}
