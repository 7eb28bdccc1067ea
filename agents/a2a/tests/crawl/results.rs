//! What a task leaves behind: its artifacts, and its events on the way.

use catalog::{TaskChange, TaskState};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use testkit::{Catalogue, Fault, FaultPlan, NORTH_LOFT, On};

use crate::world::{World, crawl, data, parts, shop};

async fn download(world: &World, part: &Value) -> String {
    let url = part["url"].as_str().unwrap();
    let path = url.strip_prefix("https://agents.example").unwrap();
    let answer = world.get(path).await;
    assert_eq!(answer.status, 200);
    let sha256: String = digest(&SHA256, &answer.body)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(part["metadata"]["sha256"], sha256);
    assert_eq!(part["metadata"]["bytes"], answer.body.len());
    String::from_utf8(answer.body).unwrap()
}

#[tokio::test]
async fn a_crawled_shop_is_told_in_a_summary_and_two_lists() {
    let world = World::new().await;
    let fake = shop(620, FaultPlan::none()).await;
    let task = world.done(&crawl(&[&fake], json!({}))).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED", "{task}");
    let summary = data(&task, "summary");
    assert_eq!(summary["partial"], false);
    assert_eq!(summary["counts"]["products"], 620);
    assert_eq!(summary["counts"]["complete"], 1);
    assert_eq!(summary["stores"][0]["store"], fake.url());
    assert_eq!(
        summary["stores"][0]["report"]["outcome"]["outcome"],
        "complete"
    );
    let [csv, ndjson] = parts(&task, "products") else {
        panic!("{task}");
    };
    assert_eq!(csv["filename"], "products.csv");
    assert_eq!(csv["metadata"]["rows"], 620);
    assert_eq!(download(&world, csv).await.lines().count(), 621);
    let lines = download(&world, ndjson).await;
    assert_eq!(lines.lines().count(), 620);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert!(first["product_id"].is_string(), "{first}");
    assert!(parts(&task, "errors").is_empty());
}

#[tokio::test]
async fn the_work_is_told_page_by_page() {
    let world = World::idle(None).await;
    let fake = shop(620, FaultPlan::none()).await;
    let id = world.begun(&crawl(&[&fake], json!({}))).await;
    world.do_all().await;
    let events = world.events(&id).await;
    let states = events.iter().filter_map(|it| match &it.change {
        TaskChange::State { state, data, .. } => Some((*state, data.clone())),
        TaskChange::Artifact { .. } => None,
    });
    let states: Vec<_> = states.collect();
    let order: Vec<TaskState> = states.iter().map(|(state, _)| *state).collect();
    assert_eq!(order[..2], [TaskState::Submitted, TaskState::Working]);
    assert_eq!(order.last(), Some(&TaskState::Completed));
    let pages: Vec<&Value> = states
        .iter()
        .filter_map(|(_, data)| data.as_ref())
        .collect();
    let products: Vec<_> = pages
        .iter()
        .map(|it| it["products"].as_u64().unwrap())
        .collect();
    assert_eq!(products, [0, 250, 500, 620]);
    assert_eq!(pages[3]["page"], 3);
    assert_eq!(pages[3]["stores"], 1);
    assert_eq!(pages[3]["storesDone"], 0);
    // robots.txt, /meta.json, three pages.
    assert_eq!(pages[3]["requests"], 5);
}

#[tokio::test]
async fn every_products_leaves_progress_out_until_there_are_so_many() {
    let world = World::idle(None).await;
    let fake = shop(1_100, FaultPlan::none()).await;
    let id = world
        .begun(&crawl(
            &[&fake],
            json!({ "emit": { "everyProducts": 500, "csv": false } }),
        ))
        .await;
    world.do_all().await;
    let events = world.events(&id).await;
    let products: Vec<u64> = (events.iter())
        .filter_map(|it| match &it.change {
            TaskChange::State { data, .. } => data.as_ref()?["products"].as_u64(),
            TaskChange::Artifact { .. } => None,
        })
        .collect();
    assert_eq!(products, [0, 500, 1_000]);
    let task = world.task(&id).await;
    let lists = task
        .artifacts
        .iter()
        .find(|it| it.id == "products")
        .unwrap();
    assert_eq!(lists.parts.len(), 1);
}

