//! Errors, the tarpit, and replies that are late.

use std::time::Duration;

use super::*;

fn at(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

#[test]
fn from_ten_errors_on_every_reply_is_a_second_late_and_at_twenty_it_is_over() {
    let mut owner = Owner::new(config());
    owner.handle(at(0), Input::Opened);
    owner.handle(at(0), Input::Bytes(&b"FOO\r\n".repeat(30)));
    let said = |owner: &Owner| memchr::memmem::find_iter(&owner.wire, b"\r\n").count();
    assert_eq!(said(&owner), 11, "the greeting and ten errors");
    for seconds in 1..=9 {
        assert_eq!(owner.session.deadline(), Some(at(seconds * 1000)));
        owner.handle(at(seconds * 1000 - 1), Input::Timeout);
        owner.handle(at(seconds * 1000), Input::Timeout);
        assert_eq!(said(&owner) as u64, 11 + seconds);
    }
    owner.handle(at(10_000), Input::Timeout);
    assert!(owner.wire.ends_with(b"421 4.7.0 mx.example.net Error: too many errors\r\n"));
    assert!(owner.closed);
    assert_eq!(owner.events.last(), Some(&ServerEvent::Closed(CloseReason::Misbehaved)));
}

#[test]
fn an_accepted_message_is_forgiven_everything() {
    let mut owner = Owner::new(config());
    owner.handle(at(0), Input::Opened);
    for _ in 0..3 {
        owner.handle(at(0), Input::Bytes(&b"FOO\r\n".repeat(9)));
        let mail = b"HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@b>\r\nDATA\r\n.\r\n";
        owner.handle(at(0), Input::Bytes(mail));
    }
    assert_eq!(owner.messages().len(), 3);
    assert_eq!(owner.session.held_until(), None);
}

#[test]
fn commands_that_bring_no_mail_are_errors_after_a_hundred() {
    let mut owner = Owner::new(config());
    owner.handle(at(0), Input::Opened);
    owner.handle(at(0), Input::Bytes(&b"NOOP\r\n".repeat(200)));
    assert_eq!(owner.wait(at(0)), at(11_000), "ten replies of 120 were late, and the last word");
    assert!(owner.wire.ends_with(b"421 4.7.0 mx.example.net Error: too many errors\r\n"));
    assert_eq!(memchr::memmem::find_iter(&owner.wire, b"250 2.0.0").count(), 119);
}

#[test]
fn a_tarpit_holds_back_every_reply_and_refusals_longer() {
    let patience = Patience {
        reply_delay: Duration::from_secs(2),
        refusal_delay: Duration::from_secs(3),
        ..Patience::default()
    };
    let config = ServerConfig { patience, ..config() };
    let mut owner = Owner::new(config.clone());
    owner.handle(at(0), Input::Opened);
    assert_eq!(owner.wire, b"");
    assert_eq!(owner.session.deadline(), Some(at(2000)));
    owner.handle(at(1000), Input::Bytes(b"HELO a\r\nFOO\r\nQUIT\r\nNOOP\r\n"));
    owner.handle(at(2000), Input::Timeout);
    assert!(owner.wire.ends_with(b"220 mx.example.net ESMTP\r\n"));
    assert_eq!(owner.wait(at(2000)), at(2000 + 2000 + 5000 + 2000));
    assert!(owner.wire.ends_with(b"221 2.0.0 Bye\r\n"));
    assert!(owner.closed);
    // The same dialogue with every cut.
    check_with(
        &config,
        "S: 220 mx.example.net ESMTP
         C: HELO a
         S: 250 mx.example.net
         C: MAIL FROM:<a@b.example>
         S: 250 2.1.0 Ok
         C: RCPT TO:<unknown@b.example>
         S: 550 5.1.1 No such user here
         C: RCPT TO:<b@b.example>
         S: 250 2.1.5 Ok
         C: BDAT 6
         C: text
         S: 250 2.0.0 Ok: 6 bytes
         C: BDAT 0 LAST
         S: 250 2.0.0 Ok: queued as 4F2A
         C: QUIT
         S: 221 2.0.0 Bye",
    );
}

#[test]
fn the_clients_time_runs_from_the_late_reply_on() {
    let patience = Patience { reply_delay: Duration::from_secs(400), ..Patience::default() };
    let mut owner = Owner::new(ServerConfig { patience, ..config() });
    owner.handle(at(0), Input::Opened);
    owner.handle(at(400_000), Input::Timeout);
    assert_eq!(owner.wire, b"220 mx.example.net ESMTP\r\n");
    assert_eq!(owner.session.deadline(), Some(at(700_000)));
    owner.handle(at(500_000), Input::Bytes(b"NOOP\r\n"));
    owner.handle(at(500_000), Input::Eof);
    assert_eq!(owner.events, [ServerEvent::Closed(CloseReason::Eof)]);
    assert_eq!(owner.wire, b"220 mx.example.net ESMTP\r\n", "nobody hears the other reply");
}

#[test]
fn tls_begins_after_a_late_220() {
    let patience = Patience { reply_delay: Duration::from_secs(1), ..Patience::default() };
    let mut owner = Owner::new(ServerConfig { patience, tls: Tls::Offered, ..config() });
    owner.handle(at(0), Input::Opened);
    owner.wait(at(0));
    owner.handle(at(1000), Input::Bytes(b"STARTTLS\r\nNOOP\r\n"));
    owner.handle(at(1500), Input::Bytes(b"NOOP\r\n"));
    assert!(owner.events.is_empty());
    owner.handle(at(2000), Input::Timeout);
    assert!(owner.wire.ends_with(b"220 2.0.0 Ready to start TLS\r\n"));
    assert_eq!(owner.events, [ServerEvent::StartTls]);
    owner.wait(at(2000));
    assert!(owner.wire.ends_with(b"220 2.0.0 Ready to start TLS\r\n"), "nothing in clear counts");
}

#[test]
fn a_flood_into_a_tarpit_gets_one_last_word() {
    let patience = Patience { reply_delay: Duration::from_secs(1), ..Patience::default() };
    let mut owner = Owner::new(ServerConfig { patience, chunking: false, ..config() });
    owner.handle(at(0), Input::Opened);
    for _ in 0..100 {
        owner.handle(at(0), Input::Bytes(&[b'A'; 10_000]));
        assert!(owner.session.unread.len() <= UNREAD_LIMIT);
    }
    owner.wait(at(0));
    assert_eq!(owner.wire, b"421 4.7.0 mx.example.net Error: too much input\r\n");
    assert_eq!(owner.events, [ServerEvent::Closed(CloseReason::Misbehaved)]);
}
