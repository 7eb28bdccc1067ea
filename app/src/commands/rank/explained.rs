//! A ranking together with why each of its products has its place.

use anyhow::{Result, bail};
use catalog::Store;
use scoring::explain::Explanation;
use scoring::preset::Method;

use super::chosen::{Chosen, Numbers};
use super::{Ranked, Wanted};
use crate::App;
use crate::scores::{self, Explainable};

/// Ranks products of the store as [`rank_store`](super::rank_store) does, and explains each place.
///
/// The explanations are empty where the preset has none: its contributions say all there is.
pub(crate) async fn rank_explained(
    store: &dyn Store,
    wanted: &Wanted<'_>,
    app: &App,
) -> Result<(Ranked, Vec<Explanation>)> {
    let filter = wanted.filter;
    let Method::Quantiles(settings) = &wanted.preset.method else {
        return Ok((super::rank_store(store, wanted, app).await?, vec![]));
    };
    super::super::warn_of_unknown_shops(filter, store).await?;
    let Explainable { scores, histories } =
        scores::explainable(store, filter, settings, app.clock.now()).await?;
    super::warn_of_unknown_currencies(&scores);
    let chosen = Chosen::of_scores(scores, wanted)?;
    let ids = chosen.ids();
    let ranked = super::with_products(chosen, store, wanted, app).await?;
    let rows = scores::rows_of(store, filter, &ids).await?;
    if rows.len() < ids.len() {
        bail!("products changed while they were ranked; try again");
    }
    let Numbers::Scores(scores) = &ranked.numbers else {
        return Ok((ranked, vec![]));
    };
    let explanations = ranked.top.iter().zip(&rows);
    let explanations = explanations
        .map(|(&index, row)| scores.explain(index, row, &histories))
        .collect();
    Ok((ranked, explanations))
}
