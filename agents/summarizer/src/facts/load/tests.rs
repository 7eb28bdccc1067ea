use std::sync::Arc;

use catalog::{CurrencySource, Platform, ProductRecord, Record, Shop, ShopRecord};
use store::OpenMode;

use super::*;
use crate::facts::testing::{at, changed, lamp, money, observed, offer, ranking, row, texts};

/// Returns a store with the lamp and this history of it.
async fn store_with(history: Vec<Observation>) -> Arc<dyn Store> {
    let store = store::open("sqlite::memory:", OpenMode::Create)
        .await
        .unwrap();
    let shop = ShopRecord {
        shop: Shop {
            key: lamp().id.shop,
            platform: Platform::Shopify,
            url: String::new(),
            currency: money("1").currency(),
            currency_source: CurrencySource::Shop,
        },
        is_paused: false,
        is_added: false,
        epoch: 1,
        last_complete_at: Some(at("2026-05-12")),
    };
    let product = ProductRecord {
        product: lamp(),
        first_seen_at: at("2026-03-01"),
        stored_at: at("2026-03-01"),
        gone_at: None,
        observations: (1..).zip(history).collect(),
    };
    store.put_records(vec![Record::Shop(shop)]).await.unwrap();
    store
        .put_records(vec![Record::Product(Box::new(product))])
        .await
        .unwrap();
    store
}

fn fell(day: &str) -> Observation {
    changed("Default Title", offer("60", true), offer("49", true), day)
}

#[tokio::test]
async fn a_product_is_told_of_with_its_history_and_an_unknown_one_is_not() {
    let store = store_with(vec![
        observed(ObservationKind::New, "2026-03-01"),
        fell("2026-03-03"),
    ])
    .await;
    let sheet = product_sheet(store.as_ref(), &lamp().id, None, Language::En)
        .await
        .unwrap()
        .unwrap();
    let texts = texts(&sheet);
    for text in [
        "first_seen: It was first seen on 1 March 2026.",
        "price_move: Its price fell from 60.00 EUR to 49.00 EUR (by 18.3%) on 3 March 2026.",
    ] {
        assert!(texts.iter().any(|it| it == text), "{texts:?}");
    }
    assert_eq!(sheet.facts[0].at, Some(at("2026-05-12")));
    let unknown = "shopify:shop.example:2".parse().unwrap();
    let sheet = product_sheet(store.as_ref(), &unknown, None, Language::En).await;
    assert_eq!(sheet.unwrap(), None);
}

#[tokio::test]
async fn of_a_long_history_the_beginning_and_the_end_are_told() {
    let mut history = vec![observed(ObservationKind::New, "2026-03-01")];
    for n in 0..600 {
        let prices = [offer("60", true), offer("49", true)];
        let (before, after) = (prices[n % 2], prices[(n + 1) % 2]);
        let mut row = changed("Default Title", before, after, "2026-03-02");
        row.at = UnixMs::new(row.at.ms() + n as i64 * 86_400_000);
        history.push(row);
    }
    let last = history.last().unwrap().at;
    let store = store_with(history).await;
    let sheet = product_sheet(store.as_ref(), &lamp().id, None, Language::En)
        .await
        .unwrap()
        .unwrap();
    let topics = ["first_seen", "price_move"].map(|topic| {
        let fact = sheet.facts.iter().find(|fact| fact.topic == topic);
        fact.and_then(|fact| fact.at)
    });
    assert_eq!(topics, [Some(at("2026-03-01")), Some(last)]);
}

