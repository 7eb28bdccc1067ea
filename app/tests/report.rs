//! `trouvaille report` from outside: what it writes, what it compares, and what it refuses.

use std::path::Path;

use serde_json::{Value, json};
use testkit::{Catalogue, NORTH_LOFT};

use crate::program::{Home, NOW, PROGRAM};

/// What shops have written, or might.
pub(crate) const HOSTILE: [&str; 12] = [
    "<script>hit=1</script>",
    "</script><script>window.hit=1</script>",
    "</title></style><img src=x onerror=hit=1>",
    "\"><svg onload=hit=1>",
    "' onmouseover='hit=1",
    "javascript:window.hit=1",
    "data:text/html,<script>hit=1</script>",
    "<!-- --><![CDATA[ ]]>--!>",
    "\u{202e}gnp.exe \u{2066}isolated \u{200b}\u{feff}",
    "NUL \0 bell \u{7} escape \u{1b}[31m",
    "</details></td></tr></tbody></table></main><h1>gone</h1>",
    "&lt;b&gt; &amp; {{7*7}} ${7*7}",
];

/// Returns a shop's answer in which every text of a product is hostile.
pub(crate) fn hostile_products() -> String {
    let long = ["x".repeat(10_000), "long ".repeat(2_000)];
    let texts = HOSTILE
        .iter()
        .copied()
        .chain(long.iter().map(String::as_str));
    let products = (1..).zip(texts).map(|(id, text)| {
        json!({
            "id": id,
            "title": format!("{text} {id}"),
            "handle": text,
            "body_html": text,
            "vendor": text,
            "product_type": text,
            "tags": [text, "lamp"],
            "published_at": "2026-01-05T10:00:00Z",
            "variants": [{ "id": id, "title": text, "price": "12.50", "available": true, "sku": text }],
            "images": [{ "src": text }, { "src": format!("https://cdn.example/{text}") }],
        })
    });
    json!({ "products": products.collect::<Vec<_>>() }).to_string()
}

/// Returns a home whose store has a shop of `n` products.
fn home_with(n: usize) -> Home {
    let home = Home::new();
    import(&home, n, "2026-01-20T08:00:00Z");
    home
}

fn import(home: &Home, n: usize, at: &str) {
    home.write(
        "loft.json",
        Catalogue::generate(&NORTH_LOFT, n, 5).to_json(),
    );
    run_at(
        home,
        at,
        &["import", "loft.json", "--shop", "https://loft.example"],
    );
}

/// Runs the program as if it were another time.
fn run_at(home: &Home, at: &str, args: &[&str]) -> String {
    let mut command = home.bare_command(Path::new(PROGRAM));
    let output = command.args(args).args(["--now", at]).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns a column of a CSV.
fn column<'a>(csv: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = csv.lines();
    let index = lines.next().unwrap().split(',').position(|it| it == name);
    // No title of these products has a comma.
    lines
        .map(|line| line.split(',').nth(index.unwrap()).unwrap())
        .collect()
}

#[test]
fn a_report_is_one_file_that_says_where_it_is_and_stores_its_ranking() {
    let home = home_with(60);
    let told = home.ok(["report", "-k", "20", "--out", "made/for/you.html"]);
    let page = home.read("made/for/you.html");
    let path = home.path().join("made/for/you.html");
    let size = format!("({} kB)", page.len().div_ceil(1_000));
    assert!(
        told.contains(&*path.to_string_lossy()) && told.contains(&size),
        "{told}"
    );
    assert_eq!(page.matches("<tbody id=\"p").count(), 20);
    for part in [
        "What changed",
        "Ranking",
        "Pictures",
        "Patterns",
        "How it was computed",
        "What the score cannot know",
    ] {
        assert!(page.contains(&format!(">{part}</h")), "{part}");
    }
    // Nothing is fetched, nothing is styled or run but what the policy names.
    for text in [
        " src=",
        "@import",
        "url(",
        " style=",
        " onclick=",
        "<img",
        "<iframe",
        "http-equiv=\"refresh\"",
    ] {
        assert!(!page.contains(text), "{text}");
    }
    assert_eq!(page.matches("<link ").count(), 1);
    let csv = home.ok(["export", "top-k"]);
    let places: Vec<_> = column(&csv, "product_id")
        .into_iter()
        .map(|id| page.find(&format!("<bdi>{id}</bdi>")))
        .collect();
    assert!(
        places.len() == 20 && places.iter().all(Option::is_some),
        "{places:?}"
    );
    assert!(
        places.is_sorted(),
        "the list of the report is that of the stored ranking"
    );
}

