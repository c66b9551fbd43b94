//! What a call to a provider comes back with, and how long it took.

use crate::time::Span;

/// The end of one call as its caller sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer<R, E> {
    /// What came back.
    pub outcome: Outcome<R, E>,
    /// From the moment the call reached the provider until its answer left: modelled service time
    /// and faults, without the network that really lies between.
    pub took: Span,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome<R, E> {
    /// The provider did what was asked.
    Served(R),
    /// The provider said no, in its own error format.
    Refused(Refusal<E>),
    /// Nothing a client can read came back.
    Broken(Breakage),
}

/// A provider's "no".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<E> {
    /// HTTP status.
    pub status: u16,
    /// The provider's own error code.
    pub error: E,
    /// What a `Retry-After` header said, if there was one.
    pub retry_after: Option<Span>,
}

/// An answer that never arrives whole, or is not what the API speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breakage {
    /// The connection was refused: nothing listens.
    Refused,
    /// The connection was closed before an answer.
    Dropped,
    /// The body ended before its announced length.
    Truncated,
    /// A body that is not the JSON it claims to be.
    Malformed,
    /// An HTML page where JSON was due, as from a proxy in front of the API; with its status.
    Html(u16),
}

impl<R, E> Outcome<R, E> {
    /// The HTTP status a client sees: 0 where none arrives.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(refusal) => refusal.status,
            Self::Broken(Breakage::Html(status)) => *status,
            Self::Served(_) | Self::Broken(Breakage::Malformed | Breakage::Truncated) => 200,
            Self::Broken(Breakage::Refused | Breakage::Dropped) => 0,
        }
    }
}
