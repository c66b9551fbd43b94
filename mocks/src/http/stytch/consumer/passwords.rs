//! Passwords: sign up, log in, import, reset and replace.

use serde_json::json;

use super::super::ask::{Ask, Done, Good, odd};
use super::super::book::Secret;
use super::super::hashes::Imported;
use super::super::link;
use super::super::problem::{Bad, Problem};
use super::users::{check_external_id, describe};
use super::{email_id, entered, no_attaching, picture};
use crate::stytch::{Call, Errand, ErrandReply, Error, Reply, UserId};

pub(super) async fn create(ask: Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email")?);
    let password = ask.fields.needed("password")?;
    let call = Call::SignUp {
        email,
        org: None,
        duration: ask.fields.duration()?,
    };
    let got = ask.call(&call)?;
    let user = user_of(&got.0).ok_or_else(|| odd(got.1))?;
    ask.face.choose(user, password);
    describe(&ask, user, None)?;
    entered(
        &ask,
        got,
        "session",
        json!({ "email_id": email_id(&ask, user) }),
    )
    .await
}

pub(super) async fn authenticate(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let email = ask.face.email(ask.fields.address("email")?);
    let duration = ask.fields.duration()?;
    let proof = ask
        .face
        .proof(email, None, ask.fields.needed("password")?)
        .await;
    let got = ask.call(&Call::Password {
        email,
        org: None,
        proof,
        duration,
    })?;
    entered(&ask, got, "session", json!({ "user_device": null })).await
}

pub(super) async fn migrate(ask: Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email")?);
    let hash = Imported::read(&ask.fields)?;
    let verified = ask.fields.flag("set_email_verified")?.unwrap_or(false);
    check_external_id(&ask, &ask.fields, None, None)?;
    let errand = Errand::ImportPassword {
        email,
        org: None,
        verified,
    };
    let (reply, took) = ask.any_errand(&errand).map_err(already_has_one)?;
    let ErrandReply::Imported { user, created } = reply else {
        return Err(odd(took));
    };
    ask.face.book().secrets.insert(user, Secret::Imported(hash));
    describe(&ask, user, None)?;
    let picture = picture(&ask, user, None, took)?;
    let body = json!({
        "user_id": ask.face.person_id(user),
        "email_id": email_id(&ask, user),
        "user_created": created,
        "user": ask.face.user(&picture),
    });
    Ok(Good::new(took, body))
}

/// What the machine calls a duplicate is a password here.
pub(in super::super) fn already_has_one(bad: Bad) -> Bad {
    match bad {
        Bad::Refused { refusal, took } if refusal.error == Error::DuplicateEmail => {
            let message = "A password already exists for this email.";
            Bad::Told {
                problem: Problem::bad("password_already_exists", message),
                took,
            }
        }
        other => other,
    }
}

pub(super) async fn start_reset(ask: Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email")?);
    let (reply, took) = ask.errand(&Errand::StartReset { email, org: None })?;
    let Reply::Mailed { token, .. } = reply else {
        return Err(odd(took));
    };
    let text = ask.face.0.names.login_token(token);
    let url = ask.fields.text("reset_password_redirect_url")?;
    let url = url.map(|base| link(base, "reset_password", &text));
    ask.face.deliver(email, "reset", text, url);
    let user = ask
        .face
        .project()
        .find_user(email, None)
        .unwrap_or(UserId(u32::MAX));
    let body = json!({ "user_id": ask.face.person_id(user), "email_id": email_id(&ask, user) });
    Ok(Good::new(took, body))
}

pub(super) async fn finish_reset(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let token = ask
        .face
        .0
        .names
        .read_login_token(ask.fields.needed("token")?);
    let password = ask.fields.needed("password")?;
    let duration = ask.fields.duration()?;
    let got = ask.errand(&Errand::FinishReset { token, duration })?;
    let user = user_of(&got.0).ok_or_else(|| odd(got.1))?;
    ask.face.choose(user, password);
    entered(&ask, got, "session", json!({ "user_device": null })).await
}

pub(super) async fn replace(ask: Ask) -> Done {
    no_attaching(&ask)?;
    let email = ask.face.email(ask.fields.address("email")?);
    let new = ask.fields.needed("new_password")?;
    let duration = ask.fields.duration()?;
    let proof = ask
        .face
        .proof(email, None, ask.fields.needed("existing_password")?)
        .await;
    let errand = Errand::ReplacePassword {
        email,
        org: None,
        proof,
        duration,
    };
    let got = ask.errand(&errand)?;
    let user = user_of(&got.0).ok_or_else(|| odd(got.1))?;
    ask.face.choose(user, new);
    entered(&ask, got, "session", json!({ "user_device": null })).await
}

fn user_of(reply: &Reply) -> Option<UserId> {
    match reply {
        Reply::Session(opened) => Some(opened.jwt.subject),
        Reply::NoSession(user) => Some(*user),
        _ => None,
    }
}
