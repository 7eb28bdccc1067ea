//! How tasks end: each fault of a shop in the protocol's own states.

use std::time::Duration;

use catalog::TaskState;
use serde_json::{Value, json};
use testkit::{FakeShop, Fault, FaultPlan, On};
use tokio::time::Instant;

use crate::world::{World, crawl, data, parts, shop};

async fn end_of(plans: Vec<FaultPlan>) -> (String, Value) {
    let world = World::new().await;
    let mut shops: Vec<FakeShop> = Vec::new();
    for plan in plans {
        shops.push(shop(260, plan).await);
    }
    let shops: Vec<&FakeShop> = shops.iter().collect();
    let task = world.done(&crawl(&shops, json!({}))).await;
    let state = task["status"]["state"].as_str().unwrap();
    (state.trim_start_matches("TASK_STATE_").to_owned(), task)
}

fn denied() -> FaultPlan {
    FaultPlan::none().robots("User-agent: *\nDisallow: /products.json\n")
}

fn password() -> FaultPlan {
    FaultPlan::none().fault(On::feed(), Fault::Redirect("/password".to_owned()))
}

#[tokio::test]
async fn each_end_of_a_shop_has_its_state_and_its_code() {
    for (plan, state, code) in [
        (denied(), "REJECTED", "ROBOTS_DENIED"),
        (password(), "AUTH_REQUIRED", "PASSWORD"),
        (
            (FaultPlan::none().list_alone()).fault(On::feed(), Fault::status(404)),
            "FAILED",
            "PRODUCTS_JSON_DISABLED",
        ),
        (
            FaultPlan::none().fault(On::feed(), Fault::Challenge(403)),
            "FAILED",
            "BLOCKED",
        ),
        (
            (FaultPlan::none().list_alone()).fault(On::feed(), Fault::Html),
            "FAILED",
            "SCHEMA",
        ),
        (
            (FaultPlan::none()
                .list_alone()
                .fault(On::feed(), Fault::Html))
            .fault(On::path("/meta.json"), Fault::status(404))
            .fault(On::path("/"), Fault::status(404)),
            "REJECTED",
            "NOT_SHOPIFY",
        ),
        (
            FaultPlan::none().fault(On::page(2), Fault::Html),
            "COMPLETED",
            "SCHEMA",
        ),
        (
            FaultPlan::none().fault(On::feed(), Fault::status(429)),
            "FAILED",
            "RATE_LIMITED",
        ),
        (
            FaultPlan::none().fault(On::page(2), Fault::status(503)),
            "COMPLETED",
            "SERVER_ERROR",
        ),
    ] {
        let (found, task) = end_of(vec![plan]).await;
        assert_eq!(found, state, "{code}: {task}");
        assert_eq!(data(&task, "errors")["stores"][0]["code"], code);
        assert_eq!(data(&task, "summary")["partial"], true);
        assert!(task["status"]["message"].is_object(), "{task}");
    }
}

#[tokio::test]
async fn a_shop_that_asks_for_patience_gets_it() {
    let plan = FaultPlan::none().fault(On::page(2).times(2), Fault::status(429));
    let (state, task) = end_of(vec![plan]).await;
    assert_eq!(state, "COMPLETED");
    assert_eq!(data(&task, "summary")["counts"]["retries429"], 2);
    assert_eq!(data(&task, "summary")["partial"], false);
}

#[tokio::test]
async fn one_good_shop_completes_a_task_and_its_list_is_of_it_alone() {
    let (state, task) = end_of(vec![denied(), FaultPlan::none(), password()]).await;
    assert_eq!(state, "COMPLETED");
    assert_eq!(data(&task, "summary")["partial"], true);
    assert_eq!(data(&task, "errors")["nStores"], 2);
    assert_eq!(parts(&task, "products")[0]["metadata"]["rows"], 260);
    let (state, _) = end_of(vec![denied(), password()]).await;
    assert_eq!(state, "FAILED");
}

