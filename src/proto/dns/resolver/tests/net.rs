//! Scripted name servers, and a clock that plays a resolver against them.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use super::super::*;
use crate::engine::Seed;
use crate::proto::dns::{Message, Name, Rcode, Record, RecordData, RecordType, Soa};

/// What a name server says to a question.
///
/// One line a rule: `qname type -> words | answer | authority | additional`. `*.example.com.` is
/// everything at or below, type `*` every type. Words are a code, `aa`, `ra`, `tc` (by UDP only),
/// `noedns` (only to queries without EDNS, FORMERR to others), `dropsedns` (silence to others),
/// `silent`. Records are separated by
/// commas; `TTL` is 3600 unless written; a SOA has its MINIMUM as only field.
#[derive(Debug, Clone)]
struct Rule {
    name: Name,
    below: bool,
    rtype: Option<RecordType>,
    words: Vec<String>,
    sections: [Vec<Record>; 3],
}

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn rule(line: &str) -> Rule {
    let (question, reply) = line.split_once("->").unwrap();
    let mut question = question.split_whitespace();
    let qname = question.next().unwrap();
    let rtype = match question.next().unwrap() {
        "*" => None,
        rtype => Some(rtype.parse().unwrap()),
    };
    let (qname, below) = match qname.strip_prefix("*.") {
        Some("") => (".", true),
        Some(rest) => (rest, true),
        None => (qname, false),
    };
    let mut parts = reply.split('|');
    let words = parts.next().unwrap().split_whitespace().map(str::to_owned).collect();
    let mut section = || {
        let records = parts.next().unwrap_or("").split(',').filter(|text| !text.trim().is_empty());
        records.map(record).collect::<Vec<_>>()
    };
    Rule { name: name(qname), below, rtype, words, sections: [section(), section(), section()] }
}

/// Reads `owner [ttl] type data`.
pub(super) fn record(text: &str) -> Record {
    let mut fields: VecDeque<&str> = text.split_whitespace().collect();
    let owner = name(fields.pop_front().unwrap());
    let ttl_secs = match fields[0].parse() {
        Ok(ttl_secs) => {
            fields.pop_front();
            ttl_secs
        }
        Err(_) => 3_600,
    };
    let rtype = fields.pop_front().unwrap();
    let data = match rtype {
        "A" => RecordData::A(fields[0].parse().unwrap()),
        "AAAA" => RecordData::Aaaa(fields[0].parse().unwrap()),
        "NS" => RecordData::Ns(name(fields[0])),
        "CNAME" => RecordData::Cname(name(fields[0])),
        "DNAME" => RecordData::Dname(name(fields[0])),
        "MX" => {
            RecordData::Mx { preference: fields[0].parse().unwrap(), exchange: name(fields[1]) }
        }
        "SOA" => RecordData::Soa(Box::new(Soa {
            mname: owner.clone(),
            rname: owner.clone(),
            serial: 1,
            refresh_secs: 2,
            retry_secs: 3,
            expire_secs: 4,
            minimum_secs: fields[0].parse().unwrap(),
        })),
        _ => {
            let records = crate::proto::dns::parse_records(&Name::root(), text.trim()).unwrap();
            return records[0].clone();
        }
    };
    Record::new(owner, ttl_secs, data)
}

enum Arrival {
    Reply { exchange: ExchangeId, from: SocketAddr, octets: Bytes },
    Refused { exchange: ExchangeId },
}

/// A resolver, its name servers, and what happened.
pub(super) struct Net {
    pub(super) resolver: Resolver,
    pub(super) now: SimTime,
    /// `server qname type`, with ` tcp` behind it, in the order of asking.
    pub(super) asked: Vec<String>,
    /// The last answer of each client.
    pub(super) answers: BTreeMap<u64, Message>,
    /// How many answers each client got.
    pub(super) counts: BTreeMap<u64, u32>,
    servers: BTreeMap<IpAddr, Vec<Rule>>,
    arrivals: BTreeMap<(SimTime, u64), Arrival>,
    count: u64,
    /// Queries under way as the owner sees them: each is to be released.
    pub(super) open: BTreeMap<ExchangeId, (SocketAddr, Bytes)>,
}

