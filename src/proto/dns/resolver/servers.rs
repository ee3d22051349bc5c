//! What is known of name servers: how fast they answer, what they cannot do, for whom they are lame.
//!
//! The time-out is that of RFC 6298 §2 without its granularity, as Unbound keeps it; it doubles
//! with every query that goes unanswered. Servers are chosen at random among those that are about
//! as fast as the best, so that an off-path attacker cannot know which one is asked (RFC 5452).

use std::net::IpAddr;
use std::time::Duration;

use crate::engine::{SimTime, Stream};
use crate::proto::dns::{Name, RecordType};

use super::config::ServersConfig;
use super::lru::LruMap;

/// How a server is wrong for a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lameness {
    /// It knows nothing of the zone: refuses, or refers upward or to itself.
    Lame,
    /// It answers for others, as a resolver does (RA without AA). Asked when there is nobody else,
    /// and with RD then.
    Recursive,
}

/// One server address.
#[derive(Debug)]
struct Host {
    smoothed: Duration,
    variation: Duration,
    timeout: Duration,
    /// A dead server is asked again at this time, once.
    probe_at: SimTime,
    /// It answered FORMERR or NOTIMP to EDNS (RFC 6891 §7).
    edns: bool,
    expires: SimTime,
}

#[derive(Debug, Default)]
struct LameFor {
    /// Some servers are lame for AAAA alone (RFC 4074 §4.2), so address questions stand apart.
    a: Option<(Lameness, SimTime)>,
    other: Option<(Lameness, SimTime)>,
}

/// All servers that something is known of.
#[derive(Debug)]
pub(crate) struct Servers {
    hosts: LruMap<IpAddr, Host>,
    lame: LruMap<(IpAddr, Name), LameFor>,
    config: ServersConfig,
}

impl Servers {
    /// Nothing is known yet.
    pub(crate) fn new(config: ServersConfig) -> Self {
        Servers { hosts: LruMap::new(config.count), lame: LruMap::new(config.count), config }
    }

    /// How long to wait for an answer by UDP.
    pub(crate) fn timeout(&self, now: SimTime, server: IpAddr) -> Duration {
        // A dead server is probed with a time-out of bearable length.
        self.back_off(now, server).min(self.config.dead_timeout)
    }

    /// How long to wait for an answer by TCP.
    pub(crate) fn tcp_timeout(&self) -> Duration {
        self.config.tcp_timeout
    }

    /// Whether queries to it carry EDNS.
    pub(crate) fn speaks_edns(&self, now: SimTime, server: IpAddr) -> bool {
        self.host(now, server).is_none_or(|host| host.edns)
    }

    /// Picks one of `candidates` by speed and chance; `None` when all of them are dead.
    pub(crate) fn choose(
        &self,
        now: SimTime,
        candidates: &[IpAddr],
        draws: &mut Stream,
    ) -> Option<IpAddr> {
        let alive = |server: &&IpAddr| {
            self.host(now, **server)
                .is_none_or(|host| host.timeout < self.config.dead_timeout || host.probe_at <= now)
        };
        let times =
            candidates.iter().filter(alive).map(|server| (self.back_off(now, *server), server));
        let times: Vec<_> = times.collect();
        let best = times.iter().map(|(time, _)| *time).min()?;
        let near: Vec<_> =
            times.iter().filter(|(time, _)| *time <= best + self.config.band).collect();
        match near[..] {
            [(_, only)] => Some(**only),
            _ => Some(*near[draws.below(near.len() as u64) as usize].1),
        }
    }

    /// A query to it is sent.
    pub(crate) fn asked(&mut self, now: SimTime, server: IpAddr) {
        let dead_timeout = self.config.dead_timeout;
        let host = self.host_mut(now, server);
        if host.timeout >= dead_timeout {
            // One probe at a time: the others are not to wait for a server that is likely dead.
            host.probe_at = now + dead_timeout;
        }
    }

    /// It answered after `rtt`.
    pub(crate) fn answered(&mut self, now: SimTime, server: IpAddr, rtt: Duration) {
        let ServersConfig { min_timeout, max_timeout, .. } = self.config;
        let host = self.host_mut(now, server);
        if host.smoothed.is_zero() {
            (host.smoothed, host.variation) = (rtt, rtt / 2);
        } else {
            let deviation = rtt.abs_diff(host.smoothed);
            host.variation = (host.variation * 3 + deviation) / 4;
            host.smoothed = (host.smoothed * 7 + rtt) / 8;
        }
        host.timeout = (host.smoothed + host.variation * 4).clamp(min_timeout, max_timeout);
    }

    /// It did not answer in time.
    pub(crate) fn timed_out(&mut self, now: SimTime, server: IpAddr) {
        let max_timeout = self.config.max_timeout;
        let host = self.host_mut(now, server);
        host.timeout = (host.timeout * 2).min(max_timeout);
        host.probe_at = now + host.timeout;
    }

