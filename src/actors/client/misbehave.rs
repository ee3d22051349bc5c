//! A client with bad manners: what no mail client should say, so that one sees how servers bear it.
//!
//! A session here is a script: say something, hear a reply, begin TLS, wait to be hung up on, leave.
//! It proves nothing of what it hears; it counts the replies, and tells how the connection ended.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::SimTime;
use crate::proto::{Input, Outbox, Session};
use crate::world::Ctx;

use super::config::{MailClientConfig, Manner, Misbehaviour, Spoken};

/// A session of bad manners.
#[derive(Debug)]
pub(super) struct Misbehaving {
    /// The server, as its certificate would call it.
    pub(super) host: String,
    protocol: Spoken,
    script: VecDeque<Move>,
    /// What came and is no whole line yet.
    line: Vec<u8>,
    state: State,
    replies: u32,
    last_reply: String,
    /// When something last happened.
    active: SimTime,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// The script goes on by itself.
    Talking,
    /// Waits for a reply.
    Hearing,
    /// Waits for the end of a TLS handshake.
    Securing,
    /// Waits for the server to hang up.
    Waiting,
    Over,
}

/// One move of a script.
#[derive(Debug)]
enum Move {
    Say(Bytes),
    Hear,
    StartTls,
    Wait,
    Leave,
}

/// News of a session of bad manners.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misbehaved {
    /// TLS is to begin.
    StartTls,
    /// It is over: how many replies there were, the last one, and how it ended.
    Over { replies: u32, last_reply: String, ended: &'static str },
}

impl Misbehaving {
    pub(super) fn new(what: &Misbehaviour, config: &MailClientConfig, ctx: &Ctx<'_>) -> Self {
        let id =
            format!("<bad-manners.{}@{}>", ctx.now().since(SimTime::ZERO).as_nanos(), ctx.name());
        let who = Who { host: ctx.name(), user: &config.user, password: &config.password, id: &id };
        let script = script(what.protocol, what.manner, &who);
        Misbehaving::with_script(&what.server.host, what.protocol, script)
    }

    fn with_script(host: &str, protocol: Spoken, script: VecDeque<Move>) -> Self {
        Misbehaving {
            host: host.to_owned(),
            protocol,
            script,
            line: Vec::new(),
            state: State::Talking,
            replies: 0,
            last_reply: String::new(),
            active: SimTime::ZERO,
        }
    }

    /// TLS stands: the script goes on.
    pub(super) fn secured(&mut self, now: SimTime, out: &mut Outbox<Misbehaved>) {
        if self.state == State::Securing {
            self.active = now;
            self.state = State::Talking;
            self.line.clear();
            self.go_on(out);
        }
    }

    fn go_on(&mut self, out: &mut Outbox<Misbehaved>) {
        while self.state == State::Talking {
            match self.script.pop_front() {
                Some(Move::Say(octets)) => out.send_bytes(octets),
                Some(Move::Hear) => self.state = State::Hearing,
                Some(Move::StartTls) if !is_yes(self.protocol, &self.last_reply) => {
                    self.over("was refused TLS", out);
                }
                Some(Move::StartTls) => {
                    self.state = State::Securing;
                    out.event(Misbehaved::StartTls);
                }
                Some(Move::Wait) => self.state = State::Waiting,
                Some(Move::Leave) | None => self.over("left", out),
            }
        }
    }

    fn hear(&mut self, octet: u8, out: &mut Outbox<Misbehaved>) {
        if octet != b'\n' {
            if self.line.len() < MAX_LINE_OCTETS {
                self.line.push(octet);
            }
            return;
        }
        let line = std::mem::take(&mut self.line);
        let line = line.trim_ascii_end();
        if !is_reply(self.protocol, line, self.replies == 0) {
            return;
        }
        self.replies += 1;
        self.last_reply = String::from_utf8_lossy(line).into_owned();
        if self.state == State::Hearing {
            self.state = State::Talking;
            self.go_on(out);
        }
    }

    fn over(&mut self, ended: &'static str, out: &mut Outbox<Misbehaved>) {
        self.state = State::Over;
        let (replies, last_reply) = (self.replies, std::mem::take(&mut self.last_reply));
        out.event(Misbehaved::Over { replies, last_reply, ended });
        out.close();
    }
}

