//! `trouvaille shops`: the list of shops that `crawl --all` goes through.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use catalog::{ShopKey, ShopStatus, Store, UnixMs};
use clap::{Args, Subcommand};
use serde_json::json;
use store::OpenMode;

use super::{check, open_store, reports};
use crate::App;
use crate::cli::shop_key;
use crate::due::Due;
use crate::exit::{Exit, UsageError};
use crate::output::{self, counted, grouped, shortened};
use crate::{owner, shop_list};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille shops list                        which shops, how much of each, who crawls one now?
  trouvaille shops add allbirds.com kith.com   for the next `trouvaille crawl --all`
  trouvaille shops add --from shops.txt        a list, one address per line
  trouvaille shops pause kith.com              `crawl --all` leaves it out; its data stays
  trouvaille shops resume kith.com
  trouvaille shops forget kith.com             removes the shop, its products and their history

Shops in the configuration (shops = [\"allbirds.com\"]) are added by `crawl --all` and `shops list`.

Exit codes: 0 done, 1 a shop is not in the store or the store can't be used, 2 wrong usage.")]
pub(crate) struct ShopsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the shops with their numbers, and who crawls one now
    #[command(after_help = "Examples:
  trouvaille shops list
  trouvaille shops list --json | jq '.[] | select(.is_paused)'")]
    List,
    /// Add shops, to be crawled later
    #[command(after_help = "Examples:
  trouvaille shops add allbirds.com https://kith.com
  trouvaille shops add --from shops.txt        one address per line, # begins a comment

A shop that is there already stays as it is.")]
    Add(AddArgs),
    /// Have `crawl --all` leave shops out
    #[command(after_help = "Examples:
  trouvaille shops pause kith.com

A crawl of it that is running ends as failed (superseded), and goes on when it is crawled again. Its \
data stays, and is ranked and exported as before. `trouvaille crawl kith.com` crawls it all the same.")]
    Pause(NamedArgs),
    /// Have `crawl --all` crawl paused shops again
    #[command(after_help = "Examples:
  trouvaille shops resume kith.com")]
    Resume(NamedArgs),
    /// Remove shops with their products, history and crawls
    #[command(after_help = "Examples:
  trouvaille shops forget kith.com

This can't be undone. Rankings and summaries keep what they say of the shop. A crawl of it that \
is running ends as failed (superseded).")]
    Forget(NamedArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    /// Shops: URLs or hosts
    #[arg(value_name = "SHOP_URL")]
    shops: Vec<String>,
    /// Read shops from a file, one per line; - for standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct NamedArgs {
    /// Shops in the store: keys, hosts or URLs
    #[arg(required = true, value_name = "SHOP")]
    shops: Vec<String>,
}

pub(crate) async fn run(args: &ShopsArgs, app: &App) -> Result<Exit> {
    match &args.action {
        Action::List => list(app).await?,
        Action::Add(args) => add(args, app).await?,
        Action::Pause(args) => pause(args, true, app).await?,
        Action::Resume(args) => pause(args, false, app).await?,
        Action::Forget(args) => forget(args, app).await?,
    }
    Ok(Exit::All)
}

async fn list(app: &App) -> Result<()> {
    let mode = if app.config.shops().is_empty() {
        OpenMode::Existing
    } else {
        OpenMode::Create
    };
    let store = open_store(app, mode).await?;
    let shops = shop_list::stored_and_configured(store.as_ref(), app).await?;
    if app.global.json {
        return output::print_json(&shops);
    }
    let now = app.clock.now();
    let mut due = Due::new(app.config.recrawl_terms());
    let mut dues = Vec::with_capacity(shops.len());
    for status in &shops {
        let at = due.at(status, store.as_ref(), now).await?;
        dues.push(due_words(status, at, now));
    }
    output::print(&table(&shops, dues, now))
}

/// Returns when `crawl --all` and `serve` crawl a shop again.
fn due_words(status: &ShopStatus, at: Option<UnixMs>, now: UnixMs) -> String {
    if status.is_paused || status.shop.url.is_empty() {
        return "never".to_owned();
    }
    match at.filter(|at| *at > now) {
        None => "now".to_owned(),
        Some(at) => format!("in {}", check::span(now, at)),
    }
}

fn table(shops: &[ShopStatus], dues: Vec<String>, now: UnixMs) -> String {
    let header = [
        "shop",
        "platform",
        "products",
        "gone",
        "state",
        "last crawl",
        "outcome",
        "due",
        "crawled now by",
    ];
    let rows = shops.iter().zip(dues).map(|(status, due)| {
        let last = status.last_crawl.as_ref();
        let state = if status.is_paused { "paused" } else { "active" };
        let holder = status.lease.as_ref();
        let holder = holder.filter(|holder| !owner::is_dead(&holder.owner));
        [
            shortened(&status.shop.key.shown(), 40),
            status.shop.platform.name().to_owned(),
            grouped(status.n_products),
            grouped(status.n_gone),
            state.to_owned(),
            last.map_or("never".to_owned(), |crawl| {
                check::age(crawl.started_at, now)
            }),
            last.map_or(String::new(), |crawl| {
                reports::outcome_words(crawl.outcome.as_ref())
            }),
            due,
            holder.map_or(String::new(), |holder| owner::shown(&holder.owner)),
        ]
    });
    output::table(header, &[2, 3], rows.collect())
}

async fn add(args: &AddArgs, app: &App) -> Result<()> {
    let shops = shop_list::named(&args.shops, args.from.as_deref())?;
    if shops.is_empty() {
        let advice = "no shops: name their URLs, or use --from FILE";
        return Err(UsageError(advice.to_owned()).into());
    }
    let store = open_store(app, OpenMode::Create).await?;
    let mut results = Vec::new();
    for shop in &shops {
        let is_new = store.add_shop(shop, app.clock.now()).await?;
        let line = match is_new {
            true => format!("added {}", shop.key.shown()),
            false => format!("{} is there already", shop.key.shown()),
        };
        results.push((line, json!({ "shop": shop.key, "is_new": is_new })));
    }
    print(results, app)?;
    app.screen.note(&format!("stored in {}", store.location()));
    Ok(())
}

async fn pause(args: &NamedArgs, is_paused: bool, app: &App) -> Result<()> {
    let store = open_store(app, OpenMode::Existing).await?;
    let mut results = Vec::new();
    for status in known(&args.shops, store.as_ref()).await? {
        let key = &status.shop.key;
        if !store.pause_shop(key, is_paused).await? {
            return Err(unknown(&key.shown(), &[]));
        }
        let line = match (is_paused, status.is_paused) {
            (true, false) => "is paused: `crawl --all` leaves it out, and a crawl under way ends",
            (false, true) => "is active: `crawl --all` crawls it",
            (true, true) => "was paused already",
            (false, false) => "was active already",
        };
        let line = format!("{} {line}", key.shown());
        results.push((line, json!({ "shop": key, "is_paused": is_paused })));
    }
    print(results, app)
}

async fn forget(args: &NamedArgs, app: &App) -> Result<()> {
    let store = open_store(app, OpenMode::Existing).await?;
    let configured = app.config.shops();
    let mut results = Vec::new();
    for status in known(&args.shops, store.as_ref()).await? {
        let key = &status.shop.key;
        let Some(forgotten) = store.forget_shop(key).await? else {
            return Err(unknown(&key.shown(), &[]));
        };
        let mut line = format!(
            "forgot {}: {}, {} and {} are removed; rankings keep what they say of it",
            key.shown(),
            counted(forgotten.n_products, "product"),
            counted(forgotten.n_observations, "observation"),
            counted(forgotten.n_crawls, "crawl"),
        );
        let comes_back = configured.iter().any(|shop| shop.key == *key);
        if comes_back {
            line.push_str(
                "\nthe configuration lists it, so that the next `crawl --all` or `shops list` adds it again",
            );
        }
        let removed = json!({ "shop": key, "removed": forgotten, "comes_back": comes_back });
        results.push((line, removed));
    }
    print(results, app)
}

/// Prints what was done to each shop: a line, or its JSON.
fn print(results: Vec<(String, serde_json::Value)>, app: &App) -> Result<()> {
    let (lines, values): (Vec<String>, Vec<serde_json::Value>) = results.into_iter().unzip();
    if app.global.json {
        return output::print_json(&values);
    }
    output::print(&lines.join("\n"))
}

/// Returns the stored shops that are named, each once; an unknown one is an error, before anything is done.
async fn known(names: &[String], store: &dyn Store) -> Result<Vec<ShopStatus>> {
    let stored = store.shops().await?;
    let mut known: Vec<ShopStatus> = Vec::new();
    for name in names {
        let key = shop_key(name).map_err(|error| UsageError(error.to_string()))?;
        let found = stored.iter().find(|status| status.shop.key == key);
        let status = found.ok_or_else(|| unknown(name, &stored))?;
        if known.iter().all(|it| it.shop.key != key) {
            known.push(status.clone());
        }
    }
    Ok(known)
}

fn unknown(name: &str, stored: &[ShopStatus]) -> anyhow::Error {
    let host = shop_key(name).map_or_else(|_| name.to_owned(), |key: ShopKey| key.shown());
    let nearest = stored
        .iter()
        .map(|status| status.shop.key.shown())
        .map(|shown| (strsim::jaro_winkler(&shown, &host), shown))
        .max_by(|one, two| one.0.total_cmp(&two.0));
    match nearest {
        Some((likeness, nearest)) if likeness > 0.7 => {
            anyhow!("no shop {host} in the store: did you mean {nearest}?")
        }
        _ => anyhow!("no shop {host} in the store: `trouvaille shops list` lists them"),
    }
}
