//! Authenticator apps of users, and their recovery codes.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::names::Kind;
use super::{entered, picture, user_named};
use crate::stytch::{Enter, Errand, ErrandReply, Keep, MeansId, Reply, Totp, UserId};
use crate::time::Span;

pub(super) async fn create(ask: Ask) -> Done {
    let user = user_named(&ask, ask.fields.needed("user_id")?);
    let life = ask
        .fields
        .minutes_or("expiration_minutes", 5, 1440, "invalid_expiration")?;
    let keep = Keep::Totp {
        user,
        life,
        verified: false,
    };
    let (reply, took) = ask.any_errand(&Errand::Keep(keep))?;
    let ErrandReply::Has { id, .. } = reply else {
        return Err(odd(took));
    };
    let mut body = ask.face.new_totp(user, id, None);
    let totp = totp_of(&ask, user, id).ok_or_else(|| odd(took))?;
    let picture = picture(&ask, user, None, took)?;
    body["totp_id"] = json!(ask.face.0.names.id(Kind::Totp, id.0));
    body["recovery_codes"] = json!(ask.face.recovery_codes(user, &totp));
    body["user"] = json!(ask.face.user(&picture));
    body["user_id"] = json!(ask.face.person_id(user));
    Ok(Good::new(took, body))
}

fn totp_of(ask: &Ask, user: UserId, id: MeansId) -> Option<Totp> {
    let means = ask.face.project().means(user);
    means.totps.into_iter().find(|totp| totp.id == id)
}

pub(super) async fn authenticate(ask: Ask) -> Done {
    let user = user_named(&ask, ask.fields.needed("user_id")?);
    let typed = ask.fields.code("totp_code", "invalid_totp_code")?;
    let duration = ask.fields.duration()?;
    let with = ask.with()?;
    let code = ask.face.totp_code(user, typed, ask.exchange.stamp().at);
    let enter = Enter::Totp {
        user,
        code,
        duration,
    };
    let got = ask.errand_with(with, &Errand::Enter(enter))?;
    answered(&ask, got, code.map(|(id, _)| id)).await
}

pub(super) async fn recover(ask: Ask) -> Done {
    let user = user_named(&ask, ask.fields.needed("user_id")?);
    let typed = ask.fields.needed("recovery_code")?;
    let duration = ask.fields.duration()?;
    let with = ask.with()?;
    let code = ask.face.recovery_code(user, typed);
    let enter = Enter::Recover {
        user,
        code,
        duration,
    };
    let got = ask.errand_with(with, &Errand::Enter(enter))?;
    answered(&ask, got, code.map(|(id, _)| id)).await
}

async fn answered(ask: &Ask, got: (Reply, Span), id: Option<MeansId>) -> Done {
    let id = id.map(|id| ask.face.0.names.id(Kind::Totp, id.0));
    entered(ask, got, "session", json!({ "totp_id": id })).await
}

pub(super) async fn recovery_codes(ask: Ask) -> Done {
    let user = user_named(&ask, ask.fields.needed("user_id")?);
    let (_, took) = ask.errand(&Errand::read(Some(user), None))?;
    let means = ask.face.project().means(user);
    let totps: Vec<Value> = means
        .totps
        .iter()
        .map(|totp| {
            json!({
                "totp_id": ask.face.0.names.id(Kind::Totp, totp.id.0),
                "verified": totp.verified,
                "recovery_codes": ask.face.recovery_codes(user, totp),
            })
        })
        .collect();
    let body = json!({ "user_id": ask.face.person_id(user), "totps": totps });
    Ok(Good::new(took, body))
}
