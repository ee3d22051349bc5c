use super::*;
use crate::proto::Output;
use crate::proto::imap::{FlagChange, Flags, ModSeq, SystemFlag};
use proptest::prelude::*;
use std::time::Duration;

fn config() -> ImapClientConfig {
    ImapClientConfig { user: "alice".into(), password: "se cret".into(), ..Default::default() }
}

fn inbox(read_only: bool) -> ImapTask {
    ImapTask::Select { mailbox: MailboxName::inbox(), read_only }
}

fn uids(numbers: &[u32]) -> Vec<Uid> {
    numbers.iter().map(|number| Uid::new(*number).unwrap()).collect()
}

fn collect(out: &mut Out, seen: &mut Vec<String>) {
    for output in out.drain() {
        match output {
            Output::Send(octets) => {
                let text = String::from_utf8(octets.to_vec()).unwrap();
                seen.extend(
                    text.split_terminator("\r\n")
                        .map(|line| format!("C: {line}").trim_end().into()),
                );
            }
            Output::Event(event) => seen.push(format!("E: {event:?}")),
            Output::Close | Output::Abort => seen.push("close".into()),
        }
    }
}

/// Plays the lines `S: ...` to the client and compares what it sends with the lines `C: ...`, its
/// events with `E: ...`. Then once more cut in pieces, and in one.
fn check(tasks: &[ImapTask], dialogue: &str) {
    check_with(&config(), tasks, dialogue);
}

fn check_with(config: &ImapClientConfig, tasks: &[ImapTask], dialogue: &str) {
    let lines = || dialogue.lines().map(str::trim_start).filter(|line| !line.is_empty());
    let wanted: Vec<_> = lines().filter(|line| !line.starts_with("S:")).collect();
    let server: String = lines()
        .filter_map(|line| line.strip_prefix("S:"))
        .map(|line| format!("{}\r\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    for cut in [1, 7, server.len()] {
        let mut client = ImapClient::new(config.clone(), tasks.iter().cloned())
            .with_nonces(crate::engine::Seed(1).stream("nonces"));
        let (mut seen, mut out) = (Vec::new(), Outbox::new());
        client.handle(SimTime::ZERO, Input::Opened, &mut out);
        for piece in server.as_bytes().chunks(cut) {
            client.handle(SimTime::ZERO, Input::Bytes(piece), &mut out);
            collect(&mut out, &mut seen);
        }
        assert_eq!(seen.join("\n"), wanted.join("\n"), "cut every {cut}");
    }
}

#[test]
fn new_mail_is_listed_and_then_fetched() {
    check(
        &[
            inbox(false),
            ImapTask::FetchNew { since: Uid::new(5).unwrap(), peek: true },
            ImapTask::Logout,
        ],
        r#"
        S: * OK [CAPABILITY IMAP4rev1 LITERAL+] ready
        C: a1 LOGIN alice "se cret"
        S: a1 OK [CAPABILITY IMAP4rev1 LITERAL+] welcome
        E: LoggedIn
        C: a2 SELECT INBOX
        S: * FLAGS (\Seen)
        S: * 3 EXISTS
        S: * 1 RECENT
        S: * OK [UIDVALIDITY 7] ok
        S: * OK [UIDNEXT 9] ok
        S: a2 OK [READ-WRITE] done
        E: Selected { mailbox: MailboxName("INBOX"), summary: MailboxSummary { exists: 3, recent: 1, uid_validity: Some(UidValidity(7)), uid_next: Some(Uid(9)), mod_seq: None, read_only: false, resynced: false } }
        E: Done { task: Select { mailbox: MailboxName("INBOX"), read_only: false }, refused: None }
        C: a3 UID FETCH 5:* (FLAGS RFC822.SIZE ENVELOPE)
        S: * 3 FETCH (UID 8 FLAGS (\Recent) RFC822.SIZE 9 ENVELOPE (NIL "Hi" (("A" NIL "a" "example.org")("B" NIL "b" "x")) NIL NIL NIL NIL NIL NIL "<1@x>"))
        E: Overview { uid: Uid(8), overview: Overview { flags: Flags { system: 0, keywords: [] }, size_octets: 9, subject: Some("Hi"), from: Some("a@example.org"), message_id: Some("<1@x>") } }
        S: a3 OK done
        C: a4 UID FETCH 8 BODY.PEEK[]
        S: * 3 FETCH (UID 8 BODY[] {9}
        S: A: b
        S:
        S: x)
        E: Message { uid: Uid(8), data: b"A: b\r\n\r\nx" }
        S: a4 OK done
        E: Done { task: FetchNew { since: Uid(5), peek: true }, refused: None }
        C: a5 LOGOUT
        S: * BYE bye
        S: a5 OK done
        E: Done { task: Logout, refused: None }
        E: Ended { failure: None }
        close"#,
    );
}

#[test]
fn an_old_last_message_is_not_new() {
    check(
        &[inbox(true), ImapTask::FetchNew { since: Uid::new(5).unwrap(), peek: false }],
        r#"
        S: * PREAUTH hello
        E: LoggedIn
        C: a1 EXAMINE INBOX
        S: a1 OK [READ-ONLY] done
        E: Selected { mailbox: MailboxName("INBOX"), summary: MailboxSummary { exists: 0, recent: 0, uid_validity: None, uid_next: None, mod_seq: None, read_only: true, resynced: false } }
        E: Done { task: Select { mailbox: MailboxName("INBOX"), read_only: true }, refused: None }
        C: a2 UID FETCH 5:* (FLAGS RFC822.SIZE ENVELOPE)
        S: * 1 FETCH (UID 4 FLAGS () RFC822.SIZE 9 ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL))
        S: a2 OK done
        E: Done { task: FetchNew { since: Uid(5), peek: false }, refused: None }"#,
    );
}