    /// It does not understand EDNS.
    pub(crate) fn set_without_edns(&mut self, now: SimTime, server: IpAddr) {
        self.host_mut(now, server).edns = false;
    }

    /// Whether it is known to be wrong for this zone and type.
    pub(crate) fn lameness(
        &self,
        now: SimTime,
        server: IpAddr,
        zone: &Name,
        rtype: RecordType,
    ) -> Option<Lameness> {
        let lame = self.lame.peek(&(server, zone.clone()))?;
        let known = if rtype == RecordType::A { lame.a } else { lame.other };
        known.filter(|(_, until)| *until > now).map(|(lameness, _)| lameness)
    }

    /// It is wrong for this zone and type.
    pub(crate) fn set_lame(
        &mut self,
        now: SimTime,
        server: IpAddr,
        zone: &Name,
        rtype: RecordType,
        lameness: Lameness,
    ) {
        let key = (server, zone.detached());
        let mut lame = self.lame.remove(&key).unwrap_or_default();
        let known = if rtype == RecordType::A { &mut lame.a } else { &mut lame.other };
        *known = Some((lameness, now + self.config.memory));
        self.lame.insert(key, lame, 1);
    }

    fn back_off(&self, now: SimTime, server: IpAddr) -> Duration {
        self.host(now, server).map_or(self.config.first_timeout, |host| host.timeout)
    }

    fn host(&self, now: SimTime, server: IpAddr) -> Option<&Host> {
        self.hosts.peek(&server).filter(|host| host.expires > now)
    }

    fn host_mut(&mut self, now: SimTime, server: IpAddr) -> &mut Host {
        if self.host(now, server).is_none() {
            let host = Host {
                smoothed: Duration::ZERO,
                variation: Duration::ZERO,
                timeout: self.config.first_timeout,
                probe_at: SimTime::ZERO,
                edns: true,
                expires: now + self.config.memory,
            };
            self.hosts.insert(server, host, 1);
        }
        self.hosts.get(&server).expect("inserted above, and one entry always fits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_silent_server_backs_off_and_is_probed_now_and_then() {
        let mut servers = Servers::new(ServersConfig::default());
        let mut draws = Seed(1).stream("servers");
        let mut now = SimTime::ZERO;
        let mut waits = Vec::new();
        while let Some(server) = servers.choose(now, &[A], &mut draws) {
            let timeout = servers.timeout(now, server);
            servers.asked(now, server);
            now += timeout;
            servers.timed_out(now, server);
            waits.push(timeout.as_millis());
        }
        assert_eq!(waits, [376, 752, 1_504, 3_008, 6_016]);
        assert_eq!(servers.choose(now + millis(12_000), &[A], &mut draws), None);
        let probe = now + millis(12_032);
        assert_eq!(servers.choose(probe, &[A], &mut draws), Some(A));
        servers.asked(probe, A);
        assert_eq!(servers.choose(probe, &[A], &mut draws), None);
        servers.answered(probe + millis(20), A, millis(20));
        assert_eq!(servers.timeout(probe, A), millis(60));
        // After 15 minutes it is a server like any other.
        assert_eq!(servers.timeout(SimTime::from_secs(900), A), millis(376));
    }

    #[test]
    fn the_choice_is_random_among_the_fast() {
        let mut servers = Servers::new(ServersConfig::default());
        let mut draws = Seed(1).stream("servers");
        let mut picks = |servers: &Servers| {
            let picks = (0..100).map(|_| servers.choose(SimTime::ZERO, &[A, B], &mut draws));
            picks.filter(|pick| *pick == Some(A)).count()
        };
        servers.answered(SimTime::ZERO, A, millis(100));
        assert!((30..70).contains(&picks(&servers)), "{}", picks(&servers));
        servers.timed_out(SimTime::ZERO, B);
        assert_eq!(picks(&servers), 100);
    }

    #[test]
    fn lameness_is_kept_by_zone_and_kind_of_type() {
        let mut servers = Servers::new(ServersConfig::default());
        let zone: Name = "example.com".parse().unwrap();
        let now = SimTime::ZERO;
        servers.set_lame(now, A, &zone, RecordType::Aaaa, Lameness::Lame);
        let lame = |now, server, rtype| servers.lameness(now, server, &zone, rtype);
        assert_eq!(lame(now, A, RecordType::Mx), Some(Lameness::Lame));
        assert_eq!(lame(now, A, RecordType::A), None);
        assert_eq!(lame(now, B, RecordType::Mx), None);
        assert_eq!(lame(SimTime::from_secs(900), A, RecordType::Mx), None);
    }
}
