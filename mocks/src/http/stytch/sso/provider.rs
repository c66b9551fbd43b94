//! A browser's way to an organization's identity provider and back: the start, the provider's page,
//! and what it says of whoever has shown themselves there.

use serde_json::{Map, Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::Ask;
use super::super::b2b::mailed;
use super::super::consumer::{Back, consent};
use super::super::fields::Fields;
use super::super::names::Names;
use super::super::problem::Problem;
use super::connections::missing;
use super::kept::{Form, Row, id, read};
use super::registrations::Assertion;
use super::settings::{DEFAULT, LISTED};
use crate::email::Email;
use crate::http::auth0::pages;
use crate::stytch::{Connection, Errand, OrgId, Sso, With};

/// What a provider says of somebody is at most this long, all together.
const LONGEST: usize = 4096;

/// `GET /v1/public/sso/start`: sends a browser to the provider. Whoever is named by `login_hint` has
/// shown themselves there already.
pub(in super::super) async fn start(ask: Ask) -> Done {
    check_public_token(&ask)?;
    let connection = asked_for(&ask)?;
    active(&ask, connection)?;
    Back::of(&ask)?;
    ask.challenge("pkce_code_challenge")?;
    if ask.query.text("login_hint")?.is_some() {
        return arrive(&ask, connection);
    }
    let text = id(&ask.face.0.names, connection);
    let mut page = reqwest::Url::parse("http://page.invalid/").expect("a constant URL");
    page.query_pairs_mut().extend_pairs(ask.query.pairs());
    let query = page.query().unwrap_or_default();
    let base = ask.exchange.origin().url().unwrap_or_default();
    let location = format!("{base}/_cutover/idp/{text}?{query}");
    let good = Good::redirect(crate::time::Span::ZERO, location.clone());
    Ok(good.and("redirect_url", json!(location)))
}

/// `GET /_cutover/idp/{connection_id}`: the provider. It believes whatever it is told.
pub(in super::super) async fn page(ask: Ask) -> Done {
    let connection = of_path(&ask)?;
    let row = row_of(&ask, connection)?;
    let names = &ask.face.0.names;
    let kept: String = ask
        .query
        .pairs()
        .map(|(name, value)| pages::hidden(&pages::escape(name), value))
        .collect();
    let called = Some(row.text("display_name")).filter(|it| !it.is_empty());
    let form = format!(
        "<p>This page is the identity provider behind {}: nobody checks who you are.</p>\n\
         <form method=\"post\" action=\"/v1/b2b/sso/callback/{}\">{kept}\
         <label>Email<input type=\"email\" name=\"email\" required autofocus></label>\
         <label>Name<input name=\"name\"></label>\
         <label>Groups, with commas between<input name=\"groups\"></label>\
         <label>The provider's own id<input name=\"external_id\"></label>\
         <button>Continue</button></form>",
        pages::escape(called.unwrap_or("this connection")),
        id(names, connection),
    );
    Ok(Good::page("Log in", form))
}

/// `/v1/b2b/sso/callback/{connection_id}`: the provider sends the browser back, by a form or a link.
pub(in super::super) async fn callback(mut ask: Ask) -> Done {
    for (name, value) in ask.fields.pairs() {
        ask.query.set(name, json!(value));
    }
    let connection = of_path(&ask)?;
    let row = active(&ask, connection)?;
    if ask.query.text("public_token")?.is_some() {
        check_public_token(&ask)?;
        return arrive(&ask, connection);
    }
    // Nobody was sent there: the login began at the provider.
    let off = row.said.get("idp_initiated_auth_disabled") == Some(&Value::Bool(true));
    let refused = match Form::of(connection) {
        Form::Oidc | Form::ExternalOidc => Some((
            "unsolicited_oidc_response",
            "A login by OIDC begins at the application.",
        )),
        Form::Saml | Form::ExternalSaml if off => Some((
            "saml_idp_initiated_auth_disabled",
            "Logins by this connection begin at the application.",
        )),
        Form::Saml | Form::ExternalSaml => None,
    };
    match refused {
        Some((error_type, message)) => Err(Problem::bad(error_type, message).into()),
        None => arrive(&ask, connection),
    }
}

fn check_public_token(ask: &Ask) -> Result<(), Problem> {
    match ask.query.text("public_token")? {
        Some(token) => ask.face.check_public_token(token),
        None => Err(Problem::bad(
            "public_token_required",
            "The query parameter public_token is required.",
        )),
    }
}

/// The connection that a start names, or an organization's default one.
fn asked_for(ask: &Ask) -> Result<Connection, Problem> {
    let names = &ask.face.0.names;
    let by_id = ask.query.text("connection_id")?;
    match (by_id, ask.query.text("organization_id")?) {
        (Some(_), Some(_)) => Err(Problem::bad(
            "too_many_sso_connection_locators",
            "Only one of connection_id and organization_id may be provided.",
        )),
        (None, None) => Err(Problem::bad(
            "missing_sso_connection_locator",
            "One of connection_id and organization_id must be provided.",
        )),
        (Some(text), None) => read(names, text).ok_or_else(|| missing("sso_connection_not_found")),
        (None, Some(text)) => default_of(ask, ask.face.org_named(text)),
    }
}

fn default_of(ask: &Ask, org: OrgId) -> Result<Connection, Problem> {
    if ask.face.project().org(org).is_none() {
        return Err(Problem {
            status: 404,
            error_type: "organization_not_found",
            message: "Organization could not be found.".to_owned(),
        });
    }
    let settings = ask.face.org_profile(org).settings;
    let named = settings.get(DEFAULT).and_then(Value::as_str);
    if let Some(connection) = named.and_then(|text| read(&ask.face.0.names, text)) {
        return Ok(connection);
    }
    let book = ask.face.book();
    let active: Vec<Connection> = book.sso.active_of(org).map(|(it, _)| it).collect();
    match active[..] {
        [only] => Ok(only),
        [] => Err(Problem::bad(
            "no_sso_connection_exists_for_organization",
            "The organization has no active SSO connection.",
        )),
        _ => Err(Problem::bad(
            "indeterminate_sso_connection_for_organization",
            "The organization has several SSO connections and no default one.",
        )),
    }
}

fn of_path(ask: &Ask) -> Result<Connection, Problem> {
    let connection = read(&ask.face.0.names, ask.path("connection_id"));
    connection.ok_or_else(|| missing("sso_connection_not_found"))
}

fn row_of(ask: &Ask, connection: Connection) -> Result<Row, Problem> {
    let row = ask.face.book().sso.get(connection).cloned();
    row.ok_or_else(|| missing("sso_connection_not_found"))
}

/// A connection that people can log in by.
pub(super) fn active(ask: &Ask, connection: Connection) -> Result<Row, Problem> {
    let row = row_of(ask, connection)?;
    match ask.face.book().sso.lacks(connection, &row) {
        None => Ok(row),
        Some(problem) => Err(problem),
    }
}

/// Somebody is there: their browser goes back to the application with a token.
fn arrive(ask: &Ask, connection: Connection) -> Done {
    let said = Said::of(&ask.query)?;
    let back = Back::of(ask)?;
    let challenge = ask.challenge("pkce_code_challenge")?;
    let org = row_of(ask, connection)?.org;
    let email = ask.face.email(said.email);
    let assertion = said.assertion(&ask.face.0.names, connection, email);
    let settings = ask.face.org_profile(org).settings;
    let text = id(&ask.face.0.names, connection);
    let listed = settings.get(LISTED).and_then(Value::as_array);
    let arrive = Sso::Arrive {
        email,
        org,
        connection,
        known_as: {
            let book = ask.face.book();
            book.sso_registrations
                .known_as(connection, &assertion.external_id)
        },
        listed: listed.is_some_and(|all| all.iter().any(|it| it.as_str() == Some(&text))),
    };
    let with = With {
        challenged: challenge.is_some(),
        ..With::default()
    };
    let (token, created, took) = mailed(ask.errand_with(with, &Errand::Sso(arrive))?)?;
    ask.bind(token, challenge);
    ask.face.book().sso_registrations.note(token, assertion);
    Ok(consent(ask, &back, "sso", (token, created, took)))
}

/// What somebody typed at the provider.
struct Said<'a> {
    email: &'a str,
    name: Option<&'a str>,
    groups: Option<&'a str>,
    external_id: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn of(query: &'a Fields) -> Result<Self, Problem> {
        let named = |name| query.text(name);
        let email = match named("email")? {
            Some(_) => query.address("email")?,
            None => query.address("login_hint")?,
        };
        let said = Self {
            email,
            name: named("name")?,
            groups: named("groups")?,
            external_id: named("external_id")?,
        };
        let others = [said.name, said.groups, said.external_id];
        let length = email.len() + others.into_iter().flatten().map(str::len).sum::<usize>();
        if length > LONGEST {
            return Err(Problem::field(
                "email, name, groups, external_id",
                "are too long",
            ));
        }
        Ok(said)
    }

    /// The same as the provider would say it: attributes are lists of texts.
    fn assertion(&self, names: &Names, connection: Connection, email: Email) -> Assertion {
        let mut attributes = Map::new();
        attributes.insert("email".into(), json!([self.email]));
        if let Some(name) = self.name {
            let (first, last) = name.split_once(' ').unwrap_or((name, ""));
            attributes.insert("full_name".into(), json!([name]));
            attributes.insert("first_name".into(), json!([first]));
            attributes.insert("last_name".into(), json!([last]));
        }
        if let Some(groups) = self.groups {
            let groups = groups.split(',').map(str::trim);
            let groups: Vec<&str> = groups.filter(|group| !group.is_empty()).collect();
            attributes.insert("groups".into(), json!(groups));
        }
        let external_id = match (self.external_id, Form::of(connection).is_saml()) {
            (Some(id), _) => id.to_owned(),
            // What SAML calls a name ID is the address.
            (None, true) => self.email.to_lowercase(),
            (None, false) => names.id_of_both("idp-user", connection.0, email.mailbox),
        };
        Assertion {
            external_id,
            attributes,
        }
    }
}