#[test]
fn store_copy_append_search_and_news_of_others() {
    let keyword = {
        let mut flags = Flags::of(&[SystemFlag::Seen]);
        flags.insert_keyword("$Work");
        flags
    };
    let saved = MailboxName::new("Entwürfe").unwrap();
    check(
        &[
            ImapTask::Store {
                uids: uids(&[1, 2, 4]),
                change: FlagChange::Add,
                flags: keyword.clone(),
            },
            ImapTask::Copy { uids: uids(&[2]), mailbox: saved.clone() },
            ImapTask::Append { mailbox: saved, flags: keyword, data: Bytes::from_static(b"x\r\n") },
            ImapTask::Search { keys: "UNSEEN\r\nz LOGOUT".into() },
            ImapTask::Expunge,
            ImapTask::List { pattern: "%".into() },
        ],
        r#"
        S: * PREAUTH hello
        E: LoggedIn
        C: a1 UID STORE 1:2,4 +FLAGS (\Seen $Work)
        S: * 1 FETCH (UID 1 FLAGS (\Seen $Work))
        E: Flags { sequence: 1, uid: Some(Uid(1)), flags: Flags { system: 8, keywords: ["$Work"] } }
        S: a1 OK done
        E: Done { task: Store { uids: [Uid(1), Uid(2), Uid(4)], change: Add, flags: Flags { system: 8, keywords: ["$Work"] } }, refused: None }
        C: a2 UID COPY 2 Entw&APw-rfe
        S: a2 NO [TRYCREATE] none
        E: Done { task: Copy { uids: [Uid(2)], mailbox: MailboxName("Entwürfe") }, refused: Some(Refusal { code: "TRYCREATE", text: "none" }) }
        C: a3 APPEND Entw&APw-rfe (\Seen $Work) {3}
        S: + go on
        C: x
        C:
        S: a3 OK done
        E: Done { task: Append { mailbox: MailboxName("Entwürfe"), flags: Flags { system: 8, keywords: ["$Work"] }, data: b"x\r\n" }, refused: None }
        C: a4 UID SEARCH UNSEEN  z LOGOUT
        S: * SEARCH 1 4
        E: Found { uids: [Uid(1), Uid(4)] }
        S: a4 OK done
        E: Done { task: Search { keys: "UNSEEN\r\nz LOGOUT" }, refused: None }
        C: a5 EXPUNGE
        S: * 1 EXPUNGE
        E: Expunged { sequence: 1, uid: Some(Uid(1)) }
        S: * 3 EXISTS
        E: Exists { count: 3 }
        S: a5 OK done
        E: Done { task: Expunge, refused: None }
        C: a6 LIST "" "%"
        S: * LIST (\Noselect) "." lists
        E: Listed { mailbox: MailboxName("lists"), selectable: false }
        S: a6 OK done
        E: Done { task: List { pattern: "%" }, refused: None }"#,
    );
}

