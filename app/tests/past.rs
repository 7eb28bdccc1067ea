//! A shop with a past: what it offered on four mornings, crawled each time, and the lists that show it.

use std::process::Stdio;

use serde_json::{Value, json};
use testkit::{Catalogue, FakeShop, FaultPlan};

use crate::program::{Home, PROGRAM, Run};

/// When the shop was crawled.
pub(crate) const MORNINGS: [&str; 4] = [
    "2026-11-01T08:00:00Z",
    "2026-11-02T08:00:00Z",
    "2026-11-03T08:00:00Z",
    "2026-11-03T09:30:00Z",
];

/// All lists, each with what makes it whole.
pub(crate) const LISTS: [&[&str]; 8] = [
    &["products"],
    &["products", "--search", "NÖRD", "--sort", "dearest"],
    &["top-k"],
    &["history"],
    &["changes", "--since", "2000-01-01"],
    &["crawls"],
    &["problems"],
    &["segments"],
];

/// A shop whose name in ids and URLs is another one in every run.
#[derive(Debug)]
pub(crate) struct PastShop {
    pub(crate) shop: FakeShop,
}

impl PastShop {
    /// Starts the shop and crawls it on each of its mornings into `store`, ranks it, and leaves some problems there.
    pub(crate) async fn crawled(home: &Home, store: &str) -> Self {
        let shop = FakeShop::start(catalogue(0), FaultPlan::none())
            .await
            .unwrap();
        let past = Self { shop };
        for (morning, now) in MORNINGS.into_iter().enumerate() {
            past.shop.set_catalogue(catalogue(morning));
            past.crawl(home, store, now);
        }
        let rank = ["rank", "--store", store, "--out", "-"];
        assert_eq!(run_at(MORNINGS[3], home, rank).code, Some(0));
        past
    }

    /// Crawls the shop as it is at `now`.
    pub(crate) fn crawl(&self, home: &Home, store: &str, now: &str) {
        let url = self.shop.url();
        let args = ["crawl", &url, "--store", store, "--rps", "unlimited"];
        let run = run_at(
            now,
            home,
            args.iter().chain(&["--allow-private", "127.0.0.0/8"]),
        );
        assert_eq!(run.code, Some(0), "{run:#?}");
    }

    /// Returns the shop's key.
    pub(crate) fn key(&self) -> String {
        self.shop.addr().to_string().replace(':', "%3A")
    }

    /// Returns `list` with `SHOP` for the shop's key and `URL` for its address.
    pub(crate) fn anonymous(&self, list: &str) -> String {
        list.replace(&self.key(), "SHOP")
            .replace(&self.shop.url(), "URL")
    }
}

/// Returns what the shop offers on one of its mornings.
///
/// A lamp: 11 gets cheaper and discounted, dearer again; 12 sells out and disappears, 13 appears, sells out and
/// comes back. A sum, whose title is a formula: restocked. A mug that never changes. A
/// vase: gone, and back at another price. A chair that is new on the third morning. Something without an id.
pub(crate) fn catalogue(morning: usize) -> Catalogue {
    let lamp = match morning {
        0 => json!([
            variant(11, "20.00", None, true),
            variant(12, "30.00", None, true)
        ]),
        1 => json!([
            variant(11, "17.50", Some("20.00"), true),
            variant(12, "30.00", None, false)
        ]),
        2 => json!([
            variant(11, "20.00", None, true),
            variant(13, "25.00", None, false)
        ]),
        _ => json!([
            variant(11, "20.00", None, true),
            variant(13, "25.00", None, true)
        ]),
    };
    let sum = match morning {
        0 => variant(21, "10.00", None, false),
        _ => variant(21, "10.00", None, true),
    };
    let mut products = vec![
        product(1, "Lamp", "Nord", "Light", &lamp),
        product(2, "=1+1, \"so\"", "@home", "", &json!([sum])),
        product(
            3,
            "Mug",
            "Nord",
            "",
            &json!([variant(31, "5.00", None, true)]),
        ),
    ];
    match morning {
        0 => products.push(vase("8.00")),
        1 => {}
        _ => {
            products.push(vase("9.00"));
            let variants = json!([variant(51, "99.00", Some("120.00"), true)]);
            products.push(product(5, "Chair", "Süd", "Seats", &variants));
        }
    }
    products.push(json!({"title": "no id"}));
    let document = json!({ "products": products }).to_string();
    Catalogue::from_json(document.as_bytes())
        .unwrap()
        .with_currency(Some("EUR"))
}

fn vase(price: &str) -> Value {
    let variants = json!([variant(41, price, None, true)]);
    product(4, "Vase", "Süd", "", &variants)
}

fn product(id: u64, title: &str, vendor: &str, product_type: &str, variants: &Value) -> Value {
    json!({
        "id": id,
        "title": title,
        "handle": format!("p{id}"),
        "vendor": vendor,
        "product_type": product_type,
        "body_html": "",
        "tags": [],
        "images": [],
        "options": [],
        "variants": variants,
    })
}

fn variant(id: u64, price: &str, compare_at: Option<&str>, available: bool) -> Value {
    json!({
        "id": id,
        "title": "",
        "price": price,
        "compare_at_price": compare_at,
        "available": available,
    })
}

/// Runs the program as if it were `now`.
pub(crate) fn run_at<S: AsRef<std::ffi::OsStr>>(
    now: &str,
    home: &Home,
    args: impl IntoIterator<Item = S>,
) -> Run {
    let mut command = home.bare_command(std::path::Path::new(PROGRAM));
    command.args(args).args(["--now", now]).stdin(Stdio::null());
    command.output().unwrap().into()
}

/// Returns all lists of a store.
pub(crate) fn lists(home: &Home, store: &str) -> Vec<String> {
    let list = |args: &&[&str]| home.ok([&["export"], *args, &["--store", store]].concat());
    LISTS.iter().map(list).collect()
}

/// Checks that two stores give the same bytes in every list.
pub(crate) fn assert_same_lists(home: &Home, one: &str, two: &str) {
    let pairs = lists(home, one).into_iter().zip(lists(home, two));
    for ((one, two), list) in pairs.zip(LISTS) {
        assert!(one.lines().count() > 1, "{list:?} is empty");
        assert_eq!(one, two, "{list:?}");
    }
}
