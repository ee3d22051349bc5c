//! A star: one router in the middle, all others on it.

use super::Sketch;

/// So many routers, the middle one included, which is the first.
pub fn star(routers: usize) -> Sketch {
    let mut sketch = Sketch::of("star", routers);
    for router in 1..routers {
        sketch.join(0, router);
    }
    sketch
}
