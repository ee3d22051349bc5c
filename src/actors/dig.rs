//! A program that asks the host's resolver for names at given times, like `dig` in a cron job.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::engine::SimTime;
use crate::proto::dns::stub::{Answer, LookupError, LookupId};
use crate::proto::dns::{Name, RecordType};
use crate::world::{Actor, Ctx, Event, Kind, Note, TimerToken};

use super::stub::StubResolver;

/// One question at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigStep {
    /// When it is asked.
    pub at: SimTime,
    /// The name asked for.
    pub name: Name,
    /// The type asked for.
    pub rtype: RecordType,
}

/// The actor that asks. The answers are noted ([`crate::world::Note::Resolved`]).
pub struct Dig {
    resolvers: Vec<SocketAddr>,
    steps: Vec<DigStep>,
    stub: Option<StubResolver>,
    asked: BTreeMap<LookupId, DigStep>,
}

const STUB_TIMER: TimerToken = TimerToken(u64::MAX);

impl Dig {
    /// Asks these resolvers, in order, for these names.
    pub fn new(resolvers: Vec<SocketAddr>, steps: Vec<DigStep>) -> Self {
        Dig { resolvers, steps, stub: None, asked: BTreeMap::new() }
    }
}

impl Actor for Dig {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let draws = ctx.stream("dig");
        self.stub = Some(StubResolver::new(self.resolvers.clone(), STUB_TIMER, draws));
        for (index, step) in self.steps.iter().enumerate() {
            if step.at >= ctx.now() {
                ctx.set_timer(step.at, TimerToken(index as u64));
            }
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let stub = self.stub.as_mut().expect("events come after the start");
        match event {
            Event::Datagram { from, to, payload } => stub.on_datagram(ctx, from, to, &payload),
            Event::Unreachable { from, to, .. } => stub.on_unreachable(ctx, from, to),
            Event::Stream(connection, event) => stub.on_stream(ctx, connection, event),
            Event::Timer(STUB_TIMER) => stub.on_timer(ctx),
            Event::Timer(TimerToken(index)) => {
                let step = &self.steps[index as usize];
                let id = stub.lookup(ctx, step.name.clone(), step.rtype);
                self.asked.insert(id, step.clone());
            }
            Event::Signal(_) | Event::Outside(_) => {}
        }
        while let Some((id, result)) = stub.next_result() {
            let Some(step) = self.asked.remove(&id) else { continue };
            ctx.note(Kind::Resolved, || Note::Resolved {
                qname: step.name.to_string(),
                qtype: step.rtype.to_string(),
                rcode: rcode(&result),
                answers: answers(&result),
            });
        }
    }
}

/// The code of a result for a note: a DNS code, or what there was instead of an answer.
fn rcode(result: &Result<Answer, LookupError>) -> String {
    match result {
        Ok(_) => "NOERROR".into(),
        Err(error) => error.to_string(),
    }
}

fn answers(result: &Result<Answer, LookupError>) -> Vec<String> {
    let records = result.iter().flat_map(|answer| &answer.records);
    records.map(|record| record.data.to_string()).collect()
}
