//! `export segments` and `export rules`: what the analyst gets, worked out by hand where that is possible.

use serde_json::{Value, json};

use crate::program::{Home, Run};

/// Returns what a shop says of a product: `n` of images and days of age, and a discount in percent.
fn product(id: u64, n_images: usize, days: u64, discount: u64) -> Value {
    let is_coat = (id / 2).is_multiple_of(2);
    json!({
        "id": id,
        "title": format!("=Product {id}"),
        "handle": format!("p{id}"),
        "vendor": "Nord",
        "product_type": if is_coat { "Coat" } else { "Lamp" },
        "body_html": "wool ".repeat(n_images),
        "published_at": format!("2025-{:02}-{:02}T00:00:00Z", 12 - days / 30, 28 - days % 28),
        "tags": if is_coat { vec!["Wool", "winter", "coats"] } else { vec!["oak"] },
        "images": vec![json!({"src": "https://images.example/1.jpg"}); n_images],
        "variants": [{
            "id": id * 10,
            "title": "one",
            "price": format!("{}.00", 100 - discount),
            "compare_at_price": "100.00",
            "available": true,
        }],
    })
}

/// Returns a shop of `n` products, whose ids begin at `first`: new ones with many images and old ones with one.
fn shop(first: u64, n: u64) -> String {
    let products = (0..n).map(|index| match index % 2 {
        0 => product(first + index, 6 + index as usize % 3, index % 20, 0),
        _ => product(first + index, 1, 280 + index % 20, 30),
    });
    json!({ "products": products.collect::<Vec<_>>() }).to_string()
}

/// Returns a home whose store holds two shops of forty products.
fn two_shops() -> Home {
    let home = Home::new();
    home.write("north.json", shop(1_000, 40));
    home.write("south.json", shop(2_000, 40));
    home.ok(["import", "north.json", "south.json"]);
    home
}

fn export(home: &Home, args: &[&str]) -> Run {
    home.run([&["export"], args].concat())
}

fn lines(home: &Home, args: &[&str]) -> Vec<Value> {
    let run = export(home, &[args, &["--format", "jsonl"]].concat());
    assert_eq!(run.code, Some(0), "{run:#?}");
    let lines = run.stdout.lines();
    lines.map(|it| serde_json::from_str(it).unwrap()).collect()
}

#[test]
fn every_product_has_its_segment_and_its_neighbourhood() {
    let home = two_shops();
    let rows = lines(&home, &["segments"]);
    let ids: Vec<&str> = rows
        .iter()
        .map(|it| it["product_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 80);
    assert!(ids.is_sorted());
    let mut sizes = [0_usize; 5];
    let mut descriptions = [""; 5];
    for row in &rows {
        let segment = ["A", "B", "C", "D", "E"]
            .iter()
            .position(|it| row["segment"] == *it)
            .unwrap();
        let description = row["description"].as_str().unwrap();
        sizes[segment] += 1;
        assert!(descriptions[segment].is_empty() || descriptions[segment] == description);
        descriptions[segment] = description;
        for number in ["score", "u_freshness", "u_discount", "u_listing"] {
            let number = row[number].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&number), "{row}");
        }
        assert!(row["distance_to_centre"].as_f64().unwrap() >= 0.0);
        assert!(row["neighbour_distance"].as_f64().unwrap() >= 0.0);
        assert_eq!(row["is_outlier"] == true, !row["stands_out"].is_null());
    }
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    let is_fresh = |it: &str| it.split(", ").any(|word| word == "fresh");
    let is_old = |it: &str| it.split(", ").any(|word| word == "old");
    assert!(
        descriptions.iter().any(|it| is_fresh(it)),
        "{descriptions:?}"
    );
    assert!(descriptions.iter().any(|it| is_old(it)), "{descriptions:?}");
    let mut different = descriptions.to_vec();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 5, "{descriptions:?}");
}

#[test]
fn two_segments_part_the_new_from_the_old() {
    let home = two_shops();
    let rows = lines(&home, &["segments", "--segments", "2"]);
    for row in rows {
        let id = row["product_id"].as_str().unwrap();
        let is_new = id.ends_with(['0', '2', '4', '6', '8']);
        let words = row["description"].as_str().unwrap();
        assert_eq!(words.contains("fresh"), is_new, "{row}");
        assert_eq!(words.contains("much discounted"), !is_new, "{row}");
    }
}

