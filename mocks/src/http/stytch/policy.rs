//! Roles, and what they permit (RBAC): the project's policy, and verdicts by it.

use serde_json::{Value, json};

use super::Face;
use super::answering::{Done, Good};
use super::ask::Ask;
use super::problem::Problem;
use crate::stytch::{Errand, OrgId, UserView, Vertical};

/// The policy that every project begins with.
fn default_of(vertical: Vertical) -> Value {
    match vertical {
        Vertical::Consumer => json!({
            "roles": [{
                "role_id": "stytch_user",
                "description": "Granted to all users.",
                "permissions": [{ "resource_id": "stytch.self", "actions": ["*"] }],
            }],
            "resources": [{
                "resource_id": "stytch.self",
                "description": "The user themselves.",
                "actions": ["update.info.name", "update.info.untrusted_metadata"],
            }],
            "scopes": [],
        }),
        Vertical::B2b => json!({
            "roles": [
                {
                    "role_id": "stytch_member",
                    "description": "Granted to all members.",
                    "permissions": [{ "resource_id": "stytch.self", "actions": ["*"] }],
                },
                {
                    "role_id": "stytch_admin",
                    "description": "Granted to whoever creates an organization.",
                    "permissions": [
                        { "resource_id": "stytch.organization", "actions": ["*"] },
                        { "resource_id": "stytch.member", "actions": ["*"] },
                        { "resource_id": "stytch.sso", "actions": ["*"] },
                        { "resource_id": "stytch.scim", "actions": ["*"] },
                        { "resource_id": "stytch.self", "actions": ["*"] },
                    ],
                },
            ],
            "resources": [
                {
                    "resource_id": "stytch.organization",
                    "description": "The organization.",
                    "actions": ["update.info.name", "update.info.slug", "update.settings.allowed-auth-methods", "update.settings.mfa-policy", "delete"],
                },
                {
                    "resource_id": "stytch.member",
                    "description": "Members of the organization.",
                    "actions": ["create", "search", "update.info.name", "update.settings.roles", "delete"],
                },
                {
                    "resource_id": "stytch.sso",
                    "description": "SSO connections of the organization.",
                    "actions": ["create", "get", "update", "delete"],
                },
                {
                    "resource_id": "stytch.scim",
                    "description": "The SCIM connection of the organization.",
                    "actions": ["create", "get", "update", "delete"],
                },
                {
                    "resource_id": "stytch.self",
                    "description": "The member themselves.",
                    "actions": ["update.info.name", "update.info.untrusted-metadata", "delete"],
                },
            ],
            "scopes": [],
        }),
    }
}

/// The policy of a project: the default one, and what its configuration adds to it.
pub(super) fn policy(face: &Face) -> Value {
    let mut policy = default_of(face.0.vertical);
    if let Some(added) = &face.config().policy {
        for part in ["roles", "resources", "scopes"] {
            let more = added[part].as_array().cloned().unwrap_or_default();
            if let Some(list) = policy[part].as_array_mut() {
                list.extend(more);
            }
        }
    }
    policy
}

/// The roles, out of these, that permit an action on a resource.
fn granting(policies: &[&Value], roles: &[String], resource: &str, action: &str) -> Vec<String> {
    let permits = |permission: &Value| {
        let actions = permission["actions"].as_array().into_iter().flatten();
        let mut actions = actions.filter_map(Value::as_str);
        permission["resource_id"] == resource && actions.any(|it| it == "*" || it == action)
    };
    let all = policies
        .iter()
        .flat_map(|policy| policy["roles"].as_array().into_iter().flatten());
    let mut granting: Vec<String> = all
        .filter(|role| {
            let mut permissions = role["permissions"].as_array().into_iter().flatten();
            permissions.any(permits)
        })
        .filter_map(|role| role["role_id"].as_str())
        .filter(|role| roles.iter().any(|held| held == role))
        .map(str::to_owned)
        .collect();
    granting.sort_unstable();
    granting.dedup();
    granting
}

