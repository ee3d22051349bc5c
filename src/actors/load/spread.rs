//! How much is for each of many: as much for each, or by Zipf's law.
//!
//! A draw costs the same whatever the number of things, and no table is kept: Zipf's law is drawn by
//! rejection-inversion (Hörmann and Derflinger 1996), with `libm` so that every platform draws alike.

use crate::engine::Stream;

/// Numbers from 1 to a count, and how often each is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    count: u64,
    law: Law,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Law {
    Even,
    Zipf { exponent: f64, first: f64, last: f64, squeeze: f64 },
}

impl Spread {
    /// Each as often. The count is at least 1.
    pub fn even(count: u64) -> Self {
        Spread { count: count.max(1), law: Law::Even }
    }

    /// Number n with a weight of `1 / n^exponent`. An exponent of 0 is [`Spread::even`].
    pub fn zipf(count: u64, exponent: f64) -> Self {
        let count = count.max(1);
        if exponent <= 0.0 {
            return Spread::even(count);
        }
        let law = Law::Zipf {
            exponent,
            first: integral(1.5, exponent) - 1.0,
            last: integral(count as f64 + 0.5, exponent),
            squeeze: 2.0 - inverse(integral(2.5, exponent) - density(2.0, exponent), exponent),
        };
        Spread { count, law }
    }

    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The weight of a number, against the others.
    pub fn weight(&self, number: u64) -> f64 {
        match self.law {
            Law::Even => 1.0,
            Law::Zipf { exponent, .. } => density(number as f64, exponent),
        }
    }

    /// A number. One draw, or for Zipf's law hardly ever more.
    pub fn draw(&self, draws: &mut Stream) -> u64 {
        let Law::Zipf { exponent, first, last, squeeze } = self.law else {
            return 1 + draws.below(self.count);
        };
        loop {
            let area = last + draws.unit() * (first - last);
            let place = inverse(area, exponent);
            let number = libm::floor(place + 0.5).clamp(1.0, self.count as f64);
            if number - place <= squeeze
                || area >= integral(number + 0.5, exponent) - density(number, exponent)
            {
                return number as u64;
            }
        }
    }
}

/// `x^-exponent`.
fn density(x: f64, exponent: f64) -> f64 {
    libm::exp(-exponent * libm::log(x))
}

/// The integral of the density from 1 to `x`.
fn integral(x: f64, exponent: f64) -> f64 {
    let log = libm::log(x);
    let power = (1.0 - exponent) * log;
    let growth =
        if libm::fabs(power) > 1e-8 { libm::expm1(power) / power } else { 1.0 + power / 2.0 };
    growth * log
}

/// Up to where the integral is so much.
fn inverse(area: f64, exponent: f64) -> f64 {
    // Rounding may lead a hair below the least there is.
    let power = (area * (1.0 - exponent)).max(-1.0);
    let growth =
        if libm::fabs(power) > 1e-8 { libm::log1p(power) / power } else { 1.0 - power / 2.0 };
    libm::exp(growth * area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    fn counts(spread: Spread, draws: u32) -> Vec<u32> {
        let mut stream = Seed(1).stream("spread");
        let mut counts = vec![0; spread.count() as usize];
        (0..draws).for_each(|_| counts[spread.draw(&mut stream) as usize - 1] += 1);
        counts
    }

    #[test]
    fn each_number_comes_as_often_as_its_weight_says() {
        for spread in [
            Spread::even(10),
            Spread::zipf(10, 1.0),
            Spread::zipf(10, 0.5),
            Spread::zipf(10, 2.0),
            Spread::zipf(1, 1.0),
        ] {
            let all: f64 = (1..=spread.count()).map(|number| spread.weight(number)).sum();
            for (number, count) in (1..).zip(counts(spread, 100_000)) {
                let wanted = 100_000.0 * spread.weight(number) / all;
                let off = (f64::from(count) - wanted).abs();
                assert!(off < 6.0 * wanted.sqrt() + 5.0, "{spread:?} {number}: {count}, {wanted}");
            }
        }
    }

    #[test]
    fn extremes_are_within_bounds() {
        let mut stream = Seed(2).stream("spread");
        for exponent in [0.0, 1e-9, 0.999_999_999, 1.0, 20.0] {
            let spread = Spread::zipf(10_000_000, exponent);
            for _ in 0..1_000 {
                assert!((1..=10_000_000).contains(&spread.draw(&mut stream)), "{exponent}");
            }
        }
    }
}
