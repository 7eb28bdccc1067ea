//! MCP over standard input and output, for one client that started this process.

mod lines;

use rmcp::service::ServerInitializeError;
use rmcp::transport::io::stdio_pipes;
use rmcp::{ServerHandler, ServiceExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use self::lines::Lines;
use crate::Context;
use crate::conformance::Fixtures;
use crate::server::Server;

/// Why a client could not be served.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve MCP over standard input and output: {0}")]
pub struct StdioError(&'static str);

/// Serves the client on standard input until it goes away or `cancel`. Writes nothing but messages of the protocol to
/// standard output.
///
/// # Errors
/// When the client's first message makes no beginning.
pub async fn serve_stdio(
    context: &Context,
    conformance: bool,
    cancel: &CancellationToken,
) -> Result<(), StdioError> {
    let server = Server::new(context);
    let max_bytes = context.limits.max_body_bytes;
    let pipes = stdio_pipes();
    if conformance {
        serve(Fixtures::around(server), pipes, max_bytes, cancel).await
    } else {
        serve(server, pipes, max_bytes, cancel).await
    }
}

async fn serve(
    server: impl ServerHandler,
    (reader, writer): (
        impl AsyncRead + Send + Unpin + 'static,
        impl AsyncWrite + Send + Unpin + 'static,
    ),
    max_bytes: usize,
    cancel: &CancellationToken,
) -> Result<(), StdioError> {
    let transport = Lines::new(reader, writer, max_bytes);
    let serving = server.serve_with_ct(transport, cancel.child_token()).await;
    match serving {
        Ok(serving) => {
            let ended = serving.waiting().await;
            ended
                .map(drop)
                .map_err(|_| StdioError("the service broke off"))
        }
        Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {
            Ok(())
        }
        // What the client wrote is not repeated.
        Err(ServerInitializeError::ExpectedInitializeRequest(_)) => {
            Err(StdioError("the client's first message makes no beginning"))
        }
        Err(ServerInitializeError::TransportError { .. }) => {
            Err(StdioError("the client does not read"))
        }
        Err(_) => Err(StdioError("no revision of the protocol was agreed on")),
    }
}

#[cfg(test)]
mod tests;
