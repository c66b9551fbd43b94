//! What members have, and where they stand: brought back, taken from, renamed.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::consumer::{in_otp_words, provider_text};
use super::super::link;
use super::super::names::Kind;
use super::super::problem::Problem;
use super::super::providers;
use super::{mailed, member_of_path, org_of_path, shown};
use crate::email::Email;
use crate::stytch::{
    Errand, ErrandReply, Keep, LoginToken, MeansId, Membership, Provider, Thing, UserId,
};

pub(super) fn reactivate(ask: &Ask) -> Done {
    let (_, member) = member_of_path(ask);
    let reactivate = Errand::Membership(Membership::Reactivate(member));
    let (_, took) = ask.errand(&reactivate)?;
    shown(ask, member, took)
}

pub(super) fn remove_external_id(ask: &Ask) -> Done {
    let (org, member) = member_of_path(ask);
    let (_, took) = ask.errand(&Errand::read(Some(member), Some(org)))?;
    ask.face.book().forget_external_id(Some(org), member);
    shown(ask, member, took)
}

fn remove(ask: &Ask, member: UserId, thing: Thing, id: Option<MeansId>) -> Done {
    let keep = Keep::Delete {
        thing,
        id: id.unwrap_or(MeansId(u32::MAX)),
    };
    let (_, took) = ask.any_errand(&Errand::Keep(keep))?;
    shown(ask, member, took)
}

/// Somebody who exists, as far as the machine's own checks go.
fn known(ask: &Ask, member: UserId) -> Result<(), super::super::problem::Bad> {
    let read = Errand::read(Some(member), None);
    if ask.face.project().user(member).is_some() {
        return Ok(());
    }
    ask.errand(&read).map(drop)
}

pub(super) fn remove_totp(ask: &Ask) -> Done {
    let (_, member) = member_of_path(ask);
    known(ask, member)?;
    let totps = ask.face.project().means(member).totps;
    remove(ask, member, Thing::Totp, totps.last().map(|totp| totp.id))
}

pub(super) fn remove_phone(ask: &Ask) -> Done {
    let (_, member) = member_of_path(ask);
    known(ask, member)?;
    let phones = ask.face.project().means(member).phones;
    remove(
        ask,
        member,
        Thing::Phone,
        phones.first().map(|owned| owned.id),
    )
}

pub(super) fn remove_password(ask: &Ask) -> Done {
    let org = org_of_path(ask);
    let id = ask
        .face
        .0
        .names
        .read_id(Kind::MemberPassword, ask.path("member_password_id"));
    let member = UserId(id.unwrap_or(u32::MAX));
    let here = ask
        .face
        .project()
        .user(member)
        .is_some_and(|it| it.org == Some(org));
    let id = here.then_some(MeansId(member.0));
    let keep = Keep::Delete {
        thing: Thing::Password,
        id: id.unwrap_or(MeansId(u32::MAX)),
    };
    let (reply, took) = ask.any_errand(&Errand::Keep(keep))?;
    let ErrandReply::Has { user, .. } = reply else {
        return Err(odd(took));
    };
    ask.face.book().secrets.remove(&user);
    shown(ask, user, took)
}

fn retired(ask: &Ask, member: UserId) -> Result<Email, Problem> {
    let means = ask.face.project().means(member);
    match (
        ask.fields.text("email_id")?,
        ask.fields.text("email_address")?,
    ) {
        (None, None) => Err(Problem::bad(
            "retired_email_missing_email_identifiers",
            "One of email_id and email_address must be provided.",
        )),
        (Some(text), _) => {
            let id = ask.face.0.names.read_id(Kind::Email, text).map(MeansId);
            let found = means.retired.iter().find(|owned| Some(owned.id) == id);
            Ok(found.map_or(Email::lower(u32::MAX), |owned| owned.what))
        }
        (None, Some(_)) => Ok(ask.face.email(ask.fields.address("email_address")?)),
    }
}

pub(super) async fn unlink(ask: Ask) -> Done {
    let (_, member) = member_of_path(&ask);
    let email = retired(&ask, member)?;
    let unlink = Membership::Unlink { member, email };
    let (_, took) = ask.errand(&Errand::Membership(unlink))?;
    shown(&ask, member, took)
}

pub(super) async fn start_email_update(ask: Ask) -> Done {
    let (_, member) = member_of_path(&ask);
    let email = ask.face.email(ask.fields.address("email_address")?);
    let update = Membership::StartEmailUpdate { member, email };
    let got = ask
        .errand(&Errand::Membership(update))
        .map_err(in_otp_words)?;
    let (token, _, took) = mailed(got)?;
    mail(&ask, email, token)?;
    shown(&ask, member, took)
}

fn mail(ask: &Ask, email: Email, token: LoginToken) -> Result<(), Problem> {
    let text = ask.face.0.names.login_token(token);
    let url = ask
        .fields
        .url("login_redirect_url", "invalid_login_redirect_url")?;
    let url = url.map(|base| link(base, "multi_tenant_magic_links", &text));
    ask.face.deliver(email, "email_update", text, url);
    Ok(())
}

/// `GET …/oauth_providers/{provider}`: tokens that the mock's providers gave.
pub(super) async fn oauth_provider(ask: Ask) -> Done {
    let (org, member) = member_of_path(&ask);
    let name = ask.path("provider");
    let provider = providers::named(name).ok_or_else(super::super::unmodelled::no_route)?;
    let (_, took) = ask.errand(&Errand::read(Some(member), Some(org)))?;
    let ties = ask.face.project().means(member).ties;
    let tied = ties.iter().any(|tie| tie.provider == provider);
    if !tied {
        return Err(Problem {
            status: 404,
            error_type: "member_oauth_token_not_found",
            message: "The member has no token of this provider.".to_owned(),
        }
        .into());
    }
    let with_refresh = ask.query.switch("include_refresh_token")?;
    let told = info(&ask, member, provider, with_refresh);
    Ok(Good::new(took, told))
}

fn info(ask: &Ask, member: UserId, provider: Provider, with_refresh: bool) -> Value {
    let subject = super::super::objects::provider_subject(member);
    let secret = |purpose| provider_text(ask, purpose, member, provider);
    let one = json!({
        "provider_subject": subject,
        "provider_tenant_id": "",
        "provider_tenant_ids": [],
        "access_token": secret("provider-access"),
        "access_token_expires_in": 3600,
        "id_token": secret("provider-id"),
        "refresh_token": with_refresh.then(|| secret("provider-refresh")),
        "bot_access_token": "",
        "bot_scopes": [],
        "scopes": ["openid", "email", "profile"],
    });
    let mut body = json!({ "provider_type": providers::shown(provider), "registrations": [one] });
    if let (Value::Object(body), Value::Object(one)) = (&mut body, one) {
        body.extend(one);
    }
    body
}

pub(super) async fn oidc_providers(ask: Ask) -> Done {
    let (org, member) = member_of_path(&ask);
    let (_, took) = ask.errand(&Errand::read(Some(member), Some(org)))?;
    let with_refresh = ask.query.switch("include_refresh_token")?;
    let book = ask.face.book();
    let names = &ask.face.0.names;
    let registrations = book
        .sso_registrations
        .oidc_tokens(names, member, &book.sso, with_refresh);
    drop(book);
    Ok(Good::new(took, json!({ "registrations": registrations })))
}
