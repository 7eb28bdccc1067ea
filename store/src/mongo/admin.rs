//! Looks after the list of shops and the size of the history.

use std::collections::{BTreeSet, HashMap};

use catalog::{
    Forgotten, Observation, ProductId, Pruned, RESTING, Shop, ShopKey, StoreError, UnixMs,
    superseded,
};
use mongodb::bson::{Bson, DateTime, Document, RawDocumentBuf, doc, serialize_to_bson};

use super::MongoStore;
use super::crawl::fence_passes;
use super::decode;
use super::decode_history;
use super::fault::Fault;
use super::keys::{crawl_range, observation_key, observation_range, product_key, shop_range};
use super::product::date;
use super::read::{BLOCK, n_observations, products_by_key, projection};
use super::steps::{FindArgs, Steps, Update};

/// Products, observations and passes of a shop that are removed in one step; of a larger one part by part.
pub(super) const MAX_AT_ONCE: u64 = 20_000;

/// Documents removed by one command.
const MAX_REMOVED: usize = 10_000;

pub(super) async fn add_shop(
    store: &MongoStore,
    shop: &Shop,
    now: UnixMs,
) -> Result<bool, StoreError> {
    store
        .write("add a shop", |steps| Box::pin(add(steps, shop, now)))
        .await
}

async fn add(steps: &mut Steps<'_>, shop: &Shop, now: UnixMs) -> Result<bool, Fault> {
    let made = Update::upsert(
        doc! { "_id": shop.key.as_str() },
        doc! { "$set": { "is_added": true }, "$setOnInsert": {
            "platform": serialize_to_bson(&shop.platform)?,
            "url": &shop.url,
            "currency": shop.currency.code(),
            "currency_source": serialize_to_bson(&shop.currency_source)?,
            "is_paused": false,
            "last_complete_at": Bson::Null,
            "created_at": date(now),
            "updated_at": date(now),
        } },
    )?;
    let updated = steps.update("shops", vec![made]).await?;
    Ok(updated.n_upserted > 0)
}

pub(super) async fn pause_shop(
    store: &MongoStore,
    shop: &ShopKey,
    is_paused: bool,
) -> Result<bool, StoreError> {
    store
        .write("pause a shop", |steps| {
            Box::pin(pause(steps, shop, is_paused))
        })
        .await
}

async fn pause(steps: &mut Steps<'_>, shop: &ShopKey, is_paused: bool) -> Result<bool, Fault> {
    let change = Update::one(
        doc! { "_id": shop.as_str() },
        doc! { "$set": { "is_paused": is_paused }, "$currentDate": { "updated_at": true } },
    )?;
    let updated = steps.update("shops", vec![change]).await?;
    if is_paused && updated.n_matched > 0 {
        // It goes on for nobody, since hosts may just have been asked under it.
        let laid_to_rest = Update::one(
            doc! { "_id": shop.as_str(), "owner": { "$nin": ["", RESTING] } },
            doc! {
                "$inc": { "epoch": 1_i64 },
                "$set": { "owner": RESTING },
                "$unset": { "session": "" },
                "$currentDate": { "updated_at": true },
            },
        )?;
        steps.update("leases", vec![laid_to_rest]).await?;
        fence_passes(steps, shop).await?;
    }
    Ok(updated.n_matched > 0)
}

pub(super) async fn is_paused(
    store: &MongoStore,
    shop: &ShopKey,
) -> Result<Option<bool>, StoreError> {
    store
        .read("look at a shop", |steps| Box::pin(find_paused(steps, shop)))
        .await
}

async fn find_paused(steps: &mut Steps<'_>, shop: &ShopKey) -> Result<Option<bool>, Fault> {
    let query = doc! { "_id": shop.as_str() };
    let found = steps.find_one("shops", query, None).await?;
    let stored = found.map(|found| decode::shop(&found)).transpose()?;
    Ok(stored.map(|it| it.is_paused))
}

