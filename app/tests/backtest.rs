//! `trouvaille backtest`: on a shop with a past in which discounts came before stock-outs.

use serde_json::{Value, json};

use crate::past::run_at;
use crate::program::{Home, Run};

mod labels;
mod short;

/// Products of the shop; every third has a discount.
const N: u64 = 120;

type IsSoldOut = fn(u64) -> bool;

/// The day of each pass, and which products are sold out on it.
const PASSES: [(&str, IsSoldOut); 4] = [
    ("2026-01-01T12:00:00Z", |_| false),
    ("2026-01-15T12:00:00Z", is_discounted),
    ("2026-01-20T12:00:00Z", |_| false),
    ("2026-02-15T12:00:00Z", is_discounted),
];

const TODAY: &str = "2026-02-15T13:00:00Z";

/// The third pass is the last one known then, and the fourth lies ahead.
const AT: &str = "2026-01-25T00:00:00Z";

const fn is_discounted(n: u64) -> bool {
    n.is_multiple_of(3)
}

/// Returns a store with the shop's passes, of which the first `n_passes` took place.
fn shop_with_a_past(n_passes: usize) -> Home {
    let home = Home::new();
    for (pass, (now, is_sold_out)) in PASSES.into_iter().take(n_passes).enumerate() {
        look(&home, now, "shop.example", |n| {
            product(n, pass, is_sold_out(n))
        });
    }
    home
}

