//! Each packet of a run lost once, and each host crashed after each of its events once.
//!
//! The run as the scenario has it is played first, to count. Then there is one run for each packet that
//! a host sent in it, in which that packet is lost, or one for each event of a host, after which the host
//! crashes and starts again a while later. These runs go on until all mail has come to its end. Up to
//! what is added each of them is the counted run to the octet, so that every packet and event is met.
//!
//! Expectations are judged as [`relax`](super::relax) says: how soon a message is there is not, for
//! what is lost is sent again after a while.

use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::{Seed, SimTime};
use crate::net::NodeId;
use crate::scenario::format::Dur;
use crate::scenario::{Source, build};
use crate::world::World;

use super::case::{Case, Label};
use super::play::{play, settled};
use super::relax::Added;
use super::report::Report;
use super::runner::Runner;

/// What happens once in each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// A packet is lost.
    Packet,
    /// A host crashes, and starts again after this time.
    Event {
        /// How long it is down.
        down: Duration,
    },
}

/// The cases of a scenario with a seed, host by host. `wanted` says of which hosts.
///
/// # Errors
/// The counted run panicked, in words.
pub fn cases(
    source: &Source,
    seed: u64,
    every: Every,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Case>, String> {
    let plan = source.plan();
    let until = settled(plan, plan.until).since(SimTime::ZERO);
    let counted = super::panics::catch(|| count(source, seed, every));
    let counted = counted.map_err(|panic| {
        format!("the run without faults panics at {}: {}", panic.place, panic.message)
    })?;
    let mut cases = Vec::new();
    for (host, count) in counted.into_iter().filter(|(host, _)| wanted(host)) {
        for number in 1..=count {
            let host = host.clone();
            let (fault, label, added) = match every {
                Every::Packet => {
                    (lost(&host, number), Label::Packet { host, number }, Added::LostPacket)
                }
                Every::Event { down } => {
                    (crash(&host, number, down), Label::Event { host, number }, Added::Crash)
                }
            };
            cases.push(Case { label, seed, faults: vec![fault], until: Some(until), added });
        }
    }
    Ok(cases)
}

/// How many packets every host sent, or how many events it had.
fn count(source: &Source, seed: u64, every: Every) -> Vec<(String, u64)> {
    let plan = source.plan();
    let mut world =
        build::build_observed(plan, Seed(seed), false).expect("a checked plan is right");
    world.run(plan.until);
    let count: fn(&World, NodeId) -> u64 = match every {
        Every::Packet => World::packets_sent,
        Every::Event { .. } => World::events_of,
    };
    let hosts = world.hosts();
    hosts.map(|node| (world.name(node).to_owned(), count(&world, node))).collect()
}

fn lost(host: &str, number: u64) -> Value {
    json!({ "at": "0s", "packet": { "from": host, "host_number": number, "do": "drop" } })
}

fn crash(host: &str, number: u64, down: Duration) -> Value {
    json!({ "crash": host, "after_event": number, "for": Dur(down).to_string() })
}

/// Plays the cases.
pub fn explore(source: &Source, cases: Vec<Case>, runner: &Runner<'_>) -> Report {
    runner.play(cases, |case| play(&case.checked_plan(source), Seed(case.seed)))
}
