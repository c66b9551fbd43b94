//! Connections that a handler can cut, so that faults break answers on the wire and not only in a log.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// A handle on the connection that a request came by.
#[derive(Clone, Debug)]
pub struct Line {
    peer: SocketAddr,
    switches: Arc<Switches>,
}

#[derive(Debug, Default)]
struct Switches {
    cut: AtomicBool,
    secure: AtomicBool,
    /// Whether a call waits for its answer.
    answering: AtomicBool,
    /// Counts calls, and pieces of answers that leave. Only the connection's own task writes it.
    turn: AtomicU32,
    /// The turn in which it was found to idle for too long, plus one; 0: never.
    overdue: AtomicU64,
}

impl Switches {
    fn count_on(&self) {
        let turn = self.turn.load(Ordering::Relaxed);
        self.turn.store(turn.wrapping_add(1), Ordering::Relaxed);
    }
}

impl Line {
    /// Who is at the other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether what came by it was encrypted.
    pub fn secure(&self) -> bool {
        self.switches.secure.load(Ordering::Relaxed)
    }

    /// A number that changes with every call, and with every piece of an answer that leaves.
    pub(super) fn turn(&self) -> u32 {
        self.switches.turn.load(Ordering::Relaxed)
    }

    /// Whether a call waits for its answer.
    pub(super) fn is_answering(&self) -> bool {
        self.switches.answering.load(Ordering::Relaxed)
    }

    /// A request's head is in.
    pub(super) fn asked(&self) {
        self.switches.count_on();
        self.switches.answering.store(true, Ordering::Relaxed);
    }

    /// Its answer is made.
    pub(super) fn answered(&self) {
        self.switches.answering.store(false, Ordering::Relaxed);
    }

    /// Notes that it has idled for too long in this turn. Its own task will see whether it still does.
    pub(super) fn note_overdue(&self, turn: u32) {
        let noted = u64::from(turn) + 1;
        self.switches.overdue.store(noted, Ordering::Relaxed);
    }

    /// Whether it was found to idle for too long, and nothing has happened since.
    pub(super) fn is_overdue(&self) -> bool {
        let noted = self.switches.overdue.load(Ordering::Relaxed);
        noted == u64::from(self.turn()) + 1 && !self.is_answering()
    }

    /// Lets not one more byte through: whatever the handler answers, the connection closes instead.
    pub fn cut(&self) {
        self.switches.cut.store(true, Ordering::Release);
    }
}

/// A TCP connection with a switch, in clear or under TLS.
pub struct Stream {
    carrier: Carrier,
    switches: Arc<Switches>,
    patience: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

/// What carries the bytes.
enum Carrier {
    /// The first byte will tell: a TLS record begins with 22, which no HTTP request does.
    Untold(TcpStream, TlsAcceptor),
    Shaking(Box<Accept<TcpStream>>),
    Clear(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
    /// Nothing: the handshake failed.
    Gone,
}

/// The first byte of a TLS handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

impl Stream {
    /// A connection that was just accepted. With an acceptor it may speak TLS. A peer that takes
    /// none of an answer for as long as `patience` is cut off.
    pub fn new(
        stream: TcpStream,
        peer: SocketAddr,
        acceptor: Option<TlsAcceptor>,
        patience: Duration,
    ) -> (Self, Line) {
        let switches = Arc::<Switches>::default();
        let line = Line {
            peer,
            switches: Arc::clone(&switches),
        };
        let carrier = match acceptor {
            Some(acceptor) => Carrier::Untold(stream, acceptor),
            None => Carrier::Clear(stream),
        };
        let stream = Self {
            carrier,
            switches,
            patience,
            stalled: None,
        };
        (stream, line)
    }

    fn check(&self) -> io::Result<()> {
        if self.switches.cut.load(Ordering::Acquire) {
            Err(io::ErrorKind::ConnectionAborted.into())
        } else {
            Ok(())
        }
    }

    /// Finds out what the peer speaks, and shakes hands if it is TLS.
    fn poll_told(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match &mut self.carrier {
                Carrier::Clear(_) | Carrier::Secure(_) => return Poll::Ready(Ok(())),
                Carrier::Gone => return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
                Carrier::Untold(stream, _) => {
                    let mut first = [0];
                    let told = ready!(stream.poll_peek(context, &mut ReadBuf::new(&mut first)))?;
                    self.tell(told == 1 && first[0] == HANDSHAKE);
                }
                Carrier::Shaking(accept) => {
                    let shaken = ready!(Pin::new(accept.as_mut()).poll(context));
                    self.carrier = Carrier::Gone;
                    self.carrier = Carrier::Secure(Box::new(shaken?));
                }
            }
        }
    }

