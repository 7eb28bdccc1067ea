//! From a request to the work items of its task, and back.

use std::collections::HashSet;

use a2a_sdk::A2AError;
use catalog::{NewItem, Shop, UnixMs};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::request::{CatalogRequest, ProductRequest, Request, ShopAddress};
use super::{CLOSE, PRODUCT, SHOP};
use crate::Context;
use crate::skills::request::{invalid, violation};

/// What is done to one shop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ShopWork {
    pub(super) shop: Shop,
    /// The last page that is asked for.
    pub(super) last_page: Option<u32>,
    /// A complete crawl that ended so lately is taken as it is.
    pub(super) max_age_ms: i64,
    /// The most requests a second, where that is fewer than the agent's own.
    pub(super) rps: Option<f64>,
    /// When it ends at the latest, from the request.
    pub(super) deadline_ms: Option<i64>,
    /// When it was asked for; `None` for when the task was made. An answer to a question comes later than that.
    #[serde(default)]
    pub(super) asked_at: Option<UnixMs>,
    /// How many more products make a progress event.
    pub(super) every_products: Option<u64>,
    /// Whether it is crawled because it is stored: not any more once it is forgotten.
    #[serde(default)]
    pub(super) is_known: bool,
}

/// Which product is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ProductWork {
    pub(super) shop: Shop,
    pub(super) url: String,
}

/// What is made of the results.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CloseWork {
    /// Whether the list of products is to be written, or the results themselves are the products.
    pub(super) has_list: bool,
    /// Whether the list has CSV beside NDJSON.
    pub(super) has_csv: bool,
    /// Leaves out what was not new or changed since.
    pub(super) since: Option<UnixMs>,
    /// Leaves out what was not new or changed since it was asked for.
    pub(super) only_new: bool,
    /// When it was asked for; `None` for when the task was made.
    #[serde(default)]
    pub(super) asked_at: Option<UnixMs>,
}

const HOUR_MS: i64 = 3_600_000;

/// Returns the items that crawl shops: one for each, and one behind them.
///
/// # Errors
/// Invalid params for a literal address that would never be requested.
pub(super) fn crawl(
    request: CatalogRequest,
    is_refresh: bool,
    context: &Context,
) -> Result<Vec<NewItem>, A2AError> {
    let shops = shops(request.stores.0, context)?;
    let default_hours = if is_refresh { 24 } else { 0 };
    let hours = request.max_age_hours.map_or(default_hours, |it| it.get());
    let emit = request.emit.unwrap_or_default();
    let asked_at = Some((context.now)());
    let items = shops.into_iter().map(|shop| {
        let work = ShopWork {
            shop,
            last_page: request.max_pages.map(|it| small(it.get())),
            max_age_ms: i64::from(small(hours)) * HOUR_MS,
            rps: request.rate.and_then(|it| it.rps).map(|it| it.get()),
            deadline_ms: (request.deadline_seconds).map(|it| i64::from(small(it.get())) * 1_000),
            asked_at,
            every_products: emit.every_products.map(|it| it.get()),
            is_known: false,
        };
        item(SHOP, work.shop.key.as_str(), &work)
    });
    let since = request.since.map(|it| it.0);
    let close = CloseWork {
        has_list: true,
        has_csv: emit.csv.unwrap_or(true),
        since,
        only_new: is_refresh && since.is_none(),
        asked_at,
    };
    Ok(items.chain([last(&close)]).collect())
}

/// Returns the items that bring one shop up to date, whenever it was crawled last.
pub(super) fn refresh(shop: &Shop) -> Vec<NewItem> {
    one(shop, None, true)
}

/// Returns the items that crawl one shop up to a page, or all of it.
pub(super) fn whole(shop: &Shop, last_page: Option<u32>) -> Vec<NewItem> {
    one(shop, last_page, false)
}

fn one(shop: &Shop, last_page: Option<u32>, only_new: bool) -> Vec<NewItem> {
    let work = ShopWork {
        shop: shop.clone(),
        last_page,
        max_age_ms: 0,
        rps: None,
        deadline_ms: None,
        asked_at: None,
        every_products: None,
        is_known: only_new,
    };
    let close = CloseWork {
        has_list: true,
        has_csv: true,
        since: None,
        only_new,
        asked_at: None,
    };
    vec![item(SHOP, shop.key.as_str(), &work), last(&close)]
}

/// Returns the items that read single products: one for each, and one behind them.
///
/// # Errors
/// As [`crawl`].
pub(super) fn products(
    request: ProductRequest,
    context: &Context,
) -> Result<Vec<NewItem>, A2AError> {
    let mut seen = HashSet::new();
    let mut items = Vec::new();
    for (index, product) in request.stores.0.into_iter().enumerate() {
        check(&product.url, &format!("stores[{index}]"), context)?;
        if seen.insert(product.url.clone()) {
            let (shop, url) = (product.shop, product.url.to_string());
            // Of one shop one at a time: whoever does another would only wait for the shop's lease.
            let key = shop.key.as_str().to_owned();
            items.push(item(PRODUCT, &key, &ProductWork { shop, url }));
        }
    }
    items.push(last(&CloseWork::default()));
    Ok(items)
}

/// Returns each shop once.
///
/// Among several, a literal address that would never be requested is the outcome of that shop alone.
///
/// # Errors
/// As [`crawl`], for a shop that is the only one.
pub(super) fn shops(addresses: Vec<ShopAddress>, context: &Context) -> Result<Vec<Shop>, A2AError> {
    if let [ShopAddress(shop)] = addresses.as_slice()
        && let Ok(url) = Url::parse(&shop.url)
    {
        check(&url, "stores[0]", context)?;
    }
    let mut seen = HashSet::new();
    let mut shops = Vec::new();
    for ShopAddress(shop) in addresses {
        if seen.insert(shop.key.clone()) {
            shops.push(shop);
        }
    }
    Ok(shops)
}

fn check(url: &Url, field: &str, context: &Context) -> Result<(), A2AError> {
    // What the fetcher says of it is for operators: it names the option that would allow the address.
    let refused = |_| {
        let what = "a private or reserved address, which this agent never asks";
        invalid::<Request>(vec![violation(field, what)])
    };
    context.fetcher.check_address(url).map_err(refused)
}

fn item(kind: &str, key: &str, work: &impl Serialize) -> NewItem {
    NewItem {
        kind: kind.to_owned(),
        key: key.to_owned(),
        payload: json!(work),
        is_last: false,
    }
}

fn last(work: &CloseWork) -> NewItem {
    NewItem {
        is_last: true,
        // A name of its own: the ends of two tasks need not wait for each other.
        ..item(CLOSE, &a2a_sdk::new_message_id(), work)
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
