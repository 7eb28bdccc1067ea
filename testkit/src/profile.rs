//! What a made-up shop sells and in which words: plain data for the generator.

mod atelier_lumen;
mod kumo_stationery;
mod north_loft;
mod saltmarsh_bathhouse;
mod scree_and_summit;
mod waldkauz_werkstatt;

pub use atelier_lumen::ATELIER_LUMEN;
pub use kumo_stationery::KUMO_STATIONERY;
pub use north_loft::NORTH_LOFT;
pub use saltmarsh_bathhouse::SALTMARSH_BATHHOUSE;
pub use scree_and_summit::SCREE_AND_SUMMIT;
pub use waldkauz_werkstatt::WALDKAUZ_WERKSTATT;

/// A shop's character: everything the generator needs beside a seed.
///
/// `title_forms`, `sentences` and `points` are templates with the places `{adjective}`, `{material}`,
/// `{noun}` and `{series}`. An empty word list yields empty words.
#[derive(Debug, Clone, Copy)]
pub struct ShopProfile {
    /// The shop's name.
    pub name: &'static str,
    /// The shop's host.
    pub domain: &'static str,
    /// The country, ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// The currency that `/meta.json` states, ISO 4217; `None` for a shop that states none.
    pub currency: Option<&'static str>,
    /// The offsets from UTC in winter and in summer (April to October), in minutes.
    pub utc_offsets_min: (i32, i32),
    /// The brands.
    pub vendors: &'static [&'static str],
    /// How titles are put together.
    pub title_forms: &'static [&'static str],
    /// Words for `{adjective}`.
    pub adjectives: &'static [&'static str],
    /// Words for `{series}`.
    pub series: &'static [&'static str],
    /// What the shop sells; must not be empty.
    pub departments: &'static [Department],
    /// Sentences of descriptions.
    pub sentences: &'static [&'static str],
    /// The heading above a description's list.
    pub heading: &'static str,
    /// Items of a description's list.
    pub points: &'static [&'static str],
    /// How prices end.
    pub prices: PriceLadder,
}

/// A kind of product within a shop.
#[derive(Debug, Clone, Copy)]
pub struct Department {
    /// The `product_type`.
    pub product_type: &'static str,
    /// Words for `{noun}`.
    pub nouns: &'static [&'static str],
    /// Words for `{material}`.
    pub materials: &'static [&'static str],
    /// The tags to choose from.
    pub tags: &'static [&'static str],
    /// Up to three options in the shop's order; none makes products with the one variant `Default Title`.
    pub options: &'static [ShopOption],
    /// The least and the greatest price in whole units of the currency.
    pub price_range: (u32, u32),
    /// The least and the greatest weight in grams.
    pub grams_range: (u32, u32),
}

/// A choice that variants differ in, such as a size.
#[derive(Debug, Clone, Copy)]
pub struct ShopOption {
    /// The name in the shop's language.
    pub name: &'static str,
    /// The values, smallest first where they have an order.
    pub values: &'static [&'static str],
}

/// The prices that a shop likes: whole units in steps, and endings.
#[derive(Debug, Clone, Copy)]
pub struct PriceLadder {
    /// Whole units are multiples of this, at least 1.
    pub step: u32,
    /// The two digits behind the point, 0 to 99; one is chosen per product.
    pub endings: &'static [u32],
}
