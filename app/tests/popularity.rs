//! Where products stand by sales: read behind a pass, told with where it comes from, and never made up.

use catalog::RankSource;
use crawler::fetch::FetchConfig;
use serde_json::{Value, json};
use testkit::{Catalogue, Collection, FakeShop, Fault, FaultPlan, On, Surface};

use crate::crawling::{World, fetcher_with};
use crate::past::run_at;
use crate::program::{Home, PROGRAM, Run};

const STORE: &str = "sqlite:places.db";
const MORNINGS: [&str; 2] = ["2026-11-01T08:00:00Z", "2026-11-08T08:00:00Z"];
const BETWEEN: &str = "2026-11-04T08:00:00Z";

/// A shop of 60 things that is crawled with a look at its best sellers.
struct Selling {
    home: Home,
    shop: FakeShop,
}

impl Selling {
    async fn start(plan: FaultPlan) -> Self {
        Self::with(catalogue(), plan).await
    }

    async fn with(catalogue: Catalogue, plan: FaultPlan) -> Self {
        Self {
            home: Home::new(),
            shop: FakeShop::start(catalogue, plan).await.unwrap(),
        }
    }

    fn crawl(&self, now: &str) -> Value {
        self.crawl_with("", now)
    }

    /// Crawls with more of a configuration.
    fn crawl_with(&self, config: &str, now: &str) -> Value {
        self.home.write("more.toml", config);
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
        command.args(["--config", "more.toml"]);
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
    catalogue_of(60)
}

fn catalogue_of(n_products: usize) -> Catalogue {
    let product = |n: u64| {
        json!({
            "id": n,
            "title": format!("Thing {n}"),
            "handle": format!("thing-{n}"),
            "product_type": "Things",
            "variants": [{"id": n * 10, "title": "", "price": "10.00", "available": true}],
        })
    };
    let products: Vec<Value> = (1..=n_products as u64).map(product).collect();
    let document = json!({ "products": products }).to_string();
    let catalogue = Catalogue::from_json(document.as_bytes()).unwrap();
    catalogue
        .with_currency(Some("EUR"))
        .with_best_sellers((0..n_products).collect())
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
            .any(|it| it.contains("bestseller_up") && it.contains(",56,3,storefront_api,")),
        "{changes}"
    );
    assert!(
        moves
            .iter()
            .any(|it| it.contains("bestseller_down") && it.contains(",10,11,storefront_api,")),
        "{changes}"
    );

