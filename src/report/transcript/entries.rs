//! From records to entries, in order.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use crate::engine::HashState;
use crate::net::icmp::Complaint;
use crate::net::tcp::CloseReason;
use crate::net::{Change, LinkId, Loss, NodeId, Ways};
use crate::world::{Fact, Partition, Record, RecordId, World};

use super::dissect::{Dissector, Side, Unit, describe_dns, plural, raw};
use super::entry::{Entry, Facts, Protocol};
use super::note;

/// The entries of a world's records. See [`super::Transcript::entries`].
pub struct Entries<'w> {
    world: &'w World,
    records: std::slice::Iter<'w, Record>,
    ready: VecDeque<Entry<'w>>,
    /// By client and server.
    conversations: BTreeMap<(SocketAddr, SocketAddr), Conversation>,
    /// Records that show nothing, with their causes. Never walked.
    silent: HashMap<RecordId, Option<RecordId>, HashState>,
    /// Forged datagrams, and those arrivals of them that came to something. Never walked.
    forged: HashSet<RecordId, HashState>,
    believed: HashSet<RecordId, HashState>,
    units: Vec<Unit>,
    /// `None`: of everything.
    only: Option<Protocol>,
}

/// A connection.
#[derive(Debug)]
struct Conversation {
    protocol: Protocol,
    dissector: Dissector,
    /// Whether what client and server send is TLS by now, in the order of [`Side`].
    encrypted: [bool; 2],
    /// One end has told that it is over.
    closed: bool,
}

impl Conversation {
    fn new(port: u16) -> Self {
        Conversation {
            protocol: Protocol::of_port(port).unwrap_or(Protocol::Tcp),
            dissector: Dissector::for_port(port),
            encrypted: [false; 2],
            closed: false,
        }
    }
}