    fn tell(&mut self, secure: bool) {
        if let Carrier::Untold(stream, acceptor) =
            std::mem::replace(&mut self.carrier, Carrier::Gone)
        {
            self.switches.secure.store(secure, Ordering::Relaxed);
            self.carrier = if secure {
                Carrier::Shaking(Box::new(acceptor.accept(stream)))
            } else {
                Carrier::Clear(stream)
            };
        }
    }

    /// Writes, and loses patience with a peer that does not read.
    fn poll_patient<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Carrier>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.check()?;
        let written = write(Pin::new(&mut self.carrier), context);
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("switches", &self.switches)
            .finish_non_exhaustive()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        ready!(self.poll_told(context))?;
        match &mut self.carrier {
            Carrier::Clear(stream) => Pin::new(stream).poll_read(context, buffer),
            Carrier::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
            Carrier::Untold(..) | Carrier::Shaking(_) | Carrier::Gone => {
                Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.switches.count_on();
        self.poll_patient(context, |carrier, context| {
            carrier.poll_write(context, bytes)
        })
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.switches.count_on();
        let mut whole = [0; SMALL];
        if let Some(bytes) = joined(slices, &mut whole) {
            return self.poll_patient(context, |carrier, context| {
                carrier.poll_write(context, bytes)
            });
        }
        self.poll_patient(context, |carrier, context| {
            carrier.poll_write_vectored(context, slices)
        })
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_patient(context, Carrier::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_patient(context, Carrier::poll_shutdown)
    }
}

/// Answers of no more bytes are copied behind their heads, which is cheaper than to hand the system two
/// pieces. Nothing is kept for that: a connection that idles holds no room for its largest answer.
const SMALL: usize = 4096;

/// Some pieces as one, if they are small.
fn joined<'a>(slices: &[io::IoSlice<'_>], whole: &'a mut [u8; SMALL]) -> Option<&'a [u8]> {
    let length = slices.iter().map(|slice| slice.len()).sum();
    let mut rest = whole.get_mut(..length)?;
    for slice in slices {
        let (place, behind) = rest.split_at_mut(slice.len());
        place.copy_from_slice(slice);
        rest = behind;
    }
    whole.get(..length)
}

impl Carrier {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(stream) | Self::Untold(stream, _) => {
                Pin::new(stream).poll_write(context, bytes)
            }
            Self::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Shaking(_) | Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(stream) | Self::Untold(stream, _) => {
                Pin::new(stream).poll_write_vectored(context, slices)
            }
            Self::Secure(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Shaking(_) | Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) | Self::Untold(stream, _) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
            Self::Shaking(_) | Self::Gone => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) | Self::Untold(stream, _) => {
                Pin::new(stream).poll_shutdown(context)
            }
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Shaking(_) | Self::Gone => Poll::Ready(Ok(())),
        }
    }
}

/// A body that must be in after some time; whoever is slower gets no further.
pub struct Patient<B> {
    body: B,
    patience: Duration,
    /// Set only when the body is not here already, as bodies of API calls mostly are.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<B> Patient<B> {
    /// Waits for a body for this long.
    pub fn new(body: B, patience: Duration) -> Self {
        Self {
            body,
            patience,
            deadline: None,
        }
    }
}

impl<B: HttpBody + Unpin> HttpBody for Patient<B>
where
    B::Error: Into<axum::BoxError>,
{
    type Data = B::Data;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = self.patience;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(deadline.as_mut().poll(context));
        let late = io::Error::new(io::ErrorKind::TimedOut, "the body took too long");
        Poll::Ready(Some(Err(late.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// A body that ends before its announced length: the text, and then an error that closes the connection.
pub fn truncated(text: &'static str) -> Body {
    Body::new(Truncated {
        text: Some(Bytes::from_static(text.as_bytes())),
        flushed: false,
    })
}

struct Truncated {
    text: Option<Bytes>,
    flushed: bool,
}

impl HttpBody for Truncated {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(text) = self.text.take() {
            return Pin::new(&mut Body::from(text))
                .poll_frame(context)
                .map_err(io::Error::other);
        }
        if !self.flushed {
            // Waiting once makes the server send what it has before it learns of the error.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())))
    }
}