pub(super) const ROOT: &str = "192.0.2.1";

/// The usual Internet: root, com. and net. at 192.0.2.2, example.com. at 192.0.2.3.
pub(super) const USUAL: &[(&str, &str)] = &[
    (
        ROOT,
        "*.com. * -> NOERROR | | com. NS ns.gtld. | ns.gtld. A 192.0.2.2
         *.net. * -> NOERROR | | net. NS ns.gtld. | ns.gtld. A 192.0.2.2
         ns.gtld. A -> NOERROR aa | ns.gtld. A 192.0.2.2
         *.gtld. * -> NOERROR aa | | . SOA 60
         *.test. * -> NXDOMAIN aa | | . 100 SOA 60",
    ),
    (
        "192.0.2.2",
        "*.example.com. * -> NOERROR | | example.com. NS ns.example.com. | ns.example.com. A 192.0.2.3
         *.example.net. * -> NOERROR | | example.net. NS ns.example.com.
         *.com. * -> NXDOMAIN aa | | com. SOA 900",
    ),
    (
        "192.0.2.3",
        "ns.example.com. A -> NOERROR aa | ns.example.com. A 192.0.2.3
         www.example.com. A -> NOERROR aa | www.example.com. 300 A 192.0.2.80
         www.example.net. A -> NOERROR aa | www.example.net. 300 A 192.0.2.81
         example.com. MX -> NOERROR aa | example.com. MX 10 mx.example.com.
         *.www.example.com. * -> NOERROR aa | | example.com. SOA 120
         *.example.com. * -> NXDOMAIN aa | | example.com. SOA 120
         *.example.net. * -> NXDOMAIN aa | | example.net. SOA 120",
    ),
];

impl Net {
    /// These servers, with IPv4 alone and whole names from the hints on; those at addresses of [`USUAL`] stand before the usual.
    pub(super) fn new(servers: &[(&str, &str)]) -> Self {
        Self::with(servers, |_| {})
    }

    /// As [`Net::new`], with another configuration.
    pub(super) fn with(servers: &[(&str, &str)], change: impl Fn(&mut ResolverConfig)) -> Self {
        let mut rules: BTreeMap<IpAddr, Vec<Rule>> = BTreeMap::new();
        for (address, text) in servers.iter().chain(USUAL) {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            rules.entry(address.parse().unwrap()).or_default().extend(lines.map(rule));
        }
        let hint = Hint { name: name("a.root."), addresses: vec![ROOT.parse().unwrap()] };
        let mut config = ResolverConfig {
            hints: vec![hint],
            ipv6: false,
            prime: false,
            minimise_qname: false,
            ..ResolverConfig::default()
        };
        // The usual Internet has a `test`.
        config.keep_ordinary([&name("test.")]);
        change(&mut config);
        Net {
            resolver: Resolver::new(config, Seed(1).stream("resolver")),
            now: SimTime::ZERO,
            asked: Vec::new(),
            answers: BTreeMap::new(),
            counts: BTreeMap::new(),
            servers: rules,
            arrivals: BTreeMap::new(),
            count: 0,
            open: BTreeMap::new(),
        }
    }

    /// A client asks; nothing is played yet.
    pub(super) fn query(&mut self, client: u64, question: &str) {
        let (qname, qtype) = question.split_once(' ').unwrap();
        let query = Message::query(client as u16, name(qname), qtype.parse().unwrap());
        self.send(client, &query.with_recursion_desired().with_edns(), Transport::Udp);
    }

