use proptest::prelude::*;

use super::*;

fn shop(name: &str) -> ShopKey {
    ShopKey::encode(name).unwrap()
}

fn of(products: &[(&str, &str, &[&str])]) -> Rules {
    let mut baskets = Baskets::new();
    for (shop_name, product_type, tags) in products {
        baskets.push(&shop(shop_name), product_type, tags.iter().copied());
    }
    baskets.rules()
}

/// Twenty products of two shops: `wool` on 8, `winter` on 6 of these and on no other; the type `Scarf` on 5.
fn catalogue() -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    let mut products: Vec<(_, _, &[&str])> = vec![
        ("a", "Scarf", &["Wool", "winter"]),
        ("a", "Scarf", &[" wool ", "WINTER"]),
        ("a", "Scarf", &["wool", "winter", "wool"]),
        ("b", "Scarf", &["winter", "wool"]),
        ("b", "scarf", &["wool"]),
        ("b", "Hat", &["wool", "winter"]),
        ("b", "Hat", &["wool", "winter"]),
        ("b", "", &["wool"]),
    ];
    products.resize(20, ("b", "", &[]));
    products
}

#[test]
fn the_numbers_are_those_by_hand() {
    let rules = of(&catalogue());
    assert_eq!(
        (rules.n_products, rules.n_shops, rules.min_shops),
        (20, 2, 2)
    );
    let shown: Vec<_> = rules
        .rules
        .iter()
        .map(|it| {
            (
                it.antecedent.as_str(),
                it.consequent.as_str(),
                it.n_products,
                it.n_shops,
            )
        })
        .collect();
    // Scarf and winter are together on 4 products only.
    let by_hand = [
        ("tag: winter", "tag: wool", 6, 2),
        ("tag: wool", "tag: winter", 6, 2),
        ("tag: wool", "type: scarf", 5, 2),
        ("type: scarf", "tag: wool", 5, 2),
    ];
    assert_eq!(shown, by_hand);
    let numbers = rules
        .rules
        .iter()
        .map(|it| [it.support, it.confidence, it.lift]);
    let by_hand = [
        [0.3, 1.0, 2.5],
        [0.3, 0.75, 2.5],
        [0.25, 0.625, 2.5],
        [0.25, 1.0, 2.5],
    ];
    for (numbers, by_hand) in numbers.zip(by_hand) {
        assert!(
            numbers
                .iter()
                .zip(by_hand)
                .all(|(a, b)| (a - b).abs() < 1e-12),
            "{numbers:?} {by_hand:?}"
        );
    }
}

#[test]
fn the_rules_are_those_that_python_counts() {
    let reference = include_str!("../../testdata/rules_120.json");
    let reference: serde_json::Value = serde_json::from_str(reference).unwrap();
    let mut baskets = Baskets::new();
    for product in reference["products"].as_array().unwrap() {
        let text = |key: &str| product[key].as_str().unwrap();
        let tags = product["tags"].as_array().unwrap().iter();
        baskets.push(
            &shop(text("shop")),
            text("type"),
            tags.map(|it| it.as_str().unwrap()),
        );
    }
    let rules = serde_json::to_value(baskets.rules()).unwrap();
    let (ours, theirs) = (&rules["rules"], reference["rules"].as_array().unwrap());
    assert_eq!((ours.as_array().unwrap().len(), theirs.len()), (29, 29));
    for (ours, theirs) in ours.as_array().unwrap().iter().zip(theirs) {
        for (key, theirs) in theirs.as_object().unwrap() {
            let is_same = match (ours[key].as_f64(), theirs.as_f64()) {
                (Some(ours), Some(theirs)) => (ours - theirs).abs() < 1e-12,
                _ => ours[key] == *theirs,
            };
            assert!(is_same, "{key} {ours} {theirs}");
        }
    }
}

#[test]
fn the_order_of_the_products_does_not_matter() {
    let mut products = catalogue();
    let rules = of(&products);
    products.reverse();
    assert_eq!(of(&products), rules);
    products.rotate_left(13);
    assert_eq!(of(&products), rules);
}

#[test]
fn a_pair_of_one_shop_is_no_rule_unless_there_is_no_other() {
    let pair: &[&str] = &["oak", "oiled"];
    let mut products = vec![("a", "", pair); 6];
    products.resize(12, ("a", "", &["pine"]));
    let alone = of(&products);
    assert_eq!((alone.rules.len(), alone.min_shops), (2, 1));
    products.push(("b", "", &[]));
    let beside_another = of(&products);
    assert_eq!(
        (beside_another.rules.len(), beside_another.min_shops),
        (0, 2)
    );
    products.push(("b", "", pair));
    assert_eq!(of(&products).rules.len(), 2);
}

