//! What segments and pictures are both made of, worked out once.

use crate::kmeans::{Clusters, kmeans};
use crate::matrix::{Matrix, Moments};

/// A matrix with its moments and its clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    pub(crate) matrix: Matrix,
    pub(crate) moments: Moments,
    pub(crate) clusters: Clusters,
}

impl Analysis {
    /// Groups the products of `matrix` into at most `k` clusters by [`kmeans`].
    pub fn of(matrix: Matrix, k: usize) -> Self {
        let moments = matrix.moments();
        Self {
            clusters: kmeans(&matrix, &moments, k),
            moments,
            matrix,
        }
    }

    /// Returns the numbers that are looked at.
    pub const fn matrix(&self) -> &Matrix {
        &self.matrix
    }
}
