//! How well rankings foretell an outcome, each figure with a 95 % interval, all from the same resamples.

use serde::Serialize;

use super::resample::{middle_95, resample};
use super::sorted::{Sorted, spearman};

/// A measured number and its 95 % interval: where it lies in the middle 95 % of the resamples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The number; `None` where it cannot be measured, as without any event.
    pub value: Option<f64>,
    /// The lower end of the interval; `None` where most resamples cannot be measured.
    pub low: Option<f64>,
    /// The upper end of the interval.
    pub high: Option<f64>,
}

/// How well a ranking foretells an event.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EventFigures {
    /// The probability that a product with the event ranks above one without; 0.5 is chance.
    pub auc: Figure,
    /// The rank correlation of score and event, from -1 to 1; 0 is chance.
    pub spearman: Figure,
    /// The share of the first K that have the event.
    pub precision: Figure,
    /// That share over the share among all; 1 is chance.
    pub lift: Figure,
    /// The AUC of the first ranking less that of this one.
    pub auc_behind_first: Figure,
}

/// How well a ranking foretells an amount.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AmountFigures {
    /// The rank correlation of score and amount, from -1 to 1; 0 is chance.
    pub spearman: Figure,
    /// The correlation of the first ranking less that of this one.
    pub spearman_behind_first: Figure,
}

/// Measures how well each of `rankings`, given as scores without NaN, foretells an event.
///
/// `shops` names each product's shop by any number; products are drawn again inside their shops.
pub fn event_figures(
    rankings: &[&[f64]],
    is_event: &[bool],
    shops: &[u32],
    k: usize,
) -> Vec<EventFigures> {
    let sorted: Vec<_> = rankings.iter().map(|it| Sorted::by(it)).collect();
    let events: Vec<f64> = is_event.iter().map(|&it| f64::from(u8::from(it))).collect();
    let sorted_events = Sorted::by(&events);
    let mut draws: Vec<[Draws; 5]> = sorted.iter().map(|_| Default::default()).collect();
    let mut event_ranks = vec![0; events.len()];
    let mut ranks = event_ranks.clone();
    resample(shops, |counts| {
        sorted_events.ranks(counts, &mut event_ranks);
        let base = share(is_event, counts);
        let mut first = None;
        for (ranking, (sorted, draws)) in sorted.iter().zip(&mut draws).enumerate() {
            let auc = sorted.auc(is_event, counts);
            sorted.ranks(counts, &mut ranks);
            let correlation = spearman(&ranks, &event_ranks, counts);
            let precision = sorted.precision(is_event, counts, k);
            if ranking == 0 {
                first = auc;
            }
            let over_base = precision.zip(base).map(|(share, base)| share / base);
            let behind = first.zip(auc).map(|(first, auc)| first - auc);
            let values = [auc, correlation, precision, over_base, behind];
            for (draws, value) in draws.iter_mut().zip(values) {
                draws.push(value);
            }
        }
    });
    let figures = draws.into_iter().map(|it| it.map(Draws::figure));
    let figures = figures.map(
        |[auc, spearman, precision, lift, auc_behind_first]| EventFigures {
            auc,
            spearman,
            precision,
            lift,
            auc_behind_first,
        },
    );
    figures.collect()
}

