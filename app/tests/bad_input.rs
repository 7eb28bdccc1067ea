//! Wrong calls, wrong files and wrong places: one clear message each, the right exit code, and nothing lost.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;

use testkit::{Catalogue, FakeShop, FaultPlan, NORTH_LOFT};

use crate::program::{Home, PROGRAM, Run};

fn home_with_products() -> Home {
    let home = Home::new();
    home.write(
        "loft.json",
        Catalogue::generate(&NORTH_LOFT, 5, 5).to_json(),
    );
    home.ok(["import", "loft.json", "--store", "sqlite:shop.db"]);
    home
}

#[test]
fn wrong_usage_is_told_with_exit_code_2() {
    let home = Home::new();
    for (args, words) in [
        (vec!["crawl"], vec!["no shops: name their URLs"]),
        (
            vec!["crawl", "ftp://shop.example"],
            vec!["only http and https", "ftp"],
        ),
        (
            vec!["crawl", "https://user:secret@shop.example"],
            vec!["must not hold a user name or password"],
        ),
        (
            vec!["crawl", "shop.example", "--rps", "fast"],
            vec!["--rps", "\"unlimited\""],
        ),
        (
            vec!["crawl", "shop.example", "--allow-private", "300.0.0.0/8"],
            vec!["expected a network"],
        ),
        (
            vec!["crawl", "--from", "nowhere.txt"],
            vec!["cannot read the list of shops nowhere.txt"],
        ),
        (
            vec!["rank", "-k", "0"],
            vec!["invalid value '0' for '-k <N>': expected a whole number"],
        ),
        (
            vec!["rank", "-k", "many"],
            vec!["invalid value 'many' for '-k <N>'"],
        ),
        (
            vec!["rank", "--preset", "magic"],
            vec!["unknown preset \"magic\""],
        ),
        (
            vec!["rank", "--price-min", "cheap"],
            vec!["expected a price"],
        ),
        (
            vec!["export", "everything"],
            vec!["invalid value 'everything'"],
        ),
        (vec!["demo", "--store", "sqlite:x.db"], vec!["--out"]),
        (vec!["rank", "-k", "-1"], vec!["expected a whole number"]),
        (
            vec!["import", "a/x.json", "b/x.json"],
            vec!["would both be the shop \"x\"", "--shop"],
        ),
        (
            vec!["export", "top-k", "--in-stock"],
            vec!["filters are for"],
        ),
        (vec!["exprot"], vec!["export"]),
        (
            vec!["check", "--store", "mongodb://user:secret@/x"],
            vec!["cannot use the store"],
        ),
        (
            vec!["check", "--store", "postgres://db"],
            vec!["cannot use the store", "sqlite:"],
        ),
    ] {
        let run = home.run(&args);
        run.assert_fails(2, &words);
        assert!(!run.stderr.contains("secret"), "{run:#?}");
    }
}

