//! Pure numbers: which products of a set come first, and which part of the score each feature gave.
//!
//! Takes metrics and gives scores. No I/O, no clock, no randomness; reading and saving are other rooms' work.

pub mod classic;