#[tokio::test]
async fn lists_are_told_of_with_what_changed_lately() {
    let store = store_with(vec![
        observed(ObservationKind::New, "2026-03-01"),
        fell("2026-05-10"),
    ])
    .await;
    let ranking = ranking(
        "2026-05-12",
        vec![row(1, "Brass Lamp", "shop.example", "49")],
    );
    let (store, since, en) = (store.as_ref(), at("2026-05-05"), &[Language::En]);
    let moved = "price_move: A price of “Brass Lamp” from shop.example fell from 60.00 EUR to 49.00 EUR (by 18.3%) on 10 \
                 May 2026.";
    let shop = shop_sheets(store, &lamp().id.shop, Some(&ranking), since, en).await;
    let sheets = [
        top_k_sheets(store, &ranking, None, since, en)
            .await
            .unwrap(),
        shop.unwrap().unwrap(),
        changes_sheets(store, since, at("2026-05-12"), en)
            .await
            .unwrap(),
    ];
    for sheet in sheets.iter().flatten() {
        let texts = texts(sheet);
        assert_eq!(
            texts.iter().filter(|it| *it == moved).count(),
            1,
            "{texts:#?}"
        );
        assert!(
            !texts.iter().any(|it| it.contains("first seen")),
            "{texts:#?}"
        );
    }
    let unknown = "other.example".parse().unwrap();
    assert_eq!(
        shop_sheets(store, &unknown, None, since, &Language::ALL)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn behind_a_large_first_crawl_a_rankings_own_moves_are_found() {
    // More than one page of sightings before the move.
    let mut history = vec![observed(ObservationKind::New, "2026-05-06"); PAGE + 1];
    history.push(fell("2026-05-10"));
    let store = store_with(history).await;
    let rows = vec![row(1, "Brass Lamp", "shop.example", "49")];
    let (ranking, since) = (ranking("2026-05-12", rows), at("2026-05-05"));
    let sheets = top_k_sheets(store.as_ref(), &ranking, None, since, &Language::ALL).await;
    for sheet in sheets.unwrap() {
        let topics: Vec<&str> = sheet.facts.iter().map(|it| it.topic.as_str()).collect();
        assert!(topics.contains(&"price_move"), "{topics:?}");
    }
}

#[tokio::test]
async fn a_span_with_too_many_changes_ends_with_the_last_that_was_read() {
    let days = ["2026-05-06", "2026-05-07", "2026-05-08"];
    let store = store_with(days.map(fell).to_vec()).await;
    let of = async |most| {
        let span = (at("2026-05-05"), at("2026-05-12"));
        let sheets = changes_within(most, store.as_ref(), span, &[Language::En]).await;
        texts(&sheets.unwrap()[0])[..2].to_vec()
    };
    let whole = "period: From 5 May 2026 to 12 May 2026, 3 changes of 1 product were observed.";
    assert_eq!(of(3).await[0], whole);
    assert_eq!(
        of(2).await,
        [
            "period: From 5 May 2026 to 7 May 2026, 2 changes of 1 product were observed.",
            "sample: No more than 2 changes were read, so that there may be more."
        ]
    );
}

#[tokio::test]
async fn a_type_is_found_in_any_spelling_and_what_nobody_sells_is_not() {
    let store = store_with(vec![observed(ObservationKind::New, "2026-03-01")]).await;
    let found = |most, name| category_sheets(most, store.as_ref(), name, None, &[Language::En]);
    let sheets = found(10, " LAMPS ").await.unwrap().unwrap();
    assert_eq!(
        (sheets[0].subject.as_str(), texts(&sheets[0])[0].as_str()),
        (
            "category:Lamps",
            "category: The type “Lamps” has 1 product."
        )
    );
    assert_eq!(found(10, "Hats").await.unwrap(), None);
}

#[tokio::test]
async fn of_a_shop_no_more_is_read_than_wanted() {
    let store = store_with(vec![observed(ObservationKind::New, "2026-03-01")]).await;
    let second = ProductRecord {
        product: catalog::Product {
            id: "shopify:shop.example:2".parse().unwrap(),
            ..lamp()
        },
        first_seen_at: at("2026-03-01"),
        stored_at: at("2026-03-01"),
        gone_at: None,
        observations: vec![(1, observed(ObservationKind::New, "2026-03-01"))],
    };
    let second = Record::Product(Box::new(second));
    store.put_records(vec![second]).await.unwrap();
    let (store, since, key) = (store.as_ref(), at("2026-05-05"), lamp().id.shop);
    let sheets = shop_sheets_within(1, store, &key, None, since, &[Language::En]).await;
    let texts = texts(&sheets.unwrap().unwrap()[0]);
    assert!(
        texts[1].starts_with("sample: Prices, stock, types and brands were worked out from 1 of"),
        "{texts:?}"
    );
}
