//! Dialogues of the server session, each replayed with the client's stream cut everywhere.

mod auth;
mod chunks;
mod dialogues;
mod extensions;
mod limits;
mod lmtp;
mod misbehave;
mod patience;
mod smuggling;
mod tls;

use super::*;
use crate::proto::Output;
use crate::proto::sasl::Secret;
use crate::proto::smtp::enhanced::EnhancedStatus;
use crate::proto::smtp::reply::Reply;

/// An owner with simple rules, and all that it has seen.
struct Owner {
    session: ServerSession,
    out: Outbox,
    wire: Vec<u8>,
    events: Vec<ServerEvent>,
    closed: bool,
    /// Whether questions stay open.
    silent: bool,
}

impl Owner {
    fn new(config: ServerConfig) -> Self {
        Owner::of(ServerSession::new(config))
    }

    fn of(session: ServerSession) -> Self {
        Owner {
            session,
            out: Outbox::new(),
            wire: Vec::new(),
            events: Vec::new(),
            closed: false,
            silent: false,
        }
    }

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        self.session.handle(now, input, &mut self.out);
        loop {
            let outputs: Vec<_> = self.out.drain().collect();
            let mut verdicts = None;
            for output in outputs {
                assert!(!self.closed, "nothing comes after the close");
                match output {
                    Output::Send(octets) => self.wire.extend_from_slice(&octets),
                    Output::Event(event) => {
                        verdicts = verdicts.or(verdicts_on(&event));
                        self.events.push(event);
                    }
                    Output::Close => self.closed = true,
                    // Only where a rule of misbehaviour wants it.
                    Output::Abort => self.closed = true,
                }
            }
            if self.events.last() == Some(&ServerEvent::StartTls) {
                self.session.secured(now);
            }
            assert_eq!(self.session.is_asking(), verdicts.is_some() && !self.closed);
            match verdicts {
                Some(verdicts) if !self.silent => {
                    self.session.answer_each(now, &verdicts, &mut self.out);
                }
                _ => break,
            }
        }
    }

    /// Waits for the replies that are late, and tells how late the last one was.
    fn wait(&mut self, mut now: SimTime) -> SimTime {
        while let Some(until) = self.session.held_until() {
            now = until;
            self.handle(now, Input::Timeout);
        }
        now
    }

    fn messages(&self) -> Vec<&ReceivedMessage> {
        let events = self.events.iter();
        events
            .filter_map(|event| match event {
                ServerEvent::Message(message) => Some(message),
                _ => None,
            })
            .collect()
    }
}

/// `unknown` is no user, `banned` is no sender, `full` has no room, the password is `secret`.
fn verdicts_on(event: &ServerEvent) -> Option<Vec<Verdict>> {
    let status = EnhancedStatus::new;
    let verdict = match event {
        ServerEvent::Auth { identity, .. } => {
            let known = identity.is_own() && identity.authcid == "test";
            Verdict::Secret(known.then(|| Secret::new("secret")))
        }
        ServerEvent::Mail { from, .. } if from.to_string().starts_with("<banned@") => {
            Reply::new(550, status(5, 7, 1), "You are not welcome").into()
        }
        ServerEvent::Rcpt { to, .. } if to.to_string().starts_with("<unknown@") => {
            Reply::new(550, status(5, 1, 1), "No such user here").into()
        }
        ServerEvent::Rcpt { to, .. } if to.to_string().starts_with("<closing@") => {
            Reply::new(421, status(4, 3, 2), "Service not available").into()
        }
        ServerEvent::Message(message) => {
            let verdict = |recipient: &Recipient| -> Verdict {
                match recipient.path.to_string().starts_with("<full@") {
                    true => Reply::new(452, status(4, 2, 2), "Mailbox full").into(),
                    false => Verdict::Accept,
                }
            };
            let verdicts: Vec<_> = message.envelope.recipients.iter().map(verdict).collect();
            if verdicts.contains(&Verdict::Accept) && !verdicts.iter().all(Verdict::is_yes) {
                return Some(verdicts);
            }
            Reply::queued_as("4F2A").into()
        }
        ServerEvent::Vrfy { argument, .. } if argument == "Crispin" => {
            Reply::new(250, status(2, 0, 0), "Mark Crispin <Admin.MRC@foo.com>").into()
        }
        ServerEvent::Vrfy { argument, .. } if argument == "String" => {
            Reply::new(553, status(5, 1, 4), "User ambiguous").into()
        }
        ServerEvent::Expn { argument, .. } if argument == "Example-People" => {
            let people = "Jon Postel <Postel@isi.edu>\nFred Fonebone <Fonebone@physics.foo-u.edu>";
            Reply::new(250, status(2, 1, 5), people).into()
        }
        ServerEvent::Expn { .. } => Reply::new(550, status(5, 7, 1), "Access denied").into(),
        ServerEvent::Vrfy { .. } | ServerEvent::Mail { .. } | ServerEvent::Rcpt { .. } => {
            Verdict::Accept
        }
        _ => return None,
    };
    Some(vec![verdict])
}

