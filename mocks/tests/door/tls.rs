//! One port speaks both: https with a certificate that clients can be told to trust, and plain http.

use cutover_mocks::http::server::Limits;
use cutover_mocks::http::tls::Authority;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::scene::{Scene, Scratch};

async fn get(client: &Client, url: &str) -> Value {
    let answer = client.get(url).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn password_grant(client: &Client, base: &str) -> Value {
    let body = json!({
        "grant_type": "password", "client_id": "cutover-client",
        "username": "customer-1@people.example",
        "password": "password-for-customer-1@people.example",
        "scope": "openid email", "audience": "https://api.example",
    });
    let call = client.post(format!("{base}/oauth/token"));
    let call = call.header("content-type", "application/json");
    let answer = call.body(body.to_string()).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn one_port_answers_https_and_http_each_under_its_own_name() {
    let scene = Scene::new(Limits::default()).await;
    let client = scene.client();
    let (_, port) = scene
        .auth0()
        .rsplit_once(':')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    for base in [
        format!("https://localhost:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{port}"),
    ] {
        let document = get(&client, &format!("{base}/.well-known/openid-configuration")).await;
        assert_eq!(document["issuer"], format!("{base}/"));
        assert_eq!(document["token_endpoint"], format!("{base}/oauth/token"));
        let keys = get(&client, &format!("{base}/.well-known/jwks.json")).await;
        assert_eq!(keys["keys"][0]["kty"], "RSA");
    }
    let stytch = format!("https://{}", scene.stytch());
    let answer = client
        .get(format!("{stytch}/v1/users/x"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.status(),
        401,
        "the project is behind the same kind of door"
    );
}

#[tokio::test]
async fn a_token_is_good_wherever_it_was_asked_for() {
    let scene = Scene::new(Limits::default()).await;
    let client = scene.client();
    let port = scene.auth0().rsplit_once(':').unwrap().1.to_owned();
    let secure = format!("https://localhost:{port}");
    let plain = format!("http://{}", scene.auth0());
    for (from, to) in [(&secure, &plain), (&plain, &secure), (&secure, &secure)] {
        let tokens = password_grant(&client, from).await;
        let token = tokens["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("{tokens}"));
        let claims: Value = jsonwebtoken::dangerous::insecure_decode(token)
            .unwrap()
            .claims;
        assert_eq!(claims["iss"], format!("{from}/"));
        let call = client.get(format!("{to}/userinfo")).bearer_auth(token);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), 200, "from {from} to {to}");
    }
}

#[tokio::test]
async fn a_project_migrates_what_was_issued_over_tls() {
    let scene = Scene::new(Limits::default()).await;
    let client = scene.client();
    let port = scene.auth0().rsplit_once(':').unwrap().1.to_owned();
    let tokens = password_grant(&client, &format!("https://localhost:{port}")).await;
    let config = scene.running.stytch().unwrap().config().clone();
    let body = json!({ "session_token": tokens["access_token"], "session_duration_minutes": 60 });
    let answer = client
        .post(format!("https://{}/v1/sessions/migrate", scene.stytch()))
        .basic_auth(config.project_id, Some(config.secret))
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

#[tokio::test]
async fn whoever_does_not_know_the_authority_trusts_nothing() {
    let scene = Scene::new(Limits::default()).await;
    let client = Client::builder().tls_certs_only([]).build().unwrap();
    let url = format!("https://{}/userinfo", scene.auth0());
    assert!(client.get(url).send().await.is_err());
}

#[tokio::test]
async fn bad_tls_is_closed_and_the_next_caller_is_served() {
    let scene = Scene::new(Limits::default()).await;
    for bytes in [
        &[22, 3, 1, 0, 2, 1, 0][..],
        &[22; 600],
        &[22, 3, 1, 255, 255],
    ] {
        let mut stream = TcpStream::connect(scene.auth0()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // A reset is as clean as an end here.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.len() < 64, "an alert at most, not {answer:?}");
    }
    let url = format!("https://{}/.well-known/jwks.json", scene.auth0());
    get(&scene.client(), &url).await;
}

#[test]
fn an_authority_is_made_once_and_found_again() {
    let scratch = Scratch::new();
    let first = Authority::at(&scratch.0).unwrap();
    let pem = std::fs::read_to_string(first.file()).unwrap();
    let second = Authority::at(&scratch.0).unwrap();
    assert_eq!(pem, std::fs::read_to_string(second.file()).unwrap());
    second
        .serve(&["mock.internal".to_owned(), "10.1.2.3".to_owned()])
        .unwrap();
    let error = second.serve(&["not a name".to_owned()]).unwrap_err();
    assert!(error.to_string().contains("`not a name`"), "{error}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let key = std::fs::metadata(scratch.0.join("ca-key.pem")).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn what_is_no_authority_is_told_apart() {
    let (mine, other) = (Scratch::new(), Scratch::new());
    Authority::at(&mine.0).unwrap();
    Authority::at(&other.0).unwrap();
    std::fs::copy(other.0.join("ca.pem"), mine.0.join("ca.pem")).unwrap();
    let mixed = Authority::at(&mine.0).unwrap().serve(&[]).unwrap_err();
    assert!(
        mixed.to_string().contains("remove the directory"),
        "{mixed}"
    );
    std::fs::write(mine.0.join("ca-key.pem"), "nothing").unwrap();
    let broken = Authority::at(&mine.0).unwrap_err();
    assert!(broken.to_string().contains("ca-key.pem"), "{broken}");
}
