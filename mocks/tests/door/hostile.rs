//! Callers that break the rules, are slow, or leave: the right answer or a clean close, and the
//! next caller is served. In clear and under TLS, at both providers and the admin interface.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use cutover_mocks::http::server::{Door, Entrance, Limits};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::scene::Scene;

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Short patience, so that tests of it need not wait long.
const HASTY: Limits = Limits {
    connections: 300,
    head: Duration::from_millis(300),
    body: Duration::from_millis(300),
    answer: Duration::from_millis(300),
};

/// All ways in: three servers, in clear and under TLS.
async fn ways(scene: &Scene) -> Vec<(String, Box<dyn Wire>)> {
    let pem = CertificateDer::from_pem_file(&scene.ca_file).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(pem).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let admin = scene.admin_url.replace("http://", "");
    let mut ways: Vec<(String, Box<dyn Wire>)> = Vec::new();
    for address in [scene.auth0(), scene.stytch(), admin] {
        let clear = TcpStream::connect(&address).await.unwrap();
        ways.push((format!("http://{address}"), Box::new(clear)));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TcpStream::connect(&address).await.unwrap();
        let secure = connector.connect(name, stream).await.unwrap();
        ways.push((format!("https://{address}"), Box::new(secure)));
    }
    ways
}

/// Everything until the server closes; a reset ends it as well. A server that does not close is a
/// failure, not a test that never ends.
async fn rest(wire: &mut (impl AsyncRead + Unpin + ?Sized)) -> String {
    let mut bytes = Vec::new();
    let read = wire.read_to_end(&mut bytes);
    let ended = tokio::time::timeout(Duration::from_secs(20), read).await;
    assert!(ended.is_ok(), "the connection is still open");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The head of the next answer and its body, by its length.
async fn answer(wire: &mut (impl AsyncRead + Unpin + ?Sized)) -> (u16, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    wire.read_exact(&mut body).await.unwrap();
    (
        head[9..12].parse().unwrap(),
        String::from_utf8(body).unwrap(),
    )
}

async fn is_served(scene: &Scene) {
    let client = scene.client();
    let jwks = format!("https://{}/.well-known/jwks.json", scene.auth0());
    let health = format!("{}/health", scene.admin_url);
    for url in [jwks, health] {
        assert_eq!(
            client.get(&url).send().await.unwrap().status(),
            200,
            "{url}"
        );
    }
}

/// Sends bytes to every way in, each of which must answer with one of these statuses and close, or
/// just close.
async fn all_answer(scene: &Scene, bytes: &[u8], statuses: &[&str]) {
    for (way, mut wire) in ways(scene).await {
        // The server may answer and close before it has taken everything.
        let _ = wire.write_all(bytes).await;
        let _ = wire.flush().await;
        let text = rest(&mut *wire).await;
        let fits = text.is_empty() || statuses.iter().any(|status| text[9..].starts_with(status));
        assert!(fits, "{way}: {text}");
    }
    is_served(scene).await;
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let scene = Scene::new(HASTY).await;
    for bytes in [
        &b"\r\n\r\n\0\x01\x02 nonsense\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /userinfo HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
        b"POST /v1/users HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /a b c HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\x80\x80\x80\x80\r\n\r\n",
    ] {
        all_answer(&scene, bytes, &["400", "401", "403", "404", "408", "505"]).await;
    }
}

#[tokio::test]
async fn heads_and_bodies_that_are_too_long_are_refused() {
    let scene = Scene::new(HASTY).await;
    let long = "x".repeat(100_000);
    let head = format!("GET /userinfo HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {long}\r\n\r\n");
    all_answer(&scene, head.as_bytes(), &["400", "414", "431"]).await;
    let path = format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n");
    all_answer(&scene, path.as_bytes(), &["400", "414", "431"]).await;
    let many: String = (0..500)
        .map(|n| format!("x-{n}: y\r\n"))
        .collect::<Vec<_>>()
        .concat();
    let head = format!("GET /userinfo HTTP/1.1\r\nhost: x\r\n{many}\r\n");
    all_answer(&scene, head.as_bytes(), &["400", "431"]).await;
    for path in ["/oauth/token", "/v1/sessions/authenticate", "/people"] {
        // Told its length, and told nothing.
        let told = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 40000000\r\n\r\n"
        );
        let mut bytes = told.into_bytes();
        bytes.extend(std::iter::repeat_n(b' ', 20 << 20));
        all_answer(&scene, &bytes, &["400", "401", "404", "413"]).await;
    }
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_off() {
    let scene = Scene::new(HASTY).await;
    for path in [
        "/oauth/token",
        "/v1/sessions/authenticate",
        "/people",
        "/people.ndjson",
    ] {
        for (way, mut wire) in ways(&scene).await {
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
            );
            wire.write_all(head.as_bytes()).await.unwrap();
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            let mut sent = 0;
            while sent < 2000 && wire.write_all(chunk.as_bytes()).await.is_ok() {
                sent += 1;
            }
            assert!(sent < 2000, "{way}{path} took 130 MB");
        }
    }
    is_served(&scene).await;
}

