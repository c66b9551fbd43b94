//! What members do to their organization and its members, by a browser or with a server's help: as
//! far as the roles of whoever acts go. A server that names nobody may do all of it.

use serde_json::json;

use super::super::answering::Done;
use super::super::ask::{Actor, Ask};
use super::super::brought::Session;
use super::super::names::Kind;
use super::super::problem::Problem;
use super::{links, member_means, member_of_path, members, organizations, passwords, sessions};
use crate::stytch::UserId;

const ORGANIZATION: &str = "stytch.organization";
const MEMBER: &str = "stytch.member";

/// Stytch names no action for ids of the application's own: only whoever may do all may change them.
const EXTERNAL_ID: &str = "update.info.external-id";

/// What changing a field of an organization is called in roles. Where Stytch names no action, it is
/// the nearest one: what nothing names must not be open to all.
const OF_ORGANIZATION: [(&str, &str); 23] = [
    ("organization_name", "update.info.name"),
    ("organization_slug", "update.info.slug"),
    ("organization_external_id", EXTERNAL_ID),
    ("organization_logo_url", "update.info.logo-url"),
    ("auth_methods", "update.settings.allowed-auth-methods"),
    (
        "allowed_auth_methods",
        "update.settings.allowed-auth-methods",
    ),
    ("mfa_methods", "update.settings.allowed-mfa-methods"),
    ("allowed_mfa_methods", "update.settings.allowed-mfa-methods"),
    ("mfa_policy", "update.settings.mfa-policy"),
    (
        "email_jit_provisioning",
        "update.settings.email-jit-provisioning",
    ),
    ("email_invites", "update.settings.email-invites"),
    ("email_allowed_domains", "update.settings.allowed-domains"),
    (
        "sso_default_connection_id",
        "update.settings.default-sso-connection",
    ),
    (
        "sso_jit_provisioning",
        "update.settings.sso-jit-provisioning",
    ),
    (
        "sso_jit_provisioning_allowed_connections",
        "update.settings.sso-jit-provisioning",
    ),
    (
        "oauth_tenant_jit_provisioning",
        "update.settings.oauth-tenant-jit-provisioning",
    ),
    (
        "allowed_oauth_tenants",
        "update.settings.allowed-oauth-tenants",
    ),
    ("claimed_email_domains", "update.settings.allowed-domains"),
    (
        "first_party_connected_apps_allowed_type",
        "update.settings.allowed-auth-methods",
    ),
    (
        "allowed_first_party_connected_apps",
        "update.settings.allowed-auth-methods",
    ),
    (
        "third_party_connected_apps_allowed_type",
        "update.settings.allowed-auth-methods",
    ),
    (
        "allowed_third_party_connected_apps",
        "update.settings.allowed-auth-methods",
    ),
    (
        "rbac_email_implicit_role_assignments",
        "update.settings.implicit-roles",
    ),
];

/// The same of a member.
const OF_MEMBER: [(&str, &str); 10] = [
    ("external_id", EXTERNAL_ID),
    ("email_address", "update.info.email"),
    ("unlink_email", "update.info.email"),
    ("name", "update.info.name"),
    ("untrusted_metadata", "update.info.untrusted-metadata"),
    ("mfa_phone_number", "update.info.mfa-phone"),
    ("mfa_enrolled", "update.settings.mfa-enrolled"),
    ("default_mfa_method", "update.settings.default-mfa-method"),
    ("roles", "update.settings.roles"),
    ("is_breakglass", "update.settings.is-breakglass"),
];

/// What of a member whoever creates them may say with the creating alone.
const OF_CREATING: [&str; 3] = [
    "update.info.email",
    "update.info.name",
    "update.info.untrusted-metadata",
];

/// What nobody may do to themselves for being themselves.
const FOR_OTHERS: [&str; 4] = [
    EXTERNAL_ID,
    "update.info.email",
    "update.settings.roles",
    "update.settings.is-breakglass",
];

