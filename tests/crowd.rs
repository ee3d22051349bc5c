//! Worlds of very many hosts: what each of them costs.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use std::alloc::System;
use std::net::Ipv4Addr;
use std::sync::Mutex;

use mxsim::engine::{Seed, SimTime};
use mxsim::net::LinkConfig;
use mxsim::scenario::{self, NoFiles, build};
use mxsim::world::{HostConfig, World, WorldBuilder};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// So many hosts on routers in a tree, a hundred on each.
fn crowd(hosts: u32) -> World {
    let mut parts = WorldBuilder::new(Seed(1));
    let routers = hosts / 100;
    let tree = mxsim::net::generate::tree(10, 5);
    for router in &tree.routers[..routers as usize] {
        parts.router(router);
    }
    for span in tree.links.iter().filter(|span| span.between[1] < routers as usize) {
        let [a, b] = span.between.map(|end| tree.routers[end].as_str());
        parts.link(a, b, LinkConfig::default());
    }
    for number in 0..hosts {
        let address = Ipv4Addr::from(0xac10_0001 + number);
        let name = format!("host-{number}");
        let router = &tree.routers[(number % routers) as usize];
        parts.link(&name, router, LinkConfig::default());
        parts.host(HostConfig::idle(name).address(address.into()));
    }
    parts.build().unwrap()
}

/// What the allocator is asked for is counted for all threads, so tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A world, and how many octets it takes for each of so many hosts.
fn weigh(hosts: u32, build: impl FnOnce() -> World) -> (World, i64) {
    let before = Region::new(ALLOCATOR);
    let world = build();
    let change = before.change();
    let held = change.bytes_allocated as i64 - change.bytes_deallocated as i64;
    (world, held / i64::from(hosts))
}

/// The most memory that this process ever had, in KiB; `None` where the system does not tell.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

#[test]
fn a_million_hosts_of_a_scenario_fit_in_two_gibibytes_while_they_are_built() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let text = r#"{
        "title": "A million hosts",
        "network": { "topology": { "tree": { "fan_out": 10, "depth": 4 }, "hosts": 1000000 } }
    }"#;
    let plan = scenario::parse(text, "crowd.json", &NoFiles).unwrap();
    let (world, each) = weigh(1_000_000, || build::build(&plan, Seed(1)).unwrap());
    assert!(each <= 1_024, "{each} octets a host");
    // The root's name server is there in any case.
    assert_eq!(world.hosts().count(), 1_000_001);
    assert!(world.node("host-1000000").is_some());
    if let Some(peak) = peak_kib() {
        assert!(peak <= 2 << 20, "{peak} KiB");
    }
}

#[test]
fn an_idle_host_costs_little_and_no_event() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (mut world, each) = weigh(100_000, || crowd(100_000));
    assert!(each <= 1_024, "{each} octets a host");
    assert_eq!(world.next_event(), None);
    world.run(SimTime::MAX);
    assert_eq!(world.events(), 0);
    let last = world.node("host-99999").unwrap();
    assert_eq!(world.name(last), "host-99999");
    assert_eq!(world.owner(world.addresses(last)[0]), Some(last));
}
