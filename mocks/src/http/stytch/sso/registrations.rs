//! Whom identity providers have vouched for: members' registrations with connections, the newest of
//! them. Whoever is forgotten is known by their address again at their next login.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::super::Face;
use super::super::factors::Told;
use super::super::names::Names;
use super::super::objects::Picture;
use super::kept::{Connections, Form, id};
use crate::http::recent::{Bulky, Recent};
use crate::stytch::{Connection, LoginToken, Proved, UserId};

/// People, and logins under way, whose registrations are kept.
const REMEMBERED: usize = 100_000;

/// What a provider says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assertion {
    /// The provider's own id of them.
    pub(super) external_id: String,
    /// `sso_attributes`: lists of texts.
    pub(super) attributes: Map<String, Value>,
}

impl Assertion {
    /// The groups that they belong to, as the provider says.
    fn groups(&self) -> impl Iterator<Item = &str> {
        let groups = self.attributes.get("groups").and_then(Value::as_array);
        groups.into_iter().flatten().filter_map(Value::as_str)
    }
}

impl Bulky for Assertion {
    fn heap_bytes(&self) -> usize {
        self.external_id.len() + self.attributes.heap_bytes()
    }
}

/// A member's registrations.
#[derive(Clone, Debug, Default)]
struct Known(Vec<(Connection, Assertion)>);

impl Bulky for Known {
    fn heap_bytes(&self) -> usize {
        let each = |(_, said): &(Connection, Assertion)| {
            size_of::<(Connection, Assertion)>() + said.heap_bytes()
        };
        self.0.iter().map(each).sum()
    }
}

/// A connection, and the beginning of the hash of a provider's id.
type ExternalKey = (Connection, [u8; 16]);

fn key(connection: Connection, external_id: &str) -> ExternalKey {
    let hash: [u8; 32] = Sha256::digest(external_id).into();
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    (connection, short)
}

/// All registrations.
#[derive(Debug)]
pub(in super::super) struct Registrations {
    of_members: Recent<UserId, Known>,
    by_external_id: Recent<ExternalKey, UserId>,
    /// What was said of whoever comes with a token.
    under_way: Recent<LoginToken, Assertion>,
}

impl Default for Registrations {
    fn default() -> Self {
        Self {
            of_members: Recent::of(REMEMBERED),
            by_external_id: Recent::of(REMEMBERED),
            under_way: Recent::of(REMEMBERED),
        }
    }
}

impl Bulky for UserId {
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Registrations {
    /// The member whom a provider calls so.
    pub(super) fn known_as(&self, connection: Connection, external_id: &str) -> Option<UserId> {
        self.by_external_id
            .get(key(connection, external_id))
            .copied()
    }

    /// What comes with a token.
    pub(super) fn note(&mut self, token: LoginToken, said: Assertion) {
        self.under_way.put(token, said);
    }

    /// What came with a token, once.
    pub(super) fn take(&mut self, token: LoginToken) -> Option<Assertion> {
        self.under_way.take(token)
    }

    /// Registers a member. Connections that are gone make room.
    pub(super) fn register(
        &mut self,
        member: UserId,
        connection: Connection,
        said: Assertion,
        connections: &Connections,
    ) {
        let mut known = self.of_members.take(member).unwrap_or_default();
        // Somebody else may have the provider's old id of them by now.
        for (of, said) in &known.0 {
            if *of == connection {
                self.by_external_id.take(key(*of, &said.external_id));
            }
        }
        known
            .0
            .retain(|(of, _)| *of != connection && connections.get(*of).is_some());
        self.by_external_id
            .put(key(connection, &said.external_id), member);
        known.0.push((connection, said));
        self.of_members.put(member, known);
    }

    /// Forgets a member.
    pub(in super::super) fn forget(&mut self, member: UserId) {
        let known = self.of_members.take(member).unwrap_or_default();
        for (connection, said) in known.0 {
            self.by_external_id.take(key(connection, &said.external_id));
        }
    }

    /// A member's registrations with connections that there are.
    fn of<'a>(
        &'a self,
        member: UserId,
        connections: &'a Connections,
    ) -> impl Iterator<Item = &'a (Connection, Assertion)> {
        let known = self.of_members.get(member).into_iter();
        known
            .flat_map(|known| &known.0)
            .filter(|(connection, _)| connections.get(*connection).is_some())
    }

    /// `sso_registrations` of a member.
    pub(in super::super) fn shown(
        &self,
        names: &Names,
        member: UserId,
        connections: &Connections,
    ) -> Vec<Value> {
        let all = self.of(member, connections);
        all.map(|(connection, said)| {
            json!({
                "connection_id": id(names, *connection),
                "external_id": said.external_id,
                "registration_id": registration_id(names, member, *connection),
                "sso_attributes": said.attributes,
            })
        })
        .collect()
    }

    /// What OIDC providers gave for a member: texts of its kind, worth nothing anywhere.
    pub(in super::super) fn oidc_tokens(
        &self,
        names: &Names,
        member: UserId,
        connections: &Connections,
        with_refresh: bool,
    ) -> Vec<Value> {
        let all = self.of(member, connections);
        let by_oidc = all.filter(|(connection, _)| !Form::of(*connection).is_saml());
        by_oidc
            .map(|(connection, said)| {
                let number = u64::from(member.0) << 32 | u64::from(connection.0);
                let text = |purpose| names.secret_text(purpose, number);
                let refresh = with_refresh.then(|| text("sso-refresh"));
                json!({
                    "connection_id": id(names, *connection),
                    "provider_subject": said.external_id,
                    "id_token": text("sso-id"),
                    "access_token": text("sso-access"),
                    "access_token_expires_in": 3600,
                    "scopes": ["openid", "email", "profile"],
                    "refresh_token": refresh.unwrap_or_default(),
                })
            })
            .collect()
    }

    /// Roles that connections give a member: the role, the source, and the connection.
    pub(in super::super) fn roles(
        &self,
        names: &Names,
        member: UserId,
        connections: &Connections,
    ) -> Vec<(String, Value, Connection)> {
        let mut roles = Vec::new();
        for (connection, said) in self.of(member, connections) {
            let Some(row) = connections.get(*connection) else {
                continue;
            };
            // OIDC connections give none (Stytch docs).
            let (of_all, of_groups) = match Form::of(*connection) {
                Form::Saml => (
                    "saml_connection_implicit_role_assignments",
                    "saml_group_implicit_role_assignments",
                ),
                Form::ExternalSaml => (
                    "external_connection_implicit_role_assignments",
                    "external_group_implicit_role_assignments",
                ),
                Form::Oidc | Form::ExternalOidc => continue,
            };
            let list = |name: &str| row.said.get(name).and_then(Value::as_array);
            let text = id(names, *connection);
            for one in list(of_all).into_iter().flatten() {
                let details = json!({ "connection_id": text });
                let source = json!({ "type": "sso_connection", "details": details });
                roles.push((role_of(one), source, *connection));
            }
            for one in list(of_groups).into_iter().flatten() {
                let group = one["group"].as_str().unwrap_or_default();
                if said.groups().any(|it| it == group) {
                    let details = json!({ "connection_id": text, "group": group });
                    let source = json!({ "type": "sso_connection_group", "details": details });
                    roles.push((role_of(one), source, *connection));
                }
            }
        }
        roles
    }
}

