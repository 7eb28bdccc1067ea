//! The last item of a task: what all others found becomes artifacts, and the task ends.

use std::collections::HashMap;

use catalog::{
    ClaimedItem, ItemEnd, NativeId, Platform, ProductFilter, ProductId, ProductRow, Record,
    RecordKey, RecordKind, ShopKey, StoreError, TaskState, UnixMs, WorkItem,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::CLOSE;
use super::errors;
use super::lists::List;
use super::outcome::{Ended, verdict};
use super::plan::CloseWork;
use crate::skills::packed::failed;
use crate::skills::results::{artifact, data, end, within};
use crate::skills::work_of;
use crate::{Context, Trade, agent};

/// How many products are read at once.
const BLOCK_ROWS: usize = 500;

/// The longest list of shops in the summary, in bytes of JSON.
const MAX_BYTES: usize = 80 << 10;

pub(super) async fn run(
    claimed: &ClaimedItem,
    context: &Context,
    cancel: &CancellationToken,
) -> Result<ItemEnd, StoreError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Ok(ItemEnd::Unfinished),
        closed = close(claimed, context) => closed.map(ItemEnd::Done),
    }
}

/// Writes everything anew, whatever an earlier attempt wrote, and ends the task.
async fn close(claimed: &ClaimedItem, context: &Context) -> Result<Value, StoreError> {
    let work = work_of::<CloseWork>(&claimed.item.payload).unwrap_or_default();
    let items = context.tasks.items(&claimed.item.task).await?;
    // An earlier attempt asked back and was killed before it could say so; what was answered has an end of its own.
    if (items.iter()).any(|it| it.kind == CLOSE && it.n > claimed.item.n) {
        return Ok(json!({ "failed": "the caller's answer took its place" }));
    }
    let ends = ends(&items);
    let (state, note) = verdict(&ends);
    if work.has_list && state == TaskState::Completed {
        let parts = products(&work, &ends, claimed, context).await?;
        let what = match changed_since(&work, claimed) {
            Some(since) => format!(
                "Products that are new or changed since {since}, packed or not as the client asks."
            ),
            None => "All products of the shops, packed or not as the client asks.".to_owned(),
        };
        artifact("products", &what, parts, claimed, context).await?;
    }
    let read: Vec<Value> = ends.iter().filter_map(|end| end.product.clone()).collect();
    if !read.is_empty() {
        let parts = read.iter().map(data).collect();
        let what = "The products as their shops show them now; they are not stored.";
        artifact("product", what, parts, claimed, context).await?;
    }
    if ends
        .iter()
        .any(|end| !end.outcome.is_done() || has_problems(end))
    {
        let parts = vec![data(&errors::data(&ends, context).await?)];
        let what = "Shops that failed, and what could not be read of the others.";
        artifact("errors", what, parts, claimed, context).await?;
    }
    let summary = summary(&ends, claimed, context);
    let what = "How each shop ended, and all numbers.";
    artifact("summary", what, vec![data(&summary)], claimed, context).await?;
    end(state, note, claimed, context).await?;
    Ok(json!({ "state": state.name() }))
}

/// Returns the newest end of each shop and product, in the order in which they were first asked for.
fn ends(items: &[WorkItem]) -> Vec<Ended> {
    let mut ends: Vec<Ended> = Vec::new();
    let mut places = HashMap::new();
    for end in items.iter().filter_map(Ended::of_item) {
        let place = *places.entry(end.store.clone()).or_insert(ends.len());
        match ends.get_mut(place) {
            Some(earlier) => *earlier = end,
            None => ends.push(end),
        }
    }
    ends
}

/// Returns since when the products that are listed are new or changed; `None` for all.
fn changed_since(work: &CloseWork, claimed: &ClaimedItem) -> Option<UnixMs> {
    let asked_at = work.asked_at.unwrap_or(claimed.task.created_at);
    work.since.or(work.only_new.then_some(asked_at))
}

/// Writes the lists of products, and returns the parts that lead to them.
async fn products(
    work: &CloseWork,
    ends: &[Ended],
    claimed: &ClaimedItem,
    context: &Context,
) -> Result<Vec<Value>, StoreError> {
    let lists = [work.has_csv.then(List::csv), Some(List::ndjson())];
    let lists: Result<Vec<List>, _> = lists.into_iter().flatten().collect();
    let mut lists = lists.map_err(|error| failed(context, &error))?;
    let since = changed_since(work, claimed);
    let platform = match agent(&claimed.task.agent).map(|it| it.trade) {
        Some(Trade::Crawl(platform)) => platform,
        _ => Platform::Shopify,
    };
    let mut shops: Vec<&ShopKey> = (ends.iter())
        .filter_map(|end| Some(&end.report.as_ref()?.key.shop))
        .collect();
    shops.sort_unstable();
    for shop in shops {
        let mut after = None;
        loop {
            let (rows, next) = block((platform, shop), since, after.as_ref(), context).await?;
            lists = written(lists, rows, context).await?;
            for list in &mut lists {
                list.store(claimed, context).await?;
            }
            if next.is_none() {
                break;
            }
            after = next;
        }
    }
    let mut parts = Vec::new();
    for list in lists {
        parts.push(list.finish(claimed, context).await?);
    }
    Ok(parts)
}

