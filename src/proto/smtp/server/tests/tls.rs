//! STARTTLS (RFC 3207), connections that are secured from their beginning, and the words of trace
//! fields.

use super::*;

fn config(tls: Tls) -> ServerConfig {
    ServerConfig { tls, auth_needs_tls: true, ..super::config() }
}

#[test]
fn the_dialogue_of_section_5_of_rfc_3207() {
    let owner = check_with(
        &config(Tls::Offered),
        "S: 220 mx.example.net ESMTP
         C: EHLO mail.example.com
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-STARTTLS
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: AUTH PLAIN AHRlc3QAc2VjcmV0
         S: 538 5.7.11 Encryption required for requested authentication mechanism
         C: STARTTLS now
         S: 501 5.5.4 Syntax: STARTTLS
         C: STARTTLS
         S: 220 2.0.0 Ready to start TLS
         C: MAIL FROM:<a@b.example>
         S: 503 5.5.1 Error: send HELO/EHLO first
         C: EHLO mail.example.com
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: STARTTLS
         S: 554 5.5.1 Error: TLS already active
         C: AUTH PLAIN AHRlc3QAc2VjcmV0
         S: 235 2.7.0 Authentication successful
         C: MAIL FROM:<a@b.example> SMTPUTF8
         S: 250 2.1.0 Ok",
    );
    assert_eq!(owner.session.protocol_word(), "UTF8SMTPSA");
    assert!(owner.session.is_secured());
}

#[test]
fn nothing_but_a_greeting_passes_before_tls_where_it_is_required() {
    check_with(
        &config(Tls::Required),
        "S: 220 mx.example.net ESMTP
         C: HELO a
         S: 250 mx.example.net
         C: NOOP
         S: 250 2.0.0 Ok
         C: MAIL FROM:<a@b.example>
         S: 530 5.7.0 Must issue a STARTTLS command first
         C: AUTH PLAIN
         S: 530 5.7.0 Must issue a STARTTLS command first
         C: RSET
         S: 530 5.7.0 Must issue a STARTTLS command first
         C: BDAT 6
         C: QUIT
         S: 530 5.7.0 Must issue a STARTTLS command first
         C: QUIT
         S: 221 2.0.0 Bye",
    );
}

#[test]
fn a_server_without_tls_says_so() {
    check_with(
        &config(Tls::Never),
        "S: 220 mx.example.net ESMTP
         C: STARTTLS
         S: 502 5.5.1 Error: command not implemented",
    );
    check_with(
        &config(Tls::Broken),
        "S: 220 mx.example.net ESMTP
         C: EHLO a
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-STARTTLS
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: STARTTLS
         S: 454 4.7.0 TLS not available due to local problem",
    );
}

/// CVE-2011-0411: what was injected in clear must not be obeyed within TLS.
#[test]
fn commands_injected_behind_starttls_are_thrown_away() {
    let stream = b"STARTTLS\r\nMAIL FROM:<evil@example.org>\r\nRSE";
    for cut in b"STARTTLS\r\n".len()..=stream.len() {
        let mut session = ServerSession::new(config(Tls::Offered));
        let mut out = Outbox::new();
        session.handle(SimTime::ZERO, Input::Opened, &mut out);
        out.drain();
        for piece in [&stream[..cut], &stream[cut..]] {
            session.handle(SimTime::ZERO, Input::Bytes(piece), &mut out);
        }
        let outputs: Vec<_> = out.drain().collect();
        assert_eq!(
            outputs,
            [
                Output::Send("220 2.0.0 Ready to start TLS\r\n".into()),
                Output::Event(ServerEvent::StartTls)
            ]
        );
        session.secured(SimTime::ZERO);
        session.handle(SimTime::ZERO, Input::Bytes(b"T\r\n"), &mut out);
        let outputs: Vec<_> = out.drain().collect();
        assert_eq!(outputs, [Output::Send("500 5.5.2 Error: command not recognized\r\n".into())]);
    }
}

#[test]
fn a_handshake_that_does_not_end_ends_the_session_without_a_word() {
    let mut owner = Owner::new(config(Tls::Offered));
    owner.handle(SimTime::ZERO, Input::Opened);
    let mut session = owner.session;
    session.handle(SimTime::ZERO, Input::Bytes(b"STARTTLS\r\n"), &mut owner.out);
    owner.out.drain();
    let deadline = session.deadline().expect("a handshake has its time");
    session.handle(deadline, Input::Timeout, &mut owner.out);
    let outputs: Vec<_> = owner.out.drain().collect();
    let closed = ServerEvent::Closed(CloseReason::TimedOut);
    assert_eq!(outputs, [Output::Event(closed), Output::Close]);
}

#[test]
fn what_was_said_before_tls_counts_no_more() {
    let mut owner = Owner::new(ServerConfig { tls: Tls::Offered, ..super::config() });
    owner.handle(SimTime::ZERO, Input::Opened);
    let octets = b"EHLO a\r\nAUTH PLAIN AHRlc3QAc2VjcmV0\r\nMAIL FROM:<a@b>\r\n";
    owner.handle(SimTime::ZERO, Input::Bytes(octets));
    assert_eq!(owner.session.authenticated_as(), Some("test"));
    owner.handle(SimTime::ZERO, Input::Bytes(b"STARTTLS\r\n"));
    assert_eq!(owner.events[owner.events.len() - 2..], [ServerEvent::Reset, ServerEvent::StartTls]);
    assert_eq!(owner.session.authenticated_as(), None);
    assert_eq!(owner.session.helo(), None);
    assert_eq!(owner.session.envelope(), None);
}

/// RFC 3848 and RFC 6531 §4.3.
#[test]
fn each_way_of_arrival_has_its_word() {
    let word = |config: ServerConfig, secured: bool, octets: &str| {
        let mut owner = Owner::new(config);
        if secured {
            owner.session.secured(SimTime::ZERO);
        }
        owner.handle(SimTime::ZERO, Input::Opened);
        owner.handle(SimTime::ZERO, Input::Bytes(octets.as_bytes()));
        owner.session.protocol_word()
    };
    let mail = "MAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<a@b>\r\nDATA\r\n";
    let auth = "EHLO a\r\nAUTH PLAIN AHRlc3QAc2VjcmV0\r\n";
    let smtp = || super::config();
    assert_eq!(word(smtp(), false, "HELO a\r\n"), "SMTP");
    assert_eq!(word(smtp(), true, "HELO a\r\n"), "SMTP");
    assert_eq!(word(smtp(), false, "EHLO a\r\n"), "ESMTP");
    assert_eq!(word(smtp(), true, "EHLO a\r\n"), "ESMTPS");
    assert_eq!(word(smtp(), false, auth), "ESMTPA");
    assert_eq!(word(smtp(), true, auth), "ESMTPSA");
    assert_eq!(word(smtp(), false, &format!("EHLO a\r\n{mail}")), "UTF8SMTP");
    assert_eq!(word(smtp(), true, &format!("{auth}{mail}")), "UTF8SMTPSA");
    let lmtp = || ServerConfig::lmtp("mx");
    assert_eq!(word(lmtp(), false, "LHLO a\r\n"), "LMTP");
    assert_eq!(word(lmtp(), true, "LHLO a\r\n"), "LMTPS");
    assert_eq!(word(lmtp(), true, &format!("LHLO a\r\n{mail}")), "UTF8LMTPS");
}
