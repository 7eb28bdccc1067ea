//! The item of one shop: crawled into the store, with progress, until its end, its deadline, or a cancellation.

use std::time::Duration;

use catalog::{
    ClaimedItem, CrawlReport, ItemEnd, Outcome, Reason, Start, Stop, StoreError, UnixMs,
};
use crawler::fetch::Pace;
use crawler::{CrawlError, CrawlOptions, LeaseTerms, PageRead, TaskPart};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::outcome::{Code, Ended};
use super::plan::ShopWork;
use super::progress::Progress;
use crate::Context;
use crate::skills::work_of;

/// The longest wait for another process that crawls the same shop.
const MAX_WAIT: Duration = Duration::from_secs(3_600);

pub(super) async fn run(
    claimed: &ClaimedItem,
    context: &Context,
    cancel: &CancellationToken,
) -> Result<ItemEnd, StoreError> {
    let Some(work) = work_of::<ShopWork>(&claimed.item.payload) else {
        return Ok(ItemEnd::Done(
            json!({ "failed": "its payload cannot be read" }),
        ));
    };
    let store = work.shop.url.as_str();
    let progress = Progress::begin(claimed, context, store).await?;
    match context.store.is_paused(&work.shop.key).await? {
        Some(true) => return Ok(ItemEnd::Done(json!(Ended::paused(store)))),
        None if work.is_known => return Ok(ItemEnd::Done(json!(Ended::forgotten(store)))),
        Some(false) | None => {}
    }
    let newest = context.store.crawls(Some(&work.shop.key), 1).await?.pop();
    if let Some(report) = newest
        .as_ref()
        .filter(|it| stands(it, claimed, &work, context))
    {
        let ended = Ended {
            is_stored: true,
            ..Ended::of_report(store, report.clone())
        };
        return Ok(ItemEnd::Done(json!(ended)));
    }
    if let Some(begun) = newest.filter(|it| is_begun(it, claimed, &work)) {
        progress.goes_on_from(begun.counts.products, begun.counts.bytes);
    }
    let started = Instant::now();
    let gap = work
        .rps
        .map_or(Duration::ZERO, |rps| Duration::from_secs_f64(1.0 / rps));
    let pace = Pace::new(gap);
    let Some(mut ended) = crawl(&work, claimed, context, &progress, &pace, cancel).await? else {
        return Ok(ItemEnd::Unfinished);
    };
    ended.requests = pace.n_requests();
    ended.retries429 = pace.n_refusals();
    ended.ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(ItemEnd::Done(json!(ended)))
}

/// Crawls until the end or the deadline; `None` when it was cancelled before.
async fn crawl(
    work: &ShopWork,
    claimed: &ClaimedItem,
    context: &Context,
    progress: &Progress<'_>,
    pace: &Pace,
    cancel: &CancellationToken,
) -> Result<Option<Ended>, StoreError> {
    let every_products = work.every_products.unwrap_or(0);
    let entry = |page: PageRead| Some(progress.entry(page, pace, every_products));
    let task = TaskPart {
        last_page: work.last_page,
        only_stored: work.is_known,
        pace,
        entry: &entry,
    };
    let owner = owner(claimed);
    let options = CrawlOptions {
        // By its start, which is when it was asked for, a pass is known to be this item's own.
        start: Start::Resume { max_age_ms: 0 },
        max_pages: None,
        currency: (context.currency_of)(&work.shop.key),
        started_at: asked_at(work, claimed),
        spares_paused: true,
        lease: lease_terms(&owner, context),
        task: Some(&task),
    };
    let stop = cancel.child_token();
    let mut time_left = time_left(work, claimed, context);
    let mut is_late = time_left == Some(Duration::ZERO);
    if is_late {
        stop.cancel();
        time_left = None;
    }
    let (shop, now) = (&work.shop, || now(work, claimed, context));
    let on_page = |_| context.hub.wake(&claimed.item.task);
    let (fetcher, store) = (context.fetcher.as_ref(), context.store.as_ref());
    let crawl = crawler::crawl(shop, &options, fetcher, store, &now, &stop, &on_page);
    let mut crawl = Box::pin(crawl);
    let result = tokio::select! {
        biased;
        result = &mut crawl => result,
        () = passing(time_left) => {
            is_late = true;
            stop.cancel();
            crawl.await
        }
    };
    let url = shop.url.as_str();
    let ended = match result {
        Ok(report) => Ended::of_report(url, report),
        Err(CrawlError::Interrupted { .. }) => {
            let reason = Reason::new(Stop::Interrupted, "another process was crawling the shop");
            Ended::new(url, Outcome::Failed(reason))
        }
        Err(CrawlError::Held { waited, .. }) => {
            let seconds = waited.as_secs();
            let detail = format!("another process was crawling the shop for more than {seconds} s");
            Ended::new(url, Outcome::Failed(Reason::new(Stop::Superseded, detail)))
        }
        Err(CrawlError::Store(error @ StoreError::Fenced { .. })) => {
            match context.store.is_paused(&shop.key).await? {
                Some(true) => Ended::paused(url),
                None => Ended::forgotten(url),
                Some(false) => return Err(error),
            }
        }
        Err(CrawlError::Store(error)) => return Err(error),
    };
    if ended.code != Some(Code::Interrupted) {
        return Ok(Some(ended));
    }
    Ok((is_late && !cancel.is_cancelled()).then(|| late(ended)))
}

