//! The features of the balanced score.

/// A feature, in the order in which lists and presets have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// `ln(1 + units sold in the last 28 days)`; unknown where no sales of the shop were imported.
    Demand,
    /// `-ln(position)` in the shop's best-selling order, as observed last.
    Bestseller,
    /// Stock-outs and restocks per variant and day, pulled to the rate of all products.
    Stockout,
    /// The mean rating, pulled to the mean of all; unknown without ratings.
    Rating,
    /// The slope of the best-selling position over the last twelve weeks; 0 where it may be chance.
    Trend,
    /// Halves with every 90 days since the product was published.
    Freshness,
    /// The mean reduction against the compare-at prices.
    Discount,
    /// Minus the distance of the price from what is usual in its group.
    PricePosition,
    /// Images, length of the description and tags, each with a growing number counting less and less.
    Listing,
    /// The share of the variants that can be bought.
    Availability,
}

impl Feature {
    /// All features, in order.
    pub const ALL: [Self; 10] = [
        Self::Demand,
        Self::Bestseller,
        Self::Stockout,
        Self::Rating,
        Self::Trend,
        Self::Freshness,
        Self::Discount,
        Self::PricePosition,
        Self::Listing,
        Self::Availability,
    ];

    /// Returns the name as presets, CSV and JSON have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Demand => "demand",
            Self::Bestseller => "bestseller",
            Self::Stockout => "stockout",
            Self::Rating => "rating",
            Self::Trend => "trend",
            Self::Freshness => "freshness",
            Self::Discount => "discount",
            Self::PricePosition => "price_position",
            Self::Listing => "listing",
            Self::Availability => "availability",
        }
    }
}
