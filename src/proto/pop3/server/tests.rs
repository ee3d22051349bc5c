use super::*;
use crate::proto::Output;
use bytes::Bytes;
use proptest::prelude::*;

/// The maildrop of the user `mrose`, password `tanstaaf`: the user `locked` has none to give.
fn answer(user: &str, password: &str) -> Result<Vec<MaildropMessage>, LoginRefusal> {
    if user == "locked" {
        return Err(LoginRefusal::InUse);
    }
    if (user, password) != ("mrose", "tan staaf") {
        return Err(LoginRefusal::Credentials);
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
}

impl Peer {
    fn new() -> Peer {
        let config = Pop3ServerConfig {
            host_name: "dewey".into(),
            max_refused_logins: 3,
            ..Pop3ServerConfig::default()
        };
        let session = Pop3Server::new(Arc::new(config));
        let mut peer = Peer { session, seen: Vec::new(), now: SimTime::ZERO };
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
                    Output::Event(Pop3ServerEvent::Login { user, password }) => {
                        self.session.answer_login(self.now, answer(&user, &password), &mut out);
                    }
                    Output::Event(event) => {
                        self.seen.extend_from_slice(format!("E: {event:?}\r\n").as_bytes());
                        if matches!(event, Pop3ServerEvent::Update { .. }) {
                            self.session.answer_update(true, &mut out);
                        }
                    }
                }
            }
        }
    }
}

/// Plays the lines `C: ...` against the server, and compares what it sends with the lines
/// `S: ...`, what the owner hears with `E: ...`. Then once more octet by octet, and in one piece.
fn check(dialogue: &str) {
    let lines = || dialogue.lines().map(str::trim).filter(|line| !line.is_empty());
    let wanted: Vec<_> = lines().filter(|line| !line.starts_with("C: ")).collect();
    let client: Vec<String> = lines()
        .filter_map(|line| line.strip_prefix("C: "))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let stream = client.concat();
    let pieces: [Vec<&[u8]>; 3] = [
        client.iter().map(String::as_bytes).collect(),
        stream.as_bytes().chunks(1).collect(),
        vec![stream.as_bytes()],
    ];
    for pieces in pieces {
        let mut peer = Peer::new();
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
         C: NOOP
         S: +OK
         C: QUIT
         S: +OK dewey POP3 server signing off (2 messages left)
         E: Ended
         close",
    );
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
fn capabilities_are_told_before_login() {
    check(
        "S: +OK dewey POP3 server ready
         C: CAPA
         S: +OK Capability list follows
         S: TOP
         S: USER
         S: UIDL
         S: PIPELINING
         S: RESP-CODES
         S: AUTH-RESP-CODE
         S: EXPIRE NEVER
         S: .
         C: QUIT
         S: +OK dewey POP3 server signing off
         E: Ended
         close",
    );
}

#[test]
fn without_quit_nothing_is_deleted() {
    for end in [Input::Eof, Input::Timeout] {
        let mut peer = Peer::new();
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

proptest! {
    #[test]
    fn arbitrary_octets_do_not_panic(octets: Vec<u8>, login: bool) {
        let mut peer = Peer::new();
        if login {
            peer.input(Input::Bytes(b"USER mrose\r\nPASS tan staaf\r\n"));
        }
        peer.input(Input::Bytes(&octets));
        peer.input(Input::Eof);
    }

    #[test]
    fn arbitrary_commands_do_not_panic(
        lines in proptest::collection::vec(
            "(STAT|LIST|UIDL|RETR|TOP|DELE|RSET|NOOP|CAPA|QUIT|USER|PASS)( [0-3]){0,2}\r\n",
            0..12,
        )
    ) {
        let mut peer = Peer::new();
        peer.input(Input::Bytes(b"USER mrose\r\nPASS tan staaf\r\n"));
        lines.iter().for_each(|line| peer.input(Input::Bytes(line.as_bytes())));
    }
}
