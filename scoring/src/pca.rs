//! Principal components: the two directions in which the products of a set differ most.

use crate::matrix::{Matrix, Moments};

/// The two first principal components.
///
/// Same as scikit-learn's `PCA(2)`: centred, not standardised; each component's loading of the largest
/// absolute value is positive (`svd_flip`, since scikit-learn 1.5).
#[derive(Debug, Clone, PartialEq)]
pub struct Pca {
    /// The point that is the origin of the components: the mean of each column.
    pub mean: Vec<f64>,
    /// The directions, of length 1: any direction where the products do not differ, all 0 where there is none.
    pub components: [Vec<f64>; 2],
    /// The variance along each.
    pub variance: [f64; 2],
    /// Its share of the variance in all directions, from 0 to 1; 0 if there is none.
    pub share: [f64; 2],
}

/// Returns the principal components of products with the given moments.
///
/// One column has one direction alone, and none has none: what is missing has no variance.
pub fn pca(moments: &Moments) -> Pca {
    let mut directions = eigen(moments.covariance.clone());
    directions.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let total: f64 = directions.iter().map(|(variance, _)| variance).sum();
    let n_columns = moments.mean.len();
    let mut directions = directions.into_iter();
    let mut next = || directions.next().unwrap_or((0.0, vec![0.0; n_columns]));
    let (first, second) = (next(), next());
    let variance = [first.0, second.0];
    Pca {
        mean: moments.mean.clone(),
        components: [with_sign(first.1), with_sign(second.1)],
        variance,
        share: variance.map(|it| if total > 0.0 { it / total } else { 0.0 }),
    }
}

impl Pca {
    /// Returns where `point` lies on the two components.
    pub fn place(&self, point: &[f64]) -> [f64; 2] {
        self.components.each_ref().map(|component| {
            let steps = point.iter().zip(&self.mean).zip(component);
            steps.map(|((x, mean), loading)| (x - mean) * loading).sum()
        })
    }

    /// Returns where each product lies on the two components.
    pub fn places(&self, matrix: &Matrix) -> Vec<[f64; 2]> {
        let mut places = vec![[0.0; 2]; matrix.len()];
        for (j, (column, mean)) in matrix.columns().iter().zip(&self.mean).enumerate() {
            let loadings = [self.components[0][j], self.components[1][j]];
            for (place, x) in places.iter_mut().zip(column) {
                place[0] += (x - mean) * loadings[0];
                place[1] += (x - mean) * loadings[1];
            }
        }
        places
    }
}

/// Returns the eigenvalues, none below 0, and eigenvectors of a covariance matrix, in no order.
///
/// Cyclic Jacobi rotations (Golub and Van Loan, "Matrix Computations", section 8.5); a matrix of six columns
/// takes about six sweeps.
fn eigen(mut a: Vec<Vec<f64>>) -> Vec<(f64, Vec<f64>)> {
    const MAX_SWEEPS: usize = 50;
    let n = a.len();
    let mut vectors: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect())
        .collect();
    for _ in 0..MAX_SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                // What is lost in the rounding of both variances cannot turn the components.
                if a[p][q].abs() <= f64::EPSILON * f64::EPSILON * (a[p][p] * a[q][q]).abs().sqrt() {
                    continue;
                }
                rotated = true;
                rotate(&mut a, &mut vectors, p, q);
            }
        }
        if !rotated {
            break;
        }
    }
    let vector = |i: usize| vectors.iter().map(|row| row[i]).collect();
    (0..n).map(|i| (a[i][i].max(0.0), vector(i))).collect()
}

