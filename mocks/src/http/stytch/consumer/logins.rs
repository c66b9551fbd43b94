//! Logins without a password: magic links, mailed codes, OAuth.

use axum::http::header::HeaderName;
use serde_json::json;

use super::super::ask::{Ask, Done, Good, odd};
use super::super::link;
use super::super::names::Kind;
use super::super::objects;
use super::super::problem::Problem;
use super::{email_id, entered, no_attaching};
use crate::stytch::{Call, Errand, LoginToken, Proof, Reply, UserId};
use crate::time::Span;

/// Tells a harness whether a redirect's person was made by it; Stytch has no such header.
pub(in super::super) const CREATED: HeaderName = HeaderName::from_static("cutover-created");

/// A code is good this long unless the request says otherwise (Stytch's SDK documentation: 2 min).
const CODE_LIFE: Span = Span::from_mins(2);

pub(super) async fn login_or_create(ask: Ask) -> Done {
    send(&ask, true)
}

pub(super) async fn send_link(ask: Ask) -> Done {
    no_attaching(&ask)?;
    ask.not_modelled(&["user_id"])?;
    send(&ask, false)
}

fn send(ask: &Ask, create: bool) -> Done {
    let email = ask.face.email(ask.fields.address("email")?);
    let known = ask.face.project().find_user(email, None).is_some();
    let (life, url) = if known {
        ("login_expiration_minutes", "login_magic_link_url")
    } else {
        ("signup_expiration_minutes", "signup_magic_link_url")
    };
    let life = ask.fields.minutes(life, 5, 10_080)?;
    let url = ask.fields.text(url)?;
    let (reply, took) = if create && life.is_none() {
        ask.call(&Call::SendMagicLink { email, org: None })?
    } else {
        ask.errand(&Errand::SendMagicLink {
            email,
            org: None,
            create,
            life,
        })?
    };
    let Reply::Mailed { token, created } = reply else {
        return Err(odd(took));
    };
    let text = ask.face.0.names.login_token(token);
    let url = url.map(|base| link(base, "magic_links", &text));
    ask.face.deliver(email, "magic_link", text, url);
    let user = ask
        .face
        .project()
        .find_user(email, None)
        .unwrap_or(UserId(u32::MAX));
    let body = json!({
        "user_id": ask.face.person_id(user),
        "email_id": email_id(ask, user),
        "user_created": created,
    });
    Ok(Good::new(took, body))
}

pub(super) async fn follow_link(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let token = ask
        .face
        .0
        .names
        .read_login_token(ask.fields.needed("token")?);
    let duration = ask.fields.duration()?;
    let got = ask.call(&Call::MagicLink { token, duration })?;
    by_mail(&ask, got).await
}

async fn by_mail(ask: &Ask, got: (Reply, Span)) -> Done {
    let user = match got.0 {
        Reply::Session(opened) => opened.jwt.subject,
        Reply::NoSession(user) => user,
        _ => return Err(odd(got.1)),
    };
    let extra = json!({ "method_id": email_id(ask, user), "reset_sessions": false });
    entered(ask, got, "session", extra).await
}

pub(super) async fn code_or_create(ask: Ask) -> Done {
    mail_code(&ask, true)
}

pub(super) async fn send_code(ask: Ask) -> Done {
    no_attaching(&ask)?;
    ask.not_modelled(&["user_id"])?;
    mail_code(&ask, false)
}

fn mail_code(ask: &Ask, create: bool) -> Done {
    let email = ask.face.email(ask.fields.address("email")?);
    let life = ask
        .fields
        .minutes("expiration_minutes", 1, 10)?
        .unwrap_or(CODE_LIFE);
    let (reply, took) = ask.errand(&Errand::SendCode {
        email,
        org: None,
        create,
        life,
    })?;
    let Reply::Mailed { token, created } = reply else {
        return Err(odd(took));
    };
    let user = ask
        .face
        .project()
        .find_user(email, None)
        .unwrap_or(UserId(u32::MAX));
    // A new code takes the place of the one before.
    ask.face.book().codes.set(user, token);
    ask.face
        .deliver(email, "code", ask.face.0.names.code("mail", token.0), None);
    let body = json!({
        "user_id": ask.face.person_id(user),
        "email_id": email_id(ask, user),
        "user_created": created,
    });
    Ok(Good::new(took, body))
}

