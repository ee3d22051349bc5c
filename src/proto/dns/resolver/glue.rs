//! The addresses of name servers as their parents give them.
//!
//! A zone may say of its own servers what is wrong, and what it says is trusted more and displaces
//! the glue in the cache (RFC 2181 §5.4.1). When no server that is known so can be used, those of
//! the glue are asked after all, as Unbound does with its "parent-side" records: they are places to
//! ask, and never an answer.

use std::net::IpAddr;
use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::dns::{Name, Record};

use super::lru::LruMap;
use super::targets::address;

/// Glue by the name of the server.
#[derive(Debug)]
pub(crate) struct ParentSide {
    hosts: LruMap<Name, Vec<Glue>>,
    max_ttl_secs: u32,
}

#[derive(Debug, Clone, Copy)]
struct Glue {
    address: IpAddr,
    expires: SimTime,
}

impl ParentSide {
    /// Keeps the glue of `count` servers, for no longer than `max_ttl_secs`.
    pub(crate) fn new(count: usize, max_ttl_secs: u32) -> Self {
        ParentSide { hosts: LruMap::new(count), max_ttl_secs }
    }

    /// Keeps the glue of a referral.
    pub(crate) fn put(&mut self, now: SimTime, glue: &[Record]) {
        for record in glue {
            let Some(address) = address(&record.data) else { continue };
            let ttl_secs = record.ttl_secs.min(self.max_ttl_secs);
            let expires = now + Duration::from_secs(ttl_secs.into());
            let place = self.hosts.seek(&record.name);
            let Some(known) = self.hosts.get_at(place) else {
                let first = vec![Glue { address, expires }];
                self.hosts.set_at(place, || record.name.detached(), first, 1);
                continue;
            };
            known.retain(|known| known.expires > now && known.address != address);
            known.push(Glue { address, expires });
            let surplus = known.len().saturating_sub(MAX_ADDRESSES);
            known.drain(..surplus);
        }
    }

    /// The addresses of this server that have time left.
    pub(crate) fn get(&self, now: SimTime, name: &Name) -> impl Iterator<Item = IpAddr> {
        let known = self.hosts.peek(name).into_iter().flatten();
        known.filter(move |known| known.expires > now).map(|known| known.address)
    }
}

/// Of one server.
const MAX_ADDRESSES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::dns::RecordData;

    #[test]
    fn glue_has_its_time_and_its_bound() {
        let mut glue = ParentSide::new(2, 3_600);
        let name: Name = "ns.example.com.".parse().unwrap();
        let a = |last: u8, ttl_secs| {
            Record::new(name.clone(), ttl_secs, RecordData::A([192, 0, 2, last].into()))
        };
        let count = |glue: &ParentSide, secs| glue.get(SimTime::from_secs(secs), &name).count();
        glue.put(SimTime::ZERO, &[a(1, 10), a(2, 86_400), a(2, 86_400)]);
        assert_eq!([0, 10, 3_600].map(|secs| count(&glue, secs)), [2, 1, 0]);
        glue.put(SimTime::ZERO, &(0..100).map(|last| a(last, 10)).collect::<Vec<_>>());
        assert_eq!(count(&glue, 0), MAX_ADDRESSES);
    }
}
