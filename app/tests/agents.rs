//! Agents as real processes: called over HTTP, killed, stopped, cancelled, and more than one on a store.

mod directory;
mod mongodb;
mod mongodb_server;
pub(crate) mod replica;
mod summaries;
mod takeovers;
mod tokens;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use store::OpenMode;
use testkit::{Catalogue, FakeShop, FaultPlan, NORTH_LOFT};

use self::replica::{Events, Replica, assert_gap_free};
use crate::program::{Home, PROGRAM};

const STORE: &str = "sqlite:agents.db";

/// Leases that end soon enough for a test to wait for them.
pub(crate) const SHORT_LEASE: &str = "1.0";

/// Leases that end for no test.
pub(crate) const ENDLESS_LEASE: &str = "3600.0";

/// Returns a server of agents on `store`, ready to start. It goes by the real clock.
pub(crate) fn server(home: &Home, command: &[&str], store: &str, lease_seconds: &str) -> Command {
    let mut server = watched(home, command, store, lease_seconds);
    server.args(["--ops", "none"]);
    server
}

/// Returns the same without a word on where operators look.
fn watched(home: &Home, command: &[&str], store: &str, lease_seconds: &str) -> Command {
    let mut server = home.bare_command(Path::new(PROGRAM));
    server
        .args(command)
        .args(["--listen", "127.0.0.1:0"])
        .args(["--allow-private", "127.0.0.0/8", "--rps", "unlimited"])
        .args(["--store", store])
        .env("TROUVAILLE__AGENT__LEASE_SECONDS", lease_seconds)
        .stdout(std::process::Stdio::null());
    server
}

pub(crate) fn agent(home: &Home, store: &str, lease_seconds: &str) -> Replica {
    Replica::start(server(home, &["agent", "shopify"], store, lease_seconds))
}

/// Starts a shop whose list takes a while to crawl.
pub(crate) async fn slow_shop(n_products: usize) -> FakeShop {
    let catalogue = Catalogue::generate(&NORTH_LOFT, n_products, 3);
    FakeShop::start(catalogue, slow()).await.unwrap()
}

pub(crate) fn slow() -> FaultPlan {
    FaultPlan::none().latency(Duration::from_millis(60))
}

/// Asks for a crawl at `owner`, and follows it from its middle on at another process, which `start` starts.
///
/// The shop takes its time meanwhile, so that there is a middle on every machine.
pub(crate) async fn followed_elsewhere(
    owner: &Replica,
    shop: &FakeShop,
    start: impl FnOnce() -> Replica,
) -> (String, Replica, Events) {
    let id = owner.crawl(&[shop.url()]).await;
    // robots.txt and /meta.json.
    shop.wait_for_requests(2).await;
    shop.set_plan(FaultPlan::none().latency(Duration::from_millis(700)));
    let other = start();
    let events = other.subscribe(&id).await;
    shop.set_plan(slow());
    (id, other, events)
}

/// Returns the pages that a shop was asked for, in order.
pub(crate) fn pages_asked(shop: &FakeShop) -> Vec<u32> {
    let paths = shop.requests().into_iter().map(|request| request.path);
    paths
        .filter_map(|path| {
            let page = path.strip_prefix("/products.json?limit=250&page=")?;
            page.parse().ok()
        })
        .collect()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..900 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain: {what}");
}

