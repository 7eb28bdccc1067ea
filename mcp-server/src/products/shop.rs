//! Shops as callers name them.

use std::collections::BTreeSet;

use catalog::{Currency, Record, RecordKey, RecordKind, ShopKey, ShopRecord, Store};

use super::nearest;
use crate::ToolError;

/// So many shops are read at once.
const PAGE: usize = 1_000;
/// So many shops are looked at, at most.
const MAX_SHOPS: usize = 10_000;

/// Returns the key of the stored shop that `text` names: its key, its host with or without `www.`, or a URL of it.
///
/// # Errors
/// Names shops that are near.
pub(crate) async fn shop(store: &dyn Store, field: &str, text: &str) -> Result<ShopKey, ToolError> {
    let shops = shops(store).await?;
    if shops.is_empty() {
        return Err(ToolError::empty());
    }
    let named = keys(host_of(text));
    let found = named.iter().find(|it| shops.contains(it));
    found.cloned().ok_or_else(|| unknown(field, text, &shops))
}

/// Returns the error of a shop that is not stored.
pub(super) fn unknown(field: &str, text: &str, shops: &[ShopKey]) -> ToolError {
    let nearest = nearest::shops(host_of(text), shops);
    let message = "no such shop is stored; its key is a host, such as lamps.example";
    ToolError {
        field: Some(field.to_owned()),
        ..ToolError::new("unknown_shop", message)
    }
    .nearest(nearest)
    .next("list_shops {}")
}

/// Returns the keys of all stored shops, sorted.
pub(crate) async fn shops(store: &dyn Store) -> Result<Vec<ShopKey>, ToolError> {
    let shops = shop_records(store).await?;
    Ok(shops.into_iter().map(|it| it.shop.key).collect())
}

/// Returns the currencies of these shops, or of all, by code. A product has its shop's.
pub(crate) async fn currencies(
    store: &dyn Store,
    of: &[ShopKey],
) -> Result<Vec<Currency>, ToolError> {
    let shops = shop_records(store).await?.into_iter().map(|it| it.shop);
    let wanted = shops.filter(|it| of.is_empty() || of.contains(&it.key));
    let currencies: BTreeSet<Currency> = wanted.map(|it| it.currency).collect();
    Ok(currencies.into_iter().collect())
}

/// Returns the currency that `code` names, of those that some shop has.
///
/// # Errors
/// Names those, and a call of `tool` with the first of them.
pub(crate) async fn currency(
    store: &dyn Store,
    tool: &str,
    code: &str,
) -> Result<Currency, ToolError> {
    let mut known = currencies(store, &[]).await?;
    known.retain(|it| it.is_known());
    let message = match Currency::parse(code) {
        Ok(currency) if known.contains(&currency) => return Ok(currency),
        Ok(currency) if !currency.is_known() => {
            "XXX stands for no currency: a shop that does not say its currency is found by its name, with shop"
        }
        _ => "no stored shop has prices in this currency; expected a code such as EUR",
    };
    let codes: Vec<String> = known.iter().map(|it| it.code().to_owned()).collect();
    let next = match codes.first() {
        Some(code) => format!("{tool} {{\"currency\":\"{code}\"}}"),
        None => "list_shops {}".to_owned(),
    };
    let nearest = codes.into_iter().take(10).collect();
    Err(ToolError::invalid("currency", message)
        .nearest(nearest)
        .next(next))
}

/// Reads the shops, by key, without their numbers, which take a look at every product.
pub(crate) async fn shop_records(store: &dyn Store) -> Result<Vec<ShopRecord>, ToolError> {
    let mut shops: Vec<ShopRecord> = Vec::new();
    while shops.len() < MAX_SHOPS {
        let after = shops.last().map(|it| RecordKey::Shop(it.shop.key.clone()));
        let records = store
            .records(RecordKind::Shop, after.as_ref(), PAGE)
            .await?;
        let is_end = records.len() < PAGE;
        shops.extend(records.into_iter().filter_map(|it| match it {
            Record::Shop(it) => Some(it),
            _ => None,
        }));
        if is_end {
            break;
        }
    }
    Ok(shops)
}

