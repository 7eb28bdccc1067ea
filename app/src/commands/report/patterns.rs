//! What all ranked products look like together: pictures, segments, products that stand alone.

use std::collections::HashMap;

use anyhow::{Context, Result};
use catalog::{ProductFilter, ProductId, ProductRow, Store};
use scoring::kmeans::DEFAULT_K;
use scoring::{Analysis, MIN_POINTS};

use super::data::{Outlier, Picture, Rule, Segment};
use crate::commands::export;
use crate::commands::rank::Ranked;

/// Products drawn in each picture; more would fill the file, and hide each other.
const MAX_POINTS: usize = 600;

/// Products that stand alone, of those that do.
const N_OUTLIERS: usize = 10;

/// Rules, of those that hold.
const N_RULES: usize = 15;

/// In a store of more products no rules are looked for: that reads each one whole, descriptions and histories included.
const MAX_FOR_RULES: u64 = 50_000;

/// What was found.
#[derive(Debug)]
pub(super) struct Patterns {
    pub(super) pictures: Vec<Picture>,
    pub(super) segments: Vec<Segment>,
    pub(super) outliers: Vec<Outlier>,
}

/// What was found, before anybody looked up the products.
struct Found {
    pictures: Vec<Picture>,
    /// Each with the ids of its typical products.
    segments: Vec<(Segment, Vec<ProductId>)>,
    /// Products that stand alone, each with what is unusual about it.
    outliers: Vec<(ProductId, String)>,
}

/// Draws the products that were ranked, and looks for patterns in them. A product that is gone meanwhile is left out.
pub(super) async fn patterns(ranked: Ranked, store: &dyn Store) -> Result<Patterns> {
    let finding = tokio::task::spawn_blocking(move || find(&ranked));
    let found = finding
        .await
        .context("cannot look for patterns in the products")?;
    let products = products(&found, store).await?;
    let product = |id: &ProductId| products.get(id).cloned();
    let segments = found.segments.into_iter().map(|(segment, ids)| Segment {
        typical: ids.iter().filter_map(product).collect(),
        ..segment
    });
    let outliers = found.outliers.into_iter().filter_map(|(id, words)| {
        let product = product(&id)?;
        Some(Outlier { product, words })
    });
    Ok(Patterns {
        pictures: found.pictures,
        segments: segments.collect(),
        outliers: outliers.collect(),
    })
}

/// Takes long: not for an async thread.
fn find(ranked: &Ranked) -> Found {
    let analysis = Analysis::of(ranked.matrix(), DEFAULT_K);
    // Mean scores are not shown.
    let scores = vec![0.0; analysis.matrix().len()];
    let found = scoring::segments::segments(&analysis, &scores);
    let alone = scoring::outliers::outliers(analysis.matrix(), &found.labels);
    let segments = found.segments.iter().enumerate().map(|(index, it)| {
        let is_listed = |&&product: &&usize| found.labels[product] == index;
        let segment = Segment {
            letter: it.letter.clone(),
            n_products: it.size,
            n_listed: ranked.top.iter().filter(is_listed).count(),
            words: it.description.clone(),
            typical: vec![],
        };
        (
            segment,
            it.typical.iter().map(|&it| ranked.id(it)).collect(),
        )
    });
    let outliers = alone.outliers.iter().take(N_OUTLIERS);
    // The header says which features are unknown; of nothing there is no pattern.
    let is_known = !analysis.matrix().names().is_empty();
    let is_drawn = is_known && analysis.matrix().len() >= MIN_POINTS;
    Found {
        pictures: if is_drawn {
            pictures(ranked, &analysis)
        } else {
            vec![]
        },
        segments: if is_known { segments.collect() } else { vec![] },
        outliers: outliers
            .map(|it| (ranked.id(it.index), it.words.clone()))
            .collect(),
    }
}

/// Looks up all products that are named.
async fn products(found: &Found, store: &dyn Store) -> Result<HashMap<ProductId, ProductRow>> {
    let typical = found.segments.iter().flat_map(|(_, typical)| typical);
    let alone = found.outliers.iter().map(|(id, _)| id);
    let mut ids: Vec<ProductId> = typical.chain(alone).cloned().collect();
    ids.sort();
    ids.dedup();
    let products = store.product_rows(&ids).await?.into_iter();
    Ok(products.map(|it| (it.id.clone(), it)).collect())
}

fn pictures(ranked: &Ranked, analysis: &Analysis) -> Vec<Picture> {
    let drawn = scoring::pictures(analysis, &ranked.top, &ranked.ranking.preset, MAX_POINTS);
    vec![
        Picture {
            title: "Where the best stand",
            description: "A dot is a product. Diamonds that crowd in one corner mean that the listed products are much alike in what is scored.",
            svg: drawn.top_k,
        },
        Picture {
            title: "Groups of similar products",
            description: "The same map by group. How many of each group are in the list stands below, under Segments.",
            svg: drawn.clusters,
        },
        Picture {
            title: "What goes together",
            description: "Which features rise and fall together. Two that always do count the same thing twice.",
            svg: drawn.heatmap,
        },
    ]
}

/// Returns the strongest rules between types and tags; `None` in a store where that would take too long.
pub(super) async fn rules(store: &dyn Store, filter: &ProductFilter) -> Result<Option<Vec<Rule>>> {
    let shops = store.shops().await?;
    let n_stored: u64 = shops.iter().map(|it| it.n_products + it.n_gone).sum();
    if n_stored > MAX_FOR_RULES {
        return Ok(None);
    }
    let found = export::rules(store, filter).await?;
    let rules = found.rules.into_iter().take(N_RULES);
    let rules = rules.map(|it| Rule {
        given: it.antecedent,
        found: it.consequent,
        n_products: it.n_products,
        n_shops: it.n_shops,
        confidence: it.confidence,
        lift: it.lift,
    });
    Ok(Some(rules.collect()))
}
