//! Dialogues of the client session, each replayed with the server's stream cut everywhere.

mod dialogues;
mod extensions;
mod failures;
mod lmtp;
mod sloppy;
mod tls;

use bytes::Bytes;

use super::*;
use crate::proto::Output;
use crate::proto::sasl::Credentials;
use crate::proto::smtp::address::{ForwardPath, ReversePath};

/// A client with everything that has come of it, one line an event.
struct Played {
    session: ClientSession,
    out: Outbox,
    wire: Vec<u8>,
    events: Vec<String>,
    closed: bool,
}

impl Played {
    fn new(config: ClientConfig, transactions: Vec<Transaction>) -> Self {
        let mut played = Played {
            session: ClientSession::new(config, transactions),
            out: Outbox::new(),
            wire: Vec::new(),
            events: Vec::new(),
            closed: false,
        };
        played.session.finish(SimTime::ZERO, &mut played.out);
        played.handle(SimTime::ZERO, Input::Opened);
        played
    }

    fn handle(&mut self, now: SimTime, input: Input<'_>) {
        self.session.handle(now, input, &mut self.out);
        self.take();
    }

    fn take(&mut self) {
        for output in self.out.drain() {
            assert!(!self.closed, "nothing comes after the close");
            match output {
                Output::Send(octets) => self.wire.extend_from_slice(&octets),
                Output::Event(event) => self.events.push(describe(&event)),
                Output::Close => self.closed = true,
                Output::Abort => panic!("the client does not abort"),
            }
        }
    }
}

fn describe(event: &ClientEvent) -> String {
    match event {
        ClientEvent::Authenticated => "authenticated".into(),
        ClientEvent::StartTls => "start TLS".into(),
        ClientEvent::Ready(_) => "ready".into(),
        ClientEvent::RecipientAnswered { transaction, index, reply } => {
            format!("{transaction}.{index}: {reply}")
        }
        ClientEvent::TransactionDone { transaction, outcomes } => {
            let outcomes: Vec<_> = outcomes.iter().map(describe_outcome).collect();
            format!("{transaction} done: {}", outcomes.join("; "))
        }
        ClientEvent::Failed { stage, failure, unsent } => {
            format!("failed at {stage}: {failure} ({} unsent)", unsent.len())
        }
        ClientEvent::Finished => "finished".into(),
    }
}

fn describe_outcome(outcome: &Outcome) -> String {
    let what = match (outcome.is_delivered(), outcome.is_permanent()) {
        (true, _) => "delivered",
        (_, true) => "permanent",
        (_, false) => "transient",
    };
    let stage = outcome.stage().map_or("nothing".to_owned(), |stage| stage.to_string());
    let what = if let Outcome::Delivered { dsn: true, .. } = outcome {
        "delivered with DSN"
    } else {
        what
    };
    match outcome {
        Outcome::Delivered { reply, .. } | Outcome::Refused { reply, .. } => {
            format!("{what} by {stage}: {reply}")
        }
        Outcome::Unanswered { failure, .. } => format!("{what} by {stage}: {failure}"),
        Outcome::Unsendable { status, text } => format!("{what} by {stage}: {status} {text}"),
    }
}

fn transaction(to: &[&str], text: &str) -> Transaction {
    Transaction::new(
        "<alice@example.org>".parse::<ReversePath>().unwrap(),
        to.iter().map(|to| to.parse::<ForwardPath>().unwrap()),
        Bytes::from(text.to_owned()),
    )
}

/// `Hi` to bob.
fn one() -> Vec<Transaction> {
    vec![transaction(&["<bob@example.net>"], "Hi\r\n")]
}

fn check(transactions: &[Transaction], dialogue: &str, events: &[&str]) {
    check_with(&ClientConfig::new("client.example.org"), transactions, dialogue, events);
}

/// What the server does, between what the client says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Act {
    Says(Vec<u8>),
    /// The handshake stands.
    Secures,
    /// The handshake fails.
    FailsToSecure,
    Closes,
    IsSilent,
}

