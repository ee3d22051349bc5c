//! A name server: answers queries, hands out its zones, and keeps those that are copies in step.
//!
//! Joins the [`Authority`], which answers from what it holds, to what changes that: transfers
//! (RFC 5936), NOTIFY in both directions (RFC 1996), and a [`Secondary`] for each zone that is a
//! copy. A pure machine: messages and time go in, messages come out.
//!
//! Where the RFCs leave room it does as NSD: AXFR by UDP gets NOTIMP, a peer that is not allowed
//! REFUSED, a zone without current data SERVFAIL. IXFR gets the whole zone by TCP and the SOA alone
//! by UDP (RFC 1995 §2 and §4), or if the asker is current.
//!
//! Not modelled: dynamic update (RFC 2136), TSIG, limits on the transfers at one time.

mod notify;
#[cfg(test)]
mod octets_tests;
mod output;
mod secondary;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::engine::{SimTime, Stream};

use super::access::Network;
use super::authority::{Authority, limit_octets};
use super::codes::{Class, Opcode, Rcode, RecordType};
use super::exchange::ExchangeId;
use super::framing::Transport;
use super::message::Message;
use super::name::Name;
use super::record::{Record, RecordData};
use super::serial;
use super::transfer;
use super::zone::Zone;

pub use notify::Notifier;
pub use output::{News, Output, Outputs};
pub use secondary::{Secondary, SecondaryConfig, ZoneCopy};

/// What a name server starts with.
#[derive(Debug, Default, Clone)]
pub struct ServerConfig {
    /// The zones that it is a primary for. Shared with others as long as none of them changes.
    pub authority: Arc<Authority>,
    /// The zones that it is a secondary for.
    pub secondaries: Vec<SecondaryConfig>,
    /// Who follows its zones, by origin; nobody where nothing stands here.
    pub followers: BTreeMap<Name, Followers>,
}

/// Who follows a zone.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Followers {
    /// Who may transfer the zone.
    pub allow_transfer: Vec<Network>,
    /// Who is told when it changes.
    pub notify: Vec<SocketAddr>,
}

/// What comes back for a query.
#[derive(Debug, PartialEq, Eq)]
pub enum Response {
    /// Nothing: it was no query.
    Silence,
    /// One message.
    Message(Bytes),
    /// A transfer, one message after the other, by TCP.
    Messages(Vec<Bytes>),
}

/// A name server.
#[derive(Debug)]
pub struct Server {
    authority: Arc<Authority>,
    followers: BTreeMap<Name, Followers>,
    secondaries: Vec<Secondary>,
    notifier: Option<Notifier>,
}

impl Server {
    /// A server with what is on its disk. `stream` gives the random stream of a purpose, and is
    /// asked only for those that are needed.
    pub fn new(
        config: ServerConfig,
        mut kept: impl FnMut(&Name) -> Option<ZoneCopy>,
        mut stream: impl FnMut(&str) -> Stream,
    ) -> Self {
        let ServerConfig { authority, secondaries, followers } = config;
        let secondaries = secondaries.into_iter().map(|config| {
            let draws = stream(&format!("secondary {}", config.origin));
            let copy = kept(&config.origin);
            Secondary::new(config, copy, draws)
        });
        let secondaries = secondaries.collect();
        let notifies = followers.values().any(|followers| !followers.notify.is_empty());
        let notifier = notifies.then(|| Notifier::new(stream("notify")));
        Server { authority, followers, secondaries, notifier }
    }

    /// Begins. A server that comes up again tells of its zones, which may have changed since.
    pub fn start(&mut self, now: SimTime, out: &mut Outputs) {
        for at in 0..self.secondaries.len() {
            self.secondaries[at].start(now, out);
            if let Some(zone) = self.secondaries[at].zone() {
                Arc::make_mut(&mut self.authority).catalog_mut().insert(Arc::clone(zone));
            }
        }
        if now > SimTime::ZERO {
            let zones = self.authority.catalog().zones().to_vec();
            zones.iter().for_each(|zone| self.notify(now, zone, out));
        }
    }

