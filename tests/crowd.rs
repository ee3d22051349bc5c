//! Worlds of very many hosts: what each of them costs.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use std::alloc::System;
use std::net::Ipv4Addr;

use mxsim::engine::{Seed, SimTime};
use mxsim::net::LinkConfig;
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

#[test]
fn an_idle_host_costs_little_and_no_event() {
    let before = Region::new(ALLOCATOR);
    let mut world = crowd(100_000);
    let change = before.change();
    let held = change.bytes_allocated as i64 - change.bytes_deallocated as i64;
    let each = held / 100_000;
    assert!(each <= 1_024, "{each} octets a host");
    assert_eq!(world.next_event(), None);
    world.run(SimTime::MAX);
    assert_eq!(world.events(), 0);
    let last = world.node("host-99999").unwrap();
    assert_eq!(world.name(last), "host-99999");
    assert_eq!(world.owner(world.addresses(last)[0]), Some(last));
}
