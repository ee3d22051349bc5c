//! A secondary: keeps its copy of a zone in step with a primary.
//!
//! Follows RFC 1034 §4.3.5 (REFRESH, RETRY, EXPIRE), RFC 1996 (NOTIFY), RFC 1982 (serials). A pure
//! machine: messages and time go in, messages and zones come out.
//!
//! As Knot DNS does, it asks for the SOA by UDP, again by TCP if the response is truncated, and for
//! the zone by AXFR if the serial is later than its own. Waiting times are NSD's: 10 s for an answer
//! by UDP, 120 s for the next message of a transfer; up to a tenth of REFRESH and RETRY is taken off
//! by chance; without any copy it tries again after 10 to 20 s, then twice as long each time up to
//! a day.
//!
//! Not modelled: IXFR, TSIG, bounds on REFRESH and RETRY other than 1 s.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{SimTime, Stream};

use super::super::codes::{Rcode, RecordType};
use super::super::exchange::ExchangeId;
use super::super::framing::Transport;
use super::super::message::{Message, Question};
use super::super::name::Name;
use super::super::record::{RecordData, Soa};
use super::super::serial;
use super::super::transfer::{Progress, Transfer, TransferLimits};
use super::super::zone::Zone;
use super::output::{News, Outputs};

/// What a secondary is told of its zone.
#[derive(Debug, Clone)]
pub struct SecondaryConfig {
    /// The zone.
    pub origin: Name,
    /// Whom it asks, in this order; those alone may send NOTIFY.
    pub primaries: Vec<SocketAddr>,
    /// How large a zone it takes.
    pub limits: TransferLimits,
}

/// A copy of a zone: what a secondary has on disk.
#[derive(Debug, Clone)]
pub struct ZoneCopy {
    /// The zone.
    pub zone: Arc<Zone>,
    /// When a primary last said that this is its current version.
    pub refreshed: SimTime,
}

impl ZoneCopy {
    fn soa(&self) -> &Soa {
        soa_of(&self.zone)
    }

    fn expires(&self) -> SimTime {
        self.refreshed + Duration::from_secs(self.soa().expire_secs.into())
    }
}

/// One zone of a secondary.
#[derive(Debug)]
pub struct Secondary {
    config: SecondaryConfig,
    draws: Stream,
    data: Data,
    state: State,
    /// A primary that sent NOTIFY while an attempt was under way, and its hint: it is asked next.
    notified: Option<(usize, Option<u32>)>,
}

/// What it has to answer from.
#[derive(Debug)]
enum Data {
    /// Nothing, after so many rounds along the primaries.
    None { rounds: u32 },
    /// A copy.
    Fresh(ZoneCopy),
    /// A copy that no primary has confirmed for the time of EXPIRE.
    Expired(ZoneCopy),
}

impl Data {
    fn copy(&self) -> Option<&ZoneCopy> {
        match self {
            Data::None { .. } => None,
            Data::Fresh(copy) | Data::Expired(copy) => Some(copy),
        }
    }

    fn serial(&self) -> Option<u32> {
        self.copy().map(|copy| copy.soa().serial)
    }
}

/// What it does about it.
#[derive(Debug)]
enum State {
    /// Waits for the next check.
    Resting { until: SimTime },
    /// Asked for the SOA.
    Asking { attempt: Attempt, message_id: u16, transport: Transport },
    /// Gets the zone.
    Transferring { attempt: Attempt, transfer: Box<Transfer> },
}

/// Talks to one primary.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    primary: usize,
    /// How many further primaries are tried if this one fails.
    others: usize,
    exchange: ExchangeId,
    deadline: SimTime,
}

impl State {
    fn attempt(&self) -> Option<Attempt> {
        match self {
            State::Resting { .. } => None,
            State::Asking { attempt, .. } | State::Transferring { attempt, .. } => Some(*attempt),
        }
    }
}

impl Secondary {
    /// A secondary with what it had on disk. `draws` is its own.
    pub fn new(config: SecondaryConfig, copy: Option<ZoneCopy>, draws: Stream) -> Self {
        let data = copy.map_or(Data::None { rounds: 0 }, Data::Fresh);
        let state = State::Resting { until: SimTime::MAX };
        Secondary { config, draws, data, state, notified: None }
    }

    /// The zone's name.
    pub fn origin(&self) -> &Name {
        &self.config.origin
    }

    /// The zone, as long as it may be answered from.
    pub fn zone(&self) -> Option<&Arc<Zone>> {
        match &self.data {
            Data::Fresh(copy) => Some(&copy.zone),
            Data::None { .. } | Data::Expired(_) => None,
        }
    }

    /// Whether the exchange is its own.
    pub fn owns(&self, exchange: ExchangeId) -> bool {
        self.state.attempt().is_some_and(|attempt| attempt.exchange == exchange)
    }

    /// Begins: without a copy a primary is asked for the zone at once; with one, the times of its
    /// SOA go on from when it was last confirmed, as if there had been no restart.
    pub fn start(&mut self, now: SimTime, out: &mut Outputs) {
        match self.data.copy() {
            None => self.begin(now, 0, out),
            Some(copy) => {
                let refresh = Duration::from_secs(copy.soa().refresh_secs.into());
                self.state = State::Resting { until: copy.refreshed + refresh };
                self.timeout(now, out);
            }
        }
    }

