//! What was recorded on the connections of mail, until it is known which message they carry.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::engine::HashState;
use crate::net::NodeId;
use crate::world::connections::Connections;
use crate::world::record::{Fact, Record, RecordId};

/// The ends of a connection, client first.
pub(super) type Ends = [SocketAddr; 2];

/// All connections of mail that are open, and those that were closed of late.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    sessions: Connections<Session>,
    /// The place of the connection to which a record belongs that is held here. Never walked.
    owners: HashMap<RecordId, u32, HashState>,
    /// The places of those that no host has open, the latest of them.
    closed: VecDeque<u32>,
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
    /// It has stood, or was given up: whoever opens it again begins anew. What comes before are attempts.
    is_used: bool,
    /// The hosts of client and server, each while it has the connection open. One that crashes does not
    /// tell the other.
    open_at: [Option<NodeId>; 2],
    /// It is among [`Sessions::closed`].
    is_closed: bool,
}

/// So many records of a message are held; of one with more, the first half is forgotten.
const MOST_HELD: usize = 1 << 12;
/// So many connections are remembered that nobody has open: why a message is put off is told later.
pub(super) const MOST_CLOSED: usize = 1 << 10;
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
            (true, _) => Some([other, one]),
            (false, true) => Some([one, other]),
            (false, false) => None,
        }
    }

    /// A record of that connection. Where its present message is followed, it is handed back.
    pub(super) fn put(&mut self, ends: Ends, number: u64, record: Record) -> Option<Record> {
        let found = self.sessions.find(ends);
        let place = found.unwrap_or_else(|| self.sessions.insert(ends, Session::default()));
        let (_, session) = self.sessions.get_mut(place).expect("it was found there");
        match &record.fact {
            // The ports are used again.
            Fact::Opened { active: true, .. } if session.is_used => {
                let anew = Session { is_closed: session.is_closed, ..Session::default() };
                let old = std::mem::replace(session, anew);
                forget(&mut self.owners, old.head.into_iter().chain(old.turn));
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
        session.see(ends, &record);
        self.remember(place);
        let placed = self.hold(place, number, record);
        self.forget_oldest();
        placed
    }

    /// A host has crashed, and has no connection open any more. What is held of one stays as long as the
    /// other end has it open, which may still tell what message it is about.
    pub(super) fn crash(&mut self, node: NodeId) {
        let all = self.sessions.iter_mut();
        let mut hit: Vec<(Ends, u32)> = all
            .filter_map(|(place, (ends, session))| {
                let before = session.open_at;
                session.open_at = before.map(|open| open.filter(|open| *open != node));
                (session.open_at != before).then_some((*ends, place))
            })
            .collect();
        hit.sort_unstable();
        for (_, place) in hit {
            self.remember(place);
        }
        self.forget_oldest();
    }

    /// If no host has that connection open, it is one of the closed.
    fn remember(&mut self, place: u32) {
        if let Some((_, session)) = self.sessions.get_mut(place)
            && session.open_at == [None; 2]
            && !session.is_closed
        {
            session.is_closed = true;
            self.closed.push_back(place);
        }
    }

    /// Of those that no host has open the latest are enough.
    fn forget_oldest(&mut self) {
        while self.closed.len() > MOST_CLOSED
            && let Some(place) = self.closed.pop_front()
        {
            match self.sessions.get_mut(place) {
                // It was opened since.
                Some((_, session)) if session.open_at != [None; 2] => session.is_closed = false,
                _ => {
                    let old = self.sessions.remove(place).unwrap_or_default();
                    forget(&mut self.owners, old.head.into_iter().chain(old.turn));
                }
            }
        }
    }

    /// What has no connection of its own belongs to that of its cause, if that is held here; else it is
    /// handed back.
    pub(super) fn put_by_cause(&mut self, number: u64, record: Record) -> Option<Record> {
        let place = record.cause.and_then(|cause| self.owners.get(&cause).copied());
        match place {
            None => Some(record),
            Some(place) => self.hold(place, number, record),
        }
    }

    fn hold(&mut self, place: u32, number: u64, record: Record) -> Option<Record> {
        let session = self.sessions.get_mut(place).map(|(_, session)| session);
        let Some(session) = session.filter(|session| !session.is_followed) else {
            return Some(record);
        };
        self.owners.insert(record.id, place);
        session.turn.push((number, record));
        if session.turn.len() > MOST_HELD {
            forget(&mut self.owners, session.turn.drain(..MOST_HELD / 2));
        }
        None
    }

    /// The present message of the connection to which that record belongs is one of the sample. What is
    /// held of it comes out, in order.
    pub(super) fn follow(&mut self, id: RecordId) -> Vec<(u64, Record)> {
        let place = self.owners.get(&id).copied();
        let session = place.and_then(|place| self.sessions.get_mut(place));
        let Some((_, session)) = session else { return Vec::new() };
        session.is_followed = true;
        let mut all = std::mem::take(&mut session.head);
        all.append(&mut session.turn);
        for (_, record) in &all {
            self.owners.remove(&record.id);
        }
        all
    }

    #[cfg(test)]
    pub(super) fn held(&mut self) -> usize {
        let all = self.sessions.iter_mut();
        let held = all.map(|(_, (_, session))| session.head.len() + session.turn.len()).sum();
        assert_eq!(self.owners.len(), held);
        held
    }
}

impl Session {
    /// Learns who has it open. Of those who try to open it, that is the client alone: it tells in any case
    /// when it has given up.
    fn see(&mut self, [client, _]: Ends, record: &Record) {
        let (local, is_open) = match &record.fact {
            Fact::Opened { local, .. } | Fact::Stream { local, .. } => (local, true),
            Fact::Closed { local, .. } => (local, false),
            Fact::Resent { local, .. } if *local == client && !self.is_used => {
                self.open_at[0] = Some(record.id.node);
                return;
            }
            _ => return,
        };
        self.is_used = true;
        self.open_at[usize::from(*local != client)] = is_open.then_some(record.id.node);
    }
}

fn forget(
    owners: &mut HashMap<RecordId, u32, HashState>,
    records: impl IntoIterator<Item = (u64, Record)>,
) {
    for (_, record) in records {
        owners.remove(&record.id);
    }
}

/// Whether a client begins a message here. Clients wait for the reply to all that came before (RFC 5321
/// §4.1.4 lets them reset first), so that it begins a segment.
fn begins_mail(fact: &Fact, [_, server]: Ends) -> bool {
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
