//! The same on a MongoDB server.

use super::takeovers::{Tally, take_over};
use crate::kills::seeds;
use crate::mongodb::database;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agents_crawl_is_ended_by_another_on_the_same_server() {
    let mut tally = Tally::default();
    for seed in seeds() {
        take_over(&database(), seed, &mut tally).await;
    }
    tally.print("MongoDB");
}
