//! Generated topologies: routers and the links between them, by a few numbers.
//!
//! One kind a file. A topology is a function of its numbers alone (of the stream too, for the one kind
//! that draws), and names its routers by kind or region and number, so that a scenario can hang hosts
//! on them and cut links between them: `star-1`, `europe-2`.

mod grid;
mod line;
mod ring;
mod star;
mod tree;
mod waxman;
pub mod world;

use std::time::Duration;

pub use grid::grid;
pub use line::line;
pub use ring::ring;
pub use star::star;
pub use tree::{tree, tree_size};
pub use waxman::{Waxman, waxman};
pub use world::{Region, world};

/// Routers, and the links between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sketch {
    /// Their names.
    pub routers: Vec<String>,
    /// The links. No two are between the same two routers.
    pub links: Vec<Span>,
}

/// A link of a sketch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its ends, by their places among the routers.
    pub between: [usize; 2],
    /// How long a packet takes each way, where the topology says so.
    pub delay: Option<Duration>,
}

impl Sketch {
    /// So many routers of a kind, without links.
    fn of(kind: &str, routers: usize) -> Self {
        let routers = (1..=routers).map(|number| format!("{kind}-{number}")).collect();
        Sketch { routers, links: Vec::new() }
    }

    /// Joins two routers by a link like all others.
    fn join(&mut self, a: usize, b: usize) {
        self.links.push(Span { between: [a, b], delay: None });
    }

    /// Joins two routers by a link of this delay.
    fn join_at(&mut self, a: usize, b: usize, delay: Duration) {
        self.links.push(Span { between: [a, b], delay: Some(delay) });
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::engine::Seed;

    /// The number of parts that a sketch falls into.
    pub(crate) fn parts(sketch: &Sketch) -> usize {
        let mut part: Vec<usize> = (0..sketch.routers.len()).collect();
        let mut parts = part.len();
        for Span { between: [a, b], .. } in &sketch.links {
            let (old, new) = (part[*a], part[*b]);
            if old != new {
                part.iter_mut().filter(|of| **of == old).for_each(|of| *of = new);
                parts -= 1;
            }
        }
        parts
    }

    #[test]
    fn every_kind_is_in_one_part_and_has_no_link_twice() {
        let waxman_of = |routers, alpha, beta| {
            let model = Waxman { routers, alpha, beta, extent: Duration::from_millis(40) };
            waxman(model, &mut Seed(3).stream("topology"))
        };
        let sketches = [
            star(1),
            star(9),
            line(1),
            line(7),
            ring(1),
            ring(2),
            ring(8),
            tree(3, 0),
            tree(1, 4),
            tree(3, 3),
            grid(1, 1),
            grid(4, 3),
            waxman_of(1, 0.15, 0.2),
            waxman_of(60, 0.15, 0.2),
            waxman_of(60, 0.01, 0.01),
            world(&Region::ALL, 1),
            world(&Region::ALL, 5),
            world(&[Region::Europe], 2),
        ];
        for sketch in sketches {
            assert_eq!(parts(&sketch), 1, "{sketch:?}");
            let mut pairs: Vec<_> = sketch.links.iter().map(|link| link.between).collect();
            assert!(pairs.iter().all(|[a, b]| a != b), "{sketch:?}");
            pairs.iter_mut().for_each(|pair| pair.sort_unstable());
            pairs.sort_unstable();
            let links = pairs.len();
            pairs.dedup();
            assert_eq!(pairs.len(), links, "{sketch:?}");
            let mut names = sketch.routers.clone();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), sketch.routers.len());
        }
    }
}
