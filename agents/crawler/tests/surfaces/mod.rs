//! What shops show beside their product list: sitemaps, collections, feeds, pages. Small answers, written by hand.

mod real_answers;

use crawler::platforms::ReadError;
use crawler::platforms::shopify::{
    Feed, product_files, product_handle, read_atom, read_collections, read_home,
};
use crawler::platforms::sitemap::{Listed, read_sitemap, sitemaps_of_robots};
use insta::{assert_debug_snapshot, assert_json_snapshot};
use testkit::feed_hostile_bytes;
use url::Url;

use crate::reader::shop;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../testdata/surfaces/", $name))
    };
}

/// What a sitemap lists: the addresses, each with its date as text.
type Found = (Result<Listed, ReadError>, Vec<(String, String)>);

pub(super) fn sitemap(body: &[u8]) -> Found {
    let mut found = Vec::new();
    let listed = read_sitemap(body, &mut |entry| {
        let lastmod = entry.lastmod.map(|it| it.to_string());
        found.push((entry.loc.to_owned(), lastmod.unwrap_or_default()));
        true
    });
    (listed, found)
}

pub(super) fn feed(body: &[u8]) -> Result<Feed, ReadError> {
    read_atom(body, &shop())
}

#[test]
fn an_index_lists_files_and_those_of_products_are_found() {
    let (listed, found) = sitemap(fixture!("sitemap.xml"));
    assert_eq!(listed, Ok(Listed::Files));
    let files = found.iter().map(|(loc, _)| Url::parse(loc).unwrap());
    let files = product_files(files.collect());
    let addresses: Vec<&str> = files.iter().map(Url::as_str).collect();
    assert_eq!(
        addresses,
        [
            "https://shop.example/sitemap_products_2.xml?from=5000&to=9000",
            "https://shop.example/sitemap_products_1.xml?from=11&to=4999",
        ]
    );
}

#[test]
fn a_file_lists_pages_with_the_times_of_their_last_change() {
    let (listed, found) = sitemap(fixture!("sitemap_products_1.xml"));
    assert_eq!(listed, Ok(Listed::Pages));
    assert_debug_snapshot!(found);
    let handles: Vec<String> = found
        .iter()
        .filter_map(|(loc, _)| product_handle(loc))
        .collect();
    assert_eq!(handles, ["oak-desk-lamp", "café-™", "undated"]);
}

#[test]
fn a_feed_tells_of_products_what_it_knows() {
    let feed = feed(fixture!("all.atom")).unwrap();
    let products: Vec<_> = feed.products.into_iter().map(|it| it.0).collect();
    assert_json_snapshot!("feed", products);
    assert_debug_snapshot!("feed_problems", feed.problems);
}

/// The shop's feed is of two variants, the second of which it prices in another currency than the shop's.
#[test]
fn behind_a_change_of_currency_a_feed_leaves_no_price_in_the_old_one() {
    let feed_of = |code: &str, other: &str| {
        let variant = |title: &str, code: &str| {
            format!(
                "<s:variant><title>{title}</title><s:price currency='{code}'>7.77</s:price></s:variant>"
            )
        };
        let variants = [variant("Small", code), variant("Large", other)].concat();
        format!("<feed><entry><id>https://shop.example/products/1</id>{variants}</entry></feed>")
    };
    let shop_in = |code: &str| catalog::Shop {
        currency: catalog::Currency::parse(code).unwrap(),
        ..shop()
    };
    let over = |known: &catalog::Product, code: &str, other: &str| {
        let feed = read_atom(feed_of(code, other).as_bytes(), &shop_in(code)).unwrap();
        feed.products[0].clone().over(known.clone())
    };
    let mut known = over(
        &read_atom(feed_of("EUR", "EUR").as_bytes(), &shop_in("EUR"))
            .unwrap()
            .products[0]
            .0,
        "EUR",
        "EUR",
    );
    let dear = catalog::Money::new(9_99, catalog::Currency::parse("EUR").unwrap());
    known.variants[0].compare_at = Some(dear);
    known.variants[1].compare_at = Some(dear);
    // As long as the currency is the same, the feed's silence is no news.
    let same = over(&known, "EUR", "USD");
    assert_eq!(same.variants, known.variants);

    let dollars = over(&known, "USD", "EUR");
    let codes = |price: Option<catalog::Money>| price.map(|it| it.currency().to_string());
    let told: Vec<_> = dollars
        .variants
        .iter()
        .map(|it| (codes(it.price), codes(it.compare_at)))
        .collect();
    assert_eq!(told, [(Some("USD".to_owned()), None), (None, None)]);
}

