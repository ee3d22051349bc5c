//! A grid: rows and columns of routers, each joined with those beside it.

use super::Sketch;

/// So many columns and rows, numbered row by row.
pub fn grid(columns: usize, rows: usize) -> Sketch {
    let mut sketch = Sketch::of("grid", columns * rows);
    for router in 0..columns * rows {
        if (router + 1) % columns != 0 {
            sketch.join(router, router + 1);
        }
        if router + columns < columns * rows {
            sketch.join(router, router + columns);
        }
    }
    sketch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_router_is_joined_with_those_beside_it() {
        let pairs: Vec<_> = grid(3, 2).links.iter().map(|link| link.between).collect();
        assert_eq!(pairs, [[0, 1], [0, 3], [1, 2], [1, 4], [2, 5], [3, 4], [4, 5]]);
    }
}
