//! What a browser asks about its own person, or before it is anybody's.

use serde_json::{Map, Value, json};

use super::super::super::ask::{Ask, Done, Good};
use super::super::super::frontend::silent;
use super::super::{
    links, logins, member_of, org_of, passwords, picture, second, shown as with_member,
};
use crate::stytch::{Errand, OrgId};

pub(super) async fn link_or_signup(ask: Ask) -> Done {
    links::login_or_signup(ask).await.map(silent)
}

pub(super) async fn code_or_signup(ask: Ask) -> Done {
    logins::code_or_signup(ask).await.map(silent)
}

pub(super) async fn start_reset(ask: Ask) -> Done {
    passwords::start_reset(ask).await.map(silent)
}

/// Whoever is halfway in must not choose where the code goes, if there is a number already.
pub(super) async fn send_sms(mut ask: Ask) -> Done {
    let (_, member) = member_of(&ask)?;
    let has_one = !ask.face.project().means(member).phones.is_empty();
    if has_one && ask.maybe_intermediate()?.is_some() {
        ask.fields.take("mfa_phone_number");
    }
    second::send_sms(ask).await.map(silent)
}

pub(super) async fn myself(ask: Ask) -> Done {
    let (org, member) = member_of(&ask)?;
    let (_, took) = ask.errand(&Errand::read(Some(member), Some(org)))?;
    with_member(&ask, member, took)
}

pub(super) async fn no_apps(ask: Ask) -> Done {
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    Ok(Good::new(took, json!({ "connected_apps": [] })))
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
