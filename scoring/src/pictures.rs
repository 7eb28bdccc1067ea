//! The three pictures of a ranking, from its metrics to SVG text; the drawing itself is [`plot`]'s work.

use crate::analysis::Analysis;
use crate::correlation::correlation;
use crate::kmeans::Cluster;
use crate::matrix::Matrix;
use crate::pca::{Pca, pca};
use crate::plot::{self, Group, Map};
use crate::words;

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

/// The most points of a picture in a file of its own: 2 MB at most.
pub const MAX_POINTS: usize = 20_000;

/// Of fewer products there is nothing to see in a picture: two always lie on a line.
pub const MIN_POINTS: usize = 3;

/// Draws the products of `analysis`, of which `top` are the best by `preset`.
///
/// `top` holds indices of products, best first, such as [`Scored::index`](crate::classic::Scored::index); the
/// preset's name goes into the title. Any number of products and columns will do, and the same matrix gives
/// the same bytes; without columns, or of fewer than [`MIN_POINTS`] products, the pictures
/// say that there is nothing to draw. Of more than `max_points` products, at about 95 bytes each, a fixed sample is drawn.
pub fn pictures(analysis: &Analysis, top: &[usize], preset: &str, max_points: usize) -> Pictures {
    let Analysis {
        matrix,
        moments,
        clusters,
    } = analysis;
    let names = matrix.names();
    if let Some(why) = why_nothing(matrix) {
        let nothing = plot::nothing(matrix.len(), why);
        return Pictures {
            heatmap: nothing.clone(),
            clusters: nothing.clone(),
            top_k: nothing,
        };
    }
    let pca = pca(moments);
    let groups = groups(analysis, &pca);
    let map = Map {
        places: pca.places(matrix),
        groups: clusters.labels.clone(),
        shares: pca.share,
        directions: [0, 1].map(|n| words::direction(&pca, n, names)),
        metrics: names.to_vec(),
        max_points,
    };
    Pictures {
        heatmap: plot::heatmap_correlation(&correlation(moments), names, matrix.len()),
        clusters: plot::pca_clusters(&map, &groups),
        top_k: plot::pca_topk(&map, top, preset),
    }
}

fn why_nothing(matrix: &Matrix) -> Option<&'static str> {
    match matrix.len() {
        ..MIN_POINTS => Some("A picture needs three products at least."),
        _ if matrix.names().is_empty() => {
            Some("None of the features that count with this preset is known of any of them.")
        }
        _ => None,
    }
}

fn groups(analysis: &Analysis, pca: &Pca) -> Vec<Group> {
    let names = analysis.matrix.names();
    let group = |cluster: &Cluster| Group {
        size: cluster.size,
        marks: words::marks(&cluster.centre, &analysis.moments, names),
        place: pca.place(&cluster.centre),
    };
    analysis.clusters.clusters.iter().map(group).collect()
}