#[test]
fn the_three_forms_have_the_same_columns() {
    let home = two_shops();
    let header = "product_id,shop,title,segment,description,score,distance_to_centre,neighbour_distance,\
                  is_outlier,stands_out,u_freshness,u_discount,u_listing,u_availability";
    let csv = export(&home, &["segments"]).stdout;
    assert_eq!(csv.lines().next(), Some(header));
    assert!(csv.contains(",'=Product 1000,"), "{csv}");
    let excel = export(&home, &["segments", "--format", "excel"]).stdout;
    assert_eq!(
        excel.lines().next(),
        Some(format!("\u{feff}{}", header.replace(',', ";")).as_str())
    );
    let row = lines(&home, &["segments"]).remove(0);
    let mut columns: Vec<&str> = header.split(',').collect();
    columns.sort_unstable();
    let names: Vec<&String> = row.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), columns.len());
    assert!(columns.iter().all(|it| row.get(it).is_some()), "{row}");
    assert_eq!(row["title"], "=Product 1000");
}

#[test]
fn the_same_store_gives_the_same_bytes() {
    let home = two_shops();
    for list in [
        &["segments"][..],
        &["segments", "--preset", "classic"],
        &["rules"],
    ] {
        let first = export(&home, list);
        assert_eq!(first.code, Some(0), "{first:#?}");
        assert_eq!(export(&home, list).stdout, first.stdout);
    }
}

#[test]
fn a_file_comes_with_a_summary_of_the_segments() {
    let home = two_shops();
    let run = export(&home, &["segments", "--out", "lists/segments.csv"]);
    run.assert_fails(
        0,
        &["segment A: ", "segment E: ", "mean score 0.", "80 rows in"],
    );
    assert!(run.stdout.is_empty());
    let csv = export(&home, &["segments"]).stdout;
    assert_eq!(home.read("lists/segments.csv"), csv);
}

#[test]
fn presets_and_filters_choose_what_is_compared() {
    let home = two_shops();
    let classic = lines(
        &home,
        &["segments", "--preset", "classic", "--shop", "north"],
    );
    assert_eq!(classic.len(), 40);
    assert!(
        classic[0]["u_popularity_score"].is_number(),
        "{}",
        classic[0]
    );
    let coats = lines(&home, &["segments", "--type", "coat"]);
    assert_eq!(coats.len(), 40);
    let titles = coats.iter().map(|it| it["title"].as_str().unwrap());
    let first: Vec<&str> = titles.take(3).collect();
    assert_eq!(first, ["=Product 1000", "=Product 1001", "=Product 1004"]);
}

#[test]
fn one_product_is_one_segment_and_nothing_stands_out_of_few() {
    let home = Home::new();
    home.write("one.json", shop(1, 1));
    home.ok(["import", "one.json"]);
    let run = export(&home, &["segments", "--out", "segments.csv"]);
    run.assert_fails(
        0,
        &[
            "segment A: 1 product (100 %)",
            "fewer than 30 products",
            "1 row in",
        ],
    );
    let row = lines(&home, &["segments"]).remove(0);
    assert_eq!(row["segment"], "A");
    assert_eq!(row["description"], "close to the average");
    assert_eq!(row["distance_to_centre"], 0.0);
    assert_eq!(row["neighbour_distance"], 0.0);
    let csv = export(&home, &["segments"]).stdout;
    assert!(!csv.contains(",-0.0"), "{csv}");
    assert_eq!(
        (&row["is_outlier"], &row["stands_out"]),
        (&json!(false), &Value::Null)
    );
    let rules = export(&home, &["rules"]);
    rules.assert_fails(0, &["1 product of one shop", "need a second one"]);
    assert_eq!(rules.stdout.lines().count(), 1);
}

