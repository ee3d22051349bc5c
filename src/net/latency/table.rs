//! Delays as somebody has measured them.

use std::time::Duration;

use crate::engine::Stream;

/// A table of delays: each as often as it was seen, or a line through the quantiles.
#[derive(Debug, Clone, PartialEq)]
pub enum DelayTable {
    /// The delays of the table are drawn, and no others. Rising, with the sum of the weights up to
    /// and with each.
    Seen(Box<[(Duration, u64)]>),
    /// What is between two quantiles is evenly drawn from between their delays. Rising, with the share
    /// of packets that are as fast or faster; the last share is 1. What is below the first share has
    /// the first delay.
    Quantiles(Box<[(Duration, f64)]>),
}

/// Why a table is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableError {
    /// It has no row, or no weight.
    Empty,
    /// The sum of its weights is above 2^64.
    TooHeavy,
    /// The row of this number (from 0) has a smaller delay or share than the one before.
    Falling(usize),
    /// The row of this number (from 0) has no share from 0 to 1.
    NoShare(usize),
    /// The last share is not 1.
    Open,
}

impl DelayTable {
    /// Delays in any order, each with how often it was seen.
    ///
    /// # Errors
    /// Why there is none.
    pub fn seen(rows: impl IntoIterator<Item = (Duration, u64)>) -> Result<Self, TableError> {
        let mut rows: Vec<_> = rows.into_iter().filter(|(_, weight)| *weight > 0).collect();
        rows.sort_unstable_by_key(|(delay, _)| *delay);
        let mut sum = 0u64;
        for (_, weight) in &mut rows {
            sum = sum.checked_add(*weight).ok_or(TableError::TooHeavy)?;
            *weight = sum;
        }
        if rows.is_empty() { Err(TableError::Empty) } else { Ok(DelayTable::Seen(rows.into())) }
    }

    /// Delays with the share of packets that are as fast or faster, both rising.
    ///
    /// # Errors
    /// Why there is none.
    pub fn quantiles(rows: Vec<(Duration, f64)>) -> Result<Self, TableError> {
        for (at, (delay, share)) in rows.iter().enumerate() {
            if !(0.0..=1.0).contains(share) {
                return Err(TableError::NoShare(at));
            }
            if at > 0 && (rows[at - 1].0 > *delay || rows[at - 1].1 > *share) {
                return Err(TableError::Falling(at));
            }
        }
        match rows.last() {
            None => Err(TableError::Empty),
            Some((_, 1.0)) => Ok(DelayTable::Quantiles(rows.into())),
            Some(_) => Err(TableError::Open),
        }
    }

    /// The next delay. One draw.
    pub(super) fn draw(&self, stream: &mut Stream) -> Duration {
        match self {
            DelayTable::Seen(rows) => {
                let (_, sum) = rows[rows.len() - 1];
                seen(rows, stream.below(sum))
            }
            DelayTable::Quantiles(rows) => quantile(rows, stream.unit()),
        }
    }

    /// The shortest delay.
    pub(super) fn shortest(&self) -> Duration {
        match self {
            DelayTable::Seen(rows) => rows[0].0,
            DelayTable::Quantiles(rows) => rows[0].0,
        }
    }

    /// The delay that half of the packets keep to.
    pub(super) fn median(&self) -> Duration {
        match self {
            DelayTable::Seen(rows) => seen(rows, (rows[rows.len() - 1].1 - 1) / 2),
            DelayTable::Quantiles(rows) => quantile(rows, 0.5),
        }
    }
}

/// The delay that the packet of this number had, from 0, in the order of delays.
fn seen(rows: &[(Duration, u64)], number: u64) -> Duration {
    rows[rows.partition_point(|(_, sum)| *sum <= number)].0
}

fn quantile(rows: &[(Duration, f64)], share: f64) -> Duration {
    let above = rows.partition_point(|(_, upto)| *upto <= share).min(rows.len() - 1);
    let (slow, upto) = rows[above];
    let Some((fast, from)) = above.checked_sub(1).map(|below| rows[below]) else { return slow };
    let part = if upto > from { ((share - from) / (upto - from)).min(1.0) } else { 1.0 };
    // A float cast saturates.
    fast + Duration::from_nanos(((slow - fast).as_nanos() as f64 * part) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    const MS: Duration = Duration::from_millis(1);

    fn draws(table: &DelayTable) -> Vec<Duration> {
        let mut stream = Seed(1).stream("table");
        let mut draws: Vec<_> = (0..10_000).map(|_| table.draw(&mut stream)).collect();
        draws.sort();
        draws
    }

    #[test]
    fn what_was_seen_is_drawn_as_often_as_it_was_seen() {
        let table = DelayTable::seen([(30 * MS, 1), (10 * MS, 7), (20 * MS, 2), (MS, 0)]).unwrap();
        assert_eq!((table.shortest(), table.median()), (10 * MS, 10 * MS));
        let draws = draws(&table);
        let share = |delay| draws.iter().filter(|drawn| **drawn == delay).count();
        let shares = [share(10 * MS), share(20 * MS), share(30 * MS)];
        assert_eq!(shares.iter().sum::<usize>(), 10_000);
        assert!((6_800..7_200).contains(&shares[0]), "{shares:?}");
        assert!((1_850..2_150).contains(&shares[1]), "{shares:?}");
    }

    #[test]
    fn between_quantiles_every_delay_is_as_likely() {
        let rows = vec![(10 * MS, 0.1), (20 * MS, 0.5), (20 * MS, 0.6), (100 * MS, 1.0)];
        let table = DelayTable::quantiles(rows).unwrap();
        assert_eq!((table.shortest(), table.median()), (10 * MS, 20 * MS));
        let draws = draws(&table);
        let near = |place: usize, wanted: Duration| {
            let off = draws[place].as_secs_f64() / wanted.as_secs_f64() - 1.0;
            assert!(off.abs() < 0.05, "{place}: {:?}, not {wanted:?}", draws[place]);
        };
        near(500, 10 * MS);
        near(3_000, 15 * MS);
        near(5_500, 20 * MS);
        near(8_000, 60 * MS);
        assert!(draws[9_999] <= 100 * MS);
    }

    #[test]
    fn what_is_no_table_is_told() {
        let quantiles =
            |rows: &[(Duration, f64)]| DelayTable::quantiles(rows.to_vec()).unwrap_err();
        assert_eq!(DelayTable::seen([(MS, 0)]), Err(TableError::Empty));
        assert_eq!(DelayTable::seen([(MS, u64::MAX), (MS, 1)]), Err(TableError::TooHeavy));
        assert_eq!(quantiles(&[]), TableError::Empty);
        assert_eq!(quantiles(&[(MS, 0.5)]), TableError::Open);
        assert_eq!(quantiles(&[(2 * MS, 0.5), (MS, 1.0)]), TableError::Falling(1));
        assert_eq!(quantiles(&[(MS, 0.5), (MS, 0.4)]), TableError::Falling(1));
        assert_eq!(quantiles(&[(MS, f64::NAN)]), TableError::NoShare(0));
    }
}
