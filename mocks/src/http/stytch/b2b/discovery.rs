//! Discovery: a person shows an address first and chooses an organization then.

use serde_json::{Value, json};

use super::super::answering::{Done, Good};
use super::super::ask::{Ask, odd};
use super::super::consumer::{Back, consent, in_otp_words, life_of};
use super::super::link;
use super::super::objects::{self, Picture};
use super::super::problem::{Bad, Problem};
use super::super::providers;
use super::logins::CODE_LIFE;
use super::organizations::{check_names, describe, new_rules};
use super::{entered, mailed, mfa_required, org_of, whose};
use crate::email::Email;
use crate::stytch::{
    Discovery, Errand, ErrandReply, Error, Joining, LoginToken, OrgId, OrgView, Proof, Provider,
    Reply, Status, UserId, With,
};
use crate::time::Span;

pub(super) async fn send(ask: Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email_address")?);
    let challenge = ask.challenge("pkce_code_challenge")?;
    let url = ask
        .fields
        .url("discovery_redirect_url", "invalid_discovery_redirect_url")?;
    let with = With {
        challenged: challenge.is_some(),
        ..With::default()
    };
    let life = life_of(&ask, "discovery_expiration_minutes")?;
    let errand = Errand::SendDiscovery { email, life };
    let (token, _, took) = mailed(ask.errand_with(with, &errand)?)?;
    ask.bind(token, challenge);
    let text = ask.face.0.names.login_token(token);
    let url = url.map(|base| link(base, "discovery", &text));
    ask.face.deliver(email, "discovery", text, url);
    Ok(Good::new(took, json!({})))
}

pub(super) async fn follow(ask: Ask) -> Done {
    let text = ask.fields.needed("discovery_magic_links_token")?;
    let token = ask.discovery_token(text)?;
    let with = ask.with_verifier(token, "pkce_code_verifier")?;
    let got = ask.errand_with(with, &Errand::Discover(token))?;
    proved(&ask, got)
}

pub(super) async fn send_code(ask: Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email_address")?);
    let life = ask.fields.minutes_or(
        "discovery_expiration_minutes",
        2,
        15,
        "invalid_expiration_otp",
    )?;
    let life = life.unwrap_or(CODE_LIFE);
    let send = Discovery::SendCode { email, life };
    let (token, _, took) = mailed(ask.errand(&Errand::Discovery(send))?)?;
    // A new code takes the place of the one before.
    let mailbox = Email::lower(email.mailbox);
    ask.face.book().discovery_codes.put(mailbox, token);
    let code = ask.face.0.names.code("mail", token.0);
    ask.face.deliver(email, "discovery_code", code, None);
    Ok(Good::new(took, json!({})))
}

pub(super) async fn code(ask: Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email_address")?);
    let typed = ask.fields.needed("code")?;
    let mailbox = Email::lower(email.mailbox);
    let newest = ask.face.book().discovery_codes.get(mailbox).copied();
    let token = newest.unwrap_or(LoginToken(u32::MAX));
    let proof = if ask.face.0.names.code("mail", token.0) == typed {
        Proof::RightCode
    } else {
        Proof::WrongCode
    };
    let code = Discovery::Code { token, proof };
    let got = ask.errand(&Errand::Discovery(code)).map_err(in_otp_words)?;
    proved(&ask, got)
}

pub(super) async fn password(ask: Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email_address")?);
    let password = ask.fields.needed("password")?;
    let orgs = members_with(&ask, email);
    let mut proof = Proof::WrongPassword;
    for (org, member) in orgs {
        // A password that rests on the word of one organization's provider is that one's alone.
        let known = ask.face.project().user(member);
        if known.is_none_or(|known| known.by_sso_only) {
            continue;
        }
        if ask.proof(email, Some(org), password).await == Proof::RightPassword {
            proof = Proof::RightPassword;
        }
    }
    let show = Discovery::Password { email, proof };
    let got = ask.errand(&Errand::Discovery(show))?;
    proved(&ask, got)
}

pub(super) async fn start_reset(ask: Ask) -> Done {
    let email = ask.face.email(ask.fields.address("email_address")?);
    let life = life_of(&ask, "reset_password_expiration_minutes")?;
    let challenge = ask.challenge("pkce_code_challenge")?;
    let invalid = "invalid_password_reset_redirect_url";
    let url = ask.fields.url("reset_password_redirect_url", invalid)?;
    let life = life.unwrap_or(ask.face.project().settings().reset_life);
    let with = With {
        challenged: challenge.is_some(),
        ..With::default()
    };
    let start = Errand::Discovery(Discovery::StartReset { email, life });
    let (token, _, took) = mailed(ask.errand_with(with, &start)?)?;
    ask.bind(token, challenge);
    let text = ask.face.0.names.login_token(token);
    let url = url.map(|base| link(base, "multi_tenant_passwords", &text));
    ask.face.deliver(email, "reset", text, url);
    Ok(Good::new(took, json!({})))
}

