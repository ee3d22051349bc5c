//! UIDs rise, and no UIDVALIDITY falls (RFC 3501 §2.3.1.1).
//!
//! In a mailbox on disk, UIDs are ascending and below UIDNEXT, and what was delivered later has a
//! higher one. What sessions are told by octets agrees: the UIDVALIDITY of a mailbox of a user never
//! falls, its UIDNEXT falls with another UIDVALIDITY alone, and within a session a later message has
//! a higher UID.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine;

use crate::engine::SimTime;
use crate::net::NodeId;
use crate::report::transcript::entries::Entries;
use crate::report::transcript::{Entry, Protocol};
use crate::world::{Fact, Note, RecordId};

use super::case::Case;
use super::{Broken, Law};

pub(super) fn judge(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    on_disk(case, &mut broken);
    delivered(case, &mut broken);
    told(case, &mut broken);
    broken
}

fn on_disk(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let world = case.world;
    for node in world.hosts() {
        let Some(store) = world.disk(node).and_then(|disk| disk.mail_if_any()) else { continue };
        for (account, owner) in store.accounts() {
            let names = owner.names(crate::store::mailbox::MailStore::DEFAULT_SEPARATOR);
            for listed in names.filter(|listed| listed.mailbox.is_some()) {
                let Some(mailbox) = store.mailbox_named(account, listed.name) else { continue };
                let next = mailbox.state().uid_next;
                let uids = || mailbox.messages().iter().map(|message| message.uid);
                if !uids().is_sorted_by(|one, other| one < other)
                    || uids().next_back().is_some_and(|last| last >= next)
                {
                    let what = format!(
                        "{} of {} has UIDs that do not rise, or not below UIDNEXT {}",
                        listed.name,
                        owner.login(),
                        next.get()
                    );
                    broken.push(case.broken(Law::Uids, world.now(), node, what, &[]));
                }
            }
        }
    }
}

/// What was put into mailboxes, in order. A mailbox other than INBOX may have been made anew, and a
/// new UIDVALIDITY begins anew.
fn delivered(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mut last: BTreeMap<(NodeId, &str), (u32, RecordId)> = BTreeMap::new();
    for record in case.world.history() {
        let (account, mailbox, uid) = match record.note() {
            Some(Note::Delivered { account, mailbox, uid, .. }) => (account, mailbox, uid),
            Some(Note::Rebuilt { account, mailbox, .. }) if mailbox == "INBOX" => {
                last.remove(&(record.id.node, account.as_str()));
                continue;
            }
            _ => continue,
        };
        if mailbox != "INBOX" {
            continue;
        }
        let key = (record.id.node, account.as_str());
        if let Some((before, id)) = last.insert(key, (*uid, record.id))
            && *uid <= before
        {
            let what = format!("{mailbox} of {account} gives UID {uid} after UID {before}");
            let (time, node) = (record.time, record.id.node);
            broken.push(case.broken(Law::Uids, time, node, what, &[id, record.id]));
        }
    }
}

/// What a session has of a mailbox.
#[derive(Default)]
struct Session {
    user: Option<String>,
    /// SELECT, EXAMINE or STATUS of this mailbox, and when it reached the server.
    asked: Option<(String, SimTime)>,
    selected: Option<String>,
    uids: BTreeMap<u64, u64>,
    validity: Option<u64>,
}

/// What somebody was told of a mailbox.
#[derive(Clone, Copy)]
struct Seen {
    validity: u64,
    next: Option<u64>,
    at: SimTime,
    record: RecordId,
}

/// What IMAP sessions are told.
fn told(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mut sessions: BTreeMap<(SocketAddr, SocketAddr), Session> = BTreeMap::new();
    let mut seen: BTreeMap<(NodeId, String, String), Seen> = BTreeMap::new();
    for entry in Entries::of_connections(case.world, Protocol::Imap) {
        let Some((client, server, arrived_at)) = ends(case, &entry) else { continue };
        let Some(node) = case.owner(server.ip()) else { continue };
        if entry.kind == "opened" {
            sessions.remove(&(client, server));
        }
        let session = sessions.entry((client, server)).or_default();
        if arrived_at == server {
            session.command(&entry);
            continue;
        }
        if !matches!(entry.kind, "response" | "message") {
            continue;
        }
        if let Some(what) = session.fetched(&entry.text) {
            broken.push(case.broken(Law::Uids, entry.time, node, what, &[entry.id]));
        }
        let Some((mailbox, asked_at, now)) = session.told(&entry) else { continue };
        let Some(user) = session.user.clone() else { continue };
        let key = (node, user, mailbox);
        if let Some(before) = seen.get(&key)
            // What was on its way together may cross.
            && before.at < asked_at
        {
            let fell = now.validity < before.validity
                || now.validity == before.validity
                    && now.next.zip(before.next).is_some_and(|(now, before)| now < before);
            if fell {
                let told = |seen: &Seen| {
                    let next =
                        seen.next.map_or_else(String::new, |next| format!(" UIDNEXT {next}"));
                    format!("UIDVALIDITY {}{next}", seen.validity)
                };
                let what = format!("{} of {}: {} after {}", key.2, key.1, told(&now), told(before));
                let records = [before.record, now.record];
                broken.push(case.broken(Law::Uids, entry.time, node, what, &records));
            }
        }
        let next = now
            .next
            .or_else(|| seen.get(&key).filter(|before| before.validity == now.validity)?.next);
        seen.insert(key, Seen { next, ..now });
    }
}

