//! Whether a short series rises or falls, and how fast.

use std::cmp::Ordering;

use crate::median::median;

/// Fewer points say nothing.
const MIN_POINTS: usize = 8;

/// The two-sided 10 % point of the normal distribution.
const Z_90: f64 = 1.644_853_626_951_472_2;

/// Returns the median slope per step between any two of `values` (Theil-Sen), or 0 where a Mann-Kendall test finds
/// the order may be chance (p > 0.10); `None` for fewer than eight.
///
/// H. B. Mann, "Nonparametric tests against trend", Econometrica 13, 1945; P. K. Sen, "Estimates of the regression
/// coefficient based on Kendall's tau", JASA 63, 1968.
pub(super) fn slope(values: &[f64]) -> Option<f64> {
    if values.len() < MIN_POINTS {
        return None;
    }
    Some(if is_trend(values) {
        median_slope(values)
    } else {
        0.0
    })
}

/// The normal approximation, with the correction for ties and the one for continuity.
fn is_trend(values: &[f64]) -> bool {
    let mut s = 0.0_f64;
    for (at, value) in values.iter().enumerate() {
        for later in &values[at + 1..] {
            s += match later.total_cmp(value) {
                Ordering::Greater => 1.0,
                Ordering::Equal => 0.0,
                Ordering::Less => -1.0,
            };
        }
    }
    let spread = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let tied = sorted.chunk_by(|one, two| one.total_cmp(two).is_eq());
    let ties: f64 = tied.map(|run| spread(run.len() as f64)).sum();
    let variance = (spread(values.len() as f64) - ties) / 18.0;
    variance > 0.0 && (s.abs() - 1.0) / variance.sqrt() >= Z_90
}

fn median_slope(values: &[f64]) -> f64 {
    let mut slopes = Vec::with_capacity(values.len() * (values.len() - 1) / 2);
    for (at, value) in values.iter().enumerate() {
        for (step, later) in values[at + 1..].iter().enumerate() {
            slopes.push((later - value) / (step + 1) as f64);
        }
    }
    median(&mut slopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_climb_has_its_slope_whatever_one_point_does() {
        let mut values: Vec<f64> = (0..12).map(|week| 0.5 * f64::from(week)).collect();
        assert_eq!(slope(&values), Some(0.5));
        values[4] = 80.0;
        assert_eq!(slope(&values), Some(0.5));
        values.reverse();
        assert_eq!(slope(&values), Some(-0.5));
    }

    #[test]
    fn under_eight_points_nothing_is_known() {
        assert_eq!(slope(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), None);
        assert_eq!(slope(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), Some(1.0));
        assert_eq!(slope(&[3.0; 12]), Some(0.0));
    }

    /// Eight points without ties have variance 8 * 7 * 21 / 18 = 65.33: |S| of 14.3 or more is no chance.
    #[test]
    fn a_climb_that_may_be_chance_is_0() {
        // Seven of the 28 pairs fall: S = 14, z = 13 / 8.083 = 1.61.
        let chance = [3.0, 2.0, 1.0, 0.0, 4.5, 4.0, 5.0, 6.0];
        assert_eq!(slope(&chance), Some(0.0));
        // Six of them do: S = 16, z = 15 / 8.083 = 1.86.
        let climb = [3.0, 2.0, 1.0, 0.0, 4.0, 5.0, 6.0, 7.0];
        assert!(slope(&climb).is_some_and(|it| it > 0.0));
    }

    /// A step has 16 of 28 pairs tied within its halves: variance (1176 - 2 * 156) / 18 = 48, S = 16.
    #[test]
    fn ties_make_the_test_surer() {
        let step = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        // z = 15 / 6.93 = 2.17; of 28 slopes twelve are 0, one is 1/7, and then two are 1/6.
        assert_eq!(slope(&step), Some(1.0 / 6.0));
    }
}
