//! Reads: damaged documents, what is larger than one document or one step, what a cut-off page left.

use catalog::{
    CrawlKey, ListStability, MetricsRow, Observation, ObservationFilter, ObservationKind,
    ObservationOrder, PopularitySource, ProductFilter, ProductRecord, ProductRow, RankedRow,
    Ranking, Record, RecordKind, SearchOrder, SearchQuery, ShopRecord, Stability,
};
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};

use super::*;
use crate::mongo::decode_history;
use crate::mongo::fault::Fault;
use crate::mongo::keys::product_key;
use crate::mongo::product::{Facts, encode_observation, encode_product};
use crate::mongo::{admin, decode, features, search};

fn product_document() -> Document {
    let product = product(7, 1000);
    let facts = Facts {
        first_seen_at: at(1),
        stored_at: at(2),
        gone_at: Some(at(3)),
        n_observations: 4,
        last_rank: None,
        last_source: None,
    };
    let hash = product.content_hash().to_string();
    Document::try_from(encode_product(&product, &hash, &facts)).unwrap()
}

fn observation(n: u64, at_ms: i64) -> Observation {
    Observation {
        product: product(7, 1000).id,
        variant: None,
        kind: ObservationKind::Ranked,
        at: at(at_ms),
        crawl: CrawlKey {
            shop: shop().key,
            n: 1,
        },
        before: None,
        after: None,
        stock: None,
        content_hash: None,
        rank: u32::try_from(n).ok(),
        source: None,
        n_places: None,
        said_before: None,
    }
}

/// Returns the fields of which a wrong value is no damage to `read`.
fn not_read(
    document: &Document,
    read: impl Fn(&RawDocumentBuf) -> Result<(), Fault>,
) -> Vec<String> {
    let raw = |document: &Document| RawDocumentBuf::try_from(document).unwrap();
    read(&raw(document)).unwrap();
    let mut unnoticed = Vec::new();
    for field in document.keys() {
        let mut damaged = document.clone();
        damaged.insert(field, Bson::MinKey);
        match read(&raw(&damaged)) {
            Err(Fault::Damaged(detail)) => assert!(!detail.is_empty()),
            Err(other) => panic!("{field}: {other:?}"),
            Ok(()) => unnoticed.push(field.clone()),
        }
    }
    unnoticed
}

#[test]
fn a_damaged_field_of_a_product_is_an_error_wherever_it_is_read() {
    let kept_for_writes = [
        "platform",
        "shop",
        "native",
        "hash",
        "last_rank",
        "search_tokens",
    ];
    let kept_for_people = ["created_at", "updated_at"];
    let kept_for_lists = [
        "available_ratio",
        "num_tags",
        "avg_price",
        "num_images",
        "description_length",
        "visible_chars",
        "distinct_tags",
        "num_variants",
        "type_key",
        "discount",
        "mean_price",
        "availability",
        "in_stock",
        "currency",
        "price_min",
        "price_max",
        "listed_at",
        "image_url",
    ];
    let document = product_document();
    let unread = not_read(&document, |raw| decode::product(raw).map(drop));
    let expected = |field: &str| {
        let lists: [&[&str]; 3] = [&kept_for_writes, &kept_for_people, &kept_for_lists];
        lists.concat().contains(&field)
    };
    assert!(unread.iter().all(|field| expected(field)), "{unread:?}");

    let shops = [(
        shop().key,
        decode::StoredShop {
            shop: shop(),
            is_paused: false,
            is_added: false,
            last_complete_at: None,
        },
    )];
    let shops = shops.into_iter().collect();
    let unread = not_read(&document, |raw| decode::product_row(raw, &shops).map(drop));
    for field in [
        "title",
        "currency",
        "price_min",
        "avg_price",
        "num_tags",
        "in_stock",
        "gone_at",
    ] {
        assert!(!unread.iter().any(|unread| unread == field), "{field}");
    }
    let unread = not_read(&document, |raw| {
        decode::metrics_row(raw).map(|_: MetricsRow| ())
    });
    for field in decode::METRICS_FIELDS {
        assert!(!unread.iter().any(|unread| unread == field), "{field}");
    }
    let unread = not_read(&document, |raw| features::read(raw, &shops).map(drop));
    for field in features::FIELDS {
        assert!(!unread.iter().any(|unread| unread == field), "{field}");
    }
}