/// Measures how well each of `rankings`, given as scores without NaN, foretells an amount.
///
/// `shops` as for [`event_figures`].
pub fn amount_figures(rankings: &[&[f64]], amounts: &[f64], shops: &[u32]) -> Vec<AmountFigures> {
    let sorted: Vec<_> = rankings.iter().map(|it| Sorted::by(it)).collect();
    let sorted_amounts = Sorted::by(amounts);
    let mut draws: Vec<[Draws; 2]> = sorted.iter().map(|_| Default::default()).collect();
    let mut amount_ranks = vec![0; amounts.len()];
    let mut ranks = amount_ranks.clone();
    resample(shops, |counts| {
        sorted_amounts.ranks(counts, &mut amount_ranks);
        let mut first = None;
        for (ranking, (sorted, draws)) in sorted.iter().zip(&mut draws).enumerate() {
            sorted.ranks(counts, &mut ranks);
            let correlation = spearman(&ranks, &amount_ranks, counts);
            if ranking == 0 {
                first = correlation;
            }
            let behind = first.zip(correlation).map(|(first, it)| first - it);
            draws[0].push(correlation);
            draws[1].push(behind);
        }
    });
    let figures = draws.into_iter().map(|it| it.map(Draws::figure));
    let figures = figures.map(|[spearman, spearman_behind_first]| AmountFigures {
        spearman,
        spearman_behind_first,
    });
    figures.collect()
}

/// Returns the share of events; `None` without any.
fn share(is_event: &[bool], counts: &[u32]) -> Option<f64> {
    let both = is_event.iter().zip(counts);
    let n_events: u64 = both
        .filter(|(is_event, _)| **is_event)
        .map(|(_, &count)| u64::from(count))
        .sum();
    (n_events > 0).then(|| n_events as f64 / is_event.len() as f64)
}

/// A number's values in the resamples, and at last in the products themselves.
#[derive(Default)]
struct Draws {
    values: Vec<f64>,
    n_all: usize,
    last: Option<f64>,
}

impl Draws {
    fn push(&mut self, value: Option<f64>) {
        self.n_all += 1;
        self.last = value;
        self.values.extend(value);
    }

    fn figure(mut self) -> Figure {
        if self.last.is_some() {
            self.values.pop();
        }
        let is_enough = 2 * self.values.len() >= self.n_all;
        let interval = is_enough.then(|| middle_95(self.values)).flatten();
        Figure {
            value: self.last,
            low: interval.map(|it| it.0).filter(|_| self.last.is_some()),
            high: interval.map(|it| it.1).filter(|_| self.last.is_some()),
        }
    }
}

impl Figure {
    /// Returns whether the whole interval lies above 0.
    pub fn is_above_zero(&self) -> bool {
        self.low.is_some_and(|low| low > 0.0)
    }

