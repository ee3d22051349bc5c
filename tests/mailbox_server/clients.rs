//! Our clients against our servers, through pieces of any size.

use std::sync::Arc;

use bytes::Bytes;
use mxsim::engine::{SimTime, UnixTime};
use mxsim::proto::imap::{
    Backend, FlagChange, Flags, ImapClient, ImapClientConfig, ImapClientEvent, ImapServer,
    ImapServerConfig, ImapTask, MailboxName, SystemFlag, Uid, UidValidity,
};
use mxsim::proto::pop3::{
    LoginRefusal, Pop3Client, Pop3ClientConfig, Pop3ClientEvent, Pop3Server, Pop3ServerConfig,
    Pop3ServerEvent,
};
use mxsim::proto::{Input, Outbox, Output, Session};
use mxsim::store::mailbox::MailStore;

const NOW: SimTime = SimTime::ZERO;

fn message(number: u32) -> Bytes {
    let lines = ".a line that begins with a dot\r\nand one that does not\r\n".repeat(200);
    format!("From: a@example.org\r\nSubject: mail {number}\r\n\r\n{lines}").into()
}

fn store(count: u32) -> MailStore {
    let mut store = MailStore::default();
    let alice = store.add_account("alice", "se\"cret", UidValidity::MIN).unwrap();
    for number in 1..=count {
        store.deliver(alice, &MailboxName::inbox(), message(number), UnixTime(0)).unwrap();
    }
    store
}

fn inbox(store: &MailStore) -> Vec<Bytes> {
    let alice = store.account_of("alice").unwrap();
    let inbox = store.mailbox_named(alice, &MailboxName::inbox()).unwrap();
    inbox.messages().iter().map(|message| message.data().clone()).collect()
}

/// Splits what a session has put out into octets for its peer and events for its owner.
fn split<E>(out: &mut Outbox<E>) -> (Vec<u8>, Vec<E>) {
    let (mut octets, mut events) = (Vec::new(), Vec::new());
    for output in out.drain() {
        match output {
            Output::Send(piece) => octets.extend_from_slice(&piece),
            Output::Event(event) => events.push(event),
            Output::Close | Output::Abort => {}
        }
    }
    (octets, events)
}

fn pop3(store: &mut MailStore, config: Pop3ClientConfig, cut: usize) -> Vec<Pop3ClientEvent> {
    let alice = store.account_of("alice").unwrap();
    let mut server = Pop3Server::new(Arc::new(Pop3ServerConfig::default()));
    let mut client = Pop3Client::new(config);
    let (mut from_server, mut from_client) = (Outbox::new(), Outbox::new());
    let mut heard = Vec::new();
    server.handle(NOW, Input::Opened, &mut from_server);
    client.handle(NOW, Input::Opened, &mut from_client);
    loop {
        let (octets, events) = split(&mut from_server);
        for event in &events {
            match event {
                Pop3ServerEvent::Identify(identity) => {
                    let secret = store.secret(&identity.authcid).map(|(_, secret)| secret);
                    server.answer_identity(NOW, secret.as_ref(), &mut from_server);
                }
                Pop3ServerEvent::Login { .. } => {
                    let answer = store.lock_maildrop(alice).map_err(|_| LoginRefusal::InUse);
                    server.answer_login(NOW, answer, &mut from_server);
                }
                Pop3ServerEvent::Update { deleted } => {
                    store.update_maildrop(alice, deleted);
                    server.answer_update(true, &mut from_server);
                }
                Pop3ServerEvent::Ended => store.unlock_maildrop(alice),
                Pop3ServerEvent::Judge(_)
                | Pop3ServerEvent::StartTls
                | Pop3ServerEvent::Retrieved { .. } => {}
            }
        }
        octets
            .chunks(cut)
            .for_each(|piece| client.handle(NOW, Input::Bytes(piece), &mut from_client));
        let (answer, news) = split(&mut from_client);
        heard.extend(news);
        if octets.is_empty() && answer.is_empty() && events.is_empty() {
            return heard;
        }
        answer
            .chunks(cut)
            .for_each(|piece| server.handle(NOW, Input::Bytes(piece), &mut from_server));
    }
}

