//! Distribution functions: normal, Student's t, Beta and Gamma, and their inverses.

/// Steps of a continued fraction or a bisection that never needs so many.
const MOST_STEPS: u32 = 300;
const TINY: f64 = 1e-300;

/// The standard normal distribution function.
pub(super) fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / core::f64::consts::SQRT_2)
}

/// The standard normal quantile.
pub(super) fn normal_quantile(p: f64) -> f64 {
    invert(p, -40.0, 40.0, normal_cdf)
}

/// Student's t quantile with `df` degrees of freedom.
pub(super) fn t_quantile(p: f64, df: f64) -> f64 {
    invert(p, -1e4, 1e4, |t| {
        let tail = 0.5 * beta_cdf(df / (df + t * t), df / 2.0, 0.5);
        if t < 0.0 { tail } else { 1.0 - tail }
    })
}

/// The regularised incomplete Beta function: the Beta distribution function.
pub(super) fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = libm::exp(
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
            + a * libm::log(x)
            + b * libm::log1p(-x),
    );
    // The continued fraction converges quickly on one side of the mean only.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(1.0 - x, b, a) / b
    }
}

/// The continued fraction of the incomplete Beta function (Numerical Recipes, 6.4).
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let mut fraction = Fraction::new(1.0, 1.0 - (a + b) * x / (a + 1.0));
    for step in 1..=MOST_STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        fraction.step(even, 1.0);
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        if fraction.step(odd, 1.0) {
            break;
        }
    }
    fraction.value
}

/// A continued fraction, evaluated from the front (Lentz 1976).
struct Fraction {
    value: f64,
    above: f64,
    below: f64,
}

impl Fraction {
    fn new(above: f64, denominator: f64) -> Self {
        let below = 1.0 / away_from_zero(denominator);
        Self {
            value: below,
            above,
            below,
        }
    }

    /// Takes the next numerator and denominator; whether that changed nothing any more.
    fn step(&mut self, numerator: f64, denominator: f64) -> bool {
        self.below = 1.0 / away_from_zero(numerator * self.below + denominator);
        self.above = away_from_zero(denominator + numerator / self.above);
        let change = self.below * self.above;
        self.value *= change;
        (change - 1.0).abs() < 1e-15
    }
}

const fn away_from_zero(value: f64) -> f64 {
    if value.abs() < TINY { TINY } else { value }
}

/// The Beta quantile.
pub(super) fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    invert(p, 0.0, 1.0, |x| beta_cdf(x, a, b))
}

/// The regularised lower incomplete Gamma function: the Gamma distribution function, scale 1.
pub(super) fn gamma_cdf(x: f64, shape: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    if x < shape + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / shape, 1.0 / shape, shape);
        while term > sum * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return front * sum;
    }
    let mut denominator = x + 1.0 - shape;
    let mut fraction = Fraction::new(1.0 / TINY, denominator);
    for step in 1..=MOST_STEPS {
        let n = f64::from(step);
        denominator += 2.0;
        if fraction.step(-n * (n - shape), denominator) {
            break;
        }
    }
    1.0 - front * fraction.value
}

/// The Gamma quantile, scale 1.
pub(super) fn gamma_quantile(p: f64, shape: f64) -> f64 {
    let most = shape + 40.0 * libm::sqrt(shape) + 100.0;
    invert(p, 0.0, most, |x| gamma_cdf(x, shape))
}

/// Where an increasing function reaches a value, between two ends, by bisection.
fn invert(value: f64, mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..MOST_STEPS {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if f(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    low + (high - low) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(value: f64, known: f64) {
        let off = (value - known).abs() / known.abs().max(1.0);
        assert!(off < 1e-6, "{value} is not {known}");
    }

    #[test]
    fn quantiles_are_those_of_tables() {
        near(normal_cdf(1.96), 0.975_002_104_851_78);
        near(normal_quantile(0.975), 1.959_963_984_540);
        near(normal_quantile(0.5), 0.0);
        near(t_quantile(0.975, 9.0), 2.262_157_162_798);
        near(t_quantile(0.975, 1.0), 12.706_204_736_174);
        near(t_quantile(0.025, 29.0), -2.045_229_642_133);
    }

    #[test]
    fn distribution_functions_are_those_of_closed_forms() {
        // Beta(1, b): 1 − (1 − x)^b; Beta(2, 2): 3x² − 2x³.
        near(beta_cdf(0.3, 1.0, 5.0), 1.0 - libm::pow(0.7, 5.0));
        near(beta_cdf(0.7, 2.0, 2.0), 3.0 * 0.49 - 2.0 * 0.343);
        // Gamma(1): 1 − e^−x; Gamma(2): 1 − (1 + x) e^−x.
        near(gamma_cdf(0.4, 1.0), 1.0 - libm::exp(-0.4));
        near(gamma_cdf(7.0, 2.0), 1.0 - 8.0 * libm::exp(-7.0));
        near(gamma_quantile(gamma_cdf(3.3, 4.0), 4.0), 3.3);
        near(beta_quantile(beta_cdf(0.12, 3.0, 40.0), 3.0, 40.0), 0.12);
    }
}
