//! What an observation means to a reader: cheaper, sold out, back again.

use serde::{Deserialize, Serialize};

use crate::{Money, Observation, ObservationKind, Offer, StockMove};

/// A change that a person would name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The product was seen for the first time.
    New,
    /// A complete pass did not find the product any more.
    Gone,
    /// The product was gone and is there again.
    Back,
    /// A variant's price fell.
    Cheaper,
    /// A variant's price rose.
    Dearer,
    /// A variant has a compare-at price above its price, and had none.
    DiscountStart,
    /// A variant had a compare-at price above its price, and has none any more.
    DiscountEnd,
    /// A variant could be bought, and can't any more.
    SoldOut,
    /// A variant couldn't be bought, and can again.
    Restocked,
}

/// One change of a product or a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// What kind.
    pub kind: ChangeKind,
    /// The price before, where there was one.
    pub price_before: Option<Money>,
    /// The price after, where there is one.
    pub price_after: Option<Money>,
    /// The compare-at price before and after.
    pub compare_at_before: Option<Money>,
    /// The compare-at price after.
    pub compare_at_after: Option<Money>,
    /// The units in stock before and after, where the shop publishes them and they changed.
    pub stock: Option<StockMove>,
}

impl ChangeKind {
    /// Returns the name as it stands in CSV and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::Back => "back",
            Self::Cheaper => "cheaper",
            Self::Dearer => "dearer",
            Self::DiscountStart => "discount_start",
            Self::DiscountEnd => "discount_end",
            Self::SoldOut => "sold_out",
            Self::Restocked => "restocked",
        }
    }
}

/// Returns the changes that one observation shows, in the order of [`ChangeKind`]; often one, sometimes none.
///
/// Prices of two known currencies are not compared. Variants that appear or disappear are no change of a price or
/// of the stock.
pub fn changes_of(observation: &Observation) -> Vec<Change> {
    let kinds = match observation.kind {
        ObservationKind::New => vec![ChangeKind::New],
        ObservationKind::Gone => vec![ChangeKind::Gone],
        ObservationKind::Back => vec![ChangeKind::Back],
        ObservationKind::Ranked => vec![],
        ObservationKind::Changed => match (&observation.before, &observation.after) {
            (Some(before), Some(after)) => {
                let available = observation.was_available();
                let before = Offer {
                    available,
                    ..*before
                };
                changed_kinds(&before, after)
            }
            _ => vec![],
        },
    };
    let (before, after) = (observation.before, observation.after);
    let change = |kind| Change {
        kind,
        price_before: before.and_then(|offer| offer.price),
        price_after: after.and_then(|offer| offer.price),
        compare_at_before: before.and_then(|offer| offer.compare_at),
        compare_at_after: after.and_then(|offer| offer.compare_at),
        stock: observation.stock,
    };
    kinds.into_iter().map(change).collect()
}

fn changed_kinds(before: &Offer, after: &Offer) -> Vec<ChangeKind> {
    let mut kinds = Vec::new();
    if let (Some(old), Some(new)) = (before.price, after.price)
        && are_comparable(old, new)
    {
        match new.to_f64().total_cmp(&old.to_f64()) {
            std::cmp::Ordering::Less => kinds.push(ChangeKind::Cheaper),
            std::cmp::Ordering::Greater => kinds.push(ChangeKind::Dearer),
            std::cmp::Ordering::Equal => {}
        }
    }
    match (before.is_discounted(), after.is_discounted()) {
        (false, true) => kinds.push(ChangeKind::DiscountStart),
        (true, false) => kinds.push(ChangeKind::DiscountEnd),
        _ => {}
    }
    match (before.available, after.available) {
        (Some(true), Some(false)) => kinds.push(ChangeKind::SoldOut),
        (Some(false), Some(true)) => kinds.push(ChangeKind::Restocked),
        _ => {}
    }
    kinds
}

