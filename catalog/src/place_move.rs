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
    /// The place after; `None` for a product that is in the order no more, as far as it was read.
    pub after: Option<u32>,
    /// Where both were read.
    pub source: Option<RankSource>,
    /// How many places were read where there is none after.
    pub n_places: Option<u32>,
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
    /// Places of two sources are never compared.
    pub fn take(&mut self, seen: &Observation) -> Option<PlaceMove> {
        let after = seen.rank.filter(|it| *it > 0);
        if seen.kind != ObservationKind::Ranked || after.is_none() && !seen.lost_its_place() {
            return None;
        }
        let key = (seen.product.shop.clone(), seen.source);
        let order = self.orders.entry(key).or_insert_with(|| Order {
            first_at: seen.at,
            places: HashMap::new(),
        });
        let before = match after {
            Some(place) => order.places.insert(seen.product.clone(), place),
            None => order.places.remove(&seen.product),
        };
        let is_first_look = before.is_none() && seen.at == order.first_at;
        let is_among = |place: Option<u32>, n: u32| place.is_some_and(|it| it <= n);
        let mut borders = FIRST_PLACES.into_iter();
        let crosses = borders.any(|n| is_among(before, n) != is_among(after, n));
        (crosses && !is_first_look).then_some(PlaceMove {
            before,
            after,
            source: seen.source,
            n_places: seen.n_places.filter(|_| after.is_none()),
        })
    }
}

impl PlaceMove {
    /// Both names of a move.
    pub const NAMES: [&'static str; 2] = ["bestseller_up", "bestseller_down"];

    /// Returns the name as it stands in CSV and JSON.
    pub fn name(self) -> &'static str {
        let is_up = match (self.before, self.after) {
            (Some(before), Some(after)) => after < before,
            (before, _) => before.is_none(),
        };
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
            stock: None,
            content_hash: None,
            rank: Some(place),
            source: Some(source),
            n_places: None,
            said_before: None,
        }
    }

    /// The product is not among the first 1,000 any more.
    fn lost(product: u32, day: i64, source: RankSource) -> Observation {
        Observation {
            rank: None,
            n_places: Some(1000),
            ..seen(product, day, 1, source)
        }
    }

    /// The name, the place before and the one after.
    type Told = (&'static str, Option<u32>, Option<u32>);

    fn told(seen: &[Observation]) -> Vec<Option<Told>> {
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
            Some(("bestseller_up", Some(51), Some(50))),
            None,
            Some(("bestseller_up", Some(11), Some(10))),
            None,
            Some(("bestseller_down", Some(1), Some(700))),
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
        assert_eq!(
            found,
            [None, None, Some(("bestseller_up", None, Some(2))), None]
        );
    }

    #[test]
    fn a_product_that_falls_out_of_the_order_falls_from_the_first_places_alone() {
        let (api, collection) = (RankSource::StorefrontApi, RankSource::Collection);
        let found = told(&[
            seen(1, 1, 50, api),
            seen(2, 1, 51, api),
            lost(1, 2, collection),
            lost(1, 2, api),
            lost(2, 2, api),
            lost(1, 3, api),
            seen(1, 4, 9, api),
        ]);
        let down = Some(("bestseller_down", Some(50), None));
        let up = Some(("bestseller_up", None, Some(9)));
        assert_eq!(found, [None, None, None, down, None, None, up]);
        let mut moves = PlaceMoves::default();
        moves.take(&seen(1, 1, 50, api));
        let fell = moves.take(&lost(1, 2, api)).unwrap();
        assert_eq!((fell.n_places, fell.source), (Some(1000), Some(api)));
    }

    #[test]
    fn a_row_without_a_place_and_without_what_was_read_says_nothing() {
        let api = RankSource::StorefrontApi;
        let nothing = Observation {
            n_places: None,
            said_before: None,
            ..lost(1, 2, api)
        };
        let found = told(&[seen(1, 1, 9, api), nothing, seen(1, 3, 60, api)]);
        let down = Some(("bestseller_down", Some(9), Some(60)));
        assert_eq!(found, [None, None, down]);
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
            [None, None, None, Some(("bestseller_up", Some(60), Some(4)))]
        );
    }
}
