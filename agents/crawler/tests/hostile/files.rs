//! Hostile bytes for the readers of what leads to products where the list does not: sitemaps, feeds, collections, pages.

use std::collections::HashSet;

use crawler::platforms::shopify::{
    product_files, product_handle, read_atom, read_collections, read_home,
};
use crawler::platforms::sitemap::{Entry, read_sitemap, sitemaps_of_robots};
use testkit::feed_hostile_bytes;
use url::Url;

use crate::reader::shop;

const SITEMAPS: [&[u8]; 3] = [
    include_bytes!("../../testdata/hostile/sitemap/index.xml"),
    include_bytes!("../../testdata/hostile/sitemap/pages.xml"),
    include_bytes!("../../testdata/hostile/sitemap/odd.xml"),
];

const FEEDS: [&[u8]; 1] = [include_bytes!("../../testdata/hostile/atom/feed.xml")];

const COLLECTIONS: [&[u8]; 1] = [include_bytes!(
    "../../testdata/hostile/collections/page.json"
)];

const PAGES: [&[u8]; 2] = [
    include_bytes!("../../testdata/hostile/home/front.html"),
    include_bytes!("../../testdata/hostile/home/password.html"),
];

/// No entity of the answer's own stands for anything, so that nothing comes out that did not go in.
#[test]
fn hostile_sitemaps_give_no_more_than_they_hold() {
    feed_hostile_bytes("sitemap", &SITEMAPS, |body| {
        let mut n_bytes = 0;
        let mut files = vec![];
        let mut take = |entry: Entry<'_>| {
            assert!(!entry.loc.is_empty());
            n_bytes += entry.loc.len();
            let handle = product_handle(entry.loc);
            assert!(handle.is_none_or(|it| !it.is_empty()));
            files.extend(Url::parse(entry.loc));
            true
        };
        drop(read_sitemap(body, &mut take));
        // A byte that is no UTF-8 becomes three.
        assert!(n_bytes <= 3 * body.len(), "{n_bytes} of {}", body.len());
        let n_files = files.len();
        assert!(product_files(files).len() <= n_files);
        assert!(sitemaps_of_robots(&String::from_utf8_lossy(body)).len() <= 16);
    });
}

#[test]
fn hostile_feeds_give_products_of_their_own_shop() {
    let shop = shop();
    feed_hostile_bytes("atom", &FEEDS, |body| {
        let Ok(feed) = read_atom(body, &shop) else {
            return;
        };
        let mut ids = HashSet::new();
        for thin in &feed.products {
            assert!(ids.insert(thin.0.id.native.to_string()), "an id twice");
            assert_eq!(thin.0.id.shop, shop.key);
            let is_own = thin.0.url.is_empty() || thin.0.url.starts_with(&shop.url);
            assert!(is_own, "{}", thin.0.url);
            for price in thin.0.variants.iter().filter_map(|it| it.price) {
                assert_eq!(price.currency(), shop.currency);
            }
        }
    });
}

#[test]
fn hostile_collections_are_read_or_refused() {
    feed_hostile_bytes("collections", &COLLECTIONS, |body| {
        if let Ok(page) = read_collections(body) {
            assert!(page.collections.len() <= page.n_listed);
            assert!(page.collections.iter().all(|it| !it.handle.is_empty()));
        }
    });
}

#[test]
fn hostile_pages_name_no_host_but_the_platforms() {
    feed_hostile_bytes("home", &PAGES, |body| {
        if let Some(host) = read_home(body).myshopify {
            let label = host.strip_suffix(".myshopify.com").unwrap();
            let is_label = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
            assert!(!label.is_empty() && label.chars().all(is_label), "{host}");
            assert!(Url::parse(&format!("https://{host}/")).is_ok(), "{host}");
        }
    });
}
