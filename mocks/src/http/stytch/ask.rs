//! A request on its way in, and what the machine says to it.

use axum::RequestExt;
use axum::body::to_bytes;
use axum::extract::{Query, RawPathParams, Request};
use axum::http::HeaderMap;
use axum::http::header;
use serde_json::Value;

use super::Face;
use super::fields::Fields;
use super::problem::{Bad, Problem};
use crate::answer::{Answer, Outcome, Refusal};
use crate::http::auth0::texts::NO_TOKEN;
use crate::http::basic;
use crate::http::stamp::Exchange;
use crate::stytch::{Call, Errand, ErrandReply, Error, OrgId, Reply, Step, UserView, With};
use crate::time::Span;

/// Bodies longer than this are refused.
const LONGEST_BODY: usize = 1 << 20;

/// A request that has come in.
pub(super) struct Ask {
    pub(super) face: Face,
    pub(super) exchange: Exchange,
    /// The body's fields.
    pub(super) fields: Fields,
    /// The query's fields.
    pub(super) query: Fields,
    path: Vec<(String, String)>,
    basic: Option<(String, String)>,
    host: Option<String>,
    /// Whether whoever asks shows pages.
    shows_pages: bool,
    /// Whether a page asks, which has no secret.
    pub(super) by_page: bool,
    /// Whose permissions the request is held to, where it is.
    pub(super) actor: Option<Box<Actor>>,
}

/// Somebody for whom something is done, in a session that gives them roles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Actor {
    pub(super) person: UserView,
    pub(super) session: u32,
}

/// What the machine served, and how long that took.
pub(super) type Got<R> = Result<(R, Span), Bad>;

/// Reads a body that nobody needs, so that the connection can be used again.
pub(super) async fn drain(request: Request) {
    drop(to_bytes(request.into_body(), LONGEST_BODY).await);
}

