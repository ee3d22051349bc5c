//! Crashes after a number of events, for who wants to see what a host loses at each of them.

use std::time::Duration;

use crate::net::NodeId;

use super::World;
use super::fault::Fault;
use super::threads::Reason;

/// A crash that waits for its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trap {
    /// The number of the event, from 1.
    event: u64,
    back_after: Option<Duration>,
}

/// What a host waits for that waits for nothing.
pub(crate) const NEVER: u64 = u64::MAX;

impl World {
    /// How many events a host has had: its start, each packet that arrived, each timer; 0 for a
    /// router.
    pub fn events_of(&self, host: NodeId) -> u64 {
        self.host(host).map_or(0, |host| host.state.events)
    }

    /// Lets a host crash right after its event of this number, counted from 1 and through all its
    /// restarts, and start again so much later; for good without `back_after`. Nothing happens if the
    /// host has had that event already, or is none.
    ///
    /// What the host does in that event is done, and what it sends is on its way. The crash is a fault
    /// like any other, which begins before anything else that happens later.
    pub fn crash_after(&mut self, host: NodeId, event: u64, back_after: Option<Duration>) {
        let Some(state) = self.host_mut(host).map(|host| &mut host.state) else {
            return;
        };
        if event <= state.events {
            return;
        }
        state.trap = state.trap.min(event);
        self.run_alone(Reason::Trapped);
        self.traps.entry(host).or_default().push(Trap { event, back_after });
    }

    /// A host has had an event that a crash waited for.
    pub(super) fn spring(&mut self, host: NodeId) {
        let World { network, parts, traps, now, .. } = self;
        let state = &mut parts[network.places.part(host)].host_mut(network, host).state;
        let (now, traps) = (*now, traps.get_mut(&host).expect("a host with a trap has one here"));
        let sprung: Vec<Trap> = traps.extract_if(.., |trap| trap.event == state.events).collect();
        state.trap = traps.iter().map(|trap| trap.event).min().unwrap_or(NEVER);
        for Trap { back_after, .. } in sprung {
            let crash = self.begin(now, Fault::Crash(host));
            if let Some(back_after) = back_after {
                self.end(now + back_after, crash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Seed, SimTime};
    use crate::world::{Actor, Ctx, Event, Fact, HostConfig, TimerToken, WorldBuilder};

    /// Has an event each second.
    struct Ticker;

    impl Actor for Ticker {
        fn start(&mut self, ctx: &mut Ctx<'_>) {
            ctx.set_timer(ctx.now() + Duration::from_secs(1), TimerToken(0));
        }

        fn handle(&mut self, _event: Event, ctx: &mut Ctx<'_>) {
            ctx.note(crate::world::Kind::Remark, || crate::world::Note::Remark("tick".to_owned()));
            self.start(ctx);
        }
    }

    fn ticking() -> World {
        let mut parts = WorldBuilder::new(Seed(1));
        parts.host(HostConfig::new("clock").actor(|| Ticker)).router("r");
        parts.link("clock", "r", crate::net::LinkConfig::default());
        parts.build().unwrap()
    }

    /// The second and the first letter of everything that happened.
    fn story(world: &World) -> String {
        let facts = world.records().iter().map(|record| {
            let word = match &record.fact {
                Fact::Crashed => "crash",
                Fact::Restarted => "restart",
                _ => "tick",
            };
            format!("{} {word}", record.time.as_nanos() as f64 / 1e9)
        });
        facts.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_host_crashes_right_after_its_event_and_comes_back() {
        let mut world = ticking();
        let clock = world.node("clock").unwrap();
        // Its start is the first event, the tick at 2 s the third. The timer that was set then comes to
        // nothing, but it is an event all the same.
        world.crash_after(clock, 3, Some(Duration::from_millis(1_500)));
        world.crash_after(clock, 5, None);
        world.run(SimTime::from_secs(20));
        assert_eq!(story(&world), "1 tick, 2 tick, 2 crash, 3.5 restart, 4.5 tick, 4.5 crash");
        assert_eq!((world.events_of(clock), world.crashes(clock)), (6, 2));
    }

    #[test]
    fn what_has_passed_or_never_comes_changes_nothing() {
        let mut world = ticking();
        let clock = world.node("clock").unwrap();
        world.run(SimTime::from_secs(3));
        world.crash_after(clock, 2, None);
        world.crash_after(clock, 1_000, None);
        world.crash_after(world.node("r").unwrap(), 1, None);
        world.run(SimTime::from_secs(5));
        assert_eq!(story(&world), "1 tick, 2 tick, 3 tick, 4 tick, 5 tick");
        let mut calm = ticking();
        calm.run(SimTime::from_secs(5));
        assert_eq!(world.fingerprint(), calm.fingerprint());
    }
}
