use super::*;
use crate::engine::Seed;
use crate::proto::Output;
use crate::proto::sasl::{
    ClientExchange, Credentials, Identity, Secret, decode_base64, encode_base64,
};
use bytes::Bytes;
use proptest::prelude::*;
use std::time::Duration;

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
fn a_busy_server_says_so() {
    let peer = Peer::new(Pop3ServerConfig { busy: true, ..config() });
    assert_eq!(peer.seen, b"-ERR [SYS/TEMP] Too many connections\r\nE: Ended\r\nclose\r\n");
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
