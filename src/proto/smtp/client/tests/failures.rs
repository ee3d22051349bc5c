//! Refusals, 421, silence, lost connections and nonsense.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[test]
fn a_server_that_does_not_want_is_left_with_quit() {
    check(
        &one(),
        "S: 554 5.7.1 go away
         C: QUIT
         S: 221 bye",
        &["failed at connection: 554 5.7.1 go away (1 unsent)"],
    );
    check(
        &one(),
        "S: 220 mx
         C: EHLO client.example.org
         S: 450 4.3.2 not now
         C: HELO client.example.org
         S: 550 5.7.1 nor so
         C: QUIT
         S: 221 bye",
        &["failed at HELO: 550 5.7.1 nor so (1 unsent)"],
    );
}

/// A pipelined transaction for two, then one for one, up to where `said` says.
fn broken_off(said: &str, events: &[&str]) {
    let full = "S: 220 mx
        C: EHLO client.example.org
        S: 250-mx
        S: 250 PIPELINING
        C: MAIL FROM:<alice@example.org>
        C: RCPT TO:<a@b>
        C: RCPT TO:<c@d>
        C: DATA
        ";
    let transactions = vec![transaction(&["<a@b>", "<c@d>"], "Hi"), one().remove(0)];
    check(&transactions, &(full.to_owned() + said), &[&["ready"], events].concat());
}

#[test]
fn the_server_may_say_421_at_any_moment() {
    check(&one(), "S: 421 busy", &["failed at connection: 421 busy (1 unsent)"]);
    broken_off(
        "S: 421 4.3.2 closing",
        &[
            "0 done: transient by MAIL FROM: 421 4.3.2 closing; transient by MAIL FROM: 421 4.3.2 \
             closing",
            "failed at MAIL FROM: 421 4.3.2 closing (1 unsent)",
        ],
    );
    broken_off(
        "S: 250 ok
         S: 550 no
         S: 421 closing",
        &[
            "0.0: 550 no",
            "0 done: permanent by RCPT TO: 550 no; transient by RCPT TO: 421 closing",
            "failed at RCPT TO: 421 closing (1 unsent)",
        ],
    );
}

#[test]
fn a_552_to_rcpt_is_transient_unless_it_says_why_and_elsewhere_permanent() {
    let refused = |stage, reply: &str| Outcome::Refused { stage, reply: reply.parse().unwrap() };
    let outcome = refused(Stage::Rcpt, "552 Too many recipients");
    assert!(outcome.is_transient());
    let outcome = refused(Stage::Rcpt, "552 5.5.3 Too many recipients");
    assert!(outcome.is_transient());
    assert_eq!(outcome.status().to_string(), "4.5.3");
    let outcome = refused(Stage::Rcpt, "552 5.2.2 Mailbox full");
    assert!(outcome.is_permanent());
    assert_eq!(outcome.status().to_string(), "5.2.2");
    let outcome = refused(Stage::EndOfData, "552 5.3.4 Too large");
    assert!(outcome.is_permanent());
    assert_eq!(outcome.status().to_string(), "5.3.4");
}

#[test]
fn a_lost_answer_to_the_end_of_data_is_told_as_such() {
    for (ending, failure) in [("EOF", "lost connection"), ("TIMEOUT", "timed out")] {
        broken_off(
            &format!(
                "S: 250 ok
                 S: 250 ok
                 S: 550 no
                 S: 354 go
                 C: Hi
                 C: .
                 S: {ending}"
            ),
            &[
                "0.0: 250 ok",
                "0.1: 550 no",
                &format!(
                    "0 done: transient by end of DATA: {failure}; permanent by RCPT TO: 550 no"
                ),
                &format!("failed at end of DATA: {failure} (1 unsent)"),
            ],
        );
    }
    let failure = Failure::Eof;
    assert!(Outcome::Unanswered { stage: Stage::EndOfData, failure }.may_be_delivered());
}

#[test]
fn the_stream_may_break_off_after_every_reply() {
    let replies = ["220 mx", "250-mx\r\n250 PIPELINING", "250 ok", "250 ok", "354 go", "250 ok"];
    let stages = ["connection", "EHLO", "MAIL FROM", "RCPT TO", "DATA", "end of DATA"];
    for (ending, failure) in [(Input::Eof, "lost connection"), (Input::Timeout, "timed out")] {
        for count in 0..replies.len() {
            let mut played = Played::new(ClientConfig::new("a"), one());
            for reply in &replies[..count] {
                played.handle(SimTime::ZERO, Input::Bytes(format!("{reply}\r\n").as_bytes()));
            }
            let deadline = played.session.deadline().expect("a reply is awaited");
            played.handle(deadline, ending);
            assert!(played.closed);
            assert_eq!(played.session.deadline(), None);
            let unsent = usize::from(count < 2);
            let last = format!("failed at {}: {failure} ({unsent} unsent)", stages[count]);
            assert_eq!(played.events.last(), Some(&last));
        }
    }
}

#[test]
fn replies_that_make_no_sense_end_the_session() {
    broken_off(
        "S: 354 go on",
        &[
            "0 done: transient by MAIL FROM: unexpected reply: 354 go on; transient by MAIL FROM: \
             unexpected reply: 354 go on",
            "failed at MAIL FROM: unexpected reply: 354 go on (1 unsent)",
        ],
    );
    check(
        &one(),
        "S: 220 mx
         C: EHLO client.example.org
         S: 354 go on
         C: QUIT
         S: 500 no",
        &["failed at EHLO: unexpected reply: 354 go on (1 unsent)"],
    );
}

