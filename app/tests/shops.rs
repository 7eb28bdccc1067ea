//! The list of shops: added, paused, forgotten, and seeded by the configuration.

use std::path::Path;

use serde_json::{Value, json};
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, NORTH_LOFT, On};

use crate::program::{Home, PROGRAM, Run};

const LOOPBACK: [&str; 4] = ["--allow-private", "127.0.0.0/8", "--rps", "unlimited"];

async fn shop() -> FakeShop {
    FakeShop::start(Catalogue::generate(&NORTH_LOFT, 30, 3), FaultPlan::none())
        .await
        .unwrap()
}

fn host(shop: &FakeShop) -> String {
    shop.addr().to_string()
}

fn run_at(home: &Home, now: &str, args: &[&str]) -> Run {
    let mut command = home.bare_command(Path::new(PROGRAM));
    command.args(args).args(["--now", now]);
    command.output().unwrap().into()
}

fn crawl_all(home: &Home) -> Run {
    home.run([&["crawl", "--all"], &LOOPBACK[..]].concat())
}

#[test]
fn every_part_explains_itself_with_examples() {
    let home = Home::new();
    for args in [
        &["shops", "--help"][..],
        &["shops", "list", "--help"],
        &["shops", "add", "--help"],
        &["shops", "pause", "--help"],
        &["shops", "resume", "--help"],
        &["shops", "forget", "--help"],
    ] {
        let help = home.ok(args);
        assert!(help.contains("Examples:\n  trouvaille shops "), "{help}");
        assert!(help.contains("--store <URI>"), "{help}");
    }
    home.run(["shops"]).assert_fails(2, &["list", "forget"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn shops_are_added_paused_and_resumed() {
    let (one, two) = (shop().await, shop().await);
    let home = Home::new();
    home.write("shops.txt", format!("# two of them\n{}\n", two.url()));
    let added = home.ok(["shops", "add", &one.url(), "--from", "shops.txt"]);
    assert_eq!(
        added,
        format!("added {}\nadded {}\n", host(&one), host(&two))
    );
    let again = home.ok(["shops", "add", &one.url(), "--json"]);
    let key = host(&one).replace(':', "%3A");
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again, json!([{ "shop": key, "is_new": false }]));
    let listed = home.ok(["shops", "list"]);
    assert_eq!(listed.matches("never").count(), 2, "{listed}");

    // By host, by key, by URL.
    for name in [host(&one), key, one.url()] {
        let paused = home.ok(["shops", "pause", &name]);
        assert!(paused.contains("paused"), "{paused}");
    }
    let listed = home.ok(["shops", "list"]);
    assert_eq!(listed.matches("paused").count(), 1, "{listed}");
    let run = crawl_all(&home);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stderr.contains("leaving out 1 paused shop"), "{run:#?}");
    assert_eq!((one.requests().len(), two.requests().len()), (0, 3));

    // A paused shop that is named is crawled, and stays paused.
    home.ok([&["crawl", &one.url()], &LOOPBACK[..]].concat());
    assert_eq!(one.requests().len(), 3);
    home.ok([&["crawl", "--all", "--full", &one.url()], &LOOPBACK[..]].concat());
    assert_eq!((one.requests().len(), two.requests().len()), (6, 6));
    home.ok(["shops", "pause", &two.url()]);
    let run = crawl_all(&home);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr.contains("leaving out 2 paused shops"),
        "{run:#?}"
    );

    home.ok(["shops", "resume", &one.url(), &two.url()]);
    let run = crawl_all(&home);
    assert!(!run.stderr.contains("paused"), "{run:#?}");
    let listed = home.ok(["shops", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    for status in listed.as_array().unwrap() {
        assert_eq!(status["is_paused"], false);
        assert_eq!(status["n_products"], 30);
        assert_eq!(status["lease"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_shops_are_those_that_are_due() {
    let (one, two) = (shop().await, shop().await);
    let home = Home::new();
    let all_at = |now: &str, more: &[&str]| {
        let run = run_at(
            &home,
            now,
            &[&["crawl", "--all"], more, &LOOPBACK[..]].concat(),
        );
        assert_eq!(run.code, Some(0), "{run:#?}");
        run
    };
    home.ok(["shops", "add", &one.url()]);
    assert!(home.ok(["shops", "list"]).contains("now"));
    let run = all_at("2026-03-01T12:00:00Z", &[]);
    assert!(!run.stderr.contains("not due"), "{run:#?}");
    let n_first = one.requests().len();

    // Crawled once: due a day later. One that was never crawled is due at any time.
    home.ok(["shops", "add", &two.url()]);
    let run = all_at("2026-03-02T11:59:00Z", &[]);
    let told = "leaving out 1 shop not due yet, the next one at 2026-03-02T12:00:00";
    assert!(run.stderr.contains(told), "{run:#?}");
    assert_eq!(one.requests().len(), n_first);
    assert!(two.requests().len() > 1);

    // Nothing changed in it: due only a week later.
    all_at("2026-03-02T12:01:00Z", &[]);
    assert!(one.requests().len() > n_first);
    let listed = run_at(&home, "2026-03-03T11:00:00Z", &["shops", "list"]).stdout;
    assert!(listed.contains("in 6 days"), "{listed}");
    assert!(listed.contains("in 59 minutes"), "{listed}");
    let before = (one.requests().len(), two.requests().len());
    let run = all_at("2026-03-03T11:58:00Z", &[]);
    let told = "leaving out 2 shops not due yet";
    assert!(run.stderr.contains(told), "{run:#?}");
    assert_eq!((one.requests().len(), two.requests().len()), before);
    all_at("2026-03-03T12:00:00Z", &["--full"]);
    assert!(one.requests().len() > before.0 && two.requests().len() > before.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_is_gone_is_due_no_sooner_than_another() {
    let shop = shop().await;
    let home = Home::new();
    let at = |now: &str, args: &[&str]| run_at(&home, now, &[args, &LOOPBACK[..]].concat());
    let first = at("2026-03-01T12:00:00Z", &["crawl", &shop.url()]);
    assert_eq!(first.code, Some(0), "{first:#?}");
    shop.set_plan(FaultPlan::none().fault(On::any(), Fault::status(404)));
    let found = at("2026-03-02T12:01:00Z", &["crawl", "--all"]);
    assert!(found.stdout.contains("gone"), "{found:#?}");
    let n_before = shop.requests().len();
    let run = at("2026-03-02T13:00:00Z", &["crawl", "--all"]);
    let told = "leaving out 1 shop not due yet, the next one at 2026-03-03T12:01:00";
    assert!(run.stderr.contains(told), "{run:#?}");
    assert_eq!(shop.requests().len(), n_before);
    at("2026-03-03T12:02:00Z", &["crawl", "--all"]);
    assert!(shop.requests().len() > n_before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_shop_is_gone_with_its_products_and_rankings_stay() {
    let shop = shop().await;
    let home = Home::new();
    home.ok([&["crawl", &shop.url()], &LOOPBACK[..]].concat());
    home.ok(["rank"]);
    let ranked = home.ok(["export", "top-k"]);
    let told = home.ok(["shops", "forget", &host(&shop)]);
    let expected = format!(
        "forgot {}: 30 products, 30 observations and 1 crawl",
        host(&shop)
    );
    assert!(told.starts_with(&expected), "{told}");
    assert!(!told.contains("configuration"), "{told}");
    assert_eq!(home.ok(["export", "products"]).lines().count(), 1);
    assert_eq!(home.ok(["export", "top-k"]), ranked);
    home.run(["shops", "forget", &host(&shop)])
        .assert_fails(1, &["no shop", &host(&shop)]);
}

#[test]
fn an_unknown_shop_is_told_with_the_nearest_and_nothing_is_done() {
    let home = Home::new();
    home.run(["shops", "list"])
        .assert_fails(1, &["there is no store yet"]);
    home.ok(["shops", "add", "north-loft.example", "kumo.example"]);
    for action in ["pause", "resume", "forget"] {
        let run = home.run(["shops", action, "kumo.example", "nort-loft.example"]);
        let nearest = "no shop nort-loft.example in the store: did you mean north-loft.example?";
        run.assert_fails(1, &[nearest]);
    }
    home.run(["shops", "pause", "https://zzz.test/collections"])
        .assert_fails(1, &["no shop zzz.test", "`trouvaille shops list`"]);
    let listed = home.ok(["shops", "list"]);
    assert_eq!(listed.matches("active").count(), 2, "{listed}");
    home.run(["shops", "add"]).assert_fails(2, &["no shops"]);
    home.run(["shops", "add", "ftp://kumo.example"])
        .assert_fails(2, &["only http and https"]);
    home.run(["shops", "pause"]).assert_fails(2, &["SHOP"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_shops_are_crawled_by_a_fresh_store_and_come_back() {
    let (one, two) = (shop().await, shop().await);
    let home = Home::new();
    let config = format!("shops = [{:?}, {:?}]\n", one.url(), two.url());
    std::fs::create_dir_all(home.path().join(".config/trouvaille")).unwrap();
    home.write(".config/trouvaille/config.toml", &config);
    let run = crawl_all(&home);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr.contains("added 2 shops of the configuration"),
        "{run:#?}"
    );
    assert_eq!((one.requests().len(), two.requests().len()), (3, 3));
    // What a person did to a configured shop stays as it is.
    home.ok(["shops", "pause", &one.url()]);
    assert!(crawl_all(&home).stderr.contains("leaving out 1 paused"));
    assert_eq!(one.requests().len(), 3);

    let told = home.ok(["shops", "forget", &one.url()]);
    assert!(
        told.contains("the next `crawl --all` or `shops list` adds it again"),
        "{told}"
    );
    assert_eq!(home.ok(["shops", "list"]).matches("never").count(), 1);
}

#[test]
fn the_list_alone_seeds_a_fresh_store_and_the_environment_counts() {
    let home = Home::new();
    let list = |shops: &str| {
        let mut command = home.command(["shops", "list"]);
        Run::from(command.env("TROUVAILLE__SHOPS", shops).output().unwrap())
    };
    let run = list(r#"["kumo.example", "https://kumo.example/", "loft.example"]"#);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(run.stdout.matches("never").count(), 2, "{run:#?}");
    list(r#"["ftp://x"]"#).assert_fails(2, &["shops: only http and https", "ftp"]);
    list("loft.example").assert_fails(2, &["TROUVAILLE__SHOPS", "expected a sequence"]);
}

#[test]
fn a_password_reaches_the_store_and_no_message() {
    const SECRET: &str = "4711";
    let home = Home::new();
    home.write("password", "4711\n");
    home.write("bad.toml", "[mongodb]\npassword = 4711\n");
    home.write("worse.toml", "[mongodb]\npassword = 4711 or so\n");
    let run = |args: &[&str], variable: &str, value: &str| {
        let mut command = home.command([&["check"], args].concat());
        let run = Run::from(command.env(variable, value).output().unwrap());
        assert!(!run.stderr.contains(SECRET), "{run:#?}");
        assert!(!run.stdout.contains(SECRET), "{run:#?}");
        run
    };
    let password = "TROUVAILLE__MONGODB__PASSWORD";
    let file = "TROUVAILLE__MONGODB__PASSWORD_FILE";
    let without_user = ["--store", "mongodb://127.0.0.1:1/x"];
    run(&without_user, password, SECRET).assert_fails(2, &["names no user"]);
    run(&without_user, file, "password").assert_fails(2, &["names no user"]);
    let with_user = ["--store", "mongodb://ann@127.0.0.1:1/x"];
    run(&with_user, file, "nowhere").assert_fails(2, &["nowhere: No such file"]);
    home.write("both.toml", "[mongodb]\npassword_file = \"password\"\n");
    let both = [&with_user[..], &["--config", "both.toml"]].concat();
    run(&both, password, SECRET).assert_fails(2, &["both are set"]);
    for config in ["bad.toml", "worse.toml"] {
        run(&["--config", config], "UNUSED", "").assert_fails(2, &["wrong configuration", config]);
    }
    // The password is none of SQLite's business.
    run(&["--store", "sqlite:x.db"], password, SECRET).assert_fails(1, &["no store yet"]);
    let shown = ["--store", "mongodb://ann:4711@/x"];
    run(&shown, "UNUSED", "").assert_fails(2, &["other users of this machine", password]);
}