    /// Answers what `from` asks, and takes note of its NOTIFY.
    pub fn query(
        &mut self,
        now: SimTime,
        from: SocketAddr,
        transport: Transport,
        octets: &[u8],
        out: &mut Outputs,
    ) -> Response {
        if let Some(kind) = kind(octets)
            && let Ok(query) = Message::decode(octets)
            && query.edns.as_ref().is_none_or(|edns| edns.version == 0)
            && let Some(question) = query.question()
            && question.class == Class::In
        {
            return match kind {
                Kind::Notify => Response::Message(self.notified(now, from, &query, out).encode()),
                Kind::Transfer => self.hand_out(from, transport, &query),
            };
        }
        if self.secondaries.iter().any(|secondary| secondary.zone().is_none())
            && let Some(response) = self.decline(octets)
        {
            return Response::Message(response.encode());
        }
        self.authority.answer(octets, transport).map_or(Response::Silence, Response::Message)
    }

    /// Puts a new version of a zone in place of the old one, and tells its followers.
    pub fn replace(&mut self, now: SimTime, zone: Arc<Zone>, out: &mut Outputs) {
        let (origin, serial) = (zone.origin().clone(), secondary::soa_of(&zone).serial);
        out.news(News::Changed { origin, serial });
        self.notify(now, &zone, out);
        Arc::make_mut(&mut self.authority).catalog_mut().insert(zone);
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
        match self.owner(exchange) {
            Some(at) => {
                self.secondaries[at].reply(now, exchange, from, octets, out);
                self.follow(now, at, out);
            }
            None => {
                if let Some(notifier) = &mut self.notifier {
                    notifier.reply(exchange, from, octets, out);
                }
            }
        }
    }

    /// The connection of `exchange` was refused or broke, or its datagram could not be sent.
    pub fn failed(&mut self, now: SimTime, exchange: ExchangeId, out: &mut Outputs) {
        match (self.owner(exchange), &mut self.notifier) {
            (Some(at), _) => self.secondaries[at].failed(now, exchange, out),
            (None, Some(notifier)) => notifier.failed(exchange),
            (None, None) => {}
        }
    }

    /// When [`Server::timeout`] is wanted, if at all.
    pub fn deadline(&self) -> Option<SimTime> {
        let notify = self.notifier.as_ref().and_then(Notifier::deadline);
        self.secondaries.iter().map(Secondary::deadline).chain(notify).min()
    }

    /// Time has passed.
    pub fn timeout(&mut self, now: SimTime, out: &mut Outputs) {
        for at in 0..self.secondaries.len() {
            if self.secondaries[at].deadline() <= now {
                self.secondaries[at].timeout(now, out);
                self.follow(now, at, out);
            }
        }
        if let Some(notifier) = &mut self.notifier {
            notifier.timeout(now, out);
        }
    }

    fn owner(&self, exchange: ExchangeId) -> Option<usize> {
        self.secondaries.iter().position(|secondary| secondary.owns(exchange))
    }

    /// Answers from what the secondary has now.
    fn follow(&mut self, now: SimTime, at: usize, out: &mut Outputs) {
        let secondary = &self.secondaries[at];
        let served = self.authority.catalog().zone(secondary.origin());
        match (secondary.zone(), served) {
            (Some(zone), Some(served)) if Arc::ptr_eq(zone, served) => {}
            (Some(zone), _) => {
                let zone = Arc::clone(zone);
                Arc::make_mut(&mut self.authority).catalog_mut().insert(Arc::clone(&zone));
                self.notify(now, &zone, out);
            }
            (None, Some(_)) => {
                let origin = secondary.origin().clone();
                Arc::make_mut(&mut self.authority).catalog_mut().remove(&origin);
            }
            (None, None) => {}
        }
    }

    /// SERVFAIL, if the question is for a zone of which there is no copy, or an expired one.
    fn decline(&self, octets: &[u8]) -> Option<Message> {
        let query = Message::decode(octets).ok()?;
        let is_plain = !query.flags.qr
            && query.opcode == Opcode::Query
            && query.edns.as_ref().is_none_or(|edns| edns.version == 0);
        let question =
            query.question().filter(|question| is_plain && question.class == Class::In)?;
        // DS of a zone is in the one above (RFC 4035 §3.1.4.1).
        let above = usize::from(question.rtype == RecordType::Ds);
        for origin in question.name.ancestors().skip(above) {
            if self.authority.catalog().zone(&origin).is_some() {
                return None;
            }
            if self.secondaries.iter().any(|secondary| *secondary.origin() == origin) {
                return Some(Message { rcode: Rcode::ServFail, ..Message::response_to(&query) });
            }
        }
        None
    }

