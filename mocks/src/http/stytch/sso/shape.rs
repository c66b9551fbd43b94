//! What connections look like, which of their fields can be set, and what makes one active.

use serde_json::{Map, Value, json};

use super::super::ask::Ask;
use super::super::fields::Fields;
use super::super::names::Kind;
use super::super::objects::rfc3339;
use super::super::problem::Problem;
use super::certificates;
use super::kept::{Form, Pem, Row, id};
use crate::stytch::Connection;

/// A text of a connection is at most this long.
const LONGEST: usize = 4096;

/// The providers that Stytch names. Its Rust SDK writes some of them without the hyphen.
const PROVIDERS: [&str; 17] = [
    "classlink",
    "cyberark",
    "duo",
    "generic",
    "google-workspace",
    "googleworkspace",
    "jumpcloud",
    "keycloak",
    "miniorange",
    "microsoft-entra",
    "microsoftentra",
    "okta",
    "onelogin",
    "pingfederate",
    "rippling",
    "salesforce",
    "shibboleth",
];

/// What a field has to be.
#[derive(Clone, Copy, Debug)]
enum Has {
    Text,
    Flag,
    /// An address of the web, and what it is called if it is none.
    Url(&'static str),
    /// One of [`PROVIDERS`].
    Provider,
    /// Names of attributes, by what they mean to Stytch.
    Mapping,
    /// `[{role_id}]`, or `[{role_id, group}]`.
    Roles,
}

const OIDC: [(&str, Has); 11] = [
    ("display_name", Has::Text),
    ("client_id", Has::Text),
    ("client_secret", Has::Text),
    (
        "issuer",
        Has::Url("oidc_connection_issuer_url_invalid_format"),
    ),
    (
        "authorization_url",
        Has::Url("oidc_connection_authorization_url_invalid_format"),
    ),
    (
        "token_url",
        Has::Url("oidc_connection_token_url_invalid_format"),
    ),
    (
        "userinfo_url",
        Has::Url("oidc_connection_userinfo_url_invalid_format"),
    ),
    (
        "jwks_url",
        Has::Url("oidc_connection_jwks_url_invalid_format"),
    ),
    ("identity_provider", Has::Provider),
    ("custom_scopes", Has::Text),
    ("attribute_mapping", Has::Mapping),
];

const SAML: [(&str, Has); 12] = [
    ("display_name", Has::Text),
    ("idp_entity_id", Has::Text),
    (
        "idp_sso_url",
        Has::Url("saml_connection_idp_sso_url_invalid_format"),
    ),
    ("alternative_audience_uri", Has::Text),
    ("identity_provider", Has::Provider),
    ("nameid_format", Has::Text),
    ("alternative_acs_url", Has::Text),
    ("idp_initiated_auth_disabled", Has::Flag),
    ("allow_gateway_callback", Has::Flag),
    ("saml_connection_implicit_role_assignments", Has::Roles),
    ("saml_group_implicit_role_assignments", Has::Roles),
    ("attribute_mapping", Has::Mapping),
];

const EXTERNAL: [(&str, Has); 3] = [
    ("display_name", Has::Text),
    ("external_connection_implicit_role_assignments", Has::Roles),
    ("external_group_implicit_role_assignments", Has::Roles),
];

/// What a login needs of a SAML connection (Stytch docs), and what it is called where it is missing.
const OF_SAML: [(&str, &str); 4] = [
    ("idp_sso_url", "saml_connection_idp_sso_url_required"),
    ("idp_entity_id", "invalid_idp_entity_id"),
    (
        "attribute_mapping",
        "saml_connection_attribute_mapping_required",
    ),
    ("x509_certificate", "invalid_x509_certificate"),
];

/// The same of an OIDC connection. Addresses that were not said are those that the issuer publishes.
const OF_OIDC: [(&str, &str); 3] = [
    ("client_id", "oidc_connection_client_id_required"),
    ("client_secret", "oidc_connection_client_secret_required"),
    ("issuer", "oidc_connection_issuer_required"),
];

/// What an issuer publishes of itself: nobody asks it, so it is taken to be as an Auth0 tenant is.
const PUBLISHED: [(&str, &str); 4] = [
    ("authorization_url", "/authorize"),
    ("token_url", "/oauth/token"),
    ("userinfo_url", "/userinfo"),
    ("jwks_url", "/.well-known/jwks.json"),
];

/// The first thing that a login needs of the connection itself and lacks.
pub(super) fn lacks(form: Form, row: &Row) -> Option<Problem> {
    let needed: &[(&str, &str)] = match form {
        Form::Saml => &OF_SAML,
        Form::Oidc => &OF_OIDC,
        Form::ExternalSaml | Form::ExternalOidc => &[],
    };
    let (name, error_type) = needed.iter().find(|(name, _)| !row.has(name))?;
    let message = format!("The connection is not active yet: it has no {name}.");
    Some(Problem::bad(error_type, message))
}

/// Takes over what a request says of a connection.
pub(super) fn take_over(fields: &Fields, form: Form, row: &mut Row) -> Result<(), Problem> {
    let known: &[(&str, Has)] = match form {
        Form::Saml => &SAML,
        Form::Oidc => &OIDC,
        Form::ExternalSaml | Form::ExternalOidc => &EXTERNAL,
    };
    for (name, has) in known {
        if let Some(value) = read(fields, name, *has)? {
            row.said.insert((*name).to_owned(), value);
        }
    }
    if form == Form::Saml {
        check_saml(row)?;
    }
    let issuer = row.text("issuer").trim_end_matches('/').to_owned();
    if form == Form::Oidc && !issuer.is_empty() {
        for (name, path) in PUBLISHED {
            if !row.has(name) {
                let address = json!(format!("{issuer}{path}"));
                row.said.insert(name.to_owned(), address);
            }
        }
    }
    Ok(())
}

/// Takes over what a new connection is called.
pub(super) fn name(fields: &Fields, row: &mut Row) -> Result<(), Problem> {
    for (name, has) in [
        ("display_name", Has::Text),
        ("identity_provider", Has::Provider),
    ] {
        if let Some(value) = read(fields, name, has)? {
            row.said.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

fn read(fields: &Fields, name: &str, has: Has) -> Result<Option<Value>, Problem> {
    let Some(value) = fields.raw(name) else {
        return Ok(None);
    };
    if value.to_string().len() > LONGEST {
        return Err(Problem::field(name, "is too long"));
    }
    match has {
        Has::Text => drop(fields.text(name)?),
        Has::Flag => drop(fields.flag(name)?),
        Has::Url(error_type) => drop(fields.url(name, error_type)?),
        Has::Provider => check_provider(fields.text(name)?)?,
        Has::Mapping => drop(fields.object(name)?),
        Has::Roles => check_roles(name, value)?,
    }
    Ok(Some(value.clone()))
}

fn check_provider(name: Option<&str>) -> Result<(), Problem> {
    match name {
        Some(name) if !PROVIDERS.contains(&name) => Err(Problem::bad(
            "invalid_sso_idp",
            format!("The identity_provider `{name}` is not known."),
        )),
        _ => Ok(()),
    }
}

fn check_roles(name: &str, value: &Value) -> Result<(), Problem> {
    let of_groups = name.contains("_group_") || name.starts_with("group_");
    let is_one = |one: &Value| {
        one["role_id"].as_str().is_some_and(|it| !it.is_empty())
            && (!of_groups || one["group"].as_str().is_some_and(|it| !it.is_empty()))
    };
    let all = value.as_array().is_some_and(|all| all.iter().all(is_one));
    if all {
        return Ok(());
    }
    let what = if of_groups {
        "must be an array of objects with role_id and group"
    } else {
        "must be an array of objects with role_id"
    };
    Err(Problem::field(name, what))
}

/// What Stytch asks of a SAML connection's mapping and address.
fn check_saml(row: &Row) -> Result<(), Problem> {
    let url = row.text("idp_sso_url");
    if !url.is_empty() && !url.starts_with("https://") {
        return Err(Problem::bad(
            "saml_connection_idp_sso_url_not_https",
            "The idp_sso_url must begin with https://.",
        ));
    }
    let mapping = row.said.get("attribute_mapping").and_then(Value::as_object);
    let mapping = mapping.filter(|mapping| !mapping.is_empty());
    let has = |name: &str| mapping.is_some_and(|mapping| mapping.contains_key(name));
    if mapping.is_some_and(|mapping| mapping.values().any(Value::is_object)) {
        return Err(Problem::bad(
            "saml_connection_no_nested_keys_in_attribute_mapping",
            "The attribute_mapping must not have nested keys.",
        ));
    }
    if mapping.is_some() && !has("email") {
        return Err(Problem::bad(
            "saml_connection_email_mapping_required",
            "The attribute_mapping must have the key email.",
        ));
    }
    if mapping.is_some() && !has("full_name") && !(has("first_name") && has("last_name")) {
        return Err(Problem::bad(
            "saml_connection_name_mapping_required",
            "The attribute_mapping must have the key full_name, or first_name and last_name.",
        ));
    }
    let groups = row.said.get("saml_group_implicit_role_assignments");
    let groups = groups.and_then(Value::as_array);
    if groups.is_some_and(|groups| !groups.is_empty()) && !has("groups") {
        return Err(Problem::bad(
            "saml_connection_attribute_mapping_missing_groups_key",
            "The attribute_mapping must have the key groups before groups are given roles.",
        ));
    }
    Ok(())
}

impl Ask {
    /// A connection's object.
    pub(super) fn connection_object(&self, connection: Connection, row: &Row) -> Value {
        let form = Form::of(connection);
        let names = &self.face.0.names;
        let text = id(names, connection);
        let lacks = self.face.book().sso.lacks(connection, row);
        let status = if lacks.is_none() { "active" } else { "pending" };
        let mut shown = self.plain_object(form, &text, row);
        for (name, value) in &row.said {
            shown.insert(name.clone(), value.clone());
        }
        shown.insert("connection_id".into(), json!(text));
        shown.insert("status".into(), json!(status));
        let org = self.face.0.names.organization(row.org);
        shown.insert("organization_id".into(), json!(org));
        Value::Object(shown)
    }

    /// The object of a connection of which nothing was said.
    fn plain_object(&self, form: Form, text: &str, row: &Row) -> Map<String, Value> {
        let base = self.exchange.origin().url();
        let base = base.unwrap_or_else(|| "https://test.stytch.com".to_owned());
        let back = format!("{base}/v1/b2b/sso/callback/{text}");
        let pems = |kind, pems: &[Pem]| -> Vec<Value> {
            let shown = pems.iter();
            shown.map(|pem| self.pem_object(kind, pem)).collect()
        };
        let names = &self.face.0.names;
        let object = match form {
            Form::Oidc => json!({
                "display_name": "", "redirect_url": back, "client_id": "", "client_secret": "",
                "issuer": "", "authorization_url": "", "token_url": "", "userinfo_url": "",
                "jwks_url": "", "identity_provider": "generic", "custom_scopes": "",
                "attribute_mapping": {},
            }),
            Form::Saml => json!({
                "display_name": "", "idp_entity_id": "", "idp_sso_url": "", "acs_url": back,
                "audience_uri": back,
                "signing_certificates": [certificates::signing(&rfc3339(row.since))],
                "verification_certificates": pems(Kind::SamlCertificate, &row.certificates),
                "encryption_private_keys": pems(Kind::SamlKey, &row.keys),
                "saml_connection_implicit_role_assignments": [],
                "saml_group_implicit_role_assignments": [], "alternative_audience_uri": "",
                "identity_provider": "generic", "nameid_format": "", "alternative_acs_url": "",
                "idp_initiated_auth_disabled": false, "allow_gateway_callback": false,
                "attribute_mapping": {},
            }),
            Form::ExternalSaml | Form::ExternalOidc => json!({
                "external_connection_id": row.of.map(|it| id(names, it)),
                "display_name": "",
                "external_connection_implicit_role_assignments": [],
                "external_group_implicit_role_assignments": [],
            }),
        };
        match object {
            Value::Object(object) => object,
            _ => Map::new(),
        }
    }

    fn pem_object(&self, kind: Kind, pem: &Pem) -> Value {
        let id = self.face.0.names.id(kind, pem.number);
        let since = rfc3339(pem.since);
        match kind {
            Kind::SamlKey => json!({
                "private_key_id": id, "private_key": pem.text, "created_at": since,
            }),
            _ => json!({
                "certificate_id": id, "certificate": pem.text, "issuer": "",
                "created_at": since, "updated_at": since, "expires_at": null,
            }),
        }
    }
}
