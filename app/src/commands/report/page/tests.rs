//! The whole page from invented data: complete, well formed, small, and safe whatever shops write.

use catalog::{
    Certainty, Currency, Language, ListStability, Metrics, Money, PopularitySource, ProductRow,
    RankedRow, Ranking, Stability, UnixMs,
};
use scoring::explain::{Above, Explained, Explanation, Group, Input, Move};
use scoring::feature::Feature;
use scoring::preset::{Method, Quantiles};
use scoring::signals::Signal;

use super::super::data::{Changes, Outlier, Picture, ProductText, ReportData, Rule, Segment};
use super::page;

/// What shops have written, or might.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<!-- --><![CDATA[ ]]>",
    "\u{202e}gnp.exe \u{2066}isolated",
    "NUL \0 bell \u{7} escape \u{1b}[31m",
    "</details></td></tr></tbody></table><h1>gone</h1>",
    "&lt;b&gt; &amp; {{7*7}} ${7*7}",
];

const WEIGHTS: [f64; 10] = [0.2, 0.15, 0.12, 0.12, 0.1, 0.07, 0.05, 0.07, 0.06, 0.06];

fn settings() -> Quantiles {
    Quantiles {
        weights: WEIGHTS,
        by_shop: true,
        by_type: true,
        shrinkage: 20.0,
        max_per_store: 5,
        max_per_category: 0,
        price_band: [-1.0, 1.0],
        draws: 200,
        concentration: 100.0,
        seed: 42,
    }
}

fn at(text: &str) -> UnixMs {
    UnixMs::parse(text).unwrap()
}

/// Returns a product whose every text is `text`.
fn product(n: usize, text: &str) -> ProductRow {
    let eur = Currency::parse("EUR").unwrap();
    let price = Money::new(1_000 + 37 * n as i64, eur);
    ProductRow {
        id: format!("shopify:shop-{}.example:{n}", n % 7)
            .parse()
            .unwrap(),
        title: text.to_owned(),
        handle: text.to_owned(),
        vendor: text.to_owned(),
        product_type: text.to_owned(),
        currency: eur,
        price_min: Some(price),
        price_max: Some(price),
        in_stock: Some(true),
        metrics: Metrics {
            available_ratio: 0.5,
            num_tags: 3,
            avg_price: 20.0,
            num_images: 4,
            description_length: 900,
        },
        url: if n.is_multiple_of(2) {
            text.to_owned()
        } else {
            format!("https://shop.example/products/{n}?x={text}")
        },
        image_url: format!("https://cdn.example/{text}.jpg"),
        crawled_at: at("2026-11-20T08:00:00Z"),
    }
}

/// The contributions of place `n`: five features are known, as in a store without a history.
fn contributions(n: usize) -> [f64; 10] {
    let mut contributions = [0.0; 10];
    for (place, feature) in (5..10).enumerate() {
        let turn = ((n * 31 + place * 17) % 97) as f64 / 97.0;
        contributions[feature] = WEIGHTS[feature] * (turn - 0.3) / (1.0 + n as f64 / 500.0);
    }
    contributions
}

fn row(n: usize, text: &str) -> RankedRow {
    let contributions = contributions(n);
    let rank = u32::try_from(n).unwrap() + 1;
    RankedRow {
        rank,
        score: 0.5 + contributions.iter().sum::<f64>(),
        coverage: 0.31,
        contributions: contributions.to_vec(),
        rank_uncapped: Some(rank),
        popularity: None,
        stability: Some(Stability {
            p_top_k: 1.0 - n as f64 / 2_000.0,
            rank_p5: rank,
            rank_p95: rank + 40,
        }),
        product: product(n, text),
    }
}

fn explanation(row: &RankedRow) -> Explanation {
    let group = |level, n| Group {
        level,
        n,
        quantile: 0.73,
    };
    let input = |name, value: &str| Input {
        name,
        value: value.to_owned(),
        source: "catalogue",
        certainty: Certainty::Observed,
        at: at("2026-11-20T08:00:00Z"),
    };
    let features = Feature::ALL.iter().enumerate().map(|(index, feature)| {
        let is_known = index >= 5;
        Explained {
            feature: feature.name(),
            weight: WEIGHTS[index],
            value: is_known.then_some(0.5),
            utility: is_known.then_some(0.7),
            contribution: row.contributions[index],
            groups: if is_known {
                vec![
                    group("all", 20_000),
                    group("shop", 2_400),
                    group("type", 120),
                ]
            } else {
                vec![]
            },
            inputs: match index {
                8 => vec![
                    input("images", "4"),
                    input("description", "812 characters"),
                    input("tags", "6"),
                ],
                5.. => vec![input("published", "12.5 days ago")],
                _ => vec![],
            },
            unknown: (!is_known).then_some("no sales were imported"),
        }
    });
    Explanation {
        product: row.product.id.clone(),
        rank: row.rank,
        n_ranked: 20_000,
        n_tied: 0,
        score: row.score,
        coverage: row.coverage,
        features: features.collect(),
        above: (row.rank > 1).then(|| Above {
            product: format!(
                "shopify:shop-{}.example:{}",
                (row.rank - 2) % 7,
                row.rank - 2
            )
            .parse()
            .unwrap(),
            gap: 0.0021,
            moves: vec![
                Move {
                    feature: "availability",
                    utility: 0.9,
                    value: 1.0,
                    words: "availability from 50 % to 100 %".to_owned(),
                },
                Move {
                    feature: "discount",
                    utility: 0.8,
                    value: 0.1,
                    words: "discount from 0 % to 10 %".to_owned(),
                },
            ],
        }),
    }
}

