//! `trouvaille mcp`: what is stored, for assistants, over standard input and output or over HTTP.

mod clients;

use std::io::{IsTerminal, stdin};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use mcp_server::{Context, Data, serve_stdio};

use self::clients::Client;
use crate::App;
use crate::exit::Exit;
use crate::http::ops::{self, OpsAddress, Watch};
use crate::mcp::{self, Face};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille mcp --print-config claude-desktop      what to write into the client's configuration, and where
  trouvaille mcp --print-config claude-code         the command that adds it there
  trouvaille mcp --print-config cursor --http       … for a server that runs already
  trouvaille mcp                                    for a client that starts this program by itself
  trouvaille mcp --store sqlite:./trouvaille.db     … on a store of one's choice
  trouvaille mcp --http                             on http://127.0.0.1:8900/mcp, for clients of this machine
  trouvaille mcp --http 0.0.0.0:8900                for others; needs tokens (http.tokens in the configuration) and a key
                                                    that all replicas share (security.signing_key)

The tools find products, compare them, tell what changed and why a product stands where it stands; `trouvaille query \
--list` lists them, and `trouvaille query TOOL` answers as they do. The server starts without a store: its answers say \
then how to fill one. With --enable-actions assistants may also have shops crawled that are stored or among \
mcp.crawl_hosts; `trouvaille serve` or `trouvaille agent shopify` does that work.

Exit codes: 0 the client went away, or stopped by Ctrl-C or SIGTERM, 1 it cannot serve, 2 wrong usage.")]
pub(crate) struct McpArgs {
    /// Serve over HTTP, at this address [default: 127.0.0.1:8900]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    #[expect(
        clippy::option_option,
        reason = "the flag alone means the configured address"
    )]
    http: Option<Option<SocketAddr>>,
    /// Where /healthz, /readyz and /metrics are served, or "none" [default: 127.0.0.1:9900]
    #[arg(long, value_name = "ADDR|none", requires = "http")]
    ops: Option<OpsAddress>,
    /// Let assistants have shops crawled
    #[arg(long)]
    enable_actions: bool,
    /// Print what makes this client start the server, or with --http call it, and where that belongs
    #[arg(long, value_name = "CLIENT", value_enum)]
    print_config: Option<Client>,
    /// Have the tools that the conformance suite of the protocol asks for
    #[arg(long, hide = true)]
    conformance: bool,
}

pub(crate) async fn run(args: &McpArgs, app: &App) -> Result<Exit> {
    if let Some(client) = args.print_config {
        match args.http {
            Some(address) => clients::print_http(client, address, app)?,
            None => clients::print(client, args.enable_actions, app)?,
        }
        return Ok(Exit::All);
    }
    let data = mcp::data(app)?;
    let actions = mcp::actions(args.enable_actions, &[], app);
    let context = mcp::context(&data, mcp::cursor_key(app)?, actions, app);
    match args.http {
        Some(address) => {
            let address = address.unwrap_or(app.config.mcp.listen);
            serve_http(args, address, &data, &context, app).await?;
        }
        None => {
            if stdin().is_terminal() {
                app.screen.note(
                    "waiting for an MCP client on standard input; `trouvaille mcp --help` says how to set one up",
                );
            }
            serve_stdio(&context, args.conformance, &app.cancel).await?;
        }
    }
    Ok(Exit::All)
}

async fn serve_http(
    args: &McpArgs,
    address: SocketAddr,
    data: &Arc<Data>,
    context: &Context,
    app: &App,
) -> Result<()> {
    let face = Face {
        flag: "--http",
        listen: address,
        conformance: args.conformance,
    };
    let bound = face.bind(app).await?;
    let ops_address = match args.ops {
        Some(address) => address,
        None => app.config.agent.ops()?,
    };
    let ops_listener = ops::bind(ops_address).await?;
    bound.tell(context, app);
    let watch = Watch::start(ops_listener, Arc::clone(data), app);
    bound.serve(context, app).await;
    watch.end().await;
    Ok(())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an IP address and a port such as 127.0.0.1:8900".to_owned())
}