    /// A client sends this; nothing is played yet.
    pub(super) fn send(&mut self, client: u64, query: &Message, transport: Transport) {
        let mut out = Vec::new();
        let client = ClientToken(client);
        self.resolver.client_query(self.now, client, &query.encode(), transport, &mut out);
        self.take(out);
    }

    /// A client sends these octets; nothing is played yet.
    pub(super) fn send_octets(&mut self, client: u64, octets: &[u8], transport: Transport) {
        let mut out = Vec::new();
        self.resolver.client_query(self.now, ClientToken(client), octets, transport, &mut out);
        self.take(out);
    }

    /// The server at this address now keeps to these rules.
    pub(super) fn replace(&mut self, address: &str, rules: &str) {
        let rules = rules.lines().map(|line| rule(line.trim())).collect();
        self.servers.insert(address.parse().unwrap(), rules);
    }

    /// Plays until this client has an answer; when that was.
    pub(super) fn run_until_answered(&mut self, client: u64) -> SimTime {
        self.answers.remove(&client);
        for _ in 0..10_000 {
            if self.answers.contains_key(&client) || !self.step() {
                break;
            }
        }
        self.now
    }

    /// Plays until nothing is left to do.
    pub(super) fn run(&mut self) {
        for _ in 0..10_000 {
            if !self.step() {
                assert_eq!(self.resolver.in_progress(), 0, "a resolution is stuck");
                assert!(self.open.is_empty(), "a query is not released");
                return;
            }
        }
        panic!("the resolver does not end: {:?}", self.asked);
    }

    /// Plays what comes next; `false` when there is nothing.
    fn step(&mut self) -> bool {
        let mut out = Vec::new();
        let arrival = self.arrivals.first_key_value().map(|(key, _)| key.0);
        match (arrival, self.resolver.deadline()) {
            (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                let ((at, _), arrival) = self.arrivals.pop_first().unwrap();
                self.now = self.now.max(at);
                match arrival {
                    Arrival::Reply { exchange, from, octets } => {
                        let resolver = &mut self.resolver;
                        resolver.upstream_reply(self.now, exchange, from, &octets, &mut out);
                    }
                    Arrival::Refused { exchange } => {
                        self.resolver.upstream_failed(self.now, exchange, &mut out);
                    }
                }
            }
            (_, Some(deadline)) => {
                self.now = self.now.max(deadline);
                self.resolver.timeout(self.now, &mut out);
            }
            _ => return false,
        }
        self.take(out);
        true
    }

    /// Asks, plays to the end, and shows the answer in one line.
    pub(super) fn resolve(&mut self, question: &str) -> String {
        self.query(0, question);
        self.run();
        self.shown(0)
    }

    /// The answer of a client: `RCODE | answer | authority`.
    pub(super) fn shown(&self, client: u64) -> String {
        let Some(answer) = self.answers.get(&client) else { return "none".into() };
        assert!(answer.flags.qr && answer.flags.ra && !answer.flags.aa);
        let section = |records: &[Record]| {
            let records: Vec<String> = records.iter().map(show).collect();
            records.join(", ")
        };
        let mut line = format!("{} | {}", answer.rcode, section(&answer.answers));
        if !answer.authorities.is_empty() {
            line = format!("{line} | {}", section(&answer.authorities));
        }
        line
    }

    /// What was asked since the last call.
    pub(super) fn asked(&mut self) -> Vec<String> {
        std::mem::take(&mut self.asked)
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, secs: u64) {
        self.now += Duration::from_secs(secs);
    }

    /// Hands a message to the resolver as if it came for this query.
    pub(super) fn forge(&mut self, exchange: ExchangeId, from: SocketAddr, message: &Message) {
        let mut out = Vec::new();
        self.resolver.upstream_reply(self.now, exchange, from, &message.encode(), &mut out);
        self.take(out);
    }

