//! `explain`: the same numbers as the list, in words, for any product; and what it says of those without a place.

use catalog::{CrawlKey, CrawlTicket, LeaseAnswer, ProductId, ShopKey, UnixMs};
use serde_json::{Value, json};
use store::OpenMode;
use testkit::{Catalogue, FakeShop, FaultPlan};

use crate::past::run_at;
use crate::program::{Home, Run};

const STORE: &str = "sqlite:past.db";

/// When the shop was crawled.
const MORNINGS: [&str; 3] = [
    "2026-11-01T08:00:00Z",
    "2026-11-05T08:00:00Z",
    "2026-11-12T08:00:00Z",
];

/// A shop of lamps and mugs, crawled three times: lamp 1 sells out and comes back, mug 14 goes.
struct Watched {
    home: Home,
    shop: FakeShop,
}

impl Watched {
    async fn crawled() -> Self {
        let home = Home::new();
        let shop = FakeShop::start(catalogue(0), FaultPlan::none())
            .await
            .unwrap();
        for (morning, now) in MORNINGS.into_iter().enumerate() {
            shop.set_catalogue(catalogue(morning));
            let url = shop.url();
            let args = ["crawl", &url, "--store", STORE, "--rps", "unlimited"];
            let loopback = ["--allow-private", "127.0.0.0/8"];
            let run = run_at(now, &home, args.iter().chain(&loopback));
            assert_eq!(run.code, Some(0), "{run:#?}");
        }
        Self { home, shop }
    }

    fn key(&self) -> String {
        self.shop.addr().to_string().replace(':', "%3A")
    }

    fn id(&self, native: u64) -> String {
        format!("shopify:{}:{native}", self.key())
    }

    fn run(&self, args: &[&str]) -> Run {
        run_at(
            MORNINGS[2],
            &self.home,
            [args, &["--store", STORE]].concat(),
        )
    }

    fn json(&self, args: &[&str]) -> Value {
        let run = self.run(&[args, &["--json"]].concat());
        assert_eq!(run.code, Some(0), "{run:#?}");
        serde_json::from_str(&run.stdout).unwrap()
    }

    fn explained(&self, native: u64) -> Value {
        self.json(&["explain", &self.id(native)])
    }

    /// Has the newest pass see lamp 1 climb in the best-selling order, week by week.
    async fn observe_climb(&self) {
        let path = self.home.path().join("past.db");
        let uri = format!("sqlite:{}", path.display());
        let store = store::open(&uri, OpenMode::Existing).await.unwrap();
        let shop: ShopKey = self.key().parse().unwrap();
        let lease = store.lease_shop(&shop, "test", 60_000, None).await;
        let LeaseAnswer::Granted(lease) = lease.unwrap() else {
            unreachable!("nobody has the lease");
        };
        let crawl = CrawlKey {
            shop: shop.clone(),
            n: 3,
        };
        let ticket = CrawlTicket {
            crawl,
            epoch: lease.epoch,
        };
        let [climber, rival]: [ProductId; 2] = [1, 2].map(|it| self.id(it).parse().unwrap());
        let last = UnixMs::parse(MORNINGS[2]).unwrap().ms();
        for week in 0..11 {
            let at = UnixMs::new(last - (10 - i64::from(week)) * 7 * 86_400_000);
            let ranks = [(climber.clone(), 12 - week), (rival.clone(), 20)];
            let n = store
                .observe_ranks(
                    &ticket,
                    &ranks,
                    None,
                    catalog::RankSource::StorefrontApi,
                    at,
                )
                .await
                .unwrap();
            assert_eq!(n, if week == 0 { 2 } else { 1 });
        }
        store.release_lease(&lease).await.unwrap();
    }
}