#[tokio::test]
async fn a_refresh_lists_what_changed_and_leaves_alone_what_is_recent() {
    let world = World::new().await;
    let fake = shop(300, FaultPlan::none()).await;
    world.done(&crawl(&[&fake], json!({}))).await;
    let refresh = |more: Value| {
        let mut request = crawl(&[&fake], more);
        request["skill"] = "refresh-catalog".into();
        request
    };
    let n_before = fake.requests().len();
    let task = world.done(&refresh(json!({}))).await;
    assert_eq!(fake.requests().len(), n_before);
    assert_eq!(data(&task, "summary")["stores"][0]["isStored"], true);
    assert_eq!(parts(&task, "products")[0]["metadata"]["rows"], 0);

    let mut catalogue = Catalogue::generate(&NORTH_LOFT, 300, 3);
    catalogue.edit(7, |product| product["title"] = "Another lamp".into());
    fake.set_catalogue(catalogue);
    world.pass(25 * 3_600_000);
    let task = world.done(&refresh(json!({}))).await;
    let counts = &data(&task, "summary")["counts"];
    assert_eq!(
        (&counts["changed"], &counts["products"]),
        (&json!(1), &json!(300))
    );
    let [csv, _] = parts(&task, "products") else {
        panic!("{task}");
    };
    let list = download(&world, csv).await;
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.contains("Another lamp"), "{list}");
    let all = refresh(json!({ "since": "2026-01-01T00:00:00Z", "maxAgeHours": 1 }));
    let task = world.done(&all).await;
    assert_eq!(parts(&task, "products")[0]["metadata"]["rows"], 300);
}

#[tokio::test]
async fn what_could_not_be_read_is_told_with_its_number() {
    let world = World::new().await;
    let plan = FaultPlan::none().fault(On::page(1), Fault::WrongTypes);
    let fake = shop(60, plan).await;
    let broken = shop(10, FaultPlan::none().fault(On::feed(), Fault::status(500))).await;
    let task = world.done(&crawl(&[&fake, &broken], json!({}))).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED");
    assert_eq!(data(&task, "summary")["partial"], true);
    let errors = data(&task, "errors");
    assert_eq!(errors["nStores"], 1);
    assert_eq!(errors["stores"][0]["store"], broken.url());
    assert_eq!(errors["stores"][0]["code"], "SERVER_ERROR");
    let n_problems = errors["nProblems"].as_u64().unwrap();
    assert!(n_problems > 10, "{errors}");
    assert_eq!(errors["problems"][0]["store"], fake.url());
}

#[tokio::test]
async fn a_task_of_500_shops_is_told_in_less_than_256_kb() {
    let world = World::idle(None).await;
    // Refused by their names before anything is asked: port 1 of loopback listens to nobody.
    let hosts = (1..=500).map(|n| format!("http://127.0.{}.{}:1", n / 250, n % 250 + 1));
    let stores: Vec<String> = hosts.collect();
    let request =
        json!({ "schema": "crawl-request/1", "skill": "crawl-catalog", "stores": stores });
    let id = world.begun(&request).await;
    world.do_all().await;
    let task = world.task(&id).await;
    assert_eq!(task.state, TaskState::Failed);
    let task = world.call("GetTask", &json!({ "id": id.as_str() })).await["result"].clone();
    assert!(
        task.to_string().len() < 256 << 10,
        "{}",
        task.to_string().len()
    );
    assert_eq!(data(&task, "errors")["nStores"], 500);
    assert_eq!(data(&task, "summary")["counts"]["failed"], 500);
}
