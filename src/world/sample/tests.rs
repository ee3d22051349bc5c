use bytes::Bytes;
use std::net::SocketAddr;

use super::sessions::MOST_CLOSED;
use super::*;
use crate::net::Loss;
use crate::net::tcp::{CloseReason, Resending};

const CLIENT: NodeId = NodeId(0);
const SERVER: NodeId = NodeId(1);

/// A history that is told record by record; each is caused by the one before at the same node, if nothing
/// else is said.
struct History {
    sample: Sample,
    kept: Vec<Record>,
    counts: [u32; 3],
}

impl History {
    fn new(one_in: u64) -> Self {
        let sample = Sample::new(NonZeroU64::new(one_in).unwrap(), Seed(1));
        History { sample, kept: Vec::new(), counts: [0; 3] }
    }

    fn tell(&mut self, node: NodeId, cause: Option<RecordId>, fact: Fact) -> RecordId {
        let count = &mut self.counts[node.index()];
        let id = RecordId { node, count: *count };
        *count += 1;
        self.sample.read(Record { id, cause, time: SimTime::ZERO, fact }, &mut self.kept);
        id
    }

    fn note(&mut self, node: NodeId, cause: Option<RecordId>, note: Note) -> RecordId {
        self.tell(node, cause, Fact::Note(Box::new(note)))
    }

    /// Octets from the client to the server, or back.
    fn says(&mut self, to: NodeId, text: &str) -> RecordId {
        let [mut local, mut peer] = ends();
        if to == SERVER {
            (local, peer) = (peer, local);
        }
        let payload = Bytes::copy_from_slice(text.as_bytes());
        self.tell(to, None, Fact::Stream { local, peer, payload })
    }

    fn opens(&mut self) {
        let [client, server] = ends();
        self.tell(CLIENT, None, Fact::Opened { local: client, peer: server, active: true });
        self.tell(SERVER, None, Fact::Opened { local: server, peer: client, active: false });
        self.says(CLIENT, "220 hello\r\n");
    }

    /// One that is open at nobody, between others.
    fn closes_another(&mut self, number: usize) {
        let [client, server] = ends();
        let peer = SocketAddr::new(client.ip(), u16::try_from(number % 40_000 + 1).unwrap());
        let reason = CloseReason::Reset;
        self.tell(SERVER, None, Fact::Closed { local: server, peer, active: false, reason });
    }

    /// A message goes over the connection.
    fn relays(&mut self, queue_id: &str, message_id: &str) {
        self.says(SERVER, "MAIL FROM:<a@example.org>\r\n");
        let data = self.says(SERVER, &format!("{queue_id}\r\n.\r\n"));
        self.note(SERVER, Some(data), accepted(&format!("{queue_id}b"), message_id, "client"));
        let reply = self.says(CLIENT, &format!("250 {queue_id}b\r\n"));
        let (queue_id, recipient) = (queue_id.to_owned(), "b@example.com".to_owned());
        let (to, reply_text) = ("server".to_owned(), "250".to_owned());
        let relayed = Note::Relayed { queue_id, recipient, to, reply: reply_text };
        self.note(CLIENT, Some(reply), relayed);
    }

    /// What is kept, in short.
    fn told(&self) -> Vec<String> {
        let tell = |record: &Record| match &record.fact {
            Fact::Stream { payload, .. } => {
                String::from_utf8_lossy(payload).lines().next().unwrap_or_default().to_owned()
            }
            Fact::Note(note) => format!("{:?}", note.kind()),
            Fact::Opened { active, .. } => format!("opened {active}"),
            fact => format!("{fact:?}").split(' ').next().unwrap_or_default().to_owned(),
        };
        self.kept.iter().map(tell).collect()
    }
}

fn ends() -> [SocketAddr; 2] {
    ["192.0.2.1:49152", "192.0.2.2:25"].map(|end| end.parse().unwrap())
}

fn accepted(queue_id: &str, message_id: &str, from: &str) -> Note {
    Note::Accepted {
        queue_id: queue_id.into(),
        message_id: message_id.into(),
        sender: "a@example.org".into(),
        recipients: vec!["b@example.com".into()],
        octets: 1,
        from: from.into(),
    }
}

/// The Message-IDs of load clients of which the first is in a sample of one in so many, and the others not.
fn ids(one_in: u64) -> [String; 3] {
    let sample = Sample::new(NonZeroU64::new(one_in).unwrap(), Seed(1));
    let id = |number: u32| format!("<5.{number}@clients.example.org>");
    let mut out = (0..).map(id).filter(|id| !sample.follows(id));
    let drawn = (0..).map(id).find(|id| sample.follows(id)).unwrap();
    [drawn, out.next().unwrap(), out.next().unwrap()]
}

