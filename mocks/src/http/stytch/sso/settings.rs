//! Settings of an organization that name its connections.

use serde_json::Value;

use super::super::ask::Ask;
use super::super::problem::Problem;
use super::connections::missing;
use super::kept::{MOST_OF_ONE, read};
use crate::stytch::OrgId;

/// The default connection of an organization.
pub(super) const DEFAULT: &str = "sso_default_connection_id";

/// The connections by which people may become members, where not all are.
pub(super) const LISTED: &str = "sso_jit_provisioning_allowed_connections";

/// Refuses settings that name connections which the organization does not have.
pub(in super::super) fn check(ask: &Ask, org: Option<OrgId>) -> Result<(), Problem> {
    let fields = &ask.fields;
    let has = |text: &str, active: bool| {
        let connection = read(&ask.face.0.names, text);
        let found = org.zip(connection).and_then(|(org, connection)| {
            let book = ask.face.book();
            let row = book.sso.of_one(org, connection)?;
            Some(!active || book.sso.lacks(connection, row).is_none())
        });
        found == Some(true)
    };
    if let Some(text) = fields.text(DEFAULT)?
        && !has(text, true)
    {
        return Err(Problem::bad(
            "invalid_sso_default_connection_id",
            "The sso_default_connection_id must be an active connection's of the organization.",
        ));
    }
    if fields.raw(LISTED).is_some_and(|it| !it.is_array()) {
        return Err(Problem::field(LISTED, "must be an array of strings"));
    }
    let listed = fields.texts(LISTED)?;
    if listed.len() > MOST_OF_ONE || listed.iter().any(|text| !has(text, false)) {
        return Err(missing("sso_connection_not_found"));
    }
    let settings = org.map(|org| ask.face.org_profile(org).settings);
    let kept = settings.as_ref().and_then(|it| it.get(LISTED));
    let kept = kept.and_then(Value::as_array).map_or(0, Vec::len);
    let left = fields.raw(LISTED).map_or(kept, |_| listed.len());
    if fields.text("sso_jit_provisioning")? == Some("RESTRICTED") && left == 0 {
        return Err(Problem::bad(
            "invalid_restricted_sso_setting",
            "A RESTRICTED sso_jit_provisioning needs sso_jit_provisioning_allowed_connections.",
        ));
    }
    Ok(())
}
