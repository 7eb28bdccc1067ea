//! The pages of a shop's last complete pass: which of them need not be read again, and what those held.

use catalog::{CrawlKey, CrawlTicket, KnownPage, Outcome, PageRecord, Problem, ProblemKind};
use mongodb::bson::{Bson, Document, doc};

use super::archive::of_crawl;
use super::crawl::check_fence;
use super::decode_history;
use super::fault::Fault;
use super::keys::{crawl_key, crawl_range, page_key};
use super::product::whole;
use super::steps::{FindArgs, Steps, number};
use crate::rules::n_listed;

/// Returns the pages that may be asked for by their versions in this pass.
///
/// A later pass that changed anything, even if it was cut off, left products that are not as the pages showed them, and
/// a page that went back to what it was would not say so. So it is with a page on which this one was cut off.
pub(super) async fn known_pages(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
) -> Result<Vec<KnownPage>, Fault> {
    let pass = check_fence(steps, ticket).await?;
    let Some(complete) = last_complete(steps, ticket).await? else {
        return Ok(Vec::new());
    };
    let of_complete = doc! { "_id": crawl_key(&complete), "currency": pass.report.currency.code() };
    let in_between = steps
        .count("crawls", changed_since(ticket, &complete))
        .await?;
    if in_between > 0 || steps.count("crawls", of_complete).await? == 0 {
        return Ok(Vec::new());
    }
    let last_stored = last_stored(steps, ticket).await?;
    let mut query = of_crawl(&complete);
    let cut_off_on = pass.changes_on.map(i64::from);
    query.insert(
        "page",
        doc! { "$gt": whole(last_stored), "$ne": cut_off_on },
    );
    query.insert("validators", doc! { "$ne": Bson::Null });
    let args = FindArgs {
        projection: Some(doc! { "seen": 0 }),
        sort: Some(doc! { "_id": 1 }),
        ..FindArgs::default()
    };
    let mut found = Vec::new();
    for document in steps.find("pages", query, args).await? {
        let page = decode_history::page(&document)?;
        let kinds = page.problems.into_iter().collect();
        found.extend(page.validators.map(|validators| KnownPage {
            page: page.page,
            n_products: page.n_products,
            n_listed: n_listed(page.n_products, &kinds),
            validators,
        }));
    }
    Ok(found)
}

/// Returns the shop's last complete pass before that of `ticket`.
async fn last_complete(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
) -> Result<Option<CrawlKey>, Fault> {
    let (from, _) = crawl_range(&ticket.crawl.shop);
    let query = doc! {
        "_id": { "$gte": from, "$lt": crawl_key(&ticket.crawl) },
        "outcome": Outcome::Complete.word(),
    };
    let args = FindArgs {
        projection: Some(doc! { "n": 1 }),
        sort: Some(doc! { "_id": -1 }),
        limit: Some(1),
        ..FindArgs::default()
    };
    let found = steps.find("crawls", query, args).await?;
    let key = |n| CrawlKey {
        shop: ticket.crawl.shop.clone(),
        n,
    };
    found.first().map(|it| number(it, "n").map(key)).transpose()
}

/// Returns a query for passes between two that changed anything.
fn changed_since(ticket: &CrawlTicket, complete: &CrawlKey) -> Document {
    let more_than_none = doc! { "$gt": 0 };
    doc! {
        "_id": { "$gt": crawl_key(complete), "$lt": crawl_key(&ticket.crawl) },
        "$or": [
            { "new": more_than_none.clone() },
            { "changed": more_than_none.clone() },
            { "back": more_than_none.clone() },
            { "gone": more_than_none },
            // One that was cut off before its counters told.
            { "changes_on": { "$ne": Bson::Null } },
        ],
    }
}

/// Returns the number of the highest page of the ticket's pass; 0 where it has none.
async fn last_stored(steps: &mut Steps<'_>, ticket: &CrawlTicket) -> Result<u64, Fault> {
    let args = FindArgs {
        projection: Some(doc! { "page": 1 }),
        sort: Some(doc! { "_id": -1 }),
        limit: Some(1),
        ..FindArgs::default()
    };
    let found = steps.find("pages", of_crawl(&ticket.crawl), args).await?;
    found.first().map_or(Ok(0), |it| number(it, "page"))
}

/// What a page held that is not read again.
pub(super) struct HeldPage {
    /// Without the currency's problems.
    pub(super) page: PageRecord,
    /// As many of its problems as were kept.
    pub(super) problems: Vec<Problem>,
}

/// Returns what the same page of the shop's last complete pass held.
pub(super) async fn held(
    steps: &mut Steps<'_>,
    ticket: &CrawlTicket,
    page: u32,
) -> Result<HeldPage, Fault> {
    let missing = || {
        Fault::Failed(format!(
            "page {page} is said to be as it was, and no complete pass has it; crawl the shop with a fresh start"
        ))
    };
    let complete = last_complete(steps, ticket).await?.ok_or_else(missing)?;
    let query = doc! { "_id": page_key(&complete, page) };
    let found = steps.find_one("pages", query, None).await?;
    let mut held = decode_history::page(&found.ok_or_else(missing)?)?;
    held.problems
        .retain(|(kind, _)| *kind != ProblemKind::Currency);
    let problems = if held.problems.is_empty() {
        Vec::new()
    } else {
        problems(steps, &complete, page).await?
    };
    Ok(HeldPage {
        page: held,
        problems,
    })
}

async fn problems(
    steps: &mut Steps<'_>,
    complete: &CrawlKey,
    page: u32,
) -> Result<Vec<Problem>, Fault> {
    let only = doc! { "kept_problems": 1 };
    let query = doc! { "_id": crawl_key(complete) };
    let found = steps.find_one("crawls", query, Some(only)).await?;
    let kept = found.map_or_else(
        || Ok(Vec::new()),
        |document| decode_history::problems(&document),
    );
    let mut problems = kept?;
    problems.retain(|problem| problem.page == page && problem.kind != ProblemKind::Currency);
    Ok(problems)
}
