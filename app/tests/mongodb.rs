//! The program on a MongoDB server: the same answers as on a file, byte by byte.

use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::kills::{World, crawl_at};
use crate::program::Home;

const FILE: &str = "sqlite:shop.db";

#[tokio::test(flavor = "multi_thread")]
async fn three_crawls_of_changing_shops_give_what_a_file_gives() {
    let world = World::start().await;
    let home = Home::new();
    let server = database();
    for pass in 1..=3 {
        match pass {
            1 => {}
            2 => world.change(),
            _ => world.restore(),
        }
        for store in [FILE, &server] {
            let run = crawl_at(pass, &home, &world.urls(), store)
                .output()
                .unwrap();
            assert!(run.status.success(), "{run:?}");
        }
    }
    let on_file = all_exports(&home, FILE);
    assert_same(&all_exports(&home, &server), &on_file);
    // Every kind of change is there to be compared.
    for kind in ["new", "gone", "back", "cheaper", "dearer"] {
        assert!(on_file[3].1.contains(&format!(",{kind},")), "{kind}");
    }

    for (from, to) in [(&*server, "sqlite:copy.db"), (FILE, &*database())] {
        home.ok(["migrate", "--from", from, "--to", to]);
        // Once more, which finds all of it there.
        home.ok(["migrate", "--from", from, "--to", to]);
        assert_same(&all_exports(&home, to), &on_file);
    }

    for store in [FILE, &server] {
        let check = home.ok(["check", "--store", store]);
        assert!(check.contains("all is well"), "{check}");
    }
    assert_same_output(&home, &server, &["shops", "list", "--json"]);
    let late = [
        "prune",
        "--keep",
        "1d",
        "--now",
        "2026-06-01T00:00:00Z",
        "--json",
    ];
    for store in [FILE, &server] {
        let run = home
            .bare_command(Path::new(crate::program::PROGRAM))
            .args(late)
            .args(["--store", store])
            .output();
        let run = run.unwrap();
        assert!(run.status.success(), "{run:?}");
    }
    assert_same(&all_exports(&home, &server), &all_exports(&home, FILE));
    let url = &world.urls()[0];
    for store in [FILE, &server] {
        home.ok(["shops", "pause", url, "--store", store]);
        home.ok(["shops", "forget", &world.urls()[1], "--store", store]);
    }
    assert_same_output(&home, &server, &["shops", "list", "--json"]);
    assert_same(&all_exports(&home, &server), &all_exports(&home, FILE));
}

/// The files are not part of this repository; without them this test says so and does nothing.
#[test]
fn imports_of_real_files_give_what_a_file_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/shopify/storefront");
    let server = database();
    if !folder.exists() {
        eprintln!(
            "SKIPPED: {} is not here, so no real file was imported",
            folder.display()
        );
        return;
    }
    let home = Home::new();
    let mut n_files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        n_files += 1;
        let shop = format!("https://shop-{n_files}.example");
        for store in [FILE, &server] {
            home.ok([
                "import",
                path.to_str().unwrap(),
                "--shop",
                &shop,
                "--store",
                store,
            ]);
        }
    }
    assert_eq!(n_files, 13);
    let on_file = all_exports(&home, FILE);
    assert!(on_file[0].1.lines().count() > 1_400);
    assert_same(&all_exports(&home, &server), &on_file);
}

#[test]
fn a_wrong_password_is_told_in_one_line_without_it() {
    let home = Home::new();
    let uri = database().replace("mongodb://", "mongodb://somebody:pa55w0rd@");
    let server = crate::server::variable(REPLICA_SET);
    let address = server
        .trim_start_matches("mongodb://")
        .trim_end_matches('/');
    for args in [
        &["check"][..],
        &["export", "products"],
        &["rank"],
        &["shops", "list"],
    ] {
        let run = home.run(args.iter().chain(&["--store", &uri]));
        run.assert_fails(1, &["refused the user name or the password", address]);
        assert!(
            !run.stderr.contains("pa55w0rd") && !run.stdout.contains("pa55w0rd"),
            "{run:#?}"
        );
    }
}

const REPLICA_SET: &str = "TEST_MONGODB_URI";

/// Returns the address of a database that nobody has yet.
pub(crate) fn database() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    let server = crate::server::variable(REPLICA_SET);
    let (server, options) = server.split_once('?').unwrap_or((&server, ""));
    let mark = if options.is_empty() { "" } else { "?" };
    let server = server.trim_end_matches('/');
    format!(
        "{server}/trouvaille_app_{}_{n}{mark}{options}",
        process::id()
    )
}

/// Returns everything that is exported, by name.
pub(crate) fn all_exports(home: &Home, store: &str) -> Vec<(&'static str, String)> {
    home.ok(["rank", "--store", store, "--out", "ranked.csv"]);
    [
        "products", "top-k", "history", "changes", "crawls", "problems",
    ]
    .into_iter()
    .map(|list| (list, home.ok(["export", list, "--store", store])))
    .collect()
}

/// The lists are too long to be shown whole.
pub(crate) fn assert_same(one: &[(&str, String)], two: &[(&str, String)]) {
    for ((list, one), (_, two)) in one.iter().zip(two) {
        if one == two {
            continue;
        }
        for (n, (one, two)) in one.lines().zip(two.lines()).enumerate() {
            assert_eq!(one, two, "{list}, line {}", n + 1);
        }
        panic!(
            "{list}: {} and {} lines",
            one.lines().count(),
            two.lines().count()
        );
    }
}

fn assert_same_output(home: &Home, server: &str, args: &[&str]) {
    let [file, server] =
        [FILE, server].map(|store| home.ok(args.iter().chain(&["--store", store])));
    assert_eq!(server, file);
}
