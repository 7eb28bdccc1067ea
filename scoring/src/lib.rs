//! Pure numbers: which products of a set come first, which part of the score each feature gave, and what the
//! set looks like.
//!
//! Takes metrics and gives scores, groups and pictures as SVG text. No I/O, no clock, and no randomness that
//! differs from run to run; reading and saving are other rooms' work.

mod analysis;
pub mod backtest;
pub mod balanced;
pub mod classic;
pub mod correlation;
pub mod explain;
pub mod feature;
pub mod history;
pub mod kmeans;
pub mod matrix;
mod median;
pub mod outliers;
pub mod pca;
mod pictures;
pub mod plot;
pub mod preset;
mod random;
pub mod rules;
mod sample;
pub mod segments;
pub mod signals;
mod words;

#[cfg(test)]
mod testing;

pub use analysis::Analysis;
pub use pictures::{MAX_POINTS, MIN_POINTS, Pictures, pictures};