/// A submission server where AUTH is possible but not demanded.
fn config() -> ServerConfig {
    ServerConfig { auth_required: false, ..ServerConfig::submission("mx.example.net") }
}

fn check(dialogue: &str) -> Owner {
    check_with(&config(), dialogue)
}

/// Plays lines `C: ...` to the server and expects lines `S: ...` just where they stand; then again
/// with other cuts, and expects the same. `\n`, `\r`, `\0` and `\s` (a space
/// at the end) in a line stand for themselves.
fn check_with(config: &ServerConfig, dialogue: &str) -> Owner {
    check_session(|| ServerSession::new(config.clone()), dialogue)
}

fn check_session(session: impl Fn() -> ServerSession, dialogue: &str) -> Owner {
    let mut now = SimTime::ZERO;
    let mut lockstep = Owner::of(session());
    let mut stream = Vec::new();
    let mut read = 0;
    lockstep.handle(now, Input::Opened);
    now = lockstep.wait(now);
    for line in dialogue.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let (side, text) = line.split_at(2);
        let text = text.strip_prefix(' ').unwrap_or(text);
        let text = text.replace("\\n", "\n").replace("\\r", "\r").replace("\\0", "\0");
        let text = text.replace("\\s", " ");
        // `\` at the end of a line of the client: without CRLF.
        let text = match text.strip_suffix('\\') {
            Some(part) => part.to_owned(),
            None => text + "\r\n",
        };
        match side {
            "C:" => {
                let said = String::from_utf8_lossy(&lockstep.wire[read..]).into_owned();
                assert_eq!(said, "", "unexpected before {line:?}");
                lockstep.handle(now, Input::Bytes(text.as_bytes()));
                now = lockstep.wait(now);
                stream.extend_from_slice(text.as_bytes());
            }
            "S:" => {
                let left = &lockstep.wire[read..];
                let end = memchr::memchr(b'\n', left).map_or(left.len(), |at| at + 1);
                assert_eq!(String::from_utf8_lossy(&left[..end]), text);
                read += end;
            }
            _ => panic!("a line of neither side: {line}"),
        }
    }
    assert_eq!(String::from_utf8_lossy(&lockstep.wire[read..]), "", "unexpected at the end");
    // What stands in clear behind STARTTLS is thrown away with the piece it came in.
    if stream.windows(8).any(|verb| verb.eq_ignore_ascii_case(b"STARTTLS")) {
        return lockstep;
    }
    let replay = |pieces: Vec<&[u8]>| {
        let mut owner = Owner::of(session());
        owner.handle(SimTime::ZERO, Input::Opened);
        for piece in pieces {
            owner.handle(SimTime::ZERO, Input::Bytes(piece));
        }
        owner.wait(SimTime::ZERO);
        assert_eq!(owner.wire, lockstep.wire);
        assert_eq!(owner.events, lockstep.events);
        assert_eq!(owner.closed, lockstep.closed);
    };
    replay(stream.chunks(1).collect());
    for cut in 0..=stream.len() {
        replay(vec![&stream[..cut], &stream[cut..]]);
    }
    lockstep
}
