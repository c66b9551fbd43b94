//! Organizations: create, read, change, delete and search.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::book;
use super::super::fields::Fields;
use super::super::problem::Problem;
use super::super::sso;
use super::org_of_path;
use crate::stytch::{Errand, ErrandReply, Joining, Method, Methods, OrgId, OrgRules, UserId};
use crate::time::Span;

/// What a setting is made of.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Text,
    Texts,
    Object,
    Objects,
}

/// Settings that are kept as they are and shown.
pub(super) const SHOWN: [(&str, Form); 12] = [
    ("organization_logo_url", Form::Text),
    ("sso_default_connection_id", Form::Text),
    ("sso_jit_provisioning_allowed_connections", Form::Texts),
    ("email_allowed_domains", Form::Texts),
    ("oauth_tenant_jit_provisioning", Form::Text),
    ("allowed_oauth_tenants", Form::Object),
    ("claimed_email_domains", Form::Texts),
    ("rbac_email_implicit_role_assignments", Form::Objects),
    ("allowed_first_party_connected_apps", Form::Texts),
    ("allowed_third_party_connected_apps", Form::Texts),
    ("first_party_connected_apps_allowed_type", Form::Text),
    ("third_party_connected_apps_allowed_type", Form::Text),
];

impl Form {
    /// A field that has to have this form, if it is there.
    fn read(self, fields: &Fields, name: &str) -> Result<Option<Value>, Problem> {
        let Some(raw) = fields.raw(name) else {
            return Ok(None);
        };
        let value = match self {
            // An empty one is there, too: it takes a logo away.
            Self::Text => fields.text(name).map(|_| raw.clone())?,
            Self::Texts => json!(fields.texts(name)?),
            Self::Object => json!(fields.object(name)?),
            Self::Objects => {
                let objects = raw
                    .as_array()
                    .filter(|all| all.iter().all(Value::is_object));
                json!(objects.ok_or_else(|| Problem::field(name, "must be an array of objects"))?)
            }
        };
        Ok(Some(value))
    }
}

/// What a request says of them.
fn settings(fields: &Fields) -> Result<Vec<(String, Value)>, Problem> {
    let mut settings = Vec::new();
    for (name, form) in SHOWN {
        if let Some(value) = form.read(fields, name)? {
            settings.push((name.to_owned(), value));
        }
    }
    Ok(settings)
}

pub(super) async fn create(ask: Ask) -> Done {
    if ask.fields.text("organization_name")?.is_none() {
        let message = "The organization_name is required.";
        return Err(Problem::bad("organization_name_missing", message).into());
    }
    check_names(&ask, None)?;
    let rules = new_rules(&ask)?;
    let (reply, took) = ask.any_errand(&Errand::CreateOrg(rules))?;
    let ErrandReply::Organization(org) = reply else {
        return Err(odd(took));
    };
    describe(&ask, org)?;
    shown(&ask, org, took)
}

/// The settings of a new organization: invitations are open only where no setting was given at all.
pub(super) fn new_rules(ask: &Ask) -> Result<OrgRules, Problem> {
    let given = AUTH_SETTINGS
        .iter()
        .any(|name| ask.fields.raw(name).is_some());
    let base = OrgRules {
        email_jit: Joining::NotAllowed,
        invites: if given {
            Joining::NotAllowed
        } else {
            Joining::All
        },
        ..OrgRules::open(false)
    };
    rules(ask, None, base)
}

/// Settings of an organization that the machine keeps.
pub(super) const AUTH_SETTINGS: [&str; 7] = [
    "email_jit_provisioning",
    "email_invites",
    "auth_methods",
    "allowed_auth_methods",
    "mfa_policy",
    "mfa_methods",
    "allowed_mfa_methods",
];

/// These settings, with what the request changes of them.
fn rules(ask: &Ask, org: Option<OrgId>, mut rules: OrgRules) -> Result<OrgRules, Problem> {
    let fields = &ask.fields;
    // Before anything is made or changed.
    settings(fields)?;
    fields.object("trusted_metadata")?;
    match fields.text("mfa_policy")? {
        None => {}
        Some("OPTIONAL") => rules.mfa_required = false,
        Some("REQUIRED_FOR_ALL") => rules.mfa_required = true,
        Some(_) => {
            let message = "mfa_policy must be OPTIONAL or REQUIRED_FOR_ALL.";
            return Err(Problem::bad("invalid_organization_mfa_policy", message));
        }
    }
    rules.methods = methods(
        ask,
        rules.methods,
        &Restricting {
            switch: "auth_methods",
            list: "allowed_auth_methods",
            second: false,
            unknown: "invalid_organization_allowed_auth_methods",
            missing: "allowed_auth_methods_required_for_restricted",
            wrong: "invalid_organization_auth_method_settings",
        },
    )?;
    rules.mfa_methods = methods(
        ask,
        rules.mfa_methods,
        &Restricting {
            switch: "mfa_methods",
            list: "allowed_mfa_methods",
            second: true,
            unknown: "invalid_organization_allowed_mfa_methods",
            missing: "allowed_mfa_methods_required_for_restricted",
            wrong: "invalid_organization_mfa_factor_setting",
        },
    )?;
    rules.email_jit = joining(ask, "email_jit_provisioning", false)?.unwrap_or(rules.email_jit);
    rules.invites = joining(ask, "email_invites", true)?.unwrap_or(rules.invites);
    rules.sso_jit = joining(ask, "sso_jit_provisioning", true)?.unwrap_or(rules.sso_jit);
    sso::check(ask, org)?;
    Ok(rules)
}

