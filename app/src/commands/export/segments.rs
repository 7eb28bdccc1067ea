//! `export segments`: groups of similar products, and products that stand alone.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use catalog::csv::{self, Cell, Format};
use catalog::{ProductFilter, ProductId, ProductRow, Store};
use clap::Args;
use scoring::Analysis;
use scoring::classic;
use scoring::kmeans::DEFAULT_K;
use scoring::matrix::Matrix;
use scoring::outliers::{Outliers, outliers};
use scoring::preset::Method;
use scoring::segments::{Segments, segments};

use super::blocks::{BLOCK_ROWS, write_blocks};
use crate::App;
use crate::commands::rank;
use crate::output::{counted, percent};
use crate::presets;
use crate::scores;

/// The most segments: more are no overview.
const MAX_SEGMENTS: u32 = 50;

const COLUMNS: [&str; 10] = [
    "product_id",
    "shop",
    "title",
    "segment",
    "description",
    "score",
    "distance_to_centre",
    "neighbour_distance",
    "is_outlier",
    "stands_out",
];

#[derive(Debug, Args)]
#[command(next_help_heading = "Segments")]
pub(super) struct SegmentArgs {
    /// segments: the way to score, "balanced", "classic" or a preset's file [default: balanced]
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
    /// segments: how many there are at most [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SEGMENTS)))]
    segments: Option<u32>,
}

impl SegmentArgs {
    pub(super) const fn is_given(&self) -> bool {
        self.preset.is_some() || self.segments.is_some()
    }
}

/// Products in the order of their ids, as numbers.
struct Numbers {
    ids: Vec<ProductId>,
    scores: Vec<f64>,
    matrix: Matrix,
}

/// What was found out about the products.
struct Found {
    ids: Vec<ProductId>,
    scores: Vec<f64>,
    analysis: Analysis,
    segments: Segments,
    outliers: Outliers,
}

/// Writes each product with its segment, and returns the number of rows.
pub(super) async fn write(
    store: &dyn Store,
    args: &SegmentArgs,
    filter: &ProductFilter,
    format: Format,
    path: &Path,
    app: &App,
) -> Result<usize> {
    let preset = presets::preset(app, args.preset.as_deref())?;
    let numbers = numbers(store, &preset.method, filter, app).await?;
    if numbers.ids.is_empty() {
        return Err(super::no_products(store, filter));
    }
    let k = args.segments.map_or(DEFAULT_K, |it| it as usize);
    let finding = tokio::task::spawn_blocking(move || Found::of(numbers, k));
    let found = finding.await.context("cannot work out the segments")?;
    if path != Path::new("-") {
        for line in found.summary() {
            app.screen.note(&line);
        }
    }
    let mut after = None;
    let next_block = async || {
        let rows = store.products(filter, after.as_ref(), BLOCK_ROWS).await?;
        after = rows.last().map(|row| row.id.clone());
        Ok(rows)
    };
    write_blocks(path, next_block, move |rows, out| {
        let columns = found.columns();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let mut n_lines = 0;
        let flagged = found.flagged();
        let mut next = 0;
        let lines = rows.filter_map(|row| {
            // The store may have changed since the products were scored.
            let ids = &found.ids[next..];
            next += ids.partition_point(|id| *id < row.id);
            let is_scored = found.ids.get(next) == Some(&row.id);
            is_scored.then(|| {
                n_lines += 1;
                found.cells(&row, next, flagged.get(&next).copied())
            })
        });
        csv::write_rows(&columns, lines, format, out)?;
        Ok(n_lines)
    })
    .await
}

/// Scores the products that pass `filter`.
async fn numbers(
    store: &dyn Store,
    method: &Method,
    filter: &ProductFilter,
    app: &App,
) -> Result<Numbers> {
    match method {
        Method::MinMax(weights) => {
            let rows = rank::metrics(store, filter).await?;
            let mut scores = vec![0.0; rows.len()];
            for scored in classic::rank(&rows, weights, rows.len()) {
                scores[scored.index] = scored.score;
            }
            Ok(Numbers {
                matrix: Matrix::of(&rows),
                ids: rows.into_iter().map(|row| row.id).collect(),
                scores,
            })
        }
        Method::Quantiles(settings) => {
            let scores = scores::score(store, filter, settings, app.clock.now()).await?;
            Ok(Numbers {
                ids: (0..scores.len()).map(|index| scores.id(index)).collect(),
                matrix: scores.utilities(),
                scores: (0..scores.len()).map(|it| scores.score(it)).collect(),
            })
        }
    }
}

impl Found {
    fn of(numbers: Numbers, k: usize) -> Self {
        let Numbers {
            ids,
            scores,
            matrix,
        } = numbers;
        let analysis = Analysis::of(matrix, k);
        let segments = segments(&analysis, &scores);
        let outliers = outliers(analysis.matrix(), &segments.labels);
        Self {
            ids,
            scores,
            analysis,
            segments,
            outliers,
        }
    }

    fn columns(&self) -> Vec<String> {
        let features = self.segments.features.iter();
        let features = features.map(|feature| format!("u_{feature}"));
        COLUMNS
            .map(str::to_owned)
            .into_iter()
            .chain(features)
            .collect()
    }

    /// Returns the features that outliers stand out by, by index.
    fn flagged(&self) -> HashMap<usize, &str> {
        let outliers = self.outliers.outliers.iter();
        outliers.map(|it| (it.index, it.feature.as_str())).collect()
    }

    fn cells(
        &self,
        row: &ProductRow,
        index: usize,
        stands_out: Option<&str>,
    ) -> Vec<Cell<'static>> {
        let segment = &self.segments.segments[self.segments.labels[index]];
        let mut cells = vec![
            Cell::shown(&row.id),
            Cell::shown(&row.id.shop),
            Cell::shown(&row.title),
            Cell::shown(&segment.letter),
            Cell::shown(&segment.description),
            Cell::Score(self.scores[index]),
            Cell::Score(self.segments.distances[index]),
            Cell::Score(self.outliers.distances[index]),
            Cell::Bool(stands_out.is_some()),
            stands_out.map_or(Cell::Empty, |it| Cell::shown(&it)),
        ];
        let utilities = self.analysis.matrix().columns().iter();
        cells.extend(utilities.map(|column| Cell::Score(column[index])));
        cells
    }

    /// Returns one line per segment, and one about the outliers.
    fn summary(&self) -> Vec<String> {
        let segments = self.segments.segments.iter();
        let mut lines: Vec<String> = segments
            .map(|it| {
                let size = counted(it.size as u64, "product");
                format!(
                    "segment {}: {size} ({}), mean score {:.3}: {}",
                    it.letter,
                    percent(it.share),
                    it.mean_score,
                    it.description
                )
            })
            .collect();
        let n_outliers = self.outliers.outliers.len() as u64;
        lines.push(match self.outliers.limit {
            Some(_) => format!(
                "{}: products with hardly any others near them",
                counted(n_outliers, "outlier")
            ),
            None => "outliers are not looked for among fewer than 30 products".to_owned(),
        });
        lines
    }
}
