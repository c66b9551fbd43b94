//! Passwords: sign up, log in, import, reset and replace.

use serde_json::json;

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::book::Secret;
use super::super::hashes::Imported;
use super::super::link;
use super::super::problem::{Bad, Problem};
use super::super::strength;
use super::links::life_of;
use super::user_means::phone_of;
use super::users::{check_external_id, describe, metadata_fits};
use super::{address, email_id, entered, mailed, picture, user_of};
use crate::stytch::{Call, Enter, Errand, ErrandReply, Error, Keep, UserId, Vertical, With};

pub(super) async fn create(ask: Ask) -> Done {
    let (_, email) = address(&ask, "email")?;
    let password = ask.fields.needed("password")?;
    ask.face.check_strength(password)?;
    metadata_fits(&ask, None)?;
    let duration = ask.fields.duration()?;
    ask.with()?;
    let call = Call::SignUp {
        email,
        org: None,
        duration,
    };
    let got = ask.call(&call)?;
    let user = user_of(&got.0).ok_or_else(|| odd(got.1))?;
    ask.face.choose(user, password);
    describe(&ask, user, None)?;
    let extra = json!({ "email_id": email_id(&ask, user, email) });
    entered(&ask, got, "session", extra).await
}

pub(super) async fn authenticate(ask: Ask) -> Done {
    let (_, email) = address(&ask, "email")?;
    let password = ask.fields.needed("password")?;
    let duration = ask.fields.duration()?;
    let with = ask.with()?;
    let proof = ask.proof(email, None, password).await;
    let call = Call::Password {
        email,
        org: None,
        proof,
        duration,
    };
    let got = ask.call_with(with, &call)?;
    entered(&ask, got, "session", json!({})).await
}

pub(super) async fn strength_check(ask: Ask) -> Done {
    let password = ask.fields.needed("password")?;
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    Ok(Good::new(
        took,
        strength::told(password, Vertical::Consumer),
    ))
}

pub(super) async fn migrate(ask: Ask) -> Done {
    let (_, email) = address(&ask, "email")?;
    let hash = Imported::read(&ask.fields)?;
    let verified = ask.fields.flag("set_email_verified")?.unwrap_or(false);
    let phone = ask.fields.phone("phone_number")?;
    let proved = ask
        .fields
        .flag("set_phone_number_verified")?
        .unwrap_or(false);
    check_external_id(&ask, &ask.fields, None, None)?;
    metadata_fits(&ask, None)?;
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
    if let Some(number) = phone {
        let phone = phone_of(&ask, number);
        let keep = Keep::SetPhone {
            user,
            phone,
            verified: proved,
        };
        ask.any_errand(&Errand::Keep(keep))?;
    }
    let picture = picture(&ask, user, None, took)?;
    let body = json!({
        "user_id": ask.face.person_id(user),
        "email_id": email_id(&ask, user, email),
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
    let (_, email) = address(&ask, "email")?;
    let challenge = ask.challenge("code_challenge")?;
    let life = life_of(&ask, "reset_password_expiration_minutes")?;
    let with = With {
        challenged: challenge.is_some(),
        ..With::default()
    };
    let errand = Errand::StartReset {
        email,
        org: None,
        life,
    };
    let (token, _, took) = mailed(ask.errand_with(with, &errand)?)?;
    ask.bind(token, challenge);
    let text = ask.face.0.names.login_token(token);
    let invalid = "invalid_password_reset_redirect_url";
    let url = ask.fields.url("reset_password_redirect_url", invalid)?;
    let url = url.map(|base| link(base, "reset_password", &text));
    ask.face.deliver(email, "reset", text, url);
    let user = ask.face.project().find_user(email, None);
    let user = user.unwrap_or(UserId(u32::MAX));
    let body = json!({
        "user_id": ask.face.person_id(user),
        "email_id": email_id(&ask, user, email),
    });
    Ok(Good::new(took, body))
}

pub(super) async fn finish_reset(ask: Ask) -> Done {
    let text = ask.fields.needed("token")?;
    let password = ask.fields.needed("password")?;
    ask.face.check_strength(password)?;
    let duration = ask.fields.duration()?;
    let token = ask.face.0.names.read_login_token(text);
    // A reset ends every session: there is none left to join.
    let with = With {
        session: None,
        ..ask.with_verifier(token, "code_verifier")?
    };
    let got = ask.errand_with(with, &Errand::FinishReset { token, duration })?;
    let user = user_of(&got.0).ok_or_else(|| odd(got.1))?;
    ask.face.choose(user, password);
    entered(&ask, got, "session", json!({})).await
}

pub(super) async fn replace(ask: Ask) -> Done {
    let (_, email) = address(&ask, "email")?;
    let old = ask.fields.needed("existing_password")?;
    let new = ask.fields.needed("new_password")?;
    ask.face.check_strength(new)?;
    let duration = ask.fields.duration()?;
    ask.with()?;
    let proof = ask.proof(email, None, old).await;
    let errand = Errand::ReplacePassword {
        email,
        org: None,
        proof,
        duration,
    };
    let got = ask.errand(&errand)?;
    let user = user_of(&got.0).ok_or_else(|| odd(got.1))?;
    ask.face.choose(user, new);
    entered(&ask, got, "session", json!({})).await
}

pub(super) async fn reset_by_session(ask: Ask) -> Done {
    let password = ask.fields.needed("password")?;
    ask.face.check_strength(password)?;
    let duration = ask.fields.duration()?;
    let token = ask.session()?.token();
    let reset = Enter::ResetBySession { token, duration };
    let got = ask.errand(&Errand::Enter(reset))?;
    let user = user_of(&got.0).ok_or_else(|| odd(got.1))?;
    ask.face.choose(user, password);
    entered(&ask, got, "session", json!({})).await
}
