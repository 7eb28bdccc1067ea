//! The pictures of all products, and the patterns found in them.

use maud::{Markup, PreEscaped, html};
use scoring::MIN_POINTS;

use super::super::data::{Picture, ReportData, Rule, Segment};
use super::words::{link, name, percent, price, title};
use crate::output::{grouped, printable, shortened};

pub(super) fn pictures(data: &ReportData) -> Markup {
    html! {
        @if data.ranking.n_ranked < MIN_POINTS as u64 {
            section {
                h2 id="pictures" { "Pictures" }
                p class="soft" { "Nothing is drawn of fewer than three products." }
            }
        } @else if !data.pictures.is_empty() {
            section {
                h2 id="pictures" { "Pictures" }
                p class="soft" { "All products that were ranked, not only those in the list." }
                @for picture in &data.pictures { (figure(picture)) }
            }
        }
    }
}

/// The drawing is our own SVG. It gets a name for those who do not see it.
fn figure(picture: &Picture) -> Markup {
    let drawing = picture.svg.trim_start().strip_prefix("<svg").unwrap_or("");
    html! {
        figure {
            h3 class="unseen" { (picture.title) }
            div class="wide" tabindex="0" {
                (PreEscaped(format!("<svg role=\"img\" aria-label=\"{}\"{drawing}", picture.title)))
            }
            figcaption { (picture.description) }
        }
    }
}

/// Returns whether there is anything to say of patterns.
pub(super) fn has_patterns(data: &ReportData) -> bool {
    let has_rules = data.rules.as_ref().is_none_or(|it| !it.is_empty());
    has_rules || !data.segments.is_empty() || !data.outliers.is_empty()
}

pub(super) fn patterns(data: &ReportData) -> Markup {
    html! {
        @if has_patterns(data) {
            section {
                h2 id="patterns" { "Patterns" }
                (segments(data))
                (outliers(data))
                @match &data.rules {
                    Some(it) => (rules(it)),
                    None => p {
                        "Which types and tags go together was not looked for, since the store is large: "
                        "trouvaille export rules does."
                    },
                }
            }
        }
    }
}

fn segments(data: &ReportData) -> Markup {
    let n_all = data.segments.iter().map(|it| it.n_products).sum::<usize>();
    let share = |n: usize| percent(n as f64 / n_all.max(1) as f64);
    html! {
        @if !data.segments.is_empty() {
            h3 { "Segments" }
            p class="soft" {
                "Products that are alike in what they are scored by, found by k-means: not kinds of goods. \
                 The letters are those of the picture."
                @if data.is_around_half() {
                    " The words are about ranks: “fresh” is fresher than most of what a product is compared with."
                }
            }
            div class="wide" {
                table {
                    thead { tr {
                        th scope="col" { "Segment" } th scope="col" { "What marks it" } th scope="col" { "Typical" }
                        th scope="col" class="n" { "Products" } th scope="col" class="n" { "Share" }
                        th scope="col" class="n" { "In the list" }
                    } }
                    tbody {
                        @for it in &data.segments {
                            tr {
                                th scope="row" { (it.letter) } td { (printable(&it.words)) } td { (typical(it)) }
                                td class="n" { (grouped(it.n_products as u64)) }
                                td class="n" { (share(it.n_products)) } td class="n" { (it.n_listed) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn typical(segment: &Segment) -> Markup {
    html! {
        @for (n, product) in segment.typical.iter().enumerate() {
            @if n > 0 { "; " }
            (link(&product.url, &title(product)))
        }
    }
}

fn outliers(data: &ReportData) -> Markup {
    html! {
        @if !data.outliers.is_empty() {
            h3 { "Unlike all others" }
            p class="soft" { "Products with hardly any others near them in what is scored: rare finds, or mistakes in a shop's catalogue." }
            div class="wide" {
                table {
                    thead { tr {
                        th scope="col" { "Product" } th scope="col" { "Shop" }
                        th scope="col" class="n" { "Price" } th scope="col" { "What is unusual" }
                    } }
                    tbody {
                        @for it in &data.outliers {
                            tr {
                                th scope="row" { (link(&it.product.url, &title(&it.product))) }
                                td { (name(&it.product.id.shop.shown())) } td class="n" { (price(&it.product)) }
                                td { (printable(&it.words)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rules(rules: &[Rule]) -> Markup {
    /// Types and tags are the shops' words.
    const MOST: usize = 120;
    let foreign = |text: &str| html! { bdi { (shortened(&printable(text), MOST)) } };
    html! {
        @if !rules.is_empty() {
            h3 { "What goes with what" }
            p class="soft" { "Types and tags that are found together more often than by chance." }
            div class="wide" {
                table {
                    thead { tr {
                        th scope="col" { "Products with" } th scope="col" { "often have" }
                        th scope="col" class="n" { "In how many" } th scope="col" class="n" { "Times the usual" }
                        th scope="col" class="n" { "Products" } th scope="col" class="n" { "Shops" }
                    } }
                    tbody {
                        @for it in rules {
                            tr {
                                td { (foreign(&it.given)) } td { (foreign(&it.found)) }
                                td class="n" { (percent(it.confidence)) } td class="n" { (format!("{:.1}", it.lift)) }
                                td class="n" { (grouped(it.n_products)) } td class="n" { (it.n_shops) }
                            }
                        }
                    }
                }
            }
        }
    }
}
