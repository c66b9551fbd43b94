//! Members' logins by connections: what an application makes of a token, and which connections an
//! address leads to.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::b2b::{entered, members_with, whose};
use super::super::problem::{Bad, Problem};
use super::provider::active;
use super::settings::LISTED;
use crate::stytch::{
    Connection, Errand, Error, Joining, LoginToken, Method, OrgId, OrgView, Sso, UserId,
};

/// `POST /v1/b2b/sso/authenticate`.
pub(in super::super) async fn authenticate(ask: Ask) -> Done {
    let text = ask.fields.needed("sso_token")?;
    let duration = ask.fields.duration()?;
    let token = ask.face.0.names.read_login_token(text);
    let with = ask.with_verifier(token, "pkce_code_verifier")?;
    let connection = ask.face.project().connection_of(token);
    // A connection that went meanwhile lets nobody in.
    if let Some(connection) = connection {
        active(&ask, connection)?;
    }
    let finish = Errand::Sso(Sso::Finish { token, duration });
    let got = ask.errand_with(with, &finish).map_err(in_sso_words)?;
    let member = whose(&ask, &got.0).ok_or_else(|| odd(got.1))?;
    if let Some(connection) = connection {
        register(&ask, member, connection, token);
    }
    entered(&ask, got, json!({ "reset_session": false })).await
}

/// One kind of refusal, as after a token's use: Stytch has no other name for it.
fn in_sso_words(bad: Bad) -> Bad {
    match bad {
        Bad::Refused { refusal, took } if refusal.error == Error::LoginTokenInvalid => Bad::Told {
            problem: Problem {
                status: 404,
                error_type: "sso_token_not_found",
                message: "The SSO token could not be found.".to_owned(),
            },
            took,
        },
        other => other,
    }
}

/// Keeps what the provider said of somebody who has come in, or is halfway.
fn register(ask: &Ask, member: UserId, connection: Connection, token: LoginToken) {
    let mut book = ask.face.book();
    let book = &mut *book;
    let Some(said) = book.sso_registrations.take(token) else {
        return;
    };
    let name = said.attributes.get("full_name").and_then(|it| it.get(0));
    if let Some(name) = name.cloned() {
        let profile = book.people.entry(member).or_default();
        profile.name.get_or_insert(name);
    }
    book.sso_registrations
        .register(member, connection, said, &book.sso);
}

/// `GET /sdk/v1/b2b/sso/discovery/connections`: the connections of the organizations in which somebody
/// has the address; without any, those that let it in.
pub(in super::super) async fn discover(ask: Ask) -> Done {
    let text = ask.query.address("email_address")?;
    let email = ask.face.email(text);
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let own = members_with(&ask, email).into_iter();
    let own = own.map(|(org, _)| ask.active_connections(org));
    let mut found: Vec<Value> = own.flatten().collect();
    if found.is_empty() {
        let open: Vec<OrgView> = {
            let project = ask.face.project();
            let orgs = project.orgs_from(OrgId(0));
            orgs.filter(|org| org.rules.methods.has(Method::Sso))
                .collect()
        };
        let open = open
            .iter()
            .filter(|org| ask.listed_domain(Some(org.id), text));
        found = open.flat_map(|org| ask.open_connections(org)).collect();
    }
    Ok(Good::new(took, json!({ "connections": found })))
}

impl Ask {
    fn active_connections(&self, org: OrgId) -> Vec<Value> {
        self.face.book().sso.active(&self.face.0.names, org)
    }

    /// The connections by which somebody may become a member.
    fn open_connections(&self, org: &OrgView) -> Vec<Value> {
        let active = self.active_connections(org.id);
        match org.rules.sso_jit {
            Joining::AsSettings | Joining::All => active,
            Joining::NotAllowed => Vec::new(),
            Joining::Restricted => {
                let settings = self.face.org_profile(org.id).settings;
                let listed = settings.get(LISTED).and_then(Value::as_array);
                let listed =
                    |one: &Value| listed.is_some_and(|all| all.contains(&one["connection_id"]));
                active.into_iter().filter(listed).collect()
            }
        }
    }
}
