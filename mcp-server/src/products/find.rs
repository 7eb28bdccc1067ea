//! Finds the product that a caller names, in whatever way it knows of.

use catalog::{NativeId, Platform, ProductId, ProductRow, ShopKey, Store};

use super::named::{Named, named, spellings};
use super::{gone_since, nearest, reference_in_error, shop};
use crate::ToolError;

/// So many products of the same name are looked at.
const MAX_SAME: usize = 6;

/// Returns the product that `text` names: `shop/handle`, a product id, a platform's own number, the URL of its page, or a
/// handle that only one shop has. It may be [gone](gone_since).
///
/// # Errors
/// Names products, or shops, that are near.
pub(crate) async fn find(
    store: &dyn Store,
    field: &str,
    text: &str,
) -> Result<ProductRow, ToolError> {
    let found = match named(text).ok_or_else(|| no_name(field))? {
        Named::Id(id) => by_id(store, field, id).await,
        Named::Number(number) => by_number(store, number).await,
        Named::InShop { host, handle } => in_shop(store, field, &host, &handle).await,
        Named::Handle(handle) => by_handle(store, &handle).await,
    };
    found.map_err(|error| ToolError {
        field: error.field.or_else(|| Some(field.to_owned())),
        ..error
    })
}

fn no_name(field: &str) -> ToolError {
    let message = "this names no product: expected shop/handle, a product id such as shopify:lamps.example:123, the \
                   platform's number, or the URL of a product's page";
    ToolError::invalid(field, message).next("search_products {\"query\":\"WORDS OF ITS TITLE\"}")
}

async fn by_id(store: &dyn Store, field: &str, id: ProductId) -> Result<ProductRow, ToolError> {
    let rows = store.product_rows(std::slice::from_ref(&id)).await?;
    if let Some(row) = rows.into_iter().next() {
        return Ok(row);
    }
    // The error of a shop that is not stored goes first.
    let shop = shop(store, field, id.shop.as_str()).await?;
    let message = "the shop has no product with this id";
    let next = format!("search_products {{\"shop\":\"{shop}\",\"query\":\"WORDS OF ITS TITLE\"}}");
    Err(ToolError::new("unknown_product", message).next(next))
}

async fn by_number(store: &dyn Store, number: u64) -> Result<ProductRow, ToolError> {
    let shops = shop::shops(store).await?;
    let of_shop = |shop: &ShopKey| ProductId {
        platform: Platform::Shopify,
        shop: shop.clone(),
        native: NativeId::from(number),
    };
    let ids: Vec<ProductId> = shops.iter().map(of_shop).collect();
    let rows = store.product_rows(&ids).await?;
    match one(store, rows).await? {
        Some(row) => Ok(row),
        // Some handles are numbers: 1984.
        None => by_handle(store, &number.to_string()).await,
    }
}

async fn in_shop(
    store: &dyn Store,
    field: &str,
    host: &str,
    handle: &str,
) -> Result<ProductRow, ToolError> {
    let keys = shop::keys(host);
    for key in &keys {
        for handle in spellings(handle) {
            let rows = store
                .products_of_handle(&handle, Some(key), MAX_SAME)
                .await?;
            if let Some(row) = one(store, rows).await? {
                return Ok(row);
            }
        }
    }
    // The error of a shop that is not stored goes first.
    let key = shop(store, field, host).await?;
    if let Ok(number) = handle.parse::<u64>() {
        let id = ProductId {
            platform: Platform::Shopify,
            shop: key.clone(),
            native: number.into(),
        };
        return by_id(store, field, id).await;
    }
    Err(unknown(store, Some(key), handle).await?)
}

async fn by_handle(store: &dyn Store, handle: &str) -> Result<ProductRow, ToolError> {
    for handle in spellings(handle) {
        let rows = store.products_of_handle(&handle, None, MAX_SAME).await?;
        if let Some(row) = one(store, rows).await? {
            return Ok(row);
        }
    }
    Err(unknown(store, None, handle).await?)
}

/// Returns the only one of `rows`, or the only one that is not gone: shops give a product's handle to its successor.
///
/// # Errors
/// When several may be meant.
async fn one(store: &dyn Store, rows: Vec<ProductRow>) -> Result<Option<ProductRow>, ToolError> {
    if rows.len() < 2 {
        return Ok(rows.into_iter().next());
    }
    let mut there = Vec::new();
    for row in &rows {
        if gone_since(store, &row.id).await?.is_none() {
            there.push(row.clone());
        }
    }
    if there.is_empty() {
        there = rows;
    }
    match there.as_slice() {
        [only] => Ok(Some(only.clone())),
        several => Err(ambiguous(several)),
    }
}

fn ambiguous(rows: &[ProductRow]) -> ToolError {
    let is_one_shop = rows.iter().all(|it| it.id.shop == rows[0].id.shop);
    let name = |it: &ProductRow| match is_one_shop {
        // Their `shop/handle` would be the same.
        true => it.id.to_string(),
        false => reference_in_error(it),
    };
    let names = rows.iter().take(nearest::MAX_NEAREST).map(name).collect();
    ToolError::new("ambiguous_product", "several products have this name")
        .nearest(names)
        .next("call again with one of nearest")
}

/// Returns the error of a product that nobody knows.
async fn unknown(
    store: &dyn Store,
    shop: Option<ShopKey>,
    handle: &str,
) -> Result<ToolError, ToolError> {
    if shop.is_none() && shop::shops(store).await?.is_empty() {
        return Ok(ToolError::empty());
    }
    let words = nearest::words(handle);
    let nearest = nearest::products(store, shop.as_ref(), handle, &words).await?;
    let of_shop = shop.map_or(String::new(), |it| format!("\"shop\":\"{it}\","));
    let message = match of_shop.is_empty() {
        true => "no shop has a product of this name",
        false => "the shop has no product of this name",
    };
    let next = format!(
        "search_products {{{of_shop}\"query\":\"{}\"}}",
        words.join(" ")
    );
    Ok(ToolError::new("unknown_product", message)
        .nearest(nearest)
        .next(next))
}

#[cfg(test)]
mod tests;
