//! `/api/v2/attack-protection/…`: how the tenant is protected, to be read and changed.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::desk::{Desk, Served, Visit};
use super::payload::{Payload, bad_body};
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::shields::{Shields, Switch};
use crate::limit::Rate;

/// Failures that Auth0 lets a tenant allow at most (Management API schema).
const MOST_ATTEMPTS: u32 = 100;

/// What is not mocked must not be asked for: nobody would be exempt.
fn no_exemptions(payload: Payload<'_>) -> Result<(), Complaint> {
    if payload.texts("allowlist")?.is_some_and(|it| !it.is_empty()) {
        let text = "Payload validation error: 'An allowlist is not mocked' on property allowlist.";
        return Err(bad_body(text));
    }
    Ok(())
}

/// Takes over whether something is switched on, and its shields.
fn turn(switch: &mut Switch, payload: Payload<'_>, known: [&str; 2]) -> Result<(), Complaint> {
    if let Some(told) = payload.flag("enabled")? {
        switch.enabled = told;
    }
    if let Some(told) = payload.texts("shields")? {
        if !told.iter().all(|it| known.contains(&it.as_str())) {
            let text = "Payload validation error: 'No enum match' on property shields.";
            return Err(bad_body(text));
        }
        switch.shields = told;
    }
    Ok(())
}

/// A change of protection, which takes place if all of it can.
async fn change(
    visit: Visit,
    take: impl FnOnce(&mut Shields, Payload<'_>) -> Result<(), Complaint>,
    shown: fn(&Desk<'_>) -> Value,
) -> Response {
    visit
        .serve(&["update:attack_protection"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            no_exemptions(payload)?;
            let mut shields = desk.behind.shields.clone();
            take(&mut shields, payload)?;
            shields.apply(&mut desk.behind.tenant);
            desk.behind.shields = shields;
            Served::ok(shown(desk))
        })
        .await
}

fn brute_force_shown(desk: &Desk<'_>) -> Value {
    let told = &desk.behind.shields.brute_force;
    json!({
        "enabled": told.switch.enabled,
        "shields": told.switch.shields,
        "allowlist": [],
        "mode": "count_per_identifier_and_ip",
        "max_attempts": told.attempts,
    })
}

/// `GET /attack-protection/brute-force-protection`.
pub(super) async fn brute_force(visit: Visit) -> Response {
    visit
        .serve(&["read:attack_protection"], |desk| {
            Served::ok(brute_force_shown(desk))
        })
        .await
}

/// `PATCH /attack-protection/brute-force-protection`: attempts count anew.
pub(super) async fn change_brute_force(visit: Visit) -> Response {
    let take = |shields: &mut Shields, payload: Payload<'_>| {
        let told = &mut shields.brute_force;
        if payload.text("mode")? == Some("count_per_identifier") {
            let text =
                "Payload validation error: 'count_per_identifier is not mocked' on property mode.";
            return Err(bad_body(text));
        }
        if let Some(number) = payload.number("max_attempts")? {
            let allowed = u32::try_from(number).ok();
            let allowed = allowed.filter(|number| (1..=MOST_ATTEMPTS).contains(number));
            told.attempts = allowed.ok_or_else(|| {
                bad_body(
                    "Payload validation error: 'Expected a number from 1 to 100' on property max_attempts.",
                )
            })?;
        }
        turn(&mut told.switch, payload, Shields::BRUTE_FORCE)
    };
    change(visit, take, brute_force_shown).await
}

fn suspicious_shown(desk: &Desk<'_>) -> Value {
    let told = &desk.behind.shields.suspicious;
    let stage = |limit: Option<Rate>| {
        limit.map(|limit| {
            // Milliseconds until one more attempt is let through.
            let rate = (1000.0 / limit.per_second).round();
            json!({ "max_attempts": limit.burst, "rate": rate as i64 })
        })
    };
    json!({
        "enabled": told.switch.enabled,
        "shields": told.switch.shields,
        "allowlist": [],
        "stage": {
            "pre-login": stage(told.logins),
            "pre-user-registration": stage(told.sign_ups),
        },
    })
}

/// `GET /attack-protection/suspicious-ip-throttling`.
pub(super) async fn suspicious_addresses(visit: Visit) -> Response {
    visit
        .serve(&["read:attack_protection"], |desk| {
            Served::ok(suspicious_shown(desk))
        })
        .await
}

/// One stage of a body; what it leaves out stays.
fn stage(
    stages: Option<&Map<String, Value>>,
    name: &str,
    before: Option<Rate>,
) -> Result<Option<Rate>, Complaint> {
    let Some(told) = stages.and_then(|stages| stages.get(name)) else {
        return Ok(before);
    };
    let told = told.as_object().cloned().unwrap_or_default();
    let told = Payload(&told);
    let number = |name: &str, before: f64| -> Result<f64, Complaint> {
        match told.number(name)? {
            None => Ok(before),
            Some(number @ 1..=86_400_000) => Ok(number as f64),
            Some(_) => Err(bad_body(&format!(
                "Payload validation error: 'Expected a number from 1 to 86400000' on property {name}."
            ))),
        }
    };
    let usual = before.unwrap_or(Rate {
        per_second: 1.0 / 864.0,
        burst: 100,
    });
    Ok(Some(Rate {
        per_second: 1000.0 / number("rate", 1000.0 / usual.per_second)?,
        burst: number("max_attempts", f64::from(usual.burst))? as u32,
    }))
}

/// `PATCH /attack-protection/suspicious-ip-throttling`: attempts count anew.
pub(super) async fn change_suspicious_addresses(visit: Visit) -> Response {
    let take = |shields: &mut Shields, payload: Payload<'_>| {
        let told = &mut shields.suspicious;
        let stages = payload.object("stage")?;
        told.logins = stage(stages, "pre-login", told.logins)?;
        told.sign_ups = stage(stages, "pre-user-registration", told.sign_ups)?;
        turn(&mut told.switch, payload, Shields::SUSPICIOUS)
    };
    change(visit, take, suspicious_shown).await
}
