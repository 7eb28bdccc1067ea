//! Hostile input from outside: what a page may hold, what it may cost, and what a server may do.

mod busy;
mod elsewhere;
mod files;
mod memory;
mod pages;
mod servers;

use crawler::platforms::shopify::read_meta;
use testkit::feed_hostile_bytes;

use crate::numbers::check_short_ways;
use crate::reader::properties::check;

/// Answers that are products in every shape, and some that are none.
const PRODUCTS: [&[u8]; 10] = [
    include_bytes!("../testdata/shopify/storefront.json"),
    include_bytes!("../testdata/shopify/admin.json"),
    include_bytes!("../testdata/shopify/listings.json"),
    include_bytes!("../testdata/shopify/map.json"),
    include_bytes!("../testdata/shopify/ajax.json"),
    include_bytes!("../testdata/shopify/camel.json"),
    include_bytes!("../testdata/shopify/faults.json"),
    include_bytes!("../testdata/hostile/products/extremes.json"),
    include_bytes!("../testdata/hostile/products/errors.json"),
    include_bytes!("../testdata/hostile/products/bytes.json"),
];

const META: [&[u8]; 2] = [
    include_bytes!("../testdata/hostile/meta/meta.json"),
    include_bytes!("../testdata/hostile/meta/mark.json"),
];

/// Bare products, one in a document, which have a short way to their numbers.
const PLAIN: [&[u8]; 2] = [
    include_bytes!("../testdata/hostile/plain/storefront.json"),
    include_bytes!("../testdata/hostile/plain/admin.json"),
];

#[test]
fn hostile_products_are_answered() {
    feed_hostile_bytes("products", &PRODUCTS, |body| check(body).unwrap());
}

#[test]
fn hostile_entries_cost_no_neighbour() {
    feed_hostile_bytes("neighbours", &PRODUCTS, pages::check_neighbours);
}

#[test]
fn the_ways_to_the_numbers_of_a_hostile_product_agree() {
    feed_hostile_bytes("numbers", &PLAIN, check_short_ways);
}

#[test]
fn hostile_meta_is_answered() {
    feed_hostile_bytes("meta", &META, |body| {
        if let Some(currency) = read_meta(body).and_then(|it| it.currency) {
            assert!(currency.is_known());
            assert!(currency.code().bytes().all(|it| it.is_ascii_uppercase()));
        }
    });
}
