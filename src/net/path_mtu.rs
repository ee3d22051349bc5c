//! What a host has been told of the packets that fit on the way to others (RFC 1191 §3, RFC 8201 §4).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::engine::SimTime;

/// The largest packets to some addresses, in octets with IP header. Bounded: what is learned beyond
/// that is not remembered.
#[derive(Debug, Clone, Default)]
pub struct PathMtus {
    known: BTreeMap<IpAddr, (u32, SimTime)>,
}

impl PathMtus {
    /// A packet to `to` was too big, and so much would have fit. Handed back is what is believed: no
    /// link is as narrow as a forger would like (Linux's `min_pmtu`; RFC 8200 §5), and the way does not
    /// get wider by such a message.
    pub fn learn(&mut self, now: SimTime, to: IpAddr, mtu_octets: u32) -> u32 {
        let least = if to.is_ipv4() { LEAST_V4 } else { LEAST_V6 };
        let mtu = mtu_octets.max(least).min(self.get(now, to).unwrap_or(u32::MAX));
        if self.known.len() >= LIMIT {
            self.known.retain(|_, (_, until)| *until > now);
        }
        if self.known.len() < LIMIT || self.known.contains_key(&to) {
            self.known.insert(to, (mtu, now + LIFETIME));
        }
        mtu
    }

    /// What fits on the way to `to`, if that was learned and is not too long ago.
    pub fn get(&self, now: SimTime, to: IpAddr) -> Option<u32> {
        self.known.get(&to).filter(|(_, until)| *until > now).map(|(mtu, _)| *mtu)
    }
}

/// Afterwards larger packets are tried again (RFC 8201 §4: 10 minutes).
const LIFETIME: Duration = Duration::from_secs(600);
const LEAST_V4: u32 = 552;
const LEAST_V6: u32 = 1_280;
const LIMIT: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_is_kept_for_ten_minutes_and_never_below_the_least() {
        let mut known = PathMtus::default();
        let (v4, v6) = ([192, 0, 2, 1].into(), "2001:db8::1".parse().unwrap());
        let now = SimTime::from_secs(5);
        assert_eq!(known.learn(now, v4, 1_400), 1_400);
        assert_eq!(known.learn(now, v4, 1_450), 1_400);
        assert_eq!((known.learn(now, v4, 68), known.learn(now, v6, 68)), (552, 1_280));
        assert_eq!(known.get(now + (LIFETIME - Duration::from_nanos(1)), v4), Some(552));
        assert_eq!(known.get(now + LIFETIME, v4), None);
        for host in 0..2_000u32 {
            known.learn(now, std::net::Ipv4Addr::from(host).into(), 1_000);
        }
        assert_eq!(known.known.len(), LIMIT);
    }
}
