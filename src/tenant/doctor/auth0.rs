//! What the doctor looks at in an Auth0 tenant before anybody logs in.

use super::{
    Examination, Finding, Verdict, bad, claims, clock, fail, failed, issued_ahead, ok,
    signing_keys, unknown,
};
use crate::tenant::auth0::{Auth0, Callback, Managing};
use crate::tenant::client::{Bucket, Heard};
use crate::tenant::refused::ApiError;
use crate::tenant::tenants::{BURST, Tenants};

/// What making and removing test people needs.
const SCOPES: [&str; 3] = ["create:users", "read:users", "delete:users"];

pub(super) async fn look(tenants: &Tenants, examination: &mut Examination) {
    let auth0 = &tenants.auth0;
    let discovery = auth0.discovery().await;
    let ahead = discovery.as_ref().ok().and_then(|heard| heard.ahead);
    let finding = match &discovery {
        Err(error) => failed(error, "AUTH0_DOMAIN"),
        Ok(heard) => issuer(auth0, heard.json["issuer"].as_str()),
    };
    examination.add("auth0 discovery", finding);
    examination.add("auth0 keys", keys(auth0).await);

    let managing = auth0.manage().await;
    let issued = managing.as_ref().ok().and_then(|managing| {
        let (_, claims) = claims(managing.token.expose())?;
        issued_ahead(&claims)
    });
    examination.add("auth0 clock", clock(ahead, issued, "Auth0"));
    let told = [
        ("discovery", discovery.as_ref().ok().and_then(Heard::bucket)),
        ("tokens", managing.as_ref().ok().and_then(|m| m.bucket)),
    ];
    examination.add("auth0 limits", limits(&told));
    examination.add("auth0 management", management(managing));
    examination.add("auth0 callback", callback(auth0).await);
}

fn issuer(auth0: &Auth0, told: Option<&str>) -> Finding {
    let expected = auth0.issuer();
    match told {
        Some(told) if told == expected => ok(format!("issuer {told}")),
        told => fail(
            format!(
                "the issuer is {}, but AUTH0_DOMAIN says {expected}",
                told.unwrap_or("not told")
            ),
            "use the domain whose issuer stands in tokens: the custom one if there is one, to the letter",
            "AUTH0_DOMAIN",
        ),
    }
}

async fn keys(auth0: &Auth0) -> Finding {
    match auth0.keys().await {
        Ok(set) if signing_keys(&set) > 0 => ok(format!("{} RSA keys", signing_keys(&set))),
        Ok(_) => fail(
            "its key set holds no RSA key with an id",
            "let the API sign with RS256",
            "Auth0 dashboard > Applications > APIs > your API > Signing Algorithm",
        ),
        Err(error) => failed(&error, "AUTH0_DOMAIN, /.well-known/jwks.json"),
    }
}

/// Whether the buckets that answers told of have room for what a run asks for at once.
fn limits(told: &[(&str, Option<Bucket>)]) -> Finding {
    let told = told
        .iter()
        .filter_map(|(what, bucket)| Some((what, (*bucket)?)));
    let narrowest = told.min_by(|(_, one), (_, two)| one.holds.total_cmp(&two.holds));
    let Some((what, Bucket { holds, left })) = narrowest else {
        return unknown("no answer told its limit");
    };
    let evidence = format!("{left} of {holds} requests for {what} are left");
    let log = "Auth0 dashboard > Monitoring > Logs, type api_limit";
    if holds < f64::from(BURST) {
        fail(
            evidence,
            format!("raise the limit: a run asks for up to {BURST} at once, and would measure 429"),
            format!("the tenant's plan; {log}"),
        )
    } else if left < holds / 10.0 {
        bad(
            Verdict::Warn,
            evidence,
            "wait, or find out who else uses the tenant: logins share its limit",
            log,
        )
    } else {
        ok(evidence)
    }
}

fn management(managing: Result<Managing, ApiError>) -> Finding {
    let place = "Auth0 dashboard > Applications > APIs > Auth0 Management API > Machine to Machine Applications";
    let granted = match managing {
        Ok(managing) => managing.scopes,
        Err(error) => {
            return match error.refusal() {
                Some((401, _)) => fail(
                    error.to_string(),
                    "use the id and secret of an application that exists, each in its place",
                    "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET (or AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET)",
                ),
                Some((403, _)) => fail(
                    error.to_string(),
                    "allow the application to use the Management API, and the client_credentials grant",
                    place,
                ),
                _ => failed(&error, "AUTH0_DOMAIN"),
            };
        }
    };
    let missing: Vec<&str> = SCOPES
        .into_iter()
        .filter(|scope| !granted.iter().any(|granted| granted == scope))
        .collect();
    if missing.is_empty() {
        ok(format!("scopes {}", SCOPES.join(", ")))
    } else {
        let missing = missing.join(", ");
        fail(
            format!("the token lacks {missing}"),
            format!("grant {missing}"),
            place,
        )
    }
}

async fn callback(auth0: &Auth0) -> Finding {
    let Some(url) = auth0.credentials().callback.clone() else {
        return bad(
            Verdict::Warn,
            "AUTH0_CALLBACK_URL is not set, so no callback was tried",
            "name a callback URL of your application, to see whether Auth0 allows it",
            "AUTH0_CALLBACK_URL",
        );
    };
    match auth0.callback(&url).await {
        Ok(Callback::Allowed) => ok(format!("{url} is allowed")),
        Ok(Callback::Page(status)) => fail(
            format!("a login that leads back to {url} ends on an error page ({status})"),
            format!("allow {url}"),
            "Auth0 dashboard > Applications > your application > Settings > Allowed Callback URLs",
        ),
        Err(error @ ApiError::Unanswered(_)) => failed(&error, "AUTH0_DOMAIN"),
        Err(error) => unknown(error.to_string()),
    }
}