pub(super) async fn code(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let names = &ask.face.0.names;
    let user = names
        .read_id(Kind::Email, ask.fields.needed("method_id")?)
        .map(UserId);
    let newest = user.and_then(|user| ask.face.book().codes.get(user).copied());
    let token = newest.unwrap_or(LoginToken(u32::MAX));
    let right = names.code("mail", token.0) == ask.fields.needed("code")?;
    let proof = if right {
        Proof::RightCode
    } else {
        Proof::WrongCode
    };
    let duration = ask.fields.duration()?;
    let got = ask
        .errand(&Errand::Code {
            token,
            proof,
            duration,
        })
        .map_err(in_otp_words)?;
    by_mail(&ask, got).await
}

/// A code's troubles have other names than a link's.
fn in_otp_words(bad: super::super::problem::Bad) -> super::super::problem::Bad {
    use super::super::problem::Bad;
    use crate::stytch::Error;
    match bad {
        Bad::Refused { refusal, took } if refusal.error == Error::LoginTokenInvalid => {
            let (error_type, message) = if refusal.status == 404 {
                ("otp_code_not_found", "The OTP code could not be found.")
            } else {
                (
                    "unable_to_auth_otp_code",
                    "The OTP code could not be authenticated: it was used already or expired.",
                )
            };
            let problem = Problem {
                status: refusal.status,
                error_type,
                message: message.to_owned(),
            };
            Bad::Told { problem, took }
        }
        other => other,
    }
}

pub(super) async fn start_oauth(ask: Ask) -> Done {
    let provider = provider(&ask)?;
    let email = ask.face.email(ask.query.address("login_hint")?);
    let (reply, took) = ask.call(&Call::StartOAuth { email, org: None })?;
    let Reply::Mailed { token, created } = reply else {
        return Err(odd(took));
    };
    let user = ask.face.project().find_user(email, None);
    if let Some(user) = user {
        ask.face.book().people.entry(user).or_default().provider = Some(provider);
    }
    consent(&ask, token, created, took)
}

/// The social provider that the path names; it consents at once to whoever `login_hint` says.
pub(in super::super) fn provider(ask: &Ask) -> Result<&'static str, Problem> {
    if ask.query.text("public_token")? != Some(ask.face.config().public_token.as_str()) {
        let message = "The public_token is invalid.".to_owned();
        return Err(Problem {
            status: 401,
            error_type: "invalid_public_token_id",
            message,
        });
    }
    match ask.path("provider") {
        "google" => Ok("google"),
        "microsoft" => Ok("microsoft"),
        "github" => Ok("github"),
        other => Err(Problem::bad(
            "bad_request",
            format!("The OAuth provider `{other}` is not modelled by this mock."),
        )),
    }
}

/// Sends the browser back to the application with its token.
pub(in super::super) fn consent(ask: &Ask, token: LoginToken, created: bool, took: Span) -> Done {
    let base = ask
        .query
        .text("login_redirect_url")?
        .unwrap_or("http://localhost:3000/authenticate");
    let location = link(base, "oauth", &ask.face.0.names.login_token(token));
    let created = if created { "true" } else { "false" };
    Ok(Good::redirect(took, location).with(CREATED, created))
}

pub(super) async fn oauth(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let token = ask
        .face
        .0
        .names
        .read_login_token(ask.fields.needed("token")?);
    let duration = ask.fields.duration()?;
    let got = ask.call(&Call::OAuth { token, duration })?;
    let user = match got.0 {
        Reply::Session(opened) => opened.jwt.subject,
        Reply::NoSession(user) => user,
        _ => return Err(odd(got.1)),
    };
    let provider = ask.face.profile(user).provider.unwrap_or("google");
    let extra = json!({
        "provider_subject": objects::provider_subject(user),
        "provider_type": objects::provider_type(provider),
        "oauth_user_registration_id": ask.face.0.names.id(Kind::OAuthUser, user.0),
        "provider_values": {
            "access_token": "", "refresh_token": "", "id_token": "", "scopes": [],
            "expires_at": null,
        },
        "reset_sessions": false,
    });
    entered(&ask, got, "user_session", extra).await
}
