//! Several sessions on one mailbox, and what no client should send.

use super::*;

#[test]
fn sessions_hear_of_each_other_when_it_is_allowed() {
    check_selected(
        3,
        "12",
        "C1: c STORE 1 +FLAGS \\Flagged
         S1: * 1 FETCH (FLAGS (\\Flagged))
         S1: c OK STORE completed
         C2: c NOOP
         S2: * 1 FETCH (FLAGS (\\Flagged))
         S2: c OK NOOP completed
         C1: d STORE 1 +FLAGS \\Deleted
         S1: * 1 FETCH (FLAGS (\\Flagged \\Deleted))
         S1: d OK STORE completed
         C1: e EXPUNGE
         S1: * 1 EXPUNGE
         S1: e OK EXPUNGE completed
         C2: d FETCH 1:3 UID
         S2: * 2 FETCH (UID 2)
         S2: * 3 FETCH (UID 3)
         S2: d OK [EXPUNGEISSUED] Some of the messages no longer exist
         C2: e STORE 3 +FLAGS.SILENT \\Seen
         S2: e OK STORE completed
         C2: f COPY 1 INBOX
         S2: * 1 EXPUNGE
         S2: f NO [EXPUNGEISSUED] Some of the messages no longer exist
         C1: f UID SEARCH SEEN
         S1: * SEARCH 3
         S1: * 2 FETCH (UID 3 FLAGS (\\Seen))
         S1: f OK SEARCH completed
         C1: g APPEND INBOX {1+}
         C1: x
         S1: * 3 EXISTS
         S1: * 1 RECENT
         S1: g OK [APPENDUID 100 4] APPEND completed
         C2: g NOOP
         S2: * 3 EXISTS
         S2: g OK NOOP completed
         C2: h FETCH 3 (UID FLAGS)
         S2: * 3 FETCH (UID 4 FLAGS ())
         S2: h OK FETCH completed",
    );
}

#[test]
fn a_silent_store_tells_of_a_change_by_another_session() {
    check_selected(
        1,
        "12",
        "C1: c STORE 1 +FLAGS \\Flagged
         S1: * 1 FETCH (FLAGS (\\Flagged))
         S1: c OK STORE completed
         C2: c STORE 1 +FLAGS.SILENT \\Seen
         S2: * 1 FETCH (FLAGS (\\Flagged \\Seen))
         S2: c OK STORE completed
         C2: d STORE 1 -FLAGS.SILENT \\Seen
         S2: d OK STORE completed",
    );
}

#[test]
fn a_client_that_idles_is_told_at_once() {
    check_selected(
        1,
        "12",
        "C2: c IDLE
         S2: + idling
         C1: c STORE 1 +FLAGS \\Deleted
         S1: * 1 FETCH (FLAGS (\\Deleted))
         S1: c OK STORE completed
         S2: * 1 FETCH (FLAGS (\\Deleted))
         C1: d APPEND INBOX {1+}
         C1: x
         S1: * 2 EXISTS
         S1: * 1 RECENT
         S1: d OK [APPENDUID 100 2] APPEND completed
         S2: * 2 EXISTS
         C1: e EXPUNGE
         S1: * 1 EXPUNGE
         S1: e OK EXPUNGE completed
         S2: * 1 EXPUNGE
         C2: DONE
         S2: c OK IDLE completed
         C2: d IDLE
         S2: + idling
         C2: d NOOP
         S2: d BAD Expected DONE",
    );
}

#[test]
fn a_deleted_mailbox_ends_the_sessions_of_others() {
    check_selected(
        0,
        "12",
        "C1: c CREATE x
         S1: c OK [MAILBOXID (F00000001)] CREATE completed
         C1: d EXAMINE x
         S1: * OK [CLOSED] Previous mailbox is closed
         S1: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
         S1: * OK [PERMANENTFLAGS ()] Read-only mailbox
         S1: * 0 EXISTS
         S1: * 0 RECENT
         S1: * OK [UIDVALIDITY 101] UIDs valid
         S1: * OK [UIDNEXT 1] Predicted next UID
         S1: * OK [HIGHESTMODSEQ 1] Highest
         S1: * OK [MAILBOXID (F00000001)] Mailbox ID
         S1: d OK [READ-ONLY] EXAMINE completed
         C2: c RENAME x y
         S2: c OK RENAME completed
         C1: e CHECK
         S1: e OK CHECK completed
         C2: d DELETE y
         S2: d OK DELETE completed
         C1: f NOOP
         S1: * BYE Selected mailbox was deleted
         S1: close",
    );
}

