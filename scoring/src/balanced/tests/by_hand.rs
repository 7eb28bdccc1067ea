use catalog::{CrawlKey, Observation, ObservationKind, Offer};

use super::*;

/// One product each of a shop and a type, with an availability.
fn available(of: &[(&str, &str, f64)]) -> Vec<FeatureRow> {
    let rows = of.iter().enumerate().map(|(n, (shop, of_type, share))| {
        let mut row = product(shop, &n.to_string());
        row.inputs.type_key = FeatureInputs::type_key(of_type);
        row.inputs.availability = Some(*share);
        row
    });
    rows.collect()
}

/// Products without a type in one shop, with a price.
fn priced(prices: &[f64]) -> Vec<FeatureRow> {
    let rows = prices.iter().enumerate().map(|(n, price)| {
        let mut row = product("a.example", &n.to_string());
        row.inputs.price = Some(*price);
        row
    });
    rows.collect()
}

fn assert_utilities(rows: &[FeatureRow], settings: &Quantiles, by_hand: &[f64]) {
    let utilities = utilities(rows, settings);
    assert_eq!(utilities.len(), by_hand.len());
    for (utility, by_hand) in utilities.into_iter().zip(by_hand) {
        assert_close(utility.unwrap(), *by_hand);
    }
}

fn value_of(feature: Feature, row: &FeatureRow) -> Option<f64> {
    values::raw(feature, row, &Histories::new(NOW), NOW)
}

#[test]
fn freshness_halves_every_90_days() {
    let freshness = |days: i64| {
        let mut row = product("a.example", "1");
        row.inputs.published_at = Some(UnixMs::new(NOW.ms() - days * DAY_MS));
        let histories = Histories::new(NOW);
        values::raw(Feature::Freshness, &row, &histories, NOW).unwrap()
    };
    assert_close(freshness(0), 1.0);
    assert_close(freshness(90), 0.5);
    assert_close(freshness(180), 0.25);
    assert_close(freshness(-30), 1.0);
    assert_eq!(
        value_of(Feature::Freshness, &product("a.example", "1")),
        None
    );
}

#[test]
fn a_listing_is_the_mean_of_images_description_and_tags() {
    let listing = |num_images, visible_chars, distinct_tags| {
        let mut row = product("a.example", "1");
        row.inputs.num_images = num_images;
        row.inputs.visible_chars = visible_chars;
        row.inputs.distinct_tags = distinct_tags;
        value_of(Feature::Listing, &row).unwrap()
    };
    let e = std::f64::consts::E;
    assert_close(listing(0, 0, 0), 0.0);
    assert_close(listing(2, 0, 0), 0.5 / 3.0);
    assert_close(listing(8, 600, 4), (1.0 + 2.0 * (1.0 - 1.0 / e)) / 3.0);
    assert_close(listing(80, 0, 8), (2.0 - 1.0 / (e * e)) / 3.0);
}

#[test]
fn a_quantile_counts_those_below_and_half_of_the_equal_ones() {
    let mut settings = only(Feature::Availability);
    (settings.by_shop, settings.by_type) = (false, false);
    let rows = available(&[
        ("a", "", 0.5),
        ("b", "", 0.0),
        ("a", "", 0.5),
        ("c", "", 1.0),
    ]);
    assert_utilities(&rows, &settings, &[0.5, 0.125, 0.5, 0.875]);
}

/// Three in shop `a`, of which two have a type; one in shop `b` without a type.
#[test]
fn a_small_group_is_pulled_to_the_one_around_it() {
    let rows = available(&[
        ("a", "x", 0.1),
        ("a", "x", 0.2),
        ("a", "y", 0.2),
        ("b", "", 0.3),
    ]);
    // Quantiles among all: 1/8, 4/8, 4/8, 7/8; in the shop: 1/6, 4/6, 4/6, 1/2; in the type: 1/4, 3/4, 1/2.
    let shop = |n: f64, quantile: f64, all: f64| (n * quantile + 20.0 * all) / (n + 20.0);
    let [first, second, last] = [
        shop(3.0, 1.0 / 6.0, 0.125),
        shop(3.0, 4.0 / 6.0, 0.5),
        shop(1.0, 0.5, 0.875),
    ];
    let by_shop = Quantiles {
        by_type: false,
        ..only(Feature::Availability)
    };
    assert_utilities(&rows, &by_shop, &[first, second, second, last]);
    let by_type = [
        shop(2.0, 0.25, first),
        shop(2.0, 0.75, second),
        shop(1.0, 0.5, second),
        last,
    ];
    assert_utilities(&rows, &only(Feature::Availability), &by_type);
    let unpulled = Quantiles {
        shrinkage: 0.0,
        ..only(Feature::Availability)
    };
    assert_utilities(&rows, &unpulled, &[0.25, 0.75, 0.5, 0.5]);
}

