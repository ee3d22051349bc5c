//! Plays a scenario: a resolver on one host, everything else of the file on another.

mod audience;
mod cast;
mod judge;
mod script;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::actors::RecursiveResolver;
use crate::engine::Seed;
use crate::net::{Latency, LinkConfig};
use crate::world::{HostConfig, WorldBuilder};

use super::outcome::{Outcome, Stopped};
use super::scenario::Scenario;
use super::settings::Settings;
use script::Script;

/// What a scenario needs and is not here. The file is skipped: it neither passes nor fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs(pub Vec<String>);

/// `needs X, Y`.
impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs {}", self.0.join(", "))
    }
}

impl std::error::Error for Needs {}

/// Plays a scenario against the resolver; every draw follows from `seed`.
///
/// The network has no latency and loses nothing: time goes by in `TIME_PASSES` steps and while the
/// resolver waits for somebody.
///
/// # Errors
/// [`Needs`] when the scenario asks for something that the resolver or this runner lacks.
pub fn play(scenario: &Scenario, seed: Seed) -> Result<Outcome, Needs> {
    let Settings { config, zones, allowed, mut needs } = Settings::new(&scenario.header);
    needs.extend(scenario.needs.iter().cloned());
    if !needs.is_empty() {
        return Err(Needs(needs));
    }
    let waits_for_fresh =
        config.cache.serve_stale.is_some_and(|stale| !stale.client_timeout.is_zero());

    let mut everybody = scenario.addresses();
    everybody.extend(scenario.clients());
    let free = |prefix: &str| {
        let mut candidates =
            (53..255_u32).filter_map(|last| format!("{prefix}{last}").parse().ok());
        candidates.find(|address: &IpAddr| !everybody.contains(address))
    };
    // 198.18.0.0/15 is for laboratories (RFC 2544): no file needs all of a block of it.
    let resolver_v4 = free("198.18.0.").or_else(|| free("198.19.0.")).expect("a free address");
    let resolver_v6 = free("2001:db8:53::").expect("a free address");

    let resolver = HostConfig::new(RESOLVER).address(resolver_v4).address(resolver_v6);
    let resolver = resolver.actor(move || {
        let resolver = RecursiveResolver::new(config.clone(), Arc::clone(&zones));
        match &allowed {
            Some(networks) => resolver.allow(networks.clone()),
            None => resolver,
        }
    });
    // The usual address of clients comes first: connections are made from there.
    let usual: [IpAddr; 2] = [[127, 0, 0, 1].into(), [0, 0, 0, 0, 0, 0, 0, 1].into()];
    let mut stage = usual.into_iter().fold(HostConfig::new(STAGE), HostConfig::address);
    for address in everybody.into_iter().filter(|address| !usual.contains(address)) {
        stage = stage.address(address);
    }
    let played = Arc::new(Mutex::new(Played::default()));
    let shared = Arc::clone(&played);
    let script = Arc::new(scenario.clone());
    let stage = stage.actor(move || {
        let script = Arc::clone(&script);
        Script::new(script, [resolver_v4, resolver_v6], waits_for_fresh, Arc::clone(&shared))
    });

    let mut builder = WorldBuilder::new(seed);
    // The order matters: what the stage does at an instant comes after what the resolver does.
    builder.watched(false).host(resolver).host(stage).link(RESOLVER, STAGE, link());
    let mut world = builder.build().expect("two hosts with addresses of their own and one link");
    loop {
        let stopped = played.lock().is_ok_and(|played| played.is_over);
        if stopped || !world.step() {
            break;
        }
        if world.events() > MAX_EVENTS {
            let limit = MAX_EVENTS;
            let mut played = played.lock().expect("no actor panicked");
            played.outcome.stopped.get_or_insert(Stopped::TooManyEvents { limit });
            break;
        }
    }
    let outcome = std::mem::take(&mut played.lock().expect("no actor panicked").outcome);
    Ok(outcome)
}

/// What the script has to say to the one who plays it.
#[derive(Debug, Default)]
struct Played {
    outcome: Outcome,
    /// The last step is done.
    is_over: bool,
}

const RESOLVER: &str = "resolver";
const STAGE: &str = "stage";

/// Neither latency nor loss, and room for any message.
fn link() -> LinkConfig {
    LinkConfig {
        latency: Latency::Constant(Duration::ZERO),
        mtu_octets: 128 * 1_024,
        ..LinkConfig::default()
    }
}

/// A scenario of a hundred queries takes some thousand events.
const MAX_EVENTS: u64 = 2_000_000;
