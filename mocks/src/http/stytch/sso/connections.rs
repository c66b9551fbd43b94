//! Connections: create, read, change and delete.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::Ask;
use super::super::names::Names;
use super::super::problem::{Bad, Problem};
use super::kept::{Connections, Form, Row, id, read};
use super::settings::{DEFAULT, LISTED};
use super::{certificates, shape};
use crate::stytch::{Connection, Errand, OrgId};
use crate::time::Span;

impl Connections {
    /// The active ones of an organization, as it shows them.
    pub(in super::super) fn active(&self, names: &Names, org: OrgId) -> Vec<Value> {
        let active = self.active_of(org).map(|(connection, row)| {
            // An external connection has the provider of the one that it stands for.
            let provider = row.of.and_then(|of| self.get(of)).unwrap_or(row);
            let provider = Some(provider.text("identity_provider")).filter(|it| !it.is_empty());
            json!({
                "connection_id": id(names, connection),
                "display_name": row.text("display_name"),
                "identity_provider": provider.unwrap_or("generic"),
            })
        });
        active.collect()
    }

    /// Whether an organization has an active one.
    pub(in super::super) fn has_active(&self, org: OrgId) -> bool {
        self.active_of(org).next().is_some()
    }

    /// Whose connection has this id.
    pub(in super::super) fn owner(&self, names: &Names, text: &str) -> Option<OrgId> {
        Some(self.get(read(names, text)?)?.org)
    }

    /// The active ones of an organization.
    pub(super) fn active_of(&self, org: OrgId) -> impl Iterator<Item = (Connection, &Row)> {
        let all = self.of(org);
        all.filter(|(connection, row)| self.lacks(*connection, row).is_none())
    }

    /// The first thing that a login by a connection lacks; none: the connection is active.
    pub(super) fn lacks(&self, connection: Connection, row: &Row) -> Option<Problem> {
        let own = shape::lacks(Form::of(connection), row);
        let (None, Some(of)) = (&own, row.of) else {
            return own;
        };
        // Without the connection that it stands for, an external one leads nowhere.
        let Some(lender) = self.get(of) else {
            return Some(missing("external_connection_id_not_found"));
        };
        shape::lacks(Form::of(of), lender).map(|_| lender_not_active())
    }

    /// Adds an external connection for one of another organization, which has to be active and to have
    /// none in this organization yet.
    fn add_external(&mut self, lender: OrgId, row: Row) -> Result<Connection, Problem> {
        let plain = |it: &Connection| matches!(Form::of(*it), Form::Saml | Form::Oidc);
        let of = row.of.filter(plain);
        let found = of.and_then(|it| Some((it, self.of_one(lender, it)?)));
        let (of, lent) = found.ok_or_else(|| missing("external_connection_id_not_found"))?;
        if shape::lacks(Form::of(of), lent).is_some() {
            return Err(lender_not_active());
        }
        if self.of(row.org).any(|(_, row)| row.of == Some(of)) {
            return Err(Problem::bad(
                "duplicate_external_sso_connection",
                "The organization has an external connection for this one already.",
            ));
        }
        self.add(Form::of(of).borrowed(), row)
    }
}

fn lender_not_active() -> Problem {
    Problem::bad(
        "external_connection_not_active",
        "The connection of the other organization is not active.",
    )
}

/// Something that there is not.
pub(super) fn missing(error_type: &'static str) -> Problem {
    let message = match error_type {
        "sso_verification_key_not_found" => "The certificate could not be found.",
        "sso_encryption_private_key_not_found" => "The encryption key could not be found.",
        _ => "The SSO connection could not be found.",
    };
    Problem {
        status: 404,
        error_type,
        message: message.to_owned(),
    }
}

const fn not_found(form: Form) -> &'static str {
    match form {
        Form::Oidc => "oidc_connection_not_found",
        Form::Saml => "saml_connection_not_found",
        Form::ExternalSaml | Form::ExternalOidc => "sso_connection_not_found",
    }
}

impl Ask {
    /// The organization of the path, which has to exist.
    pub(super) fn sso_org(&self) -> Result<(OrgId, Span), Bad> {
        let org = self.face.org_named(self.path("organization_id"));
        let read = Errand::read(None, Some(org));
        Ok((org, self.errand(&read)?.1))
    }

    /// Changes the connection of the path, which has to be the organization's and to have this form.
    pub(super) fn edit_connection(
        &self,
        form: Form,
        change: impl FnOnce(&mut Row, &mut Connections) -> Result<(), Problem>,
    ) -> Result<(Connection, Row, Span), Bad> {
        let (org, took) = self.sso_org()?;
        let edited = || {
            let connection = read(&self.face.0.names, self.path("connection_id"));
            let mut book = self.face.book();
            let found = connection
                .filter(|it| Form::of(*it).kind() == form.kind())
                .and_then(|it| Some((it, book.sso.of_one(org, it)?.clone())));
            let (connection, mut row) = found.ok_or_else(|| missing(not_found(form)))?;
            change(&mut row, &mut book.sso)?;
            book.sso.put(connection, row.clone())?;
            Ok((connection, row, took))
        };
        edited().map_err(|problem| Bad::Told { problem, took })
    }

    fn show_created(&self, connection: Connection, row: &Row, took: Span) -> Good {
        let shown = self.connection_object(connection, row);
        Good::new(took, json!({ "connection": shown }))
    }

