//! Numbers of many products as named columns, and sums over them that do not depend on how the work is shared
//! out.

use std::ops::Range;

use catalog::MetricsRow;

use crate::classic;

/// The most columns of a matrix: more than any preset has features.
pub const MAX_COLUMNS: usize = 16;

/// Rows per partial sum. Partial sums are added in the order of their blocks, so that as many threads as one
/// likes would arrive at the same digits.
pub(crate) const BLOCK: usize = 4096;

/// Far beyond this, squares of numbers would not be finite.
const MOST: f64 = 1e9;

/// Named columns of numbers, one row per product; meant for numbers from 0 to 1.
///
/// A matrix without columns still has its products: nothing is known of them. Takes 8 bytes per number.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    n_rows: usize,
}

/// What a matrix looks like as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// The mean of each column; 0 without products.
    pub mean: Vec<f64>,
    /// The covariance of each two columns, with `n - 1` below; all 0 for fewer than two products.
    pub covariance: Vec<Vec<f64>>,
}

/// Why columns make no matrix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatrixError {
    /// Some columns have no name, or some names no column.
    #[error("{names} names were given for {columns} columns; each column needs one")]
    Names {
        /// How many names were given.
        names: usize,
        /// How many columns were given.
        columns: usize,
    },
    /// More columns than [`MAX_COLUMNS`].
    #[error("{0} columns are too many; at most {MAX_COLUMNS} can be compared")]
    TooMany(usize),
    /// A column that has not one number per product.
    #[error("the column {column} does not have one number for each of {n_rows} products")]
    Length {
        /// The column's name.
        column: String,
        /// How many products there are.
        n_rows: usize,
    },
    /// A number that is not finite, or beyond a thousand million.
    #[error("the column {column} holds no usable number for product {row}; leave it out")]
    Number {
        /// The column's name.
        column: String,
        /// The index of the product.
        row: usize,
    },
}

impl Matrix {
    /// Returns the matrix of `columns` under `names`, each with a number for each of `n_rows` products.
    ///
    /// # Errors
    /// [`MatrixError`] when columns have another length, are nameless or too many, or hold a number that is not finite.
    pub fn new(
        n_rows: usize,
        names: Vec<String>,
        columns: Vec<Vec<f64>>,
    ) -> Result<Self, MatrixError> {
        if names.len() != columns.len() {
            return Err(MatrixError::Names {
                names: names.len(),
                columns: columns.len(),
            });
        }
        if columns.len() > MAX_COLUMNS {
            return Err(MatrixError::TooMany(columns.len()));
        }
        for (name, column) in names.iter().zip(&columns) {
            if column.len() != n_rows {
                let column = name.clone();
                return Err(MatrixError::Length { column, n_rows });
            }
            // Not a number is not within the bounds either.
            let is_usable = |it: &f64| (-MOST..=MOST).contains(it);
            if let Some(row) = column.iter().position(|it| !is_usable(it)) {
                let column = name.clone();
                return Err(MatrixError::Number { column, row });
            }
        }
        Ok(Self {
            names,
            columns,
            n_rows,
        })
    }

    /// Returns the matrix of the metrics of `rows`, in their order, each scaled to 0..=1 over all products, the
    /// price not turned round; a column that is the same for all becomes 0.
    ///
    /// Same as scikit-learn's `MinMaxScaler` with its default range.
    pub fn of(rows: &[MetricsRow]) -> Self {
        let scales = classic::scales(rows);
        let mut columns = vec![Vec::with_capacity(rows.len()); classic::FEATURES.len()];
        for row in rows {
            for ((column, scale), x) in columns.iter_mut().zip(scales).zip(classic::columns(row)) {
                column.push(scale.apply(x));
            }
        }
        Self {
            names: classic::FEATURES.map(str::to_owned).to_vec(),
            columns,
            n_rows: rows.len(),
        }
    }

    /// Returns the number of products.
    pub const fn len(&self) -> usize {
        self.n_rows
    }

    /// Returns whether there are no products.
    pub const fn is_empty(&self) -> bool {
        self.n_rows == 0
    }

    /// Returns the names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the columns, each with one number per product.
    pub fn columns(&self) -> &[Vec<f64>] {
        &self.columns
    }

    /// Returns the numbers of product `index`.
    pub fn row(&self, index: usize) -> Vec<f64> {
        self.columns.iter().map(|column| column[index]).collect()
    }

    /// Returns the mean and the covariance of the columns.
    pub fn moments(&self) -> Moments {
        let n = self.len() as f64;
        let p = self.columns.len();
        let mut mean = vec![0.0; p];
        let mut covariance = vec![vec![0.0; p]; p];
        if self.is_empty() {
            return Moments { mean, covariance };
        }
        for (mean, column) in mean.iter_mut().zip(&self.columns) {
            let sum: f64 = blockwise(column).sum();
            *mean = sum / n;
        }
        for i in 0..p {
            for j in i..p {
                let blocks = self.ranges(BLOCK).map(|range| {
                    let pairs = self.columns[i][range.clone()].iter();
                    let pairs = pairs.zip(&self.columns[j][range]);
                    pairs
                        .map(|(a, b)| (a - mean[i]) * (b - mean[j]))
                        .sum::<f64>()
                });
                covariance[i][j] = blocks.sum::<f64>() / (n - 1.0).max(1.0);
                covariance[j][i] = covariance[i][j];
            }
        }
        Moments { mean, covariance }
    }

