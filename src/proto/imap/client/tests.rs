use super::*;
use crate::proto::Output;
use crate::proto::imap::{FlagChange, Flags, SystemFlag};
use proptest::prelude::*;

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
    let lines = || dialogue.lines().map(str::trim_start).filter(|line| !line.is_empty());
    let wanted: Vec<_> = lines().filter(|line| !line.starts_with("S:")).collect();
    let server: String = lines()
        .filter_map(|line| line.strip_prefix("S:"))
        .map(|line| format!("{}\r\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    for cut in [1, 7, server.len()] {
        let mut client = ImapClient::new(config(), tasks.iter().cloned());
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
        S: a1 OK welcome
        E: LoggedIn
        C: a2 SELECT INBOX
        S: * FLAGS (\Seen)
        S: * 3 EXISTS
        S: * 1 RECENT
        S: * OK [UIDVALIDITY 7] ok
        S: * OK [UIDNEXT 9] ok
        S: a2 OK [READ-WRITE] done
        E: Selected { mailbox: MailboxName("INBOX"), summary: MailboxSummary { exists: 3, recent: 1, uid_validity: Some(UidValidity(7)), uid_next: Some(Uid(9)), read_only: false } }
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
        E: Selected { mailbox: MailboxName("INBOX"), summary: MailboxSummary { exists: 0, recent: 0, uid_validity: None, uid_next: None, read_only: true } }
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
        C: a1 LOGIN alice "se cret"
        S: a1 NO [AUTHENTICATIONFAILED] no
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

proptest! {
    #[test]
    fn arbitrary_octets_do_not_panic(octets: Vec<u8>, working: bool) {
        let mut out = Outbox::new();
        let tasks = [ImapTask::FetchNew { since: Uid::MIN, peek: true }, ImapTask::Idle];
        let mut client = ImapClient::new(config(), tasks);
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
            "(\\*|a[1-3]|\\+) (OK|NO|BYE|[0-4] (EXISTS|EXPUNGE|FETCH \\((UID 3 )?FLAGS \\(x\\)\\))|SEARCH 0)\r\n",
            0..12,
        ),
    ) {
        let mut out = Outbox::new();
        let tasks = [inbox(false), ImapTask::FetchNew { since: Uid::MIN, peek: true }, ImapTask::Idle];
        let mut client = ImapClient::new(config(), tasks);
        client.handle(SimTime::ZERO, Input::Bytes(b"* PREAUTH x\r\n"), &mut out);
        lines.iter().for_each(|line| client.handle(SimTime::ZERO, Input::Bytes(line.as_bytes()), &mut out));
    }
}
