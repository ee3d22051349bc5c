//! Dialogues of the server session, each replayed with the client's stream cut everywhere.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::proto::Output;
use crate::proto::smtp::enhanced::EnhancedStatus;

/// An owner with simple rules, and all that it has seen.
struct Owner {
    session: ServerSession,
    out: Outbox,
    wire: Vec<u8>,
    events: Vec<ServerEvent>,
    closed: bool,
    /// Whether questions stay open.
    silent: bool,
}

impl Owner {
    fn new(config: ServerConfig) -> Self {
        let session = ServerSession::new(config);
        Owner {
            session,
            out: Outbox::new(),
            wire: Vec::new(),
            events: Vec::new(),
            closed: false,
            silent: false,
        }
    }

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        self.session.handle(now, input, &mut self.out);
        loop {
            let outputs: Vec<_> = self.out.drain().collect();
            let mut verdict = None;
            for output in outputs {
                assert!(!self.closed, "nothing comes after the close");
                match output {
                    Output::Send(octets) => self.wire.extend_from_slice(&octets),
                    Output::Event(event) => {
                        verdict = verdict.or(verdict_on(&event));
                        self.events.push(event);
                    }
                    Output::Close => self.closed = true,
                    Output::Abort => panic!("a server does not abort"),
                }
            }
            assert_eq!(self.session.is_asking(), verdict.is_some() && !self.closed);
            match verdict {
                Some(verdict) if !self.silent => self.session.answer(now, verdict, &mut self.out),
                _ => break,
            }
        }
    }

    fn messages(&self) -> Vec<&ReceivedMessage> {
        let events = self.events.iter();
        events
            .filter_map(|event| match event {
                ServerEvent::Message(message) => Some(message),
                _ => None,
            })
            .collect()
    }
}

/// `unknown` is no user, `banned` is no sender, the password is `secret`.
fn verdict_on(event: &ServerEvent) -> Option<Verdict> {
    let status = EnhancedStatus::new;
    Some(match event {
        ServerEvent::Auth { credentials, .. } if credentials.password != "secret" => {
            Reply::new(535, status(5, 7, 8), "Error: authentication failed").into()
        }
        ServerEvent::Mail { from, .. } if from.to_string().starts_with("<banned@") => {
            Reply::new(550, status(5, 7, 1), "You are not welcome").into()
        }
        ServerEvent::Rcpt { to, .. } if to.to_string().starts_with("<unknown@") => {
            Reply::new(550, status(5, 1, 1), "No such user here").into()
        }
        ServerEvent::Rcpt { to, .. } if to.to_string().starts_with("<closing@") => {
            Reply::new(421, status(4, 3, 2), "Service not available").into()
        }
        ServerEvent::Message(_) => Reply::queued_as("4F2A").into(),
        ServerEvent::Auth { .. } | ServerEvent::Mail { .. } | ServerEvent::Rcpt { .. } => {
            Verdict::Accept
        }
        ServerEvent::Greeted { .. } | ServerEvent::Reset | ServerEvent::Closed(_) => return None,
    })
}

/// A submission server where AUTH is possible but not demanded.
fn config() -> ServerConfig {
    ServerConfig { auth_required: false, ..ServerConfig::submission("mx.example.net") }
}

fn check(dialogue: &str) -> Owner {
    check_with(&config(), dialogue)
}

