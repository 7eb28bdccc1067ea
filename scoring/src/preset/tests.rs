use proptest::prelude::*;

use super::*;

/// A preset of quantiles with one feature, and `more` behind it.
fn with(more: &str) -> String {
    format!("name = \"mine\"\nmethod = \"quantiles\"\n[weights]\nlisting = 1\n{more}")
}

fn quantiles(text: &str) -> Quantiles {
    match Preset::parse(text).unwrap().method {
        Method::Quantiles(quantiles) => quantiles,
        Method::MinMax(_) => panic!("a preset of min_max"),
    }
}

fn refusal(text: &str) -> String {
    Preset::parse(text).unwrap_err().to_string()
}

#[test]
fn the_balanced_file_says_what_the_scores_are_defined_with() {
    let Preset { name, method } = Preset::balanced();
    assert_eq!(name, "balanced");
    let by_definition = Quantiles {
        weights: [0.20, 0.15, 0.12, 0.12, 0.10, 0.07, 0.05, 0.07, 0.06, 0.06],
        by_shop: true,
        by_type: true,
        shrinkage: 20.0,
        max_per_store: 0,
        max_per_category: 0,
        price_band: [-1.0, 1.0],
        draws: 200,
        concentration: 100.0,
        seed: 42,
    };
    assert_eq!(method, Method::Quantiles(by_definition));
}

#[test]
fn the_classic_file_has_the_classic_weights() {
    let Preset { name, method } = Preset::classic();
    assert_eq!(
        (name.as_str(), method),
        ("classic", Method::MinMax(classic::WEIGHTS))
    );
}

#[test]
fn what_is_left_out_is_as_in_balanced_and_weights_are_0() {
    let Method::Quantiles(balanced) = Preset::balanced().method else {
        panic!("balanced is no preset of quantiles");
    };
    let mut weights = [0.0; Feature::ALL.len()];
    weights[8] = 1.0;
    assert_eq!(
        quantiles(&with("")),
        Quantiles {
            weights,
            ..balanced
        }
    );
    let capped = quantiles(&with("[caps]\nmax_per_store = 3"));
    assert_eq!((capped.max_per_store, capped.max_per_category), (3, 0));
}

#[test]
fn levels_are_none_the_shop_or_both() {
    let levels = |text: &str| {
        let settings = quantiles(&with(&format!("[groups]\nlevels = {text}")));
        (settings.by_shop, settings.by_type)
    };
    assert_eq!(levels("[]"), (false, false));
    assert_eq!(levels("[\"shop\"]"), (true, false));
    assert_eq!(levels("[\"shop\", \"type\"]"), (true, true));
}

