//! Shops, products and pages to store, and short ways to store them.

use std::sync::atomic::{AtomicU64, Ordering};

use catalog::{
    Availability, BegunCrawl, Checkpoint, CrawlReport, Currency, CurrencySource, Lease,
    LeaseAnswer, Money, NativeId, Outcome, PageCounts, PageWrite, Platform, Problem, ProblemKind,
    Product, ProductFilter, ProductId, Reason, Shop, ShopKey, Start, Stop, Store, UnixMs, Variant,
};

pub(crate) const T0: i64 = 1_700_000_000_000;
pub(crate) const RESUME: Start = Start::Resume { max_age_ms: 1000 };

pub(crate) fn at(ms: i64) -> UnixMs {
    UnixMs::new(T0 + ms)
}

pub(crate) fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

pub(crate) fn eur(minor: i64) -> Money {
    Money::new(minor, currency("EUR"))
}

pub(crate) fn key(host: &str) -> ShopKey {
    ShopKey::encode(host).unwrap()
}

pub(crate) fn shop(host: &str) -> Shop {
    Shop {
        key: key(host),
        platform: Platform::Shopify,
        url: format!("https://{host}"),
        currency: currency("EUR"),
        currency_source: CurrencySource::Shop,
    }
}

pub(crate) fn id(host: &str, native: impl Into<NativeId>) -> ProductId {
    ProductId {
        platform: Platform::Shopify,
        shop: key(host),
        native: native.into(),
    }
}

pub(crate) fn variant(id: &str, minor: i64, available: bool) -> Variant {
    Variant {
        id: id.into(),
        title: format!("Variant {id}"),
        options: vec![id.into()],
        sku: None,
        price: Some(eur(minor)),
        compare_at: None,
        availability: Availability::Stated(available),
        quantity: None,
    }
}

/// A product with one available variant at 10.00 EUR and one that is sold out at 20.00 EUR.
pub(crate) fn product(host: &str, native: impl Into<NativeId>) -> Product {
    let id = id(host, native);
    Product {
        title: format!("Product {}", id.native),
        handle: format!("product-{}", id.native),
        vendor: "Vendor".into(),
        product_type: "Type".into(),
        body_html: "<p>Body</p>".into(),
        tags: vec!["a".into(), "b".into()],
        options: vec!["Size".into()],
        variants: vec![variant("1", 1000, true), variant("2", 2000, false)],
        images: vec!["https://cdn.example/1.jpg?v=1".into()],
        url: format!("https://{host}/products/{}", id.native),
        created_at: Some(at(-3)),
        published_at: None,
        updated_at: Some(at(-1)),
        id,
    }
}

pub(crate) fn products(host: &str, natives: std::ops::Range<u64>) -> Vec<Product> {
    natives.map(|native| product(host, native)).collect()
}

/// Page `n`, read at `at(n)`, with one more to come.
pub(crate) fn page(n: u32, products: Vec<Product>) -> PageWrite {
    PageWrite {
        page: n,
        products,
        problems: vec![],
        next: Some(Checkpoint::page(n + 1)),
        bytes: 100,
        at: at(n.into()),
        task_entry: None,
        validators: None,
        not_modified: false,
        present: vec![],
    }
}

pub(crate) fn last_page(n: u32, products: Vec<Product>) -> PageWrite {
    PageWrite {
        next: None,
        ..page(n, products)
    }
}

pub(crate) fn problem(kind: ProblemKind, page: u32, index: Option<u32>) -> Problem {
    Problem {
        kind,
        page,
        index,
        product: index.map(|index| format!("id {index}")),
        detail: "not a decimal number: \"abc\"".into(),
    }
}

pub(crate) fn partial(stop: Stop) -> Outcome {
    Outcome::Partial(Reason::new(stop, "why"))
}

/// Leases `host` to an owner of its own. The lease has expired when it comes back: the next owner gets the next one.
pub(crate) async fn lease(store: &dyn Store, host: &str) -> Lease {
    static N_OWNERS: AtomicU64 = AtomicU64::new(0);
    let owner = format!("owner {}", N_OWNERS.fetch_add(1, Ordering::Relaxed));
    granted(store.lease_shop(&key(host), &owner, 0, None).await.unwrap())
}

/// The lease of an answer that must grant one.
pub(crate) fn granted(answer: LeaseAnswer) -> Lease {
    match answer {
        LeaseAnswer::Granted(lease) => lease,
        LeaseAnswer::Held(holder) => panic!("{holder:?} has it"),
    }
}

pub(crate) async fn begin(store: &dyn Store, host: &str, start: Start, now: i64) -> BegunCrawl {
    begin_shop(store, &shop(host), start, now).await
}

pub(crate) async fn begin_shop(
    store: &dyn Store,
    shop: &Shop,
    start: Start,
    now: i64,
) -> BegunCrawl {
    let lease = lease(store, &shop.key.shown()).await;
    let begun = store.begin_crawl(&lease, shop, start, at(now)).await;
    begun.unwrap()
}

pub(crate) async fn apply(store: &dyn Store, begun: &BegunCrawl, page: PageWrite) -> PageCounts {
    store.apply_page(&begun.ticket, page).await.unwrap()
}

pub(crate) async fn finish(
    store: &dyn Store,
    begun: &BegunCrawl,
    outcome: Outcome,
    now: i64,
) -> CrawlReport {
    let ended = store.finish_crawl(&begun.ticket, outcome, at(now)).await;
    ended.unwrap()
}

/// A complete pass of one page at `now`.
pub(crate) async fn crawl(
    store: &dyn Store,
    host: &str,
    products: Vec<Product>,
    now: i64,
) -> CrawlReport {
    let begun = begin(store, host, Start::Fresh, now).await;
    let page = PageWrite {
        at: at(now),
        ..last_page(1, products)
    };
    apply(store, &begun, page).await;
    finish(store, &begun, Outcome::Complete, now).await
}

/// Everything that a store shows, as text to compare.
pub(crate) async fn state(store: &dyn Store) -> String {
    use std::fmt::Write;
    let everything = ProductFilter::default();
    let mut shown = String::new();
    let mut stats = store.stats().await.unwrap();
    stats.size_bytes = None;
    writeln!(shown, "{stats:?} {:?}", store.shops().await.unwrap()).unwrap();
    for crawl in store.crawls(None, 100).await.unwrap() {
        let problems = store.problems(&crawl.key, 2000).await.unwrap();
        writeln!(shown, "{crawl:?} {problems:?}").unwrap();
    }
    for row in store.products(&everything, None, 1000).await.unwrap() {
        let product = store.product(&row.id).await.unwrap();
        let observations = store.observations(&row.id, 1000).await.unwrap();
        writeln!(shown, "{row:?} {product:?} {observations:?}").unwrap();
    }
    shown
}
