//! Dialogues with IMAP server sessions on a mail store.

mod append;
mod basics;
mod condstore;
mod judged;
mod names;
mod notify;
mod rev2;
mod search;
mod sections;
mod sessions;
mod sort;
mod stress;

use std::sync::Arc;

use bytes::Bytes;
use mxsim::engine::{Seed, SimTime, UnixTime};
use mxsim::proto::imap::{
    Backend, Flags, ImapServer, ImapServerConfig, ImapServerEvent, MailboxName, NewMessage,
    SystemFlag, Uid, UidValidity,
};
use mxsim::proto::mail::DateTime;
use mxsim::proto::sasl::{self, Mechanism};
use mxsim::proto::{Input, Outbox, Output};
use mxsim::store::mailbox::MailStore;
use proptest::prelude::*;

/// A store in which `alice`, password `secret`, has `count` messages.
fn store(count: u32) -> MailStore {
    let mut store = MailStore::default();
    let validity = UidValidity::new(100).unwrap();
    let alice = store.add_account("alice", "secret", validity).unwrap();
    for number in 1..=count {
        let text = format!("Subject: {number}\r\n\r\nBody {number}\r\n");
        store.deliver(alice, &MailboxName::inbox(), Bytes::from(text), UnixTime(0)).unwrap();
    }
    store
}

/// A store in which `alice` has these messages.
fn store_of(messages: &[&str]) -> MailStore {
    let mut store = store(0);
    let alice = store.account_of("alice").unwrap();
    for text in messages {
        let text = Bytes::from(text.replace('\n', "\r\n"));
        store.deliver(alice, &MailboxName::inbox(), text, UnixTime(0)).unwrap();
    }
    store
}

/// As [`check`], in an INBOX with these messages, line ends as LF.
fn check_messages(messages: &[&str], dialogue: &str) {
    let before = "C: a LOGIN alice secret\nS: ...\nC: b EXAMINE inbox\nS: ...\n\
        S: b OK [READ-ONLY] EXAMINE completed\n";
    check(&store_of(messages), &format!("{before}{dialogue}"));
}

/// Sessions of one host, by the letter that names them in a dialogue.
struct Host {
    store: MailStore,
    sessions: Vec<(char, ImapServer)>,
    /// What the sessions sent: `S: ...` of the only session, `S2: ...` of the second.
    seen: Vec<String>,
    partial: String,
}

impl Host {
    fn new(store: MailStore) -> Host {
        Host { store, sessions: Vec::new(), seen: Vec::new(), partial: String::new() }
    }

    fn input(&mut self, name: char, input: Input<'_>) {
        let place = match self.sessions.iter().position(|(known, _)| *known == name) {
            Some(place) => place,
            None => {
                let config = ImapServerConfig { host_name: "mail".into(), ..Default::default() };
                self.sessions.push((name, ImapServer::new(Arc::new(config))));
                self.input(name, Input::Opened);
                // The greeting is the same each time, so dialogues leave it out.
                self.seen.clear();
                self.sessions.len() - 1
            }
        };
        let mut out = Outbox::new();
        let session = &mut self.sessions[place].1;
        session.handle(SimTime::ZERO, input, &mut self.store, &mut out);
        let changed = self.write(name, &mut out);
        for mailbox in changed {
            for other in (0..self.sessions.len()).filter(|other| *other != place) {
                let name = self.sessions[other].0;
                let session = &mut self.sessions[other].1;
                session.mailbox_changed(mailbox, &mut self.store, &mut out);
                self.write(name, &mut out);
            }
        }
    }

    fn write(
        &mut self,
        name: char,
        out: &mut Outbox<ImapServerEvent>,
    ) -> Vec<mxsim::proto::imap::MailboxId> {
        let mut changed = Vec::new();
        let mut sent = Vec::new();
        for output in out.drain() {
            match output {
                Output::Send(octets) => sent.extend_from_slice(&octets),
                Output::Event(ImapServerEvent::Changed { mailbox }) => changed.push(mailbox),
                Output::Event(_) => {}
                Output::Close => sent.extend_from_slice(b"close\r\n"),
                Output::Abort => sent.extend_from_slice(b"abort\r\n"),
            }
        }
        self.partial.push_str(&String::from_utf8(sent).unwrap());
        while let Some((line, rest)) = self.partial.split_once("\r\n") {
            self.seen.push(format!("S{name}: {line}").trim_end().into());
            self.partial = rest.into();
        }
        changed
    }
}

/// Whether lines are those that are wanted, where `...` stands for any number of lines.
fn fits(seen: &[String], wanted: &[String]) -> bool {
    match wanted {
        [] => seen.is_empty(),
        [any, rest @ ..] if any.ends_with(": ...") => {
            (0..=seen.len()).any(|start| fits(&seen[start..], rest))
        }
        [first, rest @ ..] => seen.first() == Some(first) && fits(&seen[1..], rest),
    }
}

