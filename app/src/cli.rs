//! The command line: the contract that scripts and manifests rely on.

use std::path::PathBuf;

use catalog::{Currency, ProductFilter, ShopKey, UnixMs};
use clap::{ArgAction, Args, Parser, Subcommand};
use crawler::ShopUrlError;

use crate::commands::{
    agent, backtest, check, crawl, demo, explain, export, import, mcp, migrate, prune, query, rank,
    report, serve, shops, summarize,
};
use crate::config::LogFormat;
use crate::exit::UsageError;

/// Finds the products that win: crawls shops politely, keeps every change, ranks, and says why.
#[derive(Debug, Parser)]
#[command(
    name = "trouvaille",
    version,
    max_term_width = 100,
    after_help = "Examples:
  trouvaille demo                                  see it work on invented shops, without the internet
  trouvaille crawl allbirds.com kith.com           crawl two shops into the store
  trouvaille rank --currency USD -k 50             rank what is stored, write ./top_k.csv
  trouvaille explain PRODUCT_ID                    why a product has its place, and what would move it
  trouvaille summarize -k 10                       what the data says of the first 10
  trouvaille mcp --print-config claude-desktop     what lets an assistant ask all this by itself
  trouvaille check                                 what is stored, and is it well?

Results go to standard output, logs and progress to standard error.
Exit codes: 0 all done, 1 nothing worked, 2 wrong usage, 3 some of it worked or it was interrupted."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[expect(clippy::doc_markdown, reason = "clap shows these lines as they are")]
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Configuration file [default: $XDG_CONFIG_HOME/trouvaille/config.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the data is: sqlite:PATH or mongodb://USER@HOST:PORT/DATABASE [default:
    /// sqlite:$XDG_DATA_HOME/trouvaille/trouvaille.db]
    #[arg(long, global = true, value_name = "URI")]
    pub(crate) store: Option<String>,
    /// Form of the log lines on standard error [default: text]
    #[arg(long, global = true, value_enum, value_name = "FORM")]
    pub(crate) log: Option<LogFormat>,
    /// Print results as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Only errors on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// More on standard error; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Record this time instead of the clock's, so that two runs can be compared byte by byte
    #[arg(long, global = true, hide = true, value_name = "RFC3339")]
    pub(crate) now: Option<UnixMs>,
}

#[expect(clippy::doc_markdown, reason = "clap shows these lines as they are")]
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Crawl invented shops on this machine and rank them: the whole product in one command
    Demo(demo::DemoArgs),
    /// Crawl shops into the store, or go on where an unfinished crawl stopped
    Crawl(crawl::CrawlArgs),
    /// Read saved shop responses into the store
    Import(import::ImportArgs),
    /// Rank products and write top_k.csv
    Rank(rank::RankArgs),
    /// Tell why a product has its place, and what would move it
    Explain(explain::ExplainArgs),
    /// Tell whether the ranking foretells what happens, or agrees with outside labels
    Backtest(backtest::BacktestArgs),
    /// Write what the data says of products, shops and lists, each claim with its facts
    Summarize(summarize::SummarizeArgs),
    /// Write one HTML file that says what wins and why, to be opened anywhere, offline
    Report(report::ReportArgs),
    /// Write what is stored as CSV, CSV for Excel, or JSON lines
    Export(export::ExportArgs),
    /// List the shops in the store, add some, pause or forget them
    Shops(shops::ShopsArgs),
    /// Copy all that one store has to another, and verify the copy
    Migrate(migrate::MigrateArgs),
    /// Thin out old observations without losing a change of a price
    Prune(prune::PruneArgs),
    /// Print the answer of one of the assistants' tools as JSON
    Query(query::QueryArgs),
    /// Serve assistants by the Model Context Protocol: what is stored, as tools
    Mcp(mcp::McpArgs),
    /// Serve agents of the A2A protocol, which crawl shops or write summaries on request
    Agent(agent::AgentArgs),
    /// Serve all agents and assistants, and crawl what is due by itself
    Serve(serve::ServeArgs),
    /// Tell the state of the data and the configuration; exit 1 when something is wrong
    Check(check::CheckArgs),
}

/// Which products a list is made of.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct FilterArgs {
    /// Only this shop: its key, host or URL; may be repeated
    #[arg(long = "shop", value_name = "SHOP")]
    pub(crate) shops: Vec<String>,
    /// Only this product type, in any case
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) product_type: Option<String>,
    /// Only this vendor, in any case
    #[arg(long, value_name = "VENDOR")]
    pub(crate) vendor: Option<String>,
    /// Only prices of this currency, for example EUR
    #[arg(long, value_name = "CODE", value_parser = Currency::parse)]
    pub(crate) currency: Option<Currency>,
    /// Only products that can be bought now
    #[arg(long)]
    pub(crate) in_stock: bool,
    /// Only products whose lowest price is at least this
    #[arg(long, value_name = "PRICE", value_parser = price, allow_negative_numbers = true)]
    pub(crate) price_min: Option<f64>,
    /// Only products whose lowest price is at most this
    #[arg(long, value_name = "PRICE", value_parser = price, allow_negative_numbers = true)]
    pub(crate) price_max: Option<f64>,
}

impl FilterArgs {
    /// Returns the filter.
    pub(crate) fn to_filter(&self) -> Result<ProductFilter, UsageError> {
        let wrong = |text, error| UsageError(format!("--shop {text}: {error}"));
        let shops = self.shops.iter();
        let shops = shops.map(|text| shop_key(text).map_err(|error| wrong(text, error)));
        let shops = shops.collect::<Result<_, _>>()?;
        Ok(ProductFilter {
            shops,
            product_type: self.product_type.clone(),
            vendor: self.vendor.clone(),
            currency: self.currency,
            in_stock: self.in_stock,
            price_min: self.price_min,
            price_max: self.price_max,
        })
    }
}

/// Reads a shop's key from the key itself, a host, or a URL.
pub(crate) fn shop_key(text: &str) -> Result<ShopKey, ShopUrlError> {
    if text.contains("://") {
        return Ok(crawler::shop_at(text)?.key);
    }
    let key = if text.contains('%') {
        text.parse()
    } else {
        ShopKey::encode(text)
    };
    Ok(key?)
}

fn price(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(price) if price.is_finite() && price >= 0.0 => Ok(price),
        _ => Err("expected a price such as 12.90".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_the_agents_tells_of_both_trades() {
        let agent = Cli::command().find_subcommand("agent").cloned().unwrap();
        let about = agent.get_about().unwrap().to_string();
        assert!(
            about.contains("crawl shops") && about.contains("summaries"),
            "{about}"
        );
    }

    #[test]
    fn a_shop_is_named_by_key_host_or_url() {
        for text in [
            "shop.example",
            "Shop.Example",
            "https://shop.example/collections/all",
        ] {
            assert_eq!(shop_key(text).unwrap().as_str(), "shop.example");
        }
        assert_eq!(shop_key("127.0.0.1:80").unwrap().as_str(), "127.0.0.1%3A80");
        assert_eq!(
            shop_key("127.0.0.1%3A80").unwrap().as_str(),
            "127.0.0.1%3A80"
        );
    }
}