/// The new password is that of every organization in which somebody has the address.
pub(super) async fn finish_reset(ask: Ask) -> Done {
    let text = ask.fields.needed("password_reset_token")?;
    let password = ask.fields.needed("password")?;
    ask.face.check_strength(password)?;
    let token = ask.face.0.names.read_login_token(text);
    let with = ask.with_verifier(token, "pkce_code_verifier")?;
    let got = ask.errand_with(with, &Errand::Discover(token))?;
    if let Reply::SecondFactorNeeded(token) = got.0 {
        let now = ask.exchange.stamp().at;
        let shown = ask.face.project().intermediate(token, now);
        for (_, member) in shown.map_or_else(Vec::new, |(email, _)| members_with(&ask, email)) {
            ask.face.choose(member, password);
        }
    }
    proved(&ask, got)
}

pub(super) async fn start_oauth(ask: Ask) -> Done {
    let provider = providers::of_path(&ask)?;
    if let Some(page) = providers::ask_who(&ask, provider) {
        return Ok(page);
    }
    let email = ask.face.email(providers::consenting(&ask)?);
    let back = Back::of(&ask)?;
    let challenge = ask.challenge("pkce_code_challenge")?;
    let with = With {
        provider: Some(provider),
        challenged: challenge.is_some(),
        ..With::default()
    };
    let start = Errand::Discovery(Discovery::StartOAuth(email));
    let (token, created, took) = mailed(ask.errand_with(with, &start)?)?;
    ask.bind(token, challenge);
    Ok(consent(
        &ask,
        &back,
        "discovery_oauth",
        (token, created, took),
    ))
}

pub(super) async fn oauth(ask: Ask) -> Done {
    let text = ask.fields.needed("discovery_oauth_token")?;
    let token = ask.face.0.names.read_login_token(text);
    let with = ask.with_verifier(token, "pkce_code_verifier")?;
    let provider = ask.face.project().provider_of(token);
    let got = ask.errand_with(with, &Errand::Discover(token))?;
    let good = proved(&ask, got)?;
    let provider = providers::shown(provider.unwrap_or(Provider(0)));
    let good = good.and("provider_type", json!(provider));
    let good = good.and("provider_tenant_id", json!(""));
    let good = good.and("provider_tenant_ids", json!([]));
    Ok(good.and("full_name", json!("")))
}

/// The answer to an address that was proved: an intermediate session, and where it leads.
fn proved(ask: &Ask, got: (Reply, Span)) -> Done {
    let (reply, took) = got;
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
        "discovered_organizations": discovered(ask, email, None, true),
    });
    Ok(Good::new(took, body))
}

/// Every member with this address, and their organization.
pub(in super::super) fn members_with(ask: &Ask, email: Email) -> Vec<(OrgId, UserId)> {
    let project = ask.face.project();
    let orgs = project.orgs_from(OrgId(0));
    orgs.filter_map(|org| Some((org.id, project.find_user(email, Some(org.id))?)))
        .collect()
}

/// `POST …/discovery/organizations/create`: the creator becomes `stytch_admin`.
pub(super) async fn found(ask: Ask) -> Done {
    let text = ask.fields.needed("intermediate_session_token")?;
    let token = ask.face.0.names.read_intermediate_token(text);
    let duration = ask.fields.duration()?;
    check_names(&ask, None)?;
    let rules = new_rules(&ask)?;
    let found = Discovery::Found {
        token,
        rules,
        duration,
    };
    let got = ask.any_errand(&Errand::Discovery(found));
    let (reply, took) = got.map_err(intermediate_words)?;
    let ErrandReply::Founded { org, login } = reply else {
        return Err(odd(took));
    };
    describe(&ask, org).map_err(|problem| Bad::Told { problem, took })?;
    let founder = whose(&ask, &login).ok_or_else(|| odd(took))?;
    ask.face.give_role(founder, "stytch_admin");
    entered(&ask, (login, took), json!({})).await
}

fn intermediate_words(bad: Bad) -> Bad {
    match bad {
        Bad::Refused { refusal, took } if refusal.error == Error::SessionNotFound => Bad::Told {
            problem: Problem::no_intermediate(),
            took,
        },
        other => other,
    }
}

