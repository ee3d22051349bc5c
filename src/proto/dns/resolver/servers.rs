//! What is known of name servers: how fast they answer, what they cannot do, for whom they are lame.
//!
//! Kept for each address and zone, as Unbound does: one address may serve many zones, each in its
//! own way. The time-out is that of RFC 6298 §2 without its granularity; it doubles with every
//! query that goes unanswered. Servers are chosen at random among those that are about as fast as
//! the best, so that an off-path attacker cannot know which one is asked (RFC 5452).

use std::net::IpAddr;
use std::time::Duration;

use crate::engine::{SimTime, Stream};
use crate::proto::dns::{Name, RecordType};

use super::config::ServersConfig;
use super::lru::LruMap;

/// How a server is wrong for a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lameness {
    /// It knows nothing of the zone: refers upward. Not asked at all.
    Lame,
    /// It refused or failed. Asked when there is nobody else.
    Failing,
    /// It answers for others, as a resolver does (RA without AA). Asked when there is nobody else,
    /// and with RD then.
    Recursive,
}

/// A server's address and the zone that it is asked for.
pub(crate) type Served = (IpAddr, Name);

/// How a server stands when one is to be chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// How it is known to be wrong for its zone and the type.
    pub(crate) lameness: Option<Lameness>,
    /// How long it would be waited for; `None` when it is dead.
    pub(crate) wait: Option<Duration>,
}

/// How a server is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// Whether queries to it carry EDNS.
    pub(crate) speaks_edns: bool,
    /// Whether it answered a query with EDNS.
    pub(crate) spoke_edns: bool,
    /// How long to wait for an answer by UDP.
    pub(crate) timeout: Duration,
}

/// One server of one zone.
#[derive(Debug)]
struct Host {
    /// It answered once: until then the two below mean nothing.
    measured: bool,
    smoothed: Duration,
    variation: Duration,
    /// The time-out without back-off.
    steady: Duration,
    /// With back-off.
    timeout: Duration,
    /// Queries in a row that went unanswered, by kind of type: there are servers that drop
    /// questions for AAAA and answer all others (RFC 4074 §4.1).
    unanswered: [u8; KINDS],
    /// A dead server is asked again at this time, once.
    probe_at: SimTime,
    edns: Support,
    /// Some servers are lame for AAAA alone (RFC 4074 §4.2), so address questions stand apart.
    lame_a: Option<(Lameness, SimTime)>,
    lame_other: Option<(Lameness, SimTime)>,
    expires: SimTime,
}

/// What a server makes of EDNS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Support {
    Unknown,
    /// It answered a query with EDNS: silence has other reasons.
    Yes,
    /// It answered FORMERR, NOTIMP or BADVERS (RFC 6891 §7), or only what came without.
    No,
}

impl Host {
    /// How long to wait for an answer to a question of this type.
    fn timeout(&self, rtype: RecordType) -> Duration {
        let others_alone = self.unanswered[kind(rtype)] == 0 && self.measured;
        if others_alone { self.timeout.min(self.steady) } else { self.timeout }
    }

    /// How it is wrong for questions of this type, and until when that is kept.
    fn lameness(&self, rtype: RecordType) -> Option<(Lameness, SimTime)> {
        if rtype == RecordType::A { self.lame_a } else { self.lame_other }
    }
}

/// All servers that something is known of.
#[derive(Debug)]
pub(crate) struct Servers {
    hosts: LruMap<Served, Host>,
    config: ServersConfig,
}

impl Servers {
    /// Nothing is known yet.
    pub(crate) fn new(config: ServersConfig) -> Self {
        Servers { hosts: LruMap::new(config.count), config }
    }

    /// How long to wait for an answer by UDP.
    pub(crate) fn timeout(&self, now: SimTime, server: &Served, rtype: RecordType) -> Duration {
        // A dead server is probed with a time-out of bearable length.
        self.back_off(now, server, rtype).min(self.config.dead_timeout)
    }

    /// How long to wait for an answer by TCP.
    pub(crate) fn tcp_timeout(&self) -> Duration {
        self.config.tcp_timeout
    }

    /// How a server stands.
    pub(crate) fn standing(&self, now: SimTime, server: &Served, rtype: RecordType) -> Standing {
        let kept = self.hosts.peek(server);
        // Lameness has a time of its own, and what is said of speed may have run out.
        let lame = kept.and_then(|host| host.lameness(rtype));
        let lameness = lame.filter(|(_, until)| *until > now).map(|(lameness, _)| lameness);
        let wait = match kept.filter(|host| host.expires > now) {
            None => Some(self.config.first_timeout),
            Some(host) => {
                let timeout = host.timeout(rtype);
                let alive = timeout < self.config.dead_timeout || host.probe_at <= now;
                alive.then_some(timeout)
            }
        };
        Standing { lameness, wait }
    }

