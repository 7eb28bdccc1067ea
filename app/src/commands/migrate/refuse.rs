//! What a migration does not do, found out before it writes anything.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Result, bail};
use catalog::{
    CrawlKey, CrawlReport, Record, RecordKey, RecordKind, ShopStatus, Store, StoreError,
};

use crate::App;
use crate::commands::check;
use crate::exit::UsageError;
use crate::owner;

/// Shops that a message names at most.
const MAX_NAMED: usize = 10;

/// Refuses to copy a store to itself, under whatever name.
pub(super) fn same_store(source: &dyn Store, target: &dyn Store) -> Result<(), UsageError> {
    let (from, to) = (source.location(), target.location());
    let file = |path| fs::metadata(path).map(|it| (it.dev(), it.ino())).ok();
    let is_same_file = file(from).is_some_and(|it| file(to) == Some(it));
    if from != to && !is_same_file {
        return Ok(());
    }
    Err(UsageError(format!(
        "--from and --to are the same store: {from}"
    )))
}

/// Refuses a target that knows more of one of the source's shops than the source does, or is about to.
pub(super) async fn newer_target(source: &dyn Store, target: &dyn Store, app: &App) -> Result<()> {
    let target_shops = target.shops().await?;
    let mut newer = Vec::new();
    for status in source.shops().await? {
        let shop = status.shop.key.shown();
        if let Some(owner) = check::live_owner(&status) {
            let owner = owner::shown(owner);
            app.screen.note(&format!(
                "{shop} is being crawled now by {owner}: what that finds may be missing in the copy"
            ));
        }
        let there = target_shops
            .iter()
            .find(|it| it.shop.key == status.shop.key);
        if let Some(there) = there
            && let Some(why) = why_newer(there, source).await?
        {
            newer.push(format!("{shop} ({why})"));
        }
    }
    if newer.is_empty() {
        return Ok(());
    }
    let n_more = newer.len().saturating_sub(MAX_NAMED);
    newer.truncate(MAX_NAMED);
    let more = match n_more {
        0 => String::new(),
        _ => format!(" and {n_more} more"),
    };
    bail!(
        "the target {} has newer data of {}{more}; nothing was written. Remove them there with \
         `trouvaille shops forget`, or name another target",
        target.location(),
        newer.join(", ")
    )
}

/// Says what the target has of a shop that the source does not have.
async fn why_newer(there: &ShopStatus, source: &dyn Store) -> Result<Option<String>, StoreError> {
    if let Some(owner) = check::live_owner(there) {
        let owner = owner::shown(owner);
        return Ok(Some(format!("being crawled there now by {owner}")));
    }
    let Some(newest) = &there.last_crawl else {
        return Ok(None);
    };
    let words = format!("crawl {} of {}", newest.key.n, newest.started_at);
    let same_number = pass(&newest.key, source).await?;
    let is_known = same_number.is_some_and(|pass| is_as_far(&pass, newest));
    Ok((!is_known).then_some(words))
}

/// Returns the record of one pass.
async fn pass(key: &CrawlKey, store: &dyn Store) -> Result<Option<CrawlReport>, StoreError> {
    let before = RecordKey::Crawl(CrawlKey {
        n: key.n.saturating_sub(1),
        ..key.clone()
    });
    let found = store.records(RecordKind::Crawl, Some(&before), 1).await?;
    Ok(found.into_iter().find_map(|record| match record {
        Record::Crawl(it) if it.report.key == *key => Some(it.report),
        _ => None,
    }))
}

/// Returns whether `source` is the same pass as `target`, and not behind it: an unfinished pass that was copied may
/// have gone on in the target.
fn is_as_far(source: &CrawlReport, target: &CrawlReport) -> bool {
    let progress = |pass: &CrawlReport| (pass.counts.pages, pass.finished_at);
    source.started_at == target.started_at && progress(source) >= progress(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::{CrawlCounts, Currency, CurrencySource, UnixMs};

    fn report(started: i64, pages: u64, finished: Option<i64>) -> CrawlReport {
        CrawlReport {
            key: CrawlKey {
                shop: "shop.example".parse().unwrap(),
                n: 1,
            },
            outcome: None,
            counts: CrawlCounts {
                pages,
                ..CrawlCounts::default()
            },
            currency: Currency::UNKNOWN,
            currency_source: CurrencySource::Unknown,
            started_at: UnixMs::new(started),
            finished_at: finished.map(UnixMs::new),
            checkpoint: None,
            notes: catalog::PassNotes::default(),
        }
    }

    #[test]
    fn a_copied_pass_that_went_on_in_the_target_is_newer() {
        let interrupted = report(1, 2, Some(5));
        assert!(is_as_far(&interrupted, &interrupted));
        assert!(is_as_far(&report(1, 3, None), &interrupted));
        assert!(!is_as_far(&interrupted, &report(1, 3, None)));
        assert!(!is_as_far(&interrupted, &report(1, 2, Some(6))));
        assert!(!is_as_far(&report(1, 2, None), &interrupted));
        assert!(!is_as_far(&report(2, 2, Some(5)), &interrupted));
    }
}