#[test]
fn a_silent_client_is_logged_out() {
    let mut session = ImapServer::new(Arc::new(ImapServerConfig::default()));
    let (mut store, mut out) = (store(0), Outbox::new());
    session.handle(SimTime::ZERO, Input::Opened, &mut store, &mut out);
    out.drain();
    let deadline = session.deadline().unwrap();
    assert_eq!(deadline, SimTime::from_secs(1800));
    session.handle(deadline, Input::Timeout, &mut store, &mut out);
    let outputs: Vec<_> = out.drain().collect();
    let bye = Bytes::from_static(b"* BYE Autologout; idle for too long\r\n");
    assert_eq!(outputs, [Output::Send(bye), Output::Event(ImapServerEvent::Ended), Output::Close]);
    assert_eq!(session.deadline(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_octets_do_not_panic(octets: Vec<u8>, selected: bool) {
        let mut host = Host::new(store(2));
        if selected {
            host.input('1', Input::Bytes(b"a LOGIN alice secret\r\nb SELECT INBOX\r\n"));
        }
        host.input('1', Input::Bytes(&octets));
        host.input('1', Input::Eof);
    }

    #[test]
    fn arbitrary_commands_are_completed_once(
        commands in proptest::collection::vec(
            "(UID )?(FETCH|STORE|COPY|MOVE|SEARCH|EXPUNGE) ([1-3]|\\*|\\$)(:[1-9]|,2|:\\*)?\
            ( (FULL|\\(FLAGS BODY\\[\\]\\)|BODY\\[1(\\.MIME)?\\]<1\\.3>|FLAGS \\\\Seen|-FLAGS.SILENT x|INBOX|x|DELETED|BINARY\\[1\\]|MODSEQ))?\
            ( \\((CHANGEDSINCE 3|CHANGEDSINCE 2 VANISHED|PARTIAL -1:-2)\\))?\
            |(UID )?STORE [1-3] \\(UNCHANGEDSINCE [0-5]\\) FLAGS \\(a\\)\
            |(UID )?SEARCH RETURN \\((MIN|MAX COUNT|SAVE|UPDATE|ALL|PARTIAL 1:2)?\\) (ALL|\\$|MODSEQ 3|UNSEEN)\
            |(SELECT|EXAMINE|STATUS|CREATE|DELETE|SUBSCRIBE|RENAME x) (INBOX|x|x\\.y)( \\((UNSEEN|CONDSTORE|QRESYNC \\(100 2\\))\\))?\
            |(LIST|LSUB) (\\(SUBSCRIBED( RECURSIVEMATCH)?\\) )?(\"\"|x) (\\*|%|\"\")( RETURN \\(STATUS \\(SIZE\\)\\))?\
            |ENABLE (QRESYNC|IMAP4rev2|UTF8=ACCEPT)|GETQUOTAROOT INBOX|CANCELUPDATE \"tag\"\
            |NOOP|CLOSE|CHECK|UNSELECT|EXPUNGE|NAMESPACE|CAPABILITY",
            1..20,
        ),
    ) {
        let mut host = Host::new(store(3));
        host.input('1', Input::Bytes(b"a LOGIN alice secret\r\nb SELECT INBOX\r\n"));
        for command in commands {
            host.seen.clear();
            host.input('1', Input::Bytes(format!("tag {command}\r\n").as_bytes()));
            let tagged = |line: &&String| {
                ["OK ", "NO ", "BAD "].iter().any(|it| line.starts_with(&format!("S1: tag {it}")))
            };
            prop_assert_eq!(host.seen.iter().filter(tagged).count(), 1, "{}", command);
            prop_assert!(host.seen.last().iter().all(tagged), "{}", command);
        }
    }

    /// However sessions interleave, each one's view stays that of its untagged responses, and all
    /// agree in the end.
    #[test]
    fn views_never_slip(
        steps in proptest::collection::vec((0usize..3, 0usize..8, 1u32..5), 1..40),
    ) {
        let mut host = Host::new(store(4));
        let names = ['1', '2', '3'];
        let mut exists = [4usize; 3];
        for name in names {
            host.input(name, Input::Bytes(b"a LOGIN alice secret\r\nb SELECT INBOX\r\n"));
            host.seen.clear();
        }
        let settle = (0..3).map(|session| (session, 7, 1));
        for (session, action, number) in steps.into_iter().chain(settle) {
            let command = match action {
                0 => format!("c STORE {number} +FLAGS \\Deleted\r\n"),
                1 => "c EXPUNGE\r\n".into(),
                2 => "c APPEND INBOX {1+}\r\nx\r\n".into(),
                3 => format!("c FETCH {number} (UID FLAGS BODY[])\r\n"),
                4 => format!("c UID STORE {number}:* FLAGS.SILENT (\\Seen)\r\n"),
                5 => format!("c COPY {number} INBOX\r\n"),
                6 => "c SEARCH ALL\r\n".into(),
                _ => "c NOOP\r\n".into(),
            };
            host.input(names[session], Input::Bytes(command.as_bytes()));
            for line in host.seen.drain(..) {
                let words: Vec<&str> = line.split(' ').collect();
                match words[..] {
                    [_, "*", number, "EXPUNGE"] => {
                        prop_assert!(number.parse::<usize>().unwrap() <= exists[session]);
                        prop_assert!(![3, 6, 0].contains(&action), "{line} in {command}");
                        exists[session] -= 1;
                    }
                    [_, "*", number, "EXISTS"] => {
                        let number = number.parse::<usize>().unwrap();
                        prop_assert!(number > exists[session]);
                        exists[session] = number;
                    }
                    [_, "*", number, "FETCH", ..] => {
                        prop_assert!(number.parse::<usize>().unwrap() <= exists[session]);
                    }
                    _ => {}
                }
            }
        }
        let alice = host.store.account_of("alice").unwrap();
        let inbox = host.store.mailbox_named(alice, &MailboxName::inbox()).unwrap();
        prop_assert_eq!(exists, [inbox.messages().len(); 3]);
    }
}
