//! `trouvaille backtest --labels`: joined by whatever names the product, and refused where they make no sense.

use serde_json::json;

use super::{AT, N, backtest, is_discounted, report, shop_with_a_past};

/// Units sold that follow the discount.
fn labels(column: &str, key: impl Fn(u64) -> String) -> String {
    let sold = |n| if is_discounted(n) { 5 + n % 7 } else { n % 5 };
    let rows = (0..N).map(|n| format!("{},{}\n", key(n), sold(n)));
    format!("{column},sold\n{}", rows.collect::<String>())
}

#[test]
fn labels_are_joined_by_id_handle_or_url() {
    let home = shop_with_a_past(1);
    let mut reports = Vec::new();
    type Key = fn(u64) -> String;
    let keys: [(&str, Key); 4] = [
        ("id", |n| (n + 1).to_string()),
        ("product_id", |n| format!("shopify:shop.example:{}", n + 1)),
        ("handle", |n| format!("lamp-{n}")),
        ("url", |n| {
            format!("https://shop.example/products/lamp-{n}?variant=1")
        }),
    ];
    for (column, key) in keys {
        home.write("labels.csv", labels(column, key));
        reports.push(report(&home, &["--labels", "labels.csv"]));
    }
    assert!(reports.iter().all(|it| *it == reports[0]), "{reports:#?}");
    let report = &reports[0];
    assert_eq!(
        (&report["n_labels"], &report["n_matched"]),
        (&json!(N), &json!(N))
    );
    let amount = &report["amount"];
    assert_eq!(amount["label"], "sold");
    assert_eq!(
        (&report["types_known"], &report["dates"]),
        (&json!(true), &json!("published_at"))
    );
    assert_eq!(amount["rankings"][1]["spearman"]["value"], 0.0);
    assert_eq!(amount["features"][0]["feature"], "discount");
    assert!(amount["features"][0]["figure"]["low"].as_f64().unwrap() > 0.5);
    let known: Vec<_> = amount["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["feature"])
        .collect();
    assert!(known.contains(&&json!("listing")), "{known:?}");
    let text = backtest(&home, &["--labels", "labels.csv"]).stdout;
    assert!(
        text.contains("balanced is better than random: Spearman"),
        "{text}"
    );
    assert!(text.contains("top tenth of sold"), "{text}");
}

#[test]
fn labels_can_be_compared_with_what_was_known_at_another_time() {
    let home = shop_with_a_past(4);
    home.write("labels.csv", labels("id", |n| (n + 1).to_string()));
    let report = report(&home, &["--labels", "labels.csv", "--at", AT]);
    assert_eq!(
        (&report["at"], &report["n_matched"]),
        (&json!(AT), &json!(N))
    );
    assert_eq!(
        (&report["types_known"], &report["dates"]),
        (&json!(false), &json!("created_at"))
    );
    assert!(
        report["unknown"]
            .as_array()
            .unwrap()
            .contains(&json!("listing"))
    );
    let run = backtest(&home, &["--labels", "labels.csv", "--at", "2020-01-01"]);
    run.assert_fails(
        1,
        &["no product that passes was known at 2020-01-01T00:00:00Z"],
    );
}

#[test]
fn labels_that_match_nothing_are_an_error_and_some_are_a_warning() {
    let home = shop_with_a_past(1);
    home.write("labels.csv", "handle,sold\nchair,1\nlamp,2\n");
    let run = backtest(&home, &["--labels", "labels.csv"]);
    run.assert_fails(
        1,
        &[
            "2 of 2 labels in labels.csv match no product",
            "\"chair\" in line 2",
            "such as \"lamp-0\"",
        ],
    );
    let mut some = labels("handle", |n| format!("lamp-{n}"));
    some += "chair,1\nlamp-3,2\n";
    home.write("labels.csv", some);
    let run = backtest(&home, &["--labels", "labels.csv"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stderr
            .contains("1 of 121 labels in labels.csv matches no product"),
        "{run:#?}"
    );
    assert!(
        run.stderr.contains("1 product had several rows"),
        "{run:#?}"
    );
    assert!(run.stdout.contains("120 products with a label"), "{run:#?}");
    let sold: u64 = run
        .stdout
        .lines()
        .find_map(|it| {
            it.strip_prefix("sold: 120 products, ")?
                .strip_suffix(" in all")?
                .parse()
                .ok()
        })
        .unwrap();
    let alone: u64 = (0..N)
        .map(|n| if is_discounted(n) { 5 + n % 7 } else { n % 5 })
        .sum();
    assert_eq!(sold, alone + 2, "the two rows of lamp-3 are added up");
}

#[test]
fn a_labels_file_cannot_steer_the_terminal() {
    let home = shop_with_a_past(1);
    let text = labels("handle", |n| format!("lamp-{n}"));
    let name = "la\u{1b}[31mbels.csv";
    home.write(name, text.replace(",sold", ",so\u{1b}[2Jld"));
    let run = backtest(&home, &["--labels", name]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stdout.contains("so\u{fffd}[2Jld: 120 products"),
        "{run:#?}"
    );
    let is_raw = |it: char| it.is_control() && it != '\n';
    assert!(!run.stdout.contains(is_raw), "{run:#?}");
    let json = report(&home, &["--labels", name]).to_string();
    assert!(!json.contains(is_raw), "{json}");
}

#[test]
fn bad_labels_are_refused_with_their_line() {
    let home = shop_with_a_past(1);
    for (text, code, said) in [
        (
            "handle,sold\nlamp-0,1\nlamp-1,-1\n",
            1,
            "labels.csv line 3, column sold",
        ),
        (
            "handle,sold\nlamp-0,1\nlamp-1,NaN\n",
            1,
            "line 3, column sold",
        ),
        (
            "handle,sold\nlamp-0,1\nlamp-1,many\n",
            1,
            "not below 0: \"many\"",
        ),
        ("handle,sold,made\nlamp-0,1,2\n", 2, "name one with --label"),
        ("sku,sold\n1,1\n", 2, "no column names the product"),
        ("handle,sold\n", 2, "it has no rows"),
        ("", 2, "labels.csv: it is empty"),
        (
            "handle,sold\nchair,1\n",
            1,
            "1 of 1 label in labels.csv matches no product",
        ),
        ("handle,sold\n\"lamp-0,1\n\u{0}", 1, "line 2 has 1 cell"),
    ] {
        home.write("labels.csv", text);
        let run = backtest(&home, &["--labels", "labels.csv"]);
        run.assert_fails(code, &[said]);
    }
    let run = backtest(&home, &["--labels", "nowhere.csv"]);
    run.assert_fails(1, &["cannot read the labels nowhere.csv"]);
    home.write("labels.csv", labels("id", |n| (n + 1).to_string()));
    for (args, said) in [
        (
            &["--labels", "labels.csv", "--label", "price"][..],
            "there is no label \"price\"",
        ),
        (&["--labels", "labels.csv", "--fit", "stockout"], "--fit"),
        (&["--label", "sold"], "--labels"),
        (&["-k", "0"], "1 to 1000000"),
        (&["--preset", "bestest"], "unknown preset"),
    ] {
        backtest(&home, args).assert_fails(2, &[said]);
    }
}

#[test]
fn equal_labels_are_said_to_be_equal_and_nothing_more() {
    let home = shop_with_a_past(1);
    let rows: String = (0..N).map(|n| format!("lamp-{n}\t3\n")).collect();
    home.write("labels.tsv", format!("handle\tsold\n{rows}"));
    let text = backtest(&home, &["--labels", "labels.tsv"]).stdout;
    let sentence = "sold: 120 products, 360 in all: all have the same number, nothing to measure";
    assert!(text.contains(sentence), "{text}");
    assert!(
        !text.contains("no evidence") && !text.contains('–'),
        "{text}"
    );
}
