use catalog::{CrawlKey, Currency, FeatureInputs, Offer};
use proptest::prelude::*;

use super::*;

const NOW: UnixMs = UnixMs::new(100 * DAY_MS);

fn id(native: &str) -> ProductId {
    format!("shopify:a.example:{native}").parse().unwrap()
}

fn at(day: i64, kind: ObservationKind) -> Observation {
    Observation {
        product: id("1"),
        variant: None,
        kind,
        at: UnixMs::new(day * DAY_MS),
        crawl: CrawlKey {
            shop: "a.example".parse().unwrap(),
            n: 1,
        },
        before: None,
        after: None,
        stock: None,
        content_hash: None,
        rank: None,
        source: None,
        n_places: None,
        said_before: None,
    }
}

fn offer(available: Option<bool>) -> Option<Offer> {
    Some(Offer {
        price: None,
        compare_at: None,
        available,
    })
}

fn changed(day: i64, before: Option<Offer>, after: Option<Offer>) -> Observation {
    Observation {
        variant: Some("7".into()),
        before,
        after,
        ..at(day, ObservationKind::Changed)
    }
}

/// The variant is said to be sold out, after a silence before which it was said to be available as told.
fn said_before(day: i64, is_available: bool) -> Observation {
    Observation {
        said_before: Some(is_available),
        ..changed(day, offer(None), offer(Some(false)))
    }
}

fn ranked(day: i64, place: u32) -> Observation {
    Observation {
        rank: Some(place),
        ..at(day, ObservationKind::Ranked)
    }
}

/// A product of two variants, first seen on day 60 and last confirmed on day 90.
fn row() -> FeatureRow {
    FeatureRow {
        id: id("1"),
        currency: Currency::UNKNOWN,
        inputs: FeatureInputs {
            published_at: None,
            discount: None,
            price: None,
            availability: Some(1.0),
            visible_chars: 0,
            distinct_tags: 0,
            num_images: 0,
            num_variants: 2,
            type_key: 0,
        },
        first_seen_at: UnixMs::new(60 * DAY_MS),
        confirmed_at: UnixMs::new(90 * DAY_MS),
    }
}

fn histories(observations: &[Observation]) -> Histories {
    let mut histories = Histories::new(NOW);
    for observation in observations {
        histories.add(observation);
    }
    histories
}

fn assert_watched(observations: &[Observation], n_events: u32, variant_days: f64) {
    let watched = histories(observations).watched(&row());
    assert_eq!(watched.n_events, n_events);
    let days = watched.variant_days();
    assert!(
        (days - variant_days).abs() < 1e-9,
        "{days} is not {variant_days}"
    );
}

#[test]
fn stock_outs_and_restocks_are_counted_and_other_changes_are_not() {
    let (yes, no, unknown) = (offer(Some(true)), offer(Some(false)), offer(None));
    let changes = [
        changed(61, yes, no),
        changed(62, no, yes),
        changed(63, yes, yes),
        changed(64, yes, unknown),
        changed(65, unknown, no),
        // What sold out while nobody said so, and what did not.
        said_before(66, true),
        said_before(67, false),
    ];
    assert_watched(&changes, 3, 60.0);
}

#[test]
fn a_stock_of_which_nobody_said_anything_was_not_watched() {
    let mut unknown = row();
    unknown.inputs.availability = None;
    let days = |seen: &[Observation]| histories(seen).watched(&unknown).variant_days();
    assert!(days(&[]).abs() < 1e-12);
    let sold_out = changed(70, offer(Some(true)), offer(Some(false)));
    assert!(days(&[sold_out]) > 1.0, "it was known once");
}

#[test]
fn without_observations_the_variants_of_now_were_always_there() {
    assert_watched(&[], 0, 60.0);
}

#[test]
fn variants_that_came_late_or_left_are_counted_while_they_were_there() {
    let some = offer(Some(true));
    // One of the two came on day 70: 30 + 20.
    assert_watched(&[changed(70, None, some)], 0, 50.0);
    // A third one left on day 75: 60 + 15.
    assert_watched(&[changed(75, some, None)], 0, 75.0);
    // One came on day 65 and left on day 75: 60 + 10.
    assert_watched(&[changed(65, None, some), changed(75, some, None)], 0, 70.0);
    // One of the two left on day 65 and came back on day 75: 30 + 20.
    assert_watched(&[changed(65, some, None), changed(75, None, some)], 0, 50.0);
}

