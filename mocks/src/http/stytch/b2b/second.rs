//! Members' second factors: SMS, authenticator apps, recovery codes.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::book::TotpSecret;
use super::super::consumer::phone_of;
use super::super::names::Kind;
use super::super::problem::Problem;
use super::{entered, member_named, member_of, org_of_path, picture, shown, with_organization};
use crate::http::totp::unbase32;
use crate::stytch::{
    Call, Enter, Errand, ErrandReply, Keep, MeansId, Proof, SessionToken, Totp, UserId, With,
};
use crate::time::Span;

/// What a second factor is added to: exactly one of the two.
fn added_to(ask: &Ask) -> Result<With, Problem> {
    let with = ask.with()?;
    if with.session.is_none() && with.intermediate.is_none() {
        return Err(Problem::bad(
            "no_session_arguments",
            "One of intermediate_session_token, session_token and session_jwt must be provided.",
        ));
    }
    Ok(with)
}

pub(super) async fn send_sms(ask: Ask) -> Done {
    let with = ask.with()?;
    let (_, member) = member_of(&ask)?;
    let number = ask.fields.phone("mfa_phone_number")?;
    let phone = ask.face.project().means(member).phones.first().copied();
    let errand = with
        .intermediate
        .map_or(Errand::read(Some(member), None), Errand::SendSms);
    let took = ask.errand(&errand)?.1;
    if number.is_none() && phone.is_none() && with.intermediate.is_none() {
        let message = "The member has no phone number: mfa_phone_number is required.";
        return Err(Problem::bad("missing_sms_parameter", message).into());
    }
    if let Some(number) = number {
        let phone = phone_of(&ask, number);
        let keep = Keep::SetPhone {
            user: member,
            phone,
            verified: false,
        };
        ask.any_errand(&Errand::Keep(keep))?;
    }
    let picture = picture(&ask, member, None, took)?;
    let code = code_of(&ask, with, member);
    // The message goes to the member's mailbox as well: whoever plays them reads only that.
    if let Some(email) = picture.user.email {
        ask.face.deliver(email, "sms", code.clone(), None);
    }
    let means = ask.face.project().means(member);
    if let Some(owned) = means.phones.first() {
        let number = ask.face.book().phones.text(owned.what.0).to_owned();
        ask.face.deliver_text(&number, "sms", code);
    }
    let body = with_organization(&ask, &picture);
    Ok(Good::new(took, Value::Object(body)))
}

/// The code that is texted for an intermediate session, a session or, with neither, a member.
fn code_of(ask: &Ask, with: With, member: UserId) -> String {
    let names = &ask.face.0.names;
    match (with.intermediate, with.session) {
        (Some(token), _) => names.code("sms", token.0),
        (None, Some(SessionToken { session, .. })) => names.code("sms-session", session),
        (None, None) => names.code("sms-member", member.0),
    }
}

pub(super) async fn sms(ask: Ask) -> Done {
    let with = added_to(&ask)?;
    let (_, member) = member_of(&ask)?;
    let typed = ask.fields.code("code", "invalid_code")?;
    let duration = ask.fields.duration()?;
    let right = code_of(&ask, with, member) == typed
        || (with.intermediate.is_none() && code_of(&ask, With::default(), member) == typed);
    let proof = if right {
        Proof::RightCode
    } else {
        Proof::WrongCode
    };
    let got = if let Some(token) = with.intermediate {
        let call = Call::SecondFactor {
            token,
            proof,
            duration,
        };
        ask.call(&call)?
    } else {
        let enter = Enter::Sms {
            member,
            proof,
            duration,
        };
        ask.errand_with(with, &Errand::Enter(enter))?
    };
    enrol(&ask, member, "sms_otp")?;
    entered(&ask, got, json!({})).await
}

/// `set_mfa_enrollment` and `set_default_mfa`, once a factor of this method has been proved.
fn enrol(ask: &Ask, member: UserId, method: &str) -> Result<(), super::super::problem::Bad> {
    if ask.fields.flag("set_default_mfa")? == Some(true) {
        let mut book = ask.face.book();
        let profile = book.people.entry(member).or_default();
        profile.default_mfa = Some(method.to_owned());
    }
    let mfa_enrolled = match ask.fields.text("set_mfa_enrollment")? {
        None => return Ok(()),
        Some("enroll") => true,
        Some("unenroll") => false,
        Some(_) => {
            let rule = "must be enroll or unenroll";
            return Err(Problem::field("set_mfa_enrollment", rule).into());
        }
    };
    let errand = Errand::UpdateUser {
        user: member,
        mfa_enrolled: Some(mfa_enrolled),
    };
    ask.errand(&errand).map(drop)
}

