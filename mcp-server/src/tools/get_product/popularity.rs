//! A product's place in its shop's best-selling order, as it was seen last.

use catalog::{
    Certainty, ObservationFilter, ObservationKind, ObservationOrder, ProductId, Store, UnixMs,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::ToolError;

/// So many rows are read at once; years of one product, thinned out.
const PAGE_ROWS: usize = 2_000;

/// So many passes are looked through for one that looked.
const MAX_PASSES: usize = 10;

/// The place, or that there is none.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PopularityLine {
    /// observed, estimated or unavailable
    certainty: &'static str,
    /// The place in the shop's own best-selling order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    place: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    source: Option<&'static str>,
    /// When it was last seen at this place, or when nobody found one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    at: Option<UnixMs>,
}

impl PopularityLine {
    /// Returns the place of `id` by the source that the newest pass read.
    pub(super) async fn of(store: &dyn Store, id: &ProductId) -> Result<Self, ToolError> {
        let passes = store.crawls(Some(&id.shop), MAX_PASSES).await?;
        let mut looks = passes.into_iter().filter_map(|it| it.notes.popularity);
        let newest = looks.next();
        let filter = ObservationFilter {
            product: Some(id.clone()),
            kinds: vec![ObservationKind::Ranked],
            ..ObservationFilter::default()
        };
        let (mut last, mut after) = (None, None);
        loop {
            let order = ObservationOrder::ByProduct;
            let mut rows = store
                .observed(&filter, order, after.as_ref(), PAGE_ROWS)
                .await?;
            let is_end = rows.len() < PAGE_ROWS;
            last = rows.pop().or(last);
            if is_end {
                break;
            }
            after = last.as_ref().map(catalog::ObservedRow::key);
        }
        let seen = last.map(|it| it.observation);
        // What an earlier source said has nothing to do with the order of now.
        let is_of_now = |source| {
            newest
                .as_ref()
                .is_none_or(|it| it.source.is_none() || it.source == source)
        };
        let lost = seen.clone().filter(catalog::Observation::lost_its_place);
        let lost_source = lost.as_ref().and_then(|it| it.source);
        Ok(
            match seen.filter(|it| it.rank.is_some() && is_of_now(it.source)) {
                Some(seen) => Self {
                    // A place that did not move is not observed anew: the newest look that got as far saw it.
                    at: newest
                        .iter()
                        .cloned()
                        .chain(looks)
                        .find(|it| {
                            it.source == seen.source && it.n_places >= seen.rank.unwrap_or(0).into()
                        })
                        .map(|it| it.at)
                        .max(Some(seen.at)),
                    certainty: seen
                        .source
                        .map_or(Certainty::Observed, |it| it.certainty())
                        .name(),
                    place: seen.rank,
                    source: seen.source.map(|it| it.name()),
                },
                None => Self {
                    certainty: Certainty::Unavailable.name(),
                    place: None,
                    source: newest
                        .as_ref()
                        .map_or(lost_source, |it| it.source)
                        .map(|it| it.name()),
                    at: newest.map(|it| it.at).or(lost.map(|it| it.at)),
                },
            },
        )
    }
}
