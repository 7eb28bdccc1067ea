//! What the balanced score takes of each product: the numbers of its catalogue entry, and when it was seen.

use catalog::{
    Availability, Currency, CurrencySource, FeatureInputs, FeatureRow, Money, Outcome, Product,
    ProductFilter, ProductId, ProductRecord, Reason, Record, Shop, Start, Stop, Store, UnixMs,
};

use crate::made::{
    apply, at, begin, begin_shop, crawl, currency, eur, finish, id, key, last_page, page, product,
    products, shop, variant,
};

fn everything() -> ProductFilter {
    ProductFilter::default()
}

/// Products of every kind: without variants, prices, dates or types, reduced, sold out, with tags that are the same.
fn all_kinds(host: &str) -> Vec<Product> {
    let mut products = products(host, 0..6);
    products.push(product(host, "zebra"));
    products[1].variants.clear();
    products[1].product_type.clear();
    products[1].body_html.clear();
    products[2].variants[0].price = None;
    products[2].variants[1].price = Some(eur(0));
    for variant in &mut products[2].variants {
        variant.availability = Availability::Unknown;
    }
    products[3].published_at = Some(at(-7));
    products[3].tags = ["Oak", " oak ", "", "Linen"].map(String::from).to_vec();
    products[3].body_html = "<style>p {}</style><p>\u{c9}t\u{e9} &amp;&nbsp;hiver".into();
    products[4].variants[0].compare_at = Some(eur(1500));
    products[4].variants[1].compare_at = Some(eur(100));
    products[4].variants.push(variant("3", 3333, false));
    products[4].product_type = "\u{c9}charpe".into();
    products[5].published_at = Some(UnixMs::new(-5));
    products[5].images.clear();
    products[5].tags.clear();
    products[5].product_type = type_of_great_key();
    products[5].vendor = "ACME ".into();
    products[5].variants[0].availability = Availability::Derived(false);
    products
}

/// A type whose key is a number that only an unsigned one can be.
fn type_of_great_key() -> String {
    let mut types = (0..).map(|n| format!("Type {n}"));
    let is_great = |it: &String| FeatureInputs::type_key(it) > i64::MAX.unsigned_abs();
    types.find(is_great).unwrap()
}

/// Three shops, of which the last complete pass lost one product each, and one has an unfinished pass.
async fn fill(store: &dyn Store) {
    for (place, host) in (0..).zip(["b.example", "b-.example", "a.example"]) {
        let mut products = all_kinds(host);
        crawl(store, host, products.clone(), 10 * place).await;
        products.remove(0);
        crawl(store, host, products, 10 * place + 1).await;
    }
    let begun = begin(store, "a.example", Start::Fresh, 50).await;
    let mut renamed = product("a.example", 2);
    renamed.title = "New".into();
    apply(store, &begun, page(60, vec![renamed])).await;
}

fn filters() -> Vec<ProductFilter> {
    let text = |it: &str| Some(it.to_owned());
    let filter = everything;
    vec![
        filter(),
        ProductFilter {
            shops: vec![key("b.example"), key("no.example"), key("a.example")],
            ..filter()
        },
        ProductFilter {
            shops: vec![key("no.example")],
            ..filter()
        },
        ProductFilter {
            vendor: text("acme"),
            ..filter()
        },
        ProductFilter {
            product_type: text("\u{e9}CHARPE"),
            ..filter()
        },
        ProductFilter {
            currency: Some(currency("EUR")),
            ..filter()
        },
        ProductFilter {
            currency: Some(currency("USD")),
            ..filter()
        },
        ProductFilter {
            in_stock: true,
            shops: vec![key("b.example")],
            ..filter()
        },
        ProductFilter {
            price_min: Some(10.0),
            price_max: Some(10.0),
            ..filter()
        },
        ProductFilter {
            price_max: Some(f64::NAN),
            ..filter()
        },
    ]
}

/// What the rows of a list must be, worked out from the products themselves.
async fn expected(store: &dyn Store, filter: &ProductFilter) -> Vec<FeatureRow> {
    let mut expected = vec![];
    for row in store.products(filter, None, usize::MAX).await.unwrap() {
        let product = store.product(&row.id).await.unwrap().unwrap();
        let history = store.observations(&row.id, 1).await.unwrap();
        expected.push(FeatureRow {
            inputs: FeatureInputs::of(&product),
            currency: row.currency,
            first_seen_at: history[0].at,
            confirmed_at: row.crawled_at,
            id: row.id,
        });
    }
    expected
}

