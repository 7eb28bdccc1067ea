use proptest::prelude::*;

use super::*;
use crate::random::Random;
use crate::testing::{fixture, points, scikit_learn};

fn of<const N: usize>(points: &[[f64; N]]) -> Outliers {
    outliers(&Matrix::from(points), &vec![0; points.len()])
}

/// A square full of points, 0.01 apart.
fn square() -> Vec<[f64; 2]> {
    let side = |n: usize| n as f64 / 100.0;
    (0..400)
        .map(|n| [0.4 + side(n % 20), 0.4 + side(n / 20)])
        .collect()
}

fn flagged(outliers: &Outliers) -> Vec<usize> {
    outliers.outliers.iter().map(|it| it.index).collect()
}

#[test]
fn a_product_far_from_all_others_stands_alone_by_its_feature() {
    let mut points = square();
    points.push([0.5, 0.1]);
    points.push([1.0, 0.5]);
    let names = ["freshness", "listing"].map(str::to_owned).to_vec();
    let columns = [0, 1].map(|j| points.iter().map(|it| it[j]).collect());
    let matrix = Matrix::new(points.len(), names, columns.to_vec()).unwrap();
    let outliers = outliers(&matrix, &vec![0; points.len()]);
    let words: Vec<_> = outliers
        .outliers
        .iter()
        .map(|it| (it.index, it.feature.as_str(), it.words.as_str()))
        .collect();
    assert_eq!(
        words,
        [
            (401, "freshness", "fresh"),
            (400, "listing", "poorly presented")
        ]
    );
    assert!(outliers.limit.unwrap() < 0.29, "{:?}", outliers.limit);
}

#[test]
fn a_product_stands_out_by_what_is_rarest_and_not_by_what_its_neighbours_lack() {
    // Its neighbours are the 72: their availability is farther from its own than their discount is, but 29 of the 101
    // have as much. As great a discount has nobody else.
    let mut points = vec![[0.2, 0.5, 0.8]; 72];
    points.extend([[0.82, 0.5, 0.0]; 28]);
    points.push([0.82, 0.99, 0.8]);
    let names = ["availability", "discount", "freshness"].map(str::to_owned);
    let columns = [0, 1, 2].map(|j| points.iter().map(|it| it[j]).collect());
    let matrix = Matrix::new(points.len(), names.to_vec(), columns.to_vec()).unwrap();
    let outliers = outliers(&matrix, &vec![0; points.len()]);
    let found: Vec<_> = outliers
        .outliers
        .iter()
        .map(|it| (it.index, it.feature.as_str(), it.words.as_str()))
        .collect();
    assert_eq!(found, [(100, "discount", "much discounted")]);
}

#[test]
fn the_mean_distance_is_the_one_by_hand() {
    // On a line, one apart: the ten nearest of the first are 1 to 10 away, those of the sixth up to 5 on either side.
    let line: Vec<_> = (0..40).map(|n| [f64::from(n) / 100.0]).collect();
    let distances = of(&line).distances;
    assert!((distances[0] - 0.055).abs() < 1e-12, "{}", distances[0]);
    assert!((distances[5] - 0.03).abs() < 1e-12, "{}", distances[5]);
    let three = of(&[[0.0], [0.1], [0.4]]).distances;
    assert!((three[0] - 0.25).abs() < 1e-12, "{three:?}");
}

#[test]
fn the_numbers_are_those_of_scikit_learn() {
    let matrix = Matrix::of(&fixture());
    let outliers = outliers(&matrix, &vec![0; matrix.len()]);
    let theirs = scikit_learn();
    for (index, distance) in outliers.distances.iter().enumerate() {
        let theirs = theirs["neighbour_distance"][index].as_f64().unwrap();
        assert!((distance - theirs).abs() <= 1e-9, "{distance} {theirs}");
    }
    let theirs = theirs["outlier_limit"].as_f64().unwrap();
    assert!((outliers.limit.unwrap() - theirs).abs() <= 1e-9);
}