    let list = selling.run(&["rank", "--out", "-"]);
    assert!(list.contains(",observed,"), "{list}");
    selling.run(&["report", "--out", "report.html"]);
    let report = selling.home.read("report.html");
    assert!(report.contains("observed: 60 places, storefront_api"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_leaves_the_order_has_no_place_any_more() {
    let selling = Selling::start(FaultPlan::none()).await;
    selling.crawl(MORNINGS[0]);
    let place = selling.explained(5);
    assert_eq!(signal(&place, "bestseller_place")["value"], 5.0);
    let order: Vec<usize> = (0..60).filter(|it| *it != 4).collect();
    selling
        .shop
        .set_catalogue(catalogue().with_best_sellers(order));
    selling.crawl(MORNINGS[1]);

    let explained = selling.explained(5);
    let place = signal(&explained, "bestseller_place");
    assert_eq!(
        (&place["value"], &place["certainty"], &place["at"]),
        (&json!(null), &json!("unavailable"), &json!(MORNINGS[1]))
    );
    assert_eq!(place["detail"], "not among the 59 places that were read");
    let features = explained["features"].as_array().unwrap();
    let mut features = features.iter();
    let bestseller = features.find(|it| it["feature"] == "bestseller").unwrap();
    assert_eq!(bestseller["value"], json!(null));
    let changes = selling.run(&["export", "changes", "--since", "2026-11-02", "--out", "-"]);
    let mut lines = changes.lines();
    let line = lines.find(|it| it.contains("bestseller_down")).unwrap();
    assert!(line.contains(",Thing 5,"), "{changes}");
    assert!(line.contains(",5,,storefront_api,59,"), "{changes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_breaks_off_takes_nobodys_place_and_dates_none_that_it_did_not_reach() {
    // 250 places an answer: the second look gets one of two.
    let selling = Selling::with(catalogue_of(300), FaultPlan::none()).await;
    selling.crawl(MORNINGS[0]);
    let order: Vec<usize> = [1, 0].into_iter().chain(2..299).collect();
    selling
        .shop
        .set_catalogue(catalogue_of(300).with_best_sellers(order));
    let broken = On::under("/api/").nth(2);
    let plan = FaultPlan::none().fault(broken, Fault::Status(404, None));
    selling.shop.set_plan(plan);
    let second = selling.crawl(MORNINGS[1]);
    assert_eq!(popularity(&second)["n_places"], 250);
    // The third stands where it stood, as the second look saw too.
    for (native, value, at) in [
        (1, 2.0, MORNINGS[1]),
        (3, 3.0, MORNINGS[1]),
        (300, 300.0, MORNINGS[0]),
    ] {
        let explained = selling.explained(native);
        let place = signal(&explained, "bestseller_place");
        assert_eq!((&place["value"], &place["at"]), (&json!(value), &json!(at)));
        let call = json!({ "id": selling.id(native) }).to_string();
        let told = selling.run(&["query", "get_product", &call, "--json"]);
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["popularity"]["at"], at, "{told}");
    }
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

/// The time that it asks for between two requests is not the shop's.
#[tokio::test(start_paused = true)]
async fn a_collection_of_best_sellers_is_read_at_the_pace_of_robots_txt() {
    let robots = "User-agent: *\nCrawl-delay: 60\n";
    let plan = FaultPlan::none().robots(robots);
    let mut world = World::with(catalogue(), plan.without(Surface::StorefrontApi)).await;
    world.fetcher = fetcher_with(FetchConfig {
        observe_best_sellers: true,
        ..FetchConfig::default()
    });
    let looked = world.crawl().await.notes.popularity.unwrap();
    assert_eq!(looked.source, Some(RankSource::Collection), "{looked:?}");
    assert_eq!(looked.n_places, 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_refuses_is_asked_once_and_not_again_for_a_day() {
    for status in [430, 502] {
        is_asked_once(Fault::status(status)).await;
    }
}

async fn is_asked_once(fault: Fault) {
    let refusing = FaultPlan::none().fault(On::under("/api/"), fault);
    let selling = Selling::start(refusing).await;
    let first = selling.crawl("2026-11-01T08:00:00Z");
    assert_eq!(popularity(&first)["source"], "collection");
    assert_eq!(popularity(&first)["refused"]["n"], 1);
    assert_eq!(selling.n_asked("/graphql.json"), 1);
    // Of the rate that the shop bears that says nothing.
    let reports = first.as_array().map_or(&first, |it| &it[0]);
    assert_eq!(reports["notes"]["traffic"]["gap_ms"], json!(null));

    let second = selling.crawl("2026-11-02T07:59:00Z");
    assert_eq!(popularity(&second)["source"], "collection");
    assert_eq!(popularity(&second)["refused"]["n"], 1);
    assert_eq!(selling.n_asked("/graphql.json"), 1);

    selling.shop.set_plan(FaultPlan::none());
    let third = selling.crawl("2026-11-02T08:01:00Z");
    assert_eq!(popularity(&third)["source"], "storefront_api");
    assert_eq!(popularity(&third)["refused"], json!(null));
}

/// Places of a collection would end the trend of those that the API gave.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_served_gives_its_turn_to_no_other_source_for_a_moments_refusal() {
    let said = |text: &str| Fault::Custom(200, "application/json", text.into());
    let broken = said(
        r#"{"errors": [{"message": "Sorry", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}"#,
    );
    let nobody = said(
        r#"{"data": {"products": {"nodes": [{"id": "nobody"}], "pageInfo": {"hasNextPage": false}}}}"#,
    );
    // Who answered, however badly, is asked again in the next pass.
    for (fault, n_asked_last) in [
        (Fault::status(429), 4),
        (Fault::status(404), 5),
        (broken, 5),
        (nobody, 5),
    ] {
        let selling = Selling::start(FaultPlan::none()).await;
        selling.crawl("2026-11-01T08:00:00Z");
        let refusing = FaultPlan::none().fault(On::under("/api/"), fault.clone());
        selling.shop.set_plan(refusing);
        // Refused, left alone, refused again 25 hours and 3 days later: then nobody waits for it any more.
        for (now, n_asked, source) in [
            ("2026-11-02T08:00:00Z", 2, json!(null)),
            ("2026-11-02T20:00:00Z", 2, json!(null)),
            ("2026-11-03T09:00:00Z", 3, json!(null)),
            ("2026-11-06T09:00:00Z", 4, json!("collection")),
            ("2026-11-07T09:00:00Z", n_asked_last, json!("collection")),
        ] {
            let crawled = selling.crawl(now);
            assert_eq!(popularity(&crawled)["source"], source, "{now}: {fault:?}");
            assert_eq!(
                selling.n_asked("/graphql.json"),
                n_asked,
                "{now}: {fault:?}"
            );
        }
    }
}

/// What the shop calls its best sellers may be another collection the next time: nobody lost a place in that.
#[tokio::test(flavor = "multi_thread")]
async fn another_collection_takes_nobodys_place() {
    let collection =
        |handle, n_places| catalogue().with_collections(vec![Collection::new(handle, 0..n_places)]);
    let without_api = FaultPlan::none().without(Surface::StorefrontApi);
    let selling = Selling::with(collection("best-sellers", 60), without_api).await;
    selling.crawl(MORNINGS[0]);
    let place_of = |native| {
        let explained = selling.explained(native);
        let place = signal(&explained, "bestseller_place");
        (place["value"].clone(), place["at"].clone())
    };

    selling.shop.set_catalogue(collection("bestseller", 59));
    let crawled = selling.crawl(BETWEEN);
    assert_eq!(popularity(&crawled)["detail"], "the collection bestseller");
    assert_eq!(place_of(60), (json!(60.0), json!(MORNINGS[0])));
    assert_eq!(place_of(59), (json!(59.0), json!(BETWEEN)));

    selling.shop.set_catalogue(collection("bestseller", 58));
    selling.crawl(MORNINGS[1]);
    assert_eq!(place_of(59), (json!(null), json!(MORNINGS[1])));
}

/// A plainer name would come first: but places in two collections cannot be compared.
#[tokio::test(flavor = "multi_thread")]
async fn the_collection_that_was_read_last_is_read_again_as_long_as_it_is_there() {
    let summer = |n_places| Collection::new("best-sellers-of-summer", 0..n_places);
    let with = |collections| catalogue().with_collections(collections);
    let without_api = FaultPlan::none().without(Surface::StorefrontApi);
    let selling = Selling::with(with(vec![summer(60)]), without_api).await;
    selling.crawl(MORNINGS[0]);

    let plainer = Collection::new("best-sellers", 0..5);
    selling.shop.set_catalogue(with(vec![plainer, summer(59)]));
    let crawled = selling.crawl(MORNINGS[1]);
    let found = popularity(&crawled);
    assert_eq!(found["detail"], "the collection best-sellers-of-summer");
    let explained = selling.explained(60);
    let place = signal(&explained, "bestseller_place");
    assert_eq!(
        (&place["value"], &place["at"]),
        (&json!(null), &json!(MORNINGS[1]))
    );
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

/// Neither the API nor a collection has an order: what is left is a list that robots.txt refuses to everybody.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_by_sales_is_asked_for_of_a_shop_of_ones_own_alone() {
    let plan = || {
        FaultPlan::none()
            .without(Surface::StorefrontApi)
            .fault(On::path("/collections.json"), Fault::status(404))
    };
    let (own, other) = (Selling::start(plan()).await, Selling::start(plan()).await);
    let config = format!("[crawl]\nown_shops = [\"{}\"]\n", own.shop.url());
    let crawled = own.crawl_with(&config, MORNINGS[0]);
    let found = popularity(&crawled);
    assert_eq!(
        (&found["source"], &found["n_places"]),
        (&json!("sorted_list"), &json!(60))
    );
    assert_eq!(own.n_asked("sort_by=best-selling"), 1);
    assert_eq!(own.n_asked("sort_by"), 1);
    let place = own.explained(60);
    assert_eq!(signal(&place, "bestseller_place")["value"], 60.0);

    // With the same configuration, of somebody else's shop, and of the same one without it.
    let crawled = other.crawl_with(&config, MORNINGS[0]);
    assert_eq!(popularity(&crawled)["source"], json!(null));
    assert_eq!(other.n_asked("sort_by"), 0);
    own.crawl(MORNINGS[1]);
    assert_eq!(own.n_asked("sort_by"), 1);
}

/// A closed list whose products are read one by one, which tells how many there are.
#[tokio::test(flavor = "multi_thread")]
async fn units_that_left_the_stock_are_told_as_estimated_and_no_feature_is_made_of_them() {
    let stocked = |at: &str, lamps: [i64; 2], mugs: i64| {
        let variant = |id: u64, quantity: i64| json!({"id": id, "title": "", "price": "10.00", "available": quantity > 0, "inventory_quantity": quantity});
        let lamp = json!({"id": 1, "title": "Lamp", "handle": "lamp", "updated_at": at, "variants": [variant(10, lamps[0]), variant(11, lamps[1])]});
        let mug =
            json!({"id": 2, "title": "Mug", "handle": "mug", "variants": [variant(20, mugs)]});
        let document = json!({ "products": [lamp, mug] }).to_string();
        let catalogue = Catalogue::from_json(document.as_bytes()).unwrap();
        catalogue.with_currency(Some("EUR"))
    };
    let plan = FaultPlan::none()
        .closed_list(Fault::status(404))
        .without(Surface::Collections)
        .without(Surface::Atom)
        .inventory();
    let selling = Selling::with(stocked(MORNINGS[0], [40, 3], 7), plan).await;
    selling.crawl(MORNINGS[0]);
    let units = |native| signal(&selling.explained(native), "units_out_28_days").clone();
    let published = "the shop publishes quantities, which have not moved yet";
    assert_eq!(units(1)["detail"], published);

    selling.shop.set_catalogue(stocked(MORNINGS[1], [12, 0], 7));
    selling.crawl(MORNINGS[1]);
    let told = units(1);
    assert_eq!(
        (&told["value"], &told["certainty"]),
        (&json!(31.0), &json!("estimated"))
    );
    assert_eq!(
        told["detail"],
        "sold, or counted anew; 2 drops and 0 rises of single variants"
    );
    assert_eq!(
        (&units(2)["value"], &units(2)["detail"]),
        (&json!(null), &json!(published))
    );

    let id = selling.id(1);
    let history = selling.run(&["export", "history", "--product", &id, "--out", "-"]);
    let moves: Vec<&str> = history
        .lines()
        .filter(|it| it.contains(",changed,"))
        .collect();
    assert_eq!(moves.len(), 2, "{history}");
    assert!(
        moves[0].contains(",10,3,") && moves[0].ends_with(",40,12"),
        "{history}"
    );
    // A price that stays and a shelf that is not empty are no change; a size that sold out is one.
    let changes = selling.run(&["export", "changes", "--since", "2026-11-02", "--out", "-"]);
    let changes: Vec<&str> = changes.lines().skip(1).collect();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(
        changes[0].contains(",sold_out,") && changes[0].ends_with(",3,0"),
        "{changes:?}"
    );

    selling.run(&["rank", "--out", "-"]);
    selling.run(&["report", "--out", "report.html"]);
    let report = selling.home.read("report.html");
    for words in [
        "<th>units out 28 days<td>31 units<td>sold, or counted anew; 2 drops and 0 rises of single variants \
         (estimated, observations, 2026-11-08)",
        "<th>availability flips<td>1 change<td>1 out of stock, 0 back, of single variants; the last on 2026-11-08 \
         (observed, observations, 2026-11-08)",
    ] {
        assert!(report.contains(words), "{words}");
    }
    assert_eq!(report.matches("Seen over time").count(), 1);
}
