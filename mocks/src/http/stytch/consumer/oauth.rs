//! Social logins: a browser's way there and back, and what the application makes of it.

use axum::http::header::HeaderName;
use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::link;
use super::super::names::Kind;
use super::super::objects;
use super::super::problem::Problem;
use super::super::providers;
use super::{entered, mailed, user_named, user_of};
use crate::stytch::{Call, Errand, Keep, LoginToken, Provider, UserId, With};
use crate::time::Span;

/// Tells a harness whether a redirect's person was made by it; Stytch has no such header.
const CREATED: HeaderName = HeaderName::from_static("cutover-created");

/// `GET /v1/public/oauth/{provider}/start`: the provider consents at once to whoever `login_hint`
/// says.
pub(super) async fn start(ask: Ask) -> Done {
    let provider = providers::of_path(&ask)?;
    if let Some(page) = providers::ask_who(&ask, provider) {
        return Ok(page);
    }
    let email = ask.face.email(providers::consenting(&ask)?);
    let back = Back::of(&ask)?;
    let challenge = ask.challenge("code_challenge")?;
    let user = match ask.query.text("oauth_attach_token")? {
        None => None,
        Some(text) => {
            let token = ask.face.0.names.read_login_token(text);
            let at = ask.exchange.stamp().at;
            let owner = ask.face.project().spend_attach(token, at);
            Some(owner.ok_or_else(|| {
                let message = "The oauth_attach_token is invalid or was used already.";
                Problem::bad("invalid_oauth_attach_token", message)
            })?)
        }
    };
    let with = With {
        user,
        provider: Some(provider),
        challenged: challenge.is_some(),
        ..With::default()
    };
    let call = Call::StartOAuth { email, org: None };
    let (token, created, took) = mailed(ask.call_with(with, &call)?)?;
    ask.bind(token, challenge);
    Ok(consent(&ask, &back, "oauth", (token, created, took)))
}

/// Where a browser goes back to.
pub(in super::super) struct Back<'a> {
    login: &'a str,
    /// Of somebody new, if it is another place.
    signup: Option<&'a str>,
}

impl<'a> Back<'a> {
    /// What a browser's query says, read before anything is done.
    pub(in super::super) fn of(ask: &'a Ask) -> Result<Self, Problem> {
        let query = &ask.query;
        let login = query.url("login_redirect_url", "invalid_login_redirect_url")?;
        let discovery = query.url("discovery_redirect_url", "invalid_discovery_redirect_url")?;
        let known = login.or(discovery);
        Ok(Self {
            login: known.unwrap_or("http://localhost:3000/authenticate"),
            signup: query.url("signup_redirect_url", "invalid_signup_redirect_url")?,
        })
    }

    fn to(&self, created: bool) -> &'a str {
        self.signup.filter(|_| created).unwrap_or(self.login)
    }
}

/// Sends the browser back to the application with its token.
pub(in super::super) fn consent(
    ask: &Ask,
    back: &Back<'_>,
    token_type: &str,
    (token, created, took): (LoginToken, bool, Span),
) -> Good {
    let back = back.to(created);
    let location = link(back, token_type, &ask.face.0.names.login_token(token));
    let created = if created { "true" } else { "false" };
    Good::redirect(took, location).with(CREATED, created)
}

pub(super) async fn attach(ask: Ask) -> Done {
    let name = ask.fields.needed("provider")?;
    if providers::named(name).is_none() {
        let message = format!("The OAuth provider `{name}` is not known.");
        return Err(Problem::bad("invalid_oauth_provider", message).into());
    }
    let session = ask.with()?.session;
    let user = match (ask.fields.text("user_id")?, session) {
        (Some(_), Some(_)) => {
            let message = "Only one of user_id, session_token and session_jwt may be provided.";
            return Err(Problem::bad("too_many_user_selection_arguments", message).into());
        }
        (None, None) => {
            let message = "One of user_id, session_token and session_jwt must be provided.";
            return Err(Problem::bad("no_user_selection_arguments", message).into());
        }
        (Some(text), None) => user_named(&ask, text),
        (None, Some(_)) => ask.holder()?.person.id,
    };
    let keep = Errand::Keep(Keep::Attach(user));
    let (token, _, took) = mailed(ask.errand(&keep)?)?;
    let text = ask.face.0.names.login_token(token);
    Ok(Good::new(took, json!({ "oauth_attach_token": text })))
}

pub(super) async fn authenticate(ask: Ask) -> Done {
    let text = ask.fields.needed("token")?;
    let duration = ask.fields.duration()?;
    let token = ask.oauth_token(text);
    let with = ask.with_verifier(token, "code_verifier")?;
    let got = ask.call_with(with, &Call::OAuth { token, duration })?;
    let user = user_of(&got.0).ok_or_else(|| odd(got.1))?;
    let (provider, id) = newest_tie(&ask, user);
    let extra = json!({
        "provider_subject": objects::provider_subject(user),
        "provider_type": providers::shown(provider),
        "oauth_user_registration_id": ask.face.0.names.id(Kind::OAuthUser, id),
        "provider_values": provider_values(&ask, user, provider),
        "reset_sessions": false,
    });
    entered(&ask, got, "user_session", extra).await
}

/// What a social provider gave for somebody: texts of its kind, worth nothing anywhere.
pub(in super::super) fn provider_values(ask: &Ask, user: UserId, provider: Provider) -> Value {
    let text = |purpose| provider_text(ask, purpose, user, provider);
    json!({
        "access_token": text("provider-access"),
        "refresh_token": text("provider-refresh"),
        "id_token": text("provider-id"),
        "scopes": ["openid", "email", "profile"],
        "expires_at": null,
    })
}

/// One of those texts.
pub(in super::super) fn provider_text(
    ask: &Ask,
    purpose: &str,
    user: UserId,
    provider: Provider,
) -> String {
    let number = u64::from(user.0) << 8 | u64::from(provider.0);
    ask.face.0.names.secret_text(purpose, number)
}

/// The provider that somebody was tied to last.
fn newest_tie(ask: &Ask, user: UserId) -> (Provider, u32) {
    let ties = ask.face.project().means(user).ties;
    let newest = ties.last();
    newest.map_or((Provider(0), user.0), |tie| (tie.provider, tie.id.0))
}