fn role_of(assignment: &Value) -> String {
    assignment["role_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn registration_id(names: &Names, member: UserId, connection: Connection) -> String {
    let prefix = if Form::of(connection).is_saml() {
        "saml-member-registration"
    } else {
        "oidc-member-registration"
    };
    names.id_of_both(prefix, member.0, connection.0)
}

impl Face {
    /// The factor of a login by SSO.
    pub(in super::super) fn sso_factor(&self, proved: &Proved, picture: &Picture) -> Told {
        let connection = Connection(proved.means.map_or(0, |means| means.0));
        let member = picture.user.id;
        let names = &self.0.names;
        let external_id = {
            let book = self.book();
            let mut all = book.sso_registrations.of(member, &book.sso);
            let found = all.find(|(of, _)| *of == connection);
            found.map(|(_, said)| said.external_id.clone())
        };
        let detail = json!({
            "id": registration_id(names, member, connection),
            "provider_id": id(names, connection),
            "external_id": external_id.unwrap_or_default(),
        });
        let (delivery, object) = if Form::of(connection).is_saml() {
            ("sso_saml", "saml_sso_factor")
        } else {
            ("sso_oidc", "oidc_sso_factor")
        };
        (
            "sso",
            delivery.to_owned(),
            Some((object.to_owned(), detail)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::kept::Row;
    use super::*;
    use crate::stytch::OrgId;
    use crate::time::Timestamp;

    fn said(external_id: &str, groups: &[&str]) -> Assertion {
        let mut attributes = Map::new();
        attributes.insert("groups".into(), json!(groups));
        Assertion {
            external_id: external_id.to_owned(),
            attributes,
        }
    }

    #[test]
    fn a_connection_that_is_gone_registers_nobody() {
        let names = Names::new("project-test-11111111-1111-4111-8111-111111111111");
        let mut connections = Connections::default();
        let mut row = Row::new(OrgId(1), Timestamp::from_secs(0));
        let roles = json!([{ "role_id": "reader" }]);
        row.said
            .insert("saml_connection_implicit_role_assignments".into(), roles);
        let roles = json!([{ "role_id": "boss", "group": "bosses" }]);
        row.said
            .insert("saml_group_implicit_role_assignments".into(), roles);
        let saml = connections.add(Form::Saml, row).expect("there is room");
        let mut all = Registrations::default();
        let ada = UserId(7);
        all.register(ada, saml, said("ada", &["bosses", "others"]), &connections);
        assert_eq!(all.known_as(saml, "ada"), Some(ada));
        let roles = all.roles(&names, ada, &connections);
        let roles: Vec<&str> = roles.iter().map(|(role, ..)| role.as_str()).collect();
        assert_eq!(roles, ["reader", "boss"]);
        all.register(ada, saml, said("ada", &[]), &connections);
        assert_eq!(all.roles(&names, ada, &connections).len(), 1);
        assert_eq!(all.shown(&names, ada, &connections).len(), 1);
        all.register(ada, saml, said("ada.king", &[]), &connections);
        assert_eq!(all.known_as(saml, "ada"), None, "the old id is nobody's");
        assert_eq!(all.known_as(saml, "ada.king"), Some(ada));
        connections.remove(saml);
        assert!(all.shown(&names, ada, &connections).is_empty());
        assert!(all.roles(&names, ada, &connections).is_empty());
        all.forget(ada);
        assert_eq!(all.known_as(saml, "ada.king"), None);
    }
}
