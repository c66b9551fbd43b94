//! Magic links: mailed, invited with, or delivered by the application itself.

use serde_json::json;

use super::super::answering::{Done, Good};
use super::super::ask::Ask;
use super::super::link;
use super::super::names::Kind;
use super::super::problem::{Bad, Problem};
use super::users::describe;
use super::{address, email_id, entered, mailed, user_named};
use crate::stytch::{Call, Errand, Keep, Membership, UserId, With};
use crate::time::Span;

/// How long a link is to be good, from a field of minutes.
pub(in super::super) fn life_of(ask: &Ask, name: &str) -> Result<Option<Span>, Problem> {
    ask.fields.minutes_or(name, 5, 10_080, "invalid_expiration")
}

pub(super) async fn login_or_create(ask: Ask) -> Done {
    let pending = ask.fields.flag("create_user_as_pending")?;
    let with = With {
        pending: pending.unwrap_or(false),
        ..With::default()
    };
    send(&ask, with, true)
}

pub(super) async fn send_link(ask: Ask) -> Done {
    let with = whose(&ask)?;
    send(&ask, with, false)
}

/// Whom a new address or number is for, by id or by session; nobody: for whoever has it.
pub(super) fn whose(ask: &Ask) -> Result<With, Problem> {
    let with = ask.with()?;
    let user = ask.fields.text("user_id")?;
    Ok(With {
        user: user.map(|text| user_named(ask, text)),
        ..with
    })
}

fn send(ask: &Ask, with: With, create: bool) -> Done {
    let (_, email) = address(ask, "email")?;
    let challenge = ask.challenge("code_challenge")?;
    let known = ask.face.project().find_user(email, None).is_some();
    // Both are checked, whichever is used.
    let login = life_of(ask, "login_expiration_minutes")?;
    let signup = life_of(ask, "signup_expiration_minutes")?;
    let (login_url, signup_url) = (
        ask.fields
            .url("login_magic_link_url", "invalid_login_magic_link_url")?,
        ask.fields
            .url("signup_magic_link_url", "invalid_signup_magic_link_url")?,
    );
    let (life, url) = if known {
        (login, login_url)
    } else {
        (signup, signup_url)
    };
    let with = With {
        challenged: challenge.is_some(),
        ..with
    };
    let got = if create && life.is_none() {
        ask.call_with(with, &Call::SendMagicLink { email, org: None })?
    } else {
        let errand = Errand::SendMagicLink {
            email,
            org: None,
            create,
            life,
        };
        ask.errand_with(with, &errand)?
    };
    let (token, created, took) = mailed(got)?;
    ask.bind(token, challenge);
    let text = ask.face.0.names.login_token(token);
    let url = url.map(|base| link(base, "magic_links", &text));
    ask.face.deliver(email, "magic_link", text, url);
    let user = ask.face.project().find_user(email, None);
    let user = user.unwrap_or(UserId(u32::MAX));
    let body = json!({
        "user_id": ask.face.person_id(user),
        "email_id": email_id(ask, user, email),
        "user_created": created,
    });
    Ok(Good::new(took, body))
}

pub(super) async fn invite(ask: Ask) -> Done {
    let (_, email) = address(&ask, "email")?;
    let life = life_of(&ask, "invite_expiration_minutes")?;
    let url = ask
        .fields
        .url("invite_magic_link_url", "invalid_invite_magic_link_url")?;
    let invite = Membership::Invite {
        email,
        org: None,
        life,
    };
    let (token, _, took) = mailed(ask.errand(&Errand::Membership(invite))?)?;
    let user = ask.face.project().find_user(email, None);
    let user = user.unwrap_or(UserId(u32::MAX));
    describe(&ask, user, None).map_err(|problem| Bad::Told { problem, took })?;
    let text = ask.face.0.names.login_token(token);
    let url = url.map(|base| link(base, "magic_links", &text));
    ask.face.deliver(email, "invite", text, url);
    let body = json!({
        "user_id": ask.face.person_id(user),
        "email_id": email_id(&ask, user, email),
    });
    Ok(Good::new(took, body))
}

pub(super) async fn revoke_invite(ask: Ask) -> Done {
    let (_, email) = address(&ask, "email")?;
    let user = ask.face.project().find_user(email, None);
    let revoke = Membership::RevokeInvite(email);
    let (_, took) = ask.errand(&Errand::Membership(revoke))?;
    if let Some(user) = user {
        ask.face.book().forget_person(None, user);
    }
    Ok(Good::new(took, json!({})))
}

pub(super) async fn create(ask: Ask) -> Done {
    let user = user_named(&ask, ask.fields.needed("user_id")?);
    let life = life_of(&ask, "expiration_minutes")?;
    let keep = Errand::Keep(Keep::Link { user, life });
    let (token, _, took) = mailed(ask.errand(&keep)?)?;
    ask.bind(token, None);
    let body = json!({
        "user_id": ask.face.person_id(user),
        "token": ask.face.0.names.login_token(token),
    });
    Ok(Good::new(took, body))
}

pub(super) async fn follow(ask: Ask) -> Done {
    let text = ask.fields.needed("token")?;
    let duration = ask.fields.duration()?;
    let token = ask.link_token(text)?;
    let with = ask.with_verifier(token, "code_verifier")?;
    let address = ask.face.project().address_of(token);
    let got = ask.call_with(with, &Call::MagicLink { token, duration })?;
    let method = match (super::user_of(&got.0), address) {
        (Some(user), Some(address)) => Some(email_id(&ask, user, address)),
        (Some(_), None) => Some(ask.face.0.names.id(Kind::Embedded, token.0)),
        (None, _) => None,
    };
    let extra = json!({ "method_id": method, "reset_sessions": false });
    entered(&ask, got, "session", extra).await
}