#[tokio::test]
async fn slow_and_idle_callers_are_let_go() {
    let scene = Scene::new(HASTY).await;
    all_answer(&scene, b"", &[]).await;
    all_answer(&scene, b"GET /userinfo HTTP/1.1\r\nhost:", &[]).await;
    all_answer(
        &scene,
        b"POST /oauth/token HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{",
        &["400", "401", "404", "408", "413"],
    )
    .await;
}

#[tokio::test]
async fn an_answer_may_take_longer_than_a_caller_may_idle() {
    let thinks = async |_: String| {
        tokio::time::sleep(HASTY.head * 3).await;
        "done"
    };
    let door = Door::open(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = door.base_url().replace("http://", "");
    let entrance = Entrance {
        limits: HASTY,
        ..Entrance::default()
    };
    let _serving = door.serve_by(Router::new().route("/", post(thinks)), &entrance);
    let head =
        "POST / HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    // The leave to send the body is no answer: whether it was waited for or not.
    let mut wire = TcpStream::connect(&address).await.unwrap();
    wire.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(answer(&mut wire).await.0, 100);
    wire.write_all(b"hi").await.unwrap();
    assert_eq!(answer(&mut wire).await, (200, "done".to_owned()));
    let mut wire = TcpStream::connect(&address).await.unwrap();
    wire.write_all(format!("{head}hi").as_bytes())
        .await
        .unwrap();
    let mut told = answer(&mut wire).await;
    if told.0 == 100 {
        told = answer(&mut wire).await;
    }
    assert_eq!(told, (200, "done".to_owned()));
    assert_eq!(rest(&mut wire).await, "", "and then it is let go");
}

#[tokio::test]
async fn a_caller_that_has_said_everything_still_gets_the_answer() {
    let scene = Scene::new(Limits::default()).await;
    let request = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for (way, mut wire) in ways(&scene).await {
        wire.write_all(request).await.unwrap();
        wire.shutdown().await.unwrap();
        let text = rest(&mut *wire).await;
        let status = &text[9..12];
        assert!(["200", "404"].contains(&status), "{way}: {text}");
    }
}

#[tokio::test]
async fn requests_in_one_go_are_answered_in_order() {
    let scene = Scene::new(Limits::default()).await;
    for (way, mut wire) in ways(&scene).await {
        let one = "GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let other = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
        wire.write_all([one, other].concat().repeat(20).as_bytes())
            .await
            .unwrap();
        let expected = if way.ends_with(&scene.admin_url[7..]) {
            200
        } else {
            404
        };
        for _ in 0..20 {
            assert_eq!(answer(&mut *wire).await.0, 404, "{way}");
            assert_eq!(answer(&mut *wire).await.0, expected, "{way}");
        }
    }
}

#[tokio::test]
async fn idle_connections_take_a_place_each_and_no_more_than_there_are() {
    let scene = Scene::new(Limits {
        head: Duration::from_mins(1),
        ..HASTY
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..HASTY.connections {
        idle.push(TcpStream::connect(scene.stytch()).await.unwrap());
    }
    let mut one_more = TcpStream::connect(scene.stytch()).await.unwrap();
    assert_eq!(rest(&mut one_more).await, "", "closed at once");
    // Whoever leaves makes room. The server learns of it in its own time.
    drop(idle);
    let url = format!("https://{}/v1/nothing", scene.stytch());
    let client = scene.client();
    let mut tries = 0;
    while client.get(&url).send().await.is_err() {
        tries += 1;
        assert!(tries < 1000, "nobody is let in");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_caller_that_takes_no_answer_is_let_go() {
    let scene = Scene::new(Limits {
        connections: 1,
        ..HASTY
    })
    .await;
    let admin = scene.admin_url.replace("http://", "");
    let mut greedy = TcpStream::connect(&admin).await.unwrap();
    let request = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(2000);
    // The server stops reading once its answers are not taken; how much it took is its own business.
    let wrote = tokio::time::timeout(
        Duration::from_secs(20),
        greedy.write_all(request.as_bytes()),
    );
    let _ = wrote.await.expect("the server takes it all or hangs up");
    let mut tries = 0;
    let url = format!("{}/health", scene.admin_url);
    while scene.client().get(&url).send().await.is_err() {
        tries += 1;
        assert!(tries < 1000, "its place is never free again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
