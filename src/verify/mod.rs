//! One seed, one history: a scenario is played again in other ways that must not matter, and where the
//! runs part is told.
//!
//! The first run is as any other. The second is [`shaken`](crate::engine::shake): other hashes, hosts,
//! zones and programs made from the last on, other holes on the heap. The third is shaken in another
//! way, and nobody watches. The fourth is on several threads. All must have the same fingerprint, for each
//! host and altogether, the same number of events and the same end; those that are watched, the same
//! transcript.

mod difference;
mod search;

use crate::engine::{Fingerprint, Mark, Seed, SimTime, shake};
use crate::net::NodeId;
use crate::report::Transcript;
use crate::scenario::{Plan, build};
use crate::world::{BuildError, Ended, Threads, World};

pub use difference::{Difference, LastDraw, Seen};

/// A way to play a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As any run.
    Plain,
    /// Shaken.
    Shaken,
    /// Shaken otherwise, and without records.
    Unwatched,
    /// On several threads.
    Threaded,
}

/// What all runs agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many runs there were.
    pub runs: usize,
    /// The fingerprint of each.
    pub fingerprint: Fingerprint,
    /// The events of each.
    pub events: u64,
}

/// Why there is nothing that was verified.
#[derive(Debug)]
pub enum Failed {
    /// Two runs differ.
    Differs(Box<Difference>),
    /// The plan is wrong; a checked one is not.
    Wrong(Vec<BuildError>),
}

impl Way {
    const OTHERS: [Way; 3] = [Way::Shaken, Way::Unwatched, Way::Threaded];

    /// How it differs from the plain way, in words.
    pub fn told(self) -> &'static str {
        match self {
            Way::Plain => "as any run",
            Way::Shaken => "with another order of construction, hashing and allocation",
            Way::Unwatched => {
                "with another order of construction, hashing and allocation, and without records"
            }
            Way::Threaded => "on three threads",
        }
    }

    /// Does something in this way.
    fn take<T>(self, act: impl FnOnce() -> T) -> T {
        match self {
            Way::Plain | Way::Threaded => act(),
            Way::Shaken => shake::shaken(0x5eed_0001, act),
            Way::Unwatched => shake::shaken(0x5eed_0002, act),
        }
    }

    fn build(self, plan: &Plan, seed: Seed) -> Result<World, Vec<BuildError>> {
        build::build_observed(plan, seed, self != Way::Unwatched)
    }
}

/// Plays a plan in every way, up to `until`.
///
/// # Errors
/// The first way in which it differs from a plain run, or what is wrong with the plan.
pub fn verify(plan: &Plan, seed: Seed, until: SimTime) -> Result<Verified, Failed> {
    verify_with(&|way| way.build(plan, seed).map_err(Failed::Wrong), until)
}

/// As [`verify`], of any world that `build` makes.
///
/// # Errors
/// As [`verify`].
pub fn verify_with(
    build: &dyn Fn(Way) -> Result<World, Failed>,
    until: SimTime,
) -> Result<Verified, Failed> {
    let plain = Played::new(Way::Plain, build, until)?;
    for way in Way::OTHERS {
        let other = Played::new(way, build, until)?;
        if let Some(difference) = search::difference(&plain, &other, build, until)? {
            return Err(Failed::Differs(Box::new(difference)));
        }
    }
    let Played { fingerprint, events, .. } = plain;
    Ok(Verified { runs: 1 + Way::OTHERS.len(), fingerprint, events })
}

/// What is kept of a run.
struct Played {
    way: Way,
    ended: Ended,
    now: SimTime,
    events: u64,
    fingerprint: Fingerprint,
    names: Vec<String>,
    checkpoints: Vec<(NodeId, Mark)>,
    /// `None`: nobody watched.
    transcript: Option<String>,
}

impl Played {
    fn new(
        way: Way,
        build: &dyn Fn(Way) -> Result<World, Failed>,
        until: SimTime,
    ) -> Result<Self, Failed> {
        way.take(|| {
            let mut world = build(way)?;
            if way == Way::Threaded {
                world.set_threads(Threads::new(3).eagerly());
            }
            let ended = world.run(until);
            let is_watched = way != Way::Unwatched;
            Ok(Played {
                way,
                ended,
                now: world.now(),
                events: world.events(),
                fingerprint: world.fingerprint(),
                names: world.hosts().map(|host| world.name(host).to_owned()).collect(),
                checkpoints: world.checkpoints(),
                transcript: is_watched.then(|| Transcript::new(&world).to_string()),
            })
        })
    }
}

#[cfg(test)]
mod tests;
