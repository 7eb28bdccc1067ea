//! What changed since an earlier list.

use catalog::ProductRow;
use maud::{Markup, html};

use super::super::data::{Changes, ReportData};
use super::words::{age, name, time, title};
use crate::output::counted;

/// Lines of a list that are shown at once; the rest is behind a click.
const N_SHOWN: usize = 5;

/// Lines of a list that are in the report at all.
const N_MOST: usize = 100;

pub(super) fn section(data: &ReportData) -> Markup {
    html! {
        section {
            h2 id="changes" { "What changed" }
            @match &data.changes {
                Some(changes) => (lists(data, changes)),
                None => p {
                    "No earlier ranking of the same products with the same preset is stored. \
                     This one is: the next report says what moved."
                },
            }
        }
    }
}

fn lists(data: &ReportData, changes: &Changes) -> Markup {
    let places = match changes.n_places {
        1 => "the first place".to_owned(),
        n => format!("the first {n} places"),
    };
    let lists = [
        (format!("New in {places}"), entered(data, changes)),
        ("Moved".to_owned(), moved(data, changes)),
        (format!("No longer in {places}"), left(changes)),
    ];
    html! {
        p {
            "Compared with the ranking of " strong { (time(changes.since)) } ", "
            (age(changes.since, data.ranking.at)) " before this one: " (places)
            " of both. The earlier one had " (counted(changes.n_ranked, "product")) " to choose from."
        }
        @if lists.iter().all(|(_, lines)| lines.is_empty()) {
            p { strong { "Nothing moved: " } "the same products are in the same places." }
        } @else {
            div class="columns" { @for (heading, lines) in &lists { (list(heading, lines)) } }
        }
    }
}

fn entered(data: &ReportData, changes: &Changes) -> Vec<Markup> {
    let line = |&index: &usize| {
        let row = &data.ranking.rows[index];
        html! {
            a href={ "#p" (row.rank) } { (title(&row.product)) }
            small {
                "place " (row.rank)
                @if let Some(old) = changes.old_ranks[index] { ", was " (old) }
            }
        }
    };
    changes.entered.iter().map(line).collect()
}

fn moved(data: &ReportData, changes: &Changes) -> Vec<Markup> {
    let line = |&index: &usize| {
        let row = &data.ranking.rows[index];
        let old = changes.old_ranks[index].unwrap_or(row.rank);
        html! {
            a href={ "#p" (row.rank) } { (title(&row.product)) }
            small {
                @if old > row.rank { span class="up" { "up " (old - row.rank) } }
                @else { span class="down" { "down " (row.rank - old) } }
                ": " (old) " → " (row.rank)
            }
        }
    };
    changes.moved.iter().map(line).collect()
}

fn left(changes: &Changes) -> Vec<Markup> {
    let line = |(rank, product): &(u32, ProductRow)| {
        html! { (title(product)) small { "was " (rank) ", " (name(&product.id.shop.shown())) } }
    };
    changes.left.iter().map(line).collect()
}

fn list(heading: &str, lines: &[Markup]) -> Markup {
    let (first, rest) = lines.split_at(lines.len().min(N_SHOWN));
    let kept = &rest[..rest.len().min(N_MOST)];
    html! {
        div {
            h3 { (heading) " " span class="count" { (lines.len()) } }
            @if lines.is_empty() { p class="soft" { "None." } }
            ul { @for line in first { li { (line) } } }
            @if !rest.is_empty() {
                details {
                    summary { (rest.len()) " more" }
                    ul { @for line in kept { li { (line) } } }
                    @if kept.len() < rest.len() { p class="soft" { (rest.len() - kept.len()) " are left out here." } }
                }
            }
        }
    }
}
