//! Limits, time-outs, lost connections, and octets that no client would send.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::proto::smtp::reply::ReplyParser;

#[test]
fn sizes_are_judged_when_announced_and_when_received() {
    let owner = check_with(
        &ServerConfig { size_limit_octets: 20, ..ServerConfig::mta("mx") },
        "S: 220 mx ESMTP
         C: EHLO a
         S: 250-mx
         S: 250-PIPELINING
         S: 250-SIZE 20
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<a@b.example> SIZE=21
         S: 552 5.3.4 Error: message size exceeds fixed limit
         C: MAIL FROM:<a@b.example> SIZE=20
         S: 250 2.1.0 Ok
         C: RCPT TO:<b@b.example>
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: 0123456789
         C: 0123456789
         C: .
         S: 552 5.3.4 Error: message size exceeds fixed limit
         C: DATA
         S: 503 5.5.1 Error: need RCPT command",
    );
    assert!(owner.messages().is_empty());
    assert!(owner.events.contains(&ServerEvent::Reset));
}

#[test]
fn the_recipient_too_many_is_refused_for_now() {
    check_with(
        &ServerConfig { max_recipients: 1, ..ServerConfig::mta("mx") },
        "S: 220 mx ESMTP
         C: HELO a
         S: 250 mx
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<b@b.example>
         S: 250 2.1.5 Ok
         C: RCPT TO:<c@b.example>
         S: 452 4.5.3 Error: too many recipients
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>",
    );
}

#[test]
fn too_many_errors_end_the_session() {
    let owner = check_with(
        &ServerConfig {
            patience: Patience { hard_error_limit: 3, ..Patience::default() },
            ..ServerConfig::mta("mx")
        },
        "S: 220 mx ESMTP
         C: FOO
         S: 500 5.5.2 Error: command not recognized
         C: DATA
         S: 503 5.5.1 Error: need RCPT command
         C: MAIL
         S: 501 5.5.4 Syntax: MAIL FROM:<address>
         S: 421 4.7.0 mx Error: too many errors
         C: NOOP",
    );
    assert_eq!(owner.events, [ServerEvent::Closed(CloseReason::Misbehaved)]);
}

#[test]
fn an_unwelcome_client_can_only_quit() {
    let greeting =
        Greeting::Refuse(Reply::new(554, EnhancedStatus::new(5, 7, 1), "No SMTP service here"));
    check_with(
        &ServerConfig { greeting, ..ServerConfig::mta("mx") },
        "S: 554 5.7.1 No SMTP service here
         C: EHLO a
         S: 503 5.5.1 Error: no service, send QUIT
         C: QUIT
         S: 221 2.0.0 Bye",
    );
    let greeting = Greeting::Refuse(Reply::new(421, EnhancedStatus::new(4, 3, 2), "Busy"));
    let owner =
        check_with(&ServerConfig { greeting, ..ServerConfig::mta("mx") }, "S: 421 4.3.2 Busy");
    assert!(owner.closed);
}

#[test]
fn a_verdict_of_421_closes() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO a
         S: 250 mx.example.net
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<closing@b.example>
         S: 421 4.3.2 Service not available
         C: RSET",
    );
    assert_eq!(owner.events.last(), Some(&ServerEvent::Closed(CloseReason::Refused)));
}

#[test]
fn a_line_too_long_is_refused_once() {
    let long = "A".repeat(LINE_LIMIT - 1);
    let fits = format!("NOOP {}", "A".repeat(LINE_LIMIT - 7));
    let stream = format!("{long}\r\n{fits}\r\nNOOP\r\n");
    for cut in [1, 1000, LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1, stream.len()] {
        let mut owner = Owner::new(config());
        owner.handle(SimTime::ZERO, Input::Opened);
        owner.wire.clear();
        for piece in stream.as_bytes().chunks(cut) {
            owner.handle(SimTime::ZERO, Input::Bytes(piece));
        }
        let replies = String::from_utf8(owner.wire).unwrap();
        assert_eq!(
            replies, "500 5.5.2 Error: line too long\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n",
            "cut every {cut}"
        );
    }
}

#[test]
fn silence_is_answered_with_421() {
    let mut owner = Owner::new(config());
    let at = |secs| SimTime::from_secs(secs);
    assert_eq!(owner.session.deadline(), None);
    owner.handle(at(1), Input::Opened);
    assert_eq!(owner.session.deadline(), Some(at(301)));
    owner.handle(at(200), Input::Bytes(b"NOOP"));
    assert_eq!(owner.session.deadline(), Some(at(301)), "half a line is no command");
    owner.handle(at(210), Input::Bytes(b"\r\nHELO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n"));
    assert_eq!(owner.session.deadline(), Some(at(510)));
    owner.handle(at(500), Input::Bytes(b"text"));
    assert_eq!(owner.session.deadline(), Some(at(800)));
    owner.handle(at(799), Input::Timeout);
    assert!(!owner.closed, "too early");
    owner.handle(at(800), Input::Timeout);
    assert!(owner.wire.ends_with(b"421 4.4.2 mx.example.net Error: timeout exceeded\r\n"));
    assert!(owner.closed);
    assert_eq!(owner.session.deadline(), None);
}

#[test]
fn a_lost_connection_is_told_and_a_late_answer_has_no_effect() {
    let mut owner = Owner::new(config());
    owner.handle(SimTime::ZERO, Input::Opened);
    owner.silent = true;
    owner.handle(SimTime::ZERO, Input::Bytes(b"HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n"));
    assert!(owner.session.is_asking());
    assert_eq!(owner.session.deadline(), None, "the client owes nothing");
    owner.handle(SimTime::ZERO, Input::Eof);
    assert_eq!(owner.events.last(), Some(&ServerEvent::Closed(CloseReason::Eof)));
    owner.session.answer(SimTime::ZERO, Verdict::Accept, &mut owner.out);
    assert_eq!(owner.out.drain().count(), 0);
}

