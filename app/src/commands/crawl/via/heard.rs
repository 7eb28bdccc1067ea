//! What an agent told of each shop on the way: all there is of a task that was stopped before its summary.

use std::collections::HashMap;

use catalog::{CrawlCounts, CrawlReport, Outcome, Reason, Shop, ShopKey, Stop};
use serde_json::Value;

use crate::App;
use crate::commands::reports;

/// The pages and products of each shop as they were told last.
#[derive(Debug, Default)]
pub(super) struct Heard(HashMap<ShopKey, (u64, u64)>);

impl Heard {
    /// Takes note of a task's progress, where it is told as ours is.
    pub(super) fn take(&mut self, progress: Option<&Value>) {
        let Some((shop, counts)) = progress.and_then(read) else {
            return;
        };
        let (pages, products) = self.0.entry(shop).or_default();
        // A shop that is taken over begins to tell anew.
        *pages = counts.0.max(*pages);
        *products = counts.1.max(*products);
    }

    /// Returns records of the shops, all of them interrupted: which of them were done is not told.
    pub(super) fn reports(&self, shops: &[Shop], app: &App) -> Vec<CrawlReport> {
        let reports = shops.iter().map(|shop| {
            let detail = "the agent was stopped; what it had stored by then stays with it";
            let outcome = Outcome::Partial(Reason::new(Stop::Interrupted, detail));
            CrawlReport {
                counts: self.counts(&shop.key),
                ..reports::unstored(shop, outcome, app)
            }
        });
        reports.collect()
    }

    fn counts(&self, shop: &ShopKey) -> CrawlCounts {
        let (pages, products) = self.0.get(shop).copied().unwrap_or_default();
        CrawlCounts {
            pages,
            products,
            ..CrawlCounts::default()
        }
    }
}

fn read(progress: &Value) -> Option<(ShopKey, (u64, u64))> {
    let shop = crawler::shop_at(progress.get("store")?.as_str()?).ok()?;
    let count = |name: &str| progress.get(name).and_then(Value::as_u64).unwrap_or(0);
    Some((shop.key, (count("page"), count("products"))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_shop_has_the_counts_that_were_told_last() {
        let mut heard = Heard::default();
        for progress in [
            json!({ "store": "https://a.example", "page": 2, "products": 500 }),
            json!({ "store": "https://b.example", "page": 1, "products": 250 }),
            json!({ "store": "https://a.example", "page": 0, "products": 0 }),
            json!({ "page": 9 }),
        ] {
            heard.take(Some(&progress));
        }
        heard.take(None);
        for (shop, pages, products) in [
            ("a.example", 2, 500),
            ("b.example", 1, 250),
            ("c.example", 0, 0),
        ] {
            let counts = heard.counts(&crawler::shop_at(shop).unwrap().key);
            assert_eq!((counts.pages, counts.products), (pages, products), "{shop}");
        }
    }
}
