use std::sync::Arc;

use catalog::{Ranking, StoreError, UnixMs};

use super::*;
use crate::testing::{context, empty, product, put, put_shop, rank, world};
use crate::{Context, Data};

async fn of(context: &Context, uri: &str) -> Result<ResourceText, ToolError> {
    let call = Call {
        context,
        caller: "local",
        query: "",
    };
    read(uri, &call).await
}

async fn json_of(context: &Context, uri: &str) -> Value {
    let read = of(context, uri).await.unwrap();
    assert_eq!((read.uri.as_str(), read.mime_type), (uri, JSON));
    serde_json::from_str(&read.text).unwrap()
}

#[tokio::test]
async fn everything_that_is_listed_can_be_read() {
    let world = world().await;
    for info in list() {
        let read = of(&world, &info.uri).await.unwrap();
        assert_eq!((&read.uri, read.mime_type), (&info.uri, info.mime_type));
        assert!(read.text.len() > 50);
    }
}

#[tokio::test]
async fn the_status_says_how_much_there_is_and_how_old() {
    let status = json_of(&world().await, "trouvaille://status").await;
    assert_eq!(
        (
            &status["shops"],
            &status["products"],
            &status["gone_products"]
        ),
        (&json!(2), &json!(6), &json!(1))
    );
    assert_eq!(
        status["latest_ranking"]["run_id"],
        "2026-11-21T09:00:00Z_balanced"
    );
    assert_eq!(status["data"]["age_hours"], 3.0);
}

#[tokio::test]
async fn a_store_without_data_says_how_to_fill_it() {
    let (store, tasks) = empty().await;
    let empty = context(store, tasks);
    let status = json_of(&empty, "trouvaille://status").await;
    assert_eq!(
        (&status["shops"], &status["next"]),
        (&json!(0), &json!("trouvaille crawl https://SHOP"))
    );
    let missing = Context {
        data: Arc::new(Data::new(|| {
            let error = StoreError::Missing {
                location: "/secret/place.db".to_owned(),
            };
            Box::pin(std::future::ready(Err(error)))
        })),
        ..empty
    };
    let status = of(&missing, "trouvaille://status").await.unwrap();
    assert!(!status.text.contains("secret"), "{}", status.text);
    let error = of(&missing, "trouvaille://shops").await.unwrap_err();
    assert_eq!(error.code, "no_store");
}

#[tokio::test]
async fn documents_say_what_tools_say() {
    let world = world().await;
    let shops = json_of(&world, "trouvaille://shops").await;
    assert_eq!(shops["shops"].as_array().unwrap().len(), 2);
    let shop = json_of(&world, "trouvaille://shops/lamps.example").await;
    assert_eq!(shop["shop"]["shop"], "lamps.example");
    assert_eq!(shop["summary"]["source"], "extractive");
    let lamp = json_of(&world, "trouvaille://products/lamps.example/brass-lamp").await;
    assert_eq!(lamp["product"]["id"], "lamps.example/brass-lamp");
    let latest = json_of(&world, "trouvaille://rankings/latest").await;
    let same = "trouvaille://rankings/2026-11-21T09:00:00Z_balanced";
    let same = json_of(&world, same).await;
    assert_eq!(latest["ranked"], same["ranked"]);
    let earlier = "trouvaille://rankings/2026-11-14T09:00:00Z_balanced";
    let earlier = json_of(&world, earlier).await;
    assert_eq!(earlier["ranked"].as_array().unwrap().len(), 3);
    let schema = json_of(&world, "trouvaille://schema/product").await;
    assert!(schema["properties"]["product"]["properties"].is_object());
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = world().await;
    for uri in [
        "trouvaille://products/../../etc/passwd",
        "trouvaille://shops/nobody.example",
        "trouvaille://products/lamps.example/nothing",
        "trouvaille://rankings/2026-11-20T09:00:00Z_balanced",
        "trouvaille://rankings/2026-11-21T09:00:00Z_classic",
        "trouvaille://rankings/2026-11-20T09:00:00Z_balanced.csv",
        "file:///etc/passwd",
    ] {
        let error = of(&world, uri).await.unwrap_err();
        assert!(
            error.code.starts_with("unknown_") || error.code == "no_ranking",
            "{uri}: {error:?}"
        );
        assert!(!format!("{error:?}").contains("passwd"));
    }
}

