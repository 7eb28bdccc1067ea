//! What Shopify's sitemaps say of its products: which files list them, and the handle in a page's address.
//!
//! The files are ranges of product ids, so that new products stand in the last one. Each language of a shop has files of
//! its own, which repeat the same products.

use std::cmp::Reverse;

use url::Url;

/// Returns the files that list products, newest first, without those that repeat them in another language.
///
/// Where no file is named as Shopify names them, all are returned: their entries tell.
pub fn product_files(files: Vec<Url>) -> Vec<Url> {
    let (mut products, others): (Vec<Url>, Vec<Url>) = files
        .into_iter()
        .partition(|file| name(file).contains("sitemap_products_"));
    if products.is_empty() {
        return others;
    }
    let is_of_language = |file: &Url| {
        let folders = file.path_segments().map_or(0, |it| it.count() - 1);
        (!name(file).starts_with("sitemap_products_"), folders)
    };
    if let Some(least) = products.iter().map(is_of_language).min() {
        products.retain(|file| is_of_language(file) == least);
    }
    products.sort_by_cached_key(|file| Reverse((first_id(file), number(file), file.to_string())));
    products.dedup();
    products
}

/// Returns the handle of the product whose page is at `address`, decoded; `None` for any other page, and for the same one
/// in another language.
pub fn product_handle(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let handle = url.path().strip_prefix("/products/")?;
    let handle = handle.strip_suffix('/').unwrap_or(handle);
    (!handle.is_empty() && !handle.contains('/')).then(|| decoded(handle))
}

fn name(file: &Url) -> &str {
    file.path().rsplit('/').next().unwrap_or_default()
}

/// Returns the id of the product with which a file begins.
fn first_id(file: &Url) -> u64 {
    let from = file.query_pairs().find(|(key, _)| key == "from");
    from.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

fn number(file: &Url) -> u64 {
    let name = name(file);
    let digits: String = name.chars().filter(char::is_ascii_digit).take(18).collect();
    digits.parse().unwrap_or(0)
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..2)
            .filter(|it| it.iter().all(u8::is_ascii_hexdigit));
        let hex = digits.and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(addresses: &[&str]) -> Vec<String> {
        let files = addresses.iter().map(|it| Url::parse(it).unwrap()).collect();
        product_files(files)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_file_with_the_newest_products_comes_first_and_languages_are_left_out() {
        let found = files(&[
            "https://shop.example/sitemap_products_1.xml?from=1&to=900",
            "https://shop.example/sitemap_products_2.xml?from=901&to=2000",
            "https://shop.example/sitemap_products_2.xml?from=901&to=2000",
            "https://shop.example/sitemap_pages_1.xml",
            "https://shop.example/en-ca/sitemap_products_1.xml?from=1&to=900",
        ]);
        assert_eq!(
            found,
            [
                "https://shop.example/sitemap_products_2.xml?from=901&to=2000",
                "https://shop.example/sitemap_products_1.xml?from=1&to=900",
            ]
        );
        assert_eq!(
            files(&[
                "https://shop.example/maps/et_sitemap_products_1.xml",
                "https://shop.example/maps/sitemap_products_9.xml",
                "https://shop.example/maps/sitemap_products_10.xml",
            ]),
            [
                "https://shop.example/maps/sitemap_products_10.xml",
                "https://shop.example/maps/sitemap_products_9.xml",
            ]
        );
        assert_eq!(files(&["https://shop.example/map.xml"]).len(), 1);
    }

    #[test]
    fn only_a_products_own_page_has_its_handle() {
        for (address, handle) in [
            ("https://shop.example/products/lamp", Some("lamp")),
            ("https://shop.example/products/lamp/?x=1#top", Some("lamp")),
            (
                "https://shop.example/products/caf%C3%A9-%E2%84%A2",
                Some("café-™"),
            ),
            ("https://shop.example/products/50%", Some("50%")),
            ("https://shop.example/products/50%+1", Some("50%+1")),
            ("https://shop.example/products/%ff", Some("\u{fffd}")),
            ("https://shop.example/et/products/lamp", None),
            ("https://shop.example/products/", None),
            ("https://shop.example/collections/x/products/lamp", None),
            ("/products/lamp", None),
        ] {
            assert_eq!(product_handle(address).as_deref(), handle, "{address}");
        }
    }
}
