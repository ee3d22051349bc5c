//! SMTP from session to session, without a network: a message of 2 KiB.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mxsim::engine::SimTime;
use mxsim::proto::smtp::{
    ClientConfig, ClientEvent, ClientSession, ForwardPath, Reply, ReversePath, ServerConfig,
    ServerEvent, ServerSession, Transaction, Verdict,
};
use mxsim::proto::{Input, Outbox, Output, Session};

const NOW: SimTime = SimTime::ZERO;

/// Both ends of one connection, and an owner at each who agrees with everything.
struct Pair {
    client: ClientSession,
    server: ServerSession,
    to_client: Outbox<ServerEvent>,
    to_server: Outbox<ClientEvent>,
    in_flight: Vec<Bytes>,
    done: usize,
}

impl Pair {
    fn open(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> Self {
        let mut pair = Pair {
            client: ClientSession::new(client.clone(), []),
            server: ServerSession::new(server.clone()),
            to_client: Outbox::new(),
            to_server: Outbox::new(),
            in_flight: Vec::new(),
            done: 0,
        };
        pair.client.handle(NOW, Input::Opened, &mut pair.to_server);
        pair.server.handle(NOW, Input::Opened, &mut pair.to_client);
        pair.play();
        pair
    }

    fn send(&mut self, transaction: Transaction) {
        self.client.push(NOW, transaction, &mut self.to_server).expect("the session goes on");
        self.play();
    }

    fn play(&mut self) {
        loop {
            self.server_speaks();
            for octets in self.in_flight.drain(..) {
                self.client.handle(NOW, Input::Bytes(&octets), &mut self.to_server);
            }
            for output in self.to_server.drain() {
                match output {
                    Output::Send(octets) => self.in_flight.push(octets),
                    Output::Event(ClientEvent::TransactionDone { outcomes, .. }) => {
                        self.done += outcomes.iter().filter(|o| o.is_delivered()).count();
                    }
                    _ => {}
                }
            }
            if self.in_flight.is_empty() {
                break;
            }
            for octets in self.in_flight.drain(..) {
                self.server.handle(NOW, Input::Bytes(&octets), &mut self.to_client);
            }
        }
    }

    fn server_speaks(&mut self) {
        loop {
            let mut verdict = None;
            for output in self.to_client.drain() {
                match output {
                    Output::Send(octets) => self.in_flight.push(octets),
                    Output::Event(ServerEvent::Message(message)) => {
                        black_box(&message);
                        verdict = Some(Verdict::Reply(Reply::queued_as("4F2A0C11")));
                    }
                    Output::Event(ServerEvent::Mail { .. } | ServerEvent::Rcpt { .. }) => {
                        verdict = Some(Verdict::Accept);
                    }
                    _ => {}
                }
            }
            match verdict {
                Some(verdict) => self.server.answer(NOW, verdict, &mut self.to_client),
                None => break,
            }
        }
    }
}

fn message() -> Transaction {
    let mut text = String::from("From: alice@example.org\r\nTo: bob@example.net\r\n\r\n");
    while text.len() < 2046 {
        text.push_str("The quick brown fox jumps over the lazy dog, and so on and so forth.\r\n");
    }
    text.truncate(2046);
    text.push_str("\r\n");
    let from: ReversePath = "<alice@example.org>".parse().expect("an address");
    let to: ForwardPath = "<bob@example.net>".parse().expect("an address");
    Transaction::new(from, [to], Bytes::from(text))
}

fn smtp(c: &mut Criterion) {
    let client = Arc::new(ClientConfig::new("client.example.org"));
    let server = Arc::new(ServerConfig::mta("mx.example.net"));
    let unpipelined = Arc::new(ServerConfig { pipelining: false, ..(*server).clone() });
    let message = message();
    let mut group = c.benchmark_group("smtp");
    group.throughput(Throughput::Elements(1));
    for (name, server) in [("transaction", &server), ("transaction, not pipelined", &unpipelined)] {
        group.bench_function(name, |b| {
            let mut pair = Pair::open(&client, server);
            b.iter(|| pair.send(black_box(&message).clone()));
            assert!(pair.done > 0);
        });
    }
    group.bench_function("connection with one transaction", |b| {
        b.iter(|| {
            let mut pair = Pair::open(&client, &server);
            pair.send(black_box(&message).clone());
            pair.client.finish(NOW, &mut pair.to_server);
            pair.play();
            assert_eq!(pair.done, 1);
        });
    });
    group.finish();
}

criterion_group!(benches, smtp);
criterion_main!(benches);
