//! `rank` against references, and what it says of itself.

use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::{Catalogue, FakeShop, FaultPlan, KUMO_STATIONERY, NORTH_LOFT};

use crate::past::run_at;
use crate::program::{Home, Run};

/// The time at which the reference looks at the eighteen products.
const REFERENCE_NOW: &str = "2026-01-01T00:00:00Z";

pub(crate) const BALANCED: &str = include_str!("../../config/presets/balanced.toml");

/// Returns the place of invented products and of what other programs make of them.
pub(crate) fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

pub(crate) fn eighteen() -> String {
    testdata("eighteen_products.jsonl").display().to_string()
}

/// Ranks the eighteen products, each vendor a shop, as the reference does it.
pub(crate) fn rank_eighteen(home: &Home, args: &[&str]) -> Run {
    let file = eighteen();
    let all = ["rank", &file, "--shop-by", "vendor"];
    let run = run_at(REFERENCE_NOW, home, [&all[..], args].concat());
    assert_eq!(run.code, Some(0), "{run:#?}");
    run
}

/// Returns the numbers in the given columns of a CSV, line by line.
pub(crate) fn columns(csv: &str, wanted: &[impl AsRef<str>]) -> Vec<Vec<f64>> {
    let mut lines = csv.lines().map(cells);
    let header = lines.next().unwrap();
    let place = |name: &str| header.iter().position(|it| it == name).expect("a column");
    let places: Vec<usize> = wanted.iter().map(|it| place(it.as_ref())).collect();
    let row = |cells: Vec<String>| {
        places
            .iter()
            .map(|it| cells[*it].parse().unwrap())
            .collect()
    };
    lines.map(row).collect()
}

fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for it in line.chars() {
        match it {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            _ => cells.last_mut().unwrap().push(it),
        }
    }
    cells
}

/// Checks a list against one that the reference implementation in Python made.
pub(crate) fn assert_meets_reference(csv: &str, reference: &str) {
    let features = [
        "freshness",
        "discount",
        "price_position",
        "listing",
        "availability",
    ];
    let names = |prefix: &str| -> Vec<String> {
        let features = features.iter().map(|it| format!("{prefix}{it}"));
        let common = ["rank", "id", "coverage", "score"].map(String::from);
        common.into_iter().chain(features).collect()
    };
    let reference = std::fs::read_to_string(testdata(reference)).unwrap();
    let ours = columns(csv, &names("contrib_"));
    let theirs = columns(&reference, &names("c_"));
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        for (one, two) in ours.iter().zip(theirs) {
            assert!((one - two).abs() <= 1e-9, "{ours:?} is not {theirs:?}");
        }
    }
}

