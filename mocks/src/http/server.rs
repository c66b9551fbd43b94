//! Servers: binding an address, serving the machines' faces on it, and stopping.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::connection::{CuttableListener, Line};

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
            std::io::ErrorKind::AddrInUse => StartError::InUse { address },
            _ => StartError::Bind { address, cause },
        };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Self { listener, address })
    }

    /// The URL of what will be served here, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until stopped.
    pub fn serve(self, router: Router) -> Serving {
        let (stop, stopped) = oneshot::channel::<()>();
        let service = router.into_make_service_with_connect_info::<Line>();
        let server = axum::serve(CuttableListener(self.listener), service)
            // A sender that is gone means the same as one that said so.
            .with_graceful_shutdown(async move { drop(stopped.await) });
        Serving {
            address: self.address,
            stop,
            task: tokio::spawn(server.into_future()),
        }
    }
}

/// A server at work. Dropping it stops it without waiting for calls under way.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
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
        // Nobody to tell: the server has ended by itself.
        let _ = self.stop.send(());
        let mut task = self.task;
        if tokio::time::timeout(GRACE, &mut task).await.is_err() {
            task.abort();
        }
    }
}
