//! Reads histories from the newest to the oldest, so much at most: a store may hold more changes than anybody waits for.

use std::time::Duration;

use catalog::{ObservationFilter, ObservationOrder, Store, UnixMs};
use tokio::time::Instant;

use super::Question;
use super::event::{Event, Of, add_row};
use crate::ToolError;
use crate::moments::DAY_MS;

/// So many rows are read at once.
const PAGE_ROWS: usize = 2_000;
/// So many rows are read for one answer.
const MAX_ROWS: usize = 200_000;
/// So long is read for one answer.
const MAX_TIME: Duration = Duration::from_secs(5);

/// How much of the time in question was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scanned {
    /// From then on everything; `None` where that is all, or no stretch of time was read whole.
    pub(super) complete_since: Option<UnixMs>,
    /// Whether something is missing.
    pub(super) is_cut: bool,
}

/// What may still be read.
#[derive(Debug)]
struct Left {
    rows: usize,
    until: Instant,
}

/// Gives every change that is asked for to `take`, in stretches of time from the newest to the oldest.
pub(super) async fn scan(
    store: &dyn Store,
    question: &Question,
    take: &mut (impl FnMut(Event) + Send),
) -> Result<Scanned, ToolError> {
    scan_within(store, question, take, MAX_ROWS).await
}

pub(super) async fn scan_within(
    store: &dyn Store,
    question: &Question,
    take: &mut (impl FnMut(Event) + Send),
    max_rows: usize,
) -> Result<Scanned, ToolError> {
    if question.filter.kinds.is_empty() {
        return Ok(Scanned::default());
    }
    let mut left = Left {
        rows: max_rows,
        until: Instant::now() + MAX_TIME,
    };
    let (mut until, mut span_ms) = (question.until, DAY_MS);
    while until > question.since {
        let since = UnixMs::new(until.ms().saturating_sub(span_ms)).max(question.since);
        let stretch = ObservationFilter {
            since: Some(since),
            until: Some(until),
            ..question.filter.clone()
        };
        let before = left.rows;
        if !stretch_of(store, &stretch, &question.of, take, &mut left).await? {
            return Ok(Scanned {
                complete_since: (until < question.until).then_some(until),
                is_cut: true,
            });
        }
        // Long quiet times are one question to the store, busy days several.
        span_ms = match before - left.rows {
            ..PAGE_ROWS => span_ms.saturating_mul(2),
            n if n > 10 * PAGE_ROWS => (span_ms / 2).max(DAY_MS / 24),
            _ => span_ms,
        };
        until = since;
    }
    Ok(Scanned::default())
}

/// Returns whether all of it was read.
async fn stretch_of(
    store: &dyn Store,
    filter: &ObservationFilter,
    of: &Of,
    take: &mut (impl FnMut(Event) + Send),
    left: &mut Left,
) -> Result<bool, ToolError> {
    let mut after = None;
    let mut events: Vec<Event> = Vec::new();
    loop {
        let n_asked = PAGE_ROWS.min(left.rows);
        if n_asked == 0 || Instant::now() > left.until {
            events.drain(..).for_each(take);
            return Ok(false);
        }
        let order = ObservationOrder::ByTime;
        let rows = store
            .observed(filter, order, after.as_ref(), n_asked)
            .await?;
        left.rows -= rows.len();
        for row in &rows {
            let seen = &row.observation;
            if events
                .first()
                .is_some_and(|it| it.at != seen.at || it.product != seen.product)
            {
                events.drain(..).for_each(&mut *take);
            }
            if of.passes(&seen.product, &row.vendor, &row.product_type) {
                add_row(&mut events, row, of);
            }
        }
        if rows.len() < n_asked {
            events.drain(..).for_each(take);
            return Ok(true);
        }
        after = rows.last().map(catalog::ObservedRow::key);
    }
}
