//! What users have: addresses, numbers, apps, ties and passwords are taken away or exchanged.

use serde_json::json;

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::names::Kind;
use super::super::problem::Problem;
use super::{picture, user_named};
use crate::stytch::{Errand, ErrandReply, Keep, MeansId, Phone, Thing, UserId};
use crate::time::Span;

/// The handle of a telephone number.
pub(in super::super) fn phone_of(ask: &Ask, number: &str) -> Phone {
    ask.face.phone(number)
}

fn remove(ask: &Ask, thing: Thing, kind: Kind, malformed: &'static str) -> Done {
    let id = ask.face.0.names.read_id(kind, ask.path("id"));
    let id = id.ok_or_else(|| Problem::bad(malformed, "The id has not the form of one."))?;
    let keep = Keep::Delete {
        thing,
        id: MeansId(id),
    };
    let (reply, took) = ask.any_errand(&Errand::Keep(keep))?;
    let ErrandReply::Has { user, .. } = reply else {
        return Err(odd(took));
    };
    if thing == Thing::Password {
        ask.face.book().secrets.remove(&user);
    }
    shown(ask, user, took)
}

fn shown(ask: &Ask, user: UserId, took: Span) -> Done {
    let picture = picture(ask, user, None, took)?;
    let body = json!({ "user_id": ask.face.person_id(user), "user": ask.face.user(&picture) });
    Ok(Good::new(took, body))
}

pub(super) async fn remove_email(ask: Ask) -> Done {
    remove(&ask, Thing::Email, Kind::Email, "invalid_email_id")
}

pub(super) async fn remove_phone(ask: Ask) -> Done {
    remove(&ask, Thing::Phone, Kind::Phone, "invalid_id")
}

pub(super) async fn remove_password(ask: Ask) -> Done {
    remove(&ask, Thing::Password, Kind::Password, "invalid_password_id")
}

pub(super) async fn remove_totp(ask: Ask) -> Done {
    remove(&ask, Thing::Totp, Kind::Totp, "invalid_totp_id")
}

pub(super) async fn remove_tie(ask: Ask) -> Done {
    let malformed = "invalid_oauth_user_registration_id";
    remove(&ask, Thing::Tie, Kind::OAuthUser, malformed)
}

/// Users of this mock have no such things, so none can be found.
fn none_such(error_type: &'static str, message: &str) -> Done {
    Err(Problem {
        status: 404,
        error_type,
        message: message.to_owned(),
    }
    .into())
}

pub(super) async fn remove_passkey(ask: Ask) -> Done {
    let Some(id) = ask.face.0.names.read_id(Kind::Webauthn, ask.path("id")) else {
        return none_such(
            "webauthn_registration_not_found",
            "WebAuthn registration could not be found.",
        );
    };
    let malformed = "invalid_webauthn_registration_id";
    let good = remove(&ask, Thing::Passkey, Kind::Webauthn, malformed)?;
    ask.face.book().passkeys.keys.remove(&MeansId(id));
    Ok(good)
}

pub(super) async fn no_biometrics(_: Ask) -> Done {
    none_such(
        "biometric_registration_not_found",
        "Biometric registration could not be found.",
    )
}

pub(super) async fn no_wallet(_: Ask) -> Done {
    none_such(
        "crypto_wallet_not_found",
        "Crypto wallet could not be found.",
    )
}

pub(super) async fn exchange(ask: Ask) -> Done {
    let user = user_named(&ask, ask.path("user_id"));
    let email = match ask.fields.text("email_address")? {
        Some(_) => Some(ask.face.email(ask.fields.address("email_address")?)),
        None => None,
    };
    let phone = ask.fields.phone("phone_number")?;
    if email.is_some() == phone.is_some() {
        let message = "Exactly one of email_address and phone_number must be provided.";
        return Err(Problem::bad("invalid_exchange_primary_factor_fields", message).into());
    }
    let phone = phone.map(|number| phone_of(&ask, number));
    let keep = Keep::Exchange { user, email, phone };
    let (_, took) = ask.errand(&Errand::Keep(keep))?;
    shown(&ask, user, took)
}
