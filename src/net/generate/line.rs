//! A line: every router is joined with the one before it.

use super::Sketch;

/// So many routers in a line.
pub fn line(routers: usize) -> Sketch {
    let mut sketch = Sketch::of("line", routers);
    for router in 1..routers {
        sketch.join(router - 1, router);
    }
    sketch
}
