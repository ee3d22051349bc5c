//! Worlds that are deterministic, and programs that are not.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::engine::HashState;
use crate::net::LinkConfig;
use crate::world::{Actor, Ctx, Event, HostConfig, Kind, TimerToken, WorldBuilder};

/// Asks every second; how it chooses what to do is the point.
struct Program {
    peer: SocketAddr,
    how: How,
    seconds: u64,
    heap: Box<u64>,
}

#[derive(Clone, Copy)]
enum How {
    /// By a draw.
    Right,
    /// By where its memory is.
    ByAddress,
    /// By the first entry of a hash map.
    ByHash,
    /// By whether somebody watches.
    ByWatching,
}

impl Actor for Program {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.bind_udp(7));
        ctx.set_timer(ctx.now() + Duration::from_secs(1), TimerToken(0));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Event::Timer(_) = event else { return };
        self.seconds += 1;
        let drawn = ctx.stream(&format!("choice {}", self.seconds)).below(256) as u8;
        let chosen = match self.how {
            _ if self.seconds < 5 => drawn,
            How::Right => drawn,
            How::ByAddress => (std::ptr::from_ref(&*self.heap).addr() >> 4) as u8,
            How::ByHash => {
                let map: HashMap<u8, (), HashState> = (0..100).map(|key| (key, ())).collect();
                map.into_keys().next().unwrap_or_default()
            }
            How::ByWatching => {
                let mut is_watched = false;
                ctx.note(Kind::Remark, || {
                    is_watched = true;
                    crate::world::Note::Remark("watched".into())
                });
                u8::from(is_watched)
            }
        };
        let payload = Bytes::copy_from_slice(&[b'n', b'o', b' ', chosen]);
        ctx.send_udp(7, self.peer, payload).expect("they are of one family");
        if self.seconds < 10 {
            ctx.set_timer(ctx.now() + Duration::from_secs(1), TimerToken(0));
        }
    }
}

fn world(way: Way, how: How) -> World {
    let addresses: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
    let mut parts = WorldBuilder::new(Seed(1));
    for (index, name) in ["a.example", "b.example"].into_iter().enumerate() {
        let peer = SocketAddr::new(addresses[1 - index], 7);
        let how = if index == 0 { how } else { How::Right };
        parts.host(HostConfig::new(name).address(addresses[index]).actor(move || Program {
            peer,
            how,
            seconds: 0,
            heap: Box::new(0),
        }));
    }
    parts.link("a.example", "b.example", LinkConfig::default());
    parts.watched(way != Way::Unwatched);
    parts.build().unwrap()
}

fn verified(how: How) -> Result<Verified, Box<Difference>> {
    let build = |way| Ok(world(way, how));
    verify_with(&build, SimTime::MAX).map_err(|failed| match failed {
        Failed::Differs(difference) => difference,
        Failed::Wrong(errors) => panic!("{errors:?}"),
    })
}

#[test]
fn a_world_that_draws_from_its_streams_alone_has_one_history() {
    let verified = verified(How::Right).unwrap();
    assert_eq!(
        (verified.runs, verified.fingerprint),
        (4, {
            let mut world = world(Way::Plain, How::Right);
            world.run(SimTime::MAX);
            world.fingerprint()
        })
    );
}

/// The first event that differs is the fifth datagram of `a`, at `b`.
#[track_caller]
fn check(how: How, way: Way) {
    let difference = verified(how).unwrap_err();
    assert_eq!(
        (difference.way, difference.host.as_deref()),
        (way, Some("b.example")),
        "{difference}"
    );
    let [Some(one), Some(other)] = &difference.seen else { panic!("{difference}") };
    for seen in [one, other] {
        assert_eq!((&*seen.host, &*seen.what), ("b.example", "a datagram"), "{difference}");
        assert_eq!((seen.time.as_nanos() / 1_000_000_000, &seen.bytes[..3]), (5, &b"no "[..]));
    }
    assert_ne!(one.bytes, other.bytes);
    let Some(LastDraw::Same(draw)) = &difference.draw else { panic!("{difference}") };
    assert!(draw.stream.contains("choice 5"), "{difference}");
    let told = difference.to_string();
    assert!(told.contains("it shows first at b.example, after 5"), "{told}");
}

#[test]
fn what_depends_on_the_order_of_hashing_is_found() {
    check(How::ByHash, Way::Shaken);
}

#[test]
fn what_depends_on_addresses_is_found() {
    check(How::ByAddress, Way::Shaken);
}

#[test]
fn what_depends_on_being_watched_is_found() {
    check(How::ByWatching, Way::Unwatched);
}

#[test]
fn a_scenario_has_one_history() {
    let text = r#"{
        "domains": {"example.org": {"users": ["alice"]}, "example.com": {"users": ["bob"]}},
        "network": {"default_link": {"latency": "10ms", "loss": "5%"}},
        "agenda": [{"at": "1s", "client": "alice@example.org", "send": {"to": "bob@example.com"}}]
    }"#;
    let plan = crate::scenario::parse(text, "test.json", &crate::scenario::NoFiles).unwrap();
    assert!(verify(&plan, Seed(7), plan.until).is_ok());
}
