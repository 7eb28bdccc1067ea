//! The head of the report: what was ranked, when, how sure the list is, and how old the data is.

use catalog::PopularitySource;
use maud::{Markup, html};

use super::super::data::ReportData;
use super::words::{age, percent, time};
use crate::output::{counted, grouped, printable, shortened};

/// The most characters of the user's own heading.
const HEADING_CHARS: usize = 200;

/// Returns the report's title, as plain text.
pub(super) fn heading(data: &ReportData) -> String {
    match &data.title {
        Some(title) => shortened(&printable(title), HEADING_CHARS),
        None => format!(
            "The best {} of {}",
            grouped(data.ranking.rows.len() as u64),
            counted(data.ranking.n_ranked, "product")
        ),
    }
}

pub(super) fn header(data: &ReportData, title: &str) -> Markup {
    let ranking = &data.ranking;
    let sections = [
        ("changes", "Changes", true),
        ("ranking-heading", "Ranking", true),
        ("pictures", "Pictures", !data.pictures.is_empty()),
        ("patterns", "Patterns", super::analysis::has_patterns(data)),
        ("data", "Data", true),
        ("method", "Method", true),
    ];
    html! {
        h1 { (title) }
        p class="soft" {
            "Made " time datetime=(ranking.at) { (time(ranking.at)) }
            " with the preset " strong { (printable(&ranking.preset)) }
            " from the store " bdi class="path" { (printable(&data.store)) }
            @if !data.filters.is_empty() { ". Only products " (data.filters.join(", ")) }
            "."
        }
        nav aria-label="Parts of this report" {
            ul {
                @for (id, name, is_there) in sections {
                    @if is_there { li { a href={ "#" (id) } { (name) } } }
                }
            }
        }
    }
}

/// Four facts that decide how far the list can be trusted.
pub(super) fn facts(data: &ReportData) -> Markup {
    html! {
        dl class="facts" {
            div { (ranked(data)) }
            div { (freshness(data)) }
            div { (known(data)) }
            div { (stability(data)) }
        }
    }
}

fn ranked(data: &ReportData) -> Markup {
    let n_shops = data.shops.len() as u64;
    let listed = data.ranking.rows.iter().map(|row| &row.product.id.shop);
    let n_listed = listed.collect::<std::collections::HashSet<_>>().len() as u64;
    html! {
        dt { "Ranked" }
        dd {
            strong { (counted(data.ranking.n_ranked, "product")) }
            @if data.filters.is_empty() { " of " (counted(n_shops, "shop")) }
            @else {
                @if data.ranking.n_ranked == 1 { " that passes" } @else { " that pass" }
                " the filters, of " (counted(n_shops, "shop")) " looked at"
            }
            "; the list has products of " (counted(n_listed, "shop")) "."
        }
    }
}

fn freshness(data: &ReportData) -> Markup {
    let now = data.ranking.at;
    let newest = data.shops.iter().filter_map(|it| it.last_complete_at).max();
    let oldest = data.shops.iter().filter_map(|it| it.last_complete_at).min();
    let n_never = data.shops.iter().filter(|it| it.last_complete_at.is_none());
    html! {
        dt { "Age of the data" }
        dd {
            @match (newest, oldest) {
                (Some(newest), Some(oldest)) => {
                    strong { (age(newest, now)) }
                    @if age(newest, now) == age(oldest, now) { " since the last complete crawls or imports." }
                    @else {
                        " to " strong { (age(oldest, now)) }
                        " since the shops' last complete crawls or imports."
                    }
                }
                _ => { strong { "unknown" } ": no shop has been crawled or imported to its end." }
            }
            @let n_never = n_never.count() as u64;
            @if n_never > 0 && newest.is_some() { " Never complete: " (counted(n_never, "shop")) "." }
        }
    }
}

fn known(data: &ReportData) -> Markup {
    let rows = &data.ranking.rows;
    let mean = rows.iter().map(|row| row.coverage).sum::<f64>() / rows.len().max(1) as f64;
    if data.ranking.popularity_source == PopularitySource::Simulated {
        return html! {
            dt { "Coverage" }
            dd { "Every product has a number for every metric, but the popularity is " strong { "simulated" } "." }
        };
    }
    html! {
        dt { "Coverage" }
        dd {
            strong { (percent(mean)) }
            " of the weights rest on something known, on average over the list."
            @if mean < 0.5 {
                " What nobody has observed yet counts neither for nor against a product."
            }
        }
    }
}

fn stability(data: &ReportData) -> Markup {
    html! {
        dt { "Stability" }
        dd {
            @match &data.ranking.stability {
                Some(it) => {
                    "With other weights near these, "
                    strong { (percent(it.overlap_mean)) }
                    " of the first places, before caps, stay on average, and never less than "
                    (percent(it.overlap_min)) " (" (it.draws) " draws)."
                }
                None => { "Not measured with this preset." }
            }
        }
    }
}

pub(super) fn footer(data: &ReportData) -> Markup {
    html! {
        "Trouvaille " (env!("CARGO_PKG_VERSION")) ", " (time(data.ranking.at))
        ". This file holds everything it shows and asks nobody for anything; its links lead to the shops."
    }
}
