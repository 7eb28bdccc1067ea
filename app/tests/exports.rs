//! `export history` and `export changes`: every kind of row, worked out by hand.

use catalog::{CrawlKey, LeaseAnswer, ShopKey, UnixMs};
use serde_json::Value;
use store::OpenMode;

use crate::past::{MORNINGS, PastShop, run_at};
use crate::program::Home;

const STORE: &str = "sqlite:past.db";

fn export(home: &Home, args: &[&str]) -> String {
    home.ok([&["export"], args, &["--store", STORE]].concat())
}

/// Returns `csv` with `h1`, `h2`, … for its content hashes, in the order in which they come.
fn with_numbered_hashes(csv: &str) -> String {
    let is_hash = |cell: &str| cell.len() == 32 && cell.bytes().all(|it| it.is_ascii_hexdigit());
    let mut hashes: Vec<&str> = Vec::new();
    for cell in csv.split([',', '\r', '\n']).filter(|cell| is_hash(cell)) {
        if !hashes.contains(&cell) {
            hashes.push(cell);
        }
    }
    let numbered = hashes.iter().zip(1..);
    numbered.fold(csv.to_owned(), |csv, (hash, n)| {
        csv.replace(hash, &format!("h{n}"))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_change_is_told_with_its_prices() {
    let home = Home::new();
    let past = PastShop::crawled(&home, STORE).await;
    let changes = past.anonymous(&export(&home, &["changes", "--since", "2026-11-01"]));
    assert_eq!(
        changes.replace("\r\n", "\n"),
        r#"observed_at,change,product_id,shop,title,vendor,product_type,variant,price_before,price_after,price_change_percent,compare_at_before,compare_at_after,currency,url,place_before,place_after,place_source,places_read,stock_before,stock_after
2026-11-01T08:00:00Z,new,shopify:SHOP:1,SHOP,Lamp,Nord,Light,,,20.00,,,,EUR,URL/products/p1,,,,,,
2026-11-01T08:00:00Z,new,shopify:SHOP:2,SHOP,"'=1+1, ""so""",'@home,,,,10.00,,,,EUR,URL/products/p2,,,,,,
2026-11-01T08:00:00Z,new,shopify:SHOP:3,SHOP,Mug,Nord,,,,5.00,,,,EUR,URL/products/p3,,,,,,
2026-11-01T08:00:00Z,new,shopify:SHOP:4,SHOP,Vase,Süd,,,,8.00,,,,EUR,URL/products/p4,,,,,,
2026-11-02T08:00:00Z,cheaper,shopify:SHOP:1,SHOP,Lamp,Nord,Light,11,20.00,17.50,-12.5,,20.00,EUR,URL/products/p1,,,,,,
2026-11-02T08:00:00Z,discount_start,shopify:SHOP:1,SHOP,Lamp,Nord,Light,11,20.00,17.50,-12.5,,20.00,EUR,URL/products/p1,,,,,,
2026-11-02T08:00:00Z,sold_out,shopify:SHOP:1,SHOP,Lamp,Nord,Light,12,30.00,30.00,0.0,,,EUR,URL/products/p1,,,,,,
2026-11-02T08:00:00Z,restocked,shopify:SHOP:2,SHOP,"'=1+1, ""so""",'@home,,21,10.00,10.00,0.0,,,EUR,URL/products/p2,,,,,,
2026-11-02T08:00:00Z,gone,shopify:SHOP:4,SHOP,Vase,Süd,,,8.00,,,,,EUR,URL/products/p4,,,,,,
2026-11-03T08:00:00Z,dearer,shopify:SHOP:1,SHOP,Lamp,Nord,Light,11,17.50,20.00,14.3,20.00,,EUR,URL/products/p1,,,,,,
2026-11-03T08:00:00Z,discount_end,shopify:SHOP:1,SHOP,Lamp,Nord,Light,11,17.50,20.00,14.3,20.00,,EUR,URL/products/p1,,,,,,
2026-11-03T08:00:00Z,back,shopify:SHOP:4,SHOP,Vase,Süd,,,,9.00,,,,EUR,URL/products/p4,,,,,,
2026-11-03T08:00:00Z,dearer,shopify:SHOP:4,SHOP,Vase,Süd,,41,8.00,9.00,12.5,,,EUR,URL/products/p4,,,,,,
2026-11-03T08:00:00Z,new,shopify:SHOP:5,SHOP,Chair,Süd,Seats,,,99.00,,,,EUR,URL/products/p5,,,,,,
2026-11-03T09:30:00Z,restocked,shopify:SHOP:1,SHOP,Lamp,Nord,Light,13,25.00,25.00,0.0,,,EUR,URL/products/p1,,,,,,
"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_found_by_words_in_the_order_asked_for() {
    let home = Home::new();
    let past = PastShop::crawled(&home, STORE).await;
    let titles = |args: &[&str]| -> Vec<String> {
        let lines = past.anonymous(&export(&home, &[&["products", "--json"], args].concat()));
        let title = |line: &str| serde_json::from_str::<Value>(line).unwrap()["title"].take();
        let titles = lines.lines().map(title);
        titles.map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        titles(&["--search", "sud", "--sort", "dearest"]),
        ["Chair", "Vase"]
    );
    assert_eq!(
        titles(&["--search", "SÜD", "--sort", "cheapest"]),
        ["Vase", "Chair"]
    );
    assert_eq!(titles(&["--search", "nor lam"]), ["Lamp"]);
    assert!(titles(&["--search", "ord"]).is_empty(), "inside of a word");
    assert_eq!(titles(&["--sort", "cheapest"])[0], "Mug");
    assert_eq!(titles(&["--search", "nord", "--price-max", "10"]), ["Mug"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_has_every_observation_of_every_product() {
    let home = Home::new();
    let past = PastShop::crawled(&home, STORE).await;
    observe_rank(&home, &past.key().parse().unwrap()).await;
    let history = past.anonymous(&export(&home, &["history"]));
    assert_eq!(
        with_numbered_hashes(&history).replace("\r\n", "\n"),
        r#"product_id,shop,title,vendor,product_type,variant,n,observed_at,kind,price_before,price_after,compare_at_before,compare_at_after,currency,available_before,available_after,rank,content_hash,crawl,rank_source,places_read,stock_before,stock_after
shopify:SHOP:1,SHOP,Lamp,Nord,Light,,1,2026-11-01T08:00:00Z,new,,20.00,,,EUR,,true,,h1,1,,,,
shopify:SHOP:1,SHOP,Lamp,Nord,Light,11,2,2026-11-02T08:00:00Z,changed,20.00,17.50,,20.00,EUR,true,true,,h2,2,,,,
shopify:SHOP:1,SHOP,Lamp,Nord,Light,12,3,2026-11-02T08:00:00Z,changed,30.00,30.00,,,EUR,true,false,,h2,2,,,,
shopify:SHOP:1,SHOP,Lamp,Nord,Light,11,4,2026-11-03T08:00:00Z,changed,17.50,20.00,20.00,,EUR,true,true,,h3,3,,,,
shopify:SHOP:1,SHOP,Lamp,Nord,Light,13,5,2026-11-03T08:00:00Z,changed,,25.00,,,EUR,,false,,h3,3,,,,
shopify:SHOP:1,SHOP,Lamp,Nord,Light,12,6,2026-11-03T08:00:00Z,changed,30.00,,,,EUR,false,,,h3,3,,,,
shopify:SHOP:1,SHOP,Lamp,Nord,Light,13,7,2026-11-03T09:30:00Z,changed,25.00,25.00,,,EUR,false,true,,h4,4,,,,
shopify:SHOP:1,SHOP,Lamp,Nord,Light,,8,2026-11-03T09:30:00Z,ranked,,,,,,,,2,,4,storefront_api,,,
shopify:SHOP:2,SHOP,"'=1+1, ""so""",'@home,,,1,2026-11-01T08:00:00Z,new,,10.00,,,EUR,,false,,h5,1,,,,
shopify:SHOP:2,SHOP,"'=1+1, ""so""",'@home,,21,2,2026-11-02T08:00:00Z,changed,10.00,10.00,,,EUR,false,true,,h6,2,,,,
shopify:SHOP:3,SHOP,Mug,Nord,,,1,2026-11-01T08:00:00Z,new,,5.00,,,EUR,,true,,h7,1,,,,
shopify:SHOP:4,SHOP,Vase,Süd,,,1,2026-11-01T08:00:00Z,new,,8.00,,,EUR,,true,,h8,1,,,,
shopify:SHOP:4,SHOP,Vase,Süd,,,2,2026-11-02T08:00:00Z,gone,8.00,,,,EUR,true,,,,2,,,,
shopify:SHOP:4,SHOP,Vase,Süd,,,3,2026-11-03T08:00:00Z,back,,9.00,,,EUR,,true,,h9,3,,,,
shopify:SHOP:4,SHOP,Vase,Süd,,41,4,2026-11-03T08:00:00Z,changed,8.00,9.00,,,EUR,true,true,,h9,3,,,,
shopify:SHOP:5,SHOP,Chair,Süd,Seats,,1,2026-11-03T08:00:00Z,new,,99.00,,,EUR,,true,,h10,3,,,,
"#
    );
}

/// Has the shop's newest pass see the lamp in second place of its best-selling order.
async fn observe_rank(home: &Home, shop: &ShopKey) {
    let uri = format!("sqlite:{}", home.path().join("past.db").display());
    let store = store::open(&uri, OpenMode::Existing).await.unwrap();
    let LeaseAnswer::Granted(lease) = store.lease_shop(shop, "test", 60_000, None).await.unwrap()
    else {
        unreachable!("nobody has the lease");
    };
    let status = store.shops().await.unwrap().remove(0);
    let crawl = CrawlKey {
        shop: shop.clone(),
        n: 4,
    };
    assert_eq!(status.last_crawl.unwrap().key, crawl);
    let ticket = catalog::CrawlTicket {
        crawl,
        epoch: lease.epoch,
    };
    let lamp = format!("shopify:{shop}:1").parse().unwrap();
    let at = UnixMs::parse(MORNINGS[3]).unwrap();
    let n = store
        .observe_ranks(
            &ticket,
            &[(lamp, 2)],
            None,
            catalog::RankSource::StorefrontApi,
            at,
        )
        .await;
    assert_eq!(n.unwrap(), 1);
    store.release_lease(&lease).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn time_shop_product_and_kind_choose_what_is_listed() {
    let home = Home::new();
    let past = PastShop::crawled(&home, STORE).await;
    let n_rows = |args: &[&str]| export(&home, args).lines().count() - 1;
    let vase = format!("shopify:{}:4", past.key());
    assert_eq!(n_rows(&["history"]), 15);
    assert_eq!(n_rows(&["history", "--product", &vase]), 4);
    assert_eq!(n_rows(&["history", "--since", "2026-11-03"]), 7);
    assert_eq!(
        n_rows(&["history", "--since", "2026-11-03T08:00:00.001Z"]),
        1
    );
    assert_eq!(n_rows(&["history", "--shop", &past.shop.url()]), 15);
    assert_eq!(
        n_rows(&["history", "--product", &vase, "--since", "2026-11-03"]),
        2
    );
    let since = ["changes", "--since", "2026-11-01"];
    let some = [&since[..], &["--kind", "gone", "--kind", "sold_out"]].concat();
    let some = export(&home, &some);
    let kinds: Vec<&str> = some
        .lines()
        .map(|it| it.split(',').nth(1).unwrap())
        .collect();
    assert_eq!(kinds, ["change", "sold_out", "gone"]);
    let elsewhere = [&since[..], &["--shop", "none.example", "--store", STORE]].concat();
    let elsewhere = home.run([&["export"], &elsewhere[..]].concat());
    assert_eq!(elsewhere.stdout.lines().count(), 1, "{elsewhere:#?}");
    elsewhere.assert_fails(0, &["no shop none.example in the store"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_since_the_changes_are_those_of_the_last_seven_days() {
    let home = Home::new();
    let _past = PastShop::crawled(&home, STORE).await;
    let at = |now| run_at(now, &home, ["export", "changes", "--store", STORE]);
    let run = at("2026-11-09T08:00:00Z");
    run.assert_fails(
        0,
        &["changes of the last 7 days, since 2026-11-02T08:00:00Z"],
    );
    assert_eq!(run.stdout.lines().count() - 1, 11);
    assert_eq!(at("2026-11-10T08:00:00.001Z").stdout.lines().count() - 1, 1);
    let week = ["export", "changes", "--since", "1w", "--store", STORE];
    let asked_for = run_at("2026-11-09T08:00:00Z", &home, week);
    assert_eq!(asked_for.stdout, run.stdout);
    assert_eq!(asked_for.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_have_types_and_excel_has_its_own_marks() {
    let home = Home::new();
    let _past = PastShop::crawled(&home, STORE).await;
    let lines = |args: &[&str]| -> Vec<Value> {
        let jsonl = export(&home, &[args, &["--format", "jsonl"]].concat());
        jsonl
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let row = &lines(&["history"])[1];
    assert_eq!(row["n"], 2);
    assert_eq!(row["crawl"], 2);
    assert_eq!(row["price_after"], "17.50");
    assert_eq!(row["currency"], "EUR");
    assert_eq!(row["available_after"], true);
    assert_eq!(row["compare_at_before"], Value::Null);
    assert_eq!(row["rank"], Value::Null);
    let row = &lines(&["changes", "--since", "2026-11-02"])[0];
    assert_eq!(row["change"], "cheaper");
    assert_eq!(row["price_change_percent"], -12.5);
    let changes = ["changes", "--since", "2026-11-02", "--format", "excel"];
    let excel = export(&home, &changes);
    assert!(excel.starts_with("\u{feff}observed_at;change;"));
    assert!(
        excel.contains(";11;20,00;17,50;-12,5;;20,00;EUR;"),
        "{excel}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_question_is_answered_with_what_is_right() {
    let home = Home::new();
    let _past = PastShop::crawled(&home, STORE).await;
    let fails = |args: &[&str], code, words: &[&str]| {
        let run = home.run([&["export"], args, &["--store", STORE]].concat());
        run.assert_fails(code, words);
        assert_eq!(run.stdout, "");
    };
    let unknown = [
        "history",
        "--product",
        "shopify:none.example:1",
        "--out",
        "x.csv",
    ];
    let advice = "`trouvaille export products` lists the ids";
    fails(&unknown, 1, &["no product shopify:none.example:1", advice]);
    assert!(!home.path().join("x.csv").exists());
    fails(&["history", "--product", "lamp"], 2, &["not a product id"]);
    fails(&["changes", "--since", "soon"], 2, &["2026-11-01 (UTC)"]);
    fails(&["changes", "--kind", "better"], 2, &["discount_start"]);
    fails(&["products", "--since", "7d"], 2, &["--since is for"]);
    fails(&["crawls", "--search", "x"], 2, &["--search and --sort"]);
    fails(&["products", "--sort", "best"], 2, &["cheapest"]);
    fails(&["crawls", "--shop", "a.example"], 2, &["filters are for"]);
    fails(&["changes", "--vendor", "x"], 2, &["take --shop"]);
    fails(
        &["changes", "--product", "shopify:a:1"],
        2,
        &["--product is"],
    );
    fails(&["history", "--kind", "new"], 2, &["--kind is"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_takes_the_place_of_a_store() {
    let home = Home::new();
    PastShop::crawled(&home, STORE).await;
    let before = export(&home, &["products", "--out", "-"]);
    for args in [
        &["export", "products", "--out", "past.db"][..],
        &["report", "--out", "past.db"],
    ] {
        let run = home.run([args, &["--store", STORE]].concat());
        assert_eq!(run.code, Some(1), "{run:#?}");
        let told = "cannot write past.db: it is a SQLite database";
        assert!(run.stderr.contains(told), "{run:#?}");
    }
    assert_eq!(export(&home, &["products", "--out", "-"]), before);
}
