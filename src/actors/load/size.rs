//! How large messages are.

use crate::engine::Stream;

/// A distribution of sizes, in octets.
#[derive(Debug, Clone, PartialEq)]
pub enum Sizes {
    /// Always this.
    Constant(u64),
    /// Any between the two, both included.
    Uniform(u64, u64),
    /// The logarithm is normally distributed; what is larger than `most` is cut.
    Lognormal {
        /// What half of them stay below.
        median: u64,
        /// The standard deviation of the natural logarithm.
        sigma: f64,
        /// The largest.
        most: u64,
    },
    /// Sizes, each with its weight and those before it, from above 0 to 1.
    Table(Vec<(u64, f64)>),
}

impl Sizes {
    /// By weight. One at least has a weight.
    pub fn table(entries: impl IntoIterator<Item = (u64, f64)>) -> Self {
        let entries: Vec<_> = entries.into_iter().filter(|(_, weight)| *weight > 0.0).collect();
        let all: f64 = entries.iter().map(|(_, weight)| weight).sum();
        let mut sum = 0.0;
        let share = |(size, weight): (u64, f64)| {
            sum += weight / all;
            (size, sum)
        };
        Sizes::Table(entries.into_iter().map(share).collect())
    }

    /// The largest that can be drawn.
    pub fn most(&self) -> u64 {
        match self {
            Sizes::Constant(size) => *size,
            Sizes::Uniform(_, most) | Sizes::Lognormal { most, .. } => *most,
            Sizes::Table(table) => table.iter().map(|(size, _)| *size).max().unwrap_or(0),
        }
    }

    /// A size. A constant is not drawn.
    pub fn draw(&self, draws: &mut Stream) -> u64 {
        match self {
            Sizes::Constant(size) => *size,
            Sizes::Uniform(least, most) => least + draws.below(most - least + 1),
            Sizes::Lognormal { median, sigma, most } => {
                let factor = libm::exp(sigma * draws.normal());
                ((*median as f64 * factor) as u64).min(*most)
            }
            Sizes::Table(table) => {
                let drawn = draws.unit();
                let place = table.partition_point(|(_, sum)| *sum <= drawn);
                table[place.min(table.len() - 1)].0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    #[test]
    fn sizes_are_distributed_as_they_say() {
        let draw = |sizes: &Sizes| {
            let mut stream = Seed(1).stream("sizes");
            let mut all: Vec<u64> = (0..10_001).map(|_| sizes.draw(&mut stream)).collect();
            all.sort_unstable();
            all
        };
        let all = draw(&Sizes::Uniform(1_000, 3_000));
        assert!(all[0] >= 1_000 && all[10_000] <= 3_000 && (1_950..2_050).contains(&all[5_000]));
        let all = draw(&Sizes::Lognormal { median: 8_192, sigma: 1.0, most: 50_000 });
        assert!((7_900..8_500).contains(&all[5_000]), "{}", all[5_000]);
        assert!((21_000..24_000).contains(&all[8_413]), "one sigma: {}", all[8_413]);
        assert_eq!(all[10_000], 50_000);
        let all = draw(&Sizes::table([(5, 90.0), (7, 0.0), (9, 10.0)]));
        assert!((8_900..9_100).contains(&all.partition_point(|size| *size == 5)));
        assert!(!all.contains(&7));
        assert_eq!(Sizes::table([(5, 90.0), (9, 10.0)]).most(), 9);
    }
}
