//! The stub resolver of a host: sends a question to recursive resolvers and reads the answer.
//!
//! Follows RFC 1034 §5.3.1, RFC 5452 §9.1 (which replies count), RFC 7766 (TCP after truncation);
//! servers, time-out and attempts as `resolv.conf` has them. A pure machine: questions, messages
//! and time go in, messages and results come out.
//!
//! Not modelled: a search list, a cache, EDNS options.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{SimTime, Stream};

use super::{Message, Name, Question, Rcode, Record, RecordData, RecordType};

/// Names a look-up of a stub resolver. Not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupId(pub u64);

/// Names one query of a look-up, for as long as its answer is awaited. Not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The name at the end of the aliases, the one that was asked for when there are none.
    pub canonical: Name,
    /// The records of the type asked for, in the order of the answer. One at least.
    pub records: Vec<Record>,
}

impl Answer {
    /// The texts of its TXT records, the strings of each joined.
    pub fn texts(&self) -> impl Iterator<Item = Vec<u8>> {
        self.records.iter().filter_map(|record| match &record.data {
            RecordData::Txt(text) => Some(text.joined()),
            _ => None,
        })
    }
}

/// Why a look-up found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupError {
    /// The name, or the one that it is an alias of, does not exist.
    NxDomain,
    /// The name exists and has no record of the type.
    NoData,
    /// The last server could not or would not answer, with this code. Worth another try later.
    Failed(Rcode),
    /// No server answered. Worth another try later.
    TimedOut,
    /// There is no server to ask.
    NoServers,
}

impl LookupError {
    /// Whether the same look-up may succeed later; else the answer is a fact about the name.
    pub fn is_temporary(self) -> bool {
        !matches!(self, LookupError::NxDomain | LookupError::NoData)
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::NxDomain => f.write_str("NXDOMAIN"),
            LookupError::NoData => f.write_str("NODATA"),
            LookupError::Failed(rcode) => write!(f, "{rcode}"),
            LookupError::TimedOut => f.write_str("no answer from any resolver"),
            LookupError::NoServers => f.write_str("no resolver to ask"),
        }
    }
}

impl std::error::Error for LookupError {}

/// How a stub resolver works, in the terms of `resolv.conf`.
#[derive(Debug, Clone)]
pub struct StubConfig {
    /// Recursive resolvers in the order in which they are asked.
    pub servers: Vec<SocketAddr>,
    /// How long one server has to answer.
    pub timeout: Duration,
    /// How often the list of servers is gone through.
    pub attempts: u32,
    /// How many look-ups run at one time; more wait for their turn.
    pub at_once: usize,
}

impl StubConfig {
    /// These servers, with 5 s for each and two attempts.
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        StubConfig { servers, timeout: Duration::from_secs(5), attempts: 2, at_once: 256 }
    }
}

/// What a stub resolver wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StubOutput {
    /// Send this datagram from a fresh random port, and hand in what arrives there.
    SendUdp {
        /// The query.
        exchange: ExchangeId,
        /// The server.
        to: SocketAddr,
        /// The message.
        octets: Bytes,
    },
    /// Send this message over a TCP connection, and hand in the messages that come back.
    SendTcp {
        /// The query.
        exchange: ExchangeId,
        /// The server.
        to: SocketAddr,
        /// The message, without its length.
        octets: Bytes,
    },
    /// The query is over: its port or connection is no longer needed.
    Release {
        /// The query.
        exchange: ExchangeId,
    },
    /// A look-up is over.
    Done {
        /// Which.
        lookup: LookupId,
        /// What was asked.
        question: Question,
        /// What it found.
        result: Result<Answer, LookupError>,
    },
}

/// A stub resolver.
#[derive(Debug)]
pub struct Stub {
    config: StubConfig,
    draws: Stream,
    lookups: BTreeMap<LookupId, Lookup>,
    /// Those whose turn has not come.
    waiting: BTreeSet<LookupId>,
    exchanges: BTreeMap<ExchangeId, LookupId>,
    deadlines: BTreeSet<(SimTime, ExchangeId)>,
    last_lookup: u64,
    last_exchange: u64,
}

