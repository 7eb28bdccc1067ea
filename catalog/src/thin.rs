//! Which old observations may go without losing a change of price.

use std::collections::{HashMap, HashSet};

use crate::{Observation, ObservationKind, Offer, UnixMs};

const DAY_MS: i64 = 86_400_000;

/// Returns, for each row of one product's history, oldest first, whether it may be removed.
///
/// Only rows from before `before` may go, and of those only what a later row of the same variant on the same day
/// (UTC) made obsolete: a change of availability alone where that one changes it too, one of stock alone, or another
/// place in the best-selling order. Rows that begin or end something (new, gone, back, a variant that appears or
/// disappears) and rows that change a price or a compare-at price always stay. So does a change of availability that the
/// next one that stays goes on from: no two sell-outs follow each other.
pub fn superseded(history: &[Observation], before: UnixMs) -> Vec<bool> {
    let left_before = left_before(history);
    let mut later = HashSet::new();
    // What the earliest change that stays goes on from.
    let mut goes_on_from = HashMap::new();
    let mut removable = vec![false; history.len()];
    for (place, row) in history.iter().enumerate().rev() {
        if row.at >= before {
            continue;
        }
        let day = day_of(row);
        let may_go = &mut removable[place];
        if row.kind == ObservationKind::Ranked {
            *may_go = !later.insert((day, Of::Places));
            continue;
        }
        let is_newest = later.insert((day, Of::Offers));
        if !changes_availability(row) {
            *may_go = !is_newest && changes_stock_alone(row);
            continue;
        }
        let is_obsolete = goes_on_from.get(&day) == Some(&left_before[place]);
        *may_go = is_obsolete && changes_stock_alone(row);
        if !*may_go {
            goes_on_from.insert(day, availability(row.before));
        }
    }
    removable
}

/// Returns, for each row, what its variant's availability was before it if all that may go on its day went.
fn left_before(history: &[Observation]) -> Vec<Option<Option<bool>>> {
    let mut left = HashMap::new();
    let before = history.iter().map(|row| {
        let before = availability(row.before);
        if !changes_availability(row) {
            return before;
        }
        let before = *left.entry(day_of(row)).or_insert(before);
        if !changes_stock_alone(row) {
            left.insert(day_of(row), availability(row.after));
        }
        before
    });
    before.collect()
}

/// What a row may make obsolete in the earlier ones of its day.
#[derive(PartialEq, Eq, Hash)]
enum Of {
    Places,
    Offers,
}

/// Returns the row's day and variant.
fn day_of(row: &Observation) -> (i64, Option<&str>) {
    (row.at.ms().div_euclid(DAY_MS), row.variant.as_deref())
}

/// Returns what is said of the availability, where there is an offer.
fn availability(offer: Option<Offer>) -> Option<Option<bool>> {
    offer.map(|it| it.available)
}

fn changes_availability(row: &Observation) -> bool {
    availability(row.before) != availability(row.after)
}

