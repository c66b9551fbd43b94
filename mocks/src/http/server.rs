//! Servers: binding an address, serving the machines' faces on it, and stopping.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use hyper::Request;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::connection::{Line, Patient, Stream};
use super::journal::Journal;
use super::lobby::Lobby;
use super::site::{Answering, Site};

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process listens there.
    #[error(
        "{address} is already in use: stop what listens there, or choose another port (0: any free one)"
    )]
    InUse {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The system refuses the address.
    #[error(
        "cannot listen on {address}: {cause}; use a local address and a port from 1024 on (0: any free one)"
    )]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The project's client for `UserInfo` cannot be made.
    #[error(transparent)]
    UserInfo(#[from] super::stytch::NoClient),
}

/// An address that is bound, so that its URL is known, but not served yet.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
}

impl Door {
    /// Binds an address; port 0 takes any free port.
    pub async fn open(address: SocketAddr) -> Result<Self, StartError> {
        let bind = |cause: std::io::Error| match cause.kind() {
            ErrorKind::AddrInUse => StartError::InUse { address },
            _ => StartError::Bind { address, cause },
        };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Self { listener, address })
    }

    /// The URL of what will be served here, without a slash at its end.
    pub fn base_url(&self) -> String {
        let mut address = self.address;
        // "Every address" is none that a client could ask for.
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{address}")
    }

    /// Serves callers of this process, in clear, until stopped.
    pub fn serve(self, site: impl Into<Site>) -> Serving {
        self.serve_by(site, &Entrance::AMONG_FRIENDS)
    }

    /// Serves whoever comes by this entrance until stopped.
    pub fn serve_by(self, site: impl Into<Site>, entrance: &Entrance) -> Serving {
        let (stop, stopped) = watch::channel(());
        let reception = Reception {
            site: Arc::new(site.into()),
            acceptor: entrance.tls.clone().map(TlsAcceptor::from),
            limits: entrance.limits,
            places: Arc::new(Semaphore::new(entrance.limits.connections)),
            lobby: Arc::default(),
        };
        Serving {
            address: self.address,
            stop,
            task: tokio::spawn(reception.receive(self.listener, stopped)),
        }
    }
}

/// How a server lets callers in.
#[derive(Clone, Debug, Default)]
pub struct Entrance {
    /// Certificates for those who come by TLS; none: in clear only.
    pub tls: Option<Arc<ServerConfig>>,
    /// What one caller may cost.
    pub limits: Limits,
    /// Where calls of the providers are written down; none: nowhere.
    pub journal: Option<Journal>,
}

/// What a server puts up with before it closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; any further one is closed at once. Default 10,000.
    pub connections: usize,
    /// From a connection's start, or its last answer, until the next request's head is in: idle
    /// connections and slow heads alike; up to a sixteenth longer. Default 75 s, as nginx keeps
    /// connections.
    pub head: Duration,
    /// From a request's head until its body is in. Default 30 s.
    pub body: Duration,
    /// How long a peer may take nothing of an answer. Default 30 s.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head: Duration::from_secs(75),
            body: Duration::from_secs(30),
            answer: Duration::from_secs(30),
        }
    }
}

impl Entrance {
    /// For a server whose only callers are of its own process: those never attack, and may keep a
    /// connection for as long as they like.
    pub const AMONG_FRIENDS: Self = Self {
        tls: None,
        limits: Limits {
            connections: 1 << 20,
            head: Duration::from_hours(24),
            body: Duration::from_hours(1),
            answer: Duration::from_hours(1),
        },
        journal: None,
    };
}

/// How large a request's head may be, in bytes: twice what Node.js takes.
const HEAD_BYTES: usize = 32 * 1024;

/// What takes connections in.
#[derive(Clone)]
struct Reception {
    site: Arc<Site>,
    acceptor: Option<TlsAcceptor>,
    limits: Limits,
    places: Arc<Semaphore>,
    lobby: Arc<Lobby>,
}

impl Reception {
    async fn receive(self, listener: TcpListener, mut stopped: watch::Receiver<()>) {
        let mut looks = tokio::time::interval(Lobby::between_looks(self.limits.head));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = looks.tick() => {
                    self.lobby.look();
                    continue;
                }
                // A sender that is gone means the same as one that said so.
                _ = stopped.changed() => break,
            };
            match accepted {
                // Without a place the connection is closed: a clear answer, where a queue is none.
                Ok((stream, peer)) => {
                    if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                        tokio::spawn(self.clone().attend(stream, peer, place));
                    }
                }
                // The peer may have gone again. Where this process has no descriptors left, there
                // is nothing to do but wait until somebody leaves.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
                    ) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        drop(listener);
        self.lobby.close();
        let places = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        // All places are free when all connections are closed.
        drop(self.places.acquire_many(places).await);
    }

    async fn attend(self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        // A connection that is gone already cannot be set up; reading from it will tell.
        let _ = stream.set_nodelay(true);
        let (stream, line) = Stream::new(stream, peer, self.acceptor, self.limits.answer);
        let visit = Visit {
            site: self.site,
            line: line.clone(),
            body: self.limits.body,
        };
        let connection = http1::Builder::new()
            .max_buf_size(HEAD_BYTES)
            // Whoever has said all that they will say still gets their answer.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), visit);
        let mut connection = pin!(connection);
        let waker = poll_fn(|context: &mut Context<'_>| Poll::Ready(context.waker().clone())).await;
        let inside = Arc::clone(&self.lobby).enter(line.clone(), waker);
        let mut told = false;
        // How a connection ended is the peer's business: what went wrong was answered on it.
        poll_fn(|context| {
            if line.is_overdue() {
                return Poll::Ready(());
            }
            if !told && self.lobby.is_closing() {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
            connection.as_mut().poll(context).map(drop)
        })
        .await;
        drop(inside);
        drop(place);
    }
}

/// The requests of one connection.
struct Visit {
    site: Arc<Site>,
    line: Line,
    body: Duration,
}

impl hyper::service::Service<Request<Incoming>> for Visit {
    type Response = Response;
    type Error = Infallible;
    type Future = Call;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.line.asked();
        let request = request.map(|incoming| {
            if incoming.is_end_stream() {
                Body::empty()
            } else {
                Body::new(Patient::new(incoming, self.body))
            }
        });
        Call {
            answering: self.site.answer(&self.line, request),
            line: self.line.clone(),
        }
    }
}

/// A call whose answer is on its way.
struct Call {
    answering: Answering,
    line: Line,
}

impl Future for Call {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answering).poll(context));
        self.line.answered();
        Poll::Ready(answer)
    }
}

/// A server at work. Dropping it stops it without waiting for calls under way.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

/// Calls under way have this long to be answered once a server is stopped.
const GRACE: Duration = Duration::from_secs(5);

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new calls, answers those under way, and ends.
    pub async fn stop(self) {
        drop(self.stop);
        let mut task = self.task;
        if tokio::time::timeout(GRACE, &mut task).await.is_err() {
            task.abort();
        }
    }
}