#[test]
fn values_of_the_right_type_that_mean_nothing_are_damage_too() {
    for (field, value) in [
        ("_id", Bson::from("shopify shop.example 2x")),
        ("currency", Bson::from("EURO")),
        ("num_tags", Bson::from(-1_i64)),
        ("price_min", Bson::from(1.5)),
        ("title", Bson::Null),
    ] {
        let mut document = product_document();
        document.insert(field, value);
        let raw = RawDocumentBuf::try_from(&document).unwrap();
        let read = decode::product_row(&raw, &decode::Shops::new());
        assert!(matches!(read, Err(Fault::Damaged(_))), "{field}");
    }
    let mut variant = product_document().get_array("variants").unwrap()[0].clone();
    let fields = variant.as_document_mut().unwrap();
    fields.insert("availability", "perhaps");
    let raw = RawDocumentBuf::try_from(&doc! { "variants": [variant] }).unwrap();
    assert!(matches!(decode::variants(&raw), Err(Fault::Damaged(_))));
}

#[test]
fn a_damaged_field_of_an_observation_is_an_error() {
    let key = product_key(&product(7, 1000).id);
    let document = Document::try_from(encode_observation(&key, 3, &observation(3, 5))).unwrap();
    let unread = not_read(&document, |raw| decode_history::observation(raw).map(drop));
    assert_eq!(unread, ["_id", "shop", "created_at", "updated_at"]);
}

fn shop_record() -> Record {
    Record::Shop(ShopRecord {
        shop: shop(),
        is_paused: false,
        is_added: false,
        epoch: 0,
        last_complete_at: None,
    })
}

fn product_record(observations: Vec<(u64, Observation)>) -> Record {
    Record::Product(Box::new(ProductRecord {
        product: product(7, 1000),
        first_seen_at: at(0),
        stored_at: at(0),
        gone_at: None,
        observations,
    }))
}

/// A ranking of more bytes than one document can hold.
fn large_ranking() -> Ranking {
    let mut row = ProductRow::of(&product(7, 1000), shop().currency, at(0));
    row.url = "x".repeat(1_000_000);
    let ranked = |rank: u32| RankedRow {
        rank,
        score: 1.0 / f64::from(rank),
        coverage: -0.0,
        contributions: vec![0.1, f64::from(rank) / 3.0],
        rank_uncapped: None,
        popularity: None,
        stability: None,
        product: row.clone(),
    };
    Ranking {
        at: at(1),
        preset: "classic".to_owned(),
        features: vec!["a".to_owned(), "b".to_owned()],
        weights: vec![0.1, 0.2],
        n_ranked: 20,
        popularity_source: PopularitySource::Simulated,
        filter: None,
        stability: None,
        rows: (1..=20).map(ranked).collect(),
    }
}

#[tokio::test]
async fn a_ranking_larger_than_a_document_is_read_back_on_both_kinds_of_servers() {
    for variable in [REPLICA_SET, STANDALONE] {
        with_store(variable, "large_ranking", async |store| {
            let large = large_ranking();
            let small = Ranking {
                rows: large.rows[..1].to_vec(),
                ..large.clone()
            };
            for ranking in [&large, &small, &large, &large] {
                store.save_ranking(ranking).await.unwrap();
                let stored = store.latest_ranking().await.unwrap();
                assert!(stored.as_ref() == Some(ranking));
            }
            let rows = store.database.collection::<Document>("ranking_rows");
            let n_documents = rows.count_documents(doc! {}).await.unwrap();
            assert_eq!(n_documents, 5, "those of earlier rankings are gone");
        })
        .await;
    }
}

#[tokio::test]
async fn a_ranking_of_version_1_is_read() {
    with_store(REPLICA_SET, "old_ranking", async |store| {
        let mut ranking = large_ranking();
        ranking.rows.truncate(2);
        ranking.stability = Some(ListStability {
            draws: 200,
            overlap_mean: 0.9,
            overlap_min: 0.7,
        });
        ranking.rows[1].rank_uncapped = Some(5);
        ranking.rows[1].stability = Some(Stability {
            p_top_k: 0.3,
            rank_p5: 1,
            rank_p95: 9,
        });
        store.save_ranking(&ranking).await.unwrap();
        assert!(store.latest_ranking().await.unwrap().as_ref() == Some(&ranking));

        let heads = store.database.collection::<Document>("rankings");
        let without = doc! { "$unset": { "stability": "" } };
        heads.update_one(doc! {}, without).await.unwrap();
        let rows = store.database.collection::<Document>("ranking_rows");
        let mut kept = rows.find_one(doc! {}).await.unwrap().unwrap();
        for row in kept.get_array_mut("rows").unwrap() {
            let row = row.as_document_mut().unwrap();
            assert!(row.remove("rank_uncapped").is_some() && row.remove("stability").is_some());
        }
        rows.replace_one(doc! {}, kept).await.unwrap();
        ranking.stability = None;
        ranking.rows[1].rank_uncapped = None;
        ranking.rows[1].stability = None;
        assert!(store.latest_ranking().await.unwrap() == Some(ranking));
    })
    .await;
}

