use catalog::{
    Availability, CrawlKey, Currency, FeatureInputs, Money, ObservationKind, Offer, ProductId,
    UnixMs,
};

use super::*;

const NOW: UnixMs = UnixMs::new(100 * DAY_MS);

fn id(native: u32) -> ProductId {
    format!("shopify:a.example:{native}").parse().unwrap()
}

fn seen(day: i64, kind: ObservationKind) -> Observation {
    Observation {
        product: id(1),
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

fn ranked(product: u32, day: i64, place: u32, source: RankSource) -> Observation {
    Observation {
        product: id(product),
        rank: Some(place),
        source: Some(source),
        ..seen(day, ObservationKind::Ranked)
    }
}

fn offer(minor: i64, compare_at: Option<i64>, available: bool) -> Option<Offer> {
    let money = |minor| Money::new(minor, Currency::parse("EUR").unwrap());
    Some(Offer {
        price: Some(money(minor)),
        compare_at: compare_at.map(money),
        available: Some(available),
    })
}

fn changed(variant: &str, day: i64, before: Option<Offer>, after: Option<Offer>) -> Observation {
    Observation {
        variant: Some(variant.to_owned()),
        before,
        after,
        ..seen(day, ObservationKind::Changed)
    }
}

fn stock(variant: &str, day: i64, is_there: bool) -> Observation {
    let [before, after] = [!is_there, is_there].map(|it| offer(2000, None, it));
    changed(variant, day, before, after)
}

fn variant(id: &str, is_there: bool) -> Variant {
    Variant {
        id: id.to_owned(),
        title: String::new(),
        options: vec![],
        sku: None,
        price: None,
        compare_at: None,
        availability: Availability::Stated(is_there),
        quantity: None,
    }
}

/// First seen on day 40, last confirmed on day 100.
fn row() -> FeatureRow {
    FeatureRow {
        id: id(1),
        currency: Currency::UNKNOWN,
        inputs: FeatureInputs {
            published_at: None,
            discount: None,
            price: None,
            availability: None,
            visible_chars: 0,
            distinct_tags: 0,
            num_images: 0,
            num_variants: 2,
            type_key: 0,
        },
        first_seen_at: UnixMs::new(40 * DAY_MS),
        confirmed_at: NOW,
    }
}

/// Returns the signals of product 1 with two variants, both in stock now, in a shop of these observations.
fn signals_of(shop: &[Observation], popularity: Option<&Popularity>) -> Vec<Signal> {
    signals_with(shop, &[variant("a", true), variant("b", true)], popularity)
}

fn signals_with(
    shop: &[Observation],
    variants: &[Variant],
    popularity: Option<&Popularity>,
) -> Vec<Signal> {
    let mut histories = Histories::new(NOW);
    for observation in shop {
        histories.add(observation);
    }
    if let Some(look) = popularity {
        let ProductId { platform, shop, .. } = id(1);
        histories.looked(platform, &shop, look);
    }
    let own: Vec<Observation> = shop
        .iter()
        .filter(|it| it.product == id(1))
        .cloned()
        .collect();
    let row = row();
    let watched = Watched {
        row: &row,
        variants,
        history: &own,
        popularity,
    };
    signals(watched, &histories)
}

fn told<'a>(signals: &'a [Signal], name: &str) -> &'a Signal {
    signals.iter().find(|it| it.name == name).unwrap()
}

#[test]
fn a_place_that_moved_says_where_it_was_and_where_that_was_read() {
    let api = RankSource::StorefrontApi;
    let shop = [
        ranked(1, 60, 30, api),
        ranked(1, 90, 12, api),
        ranked(1, 99, 5, api),
    ];
    let signals = signals_of(&shop, None);
    let place = told(&signals, "bestseller_place");
    assert_eq!(place.value, Some(5.0));
    assert_eq!(
        (place.source, place.certainty),
        (Some("storefront_api"), Certainty::Observed)
    );
    assert_eq!(place.at, Some(UnixMs::new(99 * DAY_MS)));
    // Day 93: 12. Day 72: 30.
    assert_eq!(told(&signals, "places_won_7_days").value, Some(7.0));
    assert_eq!(told(&signals, "places_won_28_days").value, Some(25.0));
    assert_eq!(told(&signals, "places_won_28_days").detail, "from 30 to 5");
}

