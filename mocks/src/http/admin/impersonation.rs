//! Tokens to log in at Stytch as somebody else, which a project's dashboard gives to support.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::problem::Problem;

/// Whom support is to be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewImpersonation {
    /// Stytch's id of a user or member.
    person: String,
}

/// What the dashboard gives.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Impersonation {
    /// For `…/impersonation/authenticate`: good for five minutes, once.
    impersonation_token: String,
}

pub(super) fn issue(admin: &Admin, new: NewImpersonation) -> Result<Impersonation, Problem> {
    let token = admin.stytch.impersonation_token(&new.person, admin.now());
    let impersonation_token = token.ok_or_else(|| {
        Problem::missing(format!(
            "`{}` is nobody there: name Stytch's id of a user or member",
            new.person
        ))
    })?;
    Ok(Impersonation {
        impersonation_token,
    })
}
