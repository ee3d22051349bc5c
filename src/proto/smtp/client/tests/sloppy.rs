//! Servers that end lines with a bare LF, talk early, say too much, or nonsense.

use proptest::prelude::*;

use super::*;

#[test]
fn bare_lf_and_replies_without_text_are_read() {
    check(
        &one(),
        "L: 220
         C: EHLO client.example.org
         L: 250-mx
         S: 250-SIZE
         L: 250 8BITMIME
         C: MAIL FROM:<alice@example.org> SIZE=4
         L: 250
         C: RCPT TO:<bob@example.net>
         S: 250\\s
         C: DATA
         L: 354
         C: Hi
         C: .
         L: 250
         C: QUIT
         L: 221",
        &["ready", "0.0: 250", "0 done: delivered by end of DATA: 250", "finished"],
    );
}

#[test]
fn without_pipelining_lines_that_are_no_reply_are_passed_over() {
    check(
        &one(),
        "S: Welcome!
         S: * OK this is no SMTP
         S: 220 but this is
         C: EHLO client.example.org
         S: 250-mx
         S: 2500 octets
         S: 250 8BITMIME
         C: MAIL FROM:<alice@example.org>
         S:
         S: 250 ok
         C: RCPT TO:<bob@example.net>
         S: 999 who are you?
         S: 550 no
         C: QUIT
         S: bye
         S: 221",
        &["ready", "0.0: 550 no", "0 done: permanent by RCPT TO: 550 no", "finished"],
    );
}

#[test]
fn with_pipelining_they_end_the_session() {
    check(
        &one(),
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 PIPELINING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<bob@example.net>
         C: DATA
         S: 250 ok
         S: warning: you are 1st in the queue",
        &[
            "ready",
            "0 done: transient by RCPT TO: not an SMTP reply: warning: you are 1st in the queue",
            "failed at RCPT TO: not an SMTP reply: warning: you are 1st in the queue (0 unsent)",
        ],
    );
}

#[test]
fn nonsense_without_end_runs_into_the_time_out() {
    let mut played = Played::new(ClientConfig::new("a"), one());
    let deadline = played.session.deadline();
    for _ in 0..10_000 {
        played.handle(SimTime::from_secs(1), Input::Bytes(b"ni!\r\n"));
    }
    assert_eq!(played.session.deadline(), deadline);
    played.handle(SimTime::from_secs(300), Input::Timeout);
    assert_eq!(played.events, ["failed at connection: timed out (1 unsent)"]);
}

#[test]
fn of_what_is_too_long_the_beginning_counts() {
    let mut played = Played::new(ClientConfig::new("a"), one());
    let long = "x".repeat(5000);
    let said = format!("220 {long}\r\n250 mx\r\n550 {long}\r\n");
    played.handle(SimTime::ZERO, Input::Bytes(said.as_bytes()));
    assert_eq!(played.session.stage(), Stage::Quit);
    assert!(played.events[1].starts_with("0 done: permanent by MAIL FROM: 550 xxx"));
    for endless in ["220-again\r\n", "220 endless"] {
        let mut played = Played::new(ClientConfig::new("a"), one());
        for _ in 0..10_000 {
            played.handle(SimTime::ZERO, Input::Bytes(endless.as_bytes()));
        }
        assert_eq!(played.session.stage(), Stage::Greeting);
        played.handle(SimTime::from_secs(300), Input::Timeout);
        assert_eq!(played.events, ["failed at connection: timed out (1 unsent)"]);
    }
}