/// Plays lines `C: ...` to the server and expects lines `S: ...` just where they stand; then again
/// with other cuts, and expects the same. `\n`, `\r`, `\0` and `\s` (a space
/// at the end) in a line stand for themselves.
fn check_with(config: &ServerConfig, dialogue: &str) -> Owner {
    let mut lockstep = Owner::new(config.clone());
    let mut stream = Vec::new();
    let mut read = 0;
    lockstep.handle(SimTime::ZERO, Input::Opened);
    for line in dialogue.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let (side, text) = line.split_at(2);
        let text = text.strip_prefix(' ').unwrap_or(text);
        let text = text.replace("\\n", "\n").replace("\\r", "\r").replace("\\0", "\0");
        let text = text.replace("\\s", " ") + "\r\n";
        match side {
            "C:" => {
                let said = String::from_utf8_lossy(&lockstep.wire[read..]).into_owned();
                assert_eq!(said, "", "unexpected before {line:?}");
                lockstep.handle(SimTime::ZERO, Input::Bytes(text.as_bytes()));
                stream.extend_from_slice(text.as_bytes());
            }
            "S:" => {
                let left = &lockstep.wire[read..];
                let end = memchr::memchr(b'\n', left).map_or(left.len(), |at| at + 1);
                assert_eq!(String::from_utf8_lossy(&left[..end]), text);
                read += end;
            }
            _ => panic!("a line of neither side: {line}"),
        }
    }
    assert_eq!(String::from_utf8_lossy(&lockstep.wire[read..]), "", "unexpected at the end");
    let replay = |pieces: Vec<&[u8]>| {
        let mut owner = Owner::new(config.clone());
        owner.handle(SimTime::ZERO, Input::Opened);
        for piece in pieces {
            owner.handle(SimTime::ZERO, Input::Bytes(piece));
        }
        assert_eq!(owner.wire, lockstep.wire);
        assert_eq!(owner.events, lockstep.events);
        assert_eq!(owner.closed, lockstep.closed);
    };
    replay(stream.chunks(1).collect());
    for cut in 0..=stream.len() {
        replay(vec![&stream[..cut], &stream[cut..]]);
    }
    lockstep
}

#[test]
fn a_typical_transaction_as_in_appendix_d_1_of_rfc_5321() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: EHLO bar.com
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250 8BITMIME
         C: MAIL FROM:<Smith@bar.com>
         S: 250 2.1.0 Ok
         C: RCPT TO:<Jones@foo.com>
         S: 250 2.1.5 Ok
         C: RCPT TO:<unknown@foo.com>
         S: 550 5.1.1 No such user here
         C: RCPT TO:<Brown@foo.com>
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: Blah blah blah...
         C: ...etc. etc. etc.
         C: .
         S: 250 2.0.0 Ok: queued as 4F2A
         C: QUIT
         S: 221 2.0.0 Bye",
    );
    let message = owner.messages()[0];
    assert_eq!(message.envelope.from.to_string(), "<Smith@bar.com>");
    let to: Vec<_> = message.envelope.recipients.iter().map(|r| r.path.to_string()).collect();
    assert_eq!(to, ["<Jones@foo.com>", "<Brown@foo.com>"]);
    assert_eq!(message.data, "Blah blah blah...\r\n..etc. etc. etc.\r\n");
    assert_eq!(owner.events.last(), Some(&ServerEvent::Closed(CloseReason::Quit)));
    assert!(owner.closed);
}

#[test]
fn an_aborted_transaction_as_in_appendix_d_2_of_rfc_5321() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO bar.com
         S: 250 mx.example.net
         C: MAIL FROM:<Smith@bar.com>
         S: 250 2.1.0 Ok
         C: RCPT TO:<Jones@foo.com>
         S: 250 2.1.5 Ok
         C: RCPT TO:<unknown@foo.com>
         S: 550 5.1.1 No such user here
         C: RSET
         S: 250 2.0.0 Ok
         C: QUIT
         S: 221 2.0.0 Bye",
    );
    assert!(owner.events.contains(&ServerEvent::Reset));
    assert!(owner.messages().is_empty());
}

#[test]
fn verifying_as_in_appendix_d_4_tells_nothing() {
    check(
        "S: 220 mx.example.net ESMTP
         C: VRFY Crispin
         S: 252 2.0.0 Cannot VRFY, but will take mail and try to deliver
         C: EXPN Example-People
         S: 502 5.5.1 Error: command not implemented
         C: HELP MAIL
         S: 214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT AUTH
         C: NOOP ignored
         S: 250 2.0.0 Ok
         C: STARTTLS
         S: 502 5.5.1 Error: command not implemented
         C: TURN
         S: 500 5.5.2 Error: command not recognized",
    );
}

