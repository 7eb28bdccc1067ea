//! Finds places for labels: near their points, off each other.

use super::map::{FRAME, Point};

/// The size of the disc that a label stands in.
pub(super) const RADIUS: i32 = 9;

/// How far from its point a label is tried.
const DISTANCES: [i32; 8] = [18, 24, 32, 40, 54, 70, 90, 112];

/// Returns the middle of a label for each of `points`, beside it; see [`free`].
pub(super) fn beside(points: &[Point], marks: &[Point], mark_radius: i32) -> Vec<Point> {
    let mut labels = Vec::with_capacity(points.len());
    for &point in points {
        let label = free(around(point), point, &labels, marks, mark_radius);
        labels.push(label);
    }
    labels
}

/// Returns the middle of a label for each of `points`: on it if no other label is there, else beside it.
pub(super) fn on(points: &[Point]) -> Vec<Point> {
    let mut labels = Vec::with_capacity(points.len());
    for &point in points {
        let candidates = std::iter::once(point).chain(around(point));
        let label = free(candidates, point, &labels, &[], 0);
        labels.push(label);
    }
    labels
}

/// Returns places in eight directions of `point`, the diagonals first, the near before the far.
fn around((x, y): Point) -> impl Iterator<Item = Point> {
    // On a circle of radius 10.
    const DIRECTIONS: [Point; 8] = [
        (7, -7),
        (7, 7),
        (-7, -7),
        (-7, 7),
        (10, 0),
        (-10, 0),
        (0, -10),
        (0, 10),
    ];
    DISTANCES.into_iter().flat_map(move |distance| {
        DIRECTIONS.map(|(dx, dy)| (x + dx * distance / 10, y + dy * distance / 10))
    })
}

/// Returns the best of `candidates`: inside the frame, off the other labels and, as far as possible, off the
/// marks; the first of equals.
fn free(
    candidates: impl Iterator<Item = Point>,
    point: Point,
    labels: &[Point],
    marks: &[Point],
    mark_radius: i32,
) -> Point {
    let [left, top, right, bottom] = FRAME;
    let n_near = |others: &[Point], at: Point, distance: i32| {
        let near = |it: &&Point| (it.0 - at.0).pow(2) + (it.1 - at.1).pow(2) < distance.pow(2);
        others.iter().filter(near).count()
    };
    let cost = |&at: &Point| {
        let inside = (left + RADIUS..right - RADIUS).contains(&at.0)
            && (top + RADIUS..bottom - RADIUS).contains(&at.1);
        let on_labels = n_near(labels, at, 2 * RADIUS + 2);
        (!inside, on_labels, n_near(marks, at, RADIUS + mark_radius))
    };
    candidates.min_by_key(cost).unwrap_or(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_point_do_not_cover_each_other() {
        for point in [
            (500, 400),
            (FRAME[0] + 30, FRAME[1] + 20),
            (FRAME[2] - 30, FRAME[3] - 20),
        ] {
            let labels = beside(&[point; 10], &[point], 6);
            for (n, a) in labels.iter().enumerate() {
                for b in &labels[..n] {
                    assert!((a.0 - b.0).pow(2) + (a.1 - b.1).pow(2) >= 4 * RADIUS.pow(2));
                }
            }
        }
    }

    #[test]
    fn a_label_stays_on_its_point_while_nothing_else_is_there() {
        let labels = on(&[(500, 400), (200, 200), (501, 400)]);
        assert_eq!(labels[..2], [(500, 400), (200, 200)]);
        assert_ne!(labels[2], (501, 400));
    }
}
