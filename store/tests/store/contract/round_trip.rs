//! A product comes out as it went in.

use catalog::{
    Availability, Currency, Money, NativeId, Product, ProductId, ProductRow, Start, Store, UnixMs,
    Variant,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::made::{apply, at, begin, eur, id, page, product, variant};

/// Any text, with quotes, controls, NUL and characters beyond 16 bits.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[ -~]{0,20}",
        vec(any::<char>(), 0..20).prop_map(String::from_iter),
        Just("\0a\0\u{1f600}\"\\\u{7f}\u{feff}'; DROP TABLE products; --".to_owned()),
    ]
}

fn money(currency: Currency) -> impl Strategy<Value = Option<Money>> {
    of((0..=i64::MAX).prop_map(move |minor| Money::new(minor, currency)))
}

fn any_variant(currency: Currency) -> impl Strategy<Value = Variant> {
    let availability = prop_oneof![
        Just(Availability::Unknown),
        any::<bool>().prop_map(Availability::Stated),
        any::<bool>().prop_map(Availability::Derived),
        any::<bool>().prop_map(Availability::Former),
    ];
    (
        (text(), text(), vec(text(), 0..3), of(text())),
        (
            money(currency),
            money(currency),
            availability,
            of(any::<i64>()),
        ),
    )
        .prop_map(
            |((id, title, options, sku), (price, compare_at, availability, quantity))| Variant {
                id,
                title,
                options,
                sku,
                price,
                compare_at,
                availability,
                quantity,
            },
        )
}

fn time() -> impl Strategy<Value = Option<UnixMs>> {
    of(any::<i64>().prop_map(UnixMs::new))
}

fn any_product(id: ProductId) -> impl Strategy<Value = Product> {
    let currency = prop_oneof![Just("EUR"), Just("JPY"), Just("KWD"), Just("XXX")];
    let currency = currency.prop_map(|code| Currency::parse(code).unwrap());
    let variants = currency.prop_flat_map(|currency| vec(any_variant(currency), 0..5));
    (
        [text(), text(), text(), text(), text(), text()],
        [vec(text(), 0..4), vec(text(), 0..4), vec(text(), 0..4)],
        variants,
        [time(), time(), time()],
    )
        .prop_map(move |(texts, lists, variants, times)| {
            let [title, handle, vendor, product_type, body_html, url] = texts;
            let [tags, options, images] = lists;
            let [created_at, published_at, updated_at] = times;
            Product {
                id: id.clone(),
                title,
                handle,
                vendor,
                product_type,
                body_html,
                tags,
                options,
                variants,
                images,
                url,
                created_at,
                published_at,
                updated_at,
            }
        })
}

pub(super) async fn any_product_reads_back_as_it_was(store: &dyn Store) {
    let mut runner = TestRunner::deterministic();
    let mut products = vec![];
    for n in 0..300 {
        // Every third id is a text, some with characters that no number has.
        let native: NativeId = match n % 3 {
            0 => format!("{n}\0\u{e9}:'").as_str().into(),
            _ => (n as u64 * 1_000_000_007).into(),
        };
        let strategy = any_product(id("a.example", native));
        products.push(strategy.new_tree(&mut runner).unwrap().current());
    }
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    let counts = apply(store, &begun, page(1, products.clone())).await;
    assert_eq!(counts.new, 300);
    for product in products {
        let stored = store.product(&product.id).await.unwrap().unwrap();
        assert_eq!(stored, product);
        assert_eq!(stored.content_hash(), product.content_hash());
        let ids = std::slice::from_ref(&product.id);
        let row = store.product_rows(ids).await.unwrap().remove(0);
        let prices = product.price_range();
        let currency = prices.map_or(eur(0).currency(), |(least, _)| least.currency());
        assert_eq!(row, ProductRow::of(&product, currency, at(1)));
    }
}

pub(super) async fn a_product_with_ten_thousand_variants_reads_back(store: &dyn Store) {
    let mut huge = product("a.example", 1);
    huge.body_html = "<p>long \u{e9}</p>".repeat(100_000);
    let of = |n: i64| variant(&n.to_string(), n, n % 2 == 0);
    huge.variants = (0..10_000).map(of).collect();
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    apply(store, &begun, page(1, vec![huge.clone()])).await;
    assert_eq!(store.product(&huge.id).await.unwrap().as_ref(), Some(&huge));
    for variant in &mut huge.variants {
        variant.price = variant.price.map(|price| eur(price.minor() + 1));
    }
    apply(store, &begun, page(1, vec![huge.clone()])).await;
    let history = store.observations(&huge.id, usize::MAX).await.unwrap();
    assert_eq!(history.len(), 10_001);
    assert_eq!(store.product(&huge.id).await.unwrap(), Some(huge));
}

pub(super) async fn a_changed_product_is_replaced_whole(store: &dyn Store) {
    let mut runner = TestRunner::deterministic();
    let begun = begin(store, "a.example", Start::Fresh, 0).await;
    for n in 1..50 {
        let strategy = any_product(id("a.example", 1));
        let mut product = strategy.new_tree(&mut runner).unwrap().current();
        for variant in &mut product.variants {
            // What nobody says now stays as it was said.
            if variant.availability == Availability::Unknown {
                variant.availability = Availability::Stated(true);
            }
        }
        apply(store, &begun, page(n, vec![product.clone()])).await;
        let stored = store.product(&product.id).await.unwrap();
        assert_eq!(stored.as_ref(), Some(&product));
        let row = store
            .product_rows(std::slice::from_ref(&product.id))
            .await
            .unwrap()
            .remove(0);
        let currency = row.currency;
        assert_eq!(row, ProductRow::of(&product, currency, at(n.into())));
    }
}