    /// Adds to each of `sums` the squared distance of the product in its place in `rows` to `point`.
    pub(crate) fn add_squares(&self, rows: Range<usize>, point: &[f64], sums: &mut [f64]) {
        let square = |a: f64, b: f64| (a - b) * (a - b);
        // Two columns at a time touch the sums half as often.
        for (columns, to) in self.columns.chunks(2).zip(point.chunks(2)) {
            match (columns, to) {
                ([one, two], &[to_one, to_two]) => {
                    let pairs = one[rows.clone()].iter().zip(&two[rows.clone()]);
                    for (sum, (x, y)) in sums.iter_mut().zip(pairs) {
                        *sum = *sum + square(*x, to_one) + square(*y, to_two);
                    }
                }
                ([one], &[to]) => {
                    for (sum, x) in sums.iter_mut().zip(&one[rows.clone()]) {
                        *sum += square(*x, to);
                    }
                }
                _ => {}
            }
        }
    }

    /// Returns the rows in pieces of at most `size`, in order.
    pub(crate) fn ranges(&self, size: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let n = self.n_rows;
        (0..n)
            .step_by(size)
            .map(move |start| start..n.min(start + size))
    }
}

/// Returns the sum of each block of `numbers`.
pub(crate) fn blockwise(numbers: &[f64]) -> impl Iterator<Item = f64> {
    numbers.chunks(BLOCK).map(|block| block.iter().sum())
}

#[cfg(test)]
impl<const N: usize> From<&[[f64; N]]> for Matrix {
    fn from(rows: &[[f64; N]]) -> Self {
        let columns = (0..N).map(|j| rows.iter().map(|row| row[j]).collect());
        let names = (0..N).map(|j| format!("column_{j}"));
        Self {
            names: names.collect(),
            columns: columns.collect(),
            n_rows: rows.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row;

    fn assert_close(row: &[f64], by_hand: [f64; 6]) {
        let close = row.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close, "{row:?}");
    }

    fn names(n: usize) -> Vec<String> {
        (0..n).map(|j| j.to_string()).collect()
    }

    #[test]
    fn columns_are_scaled_and_a_constant_one_is_0() {
        let rows = [
            row("0", [0.5, 3.0, 10.0, 1.0, 100.0]),
            row("0", [1.0, 3.0, 30.0, 5.0, 0.0]),
            row("0", [0.5, 3.0, 15.0, 2.0, 50.0]),
        ];
        let matrix = Matrix::of(&rows);
        assert_eq!(matrix.names(), classic::FEATURES);
        assert_close(&matrix.row(0), [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert_close(&matrix.row(1), [1.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_close(&matrix.row(2), [0.0, 0.0, 0.25, 0.25, 0.5, 0.0]);
    }

    #[test]
    fn moments_over_several_blocks_are_those_by_hand() {
        // The numbers 0 to n - 1 have the mean (n - 1)/2 and the variance n(n + 1)/12.
        let n = 2.0 * BLOCK as f64 + 5.0;
        let points: Vec<_> = (0..2 * BLOCK + 5)
            .map(|it| [it as f64, -(it as f64), 1.0, 0.0, 0.0, 0.0])
            .collect();
        let Moments { mean, covariance } = Matrix::from(&points[..]).moments();
        let variance = n * (n + 1.0) / 12.0;
        assert!((mean[0] - (n - 1.0) / 2.0).abs() < 1e-9);
        assert!((covariance[0][0] / variance - 1.0).abs() < 1e-12);
        assert!((covariance[0][1] / variance + 1.0).abs() < 1e-12);
        assert_close(&covariance[2], [0.0; 6]);
    }

    #[test]
    fn only_whole_tables_of_finite_numbers_are_taken() {
        let of = |n_names, columns: &[&[f64]]| {
            let n_rows = columns.first().map_or(0, |it| it.len());
            let columns = columns.iter().map(|it| it.to_vec()).collect();
            Matrix::new(n_rows, names(n_names), columns)
        };
        assert_eq!(of(2, &[&[0.5, 1.0], &[0.0, 0.25]]).unwrap().len(), 2);
        assert!(of(0, &[]).unwrap().is_empty());
        assert_eq!(Matrix::new(7, vec![], vec![]).unwrap().len(), 7);
        assert!(of(1, &[&[]]).unwrap().is_empty());
        let names = MatrixError::Names {
            names: 1,
            columns: 0,
        };
        assert_eq!(of(1, &[]), Err(names));
        assert_eq!(
            of(2, &[&[0.5], &[]]).unwrap_err().to_string(),
            "the column 1 does not have one number for each of 1 products"
        );
        assert_eq!(of(17, &[&[][..]; 17]), Err(MatrixError::TooMany(17)));
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            let error = of(1, &[&[0.5, number]]).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the column 0 holds no usable number for product 1; leave it out"
            );
        }
    }
}
