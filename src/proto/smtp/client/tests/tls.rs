//! STARTTLS (RFC 3207): offered, refused, required, taken back.

use super::*;

fn with(tls: TlsPolicy) -> ClientConfig {
    ClientConfig { tls, ..ClientConfig::new("client.example.org") }
}

const UP_TO_OFFER: &str = "S: 220 mail.imc.org SMTP service ready
    C: EHLO client.example.org
    S: 250-mail.imc.org offers a warm hug of welcome
    S: 250-8BITMIME
    S: 250-SIZE 4
    S: 250 STARTTLS
    ";

const SENT: &str = "C: MAIL FROM:<alice@example.org>
    S: 250 ok
    C: RCPT TO:<bob@example.net>
    S: 250 ok
    C: DATA
    S: 354 go
    C: Hi
    C: .
    S: 250 taken
    C: QUIT
    S: 221 bye";

const DONE: [&str; 4] =
    ["ready", "0.0: 250 ok", "0 done: delivered by end of DATA: 250 taken", "finished"];

#[test]
fn the_session_begins_again_after_the_handshake_as_in_rfc_3207() {
    for policy in [TlsPolicy::May, TlsPolicy::Encrypt] {
        check_with(
            &with(policy),
            &one(),
            &format!(
                "{UP_TO_OFFER}
                 C: STARTTLS
                 S: 220 Go ahead
                 S: TLS
                 C: EHLO client.example.org
                 S: 250-mail.imc.org touches your hand gently for a moment
                 S: 250 STARTTLS
                 {SENT}"
            ),
            &[&["start TLS"], &DONE[..]].concat(),
        );
    }
}

#[test]
fn what_was_offered_before_the_handshake_and_said_in_clear_after_it_is_forgotten() {
    // A pipelined 250 would pass for the reply to EHLO (the injection of RFC 3207 §6, seen from
    // the client); SIZE 4 was exceeded in the clear, and does not count any more.
    let text = [transaction(&["<bob@example.net>"], "too long for 4\r\n")];
    check_with(
        &with(TlsPolicy::May),
        &text,
        &format!(
            "{UP_TO_OFFER}
             C: STARTTLS
             S: 220 Go ahead
             S: 250-mail.imc.org
             S: 250 PIPELINING
             S: 250
             S: TLS
             C: EHLO client.example.org
             S: 250 mail.imc.org
             {}",
            SENT.replace("C: Hi", "C: too long for 4")
        ),
        &[&["start TLS"], &DONE[..]].concat(),
    );
}

#[test]
fn a_refusal_of_starttls_is_borne_where_tls_is_not_required() {
    for refusal in ["454 4.7.0 TLS not available due to temporary reason", "502 what?"] {
        let up_to = format!(
            "{UP_TO_OFFER}
             C: STARTTLS
             S: {refusal}
             "
        );
        check_with(&with(TlsPolicy::May), &[], &format!("{up_to}{QUIT}"), &["ready", "finished"]);
        check_with(
            &with(TlsPolicy::Encrypt),
            &one(),
            &format!("{up_to}{QUIT}"),
            &[&format!("failed at STARTTLS: {refusal} (1 unsent)")],
        );
    }
}

const QUIT: &str = "C: QUIT
    S: 221 bye";

#[test]
fn without_an_offer_only_who_requires_tls_gives_up() {
    let dialogue = format!(
        "S: 220 mx
         C: EHLO client.example.org
         S: 250-mx
         S: 250 SIZE
         {QUIT}"
    );
    for policy in [TlsPolicy::Never, TlsPolicy::May] {
        check_with(&with(policy), &[], &dialogue, &["ready", "finished"]);
    }
    let failed = ["failed at STARTTLS: TLS is required, but was not offered (1 unsent)"];
    check_with(&with(TlsPolicy::Encrypt), &one(), &dialogue, &failed);
    check_with(&with(TlsPolicy::Never), &[], &format!("{UP_TO_OFFER}{QUIT}"), &DONE_WITHOUT_MAIL);
    // Nor has a server after HELO.
    let helo = format!(
        "S: 220 mx
         C: EHLO client.example.org
         S: 500 what?
         C: HELO client.example.org
         S: 250 mx
         {QUIT}"
    );
    check_with(&with(TlsPolicy::Encrypt), &one(), &helo, &failed);
}