#[test]
fn a_change_of_source_is_no_trend() {
    let shop = [
        ranked(1, 60, 30, RankSource::StorefrontApi),
        ranked(1, 96, 3, RankSource::Collection),
    ];
    let signals = signals_of(&shop, None);
    let place = told(&signals, "bestseller_place");
    assert_eq!(
        (place.value, place.certainty),
        (Some(3.0), Certainty::Estimated)
    );
    for name in ["places_won_7_days", "places_won_28_days"] {
        let won = told(&signals, name);
        assert_eq!((won.value, won.certainty), (None, Certainty::Unavailable));
    }
}

#[test]
fn a_product_that_the_newest_source_lacks_has_no_place() {
    let shop = [
        ranked(1, 60, 30, RankSource::StorefrontApi),
        ranked(2, 96, 1, RankSource::Collection),
    ];
    let popularity = Popularity {
        source: Some(RankSource::Collection),
        certainty: Certainty::Estimated,
        n_places: 1,
        at: UnixMs::new(96 * DAY_MS),
        detail: String::new(),
        refused: None,
    };
    let signals = signals_of(&shop, Some(&popularity));
    let place = told(&signals, "bestseller_place");
    assert_eq!(
        (place.value, place.certainty),
        (None, Certainty::Unavailable)
    );
    assert_eq!(place.detail, "not among the 1 places that were read");
}

#[test]
fn a_product_whose_place_another_one_has_fell_out_of_the_order() {
    let api = RankSource::StorefrontApi;
    let shop = [ranked(1, 60, 30, api), ranked(2, 96, 30, api)];
    assert_eq!(
        told(&signals_of(&shop, None), "bestseller_place").value,
        None
    );
    let shop = [ranked(1, 60, 30, api), ranked(2, 96, 31, api)];
    assert_eq!(
        told(&signals_of(&shop, None), "bestseller_place").value,
        Some(30.0)
    );
}

/// The product is not among the first 1,000 any more.
fn lost(product: u32, day: i64, source: RankSource) -> Observation {
    Observation {
        rank: None,
        n_places: Some(1000),
        ..ranked(product, day, 1, source)
    }
}

fn look(day: i64, source: RankSource, n_places: u64) -> Popularity {
    Popularity {
        source: Some(source),
        certainty: source.certainty(),
        n_places,
        at: UnixMs::new(day * DAY_MS),
        detail: String::new(),
        refused: None,
    }
}

#[test]
fn a_product_that_left_the_order_says_when_and_among_how_many_it_was_not_found() {
    let api = RankSource::StorefrontApi;
    let shop = [
        ranked(1, 60, 30, api),
        ranked(2, 60, 1, api),
        lost(1, 96, api),
    ];
    for (popularity, n_places, day) in [(None, 1000, 96), (Some(look(98, api, 700)), 700, 98)] {
        let signals = signals_of(&shop, popularity.as_ref());
        for name in ["bestseller_place", "places_won_28_days"] {
            let place = told(&signals, name);
            assert_eq!(
                (place.value, place.certainty),
                (None, Certainty::Unavailable)
            );
            assert_eq!(
                (place.source, place.at.map(|it| it.ms() / DAY_MS)),
                (Some("storefront_api"), Some(day))
            );
            let expected = format!("not among the {n_places} places that were read");
            assert_eq!(place.detail, expected);
        }
    }
}

#[test]
fn a_place_has_the_date_of_the_newest_look_that_got_as_far() {
    let api = RankSource::StorefrontApi;
    let shop = [ranked(1, 60, 300, api), ranked(2, 90, 1, api)];
    let day = |popularity: Option<Popularity>| {
        let signals = signals_of(&shop, popularity.as_ref());
        told(&signals, "bestseller_place").at.unwrap().ms() / DAY_MS
    };
    assert_eq!(day(Some(look(98, api, 300))), 98);
    // It broke off before place 300.
    assert_eq!(day(Some(look(98, api, 250))), 60);
    assert_eq!(day(Some(look(101, api, 300))), 90);
    assert_eq!(day(Some(look(98, RankSource::Collection, 300))), 90);
    assert_eq!(day(None), 90);
}

