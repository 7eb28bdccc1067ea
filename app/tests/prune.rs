//! `prune`: old observations become fewer, and no change of a price is lost.

use serde_json::{Value, json};
use testkit::{Catalogue, FakeShop, FaultPlan};

use crate::past::{PastShop, run_at};
use crate::program::Home;

const STORE: &str = "sqlite:past.db";

/// What one product's only variant offers through two days, and when: the price, and whether it is available.
const OFFERS: [(&str, &str, bool); 8] = [
    ("2026-03-01T06:00:00Z", "10.00", true),
    ("2026-03-01T08:00:00Z", "10.00", false),
    ("2026-03-01T10:00:00Z", "10.00", true),
    ("2026-03-01T12:00:00Z", "9.00", true),
    ("2026-03-01T14:00:00Z", "9.00", false),
    ("2026-03-01T16:00:00Z", "9.00", true),
    ("2026-03-02T08:00:00Z", "9.00", false),
    ("2026-03-02T10:00:00Z", "9.00", true),
];

/// Ninety days later: the first day is old, the second is not.
const NOW: &str = "2026-05-31T00:00:00Z";

fn catalogue(price: &str, available: bool) -> Catalogue {
    let document = json!({"products": [{
        "id": 1,
        "title": "Lamp",
        "variants": [{"id": 11, "price": price, "available": available}],
    }]});
    Catalogue::from_json(document.to_string().as_bytes()).unwrap()
}

async fn crawled(home: &Home) -> PastShop {
    let shop = FakeShop::start(catalogue("10.00", true), FaultPlan::none());
    let past = PastShop {
        shop: shop.await.unwrap(),
    };
    for (now, price, available) in OFFERS {
        past.shop.set_catalogue(catalogue(price, available));
        past.crawl(home, STORE, now);
    }
    past
}

/// Returns when each observation was made.
fn observed(home: &Home) -> Vec<String> {
    let history = home.ok(["export", "history", "--store", STORE]);
    let rows = history.lines().skip(1);
    rows.map(|row| row.split(',').nth(7).unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_days_keep_their_last_stock_and_every_price() {
    let home = Home::new();
    let _past = crawled(&home).await;
    let prune = |args: &[&str]| {
        let args = [&["prune", "--keep", "90d", "--store", STORE], args].concat();
        let run = run_at(NOW, &home, args);
        run.assert_fails(0, &[]);
        run.stdout
    };
    let all = OFFERS.map(|(at, _, _)| at);
    assert_eq!(observed(&home), all);

    let rehearsed = prune(&["--dry-run"]);
    let looked = "looked at 6 old observations of 8 in ";
    assert!(rehearsed.starts_with(looked), "{rehearsed}");
    let would = "past.db, would remove 2; every change of a price was kept\n";
    assert!(rehearsed.ends_with(would), "{rehearsed}");
    assert_eq!(observed(&home), all, "a rehearsal removes nothing");

    let pruned: Value = serde_json::from_str(&prune(&["--json"])).unwrap();
    assert_eq!(pruned["observations"], 8);
    assert_eq!(pruned["old"], 6);
    assert_eq!(pruned["removed"], 2);
    assert_eq!(pruned["before"], "2026-03-02T00:00:00Z");
    assert_eq!(pruned["dry_run"], false);
    // The last restock of the first day, and what sold out before it.
    let kept = [all[0], all[3], all[4], all[5], all[6], all[7]];
    assert_eq!(observed(&home), kept);

    let again = prune(&[]);
    let nothing = "looked at 4 old observations of 6 in ";
    assert!(again.starts_with(nothing), "{again}");
    assert!(again.contains(", removed 0;"), "{again}");
    assert_eq!(observed(&home), kept);
}

#[test]
fn prune_asks_for_an_age_of_at_least_a_day_and_a_store() {
    let home = Home::new();
    home.run(["prune"]).assert_fails(2, &["--keep <AGE>"]);
    home.run(["prune", "--keep", "23h"])
        .assert_fails(2, &["at least 1d"]);
    home.run(["prune", "--keep", "2026-01-01"])
        .assert_fails(2, &["such as 90d"]);
    home.run(["prune", "--keep", "90d"])
        .assert_fails(1, &["trouvaille.db"]);
    let help = home.ok(["prune", "--help"]);
    assert!(help.contains("Examples:\n  trouvaille prune "), "{help}");
}
