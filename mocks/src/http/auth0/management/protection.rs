//! `/api/v2/attack-protection/…`: how the tenant is protected, to be read and changed.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::desk::{Desk, Served, Visit};
use super::payload::{Payload, bad_body};
use crate::auth0::Settings;
use crate::http::auth0::answering::Complaint;
use crate::limit::Rate;

/// Failures that Auth0 lets a tenant allow at most (Management API schema).
const MOST_ATTEMPTS: i64 = 100;

/// What is not mocked must not be asked for: nobody would be exempt.
fn no_exemptions(payload: Payload<'_>) -> Result<(), Complaint> {
    if payload.texts("allowlist")?.is_some_and(|it| !it.is_empty()) {
        let text = "Payload validation error: 'An allowlist is not mocked' on property allowlist.";
        return Err(bad_body(text));
    }
    Ok(())
}

/// Whether failures shall block: that is switched on, and `block` among the shields.
fn blocks(payload: Payload<'_>, now: bool) -> Result<bool, Complaint> {
    let enabled = payload.flag("enabled")?.unwrap_or(now);
    let shields = payload.texts("shields")?;
    let blocks = shields.is_none_or(|shields| shields.iter().any(|it| it == "block"));
    Ok(enabled && blocks)
}

fn brute_force_shown(desk: &Desk<'_>) -> Value {
    let attempts = desk.behind.tenant.settings().brute_force_attempts;
    json!({
        "enabled": attempts.is_some(),
        "shields": ["block", "user_notification"],
        "allowlist": [],
        "mode": "count_per_identifier_and_ip",
        "max_attempts": attempts.unwrap_or(10),
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
    visit
        .serve(&["update:attack_protection"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            no_exemptions(payload)?;
            let before = desk.behind.tenant.settings().brute_force_attempts;
            if payload.text("mode")? == Some("count_per_identifier") {
                let text = "Payload validation error: 'count_per_identifier is not mocked' on property mode.";
                return Err(bad_body(text));
            }
            let attempts = match payload.number("max_attempts")? {
                None => before.or(Settings::default().brute_force_attempts),
                Some(number) if (1..=MOST_ATTEMPTS).contains(&number) => u32::try_from(number).ok(),
                Some(_) => {
                    return Err(bad_body(
                        "Payload validation error: 'Expected a number from 1 to 100' on property max_attempts.",
                    ));
                }
            };
            let blocks = blocks(payload, before.is_some())?;
            let (logins, sign_ups) = {
                let settings = desk.behind.tenant.settings();
                (settings.suspicious_ip, settings.suspicious_signups)
            };
            let attempts = attempts.filter(|_| blocks);
            desk.behind.tenant.set_protection(attempts, logins, sign_ups);
            Served::ok(brute_force_shown(desk))
        })
        .await
}

fn suspicious_shown(desk: &Desk<'_>) -> Value {
    let settings = desk.behind.tenant.settings();
    let stage = |limit: Option<Rate>| {
        limit.map(|limit| {
            // Milliseconds until one more attempt is let through.
            let rate = (1000.0 / limit.per_second).round();
            json!({ "max_attempts": limit.burst, "rate": rate as i64 })
        })
    };
    json!({
        "enabled": settings.suspicious_ip.is_some(),
        "shields": ["admin_notification", "block"],
        "allowlist": [],
        "stage": {
            "pre-login": stage(settings.suspicious_ip),
            "pre-user-registration": stage(settings.suspicious_signups),
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
    visit
        .serve(&["update:attack_protection"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            no_exemptions(payload)?;
            let (attempts, logins, sign_ups) = {
                let settings = desk.behind.tenant.settings();
                let usual = Settings::default();
                (
                    settings.brute_force_attempts,
                    settings.suspicious_ip.or(usual.suspicious_ip),
                    settings.suspicious_signups.or(usual.suspicious_signups),
                )
            };
            let on = desk.behind.tenant.settings().suspicious_ip.is_some();
            let blocks = blocks(payload, on)?;
            let stages = payload.object("stage")?;
            let logins = stage(stages, "pre-login", logins)?.filter(|_| blocks);
            let sign_ups = stage(stages, "pre-user-registration", sign_ups)?.filter(|_| blocks);
            desk.behind
                .tenant
                .set_protection(attempts, logins, sign_ups);
            Served::ok(suspicious_shown(desk))
        })
        .await
}
