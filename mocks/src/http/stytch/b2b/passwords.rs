//! Members' passwords: sign up (a route of the mock's), log in, import, reset and replace.

use serde_json::{Value, json};

use super::super::ask::{Ask, Done, Good, odd};
use super::super::book::Secret;
use super::super::consumer::{already_has_one, check_external_id, describe};
use super::super::hashes::Imported;
use super::super::link;
use super::super::problem::Problem;
use super::{email_id, entered, no_attaching, org_of, picture, with_organization};
use crate::email::Email;
use crate::stytch::{Call, Errand, ErrandReply, OrgId, Reply, UserId};

fn whom(ask: &Ask) -> Result<(OrgId, Email), Problem> {
    Ok((
        org_of(ask)?,
        ask.face.email(ask.fields.address("email_address")?),
    ))
}

pub(super) async fn sign_up(ask: Ask) -> Done {
    let (org, email) = whom(&ask)?;
    let password = ask.fields.needed("password")?;
    let call = Call::SignUp {
        email,
        org: Some(org),
        duration: ask.fields.duration()?,
    };
    let got = ask.call(&call)?;
    remember(&ask, org, email, password)?;
    entered(&ask, got, json!({})).await
}

pub(super) async fn authenticate(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let (org, email) = whom(&ask)?;
    let duration = ask.fields.duration()?;
    let proof = ask
        .face
        .proof(email, Some(org), ask.fields.needed("password")?)
        .await;
    let got = ask.call(&Call::Password {
        email,
        org: Some(org),
        proof,
        duration,
    })?;
    entered(&ask, got, json!({})).await
}

pub(super) async fn migrate(ask: Ask) -> Done {
    let (org, email) = whom(&ask)?;
    let hash = Imported::read(&ask.fields)?;
    check_external_id(&ask, &ask.fields, Some(org), None)?;
    let errand = Errand::ImportPassword {
        email,
        org: Some(org),
        verified: true,
    };
    let (reply, took) = ask.any_errand(&errand).map_err(already_has_one)?;
    let ErrandReply::Imported { user, created } = reply else {
        return Err(odd(took));
    };
    ask.face.book().secrets.insert(user, Secret::Imported(hash));
    describe(&ask, user, Some(org))?;
    let mut body = with_organization(&ask, &picture(&ask, user, None, took)?);
    body.insert("member_created".into(), json!(created));
    Ok(Good::new(took, Value::Object(body)))
}

pub(super) async fn start_reset(ask: Ask) -> Done {
    let (org, email) = whom(&ask)?;
    let (reply, took) = ask.errand(&Errand::StartReset {
        email,
        org: Some(org),
    })?;
    let Reply::Mailed { token, .. } = reply else {
        return Err(odd(took));
    };
    let text = ask.face.0.names.login_token(token);
    let url = ask.fields.text("reset_password_redirect_url")?;
    let url = url.map(|base| link(base, "multi_tenant_passwords", &text));
    ask.face.deliver(email, "reset", text, url);
    let found = ask.face.project().find_user(email, Some(org));
    let member = found.ok_or_else(|| odd(took))?;
    let mut body = with_organization(&ask, &picture(&ask, member, None, took)?);
    body.insert("member_email_id".into(), json!(email_id(&ask, member)));
    Ok(Good::new(took, Value::Object(body)))
}

pub(super) async fn finish_reset(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let token = ask
        .face
        .0
        .names
        .read_login_token(ask.fields.needed("password_reset_token")?);
    let password = ask.fields.needed("password")?;
    let duration = ask.fields.duration()?;
    let got = ask.errand(&Errand::FinishReset { token, duration })?;
    let member = member_of(&ask, &got.0).ok_or_else(|| odd(got.1))?;
    ask.face.choose(member, password);
    let extra = json!({ "member_email_id": email_id(&ask, member) });
    entered(&ask, got, extra).await
}

pub(super) async fn replace(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let (org, email) = whom(&ask)?;
    let new = ask.fields.needed("new_password")?;
    let duration = ask.fields.duration()?;
    let proof = ask
        .face
        .proof(email, Some(org), ask.fields.needed("existing_password")?)
        .await;
    let errand = Errand::ReplacePassword {
        email,
        org: Some(org),
        proof,
        duration,
    };
    let got = ask.errand(&errand)?;
    remember(&ask, org, email, new)?;
    entered(&ask, got, json!({})).await
}

fn remember(ask: &Ask, org: OrgId, email: Email, password: &str) -> Result<(), Problem> {
    let member = ask.face.project().find_user(email, Some(org));
    if let Some(member) = member {
        ask.face.choose(member, password);
        describe(ask, member, Some(org))?;
    }
    Ok(())
}

/// Whom a login is about, finished or halfway.
fn member_of(ask: &Ask, reply: &Reply) -> Option<UserId> {
    match reply {
        Reply::Session(opened) => Some(opened.jwt.subject),
        Reply::SecondFactorNeeded(token) => {
            ask.face
                .project()
                .intermediate(*token, ask.exchange.stamp().at)?
                .1
        }
        _ => None,
    }
}
