//! `migrate`: the copy gives the same lists, goes on where it was cut off, and never overwrites newer data.

use std::io::{BufRead, BufReader};
use std::process::Command;

use catalog::RecordKind;
use serde_json::Value;
use store::OpenMode;
use testkit::{Catalogue, NORTH_LOFT};

use crate::past::{PastShop, assert_same_lists, lists};
use crate::program::{Home, Run};

const FROM: &str = "sqlite:from.db";
const TO: &str = "sqlite:to.db";
const BACK: &str = "sqlite:back.db";

fn migrate(home: &Home, from: &str, to: &str) -> Run {
    home.run(["migrate", "--from", from, "--to", to])
}

/// Migrates, checks that both sides are equal, and returns the numbers of records per kind: stored, and written now.
pub(crate) fn migrated(home: &Home, from: &str, to: &str) -> Vec<(u64, u64)> {
    let json = home.ok(["migrate", "--from", from, "--to", to, "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["first_difference"], Value::Null);
    let kinds = json["kinds"].as_array().unwrap();
    assert_eq!(kinds.len(), RecordKind::ALL.len());
    let number = |kind: &Value, name: &str| kind[name].as_u64().unwrap();
    kinds
        .iter()
        .map(|kind| {
            assert_eq!(kind["equal"], true, "{json}");
            assert_eq!(kind["source"], kind["target"], "{json}");
            assert_eq!(kind["source_digest"], kind["target_digest"], "{json}");
            (number(kind, "source"), number(kind, "written"))
        })
        .collect()
}

/// Checks that a shop's past goes from one store to another and back to a third, with every list as it was.
pub(crate) async fn there_and_back(home: &Home, from: &str, to: &str, back: &str) {
    let past = PastShop::crawled(home, from).await;
    // One shop, five products, four passes, one ranking, and no summary. A robots.txt may be forgotten by now.
    let all = [(1, 1), (5, 5), (4, 4), (1, 1), (0, 0)];
    assert_eq!(migrated(home, from, to)[..5], all);
    assert_same_lists(home, from, to);
    assert_eq!(migrated(home, to, back)[..5], all);
    assert_same_lists(home, from, back);
    let again = all.map(|(n, _)| (n, 0));
    assert_eq!(
        migrated(home, from, to)[..5],
        again,
        "nothing is written twice"
    );
    // The copy goes on as the original would have.
    for store in [from, to] {
        past.crawl(home, store, "2026-11-04T08:00:00Z");
    }
    assert_same_lists(home, from, to);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_goes_to_another_and_back_with_every_list_as_it_was() {
    there_and_back(&Home::new(), FROM, TO, BACK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shops_of_the_target_alone_stay_and_do_not_count() {
    let home = Home::new();
    let _one = PastShop::crawled(&home, FROM).await;
    let other = PastShop::crawled(&home, TO).await;
    let only = ["export", "history", "--store", TO, "--shop", &other.key()];
    let before = home.ok(only);
    let run = migrate(&home, FROM, TO);
    run.assert_fails(0, &["stored in "]);
    assert_eq!(home.ok(only), before);
    let rows: Vec<Vec<&str>> = run
        .stdout
        .lines()
        .map(|it| it.split_whitespace().collect())
        .collect();
    assert!(
        rows.contains(&vec!["products", "5", "5", "5", "equal"]),
        "{run:#?}"
    );
    assert!(
        rows.contains(&vec!["crawls", "4", "4", "4", "equal"]),
        "{run:#?}"
    );
    assert!(
        rows.contains(&vec!["robots.txt", "files", "1", "1", "1", "equal"]),
        "{run:#?}"
    );
    assert_eq!(
        home.ok(["export", "crawls", "--store", TO]).lines().count(),
        9
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_state_of_the_source_brings_the_copy_up_to_date() {
    let home = Home::new();
    let past = PastShop::crawled(&home, FROM).await;
    migrated(&home, FROM, TO);
    past.shop.set_catalogue(crate::past::catalogue(1));
    past.crawl(&home, FROM, "2026-11-05T08:00:00Z");
    let written: Vec<u64> = migrated(&home, FROM, TO)
        .into_iter()
        .map(|it| it.1)
        .collect();
    // The mug and the sum are as they were.
    assert_eq!(written[1], 3, "{written:?}");
    assert_same_lists(&home, FROM, TO);
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_crawls_in_the_target_are_never_overwritten() {
    let home = Home::new();
    let past = PastShop::crawled(&home, FROM).await;
    migrated(&home, FROM, TO);
    past.crawl(&home, TO, "2026-11-04T08:00:00Z");
    let before = lists(&home, TO);
    let name = past.shop.addr().to_string();
    let words = [
        name.as_str(),
        "crawl 5",
        "`trouvaille shops forget`",
        "nothing was written",
    ];
    migrate(&home, FROM, TO).assert_fails(1, &words);
    // Here the number is the same, and the pass another.
    past.crawl(&home, FROM, "2026-11-04T09:00:00Z");
    migrate(&home, FROM, TO).assert_fails(1, &words);
    // It stays another one, however many the source has.
    past.crawl(&home, FROM, "2026-11-04T10:00:00Z");
    migrate(&home, FROM, TO).assert_fails(1, &words);
    assert_eq!(lists(&home, TO), before);
    home.ok(["shops", "forget", &name, "--store", TO]);
    migrated(&home, FROM, TO);
    assert_same_lists(&home, FROM, TO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_is_being_crawled_in_the_target_is_left_alone() {
    let home = Home::new();
    let past = PastShop::crawled(&home, FROM).await;
    migrated(&home, FROM, TO);
    let uri = format!("sqlite:{}", home.path().join("to.db").display());
    let store = store::open(&uri, OpenMode::Existing).await.unwrap();
    let key = past.key().parse().unwrap();
    let lease = store.lease_shop(&key, "somebody", 600_000, None).await;
    assert!(matches!(lease, Ok(catalog::LeaseAnswer::Granted(_))));
    let words = ["being crawled there now by somebody", "nothing was written"];
    migrate(&home, FROM, TO).assert_fails(1, &words);
    let other_way = migrate(&home, TO, BACK);
    other_way.assert_fails(0, &["is being crawled now by somebody"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_not_migrated_to_itself() {
    let home = Home::new();
    let _past = PastShop::crawled(&home, FROM).await;
    std::os::unix::fs::symlink(home.path().join("from.db"), home.path().join("link.db")).unwrap();
    for to in [FROM, "sqlite:./from.db", "sqlite:link.db"] {
        migrate(&home, FROM, to).assert_fails(2, &["are the same store", "from.db"]);
    }
}

#[test]
fn migrate_asks_for_two_stores_of_which_one_is_there() {
    let home = Home::new();
    home.run(["migrate", "--from", FROM])
        .assert_fails(2, &["--to <URI>"]);
    home.run(["migrate", "--from", "", "--to", TO])
        .assert_fails(2, &["--from <URI>"]);
    home.run(["migrate", "--from", FROM, "--to", TO, "--store", BACK])
        .assert_fails(2, &["--from and --to, and no --store"]);
    migrate(&home, "postgres://me:pa55@host/db", TO).assert_fails(2, &["host/db"]);
    let missing = migrate(&home, FROM, TO);
    missing.assert_fails(1, &["from.db"]);
    assert!(!home.path().join("to.db").exists());
    let help = home.ok(["migrate", "--help"]);
    assert!(help.contains("Examples:\n  trouvaille migrate "), "{help}");
}

fn import(home: &Home, n_products: usize) {
    let catalogue = Catalogue::generate(&NORTH_LOFT, n_products, 5);
    home.write("loft.json", catalogue.to_json());
    home.ok(["import", "loft.json", "--store", FROM]);
    home.ok(["rank", "--out", "-", "--store", FROM]);
}

#[test]
fn an_interrupted_migration_says_so_and_goes_on_when_called_again() {
    let home = Home::new();
    // So many that copying and verifying them takes much longer than the signal does.
    import(&home, 2_000);
    let mut child = home
        .command(["migrate", "--from", FROM, "--to", TO, "--verbose"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let shops_done = lines.find(|line| line.as_ref().unwrap().contains("shops: 1 read, 1 written"));
    assert!(shops_done.is_some());
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    let said: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{said:#?}");
    let note = said.iter().find(|line| line.contains("interrupted: "));
    assert!(
        note.unwrap().ends_with("; call it again to go on"),
        "{said:#?}"
    );
    migrated(&home, FROM, TO);
    for list in ["products", "history", "crawls", "top-k"] {
        let of = |store| home.ok(["export", list, "--store", store]);
        assert_eq!(of(FROM), of(TO), "{list}");
    }
}

#[tokio::test]
async fn what_a_migration_that_was_cut_off_had_written_is_not_written_again() {
    let home = Home::new();
    import(&home, 500);
    let open = async |name: &str, mode| {
        let uri = format!("sqlite:{}", home.path().join(name).display());
        store::open(&uri, mode).await.unwrap()
    };
    let from = open("from.db", OpenMode::Existing).await;
    let to = open("to.db", OpenMode::Create).await;
    for (kind, n) in [(RecordKind::Shop, 1), (RecordKind::Product, 170)] {
        let records = from.records(kind, None, n).await.unwrap();
        to.put_records(records).await.unwrap();
    }
    drop((from, to));
    let expected = [(1, 0), (500, 330), (1, 1), (1, 1), (0, 0), (0, 0)];
    assert_eq!(migrated(&home, FROM, TO), expected);
}
