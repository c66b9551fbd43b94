//! SSO connections of organizations: kept and shown. Nobody logs in by them here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answering::{Done, Good};
use super::ask::Ask;
use super::names::{Kind, Names};
use super::problem::{Bad, Problem};
use crate::stytch::{Errand, OrgId};
use crate::time::Span;

/// Connections that an organization may have.
const MOST: usize = 100;

/// One connection, as its objects show it.
#[derive(Clone, Debug)]
struct Connection {
    kind: Kind,
    shown: Value,
}

/// All connections, by organization and number.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    rows: BTreeMap<(OrgId, u32), Connection>,
    made: u32,
}

impl Connections {
    /// The active ones of an organization, as it shows them.
    pub(super) fn active(&self, names: &Names, org: OrgId) -> Vec<Value> {
        let active = self
            .of(org)
            .filter(|(_, row)| row.shown["status"] == "active");
        active
            .map(|(number, row)| {
                json!({
                    "connection_id": names.id(row.kind, number),
                    "display_name": row.shown["display_name"],
                    "identity_provider": row.shown["identity_provider"],
                })
            })
            .collect()
    }

    /// Forgets those of an organization.
    pub(super) fn forget(&mut self, org: OrgId) {
        self.rows.retain(|(owner, _), _| *owner != org);
    }

    fn of(&self, org: OrgId) -> impl Iterator<Item = (u32, &Connection)> {
        self.rows
            .range((org, 0)..=(org, u32::MAX))
            .map(|((_, number), row)| (*number, row))
    }
}

const OIDC: [&str; 10] = [
    "display_name",
    "client_id",
    "client_secret",
    "issuer",
    "authorization_url",
    "token_url",
    "userinfo_url",
    "jwks_url",
    "identity_provider",
    "custom_scopes",
];

const SAML: [&str; 12] = [
    "display_name",
    "idp_entity_id",
    "idp_sso_url",
    "alternative_audience_uri",
    "identity_provider",
    "nameid_format",
    "alternative_acs_url",
    "idp_initiated_auth_disabled",
    "allow_gateway_callback",
    "saml_connection_implicit_role_assignments",
    "saml_group_implicit_role_assignments",
    "attribute_mapping",
];

fn fresh(kind: Kind, base: &str) -> Value {
    match kind {
        Kind::Oidc => json!({
            "status": "pending", "display_name": "", "redirect_url": format!("{base}/v1/b2b/sso/callback"),
            "client_id": "", "client_secret": "", "issuer": "", "authorization_url": "",
            "token_url": "", "userinfo_url": "", "jwks_url": "", "identity_provider": "generic",
            "custom_scopes": "", "attribute_mapping": {},
        }),
        Kind::Saml => json!({
            "status": "pending", "display_name": "", "idp_entity_id": "", "idp_sso_url": "",
            "acs_url": format!("{base}/v1/b2b/sso/callback"), "audience_uri": base,
            "signing_certificates": [], "verification_certificates": [],
            "encryption_private_keys": [], "saml_connection_implicit_role_assignments": [],
            "saml_group_implicit_role_assignments": [], "alternative_audience_uri": "",
            "identity_provider": "generic", "nameid_format": "", "alternative_acs_url": "",
            "idp_initiated_auth_disabled": false, "allow_gateway_callback": false,
            "attribute_mapping": {},
        }),
        _ => json!({
            "external_organization_id": "", "external_connection_id": "", "display_name": "",
            "status": "active", "external_connection_implicit_role_assignments": [],
            "external_group_implicit_role_assignments": [],
        }),
    }
}

fn missing(kind: Kind) -> Problem {
    let error_type = match kind {
        Kind::Oidc => "oidc_connection_not_found",
        Kind::Saml => "saml_connection_not_found",
        _ => "sso_connection_not_found",
    };
    Problem {
        status: 404,
        error_type,
        message: "The SSO connection could not be found.".to_owned(),
    }
}

impl Ask {
    fn sso_org(&self) -> Result<(OrgId, Span), Bad> {
        let org = self.face.org_named(self.path("organization_id"));
        let read = Errand::read(None, Some(org));
        Ok((org, self.errand(&read)?.1))
    }

    fn connection(&self, kinds: &[Kind]) -> Option<(Kind, u32)> {
        let text = self.path("connection_id");
        kinds
            .iter()
            .find_map(|kind| Some((*kind, self.face.0.names.read_id(*kind, text)?)))
    }

    fn take_over(&self, shown: &mut Value, fields: &[&str]) {
        for name in fields {
            if let Some(value) = self.fields.raw(name) {
                shown[*name] = value.clone();
            }
        }
        if let Some(mapping) = self.fields.raw("attribute_mapping") {
            shown["attribute_mapping"] = mapping.clone();
        }
    }