async fn features(store: &dyn Store, filter: &ProductFilter) -> Vec<FeatureRow> {
    store.features(filter, None, usize::MAX).await.unwrap()
}

/// The row of one product.
async fn row(store: &dyn Store, id: &ProductId) -> Option<FeatureRow> {
    let rows = features(store, &everything()).await;
    rows.into_iter().find(|row| row.id == *id)
}

pub(super) async fn features_are_those_of_each_product_under_every_filter(store: &dyn Store) {
    fill(store).await;
    let n_rows = [18, 12, 0, 3, 3, 18, 0, 3, 13, 0];
    for (filter, n_rows) in filters().iter().zip(n_rows) {
        let rows = features(store, filter).await;
        assert_eq!(rows, expected(store, filter).await, "{filter:?}");
        assert_eq!(rows.len(), n_rows, "{filter:?}");
    }
    let inputs = |native: u64| FeatureInputs::of(&all_kinds("a.example")[native as usize]);
    let all = features(store, &everything()).await;
    let shown: Vec<_> = all[..5].iter().map(|row| row.inputs).collect();
    let renamed = FeatureInputs::of(&product("a.example", 2));
    assert_eq!(shown, [inputs(1), renamed, inputs(3), inputs(4), inputs(5)]);
    assert_eq!((shown[0].discount, shown[0].type_key), (None, 0));
    assert_eq!((shown[2].visible_chars, shown[2].distinct_tags), (11, 2));
}

pub(super) async fn any_page_size_gives_the_same_features(store: &dyn Store) {
    fill(store).await;
    for filter in filters() {
        let all = features(store, &filter).await;
        for limit in 1..=all.len() + 1 {
            let mut rows: Vec<FeatureRow> = vec![];
            loop {
                let after = rows.last().map(|row| row.id.clone());
                let page = store.features(&filter, after.as_ref(), limit).await;
                let page = page.unwrap();
                let is_last = page.len() < limit;
                rows.extend(page);
                if is_last {
                    break;
                }
            }
            assert_eq!(rows, all, "{limit}");
        }
        assert_eq!(store.features(&filter, None, 0).await.unwrap(), []);
    }
}

pub(super) async fn features_go_on_behind_an_id_that_is_not_stored(store: &dyn Store) {
    fill(store).await;
    let all = features(store, &everything()).await;
    for after in [
        id("a.example", 0),
        id("a.example", u64::MAX),
        id("a.example", "\u{fffd}"),
        id("aa.example", 7),
        id("0.example", 7),
        id("c.example", 0),
    ] {
        let found = store.features(&everything(), Some(&after), 99).await;
        let wanted = all.iter().filter(|row| row.id > after).cloned();
        assert_eq!(found.unwrap(), wanted.collect::<Vec<_>>(), "after {after}");
    }
}

pub(super) async fn features_follow_a_change_and_leave_and_return_with_the_product(
    store: &dyn Store,
) {
    let first = product("a.example", 1);
    let others = products("a.example", 2..4);
    let with = |product: &Product| [vec![product.clone()], others.clone()].concat();
    crawl(store, "a.example", with(&first), 0).await;
    let mut changed = first.clone();
    changed.variants[0].price = Some(eur(777));
    changed.variants[0].compare_at = Some(eur(1000));
    changed.published_at = Some(at(-9));
    changed.body_html = "<p>Longer than before</p>".into();
    changed.product_type = "Other".into();
    changed.tags.push("c".into());
    changed.variants.push(variant("3", 99, false));
    changed.images.clear();
    crawl(store, "a.example", with(&changed), 10).await;
    let row_at = |product: &Product, now| FeatureRow {
        id: first.id.clone(),
        currency: currency("EUR"),
        inputs: FeatureInputs::of(product),
        first_seen_at: at(0),
        confirmed_at: at(now),
    };
    let after_change = row(store, &first.id).await;
    assert_eq!(after_change, Some(row_at(&changed, 10)));
    crawl(store, "a.example", others.clone(), 20).await;
    assert_eq!(row(store, &first.id).await, None);
    crawl(store, "a.example", with(&changed), 30).await;
    assert_eq!(row(store, &first.id).await, Some(row_at(&changed, 30)));
    crawl(store, "a.example", others.clone(), 40).await;
    crawl(store, "a.example", with(&first), 50).await;
    assert_eq!(row(store, &first.id).await, Some(row_at(&first, 50)));
    assert_ne!(FeatureInputs::of(&first), FeatureInputs::of(&changed));
}