fn catalogue(morning: usize) -> Catalogue {
    let mut products = Vec::new();
    for n in 1..=14_u64 {
        let (title, kind) = match n {
            1..=8 => (format!("Lamp {n}"), "Lamp"),
            _ => (format!("=Mug {n}"), "Mugs"),
        };
        let is_sold_out = n == 1 && morning == 1;
        if n == 14 && morning > 0 {
            continue;
        }
        products.push(json!({
            "id": n,
            "title": title,
            "handle": format!("thing-{n}"),
            "vendor": "Nord",
            "product_type": kind,
            "published_at": format!("2026-0{}-01T00:00:00Z", n % 9 + 1),
            "body_html": "<p>Made by hand.</p>".repeat(n as usize),
            "tags": ["hand made"],
            "images": [{"src": "https://images.example/1.jpg"}],
            "options": [],
            "variants": [{
                "id": n * 10,
                "title": "",
                "price": format!("{}.00", 10 + n * n),
                "compare_at_price": if n % 3 == 0 { Some("400.00") } else { None },
                "available": !is_sold_out,
            }],
        }));
    }
    let document = json!({ "products": products }).to_string();
    let catalogue = Catalogue::from_json(document.as_bytes()).unwrap();
    catalogue.with_currency(Some("EUR"))
}