/// Every second product was seen to move, and its place never.
fn signals(n: usize) -> Vec<Signal> {
    let signal = |name, value, unit, certainty, detail: &str| Signal {
        name,
        value,
        unit,
        source: Some("observations"),
        at: Some(at("2026-11-20T08:00:00Z")),
        certainty,
        detail: detail.to_owned(),
    };
    if n.is_multiple_of(2) {
        return vec![];
    }
    vec![
        signal(
            "bestseller_place",
            Some(3.0),
            "place",
            Certainty::Observed,
            "",
        ),
        signal(
            "units_out_28_days",
            Some(12.0),
            "units",
            Certainty::Estimated,
            "in 4 drops",
        ),
        signal(
            "time_to_sell_out",
            None,
            "days",
            Certainty::Unavailable,
            "never sold out",
        ),
        signal(
            "price_moves",
            Some(0.0),
            "changes",
            Certainty::Observed,
            "none",
        ),
        signal(
            "discount_moves",
            Some(1.0),
            "changes",
            Certainty::Observed,
            "<b>the last</b> began",
        ),
    ]
}

/// Returns a report of `n` places, whose products' texts `text` gives.
pub(super) fn report(n: usize, text: impl Fn(usize) -> String) -> ReportData {
    let rows: Vec<RankedRow> = (0..n).map(|n| row(n, &text(n))).collect();
    let ranking = Ranking {
        at: at("2026-11-21T09:00:00Z"),
        preset: "balanced".to_owned(),
        features: Feature::ALL.map(|it| it.name().to_owned()).to_vec(),
        weights: WEIGHTS.to_vec(),
        n_ranked: 20_000,
        popularity_source: PopularitySource::Unavailable,
        filter: None,
        stability: Some(ListStability {
            draws: 200,
            overlap_mean: 0.886,
            overlap_min: 0.67,
        }),
        rows,
    };
    let mut old = ranking.clone();
    old.at = at("2026-11-14T09:00:00Z");
    old.rows.rotate_left(n / 3);
    for (row, rank) in old.rows.iter_mut().zip(1..) {
        row.rank = rank;
    }
    for (extra, row) in old.rows.iter_mut().take(4).enumerate() {
        row.product = product(100_000 + extra, &text(extra));
    }
    ReportData {
        title: None,
        store: "/home/analyst/trouvaille.db".to_owned(),
        command: "trouvaille report -k 50 --out report.html".to_owned(),
        filters: vec![],
        method: Method::Quantiles(settings()),
        explanations: ranking.rows.iter().map(explanation).collect(),
        signals: (0..n.min(100)).map(signals).collect(),
        texts: (0..n)
            .map(|n| n.is_multiple_of(2).then(|| product_text(&text(n))))
            .collect(),
        unknown_of_all: vec!["demand", "bestseller", "stockout", "rating", "trend"],
        shops: vec![],
        changes: Some(Changes::between(&old, &ranking)),
        pictures: vec![Picture {
            title: "A picture",
            description: "What it shows.",
            svg: "<svg width=\"9\" height=\"9\"></svg>".to_owned(),
        }],
        segments: vec![Segment {
            letter: "A".to_owned(),
            n_products: 12_000,
            n_listed: 20,
            words: "many images, low price".to_owned(),
            typical: vec![product(1, &text(1))],
        }],
        outliers: ranking
            .rows
            .iter()
            .take(5)
            .map(|row| Outlier {
                product: row.product.clone(),
                words: "price 9.1 deviations above its group".to_owned(),
            })
            .collect(),
        rules: Some(vec![Rule {
            given: text(0),
            found: text(1),
            n_products: 80,
            n_shops: 3,
            confidence: 0.8,
            lift: 4.2,
        }]),
        ranking,
    }
}

/// Returns a stored summary whose every text is `text`.
fn product_text(text: &str) -> ProductText {
    ProductText {
        language: Language::En,
        headline: text.to_owned(),
        text: text.to_owned(),
        cautions: vec![text.to_owned(); 9],
        by: format!("by {text} at h.example, checked against 9 facts"),
        careful: "Careful:",
        earlier: None,
        at: at("2026-11-20T08:00:00Z"),
    }
}

