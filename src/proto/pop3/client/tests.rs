use super::*;
use crate::proto::Output;
use crate::proto::sasl::Mechanism;
use bytes::Bytes;
use proptest::prelude::*;

fn config(keep: bool, known: &[&str]) -> Pop3ClientConfig {
    Pop3ClientConfig {
        user: "mrose".into(),
        password: "secret".into(),
        keep,
        known: known.iter().map(ToString::to_string).collect(),
        ..Pop3ClientConfig::default()
    }
}

/// Plays the lines `S: ...` to the client and compares what it sends with the lines `C: ...`, its
/// events with `E: ...`. Then once more octet by octet, and in one piece.
fn check(config: &Pop3ClientConfig, dialogue: &str) {
    let lines = || dialogue.lines().map(str::trim).filter(|line| !line.is_empty());
    let wanted: Vec<_> = lines().filter(|line| !line.starts_with("S:")).collect();
    let server: String = lines()
        .filter_map(|line| line.strip_prefix("S:"))
        .map(|line| format!("{}\r\n", line.trim_start()))
        .collect();
    for cut in [1, 7, server.len()] {
        let mut client = Pop3Client::new(config.clone());
        if config.logins == [Login::Sasl(Mechanism::ScramSha256)] {
            client = client.with_nonces(crate::engine::Seed(1).stream("nonces"));
        }
        let mut seen = Vec::new();
        let mut out = Outbox::new();
        client.handle(SimTime::ZERO, Input::Opened, &mut out);
        for piece in server.as_bytes().chunks(cut) {
            client.handle(SimTime::ZERO, Input::Bytes(piece), &mut out);
            loop {
                let outputs: Vec<_> = out.drain().collect();
                if outputs.is_empty() {
                    break;
                }
                for output in outputs {
                    match output {
                        Output::Send(octets) => {
                            let text = String::from_utf8(octets.to_vec()).unwrap();
                            seen.extend(text.lines().map(
                                |line| match line.split_once("SHA-256 ") {
                                    Some((command, _)) => {
                                        format!("C: {command}SHA-256 SCRAM_FIRST")
                                    }
                                    None => format!("C: {line}"),
                                },
                            ));
                        }
                        Output::Event(event) => {
                            seen.push(format!("E: {event:?}"));
                            // What the handshake leaves, it leaves at once.
                            if event == Pop3ClientEvent::StartTls {
                                client.secured(SimTime::ZERO, &mut out);
                            }
                        }
                        Output::Close | Output::Abort => seen.push("close".into()),
                    }
                }
            }
        }
        assert_eq!(seen, wanted, "cut every {cut}");
    }
}

#[test]
fn messages_are_downloaded_and_deleted() {
    check(
        &config(false, &["b"]),
        r#"
        S: +OK ready
        C: CAPA
        S: -ERR what
        C: USER mrose
        S: +OK
        C: PASS secret
        S: +OK 2 messages
        E: LoggedIn
        C: UIDL
        S: +OK
        S: 1 a
        S: 2 b
        S: .
        C: RETR 1
        S: +OK 12 octets
        S: A: b
        S:
        S: ..dot
        S: .
        E: Message { unique_id: Some("a"), data: b"A: b\r\n\r\n.dot\r\n" }
        C: DELE 1
        S: +OK
        C: DELE 2
        S: +OK
        C: QUIT
        S: +OK bye
        E: Done { deleted: 2 }
        close"#,
    );
}

#[test]
fn kept_messages_are_downloaded_once() {
    check(
        &config(true, &["a"]),
        r#"
        S: +OK ready
        C: CAPA
        S: -ERR what
        C: USER mrose
        S: +OK
        C: PASS secret
        S: +OK 2 messages
        E: LoggedIn
        C: UIDL
        S: +OK
        S: 1 a
        S: 2 b
        S: .
        C: RETR 2
        S: +OK
        S: x
        S: .
        E: Message { unique_id: Some("b"), data: b"x\r\n" }
        C: QUIT
        S: +OK bye
        E: Done { deleted: 0 }
        close"#,
    );
}

#[test]
fn a_server_without_uidl_is_counted() {
    check(
        &config(false, &[]),
        r#"
        S: +OK ready
        C: CAPA
        S: -ERR what
        C: USER mrose
        S: +OK
        C: PASS secret
        S: +OK
        E: LoggedIn
        C: UIDL
        S: -ERR what
        C: STAT
        S: +OK 1 3
        C: RETR 1
        S: +OK
        S: x
        S: .
        E: Message { unique_id: None, data: b"x\r\n" }
        C: DELE 1
        S: +OK
        C: QUIT
        S: +OK
        E: Done { deleted: 1 }
        close"#,
    );
}

