//! The six metrics of many products as columns between 0 and 1, and sums over them that do not depend on how
//! the work is shared out.

use catalog::MetricsRow;

use crate::classic;

/// Rows per partial sum. Partial sums are added in the order of their blocks, so that as many threads as one
/// likes would arrive at the same digits.
pub(crate) const BLOCK: usize = 4096;

/// The columns of [`classic::FEATURES`], each scaled to 0..=1 over all products, the price not turned round.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    columns: [Vec<f64>; 6],
}

/// What a matrix looks like as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean of each column.
    pub mean: [f64; 6],
    /// The covariance of each two columns, with `n - 1` below; all 0 for fewer than two products.
    pub covariance: [[f64; 6]; 6],
}

impl Matrix {
    /// Returns the matrix of `rows`, in their order; a column that is the same for all becomes 0.
    ///
    /// Same as scikit-learn's `MinMaxScaler` with its default range. Takes 48 bytes per row.
    pub fn of(rows: &[MetricsRow]) -> Self {
        let scales = classic::scales(rows);
        let mut columns = [(); 6].map(|()| Vec::with_capacity(rows.len()));
        for row in rows {
            for ((column, scale), x) in columns.iter_mut().zip(scales).zip(classic::columns(row)) {
                column.push(scale.apply(x));
            }
        }
        Self { columns }
    }

    /// Returns the number of products.
    pub const fn len(&self) -> usize {
        self.columns[0].len()
    }

    /// Returns whether there are no products.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the six numbers of product `index`.
    pub fn row(&self, index: usize) -> [f64; 6] {
        self.columns.each_ref().map(|column| column[index])
    }

    /// Returns the mean and the covariance of the columns.
    pub fn moments(&self) -> Moments {
        let n = self.len() as f64;
        let mut mean = [0.0; 6];
        let mut covariance = [[0.0; 6]; 6];
        if self.is_empty() {
            return Moments { mean, covariance };
        }
        for block in self.blocks(BLOCK) {
            for (sum, column) in mean.iter_mut().zip(block) {
                *sum += column.iter().sum::<f64>();
            }
        }
        mean = mean.map(|sum| sum / n);
        for block in self.blocks(BLOCK) {
            for (i, sums) in covariance.iter_mut().enumerate() {
                for (sum, (column, mean_j)) in sums.iter_mut().zip(block.into_iter().zip(mean)) {
                    let pairs = block[i].iter().zip(column);
                    *sum += pairs
                        .map(|(a, b)| (a - mean[i]) * (b - mean_j))
                        .sum::<f64>();
                }
            }
        }
        covariance = covariance.map(|row| row.map(|sum| sum / (n - 1.0).max(1.0)));
        Moments { mean, covariance }
    }

    /// Returns the columns in pieces of at most `size` rows, in order.
    pub(crate) fn blocks(&self, size: usize) -> impl Iterator<Item = [&[f64]; 6]> {
        (0..self.len()).step_by(size).map(move |start| {
            let end = self.len().min(start + size);
            self.columns.each_ref().map(|column| &column[start..end])
        })
    }
}

#[cfg(test)]
impl From<&[[f64; 6]]> for Matrix {
    fn from(rows: &[[f64; 6]]) -> Self {
        let mut columns = [(); 6].map(|()| Vec::new());
        for row in rows {
            for (column, x) in columns.iter_mut().zip(row) {
                column.push(*x);
            }
        }
        Self { columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row;

    fn assert_close(row: [f64; 6], by_hand: [f64; 6]) {
        let close = row.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close, "{row:?}");
    }

    #[test]
    fn columns_are_scaled_and_a_constant_one_is_0() {
        let rows = [
            row("0", [0.5, 3.0, 10.0, 1.0, 100.0]),
            row("0", [1.0, 3.0, 30.0, 5.0, 0.0]),
            row("0", [0.5, 3.0, 15.0, 2.0, 50.0]),
        ];
        let matrix = Matrix::of(&rows);
        assert_close(matrix.row(0), [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert_close(matrix.row(1), [1.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_close(matrix.row(2), [0.0, 0.0, 0.25, 0.25, 0.5, 0.0]);
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
        assert_close(covariance[2], [0.0; 6]);
    }
}
