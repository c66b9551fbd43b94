//! Tokens that are bound to a key (RFC 9449).

use std::sync::atomic::{AtomicU32, Ordering};

use super::scene::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cutover_mocks::http::stamp::STAMP;
use cutover_mocks::time::Span;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Response;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A key of the client's.
struct Key {
    signs: EncodingKey,
    jwk: Jwk,
}

/// Proofs so far: each has a `jti` of its own.
static COUNT: AtomicU32 = AtomicU32::new(0);

impl Key {
    fn new() -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let signs = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
        let jwk = Jwk::from_encoding_key(&signs, Algorithm::ES256).unwrap();
        Self { signs, jwk }
    }

    fn thumbprint(&self) -> String {
        self.jwk.thumbprint(ThumbprintHash::SHA256).unwrap()
    }

    fn proof(&self, method: &str, url: &str, more: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("dpop+jwt".to_owned());
        header.jwk = Some(self.jwk.clone());
        let jti = format!("proof {}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut claims = json!({"jti": jti, "htm": method, "htu": url, "iat": START.as_secs()});
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        jsonwebtoken::encode(&header, &claims, &self.signs).unwrap()
    }
}

async fn ask(scene: &mut Scene, proof: &str, fields: &[(&str, &str)]) -> Response {
    let mut form = reqwest::Url::parse("http://form.invalid").unwrap();
    form.query_pairs_mut().extend_pairs(fields);
    let stamp = scene.stamp();
    let call = scene.client.post(scene.url("/oauth/token"));
    call.header(STAMP, stamp)
        .header("dpop", proof)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.query().unwrap().to_owned())
        .send()
        .await
        .unwrap()
}

async fn by_password(scene: &mut Scene, proof: &str, more: &[(&str, &str)]) -> Response {
    let password = cutover_mocks::http::password_of(ADA);
    let mut fields = vec![
        ("grant_type", "password"),
        ("username", ADA),
        ("password", &password),
        ("scope", "openid email offline_access"),
    ];
    fields.extend(more);
    ask(scene, proof, &fields).await
}

#[tokio::test]
async fn a_bound_token_opens_nothing_without_a_proof_of_its_key() {
    let mut scene = Scene::new(|_| ()).await;
    let (ours, theirs) = (Key::new(), Key::new());
    let at = scene.url("/oauth/token");
    let confidential = [("client_id", "cutover-client")];
    let api = ("audience", "https://api.example");
    for more in [vec![confidential[0]], vec![confidential[0], api]] {
        let proof = ours.proof("POST", &at, &json!({}));
        let tokens = body(by_password(&mut scene, &proof, &more).await).await;
        assert_eq!(tokens["token_type"], "DPoP", "{tokens}");
        let token = text(&tokens, "access_token").to_owned();
        if token.contains('.') {
            let jwks = body(scene.get("/.well-known/jwks.json", &[]).await).await;
            let cnf = verified(&jwks, &token)["cnf"].clone();
            assert_eq!(cnf, json!({"jkt": ours.thumbprint()}));
        }
        assert_eq!(
            scene.userinfo(&token).await.status(),
            401,
            "as a bearer token"
        );
        let url = scene.url("/userinfo");
        let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(&token));
        let with = |key: &Key, ath: &str| key.proof("GET", &url, &json!({"ath": ath}));
        for (proof, status) in [
            (with(&ours, &ath), 200),
            (with(&theirs, &ath), 401),
            (with(&ours, "another token's"), 401),
            (ours.proof("POST", &url, &json!({"ath": ath})), 401),
            (ours.proof("GET", &at, &json!({"ath": ath})), 401),
            ("no proof".to_owned(), 401),
        ] {
            let authorization = format!("DPoP {token}");
            let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
            assert_eq!(scene.get("/userinfo", &headers).await.status(), status);
        }
    }
    let plain = scene.log_in().await;
    let authorization = format!("DPoP {}", text(&plain, "access_token"));
    let headers = [("authorization", authorization.as_str())];
    assert_eq!(scene.get("/userinfo", &headers).await.status(), 401);
}