/// Returns the feature of that name.
fn feature<'a>(explained: &'a Value, name: &str) -> &'a Value {
    let features = explained["features"].as_array().unwrap();
    features.iter().find(|it| it["feature"] == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_product_of_the_list_is_explained_with_the_lists_own_numbers() {
    let watched = Watched::crawled().await;
    let ranked = watched.json(&["rank", "-k", "50"]);
    let rows = ranked["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 13);
    for (index, row) in rows.iter().enumerate() {
        let explained = watched.json(&["explain", row["product_id"].as_str().unwrap()]);
        assert_eq!(explained["rank"], index + 1);
        assert_eq!(explained["n_ranked"], 13);
        assert_eq!(explained["title"], row["title"]);
        assert_eq!(explained["preset"], "balanced");
        assert_eq!(explained["score"], row["score"]);
        assert_eq!(explained["stability"]["rank_p95"], row["rank_p95"]);
        let mut sum = 0.0;
        for feature in explained["features"].as_array().unwrap() {
            let name = format!("contrib_{}", feature["feature"].as_str().unwrap());
            assert_eq!(feature["contribution"], row[&name], "{name}");
            assert_eq!(feature["value"].is_null(), feature["unknown"].is_string());
            sum += feature["contribution"].as_f64().unwrap();
        }
        let score = explained["score"].as_f64().unwrap();
        assert!((sum - (score - 0.5)).abs() <= 1e-12);
        match index {
            0 => assert!(explained["above"].is_null()),
            _ => {
                let above = &rows[index - 1];
                assert_eq!(explained["above"]["product"], above["product_id"]);
                assert_eq!(explained["above"]["title"], above["title"]);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn observations_make_features_known() {
    let watched = Watched::crawled().await;
    let unknown = watched.explained(1);
    for name in ["demand", "rating", "bestseller", "trend"] {
        assert!(feature(&unknown, name)["unknown"].is_string(), "{name}");
    }
    // One stock-out and one restock in eleven days of one variant.
    let stockout = feature(&unknown, "stockout");
    assert!(stockout["value"].is_number(), "{stockout}");
    assert_eq!(stockout["inputs"][0]["source"], "observations");
    let of_others = feature(&watched.explained(2), "stockout")["value"].as_f64();
    assert!(stockout["value"].as_f64() > of_others);
    watched.observe_climb().await;
    let known = watched.explained(1);
    for name in ["bestseller", "trend"] {
        let it = feature(&known, name);
        assert!(it["value"].is_number(), "{name}: {known}");
        assert_eq!(it["inputs"][0]["source"], "storefront_api");
    }
    assert!(feature(&known, "trend")["value"].as_f64().unwrap() > 0.0);
    assert!(known["coverage"].as_f64() > unknown["coverage"].as_f64());
    assert!(known["score"].as_f64() > unknown["score"].as_f64());
    let ranked = watched.json(&["rank"]);
    assert_eq!(ranked["unknown_features"], json!(["demand", "rating"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_name_place_groups_sources_and_the_way_up() {
    let watched = Watched::crawled().await;
    let ranked = watched.json(&["rank"]);
    let id = |place: usize| ranked["rows"][place]["product_id"].as_str().unwrap();
    let first = watched.run(&["explain", id(0)]);
    assert!(first.stdout.contains("place 1 of 13, preset balanced"));
    assert!(
        first.stdout.contains("It is the first of all."),
        "{first:#?}"
    );
    let last = watched.run(&["explain", id(12)]);
    let above = id(11);
    for words in [
        "place 13 of 13, preset balanced",
        "\ntype      ",
        "all shops\n",
        " % of 13",
        "how far up among how many; ties share the middle",
        "(catalogue, 2026-11-12)",
        "(observations, 2026-11-12)",
        "Unknown, which costs nothing and earns nothing:\n  demand ",
        &format!("({above})"),
        "Place 12 has ",
    ] {
        assert!(
            last.stdout.contains(words),
            "{words:?} is not in {}",
            last.stdout
        );
    }
    let again = watched.run(&["explain", id(12)]);
    assert_eq!(again.stdout, last.stdout);
    let lamps = watched.run(&["explain", &watched.id(1), "--type", "lamp"]);
    assert!(
        lamps.stdout.contains(" of 8, preset balanced"),
        "{lamps:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_named_by_any_id_its_page_or_its_handle() {
    let watched = Watched::crawled().await;
    let by_id = watched.explained(12);
    let page = format!("{}/products/thing-12?variant=120", watched.shop.url());
    let www =
        format!("{}/products/thing-12/", watched.shop.url()).replace("http://", "https://www.");
    // No word of the handle is in a title.
    for name in ["12", page.as_str(), "thing-12", www.as_str()] {
        assert_eq!(watched.json(&["explain", name]), by_id, "{name}");
    }
    let lamp = watched.json(&["explain", &watched.id(3)]);
    assert_eq!(lamp["title"], "Lamp 3");
    for file in ["a.json", "b.json"] {
        watched.home.write(file, catalogue(0).to_json());
        let run = watched.run(&["import", file]);
        assert_eq!(run.code, Some(0), "{run:#?}");
    }
    let several = watched.run(&["explain", "thing-13"]);
    let ids = [
        "several products are \"thing-13\"; take one of these ids: ",
        "shopify:a:13",
        "shopify:b:13",
    ];
    several.assert_fails(1, &ids);
    for name in ["thing-13", "13"] {
        let of_shop = watched.json(&["explain", name, "--shop", "b"]);
        assert_eq!(of_shop["product"], "shopify:b:13", "{name}");
    }
    let filtered = watched.run(&["explain", "thing-13", "--shop", "c"]);
    filtered.assert_fails(1, &ids);
    let filtered = watched.run(&["explain", "thing-13", "--shop", "b", "--vendor", "none"]);
    filtered.assert_fails(1, &ids);
    let none = watched.run(&["explain", "thing-99"]);
    none.assert_fails(1, &["no product \"thing-99\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_groups_of_a_product_are_told_and_ties_too() {
    let watched = Watched::crawled().await;
    let lone = watched.home.path().join("lone.json");
    let product = |n: u64, kind: &str| {
        json!({
            "id": n, "title": format!("Lone {n}"), "handle": format!("lone-{n}"), "vendor": "Nord", "product_type": kind,
            "body_html": "", "tags": [], "images": [], "options": [],
            "variants": [{"id": n, "title": "", "price": "5.00", "available": true}],
        })
    };
    let products = [product(1, "Boat"), product(2, "Cup"), product(3, "Cup")];
    std::fs::write(lone, json!({ "products": products }).to_string()).unwrap();
    let run = watched.run(&["import", "lone.json"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let explain = |id: &str, more: &[&str]| {
        let run = watched.run(&[&["explain", id], more].concat());
        assert_eq!(run.code, Some(0), "{run:#?}");
        run.stdout
    };
    let boat = explain("shopify:lone:1", &[]);
    let line = boat.lines().find(|it| it.starts_with(" availability "));
    let cells = line.unwrap().split_whitespace().skip(5);
    let cells = cells.collect::<Vec<_>>().join(" ");
    assert_eq!(cells, "alone 50 % of 3 50 % of 16");
    let cups = ["shopify:lone:2", "shopify:lone:3"].map(|id| explain(id, &["--type", "Cup"]));
    assert!(
        cups[0].contains("preset balanced; tied with 1 other, the id decides\n"),
        "{}",
        cups[0]
    );
    assert!(cups[0].contains("It stands first, tied with 1 other, the id decides."));
    assert!(
        cups[1].contains("(shopify:lone:2), with the same score: the id decides."),
        "{}",
        cups[1]
    );
    let json = watched.json(&["explain", "shopify:lone:3", "--type", "Cup"]);
    let decimals = |number: &Value| number.to_string().len();
    assert_eq!(json["n_tied"], 1);
    assert!(decimals(&json["coverage"]) <= 8, "{json}");
    for feature in json["features"].as_array().unwrap() {
        assert!(decimals(&feature["weight"]) <= 8, "{feature}");
    }
}

/// Adds the preset with a cap.
fn capped<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &["--preset", "capped.toml"]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_caps_or_coverage_leave_out_of_the_list_is_told_so() {
    let watched = Watched::crawled().await;
    let preset = include_str!("../../config/presets/balanced.toml")
        .replace("\"balanced\"", "\"capped\"")
        .replace("max_per_category = 0", "max_per_category = 2");
    watched.home.write("capped.toml", preset);
    let all = watched.json(&["rank", "-k", "13"]);
    assert_eq!((&all["k"], &all["left_out_by"]), (&json!(13), &json!([])));
    let list = watched.json(&capped(&["rank", "-k", "13"]));
    assert_eq!(list["left_out_by"], json!(["max_per_category"]));
    let listed = list["rows"].as_array().unwrap();
    assert_eq!(listed.len(), 4);
    let note = watched.run(&capped(&["rank", "-k", "13"])).stderr;
    assert_eq!(
        note,
        "4 of 13 places: the preset's cap of 2 per product type leaves out the rest\n"
    );
    let both = watched.run(&capped(&["rank", "-k", "13", "--min-coverage", "0.1"]));
    let words = "product type and --min-coverage 0.1 leave out the rest";
    assert!(both.stderr.contains(words), "{both:#?}");
    for row in all["rows"].as_array().unwrap() {
        let id = row["product_id"].as_str().unwrap();
        let explained = watched.json(&capped(&["explain", id, "-k", "4"]));
        let place = listed.iter().find(|it| it["product_id"] == id);
        let place = place.map_or(Value::Null, |it| it["rank"].clone());
        assert_eq!(explained["list_rank"], place);
        assert_eq!(explained["rank"], row["rank"]);
        let is_passed = row["rank"].as_u64() < listed[3]["rank_uncapped"].as_u64();
        let left_out = (place.is_null() && is_passed).then_some("caps");
        assert_eq!(explained["left_out_by"], json!(left_out), "{explained}");
        let words = match (place.as_u64(), left_out) {
            (Some(place), _) => {
                format!("list      place {place} of 4; before caps in the first 4 in ")
            }
            (None, Some(_)) => "list      left out of the first 4 by the preset's caps".to_owned(),
            (None, None) => "list      not among the first 4\n".to_owned(),
        };
        let text = watched.run(&capped(&["explain", id, "-k", "4"])).stdout;
        assert!(text.contains(&words), "{words:?} is not in {text}");
    }
    let id = watched.id(1);
    let unknown = watched.json(&["explain", &id, "--min-coverage", "0.9"]);
    assert_eq!(unknown["left_out_by"], "min_coverage");
    watched
        .run(&["explain", &id, "-k", "0"])
        .assert_fails(2, &["expected a whole number"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_without_a_place_is_told_why() {
    let watched = Watched::crawled().await;
    let gone = watched.run(&["explain", &watched.id(14)]);
    let words = [
        "is gone from its shop since 2026-11-05T08:00:00Z",
        "export history",
    ];
    gone.assert_fails(1, &words);
    assert_eq!(gone.stdout, "");
    let filtered = watched.run(&["explain", &watched.id(1), "--price-min", "90"]);
    filtered.assert_fails(1, &["(Lamp 1) does not pass these filters"]);
    let unknown = watched.run(&["explain", "shopify:none.example:1"]);
    unknown.assert_fails(
        1,
        &[
            "no product \"shopify:none.example:1\"",
            "export products --search",
        ],
    );
    let near = watched.run(&["explain", "lamp 3"]);
    near.assert_fails(1, &["no product \"lamp 3\"", "near to it", "(Lamp 3)"]);
    let classic = watched.run(&["explain", &watched.id(1), "--preset", "classic"]);
    classic.assert_fails(2, &["--preset balanced", "contrib_*"]);
    let magic = watched.run(&["explain", &watched.id(1), "--preset", "magic"]);
    magic.assert_fails(2, &["unknown preset \"magic\""]);
    let home = Home::new();
    home.run(["explain", "1", "--store", "sqlite:none.db"])
        .assert_fails(1, &["none.db", "trouvaille crawl"]);
}
