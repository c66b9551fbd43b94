//! What a browser asks about its own person, or before it is anybody's.

use serde_json::{Map, Value, json};

use super::super::super::answering::{Done, Good};
use super::super::super::ask::Ask;
use super::super::super::frontend::silent;
use super::super::super::problem::Problem;
use super::super::{
    links, logins, member_of, org_of, passwords, picture, second, shown as with_member,
};
use crate::stytch::{Errand, Means, MeansId, OrgId, UserId};

pub(super) async fn link_or_signup(ask: Ask) -> Done {
    links::login_or_signup(ask).await.map(silent)
}

pub(super) async fn code_or_signup(ask: Ask) -> Done {
    logins::code_or_signup(ask).await.map(silent)
}

pub(super) async fn start_reset(ask: Ask) -> Done {
    passwords::start_reset(ask).await.map(silent)
}

/// Refuses whoever is halfway in a new second factor, if they have one already: the first factor
/// alone would be enough otherwise. Stytch does not say what it answers.
fn may_enrol(ask: &Ask, member: UserId) -> Result<(), Problem> {
    let means = ask.face.project().means(member);
    let has_one = has_number(&means) || means.totps.iter().any(|totp| totp.verified);
    if !has_one || ask.maybe_intermediate()?.is_none() {
        return Ok(());
    }
    Err(Problem {
        status: 403,
        error_type: "session_authorization_error",
        message: "The member has a second factor: a new one takes a session.".to_owned(),
    })
}

fn has_number(means: &Means) -> bool {
    means.phones.iter().any(|phone| phone.verified)
}

/// Whoever is halfway in must not choose where the code goes, if there is a number already.
pub(super) async fn send_sms(mut ask: Ask) -> Done {
    let (_, member) = member_of(&ask)?;
    let means = ask.face.project().means(member);
    if !has_number(&means) {
        may_enrol(&ask, member)?;
    }
    if !means.phones.is_empty() && ask.maybe_intermediate()?.is_some() {
        ask.fields.take("mfa_phone_number");
    }
    second::send_sms(ask).await.map(silent)
}

pub(super) async fn sms(ask: Ask) -> Done {
    let (_, member) = member_of(&ask)?;
    if !has_number(&ask.face.project().means(member)) {
        may_enrol(&ask, member)?;
    }
    second::sms(ask).await
}

pub(super) async fn create_totp(ask: Ask) -> Done {
    may_enrol(&ask, member_of(&ask)?.1)?;
    second::create_totp(ask).await
}

/// An app that was never proved is a new factor, whenever it was made; so are its recovery codes.
fn may_prove(ask: &Ask, member: UserId, app: Option<MeansId>) -> Result<(), Problem> {
    let apps = ask.face.project().means(member).totps;
    let mut new = apps.iter().filter(|app| !app.verified);
    if new.any(|new| Some(new.id) == app) {
        may_enrol(ask, member)?;
    }
    Ok(())
}

pub(super) async fn totp(ask: Ask) -> Done {
    let (_, member) = member_of(&ask)?;
    let typed = ask.fields.code("code", "invalid_totp_code")?;
    let shown = ask.face.totp_code(member, typed, ask.exchange.stamp().at);
    may_prove(&ask, member, shown.map(|(app, _)| app))?;
    second::totp(ask).await
}

pub(super) async fn recover(ask: Ask) -> Done {
    let (_, member) = member_of(&ask)?;
    let code = ask
        .face
        .recovery_code(member, ask.fields.needed("recovery_code")?);
    may_prove(&ask, member, code.map(|(app, _)| app))?;
    second::recover(ask).await
}

pub(super) async fn myself(ask: Ask) -> Done {
    let (org, member) = member_of(&ask)?;
    let (_, took) = ask.errand(&Errand::read(Some(member), Some(org)))?;
    with_member(&ask, member, took)
}

/// A few members of an object.
fn some(object: &Value, names: &[&str]) -> Value {
    let part = |name: &&str| (name.to_string(), object[*name].clone());
    Value::Object(names.iter().map(part).collect::<Map<_, _>>())
}

/// How a login page shall greet an address: this much is told to strangers.
pub(super) async fn search_member(ask: Ask) -> Done {
    let org = org_of(&ask)?;
    let email = ask.face.email(ask.fields.address("email_address")?);
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let found = ask.face.project().find_user(email, Some(org));
    let member = match found {
        None => Value::Null,
        Some(member) => {
            let member = ask.face.member(&picture(&ask, member, None, took)?);
            some(&member, &["status", "name", "member_password_id"])
        }
    };
    Ok(Good::new(took, json!({ "member": member })))
}

/// What strangers may know of an organization.
const OPEN: [&str; 13] = [
    "organization_id",
    "organization_name",
    "organization_slug",
    "organization_logo_url",
    "sso_active_connections",
    "sso_default_connection_id",
    "email_jit_provisioning",
    "email_allowed_domains",
    "oauth_tenant_jit_provisioning",
    "allowed_oauth_tenants",
    "auth_methods",
    "allowed_auth_methods",
    "mfa_policy",
];

/// `POST /sdk/v1/b2b/organizations/search`: the one that has a slug, or null.
pub(super) async fn by_slug(ask: Ask) -> Done {
    let slug = ask.fields.needed("organization_slug")?;
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let named = Some(ask.face.org_named(slug)).filter(|org| ask.face.slug(*org) == slug);
    let org = named.and_then(|org: OrgId| ask.face.project().org(org));
    let organization = org.map(|org| some(&ask.face.organization(&org), &OPEN));
    Ok(Good::new(took, json!({ "organization": organization })))
}
