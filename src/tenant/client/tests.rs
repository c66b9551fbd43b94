//! A client against servers that ask for pauses, lead elsewhere, talk without end, or repeat secrets.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::tenant::fixture::credentials;
use crate::tenant::refused::ApiError;

fn client(base: &str) -> Client {
    let credentials = credentials(base, base);
    let pace = Pace::new(10_000.0, 100, Instant::now());
    let patience = Patience {
        tries: 2,
        throttled: 2,
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(5),
        longest_asked: Duration::from_secs(2),
        answer: Duration::from_secs(10),
        late: Duration::from_secs(10),
    };
    let http = http(&credentials).unwrap();
    Client::new(
        http,
        Provider::Auth0,
        credentials.auth0.base,
        pace,
        patience,
    )
}

fn ask(secret: &Secret) -> Ask<'_> {
    Ask {
        method: Method::POST,
        path: "/oauth/token".to_owned(),
        query: vec![("code", "query-hush".to_owned())],
        body: Some(json!({ "password": "body-hush" })),
        who: As::Bearer(secret),
    }
}

/// Asks a server that first answers so, and then that all is well.
async fn asked(first: ResponseTemplate) -> (Result<Heard, Unanswered>, Duration, usize) {
    let server = MockServer::start().await;
    let once = Mock::given(any()).respond_with(first).up_to_n_times(1);
    once.mount(&server).await;
    let well = ResponseTemplate::new(200).set_body_json(json!({}));
    Mock::given(any()).respond_with(well).mount(&server).await;
    let client = client(&server.uri());
    let secret = Secret::new("hush-hush".to_owned());
    let began = Instant::now();
    let heard = client.ask("a thing", &ask(&secret)).await;
    let seen = server.received_requests().await.unwrap_or_default().len();
    (heard, began.elapsed(), seen)
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept() {
    let first = ResponseTemplate::new(429).insert_header("retry-after", "0.3");
    let (heard, took, seen) = asked(first).await;
    assert_eq!((heard.unwrap().status, seen), (200, 2));
    assert!(took.as_secs_f64() >= 0.3, "{took:?}");
}

#[test]
fn a_pause_may_be_asked_for_by_date() {
    let date = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    let date = printer.timestamp_to_rfc9110_string(&date).unwrap();
    let headers = [(RETRY_AFTER, date.parse().unwrap())];
    let asked = asked_pause(&headers.into_iter().collect()).unwrap();
    assert!((3000..=3600).contains(&asked.as_secs()), "{asked:?}");
}

#[tokio::test]
async fn whoever_asks_for_a_long_pause_is_not_asked_again() {
    for status in [429, 503] {
        let first = ResponseTemplate::new(status).insert_header("retry-after", "3600");
        let (heard, _, seen) = asked(first).await;
        let told = heard.unwrap_err().to_string();
        assert!(told.contains("3600 s"), "{told}");
        assert_eq!(seen, 1);
    }
}

/// Many pauses are not longer than the longest.
#[tokio::test]
async fn all_pauses_of_a_call_together_are_bounded() {
    let server = MockServer::start().await;
    let wait = ResponseTemplate::new(429).insert_header("retry-after", "0.04");
    Mock::given(any()).respond_with(wait).mount(&server).await;
    let mut client = client(&server.uri());
    client.patience.throttled = 8;
    client.patience.longest_asked = Duration::from_millis(100);
    let secret = Secret::new("hush-hush".to_owned());
    let told = client.ask("a thing", &ask(&secret)).await.unwrap_err();
    assert!(told.to_string().contains("left alone"), "{told}");
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}

/// What a server never heard of, refused or answered is settled; what was cut off may still come.
#[tokio::test]
async fn only_what_was_cut_off_is_lost() {
    let server = MockServer::start().await;
    for (status, lost) in [(200, false), (409, false), (500, true)] {
        let client = client(&server.uri());
        server.reset().await;
        let answer = ResponseTemplate::new(status);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let secret = Secret::new("hush-hush".to_owned());
        client.ask("a thing", &ask(&secret)).await.unwrap();
        assert_eq!(client.settled().is_some(), lost, "{status}");
    }
    let nobody = client("http://127.0.0.1:1");
    let secret = Secret::new("hush-hush".to_owned());
    nobody.ask("a thing", &ask(&secret)).await.unwrap_err();
    assert_eq!(nobody.settled(), None);

    let client = client(&server.uri());
    let flight = client.flight(&Method::POST);
    let none = tokio::time::timeout(Duration::from_millis(10), client.quiet());
    none.await.expect_err("one is on the wire");
    drop(flight);
    client.quiet().await;
    assert!(client.settled().is_some());
}

#[tokio::test]
async fn strange_pauses_are_none() {
    for value in ["-1", "NaN", "inf", "soon", "1e300"] {
        let first = ResponseTemplate::new(429)
            .insert_header("retry-after", value)
            .insert_header("x-ratelimit-reset", value);
        let (heard, _, seen) = asked(first).await;
        assert_eq!((heard.unwrap().status, seen), (200, 2), "{value}");
    }
}

/// A pause that is asked for while others wait for their turn holds them up, too.
#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_turn_waits_for_the_pause_as_well() {
    let credentials = credentials("localhost:1", "localhost:2");
    let pace = Pace::new(1.0, 1, Instant::now());
    let http = http(&credentials).unwrap();
    let base = credentials.auth0.base;
    let client = Client::new(http, Provider::Auth0, base, pace, Patience::default());
    let began = Instant::now();
    client.turn().await;
    let second = async {
        client.turn().await;
        began.elapsed().as_secs()
    };
    let refused = async {
        let headers = [(RETRY_AFTER, "30".parse().unwrap())];
        client.heed_refusal(&headers.into_iter().collect());
    };
    let (waited, ()) = tokio::join!(second, refused);
    assert!(waited >= 30, "{waited}");
    assert_eq!(client.made(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_narrower_pace_holds_for_its_paths_alone() {
    let credentials = credentials("localhost:1", "localhost:2");
    let now = Instant::now();
    let http = http(&credentials).unwrap();
    let base = credentials.auth0.base;
    let wide = Pace::new(10.0, 1, now);
    let client = Client::new(http, Provider::Auth0, base, wide, Patience::default())
        .with_narrow("/api/v2/", Pace::new(1.0, 1, now));
    for _ in 0..11 {
        client.turn_for("/oauth/token").await;
    }
    let passed = now.elapsed().as_secs_f64();
    assert!((1.0..1.5).contains(&passed), "{passed}");
    for _ in 0..11 {
        client.turn_for("/api/v2/users").await;
    }
    assert!(now.elapsed().as_secs() >= 10);
}

/// A redirect is an answer like others: nobody follows it, to a live host least of all.
#[tokio::test]
async fn redirects_are_not_followed_and_show_nothing() {
    let elsewhere = MockServer::start().await;
    let to = format!("{}/?token=hush-hush", elsewhere.uri());
    for status in [301, 302, 303, 307, 308] {
        let first = ResponseTemplate::new(status)
            .insert_header("location", to.as_str())
            .set_body_json(json!({ "error": "gone to hush-hush", "message": "body-hush" }));
        let (heard, _, seen) = asked(first).await;
        let heard = heard.unwrap();
        assert_eq!((heard.status, seen), (status, 1));
        let refused = ApiError::refused(Provider::Auth0, "a thing", &heard);
        let told = format!("{refused} {refused:?} {heard:?}");
        assert!(!told.contains("-hush"), "{told}");
        assert!(told.contains("(hidden)"), "{told}");
    }
    assert_eq!(elsewhere.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn what_is_asked_and_heard_shows_no_secret() {
    let secret = Secret::new("hush-hush".to_owned());
    let shown = format!("{:?} {:#?}", ask(&secret), ask(&secret));
    assert!(shown.contains("POST /oauth/token"), "{shown}");
    assert!(!shown.contains("hush"), "{shown}");
    let first = ResponseTemplate::new(200)
        .set_body_json(json!({ "access_token": "a-hush" }))
        .insert_header("location", "/?token=b-hush");
    let heard = asked(first).await.0.unwrap();
    assert_eq!(heard.json["access_token"], "a-hush");
    assert!(!format!("{heard:?}").contains("hush"), "{heard:?}");
}

#[tokio::test]
async fn a_body_without_end_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            assert!(read > 0);
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[";
            stream.write_all(head).await.unwrap();
            while stream.write_all(&[b' '; 8192]).await.is_ok() {}
        }
    });
    let secret = Secret::new("hush-hush".to_owned());
    let told = client(&base).ask("a thing", &ask(&secret)).await;
    let told = told.unwrap_err().to_string();
    assert!(told.contains("more than"), "{told}");
}