#[test]
fn of_a_kept_connection_the_part_is_shown_that_carries_the_message() {
    let [drawn, first, last] = ids(10);
    let mut history = History::new(10);
    history.opens();
    for (queue_id, message_id) in [("A", &first), ("B", &drawn), ("C", &last), ("D", &drawn)] {
        if *message_id == drawn {
            history.note(CLIENT, None, accepted(queue_id, message_id, "user"));
        }
        history.relays(queue_id, message_id);
    }
    history.says(SERVER, "QUIT\r\n");
    let part = |queue_id: &str| {
        let reply = format!("250 {queue_id}b");
        let own = queue_id.to_owned();
        let all = ["Accepted", "MAIL FROM:<a@example.org>", &own, "Accepted", &reply, "Relayed"];
        all.map(str::to_owned).to_vec()
    };
    let head = ["opened true", "opened false", "220 hello"].map(str::to_owned).to_vec();
    assert_eq!(history.told(), [head, part("B"), part("D"), vec!["QUIT".into()]].concat());
    assert!(history.sample.places.is_sorted());
    // Of what is not shown, nothing is held but the greeting of no open connection.
    assert_eq!(history.sample.sessions.held(), 0);
}

#[test]
fn what_leads_to_an_answer_is_found_backwards() {
    let [drawn, other, _] = ids(10);
    let mut history = History::new(10);
    let [client, server] = ends();
    let ask = |history: &mut History, node, cause| {
        let datagram = Fact::Datagram { from: client, to: server, payload: Bytes::new() };
        history.tell(node, Some(cause), datagram)
    };
    let ours = history.note(CLIENT, None, accepted("A", &drawn, "user"));
    let others = history.note(CLIENT, None, accepted("B", &other, "user"));
    // Both ask; the answer comes for whoever asked first, and one more message is sent after it.
    let asked_first = ask(&mut history, NodeId(2), others);
    ask(&mut history, NodeId(2), ours);
    let answer = ask(&mut history, CLIENT, asked_first);
    ask(&mut history, NodeId(2), answer);
    let until = SimTime::ZERO;
    let deferred = Note::Deferred {
        queue_id: "A".into(),
        recipient: "b@example.com".into(),
        attempt: 1,
        reason: "none".into(),
        until,
    };
    history.note(CLIENT, Some(answer), deferred);
    let kept: Vec<RecordId> = history.kept.iter().map(|record| record.id).collect();
    let node = NodeId(2);
    let second = RecordId { node, count: 1 };
    assert_eq!(kept[..4], [ours, asked_first, second, answer]);
    assert_eq!(history.told()[4..], ["Deferred"]);
}

#[test]
fn reports_about_a_message_belong_to_it() {
    let [drawn, other, _] = ids(10);
    let mut history = History::new(10);
    for (queue_id, message_id, report_id) in [("A", &drawn, "R"), ("B", &other, "S")] {
        history.note(CLIENT, None, accepted(queue_id, message_id, "user"));
        history.note(
            CLIENT,
            None,
            accepted(report_id, &format!("<{report_id}@example.org>"), "local"),
        );
        let bounced = Note::Bounced {
            queue_id: queue_id.into(),
            recipient: "b@example.com".into(),
            status: "5.1.1".into(),
            reason: "no".into(),
            report: Some(report_id.into()),
        };
        history.note(CLIENT, None, bounced);
        history.note(CLIENT, None, Note::Removed { queue_id: queue_id.into() });
        history.note(CLIENT, None, Note::Removed { queue_id: report_id.into() });
    }
    assert_eq!(history.told(), ["Accepted", "Accepted", "Bounced", "Removed", "Removed"]);
    assert!(history.sample.queued.is_empty());
}

#[test]
fn what_is_held_is_bounded() {
    let [_, other, _] = ids(10);
    let mut history = History::new(10);
    let [client, server] = ends();
    for number in 0..lookups::LIMIT + 10 {
        history.closes_another(number);
        let datagram = Fact::Datagram { from: client, to: server, payload: Bytes::new() };
        history.tell(SERVER, None, datagram);
        history.note(SERVER, None, accepted("A", &other, "local"));
    }
    history.opens();
    history.says(SERVER, "MAIL FROM:<a@example.org>\r\n");
    for _ in 0..10_000 {
        history.says(SERVER, "more\r\n");
    }
    assert_eq!(history.told(), Vec::<String>::new());
    let Sample { sessions, lookups, written, .. } = &mut history.sample;
    assert!(sessions.held() <= 10_000, "{}", sessions.held());
    assert_eq!((lookups.len(), written.len()), (lookups::LIMIT, MOST_WRITTEN));
}

