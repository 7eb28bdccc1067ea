//! A MongoDB server that goes away in the middle of an agent's crawl, and comes back.

use std::time::Duration;

use tokio::time::Instant;

use super::replica::{Replica, assert_gap_free};
use super::{SHORT_LEASE, agent, pages_asked, slow_shop, until, watched};
use crate::kills::number;
use crate::operators::get;
use crate::program::Home;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_goes_on_when_a_killed_server_is_back() {
    let mut server = Server::start();
    let uri = server.uri("agents");
    let home = Home::new();
    let shop = slow_shop(2_510).await;
    let agent = agent(&home, &uri, SHORT_LEASE);
    let id = agent.crawl(&[shop.url()]).await;
    shop.wait_for_requests(5).await;
    server.kill();
    server.start_again(&[]);
    until("the task ends", async || {
        agent.task(&id).await["status"]["state"] == "TASK_STATE_COMPLETED"
    })
    .await;
    let products = home.ok(["export", "products", "--store", &uri]);
    assert_eq!(products.lines().count(), 1 + 2_510);
    let asked = pages_asked(&shop);
    assert!(asked.is_sorted() && asked.len() <= 12, "{asked:?}");
    // What was told meanwhile is there to be read, each number once.
    let again = agent.crawl(&[shop.url()]).await;
    let events = agent.subscribe(&again).await.collect().await;
    assert_eq!(assert_gap_free(&events), "TASK_STATE_COMPLETED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_server_is_away_is_unready_and_its_crawl_goes_on_when_it_is_back() {
    let mut server = Server::start();
    let uri = server.uri("agents");
    let home = Home::new();
    let shop = slow_shop(1_510).await;
    let mut command = watched(&home, &["agent", "shopify"], &uri, SHORT_LEASE);
    command.args(["--ops", "127.0.0.1:0"]);
    let agent = Replica::start(command);
    let operators = agent.operators();
    let is = |status, path| get(operators, path).0 == status;
    until("it is ready", async || is(200, "/readyz")).await;
    let id = agent.crawl(&[shop.url()]).await;
    shop.wait_for_requests(4).await;
    server.kill();
    let killed_at = Instant::now();
    until("it is unready", async || is(503, "/readyz")).await;
    assert!(is(200, "/healthz"), "{}", agent.said());
    stay_away(killed_at).await;
    server.start_again(&[]);
    let back_at = Instant::now();
    until("it is ready again", async || is(200, "/readyz")).await;
    let ready = back_at.elapsed();
    until("the task ends", async || {
        agent.task(&id).await["status"]["state"] == "TASK_STATE_COMPLETED"
    })
    .await;
    let products = home.ok(["export", "products", "--store", &uri]);
    assert_eq!(products.lines().count(), 1 + 1_510);
    let asked = pages_asked(&shop);
    assert!(asked.is_sorted() && asked.len() <= 8, "{asked:?}");
    println!(
        "soak: MongoDB away: unready meanwhile, ready {} ms and done {} ms behind its return, {} pages fetched again",
        ready.as_millis(),
        back_at.elapsed().as_millis(),
        asked.len() - 7,
    );
}

/// Stays away for so long in all where `scripts/soak away` asks for it.
async fn stay_away(since: Instant) {
    if let Some(seconds) = number("TROUVAILLE_SOAK_AWAY_SECONDS") {
        tokio::time::sleep_until(since + Duration::from_secs(seconds)).await;
    }
}
