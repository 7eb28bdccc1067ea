//! `trouvaille serve`: everything that serves, in one process, and crawls of what is due.

use anyhow::Result;
use clap::Args;

use super::agent::{self, ServerArgs};
use crate::App;
use crate::exit::Exit;
use crate::scheduler;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille serve                              agents on 127.0.0.1:8800, and crawls of what is due
  trouvaille serve --rps 0.5                    … more slowly
  trouvaille shops add https://shop.example     a shop that it crawls from then on

Serves all agents (`trouvaille agent --help`), the one that writes summaries among them, and crawls a shop by itself \
once its last complete crawl is older than serve.crawl_every_hours (24; 0 for never). Those are the shops of the configuration, those that were added and \
not tried yet, and all that were once crawled to their end, also because a caller asked. `trouvaille shops pause` or \
`forget` takes one out. Any number of processes may serve one store: each shop is crawled once, by one of them.

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 it cannot serve, 2 wrong usage.")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) async fn run(args: &ServeArgs, app: &App) -> Result<Exit> {
    let agents = agent::start(&args.server, a2a::AGENTS.iter().collect(), false, app).await?;
    let context = agents.context().clone();
    agents.run(app, scheduler::run(&context, app)).await;
    Ok(Exit::All)
}
