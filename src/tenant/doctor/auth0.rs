//! What the doctor looks at in an Auth0 tenant before anybody logs in.

use super::{
    Examination, Finding, Verdict, bad, claims, clock, fail, failed, issued_ahead, ok,
    signing_keys, unknown,
};
use crate::tenant::auth0::{Auth0, Callback};
use crate::tenant::client::number;
use crate::tenant::refused::ApiError;
use crate::tenant::tenants::Tenants;

/// What making and removing test people needs.
const SCOPES: [&str; 3] = ["create:users", "read:users", "delete:users"];

pub(super) async fn look(tenants: &Tenants, examination: &mut Examination) {
    let auth0 = &tenants.auth0;
    let discovery = auth0.discovery().await;
    let (mut ahead, mut limits) = (None, unknown("no answer told its limit"));
    let finding = match &discovery {
        Err(error) => failed(error, "AUTH0_DOMAIN"),
        Ok(heard) => {
            ahead = heard.ahead;
            if let Some(limit) = number(&heard.headers, "x-ratelimit-limit") {
                let left = number(&heard.headers, "x-ratelimit-remaining").unwrap_or_default();
                limits = limit_finding(limit, left);
            }
            issuer(auth0, heard.json["issuer"].as_str())
        }
    };
    examination.add("auth0 discovery", finding);
    examination.add("auth0 keys", keys(auth0).await);

    let (management, issued) = management(auth0).await;
    examination.add("auth0 clock", clock(ahead, issued, "Auth0"));
    examination.add("auth0 limits", limits);
    examination.add("auth0 management", management);
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

fn limit_finding(limit: f64, left: f64) -> Finding {
    let evidence = format!("{left} of {limit} requests are left in the bucket of this endpoint");
    if left < limit / 10.0 {
        bad(
            Verdict::Warn,
            evidence,
            "wait, or find out who else uses the tenant: logins share its limit",
            "Auth0 dashboard > Monitoring > Logs, type api_limit",
        )
    } else {
        ok(evidence)
    }
}

async fn management(auth0: &Auth0) -> (Finding, Option<f64>) {
    let place = "Auth0 dashboard > Applications > APIs > Auth0 Management API > Machine to Machine Applications";
    let (token, granted) = match auth0.manage().await {
        Ok(given) => given,
        Err(error) => {
            let finding = match error.refusal() {
                Some((401, _)) => fail(
                    error.to_string(),
                    "use the id and secret of an application that exists",
                    "AUTH0_MGMT_CLIENT_ID and AUTH0_MGMT_CLIENT_SECRET (or AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET)",
                ),
                Some((403, _)) => fail(
                    error.to_string(),
                    "allow the application to use the Management API, and the client_credentials grant",
                    place,
                ),
                _ => failed(&error, "AUTH0_DOMAIN"),
            };
            return (finding, None);
        }
    };
    let issued = claims(token.expose()).and_then(|(_, claims)| issued_ahead(&claims));
    let missing: Vec<&str> = SCOPES
        .into_iter()
        .filter(|scope| !granted.iter().any(|granted| granted == scope))
        .collect();
    let finding = if missing.is_empty() {
        ok(format!("scopes {}", SCOPES.join(", ")))
    } else {
        let missing = missing.join(", ");
        fail(
            format!("the token lacks {missing}"),
            format!("grant {missing}"),
            place,
        )
    };
    (finding, issued)
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
