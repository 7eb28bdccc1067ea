//! How the list was made, in words, and what no score of this kind can know.

use maud::{Markup, html};
use scoring::feature::Feature;
use scoring::preset::{Method, Quantiles};

use super::super::data::ReportData;
use super::words::{feature, percent};
use crate::output::printable;

pub(super) fn section(data: &ReportData) -> Markup {
    html! {
        section {
            h2 id="method" { "How it was computed" }
            @match &data.method {
                Method::Quantiles(settings) => (quantiles(settings)),
                Method::MinMax(weights) => (min_max(weights)),
            }
            p { "Where the store is, this report can be made again with" }
            pre { code { (printable(&data.command)) } }
            p class="soft" { "Trouvaille " (env!("CARGO_PKG_VERSION")) ". The same data at the same time gives the same bytes." }
            h3 { "What the score cannot know" }
            (limits(data))
        }
    }
}

fn quantiles(settings: &Quantiles) -> Markup {
    let all: f64 = settings.weights.iter().sum();
    let levels = match (settings.by_shop, settings.by_type) {
        (true, true) => "its shop, and there its product type",
        (true, false) => "its shop",
        (false, true) => "its shop's product type",
        (false, false) => "",
    };
    html! {
        p {
            "Each feature of a product becomes its rank, from 0 to 1, among comparable products; ties share the middle (so many percent of the way up). \
             A rank of one half means ordinary. The score is 0.5, and for each known feature its weight times its rank \
             less 0.5: so it is a sum, and the parts shown for each product are all of it. An unknown feature adds nothing \
             and takes nothing."
        }
        p {
            "A product is compared with all others"
            @if !levels.is_empty() {
                ", then with those of " (levels) ". A group of " (settings.shrinkage)
                " known values counts as much as the group around it, a smaller one less"
            }
            ". Prices are compared within one currency only."
        }
        (caps(settings))
        @if settings.draws > 0 {
            p {
                "Stability: the weights were drawn at random around those below " (settings.draws)
                " times (Dirichlet, concentration " (settings.concentration) ", seed " (settings.seed)
                "), and the order made anew each time. It is about the first places of that order, before caps or a least \
                 coverage leave anything out."
            }
        }
        div class="wide" {
            table {
                thead { tr { th scope="col" { "Feature" } th scope="col" class="n" { "Weight" } th scope="col" { "What it is" } } }
                tbody {
                    @for (it, weight) in Feature::ALL.iter().zip(settings.weights) {
                        @if weight > 0.0 {
                            tr {
                                th scope="row" { (feature(it.name())) } td class="n" { (percent(weight / all)) }
                                td { (meaning(*it)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn caps(settings: &Quantiles) -> Markup {
    let cap = |n: u32, what: &str| (n > 0).then(|| format!("{n} places of one {what}"));
    let caps = [
        cap(settings.max_per_store, "shop"),
        cap(settings.max_per_category, "product type"),
    ];
    let caps: Vec<String> = caps.into_iter().flatten().collect();
    html! { @if !caps.is_empty() { p { "The list has at most " (caps.join(" and ")) "." } } }
}

fn meaning(it: Feature) -> String {
    match it {
        Feature::Demand => "Units sold in the last 28 days, where sales were imported.".to_owned(),
        Feature::Bestseller => "The place in the shop's own best-selling order, as seen last; none for what is in it no more.".to_owned(),
        Feature::Stockout => "How often variants sold out or came back per day observed, pulled towards what is usual.".to_owned(),
        Feature::Rating => "The mean rating, pulled towards the mean of all.".to_owned(),
        Feature::Trend => "Whether the best-selling place rose or fell over twelve weeks; none where it may be chance.".to_owned(),
        Feature::Freshness => "How recently it was published; the value shown halves every 90 days, but only the order counts.".to_owned(),
        Feature::Discount => "The mean reduction against the prices that the shop states as earlier ones.".to_owned(),
        Feature::PricePosition => "How close the price is to what is usual in its group.".to_owned(),
        Feature::Listing => "Images, description and tags, more of each counting less and less.".to_owned(),
        Feature::Availability => "The share of its variants that can be bought.".to_owned(),
    }
}

fn min_max(weights: &[f64]) -> Markup {
    let names = scoring::classic::FEATURES;
    html! {
        p {
            "Each of six metrics is scaled to 0..1 between the least and the greatest of all ranked products, the price \
             upside down; the score is their weighted sum. One extreme product can so flatten a metric for all others."
        }
        p { strong { "The popularity is simulated: " } "a number made from the product's id, which says nothing about sales." }
        div class="wide" {
            table {
                thead { tr { th scope="col" { "Feature" } th scope="col" class="n" { "Weight" } } }
                tbody {
                    @for (name, weight) in names.iter().zip(weights) {
                        tr { th scope="row" { (feature(name)) } td class="n" { (percent(*weight)) } }
                    }
                }
            }
        }
    }
}

fn limits(data: &ReportData) -> Markup {
    html! {
        ul {
            li { "It does not know what was sold, unless sales were imported: a good place is a reason to look, no forecast." }
            li { "It sees what shops publish. Costs, margins, returns, advertising and delivery are not in it." }
            li { "A shop can make a listing look better than the product is; discounts are measured against the shop's own earlier price." }
            li {
                "The weights are a judgement."
                @if data.ranking.stability.is_some() { " The stability above says how much of the list hangs on them." }
            }
            @match &data.method {
                Method::Quantiles(settings) => {
                    @if settings.by_shop {
                        li { "It compares like with like: the best of a weak shop and the best of a strong one can have the same score." }
                    }
                },
                Method::MinMax(_) => li { "Prices are compared as bare numbers, whatever their currency." },
            }
        }
    }
}