#[test]
fn the_time_outs_are_those_of_postfix() {
    let mut played = Played::new(ClientConfig::new("a"), [one(), one()].concat());
    let mut expect = |reply: &str, secs| {
        played.handle(SimTime::ZERO, Input::Bytes(reply.as_bytes()));
        assert_eq!(played.session.deadline(), Some(SimTime::from_secs(secs)), "{reply}");
    };
    expect("", 300);
    expect("220 mx\r\n", 300);
    expect("250 mx\r\n", 300);
    expect("250 ok\r\n", 300);
    expect("250 ok\r\n", 120);
    expect("354 go\r\n", 600);
    expect("250 ok\r\n250 ok\r\n450 no\r\n", 300);
}

#[test]
fn transactions_can_be_added_until_the_end() {
    let mut played = Played {
        session: ClientSession::new(ClientConfig::new("a"), []),
        out: Outbox::new(),
        wire: Vec::new(),
        events: Vec::new(),
        closed: false,
    };
    let now = SimTime::ZERO;
    played.handle(now, Input::Opened);
    played.handle(now, Input::Bytes(b"220 mx\r\n250 mx\r\n"));
    assert!(played.session.is_idle());
    assert_eq!(played.session.deadline(), None);
    played.session.push(now, one().remove(0), &mut played.out).unwrap();
    played.take();
    assert!(!played.session.is_idle());
    assert!(played.session.deadline().is_some());
    played.handle(now, Input::Bytes(b"250 ok\r\n550 no\r\n"));
    assert!(played.session.is_idle());
    played.session.push(now, one().remove(0), &mut played.out).unwrap();
    played.handle(now, Input::Bytes(b"250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n"));
    played.session.finish(now, &mut played.out);
    assert!(played.session.push(now, one().remove(0), &mut played.out).is_err());
    played.handle(now, Input::Bytes(b"221 bye\r\n"));
    assert_eq!(played.events.last().unwrap(), "finished");
    let wire = String::from_utf8(played.wire).unwrap();
    assert_eq!(
        wire,
        "EHLO a\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.net>\r\nRSET\r\n\
         MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\nHi\r\n.\r\nQUIT\r\n"
    );
}

#[test]
fn an_idle_session_hears_that_the_server_closes() {
    let mut session = ClientSession::new(ClientConfig::new("a"), []);
    let mut out = Outbox::new();
    session.handle(SimTime::ZERO, Input::Opened, &mut out);
    let input = Input::Bytes(b"220 mx\r\n250 mx\r\n421 4.4.2 idle\r\n");
    session.handle(SimTime::ZERO, input, &mut out);
    let events: Vec<_> = out
        .drain()
        .filter_map(|output| match output {
            Output::Event(event) => Some(describe(&event)),
            _ => None,
        })
        .collect();
    assert_eq!(events, ["ready", "failed at no: 421 4.4.2 idle (0 unsent)"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_octets_never_panic(octets: Vec<u8>, cut in 1usize..9) {
        let mut played = Played::new(submitter(), one());
        for piece in octets.chunks(cut) {
            played.handle(SimTime::ZERO, Input::Bytes(piece));
        }
        played.handle(SimTime::ZERO, Input::Eof);
        prop_assert!(played.closed);
    }

    /// Whatever a server says, each transaction that was begun ends once, with an outcome for each
    /// recipient, and the others are handed back.
    #[test]
    fn no_recipient_is_forgotten(
        replies in prop::collection::vec(prop::sample::select(REPLIES.to_vec()), 0..25),
    ) {
        let transactions = vec![transaction(&["<a@b>", "<c@d>"], "Hi"); 3];
        let mut session = ClientSession::new(ClientConfig::new("a"), transactions);
        let mut out = Outbox::new();
        session.finish(SimTime::ZERO, &mut out);
        session.handle(SimTime::ZERO, Input::Opened, &mut out);
        for reply in replies {
            session.handle(SimTime::ZERO, Input::Bytes(reply.as_bytes()), &mut out);
        }
        session.handle(SimTime::ZERO, Input::Eof, &mut out);
        let mut accounted = 0;
        for output in out.drain() {
            match output {
                Output::Event(ClientEvent::TransactionDone { transaction, outcomes }) => {
                    prop_assert_eq!(transaction, accounted);
                    prop_assert_eq!(outcomes.len(), 2);
                    accounted += 1;
                }
                Output::Event(ClientEvent::Failed { unsent, .. }) => accounted += unsent.len(),
                _ => {}
            }
        }
        prop_assert_eq!(accounted, 3);
    }
}

const REPLIES: &[&str] = &[
    "220 mx\r\n",
    "250-mx\r\n250 PIPELINING\r\n",
    "250 ok\r\n",
    "250 ok\r\n",
    "250 ok\r\n",
    "354 go\r\n",
    "354 go\r\n",
    "421 closing\r\n",
    "450 later\r\n",
    "550 no\r\n",
    "503 what\r\n",
];

#[test]
fn a_reply_that_comes_piece_by_piece_is_waited_for_as_long_as_pieces_come() {
    let mut session = ClientSession::new(ClientConfig::new("client.example.org"), one());
    let mut out = Outbox::new();
    session.handle(SimTime::ZERO, Input::Opened, &mut out);
    for (number, octet) in b"220 mx".iter().enumerate() {
        let now = SimTime::from_secs(299 * (number as u64 + 1));
        session.handle(now, Input::Timeout, &mut out);
        session.handle(now, Input::Bytes(&[*octet]), &mut out);
        assert_eq!(session.deadline(), Some(now + Duration::from_secs(300)));
    }
    assert_eq!(session.stage(), Stage::Greeting);
    assert_eq!(out.drain().count(), 0);
    session.handle(SimTime::from_secs(299 * 6 + 300), Input::Timeout, &mut out);
    assert_eq!(session.stage(), Stage::Quit);
}
