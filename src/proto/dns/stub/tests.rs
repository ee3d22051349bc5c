use super::*;
use crate::engine::Seed;
use crate::proto::dns::{Rcode, Record, RecordData};
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
            StubOutput::Exchange(
                Outgoing::Udp { exchange, to, octets } | Outgoing::Tcp { exchange, to, octets },
            ) => Some((*exchange, *to, Message::decode(octets).unwrap())),
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
    assert!(matches!(bench.out.last(), Some(StubOutput::Exchange(Outgoing::Tcp { .. }))));
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