#[test]
fn a_message_that_is_refused_does_not_keep_the_others_away() {
    check(
        &config(false, &["b"]),
        r#"
        S: +OK ready
        C: CAPA
        S: -ERR what
        C: USER mrose
        S: +OK
        C: PASS secret
        S: +OK
        E: LoggedIn
        C: UIDL
        S: +OK
        S: 1 a
        S: 2 b
        S: 3 c
        S: .
        C: RETR 1
        S: -ERR [SYS/TEMP] disk error
        E: Refused { unique_id: Some("a"), failure: Refused { command: "RETR", text: "[SYS/TEMP] disk error" } }
        C: DELE 2
        S: -ERR no
        E: Refused { unique_id: Some("b"), failure: Refused { command: "DELE", text: "no" } }
        C: RETR 3
        S: +OK
        S: x
        S: .
        E: Message { unique_id: Some("c"), data: b"x\r\n" }
        C: DELE 3
        S: +OK
        C: QUIT
        S: +OK
        E: Done { deleted: 1 }
        close"#,
    );
}

#[test]
fn a_refusal_says_whether_it_is_worth_another_try() {
    let is_temporary =
        |text: &str| Pop3Failure::Refused { command: "PASS", text: text.into() }.is_temporary();
    for text in ["[IN-USE] locked", "[sys/temp]", "[LOGIN-DELAY] too soon"] {
        assert!(is_temporary(text), "{text}");
    }
    for text in ["[AUTH] no", "[SYS/PERM] never", "no such user", "", "[IN-USE"] {
        assert!(!is_temporary(text), "{text}");
    }
}

#[test]
fn a_refused_login_ends_the_session() {
    check(
        &config(false, &[]),
        r#"
        S: +OK ready
        C: CAPA
        S: -ERR what
        C: USER mrose
        S: +OK
        C: PASS secret
        S: -ERR [IN-USE] busy
        E: Failed(Refused { command: "PASS", text: "[IN-USE] busy" })
        close"#,
    );
}

#[test]
fn a_silent_server_and_a_closed_connection_are_failures() {
    for (input, failure) in
        [(Input::Timeout, Pop3Failure::TimedOut), (Input::Eof, Pop3Failure::Closed)]
    {
        let mut client = Pop3Client::new(config(false, &[]));
        let mut out = Outbox::new();
        client.handle(SimTime::ZERO, Input::Opened, &mut out);
        client.handle(client.deadline().unwrap(), input, &mut out);
        let outputs: Vec<_> = out.drain().collect();
        assert_eq!(outputs, [Output::Event(Pop3ClientEvent::Failed(failure)), Output::Close]);
    }
}

#[test]
fn the_best_login_that_both_know_is_taken() {
    let check_first = |greeting: &str, capabilities: &[&str], wanted: &str| {
        let mut client =
            Pop3Client::new(config(false, &[])).with_nonces(crate::engine::Seed(1).stream("n"));
        let mut out = Outbox::new();
        let list = capabilities.iter().map(|line| format!("{line}\r\n")).collect::<String>();
        let octets = format!("{greeting}\r\n+OK\r\n{list}.\r\n");
        client.handle(SimTime::ZERO, Input::Bytes(octets.as_bytes()), &mut out);
        let sent: Vec<u8> = out
            .drain()
            .flat_map(|output| match output {
                Output::Send(octets) => octets,
                other => Bytes::from(format!("{other:?}")),
            })
            .collect();
        let sent = String::from_utf8(sent).unwrap();
        let sent = sent.strip_prefix("CAPA\r\n").unwrap();
        assert!(sent.starts_with(wanted), "{sent}");
    };
    let stamped = "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>";
    check_first("+OK", &["SASL PLAIN CRAM-MD5 SCRAM-SHA-256", "USER"], "AUTH SCRAM-SHA-256 ");
    check_first("+OK", &["USER", "sasl plain cram-md5"], "AUTH CRAM-MD5\r\n");
    check_first(stamped, &["USER", "SASL PLAIN"], "APOP mrose ");
    check_first("+OK <no timestamp>", &["USER", "SASL PLAIN"], "USER mrose\r\n");
    check_first("+OK", &["SASL PLAIN"], "AUTH PLAIN AG1yb3NlAHNlY3JldA==\r\n");
    check_first("+OK", &["SASL LOGIN X-\u{ff}"], "AUTH LOGIN\r\n");
    check_first("+OK", &["TOP"], "Event(Failed(NoMechanism))");
}

