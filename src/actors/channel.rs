//! Between a connection and its session: octets as they are, or TLS.
//!
//! A session never knows of TLS octets. Its owner holds a [`Channel`]: what arrives on the connection
//! is [received](Channel::receive) through it and becomes [`Arrival`]s for the session; what the
//! session sends goes out through it. A channel begins in clear and is secured once, by
//! [`Channel::secure_as_server`] or [`Channel::secure_as_client`]: at once where TLS is implicit (RFC
//! 8314), or after the session's STARTTLS. In clear it costs one branch, and another where no
//! [`Valve`] stands between.
//!
//! Not modelled: going back to clear after `close_notify`.

use std::vec;

use bytes::Bytes;

use crate::engine::SimTime;
use crate::proto::access::{Piece, Valve};
use crate::proto::tls::{Handshake, TlsClient, TlsEvent, TlsFailure, TlsServer, TlsSession};
use crate::proto::{Input, Outbox, Output, Session};
use crate::world::{ConnId, Ctx, Kind, Note};

/// One end of a connection, as a session sees it.
pub(crate) struct Channel {
    connection: ConnId,
    layer: Layer,
    /// Where a server misbehaves: what goes wrong with the octets of its session.
    valve: Option<Box<Valve>>,
}

enum Layer {
    Plain,
    Tls(Box<Tls>),
}

/// TLS on a connection.
struct Tls {
    session: TlsSession,
    out: Outbox<TlsEvent>,
    /// For a client: whom it wanted to reach. Its end tells of the handshake, for both.
    server: Option<String>,
}

/// What arrived for the session or for its owner.
#[derive(Debug)]
pub(crate) enum Arrival<'a> {
    /// For the session, as it came.
    Input(Input<'a>),
    /// For the session: the peer's next octets, deciphered.
    Plaintext(Bytes),
    /// For the owner: the handshake stands. The session is to be told that it is secured.
    Secured(Box<Handshake>),
    /// For the owner: TLS came to nothing. The connection is of no use any more.
    Failed(TlsFailure),
}

impl Arrival<'_> {
    /// What the session is to handle, if it is for the session.
    pub(crate) fn input(&self) -> Option<Input<'_>> {
        match self {
            Arrival::Input(input) => Some(*input),
            Arrival::Plaintext(octets) => Some(Input::Bytes(octets)),
            Arrival::Secured(_) | Arrival::Failed(_) => None,
        }
    }
}

