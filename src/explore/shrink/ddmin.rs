//! Delta debugging (Zeller and Hildebrandt, 2002): which of some things can go.
//!
//! By complements alone: at first everything is left out, then each half, each quarter... Leaving out
//! a half is keeping the other one, so that nothing is lost by it.

use std::ops::Range;

/// Leaves out as many of `count` things as it can. `first` is given candidates, each as what is left
/// of the things, and says which of them is the first that still does; `None`: none. At the end no
/// one thing can go alone.
pub(super) fn ddmin(
    count: usize,
    mut first: impl FnMut(&[Vec<usize>]) -> Option<usize>,
) -> Vec<usize> {
    let mut left: Vec<usize> = (0..count).collect();
    let mut parts = 1;
    while !left.is_empty() {
        parts = parts.min(left.len());
        let without = |range: Range<usize>| -> Vec<usize> {
            left[..range.start].iter().chain(&left[range.end..]).copied().collect()
        };
        let bound = |part: usize| part * left.len() / parts;
        let candidates: Vec<Vec<usize>> =
            (0..parts).map(|part| without(bound(part)..bound(part + 1))).collect();
        match first(&candidates) {
            Some(which) => {
                left.clone_from(&candidates[which]);
                parts = (parts - 1).max(1);
            }
            None if parts == left.len() => break,
            None => parts *= 2,
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(count: usize, needed: &[usize]) -> usize {
        let mut tried = 0;
        let left = ddmin(count, |candidates| {
            let does = |one: &Vec<usize>| needed.iter().all(|thing| one.contains(thing));
            let found = candidates.iter().position(does);
            tried += found.map_or(candidates.len(), |at| at + 1);
            found
        });
        assert_eq!(left, needed);
        tried
    }

    #[test]
    fn what_is_needed_is_left() {
        assert_eq!(check(0, &[]), 0);
        assert_eq!(check(1000, &[]), 1);
        check(1, &[0]);
        check(8, &[0, 3, 7]);
        check(8, &[0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(check(1000, &[500]) < 60);
        assert!(check(1000, &[17, 500, 999]) < 200);
    }
}