    /// Picks one of these candidates by speed and chance; `None` when there is none. Of each it is
    /// known how long it would be waited for.
    pub(crate) fn choose(
        &self,
        candidates: impl Iterator<Item = (Duration, IpAddr)> + Clone,
        draws: &mut Stream,
    ) -> Option<IpAddr> {
        let best = candidates.clone().map(|(wait, _)| wait).min()?;
        let bound = best + self.config.band;
        let mut near = candidates.filter(|(wait, _)| *wait <= bound);
        let pick = match near.clone().count() {
            1 => near.next(),
            count => near.nth(draws.below(count as u64) as usize),
        };
        pick.map(|(_, address)| address)
    }

    /// A query to it is sent.
    pub(crate) fn asked(&mut self, now: SimTime, server: &Served, rtype: RecordType) -> Terms {
        let dead_timeout = self.config.dead_timeout;
        let host = self.host_mut(now, server);
        let timeout = host.timeout(rtype);
        if timeout >= dead_timeout {
            // One probe at a time: the others are not to wait for a server that is likely dead.
            host.probe_at = now + dead_timeout;
        }
        Terms {
            speaks_edns: host.edns != Support::No,
            spoke_edns: host.edns == Support::Yes,
            // A dead server is probed with a time-out of bearable length.
            timeout: timeout.min(dead_timeout),
        }
    }

    /// It answered a question of this type after `rtt`, which came with EDNS or without.
    pub(crate) fn answered(
        &mut self,
        now: SimTime,
        server: &Served,
        (rtype, edns): (RecordType, bool),
        rtt: Duration,
    ) {
        let ServersConfig { min_timeout, max_timeout, .. } = self.config;
        let host = self.host_mut(now, server);
        if !host.measured {
            (host.measured, host.smoothed, host.variation) = (true, rtt, rtt / 2);
        } else {
            let deviation = rtt.abs_diff(host.smoothed);
            host.variation = (host.variation * 3 + deviation) / 4;
            host.smoothed = (host.smoothed * 7 + rtt) / 8;
        }
        host.steady = (host.smoothed + host.variation * 4).clamp(min_timeout, max_timeout);
        host.timeout = host.steady;
        host.unanswered[kind(rtype)] = 0;
        host.edns = match (host.edns, edns) {
            (_, true) => Support::Yes,
            // What came with EDNS went unanswered before.
            (Support::Unknown, false) => Support::No,
            (known, false) => known,
        };
    }

    /// It did not answer in time.
    pub(crate) fn timed_out(&mut self, now: SimTime, server: &Served, rtype: RecordType) {
        let max_timeout = self.config.max_timeout;
        let host = self.host_mut(now, server);
        host.timeout = (host.timeout * 2).min(max_timeout);
        host.probe_at = now + host.timeout;
        let unanswered = &mut host.unanswered[kind(rtype)];
        *unanswered = unanswered.saturating_add(1);
    }

    /// It does not understand EDNS.
    pub(crate) fn set_without_edns(&mut self, now: SimTime, server: &Served) {
        self.host_mut(now, server).edns = Support::No;
    }

    /// It is wrong for its zone and this type.
    pub(crate) fn set_lame(
        &mut self,
        now: SimTime,
        server: &Served,
        rtype: RecordType,
        lameness: Lameness,
    ) {
        let until = now + self.config.lame_memory;
        let host = self.host_mut(now, server);
        let known = if rtype == RecordType::A { &mut host.lame_a } else { &mut host.lame_other };
        *known = Some((lameness, until));
    }

    fn back_off(&self, now: SimTime, server: &Served, rtype: RecordType) -> Duration {
        self.host(now, server).map_or(self.config.first_timeout, |host| host.timeout(rtype))
    }

    fn host(&self, now: SimTime, server: &Served) -> Option<&Host> {
        self.hosts.peek(server).filter(|host| host.expires > now)
    }

    fn host_mut(&mut self, now: SimTime, server: &Served) -> &mut Host {
        let mut place = self.hosts.seek(server);
        let kept = self.hosts.peek_at(place);
        if kept.is_none_or(|host| host.expires <= now) {
            let old = kept.map(|host| (host.lame_a, host.lame_other));
            let (lame_a, lame_other) = old.unwrap_or_default();
            let host = Host {
                measured: false,
                smoothed: Duration::ZERO,
                variation: Duration::ZERO,
                steady: self.config.first_timeout,
                timeout: self.config.first_timeout,
                unanswered: [0; KINDS],
                probe_at: SimTime::ZERO,
                edns: Support::Unknown,
                lame_a,
                lame_other,
                expires: now + self.config.memory,
            };
            self.hosts.set_at(place, || (server.0, server.1.detached()), host, 1);
            place = self.hosts.seek(server);
        }
        self.hosts.get_at(place).expect("inserted above, and one entry always fits")
    }
}

/// A, AAAA and all others.
const KINDS: usize = 3;