    fn create_connection(&self, kind: Kind) -> Done {
        self.fields.text("display_name")?;
        let (org, took) = self.sso_org()?;
        let mut shown = fresh(kind, "https://test.stytch.com");
        self.take_over(
            &mut shown,
            &[
                "display_name",
                "identity_provider",
                "external_organization_id",
                "external_connection_id",
            ],
        );
        let mut book = self.face.book();
        if book.sso.of(org).count() >= MOST {
            let problem = Problem::bad(
                "too_many_sso_connections",
                "There are too many connections.",
            );
            return Err(Bad::Told { problem, took });
        }
        let number = book.sso.made;
        book.sso.made += 1;
        shown["connection_id"] = json!(self.face.0.names.id(kind, number));
        book.sso.rows.insert(
            (org, number),
            Connection {
                kind,
                shown: shown.clone(),
            },
        );
        drop(book);
        shown["organization_id"] = json!(self.face.organization_id(org));
        Ok(Good::new(took, json!({ "connection": shown })))
    }

    fn update_connection(&self, kind: Kind, fields: &[&str], complete: &[&str]) -> Done {
        let (org, took) = self.sso_org()?;
        let told = |problem| Bad::Told { problem, took };
        let (_, number) = self
            .connection(&[kind])
            .ok_or_else(|| told(missing(kind)))?;
        let mut book = self.face.book();
        let row = book.sso.rows.get_mut(&(org, number));
        let row = row.ok_or_else(|| told(missing(kind)))?;
        self.take_over(&mut row.shown, fields);
        let is_complete = complete
            .iter()
            .all(|name| row.shown[*name].as_str().is_some_and(|it| !it.is_empty()));
        row.shown["status"] = json!(if is_complete { "active" } else { "pending" });
        let mut shown = row.shown.clone();
        drop(book);
        shown["organization_id"] = json!(self.face.organization_id(org));
        Ok(Good::new(
            took,
            json!({ "connection": shown, "warning": "" }),
        ))
    }
}

pub(super) async fn create_oidc(ask: Ask) -> Done {
    ask.create_connection(Kind::Oidc)
}

pub(super) async fn create_saml(ask: Ask) -> Done {
    ask.create_connection(Kind::Saml)
}

pub(super) async fn create_external(ask: Ask) -> Done {
    ask.fields.needed("external_organization_id")?;
    ask.fields.needed("external_connection_id")?;
    ask.create_connection(Kind::External)
}

pub(super) async fn update_oidc(ask: Ask) -> Done {
    let complete = ["client_id", "client_secret", "issuer"];
    ask.update_connection(Kind::Oidc, &OIDC, &complete)
}

pub(super) async fn update_saml(ask: Ask) -> Done {
    ask.update_connection(Kind::Saml, &SAML, &["idp_entity_id", "idp_sso_url"])
}

pub(super) async fn list(ask: Ask) -> Done {
    let (org, took) = ask.sso_org()?;
    let id = ask.face.organization_id(org);
    let book = ask.face.book();
    let of = |kind: Kind| -> Vec<Value> {
        let rows = book.sso.of(org).filter(|(_, row)| row.kind == kind);
        rows.map(|(_, row)| {
            let mut shown = row.shown.clone();
            shown["organization_id"] = json!(id);
            shown
        })
        .collect()
    };
    let body = json!({
        "saml_connections": of(Kind::Saml),
        "oidc_connections": of(Kind::Oidc),
        "external_connections": of(Kind::External),
    });
    Ok(Good::new(took, body))
}

pub(super) async fn remove(ask: Ask) -> Done {
    let (org, took) = ask.sso_org()?;
    let found = ask.connection(&[Kind::Oidc, Kind::Saml, Kind::External]);
    let gone = found.and_then(|(_, number)| ask.face.book().sso.rows.remove(&(org, number)));
    match gone {
        Some(row) => Ok(Good::new(
            took,
            json!({ "connection_id": row.shown["connection_id"] }),
        )),
        None => Err(Bad::Told {
            problem: missing(Kind::External),
            took,
        }),
    }
}

/// Nobody is sent to a connection here, so nobody comes back with a token of one.
pub(super) async fn authenticate(ask: Ask) -> Done {
    ask.fields.needed("sso_token")?;
    ask.fields.duration()?;
    Err(Problem {
        status: 404,
        error_type: "sso_token_not_found",
        message: "The SSO token could not be found.".to_owned(),
    }
    .into())
}
