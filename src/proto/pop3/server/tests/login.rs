//! The AUTHORIZATION state: every way to log in, and TLS before it.

use super::*;
use crate::proto::sasl::{ClientExchange, Credentials, decode_base64, encode_base64};
use std::time::Duration;

#[test]
fn logins_are_refused_and_the_third_ends_the_session() {
    check(
        "S: +OK dewey POP3 server ready
         C: STAT
         S: -ERR log in first
         C: PASS x
         S: -ERR USER first
         C: USER mrose
         S: +OK send PASS
         C: PASS wrong
         S: -ERR [AUTH] Authentication failed
         C: PASS tan staaf
         S: -ERR USER first
         C: USER locked
         S: +OK send PASS
         C: PASS tan staaf
         S: -ERR [IN-USE] Maildrop is locked by another session
         C: XTND XMIT
         S: -ERR Unknown command
         C: USER nobody
         S: +OK send PASS
         C: PASS tan staaf
         S: -ERR [AUTH] Authentication failed
         E: Ended
         close
         C: NOOP",
    );
}

#[test]
fn each_refusal_has_its_response_code() {
    for (user, code) in [
        ("hasty", "[LOGIN-DELAY]"),
        ("broken", "[SYS/TEMP]"),
        ("gone", "[SYS/PERM]"),
        ("x", "[AUTH]"),
    ] {
        let mut peer = Peer::new(config());
        peer.say(&format!("USER {user}"));
        let said = peer.say("PASS tan staaf");
        assert!(said.starts_with(&format!("-ERR {code} ")), "{said}");
    }
}

#[test]
fn capabilities_before_and_after_login() {
    let delayed =
        Pop3ServerConfig { stls: true, login_delay: Some(Duration::from_secs(900)), ..config() };
    check_with(
        &delayed,
        &format!(
            "S: +OK dewey POP3 server ready
         C: CAPA
         S: +OK Capability list follows
         S: TOP
         S: USER
         S: UIDL
         S: PIPELINING
         S: RESP-CODES
         S: AUTH-RESP-CODE
         S: SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256
         S: STLS
         S: EXPIRE NEVER
         S: LOGIN-DELAY 900
         S: .
         C: USER mrose
         S: +OK send PASS
         C: PASS tan staaf
         S: +OK maildrop has 2 messages (52 octets)
         C: CAPA
         S: +OK Capability list follows
         S: TOP
         S: USER
         S: UIDL
         S: PIPELINING
         S: RESP-CODES
         S: AUTH-RESP-CODE
         S: SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256
         S: EXPIRE NEVER
         S: LOGIN-DELAY 900
         S: IMPLEMENTATION mxsim-{}
         S: .
         C: QUIT
         S: +OK dewey POP3 server signing off (2 messages left)
         E: Ended
         close",
            env!("CARGO_PKG_VERSION")
        ),
    );
}

/// The dialogues of RFC 5034 §6, with our user.
#[test]
fn auth_with_and_without_an_initial_response() {
    let plain = encode_base64(b"\0mrose\0tan staaf");
    check(&format!(
        "S: +OK dewey POP3 server ready
         C: AUTH
         S: +OK
         S: PLAIN
         S: LOGIN
         S: CRAM-MD5
         S: SCRAM-SHA-256
         S: .
         C: AUTH PLAIN
         S: +
         C: *
         S: -ERR Authentication cancelled
         C: auth plain {plain}
         S: +OK maildrop has 2 messages (52 octets)
         C: QUIT
         S: +OK dewey POP3 server signing off (2 messages left)
         E: Ended
         close"
    ));
    check(&format!(
        "S: +OK dewey POP3 server ready
         C: AUTH PLAIN
         S: +
         C: {plain}
         S: +OK maildrop has 2 messages (52 octets)"
    ));
    check(&format!(
        "S: +OK dewey POP3 server ready
         C: AUTH LOGIN
         S: + VXNlcm5hbWU6
         C: {}
         S: + UGFzc3dvcmQ6
         C: {}
         S: +OK maildrop has 2 messages (52 octets)",
        encode_base64(b"mrose"),
        encode_base64(b"tan staaf")
    ));
}

#[test]
fn what_auth_refuses() {
    for (lines, wanted) in [
        (&["AUTH KERBEROS_V4"][..], "-ERR Unsupported authentication mechanism\r\n"),
        (&["AUTH PLAIN !!"], "-ERR Invalid base64\r\n"),
        (&["AUTH PLAIN", "no base64"], "-ERR Invalid base64\r\n"),
        // An empty response is none that PLAIN can have.
        (&["AUTH PLAIN ="], "-ERR [AUTH] Invalid response\r\n"),
        (&["AUTH CRAM-MD5 eA=="], "-ERR [AUTH] Invalid response\r\n"),
        (&["AUTH PLAIN AG1yb3NlAHg="], "-ERR [AUTH] Authentication failed\r\n"),
        // alice acting as mrose.
        (&["AUTH PLAIN YWxpY2UAbXJvc2UAdGFuIHN0YWFm"], "-ERR [AUTH] Authentication failed\r\n"),
    ] {
        let mut peer = Peer::new(config());
        let said = lines.iter().fold(None, |_, line| Some(peer.say(line)));
        assert_eq!(said.as_deref(), Some(wanted), "{lines:?}");
        // The session goes on.
        assert_eq!(peer.say("USER mrose"), "+OK send PASS\r\n");
    }
    let mut none = Peer::new(Pop3ServerConfig { mechanisms: Vec::new(), ..config() });
    assert_eq!(none.say("AUTH PLAIN"), "-ERR Unsupported authentication mechanism\r\n");
    assert!(!none.say("CAPA").contains("SASL"));
}

