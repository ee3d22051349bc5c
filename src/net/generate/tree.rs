//! A tree: every router has as many below it, down to a depth.

use super::Sketch;

/// A root with `fan_out` routers below it, and so on: `depth` levels below the root. Numbered from the
/// root, level by level.
pub fn tree(fan_out: usize, depth: u32) -> Sketch {
    let mut sketch = Sketch::of("tree", tree_size(fan_out, depth).expect("it was counted before"));
    for router in 1..sketch.routers.len() {
        sketch.join((router - 1) / fan_out, router);
    }
    sketch
}

/// How many routers such a tree has; `None` when they are more than can be counted.
pub fn tree_size(fan_out: usize, depth: u32) -> Option<usize> {
    let mut levels = (0..=depth).map(|level| fan_out.checked_pow(level));
    levels.try_fold(0usize, |sum, level| sum.checked_add(level?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routers_are_numbered_level_by_level() {
        let sketch = tree(2, 2);
        let pairs: Vec<_> = sketch.links.iter().map(|link| link.between).collect();
        assert_eq!(pairs, [[0, 1], [0, 2], [1, 3], [1, 4], [2, 5], [2, 6]]);
        assert_eq!(
            (tree_size(3, 3), tree_size(1, 4), tree_size(2, 0)),
            (Some(40), Some(5), Some(1))
        );
        assert_eq!(tree_size(usize::MAX, 2), None);
    }
}
