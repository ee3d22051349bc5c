//! Cold resolutions over the network: the root, a TLD, the authority, for names never seen before.
//!
//! Delegations have a TTL of one second, and of each TLD one name is asked for every two seconds: so
//! each resolution asks all three servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use mxsim::actors::{NameServer, RecursiveResolver};
use mxsim::engine::{Seed, SimTime};
use mxsim::net::LinkConfig;
use mxsim::proto::dns::resolver::{Hint, ResolverConfig};
use mxsim::proto::dns::{Authority, Message, Name, RecordType, Zone, parse_records};
use mxsim::world::{Actor, Ctx, Event, HostConfig, TimerToken, WorldBuilder};

use super::Job;

/// So many TLDs, and as many names are asked for at a time.
const TLDS: u64 = 64;

pub(super) fn build(count: u64) -> Job {
    let mut parts = WorldBuilder::new(Seed(1));
    parts.watched(false).router("router");
    let mut root = "a.root 86400 A 192.0.2.1\n@ 86400 NS a.root\n".to_owned();
    for tld in 0..TLDS {
        root += &format!("t{tld} NS a.nic.t{tld}\na.nic.t{tld} A 192.0.2.2\n");
    }
    let each = |zone: fn(u64) -> (String, String)| (0..TLDS).map(zone).collect::<Vec<_>>();
    let tlds = each(|tld| {
        let records = "@ NS a.nic\na.nic A 192.0.2.2\nd NS ns1.d\nns1.d A 192.0.2.3\n";
        (format!("t{tld}"), records.to_owned())
    });
    let domains = each(|tld| {
        let records = "@ NS ns1\nns1 A 192.0.2.3\n* A 192.0.2.80\n";
        (format!("d.t{tld}"), records.to_owned())
    });
    let servers = [("root", vec![(".".to_owned(), root)]), ("tlds", tlds), ("domains", domains)];
    for ((name, zones), last) in servers.into_iter().zip(1..) {
        let authority =
            Arc::new(Authority::new(zones.iter().map(|(origin, text)| zone(origin, text))));
        let server = move || NameServer::new(Arc::clone(&authority));
        parts.host(HostConfig::new(name).address([192, 0, 2, last].into()).actor(server));
    }
    let hint =
        Hint { name: "a.root".parse().expect("a name"), addresses: vec![[192, 0, 2, 1].into()] };
    let config = ResolverConfig { hints: vec![hint], ipv6: false, ..ResolverConfig::default() };
    let resolver = move || RecursiveResolver::new(config.clone(), Arc::default());
    parts.host(HostConfig::new("resolver").address([192, 0, 2, 53].into()).actor(resolver));
    let answered = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&answered);
    let asker = move || Asker { count, asked: 0, answered: Arc::clone(&counter) };
    parts.host(HostConfig::new("asker").address([192, 0, 2, 100].into()).actor(asker));
    for host in ["root", "tlds", "domains", "resolver", "asker"] {
        parts.link(host, "router", LinkConfig::default());
    }
    let world = parts.build().expect("a world");
    Job { world, done: Box::new(move |_| answered.load(Relaxed)) }
}

fn zone(origin: &str, text: &str) -> Arc<Zone> {
    let origin: Name = origin.parse().expect("a name");
    let text = format!("$TTL 1\n@ SOA @ hostmaster 1 7200 600 86400 300\n{text}");
    let records = parse_records(&origin, &text).expect("a master file");
    Arc::new(Zone::new(&origin, records).expect("a zone"))
}

/// Asks for a name in each TLD, every two seconds.
struct Asker {
    count: u64,
    asked: u64,
    answered: Arc<AtomicU64>,
}

const PORT: u16 = 4_711;

impl Actor for Asker {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.bind_udp(PORT), "the port is free");
        ctx.set_timer(SimTime::from_secs(1), TimerToken(0));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Timer(_) => {
                for tld in 0..TLDS.min(self.count - self.asked) {
                    let name = format!("host{}.d.t{tld}", self.asked);
                    let query =
                        Message::query(tld as u16, name.parse().expect("a name"), RecordType::A);
                    let query = query.with_recursion_desired().with_edns().encode();
                    let to = ([192, 0, 2, 53], 53).into();
                    ctx.send_udp(PORT, to, query).expect("an address of the family");
                    self.asked += 1;
                }
                if self.asked < self.count {
                    ctx.set_timer(ctx.now() + Duration::from_secs(2), TimerToken(0));
                }
            }
            Event::Datagram { payload, .. } => {
                // The code, and the number of answers.
                assert_eq!((payload[3] & 15, payload[7]), (0, 1));
                self.answered.fetch_add(1, Relaxed);
            }
            _ => {}
        }
    }
}