#[test]
fn a_summary_of_a_product_that_changed_is_marked_as_of_earlier_facts() {
    let home = home_with(1);
    run_at(&home, "2026-01-20T09:00:00Z", &["rank", "-k", "1"]);
    run_at(&home, "2026-01-20T09:00:00Z", &["summarize", "-k", "1"]);
    let report = |at: &str| run_at(&home, at, &["report", "-k", "1", "--out", "-"]);
    let marked = |page: &str| page.matches("made from earlier facts").count();
    let page = report("2026-01-20T10:00:00Z");
    assert!(page.contains("made without a language model"));
    assert_eq!(marked(&page), 0);
    let mut shop: Value = serde_json::from_str(&home.read("loft.json")).unwrap();
    for variant in shop["products"][0]["variants"].as_array_mut().unwrap() {
        variant["price"] = json!("7.31");
    }
    home.write("loft.json", shop.to_string());
    let args = ["import", "loft.json", "--shop", "https://loft.example"];
    run_at(&home, "2026-01-20T11:00:00Z", &args);
    let page = report("2026-01-20T12:00:00Z");
    assert!(page.contains("made without a language model"));
    assert_eq!(marked(&page), 1);
    // Made anew, it is of these facts again.
    run_at(&home, "2026-01-20T12:00:00Z", &["summarize", "-k", "1"]);
    assert_eq!(marked(&report("2026-01-20T12:00:00Z")), 0);
}

#[test]
fn the_same_store_and_time_give_the_same_bytes() {
    let home = home_with(60);
    home.ok(["report", "--out", "one.html"]);
    home.ok(["report", "--out", "two.html"]);
    assert!(home.read("one.html") == home.read("two.html"));
    assert!(home.read("one.html") == home.ok(["report", "--out", "-"]));
    let json: serde_json::Value = serde_json::from_str(&home.ok(["report", "--json"])).unwrap();
    assert_eq!(json["bytes"], home.read("report.html").len());
}

#[test]
fn it_is_compared_with_the_newest_ranking_before_the_newest_crawl() {
    let home = home_with(60);
    let rank = |at, preset| {
        run_at(
            &home,
            at,
            &["rank", "-k", "20", "--preset", preset, "--out", "-"],
        )
    };
    rank("2026-01-20T09:00:00Z", "balanced");
    let old = rank("2026-01-21T09:00:00Z", "balanced");
    rank("2026-01-22T09:00:00Z", "classic");
    import(&home, 90, "2026-01-25T08:00:00Z");
    rank("2026-01-26T09:00:00Z", "balanced");
    let new = rank(NOW, "balanced");
    home.ok(["report", "-k", "20"]);
    let page = home.read("report.html");
    assert!(page.contains(
        "Compared with the ranking of <strong>2026-01-21 09:00 UTC</strong>, 10 days before"
    ));
    let (old, new) = (column(&old, "product_id"), column(&new, "product_id"));
    let n_entered = new.iter().filter(|id| !old.contains(id)).count();
    let n_stayed = new.iter().zip(&old).filter(|(new, old)| new == old).count();
    let n_moved = new.len() - n_entered - n_stayed;
    assert!(n_entered > 0 && n_moved > 0, "the lists are the same");
    for (list, n) in [
        ("New in the first 20 places", n_entered),
        ("Moved", n_moved),
        ("No longer in the first 20 places", n_entered),
    ] {
        let heading = format!("<h3>{list} <span class=\"count\">{n}</span></h3>");
        assert!(page.contains(&heading), "{heading}");
    }
}

#[test]
fn without_an_earlier_ranking_of_the_preset_it_says_so() {
    let home = home_with(20);
    run_at(
        &home,
        "2026-01-22T09:00:00Z",
        &["rank", "--preset", "classic", "--out", "-"],
    );
    home.ok(["report"]);
    assert!(
        home.read("report.html")
            .contains("No earlier ranking of the same products with the same preset is stored.")
    );
    home.ok(["report", "--preset", "classic"]);
    let page = home.read("report.html");
    assert!(page.contains("Compared with the ranking of <strong>2026-01-22 09:00 UTC</strong>"));
    assert!(page.contains("The popularity is simulated: "));
    assert!(page.contains("but the popularity is <strong>simulated</strong>"));
    assert!(!page.contains("The stability above"));
}

#[test]
fn only_a_ranking_of_the_same_products_is_compared() {
    let home = home_with(20);
    let rank = |at, filters: &[&str]| {
        run_at(&home, at, &[&["rank", "--out", "-"], filters].concat());
    };
    rank("2026-01-22T09:00:00Z", &["--price-min", "1"]);
    rank("2026-01-23T09:00:00Z", &["--shop", "loft.example"]);
    let page = |filters: &[&str]| {
        home.ok([&["report"], filters].concat());
        home.read("report.html")
    };
    let none = "No earlier ranking of the same products with the same preset is stored.";
    assert!(page(&[]).contains(none));
    assert!(page(&["--price-min", "2"]).contains(none));
    let compared = "Compared with the ranking of <strong>2026-01-22 09:00 UTC</strong>";
    assert!(page(&["--price-min", "1"]).contains(compared));
}

