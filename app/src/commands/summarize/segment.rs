//! The fact sheet of a group of similar products, as `trouvaille export segments` finds them.

use std::collections::HashMap;

use anyhow::{Context, Result};
use catalog::{Language, Money, ProductFilter, ProductRow, Store};
use scoring::Analysis;
use scoring::kmeans::DEFAULT_K;
use scoring::segments::{Segment, Segments, segments};
use summarizer::facts::{self, FactSheet, SegmentInput};

use crate::commands::rank::{self, Wanted};
use crate::{App, presets};

/// Rows asked of the store at a time.
const BLOCK_ROWS: usize = 2_000;

/// More products of a group are not read.
const MAX_PRODUCTS: usize = 50_000;

/// Types and brands of a group that are handed on.
const MAX_NAMES: usize = 10;

/// Returns what is known of the group of similar products with this letter, in any case, or number.
pub(super) async fn sheets(
    name: &str,
    languages: &[Language],
    store: &dyn Store,
    app: &App,
) -> Result<Vec<FactSheet>> {
    let preset = presets::preset(app, None)?;
    let everything = ProductFilter::default();
    let wanted = Wanted {
        preset: &preset,
        filter: &everything,
        k: app.config.rank.k,
        min_coverage: 0.0,
    };
    let ranked = rank::rank_store(store, &wanted, app).await?;
    let at = app.clock.now();
    let finding = tokio::task::spawn_blocking(move || {
        let analysis = Analysis::of(ranked.matrix(), DEFAULT_K);
        // Mean scores are not told.
        let scores = vec![0.0; analysis.matrix().len()];
        let means = analysis.matrix().columns().iter().map(|it| mean(it));
        let means: Vec<f64> = means.collect();
        let ids = (0..scores.len()).map(|it| ranked.id(it));
        (segments(&analysis, &scores), means, ids.collect::<Vec<_>>())
    });
    let (found, means, ids) = finding.await.context("cannot work out the segments")?;
    let index = index_of(name, &found)?;
    let segment = &found.segments[index];
    let members = (0..found.labels.len()).filter(|&it| found.labels[it] == index);
    let members: Vec<_> = members
        .take(MAX_PRODUCTS)
        .map(|it| ids[it].clone())
        .collect();
    let mut rows = Vec::new();
    for ids in members.chunks(BLOCK_ROWS) {
        rows.extend(store.product_rows(ids).await?);
    }
    let by_id: HashMap<_, _> = rows.iter().map(|row| (&row.id, row)).collect();
    let typical = segment.typical.iter().filter_map(|&it| by_id.get(&ids[it]));
    let typical: Vec<&ProductRow> = typical.copied().collect();
    let features = found.features.iter().zip(&segment.centre).zip(&means);
    let features: Vec<_> = features
        .map(|((name, inside), all)| (name.clone(), *inside, *all))
        .collect();
    let input = SegmentInput {
        name: &segment.letter,
        n_products: segment.size,
        n_all: found.labels.len(),
        prices: prices(&rows),
        types: &most_frequent(rows.iter().map(|it| it.product_type.trim())),
        brands: &most_frequent(rows.iter().map(|it| it.vendor.trim())),
        features: &features,
        typical: &typical,
        at,
    };
    Ok(languages
        .iter()
        .map(|&it| facts::segment(&input, it))
        .collect())
}

fn index_of(name: &str, found: &Segments) -> Result<usize> {
    let is_it = |(index, it): (usize, &Segment)| {
        it.letter.eq_ignore_ascii_case(name) || (index + 1).to_string() == name
    };
    let index = found.segments.iter().enumerate().position(is_it);
    index.with_context(|| {
        let letters: Vec<&str> = found.segments.iter().map(|it| it.letter.as_str()).collect();
        format!(
            "no segment {name:?}: there are {}; `trouvaille export segments` tells them apart",
            letters.join(", ")
        )
    })
}

/// Returns the least and the greatest price, if all are in one currency; unknown ones of two shops are not one.
fn prices(rows: &[ProductRow]) -> Option<(Money, Money)> {
    let priced = rows.iter().filter_map(|it| {
        let prices = it.price_min.zip(it.price_max)?;
        Some((&it.id.shop, prices))
    });
    let (shops, priced): (Vec<_>, Vec<_>) = priced.unzip();
    let currency = priced.first()?.0.currency();
    let is_one = |(least, most): &(Money, Money)| {
        least.currency() == currency && most.currency() == currency
    };
    let is_of_one_shop = shops.windows(2).all(|two| two[0] == two[1]);
    if !priced.iter().all(is_one) || !(currency.is_known() || is_of_one_shop) {
        return None;
    }
    let least = priced.iter().map(|it| it.0).min_by_key(|it| it.minor())?;
    let most = priced.iter().map(|it| it.1).max_by_key(|it| it.minor())?;
    Some((least, most))
}

/// Returns the texts that are not empty with how often each is there, the most frequent first.
fn most_frequent<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<(String, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for text in texts.filter(|it| !it.is_empty()) {
        *counts.entry(text).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|one, two| two.1.cmp(&one.1).then(one.0.cmp(two.0)));
    let first = counts.into_iter().take(MAX_NAMES);
    first.map(|(text, n)| (text.to_owned(), n)).collect()
}

fn mean(values: &[f64]) -> f64 {
    match values.len() {
        0 => 0.0,
        n => values.iter().sum::<f64>() / n as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_come_first_and_equals_by_name() {
        let texts = ["b", "", "a", "c", "c"];
        let found = most_frequent(texts.into_iter());
        let found: Vec<_> = found.iter().map(|(text, n)| (text.as_str(), *n)).collect();
        assert_eq!(found, [("c", 2), ("a", 1), ("b", 1)]);
    }

    #[test]
    fn a_mean_of_nothing_is_nothing() {
        assert!(mean(&[]).abs() < 1e-12);
        assert!((mean(&[1.0, 2.0]) - 1.5).abs() < 1e-12);
    }
}
