//! A world: regions with routers, and delays between them as they are measured.
//!
//! Delays between continents are half the round trips between Washington, São Paulo, Frankfurt, Tokyo
//! and Sydney that IBM Cloud published for August 2024 (cloud.ibm.com/docs/vpc, "Network latency").
//! It has no data centre in Africa: those of Africa are round figures for the cables to Johannesburg.
//! Within a region they are half the way across what lies in it: Washington to Dallas, Frankfurt to
//! London, and so on.
//!
//! The first routers of any two regions are joined; where regions have more routers, their second ones
//! too, by a cable that is a tenth longer. Within a region every router is joined with the first and
//! with the one before it. So one cut cable or dead router leaves a way.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::Sketch;

/// A continent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    /// Canada to Mexico.
    NorthAmerica,
    /// Colombia to Chile.
    SouthAmerica,
    /// With Britain and the Mediterranean.
    Europe,
    /// South of the Sahara.
    Africa,
    /// East and South-East Asia.
    Asia,
    /// Australia and New Zealand.
    Oceania,
}

impl Region {
    /// All, in the order in which they are numbered.
    pub const ALL: [Region; 6] = [
        Region::NorthAmerica,
        Region::SouthAmerica,
        Region::Europe,
        Region::Africa,
        Region::Asia,
        Region::Oceania,
    ];

    /// How long a packet takes from the first router of this region to that of another; for the region
    /// itself, to its other routers.
    pub fn delay_to(self, other: Region) -> Duration {
        Duration::from_millis(DELAYS_MS[self as usize][other as usize])
    }
}

/// One way, in milliseconds.
const DELAYS_MS: [[u64; 6]; 6] = [
    // NA, SA, EU, AF, AS, OC
    [15, 59, 45, 113, 83, 107],
    [59, 15, 99, 170, 142, 164],
    [45, 99, 7, 78, 116, 125],
    [113, 170, 78, 20, 140, 175],
    [83, 142, 116, 140, 20, 58],
    [107, 164, 125, 175, 58, 12],
];

/// As in the names of its routers: `north-america`.
impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Region::NorthAmerica => "north-america",
            Region::SouthAmerica => "south-america",
            Region::Europe => "europe",
            Region::Africa => "africa",
            Region::Asia => "asia",
            Region::Oceania => "oceania",
        })
    }
}

/// There is no region of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRegion;

impl FromStr for Region {
    type Err = NoRegion;

    fn from_str(text: &str) -> Result<Self, NoRegion> {
        Region::ALL.into_iter().find(|region| region.to_string() == text).ok_or(NoRegion)
    }
}

/// These regions, each with so many routers: `europe-1`, `europe-2`.
pub fn world(regions: &[Region], routers: usize) -> Sketch {
    let mut sketch = Sketch::default();
    for region in regions {
        let first = sketch.routers.len();
        sketch.routers.extend((1..=routers).map(|number| format!("{region}-{number}")));
        for router in first + 1..first + routers {
            sketch.join_at(first, router, region.delay_to(*region));
            if router > first + 1 {
                sketch.join_at(router - 1, router, region.delay_to(*region));
            }
        }
    }
    for (at, a) in regions.iter().enumerate() {
        for (other, b) in regions.iter().enumerate().skip(at + 1) {
            let (first, delay) = ([at * routers, other * routers], a.delay_to(*b));
            sketch.join_at(first[0], first[1], delay);
            if routers > 1 {
                sketch.join_at(first[0] + 1, first[1] + 1, delay * 11 / 10);
            }
        }
    }
    sketch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_the_same_both_ways_and_no_detour_is_shorter() {
        for a in Region::ALL {
            assert_eq!(a.to_string().parse(), Ok(a));
            for b in Region::ALL {
                assert_eq!(a.delay_to(b), b.delay_to(a), "{a} {b}");
                for by in Region::ALL.into_iter().filter(|by| *by != a && *by != b) {
                    assert!(a.delay_to(b) <= a.delay_to(by) + by.delay_to(b), "{a} {b} by {by}");
                }
            }
        }
        assert_eq!("atlantis".parse::<Region>(), Err(NoRegion));
    }

    #[test]
    fn regions_are_joined_by_two_cables() {
        let sketch = world(&[Region::Europe, Region::Asia], 3);
        let names: Vec<_> = sketch.routers.iter().map(String::as_str).collect();
        assert_eq!(names, ["europe-1", "europe-2", "europe-3", "asia-1", "asia-2", "asia-3"]);
        let between = |a, b| sketch.links.iter().find(|link| link.between == [a, b]);
        assert_eq!(between(0, 3).unwrap().delay, Some(Duration::from_millis(116)));
        assert_eq!(between(1, 4).unwrap().delay, Some(Duration::from_micros(127_600)));
        assert_eq!(between(2, 5), None);
    }
}