/// The ends of the connection that an entry is about, client first, and where it arrived.
fn ends(case: &Case<'_>, entry: &Entry<'_>) -> Option<(SocketAddr, SocketAddr, SocketAddr)> {
    let (local, peer) = match &case.record(entry.id)?.fact {
        Fact::Opened { local, peer, .. }
        | Fact::Stream { local, peer, .. }
        | Fact::Plaintext { local, peer, .. } => (*local, *peer),
        _ => return None,
    };
    let is_server = Protocol::of_port(local.port()) == Some(Protocol::Imap);
    Some(if is_server { (peer, local, local) } else { (local, peer, local) })
}

impl Session {
    fn command(&mut self, entry: &Entry<'_>) {
        if entry.kind == "credentials" {
            self.credentials(&entry.text);
            return;
        }
        if entry.kind != "command" {
            return;
        }
        let words: Vec<&str> = entry.text.split(' ').collect();
        let name = |word: Option<&&str>| {
            let name = word.map_or("", |word| word.trim_matches('"'));
            if name.eq_ignore_ascii_case("INBOX") { "INBOX".to_owned() } else { name.to_owned() }
        };
        match words.get(1).map(|verb| verb.to_ascii_uppercase()).as_deref() {
            Some("LOGIN") => self.user = Some(name(words.get(2))),
            Some("AUTHENTICATE") => {
                self.user = None;
                if let Some(response) = words.get(3) {
                    self.credentials(response);
                }
            }
            Some("SELECT" | "EXAMINE") => {
                let mailbox = name(words.get(2));
                self.uids.clear();
                self.validity = None;
                self.asked = Some((mailbox.clone(), entry.time));
                self.selected = Some(mailbox);
            }
            Some("STATUS") => self.asked = Some((name(words.get(2)), entry.time)),
            _ => {}
        }
    }

    /// The user in what SASL says first: PLAIN has it between NULs, SCRAM behind `n=`, CRAM-MD5 before
    /// a blank, LOGIN alone.
    fn credentials(&mut self, text: &str) {
        let base64 = text.split(' ').next().unwrap_or_default();
        let octets = base64::engine::general_purpose::STANDARD.decode(base64);
        let Some(text) = octets.ok().and_then(|octets| String::from_utf8(octets).ok()) else {
            return;
        };
        if self.user.is_some() {
            return;
        }
        let of_scram = || text.split(',').find_map(|part| part.strip_prefix("n="));
        let user = match text.split('\0').nth(1) {
            Some(user) => user,
            None => of_scram().unwrap_or_else(|| text.split(' ').next().unwrap_or_default()),
        };
        self.user = Some(user.to_owned());
    }

    /// What is wrong with the UID in `* 3 FETCH (UID 7 ...)`, if there is one.
    fn fetched(&mut self, line: &str) -> Option<String> {
        let mut words = line.strip_prefix("* ")?.split(' ');
        let number: u64 = words.next()?.parse().ok()?;
        match words.next()? {
            "EXPUNGE" => {
                let after = self.uids.split_off(&number);
                self.uids.extend(
                    after
                        .into_iter()
                        .filter(|(own, _)| *own > number)
                        .map(|(own, uid)| (own - 1, uid)),
                );
                None
            }
            "FETCH" => {
                let uid = number_after(line, "UID ")?;
                let below = self.uids.range(..number).next_back();
                let above = self.uids.range(number + 1..).next();
                let is_wrong = below.is_some_and(|(_, other)| *other >= uid)
                    || above.is_some_and(|(_, other)| *other <= uid)
                    || self.uids.get(&number).is_some_and(|other| *other != uid);
                self.uids.insert(number, uid);
                is_wrong.then(|| format!("message {number} has UID {uid}, out of order: {line}"))
            }
            _ => None,
        }
    }

    /// What a response says of the mailbox that was asked about: its name, when that was, and what.
    fn told(&mut self, entry: &Entry<'_>) -> Option<(String, SimTime, Seen)> {
        let line = &entry.text;
        if line.starts_with("* VANISHED") {
            self.uids.clear();
            return None;
        }
        let (mailbox, asked_at) = self.asked.clone()?;
        if let Some(rest) = line.strip_prefix("* STATUS ") {
            // Others may be told of unasked (RFC 5465).
            let told = rest.split(" (").next().unwrap_or_default().trim_matches('"');
            if !told.eq_ignore_ascii_case(&mailbox) {
                return None;
            }
        }
        let next = number_after(line, "UIDNEXT ");
        if let Some(validity) = number_after(line, "UIDVALIDITY ") {
            self.validity = Some(validity);
        } else if line.starts_with("* STATUS ") {
            // Without it, nothing can be said.
            return None;
        }
        let is_news = next.is_some() || line.contains("UIDVALIDITY ");
        let validity = self.validity.filter(|_| is_news)?;
        let seen = Seen { validity, next, at: entry.time, record: entry.id };
        Some((mailbox, asked_at, seen))
    }
}

/// The number behind a word of a response.
fn number_after(line: &str, word: &str) -> Option<u64> {
    let (_, rest) = line.split_once(word)?;
    let digits = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}
