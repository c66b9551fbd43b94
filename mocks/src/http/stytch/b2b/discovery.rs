//! Discovery: a person shows an address first and chooses an organization then.

use serde_json::{Value, json};

use super::super::ask::{Ask, Done, Good, odd};
use super::super::link;
use super::super::objects::{self, Picture};
use super::super::problem::{Bad, Problem};
use super::{entered, org_of};
use crate::email::Email;
use crate::stytch::{Errand, Error, OrgId, Reply};

pub(super) async fn send(ask: Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email_address")?);
    let (reply, took) = ask.errand(&Errand::SendDiscovery(email))?;
    let Reply::Mailed { token, .. } = reply else {
        return Err(odd(took));
    };
    let text = ask.face.0.names.login_token(token);
    let url = ask.fields.text("discovery_redirect_url")?;
    let url = url.map(|base| link(base, "discovery", &text));
    ask.face.deliver(email, "discovery", text, url);
    Ok(Good::new(took, json!({})))
}

pub(super) async fn follow(ask: Ask) -> Done {
    let text = ask.fields.needed("discovery_magic_links_token")?;
    let token = ask.face.0.names.read_login_token(text);
    let (reply, took) = ask.errand(&Errand::Discover(token))?;
    let Reply::SecondFactorNeeded(token) = reply else {
        return Err(odd(took));
    };
    let now = ask.exchange.stamp().at;
    let found = ask.face.project().intermediate(token, now);
    let (email, _) = found.ok_or_else(|| odd(took))?;
    let expires = {
        let project = ask.face.project();
        objects::rfc3339(project.clock(now) + project.settings().intermediate_life)
    };
    let body = json!({
        "intermediate_session_token": ask.face.0.names.intermediate_token(token),
        "intermediate_session_token_expires_at": expires,
        "email_address": ask.face.0.directory.text(email),
        "discovered_organizations": discovered(&ask, email),
    });
    Ok(Good::new(took, body))
}

pub(super) async fn list(ask: Ask) -> Done {
    let email = shown_address(&ask)?;
    let (_, took) = ask.errand(&Errand::Read {
        user: None,
        org: None,
    })?;
    let body = json!({
        "email_address": ask.face.0.directory.text(email),
        "discovered_organizations": discovered(&ask, email),
        "organization_id_hint": null,
    });
    Ok(Good::new(took, body))
}

/// The address that a request proves, by an intermediate session or by a session.
fn shown_address(ask: &Ask) -> Result<Email, Problem> {
    let now = ask.exchange.stamp().at;
    if let Some(text) = ask.fields.text("intermediate_session_token")? {
        let token = ask.face.0.names.read_intermediate_token(text);
        let found = ask.face.project().intermediate(token, now);
        return found.map(|(email, _)| email).ok_or_else(no_intermediate);
    }
    let token = ask.session()?.token();
    let project = ask.face.project();
    let live = project.session_is_live(token, now);
    let session = project.session(token.session).filter(|_| live);
    let owner = session.and_then(|session| project.user(session.user));
    owner.map(|owner| owner.email).ok_or_else(|| Problem {
        status: 404,
        error_type: "session_not_found",
        message: "Session could not be found.".to_owned(),
    })
}

fn no_intermediate() -> Problem {
    Problem {
        status: 404,
        error_type: "intermediate_session_not_found",
        message: "Intermediate session could not be found.".to_owned(),
    }
}

/// The organizations in which someone has this address.
fn discovered(ask: &Ask, email: Email) -> Vec<Value> {
    let now = ask.exchange.stamp().at;
    let pictures: Vec<Picture> = {
        let project = ask.face.project();
        let members = project
            .orgs_from(OrgId(0))
            .filter_map(|org| project.find_user(email, Some(org.id)));
        members
            .filter_map(|member| Picture::take(&project, member, None, now))
            .collect()
    };
    let shown = pictures.iter().map(|picture| {
        let pending = picture.user.pending;
        let second = picture.user.mfa_enrolled || picture.org.is_some_and(|org| org.mfa_required);
        json!({
            "organization": picture.org.map(|org| ask.face.organization(&org)),
            "membership": {
                "type": if pending { "pending_member" } else { "active_member" },
                "details": null,
                "member": ask.face.member(picture),
            },
            "member_authenticated": !second,
            "primary_required": null,
            "mfa_required": second.then(|| json!({
                "member_options": {
                    "mfa_phone_number": ask.face.profile(picture.user.id).phone,
                    "totp_registration_id": "",
                },
                "secondary_auth_initiated": null,
            })),
        })
    });
    shown.collect()
}

pub(super) async fn enter(ask: Ask) -> Done {
    let text = ask.fields.needed("intermediate_session_token")?;
    let token = ask.face.0.names.read_intermediate_token(text);
    let org = org_of(&ask)?;
    let duration = ask.fields.duration()?;
    let errand = Errand::ExchangeIntermediate {
        token,
        org,
        duration,
    };
    let got = ask.errand(&errand).map_err(|bad| match bad {
        Bad::Refused { refusal, took } if refusal.error == Error::SessionNotFound => Bad::Told {
            problem: no_intermediate(),
            took,
        },
        other => other,
    })?;
    entered(&ask, got, json!({})).await
}