impl Played {
    fn act(&mut self, act: &Act) {
        let late = SimTime::from_secs(100_000);
        match act {
            Act::Says(octets) => self.handle(SimTime::ZERO, Input::Bytes(octets)),
            Act::Secures => self.session.secured(SimTime::ZERO, &mut self.out),
            Act::FailsToSecure => self.session.not_secured("bad certificate", &mut self.out),
            Act::Closes => self.handle(late, Input::Eof),
            Act::IsSilent => self.handle(late, Input::Timeout),
        }
        self.take();
        let awaits_nothing = matches!(self.session.stage(), Stage::Idle) || self.closed;
        assert_eq!(self.session.deadline().is_none(), awaits_nothing, "after {act:?}");
    }
}

/// Plays lines `S: ...` to the client and expects lines `C: ...` just where they stand, and the
/// events at the end; then again with the server's octets cut everywhere, and expects the same.
///
/// `S: EOF`, `S: TIMEOUT`, `S: TLS` and `S: NO TLS` stand for these things happening. A line
/// `L: ...` is the same as `S: ...`, with a bare LF at its end. `\s` is a space.
fn check_with(
    config: &ClientConfig,
    transactions: &[Transaction],
    dialogue: &str,
    events: &[&str],
) {
    let mut lockstep = Played::new(config.clone(), transactions.to_vec());
    let (mut acts, mut read) = (Vec::new(), 0);
    for line in dialogue.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let (side, text) = line.split_at(2);
        let text = text.strip_prefix(' ').unwrap_or(text);
        let text = text.replace("\\s", " ");
        if side == "C:" {
            let left = &lockstep.wire[read..];
            let end = memchr::memchr(b'\n', left).map_or(left.len(), |at| at + 1);
            assert_eq!(String::from_utf8_lossy(&left[..end]), text + "\r\n");
            read += end;
            continue;
        }
        let said = String::from_utf8_lossy(&lockstep.wire[read..]).into_owned();
        assert_eq!(said, "", "unexpected before {line:?}");
        let act = match (&*text, side) {
            ("EOF", _) => Act::Closes,
            ("TIMEOUT", _) => Act::IsSilent,
            ("TLS", _) => Act::Secures,
            ("NO TLS", _) => Act::FailsToSecure,
            (text, "L:") => Act::Says(text.to_owned().into_bytes()).with(b"\n"),
            (text, "S:") => Act::Says(text.to_owned().into_bytes()).with(b"\r\n"),
            _ => panic!("{line:?}"),
        };
        lockstep.act(&act);
        match (acts.last_mut(), act) {
            (Some(Act::Says(before)), Act::Says(more)) => before.extend(more),
            (_, act) => acts.push(act),
        }
    }
    assert_eq!(String::from_utf8_lossy(&lockstep.wire[read..]), "", "unexpected at the end");
    assert_eq!(lockstep.events, events);
    let replay = |cut: &dyn Fn(usize) -> usize| {
        let mut played = Played::new(config.clone(), transactions.to_vec());
        let mut passed = 0;
        for act in &acts {
            let Act::Says(octets) = act else {
                played.act(act);
                continue;
            };
            let mut rest = &octets[..];
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(cut(passed).clamp(1, rest.len()));
                played.act(&Act::Says(piece.to_vec()));
                passed += piece.len();
                rest = after;
            }
        }
        assert_eq!(played.wire, lockstep.wire);
        assert_eq!(played.events, lockstep.events);
        assert_eq!(played.closed, lockstep.closed);
    };
    replay(&|_| 1);
    let says = acts.iter().map(|act| if let Act::Says(octets) = act { octets.len() } else { 0 });
    for cut in 0..=says.sum() {
        replay(&|passed| if passed < cut { cut - passed } else { usize::MAX });
    }
}

impl Act {
    fn with(self, end: &[u8]) -> Self {
        match self {
            Act::Says(line) => Act::Says([&line[..], end].concat()),
            other => other,
        }
    }
}

fn submitter() -> ClientConfig {
    ClientConfig {
        credentials: Some(Credentials::new("test", "secret")),
        ..ClientConfig::new("laptop")
    }
}