pub(super) async fn create_totp(ask: Ask) -> Done {
    ask.with()?;
    let (_, member) = member_of(&ask)?;
    let life = ask
        .fields
        .minutes_or("expiration_minutes", 5, 1440, "invalid_expiration")?;
    made_totp(&ask, member, life, None)
}

pub(super) async fn migrate_totp(ask: Ask) -> Done {
    let (_, member) = member_of(&ask)?;
    let key = unbase32(ask.fields.needed("secret")?);
    let key = key.ok_or_else(|| Problem::field("secret", "must be base32"))?;
    let codes = ask.fields.texts("recovery_codes")?;
    let recovery = Some(codes.into_iter().map(str::to_owned).collect());
    made_totp(&ask, member, None, Some(TotpSecret { key, recovery }))
}

fn made_totp(ask: &Ask, member: UserId, life: Option<Span>, imported: Option<TotpSecret>) -> Done {
    let keep = Keep::Totp {
        user: member,
        life,
        verified: imported.is_some(),
    };
    let (reply, took) = ask.any_errand(&Errand::Keep(keep))?;
    let ErrandReply::Has { id, .. } = reply else {
        return Err(odd(took));
    };
    let secret = ask.face.new_totp(member, id, imported);
    let totp = totp_of(ask, member, |totp| totp.id == id).ok_or_else(|| odd(took))?;
    let mut body = with_organization(ask, &picture(ask, member, None, took)?);
    if let Value::Object(secret) = secret {
        body.extend(secret);
    }
    let name = ask.face.0.names.id(Kind::MemberTotp, id.0);
    body.insert("totp_registration_id".into(), json!(name));
    body.insert(
        "recovery_codes".into(),
        json!(ask.face.recovery_codes(member, &totp)),
    );
    Ok(Good::new(took, Value::Object(body)))
}

fn totp_of(ask: &Ask, member: UserId, which: impl Fn(&Totp) -> bool) -> Option<Totp> {
    let means = ask.face.project().means(member);
    means.totps.into_iter().find(which)
}

pub(super) async fn totp(ask: Ask) -> Done {
    let with = added_to(&ask)?;
    let (_, member) = member_of(&ask)?;
    let typed = ask.fields.code("code", "invalid_totp_code")?;
    let duration = ask.fields.duration()?;
    let code = ask.face.totp_code(member, typed, ask.exchange.stamp().at);
    let enter = Enter::Totp {
        user: member,
        code,
        duration,
    };
    let got = ask.errand_with(with, &Errand::Enter(enter))?;
    enrol(&ask, member, "totp")?;
    entered(&ask, got, json!({})).await
}

pub(super) async fn recover(ask: Ask) -> Done {
    let with = added_to(&ask)?;
    let (_, member) = member_of(&ask)?;
    let typed = ask.fields.needed("recovery_code")?;
    let duration = ask.fields.duration()?;
    let code = ask.face.recovery_code(member, typed);
    let enter = Enter::Recover {
        user: member,
        code,
        duration,
    };
    let got = ask.errand_with(with, &Errand::Enter(enter))?;
    let left = left(&ask, member, code.map(|(id, _)| id));
    entered(&ask, got, json!({ "recovery_codes_remaining": left })).await
}

fn left(ask: &Ask, member: UserId, id: Option<MeansId>) -> u32 {
    let totp = totp_of(ask, member, |totp| Some(totp.id) == id);
    totp.map_or(0, |totp| totp.recovery.count_ones())
}

pub(super) async fn recovery_codes(ask: Ask) -> Done {
    let org = org_of_path(&ask);
    let member = member_named(&ask, org, ask.path("member_id"));
    let read = Errand::read(Some(member), Some(org));
    let (_, took) = ask.errand(&read)?;
    with_codes(&ask, member, took)
}

pub(super) async fn rotate(ask: Ask) -> Done {
    let (_, member) = member_of(&ask)?;
    let (_, took) = ask.any_errand(&Errand::Keep(Keep::RenewRecovery(member)))?;
    with_codes(&ask, member, took)
}

fn with_codes(ask: &Ask, member: UserId, took: Span) -> Done {
    let totp = totp_of(ask, member, |totp| totp.verified);
    let codes = totp.map(|totp| ask.face.recovery_codes(member, &totp));
    let good = shown(ask, member, took)?;
    Ok(good.and("recovery_codes", json!(codes.unwrap_or_default())))
}
