//! Saved answers of real shops, which are no part of the repository: skipped, aloud, where they are absent.

use crawler::platforms::shopify::{product_files, product_handle, read_home};
use crawler::platforms::sitemap::{Listed, sitemaps_of_robots};
use url::Url;

use super::{feed, sitemap};
use crate::reader::real_answers::{collect_files, contents, saved_answers};

#[test]
fn real_sitemaps_name_their_products() {
    let Some(data) = saved_answers() else { return };
    let folder = data.join("shopify/sitemaps");
    for (file, n_products) in [
        ("hamish/sitemap_products_1.xml.gz", 250),
        ("hamish/sitemap_products_12.xml", 50),
        ("bb/sitemap_products_1.xml", 400),
        ("purecane/sitemap_products_1.xml", 10),
    ] {
        let (listed, found) = sitemap(&contents(&folder.join(file)));
        assert_eq!(listed, Ok(Listed::Pages), "{file}");
        let products = found.iter().filter(|it| product_handle(&it.0).is_some());
        let n_dated = products.clone().filter(|it| !it.1.is_empty()).count();
        let n_found = products.count();
        eprintln!("{file}: {n_found} products, {n_dated} dated");
        assert!(n_found >= n_products, "{file}: {n_found}");
        assert_eq!(n_dated, n_found, "{file}");
    }
    let (_, found) = sitemap(&contents(&folder.join("bb/et_sitemap_products_1.xml")));
    assert!(found.iter().all(|it| product_handle(&it.0).is_none()));
    for (index, file) in [
        (
            "purecane/sitemap.xml",
            "https://purecane.com/sitemap_products_1.xml?from=4181948924003&to=6922365075555",
        ),
        (
            "bb/sitemap_index.xml",
            "https://beigebrown.com/custom_sitemap/sitemap_products_1.xml",
        ),
    ] {
        let (listed, found) = sitemap(&contents(&folder.join(index)));
        assert_eq!(listed, Ok(Listed::Files));
        let files = found.iter().map(|it| Url::parse(&it.0).unwrap());
        let files = product_files(files.collect());
        assert_eq!(files.iter().map(Url::as_str).collect::<Vec<_>>(), [file]);
    }
    let robots = contents(&folder.join("purecane/robots.txt"));
    let named = sitemaps_of_robots(&String::from_utf8(robots).unwrap());
    assert_eq!(named[0].as_str(), "https://purecane.com/sitemap.xml");
}

#[test]
fn real_feeds_and_pages_are_read() {
    let Some(data) = saved_answers() else { return };
    let mut files = vec![];
    collect_files(&data.join("shopify/html"), &mut files);
    let (mut n_products, mut n_named) = (0, 0);
    for file in &files {
        let name = file.to_string_lossy();
        if name.contains("collections__") && name.ends_with(".atom") {
            let feed = feed(&contents(file)).unwrap();
            assert!(
                feed.products.iter().all(|it| !it.0.handle.is_empty()),
                "{name}"
            );
            n_products += feed.products.len();
        }
        if name.contains(".html") {
            let home = read_home(&contents(file));
            assert!(!home.asks_for_password, "{name}");
            n_named += usize::from(home.myshopify.is_some());
        }
    }
    eprintln!("{n_products} products in feeds, {n_named} pages that say their shop's name");
    assert!(n_products > 200 && n_named > 90, "{n_products}, {n_named}");
}
