use proptest::prelude::*;

use super::super::dirichlet::dirichlet;
use super::properties::{shuffled_world, world};
use super::*;
use crate::random::Random;

/// Ranks every product anew for each draw, by its whole definition.
fn brute_force(scores: &Scores, settings: &Quantiles) -> Vec<Vec<usize>> {
    let weights: Vec<f64> = scores.columns.iter().map(|it| scores.weight(it)).collect();
    let total: f64 = weights.iter().sum();
    let parameters: Vec<f64> = weights
        .iter()
        .map(|it| settings.concentration * (it / total))
        .collect();
    let draw = |number: u64| {
        let weights = dirichlet(&mut Random::new(settings.seed + number), &parameters);
        let drawn = |index: usize| {
            let mut score = 0.0;
            for (weight, column) in weights.iter().zip(&scores.columns) {
                let utility = column.utilities[index];
                score += weight * if utility.is_nan() { 0.0 } else { utility - 0.5 };
            }
            score
        };
        let drawn: Vec<f64> = (0..scores.len()).map(drawn).collect();
        let mut order: Vec<u32> = (0..number_of(scores)).collect();
        order.sort_by(|one, two| scores.compare(&drawn, *one, *two));
        let mut ranks = vec![0; scores.len()];
        for (rank, index) in (1..).zip(order) {
            ranks[index as usize] = rank;
        }
        ranks
    };
    (0..u64::from(settings.draws)).map(draw).collect()
}

fn number_of(scores: &Scores) -> u32 {
    u32::try_from(scores.len()).unwrap()
}

proptest! {
    #[test]
    fn places_are_as_sure_as_ranking_all_products_for_each_draw_says(
        (rows, histories) in world(60),
        k in 1_usize..70,
        draws in 1_u32..41,
        max_per_store in 0_u32..4,
    ) {
        let settings = Quantiles { draws, max_per_store, ..balanced() };
        let scores = Scores::of(table(&rows, &histories, &settings), &settings);
        let list = scores.top(k);
        let ranks = brute_force(&scores, &settings);
        let k = k.min(rows.len());
        for place in &list.places {
            let mut its: Vec<usize> = ranks.iter().map(|it| it[place.index]).collect();
            its.sort_unstable();
            let nearest = |share: f64| its[(share * f64::from(draws) - 1e-9).ceil() as usize - 1] as u32;
            let expected = Stability {
                p_top_k: its.iter().filter(|it| **it <= k).count() as f64 / f64::from(draws),
                rank_p5: nearest(0.05),
                rank_p95: nearest(0.95),
            };
            prop_assert_eq!(place.stability, Some(expected));
        }
        let first = &scores.sorted()[..k];
        let kept = |ranks: &Vec<usize>| first.iter().filter(|it| ranks[**it as usize] <= k).count();
        let kept: Vec<usize> = ranks.iter().map(kept).collect();
        let stability = list.stability.unwrap();
        assert_close(stability.overlap_min, *kept.iter().min().unwrap() as f64 / k as f64);
        let mean = kept.iter().sum::<usize>() as f64 / f64::from(draws);
        assert_close(stability.overlap_mean, mean / k as f64);
    }

    #[test]
    fn the_order_of_the_products_does_not_matter((rows, shuffled, histories) in shuffled_world(60)) {
        let settings = Quantiles { draws: 9, max_per_store: 3, ..balanced() };
        let of = |rows: &[FeatureRow]| {
            let scores = Scores::of(table(rows, &histories, &settings), &settings);
            let list = scores.top(12);
            let places: Vec<_> = list
                .places
                .into_iter()
                .map(|it| (scores.id(it.index), Place { index: 0, ..it }))
                .collect();
            (places, list.stability)
        };
        prop_assert_eq!(of(&rows), of(&shuffled));
    }
}

/// A concentration so great that nothing moves, and one so small that one weight has it all.
#[test]
fn certain_weights_keep_the_list_and_wild_ones_do_not() {
    let rows: Vec<FeatureRow> = (0..300_u32)
        .map(|it| {
            let mut row = product("a.example", &it.to_string());
            row.inputs.num_images = it * 7919 % 9;
            row.inputs.distinct_tags = it * 31 % 13;
            row.inputs.discount = Some(f64::from(it * 57 % 101) / 101.0);
            row.inputs.availability = Some(f64::from(it * 13 % 5) / 5.0);
            row
        })
        .collect();
    let overlap = |concentration| {
        let settings = Quantiles {
            draws: 50,
            concentration,
            ..balanced()
        };
        scored(&rows, &settings).top(20).stability.unwrap()
    };
    assert_close(overlap(1e9).overlap_mean, 1.0);
    let wild = overlap(0.01);
    assert!(wild.overlap_mean < 0.6 && wild.overlap_min < wild.overlap_mean);
}
