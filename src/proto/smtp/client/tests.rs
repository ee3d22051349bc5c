//! Dialogues of the client session, each replayed with the server's stream cut everywhere.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::proto::Output;
use crate::proto::sasl::Credentials;
use crate::proto::smtp::address::ReversePath;

/// A client with everything that has come of it, one line an event.
struct Played {
    session: ClientSession,
    out: Outbox,
    wire: Vec<u8>,
    events: Vec<String>,
    closed: bool,
}

impl Played {
    fn new(config: ClientConfig, transactions: Vec<Transaction>) -> Self {
        let mut played = Played {
            session: ClientSession::new(config, transactions),
            out: Outbox::new(),
            wire: Vec::new(),
            events: Vec::new(),
            closed: false,
        };
        played.session.finish(SimTime::ZERO, &mut played.out);
        played.handle(SimTime::ZERO, Input::Opened);
        played
    }

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        self.session.handle(now, input, &mut self.out);
        self.take();
    }

    fn take(&mut self) {
        for output in self.out.drain() {
            assert!(!self.closed, "nothing comes after the close");
            match output {
                Output::Send(octets) => self.wire.extend_from_slice(&octets),
                Output::Event(event) => self.events.push(describe(&event)),
                Output::Close => self.closed = true,
                Output::Abort => panic!("the client does not abort"),
            }
        }
    }
}

fn describe(event: &ClientEvent) -> String {
    match event {
        ClientEvent::Authenticated => "authenticated".into(),
        ClientEvent::Ready(_) => "ready".into(),
        ClientEvent::RecipientAnswered { transaction, index, reply } => {
            format!("{transaction}.{index}: {reply}")
        }
        ClientEvent::TransactionDone { transaction, outcomes } => {
            let outcomes: Vec<_> = outcomes.iter().map(describe_outcome).collect();
            format!("{transaction} done: {}", outcomes.join("; "))
        }
        ClientEvent::Failed { stage, failure, unsent } => {
            format!("failed at {stage}: {failure} ({} unsent)", unsent.len())
        }
        ClientEvent::Finished => "finished".into(),
    }
}

fn describe_outcome(outcome: &Outcome) -> String {
    let what = match (outcome.is_delivered(), outcome.is_permanent()) {
        (true, _) => "delivered",
        (_, true) => "permanent",
        (_, false) => "transient",
    };
    let stage = outcome.stage().map_or("nothing".to_owned(), |stage| stage.to_string());
    match outcome {
        Outcome::Delivered { reply } | Outcome::Refused { reply, .. } => {
            format!("{what} by {stage}: {reply}")
        }
        Outcome::Unanswered { failure, .. } => format!("{what} by {stage}: {failure}"),
        Outcome::Unsendable { status, text } => format!("{what} by {stage}: {status} {text}"),
    }
}

fn transaction(to: &[&str], text: &str) -> Transaction {
    Transaction::new(
        "<alice@example.org>".parse::<ReversePath>().unwrap(),
        to.iter().map(|to| to.parse().unwrap()),
        Bytes::from(text.to_owned()),
    )
}

/// `Hi` to bob.
fn one() -> Vec<Transaction> {
    vec![transaction(&["<bob@example.net>"], "Hi\r\n")]
}

fn check(transactions: &[Transaction], dialogue: &str, events: &[&str]) {
    check_with(&ClientConfig::new("client.example.org"), transactions, dialogue, events);
}

