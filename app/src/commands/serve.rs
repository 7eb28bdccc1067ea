//! `trouvaille serve`: everything that serves, in one process, and crawls of what is due.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use mcp_server::{Data, Opened};

use super::agent::{self, ServerArgs};
use crate::App;
use crate::exit::Exit;
use crate::mcp::{self, Face};
use crate::scheduler;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille serve                              agents on 127.0.0.1:8800, assistants (MCP) on 127.0.0.1:8900, and
                                                crawls of what is due
  trouvaille serve --rps 0.5                    … more slowly
  trouvaille serve --mcp none                   … without assistants
  trouvaille serve --enable-actions             assistants may have shops crawled, too
  trouvaille shops add https://shop.example     a shop that it crawls from then on

Serves all agents (`trouvaille agent --help`), the one that writes summaries among them, and assistants over HTTP \
(`trouvaille mcp --help`), and crawls a shop by itself \
when it is due ([recrawl] in the configuration; serve.crawls = false for never). Those are the shops of the configuration, those that were \
added, and all that were once crawled to their end, or as far as they let anybody, also because a caller asked. A shop that is due and fails is \
asked again a day later. `trouvaille shops pause` or `forget` takes one out. Any number of processes may serve one store: each shop is crawled once, by one of them.

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 it cannot serve, 2 wrong usage.")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// Where assistants are served by the Model Context Protocol, or "none" [default: 127.0.0.1:8900]
    #[arg(long, value_name = "ADDR|none")]
    mcp: Option<McpAddress>,
    /// Let assistants have shops crawled
    #[arg(long)]
    enable_actions: bool,
}

/// The argument of `--mcp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct McpAddress(Option<SocketAddr>);

impl FromStr for McpAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let address = text
            .parse()
            .map_err(|_| "expected an address such as 127.0.0.1:8900, or none".to_owned())?;
        Ok(Self(Some(address)))
    }
}

pub(crate) async fn run(args: &ServeArgs, app: &App) -> Result<Exit> {
    let listen = args.mcp.map_or(Some(app.config.mcp.listen), |it| it.0);
    let assistants = match listen {
        Some(listen) => {
            let face = Face {
                flag: "--mcp",
                listen,
                conformance: false,
            };
            Some((face.bind(app).await?, mcp::cursor_key(app)?))
        }
        None => None,
    };
    let agents = agent::start(&args.server, a2a::AGENTS.iter().collect(), false, app).await?;
    let Some(agents) = agents else {
        return Ok(Exit::All);
    };
    let context = agents.context().clone();
    let data = Arc::new(Data::of(Opened {
        store: Arc::clone(&context.store),
        tasks: Arc::clone(&context.tasks),
    }));
    let assist = async {
        if let Some((bound, cursors)) = assistants {
            let actions = mcp::actions(args.enable_actions, args.server.allow_private(), app);
            let context = mcp::context(&data, cursors, actions, app);
            bound.tell(&context, app);
            bound.serve(&context, app).await;
        }
    };
    let beside = Box::pin(async {
        tokio::join!(scheduler::run(&context, app), assist);
    });
    Box::pin(agents.run(app, beside)).await;
    Ok(Exit::All)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assistants_are_served_at_an_address_or_not_at_all() {
        assert_eq!("none".parse(), Ok(McpAddress(None)));
        let address = "127.0.0.1:8901".parse().unwrap();
        assert_eq!("127.0.0.1:8901".parse(), Ok(McpAddress(Some(address))));
        let error = "8901".parse::<McpAddress>().unwrap_err();
        assert!(error.contains("127.0.0.1:8900"), "{error}");
    }
}
