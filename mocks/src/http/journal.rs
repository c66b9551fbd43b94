//! What clients asked and what they were answered: copies of a few fields, the newest calls only.
//!
//! A call takes at most [`Journal::CALL_BYTES`]. Queries and bodies are not kept. Of tokens only a
//! fingerprint is kept, by which calls with the same one can be told, but not the token.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::stamp::{Clock, wall_now};
use crate::time::{Span, Timestamp};

/// Who was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The tenant.
    Auth0,
    /// The project.
    Stytch,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its place in order, from 1: by when calls were answered.
    pub number: u64,
    /// When it came in, by the mocks' clock.
    pub at: Timestamp,
    /// Who was called.
    pub provider: Provider,
    /// What was called, e.g. `auth0.userinfo`; none where no handler took the call.
    pub endpoint: Option<&'static str>,
    /// Its method.
    pub method: Cow<'static, str>,
    /// Its path without the query, shortened where it is long.
    pub path: Box<str>,
    /// The status it was answered with; 0: none, the connection closed.
    pub status: u16,
    /// The modelled service time, in microseconds.
    pub took_us: i64,
    /// Fingerprint of the token that it presented.
    pub credential: Option<Fingerprint>,
    /// Whom it was about, by the provider's own id.
    pub person: Option<Box<str>>,
    /// Which session it was about, by the provider's own id.
    pub session: Option<Box<str>>,
}

/// The first eight bytes of a text's SHA-256: tells texts apart without giving them away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// Of a token.
    pub fn of(text: &str) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&Sha256::digest(text)[..8]);
        Self(first)
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// The newest calls. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Mutex<Pages>>);

#[derive(Debug)]
struct Pages {
    calls: VecDeque<Call>,
    capacity: usize,
    written: u64,
    dropped: u64,
}

/// A path is kept up to this many bytes, an id up to half of it.
const PATH: usize = 256;

impl Journal {
    /// What one call takes at most, in bytes.
    pub const CALL_BYTES: usize = size_of::<Call>() + 16 + PATH + PATH / 2 + PATH / 2;

    /// A journal of at most this many calls.
    pub fn new(capacity: usize) -> Self {
        Self(Arc::new(Mutex::new(Pages {
            calls: VecDeque::new(),
            capacity: capacity.max(1),
            written: 0,
            dropped: 0,
        })))
    }

    /// Reads it, oldest call first, with the number of calls that are no longer in it.
    pub fn read<T>(&self, read: impl FnOnce(&mut dyn Iterator<Item = &Call>, u64) -> T) -> T {
        let pages = self.pages();
        let dropped = pages.dropped;
        read(&mut pages.calls.iter(), dropped)
    }

    /// Begins anew.
    pub fn clear(&self) {
        let mut pages = self.pages();
        pages.calls.clear();
        (pages.written, pages.dropped) = (0, 0);
    }

    /// What writes down the calls of a provider.
    pub fn pen(&self, provider: Provider, clock: Clock) -> Pen {
        Pen {
            journal: self.clone(),
            provider,
            clock,
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, mut call: Call) {
        let mut pages = self.pages();
        pages.written += 1;
        call.number = pages.written;
        if pages.calls.len() == pages.capacity {
            pages.calls.pop_front();
            pages.dropped += 1;
        }
        pages.calls.push_back(call);
    }
}

/// What handlers say of the call they work on.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Noted>>);

#[derive(Clone, Debug, Default)]
struct Noted {
    endpoint: Option<&'static str>,
    credential: Option<Fingerprint>,
    person: Option<Box<str>>,
    session: Option<Box<str>>,
    took: Span,
    cut: bool,
}

impl Notes {
    /// Which endpoint this is.
    pub fn endpoint(&self, name: &'static str) {
        self.noted().endpoint = Some(name);
    }

    /// Which token was presented. Its text is not kept.
    pub fn credential(&self, token: &str) {
        self.noted().credential = Some(Fingerprint::of(token));
    }

    /// Whom the call is about.
    pub fn person(&self, id: &str) {
        self.noted().person = Some(shortened(id, PATH / 2));
    }

    /// Which session the call is about.
    pub fn session(&self, id: &str) {
        self.noted().session = Some(shortened(id, PATH / 2));
    }

