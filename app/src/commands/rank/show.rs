//! A ranking on the screen and as JSON.

use std::path::Path;

use anyhow::Result;
use catalog::{Metrics, PopularitySource, RankedRow, Ranking, Stability, csv};

use super::Ranked;
use crate::App;
use crate::output::{self, counted, grouped, percent, shortened};

/// Lines of the table; the CSV has all K.
const TABLE_ROWS: usize = 10;

/// Prints the first places, unless the CSV itself went to standard output.
pub(crate) fn show(ranked: &Ranked, out: &Path, app: &App) -> Result<()> {
    let ranking = &ranked.ranking;
    let is_printed = out == Path::new("-");
    if app.global.json {
        return output::print_json(&json(ranked, (!is_printed).then_some(out)));
    }
    if is_printed {
        return Ok(());
    }
    let n_shown = ranking.rows.len().min(TABLE_ROWS);
    output::print(&format!(
        "The best {n_shown} of {}, preset {}:",
        counted(ranking.n_ranked, "product"),
        output::printable(&ranking.preset)
    ))?;
    output::print(&table(ranked, &ranking.rows[..n_shown]))?;
    for line in notes(ranked) {
        output::print(&line)?;
    }
    output::print(&format!(
        "The whole list ({}): {}",
        counted(ranking.rows.len() as u64, "row"),
        output::absolute(out).display()
    ))
}

/// Returns a ranking as JSON: its facts, and rows with the columns of the CSV.
pub(crate) fn json(ranked: &Ranked, out: Option<&Path>) -> serde_json::Value {
    let ranking = &ranked.ranking;
    let weights: serde_json::Map<_, _> = ranking
        .features
        .iter()
        .cloned()
        .zip(ranking.weights.iter().map(|&it| it.into()))
        .collect();
    let left_out_by: Vec<&str> = ranked.left_out_by.iter().map(|it| it.name).collect();
    serde_json::json!({
        "out": out.map(output::absolute),
        "at": ranking.at,
        "preset": ranking.preset,
        "weights": weights,
        "unknown_features": ranked.unknown,
        "n_ranked": ranking.n_ranked,
        "k": ranked.k,
        "left_out_by": left_out_by,
        "popularity_source": ranking.popularity_source,
        "stability": ranking.stability,
        "rows": csv::top_k_objects(ranking),
    })
}

/// Returns what a reader of the list must know of it.
fn notes(ranked: &Ranked) -> Vec<String> {
    let ranking = &ranked.ranking;
    if ranking.popularity_source == PopularitySource::Simulated {
        let note =
            "* popularity is simulated: made from the product's id, it says nothing about sales.";
        return vec![note.to_owned()];
    }
    let mut notes = vec![format!(
        "Coverage {}{}",
        percent(mean_coverage(ranking)),
        match ranked.unknown.as_slice() {
            [] => " of the weights.".to_owned(),
            unknown => format!(
                ": what is unknown neither costs nor earns. Unknown of all: {}{}.",
                unknown.join(", "),
                without_source(unknown)
            ),
        }
    )];
    if let Some(stability) = ranking.stability {
        notes.push(format!(
            "With weights drawn ±{} {} times, {} of the first {} before caps stay on average, {} at least.",
            percent(ranked.spread),
            stability.draws,
            percent(stability.overlap_mean),
            grouped((ranked.k as u64).min(ranking.n_ranked)),
            percent(stability.overlap_min)
        ));
    }
    notes
}

/// Returns which unknown features nothing can make known yet, in brackets.
fn without_source(unknown: &[&str]) -> String {
    let reasons: [(&[&str], &str); 3] = [
        (&["demand", "rating"], "no import yet"),
        (&["bestseller"], "no shop tells its order by sales"),
        (&["trend"], "it takes eight weeks of such an order"),
    ];
    let reasons = reasons.iter().filter_map(|(names, why)| {
        let names = names.iter().copied().filter(|it| unknown.contains(it));
        let names: Vec<&str> = names.collect();
        (!names.is_empty()).then(|| format!("{}: {why}", names.join(", ")))
    });
    let reasons: Vec<String> = reasons.collect();
    match reasons.is_empty() {
        true => String::new(),
        false => format!(" ({})", reasons.join("; ")),
    }
}

fn mean_coverage(ranking: &Ranking) -> f64 {
    let sum: f64 = ranking.rows.iter().map(|row| row.coverage).sum();
    sum / (ranking.rows.len() as f64).max(1.0)
}

/// Returns the first rows as a table: with how sure they are, or in the classic way.
fn table(ranked: &Ranked, rows: &[RankedRow]) -> String {
    let rows = rows.iter();
    if ranked.ranking.popularity_source == PopularitySource::Simulated {
        let rows = rows.map(|row| {
            let [rank, score, title, shop, price] = common_cells(row);
            let in_stock = match row.product.in_stock {
                Some(_) => percent(row.product.metrics.available_ratio),
                None => "–".to_owned(),
            };
            let popularity = Metrics::simulated_popularity(&row.product.id.native);
            let popularity = format!("{popularity:.1}");
            [rank, score, title, shop, price, in_stock, popularity]
        });
        let header = [
            "#",
            "score",
            "title",
            "shop",
            "price",
            "in stock",
            "popularity*",
        ];
        return output::table(header, &[0, 1, 4, 5, 6], rows.collect());
    }
    let rows = rows.map(|row| {
        let [rank, score, title, shop, price] = common_cells(row);
        let [p_top_k, places] = match row.stability {
            Some(stability) => stability_words(stability),
            None => ["–", "–"].map(str::to_owned),
        };
        let coverage = percent(row.coverage);
        [rank, score, title, shop, price, p_top_k, places, coverage]
    });
    let p_top_k = format!("p(top {})", ranked.k);
    let header = [
        "#", "score", "title", "shop", "price", &p_top_k, "places", "coverage",
    ];
    output::table(header, &[0, 1, 4, 5, 6, 7], rows.collect())
}

fn common_cells(row: &RankedRow) -> [String; 5] {
    [
        row.rank.to_string(),
        format!("{:.4}", row.score),
        shortened(&row.product.title, 34),
        shortened(&row.product.id.shop.shown(), 26),
        output::price(&row.product).unwrap_or_else(|| "unknown".to_owned()),
    ]
}

/// Returns the chance of a place in the list, and the places that nine in ten draws give.
pub(crate) fn stability_words(stability: Stability) -> [String; 2] {
    let Stability {
        p_top_k,
        rank_p5,
        rank_p95,
    } = stability;
    let places = match rank_p5 == rank_p95 {
        true => grouped(rank_p5.into()),
        false => format!("{}–{}", grouped(rank_p5.into()), grouped(rank_p95.into())),
    };
    [percent(p_top_k), places]
}
