//! Organizations: create, read, change, delete and search.

use serde_json::{Map, Value, json};

use super::super::ask::{Ask, Done, Good, odd};
use super::super::book;
use super::super::problem::Problem;
use super::org_named;
use crate::stytch::{Errand, ErrandReply, OrgId, UserId};
use crate::time::Span;

/// Settings that are kept and shown, and decide nothing in this mock.
const SHOWN: [&str; 17] = [
    "organization_logo_url",
    "sso_default_connection_id",
    "sso_jit_provisioning",
    "sso_jit_provisioning_allowed_connections",
    "email_allowed_domains",
    "email_jit_provisioning",
    "email_invites",
    "auth_methods",
    "allowed_auth_methods",
    "mfa_methods",
    "allowed_mfa_methods",
    "oauth_tenant_jit_provisioning",
    "allowed_oauth_tenants",
    "claimed_email_domains",
    "rbac_email_implicit_role_assignments",
    "allowed_first_party_connected_apps",
    "allowed_third_party_connected_apps",
];

pub(super) async fn create(ask: Ask) -> Done {
    ask.fields.needed("organization_name")?;
    check_names(&ask, None)?;
    let mfa_required = mfa_policy(&ask)?.unwrap_or(false);
    let (reply, took) = ask.any_errand(&Errand::CreateOrg { mfa_required })?;
    let ErrandReply::Organization(org) = reply else {
        return Err(odd(took));
    };
    describe(&ask, org)?;
    shown(&ask, org, took)
}

pub(super) async fn read(ask: Ask) -> Done {
    let org = org_named(&ask, ask.path("organization_id"));
    let (_, took) = ask.errand(&Errand::Read {
        user: None,
        org: Some(org),
    })?;
    shown(&ask, org, took)
}

pub(super) async fn update(ask: Ask) -> Done {
    let org = org_named(&ask, ask.path("organization_id"));
    check_names(&ask, Some(org))?;
    let mfa_required = mfa_policy(&ask)?;
    let (_, took) = ask.errand(&Errand::UpdateOrg { org, mfa_required })?;
    describe(&ask, org)?;
    shown(&ask, org, took)
}

pub(super) async fn remove(ask: Ask) -> Done {
    let org = org_named(&ask, ask.path("organization_id"));
    let everyone: Vec<UserId> = {
        let project = ask.face.project();
        let members = project
            .users_from(UserId(0))
            .filter(|user| user.org == Some(org));
        members.map(|member| member.id).collect()
    };
    let (_, took) = ask.errand(&Errand::DeleteOrg(org))?;
    let mut book = ask.face.book();
    for member in everyone {
        book.forget_person(Some(org), member);
    }
    book.forget_org(org);
    Ok(Good::new(
        took,
        json!({ "organization_id": ask.face.organization_id(org) }),
    ))
}

pub(super) async fn search(ask: Ask) -> Done {
    let limit = ask.fields.number("limit")?.unwrap_or(100);
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::field("limit", "must be between 1 and 1000").into());
    }
    let first = ask.fields.text("cursor")?.map_or(Ok(0), str::parse);
    let first = first.map_err(|_| {
        Problem::bad(
            "organization_search_invalid_cursor",
            "The search cursor is invalid.",
        )
    })?;
    let wanted = wanted(&ask, ask.fields.object("query")?)?;
    let (_, took) = ask.errand(&Errand::Read {
        user: None,
        org: None,
    })?;
    let all: Vec<_> = ask.face.project().orgs_from(OrgId(0)).collect();
    let matching = all
        .iter()
        .filter(|org| wanted.iter().all(|wanted| wanted.contains(&org.id)));
    let matching: Vec<_> = matching.collect();
    let mut from = matching.iter().filter(|org| org.id >= OrgId(first));
    let page: Vec<Value> = from
        .by_ref()
        .take(limit as usize)
        .map(|org| ask.face.organization(org))
        .collect();
    let next = from.next().map(|org| org.id.0.to_string());
    let metadata = json!({ "total": matching.len(), "next_cursor": next });
    Ok(Good::new(
        took,
        json!({ "organizations": page, "results_metadata": metadata }),
    ))
}

