//! Where a call's time, luck and address come from, and how its answer leaves: in time, or broken.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRef, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::connection::{Line, truncated};
use super::hands::Hands;
use super::journal::Notes;
use super::origin::Origin;
use crate::answer::Breakage;
use crate::auth0::{Address, Stamp};
use crate::luck::{Luck, mix};
use crate::time::{Span, Timestamp};

/// The header by which a harness tells a call's time, luck and address.
pub const STAMP: HeaderName = HeaderName::from_static("cutover-stamp");

/// The header by which a server tells an answer's modelled service time, in microseconds.
pub const TOOK: HeaderName = HeaderName::from_static("cutover-took");

/// Where a server takes a call's circumstances from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSource {
    /// From its own clock, its own dice (seeded) and the peer's address; the header is ignored. The
    /// server really takes the modelled service time when `waits`.
    Wall {
        /// Seed of the dice.
        seed: u64,
        /// Whether answers are held back for their modelled service time.
        waits: bool,
    },
    /// From the `cutover-stamp` header, without which a call is refused.
    Harness,
}

/// How fast the film runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Time-lapse: answers leave at once and whoever asked adds the modelled service time.
    Lapse,
    /// True speed: answers leave when their modelled service time has passed.
    True,
}

/// The text of a `cutover-stamp` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampHeader {
    /// The stamp.
    pub stamp: Stamp,
    /// The pace.
    pub pace: Pace,
}

/// A `cutover-stamp` header that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cutover-stamp: {0}; expected `at=<µs since epoch>; luck=<u64>; address=<u32>; pace=<lapse|true>`"
)]
pub struct BadStamp(String);

impl IntoResponse for BadStamp {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, format!("{self}\n")).into_response()
    }
}

impl fmt::Display for StampHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stamp { at, luck, address } = self.stamp;
        let pace = match self.pace {
            Pace::Lapse => "lapse",
            Pace::True => "true",
        };
        write!(
            f,
            "at={}; luck={}; address={}; pace={pace}",
            at.as_micros(),
            luck.0,
            address.0
        )
    }
}

impl FromStr for StampHeader {
    type Err = BadStamp;

    fn from_str(text: &str) -> Result<Self, BadStamp> {
        fn number<N: FromStr>(name: &str, value: &str) -> Result<Option<N>, BadStamp> {
            value
                .parse()
                .map(Some)
                .map_err(|_| BadStamp(format!("`{name}` is not a number in range: {value}")))
        }
        let (mut at, mut luck, mut address, mut pace) = (None, None, None, None);
        for field in text.split(';') {
            let (name, value) = field
                .trim()
                .split_once('=')
                .ok_or_else(|| BadStamp(format!("`{field}` has no `=`")))?;
            match (name, value) {
                ("at", micros) => at = number(name, micros)?,
                ("luck", bits) => luck = number(name, bits)?,
                ("address", handle) => address = number(name, handle)?,
                ("pace", "lapse") => pace = Some(Pace::Lapse),
                ("pace", "true") => pace = Some(Pace::True),
                _ => return Err(BadStamp(format!("`{field}` is not known"))),
            }
        }
        match (at, luck, address, pace) {
            (Some(at), Some(luck), Some(address), Some(pace)) => Ok(Self {
                stamp: Stamp {
                    at: Timestamp::from_micros(at),
                    luck: Luck(luck),
                    address: Address(address),
                },
                pace,
            }),
            _ => Err(BadStamp("a field is missing".to_owned())),
        }
    }
}

/// A server's source of stamps. Cheap to clone; clones share their dice.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: TimeSource,
    thrown: AtomicU64,
    hands: Hands,
    cuts: Mutex<BTreeMap<(Timestamp, u64), Cut>>,
}

/// A line that was cut instead of an answer, which therefore could not tell how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Why.
    pub breakage: Breakage,
    /// The modelled service time until then.
    pub took: Span,
}

/// Cuts that nobody has asked for yet, at most; the oldest are forgotten.
const CUTS: usize = 10_000;

impl Clock {
    /// A clock of this kind.
    pub fn new(source: TimeSource) -> Self {
        Self(Arc::new(Inner {
            source,
            thrown: AtomicU64::new(0),
            hands: Hands::default(),
            cuts: Mutex::default(),
        }))
    }

    /// The hands by which the wall clock is held or set; a harness's own time has none.
    pub fn hands(&self) -> &Hands {
        &self.0.hands
    }