#[test]
fn time_in_which_the_product_was_gone_does_not_count() {
    use ObservationKind::{Back, Gone};
    assert_watched(&[at(70, Gone), at(80, Back)], 0, 40.0);
    assert_watched(&[at(70, Gone)], 0, 20.0);
    assert_watched(&[at(95, Gone)], 0, 60.0);
    assert_watched(&[at(70, Back)], 0, 60.0);
    assert_watched(&[at(70, Gone), at(80, Back), at(95, Gone)], 0, 40.0);
    assert_watched(&[at(70, Gone), at(75, Gone), at(80, Back)], 0, 40.0);
}

#[test]
fn days_are_never_negative() {
    let some = offer(Some(true));
    let absurd = [
        changed(99, None, some),
        changed(99, None, some),
        changed(99, None, some),
    ];
    assert_watched(&absurd, 0, 0.0);
    let mut row = row();
    row.confirmed_at = UnixMs::new(0);
    assert!(histories(&[]).watched(&row).variant_ms == 0);
}

#[test]
fn what_is_seen_after_now_ends_at_now() {
    let mut row = row();
    row.confirmed_at = UnixMs::new(300 * DAY_MS);
    let days = histories(&[]).watched(&row).variant_days();
    assert!((days - 80.0).abs() < 1e-9);
}

/// The same of another product of the shop.
fn of_another(observation: Observation) -> Observation {
    Observation {
        product: id("2"),
        ..observation
    }
}

#[test]
fn a_place_holds_until_the_next_is_observed() {
    // Weeks ago: 0 is day 100, 1 is day 93, 2 is day 86, 3 is day 79.
    let observed = [
        of_another(ranked(100, 1)),
        ranked(80, 9),
        ranked(86, 4),
        ranked(98, 2),
    ];
    let histories = histories(&observed);
    let places = histories.places(&id("1")).unwrap();
    assert_eq!(places.weeks[..5], [2, 4, 4, 0, 0]);
    assert_eq!((places.latest, places.n_weeks()), (2, 3));
    assert_eq!(places.ranked_at.ms() / DAY_MS, 100);
    assert_eq!(places.trend(), None);
    assert!(histories.places(&id("3")).is_none());
}

#[test]
fn a_place_holds_no_longer_than_the_shops_order_was_observed() {
    let once = ranked(20, 3);
    let places = histories(std::slice::from_ref(&once))
        .places(&id("1"))
        .unwrap();
    assert_eq!((places.latest, places.n_weeks()), (3, 0));
    assert_eq!((places.trend(), places.ranked_at.ms() / DAY_MS), (None, 20));
    // Observed in any order of products: on day 72 the weeks of days 23, 30, …, 72 are known.
    let others = [of_another(ranked(72, 1)), of_another(ranked(71, 1))];
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]] {
        let all = [&others[1], &others[0], &once];
        let observed = order.map(|index: usize| all[index].clone());
        let places = histories(&observed).places(&id("1")).unwrap();
        assert_eq!(places.weeks, [0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3]);
        assert_eq!((places.latest, places.trend()), (3, Some(0.0)));
    }
    let another_shop = Observation {
        product: "shopify:b.example:1".parse().unwrap(),
        ..ranked(100, 1)
    };
    let observed = [once, another_shop, of_another(ranked(65, 1))];
    let places = histories(&observed).places(&id("1")).unwrap();
    assert_eq!((places.n_weeks(), places.trend()), (7, None));
}

#[test]
fn a_place_that_nobody_has_read_for_twelve_weeks_is_not_known() {
    let read_on = |day| histories(&[ranked(day, 3)]).places(&id("1"));
    assert_eq!(read_on(16).map(|it| it.latest), Some(3));
    assert_eq!(read_on(15), None);
}

#[test]
fn a_climb_over_twelve_weeks_is_a_trend() {
    let climb: Vec<Observation> = (0..12)
        .map(|week| ranked(23 + 7 * week, 1 << (12 - week)))
        .collect();
    let trend = histories(&climb).places(&id("1")).unwrap().trend();
    assert!((trend.unwrap() - std::f64::consts::LN_2).abs() < 1e-12);
}

#[test]
fn a_place_of_0_or_none_is_no_place() {
    let none = at(50, ObservationKind::Ranked);
    assert!(histories(&[none, ranked(51, 0)]).places(&id("1")).is_none());
}

