//! Dialogues of the client session, each replayed with the server's stream cut everywhere.

mod dialogues;
mod failures;

use bytes::Bytes;

use super::*;
use crate::proto::Output;
use crate::proto::sasl::Credentials;
use crate::proto::smtp::address::ReversePath;

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
    match outcome {
        Outcome::Delivered { reply } | Outcome::Refused { reply, .. } => {
            format!("{what} by {stage}: {reply}")
        }
        Outcome::Unanswered { failure, .. } => format!("{what} by {stage}: {failure}"),
        Outcome::Unsendable { status, text } => format!("{what} by {stage}: {status} {text}"),
    }
}

fn transaction(to: &[&str], text: &str) -> Transaction {
    Transaction::new(
        "<alice@example.org>".parse::<ReversePath>().unwrap(),
        to.iter().map(|to| to.parse().unwrap()),
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

/// Plays lines `S: ...` to the client and expects lines `C: ...` just where they stand, and the
/// events at the end; then again with other cuts, and expects the same.
///
/// `S: EOF` and `S: TIMEOUT` stand for these inputs.
fn check_with(
    config: &ClientConfig,
    transactions: &[Transaction],
    dialogue: &str,
    events: &[&str],
) {
    let end = SimTime::from_secs(100_000);
    let mut lockstep = Played::new(config.clone(), transactions.to_vec());
    let (mut stream, mut ending, mut read) = (Vec::new(), None, 0);
    for line in dialogue.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let (side, text) = line.split_at(2);
        let text = text.strip_prefix(' ').unwrap_or(text);
        let wire = text.replace("\\s", " ") + "\r\n";
        if side == "C:" {
            let left = &lockstep.wire[read..];
            let end = memchr::memchr(b'\n', left).map_or(left.len(), |at| at + 1);
            assert_eq!(String::from_utf8_lossy(&left[..end]), wire);
            read += end;
            continue;
        }
        assert_eq!(side, "S:");
        let said = String::from_utf8_lossy(&lockstep.wire[read..]).into_owned();
        assert_eq!(said, "", "unexpected before {line:?}");
        match text {
            "EOF" => ending = Some(Input::Eof),
            "TIMEOUT" => ending = Some(Input::Timeout),
            _ => {
                lockstep.handle(SimTime::ZERO, Input::Bytes(wire.as_bytes()));
                stream.extend_from_slice(wire.as_bytes());
            }
        }
        if let Some(ending) = ending {
            lockstep.handle(end, ending);
        }
    }
    assert_eq!(String::from_utf8_lossy(&lockstep.wire[read..]), "", "unexpected at the end");
    assert_eq!(lockstep.events, events);
    assert_eq!(lockstep.session.deadline().is_none(), lockstep.closed);
    let replay = |pieces: Vec<&[u8]>| {
        let mut played = Played::new(config.clone(), transactions.to_vec());
        for piece in pieces {
            played.handle(SimTime::ZERO, Input::Bytes(piece));
        }
        if let Some(ending) = ending {
            played.handle(end, ending);
        }
        assert_eq!(played.wire, lockstep.wire);
        assert_eq!(played.events, lockstep.events);
        assert_eq!(played.closed, lockstep.closed);
    };
    replay(stream.chunks(1).collect());
    for cut in 0..=stream.len() {
        replay(vec![&stream[..cut], &stream[cut..]]);
    }
}

fn submitter() -> ClientConfig {
    ClientConfig {
        credentials: Some(Credentials::new("test", "secret")),
        ..ClientConfig::new("laptop")
    }
}
