//! Opening: whose a database is, and what is said when a server can't be reached or refuses.

use std::pin::pin;

use catalog::StoreError;
use futures_util::future::join_all;
use mongodb::bson::{Document, doc};
use tokio::net::TcpListener;

use super::*;
use crate::mongo::schema::SCHEMA_VERSION;

#[tokio::test]
async fn a_server_that_does_not_answer_is_told_within_a_limit() {
    // Connections to it succeed, and nobody ever reads what comes.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits = Limits {
        connect: Duration::from_millis(1_000),
        ..LIMITS
    };
    let uri = format!(
        "mongodb://user:pa55word@{}/x",
        listener.local_addr().unwrap()
    );
    let options = client_options(&uri).await.unwrap();
    let opened = MongoStore::open_with(&uri, options, limits, OpenMode::Create).await;
    let error = opened.unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }));
    let address = listener.local_addr().unwrap();
    let expected =
        format!("cannot open the store mongodb://{address}/x: cannot reach it within 1 s: ");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(!format!("{error:?}").contains("pa55word"));
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told_with_its_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let uri = format!("mongodb://{address}");
    let limits = Limits {
        connect: Duration::from_millis(1_000),
        ..LIMITS
    };
    let options = client_options(&uri).await.unwrap();
    let opened = MongoStore::open_with(&uri, options, limits, OpenMode::Create).await;
    let shown = opened.unwrap_err().to_string();
    assert!(
        shown.contains(&format!("the store mongodb://{address}/trouvaille: ")),
        "{shown}"
    );
    assert!(shown.contains("within 1 s: Connection refused"), "{shown}");
}

#[tokio::test]
async fn a_wrong_password_is_told_and_never_shown() {
    let server = server(REPLICA_SET);
    let host = server.trim_start_matches("mongodb://");
    let uri = format!("mongodb://user:pa55word@{}/x", host.trim_end_matches('/'));
    let error = MongoStore::open(&uri, OpenMode::Create).await.unwrap_err();
    let (shown, debug) = (error.to_string(), format!("{error:?}"));
    assert!(
        shown.contains("refused the user name or the password"),
        "{shown}"
    );
    assert!(
        !shown.contains("pa55word") && !debug.contains("pa55word"),
        "{debug}"
    );
}

#[tokio::test]
async fn a_store_shows_where_it_is_and_nothing_secret() {
    for (uri, location) in [
        ("mongodb://h", "mongodb://h/trouvaille"),
        (
            "mongodb://u:pa55@h:1,[::1]:2,i/d?tls=true",
            "mongodb://h:1,[::1]:2,i/d",
        ),
    ] {
        let options = client_options(uri).await.unwrap();
        let name = options
            .default_database
            .clone()
            .unwrap_or_else(|| "trouvaille".to_owned());
        assert_eq!(
            super::super::connect::location(&options.hosts, &name),
            location
        );
        assert!(!format!("{options:?}").contains("pa55"));
    }
    with_store(REPLICA_SET, "debug", async |store| {
        let expected = format!("MongoStore {{ location: {:?}, .. }}", store.location());
        assert_eq!(format!("{store:?}"), expected);
    })
    .await;
}

#[tokio::test]
async fn processes_that_open_a_new_database_at_once_all_find_it_set_up() {
    for variable in [REPLICA_SET, STANDALONE] {
        let (uri, options) = options(variable, "at_once").await;
        let opens =
            (0..8).map(|_| MongoStore::open_with(&uri, options.clone(), LIMITS, OpenMode::Create));
        for store in join_all(opens).await {
            assert_eq!(
                store.unwrap().stats().await.unwrap().schema_version,
                SCHEMA_VERSION
            );
        }
        let store = MongoStore::open_with(&uri, options, LIMITS, OpenMode::Existing)
            .await
            .unwrap();
        let names = store
            .database
            .collection::<Document>("products")
            .list_index_names()
            .await
            .unwrap();
        assert_eq!(names.len(), 4, "{names:?}");
        store.database.drop().await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_was_half_set_up_is_completed() {
    let (uri, options) = options(REPLICA_SET, "half").await;
    with_options(&uri, options.clone(), LIMITS, async |store| {
        let meta = store.database.collection::<Document>("meta");
        meta.update_one(doc! {}, doc! { "$set": { "version": 0_i64 } })
            .await
            .unwrap();
        store
            .database
            .collection::<Document>("robots")
            .drop()
            .await
            .unwrap();
        MongoStore::open_with(&uri, options, LIMITS, OpenMode::Existing)
            .await
            .unwrap();
        assert_eq!(store.stats().await.unwrap().schema_version, SCHEMA_VERSION);
        let robots = store.database.collection::<Document>("robots");
        assert_eq!(robots.list_index_names().await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn who_reads_the_version_during_an_upgrade_finds_the_old_one_or_the_new_one() {
    let (uri, options) = options(REPLICA_SET, "upgrade").await;
    with_options(&uri, options.clone(), LIMITS, async |store| {
        let meta = store.database.collection::<Document>("meta");
        for collection in ["tasks", "work_items"] {
            let collection = store.database.collection::<Document>(collection);
            collection.drop().await.unwrap();
        }
        let old = doc! { "$set": { "version": 2_i64 } };
        meta.update_one(doc! {}, old).await.unwrap();
        let mut opened = pin!(MongoStore::open_with(
            &uri,
            options,
            LIMITS,
            OpenMode::Existing
        ));
        let mut seen = Vec::new();
        loop {
            let is_open = tokio::select! {
                biased;
                found = meta.find_one(doc! {}) => {
                    seen.push(found.unwrap().unwrap().get_i64("version").unwrap());
                    false
                }
                opened = &mut opened => opened.is_ok(),
            };
            if is_open {
                break;
            }
        }
        assert!(
            seen.iter()
                .all(|version| [2, i64::from(SCHEMA_VERSION)].contains(version)),
            "{seen:?}"
        );
        assert_eq!(store.stats().await.unwrap().schema_version, SCHEMA_VERSION);
    })
    .await;
}

#[tokio::test]
async fn an_empty_database_a_newer_one_and_another_programs_are_refused_and_left_as_they_are() {
    let (uri, options) = options(REPLICA_SET, "refused").await;
    let open = async |mode| MongoStore::open_with(&uri, options.clone(), LIMITS, mode).await;
    let error = open(OpenMode::Existing).await.unwrap_err();
    assert!(
        error.to_string().contains("there is no store yet"),
        "{error}"
    );

    let store = open(OpenMode::Create).await.unwrap();
    let meta = store.database.collection::<Document>("meta");
    meta.update_one(doc! {}, doc! { "$set": { "version": 9_i64 } })
        .await
        .unwrap();
    let error = open(OpenMode::Create).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::NewerSchema {
                found: 9,
                known: SCHEMA_VERSION,
                ..
            }
        ),
        "{error}"
    );

    store.database.drop().await.unwrap();
    let other = store.database.collection::<Document>("theirs");
    other.insert_one(doc! { "_id": 1 }).await.unwrap();
    for mode in [OpenMode::Create, OpenMode::Existing] {
        let error = open(mode).await.unwrap_err();
        assert!(matches!(error, StoreError::Open { .. }));
        assert!(error.to_string().contains("another program"), "{error}");
    }
    assert_eq!(
        store.database.list_collection_names().await.unwrap(),
        ["theirs"]
    );
    store.database.drop().await.unwrap();
}
