//! Facts of what a store has. Every read is bounded.

use catalog::{
    Language, Observation, ObservationFilter, ObservationKind, ObservationOrder, ObservedRow,
    ProductFilter, ProductId, ProductRow, Ranking, ShopKey, Store, StoreError, UnixMs,
};

use super::changes::first_changes;
use super::{
    CategoryInput, FactSheet, ProductInput, ShopInput, category, changes, product, shop, top_k,
};

#[cfg(test)]
mod tests;

/// So much of a product's history is read, in pages of this size; behind that, what is new in it is left out.
const MAX_OBSERVATIONS: usize = 4_000;
const OBSERVATIONS_PAGE: usize = 250;

/// So many of a product's newest observations are looked at.
const MAX_NEWEST: usize = 500;

/// So many places of a ranking are asked for changes, and so many changes of each are read.
const MAX_CHANGED_PLACES: usize = 50;
const MAX_CHANGES_OF_PLACE: usize = 50;

/// So many products of a shop are looked at.
const MAX_SHOP_PRODUCTS: usize = 50_000;

/// So many observations of a span are read.
const MAX_OBSERVED: usize = 50_000;

/// Rows that are asked of a store at a time.
const PAGE: usize = 2_000;

/// Returns what is known of a product; `None` if the store has never seen it.
///
/// # Errors
/// When the store fails.
pub async fn product_sheet(
    store: &dyn Store,
    id: &ProductId,
    ranking: Option<&Ranking>,
    language: Language,
) -> Result<Option<FactSheet>, StoreError> {
    let Some(found) = store.product(id).await? else {
        return Ok(None);
    };
    let rows = store.product_rows(std::slice::from_ref(id)).await?;
    let observations = newest_observations(store, id).await?;
    let input = ProductInput {
        product: &found,
        crawled_at: rows.first().map(|row| row.crawled_at),
        observations: &observations,
        ranking,
    };
    Ok(Some(product(&input, language)))
}

/// Returns the end of a product's history, oldest first, and before it the row that begins it.
async fn newest_observations(
    store: &dyn Store,
    id: &ProductId,
) -> Result<Vec<Observation>, StoreError> {
    let filter = ObservationFilter {
        product: Some(id.clone()),
        ..ObservationFilter::default()
    };
    let (mut first, mut newest, mut after) = (None, Vec::new(), None);
    for _ in 0..MAX_OBSERVATIONS / OBSERVATIONS_PAGE {
        let order = ObservationOrder::ByProduct;
        let rows = store
            .observed(&filter, order, after.as_ref(), OBSERVATIONS_PAGE)
            .await?;
        let is_last = rows.len() < OBSERVATIONS_PAGE;
        after = rows.last().map(catalog::ObservedRow::key);
        newest.extend(rows.into_iter().map(|row| row.observation));
        if newest.len() > MAX_NEWEST {
            let n_old = newest.len() - MAX_NEWEST;
            let old = newest.drain(..n_old);
            let begins = |row: &Observation| row.kind == ObservationKind::New;
            first = first.or_else(|| old.into_iter().find(begins));
        }
        if is_last {
            break;
        }
    }
    newest.splice(0..0, first);
    Ok(newest)
}

/// Returns what is known of a ranking, compared with `previous`, with the changes of its products from `since` on.
///
/// # Errors
/// When the store fails.
pub async fn top_k_sheets(
    store: &dyn Store,
    ranking: &Ranking,
    previous: Option<&Ranking>,
    since: UnixMs,
    languages: &[Language],
) -> Result<Vec<FactSheet>, StoreError> {
    let mut observed = Vec::new();
    for row in ranking.rows.iter().take(MAX_CHANGED_PLACES) {
        let filter = ObservationFilter {
            product: Some(row.product.id.clone()),
            ..changed_since(since)
        };
        let order = ObservationOrder::ByTime;
        let rows = store.observed(&filter, order, None, MAX_CHANGES_OF_PLACE);
        observed.extend(rows.await?);
    }
    let sheet = |&language| top_k(ranking, previous, &observed, language);
    Ok(languages.iter().map(sheet).collect())
}

/// Returns what is known of a shop, with its changes from `since` on; `None` if it is not stored.
///
/// # Errors
/// When the store fails.
pub async fn shop_sheets(
    store: &dyn Store,
    key: &ShopKey,
    ranking: Option<&Ranking>,
    since: UnixMs,
    languages: &[Language],
) -> Result<Option<Vec<FactSheet>>, StoreError> {
    shop_sheets_within(MAX_SHOP_PRODUCTS, store, key, ranking, since, languages).await
}

