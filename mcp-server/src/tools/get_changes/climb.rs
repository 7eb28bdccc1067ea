//! Places won between two rankings, which no observation tells of.

use catalog::{RankedRow, RankingHead, UnixMs};

use super::event::{Event, Kind};
use super::{Call, Question};
use crate::ToolError;

/// What was compared.
#[derive(Debug, Default)]
pub(super) struct Climbed {
    pub(super) between: Option<[String; 2]>,
    pub(super) hint: Option<String>,
}

/// Gives the products to `take` that won places between the newest ranking before the time in question, else the
/// oldest within it, and the newest at its end; of one preset.
pub(super) async fn climbed(
    question: &Question,
    call: &Call<'_>,
    take: &mut (impl FnMut(Event) + Send),
) -> Result<Climbed, ToolError> {
    if !question.of.wants(Kind::Climbing) {
        return Ok(Climbed::default());
    }
    let store = call.context.data.store().await?;
    let rankings = call.context.data.rankings();
    let heads = rankings.heads(store).await?;
    let Some((before, latest)) = compared(&heads, question) else {
        return Ok(Climbed {
            between: None,
            hint: Some(
                "climbing needs two rankings of one preset: trouvaille rank makes one".to_owned(),
            ),
        });
    };
    let is_newest = heads.first() == Some(latest);
    let newest = rankings.of_head(store, latest.clone(), is_newest).await?;
    let earlier = rankings.of_head(store, before.clone(), false).await?;
    let (Some(newest), Some(earlier)) = (newest, earlier) else {
        return Ok(Climbed::default());
    };
    for row in &newest.ranking.rows {
        let product = &row.product;
        let rank_before = earlier.place_of(&product.id).map(|it| it.rank);
        let has_won = rank_before.is_none_or(|before| row.rank < before);
        let (vendor, product_type) = (&product.vendor, &product.product_type);
        if has_won && question.of.passes(&product.id, vendor, product_type) {
            take(event(row, rank_before, newest.ranking.at));
        }
    }
    let is_other_formula = newest.formula != earlier.formula;
    Ok(Climbed {
        between: Some([earlier.run_id(), newest.run_id()]),
        hint: is_other_formula.then(|| {
            "the weights changed between the two rankings: places may be won by that alone"
                .to_owned()
        }),
    })
}

/// Returns the rankings to compare, the earlier one first; `heads` are all, newest first.
fn compared<'a>(
    heads: &'a [RankingHead],
    question: &Question,
) -> Option<(&'a RankingHead, &'a RankingHead)> {
    let latest = heads.iter().find(|it| it.at < question.until)?;
    let mut earlier = heads
        .iter()
        .filter(|it| it.preset == latest.preset && it.at < latest.at);
    let oldest = earlier.clone().next_back();
    let before = earlier.find(|it| it.at <= question.since).or(oldest)?;
    Some((before, latest))
}

fn event(row: &RankedRow, rank_before: Option<u32>, at: UnixMs) -> Event {
    let product = &row.product;
    Event {
        at,
        product: product.id.clone(),
        kind: Kind::Climbing,
        variant: None,
        n_variants: 0,
        price_before: None,
        price_after: None,
        percent: None,
        places: Some((rank_before, Some(row.rank))),
        rank_source: None,
        places_read: None,
        title: product.title.clone(),
        vendor: product.vendor.clone(),
        product_type: product.product_type.clone(),
    }
}
