//! The hold model (Jones 1986): so many actors, each with so many events in flight, of which each causes
//! the next one after an exponential delay.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{Seed, SimTime, Stream};
use crate::net::{Latency, LinkConfig};
use crate::world::{Actor, Ctx, Event, HostConfig, TimerToken, World, WorldBuilder};

/// A world under the hold model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// What is in flight.
    pub holding: Holding,
    /// How many hosts there are, with one actor each.
    pub hosts: u32,
    /// How many events of each host are in flight.
    pub in_flight: u32,
    /// How many events there are in all; each host has its share, rounded up.
    pub events: u64,
    /// The mean of the delays.
    pub mean: Duration,
}

/// What is in flight in the hold model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// A timer of each host to itself.
    Timers,
    /// An empty datagram from each host to one drawn at random, by way of one router. The link to the
    /// router takes an exponential time, the one from it takes none.
    Datagrams,
}

impl Hold {
    /// 10,000 hosts, one event of each, and a mean of 1 ms.
    pub fn new(holding: Holding, events: u64) -> Self {
        Hold { holding, hosts: 10_000, in_flight: 1, events, mean: Duration::from_millis(1) }
    }

    /// The world, with nothing done yet. It is idle when all is.
    ///
    /// # Panics
    /// When there are more hosts than the addresses of 10.0.0.0/8.
    pub fn world(&self, seed: Seed) -> World {
        assert!(self.hosts < 1 << 24, "an address of 10.0.0.0/8 for each host");
        let Hold { holding, hosts, in_flight, mean, .. } = *self;
        let rounds = self.events.div_ceil(u64::from(hosts.max(1)));
        let mut parts = WorldBuilder::new(seed);
        parts.watched(false);
        if holding == Holding::Datagrams {
            parts.router("router");
        }
        let none = Duration::ZERO;
        let [there, back] = [Latency::Exponential { mean, least: none }, Latency::Constant(none)]
            .map(|latency| {
                let link = LinkConfig { latency, ..LinkConfig::default() };
                std::sync::Arc::new(link)
            });
        for host in 0..hosts {
            let name = format!("host-{host}");
            if holding == Holding::Datagrams {
                parts.link_each_way(&name, "router", [there.clone(), back.clone()]);
            }
            let config = HostConfig::new(name).address(address(host));
            parts.host(match holding {
                Holding::Timers => {
                    config.actor(move || Waiter { rounds, in_flight, mean, draws: None })
                }
                Holding::Datagrams => {
                    config.actor(move || Thrower { hosts, rounds, in_flight, draws: None })
                }
            });
        }
        parts.build().expect("names and addresses differ")
    }
}

fn address(host: u32) -> IpAddr {
    Ipv4Addr::from((10 << 24) + host).into()
}

/// Sets a timer whenever one fires.
struct Waiter {
    rounds: u64,
    in_flight: u32,
    mean: Duration,
    draws: Option<Stream>,
}

impl Waiter {
    fn next(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(rounds) = self.rounds.checked_sub(1) {
            self.rounds = rounds;
            let draws = self.draws.get_or_insert_with(|| ctx.stream("hold"));
            let delay = Latency::Exponential { mean: self.mean, least: Duration::ZERO };
            ctx.set_timer(ctx.now() + delay.draw(draws), TimerToken(0));
        }
    }
}

impl Actor for Waiter {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        for _ in 0..self.in_flight {
            self.next(ctx);
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        if let Event::Timer(_) = event {
            self.next(ctx);
        }
    }
}

/// Sends a datagram to a random host whenever one comes.
struct Thrower {
    hosts: u32,
    rounds: u64,
    in_flight: u32,
    draws: Option<Stream>,
}

/// The port at which all listen (RFC 863).
const PORT: u16 = 9;

impl Thrower {
    fn next(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(rounds) = self.rounds.checked_sub(1) {
            self.rounds = rounds;
            let draws = self.draws.get_or_insert_with(|| ctx.stream("hold"));
            let to = SocketAddr::new(address(draws.below(u64::from(self.hosts)) as u32), PORT);
            let sent = ctx.send_udp(PORT, to, Bytes::new());
            sent.expect("the host has an address of the family");
        }
    }
}

impl Actor for Thrower {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.bind_udp(PORT), "nobody else has the port");
        // A moment later, when all listen.
        ctx.set_timer(ctx.now() + Duration::from_nanos(1), TimerToken(0));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Timer(_) => {
                for _ in 0..self.in_flight {
                    self.next(ctx);
                }
            }
            Event::Datagram { .. } => self.next(ctx),
            _ => {}
        }
    }
}

impl Hold {
    /// Plays a world of [`Hold::world`] to its end; hands back how many of the events there were.
    pub fn play(&self, world: &mut World) -> u64 {
        world.run(SimTime::MAX);
        match self.holding {
            Holding::Timers => world.events() - u64::from(self.hosts),
            Holding::Datagrams => world.traffic().delivered.packets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_events_as_were_asked_for() {
        for holding in [Holding::Timers, Holding::Datagrams] {
            let hold = Hold { hosts: 50, ..Hold::new(holding, 1_000) };
            let mut world = hold.world(Seed(1));
            let events = hold.play(&mut world);
            match holding {
                Holding::Timers => assert_eq!(events, 1_000),
                // A host that gets more of them has used up its share before the others.
                Holding::Datagrams => assert!((500..=1_000).contains(&events), "{events}"),
            }
            assert_eq!(world.traffic().lost_in_all().packets, 0);
            let mut again = hold.world(Seed(1));
            hold.play(&mut again);
            assert_eq!(world.fingerprint(), again.fingerprint());
        }
    }
}
