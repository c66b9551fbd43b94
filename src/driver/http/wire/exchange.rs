//! One call's way over the wire: requests with the stamp on them, and what was heard of each.

use std::time::{Duration, Instant};

use cutover_mocks::answer::Breakage;
use cutover_mocks::auth0::Stamp;
use cutover_mocks::http::Clock;
use cutover_mocks::http::stamp::{Pace, STAMP, StampHeader, TOOK};
use cutover_mocks::time::{Span, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde::de::{DeserializeOwned, IgnoredAny};

/// A request that was made, for Goose's metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The endpoint's name, as in scenarios and reports.
    pub endpoint: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// From the request's start to the last byte of its answer.
    pub took: Duration,
    /// The HTTP status; none where no answer came.
    pub status: Option<u16>,
}

/// The requests that one call makes, one after the other.
#[derive(Debug)]
pub struct Exchange<'a> {
    client: &'a Client,
    clock: Option<&'a Clock>,
    stamp: Option<(Stamp, String)>,
    endpoint: &'static str,
    hops: Vec<Hop>,
    modelled: Option<Span>,
    began: Instant,
}

/// An answer that came whole. It shows its status alone: headers and bodies hold tokens.
pub(in crate::driver::http) struct Heard {
    /// HTTP status.
    pub(in crate::driver::http) status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Heard({})", self.status)
    }
}

impl<'a> Exchange<'a> {
    /// The way of one call to an endpoint. `clock` is that of the servers, if they are in this
    /// process: it tells of lines that they cut.
    pub fn new(
        client: &'a Client,
        clock: Option<&'a Clock>,
        stamp: Stamp,
        pace: Pace,
        endpoint: &'static str,
    ) -> Self {
        let header = StampHeader { stamp, pace }.to_string();
        Self {
            clock,
            stamp: Some((stamp, header)),
            ..Self::plain(client, endpoint)
        }
    }

    /// The way of one call to a provider that is not the harness's, which sees no stamp.
    pub fn plain(client: &'a Client, endpoint: &'static str) -> Self {
        let began = Instant::now();
        Self {
            client,
            clock: None,
            stamp: None,
            endpoint,
            hops: Vec::new(),
            modelled: None,
            began,
        }
    }

    /// The client to build requests with.
    pub(super) fn client(&self) -> &'a Client {
        self.client
    }

    /// When the call reaches the provider.
    pub(super) fn at(&self) -> Timestamp {
        self.stamp
            .as_ref()
            .map_or_else(Timestamp::default, |(stamp, _)| stamp.at)
    }

    /// Makes a request and hears its answer to the end.
    pub(in crate::driver::http) async fn send(
        &mut self,
        request: RequestBuilder,
    ) -> Result<Heard, Breakage> {
        let began = Instant::now();
        let request = match &self.stamp {
            Some((_, header)) => request.header(STAMP, header),
            None => request,
        };
        let Ok(request) = request.build() else {
            // Headers and URLs are made of texts that came over the wire, so this one is broken.
            return Err(Breakage::Malformed);
        };
        let method = method_name(request.method());
        let response = self.client.execute(request).await;
        let status = response
            .as_ref()
            .ok()
            .map(|response| response.status().as_u16());
        let heard = match response {
            Ok(response) => {
                self.add_modelled(&response);
                hear(response).await
            }
            Err(error) if error.is_connect() => Err(Breakage::Refused),
            Err(_) => Err(self.cut()),
        };
        self.hops.push(Hop {
            endpoint: self.endpoint,
            method,
            took: began.elapsed(),
            status,
        });
        heard
    }

    /// Modelled service time of all requests so far; measured where a server told none.
    pub fn took(&self) -> Span {
        self.modelled.unwrap_or_else(|| {
            Span::from_micros(i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX))
        })
    }

    /// The requests so far.
    pub fn into_hops(self) -> Vec<Hop> {
        self.hops
    }

    /// A line that was closed before an answer. From here a refused connection looks the same; the
    /// server knows which it was meant to be, and when.
    fn cut(&mut self) -> Breakage {
        let stamp = self.stamp.as_ref().map(|(stamp, _)| *stamp);
        let told = self.clock.zip(stamp);
        let Some(cut) = told.and_then(|(clock, stamp)| clock.take_cut(stamp)) else {
            return Breakage::Dropped;
        };
        self.add(cut.took);
        cut.breakage
    }

    fn add_modelled(&mut self, response: &Response) {
        let told = response
            .headers()
            .get(TOOK)
            .and_then(|micros| micros.to_str().ok()?.parse().ok());
        if let Some(micros) = told {
            self.add(Span::from_micros(micros));
        }
    }

    fn add(&mut self, modelled: Span) {
        self.modelled = Some(self.modelled.unwrap_or_default() + modelled);
    }
}