    /// What became of the call with this stamp, if its line was cut: a harness that lives in the same
    /// process learns here what no header can tell. Each cut is told once.
    pub fn take_cut(&self, stamp: Stamp) -> Option<Cut> {
        self.cuts().remove(&(stamp.at, stamp.luck.0))
    }

    fn note_cut(&self, stamp: Stamp, cut: Cut) {
        let mut cuts = self.cuts();
        if cuts.len() >= CUTS {
            cuts.pop_first();
        }
        cuts.insert((stamp.at, stamp.luck.0), cut);
    }

    fn cuts(&self) -> MutexGuard<'_, BTreeMap<(Timestamp, u64), Cut>> {
        self.0.cuts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The circumstances of a call that came so with this head.
    fn exchange(
        self,
        arrival: Arrival,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Exchange, BadStamp> {
        let Arrival { line, notes } = arrival;
        let origin = Origin::of(uri, headers, line.secure());
        let (header, forward) = match self.0.source {
            TimeSource::Wall { seed, waits } => {
                let throw = self.0.thrown.fetch_add(1, Ordering::Relaxed);
                let stamp = Stamp {
                    at: self.0.hands.tell(wall_now()),
                    luck: Luck(mix(seed)).split(throw),
                    address: address_of(line.peer()),
                };
                let pace = if waits { Pace::True } else { Pace::Lapse };
                (StampHeader { stamp, pace }, false)
            }
            TimeSource::Harness => {
                let text = headers
                    .get(STAMP)
                    .ok_or_else(|| BadStamp("the header is missing".to_owned()))?;
                let text = text
                    .to_str()
                    .map_err(|_| BadStamp("not readable text".to_owned()))?;
                (text.parse()?, true)
            }
        };
        Ok(Exchange(Arc::new(Circumstances {
            header,
            clock: self,
            forward,
            line,
            origin,
            notes,
            passed: AtomicI64::new(0),
        })))
    }
}

/// The wall clock, which only servers read.
pub fn wall_now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_micros(since.as_micros() as i64)
}

/// A network address as machines know it: an IPv4 address is its own number.
fn address_of(peer: SocketAddr) -> Address {
    match peer.ip().to_canonical() {
        IpAddr::V4(address) => Address(address.to_bits()),
        IpAddr::V6(address) => {
            Address(mix(address.to_bits() as u64 ^ (address.to_bits() >> 64) as u64) as u32)
        }
    }
}

/// One call on the wire: its circumstances, and the line that its answer leaves by. Taken by
/// handlers as an argument; a call without a readable stamp is refused where one is due.
#[derive(Clone, Debug)]
pub struct Exchange(Arc<Circumstances>);

#[derive(Debug)]
struct Circumstances {
    header: StampHeader,
    clock: Clock,
    forward: bool,
    line: Line,
    origin: Origin,
    notes: Option<Notes>,
    /// How many microseconds of the service time have really passed before the answer is ready.
    passed: AtomicI64,
}

/// How a call came.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    /// By which line.
    pub(super) line: Line,
    /// What its handler may note of it, if a journal is kept.
    pub(super) notes: Option<Notes>,
}

impl<S> FromRequestParts<S> for Exchange
where
    Clock: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let ConnectInfo(arrival) = ConnectInfo::<Arrival>::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        Clock::from_ref(state)
            .exchange(arrival, &parts.uri, &parts.headers)
            .map_err(BadStamp::into_response)
    }
}

