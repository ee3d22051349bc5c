//! What was recorded on the connections of mail, until it is known which message they carry.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::engine::HashState;
use crate::world::record::{Fact, Record, RecordId};

/// The ends of a connection, client first.
pub(super) type Ends = (SocketAddr, SocketAddr);

/// All connections of mail that are open, and those that were closed of late.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    sessions: HashMap<Ends, Session, HashState>,
    /// To which connection a record belongs that is held here.
    owners: HashMap<RecordId, Ends, HashState>,
    closed: VecDeque<Ends>,
}

/// A connection.
#[derive(Debug, Default)]
struct Session {
    /// What comes before its first message: greeting, TLS, login. Shown with the first message that is.
    head: Vec<(u64, Record)>,
    /// What has come since the present message began.
    turn: Vec<(u64, Record)>,
    /// A message has begun.
    has_mail: bool,
    /// The present message is one of the sample.
    is_followed: bool,
    is_closed: bool,
}

/// So many records of a message are held; of one with more, the first half is forgotten.
const MOST_HELD: usize = 1 << 12;
/// So many connections are remembered when they are closed: why a message is put off is told later.
const MOST_CLOSED: usize = 1 << 10;
/// SMTP, LMTP and submission, with and without TLS.
const PORTS: [u16; 4] = [24, 25, 465, 587];

impl Sessions {
    /// The connection of mail that a fact is about, if it is about one.
    pub(super) fn ends(fact: &Fact) -> Option<Ends> {
        let (one, other) = match fact {
            Fact::Opened { local, peer, .. }
            | Fact::Stream { local, peer, .. }
            | Fact::Eof { local, peer }
            | Fact::Closed { local, peer, .. }
            | Fact::Resent { local, peer, .. }
            | Fact::Tls { local, peer }
            | Fact::Plaintext { local, peer, .. } => (*local, *peer),
            Fact::Lost { from, to, tcp_sequence: Some(_), .. }
            | Fact::Altered { from, to, tcp_sequence: Some(_), .. } => (*from, *to),
            _ => return None,
        };
        match (PORTS.contains(&one.port()), PORTS.contains(&other.port())) {
            (true, _) => Some((other, one)),
            (false, true) => Some((one, other)),
            (false, false) => None,
        }
    }

    /// A record of that connection. Where its present message is followed, it is handed back.
    pub(super) fn put(&mut self, ends: Ends, place: u64, record: Record) -> Option<Record> {
        let session = self.sessions.entry(ends).or_default();
        match &record.fact {
            // The ports are used again.
            Fact::Opened { .. } if session.is_closed => {
                let old = std::mem::take(session);
                forget(&mut self.owners, old.head.into_iter().chain(old.turn));
            }
            Fact::Closed { .. } if !session.is_closed => {
                session.is_closed = true;
                self.closed.push_back(ends);
            }
            fact if begins_mail(fact, ends) => {
                // What was deciphered comes after the octets that it was made of.
                let octets = match session.turn.last() {
                    Some((_, last)) if record.cause == Some(last.id) => session.turn.pop(),
                    _ => None,
                };
                let before = std::mem::take(&mut session.turn);
                if session.has_mail {
                    forget(&mut self.owners, before);
                } else {
                    session.head = before;
                }
                session.turn.extend(octets);
                (session.has_mail, session.is_followed) = (true, false);
            }
            _ => {}
        }
        let placed = self.hold(ends, place, record);
        if self.closed.len() > MOST_CLOSED
            && let Some(ends) = self.closed.pop_front()
            && self.sessions.get(&ends).is_some_and(|session| session.is_closed)
            && let Some(old) = self.sessions.remove(&ends)
        {
            forget(&mut self.owners, old.head.into_iter().chain(old.turn));
        }
        placed
    }

    /// What has no connection of its own belongs to that of its cause, if that is held here; else it is
    /// handed back.
    pub(super) fn put_by_cause(&mut self, place: u64, record: Record) -> Option<Record> {
        let ends = record.cause.and_then(|cause| self.owners.get(&cause).copied());
        match ends {
            None => Some(record),
            Some(ends) => self.hold(ends, place, record),
        }
    }

    fn hold(&mut self, ends: Ends, place: u64, record: Record) -> Option<Record> {
        let session = self.sessions.get_mut(&ends).filter(|session| !session.is_followed);
        let Some(session) = session else { return Some(record) };
        self.owners.insert(record.id, ends);
        session.turn.push((place, record));
        if session.turn.len() > MOST_HELD {
            forget(&mut self.owners, session.turn.drain(..MOST_HELD / 2));
        }
        None
    }

    /// The present message of the connection to which that record belongs is one of the sample. What is
    /// held of it comes out, in order.
    pub(super) fn follow(&mut self, id: RecordId) -> Vec<(u64, Record)> {
        let session = self.owners.get(&id).and_then(|ends| self.sessions.get_mut(ends));
        let Some(session) = session else { return Vec::new() };
        session.is_followed = true;
        let mut all = std::mem::take(&mut session.head);
        all.append(&mut session.turn);
        for (_, record) in &all {
            self.owners.remove(&record.id);
        }
        all
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let all = self.sessions.values();
        let held = all.map(|session| session.head.len() + session.turn.len()).sum();
        assert_eq!(self.owners.len(), held);
        held
    }
}

fn forget(
    owners: &mut HashMap<RecordId, Ends, HashState>,
    records: impl IntoIterator<Item = (u64, Record)>,
) {
    for (_, record) in records {
        owners.remove(&record.id);
    }
}

/// Whether a client begins a message here. Clients wait for the reply to all that came before (RFC 5321
/// §4.1.4 lets them reset first), so that it begins a segment.
fn begins_mail(fact: &Fact, (_, server): Ends) -> bool {
    let (Fact::Stream { local, payload, .. } | Fact::Plaintext { local, payload, .. }) = fact
    else {
        return false;
    };
    let begins = |text: &[u8], verb: &[u8]| {
        text.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb))
    };
    let after_reset = if begins(payload, b"RSET\r\n") { &payload[6..] } else { payload };
    *local == server && begins(after_reset, b"MAIL FROM:")
}
