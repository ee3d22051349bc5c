//! AUTH (RFC 4954) with mechanisms that answer a challenge.

use super::*;
use crate::engine::Seed;
use crate::proto::sasl::{ClientExchange, Credentials, decode_base64, encode_base64};

fn config() -> ServerConfig {
    ServerConfig { mechanisms: Mechanism::ALL.to_vec(), ..super::config() }
}

fn session() -> ServerSession {
    ServerSession::new(config()).with_challenges(Seed(1).stream("challenges of a test"))
}

#[test]
fn a_challenge_is_the_same_for_the_same_seed() {
    check_session(
        session,
        "S: 220 mx.example.net ESMTP
         C: EHLO a
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: AUTH CRAM-MD5
         S: 334 PDEyMTMwNjY1MDU4Njg3MjI4MjQxLjBAbXguZXhhbXBsZS5uZXQ+
         C: *
         S: 501 5.7.0 Authentication aborted
         C: AUTH CRAM-MD5 dGVzdA==
         S: 535 5.7.8 Error: authentication failed
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: AUTH CRAM-MD5
         S: 503 5.5.1 Error: MAIL transaction in progress",
    );
}

#[test]
fn every_mechanism_lets_in_who_knows_the_password_and_nobody_else() {
    for mechanism in Mechanism::ALL {
        for initial in [false, true] {
            assert_eq!(log_in(mechanism, "secret", initial), "235 2.7.0 Authentication successful");
            assert_eq!(
                log_in(mechanism, "guessed", initial),
                "535 5.7.8 Error: authentication failed: authentication failure"
            );
        }
    }
}

/// Plays an exchange, and gives its last reply.
fn log_in(mechanism: Mechanism, password: &str, initial: bool) -> String {
    let credentials = Credentials::new("test", password);
    let mut client = ClientExchange::new(mechanism, credentials, || "fyko+d2l".to_owned());
    let mut owner = Owner::of(session());
    owner.handle(SimTime::ZERO, Input::Opened);
    owner.handle(SimTime::ZERO, Input::Bytes(b"EHLO a\r\n"));
    let first = if initial { client.initial_response() } else { None };
    let first = first.map(|octets| format!(" {}", encode_base64(&octets))).unwrap_or_default();
    let mut line = format!("AUTH {mechanism}{first}");
    loop {
        owner.wire.clear();
        owner.handle(SimTime::ZERO, Input::Bytes(format!("{line}\r\n").as_bytes()));
        let reply = String::from_utf8(owner.wire.clone()).expect("replies are text");
        let reply = reply.trim_end_matches("\r\n");
        let Some(challenge) = reply.strip_prefix("334 ") else {
            let proved = owner.session.authenticated_as() == Some("test");
            assert_eq!(reply.starts_with("235"), proved);
            assert!(!proved || client.is_complete());
            return reply.to_owned();
        };
        let challenge = decode_base64(challenge.as_bytes()).expect("challenges are base64");
        line = encode_base64(&client.respond(&challenge).expect("the client goes on"));
    }
}

#[test]
fn a_response_may_be_long_but_not_endless() {
    for (len, reply) in [(12_280, "535 5.7.8"), (12_288, "500 5.5.6"), (40_000, "500 5.5.6")] {
        for cut in [1, 1000, 50_000] {
            let mut owner = Owner::new(config());
            owner.handle(SimTime::ZERO, Input::Opened);
            owner.handle(SimTime::ZERO, Input::Bytes(b"EHLO a\r\nAUTH PLAIN\r\n"));
            owner.wire.clear();
            let line = "A".repeat(len) + "\r\nNOOP\r\n";
            for piece in line.as_bytes().chunks(cut) {
                owner.handle(SimTime::ZERO, Input::Bytes(piece));
            }
            let replies = String::from_utf8_lossy(&owner.wire).into_owned();
            assert!(replies.starts_with(reply), "{len}: {replies}");
            assert!(replies.ends_with("\r\n250 2.0.0 Ok\r\n"), "{len}: {replies}");
        }
    }
}

#[test]
fn an_initial_response_makes_a_longer_line() {
    let mut owner = Owner::new(config());
    owner.handle(SimTime::ZERO, Input::Opened);
    owner.handle(SimTime::ZERO, Input::Bytes(b"EHLO a\r\n"));
    owner.wire.clear();
    let line = format!("auth PLAIN {}\r\n", "A".repeat(10_000));
    owner.handle(SimTime::ZERO, Input::Bytes(line.as_bytes()));
    assert!(owner.wire.starts_with(b"535 5.7.8"));
}

#[test]
fn who_is_let_in_and_who_is_not_is_told() {
    let owner = check_session(
        session,
        "S: 220 mx.example.net ESMTP
         C: EHLO a
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: AUTH PLAIN b3RoZXIAdGVzdABzZWNyZXQ=
         S: 535 5.7.8 Error: authentication failed: authentication failure
         C: AUTH PLAIN dGVzdAB0ZXN0AHNlY3JldA==
         S: 235 2.7.0 Authentication successful",
    );
    let told: Vec<_> = owner
        .events
        .iter()
        .filter_map(|event| match event {
            ServerEvent::AuthRefused { identity, .. } => Some((false, identity.authzid.as_str())),
            ServerEvent::Authenticated { identity, .. } => Some((true, identity.authzid.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(false, "other"), (true, "test")]);
}