#[test]
fn balanced_is_the_default_and_meets_the_reference() {
    let home = Home::new();
    let run = rank_eighteen(&home, &["-k", "12", "--out", "-"]);
    assert_meets_reference(&run.stdout, "eighteen_balanced.csv");
    let named = rank_eighteen(&home, &["-k", "12", "--out", "-", "--preset", "balanced"]);
    assert_eq!(named.stdout, run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn classic_gives_the_numbers_that_it_always_gave() {
    let home = Home::new();
    let file = eighteen();
    let args = ["rank", &file, "--preset", "classic", "-k", "10"];
    let run = run_at(REFERENCE_NOW, &home, args);
    assert!(run.stdout.contains("preset classic"), "{run:#?}");
    assert!(run.stdout.contains("popularity is simulated"), "{run:#?}");
    let expected = std::fs::read_to_string(testdata("eighteen_classic.csv")).unwrap();
    assert_eq!(home.read("top_k.csv"), expected);
}

#[test]
fn classic_shows_no_stock_where_nobody_says_it() {
    let home = Home::new();
    let variants = [
        r#"{"id":1,"title":"","price":"5.00"}"#,
        r#"{"id":2,"title":"","price":"5.00","available":false}"#,
    ];
    let products = variants.iter().zip(1..).map(|(variant, id)| {
        format!(
            r#"{{"id":{id},"title":"Shoe {id}","handle":"shoe-{id}","vendor":"","product_type":"","body_html":"",
            "tags":[],"images":[],"options":[],"variants":[{variant}]}}"#
        )
    });
    let products: Vec<String> = products.collect();
    let file = format!(r#"{{"products":[{}]}}"#, products.join(","));
    home.write("shoes.json", &file);
    let told = home.ok(["rank", "shoes.json", "--preset", "classic"]);
    let in_stock = |title: &str| {
        let row = told.lines().find(|line| line.contains(title)).unwrap();
        row.split_whitespace().rev().nth(1).unwrap().to_owned()
    };
    assert_eq!(
        [in_stock("Shoe 1"), in_stock("Shoe 2")],
        ["–", "%"],
        "{told}"
    );
}

#[test]
fn the_list_says_what_is_known_and_how_sure_it_is() {
    let home = Home::new();
    let run = rank_eighteen(&home, &["-k", "12"]);
    for words in [
        "The best 10 of 18 products, preset balanced:",
        "p(top 12)",
        "places",
        "Unknown of all: demand, bestseller, stockout, rating, trend (demand, rating: no import yet; bestseller: \
         no shop tells its order by sales; trend: it takes eight weeks of such an order).",
        "With weights drawn ±20 % 200 times,",
        " of the first 12 before caps stay on average,",
        "The whole list (12 rows): ",
    ] {
        assert!(run.stdout.contains(words), "{words:?} is not in {run:#?}");
    }
    let json = rank_eighteen(&home, &["-k", "12", "--json"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let unknown = ["demand", "bestseller", "stockout", "rating", "trend"];
    assert_eq!(json["unknown_features"], serde_json::json!(unknown));
    assert_eq!(json["popularity_source"], "unavailable");
    assert_eq!(json["stability"]["draws"], 200);
    let [mean, least] =
        ["overlap_mean", "overlap_min"].map(|it| json["stability"][it].as_f64().unwrap());
    assert!((least..=1.0).contains(&mean), "{json}");
    // numpy draws other numbers; with as few products a place is 8 %.
    assert!((mean - 0.983).abs() < 0.05, "{mean}");
}

#[test]
fn the_columns_of_each_line_sum_to_its_score() {
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, 300, 5);
    home.write("loft.json", catalogue.to_json());
    home.ok(["import", "loft.json"]);
    for (preset, base) in [("balanced", 0.5), ("classic", 0.0)] {
        home.ok(["rank", "-k", "300", "--preset", preset]);
        let csv = home.read("top_k.csv");
        let header = cells(csv.lines().next().unwrap());
        let parts: Vec<&String> = header
            .iter()
            .filter(|it| it.starts_with("contrib_"))
            .collect();
        let (parts, scores) = (columns(&csv, &parts), columns(&csv, &["score"]));
        assert_eq!(parts.len(), 300);
        for (parts, score) in parts.iter().zip(&scores) {
            let off = parts.iter().sum::<f64>() - (score[0] - base);
            assert!(off.abs() <= 1e-12, "{off} of {parts:?}");
        }
    }
}

#[test]
fn a_list_too_long_to_be_drawn_says_so() {
    let home = Home::new();
    let catalogue = Catalogue::generate(&NORTH_LOFT, 1_100, 5);
    home.write("loft.json", catalogue.to_json());
    home.write(
        "drawn.toml",
        BALANCED
            .replace("\"balanced\"", "\"drawn\"")
            .replace("draws = 200", "draws = 10000"),
    );
    let args = [
        "rank",
        "loft.json",
        "--preset",
        "drawn.toml",
        "-k",
        "1100",
        "--json",
    ];
    let run = home.run(args);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(json["stability"].is_null());
    assert_eq!(
        run.stderr,
        "no p_top_k, rank_p5 and rank_p95: with these draws of the weights, a list of up to 1,000 places has them\n"
    );
}

#[test]
fn two_runs_give_the_same_bytes() {
    let (one, two) = (Home::new(), Home::new());
    for home in [&one, &two] {
        let catalogue = Catalogue::generate(&NORTH_LOFT, 300, 5);
        home.write("loft.json", catalogue.to_json());
        home.ok(["import", "loft.json"]);
        home.ok(["rank", "--plots", "pictures"]);
    }
    for file in [
        "top_k.csv",
        "pictures/heatmap_correlation.svg",
        "pictures/pca_clusters.svg",
        "pictures/pca_topk.svg",
    ] {
        assert_eq!(one.read(file), two.read(file), "{file}");
    }
    let heatmap = one.read("pictures/heatmap_correlation.svg");
    assert!(heatmap.contains("freshness") && !heatmap.contains("popularity"));
    assert_eq!(one.ok(["export", "top-k"]), one.read("top_k.csv"));
}

#[test]
fn min_coverage_leaves_out_what_is_hardly_known() {
    let home = Home::new();
    let run = rank_eighteen(&home, &["-k", "18", "--min-coverage", "0.31", "--json"]);
    let all = rank_eighteen(&home, &["-k", "18", "--json"]);
    let rows = |run: &Run| -> Vec<Value> {
        let json: Value = serde_json::from_str(&run.stdout).unwrap();
        json["rows"].as_array().unwrap().clone()
    };
    let (rows, all) = (rows(&run), rows(&all));
    assert!(rows.iter().all(|row| row["coverage"] == 0.31));
    let mut expected = all.clone();
    expected.retain(|row| row["coverage"] == 0.31);
    assert!(expected.len() < all.len());
    for (rank, (row, expected)) in rows.iter().zip(&expected).enumerate() {
        assert_eq!(row["rank"], rank + 1);
        assert_eq!(row["id"], expected["id"]);
        assert_eq!(row["rank_uncapped"], expected["rank_uncapped"]);
    }
    assert_eq!(rows.len(), expected.len());
    // A product that is left out makes room for the next.
    let few = rank_eighteen(&home, &["-k", "12", "--min-coverage", "0.31", "--out", "-"]);
    assert_eq!(few.stdout.lines().count(), 13);
    let file = eighteen();
    let none = home.run(["rank", &file, "--min-coverage", "0.9"]);
    none.assert_fails(1, &["no product has a coverage of 90 % or more", "31 %"]);
    for wrong in ["1.5", "-0.1", "NaN", "half"] {
        home.run(["rank", &file, "--min-coverage", wrong])
            .assert_fails(2, &["expected a share from 0 to 1"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_are_compared_within_one_currency_and_unknown_ones_are_warned_of() {
    let home = Home::new();
    let pounds = Catalogue::generate(&NORTH_LOFT, 60, 5);
    let pounds = FakeShop::start(pounds, FaultPlan::none()).await.unwrap();
    let yen = Catalogue::generate(&KUMO_STATIONERY, 40, 5);
    let yen = FakeShop::start(yen, FaultPlan::none()).await.unwrap();
    home.ok([
        "crawl",
        &pounds.url(),
        &yen.url(),
        "--allow-private",
        "127.0.0.0/8",
        "--rps",
        "unlimited",
    ]);
    let known = home.run(["rank", "-k", "100", "--out", "known.csv"]);
    assert_eq!(known.stderr, "", "two currencies are no reason to warn");
    let one = home.run(["rank", "--shop", &yen.url(), "-k", "100"]);
    assert_eq!(one.stderr, "");
    for name in ["a", "b"] {
        let catalogue = Catalogue::generate(&NORTH_LOFT, 10, 5);
        home.write(&format!("{name}.json"), catalogue.to_json());
        home.ok(["import", &format!("{name}.json")]);
    }
    let unknown = home.run(["rank", "-k", "200", "--out", "-"]);
    let words = [
        "currency of 2 shops is unknown (a, b)",
        "[currencies] \"a\" = \"EUR\"",
    ];
    unknown.assert_fails(0, &words);
    let files = home.run(["rank", "a.json", "b.json", "--out", "-"]);
    files.assert_fails(0, &words);
    assert_eq!(home.run(["rank", "a.json"]).stderr, "");
    assert_eq!(home.run(["rank", "--currency", "GBP"]).stderr, "");
    let alone = home.run(["rank", "--shop", "a", "--out", "-"]);
    assert_eq!(alone.stderr, "", "prices of one shop are in one currency");
    let position = |csv: &str| columns(csv, &["coverage", "contrib_price_position"]);
    let unknown = position(&unknown.stdout);
    assert!(unknown.iter().any(|row| row[1] == 0.0) && unknown.iter().any(|row| row[1] != 0.0));
    assert!(position(&alone.stdout).iter().any(|row| row[1] != 0.0));
}

#[test]
fn pictures_into_a_file_are_refused_before_the_list_is_written() {
    let home = Home::new();
    let file = eighteen();
    home.write("top_k.csv", "mine");
    for (plots, out) in [
        ("top_k.csv", "top_k.csv"),
        ("top_k.csv/below", "top_k.csv"),
        ("new", "./new"),
    ] {
        let run = home.run(["rank", &file, "--plots", plots, "--out", out]);
        run.assert_fails(2, &["cannot draw into --plots", "is a file; name a folder"]);
        assert_eq!(run.stdout, "");
    }
    assert_eq!(home.read("top_k.csv"), "mine");
    assert!(!home.path().join("new").exists());
    home.ok(["rank", &file, "--plots", "new/pictures"]);
    assert!(home.path().join("new/pictures/pca_topk.svg").exists());
}

#[test]
fn only_shops_with_ranked_prices_that_cannot_be_compared_are_warned_of() {
    let home = Home::new();
    for (file, vendor) in [("a.json", "NIKE"), ("b.json", "Nord")] {
        let text = format!(
            r#"{{"products":[{{"id":1,"title":"Shoe","handle":"shoe","vendor":"{vendor}","product_type":"","body_html":"",
            "tags":[],"images":[],"options":[],"variants":[{{"id":1,"title":"","price":"5.00"}}]}}]}}"#
        );
        home.write(file, text);
        home.ok(["import", file]);
    }
    let all = home.run(["rank"]);
    all.assert_fails(0, &["the currency of 2 shops is unknown (a, b)"]);
    let one = home.run(["rank", "--vendor", "NIKE"]);
    assert_eq!(one.stderr, "");
    let files = home.run(["rank", "a.json", "b.json", "--vendor", "NIKE"]);
    assert_eq!(files.stderr, "");
    home.write(
        "listing.toml",
        "name = \"listing\"\nmethod = \"quantiles\"\n[weights]\nlisting = 1\n",
    );
    assert_eq!(home.run(["rank", "--preset", "listing.toml"]).stderr, "");
}

#[test]
fn nothing_to_rank_is_told_as_ever() {
    let home = Home::new();
    home.write("none.json", "{\"products\":[]}");
    home.run(["rank", "none.json"])
        .assert_fails(1, &["the given files hold no products"]);
    let file = eighteen();
    home.run(["rank", &file, "--vendor", "nobody"])
        .assert_fails(1, &["no product in the given files passes these filters"]);
    home.ok(["import", &file]);
    home.run(["rank", "--vendor", "nobody"])
        .assert_fails(1, &["no product in", "passes these filters"]);
    let one = home.ok(["rank", "--type", "lamp", "--price-max", "30"]);
    assert!(one.contains("The best 1 of 1 product,"), "{one}");
}
