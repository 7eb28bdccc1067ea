//! Why a product stands where it stands: exact, since the score is a sum.

use catalog::{Certainty, FeatureRow, ProductId, UnixMs};
use serde::Serialize;

use crate::balanced::ladder::Change;
use crate::balanced::{Column, Scores, values};
use crate::feature::Feature;
use crate::history::Histories;

mod inputs;
mod moves;
mod price_move;
#[cfg(test)]
mod tests;

/// Why a product has its place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The product.
    pub product: ProductId,
    /// Its place in the whole order, from 1, before any caps.
    pub rank: u32,
    /// How many products were ranked.
    pub n_ranked: u64,
    /// How many others have the very same score, so that the id decides among them.
    pub n_tied: u64,
    /// The score: 0.5 and the sum of the contributions.
    pub score: f64,
    /// The share of the weights whose feature is known.
    pub coverage: f64,
    /// The features that count, in the order of [`Feature::ALL`].
    pub features: Vec<Explained>,
    /// The product one place above before caps, and what would lead past it; `None` for the first.
    pub above: Option<Above>,
}

/// What one feature gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// The feature's name.
    pub feature: &'static str,
    /// Its share of all weights.
    pub weight: f64,
    /// The raw value, larger is better; `None` where unknown.
    pub value: Option<f64>,
    /// The rank of the value among comparable products, 0 to 1; `None` where unknown.
    pub utility: Option<f64>,
    /// What it adds to the score; 0 where unknown.
    pub contribution: f64,
    /// The groups that it is compared in, the narrowest last; empty where unknown. Those of a price hold products
    /// of its currency alone.
    pub groups: Vec<Group>,
    /// What the value was made of.
    pub inputs: Vec<Input>,
    /// Why it is unknown; `None` where known.
    pub unknown: Option<&'static str>,
}

/// A group that a value is compared in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// `all`, `shop` or `type`.
    pub level: &'static str,
    /// How many products of it have a known value.
    pub n: u64,
    /// The mid-rank quantile of the value among these.
    pub quantile: f64,
}

/// One raw number behind a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Input {
    /// What it is, such as `images`.
    pub name: &'static str,
    /// The number, with its unit where it has one, such as `4` or `12.5 days`.
    pub value: String,
    /// Where it comes from: `catalogue` or `observations`; a best-selling place from the name of its
    /// [source](catalog::RankSource).
    pub source: &'static str,
    /// How it is known.
    pub certainty: Certainty,
    /// When it was last confirmed.
    pub at: UnixMs,
}

/// The product one place above.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Above {
    /// The product.
    pub product: ProductId,
    /// How much greater its score is; 0 for a tie that the id decides.
    pub gap: f64,
    /// What would lead past it, each alone, in the order of [`Feature::ALL`]: only what a shop can do, and only
    /// what is enough. Everything else is taken to stay as it is.
    pub moves: Vec<Move>,
}

/// A change of one feature that would lead past the product above.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Move {
    /// The feature.
    pub feature: &'static str,
    /// A raw value that is enough: the least among comparable products, a little more than the best of them, or
    /// for a price the nearest.
    pub value: f64,
    /// The utility that this value has.
    pub utility: f64,
    /// The change in a reader's words, such as `availability from 50 % to 100 %`.
    pub words: String,
}

/// A product with what was known when it was ranked.
#[derive(Debug, Clone, Copy)]
struct Subject<'a> {
    index: usize,
    row: &'a FeatureRow,
    histories: &'a Histories,
}

impl Scores {
    /// Explains the place of product `index`, whose row and history are those pushed into the table.
    ///
    /// Needs scores that kept their raw values, see [`Table::keeping_values`](crate::balanced::Table::keeping_values);
    /// of others it gives neither groups nor moves. The first call sorts all products.
    pub fn explain(&self, index: usize, row: &FeatureRow, histories: &Histories) -> Explanation {
        let subject = Subject {
            index,
            row,
            histories,
        };
        let n_before = self.n_before(index);
        let above = n_before
            .checked_sub(1)
            .and_then(|place| self.sorted().get(place));
        let counts = Feature::ALL
            .into_iter()
            .filter(|feature| self.settings.weights[*feature as usize] > 0.0);
        Explanation {
            product: self.id(index),
            rank: u32::try_from(n_before + 1).unwrap_or(u32::MAX),
            n_ranked: self.len() as u64,
            n_tied: self.n_tied(index) as u64,
            score: self.score(index),
            coverage: self.coverage(index),
            features: counts.map(|it| self.explained(it, subject)).collect(),
            above: above.map(|above| self.above(subject, *above as usize)),
        }
    }

    fn explained(&self, feature: Feature, subject: Subject<'_>) -> Explained {
        let known = self.known(feature, subject);
        let weight = self.settings.weights[feature as usize] / self.total_weight();
        let inputs = inputs::inputs(self, feature, subject);
        let Some(Known { column, value }) = known else {
            return Explained {
                feature: feature.name(),
                weight,
                value: None,
                utility: None,
                contribution: 0.0,
                groups: Vec::new(),
                inputs,
                unknown: Some(inputs::why_unknown(feature, subject)),
            };
        };
        let shelf = self.shelf_of[subject.index];
        let ladders = ["all", "shop", "type"].into_iter().zip(&column.ladders);
        let groups = ladders.filter_map(|(level, ladder)| {
            let (n, quantile) = ladder.quantile(shelf, value, Change::none(shelf, value))?;
            Some(Group {
                level,
                n: n.into(),
                quantile,
            })
        });
        Explained {
            feature: feature.name(),
            weight,
            value: Some(value),
            utility: Some(column.utilities[subject.index]),
            contribution: self.contributions(subject.index)[feature as usize],
            groups: groups.collect(),
            inputs,
            unknown: None,
        }
    }

    /// Returns the raw value of a feature that is known of the product.
    fn known(&self, feature: Feature, subject: Subject<'_>) -> Option<Known<'_>> {
        let Subject {
            index,
            row,
            histories,
        } = subject;
        let column = self.columns.iter().find(|it| it.feature == feature)?;
        if column.utilities[index].is_nan() {
            return None;
        }
        let raw = values::raw(feature, row, histories, self.now)?;
        let value = match feature {
            Feature::PricePosition => self.usual.as_ref()?.value(self.shelf_of[index], raw),
            Feature::Stockout => {
                let n_events = histories.watched(row).n_events;
                values::stockout(n_events, raw, self.stock_rate)
            }
            _ => raw,
        };
        // -0.0 is 0.0 to everybody but a reader.
        Some(Known {
            column,
            value: value + 0.0,
        })
    }

    fn above(&self, subject: Subject<'_>, above: usize) -> Above {
        Above {
            product: self.id(above),
            gap: self.score(above) - self.score(subject.index),
            moves: moves::moves(self, subject, above),
        }
    }
}

/// A known value and its feature.
#[derive(Debug, Clone, Copy)]
struct Known<'a> {
    column: &'a Column,
    value: f64,
}
