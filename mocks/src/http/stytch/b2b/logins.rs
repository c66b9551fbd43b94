//! Members' logins by mailed codes and social providers.

use serde_json::json;

use super::super::answering::Done;
use super::super::ask::{Ask, odd};
use super::super::consumer::{Back, consent, in_otp_words, provider_values};
use super::super::objects;
use super::super::problem::Problem;
use super::super::providers;
use super::links::sent;
use super::{email_id, entered, mailed, whom, whose, with_domain};
use crate::stytch::{Call, Errand, LoginToken, MeansId, Proof, Provider, UserId, With};
use crate::time::Span;

/// A code is good this long unless the request says otherwise (Stytch's SDK documentation: 10 min).
pub(super) const CODE_LIFE: Span = Span::from_mins(10);

pub(super) async fn code_or_signup(ask: Ask) -> Done {
    let (org, email) = whom(&ask)?;
    let life = |name| ask.fields.minutes_or(name, 2, 15, "invalid_expiration_otp");
    let (login, signup) = (
        life("login_expiration_minutes")?,
        life("signup_expiration_minutes")?,
    );
    let known = ask.face.project().find_user(email, Some(org)).is_some();
    let life = if known { login } else { signup };
    let with = with_domain(&ask, org)?;
    let errand = Errand::SendCode {
        email,
        org: Some(org),
        create: true,
        life: life.unwrap_or(CODE_LIFE),
    };
    let (token, created, took) = mailed(ask.errand_with(with, &errand)?)?;
    let found = ask.face.project().find_user(email, Some(org));
    let member = found.ok_or_else(|| odd(took))?;
    // A new code takes the place of the one before.
    ask.face.book().codes.put(MeansId(member.0), token);
    let code = ask.face.0.names.code("mail", token.0);
    ask.face.deliver(email, "code", code, None);
    sent(&ask, org, email, created, took)
}

pub(super) async fn code(ask: Ask) -> Done {
    let (org, email) = whom(&ask)?;
    let typed = ask.fields.needed("code")?;
    let duration = ask.fields.duration()?;
    let with = ask.with()?;
    let member = ask.face.project().find_user(email, Some(org));
    let newest = member.and_then(|member| ask.face.book().codes.get(MeansId(member.0)).copied());
    let token = newest.unwrap_or(LoginToken(u32::MAX));
    let proof = if ask.face.0.names.code("mail", token.0) == typed {
        Proof::RightCode
    } else {
        Proof::WrongCode
    };
    let errand = Errand::Code {
        token,
        proof,
        duration,
    };
    let got = ask.errand_with(with, &errand).map_err(in_otp_words)?;
    let method = whose(&ask, &got.0).map(|member| email_id(&ask, member));
    entered(&ask, got, json!({ "method_id": method })).await
}

pub(super) async fn start_oauth(ask: Ask) -> Done {
    let provider = providers::of_path(&ask)?;
    if let Some(page) = providers::ask_who(&ask, provider) {
        return Ok(page);
    }
    let hint = providers::consenting(&ask)?;
    let email = ask.face.email(hint);
    let back = Back::of(&ask)?;
    let challenge = ask.challenge("pkce_code_challenge")?;
    let org = match (ask.query.text("organization_id")?, ask.query.text("slug")?) {
        (Some(_), Some(_)) => {
            let message = "Only one of organization_id and slug may be provided.";
            return Err(Problem::bad("too_many_oauth_organization_locators", message).into());
        }
        (None, None) => {
            let message = "One of organization_id and slug must be provided.";
            return Err(Problem::bad("missing_oauth_organization_locator", message).into());
        }
        (Some(text), None) | (None, Some(text)) => ask.face.org_named(text),
    };
    let with = With {
        provider: Some(provider),
        challenged: challenge.is_some(),
        listed_domain: ask.listed_domain(Some(org), hint),
        ..With::default()
    };
    let call = Call::StartOAuth {
        email,
        org: Some(org),
    };
    let (token, created, took) = mailed(ask.call_with(with, &call)?)?;
    ask.bind(token, challenge);
    Ok(consent(&ask, &back, "oauth", (token, created, took)))
}

pub(super) async fn oauth(ask: Ask) -> Done {
    let text = ask.fields.needed("oauth_token")?;
    let duration = ask.fields.duration()?;
    let token = ask.oauth_token(text);
    let with = ask.with_verifier(token, "pkce_code_verifier")?;
    let got = ask.call_with(with, &Call::OAuth { token, duration })?;
    let member = whose(&ask, &got.0).ok_or_else(|| odd(got.1))?;
    let provider = newest_provider(&ask, member);
    let extra = json!({
        "provider_subject": objects::provider_subject(member),
        "provider_type": providers::shown(provider),
        "provider_values": provider_values(&ask, member, provider),
        "reset_sessions": false,
    });
    entered(&ask, got, extra).await
}

fn newest_provider(ask: &Ask, member: UserId) -> Provider {
    let ties = ask.face.project().means(member).ties;
    ties.last().map_or(Provider(0), |tie| tie.provider)
}
