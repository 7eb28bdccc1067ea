//! MCP over standard input and output, for one client that started this process.

use rmcp::service::ServerInitializeError;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::io::stdio_pipes;
use rmcp::{ServerHandler, ServiceExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

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
    let transport = AsyncRwTransport::new_server(reader, writer).with_max_line_length(max_bytes);
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
mod tests {
    use serde_json::{Value, json};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex, split};
    use tokio::task::JoinSet;

    use super::*;
    use crate::testing::world;

    /// A client of a server that runs until it is dropped.
    struct Client {
        reader: BufReader<tokio::io::ReadHalf<DuplexStream>>,
        writer: tokio::io::WriteHalf<DuplexStream>,
        server: JoinSet<Result<(), StdioError>>,
    }

    impl Client {
        async fn new(max_bytes: usize, cancel: &CancellationToken) -> Self {
            let (ours, theirs) = duplex(1 << 16);
            let handler = Server::new(&world().await);
            let cancel = cancel.clone();
            let mut server = JoinSet::new();
            server.spawn(async move { serve(handler, split(theirs), max_bytes, &cancel).await });
            let (reader, writer) = split(ours);
            Self {
                reader: BufReader::new(reader),
                writer,
                server,
            }
        }

        async fn usual() -> Self {
            Self::new(256 << 10, &CancellationToken::new()).await
        }

        async fn send(&mut self, line: &str) {
            self.writer.write_all(line.as_bytes()).await.unwrap();
            self.writer.write_all(b"\n").await.unwrap();
        }

        async fn receive(&mut self) -> Value {
            let mut line = String::new();
            self.reader.read_line(&mut line).await.unwrap();
            serde_json::from_str(&line).unwrap()
        }

        async fn ask(&mut self, id: u32, method: &str, params: Value) -> Value {
            let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
            self.send(&message.to_string()).await;
            let answer = self.receive().await;
            assert_eq!(answer["id"], id);
            answer
        }

        /// Closes the client's side, and returns how the server ended.
        async fn leave(mut self) -> Result<(), StdioError> {
            self.writer.shutdown().await.unwrap();
            self.server.join_next().await.unwrap().unwrap()
        }
    }

    fn call(meta: &Value) -> Value {
        json!({"name": "list_shops", "arguments": {"limit": 1}, "_meta": meta})
    }

    fn meta() -> Value {
        json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        })
    }

    fn hello(version: &str) -> Value {
        let info = json!({"name": "tests", "version": "1"});
        json!({"protocolVersion": version, "capabilities": {}, "clientInfo": info})
    }

    #[tokio::test]
    async fn a_client_that_shakes_hands_is_served() {
        for version in ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
            let mut client = Client::usual().await;
            let answer = client.ask(1, "initialize", hello(version)).await;
            assert_eq!(answer["result"]["protocolVersion"], version);
            let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
            client.send(initialized).await;
            let answer = client.ask(2, "tools/call", call(&json!({}))).await;
            let shops = &answer["result"]["structuredContent"]["shops"];
            assert_eq!(shops[0]["shop"], "hats.example");
            client.leave().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_client_that_does_not_is_served() {
        let mut client = Client::usual().await;
        let discovered = json!({"_meta": meta()});
        let answer = client.ask(1, "server/discover", discovered).await;
        assert_eq!(answer["result"]["ttlMs"], 3_600_000);
        let answer = client.ask(2, "tools/call", call(&meta())).await;
        let result = &answer["result"];
        assert_eq!(result["resultType"], "complete");
        assert_eq!(result["structuredContent"]["returned"], 1);
        client.leave().await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_leaves_at_once_is_no_error() {
        Client::usual().await.leave().await.unwrap();
    }

    #[tokio::test]
    async fn a_line_without_end_is_not_kept() {
        let mut client = Client::new(1_000, &CancellationToken::new()).await;
        client.ask(1, "initialize", hello("2025-11-25")).await;
        client.send(&"x".repeat(1 << 20)).await;
        client.send("{bad json").await;
        let answer = client.ask(2, "tools/call", call(&json!({}))).await;
        assert_eq!(answer["result"]["isError"], false);
    }

    #[tokio::test]
    async fn a_server_that_is_stopped_ends() {
        let cancel = CancellationToken::new();
        let mut client = Client::new(1_000, &cancel).await;
        client.ask(1, "initialize", hello("2025-11-25")).await;
        cancel.cancel();
        client.server.join_next().await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_a_client_begins_with_is_not_repeated() {
        let mut client = Client::usual().await;
        let response = r#"{"jsonrpc":"2.0","id":1,"result":{"pa55":1}}"#;
        client.send(response).await;
        let ended = client.server.join_next().await.unwrap().unwrap();
        assert!(!ended.unwrap_err().to_string().contains("pa55"));
    }
}