/// What arrived together, to be taken one by one.
pub(crate) enum Arrivals<'a> {
    Plain(Option<Input<'a>>),
    Tls(ConnId, vec::IntoIter<Arrival<'a>>),
}

impl<'a> Arrivals<'a> {
    /// The next one. The transcript is told of plaintext at the moment at which it is taken.
    pub(crate) fn next(&mut self, ctx: &mut Ctx<'_>) -> Option<Arrival<'a>> {
        match self {
            Arrivals::Plain(input) => input.take().map(Arrival::Input),
            Arrivals::Tls(connection, arrivals) => {
                let arrival = arrivals.next()?;
                if let Arrival::Plaintext(octets) = &arrival {
                    ctx.record_plaintext(*connection, octets);
                }
                Some(arrival)
            }
        }
    }
}

impl Channel {
    /// A channel in clear.
    pub(crate) fn plain(connection: ConnId) -> Self {
        Channel { connection, layer: Layer::Plain, valve: None }
    }

    /// The channel itself; what is left stands for the same connection and is not used until the
    /// channel is put back.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Channel::plain(self.connection))
    }

    /// The connection that it is of.
    pub(crate) fn connection(&self) -> ConnId {
        self.connection
    }

    /// Begins TLS as the server: what arrives from now on is to be TLS.
    pub(crate) fn secure_as_server(&mut self, config: &TlsServer, ctx: &mut Ctx<'_>) {
        let Some(draws) = ctx.record_tls(self.connection) else { return };
        let session = TlsSession::server(config, ctx.epoch(), draws);
        self.secure(session, None, ctx);
    }

    /// Begins TLS as the client, which wants to reach `server`: a host name or an address.
    pub(crate) fn secure_as_client(&mut self, config: &TlsClient, server: &str, ctx: &mut Ctx<'_>) {
        let Some(draws) = ctx.record_tls(self.connection) else { return };
        let session = TlsSession::client(config, server, ctx.epoch(), draws);
        self.secure(session, Some(server.to_owned()), ctx);
    }

    fn secure(&mut self, mut session: TlsSession, server: Option<String>, ctx: &mut Ctx<'_>) {
        // What was said before the handshake is in clear.
        if let Some(valve) = &mut self.valve {
            for piece in valve.flush().collect::<Vec<_>>() {
                self.put(piece, ctx);
            }
        }
        let mut out = Outbox::new();
        session.handle(ctx.now(), Input::Opened, &mut out);
        let mut tls = Tls { session, out, server };
        tls.carry(self.connection, ctx);
        self.layer = Layer::Tls(Box::new(tls));
    }

    /// What an input of the connection comes to. The channel's own time-out is kept here; the
    /// session gets every [`Input::Timeout`] too, and passes over one that is not its own.
    pub(crate) fn receive<'a>(&mut self, input: Input<'a>, ctx: &mut Ctx<'_>) -> Arrivals<'a> {
        if input == Input::Timeout
            && let Some(valve) = &mut self.valve
        {
            for piece in valve.due(ctx.now()) {
                self.put(piece, ctx);
            }
        }
        let Layer::Tls(tls) = &mut self.layer else { return Arrivals::Plain(Some(input)) };
        tls.session.handle(ctx.now(), input, &mut tls.out);
        let mut arrivals = tls.carry(self.connection, ctx);
        if input == Input::Timeout {
            arrivals.push(Arrival::Input(input));
        }
        Arrivals::Tls(self.connection, arrivals.into_iter())
    }

    /// The valve behind the session, from now on.
    pub(crate) fn valve(&mut self) -> &mut Valve {
        self.valve.get_or_insert_default()
    }

    /// The valve, where there is one.
    pub(crate) fn has_valve(&mut self) -> Option<&mut Valve> {
        self.valve.as_deref_mut()
    }

    /// Sends octets of the session.
    pub(crate) fn send(&mut self, octets: Bytes, ctx: &mut Ctx<'_>) {
        self.pass(Piece::Octets(octets), ctx);
    }

    /// Closes this end in order, after what was sent.
    pub(crate) fn close(&mut self, ctx: &mut Ctx<'_>) {
        self.pass(Piece::Close, ctx);
    }

    /// Drops the connection at once.
    pub(crate) fn abort(&mut self, ctx: &mut Ctx<'_>) {
        self.pass(Piece::Abort, ctx);
    }

    fn pass(&mut self, piece: Piece, ctx: &mut Ctx<'_>) {
        let piece = match &mut self.valve {
            None => Some(piece),
            Some(valve) => valve.take(piece),
        };
        if let Some(piece) = piece {
            self.put(piece, ctx);
        }
    }

    fn put(&mut self, piece: Piece, ctx: &mut Ctx<'_>) {
        match piece {
            Piece::Octets(octets) => self.put_octets(octets, ctx),
            Piece::Close => {
                if let Layer::Tls(tls) = &mut self.layer {
                    tls.session.close(ctx.now(), &mut tls.out);
                    tls.carry(self.connection, ctx);
                }
                ctx.close(self.connection);
            }
            Piece::Abort => ctx.abort(self.connection),
        }
    }

    fn put_octets(&mut self, octets: Bytes, ctx: &mut Ctx<'_>) {
        match &mut self.layer {
            Layer::Plain => ctx.send(self.connection, octets),
            Layer::Tls(tls) => {
                tls.session.send(ctx.now(), &octets, &mut tls.out);
                tls.carry(self.connection, ctx);
            }
        }
    }

    /// When the channel itself, or a session with that deadline, wants [`Input::Timeout`].
    pub(crate) fn deadline(&self, session: Option<SimTime>) -> Option<SimTime> {
        let own = match &self.layer {
            Layer::Plain if self.valve.is_none() => return session,
            Layer::Plain => None,
            Layer::Tls(tls) => tls.session.deadline(),
        };
        let waits = self.valve.as_ref().and_then(|valve| valve.deadline());
        own.into_iter().chain(session).chain(waits).min()
    }
}

impl Tls {
    /// Sends what TLS has to send, and tells what is told; what is for the session and its owner is
    /// left, in order.
    fn carry(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) -> Vec<Arrival<'static>> {
        let mut arrivals = Vec::new();
        for output in self.out.drain() {
            let event = match output {
                Output::Send(octets) => {
                    ctx.send(connection, octets);
                    continue;
                }
                Output::Close | Output::Abort => continue,
                Output::Event(event) => event,
            };
            match event {
                TlsEvent::Plaintext(octets) => arrivals.push(Arrival::Plaintext(octets)),
                TlsEvent::Closed => arrivals.push(Arrival::Input(Input::Eof)),
                TlsEvent::Secret(secret) => {
                    // Both ends have the same ones.
                    if self.server.is_some() {
                        ctx.record_secret(*secret);
                    }
                }
                TlsEvent::HandshakeDone(done) => {
                    if let Some(server) = &self.server {
                        ctx.note(Kind::Secured, || Note::Secured {
                            server: server.clone(),
                            handshake: done.clone(),
                        });
                    }
                    arrivals.push(Arrival::Secured(done));
                }
                TlsEvent::Failed(failure) => {
                    ctx.note(Kind::NotSecured, || Note::NotSecured {
                        server: self.server.clone(),
                        reason: failure.to_string(),
                    });
                    arrivals.push(Arrival::Failed(failure));
                }
            }
        }
        arrivals
    }
}
