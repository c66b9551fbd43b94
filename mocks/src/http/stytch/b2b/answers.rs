//! What logins and changes of members are answered.

use serde_json::{Map, Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::objects::{self, Picture};
use super::super::problem::Bad;
use crate::stytch::{IntermediateToken, LoginToken, Method, Reply, UserId};
use crate::time::Span;

/// The answer to a login: member, organization, and a session or the question for a second factor.
pub(in super::super) async fn entered(ask: &Ask, got: (Reply, Span), extra: Value) -> Done {
    let (reply, took) = got;
    let mut body = match reply {
        Reply::Session(opened) => {
            ask.claim(opened.token.session)
                .map_err(|problem| Bad::Told { problem, took })?;
            let session = Some(opened.token.session);
            let picture = picture(ask, opened.jwt.subject, session, took)?;
            let face = &ask.face;
            let mut body = with_organization(ask, &picture);
            body.insert(
                "session_token".into(),
                json!(face.0.names.session_token(opened.token)),
            );
            let session = picture.session.map(|row| face.session(&row, &picture));
            let jwt = face.session_jwt(&opened.jwt, &picture, session.as_ref());
            body.insert("session_jwt".into(), json!(jwt.await));
            body.insert("member_session".into(), json!(session));
            body.insert("member_authenticated".into(), json!(true));
            body.insert("intermediate_session_token".into(), json!(""));
            body.insert("mfa_required".into(), Value::Null);
            body.insert("primary_required".into(), Value::Null);
            body
        }
        Reply::SecondFactorNeeded(token) => halfway(ask, token, took)?,
        _ => return Err(odd(took)),
    };
    body.insert("member_device".into(), Value::Null);
    if let Value::Object(extra) = extra {
        body.extend(extra);
    }
    Ok(Good::new(took, Value::Object(body)))
}

/// A login that waits for its second factor.
fn halfway(ask: &Ask, token: IntermediateToken, took: Span) -> Result<Map<String, Value>, Bad> {
    let now = ask.exchange.stamp().at;
    let found = ask.face.project().intermediate(token, now);
    let member = found
        .and_then(|(_, member)| member)
        .ok_or_else(|| odd(took))?;
    let picture = picture(ask, member, None, took)?;
    let mut body = with_organization(ask, &picture);
    let text = ask.face.0.names.intermediate_token(token);
    let (life, clock, lacks_primary) = {
        let project = ask.face.project();
        let life = project.settings().intermediate_life;
        (life, project.clock(now), project.lacks_primary(token, now))
    };
    body.insert("session_token".into(), json!(""));
    body.insert("session_jwt".into(), json!(""));
    body.insert("member_session".into(), Value::Null);
    body.insert("member_authenticated".into(), json!(false));
    body.insert("intermediate_session_token".into(), json!(text));
    let expires = objects::rfc3339(clock + life);
    body.insert(
        "intermediate_session_token_expires_at".into(),
        json!(expires),
    );
    let (primary, second) = if lacks_primary {
        (primary_required(&picture), Value::Null)
    } else {
        (Value::Null, mfa_required(ask, &picture))
    };
    body.insert("primary_required".into(), primary);
    body.insert("mfa_required".into(), second);
    Ok(body)
}

/// What a member needs for their second factor.
pub(super) fn mfa_required(ask: &Ask, picture: &Picture) -> Value {
    let member = ask.face.member(picture);
    json!({
        "member_options": {
            "mfa_phone_number": member["mfa_phone_number"],
            "totp_registration_id": member["totp_registration_id"],
        },
        "secondary_auth_initiated": null,
    })
}

/// The first factors that a member's organization allows.
fn primary_required(picture: &Picture) -> Value {
    let rules = picture.org.map(|org| org.rules);
    let allowed: Vec<&str> = Method::ALL
        .into_iter()
        .filter(|it| !it.is_second() && rules.is_none_or(|rules| rules.methods.has(*it)))
        .map(Method::name)
        .collect();
    json!({ "allowed_auth_methods": allowed })
}

/// Member and organization, as nearly every answer has them.
pub(super) fn with_organization(ask: &Ask, picture: &Picture) -> Map<String, Value> {
    let face = &ask.face;
    let mut body = Map::new();
    let organization = picture.org.map(|org| face.organization(&org));
    body.insert(
        "organization_id".into(),
        json!(picture.org.map(|org| face.organization_id(org.id))),
    );
    body.insert("organization".into(), json!(organization));
    body.insert("member_id".into(), json!(face.person_id(picture.user.id)));
    body.insert("member".into(), face.member(picture));
    body
}

/// A picture of someone whom the machine has just named.
pub(super) fn picture(
    ask: &Ask,
    member: UserId,
    session: Option<u32>,
    took: Span,
) -> Result<Picture, Bad> {
    let now = ask.exchange.stamp().at;
    // Gone between two looks: another call deleted them.
    Picture::take(&ask.face.project(), member, session, now).ok_or_else(|| odd(took))
}

/// What was mailed, and whether its reader was created.
pub(in super::super) fn mailed(got: (Reply, Span)) -> Result<(LoginToken, bool, Span), Bad> {
    match got {
        (Reply::Mailed { token, created }, took) => Ok((token, created, took)),
        (_, took) => Err(odd(took)),
    }
}

/// Whom a login is about, finished or halfway.
pub(in super::super) fn whose(ask: &Ask, reply: &Reply) -> Option<UserId> {
    match reply {
        Reply::Session(opened) => Some(opened.jwt.subject),
        Reply::SecondFactorNeeded(token) => {
            let now = ask.exchange.stamp().at;
            ask.face.project().intermediate(*token, now)?.1
        }
        _ => None,
    }
}

/// Member and organization as the answer to a change.
pub(super) fn shown(ask: &Ask, member: UserId, took: Span) -> Done {
    let picture = picture(ask, member, None, took)?;
    Ok(Good::new(
        took,
        Value::Object(with_organization(ask, &picture)),
    ))
}
