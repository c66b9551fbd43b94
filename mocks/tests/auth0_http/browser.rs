//! Login pages, mailed codes, social logins and single sign-on.

use super::scene::*;
use cutover_mocks::auth0::*;
use cutover_mocks::http::auth0::mailed_code;
use cutover_mocks::http::password_of;

#[tokio::test]
async fn wrong_passwords_end_in_a_block() {
    let mut scene = Scene::new(|_| ()).await;
    let state = scene.page(&[]).await;
    for _ in 0..10 {
        let answer = scene
            .submit(&state, &[("username", ADA), ("password", "guess")])
            .await;
        assert_eq!(answer.status(), 400);
        assert!(
            answer
                .text()
                .await
                .unwrap()
                .contains("Wrong email or password.")
        );
    }
    let answer = scene
        .submit(
            &state,
            &[("username", ADA), ("password", &password_of(ADA))],
        )
        .await;
    assert_eq!(answer.status(), 429);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("multiple consecutive login attempts")
    );
    let answer = scene
        .submit(
            "made-up",
            &[("username", ADA), ("password", &password_of(ADA))],
        )
        .await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("invalid_request"));
}

#[tokio::test]
async fn a_mailed_code_logs_in() {
    let mut scene = Scene::new(|_| ()).await;
    let bob = "Bob@home.example";
    let state = scene.page(&[("connection", "email")]).await;
    assert_eq!(
        scene.submit(&state, &[("username", bob)]).await.status(),
        200
    );
    let mails = body(scene.get("/_cutover/mail?to=bob%40home.example", &[]).await).await;
    let code = text(&mails["messages"][0], "token").to_owned();
    assert_eq!(
        code,
        mailed_code(&state, bob),
        "whoever drives both sides need not read mail"
    );
    let answer = scene
        .submit(&state, &[("username", bob), ("code", "wrong")])
        .await;
    assert_eq!(answer.status(), 400);
    let answer = scene
        .submit(&state, &[("username", bob), ("code", &code)])
        .await;
    let tokens = body(scene.exchange(&query(&location(&answer))["code"]).await).await;
    let told = body(scene.userinfo(text(&tokens, "access_token")).await).await;
    assert!(text(&told, "sub").starts_with("email|"));
    assert_eq!(told["email"], "bob@home.example");

    scene
        .page(&[("connection", "email"), ("login_hint", "eve@home.example")])
        .await;
    assert_eq!(
        scene.running.mailbox().of("eve@home.example").len(),
        1,
        "a hint is enough to mail the code"
    );
}

#[tokio::test]
async fn a_social_login_comes_back_at_once_and_opens_a_session() {
    let mut scene = Scene::new(|_| ()).await;
    let answer = scene
        .authorize(
            &[
                ("connection", "google-oauth2"),
                ("login_hint", "Ada@home.example"),
            ],
            "",
        )
        .await;
    let cookie = cookie(&answer);
    let tokens = body(scene.exchange(&query(&location(&answer))["code"]).await).await;
    let told = body(scene.userinfo(text(&tokens, "access_token")).await).await;
    assert!(text(&told, "sub").starts_with("google-oauth2|1"));
    assert_eq!(
        told["email"], "Ada@home.example",
        "Auth0 keeps the letter case of a social provider"
    );

    let silent = [("prompt", "none")];
    assert!(query(&location(&scene.authorize(&silent, &cookie).await)).contains_key("code"));
    let refused = query(&location(&scene.authorize(&silent, "").await));
    assert_eq!(
        (
            refused["error"].as_str(),
            refused["error_description"].as_str()
        ),
        ("login_required", "Login required")
    );
    assert_eq!(refused["state"], "the application's own");
    let page = location(&scene.authorize(&[("prompt", "login")], &cookie).await);
    assert!(page.starts_with("/u/login?"), "prompt=login asks again");

    let answer = scene
        .get(
            "/v2/logout?returnTo=https%3A%2F%2Fapp.example%2Fbye",
            &[("cookie", &cookie)],
        )
        .await;
    assert_eq!(location(&answer), "https://app.example/bye");
    assert_eq!(
        query(&location(&scene.authorize(&silent, &cookie).await))["error"],
        "login_required"
    );
}

#[tokio::test]
async fn a_wrong_redirect_is_never_followed_and_a_wrong_request_is_told_there() {
    let mut scene = Scene::new(|_| ()).await;
    for (path, status) in [
        (
            "client_id=somebody&redirect_uri=https%3A%2F%2Fapp.example",
            400,
        ),
        ("client_id=cutover-client", 400),
        (
            "client_id=cutover-client&redirect_uri=https%3A%2F%2Fevil.com",
            403,
        ),
    ] {
        let path = format!("/authorize?response_type=code&{path}");
        let answer = scene.get(&path, &[]).await;
        assert_eq!(answer.status(), status, "{path}");
        assert!(answer.headers().get("location").is_none());
    }
    assert_eq!(scene.calls(Endpoint::Authorize, 400), 2);
    for (asked, error) in [
        ("", "invalid_request"),
        ("response_type=none", "unsupported_response_type"),
        ("response_type=id_token", "invalid_request"),
        ("response_type=token&response_mode=query", "invalid_request"),
        ("response_type=code&connection=x", "invalid_request"),
        ("response_type=code&organization=x", "invalid_request"),
        (
            "response_type=code&code_challenge=x&code_challenge_method=S256",
            "invalid_request",
        ),
        ("response_type=code&request=x", "request_not_supported"),
    ] {
        let path = format!(
            "/authorize?client_id=cutover-client&redirect_uri=https%3A%2F%2Fapp.example&state=s&{asked}"
        );
        let back = location(&scene.get(&path, &[]).await).replace('#', "?");
        let back = query(&back);
        assert_eq!(
            (back["error"].as_str(), back["state"].as_str()),
            (error, "s"),
            "{asked}"
        );
    }
}