#[test]
fn a_preset_of_which_nothing_is_known_groups_and_draws_nothing() {
    let home = two_shops();
    home.write(
        "sold.toml",
        "name = \"sold\"\nmethod = \"quantiles\"\n[weights]\ndemand = 1\n",
    );
    let sold = ["--preset", "sold.toml"];
    let list = [&["segments", "--out", "segments.csv"], &sold[..]].concat();
    let why =
        "segment A: 80 products (100 %), mean score 0.500: no feature that counts is known of them";
    export(&home, &list).assert_fails(0, &[why, "0 outliers", "80 rows in"]);
    let csv = home.read("segments.csv");
    assert_eq!(csv.lines().count(), 81);
    assert!(
        csv.lines().next().unwrap().ends_with(",stands_out"),
        "{csv}"
    );
    home.ok([&["rank", "--plots", "pictures"], &sold[..]].concat());
    for picture in ["heatmap_correlation", "pca_clusters", "pca_topk"] {
        let svg = home.read(&format!("pictures/{picture}.svg"));
        assert!(svg.contains("Nothing to draw of 80 products"), "{svg}");
    }
    home.ok([&["report"], &sold[..]].concat());
    let page = home.read("report.html");
    assert!(page.contains("Unknown of every product here"));
    assert!(!page.contains(">Pictures</h2>") && !page.contains(">Segments</h3>"));
}

#[test]
fn a_store_without_products_is_said_to_be_empty() {
    let home = Home::new();
    home.write("empty.json", r#"{"products":[]}"#);
    home.ok(["import", "empty.json"]);
    for list in ["segments", "rules"] {
        let run = export(&home, &[list, "--out", "list.csv"]);
        run.assert_fails(1, &["no product in", "is there", "`trouvaille check`"]);
        assert!(!home.path().join("list.csv").exists());
    }
    let home = two_shops();
    for list in ["segments", "rules"] {
        let run = export(&home, &[list, "--type", "Vase"]);
        run.assert_fails(1, &["no product in", "passes these filters"]);
    }
}

#[test]
fn rules_are_counted_across_shops() {
    let home = two_shops();
    let run = export(&home, &["rules"]);
    run.assert_fails(0, &["80 products of 2 shops"]);
    // Half of the products are coats of wool for the winter; `coats` says no more than the type.
    let pairs = [
        ("tag: coats", "tag: winter"),
        ("tag: coats", "tag: wool"),
        ("tag: oak", "type: lamp"),
        ("tag: winter", "tag: coats"),
        ("tag: winter", "tag: wool"),
        ("tag: winter", "type: coat"),
        ("tag: wool", "tag: coats"),
        ("tag: wool", "tag: winter"),
        ("tag: wool", "type: coat"),
        ("type: coat", "tag: winter"),
        ("type: coat", "tag: wool"),
        ("type: lamp", "tag: oak"),
    ];
    let mut by_hand =
        "antecedent,consequent,support,confidence,lift,n_products,n_shops\n".to_owned();
    for (antecedent, consequent) in pairs {
        by_hand += &format!(
            "{antecedent},{consequent},0.500000000000,1.000000000000,2.000000000000,40,2\n"
        );
    }
    assert_eq!(run.stdout.replace("\r\n", "\n"), by_hand);
    let one_shop = export(&home, &["rules", "--shop", "north"]);
    one_shop.assert_fails(0, &["40 products of one shop"]);
    assert_eq!(one_shop.stdout.lines().count(), 13);
    assert!(one_shop.stdout.ends_with(",20,1\r\n"), "{one_shop:#?}");
    let row = lines(&home, &["rules"]).remove(0);
    assert_eq!(
        (&row["lift"], &row["n_products"]),
        (&json!(2.0), &json!(40))
    );
}

#[test]
fn an_option_that_a_list_would_not_obey_is_refused() {
    let home = two_shops();
    let fails = |args: &[&str], words: &[&str]| {
        let run = export(&home, args);
        run.assert_fails(2, words);
        assert_eq!(run.stdout, "");
    };
    fails(
        &["products", "--preset", "classic"],
        &["--preset and --segments are for `export segments`"],
    );
    fails(
        &["rules", "--segments", "3"],
        &["--preset and --segments are for `export segments`"],
    );
    fails(&["segments", "--segments", "0"], &["--segments"]);
    fails(
        &["segments", "--preset", "best"],
        &["unknown preset \"best\""],
    );
    fails(&["segments", "--search", "wool"], &["--search and --sort"]);
    fails(&["rules", "--since", "7d"], &["--since is for"]);
    fails(&["segments", "--kind", "new"], &["--kind is for"]);
    fails(
        &["rules", "--product", "shopify:north:1000"],
        &["--product is for"],
    );
}
