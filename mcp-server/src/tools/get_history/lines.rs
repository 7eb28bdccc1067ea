//! What is told of a history, worked out once: how much of it an answer has room for is another question.

use catalog::{Observation, PlaceInRanking};

use super::offers::{self, State, VariantOffers};
use super::series::{self, PriceOf, Series, Shape};
use super::steps::Steps;
use super::stock::{self, StockLine};
use super::thin::Point;
use super::watched::Watched;
use super::{Arguments, Of};
use crate::untrusted;

/// So many variants have a line each; of more the least price is told.
const MAX_LINES: usize = 3;

/// All that is asked for.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    prices: Vec<(PriceOf, Steps<Option<i64>>)>,
    /// Places with where they come from.
    pub(super) places: Vec<(String, Vec<Point<u32>>)>,
    stock: Option<Stock<'a>>,
}

#[derive(Debug)]
struct Stock<'a> {
    source: String,
    steps: Steps<State>,
    /// All changes of the variants in question.
    rows: Vec<&'a Observation>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(
        arguments: &Arguments,
        watched: &'a Watched,
        chosen: &[&VariantOffers],
        in_rankings: Vec<PlaceInRanking>,
    ) -> Self {
        let wants = |of: Of| arguments.wants(of);
        Self {
            prices: match wants(Of::Price) {
                true => prices(watched, chosen),
                false => Vec::new(),
            },
            places: match wants(Of::Rank) {
                true => series::all_places(in_rankings, &watched.rows, watched.span),
                false => Vec::new(),
            },
            stock: wants(Of::Stock).then(|| stock(watched, chosen)),
        }
    }

    /// Returns as much of it as `shape` says.
    pub(super) fn shaped(&self, shape: Shape) -> (Vec<Series>, Option<StockLine>) {
        let prices = self.prices.iter();
        let prices = prices.map(|(of, steps)| series::prices(of.clone(), steps, shape));
        let places = self.places.iter();
        let places = places.map(|(source, places)| series::places(source.clone(), places, shape));
        let stock = self.stock.as_ref().map(|it| {
            let source = it.source.clone();
            stock::line(source, &it.steps, &it.rows, shape.max_changes)
        });
        (prices.chain(places).collect(), stock)
    }
}

fn prices(watched: &Watched, chosen: &[&VariantOffers]) -> Vec<(PriceOf, Steps<Option<i64>>)> {
    let lines: Vec<(Vec<&VariantOffers>, bool)> = match chosen.len() {
        ..=MAX_LINES => chosen.iter().map(|it| (vec![*it], true)).collect(),
        _ => vec![(chosen.to_vec(), false)],
    };
    let mut prices = Vec::new();
    for (variants, is_one) in lines {
        let one = variants.first().filter(|_| is_one);
        for currency in offers::currencies(&variants, watched.row.currency) {
            let of = PriceOf {
                source: match is_one {
                    true => "variant".to_owned(),
                    false => format!("least of {} variants", variants.len()),
                },
                variant: one
                    .map(|it| it.id.clone())
                    .filter(|it| untrusted::is_plain(it)),
                title: one
                    .and_then(|it| it.title.clone())
                    .filter(|it| it != "Default Title"),
                currency,
            };
            let steps = offers::least_price(&variants, currency, watched.span);
            prices.push((of, steps));
        }
    }
    prices
}

fn stock<'a>(watched: &'a Watched, chosen: &[&VariantOffers]) -> Stock<'a> {
    let (is_gone, rows, span) = (watched.gone_since.is_some(), &watched.rows, watched.span);
    let presence = offers::presence(is_gone, rows, span);
    let of_chosen = |row: &&Observation| {
        let id = row.variant.as_deref();
        row.at < span.1 && chosen.iter().any(|it| Some(it.id.as_str()) == id)
    };
    Stock {
        source: match chosen.len() {
            1 => "the variant".to_owned(),
            n => format!("some of {n} variants"),
        },
        steps: offers::stock(chosen, &presence, span),
        rows: rows.iter().filter(of_chosen).collect(),
    }
}