/// Returns a report with texts of the usual length.
fn usual(n: usize) -> ReportData {
    let mut data = report(n, |n| {
        format!("Handmade oak table lamp with linen shade {n}")
    });
    for row in &mut data.ranking.rows {
        let product = &mut row.product;
        product.vendor = "North & Loft".to_owned();
        product.product_type = "Table lamps".to_owned();
        let handle = format!("handmade-oak-table-lamp-{}", row.rank);
        product.url = format!("https://shop.example/products/{handle}");
        product.image_url = format!(
            "https://cdn.shop.example/s/files/1/0123/4567/8901/files/{handle}_1024x1024.jpg?v=1712345678"
        );
    }
    data
}

fn hostile(n: usize) -> String {
    match n % (HOSTILE.len() + 1) {
        it if it < HOSTILE.len() => HOSTILE[it].to_owned(),
        _ => "long ".repeat(2_000),
    }
}

#[test]
fn a_thousand_products_fit_into_two_megabytes() {
    let page = page(&usual(1_000));
    assert!(page.len() <= 2_000_000, "{}", page.len());
    assert_eq!(page.matches("<tbody id=\"p").count(), 1_000);
    assert_eq!(page.matches("<summary>Why: ").count(), 1_000);
    let in_full = page.matches("<th>Way up in").count();
    let told = format!("only the first {in_full} places are explained in full");
    assert!(in_full == 1_000 || page.contains(&told), "{in_full}");
}