    /// Returns whether the whole interval lies below 0.
    pub fn is_below_zero(&self) -> bool {
        self.high.is_some_and(|high| high < 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classic;
    use crate::testing::fixture;

    fn columns() -> [Vec<f64>; 5] {
        let rows = fixture();
        let column = |j: usize| rows.iter().map(|row| classic::columns(row)[j]).collect();
        [0, 1, 2, 3, 4].map(column)
    }

    fn assert_close(found: Figure, expected: &serde_json::Value) {
        let (found, expected) = (found.value.unwrap(), expected.as_f64().unwrap());
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn measures_are_those_of_scikit_learn_and_scipy() {
        let expected: serde_json::Value =
            serde_json::from_str(include_str!("../../testdata/backtest_200.json")).unwrap();
        let columns = columns();
        let rankings = columns.each_ref().map(Vec::as_slice);
        let is_event: Vec<_> = columns[3].iter().map(|&n| n > 5.0).collect();
        let n_events = is_event.iter().filter(|it| **it).count();
        assert_eq!(expected["n_events"], n_events);
        let figures = event_figures(&rankings, &is_event, &[0; 200], 10);
        for (figures, expected) in figures.iter().zip(expected["auc"].as_array().unwrap()) {
            assert_close(figures.auc, expected);
        }
        let expected_correlations = expected["spearman_of_event"].as_array().unwrap();
        for (figures, expected) in figures.iter().zip(expected_correlations) {
            assert_close(figures.spearman, expected);
        }
        let figures = amount_figures(&rankings, &columns[4], &[0; 200]);
        let expected = expected["spearman"].as_array().unwrap();
        for (figures, expected) in figures.iter().zip(expected) {
            assert_close(figures.spearman, expected);
        }
    }

    #[test]
    fn an_interval_has_the_width_that_theory_gives() {
        // Hanley and McNeil, 1982: an AUC of 0.5 over 100 and 100 products has a standard error of
        // sqrt(201 / (12 * 100 * 100)) = 0.0409.
        let scores: Vec<f64> = (0..200).map(|it| f64::from(it * 37 % 200)).collect();
        let is_event: Vec<_> = (0..200).map(|it| it % 2 == 0).collect();
        let auc = event_figures(&[&scores], &is_event, &[0; 200], 20)[0].auc;
        let width = (auc.high.unwrap() - auc.low.unwrap()) / (2.0 * 1.96);
        assert!((width - 0.0409).abs() < 0.004, "{width}");
        assert!(auc.low < auc.value && auc.value < auc.high, "{auc:?}");
    }

    #[test]
    fn a_difference_is_taken_within_each_resample() {
        let columns = columns();
        let rankings = [&columns[2][..], &columns[2][..], &columns[0][..]];
        let is_event: Vec<_> = columns[3].iter().map(|&n| n > 5.0).collect();
        let figures = event_figures(&rankings, &is_event, &[0; 200], 10);
        let same = Figure {
            value: Some(0.0),
            low: Some(0.0),
            high: Some(0.0),
        };
        assert_eq!(
            [figures[0], figures[1]].map(|it| it.auc_behind_first),
            [same; 2]
        );
        let (one, two) = (figures[0].auc, figures[2].auc);
        let difference = figures[2].auc_behind_first;
        assert_eq!(
            difference.value,
            Some(one.value.unwrap() - two.value.unwrap())
        );
        assert!(difference.low < difference.value && difference.value < difference.high);
        let amounts = amount_figures(&rankings, &columns[4], &[0; 200]);
        assert_eq!(
            [amounts[0], amounts[1]].map(|it| it.spearman_behind_first),
            [same; 2]
        );
    }

    #[test]
    fn without_events_there_are_no_figures_but_a_precision_of_0() {
        let nothing = Figure {
            value: None,
            low: None,
            high: None,
        };
        let figures = event_figures(&[&[1.0, 2.0, 3.0]], &[false; 3], &[0; 3], 1)[0];
        assert_eq!([figures.auc, figures.spearman, figures.lift], [nothing; 3]);
        assert_eq!(figures.precision.value, Some(0.0));
        let figures = event_figures(&[&[]], &[], &[], 5)[0];
        assert_eq!([figures.auc, figures.precision], [nothing; 2]);
        let amounts = amount_figures(&[&[1.0, 2.0]], &[3.0, 3.0], &[0; 2])[0];
        assert_eq!(amounts.spearman, nothing);
    }

    #[test]
    fn an_event_correlates_as_an_amount_of_0_or_1() {
        let columns = columns();
        let rankings = columns.each_ref().map(Vec::as_slice);
        let is_event: Vec<_> = columns[3].iter().map(|&n| n > 5.0).collect();
        let amounts: Vec<_> = is_event.iter().map(|&it| f64::from(u8::from(it))).collect();
        let events = event_figures(&rankings, &is_event, &[0; 200], 10);
        let amounts = amount_figures(&rankings, &amounts, &[0; 200]);
        for (event, amount) in events.iter().zip(&amounts) {
            assert_eq!(event.spearman, amount.spearman);
            assert!(event.spearman.low < event.spearman.high, "{event:?}");
        }
    }

    #[test]
    fn lift_is_precision_over_the_share_of_events() {
        let is_event = [
            true, false, false, false, true, false, false, false, false, false,
        ];
        let scores: Vec<f64> = (0..10).map(|it| -f64::from(it)).collect();
        let figures = event_figures(&[&scores], &is_event, &[0; 10], 2)[0];
        assert_eq!(figures.precision.value, Some(0.5));
        assert_eq!(figures.lift.value, Some(2.5));
    }
}
