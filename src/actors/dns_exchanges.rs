//! DNS queries that a host has under way, each from a UDP port or over a TCP connection of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::net::SocketAddr;

use bytes::Bytes;

use crate::engine::HashState;
use crate::proto::dns::{ExchangeId, Outgoing, TcpFraming};
use crate::world::{ConnId, Ctx, StreamEvent};

/// The queries under way, by the key that the machine gave them.
#[derive(Debug)]
pub(crate) struct Exchanges<K> {
    places: HashMap<K, Place, HashState>,
    ports: HashMap<u16, K, HashState>,
    /// The one port that all datagrams are sent from, and whose they are; `None`: each has a random
    /// one.
    fixed_port: Option<(u16, BTreeSet<K>)>,
    connections: BTreeMap<ConnId, Conversation<K>>,
    /// Connections that are no longer needed and not gone yet.
    closing: BTreeSet<ConnId>,
}

#[derive(Debug)]
enum Place {
    Port(u16, SocketAddr),
    Connection(ConnId),
}

/// One query over TCP.
#[derive(Debug)]
struct Conversation<K> {
    key: K,
    server: SocketAddr,
    /// Sent when the connection stands.
    query: Option<Bytes>,
    framing: TcpFraming,
}

/// What became of a query.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A message came.
    Message {
        /// Who sent it.
        from: SocketAddr,
        /// The message.
        octets: Bytes,
    },
    /// None will come.
    Failed,
}

impl<K> Default for Exchanges<K> {
    fn default() -> Self {
        Exchanges {
            places: HashMap::default(),
            ports: HashMap::default(),
            fixed_port: None,
            connections: BTreeMap::new(),
            closing: BTreeSet::new(),
        }
    }
}

impl Exchanges<ExchangeId> {
    /// Does what a machine wants done about a query; the query, if it could not be sent.
    pub(crate) fn carry_out(
        &mut self,
        ctx: &mut Ctx<'_>,
        outgoing: Outgoing,
    ) -> Option<ExchangeId> {
        match outgoing {
            Outgoing::Udp { exchange, to, octets } => {
                (!self.send_udp(ctx, exchange, to, octets)).then_some(exchange)
            }
            Outgoing::Tcp { exchange, to, octets } => {
                (!self.send_tcp(ctx, exchange, to, &octets)).then_some(exchange)
            }
            Outgoing::Release { exchange } => {
                self.release(ctx, exchange);
                None
            }
        }
    }
}

impl<K: Copy + Ord + Hash> Exchanges<K> {
    /// Sends all datagrams from this port, as resolvers did before RFC 5452 §9.2. False when
    /// another program has it; each is sent from a random one then.
    pub(crate) fn fix_port(&mut self, ctx: &mut Ctx<'_>, port: u16) -> bool {
        let is_bound = ctx.bind_udp(port);
        self.fixed_port = is_bound.then(|| (port, BTreeSet::new()));
        is_bound
    }

    /// Sends a query from a fresh random port, or from the fixed one; once more from the port that
    /// it has. `false` when the host cannot.
    pub(crate) fn send_udp(
        &mut self,
        ctx: &mut Ctx<'_>,
        key: K,
        to: SocketAddr,
        octets: Bytes,
    ) -> bool {
        if let Some(Place::Port(port, server)) = self.places.get_mut(&key) {
            *server = to;
            return ctx.send_udp(*port, to, octets).is_ok();
        }
        let port = match &self.fixed_port {
            Some((port, _)) => *port,
            None => match ctx.bind_any_udp() {
                Some(port) => port,
                None => return false,
            },
        };
        if ctx.send_udp(port, to, octets).is_err() {
            self.give_back(ctx, port);
            return false;
        }
        match &mut self.fixed_port {
            Some((_, keys)) => drop(keys.insert(key)),
            None => drop(self.ports.insert(port, key)),
        }
        self.places.insert(key, Place::Port(port, to));
        true
    }

