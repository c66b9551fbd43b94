//! The roles that people hold: everybody's, those they were given, and those that come with an address
//! or an SSO connection (B2B).

use serde_json::{Value, json};

use super::Face;
use super::objects::Picture;
use crate::stytch::{Connection, Factor, OrgId, UserView, Vertical};

/// A role, and why somebody holds it.
struct Held {
    role: String,
    /// An element of `sources`; none: it was given to them directly.
    source: Option<Value>,
    /// The connection that a session must have come by for the role to count in it.
    only_by: Option<Connection>,
}

impl Held {
    fn given(role: String) -> Self {
        Self {
            role,
            source: None,
            only_by: None,
        }
    }
}

impl Face {
    fn held(&self, person: &UserView) -> Vec<Held> {
        let everybody = match self.0.vertical {
            Vertical::Consumer => "stytch_user",
            Vertical::B2b => "stytch_member",
        };
        let given = self.profile(person.id).roles;
        let given = given.into_iter().filter(|role| role != everybody);
        let mut held = vec![Held::given(everybody.to_owned())];
        held.extend(given.map(Held::given));
        if let Some(org) = person.org {
            held.extend(self.by_address(person, org));
            let book = self.book();
            let names = &self.0.names;
            let by_sso = book.sso_registrations.roles(names, person.id, &book.sso);
            held.extend(by_sso.into_iter().map(|(role, source, connection)| Held {
                role,
                source: Some(source),
                only_by: Some(connection),
            }));
        }
        held
    }

    /// Roles that come with the domain of a verified address.
    fn by_address(&self, person: &UserView, org: OrgId) -> Vec<Held> {
        let assignments = {
            let book = self.book();
            let settings = book.orgs.get(&org).map(|profile| &profile.settings);
            let set = settings.and_then(|it| it.get("rbac_email_implicit_role_assignments"));
            set.and_then(Value::as_array).cloned()
        };
        let email = person.email.filter(|_| person.verified);
        let (Some(assignments), Some(email)) = (assignments, email) else {
            return Vec::new();
        };
        let address = self.0.directory.text(email);
        let (_, domain) = address.rsplit_once('@').unwrap_or_default();
        let fits = |one: &&Value| {
            let named = one["domain"].as_str();
            named.is_some_and(|named| named.eq_ignore_ascii_case(domain))
        };
        let source = json!({ "type": "email_assignment", "details": { "email_domain": domain } });
        let role = |one: &Value| {
            Some(Held {
                role: one["role_id"].as_str()?.to_owned(),
                source: Some(source.clone()),
                only_by: None,
            })
        };
        assignments.iter().filter(fits).filter_map(role).collect()
    }

    /// `roles` of a session, or of a user.
    pub(super) fn roles(&self, picture: &Picture) -> Vec<String> {
        self.roles_in(&picture.user, picture.session.map(|row| row.id))
    }

    /// The roles of a person that count in a session.
    pub(super) fn roles_in(&self, person: &UserView, session: Option<u32>) -> Vec<String> {
        let held = self.held(person);
        let mut factors = Vec::new();
        if held.iter().any(|it| it.only_by.is_some())
            && let Some(session) = session
        {
            factors = self.project().factors(session);
        }
        let came_by = |connection: Connection| {
            factors.iter().any(|it| {
                it.factor == Factor::Sso && it.means.is_some_and(|it| it.0 == connection.0)
            })
        };
        let mut roles: Vec<String> = Vec::new();
        for one in held {
            if one.only_by.is_none_or(came_by) && !roles.contains(&one.role) {
                roles.push(one.role);
            }
        }
        roles
    }

    /// `roles` of a member, with their sources; whether they are an admin.
    pub(super) fn member_roles(&self, person: &UserView) -> (Vec<Value>, bool) {
        let mut roles: Vec<(String, Vec<Value>)> = Vec::new();
        let directly = || json!({ "type": "direct_assignment", "details": {} });
        for one in self.held(person) {
            let source = one.source.unwrap_or_else(directly);
            match roles.iter_mut().find(|(role, _)| *role == one.role) {
                Some((_, sources)) => sources.push(source),
                None => roles.push((one.role, vec![source])),
            }
        }
        let is_admin = roles.iter().any(|(role, _)| role == "stytch_admin");
        let shown = roles
            .into_iter()
            .map(|(role, sources)| json!({ "role_id": role, "sources": sources }));
        (shown.collect(), is_admin)
    }
}
