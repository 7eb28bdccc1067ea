//! One message in a line. A line that is none is answered here: the SDK drops most of them without a word, and whoever
//! sent one would wait until its own time is over.

use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use rmcp::RoleServer;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;
use tokio_util::bytes::{Buf, BufMut, BytesMut};
use tokio_util::codec::{Decoder, Encoder, FramedRead, FramedWrite};

use crate::envelope::{self, RpcError};

/// What some programs on Windows begin with; whoever reads JSON may ignore it (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines from a client, and those for it.
pub(super) struct Lines<R, W> {
    reader: FramedRead<R, Reading>,
    /// Locked until a line is written as a whole, so that answers and refusals do not mix.
    writer: Arc<Mutex<FramedWrite<W, Writing>>>,
    /// The refusal that is being written: kept, since the SDK drops what waits for a message whenever it has something
    /// else to do.
    refusing: Option<BoxFuture<'static, io::Result<()>>>,
}

impl<R: AsyncRead, W: AsyncWrite> Lines<R, W> {
    /// Reads lines of at most so many bytes.
    pub(super) fn new(reader: R, writer: W, max_bytes: usize) -> Self {
        Self {
            reader: FramedRead::new(reader, Reading::new(max_bytes)),
            writer: Arc::new(Mutex::new(FramedWrite::new(writer, Writing))),
            refusing: None,
        }
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        write(Arc::clone(&self.writer), message)
    }

    /// Returns the next message, and answers bad lines before it.
    ///
    /// Cancel-safe: what is read of a line, and a refusal that is being written, are kept for the next call.
    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if let Some(refusing) = &mut self.refusing {
                let refused = refusing.await;
                self.refusing = None;
                refused.ok()?;
            }
            match self.reader.next().await? {
                Ok(Ok(message)) => return Some(message),
                Ok(Err(error)) => {
                    let answer = error.answer();
                    self.refusing = Some(write(Arc::clone(&self.writer), answer).boxed());
                }
                Err(error) => {
                    tracing::debug!(%error, "the input broke off: {error}");
                    return None;
                }
            }
        }
    }

    /// Does nothing: each line was flushed, and a client that does not read must not hold up the end.
    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn write<W: AsyncWrite + Unpin>(
    writer: Arc<Mutex<FramedWrite<W, Writing>>>,
    message: impl Serialize,
) -> io::Result<()> {
    writer.lock().await.send(message).await
}

/// Takes lines out of what was read.
#[derive(Debug)]
struct Reading {
    max_bytes: usize,
    /// How much of the line was looked at for its end.
    n_seen: usize,
    /// Whether the line was refused before its end.
    is_skipping: bool,
}

impl Reading {
    const fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            n_seen: 0,
            is_skipping: false,
        }
    }

    /// Returns where the line ends, if that was read yet.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let end = bytes[self.n_seen..].iter().position(|it| *it == b'\n');
        let end = end.map(|it| self.n_seen + it);
        self.n_seen = if end.is_some() { 0 } else { bytes.len() };
        end
    }
}

impl Decoder for Reading {
    type Item = Result<RxJsonRpcMessage<RoleServer>, RpcError>;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<Self::Item>> {
        while let Some(end) = self.end(bytes) {
            let is_skipped = std::mem::take(&mut self.is_skipping);
            let message = match end {
                _ if is_skipped => None,
                end if end > self.max_bytes => Some(Err(RpcError::too_large(self.max_bytes))),
                end => message(&bytes[..end]),
            };
            bytes.advance(end + 1);
            if message.is_some() {
                return Ok(message);
            }
        }
        if bytes.len() > self.max_bytes && !self.is_skipping {
            self.is_skipping = true;
            return Ok(Some(Err(RpcError::too_large(self.max_bytes))));
        }
        if self.is_skipping {
            bytes.clear();
            self.n_seen = 0;
        }
        Ok(None)
    }
}

/// Returns the message in a line, or what is answered instead; `None` where nothing is.
fn message(line: &[u8]) -> Option<Result<RxJsonRpcMessage<RoleServer>, RpcError>> {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let line = line.trim_ascii();
    if line.is_empty() {
        return None;
    }
    let envelope = match envelope::check(line) {
        Ok(envelope) => envelope,
        Err(error) => return Some(Err(error)),
    };
    match serde_json::from_slice(line) {
        Ok(message) => Some(Ok(message)),
        Err(_) if envelope.is_request() => Some(Err(envelope.no_message())),
        // To notifications and responses JSON-RPC has no answer.
        Err(_) => {
            tracing::debug!("left out a line that asks for no answer and is no message of MCP");
            None
        }
    }
}

/// Puts messages into lines.
#[derive(Debug)]
struct Writing;

impl<T: Serialize> Encoder<T> for Writing {
    type Error = io::Error;

    fn encode(&mut self, message: T, bytes: &mut BytesMut) -> io::Result<()> {
        serde_json::to_writer(bytes.writer(), &message)?;
        bytes.put_u8(b'\n');
        Ok(())
    }
}