#[test]
fn what_nobody_saw_is_unavailable_with_the_reason() {
    let signals = signals_of(&[], None);
    let place = told(&signals, "bestseller_place");
    assert_eq!((place.value, place.at), (None, None));
    assert_eq!(
        place.detail,
        "no crawl has looked at the shop's best-selling order"
    );
    let closed = Popularity {
        source: None,
        certainty: Certainty::Unavailable,
        n_places: 0,
        at: NOW,
        detail: "no collection is called best sellers".to_owned(),
        refused: None,
    };
    let place = signals_of(&[], Some(&closed));
    assert_eq!(told(&place, "bestseller_place").detail, closed.detail);
    let units = told(&signals, "units_out_28_days");
    assert_eq!(
        (units.value, units.certainty),
        (None, Certainty::Unavailable)
    );
    assert_eq!(
        units.detail,
        "the shop's product list publishes no quantities"
    );
    for it in &signals {
        assert_eq!(
            it.value.is_none(),
            it.certainty == Certainty::Unavailable,
            "{it:?}"
        );
    }
}

#[test]
fn a_product_is_sold_out_when_its_last_variant_is() {
    // b goes on day 50, a on day 52; a is there from day 60 to 64; both are there now.
    let shop = [
        stock("b", 50, false),
        stock("a", 52, false),
        stock("a", 60, true),
        stock("a", 64, false),
        stock("a", 70, true),
        stock("b", 70, true),
    ];
    let signals = signals_of(&shop, None);
    let sell_out = told(&signals, "time_to_sell_out");
    assert_eq!((sell_out.value, sell_out.unit), (Some(4.0), "days"));
    assert_eq!(sell_out.detail, "sold out on 1970-03-06, 2 times in all");
    let flips = told(&signals, "availability_flips");
    assert_eq!(flips.value, Some(6.0));
    assert_eq!(
        flips.detail,
        "3 out of stock, 3 back, of single variants; the last on 1970-03-12"
    );
    // The feature counts the same.
    let mut histories = Histories::new(NOW);
    shop.iter().for_each(|it| histories.add(it));
    assert_eq!(histories.watched(&row()).n_events, 6);
}

#[test]
fn a_size_that_goes_while_another_comes_is_no_sell_out() {
    let shop = [
        stock("b", 45, false),
        stock("a", 50, false),
        stock("b", 50, true),
    ];
    let now = [variant("a", false), variant("b", true)];
    let signals = signals_with(&shop, &now, None);
    let sell_out = told(&signals, "time_to_sell_out");
    assert_eq!(sell_out.value, None);
    assert_eq!(sell_out.detail, "never sold out in 60.0 days");
}

#[test]
fn a_time_in_which_nobody_says_what_is_available_ends_no_stock_and_begins_none() {
    let silent = |offer: Option<Offer>| {
        offer.map(|it| Offer {
            available: None,
            ..it
        })
    };
    let said = |is_there| offer(2000, None, is_there);
    let again = |day, said_before, is_there| Observation {
        said_before: Some(said_before),
        ..changed("a", day, silent(said(true)), said(is_there))
    };
    let shop = [
        changed("a", 45, said(true), silent(said(true))),
        changed("a", 47, silent(said(true)), silent(offer(1900, None, true))),
        again(50, true, true),
        changed("a", 55, said(true), silent(said(true))),
        again(60, true, false),
    ];
    let signals = signals_with(&shop, &[variant("a", false)], None);
    let sell_out = told(&signals, "time_to_sell_out");
    assert_eq!(sell_out.value, Some(20.0), "{}", sell_out.detail);
    let flips = told(&signals, "availability_flips");
    assert_eq!(flips.value, Some(1.0), "{}", flips.detail);
}

/// As of a closed list, whose products are read one by one.
#[test]
fn where_nobody_ever_said_what_is_available_no_flip_and_no_stock_was_seen() {
    let silent = |minor| {
        Some(Offer {
            price: Some(Money::new(minor, Currency::parse("EUR").unwrap())),
            compare_at: None,
            available: None,
        })
    };
    let unknown = Variant {
        availability: Availability::Unknown,
        ..variant("a", true)
    };
    let shop = [
        seen(40, ObservationKind::New),
        changed("a", 45, silent(2000), silent(1900)),
        ranked(1, 50, 3, RankSource::StorefrontApi),
    ];
    let signals = signals_with(&shop, std::slice::from_ref(&unknown), None);
    for name in ["availability_flips", "time_to_sell_out"] {
        let signal = told(&signals, name);
        assert_eq!(
            (signal.value, signal.certainty, signal.detail.as_str()),
            (
                None,
                Certainty::Unavailable,
                "the shop does not say what is available"
            )
        );
    }
    assert_eq!(told(&signals, "price_moves").value, Some(1.0));
    // It was said once.
    let former = Variant {
        availability: Availability::Former(true),
        ..unknown
    };
    let signals = signals_with(&shop, &[former], None);
    assert_eq!(told(&signals, "availability_flips").value, Some(0.0));
}

