//! How long a whole product lasts: from its first sight, or its last restock, until no variant can be bought.

use std::collections::BTreeMap;

use catalog::{Observation, ObservationKind, Offer, UnixMs};

use super::moves::day;
use super::{NOT_SAID, Signal, Watched};
use crate::history::DAY_MS;

/// Returns the days that the last stock lasted, to within the time between two crawls.
pub(super) fn signal(watched: Watched<'_>) -> Signal {
    let runs = runs(watched);
    let last = runs.last();
    let days = last.map(|run| (run.end.ms() - run.start.ms()) as f64 / DAY_MS as f64);
    let detail = match last {
        Some(run) => format!("sold out on {}, {} in all", day(run.end), times(runs.len())),
        None if watched.says_stock() => format!("never sold out in {:.1} days", watched.days()),
        None => NOT_SAID.to_owned(),
    };
    watched.seen("time_to_sell_out", "days", days, detail)
}

/// A time in which the product could be bought, to its end.
struct Run {
    start: UnixMs,
    end: UnixMs,
}

/// What each variant that the product has was said to be: to be had, sold out, or neither.
type Stock<'a> = BTreeMap<&'a str, Option<bool>>;

/// Returns the times in which the product could be bought that ended with it being sold out, oldest first.
fn runs(watched: Watched<'_>) -> Vec<Run> {
    let mut stock = at_first(watched);
    let mut start = is_there(&stock).then_some(watched.row.first_seen_at);
    let mut runs = Vec::new();
    // All that was seen at one time is one step: a size that sells out while another comes back is no gap.
    for step in watched.history.chunk_by(|one, two| one.at == two.at) {
        let at = step[0].at;
        for seen in step {
            match (seen.kind, &seen.variant) {
                (ObservationKind::Changed, Some(variant)) => hear(&mut stock, variant, seen.after),
                // What the shop no longer lists is not sold out.
                (ObservationKind::Gone | ObservationKind::Back, _) => start = None,
                _ => (),
            }
        }
        match start {
            Some(from) if is_out(&stock) => {
                runs.push(Run {
                    start: from,
                    end: at,
                });
                start = None;
            }
            Some(_) if !is_there(&stock) => start = None,
            None if is_there(&stock) && step.iter().any(is_restock) => start = Some(at),
            _ => (),
        }
    }
    runs
}

/// Returns what was said of each variant when the product was first seen: as its first change tells, else as now.
fn at_first(watched: Watched<'_>) -> Stock<'_> {
    let variants = watched.variants.iter();
    let mut stock: Stock<'_> = variants
        .map(|it| (it.id.as_str(), it.availability.known()))
        .collect();
    for seen in watched.history.iter().rev() {
        if let (ObservationKind::Changed, Some(variant)) = (seen.kind, &seen.variant) {
            put(&mut stock, variant, seen.before);
        }
    }
    stock
}

fn put<'a>(stock: &mut Stock<'a>, variant: &'a str, offer: Option<Offer>) {
    match offer {
        Some(offer) => stock.insert(variant, offer.available),
        None => stock.remove(variant),
    };
}

/// As [`put`], but where nobody says anything what was said stands.
fn hear<'a>(stock: &mut Stock<'a>, variant: &'a str, offer: Option<Offer>) {
    match offer {
        Some(Offer {
            available: None, ..
        }) => {
            stock.entry(variant).or_insert(None);
        }
        said => put(stock, variant, said),
    }
}

fn is_there(stock: &Stock<'_>) -> bool {
    stock.values().any(|it| *it == Some(true))
}

fn is_out(stock: &Stock<'_>) -> bool {
    !stock.is_empty() && stock.values().all(|it| *it == Some(false))
}

fn is_restock(seen: &Observation) -> bool {
    let is_there = seen.after.is_some_and(|it| it.available == Some(true));
    is_there && seen.said_before != Some(true)
}

fn times(n: usize) -> String {
    match n {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}
