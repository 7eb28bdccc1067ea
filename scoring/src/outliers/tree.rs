//! Nearest neighbours by a k-d tree (Bentley, "Multidimensional binary search trees used for associative
//! searching", 1975).

use crate::matrix::{MAX_COLUMNS, Matrix};

/// The most points of a leaf, unless they are all the same.
const LEAF: usize = 16;

/// Some of the products of a matrix, arranged for the search of neighbours.
#[derive(Debug)]
pub(super) struct Tree {
    n_columns: usize,
    /// The products of one leaf stand next to each other.
    indices: Vec<usize>,
    /// The numbers of each of `indices`, one product after the other.
    numbers: Vec<f64>,
    nodes: Vec<Node>,
}

/// A part of the tree; the one at 0 is the whole.
#[derive(Debug)]
enum Node {
    /// These places of `indices`.
    Leaf { from: usize, to: usize },
    /// What is at most `at` in `column` is in the node `low`, what is at least `at` in the node `high`.
    Split {
        column: usize,
        at: f64,
        low: usize,
        high: usize,
    },
}

/// What is looked for, and the best found so far.
struct Search<'a> {
    point: &'a [f64],
    without: usize,
    n: usize,
    /// Squared distance and index, nearest first.
    found: Vec<(f64, usize)>,
    #[cfg(test)]
    n_compared: usize,
}

impl Tree {
    /// Arranges the products of `matrix` whose indices are given.
    pub(super) fn new(matrix: &Matrix, mut indices: Vec<usize>) -> Self {
        let mut nodes = Vec::with_capacity(4 * indices.len() / LEAF + 1);
        split(matrix, &mut indices, 0, &mut nodes);
        let numbers = indices.iter().flat_map(|&index| matrix.row(index));
        Self {
            n_columns: matrix.columns().len(),
            numbers: numbers.collect(),
            indices,
            nodes,
        }
    }

    /// Returns the squared distances and indices of the `n` products nearest to `point`, nearest first, without the
    /// product `without`; fewer if there are fewer.
    pub(super) fn nearest(&self, point: &[f64], without: usize, n: usize) -> Vec<(f64, usize)> {
        self.search_for(point, without, n).found
    }

    fn search_for<'a>(&self, point: &'a [f64], without: usize, n: usize) -> Search<'a> {
        let mut search = Search {
            point,
            without,
            n,
            found: Vec::with_capacity(n + 1),
            #[cfg(test)]
            n_compared: 0,
        };
        self.search(0, 0.0, &mut [0.0; MAX_COLUMNS], &mut search);
        search
    }

    /// Looks into a node whose squared distance to the point is at least `least`, made up of the squares of `gaps`.
    fn search(
        &self,
        node: usize,
        least: f64,
        gaps: &mut [f64; MAX_COLUMNS],
        search: &mut Search<'_>,
    ) {
        match self.nodes[node] {
            Node::Leaf { from, to } => {
                // Only a leaf of equal points is longer, and of these the first are as near as any: enough of them,
                // and one in place of the product itself.
                let enough = LEAF.max(search.n + 1);
                for place in from..to.min(from + enough) {
                    let row = &self.numbers[place * self.n_columns..][..self.n_columns];
                    search.offer(row, self.indices[place]);
                }
            }
            Node::Split {
                column,
                at,
                low,
                high,
            } => {
                let gap = search.point[column] - at;
                let (near, far) = if gap < 0.0 { (low, high) } else { (high, low) };
                self.search(near, least, gaps, search);
                // Arya and Mount, "Algorithms for fast vector quantization", 1993: the gap replaces the one that
                // the column had so far.
                let before = gaps[column];
                let least = least - before * before + gap * gap;
                if least < search.farthest() {
                    gaps[column] = gap;
                    self.search(far, least, gaps, search);
                    gaps[column] = before;
                }
            }
        }
    }
}

/// Arranges `indices`, which begin at place `from`, and returns the node that has them.
fn split(matrix: &Matrix, indices: &mut [usize], from: usize, nodes: &mut Vec<Node>) -> usize {
    let node = nodes.len();
    nodes.push(Node::Leaf {
        from,
        to: from + indices.len(),
    });
    if indices.len() <= LEAF {
        return node;
    }
    let Some(column) = widest(matrix, indices) else {
        return node;
    };
    let middle = indices.len() / 2;
    let numbers = &matrix.columns()[column];
    indices.select_nth_unstable_by(middle, |&a, &b| {
        numbers[a].total_cmp(&numbers[b]).then(a.cmp(&b))
    });
    let at = numbers[indices[middle]];
    let (left, right) = indices.split_at_mut(middle);
    let low = split(matrix, left, from, nodes);
    let high = split(matrix, right, from + middle, nodes);
    nodes[node] = Node::Split {
        column,
        at,
        low,
        high,
    };
    node
}

/// Returns the column in which the products differ most; none if all are the same.
fn widest(matrix: &Matrix, indices: &[usize]) -> Option<usize> {
    let mut widest = (None, 0.0);
    for (j, column) in matrix.columns().iter().enumerate() {
        let numbers = indices.iter().map(|&index| column[index]);
        let (lo, hi) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), it| {
            (lo.min(it), hi.max(it))
        });
        if hi - lo > widest.1 {
            widest = (Some(j), hi - lo);
        }
    }
    widest.0
}

impl Search<'_> {
    /// Returns the squared distance that a further neighbour must be below.
    fn farthest(&self) -> f64 {
        match self.found.len() < self.n {
            true => f64::INFINITY,
            false => self.found.last().map_or(0.0, |farthest| farthest.0),
        }
    }

    fn offer(&mut self, row: &[f64], index: usize) {
        #[cfg(test)]
        {
            self.n_compared += 1;
        }
        let steps = row.iter().zip(self.point);
        let square: f64 = steps.map(|(a, b)| (a - b) * (a - b)).sum();
        if square >= self.farthest() || index == self.without {
            return;
        }
        let place = self.found.partition_point(|other| other.0 <= square);
        self.found.insert(place, (square, index));
        self.found.truncate(self.n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heap_of_equal_products_is_not_looked_through_for_each_of_them() {
        let mut points = vec![[0.5, 0.5]; 5_000];
        points.extend((0..100).map(|n| [f64::from(n) / 1_000.0, 0.9]));
        let matrix = Matrix::from(&points[..]);
        let tree = Tree::new(&matrix, (0..points.len()).collect());
        for (index, point) in points.iter().enumerate() {
            let search = tree.search_for(point, index, 10);
            assert_eq!(search.found.len(), 10);
            assert!(search.n_compared < 200, "{}", search.n_compared);
        }
    }
}