#[test]
fn commands_out_of_sequence_get_503() {
    check(
        "S: 220 mx.example.net ESMTP
         C: MAIL FROM:<a@example.org>
         S: 503 5.5.1 Error: send HELO/EHLO first
         C: RCPT TO:<b@example.net>
         S: 503 5.5.1 Error: need MAIL command
         C: DATA
         S: 503 5.5.1 Error: need RCPT command
         C: AUTH PLAIN
         S: 503 5.5.1 Error: send EHLO first
         C: HELO client.example.org
         S: 250 mx.example.net
         C: AUTH PLAIN
         S: 503 5.5.1 Error: send EHLO first
         C: MAIL FROM:<a@example.org> SIZE=10
         S: 555 5.5.4 Unsupported option
         C: RCPT TO:<b@example.net>
         S: 503 5.5.1 Error: need MAIL command
         C: MAIL FROM:<banned@example.org>
         S: 550 5.7.1 You are not welcome
         C: RCPT TO:<b@example.net>
         S: 503 5.5.1 Error: need MAIL command
         C: MAIL FROM:<a@example.org>
         S: 250 2.1.0 Ok
         C: MAIL FROM:<a@example.org>
         S: 503 5.5.1 Error: nested MAIL command
         C: DATA
         S: 503 5.5.1 Error: need RCPT command
         C: RCPT TO:<unknown@example.net>
         S: 550 5.1.1 No such user here
         C: DATA
         S: 554 5.5.1 Error: no valid recipients
         C: RCPT TO:<postmaster>
         S: 250 2.1.5 Ok
         C: HELO again.example.org
         S: 250 mx.example.net
         C: DATA
         S: 503 5.5.1 Error: need RCPT command",
    );
}

#[test]
fn arguments_with_mistakes_get_501_and_the_session_goes_on() {
    check(
        "S: 220 mx.example.net ESMTP
         C: EHLO
         S: 501 5.5.4 Syntax: EHLO hostname
         C: HELO a
         S: 250 mx.example.net
         C: MAIL FROM:<a>
         S: 501 5.1.7 Bad sender address syntax: the address has no domain
         C: MAIL FROM:<>
         S: 250 2.1.0 Ok
         C: RCPT TO:<>
         S: 501 5.1.3 Bad recipient address syntax: the local part is empty or needs quotes
         C: RCPT TO:<b@example.net> NOTIFY=NEVER
         S: 555 5.5.4 Unsupported option
         C: RCPT TO: <b@example.net>
         S: 250 2.1.5 Ok
         C: DATA now
         S: 501 5.5.4 Syntax: DATA
         C: NO\\0OP
         S: 500 5.5.2 Error: command not recognized
         C: NOOP\\nRSET
         S: 500 5.5.2 Error: command not recognized
         C: NOOP é
         S: 500 5.5.2 Error: command not recognized",
    );
}

#[test]
fn auth_plain_with_and_without_initial_response_as_in_rfc_4954() {
    // "\0test\0secret", and the same with a wrong password.
    let owner = check_with(
        &ServerConfig::submission("smtp.example.com"),
        "S: 220 smtp.example.com ESMTP
         C: EHLO client.example.com
         S: 250-smtp.example.com
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250 8BITMIME
         C: MAIL FROM:<a@example.com>
         S: 530 5.7.0 Authentication required
         C: VRFY a
         S: 530 5.7.0 Authentication required
         C: AUTH CRAM-MD5
         S: 504 5.5.4 Error: unrecognized authentication type
         C: AUTH PLAIN AHRlc3QAMTIzNA==
         S: 535 5.7.8 Error: authentication failed
         C: AUTH PLAIN not*base64
         S: 501 5.5.2 Error: cannot decode base64
         C: AUTH PLAIN =
         S: 535 5.7.8 Error: authentication failed
         C: AUTH PLAIN
         S: 334\\s
         C: *
         S: 501 5.7.0 Authentication aborted
         C: AUTH plain
         S: 334\\s
         C: AHRlc3QAc2VjcmV0
         S: 235 2.7.0 Authentication successful
         C: AUTH PLAIN AHRlc3QAc2VjcmV0
         S: 503 5.5.1 Error: already authenticated
         C: MAIL FROM:<e=mc2@example.com> AUTH=e+3Dmc2@example.com
         S: 250 2.1.0 Ok
         C: AUTH LOGIN
         S: 503 5.5.1 Error: already authenticated",
    );
    assert_eq!(owner.session.authenticated_as(), Some("test"));
    assert_eq!(owner.session.protocol_word(), "ESMTPA");
}

#[test]
fn auth_login_asks_for_name_and_password() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: EHLO client.example.com
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250 8BITMIME
         C: AUTH LOGIN
         S: 334 VXNlcm5hbWU6
         C: dGVzdA==
         S: 334 UGFzc3dvcmQ6
         C:
         S: 535 5.7.8 Error: authentication failed
         C: AUTH LOGIN dGVzdA==
         S: 334 UGFzc3dvcmQ6
         C: c2VjcmV0
         S: 235 2.7.0 Authentication successful",
    );
    assert_eq!(owner.session.authenticated_as(), Some("test"));
}