pub(super) async fn a_currency_that_is_learned_changes_no_number(store: &dyn Store) {
    let unknown = Shop {
        currency: Currency::UNKNOWN,
        currency_source: CurrencySource::Unknown,
        ..shop("a.example")
    };
    let yen = currency("JPY");
    let known = Shop {
        currency: yen,
        ..shop("a.example")
    };
    let priced = |exponent: u32, currency| {
        let money = |major: i64| Some(Money::new(major * 10_i64.pow(exponent), currency));
        let mut product = product("a.example", 1);
        for (variant, price) in product.variants.iter_mut().zip([1200, 900]) {
            variant.price = money(price);
            variant.compare_at = money(1600);
        }
        product
    };
    let mut free = product("a.example", 2);
    free.variants.clear();
    let (before, after) = (priced(2, Currency::UNKNOWN), priced(0, yen));
    let begun = begin_shop(store, &unknown, Start::Fresh, 0).await;
    apply(store, &begun, last_page(1, vec![before, free.clone()])).await;
    finish(store, &begun, Outcome::Complete, 1).await;
    let in_currency = async |priced_in: Currency, free_in: Currency| {
        let rows = features(store, &everything()).await;
        let currencies: Vec<_> = rows.iter().map(|row| row.currency).collect();
        assert_eq!(currencies, [priced_in, free_in]);
        assert_eq!(rows, expected(store, &everything()).await);
        let inputs = rows[0].inputs;
        assert_eq!(inputs.price, Some(1050.0));
        assert_eq!(inputs.discount, Some((0.25 + 0.4375) / 2.0));
    };
    in_currency(Currency::UNKNOWN, Currency::UNKNOWN).await;
    let begun = begin_shop(store, &known, Start::Fresh, 2).await;
    in_currency(Currency::UNKNOWN, yen).await;
    apply(store, &begun, last_page(1, vec![after, free])).await;
    in_currency(yen, yen).await;
}

pub(super) async fn restored_products_have_their_features(store: &dyn Store) {
    let source = store::open("sqlite::memory:", store::OpenMode::Create).await;
    let source = source.unwrap();
    fill(&*source).await;
    for kind in [catalog::RecordKind::Shop, catalog::RecordKind::Product] {
        let records = source.records(kind, None, usize::MAX).await.unwrap();
        store.put_records(records.clone()).await.unwrap();
        store.put_records(records).await.unwrap();
    }
    let rows = features(store, &everything()).await;
    assert_eq!(rows, features(&*source, &everything()).await);
    assert_eq!(rows.len(), 18);
    // What a record says replaces what was there, when it was first seen included, pruned history or not.
    let mut replaced = all_kinds("a.example").remove(4);
    replaced.variants.truncate(1);
    let record = |gone_at| {
        Record::Product(Box::new(ProductRecord {
            product: replaced.clone(),
            first_seen_at: at(-3),
            stored_at: at(99),
            gone_at,
            observations: vec![],
        }))
    };
    store.put_records(vec![record(None)]).await.unwrap();
    let expected = FeatureRow {
        id: replaced.id.clone(),
        currency: currency("EUR"),
        inputs: FeatureInputs::of(&replaced),
        first_seen_at: at(-3),
        confirmed_at: at(99),
    };
    assert_eq!(row(store, &replaced.id).await, Some(expected));
    store
        .put_records(vec![record(Some(at(100)))])
        .await
        .unwrap();
    assert_eq!(row(store, &replaced.id).await, None);
}

pub(super) async fn a_forgotten_or_empty_shop_has_no_features(store: &dyn Store) {
    assert_eq!(features(store, &everything()).await, []);
    crawl(store, "a.example", products("a.example", 0..3), 0).await;
    crawl(store, "b.example", products("b.example", 0..2), 0).await;
    store.forget_shop(&key("a.example")).await.unwrap();
    assert_eq!(features(store, &everything()).await.len(), 2);
    let begun = begin(store, "b.example", Start::Fresh, 1).await;
    let gone = Outcome::Gone(Reason::new(Stop::ClosedFeed, "404"));
    finish(store, &begun, gone, 2).await;
    assert_eq!(features(store, &everything()).await, []);
}
