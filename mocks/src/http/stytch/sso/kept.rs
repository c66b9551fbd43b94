//! The connections of all organizations, in number and bytes as bounded as what clients make is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::names::{Kind, Names};
use super::super::problem::Problem;
use crate::http::recent::{Bulky, MOST_BYTES};
use crate::stytch::{Connection, OrgId};
use crate::time::Timestamp;

/// Connections that an organization may have.
pub(super) const MOST_OF_ONE: usize = 100;

/// Connections that there may be.
const MOST: usize = 100_000;

/// What a connection is. Its number says so, so that the number alone can be spelled for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Saml,
    Oidc,
    /// Another organization's SAML connection.
    ExternalSaml,
    /// Another organization's OIDC connection.
    ExternalOidc,
}

impl Form {
    const ALL: [Self; 4] = [
        Self::Saml,
        Self::Oidc,
        Self::ExternalSaml,
        Self::ExternalOidc,
    ];

    /// What this connection is.
    pub(super) const fn of(connection: Connection) -> Self {
        Self::ALL[connection.0 as usize % Self::ALL.len()]
    }

    /// What a connection is that stands for one of this form in another organization.
    pub(super) const fn borrowed(self) -> Self {
        match self {
            Self::Saml | Self::ExternalSaml => Self::ExternalSaml,
            Self::Oidc | Self::ExternalOidc => Self::ExternalOidc,
        }
    }

    /// What its ids begin with.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Saml => Kind::Saml,
            Self::Oidc => Kind::Oidc,
            Self::ExternalSaml | Self::ExternalOidc => Kind::External,
        }
    }

    /// Whether its protocol is SAML.
    pub(super) const fn is_saml(self) -> bool {
        matches!(self, Self::Saml | Self::ExternalSaml)
    }
}

/// The text of a connection's id.
pub(in super::super) fn id(names: &Names, connection: Connection) -> String {
    names.id(Form::of(connection).kind(), connection.0)
}

/// The connection behind the text of an id.
pub(super) fn read(names: &Names, text: &str) -> Option<Connection> {
    let numbers = [Kind::Saml, Kind::Oidc, Kind::External]
        .into_iter()
        .find_map(|kind| names.read_id(kind, text).map(|number| (kind, number)));
    let (kind, number) = numbers?;
    Some(Connection(number)).filter(|it| Form::of(*it).kind() == kind)
}

/// A certificate or a key that a connection has.
#[derive(Clone, Debug)]
pub(super) struct Pem {
    pub(super) number: u32,
    pub(super) text: String,
    pub(super) since: Timestamp,
}

/// One connection.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) org: OrgId,
    pub(super) since: Timestamp,
    /// What was said of it, under the names of its object.
    pub(super) said: Map<String, Value>,
    /// The connection that an external one stands for.
    pub(super) of: Option<Connection>,
    /// `verification_certificates`.
    pub(super) certificates: Vec<Pem>,
    /// `encryption_private_keys`.
    pub(super) keys: Vec<Pem>,
}

impl Row {
    pub(super) fn new(org: OrgId, since: Timestamp) -> Self {
        Self {
            org,
            since,
            said: Map::new(),
            of: None,
            certificates: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// A text that was said of it.
    pub(super) fn text(&self, name: &str) -> &str {
        let text = self.said.get(name).and_then(Value::as_str);
        text.unwrap_or_default()
    }

    /// Whether something is known of it by this name.
    pub(super) fn has(&self, name: &str) -> bool {
        match self.said.get(name) {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Object(fields)) => !fields.is_empty(),
            Some(_) => true,
            None => name == "x509_certificate" && !self.certificates.is_empty(),
        }
    }

    fn weight(&self) -> usize {
        let pems = self.certificates.iter().chain(&self.keys);
        let pems: usize = pems.map(|pem| size_of::<Pem>() + pem.text.len()).sum();
        size_of::<Self>() + self.said.heap_bytes() + pems
    }
}

/// All connections.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Connections {
    rows: BTreeMap<Connection, Row>,
    of_org: BTreeSet<(OrgId, Connection)>,
    made: u32,
    /// Certificates and keys that ever were.
    pems: u32,
    bytes: usize,
}

impl Connections {
    pub(super) fn get(&self, connection: Connection) -> Option<&Row> {
        self.rows.get(&connection)
    }

    /// An organization's connection.
    pub(super) fn of_one(&self, org: OrgId, connection: Connection) -> Option<&Row> {
        self.get(connection).filter(|row| row.org == org)
    }