/// A look-up on its way.
#[derive(Debug)]
struct Lookup {
    question: Question,
    /// How many queries were sent, but for those repeated by TCP.
    sent: u32,
    /// What the last server said that gave no answer.
    refusal: Option<Rcode>,
    /// The query under way.
    current: Option<Exchange>,
}

#[derive(Debug, Clone, Copy)]
struct Exchange {
    id: ExchangeId,
    message_id: u16,
    server: SocketAddr,
    by_tcp: bool,
    deadline: SimTime,
}

impl Stub {
    /// A stub resolver. `draws` is its own: message ids come from it.
    pub fn new(config: StubConfig, draws: Stream) -> Self {
        Stub {
            config,
            draws,
            lookups: BTreeMap::new(),
            waiting: BTreeSet::new(),
            exchanges: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            last_lookup: 0,
            last_exchange: 0,
        }
    }

    /// Begins a look-up. [`StubOutput::Done`] follows for it.
    pub fn lookup(
        &mut self,
        now: SimTime,
        name: Name,
        rtype: RecordType,
        out: &mut Vec<StubOutput>,
    ) -> LookupId {
        self.last_lookup += 1;
        let id = LookupId(self.last_lookup);
        let question = Question::new(name, rtype);
        self.lookups.insert(id, Lookup { question, sent: 0, refusal: None, current: None });
        if self.exchanges.len() >= self.config.at_once {
            self.waiting.insert(id);
        } else {
            self.ask_next(now, id, out);
        }
        id
    }

    /// When the stub wants [`Stub::timeout`], if at all.
    pub fn deadline(&self) -> Option<SimTime> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// How many look-ups are not over.
    pub fn in_progress(&self) -> usize {
        self.lookups.len()
    }

    /// A message arrived on the port or connection of `exchange`. One that does not fit the query
    /// is ignored.
    pub fn reply(
        &mut self,
        now: SimTime,
        exchange: ExchangeId,
        from: SocketAddr,
        octets: &[u8],
        out: &mut Vec<StubOutput>,
    ) {
        let Some(id) = self.exchanges.get(&exchange).copied() else { return };
        let lookup = &self.lookups[&id];
        let current = lookup.current.expect("an exchange belongs to a look-up that waits for it");
        let Ok(message) = Message::decode(octets) else { return };
        let fits = from == current.server
            && message.flags.qr
            && message.id == current.message_id
            && message.question() == Some(&lookup.question);
        if !fits {
            return;
        }
        self.end_exchange(current, out);
        if message.flags.tc && !current.by_tcp {
            return self.ask(now, id, current.server, true, out);
        }
        match read(&message, &self.lookups[&id].question) {
            Ok(result) => self.finish(now, id, result, out),
            Err(rcode) => {
                self.refused(id, rcode);
                self.ask_next(now, id, out);
            }
        }
    }

    /// The connection of `exchange` was refused or broke, or its datagram could not be sent.
    pub fn failed(&mut self, now: SimTime, exchange: ExchangeId, out: &mut Vec<StubOutput>) {
        if let Some(id) = self.exchanges.get(&exchange).copied() {
            self.drop_exchange(id, out);
            self.ask_next(now, id, out);
        }
    }

    /// Time has passed. Does nothing before [`Stub::deadline`].
    pub fn timeout(&mut self, now: SimTime, out: &mut Vec<StubOutput>) {
        while let Some((_, exchange)) = self.deadlines.first().filter(|(at, _)| *at <= now).copied()
        {
            self.failed(now, exchange, out);
        }
    }

    fn refused(&mut self, id: LookupId, rcode: Rcode) {
        if let Some(lookup) = self.lookups.get_mut(&id) {
            lookup.refusal = Some(rcode);
        }
    }

