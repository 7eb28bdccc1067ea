//! Where the subjects of `summarize` come from, and where its texts go.

use serde_json::Value;
use testkit::LlmPlan;

use super::{World, home_with};
use crate::program::Home;

#[test]
fn a_list_goes_in_and_files_come_out() {
    let home = home_with(5);
    home.ok(["rank", "-k", "4", "--out", "top_k.csv"]);
    let told = home.ok([
        "summarize",
        "--in",
        "top_k.csv",
        "-k",
        "3",
        "--out",
        "made/for/you.jsonl",
    ]);
    assert!(
        told.starts_with("The summaries (3): ") && told.contains("made/for/you.jsonl"),
        "{told}"
    );
    let text = home.read("made/for/you.jsonl");
    let subjects = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let subjects: Vec<String> = subjects
        .map(|it| it["subject"].as_str().unwrap().to_owned())
        .collect();
    let csv = home.read("top_k.csv");
    let ids = csv.lines().skip(1).take(3).map(|line| {
        line.split(',')
            .find(|it| it.starts_with("shopify:"))
            .unwrap()
    });
    assert!(
        subjects.iter().eq(ids
            .map(|it| format!("product:{it}"))
            .collect::<Vec<_>>()
            .iter())
    );

    home.ok([
        "summarize",
        "--in",
        "top_k.csv",
        "--out",
        "you.md",
        "--json",
    ]);
    let markdown = home.read("you.md");
    assert_eq!(
        markdown.lines().filter(|it| it.starts_with("## ")).count(),
        4
    );
    assert_eq!(markdown.matches("made without a language model").count(), 4);
    assert_eq!(markdown.matches("\n### The facts\n").count(), 4);
    assert!(markdown.contains(" [F1]\n"), "{markdown}");
    let lines = home.ok(["summarize", "-k", "2", "--out", "-"]);
    assert_eq!(lines.lines().count(), 2);
}

#[test]
fn a_product_of_a_list_that_is_not_stored_is_not_passed_over() {
    let home = home_with(2);
    home.ok(["rank", "-k", "2", "--out", "top_k.csv"]);
    let list = home.read("top_k.csv");
    let id = list
        .split(',')
        .find(|it| it.starts_with("shopify:"))
        .unwrap();
    home.write(
        "list.csv",
        format!("product_id\n{id}\nshopify:other.example:1\n"),
    );
    let run = home.run(["summarize", "--in", "list.csv", "--json"]);
    assert_eq!(run.code, Some(3), "{run:#?}");
    assert!(
        run.stderr.contains("leaving out 1 product of list.csv"),
        "{run:#?}"
    );
    let told = super::json(&run);
    assert_eq!(told["totals"]["not_stored"], 1, "{told}");
    assert_eq!(told["totals"]["counts"]["extractive"], 1, "{told}");
}

#[test]
fn what_a_model_would_take_is_told_of_all_that_is_there_without_one() {
    let home = home_with(3);
    home.ok(["summarize", "-k", "2"]);
    let tokens = |args: &[&str]| {
        let run = home.run([&["summarize", "--dry-run", "--json"], args].concat());
        let told = super::json(&run);
        (told["stored"].clone(), told["input_tokens"].as_u64())
    };
    let (stored, two) = tokens(&["-k", "2"]);
    assert_eq!(stored, 2);
    let (stored, three) = tokens(&["-k", "3"]);
    assert_eq!(stored, 2);
    assert!(two > Some(0) && three > two, "{two:?} {three:?}");
}

#[test]
fn a_list_that_is_none_is_refused() {
    let home = home_with(1);
    let run = |list: &str| {
        home.write("list.csv", list);
        home.run(["summarize", "--in", "list.csv"])
    };
    run("rank,id\n1,7\n").assert_fails(2, &["no column product_id", "trouvaille rank"]);
    run("product_id\n\"shopify:loft.example\n").assert_fails(1, &["line 2"]);
    run("product_id\nshopify:other.example:1\n")
        .assert_fails(1, &["none of the products in list.csv"]);
    home.run(["summarize", "--in", "missing.csv"])
        .assert_fails(1, &["missing.csv"]);
    home.run(["summarize", "--in", "list.csv", "changes"])
        .assert_fails(2, &["cannot be used"]);
}

