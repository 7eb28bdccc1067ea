//! Processes replaced while work goes on: one after the other, as a Deployment does it, and killed at random.
//!
//! Nothing is lost or doubled, little is asked for twice, and who calls other processes notices nothing.

mod assistants;
mod chaos;
mod mongodb;
mod shops;

use std::mem::replace;
use std::process::Command;
use std::time::Duration;

use self::assistants::Assistants;
use self::shops::{Shops, assert_same};
use crate::agents::replica::Replica;
use crate::agents::{ENDLESS_LEASE, server, until};
use crate::kills::crawl;
use crate::program::{Home, NOW};

const UNDISTURBED: &str = "sqlite:undisturbed.db";

const N_REPLICAS: usize = 3;

/// Six pages.
const N_PRODUCTS: usize = 1_260;

/// What the pages behind the first take: together longer than all replicas take to be replaced, and each less long than a
/// replica that ends waits for it.
const HELD: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_loses_nothing_and_assistants_notice_nothing() {
    roll("sqlite:shops.db", 20).await;
}

/// Does so with fewer shops than replicas have room for, so that what one leaves may go to another that is replaced next.
async fn roll(store: &str, n_shops: usize) {
    let home = Home::new();
    let shops = Shops::start(&vec![N_PRODUCTS; n_shops]).await;
    shops.hold(HELD);
    let mut agents: Vec<Replica> = (0..N_REPLICAS).map(|_| replica(&home, store)).collect();
    let id = agents[0].crawl(&shops.urls()).await;
    // robots.txt, /meta.json, a page that is stored, and one that is not answered yet.
    shops.wait_for_requests(4).await;
    let mut assistants = Assistants::start(&home, store).await;
    for agent in &mut agents {
        let new = replica(&home, store);
        let mut old = replace(agent, new);
        assert_eq!(old.terminate(), Some(0), "{}", old.said());
        until("its shops are taken over", async || {
            agent.said().contains("taking over item")
        })
        .await;
    }
    let state = agents[0].task(&id).await["status"]["state"].clone();
    assert_eq!(state, "TASK_STATE_WORKING", "it was not in the middle");
    assistants.replace_all().await;
    shops.go_on();
    until("the task ends", async || {
        agents[0].task(&id).await["status"]["state"] == "TASK_STATE_COMPLETED"
    })
    .await;
    let calls = assistants.end().await;
    assert!(calls.failures.is_empty(), "{calls:?}");
    let n_again = shops.n_pages_again(1);
    home.ok(crawl(&shops.urls(), UNDISTURBED));
    assert_same(&home, store);
    println!(
        "soak: rolling restart: {n_shops} shops, {n_again} pages fetched again, {} calls of assistants, 0 failed",
        calls.n_answered
    );
}

fn replica(home: &Home, store: &str) -> Replica {
    let command = server(home, &["agent", "shopify"], store, ENDLESS_LEASE);
    Replica::start(at(NOW, command))
}

/// Has a command record this time, so that what is exported can be compared byte by byte.
fn at(now: &str, mut command: Command) -> Command {
    command.args(["--now", now]);
    command
}
