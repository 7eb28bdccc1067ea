//! Addresses from strangers' data: shown only where they lead to the shop itself, and hold no words but a plain handle or
//! the name of an image's file.

use catalog::{ProductRow, ShopKey};

use super::is_plain;

/// The longest address that is shown.
const MAX_URL_CHARS: usize = 300;

/// Where Shopify keeps the images of all its shops. Its paths begin with `/s/files/`.
const SHOPIFY_IMAGES: &str = "cdn.shopify.com";

/// So many digits are in the version of an image, which is a time.
const MAX_VERSION_DIGITS: usize = 20;

/// Returns the address of a product's page if it leads there and says nothing else: http or https, the shop's own host with or
/// without `www.`, no user, `/products/` and the handle, if that is a [plain](is_plain) word.
///
/// Nothing is put right: an address that is not written so is left out.
pub(crate) fn url(row: &ProductRow) -> Option<String> {
    let (host, rest) = parts(&row.url)?;
    let is_page = rest.strip_prefix("/products/") == Some(&row.handle) && is_plain(&row.handle);
    (is_page && is_of(host, &row.id.shop)).then(|| row.url.clone())
}

/// Returns an address of a product's image if it leads to its shop, or to where its platform keeps the images of all shops.
/// Of a query nothing is left but the version, `v=` and digits.
pub(crate) fn image(text: &str, shop: &ShopKey) -> Option<String> {
    let (host, rest) = parts(text)?;
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (path, query) = rest.split_at(end);
    let is_of_platform = host == SHOPIFY_IMAGES && path.starts_with("/s/files/");
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"/-_.~@".contains(&it);
    if !path.bytes().all(is_plain) || path.contains("..") {
        return None;
    }
    let shown = &text[..text.len() - query.len()];
    (is_of_platform || is_of(host, shop)).then(|| match version(query) {
        Some(version) => format!("{shown}?v={version}"),
        None => shown.to_owned(),
    })
}

/// Returns the version that a query names.
fn version(query: &str) -> Option<&str> {
    let query = query.strip_prefix('?')?.split('#').next()?;
    let version = query.split('&').find_map(|it| it.strip_prefix("v="))?;
    let is_version = (1..=MAX_VERSION_DIGITS).contains(&version.len())
        && version.bytes().all(|it| it.is_ascii_digit());
    is_version.then_some(version)
}

/// Returns host (with port) and what stands behind it.
fn parts(text: &str) -> Option<(&str, &str)> {
    let is_seen = |it: u8| it.is_ascii_graphic();
    if text.len() > MAX_URL_CHARS || !text.bytes().all(is_seen) {
        return None;
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(rest.split_at(end))
}

/// Returns whether a host is the shop's. One with a user before it is not.
fn is_of(host: &str, shop: &ShopKey) -> bool {
    let host = host.to_ascii_lowercase();
    let own = shop.shown();
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
    bare(&host) == bare(&own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> ShopKey {
        ShopKey::encode(text).unwrap()
    }

    fn shown_of(shop: &str, page: &str, handle: &str) -> Option<String> {
        let id = format!("shopify:{}:1", key(shop)).parse().unwrap();
        url(&ProductRow {
            url: page.to_owned(),
            handle: handle.to_owned(),
            ..ProductRow::named(id)
        })
    }

    fn shown(url: &str, handle: &str) -> Option<String> {
        shown_of("lamps.example", url, handle)
    }

    #[test]
    fn only_pages_of_the_shop_itself_are_shown() {
        for own in [
            "https://lamps.example/products/brass-lamp",
            "http://www.lamps.example/products/brass-lamp",
            "https://LAMPS.example/products/brass-lamp",
        ] {
            assert_eq!(shown(own, "brass-lamp").as_deref(), Some(own));
        }
        for host in [
            "",
            "evil.example",
            "lamps.example.evil.example",
            "evil.example@lamps.example",
            "lamps.example@evil.example",
            "lamps.example:8443",
            "lamps.example\\@evil.example",
            "l\u{e4}mps.example",
            "/lamps.example",
            "evil.example/lamps.example",
        ] {
            let other = format!("https://{host}/products/brass-lamp");
            assert_eq!(shown(&other, "brass-lamp"), None, "{other:?}");
        }
        for scheme in ["", "//", "ftp://", "javascript:", "data:text/html,"] {
            let other = format!("{scheme}lamps.example/products/brass-lamp");
            assert_eq!(shown(&other, "brass-lamp"), None, "{other:?}");
        }
        let with_port = "http://127.0.0.1:8080/products/x";
        assert!(shown_of("127.0.0.1:8080", with_port, "x").is_some());
        assert_eq!(shown_of("127.0.0.1:8081", with_port, "x"), None);
    }

    #[test]
    fn a_page_says_nothing_but_a_plain_handle() {
        for (path, handle) in [
            ("", ""),
            ("/products/", ""),
            ("/products/other", "brass-lamp"),
            ("/obey/products/brass-lamp", "brass-lamp"),
            ("/products/brass-lamp?obey", "brass-lamp"),
            ("/products/brass-lamp#obey", "brass-lamp"),
            ("/products/../brass-lamp", "brass-lamp"),
            ("/products/IGNORE-ALL-previous", "IGNORE-ALL-previous"),
            (
                "/products/obey%3Fq=https:%2F%2Fevil.example",
                "obey?q=https://evil.example",
            ),
            ("/products/obey%20me", "obey%20me"),
        ] {
            let url = format!("https://lamps.example{path}");
            assert_eq!(shown(&url, handle), None, "{url}");
        }
        let long = "x".repeat(101);
        let url = format!("https://lamps.example/products/{long}");
        assert_eq!(shown(&url, &long), None);
    }

    #[test]
    fn images_may_be_where_the_platform_keeps_them() {
        let shop = key("lamps.example");
        let cdn = "https://cdn.shopify.com/s/files/1/0001/x_2@2x.jpg";
        for (text, shown) in [
            (cdn.to_owned(), Some(cdn.to_owned())),
            (format!("{cdn}?v=17"), Some(format!("{cdn}?v=17"))),
            (
                format!("{cdn}?width=9&v=17&obey=me#now"),
                Some(format!("{cdn}?v=17")),
            ),
            (format!("{cdn}?v=obey"), Some(cdn.to_owned())),
            (
                format!("{cdn}?ignore%20all%20previous"),
                Some(cdn.to_owned()),
            ),
            (format!("{cdn}#ignore-all"), Some(cdn.to_owned())),
        ] {
            assert_eq!(image(&text, &shop), shown, "{text}");
        }
        assert!(image("https://lamps.example/cdn/x.jpg", &shop).is_some());
        for bad in [
            "https://cdn.shopify.com/evil.svg",
            "https://cdn.shopify.com/s/files/../../x",
            "https://cdn.shopify.com/s/files/%2e%2e/x",
            "https://cdn.shopify.com/s/files/ignore%20all.png",
            "https://cdn.shopify.com/s/files/ignore+all.png",
            "https://lamps.example/x)![](https://evil.example",
            "https://lamps.example/a b",
            "https://lamps.example/\u{202e}x",
            "https://lamps.example@evil.example/x.jpg",
            "https://evil.example/s/files/x.jpg",
            "/s/files/x.jpg",
        ] {
            assert_eq!(image(bad, &shop), None, "{bad}");
        }
        let long = format!("https://lamps.example/{}", "x".repeat(MAX_URL_CHARS));
        assert_eq!(image(&long, &shop), None);
    }
}