#[tokio::test]
async fn a_shop_too_large_for_one_step_is_forgotten_whole() {
    let n_rows = admin::MAX_AT_ONCE + 1;
    for variable in [REPLICA_SET, STANDALONE] {
        with_store(variable, "large_shop", async |store| {
            let rows = (1..=n_rows).map(|n| (n, observation(n, 0))).collect();
            let records = vec![shop_record(), product_record(rows)];
            store.put_records(records).await.unwrap();
            let ticket = begin(store, "owner").await.ticket;
            let forgotten = store.forget_shop(&shop().key).await.unwrap().unwrap();
            let numbers = (
                forgotten.n_products,
                forgotten.n_observations,
                forgotten.n_crawls,
            );
            assert_eq!(numbers, (1, n_rows, 1));
            let fenced = store.apply_page(&ticket, page(1, products(0..1, 1))).await;
            assert!(matches!(fenced, Err(catalog::StoreError::Fenced { .. })));
            for collection in ["shops", "products", "observations", "crawls", "pages"] {
                let collection = store.database.collection::<Document>(collection);
                assert_eq!(collection.count_documents(doc! {}).await.unwrap(), 0);
            }
        })
        .await;
    }
}

#[tokio::test]
async fn rows_that_a_cut_off_page_left_are_in_no_list() {
    with_store(STANDALONE, "cut_off", async |store| {
        // Two ranks of one day, of which the first could be thinned out if the second one counted.
        let rows = vec![(1, observation(1, 0))];
        let records = vec![shop_record(), product_record(rows)];
        store.put_records(records).await.unwrap();
        let id = product(7, 1000).id;
        let left = encode_observation(&product_key(&id), 2, &observation(2, 1));
        let rows = store.database.collection::<RawDocumentBuf>("observations");
        rows.insert_one(left).await.unwrap();

        assert_eq!(
            store.observations(&id, 9).await.unwrap(),
            [observation(1, 0)]
        );
        for order in [
            ObservationOrder::ByProduct,
            ObservationOrder::ByTime,
            ObservationOrder::Grouped,
        ] {
            let filter = ObservationFilter::default();
            let observed = store.observed(&filter, order, None, 9).await.unwrap();
            assert_eq!(observed.iter().map(|row| row.n).collect::<Vec<_>>(), [1]);
        }
        let records = store.records(RecordKind::Product, None, 9).await.unwrap();
        assert_eq!(records, [product_record(vec![(1, observation(1, 0))])]);
        let pruned = store.prune(at(9), None, 9).await.unwrap();
        assert_eq!((pruned.n_old, pruned.n_removed), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn a_search_looks_at_so_many_products_and_goes_on_from_there() {
    with_store(REPLICA_SET, "looks", async |store| {
        let begun = begin(store, "owner").await;
        let mut products = products(0..12, 1000);
        for (product, n) in products.iter_mut().zip(0..) {
            // Both have the words of the tag, which is all that the server checks.
            let tag = if n % 6 == 5 { "b a" } else { "a b" };
            product.tags = vec![tag.to_owned()];
            product.published_at = (n < 9).then(|| at(n));
            for variant in &mut product.variants {
                variant.price = variant.price.filter(|_| n % 4 != 3);
            }
        }
        store
            .apply_page(&begun.ticket, page(1, products))
            .await
            .unwrap();
        for order in [
            SearchOrder::Rank,
            SearchOrder::Cheapest,
            SearchOrder::Dearest,
            SearchOrder::Newest,
        ] {
            let query = SearchQuery {
                text: String::new(),
                tag: Some("b a".to_owned()),
                filter: ProductFilter::default(),
                order,
            };
            let whole = search::search(store, &query, None, 9).await.unwrap();
            assert_eq!(
                (whole.rows.len(), whole.total, whole.is_total_exact),
                (2, 2, true)
            );
            assert!(whole.next.is_none());
            let (mut found, mut after, mut n_pages) = (Vec::new(), None, 0);
            loop {
                let looked = search::search_within(store, 2, &query, after.as_ref(), 9).await;
                let looked = looked.unwrap();
                assert!(looked.rows.len() <= 2 && !looked.is_total_exact);
                assert!(looked.total <= 2);
                found.extend(looked.rows);
                (after, n_pages) = (looked.next, n_pages + 1);
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, whole.rows, "{order:?}");
            assert!(n_pages >= 6, "{order:?}: {n_pages} pages");
        }
    })
    .await;
}
