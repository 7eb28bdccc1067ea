//! Segments: groups of products that are alike in what they are ranked by, and what each is like in words.

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::kmeans::Clusters;
use crate::matrix::{Matrix, Moments};
use crate::plot;
use crate::words;

#[cfg(test)]
mod tests;

/// So many typical products are named per segment.
const N_TYPICAL: usize = 3;

/// The segments of a set of products.
#[derive(Debug, Clone, PartialEq)]
pub struct Segments {
    /// The names of the features, in the order of each centre.
    pub features: Vec<String>,
    /// The segments, greatest first.
    pub segments: Vec<Segment>,
    /// For each product, the index of its segment.
    pub labels: Vec<usize>,
    /// For each product, how far it is from the centre of its segment.
    pub distances: Vec<f64>,
}

/// A group of products that are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// What it is called, as in the pictures: A is the greatest.
    pub letter: String,
    /// What sets it apart from all products, in words; no other segment has the same.
    pub description: String,
    /// How many products are in it.
    pub size: usize,
    /// Their share of all products, from 0 to 1.
    pub share: f64,
    /// The mean of each feature.
    pub centre: Vec<f64>,
    /// The mean of their scores.
    pub mean_score: f64,
    /// The products nearest to the centre, by index, nearest first; equals by index.
    pub typical: Vec<usize>,
}

/// Returns the segments of the products of `analysis`, whose scores are `scores`: its clusters, in their order.
///
/// There are none without products, and a single one without features. The same matrix gives the same segments,
/// digit by digit.
pub fn segments(analysis: &Analysis, scores: &[f64]) -> Segments {
    let Analysis {
        matrix,
        moments,
        clusters,
    } = analysis;
    let distances = distances(matrix, clusters);
    let typical = typical(clusters, &distances);
    let totals = totals(clusters, scores);
    let descriptions = descriptions(clusters, moments, matrix.names());
    let of_each = clusters.clusters.iter().zip(descriptions);
    let of_each = of_each.zip(typical).zip(totals).enumerate();
    let segments = of_each.map(
        |(index, (((cluster, description), typical), total))| Segment {
            letter: plot::letter(index),
            description,
            size: cluster.size,
            share: cluster.size as f64 / matrix.len() as f64,
            centre: cluster.centre.clone(),
            mean_score: total / cluster.size as f64,
            typical,
        },
    );
    Segments {
        features: matrix.names().to_vec(),
        segments: segments.collect(),
        labels: clusters.labels.clone(),
        distances,
    }
}

/// Returns how far each product is from the centre of its cluster.
fn distances(matrix: &Matrix, clusters: &Clusters) -> Vec<f64> {
    let mut squares = vec![0.0; matrix.len()];
    // For a `k` of 0 there are no centres.
    if clusters.clusters.is_empty() {
        return squares;
    }
    for (j, column) in matrix.columns().iter().enumerate() {
        let rows = squares.iter_mut().zip(&clusters.labels).zip(column);
        for ((square, &label), x) in rows {
            let step = x - clusters.clusters[label].centre[j];
            *square += step * step;
        }
    }
    squares.into_iter().map(f64::sqrt).collect()
}

/// Returns the products of each cluster that are nearest to its centre.
fn typical(clusters: &Clusters, distances: &[f64]) -> Vec<Vec<usize>> {
    let mut typical = vec![Vec::with_capacity(N_TYPICAL + 1); clusters.clusters.len()];
    for (index, &label) in clusters.labels.iter().enumerate() {
        let Some(nearest) = typical.get_mut(label) else {
            break;
        };
        let is_farther = |&other: &usize| distances[other] <= distances[index];
        let place = nearest.partition_point(is_farther);
        if place < N_TYPICAL {
            nearest.insert(place, index);
            nearest.truncate(N_TYPICAL);
        }
    }
    typical
}

/// Returns the sum of the scores of each cluster's products.
fn totals(clusters: &Clusters, scores: &[f64]) -> Vec<f64> {
    let mut totals = vec![0.0; clusters.clusters.len()];
    for (&label, score) in clusters.labels.iter().zip(scores) {
        if let Some(total) = totals.get_mut(label) {
            *total += score;
        }
    }
    totals
}

/// What sets a segment apart, the most striking mark first.
struct Marks {
    words: Vec<String>,
    /// How many of the words are said.
    n_said: usize,
    is_average: bool,
}

/// Returns a description of each cluster, no two the same: where the notable marks of two are the same, further
/// ones are added, and numbers where that does not tell them apart either.
fn descriptions(clusters: &Clusters, moments: &Moments, names: &[String]) -> Vec<String> {
    let of_each = clusters.clusters.iter();
    let mut marks: Vec<Marks> = of_each
        .map(|cluster| Marks::of(&cluster.centre, moments, names))
        .collect();
    if names.is_empty() {
        return numbered(vec![words::UNKNOWN.to_owned(); marks.len()]);
    }
    loop {
        let said: Vec<String> = marks.iter().map(Marks::said).collect();
        let mut has_grown = false;
        for (marks, description) in marks.iter_mut().zip(&said) {
            let is_alone = said.iter().filter(|&it| it == description).count() == 1;
            if !is_alone && marks.n_said < marks.words.len() {
                marks.n_said += 1;
                has_grown = true;
            }
        }
        if !has_grown {
            return numbered(said);
        }
    }
}

/// Puts a number behind each text that was there before.
fn numbered(texts: Vec<String>) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let number = |text: String| {
        let n = seen.entry(text.clone()).or_insert(0);
        *n += 1;
        match *n {
            1 => text,
            n => format!("{text} ({n})"),
        }
    };
    texts.into_iter().map(number).collect()
}

impl Marks {
    fn of(centre: &[f64], moments: &Moments, names: &[String]) -> Self {
        let deviations = words::deviations(centre, moments);
        let order = words::by_strength(&deviations).into_iter();
        let order: Vec<usize> = order.filter(|&j| deviations[j] != 0.0).collect();
        let is_notable = |&&j: &&usize| deviations[j].abs() >= words::NOTABLE_DEVIATIONS;
        let n_notable = order.iter().filter(is_notable).count();
        let word = |&j: &usize| words::word(&names[j], deviations[j]);
        Self {
            words: order.iter().map(word).collect(),
            n_said: n_notable.min(words::MAX_WORDS),
            is_average: n_notable == 0,
        }
    }

    fn said(&self) -> String {
        let average = self.is_average.then_some(words::AVERAGE);
        let words = self.words[..self.n_said].iter().map(String::as_str);
        average
            .into_iter()
            .chain(words)
            .collect::<Vec<_>>()
            .join(", ")
    }
}