/// Waits until nobody has the lease of a shop of the store.
async fn until_released(home: &Home, name: &str) {
    let uri = format!("sqlite:{}", home.path().join(name).display());
    let store = store::open(&uri, OpenMode::Existing).await.unwrap();
    until("the shop's lease is given back", async || {
        let shops = store.shops().await.unwrap();
        !shops.is_empty() && shops.iter().all(|it| it.lease.is_none())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_is_asked_for_over_http_and_its_products_are_stored() {
    let home = Home::new();
    let shop = slow_shop(520).await;
    let agent = agent(&home, STORE, ENDLESS_LEASE);
    let (status, card) = agent.http("GET", "/.well-known/agent-card.json", "").await;
    assert_eq!(status, 200, "{card}");
    let card: Value = serde_json::from_str(&card).unwrap();
    let url = card["supportedInterfaces"][0]["url"].as_str().unwrap();
    assert!(url.starts_with(&agent.url()), "{card}");

    let id = agent.crawl(&[shop.url()]).await;
    let events = agent.subscribe(&id).await.collect().await;
    assert_eq!(assert_gap_free(&events), "TASK_STATE_COMPLETED");
    let task = agent.task(&id).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED");
    let names: Vec<&str> = task["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["artifactId"].as_str())
        .collect();
    assert!(names.contains(&"summary"), "{task}");
    let products = home.ok(["export", "products", "--store", STORE]);
    assert_eq!(products.lines().count(), 1 + 520);
    assert_eq!(pages_asked(&shop), [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_text_with_an_address_is_answered_when_the_crawl_is_done() {
    let home = Home::new();
    let shop = slow_shop(30).await;
    let agent = agent(&home, STORE, ENDLESS_LEASE);
    let message = json!({"messageId": "m", "role": "ROLE_USER", "parts": [{"text": shop.url()}]});
    let result = agent
        .call("SendMessage", &json!({ "message": message }))
        .await;
    let state = &result["task"]["status"]["state"];
    assert_eq!(state, "TASK_STATE_COMPLETED", "{result}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_canceled_through_another_process_and_the_shop_hears_no_more() {
    let home = Home::new();
    let shop = slow_shop(5_000).await;
    let owner = agent(&home, STORE, ENDLESS_LEASE);
    let start = || agent(&home, STORE, ENDLESS_LEASE);
    let (id, other, events) = followed_elsewhere(&owner, &shop, start).await;
    shop.wait_for_requests(5).await;
    // From here on a page takes so long that an owner who heeds the cancel asks for one more at most.
    shop.set_plan(FaultPlan::none().latency(Duration::from_secs(3)));
    let canceled = other.cancel(&id).await;
    let n_at_reply = shop.requests().len();
    assert_eq!(canceled["status"]["state"], "TASK_STATE_CANCELED");
    let events = events.collect().await;
    assert_eq!(assert_gap_free(&events), "TASK_STATE_CANCELED");
    until_released(&home, "agents.db").await;
    let n_requests = shop.requests().len();
    assert!(n_requests <= n_at_reply + 1, "{n_at_reply}, {n_requests}");
    assert!(pages_asked(&shop).len() < 20, "it was not in the middle");

    // Either process does other work meanwhile.
    for agent in [&owner, &other] {
        let small = slow_shop(30).await;
        let id = agent.crawl(&[small.url()]).await;
        let events = agent.subscribe(&id).await.collect().await;
        assert_eq!(assert_gap_free(&events), "TASK_STATE_COMPLETED");
    }
    assert_eq!(shop.requests().len(), n_requests);
    let task = owner.task(&id).await;
    assert_eq!(task["status"]["state"], "TASK_STATE_CANCELED");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_share_the_shops_of_one_task() {
    let home = Home::new();
    let shops = [slow_shop(1_000).await, slow_shop(1_000).await];
    let slower = FaultPlan::none().latency(Duration::from_secs(1));
    shops.iter().for_each(|it| it.set_plan(slower.clone()));
    let start = || {
        let mut command = server(&home, &["agent", "shopify"], STORE, ENDLESS_LEASE);
        command.env("TROUVAILLE__AGENT__CONCURRENCY", "1");
        Replica::start(command)
    };
    let (one, two) = (start(), start());
    let urls = shops.each_ref().map(FakeShop::url);
    let id = one.crawl(&urls).await;
    // A process takes one shop at a time, so that both shops under way are both processes at work.
    for shop in &shops {
        shop.wait_for_requests(3).await;
    }
    for shop in &shops {
        assert!(pages_asked(shop).len() < 4, "one was behind the other");
        shop.set_plan(slow());
    }
    let events = two.subscribe(&id).await.collect().await;
    assert_eq!(assert_gap_free(&events), "TASK_STATE_COMPLETED");
    for shop in &shops {
        assert_eq!(pages_asked(shop), [1, 2, 3, 4, 5]);
    }
    let products = home.ok(["export", "products", "--store", STORE]);
    assert_eq!(products.lines().count(), 1 + 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_stop_leaves_its_work_to_another_at_once() {
    let home = Home::new();
    let shop = slow_shop(2_000).await;
    let mut owner = agent(&home, STORE, ENDLESS_LEASE);
    let start = || agent(&home, STORE, ENDLESS_LEASE);
    let (_, other, events) = followed_elsewhere(&owner, &shop, start).await;
    shop.wait_for_requests(5).await;
    assert_eq!(owner.terminate(), Some(0), "{}", owner.said());
    assert_eq!(
        assert_gap_free(&events.collect().await),
        "TASK_STATE_COMPLETED"
    );
    assert!(other.said().contains("taking over"), "{}", other.said());
    let products = home.ok(["export", "products", "--store", STORE]);
    assert_eq!(products.lines().count(), 1 + 2_000);
}

#[test]
fn other_machines_are_not_let_in_without_tokens() {
    let home = Home::new();
    let serve = &["serve", "--mcp", "127.0.0.1:0"][..];
    for command in [&["agent", "shopify"][..], &["agent", "all"], serve] {
        let args = [command, &["--listen", "0.0.0.0:0", "--ops", "none"]].concat();
        let run = home.run(args);
        run.assert_fails(2, &["0.0.0.0", "http.tokens"]);
    }
    let nothing = std::fs::read_dir(home.path()).unwrap().count();
    assert_eq!(nothing, 0, "no store is made");
}

#[test]
fn an_unknown_agent_is_refused_with_those_there_are() {
    let run = Home::new().run(["agent", "shopfy"]);
    run.assert_fails(2, &["no agent \"shopfy\"", "shopify", "all"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_crawl_a_shop_that_is_due_once_between_them() {
    let home = Home::new();
    let shop = slow_shop(520).await;
    home.write("config.toml", format!("shops = [{:?}]\n", shop.url()));
    let serve = || {
        let mut command = server(&home, &["serve", "--mcp", "none"], STORE, ENDLESS_LEASE);
        command.args(["--config", "config.toml"]);
        Replica::start(command)
    };
    let (mut one, mut two) = (serve(), serve());
    let uri = format!("sqlite:{}", home.path().join("agents.db").display());
    let store = store::open(&uri, OpenMode::Existing).await.unwrap();
    until("the shop is crawled", async || {
        let shops = store.shops().await.unwrap();
        shops.iter().any(|it| it.last_complete_at.is_some())
    })
    .await;
    for server in [&mut one, &mut two] {
        assert_eq!(server.terminate(), Some(0), "{}", server.said());
    }
    assert_eq!(pages_asked(&shop), [1, 2, 3]);
    let said = one.said() + &two.said();
    assert_eq!(said.matches("1 shop due: crawling").count(), 1, "{said}");
}
