//! A MongoDB server that goes away in the middle of an agent's crawl, and comes back.

use super::replica::assert_gap_free;
use super::{SHORT_LEASE, agent, pages_asked, slow_shop, until};
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
