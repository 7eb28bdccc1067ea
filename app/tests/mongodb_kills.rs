//! Crawls into a MongoDB server, with the crawler or the server killed at random moments, against undisturbed ones.
//!
//! The moments come from a seed, which every failure tells; `scripts/soak` runs many rounds.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use store::OpenMode;
use testkit::{Collection, FakeShop, Fault, FaultPlan};

use crate::kills::{MOST_KILLS, Random, Running, World, crawl_at, seeds};
use crate::large::small;
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
                    end_transactions(&uri);
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

/// Kills fall into the collections, the feed, the sitemap and the products that it names.
#[tokio::test(flavor = "multi_thread")]
async fn crawls_around_a_closed_list_that_are_killed_end_as_undisturbed_ones() {
    let plan = FaultPlan::none()
        .closed_list(Fault::status(404))
        .latency(Duration::from_millis(5));
    // Half of the products are in no collection.
    let half = Collection::new("half", (0..150).step_by(2));
    let catalogue = small(150).with_collections(vec![half]);
    let shop = FakeShop::start(catalogue, plan).await.unwrap();
    let urls = [shop.url()];
    let home = Home::new();
    let undisturbed = crawl_at(1, &home, &urls, UNDISTURBED).output().unwrap();
    assert!(undisturbed.status.success(), "{undisturbed:?}");
    let n_usual = shop.n_requests() as u64;
    let (mut n_rounds, mut n_kills) = (0, 0);
    for seed in seeds() {
        let server = Server::start();
        let uri = server.uri("killed");
        let store = store::open(&uri, OpenMode::Create).await.unwrap();
        let mut random = Random(seed);
        let mut n_kills_of_pass = 0;
        while !(store.crawls(None, 1).await.unwrap().iter()).any(|it| it.outcome.is_some()) {
            let n_before = shop.n_requests();
            let mut run = Running::start(crawl_at(1, &home, &urls, &uri));
            if n_kills_of_pass < MOST_KILLS {
                let n_requests = n_before + random.below(n_usual / 2) as usize;
                tokio::select! {
                    () = shop.wait_for_requests(n_requests) => {}
                    () = run.end() => {}
                }
                n_kills_of_pass += usize::from(run.kill().await);
                end_transactions(&uri);
            }
            run.assert_killed_or_well(seed).await;
        }
        n_kills += n_kills_of_pass;
        println!("seed {seed}");
        assert_same(&all_exports(&home, &uri), &all_exports(&home, UNDISTURBED));
        n_rounds += 1;
    }
    assert!(n_kills > 0, "nobody was killed");
    println!("soak: routes into MongoDB: {n_rounds} rounds, {n_kills} kills of the crawler");
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

/// Ends the transactions that a killed client left open. A server does so by itself, after a minute in which whoever wants
/// to change the same documents waits.
fn end_transactions(uri: &str) {
    const COMMAND: &[u8] =
        b"\x2a\0\0\0\x04killAllSessions\0\x05\0\0\0\0\x02$db\0\x06\0\0\0admin\0\0";
    let address = uri.trim_start_matches("mongodb://").split('/').next();
    let mut server = TcpStream::connect(address.unwrap()).unwrap();
    // The protocol's OP_MSG: length, numbers, no flags; then one section, which is a document.
    let n_bytes = i32::try_from(5 * 4 + 1 + COMMAND.len()).unwrap();
    let header = [n_bytes, 1, 0, 2013, 0].map(i32::to_le_bytes).concat();
    server
        .write_all(&[&header, &b"\0"[..], COMMAND].concat())
        .unwrap();
    let mut n_bytes = [0; 4];
    server.read_exact(&mut n_bytes).unwrap();
    let mut answer = vec![0; i32::from_le_bytes(n_bytes) as usize - n_bytes.len()];
    server.read_exact(&mut answer).unwrap();
    let ok = [&b"\x01ok\0"[..], &1_f64.to_le_bytes()].concat();
    assert!(answer.windows(ok.len()).any(|it| it == ok), "{answer:?}");
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