#[tokio::test]
async fn behind_a_cancellation_no_request_leaves() {
    for (path, n_seen) in [("/meta.json", 2), ("/products.json", 3)] {
        let world = World::new().await;
        let fake = shop(700, FaultPlan::none().fault(On::path(path), Fault::Hang)).await;
        let id = world.begun(&crawl(&[&fake], json!({}))).await;
        fake.wait_for_requests(n_seen).await;
        let answer = world
            .call("CancelTask", &json!({ "id": id.as_str() }))
            .await;
        assert_eq!(
            answer["result"]["status"]["state"], "TASK_STATE_CANCELED",
            "{answer}"
        );
        // The worker is free for another task when it has left this one.
        let other = shop(10, FaultPlan::none()).await;
        world.done(&crawl(&[&other], json!({}))).await;
        assert_eq!(fake.requests().len(), n_seen);
        assert_eq!(world.task(&id).await.state, TaskState::Canceled);
        // The shop itself is free too: its lease was given back.
        fake.set_plan(FaultPlan::none());
        let task = world.done(&crawl(&[&fake], json!({}))).await;
        assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED");
    }
}

#[tokio::test]
async fn a_deadline_ends_a_shop_in_part() {
    let world = World::idle(None).await;
    let plan = FaultPlan::none().fault(On::page(2), Fault::Hang);
    let fake = shop(700, plan).await;
    let id = world
        .begun(&crawl(&[&fake], json!({ "deadlineSeconds": 60 })))
        .await;
    let claimed = world.claim().await;
    tokio::select! {
        _ = world.do_item(&claimed) => panic!("page 2 hangs"),
        () = fake.wait_for_requests(4) => {}
    }
    world.pass(60_000);
    world
        .context
        .tasks
        .release_item(&claimed.lease)
        .await
        .unwrap();
    // The killed attempt's lease of the shop.
    let shops = world.context.store.shops().await.unwrap();
    let holder = shops[0].lease.as_ref().unwrap().owner.clone();
    let lease = world
        .context
        .store
        .lease_shop(&shops[0].shop.key, "test", 1, Some(&holder));
    let catalog::LeaseAnswer::Granted(lease) = lease.await.unwrap() else {
        panic!("it is not dead enough");
    };
    world.context.store.release_lease(&lease).await.unwrap();
    world.do_all().await;
    let task = world.task(&id).await;
    assert_eq!(task.state, TaskState::Completed);
    let items = world.context.tasks.items(&id).await.unwrap();
    let result = items[0].result.as_ref().unwrap();
    assert_eq!(result["code"], "DEADLINE");
    assert_eq!(result["report"]["counts"]["products"], 250);
    // Nothing is asked of a shop behind the deadline.
    assert_eq!(fake.requests().len(), 4);
}

#[tokio::test]
async fn a_slower_rate_is_kept_and_keeps_nobody_else_from_the_shop() {
    let world = World::idle(None).await;
    let fake = shop(10, FaultPlan::none()).await;
    let id = world
        .begun(&crawl(
            &[&fake],
            json!({ "rate": { "rps": 10, "burst": 2 } }),
        ))
        .await;
    let claimed = world.claim().await;
    let began = Instant::now();
    world.do_item(&claimed).await;
    let seen = fake.requests();
    // robots.txt, /meta.json, a page; without a rate they take some milliseconds.
    let [_, _, last] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert!(last.at - began >= Duration::from_millis(150));
    let shops = world.context.store.shops().await.unwrap();
    // The agent itself has no rate here: nothing is left to wait for.
    assert_eq!(shops[0].lease, None);
    world.do_all().await;
    assert_eq!(world.task(&id).await.state, TaskState::Completed);
}

#[tokio::test]
async fn five_replicas_ask_a_shop_no_faster_than_one() {
    let world = World::idle(None).await;
    let fake = shop(300, FaultPlan::none()).await;
    for _ in 0..6 {
        world.begun(&crawl(&[&fake], json!({}))).await;
    }
    let names = ["a", "b", "c", "d", "e"];
    let replicas = names.map(|name| world.replica(name, 20.0));
    let n_done = futures_util::future::join_all(replicas).await;
    let seen = fake.requests();
    let first_and_last = seen.last().unwrap().at - seen[0].at;
    let rate = (seen.len() - 1) as f64 / first_and_last.as_secs_f64();
    // Five that know nothing of each other would ask five times as fast.
    assert!(rate <= 20.5, "{} requests, {rate:.2} a second", seen.len());
    assert!(
        n_done.iter().filter(|it| **it > 0).count() > 1,
        "{n_done:?}"
    );
}
