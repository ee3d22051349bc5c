//! What TCP makes of links: the throughput that the loss, the bandwidth and the queue allow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use mxsim::engine::{Seed, SimTime};
use mxsim::net::{Latency, LinkConfig, Loss};
use mxsim::world::{
    Actor, Ctx, Event, Fact, HostConfig, StreamEvent, TimerToken, World, WorldBuilder,
};

/// When each octet count was reached, by the sender's address: the last octets of a flow.
type Arrivals = Arc<Mutex<BTreeMap<String, Vec<(SimTime, usize)>>>>;

/// Takes all that comes at port 9 and throws it away (RFC 863), but for the count.
struct Discard {
    arrivals: Arrivals,
    peers: BTreeMap<mxsim::world::ConnId, String>,
}

impl Actor for Discard {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.listen(9));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Stream(connection, StreamEvent::Accepted { peer, .. }) => {
                self.peers.insert(connection, peer.ip().to_string());
            }
            Event::Stream(connection, StreamEvent::Data(octets)) => {
                let peer = self.peers[&connection].clone();
                let mut arrivals = self.arrivals.lock().expect("no thread panicked");
                let flow = arrivals.entry(peer).or_default();
                let before = flow.last().map_or(0, |(_, count)| *count);
                flow.push((ctx.now(), before + octets.len()));
            }
            Event::Stream(connection, StreamEvent::Eof) => ctx.close(connection),
            _ => {}
        }
    }
}

/// Sends so many octets to port 9 of the sink at the start.
struct Source {
    octets: usize,
}

impl Actor for Source {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        ctx.set_timer(SimTime::ZERO, TimerToken(0));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Timer(_) => {
                ctx.connect("192.0.2.100:9".parse().expect("an address")).expect("a port");
            }
            Event::Stream(connection, StreamEvent::Opened) => {
                ctx.send(connection, Bytes::from(vec![b'x'; self.octets]));
                ctx.close(connection);
            }
            _ => {}
        }
    }
}

/// Sources at 192.0.2.1, 2.. by links of no width to a router, and by the link in question to the sink.
fn world(link: LinkConfig, sources: &[usize], seed: u64) -> (World, Arrivals) {
    let arrivals = Arrivals::default();
    let of_sink = arrivals.clone();
    let near = LinkConfig {
        latency: Latency::Uniform {
            least: Duration::from_micros(100),
            most: Duration::from_micros(900),
        },
        ..LinkConfig::default()
    };
    let mut parts = WorldBuilder::new(Seed(seed));
    let sink = HostConfig::new("sink").address("192.0.2.100".parse().expect("an address"));
    parts.host(sink.actor(move || Discard { arrivals: of_sink.clone(), peers: BTreeMap::new() }));
    parts.router("r").link("r", "sink", link);
    for (index, octets) in sources.iter().copied().enumerate() {
        let name = format!("source{}", index + 1);
        let address = format!("192.0.2.{}", index + 1).parse().expect("an address");
        parts.host(HostConfig::new(&name).address(address).actor(move || Source { octets }));
        parts.link(name, "r", near.clone());
    }
    (parts.build().expect("a right world"), arrivals)
}

fn link(one_way_ms: u64) -> LinkConfig {
    LinkConfig {
        latency: Latency::Constant(Duration::from_millis(one_way_ms)),
        ..LinkConfig::default()
    }
}

/// When so many octets of a flow had come, in seconds.
fn time_of(arrivals: &Arrivals, source: usize, octets: usize) -> f64 {
    let arrivals = arrivals.lock().expect("no thread panicked");
    let flow = &arrivals[&format!("192.0.2.{source}")];
    let (time, _) = flow.iter().find(|(_, count)| *count >= octets).expect("all octets came");
    time.since(SimTime::ZERO).as_secs_f64()
}

/// How many octets of a flow had come by then.
fn octets_by(arrivals: &Arrivals, source: usize, secs: u64) -> usize {
    let arrivals = arrivals.lock().expect("no thread panicked");
    let flow = &arrivals[&format!("192.0.2.{source}")];
    let until = flow.partition_point(|(time, _)| *time <= SimTime::from_secs(secs));
    until.checked_sub(1).map_or(0, |last| flow[last].1)
}

fn lost(world: &World, wanted: Loss) -> usize {
    let is_lost = |fact: &Fact| matches!(fact, Fact::Lost { why, .. } if *why == wanted);
    world.records().iter().filter(|record| is_lost(&record.fact)).count()
}

/// Mathis, Semke, Mahdavi, Ott 1997: MSS/RTT * C/sqrt(p), C = sqrt(3/2).
#[test]
fn with_loss_the_throughput_is_within_a_factor_of_two_of_the_mathis_bound() {
    let (mss, rtt, loss) = (1_460.0, 0.101, 0.01_f64);
    let bound = mss / rtt * 1.22 / loss.sqrt();
    const OCTETS: usize = 5_000_000;
    for seed in 1..=5 {
        let (mut world, arrivals) =
            world(LinkConfig { loss: loss.into(), ..link(50) }, &[OCTETS], seed);
        world.run(SimTime::from_secs(3_600));
        let throughput = OCTETS as f64 / time_of(&arrivals, 1, OCTETS);
        let ratio = throughput / bound;
        assert!((0.5..=2.0).contains(&ratio), "seed {seed}: {ratio:.2} of the bound");
    }
}

#[test]
fn ten_megabytes_over_ten_megabits_take_what_the_bandwidth_says() {
    const OCTETS: usize = 10_000_000;
    for one_way_ms in [5, 20, 50] {
        let config = LinkConfig { bandwidth_bps: Some(10_000_000), ..link(one_way_ms) };
        let (mut world, arrivals) = world(config, &[OCTETS], 1);
        world.run(SimTime::from_secs(3_600));
        // 1,460 octets of each packet of 1,500.
        let least = OCTETS as f64 * 1_500.0 / 1_460.0 * 8.0 / 10e6;
        let took = time_of(&arrivals, 1, OCTETS);
        assert!(took >= least && took <= 1.1 * least, "{took:.2} s, and {least:.2} s at the least");
    }
}

#[test]
fn two_flows_share_a_slow_link() {
    for seed in 1..=5 {
        let config =
            LinkConfig { bandwidth_bps: Some(2_000_000), queue_octets: 30_000, ..link(20) };
        let (mut world, arrivals) = world(config, &[40_000_000, 40_000_000], seed);
        world.run(SimTime::from_secs(100));
        let share = [1, 2].map(|source| {
            (octets_by(&arrivals, source, 100) - octets_by(&arrivals, source, 10)) as f64
        });
        let half = (share[0] + share[1]) / 2.0;
        for share in share {
            assert!((0.7..=1.3).contains(&(share / half)), "seed {seed}: {:.2}", share / half);
        }
    }
}

#[test]
fn a_full_queue_drops_and_tcp_recovers() {
    const OCTETS: usize = 2_000_000;
    let config = LinkConfig { bandwidth_bps: Some(1_000_000), queue_octets: 20_000, ..link(30) };
    let (mut world, arrivals) = world(config, &[OCTETS], 1);
    world.run(SimTime::from_secs(3_600));
    let least = OCTETS as f64 * 1_500.0 / 1_460.0 * 8.0 / 1e6;
    let took = time_of(&arrivals, 1, OCTETS);
    let drops = lost(&world, Loss::QueueFull);
    assert!(drops > 0 && took < 1.3 * least, "{took:.2} s of {least:.2}, {drops} dropped");
}
