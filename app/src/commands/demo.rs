//! `trouvaille demo`: the whole product on invented shops: real sockets, a real crawl, a real store, real lists.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use catalog::{
    CrawlReport, Language, MeterLimits, ProductFilter, Ranking, Start, Store, Summary, TaskStore,
    csv,
};
use clap::Args;
use crawler::CrawlOptions;
use crawler::fetch::{FetchConfig, Fetcher};
use store::OpenMode;
use summarizer::{Ask, Order};
use testkit::Demo;

use super::{crawl, export, rank, reports, summarize};
use crate::exit::{Exit, UsageError};
use crate::summaries::{self, Writer};
use crate::{App, output, owner, presets};

/// Fast enough for a demonstration; the shops are ours.
const REQUESTS_PER_SECOND: f64 = 20.0;

/// Places in the demo's ranking.
const K: usize = 50;

/// Products that are summarized.
const N_SUMMARIES: usize = 5;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille demo                    everything in ./trouvaille-demo
  trouvaille demo --out /tmp/look    … or elsewhere
  trouvaille demo --keep-serving     leaves the shops open, to look at them

Starts six invented shops on this machine, crawls them over real HTTP into DIR/trouvaille.db, \
ranks their products, writes DIR/top_k.csv, DIR/products.csv and three pictures, and says of the first five what the \
data says, without a language model. Nothing leaves this machine. \
One of the shops asks for patience (429 with Retry-After) to show how that is met.")]
pub(crate) struct DemoArgs {
    /// Folder for the store and the lists
    #[arg(long, value_name = "DIR", default_value = "trouvaille-demo")]
    out: PathBuf,
    /// Leave the shops open until Ctrl-C
    #[arg(long)]
    keep_serving: bool,
}

pub(crate) async fn run(args: &DemoArgs, app: &App) -> Result<Exit> {
    if app.global.store.is_some() {
        return Err(UsageError(
            "the demo has a store of its own: name its folder with --out".to_owned(),
        )
        .into());
    }
    let preset = presets::preset(app, None)?;
    let folder = output::absolute(&args.out);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let demo = testkit::start_demo(&testkit::demo_shops())
        .await
        .context("cannot open the demo's shops on 127.0.0.1")?;
    let store_path = folder.join("trouvaille.db");
    let uri = format!("sqlite:{}", store_path.display());
    let (store, tasks) = store::open_with_tasks(&uri, OpenMode::Create).await?;
    app.screen
        .note("crawling six invented shops on this machine; one of them asks for patience …");
    let crawl_reports = crawl_demo(&demo, store.as_ref(), app).await?;
    if app.cancel.is_cancelled() {
        return Ok(Exit::Some);
    }
    let everything = ProductFilter::default();
    let wanted = rank::Wanted {
        preset: &preset,
        filter: &everything,
        k: K,
        min_coverage: 0.0,
    };
    let ranked = rank::rank_store(store.as_ref(), &wanted, app).await?;
    let ranking = &ranked.ranking;
    store.save_ranking(ranking).await?;
    let (top_k, products) = (folder.join("top_k.csv"), folder.join("products.csv"));
    output::write_to(&top_k, |out| {
        csv::write_top_k(ranking, csv::Format::Csv, out)
    })?;
    export::products(store.as_ref(), &everything, csv::Format::Csv, &products).await?;
    let summaries = summaries(ranking, &store, &tasks, app).await?;
    if app.global.json {
        output::print_json(&serde_json::json!({
            "store": store_path,
            "products": products,
            "crawls": crawl_reports,
            "ranking": rank::json(&ranked, Some(&top_k)),
            "summaries": summaries,
        }))?;
    } else {
        rank::show(&ranked, &top_k, app)?;
        let first = summaries.len();
        output::print(&format!(
            "\nWhat the data says of the first {first} (no language model was asked):"
        ))?;
        for summary in &summaries {
            output::print(&format!("\n{}", summarize::text(summary)))?;
        }
        output::print("")?;
        let program = program();
        output::print(&format!("All products: {}", products.display()))?;
        output::print(&format!("The store:    {}", store_path.display()))?;
        output::print(&format!("Pictures:     {}/*.svg", folder.display()))?;
        output::print("\nNext:")?;
        if let Some(first) = ranking.rows.first() {
            let id = &first.product.id;
            output::print(&format!("  {program} --store {uri} explain {id}"))?;
        }
        for command in [
            "summarize --brief",
            "report --out report.html",
            "rank --currency EUR --in-stock -k 20",
            "check",
        ] {
            output::print(&format!("  {program} --store {uri} {command}"))?;
        }
        output::print(&format!("  {program} crawl https://a-shop-you-like.com"))?;
    }
    rank::draw(ranked, &folder).await?;
    if args.keep_serving {
        keep_serving(&demo, app).await?;
    }
    demo.stop().await;
    Ok(Exit::of_reports(&crawl_reports, false))
}

