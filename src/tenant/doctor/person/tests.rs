//! What is told of logins that fail and of tokens that are no good.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::tenant::client::{Patience, Provider};
use crate::tenant::fixture::credentials;
use crate::tenant::guard::{Amount, Consent, admit};
use crate::tenant::secret::Secret;

fn tenants() -> Tenants {
    let amount = Amount {
        people: 1,
        auth0_per_second: 1.0,
        stytch_per_second: 1.0,
    };
    let credentials = credentials("https://localhost:1", "https://localhost:2");
    let admitted = admit(credentials, amount, Consent::default()).unwrap();
    Tenants::new(admitted, Product::Consumer, Patience::default()).unwrap()
}

fn tokens(algorithm: &str, audience: &Value) -> Tokens {
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = part(json!({ "alg": algorithm, "typ": "JWT", "kid": "k" }));
    let claims = part(json!({ "aud": audience }));
    Tokens {
        access: Secret::new(format!("{header}.{claims}.c2ln")),
        refresh: None,
        scope: None,
    }
}

#[track_caller]
fn assert_fails(finding: Finding, evidence: &str, place: &str) {
    let (verdict, seen, fix) = finding;
    assert_eq!(verdict, Verdict::Fail, "{seen}");
    assert!(seen.contains(evidence), "{seen}");
    let fix = fix.unwrap();
    assert!(fix.place.contains(place), "{fix:?}");
}

#[test]
fn tokens_that_are_no_good_are_told() {
    let tenants = tenants();
    let (api, userinfo) = ("https://api.example", "https://localhost:1/userinfo");
    let of = |tokens: &Tokens| token(&tenants.auth0, tokens);
    let both = json!([api, userinfo]);
    let (verdict, evidence, _) = of(&tokens("RS256", &both));
    assert_eq!(verdict, Verdict::Ok, "{evidence}");
    let place = "Signing Algorithm";
    assert_fails(of(&tokens("HS256", &both)), "HS256", place);
    assert_fails(of(&tokens("RS256", &json!(api))), "not for", "AUTH0_SCOPE");
    let other = json!(["https://other.example", userinfo]);
    assert_fails(of(&tokens("RS256", &other)), "not for", "AUTH0_AUDIENCE");
    let opaque = Tokens {
        access: Secret::new("an-opaque-text".to_owned()),
        refresh: None,
        scope: None,
    };
    assert_fails(of(&opaque), "opaque", "AUTH0_AUDIENCE");
}

#[test]
fn each_reason_of_a_login_that_fails_has_its_own_place() {
    for (status, code, message, place) in [
        (401, "access_denied", "Unauthorized", "AUTH0_CLIENT_SECRET"),
        (403, "unauthorized_client", "Grant type", "Grant Types"),
        (403, "mfa_required", "Multifactor", "Multi-factor Auth"),
        (403, "access_denied", "Service not found", "AUTH0_AUDIENCE"),
        (403, "invalid_grant", "Wrong email", "AUTH0_CONNECTION"),
        (500, "server_error", "", "AUTH0_DOMAIN"),
    ] {
        let error = ApiError::Refused {
            provider: Provider::Auth0,
            what: "a login",
            status,
            code: code.to_owned(),
            message: message.to_owned(),
        };
        assert_fails(login_failed(&error), code, place);
    }
}