impl Ask {
    /// Reads a request, its body included.
    pub(super) async fn read(
        face: Face,
        exchange: Exchange,
        mut request: Request,
    ) -> Result<Self, Problem> {
        let basic = basic::shown(request.headers());
        let form = is_form(request.headers());
        let host = request.headers().get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).map(str::to_owned);
        let accept = request.headers().get(header::ACCEPT);
        let accept = accept.and_then(|accept| accept.to_str().ok());
        let shows_pages = accept.is_some_and(|accept| accept.contains("text/html"));
        let params = request.extract_parts::<RawPathParams>().await;
        let path = params.map_or_else(
            |_| Vec::new(),
            |params| {
                params
                    .iter()
                    .map(|(k, v)| (k.to_owned(), v.to_owned()))
                    .collect()
            },
        );
        let query = request
            .extract_parts::<Query<Vec<(String, String)>>>()
            .await;
        let query = query.map_or_else(|_| Vec::new(), |Query(pairs)| pairs);
        let body = to_bytes(request.into_body(), LONGEST_BODY).await;
        let body = body.map_err(|_| Problem::bad("bad_request", "The body is too long."))?;
        let fields = if form {
            Fields::of_form(&body)
        } else {
            Fields::of_body(&body)?
        };
        if let Some(notes) = exchange.notes() {
            let presented = ["session_token", "session_jwt"].map(|name| fields.raw(name));
            let token = presented.into_iter().flatten().find_map(Value::as_str);
            if let Some(token) = token {
                notes.credential(token);
            }
        }
        Ok(Self {
            face,
            exchange,
            fields,
            query: Fields::of_query(query),
            path,
            basic,
            host,
            shows_pages,
            by_page: false,
            actor: None,
        })
    }

    /// A part of the path, decoded.
    pub(super) fn path(&self, name: &str) -> &str {
        let part = self.path.iter().find(|(key, _)| key == name);
        part.map_or("", |(_, value)| value.as_str())
    }

    /// The same request with another part of the path.
    pub(super) fn at(mut self, name: &str, value: String) -> Self {
        self.path.retain(|(key, _)| key != name);
        self.path.push((name.to_owned(), value));
        self
    }

    /// Names a part of the path that the path itself does not have.
    pub(super) fn name_in_path(&mut self, name: &str, value: String) {
        if self.path(name).is_empty() {
            self.path.push((name.to_owned(), value));
        }
    }

    /// What the client calls this server.
    pub(super) fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Whether whoever asks is a browser that shows what it gets.
    pub(super) fn shows_pages(&self) -> bool {
        self.shows_pages
    }

    /// The user and password of HTTP Basic authentication.
    pub(super) fn basic(&self) -> Option<(String, String)> {
        self.basic.clone()
    }

    /// Makes a call to the machine; Migrate Session has its own way.
    pub(super) fn call(&self, call: &Call) -> Got<Reply> {
        self.call_with(With::default(), call)
    }

    /// Makes a call under circumstances of its own.
    pub(super) fn call_with(&self, with: With, call: &Call) -> Got<Reply> {
        let stamp = self.exchange.stamp();
        let step = self.face.project().handle_with(stamp, with, call);
        match step {
            Step::Done(answer) => got(answer),
            Step::AskUserInfo(_) => Err(odd(Span::ZERO)),
        }
    }

    /// Migrates a legacy session, asking `UserInfo` between the two halves of the machine's work.
    pub(super) async fn migrate(
        &self,
        legacy: &str,
        org: Option<OrgId>,
        duration: Option<Span>,
    ) -> Got<Reply> {
        let call = Call::Migrate {
            // Its text is passed on unread: the machine does not look into it.
            token: NO_TOKEN,
            org,
            duration,
        };
        let step = self.face.project().handle(self.exchange.stamp(), &call);
        let pending = match step {
            Step::Done(answer) => return got(answer),
            Step::AskUserInfo(pending) => pending,
        };
        let inner = &self.face.0;
        self.exchange
            .pass(pending.stamp.at - self.exchange.stamp().at)
            .await;
        let patience = self.face.project().settings().userinfo_timeout;
        let asked =
            inner
                .userinfo
                .ask(legacy, &pending, &self.exchange, patience, &inner.directory);
        let seen = asked.await;
        let answer = self.face.project().resume(pending, seen);
        got(answer)
    }

    /// Runs an errand that is answered as a call is.
    pub(super) fn errand(&self, errand: &Errand) -> Got<Reply> {
        self.errand_with(With::default(), errand)
    }

    /// Runs an errand that is answered as a call is, under circumstances of its own.
    pub(super) fn errand_with(&self, with: With, errand: &Errand) -> Got<Reply> {
        match self.any_errand_with(with, errand)? {
            (ErrandReply::Reply(reply), took) => Ok((reply, took)),
            (_, took) => Err(odd(took)),
        }
    }

    /// Runs an errand.
    pub(super) fn any_errand(&self, errand: &Errand) -> Got<ErrandReply> {
        self.any_errand_with(With::default(), errand)
    }

    /// Runs an errand under circumstances of its own.
    pub(super) fn any_errand_with(&self, with: With, errand: &Errand) -> Got<ErrandReply> {
        let stamp = self.exchange.stamp();
        got(self.face.project().errand_with(stamp, with, errand))
    }
}

/// What an answer of the machine comes to.
pub(super) fn got<R>(answer: Answer<R, Error>) -> Got<R> {
    let took = answer.took;
    match answer.outcome {
        Outcome::Served(reply) => Ok((reply, took)),
        Outcome::Refused(refusal) => Err(Bad::Refused { refusal, took }),
        Outcome::Broken(breakage) => Err(Bad::Broken { breakage, took }),
    }
}

/// A reply that does not fit its call.
pub(super) fn odd(took: Span) -> Bad {
    let refusal = Refusal {
        status: 500,
        error: Error::Other,
        retry_after: None,
    };
    Bad::Refused { refusal, took }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}