/// Rows of a shop, and the product behind which there may be more.
type Block = (Vec<ProductRow>, Option<ProductId>);

/// Returns the next rows of a shop.
async fn block(
    (platform, shop): (Platform, &ShopKey),
    since: Option<UnixMs>,
    after: Option<&ProductId>,
    context: &Context,
) -> Result<Block, StoreError> {
    if let Some(since) = since {
        return changed((platform, shop), since, after, context).await;
    }
    let filter = ProductFilter {
        shops: vec![shop.clone()],
        ..ProductFilter::default()
    };
    let rows = context.store.products(&filter, after, BLOCK_ROWS).await?;
    let next = (rows.len() == BLOCK_ROWS).then(|| rows.last().map(|it| it.id.clone()));
    Ok((rows, next.flatten()))
}

/// Does the same for products that were stored at `since` or later, which are those that were new or changed.
async fn changed(
    (platform, shop): (Platform, &ShopKey),
    since: UnixMs,
    after: Option<&ProductId>,
    context: &Context,
) -> Result<Block, StoreError> {
    let first = ProductId {
        platform,
        shop: shop.clone(),
        native: NativeId::Number(-1),
    };
    let after = RecordKey::Product(after.cloned().unwrap_or(first));
    let records = context
        .store
        .records(RecordKind::Product, Some(&after), BLOCK_ROWS);
    let records = records.await?;
    let is_full = records.len() == BLOCK_ROWS;
    let mut ids = Vec::new();
    let mut next = None;
    for record in records {
        let Record::Product(it) = record else {
            continue;
        };
        if it.product.id.shop != *shop {
            next = None;
            break;
        }
        next = is_full.then(|| it.product.id.clone());
        if it.stored_at >= since && it.gone_at.is_none() {
            ids.push(it.product.id);
        }
    }
    let rows = context.store.product_rows(&ids).await?;
    Ok((rows, next))
}

/// Writes rows into all lists, beside the runtime's own work.
async fn written(
    mut lists: Vec<List>,
    rows: Vec<ProductRow>,
    context: &Context,
) -> Result<Vec<List>, StoreError> {
    let write = move || {
        for list in &mut lists {
            list.write(&rows)?;
        }
        Ok(lists)
    };
    let written = tokio::task::spawn_blocking(write).await;
    let written: std::io::Result<_> = written.map_err(|error| failed(context, &error))?;
    written.map_err(|error| failed(context, &error))
}

/// Returns the data of the artifact `summary`.
fn summary(ends: &[Ended], claimed: &ClaimedItem, context: &Context) -> Value {
    let count = |word: &str| ends.iter().filter(|end| end.outcome.word() == word).count();
    let sum = |of: fn(&catalog::CrawlCounts) -> u64| -> u64 {
        let reports = ends.iter().filter_map(|end| end.report.as_ref());
        reports.map(|report| of(&report.counts)).sum()
    };
    let stores: Vec<Value> = ends.iter().map(store).collect();
    let passed_ms = (context.now)().ms() - claimed.task.created_at.ms();
    let stores = within(stores, MAX_BYTES);
    json!({
        "partial": ends.iter().any(|end| !end.outcome.is_done()),
        "counts": {
            "stores": ends.len(),
            "complete": count("complete"),
            "partial": count("partial"),
            "blocked": count("blocked"),
            "gone": count("gone"),
            "failed": count("failed"),
            "pages": sum(|it| it.pages),
            "products": sum(|it| it.products),
            "new": sum(|it| it.new),
            "changed": sum(|it| it.changed),
            "back": sum(|it| it.back),
            "goneProducts": sum(|it| it.gone),
            "problems": sum(|it| it.problems),
            "bytes": sum(|it| it.bytes),
            "requests": ends.iter().map(|end| end.requests).sum::<u64>(),
            "retries429": ends.iter().map(|end| end.retries429).sum::<u64>(),
        },
        "ms": passed_ms.max(0),
        "storesLeftOut": ends.len() - stores.len(),
        "stores": stores,
    })
}

fn store(end: &Ended) -> Value {
    let mut store = json!({
        "store": end.store,
        "outcome": end.outcome.word(),
        "ms": end.ms,
    });
    let mut set = |name: &str, value: Value| store[name] = value;
    if let Some(code) = end.code {
        set("code", json!(code));
    }
    if end.is_stored {
        set("isStored", json!(true));
    }
    if let Some(report) = &end.report {
        set("report", json!(report));
    }
    store
}

fn has_problems(end: &Ended) -> bool {
    let report = end.report.as_ref();
    report.is_some_and(|report| report.counts.problems > 0)
}
