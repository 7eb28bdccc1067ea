//! Pages: their commands, what is too big, and what was cut off.

use std::sync::{Arc, Mutex};

use catalog::{ObservationKind, Outcome, PageCounts, Problem, ProblemKind, Product, Store};
use mongodb::bson::{DateTime, doc};
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;

use super::*;
use crate::mongo::keys::{observation_key, product_key};

const NOTHING_ELSE: PageCounts = PageCounts {
    new: 0,
    changed: 0,
    back: 0,
    unchanged: 0,
};

#[tokio::test]
async fn a_page_takes_at_most_six_commands_whatever_its_size() {
    let (uri, mut options) = options(REPLICA_SET, "commands").await;
    let commands = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&commands);
    options.command_event_handler = Some(EventHandler::callback(move |event| {
        if let CommandEvent::Started(started) = event {
            seen.lock().unwrap().push(started.command_name);
        }
    }));
    with_options(&uri, options, LIMITS, async |store| {
        let first = begin(store, "first").await.ticket;
        let sent = async |ticket, page| {
            commands.lock().unwrap().clear();
            let counts = apply(store, ticket, page).await;
            (counts, std::mem::take(&mut *commands.lock().unwrap()))
        };

        let six = [
            "aggregate",
            "insert",
            "insert",
            "findAndModify",
            "update",
            "commitTransaction",
        ];
        for (number, natives) in [(1, 0..1), (2, 1..2_001)] {
            let n = natives.end - natives.start;
            let (counts, names) = sent(&first, page(number, products(natives, 1000))).await;
            assert_eq!(
                counts,
                PageCounts {
                    new: n,
                    ..NOTHING_ELSE
                }
            );
            assert_eq!(names, six);
        }
        let (counts, names) = sent(&first, page(2, products(1..2_001, 1000))).await;
        assert_eq!(
            counts,
            PageCounts {
                unchanged: 2_000,
                ..NOTHING_ELSE
            }
        );
        assert_eq!(
            names,
            ["aggregate", "findAndModify", "update", "commitTransaction"]
        );
        store
            .finish_crawl(&first, Outcome::Complete, at(9))
            .await
            .unwrap();

        // A second pass that does not find some of them, and a third that finds them again, others changed and new.
        let second = begin(store, "second").await.ticket;
        sent(&second, page(1, products(500..2_001, 1000))).await;
        store
            .finish_crawl(&second, Outcome::Complete, at(19))
            .await
            .unwrap();
        let third = begin(store, "third").await.ticket;
        let mut mixed = page(1, products(0..1_000, 1000));
        mixed.products.extend(products(1_000..1_500, 999));
        mixed.products.extend(products(3_000..3_400, 1000));
        let problem = Problem::of_product(ProblemKind::Price, 0, None, "no number");
        mixed.problems = vec![problem; 300];
        let (counts, names) = sent(&third, mixed).await;
        let expected = PageCounts {
            new: 400,
            changed: 500,
            back: 500,
            unchanged: 1_000,
        };
        assert_eq!(counts, expected);
        assert_eq!(
            names,
            [
                "aggregate",
                "insert",
                "update",
                "findAndModify",
                "update",
                "commitTransaction"
            ]
        );
    })
    .await;
}

/// A product whose document takes about `size` bytes.
fn big(native: u64, size: usize) -> Product {
    Product {
        body_html: "x".repeat(size),
        ..product(native, 1000)
    }
}

#[tokio::test]
async fn a_product_beyond_16_mb_is_a_problem_of_its_page_on_a_replica_set() {
    with_store(REPLICA_SET, "big", async |store| {
        refuses_big_products(store).await;
    })
    .await;
}

#[tokio::test]
async fn a_product_beyond_16_mb_is_a_problem_of_its_page_on_a_single_server() {
    with_store(STANDALONE, "big", async |store| {
        refuses_big_products(store).await;
    })
    .await;
}