fn are_comparable(one: Money, two: Money) -> bool {
    one.currency() == two.currency() || !one.currency().is_known() || !two.currency().is_known()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CrawlKey, Currency, UnixMs};

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::parse(code).unwrap())
    }

    fn offer(price: Option<Money>, compare_at: Option<Money>, available: Option<bool>) -> Offer {
        Offer {
            price,
            compare_at,
            available,
        }
    }

    fn observation(
        kind: ObservationKind,
        before: Option<Offer>,
        after: Option<Offer>,
    ) -> Observation {
        Observation {
            product: "shopify:a.example:1".parse().unwrap(),
            variant: None,
            kind,
            at: UnixMs::new(0),
            crawl: CrawlKey {
                shop: "a.example".parse().unwrap(),
                n: 1,
            },
            before,
            after,
            stock: None,
            content_hash: None,
            rank: None,
            source: None,
            n_places: None,
            said_before: None,
        }
    }

    fn kinds(before: Offer, after: Offer) -> Vec<ChangeKind> {
        let row = observation(ObservationKind::Changed, Some(before), Some(after));
        changes_of(&row).iter().map(|change| change.kind).collect()
    }

    #[test]
    fn prices_fall_rise_and_stay() {
        let at = |minor| offer(Some(money(minor, "EUR")), None, Some(true));
        assert_eq!(kinds(at(1000), at(999)), [ChangeKind::Cheaper]);
        assert_eq!(kinds(at(999), at(1000)), [ChangeKind::Dearer]);
        assert_eq!(kinds(at(1000), at(1000)), []);
        let unpriced = offer(None, None, Some(true));
        assert_eq!(kinds(unpriced, at(1)), []);
        assert_eq!(kinds(at(1), unpriced), []);
    }

    #[test]
    fn prices_of_two_currencies_are_not_compared() {
        let at = |minor, code| offer(Some(money(minor, code)), None, None);
        assert_eq!(kinds(at(1000, "EUR"), at(900, "USD")), []);
        // 10.00 of an unknown currency is more than 9 yen.
        assert_eq!(kinds(at(1000, "XXX"), at(9, "JPY")), [ChangeKind::Cheaper]);
        assert_eq!(kinds(at(1000, "XXX"), at(10, "JPY")), []);
    }

    #[test]
    fn discounts_start_and_end() {
        let at = |minor, compare_at: Option<i64>| {
            let money = |minor| money(minor, "EUR");
            offer(Some(money(minor)), compare_at.map(money), Some(true))
        };
        use ChangeKind::{Cheaper, Dearer, DiscountEnd, DiscountStart};
        assert_eq!(
            kinds(at(1000, None), at(800, Some(1000))),
            [Cheaper, DiscountStart]
        );
        assert_eq!(
            kinds(at(800, Some(1000)), at(1000, Some(1000))),
            [Dearer, DiscountEnd]
        );
        assert_eq!(kinds(at(800, Some(1000)), at(800, Some(900))), []);
        assert_eq!(kinds(at(800, Some(800)), at(800, Some(700))), []);
    }

    #[test]
    fn stock_that_nobody_spoke_of_is_no_change() {
        let with = |available| offer(None, None, available);
        let (yes, no, unknown) = (with(Some(true)), with(Some(false)), with(None));
        assert_eq!(kinds(yes, no), [ChangeKind::SoldOut]);
        assert_eq!(kinds(no, yes), [ChangeKind::Restocked]);
        for (before, after) in [(yes, unknown), (unknown, no), (unknown, yes), (yes, yes)] {
            assert_eq!(kinds(before, after), []);
        }
    }

    #[test]
    fn each_kind_of_row_says_what_happened_with_both_prices() {
        use ObservationKind::{Back, Changed, Gone, New, Ranked};
        let whole = Some(offer(
            Some(money(5, "EUR")),
            Some(money(9, "EUR")),
            Some(true),
        ));
        let of = |kind, before, after| changes_of(&observation(kind, before, after));
        let change = |kind, before: Option<Offer>, after: Option<Offer>| Change {
            kind,
            price_before: before.and_then(|it| it.price),
            price_after: after.and_then(|it| it.price),
            compare_at_before: before.and_then(|it| it.compare_at),
            compare_at_after: after.and_then(|it| it.compare_at),
            stock: None,
        };
        let expected = change(ChangeKind::New, None, whole);
        assert_eq!(expected.price_after, Some(money(5, "EUR")));
        assert_eq!(of(New, None, whole), [expected]);
        let expected = change(ChangeKind::Gone, whole, None);
        assert_eq!(of(Gone, whole, None), [expected]);
        let expected = change(ChangeKind::Back, None, whole);
        assert_eq!(of(Back, None, whole), [expected]);
        assert_eq!(of(Ranked, None, None), []);
        // Stock that moved beside the same offer has none either; a change of the offer tells it.
        let moved = Some(StockMove {
            before: 4,
            after: 0,
        });
        let with_stock = |after| Observation {
            stock: moved,
            ..observation(Changed, whole, after)
        };
        assert_eq!(changes_of(&with_stock(whole)), []);
        let sold_out = whole.map(|it| Offer {
            available: Some(false),
            ..it
        });
        let told = changes_of(&with_stock(sold_out));
        assert_eq!((told[0].kind, told[0].stock), (ChangeKind::SoldOut, moved));
        // A variant that appears or disappears has no name among the changes.
        assert_eq!(of(Changed, None, whole), []);
        assert_eq!(of(Changed, whole, None), []);
    }
}