#[test]
fn prices_count_by_their_distance_from_what_is_usual() {
    // Logarithms 1, 2, 3, 4 and 10: median 3, median deviation 1, and so usual from 1.5174 to 4.4826.
    let rows = priced(&[1.0, 2.0, 3.0, 4.0, 10.0].map(f64::exp));
    let scores = scored(&rows, &only(Feature::PricePosition));
    let usual = scores.usual.as_ref().unwrap();
    let value = |log_price: f64| usual.value(0, log_price);
    assert_close(value(1.0), 1.0 - 2.0 / 1.4826);
    assert_close(value(2.0), 0.0);
    assert_close(value(10.0), 1.0 - 7.0 / 1.4826);
    // Below all come the 10, then the 1, then the three usual ones.
    let rank = |n_below: f64, n_equal: f64| (n_below + n_equal / 2.0) / 5.0;
    let (least, low, usual) = (rank(0.0, 1.0), rank(1.0, 1.0), rank(2.0, 3.0));
    let settings = Quantiles {
        by_shop: false,
        by_type: false,
        ..only(Feature::PricePosition)
    };
    assert_utilities(&rows, &settings, &[low, usual, usual, usual, least]);
}

#[test]
fn prices_that_hardly_differ_are_usual_alike_and_an_even_number_has_its_median_between() {
    let rows = priced(&[100.0, 101.0, 102.0, 100.5]);
    let scores = scored(&rows, &only(Feature::PricePosition));
    let spread = scores.usual.as_ref().unwrap().spread(0).unwrap();
    assert_close(spread.median, f64::midpoint(100.5_f64.ln(), 101.0_f64.ln()));
    assert_close(spread.scale, 0.05);
    for index in 0..4 {
        assert_close(scores.score(index), 0.5);
    }
}

#[test]
fn a_wider_band_makes_more_prices_usual() {
    let rows = priced(&[1.0, 2.0, 3.0, 4.0, 10.0].map(f64::exp));
    let settings = Quantiles {
        price_band: [-1.0, 9.0],
        by_shop: false,
        by_type: false,
        ..only(Feature::PricePosition)
    };
    assert_utilities(&rows, &settings, &[0.1, 0.6, 0.6, 0.6, 0.6]);
}

fn with_currency(mut row: FeatureRow, currency: &str) -> FeatureRow {
    row.currency = Currency::parse(currency).unwrap();
    row
}

#[test]
fn prices_of_another_currency_change_nothing_at_any_level() {
    let settings = only(Feature::PricePosition);
    let mut rows = priced(&[10.0, 20.0, 30.0, 40.0, 900.0]);
    let alone = utilities(&rows, &settings);
    for (n, price) in [2_000.0, 3_000.0, 9_000.0].into_iter().enumerate() {
        let mut yen = with_currency(product("a.example", &format!("1{n}")), "JPY");
        yen.inputs.price = Some(price);
        rows.push(yen);
        let mut elsewhere = with_currency(product("b.example", &format!("2{n}")), "USD");
        elsewhere.inputs.price = Some(price * 7.0);
        rows.push(elsewhere);
    }
    assert_eq!(utilities(&rows, &settings)[..5], alone);
}

#[test]
fn prices_of_unknown_currency_are_compared_only_if_one_shop_has_them() {
    let settings = only(Feature::PricePosition);
    let mut rows: Vec<FeatureRow> = priced(&[10.0, 20.0, 400.0])
        .into_iter()
        .map(|row| with_currency(row, "XXX"))
        .collect();
    assert!(utilities(&rows, &settings).iter().all(Option::is_some));
    let mut other = with_currency(product("b.example", "1"), "XXX");
    other.inputs.price = Some(10.0);
    rows.push(other);
    let mut euro = product("c.example", "1");
    euro.inputs.price = Some(10.0);
    rows.push(euro);
    let known = utilities(&rows, &settings)
        .into_iter()
        .map(|it| it.is_some());
    assert_eq!(
        known.collect::<Vec<_>>(),
        [false, false, false, false, true]
    );
    let shops = |rows: &[FeatureRow], settings: &Quantiles| {
        let scores = scored(rows, settings);
        let shops = scores.shops_without_price_position().iter();
        shops.map(|it| it.as_str().to_owned()).collect::<Vec<_>>()
    };
    let by_key = shops(&rows, &settings);
    assert_eq!(by_key, [rows[0].id.shop.as_str(), "b.example"]);
    assert!(
        shops(&rows[..3], &settings).is_empty(),
        "one shop has one currency"
    );
    assert!(shops(&rows, &only(Feature::Listing)).is_empty());
    let mut unpriced = rows.clone();
    unpriced[3].inputs.price = None;
    assert_eq!(shops(&unpriced, &settings), by_key[..1]);
    let table = table(&rows, &Histories::new(NOW), &settings).with_one_unknown_currency();
    let scores = Scores::of(table, &settings);
    assert!(scores.columns[0].utilities.iter().all(|it| !it.is_nan()));
}