    /// The connections of an organization, in the order in which they were made.
    pub(super) fn of(&self, org: OrgId) -> impl Iterator<Item = (Connection, &Row)> {
        let range = (org, Connection(0))..=(org, Connection(u32::MAX));
        let all = self.of_org.range(range);
        all.filter_map(|(_, connection)| Some((*connection, self.rows.get(connection)?)))
    }

    /// Adds a connection.
    pub(super) fn add(&mut self, form: Form, row: Row) -> Result<Connection, Problem> {
        let weight = row.weight();
        let full = self.rows.len() >= MOST || self.made >= u32::MAX / 4;
        if full || self.of(row.org).count() >= MOST_OF_ONE || self.bytes + weight > MOST_BYTES {
            return Err(too_many());
        }
        let connection = Connection(self.made * 4 + form as u32);
        self.made += 1;
        self.bytes += weight;
        self.of_org.insert((row.org, connection));
        self.rows.insert(connection, row);
        Ok(connection)
    }

    /// Puts another row in a connection's place.
    pub(super) fn put(&mut self, connection: Connection, row: Row) -> Result<(), Problem> {
        let Some(kept) = self.rows.get_mut(&connection) else {
            return Ok(());
        };
        let bytes = self.bytes - kept.weight() + row.weight();
        if bytes > MOST_BYTES {
            return Err(too_many());
        }
        (self.bytes, *kept) = (bytes, row);
        Ok(())
    }

    /// A certificate or a key, with a number of its own.
    pub(super) fn pem(&mut self, text: &str, since: Timestamp) -> Pem {
        self.pems = self.pems.wrapping_add(1);
        Pem {
            number: self.pems,
            text: text.to_owned(),
            since,
        }
    }

    /// Removes a connection; says whether there was one.
    pub(super) fn remove(&mut self, connection: Connection) -> bool {
        let Some(row) = self.rows.remove(&connection) else {
            return false;
        };
        self.bytes -= row.weight();
        self.of_org.remove(&(row.org, connection));
        true
    }

    /// Forgets those of an organization.
    pub(in super::super) fn forget(&mut self, org: OrgId) {
        let all: Vec<Connection> = self.of(org).map(|(connection, _)| connection).collect();
        for connection in all {
            self.remove(connection);
        }
    }
}

fn too_many() -> Problem {
    Problem::bad(
        "too_many_sso_connections",
        "There are too many connections.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(org: u32) -> Row {
        Row::new(OrgId(org), Timestamp::from_secs(0))
    }

    #[test]
    fn ids_say_what_a_connection_is() {
        let names = Names::new("project-test-11111111-1111-4111-8111-111111111111");
        let mut kept = Connections::default();
        for form in Form::ALL {
            let connection = kept.add(form, row(1)).expect("there is room");
            assert_eq!(Form::of(connection), form);
            let text = id(&names, connection);
            assert_eq!(read(&names, &text), Some(connection), "{text}");
        }
        let odd = names.id(Kind::Saml, 1);
        assert_eq!(read(&names, &odd), None, "OIDC's number under SAML's name");
    }

    #[test]
    fn an_organization_has_so_many_and_no_more() {
        let mut kept = Connections::default();
        let mut last = None;
        for _ in 0..MOST_OF_ONE {
            last = kept.add(Form::Oidc, row(1)).ok();
        }
        assert!(kept.add(Form::Oidc, row(1)).is_err());
        assert!(kept.add(Form::Oidc, row(2)).is_ok());
        assert!(kept.remove(last.expect("the last one")));
        assert!(kept.add(Form::Saml, row(1)).is_ok(), "there is room again");
        kept.forget(OrgId(1));
        assert_eq!((kept.of(OrgId(1)).count(), kept.rows.len()), (0, 1));
    }

    #[test]
    fn bytes_are_bounded_and_given_back() {
        let mut kept = Connections::default();
        let mut heavy = row(1);
        heavy
            .said
            .insert("display_name".into(), json!("x".repeat(MOST_BYTES / 2)));
        let one = kept.add(Form::Saml, heavy.clone()).expect("there is room");
        assert!(kept.add(Form::Saml, heavy.clone()).is_err());
        let other = kept.add(Form::Saml, row(2)).expect("it is small");
        assert!(kept.put(other, heavy).is_err());
        assert!(kept.remove(one) && kept.remove(other) && !kept.remove(one));
        assert_eq!(kept.bytes, 0);
    }
}
