//! Reaching a server by its name: look up its addresses, and connect to the first that answers.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::engine::SimTime;
use crate::net::tcp::CloseReason;
use crate::proto::dns::stub::{Answer, LookupError, LookupId};
use crate::proto::dns::{Name, RecordData, RecordType};
use crate::world::{ConnId, Ctx, StreamEvent, TimerToken};

use super::carry::LazyTimer;
use super::stub::StubResolver;

/// A server that is being reached. IPv6 addresses are tried first, one after the other.
#[derive(Debug)]
pub(crate) struct Reach {
    host: String,
    port: u16,
    stage: Stage,
    rest: VecDeque<SocketAddr>,
    trouble: String,
    timer_kind: u8,
}

#[derive(Debug)]
enum Stage {
    Looking { lookups: Vec<LookupId>, found: Vec<IpAddr> },
    Connecting { connection: ConnId, until: SimTime, timer: LazyTimer },
    Done,
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

impl Reach {
    /// Begins to reach `host`, a name or an address. Its timers are of this kind.
    pub(crate) fn start(
        host: &str,
        port: u16,
        timer_kind: u8,
        stub: &mut StubResolver,
        ctx: &mut Ctx<'_>,
    ) -> (Self, Progress) {
        let mut reach = Reach {
            host: host.to_owned(),
            port,
            stage: Stage::Done,
            rest: VecDeque::new(),
            trouble: format!("{host} has no address"),
            timer_kind,
        };
        if let Ok(address) = host.parse::<IpAddr>() {
            reach.rest.push_back(SocketAddr::new(address, port));
            let progress = reach.next(ctx);
            return (reach, progress);
        }
        let lookups = address_lookups(host, stub, ctx);
        if lookups.is_empty() {
            let failed = Progress::Failed(format!("{host} is not a host name"));
            return (reach, failed);
        }
        reach.stage = Stage::Looking { lookups, found: Vec::new() };
        (reach, Progress::Waiting)
    }

    /// The connection that is being opened.
    pub(crate) fn connection(&self) -> Option<ConnId> {
        match self.stage {
            Stage::Connecting { connection, .. } => Some(connection),
            _ => None,
        }
    }

    /// A look-up has come to its end; another's is passed over.
    pub(crate) fn on_lookup(
        &mut self,
        id: LookupId,
        result: &Result<Answer, LookupError>,
        ctx: &mut Ctx<'_>,
    ) -> Progress {
        let Stage::Looking { lookups, found } = &mut self.stage else { return Progress::Waiting };
        let Some(place) = lookups.iter().position(|other| *other == id) else {
            return Progress::Waiting;
        };
        lookups.remove(place);
        match result {
            Ok(answer) => found.extend(addresses(answer)),
            Err(why) => self.trouble = format!("{}: {why}", self.host),
        }
        if !lookups.is_empty() {
            return Progress::Waiting;
        }
        found.sort_by_key(IpAddr::is_ipv4);
        self.rest = found.iter().map(|address| SocketAddr::new(*address, self.port)).collect();
        self.next(ctx)
    }

    /// News of the connection.
    pub(crate) fn on_stream(&mut self, event: &StreamEvent, ctx: &mut Ctx<'_>) -> Progress {
        match (event, &self.stage) {
            (StreamEvent::Opened, Stage::Connecting { connection, .. }) => {
                let connection = *connection;
                self.stage = Stage::Done;
                Progress::Connected(connection)
            }
            (StreamEvent::Closed(reason), Stage::Connecting { .. }) => {
                self.trouble = match reason {
                    CloseReason::Refused | CloseReason::Reset => {
                        format!("{} port {}: connection refused", self.host, self.port)
                    }
                    CloseReason::Unreachable(trouble) => {
                        format!("{} port {}: {trouble}", self.host, self.port)
                    }
                    _ => format!("{} port {}: connection timed out", self.host, self.port),
                };
                self.next(ctx)
            }
            _ => Progress::Waiting,
        }
    }

    /// A timer of the connection has fired.
    pub(crate) fn on_timer(&mut self, ctx: &mut Ctx<'_>) -> Progress {
        let Stage::Connecting { connection, until, timer } = &mut self.stage else {
            return Progress::Waiting;
        };
        let connection = *connection;
        if !timer.fired(ctx.now(), Some(*until)) {
            let token = TimerToken::of_connection(self.timer_kind, connection);
            timer.arm(ctx, Some(*until), token);
            return Progress::Waiting;
        }
        ctx.abort(connection);
        self.trouble = format!("{} port {}: connection timed out", self.host, self.port);
        self.next(ctx)
    }

    fn next(&mut self, ctx: &mut Ctx<'_>) -> Progress {
        while let Some(peer) = self.rest.pop_front() {
            match ctx.connect(peer) {
                Ok(connection) => {
                    let until = ctx.now() + CONNECT_TIMEOUT;
                    let mut timer = LazyTimer::default();
                    let token = TimerToken::of_connection(self.timer_kind, connection);
                    timer.arm(ctx, Some(until), token);
                    self.stage = Stage::Connecting { connection, until, timer };
                    return Progress::Waiting;
                }
                Err(none) => self.trouble = none.to_string(),
            }
        }
        self.stage = Stage::Done;
        Progress::Failed(std::mem::take(&mut self.trouble))
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