/// Returns the keys that a shop may have whose host is written so, the likeliest first.
pub(super) fn keys(host: &str) -> Vec<ShopKey> {
    let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
    let bare = host.strip_prefix("www.").unwrap_or(&host);
    let as_key = |it: &str| it.parse().ok().filter(|_| it.contains('%'));
    // Percent signs of a key that is written in lower case: `%3a`.
    let upper = host
        .replace("%3a", "%3A")
        .replace("%5b", "%5B")
        .replace("%5d", "%5D");
    let mut keys: Vec<ShopKey> = Vec::new();
    keys.extend(as_key(&upper));
    keys.extend(ShopKey::encode(&host).ok());
    keys.extend(ShopKey::encode(bare).ok());
    keys.extend(ShopKey::encode(&format!("www.{bare}")).ok());
    for port in [":443", ":80"] {
        keys.extend(
            host.strip_suffix(port)
                .and_then(|it| ShopKey::encode(it).ok()),
        );
    }
    keys
}

/// Returns what stands where a URL has its host; a text that is no URL, up to its first slash.
pub(super) fn host_of(text: &str) -> &str {
    let text = text.trim();
    let behind_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    let end = behind_scheme
        .find(['/', '?', '#'])
        .unwrap_or(behind_scheme.len());
    let authority = &behind_scheme[..end];
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{empty, put_shop};

    #[tokio::test]
    async fn a_shop_is_known_by_its_key_its_host_and_its_urls() {
        let (store, _) = empty().await;
        for key in ["lamps.example", "www.hats.example", "127.0.0.1%3A8080"] {
            put_shop(store.as_ref(), key, "EUR").await;
        }
        for (text, key) in [
            ("lamps.example", "lamps.example"),
            (" Lamps.Example ", "lamps.example"),
            ("www.lamps.example", "lamps.example"),
            ("https://lamps.example/collections/all?x=1", "lamps.example"),
            ("https://lamps.example:443", "lamps.example"),
            ("hats.example", "www.hats.example"),
            ("127.0.0.1:8080", "127.0.0.1%3A8080"),
            ("127.0.0.1%3A8080", "127.0.0.1%3A8080"),
            ("127.0.0.1%3a8080", "127.0.0.1%3A8080"),
            ("http://127.0.0.1:8080/", "127.0.0.1%3A8080"),
        ] {
            let found = shop(store.as_ref(), "shop", text).await.unwrap();
            assert_eq!(found.as_str(), key, "{text}");
        }
    }

    #[tokio::test]
    async fn an_unknown_shop_names_those_that_are_near() {
        let (store, _) = empty().await;
        put_shop(store.as_ref(), "lamps.example", "EUR").await;
        put_shop(store.as_ref(), "hats.example", "EUR").await;
        let error = shop(store.as_ref(), "shop", "lamp.example")
            .await
            .unwrap_err();
        assert_eq!(error.code, "unknown_shop");
        assert_eq!(error.field.as_deref(), Some("shop"));
        assert_eq!(error.nearest[0], "lamps.example");
        assert_eq!(error.next.as_deref(), Some("list_shops {}"));
        for text in ["", "{\"$ne\":1}", "' OR 1=1 --", "é".repeat(3_000).as_str()] {
            let error = shop(store.as_ref(), "shop", text).await.unwrap_err();
            assert_eq!(error.code, "unknown_shop", "{text}");
        }
    }

    #[tokio::test]
    async fn without_shops_the_command_is_named_that_crawls_one() {
        let (store, _) = empty().await;
        let error = shop(store.as_ref(), "shop", "lamps.example")
            .await
            .unwrap_err();
        assert_eq!(error, ToolError::empty());
    }
}