#[tokio::test]
async fn apis_of_the_tenant_want_the_proof_as_well() {
    let mut scene = Scene::new(|_| ()).await;
    let ours = Key::new();
    let at = scene.url("/oauth/token");
    let client = ("client_id", "cutover-client");
    for (audience, scope, path) in [
        ("/api/v2/", "read:current_user", "/api/v2/users/auth0%7C0"),
        ("/mfa/", "read:authenticators", "/mfa/authenticators"),
    ] {
        let audience = scene.url(audience);
        let own = [client, ("audience", audience.as_str()), ("scope", scope)];
        let proof = ours.proof("POST", &at, &json!({}));
        let tokens = body(by_password(&mut scene, &proof, &own).await).await;
        assert_eq!(tokens["token_type"], "DPoP", "{tokens}");
        let token = text(&tokens, "access_token");
        let subject = {
            let jwks = body(scene.get("/.well-known/jwks.json", &[]).await).await;
            text(&verified(&jwks, token), "sub").to_owned()
        };
        let path = path.replace("auth0%7C0", &subject.replace('|', "%7C"));
        let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
        let proof = ours.proof("GET", &scene.url(&path), &json!({"ath": ath}));
        let stale = ours.proof("GET", &at, &json!({"ath": ath}));
        for (scheme, proof, status) in [
            ("DPoP", &proof, 200),
            ("Bearer", &proof, 401),
            ("DPoP", &stale, 401),
        ] {
            let authorization = format!("{scheme} {token}");
            let headers = [("authorization", authorization.as_str()), ("dpop", proof)];
            let answer = scene.get(&path, &headers).await;
            assert_eq!(answer.status(), status, "{scheme} {path}");
        }
        if path.starts_with("/mfa") {
            let fields = [client, ("mfa_token", token)];
            let told = scene.post("/mfa/challenge", &fields).await.unwrap();
            assert_eq!(body(told).await["error"], "expired_token", "no proof of it");
        }
    }
}

#[tokio::test]
async fn an_application_without_a_secret_needs_a_nonce_and_its_refresh_token_is_bound() {
    let mut scene = Scene::new(|_| ()).await;
    let (ours, theirs) = (Key::new(), Key::new());
    let at = scene.url("/oauth/token");
    let spa = [("client_id", "cutover-spa")];
    let refused = by_password(&mut scene, &ours.proof("POST", &at, &json!({})), &spa).await;
    assert_eq!(refused.status(), 400);
    let nonce = refused.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    assert_eq!(body(refused).await["error"], "use_dpop_nonce");
    let with = |key: &Key| key.proof("POST", &at, &json!({"nonce": nonce}));
    let tokens = body(by_password(&mut scene, &with(&ours), &spa).await).await;
    assert_eq!(tokens["token_type"], "DPoP", "{tokens}");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "cutover-spa"),
        ("refresh_token", text(&tokens, "refresh_token")),
    ];
    let stolen = ask(&mut scene, &with(&theirs), &refresh).await;
    assert_eq!(body(stolen).await["error"], "invalid_grant");
    let bare = scene.post("/oauth/token", &refresh).await.unwrap();
    assert_eq!(body(bare).await["error"], "invalid_grant");
    assert_eq!(ask(&mut scene, &with(&ours), &refresh).await.status(), 200);
    scene.now += Span::from_mins(10);
    let late = ask(&mut scene, &with(&ours), &refresh).await;
    assert_eq!(body(late).await["error"], "use_dpop_nonce");
}

#[tokio::test]
async fn no_proof_gets_tokens_twice() {
    let mut scene = Scene::new(|_| ()).await;
    let (ours, theirs) = (Key::new(), Key::new());
    let at = scene.url("/oauth/token");
    let web = [("client_id", "cutover-client")];
    let proof = ours.proof("POST", &at, &json!({"jti": "mine"}));
    let first = by_password(&mut scene, &proof, &web).await;
    assert_eq!(body(first).await["token_type"], "DPoP");
    let again = by_password(&mut scene, &proof, &web).await;
    assert_eq!(again.status(), 400);
    let again = body(again).await;
    assert_eq!(again["error"], "invalid_dpop_proof", "{again}");
    // Somebody else's key may have the same name for its proof.
    let other = theirs.proof("POST", &at, &json!({"jti": "mine"}));
    assert_eq!(by_password(&mut scene, &other, &web).await.status(), 200);
    let next = ours.proof("POST", &at, &json!({}));
    assert_eq!(by_password(&mut scene, &next, &web).await.status(), 200);
}

#[tokio::test]
async fn a_code_may_be_bound_to_a_key() {
    let mut scene = Scene::new(|_| ()).await;
    let (ours, theirs) = (Key::new(), Key::new());
    let at = scene.url("/oauth/token");
    let password = cutover_mocks::http::password_of(ADA);
    let wrong = scene.authorize(&[("dpop_jkt", "no thumbprint")], "").await;
    assert_eq!(query(&location(&wrong))["error"], "invalid_request");
    let bound = ours.thumbprint();
    let state = scene.page(&[("dpop_jkt", &bound)]).await;
    let typed = [("username", ADA), ("password", password.as_str())];
    let answer = scene.submit(&state, &typed).await;
    let code = query(&location(&answer))["code"].clone();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "cutover-client"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let stolen = ask(&mut scene, &theirs.proof("POST", &at, &json!({})), &fields).await;
    assert_eq!(body(stolen).await["error"], "invalid_grant");
    let wrong = ask(&mut scene, "not a proof", &fields).await;
    assert_eq!(body(wrong).await["error"], "invalid_dpop_proof");
    let right = ask(&mut scene, &ours.proof("POST", &at, &json!({})), &fields).await;
    assert_eq!(right.status(), 200);
}