#[test]
fn idle_lasts_until_there_is_something_to_do() {
    let (mut seen, mut out) = (Vec::new(), Outbox::new());
    let mut client = ImapClient::new(config(), [ImapTask::Idle]);
    let now = SimTime::from_secs(5);
    client.handle(now, Input::Opened, &mut out);
    client.handle(now, Input::Bytes(b"* PREAUTH x\r\n+ idling\r\n* 4 EXISTS\r\n"), &mut out);
    let renewal = client.deadline().unwrap();
    assert_eq!(renewal, now + Duration::from_secs(29 * 60));
    client.handle(renewal, Input::Timeout, &mut out);
    client.handle(renewal, Input::Bytes(b"a1 OK done\r\n+ idling\r\n"), &mut out);
    client.add_task(renewal, ImapTask::Noop, &mut out);
    client.handle(renewal, Input::Bytes(b"a2 OK done\r\na3 OK done\r\n"), &mut out);
    assert!(client.is_ready() && client.deadline().is_none());
    collect(&mut out, &mut seen);
    insta::assert_snapshot!(seen.join("\n"), @r"
    E: LoggedIn
    C: a1 IDLE
    E: Exists { count: 4 }
    C: DONE
    C: a2 IDLE
    C: DONE
    E: Done { task: Idle, refused: None }
    C: a3 NOOP
    E: Done { task: Noop, refused: None }
    ");
}

#[test]
fn what_ends_a_session_early() {
    check(
        &[],
        r#"
        S: * OK ready
        C: a1 CAPABILITY
        S: a1 OK it told nothing
        C: a2 LOGIN alice "se cret"
        S: a2 NO [AUTHENTICATIONFAILED] no
        E: Ended { failure: Some(LoginRefused(Refusal { code: "AUTHENTICATIONFAILED", text: "no" })) }
        close"#,
    );
    check(
        &[],
        r#"
        S: 220 smtp.example.org ESMTP
        E: Ended { failure: Some(Nonsense) }
        close"#,
    );
    for (stream, input, wanted) in [
        ("", Input::Timeout, ImapFailure::TimedOut),
        ("* BYE full\r\n", Input::Eof, ImapFailure::Closed { bye: Some("full".into()) }),
    ] {
        let mut client = ImapClient::new(config(), []);
        let mut out = Outbox::new();
        client.handle(SimTime::ZERO, Input::Opened, &mut out);
        client.handle(SimTime::ZERO, Input::Bytes(stream.as_bytes()), &mut out);
        client.handle(client.deadline().unwrap(), input, &mut out);
        let outputs: Vec<_> = out.drain().collect();
        let ended = ImapClientEvent::Ended { failure: Some(wanted) };
        assert_eq!(outputs, [Output::Event(ended), Output::Close]);
    }
}

#[test]
fn the_best_login_that_both_know_is_taken() {
    let check_first = |capabilities: &str, wanted: &str| {
        let mut client = ImapClient::new(config(), [ImapTask::Noop])
            .with_nonces(crate::engine::Seed(1).stream("nonces"));
        let (mut seen, mut out) = (Vec::new(), Outbox::new());
        let greeting = format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] hello\r\n");
        client.handle(SimTime::ZERO, Input::Bytes(greeting.as_bytes()), &mut out);
        collect(&mut out, &mut seen);
        assert!(seen[0].starts_with(wanted), "{seen:?}");
    };
    check_first(
        "AUTH=PLAIN AUTH=CRAM-MD5 AUTH=SCRAM-SHA-256 SASL-IR",
        "C: a1 AUTHENTICATE SCRAM-SHA-256 biws",
    );
    check_first("AUTH=PLAIN AUTH=SCRAM-SHA-256", "C: a1 AUTHENTICATE SCRAM-SHA-256");
    check_first("auth=cram-md5", "C: a1 AUTHENTICATE CRAM-MD5");
    check_first("AUTH=PLAIN SASL-IR", "C: a1 LOGIN alice");
    check_first(
        "AUTH=PLAIN SASL-IR LOGINDISABLED",
        "C: a1 AUTHENTICATE PLAIN AGFsaWNlAHNlIGNyZXQ=",
    );
    check_first("LOGINDISABLED", "E: Ended { failure: Some(NoMechanism) }");
}

