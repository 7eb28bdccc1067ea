//! Where a price stands in its group.

use super::grouped::Grouped;
use super::shelves::{Groups, Shelves};
use crate::median::median;
use crate::preset::Quantiles;

/// A median absolute deviation times this estimates a standard deviation of normal numbers.
const MAD_TO_DEVIATION: f64 = 1.4826;

/// Prices of a group that differ by less than this share of themselves count as usual alike.
const MIN_SCALE: f64 = 0.05;

/// What is usual in each group of products of one currency.
#[derive(Debug, Clone)]
pub(crate) struct Usual {
    band: [f64; 2],
    groups: Groups,
    spreads: Vec<Spread>,
    /// The logarithms of all prices; `None` unless they were to be kept.
    prices: Option<Grouped>,
}

/// What is usual in one group: of the logarithms of its prices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) scale: f64,
}

/// The group of one product, seen without it.
#[derive(Debug)]
pub(crate) struct Others {
    median: f64,
    band: [f64; 2],
    /// How far the others are from the median, nearest first.
    deviations: Vec<f64>,
}

impl Usual {
    /// Replaces the logarithms of prices by their positions: minus the distance from the band around the median
    /// of the narrowest group, in robust standard deviations.
    pub(crate) fn position(
        column: &mut [f64],
        shelf_of: &[u32],
        shelves: &Shelves,
        settings: &Quantiles,
        keeps_prices: bool,
    ) -> Self {
        let groups = shelves.groups(|it| {
            let shop = settings.by_shop.then_some(it.shop);
            // Products without a type are a group of their own here, other than in `levels`: every price needs one
            // group to be usual or unusual in, and the whole shop with all its types would fit them worse.
            let type_key = settings.by_type.then_some(it.type_key);
            Some((it.currency, shop, type_key))
        });
        let mut prices = Grouped::of(groups.clone(), || {
            let known = shelf_of.iter().zip(&*column);
            known
                .map(|(shelf, value)| (*shelf, *value))
                .filter(|(_, value)| !value.is_nan())
        });
        let kept = keeps_prices.then(|| prices.clone());
        let usual = Self {
            band: settings.price_band,
            groups,
            spreads: prices.each(spread),
            prices: kept,
        };
        for (value, shelf) in column.iter_mut().zip(shelf_of) {
            if !value.is_nan() {
                *value = usual.value(*shelf, *value);
            }
        }
        usual
    }

    /// Returns what is usual among the products of a shelf's group.
    pub(crate) fn spread(&self, shelf: u32) -> Option<Spread> {
        self.groups.of(shelf).map(|group| self.spreads[group])
    }

    /// Returns the value of the logarithm of a price on a shelf; NaN on one without prices.
    pub(crate) fn value(&self, shelf: u32, log_price: f64) -> f64 {
        self.spread(shelf)
            .map_or(f64::NAN, |spread| spread.value(log_price, self.band))
    }

    /// Returns the lowest and the highest logarithm of a price that counts as usual.
    pub(crate) fn band(&self, shelf: u32) -> Option<[f64; 2]> {
        let Spread { median, scale } = self.spread(shelf)?;
        Some(self.band.map(|z| median + scale * z))
    }

    /// Returns the group of the product of this shelf and price, without it; `None` unless prices were kept.
    pub(crate) fn others(&self, shelf: u32, log_price: f64) -> Option<Others> {
        let Spread { median, .. } = self.spread(shelf)?;
        let prices = self.prices.as_ref()?.group(shelf)?;
        let mut deviations: Vec<f64> = prices.iter().map(|it| (it - median).abs()).collect();
        deviations.sort_unstable_by(f64::total_cmp);
        let own = (log_price - median).abs();
        let at = deviations.partition_point(|it| *it < own);
        if at < deviations.len() {
            deviations.remove(at);
        }
        Some(Others {
            median,
            band: self.band,
            deviations,
        })
    }
}

impl Spread {
    fn of(median: f64, deviation: f64) -> Self {
        Self {
            median,
            scale: (MAD_TO_DEVIATION * deviation).max(MIN_SCALE),
        }
    }

    fn value(self, log_price: f64, [low, high]: [f64; 2]) -> f64 {
        let z = (log_price - self.median) / self.scale;
        -(low - z).max(z - high).max(0.0)
    }
}

impl Others {
    /// Returns the value of a price in place of the product's own. The median is taken as it is: it moves only with
    /// prices in the middle, and those have nowhere better to go.
    pub(crate) fn value(&self, log_price: f64) -> f64 {
        let own = (log_price - self.median).abs();
        let at = self.deviations.partition_point(|it| *it < own);
        let nth = |n: usize| match n {
            before if before < at => self.deviations[before],
            it if it == at => own,
            behind => self.deviations[behind - 1],
        };
        let n = self.deviations.len() + 1;
        let deviation = if n.is_multiple_of(2) {
            f64::midpoint(nth(n / 2 - 1), nth(n / 2))
        } else {
            nth(n / 2)
        };
        Spread::of(self.median, deviation).value(log_price, self.band)
    }

    /// Returns the price in the middle of what is usual, as a logarithm.
    pub(crate) fn middle(&self, spread: Spread) -> f64 {
        self.median + spread.scale * f64::midpoint(self.band[0], self.band[1])
    }
}

/// Returns the median and the robust standard deviation of `values`, which are used up.
fn spread(values: &mut [f64]) -> Spread {
    let middle = median(values);
    for value in &mut *values {
        *value = (*value - middle).abs();
    }
    Spread::of(middle, median(values))
}
