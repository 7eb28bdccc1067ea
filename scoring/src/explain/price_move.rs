//! The price that would be enough to pass the product above.

use super::inputs::amount;
use super::moves::Wish;

/// Halving so often leaves nothing of any price's logarithm.
const STEPS: usize = 60;

/// Returns the value of the nearest price that is enough, and the change in words.
///
/// Nearer to the middle of its group is better, up to the band of what is usual. With the product's own price the
/// group's spread changes too, and is taken as it would be then.
pub(super) fn nearest(wish: &Wish<'_>) -> Option<(f64, String)> {
    // What is usual already cannot be more so, and most prices are.
    if wish.known.value >= 0.0 {
        return None;
    }
    let row = wish.subject.row;
    let now = row.inputs.price?;
    let shelf = wish.shelf();
    let usual = wish.scores.usual.as_ref()?;
    let others = usual.others(shelf, now.ln())?;
    let is_enough = |log_price: f64| wish.is_enough(others.value(log_price));
    let (mut far, mut near) = (now.ln(), others.middle(usual.spread(shelf)?));
    if is_enough(far) || !is_enough(near) {
        return None;
    }
    for _ in 0..STEPS {
        let middle = f64::midpoint(far, near);
        if is_enough(middle) {
            near = middle;
        } else {
            far = middle;
        }
    }
    let is_lower = near < now.ln();
    let price = rounded(near.exp(), is_lower, row.currency.exponent());
    let value = others.value(price.ln());
    if !wish.is_enough(value) {
        return None;
    }
    let bound = if is_lower { "at most" } else { "at least" };
    let words = format!(
        "mean price from {} to {bound} {}",
        amount(now, row),
        amount(price, row)
    );
    Some((value, words))
}

/// Rounds to what can be paid, away from the price of now.
fn rounded(price: f64, is_lower: bool, decimals: u32) -> f64 {
    let unit = 10.0_f64.powi(decimals.cast_signed());
    let units = price * unit;
    (if is_lower {
        units.floor()
    } else {
        units.ceil()
    }) / unit
}
