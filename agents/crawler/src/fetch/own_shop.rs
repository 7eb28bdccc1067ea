//! The one request that may be sent although robots.txt refuses it: a shop's list by sales, if the shop is the operator's.

use std::collections::HashSet;

use url::Url;

/// The path of the list of all products, which Shopify gives in any order that is asked for.
pub(crate) const SORTED_LIST: &str = "/collections/all/products.json";

/// Returns whether `url` asks for the list by sales of a shop in `own_shops`, and for nothing else.
pub(super) fn is_own_sorted_list(url: &Url, own_shops: &HashSet<String>) -> bool {
    let mut n_orders = 0;
    let is_known = url.query_pairs().all(|(key, value)| match &*key {
        "sort_by" => {
            n_orders += 1;
            value == "best-selling"
        }
        other => matches!(other, "limit" | "page"),
    });
    is_known && n_orders == 1 && is_own_shop(url, own_shops) && url.path() == SORTED_LIST
}

/// Returns whether the host of `url` is in `own_shops`.
pub(super) fn is_own_shop(url: &Url, own_shops: &HashSet<String>) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let with_port = url.port().map(|port| format!("{host}:{port}"));
    own_shops.contains(host) || with_port.is_some_and(|it| own_shops.contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_list_by_sales_of_an_own_shop_passes() {
        let own = HashSet::from(["shop.example".to_owned(), "127.0.0.1:8080".to_owned()]);
        let passes = |url: &str| is_own_sorted_list(&Url::parse(url).unwrap(), &own);
        assert!(passes(
            "https://shop.example/collections/all/products.json?sort_by=best-selling&limit=250"
        ));
        assert!(passes(
            "http://127.0.0.1:8080/collections/all/products.json?sort_by=best-selling"
        ));
        for url in [
            "https://other.example/collections/all/products.json?sort_by=best-selling",
            "https://www.shop.example/collections/all/products.json?sort_by=best-selling",
            "http://127.0.0.1:8081/collections/all/products.json?sort_by=best-selling",
            "https://shop.example/collections/all/products.json",
            "https://shop.example/collections/all/products.json?limit=250&page=2",
            "https://shop.example/collections/all/products.json?sort_by=best-selling&sort_by=best-selling",
            "https://shop.example/collections/all/products.json?sort_by=price",
            "https://shop.example/collections/all/products.json?sort_by=best-selling&token=1",
            "https://shop.example/collections/lamps/products.json?sort_by=best-selling",
            "https://shop.example/cart?sort_by=best-selling",
        ] {
            assert!(!passes(url), "{url}");
        }
    }
}