#[test]
fn collections_are_read_with_what_is_wrong_left_out() {
    assert_debug_snapshot!(read_collections(fixture!("collections.json")).unwrap());
}

#[test]
fn a_home_page_says_whose_shop_it_is() {
    assert_debug_snapshot!(read_home(fixture!("home.html")));
}

#[test]
fn what_is_no_sitemap_says_so() {
    for (body, said) in [
        ("", "not the XML"),
        ("{\"products\":[]}", "not the XML"),
        ("<html><body>", "<html> instead of a sitemap"),
        ("<?xml version='1.0'?>", "no element"),
        ("<urlset><url><loc>https://a.example/</loc>", "breaks off"),
        ("<urlset></sitemapindex>", "damaged XML"),
        (
            "<!DOCTYPE urlset [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><urlset>&b;</urlset>",
            "a document type",
        ),
    ] {
        let error = sitemap(body.as_bytes()).0.unwrap_err().to_string();
        assert!(error.contains(said), "{body}: {error}");
    }
    let deep = "<urlset>".repeat(100_000);
    let error = sitemap(deep.as_bytes()).0.unwrap_err().to_string();
    assert!(error.contains("nested too deep"), "{error}");
}

#[test]
fn an_entity_that_is_not_xmls_own_stands_for_nothing() {
    let body = b"<urlset><url><loc>https://a.example/&x;products/&amp;b&</loc></url></urlset>";
    let (_, found) = sitemap(body);
    assert_eq!(found[0].0, "https://a.example/products/&b&");
}

#[test]
fn what_breaks_off_was_taken_as_far_as_it_went() {
    let whole = fixture!("sitemap_products_1.xml");
    let (listed, found) = sitemap(&whole[..whole.len() - 60]);
    assert!(
        matches!(listed, Err(ReadError::DamagedXml(_))),
        "{listed:?}"
    );
    assert_eq!(found.len(), 3);
}

#[test]
fn robots_txt_names_sitemaps_in_any_case_and_place() {
    let robots = "user-agent: *\nDisallow: /a\nSITEMAP : https://shop.example/sitemap.xml\r\n\
                  sitemap: not an address\n# Sitemap: https://shop.example/other.xml\n";
    let found = sitemaps_of_robots(robots);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].as_str(), "https://shop.example/sitemap.xml");
}

#[test]
fn any_bytes_are_answered_by_the_readers_of_surfaces() {
    let xml: [&[u8]; 3] = [
        fixture!("sitemap.xml"),
        fixture!("sitemap_products_1.xml"),
        fixture!("all.atom"),
    ];
    feed_hostile_bytes("sitemap", &xml, |body| {
        let (_, found) = sitemap(body);
        assert!(found.iter().all(|(loc, _)| loc.len() <= 2 << 10));
        let files = found.iter().filter_map(|it| Url::parse(&it.0).ok());
        product_files(files.collect());
        for (loc, _) in &found {
            product_handle(loc);
        }
    });
    feed_hostile_bytes("atom", &xml, |body| {
        let Ok(feed) = feed(body) else { return };
        assert!(feed.products.len() <= 500 && feed.problems.len() <= 1_000);
    });
    feed_hostile_bytes("meta", &[fixture!("home.html")], |body| {
        let home = read_home(body);
        let name = home.myshopify.unwrap_or_default();
        assert!(name.is_empty() || name.ends_with(".myshopify.com"));
    });
    feed_hostile_bytes("collections", &[fixture!("collections.json")], |body| {
        let Ok(read) = read_collections(body) else {
            return;
        };
        assert!(read.collections.len() <= read.n_listed);
    });
}
