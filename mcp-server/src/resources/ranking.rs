//! Rankings as documents: JSON as `get_top_products` answers, and the CSV that `trouvaille rank` writes.

use std::sync::Arc;

use catalog::csv::{Format, write_top_k};
use catalog::{ProductRow, RankedRow, Ranking};
use serde_json::json;

use super::address::Run;
use super::{answer_of, not_found};
use crate::rankings::Standings;
use crate::tools::Call;
use crate::untrusted;
use crate::{ToolError, economy, run_id};

/// So many places are written as CSV, of which as many are kept as an answer may hold.
const MAX_CSV_ROWS: usize = 500;

/// So many places are asked for in JSON; how many fit is the tool's to say.
const MAX_JSON_ROWS: usize = 100;

/// Returns a ranking as `get_top_products` answers.
pub(super) async fn json(run: &Run, call: &Call<'_>) -> Result<String, ToolError> {
    let arguments = match run {
        Run::Latest => json!({ "k": MAX_JSON_ROWS }),
        Run::Named(id) => {
            let (at, preset) = run_id::parse(id).ok_or_else(not_found)?;
            // The newest one until its time: that is itself.
            json!({ "k": MAX_JSON_ROWS, "as_of": at, "preset": preset })
        }
    };
    let answer = answer_of("get_top_products", arguments, call).await?;
    match run {
        Run::Named(id) if answer["run_id"] != *id.as_str() => Err(not_found()),
        _ => Ok(answer.to_string()),
    }
}

/// Returns the first places of a ranking as CSV, as many as an answer may hold, strangers' texts cleaned.
pub(super) async fn csv(run: &Run, call: &Call<'_>) -> Result<String, ToolError> {
    let standings = standings(run, call).await?;
    let written = tokio::task::spawn_blocking(move || {
        let mut out = Vec::new();
        write_top_k(&shown(&standings.ranking), Format::Csv, &mut out).ok()?;
        let mut csv = String::from_utf8(out).ok()?;
        csv.truncate(fitting(&csv));
        Some(csv)
    });
    let failed = || ToolError::new("internal", "the ranking cannot be written as CSV");
    written.await.map_err(|_| failed())?.ok_or_else(failed)
}

/// Returns where the last row ends that an answer has room for. Cleaned texts have no line breaks: a line is a row.
fn fitting(csv: &str) -> usize {
    let mut room = economy::MOST_TOKENS;
    let mut end = 0;
    for line in csv.split_inclusive('\n') {
        let Some(left) = room.checked_sub(economy::tokens(line)) else {
            break;
        };
        room = left;
        end += line.len();
    }
    end
}

async fn standings(run: &Run, call: &Call<'_>) -> Result<Arc<Standings>, ToolError> {
    let data = &call.context.data;
    match run {
        Run::Latest => data.latest_ranking().await,
        Run::Named(id) => {
            let store = data.store().await?;
            let found = data.rankings().by_run_id(store, id).await?;
            found.ok_or_else(not_found)
        }
    }
}

fn shown(ranking: &Ranking) -> Ranking {
    let rows = ranking.rows.iter().take(MAX_CSV_ROWS);
    let rows = rows.map(|row| RankedRow {
        product: shown_row(&row.product),
        ..row.clone()
    });
    Ranking {
        rows: rows.collect(),
        preset: ranking.preset.clone(),
        features: ranking.features.clone(),
        weights: ranking.weights.clone(),
        filter: None,
        ..*ranking
    }
}

fn shown_row(row: &ProductRow) -> ProductRow {
    let shop = &row.id.shop;
    ProductRow {
        title: untrusted::name(&row.title),
        handle: Some(row.handle.clone())
            .filter(|it| untrusted::is_plain(it))
            .unwrap_or_default(),
        vendor: untrusted::name(&row.vendor),
        product_type: untrusted::name(&row.product_type),
        url: untrusted::url(row).unwrap_or_default(),
        image_url: untrusted::image(&row.image_url, shop).unwrap_or_default(),
        ..row.clone()
    }
}