#[test]
fn without_a_ranking_the_next_step_is_named() {
    let home = Home::new();
    home.write(
        "loft.json",
        testkit::Catalogue::generate(&testkit::NORTH_LOFT, 2, 5).to_json(),
    );
    home.ok(["import", "loft.json", "--shop", "https://loft.example"]);
    home.run(["summarize"])
        .assert_fails(1, &["no ranking is stored", "`trouvaille rank`"]);
    home.run(["summarize", "no-such-lamp"])
        .assert_fails(1, &["no product \"no-such-lamp\""]);
    Home::new()
        .run(["summarize"])
        .assert_fails(1, &["no store"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_shows_stored_summaries_and_check_tells_the_model() {
    let world = World::of(3, LlmPlan::none()).await;
    world.home.ok(["report", "--out", "before.html"]);
    assert!(!world.home.read("before.html").contains("class=\"text\""));
    world.ok(&["-k", "2"]);
    world.home.ok(["report", "--out", "after.html"]);
    let page = world.home.read("after.html");
    assert_eq!(page.matches("class=\"text\"").count(), 2);
    assert!(page.contains("by test-model at 127.0.0.1:"));

    let check = world.home.ok(["check"]);
    assert!(
        check.contains("model         none, summaries are made of the facts alone"),
        "{check}"
    );
    let mut command = world.home.command(["check"]);
    command
        .env("TROUVAILLE__LLM__MODEL", "m")
        .env("TROUVAILLE__LLM__API_KEY", super::KEY);
    let run = crate::program::Run::from(command.output().unwrap());
    let line = "model         m at https://api.openai.com/v1, key set, price not known: set it in [llm.prices]; not asked";
    assert!(
        run.stdout.contains(line) && !run.stdout.contains(super::KEY),
        "{run:#?}"
    );
}

#[test]
fn shops_segments_and_the_last_days_have_summaries_too() {
    let home = home_with(60);
    let text = home.ok([
        "summarize",
        "shop:loft.example",
        "segment:a",
        "changes",
        "top-k",
        "--lang",
        "en,fr",
    ]);
    for subject in ["shop:loft.example", "segment:A", "changes", "top-k"] {
        assert_eq!(
            text.matches(&format!("; {subject})")).count(),
            2,
            "{subject}: {text}"
        );
    }
    assert_eq!(
        text.matches("rédigé sans modèle de langue").count(),
        4,
        "{text}"
    );
    home.run(["summarize", "segment:Q"])
        .assert_fails(1, &["no segment \"Q\": there are A, B"]);
    home.run(["summarize", "shop:other.example"])
        .assert_fails(1, &["no shop other.example"]);
    home.run(["summarize", "shop:"]).assert_fails(2, &["shop:"]);
    home.run(["summarize", "changes", "-k", "3"])
        .assert_fails(2, &["-k takes the first of a list"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_costs_nothing_needs_no_price() {
    let world = World::of(1, LlmPlan::none()).await;
    let unpriced = |args: &[&str]| {
        let mut command = world.home.command(args);
        command.env("TROUVAILLE__LLM__MODEL", "unpriced");
        command.env("TROUVAILLE__LLM__BASE_URL", world.llm.base_url());
        crate::program::Run::from(command.output().unwrap())
    };
    let run = unpriced(&["summarize", "--extractive", "--max-cost", "1"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    unpriced(&["summarize", "--max-cost", "1"]).assert_fails(2, &["needs the price"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brief_says_what_wins_with_the_facts_of_each_sentence() {
    let world = World::of(30, LlmPlan::none()).await;
    let run = world.ok(&["--brief", "-k", "10"]);
    assert!(
        run.stdout.starts_with("The brief: ") && run.stdout.lines().count() == 1,
        "{run:#?}"
    );
    let brief = world.home.read("brief.md");
    for words in [
        "# Top 10: what wins, and why",
        "## Why",
        "## What changed",
        "## By shop",
        "[F1]",
        "test-model",
    ] {
        assert!(brief.contains(words), "{words}: {brief}");
    }
    assert_eq!(world.llm.n_requests(), 1, "no product was asked for");

    let run = world.ok(&[
        "--brief=made/you.md",
        "--lang",
        "en,fr",
        "--extractive",
        "--json",
    ]);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        told["totals"]["briefs"].as_array().unwrap().len(),
        2,
        "{run:#?}"
    );
    let french = world.home.read("made/you.fr.md");
    assert!(french.contains("ce qui gagne, et pourquoi"), "{french}");
    assert!(french.contains("Rédigé sans modèle de langue"), "{french}");
    assert!(
        world
            .home
            .read("made/you.en.md")
            .contains("Made without a language model")
    );

    // No product is asked for, and so nothing would be there.
    let run = world.run(&["--brief", "--out", "products.md"]);
    run.assert_fails(2, &["--out", "--brief alone"]);
    world.ok(&[
        "--brief",
        "-k",
        "5",
        "shop:loft.example",
        "--out",
        "shop.md",
    ]);
    assert!(world.home.read("shop.md").contains("## "));

    // Out of budget, what is sure is written all the same.
    let run = world.run(&["--brief", "--lang", "fr", "--max-tokens", "1"]);
    run.assert_fails(1, &["budget"]);
    assert!(world.home.read("brief.md").contains("ce qui gagne"));
}
