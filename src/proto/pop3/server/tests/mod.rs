mod judged;
mod login;

use super::*;
use crate::engine::Seed;
use crate::proto::Output;
use crate::proto::sasl::{Identity, Secret, encode_base64};
use bytes::Bytes;
use proptest::prelude::*;

/// The secret of the users there are.
fn secret(identity: &Identity) -> Option<Secret> {
    let known = ["mrose", "locked", "hasty", "broken", "gone"].contains(&&*identity.authcid);
    (known && identity.is_own()).then(|| Secret::new("tan staaf"))
}

/// The maildrop of the user `mrose`: the others have none to give.
fn maildrop(user: &str) -> Result<Vec<MaildropMessage>, LoginRefusal> {
    match user {
        "locked" => return Err(LoginRefusal::InUse),
        "hasty" => return Err(LoginRefusal::Delay),
        "broken" => return Err(LoginRefusal::Temporary),
        "gone" => return Err(LoginRefusal::Permanent),
        _ => {}
    }
    let message = |uid: u32, text: &'static str| MaildropMessage {
        uid,
        unique_id: format!("id-{uid}").into(),
        data: Bytes::from_static(text.as_bytes()),
    };
    Ok(vec![
        message(7, "Subject: one\r\n\r\nline\r\n.dot\r\n"),
        message(9, "Subject: two\r\n\r\nno end"),
    ])
}

/// What the server sends, with the events that reach its owner as lines `E: ...`.
struct Peer {
    session: Pop3Server,
    seen: Vec<u8>,
    now: SimTime,
    /// Whether what is to be deleted can be.
    removes: bool,
}

fn config() -> Pop3ServerConfig {
    Pop3ServerConfig {
        host_name: "dewey".into(),
        max_refused_logins: 3,
        max_bad_commands: 3,
        mechanisms: Mechanism::ALL.to_vec(),
        ..Pop3ServerConfig::default()
    }
}

impl Peer {
    fn new(config: Pop3ServerConfig) -> Peer {
        let session = Pop3Server::new(Arc::new(config)).with_challenges(Seed(7).stream("pop3"));
        let mut peer = Peer { session, seen: Vec::new(), now: SimTime::ZERO, removes: true };
        peer.input(Input::Opened);
        peer
    }

    fn input(&mut self, input: Input<'_>) {
        let mut out = Outbox::new();
        self.session.handle(self.now, input, &mut out);
        loop {
            let outputs: Vec<_> = out.drain().collect();
            if outputs.is_empty() {
                break;
            }
            for output in outputs {
                match output {
                    Output::Send(octets) => self.seen.extend_from_slice(&octets),
                    Output::Close => self.seen.extend_from_slice(b"close\r\n"),
                    Output::Abort => self.seen.extend_from_slice(b"abort\r\n"),
                    Output::Event(Pop3ServerEvent::Identify(identity)) => {
                        let secret = secret(&identity);
                        self.session.answer_identity(self.now, secret.as_ref(), &mut out);
                    }
                    Output::Event(Pop3ServerEvent::Login { user }) => {
                        self.session.answer_login(self.now, maildrop(&user), &mut out);
                    }
                    Output::Event(event) => {
                        self.seen.extend_from_slice(format!("E: {event:?}\r\n").as_bytes());
                        if matches!(event, Pop3ServerEvent::Update { .. }) {
                            self.session.answer_update(self.removes, &mut out);
                        }
                    }
                }
            }
        }
    }

    fn say(&mut self, line: &str) -> String {
        self.seen.clear();
        self.input(Input::Bytes(format!("{line}\r\n").as_bytes()));
        String::from_utf8(self.seen.clone()).unwrap()
    }
}

fn check(dialogue: &str) {
    check_with(&config(), dialogue);
}

