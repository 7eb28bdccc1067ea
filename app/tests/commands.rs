//! The command line as a user has it: the real binary, real sockets, a real store on disk.

use serde_json::Value;
use testkit::{
    ATELIER_LUMEN, Catalogue, FakeShop, Fault, FaultPlan, KUMO_STATIONERY, NORTH_LOFT, On,
    ShopProfile,
};

use crate::program::Home;

const LOOPBACK: [&str; 4] = ["--allow-private", "127.0.0.0/8", "--rps", "unlimited"];

async fn shop(profile: &ShopProfile, n_products: usize, plan: FaultPlan) -> FakeShop {
    FakeShop::start(Catalogue::generate(profile, n_products, 11), plan)
        .await
        .unwrap()
}

fn crawl<'a>(urls: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&["crawl"], urls, &LOOPBACK, more].concat()
}

#[test]
fn every_command_explains_itself_with_examples() {
    let home = Home::new();
    assert!(home.ok(["--help"]).contains("Examples:"));
    for command in [
        "demo",
        "crawl",
        "import",
        "rank",
        "explain",
        "summarize",
        "export",
        "check",
    ] {
        let help = home.ok([command, "--help"]);
        assert!(
            help.contains("Examples:\n  trouvaille "),
            "{command}: {help}"
        );
        assert!(help.contains("--store <URI>"), "{command}");
    }
}