#[test]
fn challenges_are_answered_and_differ() {
    let mut seen = Vec::new();
    for mechanism in [Mechanism::CramMd5, Mechanism::CramMd5, Mechanism::ScramSha256] {
        for (password, is_right) in [("tan staaf", true), ("wrong", false)] {
            let mut peer = Peer::new(config());
            if seen.len() == 2 {
                // Another connection has other draws.
                peer.session.challenges = Some(Box::new(Seed(8).stream("pop3")));
            }
            let credentials = Credentials::new("mrose", password);
            let mut exchange = ClientExchange::new(mechanism, credentials, || "c-nonce".into());
            let mut said = match exchange.initial_response() {
                Some(initial) => peer.say(&format!("AUTH {mechanism} {}", encode_base64(&initial))),
                None => peer.say(&format!("AUTH {mechanism}")),
            };
            seen.push(said.clone());
            while let Some(challenge) = said.strip_prefix("+ ") {
                let challenge = decode_base64(challenge.trim_end().as_bytes()).unwrap();
                let response = exchange.respond(&challenge).unwrap();
                said = peer.say(&encode_base64(&response));
            }
            let wanted = if is_right { "+OK maildrop" } else { "-ERR [AUTH] " };
            assert!(said.starts_with(wanted), "{mechanism} {password}: {said}");
        }
    }
    assert_eq!(seen[0], seen[1], "the same draws, the same challenge");
    assert_ne!(seen[0], seen[2]);
}

#[test]
fn apop_proves_the_password_by_the_timestamp_of_the_greeting() {
    let config = Pop3ServerConfig { apop: true, ..config() };
    let mut peer = Peer::new(config.clone());
    let greeting = String::from_utf8(peer.seen.clone()).unwrap();
    let timestamp =
        greeting.trim_end().strip_prefix("+OK dewey POP3 server ready ").unwrap().to_owned();
    assert!(timestamp.starts_with('<') && timestamp.ends_with("@dewey>"), "{timestamp}");
    assert_eq!(peer.say("APOP mrose 00"), "-ERR [AUTH] Authentication failed\r\n");
    let digest = Secret::new("tan staaf").apop_digest(&timestamp);
    assert_eq!(peer.say(&format!("APOP nobody {digest}")), "-ERR [AUTH] Authentication failed\r\n");
    let said = peer.say(&format!("APOP mrose {}", digest.to_uppercase()));
    assert_eq!(said, "+OK maildrop has 2 messages (52 octets)\r\n");
    // Without APOP there is no timestamp, and no APOP.
    assert_eq!(Peer::new(self::config()).say("APOP mrose 00"), "-ERR Unknown command\r\n");
    let mut other = Pop3Server::new(Arc::new(config)).with_challenges(Seed(8).stream("pop3"));
    let mut out = Outbox::new();
    other.handle(SimTime::ZERO, Input::Opened, &mut out);
    assert_ne!(out.drain().next(), Some(Output::Send(Bytes::from(greeting))));
}

#[test]
fn stls_throws_away_what_was_said_before_and_behind_it() {
    let config = Pop3ServerConfig { stls: true, login_needs_tls: true, ..config() };
    for injected in ["", "USER mrose\r\nPASS tan staaf\r\nDELE 1\r\n"] {
        let mut peer = Peer::new(config.clone());
        assert!(peer.say("USER mrose").starts_with("-ERR [AUTH] Say STLS first"));
        assert!(peer.say("AUTH PLAIN").starts_with("-ERR [AUTH] "));
        let capabilities = peer.say("CAPA");
        assert!(capabilities.contains("\r\nSTLS\r\n"));
        assert!(!capabilities.contains("\r\nUSER\r\n") && !capabilities.contains("SASL"));
        let said = peer.say(&format!("STLS\r\n{injected}"));
        assert_eq!(said, "+OK Begin TLS negotiation\r\nE: StartTls\r\n");
        // More in clear, while the handshake is awaited.
        assert_eq!(peer.say("QUIT"), "");
        peer.session.secured(peer.now);
        let capabilities = peer.say("CAPA");
        assert!(!capabilities.contains("STLS"));
        assert!(capabilities.contains("\r\nUSER\r\n") && capabilities.contains("\r\nSASL PLAIN"));
        assert_eq!(peer.say("STLS"), "-ERR TLS is already active\r\n");
        assert_eq!(peer.say("PASS tan staaf"), "-ERR USER first\r\n");
        peer.say("USER mrose");
        assert_eq!(peer.say("PASS tan staaf"), "+OK maildrop has 2 messages (52 octets)\r\n");
    }
    // Where it is not offered.
    assert_eq!(Peer::new(self::config()).say("STLS"), "-ERR Unknown command\r\n");
    // A name that was given before counts no more.
    let mut peer = Peer::new(Pop3ServerConfig { stls: true, ..self::config() });
    peer.say("USER mrose");
    peer.say("STLS");
    peer.session.secured(peer.now);
    assert_eq!(peer.say("PASS tan staaf"), "-ERR USER first\r\n");
}

#[test]
fn a_handshake_that_never_ends_is_logged_out() {
    let mut peer = Peer::new(Pop3ServerConfig { stls: true, ..config() });
    peer.say("STLS");
    peer.seen.clear();
    peer.now = peer.session.deadline().unwrap();
    peer.input(Input::Timeout);
    assert_eq!(peer.seen, b"E: Ended\r\nclose\r\n");
}