fn lost(day: i64) -> Observation {
    Observation {
        n_places: Some(1000),
        ..at(day, ObservationKind::Ranked)
    }
}

#[test]
fn a_product_that_left_the_order_has_no_place_until_it_comes_back() {
    let stayed = of_another(ranked(20, 1));
    let left = histories(&[ranked(20, 5), lost(90), stayed.clone()]);
    assert_eq!(left.places(&id("1")), None);
    // Who is still there was so when the other one was missed.
    let places = left.places(&id("2")).unwrap();
    assert_eq!((places.ranked_at.ms() / DAY_MS, places.n_weeks()), (90, 10));
    assert_eq!((places.latest, places.since.ms() / DAY_MS), (1, 20));
    let back = histories(&[ranked(20, 5), lost(80), ranked(90, 7), stayed]);
    let places = back.places(&id("1")).unwrap();
    assert_eq!((places.latest, places.weeks_ago(0)), (7, None));
    assert_eq!((places.n_weeks(), places.trend()), (0, None));
}

#[test]
fn a_place_of_another_source_is_not_lost() {
    let of = |source, seen: Observation| Observation {
        source: Some(source),
        ..seen
    };
    let (api, collection) = (RankSource::StorefrontApi, RankSource::Collection);
    let seen = [of(api, ranked(20, 5)), of(collection, lost(30))];
    let newest = of_another(of(api, ranked(90, 1)));
    let places = histories(&[&seen[..], &[newest]].concat()).places(&id("1"));
    assert_eq!(places.map(|it| it.latest), Some(5));
}

fn any_observation() -> impl Strategy<Value = Observation> {
    let offers = || {
        prop::sample::select(vec![
            None,
            offer(None),
            offer(Some(true)),
            offer(Some(false)),
        ])
    };
    prop_oneof![
        (0_i64..120, offers(), offers())
            .prop_map(|(day, before, after)| changed(day, before, after)),
        (0_i64..120, 0_u32..30, any::<bool>()).prop_map(|(day, place, is_other)| {
            match is_other {
                true => of_another(ranked(day, place)),
                false => ranked(day, place),
            }
        }),
        (0_i64..120).prop_map(lost),
        (0_i64..120).prop_map(|day| at(day, ObservationKind::Gone)),
        (0_i64..120).prop_map(|day| at(day, ObservationKind::Back)),
    ]
}

proptest! {
    #[test]
    fn the_future_does_not_matter(mut seen in prop::collection::vec(any_observation(), 0..40)) {
        seen.sort_by_key(|it| it.at);
        let all = histories(&seen);
        seen.retain(|it| it.at <= NOW);
        let past = histories(&seen);
        prop_assert_eq!(all.watched(&row()), past.watched(&row()));
        for id in [id("1"), id("2")] {
            prop_assert_eq!(all.places(&id), past.places(&id));
        }
    }
}

/// Nobody stores what did not change, so that only the looks tell of an order that stays as it is.
#[test]
fn places_that_do_not_move_hold_until_the_last_look_that_got_as_far() {
    let api = Some(RankSource::StorefrontApi);
    let stays = Observation {
        source: api,
        ..ranked(30, 5)
    };
    let look = |days_ago: i64, source, n_places| Popularity {
        source,
        certainty: Certainty::Observed,
        n_places,
        at: UnixMs::new(NOW.ms() - days_ago * DAY_MS),
        detail: String::new(),
        refused: None,
    };
    let n_weeks = |looks: &[Popularity]| {
        let mut histories = Histories::new(NOW);
        histories.add(&stays);
        let shop = &stays.product.shop;
        for it in looks {
            histories.looked(Platform::Shopify, shop, it);
        }
        assert_eq!(histories.ranked_shops().count(), 1);
        let places = histories.places(&stays.product).unwrap();
        (places.n_weeks(), places.trend())
    };
    assert_eq!(n_weeks(&[]), (1, None), "read once");
    assert_eq!(n_weeks(&[look(0, api, 60)]), (11, Some(0.0)));
    // The newest look failed, is of another order, broke off before, or is of tomorrow.
    let newest = [
        look(0, None, 0),
        look(1, Some(RankSource::Collection), 60),
        look(2, api, 4),
        look(-1, api, 60),
        look(7, api, 5),
    ];
    assert_eq!(n_weeks(&newest), (10, Some(0.0)));
}