pub(super) async fn forget_shop(
    store: &MongoStore,
    shop: &ShopKey,
) -> Result<Option<Forgotten>, StoreError> {
    const DOING: &str = "forget a shop";
    store.end_open(shop).await;
    let begun = store
        .write(DOING, |steps| Box::pin(begin_to_forget(steps, shop)))
        .await?;
    store.sessions.forget(shop);
    let range = match begun {
        Begun::NotStored => return Ok(None),
        Begun::Forgotten(forgotten) => return Ok(Some(forgotten)),
        Begun::Large(range) => range,
    };
    let mut forgotten = Forgotten::default();
    let range = &range;
    let sum = [
        ("observations", &mut forgotten.n_observations),
        ("products", &mut forgotten.n_products),
    ];
    for (collection, n_removed) in sum {
        loop {
            let n = store
                .write(DOING, |steps| {
                    Box::pin(remove_some(steps, collection, range))
                })
                .await?;
            *n_removed += n;
            if n == 0 {
                break;
            }
        }
    }
    let rest = store
        .write(DOING, |steps| Box::pin(remove_all(steps, shop, range)))
        .await?;
    Ok(Some(Forgotten {
        n_products: forgotten.n_products + rest.n_products,
        n_observations: forgotten.n_observations + rest.n_observations,
        n_crawls: rest.n_crawls,
    }))
}

/// What the first step of forgetting a shop came to.
enum Begun {
    NotStored,
    Forgotten(Forgotten),
    /// The shop is too large for one step; its products' and observations' ids.
    Large((String, String)),
}

async fn begin_to_forget(steps: &mut Steps<'_>, shop: &ShopKey) -> Result<Begun, Fault> {
    let stored = steps
        .find_one("shops", doc! { "_id": shop.as_str() }, None)
        .await?;
    let Some(stored) = stored else {
        return Ok(Begun::NotStored);
    };
    let range = shop_range(decode::shop(&stored)?.shop.platform, shop);
    revoke_lease(steps, shop).await?;
    // However long the steps that follow take.
    fence_passes(steps, shop).await?;
    let n_products = steps.count("products", within(&range)).await?;
    let n_observations = steps.count("observations", within(&range)).await?;
    if n_products.saturating_add(n_observations) > MAX_AT_ONCE {
        return Ok(Begun::Large(range));
    }
    let forgotten = remove_all(steps, shop, &range).await?;
    Ok(Begun::Forgotten(forgotten))
}

/// Fences off every ticket of the shop. The document stays, since epochs never fall.
async fn revoke_lease(steps: &mut Steps<'_>, shop: &ShopKey) -> Result<(), Fault> {
    let revoke = Update::one(
        doc! { "_id": shop.as_str() },
        doc! {
            "$inc": { "epoch": 1_i64 },
            "$set": { "owner": "", "expires_at": DateTime::from_millis(0) },
            "$unset": { "session": "" },
            "$currentDate": { "updated_at": true },
        },
    )?;
    steps.update("leases", vec![revoke]).await?;
    Ok(())
}

fn within((first, end): &(String, String)) -> Document {
    doc! { "_id": { "$gte": first, "$lt": end } }
}

/// Removes the first documents within a range, and returns their number.
async fn remove_some(
    steps: &mut Steps<'_>,
    collection: &str,
    range: &(String, String),
) -> Result<u64, Fault> {
    let args = FindArgs {
        projection: Some(projection(&["_id"])),
        sort: Some(doc! { "_id": 1 }),
        limit: Some(MAX_REMOVED),
        ..FindArgs::default()
    };
    let found = steps.find(collection, within(range), args).await?;
    let Some(last) = found.last() else {
        return Ok(0);
    };
    let until_last = doc! { "_id": { "$gte": &range.0, "$lte": last.get_str("_id")? } };
    steps.delete(collection, until_last).await
}

/// Removes what there is of a shop; the shop itself last, so that what was cut off can be done again. Who took its lease since
/// the first step writes no more.
async fn remove_all(
    steps: &mut Steps<'_>,
    shop: &ShopKey,
    range: &(String, String),
) -> Result<Forgotten, Fault> {
    revoke_lease(steps, shop).await?;
    let of_shop = doc! { "shop": shop.as_str() };
    let n_crawls = steps.delete("crawls", of_shop.clone()).await?;
    let pages = crawl_range(shop);
    steps.delete("pages", within(&pages)).await?;
    let n_observations = steps.delete("observations", within(range)).await?;
    let n_products = steps.delete("products", within(range)).await?;
    let itself = doc! { "_id": shop.as_str() };
    steps.delete("shops", itself).await?;
    Ok(Forgotten {
        n_products,
        n_observations,
        n_crawls,
    })
}