#[test]
fn a_mistake_is_named_with_what_stands_there_and_what_would_be_right() {
    let head = "name = \"mine\"\nmethod = \"quantiles\"\n";
    let cases = [
        (
            format!("{head}[weights]\navailablity = 1"),
            "unknown feature \"availablity\" in [weights]: did you mean \"availability\"?",
        ),
        (
            format!("{head}[weights]\nmagic = 1"),
            "unknown feature \"magic\" in [weights]: known are demand, bestseller, stockout, rating, trend, \
             freshness, discount, price_position, listing, availability",
        ),
        (
            with("[cap]\nmax_per_store = 1"),
            "unknown key \"cap\": did you mean \"caps\"?",
        ),
        (
            with("[caps]\nmax_per_shop = 1"),
            "unknown key \"max_per_shop\" in [caps]: did you mean \"max_per_store\"?",
        ),
        (
            format!("{head}[weights]\ndemand = -0.5"),
            "weights.demand is -0.5, but must be 0, or a number from 0.000000001 to 1000000000",
        ),
        (
            format!("{head}[weights]\ndemand = nan"),
            "weights.demand is nan, but must be 0, or a number from 0.000000001 to 1000000000",
        ),
        (
            format!("{head}[weights]\ndemand = inf"),
            "weights.demand is inf, but must be 0, or a number from 0.000000001 to 1000000000",
        ),
        (
            format!("{head}[weights]\ndemand = \"much\""),
            "weights.demand is \"much\", but must be 0, or a number from 0.000000001 to 1000000000",
        ),
        (
            format!("{head}[weights]\ndemand = 0"),
            "the weights sum to 0: give at least one feature in [weights] a number above 0, such as demand = 0.2",
        ),
        (
            format!("{head}[weights]\ndemand = 2e9"),
            "weights.demand is 2000000000.0, but must be 0, or a number from 0.000000001 to 1000000000",
        ),
        (
            format!("{head}[weights]\ndemand = 1e-10"),
            "weights.demand is 0.0000000001, but must be 0, or a number from 0.000000001 to 1000000000",
        ),
        (
            with("[groups]\nlevels = [\"type\"]"),
            "groups.levels is [\"type\"], but must be [], [\"shop\"] or [\"shop\", \"type\"]",
        ),
        (
            with("[groups]\nlevels = [\"brand\"]"),
            "groups.levels is [\"brand\"], but must be [], [\"shop\"] or [\"shop\", \"type\"]",
        ),
        (
            with("[groups]\nshrinkage = -1"),
            "groups.shrinkage is -1, but must be a finite number, 0 or more",
        ),
        (
            with("[caps]\nmax_per_store = 1.5"),
            "caps.max_per_store is 1.5, but must be a whole number from 0 to 4294967295",
        ),
        (
            with("[caps]\nmax_per_category = -1"),
            "caps.max_per_category is -1, but must be a whole number from 0 to 4294967295",
        ),
        (
            with("[features]\nprice_band = [1, -1]"),
            "features.price_band is [1, -1], but must be two finite numbers, the lower first, such as [-1.0, 1.0]",
        ),
        (
            with("[features]\nprice_band = [1]"),
            "features.price_band is [1], but must be two finite numbers, the lower first, such as [-1.0, 1.0]",
        ),
        (
            with("[features]\nhalf_life_days = 90.0"),
            "unknown key \"half_life_days\" in [features]: known are price_band",
        ),
        (
            with("[stability]\ndraws = 10001"),
            "stability.draws is 10001, but must be a whole number from 0 to 10000",
        ),
        (
            with("[stability]\nconcentration = 0"),
            "stability.concentration is 0, but must be a finite number, from 0.001 to 1000000000",
        ),
        (
            with("[stability]\nseed = -1"),
            "stability.seed is -1, but must be a whole number from 0 to 9223372036854775807",
        ),
        (
            "name = \"My weights\"".to_owned(),
            "name is \"My weights\", but must be 1 to 40 of a-z, 0-9, - and _, such as \"my-weights\"",
        ),
        (
            "method = \"quantiles\"".to_owned(),
            "name is missing: it must be 1 to 40 of a-z, 0-9, - and _, such as \"my-weights\"",
        ),
        (
            "name = \"a\"\nmethod = \"topsis\"".to_owned(),
            "method is \"topsis\", but must be \"quantiles\" or \"min_max\"",
        ),
        (
            "name = \"a\"\nmethod = \"quantiles\"\nweights = 3".to_owned(),
            "weights is 3, but must be a table that begins with [weights]",
        ),
        (
            "name = \"a\"\nmethod = \"min_max\"\n[weights]\nnum_tags = 1\n[caps]\nmax_per_store = 1"
                .to_owned(),
            "[caps] means nothing to method \"min_max\", which has weights alone: leave it out, or use method \
             \"quantiles\"",
        ),
        (
            "name = \"a\"\nmethod = \"min_max\"\n[weights]\nlisting = 1".to_owned(),
            "unknown feature \"listing\" in [weights]: known are available_ratio, num_tags, avg_price, num_images, \
             description_length, popularity_score",
        ),
        (
            "name = \"a\"\nname = \"b\"".to_owned(),
            "line 2 is not TOML: duplicate key",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(refusal(&text), message);
    }
}

#[test]
fn a_long_or_hostile_text_is_cut_and_cannot_steer_a_terminal() {
    let message = refusal(&with(&format!(
        "[caps]\n\"\\u001b[2J{}\" = 1",
        "x".repeat(9_000)
    )));
    assert!(message.chars().count() < 200, "{message}");
    assert!(!message.contains(char::is_control), "{message:?}");
    assert!(refusal(&format!("name = \"{}\"", "a".repeat(41))).starts_with("name is "));
}

/// Lines that come near to a preset, and some that do not.
fn line() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "name",
        "method",
        "weights",
        "listing",
        "demand",
        "levels",
        "shrinkage",
        "max_per_store",
        "price_band",
        "half_life_days",
        "draws",
        "concentration",
        "seed",
        "num_tags",
    ]);
    let value = prop::sample::select(vec![
        "\"quantiles\"",
        "\"min_max\"",
        "\"a\"",
        "0",
        "1",
        "-1",
        "1e308",
        "nan",
        "-inf",
        "[]",
        "[\"shop\"]",
        "[1, 2]",
        "[nan, inf]",
        "{ a = 1 }",
        "true",
        "1979-05-27",
        "9223372036854775807",
    ]);
    let section = prop::sample::select(vec![
        "[weights]",
        "[groups]",
        "[caps]",
        "[features]",
        "[stability]",
        "[[weights]]",
        "[x]",
    ]);
    prop_oneof![
        4 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
        2 => section.prop_map(str::to_owned),
        1 => ".{0,20}",
    ]
}

proptest! {
    #[test]
    fn a_foreign_preset_never_panics_and_what_is_read_is_sound(
        mut lines in prop::collection::vec(line(), 0..12),
        with_head in any::<bool>(),
    ) {
        if with_head {
            lines.insert(0, "name = \"a\"\nmethod = \"quantiles\"".to_owned());
        }
        match Preset::parse(&lines.join("\n")) {
            Err(error) => prop_assert!(!error.to_string().is_empty()),
            Ok(Preset { method: Method::MinMax(weights), .. }) => {
                prop_assert!(weights.iter().all(|it| *it >= 0.0));
            }
            Ok(Preset { method: Method::Quantiles(settings), .. }) => {
                prop_assert!(settings.weights.iter().all(|it| *it >= 0.0));
                prop_assert!((1e-9..=1e10).contains(&settings.weights.iter().sum::<f64>()));
                prop_assert!(settings.price_band[0] <= settings.price_band[1]);
                prop_assert!(settings.by_shop || !settings.by_type);
            }
        }
    }
}