#[test]
fn challenges_are_answered_and_a_server_that_proves_nothing_is_left() {
    check(
        &[],
        r#"
        S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=LOGIN] hello
        C: a1 AUTHENTICATE LOGIN
        S: + VXNlcm5hbWU6
        C: YWxpY2U=
        S: + UGFzc3dvcmQ6
        C: c2UgY3JldA==
        S: a1 OK [CAPABILITY IMAP4rev1] welcome
        E: LoggedIn"#,
    );
    check(
        &[],
        r#"
        S: * OK [CAPABILITY IMAP4rev1 AUTH=CRAM-MD5] hello
        C: a1 AUTHENTICATE CRAM-MD5
        S: + no base64
        C: *
        S: a1 BAD cancelled
        E: Ended { failure: Some(LoginRefused(Refusal { code: "", text: "cancelled" })) }
        close"#,
    );
    check(
        &[],
        r#"
        S: * OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256] hello
        C: a1 AUTHENTICATE SCRAM-SHA-256
        S: a1 OK come in
        E: Ended { failure: Some(NotProved) }
        close"#,
    );
}

#[test]
fn starttls_comes_first_and_what_was_injected_behind_it_counts_no_more() {
    let config = ImapClientConfig { starttls: true, ..config() };
    for greeting in ["* OK [CAPABILITY IMAP4rev1] hello", "* PREAUTH hello"] {
        let wanted = "
        E: Ended { failure: Some(NoTls) }
        close";
        check_with(&config, &[ImapTask::Noop], &format!("S: {greeting}{wanted}"));
    }
    check_with(
        &config,
        &[],
        r#"
        S: * OK [CAPABILITY IMAP4rev1 STARTTLS] hello
        C: a1 STARTTLS
        S: a1 NO not now
        E: Ended { failure: Some(NoTls) }
        close"#,
    );
    let mut client = ImapClient::new(config, [ImapTask::Noop]);
    let (mut seen, mut out) = (Vec::new(), Outbox::new());
    let octets = b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\na1 OK go\r\n\
        * CAPABILITY IMAP4rev1 AUTH=EVIL\r\na2 OK\r\n* 1 EXI";
    client.handle(SimTime::ZERO, Input::Bytes(octets), &mut out);
    client.handle(SimTime::ZERO, Input::Bytes(b"* BYE\r\na2 OK done\r\n"), &mut out);
    client.secured(SimTime::ZERO, &mut out);
    let octets =
        b"* CAPABILITY IMAP4rev1\r\na2 OK done\r\na3 OK in\r\n* CAPABILITY IDLE\r\na4 OK done\r\n";
    client.handle(SimTime::ZERO, Input::Bytes(octets), &mut out);
    collect(&mut out, &mut seen);
    insta::assert_snapshot!(seen.join("\n"), @r#"
    C: a1 STARTTLS
    E: StartTls
    C: a2 CAPABILITY
    C: a3 LOGIN alice "se cret"
    E: LoggedIn
    C: a4 CAPABILITY
    C: a5 NOOP
    "#);
}

fn resync(known: &[u32]) -> ImapTask {
    ImapTask::Resync {
        mailbox: MailboxName::inbox(),
        uid_validity: UidValidity::new(67_890_007).unwrap(),
        mod_seq: ModSeq(90_060_115_194_045_000),
        known: uids(known),
    }
}

/// The example of RFC 7162 §3.2.5.1, with the UIDs that the device knows.
#[test]
fn a_device_is_told_what_changed_since_it_last_looked() {
    check(
        &[resync(&[41, 42, 43, 1540]), resync(&[])],
        r#"
        S: * OK [CAPABILITY IMAP4rev1 QRESYNC] hello
        C: a1 LOGIN alice "se cret"
        S: a1 OK [CAPABILITY IMAP4rev1 QRESYNC] in
        E: LoggedIn
        C: a2 ENABLE QRESYNC
        S: * ENABLED QRESYNC
        S: a2 OK enabled
        C: a3 SELECT INBOX (QRESYNC (67890007 90060115194045000 41:43,1540))
        S: * OK [CLOSED]
        S: * 100 EXISTS
        S: * 11 RECENT
        S: * OK [UIDVALIDITY 67890007] UIDVALIDITY
        S: * OK [UIDNEXT 600] Predicted next UID
        S: * OK [HIGHESTMODSEQ 90060115205545359] Highest
        S: * OK [UNSEEN 7] There are some unseen messages
        S: * VANISHED (EARLIER) 41,43:116,118,120:211
        E: Vanished { uids: NumberSet { ranges: [41..=41, 43..=116, 118..=118, 120..=211] } }
        S: * 49 FETCH (UID 117 FLAGS (\Seen \Answered) MODSEQ (90060115194045001))
        E: Flags { sequence: 49, uid: Some(Uid(117)), flags: Flags { system: 9, keywords: [] } }
        S: a3 OK [READ-WRITE] mailbox selected
        E: Selected { mailbox: MailboxName("INBOX"), summary: MailboxSummary { exists: 100, recent: 11, uid_validity: Some(UidValidity(67890007)), uid_next: Some(Uid(600)), mod_seq: Some(ModSeq(90060115205545359)), read_only: false, resynced: true } }
        E: Done { task: Resync { mailbox: MailboxName("INBOX"), uid_validity: UidValidity(67890007), mod_seq: ModSeq(90060115194045000), known: [Uid(41), Uid(42), Uid(43), Uid(1540)] }, refused: None }
        C: a4 SELECT INBOX (QRESYNC (67890007 90060115194045000))
        S: * OK [UIDVALIDITY 67890008] another
        S: * OK [HIGHESTMODSEQ 1] Highest
        S: a4 OK done
        E: Selected { mailbox: MailboxName("INBOX"), summary: MailboxSummary { exists: 0, recent: 0, uid_validity: Some(UidValidity(67890008)), uid_next: None, mod_seq: Some(ModSeq(1)), read_only: false, resynced: false } }
        E: Done { task: Resync { mailbox: MailboxName("INBOX"), uid_validity: UidValidity(67890007), mod_seq: ModSeq(90060115194045000), known: [] }, refused: None }"#,
    );
}

#[test]
fn without_qresync_a_device_selects_and_asks_for_changed_flags() {
    check(
        &[resync(&[1]), ImapTask::FetchChangedFlags { since: ModSeq(5) }],
        r#"
        S: * PREAUTH [CAPABILITY IMAP4rev1 QRESYNC] hello
        E: LoggedIn
        C: a1 ENABLE QRESYNC
        S: * ENABLED
        S: a1 OK it was a lie
        C: a2 SELECT INBOX
        S: * OK [UIDVALIDITY 67890007] same
        S: * OK [HIGHESTMODSEQ 9] Highest
        S: a2 OK done
        E: Selected { mailbox: MailboxName("INBOX"), summary: MailboxSummary { exists: 0, recent: 0, uid_validity: Some(UidValidity(67890007)), uid_next: None, mod_seq: Some(ModSeq(9)), read_only: false, resynced: false } }
        E: Done { task: Resync { mailbox: MailboxName("INBOX"), uid_validity: UidValidity(67890007), mod_seq: ModSeq(90060115194045000), known: [Uid(1)] }, refused: None }
        C: a3 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 5)
        S: a3 OK done
        E: Done { task: FetchChangedFlags { since: ModSeq(5) }, refused: None }"#,
    );
}

