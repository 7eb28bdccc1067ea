//! Finds the product that a user means: by our id, the platform's own, its page, or its handle.

use anyhow::{Result, bail};
use catalog::{
    ObservationFilter, ObservationKind, ObservationOrder, ProductFilter, ProductId, ProductRow,
    SearchOrder, SearchQuery, ShopKey, Store, UnixMs,
};

use crate::cli::shop_key;

/// Products asked of the store at a time.
const BLOCK_ROWS: usize = 1_000;

/// Products that a message names where several are meant.
const MEANT: usize = 10;

/// Products that a message names that are near.
const NEAR: usize = 3;

/// Returns the product that `text` means, gone or not.
///
/// Of several, those that pass `filter` are meant, if any do.
///
/// # Errors
/// When no stored product is meant, or more than one; the message names those that are near.
pub(crate) async fn product(
    store: &dyn Store,
    text: &str,
    filter: &ProductFilter,
) -> Result<ProductRow> {
    let text = text.trim();
    let mut found = if let Ok(id) = text.parse::<ProductId>() {
        store.product_rows(&[id]).await?
    } else if let Some((shop, handle)) = shop_and_handle(text) {
        let shop = ProductFilter {
            shops: vec![shop],
            ..ProductFilter::default()
        };
        scan(store, &shop, |row| row.handle == handle).await?
    } else {
        let ids = ids_of_native(store, text).await?;
        store.product_rows(&ids).await?
    };
    if found.is_empty() && !page(text).is_empty() && text.parse::<ProductId>().is_err() {
        let is_it = |row: &ProductRow| row.handle == text || page(&row.url) == page(text);
        found = scan(store, filter, is_it).await?;
        if found.is_empty() && *filter != ProductFilter::default() {
            found = scan(store, &ProductFilter::default(), is_it).await?;
        }
    }
    if found.iter().any(|row| filter.matches(row)) {
        found.retain(|row| filter.matches(row));
    }
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 => bail!(
            "no product {text:?} in {}; {}",
            store.location(),
            advice(store, text).await?
        ),
        _ => bail!(
            "several products are {text:?}; take one of these ids: {}",
            named(&found, MEANT)
        ),
    }
}

/// Returns since when a product is gone, if it is.
pub(super) async fn gone_since(store: &dyn Store, id: &ProductId) -> Result<Option<UnixMs>> {
    let filter = ObservationFilter {
        product: Some(id.clone()),
        kinds: vec![ObservationKind::Gone, ObservationKind::Back],
        ..ObservationFilter::default()
    };
    let mut last = None;
    let mut after = None;
    loop {
        let order = ObservationOrder::ByProduct;
        let rows = store
            .observed(&filter, order, after.as_ref(), BLOCK_ROWS)
            .await?;
        let is_last = rows.len() < BLOCK_ROWS;
        if let Some(row) = rows.last() {
            after = Some(row.key());
            last = Some((row.observation.kind, row.observation.at));
        }
        if is_last {
            break;
        }
    }
    let last = last.filter(|(kind, _)| *kind == ObservationKind::Gone);
    Ok(last.map(|(_, at)| at))
}

/// Takes `https://shop.example/products/handle?variant=1` apart.
fn shop_and_handle(url: &str) -> Option<(ShopKey, &str)> {
    let shop = url.contains("://").then(|| shop_key(url).ok())??;
    let (_, path) = url.rsplit_once("/products/")?;
    let handle = path.split(['/', '?', '#']).next()?;
    Some((shop, handle))
}

/// Returns an address without what several addresses of one page differ in.
fn page(url: &str) -> &str {
    let page = url.split_once("://").map_or(url, |(_, rest)| rest);
    let page = page.strip_prefix("www.").unwrap_or(page);
    page.split(['?', '#'])
        .next()
        .unwrap_or(page)
        .trim_end_matches('/')
}

/// Returns the products that pass `filter` and are meant, but not more than a message needs.
async fn scan(
    store: &dyn Store,
    filter: &ProductFilter,
    is_it: impl Fn(&ProductRow) -> bool,
) -> Result<Vec<ProductRow>> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let rows = store.products(filter, after.as_ref(), BLOCK_ROWS).await?;
        let is_last = rows.len() < BLOCK_ROWS;
        after = rows.last().map(|row| row.id.clone());
        found.extend(rows.into_iter().filter(&is_it));
        if is_last || found.len() > MEANT {
            return Ok(found);
        }
    }
}

/// Returns the ids that `text` makes in each shop, if it may be a platform's own id.
async fn ids_of_native(store: &dyn Store, text: &str) -> Result<Vec<ProductId>> {
    if text.is_empty() || !text.bytes().all(|it| it.is_ascii_digit()) {
        return Ok(vec![]);
    }
    let ids = store.shops().await?.into_iter().map(|it| ProductId {
        platform: it.shop.platform,
        shop: it.shop.key,
        native: text.into(),
    });
    Ok(ids.collect())
}

/// Returns products that have all words of `text`.
async fn near(store: &dyn Store, text: &str) -> Result<Vec<ProductRow>> {
    let query = SearchQuery {
        tag: None,
        text: text.to_owned(),
        filter: ProductFilter::default(),
        order: SearchOrder::default(),
    };
    Ok(store.search(&query, None, BLOCK_ROWS).await?.rows)
}

/// Returns the next step of somebody who named no product.
async fn advice(store: &dyn Store, text: &str) -> Result<String> {
    if text.parse::<ProductId>().is_err() && text.contains(char::is_alphabetic) {
        let mut words = text.rsplit('/').find(|it| !it.is_empty()).unwrap_or(text);
        words = words.split(['?', '#']).next().unwrap_or(words);
        let near = near(store, words).await?;
        if !near.is_empty() {
            return Ok(format!("near to it: {}", named(&near, NEAR)));
        }
    }
    Ok("`trouvaille export products --search WORDS` lists the ids (column product_id)".to_owned())
}

fn named(products: &[ProductRow], most: usize) -> String {
    let more = match products.len() > most {
        true => ", …",
        false => "",
    };
    let names = products.iter().take(most);
    let names: Vec<String> = names
        .map(|it| format!("{} ({})", it.id, it.title))
        .collect();
    format!("{}{more}", names.join(", "))
}
