//! Sets of message sequence numbers or UIDs, as commands name them (RFC 3501 §9, `sequence-set`).

use std::fmt;
use std::ops::RangeInclusive;

use super::number::Uid;
use super::parse::{Parsed, Parser, SyntaxError};

/// A `sequence-set`: numbers and ranges in the order in which they were written; or `$`, the
/// messages that a SEARCH saved (RFC 5182 §2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceSet {
    /// None where the set is `$`.
    ranges: Vec<(Bound, Bound)>,
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Number(u32),
    /// `*`: the largest number in use.
    Last,
}

impl SequenceSet {
    /// The set of one number, from 1.
    pub fn one(number: u32) -> SequenceSet {
        SequenceSet { ranges: vec![(Bound::Number(number), Bound::Number(number))] }
    }

    /// The numbers from `first` to the largest in use (which it always contains).
    pub fn from(first: u32) -> SequenceSet {
        SequenceSet { ranges: vec![(Bound::Number(first), Bound::Last)] }
    }

    /// The set of these numbers, which ascend; runs become ranges.
    pub fn of(numbers: impl IntoIterator<Item = u32>) -> SequenceSet {
        let mut runs: Vec<RangeInclusive<u32>> = Vec::new();
        for number in numbers {
            match runs.last_mut() {
                Some(run) if run.end().checked_add(1) == Some(number) => {
                    *run = *run.start()..=number;
                }
                _ => runs.push(number..=number),
            }
        }
        let bounds =
            |run: RangeInclusive<u32>| (Bound::Number(*run.start()), Bound::Number(*run.end()));
        SequenceSet { ranges: runs.into_iter().map(bounds).collect() }
    }

    /// The messages that a SEARCH saved: `$` (RFC 5182 §2.1).
    pub const SAVED: SequenceSet = SequenceSet { ranges: Vec::new() };

    /// Whether it is `$`: what that stands for, the session knows.
    pub fn is_saved(&self) -> bool {
        self.ranges.is_empty()
    }

    pub(crate) fn parse(parser: &mut Parser<'_>) -> Parsed<SequenceSet> {
        if parser.eat(b'$') {
            return Ok(Self::SAVED);
        }
        let mut ranges = Vec::new();
        loop {
            let from = bound(parser)?;
            let to = if parser.eat(b':') { bound(parser)? } else { from };
            ranges.push((from, to));
            if !parser.eat(b',') {
                return Ok(SequenceSet { ranges });
            }
        }
    }

    /// The set in ascending ranges that do not touch, with `largest` for `*`: 0 where there is no
    /// message, and then `*` stands for nothing.
    pub fn resolve(&self, largest: u32) -> NumberSet {
        let number = |bound| match bound {
            Bound::Number(number) => number,
            Bound::Last => largest,
        };
        let mut ranges: Vec<RangeInclusive<u32>> = self
            .ranges
            .iter()
            .map(|(from, to)| (number(*from), number(*to)))
            // Either end may be the greater (RFC 3501 §9, `seq-range`).
            .map(|(from, to)| from.min(to)..=from.max(to))
            .filter(|range| *range.end() > 0)
            .collect();
        ranges.sort_by_key(|range| *range.start());
        let mut merged: Vec<RangeInclusive<u32>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => merged.push(range),
            }
        }
        NumberSet { ranges: merged }
    }

    /// The greatest number that is written, `*` not counted.
    pub fn greatest(&self) -> u32 {
        let number = |bound: &Bound| match bound {
            Bound::Number(number) => *number,
            Bound::Last => 0,
        };
        self.ranges.iter().map(|(from, to)| number(from).max(number(to))).max().unwrap_or(0)
    }

    /// Whether `*` is written.
    pub fn has_last(&self) -> bool {
        self.ranges.iter().any(|(from, to)| *from == Bound::Last || *to == Bound::Last)
    }
}

impl fmt::Display for SequenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_saved() {
            return f.write_str("$");
        }
        for (place, (from, to)) in self.ranges.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            if from == to {
                write!(f, "{comma}{from}")?;
            } else {
                write!(f, "{comma}{from}:{to}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Number(number) => number.fmt(f),
            Bound::Last => f.write_str("*"),
        }
    }
}

