//! A small world for this room's tests: two shops, their products, a week of changes, two rankings.

use std::sync::Arc;

use catalog::{
    Availability, CrawlCounts, CrawlKey, CrawlRecord, CrawlReport, Currency, CurrencySource, Money,
    Observation, ObservationKind, Offer, Outcome, Platform, PopularitySource, Product, ProductId,
    ProductRecord, RankedRow, Ranking, Record, Shop, ShopKey, ShopRecord, Store, TaskStore, UnixMs,
    Variant,
};
use serde_json::{Map, Value};
use store::OpenMode;

use crate::tools::tool;
use crate::{Context, CursorKey, Data, Limits, Opened, Refused, ToolError};

/// The time of every call.
pub(crate) const NOW: &str = "2026-11-21T12:00:00Z";

pub(crate) fn at(day: &str) -> UnixMs {
    UnixMs::parse(&format!("{day}T09:00:00Z")).unwrap()
}

/// Returns an amount such as `49.00 EUR`.
pub(crate) fn money(text: &str) -> Money {
    let (number, code) = text.split_once(' ').unwrap();
    Money::parse(number, Currency::parse(code).unwrap()).unwrap()
}

/// Returns a product of `shop` with one variant, sold since 1 October.
pub(crate) fn product(
    shop: &str,
    native: u64,
    handle: &str,
    price: &str,
    available: bool,
) -> Product {
    let title = handle.replace('-', " ");
    Product {
        id: format!("shopify:{shop}:{native}").parse().unwrap(),
        title,
        handle: handle.to_owned(),
        vendor: "Acme".to_owned(),
        product_type: handle.rsplit('-').next().unwrap().to_owned(),
        body_html: format!("<p>A {handle} of <b>solid</b> make.</p>"),
        tags: vec!["gift".to_owned(), "new in".to_owned()],
        options: vec!["Title".to_owned()],
        variants: vec![Variant {
            id: format!("{native}1"),
            title: "Default Title".to_owned(),
            options: vec!["Default Title".to_owned()],
            sku: None,
            price: Some(money(price)),
            compare_at: None,
            availability: Availability::Stated(available),
            quantity: None,
        }],
        images: vec![format!("https://{shop}/{handle}.jpg")],
        url: format!("https://{shop}/products/{handle}"),
        created_at: None,
        published_at: Some(at("2026-10-01")),
        updated_at: None,
    }
}

/// Returns a row of a product's history: what its variant offered before and after.
pub(crate) fn changed(
    product: &Product,
    day: &str,
    before: (&str, bool),
    after: (&str, bool),
) -> Observation {
    let offer = |(price, available): (&str, bool)| Offer {
        price: Some(money(price)),
        compare_at: None,
        available: Some(available),
    };
    Observation {
        variant: Some(product.variants[0].id.clone()),
        before: Some(offer(before)),
        after: Some(offer(after)),
        ..seen(product, ObservationKind::Changed, day)
    }
}

/// Returns a row of a product's history without offers.
pub(crate) fn seen(product: &Product, kind: ObservationKind, day: &str) -> Observation {
    Observation {
        product: product.id.clone(),
        variant: None,
        kind,
        at: at(day),
        crawl: CrawlKey {
            shop: product.id.shop.clone(),
            n: 1,
        },
        before: None,
        after: (kind == ObservationKind::New).then(|| Offer::of(&product.variants[0])),
        stock: None,
        content_hash: None,
        rank: None,
        source: None,
        n_places: None,
        said_before: None,
    }
}

/// Returns a store with nothing in it.
pub(crate) async fn empty() -> (Arc<dyn Store>, Arc<dyn TaskStore>) {
    store::open_with_tasks("sqlite::memory:", OpenMode::Create)
        .await
        .unwrap()
}

/// Puts a shop there.
pub(crate) async fn put_shop(store: &dyn Store, key: &str, currency: &str) {
    let shop = ShopRecord {
        shop: Shop {
            key: key.parse::<ShopKey>().unwrap(),
            platform: Platform::Shopify,
            url: format!("https://{key}"),
            currency: Currency::parse(currency).unwrap(),
            currency_source: CurrencySource::Shop,
        },
        is_paused: false,
        is_added: false,
        epoch: 1,
        last_complete_at: Some(at("2026-11-21")),
    };
    store.put_records(vec![Record::Shop(shop)]).await.unwrap();
}

/// Stores how the last crawl of a shop ended, on 20 November.
pub(crate) async fn crawled(store: &dyn Store, shop: &str, outcome: Option<Outcome>) {
    let report = CrawlReport {
        key: CrawlKey {
            shop: shop.parse().unwrap(),
            n: 1,
        },
        finished_at: outcome.is_some().then(|| at("2026-11-20")),
        outcome,
        counts: CrawlCounts {
            problems: 3,
            ..CrawlCounts::default()
        },
        currency: Currency::UNKNOWN,
        currency_source: CurrencySource::Unknown,
        started_at: at("2026-11-20"),
        checkpoint: None,
        notes: catalog::PassNotes::default(),
    };
    let record = CrawlRecord {
        report,
        n_known: 0,
        pages: vec![],
        problems: vec![],
    };
    store
        .put_records(vec![Record::Crawl(Box::new(record))])
        .await
        .unwrap();
}

