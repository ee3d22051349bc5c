use super::*;
use crate::proto::Output;
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
        let mut seen = Vec::new();
        let mut out = Outbox::new();
        client.handle(SimTime::ZERO, Input::Opened, &mut out);
        for piece in server.as_bytes().chunks(cut) {
            client.handle(SimTime::ZERO, Input::Bytes(piece), &mut out);
            for output in out.drain() {
                match output {
                    Output::Send(octets) => {
                        let text = String::from_utf8(octets.to_vec()).unwrap();
                        seen.extend(text.lines().map(|line| format!("C: {line}")));
                    }
                    Output::Event(event) => seen.push(format!("E: {event:?}")),
                    Output::Close | Output::Abort => seen.push("close".into()),
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
fn a_refused_login_ends_the_session() {
    check(
        &config(false, &[]),
        r#"
        S: +OK ready
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

proptest! {
    #[test]
    fn arbitrary_octets_do_not_panic(octets: Vec<u8>, answers in 0usize..5) {
        let mut client = Pop3Client::new(config(false, &[]));
        let mut out = Outbox::new();
        client.handle(SimTime::ZERO, Input::Opened, &mut out);
        let start = b"+OK\r\n".repeat(answers);
        client.handle(SimTime::ZERO, Input::Bytes(&start), &mut out);
        client.handle(SimTime::ZERO, Input::Bytes(&octets), &mut out);
        client.handle(SimTime::ZERO, Input::Eof, &mut out);
    }
}