/// Returns the same from no more than `most` of the shop's products and of its changes; it says so of the products.
///
/// # Errors
/// When the store fails.
pub async fn shop_sheets_within(
    most: usize,
    store: &dyn Store,
    key: &ShopKey,
    ranking: Option<&Ranking>,
    since: UnixMs,
    languages: &[Language],
) -> Result<Option<Vec<FactSheet>>, StoreError> {
    let shops = store.shops().await?;
    let Some(status) = shops.iter().find(|it| it.shop.key == *key) else {
        return Ok(None);
    };
    let of_shop = ProductFilter {
        shops: vec![key.clone()],
        ..ProductFilter::default()
    };
    let products = products(store, &of_shop, most).await?.rows;
    let filter = ObservationFilter {
        shops: vec![key.clone()],
        ..changed_since(since)
    };
    let observed = observed(store, &filter, most).await?.rows;
    let input = ShopInput {
        status,
        products: &products,
        ranking,
        observed: &observed,
    };
    let sheet = |&language| shop(&input, language);
    Ok(Some(languages.iter().map(sheet).collect()))
}

/// Returns what changed from `since` to `until`; where there is too much of that, to the last change that was read.
///
/// # Errors
/// When the store fails.
pub async fn changes_sheets(
    store: &dyn Store,
    since: UnixMs,
    until: UnixMs,
    languages: &[Language],
) -> Result<Vec<FactSheet>, StoreError> {
    changes_within(MAX_OBSERVED, store, (since, until), languages).await
}

async fn changes_within(
    most: usize,
    store: &dyn Store,
    (since, until): (UnixMs, UnixMs),
    languages: &[Language],
) -> Result<Vec<FactSheet>, StoreError> {
    let filter = ObservationFilter {
        since: Some(since),
        until: Some(until),
        ..ObservationFilter::default()
    };
    let read = observed(store, &filter, most).await?;
    let sheet = |&language| match read.cut_at {
        None => changes(&read.rows, since, until, language),
        Some(at) => first_changes(&read.rows, since, at, language),
    };
    Ok(languages.iter().map(sheet).collect())
}

/// Returns what is known of a product type, compared without regard to case, from no more than `most` of its products;
/// `None` if no product has it.
///
/// # Errors
/// When the store fails.
pub async fn category_sheets(
    most: usize,
    store: &dyn Store,
    name: &str,
    ranking: Option<&Ranking>,
    languages: &[Language],
) -> Result<Option<Vec<FactSheet>>, StoreError> {
    let of_type = ProductFilter {
        product_type: Some(name.to_owned()),
        ..ProductFilter::default()
    };
    let read = products(store, &of_type, most).await?;
    let Some(first) = read.rows.first() else {
        return Ok(None);
    };
    let input = CategoryInput {
        name: first.product_type.trim(),
        products: &read.rows,
        is_cut: read.is_cut,
        ranking,
    };
    let sheet = |&language| category(&input, language);
    Ok(Some(languages.iter().map(sheet).collect()))
}

/// The first products that a filter asks for.
struct Products {
    rows: Vec<ProductRow>,
    is_cut: bool,
}

/// Reads products in the order of their ids, `most` at most.
async fn products(
    store: &dyn Store,
    filter: &ProductFilter,
    most: usize,
) -> Result<Products, StoreError> {
    let mut rows: Vec<ProductRow> = Vec::new();
    loop {
        let after = rows.last().map(|it| it.id.clone());
        let page = store.products(filter, after.as_ref(), PAGE).await?;
        let is_last = page.len() < PAGE;
        rows.extend(page);
        if rows.len() > most {
            rows.truncate(most);
            return Ok(Products { rows, is_cut: true });
        }
        if is_last {
            return Ok(Products {
                rows,
                is_cut: false,
            });
        }
    }
}

/// The first observations that a filter asks for.
struct Observed {
    rows: Vec<ObservedRow>,
    /// When the last one was that was read, if there were more.
    cut_at: Option<UnixMs>,
}

/// Reads observations, oldest first, `most` at most.
async fn observed(
    store: &dyn Store,
    filter: &ObservationFilter,
    most: usize,
) -> Result<Observed, StoreError> {
    let mut rows: Vec<ObservedRow> = Vec::new();
    loop {
        let after = rows.last().map(ObservedRow::key);
        let order = ObservationOrder::ByTime;
        let page = store.observed(filter, order, after.as_ref(), PAGE).await?;
        let is_last = page.len() < PAGE;
        rows.extend(page);
        if rows.len() > most {
            rows.truncate(most);
            let cut_at = rows.last().map(|row| row.observation.at);
            return Ok(Observed { rows, cut_at });
        }
        if is_last {
            return Ok(Observed { rows, cut_at: None });
        }
    }
}

/// Names the changes of offers from a time on.
fn changed_since(since: UnixMs) -> ObservationFilter {
    ObservationFilter {
        since: Some(since),
        kinds: vec![ObservationKind::Changed],
        ..ObservationFilter::default()
    }
}