/// Takes in a shop's products as they are at `now`.
fn look(home: &Home, now: &str, shop: &str, product: impl Fn(u64) -> Value) {
    let products: Vec<Value> = (0..N).map(product).collect();
    home.write("shop.json", json!({ "products": products }).to_string());
    let run = run_at(now, home, ["import", "shop.json", "--shop", shop]);
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// On the last pass seven products got cheaper, and the shop wrote all of them anew.
fn product(n: u64, pass: usize, is_sold_out: bool) -> Value {
    let is_last = pass == 3;
    let cents = if is_last && n < 7 {
        400
    } else {
        500 + n * 37 % 101
    };
    let day = 1 + n * 11 % 28;
    let published_on = match is_last {
        true => format!("2026-02-{:02}", 1 + n * 5 % 14),
        false => format!("2025-11-{day:02}"),
    };
    let words = if is_last { n as usize % 5 } else { 0 };
    json!({
        "id": n + 1,
        "title": format!("Lamp {n}"),
        "handle": format!("lamp-{n}"),
        "vendor": "Nord",
        "product_type": if words > 2 { "Chair" } else { "Lamp" },
        "body_html": "oak ".repeat(words),
        "created_at": format!("2025-11-{day:02}T00:00:00Z"),
        "published_at": format!("{published_on}T00:00:00Z"),
        "tags": (0..words).map(|it| format!("tag {it}")).collect::<Vec<_>>(),
        "images": vec![json!({"src": "https://cdn.example/1.jpg"}); words],
        "variants": [{
            "id": 1000 + n,
            "price": format!("{}.{:02}", cents / 100, cents % 100),
            "compare_at_price": is_discounted(n).then_some("20.00"),
            "available": !is_sold_out,
        }],
    })
}

fn backtest(home: &Home, args: &[&str]) -> Run {
    run_at(TODAY, home, [&["backtest"], args].concat())
}

fn report(home: &Home, args: &[&str]) -> Value {
    let run = backtest(home, &[args, &["--json"]].concat());
    assert_eq!(run.code, Some(0), "{run:#?}");
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_signal_that_came_before_the_outcome_is_found() {
    let home = shop_with_a_past(4);
    let report = report(&home, &["--at", AT]);
    assert_eq!(report["preset"], "balanced");
    assert_eq!(report["n_products"], N);
    assert_eq!(report["not_in_history"], json!(["listing"]));
    assert_eq!(
        (&report["types_known"], &report["dates"]),
        (&json!(false), &json!("created_at"))
    );
    let outcomes = report["outcomes"].as_array().unwrap();
    let names: Vec<_> = outcomes
        .iter()
        .map(|it| it["outcome"].as_str().unwrap())
        .collect();
    let expected = [
        "stockout",
        "restock",
        "bestseller_entry",
        "price_rise",
        "price_cut",
        "delisted",
    ];
    assert_eq!(names, expected);
    let stockout = &outcomes[0];
    assert_eq!(
        (&stockout["n_products"], &stockout["n_events"]),
        (&json!(N), &json!(40))
    );
    assert_eq!(stockout["too_few"], false);
    assert_eq!(stockout["k"], 12);
    let rankings = stockout["rankings"].as_array().unwrap();
    let names: Vec<_> = rankings
        .iter()
        .map(|it| it["ranking"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["balanced", "random", "newest", "cheapest", "classic"]
    );
    assert_eq!(
        rankings[1]["auc"],
        json!({"value": 0.5, "low": 0.5, "high": 0.5})
    );
    let spearman = &rankings[0]["spearman"];
    assert!(spearman["low"].as_f64().unwrap() > 0.1, "{stockout:#}");
    assert!(spearman["low"].as_f64() < spearman["value"].as_f64());
    assert_eq!(rankings[1]["spearman"]["value"], 0.0);
    assert!(
        rankings[0]["auc_behind_first"]["value"] == 0.0,
        "{stockout:#}"
    );
    assert!(
        rankings[1]["auc_behind_first"]["low"].as_f64().unwrap() > 0.1,
        "{stockout:#}"
    );
    let features = stockout["features"].as_array().unwrap();
    for feature in &features[..2] {
        assert!(["discount", "stockout"].contains(&feature["feature"].as_str().unwrap()));
        assert_eq!(feature["figure"]["value"], 1.0, "{stockout:#}");
    }
    assert!(
        features.iter().all(|it| it["feature"] != "listing"),
        "{stockout:#}"
    );
}

#[test]
fn few_events_are_said_in_so_many_words_and_nothing_is_claimed_of_them() {
    let home = shop_with_a_past(4);
    let text = backtest(&home, &["--at", AT]).stdout;
    let (_, cuts) = text.split_once("price_cut: ").unwrap();
    let (cuts, rest) = cuts.split_once("\n\n").unwrap();
    assert!(
        cuts.contains("only 7 events: too few to tell; 30 are needed"),
        "{text}"
    );
    assert!(!cuts.contains("better"), "{text}");
    assert!(
        rest.contains("delisted") && rest.contains("0 events (0.0 %): nothing to measure"),
        "{text}"
    );
    assert!(
        text.contains("balanced is better than random: AUC"),
        "{text}"
    );
    assert!(text.contains("listing is not known here"), "{text}");
    assert!(
        text.contains("compared within their shop and aged by their date of creation"),
        "{text}"
    );
    assert!(cuts.contains(" Spearman "), "{text}");
}

#[test]
fn the_moment_is_one_horizon_ago_or_the_middle_and_never_outside_of_the_history() {
    let home = shop_with_a_past(4);
    let by_default = report(&home, &[]);
    assert_eq!(by_default["at"], "2026-01-18T13:00:00Z");
    assert_eq!(by_default["at_is"], "one horizon ago");
    let middle = report(&home, &["--horizon", "90d"]);
    assert_eq!(middle["at"], "2026-01-24T00:00:00Z");
    assert_eq!(middle["observed_until"], "2026-02-15T12:00:00Z");
    assert_eq!(
        [&by_default["too_short"], &middle["too_short"]],
        [&json!(false), &json!(true)]
    );
    for at in ["2025-12-31", "2026-02-15T12:00:00Z"] {
        let run = backtest(&home, &["--at", at]);
        run.assert_fails(
            2,
            &[
                "possible moments lie between 2026-01-01T12:00:00Z",
                "2026-02-15T12:00:00Z",
            ],
        );
    }
    let run = backtest(&shop_with_a_past(1), &[]);
    run.assert_fails(1, &["too little history", "crawl again"]);
    let run = backtest(&Home::new(), &[]);
    run.assert_fails(1, &["there is no store yet"]);
    let run = backtest(&home, &["--horizon", "0d"]);
    run.assert_fails(2, &["--horizon: it must be longer than 0"]);
}

#[test]
fn what_happens_later_changes_nothing_that_was_known() {
    let [shorter, longer] = [3, 4].map(shop_with_a_past);
    let args = ["--at", "2026-01-10", "--horizon", "7d"];
    assert_eq!(report(&shorter, &args), report(&longer, &args));
}

#[test]
fn without_dates_the_newest_are_said_to_go_by_id() {
    let undated = |n| {
        let mut product = product(n, 0, false);
        for date in ["created_at", "published_at"] {
            product.as_object_mut().unwrap().remove(date);
        }
        product
    };
    let home = Home::new();
    look(&home, PASSES[0].0, "shop.example", undated);
    look(&home, PASSES[3].0, "shop.example", |n| {
        let mut product = undated(n);
        product["variants"][0]["available"] = json!(!is_discounted(n));
        product
    });
    let report = report(&home, &[]);
    assert_eq!(
        report["outcomes"][0]["rankings"][2]["ranking"],
        "newest (by id)"
    );
    assert_eq!(report["dates"], Value::Null);
    let text = backtest(&home, &[]).stdout;
    assert!(text.contains("than newest (by id)"), "{text}");
    assert!(
        text.contains("within their shop; no date of creation is known"),
        "{text}"
    );
}

#[test]
fn help_explains_the_differences_that_json_has() {
    let help = backtest(&Home::new(), &["--help"]).stdout;
    for name in [
        "auc_behind_first",
        "spearman_behind_first",
        "too_short",
        "observed_until",
    ] {
        assert!(help.contains(name), "{name}: {help}");
    }
}

#[test]
fn a_shop_that_nobody_looked_at_again_is_left_out() {
    let home = shop_with_a_past(4);
    let products = json!({"products": [product(1, 0, false), product(2, 0, false)]});
    home.write("other.json", products.to_string());
    let import = ["import", "other.json", "--shop", "other.example"];
    assert_eq!(run_at(PASSES[0].0, &home, import).code, Some(0));
    let both = report(&home, &["--at", AT]);
    assert_eq!(
        (&both["n_products"], &both["n_shops"]),
        (&json!(N), &json!(1))
    );
    assert_eq!(both["n_unwatched"], 2);
    let text = backtest(&home, &["--at", AT]).stdout;
    assert!(
        text.contains("Left out: 2 products of shops that were not crawled again"),
        "{text}"
    );
    let one = report(&home, &["--at", AT, "--shop", "shop.example"]);
    assert_eq!(
        (&one["outcomes"], &one["n_unwatched"]),
        (&both["outcomes"], &json!(0))
    );
    let run = backtest(&home, &["--shop", "other.example"]);
    run.assert_fails(1, &["too little history"]);
}

#[test]
fn a_rerun_gives_the_same_bytes() {
    let home = shop_with_a_past(4);
    for args in [
        &["--at", AT][..],
        &["--at", AT, "--json"],
        &["--fit", "stockout"],
    ] {
        let runs = [(); 2].map(|()| backtest(&home, args));
        assert_eq!(runs[0].stdout, runs[1].stdout);
    }
}

#[test]
fn learned_weights_are_printed_only_if_they_hold_later() {
    let home = shop_with_a_past(4);
    let args = ["--at", AT, "--horizon", "23d", "--fit"];
    let text = backtest(&home, &[&args[..], &["stockout"]].concat()).stdout;
    assert!(text.contains("better than equal ones"), "{text}");
    let (_, weights) = text.split_once("[weights]\n").unwrap();
    let preset = format!("name = \"learned\"\nmethod = \"quantiles\"\n[weights]\n{weights}");
    home.write("learned.toml", preset);
    let fit = &report(&home, &[&args[..], &["stockout"]].concat())["fit"];
    assert_eq!(fit["is_accepted"], true);
    assert_eq!(fit["learned_at"], "2026-01-02T00:00:00Z");
    let learned = report(&home, &["--at", AT, "--preset", "learned.toml"]);
    assert_eq!(learned["outcomes"][0]["rankings"][0]["ranking"], "learned");
    let text = backtest(&home, &[&args[..], &["price_cut"]].concat()).stdout;
    assert!(text.contains("no evidence: fewer than 30 events"), "{text}");
    assert!(!text.contains("[weights]"), "{text}");
    let run = backtest(&home, &["--at", AT, "--fit", "stockout"]);
    run.assert_fails(2, &["--fit learns from the horizon before --at"]);
    let run = backtest(&home, &["--fit", "luck"]);
    run.assert_fails(2, &["expected one of stockout, restock"]);
}

#[test]
fn a_preset_of_which_the_history_knows_nothing_is_refused() {
    let home = shop_with_a_past(4);
    home.write(
        "own.toml",
        "name = \"own\"\nmethod = \"quantiles\"\n[weights]\nlisting = 1.0\n",
    );
    let run = backtest(&home, &["--preset", "own.toml"]);
    run.assert_fails(2, &["the preset own weighs listing alone"]);
    let classic = report(&home, &["--at", AT, "--preset", "classic"]);
    let rankings = classic["outcomes"][0]["rankings"].as_array().unwrap();
    let names: Vec<_> = rankings
        .iter()
        .map(|it| it["ranking"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["classic", "random", "newest", "cheapest"]);
    assert_eq!(
        classic["not_in_history"],
        json!(["num_tags", "num_images", "description_length"])
    );
}