impl Session for Misbehaving {
    type Event = Misbehaved;

    fn handle(&mut self, now: SimTime, input: Input<'_>, out: &mut Outbox<Misbehaved>) {
        match input {
            _ if self.state == State::Over => {}
            Input::Opened => {
                self.active = now;
                self.go_on(out);
            }
            Input::Bytes(octets) => {
                self.active = now;
                for octet in octets {
                    if matches!(self.state, State::Securing | State::Over) {
                        break;
                    }
                    self.hear(*octet, out);
                }
            }
            Input::Eof => self.over("was hung up on", out),
            Input::Timeout => {
                if self.deadline().is_some_and(|deadline| deadline <= now) {
                    self.over("gave up waiting", out);
                }
            }
        }
    }

    fn deadline(&self) -> Option<SimTime> {
        (self.state != State::Over).then(|| self.active + PATIENCE)
    }
}

/// Whether a line ends a reply. What an IMAP server says without being asked is none, but for its
/// greeting and its farewell; the tags of the scripts begin with `x`.
fn is_reply(protocol: Spoken, line: &[u8], is_first: bool) -> bool {
    match protocol {
        Spoken::Smtp => line.get(3).is_none_or(|separator| *separator == b' '),
        Spoken::Pop3 => line.starts_with(b"+") || line.starts_with(b"-ERR"),
        Spoken::Imap => is_first || line.starts_with(b"x") || line.starts_with(b"* BYE"),
    }
}

/// Whether STARTTLS or STLS was granted.
fn is_yes(protocol: Spoken, reply: &str) -> bool {
    reply.starts_with(match protocol {
        Spoken::Smtp => "220",
        Spoken::Pop3 => "+OK",
        Spoken::Imap => "x0 OK",
    })
}

/// Who misbehaves.
struct Who<'a> {
    host: &'a str,
    user: &'a str,
    password: &'a str,
    /// The Message-ID of what it sends.
    id: &'a str,
}

fn script(protocol: Spoken, manner: Manner, who: &Who<'_>) -> VecDeque<Move> {
    let Who { host, user, password, id } = who;
    let say = |text: String| Move::Say(Bytes::from(text));
    let lines = |lines: &[String], end: &str| {
        say(lines.iter().map(|line| format!("{line}{end}")).collect())
    };
    // What a client says one by one.
    let hello = match protocol {
        Spoken::Smtp => vec![format!("EHLO {host}")],
        Spoken::Pop3 => vec![format!("USER {user}"), format!("PASS {password}")],
        Spoken::Imap => vec![format!("x1 LOGIN \"{user}\" \"{password}\"")],
    };
    let business = match protocol {
        Spoken::Smtp => vec![format!("MAIL FROM:<{user}>"), format!("RCPT TO:<{user}>")],
        Spoken::Pop3 => vec!["DELE 1".to_owned()],
        Spoken::Imap => {
            vec!["x2 SELECT INBOX".to_owned(), "x3 STORE 1 +FLAGS (\\Deleted)".to_owned()]
        }
    };
    let (noop, quit) = match protocol {
        Spoken::Smtp => ("NOOP", "QUIT"),
        Spoken::Pop3 => ("CAPA", "QUIT"),
        Spoken::Imap => ("x8 NOOP", "x9 LOGOUT"),
    };
    let (noop, quit) = (noop.to_owned(), quit.to_owned());
    let in_turn = |all: &[String]| {
        all.iter().flat_map(|line| [say(format!("{line}\r\n")), Move::Hear]).collect::<Vec<_>>()
    };
    let mut script = VecDeque::new();
    if manner != Manner::EarlyTalker {
        script.push_back(Move::Hear);
    }
    match (manner, protocol) {
        (Manner::NoQuit, _) => {
            script.extend(in_turn(&hello));
            script.extend(in_turn(&business));
            script.push_back(Move::Leave);
        }
        (Manner::EarlyTalker, _) => {
            let all: Vec<String> = [hello, vec![noop, quit]].concat();
            script.extend([lines(&all, "\r\n"), Move::Wait]);
        }
        (Manner::BareLf, Spoken::Smtp) => {
            script.extend(in_turn(&[hello, business, vec!["DATA".to_owned()]].concat()));
            let text = format!(
                "From: {user}\r\nMessage-ID: {id}\r\nSubject: One message\r\n\r\nIt ends here:\n.\n\
                 MAIL FROM:<{user}>\nRCPT TO:<{user}>\nDATA\nSubject: Smuggled\n\nNo, here:\r\n.\r\n"
            );
            script.extend([say(text), Move::Hear]);
            script.extend(in_turn(&[quit]));
            script.push_back(Move::Wait);
        }
        (Manner::BareLf, _) => script.extend([lines(&[noop, quit], "\n"), Move::Wait]),
        (Manner::TlsInjection, _) => {
            let starttls = match protocol {
                Spoken::Smtp => "STARTTLS",
                Spoken::Pop3 => "STLS",
                Spoken::Imap => "x0 STARTTLS",
            };
            if protocol == Spoken::Smtp {
                script.extend(in_turn(&hello));
            }
            let injected: Vec<String> =
                [vec![starttls.to_owned()], hello.clone(), business].concat();
            script.extend([lines(&injected, "\r\n"), Move::Hear, Move::StartTls]);
            script.extend(in_turn(&[noop, quit]));
            script.push_back(Move::Wait);
        }
        (Manner::LongLine, _) => {
            script.extend([say(format!("{noop} {}\r\n", "x".repeat(LONG_OCTETS))), Move::Hear]);
            script.extend(in_turn(&[quit]));
            script.push_back(Move::Wait);
        }
        (Manner::HalfCommand, _) => {
            script.extend([say(noop[..noop.len() - 2].to_owned()), Move::Wait]);
        }
        (Manner::Nonsense, _) => {
            for _ in 0..NONSENSE_LINES {
                script.extend(in_turn(&["xyzzy plugh".to_owned()]));
            }
            script.extend(in_turn(&[quit]));
            script.push_back(Move::Wait);
        }
    }
    script
}

