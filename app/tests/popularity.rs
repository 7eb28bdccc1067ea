//! Where products stand by sales: read behind a pass, told with where it comes from, and never made up.

use serde_json::{Value, json};
use testkit::{Catalogue, FakeShop, FaultPlan, Surface};

use crate::past::run_at;
use crate::program::{Home, PROGRAM, Run};

const STORE: &str = "sqlite:places.db";
const MORNINGS: [&str; 2] = ["2026-11-01T08:00:00Z", "2026-11-08T08:00:00Z"];

/// A shop of 60 things that is crawled with a look at its best sellers.
struct Selling {
    home: Home,
    shop: FakeShop,
}

impl Selling {
    async fn start(plan: FaultPlan) -> Self {
        Self {
            home: Home::new(),
            shop: FakeShop::start(catalogue(), plan).await.unwrap(),
        }
    }

    fn crawl(&self, now: &str) -> Value {
        let mut command = self.home.bare_command(std::path::Path::new(PROGRAM));
        let url = self.shop.url();
        let args = [
            "crawl",
            &url,
            "--store",
            STORE,
            "--rps",
            "unlimited",
            "--json",
            "--now",
            now,
        ];
        command.args(args).args(["--allow-private", "127.0.0.0/8"]);
        command.env("TROUVAILLE__CRAWL__OBSERVE_BESTSELLERS", "true");
        let run = Run::from(command.output().unwrap());
        assert_eq!(run.code, Some(0), "{run:#?}");
        serde_json::from_str(&run.stdout).unwrap()
    }

    fn run(&self, args: &[&str]) -> String {
        let run = run_at(
            MORNINGS[1],
            &self.home,
            [args, &["--store", STORE]].concat(),
        );
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.stdout
    }

    fn id(&self, native: u64) -> String {
        format!(
            "shopify:{}:{native}",
            self.shop.addr().to_string().replace(':', "%3A")
        )
    }

    fn explained(&self, native: u64) -> Value {
        let told = self.run(&["explain", &self.id(native), "--json"]);
        serde_json::from_str(&told).unwrap()
    }

    fn n_asked(&self, path: &str) -> usize {
        let requests = self.shop.requests();
        requests.iter().filter(|it| it.path.contains(path)).count()
    }
}

/// Products 1 to 60; by sales they come in this order.
fn catalogue() -> Catalogue {
    let product = |n: u64| {
        json!({
            "id": n,
            "title": format!("Thing {n}"),
            "handle": format!("thing-{n}"),
            "product_type": "Things",
            "variants": [{"id": n * 10, "title": "", "price": "10.00", "available": true}],
        })
    };
    let products: Vec<Value> = (1..=60).map(product).collect();
    let document = json!({ "products": products }).to_string();
    let catalogue = Catalogue::from_json(document.as_bytes()).unwrap();
    catalogue
        .with_currency(Some("EUR"))
        .with_best_sellers((0..60).collect())
}

fn signal<'a>(explained: &'a Value, name: &str) -> &'a Value {
    let signals = explained["signals"].as_array().unwrap();
    signals.iter().find(|it| it["name"] == name).unwrap()
}

fn popularity(crawled: &Value) -> &Value {
    let found = crawled.as_array().map_or(crawled, |reports| &reports[0]);
    &found["notes"]["popularity"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_moves_between_two_crawls_is_told_with_where_it_was_read() {
    let selling = Selling::start(FaultPlan::none()).await;
    let first = selling.crawl(MORNINGS[0]);
    assert_eq!(popularity(&first)["source"], "storefront_api");
    assert_eq!(popularity(&first)["n_places"], 60);
    assert_eq!(selling.n_asked("/graphql.json"), 1);
    // Product 56 climbs from place 56 to place 3.
    let mut order: Vec<usize> = (0..60).filter(|it| *it != 55).collect();
    order.insert(2, 55);
    selling
        .shop
        .set_catalogue(catalogue().with_best_sellers(order));
    selling.crawl(MORNINGS[1]);

    let explained = selling.explained(56);
    let place = signal(&explained, "bestseller_place");
    assert_eq!(
        (
            &place["value"],
            &place["source"],
            &place["certainty"],
            &place["at"]
        ),
        (
            &json!(3.0),
            &json!("storefront_api"),
            &json!("observed"),
            &json!(MORNINGS[1])
        )
    );
    assert_eq!(signal(&explained, "places_won_7_days")["value"], 53.0);
    assert_eq!(
        signal(&explained, "units_out_28_days")["certainty"],
        "unavailable"
    );
    let features = explained["features"].as_array().unwrap();
    let bestseller = features
        .iter()
        .find(|it| it["feature"] == "bestseller")
        .unwrap();
    assert_eq!(bestseller["inputs"][0]["source"], "storefront_api");
    assert_eq!(bestseller["inputs"][0]["certainty"], "observed");
    let text = selling.run(&["explain", &selling.id(56)]);
    assert!(
        text.contains("place 3 (observed, storefront_api, 2026-11-08)"),
        "{text}"
    );

    let changes = selling.run(&["export", "changes", "--since", "2026-11-02", "--out", "-"]);
    let moves: Vec<&str> = changes
        .lines()
        .filter(|it| it.contains(",bestseller_"))
        .collect();
    // Those who stood at places 10 and 50 had to make room.
    assert_eq!(moves.len(), 3, "{changes}");
    assert!(
        moves
            .iter()
            .any(|it| it.contains("bestseller_up") && it.ends_with(",56,3,storefront_api")),
        "{changes}"
    );
    assert!(
        moves
            .iter()
            .any(|it| it.contains("bestseller_down") && it.ends_with(",10,11,storefront_api")),
        "{changes}"
    );

    let list = selling.run(&["rank", "--out", "-"]);
    assert!(list.contains(",observed,"), "{list}");
    selling.run(&["report", "--out", "report.html"]);
    let report = selling.home.read("report.html");
    assert!(report.contains("observed: 60 places, storefront_api"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_api_a_collection_of_best_sellers_is_an_estimate() {
    let selling = Selling::start(FaultPlan::none().without(Surface::StorefrontApi)).await;
    let crawled = selling.crawl(MORNINGS[0]);
    let found = popularity(&crawled);
    assert_eq!(
        (&found["source"], &found["certainty"]),
        (&json!("collection"), &json!("estimated"))
    );
    assert_eq!(found["detail"], "the collection best-sellers");
    let explained = selling.explained(1);
    assert_eq!(
        signal(&explained, "bestseller_place")["certainty"],
        "estimated"
    );
    let list = selling.run(&["rank", "--out", "-"]);
    assert!(list.contains(",estimated,"), "{list}");
    assert_eq!(selling.n_asked("sort_by"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_tells_nothing_has_no_places_and_a_reason() {
    let plan = FaultPlan::none()
        .without(Surface::StorefrontApi)
        .without(Surface::Collections);
    let selling = Selling::start(plan).await;
    let crawled = selling.crawl(MORNINGS[0]);
    let found = popularity(&crawled);
    assert_eq!(
        (&found["source"], &found["certainty"]),
        (&json!(null), &json!("unavailable"))
    );
    assert_eq!(
        (
            selling.n_asked("/graphql.json"),
            selling.n_asked("/collections")
        ),
        (1, 1)
    );
    assert_eq!(selling.n_asked("sort_by"), 0);
    let explained = selling.explained(1);
    let place = signal(&explained, "bestseller_place");
    assert_eq!(
        (&place["value"], &place["certainty"]),
        (&json!(null), &json!("unavailable"))
    );
    assert!(
        place["detail"].as_str().unwrap().contains("answered 404"),
        "{place}"
    );
}
