//! A ranking together with why each of its products has its place.

use anyhow::{Result, bail};
use catalog::Store;
use scoring::explain::Explanation;
use scoring::preset::Method;
use scoring::signals::Signal;

use super::chosen::{Chosen, Numbers};
use super::{Ranked, Wanted};
use crate::App;
use crate::scores::{self, Explainable};
use crate::seen;

/// Why each product of a list has its place, row by row; nothing where the preset says no more than its contributions.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    pub(crate) explanations: Vec<Explanation>,
    /// What was seen of each of the first 100 products over time; none of one that never moved.
    pub(crate) signals: Vec<Vec<Signal>>,
}

/// Ranks products of the store as [`rank_store`](super::rank_store) does, and explains each place.
pub(crate) async fn rank_explained(
    store: &dyn Store,
    wanted: &Wanted<'_>,
    app: &App,
) -> Result<(Ranked, Reasons)> {
    let filter = wanted.filter;
    let Method::Quantiles(settings) = &wanted.preset.method else {
        let ranked = super::rank_store(store, wanted, app).await?;
        return Ok((ranked, Reasons::default()));
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
        return Ok((ranked, Reasons::default()));
    };
    let explanations = ranked.top.iter().zip(&rows);
    let explanations = explanations.map(|(&index, row)| scores.explain(index, row, &histories));
    let reasons = Reasons {
        explanations: explanations.collect(),
        signals: seen::signals_of_first(store, &rows, &histories).await?,
    };
    Ok((ranked, reasons))
}