    fn drop_exchange(&mut self, id: LookupId, out: &mut Vec<StubOutput>) {
        if let Some(current) = self.lookups.get(&id).and_then(|lookup| lookup.current) {
            self.end_exchange(current, out);
        }
    }

    fn end_exchange(&mut self, exchange: Exchange, out: &mut Vec<StubOutput>) {
        let id = self.exchanges.remove(&exchange.id);
        self.deadlines.remove(&(exchange.deadline, exchange.id));
        if let Some(lookup) = id.and_then(|id| self.lookups.get_mut(&id)) {
            lookup.current = None;
        }
        out.push(StubOutput::Release { exchange: exchange.id });
    }

    /// Asks the next server of the list, or gives up after the last attempt.
    fn ask_next(&mut self, now: SimTime, id: LookupId, out: &mut Vec<StubOutput>) {
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        let servers = self.config.servers.len() as u32;
        if lookup.sent >= servers * self.config.attempts {
            let error = match lookup.refusal {
                _ if servers == 0 => LookupError::NoServers,
                Some(rcode) => LookupError::Failed(rcode),
                None => LookupError::TimedOut,
            };
            return self.finish(now, id, Err(error), out);
        }
        let server = self.config.servers[(lookup.sent % servers) as usize];
        lookup.sent += 1;
        self.ask(now, id, server, false, out);
    }

    fn ask(
        &mut self,
        now: SimTime,
        id: LookupId,
        server: SocketAddr,
        by_tcp: bool,
        out: &mut Vec<StubOutput>,
    ) {
        let Some(lookup) = self.lookups.get_mut(&id) else { return };
        self.last_exchange += 1;
        let exchange = ExchangeId(self.last_exchange);
        let message_id = self.draws.next_u16();
        let deadline = now + self.config.timeout;
        lookup.current = Some(Exchange { id: exchange, message_id, server, by_tcp, deadline });
        self.exchanges.insert(exchange, id);
        self.deadlines.insert((deadline, exchange));
        let Question { name, rtype, .. } = &lookup.question;
        let query = Message::query(message_id, name.clone(), *rtype);
        let octets = query.with_recursion_desired().with_edns().encode();
        out.push(match by_tcp {
            true => StubOutput::SendTcp { exchange, to: server, octets },
            false => StubOutput::SendUdp { exchange, to: server, octets },
        });
    }

    fn finish(
        &mut self,
        now: SimTime,
        id: LookupId,
        result: Result<Answer, LookupError>,
        out: &mut Vec<StubOutput>,
    ) {
        if let Some(lookup) = self.lookups.remove(&id) {
            out.push(StubOutput::Done { lookup: id, question: lookup.question, result });
        }
        if self.exchanges.len() < self.config.at_once
            && let Some(next) = self.waiting.pop_first()
        {
            self.ask_next(now, next, out);
        }
    }
}

