//! Members' passwords: sign up (a route of the mock's), log in, import, reset and replace.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::book::Secret;
use super::super::consumer::{
    already_has_one, check_external_id, describe, life_of, metadata_fits, phone_of,
};
use super::super::hashes::Imported;
use super::super::link;
use super::super::problem::Problem;
use super::super::strength;
use super::{email_id, entered, mailed, org_of, picture, shown, whom, whose, with_organization};
use crate::email::Email;
use crate::stytch::{Call, Enter, Errand, ErrandReply, Keep, OrgId, UserId, Vertical, With};
use crate::time::Span;

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
    let (org, email) = whom(&ask)?;
    let password = ask.fields.needed("password")?;
    let duration = ask.fields.duration()?;
    let with = ask.with()?;
    let proof = ask.proof(email, Some(org), password).await;
    let call = Call::Password {
        email,
        org: Some(org),
        proof,
        duration,
    };
    let got = ask.call_with(with, &call)?;
    entered(&ask, got, json!({})).await
}

pub(super) async fn strength_check(ask: Ask) -> Done {
    let password = ask.fields.needed("password")?;
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    Ok(Good::new(took, strength::told(password, Vertical::B2b)))
}

pub(super) async fn migrate(ask: Ask) -> Done {
    let (org, email) = whom(&ask)?;
    let hash = Imported::read(&ask.fields)?;
    check_external_id(&ask, &ask.fields, Some(org), None)?;
    metadata_fits(&ask, None)?;
    let phone = ask.fields.phone("mfa_phone_number")?;
    let proved = ask
        .fields
        .flag("set_phone_number_verified")?
        .unwrap_or(false);
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
    if let Some(number) = phone {
        let phone = phone_of(&ask, number);
        let keep = Keep::SetPhone {
            user,
            phone,
            verified: proved,
        };
        ask.any_errand(&Errand::Keep(keep))?;
    }
    let mut body = with_organization(&ask, &picture(&ask, user, None, took)?);
    body.insert("member_created".into(), json!(created));
    Ok(Good::new(took, Value::Object(body)))
}

pub(super) async fn start_reset(ask: Ask) -> Done {
    let (org, email) = whom(&ask)?;
    let challenge = ask.challenge("code_challenge")?;
    let life = life_of(&ask, "reset_password_expiration_minutes")?;
    let invalid = "invalid_password_reset_redirect_url";
    let url = ask.fields.url("reset_password_redirect_url", invalid)?;
    let with = With {
        challenged: challenge.is_some(),
        ..With::default()
    };
    let errand = Errand::StartReset {
        email,
        org: Some(org),
        life,
    };
    let (token, _, took) = mailed(ask.errand_with(with, &errand)?)?;
    ask.bind(token, challenge);
    let text = ask.face.0.names.login_token(token);
    let url = url.map(|base| link(base, "multi_tenant_passwords", &text));
    ask.face.deliver(email, "reset", text, url);
    let found = ask.face.project().find_user(email, Some(org));
    let member = found.ok_or_else(|| odd(took))?;
    let mut body = with_organization(&ask, &picture(&ask, member, None, took)?);
    body.insert("member_email_id".into(), json!(email_id(&ask, member)));
    Ok(Good::new(took, Value::Object(body)))
}

pub(super) async fn finish_reset(ask: Ask) -> Done {
    let text = ask.fields.needed("password_reset_token")?;
    let password = ask.fields.needed("password")?;
    ask.face.check_strength(password)?;
    let duration = ask.fields.duration()?;
    let token = ask.face.0.names.read_login_token(text);
    // A reset ends every session: there is none left to join.
    let with = With {
        session: None,
        ..ask.with_verifier(token, "code_verifier")?
    };
    let got = ask.errand_with(with, &Errand::FinishReset { token, duration })?;
    let member = whose(&ask, &got.0).ok_or_else(|| odd(got.1))?;
    ask.face.choose(member, password);
    let extra = json!({ "member_email_id": email_id(&ask, member) });
    entered(&ask, got, extra).await
}

pub(super) fn require_reset(ask: &Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email_address")?);
    let org = ask.fields.text("organization_id")?;
    let members: Vec<UserId> = {
        let org = org.map(|text| ask.face.org_named(text));
        let project = ask.face.project();
        let of = |org: OrgId| project.find_user(email, Some(org));
        let actor = ask.actor.as_ref();
        match org {
            Some(org) => vec![of(org).unwrap_or(UserId(u32::MAX))],
            // Whoever acts as a member does so in their organization.
            None => project
                .orgs_from(OrgId(0))
                .filter(|it| actor.is_none_or(|actor| actor.person.org == Some(it.id)))
                .filter_map(|it| of(it.id))
                .collect(),
        }
    };
    let mut took = Span::ZERO;
    for member in &members {
        took = ask.errand(&Errand::Enter(Enter::RequireReset(*member)))?.1;
    }
    match (org, members.first()) {
        (Some(_), Some(member)) => shown(ask, *member, took),
        _ => Ok(Good::new(took, json!({}))),
    }
}

pub(super) async fn replace(ask: Ask) -> Done {
    let (org, email) = whom(&ask)?;
    let old = ask.fields.needed("existing_password")?;
    let new = ask.fields.needed("new_password")?;
    ask.face.check_strength(new)?;
    let duration = ask.fields.duration()?;
    ask.with()?;
    let proof = ask.proof(email, Some(org), old).await;
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

pub(super) async fn reset_by_session(ask: Ask) -> Done {
    let org = org_of(&ask)?;
    let password = ask.fields.needed("password")?;
    ask.face.check_strength(password)?;
    let duration = ask.fields.duration()?;
    let token = ask.session()?.token();
    let owner = {
        let project = ask.face.project();
        let row = project.session(token.session);
        row.and_then(|row| project.user(row.user))
    };
    if owner.is_some_and(|owner| owner.org != Some(org)) {
        return Err(Problem::no_session().into());
    }
    let reset = Enter::ResetBySession { token, duration };
    let got = ask.errand(&Errand::Enter(reset))?;
    let member = whose(&ask, &got.0).ok_or_else(|| odd(got.1))?;
    ask.face.choose(member, password);
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
