//! A ring: a line whose ends are joined, so that one cut link leaves a way.

use super::Sketch;

/// So many routers in a ring. Two are a line.
pub fn ring(routers: usize) -> Sketch {
    let mut sketch = Sketch::of("ring", routers);
    for router in 1..routers {
        sketch.join(router - 1, router);
    }
    if routers > 2 {
        sketch.join(routers - 1, 0);
    }
    sketch
}
