//! The clients of a scenario: they ask, and keep the answers until somebody looks at them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;

use crate::actors::dns_exchanges::{Exchanges, Reply};
use crate::proto::dns::{Message, Transport};
use crate::rpl::{Entry, MatchWord, adjust};
use crate::world::{ConnId, Ctx, StreamEvent};

/// A client's query, by the order of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Asking(u64);

/// What a client was answered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) asking: Asking,
    pub(super) transport: Transport,
    /// `None` for octets that are no message.
    pub(super) message: Option<Message>,
}

/// All clients.
#[derive(Debug)]
pub(super) struct Audience {
    resolver: [IpAddr; 2],
    count: u64,
    /// Those that wait.
    waiting: BTreeSet<Asking>,
    /// Ports of those that wait for a datagram.
    ports: BTreeMap<u16, Asking>,
    connections: Exchanges<Asking>,
    /// Answers, the oldest first.
    answers: Vec<Answer>,
}

impl Audience {
    /// Clients of a resolver with an address of each family.
    pub(super) fn new(resolver: [IpAddr; 2]) -> Self {
        Audience {
            resolver,
            count: 0,
            waiting: BTreeSet::new(),
            ports: BTreeMap::new(),
            connections: Exchanges::default(),
            answers: Vec::new(),
        }
    }

    /// Sends a query from that address, over TCP if the entry matches that.
    pub(super) fn ask(
        &mut self,
        ctx: &mut Ctx<'_>,
        entry: &Entry,
        client: Option<IpAddr>,
    ) -> Asking {
        self.count += 1;
        let asking = Asking(self.count);
        let octets = adjust::query(entry, self.count as u16);
        let client = client.unwrap_or(Ipv4Addr::LOCALHOST.into());
        let own = |address: &&IpAddr| address.is_ipv4() == client.is_ipv4();
        let resolver = self.resolver.iter().find(own).expect("an address of each family");
        let to = SocketAddr::new(*resolver, 53);
        if entry.matches.contains(&MatchWord::Tcp) {
            if self.connections.send_tcp(ctx, asking, to, &octets) {
                self.waiting.insert(asking);
            }
        } else if let Some(port) = ctx.bind_any_udp() {
            ctx.send_udp_from(SocketAddr::new(client, port), to, octets);
            self.ports.insert(port, asking);
            self.waiting.insert(asking);
        }
        asking
    }

    /// A datagram for one of the clients' ports.
    pub(super) fn on_datagram(&mut self, ctx: &mut Ctx<'_>, port: u16, octets: &Bytes) {
        if let Some(asking) = self.ports.remove(&port) {
            ctx.unbind_udp(port);
            self.keep(asking, Transport::Udp, octets);
        }
    }

    /// Whether the connection is that of a client.
    pub(super) fn owns(&self, connection: ConnId) -> bool {
        self.connections.owns(connection)
    }

    /// News of a client's connection.
    pub(super) fn on_stream(&mut self, ctx: &mut Ctx<'_>, connection: ConnId, event: &StreamEvent) {
        let Some((asking, replies)) = self.connections.on_stream(ctx, connection, event) else {
            return;
        };
        for reply in replies {
            self.connections.release(ctx, asking);
            match reply {
                Reply::Message { octets, .. } => self.keep(asking, Transport::Tcp, &octets),
                Reply::Failed => drop(self.waiting.remove(&asking)),
            }
        }
    }

    fn keep(&mut self, asking: Asking, transport: Transport, octets: &Bytes) {
        if self.waiting.remove(&asking) {
            let message = Message::decode(octets).ok();
            self.answers.push(Answer { asking, transport, message });
        }
    }

    /// Whether this client still waits.
    pub(super) fn waits(&self, asking: Asking) -> bool {
        self.waiting.contains(&asking)
    }

    /// Whether any client still waits.
    pub(super) fn anybody_waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Answers that nobody has taken.
    pub(super) fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// Takes an answer away.
    pub(super) fn take(&mut self, place: usize) -> Answer {
        self.answers.remove(place)
    }

    /// What this client was answered; it stays.
    pub(super) fn answer_to(&self, asking: Asking) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.asking == asking)
    }
}
