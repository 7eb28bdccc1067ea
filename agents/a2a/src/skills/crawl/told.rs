//! What other faces of the program tell of a crawl: who asks there reads no artifacts.

use catalog::{CrawlCounts, Outcome, ShopKey, WorkItem};
use serde_json::Value;

use super::SHOP;
use super::outcome::Ended;
use super::plan::ShopWork;
use crate::skills::work_of;

/// How far the crawl of one shop is.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopCrawl {
    /// The shop.
    pub shop: ShopKey,
    /// How it ended; `None` before its end.
    pub outcome: Option<Outcome>,
    /// Why it is not complete: a word such as `ROBOTS_DENIED`.
    pub code: Option<String>,
    /// What came of it.
    pub counts: CrawlCounts,
}

/// Returns how far the crawls of a task's items are.
pub(crate) fn shop_crawls(items: &[WorkItem]) -> Vec<ShopCrawl> {
    let shops = items.iter().filter(|it| it.kind == SHOP);
    shops.filter_map(shop_crawl).collect()
}

fn shop_crawl(item: &WorkItem) -> Option<ShopCrawl> {
    let work: ShopWork = work_of(&item.payload)?;
    let end = (item.result.is_some())
        .then(|| Ended::of_item(item))
        .flatten();
    let code = end.as_ref().and_then(|it| it.code);
    let code = code.and_then(|it| match serde_json::to_value(it) {
        Ok(Value::String(code)) => Some(code),
        _ => None,
    });
    let report = end.as_ref().and_then(|it| it.report.as_ref());
    Some(ShopCrawl {
        shop: work.shop.key,
        code,
        counts: report.map(|it| it.counts).unwrap_or_default(),
        outcome: end.map(|it| it.outcome),
    })
}

#[cfg(test)]
mod tests {
    use catalog::{NewItem, Reason, Stop, TaskId};

    use super::*;

    fn item(new: NewItem, result: Option<Ended>) -> WorkItem {
        WorkItem {
            task: TaskId::new("t").unwrap(),
            n: 1,
            kind: new.kind,
            key: new.key,
            payload: new.payload,
            is_last: new.is_last,
            attempts: 1,
            failures: 0,
            result: result.map(|it| serde_json::to_value(it).unwrap()),
        }
    }

    #[test]
    fn a_crawl_is_told_by_its_shops() {
        let shop = crawler::shop_at("https://shop.example").unwrap();
        let (message, items) = super::super::crawl_of(&shop, Some(3));
        assert_eq!(message["parts"][0]["data"]["maxPages"], 3);
        let items = || items.clone().into_iter();
        let open: Vec<WorkItem> = items().map(|it| item(it, None)).collect();
        let [told] = shop_crawls(&open).try_into().unwrap();
        assert_eq!((told.shop, told.outcome, told.code), (shop.key, None, None));
        let reason = Reason::new(Stop::Robots, "no");
        let end = Ended::new(&shop.url, Outcome::Blocked(reason));
        let done: Vec<WorkItem> = items().map(|it| item(it, Some(end.clone()))).collect();
        let [told] = shop_crawls(&done).try_into().unwrap();
        assert_eq!(told.code.as_deref(), Some("ROBOTS_DENIED"));
    }
}