async fn refuses_big_products(store: &MongoStore) {
    let first = begin(store, "first").await.ticket;
    let just_fits = big(2, 16 * 1024 * 1024 - 2_000);
    let with_big = page(
        1,
        vec![product(1, 1000), just_fits.clone(), big(3, 17_100_000)],
    );
    let counts = apply(store, &first, with_big.clone()).await;
    assert_eq!(
        counts,
        PageCounts {
            new: 2,
            ..NOTHING_ELSE
        }
    );
    let report = store
        .finish_crawl(&first, Outcome::Complete, at(9))
        .await
        .unwrap();
    assert_eq!((report.counts.products, report.counts.problems), (3, 1));
    let problems = store.problems(&first.crawl, 10).await.unwrap();
    let told = Problem {
        kind: ProblemKind::ProductRefused,
        page: 1,
        index: Some(2),
        product: Some("3".to_owned()),
        detail: "takes 17.1 MB; MongoDB stores at most 16 MB per document".to_owned(),
    };
    assert_eq!(problems, [told]);
    assert_eq!(store.product(&just_fits.id).await.unwrap(), Some(just_fits));
    assert_eq!(store.product(&big(3, 0).id).await.unwrap(), None);

    // One that grew too big stays as it was, and is not taken as gone.
    let second = begin(store, "second").await.ticket;
    let counts = apply(
        store,
        &second,
        page(1, vec![big(1, 17_100_000), big(2, 10)]),
    )
    .await;
    assert_eq!(
        counts,
        PageCounts {
            changed: 1,
            ..NOTHING_ELSE
        }
    );
    let report = store
        .finish_crawl(&second, Outcome::Complete, at(19))
        .await
        .unwrap();
    assert_eq!(report.counts.gone, 0);
    let kept = store.product(&product(1, 1000).id).await.unwrap();
    assert_eq!(kept, Some(product(1, 1000)));
}

#[tokio::test]
async fn rows_of_a_page_that_was_cut_off_do_not_exist_and_are_written_over_on_a_replica_set() {
    with_store(REPLICA_SET, "left", async |store| {
        overwrites_left_rows(store).await;
    })
    .await;
}

#[tokio::test]
async fn rows_of_a_page_that_was_cut_off_do_not_exist_and_are_written_over_on_a_single_server() {
    with_store(STANDALONE, "left", async |store| {
        overwrites_left_rows(store).await;
    })
    .await;
}

/// What a page leaves that stops before its products, and a server that became part of a replica set since.
async fn overwrites_left_rows(store: &MongoStore) {
    let ticket = begin(store, "owner").await.ticket;
    let product = product(1, 1000);
    let key = product_key(&product.id);
    let rows = store
        .database
        .collection::<mongodb::bson::Document>("observations");
    for n in [1, 2] {
        let left = doc! {
            "_id": observation_key(&key, n),
            "product": &key,
            "shop": "shop.example",
            "n": n as i64,
            "at": DateTime::from_millis(0),
            "kind": "gone",
            "crawl_n": 7_i64,
        };
        rows.insert_one(left).await.unwrap();
    }
    let history = async || store.observations(&product.id, 10).await.unwrap();
    assert_eq!(history().await, []);
    apply(store, &ticket, page(1, vec![product.clone()])).await;
    let kinds: Vec<ObservationKind> = history().await.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [ObservationKind::New]);
}

#[tokio::test]
async fn a_product_may_have_now_what_another_one_had_before() {
    with_store(REPLICA_SET, "swapped", async |store| {
        let ticket = begin(store, "owner").await.ticket;
        let (one, two) = (product(1, 1000), product(2, 2000));
        apply(store, &ticket, page(1, vec![one.clone(), two.clone()])).await;
        let swapped = vec![
            Product {
                id: one.id.clone(),
                ..two.clone()
            },
            Product {
                id: two.id.clone(),
                ..one.clone()
            },
        ];
        let counts = apply(store, &ticket, page(1, swapped)).await;
        assert_eq!(
            counts,
            PageCounts {
                changed: 2,
                ..NOTHING_ELSE
            }
        );
        assert_eq!(store.observations(&one.id, 10).await.unwrap().len(), 3);
    })
    .await;
}
