//! Misbehaviour in front of a DNS server: queries that its rules are for do not reach it, or late.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::engine::{SimTime, Stream};
use crate::proto::dns::misbehaviour::{Misanswer, Misbehaviour, Rule};
use crate::proto::dns::{Message, Transport};
use crate::proto::misbehaviour::AnyRule;
use crate::world::{Ctx, Kind, Note, Order, TimerToken};

use super::carry::LazyTimer;
use super::dns_listener::Asker;

/// The rules of a server, and the queries that wait because of them.
#[derive(Debug)]
pub(crate) struct DnsFaults {
    misbehaviour: Misbehaviour,
    /// For rules of a share. Made at the first draw.
    draws: Option<Stream>,
    late: BTreeMap<(SimTime, u64), Admitted>,
    held: u64,
    timer: LazyTimer,
    token: TimerToken,
}

/// A query that is to be answered now.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// Who asked.
    pub(crate) asker: Asker,
    /// The octets of the query.
    pub(crate) octets: Bytes,
    /// The wrong answer; `None`: the server answers as it should.
    pub(crate) wrong: Option<Box<Wrong>>,
}

/// A wrong answer to a query.
#[derive(Debug)]
pub(crate) struct Wrong {
    query: Message,
    answer: Misanswer,
    /// What is drawn for it.
    draw: u64,
}

impl Wrong {
    /// The octets of the answer, as [`Misanswer::octets`].
    pub(crate) fn octets(
        &self,
        transport: Transport,
        right: impl FnOnce(&Message) -> Option<Bytes>,
    ) -> Option<Bytes> {
        self.answer.octets(&self.query, transport, self.draw, right)
    }

    /// To whom and from where it goes.
    pub(crate) fn asker(&self, asker: Asker) -> Asker {
        match (&self.answer, asker) {
            (Misanswer::WrongSource, Asker::Datagram { from, mut to }) => {
                to.set_port(WRONG_PORT);
                Asker::Datagram { from, to }
            }
            _ => asker,
        }
    }
}

impl DnsFaults {
    /// The rules of a server; `None` where there are none. The timer of this token is their own.
    pub(crate) fn new(rules: &[Arc<Rule>], token: TimerToken) -> Option<Box<Self>> {
        let misbehaviour = || Misbehaviour::new(rules);
        (!rules.is_empty()).then(|| Box::new(DnsFaults::with(misbehaviour(), token)))
    }

    /// Keeps to an order that came from outside, if it is one for DNS servers.
    pub(crate) fn order(this: &mut Option<Box<Self>>, order: Order, token: TimerToken) {
        match order {
            Order::Misbehave { fault, rule: AnyRule::Dns(rule) } => {
                let none = Misbehaviour::new(&[]);
                let faults = this.get_or_insert_with(|| Box::new(DnsFaults::with(none, token)));
                faults.misbehaviour.add(fault, rule);
            }
            Order::Cease { fault } => {
                if let Some(faults) = this {
                    faults.misbehaviour.remove(fault);
                }
            }
            Order::Misbehave { .. } | Order::Flush { .. } | Order::RebuildIndex { .. } => {}
        }
    }

    fn with(misbehaviour: Misbehaviour, token: TimerToken) -> Self {
        DnsFaults {
            misbehaviour,
            draws: None,
            late: BTreeMap::new(),
            held: 0,
            timer: LazyTimer::default(),
            token,
        }
    }

    /// A query came in. `None`: it waits, and comes out of [`DnsFaults::due`] later.
    pub(crate) fn admit(
        &mut self,
        ctx: &mut Ctx<'_>,
        asker: Asker,
        octets: Bytes,
    ) -> Option<Admitted> {
        let right = Admitted { asker, octets, wrong: None };
        // What is no query is left to the server.
        let Ok(query) = Message::decode(&right.octets) else { return Some(right) };
        if query.flags.qr {
            return Some(right);
        }
        let draws = &mut self.draws;
        let unit = || draws.get_or_insert_with(|| ctx.stream("dns faults")).unit();
        let client = asker.address().ip();
        let rule = self.misbehaviour.judge(ctx.now(), client, asker.transport(), &query, unit);
        let Some((answer, delay)) = rule.map(|rule| (rule.answer.clone(), rule.delay)) else {
            return Some(right);
        };
        ctx.note(Kind::Misbehaved, || Note::Misbehaved {
            qname: query.questions[0].name.to_string(),
            qtype: query.questions[0].rtype.to_string(),
            answer: answer.to_string(),
            delay,
        });
        let draw = match answer.is_drawn() {
            true => self.draws.get_or_insert_with(|| ctx.stream("dns faults")).next_u64(),
            false => 0,
        };
        let is_wrong = answer != Misanswer::Right;
        let wrong = is_wrong.then(|| Box::new(Wrong { query, answer, draw }));
        let admitted = Admitted { wrong, ..right };
        // Bounded: beyond that a server is late no longer.
        if delay.is_zero() || self.late.len() >= MAX_LATE {
            return Some(admitted);
        }
        self.held += 1;
        self.late.insert((ctx.now() + delay, self.held), admitted);
        self.arm(ctx);
        None
    }

    /// Its timer has come: the queries whose time has come too.
    pub(crate) fn due(&mut self, ctx: &mut Ctx<'_>) -> Vec<Admitted> {
        let now = ctx.now();
        self.timer.fired(now, None);
        let later = self.late.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut self.late, later);
        self.arm(ctx);
        due.into_values().collect()
    }

    fn arm(&mut self, ctx: &mut Ctx<'_>) {
        let next = self.late.first_key_value().map(|((time, _), _)| *time);
        self.timer.arm(ctx, next, self.token);
    }
}

/// From where an answer comes that comes from the wrong port.
const WRONG_PORT: u16 = 5353;

/// How many queries wait at one time. More are answered at once.
const MAX_LATE: usize = 10_000;
