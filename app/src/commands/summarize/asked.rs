//! What is asked for: products, as they are named or ranked, and the sheets of shops and lists.

use std::path::Path;

use anyhow::{Context, Result, bail};
use catalog::{Language, ProductFilter, ProductId, Ranking, Store};
use summarizer::Ask;

use super::{SummarizeArgs, listed, segment, sheets};
use crate::App;
use crate::cli::shop_key;
use crate::commands::explain::find;
use crate::exit::UsageError;
use crate::output::counted;

/// Products asked of the store at a time.
const BLOCK_ROWS: usize = 1_000;

/// What is asked for.
pub(super) struct Asked {
    /// Each once, in the order in which they are shown.
    pub(super) subjects: Vec<Ask>,
    /// Products of a list that are not stored.
    pub(super) n_unknown: usize,
}

/// Returns the subjects that are asked for.
pub(super) async fn find(args: &SummarizeArgs, store: &dyn Store, app: &App) -> Result<Asked> {
    let mut n_unknown = 0;
    let products = match &args.list {
        Some(path) => {
            let ids = listed::products(path, args.k)?;
            let stored = of_list(&ids, path, store).await?;
            n_unknown = ids.len() - stored.len();
            stored
        }
        None if !args.subjects.is_empty() => {
            let subjects = named(args, store, app).await?;
            return Ok(Asked {
                subjects,
                n_unknown,
            });
        }
        None if args.is_brief_alone() => vec![],
        None => ranked(args.k.unwrap_or(app.config.rank.k), store).await?,
    };
    Ok(Asked {
        subjects: products.into_iter().map(Ask::Product).collect(),
        n_unknown,
    })
}

/// Returns the first `k` products of the latest ranking that are still stored.
async fn ranked(k: usize, store: &dyn Store) -> Result<Vec<ProductId>> {
    let ranking = there(store.latest_ranking_in_brief().await?, store)?;
    let ids: Vec<ProductId> = ranking
        .rows
        .into_iter()
        .take(k)
        .map(|it| it.product.id)
        .collect();
    let stored = stored(&ids, store).await?;
    if stored.is_empty() {
        bail!(
            "no product of the latest ranking in {} is stored any more: rank anew with `trouvaille rank`",
            store.location()
        );
    }
    Ok(stored)
}

/// Returns the latest ranking.
pub(super) async fn latest(store: &dyn Store) -> Result<Ranking> {
    there(store.latest_ranking().await?, store)
}

fn there(ranking: Option<Ranking>, store: &dyn Store) -> Result<Ranking> {
    ranking.with_context(|| {
        format!(
            "no ranking is stored in {}: make one with `trouvaille rank`, or name the products",
            store.location()
        )
    })
}

async fn of_list(ids: &[ProductId], path: &Path, store: &dyn Store) -> Result<Vec<ProductId>> {
    let stored = stored(ids, store).await?;
    if stored.is_empty() {
        bail!(
            "none of the products in {} is in {}: name the store of the list with --store",
            path.display(),
            store.location()
        );
    }
    if stored.len() < ids.len() {
        let n_unknown = counted((ids.len() - stored.len()) as u64, "product");
        tracing::warn!(
            "leaving out {n_unknown} of {}: not in {}; crawl their shops, or name the store of the list with --store",
            path.display(),
            store.location()
        );
    }
    Ok(stored)
}

/// Returns those of `ids` that are stored, in their order.
async fn stored(ids: &[ProductId], store: &dyn Store) -> Result<Vec<ProductId>> {
    let mut stored = Vec::new();
    for ids in ids.chunks(BLOCK_ROWS) {
        let rows = store.product_rows(ids).await?;
        stored.extend(rows.into_iter().map(|it| it.id));
    }
    Ok(stored)
}

async fn named(args: &SummarizeArgs, store: &dyn Store, app: &App) -> Result<Vec<Ask>> {
    if args.k.is_some() && args.brief.is_none() {
        return Err(UsageError(
            "-k takes the first of a list, and the subjects are named one by one: leave out one of them".to_owned(),
        )
        .into());
    }
    let mut asks = Vec::new();
    for name in &args.subjects {
        for ask in subject(name, &args.languages(), store, app).await? {
            if !asks.contains(&ask) {
                asks.push(ask);
            }
        }
    }
    Ok(asks)
}

/// Returns what a name asks for: a sheet in each language, or a product.
async fn subject(
    name: &str,
    languages: &[Language],
    store: &dyn Store,
    app: &App,
) -> Result<Vec<Ask>> {
    let sheets = match name.split_once(':') {
        Some(("shop", shop)) => {
            let key = shop_key(shop).map_err(|error| UsageError(format!("{name}: {error}")))?;
            sheets::shop(&key, languages, store, app).await?
        }
        Some(("segment", segment)) => segment::sheets(segment, languages, store, app).await?,
        None if name == "changes" => sheets::changes(languages, store, app).await?,
        None if name == "top-k" => {
            let ranking = latest(store).await?;
            sheets::top_k(ranking, None, languages, store, app.clock.now()).await?
        }
        _ => {
            let product = name.strip_prefix("product:").unwrap_or(name);
            let product = find::product(store, product, &ProductFilter::default()).await?;
            return Ok(vec![Ask::Product(product.id)]);
        }
    };
    Ok(sheets
        .into_iter()
        .map(|it| Ask::Sheet(Box::new(it)))
        .collect())
}