/// Puts a product there, with its history behind the first sight on 1 November.
pub(crate) async fn put(store: &dyn Store, product: &Product, history: Vec<Observation>) {
    let mut rows = vec![seen(product, ObservationKind::New, "2026-11-01")];
    rows.extend(history);
    let gone = rows.last().filter(|it| it.kind == ObservationKind::Gone);
    let record = ProductRecord {
        product: product.clone(),
        first_seen_at: at("2026-11-01"),
        stored_at: at("2026-11-01"),
        gone_at: gone.map(|it| it.at),
        observations: (1..).zip(rows).collect(),
    };
    store
        .put_records(vec![Record::Product(Box::new(record))])
        .await
        .unwrap();
}

/// Stores a ranking of these products, best first.
pub(crate) async fn rank(store: &dyn Store, day: &str, ids: &[&ProductId]) {
    let ids: Vec<ProductId> = ids.iter().map(|&it| it.clone()).collect();
    let rows = store.product_rows(&ids).await.unwrap();
    let rows = (1..).zip(rows).map(|(rank, product)| RankedRow {
        rank,
        score: 1.0 - f64::from(rank) / 10.0,
        coverage: 0.5,
        contributions: vec![0.25 - f64::from(rank) / 20.0, 0.25 - f64::from(rank) / 20.0],
        rank_uncapped: Some(rank),
        popularity: None,
        stability: None,
        product,
    });
    let ranking = Ranking {
        at: at(day),
        preset: "balanced".to_owned(),
        features: vec!["newness".to_owned(), "discount".to_owned()],
        weights: vec![0.5, 0.5],
        n_ranked: 7,
        popularity_source: PopularitySource::Unavailable,
        filter: None,
        stability: None,
        rows: rows.collect(),
    };
    store.save_ranking(&ranking).await.unwrap();
}

/// Returns the world: `lamps.example` (EUR) with brass-lamp (cheaper on the 18th), oak-lamp (sold out on the 19th),
/// paper-lamp (gone on the 20th), floor-lamp (dearer on the 17th); `hats.example` (USD) with straw-hat (cheaper on the
/// 16th and the 20th), felt-hat, rain-hat (restocked on the 19th). Rankings of the 14th and the 21st.
pub(crate) async fn world() -> Context {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    put_shop(store.as_ref(), "hats.example", "USD").await;
    let brass = product("lamps.example", 1, "brass-lamp", "49.00 EUR", true);
    let oak = product("lamps.example", 2, "oak-lamp", "80.00 EUR", false);
    let paper = product("lamps.example", 3, "paper-lamp", "20.00 EUR", true);
    let floor = product("lamps.example", 4, "floor-lamp", "120.00 EUR", true);
    let straw = product("hats.example", 1, "straw-hat", "30.00 USD", true);
    let felt = product("hats.example", 2, "felt-hat", "60.00 USD", true);
    let rain = product("hats.example", 3, "rain-hat", "25.00 USD", true);
    let histories = [
        (
            &brass,
            vec![changed(
                &brass,
                "2026-11-18",
                ("60.00 EUR", true),
                ("49.00 EUR", true),
            )],
        ),
        (
            &oak,
            vec![changed(
                &oak,
                "2026-11-19",
                ("80.00 EUR", true),
                ("80.00 EUR", false),
            )],
        ),
        (
            &paper,
            vec![seen(&paper, ObservationKind::Gone, "2026-11-20")],
        ),
        (
            &floor,
            vec![changed(
                &floor,
                "2026-11-17",
                ("100.00 EUR", true),
                ("120.00 EUR", true),
            )],
        ),
        (
            &straw,
            vec![
                changed(
                    &straw,
                    "2026-11-16",
                    ("50.00 USD", true),
                    ("40.00 USD", true),
                ),
                changed(
                    &straw,
                    "2026-11-20",
                    ("40.00 USD", true),
                    ("30.00 USD", true),
                ),
            ],
        ),
        (&felt, vec![]),
        (
            &rain,
            vec![changed(
                &rain,
                "2026-11-19",
                ("25.00 USD", false),
                ("25.00 USD", true),
            )],
        ),
    ];
    for (product, history) in histories {
        put(store.as_ref(), product, history).await;
    }
    rank(
        store.as_ref(),
        "2026-11-14",
        &[&floor.id, &felt.id, &brass.id],
    )
    .await;
    rank(
        store.as_ref(),
        "2026-11-21",
        &[&straw.id, &brass.id, &felt.id, &floor.id],
    )
    .await;
    context(store, tasks)
}

/// Returns what tools work with, over a store.
pub(crate) fn context(store: Arc<dyn Store>, tasks: Arc<dyn TaskStore>) -> Context {
    let now = UnixMs::parse(NOW).unwrap();
    Context {
        data: Arc::new(Data::of(Opened { store, tasks })),
        now: Arc::new(move || now),
        cursors: CursorKey::of(b"a secret of the tests"),
        ranking_sheets: Arc::new(|_, _| Box::pin(std::future::ready(Ok(Vec::new())))),
        explain: Arc::new(|_| {
            let refused = Refused {
                code: "not_here",
                message: "nobody explains in these tests".to_owned(),
                next: None,
            };
            Box::pin(std::future::ready(Err(refused)))
        }),
        crawls: None,
        limits: Limits::default(),
        audits_arguments: false,
    }
}

/// Calls a tool with arguments as JSON.
pub(crate) async fn call(
    context: &Context,
    name: &str,
    arguments: Value,
) -> Result<Value, ToolError> {
    let Value::Object(arguments) = arguments else {
        return Err(ToolError::new("no_object", "arguments are an object"));
    };
    let arguments: Map<String, Value> = arguments;
    let answer = tool(name).unwrap().run(arguments, context, "local").await?;
    Ok(answer.output)
}
