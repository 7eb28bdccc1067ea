//! The raw numbers of a product that scores are made of, worked out once when a product is stored.

use serde::{Deserialize, Serialize};

use crate::{Availability, NativeId, Product, ProductId};

/// The metrics of one product, without the simulated popularity, which is a function of the id alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Variants whose answer states `available: true`, over all variants; 0 without variants.
    pub available_ratio: f64,
    /// The number of tags, repetitions included.
    pub num_tags: u32,
    /// The mean of the variants' prices in major units, summed in their order; a price that could not be
    /// read counts as 0; 0 without variants. Not rounded.
    pub avg_price: f64,
    /// The number of images.
    pub num_images: u32,
    /// The length of the description as sent, HTML included, in Unicode code points.
    pub description_length: u32,
}

/// One line of the scan that a score is computed from: who, and the metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsRow {
    /// The product.
    pub id: ProductId,
    /// Its metrics.
    pub metrics: Metrics,
}

/// Where a popularity number came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PopularitySource {
    /// Made from the product's id: stands in for a signal that the shop does not publish, and means nothing.
    Simulated,
    /// The product's place in its shop's own best-selling order, as the platform has it.
    Observed,
    /// The same as a collection has it that the shop calls its best sellers.
    Estimated,
    /// Nobody knows it, and nothing was put in its place.
    Unavailable,
}

impl Metrics {
    /// Works out the metrics of `product`.
    pub fn of(product: &Product) -> Self {
        let n_variants = product.variants.len();
        let n_available = product
            .variants
            .iter()
            .filter(|variant| variant.availability == Availability::Stated(true))
            .count();
        let mut sum = 0.0;
        for variant in &product.variants {
            sum += variant.price.map_or(0.0, |price| price.to_f64());
        }
        let over_variants = |value: f64| {
            if n_variants == 0 {
                0.0
            } else {
                value / n_variants as f64
            }
        };
        Self {
            available_ratio: over_variants(n_available as f64),
            num_tags: count(product.tags.len()),
            avg_price: over_variants(sum),
            num_images: count(product.images.len()),
            description_length: count(product.body_html.chars().count()),
        }
    }

    /// Returns the simulated popularity of an id, from 0.0 to 99.9: `id % 1_000_003 * 7919 % 1000 / 10`.
    pub fn simulated_popularity(id: &NativeId) -> f64 {
        (id.to_u64() % 1_000_003 * 7919 % 1000) as f64 / 10.0
    }
}

impl PopularitySource {
    /// Returns the name as it stands in CSV and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Observed => "observed",
            Self::Estimated => "estimated",
            Self::Unavailable => "unavailable",
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simulated_popularity_follows_the_formula() {
        // First row of the stored reference answer: id 6000000645650 has popularity 97.6.
        assert!(
            (Metrics::simulated_popularity(&6_000_000_645_650_u64.into()) - 97.6).abs() < 1e-12
        );
        assert!(Metrics::simulated_popularity(&0_u64.into()).abs() < 1e-12);
    }
}