/// Returns whether a pass needs no other one: it is recent enough, or the shop was just to be brought up to date and was since
/// then, or it is this item's own, which an earlier attempt ended without living to say so.
///
/// A pass that began before the item was asked for is not its own, nor is one that somebody else, who took it over,
/// ended at a page of his choice.
fn stands(report: &CrawlReport, claimed: &ClaimedItem, work: &ShopWork, context: &Context) -> bool {
    let (Some(outcome), Some(finished_at)) = (&report.outcome, report.finished_at) else {
        return false;
    };
    let age_ms = now(work, claimed, context).ms() - finished_at.ms();
    let is_recent = *outcome == Outcome::Complete && age_ms < work.max_age_ms;
    let is_at_end = outcome.reason().is_none_or(|it| match it.stop {
        Stop::MaxPages => (work.last_page).is_some_and(|it| report.counts.pages >= u64::from(it)),
        stop => !stop.is_resumable(),
    });
    let asked_at = asked_at(work, claimed);
    // Who wants a shop to be up to date may have asked twice before its turn came.
    let is_up_to_date = work.is_known && *outcome == Outcome::Complete && finished_at >= asked_at;
    let is_own = claimed.lease.epoch > 1 && report.started_at >= asked_at;
    is_recent || is_up_to_date || (is_own && is_at_end)
}

/// Returns whether a pass is one that an earlier attempt left behind.
fn is_begun(report: &CrawlReport, claimed: &ClaimedItem, work: &ShopWork) -> bool {
    claimed.lease.epoch > 1 && report.started_at == asked_at(work, claimed)
}

fn asked_at(work: &ShopWork, claimed: &ClaimedItem) -> UnixMs {
    work.asked_at.unwrap_or(claimed.task.created_at)
}

/// Returns the time, never before the request: the clock of the replica that took it may be ahead of this one's, and
/// what is stored for a request must not look older than it.
fn now(work: &ShopWork, claimed: &ClaimedItem, context: &Context) -> UnixMs {
    (context.now)().max(asked_at(work, claimed))
}

/// Returns how long there is until the time at which the request wants an end.
fn time_left(work: &ShopWork, claimed: &ClaimedItem, context: &Context) -> Option<Duration> {
    let passed_ms = now(work, claimed, context).ms() - asked_at(work, claimed).ms();
    let left_ms = work.deadline_ms? - passed_ms;
    Some(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)))
}

async fn passing(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Returns the end of a pass that was interrupted because of its deadline.
fn late(ended: Ended) -> Ended {
    let reason = Reason::new(Stop::Interrupted, "the request's deadline passed");
    let outcome = match ended.outcome {
        Outcome::Partial(_) => Outcome::Partial(reason),
        _ => Outcome::Failed(reason),
    };
    Ended {
        code: Some(Code::Deadline),
        outcome,
        ..ended
    }
}

/// Returns a name for the owner of a shop's lease that no other holder of any item has.
///
/// It goes on with the last part of the worker's own name, by which others can tell whether its process lives.
pub(super) fn owner(claimed: &ClaimedItem) -> String {
    let lease = &claimed.lease;
    let task = lease.task.as_str().replace('/', "_");
    format!("{}-{task}-{}-{}", lease.owner, lease.n, lease.epoch)
}

pub(super) fn lease_terms<'a>(owner: &'a str, context: &Context) -> LeaseTerms<'a> {
    LeaseTerms {
        owner,
        is_dead: context.is_dead,
        ttl: context.lease,
        max_wait: MAX_WAIT,
    }
}
