//! The stub resolver inside a program: what an MTA or a mail client looks names up with.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::engine::Stream;
use crate::proto::dns::stub::{Answer, LookupError, LookupId, Stub, StubConfig, StubOutput};
use crate::proto::dns::{ExchangeId, Name, RecordType};
use crate::world::{ConnId, Ctx, StreamEvent, TimerToken};

use super::carry::LazyTimer;
use super::dns_exchanges::{Exchanges, Reply};

/// A stub resolver to be put into an actor.
///
/// The actor hands on its events: datagrams to ports and news of connections that are not its own,
/// and the timer of the token that it gave. After each of them, and after a [`StubResolver::lookup`]
/// at the latest when that timer comes, the results wait in [`StubResolver::next_result`].
#[derive(Debug)]
pub struct StubResolver {
    stub: Stub,
    exchanges: Exchanges<ExchangeId>,
    results: VecDeque<(LookupId, Result<Answer, LookupError>)>,
    timer: LazyTimer,
    token: TimerToken,
    /// Empty between calls.
    out: Vec<StubOutput>,
}

impl StubResolver {
    /// Asks these servers in order. The timer of this token is its own, and so is the stream.
    pub fn new(servers: Vec<SocketAddr>, token: TimerToken, draws: Stream) -> Self {
        StubResolver {
            stub: Stub::new(StubConfig::new(servers), draws),
            exchanges: Exchanges::default(),
            results: VecDeque::new(),
            timer: LazyTimer::default(),
            token,
            out: Vec::new(),
        }
    }

    /// Begins a look-up. Its result comes later, never within this call.
    pub fn lookup(&mut self, ctx: &mut Ctx<'_>, name: Name, rtype: RecordType) -> LookupId {
        let id = self.stub.lookup(ctx.now(), name, rtype, &mut self.out);
        let before = self.results.len();
        self.act(ctx);
        if self.results.len() > before {
            // There was nobody to ask, and no event will come of it.
            ctx.set_timer(ctx.now(), self.token);
        }
        id
    }

    /// A datagram came.
    pub fn on_datagram(
        &mut self,
        ctx: &mut Ctx<'_>,
        from: SocketAddr,
        to: SocketAddr,
        payload: &[u8],
    ) {
        let exchange = self.exchanges.at_port(to.port()).next();
        if let Some(exchange) = exchange {
            self.stub.reply(ctx.now(), exchange, from, payload, &mut self.out);
            self.act(ctx);
        }
    }

    /// A datagram from a port of this host to a server came to nothing: the next one is asked at once.
    pub fn on_unreachable(&mut self, ctx: &mut Ctx<'_>, from: SocketAddr, to: SocketAddr) {
        for exchange in self.exchanges.in_vain(from.port(), to) {
            self.stub.failed(ctx.now(), exchange, &mut self.out);
            self.act(ctx);
        }
    }

    /// Whether this connection is the stub resolver's.
    pub fn owns(&self, connection: ConnId) -> bool {
        self.exchanges.owns(connection)
    }

    /// News of a connection; of one that is not its own it takes no notice.
    #[expect(clippy::needless_pass_by_value, reason = "the caller has no further use for it")]
    pub fn on_stream(&mut self, ctx: &mut Ctx<'_>, connection: ConnId, event: StreamEvent) {
        let Some((exchange, replies)) = self.exchanges.on_stream(ctx, connection, &event) else {
            return;
        };
        for reply in replies {
            match reply {
                Reply::Message { from, octets } => {
                    self.stub.reply(ctx.now(), exchange, from, &octets, &mut self.out);
                }
                Reply::Failed => self.stub.failed(ctx.now(), exchange, &mut self.out),
            }
            self.act(ctx);
        }
    }

    /// The timer of its token has come.
    pub fn on_timer(&mut self, ctx: &mut Ctx<'_>) {
        self.timer.fired(ctx.now(), None);
        self.stub.timeout(ctx.now(), &mut self.out);
        self.act(ctx);
    }

    /// The next result that is there, the oldest first.
    pub fn next_result(&mut self) -> Option<(LookupId, Result<Answer, LookupError>)> {
        self.results.pop_front()
    }

    /// Carries out what the stub wants done.
    fn act(&mut self, ctx: &mut Ctx<'_>) {
        let (mut out, mut more) = (std::mem::take(&mut self.out), Vec::new());
        while !out.is_empty() {
            for output in out.drain(..) {
                let unsent = match output {
                    StubOutput::Exchange(outgoing) => self.exchanges.carry_out(ctx, outgoing),
                    StubOutput::Done { lookup, result, .. } => {
                        self.results.push_back((lookup, result));
                        None
                    }
                };
                if let Some(exchange) = unsent {
                    self.stub.failed(ctx.now(), exchange, &mut more);
                }
            }
            out.append(&mut more);
        }
        self.out = out;
        self.timer.arm(ctx, self.stub.deadline(), self.token);
    }
}