    /// A NOTIFY came from this address, with this serial as a hint. Whether it may: only primaries
    /// may (RFC 1996 §3.10). The primary is then asked at once, unless the hint says that there is
    /// nothing new.
    pub fn notified(
        &mut self,
        now: SimTime,
        from: IpAddr,
        hint: Option<u32>,
        out: &mut Outputs,
    ) -> bool {
        let primaries = &self.config.primaries;
        let Some(primary) = primaries.iter().position(|primary| primary.ip() == from) else {
            return false;
        };
        match self.state {
            _ if self.is_old(hint) => {}
            State::Resting { .. } => self.begin(now, primary, out),
            _ => self.notified = Some((primary, hint)),
        }
        true
    }

    /// Whether the hint of a NOTIFY says that there is nothing new.
    fn is_old(&self, hint: Option<u32>) -> bool {
        match (hint, &self.data) {
            (Some(hint), Data::Fresh(copy)) => !serial::is_newer(hint, copy.soa().serial),
            _ => false,
        }
    }

    /// A message arrived on the port or connection of `exchange`.
    pub fn reply(
        &mut self,
        now: SimTime,
        exchange: ExchangeId,
        from: SocketAddr,
        octets: &[u8],
        out: &mut Outputs,
    ) {
        match &mut self.state {
            State::Asking { attempt, message_id, transport } if attempt.exchange == exchange => {
                let (attempt, transport) = (*attempt, *transport);
                let Ok(message) = Message::decode(octets) else { return };
                let question = Question::new(self.config.origin.clone(), RecordType::Soa);
                let fits = from == self.config.primaries[attempt.primary]
                    && message.flags.qr
                    && message.id == *message_id
                    && message.question() == Some(&question);
                if !fits {
                    return;
                }
                if message.flags.tc && transport == Transport::Udp {
                    out.release(exchange);
                    return self.ask(now, attempt.primary, attempt.others, Transport::Tcp, out);
                }
                match serial_in(&message) {
                    Ok(serial) => self.compare(now, attempt, serial, out),
                    Err(why) => self.give_up(now, attempt, why, out),
                }
            }
            State::Transferring { attempt, transfer } if attempt.exchange == exchange => {
                attempt.deadline = now + TCP_TIMEOUT;
                let attempt = *attempt;
                match transfer.take(octets) {
                    Ok(Progress::More) => {}
                    Ok(Progress::Done(zone)) => self.accept(now, attempt, zone, out),
                    Err(error) => self.give_up(now, attempt, error.to_string(), out),
                }
            }
            _ => {}
        }
    }

    /// The connection of `exchange` was refused or broke, or its datagram could not be sent.
    pub fn failed(&mut self, now: SimTime, exchange: ExchangeId, out: &mut Outputs) {
        if let Some(attempt) = self.state.attempt()
            && attempt.exchange == exchange
        {
            self.give_up(now, attempt, "the connection failed".to_owned(), out);
        }
    }

    /// When [`Secondary::timeout`] is wanted.
    pub fn deadline(&self) -> SimTime {
        let state = match &self.state {
            State::Resting { until } => *until,
            State::Asking { attempt, .. } | State::Transferring { attempt, .. } => attempt.deadline,
        };
        match &self.data {
            Data::Fresh(copy) => state.min(copy.expires()),
            Data::None { .. } | Data::Expired(_) => state,
        }
    }

    /// Time has passed. Does nothing before [`Secondary::deadline`].
    pub fn timeout(&mut self, now: SimTime, out: &mut Outputs) {
        if let Data::Fresh(copy) = &self.data
            && copy.expires() <= now
        {
            self.data = Data::Expired(copy.clone());
            out.news(News::Expired { origin: self.config.origin.clone() });
        }
        match self.state {
            State::Resting { until } if until <= now => self.begin(now, 0, out),
            State::Asking { attempt, .. } | State::Transferring { attempt, .. }
                if attempt.deadline <= now =>
            {
                self.give_up(now, attempt, "no answer".to_owned(), out);
            }
            _ => {}
        }
    }

    /// A round along all primaries, from this one on.
    fn begin(&mut self, now: SimTime, primary: usize, out: &mut Outputs) {
        match self.config.primaries.len().checked_sub(1) {
            Some(others) => self.contact(now, primary, others, out),
            None => self.state = State::Resting { until: SimTime::MAX },
        }
    }

    fn contact(&mut self, now: SimTime, primary: usize, others: usize, out: &mut Outputs) {
        match self.data {
            Data::None { .. } => self.transfer(now, primary, others, out),
            _ => self.ask(now, primary, others, Transport::Udp, out),
        }
    }

