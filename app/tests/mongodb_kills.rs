//! Crawls into a MongoDB server, with the crawler or the server killed at random moments, against undisturbed ones.
//!
//! The moments come from a seed, which every failure tells; `scripts/soak` runs many rounds.

use std::time::Duration;

use store::OpenMode;

use crate::kills::{MOST_KILLS, Random, Running, World, crawl_at, seeds};
use crate::mongodb::{all_exports, assert_same};
use crate::program::Home;
use crate::server::Server;

/// Kills of the server in one pass.
const SERVER_KILLS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn crawls_killed_at_random_moments_end_as_undisturbed_ones() {
    let (mut n_rounds, mut n_kills) = (0, 0);
    for seed in seeds() {
        let server = Server::start();
        let uri = server.uri("killed");
        let store = store::open(&uri, OpenMode::Create).await.unwrap();
        let world = World::start().await;
        let (home, mut random) = (Home::new(), Random(seed));
        for pass in 1..=2 {
            begin(pass, &world, &home);
            let mut n_kills_of_pass = 0;
            while !world.left_in(store.as_ref(), pass).await.is_empty() {
                let mut run = Running::start(crawl_at(pass, &home, &world.urls(), &uri));
                if n_kills_of_pass < MOST_KILLS {
                    world.random_moment(&mut random, &mut run).await;
                    n_kills_of_pass += usize::from(run.kill().await);
                }
                run.assert_killed_or_well(seed).await;
            }
            n_kills += n_kills_of_pass;
        }
        println!("seed {seed}");
        assert_same(&all_exports(&home, &uri), &all_exports(&home, UNDISTURBED));
        n_rounds += 1;
    }
    assert!(n_kills > 0, "nobody was killed");
    println!("soak: crawls into MongoDB: {n_rounds} rounds, {n_kills} kills of the crawler");
}

#[tokio::test(flavor = "multi_thread")]
async fn crawls_go_on_when_a_killed_server_is_back() {
    let (mut n_rounds, mut n_kills) = (0, 0);
    for seed in seeds() {
        let mut server = Server::start();
        let uri = server.uri("killed");
        drop(store::open(&uri, OpenMode::Create).await.unwrap());
        let world = World::start().await;
        let (home, mut random) = (Home::new(), Random(seed));
        for pass in 1..=2 {
            begin(pass, &world, &home);
            let mut run = Running::start(crawl_at(pass, &home, &world.urls(), &uri));
            for _ in 0..SERVER_KILLS {
                world.random_moment(&mut random, &mut run).await;
                server.kill();
                run.end_within(Duration::from_millis(random.below(300)))
                    .await;
                server.start_again(&[]);
                n_kills += 1;
            }
            run.assert_killed_or_well(seed).await;
        }
        println!("seed {seed}");
        assert_same(&all_exports(&home, &uri), &all_exports(&home, UNDISTURBED));
        n_rounds += 1;
    }
    println!("soak: crawls into MongoDB: {n_rounds} rounds, {n_kills} kills of the server");
}

const UNDISTURBED: &str = "sqlite:undisturbed.db";

/// Changes the shops for a pass, and makes the undisturbed one.
fn begin(pass: u64, world: &World, home: &Home) {
    if pass == 2 {
        world.change();
    }
    let run = crawl_at(pass, home, &world.urls(), UNDISTURBED)
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
}
