//! Named random streams keyed by (seed, stream, person, ordinal), so that nobody shifts another's dice.
//!
//! A stream is counter-based: its numbers are a hash of its name and of their place in it, so it can
//! be opened anywhere, in any order, on any thread, and costs nothing to keep. A strategy that makes
//! one person do more therefore leaves everybody else's luck as it was (common random numbers).

use cutover_mocks::luck::{Luck, mix};

use crate::scenario::population::Beta;

/// What a stream is for. The numbers are part of what a seed means: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Stream {
    /// Lasting properties of a person.
    Person = 1,
    /// Lasting properties of a device.
    Device = 2,
    /// Whether and when a person comes on a day.
    Day = 3,
    /// What one visit is like.
    Visit = 4,
    /// The session a device holds at the start.
    Session = 5,
    /// Properties of an organization.
    Organization = 6,
    /// Whether and when a person follows a surge.
    Surge = 7,
    /// When a new person signs up.
    SignUp = 8,
    /// What a person does at a login page.
    Reaction = 9,
    /// A call to a provider.
    Call = 10,
    /// Which instance a request meets.
    Balance = 11,
    /// The application's own key fetches.
    Instance = 12,
    /// Back-off of a retry.
    Backoff = 13,
    /// Whether a response's cookie stays.
    Cookie = 14,
    /// Whether the application is probed beside a visit.
    Probe = 15,
}

impl Stream {
    /// Whether it is the luck of machines, and not what people are and do.
    const fn is_of_machines(self) -> bool {
        matches!(
            self,
            Self::Call | Self::Balance | Self::Instance | Self::Backoff | Self::Cookie
        )
    }
}

/// The dice of one seed.
#[derive(Clone, Copy, Debug)]
pub struct Dice {
    seed: u64,
    /// The seed of the machines' luck: the same, unless the same people are to meet other luck.
    machines: u64,
}

impl Dice {
    /// The dice of this seed.
    pub const fn new(seed: u64) -> Self {
        let seed = mix(seed ^ 0x6375_746f_7665_7221);
        Self {
            seed,
            machines: seed,
        }
    }

    /// The same people with other luck: latencies, routing, back-off and lost cookies are drawn anew.
    #[must_use]
    pub const fn with_other_luck(self, number: u64) -> Self {
        Self {
            machines: mix(self.seed ^ mix(number ^ 0x6f74_6865_725f_6c75)),
            ..self
        }
    }

    /// The luck of one place: person (or organization, or instance) and ordinal within the stream.
    pub const fn luck(&self, stream: Stream, person: u32, ordinal: u64) -> Luck {
        let seed = if stream.is_of_machines() {
            self.machines
        } else {
            self.seed
        };
        Luck(seed)
            .split(stream as u64)
            .split(person as u64)
            .split(ordinal)
    }

    /// The rolls of one place, for drawing several numbers in a row.
    pub const fn rolls(&self, stream: Stream, person: u32, ordinal: u64) -> Rolls {
        Rolls {
            luck: self.luck(stream, person, ordinal),
            drawn: 0,
        }
    }
}

/// Numbers drawn one after the other from one place of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Rolls {
    luck: Luck,
    drawn: u64,
}

impl Rolls {
    /// The next luck.
    pub const fn luck(&mut self) -> Luck {
        self.drawn += 1;
        self.luck.split(self.drawn)
    }

