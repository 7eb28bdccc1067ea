//! What was seen of single products over time, gathered from a store, and how it is said.

use std::collections::HashMap;

use anyhow::Result;
use catalog::{FeatureRow, Popularity, ShopKey, Store};
use scoring::history::Histories;
use scoring::signals::{self, Signal, Watched};

/// Of a longer history the first so many rows count: a hundred variants that sell each day come to that in three years.
const MAX_OBSERVATIONS: usize = 100_000;

/// So many passes are looked through for one that looked at the best sellers.
const MAX_PASSES: usize = 10;

/// Of a list the signals of so many products are gathered: each costs a look at its whole history.
const MAX_PRODUCTS: usize = 100;

/// Returns the signals of the product of `row`. `histories` has its whole shop's.
pub(crate) async fn signals(
    store: &dyn Store,
    row: &FeatureRow,
    histories: &Histories,
) -> Result<Vec<Signal>> {
    let popularity = popularity(store, &row.id.shop).await?;
    of_one(store, row, histories, popularity.as_ref()).await
}

/// Returns the signals of the first 100 products of `rows`, row by row; none of a product that was seen and never moved.
pub(crate) async fn signals_of_first(
    store: &dyn Store,
    rows: &[FeatureRow],
    histories: &Histories,
) -> Result<Vec<Vec<Signal>>> {
    let mut looks: HashMap<&ShopKey, Option<Popularity>> = HashMap::new();
    let mut all = Vec::new();
    for row in rows.iter().take(MAX_PRODUCTS) {
        if !histories.has(&row.id) {
            all.push(Vec::new());
            continue;
        }
        let shop = &row.id.shop;
        if !looks.contains_key(shop) {
            looks.insert(shop, popularity(store, shop).await?);
        }
        let look = looks.get(shop).and_then(Option::as_ref);
        all.push(of_one(store, row, histories, look).await?);
    }
    Ok(all)
}

async fn of_one(
    store: &dyn Store,
    row: &FeatureRow,
    histories: &Histories,
    popularity: Option<&Popularity>,
) -> Result<Vec<Signal>> {
    let product = store.product(&row.id).await?;
    let history = store.observations(&row.id, MAX_OBSERVATIONS).await?;
    let watched = Watched {
        row,
        variants: product.as_ref().map_or(&[], |it| &it.variants),
        history: &history,
        popularity,
    };
    Ok(signals::signals(watched, histories))
}

/// Returns `place 7`, `4.5 days`, or a dash.
pub(crate) fn value_words(signal: &Signal) -> String {
    let Some(value) = signal.value else {
        return "–".to_owned();
    };
    let number = match signal.unit {
        "days" => format!("{value:.1}"),
        "places" => format!("{value:+.0}"),
        _ => format!("{value:.0}"),
    };
    match signal.unit {
        "place" => format!("place {number}"),
        units if matches!(number.as_str(), "1" | "+1" | "-1") => {
            format!("{number} {}", units.trim_end_matches('s'))
        }
        units => format!("{number} {units}"),
    }
}

/// Returns what the newest pass that looked learned of a shop's best sellers.
pub(crate) async fn popularity(store: &dyn Store, shop: &ShopKey) -> Result<Option<Popularity>> {
    let passes = store.crawls(Some(shop), MAX_PASSES).await?;
    Ok(passes.into_iter().find_map(|it| it.notes.popularity))
}