/// Plays lines `S: ...` to the client and expects lines `C: ...` just where they stand, and the
/// events at the end; then again with other cuts, and expects the same.
///
/// `S: EOF` and `S: TIMEOUT` stand for these inputs.
fn check_with(
    config: &ClientConfig,
    transactions: &[Transaction],
    dialogue: &str,
    events: &[&str],
) {
    let end = SimTime::from_secs(100_000);
    let mut lockstep = Played::new(config.clone(), transactions.to_vec());
    let (mut stream, mut ending, mut read) = (Vec::new(), None, 0);
    for line in dialogue.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let (side, text) = line.split_at(2);
        let text = text.strip_prefix(' ').unwrap_or(text);
        let wire = text.replace("\\s", " ") + "\r\n";
        if side == "C:" {
            let left = &lockstep.wire[read..];
            let end = memchr::memchr(b'\n', left).map_or(left.len(), |at| at + 1);
            assert_eq!(String::from_utf8_lossy(&left[..end]), wire);
            read += end;
            continue;
        }
        assert_eq!(side, "S:");
        let said = String::from_utf8_lossy(&lockstep.wire[read..]).into_owned();
        assert_eq!(said, "", "unexpected before {line:?}");
        match text {
            "EOF" => ending = Some(Input::Eof),
            "TIMEOUT" => ending = Some(Input::Timeout),
            _ => {
                lockstep.handle(SimTime::ZERO, Input::Bytes(wire.as_bytes()));
                stream.extend_from_slice(wire.as_bytes());
            }
        }
        if let Some(ending) = ending {
            lockstep.handle(end, ending);
        }
    }
    assert_eq!(String::from_utf8_lossy(&lockstep.wire[read..]), "", "unexpected at the end");
    assert_eq!(lockstep.events, events);
    assert_eq!(lockstep.session.deadline().is_none(), lockstep.closed);
    let replay = |pieces: Vec<&[u8]>| {
        let mut played = Played::new(config.clone(), transactions.to_vec());
        for piece in pieces {
            played.handle(SimTime::ZERO, Input::Bytes(piece));
        }
        if let Some(ending) = ending {
            played.handle(end, ending);
        }
        assert_eq!(played.wire, lockstep.wire);
        assert_eq!(played.events, lockstep.events);
        assert_eq!(played.closed, lockstep.closed);
    };
    replay(stream.chunks(1).collect());
    for cut in 0..=stream.len() {
        replay(vec![&stream[..cut], &stream[cut..]]);
    }
}

#[test]
fn a_typical_transaction_as_in_appendix_d_1_of_rfc_5321() {
    let to = ["<Jones@foo.com>", "<Green@foo.com>", "<Brown@foo.com>"];
    check(
        &[transaction(&to, "Blah blah blah...\r\n.etc. etc. etc.\r\n")],
        "S: 220 foo.com Simple Mail Transfer Service Ready
         C: EHLO client.example.org
         S: 250-foo.com greets bar.com
         S: 250-8BITMIME
         S: 250-SIZE
         S: 250-DSN
         S: 250 HELP
         C: MAIL FROM:<alice@example.org> SIZE=36
         S: 250 OK
         C: RCPT TO:<Jones@foo.com>
         S: 250 OK
         C: RCPT TO:<Green@foo.com>
         S: 550 No such user here
         C: RCPT TO:<Brown@foo.com>
         S: 250 OK
         C: DATA
         S: 354 Start mail input; end with <CRLF>.<CRLF>
         C: Blah blah blah...
         C: ..etc. etc. etc.
         C: .
         S: 250 OK
         C: QUIT
         S: 221 foo.com Service closing transmission channel",
        &[
            "ready",
            "0.0: 250 OK",
            "0.1: 550 No such user here",
            "0.2: 250 OK",
            "0 done: delivered by end of DATA: 250 OK; permanent by RCPT TO: 550 No such user \
             here; delivered by end of DATA: 250 OK",
            "finished",
        ],
    );
}

#[test]
fn pipelining_sends_the_envelope_in_one_piece_as_in_rfc_2920() {
    check(
        &[
            transaction(&["<ned@innosoft.com>", "<dan@innosoft.com>"], "Hi"),
            transaction(&["<\"a b\"@innosoft.com>"], "é\r\n"),
        ],
        "S: 220 innosoft.com SMTP service ready
         C: EHLO client.example.org
         S: 250-innosoft.com
         S: 250-8BITMIME
         S: 250 PIPELINING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<ned@innosoft.com>
         C: RCPT TO:<dan@innosoft.com>
         C: DATA
         S: 250 sender <alice@example.org> OK
         S: 250 recipient <ned@innosoft.com> OK
         S: 452 4.2.2 Mailbox full
         S: 354 enter mail, end with line containing only \".\"
         C: Hi
         C: .
         S: 250 2.6.0 message sent
         C: MAIL FROM:<alice@example.org> BODY=8BITMIME
         C: RCPT TO:<\"a b\"@innosoft.com>
         C: DATA
         S: 250 OK
         S: 250 OK
         S: 354 go on
         C: é
         C: .
         S: 554-5.6.0 No
         S: 554 5.6.0 thanks
         C: QUIT
         S: 221 goodbye",
        &[
            "ready",
            "0.0: 250 recipient <ned@innosoft.com> OK",
            "0.1: 452 4.2.2 Mailbox full",
            "0 done: delivered by end of DATA: 250 2.6.0 message sent; transient by RCPT TO: 452 \
             4.2.2 Mailbox full",
            "1.0: 250 OK",
            "1 done: permanent by end of DATA: 554 5.6.0 No thanks",
            "finished",
        ],
    );
}

