//! Why a product has its place: every feature's part, and what would lead past the product above.

use catalog::{Certainty, ProductId, RankedRow, Ranking, UnixMs};
use maud::{Markup, html};
use scoring::classic;
use scoring::explain::{Above, Explained, Explanation};
use scoring::feature::Feature;
use scoring::preset::Method;
use scoring::signals::Signal;

use super::super::data::ReportData;
use super::words::{day, feature, percent, signed};
use crate::output::{grouped, printable};
use crate::seen;

/// Features that the line of reasons names.
const N_REASONS: usize = 3;

/// Ways past the product above that are shown.
const N_MOVES: usize = 3;

/// Returns the greatest contributions in a line.
pub(super) fn summary(ranking: &Ranking, row: &RankedRow) -> String {
    reasons(ranking, row, N_REASONS)
}

fn reasons(ranking: &Ranking, row: &RankedRow, n: usize) -> String {
    let parts = ranking.features.iter().zip(&row.contributions);
    let mut parts: Vec<_> = parts.filter(|(_, value)| **value != 0.0).collect();
    parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let words = parts.iter().take(n);
    let words: Vec<String> = words
        .map(|(name, value)| format!("{} {}", feature(name), signed(**value)))
        .collect();
    match words.is_empty() {
        true => "nothing sets it apart".to_owned(),
        false => words.join(", "),
    }
}

/// Returns all of a row's contributions, with the values behind them.
pub(super) fn whole(data: &ReportData, index: usize, row: &RankedRow, has_signals: bool) -> Markup {
    match (data.explanations.get(index), &data.method) {
        (Some(explanation), _) => {
            let signals = data.signals.get(index).filter(|_| has_signals);
            let signals = signals.map_or(&[][..], Vec::as_slice);
            balanced(data, explanation, signals)
        }
        (None, Method::MinMax(_)) => metrics(&data.ranking, row),
        (None, Method::Quantiles(_)) => short(&data.ranking, row),
    }
}

fn balanced(data: &ReportData, explanation: &Explanation, signals: &[Signal]) -> Markup {
    let known: Vec<&Explained> = explanation
        .features
        .iter()
        .filter(|it| it.utility.is_some())
        .collect();
    // End tags of rows and cells may be left out in HTML; over a thousand products they are a tenth of the file.
    html! {
        table {
            tr; th; "Feature" th; "Adds" th; "From" th; "Way up in"
            @for it in known {
                tr;
                th; (feature(it.feature))
                td; (signed(it.contribution))
                td; (inputs(it))
                td; (groups(it))
            }
        }
        (unknown(data, explanation))
        (seen_over_time(signals, explanation))
        @if let Some(above) = &explanation.above { (past(data, above)) }
        (confirmed(explanation))
    }
}

fn inputs(explained: &Explained) -> Markup {
    let observed = explained.inputs.iter().find(|it| it.source != CATALOGUE);
    html! {
        @for (n, input) in explained.inputs.iter().enumerate() {
            @if n > 0 { ", " }
            (input.name) " " (printable(&input.value))
        }
        @if let Some(input) = observed {
            " (" (input.source)
            @if input.certainty == Certainty::Estimated { ", estimated" }
            ", " (day(input.at)) ")"
        }
    }
}

const CATALOGUE: &str = "catalogue";

fn groups(explained: &Explained) -> Markup {
    html! {
        @for (n, group) in explained.groups.iter().rev().enumerate() {
            @if n > 0 { ", " }
            (group.level) " " (percent(group.quantile))
            // How many there are in the wider groups stands with the shops.
            @if n == 0 { " of " (grouped(group.n)) }
        }
    }
}

/// Names the features that are unknown of this product, and not of all for the same reason.
fn unknown(data: &ReportData, explanation: &Explanation) -> Markup {
    let features = explanation.features.iter();
    let own = features.filter(|it| !data.unknown_of_all.contains(&it.feature));
    let words = unknown_words(own);
    html! { @if !words.is_empty() { p { "Also unknown: " (words) "." } } }
}

/// Names the features that are unknown of all products; empty for none.
pub(super) fn unknown_of_all(data: &ReportData) -> String {
    let first = data.explanations.first().into_iter();
    let features = first.flat_map(|it| &it.features);
    unknown_words(features.filter(|it| data.unknown_of_all.contains(&it.feature)))
}

