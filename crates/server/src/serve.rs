//! Connections: taking them, bounding them, and ending them in an orderly way.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use countersign_axum::Peer;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many connections are open at once; more wait in the listener's queue. Below the usual limit of open files.
const CONNECTIONS: usize = 800;

/// How long a client may take to send the head of a request, or stay silent between two.
const HEAD_WITHIN: Duration = Duration::from_secs(15);

/// How long to wait when no connection can be taken, as when there are too many open files.
const BREATHER: Duration = Duration::from_millis(100);

/// Serves until `stop` is ready; then takes no more connections and lets those that are open finish what they are at,
/// for at most `within`.
pub(crate) async fn until_told(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()>,
    within: Duration,
) {
    let mut stop = std::pin::pin!(stop);
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let open = GracefulShutdown::new();
    let app = TowerToHyperService::new(router);
    loop {
        let taken = tokio::select! {
            biased;
            () = &mut stop => break,
            taken = take(&listener, &connections) => taken,
        };
        let Some((stream, peer, permit)) = taken else { continue };
        let app = app.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            app.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .serve_connection(TokioIo::new(stream), service);
        let connection = open.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the client's concern.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    tracing::info!(event = "server.stopping");
    if tokio::time::timeout(within, open.shutdown()).await.is_err() {
        tracing::warn!(event = "server.stopping", "requests were still under way");
    }
}

/// The next connection, when there is room for one. `None` if it could not be taken: the next may be.
async fn take(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are small and are waited for.
            let _ = stream.set_nodelay(true);
            Some((stream, peer, permit))
        }
        Err(why) => {
            tracing::warn!(event = "server.accept_failed", %why);
            tokio::time::sleep(BREATHER).await;
            None
        }
    }
}

/// The signals by which a server is told to stop.
pub(crate) struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Listens to them, from now on: before that, they end the process on the spot.
    ///
    /// # Errors
    /// If signals cannot be listened to.
    pub(crate) fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
