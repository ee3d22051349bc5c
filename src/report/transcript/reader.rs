//! From records to what is told of them, in order.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use crate::engine::HashState;
use crate::net::icmp::Complaint;
use crate::net::tcp::CloseReason;
use crate::net::{Change, LinkId, Loss, NodeId, Ways};
use crate::world::{Connections, Fact, Partition, Record, RecordId, World};

use super::conversation::Conversation;
use super::dissect::{Dissector, Side, Tell, Unit, describe_dns, raw};
use super::entry::{Entry, Facts, Protocol};
use super::forgeries::Forgeries;
use super::note;
use super::text::plural;

/// Who is told what records say.
pub(super) trait Teller<'w> {
    /// Whether causes are told too.
    const TELLS_CAUSES: bool;

    /// What was said on a connection.
    fn said(&mut self, head: Head<'_, 'w>, unit: Unit<'_>);

    /// Anything else.
    fn tell(&mut self, entry: Entry<'w>);
}

/// Who said something to whom, and when: an [`Entry`] without words.
pub(super) struct Head<'a, 'w> {
    pub(super) record: &'w Record,
    pub(super) cause: Option<RecordId>,
    pub(super) from: &'a Cow<'w, str>,
    pub(super) to: &'a Cow<'w, str>,
    pub(super) protocol: Protocol,
    pub(super) encrypted: bool,
}

/// Reads records, one after the other, and tells of them.
pub(super) struct Reader<'w, T> {
    world: &'w World,
    pub(super) teller: T,
    /// How often it has told something.
    told: u64,
    conversations: Connections<Conversation<'w>>,
    /// Empty where no causes are told.
    silent: Silent,
    /// Once there was one.
    forgeries: Option<Forgeries>,
    /// `None`: of everything.
    only: Option<Protocol>,
}

/// Records that show nothing, with their causes. Never walked.
type Silent = HashMap<RecordId, Option<RecordId>, HashState>;