#[test]
fn apop_sends_the_digest_of_the_example() {
    let config = Pop3ClientConfig { password: "tanstaaf".into(), ..config(true, &[]) };
    check(
        &config,
        r#"
        S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>
        C: CAPA
        S: -ERR what
        C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
        S: +OK maildrop has 1 message (369 octets)
        E: LoggedIn
        C: UIDL"#,
    );
}

#[test]
fn challenges_are_answered_and_a_server_that_proves_nothing_is_left() {
    let login =
        |mechanism| Pop3ClientConfig { logins: vec![Login::Sasl(mechanism)], ..config(true, &[]) };
    check(
        &login(Mechanism::Login),
        r#"
        S: +OK
        C: CAPA
        S: +OK
        S: SASL LOGIN
        S: .
        C: AUTH LOGIN
        S: + VXNlcm5hbWU6
        C: bXJvc2U=
        S: + UGFzc3dvcmQ6
        C: c2VjcmV0
        S: +OK
        E: LoggedIn
        C: UIDL"#,
    );
    check(
        &login(Mechanism::Login),
        r#"
        S: +OK
        C: CAPA
        S: +OK
        S: SASL LOGIN
        S: .
        C: AUTH LOGIN
        S: + no base64
        C: *
        S: -ERR cancelled
        E: Failed(Refused { command: "AUTH", text: "cancelled" })
        close"#,
    );
    check(
        &login(Mechanism::ScramSha256),
        r#"
        S: +OK
        C: CAPA
        S: +OK
        S: SASL SCRAM-SHA-256
        S: .
        C: AUTH SCRAM-SHA-256 SCRAM_FIRST
        S: +OK come in
        E: Failed(NotProved)
        close"#,
    );
}

#[test]
fn stls_comes_first_and_what_was_injected_behind_it_counts_no_more() {
    let config = Pop3ClientConfig { stls: true, ..config(true, &[]) };
    check(
        &config,
        r#"
        S: +OK
        C: CAPA
        S: +OK
        S: TOP
        S: .
        E: Failed(TlsNotOffered)
        close"#,
    );
    let mut client = Pop3Client::new(config);
    let mut out = Outbox::new();
    let octets = b"+OK\r\n+OK\r\nSTLS\r\n.\r\n+OK go\r\n+OK\r\nUSER\r\n.\r\n+OK\r\n";
    client.handle(SimTime::ZERO, Input::Bytes(octets), &mut out);
    client.handle(SimTime::ZERO, Input::Bytes(b"+OK\r\n.\r\n"), &mut out);
    let outputs: Vec<_> = out.drain().collect();
    let wanted = [
        Output::Send(Bytes::from_static(b"CAPA\r\nSTLS\r\n")),
        Output::Event(Pop3ClientEvent::StartTls),
    ];
    assert_eq!(outputs, wanted);
    client.secured(SimTime::ZERO, &mut out);
    client.handle(SimTime::ZERO, Input::Bytes(b"+OK\r\nUSER\r\n.\r\n"), &mut out);
    let outputs: Vec<_> = out.drain().collect();
    assert_eq!(outputs, [Output::Send(Bytes::from_static(b"CAPA\r\nUSER mrose\r\n"))]);
}

#[test]
fn messages_that_were_kept_long_enough_are_deleted() {
    let config =
        Pop3ClientConfig { expired: BTreeSet::from(["a".to_owned()]), ..config(true, &["a", "b"]) };
    check(
        &config,
        r#"
        S: +OK
        C: CAPA
        S: -ERR what
        C: USER mrose
        S: +OK
        C: PASS secret
        S: +OK
        E: LoggedIn
        C: UIDL
        S: +OK
        S: 1 a
        S: 2 b
        S: .
        C: DELE 1
        S: +OK
        C: QUIT
        S: +OK
        E: Done { deleted: 1 }
        close"#,
    );
}

proptest! {
    #[test]
    fn arbitrary_octets_do_not_panic(octets: Vec<u8>, answers in 0usize..5, stls: bool) {
        let mut client = Pop3Client::new(Pop3ClientConfig { stls, ..config(false, &[]) });
        let mut out = Outbox::new();
        client.handle(SimTime::ZERO, Input::Opened, &mut out);
        let start = b"+OK\r\n".repeat(answers);
        client.handle(SimTime::ZERO, Input::Bytes(&start), &mut out);
        client.handle(SimTime::ZERO, Input::Bytes(&octets), &mut out);
        client.secured(SimTime::ZERO, &mut out);
        client.handle(SimTime::ZERO, Input::Bytes(&octets), &mut out);
        client.handle(SimTime::ZERO, Input::Eof, &mut out);
    }
}
