use super::*;

const ABSURD: [f64; 5] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    -1.0,
    f64::MIN_POSITIVE,
];

#[test]
fn no_products_and_one_product() {
    let drawn = Quantiles {
        draws: 20,
        ..balanced()
    };
    let none = scored(&[], &drawn);
    assert!(none.is_empty());
    let list = none.top(10);
    assert_eq!((list.places.len(), list.stability), (0, None));
    assert_eq!(none.sorted(), [] as [u32; 0]);
    assert_eq!(none.utilities().len(), 0);

    let one = scored(&[product("a.example", "1")], &drawn);
    let list = one.top(10);
    assert_eq!(list.places.len(), 1);
    assert_close(list.places[0].score, 0.5);
    let sure = list.places[0].stability.unwrap();
    assert_eq!((sure.rank_p5, sure.rank_p95), (1, 1));
    assert_close(sure.p_top_k, 1.0);
    assert_eq!(one.top(0).places, []);
}

#[test]
fn products_that_are_all_alike_share_the_middle_and_are_ordered_by_id() {
    let mut rows = Vec::new();
    for n in (0..500).rev() {
        let mut row = product("a.example", &n.to_string());
        row.inputs.price = Some(5.0);
        row.inputs.discount = Some(0.0);
        row.inputs.availability = Some(1.0);
        row.inputs.published_at = Some(NOW);
        row.inputs.type_key = 7;
        rows.push(row);
    }
    let settings = Quantiles {
        draws: 10,
        ..balanced()
    };
    let scores = scored(&rows, &settings);
    let list = scores.top(100);
    for (place, native) in list.places.iter().zip(0..) {
        assert_eq!(
            scores.id(place.index).native.to_string(),
            native.to_string()
        );
        assert_close(place.score, 0.5);
        let sure = place.stability.unwrap();
        assert_eq!((sure.rank_p5, sure.rank_p95), (native + 1, native + 1));
    }
    assert_close(list.stability.unwrap().overlap_min, 1.0);
}

#[test]
fn numbers_that_are_none_make_a_feature_unknown() {
    for absurd in ABSURD {
        let mut rows: Vec<FeatureRow> = ["1", "2", "3"].map(|it| product("a.example", it)).to_vec();
        for (row, number) in rows.iter_mut().zip([1.0, absurd, 2.0]) {
            row.inputs.price = Some(number);
            row.inputs.discount = Some(number);
            row.inputs.availability = Some(number);
        }
        let scores = scored(&rows, &balanced());
        for place in scores.top(3).places {
            assert!(place.score.is_finite() && (0.0..=1.0).contains(&place.score));
        }
        let has_number = absurd.is_finite();
        let parts = scores.contributions(1);
        let discount = Feature::Discount as usize;
        assert_eq!(parts[discount] != 0.0, has_number, "{absurd}");
        let is_price = has_number && absurd > 0.0;
        let listing = 0.06;
        let known = f64::from(u8::from(has_number)) * 0.11 + f64::from(u8::from(is_price)) * 0.07;
        assert_close(scores.coverage(1), listing + known);
    }
}

#[test]
fn a_column_that_nobody_can_use_is_no_column() {
    let mut rows = [product("a.example", "1"), product("b.example", "1")];
    for row in &mut rows {
        row.currency = Currency::UNKNOWN;
        row.inputs.price = Some(4.0);
    }
    let settings = Quantiles {
        draws: 5,
        ..only(Feature::PricePosition)
    };
    let scores = scored(&rows, &settings);
    assert!(scores.columns.is_empty());
    // Nothing known is 0, not the -0.0 that no floats sum to.
    let place = &scores.top(1).places[0];
    for zero in [scores.coverage(0), place.coverage, place.contributions[0]] {
        assert_eq!(zero.to_bits(), 0.0_f64.to_bits());
    }
    let list = scores.top(1);
    assert_eq!(natives(&scores, &list), ["1"]);
    assert_close(list.stability.unwrap().overlap_mean, 1.0);
}

#[test]
fn a_list_too_long_to_be_drawn_has_no_stability() {
    let rows: Vec<FeatureRow> = (0..1_100)
        .map(|it| {
            let mut row = product("a.example", &it.to_string());
            row.inputs.num_images = it % 7;
            row.inputs.discount = Some(f64::from(it % 5) / 5.0);
            row
        })
        .collect();
    let settings = Quantiles {
        draws: 10_000,
        ..balanced()
    };
    let scores = scored(&rows, &settings);
    let list = scores.top(1_100);
    assert_eq!((list.places.len(), list.stability), (1_100, None));
    assert_eq!(list.places[0].stability, None);
    let most = [0.0, 0.1].map(|least| scores.most_places_drawn(least));
    assert_eq!(most, [Some(1_000), Some(500)]);
    assert_eq!(scores.top(1_001).stability, None);
    assert_eq!(scored(&rows, &balanced()).most_places_drawn(0.0), None);
}