#[test]
fn the_demo_gives_the_same_lists_every_time() {
    let (one, two) = (Home::new(), Home::new());
    let stdout = one.ok(["demo"]);
    two.ok(["demo", "--out", "elsewhere"]);
    assert!(stdout.contains("The best 10 of 1,238 products"), "{stdout}");
    assert!(
        stdout.contains("of the first 50 before caps stay on average"),
        "{stdout}"
    );
    assert_eq!(
        stdout.matches("(made without a language model; ").count(),
        5
    );
    assert!(stdout.contains(" summarize --brief\n"), "{stdout}");
    for list in ["top_k.csv", "products.csv"] {
        let lists = (
            one.read(&format!("trouvaille-demo/{list}")),
            two.read(&format!("elsewhere/{list}")),
        );
        assert_eq!(lists.0, lists.1, "{list}");
    }
    let top_k = one.read("trouvaille-demo/top_k.csv");
    assert_eq!(top_k.lines().count(), 51);
    assert!(top_k.starts_with("rank,id,title,score,available_ratio,num_tags,avg_price,num_images,description_length,popularity_score,product_id,"));
    assert!(top_k.contains(",unavailable,http://"));
    let first = top_k.lines().nth(1).unwrap();
    let id = first.split(',').find(|it| it.starts_with("shopify:"));
    assert!(stdout.contains(&format!(" explain {}\n", id.unwrap())));
    assert_eq!(
        one.read("trouvaille-demo/products.csv").lines().count(),
        1239
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_shops_url_to_top_k_csv() {
    let shop = shop(&NORTH_LOFT, 300, FaultPlan::none()).await;
    let home = Home::new();
    let run = home.run(crawl(&[&shop.url()], &[]));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let store = home.path().join(".local/share/trouvaille/trouvaille.db");
    assert!(
        run.stderr
            .contains(&format!("stored in {}", store.display())),
        "{run:#?}"
    );
    let table = home.ok(["rank", "-k", "20"]);
    assert!(
        table.contains("The best 10 of 300 products, preset balanced"),
        "{table}"
    );
    let csv = home.read("top_k.csv");
    assert_eq!(csv.lines().count(), 21);
    assert_eq!(
        home.ok(["export", "top-k"]),
        csv,
        "the stored ranking is the one in the file"
    );
    let products = home.ok(["export", "products"]);
    assert_eq!(products.lines().count(), 301);
    assert!(home.ok(["check"]).contains(&store.display().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_counts_the_shops() {
    let good = shop(&NORTH_LOFT, 20, FaultPlan::none()).await;
    let closed = shop(
        &NORTH_LOFT,
        20,
        (FaultPlan::none().list_alone()).fault(On::feed(), Fault::Status(404, None)),
    )
    .await;
    let (good, closed) = (good.url(), closed.url());
    let home = Home::new();
    assert_eq!(home.run(crawl(&[&closed], &[])).code, Some(1));
    assert_eq!(home.run(crawl(&[&good, &closed], &[])).code, Some(3));
    let check = home.run(["check"]);
    assert_eq!(check.code, Some(1));
    assert!(check.stdout.contains("blocked (closed_feed)"), "{check:#?}");
    assert_eq!(home.run(crawl(&[&good], &[])).code, Some(0));
    assert_eq!(home.run(crawl(&[], &["--all", "--full"])).code, Some(3));
    // A pipeline goes on with what is stored, and still learns of a call that was wrong.
    let any = ["--any-outcome"];
    assert_eq!(home.run(crawl(&[&closed], &any)).code, Some(0));
    assert_eq!(home.run(crawl(&[], &any)).code, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_comes_before_the_first_shop_does_not_fail() {
    let shop = shop(&NORTH_LOFT, 20, FaultPlan::none()).await;
    let home = Home::new();
    home.ok(crawl(&[&shop.url()], &[]));
    home.ok(["shops", "forget", &shop.url()]);
    let none = "the store has no shops with a URL yet";
    home.run(crawl(&[], &["--all"])).assert_fails(2, &[none]);
    let args = ["--all", "--any-outcome", "--out", "report.json"];
    let without_store = Home::new();
    for home in [home, without_store] {
        let run = home.run(crawl(&[], &args));
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stderr.contains(none), "{run:#?}");
        assert_eq!(home.read("report.json"), "[]");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_on_standard_output_is_json_alone() {
    let shop = shop(&NORTH_LOFT, 20, FaultPlan::none()).await;
    let home = Home::new();
    let reports: Value = serde_json::from_str(&home.ok(crawl(
        &[&shop.url()],
        &["--json", "--out", "a/b/report.json"],
    )))
    .unwrap();
    assert_eq!(reports[0]["outcome"]["outcome"], "complete");
    assert_eq!(reports[0]["counts"]["products"], 20);
    let saved: Value = serde_json::from_str(&home.read("a/b/report.json")).unwrap();
    assert_eq!(saved, reports);
    let ranked: Value =
        serde_json::from_str(&home.ok(["rank", "--json", "--in", "a/b/report.json", "-k", "3"]))
            .unwrap();
    assert_eq!(ranked["rows"].as_array().unwrap().len(), 3);
    assert_eq!(ranked["popularity_source"], "unavailable");
    let check: Value = serde_json::from_str(&home.ok(["check", "--json"])).unwrap();
    assert_eq!(check["stats"]["n_products"], 20);
    assert_eq!(check["warnings"], Value::Array(vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose_what_is_ranked_and_mixed_currencies_are_warned_of() {
    let pounds = shop(&NORTH_LOFT, 60, FaultPlan::none()).await;
    let yen = shop(&KUMO_STATIONERY, 40, FaultPlan::none()).await;
    let home = Home::new();
    home.ok(crawl(&[&pounds.url(), &yen.url()], &[]));
    let mixed = home.run(["rank", "--preset", "classic"]);
    assert_eq!(mixed.code, Some(0));
    assert!(mixed.stderr.contains("--currency GBP"), "{mixed:#?}");
    let one = home.run([
        "rank",
        "--currency",
        "jpy",
        "--in-stock",
        "--price-min",
        "300",
        "-k",
        "100",
    ]);
    assert!(one.stderr.is_empty(), "{one:#?}");
    let csv = home.read("top_k.csv");
    assert!(csv.lines().skip(1).all(|line| line.contains(",JPY,")));
    let by_shop = home.ok(["rank", "--shop", &pounds.url(), "--out", "-"]);
    assert!(by_shop.lines().skip(1).all(|line| line.contains(",GBP,")));
    home.run(["rank", "--vendor", "nobody at all"])
        .assert_fails(1, &["no product in", "passes these filters"]);
    home.run(["rank", "--currency", "EURO"])
        .assert_fails(2, &["three-letter currency code"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_crawl_exits_with_3_and_goes_on() {
    let shop = shop(
        &NORTH_LOFT,
        700,
        FaultPlan::none().fault(On::page(3).nth(1), Fault::Hang),
    )
    .await;
    let home = Home::new();
    let child = home
        .command(crawl(&[&shop.url()], &["--any-outcome", "--full"]))
        .spawn()
        .unwrap();
    shop.wait_for_requests(5).await;
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let run = crate::program::Run::from(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(run.stdout.contains("partial (interrupted)"), "{run:#?}");
    let how = "run the command again without --full to go on";
    assert!(run.stderr.contains(how), "{run:#?}");
    assert_eq!(home.ok(["export", "products"]).lines().count(), 501);
    home.ok(crawl(&[&shop.url()], &[]));
    assert_eq!(home.ok(["export", "products"]).lines().count(), 701);
    assert_eq!(
        shop.requests().last().unwrap().path,
        "/products.json?limit=250&page=3"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_takes_hours_keeps_no_other_from_its_turn() {
    let mut shops = Vec::new();
    for _ in 0..4 {
        shops.push(shop(&NORTH_LOFT, 30, FaultPlan::none()).await);
    }
    shops.sort_by_key(|it| it.url());
    let hours = FaultPlan::none().fault(On::page(1), Fault::retry_after(429, "3600"));
    shops[0].set_plan(hours);
    let urls: Vec<String> = shops.iter().map(|it| it.url()).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let home = Home::new();
    let mut command = home.command(crawl(&urls, &[]));
    command.env("TROUVAILLE__CRAWL__CONCURRENCY", "2");
    let mut child = command.spawn().unwrap();
    for shop in &shops[1..] {
        shop.wait_for_requests(3).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_crawl_ends_in_the_same_bytes_as_an_undisturbed_one() {
    let shop = shop(&NORTH_LOFT, 900, FaultPlan::none()).await;
    let (killed, undisturbed) = (Home::new(), Home::new());
    undisturbed.ok(crawl(&[&shop.url()], &[]));
    for page in 1..=4 {
        shop.set_plan(FaultPlan::none().fault(On::page(page).nth(1), Fault::Hang));
        let n_before = shop.requests().len();
        let mut child = killed.command(crawl(&[&shop.url()], &[])).spawn().unwrap();
        // /meta.json, the page that hung in the run before, and the one that hangs; in the first run robots.txt.
        shop.wait_for_requests(n_before + 3).await;
        // Readers in other processes see whole pages while a crawl is under way.
        if page > 1 {
            let n_stored = killed.ok(["export", "products"]).lines().count() - 1;
            assert_eq!(n_stored, 250 * (page as usize - 1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    shop.set_plan(FaultPlan::none());
    killed.ok(crawl(&[&shop.url()], &[]));
    for list in ["products", "crawls"] {
        let lists = (
            killed.ok(["export", list]),
            undisturbed.ok(["export", list]),
        );
        assert_eq!(lists.0, lists.1, "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_command_called_again_does_only_what_was_left() {
    let done = shop(&NORTH_LOFT, 20, FaultPlan::none()).await;
    let hangs = FaultPlan::none().fault(On::page(2).nth(1), Fault::Hang);
    let left = shop(&NORTH_LOFT, 300, hangs).await;
    let home = Home::new();
    let urls = [done.url(), left.url()];
    let args = crawl(&[&urls[0], &urls[1]], &[]);
    let mut child = home.command(&args).spawn().unwrap();
    done.wait_for_requests(3).await;
    left.wait_for_requests(4).await;
    let is_stored = || home.run(["check"]).stdout.contains("complete");
    while !is_stored() {}
    child.kill().unwrap();
    child.wait().unwrap();
    home.ok(&args);
    assert_eq!(
        done.requests().len(),
        3,
        "robots.txt, /meta.json and one page, all of them before the kill"
    );
    assert_eq!(home.ok(["export", "crawls"]).lines().count(), 3);
    // Nothing is left of that command now, so the next one is a new one.
    home.ok(&args);
    assert_eq!(home.ok(["export", "crawls"]).lines().count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_gives_what_a_crawl_gives() {
    let catalogue = Catalogue::generate(&ATELIER_LUMEN, 270, 5).with_currency(None);
    let document = catalogue.to_json();
    let lines: Vec<String> = (0..270)
        .map(|index| catalogue.product(index).unwrap().to_string())
        .collect();
    let shop = FakeShop::start(catalogue, FaultPlan::none()).await.unwrap();
    let (crawled, imported, from_lines) = (Home::new(), Home::new(), Home::new());
    crawled.ok(crawl(&[&shop.url()], &[]));
    imported.write("saved.json", document);
    imported.ok(["import", "saved.json", "--shop", &shop.url()]);
    from_lines.write("saved.jsonl", lines.join("\n"));
    from_lines.ok(["import", "saved.jsonl", "--shop", &shop.url()]);
    let products = crawled.ok(["export", "products"]);
    assert_eq!(products.lines().count(), 271);
    assert_eq!(imported.ok(["export", "products"]), products);
    assert_eq!(from_lines.ok(["export", "products"]), products);
}

#[test]
fn saved_files_rank_without_a_store_as_they_do_with_one() {
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, 120, 5);
    home.write("loft.json", catalogue.to_json());
    let lines: Vec<String> = (0..120)
        .map(|index| catalogue.product(index).unwrap().to_string())
        .collect();
    home.write("loft.jsonl", lines.join("\n"));
    home.ok(["import", "loft.json"]);
    let stored = home.ok(["rank", "--out", "-"]);
    assert_eq!(home.ok(["rank", "loft.json", "--out", "-"]), stored);
    assert_eq!(home.ok(["rank", "loft.jsonl", "--out", "-"]), stored);
    let classic = ["rank", "loft.jsonl", "--preset", "classic", "--out", "-"];
    let stored = home.ok(["rank", "--preset", "classic", "--out", "-"]);
    assert_eq!(home.ok(classic), stored);
    let by_vendor = home.ok([&classic[..], &["--shop-by", "vendor"]].concat());
    let scores = |csv: &str| -> Vec<String> {
        csv.lines()
            .map(|line| line.split(',').take(2).collect::<Vec<_>>().join(","))
            .collect()
    };
    assert_eq!(scores(&by_vendor), scores(&stored));
    assert_ne!(by_vendor, stored);
}

#[test]
fn files_that_cannot_be_read_are_named_and_the_others_are_imported() {
    let home = Home::new();
    let good = Catalogue::generate(&NORTH_LOFT, 10, 5).to_json();
    home.write("good.json", &good);
    home.write("cut.json", &good[..good.len() / 2]);
    home.write("page.json", "<!doctype html><title>Not here</title>");
    let run = home.run([
        "import",
        "good.json",
        "cut.json",
        "page.json",
        "missing.json",
    ]);
    assert_eq!(run.code, Some(3), "{run:#?}");
    for words in [
        "cut.json: damaged JSON",
        "page.json: not JSON",
        "missing.json: No such file",
    ] {
        assert!(run.stdout.contains(words), "{words:?} is not in {run:#?}");
    }
    assert_eq!(home.ok(["export", "products"]).lines().count(), 11);
    home.run(["import", "cut.json"]).assert_fails(1, &[]);
}

#[test]
fn bad_products_are_counted_and_the_good_ones_are_kept() {
    let home = Home::new();
    home.write(
        "mixed.json",
        r#"{"products":[
            {"id":1,"title":"good","variants":[{"id":11,"price":"5.00","available":true}]},
            {"id":1,"title":"twice","variants":[]},
            {"id":2,"title":"negative","variants":[{"id":21,"price":"-5.00","available":true}]},
            {"title":"no id"},
            "not even an object"
        ]}"#,
    );
    let run: Value = serde_json::from_str(&home.ok(["import", "mixed.json", "--json"])).unwrap();
    assert_eq!(run[0]["counts"]["products"], 2);
    assert_eq!(run[0]["counts"]["problems"], 4);
    let check = home.ok(["check"]);
    for kind in ["2 product_refused", "1 duplicate", "1 price"] {
        assert!(check.contains(kind), "{kind:?} is not in {check}");
    }
}

#[test]
fn lists_come_in_three_forms() {
    let home = Home::new();
    home.write(
        "loft.json",
        Catalogue::generate(&NORTH_LOFT, 5, 5).to_json(),
    );
    home.ok(["import", "loft.json"]);
    home.ok([
        "export",
        "products",
        "--format",
        "excel",
        "--out",
        "new/folder/list.csv",
    ]);
    assert!(
        home.read("new/folder/list.csv")
            .starts_with("\u{feff}id;title;")
    );
    for line in home.ok(["export", "products", "--format", "jsonl"]).lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["avg_price"].is_number());
    }
    let crawls = home.ok(["export", "crawls"]);
    assert!(crawls.starts_with("shop,n,outcome,"));
    assert!(crawls.contains("loft,1,complete,"));
}

#[test]
fn settings_come_from_flag_then_environment_then_file() {
    let home = Home::new();
    home.write(
        "loft.json",
        Catalogue::generate(&NORTH_LOFT, 30, 5).to_json(),
    );
    home.write("my.toml", "[rank]\nk = 4\n");
    let n_rows = |args: &[&str], env: Option<&str>| {
        let mut command = home.command([&["rank", "loft.json", "--out", "-"], args].concat());
        if let Some(value) = env {
            command.env("TROUVAILLE__RANK__K", value);
        }
        let run = crate::program::Run::from(command.output().unwrap());
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.stdout.lines().count() - 1
    };
    assert_eq!(n_rows(&[], None), 30);
    assert_eq!(n_rows(&["--config", "my.toml"], None), 4);
    assert_eq!(n_rows(&["--config", "my.toml"], Some("3")), 3);
    assert_eq!(n_rows(&["--config", "my.toml", "-k", "2"], Some("3")), 2);
}