#[test]
fn messages_that_vanish_take_their_sequence_numbers_along() {
    check(
        &[ImapTask::FetchFlags, ImapTask::Search { keys: "ALL".into() }],
        r#"
        S: * PREAUTH hello
        E: LoggedIn
        C: a1 UID FETCH 1:* (FLAGS)
        S: * 1 FETCH (UID 3 FLAGS ())
        E: Flags { sequence: 1, uid: Some(Uid(3)), flags: Flags { system: 0, keywords: [] } }
        S: * 2 FETCH (UID 5 FLAGS ())
        E: Flags { sequence: 2, uid: Some(Uid(5)), flags: Flags { system: 0, keywords: [] } }
        S: * VANISHED 1:4
        E: Vanished { uids: NumberSet { ranges: [1..=4] } }
        S: * 1 FETCH (FLAGS (\Seen))
        E: Flags { sequence: 1, uid: Some(Uid(5)), flags: Flags { system: 8, keywords: [] } }
        S: a1 OK done
        E: Done { task: FetchFlags, refused: None }
        C: a2 UID SEARCH ALL
        S: * ESEARCH (TAG "a2") UID ALL 2,10:11
        E: Found { uids: [Uid(2), Uid(10), Uid(11)] }
        S: a2 OK done
        E: Done { task: Search { keys: "ALL" }, refused: None }"#,
    );
}

