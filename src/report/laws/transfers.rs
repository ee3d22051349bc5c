//! Messages as they were handed over by SMTP: who gave what to whom, and whether the sender heard of
//! it. Read from octets, of which each end shows what arrived there.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use crate::engine::SimTime;
use crate::net::NodeId;
use crate::report::transcript::entries::Entries;
use crate::report::transcript::{Entry, Facts, Protocol};
use crate::world::{Fact, RecordId};

use super::case::Case;

/// A message that arrived at a server, up to and with its final dot.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    /// The host with the server.
    pub(super) node: NodeId,
    pub(super) at: SimTime,
    /// With what it was complete.
    pub(super) record: RecordId,
    /// Those whose RCPT was answered 2yz, as far as the client heard of it, in order.
    pub(super) recipients: Vec<String>,
    /// The fields of its header, as they were sent.
    pub(super) header: Vec<(String, String)>,
    /// What the client got to hear: one reply, or by LMTP one for each recipient.
    pub(super) replies: Vec<Option<Heard>>,
}

/// A reply that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) code: u16,
    pub(super) at: SimTime,
    pub(super) record: RecordId,
}

impl Transfer {
    /// The values of the fields of that name, from top to bottom.
    pub(super) fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.header
            .iter()
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// What the client heard of a recipient.
    pub(super) fn heard(&self, recipient: &str) -> Option<&Heard> {
        match self.replies.as_slice() {
            [one] => one.as_ref(),
            each => {
                let is_it = |own: &String| own.eq_ignore_ascii_case(recipient);
                each.get(self.recipients.iter().position(is_it)?)?.as_ref()
            }
        }
    }
}

/// A session, as far as it has been read.
#[derive(Default)]
struct Session {
    /// What is still to be answered, in order.
    asked: VecDeque<Asked>,
    recipients: Vec<String>,
    /// The message that is not answered yet.
    open: Option<usize>,
    /// Whether the last command was BDAT, whose reply is that to the message.
    by_chunks: bool,
    is_lmtp: bool,
    /// The greeting is awaited, or has come.
    is_open: bool,
}

enum Asked {
    Other,
    Rcpt(String),
    /// The end of that message, for that recipient.
    End(usize, usize),
}

/// All of them, in the order in which they arrived.
pub(super) fn read(case: &Case<'_>) -> Vec<Transfer> {
    let mut transfers = Vec::new();
    let mut sessions: BTreeMap<(SocketAddr, SocketAddr), Session> = BTreeMap::new();
    for entry in Entries::of_connections(case.world, Protocol::Smtp) {
        let Some((client, server)) = ends(case, &entry) else { continue };
        if entry.kind == "opened" {
            sessions.insert((client, server), Session::default());
        }
        let session = sessions.entry((client, server)).or_default();
        session.is_lmtp = server.port() == LMTP_PORT;
        if !std::mem::replace(&mut session.is_open, true) {
            session.asked.push_back(Asked::Other);
        }
        match (entry.kind, &entry.facts) {
            ("command", _) => session.command(&entry.text),
            ("credentials", _) => session.asked.push_back(Asked::Other),
            ("message", Facts::Message { header, .. }) => {
                let transfer = transfers.len();
                let replies = session.message(transfer);
                let Some(node) = case.owner(server.ip()) else { continue };
                session.open = Some(transfer);
                transfers.push(Transfer {
                    client,
                    server,
                    node,
                    at: entry.time,
                    record: entry.id,
                    recipients: std::mem::take(&mut session.recipients),
                    header: header.iter().map(unfolded).collect(),
                    replies: vec![None; replies],
                });
            }
            ("reply", Facts::Reply { code, .. }) => match session.asked.pop_front() {
                Some(Asked::Rcpt(recipient)) if code / 100 == 2 => {
                    // With BDAT, the message may have come before this was answered.
                    let open = session.open.and_then(|open| transfers.get_mut(open));
                    open.map_or(&mut session.recipients, |open: &mut Transfer| {
                        &mut open.recipients
                    })
                    .push(recipient);
                }
                Some(Asked::End(transfer, reply)) => {
                    session.open = None;
                    if let Some(transfer) = transfers.get_mut(transfer) {
                        let heard = Heard { code: *code, at: entry.time, record: entry.id };
                        transfer.replies[reply] = Some(heard);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    transfers
}

/// The ends of the connection that an entry is about, client first.
fn ends(case: &Case<'_>, entry: &Entry<'_>) -> Option<(SocketAddr, SocketAddr)> {
    let (local, peer) = match &case.record(entry.id)?.fact {
        Fact::Opened { local, peer, .. }
        | Fact::Stream { local, peer, .. }
        | Fact::Plaintext { local, peer, .. } => (*local, *peer),
        _ => return None,
    };
    let is_server = Protocol::of_port(local.port()) == Some(Protocol::Smtp);
    Some(if is_server { (peer, local) } else { (local, peer) })
}

impl Session {
    fn command(&mut self, line: &str) {
        let verb = line.split(' ').next().unwrap_or_default();
        let is = |verbs: &[&str]| verbs.iter().any(|other| verb.eq_ignore_ascii_case(other));
        self.by_chunks = is(&["BDAT"]);
        if is(&["MAIL", "RSET", "HELO", "EHLO", "LHLO"]) {
            self.recipients.clear();
            self.open = None;
        }
        self.asked.push_back(match is(&["RCPT"]) {
            true => Asked::Rcpt(path(line).to_owned()),
            false => Asked::Other,
        });
    }

    /// A message is complete; how many replies there will be to it.
    fn message(&mut self, transfer: usize) -> usize {
        if self.by_chunks {
            self.asked.pop_back();
        }
        let replies = if self.is_lmtp { self.recipients.len().max(1) } else { 1 };
        self.asked.extend((0..replies).map(|reply| Asked::End(transfer, reply)));
        replies
    }
}

/// A field with a blank for the tab that a line was folded at.
fn unfolded((name, value): &(String, String)) -> (String, String) {
    (name.clone(), value.replace("\\t", " "))
}

/// What stands in angle brackets.
pub(super) fn path(line: &str) -> &str {
    let Some((_, rest)) = line.split_once('<') else { return "" };
    rest.split_once('>').map_or(rest, |(path, _)| path)
}

const LMTP_PORT: u16 = 24;
