//! A client that sends messages over connections that it keeps, one after the other on each.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use mxsim::proto::smtp::{
    ClientConfig, ClientEvent, ClientSession, ForwardPath, Outcome, Transaction,
};
use mxsim::proto::{Input, Outbox, Output, Session};
use mxsim::world::{Actor, ByConnection, ConnId, Ctx, Event, StreamEvent};

/// What a talker does.
#[derive(Clone)]
pub(super) struct Task {
    /// Whom it talks to.
    pub(super) server: SocketAddr,
    /// How.
    pub(super) config: Arc<ClientConfig>,
    /// Over how many connections at a time.
    pub(super) connections: u64,
    /// How many messages go over one connection before it is closed, and another one opened.
    pub(super) each: u64,
    /// How many messages there are in all.
    pub(super) messages: u64,
    /// The recipients, each in its turn.
    pub(super) to: Arc<[ForwardPath]>,
}

/// The client.
pub(super) struct Talker {
    task: Task,
    /// Messages that a connection has taken on.
    begun: u64,
    talks: ByConnection<Talk>,
    out: Outbox<ClientEvent>,
}

/// A connection.
struct Talk {
    session: ClientSession,
    /// The messages that are to go over it yet.
    left: Range<u64>,
}

impl Talker {
    /// One that has done nothing yet.
    pub(super) fn new(task: Task) -> Self {
        Talker { task, begun: 0, talks: ByConnection::new(), out: Outbox::new() }
    }

    fn connect(&mut self, ctx: &mut Ctx<'_>) {
        let left = self.begun..self.task.messages.min(self.begun + self.task.each);
        if left.is_empty() {
            return;
        }
        self.begun = left.end;
        let session = ClientSession::new(Arc::clone(&self.task.config), []);
        let connection = ctx.connect(self.task.server).expect("a free port");
        self.talks.insert(connection, Talk { session, left });
        self.go_on(connection, ctx);
    }

    /// Begins the next message of a connection, or ends it.
    fn go_on(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Some(Talk { session, left }) = self.talks.get_mut(connection) else { return };
        match left.next() {
            Some(number) => {
                let message = self.task.message(number);
                session.push(ctx.now(), message, &mut self.out).expect("the session goes on");
            }
            None => session.finish(ctx.now(), &mut self.out),
        }
    }

    fn handle(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>) {
        let Some(Talk { session, .. }) = self.talks.get_mut(connection) else { return };
        session.handle(ctx.now(), input, &mut self.out);
        loop {
            let mut done = false;
            for output in self.out.drain() {
                match output {
                    Output::Send(octets) => ctx.send(connection, octets),
                    Output::Close => ctx.close(connection),
                    Output::Abort => ctx.abort(connection),
                    Output::Event(ClientEvent::TransactionDone { outcomes, .. }) => {
                        assert!(outcomes.iter().all(Outcome::is_delivered), "{outcomes:?}");
                        done = true;
                    }
                    Output::Event(ClientEvent::Failed { failure, .. }) => panic!("{failure:?}"),
                    Output::Event(_) => {}
                }
            }
            if !done {
                break;
            }
            self.go_on(connection, ctx);
        }
    }
}

impl Task {
    /// One with a Message-ID of its own.
    fn message(&self, number: u64) -> Transaction {
        let to = &self.to[number as usize % self.to.len()];
        let mut text = String::with_capacity(MESSAGE_OCTETS);
        let header = format!(
            "From: Alice <alice@example.org>\r\nTo: {}\r\nSubject: Message {number}\r\n\
             Date: Mon, 5 Jan 2026 08:00:00 +0000\r\nMessage-ID: <{number}@load.example.org>\r\n\r\n",
            to.mailbox().expect("a recipient with an address")
        );
        text.push_str(&header);
        while text.len() < MESSAGE_OCTETS - LINE.len() {
            text.push_str(LINE);
        }
        text.push_str(&LINE[LINE.len() - (MESSAGE_OCTETS - text.len())..]);
        let from = "<alice@example.org>".parse::<mxsim::proto::smtp::ReversePath>();
        Transaction::new(from.expect("an address"), [to.clone()], Bytes::from(text))
    }
}

impl Actor for Talker {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        for _ in 0..self.task.connections {
            self.connect(ctx);
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Event::Stream(connection, event) = event else { return };
        match event {
            StreamEvent::Opened => self.handle(connection, Input::Opened, ctx),
            StreamEvent::Data(octets) => self.handle(connection, Input::Bytes(&octets), ctx),
            StreamEvent::Eof => self.handle(connection, Input::Eof, ctx),
            StreamEvent::Closed(_) => {
                self.talks.remove(connection);
                self.connect(ctx);
            }
            StreamEvent::Accepted { .. } => {}
        }
    }
}

const MESSAGE_OCTETS: usize = 2_048;
const LINE: &str = "The quick brown fox jumps over the lazy dog, and back again it goes.\r\n";
