//! One-time codes by mail, SMS and `WhatsApp`.

use serde_json::json;

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::names::Kind;
use super::super::problem::{Bad, Problem};
use super::super::sandbox;
use super::links::whose;
use super::{address, email_id, entered, mailed};
use crate::stytch::{
    Errand, ErrandReply, Error, LoginToken, MeansId, Phone, Proof, Thing, UserId, With,
};
use crate::time::Span;

/// A code is good this long unless the request says otherwise (Stytch's SDK documentation: 2 min).
const CODE_LIFE: Span = Span::from_mins(2);

fn life_of(ask: &Ask) -> Result<Span, Problem> {
    let life = ask
        .fields
        .minutes_or("expiration_minutes", 1, 10, "invalid_expiration_otp")?;
    Ok(life.unwrap_or(CODE_LIFE))
}

fn pending(ask: &Ask) -> Result<With, Problem> {
    let pending = ask.fields.flag("create_user_as_pending")?;
    Ok(With {
        pending: pending.unwrap_or(false),
        ..With::default()
    })
}

pub(super) async fn code_or_create(ask: Ask) -> Done {
    let with = pending(&ask)?;
    mail_code(&ask, with, true)
}

pub(super) async fn send_code(ask: Ask) -> Done {
    let with = whose(&ask)?;
    mail_code(&ask, with, false)
}

fn mail_code(ask: &Ask, with: With, create: bool) -> Done {
    let (_, email) = address(ask, "email")?;
    let life = life_of(ask)?;
    let errand = Errand::SendCode {
        email,
        org: None,
        create,
        life,
    };
    let (token, created, took) = mailed(ask.errand_with(with, &errand)?)?;
    let user = ask.face.project().find_user(email, None);
    let user = user.unwrap_or(UserId(u32::MAX));
    let id = ask.face.project().email_id(user, email);
    remember(ask, id.unwrap_or(MeansId(user.0)), token);
    let code = ask.face.0.names.code("mail", token.0);
    ask.face.deliver(email, "code", code, None);
    let body = json!({
        "user_id": ask.face.person_id(user),
        "email_id": email_id(ask, user, email),
        "user_created": created,
    });
    Ok(Good::new(took, body))
}

/// A new code takes the place of the one before.
fn remember(ask: &Ask, id: MeansId, token: LoginToken) {
    ask.bind(token, None);
    ask.face.book().codes.put(id, token);
}

pub(super) async fn text_or_create(ask: Ask) -> Done {
    let with = pending(&ask)?;
    text_code(&ask, with, true)
}

pub(super) async fn send_text(ask: Ask) -> Done {
    let with = whose(&ask)?;
    text_code(&ask, with, false)
}

fn text_code(ask: &Ask, with: With, create: bool) -> Done {
    let whatsapp = match ask.path("medium") {
        "sms" => false,
        "whatsapp" => true,
        _ => return Err(super::super::unmodelled::no_route().into()),
    };
    let number = ask.fields.phone("phone_number")?;
    let number = number.ok_or_else(|| Problem::field("phone_number", "is required"))?;
    let life = life_of(ask)?;
    // The sandbox's number is always somebody's.
    let create = create || (number == sandbox::PHONE && ask.knows_sandbox());
    let (phone, got) = ask.errand_about(number, with, |phone| Errand::SendText {
        phone,
        whatsapp,
        create,
        life,
    });
    let (token, created, took) = match got? {
        (ErrandReply::Reply(reply), took) => mailed((reply, took))?,
        (_, took) => return Err(odd(took)),
    };
    let found = ask.face.project().find_phone(phone);
    let user = found.unwrap_or(UserId(u32::MAX));
    let id = ask.face.project().phone_id(user, phone);
    let id = id.unwrap_or(MeansId(u32::MAX));
    remember(ask, id, token);
    let code = code_of(ask, id, token);
    let subject = if whatsapp { "whatsapp" } else { "sms" };
    ask.face.deliver_text(number, subject, code);
    let body = json!({
        "user_id": ask.face.person_id(user),
        "phone_id": ask.face.0.names.id(Kind::Phone, id.0),
        "user_created": created,
    });
    Ok(Good::new(took, body))
}

/// The code of a token; the sandbox's number gets the same one always, from servers.
fn code_of(ask: &Ask, id: MeansId, token: LoginToken) -> String {
    let names = &ask.face.0.names;
    let sandbox = ask.face.book().phones.find(sandbox::PHONE).map(Phone);
    let project = ask.face.project();
    let owner = project.owner(Thing::Phone, id);
    let is_sandbox = owner.is_some_and(|user| {
        let mut phones = project.means(user).phones.into_iter();
        phones.any(|owned| owned.id == id && Some(owned.what) == sandbox)
    });
    if is_sandbox && ask.knows_sandbox() {
        sandbox::CODE.to_owned()
    } else {
        names.code("mail", token.0)
    }
}

pub(super) async fn authenticate(ask: Ask) -> Done {
    let method = ask.fields.needed("method_id")?;
    let code = ask.fields.needed("code")?;
    let duration = ask.fields.duration()?;
    let names = &ask.face.0.names;
    let id = names
        .read_id(Kind::Email, method)
        .or_else(|| names.read_id(Kind::Phone, method));
    let Some(id) = id.map(MeansId) else {
        let message = "The method_id has not the form of one.";
        return Err(Problem::bad("invalid_method_id", message).into());
    };
    let newest = ask.face.book().codes.get(id).copied();
    let token = newest.unwrap_or(LoginToken(u32::MAX));
    let proof = if code_of(&ask, id, token) == code {
        Proof::RightCode
    } else {
        Proof::WrongCode
    };
    let with = ask.with_verifier(token, "code_verifier")?;
    let errand = Errand::Code {
        token,
        proof,
        duration,
    };
    let got = ask.errand_with(with, &errand).map_err(in_otp_words)?;
    let extra = json!({ "method_id": method, "reset_sessions": false });
    entered(&ask, got, "session", extra).await
}

/// A code's troubles have other names than a link's.
pub(in super::super) fn in_otp_words(bad: Bad) -> Bad {
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
