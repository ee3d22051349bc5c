//! Reaching a server by its name: look up its addresses, and connect to the first that answers.
//!
//! Follows RFC 8305 (Happy Eyeballs 2): AAAA and A are asked at once; IPv6 is waited for a little; the
//! families take turns, in the order of RFC 6724; an address that does not answer within a quarter of a
//! second gets company by the next; the first connection that stands is taken and the others are
//! dropped.
//!
//! Not modelled: what is remembered of former connections, NAT64 and DNS64 (§7).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::engine::SimTime;
use crate::net::preference;
use crate::net::tcp::CloseReason;
use crate::proto::dns::stub::{Answer, LookupError, LookupId};
use crate::proto::dns::{Name, RecordData, RecordType};
use crate::world::{ConnId, Ctx, StreamEvent, TimerToken};

use super::carry::LazyTimer;
use super::stub::StubResolver;

/// A server that is being reached.
#[derive(Debug)]
pub(crate) struct Reach {
    host: String,
    port: u16,
    /// Look-ups that have not ended.
    lookups: Vec<LookupId>,
    /// Addresses that were found and not tried, the best first.
    untried: Vec<IpAddr>,
    /// Connections that do not stand yet.
    attempts: Vec<Attempt>,
    /// Before this no attempt begins.
    not_before: SimTime,
    /// Whether the last attempt was over IPv4.
    last_was_v4: Option<bool>,
    trouble: String,
    tokens: Tokens,
    timer: LazyTimer,
}

/// What the timers of a server that is being reached are called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokens {
    /// The kind of those of its connections.
    pub(crate) connection_kind: u8,
    /// The one by which it is woken for the next attempt.
    pub(crate) wake: TimerToken,
}

#[derive(Debug)]
struct Attempt {
    connection: ConnId,
    until: SimTime,
    timer: LazyTimer,
}

/// How far it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not there yet.
    Waiting,
    /// The connection stands.
    Connected(ConnId),
    /// It cannot be reached: why.
    Failed(String),
}

/// How long one address may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the A records wait for the AAAA records (RFC 8305 §3: 50 ms).
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);
/// How long an address is waited for before the next is tried beside it (§5: 250 ms).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

impl Reach {
    /// Begins to reach `host`, a name or an address.
    pub(crate) fn start(
        host: &str,
        port: u16,
        tokens: Tokens,
        stub: &mut StubResolver,
        ctx: &mut Ctx<'_>,
    ) -> (Self, Progress) {
        let mut reach = Reach {
            host: host.to_owned(),
            port,
            lookups: Vec::new(),
            untried: Vec::new(),
            attempts: Vec::new(),
            not_before: SimTime::ZERO,
            last_was_v4: None,
            trouble: format!("{host} has no address"),
            tokens,
            timer: LazyTimer::default(),
        };
        if let Ok(address) = host.parse::<IpAddr>() {
            reach.untried.push(address);
            let progress = reach.go_on(ctx);
            return (reach, progress);
        }
        reach.lookups = address_lookups(host, stub, ctx);
        if reach.lookups.is_empty() {
            let failed = Progress::Failed(format!("{host} is not a host name"));
            return (reach, failed);
        }
        (reach, Progress::Waiting)
    }

    /// Whether the connection is one that is being opened here.
    pub(crate) fn owns(&self, connection: ConnId) -> bool {
        self.attempts.iter().any(|attempt| attempt.connection == connection)
    }

    /// Drops everything that is being opened.
    pub(crate) fn abort(&mut self, ctx: &mut Ctx<'_>) {
        for attempt in self.attempts.drain(..) {
            ctx.abort(attempt.connection);
        }
    }

    /// A look-up has come to its end; another's is passed over.
    pub(crate) fn on_lookup(
        &mut self,
        id: LookupId,
        result: &Result<Answer, LookupError>,
        ctx: &mut Ctx<'_>,
    ) -> Progress {
        let Some(place) = self.lookups.iter().position(|other| *other == id) else {
            return Progress::Waiting;
        };
        self.lookups.remove(place);
        match result {
            Ok(answer) => {
                self.untried.extend(addresses(answer));
                preference::sort(&mut self.untried, ctx.addresses());
                // AAAA may come in a moment.
                if self.attempts.is_empty() && !self.lookups.is_empty() && self.has_v4_alone() {
                    self.not_before = ctx.now() + RESOLUTION_DELAY;
                } else if self.attempts.is_empty() {
                    self.not_before = ctx.now();
                }
            }
            Err(why) => {
                self.trouble = format!("{}: {why}", self.host);
                if self.attempts.is_empty() {
                    self.not_before = ctx.now();
                }
            }
        }
        self.go_on(ctx)
    }

