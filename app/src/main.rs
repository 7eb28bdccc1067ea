//! `trouvaille`: finds the products that win. One binary; its subcommands are its roles.

mod cli;
mod clock;
mod commands;
mod config;
mod exit;
mod output;
mod saved;
mod signals;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;
use tokio_util::sync::CancellationToken;

use crate::cli::{Cli, Command, Global};
use crate::clock::Clock;
use crate::config::Config;
use crate::exit::{Exit, UsageError};
use crate::telemetry::Screen;

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

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli).await {
        Ok(exit) => exit.into(),
        Err(error) => report(&error),
    }
}

async fn run(cli: Cli) -> anyhow::Result<Exit> {
    let config = Config::load(cli.global.config.as_deref())?;
    let screen = telemetry::init(&cli.global, config.log);
    let cancel = CancellationToken::new();
    let _signals = signals::cancel_on_signal(cancel.clone(), screen.clone())?;
    let app = App {
        config,
        clock: Clock::new(cli.global.now),
        global: cli.global,
        screen,
        cancel,
    };
    match cli.command {
        Command::Demo(args) => commands::demo::run(&args, &app).await,
        Command::Crawl(args) => commands::crawl::run(&args, &app).await,
        Command::Import(args) => commands::import::run(&args, &app).await,
        Command::Rank(args) => commands::rank::run(&args, &app).await,
        Command::Export(args) => commands::export::run(&args, &app).await,
        Command::Check(args) => commands::check::run(&args, &app).await,
    }
}

/// Tells an error with its causes on one line, and returns the exit code.
fn report(error: &anyhow::Error) -> ExitCode {
    let is_closed_pipe = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    });
    if is_closed_pipe {
        return ExitCode::SUCCESS;
    }
    output::complain(&format!("error: {error:#}"));
    match error.downcast_ref::<UsageError>() {
        Some(_) => ExitCode::from(2),
        None => ExitCode::FAILURE,
    }
}
