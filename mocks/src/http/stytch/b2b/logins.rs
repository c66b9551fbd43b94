//! Members' logins without a password: magic links, OAuth, and the second factor by SMS.

use serde_json::{Value, json};

use super::super::ask::{Ask, Done, Good, odd};
use super::super::consumer::{consent, provider};
use super::super::link;
use super::super::objects;
use super::{
    email_id, entered, member_named, no_attaching, org_named, org_of, picture, with_organization,
};
use crate::stytch::{Call, Errand, IntermediateToken, Proof, Reply, UserId};

pub(super) async fn login_or_signup(ask: Ask) -> Done {
    let org = Some(org_of(&ask)?);
    let email = ask.face.email(ask.fields.address("email_address")?);
    let known = ask.face.project().find_user(email, org).is_some();
    let (life, url) = if known {
        ("login_expiration_minutes", "login_redirect_url")
    } else {
        ("signup_expiration_minutes", "signup_redirect_url")
    };
    let life = ask.fields.minutes(life, 5, 10_080)?;
    let url = ask.fields.text(url)?;
    let (reply, took) = if life.is_none() {
        ask.call(&Call::SendMagicLink { email, org })?
    } else {
        ask.errand(&Errand::SendMagicLink {
            email,
            org,
            create: true,
            life,
        })?
    };
    let Reply::Mailed { token, created } = reply else {
        return Err(odd(took));
    };
    let text = ask.face.0.names.login_token(token);
    let url = url.map(|base| link(base, "multi_tenant_magic_links", &text));
    ask.face.deliver(email, "magic_link", text, url);
    let found = ask.face.project().find_user(email, org);
    let member = found.ok_or_else(|| odd(took))?;
    let mut body = with_organization(&ask, &picture(&ask, member, None, took)?);
    body.insert("member_created".into(), json!(created));
    Ok(Good::new(took, Value::Object(body)))
}

pub(super) async fn follow_link(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let token = ask
        .face
        .0
        .names
        .read_login_token(ask.fields.needed("magic_links_token")?);
    let duration = ask.fields.duration()?;
    let got = ask.call(&Call::MagicLink { token, duration })?;
    let method = whose(&ask, &got.0).map(|member| email_id(&ask, member));
    entered(
        &ask,
        got,
        json!({ "method_id": method, "reset_sessions": false }),
    )
    .await
}

pub(super) async fn start_oauth(ask: Ask) -> Done {
    let provider = provider(&ask)?;
    let email = ask.face.email(ask.query.address("login_hint")?);
    let org = match ask.query.text("organization_id")? {
        Some(id) => org_named(&ask, id),
        None => org_named(&ask, ask.query.needed("slug")?),
    };
    let (reply, took) = ask.call(&Call::StartOAuth {
        email,
        org: Some(org),
    })?;
    let Reply::Mailed { token, created } = reply else {
        return Err(odd(took));
    };
    let member = ask.face.project().find_user(email, Some(org));
    if let Some(member) = member {
        ask.face.book().people.entry(member).or_default().provider = Some(provider);
    }
    consent(&ask, token, created, took)
}

pub(super) async fn oauth(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let token = ask
        .face
        .0
        .names
        .read_login_token(ask.fields.needed("oauth_token")?);
    let duration = ask.fields.duration()?;
    let got = ask.call(&Call::OAuth { token, duration })?;
    let member = whose(&ask, &got.0).ok_or_else(|| odd(got.1))?;
    let provider = ask.face.profile(member).provider.unwrap_or("google");
    let extra = json!({
        "provider_subject": objects::provider_subject(member),
        "provider_type": objects::provider_type(provider),
        "provider_values": {
            "access_token": "", "refresh_token": "", "id_token": "", "scopes": [],
            "expires_at": null,
        },
        "reset_sessions": false,
    });
    entered(&ask, got, extra).await
}

fn intermediate(ask: &Ask) -> Result<IntermediateToken, super::super::problem::Problem> {
    ask.not_modelled(&["session_token", "session_jwt"])?;
    let text = ask.fields.needed("intermediate_session_token")?;
    Ok(ask.face.0.names.read_intermediate_token(text))
}

pub(super) async fn send_sms(ask: Ask) -> Done {
    let token = intermediate(&ask)?;
    let member = member_named(&ask, org_of(&ask)?, ask.fields.needed("member_id")?);
    let (_, took) = ask.errand(&Errand::SendSms(token))?;
    let picture = picture(&ask, member, None, took)?;
    if let Some(phone) = ask.fields.text("mfa_phone_number")? {
        phone.clone_into(&mut ask.face.book().people.entry(member).or_default().phone);
    }
    // The message goes to the member's mailbox as well: whoever plays them reads only that.
    ask.face.deliver(
        picture.user.email,
        "sms",
        ask.face.0.names.code("sms", token.0),
        None,
    );
    Ok(Good::new(
        took,
        Value::Object(with_organization(&ask, &picture)),
    ))
}

pub(super) async fn sms(ask: Ask) -> Done {
    let token = intermediate(&ask)?;
    let right = ask.face.0.names.code("sms", token.0) == ask.fields.needed("code")?;
    let proof = if right {
        Proof::RightCode
    } else {
        Proof::WrongCode
    };
    let duration = ask.fields.duration()?;
    let got = ask.call(&Call::SecondFactor {
        token,
        proof,
        duration,
    })?;
    entered(&ask, got, json!({})).await
}

fn whose(ask: &Ask, reply: &Reply) -> Option<UserId> {
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
