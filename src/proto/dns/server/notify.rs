//! NOTIFY: a server tells others that a zone has changed, until they acknowledge it.
//!
//! Follows RFC 1996. Times and tries are NSD's: §3.6 leaves them to the server ("suggested" are
//! 60 s and five tries).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{SimTime, Stream};

use super::super::codes::{Opcode, RecordType};
use super::super::exchange::ExchangeId;
use super::super::message::Message;
use super::super::name::Name;
use super::super::record::Record;
use super::output::{News, Outputs};

/// The NOTIFYs that are not acknowledged yet.
#[derive(Debug)]
pub struct Notifier {
    draws: Stream,
    pending: BTreeMap<ExchangeId, Pending>,
}

/// One server that is told of one zone.
#[derive(Debug)]
struct Pending {
    origin: Name,
    to: SocketAddr,
    message_id: u16,
    octets: Bytes,
    sent: u32,
    again_at: SimTime,
}

impl Notifier {
    /// With nobody to tell yet. `draws` is its own: message ids come from it.
    pub fn new(draws: Stream) -> Self {
        Notifier { draws, pending: BTreeMap::new() }
    }

    /// Tells the servers `to` that the zone of this SOA has changed. What they were still to be told
    /// of the same zone is dropped.
    pub fn notify(&mut self, now: SimTime, soa: &Record, to: &[SocketAddr], out: &mut Outputs) {
        for &to in to {
            let outdated = |pending: &Pending| pending.origin == soa.name && pending.to == to;
            self.pending.retain(|exchange, pending| {
                let outdated = outdated(pending);
                if outdated {
                    out.release(*exchange);
                }
                !outdated
            });
            let message_id = self.draws.next_u16();
            let octets = message(message_id, soa).encode();
            let exchange = out.udp(to, octets.clone());
            let origin = soa.name.clone();
            let again_at = now + RETRY;
            self.pending
                .insert(exchange, Pending { origin, to, message_id, octets, sent: 1, again_at });
        }
    }

    /// A datagram came to the port of `exchange`. Any response to the NOTIFY ends it (RFC 1996
    /// §3.8); anything else is ignored.
    pub fn reply(
        &mut self,
        exchange: ExchangeId,
        from: SocketAddr,
        octets: &[u8],
        out: &mut Outputs,
    ) {
        let Some(pending) = self.pending.get(&exchange) else { return };
        let Ok(message) = Message::decode(octets) else { return };
        let fits = from == pending.to
            && message.flags.qr
            && message.opcode == Opcode::Notify
            && message.id == pending.message_id;
        if fits {
            self.pending.remove(&exchange);
            out.release(exchange);
        }
    }

    /// The datagram could not be sent.
    pub fn failed(&mut self, exchange: ExchangeId) {
        self.pending.remove(&exchange);
    }

    /// When [`Notifier::timeout`] is wanted, if at all.
    pub fn deadline(&self) -> Option<SimTime> {
        self.pending.values().map(|pending| pending.again_at).min()
    }

    /// Time has passed: tells those again that have not answered, or gives them up.
    pub fn timeout(&mut self, now: SimTime, out: &mut Outputs) {
        self.pending.retain(|exchange, pending| {
            if pending.again_at > now {
                return true;
            }
            if pending.sent >= TRIES {
                let (origin, to) = (pending.origin.clone(), pending.to);
                out.release(*exchange);
                out.news(News::Unacknowledged { origin, to, tries: TRIES });
                return false;
            }
            pending.sent += 1;
            pending.again_at = now + RETRY;
            out.again(*exchange, pending.to, pending.octets.clone());
            true
        });
    }
}

/// The NOTIFY that the zone of this SOA has changed (RFC 1996 §3.7: with the SOA as a hint).
fn message(id: u16, soa: &Record) -> Message {
    let mut message = Message::query(id, soa.name.clone(), RecordType::Soa);
    message.opcode = Opcode::Notify;
    message.flags.aa = true;
    message.answers.push(soa.clone());
    message
}

/// How long an acknowledgement may take.
const RETRY: Duration = Duration::from_secs(3);

/// How often a server is told.
const TRIES: u32 = 5;
