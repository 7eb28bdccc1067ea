//! What a long life brings: a disk that fills up, and a clock that jumps back.

use std::fs;
use std::path::Path;
use std::process::Command;

use catalog::UnixMs;
use serde_json::json;
use store::OpenMode;
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};

use crate::program::{Home, PROGRAM, Run};
use crate::stored::{exports, product_id};

const LATER: &str = "2026-03-01T12:00:00Z";
const AN_HOUR_EARLIER: &str = "2026-03-01T11:00:00Z";
const EARLIER: &str = "2026-01-31T12:00:00Z";

const STORE: &str = "sqlite:disk/shop.db";

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_that_may_write_no_more_says_so_and_goes_on_later() {
    let (shop, home, undisturbed, size) = shop_and_home().await;
    // No file may grow beyond so many blocks of 512 bytes: too few for the schema, for a page, for all pages.
    // The log takes every page of the file at least once.
    for (n_blocks, doing) in [
        (64, "cannot set up the schema"),
        (size / 512 / 3, "cannot store a page"),
        (size / 512 * 3 / 4, "cannot store a page"),
    ] {
        let limited = format!("trap '' XFSZ; ulimit -f {n_blocks}; exec \"$0\" \"$@\"");
        let url = shop.url();
        let args = [&["-c", &limited, PROGRAM][..], &crawl(&url)].concat();
        let output = home.command_of(Path::new("sh"), args).output();
        let run = Run::from(output.unwrap());
        assert_eq!(run.code, Some(1), "{run:#?}");
        let told = format!("{}{}", run.stdout, run.stderr);
        let db = home.path().join("disk/shop.db");
        let message = format!(
            "{doing} in the store {}: the file system failed",
            db.display()
        );
        assert_eq!(told.matches(&message).count(), 1, "{run:#?}");
        assert!(!told.contains("panicked"), "{run:#?}");
        assert_eq!(n_stored(&home) % 250, 0, "pages are stored whole");
    }
    assert!(n_stored(&home) > 0);
    home.ok(crawl(&shop.url()));
    assert!(exports(&home, STORE) == undisturbed);
}