/// What is kept of a line.
const MAX_LINE_OCTETS: usize = 1_000;

const LONG_OCTETS: usize = 100_000;

/// More than any server bears in a row.
const NONSENSE_LINES: usize = 50;

/// Longer than any server waits.
const PATIENCE: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Output;

    const ALL: [Manner; 7] = [
        Manner::NoQuit,
        Manner::EarlyTalker,
        Manner::BareLf,
        Manner::TlsInjection,
        Manner::LongLine,
        Manner::HalfCommand,
        Manner::Nonsense,
    ];

    /// Whatever a server says, and however it is cut, a script comes to its end.
    #[test]
    fn every_script_ends_with_a_server_that_answers_everything() {
        let who = Who { host: "h", user: "u@example.org", password: "p", id: "<1@h>" };
        for (protocol, reply) in [
            (Spoken::Smtp, "220-more\r\n220 ok\r\n"),
            (Spoken::Pop3, "+OK\r\n"),
            (Spoken::Imap, "* 1 EXISTS\r\nx0 OK\r\n"),
        ] {
            for manner in ALL {
                let mut session =
                    Misbehaving::with_script("h", protocol, script(protocol, manner, &who));
                let mut out = Outbox::new();
                let (mut said, mut over) = (Vec::new(), None);
                session.handle(SimTime::ZERO, Input::Opened, &mut out);
                for _ in 0..200 {
                    let mut secure = false;
                    for output in out.drain() {
                        match output {
                            Output::Send(octets) => said.extend_from_slice(&octets),
                            Output::Event(Misbehaved::StartTls) => secure = true,
                            Output::Event(event) => over = Some(event),
                            Output::Close | Output::Abort => {}
                        }
                    }
                    if secure {
                        session.secured(SimTime::ZERO, &mut out);
                    }
                    reply.bytes().for_each(|octet| {
                        session.handle(SimTime::ZERO, Input::Bytes(&[octet]), &mut out);
                    });
                }
                if over.is_none() {
                    assert_eq!(session.state, State::Waiting, "{protocol:?} {manner:?}");
                    session.handle(SimTime::ZERO, Input::Eof, &mut out);
                    over = out.drain().find_map(|output| match output {
                        Output::Event(event) => Some(event),
                        _ => None,
                    });
                }
                assert!(matches!(over, Some(Misbehaved::Over { .. })), "{protocol:?} {manner:?}");
                assert!(!said.is_empty());
                assert_eq!(session.deadline(), None);
            }
        }
    }
}