fn bound(parser: &mut Parser<'_>) -> Parsed<Bound> {
    if parser.eat(b'*') {
        return Ok(Bound::Last);
    }
    let number = parser.nz_number().map_err(|_| SyntaxError("a message number, range or *"))?;
    Ok(Bound::Number(number))
}

/// Numbers in ascending ranges that do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberSet {
    ranges: Vec<RangeInclusive<u32>>,
}

impl NumberSet {
    /// The UIDs, which ascend.
    pub fn of(uids: &[Uid]) -> NumberSet {
        let mut ranges: Vec<RangeInclusive<u32>> = Vec::new();
        for uid in uids.iter().map(|uid| uid.get()) {
            match ranges.last_mut() {
                Some(last) if uid <= last.end().saturating_add(1) => *last = *last.start()..=uid,
                _ => ranges.push(uid..=uid),
            }
        }
        NumberSet { ranges }
    }

    /// The ranges.
    pub fn ranges(&self) -> &[RangeInclusive<u32>] {
        &self.ranges
    }

    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        let count = |range: &RangeInclusive<u32>| u64::from(range.end() - range.start()) + 1;
        self.ranges.iter().map(count).sum()
    }

    /// Whether the number is in the set.
    pub fn contains(&self, number: u32) -> bool {
        let after = self.ranges.partition_point(|range| *range.start() <= number);
        after > 0 && self.ranges[after - 1].contains(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Parsed<SequenceSet> {
        let mut parser = Parser::new(text.as_bytes());
        let set = SequenceSet::parse(&mut parser)?;
        parser.end()?;
        Ok(set)
    }

    fn check(text: &str, largest: u32, ranges: &[RangeInclusive<u32>]) {
        let set = parse(text).unwrap();
        assert_eq!(set.to_string(), text);
        assert_eq!(set.resolve(largest).ranges(), ranges, "{text} of {largest}");
    }

    #[test]
    fn the_examples_of_rfc_3501() {
        check("2,4:7,9,12:*", 15, &[2..=2, 4..=7, 9..=9, 12..=15]);
        check("*:4,5:7", 10, &[4..=10]);
    }

    #[test]
    fn the_last_may_be_below_the_first() {
        check("559:*", 20, &[20..=559]);
        check("*", 3, &[3..=3]);
        check("*", 0, &[]);
        check("1,2,3", 3, &[1..=3]);
        check("4294967295,1:4294967294", 3, &[1..=u32::MAX]);
    }

    #[test]
    fn what_a_search_saved_is_a_set_of_its_own() {
        assert_eq!(parse("$"), Ok(SequenceSet::SAVED));
        assert_eq!(SequenceSet::SAVED.to_string(), "$");
        let uids: Vec<Uid> = [2, 3, 7].into_iter().filter_map(Uid::new).collect();
        assert_eq!(NumberSet::of(&uids).ranges(), [2..=3, 7..=7]);
    }

    #[test]
    fn what_is_no_set() {
        for text in ["", "$,1", "1,$", "$:2", "0", "1,", "1:", ":1", "a", "1 2", "4294967296", "**"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn runs_become_ranges() {
        assert_eq!(SequenceSet::of([1, 2, 3, 7, 9, 10]).to_string(), "1:3,7,9:10");
        assert_eq!(SequenceSet::from(5).to_string(), "5:*");
    }

    proptest! {
        #[test]
        fn a_resolved_set_contains_what_its_ranges_say(
            pairs in proptest::collection::vec((1u32..50, 1u32..50), 1..8),
        ) {
            let text: Vec<String> = pairs.iter().map(|(from, to)| format!("{from}:{to}")).collect();
            let set = parse(&text.join(",")).unwrap().resolve(99);
            for number in 1..60 {
                let wanted = pairs.iter().any(|(a, b)| (*a.min(b)..=*a.max(b)).contains(&number));
                prop_assert_eq!(set.contains(number), wanted);
            }
        }
    }
}
