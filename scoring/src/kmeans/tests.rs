use proptest::prelude::*;

use super::*;
use crate::testing::{fixture, points, scikit_learn};

fn of(points: &[[f64; 6]], k: usize) -> Clusters {
    grouped(&Matrix::from(points), k)
}

fn grouped(matrix: &Matrix, k: usize) -> Clusters {
    kmeans(matrix, &matrix.moments(), k)
}

fn sizes(clusters: &Clusters) -> Vec<usize> {
    clusters.clusters.iter().map(|it| it.size).collect()
}

#[test]
fn two_heaps_are_found_with_their_means() {
    let points = [0.0, 0.9, 0.2, 1.0, 0.1].map(|x| [x, 0.0, 0.5, 0.0, 0.0, 0.0]);
    let clusters = of(&points, 2);
    assert_eq!(clusters.labels, [0, 1, 0, 1, 0]);
    assert_eq!(sizes(&clusters), [3, 2]);
    assert!((clusters.clusters[0].centre[0] - 0.1).abs() < 1e-12);
    assert!((clusters.clusters[1].centre[0] - 0.95).abs() < 1e-12);
    assert!((clusters.inertia - (2.0 * 0.01 + 2.0 * 0.0025)).abs() < 1e-12);
}

#[test]
fn clusters_of_one_size_are_in_the_order_of_their_centres() {
    let points = [0.9, 0.1, 0.5].map(|x| [0.0, x, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(of(&points, 3).labels, [2, 0, 1]);
}

#[test]
fn there_are_no_more_clusters_than_different_products() {
    assert_eq!(sizes(&of(&[[0.3; 6]; 4], 5)), [4]);
    let points = [[0.3; 6], [0.7; 6], [0.3; 6]];
    assert_eq!(sizes(&of(&points, 5)), [2, 1]);
    assert_eq!(sizes(&of(&points[..1], 5)), [1]);
}

#[test]
fn no_products_or_no_clusters_asked_for_give_none() {
    assert!(of(&[], 5).clusters.is_empty());
    let none = of(&[[0.3; 6]; 4], 0);
    assert!(none.clusters.is_empty());
    assert!(none.inertia.abs() < 1e-12);
}

#[test]
fn one_column_is_enough_and_no_column_is_one_cluster() {
    let points = [[0.1], [0.9], [0.2]];
    assert_eq!(grouped(&Matrix::from(&points[..]), 2).labels, [0, 1, 0]);
    let without_columns = |n| Matrix::new(n, vec![], vec![]).unwrap();
    let one = grouped(&without_columns(3), 5);
    assert_eq!((sizes(&one), one.labels), (vec![3], vec![0; 3]));
    let none = grouped(&without_columns(0), 5);
    assert_eq!((none.clusters, none.labels), (vec![], vec![]));
}

#[test]
fn an_emptied_cluster_takes_the_product_farthest_from_its_centre() {
    let points = [0.0, 0.1, 0.2, 1.0].map(|x| [x, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let matrix = Matrix::from(&points[..]);
    // The second centre is far from everything, so that all products go to the first.
    let mut start = Start {
        matrix: &matrix,
        centres: vec![vec![0.0; 6], vec![9.0; 6]],
        labels: vec![0; 4],
        distances: vec![f64::INFINITY; 4],
        n_iterations: 0,
    };
    start.assign(0);
    assert_eq!(start.labels, [0; 4]);
    start.centre();
    assert_eq!(start.labels, [0, 0, 0, 1]);
    assert!((start.centres[0][0] - 0.1).abs() < 1e-12);
    assert!((start.centres[1][0] - 1.0).abs() < 1e-12);
}

#[test]
fn the_inertia_is_as_good_as_that_of_scikit_learn() {
    let clusters = grouped(&Matrix::of(&fixture()), 5);
    let theirs = scikit_learn()["kmeans_inertia_best_of_10"]
        .as_f64()
        .unwrap();
    assert!(
        clusters.inertia <= 1.001 * theirs,
        "{} > {theirs}",
        clusters.inertia
    );
}

#[test]
fn weights_decide_what_is_drawn_over_several_blocks() {
    let mut weights = vec![0.0; 3 * BLOCK];
    assert_eq!(draw(&weights, 0.5), None);
    assert_eq!(draw(&[], 0.5), None);
    weights[5] = 1.0;
    weights[BLOCK + 7] = 3.0;
    assert_eq!(draw(&weights, 0.0), Some(5));
    assert_eq!(draw(&weights, 0.24), Some(5));
    assert_eq!(draw(&weights, 0.26), Some(BLOCK + 7));
    assert_eq!(draw(&weights, 1.0), Some(BLOCK + 7));
}

proptest! {
    #[test]
    fn every_product_is_in_the_cluster_of_the_nearest_mean(points in points(), k in 0_usize..7) {
        let clusters = of(&points, k);
        prop_assert!(clusters.clusters.len() <= k);
        prop_assert!(clusters.clusters.is_sorted_by(|a, b| a.size >= b.size));
        let mut inertia = 0.0;
        for (label, cluster) in clusters.clusters.iter().enumerate() {
            let of_it: Vec<_> = points.iter().zip(&clusters.labels).filter(|it| *it.1 == label).collect();
            prop_assert!(cluster.size > 0);
            prop_assert_eq!(of_it.len(), cluster.size);
            for j in 0..6 {
                let mean = of_it.iter().map(|it| it.0[j]).sum::<f64>() / cluster.size as f64;
                prop_assert!((mean - cluster.centre[j]).abs() < 1e-9);
            }
            for (point, _) in of_it {
                let own = squared_distance(point, &cluster.centre);
                inertia += own;
                for other in &clusters.clusters {
                    prop_assert!(own <= squared_distance(point, &other.centre) + 1e-9);
                }
            }
        }
        prop_assert!((clusters.inertia - inertia).abs() < 1e-9);
        prop_assert_eq!(of(&points, k), clusters);
    }
}