    /// The server at `from` is now at `to`, in every record and on the network.
    pub(super) fn move_server(&mut self, from: &str, to: &str) {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let rules = self.servers.remove(&from).unwrap();
        self.servers.insert(to, rules);
        let records = self.servers.values_mut().flatten().flat_map(|rule| &mut rule.sections);
        for record in records.flatten() {
            if let (RecordData::A(address), IpAddr::V4(to)) = (&mut record.data, to)
                && IpAddr::V4(*address) == from
            {
                *address = to;
            }
        }
    }

    fn take(&mut self, out: Vec<ResolverOutput>) {
        for output in out {
            match output {
                ResolverOutput::Exchange(Outgoing::Udp { exchange, to, octets }) => {
                    self.ask(exchange, to, &octets, Transport::Udp);
                }
                ResolverOutput::Exchange(Outgoing::Tcp { exchange, to, octets }) => {
                    self.ask(exchange, to, &octets, Transport::Tcp);
                }
                ResolverOutput::Exchange(Outgoing::Release { exchange }) => {
                    assert!(self.open.remove(&exchange).is_some());
                }
                ResolverOutput::Answer { client, octets } => {
                    *self.counts.entry(client.0).or_default() += 1;
                    self.answers.insert(client.0, Message::decode(&octets).unwrap());
                }
                ResolverOutput::Ignore { client } => drop(self.answers.remove(&client.0)),
                ResolverOutput::CacheHit { .. } | ResolverOutput::CacheMiss { .. } => {}
            }
        }
    }

    fn ask(&mut self, exchange: ExchangeId, to: SocketAddr, octets: &Bytes, transport: Transport) {
        assert_eq!(to.port(), 53);
        self.open.insert(exchange, (to, octets.clone()));
        let query = Message::decode(octets).unwrap();
        let question = query.question().unwrap();
        let by = if transport == Transport::Tcp { " tcp" } else { "" };
        self.asked.push(format!("{} {} {}{by}", to.ip(), question.name, question.rtype));
        self.count += 1;
        let key = (self.now + Duration::from_millis(20), self.count);
        let Some(rules) = self.servers.get(&to.ip()) else {
            if transport == Transport::Tcp {
                self.arrivals.insert(key, Arrival::Refused { exchange });
            }
            return;
        };
        if let Some(reply) = answer(rules, &query, transport) {
            let octets = reply.encode();
            self.arrivals.insert(key, Arrival::Reply { exchange, from: to, octets });
        }
    }
}

fn answer(rules: &[Rule], query: &Message, transport: Transport) -> Option<Message> {
    let question = query.question().unwrap();
    let fits = |rule: &&Rule| {
        let same = match rule.below {
            true => question.name.is_subdomain_of(&rule.name),
            false => question.name == rule.name,
        };
        same && rule.rtype.is_none_or(|rtype| rtype == question.rtype)
    };
    let mut reply = Message::response_to(query);
    let Some(rule) = rules.iter().find(fits) else {
        reply.rcode = Rcode::Refused;
        return Some(reply);
    };
    for word in &rule.words {
        match &word[..] {
            "aa" => reply.flags.aa = true,
            "ra" => reply.flags.ra = true,
            "tc" if transport == Transport::Udp => {
                reply.flags.tc = true;
                return Some(reply);
            }
            "tc" => {}
            "noedns" if query.edns.is_some() => {
                reply.edns = None;
                reply.rcode = Rcode::FormErr;
                return Some(reply);
            }
            "noedns" => {}
            "dropsedns" if query.edns.is_some() => return None,
            "dropsedns" => {}
            "silent" => return None,
            rcode => reply.rcode = rcode.parse().unwrap(),
        }
    }
    [reply.answers, reply.authorities, reply.additionals] = rule.sections.clone();
    Some(reply)
}

/// `owner ttl type data`, a SOA by its MINIMUM.
fn show(record: &Record) -> String {
    let data = match &record.data {
        RecordData::Soa(soa) => soa.minimum_secs.to_string(),
        data => data.to_string(),
    };
    format!("{} {} {} {data}", record.name, record.ttl_secs, record.rtype())
}
