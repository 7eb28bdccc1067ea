use proptest::prelude::*;

use super::*;
use crate::kmeans::Cluster;
use crate::testing::points;

fn matrix(names: &[&str], columns: &[&[f64]]) -> Matrix {
    let n_rows = columns.first().map_or(0, |it| it.len());
    let names = names.iter().map(|it| (*it).to_owned()).collect();
    let columns = columns.iter().map(|it| it.to_vec()).collect();
    Matrix::new(n_rows, names, columns).unwrap()
}

/// Finds at most `k` segments.
fn found(matrix: &Matrix, scores: &[f64], k: usize) -> Segments {
    segments(&Analysis::of(matrix.clone(), k), scores)
}

fn assert_close(numbers: &[f64], by_hand: &[f64]) {
    assert_eq!(numbers.len(), by_hand.len());
    let pairs = numbers.iter().zip(by_hand);
    assert!(
        pairs.clone().all(|(a, b)| (a - b).abs() < 1e-12),
        "{numbers:?}"
    );
}

#[test]
fn two_heaps_are_two_segments_with_words_means_and_typical_products() {
    let matrix = matrix(
        &["freshness", "listing"],
        &[
            &[0.9, 0.1, 0.8, 0.0, 1.0, 0.9],
            &[0.5, 0.1, 0.5, 0.9, 0.5, 0.5],
        ],
    );
    let scores = [0.6, 0.2, 0.5, 0.4, 0.7, 0.6];
    let segments = found(&matrix, &scores, 2);
    assert_eq!(segments.features, ["freshness", "listing"]);
    assert_eq!(segments.labels, [0, 1, 0, 1, 0, 0]);
    assert_close(
        &segments.distances,
        &[0.0, 0.1625_f64.sqrt(), 0.1, 0.1625_f64.sqrt(), 0.1, 0.0],
    );
    let [fresh, old] = &segments.segments[..] else {
        panic!("{segments:#?}");
    };
    assert_eq!((fresh.letter.as_str(), fresh.size), ("A", 4));
    assert_eq!((old.letter.as_str(), old.size), ("B", 2));
    assert_eq!(fresh.description, "fresh");
    assert_eq!(old.description, "old");
    assert_close(&fresh.centre, &[0.9, 0.5]);
    assert_close(&old.centre, &[0.05, 0.5]);
    assert_close(&[fresh.share, fresh.mean_score], &[4.0 / 6.0, 0.6]);
    assert_close(&[old.share, old.mean_score], &[2.0 / 6.0, 0.3]);
    // The one product on the centre twice, then the first of two that are equally far.
    assert_eq!(fresh.typical[..2], [0, 5]);
    assert_eq!(old.typical, [1, 3]);
}

#[test]
fn equally_near_products_are_typical_in_their_own_order() {
    let columns: &[&[f64]] = &[&[0.5; 5]];
    let segments = found(&matrix(&["listing"], columns), &[0.5; 5], 5);
    assert_eq!(segments.segments.len(), 1);
    assert_eq!(segments.segments[0].typical, [0, 1, 2]);
    assert_eq!(segments.segments[0].description, "close to the average");
}

#[test]
fn no_product_and_no_segment_asked_for_give_none_and_no_feature_gives_one() {
    for none in [
        found(&matrix(&["listing"], &[&[]]), &[], 5),
        found(&matrix(&[], &[]), &[], 5),
        found(&matrix(&["listing"], &[&[0.1, 0.2]]), &[0.5, 0.5], 0),
    ] {
        assert!(none.segments.is_empty(), "{none:?}");
    }
    let unknown = Matrix::new(4, vec![], vec![]).unwrap();
    let unknown = found(&unknown, &[0.5; 4], 5);
    assert_eq!((unknown.segments.len(), &unknown.labels), (1, &vec![0; 4]));
    assert_eq!(unknown.distances, [0.0; 4]);
    let segment = &unknown.segments[0];
    assert_eq!(segment.size, 4);
    assert_eq!(
        segment.description,
        "no feature that counts is known of them"
    );
    let one = found(&matrix(&["listing"], &[&[0.7]]), &[0.25], 5);
    let segment = &one.segments[0];
    assert_eq!((segment.size, &segment.typical[..]), (1, &[0][..]));
    assert_close(&[segment.share, segment.mean_score], &[1.0, 0.25]);
}

fn described(centres: &[[f64; 3]]) -> Vec<String> {
    let cluster = |centre: &[f64; 3]| Cluster {
        size: 1,
        centre: centre.to_vec(),
    };
    let clusters = Clusters {
        clusters: centres.iter().map(cluster).collect(),
        labels: vec![],
        inertia: 0.0,
    };
    let mut covariance = vec![vec![0.0; 3]; 3];
    for (j, row) in covariance.iter_mut().enumerate() {
        row[j] = 0.04;
    }
    let moments = Moments {
        mean: vec![0.5; 3],
        covariance,
    };
    let names = ["freshness", "listing", "discount"].map(str::to_owned);
    descriptions(&clusters, &moments, &names)
}

#[test]
fn the_most_striking_mark_comes_first() {
    let words = described(&[[0.65, 0.8, 0.35], [0.5, 0.55, 0.3], [0.55, 0.45, 0.5]]);
    assert_eq!(
        words,
        [
            "well presented, fresh, hardly discounted",
            "hardly discounted",
            "close to the average"
        ]
    );
}

#[test]
fn two_segments_with_the_same_marks_are_told_apart() {
    assert_eq!(
        described(&[[0.9, 0.55, 0.5], [0.8, 0.45, 0.5]]),
        ["fresh, well presented", "fresh, poorly presented"]
    );
    assert_eq!(
        described(&[[0.55, 0.5, 0.5], [0.5, 0.55, 0.5], [0.5; 3]]),
        [
            "close to the average, fresh",
            "close to the average, well presented",
            "close to the average"
        ]
    );
    assert_eq!(
        described(&[[0.9, 0.5, 0.5], [0.8, 0.5, 0.5], [0.7, 0.5, 0.5]]),
        ["fresh", "fresh (2)", "fresh (3)"]
    );
}

proptest! {
    #[test]
    fn segments_cover_all_products_and_no_two_are_called_the_same(points in points(), k in 0_usize..9) {
        let matrix = Matrix::from(&points[..]);
        let scores: Vec<f64> = points.iter().map(|it| it[0]).collect();
        let found = self::found(&matrix, &scores, k);
        let n_in_all: usize = found.segments.iter().map(|it| it.size).sum();
        prop_assert_eq!(n_in_all, if k == 0 { 0 } else { points.len() });
        for (n, segment) in found.segments.iter().enumerate() {
            prop_assert!(!segment.description.is_empty());
            let same = found.segments.iter().filter(|it| it.description == segment.description);
            prop_assert_eq!(same.count(), 1);
            prop_assert!((0.0..=1.0).contains(&segment.mean_score));
            prop_assert_eq!(segment.typical.len(), segment.size.min(3));
            let own: Vec<usize> = (0..points.len()).filter(|&index| found.labels[index] == n).collect();
            prop_assert!(segment.typical.iter().all(|it| own.contains(it)));
            let nearest = own.iter().map(|&it| found.distances[it]).fold(f64::INFINITY, f64::min);
            prop_assert!((found.distances[segment.typical[0]] - nearest).abs() < 1e-12);
        }
        prop_assert_eq!(self::found(&matrix, &scores, k), found);
    }
}
