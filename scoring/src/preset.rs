//! A preset: which features count how much, and among whom products are compared. Read from TOML text.

use crate::classic;
use crate::feature::Feature;

mod read;
#[cfg(test)]
mod tests;

/// A way to score.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// The name, as rankings have it.
    pub name: String,
    /// How it scores.
    pub method: Method,
}

/// How a preset scores.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// [`classic`]: metrics between their extremes. Weights of [`classic::FEATURES`], in their order.
    MinMax([f64; classic::FEATURES.len()]),
    /// [`balanced`](crate::balanced): features as ranks among comparable products.
    Quantiles(Quantiles),
}

/// The settings of a preset of quantiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantiles {
    /// The weights of [`Feature::ALL`], in their order: each 0 or from 1e-9 to 1e9, not all 0.
    pub weights: [f64; Feature::ALL.len()],
    /// Whether products are compared within their shop.
    pub by_shop: bool,
    /// Whether products are compared within their shop's product type.
    pub by_type: bool,
    /// How many known values a group needs to count as much as the group around it.
    pub shrinkage: f64,
    /// The most places of one shop in a list; 0 for any number.
    pub max_per_store: u32,
    /// The most places of one product type in a list; 0 for any number.
    pub max_per_category: u32,
    /// The prices that count as usual, in robust standard deviations from the group's median.
    pub price_band: [f64; 2],
    /// How often weights are drawn for the stability; 0 for never.
    pub draws: u32,
    /// The sum of the Dirichlet distribution's parameters.
    pub concentration: f64,
    /// The seed of the first draw.
    pub seed: u64,
}

/// Why a text is no preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PresetError(String);

/// The preset that is used unless another is asked for; what other presets leave out is as here.
const BALANCED: &str = include_str!("../../config/presets/balanced.toml");

/// The preset of the first sketch.
const CLASSIC: &str = include_str!("../../config/presets/classic.toml");

impl Preset {
    /// Reads a preset from TOML.
    ///
    /// A weight that is left out is 0; other settings that are left out are those of [`Preset::balanced`].
    ///
    /// # Errors
    /// [`PresetError`] says which key is wrong, what stands there, and what would be right.
    pub fn parse(text: &str) -> Result<Self, PresetError> {
        read::preset(text)
    }

    /// Returns the default preset.
    ///
    /// # Panics
    /// Never: the file is built in, and a test reads it.
    pub fn balanced() -> Self {
        Self::parse(BALANCED).expect("the file is built in, and a test reads it")
    }

    /// Returns the preset of the first sketch.
    ///
    /// # Panics
    /// Never: the file is built in, and a test reads it.
    pub fn classic() -> Self {
        Self::parse(CLASSIC).expect("the file is built in, and a test reads it")
    }
}