    /// How long the answer takes, as it is modelled.
    pub fn took(&self, took: Span) {
        self.noted().took = took;
    }

    /// That the connection is closed instead of an answer.
    pub fn cut(&self) {
        self.noted().cut = true;
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the calls of one provider into a journal.
#[derive(Clone, Debug)]
pub struct Pen {
    journal: Journal,
    provider: Provider,
    clock: Clock,
}

impl Pen {
    /// Begins the entry of a call, whose handler may add [`Notes`].
    pub(super) fn begin(&self, request: &Request) -> Entry {
        let bearer = bearer(request.headers());
        let call = Call {
            number: 0,
            at: self.clock.hands().tell(wall_now()),
            provider: self.provider,
            endpoint: None,
            method: method(request.method()),
            path: shortened(request.uri().path(), PATH),
            status: 0,
            took_us: 0,
            credential: bearer.map(Fingerprint::of),
            person: bearer.and_then(subject),
            session: None,
        };
        Entry {
            journal: self.journal.clone(),
            notes: Notes::default(),
            call: Some(call),
        }
    }
}

/// A call that is being answered. It is written down when this goes: also when its caller has left.
#[derive(Debug)]
pub(super) struct Entry {
    journal: Journal,
    notes: Notes,
    call: Option<Call>,
}

impl Entry {
    /// What its handler may add to.
    pub(super) fn notes(&self) -> Notes {
        self.notes.clone()
    }

    /// Ends it with what was answered.
    pub(super) fn end(mut self, response: &Response) {
        if let Some(call) = &mut self.call {
            call.status = response.status().as_u16();
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some(mut call) = self.call.take() else {
            return;
        };
        let noted = std::mem::take(&mut *self.notes.noted());
        call.endpoint = noted.endpoint;
        call.credential = noted.credential.or(call.credential);
        call.person = noted.person.or(call.person);
        call.session = noted.session;
        call.took_us = noted.took.as_micros();
        if noted.cut {
            call.status = 0;
        }
        self.journal.put(call);
    }
}

/// Those that everybody uses take no room of their own.
fn method(method: &Method) -> Cow<'static, str> {
    const USUAL: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"];
    let usual = USUAL.into_iter().find(|usual| method == *usual);
    usual.map_or_else(
        || shortened(method.as_str(), 16).into_string().into(),
        Cow::Borrowed,
    )
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::trim)
}

/// Whom a token says that it is about. Nobody has checked it: the answer's status tells.
fn subject(token: &str) -> Option<Box<str>> {
    #[derive(Clone, serde::Deserialize)]
    struct Subject {
        sub: String,
    }
    if !token.contains('.') {
        return None;
    }
    let claims = jsonwebtoken::dangerous::insecure_decode::<Subject>(token).ok()?;
    Some(shortened(&claims.claims.sub, PATH / 2))
}

fn shortened(text: &str, bytes: usize) -> Box<str> {
    text[..text.floor_char_boundary(bytes)].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call {
            number: 0,
            at: Timestamp::from_secs(0),
            provider: Provider::Auth0,
            endpoint: None,
            method: "GET".into(),
            path: "/".into(),
            status: 200,
            took_us: 0,
            credential: None,
            person: None,
            session: None,
        }
    }

    #[test]
    fn the_oldest_calls_make_room_and_are_counted() {
        let journal = Journal::new(3);
        for _ in 0..5 {
            journal.put(call());
        }
        let (numbers, dropped) = journal
            .read(|calls, dropped| (calls.map(|call| call.number).collect::<Vec<_>>(), dropped));
        assert_eq!((numbers, dropped), (vec![3, 4, 5], 2));
        journal.clear();
        assert_eq!(
            journal.read(|calls, dropped| (calls.count(), dropped)),
            (0, 0)
        );
    }

    #[test]
    fn a_call_takes_less_than_a_kilobyte() {
        const { assert!(Journal::CALL_BYTES <= 1024) };
        assert_eq!(shortened("aé", 2).as_ref(), "a", "no half letters");
    }

    #[test]
    fn a_fingerprint_is_the_head_of_a_sha_256() {
        // SHA-256 of "abc" begins so (FIPS 180-2, appendix B.1).
        assert_eq!(Fingerprint::of("abc").to_string(), "ba7816bf8f01cfea");
    }
}
