//! Dialogues, in one piece and cut at every octet.

use bytes::Bytes;
use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::report::transcript::text;

/// What is told of a dialogue of `C: ` and `S: ` lines; each ends in CRLF. The client's stream and
/// the server's are fed in runs, and again octet by octet, with the same result.
fn tell(port: u16, dialogue: &str) -> String {
    let mut runs: Vec<(Side, Vec<u8>)> = Vec::new();
    for line in dialogue.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let (side, text) = match line.split_at(2) {
            ("C:", text) => (Side::Client, text),
            ("S:", text) => (Side::Server, text),
            _ => panic!("neither C: nor S: {line}"),
        };
        let text = text.strip_prefix(' ').unwrap_or(text);
        let octets = [text.as_bytes(), b"\r\n"].concat();
        match runs.last_mut() {
            Some((last, all)) if *last == side => all.extend(octets),
            _ => runs.push((side, octets)),
        }
    }
    let read = |pieces: &mut dyn FnMut(&[u8]) -> Vec<Bytes>| {
        let mut dissector = Dissector::for_port(port);
        let mut told = String::new();
        for (side, octets) in &runs {
            for piece in pieces(octets) {
                dissector.octets(*side, &piece, &mut show(&mut told));
            }
        }
        dissector.end(Side::Client, &mut show(&mut told));
        dissector.end(Side::Server, &mut show(&mut told));
        told
    };
    let whole = read(&mut |octets| vec![Bytes::copy_from_slice(octets)]);
    let cut =
        read(&mut |octets| octets.iter().map(|octet| Bytes::copy_from_slice(&[*octet])).collect());
    assert_eq!(whole, cut, "cut at every octet");
    whole
}

/// Adds what is told.
fn show(told: &mut String) -> impl FnMut(Unit<'_>) {
    |unit| {
        let sender = match unit.sender {
            Side::Client => "C",
            Side::Server => "S",
        };
        *told += &format!("{sender} {:<12} ", unit.kind);
        *told += &text::string(|out| unit.text.push_to(out));
        *told += "\n";
        unit.rest.each_detail(&mut |detail| {
            *told += format!("  | {}", text::string(|out| detail.push_to(out))).trim_end();
            *told += "\n";
        });
    }
}

