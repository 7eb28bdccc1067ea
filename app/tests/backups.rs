//! Backup, wipe, restore: what docs/operations.md tells operators to do, done by the program itself.

mod mongodb_server;

use std::path::Path;

use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};

use crate::migrate::migrated;
use crate::past::{LISTS, MORNINGS, PastShop, assert_same_lists, lists, run_at};
use crate::program::{Home, Run};

const STORE: &str = "sqlite:shop.db";
const BACKUP: &str = "sqlite:backup.db";

/// Checks that a store which `wipe` leaves nothing of comes back from its backup, where `wipe` says, and goes on.
async fn wiped_and_restored(home: &Home, store: &str, wipe: impl FnOnce() -> String) {
    let past = PastShop::crawled(home, store).await;
    let summaries = summarized(home, store);
    let before = lists(home, store);
    migrated(home, store, BACKUP);
    let restored = wipe();
    let nothing = home.run(["export", "products", "--store", &restored]);
    nothing.assert_fails(1, &["there is no store yet"]);
    migrated(home, BACKUP, &restored);
    for ((before, after), list) in before.iter().zip(lists(home, &restored)).zip(LISTS) {
        assert!(before.lines().count() > 1, "{list:?} is empty");
        assert_eq!(before, &after, "{list:?}");
    }
    assert_eq!(summarized(home, &restored), summaries);
    for store in [&restored, BACKUP] {
        past.crawl(home, store, "2026-11-04T08:00:00Z");
    }
    assert_same_lists(home, &restored, BACKUP);
}

/// Returns what is said of the products of the ranking.
fn summarized(home: &Home, store: &str) -> String {
    let args = [
        "summarize",
        "--extractive",
        "--store",
        store,
        "--out",
        "said.jsonl",
    ];
    let run = run_at(MORNINGS[3], home, args);
    assert_eq!(run.code, Some(0), "{run:#?}");
    home.read("said.jsonl")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_file_comes_back_from_its_backup_with_every_list_as_it_was() {
    let home = Home::new();
    let wipe = || {
        remove(home.path(), "shop.db");
        STORE.to_owned()
    };
    wiped_and_restored(&home, STORE, wipe).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_alone_is_a_backup_while_no_process_has_it_open() {
    let home = Home::new();
    let _past = PastShop::crawled(&home, STORE).await;
    let before = lists(&home, STORE);
    std::fs::copy(home.path().join("shop.db"), home.path().join("backup.db")).unwrap();
    remove(home.path(), "shop.db");
    std::fs::copy(home.path().join("backup.db"), home.path().join("shop.db")).unwrap();
    assert_eq!(lists(&home, STORE), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_from_the_middle_of_a_crawl_goes_on_to_the_same_end() {
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, 900, 7);
    let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let undisturbed = "sqlite:undisturbed.db";
    assert_eq!(crawl(&home, &shop, undisturbed).code, Some(0));

    shop.set_plan(FaultPlan::none().fault(On::page(3), Fault::status(503)));
    let stopped = crawl(&home, &shop, STORE);
    assert_eq!(stopped.code, Some(3), "{stopped:#?}");
    migrated(&home, STORE, BACKUP);
    remove(home.path(), "shop.db");
    migrated(&home, BACKUP, STORE);

    shop.set_plan(FaultPlan::none());
    let n_before = shop.requests().len();
    let run = crawl(&home, &shop, STORE);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let asked = shop.requests().split_off(n_before);
    let pages = asked
        .iter()
        .filter_map(|it| it.path.strip_prefix("/products.json?limit=250&page="));
    assert_eq!(pages.collect::<Vec<_>>(), ["3", "4"]);
    for list in ["products", "history", "changes"] {
        let of = |store| home.ok(["export", list, "--store", store]);
        assert_eq!(of(STORE), of(undisturbed), "{list}");
    }
}

fn crawl(home: &Home, shop: &FakeShop, store: &str) -> Run {
    let mut command = home.command(["crawl", &shop.url(), "--store", store]);
    command
        .env("TROUVAILLE__CRAWL__BACKOFF_SECONDS", "0.001")
        .args(["--allow-private", "127.0.0.0/8", "--rps", "unlimited"]);
    command.output().unwrap().into()
}

/// Removes a file and what SQLite keeps beside it.
fn remove(folder: &Path, name: &str) {
    for beside in ["", "-wal", "-shm"] {
        let path = folder.join(format!("{name}{beside}"));
        assert!(
            std::fs::remove_file(&path).is_ok() || !beside.is_empty(),
            "{}",
            path.display()
        );
    }
}