impl<'w> Entries<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        let [forged, believed] = forgeries(world.records());
        Entries {
            world,
            records: world.records().iter(),
            ready: VecDeque::new(),
            conversations: BTreeMap::new(),
            silent: HashMap::default(),
            forged,
            believed,
            units: Vec::new(),
            only: None,
        }
    }

    /// What was said on connections of one protocol, and nothing else, to be judged: nothing of a sample.
    /// Causes are not told.
    pub(in crate::report) fn of_connections(world: &'w World, protocol: Protocol) -> Self {
        Entries {
            world,
            records: world.history().iter(),
            ready: VecDeque::new(),
            conversations: BTreeMap::new(),
            silent: HashMap::default(),
            forged: HashSet::default(),
            believed: HashSet::default(),
            units: Vec::new(),
            only: Some(protocol),
        }
    }

    /// Whether a record is about a connection of the one protocol that is wanted.
    fn is_wanted(&self, protocol: Protocol, record: &Record) -> bool {
        let (Fact::Opened { local, peer, .. }
        | Fact::Stream { local, peer, .. }
        | Fact::Plaintext { local, peer, .. }
        | Fact::Tls { local, peer }
        | Fact::Eof { local, peer }
        | Fact::Closed { local, peer, .. }) = &record.fact
        else {
            return false;
        };
        [local, peer].iter().any(|end| Protocol::of_port(end.port()) == Some(protocol))
    }

    fn read(&mut self, record: &'w Record) {
        if self.only.is_some_and(|protocol| !self.is_wanted(protocol, record)) {
            return;
        }
        let before = self.ready.len();
        match &record.fact {
            // Floods of them come to nothing; the attacker tells how many it sent.
            Fact::Datagram { .. } | Fact::Lost { why: Loss::NoListener, .. }
                if self.is_forged(record) && !self.believed.contains(&record.id) => {}
            Fact::Datagram { from, to, payload } => self.datagram(record, *from, *to, payload),
            Fact::Complaint { by, complaint } => self.complaint(record, *by, complaint),
            Fact::Opened { local, peer, active: true } => self.opened(record, *local, *peer),
            Fact::Opened { .. } => {} // the end that asked for it has told
            Fact::Stream { local, peer, .. } if self.is_encrypted(*local, *peer) => {}
            Fact::Stream { local, peer, payload } | Fact::Plaintext { local, peer, payload } => {
                self.dissect(record, *local, *peer, |dissector, sender, units| {
                    dissector.octets(sender, payload, units);
                });
            }
            Fact::Tls { local, peer } => {
                // What was left of a line was in clear.
                self.dissect(record, *local, *peer, Dissector::end);
                let (ends, sender) = self.ends(*local, *peer);
                if let Some(conversation) = self.conversations.get_mut(&ends) {
                    conversation.encrypted[sender as usize] = true;
                }
            }
            Fact::Secret(_) => {} // for a key log
            Fact::Eof { local, peer } => {
                self.dissect(record, *local, *peer, Dissector::end);
            }
            Fact::Closed { local, peer, active, reason } => {
                self.closed(record, *local, *peer, *active, *reason);
            }
            Fact::Forged { .. } => {} // its arrival is told
            Fact::Lost { from, to, tcp_sequence, payload_octets, why } => {
                let (protocol, size) = packet_in_words(*tcp_sequence, to.port(), *payload_octets);
                let at = self.world.name(record.id.node);
                let text = format!("{size} to port {} lost at {at}: {why}", to.port());
                let (octets, port, at) = (*payload_octets, to.port(), Cow::Borrowed(at));
                let facts = Facts::Lost { at, why: *why, octets, port };
                let entry = self.entry(record, protocol, "lost", text);
                let (from, to) = (self.party(*from), Some(self.party(*to)));
                self.ready.push_back(Entry { from, to, facts, ..entry });
            }
            Fact::Resent { local, peer, tcp_sequence, octets, why } => {
                let size = sized(*octets, "segment");
                let text = format!("{size} to port {} sent again: {why}", peer.port());
                let (octets, port, sequence) = (*octets, peer.port(), *tcp_sequence);
                let facts = Facts::Resent { why: *why, octets, port, sequence };
                let entry = self.entry(record, Protocol::Tcp, "resent", text);
                let (from, to) = (self.party(*local), Some(self.party(*peer)));
                self.ready.push_back(Entry { from, to, facts, ..entry });
            }
            Fact::Altered { from, to, tcp_sequence, payload_octets, how } => {
                let (protocol, size) = packet_in_words(*tcp_sequence, to.port(), *payload_octets);
                let at = self.world.name(record.id.node);
                let text = format!("{size} to port {} {how} at {at}", to.port());
                let entry = self.entry(record, protocol, "altered", text);
                let (from, to) = (self.party(*from), Some(self.party(*to)));
                self.ready.push_back(Entry { from, to, ..entry });
            }
            Fact::Crashed => self.event(record, "crashed", "host crashed"),
            Fact::Restarted => self.event(record, "restarted", "host restarted"),
            Fact::Condition(change) => self.event(record, change.kind(), &change.to_string()),
            Fact::Cut(link, ways) => self.link(record, *link, *ways, "cut", "link cut"),
            Fact::Healed(link, ways) => self.link(record, *link, *ways, "healed", "link healed"),
            Fact::Held(link, ways) => self.link(record, *link, *ways, "held", "link holds packets"),
            Fact::Released(link, ways, packets) => {
                let text = format!("link lets {} go", plural(u64::from(*packets), "packet"));
                self.link(record, *link, *ways, "released", &text);
            }
            Fact::Partition { begins, partition } => self.partition(record, *begins, partition),
            Fact::LinkChanged(link) => {
                self.link(record, *link, Ways::Both, "changed", "link changed");
            }
            Fact::Rerouted(change) => {
                let tell = |text| ("rerouted", text);
                let (link, (kind, text)) = match *change {
                    Change::Link(link, [true, true]) => (link, tell("routes use the link again")),
                    Change::Link(link, [false, false]) => (link, tell("routes avoid the link")),
                    Change::Link(link, _) => (link, tell("routes use the link one way")),
                    Change::Costs(link, _) => (link, tell("routes count the link anew")),
                    Change::Node(_, true) => {
                        return self.event(record, "rerouted", "routes use the router again");
                    }
                    Change::Node(_, false) => {
                        return self.event(record, "rerouted", "routes avoid the router");
                    }
                };
                self.link(record, link, Ways::Both, kind, text);
            }
            Fact::Note(told) => {
                let (kind, text) = note::in_words(told);
                let facts = Facts::Note(&**told);
                let entry = self.entry(record, Protocol::Note, kind, text);
                self.ready.push_back(Entry { facts, ..entry });
            }
        }
        if self.ready.len() == before && self.only.is_none() {
            self.silent.insert(record.id, self.cause(record.cause));
        }
    }

    fn complaint(&mut self, record: &'w Record, by: IpAddr, complaint: &Complaint) {
        let Complaint { trouble, to, tcp_sequence, .. } = complaint;
        let protocol = if tcp_sequence.is_some() { "TCP" } else { "UDP" };
        let text = format!("{trouble}: {protocol} to {} port {}", self.party(*to), to.port());
        let at = Some(Cow::Borrowed(self.world.name(record.id.node)));
        // A router has no name in the DNS: the record of what was lost there tells it.
        let lost = record.cause.map(|cause| Cow::Borrowed(self.world.name(cause.node)));
        let by = lost.unwrap_or_else(|| Cow::Owned(by.to_string()));
        let entry = self.entry(record, Protocol::Icmp, "unreachable", text);
        self.ready.push_back(Entry { from: by, to: at, ..entry });
    }

    fn datagram(
        &mut self,
        record: &'w Record,
        from: SocketAddr,
        to: SocketAddr,
        payload: &bytes::Bytes,
    ) {
        let (from_name, to_name) = (self.party(from), Some(self.party(to)));
        let entry = if from.port() == DNS_PORT || to.port() == DNS_PORT {
            let sender = if to.port() == DNS_PORT { Side::Client } else { Side::Server };
            let Unit { kind, mut text, details, facts, .. } = describe_dns(sender, payload);
            if let Some(cause) = record.cause.filter(|_| self.is_forged(record)) {
                text = format!("{text} (forged by {})", self.world.name(cause.node));
            }
            Entry { details, facts, ..self.entry(record, Protocol::Dns, kind, text) }
        } else {
            let facts = Facts::Octets { octets: payload.len() };
            Entry { facts, ..self.entry(record, Protocol::Udp, "datagram", raw(payload)) }
        };
        self.ready.push_back(Entry { from: from_name, to: to_name, ..entry });
    }

    /// Whether the datagram that the record tells of has a foreign source address.
    fn is_forged(&self, record: &Record) -> bool {
        record.cause.is_some_and(|cause| self.forged.contains(&cause))
    }

    fn opened(&mut self, record: &'w Record, client: SocketAddr, server: SocketAddr) {
        self.conversations.insert((client, server), Conversation::new(server.port()));
        let text = format!("connected to port {}", server.port());
        self.connection(record, (client, server), (client, server), "opened", text, None);
    }

    fn closed(
        &mut self,
        record: &'w Record,
        local: SocketAddr,
        peer: SocketAddr,
        active: bool,
        reason: CloseReason,
    ) {
        self.dissect(record, local, peer, Dissector::end);
        let ends = if active { (local, peer) } else { (peer, local) };
        let told = match self.conversations.get_mut(&ends) {
            Some(conversation) => std::mem::replace(&mut conversation.closed, true),
            None => false,
        };
        if told {
            self.conversations.remove(&ends);
        }
        let kind = match reason {
            CloseReason::Finished if told => return, // the other end has said so already
            CloseReason::Finished => "closed",
            CloseReason::Refused => "refused",
            CloseReason::TimedOut => "timed_out",
            CloseReason::Reset => "reset",
            CloseReason::Aborted => "aborted",
            CloseReason::Unreachable(_) => "unreachable",
        };
        let text = match reason {
            CloseReason::Finished => "connection closed".to_owned(),
            _ => format!("{reason} (port {})", ends.1.port()),
        };
        self.connection(record, ends, (local, peer), kind, text, Some(reason));
    }

    /// Tells of the connection between `ends`, client first, as the first of `parties` sees it.
    fn connection(
        &mut self,
        record: &'w Record,
        ends: (SocketAddr, SocketAddr),
        parties: (SocketAddr, SocketAddr),
        kind: &'static str,
        text: String,
        closed: Option<CloseReason>,
    ) {
        let facts = Facts::Connection { client: ends.0, server: ends.1, closed };
        let (from, to) = (self.party(parties.0), Some(self.party(parties.1)));
        let entry = self.entry(record, Protocol::Tcp, kind, text);
        self.ready.push_back(Entry { from, to, facts, ..entry });
    }

    /// Hands what arrived at `local` to the dissector, and tells what came out.
    fn dissect(
        &mut self,
        record: &'w Record,
        local: SocketAddr,
        peer: SocketAddr,
        read: impl FnOnce(&mut Dissector, Side, &mut Vec<Unit>),
    ) {
        let (ends, sender) = self.ends(local, peer);
        let Some(conversation) = self.conversations.get_mut(&ends) else { return };
        let protocol = conversation.protocol;
        let encrypted = conversation.encrypted;
        let mut units = std::mem::take(&mut self.units);
        read(&mut conversation.dissector, sender, &mut units);
        for Unit { sender, kind, text, details, facts } in units.drain(..) {
            let encrypted = encrypted[sender as usize];
            let (from, to) = match sender {
                Side::Client => ends,
                Side::Server => (ends.1, ends.0),
            };
            let (from, to) = (self.party(from), Some(self.party(to)));
            let entry = self.entry(record, protocol, kind, text);
            self.ready.push_back(Entry { from, to, details, facts, encrypted, ..entry });
        }
        self.units = units;
    }

    /// The ends of a connection, client first, and which of them sends what arrives at `local`.
    fn ends(&self, local: SocketAddr, peer: SocketAddr) -> ((SocketAddr, SocketAddr), Side) {
        match self.conversations.contains_key(&(peer, local)) {
            true => ((peer, local), Side::Client),
            false => ((local, peer), Side::Server),
        }
    }

    /// Whether what arrives at `local` is TLS.
    fn is_encrypted(&self, local: SocketAddr, peer: SocketAddr) -> bool {
        let (ends, sender) = self.ends(local, peer);
        let conversation = self.conversations.get(&ends);
        conversation.is_some_and(|conversation| conversation.encrypted[sender as usize])
    }

    fn event(&mut self, record: &'w Record, kind: &'static str, text: &str) {
        let entry = self.entry(record, Protocol::Network, kind, text.to_owned());
        self.ready.push_back(entry);
    }

    fn link(
        &mut self,
        record: &'w Record,
        link: LinkId,
        ways: Ways,
        kind: &'static str,
        text: &str,
    ) {
        let [from, to] = self.world.link_ends(link).map(|node| self.world.name(node));
        let (from, to, text) = match ways {
            Ways::Both => (from, to, text.to_owned()),
            Ways::Forward => (from, to, format!("{text} in this direction")),
            Ways::Backward => (to, from, format!("{text} in this direction")),
        };
        let entry = self.entry(record, Protocol::Network, kind, text);
        self.ready.push_back(Entry { from: from.into(), to: Some(to.into()), ..entry });
    }

    fn partition(&mut self, record: &'w Record, begins: bool, partition: &Partition) {
        let group = |hosts: &Vec<NodeId>| {
            let names = hosts.iter().take(SHOWN).map(|host| self.world.name(*host));
            let mut text = names.collect::<Vec<_>>().join(", ");
            if hosts.len() > SHOWN {
                text += &format!(" and {}", plural((hosts.len() - SHOWN) as u64, "more host"));
            }
            text
        };
        let mut groups: Vec<_> = partition.groups().iter().map(group).collect();
        if groups.len() == 1 {
            groups.push("all others".to_owned());
        }
        let between = if partition.is_one_way() { " does not reach " } else { " | " };
        let groups = groups.join(between);
        match begins {
            true => self.event(record, "parted", &format!("partition: {groups}")),
            false => self.event(record, "rejoined", &format!("partition ended: {groups}")),
        }
    }

    /// An entry about the node that made the record.
    fn entry(
        &self,
        record: &'w Record,
        protocol: Protocol,
        kind: &'static str,
        text: String,
    ) -> Entry<'w> {
        Entry {
            id: record.id,
            cause: self.cause(record.cause),
            time: record.time,
            from: Cow::Borrowed(self.world.name(record.id.node)),
            to: None,
            protocol,
            kind,
            text,
            encrypted: false,
            details: Vec::new(),
            facts: Facts::None,
        }
    }

    /// The cause, or where that one shows nothing, its cause. One step is enough: what is kept for
    /// a silent record is not silent itself.
    fn cause(&self, cause: Option<RecordId>) -> Option<RecordId> {
        let id = cause?;
        self.silent.get(&id).copied().unwrap_or(cause)
    }

    /// The name of the host with that address.
    fn party(&self, address: SocketAddr) -> Cow<'w, str> {
        match self.world.owner(address.ip()) {
            Some(node) => Cow::Borrowed(self.world.name(node)),
            None => Cow::Owned(address.ip().to_string()),
        }
    }
}