#[test]
fn few_products_are_too_few_to_stand_out_from() {
    let mut points = vec![[0.5]; 28];
    points.push([1.0]);
    let few = of(&points);
    assert_eq!((few.limit, flagged(&few)), (None, vec![]));
    assert_eq!(few.distances.len(), 29);
    points.push([0.5]);
    assert_eq!(flagged(&of(&points)), [28]);
    let alone = of(&points[..1]).distances;
    assert!(
        alone == [0.0] && alone[0].is_sign_positive(),
        "written, -0 has a sign"
    );
    assert!(of::<1>(&[]).distances.is_empty());
    let unknown = outliers(&Matrix::new(50, vec![], vec![]).unwrap(), &[0; 50]);
    assert_eq!(
        (unknown.distances, unknown.outliers),
        (vec![0.0; 50], vec![])
    );
}

#[test]
fn duplicates_have_no_distance_and_rounding_makes_no_outlier() {
    let alike = of(&[[0.3, 0.7]; 200]);
    assert!(alike.outliers.is_empty());
    assert_eq!(alike.distances, [0.0; 200]);
    // On this grid the distances of the inner products differ by rounding alone.
    let ring: Vec<_> = (0..1_000)
        .map(|n| std::f64::consts::TAU * f64::from(n) / 1_000.0)
        .map(|angle| [angle.cos() / 2.0, angle.sin() / 2.0])
        .collect();
    assert!(of(&ring).outliers.is_empty());
}

#[test]
fn no_more_than_one_in_twenty_stands_alone() {
    // Half of them on one point, the others ever farther apart.
    let points: Vec<_> = (0..200)
        .map(|n| [if n < 110 { 0.0 } else { 1.1_f64.powi(n - 200) }])
        .collect();
    let outliers = of(&points);
    assert!(outliers.outliers.len() <= 10);
    assert!(flagged(&outliers).contains(&199), "{outliers:?}");
    assert!(
        outliers
            .outliers
            .is_sorted_by(|a, b| a.distance >= b.distance)
    );
}

#[test]
fn many_products_are_compared_with_a_sample() {
    let mut random = Random::new(1);
    let mut points: Vec<[f64; 3]> = (0..MAX_CANDIDATES + 5_000)
        .map(|_| [(); 3].map(|()| random.unit()))
        .collect();
    points.push([3.0, 0.5, 0.5]);
    let outliers = of(&points);
    assert_eq!(flagged(&outliers)[0], points.len() - 1);
    assert!(outliers.outliers.len() < 300, "{}", outliers.outliers.len());
}

proptest! {
    #[test]
    fn the_nearest_are_those_of_a_full_search(points in points(), n in 1_usize..12) {
        let matrix = Matrix::from(&points[..]);
        let tree = Tree::new(&matrix, (0..points.len()).collect());
        for (index, point) in points.iter().enumerate() {
            let square = |other: &[f64; 6]| -> f64 {
                point.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum()
            };
            let others = points.iter().enumerate().filter(|it| it.0 != index);
            let mut by_hand: Vec<f64> = others.map(|it| square(it.1)).collect();
            by_hand.sort_by(f64::total_cmp);
            by_hand.truncate(n);
            let found = tree.nearest(point, index, n);
            prop_assert_eq!(found.len(), by_hand.len());
            for (found, by_hand) in found.iter().zip(by_hand) {
                prop_assert!((found.0 - by_hand).abs() < 1e-12);
            }
            prop_assert!(found.iter().all(|it| it.1 != index));
        }
    }

    #[test]
    fn any_points_give_a_distance_each(points in points()) {
        let outliers = of(&points);
        prop_assert_eq!(outliers.distances.len(), points.len());
        prop_assert!(outliers.distances.iter().all(|it| it.is_finite() && *it >= 0.0));
        prop_assert!(outliers.outliers.len() <= points.len() / 20);
        prop_assert_eq!(of(&points), outliers);
    }
}