/// Plays the lines `C: ...` against the server, and compares what it sends with the lines
/// `S: ...`, what the owner hears with `E: ...`. Then once more octet by octet, cut at every octet,
/// and in one piece.
fn check_with(config: &Pop3ServerConfig, dialogue: &str) {
    let lines = || dialogue.lines().map(str::trim).filter(|line| !line.is_empty());
    let wanted: Vec<_> = lines().filter(|line| !line.starts_with("C:")).collect();
    let client: Vec<String> = lines()
        .filter_map(|line| line.strip_prefix("C:"))
        .map(|line| format!("{}\r\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let stream = client.concat();
    let mut ways: Vec<Vec<&[u8]>> = vec![
        client.iter().map(String::as_bytes).collect(),
        stream.as_bytes().chunks(1).collect(),
        vec![stream.as_bytes()],
    ];
    ways.extend((1..stream.len()).map(|at| {
        let (first, second) = stream.as_bytes().split_at(at);
        vec![first, second]
    }));
    for pieces in ways {
        let mut peer = Peer::new(config.clone());
        pieces.into_iter().for_each(|piece| peer.input(Input::Bytes(piece)));
        let text = String::from_utf8(peer.seen).unwrap();
        let seen: Vec<String> = text
            .split_terminator("\r\n")
            .map(|line| match line {
                "close" => line.into(),
                _ if line.starts_with("E: ") => line.into(),
                _ => format!("S: {line}").trim_end().into(),
            })
            .collect();
        assert_eq!(seen, wanted);
    }
}

#[test]
fn the_example_of_rfc_1939_section_10() {
    check(
        "S: +OK dewey POP3 server ready
         C: USER mrose
         S: +OK send PASS
         C: PASS tan staaf
         S: +OK maildrop has 2 messages (52 octets)
         C: STAT
         S: +OK 2 52
         C: LIST
         S: +OK 2 messages (52 octets)
         S: 1 28
         S: 2 24
         S: .
         C: RETR 1
         S: +OK 28 octets
         S: Subject: one
         S:
         S: line
         S: ..dot
         S: .
         E: Retrieved { uid: 7 }
         C: DELE 1
         S: +OK message 1 deleted
         C: RETR 2
         S: +OK 24 octets
         S: Subject: two
         S:
         S: no end
         S: .
         E: Retrieved { uid: 9 }
         C: DELE 2
         S: +OK message 2 deleted
         C: QUIT
         E: Update { deleted: [7, 9] }
         S: +OK dewey POP3 server signing off (maildrop empty)
         E: Ended
         close",
    );
}

#[test]
fn deleted_messages_keep_their_numbers_and_rset_brings_them_back() {
    check(
        "S: +OK dewey POP3 server ready
         C: USER mrose
         S: +OK send PASS
         C: PASS tan staaf
         S: +OK maildrop has 2 messages (52 octets)
         C: DELE 1
         S: +OK message 1 deleted
         C: DELE 1
         S: -ERR message 1 already deleted
         C: RETR 1
         S: -ERR message 1 already deleted
         C: LIST
         S: +OK 1 message (24 octets)
         S: 2 24
         S: .
         C: UIDL
         S: +OK
         S: 2 id-9
         S: .
         C: STAT
         S: +OK 1 24
         C: UIDL 3
         S: -ERR no such message, only 2 messages in maildrop
         C: LIST 0
         S: -ERR no such message, only 2 messages in maildrop
         C: TOP 4294967295 4294967295
         S: -ERR no such message, only 2 messages in maildrop
         C: RSET
         S: +OK maildrop has 2 messages (52 octets)
         C: UIDL 1
         S: +OK 1 id-7
         C: LIST 2
         S: +OK 2 24
         C: TOP 1 1
         S: +OK top of message follows
         S: Subject: one
         S:
         S: line
         S: .
         C: TOP 2 0
         S: +OK top of message follows
         S: Subject: two
         S:
         S: .
         C: NOOP
         S: +OK
         C: QUIT
         S: +OK dewey POP3 server signing off (2 messages left)
         E: Ended
         close",
    );
}

#[test]
fn arguments_that_are_missing_or_too_many_are_refused() {
    let mut peer = Peer::new(Pop3ServerConfig { max_bad_commands: 100, ..config() });
    peer.say("USER mrose");
    peer.say("PASS tan staaf");
    for line in [
        "RETR",
        "RETR x",
        "RETR 1 2",
        "RETR -1",
        "RETR 1.",
        "TOP 1",
        "TOP 1 -1",
        "TOP 1 2 3",
        "DELE",
        "LIST 1 2",
        "LIST x",
        "UIDL 1 2",
        "STAT 1",
        "NOOP 1",
        "RSET 1",
        "QUIT 1",
        "CAPA 1",
        "RETR 4294967296",
    ] {
        assert_eq!(peer.say(line), "-ERR Bad arguments\r\n", "{line}");
    }
    assert_eq!(peer.say("retr  1  ").lines().next(), Some("+OK 28 octets"));
    for line in ["USER mrose", "PASS x", "AUTH PLAIN", "AUTH", "APOP mrose 00"] {
        assert_eq!(peer.say(line), "-ERR logged in already\r\n", "{line}");
    }
    assert_eq!(peer.say("STLS"), "-ERR STLS comes before the login\r\n");
    assert_eq!(peer.say("STAT"), "+OK 2 52\r\n");
}

#[test]
fn too_many_bad_commands_in_a_row_end_the_session_without_update() {
    check(
        "S: +OK dewey POP3 server ready
         C: USER mrose
         S: +OK send PASS
         C: PASS tan staaf
         S: +OK maildrop has 2 messages (52 octets)
         C: DELE 1
         S: +OK message 1 deleted
         C: HELO
         S: -ERR Unknown command
         C: GET / HTTP/1.1
         S: -ERR Unknown command
         C: NOOP
         S: +OK
         C:
         S: -ERR Unknown command
         C: RETR
         S: -ERR Bad arguments
         C: LAST
         S: -ERR Unknown command
         S: -ERR Too many bad commands
         E: Ended
         close
         C: QUIT",
    );
}

#[test]
fn lines_that_are_too_long_are_refused_and_passed_over() {
    let long = "x".repeat(600);
    check_with(
        &Pop3ServerConfig { max_bad_commands: 20, ..config() },
        &format!(
            "S: +OK dewey POP3 server ready
         C: {long}
         S: -ERR Line too long
         C: NOOP {}
         S: -ERR Line too long
         C: AUTH PLAIN
         S: +
         C: {}
         S: -ERR Line too long
         C: USER mrose
         S: +OK send PASS
         C: PASS {}
         S: -ERR [AUTH] Authentication failed",
            "x".repeat(506),
            "A".repeat(12_300),
            "x".repeat(505)
        ),
    );
    let mut peer = Peer::new(config());
    let initial = encode_base64(format!("\0mrose\0{}", "x".repeat(5_000)).as_bytes());
    let said = peer.say(&format!("AUTH PLAIN {initial}"));
    assert_eq!(said, "-ERR [AUTH] Authentication failed\r\n");
}

#[test]
fn a_message_with_bare_line_feeds_is_counted_as_it_is_sent() {
    let mut peer = Peer::new(config());
    peer.say("USER mrose");
    // Instead of the maildrop of mrose.
    let message = MaildropMessage {
        uid: 1,
        unique_id: "a".into(),
        data: Bytes::from_static(b"A: b\n\n.\n..\r\nc\rd\n"),
    };
    let mut out = Outbox::new();
    peer.session.state = State::LoggingIn;
    peer.session.answer_login(peer.now, Ok(vec![message]), &mut out);
    assert_eq!(peer.say("LIST 1"), "+OK 1 20\r\n");
    let wire = peer.say("RETR 1");
    assert_eq!(
        wire,
        "+OK 20 octets\r\nA: b\r\n\r\n..\r\n...\r\nc\rd\r\n.\r\nE: Retrieved { uid: 1 }\r\n"
    );
}

#[test]
fn what_could_not_be_removed_is_told() {
    let mut peer = Peer::new(config());
    peer.removes = false;
    peer.say("USER mrose");
    peer.say("PASS tan staaf");
    peer.say("DELE 2");
    let said = peer.say("QUIT");
    assert_eq!(
        said,
        "E: Update { deleted: [9] }\r\n-ERR [SYS/TEMP] some deleted messages not removed\r\nE: Ended\r\nclose\r\n"
    );
}

#[test]
fn without_quit_nothing_is_deleted() {
    for end in [Input::Eof, Input::Timeout] {
        let mut peer = Peer::new(config());
        peer.input(Input::Bytes(b"USER mrose\r\nPASS tan staaf\r\nDELE 1\r\n"));
        peer.seen.clear();
        peer.input(Input::Timeout);
        assert_eq!(peer.seen, b"", "it is too early");
        peer.now = peer.session.deadline().unwrap();
        assert_eq!(peer.now, SimTime::from_secs(600));
        peer.input(end);
        assert_eq!(peer.seen, b"E: Ended\r\nclose\r\n");
        assert_eq!(peer.session.deadline(), None);
    }
}

#[test]
fn a_flood_that_is_no_line_ends_the_session() {
    let session = Pop3Server::new(Arc::new(config()));
    let mut peer = Peer { session, seen: Vec::new(), now: SimTime::ZERO, removes: true };
    let mut out = Outbox::new();
    peer.session.handle(peer.now, Input::Bytes(b"USER mrose\r\nPASS x\r\n"), &mut out);
    // The owner takes its time over the answer.
    for _ in 0..65 {
        peer.session.handle(peer.now, Input::Bytes(&b"NOOP\r\n".repeat(200)), &mut out);
    }
    assert!(matches!(peer.session.state, State::Ended));
}

proptest! {
    #[test]
    fn arbitrary_octets_do_not_panic(octets: Vec<u8>, start in 0usize..4) {
        let mut peer = Peer::new(Pop3ServerConfig { stls: true, apop: true, ..config() });
        let start = ["", "USER mrose\r\nPASS tan staaf\r\n", "AUTH SCRAM-SHA-256\r\n", "STLS\r\n"][start];
        peer.input(Input::Bytes(start.as_bytes()));
        peer.input(Input::Bytes(&octets));
        peer.session.secured(peer.now);
        peer.input(Input::Bytes(&octets));
        peer.input(Input::Eof);
    }

    #[test]
    fn arbitrary_commands_do_not_panic(
        lines in proptest::collection::vec(
            "(STAT|LIST|UIDL|RETR|TOP|DELE|RSET|NOOP|CAPA|QUIT|USER|PASS|AUTH|APOP|STLS|\\*)( ([0-3]|PLAIN|LOGIN|CRAM-MD5|=|eA==)){0,2}\r\n",
            0..12,
        ),
        login: bool,
    ) {
        let mut peer = Peer::new(Pop3ServerConfig { stls: true, apop: true, ..config() });
        if login {
            peer.input(Input::Bytes(b"USER mrose\r\nPASS tan staaf\r\n"));
        }
        lines.iter().for_each(|line| peer.input(Input::Bytes(line.as_bytes())));
    }
}
