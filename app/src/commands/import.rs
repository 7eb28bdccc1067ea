//! `trouvaille import`: saved shop responses into the store, as one complete pass per shop.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use catalog::{
    BegunCrawl, Checkpoint, CrawlReport, Currency, CurrencySource, Lease, NativeId, Outcome,
    PageWrite, Platform, Problem, ProblemKind, Reason, Shop, Start, Stop, Store, StoreError,
};
use clap::Args;
use crawler::platforms::{Page, shopify};
use crawler::{CrawlError, ShopLease};
use store::OpenMode;

use super::{open_store, reports};
use crate::App;
use crate::exit::{Exit, UsageError};
use crate::owner;
use crate::saved::{self, SavedFile};

/// Products that are stored in one step.
const PAGE_SIZE: usize = 250;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  trouvaille import products.json --shop https://shop.example
  trouvaille import page1.json.gz page2.json.gz --shop shop.example
  trouvaille import dumps/*.json               one shop per file, named by the file

Reads every shape of Shopify's answers: {\"products\": [...]}, a bare array, {\"product\": {...}}, \
product listings, maps from id to product, Admin exports, and one product per line (.jsonl, \
.ndjson); plain or gzip. A product that can't be read is recorded as a problem and left out.

The files of a shop count as one complete pass: products known before and not in them are marked \
as gone, unless that would be more than half of them. Without --shop, products have no URL. With it, \
`trouvaille crawl --all` and `serve` crawl the shop when it is due, as any that was crawled once.

Exit codes: 0 every file was read, 3 some, 1 none, 2 wrong usage.")]
pub(crate) struct ImportArgs {
    /// Saved responses
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The shop that all files come from: its URL or host [default: one shop per file, named by the file]
    #[arg(long, value_name = "URL")]
    shop: Option<String>,
}

pub(crate) async fn run(args: &ImportArgs, app: &App) -> Result<Exit> {
    let batches = batches(args)?;
    let store = open_store(app, OpenMode::Create).await?;
    let bar = app.screen.bar(batches.len() as u64, "shops");
    let mut crawl_reports = Vec::new();
    for (shop, files) in &batches {
        bar.set_message(shop.key.to_string());
        crawl_reports.push(import_shop(shop, files, store.as_ref(), app).await?);
        bar.inc(1);
        if app.cancel.is_cancelled() {
            break;
        }
    }
    bar.finish_and_clear();
    reports::print(&crawl_reports, app)?;
    reports::note_store(&crawl_reports, store.as_ref(), reports::SAME_COMMAND, app);
    Ok(Exit::of_reports(&crawl_reports, app.cancel.is_cancelled()))
}

/// Returns the shops with their files, in the order of the command line.
fn batches(args: &ImportArgs) -> Result<Vec<(Shop, Vec<PathBuf>)>, UsageError> {
    if let Some(address) = &args.shop {
        let shop = crawler::shop_at(address).map_err(|error| UsageError(error.to_string()))?;
        return Ok(vec![(shop, args.files.clone())]);
    }
    let mut batches: Vec<(Shop, Vec<PathBuf>)> = Vec::new();
    for path in &args.files {
        let key = saved::shop_key_of(path)
            .map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
        if let Some((_, files)) = batches.iter().find(|(shop, _)| shop.key == key) {
            return Err(UsageError(format!(
                "{} and {} would both be the shop {:?}; import them in calls of their own with --shop",
                files[0].display(),
                path.display(),
                key.shown(),
            )));
        }
        let shop = Shop {
            key,
            platform: Platform::Shopify,
            url: String::new(),
            currency: Currency::UNKNOWN,
            currency_source: CurrencySource::Unknown,
        };
        batches.push((shop, vec![path.clone()]));
    }
    Ok(batches)
}

async fn import_shop(
    shop: &Shop,
    files: &[PathBuf],
    store: &dyn Store,
    app: &App,
) -> Result<CrawlReport> {
    let mut shop = shop.clone();
    if let Some(currency) = app.config.currency_of(&shop.key) {
        shop.currency = currency;
        shop.currency_source = CurrencySource::Config;
    }
    // A shop of whose files none can be read is not worth a place in the store.
    let unreadable: Vec<String> = files
        .iter()
        .filter_map(|path| probe(path, &shop).err())
        .map(|error| format!("{error:#}"))
        .collect();
    if unreadable.len() == files.len() {
        let reason = Reason::new(Stop::Damaged, unreadable.join("; "));
        return Ok(reports::unstored(&shop, Outcome::Failed(reason), app));
    }
    let owner = owner::new_name();
    let terms = owner::lease_terms(&owner);
    match ShopLease::take(&shop.key, &terms, store, &app.cancel).await {
        Ok(lease) => {
            let pass = import_pass(&shop, files, lease.lease(), store, app);
            let done: Result<CrawlReport> = lease.hold_for(pass).await;
            let error = match done {
                Ok(report) => return Ok(report),
                Err(error) => error.downcast::<StoreError>()?,
            };
            // It is paused or forgotten, which concerns no other shop.
            let StoreError::Fenced { .. } = error else {
                return Err(error.into());
            };
            let outcome = reports::outcome_of(&CrawlError::Store(error));
            Ok(reports::unstored(&shop, outcome, app))
        }
        Err(CrawlError::Store(error)) => Err(error.into()),
        Err(error) => Ok(reports::unstored(&shop, reports::outcome_of(&error), app)),
    }
}

async fn import_pass(
    shop: &Shop,
    files: &[PathBuf],
    lease: &Lease,
    store: &dyn Store,
    app: &App,
) -> Result<CrawlReport> {
    let begun = store
        .begin_crawl(lease, shop, Start::Fresh, app.clock.now())
        .await?;
    let mut pass = Pass {
        begun: &begun,
        store,
        app,
        pending: Page::default(),
        ids: HashSet::new(),
        n_bytes: 0,
        next_page: 1,
    };
    let mut failures = Vec::new();
    for path in files {
        match pass.file(path).await {
            Err(error) if error.is::<StoreError>() => return Err(error),
            Err(error) => failures.push(format!("{error:#}")),
            Ok(()) => {}
        }
    }
    pass.store_pending().await?;
    let n_read = files.len() - failures.len();
    let outcome = match (failures.is_empty(), app.cancel.is_cancelled()) {
        (_, true) => Outcome::Partial(Reason::new(
            Stop::Interrupted,
            "interrupted; import again for a complete pass",
        )),
        (true, false) => Outcome::Complete,
        (false, false) => {
            let reason = Reason::new(Stop::Damaged, failures.join("; "));
            if n_read > 0 {
                Outcome::Partial(reason)
            } else {
                Outcome::Failed(reason)
            }
        }
    };
    Ok(store
        .finish_crawl(&begun.ticket, outcome, app.clock.now())
        .await?)
}

/// Looks for one document in a file that can be read.
fn probe(path: &Path, shop: &Shop) -> Result<()> {
    let context = || format!("cannot read {}", path.display());
    let saved = SavedFile::inspect(path).with_context(context)?;
    let mut documents = saved.documents().with_context(context)?;
    let mut first_error = None;
    while let Some((_, bytes)) = documents.next().with_context(context)? {
        match shopify::read_page(bytes, shop) {
            Ok(_) => return Ok(()),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match first_error {
        Some(error) => Err(error).with_context(context),
        None => bail!("{}: the file is empty", context()),
    }
}

/// One pass over the files of a shop, while it runs.
struct Pass<'a> {
    begun: &'a BegunCrawl,
    store: &'a dyn Store,
    app: &'a App,
    /// What was read and is not stored yet.
    pending: Page,
    /// The ids of the pass so far.
    ids: HashSet<NativeId>,
    n_bytes: u64,
    next_page: u32,
}

impl Pass<'_> {
    /// Reads one file. What was read before an error stays in the pass.
    async fn file(&mut self, path: &Path) -> Result<()> {
        let context = || format!("cannot read {}", path.display());
        let saved = SavedFile::inspect(path).with_context(context)?;
        let mut documents = saved.documents().with_context(context)?;
        let mut n_products = 0;
        let mut first_refusal = None;
        let mut n_documents = 0_u32;
        while let Some((span, bytes)) = documents.next().with_context(context)? {
            self.n_bytes += span.n_bytes;
            match shopify::read_page(bytes, &self.begun.shop) {
                Ok(page) => {
                    n_products += page.products.len();
                    self.take(page);
                }
                Err(error) if saved.has_lines() => {
                    let problem = Problem {
                        kind: ProblemKind::ProductRefused,
                        page: 0,
                        index: Some(n_documents),
                        product: None,
                        detail: format!(
                            "{}: document {}: {error}",
                            path.display(),
                            n_documents + 1
                        ),
                    };
                    self.pending.problems.push(problem);
                    first_refusal.get_or_insert(error);
                }
                Err(error) => return Err(error).with_context(context),
            }
            n_documents += 1;
            if self.pending.products.len() >= PAGE_SIZE || self.pending.problems.len() >= PAGE_SIZE
            {
                self.store_pending().await?;
            }
            if self.app.cancel.is_cancelled() {
                return Ok(());
            }
        }
        match first_refusal {
            Some(error) if n_products == 0 => Err(error).with_context(context),
            _ => Ok(()),
        }
    }

    /// Adds a page to what is to be stored; a product that is there already stays as it was first read.
    fn take(&mut self, page: Page) {
        self.pending.problems.extend(page.problems);
        for (index, product) in page.products.into_iter().enumerate() {
            if self.ids.insert(product.id.native.clone()) {
                self.pending.products.push(product);
            } else {
                let native = Some(&product.id.native);
                let detail = "stood in an earlier document";
                self.pending.problems.push(Problem::of_product(
                    ProblemKind::Duplicate,
                    index,
                    native,
                    detail,
                ));
            }
        }
    }

    async fn store_pending(&mut self) -> Result<()> {
        let mut page = std::mem::take(&mut self.pending);
        for problem in &mut page.problems {
            problem.page = self.next_page;
        }
        let write = PageWrite {
            page: self.next_page,
            products: page.products,
            problems: page.problems,
            // A crawl that goes on from an import that was cut off asks for every page.
            next: Some(Checkpoint::page(1)),
            bytes: std::mem::take(&mut self.n_bytes),
            at: self.app.clock.now(),
            task_entry: None,
            validators: None,
            not_modified: false,
            present: vec![],
        };
        self.store.apply_page(&self.begun.ticket, write).await?;
        self.next_page += 1;
        Ok(())
    }
}