fn kind(rtype: RecordType) -> usize {
    match rtype {
        RecordType::A => 0,
        RecordType::Aaaa => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn at(address: IpAddr) -> Served {
        (address, zone())
    }

    fn zone() -> Name {
        "example.com".parse().unwrap()
    }

    fn choose(
        servers: &Servers,
        now: SimTime,
        candidates: &[IpAddr],
        draws: &mut Stream,
    ) -> Option<IpAddr> {
        choose_for(servers, now, (&zone(), RecordType::A), candidates, draws)
    }

    fn choose_for(
        servers: &Servers,
        now: SimTime,
        (zone, rtype): (&Name, RecordType),
        candidates: &[IpAddr],
        draws: &mut Stream,
    ) -> Option<IpAddr> {
        let wait = |address: &IpAddr| {
            let standing = servers.standing(now, &(*address, zone.clone()), rtype);
            Some((standing.wait?, *address))
        };
        servers.choose(candidates.iter().filter_map(wait), draws)
    }

    fn answered(servers: &mut Servers, now: SimTime, server: IpAddr, rtt: Duration) {
        servers.answered(now, &at(server), (RecordType::A, true), rtt);
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_silent_server_backs_off_and_is_probed_now_and_then() {
        let mut servers = Servers::new(ServersConfig::default());
        let mut draws = Seed(1).stream("servers");
        let mut now = SimTime::ZERO;
        let mut waits = Vec::new();
        while let Some(server) = choose(&servers, now, &[A], &mut draws) {
            let timeout = servers.timeout(now, &at(server), RecordType::A);
            servers.asked(now, &at(server), RecordType::A);
            now += timeout;
            servers.timed_out(now, &at(server), RecordType::A);
            waits.push(timeout.as_millis());
        }
        assert_eq!(waits, [376, 752, 1_504, 3_008, 6_016]);
        assert_eq!(choose(&servers, now + millis(12_000), &[A], &mut draws), None);
        let probe = now + millis(12_032);
        assert_eq!(choose(&servers, probe, &[A], &mut draws), Some(A));
        servers.asked(probe, &at(A), RecordType::A);
        assert_eq!(choose(&servers, probe, &[A], &mut draws), None);
        answered(&mut servers, probe + millis(20), A, millis(20));
        assert_eq!(servers.timeout(probe, &at(A), RecordType::A), millis(60));
        // After 15 minutes it is a server like any other.
        assert_eq!(servers.timeout(SimTime::from_secs(900), &at(A), RecordType::A), millis(376));
    }

    #[test]
    fn the_choice_is_random_among_the_fast() {
        let mut servers = Servers::new(ServersConfig::default());
        let mut draws = Seed(1).stream("servers");
        let mut picks = |servers: &Servers| {
            let picks = (0..100).map(|_| choose(servers, SimTime::ZERO, &[A, B], &mut draws));
            picks.filter(|pick| *pick == Some(A)).count()
        };
        answered(&mut servers, SimTime::ZERO, A, millis(100));
        assert!((30..70).contains(&picks(&servers)), "{}", picks(&servers));
        servers.timed_out(SimTime::ZERO, &at(B), RecordType::A);
        assert_eq!(picks(&servers), 100);
    }

    #[test]
    fn lameness_is_kept_by_zone_and_kind_of_type() {
        let mut servers = Servers::new(ServersConfig::default());
        let now = SimTime::ZERO;
        servers.set_lame(now, &at(A), RecordType::Aaaa, Lameness::Lame);
        let lame = |now, server, rtype| servers.standing(now, &at(server), rtype).lameness;
        assert_eq!(lame(now, A, RecordType::Mx), Some(Lameness::Lame));
        assert_eq!(lame(now, A, RecordType::A), None);
        assert_eq!(lame(now, B, RecordType::Mx), None);
        assert_eq!(lame(SimTime::from_secs(900), A, RecordType::Mx), None);
    }

    #[test]
    fn a_server_that_drops_one_type_is_alive_for_the_others() {
        let mut servers = Servers::new(ServersConfig::default());
        let mut draws = Seed(1).stream("servers");
        let now = SimTime::ZERO;
        answered(&mut servers, now, A, millis(20));
        for _ in 0..12 {
            servers.timed_out(now, &at(A), RecordType::Aaaa);
        }
        assert_eq!(choose(&servers, now, &[A], &mut draws), Some(A));
        assert_eq!(servers.timeout(now, &at(A), RecordType::A), millis(60));
        let aaaa = (&zone(), RecordType::Aaaa);
        assert_eq!(choose_for(&servers, now, aaaa, &[A], &mut draws), None);
        // Another zone on the same address is another matter.
        let other = (&Name::root(), RecordType::Aaaa);
        assert_eq!(choose_for(&servers, now, other, &[A], &mut draws), Some(A));
    }

    #[test]
    fn edns_is_left_out_for_those_who_answer_only_without() {
        let mut servers = Servers::new(ServersConfig::default());
        let now = SimTime::ZERO;
        servers.answered(now, &at(A), (RecordType::A, false), millis(20));
        assert!(!servers.asked(now, &at(A), RecordType::A).speaks_edns);
        servers.answered(now, &at(B), (RecordType::A, true), millis(20));
        servers.answered(now, &at(B), (RecordType::A, false), millis(20));
        assert!(servers.asked(now, &at(B), RecordType::A).speaks_edns);
    }
}