#[test]
fn a_usual_report_explains_every_place_in_full() {
    let page = page(&usual(50));
    assert_eq!(page.matches("<th>Way up in").count(), 50);
    for text in [
        "<td>images 4, description 812 characters, tags 6",
        "<td>type 73\u{a0}% of 120, shop 73\u{a0}%, all 73\u{a0}%",
        "Next above: <a href=\"#p3\">place 3</a>, ahead by 0.0021.",
        "Each of these alone would pass it: availability from 50 % to 100 %; discount from 0 % to 10 %.",
        "Catalogue as of 2026-11-20. <bdi>shopify:shop-3.example:3</bdi>",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let unknown = "Unknown of every product here, so neither for nor against any: \
                   demand, bestseller, stockout, rating, trend (no sales were imported).";
    assert_eq!(page.matches(unknown).count(), 1);
    assert!(!page.contains("Also unknown"));
}

#[test]
fn hostile_texts_open_no_element_and_no_attribute() {
    let hostile = page(&report(26, hostile));
    let harmless = page(&report(26, |_| "x".to_owned()));
    // Links that are none in one of them, and lists that a click opens, are all that may differ.
    for element in [
        "script", "style", "img", "svg", "h1", "table", "tbody", "details", "input",
    ] {
        let count = |page: &str| page.matches(&format!("<{element}")).count();
        assert_eq!(count(&hostile), count(&harmless), "{element}");
    }
    for text in [
        "href=\"javascript:",
        "href=\"data:text",
        "\0",
        "\u{202e}",
        "\u{2066}",
    ] {
        assert!(!hostile.contains(text), "{text:?}");
    }
    assert!(hostile.contains("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>"));
    let longest = hostile
        .lines()
        .flat_map(|line| line.split('<'))
        .map(str::len)
        .max();
    assert!(longest < Some(10_000), "{longest:?}");
}

#[test]
fn a_stored_summary_stands_with_its_product_and_says_who_wrote_it() {
    let mut data = usual(3);
    data.texts[0] = Some(ProductText {
        language: Language::Fr,
        careful: "Attention :",
        ..product_text("Lampe <i>")
    });
    let page = page(&data);
    assert_eq!(page.matches("class=\"text\"").count(), 2);
    for text in [
        "<div class=\"text\" lang=\"fr\"><p><strong><bdi>Lampe &lt;i&gt;</bdi></strong></p>",
        "<p>Attention : <bdi>Lampe &lt;i&gt;</bdi></p>",
        "<bdi>by Lampe &lt;i&gt; at h.example, checked against 9 facts</bdi>, 2026-11-20)",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("<p>Attention : ").count(), 5, "the first few");
}

#[test]
fn a_summary_of_earlier_facts_begins_with_saying_so() {
    let mut data = usual(3);
    data.texts[0] = Some(ProductText {
        earlier: Some("made from earlier facts"),
        ..product_text("Lamp")
    });
    let block = "<div class=\"text\" lang=\"en\"><p><em>Careful: made from earlier facts.</em></p><p><strong>";
    assert!(page(&data).contains(block));
}

#[test]
fn what_was_seen_to_move_stands_with_its_product() {
    let page = page(&usual(2));
    assert_eq!(page.matches("Seen over time").count(), 1);
    for words in [
        "<th>bestseller place<td>place 3<td> (observed, observations, 2026-11-20)",
        "<th>units out 28 days<td>12 units<td>in 4 drops (estimated, observations, 2026-11-20)",
        "<th>discount moves<td>1 change<td>&lt;b&gt;the last&lt;/b&gt; began (observed, observations, 2026-11-20)",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for words in ["never sold out", "price moves"] {
        assert!(!page.contains(words), "{words}");
    }
}

#[test]
fn what_was_seen_gives_way_where_the_page_would_be_too_large() {
    let mut data = usual(100);
    for signal in data.signals.iter_mut().flatten() {
        signal.detail = "x".repeat(20_000);
    }
    let page = page(&data);
    assert!(page.len() <= 2_000_000, "{}", page.len());
    assert_eq!(page.matches("<th>Way up in").count(), 100);
    assert!(!page.contains("Seen over time"));
}

#[test]
fn a_place_that_its_feature_tells_is_not_told_twice() {
    let mut data = usual(2);
    let explained = &mut data.explanations[1].features;
    let bestseller = explained.iter_mut().find(|it| it.feature == "bestseller");
    bestseller.unwrap().value = Some(0.5);
    let page = page(&data);
    assert!(page.contains("Seen over time"));
    assert!(!page.contains("<th>bestseller place"));
}

#[test]
fn a_list_without_draws_has_no_columns_of_them() {
    let mut data = usual(3);
    data.ranking.stability = None;
    for row in &mut data.ranking.rows {
        row.stability = None;
    }
    let page = page(&data);
    assert!(page.contains(">Coverage</th></tr></thead>"));
    assert!(page.contains("colspan=\"6\"") && page.contains("Not measured with this preset."));
}

#[test]
fn changes_are_found_over_the_places_that_both_lists_have() {
    let new = usual(4).ranking;
    let mut old = new.clone();
    // 1 2 3 4 becomes 3 1 5 2: the list was one longer, and 5 was no longer in reach.
    let mut gone = old.rows[3].clone();
    gone.product = product(900, "gone");
    old.rows = [
        &old.rows[1],
        &old.rows[2],
        &old.rows[0],
        &gone,
        &new.rows[3],
    ]
    .map(Clone::clone)
    .to_vec();
    for (row, rank) in old.rows.iter_mut().zip(1..) {
        row.rank = rank;
    }
    let changes = Changes::between(&old, &new);
    assert_eq!(changes.old_ranks, [Some(3), Some(1), Some(2), Some(5)]);
    assert_eq!((changes.n_places, changes.entered), (4, vec![3]));
    assert_eq!(
        changes.moved,
        [0, 1, 2],
        "the greatest move first, then by place"
    );
    let left: Vec<_> = changes
        .left
        .iter()
        .map(|(rank, it)| (*rank, it.title.as_str()))
        .collect();
    assert_eq!(left, [(4, "gone")]);
}

#[test]
fn texts_and_badges_agree_where_the_lists_have_different_lengths() {
    let mut data = usual(30);
    let mut long = data.ranking.clone();
    // The first three are what were the first, the 25th and the second.
    let moved = long.rows.remove(1);
    long.rows.insert(24, moved);
    for (row, rank) in long.rows.iter_mut().zip(1..) {
        row.rank = rank;
    }
    let whole = data.ranking.rows.clone();
    data.ranking.rows.truncate(3);
    data.changes = Some(Changes::between(&long, &data.ranking));
    let short = page(&data);
    for text in [
        "<h3>New in the first 3 places <span class=\"count\">1</span></h3>",
        "place 2, was 25",
        "<td>2 <span class=\"new\">new</span></td>",
        "<h3>Moved <span class=\"count\">1</span></h3>",
        "down 1</span>: 2 → 3",
        "<td>3 <span class=\"down\">↓1</span></td>",
        "<h3>No longer in the first 3 places <span class=\"count\">1</span></h3>",
    ] {
        assert!(short.contains(text), "{text}");
    }
    assert!(!short.contains("class=\"up\""));
    // The other way round nothing is said of places that the earlier list did not have.
    data.ranking.rows = whole;
    long.rows.truncate(3);
    data.changes = Some(Changes::between(&long, &data.ranking));
    let longer = page(&data);
    assert!(longer.contains("<td>2 <span class=\"new\">new</span></td>"));
    assert!(longer.contains("<td>4</td>") && longer.contains("<td>30</td>"));
}

#[test]
fn the_same_list_again_moves_nothing() {
    let mut data = usual(4);
    data.changes = Some(Changes::between(&data.ranking, &data.ranking));
    assert!(page(&data).contains("Nothing moved: "));
    data.changes = None;
    assert!(
        page(&data)
            .contains("No earlier ranking of the same products with the same preset is stored.")
    );
}
