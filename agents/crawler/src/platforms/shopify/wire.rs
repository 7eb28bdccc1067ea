//! Products and variants as they stand in the JSON, before anything is made of them.
//!
//! Of a repeated key the last one counts, as in JavaScript. Unknown keys are skipped.

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess};

use super::lenient::{FromObject, List, Scalar};
use super::texts::Texts;

#[derive(Debug, Default)]
pub(super) struct Product<'a> {
    pub(super) id: Scalar<'a>,
    /// Stands for `id` in product listings.
    pub(super) product_id: Scalar<'a>,
    pub(super) title: Scalar<'a>,
    pub(super) handle: Scalar<'a>,
    pub(super) vendor: Scalar<'a>,
    pub(super) product_type: Scalar<'a>,
    pub(super) body_html: Scalar<'a>,
    pub(super) created_at: Scalar<'a>,
    pub(super) published_at: Scalar<'a>,
    pub(super) updated_at: Scalar<'a>,
    pub(super) tags: List<String>,
    pub(super) options: List<String>,
    pub(super) images: List<String>,
    pub(super) variants: List<Variant<'a>>,
    /// There is a key that holds products: this is a wrapper around them.
    pub(super) has_products: bool,
}

#[derive(Debug, Default)]
pub(super) struct Variant<'a> {
    pub(super) id: Scalar<'a>,
    pub(super) title: Scalar<'a>,
    pub(super) sku: Scalar<'a>,
    pub(super) price: Scalar<'a>,
    pub(super) compare_at_price: Scalar<'a>,
    pub(super) available: Scalar<'a>,
    pub(super) inventory_quantity: Scalar<'a>,
    pub(super) inventory_policy: Scalar<'a>,
    pub(super) inventory_management: Scalar<'a>,
    /// `option1` to `option3`.
    pub(super) numbered_options: [Scalar<'a>; 3],
    pub(super) options: List<String>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum ProductKey {
    Id,
    ProductId,
    Title,
    Handle,
    Vendor,
    #[serde(alias = "productType")]
    ProductType,
    BodyHtml,
    #[serde(alias = "createdAt")]
    CreatedAt,
    #[serde(alias = "publishedAt")]
    PublishedAt,
    #[serde(alias = "updatedAt")]
    UpdatedAt,
    Tags,
    Options,
    Images,
    Variants,
    #[serde(alias = "product", alias = "product_listings")]
    Products,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum VariantKey {
    #[serde(alias = "variant_id")]
    Id,
    Title,
    Sku,
    Price,
    #[serde(alias = "compareAtPrice")]
    CompareAtPrice,
    Available,
    InventoryQuantity,
    InventoryPolicy,
    InventoryManagement,
    Option1,
    Option2,
    Option3,
    #[serde(alias = "option_values")]
    Options,
    #[serde(other)]
    Other,
}

impl Product<'_> {
    /// Returns whether this object, read as a product, is one: it names something to buy, and wraps no others.
    pub(super) fn is_likely(&self) -> bool {
        let has_id = [&self.id, &self.product_id]
            .iter()
            .any(|id| !matches!(id, Scalar::Missing));
        let has_title = !matches!(self.title, Scalar::Missing);
        has_id && !self.has_products && (has_title || !self.variants.entries.is_empty())
    }
}

impl<'de: 'a, 'a> FromObject<'de> for Product<'a> {
    fn from_object<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        let mut product = Self::default();
        while let Some(key) = members.next_key()? {
            match key {
                ProductKey::Id => product.id = members.next_value()?,
                ProductKey::ProductId => product.product_id = members.next_value()?,
                ProductKey::Title => product.title = members.next_value()?,
                ProductKey::Handle => product.handle = members.next_value()?,
                ProductKey::Vendor => product.vendor = members.next_value()?,
                ProductKey::ProductType => product.product_type = members.next_value()?,
                ProductKey::BodyHtml => product.body_html = members.next_value()?,
                ProductKey::CreatedAt => product.created_at = members.next_value()?,
                ProductKey::PublishedAt => product.published_at = members.next_value()?,
                ProductKey::UpdatedAt => product.updated_at = members.next_value()?,
                ProductKey::Tags => product.tags = members.next_value_seed(Texts::Tags)?,
                ProductKey::Options => {
                    product.options = members.next_value_seed(Texts::OptionNames)?;
                }
                ProductKey::Images => product.images = members.next_value_seed(Texts::Images)?,
                ProductKey::Variants => product.variants = members.next_value()?,
                ProductKey::Products => {
                    product.has_products = true;
                    members.next_value::<IgnoredAny>()?;
                }
                ProductKey::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(product)
    }
}

impl<'de: 'a, 'a> FromObject<'de> for Variant<'a> {
    fn from_object<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        let mut variant = Self::default();
        let [option1, option2, option3] = &mut variant.numbered_options;
        while let Some(key) = members.next_key()? {
            match key {
                VariantKey::Id => variant.id = members.next_value()?,
                VariantKey::Title => variant.title = members.next_value()?,
                VariantKey::Sku => variant.sku = members.next_value()?,
                VariantKey::Price => variant.price = members.next_value()?,
                VariantKey::CompareAtPrice => variant.compare_at_price = members.next_value()?,
                VariantKey::Available => variant.available = members.next_value()?,
                VariantKey::InventoryQuantity => {
                    variant.inventory_quantity = members.next_value()?;
                }
                VariantKey::InventoryPolicy => variant.inventory_policy = members.next_value()?,
                VariantKey::InventoryManagement => {
                    variant.inventory_management = members.next_value()?;
                }
                VariantKey::Option1 => *option1 = members.next_value()?,
                VariantKey::Option2 => *option2 = members.next_value()?,
                VariantKey::Option3 => *option3 = members.next_value()?,
                VariantKey::Options => {
                    variant.options = members.next_value_seed(Texts::OptionValues)?;
                }
                VariantKey::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(variant)
    }
}
