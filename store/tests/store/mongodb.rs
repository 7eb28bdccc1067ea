//! What a shop may send that means something to MongoDB.

use catalog::{
    ObservationFilter, ObservationOrder, Outcome, ProductFilter, SearchOrder, SearchQuery, Start,
    Store,
};

use crate::live;
use crate::made::{apply, at, begin, crawl, eur, id, last_page, product, state};

/// Texts that are paths, operators, variables, or the bounds of ranges of keys.
const ODD: [&str; 10] = [
    "a.b",
    "$set",
    "$$NOW",
    "a.$[].b",
    "{\"$gt\":\"\"}",
    "a/b",
    "a:b",
    "\u{1}x\u{1}",
    "\u{ffff}",
    "0",
];

#[tokio::test]
async fn dots_dollars_and_operators_are_only_text() {
    live::with_store(live::REPLICA_SET, "odd", odd).await;
}

#[tokio::test]
async fn odd_texts_are_stored_as_a_file_stores_them() {
    let states = std::sync::Mutex::new(Vec::new());
    let fill = async |store: &dyn Store| {
        odd(store).await;
        // The versions of the schemas are counted on their own.
        let state = state(store).await;
        let (_, state) = state.split_once("n_shops").unwrap();
        states.lock().unwrap().push(state.to_owned());
    };
    live::with_store(live::REPLICA_SET, "same", fill).await;
    let sqlite = store::open("sqlite::memory:", store::OpenMode::Create)
        .await
        .unwrap();
    fill(&*sqlite).await;
    let states = states.into_inner().unwrap();
    assert!(states[0] == states[1], "too long to be shown");
}

async fn odd(store: &dyn Store) {
    const HOST: &str = "xn--b.example:8080";
    let mut products = Vec::new();
    for text in ODD {
        let mut product = product(HOST, text);
        product.title = text.into();
        product.vendor = text.into();
        product.product_type = text.into();
        product.tags = vec![text.into()];
        product.options = vec![text.into()];
        product.variants[0].id = text.into();
        product.variants[0].sku = Some(text.into());
        products.push(product);
    }
    crawl(store, HOST, products.clone(), 0).await;
    for product in &mut products {
        product.variants[0].price = Some(eur(5));
    }
    let begun = begin(store, HOST, Start::Fresh, 10).await;
    let counts = apply(store, &begun, last_page(1, products.clone())).await;
    assert_eq!((counts.changed, counts.new), (ODD.len() as u64, 0));
    let report = store
        .finish_crawl(&begun.ticket, Outcome::Complete, at(11))
        .await
        .unwrap();
    assert_eq!(report.counts.gone, 0);
    for (product, text) in products.iter().zip(ODD) {
        let id = id(HOST, text);
        assert_eq!(store.product(&id).await.unwrap().as_ref(), Some(product));
        let kept = store.observations(&id, 9).await.unwrap();
        let variants: Vec<Option<&str>> = kept.iter().map(|it| it.variant.as_deref()).collect();
        assert_eq!(variants, [None, Some(text)]);
        let of_vendor = ProductFilter {
            vendor: Some(text.into()),
            ..ProductFilter::default()
        };
        let rows = store.products(&of_vendor, None, 99).await.unwrap();
        assert_eq!(
            rows.iter().map(|it| &it.id).collect::<Vec<_>>(),
            [&id],
            "{text}"
        );
        let of_product = ObservationFilter {
            product: Some(id.clone()),
            ..ObservationFilter::default()
        };
        for order in [ObservationOrder::ByProduct, ObservationOrder::ByTime] {
            let rows = store.observed(&of_product, order, None, 9).await.unwrap();
            assert_eq!(rows.len(), 2, "{text}");
            let behind = store
                .observed(&of_product, order, Some(&rows[0].key()), 9)
                .await
                .unwrap();
            assert_eq!(behind, rows[1..], "{text}");
        }
    }
    let query = SearchQuery {
        tag: None,
        text: "$set".into(),
        filter: ProductFilter::default(),
        order: SearchOrder::Newest,
    };
    let found = store.search(&query, None, 9).await.unwrap();
    assert_eq!(found.rows.len(), 1);
    assert_eq!(found.rows[0].id, id(HOST, "$set"));
}
