//! Fewer points of a line: the last of each day or hour, then so many that its shape stays.

use catalog::UnixMs;

use super::Granularity;
use crate::moments::DAY_MS;

/// A point of a line; without a value where it breaks off.
pub(super) type Point<V> = (UnixMs, Option<V>);

/// Returns the last point of each day or hour.
pub(super) fn bucketed<V>(points: Vec<Point<V>>, granularity: Granularity) -> Vec<Point<V>> {
    let bucket_ms = match granularity {
        Granularity::Raw => return points,
        Granularity::Hour => DAY_MS / 24,
        Granularity::Day => DAY_MS,
    };
    let mut kept: Vec<Point<V>> = Vec::with_capacity(points.len());
    for point in points {
        let bucket = |it: &Point<V>| it.0.ms().div_euclid(bucket_ms);
        if kept
            .last()
            .is_some_and(|last| bucket(last) == bucket(&point))
        {
            kept.pop();
        }
        kept.push(point);
    }
    kept
}

/// Returns at most `most` of the points, at least one if there are any: the last, the first, those of the least and the
/// greatest value, in this order of importance, and between them every so-manieth.
pub(super) fn thinned<V: Copy>(
    points: Vec<Point<V>>,
    most: usize,
    number: impl Fn(V) -> f64,
) -> Vec<Point<V>> {
    let most = most.max(1);
    let n = points.len();
    if n <= most {
        return points;
    }
    let mut is_kept = vec![false; n];
    let extreme = |is_better: fn(f64, f64) -> bool| {
        let mut best: Option<(usize, f64)> = None;
        for (index, value) in points
            .iter()
            .enumerate()
            .filter_map(|(index, (_, it))| Some((index, number((*it)?))))
        {
            if best.is_none_or(|(_, known)| is_better(value, known)) {
                best = Some((index, value));
            }
        }
        best.map(|(index, _)| index)
    };
    let least = extreme(|one, two| one < two);
    let greatest = extreme(|one, two| one > two);
    let mut n_kept = 0;
    let mut keep = |index: usize| {
        if n_kept < most
            && let Some(it) = is_kept.get_mut(index).filter(|it| !**it)
        {
            *it = true;
            n_kept += 1;
        }
    };
    [Some(n - 1), Some(0), least, greatest]
        .into_iter()
        .flatten()
        .for_each(&mut keep);
    // Evenly through what is there; where one is kept already, the next.
    let n_left = most.saturating_sub(4);
    for step in 1..=n_left {
        keep(step * (n - 1) / (n_left + 1));
    }
    (0..n).for_each(keep);
    let kept = points.into_iter().zip(is_kept);
    kept.filter(|(_, is_kept)| *is_kept)
        .map(|(point, _)| point)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR_MS: i64 = DAY_MS / 24;

    fn points(hours: &[(i64, f64)]) -> Vec<Point<f64>> {
        let of = |&(hour, value): &(i64, f64)| (UnixMs::new(hour * HOUR_MS), Some(value));
        hours.iter().map(of).collect()
    }

    #[test]
    fn the_last_of_a_day_stands_for_it() {
        let hours = points(&[(1, 1.0), (23, 2.0), (24, 3.0), (50, 4.0), (50, 5.0)]);
        let days = bucketed(hours.clone(), Granularity::Day);
        assert_eq!(days, points(&[(23, 2.0), (24, 3.0), (50, 5.0)]));
        let by_hour = bucketed(hours.clone(), Granularity::Hour);
        assert_eq!(
            by_hour,
            points(&[(1, 1.0), (23, 2.0), (24, 3.0), (50, 5.0)])
        );
        assert_eq!(bucketed(hours.clone(), Granularity::Raw), hours);
    }

    #[test]
    fn ends_and_extremes_stay_and_the_rest_is_even() {
        let line = points(&[
            (0, 5.0),
            (1, 5.0),
            (2, 9.0),
            (3, 5.0),
            (4, 5.0),
            (5, 1.0),
            (6, 5.0),
            (7, 5.0),
            (8, 5.0),
        ]);
        let of = |most| thinned(line.clone(), most, |it| it);
        assert_eq!(of(1), points(&[(8, 5.0)]));
        assert_eq!(of(2), points(&[(0, 5.0), (8, 5.0)]));
        assert_eq!(of(4), points(&[(0, 5.0), (2, 9.0), (5, 1.0), (8, 5.0)]));
        assert_eq!(
            of(5),
            points(&[(0, 5.0), (2, 9.0), (4, 5.0), (5, 1.0), (8, 5.0)])
        );
        assert_eq!(of(9), line);
    }

    proptest! {
        #[test]
        fn thinning_keeps_order_ends_and_extremes(
            values in prop::collection::vec(prop::option::of(-1e6..1e6_f64), 1..200),
            most in 1_usize..60,
        ) {
            let line: Vec<Point<f64>> = (0..).map(UnixMs::new).zip(values).collect();
            let thin = thinned(line.clone(), most, |it| it);
            prop_assert_eq!(thin.len(), most.min(line.len()));
            prop_assert!(thin.windows(2).all(|two| two[0].0 < two[1].0));
            prop_assert!(thin.iter().all(|it| line.contains(it)));
            prop_assert_eq!(thin.last(), line.last());
            if most >= 4 {
                prop_assert_eq!(thin.first(), line.first());
                let ends = |points: &[Point<f64>]| {
                    let values = || points.iter().filter_map(|it| it.1);
                    (values().reduce(f64::min), values().reduce(f64::max))
                };
                prop_assert_eq!(ends(&thin), ends(&line));
            }
        }

        #[test]
        fn a_bucket_keeps_one_point_its_last(hours in prop::collection::vec(0_i64..200, 0..100)) {
            let mut hours = hours;
            hours.sort_unstable();
            let line: Vec<Point<usize>> = hours.iter().enumerate()
                .map(|(n, hour)| (UnixMs::new(hour * HOUR_MS), Some(n)))
                .collect();
            let days = bucketed(line.clone(), Granularity::Day);
            let day = |it: &Point<usize>| it.0.ms().div_euclid(DAY_MS);
            prop_assert!(days.windows(2).all(|two| day(&two[0]) < day(&two[1])));
            for point in &line {
                let last = line.iter().rfind(|it| day(it) == day(point));
                prop_assert!(days.iter().any(|it| Some(it) == last));
            }
        }
    }
}
