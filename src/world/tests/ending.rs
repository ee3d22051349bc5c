//! What a program still hears of a connection that ends with the same call.

use super::*;
use crate::net::tcp::Flags;
use crate::world::packet_rule::PacketRule;

/// Says farewell to whoever has closed.
struct Host;

impl Actor for Host {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.listen(7));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        if let Event::Stream(connection, StreamEvent::Eof) = event {
            ctx.send(connection, Bytes::from_static(b"farewell"));
            ctx.close(connection);
        }
    }
}

/// Closes at once, and records what it hears as something that it has decrypted.
struct Guest;

impl Actor for Guest {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        ctx.connect("192.0.2.2:7".parse().unwrap()).unwrap();
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Stream(connection, StreamEvent::Opened) => ctx.close(connection),
            Event::Stream(connection, StreamEvent::Data(octets)) => {
                ctx.record_plaintext(connection, &octets);
            }
            _ => {}
        }
    }
}

#[test]
fn a_connection_is_there_until_its_program_has_heard_the_last_of_it() {
    let mut parts = WorldBuilder::new(Seed(1));
    parts
        .host(HostConfig::new("guest").address("192.0.2.1".parse().unwrap()).actor(|| Guest))
        .host(HostConfig::new("host").address("192.0.2.2".parse().unwrap()).actor(|| Host))
        .link("guest", "host", Arc::new(LinkConfig::default()));
    let mut world = parts.build().unwrap();
    // The farewell is lost, the FIN is not: what is sent again fills the gap before that.
    let host = world.node("host").unwrap();
    let rule = PacketRule { flags: Flags::PSH, first: Some(1), ..PacketRule::drop(host) };
    world.begin(SimTime::ZERO, Fault::Packet(rule));
    assert_eq!(world.run(SimTime::MAX), Ended::Idle);
    let guest = world.node("guest").unwrap();
    let told: Vec<_> = world.records().iter().filter(|record| record.id.node == guest).collect();
    let heard = told.iter().position(
        |record| matches!(&record.fact, Fact::Plaintext { payload, .. } if payload == "farewell"),
    );
    let closed = told.iter().position(|record| matches!(record.fact, Fact::Closed { .. }));
    assert!(heard.is_some() && closed.is_some(), "{told:?}");
    assert_eq!(told[heard.unwrap()].time, told[closed.unwrap()].time, "one call told of both");
}