/// Invariant: a connection whose ends both crash is gone, as one that was closed is, and what follows on the
/// same ports is another one.
#[test]
fn a_connection_ends_with_the_crash_of_both_ends() {
    let [drawn, other, _] = ids(10);
    let mut history = History::new(10);
    let open = |history: &mut History| {
        history.opens();
        history.relays("A", &other);
        history.sample.sessions.held()
    };
    let crash = |history: &mut History, node: NodeId| {
        history.tell(node, None, Fact::Crashed);
        let others = (0..=MOST_CLOSED).map(|number| 10_000 * node.index() + number);
        others.for_each(|number| history.closes_another(number));
        history.sample.sessions.held()
    };
    let held = open(&mut history);
    // Whoever is left may have something to tell.
    assert_eq!(crash(&mut history, SERVER), MOST_CLOSED + held);
    assert_eq!(crash(&mut history, CLIENT), MOST_CLOSED);

    open(&mut history);
    history.relays("B", &drawn);
    let told = history.told();
    for node in [SERVER, CLIENT] {
        history.tell(node, None, Fact::Crashed);
    }
    open(&mut history);
    let crashes = vec!["Crashed".to_owned(); 2];
    assert_eq!(history.told(), [told.clone(), crashes.clone()].concat(), "the same ports");
    history.relays("C", &drawn);
    let told = [told, crashes].concat();
    assert_eq!(history.told()[told.len()..][..3], ["opened true", "opened false", "220 hello"]);
}

/// What is lost of connections that nobody has open is of the closed ones.
#[test]
fn packets_of_no_connection_are_bounded_and_attempts_belong_to_what_comes_of_them() {
    let [drawn, ..] = ids(10);
    let mut history = History::new(10);
    let [client, server] = ends();
    let lose = |history: &mut History, from| {
        let why = Loss::HostDown;
        let lost = Fact::Lost { from, to: server, tcp_sequence: Some(1), payload_octets: 0, why };
        history.tell(SERVER, None, lost);
    };
    for port in 1..=2 * MOST_CLOSED {
        lose(&mut history, SocketAddr::new(client.ip(), u16::try_from(port).unwrap()));
    }
    assert_eq!(history.sample.sessions.held(), MOST_CLOSED);

    lose(&mut history, client);
    let why = Resending::TimedOut;
    let again = Fact::Resent { local: client, peer: server, tcp_sequence: 1, octets: 0, why };
    history.tell(CLIENT, None, again);
    (0..=MOST_CLOSED).for_each(|number| history.closes_another(number));
    history.opens();
    history.relays("A", &drawn);
    assert_eq!(history.told()[..5], ["Lost", "Resent", "opened true", "opened false", "220 hello"]);
}

#[test]
fn what_has_no_message_id_is_followed_under_the_one_that_its_server_gives_it() {
    let mut history = History::new(1_000_000_000);
    history.note(CLIENT, None, accepted("A", "<A@mail.example.org>", "client[192.0.2.9]"));
    history.note(SERVER, None, accepted("B", "<A@mail.example.org>", "mail.example.org"));
    history.note(SERVER, None, accepted("C", "", "elsewhere"));
    assert_eq!(history.told(), ["Accepted"; 3]);
    // Reports, and what has a name of its own.
    history.note(SERVER, None, accepted("D", "<D@mail.example.com>", "local"));
    history.note(CLIENT, None, accepted("E", "<D@mail.example.com>", "mail.example.com"));
    history.note(SERVER, None, accepted("F", "<FF@mail.example.com>", "elsewhere"));
    assert_eq!(history.told(), ["Accepted"; 3]);
}

#[test]
fn the_messages_of_load_clients_tell_when_they_were_written() {
    assert_eq!(written_at("<5.17@clients.d7.example>"), Some(SimTime::from_nanos(5)));
    let others = ["<1.a@b>", "<1@b>", "1.1@b", "<.1@b>", "<99999999999999999999.1@b>", ""];
    assert_eq!(others.map(written_at), [None; 6]);
}