#[test]
fn a_server_without_mechanisms_does_not_know_auth() {
    check_with(
        &ServerConfig { pipelining: false, eight_bit_mime: false, ..ServerConfig::mta("mx") },
        "S: 220 mx ESMTP
         C: EHLO a
         S: 250-mx
         S: 250-SIZE 10240000
         S: 250 ENHANCEDSTATUSCODES
         C: AUTH PLAIN
         S: 502 5.5.1 Error: command not implemented
         C: MAIL FROM:<a@b.example> BODY=8BITMIME
         S: 555 5.5.4 Unsupported option
         C: MAIL FROM:<a@b.example> AUTH=<>
         S: 555 5.5.4 Unsupported option",
    );
}

#[test]
fn pipelined_commands_are_answered_in_order_as_in_rfc_2920() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO dbc.mtview.ca.us
         S: 250 mx.example.net
         C: MAIL FROM:<mrose@dbc.mtview.ca.us>\\r\\nRCPT TO:<ned@innosoft.com>\\r\\nRCPT TO:<unknown@innosoft.com>\\r\\nDATA
         S: 250 2.1.0 Ok
         S: 250 2.1.5 Ok
         S: 550 5.1.1 No such user here
         S: 354 End data with <CR><LF>.<CR><LF>
         C: .\\r\\nMAIL FROM:<>\\r\\nRCPT TO:<unknown@innosoft.com>\\r\\nDATA\\r\\nQUIT
         S: 250 2.0.0 Ok: queued as 4F2A
         S: 250 2.1.0 Ok
         S: 550 5.1.1 No such user here
         S: 554 5.5.1 Error: no valid recipients
         S: 221 2.0.0 Bye",
    );
    assert_eq!(owner.messages()[0].data, "");
}

#[test]
fn bare_line_feeds_do_not_smuggle_a_second_message() {
    let owner = check(
        "S: 220 mx.example.net ESMTP
         C: HELO a
         S: 250 mx.example.net
         C: MAIL FROM:<a@example.org>
         S: 250 2.1.0 Ok
         C: RCPT TO:<b@example.net>
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: one\\n.\\nMAIL FROM:<evil@example.org>\\n.\\r\\nRCPT TO:<b@example.net>\\r.\\r
         C: .
         S: 250 2.0.0 Ok: queued as 4F2A",
    );
    assert_eq!(owner.messages().len(), 1);
}

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
         S: 250 8BITMIME
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
        &ServerConfig { max_errors: 3, ..ServerConfig::mta("mx") },
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
    let mut owner = Owner::new(config());
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
fn ten_thousand_recipients_are_borne() {
    let mut stream = b"HELO a\r\nMAIL FROM:<>\r\n".to_vec();
    for i in 0..10_000 {
        stream.extend_from_slice(format!("RCPT TO:<u{i}@b.example>\r\n").as_bytes());
    }
    let mut owner = Owner::new(ServerConfig { max_errors: u32::MAX, ..config() });
    owner.handle(SimTime::ZERO, Input::Opened);
    for piece in stream.chunks(1460) {
        owner.handle(SimTime::ZERO, Input::Bytes(piece));
    }
    assert_eq!(owner.session.envelope().unwrap().recipients.len(), 1000);
    assert_eq!(memchr::memmem::find_iter(&owner.wire, b"452 4.5.3").count(), 9000);
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
        owner.handle(SimTime::ZERO + Duration::from_secs(1000), Input::Timeout);
    }

    #[test]
    fn lines_in_any_order_are_answered_alike_for_every_cut(
        lines in prop::collection::vec(prop::sample::select(LINES.to_vec()), 0..15),
        cut in 1usize..60,
    ) {
        let stream = lines.concat();
        let play = |cut: usize| {
            let mut owner = Owner::new(config());
            owner.handle(SimTime::ZERO, Input::Opened);
            for piece in stream.as_bytes().chunks(cut) {
                owner.handle(SimTime::ZERO, Input::Bytes(piece));
            }
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
    "QUIT\r\n",
];