    fn notify(&mut self, now: SimTime, zone: &Zone, out: &mut Outputs) {
        if let (Some(notifier), Some(followers)) =
            (&mut self.notifier, self.followers.get(zone.origin()))
        {
            notifier.notify(now, zone.soa(), &followers.notify, out);
        }
    }

    /// The response to a NOTIFY (RFC 1996 §3.7 to §3.11).
    fn notified(
        &mut self,
        now: SimTime,
        from: SocketAddr,
        query: &Message,
        out: &mut Outputs,
    ) -> Message {
        let mut response = Message::response_to(query);
        let Some(question) = query.question() else {
            response.rcode = Rcode::FormErr;
            return response;
        };
        let secondary =
            self.secondaries.iter_mut().find(|secondary| *secondary.origin() == question.name);
        response.rcode = match secondary {
            Some(secondary) => {
                let hint = serial_of(&query.answers, &question.name);
                match secondary.notified(now, from.ip(), hint, out) {
                    true => {
                        response.flags.aa = true;
                        Rcode::NoError
                    }
                    false => Rcode::Refused,
                }
            }
            None if self.authority.catalog().zone(&question.name).is_some() => Rcode::Refused,
            None => Rcode::NotAuth,
        };
        response
    }

    /// The response to AXFR and IXFR.
    fn hand_out(&self, from: SocketAddr, transport: Transport, query: &Message) -> Response {
        let fail = |rcode| {
            let response = Message { rcode, ..Message::response_to(query) };
            Response::Message(response.encode())
        };
        let Some(question) = query.question() else { return fail(Rcode::FormErr) };
        let is_whole = question.rtype == RecordType::Axfr;
        if is_whole && transport == Transport::Udp {
            return fail(Rcode::NotImp);
        }
        let zone = self.authority.catalog().zone(&question.name);
        let is_copy =
            || self.secondaries.iter().any(|secondary| *secondary.origin() == question.name);
        if zone.is_none() && !is_copy() {
            return fail(Rcode::NotAuth);
        }
        let is_allowed = self.followers.get(&question.name).is_some_and(|followers| {
            followers.allow_transfer.iter().any(|network| network.contains(from.ip()))
        });
        if !is_allowed {
            return fail(Rcode::Refused);
        }
        let Some(zone) = zone else { return fail(Rcode::ServFail) };
        let is_current = || {
            let own = secondary::soa_of(zone).serial;
            let theirs = serial_of(&query.authorities, &question.name);
            theirs.is_some_and(|theirs| !serial::is_newer(own, theirs))
        };
        if !is_whole && (transport == Transport::Udp || is_current()) {
            let mut response = Message::response_to(query);
            response.flags.aa = true;
            response.answers.push(zone.soa().clone());
            return Response::Message(
                response.encode_within(limit_octets(query.edns.as_ref(), transport)),
            );
        }
        match transfer::response(query, zone) {
            Some(messages) => Response::Messages(messages),
            None => fail(Rcode::ServFail),
        }
    }
}

/// The serial of the zone's SOA among these records.
fn serial_of(records: &[Record], origin: &Name) -> Option<u32> {
    records.iter().find_map(|record| match &record.data {
        RecordData::Soa(soa) if record.name == *origin => Some(soa.serial),
        _ => None,
    })
}

/// What a query is that the [`Authority`] does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Notify,
    Transfer,
}

/// Tells from header and question, without reading the rest: most queries are none of these.
fn kind(octets: &[u8]) -> Option<Kind> {
    let flags = *octets.get(2)?;
    let opcode = Opcode::from(u16::from(flags >> 3 & 15));
    if flags & 0x80 != 0 {
        return None;
    }
    match opcode {
        Opcode::Notify => return Some(Kind::Notify),
        Opcode::Query => {}
        _ => return None,
    }
    let mut at = 12;
    loop {
        match *octets.get(at)? {
            0 => break,
            length @ 1..=63 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
    let rtype = octets.get(at + 1..at + 3)?;
    match RecordType::from(u16::from_be_bytes([rtype[0], rtype[1]])) {
        RecordType::Axfr | RecordType::Ixfr => Some(Kind::Transfer),
        _ => None,
    }
}