/// A change of a variant from out of stock to in stock or back, on day 990.
fn event(row: &FeatureRow) -> Observation {
    let offer = |available| {
        Some(Offer {
            price: None,
            compare_at: None,
            available: Some(available),
        })
    };
    Observation {
        product: row.id.clone(),
        variant: Some("1".into()),
        kind: ObservationKind::Changed,
        at: UnixMs::new(990 * DAY_MS),
        crawl: CrawlKey {
            shop: row.id.shop.clone(),
            n: 1,
        },
        before: offer(true),
        after: offer(false),
        stock: None,
        content_hash: None,
        rank: None,
        source: None,
        n_places: None,
        said_before: None,
    }
}

fn watched_for(native: &str, days: i64) -> FeatureRow {
    let mut row = product("a.example", native);
    row.first_seen_at = UnixMs::new(NOW.ms() - days * DAY_MS);
    row.inputs.availability = Some(1.0);
    row
}

#[test]
fn stock_outs_are_pulled_to_the_rate_of_all() {
    let rows = [
        watched_for("1", 20),
        watched_for("2", 90),
        watched_for("3", 6),
        watched_for("4", 4),
    ];
    let mut histories = Histories::new(NOW);
    for row in [&rows[0], &rows[0], &rows[1], &rows[3]] {
        histories.add(&event(row));
    }
    let settings = only(Feature::Stockout);
    let scores = Scores::of(table(&rows, &histories, &settings), &settings);
    // Four events in 120 variant-days.
    assert_close(scores.stock_rate, 4.0 / 120.0);
    let explained =
        |index: usize| scores.explain(index, &rows[index], &histories).features[0].value;
    assert_close(explained(0).unwrap(), (2.0 + 1.0) / (20.0 + 30.0));
    assert_close(explained(1).unwrap(), (1.0 + 1.0) / (90.0 + 30.0));
    assert_eq!((explained(2), explained(3)), (None, None));
    assert_close(scores.coverage(0), 1.0);
    assert_close(scores.coverage(2), 0.0);
    assert!(scores.score(0) > scores.score(1));
}

#[test]
fn without_any_event_all_that_were_watched_are_known_and_equal() {
    let rows = [
        watched_for("1", 20),
        watched_for("2", 90),
        watched_for("3", 6),
    ];
    let utilities = utilities(&rows, &only(Feature::Stockout));
    assert_eq!(utilities, [Some(0.5), Some(0.5), None]);
}

/// How long nothing happened, down to the seconds between two pages of a list, makes no order.
#[test]
fn products_without_an_event_stand_at_one_place_below_those_with_one() {
    let mut rows: Vec<FeatureRow> = (1..=4)
        .map(|native| watched_for(&native.to_string(), 9))
        .collect();
    rows[1].first_seen_at = UnixMs::new(rows[1].first_seen_at.ms() + 900);
    rows[2].first_seen_at = UnixMs::new(rows[2].first_seen_at.ms() + DAY_MS);
    rows.push(watched_for("5", 300));
    let mut histories = Histories::new(NOW);
    histories.add(&event(&rows[4]));
    let settings = only(Feature::Stockout);
    let scores = Scores::of(table(&rows, &histories, &settings), &settings);
    let utility =
        |index: usize| scores.explain(index, &rows[index], &histories).features[0].utility;
    for index in 1..4 {
        assert_eq!(utility(index), utility(0), "{index}");
    }
    assert!(utility(4) > utility(0));
}

fn ranked(row: &FeatureRow, day: i64, place: u32) -> Observation {
    Observation {
        kind: ObservationKind::Ranked,
        variant: None,
        before: None,
        after: None,
        at: UnixMs::new(day * DAY_MS),
        rank: Some(place),
        ..event(row)
    }
}