#[test]
fn what_the_words_alone_say_is_no_rule() {
    let products = |tag: &'static str| {
        let tags: Vec<&[&str]> = vec![if tag == "lamps" {
            &["lamps"]
        } else {
            &["light"]
        }];
        let mut products = vec![("a", "Lamp", tags[0]); 3];
        products.resize(6, ("b", "Lamp", tags[0]));
        products.resize(20, ("b", "Chair", &[]));
        of(&products).rules.len()
    };
    assert_eq!(products("lamps"), 0);
    assert_eq!(products("light"), 2);
}

#[test]
fn pairs_by_chance_and_rare_ones_are_no_rules() {
    // Everything has both: a lift of 1.
    let both: &[&str] = &["oak", "new"];
    assert!(of(&[("a", "", both); 9]).rules.is_empty());
    // Of 20 with the first, 5 have the second as well: a confidence of 0.25 one way and 1 the other.
    let mut products = vec![("a", "", both); 5];
    products.resize(20, ("a", "", &["oak"]));
    products.resize(90, ("a", "", &[]));
    let rules = of(&products).rules;
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0].antecedent, "tag: new");
    // On five of six thousand products both are too rare.
    products.resize(6_000, ("a", "", &[]));
    assert!(of(&products).rules.is_empty());
}

#[test]
fn no_products_and_none_with_a_type_or_tag_give_no_rules() {
    assert_eq!(of(&[]), Rules::default());
    let empty: &[&str] = &["", "\n"];
    let rules = of(&[("a", " ", empty); 30]);
    assert_eq!((rules.n_products, rules.rules.len()), (30, 0));
}

#[test]
fn hostile_products_keep_within_all_bounds() {
    let long = "x".repeat(1_000_000);
    let many: Vec<String> = (0..10_000)
        .map(|n| format!("tag {n} {long:.100}"))
        .collect();
    let mut baskets = Baskets::new();
    for n in 0..40 {
        let shop = shop(if n % 2 == 0 { "a" } else { "b" });
        let tags = many.iter().skip(n / 20 * 60).map(String::as_str);
        baskets.push(&shop, &long, tags);
    }
    assert_eq!(baskets.held.len(), 40 * 61);
    let rules = baskets.rules();
    assert_eq!(rules.rules.len(), MAX_RULES);
    for rule in &rules.rules {
        let chars = rule
            .antecedent
            .chars()
            .count()
            .max(rule.consequent.chars().count());
        assert!(chars <= 80 + "type: ".len(), "{rule:?}");
    }
}

proptest! {
    #[test]
    fn every_rule_keeps_its_bounds(products in prop::collection::vec(
        (0_u8..3, 0_u8..4, prop::collection::vec(0_u8..12, 0..9)), 0..120,
    )) {
        let texts: Vec<(String, String, Vec<String>)> = products
            .iter()
            .map(|(shop, kind, tags)| {
                let tags = tags.iter().map(|it| format!("tag{it}x")).collect();
                (format!("s{shop}"), format!("kind{kind}y"), tags)
            })
            .collect();
        let mut baskets = Baskets::new();
        for (name, kind, tags) in &texts {
            baskets.push(&shop(name), kind, tags.iter().map(String::as_str));
        }
        let rules = baskets.rules();
        let has = |product: &(String, String, Vec<String>), item: &str| match item.split_once(": ") {
            Some(("type", text)) => product.1 == text,
            Some((_, text)) => product.2.iter().any(|it| it == text),
            None => false,
        };
        for rule in &rules.rules {
            let with = |item: &str| texts.iter().filter(|it| has(it, item)).count() as f64;
            let both = texts.iter().filter(|it| has(it, &rule.antecedent) && has(it, &rule.consequent));
            let shops: std::collections::HashSet<_> = both.clone().map(|it| &it.0).collect();
            prop_assert_eq!(rule.n_products, both.count() as u64);
            prop_assert_eq!(rule.n_shops, shops.len() as u64);
            prop_assert!(rule.n_shops >= rules.min_shops && rule.n_products >= MIN_PRODUCTS);
            let confidence = rule.n_products as f64 / with(&rule.antecedent);
            prop_assert!((rule.confidence - confidence).abs() < 1e-12 && confidence >= MIN_CONFIDENCE);
            let lift = confidence / (with(&rule.consequent) / texts.len() as f64);
            prop_assert!((rule.lift - lift).abs() < 1e-9 && rule.lift > MIN_LIFT);
            prop_assert!((rule.support - rule.n_products as f64 / texts.len() as f64).abs() < 1e-12);
        }
        prop_assert!(rules.rules.is_sorted_by(|a, b| a.lift >= b.lift));
    }
}
