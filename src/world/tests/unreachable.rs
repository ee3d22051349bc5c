//! What becomes of packets that cannot be delivered, where routers and hosts say so.

use super::*;
use crate::net::{Trouble, Unreachable};

/// Sends datagrams of these sizes at once, each from a port of its own, and opens one connection;
/// writes down what it is told.
struct Prober {
    to: SocketAddr,
    datagrams: Vec<usize>,
    log: Log,
}

impl Actor for Prober {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        for size in &self.datagrams {
            let port = ctx.bind_any_udp().unwrap();
            ctx.send_udp(port, self.to, vec![0; *size].into()).unwrap();
        }
        ctx.connect(self.to).unwrap();
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let line = match event {
            Event::Unreachable { to, trouble, .. } => format!("UDP to {to}: {trouble}"),
            Event::Stream(_, StreamEvent::Closed(reason)) => format!("TCP: {reason}"),
            Event::Datagram { payload, .. } => format!("{} octets", payload.len()),
            _ => return,
        };
        self.log.lock().unwrap().push(format!("{} {line}", ctx.now()));
    }
}

/// prober - r - s - echo.
fn play(
    unreachable: Unreachable,
    to: &str,
    datagrams: &[usize],
    faults: impl Fn(&mut World),
) -> Vec<String> {
    let log = Log::default();
    let of_prober = log.clone();
    let (to, datagrams) = (to.parse().unwrap(), datagrams.to_vec());
    let narrow = LinkConfig { mtu_octets: 1_000, ..LinkConfig::default() };
    let mut parts = WorldBuilder::new(Seed(1));
    let host = |name: &str, last: u8| {
        let v6 = format!("2001:db8::{last}").parse().unwrap();
        HostConfig::new(name).address([192, 0, 2, last].into()).address(v6)
    };
    parts
        .unreachable(unreachable)
        .host(host("prober", 1).actor(move || Prober {
            to,
            datagrams: datagrams.clone(),
            log: of_prober.clone(),
        }))
        .host(host("echo", 2).actor(|| Echo))
        .router("r")
        .router("s")
        .link("prober", "r", LinkConfig::default())
        .link("r", "s", narrow)
        .link("s", "echo", LinkConfig::default());
    let mut world = parts.build().unwrap();
    faults(&mut world);
    world.run(SimTime::from_secs(20));
    lines(&log)
}

fn isolate(world: &mut World) {
    let links = world.links_of(world.node("echo").unwrap());
    world.begin(SimTime::ZERO, Fault::Cut { links, ways: Ways::Both });
}

#[test]
fn a_router_without_a_route_says_so_to_programs_and_connections() {
    // No host has the address: the first router knows, 10 ms there and 10 back.
    for (to, port) in [("192.0.2.9:7", "192.0.2.9:7"), ("[2001:db8::9]:7", "[2001:db8::9]:7")] {
        let told = play(Unreachable::Refuse, to, &[10], |_| {});
        assert_eq!(
            told,
            [
                format!("0.020000000 UDP to {port}: network unreachable"),
                "0.020000000 TCP: network unreachable".to_owned()
            ]
        );
        assert_eq!(play(Unreachable::Silence, to, &[10], |_| {}), Vec::<String>::new());
    }
    // The last router does not reach the host; the first knows as well, but not why.
    let told = play(Unreachable::Refuse, "192.0.2.2:7", &[], isolate);
    assert_eq!(told, ["0.020000000 TCP: network unreachable"]);
    let told = play(Unreachable::Prohibit, "192.0.2.2:7", &[], isolate);
    assert_eq!(told, ["0.020000000 TCP: administratively prohibited"]);
}

#[test]
fn a_host_where_nobody_listens_says_so() {
    let told = play(Unreachable::Refuse, "192.0.2.2:9", &[10, 20], |_| {});
    assert_eq!(
        told,
        [
            "0.060000000 UDP to 192.0.2.2:9: port unreachable",
            "0.060000000 UDP to 192.0.2.2:9: port unreachable",
            "0.060000000 TCP: connection refused",
        ]
    );
}

#[test]
fn what_does_not_fit_is_told_and_the_rest_arrives() {
    let told = play(Unreachable::Refuse, "192.0.2.2:7", &[972, 973], |_| {});
    assert_eq!(
        told,
        [
            "0.020000000 UDP to 192.0.2.2:7: packet too big, 1000 octets fit",
            "0.060000000 972 octets"
        ]
    );
}

#[test]
fn complaints_are_bounded() {
    let told = play(Unreachable::Refuse, "192.0.2.9:7", &[10; 200], |_| {});
    let complaints = told.iter().filter(|line| line.contains("UDP")).count();
    assert_eq!(complaints, 50, "at one instant");
}

#[test]
fn a_link_that_gets_narrow_is_discovered_by_connections() {
    let run = |unreachable| {
        let log = Log::default();
        let of_caller = log.clone();
        let mut parts = WorldBuilder::new(Seed(1));
        parts
            .unreachable(unreachable)
            .host(HostConfig::new("caller").address("192.0.2.1".parse().unwrap()).actor(
                move || {
                    let (to, log) = ("192.0.2.2:7".parse().unwrap(), of_caller.clone());
                    let text = Bytes::from(vec![b'x'; 200_000]);
                    let at = [0, 3].map(SimTime::from_secs).into();
                    Caller { to, at, text, log, seen: 0 }
                },
            ))
            .host(HostConfig::new("echo").address("192.0.2.2".parse().unwrap()).actor(|| Echo))
            .router("r")
            .link("caller", "r", LinkConfig::default())
            .link("r", "echo", LinkConfig::default());
        let mut world = parts.build().unwrap();
        let link = world.links_of(world.node("echo").unwrap())[0];
        let patch = || LinkPatch { mtu_octets: Some(700), ..Default::default() };
        let fault = Fault::Change { link, patches: Box::new([patch(), patch()]) };
        world.begin(SimTime::from_millis(90), fault);
        world.run(SimTime::from_secs(10));
        let too_big = world
            .records()
            .iter()
            .filter(|of| matches!(of.fact, Fact::Lost { why: Loss::TooBig, .. }));
        let told = world.records().iter().filter_map(|of| match &of.fact {
            Fact::Complaint { complaint, .. } => Some(complaint.trouble),
            _ => None,
        });
        (lines(&log), too_big.count(), told.collect::<Vec<_>>())
    };
    let (lines, lost, told) = run(Unreachable::Refuse);
    let finished = lines.iter().filter(|line| line.contains("closed Finished after 200000"));
    assert_eq!(finished.count(), 2, "{lines:?}");
    assert!(
        told.iter().all(|told| *told == Trouble::TooBig { mtu_octets: 700 }) && !told.is_empty()
    );
    // The second connection knows from the start.
    assert!(lost < 100, "{lost} were too big");
    let (lines, _, told) = run(Unreachable::Silence);
    assert!(told.is_empty());
    let finished = lines.iter().filter(|line| line.contains("closed Finished after 200000"));
    assert_eq!(
        finished.count(),
        1,
        "a black hole: only the second, whose SYN was clamped. {lines:?}"
    );
}