/// What an answer says to the question; the code when the next server is to be asked.
fn read(message: &Message, question: &Question) -> Result<Result<Answer, LookupError>, Rcode> {
    let nothing = match message.rcode {
        Rcode::NoError => LookupError::NoData,
        Rcode::NxDomain => LookupError::NxDomain,
        other => return Err(other),
    };
    let mut canonical = question.name.clone();
    // Each alias is one record of the answer, so no walk is longer than the answer.
    for _ in 0..=message.answers.len() {
        let here = || message.answers.iter().filter(|record| record.name == canonical);
        let wanted = |record: &&Record| {
            question.rtype == RecordType::Any || record.rtype() == question.rtype
        };
        let records: Vec<Record> = here().filter(wanted).cloned().collect();
        if !records.is_empty() {
            return Ok(Ok(Answer { canonical, records }));
        }
        let target = here().find_map(|record| match &record.data {
            RecordData::Cname(target) => Some(target.clone()),
            _ => None,
        });
        match target {
            Some(target) => canonical = target,
            None => return Ok(Err(nothing)),
        }
    }
    // The aliases lead back to where they came from.
    Err(Rcode::ServFail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;
    use proptest::prelude::*;

    const SERVERS: [&str; 2] = ["192.0.2.53:53", "198.51.100.53:53"];

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    /// A stub, its clock, and what it wants.
    struct Bench {
        stub: Stub,
        now: SimTime,
        out: Vec<StubOutput>,
    }

    fn bench() -> Bench {
        let servers = SERVERS.iter().map(|text| text.parse().unwrap()).collect();
        let stub = Stub::new(StubConfig::new(servers), Seed(1).stream("stub"));
        Bench { stub, now: SimTime::ZERO, out: Vec::new() }
    }

    impl Bench {
        fn lookup(&mut self, text: &str) -> LookupId {
            self.stub.lookup(self.now, name(text), RecordType::A, &mut self.out)
        }

        /// The last query that it sent, and where to.
        fn sent(&self) -> (ExchangeId, SocketAddr, Message) {
            let sent = self.out.iter().rev().find_map(|output| match output {
                StubOutput::SendUdp { exchange, to, octets }
                | StubOutput::SendTcp { exchange, to, octets } => {
                    Some((*exchange, *to, Message::decode(octets).unwrap()))
                }
                _ => None,
            });
            sent.unwrap()
        }

        /// Answers the last query.
        fn answer(&mut self, change: impl Fn(&mut Message)) {
            let (exchange, server, query) = self.sent();
            let mut reply = Message::response_to(&query);
            change(&mut reply);
            self.stub.reply(self.now, exchange, server, &reply.encode(), &mut self.out);
        }

        /// The result of the look-up, once it is there.
        fn result(&self) -> Option<Result<Answer, LookupError>> {
            match self.out.last() {
                Some(StubOutput::Done { result, .. }) => Some(result.clone()),
                _ => None,
            }
        }
    }

    fn records(list: &[(&str, RecordData)]) -> Vec<Record> {
        list.iter().map(|(owner, data)| Record::new(name(owner), 60, data.clone())).collect()
    }

    /// The result of one answer with these records.
    fn read_answer(rcode: Rcode, list: &[(&str, RecordData)]) -> Result<Answer, LookupError> {
        let mut bench = bench();
        bench.lookup("www.example.com.");
        bench.answer(|reply| (reply.rcode, reply.answers) = (rcode, records(list)));
        bench.result().unwrap()
    }

    #[test]
    fn an_answer_is_read_along_its_aliases() {
        let address = RecordData::A([192, 0, 2, 1].into());
        let cname = |target| RecordData::Cname(name(target));
        let found = read_answer(Rcode::NoError, &[("WWW.example.com.", address.clone())]).unwrap();
        assert_eq!(found.records.len(), 1);
        assert_eq!(found.canonical, name("www.example.com."));
        let chain = [
            ("b.example.", address.clone()),
            ("other.example.", address),
            ("www.example.com.", cname("a.example.")),
            ("a.example.", cname("b.example.")),
        ];
        let found = read_answer(Rcode::NoError, &chain).unwrap();
        assert_eq!((found.records.len(), found.canonical), (1, name("b.example.")));
        assert_eq!(read_answer(Rcode::NoError, &chain[1..]), Err(LookupError::NoData));
        assert_eq!(read_answer(Rcode::NxDomain, &chain[2..]), Err(LookupError::NxDomain));
        assert_eq!(read_answer(Rcode::NoError, &[]), Err(LookupError::NoData));
    }

    #[test]
    fn the_servers_are_asked_in_order_twice() {
        let mut bench = bench();
        bench.lookup("www.example.com.");
        let mut asked = Vec::new();
        while let Some(deadline) = bench.stub.deadline() {
            asked.push(format!("{} {}", bench.now, bench.sent().1));
            bench.now = deadline;
            bench.stub.timeout(bench.now, &mut bench.out);
        }
        let expected = [(0, 0), (5, 1), (10, 0), (15, 1)];
        let expected = expected.map(|(at, who)| format!("{at}.000000000 {}", SERVERS[who]));
        assert_eq!(asked, expected);
        assert_eq!(bench.result(), Some(Err(LookupError::TimedOut)));
        assert_eq!(bench.stub.in_progress(), 0);
    }

    #[test]
    fn a_server_that_fails_makes_room_for_the_next() {
        let mut bench = bench();
        bench.lookup("www.example.com.");
        for _ in 0..4 {
            assert_eq!(bench.result(), None);
            bench.answer(|reply| reply.rcode = Rcode::ServFail);
        }
        assert_eq!(bench.result(), Some(Err(LookupError::Failed(Rcode::ServFail))));
    }

    #[test]
    fn truncation_leads_to_tcp_at_the_same_server() {
        let mut bench = bench();
        bench.lookup("www.example.com.");
        bench.answer(|reply| reply.flags.tc = true);
        let (_, server, _) = bench.sent();
        assert!(matches!(bench.out.last(), Some(StubOutput::SendTcp { .. })));
        assert_eq!(server.to_string(), SERVERS[0]);
        bench.answer(|reply| reply.rcode = Rcode::NxDomain);
        assert_eq!(bench.result(), Some(Err(LookupError::NxDomain)));
    }

    #[test]
    fn a_reply_has_to_fit_its_query() {
        let mut bench = bench();
        bench.lookup("www.example.com.");
        bench.answer(|reply| reply.id ^= 1);
        bench.answer(|reply| reply.questions[0].name = name("www.example.net."));
        bench.answer(|reply| reply.questions[0].rtype = RecordType::Mx);
        bench.answer(|reply| reply.flags.qr = false);
        let (exchange, _, query) = bench.sent();
        let reply = Message::response_to(&query).encode();
        let stranger = "192.0.2.66:53".parse().unwrap();
        bench.stub.reply(bench.now, exchange, stranger, &reply, &mut bench.out);
        assert_eq!(bench.out.len(), 1);
        bench.answer(|_| {});
        assert_eq!(bench.result(), Some(Err(LookupError::NoData)));
    }

    #[test]
    fn more_look_ups_than_run_at_once_wait_for_their_turn() {
        let mut bench = bench();
        bench.stub.config.at_once = 2;
        let ids: Vec<_> = (0..5).map(|_| bench.lookup("www.example.com.")).collect();
        assert_eq!(bench.out.len(), 2);
        let mut done = Vec::new();
        while bench.stub.in_progress() > 0 {
            bench.now += Duration::from_secs(5);
            bench.stub.timeout(bench.now, &mut bench.out);
            for output in bench.out.drain(..) {
                if let StubOutput::Done { lookup, .. } = output {
                    done.push(lookup);
                }
            }
        }
        assert_eq!(done, ids);
    }

    #[test]
    fn without_a_server_there_is_no_answer() {
        let mut stub = Stub::new(StubConfig::new(Vec::new()), Seed(1).stream("stub"));
        let mut out = Vec::new();
        stub.lookup(SimTime::ZERO, name("example.com."), RecordType::A, &mut out);
        assert!(matches!(&out[..], [StubOutput::Done { result: Err(LookupError::NoServers), .. }]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn arbitrary_octets_do_no_harm(rest in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut bench = bench();
            bench.lookup("www.example.com.");
            let (exchange, server, query) = bench.sent();
            let mut octets = query.encode()[..33].to_vec();
            octets[2] |= 0x80;
            octets[6..12].copy_from_slice(&[0, 2, 0, 2, 0, 2]);
            octets.extend(&rest);
            bench.stub.reply(bench.now, exchange, server, &octets, &mut bench.out);
            bench.stub.reply(bench.now, exchange, server, &rest, &mut bench.out);
        }
    }
}