/// Refuses what no role of whoever acts permits.
fn permitted(ask: &Ask, resource: &str, action: &str) -> Result<(), Problem> {
    let Some(actor) = &ask.actor else {
        return if ask.by_page {
            Err(Problem::no_session())
        } else {
            Ok(())
        };
    };
    let Actor { person, session } = &**actor;
    if ask.granting(person, *session, resource, action).is_empty() {
        return Err(Problem {
            status: 403,
            error_type: "session_authorization_error",
            message: "The session is not authorized to perform the action on the resource."
                .to_owned(),
        });
    }
    Ok(())
}

/// The same of something that is done to a member, who may be the one who acts.
fn permitted_over(ask: &Ask, member: UserId, action: &str) -> Result<(), Problem> {
    let actor = ask.actor.as_ref();
    let own = actor.is_some_and(|actor| actor.person.id == member && !FOR_OTHERS.contains(&action));
    permitted(ask, if own { "stytch.self" } else { MEMBER }, action)
}

/// The handler's answer, if whoever acts may do this to SSO connections.
pub(in super::super) async fn held<T: Future<Output = Done>>(
    ask: Ask,
    action: &'static str,
    handler: impl FnOnce(Ask) -> T,
) -> Done {
    permitted(&ask, "stytch.sso", action)?;
    handler(ask).await
}

/// The actions that a request comes to, by the fields that it changes.
fn changes<'a>(
    ask: &'a Ask,
    table: &'a [(&'static str, &'static str)],
) -> impl Iterator<Item = &'static str> {
    let changed = table
        .iter()
        .filter(|(field, _)| ask.fields.raw(field).is_some());
    changed.map(|(_, action)| *action)
}

pub(super) async fn revoke_anothers(mut ask: Ask) -> Done {
    let (_, member) = member_of_path(&ask);
    permitted_over(&ask, member, "revoke-sessions")?;
    ask.fields.take("session_token");
    let id = ask.face.person_id(member);
    ask.fields.set("member_id", json!(id));
    sessions::revoke(ask).await
}

/// A server's `POST …/sessions/revoke`: the sessions may be anybody's.
pub(super) async fn revoke(ask: Ask) -> Done {
    if let Some(actor) = &ask.actor {
        let member = revoked(&ask)?;
        let owner = member.and_then(|member| {
            let project = ask.face.project();
            project
                .user(member)
                .or_else(|| project.deleted_user(member))
        });
        if owner.is_some_and(|owner| owner.org != actor.person.org) {
            return Err(Problem::other_organization().into());
        }
        if let Some(owner) = owner {
            permitted_over(&ask, owner.id, "revoke-sessions")?;
        }
    }
    sessions::revoke(ask).await
}

/// Whose sessions a request would end.
fn revoked(ask: &Ask) -> Result<Option<UserId>, Problem> {
    let names = &ask.face.0.names;
    if let Some(member) = ask.fields.text("member_id")? {
        return Ok(names.read_id(Kind::Member, member).map(UserId));
    }
    let token = match ask.fields.text("member_session_id")? {
        Some(id) => Some(ask.session_of(id)),
        None => ask.maybe_session()?.map(Session::token),
    };
    let project = ask.face.project();
    let row = token.and_then(|token| project.session(token.session));
    Ok(row.map(|row| row.user))
}

/// Refuses a new member with more than whoever acts may give to members that there are.
fn permitted_newcomer(ask: &Ask) -> Result<(), Problem> {
    permitted(ask, MEMBER, "create")?;
    let mut given = changes(ask, &OF_MEMBER).filter(|action| !OF_CREATING.contains(action));
    given.try_for_each(|action| permitted(ask, MEMBER, action))
}

pub(super) async fn invite(ask: Ask) -> Done {
    permitted_newcomer(&ask)?;
    links::invite(&ask)
}

pub(super) async fn create_member(ask: Ask) -> Done {
    permitted_newcomer(&ask)?;
    members::create(&ask)
}

/// A browser's search: in the own organization.
pub(super) async fn search_own(mut ask: Ask) -> Done {
    let own = ask.fields.take("organization_id").unwrap_or_default();
    ask.fields.set("organization_ids", json!([own]));
    search_members(ask).await
}

