//! Connections that end the moment the shop stops, whatever they are in the middle of.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// A listener whose connections fail once the shop stops.
///
/// A graceful shutdown alone would wait for ever on an answer that hangs or is never read.
pub(super) struct Door {
    listener: TcpListener,
    stop: CancellationToken,
}

impl Door {
    pub(super) const fn new(listener: TcpListener, stop: CancellationToken) -> Self {
        Self { listener, stop }
    }
}

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, addr) = Listener::accept(&mut self.listener).await;
        // Else a byte that drips waits for the acknowledgement of the one before. Where that cannot be set, it does.
        drop(stream.set_nodelay(true));
        let connection = Connection {
            stream,
            stopped: Box::pin(self.stop.clone().cancelled_owned()),
            drip: Drip::default(),
            pause: None,
        };
        (connection, addr)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// How slowly a connection writes; as fast as it can unless somebody says otherwise.
#[derive(Debug, Clone, Default)]
pub(super) struct Drip(Arc<Mutex<Option<(usize, Duration)>>>);

impl Drip {
    /// Writes pieces of so many bytes with a pause before each from now on, or all that there is.
    pub(super) fn set(&self, pieces: Option<(usize, Duration)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = pieces;
    }

    fn get(&self) -> Option<(usize, Duration)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected<IncomingStream<'_, Door>> for Drip {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().drip.clone()
    }
}

/// A stream that fails once the shop stops.
pub(super) struct Connection {
    stream: TcpStream,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
    drip: Drip,
    /// The pause before the next piece.
    pause: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.stopped.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let Some((chunk_size, delay)) = self.drip.get() else {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        };
        let pause = self
            .pause
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(delay)));
        ready!(pause.as_mut().poll(context));
        let piece = &bytes[..bytes.len().min(chunk_size.max(1))];
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, piece));
        self.pause = None;
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.drip.get().is_some() {
            let first = slices.iter().find(|it| !it.is_empty());
            return self.poll_write(context, first.map_or(&[], |it| it));
        }
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
