//! The numbers of the balanced score: brought along from version 1, and read while that is under way.

use catalog::{
    FeatureInputs, FeatureRow, ProductFilter, ProductRecord, Record, ShopRecord, StoreError,
};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use mongodb::bson::{Document, RawDocumentBuf, doc};

use super::*;
use crate::mongo::features::{FIELDS, MARK, WHOLE_BLOCK};
use crate::mongo::keys::product_key;
use crate::mongo::schema::SCHEMA_VERSION;
use crate::mongo::upgrade;

/// The fields that version 1 did not have.
const NEW_FIELDS: [&str; 7] = [
    "visible_chars",
    "distinct_tags",
    "num_variants",
    "type_key",
    "discount",
    "mean_price",
    "availability",
];

/// A product of which every number is another one than those of its neighbours.
fn varied(native: u64) -> Product {
    let n = usize::try_from(native).unwrap();
    let mut product = product(native, 1_000 + i64::try_from(native).unwrap());
    product.body_html = format!("<p>{}&amp;</p>", "x".repeat(n % 700));
    product.tags = (0..n % 5)
        .map(|it| format!("Tag {}", it % 3))
        .collect::<Vec<_>>();
    product.images = vec![String::new(); n % 4];
    product.product_type = ["", "Lamp", "Vase"][n % 3].to_owned();
    product.published_at = (n % 2 == 0).then(|| at(-1_000 * i64::try_from(native).unwrap()));
    product.variants.truncate(n % 3);
    if let Some(variant) = product.variants.first_mut() {
        variant.compare_at = Some(Money::new(2_000, Currency::parse("EUR").unwrap()));
        variant.availability = [
            Availability::Stated(true),
            Availability::Derived(false),
            Availability::Unknown,
        ][n / 3 % 3];
    }
    product
}

fn all() -> ProductFilter {
    ProductFilter::default()
}

async fn put(store: &MongoStore, products: &[Product]) {
    let mut records = vec![Record::Shop(ShopRecord {
        shop: shop(),
        is_paused: false,
        is_added: false,
        epoch: 0,
        last_complete_at: Some(at(5)),
    })];
    records.extend(products.iter().map(|product| {
        Record::Product(Box::new(ProductRecord {
            product: product.clone(),
            first_seen_at: at(1),
            stored_at: at(if product.tags.is_empty() { 3 } else { 9 }),
            gone_at: None,
            observations: vec![],
        }))
    }));
    store.put_records(records).await.unwrap();
}

fn expected(products: &[Product]) -> Vec<FeatureRow> {
    let row = |product: &Product| FeatureRow {
        id: product.id.clone(),
        currency: shop().currency,
        inputs: FeatureInputs::of(product),
        first_seen_at: at(1),
        confirmed_at: at(if product.tags.is_empty() { 5 } else { 9 }),
    };
    products.iter().map(row).collect()
}

fn documents(store: &MongoStore) -> mongodb::Collection<Document> {
    store.database.collection("products")
}

/// Takes away what version 1 did not write from the products that pass `query`.
async fn as_version_1(store: &MongoStore, query: Document) {
    let fields: Document = NEW_FIELDS
        .map(|it| (it.to_owned(), "".into()))
        .into_iter()
        .collect();
    let documents = documents(store);
    let taken_away = documents.update_many(query, doc! { "$unset": fields });
    assert!(taken_away.await.unwrap().modified_count > 0);
    let meta = store.database.collection::<Document>("meta");
    let version = doc! { "$set": { "version": 1_i64 } };
    meta.update_one(doc! { "_id": "schema" }, version)
        .await
        .unwrap();
}

async fn all_documents(store: &MongoStore) -> Vec<Document> {
    let documents = documents(store);
    let found = documents.find(doc! {}).sort(doc! { "_id": 1 });
    found.await.unwrap().try_collect().await.unwrap()
}

async fn n_with_numbers(store: &MongoStore) -> u64 {
    let query = doc! { MARK: { "$exists": true } };
    documents(store).count_documents(query).await.unwrap()
}

async fn version(store: &MongoStore) -> u32 {
    store.stats().await.unwrap().schema_version
}

#[test]
fn the_new_fields_are_those_of_a_new_document() {
    for field in NEW_FIELDS {
        assert!(FIELDS.contains(&field), "{field}");
    }
    assert!(NEW_FIELDS.contains(&MARK));
}

#[tokio::test]
async fn a_database_of_version_1_is_brought_along_by_many_processes_at_once() {
    let products: Vec<Product> = (1..=2 * WHOLE_BLOCK as u64 + 7).map(varied).collect();
    for variable in [REPLICA_SET, STANDALONE] {
        let (uri, options) = options(variable, "version_1").await;
        with_options(&uri, options.clone(), LIMITS, async |store| {
            put(store, &products).await;
            let before = all_documents(store).await;
            as_version_1(store, doc! {}).await;
            assert_eq!((version(store).await, n_with_numbers(store).await), (1, 0));

            let open = || MongoStore::open_with(&uri, options.clone(), LIMITS, OpenMode::Existing);
            for opened in join_all((0..4).map(|_| open())).await {
                let opened = opened.unwrap();
                let rows = opened
                    .features(&all(), None, products.len() + 1)
                    .await
                    .unwrap();
                assert!(rows == expected(&products));
            }
            assert_eq!(version(store).await, SCHEMA_VERSION);
            // As the new program writes them.
            assert!(all_documents(store).await == before);
        })
        .await;
    }
}