#[test]
fn smtp_with_pipelining_credentials_and_a_message() {
    assert_snapshot!(tell(587, r"
        S: 220 smtp.example.org ESMTP
        C: EHLO laptop.example.org
        S: 250-smtp.example.org
        S: 250-PIPELINING
        S: 250 AUTH PLAIN LOGIN
        C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
        S: 535 5.7.8 no
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: YWxpY2U=
        S: 334 UGFzc3dvcmQ6
        C: c2VjcmV0
        S: 235 2.7.0 ok
        C: MAIL FROM:<alice@example.org>
        C: RCPT TO:<bob@example.com>
        C: DATA
        S: 250 ok
        S: 250 ok
        S: 354 go on
        C: Received: from laptop.example.org
        C:   by smtp.example.org; Mon, 5 Jan 2026 09:00:00 +0000
        C: Subject: Hello
        C:
        C: ..one dot
        C: 354 is no reply
        C: .
        S: 250 2.0.0 queued
        C: QUIT
        S: 221 bye
    "), @r"
    S reply        220 smtp.example.org ESMTP
    C command      EHLO laptop.example.org
    S reply        250-smtp.example.org
      | 250-PIPELINING
      | 250 AUTH PLAIN LOGIN
    C command      AUTH PLAIN AGFsaWNlAHNlY3JldA==  (\0alice\0secret)
    S reply        535 5.7.8 no
    C command      AUTH LOGIN
    S reply        334 VXNlcm5hbWU6  (Username:)
    C credentials  YWxpY2U=  (alice)
    S reply        334 UGFzc3dvcmQ6  (Password:)
    C credentials  c2VjcmV0  (secret)
    S reply        235 2.7.0 ok
    C command      MAIL FROM:<alice@example.org>
    C command      RCPT TO:<bob@example.com>
    C command      DATA
    S reply        250 ok
    S reply        250 ok
    S reply        354 go on
    C message      message, 135 octets, Subject: Hello
      | Received: from laptop.example.org
      |   by smtp.example.org; Mon, 5 Jan 2026 09:00:00 +0000
      | Subject: Hello
      |
      | .one dot
      | 354 is no reply
    S reply        250 2.0.0 queued
    C command      QUIT
    S reply        221 bye
    ");
}

#[test]
fn smtp_chunks_are_one_message() {
    assert_snapshot!(tell(25, r"
        S: 220 mx.example.com ESMTP
        C: MAIL FROM:<alice@example.org>
        C: RCPT TO:<bob@example.com>
        C: BDAT 16
        C: Subject: Hello
        C: BDAT 9 LAST
        C:
        C: Hello
        C: RSET
        C: BDAT x LAST
        S: 250 ok
        S: 250 ok
        S: 250 ok
        S: 250 ok, 25 octets
        S: 250 ok
        S: 501 no
        C: BDAT 100
        C: cut off
    "), @"
    S reply        220 mx.example.com ESMTP
    C command      MAIL FROM:<alice@example.org>
    C command      RCPT TO:<bob@example.com>
    C command      BDAT 16
    C command      BDAT 9 LAST
    C message      message, 25 octets, Subject: Hello
      | Subject: Hello
      |
      | Hello
    C command      RSET
    C command      BDAT x LAST
    S reply        250 ok
    S reply        250 ok
    S reply        250 ok
    S reply        250 ok, 25 octets
    S reply        250 ok
    S reply        501 no
    C command      BDAT 100
    C incomplete   incomplete chunk, 91 octets missing
    ");
}

#[test]
fn smtp_data_that_is_refused_is_followed_by_commands() {
    assert_snapshot!(tell(25, r"
        S: 220 mx.example.com ESMTP
        C: DATA
        S: 503 5.5.1 RCPT first
        C: RSET
        S: 250 ok
    "), @"
    S reply        220 mx.example.com ESMTP
    C command      DATA
    S reply        503 5.5.1 RCPT first
    C command      RSET
    S reply        250 ok
    ");
}

#[test]
fn pop3_lists_and_messages() {
    assert_snapshot!(tell(110, r"
        S: +OK <1896.697170952@pop.example.com>
        C: AUTH PLAIN
        S: +
        C: AGJvYgBzZWNyZXQ=
        S: +OK
        C: LIST
        C: LIST 1
        C: RETR 1
        C: RETR 2
        S: +OK 1 message
        S: 1 120
        S: .
        S: +OK 1 120
        S: +OK 120 octets
        S: Subject: Hello
        S: 
        S: a
        S: ..
        S: b
        S: c
        S: a line that is long enough for the rest of the message to be told of and not shown
        S: e
        S: .
        S: -ERR no such message
        C: QUIT
        S: +OK bye
    "), @r"
    S response     +OK <1896.697170952@pop.example.com>
    C command      AUTH PLAIN
    S response     +
    C credentials  AGJvYgBzZWNyZXQ=  (\0bob\0secret)
    S response     +OK
    C command      LIST
    C command      LIST 1
    C command      RETR 1
    C command      RETR 2
    S response     +OK 1 message
      | 1 120
    S response     +OK 1 120
    S message      +OK 120 octets
      | Subject: Hello
      |
      | a
      | .
      | b
      | c
      | … 87 more octets
    S response     -ERR no such message
    C command      QUIT
    S response     +OK bye
    ");
}

#[test]
fn imap_literals_both_ways() {
    assert_snapshot!(tell(143, r"
        S: * OK IMAP4rev1
        C: a1 LOGIN {3}
        S: + go on
        C: bob {6}
        S: + go on
        C: secret
        S: a1 OK done
        C: a2 APPEND Drafts {23}
        S: a2 NO [TRYCREATE] no such mailbox
        C: a3 APPEND INBOX (\Seen) {23}
        S: + go on
        C: Subject: To do
        C: 
        C: Milk
        S: a3 OK done
        C: a4 FETCH 1 (FLAGS BODY[])
        S: * 1 FETCH (FLAGS (\Seen) BODY[] {23}
        S: Subject: To do
        S: 
        S: Milk UID 7)
        S: * 2 FETCH (FLAGS () BODY[] {0}
        S: )
        S: a4 OK done
    "), @r"
    S response     * OK IMAP4rev1
    C command      a1 LOGIN {3}
    S continuation + go on
    C literal      text, 3 octets, {6}
      | bob
    S continuation + go on
    C literal      text, 6 octets
      | secret
    S response     a1 OK done
    C command      a2 APPEND Drafts {23}
    S response     a2 NO [TRYCREATE] no such mailbox
    C command      a3 APPEND INBOX (\Seen) {23}
    S continuation + go on
    C literal      message, 23 octets, Subject: To do
      | Subject: To do
      |
      | Milk
    S response     a3 OK done
    C command      a4 FETCH 1 (FLAGS BODY[])
    S message      * 1 FETCH (FLAGS (\Seen) BODY[] {23}UID 7)
      | Subject: To do
      |
      | Milk
    S message      * 2 FETCH (FLAGS () BODY[] {0})
    S response     a4 OK done
    ");
}

#[test]
fn imap_authenticate() {
    assert_snapshot!(tell(143, r"
        S: * OK IMAP4rev1
        C: a1 AUTHENTICATE PLAIN
        S: + 
        C: AGJvYgBzZWNyZXQ=
        S: a1 OK done
        C: a2 AUTHENTICATE PLAIN AGJvYgBzZWNyZXQ=
        S: a2 NO no
        C: a3 NOOP
    "), @r"
    S response     * OK IMAP4rev1
    C command      a1 AUTHENTICATE PLAIN
    S continuation + 
    C credentials  AGJvYgBzZWNyZXQ=  (\0bob\0secret)
    S response     a1 OK done
    C command      a2 AUTHENTICATE PLAIN AGJvYgBzZWNyZXQ=  (\0bob\0secret)
    S response     a2 NO no
    C command      a3 NOOP
    ");
}

#[test]
fn what_never_ends_is_told_as_incomplete() {
    let mut smtp = Dissector::for_port(25);
    let mut text = String::new();
    smtp.octets(Side::Server, &Bytes::from_static(b"220-mx\r\n220"), &mut show(&mut text));
    smtp.octets(Side::Client, &Bytes::from(vec![b'x'; 10_000]), &mut show(&mut text));
    smtp.end(Side::Client, &mut show(&mut text));
    smtp.end(Side::Server, &mut show(&mut text));
    assert!(text.starts_with("C incomplete   incomplete line: xxxx"), "{text}");
    assert!(
        text.contains("x… 5904 more octets\nS incomplete   incomplete reply: 220-mx\n"),
        "{text}"
    );
}

#[test]
fn dns_frames_over_tcp() {
    use crate::proto::dns::{Message, RecordType};
    let query = Message::query(7, "example.com".parse().unwrap(), RecordType::Mx);
    let message = query.with_recursion_desired().encode();
    let length = (message.len() as u16).to_be_bytes();
    let stream = [&length[..], &message, &[0, 3, 1, 2, 3], &[0, 200, 1]].concat();
    let mut whole = String::new();
    let mut dissector = Dissector::for_port(53);
    dissector.octets(Side::Client, &Bytes::from(stream.clone()), &mut show(&mut whole));
    dissector.end(Side::Client, &mut show(&mut whole));
    let mut cut = String::new();
    let mut dissector = Dissector::for_port(53);
    for octet in stream {
        dissector.octets(Side::Client, &Bytes::from(vec![octet]), &mut show(&mut cut));
    }
    dissector.end(Side::Client, &mut show(&mut cut));
    assert_eq!(whole, cut);
    assert_snapshot!(whole, @r"
    C query        query MX example.com. rd
    C malformed    not a DNS message: fewer than the 12 octets of a header; 3 octets: \x01\x02\x03
    C incomplete   3 octets: \0\xc8\x01
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No octets whatever harm a dissector, and how they are cut changes nothing. (The direction
    /// may change at cuts only, so both readings change it at the same places.)
    #[test]
    fn any_octets_read_the_same_however_they_are_cut(
        runs in prop::collection::vec((any::<bool>(), "([ -~]|\r\n|\r|\n|\\.|\\{3\\}|DATA\r\n|354 a\r\n|RETR 1\r\n|\\+OK\r\n|a FETCH \\{2\\}\r\n|\0|é){0,40}"), 0..8),
        port in prop::sample::select(vec![25_u16, 53, 110, 143]),
    ) {
        let mut whole = (Dissector::for_port(port), String::new());
        let mut cut = (Dissector::for_port(port), String::new());
        for (is_client, octets) in &runs {
            let side = if *is_client { Side::Client } else { Side::Server };
            whole.0.octets(side, &Bytes::copy_from_slice(octets.as_bytes()), &mut show(&mut whole.1));
            for octet in octets.as_bytes() {
                cut.0.octets(side, &Bytes::copy_from_slice(&[*octet]), &mut show(&mut cut.1));
            }
        }
        for side in [Side::Client, Side::Server] {
            whole.0.end(side, &mut show(&mut whole.1));
            cut.0.end(side, &mut show(&mut cut.1));
        }
        prop_assert_eq!(whole.1, cut.1);
    }
}

#[test]
fn a_transfer_is_one_line() {
    use crate::proto::dns::{Message, Name, Rcode, RecordType, Zone, parse_records, transfer};
    let origin: Name = "example.com".parse().unwrap();
    let text = "@ 60 SOA ns1 root 7 1 2 3 4\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n";
    let zone = Zone::new(&origin, parse_records(&origin, text).unwrap()).unwrap();
    let query = Message::query(7, origin, RecordType::Axfr);
    let whole = Message::decode(&transfer::response(&query, &zone).unwrap()[0]).unwrap();
    let (mut start, mut end) = (whole.clone(), whole.clone());
    start.answers.truncate(2);
    end.answers.drain(..2);
    end.questions.clear();
    let refused = Message { rcode: Rcode::Refused, ..Message::response_to(&query) };
    let run = |answers: &[&Message]| {
        let frame = |message: &Message| crate::proto::dns::TcpFraming::frame(&message.encode());
        let mut told = String::new();
        let mut dissector = Dissector::for_port(53);
        dissector.octets(Side::Client, &frame(&query), &mut show(&mut told));
        for answer in answers {
            dissector.octets(Side::Server, &frame(answer), &mut show(&mut told));
        }
        dissector.end(Side::Server, &mut show(&mut told));
        told
    };
    let told = |answers: &[&Message], line: &str| {
        let run = run(answers);
        assert!(run.lines().any(|told| told == line), "{run}");
    };
    told(&[&whole], "S transfer     AXFR example.com. 3 records in 1 message, serial 7");
    told(&[&start, &end], "S transfer     AXFR example.com. 3 records in 2 messages, serial 7");
    let cut =
        "S incomplete   AXFR example.com. 2 records in 1 message, serial 7 so far, and no more";
    told(&[&start], cut);
    told(&[&refused], "S response     response REFUSED AXFR example.com.");
}
