//! What a task is told while one of its items is done.

use std::sync::atomic::{AtomicU64, Ordering};

use catalog::{ClaimedItem, StoreError, TaskChange, TaskEntry, TaskState};
use crawler::PageRead;
use crawler::fetch::Pace;
use serde_json::{Value, json};

use super::{PRODUCT, SHOP};
use crate::Context;

/// At most two events a second come of a task, whoever works on it.
const MIN_GAP_MS: u64 = 500;

/// A gap that no two events have: the entry is checked and writes nothing.
const NO_EVENT_MS: u64 = 1 << 50;

/// The progress of one item.
pub(super) struct Progress<'a> {
    claimed: &'a ClaimedItem,
    context: &'a Context,
    store: &'a str,
    n_stores: u64,
    n_done: u64,
    n_products: AtomicU64,
    n_bytes: AtomicU64,
    /// Products at the last event.
    n_told: AtomicU64,
}

/// Returns how many shops or products the task has, and how many are done.
///
/// In a large task every 16th item counts anew and the others say what was said before: else all items together
/// would read the square of their number.
async fn counts(claimed: &ClaimedItem, context: &Context) -> Result<(u64, u64), StoreError> {
    let item = &claimed.item;
    let said = |name: &str| claimed.task.data.as_ref()?.get(name)?.as_u64();
    if item.n > 16
        && !item.n.is_multiple_of(16)
        && let (Some(n_stores), Some(n_done)) = (said("stores"), said("storesDone"))
    {
        return Ok((n_stores, n_done));
    }
    let items = context.tasks.items(&item.task).await?;
    let mut counts = (0, 0);
    for item in items
        .iter()
        .filter(|it| [SHOP, PRODUCT].contains(&it.kind.as_str()))
    {
        counts.0 += 1;
        counts.1 += u64::from(item.result.is_some());
    }
    Ok(counts)
}

impl<'a> Progress<'a> {
    /// Says that the work on an item begins.
    pub(super) async fn begin(
        claimed: &'a ClaimedItem,
        context: &'a Context,
        store: &'a str,
    ) -> Result<Self, StoreError> {
        let (n_stores, n_done) = counts(claimed, context).await?;
        let progress = Self {
            claimed,
            context,
            store,
            n_stores,
            n_done,
            n_products: AtomicU64::new(0),
            n_bytes: AtomicU64::new(0),
            n_told: AtomicU64::new(0),
        };
        let change = TaskChange::State {
            state: TaskState::Working,
            note: Some(format!("asking {store}")),
            data: Some(progress.figures(0, 0, 0)),
        };
        // The first one of the task is told whatever was before it: it begins the work.
        let entry = TaskEntry {
            min_gap_ms: MIN_GAP_MS,
            ..TaskEntry::of_holder(&claimed.lease, change, (context.now)())
        };
        context.hub.append(&entry).await?;
        Ok(progress)
    }

    /// Counts what an earlier attempt stored.
    pub(super) fn goes_on_from(&self, n_products: u64, n_bytes: u64) {
        self.n_products.store(n_products, Ordering::Relaxed);
        self.n_bytes.store(n_bytes, Ordering::Relaxed);
    }

    /// Returns what the task is told of a page, with which it is stored; told or not, it is stored only while the item
    /// is still this holder's and the task is not at its end.
    pub(super) fn entry(&self, page: PageRead, pace: &Pace, every_products: u64) -> TaskEntry {
        let add = |sum: &AtomicU64, it: u64| sum.fetch_add(it, Ordering::Relaxed) + it;
        let n_products = add(&self.n_products, page.n_products);
        add(&self.n_bytes, page.bytes);
        let is_due = n_products >= self.n_told.load(Ordering::Relaxed) + every_products;
        if is_due {
            self.n_told.store(n_products, Ordering::Relaxed);
        }
        let change = TaskChange::State {
            state: TaskState::Working,
            note: None,
            data: Some(self.figures(page.page, pace.n_requests(), pace.n_refusals())),
        };
        let entry = TaskEntry::of_holder(&self.claimed.lease, change, (self.context.now)());
        TaskEntry {
            min_gap_ms: if is_due { MIN_GAP_MS } else { NO_EVENT_MS },
            ..entry
        }
    }

    fn figures(&self, page: u32, n_requests: u64, n_refusals: u64) -> Value {
        json!({
            "store": self.store,
            "page": page,
            "products": self.n_products.load(Ordering::Relaxed),
            "bytes": self.n_bytes.load(Ordering::Relaxed),
            "requests": n_requests,
            "retries429": n_refusals,
            "storesDone": self.n_done,
            "stores": self.n_stores,
        })
    }
}
