//! Whole numbers, which come as floats (`5.0`) from every client that keeps JSON as Protobuf.

use serde_json::Value;

/// 2^53: beyond it, not every whole number has a float.
const MOST: f64 = 9_007_199_254_740_992.0;

/// Returns the whole number that a float is, if it is one.
pub(crate) fn whole(number: f64) -> Option<u64> {
    let is_whole = (0.0..=MOST).contains(&number) && number.fract() == 0.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and from 0 to 2^53"
    )]
    is_whole.then_some(number as u64)
}

/// Returns the whole number that a value is, if it is one.
pub(crate) fn whole_of(value: &Value) -> Option<u64> {
    whole(value.as_f64()?)
}
