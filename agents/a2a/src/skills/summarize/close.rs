//! The last item of a task: what all others wrote becomes artifacts, and the task ends.

use std::io::Write;

use catalog::{ClaimedItem, Cost, ItemEnd, StoreError, Summary, SummarySource};
use serde_json::{Value, json};
use summarizer::brief::markdown;
use summarizer::facts::FactSheet;
use tokio_util::sync::CancellationToken;

use super::outcome::{Asked, counts, ends, verdict};
use super::plan::CloseWork;
use super::progress::used;
use crate::Context;
use crate::skills::packed::{Packed, failed};
use crate::skills::results::{artifact, data, end, within};
use crate::skills::words::one_line;
use crate::skills::work_of;

/// The longest list of what was left, and of texts beside the whole list, in bytes of JSON.
const MAX_LEFT_BYTES: usize = 16 << 10;
const MAX_TEXT_BYTES: usize = 64 << 10;

pub(super) async fn run(
    claimed: &ClaimedItem,
    context: &Context,
    cancel: &CancellationToken,
) -> Result<ItemEnd, StoreError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Ok(ItemEnd::Unfinished),
        closed = close(claimed, context) => closed.map(ItemEnd::Done),
    }
}

/// Writes everything anew, whatever an earlier attempt wrote, and ends the task.
async fn close(claimed: &ClaimedItem, context: &Context) -> Result<Value, StoreError> {
    let work = work_of::<CloseWork>(&claimed.item.payload).unwrap_or_default();
    let items = context.tasks.items(&claimed.item.task).await?;
    let asked = ends(&work, &items);
    let (state, note) = verdict(&asked);
    if asked.iter().any(Asked::is_there) {
        let parts = summaries(&asked, claimed, context).await?;
        let what =
            "The summaries, one a line with its claims and their facts; and their texts alone.";
        artifact("summaries", what, parts, claimed, context).await?;
    }
    if !work.briefs.is_empty() {
        let parts = briefs(&work.briefs, context).await?;
        let what = "What wins, why and what changed, in Markdown, each sentence with its facts.";
        artifact("brief", what, parts, claimed, context).await?;
    }
    let figures = figures(&asked, claimed, context).await?;
    let what = "How many were written, kept, made without a model and left, and what that took.";
    artifact("summary", what, vec![data(&figures)], claimed, context).await?;
    end(state, note, claimed, context).await?;
    Ok(json!({ "state": state.name() }))
}

/// Writes the list of summaries, and returns the parts that lead to it and show what fits into a task's JSON.
async fn summaries(
    asked: &[Asked],
    claimed: &ClaimedItem,
    context: &Context,
) -> Result<Vec<Value>, StoreError> {
    let mut list = Packed::new("summaries.ndjson", "application/x-ndjson");
    let mut out = list.writer();
    let mut n_rows = 0;
    let mut texts = Vec::new();
    for it in asked.iter().filter(|it| it.is_there()) {
        let found = context.store.summary(&it.subject, it.language.code());
        let Some(summary) = found.await? else {
            continue;
        };
        let line = json!(summary).to_string();
        writeln!(out, "{line}").map_err(|error| failed(context, &error))?;
        list.store(claimed, context).await?;
        n_rows += 1;
        texts.push(text(&summary));
    }
    let n_texts = texts.len();
    let texts = within(texts, MAX_TEXT_BYTES);
    let texts = json!({ "leftOut": n_texts - texts.len(), "summaries": texts });
    Ok(vec![
        list.finish(n_rows, claimed, context).await?,
        data(&texts),
    ])
}

/// Returns the briefs, one for each language, also those whose summary was left: their facts are there all the same.
async fn briefs(sheets: &[FactSheet], context: &Context) -> Result<Vec<Value>, StoreError> {
    let mut parts = Vec::new();
    for sheet in sheets {
        let summary = context.store.summary(&sheet.subject, sheet.language.code());
        let text = markdown(sheet, summary.await?.as_ref());
        parts.push(json!({ "text": text, "mediaType": "text/markdown" }));
    }
    Ok(parts)
}

/// Returns a summary without what it stands on.
fn text(summary: &Summary) -> Value {
    let (kind, model) = match &summary.source {
        SummarySource::Llm(written) => ("llm", Some(&written.model)),
        SummarySource::Extractive { .. } => ("extractive", None),
    };
    json!({
        "subject": summary.subject,
        "language": summary.language,
        "kind": kind,
        "model": model,
        "headline": summary.headline,
        "text": summary.text,
        "cautions": summary.cautions,
        "at": summary.at,
    })
}

/// Returns the data of the artifact `summary`.
async fn figures(
    asked: &[Asked],
    claimed: &ClaimedItem,
    context: &Context,
) -> Result<Value, StoreError> {
    let meter = used(claimed, context).await?;
    let price = (context.summaries.endpoint.as_ref()).and_then(|it| it.price().cloned());
    let cost = price.map(|price| Cost {
        nanos: meter.cost_nanos,
        currency: price.currency,
    });
    let passed_ms = (context.now)().ms() - claimed.task.created_at.ms();
    let left: Vec<Value> = asked.iter().filter_map(left).collect();
    let n_left = left.len();
    let left = within(left, MAX_LEFT_BYTES);
    Ok(json!({
        "partial": n_left > 0,
        "counts": counts(asked),
        "requests": meter.requests,
        "tokens": meter.tokens,
        "cost": cost,
        "ms": passed_ms.max(0),
        "leftLeftOut": n_left - left.len(),
        "left": left,
    }))
}

fn left(asked: &Asked) -> Option<Value> {
    let summarizer::End::Left(why) = &asked.end else {
        return None;
    };
    Some(json!({
        "subject": asked.subject,
        "language": asked.language,
        "code": why.code,
        "detail": one_line(&why.detail, 240),
    }))
}
