//! Recrawls that read little, killed at random moments, against undisturbed ones: pages that are as they were, and products
//! that the sitemap says did not change.

use std::time::Duration;

use catalog::ProductId;
use crawler::shop_at;
use serde_json::json;
use store::OpenMode;
use testkit::{Catalogue, Collection, FakeShop, FaultPlan};

use crate::kills::{
    MOST_KILLS, Random, Running, World, copy_store, crawl_at, kill_until_done, seeds, up_to,
};
use crate::large::small;
use crate::program::Home;
use crate::stored::{Stored, ids_of};

const STORE: &str = "sqlite:shop.db";

/// Of the second pass nearly all pages are as they were, of the third one all.
#[tokio::test(flavor = "multi_thread")]
async fn recrawls_by_version_that_are_killed_end_as_undisturbed_ones() {
    let mut n_kills = 0;
    for seed in seeds() {
        let world = World::start_with(FaultPlan::none().validators()).await;
        let (killed, undisturbed) = (Home::new(), Home::new());
        let mut random = Random(seed);
        for pass in 1..=3 {
            if pass == 2 {
                world.change_one();
            }
            crawl_whole(pass, &undisturbed, &world.urls(), STORE);
            if pass == 1 {
                crawl_whole(pass, &killed, &world.urls(), STORE);
            } else {
                n_kills += kill_until_done(&world, &killed, pass, &mut random, seed).await;
            }
        }
        assert!(world.n_asked_by_version() > 2 * 2 * 10, "seed {seed}");
        let ids = world.ids();
        let undisturbed = Stored::of(&undisturbed, "shop.db", &ids).await;
        let killed = Stored::of(&killed, "shop.db", &ids).await;
        let undisturbed = undisturbed.without_bytes();
        killed.without_bytes().assert_same(&undisturbed, seed);
    }
    assert!(n_kills > 0, "nobody was killed");
    println!("soak: recrawls by version: {n_kills} kills");
}

/// Kills fall into the list, into what is marked as there without being read, and into what changed behind it.
#[tokio::test(flavor = "multi_thread")]
async fn recrawls_behind_the_wall_that_are_killed_end_as_undisturbed_ones() {
    const FEW: usize = 60;
    let catalogue = small(25_400).with_collections(vec![Collection::new("few", 0..9)]);
    let plan = FaultPlan::none();
    let shop = FakeShop::start(catalogue.clone(), plan).await.unwrap();
    let urls = [shop.url()];
    // The exports have all of them; whole, those that may differ.
    let mut ids: Vec<ProductId> = ids_of(&catalogue, &shop_at(&urls[0]).unwrap().key);
    let ids = ids.split_off(25_000);
    let home = Home::new();
    crawl_whole(1, &home, &urls, "sqlite:first.db");
    shop.set_catalogue(changed(&catalogue, FEW));
    copy_store(&home, "first.db", "undisturbed.db");
    let n_before = shop.n_requests();
    crawl_whole(2, &home, &urls, "sqlite:undisturbed.db");
    let n_usual = shop.n_requests() - n_before;
    assert!(n_usual < 101 + 2 * FEW, "{n_usual}: all others were marked");
    let expected = Stored::of(&home, "undisturbed.db", &ids).await;
    let mut n_kills = 0;
    for seed in up_to(1) {
        let mut random = Random(seed);
        let db = format!("killed-{seed}.db");
        copy_store(&home, "first.db", &db);
        let store = format!("sqlite:{db}");
        let mut n_kills_of_pass = 0;
        while !has_ended(&home, &db, 2).await {
            let n_before = shop.n_requests();
            let mut run = Running::start(crawl_at(2, &home, &urls, &store));
            if n_kills_of_pass < MOST_KILLS {
                let n_requests = n_before + random.below(FEW as u64) as usize;
                let a_little = Duration::from_micros(random.below(80_000));
                tokio::select! {
                    () = shop.wait_for_requests(n_requests) => run.end_within(a_little).await,
                    () = run.end() => {}
                }
                n_kills_of_pass += usize::from(run.kill().await);
            }
            run.assert_killed_or_well(seed).await;
        }
        n_kills += n_kills_of_pass;
        let killed = Stored::of(&home, &db, &ids).await;
        killed.assert_same(&expected, seed);
    }
    assert!(n_kills > 0, "nobody was killed");
    println!("soak: recrawls behind the wall: {n_kills} kills");
}

/// Returns a shop in which one product of the list and `n_changed` of those behind it are dearer.
fn changed(catalogue: &Catalogue, n_changed: usize) -> Catalogue {
    let mut changed = catalogue.clone();
    let behind = 25_100..25_100 + n_changed;
    for index in [300].into_iter().chain(behind) {
        changed.edit(index, |product| {
            product["variants"][0]["price"] = json!("12.00");
            product["updated_at"] = json!("2026-01-29T20:00:00Z");
        });
    }
    changed
}

fn crawl_whole(pass: u64, home: &Home, urls: &[String], store: &str) {
    let run = crawl_at(pass, home, urls, store).output().unwrap();
    assert!(run.status.success(), "{run:?}");
}

/// Returns whether pass `n` of the only shop in `db` has ended.
async fn has_ended(home: &Home, db: &str, n: u64) -> bool {
    // A look at the store itself would repair what the next run has to find as the kill left it.
    copy_store(home, db, "look.db");
    let uri = format!("sqlite:{}", home.path().join("look.db").display());
    let store = store::open(&uri, OpenMode::Existing).await.unwrap();
    let newest = store.crawls(None, 1).await.unwrap().remove(0);
    newest.key.n == n && newest.outcome.is_some()
}