/// Turns the axes `p` and `q` so that their covariance becomes 0.
fn rotate(a: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for row in a.iter_mut().chain(vectors) {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
    let (row_p, row_q) = (a[p].clone(), a[q].clone());
    let pairs = || row_p.iter().zip(&row_q);
    a[p] = pairs().map(|(p, q)| c * p - s * q).collect();
    a[q] = pairs().map(|(p, q)| s * p + c * q).collect();
    (a[p][q], a[q][p]) = (0.0, 0.0);
}

fn with_sign(direction: Vec<f64>) -> Vec<f64> {
    let mut largest = 0.0_f64;
    for &loading in &direction {
        if loading.abs() > largest.abs() {
            largest = loading;
        }
    }
    match largest < 0.0 {
        true => direction.into_iter().map(|it| -it).collect(),
        false => direction,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{fixture, points, scikit_learn};

    fn of(points: &[[f64; 6]]) -> Pca {
        pca(&Matrix::from(points).moments())
    }

    #[test]
    fn four_points_on_a_cross() {
        // Along (1, 1): -1.2, 1.2 times the length of (.5, .5); along (1, -1): the length itself.
        let plane = [[-0.6, -0.6], [0.6, 0.6], [0.5, -0.5], [-0.5, 0.5]];
        let pca = of(&plane.map(|[x, y]| [0.0, x, 0.0, y, 0.0, 0.0]));
        let half = 0.5_f64.sqrt();
        let components = [
            [0.0, half, 0.0, half, 0.0, 0.0],
            [0.0, half, 0.0, -half, 0.0, 0.0],
        ];
        for (component, by_hand) in pca
            .components
            .iter()
            .flatten()
            .zip(components.as_flattened())
        {
            assert!((component.abs() - by_hand.abs()).abs() < 1e-12, "{pca:?}");
        }
        assert!((pca.variance[0] - 1.44 / 3.0).abs() < 1e-12, "{pca:?}");
        assert!((pca.variance[1] - 1.0 / 3.0).abs() < 1e-12, "{pca:?}");
        assert!((pca.share[0] - 1.44 / 2.44).abs() < 1e-12, "{pca:?}");
        assert!((pca.place(&[0.0, 0.6, 0.0, 0.6, 0.0, 0.0])[0] - 1.2 * half).abs() < 1e-12);
    }

    #[test]
    fn the_numbers_are_those_of_scikit_learn() {
        let pca = pca(&Matrix::of(&fixture()).moments());
        let theirs = scikit_learn();
        let close = |a: f64, b: &serde_json::Value| (a - b.as_f64().unwrap()).abs() <= 1e-9;
        for n in 0..2 {
            assert!(
                close(pca.share[n], &theirs["pca_explained_variance_ratio"][n]),
                "{pca:?}"
            );
            assert!(
                close(pca.variance[n], &theirs["pca_explained_variance"][n]),
                "{pca:?}"
            );
            for j in 0..6 {
                assert!(
                    close(pca.components[n][j], &theirs["pca_components"][n][j]),
                    "{pca:?}"
                );
            }
        }
    }

    #[test]
    fn products_that_do_not_differ_have_no_variance_and_lie_on_the_origin() {
        for n in 0..3 {
            let points = vec![[0.25; 6]; n];
            let pca = of(&points);
            assert_eq!((pca.variance, pca.share), ([0.0; 2], [0.0; 2]));
            assert!(
                pca.places(&Matrix::from(&points[..]))
                    .as_flattened()
                    .iter()
                    .all(|it| it.abs() < 1e-12)
            );
        }
    }

    #[test]
    fn one_column_has_one_direction_and_none_has_none() {
        let line = [[0.0], [0.5], [1.0]];
        let one = pca(&Matrix::from(&line[..]).moments());
        assert_eq!(one.components, [vec![1.0], vec![0.0]]);
        assert_eq!((one.variance, one.share), ([0.25, 0.0], [1.0, 0.0]));
        let [x, y] = one.places(&Matrix::from(&line[..]))[2];
        assert!((x - 0.5).abs() < 1e-12 && y.abs() < 1e-12);
        let none = pca(&Matrix::new(0, vec![], vec![]).unwrap().moments());
        assert_eq!((none.components, none.share), ([vec![], vec![]], [0.0; 2]));
    }

    proptest! {
        #[test]
        fn the_components_are_unit_vectors_at_right_angles_and_show_their_variance(points in points()) {
            let pca = of(&points);
            let dot = |a: usize, b: usize| -> f64 {
                pca.components[a].iter().zip(&pca.components[b]).map(|(a, b)| a * b).sum()
            };
            prop_assert!((dot(0, 0) - 1.0).abs() < 1e-9 && (dot(1, 1) - 1.0).abs() < 1e-9);
            prop_assert!(dot(0, 1).abs() < 1e-9);
            prop_assert!(pca.share[0] >= pca.share[1] && pca.share[0] + pca.share[1] <= 1.0 + 1e-9);
            let places = pca.places(&Matrix::from(&points[..]));
            for axis in 0..2 {
                let squares: f64 = places.iter().map(|place| place[axis] * place[axis]).sum();
                let variance = squares / points.len().saturating_sub(1).max(1) as f64;
                prop_assert!((variance - pca.variance[axis]).abs() < 1e-9);
            }
        }
    }
}
