//! The MCP server's address: who may reach it, and where a person finds it.

use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use mcp_server::{Context, HttpOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::App;
use crate::exit::UsageError;
use crate::http::{self, Auth};

/// Where assistants are answered over HTTP.
#[derive(Debug)]
pub(crate) struct Face {
    /// The flag that names the address.
    pub(crate) flag: &'static str,
    pub(crate) listen: SocketAddr,
    /// Whether the tools of the conformance suite are there.
    pub(crate) conformance: bool,
}

/// A face whose address is taken.
#[derive(Debug)]
pub(crate) struct Bound {
    face: Face,
    auth: Auth,
    listener: TcpListener,
}

impl Face {
    /// Takes the address. One that other machines reach needs tokens, and a key that replicas share.
    pub(crate) async fn bind(self, app: &App) -> Result<Bound> {
        if self.conformance && !self.listen.ip().is_loopback() {
            return Err(UsageError(format!(
                "{} {} lets other machines in, and --conformance is for tests on this one: leave either out",
                self.flag, self.listen
            ))
            .into());
        }
        let auth = Auth::from_config(&app.config.http);
        let has_key = app.config.security.signing_key()?.is_some();
        if !self.listen.ip().is_loopback() && auth.has_tokens() && !has_key {
            return Err(UsageError(format!(
                "{} {} lets other machines in, and what they are given to come back with must be signed: set \
                 security.signing_key in the configuration, or TROUVAILLE__SECURITY__SIGNING_KEY, to what `openssl rand \
                 -hex 32` prints, the same for all replicas",
                self.flag, self.listen
            ))
            .into());
        }
        let listener = http::bind(self.flag, self.listen, &auth).await?;
        Ok(Bound {
            face: self,
            auth,
            listener,
        })
    }
}

impl Bound {
    /// Tells a person where the server is, and what to try.
    pub(crate) fn tell(&self, context: &Context, app: &App) {
        let address = self.listener.local_addr().unwrap_or(self.face.listen);
        let allowed_hosts = &app.config.mcp.allowed_hosts;
        let url = url_at(address, allowed_hosts);
        let actions = match context.crawls {
            Some(_) => ", may have shops crawled",
            None => "",
        };
        let token = match self.auth.has_tokens() {
            true => " -H 'Authorization: Bearer TOKEN'",
            false => "",
        };
        app.screen
            .note(&format!("assistants (MCP{actions}): {url}"));
        app.screen.note(&format!(
            "try: curl {url}{token} -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \
             -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}}'"
        ));
        if !address.ip().is_loopback() && allowed_hosts.is_empty() {
            tracing::warn!(
                "callers on other machines are refused: name the hosts by which they call in mcp.allowed_hosts, such as \
                 mcp.example.com"
            );
        }
    }

    /// Serves until the command is cancelled, then drains.
    pub(crate) async fn serve(self, context: &Context, app: &App) {
        // Not the command's: calls under way, and those that still come, are answered.
        let is_over = CancellationToken::new();
        let _ends = is_over.clone().drop_guard();
        let options = HttpOptions {
            allowed_hosts: app.config.mcp.allowed_hosts.clone(),
            allowed_origins: app.config.mcp.allowed_origins.clone(),
            conformance: self.face.conformance,
            cancel: is_over,
        };
        let router = mcp_server::router(context, &options);
        http::run(
            self.listener,
            (router, Router::new()),
            &self.auth,
            &app.config.http,
            &app.cancel,
        )
        .await;
    }
}

/// Returns where a server of that address is found, by a name that it answers to.
pub(crate) fn url_at(address: SocketAddr, allowed_hosts: &[String]) -> String {
    let port = address.port();
    let host = match allowed_hosts.first() {
        _ if address.ip().is_loopback() => address.to_string(),
        Some(host) if has_port(host) => host.clone(),
        Some(host) => format!("{host}:{port}"),
        None => format!("127.0.0.1:{port}"),
    };
    format!("http://{host}/mcp")
}

/// Returns whether a host names a port; an IPv6 address has colons in its brackets, too.
fn has_port(host: &str) -> bool {
    let behind = host.rsplit_once(']').map_or(host, |(_, behind)| behind);
    behind.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_found_by_a_name_that_it_answers_to() {
        for (address, allowed, url) in [
            (
                "127.0.0.1:8900",
                &["mcp.example.com"][..],
                "http://127.0.0.1:8900/mcp",
            ),
            ("[::1]:8900", &[], "http://[::1]:8900/mcp"),
            ("0.0.0.0:8900", &[], "http://127.0.0.1:8900/mcp"),
            (
                "0.0.0.0:8900",
                &["a.example", "b.example"],
                "http://a.example:8900/mcp",
            ),
            (
                "[::]:8900",
                &["trouvaille-mcp:80"],
                "http://trouvaille-mcp:80/mcp",
            ),
            ("10.0.0.5:8900", &["[fd00::1]"], "http://[fd00::1]:8900/mcp"),
        ] {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            assert_eq!(url_at(address.parse().unwrap(), &allowed), url);
        }
    }
}