fn assert_fits(seen: &[String], wanted: &[String], how: &str) {
    if !fits(seen, wanted) {
        let same = seen.iter().zip(wanted).take_while(|(seen, wanted)| seen == wanted).count();
        let (seen, wanted) = (seen[same..].join("\n"), wanted[same..].join("\n"));
        panic!("{how}\nseen:\n{seen}\nwanted:\n{wanted}");
    }
}

/// Plays the lines `C: ...` (`C2: ...` of a second session), and compares what the server sends
/// with the lines `S: ...`, of which `S: ...` itself stands for any number of lines. Then once more
/// octet by octet, and cut in two at every octet.
fn check(store: &MailStore, dialogue: &str) {
    let lines: Vec<(bool, char, &str)> = dialogue
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (who, text) = line.split_once(':').expect("a line has a speaker");
            let text = text.strip_prefix(' ').unwrap_or(text);
            (who.starts_with('C'), who.chars().nth(1).unwrap_or('1'), text)
        })
        .collect();
    let wanted: Vec<String> = lines
        .iter()
        .filter(|(client, ..)| !client)
        .map(|(_, name, text)| format!("S{name}: {text}").trim_end().into())
        .collect();
    for octet_by_octet in [false, true] {
        let mut host = Host::new(store.clone());
        let mut seen = Vec::new();
        for (_, name, text) in lines.iter().filter(|(client, ..)| *client) {
            let line = format!("{text}\r\n");
            let size = if octet_by_octet { 1 } else { line.len() };
            line.as_bytes().chunks(size).for_each(|piece| host.input(*name, Input::Bytes(piece)));
            seen.append(&mut host.seen);
        }
        let how = if octet_by_octet { "octet by octet" } else { "line by line" };
        assert_fits(&seen, &wanted, how);
    }
    // A single client may send everything at once, and the network may cut that anywhere.
    if lines.iter().all(|(_, name, _)| *name == '1') {
        let client = lines.iter().filter(|(client, ..)| *client);
        let stream: String = client.map(|(_, _, text)| format!("{text}\r\n")).collect();
        for cut in 0..stream.len() {
            let (first, second) = stream.as_bytes().split_at(cut);
            let mut host = Host::new(store.clone());
            host.input('1', Input::Bytes(first));
            // The greeting was taken off with the first input.
            let mut seen = std::mem::take(&mut host.seen);
            host.input('1', Input::Bytes(second));
            seen.append(&mut host.seen);
            assert_fits(&seen, &wanted, &format!("cut behind {cut}"));
        }
    }
}

/// As [`check`], after `a LOGIN` of a user with no mailbox but an empty INBOX.
fn check_logged_in(dialogue: &str) {
    check(
        &store(0),
        &format!(
            "C: a LOGIN alice secret\nS: ...\nS: a OK [CAPABILITY {CAPABILITIES}] Logged in\n{dialogue}"
        ),
    );
}

/// As [`check`], after `a LOGIN` and `b SELECT INBOX` in each of the sessions.
fn check_selected(messages: u32, sessions: &str, dialogue: &str) {
    let mut store = store(messages);
    let alice = store.account_of("alice").unwrap();
    let inbox = store.find(alice, &MailboxName::inbox()).unwrap();
    // None is recent, so that the sessions see the same.
    store.claim_recent(inbox, Uid::new(messages + 1).unwrap());
    let unseen = if messages > 0 { "* OK [UNSEEN 1] First unseen message" } else { "" };
    let mut whole = String::new();
    for name in sessions.chars() {
        for line in [
            "C#: a LOGIN alice secret",
            &format!("S#: a OK [CAPABILITY {CAPABILITIES}] Logged in"),
            "C#: b SELECT inbox",
            "S#: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
            "S#: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags permitted",
            &format!("S#: * {messages} EXISTS"),
            "S#: * 0 RECENT",
            &format!("S#: {unseen}"),
            "S#: * OK [UIDVALIDITY 100] UIDs valid",
            &format!("S#: * OK [UIDNEXT {}] Predicted next UID", messages + 1),
            &format!("S#: * OK [HIGHESTMODSEQ {}] Highest", messages + 1),
            "S#: * OK [MAILBOXID (F00000000)] Mailbox ID",
            "S#: b OK [READ-WRITE] SELECT completed",
        ] {
            if line != "S#: " {
                whole.push_str(&line.replace('#', &name.to_string()));
                whole.push('\n');
            }
        }
    }
    check(&store, &(whole + dialogue));
}

const CAPABILITIES: &str = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE CHILDREN \
    UNSELECT UIDPLUS MOVE MULTIAPPEND CATENATE URL-PARTIAL LIST-EXTENDED LIST-STATUS SPECIAL-USE \
    CREATE-SPECIAL-USE ESEARCH SEARCHRES CONTEXT=SEARCH NOTIFY WITHIN SORT SORT=DISPLAY \
    ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS I18NLEVEL=1 PREVIEW PARTIAL CONDSTORE QRESYNC BINARY STATUS=SIZE \
    SAVEDATE OBJECTID UTF8=ACCEPT QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE APPENDLIMIT=67108864";
