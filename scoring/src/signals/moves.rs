//! How often stock, prices and discounts moved, and what the last move was.

use catalog::{Change, ChangeKind, UnixMs};

use super::{NOT_SAID, Signal, Watched, changes};

/// Counts stock-outs and restocks of single variants.
pub(super) fn availability(watched: Watched<'_>) -> Signal {
    let kinds = [ChangeKind::SoldOut, ChangeKind::Restocked];
    if !watched.says_stock() {
        return watched.seen("availability_flips", "changes", None, NOT_SAID.to_owned());
    }
    let flips: Vec<(UnixMs, Change)> = changes(watched, &kinds).collect();
    let n_out = flips
        .iter()
        .filter(|(_, it)| it.kind == ChangeKind::SoldOut)
        .count();
    let detail = match flips.last() {
        None => none_in(watched),
        Some((at, _)) => format!(
            "{n_out} out of stock, {} back, of single variants; the last on {}",
            flips.len() - n_out,
            day(*at)
        ),
    };
    watched.seen(
        "availability_flips",
        "changes",
        Some(flips.len() as f64),
        detail,
    )
}

/// Counts the moments at which a price moved, however many variants it befell.
pub(super) fn prices(watched: Watched<'_>) -> Signal {
    let kinds = [ChangeKind::Cheaper, ChangeKind::Dearer];
    let moves: Vec<(UnixMs, Change)> = changes(watched, &kinds).collect();
    let detail = match moves.last() {
        None => none_in(watched),
        Some((at, _)) => {
            let of_then = moves.iter().filter(|(moved_at, _)| moved_at == at);
            let sizes = of_then.filter_map(|(_, it)| percent(it));
            let greatest = sizes.max_by(|one, two| one.abs().total_cmp(&two.abs()));
            let size = greatest.map_or_else(String::new, |it| format!(" by {it:+.1} %"));
            format!("the last on {}{size}", day(*at))
        }
    };
    watched.seen("price_moves", "changes", Some(n_moments(&moves)), detail)
}

/// Counts the moments at which a discount began or ended.
pub(super) fn discounts(watched: Watched<'_>) -> Signal {
    let kinds = [ChangeKind::DiscountStart, ChangeKind::DiscountEnd];
    let moves: Vec<(UnixMs, Change)> = changes(watched, &kinds).collect();
    let detail = match moves.last() {
        None => none_in(watched),
        Some((at, last)) => {
            let what = match last.kind {
                ChangeKind::DiscountStart => "began",
                _ => "ended",
            };
            format!("the last {what} on {}", day(*at))
        }
    };
    watched.seen("discount_moves", "changes", Some(n_moments(&moves)), detail)
}

fn none_in(watched: Watched<'_>) -> String {
    format!(
        "none in the {:.1} days since it was first seen",
        watched.days()
    )
}

fn n_moments(moves: &[(UnixMs, Change)]) -> f64 {
    let mut moments: Vec<UnixMs> = moves.iter().map(|(at, _)| *at).collect();
    moments.dedup();
    moments.len() as f64
}

/// Returns by how many percent a price rose; `None` where it was nothing.
fn percent(change: &Change) -> Option<f64> {
    let (before, after) = (change.price_before?, change.price_after?);
    (before.minor() > 0).then(|| (after.to_f64() / before.to_f64() - 1.0) * 100.0)
}

pub(super) fn day(at: UnixMs) -> String {
    let at = at.to_string();
    at.split('T').next().unwrap_or_default().to_owned()
}
