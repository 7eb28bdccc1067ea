//! What the contract does not see: the number of commands, what a page that was cut off leaves, servers that go away.
//!
//! They need the servers that `scripts/test` starts.

mod cuts;
mod features;
mod metering;
mod opening;
mod outages;
mod pages;
mod proxy;
mod reads;
mod takeovers;
mod task_steps;
mod task_work;

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use catalog::{
    Availability, BegunCrawl, CrawlTicket, Currency, CurrencySource, LeaseAnswer, Money, PageWrite,
    Platform, Product, ProductId, Shop, ShopKey, Start, Store, UnixMs, Variant,
};
use mongodb::options::ClientOptions;

use super::MongoStore;
use super::connect::{Limits, client_options};
use crate::OpenMode;

const REPLICA_SET: &str = "TEST_MONGODB_URI";
const STANDALONE: &str = "TEST_MONGODB_STANDALONE_URI";

/// Long enough for any machine.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    answer: Duration::from_secs(60),
    patience: Duration::from_secs(60),
    conflicts: Duration::from_secs(60),
};

#[expect(
    clippy::disallowed_methods,
    reason = "how scripts/test says where its servers are"
)]
fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run ./scripts/test"))
}

/// Returns options for a database of its own on a server.
async fn options(variable: &str, test: &str) -> (String, ClientOptions) {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    let uri = server(variable);
    let mut options = client_options(&uri).await.unwrap();
    options.default_database = Some(format!("unit_{}_{n}_{test}", process::id()));
    (uri, options)
}

/// Runs `test` on a new store, and drops its database afterwards.
async fn with_store(variable: &str, name: &str, test: impl AsyncFnOnce(&MongoStore)) {
    let (uri, options) = options(variable, name).await;
    with_options(&uri, options, LIMITS, test).await;
}

async fn with_options(
    uri: &str,
    options: ClientOptions,
    limits: Limits,
    test: impl AsyncFnOnce(&MongoStore),
) {
    let opened = MongoStore::open_with(uri, options, limits, OpenMode::Create).await;
    let store = opened.unwrap();
    test(&store).await;
    store.database.drop().await.unwrap();
}

fn at(ms: i64) -> UnixMs {
    UnixMs::new(1_700_000_000_000 + ms)
}

fn shop() -> Shop {
    Shop {
        key: ShopKey::encode("shop.example").unwrap(),
        platform: Platform::Shopify,
        url: "https://shop.example".to_owned(),
        currency: Currency::parse("EUR").unwrap(),
        currency_source: CurrencySource::Shop,
    }
}

fn product(native: u64, minor: i64) -> Product {
    let variant = |id: &str| Variant {
        id: id.to_owned(),
        title: String::new(),
        options: vec![],
        sku: None,
        price: Some(Money::new(minor, Currency::parse("EUR").unwrap())),
        compare_at: None,
        availability: Availability::Stated(true),
        quantity: None,
    };
    Product {
        id: ProductId {
            platform: Platform::Shopify,
            shop: shop().key,
            native: native.into(),
        },
        title: format!("Product {native}"),
        handle: String::new(),
        vendor: String::new(),
        product_type: String::new(),
        body_html: String::new(),
        tags: vec![],
        options: vec![],
        variants: vec![variant("1"), variant("2")],
        images: vec![],
        url: String::new(),
        created_at: None,
        published_at: None,
        updated_at: None,
    }
}

fn products(natives: std::ops::Range<u64>, minor: i64) -> Vec<Product> {
    natives.map(|native| product(native, minor)).collect()
}

fn page(page: u32, products: Vec<Product>) -> PageWrite {
    PageWrite {
        page,
        products,
        problems: vec![],
        next: None,
        bytes: 1,
        at: at(page.into()),
        task_entry: None,
        validators: None,
        not_modified: false,
        present: vec![],
    }
}

async fn begin(store: &dyn Store, owner: &str) -> BegunCrawl {
    begin_from(store, owner, Start::Fresh).await
}

async fn begin_from(store: &dyn Store, owner: &str, start: Start) -> BegunCrawl {
    let leased = store.lease_shop(&shop().key, owner, 0, None).await.unwrap();
    let LeaseAnswer::Granted(lease) = leased else {
        panic!("{leased:?}");
    };
    store
        .begin_crawl(&lease, &shop(), start, at(0))
        .await
        .unwrap()
}

async fn apply(store: &dyn Store, ticket: &CrawlTicket, page: PageWrite) -> catalog::PageCounts {
    store.apply_page(ticket, page).await.unwrap()
}
