//! What a caller asks for, as a store understands it.

use catalog::{ProductFilter, SearchQuery, Store};

use super::Arguments;
use crate::{ToolError, products};

/// What to look for.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) query: SearchQuery,
    /// Whether only what cannot be bought is looked for: no store filters by that.
    pub(super) only_sold_out: bool,
}

/// Returns what to look for.
pub(super) async fn question(
    store: &dyn Store,
    arguments: &Arguments,
) -> Result<Question, ToolError> {
    let filled = |text: &Option<String>| text.clone().filter(|it| !it.trim().is_empty());
    let mut shops = Vec::new();
    if let Some(shop) = filled(&arguments.shop) {
        shops.push(products::shop(store, "shop", &shop).await?);
    }
    let currency = match filled(&arguments.currency) {
        Some(code) => Some(products::currency(store, "search_products", &code).await?),
        None => None,
    };
    if let (Some(least), Some(most)) = (arguments.price_min, arguments.price_max)
        && least > most
    {
        let message = format!("price_min is {least}, above price_max, which is {most}");
        return Err(ToolError::invalid("price_min", message)
            .nearest(vec![most.to_string()])
            .next(format!(
                "call again with \"price_min\":{most},\"price_max\":{least}"
            )));
    }
    let query = SearchQuery {
        text: arguments.query.clone().unwrap_or_default(),
        tag: filled(&arguments.tag),
        filter: ProductFilter {
            shops,
            product_type: filled(&arguments.product_type),
            vendor: filled(&arguments.vendor),
            currency,
            in_stock: arguments.in_stock == Some(true),
            price_min: arguments.price_min,
            price_max: arguments.price_max,
        },
        order: arguments.sort.order(),
    };
    Ok(Question {
        query,
        only_sold_out: arguments.in_stock == Some(false),
    })
}
