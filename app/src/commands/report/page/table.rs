//! The ranking as a table: per product a line of figures, and below it why.

use catalog::{RankedRow, Ranking};
use maud::{Markup, PreEscaped, html};

use super::super::data::ReportData;
use super::words::{feature, link, name, percent, price, title};
use super::{Depth, explanation, text};

/// The width of the bar's drawing, in the pixels that it is shown with.
const BAR_UNITS: f64 = 150.0;

/// The columns: heading, how the script sorts them, whether the first click sorts downwards. The last ones are
/// there only where the preset has such figures.
const COLUMNS: [(&str, &str, bool); 8] = [
    ("Place", "number", false),
    ("Product", "text", false),
    ("Shop", "text", false),
    ("Price", "price", false),
    ("Score", "number", true),
    ("Coverage", "number", true),
    ("Stays", "number", true),
    ("Places", "number", false),
];

pub(super) fn section(data: &ReportData, depth: Depth) -> Markup {
    let ranking = &data.ranking;
    let scale = Scale::of(ranking);
    let n = ranking.rows.len();
    let columns = &COLUMNS[..n_columns(data)];
    html! {
        section {
            h2 id="ranking-heading" { "Ranking" }
            (legend(data))
            @let unknown = explanation::unknown_of_all(data);
            @if !unknown.is_empty() {
                p class="soft" { "Unknown of every product here, so neither for nor against any: " (unknown) "." }
            }
            div id="controls" role="search" hidden {
                label { "Find " input type="search" id="find" autocomplete="off" placeholder="words of title, vendor, shop"; }
                label { "Shop " select id="shop" { option value="" { "all" } } }
                label { "Type " select id="type" { option value="" { "all" } } }
                button type="button" id="clear" { "Show all" }
            }
            @if depth.n_explained < n {
                p class="soft" {
                    "To keep this file small, only the first " (depth.n_explained) " places are explained in full; \
                     trouvaille explain and a product's id tell the same of the others."
                }
            }
            p id="shown" role="status" class="soft" { @if n == 1 { "The one product of the list." } @else { "All " (n) " products of the list." } }
            div class="wide" {
                table id="ranking" class="ranking" aria-labelledby="ranking-heading" {
                    thead {
                        tr {
                            @for (name, kind, is_down) in columns {
                                th scope="col" data-kind=(kind) data-down[*is_down] { (name) }
                            }
                        }
                    }
                    @for (index, row) in ranking.rows.iter().enumerate() {
                        tbody id={ "p" (row.rank) } {
                            (figures(data, index, row, &scale))
                            tr { td colspan=(columns.len()) { (why(data, index, row, depth)) } }
                        }
                    }
                }
            }
        }
    }
}

fn n_columns(data: &ReportData) -> usize {
    match (data.is_around_half(), data.ranking.stability.is_some()) {
        (_, true) => COLUMNS.len(),
        (true, false) => COLUMNS.len() - 2,
        (false, false) => COLUMNS.len() - 3,
    }
}

/// Says what the columns mean and which colour is which feature.
fn legend(data: &ReportData) -> Markup {
    let ranking = &data.ranking;
    let all: f64 = ranking.weights.iter().sum();
    let base = if data.is_around_half() {
        "The bar shows what each feature adds (right of the line) or takes (left of it) from the middle, 0.5; \
         its colours run in the order below."
    } else {
        "The bar shows what each feature adds; its colours run in the order below."
    };
    html! {
        p class="soft" {
            (base)
            @if data.is_around_half() { " “Coverage” is the share of the weights whose feature is known." }
            @if ranking.stability.is_some() {
                " “Stays” is how often the product is among the first, as many as were asked for, when the weights are \
                 drawn anew, and “Places” are where it stands in nine of ten of these draws: both before caps."
            }
        }
        ul class="legend" {
            @for (index, (name, weight)) in ranking.features.iter().zip(&ranking.weights).enumerate() {
                @if *weight > 0.0 && !data.unknown_of_all.contains(&name.as_str()) {
                    li { span class={ "key f" (index % 10) } {} (feature(name)) " " span class="soft" { (percent(*weight / all)) } }
                }
            }
        }
    }
}