fn changes_stock_alone(row: &Observation) -> bool {
    match (row.kind, &row.before, &row.after) {
        (ObservationKind::Changed, Some(before), Some(after)) => {
            let same_stock = Offer {
                available: after.available,
                ..*before
            };
            same_stock.same(after)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CrawlKey, Currency, Money, StockMove};

    const HOUR_MS: i64 = 3_600_000;

    fn row(kind: ObservationKind, variant: Option<&str>, hour: i64) -> Observation {
        Observation {
            product: "shopify:a.example:1".parse().unwrap(),
            variant: variant.map(ToOwned::to_owned),
            kind,
            at: UnixMs::new(hour * HOUR_MS),
            crawl: CrawlKey {
                shop: "a.example".parse().unwrap(),
                n: 1,
            },
            before: None,
            after: None,
            stock: None,
            content_hash: None,
            rank: None,
            source: None,
            n_places: None,
            said_before: None,
        }
    }

    fn offer(minor: i64, compare_at: Option<i64>, available: bool) -> Option<Offer> {
        let money = |minor| Money::new(minor, Currency::UNKNOWN);
        Some(Offer {
            price: Some(money(minor)),
            compare_at: compare_at.map(money),
            available: Some(available),
        })
    }

    fn changed(
        variant: &str,
        hour: i64,
        before: Option<Offer>,
        after: Option<Offer>,
    ) -> Observation {
        Observation {
            before,
            after,
            ..row(ObservationKind::Changed, Some(variant), hour)
        }
    }

    /// The variant sells out in even hours and comes back in odd ones.
    fn stock(variant: &str, hour: i64) -> Observation {
        let is_there = hour % 2 != 0;
        let (before, after) = (offer(1, None, !is_there), offer(1, None, is_there));
        changed(variant, hour, before, after)
    }

    fn removable(history: &[Observation], before_hour: i64) -> Vec<bool> {
        superseded(history, UnixMs::new(before_hour * HOUR_MS))
    }

    #[test]
    fn of_a_day_the_last_change_of_stock_of_each_variant_stays() {
        let history = [
            stock("a", 0),
            stock("b", 1),
            stock("a", 22),
            stock("a", 23),
            stock("a", 24),
        ];
        let expected = [true, false, false, false, false];
        assert_eq!(removable(&history, 99), expected);
        // Days before 1970 begin at midnight too.
        let earlier = [
            stock("a", -25),
            stock("a", -24),
            stock("a", -23),
            stock("a", -22),
        ];
        assert_eq!(removable(&earlier, 99), [false, true, true, false]);
    }

    #[test]
    fn of_a_day_the_last_number_in_stock_of_each_variant_stays() {
        let counted = |variant, hour, before, after| Observation {
            stock: Some(StockMove { before, after }),
            ..changed(variant, hour, offer(1, None, true), offer(1, None, true))
        };
        let dearer = Observation {
            after: offer(2, None, true),
            ..counted("b", 2, 5, 4)
        };
        let history = [
            counted("a", 0, 9, 8),
            counted("b", 1, 6, 5),
            dearer,
            counted("a", 22, 8, 6),
        ];
        assert_eq!(removable(&history, 99), [true, true, false, false]);
        // A restock is not made obsolete by what is sold of it, nor the sell-out before it.
        let restocked = Observation {
            before: offer(1, None, false),
            ..counted("a", 8, 0, 20)
        };
        let history = [stock("a", 6), restocked.clone(), counted("a", 16, 20, 17)];
        assert_eq!(removable(&history, 99), [false; 3]);
        let history = [restocked, stock("a", 10), counted("a", 16, 0, -1)];
        assert_eq!(removable(&history, 99), [false; 3]);
    }

    #[test]
    fn of_a_day_the_last_place_among_the_best_sellers_stays() {
        use ObservationKind::{New, Ranked};
        let history = [
            row(New, None, 0),
            row(Ranked, None, 1),
            row(Ranked, None, 2),
            stock("a", 3),
        ];
        assert_eq!(removable(&history, 99), [false, true, false, false]);
    }

    #[test]
    fn what_begins_or_ends_or_changes_a_price_stays() {
        use ObservationKind::{Back, Gone, New};
        let history = [
            row(New, None, 0),
            row(Gone, None, 1),
            row(Back, None, 2),
            changed("a", 3, None, offer(1, None, true)),
            changed("a", 4, offer(1, None, true), offer(2, None, false)),
            changed("a", 5, offer(2, None, false), offer(2, Some(3), false)),
            changed("a", 6, offer(2, Some(3), false), offer(2, Some(3), true)),
            changed("a", 7, offer(2, Some(3), true), None),
        ];
        assert_eq!(removable(&history, 99), [false; 8]);
    }

    /// Every hour of four days, some with another price too.
    #[test]
    fn what_is_left_of_sell_outs_and_restocks_comes_in_turns() {
        for n_hours in 1..99 {
            for every in [5, 7, 1_000] {
                let dearer = |hour: i64| Observation {
                    after: offer(2, None, hour % 2 != 0),
                    ..stock("a", hour)
                };
                let history: Vec<_> = (0..n_hours)
                    .map(|hour| match hour % every {
                        1 => dearer(hour),
                        _ => stock("a", hour),
                    })
                    .collect();
                let flags = removable(&history, 99);
                let left = history.iter().zip(flags).filter(|(_, may_go)| !may_go);
                let mut is_there = Some(Some(true));
                for (row, _) in left {
                    assert_eq!(availability(row.before), is_there, "{n_hours} {every}");
                    is_there = availability(row.after);
                }
                assert_eq!(is_there, Some(Some(n_hours % 2 == 0)));
            }
        }
    }

    #[test]
    fn rows_that_are_not_old_neither_go_nor_make_others_go() {
        let history = [stock("a", 1), stock("a", 2), stock("a", 3)];
        assert_eq!(removable(&history, 99), [true, true, false]);
        assert_eq!(removable(&history, 3), [false, false, false]);
        assert_eq!(removable(&history, 2), [false, false, false]);
        assert_eq!(removable(&[], 2), [false; 0]);
    }

    #[test]
    fn what_is_left_is_never_thinned_out_again() {
        let history: Vec<_> = (0..100).map(|hour| stock("a", hour)).collect();
        for before in [0, 30, 50, 999] {
            let flags = removable(&history, before);
            let pairs = history.iter().zip(&flags);
            let left: Vec<_> = pairs
                .filter(|(_, may_go)| !**may_go)
                .map(|(row, _)| row.clone())
                .collect();
            assert!(removable(&left, before).iter().all(|may_go| !may_go));
        }
    }
}