    fn create_plain(&self, form: Form) -> Done {
        let since = self.exchange.stamp().at;
        let mut row = Row::new(OrgId(u32::MAX), since);
        shape::name(&self.fields, &mut row)?;
        let (org, took) = self.sso_org()?;
        let row = Row { org, ..row };
        let added = self.face.book().sso.add(form, row.clone());
        let connection = added.map_err(|problem| Bad::Told { problem, took })?;
        Ok(self.show_created(connection, &row, took))
    }

    /// Changes a connection, and shows it.
    pub(super) fn change_connection(
        &self,
        form: Form,
        change: impl FnOnce(&mut Row, &mut Connections) -> Result<(), Problem>,
    ) -> Done {
        let (connection, row, took) = self.edit_connection(form, change)?;
        let shown = self.connection_object(connection, &row);
        let body = json!({ "connection": shown, "warning": "" });
        Ok(Good::new(took, body))
    }

    /// Adds an external connection, with what it stands for.
    fn borrow(&self, mut row: Row) -> Result<(Connection, Row), Problem> {
        let other = self
            .face
            .org_named(self.fields.needed("external_organization_id")?);
        if other == row.org {
            return Err(Problem::bad(
                "external_organization_id_same_as_organization_id",
                "The external_organization_id must be another organization's.",
            ));
        }
        let text = self.fields.needed("external_connection_id")?;
        let connection = read(&self.face.0.names, text);
        let other_id = json!(self.face.organization_id(other));
        row.said.insert("external_organization_id".into(), other_id);
        row.of = connection;
        let added = self.face.book().sso.add_external(other, row.clone())?;
        Ok((added, row))
    }
}

pub(in super::super) async fn create_oidc(ask: Ask) -> Done {
    ask.create_plain(Form::Oidc)
}

pub(in super::super) async fn create_saml(ask: Ask) -> Done {
    ask.create_plain(Form::Saml)
}

/// Roles have other names here than in the object.
const OF_CREATING: [(&str, &str); 2] = [
    (
        "connection_implicit_role_assignments",
        "external_connection_implicit_role_assignments",
    ),
    (
        "group_implicit_role_assignments",
        "external_group_implicit_role_assignments",
    ),
];

pub(in super::super) async fn create_external(mut ask: Ask) -> Done {
    ask.fields.needed("external_organization_id")?;
    ask.fields.needed("external_connection_id")?;
    for (said, kept) in OF_CREATING {
        if let Some(value) = ask.fields.take(said) {
            ask.fields.set(kept, value);
        }
    }
    let since = ask.exchange.stamp().at;
    let mut row = Row::new(OrgId(u32::MAX), since);
    shape::take_over(&ask.fields, Form::ExternalSaml, &mut row)?;
    let (org, took) = ask.sso_org()?;
    let added = ask.borrow(Row { org, ..row });
    let (connection, row) = added.map_err(|problem| Bad::Told { problem, took })?;
    Ok(ask.show_created(connection, &row, took))
}

pub(in super::super) async fn update_oidc(ask: Ask) -> Done {
    ask.change_connection(Form::Oidc, |row, _| {
        shape::take_over(&ask.fields, Form::Oidc, row)
    })
}

pub(in super::super) async fn update_saml(ask: Ask) -> Done {
    ask.change_connection(Form::Saml, |row, all| {
        shape::take_over(&ask.fields, Form::Saml, row)?;
        certificates::take_over(&ask, row, all)
    })
}

pub(in super::super) async fn update_external(ask: Ask) -> Done {
    ask.change_connection(Form::ExternalSaml, |row, _| {
        shape::take_over(&ask.fields, Form::ExternalSaml, row)
    })
}

pub(in super::super) async fn list(ask: Ask) -> Done {
    let (org, took) = ask.sso_org()?;
    let all: Vec<(Connection, Row)> = {
        let book = ask.face.book();
        let all = book.sso.of(org).map(|(it, row)| (it, row.clone()));
        all.collect()
    };
    let of = |form: Form| -> Vec<Value> {
        let same = all
            .iter()
            .filter(|(it, _)| Form::of(*it).kind() == form.kind());
        same.map(|(it, row)| ask.connection_object(*it, row))
            .collect()
    };
    let body = json!({
        "saml_connections": of(Form::Saml),
        "oidc_connections": of(Form::Oidc),
        "external_connections": of(Form::ExternalSaml),
    });
    Ok(Good::new(took, body))
}

/// A default connection stays until another one takes its place, or none does.
pub(in super::super) async fn remove(ask: Ask) -> Done {
    let (org, took) = ask.sso_org()?;
    let told = |problem| Bad::Told { problem, took };
    let connection = read(&ask.face.0.names, ask.path("connection_id"));
    let mut book = ask.face.book();
    let connection = connection.filter(|it| book.sso.of_one(org, *it).is_some());
    let connection = connection.ok_or_else(|| told(missing("sso_connection_not_found")))?;
    let text = id(&ask.face.0.names, connection);
    if let Some(profile) = book.orgs.get_mut(&org) {
        if profile.settings.get(DEFAULT).and_then(Value::as_str) == Some(&text) {
            return Err(told(Problem::bad(
                "cannot_delete_default_sso_connection",
                "The default connection of an organization cannot be deleted.",
            )));
        }
        if let Some(Value::Array(listed)) = profile.settings.get_mut(LISTED) {
            listed.retain(|it| it.as_str() != Some(&text));
        }
    }
    book.sso.remove(connection);
    drop(book);
    Ok(Good::new(took, json!({ "connection_id": text })))
}