#[test]
fn a_better_place_is_worth_more_and_a_climb_too() {
    let rows = ["1", "2", "3"].map(|it| product("a.example", it));
    let mut histories = Histories::new(NOW);
    for week in 0..12_u32 {
        let day = 920 + 7 * i64::from(week);
        histories.add(&ranked(&rows[0], day, 40 - week));
        histories.add(&ranked(&rows[1], day, 9));
    }
    let values = |feature| {
        rows.each_ref()
            .map(|row| values::raw(feature, row, &histories, NOW))
    };
    let [first, second, third] = values(Feature::Bestseller);
    assert_close(first.unwrap(), -29.0_f64.ln());
    assert_close(second.unwrap(), -9.0_f64.ln());
    assert_eq!(third, None);
    let [first, second, third] = values(Feature::Trend);
    assert!(first.is_some_and(|it| it > 0.02));
    assert_eq!((second, third), (Some(0.0), None));
}

#[test]
fn an_unknown_feature_costs_and_earns_nothing() {
    let mut rows = available(&[("a", "", 0.0), ("a", "", 1.0), ("a", "", 0.5)]);
    rows[2].inputs.availability = None;
    let scores = scored(&rows, &balanced());
    let parts = scores.contributions(2);
    assert!(parts.iter().all(|it| it.abs() < f64::MIN_POSITIVE));
    // The listing is known of all, and availability of two.
    assert_close(scores.coverage(2), 0.06);
    assert_close(scores.coverage(1), 0.12);
    assert_close(scores.score(1), 0.5 + 0.06 * 0.25);
}

#[test]
fn equal_scores_are_ordered_by_id_then_shop() {
    let rows = [("b", "10"), ("b", "9"), ("a", "10"), ("a", "x")]
        .map(|(shop, native)| product(shop, native));
    let scores = scored(&rows, &balanced());
    assert_eq!(scores.sorted(), [1, 2, 0, 3]);
    assert_eq!(scores.position(&rows[2].id), Some(2));
    assert_eq!(scores.position(&product("c", "10").id), None);
    assert_eq!(scores.id(3), rows[3].id);
}

#[test]
fn caps_leave_places_to_others_and_are_never_filled_up() {
    // In order: 4 is best; 4, 3 and 1 are of shop a, 4 and 3 of type x as is 2 of shop b.
    let rows = available(&[
        ("b", "", 0.0),
        ("a", "", 0.2),
        ("b", "x", 0.4),
        ("a", "x", 0.6),
        ("a", "x", 0.8),
    ]);
    let listed = |max_per_store, max_per_category, k| {
        let settings = Quantiles {
            max_per_store,
            max_per_category,
            by_shop: false,
            by_type: false,
            ..only(Feature::Availability)
        };
        let scores = scored(&rows, &settings);
        let list = scores.top(k);
        let ranks: Vec<u32> = list.places.iter().map(|it| it.rank_uncapped).collect();
        (natives(&scores, &list).join(" "), ranks)
    };
    assert_eq!(listed(0, 0, 3), ("4 3 2".into(), vec![1, 2, 3]));
    assert_eq!(listed(1, 0, 3), ("4 2".into(), vec![1, 3]));
    assert_eq!(listed(2, 0, 9), ("4 3 2 0".into(), vec![1, 2, 3, 5]));
    // Products without a type are of no type that could be full.
    assert_eq!(listed(0, 1, 9), ("4 1 0".into(), vec![1, 4, 5]));
}

#[test]
fn products_of_which_too_little_is_known_are_left_out_and_keep_their_rank() {
    let mut rows = available(&[("a", "", 0.0), ("a", "", 1.0), ("a", "", 0.5)]);
    rows[2].inputs.availability = None;
    let scores = scored(&rows, &balanced());
    let listed = |least| {
        let list = scores.top_covered(3, least);
        let ranks: Vec<u32> = list.places.iter().map(|it| it.rank_uncapped).collect();
        (natives(&scores, &list).join(" "), ranks)
    };
    assert_eq!(listed(0.0), ("1 2 0".into(), vec![1, 2, 3]));
    // Just what the sum of 0.06 twice is short of.
    assert_eq!(listed(0.12), ("1 0".into(), vec![1, 3]));
    assert_eq!(listed(0.13), (String::new(), vec![]));
    assert!(scores.knows(Feature::Availability) && !scores.knows(Feature::Discount));
}
