//! A look at shops that is answered at once, without a task.

use std::time::Duration;

use a2a_sdk::Part;
use catalog::{Outcome, Shop, Stop};
use crawler::{CrawlError, LeaseTerms, Look, Visit, look_at};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::outcome::{Code, Ended};
use crate::Context;
use crate::skills::words::one_line;

/// The longest time for a shop's own answers, and the longest wait for another one who asks it.
const MAX_TIME: Duration = Duration::from_secs(12);
const MAX_WAIT: Duration = Duration::from_secs(6);

/// Returns what there is at each shop. All are asked at once, each politely; it takes 20 s at most.
pub(super) async fn answer(shops: &[Shop], context: &Context) -> Part {
    let looks = shops.iter().map(|shop| Box::pin(probe(shop, context)));
    let data = json!({ "stores": join_all(looks).await });
    Part::data(data).with_media_type("application/json")
}

async fn probe(shop: &Shop, context: &Context) -> Value {
    let started = Instant::now();
    let owner = format!("probe-{}", a2a_sdk::new_message_id());
    let visit = Visit {
        shop,
        lease: LeaseTerms {
            owner: &owner,
            is_dead: context.is_dead,
            ttl: context.lease,
            max_wait: MAX_WAIT,
        },
        fetcher: context.fetcher.as_ref(),
        store: context.store.as_ref(),
        now: &|| (context.now)(),
        max_time: MAX_TIME,
    };
    // Whoever asked may leave; the look is over soon in any case.
    let cancel = CancellationToken::new();
    let looked = match context.store.is_paused(&shop.key).await {
        Ok(Some(true)) => Ok(None),
        Ok(Some(false) | None) => look_at(&visit, &cancel).await.map(Some),
        Err(error) => Err(CrawlError::Store(error)),
    };
    let mut answer = match looked {
        Ok(Some(look)) => told(shop, &look),
        Ok(None) => {
            let end = Ended::paused(&shop.url);
            let detail = end.outcome.reason().map_or("", |it| it.detail.as_str());
            unknown(shop, Code::Paused, detail)
        }
        Err(CrawlError::Held { .. } | CrawlError::Interrupted { .. }) => {
            let detail = "the shop is being crawled now; ask again later, or read the crawl's task";
            unknown(shop, Code::Busy, detail)
        }
        Err(CrawlError::Store(error)) => {
            tracing::error!("cannot look at {}: {error}", shop.key.shown());
            unknown(
                shop,
                Code::Error,
                "the agent's store does not answer; try again later",
            )
        }
    };
    if let Ok(Some(report)) = newest(shop, context).await {
        answer["lastCrawl"] = report;
    }
    answer["ms"] = json!(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
    answer
}

fn told(shop: &Shop, look: &Look) -> Value {
    let end = Ended::new(&shop.url, look.list.clone());
    let stop = end.outcome.reason().map(|reason| reason.stop);
    let is_shopify = match &end.outcome {
        Outcome::Complete => true,
        // A shop that tells its currency there is one, even if its list is closed.
        _ => look.meta.currency.is_some(),
    };
    let list = match &end.outcome {
        Outcome::Complete => "open",
        Outcome::Blocked(_) | Outcome::Gone(_) => "closed",
        Outcome::Partial(_) | Outcome::Failed(_) => "unknown",
    };
    let robots = match stop {
        Some(Stop::Robots) => "denied",
        // Too busy for robots.txt, perhaps, or guarded.
        Some(
            Stop::RateLimited
            | Stop::Challenge
            | Stop::Unreachable
            | Stop::RefusedAddress
            | Stop::Interrupted,
        ) => "unknown",
        _ => "allowed",
    };
    json!({
        "store": shop.url,
        "platform": is_shopify.then_some("shopify"),
        "productsJson": list,
        "robots": robots,
        "name": look.meta.name.as_deref().map(|name| one_line(name, 120)),
        "currency": look.meta.currency.map(|it| it.code().to_owned()),
        "products": look.meta.n_products,
        "code": end.code,
        "detail": end.outcome.reason().map(|reason| &reason.detail),
    })
}

fn unknown(shop: &Shop, code: Code, detail: &str) -> Value {
    json!({
        "store": shop.url,
        "platform": null,
        "productsJson": "unknown",
        "robots": "unknown",
        "code": code,
        "detail": detail,
    })
}

/// Returns what is stored of the shop's newest crawl.
async fn newest(shop: &Shop, context: &Context) -> Result<Option<Value>, catalog::StoreError> {
    let report = context.store.crawls(Some(&shop.key), 1).await?.pop();
    Ok(report.map(|report| {
        json!({
            "startedAt": report.started_at,
            "outcome": report.outcome.as_ref().map(Outcome::word),
            "products": report.counts.products,
        })
    }))
}