impl Exchange {
    /// The circumstances of a call that no router extracts them for; the answer, if it has none.
    #[expect(
        clippy::result_large_err,
        reason = "it is the answer, and sent as it is"
    )]
    pub(super) fn begin(
        clock: Clock,
        arrival: Arrival,
        request: &Request,
    ) -> Result<Self, Response> {
        clock
            .exchange(arrival, request.uri(), request.headers())
            .map_err(BadStamp::into_response)
    }

    /// What the machine is told.
    pub fn stamp(&self) -> Stamp {
        self.0.header.stamp
    }

    /// What the journal is told of this call, if one is kept.
    pub fn notes(&self) -> Option<&Notes> {
        self.0.notes.as_ref()
    }

    /// How the client reached the server.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// What became of a call that this call made with a forwarded stamp, if its line was cut.
    pub fn cut(&self, forwarded: Stamp) -> Option<Cut> {
        self.0.clock.take_cut(forwarded)
    }

    /// Whether answers are held back for as long as they take.
    pub fn pace(&self) -> Pace {
        self.0.header.pace
    }

    /// At true speed, waits for a part of the service time before the rest of the work is done.
    pub async fn pass(&self, part: Span) {
        self.wait(part).await;
        self.passed(part);
    }

    /// Counts time that the call has really waited elsewhere, so that it is not waited for again.
    pub fn passed(&self, waited: Span) {
        self.0
            .passed
            .fetch_add(waited.as_micros(), Ordering::Relaxed);
    }

    /// The stamp header for a call that this call makes with a stamp of its own (Stytch's Migrate
    /// Session asks for `UserInfo`); none under the wall clock.
    pub fn forwarded(&self, stamp: Stamp) -> Option<(HeaderName, HeaderValue)> {
        let text = StampHeader {
            stamp,
            ..self.0.header
        }
        .to_string();
        self.0
            .forward
            .then(|| HeaderValue::try_from(text).ok())
            .flatten()
            .map(|value| (STAMP, value))
    }

    /// Sends an answer: marks it with its service time and, at true speed, holds it back that long.
    pub fn answer(
        self,
        took: Span,
        response: impl IntoResponse,
    ) -> impl Future<Output = Response> + Send {
        let mut response = response.into_response();
        let told = match took {
            Span::ZERO => HeaderValue::from_static("0"),
            took => HeaderValue::from(took.as_micros()),
        };
        response.headers_mut().insert(TOOK, told);
        if let Some(notes) = self.notes() {
            notes.took(took);
        }
        async move {
            self.wait(self.left(took)).await;
            response
        }
    }

    /// Sends a broken answer, for a fault. Only [`Breakage::Html`], [`Breakage::Malformed`] and the
    /// head of [`Breakage::Truncated`] can carry the service time.
    pub async fn broken(self, took: Span, breakage: Breakage) -> Response {
        const CUT_SHORT: &str = r#"{"status_code": 200, "access_tok"#;
        const JSON: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
        match breakage {
            Breakage::Refused | Breakage::Dropped => {
                self.wait(self.left(took)).await;
                if self.0.forward {
                    self.0
                        .clock
                        .note_cut(self.0.header.stamp, Cut { breakage, took });
                }
                self.0.line.cut();
                if let Some(notes) = &self.0.notes {
                    notes.cut();
                }
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
            Breakage::Truncated => {
                let mut response = (JSON, truncated(CUT_SHORT)).into_response();
                response
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from(1024));
                self.answer(took, response).await
            }
            Breakage::Malformed => {
                self.answer(took, (JSON, r#"{"status_code": 200,, "access_token": "#))
                    .await
            }
            Breakage::Html(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                self.answer(
                    took,
                    html_page(status, status.canonical_reason().unwrap_or("Error")),
                )
                .await
            }
        }
    }

    /// What is left of a service time.
    fn left(&self, took: Span) -> Span {
        took - Span::from_micros(self.0.passed.load(Ordering::Relaxed))
    }

    async fn wait(&self, took: Span) {
        if self.0.header.pace == Pace::True && took > Span::ZERO {
            tokio::time::sleep(Duration::from_micros(took.as_micros().unsigned_abs())).await;
        }
    }
}

/// A bare HTML page, as a proxy in front of an API shows it.
fn html_page(status: StatusCode, title: &str) -> Response {
    let page = format!(
        "<html>\r\n<head><title>{0} {title}</title></head>\r\n<body><center><h1>{0} {title}</h1></center></body>\r\n</html>\r\n",
        status.as_u16()
    );
    (
        status,
        [(header::CONTENT_TYPE, "text/html")],
        Body::from(page),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_header_reads_back(at: i64, luck: u64, address: u32, lapse: bool) {
            let header = StampHeader {
                stamp: Stamp { at: Timestamp::from_micros(at), luck: Luck(luck), address: Address(address) },
                pace: if lapse { Pace::Lapse } else { Pace::True },
            };
            prop_assert_eq!(header.to_string().parse(), Ok(header));
        }
    }

    #[test]
    fn an_unreadable_header_says_what_is_wrong() {
        let problem = |text: &str| text.parse::<StampHeader>().unwrap_err().to_string();
        assert!(problem("at=1; luck=2; address=3").contains("missing"));
        assert!(problem("at=x; luck=2; address=3; pace=true").contains("`at`"));
        assert!(problem("at=1; luck=2; address=3; pace=fast").contains("pace=fast"));
    }
}