const DONE_WITHOUT_MAIL: [&str; 2] = ["ready", "finished"];

#[test]
fn a_handshake_that_fails_or_never_ends_ends_the_session() {
    for (ending, failure) in [
        ("S: NO TLS", "Cannot start TLS: handshake failure: bad certificate"),
        ("S: EOF", "lost connection"),
        ("S: TIMEOUT", "timed out"),
    ] {
        check_with(
            &with(TlsPolicy::May),
            &one(),
            &format!(
                "{UP_TO_OFFER}
                 C: STARTTLS
                 S: 220 Go ahead
                 {ending}"
            ),
            &["start TLS", &format!("failed at STARTTLS: {failure} (1 unsent)")],
        );
    }
}

#[test]
fn a_421_in_place_of_220_ends_the_session() {
    check_with(
        &with(TlsPolicy::May),
        &one(),
        &format!(
            "{UP_TO_OFFER}
             C: STARTTLS
             S: 421 4.3.2 closing"
        ),
        &["failed at STARTTLS: 421 4.3.2 closing (1 unsent)"],
    );
}

#[test]
fn a_connection_that_was_secured_first_needs_no_starttls() {
    let mut session = ClientSession::new(with(TlsPolicy::Encrypt), one());
    let mut out = Outbox::new();
    session.secured(SimTime::ZERO, &mut out);
    assert_eq!(out.drain().count(), 0);
    session.handle(SimTime::ZERO, Input::Opened, &mut out);
    let said = b"220 mx\r\n250-mx\r\n250 STARTTLS\r\n";
    session.handle(SimTime::ZERO, Input::Bytes(said), &mut out);
    assert!(session.is_secured());
    assert_eq!(session.stage(), Stage::Mail);
}

#[test]
fn a_password_is_shown_in_clear_only_if_that_is_allowed() {
    let config = ClientConfig { password_in_clear: false, tls: TlsPolicy::May, ..submitter() };
    check_with(
        &config,
        &one(),
        "S: 220 smtp
         C: EHLO laptop
         S: 250-smtp
         S: 250 AUTH PLAIN LOGIN
         C: QUIT
         S: 221 bye",
        &["failed at AUTH: no mechanism available (1 unsent)"],
    );
    check_with(
        &config,
        &[],
        "S: 220 smtp
         C: EHLO laptop
         S: 250-smtp
         S: 250-AUTH GSSAPI
         S: 250 STARTTLS
         C: STARTTLS
         S: 220 go
         S: TLS
         C: EHLO laptop
         S: 250-smtp
         S: 250 AUTH PLAIN
         C: AUTH PLAIN AHRlc3QAc2VjcmV0
         S: 235 welcome
         C: QUIT
         S: 221 bye",
        &["start TLS", "authenticated", "ready", "finished"],
    );
}

#[test]
fn failures_are_worded_as_by_postfix() {
    let refused = Failure::Refused("454 4.7.0 no TLS".parse().unwrap());
    let peer = "mx[192.0.2.1]";
    assert_eq!(
        refused.describe(Stage::StartTls, peer),
        "TLS is required, but host mx[192.0.2.1] refused to start TLS: 454 4.7.0 no TLS"
    );
    assert_eq!(
        refused.describe(Stage::Greeting, peer),
        "host mx[192.0.2.1] refused to talk to me: 454 4.7.0 no TLS"
    );
    assert_eq!(
        Failure::TlsNotOffered.describe(Stage::StartTls, peer),
        "TLS is required, but was not offered by host mx[192.0.2.1]"
    );
    assert_eq!(Failure::TlsNotOffered.status().to_string(), "4.7.4");
    assert_eq!(Failure::Handshake(String::new()).status().to_string(), "4.7.5");
    assert_eq!(
        Failure::TimedOut.describe(Stage::EndOfData, peer),
        "conversation with mx[192.0.2.1] timed out while sending end of data -- message may be \
         sent more than once"
    );
}
