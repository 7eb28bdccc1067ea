//! The fact sheets of a shop, of the last days, and of a ranking.

use anyhow::{Context, Result};
use catalog::{Language, Ranking, ShopKey, Store, StoreError, UnixMs};
use summarizer::facts::{FactSheet, load};

use crate::{App, previous};

/// How long ago a change may be: 7 days.
const CHANGES_MS: i64 = 7 * 24 * 3_600_000;

/// Returns what is known of a shop.
pub(super) async fn shop(
    key: &ShopKey,
    languages: &[Language],
    store: &dyn Store,
    app: &App,
) -> Result<Vec<FactSheet>> {
    let (ranking, since) = (store.latest_ranking().await?, since(app.clock.now()));
    let sheets = load::shop_sheets(store, key, ranking.as_ref(), since, languages).await?;
    sheets.with_context(|| {
        format!(
            "no shop {} in {}; `trouvaille shops list` lists them",
            key.shown(),
            store.location()
        )
    })
}

/// Returns what changed in the last 7 days.
pub(super) async fn changes(
    languages: &[Language],
    store: &dyn Store,
    app: &App,
) -> Result<Vec<FactSheet>> {
    let until = app.clock.now();
    Ok(load::changes_sheets(store, since(until), until, languages).await?)
}

/// Returns what is known of the first `k` places of a ranking, compared with the one before it.
pub(crate) async fn top_k(
    mut ranking: Ranking,
    k: Option<usize>,
    languages: &[Language],
    store: &dyn Store,
    now: UnixMs,
) -> Result<Vec<FactSheet>, StoreError> {
    let shops = store.shops().await?;
    let mut previous = previous::ranking(store, &ranking, &shops).await?;
    if let Some(k) = k {
        if k < ranking.rows.len() {
            // How sure the whole list is says nothing of its beginning.
            ranking.stability = None;
        }
        ranking.rows.truncate(k);
        if let Some(previous) = &mut previous {
            previous.rows.truncate(k);
        }
    }
    load::top_k_sheets(store, &ranking, previous.as_ref(), since(now), languages).await
}

fn since(now: UnixMs) -> UnixMs {
    UnixMs::new(now.ms().saturating_sub(CHANGES_MS))
}
