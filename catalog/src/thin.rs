//! Which old observations may go without losing a change of price.

use std::collections::HashSet;

use crate::{Observation, ObservationKind, Offer, UnixMs};

const DAY_MS: i64 = 86_400_000;

/// Returns, for each row of one product's history, oldest first, whether it may be removed.
///
/// Only rows from before `before` may go, and of those only what a later row of the same variant on the same day
/// (UTC) made obsolete: a change of availability alone where that one changes it too, one of stock alone, or another
/// place in the best-selling order. Rows that begin or end something (new, gone, back, a variant that appears or
/// disappears) and rows that change a price or a compare-at price always stay.
pub fn superseded(history: &[Observation], before: UnixMs) -> Vec<bool> {
    let mut later = HashSet::new();
    let mut removable = vec![false; history.len()];
    for (row, may_go) in history.iter().zip(&mut removable).rev() {
        if row.at >= before {
            continue;
        }
        let day = row.at.ms().div_euclid(DAY_MS);
        let variant = row.variant.as_deref();
        let is_rank = row.kind == ObservationKind::Ranked;
        let of = match is_rank {
            true => Of::Places,
            false => Of::Offers,
        };
        let mut is_obsolete = !later.insert((day, of, variant));
        if !is_rank && changes_availability(row) {
            is_obsolete = !later.insert((day, Of::Availability, variant));
        }
        *may_go = is_obsolete && (is_rank || changes_stock_alone(row));
    }
    removable
}

/// What a row may make obsolete in the earlier ones of its day.
#[derive(PartialEq, Eq, Hash)]
enum Of {
    Places,
    Offers,
    Availability,
}

fn changes_availability(row: &Observation) -> bool {
    let available = |offer: Option<Offer>| offer.map(|it| it.available);
    available(row.before) != available(row.after)
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
        let expected = [true, false, true, false, false];
        assert_eq!(removable(&history, 99), expected);
        // Days before 1970 begin at midnight too.
        let earlier = [stock("a", -25), stock("a", -24), stock("a", -1)];
        assert_eq!(removable(&earlier, 99), [false, true, false]);
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
        // A restock is not made obsolete by what is sold of it.
        let restocked = Observation {
            before: offer(1, None, false),
            ..counted("a", 8, 0, 20)
        };
        let history = [stock("a", 6), restocked.clone(), counted("a", 16, 20, 17)];
        assert_eq!(removable(&history, 99), [true, false, false]);
        let history = [restocked, stock("a", 10), counted("a", 16, 0, -1)];
        assert_eq!(removable(&history, 99), [true, false, false]);
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
        let expected = [false, false, false, false, false, false, true, false];
        assert_eq!(removable(&history, 99), expected);
    }

    #[test]
    fn rows_that_are_not_old_neither_go_nor_make_others_go() {
        let history = [stock("a", 1), stock("a", 2), stock("a", 3)];
        assert_eq!(removable(&history, 99), [true, true, false]);
        assert_eq!(removable(&history, 3), [true, false, false]);
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
