//! What was seen of one product, gathered from a store: for those who ask about it alone.

use anyhow::Result;
use catalog::{FeatureRow, Popularity, ShopKey, Store};
use scoring::history::Histories;
use scoring::signals::{self, Signal, Watched};

/// Of a longer history the first so many rows count: a hundred variants that sell each day come to that in three years.
const MAX_OBSERVATIONS: usize = 100_000;

/// So many passes are looked through for one that looked at the best sellers.
const MAX_PASSES: usize = 10;

/// Returns the signals of the product of `row`. `histories` has its whole shop's.
pub(crate) async fn signals(
    store: &dyn Store,
    row: &FeatureRow,
    histories: &Histories,
) -> Result<Vec<Signal>> {
    let product = store.product(&row.id).await?;
    let history = store.observations(&row.id, MAX_OBSERVATIONS).await?;
    let popularity = popularity(store, &row.id.shop).await?;
    let watched = Watched {
        row,
        variants: product.as_ref().map_or(&[], |it| &it.variants),
        history: &history,
        popularity: popularity.as_ref(),
    };
    Ok(signals::signals(watched, histories))
}

/// Returns what the newest pass that looked learned of a shop's best sellers.
async fn popularity(store: &dyn Store, shop: &ShopKey) -> Result<Option<Popularity>> {
    let passes = store.crawls(Some(shop), MAX_PASSES).await?;
    Ok(passes.into_iter().find_map(|it| it.notes.popularity))
}
