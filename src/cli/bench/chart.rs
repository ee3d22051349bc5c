//! A row of numbers as one line of marks.

/// Up to so many marks.
const WIDTH: usize = 60;
const MARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One mark for each number, or for some together: a blank for zero, the full one for the highest.
/// `together` makes one of several.
pub(super) fn chart(numbers: &[u64], together: impl Fn(&[u64]) -> u64) -> String {
    let each = numbers.len().div_ceil(WIDTH).max(1);
    let columns: Vec<u64> = numbers.chunks(each).map(together).collect();
    let most = columns.iter().copied().max().unwrap_or(0);
    let mark = |number: &u64| match *number {
        0 => ' ',
        number => {
            let steps = u128::from(number) * MARKS.len() as u128;
            MARKS[steps.div_ceil(u128::from(most)) as usize - 1]
        }
    };
    columns.iter().map(mark).collect()
}

/// How many numbers are in one mark.
pub(super) fn numbers_each(numbers: usize) -> usize {
    numbers.div_ceil(WIDTH).max(1)
}

/// The highest of some.
pub(super) fn highest(numbers: &[u64]) -> u64 {
    numbers.iter().copied().max().unwrap_or(0)
}

/// All of them.
pub(super) fn sum(numbers: &[u64]) -> u64 {
    numbers.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_is_full_and_zero_is_blank() {
        assert_eq!(chart(&[0, 1, 4, 8, 7], highest), " ▁▄█▇");
        assert_eq!(chart(&[], sum), "");
        assert_eq!(chart(&[0, 0], sum), "  ");
        assert_eq!(chart(&[u64::MAX, 1], highest), "█▁");
    }

    #[test]
    fn long_rows_are_put_together() {
        let numbers: Vec<u64> = (0..500).collect();
        let marks: Vec<char> = chart(&numbers, highest).chars().collect();
        assert_eq!((marks.len(), numbers_each(500)), (56, 9));
        assert!(marks.is_sorted());
        assert_eq!(chart(&vec![1; 120], sum), "█".repeat(60));
    }
}