pub(super) async fn prune(
    store: &MongoStore,
    before: UnixMs,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Pruned, StoreError> {
    const DOING: &str = "prune the history";
    let thinning = store
        .read(DOING, |steps| {
            Box::pin(look_through(steps, before, after, limit))
        })
        .await?;
    let removable = thinning.removable.as_slice();
    let n_removed = store
        .write(DOING, |steps| Box::pin(remove_rows(steps, removable)))
        .await?;
    Ok(Pruned {
        n_old: thinning.n_old,
        n_removed,
        next: thinning.last.filter(|_| thinning.is_more),
    })
}

async fn remove_rows(steps: &mut Steps<'_>, ids: &[String]) -> Result<u64, Fault> {
    let mut n_removed = 0;
    for ids in ids.chunks(MAX_REMOVED) {
        let query = doc! { "_id": { "$in": ids } };
        n_removed += steps.delete("observations", query).await?;
    }
    Ok(n_removed)
}

/// What a look at old observations found.
struct Thinning {
    before: UnixMs,
    n_old: u64,
    /// The ids of the observations that may go.
    removable: Vec<String>,
    /// The old rows of the last product, oldest first.
    history: Vec<Observation>,
    /// Their numbers.
    numbers: Vec<u64>,
    n_products: usize,
    last: Option<ProductId>,
    is_more: bool,
}

/// Looks at the old rows of up to `limit` products; what is not old has no say in what may go.
async fn look_through(
    steps: &mut Steps<'_>,
    before: UnixMs,
    after: Option<&ProductId>,
    limit: usize,
) -> Result<Thinning, Fault> {
    let mut thinning = Thinning {
        before,
        n_old: 0,
        removable: Vec::new(),
        history: Vec::new(),
        numbers: Vec::new(),
        n_products: 0,
        last: None,
        is_more: false,
    };
    let mut from = after.map(|after| {
        let (_first, end) = observation_range(&product_key(after));
        doc! { "$gte": end }
    });
    while !thinning.is_more {
        let mut query = doc! { "at": { "$lt": date(before) } };
        query.extend(from.map(|from| doc! { "_id": from }).unwrap_or_default());
        let args = FindArgs {
            sort: Some(doc! { "_id": 1 }),
            limit: Some(BLOCK),
            batch_size: u32::try_from(BLOCK).ok(),
            ..FindArgs::default()
        };
        let rows = steps.find("observations", query, args).await?;
        let ends = ends_of_histories(steps, &rows).await?;
        for row in &rows {
            let (n, observation) = decode_history::observation(row)?;
            let end = ends.get(row.get_str("product")?).copied();
            if end.is_some_and(|end| n <= end) && !thinning.take(n, observation, limit) {
                break;
            }
        }
        match rows.last() {
            Some(last) if rows.len() == BLOCK => {
                from = Some(doc! { "$gt": last.get_str("_id")? });
            }
            _ => break,
        }
    }
    thinning.end_product();
    Ok(thinning)
}

/// Returns the greatest number of a row by the id of its product: greater ones belong to a page that was cut off.
async fn ends_of_histories(
    steps: &mut Steps<'_>,
    rows: &[RawDocumentBuf],
) -> Result<HashMap<String, u64>, Fault> {
    let products = rows.iter().map(|row| row.get_str("product"));
    let products: BTreeSet<&str> = products.collect::<Result<_, _>>()?;
    let products: Vec<String> = products.into_iter().map(str::to_owned).collect();
    let mut ends = HashMap::with_capacity(products.len());
    for product in products_by_key(steps, &products, &["n_observations"]).await? {
        let id = product.get_str("_id")?.to_owned();
        ends.insert(id, n_observations(&product)?.unsigned_abs());
    }
    Ok(ends)
}

impl Thinning {
    /// Takes the next row, and returns whether there was room for its product.
    fn take(&mut self, n: u64, observation: Observation, limit: usize) -> bool {
        if self.last.as_ref() != Some(&observation.product) {
            if self.n_products == limit {
                self.is_more = true;
                return false;
            }
            self.end_product();
            self.n_products += 1;
            self.last = Some(observation.product.clone());
        }
        self.n_old += 1;
        self.numbers.push(n);
        self.history.push(observation);
        true
    }

    fn end_product(&mut self) {
        let history = std::mem::take(&mut self.history);
        let numbers = std::mem::take(&mut self.numbers);
        let may_go = superseded(&history, self.before);
        for ((row, n), may_go) in history.iter().zip(numbers).zip(may_go) {
            if may_go {
                let id = observation_key(&product_key(&row.product), n);
                self.removable.push(id);
            }
        }
    }
}
