//! `trouvaille`: finds the products that win. One binary; its subcommands are its roles.

mod agents;
mod cli;
mod clock;
mod commands;
mod config;
mod due;
mod exit;
mod figures;
#[cfg(test)]
mod hostile;
mod http;
mod mcp;
mod moment;
mod output;
mod owner;
mod presets;
mod previous;
mod saved;
mod scheduler;
mod scores;
mod seen;
mod shop_list;
mod signals;
mod summaries;
mod telemetry;
mod worker;

use std::process::ExitCode;

use clap::Parser;
use tokio_util::sync::CancellationToken;

use crate::cli::{Cli, Command, Global};
use crate::clock::Clock;
use crate::config::{Config, LogFormat};
use crate::exit::Exit;
use crate::signals::Signals;
use crate::telemetry::Screen;

/// A page of a shop is ten thousand small pieces, which one thread makes while another stores those of the page before.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What every command gets: built here, once.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) global: Global,
    pub(crate) clock: Clock,
    pub(crate) screen: Screen,
    /// Cancelled by the first Ctrl-C or SIGTERM.
    pub(crate) cancel: CancellationToken,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let exit = in_runtime(run(cli)).unwrap_or_else(|error| {
        output::complain(&format!("error: {error:#}"));
        Exit::from(&error)
    });
    exit.into()
}

/// Runs `command` to its end, and leaves alone what an interrupted one was still working out.
fn in_runtime(command: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Runtime::new()?;
    let exit = runtime.block_on(command);
    runtime.shutdown_background();
    exit
}

/// Sets up what commands share, and runs one. An error of the command itself is told in the log's form.
async fn run(cli: Cli) -> anyhow::Result<Exit> {
    // First of all: who has process number 1 is told of no signal that it does not ask for.
    let signals = Signals::install()?;
    let tells_itself = matches!(cli.command, Command::Summarize(_) | Command::Demo(_));
    let screen = |log| telemetry::init(&cli.global, log, tells_itself);
    let config = match Config::load(cli.global.config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            screen(LogFormat::Text).error(&error);
            return Ok(Exit::from(&error));
        }
    };
    let screen = screen(config.log);
    let cancel = CancellationToken::new();
    let _handler = signals.cancel(cancel.clone(), screen.clone());
    let app = App {
        config,
        clock: Clock::new(cli.global.now),
        global: cli.global,
        screen,
        cancel,
    };
    let exit = run_until_cancelled(cli.command, &app)
        .await
        .unwrap_or_else(|error| {
            if is_closed_pipe(&error) {
                return Exit::All;
            }
            app.screen.error(&error);
            Exit::from(&error)
        });
    Ok(exit)
}

/// Runs a command. One that changes no shop's data ends at once when it is cancelled: what it has worked out by then
/// is no result, and the files that it writes appear whole or not at all.
async fn run_until_cancelled(command: Command, app: &App) -> anyhow::Result<Exit> {
    let only_reads = matches!(
        command,
        Command::Rank(_)
            | Command::Explain(_)
            | Command::Backtest(_)
            | Command::Report(_)
            | Command::Export(_)
            | Command::Query(_)
    );
    let cancelled = async {
        match only_reads {
            true => app.cancel.cancelled().await,
            false => std::future::pending().await,
        }
    };
    tokio::select! {
        exit = run_command(command, app) => exit,
        () = cancelled => Ok(Exit::Some),
    }
}

async fn run_command(command: Command, app: &App) -> anyhow::Result<Exit> {
    match command {
        Command::Demo(args) => commands::demo::run(&args, app).await,
        Command::Crawl(args) => commands::crawl::run(&args, app).await,
        Command::Import(args) => commands::import::run(&args, app).await,
        Command::Rank(args) => commands::rank::run(&args, app).await,
        Command::Explain(args) => commands::explain::run(&args, app).await,
        Command::Backtest(args) => commands::backtest::run(&args, app).await,
        Command::Summarize(args) => commands::summarize::run(&args, app).await,
        Command::Report(args) => commands::report::run(&args, app).await,
        Command::Export(args) => commands::export::run(&args, app).await,
        Command::Shops(args) => commands::shops::run(&args, app).await,
        Command::Migrate(args) => commands::migrate::run(&args, app).await,
        Command::Prune(args) => commands::prune::run(&args, app).await,
        Command::Agent(args) => commands::agent::run(&args, app).await,
        Command::Serve(args) => commands::serve::run(&args, app).await,
        Command::Query(args) => commands::query::run(&args, app).await,
        Command::Mcp(args) => commands::mcp::run(&args, app).await,
        Command::Check(args) => commands::check::run(&args, app).await,
    }
}

/// Returns whether the reader of standard output went away, as `head` does: no reason to complain.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