impl<'w, T: Teller<'w>> Reader<'w, T> {
    /// Of everything.
    pub(super) fn new(world: &'w World, teller: T) -> Self {
        Reader {
            world,
            teller,
            told: 0,
            conversations: Connections::default(),
            silent: HashMap::default(),
            forgeries: None,
            only: None,
        }
    }

    /// Of what was said on connections of one protocol.
    pub(super) fn of_connections(world: &'w World, protocol: Protocol, teller: T) -> Self {
        Reader { only: Some(protocol), ..Reader::new(world, teller) }
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

    /// Reads the next record.
    pub(super) fn read(&mut self, record: &'w Record) {
        if self.only.is_some_and(|protocol| !self.is_wanted(protocol, record)) {
            return;
        }
        let before = self.told;
        match &record.fact {
            // Floods of them come to nothing; the attacker tells how many it sent.
            Fact::Datagram { .. } | Fact::Lost { why: Loss::NoListener, .. }
                if self.comes_to_nothing(record) => {}
            Fact::Datagram { from, to, payload } => self.datagram(record, *from, *to, payload),
            Fact::Complaint { by, complaint } => self.complaint(record, *by, complaint),
            Fact::Opened { local, peer, active: true } => self.opened(record, *local, *peer),
            Fact::Opened { .. } => {} // the end that asked for it has told
            Fact::Stream { local, peer, payload } => {
                self.dissect(record, [*local, *peer], |direction, sender, tell| {
                    if !*direction.encrypted {
                        direction.dissector.octets(sender, payload, tell);
                    }
                });
            }
            Fact::Plaintext { local, peer, payload } => {
                self.dissect(record, [*local, *peer], |direction, sender, tell| {
                    direction.dissector.octets(sender, payload, tell);
                });
            }
            Fact::Tls { local, peer } => {
                self.dissect(record, [*local, *peer], |direction, sender, tell| {
                    // What was left of a line was in clear.
                    direction.dissector.end(sender, tell);
                    *direction.encrypted = true;
                });
            }
            Fact::Secret(_) => {} // for a key log
            Fact::Eof { local, peer } => self.end(record, [*local, *peer]),
            Fact::Closed { local, peer, active, reason } => {
                self.closed(record, *local, *peer, *active, *reason);
            }
            // Its arrival is told.
            Fact::Forged { .. } => {
                self.forgeries.get_or_insert_with(|| Forgeries::among(self.world.records()));
            }
            Fact::Lost { from, to, tcp_sequence, payload_octets, why } => {
                let (protocol, size) = packet_in_words(*tcp_sequence, to.port(), *payload_octets);
                let at = self.world.name(record.id.node);
                let text = format!("{size} to port {} lost at {at}: {why}", to.port());
                let (octets, port, at) = (*payload_octets, to.port(), Cow::Borrowed(at));
                let facts = Facts::Lost { at, why: *why, octets, port };
                let entry = self.entry(record, protocol, "lost", text);
                let (from, to) = (self.party(*from), Some(self.party(*to)));
                self.tell(Entry { from, to, facts, ..entry });
            }
            Fact::Resent { local, peer, tcp_sequence, octets, why } => {
                let size = sized(*octets, "segment");
                let text = format!("{size} to port {} sent again: {why}", peer.port());
                let (octets, port, sequence) = (*octets, peer.port(), *tcp_sequence);
                let facts = Facts::Resent { why: *why, octets, port, sequence };
                let entry = self.entry(record, Protocol::Tcp, "resent", text);
                let (from, to) = (self.party(*local), Some(self.party(*peer)));
                self.tell(Entry { from, to, facts, ..entry });
            }
            Fact::Altered { from, to, tcp_sequence, payload_octets, how } => {
                let (protocol, size) = packet_in_words(*tcp_sequence, to.port(), *payload_octets);
                let at = self.world.name(record.id.node);
                let text = format!("{size} to port {} {how} at {at}", to.port());
                let entry = self.entry(record, protocol, "altered", text);
                let (from, to) = (self.party(*from), Some(self.party(*to)));
                self.tell(Entry { from, to, ..entry });
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
                let facts = Facts::Note(told);
                let entry = self.entry(record, Protocol::Note, kind, text);
                self.tell(Entry { facts, ..entry });
            }
        }
        if T::TELLS_CAUSES && self.told == before && self.only.is_none() {
            self.silent.insert(record.id, cause_of::<T>(&self.silent, record));
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
        self.tell(Entry { from: by, to: at, ..entry });
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
            let Unit { kind, text, rest, .. } = describe_dns(sender, payload);
            let (mut text, (details, facts)) = (text.into_string(), rest.into_words());
            if let Some(cause) = record.cause.filter(|_| self.is_forged(record)) {
                text = format!("{text} (forged by {})", self.world.name(cause.node));
            }
            Entry { details, facts, ..self.entry(record, Protocol::Dns, kind, text) }
        } else {
            let facts = Facts::Octets { octets: payload.len() };
            Entry { facts, ..self.entry(record, Protocol::Udp, "datagram", raw(payload)) }
        };
        self.tell(Entry { from: from_name, to: to_name, ..entry });
    }

    /// Whether the datagram that the record tells of has a foreign source address.
    fn is_forged(&self, record: &Record) -> bool {
        self.forgeries.as_ref().is_some_and(|forgeries| forgeries.is_forged(record))
    }

    /// Whether it has, and nobody believed it.
    fn comes_to_nothing(&self, record: &Record) -> bool {
        let is_it = |of: &Forgeries| of.is_forged(record) && !of.is_believed(record);
        self.forgeries.as_ref().is_some_and(is_it)
    }

    fn opened(&mut self, record: &'w Record, client: SocketAddr, server: SocketAddr) {
        let (ends, names) = ([client, server], [client, server].map(|end| self.party(end)));
        // One between the same ends before it is over.
        if let Some(place) = self.conversations.find(ends) {
            self.conversations.remove(place);
        }
        self.conversations.insert(ends, Conversation::new(server.port(), names));
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
        self.end(record, [local, peer]);
        let ends = if active { (local, peer) } else { (peer, local) };
        let place = self.conversations.find([local, peer]);
        let told = place
            .and_then(|place| self.conversations.get_mut(place))
            .is_some_and(|(_, conversation)| std::mem::replace(&mut conversation.is_closed, true));
        if let (true, Some(place)) = (told, place) {
            self.conversations.remove(place);
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
        self.tell(Entry { from, to, facts, ..entry });
    }

    /// Nothing more arrives at the first of these ends.
    fn end(&mut self, record: &'w Record, ends: [SocketAddr; 2]) {
        self.dissect(record, ends, |direction, sender, tell| direction.dissector.end(sender, tell));
    }

    /// Has somebody read what arrived at the first of these ends, and tells what comes out.
    fn dissect(
        &mut self,
        record: &'w Record,
        [local, peer]: [SocketAddr; 2],
        read: impl FnOnce(Direction<'_>, Side, Tell<'_>),
    ) {
        let Reader { teller, told, conversations, silent, .. } = self;
        let place = conversations.find([local, peer]);
        let place = place.and_then(|place| conversations.get_mut(place));
        let Some(([client, _], conversation)) = place else { return };
        let sender = if *client == local { Side::Server } else { Side::Client };
        let Conversation { names, protocol, dissector, encrypted, .. } = conversation;
        let was_encrypted = *encrypted;
        let mut tell = |unit: Unit<'_>| {
            *told += 1;
            let [client, server] = &*names;
            let (from, to) = match unit.sender {
                Side::Client => (client, server),
                Side::Server => (server, client),
            };
            let encrypted = was_encrypted[unit.sender as usize];
            let cause = cause_of::<T>(silent, record);
            teller.said(Head { record, cause, from, to, protocol: *protocol, encrypted }, unit);
        };
        let encrypted = &mut encrypted[sender as usize];
        read(Direction { dissector, encrypted }, sender, &mut tell);
    }

    fn tell(&mut self, entry: Entry<'w>) {
        self.told += 1;
        self.teller.tell(entry);
    }

    fn event(&mut self, record: &'w Record, kind: &'static str, text: &str) {
        let entry = self.entry(record, Protocol::Network, kind, text.to_owned());
        self.tell(entry);
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
        self.tell(Entry { from: from.into(), to: Some(to.into()), ..entry });
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
            cause: cause_of::<T>(&self.silent, record),
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

    /// The name of the host with that address.
    fn party(&self, address: SocketAddr) -> Cow<'w, str> {
        match self.world.owner(address.ip()) {
            Some(node) => Cow::Borrowed(self.world.name(node)),
            None => Cow::Owned(address.ip().to_string()),
        }
    }
}

/// A connection in one direction.
struct Direction<'a> {
    dissector: &'a mut Dissector,
    encrypted: &'a mut bool,
}

/// The cause, or where that one shows nothing, its cause. One step is enough: what is kept for
/// a silent record is not silent itself.
fn cause_of<'w, T: Teller<'w>>(silent: &Silent, record: &Record) -> Option<RecordId> {
    let cause = record.cause.filter(|_| T::TELLS_CAUSES)?;
    silent.get(&cause).copied().unwrap_or(Some(cause))
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
