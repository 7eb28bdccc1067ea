//! The same on a MongoDB server.

use super::{chaos, roll};
use crate::mongodb::database;

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_loses_nothing_and_assistants_notice_nothing() {
    // The test server takes its time.
    roll(&database(), 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_the_crawls_end_as_undisturbed_ones() {
    chaos::run(&database(), "MongoDB").await;
}