/// Longer answers than this are none: no call of the core asks for a list.
const LONGEST_BODY: usize = 1 << 20;

async fn hear(mut response: Response) -> Result<Heard, Breakage> {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => break,
            Ok(Some(chunk)) if body.len() + chunk.len() <= LONGEST_BODY => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => return Err(Breakage::Malformed),
            Err(_) => return Err(Breakage::Truncated),
        }
    }
    Ok(Heard {
        status,
        headers,
        body,
    })
}

fn method_name(method: &reqwest::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        _ => "OTHER",
    }
}

impl Heard {
    /// The body as JSON of this shape. A page, or something that is neither, is a breakage.
    pub(in crate::driver::http) fn json<T: DeserializeOwned>(&self) -> Result<T, Breakage> {
        if self.is_page() {
            return Err(Breakage::Html(self.status));
        }
        serde_json::from_slice(&self.body).map_err(|_| Breakage::Malformed)
    }

    /// The body as JSON of an error, which may also be plain text or nothing at all: then none. A
    /// page is a breakage.
    pub(super) fn error<T: DeserializeOwned>(&self) -> Result<Option<T>, Breakage> {
        if self.is_page() {
            return Err(Breakage::Html(self.status));
        }
        Ok(serde_json::from_slice(&self.body).ok())
    }

    /// Makes sure that a body that nobody reads is JSON, or empty: anything else is a breakage.
    pub(super) fn nothing_else(&self) -> Result<(), Breakage> {
        if self.body.is_empty() {
            Ok(())
        } else {
            self.json::<IgnoredAny>().map(drop)
        }
    }

    /// The body as text.
    pub(super) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap_or_default()
    }

    /// Whether the body is an HTML page.
    pub(super) fn is_page(&self) -> bool {
        self.header(&CONTENT_TYPE)
            .is_some_and(|kind| kind.starts_with("text/html"))
    }

    /// Whether the status is of the 2xx family.
    pub(in crate::driver::http) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Where a redirect leads, seen from the URL that answered.
    pub(super) fn location(&self, from: &Url) -> Option<Url> {
        let redirect = (300..400).contains(&self.status);
        redirect
            .then(|| self.header(&LOCATION))
            .flatten()
            .and_then(|to| from.join(to).ok())
    }

    /// The value of a cookie that the answer sets.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers.get_all(SET_COOKIE).iter().find_map(|cookie| {
            let pair = cookie.to_str().ok()?.split(';').next()?;
            let (key, value) = pair.split_once('=')?;
            (key.trim() == name).then_some(value.trim())
        })
    }

    /// What a `Retry-After` header in seconds says.
    pub(super) fn retry_after(&self) -> Option<Span> {
        self.header(&RETRY_AFTER)?.parse().ok().map(Span::from_secs)
    }

    /// All headers.
    pub(in crate::driver::http) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The text of a header.
    pub(in crate::driver::http) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The value of a query parameter.
