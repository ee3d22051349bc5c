//! The server's side of DNS: port 53 by UDP and TCP.
//!
//! Follows RFC 7766: several queries over one connection, answered as they are ready (§6.2.1.1),
//! and a connection that lies idle is closed (§6.2.3).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::SimTime;
use crate::proto::dns::{TcpFraming, Transport};
use crate::world::{ConnId, Ctx, Kind, Note, StreamEvent, TimerToken};

use super::carry::LazyTimer;

/// Port 53 of a host.
#[derive(Debug)]
pub(crate) struct DnsListener {
    connections: BTreeMap<ConnId, Client>,
    timer: LazyTimer,
    token: TimerToken,
}

/// A client by TCP.
#[derive(Debug)]
struct Client {
    peer: SocketAddr,
    framing: TcpFraming,
    /// Queries that are not answered yet.
    unanswered: usize,
    /// It will send no more.
    has_ended: bool,
    /// Closed when nothing happens until then.
    idle_at: SimTime,
}

/// Who asked, and where the answer goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asker {
    /// By datagram.
    Datagram {
        /// The client.
        from: SocketAddr,
        /// The address of this host that was asked: the answer comes from it.
        to: SocketAddr,
    },
    /// Over a connection.
    Connection {
        /// The connection.
        connection: ConnId,
        /// The client.
        from: SocketAddr,
    },
}

impl Asker {
    /// How it asked.
    pub(crate) fn transport(&self) -> Transport {
        match self {
            Asker::Datagram { .. } => Transport::Udp,
            Asker::Connection { .. } => Transport::Tcp,
        }
    }

    /// The client's address and port.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Asker::Datagram { from, .. } | Asker::Connection { from, .. } => *from,
        }
    }
}

impl DnsListener {
    /// Takes port 53. The timer of this token is its own.
    pub(crate) fn start(ctx: &mut Ctx<'_>, token: TimerToken) -> Self {
        if !ctx.bind_udp(DNS_PORT) || !ctx.listen(DNS_PORT) {
            ctx.note(Kind::Remark, || {
                Note::Remark("port 53 belongs to another program of this host".into())
            });
        }
        DnsListener { connections: BTreeMap::new(), timer: LazyTimer::default(), token }
    }

    /// News of a connection of a client: the queries in it.
    pub(crate) fn on_stream(
        &mut self,
        ctx: &mut Ctx<'_>,
        connection: ConnId,
        event: &StreamEvent,
    ) -> Vec<(Asker, Bytes)> {
        match event {
            StreamEvent::Accepted { peer, .. } => {
                if self.connections.len() >= MAX_CONNECTIONS {
                    ctx.abort(connection);
                    return Vec::new();
                }
                let client = Client {
                    peer: *peer,
                    framing: TcpFraming::new(),
                    unanswered: 0,
                    has_ended: false,
                    idle_at: ctx.now() + IDLE,
                };
                self.connections.insert(connection, client);
                self.arm(ctx);
            }
            StreamEvent::Data(octets) => {
                let Some(client) = self.connections.get_mut(&connection) else { return Vec::new() };
                client.idle_at = ctx.now() + IDLE;
                client.framing.push(octets);
                let from = client.peer;
                let messages: Vec<Bytes> =
                    std::iter::from_fn(|| client.framing.next_message()).collect();
                client.unanswered += messages.len();
                let asker = Asker::Connection { connection, from };
                return messages.into_iter().map(|octets| (asker, octets)).collect();
            }
            StreamEvent::Eof => {
                if let Some(client) = self.connections.get_mut(&connection) {
                    client.has_ended = true;
                    self.close_if_done(ctx, connection);
                }
            }
            StreamEvent::Closed(_) => drop(self.connections.remove(&connection)),
            StreamEvent::Opened => {}
        }
        Vec::new()
    }

    /// Answers a query with one message, or over a connection with several; without any it stays
    /// unanswered for good.
    pub(crate) fn answer(
        &mut self,
        ctx: &mut Ctx<'_>,
        asker: Asker,
        messages: impl IntoIterator<Item = Bytes>,
    ) {
        match asker {
            Asker::Datagram { from, to } => {
                for octets in messages {
                    ctx.send_udp_from(to, from, octets);
                }
            }
            Asker::Connection { connection, .. } => {
                let Some(client) = self.connections.get_mut(&connection) else { return };
                client.unanswered -= 1;
                client.idle_at = ctx.now() + IDLE;
                for octets in messages {
                    ctx.send(connection, TcpFraming::frame(&octets));
                }
                self.close_if_done(ctx, connection);
            }
        }
    }

    /// Its timer has come: closes what lies idle.
    pub(crate) fn on_timer(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        if self.timer.fired(now, self.next_idle()) {
            let is_idle = |client: &Client| client.idle_at <= now && client.unanswered == 0;
            let idle = self.connections.iter().filter(|(_, client)| is_idle(client));
            let idle: Vec<ConnId> = idle.map(|(connection, _)| *connection).collect();
            for connection in idle {
                self.connections.remove(&connection);
                ctx.close(connection);
            }
            // A client that waits for an answer is not idle, however long that takes.
            for client in self.connections.values_mut() {
                client.idle_at = client.idle_at.max(now + Duration::from_secs(1));
            }
        }
        self.arm(ctx);
    }

    fn close_if_done(&mut self, ctx: &mut Ctx<'_>, connection: ConnId) {
        let is_done = |client: &Client| client.has_ended && client.unanswered == 0;
        if self.connections.get(&connection).is_some_and(is_done) {
            self.connections.remove(&connection);
            ctx.close(connection);
        }
    }

    fn next_idle(&self) -> Option<SimTime> {
        self.connections.values().map(|client| client.idle_at).min()
    }

    fn arm(&mut self, ctx: &mut Ctx<'_>) {
        let next = self.next_idle();
        self.timer.arm(ctx, next, self.token);
    }
}

/// Where name servers listen.
const DNS_PORT: u16 = 53;

/// How long a connection may lie idle: "a few seconds" (RFC 7766 §6.2.3).
const IDLE: Duration = Duration::from_secs(10);

/// How many connections are served at one time; more are reset.
const MAX_CONNECTIONS: usize = 150;
