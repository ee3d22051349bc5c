//! A random network of near neighbours (Waxman, "Routing of multipoint connections", IEEE JSAC 6(9),
//! 1988).
//!
//! Routers lie in a square, each at a random place. Two at a distance d are joined with the probability
//! `beta * exp(-d / (alpha * L))`, where L is the diagonal. Delays are as the distances. What falls
//! apart is joined where its parts are nearest.

use std::time::Duration;

use super::Sketch;
use crate::engine::Stream;

/// The numbers of a random network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waxman {
    /// How many routers.
    pub routers: usize,
    /// The larger, the more of the links are long. Above 0.
    pub alpha: f64,
    /// The larger, the more links there are. Above 0, at most 1.
    pub beta: f64,
    /// How long a packet takes from one corner of the square to the opposite one.
    pub extent: Duration,
}

/// The network of these numbers and draws: two draws a router, then one for each two routers.
pub fn waxman(model: Waxman, draws: &mut Stream) -> Sketch {
    let mut sketch = Sketch::of("waxman", model.routers);
    let places: Vec<[f64; 2]> = (0..model.routers).map(|_| [draws.unit(), draws.unit()]).collect();
    // In diagonals.
    let distance = |a: usize, b: usize| {
        let (x, y) = (places[a][0] - places[b][0], places[a][1] - places[b][1]);
        libm::sqrt((x * x + y * y) / 2.0)
    };
    let delay = |a: usize, b: usize| {
        let nanos = distance(a, b) * model.extent.as_nanos() as f64;
        Duration::from_micros((nanos / 1_000.0) as u64).max(LEAST_DELAY)
    };
    // Each router's part is a list; those of a part share its number.
    let mut part: Vec<usize> = (0..model.routers).collect();
    let mut members: Vec<Vec<usize>> = (0..model.routers).map(|router| vec![router]).collect();
    for a in 0..model.routers {
        for b in a + 1..model.routers {
            if draws.chance(model.beta * libm::exp(-distance(a, b) / model.alpha)) {
                sketch.join_at(a, b, delay(a, b));
                unite(&mut part, &mut members, a, b);
            }
        }
    }
    // The part of the first router takes in the others, each by the shortest link to it.
    while let Some(stray) = (0..model.routers).find(|router| part[*router] != part[0]) {
        let (own, other) = (&members[part[0]], &members[part[stray]]);
        let pairs = own.iter().flat_map(|a| other.iter().map(move |b| (*a, *b)));
        let (a, b) = pairs
            .min_by(|one, two| {
                distance(one.0, one.1).total_cmp(&distance(two.0, two.1)).then(one.cmp(two))
            })
            .expect("no part is empty");
        sketch.join_at(a, b, delay(a, b));
        unite(&mut part, &mut members, a, b);
    }
    sketch
}

/// Makes one part of those of `a` and `b`: the smaller goes into the larger.
fn unite(part: &mut [usize], members: &mut [Vec<usize>], a: usize, b: usize) {
    let (mut into, mut from) = (part[a], part[b]);
    if into == from {
        return;
    }
    if members[into].len() < members[from].len() {
        std::mem::swap(&mut into, &mut from);
    }
    for router in std::mem::take(&mut members[from]) {
        part[router] = into;
        members[into].push(router);
    }
}

/// What lies next to each other is not at one place.
const LEAST_DELAY: Duration = Duration::from_micros(50);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    fn draw(seed: u64, routers: usize, alpha: f64, beta: f64) -> Sketch {
        let model = Waxman { routers, alpha, beta, extent: Duration::from_millis(40) };
        waxman(model, &mut Seed(seed).stream("topology waxman"))
    }

    #[test]
    fn the_numbers_and_the_seed_are_the_network() {
        assert_eq!(draw(1, 30, 0.15, 0.4), draw(1, 30, 0.15, 0.4));
        assert_ne!(draw(1, 30, 0.15, 0.4), draw(2, 30, 0.15, 0.4));
        assert!(draw(1, 50, 0.15, 0.8).links.len() > draw(1, 50, 0.15, 0.2).links.len());
    }

    #[test]
    fn a_larger_alpha_makes_links_longer_and_none_is_longer_than_the_diagonal() {
        let mean = |alpha| {
            let links = draw(1, 80, alpha, 0.4).links;
            let delays = links.iter().filter_map(|link| link.delay);
            assert!(delays.clone().all(|delay| delay <= Duration::from_millis(40)));
            delays.sum::<Duration>() / links.len() as u32
        };
        assert!(mean(0.05) * 2 < mean(1.0), "{:?} {:?}", mean(0.05), mean(1.0));
    }
}
