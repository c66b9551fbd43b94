//! Members' magic links: to log in, to sign up, and to be invited with.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::consumer::{describe, life_of, metadata_fits};
use super::super::link;
use super::super::problem::Bad;
use super::{email_id, entered, mailed, picture, whom, whose, with_domain, with_organization};
use crate::email::Email;
use crate::stytch::{Call, Errand, Membership, OrgId, With};
use crate::time::Span;

pub(super) async fn login_or_signup(ask: Ask) -> Done {
    let (org, email) = whom(&ask)?;
    let known = ask.face.project().find_user(email, Some(org)).is_some();
    let login = life_of(&ask, "login_expiration_minutes")?;
    let signup = life_of(&ask, "signup_expiration_minutes")?;
    let (life, url) = if known {
        let url = ask
            .fields
            .url("login_redirect_url", "invalid_login_redirect_url")?;
        (login, url)
    } else {
        let url = ask
            .fields
            .url("signup_redirect_url", "invalid_signup_redirect_url")?;
        (signup, url)
    };
    let challenge = ask
        .challenge("pkce_code_challenge")?
        .or(ask.challenge("login_code_challenge")?);
    let with = With {
        challenged: challenge.is_some(),
        ..with_domain(&ask, org)?
    };
    let got = if life.is_none() {
        let org = Some(org);
        ask.call_with(with, &Call::SendMagicLink { email, org })?
    } else {
        let errand = Errand::SendMagicLink {
            email,
            org: Some(org),
            create: true,
            life,
        };
        ask.errand_with(with, &errand)?
    };
    let (token, created, took) = mailed(got)?;
    ask.bind(token, challenge);
    let text = ask.face.0.names.login_token(token);
    let url = url.map(|base| link(base, "multi_tenant_magic_links", &text));
    ask.face.deliver(email, "magic_link", text, url);
    sent(&ask, org, email, created, took)
}

/// The answer to a mail that a member may have been created for.
pub(super) fn sent(ask: &Ask, org: OrgId, email: Email, created: bool, took: Span) -> Done {
    let found = ask.face.project().find_user(email, Some(org));
    let member = found.ok_or_else(|| odd(took))?;
    let mut body = with_organization(ask, &picture(ask, member, None, took)?);
    body.insert("member_created".into(), json!(created));
    Ok(Good::new(took, Value::Object(body)))
}

pub(super) fn invite(ask: &Ask) -> Done {
    let (org, email) = whom(ask)?;
    let life = life_of(ask, "invite_expiration_minutes")?;
    let url = ask
        .fields
        .url("invite_redirect_url", "invalid_invite_redirect_url")?;
    metadata_fits(ask, None)?;
    let with = with_domain(ask, org)?;
    let invite = Membership::Invite {
        email,
        org: Some(org),
        life,
    };
    let (token, created, took) = mailed(ask.errand_with(with, &Errand::Membership(invite))?)?;
    let found = ask.face.project().find_user(email, Some(org));
    let member = found.ok_or_else(|| odd(took))?;
    describe(ask, member, Some(org)).map_err(|problem| Bad::Told { problem, took })?;
    let text = ask.face.0.names.login_token(token);
    let url = url.map(|base| link(base, "multi_tenant_magic_links", &text));
    ask.face.deliver(email, "invite", text, url);
    sent(ask, org, email, created, took)
}

pub(super) async fn follow(ask: Ask) -> Done {
    let text = ask.fields.needed("magic_links_token")?;
    let duration = ask.fields.duration()?;
    let token = ask.link_token(text)?;
    let with = ask.with_verifier(token, "pkce_code_verifier")?;
    let got = ask.call_with(with, &Call::MagicLink { token, duration })?;
    let method = whose(&ask, &got.0).map(|member| email_id(&ask, member));
    let extra = json!({ "method_id": method, "reset_sessions": false });
    entered(&ask, got, extra).await
}