    /// Sends a query over a fresh connection; `false` when the host cannot.
    pub(crate) fn send_tcp(
        &mut self,
        ctx: &mut Ctx<'_>,
        key: K,
        to: SocketAddr,
        octets: &[u8],
    ) -> bool {
        let Ok(connection) = ctx.connect(to) else { return false };
        let query = Some(TcpFraming::frame(octets));
        let framing = TcpFraming::new();
        self.connections.insert(connection, Conversation { key, server: to, query, framing });
        self.places.insert(key, Place::Connection(connection));
        true
    }

    /// The query is over: gives its port or connection back.
    pub(crate) fn release(&mut self, ctx: &mut Ctx<'_>, key: K) {
        match self.places.remove(&key) {
            Some(Place::Port(port, _)) => {
                self.ports.remove(&port);
                if let Some((_, keys)) = &mut self.fixed_port {
                    keys.remove(&key);
                }
                self.give_back(ctx, port);
            }
            Some(Place::Connection(connection)) => {
                if let Some(conversation) = self.connections.remove(&connection) {
                    self.closing.insert(connection);
                    match conversation.query {
                        // It does not stand yet: there is nobody to say goodbye to.
                        Some(_) => ctx.abort(connection),
                        None => ctx.close(connection),
                    }
                }
            }
            None => {}
        }
    }

    fn give_back(&self, ctx: &mut Ctx<'_>, port: u16) {
        if self.fixed_port.as_ref().is_none_or(|(fixed, _)| *fixed != port) {
            ctx.unbind_udp(port);
        }
    }

    /// The queries that wait for a datagram to this port; `None` when queries are not sent from it.
    pub(crate) fn waiting_at(&self, port: u16) -> Option<impl Iterator<Item = K> + use<K>> {
        let own = self.ports.get(&port).copied();
        let fixed = self.fixed_port.as_ref().filter(|(fixed, _)| *fixed == port);
        // None may be under way now.
        let shared = fixed.map(|(_, keys)| keys.iter().copied().collect::<Vec<K>>());
        let is_port = own.is_some() || shared.is_some();
        is_port.then(|| own.into_iter().chain(shared.unwrap_or_default()))
    }

    /// The queries that wait for a datagram to this port: one, unless the port is fixed.
    pub(crate) fn at_port(&self, port: u16) -> impl Iterator<Item = K> {
        let fixed = self.fixed_port.iter().filter(move |(fixed, _)| *fixed == port);
        let shared = fixed.flat_map(|(_, keys)| keys);
        self.ports.get(&port).into_iter().chain(shared).copied()
    }

    /// The queries to that server from that port, which an ICMP error says are in vain.
    pub(crate) fn in_vain(&self, port: u16, server: SocketAddr) -> Vec<K> {
        let to_it =
            |key: &K| matches!(self.places.get(key), Some(Place::Port(_, to)) if *to == server);
        self.at_port(port).filter(to_it).collect()
    }

    /// Whether the connection is one of these.
    pub(crate) fn owns(&self, connection: ConnId) -> bool {
        self.connections.contains_key(&connection) || self.closing.contains(&connection)
    }

    /// News of a connection, and what they mean for its query.
    pub(crate) fn on_stream(
        &mut self,
        ctx: &mut Ctx<'_>,
        connection: ConnId,
        event: &StreamEvent,
    ) -> Option<(K, Vec<Reply>)> {
        if let StreamEvent::Closed(_) = event {
            self.closing.remove(&connection);
        }
        let conversation = self.connections.get_mut(&connection)?;
        let key = conversation.key;
        let replies = match event {
            StreamEvent::Opened => {
                if let Some(query) = conversation.query.take() {
                    ctx.send(connection, query);
                }
                Vec::new()
            }
            StreamEvent::Data(octets) => {
                conversation.framing.push(octets);
                let from = conversation.server;
                let messages = std::iter::from_fn(|| conversation.framing.next_message());
                messages.map(|octets| Reply::Message { from, octets }).collect()
            }
            StreamEvent::Eof => vec![Reply::Failed],
            StreamEvent::Closed(_) => {
                self.connections.remove(&connection);
                vec![Reply::Failed]
            }
            StreamEvent::Accepted { .. } => Vec::new(),
        };
        Some((key, replies))
    }
}
