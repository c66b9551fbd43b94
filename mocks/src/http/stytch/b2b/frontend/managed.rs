//! What a browser does to an organization and its members: as far as the roles of whoever holds the
//! session go.

use serde_json::json;

use super::super::super::answering::Done;
use super::super::super::ask::Ask;
use super::super::super::names::Kind;
use super::super::super::problem::Problem;
use super::super::{links, member_means, member_of_path, members, organizations, sessions};
use crate::stytch::UserId;

const ORGANIZATION: &str = "stytch.organization";
const MEMBER: &str = "stytch.member";

/// What changing a field of an organization is called in roles. Where Stytch names no action, it is
/// the nearest one: what nothing names must not be open to all.
const OF_ORGANIZATION: [(&str, &str); 22] = [
    ("organization_name", "update.info.name"),
    ("organization_slug", "update.info.slug"),
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
const OF_MEMBER: [(&str, &str); 9] = [
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
const FOR_OTHERS: [&str; 3] = [
    "update.info.email",
    "update.settings.roles",
    "update.settings.is-breakglass",
];

/// Refuses what no role of the holder permits.
pub(super) fn permitted(ask: &Ask, resource: &str, action: &str) -> Result<(), Problem> {
    let holder = ask.holder()?;
    let session = ask.session()?.token().session;
    if ask.granting(&holder, session, resource, action).is_empty() {
        return Err(Problem {
            status: 403,
            error_type: "session_authorization_error",
            message: "The session is not authorized to perform the action on the resource."
                .to_owned(),
        });
    }
    Ok(())
}

/// The same of something that is done to a member, who may be the holder.
fn permitted_over(ask: &Ask, member: UserId, action: &str) -> Result<(), Problem> {
    let own = ask.holder()?.id == member && !FOR_OTHERS.contains(&action);
    permitted(ask, if own { "stytch.self" } else { MEMBER }, action)
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

/// Refuses a new member with more than the holder may give to members that there are.
fn permitted_newcomer(ask: &Ask) -> Result<(), Problem> {
    permitted(ask, MEMBER, "create")?;
    let mut given = changes(ask, &OF_MEMBER).filter(|action| !OF_CREATING.contains(action));
    given.try_for_each(|action| permitted(ask, MEMBER, action))
}

pub(super) async fn invite(ask: Ask) -> Done {
    permitted_newcomer(&ask)?;
    links::invite(ask).await
}

pub(super) async fn create_member(ask: Ask) -> Done {
    permitted_newcomer(&ask)?;
    members::create(ask).await
}

pub(super) async fn search_members(mut ask: Ask) -> Done {
    permitted(&ask, MEMBER, "search")?;
    let own = ask.fields.take("organization_id").unwrap_or_default();
    ask.fields.set("organization_ids", json!([own]));
    members::search(ask).await
}

pub(super) async fn update_member(ask: Ask) -> Done {
    let (_, member) = member_of_path(&ask);
    for action in changes(&ask, &OF_MEMBER) {
        permitted_over(&ask, member, action)?;
    }
    members::update(ask).await
}

pub(super) async fn remove_member(ask: Ask) -> Done {
    permitted_over(&ask, member_of_path(&ask).1, "delete")?;
    members::remove(ask).await
}

pub(super) async fn reactivate(ask: Ask) -> Done {
    permitted(&ask, MEMBER, "create")?;
    member_means::reactivate(ask).await
}

pub(super) async fn unlink_anothers(ask: Ask) -> Done {
    permitted(&ask, MEMBER, "update.info.email")?;
    member_means::unlink(ask).await
}

pub(super) async fn start_anothers_update(ask: Ask) -> Done {
    permitted(&ask, MEMBER, "update.info.email")?;
    member_means::start_email_update(ask).await
}

pub(super) async fn remove_phone(ask: Ask) -> Done {
    permitted_over(&ask, member_of_path(&ask).1, "update.info.delete.mfa-phone")?;
    member_means::remove_phone(ask).await
}

pub(super) async fn remove_totp(ask: Ask) -> Done {
    permitted_over(&ask, member_of_path(&ask).1, "update.info.delete.mfa-totp")?;
    member_means::remove_totp(ask).await
}

pub(super) async fn remove_password(ask: Ask) -> Done {
    let names = &ask.face.0.names;
    let id = names.read_id(Kind::MemberPassword, ask.path("member_password_id"));
    let member = UserId(id.unwrap_or(u32::MAX));
    permitted_over(&ask, member, "update.info.delete.password")?;
    member_means::remove_password(ask).await
}

pub(super) async fn update_organization(ask: Ask) -> Done {
    for action in changes(&ask, &OF_ORGANIZATION) {
        permitted(&ask, ORGANIZATION, action)?;
    }
    organizations::update(ask).await
}

pub(super) async fn remove_organization(ask: Ask) -> Done {
    permitted(&ask, ORGANIZATION, "delete")?;
    organizations::remove(ask).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_an_organization_has_its_action() {
        let names = ["organization_name", "organization_slug"];
        let kept = organizations::SHOWN
            .iter()
            .chain(&organizations::AUTH_SETTINGS);
        for field in kept.chain(&names) {
            let known = OF_ORGANIZATION.iter().any(|(name, _)| name == field);
            assert!(known, "{field} would be open to all members");
        }
    }
}
