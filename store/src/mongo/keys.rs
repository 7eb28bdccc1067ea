//! The ids of documents, made so that their order by bytes is the order of the keys.

use catalog::{CrawlKey, NativeId, Platform, ProductId, ShopKey};

use mongodb::bson::RawBson;

use super::fault::Fault;

/// Returns a product's `_id`: `shopify shop.example 00000000000000000123`, or `1` and the text of a text id.
///
/// A space is less than every character of a platform's name and of a shop's key, so that the order by bytes is
/// that of [`ProductId`].
pub(super) fn product_key(id: &ProductId) -> String {
    let (platform, shop) = (id.platform, id.shop.as_str());
    match &id.native {
        NativeId::Number(number) => format!("{platform} {shop} 0{number:019}"),
        NativeId::Text(text) => format!("{platform} {shop} 1{text}"),
    }
}

/// Reads what [`product_key`] wrote.
pub(super) fn parse_product_key(key: &str) -> Result<ProductId, Fault> {
    let wrong = || Fault::Damaged(format!("the id of a product: {key:?}"));
    let mut parts = key.splitn(3, ' ');
    let mut part = || parts.next().ok_or_else(wrong);
    let (platform, shop, native) = (part()?, part()?, part()?);
    let native = match native.split_at_checked(1) {
        Some(("0", number)) => NativeId::Number(number.parse().map_err(|_| wrong())?),
        Some(("1", text)) => NativeId::Text(text.into()),
        _ => return Err(wrong()),
    };
    Ok(ProductId {
        platform: platform.parse::<Platform>().map_err(|_| wrong())?,
        shop: shop.parse().map_err(|_| wrong())?,
        native,
    })
}

/// Returns the bounds of the ids of a shop's products: from the first, to below the second.
pub(super) fn shop_range(platform: Platform, shop: &ShopKey) -> (String, String) {
    // `!` is the character behind the space.
    (format!("{platform} {shop} "), format!("{platform} {shop}!"))
}

/// Returns an observation's `_id`, of which the order by bytes is that of the products, then that of the numbers.
pub(super) fn observation_key(product: &str, n: u64) -> String {
    format!("{}{n:010}", observation_prefix(product))
}

/// Returns the bounds of the ids of a product's observations: from the first, to below the second.
pub(super) fn observation_range(product: &str) -> (String, String) {
    let prefix = observation_prefix(product);
    // `:` is the character behind the digits.
    (prefix.clone(), prefix + ":")
}

/// Returns what all ids of a product's observations begin with.
///
/// The separator and the one character below it, which an id of a shop's own may have, become pairs that sort
/// behind the separator and a digit.
fn observation_prefix(product: &str) -> String {
    let mut prefix = String::with_capacity(product.len() + 11);
    for char in product.chars() {
        match char {
            '\0' => prefix.push_str("\u{1}a"),
            '\u{1}' => prefix.push_str("\u{1}b"),
            _ => prefix.push(char),
        }
    }
    prefix.push('\u{1}');
    prefix
}

/// Returns a platform's own id as a value.
pub(super) fn native(id: &NativeId) -> RawBson {
    match id {
        NativeId::Number(number) => RawBson::Int64(*number),
        NativeId::Text(text) => RawBson::String(text.to_string()),
    }
}

/// Returns a pass's `_id`.
pub(super) fn crawl_key(crawl: &CrawlKey) -> String {
    format!("{} {:010}", crawl.shop, crawl.n)
}

/// Returns the bounds of the ids of a shop's passes, and of those of its pages.
pub(super) fn crawl_range(shop: &ShopKey) -> (String, String) {
    (format!("{shop} "), format!("{shop}!"))
}

/// Returns a page's `_id`.
pub(super) fn page_key(crawl: &CrawlKey, page: u32) -> String {
    format!("{} {:010} {page:010}", crawl.shop, crawl.n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_is_the_order_of_products() {
        let shops = ["a", "a-b", "a.b", "a%3A1", "a_b", "ab", "b", "a0"];
        let natives = [
            "0",
            "9",
            "10",
            "9223372036854775807",
            "007",
            "18446744073709551615",
            "",
            " ",
            "é",
            "a b",
            "\0",
            "$where",
            "1.2",
        ];
        let mut ids: Vec<ProductId> = shops
            .iter()
            .flat_map(|shop| natives.iter().map(move |native| (shop, native)))
            .map(|(shop, native)| ProductId {
                platform: Platform::Shopify,
                shop: shop.parse().unwrap(),
                native: NativeId::from(*native),
            })
            .collect();
        ids.sort();
        let keys: Vec<String> = ids.iter().map(product_key).collect();
        assert!(keys.is_sorted());
        let rows = keys
            .iter()
            .flat_map(|key| [1, 2, 10].map(|n| observation_key(key, n)));
        let rows: Vec<String> = rows.collect();
        assert!(rows.is_sorted());
        for (id, key) in ids.iter().zip(&keys) {
            assert_eq!(&parse_product_key(key).unwrap(), id);
            let (from, to) = shop_range(id.platform, &id.shop);
            let inside = ids
                .iter()
                .zip(&keys)
                .filter(|(_, key)| **key >= from && **key < to);
            assert!(inside.clone().all(|(other, _)| other.shop == id.shop));
            assert_eq!(inside.count(), natives.len());
            let (from, to) = observation_range(key);
            assert_eq!(
                rows.iter()
                    .filter(|row| **row >= from && **row < to)
                    .count(),
                3
            );
        }
        for wrong in [
            "",
            "shopify",
            "shopify a",
            "shopify a 2x",
            "shopify a 0x",
            "ebay a 01",
        ] {
            assert!(parse_product_key(wrong).is_err(), "{wrong}");
        }
    }
}
