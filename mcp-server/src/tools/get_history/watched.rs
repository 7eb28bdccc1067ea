//! A product's history, read as far as it is asked for.

use catalog::{
    Observation, ObservationFilter, ObservationKind, ObservationOrder, Product, ProductRow, Store,
    UnixMs,
};

use super::{Arguments, Call};
use crate::moments::{Edge, moment, shown_date};
use crate::{ToolError, products};

/// So many rows of a history are read.
pub(super) const MAX_ROWS: usize = 20_000;

/// A product with all that is known of the time in question.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) row: ProductRow,
    pub(super) product: Product,
    pub(super) since: Option<UnixMs>,
    pub(super) gone_since: Option<UnixMs>,
    /// From `span.0` on, oldest first.
    pub(super) rows: Vec<Observation>,
    pub(super) is_cut: bool,
    pub(super) span: (UnixMs, UnixMs),
}

pub(super) async fn watched(
    row: ProductRow,
    arguments: &Arguments,
    call: &Call<'_>,
) -> Result<Watched, ToolError> {
    let now = (call.context.now)();
    let store = call.context.data.store().await?;
    let forgotten = || ToolError::new("not_found", "the product was forgotten meanwhile");
    let product = store.product(&row.id).await?.ok_or_else(forgotten)?;
    let first = store.observations(&row.id, 1).await?.pop();
    let first_seen = first.as_ref().map(|it| it.at);
    let asked = match &arguments.from {
        Some(from) => Some(moment("from", from, Edge::First, now)?),
        None => None,
    };
    let until = match &arguments.to {
        Some(to) => Some(moment("to", to, Edge::Behind, now)?),
        None => None,
    };
    if let (Some(from), Some(until)) = (asked, until)
        && from >= until
    {
        return Err(turned_round(from, until));
    }
    let from = asked.max(first_seen).unwrap_or(row.crawled_at);
    let (rows, is_cut) = rows(store, &row, from).await?;
    let last_seen = rows.last().map(|it| it.at).max(Some(row.crawled_at));
    // What held when the shop was last read is known of that very moment.
    let known_until = UnixMs::new(last_seen.unwrap_or(row.crawled_at).ms() + 1);
    let to = until.unwrap_or(known_until).min(known_until);
    if from >= to {
        let next = format!("get_history {{\"id\":\"{}\"}}", products::reference(&row));
        return Err(nothing_known(arguments, first_seen, known_until).next(next));
    }
    let since = first.filter(|it| it.kind == ObservationKind::New);
    Ok(Watched {
        gone_since: products::gone_since(store, &row.id).await?,
        since: since.map(|it| it.at),
        span: (from, to),
        row,
        product,
        rows,
        is_cut,
    })
}

/// Returns a product's rows from a time on, oldest first, and whether there are more.
async fn rows(
    store: &dyn Store,
    row: &ProductRow,
    since: UnixMs,
) -> Result<(Vec<Observation>, bool), ToolError> {
    let filter = ObservationFilter {
        product: Some(row.id.clone()),
        since: Some(since),
        ..ObservationFilter::default()
    };
    let order = ObservationOrder::ByProduct;
    let rows = store.observed(&filter, order, None, MAX_ROWS).await?;
    let is_cut = rows.len() == MAX_ROWS;
    Ok((rows.into_iter().map(|it| it.observation).collect(), is_cut))
}

fn turned_round(from: UnixMs, until: UnixMs) -> ToolError {
    let to = UnixMs::new(until.ms() - 1);
    ToolError::invalid("from", format!("from is {from}, which is after to, {to}"))
        .nearest(vec![shown_date(to)])
        .next(format!(
            "call again with \"from\":\"{}\",\"to\":\"{}\"",
            shown_date(to),
            shown_date(from)
        ))
}

fn nothing_known(arguments: &Arguments, first: Option<UnixMs>, until: UnixMs) -> ToolError {
    let field = match arguments.from {
        Some(_) => "from",
        None => "to",
    };
    let first = first.map_or_else(|| shown_date(until), shown_date);
    let last = UnixMs::new(until.ms() - 1);
    let message =
        format!("nothing is known of this time: the product is watched from {first} to {last}");
    ToolError::invalid(field, message).nearest(vec![first])
}