    fn has_v4_alone(&self) -> bool {
        self.untried.iter().all(IpAddr::is_ipv4)
    }

    /// News of a connection of its own.
    pub(crate) fn on_stream(
        &mut self,
        connection: ConnId,
        event: &StreamEvent,
        ctx: &mut Ctx<'_>,
    ) -> Progress {
        match event {
            StreamEvent::Opened => {
                self.attempts.retain(|attempt| attempt.connection != connection);
                self.abort(ctx);
                Progress::Connected(connection)
            }
            StreamEvent::Closed(reason) => {
                let why = match reason {
                    CloseReason::Refused | CloseReason::Reset => "connection refused".to_owned(),
                    CloseReason::Unreachable(trouble) => trouble.to_string(),
                    _ => "connection timed out".to_owned(),
                };
                self.attempt_failed(connection, &why, ctx)
            }
            _ => Progress::Waiting,
        }
    }

    /// A timer of a connection of its own has fired.
    pub(crate) fn on_timer(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) -> Progress {
        let mut attempts = self.attempts.iter_mut();
        let Some(attempt) = attempts.find(|attempt| attempt.connection == connection) else {
            return Progress::Waiting;
        };
        let until = attempt.until;
        if !attempt.timer.fired(ctx.now(), Some(until)) {
            let token = TimerToken::of_connection(self.tokens.connection_kind, connection);
            attempt.timer.arm(ctx, Some(until), token);
            return Progress::Waiting;
        }
        ctx.abort(connection);
        self.attempt_failed(connection, "connection timed out", ctx)
    }

    /// The timer has fired by which it is woken.
    pub(crate) fn on_wake(&mut self, ctx: &mut Ctx<'_>) -> Progress {
        self.timer.fired(ctx.now(), None);
        self.go_on(ctx)
    }

    fn attempt_failed(&mut self, connection: ConnId, why: &str, ctx: &mut Ctx<'_>) -> Progress {
        self.attempts.retain(|attempt| attempt.connection != connection);
        self.trouble = format!("{} port {}: {why}", self.host, self.port);
        // There is nothing to wait for.
        self.not_before = ctx.now();
        self.go_on(ctx)
    }

    /// Begins the next attempt if its time has come.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) -> Progress {
        while self.not_before <= ctx.now()
            && let Some(address) = self.next_address()
        {
            match ctx.connect(SocketAddr::new(address, self.port)) {
                Ok(connection) => {
                    let until = ctx.now() + CONNECT_TIMEOUT;
                    let mut timer = LazyTimer::default();
                    let kind = self.tokens.connection_kind;
                    timer.arm(ctx, Some(until), TimerToken::of_connection(kind, connection));
                    self.attempts.push(Attempt { connection, until, timer });
                    self.not_before = ctx.now() + ATTEMPT_DELAY;
                }
                Err(none) => self.trouble = none.to_string(),
            }
        }
        if !self.untried.is_empty() {
            self.timer.arm(ctx, Some(self.not_before), self.tokens.wake);
        } else if self.attempts.is_empty() && self.lookups.is_empty() {
            return Progress::Failed(std::mem::take(&mut self.trouble));
        }
        Progress::Waiting
    }

    /// The best address of the family that was not tried last, or else the best (RFC 8305 §4).
    fn next_address(&mut self) -> Option<IpAddr> {
        let is_turn = |address: &IpAddr| self.last_was_v4 != Some(address.is_ipv4());
        let place = self.untried.iter().position(is_turn).unwrap_or(0);
        let address = (place < self.untried.len()).then(|| self.untried.remove(place))?;
        self.last_was_v4 = Some(address.is_ipv4());
        Some(address)
    }
}

/// Asks for the addresses of `host`, of the families that this host has. None when `host` is not a
/// name.
pub(crate) fn address_lookups(
    host: &str,
    stub: &mut StubResolver,
    ctx: &mut Ctx<'_>,
) -> Vec<LookupId> {
    let Ok(name) = host.parse::<Name>() else { return Vec::new() };
    let has = |v4: bool| ctx.addresses().iter().any(|own| own.is_ipv4() == v4);
    let types = [(has(false), RecordType::Aaaa), (has(true), RecordType::A)];
    types
        .into_iter()
        .filter(|(wanted, _)| *wanted)
        .map(|(_, rtype)| stub.lookup(ctx, name.clone(), rtype))
        .collect()
}

/// The addresses in an answer, in its order.
pub(crate) fn addresses(answer: &Answer) -> impl Iterator<Item = IpAddr> {
    answer.records.iter().filter_map(|record| match record.data {
        RecordData::A(address) => Some(IpAddr::V4(address)),
        RecordData::Aaaa(address) => Some(IpAddr::V6(address)),
        _ => None,
    })
}