#[test]
fn an_unknown_configuration_key_is_named_with_the_nearest_one() {
    let home = Home::new();
    home.write("my.toml", "[crawl]\nrequest_per_second = 1.0\n");
    home.run(["check", "--config", "my.toml"]).assert_fails(
        2,
        &[
            "unknown configuration key \"crawl.request_per_second\" in my.toml",
            "\"crawl.requests_per_second\"",
        ],
    );
    home.write("my.toml", "[crawl]\nmax_tries = \"three\"\n");
    home.run(["check", "--config", "my.toml"])
        .assert_fails(2, &["wrong configuration", "max_tries"]);
    home.write("my.toml", "[crawl]\ncontact_url = \"nobody\"\n");
    home.run(["check", "--config", "my.toml"])
        .assert_fails(2, &["crawl.contact_url", "expected a URL"]);
    home.write("my.toml", "[crawl\n");
    home.run(["check", "--config", "my.toml"])
        .assert_fails(2, &["wrong configuration in my.toml"]);
    home.run(["check", "--config", "none.toml"])
        .assert_fails(2, &["none.toml: No such file"]);
    let output = home
        .command(["check"])
        .env("TROUVAILLE__CRAWL__MAX_TRYS", "3")
        .output()
        .unwrap();
    Run::from(output).assert_fails(2, &["TROUVAILLE__CRAWL__MAX_TRYS", "\"crawl.max_tries\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn shops_that_cannot_be_reached_are_told_with_exit_code_1() {
    let plain = FakeShop::start(Catalogue::generate(&NORTH_LOFT, 5, 5), FaultPlan::none())
        .await
        .unwrap();
    let stopped = FakeShop::start(Catalogue::generate(&NORTH_LOFT, 5, 5), FaultPlan::none())
        .await
        .unwrap();
    let closed_port = stopped.url();
    stopped.stop().await;
    let no_tls = plain.url().replace("http://", "https://");
    let home = Home::new();
    home.write("fast.toml", "[crawl]\nbackoff_seconds = 0.001\n");
    for url in ["http://no-such-shop.invalid", &closed_port, &no_tls] {
        let run = home.run([
            "--config",
            "fast.toml",
            "crawl",
            url,
            "--allow-private",
            "127.0.0.0/8",
        ]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stdout.contains("failed (unreachable)"), "{run:#?}");
        assert!(
            run.stdout.contains(&format!("cannot reach {url}/")),
            "{run:#?}"
        );
    }
    let run = home.run(["crawl", &plain.url()]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("failed (refused_address)"), "{run:#?}");
    assert!(
        run.stdout.contains("--allow-private 127.0.0.1/32"),
        "{run:#?}"
    );
    assert!(plain.requests().is_empty());
}

#[test]
fn a_store_that_is_not_there_is_not_made_by_reading() {
    let home = Home::new();
    for command in [
        vec!["check"],
        vec!["rank"],
        vec!["export", "products"],
        vec!["crawl", "--all"],
    ] {
        home.run([&command[..], &["--store", "sqlite:none.db"]].concat())
            .assert_fails(1, &["none.db", "trouvaille crawl"]);
        assert!(!home.path().join("none.db").exists());
    }
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    let home = Home::new();
    let text = "not a database, but somebody's notes, long enough to have a header".repeat(40);
    home.write("notes.db", &text);
    for command in [vec!["check"], vec!["rank"], vec!["import", "x.json"]] {
        home.run([&command[..], &["--store", "sqlite:notes.db"]].concat())
            .assert_fails(1, &["cannot open the store", "notes.db"]);
    }
    assert_eq!(home.read("notes.db"), text);
    home.run(["check", "--store", "sqlite:."])
        .assert_fails(1, &["cannot open the store"]);
}

#[test]
fn an_unreadable_or_read_only_store_is_told_and_nothing_is_lost() {
    let home = home_with_products();
    let store = home.path().join("shop.db");
    let set_mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let before = home.ok(["export", "products", "--store", "sqlite:shop.db"]);
    // The program itself may stand in a folder that only root can enter.
    fs::copy(PROGRAM, home.path().join("program")).unwrap();
    set_mode(home.path(), 0o555);

    set_mode(&store, 0o000);
    let no_rights = "the permissions of the file or its folder do not allow it";
    run_without_rights(&home, &["export", "products"]).assert_fails(1, &["shop.db", no_rights]);

    set_mode(&store, 0o444);
    run_without_rights(&home, &["import", "loft.json"]).assert_fails(1, &["shop.db", no_rights]);
    let read = run_without_rights(&home, &["export", "products"]);
    assert_eq!((read.code, read.stdout), (Some(0), before.clone()));
    let ranked = run_without_rights(&home, &["rank", "--out", "-"]);
    assert_eq!(
        (ranked.code, ranked.stdout.lines().count()),
        (Some(0), 6),
        "{}",
        ranked.stderr
    );

    set_mode(home.path(), 0o755);
    set_mode(&store, 0o644);
    assert_eq!(
        home.ok(["export", "products", "--store", "sqlite:shop.db"]),
        before
    );
}

/// Runs the program on `shop.db` as a user whom file modes bind: root becomes "nobody".
fn run_without_rights(home: &Home, args: &[&str]) -> Run {
    let args = [args, &["--store", "sqlite:shop.db"]].concat();
    let mut command = home.command_of(&home.path().join("program"), args);
    if fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0) {
        command.uid(65534).gid(65534);
    }
    command.output().unwrap().into()
}

#[test]
fn an_output_that_cannot_be_written_is_told_and_the_store_stays_well() {
    let home = home_with_products();
    home.write("file", "");
    home.write("kept.csv", "old");
    for command in [vec!["rank"], vec!["export", "products"]] {
        for place in ["file/top_k.csv", "."] {
            let args = [&command[..], &["--store", "sqlite:shop.db", "--out", place]].concat();
            home.run(args).assert_fails(1, &["cannot write", place]);
        }
    }
    assert!(
        home.ok(["check", "--store", "sqlite:shop.db"])
            .contains("all is well")
    );
    home.run(["rank", "--store", "sqlite:none.db", "--out", "kept.csv"])
        .assert_fails(1, &["none.db"]);
    assert_eq!(home.read("kept.csv"), "old");
}

#[test]
fn an_empty_file_is_no_store_and_stays_empty() {
    let home = Home::new();
    home.write("empty.db", "");
    home.run(["check", "--store", "sqlite:empty.db"])
        .assert_fails(1, &["empty.db"]);
    assert_eq!(home.read("empty.db"), "");
}

#[test]
fn a_shop_that_does_not_answer_keeps_the_address_that_worked() {
    let home = Home::new();
    let url = |home: &Home| {
        let check = home
            .run(["check", "--json", "--store", "sqlite:shop.db"])
            .stdout;
        let check: serde_json::Value = serde_json::from_str(&check).unwrap();
        check["shops"][0]["shop"]["url"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    home.write(
        "saved.json",
        Catalogue::generate(&NORTH_LOFT, 5, 5).to_json(),
    );
    home.ok([
        "import",
        "saved.json",
        "--shop",
        "http://no-such-shop.invalid",
        "--store",
        "sqlite:shop.db",
    ]);
    home.run([
        "crawl",
        "https://no-such-shop.invalid",
        "--store",
        "sqlite:shop.db",
    ])
    .assert_fails(1, &[]);
    assert_eq!(url(&home), "http://no-such-shop.invalid");
}

#[test]
fn a_file_of_which_nothing_can_be_read_leaves_no_shop_behind() {
    let home = home_with_products();
    home.write("page.json", "<html>");
    fs::create_dir(home.path().join("folder.json")).unwrap();
    for path in ["page.json", "missing.json", "folder.json"] {
        home.run(["import", path, "--store", "sqlite:shop.db"])
            .assert_fails(1, &[]);
    }
    assert!(
        home.ok(["check", "--store", "sqlite:shop.db"])
            .contains("shops         1\n")
    );
}

#[test]
fn our_own_lists_are_not_taken_for_a_shops_answer() {
    let home = home_with_products();
    home.ok([
        "export",
        "products",
        "--format",
        "jsonl",
        "--out",
        "own.jsonl",
        "--store",
        "sqlite:shop.db",
    ]);
    home.run(["rank", "own.jsonl"])
        .assert_fails(1, &["own.jsonl: it is a list that trouvaille wrote"]);
    let import = home.run(["import", "own.jsonl", "--store", "sqlite:shop.db"]);
    assert_eq!(import.code, Some(1));
    assert!(
        import.stdout.contains("it is a list that trouvaille wrote"),
        "{import:#?}"
    );
}

#[test]
fn errors_keep_the_form_of_the_log() {
    let home = Home::new();
    let run = home.run(["--log", "json", "check", "--store", "sqlite:none.db"]);
    for line in run.stderr.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{run:#?}"
        );
    }
    run.assert_fails(1, &["\"level\":\"ERROR\"", "none.db"]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::new();
    // More than a pipe holds, so that the program notices.
    home.write(
        "loft.json",
        Catalogue::generate(&NORTH_LOFT, 400, 5).to_json(),
    );
    home.ok(["import", "loft.json", "--store", "sqlite:shop.db"]);
    let mut child = home
        .command(["export", "products", "--store", "sqlite:shop.db"])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}
