//! A product in the storefront endpoint's own shape and field order.

use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Product<'a> {
    pub(super) id: u64,
    pub(super) title: &'a str,
    pub(super) handle: &'a str,
    pub(super) body_html: Option<String>,
    pub(super) published_at: Option<String>,
    pub(super) created_at: &'a str,
    pub(super) updated_at: &'a str,
    pub(super) vendor: &'a str,
    pub(super) product_type: &'a str,
    pub(super) tags: Vec<String>,
    pub(super) variants: Vec<Variant<'a>>,
    pub(super) images: Vec<Image<'a>>,
    pub(super) options: Vec<ProductOption<'a>>,
}

#[derive(Serialize)]
pub(super) struct Variant<'a> {
    pub(super) id: u64,
    pub(super) title: String,
    pub(super) option1: &'a str,
    pub(super) option2: Option<&'a str>,
    pub(super) option3: Option<&'a str>,
    pub(super) sku: Option<String>,
    pub(super) requires_shipping: bool,
    pub(super) taxable: bool,
    pub(super) featured_image: Option<Image<'a>>,
    pub(super) available: bool,
    pub(super) price: String,
    pub(super) grams: u32,
    pub(super) compare_at_price: Option<String>,
    pub(super) position: usize,
    pub(super) product_id: u64,
    pub(super) created_at: &'a str,
    pub(super) updated_at: &'a str,
}

#[derive(Serialize, Clone)]
pub(super) struct Image<'a> {
    pub(super) id: u64,
    pub(super) created_at: &'a str,
    pub(super) position: usize,
    pub(super) updated_at: &'a str,
    pub(super) product_id: u64,
    pub(super) variant_ids: Vec<u64>,
    pub(super) src: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) height: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct ProductOption<'a> {
    pub(super) name: &'a str,
    pub(super) position: usize,
    pub(super) values: Vec<&'a str>,
}
