//! `trouvaille agent`: a server of the A2A protocol, whose tasks outlive it.

use std::net::SocketAddr;
use std::sync::Arc;

use a2a::{AGENTS, Agent};
use anyhow::Result;
use clap::Args;
use ipnet::IpNet;
use mcp_server::Opened;

use super::crawl::{Rate, fetch_config, network, rate};
use crate::App;
use crate::agents::{Agents, Face};
use crate::config::check_public_url;
use crate::exit::{Exit, UsageError};
use crate::http::ops::{OpsAddress, opened_later};

/// The name for all agents on one port.
const ALL: &str = "all";

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille agent shopify                          on 127.0.0.1:8800, for programs of this machine
  trouvaille agent shopify --listen 127.0.0.1:8801 --ops none
                                                    a second process on this machine and store
  trouvaille agent summarizer                       summaries of what is stored, on request
  trouvaille agent all --listen 127.0.0.1:9000      every agent, each under /agents/NAME/
  trouvaille agent shopify --listen 0.0.0.0:8800 --public-url https://agents.example.com
                                                    for others; needs tokens (http.tokens in the configuration)

The agent's card is at /.well-known/agent-card.json: what it can do, how to ask for it, where. A task is kept \
in the store: it goes on after a restart, and when this process is killed, another one on the same store takes over \
where it stopped. Any number of processes may serve one store, and any of them answers any call; a \
cancelled task sends no more requests.

The summarizer asks the language model that the configuration names in [llm], within its budget; without one it writes \
a fixed form of facts and says so. It needs products and a ranking: crawl, then `trouvaille rank`.

Without tokens, only addresses of this machine are served.

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 it cannot serve, 2 wrong usage.")]
pub(crate) struct AgentArgs {
    /// The agent: shopify, summarizer; or all
    #[arg(value_name = "AGENT")]
    agent: String,
    #[command(flatten)]
    server: ServerArgs,
    /// Behave as the protocol's compatibility kit wants it of the agent that it tests
    #[arg(long, hide = true)]
    conformance: bool,
}

/// How agents are served.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// Where to listen [default: 127.0.0.1:8800]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: Option<SocketAddr>,
    /// Where callers reach this server, if not at that address: goes into the cards
    #[arg(long, value_name = "URL", value_parser = public_url)]
    public_url: Option<String>,
    /// Allow shops in a private network, for example 127.0.0.0/8; may be repeated
    #[arg(long, value_name = "CIDR", value_parser = network)]
    allow_private: Vec<IpNet>,
    /// The most requests per second to one shop, or "unlimited" [default: 2]
    #[arg(long, value_name = "X|unlimited", value_parser = rate, allow_negative_numbers = true)]
    rps: Option<Rate>,
    /// Where /healthz, /readyz and /metrics are served, or "none" [default: 127.0.0.1:9900]
    #[arg(long, value_name = "ADDR|none")]
    ops: Option<OpsAddress>,
}

impl ServerArgs {
    /// Returns the private networks in which shops may be crawled, beside the configured ones.
    pub(super) fn allow_private(&self) -> &[IpNet] {
        &self.allow_private
    }
}

pub(crate) async fn run(args: &AgentArgs, app: &App) -> Result<Exit> {
    let agents = chosen(&args.agent)?;
    let agents = start(&args.server, agents, args.conformance, app).await?;
    if let Some(agents) = agents {
        agents.run(app, std::future::ready(())).await;
    }
    Ok(Exit::All)
}

/// Binds the addresses, opens the store, and tells where everything is; `None` when the command is cancelled meanwhile.
///
/// Operators are answered from the first moment: that a large store of an older version takes its time is no reason to
/// end the process.
pub(super) async fn start(
    args: &ServerArgs,
    agents: Vec<&'static Agent>,
    conformance: bool,
    app: &App,
) -> Result<Option<Agents>> {
    let config = &app.config.agent;
    let face = Face {
        agents,
        conformance,
        listen: args.listen.unwrap_or(config.listen),
        public_url: match &args.public_url {
            Some(url) => Some(url.clone()),
            None => Some(config.public_url.clone()).filter(|url| !url.is_empty()),
        },
        ops: match args.ops {
            Some(address) => address,
            None => config.ops()?,
        },
    };
    let fetching = fetch_config(args.rps, &args.allow_private, app)?;
    // The addresses first: a wrong one is told without a store being made.
    let mut bound = face.bind(app).await?;
    let (tell, data) = opened_later();
    let watch = bound.watch(data, app);
    let opened = tokio::select! {
        opened = super::open_with_tasks(app) => opened?,
        () = app.cancel.cancelled() => return Ok(None),
    };
    let (store, tasks) = opened;
    tell.send_replace(Some(Opened {
        store: Arc::clone(&store),
        tasks: Arc::clone(&tasks),
    }));
    let agents = Agents::new((bound, watch), store, tasks, fetching, app)?;
    agents.tell(app);
    Ok(Some(agents))
}

fn chosen(name: &str) -> Result<Vec<&'static Agent>, UsageError> {
    if name == ALL {
        return Ok(AGENTS.iter().collect());
    }
    a2a::agent(name).map(|agent| vec![agent]).ok_or_else(|| {
        let names: Vec<&str> = AGENTS.iter().map(|it| it.name).chain([ALL]).collect();
        let names = names.join(", ");
        UsageError(format!("there is no agent {name:?}: there are {names}"))
    })
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an IP address and a port such as 127.0.0.1:8800".to_owned())
}

fn public_url(text: &str) -> Result<String, String> {
    check_public_url(text).map(|()| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_to_listen_on_is_told_by_an_example() {
        assert!(address("[::1]:9821").is_ok());
        for text in ["9821", "localhost:9821"] {
            assert!(address(text).unwrap_err().contains("127.0.0.1:8800"));
        }
    }

    #[test]
    fn an_agent_is_chosen_by_its_name_or_all_of_them() {
        assert_eq!(chosen("shopify").unwrap()[0].name, "shopify");
        assert_eq!(chosen("all").unwrap().len(), AGENTS.len());
        let error = chosen("shopfy").unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no agent \"shopfy\": there are shopify, summarizer, all"
        );
    }
}
