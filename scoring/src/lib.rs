//! Pure numbers: which products of a set come first, which part of the score each feature gave, and what the
//! set looks like.
//!
//! Takes metrics and gives scores, groups and pictures as SVG text. No I/O, no clock, and no randomness that
//! differs from run to run; reading and saving are other rooms' work.

pub mod classic;
pub mod correlation;
pub mod kmeans;
pub mod matrix;
pub mod pca;
mod pictures;
pub mod plot;
mod random;

#[cfg(test)]
mod testing;

pub use pictures::{Pictures, pictures};
