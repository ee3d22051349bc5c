//! Routers that come to know late of what failed.

use super::*;

/// caller - r - s - echo, with a detour by t, and datagrams at these seconds: when their echoes arrive,
/// in milliseconds, and where others were lost.
fn play(convergence: Duration, faults: impl Fn(&mut World), at_secs: &[u64]) -> (Vec<u64>, usize) {
    let log = Log::default();
    let of_caller = log.clone();
    let at: Vec<_> = at_secs.iter().map(|secs| SimTime::from_secs(*secs)).collect();
    let link = LinkConfig::default();
    let mut parts = WorldBuilder::new(Seed(1));
    parts
        .convergence(convergence)
        .host(HostConfig::new("caller").address("192.0.2.1".parse().unwrap()).actor(move || {
            let (to, log) = ("192.0.2.2:7".parse().unwrap(), of_caller.clone());
            Caller { to, at: at.clone(), text: Bytes::new(), log, seen: 0 }
        }))
        .host(HostConfig::new("echo").address("192.0.2.2".parse().unwrap()).actor(|| Echo));
    for router in ["r", "s", "t"] {
        parts.router(router);
    }
    for (a, b) in [("caller", "r"), ("r", "s"), ("s", "echo"), ("r", "t"), ("t", "s")] {
        parts.link(a, b, link.clone());
    }
    let mut world = parts.build().unwrap();
    faults(&mut world);
    world.run(SimTime::MAX);
    let arrivals = lines(&log).into_iter().filter_map(|line| {
        let (time, rest) = line.split_once(' ')?;
        rest.starts_with("datagram").then(|| (time.parse::<f64>().unwrap() * 1e3).round() as u64)
    });
    let rerouted = world.records().iter().filter(|of| matches!(of.fact, Fact::Rerouted(_)));
    (arrivals.collect(), rerouted.count())
}

fn cut(world: &mut World, from_ms: u64, to_ms: u64) {
    let ends = ["r", "s"].map(|name| world.node(name).unwrap());
    let links = world.links_between(ends[0], ends[1]);
    let fault = Fault::Cut { links, ways: Ways::Both };
    let fault = world.begin(SimTime::from_millis(from_ms), fault);
    world.end(SimTime::from_millis(to_ms), fault);
}

#[test]
fn between_a_failure_and_its_news_packets_go_into_the_dead_link() {
    let faults = |world: &mut World| cut(world, 2_500, 8_500);
    let (arrivals, rerouted) = play(Duration::from_secs(2), faults, &[1, 3, 5, 9, 11]);
    // The one at 3 s is lost; by the detour it is 20 ms more, also for a while after the repair.
    assert_eq!(arrivals, [1_060, 5_080, 9_080, 11_060]);
    assert_eq!(rerouted, 2);
    let (arrivals, rerouted) = play(Duration::ZERO, faults, &[1, 3, 5, 9, 11]);
    assert_eq!(arrivals, [1_060, 3_080, 5_080, 9_060, 11_060]);
    assert_eq!(rerouted, 0, "they know at once");
}

#[test]
fn what_routers_know_follows_each_change_at_the_same_distance() {
    // Down at 1.5 and 3.5, up at 2.5 and 6.5; known two seconds later each.
    let faults = |world: &mut World| {
        cut(world, 1_500, 2_500);
        cut(world, 3_500, 6_500);
    };
    let at: Vec<u64> = (1..10).collect();
    let (arrivals, rerouted) = play(Duration::from_secs(2), faults, &at);
    // 2 and 5 are lost: nobody knows yet, and 5 is sent by what is known of the repair at 2.5.
    assert_eq!(arrivals, [1_060, 3_060, 4_080, 6_080, 7_080, 8_080, 9_060]);
    assert_eq!(rerouted, 4);
}

#[test]
fn a_dead_router_is_avoided_once_it_is_known() {
    let faults = |world: &mut World| {
        // The detour is the only way while t is up and r-s is cut; then t dies and r-s comes back.
        cut(world, 500, 4_500);
        let t = world.node("t").unwrap();
        world.begin(SimTime::from_millis(4_500), Fault::Crash(t));
    };
    let (arrivals, _) = play(Duration::from_secs(2), faults, &[3, 5, 7]);
    assert_eq!(arrivals, [3_080, 7_060]);
}
