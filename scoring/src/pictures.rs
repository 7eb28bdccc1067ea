//! The three pictures of a ranking, from its metrics to SVG text; the drawing itself is [`plot`]'s work.

use catalog::MetricsRow;

use crate::correlation::correlation;
use crate::kmeans::{Clusters, DEFAULT_K, kmeans};
use crate::matrix::{Matrix, Moments};
use crate::pca::{Pca, pca};
use crate::plot::{self, Group, Map};

mod words;

#[cfg(test)]
mod tests;

/// The pictures of a ranking, each a whole SVG file that needs no font and no other file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pictures {
    /// How the metrics move together: `heatmap_correlation.svg`.
    pub heatmap: String,
    /// The groups of similar products: `pca_clusters.svg`.
    pub clusters: String,
    /// Where the top products stand among all: `pca_topk.svg`.
    pub top_k: String,
}

/// Draws the products of `rows`, of which `top` are the best by `preset`.
///
/// `top` holds indices into `rows`, best first, such as [`Scored::index`](crate::classic::Scored::index); the
/// preset's name goes into the title. Any number of products will do, and the same rows in the same order give
/// the same bytes. No file is greater than 2 MB: of more than 20,000 products a fixed sample is drawn.
pub fn pictures(rows: &[MetricsRow], top: &[usize], preset: &str) -> Pictures {
    let matrix = Matrix::of(rows);
    let moments = matrix.moments();
    let pca = pca(&moments);
    let clusters = kmeans(&matrix, DEFAULT_K);
    let groups = groups(&clusters, &moments, &pca);
    let map = Map {
        places: pca.places(&matrix),
        groups: clusters.labels,
        shares: pca.share,
        directions: [0, 1].map(|n| words::direction(&pca, n)),
    };
    Pictures {
        heatmap: plot::heatmap_correlation(&correlation(&moments), rows.len()),
        clusters: plot::pca_clusters(&map, &groups),
        top_k: plot::pca_topk(&map, top, preset),
    }
}

fn groups(clusters: &Clusters, moments: &Moments, pca: &Pca) -> Vec<Group> {
    let group = |cluster: &crate::kmeans::Cluster| Group {
        size: cluster.size,
        marks: words::marks(&cluster.centre, moments),
        place: pca.place(cluster.centre),
    };
    clusters.clusters.iter().map(group).collect()
}