    fn ask(
        &mut self,
        now: SimTime,
        primary: usize,
        others: usize,
        transport: Transport,
        out: &mut Outputs,
    ) {
        let to = self.config.primaries[primary];
        let message_id = self.draws.next_u16();
        let query = Message::query(message_id, self.config.origin.clone(), RecordType::Soa);
        let (exchange, timeout) = match transport {
            Transport::Udp => (out.udp(to, query.encode()), UDP_TIMEOUT),
            Transport::Tcp => (out.tcp(to, query.encode()), TCP_TIMEOUT),
        };
        let attempt = Attempt { primary, others, exchange, deadline: now + timeout };
        self.state = State::Asking { attempt, message_id, transport };
    }

    fn transfer(&mut self, now: SimTime, primary: usize, others: usize, out: &mut Outputs) {
        let id = self.draws.next_u16();
        let transfer = Transfer::new(self.config.origin.clone(), id, self.config.limits);
        let exchange = out.tcp(self.config.primaries[primary], transfer.query());
        let attempt = Attempt { primary, others, exchange, deadline: now + TCP_TIMEOUT };
        self.state = State::Transferring { attempt, transfer: Box::new(transfer) };
    }

    /// A primary has this serial.
    fn compare(&mut self, now: SimTime, attempt: Attempt, serial: u32, out: &mut Outputs) {
        out.release(attempt.exchange);
        match self.data.serial() {
            Some(own) if !serial::is_newer(serial, own) => self.confirm(now, out),
            _ => self.transfer(now, attempt.primary, attempt.others, out),
        }
    }

    /// A primary sent this zone.
    fn accept(&mut self, now: SimTime, attempt: Attempt, zone: Zone, out: &mut Outputs) {
        out.release(attempt.exchange);
        let serial = soa_of(&zone).serial;
        if self.data.serial().is_none_or(|own| serial::is_newer(serial, own)) {
            out.news(News::Transferred {
                origin: self.config.origin.clone(),
                serial,
                from: self.config.primaries[attempt.primary],
                records: zone.records().count(),
            });
            self.data = Data::Fresh(ZoneCopy { zone: Arc::new(zone), refreshed: now });
        }
        self.confirm(now, out);
    }

    /// The copy is the current version.
    fn confirm(&mut self, now: SimTime, out: &mut Outputs) {
        let Some(copy) = self.data.copy() else { return };
        let copy = ZoneCopy { zone: Arc::clone(&copy.zone), refreshed: now };
        let refresh_secs = copy.soa().refresh_secs;
        out.keep(self.config.origin.clone(), copy.clone());
        self.data = Data::Fresh(copy);
        self.rest(now, refresh_secs, out);
    }

    /// The attempt has failed: on to the next primary, or another round later.
    fn give_up(&mut self, now: SimTime, attempt: Attempt, why: String, out: &mut Outputs) {
        out.release(attempt.exchange);
        let (origin, from) = (self.config.origin.clone(), self.config.primaries[attempt.primary]);
        out.news(News::Failed { origin, from, why });
        if let Some(others) = attempt.others.checked_sub(1) {
            let next = (attempt.primary + 1) % self.config.primaries.len();
            return self.contact(now, next, others, out);
        }
        match &mut self.data {
            Data::None { rounds } => {
                if let Some((primary, _)) = self.notified.take() {
                    return self.begin(now, primary, out);
                }
                let base = FIRST_WAIT.saturating_mul(1 << (*rounds).min(20)).min(LONGEST_WAIT);
                *rounds += 1;
                let wait = base + self.draws.duration_below(base);
                self.state = State::Resting { until: now + wait };
            }
            Data::Fresh(copy) | Data::Expired(copy) => {
                let retry_secs = copy.soa().retry_secs;
                self.rest(now, retry_secs, out);
            }
        }
    }

    /// Waits so long, less up to a tenth: never longer, so that no zone expires by chance.
    fn rest(&mut self, now: SimTime, secs: u32, out: &mut Outputs) {
        if let Some((primary, hint)) = self.notified.take()
            && !self.is_old(hint)
        {
            return self.begin(now, primary, out);
        }
        let whole = Duration::from_secs(secs.max(1).into());
        let tenth = whole / 10;
        let wait = whole - tenth + self.draws.duration_below(tenth);
        self.state = State::Resting { until: now + wait };
    }
}

/// The serial that a response gives, or why it gives none.
fn serial_in(message: &Message) -> Result<u32, String> {
    if message.rcode != Rcode::NoError {
        return Err(message.rcode.to_string());
    }
    if !message.flags.aa {
        return Err("it is not authoritative".to_owned());
    }
    let soa = message.answers.iter().find_map(|record| match &record.data {
        RecordData::Soa(soa) => Some(soa.serial),
        _ => None,
    });
    soa.ok_or_else(|| "a response without SOA".to_owned())
}

/// The data of the zone's SOA.
pub(super) fn soa_of(zone: &Zone) -> &Soa {
    match &zone.soa().data {
        RecordData::Soa(soa) => soa,
        _ => unreachable!("the SOA record of a zone has the data of one"),
    }
}

/// How long a primary has for its answer by UDP.
const UDP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long it has by TCP, for each message.
const TCP_TIMEOUT: Duration = Duration::from_secs(120);

/// The least time between two rounds as long as there is no copy; as much again comes by chance.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// What that time grows to.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);
