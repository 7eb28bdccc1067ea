//! How the metrics of a set of products move together.

use crate::matrix::Moments;

/// Returns Pearson's correlation of each two columns, from -1 to 1; none where one of them is the same for all
/// products.
///
/// Scaling a column does not change its correlations, so those of the scaled metrics are those of the raw ones.
pub fn correlation(moments: &Moments) -> Vec<Vec<Option<f64>>> {
    let covariance = &moments.covariance;
    let n = covariance.len();
    let deviation: Vec<f64> = (0..n).map(|i| covariance[i][i].sqrt()).collect();
    let of = |i: usize, j: usize| {
        let product = deviation[i] * deviation[j];
        (product > 0.0).then(|| match i == j {
            true => 1.0,
            false => (covariance[i][j] / product).clamp(-1.0, 1.0),
        })
    };
    (0..n).map(|i| (0..n).map(|j| of(i, j)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matrix::Matrix;
    use crate::testing::{fixture, points, scikit_learn};

    #[test]
    fn columns_that_move_together_apart_and_not_at_all() {
        let rows = [
            [0.0, 0.0, 1.0, 0.0, 0.5, 0.0],
            [0.5, 0.5, 0.5, 1.0, 0.5, 0.0],
            [1.0, 1.0, 0.0, 0.0, 0.5, 1.0],
        ];
        let correlation = correlation(&Matrix::from(&rows[..]).moments());
        let by_hand = [
            Some(1.0),
            Some(1.0),
            Some(-1.0),
            Some(0.0),
            None,
            Some(0.75_f64.sqrt()),
        ];
        for (value, by_hand) in correlation[0].iter().zip(by_hand) {
            assert_eq!(value.is_none(), by_hand.is_none());
            assert!(
                (value.unwrap_or(0.0) - by_hand.unwrap_or(0.0)).abs() < 1e-12,
                "{value:?}"
            );
        }
        assert_eq!(correlation[4], [None; 6]);
    }

    #[test]
    fn the_numbers_are_those_of_scikit_learn() {
        let correlation = correlation(&Matrix::of(&fixture()).moments());
        for (i, row) in correlation.into_iter().enumerate() {
            for (j, value) in row.into_iter().enumerate() {
                let theirs = scikit_learn()["correlation"][i][j].as_f64().unwrap();
                assert!(
                    (value.unwrap() - theirs).abs() <= 1e-9,
                    "{value:?} is not {theirs}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn the_table_is_symmetric_and_within_bounds(points in points()) {
            let correlation = correlation(&Matrix::from(&points[..]).moments());
            for (i, row) in correlation.iter().enumerate() {
                for (j, value) in row.iter().enumerate() {
                    prop_assert_eq!(*value, correlation[j][i]);
                    prop_assert!(value.is_none_or(|it| (-1.0..=1.0).contains(&it)));
                }
            }
        }
    }
}
