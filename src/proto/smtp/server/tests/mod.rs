//! Dialogues of the server session, each replayed with the client's stream cut everywhere.

mod dialogues;
mod limits;

use super::*;
use crate::proto::Output;
use crate::proto::sasl::Secret;
use crate::proto::smtp::enhanced::EnhancedStatus;

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
        let session = ServerSession::new(config);
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
            let mut verdict = None;
            for output in outputs {
                assert!(!self.closed, "nothing comes after the close");
                match output {
                    Output::Send(octets) => self.wire.extend_from_slice(&octets),
                    Output::Event(event) => {
                        verdict = verdict.or(verdict_on(&event));
                        self.events.push(event);
                    }
                    Output::Close => self.closed = true,
                    Output::Abort => panic!("a server does not abort"),
                }
            }
            assert_eq!(self.session.is_asking(), verdict.is_some() && !self.closed);
            match verdict {
                Some(verdict) if !self.silent => self.session.answer(now, verdict, &mut self.out),
                _ => break,
            }
        }
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

/// `unknown` is no user, `banned` is no sender, the password is `secret`.
fn verdict_on(event: &ServerEvent) -> Option<Verdict> {
    let status = EnhancedStatus::new;
    Some(match event {
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
        ServerEvent::Message(_) => Reply::queued_as("4F2A").into(),
        ServerEvent::Mail { .. } | ServerEvent::Rcpt { .. } => Verdict::Accept,
        _ => return None,
    })
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
    let mut lockstep = Owner::new(config.clone());
    let mut stream = Vec::new();
    let mut read = 0;
    lockstep.handle(SimTime::ZERO, Input::Opened);
    for line in dialogue.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let (side, text) = line.split_at(2);
        let text = text.strip_prefix(' ').unwrap_or(text);
        let text = text.replace("\\n", "\n").replace("\\r", "\r").replace("\\0", "\0");
        let text = text.replace("\\s", " ") + "\r\n";
        match side {
            "C:" => {
                let said = String::from_utf8_lossy(&lockstep.wire[read..]).into_owned();
                assert_eq!(said, "", "unexpected before {line:?}");
                lockstep.handle(SimTime::ZERO, Input::Bytes(text.as_bytes()));
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
    let replay = |pieces: Vec<&[u8]>| {
        let mut owner = Owner::new(config.clone());
        owner.handle(SimTime::ZERO, Input::Opened);
        for piece in pieces {
            owner.handle(SimTime::ZERO, Input::Bytes(piece));
        }
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