    /// The next number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        self.luck().unit()
    }

    /// Whether the next number falls within a probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// An exponential number with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.unit())
    }

    /// A standard normal number.
    pub fn normal(&mut self) -> f64 {
        cutover_mocks::latency::standard_normal(self.luck())
    }

    /// A Poisson number (Knuth's method; for small means), at most 1,000.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let floor = libm::exp(-mean);
        let mut product = self.unit();
        let mut count = 0;
        while product > floor && count < 1_000 {
            product *= self.unit();
            count += 1;
        }
        count
    }

    /// A geometric number from 1 with this mean, at most `most`.
    pub fn geometric(&mut self, mean: f64, most: u32) -> u32 {
        if mean <= 1.0 {
            return 1;
        }
        let trials = libm::log(1.0 - self.unit()) / libm::log(1.0 - 1.0 / mean);
        (1.0 + trials).min(f64::from(most)) as u32
    }

    /// A Beta number, as a ratio of two Gamma numbers.
    pub fn beta(&mut self, beta: Beta) -> f64 {
        let (x, y) = (
            self.log_gamma_variate(beta.a),
            self.log_gamma_variate(beta.b),
        );
        1.0 / (1.0 + libm::exp(y - x))
    }

    /// The logarithm of a Gamma number (Marsaglia and Tsang, 2000, with their boost for shapes below
    /// 1). In logarithms, because dormant accounts have shapes like 0.005 whose numbers underflow.
    fn log_gamma_variate(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.log_gamma_variate(shape + 1.0) + libm::log(1.0 - self.unit()) / shape;
        }
        let d = shape - 1.0 / 3.0;
        let scale = 1.0 / libm::sqrt(9.0 * d);
        loop {
            let x = self.normal();
            let root = 1.0 + scale * x;
            if root > 0.0 {
                let v = root * root * root;
                let luck = 1.0 - self.unit();
                if libm::log(luck) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                    return libm::log(d) + libm::log(v);
                }
            }
        }
    }

    /// The index of a weight, with probability in proportion to it; the last one when all are zero.
    pub fn pick(&mut self, weights: impl IntoIterator<Item = f64> + Clone) -> usize {
        let total: f64 = weights.clone().into_iter().sum();
        let mut left = self.unit() * total;
        let mut last = 0;
        for (index, weight) in weights.into_iter().enumerate() {
            last = index;
            if left < weight {
                return index;
            }
            left -= weight;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(draws: u32, mut draw: impl FnMut(&mut Rolls) -> f64) -> f64 {
        let dice = Dice::new(7);
        (0..draws)
            .map(|person| draw(&mut dice.rolls(Stream::Person, person, 0)))
            .sum::<f64>()
            / f64::from(draws)
    }

    #[test]
    fn distributions_have_their_means() {
        let near = |value: f64, expected: f64, tolerance: f64| {
            assert!(
                (value - expected).abs() < tolerance,
                "{value} is not {expected}"
            );
        };
        near(mean(40_000, Rolls::exponential), 1.0, 0.03);
        near(mean(40_000, Rolls::normal), 0.0, 0.03);
        near(
            mean(40_000, |rolls| f64::from(rolls.poisson(1.5))),
            1.5,
            0.03,
        );
        near(
            mean(40_000, |rolls| f64::from(rolls.geometric(4.0, 1_000))),
            4.0,
            0.1,
        );
        let saas = Beta { a: 19.7, b: 110.9 };
        near(mean(40_000, |rolls| rolls.beta(saas)), 19.7 / 130.6, 0.002);
        let dormant = Beta { a: 0.005, b: 0.78 };
        near(
            mean(200_000, |rolls| rolls.beta(dormant)),
            0.005 / 0.785,
            0.001,
        );
    }

    #[test]
    fn other_luck_leaves_people_as_they_are() {
        let dice = Dice::new(1);
        let other = dice.with_other_luck(1);
        for stream in [Stream::Person, Stream::Visit, Stream::Reaction] {
            assert_eq!(dice.luck(stream, 3, 9), other.luck(stream, 3, 9));
        }
        for stream in [Stream::Call, Stream::Cookie] {
            assert_ne!(dice.luck(stream, 3, 9), other.luck(stream, 3, 9));
        }
    }

    #[test]
    fn streams_do_not_depend_on_each_other() {
        let dice = Dice::new(1);
        let before = dice.luck(Stream::Visit, 3, 9);
        let mut other = dice.rolls(Stream::Visit, 2, 9);
        other.poisson(50.0);
        assert_eq!(before, dice.luck(Stream::Visit, 3, 9));
        assert_ne!(before, dice.luck(Stream::Visit, 3, 10));
        assert_ne!(before, dice.luck(Stream::Visit, 4, 9));
        assert_ne!(before, Dice::new(2).luck(Stream::Visit, 3, 9));
    }
}