#[test]
fn replies_that_come_early_are_taken_for_what_is_asked_next() {
    let mut played = Played::new(ClientConfig::new("a"), one());
    let all = b"220 mx\r\n250 mx\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n221 bye\r\n";
    played.handle(SimTime::ZERO, Input::Bytes(all));
    assert_eq!(played.events.last().map(String::as_str), Some("finished"));
    // One that answers nothing ends a session that waits for work.
    let mut session = ClientSession::new(ClientConfig::new("a"), []);
    let mut out = Outbox::new();
    session.handle(SimTime::ZERO, Input::Opened, &mut out);
    session.handle(SimTime::ZERO, Input::Bytes(b"220 mx\r\n250 mx\r\n250 ok\r\n"), &mut out);
    let unexpected = out.drain().any(|output| {
        matches!(output, Output::Event(ClientEvent::Failed { failure: Failure::Unexpected(_), .. }))
    });
    assert!(unexpected);
}

#[test]
fn too_many_recipients_are_told_one_by_one_as_transient() {
    check(
        &[transaction(&["<a@b>", "<c@b>", "<d@b>"], "Hi\r\n")],
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 PIPELINING
         C: MAIL FROM:<alice@example.org>
         C: RCPT TO:<a@b>
         C: RCPT TO:<c@b>
         C: RCPT TO:<d@b>
         C: DATA
         S: 250 ok
         S: 250 ok
         S: 452 4.5.3 Too many recipients
         S: 552 Too many recipients
         S: 354 go
         C: Hi
         C: .
         S: 250 taken
         C: QUIT
         S: 221",
        &[
            "ready",
            "0.0: 250 ok",
            "0.1: 452 4.5.3 Too many recipients",
            "0.2: 552 Too many recipients",
            "0 done: delivered by end of DATA: 250 taken; transient by RCPT TO: 452 4.5.3 Too \
             many recipients; transient by RCPT TO: 552 Too many recipients",
            "finished",
        ],
    );
}

#[test]
fn a_refusal_of_data_is_of_all_who_were_accepted() {
    check(
        &[transaction(&["<a@b>", "<c@b>"], "Hi\r\n")],
        "S: 220 mx
         C: EHLO client.example.org
         S: 250 mx
         C: MAIL FROM:<alice@example.org>
         S: 250 ok
         C: RCPT TO:<a@b>
         S: 451 later
         C: RCPT TO:<c@b>
         S: 250 ok
         C: DATA
         S: 550 5.7.1 no
         C: QUIT
         S: 221",
        &[
            "ready",
            "0.0: 451 later",
            "0.1: 250 ok",
            "0 done: transient by RCPT TO: 451 later; permanent by DATA: 550 5.7.1 no",
            "finished",
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever comes, a session that waits for something does not wait for ever.
    #[test]
    fn nothing_hangs(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..20),
        lmtp: bool,
        tls: bool,
        chunks: bool,
        credentials: bool,
    ) {
        let config = ClientConfig {
            protocol: if lmtp { Protocol::Lmtp } else { Protocol::Smtp },
            tls: if tls { TlsPolicy::May } else { TlsPolicy::Never },
            chunk_octets: std::num::NonZeroUsize::new(usize::from(chunks)),
            credentials: credentials.then(|| Credentials::new("test", "secret")),
            ..ClientConfig::new("a")
        };
        let mut played = Played::new(config, vec![transaction(&["<a@b>", "<c@d>"], "Hi\r\n"); 2]);
        for piece in pieces {
            if piece == "TLS" {
                played.act(&Act::Secures);
            } else {
                played.act(&Act::Says(piece.as_bytes().to_vec()));
            }
        }
        let mut left = 3;
        while let Some(deadline) = played.session.deadline() {
            played.handle(deadline, Input::Timeout);
            left -= 1;
            prop_assert!(left > 0);
        }
        prop_assert!(played.closed);
    }
}

const PIECES: &[&str] = &[
    "220 mx\r\n",
    "250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-AUTH LOGIN\r\n250 STARTTLS\r\n",
    "250 ok\r\n",
    "250 ok\r\n",
    "250 ok\n",
    "250-ok\r\n",
    "354 go\r\n",
    "334 \r\n",
    "454 no\r\n",
    "550",
    "TLS",
    "\r\n",
    "\0\u{ff}",
];
