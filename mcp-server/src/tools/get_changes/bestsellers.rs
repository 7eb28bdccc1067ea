//! Moves into the first places of shops' own best-selling orders, and out of them.

use catalog::{
    ObservationFilter, ObservationKind, ObservationOrder, ObservedRow, PlaceMove, PlaceMoves,
};

use super::event::{Event, Kind};
use super::{Call, Question};
use crate::ToolError;

/// So many rows are read at once.
const PAGE_ROWS: usize = 2_000;

/// So many rows are read for one answer: what is a move, only the places before tell.
const MAX_ROWS: usize = 200_000;

/// Gives the moves that are asked for to `take`, and returns what to say of those that are missing.
pub(super) async fn moved(
    question: &Question,
    call: &Call<'_>,
    take: &mut (impl FnMut(Event) + Send),
) -> Result<Option<String>, ToolError> {
    if !question.of.wants(Kind::Bestseller) {
        return Ok(None);
    }
    let store = call.context.data.store().await?;
    let filter = ObservationFilter {
        shops: question.filter.shops.clone(),
        until: Some(question.until),
        kinds: vec![ObservationKind::Ranked],
        ..ObservationFilter::default()
    };
    let mut moves = PlaceMoves::default();
    let (mut after, mut n_read) = (None, 0);
    while n_read < MAX_ROWS {
        let order = ObservationOrder::ByTime;
        let rows = store
            .observed(&filter, order, after.as_ref(), PAGE_ROWS)
            .await?;
        n_read += rows.len();
        for row in &rows {
            let moved = moves.take(&row.observation);
            let moved = moved.filter(|_| row.observation.at >= question.since);
            let event = moved.map(|it| event(row, it));
            let is_wanted = |it: &Event| {
                question
                    .of
                    .passes(&it.product, &it.vendor, &it.product_type)
            };
            event.filter(is_wanted).into_iter().for_each(&mut *take);
        }
        match rows.last() {
            Some(last) if rows.len() == PAGE_ROWS => after = Some(last.key()),
            _ => return Ok(None),
        }
    }
    let hint =
        "there are too many places to read at once: the newest moves are missing; name a shop";
    Ok(Some(hint.to_owned()))
}

fn event(row: &ObservedRow, moved: PlaceMove) -> Event {
    let observation = &row.observation;
    Event {
        at: observation.at,
        product: observation.product.clone(),
        kind: Kind::Bestseller,
        variant: None,
        n_variants: 0,
        price_before: None,
        price_after: None,
        percent: None,
        places: Some((moved.before, moved.after)),
        rank_source: moved.source,
        places_read: moved.n_places,
        title: row.title.clone(),
        vendor: row.vendor.clone(),
        product_type: row.product_type.clone(),
    }
}
