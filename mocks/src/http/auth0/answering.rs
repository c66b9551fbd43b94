//! How what the machine said becomes an answer on the wire: rendered, refused, or broken.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::errors;
use crate::answer::{Breakage, Refusal};
use crate::auth0::{Endpoint, Error, RateSeen};
use crate::http::Exchange;
use crate::http::hexadecimal::digits;
use crate::luck::Luck;
use crate::time::{Span, Timestamp};

/// What is wrong with a request, rendered already: small, as it travels in results.
#[derive(Debug)]
pub(super) struct Complaint(Box<Response>);

impl From<Response> for Complaint {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl Complaint {
    /// What it says, where it is an error of OAuth.
    pub(super) fn words(&self) -> Option<&errors::Words> {
        self.0.extensions().get()
    }

    /// The refusal of the machine's that it tells, where it is an error of OAuth and tells one.
    pub(super) fn cause(&self) -> Option<Error> {
        self.0.extensions().get().copied()
    }

    fn status(&self) -> u16 {
        self.0.status().as_u16()
    }
}

/// What was said to a call.
pub(super) enum Verdict<T> {
    Served(T),
    /// A complaint that is rendered already.
    Told(Complaint),
    Refused(Refusal<Error>),
    Broken(Breakage),
}

impl<T> Verdict<T> {
    /// The status that the caller is told; redirects count as such only where they are complaints.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Told(complaint) => complaint.status(),
            Self::Refused(refusal) => refusal.status,
            Self::Broken(Breakage::Html(status)) => *status,
            Self::Served(_) | Self::Broken(Breakage::Malformed | Breakage::Truncated) => 200,
            Self::Broken(Breakage::Refused | Breakage::Dropped) => 0,
        }
    }
}

/// A verdict on a call, and what every answer carries besides.
#[must_use]
pub(super) struct Asked<T> {
    verdict: Verdict<T>,
    rest: Rest,
}

impl<T> Asked<T> {
    pub(super) fn new(
        exchange: &Exchange,
        endpoint: Endpoint,
        verdict: Verdict<T>,
        took: Span,
        rate: Option<RateSeen>,
    ) -> Self {
        if let Some(notes) = exchange.notes() {
            notes.endpoint(endpoint.name());
        }
        let rest = Rest {
            endpoint,
            took,
            rate,
            at: exchange.stamp().at,
        };
        Self { verdict, rest }
    }

    /// Sends what was served, or the refusal in the endpoint's format, or breaks the answer.
    // All but the sending is done at once, so that little is kept while it lasts.
    pub(super) fn answer<R: IntoResponse>(
        self,
        exchange: Exchange,
        render: impl FnOnce(T) -> R,
    ) -> impl Future<Output = Response> + Send {
        let Self { verdict, rest } = self;
        let told = match verdict {
            Verdict::Served(served) => Ok(render(served).into_response()),
            Verdict::Told(complaint) => Ok(*complaint.0),
            Verdict::Refused(refusal) => Ok(errors::response(rest.endpoint, &refusal)),
            Verdict::Broken(breakage) => Err(breakage),
        };
        let told = told.map(|response| rest.dressed(&exchange, response));
        async move {
            match told {
                Ok(response) => exchange.answer(rest.took, response).await,
                Err(breakage) => Box::pin(exchange.broken(rest.took, breakage)).await,
            }
        }
    }

    /// As [`Self::answer`], for what takes time to render: signatures.
    pub(super) async fn answer_later<R: IntoResponse>(
        self,
        exchange: Exchange,
        render: impl AsyncFnOnce(T) -> R,
    ) -> Response {
        let Self { verdict, rest } = self;
        let verdict = match verdict {
            Verdict::Served(served) => Verdict::Served(render(served).await),
            Verdict::Told(complaint) => Verdict::Told(complaint),
            Verdict::Refused(refusal) => Verdict::Refused(refusal),
            Verdict::Broken(breakage) => Verdict::Broken(breakage),
        };
        let rendered = Asked { verdict, rest };
        rendered.answer(exchange, |rendered| rendered).await
    }
}

/// What every answer carries besides what it says.
#[derive(Clone, Copy)]
struct Rest {
    endpoint: Endpoint,
    took: Span,
    rate: Option<RateSeen>,
    at: Timestamp,
}

impl Rest {
    /// The answer with the headers that every one has.
    fn dressed(self, exchange: &Exchange, mut response: Response) -> Response {
        let headers = response.headers_mut();
        if let Some(rate) = self.rate {
            let full_at = (self.at + rate.full_in + Span::from_micros(999_999)).as_secs();
            headers.insert(RATE_LIMIT, rate.limit.into());
            headers.insert(RATE_REMAINING, rate.remaining.into());
            headers.insert(RATE_RESET, full_at.into());
        }
        headers.insert(REQUEST_ID, request_id(exchange.stamp().luck));
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        response
    }
}

const RATE_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-auth0-requestid");

/// Twenty hexadecimal digits.
fn request_id(luck: Luck) -> HeaderValue {
    let text = digits::<20>(u128::from(luck.split(9).0) * 0x1_0001);
    HeaderValue::from_bytes(&text).expect("digits can stand in a header")
}

/// Headers that keep an answer out of caches, as on everything that carries tokens.
pub(super) const NO_STORE: [(HeaderName, &str); 2] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::PRAGMA, "no-cache"),
];
