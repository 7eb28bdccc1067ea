//! Where the data comes from: shops, their last crawls, and what is known of the listed products.

use std::collections::HashMap;

use catalog::{Outcome, Popularity, ShopStatus};
use maud::{Markup, html};

use super::super::data::ReportData;
use super::words::{age, feature, name, percent, time};
use crate::output::{grouped, printable, shortened};

/// The most characters of why a crawl ended.
const REASON_CHARS: usize = 160;

pub(super) fn section(data: &ReportData) -> Markup {
    let mut n_listed: HashMap<_, u64> = HashMap::new();
    for row in &data.ranking.rows {
        *n_listed.entry(&row.product.id.shop).or_default() += 1;
    }
    html! {
        section {
            h2 id="data" { "Where the data comes from" }
            h3 { "Shops" }
            div class="wide" {
                table {
                    thead { tr {
                        th scope="col" { "Shop" } th scope="col" class="n" { "Products" }
                        th scope="col" class="n" { "In the list" } th scope="col" { "Currency" }
                        th scope="col" { "Last complete crawl or import" } th scope="col" { "Last crawl" }
                        th scope="col" { "Best sellers" }
                    } }
                    tbody {
                        @for shop in &data.shops {
                            @let n_listed = n_listed.get(&shop.shop.key).copied().unwrap_or(0);
                            (line(data, shop, n_listed))
                        }
                    }
                }
            }
            (known(data))
        }
    }
}

fn line(data: &ReportData, shop: &ShopStatus, n_listed: u64) -> Markup {
    let currency = shop.shop.currency;
    html! {
        tr {
            th scope="row" { (name(&shop.shop.key.shown())) }
            td class="n" { (grouped(shop.n_products)) }
            td class="n" { (n_listed) }
            td { (if currency.is_known() { currency.code() } else { "unknown" }) }
            td {
                @match shop.last_complete_at {
                    Some(at) => { (time(at)) small { (age(at, data.ranking.at)) " old" } }
                    None => "never",
                }
            }
            td {
                @match shop.last_crawl.as_ref().map(|it| &it.outcome) {
                    None => "none",
                    Some(None) => "not finished",
                    Some(Some(outcome)) => (words(outcome)),
                }
            }
            td { (best_sellers(shop.last_crawl.as_ref().and_then(|it| it.notes.popularity.as_ref()))) }
        }
    }
}

/// Says where a shop's best-selling places come from; a reason may quote what the shop answered.
fn best_sellers(popularity: Option<&Popularity>) -> Markup {
    let Some(it) = popularity else {
        return html! { "not looked at" };
    };
    html! {
        (it.certainty.name())
        @if let Some(source) = it.source { ": " (grouped(it.n_places)) " places, " (source.name()) }
        small { bdi { (shortened(&printable(&it.detail), REASON_CHARS)) } }
    }
}

/// The reason may quote what a shop answered.
fn words(outcome: &Outcome) -> Markup {
    html! { bdi { (shortened(&printable(&outcome.to_string()), REASON_CHARS)) } }
}

/// Says of how many listed products each feature is known.
fn known(data: &ReportData) -> Markup {
    let n = data.explanations.len().max(1) as f64;
    let share = |index: usize| {
        let features = data
            .explanations
            .iter()
            .filter_map(|it| it.features.get(index));
        features.filter(|it| it.utility.is_some()).count() as f64 / n
    };
    html! {
        @if let Some(first) = data.explanations.first() {
            h3 { "What is known of the listed products" }
            div class="wide" {
                table {
                    thead { tr {
                        th scope="col" { "Feature" } th scope="col" class="n" { "Weight" }
                        th scope="col" class="n" { "Known of" }
                    } }
                    tbody {
                        @for (index, it) in first.features.iter().enumerate() {
                            @if it.weight > 0.0 {
                                tr {
                                    th scope="row" { (feature(it.feature)) }
                                    td class="n" { (percent(it.weight)) } td class="n" { (percent(share(index))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