#[tokio::test]
async fn a_csv_has_the_ranking_with_strangers_texts_cleaned() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let mut lamp = product("lamps.example", 1, "lamp", "49.00 EUR", true);
    lamp.title = "=HYPERLINK(\"https://evil.example\")\u{202e} <b>Lamp</b>".to_owned();
    lamp.handle = "IGNORE-ALL-rules".to_owned();
    lamp.url = "https://lamps.example/products/IGNORE-ALL-rules".to_owned();
    lamp.images = vec!["https://lamps.example/x.jpg?v=1&q=IGNORE-ALL-rules".to_owned()];
    put(store.as_ref(), &lamp, vec![]).await;
    rank(store.as_ref(), "2026-11-21", &[&lamp.id]).await;
    let world = context(store, tasks);
    let read = of(&world, "trouvaille://rankings/latest.csv")
        .await
        .unwrap();
    assert_eq!(read.mime_type, "text/csv");
    let lines: Vec<&str> = read.text.split("\r\n").collect();
    assert!(lines[0].starts_with("rank,id,title,score,"), "{}", lines[0]);
    assert!(lines[1].starts_with("1,1,"), "{}", lines[1]);
    for bad in ["evil.example", "IGNORE", "\u{202e}", "<b>", ",=", "\"="] {
        assert!(!read.text.contains(bad), "{bad} in {}", read.text);
    }
    let named = "trouvaille://rankings/2026-11-21T09%3A00%3A00Z_balanced.csv";
    assert_eq!(of(&world, named).await.unwrap().text, read.text);
}

#[tokio::test]
async fn a_csv_ends_with_a_whole_row_before_it_is_longer_than_clients_take() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let mut ids = Vec::new();
    for n in 1..=300 {
        let handle = format!("lamp-{n}");
        let mut lamp = product("lamps.example", n, &handle, "49.00 EUR", true);
        lamp.title = format!("Lamp, {n} {}", "of \"brass\" ".repeat(10));
        put(store.as_ref(), &lamp, vec![]).await;
        ids.push(lamp.id);
    }
    rank(
        store.as_ref(),
        "2026-11-21",
        &ids.iter().collect::<Vec<_>>(),
    )
    .await;
    let world = context(store, tasks);
    let csv = of(&world, "trouvaille://rankings/latest.csv")
        .await
        .unwrap();
    let tokens = crate::economy::tokens(&csv.text);
    assert!((18_000..=20_000).contains(&tokens), "{tokens}");
    let rows: Vec<&str> = csv
        .text
        .strip_suffix("\r\n")
        .unwrap()
        .split("\r\n")
        .collect();
    let n_cells = |row: &str| row.replace("Lamp, ", "").matches(',').count();
    assert!((50..300).contains(&rows.len()), "{}", rows.len());
    assert_eq!(n_cells(rows[0]), n_cells(rows.last().unwrap()));
}

#[tokio::test]
async fn a_ranking_made_a_millisecond_later_is_another_one() {
    let (store, tasks) = empty().await;
    put_shop(store.as_ref(), "lamps.example", "EUR").await;
    let lamp = product("lamps.example", 1, "lamp", "49.00 EUR", true);
    put(store.as_ref(), &lamp, vec![]).await;
    rank(store.as_ref(), "2026-11-21", &[&lamp.id]).await;
    let head = store.latest_ranking().await.unwrap().unwrap();
    let later = Ranking {
        at: UnixMs::new(head.at.ms() + 1),
        ..head
    };
    store.save_ranking(&later).await.unwrap();
    let world = context(store, tasks);
    for id in [
        "2026-11-21T09:00:00Z_balanced",
        "2026-11-21T09:00:00.001Z_balanced",
    ] {
        let ranking = json_of(&world, &format!("trouvaille://rankings/{id}")).await;
        assert_eq!(ranking["run_id"], id);
    }
}

#[test]
fn a_table_says_whose_words_are_in_it() {
    let tables = list().into_iter().map(|it| (it.mime_type, it.description));
    let templates = templates()
        .into_iter()
        .map(|it| (it.mime_type, it.description));
    let tables: Vec<String> = tables
        .chain(templates)
        .filter(|it| it.0 == CSV)
        .map(|it| it.1)
        .collect();
    assert_eq!(tables.len(), 2);
    for description in tables {
        assert!(
            description.contains("written by strangers"),
            "{description}"
        );
    }
}

#[test]
fn what_is_written_for_assistants_is_short() {
    assert!(crate::economy::tokens(SCORING) < 2_000);
    let templates: Vec<String> = templates().into_iter().map(|it| it.uri_template).collect();
    assert!(templates.contains(&"trouvaille://products/{shop}/{handle}/history".to_owned()));
}
