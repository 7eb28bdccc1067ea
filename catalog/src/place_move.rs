//! Which moves in a shop's best-selling order a person would name: those into its first places, and out of them.

use std::collections::HashMap;

use crate::{Observation, ObservationKind, ProductId, RankSource, ShopKey, UnixMs};

/// Who is among so many first places has arrived. A list of 1,000 moves all the time.
const FIRST_PLACES: [u32; 2] = [10, 50];

/// A move into the first 10 or the first 50 places of a shop's best-selling order, or out of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceMove {
    /// The place before; `None` for a product that the order did not have.
    pub before: Option<u32>,
    /// The place after.
    pub after: u32,
    /// Where both were read.
    pub source: Option<RankSource>,
}

/// Follows best-selling places through observations.
#[derive(Debug, Clone, Default)]
pub struct PlaceMoves {
    orders: HashMap<(ShopKey, Option<RankSource>), Order>,
}

/// What one source said of one shop so far.
#[derive(Debug, Clone)]
struct Order {
    /// Of the first look nothing is a move.
    first_at: UnixMs,
    places: HashMap<ProductId, u32>,
}

impl PlaceMoves {
    /// Takes in an observation, in the order of time, and returns the move that it shows.
    ///
    /// Places of two sources are never compared. A product that falls out of an order leaves no observation, so that
    /// this is not told.
    pub fn take(&mut self, seen: &Observation) -> Option<PlaceMove> {
        if seen.kind != ObservationKind::Ranked {
            return None;
        }
        let after = seen.rank.filter(|it| *it > 0)?;
        let key = (seen.product.shop.clone(), seen.source);
        let order = self.orders.entry(key).or_insert_with(|| Order {
            first_at: seen.at,
            places: HashMap::new(),
        });
        let before = order.places.insert(seen.product.clone(), after);
        let is_first_look = before.is_none() && seen.at == order.first_at;
        let is_among = |place: Option<u32>, n: u32| place.is_some_and(|it| it <= n);
        let mut borders = FIRST_PLACES.into_iter();
        let crosses = borders.any(|n| is_among(before, n) != is_among(Some(after), n));
        (crosses && !is_first_look).then_some(PlaceMove {
            before,
            after,
            source: seen.source,
        })
    }
}

impl PlaceMove {
    /// Both names of a move.
    pub const NAMES: [&'static str; 2] = ["bestseller_up", "bestseller_down"];

    /// Returns the name as it stands in CSV and JSON.
    pub fn name(self) -> &'static str {
        let is_up = self.before.is_none_or(|before| self.after < before);
        Self::NAMES[usize::from(!is_up)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CrawlKey;

    fn seen(product: u32, day: i64, place: u32, source: RankSource) -> Observation {
        Observation {
            product: format!("shopify:a.example:{product}").parse().unwrap(),
            variant: None,
            kind: ObservationKind::Ranked,
            at: UnixMs::new(day * 86_400_000),
            crawl: CrawlKey {
                shop: "a.example".parse().unwrap(),
                n: 1,
            },
            before: None,
            after: None,
            content_hash: None,
            rank: Some(place),
            source: Some(source),
        }
    }

    fn told(seen: &[Observation]) -> Vec<Option<(&'static str, Option<u32>, u32)>> {
        let mut moves = PlaceMoves::default();
        let take = |it| {
            moves
                .take(it)
                .map(|it: PlaceMove| (it.name(), it.before, it.after))
        };
        seen.iter().map(take).collect()
    }

    #[test]
    fn moves_over_the_tenth_and_the_fiftieth_place_are_told() {
        let api = RankSource::StorefrontApi;
        let found = told(&[
            seen(1, 1, 60, api),
            seen(1, 2, 51, api),
            seen(1, 3, 50, api),
            seen(1, 4, 11, api),
            seen(1, 5, 10, api),
            seen(1, 6, 1, api),
            seen(1, 7, 700, api),
        ]);
        let expected = [
            None,
            None,
            Some(("bestseller_up", Some(51), 50)),
            None,
            Some(("bestseller_up", Some(11), 10)),
            None,
            Some(("bestseller_down", Some(1), 700)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_product_that_was_not_in_the_order_enters_it_but_not_at_the_first_look() {
        let api = RankSource::StorefrontApi;
        let found = told(&[
            seen(1, 1, 1, api),
            seen(2, 1, 2, api),
            seen(3, 2, 2, api),
            seen(4, 2, 51, api),
        ]);
        assert_eq!(found, [None, None, Some(("bestseller_up", None, 2)), None]);
    }

    #[test]
    fn places_of_two_sources_are_not_compared() {
        let (api, collection) = (RankSource::StorefrontApi, RankSource::Collection);
        let found = told(&[
            seen(1, 1, 1, api),
            seen(1, 2, 60, collection),
            seen(1, 3, 3, api),
            seen(1, 4, 4, collection),
        ]);
        assert_eq!(
            found,
            [None, None, None, Some(("bestseller_up", Some(60), 4))]
        );
    }
}
