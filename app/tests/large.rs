//! Shops that are larger than what Shopify lists, through the program as a whole, counted on the shop's side.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use catalog::ProductId;
use crawler::shop_at;
use testkit::{Catalogue, FakeShop, Fault, FaultPlan, early_requests};

use crate::kills::{MOST_KILLS, Random, Running, seeds};
use crate::program::{Home, NOW, PROGRAM};
use crate::stored::{Stored, ids_of};

/// Returns so many products, each as small as one with a price can be.
pub(crate) fn small(n_products: usize) -> Catalogue {
    let mut document = String::from("{\"products\":[");
    for id in 1..=n_products {
        let comma = if id == 1 { "" } else { "," };
        write!(
            document,
            "{comma}{{\"id\":{id},\"title\":\"x\",\"handle\":\"p-{id}\",\"updated_at\":\"2025-01-02T03:04:05Z\",\
             \"variants\":[{{\"id\":{id},\"price\":\"9.90\",\"available\":true}}]}}"
        )
        .unwrap();
    }
    document.push_str("]}");
    let catalogue = Catalogue::from_json(document.as_bytes()).unwrap();
    catalogue.with_currency(Some("EUR"))
}

fn crawl<'a>(url: &'a str, store: &'a str) -> [&'a str; 8] {
    let rest = ["--allow-private", "127.0.0.0/8", "--rps", "unlimited"];
    let [private, network, rps, rate] = rest;
    ["crawl", url, private, network, rps, rate, "--store", store]
}

#[tokio::test(flavor = "multi_thread")]
async fn all_60_000_products_of_a_large_shop_are_found_in_few_requests() {
    let shop = FakeShop::start(small(60_000), FaultPlan::none())
        .await
        .unwrap();
    let home = Home::new();
    let report = home.ok(crawl(&shop.url(), "sqlite:shop.db"));
    assert!(report.contains("complete"), "{report}");
    let exported = home.ok(["export", "products", "--store", "sqlite:shop.db"]);
    assert_eq!(exported.lines().count(), 1 + 60_000);

    let requests = shop.requests();
    let n_asked = |part: &str| requests.iter().filter(|it| it.path.contains(part)).count();
    // A hundred pages to the wall, and one behind it; 14 files; six shelves of 40 pages; some that show who sells best.
    assert_eq!(n_asked("/products.json?limit=250&page=101"), 1);
    assert_eq!(n_asked("/sitemap_products_"), 12);
    assert!(n_asked("/products/") <= 50, "{}", n_asked("/products/"));
    assert!(shop.n_requests() <= 500, "{}", shop.n_requests());
    assert_eq!(early_requests(&requests).len(), 0);
    assert_eq!(shop.most_in_flight(), 1);
}

/// Kills fall into the collections, the feed, the sitemap and the products that it names.
#[tokio::test(flavor = "multi_thread")]
async fn crawls_around_a_closed_list_that_are_killed_end_as_undisturbed_ones() {
    let catalogue = small(1_100);
    let plan = FaultPlan::none()
        .closed_list(Fault::status(404))
        .latency(Duration::from_millis(5));
    let shop = FakeShop::start(catalogue.clone(), plan).await.unwrap();
    let url = shop.url();
    let ids: Vec<ProductId> = ids_of(&catalogue, &shop_at(&url).unwrap().key);
    let home = Home::new();
    home.ok(crawl(&url, "sqlite:undisturbed.db"));
    let n_usual = shop.n_requests();
    let mut n_kills = 0;
    for seed in seeds() {
        let mut random = Random(seed);
        let db = format!("killed-{seed}.db");
        let store = format!("sqlite:{db}");
        for _ in 0..MOST_KILLS {
            let mut command = home.bare_command(Path::new(PROGRAM));
            command.args(crawl(&url, &store)).args(["--now", NOW]);
            let n_before = shop.n_requests();
            let mut run = Running::start(command);
            let n_requests = n_before + random.below(n_usual as u64) as usize;
            tokio::select! {
                () = shop.wait_for_requests(n_requests) => {}
                () = run.end() => {}
            }
            n_kills += usize::from(run.kill().await);
            run.assert_killed_or_well(seed).await;
        }
        home.ok(crawl(&url, &store));
        let killed = Stored::of(&home, &db, &ids).await.without_passes();
        let expected = Stored::of(&home, "undisturbed.db", &ids)
            .await
            .without_passes();
        killed.assert_same(&expected, seed);
    }
    assert!(n_kills > 0, "nobody was killed");
    println!("soak: routes: {n_kills} kills");
}