#[tokio::test]
async fn what_was_begun_and_cut_off_is_readable_and_completed() {
    let products: Vec<Product> = (1..=30).map(varied).collect();
    let (uri, options) = options(REPLICA_SET, "cut_off").await;
    with_options(&uri, options.clone(), LIMITS, async |store| {
        put(store, &products).await;
        let later = product_key(&products[11].id);
        as_version_1(store, doc! { "_id": { "$gte": later } }).await;
        assert_eq!(n_with_numbers(store).await, 11);
        // Whoever opened it before reads on, in pages and with filters of both kinds.
        let mut rows = Vec::new();
        loop {
            let after = rows.last().map(|row: &FeatureRow| row.id.clone());
            let page = store.features(&all(), after.as_ref(), 7).await.unwrap();
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        assert!(rows == expected(&products));
        let lamps = ProductFilter {
            product_type: Some("Lamp".to_owned()),
            ..all()
        };
        let of_lamps = products.iter().filter(|it| it.product_type == "Lamp");
        let of_lamps: Vec<Product> = of_lamps.cloned().collect();
        assert!(store.features(&lamps, None, 99).await.unwrap() == expected(&of_lamps));

        MongoStore::open_with(&uri, options, LIMITS, OpenMode::Existing)
            .await
            .unwrap();
        assert_eq!(
            (version(store).await, n_with_numbers(store).await),
            (SCHEMA_VERSION, 30)
        );
        assert!(store.features(&all(), None, 99).await.unwrap() == expected(&products));
    })
    .await;
}

/// A process of the old version may store a product while a new one works out the numbers of what it was before.
#[tokio::test]
async fn numbers_never_meet_a_content_that_they_were_not_worked_out_from() {
    with_store(REPLICA_SET, "old_writer", async |store| {
        let old = varied(8);
        let new = Product {
            body_html: "longer than before".to_owned(),
            ..old.clone()
        };
        put(store, std::slice::from_ref(&old)).await;
        as_version_1(store, doc! {}).await;
        let raw = store.database.collection::<RawDocumentBuf>("products");
        let seen = raw.find_one(doc! {}).await.unwrap().unwrap();
        let late = upgrade::with_numbers(&seen).unwrap().unwrap();
        put(store, std::slice::from_ref(&new)).await;
        as_version_1(store, doc! {}).await;
        let late = Document::try_from(late.0).unwrap();
        let [query, change] = ["q", "u"].map(|key| late.get_document(key).unwrap().clone());
        let updated = documents(store).update_one(query, change).await.unwrap();
        assert_eq!(updated.matched_count, 0);
        assert_eq!(n_with_numbers(store).await, 0);
        assert!(store.features(&all(), None, 9).await.unwrap() == expected(&[new]));
    })
    .await;
}

#[tokio::test]
async fn a_damaged_or_enormous_product_does_not_keep_the_others_from_their_numbers() {
    let (uri, options) = options(REPLICA_SET, "damaged").await;
    with_options(&uri, options.clone(), LIMITS, async |store| {
        let mut products: Vec<Product> = (1..=3).map(varied).collect();
        products[1].body_html = "x".repeat(16 * 1024 * 1024 - 1_600);
        put(store, &products).await;
        as_version_1(store, doc! {}).await;
        let one = doc! { "_id": product_key(&products[2].id) };
        let set = async |tags: mongodb::bson::Bson| {
            let change = doc! { "$set": { "tags": tags } };
            documents(store)
                .update_one(one.clone(), change)
                .await
                .unwrap();
        };
        set("no list".into()).await;

        MongoStore::open_with(&uri, options, LIMITS, OpenMode::Existing)
            .await
            .unwrap();
        assert_eq!(
            (version(store).await, n_with_numbers(store).await),
            (SCHEMA_VERSION, 1)
        );
        let error = store.features(&all(), None, 9).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        set(products[2].tags.clone().into()).await;
        assert!(store.features(&all(), None, 9).await.unwrap() == expected(&products));
    })
    .await;
}

#[tokio::test]
async fn a_product_with_only_some_of_its_numbers_is_damage() {
    with_store(REPLICA_SET, "some", async |store| {
        // With a price before, a price and a known availability.
        let product = varied(2);
        for field in [
            "visible_chars",
            "distinct_tags",
            "num_variants",
            "type_key",
            "discount",
        ] {
            put(store, std::slice::from_ref(&product)).await;
            assert!(store.features(&all(), None, 9).await.is_ok());
            let change = doc! { "$unset": { field: "" } };
            documents(store).update_one(doc! {}, change).await.unwrap();
            let error = store.features(&all(), None, 9).await.unwrap_err();
            assert!(
                matches!(error, StoreError::Damaged { .. }),
                "{field}: {error}"
            );
        }
    })
    .await;
}