/// A pair of settings: a switch, and a list of what is allowed once it is RESTRICTED.
struct Restricting {
    switch: &'static str,
    list: &'static str,
    second: bool,
    unknown: &'static str,
    missing: &'static str,
    wrong: &'static str,
}

fn methods(ask: &Ask, kept: Methods, pair: &Restricting) -> Result<Methods, Problem> {
    let listed: Vec<Method> = ask
        .fields
        .texts(pair.list)?
        .into_iter()
        .map(|name| {
            let mut all = Method::ALL.into_iter();
            let found = all.find(|it| it.is_second() == pair.second && it.name() == name);
            found.ok_or_else(|| {
                let message = format!("{} does not know `{name}`.", pair.list);
                Problem::bad(pair.unknown, message)
            })
        })
        .collect::<Result<_, _>>()?;
    match ask.fields.text(pair.switch)? {
        None if listed.is_empty() => Ok(kept),
        Some("ALL_ALLOWED") => Ok(Methods::ALL),
        Some("RESTRICTED") if listed.is_empty() => Err(Problem::bad(
            pair.missing,
            format!(
                "{} is required where {} is RESTRICTED.",
                pair.list, pair.switch
            ),
        )),
        // A list alone changes what a restricted organization allows.
        None | Some("RESTRICTED") => Ok(Methods::only(listed)),
        Some(_) => Err(Problem::bad(
            pair.wrong,
            format!("{} must be ALL_ALLOWED or RESTRICTED.", pair.switch),
        )),
    }
}

fn joining(ask: &Ask, name: &str, all: bool) -> Result<Option<Joining>, Problem> {
    Ok(Some(match ask.fields.text(name)? {
        None => return Ok(None),
        Some("ALL_ALLOWED") if all => Joining::All,
        Some("RESTRICTED") => Joining::Restricted,
        Some("NOT_ALLOWED") => Joining::NotAllowed,
        Some(_) => {
            let message = format!("{name} has a value that is not known.");
            return Err(Problem::bad(
                "invalid_organization_auth_factor_setting",
                message,
            ));
        }
    }))
}

pub(super) fn remove_external_id(ask: &Ask) -> Done {
    let org = org_of_path(ask);
    let (_, took) = ask.errand(&Errand::read(None, Some(org)))?;
    let mut book = ask.face.book();
    let profile = book.orgs.get_mut(&org);
    if let Some(id) = profile.and_then(|profile| profile.external_id.take()) {
        book.org_names.remove(&id);
    }
    drop(book);
    shown(ask, org, took)
}

pub(super) async fn metrics(ask: Ask) -> Done {
    let org = org_of_path(&ask);
    let (_, took) = ask.errand(&Errand::read(None, Some(org)))?;
    let project = ask.face.project();
    let members = project.users_from(UserId(0));
    let count = members.filter(|member| member.org == Some(org)).count();
    Ok(Good::new(took, json!({ "member_count": count })))
}

pub(super) async fn read(ask: Ask) -> Done {
    let org = org_of_path(&ask);
    let (_, took) = ask.errand(&Errand::read(None, Some(org)))?;
    shown(&ask, org, took)
}

pub(super) fn update(ask: &Ask) -> Done {
    let org = org_of_path(ask);
    check_names(ask, Some(org))?;
    let kept = ask.face.project().org(org).map(|view| view.rules);
    let rules = rules(ask, Some(org), kept.unwrap_or(OrgRules::open(false)))?;
    let (_, took) = ask.errand(&Errand::UpdateOrg { org, rules })?;
    describe(ask, org)?;
    shown(ask, org, took)
}

pub(super) fn remove(ask: &Ask) -> Done {
    let org = org_of_path(ask);
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
    drop(book);
    Ok(Good::new(
        took,
        json!({ "organization_id": ask.face.organization_id(org) }),
    ))
}

/// Refuses a name that is malformed, and a slug or external id that another organization has.
pub(super) fn check_names(ask: &Ask, of: Option<OrgId>) -> Result<(), Problem> {
    if ask
        .fields
        .text("organization_name")?
        .is_some_and(|name| name.chars().count() > 128)
    {
        let message = "The organization_name must have 1 to 128 characters.";
        return Err(Problem::bad("invalid_organization_name", message));
    }
    let free = |name: &str| {
        let holder = ask.face.book().org_names.get(name).copied();
        let ruled = ask.face.org_named(name);
        let taken = holder.or_else(|| ask.face.project().org(ruled).map(|org| org.id));
        taken.is_none() || taken == of
    };
    if let Some(slug) = ask.fields.text("organization_slug")? {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        if !(2..=128).contains(&slug.len()) || !slug.chars().all(allowed) {
            let message =
                "The organization_slug must have 2 to 128 of letters, digits and - . _ ~.";
            return Err(Problem::bad("invalid_organization_slug", message));
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
            "duplicate_organization",
            "The provided organization_external_id is used by another organization.",
        )),
        _ => Ok(()),
    }
}

/// Takes over what a request says about an organization and the machine does not keep.
pub(super) fn describe(ask: &Ask, org: OrgId) -> Result<(), Problem> {
    let fields = &ask.fields;
    let name = fields.text("organization_name")?;
    let slug = fields.text("organization_slug")?;
    let external_id = fields.text("organization_external_id")?;
    let trusted = fields.object("trusted_metadata")?;
    let settings = settings(fields)?;
    let mut book = ask.face.book();
    let profile = book.orgs.entry(org).or_default();
    profile.updated = Some(ask.exchange.stamp().at);
    profile.settings.extend(settings);
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