#[test]
fn a_pop3_client_downloads_and_deletes_all() {
    for cut in [1, 13, 1 << 20] {
        let mut store = store(2);
        let user = Pop3ClientConfig {
            user: "alice".into(),
            password: "se\"cret".into(),
            ..Default::default()
        };
        let events = pop3(&mut store, user.clone(), cut);
        let id = |number: u32| Some(format!("{number:08x}00000001"));
        assert_eq!(
            events,
            [
                Pop3ClientEvent::LoggedIn,
                Pop3ClientEvent::Message { unique_id: id(1), data: message(1) },
                Pop3ClientEvent::Message { unique_id: id(2), data: message(2) },
                Pop3ClientEvent::Done { deleted: 2 },
            ]
        );
        assert_eq!(inbox(&store), Vec::<Bytes>::new());
        let second = pop3(&mut store, user, cut);
        assert_eq!(second, [Pop3ClientEvent::LoggedIn, Pop3ClientEvent::Done { deleted: 0 }]);
    }
}

fn imap(store: &mut MailStore, tasks: &[ImapTask], cut: usize) -> Vec<ImapClientEvent> {
    let mut server = ImapServer::new(Arc::new(ImapServerConfig::default()));
    let config = ImapClientConfig {
        user: "alice".into(),
        password: "se\"cret".into(),
        ..Default::default()
    };
    let mut client = ImapClient::new(config, tasks.iter().cloned());
    let (mut from_server, mut from_client) = (Outbox::new(), Outbox::new());
    let mut heard = Vec::new();
    server.handle(NOW, Input::Opened, store, &mut from_server);
    client.handle(NOW, Input::Opened, &mut from_client);
    loop {
        let (octets, _) = split(&mut from_server);
        octets
            .chunks(cut)
            .for_each(|piece| client.handle(NOW, Input::Bytes(piece), &mut from_client));
        let (answer, news) = split(&mut from_client);
        heard.extend(news);
        if octets.is_empty() && answer.is_empty() {
            return heard;
        }
        answer
            .chunks(cut)
            .for_each(|piece| server.handle(NOW, Input::Bytes(piece), store, &mut from_server));
    }
}

#[test]
fn an_imap_client_reads_flags_copies_and_appends() {
    for cut in [1, 13, 1 << 20] {
        let mut store = store(2);
        let saved = MailboxName::new("Entwürfe").unwrap();
        let first = Uid::MIN;
        let flags = Flags::of(&[SystemFlag::Flagged]);
        let tasks = [
            ImapTask::Select { mailbox: MailboxName::inbox(), read_only: false },
            ImapTask::FetchNew { since: Uid::new(2).unwrap(), peek: false },
            ImapTask::Store { uids: vec![first], change: FlagChange::Add, flags: flags.clone() },
            ImapTask::Create { mailbox: saved.clone() },
            ImapTask::Copy { uids: vec![first], mailbox: saved.clone() },
            ImapTask::Append { mailbox: saved.clone(), flags, data: message(9) },
            ImapTask::Search { keys: "SEEN".into() },
            ImapTask::Noop,
            ImapTask::Logout,
        ];
        let events = imap(&mut store, &tasks, cut);
        let messages = events.iter().filter_map(|event| match event {
            ImapClientEvent::Message { uid, data } => Some((uid.get(), data.clone())),
            _ => None,
        });
        assert_eq!(messages.collect::<Vec<_>>(), [(2, message(2))]);
        let overviews = events.iter().filter_map(|event| match event {
            ImapClientEvent::Overview { overview, .. } => {
                Some((overview.subject.as_deref(), overview.from.as_deref()))
            }
            _ => None,
        });
        assert_eq!(overviews.collect::<Vec<_>>(), [(Some("mail 2"), Some("a@example.org"))]);
        let refused = events.iter().filter_map(|event| match event {
            ImapClientEvent::Done { task, refused } => Some((task, refused)),
            _ => None,
        });
        let refused: Vec<_> = refused.collect();
        assert_eq!(refused, tasks.iter().map(|task| (task, &None)).collect::<Vec<_>>());
        let found = ImapClientEvent::Found { uids: vec![Uid::new(2).unwrap()] };
        assert!(events.contains(&found));
        assert_eq!(events.last(), Some(&ImapClientEvent::Ended { failure: None }));

        let alice = store.account_of("alice").unwrap();
        let saved = store.mailbox_named(alice, &saved).unwrap().messages();
        let shown: Vec<_> = saved
            .iter()
            .map(|message| (message.data().clone(), message.flags.to_string()))
            .collect();
        assert_eq!(
            shown,
            [(message(1), "\\Flagged".into()), (message(9), "\\Flagged".to_string())]
        );
    }
}
