//! A histogram of any number of values, in bounded memory.
//!
//! Buckets are log-linear, as those of HdrHistogram: values below 128 have one each, and each doubling
//! after that is cut into 128 of equal width. So whatever is said of a value is too high by less than a
//! 128th of it. All 64 bits take 7,424 buckets; only those up to the highest value are kept.

/// How often which values were seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// By bucket, up to the highest one that has any.
    buckets: Vec<u64>,
    count: u64,
    sum: u128,
    least: u64,
    most: u64,
}

/// So many bits of a value tell its bucket, beside the highest one.
const PRECISION_BITS: u32 = 7;
/// So many buckets has each doubling.
const WIDTH: u64 = 1 << PRECISION_BITS;

impl Histogram {
    /// Adds a value.
    pub fn add(&mut self, value: u64) {
        let bucket = bucket_of(value);
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.least = if self.count == 0 { value } else { self.least.min(value) };
        self.most = self.most.max(value);
        self.count += 1;
        self.sum += u128::from(value);
    }

    /// Adds all that another one has seen.
    pub fn merge(&mut self, other: &Histogram) {
        if other.count == 0 {
            return;
        }
        if other.buckets.len() > self.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (own, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *own += more;
        }
        self.least = if self.count == 0 { other.least } else { self.least.min(other.least) };
        self.most = self.most.max(other.most);
        self.count += other.count;
        self.sum += other.sum;
    }

    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least value, exactly; `None` of none.
    pub fn least(&self) -> Option<u64> {
        (self.count > 0).then_some(self.least)
    }

    /// The greatest value, exactly; `None` of none.
    pub fn most(&self) -> Option<u64> {
        (self.count > 0).then_some(self.most)
    }

    /// The mean, rounded down; `None` of none.
    pub fn mean(&self) -> Option<u64> {
        (self.count > 0).then(|| (self.sum / u128::from(self.count)) as u64)
    }

    /// The least value that so many of a thousand values do not exceed: 500 asks for the median, 999
    /// for what one of a thousand exceeds. It is too high by less than a 128th, and no higher than the
    /// greatest value. `None` of none.
    pub fn quantile(&self, per_mille: u32) -> Option<u64> {
        let wanted = u128::from(self.count) * u128::from(per_mille.min(1000));
        let rank = wanted.div_ceil(1000).max(1) as u64;
        let mut seen = 0;
        let reaches = |count: &u64| {
            seen += count;
            seen >= rank
        };
        let bucket = self.buckets.iter().position(reaches)?;
        Some(highest_of(bucket).min(self.most))
    }
}

/// The bucket of a value.
fn bucket_of(value: u64) -> usize {
    // The lowest bits that do not matter.
    let shift = (u64::BITS - PRECISION_BITS - 1).saturating_sub(value.leading_zeros());
    (u64::from(shift) * WIDTH + (value >> shift)) as usize
}

/// The highest value that is in a bucket.
fn highest_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket / WIDTH).saturating_sub(1);
    let lowest = (bucket - shift * WIDTH) << shift;
    lowest + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.add(*value));
        histogram
    }

    #[test]
    fn small_values_are_told_exactly() {
        let histogram = of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 100]);
        assert_eq!(histogram.quantile(500), Some(5));
        assert_eq!(histogram.quantile(501), Some(6));
        assert_eq!(histogram.quantile(900), Some(9));
        assert_eq!((histogram.quantile(0), histogram.quantile(1000)), (Some(1), Some(100)));
        assert_eq!((histogram.least(), histogram.most()), (Some(1), Some(100)));
        assert_eq!((histogram.count(), histogram.mean()), (10, Some(14)));
    }

    #[test]
    fn nothing_has_no_figures() {
        let none = Histogram::default();
        assert_eq!((none.quantile(500), none.most(), none.mean()), (None, None, None));
        let mut one = of(&[7]);
        one.merge(&none);
        assert_eq!(one, of(&[7]));
    }

    #[test]
    fn buckets_follow_each_other_and_hold_every_value() {
        let mut before = None;
        for bucket in 0..bucket_of(u64::MAX) {
            let highest = highest_of(bucket);
            assert!(before < Some(highest));
            assert_eq!((bucket_of(highest), bucket_of(highest + 1)), (bucket, bucket + 1));
            before = Some(highest);
        }
        assert_eq!((bucket_of(u64::MAX), highest_of(7_423)), (7_423, u64::MAX));
    }

    /// Values of every order of magnitude.
    fn value() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0..64_u32).prop_map(|(value, shift)| value >> shift)
    }

    proptest! {
        #[test]
        fn quantiles_are_within_a_128th(
            mut values in prop::collection::vec(value(), 1..300),
            per_mille in 0..=1000_u32,
        ) {
            let told = of(&values).quantile(per_mille).unwrap();
            values.sort_unstable();
            let rank = (values.len() * per_mille as usize).div_ceil(1000).max(1);
            let exact = values[rank - 1];
            prop_assert!(told >= exact, "{told} of {exact}");
            prop_assert!(told - exact <= exact / 128, "{told} of {exact}");
        }

        #[test]
        fn merged_ones_are_one_of_all_values(
            one in prop::collection::vec(value(), 0..100),
            other in prop::collection::vec(value(), 0..100),
        ) {
            let (mut there, mut back) = (of(&one), of(&other));
            there.merge(&of(&other));
            back.merge(&of(&one));
            let all = of(&[one, other].concat());
            prop_assert_eq!(&there, &all);
            prop_assert_eq!(&back, &all);
        }
    }
}
