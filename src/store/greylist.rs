//! What a greylisting server remembers: who tried to send what to whom, and when.
//!
//! Follows RFC 6647 as postgrey does it: a triplet of the client's network (the first 24 bits of an
//! IPv4 address, 64 of IPv6), reverse-path and recipient is put off until some time after its first
//! attempt, and known from then on. Plain data on disk: a crash forgets nothing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::engine::SimTime;

/// How a greylist judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GreylistRules {
    /// How long a new triplet is put off.
    pub delay: Duration,
    /// How long after its first attempt a triplet is remembered that was not tried again in time.
    pub window: Duration,
    /// How long a triplet, or a client, is remembered after it was seen last.
    pub max_age: Duration,
    /// After how many triplets that were tried again a client is not put off any more; zero: never.
    pub allow_after: u32,
}

/// postgrey's: 300 s, 2 days, 35 days, 5 triplets.
impl Default for GreylistRules {
    fn default() -> Self {
        GreylistRules {
            delay: Duration::from_secs(300),
            window: Duration::from_secs(2 * 86_400),
            max_age: Duration::from_secs(35 * 86_400),
            allow_after: 5,
        }
    }
}

/// What a greylist says to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Greyness {
    /// The triplet is new.
    New,
    /// It was tried again too soon: so long is left.
    TooSoon(Duration),
    /// It was tried again in time, so long after its first attempt.
    Passed(Duration),
    /// It has passed before.
    Known,
    /// The client has shown often enough that it tries again.
    Client,
    /// The memory is full: nobody new is put off.
    Full,
}

/// The memory of one host.
#[derive(Debug, Clone, Default)]
pub struct Greylist {
    triplets: BTreeMap<(IpAddr, String, String), Triplet>,
    clients: BTreeMap<IpAddr, Client>,
}

#[derive(Debug, Clone, Copy)]
struct Triplet {
    first: SimTime,
    last: SimTime,
    passed: bool,
}

#[derive(Debug, Clone, Copy)]
struct Client {
    triplets: u32,
    last: SimTime,
}

/// How many triplets are remembered.
const MOST_TRIPLETS: usize = 200_000;

impl Greylist {
    /// Judges an attempt, and remembers it. `now` is by the clock that the memory is kept by.
    ///
    /// `sender` is the reverse-path without brackets, empty where it is null. Case does not matter.
    pub fn judge(
        &mut self,
        now: SimTime,
        client: IpAddr,
        sender: &str,
        recipient: &str,
        rules: &GreylistRules,
    ) -> Greyness {
        let network = network_of(client);
        if let Some(known) = self.clients.get_mut(&network)
            && rules.allow_after > 0
            && known.triplets >= rules.allow_after
            && now.since(known.last) <= rules.max_age
        {
            known.last = now;
            return Greyness::Client;
        }
        let key = (network, sender.to_ascii_lowercase(), recipient.to_ascii_lowercase());
        let known = self.triplets.get_mut(&key).filter(|known| !known.is_over(now, rules));
        let Some(triplet) = known else {
            if self.triplets.len() >= MOST_TRIPLETS {
                self.triplets.retain(|_, triplet| !triplet.is_over(now, rules));
                if self.triplets.len() >= MOST_TRIPLETS {
                    return Greyness::Full;
                }
            }
            self.triplets.insert(key, Triplet { first: now, last: now, passed: false });
            return Greyness::New;
        };
        triplet.last = now;
        if triplet.passed {
            return Greyness::Known;
        }
        let waited = now.since(triplet.first);
        if waited < rules.delay {
            return Greyness::TooSoon(rules.delay - waited);
        }
        triplet.passed = true;
        let client = self.clients.entry(network).or_insert(Client { triplets: 0, last: now });
        if now.since(client.last) > rules.max_age {
            client.triplets = 0;
        }
        (client.triplets, client.last) = (client.triplets + 1, now);
        Greyness::Passed(waited)
    }

    /// How many triplets are remembered.
    pub fn len(&self) -> usize {
        self.triplets.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.triplets.is_empty()
    }
}

impl Triplet {
    fn is_over(&self, now: SimTime, rules: &GreylistRules) -> bool {
        match self.passed {
            true => now.since(self.last) > rules.max_age,
            false => now.since(self.first) > rules.window,
        }
    }
}

/// The network that stands for a client: large senders try again from another host.
fn network_of(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8)).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said to each attempt: seconds, client, recipient.
    fn check(attempts: &[(u64, &str, &str, Greyness)]) {
        let mut list = Greylist::default();
        let rules = GreylistRules { allow_after: 2, ..GreylistRules::default() };
        for (secs, client, recipient, wanted) in attempts {
            let now = SimTime::from_secs(*secs);
            let client = client.parse().unwrap();
            let found = list.judge(now, client, "alice@example.org", recipient, &rules);
            assert_eq!(found, *wanted, "{client} to {recipient} at {secs} s");
        }
    }

    const A: &str = "192.0.2.1";
    const NEIGHBOUR: &str = "192.0.2.200";
    const BOB: &str = "bob@example.com";

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn who_tries_again_in_time_is_known_from_then_on() {
        check(&[
            (0, A, BOB, Greyness::New),
            (299, A, BOB, Greyness::TooSoon(secs(1))),
            (300, NEIGHBOUR, "BOB@example.com", Greyness::Passed(secs(300))),
            (301, A, BOB, Greyness::Known),
            (301, "198.51.100.1", BOB, Greyness::New),
            (301, A, "carol@example.com", Greyness::New),
            (301 + 35 * 86_400, A, BOB, Greyness::Known),
            (302 + 70 * 86_400, A, BOB, Greyness::New),
        ]);
    }

    #[test]
    fn who_comes_back_after_the_window_is_new() {
        let window = 2 * 86_400;
        check(&[
            (0, A, BOB, Greyness::New),
            (window + 1, A, BOB, Greyness::New),
            (2 * window, A, BOB, Greyness::Passed(secs(window - 1))),
        ]);
    }

    #[test]
    fn a_client_that_tried_again_often_enough_is_not_put_off() {
        check(&[
            (0, A, BOB, Greyness::New),
            (0, A, "carol@example.com", Greyness::New),
            (400, A, BOB, Greyness::Passed(secs(400))),
            (400, A, "dave@example.com", Greyness::New),
            (400, A, "carol@example.com", Greyness::Passed(secs(400))),
            (400, NEIGHBOUR, "eve@example.com", Greyness::Client),
            (400, "192.0.3.1", "eve@example.com", Greyness::New),
        ]);
        let v6 = ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"];
        check(&[
            (0, v6[0], BOB, Greyness::New),
            (300, v6[1], BOB, Greyness::Passed(secs(300))),
            (300, v6[2], BOB, Greyness::New),
        ]);
    }
}