#[test]
fn one_product_is_spoken_of_as_one_and_not_drawn() {
    let home = home_with(1);
    let rank = [
        "rank",
        "--out",
        "-",
        "--price-min",
        "0",
        "--plots",
        "pictures",
    ];
    run_at(&home, "2026-01-22T09:00:00Z", &rank);
    home.ok(["report", "--price-min", "0"]);
    let page = home.read("report.html");
    for text in [
        "The one product of the list.",
        "<strong>1 product</strong> that passes the filters, of 1 shop looked at",
        ": the first place of both.",
        "Nothing is drawn of fewer than three products.",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("<figure"));
    for picture in ["heatmap_correlation", "pca_clusters", "pca_topk"] {
        let svg = home.read(&format!("pictures/{picture}.svg"));
        assert!(svg.contains("Nothing to draw of 1 product"), "{svg}");
    }
}

#[test]
fn filters_and_the_command_are_told() {
    let home = home_with(40);
    home.ok([
        "report",
        "--in-stock",
        "--price-min",
        "10",
        "-k",
        "7",
        "--title",
        "It's <here>",
    ]);
    let page = home.read("report.html");
    assert!(page.contains("<title>It's &lt;here&gt;</title>"));
    assert!(page.contains("Only products that can be bought, from 10."));
    let command = "trouvaille report --preset balanced -k 7 --price-min 10 --title 'It'\\''s &lt;here&gt;' --in-stock";
    assert!(page.contains(command), "{page}");
}

#[test]
fn a_report_tells_nothing_of_the_folders_of_who_made_it() {
    let home = home_with(40);
    let folder = home.path().to_string_lossy().into_owned();
    home.write(
        "own.toml",
        "name = \"own\"\nmethod = \"quantiles\"\n[weights]\nlisting = 3\navailability = 1\n",
    );
    let preset = format!("{folder}/own.toml");
    home.write(
        "shop.json",
        Catalogue::generate(&NORTH_LOFT, 5, 5).to_json(),
    );
    let store = format!("sqlite:{folder}/kept/far.db");
    home.ok(["import", "shop.json", "--store", &store]);
    let config = format!("{folder}/mine.toml");
    home.write("mine.toml", "[rank]\nk = 50\n");
    home.ok([
        "report", "--store", &store, "--config", &config, "--preset", &preset,
    ]);
    let page = home.read("report.html");
    assert!(!page.contains(&folder), "{page}");
    // Weights need not sum to 1; what is shown does.
    assert!(
        page.contains("listing <span class=\"soft\">75\u{a0}%</span>"),
        "{page}"
    );
    assert!(
        page.contains("from the store <bdi class=\"path\">far.db</bdi>"),
        "{page}"
    );
    assert!(
        page.contains(
            "trouvaille report --store sqlite:far.db --config mine.toml --preset own.toml -k 50"
        ),
        "{page}"
    );
}

#[test]
fn each_segment_names_three_typical_products() {
    let home = home_with(60);
    home.ok(["report"]);
    let page = home.read("report.html");
    let (_, table) = page.split_once(">Segments</h3>").unwrap();
    let (table, _) = table.split_once("</table>").unwrap();
    let mut sizes = table.split("<tr><th scope=\"row\">").skip(1).map(|row| {
        let n_links = row
            .matches("<a href=\"https://loft.example/products/")
            .count();
        assert_eq!(n_links, row.matches("<bdi>").count(), "{row}");
        n_links
    });
    assert_eq!(sizes.next(), Some(3));
    assert!(sizes.all(|it| (1..=3).contains(&it)));
}

#[test]
fn nothing_to_report_is_told_as_by_rank() {
    let home = Home::new();
    home.ok(["shops", "add", "shop.example"]);
    for filters in [&[][..], &["--type", "Submarine"]] {
        let [rank, report] =
            ["rank", "report"].map(|command| home.run([&[command], filters].concat()));
        report.assert_fails(1, &["no product in"]);
        assert_eq!(report.stderr, rank.stderr);
    }
    assert!(!home.path().join("report.html").exists());
    for (args, words) in [
        (["-k", "0"], "a whole number from 1 to 5000"),
        (["-k", "5001"], "a whole number from 1 to 5000"),
        (["--min-coverage", "2"], "a share from 0 to 1"),
        (["--preset", "magic"], "unknown preset"),
    ] {
        home.run(["report", args[0], args[1]])
            .assert_fails(2, &[words]);
    }
}
