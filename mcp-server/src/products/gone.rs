//! Whether a product is still in its shop.

use catalog::{ObservationFilter, ObservationKind, ObservationOrder, ProductId, Store, UnixMs};

use crate::ToolError;

/// So many rows of comings and goings are read at once.
const PAGE: usize = 200;
/// So many times at most: a product that came and went more often is taken as it was then.
const MAX_PAGES: usize = 5;

/// Returns since when a product is gone from its shop; `None` for one that is there.
///
/// # Errors
/// When the store fails.
pub(crate) async fn gone_since(
    store: &dyn Store,
    id: &ProductId,
) -> Result<Option<UnixMs>, ToolError> {
    let filter = ObservationFilter {
        product: Some(id.clone()),
        kinds: vec![ObservationKind::Gone, ObservationKind::Back],
        ..ObservationFilter::default()
    };
    let mut last = None;
    for _ in 0..MAX_PAGES {
        let after = last.as_ref().map(catalog::ObservedRow::key);
        let order = ObservationOrder::ByProduct;
        let rows = store.observed(&filter, order, after.as_ref(), PAGE).await?;
        let is_end = rows.len() < PAGE;
        last = rows.into_iter().last().or(last);
        if is_end {
            break;
        }
    }
    let last = last.map(|it| it.observation);
    Ok(last
        .filter(|it| it.kind == ObservationKind::Gone)
        .map(|it| it.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, empty, product, put, put_shop, seen};

    #[tokio::test]
    async fn a_product_is_gone_since_it_was_last_missed_unless_it_came_back() {
        let (store, _) = empty().await;
        put_shop(store.as_ref(), "lamps.example", "EUR").await;
        let there = product("lamps.example", 1, "there", "1.00 EUR", true);
        let gone = product("lamps.example", 2, "gone", "1.00 EUR", true);
        let back = product("lamps.example", 3, "back", "1.00 EUR", true);
        let went = |it, day| seen(it, ObservationKind::Gone, day);
        let came = |it, day| seen(it, ObservationKind::Back, day);
        put(store.as_ref(), &there, vec![]).await;
        let twice = vec![
            went(&gone, "2026-11-03"),
            came(&gone, "2026-11-04"),
            went(&gone, "2026-11-05"),
        ];
        put(store.as_ref(), &gone, twice).await;
        let returned = vec![went(&back, "2026-11-03"), came(&back, "2026-11-04")];
        put(store.as_ref(), &back, returned).await;
        for (product, since) in [
            (&there, None),
            (&gone, Some(at("2026-11-05"))),
            (&back, None),
        ] {
            assert_eq!(gone_since(store.as_ref(), &product.id).await, Ok(since));
        }
    }
}
