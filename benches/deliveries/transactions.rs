//! SMTP transactions over TCP, with the sessions of both ends: 200 clients, 200 servers, 20 ms one way,
//! one transaction a connection, messages of 2 KiB.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use mxsim::engine::Seed;
use mxsim::net::{Latency, LinkConfig};
use mxsim::proto::smtp::{ClientConfig, Reply, ServerConfig, ServerEvent, ServerSession, Verdict};
use mxsim::proto::{Input, Outbox, Output, Session};
use mxsim::world::{
    Actor, ByConnection, ConnId, Ctx, Event, HostConfig, StreamEvent, WorldBuilder,
};

use super::Job;
use super::talker::{Talker, Task};

const PAIRS: u8 = 200;

pub(super) fn build(count: u64) -> Job {
    build_observed(count, false)
}

/// The same, watched: all records of it are kept.
pub(super) fn build_watched(count: u64) -> Job {
    build_observed(count, true)
}

fn build_observed(count: u64, watched: bool) -> Job {
    let mut parts = WorldBuilder::new(Seed(1));
    parts.watched(watched);
    let taken = Arc::new(AtomicU64::new(0));
    let config = Arc::new(ServerConfig::mta("mx.example.net"));
    let client = Arc::new(ClientConfig::new("client.example.org"));
    let link = Arc::new(LinkConfig {
        latency: Latency::Constant(Duration::from_millis(20)),
        ..LinkConfig::default()
    });
    for pair in 0..PAIRS {
        let (here, there) = (format!("client{pair}"), format!("server{pair}"));
        let pairs = u64::from(PAIRS);
        let task = Task {
            server: ([198, 51, 100, pair], 25).into(),
            config: Arc::clone(&client),
            connections: 1,
            each: 1,
            messages: count / pairs + u64::from(u64::from(pair) < count % pairs),
            to: Arc::new(["<bob@example.net>".parse().expect("a path")]),
        };
        let talker = move || Talker::new(task.clone());
        parts.host(HostConfig::new(&here).address([192, 0, 2, pair].into()).actor(talker));
        let (config, taken) = (Arc::clone(&config), Arc::clone(&taken));
        let sink = move || Sink::new(Arc::clone(&config), Arc::clone(&taken));
        parts.host(HostConfig::new(&there).address([198, 51, 100, pair].into()).actor(sink));
        parts.link(here, there, Arc::clone(&link));
    }
    let world = parts.build().expect("a world");
    Job { world, done: Box::new(move |_| taken.load(Relaxed)) }
}

/// A server that takes everything and keeps nothing.
struct Sink {
    config: Arc<ServerConfig>,
    taken: Arc<AtomicU64>,
    sessions: ByConnection<ServerSession>,
    out: Outbox<ServerEvent>,
}

impl Sink {
    fn new(config: Arc<ServerConfig>, taken: Arc<AtomicU64>) -> Self {
        Sink { config, taken, sessions: ByConnection::new(), out: Outbox::new() }
    }

    fn input(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>) {
        let Some(session) = self.sessions.get_mut(connection) else { return };
        session.handle(ctx.now(), input, &mut self.out);
        loop {
            let mut verdict = None;
            for output in self.out.drain() {
                match output {
                    Output::Send(octets) => ctx.send(connection, octets),
                    Output::Close => ctx.close(connection),
                    Output::Abort => ctx.abort(connection),
                    Output::Event(ServerEvent::Message(_)) => {
                        self.taken.fetch_add(1, Relaxed);
                        verdict = Some(Verdict::Reply(Reply::queued_as("4F2A0C11")));
                    }
                    Output::Event(ServerEvent::Mail { .. } | ServerEvent::Rcpt { .. }) => {
                        verdict = Some(Verdict::Accept);
                    }
                    Output::Event(_) => {}
                }
            }
            let Some(verdict) = verdict else { break };
            session.answer(ctx.now(), verdict, &mut self.out);
        }
    }
}

impl Actor for Sink {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.listen(25), "the port is free");
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Event::Stream(connection, event) = event else { return };
        match event {
            StreamEvent::Accepted { .. } => {
                self.sessions.insert(connection, ServerSession::new(Arc::clone(&self.config)));
                self.input(connection, Input::Opened, ctx);
            }
            StreamEvent::Data(octets) => self.input(connection, Input::Bytes(&octets), ctx),
            StreamEvent::Eof => self.input(connection, Input::Eof, ctx),
            StreamEvent::Closed(_) => {
                self.sessions.remove(connection);
            }
            StreamEvent::Opened => {}
        }
    }
}
