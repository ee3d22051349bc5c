//! An off-path attacker: floods a resolver with answers that a name server never gave.
//!
//! The attack that RFC 5452 is about. The attacker sees no query of the resolver; it knows the
//! question, guesses the port and the id, and hopes that one of its datagrams fits before the right
//! answer arrives. That its network lets datagrams with foreign source addresses out is against
//! BCP 38 (RFC 2827).
//!
//! Not modelled: answers that grow with what the attacker learns; the race for random names below
//! the one that is wanted.

use std::net::SocketAddr;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use crate::engine::{SimTime, Stream};
use crate::proto::dns::{Message, Question, Record};
use crate::world::{Actor, Ctx, Event, Kind, Note, Order, Outside, TimerToken};

/// A flood of forged answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flood {
    /// From when until before when.
    pub times: Range<SimTime>,
    /// Where the resolver takes questions.
    pub to: SocketAddr,
    /// Who seems to have sent them, in turn.
    pub sources: Vec<SocketAddr>,
    /// What they answer.
    pub question: Question,
    /// The answer.
    pub answers: Vec<Record>,
    /// The time between two of them; above zero.
    pub interval: Duration,
    /// The ids guessed, in turn.
    pub ids: RangeInclusive<u16>,
    /// The ports guessed, at random.
    pub ports: RangeInclusive<u16>,
    /// How often the resolver is asked the question.
    pub ask_every: Option<Duration>,
}

/// The attacker's program.
pub struct Forger {
    floods: Vec<Flood>,
    /// What its floods are called by who ordered them.
    number: Option<u64>,
    running: Vec<Running>,
    draws: Option<Stream>,
}

/// A flood under way.
#[derive(Debug)]
struct Running {
    /// The forged answer, with any id.
    message: Bytes,
    sent: u64,
    /// The port that questions are asked from.
    port: Option<u16>,
}

impl Forger {
    /// An attacker with these floods.
    pub fn new(floods: Vec<Flood>) -> Self {
        Forger { floods, number: None, running: Vec::new(), draws: None }
    }

    /// Its floods end when the order is given that what has this number ends.
    #[must_use]
    pub fn numbered(mut self, number: u64) -> Self {
        self.number = Some(number);
        self
    }

    /// Sends the next forged answer of a flood, or ends it.
    fn forge(&mut self, ctx: &mut Ctx<'_>, index: usize) {
        let (flood, running) = (&self.floods[index], &mut self.running[index]);
        let now = ctx.now();
        if now >= flood.times.end {
            let sent = running.sent;
            return ctx.note(Kind::Remark, || Note::Remark(format!("sent {sent} forged answers")));
        }
        if running.sent == 0 {
            ctx.note(Kind::Remark, || Note::Remark(begins(flood)));
        }
        let draws = self.draws.get_or_insert_with(|| ctx.stream("forger"));
        let ids = u64::from(flood.ids.end() - flood.ids.start()) + 1;
        let id = flood.ids.start() + (running.sent % ids) as u16;
        let ports = u64::from(flood.ports.end() - flood.ports.start()) + 1;
        let port = match ports {
            1 => *flood.ports.start(),
            _ => flood.ports.start() + draws.below(ports) as u16,
        };
        let mut octets = BytesMut::with_capacity(running.message.len());
        octets.put_u16(id);
        octets.extend_from_slice(&running.message[2..]);
        let source = flood.sources[(running.sent % flood.sources.len() as u64) as usize];
        ctx.send_udp_forged(source, SocketAddr::new(flood.to.ip(), port), octets.freeze());
        running.sent += 1;
        ctx.set_timer(now + flood.interval, forging(index));
    }

    /// Asks the resolver what it is to be told.
    fn ask(&mut self, ctx: &mut Ctx<'_>, index: usize) {
        let (flood, running) = (&self.floods[index], &mut self.running[index]);
        let Some(every) = flood.ask_every.filter(|_| ctx.now() < flood.times.end) else { return };
        running.port = running.port.or_else(|| ctx.bind_any_udp());
        let draws = self.draws.get_or_insert_with(|| ctx.stream("forger"));
        let Question { name, rtype, .. } = flood.question.clone();
        let query = Message::query(draws.next_u16(), name, rtype).with_recursion_desired();
        if let Some(port) = running.port {
            // Without an address of that family there is nobody to ask.
            let _ = ctx.send_udp(port, flood.to, query.encode());
        }
        ctx.set_timer(ctx.now() + every, asking(index));
    }
}

impl Actor for Forger {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        for (index, flood) in self.floods.iter().enumerate() {
            let Question { name, rtype, .. } = flood.question.clone();
            let mut message = Message::response_to(&Message::query(0, name, rtype));
            message.flags.aa = true;
            message.answers.clone_from(&flood.answers);
            self.running.push(Running { message: message.encode(), sent: 0, port: None });
            // One that was down meanwhile goes on.
            let from = flood.times.start.max(ctx.now());
            if from < flood.times.end {
                ctx.set_timer(from, forging(index));
                if flood.ask_every.is_some() {
                    ctx.set_timer(from, asking(index));
                }
            }
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        if let Event::Outside(Outside::Order(Order::Cease { fault })) = event
            && self.number == Some(fault)
        {
            let now = ctx.now();
            self.floods.iter_mut().for_each(|flood| flood.times.end = flood.times.end.min(now));
            return;
        }
        // What the resolver answers does not matter.
        if let Event::Timer(TimerToken(token)) = event {
            let index = (token / 2) as usize;
            match token % 2 {
                0 => self.forge(ctx, index),
                _ => self.ask(ctx, index),
            }
        }
    }
}

fn begins(flood: &Flood) -> String {
    let Question { name, rtype, .. } = &flood.question;
    let each = flood.interval.as_micros();
    format!("begins to forge answers to {rtype} {name}, one every {each} us")
}

fn forging(index: usize) -> TimerToken {
    TimerToken(index as u64 * 2)
}

fn asking(index: usize) -> TimerToken {
    TimerToken(index as u64 * 2 + 1)
}