pub(super) async fn list(ask: Ask) -> Done {
    let by_intermediate = ask.fields.text("intermediate_session_token")?.is_some();
    let (email, only) = shown_address(&ask)?;
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let body = json!({
        "email_address": ask.face.0.directory.text(email),
        "discovered_organizations": discovered(&ask, email, only, by_intermediate && only.is_none()),
        "organization_id_hint": null,
    });
    Ok(Good::new(took, body))
}

/// The address that a request proves, by an intermediate session or by a session; and whom alone it
/// speaks for, where that is not everybody with the address.
fn shown_address(ask: &Ask) -> Result<(Email, Option<UserId>), Problem> {
    let now = ask.exchange.stamp().at;
    if let Some(text) = ask.fields.text("intermediate_session_token")? {
        let token = ask.face.0.names.read_intermediate_token(text);
        let project = ask.face.project();
        let (email, _) = project
            .intermediate(token, now)
            .ok_or_else(Problem::no_intermediate)?;
        return Ok((email, project.stands_only_for(token)));
    }
    let email = ask.holder()?.person.email.ok_or_else(Problem::no_session)?;
    let session = ask.session()?.token().session;
    Ok((email, ask.face.project().speaks_only_for(session)))
}

/// The organizations in which someone has this address, and those that let its domain in.
fn discovered(ask: &Ask, email: Email, only: Option<UserId>, with_joinable: bool) -> Vec<Value> {
    let now = ask.exchange.stamp().at;
    let pictures: Vec<Picture> = {
        let members = members_with(ask, email);
        let project = ask.face.project();
        members
            .into_iter()
            .filter(|(_, member)| only.is_none_or(|only| only == *member))
            .filter_map(|(_, member)| Picture::take(&project, member, None, now))
            .collect()
    };
    let mut shown: Vec<Value> = pictures.iter().map(|it| membership(ask, it)).collect();
    if with_joinable {
        let address = ask.face.0.directory.text(email);
        shown.extend(joinable(ask, &address, &pictures));
    }
    shown
}

fn membership(ask: &Ask, picture: &Picture) -> Value {
    let kind = match picture.user.status {
        Status::Pending => "pending_member",
        Status::Invited => "invited_member",
        Status::Active | Status::Deleted => "active_member",
    };
    let required = picture.org.is_some_and(|org| org.rules.mfa_required);
    let second = picture.user.mfa_enrolled || required;
    json!({
        "organization": picture.org.map(|org| ask.face.organization(&org)),
        "membership": {
            "type": kind,
            "details": null,
            "member": ask.face.member(picture),
        },
        "member_authenticated": !second,
        "primary_required": null,
        "mfa_required": second.then(|| mfa_required(ask, picture)),
    })
}

/// Organizations that somebody can join by the domain of their address.
fn joinable(ask: &Ask, address: &str, known: &[Picture]) -> Vec<Value> {
    let open: Vec<OrgView> = {
        let project = ask.face.project();
        let orgs = project.orgs_from(OrgId(0));
        orgs.filter(|org| org.rules.email_jit == Joining::Restricted)
            .filter(|org| known.iter().all(|it| it.user.org != Some(org.id)))
            .collect()
    };
    let (_, domain) = address.rsplit_once('@').unwrap_or_default();
    let listed = open
        .iter()
        .filter(|org| ask.listed_domain(Some(org.id), address));
    listed
        .map(|org| {
            json!({
                "organization": ask.face.organization(org),
                "membership": {
                    "type": "eligible_to_join_by_email_domain",
                    "details": { "domain": domain },
                    "member": null,
                },
                "member_authenticated": true,
                "primary_required": null,
                "mfa_required": null,
            })
        })
        .collect()
}

pub(super) async fn enter(ask: Ask) -> Done {
    let text = ask.fields.needed("intermediate_session_token")?;
    let token = ask.face.0.names.read_intermediate_token(text);
    let org = org_of(&ask)?;
    let duration = ask.fields.duration()?;
    let now = ask.exchange.stamp().at;
    let shown = ask.face.project().intermediate(token, now);
    let address = shown.map(|(email, _)| ask.face.0.directory.text(email));
    let with = With {
        listed_domain: address.is_some_and(|address| ask.listed_domain(Some(org), &address)),
        ..With::default()
    };
    let errand = Errand::ExchangeIntermediate {
        token,
        org,
        duration,
    };
    let got = ask.errand_with(with, &errand).map_err(intermediate_words)?;
    entered(&ask, got, json!({})).await
}