async fn crawl_demo(demo: &Demo, store: &dyn Store, app: &App) -> Result<Vec<CrawlReport>> {
    let pinned_hosts: HashMap<_, _> = demo
        .addresses()
        .map(|(host, address)| (host.to_owned(), address))
        .collect();
    let fetcher = Fetcher::new(FetchConfig {
        contact_url: "https://trouvaille.example/demo".to_owned(),
        requests_per_second: Some(REQUESTS_PER_SECOND),
        platform_requests_per_second: None,
        total_requests_per_second: None,
        allow_private: vec!["127.0.0.0/8".parse().expect("a valid network")],
        pinned_hosts,
        ..FetchConfig::default()
    })?;
    let shops = demo
        .addresses()
        .map(|(host, _)| crawler::shop_at(&format!("http://{host}")))
        .collect::<Result<Vec<_>, _>>()?;
    let owner = owner::new_name();
    let options = CrawlOptions {
        start: Start::Fresh,
        max_pages: None,
        currency: None,
        started_at: app.clock.now(),
        lease: owner::lease_terms(&owner),
        spares_paused: true,
        task: None,
    };
    let named = shops.iter().map(|it| it.key.clone()).collect();
    let crawls = crawl::crawl_shops(&shops, &named, &options, &fetcher, store, app);
    let crawl_reports = crawls.await;
    if !app.global.json {
        output::print(&reports::table(&crawl_reports))?;
    }
    Ok(crawl_reports)
}

/// Makes summaries of the first products of the facts alone, whatever model is configured, and stores them.
async fn summaries(
    ranking: &Ranking,
    store: &Arc<dyn Store>,
    tasks: &Arc<dyn TaskStore>,
    app: &App,
) -> Result<Vec<Summary>> {
    let writer = Writer::Form("nothing of the demo leaves this machine");
    let context = summaries::context(Arc::clone(store), Arc::clone(tasks), &writer, app);
    let rows = ranking.rows.iter().take(N_SUMMARIES);
    let order = Order {
        subjects: rows.map(|it| Ask::Product(it.product.id.clone())).collect(),
        languages: vec![Language::En],
        limits: MeterLimits::default(),
        only: Some(summaries::own_name(&context)),
    };
    let outcome = summarize::carry_out(&order, &context, app).await?;
    let mut summaries = Vec::new();
    for (subject, language) in outcome.stored() {
        summaries.extend(store.summary(&subject, language.code()).await?);
    }
    Ok(summaries)
}

async fn keep_serving(demo: &Demo, app: &App) -> Result<()> {
    for (host, address) in demo.addresses() {
        output::print(&format!("{host} is open at http://{address}/"))?;
    }
    app.screen.note("the shops stay open until Ctrl-C");
    app.cancel.cancelled().await;
    Ok(())
}

/// Returns the name under which the program was called, so that the next commands can be copied.
fn program() -> String {
    let name = std::env::args_os()
        .next()
        .unwrap_or_else(|| "trouvaille".into());
    name.to_string_lossy().into_owned()
}