fn figures(data: &ReportData, index: usize, row: &RankedRow, scale: &Scale) -> Markup {
    let product = &row.product;
    html! {
        tr {
            td { (row.rank) (moved(data, index, row)) }
            th scope="row" {
                (link(&product.url, &title(product)))
                small {
                    @if !product.vendor.is_empty() { (name(&product.vendor)) }
                    span { @if !product.product_type.is_empty() { (name(&product.product_type)) } }
                    @if super::words::web_address(&product.image_url).is_some() {
                        (link(&product.image_url, &html! { "image" }))
                    }
                }
            }
            td { (name(&product.id.shop.shown())) }
            td { (price(product)) }
            td { (format!("{:.4}", row.score)) (scale.bar(row)) }
            @if data.is_around_half() { td { (percent(row.coverage)) } }
            @if let Some(it) = &row.stability {
                td { (percent(it.p_top_k)) }
                td { (it.rank_p5) @if it.rank_p5 != it.rank_p95 { "–" (it.rank_p95) } }
            }
        }
    }
}

/// Says how the place differs from that in the earlier list.
fn moved(data: &ReportData, index: usize, row: &RankedRow) -> Markup {
    let Some(changes) = &data.changes else {
        return html! {};
    };
    match changes.old_ranks[index] {
        _ if index >= changes.n_places => html! {},
        _ if changes.entered.binary_search(&index).is_ok() => {
            html! { " " span class="new" { "new" } }
        }
        Some(old) if old > row.rank => html! { " " span class="up" { "↑" (old - row.rank) } },
        Some(old) if old < row.rank => html! { " " span class="down" { "↓" (row.rank - old) } },
        _ => html! {},
    }
}

/// The reasons in a line, and all of them below it.
fn why(data: &ReportData, index: usize, row: &RankedRow, depth: Depth) -> Markup {
    let in_full = index < depth.n_explained;
    html! {
        details {
            summary { "Why: " (explanation::summary(&data.ranking, row)) }
            @if in_full && let Some(it) = data.texts.get(index).and_then(Option::as_ref) { (text::block(it)) }
            @if in_full { (explanation::whole(data, index, row, depth.has_signals)) } @else { (explanation::short(&data.ranking, row)) }
        }
    }
}

/// One scale for the bars of all rows, so that their lengths can be compared.
struct Scale {
    /// The units that a contribution of 1 is long.
    units: f64,
    /// Where the bars begin: all that is taken goes to the left from here.
    zero: f64,
}

impl Scale {
    fn of(ranking: &Ranking) -> Self {
        let sum = |row: &RankedRow, sign: f64| -> f64 {
            row.contributions
                .iter()
                .map(|it| (it * sign).max(0.0))
                .sum()
        };
        let most = |sign| {
            ranking
                .rows
                .iter()
                .map(|row| sum(row, sign))
                .fold(0.0, f64::max)
        };
        let (added, taken): (f64, f64) = (most(1.0), most(-1.0));
        let units = match added + taken {
            all if all > 0.0 => BAR_UNITS / all,
            _ => 0.0,
        };
        Self {
            units,
            zero: taken * units,
        }
    }

    /// Draws a row's contributions, from numbers alone: what adds to the right of the line, what takes to the left of it.
    fn bar(&self, row: &RankedRow) -> Markup {
        let (mut right, mut left) = (self.zero, self.zero);
        let segments = row.contributions.iter().enumerate().map(|(index, value)| {
            let from = if *value < 0.0 { &mut left } else { &mut right };
            let begin = from.round();
            *from += value * self.units;
            (index % 10, begin, from.round() - begin)
        });
        let zero = self.zero.round();
        let mut bar = "<svg viewBox=\"0 0 150 10\" aria-hidden=true>".to_owned();
        for (feature, begin, length) in segments.filter(|(_, _, length)| length.abs() >= 1.0) {
            bar += &format!("<path class=f{feature} d=\"M{begin} 5h{length}\"/>");
        }
        bar += &format!("<path class=zero d=\"M{zero} 0v10\"/></svg>");
        PreEscaped(bar)
    }
}
