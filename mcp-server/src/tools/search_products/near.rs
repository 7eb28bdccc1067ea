//! Help for a filter whose value no product has: values are compared in full, and few callers know them so.

use catalog::{ProductFilter, SearchOrder, SearchQuery, Store};
use schemars::JsonSchema;
use serde::Serialize;

use super::pages::Found;
use super::question::Question;
use crate::{ToolError, products};

/// What no product has, and what is near to it.
#[derive(Debug, Default)]
pub(super) struct Near {
    /// The filters whose values no product has.
    unknown: Vec<&'static str>,
    values: NearValues,
}

/// Values that shops have, by filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct NearValues {
    near: NearBy,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
struct NearBy {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vendor: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    product_type: Vec<String>,
}

/// Looks for what may have been meant, where nothing was found.
pub(super) async fn near(
    store: &dyn Store,
    question: &Question,
    found: &Found,
) -> Result<Near, ToolError> {
    let mut near = Near::default();
    if !found.is_nothing() {
        return Ok(near);
    }
    let filter = &question.query.filter;
    let by = &mut near.values.near;
    let shops = filter.shops.as_slice();
    if let Some(vendor) = &filter.vendor {
        let only = ProductFilter {
            vendor: Some(vendor.clone()),
            ..ProductFilter::default()
        };
        if is_unknown(store, only, None).await? {
            near.unknown.push("vendor");
            by.vendor = products::near_stored(store, shops, vendor, |it| &it.vendor).await?;
        }
    }
    if let Some(product_type) = &filter.product_type {
        let only = ProductFilter {
            product_type: Some(product_type.clone()),
            ..ProductFilter::default()
        };
        if is_unknown(store, only, None).await? {
            near.unknown.push("product_type");
            by.product_type =
                products::near_stored(store, shops, product_type, |it| &it.product_type).await?;
        }
    }
    if let Some(tag) = &question.query.tag
        && is_unknown(store, ProductFilter::default(), Some(tag.clone())).await?
    {
        near.unknown.push("tag");
    }
    Ok(near)
}

/// Returns whether no product passes this alone.
async fn is_unknown(
    store: &dyn Store,
    filter: ProductFilter,
    tag: Option<String>,
) -> Result<bool, ToolError> {
    let query = SearchQuery {
        text: String::new(),
        tag,
        filter,
        order: SearchOrder::Rank,
    };
    let page = store.search(&query, None, 1).await?;
    Ok(page.rows.is_empty() && page.next.is_none())
}

impl Near {
    /// Says which values no product has.
    pub(super) fn hint(&self) -> Option<String> {
        let fields = self.unknown.join(" and this ");
        let near = match self.is_any() {
            true => "; untrusted.near has such as are near",
            false => "",
        };
        (!fields.is_empty()).then(|| {
            format!("no product has exactly this {fields}, which must be given in full{near}")
        })
    }

    /// Returns what is near, if anything is.
    pub(super) fn told(&self) -> Option<NearValues> {
        self.is_any().then(|| self.values.clone())
    }

    const fn is_any(&self) -> bool {
        let by = &self.values.near;
        !by.vendor.is_empty() || !by.product_type.is_empty()
    }
}