pub(super) async fn search_members(ask: Ask) -> Done {
    permitted(&ask, MEMBER, "search")?;
    members::search(&ask)
}

pub(super) async fn update_member(ask: Ask) -> Done {
    let (_, member) = member_of_path(&ask);
    for action in changes(&ask, &OF_MEMBER) {
        permitted_over(&ask, member, action)?;
    }
    members::update(&ask)
}

pub(super) async fn remove_member(ask: Ask) -> Done {
    permitted_over(&ask, member_of_path(&ask).1, "delete")?;
    members::remove(&ask)
}

pub(super) async fn reactivate(ask: Ask) -> Done {
    permitted(&ask, MEMBER, "create")?;
    member_means::reactivate(&ask)
}

pub(super) async fn unlink_anothers(ask: Ask) -> Done {
    permitted(&ask, MEMBER, "update.info.email")?;
    member_means::unlink(ask).await
}

/// What a server does to a member's address: members may do that to their own.
fn permitted_over_address(ask: &Ask) -> Result<(), Problem> {
    let (_, member) = member_of_path(ask);
    let actor = ask.actor.as_ref();
    if actor.is_some_and(|actor| actor.person.id == member) {
        return Ok(());
    }
    permitted(ask, MEMBER, "update.info.email")
}

pub(super) async fn unlink(ask: Ask) -> Done {
    permitted_over_address(&ask)?;
    member_means::unlink(ask).await
}

pub(super) async fn start_anothers_update(ask: Ask) -> Done {
    permitted(&ask, MEMBER, "update.info.email")?;
    member_means::start_email_update(ask).await
}

pub(super) async fn start_email_update(ask: Ask) -> Done {
    permitted_over_address(&ask)?;
    member_means::start_email_update(ask).await
}

pub(super) async fn remove_external_id(ask: Ask) -> Done {
    permitted(&ask, MEMBER, EXTERNAL_ID)?;
    member_means::remove_external_id(&ask)
}

pub(super) async fn remove_external_id_of_organization(ask: Ask) -> Done {
    permitted(&ask, ORGANIZATION, EXTERNAL_ID)?;
    organizations::remove_external_id(&ask)
}

/// Stytch names no action for this; a password that must be chosen anew is as good as taken away.
pub(super) async fn require_reset(ask: Ask) -> Done {
    permitted(&ask, MEMBER, "update.info.delete.password")?;
    passwords::require_reset(&ask)
}

pub(super) async fn remove_phone(ask: Ask) -> Done {
    permitted_over(&ask, member_of_path(&ask).1, "update.info.delete.mfa-phone")?;
    member_means::remove_phone(&ask)
}

pub(super) async fn remove_totp(ask: Ask) -> Done {
    permitted_over(&ask, member_of_path(&ask).1, "update.info.delete.mfa-totp")?;
    member_means::remove_totp(&ask)
}

pub(super) async fn remove_password(ask: Ask) -> Done {
    let names = &ask.face.0.names;
    let id = names.read_id(Kind::MemberPassword, ask.path("member_password_id"));
    let member = UserId(id.unwrap_or(u32::MAX));
    permitted_over(&ask, member, "update.info.delete.password")?;
    member_means::remove_password(&ask)
}

pub(super) async fn update_organization(ask: Ask) -> Done {
    for action in changes(&ask, &OF_ORGANIZATION) {
        permitted(&ask, ORGANIZATION, action)?;
    }
    organizations::update(&ask)
}

pub(super) async fn remove_organization(ask: Ask) -> Done {
    permitted(&ask, ORGANIZATION, "delete")?;
    organizations::remove(&ask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_an_organization_has_its_action() {
        let names = [
            "organization_name",
            "organization_slug",
            "organization_external_id",
        ];
        let shown = organizations::SHOWN.iter().map(|(name, _)| name);
        let kept = shown.chain(&organizations::AUTH_SETTINGS);
        for field in kept.chain(&names) {
            let known = OF_ORGANIZATION.iter().any(|(name, _)| name == field);
            assert!(known, "{field} would be open to all members");
        }
    }
}
