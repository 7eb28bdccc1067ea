//! The item of one product: read as it is now, told, and not stored, since a product that is seen alone is no pass.

use std::time::Duration;

use catalog::{
    ClaimedItem, CurrencySource, ItemEnd, Money, Outcome, Product, Reason, Shop, Stop, StoreError,
    Variant,
};
use crawler::fetch::Pace;
use crawler::{CrawlError, Visit, read_product};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::outcome::{Code, Ended};
use super::plan::ProductWork;
use super::progress::Progress;
use super::shop::{lease_terms, owner};
use crate::Context;
use crate::skills::results::within;
use crate::skills::words::one_line;
use crate::skills::work_of;

/// The longest time for the shop's answers.
const MAX_TIME: Duration = Duration::from_secs(120);

/// The longest lists of variants and of images, in bytes of JSON: a task tells of 20 products.
const MAX_VARIANT_BYTES: usize = 3 << 10;
const MAX_IMAGE_BYTES: usize = 1 << 10;

pub(super) async fn run(
    claimed: &ClaimedItem,
    context: &Context,
    cancel: &CancellationToken,
) -> Result<ItemEnd, StoreError> {
    let work = work_of::<ProductWork>(&claimed.item.payload);
    let Some((work, page)) = work.and_then(|it| Url::parse(&it.url).ok().map(|url| (it, url)))
    else {
        return Ok(ItemEnd::Done(
            json!({ "failed": "its payload cannot be read" }),
        ));
    };
    let started = Instant::now();
    let url = work.url.as_str();
    Progress::begin(claimed, context, url).await?;
    if context.store.is_paused(&work.shop.key).await? == Some(true) {
        return Ok(ItemEnd::Done(json!(Ended::paused(url))));
    }
    let (pace, owner) = (Pace::default(), owner(claimed));
    let visit = Visit {
        shop: &known(work.shop, context).await?,
        lease: lease_terms(&owner, context),
        fetcher: context.fetcher.as_ref(),
        store: context.store.as_ref(),
        now: &|| (context.now)(),
        max_time: MAX_TIME,
    };
    let outcome = match read_product(&visit, &page, &pace, cancel).await {
        Ok(Ok((shop, product))) => Ok(told(url, &shop, &product, context)),
        Ok(Err(outcome)) => Err(outcome),
        Err(CrawlError::Interrupted { .. }) => return Ok(ItemEnd::Unfinished),
        Err(CrawlError::Held { .. }) => {
            let detail = "another process was crawling the shop for too long";
            Err(Outcome::Failed(Reason::new(Stop::Superseded, detail)))
        }
        Err(CrawlError::Store(error)) => return Err(error),
    };
    let mut ended = match outcome {
        Ok(product) => Ended {
            product: Some(product),
            ..Ended::new(url, Outcome::Complete)
        },
        Err(Outcome::Gone(reason)) => Ended {
            code: Some(Code::NotFound),
            ..Ended::new(url, Outcome::Failed(reason))
        },
        Err(outcome) => Ended::new(url, outcome),
    };
    if ended.code == Some(Code::Interrupted) {
        return Ok(ItemEnd::Unfinished);
    }
    ended.requests = pace.n_requests();
    ended.retries429 = pace.n_refusals();
    ended.ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(ItemEnd::Done(json!(ended)))
}

/// Returns the shop with the currency that its newest crawl knew, else with the configured one.
async fn known(shop: Shop, context: &Context) -> Result<Shop, StoreError> {
    let newest = context.store.crawls(Some(&shop.key), 1).await?.pop();
    let stored = newest.map(|report| (report.currency, report.currency_source));
    let stored = stored.filter(|(currency, _)| currency.is_known());
    let configured = (context.currency_of)(&shop.key).map(|it| (it, CurrencySource::Config));
    let (currency, currency_source) =
        (stored.or(configured)).unwrap_or((shop.currency, shop.currency_source));
    Ok(Shop {
        currency,
        currency_source,
        ..shop
    })
}

/// Returns a product for the artifact: texts and lists in bounds, without its description.
fn told(url: &str, shop: &Shop, product: &Product, context: &Context) -> Value {
    let variants = within(
        product.variants.iter().map(variant).collect(),
        MAX_VARIANT_BYTES,
    );
    let images = product.images.iter().map(|it| json!(one_line(it, 400)));
    let tags = product.tags.iter().take(20).map(|it| one_line(it, 40));
    let prices = product.price_range();
    let known = product
        .variants
        .iter()
        .filter_map(|it| it.availability.known());
    json!({
        "url": url,
        "shop": shop.key,
        "id": product.id,
        "title": one_line(&product.title, 200),
        "handle": one_line(&product.handle, 200),
        "vendor": one_line(&product.vendor, 100),
        "productType": one_line(&product.product_type, 100),
        "currency": shop.currency.code().to_owned(),
        "priceMin": prices.map(|(least, _)| least.to_string()),
        "priceMax": prices.map(|(_, greatest)| greatest.to_string()),
        // Nothing where no variant says it.
        "available": known.max(),
        "nVariants": product.variants.len(),
        "variants": variants,
        "tags": tags.collect::<Vec<_>>(),
        "nImages": product.images.len(),
        "images": within(images.collect(), MAX_IMAGE_BYTES),
        "readAt": (context.now)(),
    })
}

fn variant(variant: &Variant) -> Value {
    let amount = |money: Option<Money>| money.map(|it| it.to_string());
    json!({
        "id": one_line(&variant.id, 40),
        "title": one_line(&variant.title, 100),
        "sku": variant.sku.as_deref().map(|it| one_line(it, 60)),
        "price": amount(variant.price),
        "compareAt": amount(variant.compare_at),
        "available": variant.availability.known(),
        "quantity": variant.quantity,
    })
}
