//! A POP3 session on a store that others change meanwhile.

use std::sync::Arc;

use mxsim::engine::{SimTime, UnixTime};
use mxsim::proto::imap::{AccountId, Backend, Flags, MailboxName, NewMessage, UidValidity};
use mxsim::proto::mail::DateTime;
use mxsim::proto::pop3::{LoginRefusal, Pop3Server, Pop3ServerConfig, Pop3ServerEvent};
use mxsim::proto::{Input, Outbox, Output, Session};
use mxsim::store::mailbox::MailStore;

const NOW: SimTime = SimTime::ZERO;

struct Host {
    store: MailStore,
    alice: AccountId,
}

impl Host {
    fn new(messages: &[&'static str]) -> Self {
        let mut store = MailStore::default();
        let alice = store.add_account("alice", "secret", UidValidity::MIN).unwrap();
        let mut host = Host { store, alice };
        messages.iter().for_each(|text| host.append(text));
        host
    }

    fn append(&mut self, text: &'static str) {
        let inbox = self.store.find(self.alice, &MailboxName::inbox()).unwrap();
        let message = NewMessage {
            flags: Flags::EMPTY,
            internal_date: DateTime::utc(UnixTime(0)),
            save_date: UnixTime(0),
            data: text.into(),
        };
        self.store.append(inbox, message).unwrap();
    }

    fn expunge(&mut self, place: usize) {
        let inbox = self.store.find(self.alice, &MailboxName::inbox()).unwrap();
        let uid = self.store.messages(inbox)[place].uid;
        self.store.expunge(inbox, &[uid]);
    }

    fn left(&self) -> usize {
        let inbox = self.store.find(self.alice, &MailboxName::inbox()).unwrap();
        self.store.messages(inbox).len()
    }

    /// A session that has logged in.
    fn session(&mut self) -> Pop3Server {
        let mut session = Pop3Server::new(Arc::new(Pop3ServerConfig::default()));
        self.say(&mut session, "USER alice\r\nPASS secret\r\n");
        session
    }

    /// What the server answers.
    fn say(&mut self, session: &mut Pop3Server, octets: &str) -> String {
        let (mut out, mut seen) = (Outbox::new(), Vec::new());
        session.handle(NOW, Input::Bytes(octets.as_bytes()), &mut out);
        loop {
            let outputs: Vec<_> = out.drain().collect();
            if outputs.is_empty() {
                return String::from_utf8(seen).unwrap();
            }
            for output in outputs {
                let event = match output {
                    Output::Send(octets) => {
                        seen.extend_from_slice(&octets);
                        continue;
                    }
                    Output::Close | Output::Abort => continue,
                    Output::Event(event) => event,
                };
                match event {
                    Pop3ServerEvent::Identify(identity) => {
                        let secret = self.store.secret(&identity.authcid).map(|(_, secret)| secret);
                        session.answer_identity(NOW, secret.as_ref(), &mut out);
                    }
                    Pop3ServerEvent::Login { .. } => {
                        let maildrop = self.store.lock_maildrop(self.alice);
                        session.answer_login(
                            NOW,
                            maildrop.map_err(|_| LoginRefusal::InUse),
                            &mut out,
                        );
                    }
                    Pop3ServerEvent::Update { deleted } => {
                        self.store.update_maildrop(self.alice, &deleted);
                        session.answer_update(true, &mut out);
                    }
                    Pop3ServerEvent::Ended => self.store.unlock_maildrop(self.alice),
                    Pop3ServerEvent::Judge(_)
                    | Pop3ServerEvent::StartTls
                    | Pop3ServerEvent::Retrieved { .. } => {}
                }
            }
        }
    }
}

#[test]
fn what_imap_expunges_meanwhile_can_still_be_read_and_is_passed_over_at_quit() {
    let mut host = Host::new(&["one\r\n", "two\r\n", "three\r\n"]);
    let mut session = host.session();
    host.expunge(0);
    host.append("four\r\n");
    assert_eq!(host.say(&mut session, "STAT\r\n"), "+OK 3 17\r\n");
    assert_eq!(host.say(&mut session, "RETR 1\r\n"), "+OK 5 octets\r\none\r\n.\r\n");
    host.say(&mut session, "DELE 1\r\nDELE 3\r\n");
    assert!(host.say(&mut session, "QUIT\r\n").starts_with("+OK "));
    // `two`, and `four`, which came after the maildrop was locked.
    assert_eq!(host.left(), 2);
    let mut next = host.session();
    assert_eq!(
        host.say(&mut next, "UIDL\r\n"),
        "+OK\r\n1 0000000200000001\r\n2 0000000400000001\r\n.\r\n"
    );
}

#[test]
fn counts_are_those_of_what_is_sent() {
    // A file of an MTA has CRLF; APPEND takes what a client gives.
    let messages =
        ["", ".", "\n", "a\nb\r\n.c\n", "no end", "..\r\n.\r\n\r\n", "A: b\r\n\r\n\r\n.\r\n", "\r"];
    let mut host = Host::new(&messages);
    let mut session = host.session();
    let listing = host.say(&mut session, "LIST\r\n");
    let mut total = 0;
    for number in 1..=messages.len() {
        let wire = host.say(&mut session, &format!("RETR {number}\r\n"));
        let (status, rest) = wire.split_once("\r\n").unwrap();
        let body = rest.strip_suffix(".\r\n").unwrap();
        let unstuffed: usize = body
            .split_inclusive("\r\n")
            .map(|line| {
                assert_ne!(line, ".\r\n", "{number} ends early");
                line.len() - usize::from(line.starts_with('.'))
            })
            .sum();
        assert_eq!(status, format!("+OK {unstuffed} octets"), "{number}");
        assert!(listing.contains(&format!("\r\n{number} {unstuffed}\r\n")), "{listing}");
        total += unstuffed;
    }
    assert_eq!(host.say(&mut session, "STAT\r\n"), format!("+OK {} {total}\r\n", messages.len()));
}

#[test]
fn a_second_session_waits_for_the_end_of_the_first() {
    let mut host = Host::new(&["one\r\n"]);
    let mut first = host.session();
    let mut second = Pop3Server::new(Arc::new(Pop3ServerConfig::default()));
    let said = host.say(&mut second, "USER alice\r\nPASS secret\r\n");
    assert!(said.ends_with("-ERR [IN-USE] Maildrop is locked by another session\r\n"), "{said}");
    host.say(&mut first, "DELE 1\r\nRSET\r\nQUIT\r\n");
    let said = host.say(&mut second, "USER alice\r\nPASS secret\r\n");
    assert!(said.ends_with("+OK maildrop has 1 message (5 octets)\r\n"), "{said}");
}
