//! Each breakage, as a client on a real socket sees it.
#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use cutover_mocks::answer::Breakage;
use cutover_mocks::auth0::{Address, Stamp};
use cutover_mocks::http::server::{Door, Serving, StartError};
use cutover_mocks::http::stamp::{Pace, STAMP, StampHeader, TOOK};
use cutover_mocks::http::{Clock, Exchange, TimeSource};
use cutover_mocks::luck::Luck;
use cutover_mocks::time::{Span, Timestamp};

#[derive(Clone)]
struct State(Clock);

impl axum::extract::FromRef<State> for Clock {
    fn from_ref(state: &State) -> Self {
        state.0.clone()
    }
}

async fn serve(breakage: Breakage, time: TimeSource) -> (String, Serving) {
    let broken = move |exchange: Exchange| exchange.broken(Span::from_millis(3), breakage);
    let echo = |exchange: Exchange| async move {
        let at = exchange.stamp().at.as_micros().to_string();
        exchange.answer(Span::from_micros(7), at).await
    };
    let router = Router::new()
        .route("/", get(broken))
        .route("/fine", get(echo))
        .with_state(State(Clock::new(time)));
    let door = Door::open(([127, 0, 0, 1], 0).into()).await.unwrap();
    (door.base_url(), door.serve(router))
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

const WALL: TimeSource = TimeSource::Wall {
    seed: 1,
    waits: false,
};

#[tokio::test]
async fn a_dropped_connection_gives_no_answer_and_the_next_call_works() {
    for breakage in [Breakage::Dropped, Breakage::Refused] {
        let (url, serving) = serve(breakage, WALL).await;
        let client = client();
        let failed = client.get(&url).send().await.unwrap_err();
        assert!(failed.is_request() && !failed.is_timeout(), "{failed:?}");
        assert!(
            client
                .get(format!("{url}/fine"))
                .send()
                .await
                .unwrap()
                .status()
                .is_success()
        );
        serving.stop().await;
    }
}

#[tokio::test]
async fn a_truncated_answer_has_a_head_and_part_of_a_body() {
    let (url, serving) = serve(Breakage::Truncated, WALL).await;
    let answer = client().get(&url).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.content_length()),
        (200, Some(1024))
    );
    assert_eq!(answer.headers()[TOOK], "3000");
    let failed = answer.bytes().await.unwrap_err();
    assert!(failed.is_body() || failed.is_decode(), "{failed:?}");
    serving.stop().await;
}

#[tokio::test]
async fn malformed_and_html_answers_arrive_whole_and_are_not_json() {
    let (url, serving) = serve(Breakage::Malformed, WALL).await;
    let answer = client().get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert!(serde_json::from_str::<serde_json::Value>(&answer.text().await.unwrap()).is_err());
    serving.stop().await;

    let (url, serving) = serve(Breakage::Html(502), WALL).await;
    let answer = client().get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 502);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("<h1>502 Bad Gateway</h1>")
    );
    serving.stop().await;
}

#[tokio::test]
async fn a_harness_tells_the_time_and_a_wall_server_ignores_it() {
    let stamp = Stamp {
        at: Timestamp::from_secs(1000),
        luck: Luck(1),
        address: Address(1),
    };
    let header = StampHeader {
        stamp,
        pace: Pace::Lapse,
    }
    .to_string();

    let (url, serving) = serve(Breakage::Dropped, TimeSource::Harness).await;
    let call = client().get(format!("{url}/fine"));
    let answer = call
        .try_clone()
        .unwrap()
        .header(STAMP, &header)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()[TOOK], "7");
    assert_eq!(answer.text().await.unwrap(), "1000000000");
    assert_eq!(
        call.send().await.unwrap().status(),
        400,
        "a call without stamp is refused"
    );
    serving.stop().await;

    let (url, serving) = serve(Breakage::Dropped, WALL).await;
    let answer = client()
        .get(format!("{url}/fine"))
        .header(STAMP, &header)
        .send()
        .await
        .unwrap();
    assert_ne!(answer.text().await.unwrap(), "1000000000");
    serving.stop().await;
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let door = Door::open(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address: std::net::SocketAddr = door
        .base_url()
        .trim_start_matches("http://")
        .parse()
        .unwrap();
    let error = Door::open(address).await.unwrap_err();
    assert!(matches!(error, StartError::InUse { address: named } if named == address));
    assert!(error.to_string().contains("another port"));
}