/// The protocol of a packet, and what it was like.
fn packet_in_words(
    tcp_sequence: Option<u32>,
    port: u16,
    payload_octets: usize,
) -> (Protocol, String) {
    match tcp_sequence {
        Some(_) => (Protocol::Tcp, sized(payload_octets, "segment")),
        None if port == 0 => (Protocol::Icmp, sized(payload_octets, "message")),
        None => (Protocol::Udp, sized(payload_octets, "datagram")),
    }
}

/// The forged datagrams, and those of their arrivals that caused anything.
pub(in crate::report) fn forgeries(records: &[Record]) -> [HashSet<RecordId, HashState>; 2] {
    let is_forged = |record: &&Record| matches!(record.fact, Fact::Forged { .. });
    let forged: HashSet<RecordId, HashState> =
        records.iter().filter(is_forged).map(|record| record.id).collect();
    if forged.is_empty() {
        return [forged, HashSet::default()];
    }
    let is_arrival = |record: &&Record| {
        matches!(record.fact, Fact::Datagram { .. })
            && record.cause.is_some_and(|cause| forged.contains(&cause))
    };
    let arrived: HashSet<RecordId, HashState> =
        records.iter().filter(is_arrival).map(|record| record.id).collect();
    let causes = records.iter().filter_map(|record| record.cause);
    let believed = causes.filter(|cause| arrived.contains(cause)).collect();
    [forged, believed]
}

/// `bare segment`, `segment of 7 octets`.
fn sized(payload_octets: usize, noun: &str) -> String {
    match payload_octets {
        0 => format!("bare {noun}"),
        octets => format!("{noun} of {}", plural(octets as u64, "octet")),
    }
}

const DNS_PORT: u16 = 53;
/// So many hosts of a group are named.
const SHOWN: usize = 4;

impl<'w> Iterator for Entries<'w> {
    type Item = Entry<'w>;

    fn next(&mut self) -> Option<Entry<'w>> {
        while self.ready.is_empty() {
            let record = self.records.next()?;
            self.read(record);
        }
        self.ready.pop_front()
    }
}