/// The organizations that each operand of a query lets through.
fn wanted(ask: &Ask, query: Option<&Map<String, Value>>) -> Result<Vec<Vec<OrgId>>, Problem> {
    let operands = query
        .and_then(|query| query.get("operands"))
        .and_then(Value::as_array);
    let read = |operand: &Value| {
        let name = operand["filter_name"].as_str().unwrap_or_default();
        let texts: Vec<String> = serde_json::from_value(operand["filter_value"].clone())
            .map_err(|_| Problem::field(name, "must be an array of strings"))?;
        match name {
            "organization_ids" | "organization_slugs" => {
                Ok(texts.iter().map(|text| org_named(ask, text)).collect())
            }
            _ => Err(Problem::bad(
                "bad_request",
                format!("The filter_name `{name}` is not known to this mock."),
            )),
        }
    };
    operands.into_iter().flatten().map(read).collect()
}

fn mfa_policy(ask: &Ask) -> Result<Option<bool>, Problem> {
    match ask.fields.text("mfa_policy")? {
        None => Ok(None),
        Some("OPTIONAL") => Ok(Some(false)),
        Some("REQUIRED_FOR_ALL") => Ok(Some(true)),
        Some(_) => Err(Problem::field(
            "mfa_policy",
            "must be OPTIONAL or REQUIRED_FOR_ALL",
        )),
    }
}

/// Refuses a name that is malformed, and a slug or external id that another organization has.
fn check_names(ask: &Ask, of: Option<OrgId>) -> Result<(), Problem> {
    if ask
        .fields
        .text("organization_name")?
        .is_some_and(|name| name.chars().count() > 128)
    {
        return Err(Problem::field(
            "organization_name",
            "must have 1 to 128 characters",
        ));
    }
    let free = |name: &str| {
        let holder = ask.face.book().org_names.get(name).copied();
        let ruled = org_named(ask, name);
        let taken = holder.or_else(|| ask.face.project().org(ruled).map(|org| org.id));
        taken.is_none() || taken == of
    };
    if let Some(slug) = ask.fields.text("organization_slug")? {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        if !(2..=128).contains(&slug.len()) || !slug.chars().all(allowed) {
            let rule = "must have 2 to 128 of letters, digits and - . _ ~";
            return Err(Problem::field("organization_slug", rule));
        }
        if !free(slug) {
            return Err(Problem::bad(
                "organization_slug_already_used",
                "The provided organization_slug is used by another organization.",
            ));
        }
    }
    match ask.fields.text("organization_external_id")? {
        Some(id) if !free(id) => Err(Problem::bad(
            "duplicate_organization_external_id",
            "The provided organization_external_id is used by another organization.",
        )),
        _ => Ok(()),
    }
}

/// Takes over what a request says about an organization and the machine does not keep.
fn describe(ask: &Ask, org: OrgId) -> Result<(), Problem> {
    let fields = &ask.fields;
    let name = fields.text("organization_name")?;
    let slug = fields.text("organization_slug")?;
    let external_id = fields.text("organization_external_id")?;
    let trusted = fields.object("trusted_metadata")?;
    let mut book = ask.face.book();
    let profile = book.orgs.entry(org).or_default();
    for setting in SHOWN {
        if let Some(value) = fields.raw(setting) {
            profile.settings.insert(setting.to_owned(), value.clone());
        }
    }
    if let Some(update) = trusted {
        let kept = profile
            .settings
            .entry("trusted_metadata")
            .or_insert_with(|| json!({}));
        if let Value::Object(kept) = kept {
            book::merge(kept, update);
        }
    }
    if let Some(name) = name {
        profile.name = Some(name.to_owned());
    }
    let old_slug = slug.and_then(|slug| profile.slug.replace(slug.to_owned()));
    let old_id = external_id.and_then(|id| profile.external_id.replace(id.to_owned()));
    for gone in [old_slug, old_id].into_iter().flatten() {
        book.org_names.remove(&gone);
    }
    for name in [slug, external_id].into_iter().flatten() {
        book.org_names.insert(name.to_owned(), org);
    }
    Ok(())
}

fn shown(ask: &Ask, org: OrgId, took: Span) -> Done {
    let view = ask.face.project().org(org).ok_or_else(|| odd(took))?;
    Ok(Good::new(
        took,
        json!({ "organization": ask.face.organization(&view) }),
    ))
}
