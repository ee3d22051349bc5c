//! Both sessions against each other: what the one sends, the other takes, octet for octet.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::engine::{Seed, SimTime};
use crate::proto::sasl::{Credentials, Mechanism, Secret};
use crate::proto::{Input, Outbox, Output, Session};

const NOW: SimTime = SimTime::ZERO;

/// What a server took and what its client heard of it.
#[derive(Debug, Default, PartialEq)]
struct Exchanged {
    taken: Vec<ReceivedMessage>,
    outcomes: Vec<Vec<Outcome>>,
    finished: bool,
}

/// Plays one connection in which octets arrive in pieces of at most `cut`. The server refuses
/// recipients called `unknown`, and text that contains `spam`.
fn exchange(
    client: ClientConfig,
    server: ServerConfig,
    transactions: Vec<Transaction>,
    cut: usize,
) -> Exchanged {
    let mut exchanged = Exchanged::default();
    let stream = |name| Seed(1).stream(name);
    let mut client = ClientSession::new(client, transactions).with_nonces(stream("nonces"));
    let mut server = ServerSession::new(server).with_challenges(stream("challenges"));
    let (mut from_client, mut from_server) = (Outbox::new(), Outbox::new());
    client.finish(NOW, &mut from_client);
    client.handle(NOW, Input::Opened, &mut from_client);
    server.handle(NOW, Input::Opened, &mut from_server);
    loop {
        let mut moved = false;
        for output in from_client.drain().collect::<Vec<_>>() {
            moved = true;
            match output {
                Output::Send(octets) => {
                    for piece in octets.chunks(cut) {
                        server.handle(NOW, Input::Bytes(piece), &mut from_server);
                    }
                }
                Output::Event(ClientEvent::TransactionDone { outcomes, .. }) => {
                    exchanged.outcomes.push(outcomes);
                }
                Output::Event(ClientEvent::Finished) => exchanged.finished = true,
                Output::Event(event @ ClientEvent::Failed { .. }) => panic!("{event:?}"),
                Output::Event(_) => {}
                Output::Close | Output::Abort => {
                    server.handle(NOW, Input::Eof, &mut from_server);
                }
            }
        }
        for output in from_server.drain().collect::<Vec<_>>() {
            moved = true;
            let verdict = match output {
                Output::Send(octets) => {
                    for piece in octets.chunks(cut) {
                        client.handle(NOW, Input::Bytes(piece), &mut from_client);
                    }
                    continue;
                }
                Output::Close | Output::Abort => {
                    client.handle(NOW, Input::Eof, &mut from_client);
                    continue;
                }
                Output::Event(event) => match judge(&event) {
                    Some(verdict) => (verdict, event),
                    None => continue,
                },
            };
            if let (Verdict::Accept, ServerEvent::Message(message)) = &verdict {
                exchanged.taken.push(message.clone());
            }
            server.answer(NOW, verdict.0, &mut from_server);
        }
        if !moved {
            return exchanged;
        }
    }
}

fn judge(event: &ServerEvent) -> Option<Verdict> {
    let refusal = || Reply::new(550, EnhancedStatus::new(5, 1, 1), "No").into();
    match event {
        ServerEvent::Rcpt { to, .. } if to.to_string().starts_with("<unknown@") => Some(refusal()),
        ServerEvent::Message(message) if memchr::memmem::find(&message.data, b"spam").is_some() => {
            Some(refusal())
        }
        ServerEvent::Auth { identity, .. } => {
            assert_eq!(identity.authcid, "alice");
            Some(Verdict::Secret(Some(Secret::new("s3cret"))))
        }
        ServerEvent::Mail { .. } | ServerEvent::Rcpt { .. } | ServerEvent::Message(_) => {
            Some(Verdict::Accept)
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn messages_arrive_octet_for_octet(
        messages in prop::collection::vec(
            (prop::collection::vec("(bob|unknown|\"a >\\\\ b\")", 1..4), "[.\r\n aé]{0,40}(spam)?"),
            0..4,
        ),
        cut in 1usize..50,
        pipelining: bool,
        submission: bool,
        mechanism in prop::sample::select(Mechanism::ALL.to_vec()),
    ) {
        let transactions: Vec<_> = messages
            .iter()
            .map(|(to_all, text)| {
                let to = |local: &String| ForwardPath::from(Mailbox::new(local, "example.net").unwrap());
                let to = to_all.iter().map(to);
                let from = Mailbox::new("alice", "example.org").unwrap();
                Transaction::new(from, to, Bytes::from(format!("\r\n{text}\r\n")))
            })
            .collect();
        let client = ClientConfig {
            credentials: submission.then(|| Credentials::new("alice", "s3cret")),
            ..ClientConfig::new("client.example.org")
        };
        let server = if submission {
            ServerConfig {
                mechanisms: vec![mechanism],
                ..ServerConfig::submission("smtp.example.net")
            }
        } else {
            ServerConfig::mta("mx.example.net")
        };
        let server = ServerConfig { pipelining, ..server };
        let exchanged = exchange(client, server, transactions.clone(), cut);
        prop_assert!(exchanged.finished);
        prop_assert_eq!(exchanged.outcomes.len(), transactions.len());
        let mut taken = exchanged.taken.iter();
        for (transaction, outcomes) in transactions.iter().zip(&exchanged.outcomes) {
            let known: Vec<_> = transaction
                .recipients
                .iter()
                .filter(|to| !to.path.to_string().starts_with("<unknown@"))
                .cloned()
                .collect();
            let spam = transaction.data.ends_with(b"spam\r\n");
            for (to, outcome) in transaction.recipients.iter().zip(outcomes) {
                prop_assert_eq!(outcome.is_delivered(), known.contains(to) && !spam);
                prop_assert!(!outcome.is_transient());
            }
            if !spam && !known.is_empty() {
                let message = taken.next().expect("it was delivered");
                prop_assert_eq!(&message.envelope.from, &transaction.from);
                prop_assert_eq!(&*message.data, &*transaction.data);
                prop_assert_eq!(&message.envelope.recipients, &known);
                let size = message.envelope.params.size_octets;
                prop_assert_eq!(size, Some(transaction.data.len() as u64));
            }
        }
        prop_assert!(taken.next().is_none());
    }
}