impl Ask {
    /// The verdict that a session's authentication is to be held to; null where none is asked for.
    /// Whoever may not gets a 403, and their session is left alone.
    pub(super) fn verdict(&self, session: u32) -> Result<Value, Problem> {
        let Some(_) = self.fields.raw("authorization_check") else {
            return Ok(Value::Null);
        };
        let check = self.fields.needed_object("authorization_check")?;
        let resource = check.needed("resource_id")?;
        let action = check.needed("action")?;
        let owner = {
            let project = self.face.project();
            let row = project.session(session);
            row.and_then(|row| project.user(row.user))
        };
        // A session that nobody has is refused by the machine.
        let Some(owner) = owner else {
            return Ok(Value::Null);
        };
        if let Some(org) = owner.org {
            let named = self.face.org_named(check.needed("organization_id")?);
            if named != org {
                return Err(Problem::other_organization());
            }
        }
        let granting = self.granting(&owner, session, resource, action);
        if granting.is_empty() {
            let error_type = match self.face.0.vertical {
                Vertical::Consumer => "consumer_session_authorization_error",
                Vertical::B2b => "session_authorization_error",
            };
            return Err(Problem {
                status: 403,
                error_type,
                message: "The session is not authorized to perform the action on the resource."
                    .to_owned(),
            });
        }
        Ok(json!({ "authorized": true, "granting_roles": granting }))
    }

    /// The roles of a person that permit an action on a resource in a session.
    pub(super) fn granting(
        &self,
        person: &UserView,
        session: u32,
        resource: &str,
        action: &str,
    ) -> Vec<String> {
        let roles = self.face.roles_in(person, Some(session));
        let own = person.org.and_then(|org| self.own_policy(org));
        let policy = policy(&self.face);
        let policies: Vec<&Value> = std::iter::once(&policy).chain(own.as_ref()).collect();
        granting(&policies, &roles, resource, action)
    }

    fn own_policy(&self, org: OrgId) -> Option<Value> {
        self.face.book().org_policies.get(&org).cloned()
    }

    fn policy_org(&self) -> OrgId {
        self.face.org_named(self.path("organization_id"))
    }
}

/// `GET …/rbac/policy`.
pub(super) async fn read(ask: Ask) -> Done {
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    Ok(Good::new(took, json!({ "policy": policy(&ask.face) })))
}

/// `GET /v1/b2b/rbac/organizations/{organization_id}`.
pub(super) async fn read_own(ask: Ask) -> Done {
    let org = ask.policy_org();
    let (_, took) = ask.errand(&Errand::read(None, Some(org)))?;
    let own = ask
        .own_policy(org)
        .unwrap_or_else(|| json!({ "roles": [] }));
    Ok(Good::new(took, json!({ "org_policy": own })))
}

/// `PUT /v1/b2b/rbac/organizations/{organization_id}`.
pub(super) async fn write_own(ask: Ask) -> Done {
    let org = ask.policy_org();
    let own = ask.fields.object("org_policy")?;
    let own = own.ok_or_else(|| Problem::field("org_policy", "is required"))?;
    let roles = own.get("roles").and_then(Value::as_array);
    let roles = roles.ok_or_else(|| Problem::field("org_policy.roles", "must be an array"))?;
    for role in roles {
        if role["role_id"].as_str().is_none_or(str::is_empty) {
            return Err(Problem::bad("empty_rbac_role_id", "A role needs a role_id.").into());
        }
        if role["permissions"].as_array().is_none() {
            let message = "A role needs permissions.";
            return Err(Problem::bad("rbac_role_missing_permissions", message).into());
        }
    }
    let own = Value::Object(own.clone());
    let (_, took) = ask.errand(&Errand::read(None, Some(org)))?;
    ask.face.book().org_policies.insert(org, own.clone());
    Ok(Good::new(took, json!({ "org_policy": own })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_grants_what_its_permissions_say() {
        let policy = json!({ "roles": [
            { "role_id": "reader", "permissions": [{ "resource_id": "doc", "actions": ["read"] }] },
            { "role_id": "owner", "permissions": [{ "resource_id": "doc", "actions": ["*"] }] },
        ] });
        let held = ["reader".to_owned(), "owner".to_owned()];
        let ask = |roles: &[String], action| granting(&[&policy], roles, "doc", action);
        assert_eq!(ask(&held, "read"), ["owner", "reader"]);
        assert_eq!(ask(&held, "delete"), ["owner"]);
        assert!(ask(&held[..1], "delete").is_empty());
        assert!(granting(&[&policy], &held, "other", "read").is_empty());
    }
}