/// Where the machine lets this process mount something, the disk is really full.
#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_onto_a_full_disk_says_so_and_goes_on_when_there_is_room() {
    const CRAWLS: &str = r#"
        "$0" "$@" >full.txt; echo "exit code $?" >>full.txt
        "$0" export products --store sqlite:disk/shop.db >kept.csv || exit
        mount -o remount,size=64m disk && "$0" "$@" && cp disk/shop.db roomy.db || exit
        dd if=/dev/zero of=disk/rest bs=1k 2>dd.txt
        "$0" check --store sqlite:disk/shop.db >tight.txt 2>&1; echo "exit code $?" >>tight.txt
        rm disk/rest && "$0" check --store sqlite:disk/shop.db"#;
    let in_namespace = ["--map-root-user", "--mount", "sh", "-c"];
    let (shop, home, undisturbed, size) = shop_and_home().await;
    let mount = format!("mount -t tmpfs -o size={} none disk", size / 5 * 4);
    let may_mount = Command::new("unshare")
        .args(in_namespace)
        .arg(&mount)
        .current_dir(home.path())
        .output();
    if !may_mount.is_ok_and(|output| output.status.success()) {
        println!("no rights to mount here: the limit of a file's size stands for the full disk");
        return;
    }
    let script = format!("{mount} && {CRAWLS}");
    let url = shop.url();
    let args = [&in_namespace[..], &[&script, PROGRAM], &crawl(&url)].concat();
    let output = home.command_of(Path::new("unshare"), args).output();
    let run = Run::from(output.unwrap());
    assert_eq!(run.code, Some(0), "{run:#?}");
    let full = home.read("full.txt");
    let db = home.path().join("disk/shop.db");
    let message = format!("in the store {}: the disk is full\n", db.display());
    assert_eq!(full.matches(&message).count(), 1, "{full}");
    assert!(full.ends_with("exit code 1\n"), "{full}");
    // Reading needs a file beside the store, for which there is no room where others filled the disk.
    let tight = home.read("tight.txt");
    assert!(tight.contains("(is the disk full, or a limit"), "{tight}");
    assert!(tight.ends_with("exit code 1\n"), "{tight}");
    let n_kept = home.read("kept.csv").lines().count() - 1;
    assert!(n_kept > 0 && n_kept.is_multiple_of(250), "{n_kept}");
    assert!(exports(&home, "sqlite:roomy.db") == undisturbed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_back_loses_nothing() {
    let mut catalogue = Catalogue::generate(&NORTH_LOFT, 300, 7);
    let shop = FakeShop::start(catalogue.clone(), FaultPlan::none())
        .await
        .unwrap();
    let home = Home::new();
    let url = shop.url();
    assert_well(&run_at(LATER, &home, &crawl(&url)));
    let changed = catalogue.product(0).unwrap()["id"].as_u64().unwrap();
    catalogue.edit(0, |product| {
        product["variants"][0]["price"] = json!("77.70");
    });
    catalogue.remove(299);
    shop.set_catalogue(catalogue);
    assert_well(&run_at(EARLIER, &home, &crawl(&url)));
    let check = run_at(EARLIER, &home, &["check", "--store", STORE]);
    assert_well(&check);
    assert!(check.stdout.contains("all is well"), "{check:#?}");
    assert!(!check.stdout.contains(" ago"), "{check:#?}");
    let ranked = ["rank", "--store", STORE, "--out", "-"];
    assert_well(&run_at(EARLIER, &home, &ranked));

    let uri = format!("sqlite:{}", home.path().join("disk/shop.db").display());
    let store = store::open(&uri, OpenMode::Existing).await.unwrap();
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.n_products, stats.n_gone), (299, 1));
    let key = crawler::shop_at(&url).unwrap().key;
    let id = product_id(&key, changed);
    let observations = store.observations(&id, 9).await.unwrap();
    let times: Vec<UnixMs> = observations.iter().map(|it| it.at).collect();
    let in_order_of_events = [LATER, EARLIER].map(|time| UnixMs::parse(time).unwrap());
    assert_eq!(times, in_order_of_events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_by_an_hour_shows_in_no_answer() {
    let mut catalogue = Catalogue::generate(&NORTH_LOFT, 30, 7);
    let shop = FakeShop::start(catalogue.clone(), FaultPlan::none())
        .await
        .unwrap();
    let home = Home::new();
    let url = shop.url();
    assert_well(&run_at(LATER, &home, &crawl(&url)));
    catalogue.edit(0, |product| {
        product["variants"][0]["price"] = json!("7777.70");
    });
    shop.set_catalogue(catalogue);
    assert_well(&run_at(AN_HOUR_EARLIER, &home, &crawl(&url)));
    let ask = |args: &[&str]| {
        let run = run_at(
            AN_HOUR_EARLIER,
            &home,
            &[args, &["--store", STORE]].concat(),
        );
        assert_well(&run);
        run.stdout
    };
    let changes = ask(&["export", "changes"]);
    let dearer: Vec<&str> = changes
        .lines()
        .filter(|it| it.contains(",dearer,"))
        .collect();
    assert!(
        matches!(*dearer, [it] if it.starts_with(AN_HOUR_EARLIER)),
        "{dearer:?}"
    );
    assert_eq!(changes.lines().count(), 1 + 30 + 1, "{changes}");
    for args in [&["check"][..], &["shops", "list"]] {
        let said = ask(args);
        let is_recent = said.contains("just now") && !said.contains(" ago");
        assert!(is_recent, "{said}");
    }
    let shops = ask(&["query", "list_shops"]);
    assert!(
        shops.contains("\"age_hours\":0.0") && !shops.contains(":-"),
        "{shops}"
    );
    let ranked = ask(&["rank", "--out", "-"]);
    assert_eq!(ranked.lines().count(), 1 + 30, "{ranked}");
}

/// Its age is unknown, so what it has stored counts: it goes on, and ends at the list's end as any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_began_in_the_future_goes_on() {
    let (shop, home, undisturbed, _) = shop_and_home().await;
    home.write("fast.toml", "[crawl]\nbackoff_seconds = 0.001\n");
    let url = shop.url();
    let args = [&crawl(&url)[..], &["--config", "fast.toml"]].concat();
    shop.set_plan(FaultPlan::none().fault(On::page(3), Fault::status(503)));
    let stopped = run_at(LATER, &home, &args);
    assert_eq!(stopped.code, Some(3), "{stopped:#?}");
    shop.set_plan(FaultPlan::none());
    let n_before = shop.requests().len();
    assert_well(&run_at(EARLIER, &home, &args));
    let asked: Vec<String> = shop
        .requests()
        .into_iter()
        .skip(n_before)
        .map(|it| it.path)
        .collect();
    let pages = [
        "/products.json?limit=250&page=3",
        "/products.json?limit=250&page=4",
    ];
    assert_eq!(asked[asked.len() - 2..], pages);
    assert!(!asked.contains(&"/products.json?limit=250&page=2".to_owned()));
    let n_products = |csv: &str| csv.lines().count();
    let [products, crawls] = exports(&home, STORE);
    assert_eq!(n_products(&products), n_products(&undisturbed[0]));
    assert_eq!(crawls.lines().count(), 2, "{crawls}");
}

fn run_at(now: &str, home: &Home, args: &[&str]) -> Run {
    let mut command = Command::new(PROGRAM);
    command
        .args(args)
        .args(["--now", now])
        .current_dir(home.path())
        .env_clear()
        .env("TROUVAILLE__CRAWL__OBSERVE_BESTSELLERS", "false")
        .env("HOME", home.path());
    command.output().unwrap().into()
}

fn assert_well(run: &Run) {
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// A shop of four pages, a home, what an undisturbed crawl exports, and the size of its store.
async fn shop_and_home() -> (FakeShop, Home, [String; 2], u64) {
    let catalogue = Catalogue::generate(&NORTH_LOFT, 900, 7);
    let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let home = Home::new();
    home.ok(crawl(&shop.url()));
    let undisturbed = exports(&home, STORE);
    let disk = home.path().join("disk");
    let size = fs::metadata(disk.join("shop.db")).unwrap().len();
    fs::remove_dir_all(&disk).unwrap();
    fs::create_dir(&disk).unwrap();
    (shop, home, undisturbed, size)
}

fn crawl(url: &str) -> [&str; 8] {
    let options = ["--allow-private", "127.0.0.0/8", "--rps", "unlimited"];
    let [name, network, rps, unlimited] = options;
    [
        "crawl", url, name, network, rps, unlimited, "--store", STORE,
    ]
}

fn n_stored(home: &Home) -> usize {
    let run = home.run(["export", "products", "--store", STORE]);
    if run.stderr.contains("there is no store yet") {
        return 0;
    }
    assert_eq!(run.code, Some(0), "{run:#?}");
    run.stdout.lines().count() - 1
}