/// Names unknown features, those of one reason together.
fn unknown_words<'a>(features: impl Iterator<Item = &'a Explained>) -> String {
    let mut by_reason: Vec<(&str, Vec<String>)> = Vec::new();
    for it in features {
        let Some(reason) = it.unknown.filter(|_| it.weight > 0.0) else {
            continue;
        };
        let name = feature(it.feature);
        match by_reason.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name),
            None => by_reason.push((reason, vec![name])),
        }
    }
    let words: Vec<String> = by_reason
        .iter()
        .map(|(reason, names)| format!("{} ({reason})", names.join(", ")))
        .collect();
    words.join("; ")
}

fn past(data: &ReportData, above: &Above) -> Markup {
    let moves: Vec<&str> = above
        .moves
        .iter()
        .take(N_MOVES)
        .map(|it| it.words.as_str())
        .collect();
    html! {
        p {
            "Next above: " (product(data, &above.product)) ", ahead by " (format!("{:.4}", above.gap)) ". "
            @if moves.is_empty() { "No single change of a feature would pass it." }
            @else { "Each of these alone would pass it: " (moves.join("; ")) "." }
        }
    }
}

/// Names a product by its place in the list, or by its id where a cap keeps it out.
fn product(data: &ReportData, id: &ProductId) -> Markup {
    match data.ranking.rows.iter().find(|row| row.product.id == *id) {
        Some(row) => html! { a href={ "#p" (row.rank) } { "place " (row.rank) } },
        None => html! { bdi { (printable(&id.to_string())) } ", which is not in the list" },
    }
}

/// Says what was seen to move, in the words of `trouvaille explain`. A place stands with its feature, where that counts.
fn seen_over_time(signals: &[Signal], explanation: &Explanation) -> Markup {
    let mut known = explanation.features.iter().filter(|it| it.value.is_some());
    let is_told = known.any(|it| it.feature == Feature::Bestseller.name());
    let moved = |it: &&Signal| it.value.is_some_and(|value| value != 0.0);
    let signals: Vec<&Signal> = signals
        .iter()
        .filter(moved)
        .filter(|it| !(is_told && it.name == "bestseller_place"))
        .collect();
    html! {
        @if !signals.is_empty() {
            table {
                tr; th; "Seen over time" th; "Value" th; "From"
                @for it in signals {
                    tr;
                    th; (feature(it.name))
                    td; (seen::value_words(it))
                    td; (printable(&it.detail)) " (" (origin(it)) ")"
                }
            }
        }
    }
}

fn origin(signal: &Signal) -> String {
    let day = signal.at.map(day);
    let parts = [Some(signal.certainty.name()), signal.source, day.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Says from when the catalogue's values are.
fn confirmed(explanation: &Explanation) -> Markup {
    let inputs = explanation.features.iter().flat_map(|it| &it.inputs);
    let at: Option<UnixMs> = inputs
        .filter(|it| it.source == CATALOGUE)
        .map(|it| it.at)
        .max();
    html! {
        small {
            @if let Some(at) = at { "Catalogue as of " (day(at)) ". " }
            bdi { (printable(&explanation.product.to_string())) }
        }
    }
}

/// The explanation of the `classic` preset: six metrics, each between the least and the greatest of all.
fn metrics(ranking: &Ranking, row: &RankedRow) -> Markup {
    let metrics = &row.product.metrics;
    let popularity = catalog::Metrics::simulated_popularity(&row.product.id.native);
    let values: [String; classic::FEATURES.len()] = [
        format!(
            "{} of its variants are known to be available",
            percent(metrics.available_ratio)
        ),
        format!("{} tags", grouped(metrics.num_tags.into())),
        format!("{:.2} on average; less is better", metrics.avg_price),
        format!("{} images", grouped(metrics.num_images.into())),
        format!(
            "{} characters, HTML included",
            grouped(metrics.description_length.into())
        ),
        format!("{popularity:.1}, simulated from the product's id"),
    ];
    html! {
        table {
            tr; th; "Feature" th; "Adds" th; "From"
            @for ((name, value), words) in ranking.features.iter().zip(&row.contributions).zip(&values) {
                tr; th; (feature(name)) td; (signed(*value)) td; (words)
            }
        }
        small {
            "Catalogue as of " (day(row.product.crawled_at)) ". "
            bdi { (printable(&row.product.id.to_string())) }
        }
    }
}

/// Returns a row's contributions, from the largest on, and its id.
pub(super) fn short(ranking: &Ranking, row: &RankedRow) -> Markup {
    html! {
        p { (reasons(ranking, row, usize::MAX)) "." }
        small { bdi { (printable(&row.product.id.to_string())) } }
    }
}