pub(super) fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use cutover_mocks::auth0::Address;
    use cutover_mocks::luck::Luck;
    use serde_json::Value;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use wiremock::matchers::{header, method};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::driver::http::carriers::client;

    const STAMPED: Stamp = Stamp {
        at: Timestamp::from_secs(5),
        luck: Luck(6),
        address: Address(7),
    };

    async fn ask(client: &Client, url: &str) -> (Result<Heard, Breakage>, Span, Vec<Hop>) {
        let mut exchange = Exchange::new(client, None, STAMPED, Pace::Lapse, "test");
        let heard = exchange.send(client.get(url)).await;
        (heard, exchange.took(), exchange.into_hops())
    }

    async fn answered(with: ResponseTemplate) -> (Heard, Span) {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .and(header(
                "cutover-stamp",
                "at=5000000; luck=6; address=7; pace=lapse",
            ))
            .respond_with(with)
            .mount(&server)
            .await;
        let (heard, took, hops) = ask(&client().unwrap(), &server.uri()).await;
        let heard = heard.unwrap();
        assert_eq!((hops.len(), hops[0].status), (1, Some(heard.status)));
        (heard, took)
    }

    /// A server that sends these bytes to whoever asks, and closes.
    async fn raw(bytes: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            assert!(read > 0);
            stream.write_all(bytes).await.unwrap();
        });
        url
    }

    #[tokio::test]
    async fn the_stamp_goes_out_and_the_modelled_time_comes_back() {
        let with = ResponseTemplate::new(200)
            .insert_header("cutover-took", "41000")
            .set_body_string("{}");
        let (heard, took) = answered(with).await;
        assert_eq!(
            heard.json::<Value>(),
            Ok(Value::Object(serde_json::Map::new()))
        );
        assert_eq!(took, Span::from_millis(41));
    }

    #[tokio::test]
    async fn a_page_where_json_is_due_is_told_by_its_status() {
        let with = ResponseTemplate::new(502)
            .set_body_raw("<html>Bad Gateway</html>", "text/html; charset=utf-8");
        let (heard, _) = answered(with).await;
        assert_eq!(heard.json::<Value>(), Err(Breakage::Html(502)));
        assert_eq!(heard.error::<Value>(), Err(Breakage::Html(502)));
    }

    #[tokio::test]
    async fn what_is_not_json_is_malformed_but_for_an_error_only_unexplained() {
        let (heard, _) =
            answered(ResponseTemplate::new(200).set_body_raw("{,", "application/json")).await;
        assert_eq!(heard.json::<Value>(), Err(Breakage::Malformed));
        assert_eq!(heard.error::<Value>(), Ok(None));
        assert_eq!(heard.nothing_else(), Err(Breakage::Malformed));
        let (heard, _) = answered(ResponseTemplate::new(204)).await;
        assert_eq!(heard.nothing_else(), Ok(()));
    }

    #[tokio::test]
    async fn redirects_and_cookies_are_read_and_not_followed() {
        let with = ResponseTemplate::new(302)
            .insert_header("location", "/u/login?state=a%20b")
            .insert_header("set-cookie", "auth0=value; Path=/; HttpOnly")
            .insert_header("retry-after", "3");
        let (heard, _) = answered(with).await;
        let to = heard
            .location(&Url::parse("http://127.0.0.1:1/authorize").unwrap())
            .unwrap();
        assert_eq!(to.path(), "/u/login");
        assert_eq!(query(&to, "state").as_deref(), Some("a b"));
        assert_eq!(heard.cookie("auth0"), Some("value"));
        assert_eq!(heard.cookie("auth"), None);
        assert_eq!(heard.retry_after(), Some(Span::from_secs(3)));
    }

    #[tokio::test]
    async fn where_nothing_listens_the_connection_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let (heard, _, hops) = ask(&client().unwrap(), &url).await;
        assert_eq!(heard.err(), Some(Breakage::Refused));
        assert_eq!(hops[0].status, None);
    }

    #[tokio::test]
    async fn a_connection_that_closes_before_the_answer_is_dropped() {
        let (heard, ..) = ask(&client().unwrap(), &raw(b"").await).await;
        assert_eq!(heard.err(), Some(Breakage::Dropped));
        let (heard, ..) = ask(&client().unwrap(), &raw(b"HTTP/1.1 200 OK\r\nconte").await).await;
        assert_eq!(heard.err(), Some(Breakage::Dropped));
    }

    #[tokio::test]
    async fn a_body_that_ends_early_is_truncated() {
        let bytes = b"HTTP/1.1 200 OK\r\ncutover-took: 9\r\ncontent-length: 100\r\n\r\n{\"a\":";
        let (heard, took, hops) = ask(&client().unwrap(), &raw(bytes).await).await;
        assert_eq!(heard.err(), Some(Breakage::Truncated));
        assert_eq!(took, Span::from_micros(9));
        assert_eq!(hops[0].status, Some(200));
    }
}
