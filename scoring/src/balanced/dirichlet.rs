//! Weights drawn at random around given ones.

use crate::random::Random;

/// Draws weights from a Dirichlet distribution with the given parameters, all above 0. They sum to 1.
///
/// Each is a Gamma-distributed number over their sum. Computed as logarithms, since a small parameter gives numbers
/// below the least double.
pub(super) fn dirichlet(random: &mut Random, parameters: &[f64]) -> Vec<f64> {
    let mut weights: Vec<f64> = parameters.iter().map(|it| ln_gamma(random, *it)).collect();
    let greatest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for weight in &mut weights {
        *weight = (*weight - greatest).exp();
    }
    let sum: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= sum;
    }
    weights
}

/// Draws the logarithm of a Gamma-distributed number of the given shape.
///
/// G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26, 2000.
fn ln_gamma(random: &mut Random, shape: f64) -> f64 {
    if shape < 1.0 {
        let boost = positive(random).ln() / shape;
        return ln_gamma(random, shape + 1.0) + boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(random);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let ln_v = 3.0 * root.ln();
        if positive(random).ln() < 0.5 * x * x + d - d * ln_v.exp() + d * ln_v {
            return d.ln() + ln_v;
        }
    }
}

/// Draws a normal number by the polar method (Marsaglia and Bray, 1964); its twin is thrown away.
fn normal(random: &mut Random) -> f64 {
    loop {
        let [x, y] = [(); 2].map(|()| 2.0 * random.unit() - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * square.ln() / square).sqrt();
        }
    }
}

/// Returns a number in 0..=1 that is not 0.
fn positive(random: &mut Random) -> f64 {
    1.0 - random.unit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance, "{a} is not {b}");
    }

    /// A Dirichlet weight has mean `a / sum` and variance `mean * (1 - mean) / (sum + 1)`.
    #[test]
    fn means_and_deviations_are_those_of_the_distribution() {
        for parameters in [[20.0, 15.0, 65.0], [0.2, 0.3, 1.5]] {
            let sum: f64 = parameters.iter().sum();
            let n = 20_000;
            let mut random = Random::new(7);
            let (mut sums, mut squares) = ([0.0; 3], [0.0; 3]);
            for _ in 0..n {
                let weights = dirichlet(&mut random, &parameters);
                assert_close(weights.iter().sum(), 1.0, 1e-12);
                for (j, weight) in weights.into_iter().enumerate() {
                    sums[j] += weight;
                    squares[j] += weight * weight;
                }
            }
            for (j, parameter) in parameters.into_iter().enumerate() {
                let mean = sums[j] / f64::from(n);
                let variance = squares[j] / f64::from(n) - mean * mean;
                let share = parameter / sum;
                let deviation = (share * (1.0 - share) / (sum + 1.0)).sqrt();
                assert_close(mean, share, 5.0 * deviation / f64::from(n).sqrt());
                assert_close(variance.sqrt() / deviation, 1.0, 0.03);
            }
        }
    }

    #[test]
    fn tiny_and_huge_parameters_give_weights_all_the_same() {
        for parameters in [[1e-3, 1e-300], [1e-3, 1e9], [1e9, 1e9]] {
            let weights = dirichlet(&mut Random::new(1), &parameters);
            assert_close(weights.iter().sum(), 1.0, 1e-12);
        }
    }
}
