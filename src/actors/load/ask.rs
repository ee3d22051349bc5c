//! Who asks for names: a program like dnsperf on a host, by time or as fast as answers come.
//!
//! Addresses are asked for at `www.DOMAIN`, everything else at the domain itself. Every question is one of
//! the host's stub resolver, with its time-outs and its retries.

use std::fmt::Write;
use std::sync::Arc;

use super::arrivals::Arrivals;
use super::config::{DnsLoadConfig, DnsWork};
use super::population::{DomainId, Population};
use crate::actors::stub::StubResolver;
use crate::engine::Stream;
use crate::proto::dns::stub::LookupError;
use crate::proto::dns::{Name, RecordType};
use crate::world::{Actor, Ctx, Event, Kind, TimerToken};

const ARRIVAL_TIMER: TimerToken = TimerToken(0);
const STUB_TIMER: TimerToken = TimerToken(u64::MAX);

/// The actor that asks.
pub struct DnsLoad {
    config: Arc<DnsLoadConfig>,
    running: Option<Running>,
}

struct Running {
    config: Arc<DnsLoadConfig>,
    stub: StubResolver,
    arrivals: Arrivals,
    moments: Stream,
    draws: Stream,
    /// How many are left where they do not come by time.
    left: u64,
    /// How many were asked.
    asked: u64,
}

impl DnsLoad {
    /// A host's part of the work.
    pub fn new(config: Arc<DnsLoadConfig>) -> Self {
        DnsLoad { config, running: None }
    }
}

impl Actor for DnsLoad {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let config = Arc::clone(&self.config);
        let work = &config.work;
        let mut arrivals = Arrivals::new(work.process, config.queries, config.phase);
        arrivals.skip_to(&work.curve, ctx.now());
        let draws = ctx.stream("load names stub");
        // Before a crash.
        let tally = ctx.disk().tally();
        let asked_before = tally.answered + tally.unanswered;
        let mut running = Running {
            stub: StubResolver::new(config.resolvers.clone(), STUB_TIMER, draws),
            arrivals,
            moments: ctx.stream("load names moments"),
            draws: ctx.stream("load names"),
            left: config.queries.saturating_sub(asked_before),
            asked: 0,
            config,
        };
        match running.config.work.in_flight {
            None => running.arm(ctx),
            Some(_) => {
                let start = running.config.work.curve.start().max(ctx.now());
                ctx.set_timer(start, ARRIVAL_TIMER);
            }
        }
        self.running = Some(running);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let running = self.running.as_mut().expect("events come after the start");
        match event {
            Event::Datagram { from, to, payload } => {
                running.stub.on_datagram(ctx, from, to, &payload);
            }
            Event::Unreachable { from, to, .. } => running.stub.on_unreachable(ctx, from, to),
            Event::Stream(connection, event) => running.stub.on_stream(ctx, connection, event),
            Event::Timer(ARRIVAL_TIMER) => running.begin(ctx),
            Event::Timer(_) => running.stub.on_timer(ctx),
            Event::Signal(_) | Event::Outside(_) => {}
        }
        running.take_results(ctx);
    }
}

impl Running {
    fn arm(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(at) = self.arrivals.next(&self.config.work.curve, &mut self.moments) {
            ctx.set_timer(at, ARRIVAL_TIMER);
        }
    }

    fn begin(&mut self, ctx: &mut Ctx<'_>) {
        match self.config.work.in_flight {
            None => {
                self.ask(ctx);
                self.arm(ctx);
            }
            Some(many) => (0..many).for_each(|_| self.ask_next(ctx)),
        }
    }

    /// The next question where they do not come by time.
    fn ask_next(&mut self, ctx: &mut Ctx<'_>) {
        if self.left > 0 && ctx.now() < self.config.work.curve.end() {
            self.left -= 1;
            self.ask(ctx);
        }
    }

    fn ask(&mut self, ctx: &mut Ctx<'_>) {
        let DnsLoadConfig { work, phase, .. } = &*self.config;
        let (name, rtype) = question(work, *phase, self.asked, &mut self.draws);
        self.asked += 1;
        ctx.disk().tally().asked += 1;
        self.stub.lookup(ctx, name, rtype);
    }

    fn take_results(&mut self, ctx: &mut Ctx<'_>) {
        while let Some((_, result)) = self.stub.next_result() {
            ctx.count(Kind::Resolved, 1);
            let tally = ctx.disk().tally();
            match result {
                Ok(_) | Err(LookupError::NxDomain | LookupError::NoData) => tally.answered += 1,
                Err(_) => tally.unanswered += 1,
            }
            if self.config.work.in_flight.is_some() {
                self.ask_next(ctx);
            }
        }
    }
}

/// What is asked for, as the `count`th question of a host.
fn question(work: &DnsWork, phase: f64, count: u64, draws: &mut Stream) -> (Name, RecordType) {
    let population = &*work.population;
    let domain = match work.in_turn {
        true => in_turn(population, phase, count),
        false => population.draw(draws),
    };
    let rtype = match work.types.len() {
        1 => work.types[0],
        many => work.types[draws.below(many as u64) as usize],
    };
    let is_unknown = work.unknown > 0.0 && draws.chance(work.unknown);
    let mut name = String::with_capacity(64);
    match rtype {
        _ if is_unknown => write!(name, "no-{count}.").expect("a String takes everything"),
        RecordType::A | RecordType::Aaaa => name.push_str("www."),
        _ => {}
    }
    population.write_name(domain, &mut name);
    (name.parse().expect("the names of a population are DNS names"), rtype)
}

/// The domains of all groups one after the other, from where the host begins.
fn in_turn(population: &Population, phase: f64, count: u64) -> DomainId {
    let all: u64 = population.groups().iter().map(|group| group.domains.count()).sum();
    let mut place = (count + (phase * all as f64) as u64) % all;
    for (group, of) in (0..).zip(population.groups()) {
        if place < of.domains.count() {
            let number = u32::try_from(place + 1).expect("domains are numbered by 32 bits");
            return DomainId { group, number };
        }
        place -= of.domains.count();
    }
    unreachable!("the place is within all groups")
}