#[test]
fn a_product_that_the_shop_takes_away_is_not_sold_out() {
    let shop = [
        seen(50, ObservationKind::Gone),
        seen(60, ObservationKind::Back),
        stock("a", 65, false),
        stock("b", 65, false),
    ];
    let now = [variant("a", false), variant("b", false)];
    // Since when it was there again, nobody can say.
    assert_eq!(
        told(&signals_with(&shop, &now, None), "time_to_sell_out").value,
        None
    );
}

#[test]
fn moves_of_prices_and_discounts_are_counted_by_moment() {
    let shop = [
        changed("a", 50, offer(2000, None, true), offer(1500, None, true)),
        changed("b", 50, offer(2000, None, true), offer(1800, None, true)),
        changed(
            "a",
            60,
            offer(1500, None, true),
            offer(1500, Some(2000), true),
        ),
        changed(
            "a",
            61,
            offer(1500, Some(2000), true),
            offer(2000, None, true),
        ),
    ];
    let signals = signals_of(&shop, None);
    let prices = told(&signals, "price_moves");
    assert_eq!(prices.value, Some(2.0));
    assert_eq!(prices.detail, "the last on 1970-03-03 by +33.3 %");
    let discounts = told(&signals, "discount_moves");
    assert_eq!(
        (discounts.value, discounts.detail.as_str()),
        (Some(2.0), "the last ended on 1970-03-03")
    );
}

#[test]
fn the_future_and_a_single_sight_tell_nothing() {
    let shop = [stock("a", 101, false), stock("b", 102, false)];
    let signals = signals_of(&shop, None);
    assert_eq!(told(&signals, "availability_flips").value, Some(0.0));
    let row = FeatureRow {
        confirmed_at: row().first_seen_at,
        ..row()
    };
    let watched = Watched {
        row: &row,
        variants: &[],
        history: &[],
        popularity: None,
    };
    let once = super::signals(watched, &Histories::new(NOW));
    let prices = told(&once, "price_moves");
    assert_eq!(
        (prices.value, prices.detail.as_str()),
        (None, "seen once so far")
    );
}

fn counted(variant: &str, day: i64, before: i64, after: i64) -> Observation {
    Observation {
        stock: Some(catalog::StockMove { before, after }),
        ..changed(
            variant,
            day,
            offer(2000, None, true),
            offer(2000, None, true),
        )
    }
}

#[test]
fn units_that_left_in_four_weeks_are_summed_up_as_estimated() {
    // Now is day 100, so that day 72 is the first that counts.
    let mut shop = vec![
        counted("a", 71, 90, 50),
        counted("a", 72, 50, 45),
        counted("b", 73, 3, 0),
        counted("b", 74, 0, 20),
        counted("b", 75, 20, -2),
        counted("a", 76, 9_999, 8_999),
        counted("a", 77, 999_999, 999_998),
        counted("a", 78, i64::MAX, i64::MIN),
    ];
    let signals = signals_of(&shop, None);
    let units = told(&signals, "units_out_28_days");
    assert_eq!(units.value, Some(5.0 + 3.0 + 22.0 + 1000.0));
    assert_eq!(
        (units.source, units.certainty),
        (Some("observations"), Certainty::Estimated)
    );
    assert_eq!(
        units.detail,
        "sold, or counted anew; 4 drops and 1 rise of single variants; 2 drops of more than 1,000 units at once, or from 999,999, not counted"
    );
    // Neither a price nor what can be bought moved.
    for name in ["availability_flips", "price_moves", "discount_moves"] {
        assert_eq!(told(&signals, name).value, Some(0.0), "{name}");
    }
    // What is seen later than now does not count, and what moved long ago is still known to be counted.
    shop.drain(1..);
    shop.push(counted("a", 101, 50, 40));
    let signals = signals_of(&shop, None);
    let units = told(&signals, "units_out_28_days");
    assert_eq!(
        (units.value, units.certainty),
        (Some(0.0), Certainty::Estimated)
    );
    let quantity = Variant {
        quantity: Some(5),
        ..variant("a", true)
    };
    let signals = signals_with(&[], &[quantity], None);
    let units = told(&signals, "units_out_28_days");
    assert_eq!(units.value, None);
    assert_eq!(
        units.detail,
        "the shop publishes quantities, which have not moved yet"
    );
}