#[test]
fn a_server_without_idle_is_asked_for_news() {
    let (mut seen, mut out) = (Vec::new(), Outbox::new());
    let mut client = ImapClient::new(config(), [ImapTask::Idle]);
    let now = SimTime::from_secs(5);
    client.handle(now, Input::Bytes(b"* PREAUTH [CAPABILITY IMAP4rev1] x\r\n"), &mut out);
    client.handle(now, Input::Bytes(b"* 4 EXISTS\r\na1 OK done\r\n"), &mut out);
    let next = client.deadline().unwrap();
    assert_eq!(next, now + Duration::from_secs(5 * 60));
    client.handle(next, Input::Timeout, &mut out);
    client.handle(next, Input::Bytes(b"a2 OK done\r\n"), &mut out);
    client.add_task(next, ImapTask::Logout, &mut out);
    client.handle(next, Input::Bytes(b"a3 OK done\r\na4 OK bye\r\n"), &mut out);
    collect(&mut out, &mut seen);
    insta::assert_snapshot!(seen.join("\n"), @r"
    E: LoggedIn
    C: a1 NOOP
    E: Exists { count: 4 }
    C: a2 NOOP
    C: a3 NOOP
    E: Done { task: Idle, refused: None }
    C: a4 LOGOUT
    E: Done { task: Logout, refused: None }
    E: Ended { failure: None }
    close
    ");
}

/// A server that says too much, or what it cannot mean, is left; nothing is kept of it.
#[test]
fn hostile_servers() {
    for said in [
        "* ESEARCH UID ALL 1:4294967295",
        "* 1 FETCH (FLAGS (\\Seen)",
        "* 0 EXPUNGE",
        "* 0 FETCH (FLAGS ())",
        "a7 OK what you never asked for",
        "* SEARCH 99999999999",
        "* 1 FETCH (BODY[ {5",
        "* VANISHED 0",
        "",
    ] {
        let mut client = ImapClient::new(config(), [ImapTask::Noop]);
        let (mut seen, mut out) = (Vec::new(), Outbox::new());
        client.handle(SimTime::ZERO, Input::Bytes(b"* PREAUTH x\r\n"), &mut out);
        client.handle(SimTime::ZERO, Input::Bytes(format!("{said}\r\n").as_bytes()), &mut out);
        collect(&mut out, &mut seen);
        let last = seen.last().map(String::as_str);
        assert_eq!(last, Some("close"), "{said}: {seen:?}");
        assert!(seen.contains(&"E: Ended { failure: Some(Nonsense) }".to_owned()), "{said}");
    }
    // Odd, and no harm.
    for said in [
        "* 4294967295 FETCH (UID 7 FLAGS ())",
        "* 4294967295 EXISTS",
        "* 4294967295 EXPUNGE",
        "* VANISHED (EARLIER) 1:4294967295",
        "* OK [UIDVALIDITY 0] none",
        "* XYZZY {3}\r\nabc plugh",
        "+ go on",
    ] {
        let mut client = ImapClient::new(config(), [ImapTask::Noop]);
        let mut out = Outbox::new();
        client.handle(SimTime::ZERO, Input::Bytes(b"* PREAUTH x\r\n"), &mut out);
        client.handle(
            SimTime::ZERO,
            Input::Bytes(format!("{said}\r\na1 OK\r\n").as_bytes()),
            &mut out,
        );
        assert!(client.is_ready(), "{said}");
    }
}

proptest! {
    #[test]
    fn arbitrary_octets_do_not_panic(octets: Vec<u8>, working: bool, starttls: bool) {
        let mut out = Outbox::new();
        let tasks = [ImapTask::FetchNew { since: Uid::MIN, peek: true }, resync(&[1]), ImapTask::Idle];
        let mut client = ImapClient::new(ImapClientConfig { starttls, ..config() }, tasks);
        client.handle(SimTime::ZERO, Input::Opened, &mut out);
        if working {
            client.handle(SimTime::ZERO, Input::Bytes(b"* PREAUTH x\r\n"), &mut out);
        }
        client.handle(SimTime::ZERO, Input::Bytes(&octets), &mut out);
        client.handle(SimTime::ZERO, Input::Eof, &mut out);
    }

    #[test]
    fn arbitrary_responses_do_not_panic(
        lines in proptest::collection::vec(
            "(\\*|a[1-3]|\\+) (OK|NO|BYE|[0-4] (EXISTS|EXPUNGE|FETCH \\((UID 3 )?FLAGS \\(x\\)\\))|VANISHED (\\(EARLIER\\) )?[0-4]:4294967295|ESEARCH UID ALL [0-4],7|SEARCH 0|\\[CAPABILITY (STARTTLS|QRESYNC|LOGINDISABLED|AUTH=CRAM-MD5| )*\\])\r\n",
            0..12,
        ),
        preauth: bool,
    ) {
        let mut out = Outbox::new();
        let tasks = [inbox(false), ImapTask::FetchNew { since: Uid::MIN, peek: true }, resync(&[3]), ImapTask::Idle];
        let mut client = ImapClient::new(config(), tasks);
        if preauth {
            client.handle(SimTime::ZERO, Input::Bytes(b"* PREAUTH x\r\n"), &mut out);
        }
        lines.iter().for_each(|line| client.handle(SimTime::ZERO, Input::Bytes(line.as_bytes()), &mut out));
    }
}