#[test]
fn without_a_recipient_left_a_lone_dot_ends_pipelined_data() {
    check(
        &one(),
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 PIPELINING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 250 OK
         S: 550 no
         S: 354 go on
         C: .
         S: 554 no valid recipients
         C: QUIT
         S: 221 bye",
        &["ready", "0.0: 550 no", "0 done: permanent by RCPT TO: 550 no", "finished"],
    );
}

#[test]
fn what_the_server_still_has_open_is_reset_before_the_next() {
    let transactions = [one(), one(), one()].concat();
    check(
        &transactions,
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 PIPELINING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 250 OK
         S: 550 no
         S: 503 no recipients
         C: RSET
         S: 250 OK
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 451 4.7.1 later
         S: 503 no MAIL
         S: 503 no MAIL
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 250 OK
         S: 250 OK
         S: 451 disk full
         C: QUIT
         S: 221 bye",
        &[
            "ready",
            "0.0: 550 no",
            "0 done: permanent by RCPT TO: 550 no",
            "1 done: transient by MAIL FROM: 451 4.7.1 later",
            "2.0: 250 OK",
            "2 done: transient by DATA: 451 disk full",
            "finished",
        ],
    );
}

#[test]
fn an_old_server_is_greeted_with_helo() {
    check(
        &[one(), vec![transaction(&["<bob@example.net>"], "é")], one()].concat(),
        "S: 220-mx
         S: 220 hello
         C: EHLO client.example.org
         S: 502 what?
         C: HELO client.example.org
         S: 250 mx
         C: MAIL FROM:<alice@example.org>
         S: 550 5.7.1 no
         C: MAIL FROM:<alice@example.org>
         S: 250 ok
         C: RCPT TO:<bob@example.net>
         S: 450 later
         C: QUIT
         S: 221",
        &[
            "ready",
            "0 done: permanent by MAIL FROM: 550 5.7.1 no",
            "1 done: permanent by nothing: 5.6.3 8-bit text for a server without 8BITMIME",
            "2.0: 450 later",
            "2 done: transient by RCPT TO: 450 later",
            "finished",
        ],
    );
}

#[test]
fn what_is_too_large_for_the_server_is_not_sent() {
    check(
        &[transaction(&["<a@b>", "<c@d>"], "12345\r\n"), transaction(&[], "")],
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 SIZE 6
         C: QUIT
         S: EOF",
        &[
            "ready",
            "0 done: permanent by nothing: 5.3.4 message size 7 exceeds size limit 6 of server; \
             permanent by nothing: 5.3.4 message size 7 exceeds size limit 6 of server",
            "1 done: ",
            "finished",
        ],
    );
}

fn submitter() -> ClientConfig {
    ClientConfig {
        credentials: Some(Credentials::new("test", "secret")),
        ..ClientConfig::new("laptop")
    }
}

#[test]
fn plain_is_tried_first_with_an_initial_response() {
    check_with(
        &submitter(),
        &one(),
        "S: 220 smtp
         C: EHLO laptop
         S: 250-smtp
         S: 250 AUTH GSSAPI LOGIN PLAIN
         C: AUTH PLAIN AHRlc3QAc2VjcmV0
         S: 334\\s
         C: *
         S: 501 5.7.0 cancelled
         C: QUIT
         S: 221 bye",
        &["failed at AUTH: 501 5.7.0 cancelled (1 unsent)"],
    );
}

#[test]
fn login_answers_two_questions() {
    check_with(
        &submitter(),
        &[],
        "S: 220 smtp
         C: EHLO laptop
         S: 250-smtp
         S: 250 AUTH LOGIN
         C: AUTH LOGIN
         S: 334 VXNlcm5hbWU6
         C: dGVzdA==
         S: 334 UGFzc3dvcmQ6
         C: c2VjcmV0
         S: 235 2.7.0 welcome
         C: QUIT
         S: 221 bye",
        &["authenticated", "ready", "finished"],
    );
}

#[test]
fn without_a_mechanism_in_common_nothing_is_sent() {
    check_with(
        &submitter(),
        &one(),
        "S: 220 smtp
         C: EHLO laptop
         S: 250-smtp
         S: 250 AUTH GSSAPI
         C: QUIT
         S: TIMEOUT",
        &["failed at AUTH: no authentication mechanism in common (1 unsent)"],
    );
}

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
         C: QUIT
         S: 221 bye",
        &["failed at EHLO: 450 4.3.2 not now (1 unsent)"],
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
    for (ending, failure) in [
        (Input::Eof, "lost connection"),
        (Input::Timeout, "timed out"),
        (Input::Bytes(b"what?\r\n"), "not an SMTP reply: what?"),
    ] {
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