#[test]
fn an_early_talker_is_borne_with() {
    let mut owner = Owner::new(config());
    owner.handle(SimTime::ZERO, Input::Bytes(b"NOOP\r\nNO"));
    owner.handle(SimTime::ZERO, Input::Opened);
    owner.handle(SimTime::ZERO, Input::Bytes(b"OP\r\n"));
    assert_eq!(owner.wire, b"220 mx.example.net ESMTP\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n");
}

#[test]
fn what_waits_for_an_answer_is_bounded() {
    let mut owner = Owner::new(ServerConfig { chunking: false, ..config() });
    owner.handle(SimTime::ZERO, Input::Opened);
    owner.silent = true;
    owner.handle(SimTime::ZERO, Input::Bytes(b"HELO a\r\nMAIL FROM:<>\r\n"));
    let flood = b"NOOP\r\n".repeat(1000);
    for _ in 0..100 {
        if !owner.closed {
            owner.session.handle(SimTime::ZERO, Input::Bytes(&flood), &mut owner.out);
            assert!(owner.session.unread.len() <= UNREAD_LIMIT);
            owner.closed = owner.out.drain().any(|output| output == Output::Close);
        }
    }
    assert!(owner.closed);
}

#[test]
fn recipients_beyond_the_limit_leave_the_others_their_message() {
    let mut owner = with_recipients(1900);
    assert_eq!(memchr::memmem::find_iter(&owner.wire, b"452 4.5.3").count(), 900);
    owner.handle(SimTime::ZERO, Input::Bytes(b"DATA\r\n.\r\n"));
    assert_eq!(owner.messages()[0].envelope.recipients.len(), 1000);
}

#[test]
fn ten_thousand_recipients_are_too_many() {
    let mut owner = with_recipients(10_000);
    owner.wait(SimTime::ZERO);
    assert_eq!(memchr::memmem::find_iter(&owner.wire, b"452 4.5.3").count(), 1020);
    assert!(owner.wire.ends_with(b"421 4.7.0 mx.example.net Error: too many errors\r\n"));
}

fn with_recipients(count: usize) -> Owner {
    let mut stream = b"HELO a\r\nMAIL FROM:<>\r\n".to_vec();
    for i in 0..count {
        stream.extend_from_slice(format!("RCPT TO:<u{i}@b.example>\r\n").as_bytes());
    }
    let mut owner = Owner::new(config());
    owner.handle(SimTime::ZERO, Input::Opened);
    for piece in stream.chunks(1460) {
        owner.handle(SimTime::ZERO, Input::Bytes(piece));
    }
    owner
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_octets_never_panic(octets: Vec<u8>, cut in 1usize..9) {
        let mut owner = Owner::new(config());
        owner.handle(SimTime::ZERO, Input::Opened);
        for piece in octets.chunks(cut) {
            owner.handle(SimTime::ZERO, Input::Bytes(piece));
        }
        let now = owner.wait(SimTime::ZERO);
        owner.handle(now + Duration::from_secs(1000), Input::Timeout);
        let mut replies = ReplyParser::new();
        let mut wire = &owner.wire[..];
        while !wire.is_empty() {
            prop_assert!(replies.next(&mut wire).expect("replies parse").is_some());
        }
    }

    #[test]
    fn lines_in_any_order_are_answered_alike_for_every_cut(
        lines in prop::collection::vec(prop::sample::select(LINES.to_vec()), 0..15),
        cut in 1usize..60,
    ) {
        let stream = lines.concat();
        let play = |cut: usize| {
            let mechanisms = vec![Mechanism::Plain, Mechanism::Login, Mechanism::CramMd5];
            let mut owner = Owner::new(ServerConfig { mechanisms, ..config() });
            owner.handle(SimTime::ZERO, Input::Opened);
            for piece in stream.as_bytes().chunks(cut) {
                owner.handle(SimTime::ZERO, Input::Bytes(piece));
            }
            owner.wait(SimTime::ZERO);
            (owner.wire, owner.events)
        };
        prop_assert_eq!(play(cut), play(stream.len().max(1)));
    }
}

const LINES: &[&str] = &[
    "EHLO a\r\n",
    "HELO a\r\n",
    "MAIL FROM:<a@b>\r\n",
    "MAIL FROM:<> SIZE=99999999999\r\n",
    "RCPT TO:<a@b>\r\n",
    "RCPT TO:<unknown@b>\r\n",
    "DATA\r\n",
    ".\r\n",
    "text\r\n..\r\n",
    "\r",
    "\n",
    "AUTH PLAIN\r\n",
    "AUTH LOGIN dGVzdA==\r\n",
    "AHRlc3QAc2VjcmV0\r\n",
    "c2VjcmV0\r\n",
    "*\r\n",
    "RSET\r\n",
    "NOOP\r\n",
    "BDAT 4\r\n",
    "BDAT 10\r\n",
    "BDAT 6 LAST\r\n",
    "BDAT 0 LAST\r\n",
    "BDAT 99999999\r\n",
    "VRFY é SMTPUTF8\r\n",
    "AUTH CRAM-MD5\r\n",
    "AUTH SCRAM-SHA-256 biwsbj10ZXN0LHI9YWJj\r\n",
    "QUIT\r\n",
];
