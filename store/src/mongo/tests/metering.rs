//! What tasks used, where steps are tried again or meet others, and what earlier versions wrote of summaries.

use catalog::{Claim, MeterLimits, MeterStep, Metered, Summary, SummarySource, TaskStore, Written};
use futures_util::future::join_all;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};

use super::outages::with_proxy;
use super::proxy::Way;
use super::task_steps::{BOTH, id, make, steps, tasks};
use super::*;
use crate::mongo::summaries::summary_key;
use crate::mongo::tasks::meter::meter;

const ONE: MeterStep = MeterStep {
    requests: 1,
    tokens: 100,
    cost_nanos: 0,
    n_done: 0,
};

const AT_MOST_3: MeterLimits = MeterLimits {
    requests: Some(3),
    tokens: None,
    cost_nanos: None,
};

async fn requests(store: &MongoStore) -> u64 {
    let nothing = MeterStep::default();
    match store.meter(&id(), &nothing, &AT_MOST_3).await.unwrap() {
        Metered::Counted(totals) => totals.requests,
        Metered::Over(totals) => panic!("over at {totals:?}"),
    }
}

#[tokio::test]
async fn a_count_that_is_tried_again_counts_once() {
    for variable in BOTH {
        with_store(variable, "count_again", async |store| {
            make(store, &[]).await;
            let count = async |step: MeterStep, call| {
                let counted = meter(&mut steps(store), &id(), (&step, &AT_MOST_3), call).await;
                match counted.unwrap() {
                    Metered::Counted(totals) => totals,
                    Metered::Over(totals) => panic!("over at {totals:?}"),
                }
            };
            let call = ObjectId::new();
            assert_eq!(count(ONE, call).await.requests, 1);
            // Others count in between, up to the limit.
            for _ in 0..2 {
                count(ONE, ObjectId::new()).await;
            }
            assert_eq!(count(ONE, call).await.requests, 3);
            // The same for a step that is worked out anew.
            let less = MeterStep {
                requests: -1,
                tokens: -900,
                ..ONE
            };
            let call = ObjectId::new();
            for _ in 0..2 {
                let totals = count(less, call).await;
                assert_eq!((totals.requests, totals.tokens), (2, 0));
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_count_is_made_once_though_the_server_goes_away_in_the_middle() {
    for variable in BOTH {
        with_proxy(variable, "count_back", LIMITS, async |store, proxy| {
            make(store, &[]).await;
            proxy.way.send_replace(Way::Closed);
            let comes_back = async {
                proxy.has_turned_away().await;
                proxy.way.send_replace(Way::Open);
            };
            let task = id();
            let (counted, ()) = tokio::join!(store.meter(&task, &ONE, &AT_MOST_3), comes_back);
            assert!(matches!(counted.unwrap(), Metered::Counted(it) if it.requests == 1));
            assert_eq!(requests(store).await, 1);
        })
        .await;
    }
}

#[tokio::test]
async fn a_task_remembers_a_bounded_number_of_calls() {
    with_store(REPLICA_SET, "many_counts", async |store| {
        make(store, &[]).await;
        let task = id();
        let none = MeterLimits::default();
        for _ in 0..10 {
            let counts = (0..30).map(|_| store.meter(&task, &ONE, &none));
            for counted in join_all(counts).await {
                counted.unwrap();
            }
        }
        assert_eq!(requests(store).await, 300);
        let stored = tasks(store).find_one(doc! {}).await.unwrap().unwrap();
        let used = stored.get_document("used").unwrap();
        assert_eq!(used.get_array("calls").unwrap().len(), 256);
    })
    .await;
}

#[tokio::test]
async fn summaries_of_an_earlier_version_are_read() {
    with_store(REPLICA_SET, "earlier", async |store| {
        let llm = doc! { "kind": "llm", "model": "m", "prompt_version": "1" };
        let extractive = doc! { "kind": "extractive" };
        let summaries = store.database.collection::<Document>("summaries");
        for (hash, source) in [("a", llm), ("b", extractive)] {
            let at = DateTime::from_millis(7);
            let document = doc! {
                "_id": summary_key(["s", "en", hash]),
                "subject": "s",
                "language": "en",
                "input_hash": hash,
                "source": source,
                "headline": "h",
                "text": "t",
                "claims": [{ "text": "c", "fact_ids": ["F1"] }],
                "cautions": ["x"],
                "at": at,
                "created_at": at,
                "updated_at": at,
            };
            summaries.insert_one(document).await.unwrap();
        }
        let written = Written {
            model: "m".to_owned(),
            prompt_version: "1".to_owned(),
            ..Written::default()
        };
        for (hash, source) in [
            ("a", SummarySource::Llm(Box::new(written))),
            ("b", SummarySource::Extractive { instead: None }),
        ] {
            let expected = Summary {
                subject: "s".to_owned(),
                language: "en".to_owned(),
                source,
                input_hash: hash.to_owned(),
                headline: "h".to_owned(),
                text: "t".to_owned(),
                claims: vec![Claim {
                    text: "c".to_owned(),
                    fact_ids: vec!["F1".to_owned()],
                }],
                cautions: vec!["x".to_owned()],
                facts: vec![],
                facts_hash: String::new(),
                at: UnixMs::new(7),
            };
            let found = store.summary_of_input("s", "en", hash).await.unwrap();
            assert_eq!(found, Some(expected));
        }
    })
    .await;
}
