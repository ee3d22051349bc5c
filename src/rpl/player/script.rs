//! The program that is everything but the resolver: it goes from step to step, asks as the clients
//! and answers as the name servers.
//!
//! Nothing takes time here but steps that say so, and waiting for the resolver. Before each step
//! everything under way comes to rest: the program sets a timer for the present instant, which comes
//! after all that is scheduled for it (the host is the last of its world), and goes on when nothing
//! happened meanwhile.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use crate::actors::dns_listener::{Asker, DnsListener};
use crate::engine::SimTime;
use crate::proto::dns::Message;
use crate::rpl::matching::{self, Level};
use crate::rpl::outcome::{Exchange, Reply, Stopped};
use crate::rpl::step::seconds;
use crate::rpl::{Action, Dialect, Elapse, Entry, Scenario, adjust};
use crate::world::{Actor, ConnId, Ctx, Event, StreamEvent, TimerToken};

use super::Played;
use super::audience::{Answer, Asking, Audience};
use super::cast::{Asked, Cast, Decision};
use super::judge::Judge;

/// See the module.
pub(super) struct Script {
    scenario: Arc<Scenario>,
    played: Arc<Mutex<Played>>,
    /// The resolver lets clients wait for fresh answers only so long.
    waits_for_fresh: bool,
    listener: Option<DnsListener>,
    audience: Audience,
    cast: Cast,
    /// Which address a connection was made to.
    servers: BTreeMap<ConnId, IpAddr>,
    /// Queries without a reply, the oldest first.
    open: Vec<Open>,
    /// Replies that wait for their time.
    delayed: BTreeMap<u64, (Asker, Bytes)>,
    /// Where in the steps it is.
    current: usize,
    phase: Phase,
    /// Timers that must pass without news before everything is at rest; 0 when none is set.
    unrest: u8,
    variables: BTreeMap<String, f64>,
    /// The last client of Deckard that asked.
    last_asking: Option<Asking>,
    judge: Judge,
    /// How long the clock went forward by steps.
    elapsed: Duration,
    delays: u64,
}

/// A query of the resolver that has no reply.
struct Open {
    asker: Asker,
    server: IpAddr,
    message: Message,
    /// Its place in the outcome.
    exchange: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The current step was not begun.
    Ready,
    /// A client of Deckard has asked and waits, no longer than this.
    Asked(Asking, SimTime),
    /// The clock goes forward.
    Elapsing(SimTime),
    /// An answer is waited for, no longer than this.
    Checking(SimTime),
    /// All is done.
    Over,
}

impl Script {
    pub(super) fn new(
        scenario: Arc<Scenario>,
        resolver: [IpAddr; 2],
        waits_for_fresh: bool,
        played: Arc<Mutex<Played>>,
    ) -> Self {
        let judge = Judge::new(scenario.dialect);
        Script {
            cast: Cast::new(&scenario),
            scenario,
            played,
            waits_for_fresh,
            listener: None,
            audience: Audience::new(resolver),
            servers: BTreeMap::new(),
            open: Vec::new(),
            delayed: BTreeMap::new(),
            current: 0,
            phase: Phase::Ready,
            unrest: 0,
            variables: BTreeMap::new(),
            last_asking: None,
            judge,
            elapsed: Duration::ZERO,
            delays: 0,
        }
    }
}

impl Actor for Script {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.listener = Some(DnsListener::start(ctx, IDLE));
        self.stir(ctx);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Datagram { from, to, payload } if to.port() == DNS_PORT => {
                self.on_query(ctx, Asker::Datagram { from, to }, to.ip(), &payload);
            }
            Event::Datagram { to, payload, .. } => {
                self.audience.on_datagram(ctx, to.port(), &payload);
            }
            Event::Stream(connection, event) if self.audience.owns(connection) => {
                self.audience.on_stream(ctx, connection, &event);
            }
            Event::Stream(connection, event) => self.on_stream(ctx, connection, &event),
            Event::Timer(SETTLE) => {
                self.unrest -= 1;
                if self.unrest > 0 {
                    ctx.set_timer(ctx.now(), SETTLE);
                } else {
                    self.go_on(ctx);
                }
                return;
            }
            Event::Timer(IDLE) => {
                self.listener().on_timer(ctx);
                return;
            }
            Event::Timer(WAKE) => {}
            Event::Timer(TimerToken(token)) => {
                if let Some((asker, octets)) = self.delayed.remove(&token) {
                    self.listener().answer(ctx, asker, Some(octets));
                }
            }
            Event::Signal(_) | Event::Outside(_) | Event::Unreachable { .. } => {}
        }
        self.stir(ctx);
    }
}

impl Script {
    fn listener(&mut self) -> &mut DnsListener {
        self.listener.as_mut().expect("events come after the start")
    }

    /// Something happened: goes on when everything is at rest again.
    fn stir(&mut self, ctx: &mut Ctx<'_>) {
        if self.unrest == 0 {
            ctx.set_timer(ctx.now(), SETTLE);
        }
        self.unrest = REST;
    }

    fn on_stream(&mut self, ctx: &mut Ctx<'_>, connection: ConnId, event: &StreamEvent) {
        match event {
            StreamEvent::Accepted { local, .. } => {
                self.servers.insert(connection, local.ip());
            }
            StreamEvent::Closed(_) => {
                self.servers.remove(&connection);
            }
            _ => {}
        }
        let server = self.servers.get(&connection).copied();
        for (asker, octets) in self.listener().on_stream(ctx, connection, event) {
            if let Some(server) = server {
                self.on_query(ctx, asker, server, &octets);
            }
        }
    }

    /// A query of the resolver: it waits until everything is at rest.
    fn on_query(&mut self, ctx: &mut Ctx<'_>, asker: Asker, server: IpAddr, octets: &Bytes) {
        let Ok(message) = Message::decode(octets) else {
            return self.listener().answer(ctx, asker, None);
        };
        let step = self.step_number();
        let mut played = self.played.lock().expect("no actor panicked");
        let outcome = &mut played.outcome;
        if outcome.exchanges.len() >= MAX_QUERIES {
            let limit = MAX_QUERIES;
            outcome.stopped.get_or_insert(Stopped::TooManyQueries { limit });
            played.is_over = true;
            return;
        }
        let transport = asker.transport();
        let (time, query) = (ctx.now(), message.clone());
        let reply = Reply::Silence;
        outcome.exchanges.push(Exchange { time, step, server, transport, query, reply });
        let exchange = outcome.exchanges.len() - 1;
        self.open.push(Open { asker, server, message, exchange });
    }

    /// Everything is at rest: does what comes next, until something is under way again or only
    /// time can tell.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) {
        let scenario = Arc::clone(&self.scenario);
        let waited = ctx.now().since(SimTime::ZERO).saturating_sub(self.elapsed);
        self.judge.waited(waited);
        while self.phase != Phase::Over {
            if scenario.dialect == Dialect::Unbound {
                if self.check_out(ctx, &scenario) {
                    continue;
                }
                if let Some(Action::CheckAnswer(entry)) = self.action(&scenario)
                    && self.check_answer_there(entry)
                {
                    self.step_on();
                    continue;
                }
            }
            if self.answer_open(ctx, &scenario, false) {
                return self.stir(ctx);
            }
            if !self.perform(ctx, &scenario) {
                return;
            }
        }
    }

    fn action<'s>(&self, scenario: &'s Scenario) -> Option<&'s Action> {
        scenario.steps.get(self.current).map(|step| &step.action)
    }

    fn step_on(&mut self) {
        self.current += 1;
        self.phase = Phase::Ready;
    }

    /// Fulfils a `CHECK_OUT_QUERY` with the newest query that does; whether there was one.
    fn check_out(&mut self, ctx: &mut Ctx<'_>, scenario: &Scenario) -> bool {
        for place in (0..self.open.len()).rev() {
            let found = self.cast.check_out(scenario, self.current, self.open[place].asked());
            if let Some(entry) = found {
                if let Some(entry) = entry {
                    self.reply(ctx, place, Decision::Entry(entry), scenario.dialect);
                    self.stir(ctx);
                }
                self.step_on();
                return true;
            }
        }
        false
    }

    /// Answers all open queries for which there is an answer, the newest first; whether there were
    /// any.
    fn answer_open(&mut self, ctx: &mut Ctx<'_>, scenario: &Scenario, stuck: bool) -> bool {
        let mut any = false;
        for place in (0..self.open.len()).rev() {
            let asked = self.open[place].asked();
            match self.cast.decide(scenario, self.current, asked, stuck) {
                Decision::Pending => {}
                decision => {
                    self.reply(ctx, place, decision, scenario.dialect);
                    any |= !matches!(decision, Decision::Silence);
                }
            }
        }
        any
    }

    /// Does to an open query what was decided.
    fn reply(&mut self, ctx: &mut Ctx<'_>, place: usize, decision: Decision<'_>, dialect: Dialect) {
        let Open { asker, message, exchange, .. } = self.open.remove(place);
        let mut delay = 0;
        let (octets, reply) = match decision {
            Decision::Entry(entry) => {
                delay = entry.adjust.sleep_secs;
                let octets = adjust::reply(entry, &message, dialect);
                let sent = octets.as_ref().and_then(|octets| Message::decode(octets).ok());
                (octets, Reply::Entry { line: entry.line, sent })
            }
            Decision::Miss => (Some(adjust::server_failure(&message)), Reply::Miss),
            Decision::Silence | Decision::Pending => (None, Reply::Silence),
        };
        if let Some(exchange) =
            self.played.lock().expect("no actor panicked").outcome.exchanges.get_mut(exchange)
        {
            exchange.reply = reply;
        }
        match octets {
            Some(octets) if delay > 0 => {
                self.delays += 1;
                let token = FIRST_DELAY + self.delays;
                self.delayed.insert(token, (asker, octets));
                let at = ctx.now() + Duration::from_secs(delay.into());
                ctx.set_timer(at, TimerToken(token));
            }
            octets => self.listener().answer(ctx, asker, octets),
        }
    }

    /// Does the current step, or looks whether what it waits for has come; false when nothing more
    /// can be done now.
    fn perform(&mut self, ctx: &mut Ctx<'_>, scenario: &Scenario) -> bool {
        let now = ctx.now();
        match self.phase {
            Phase::Over => return false,
            Phase::Elapsing(until) => {
                if now < until {
                    return false;
                }
                self.step_on();
                return true;
            }
            Phase::Asked(asking, until) => {
                if self.audience.waits(asking) && now < until {
                    return false;
                }
                self.step_on();
                return true;
            }
            Phase::Checking(until) => return self.go_on_checking(ctx, scenario, until),
            Phase::Ready => {}
        }
        let Some(action) = self.action(scenario) else {
            self.end(None);
            return false;
        };
        match action {
            Action::Query { entry, client } => {
                let asking = self.audience.ask(ctx, entry, *client);
                // Deckard waits for the answer, but for that to raw octets.
                if scenario.dialect == Dialect::Deckard && entry.raw.is_none() {
                    let until = now + PATIENCE;
                    self.phase = Phase::Asked(asking, until);
                    self.last_asking = Some(asking);
                    ctx.set_timer(until, WAKE);
                } else {
                    self.step_on();
                }
                self.stir(ctx);
                return false;
            }
            Action::CheckAnswer(entry) if scenario.dialect == Dialect::Deckard => {
                let answer = self.last_asking.and_then(|asking| self.audience.answer_to(asking));
                let answer = answer.cloned();
                self.check(entry, answer.as_ref());
            }
            Action::CheckAnswer(_) => {
                let until = now + PATIENCE;
                self.phase = Phase::Checking(until);
                ctx.set_timer(until, WAKE);
                return true;
            }
            Action::TimePasses(elapse) => match self.duration(elapse, now) {
                Ok(duration) => {
                    self.elapsed += duration;
                    self.phase = Phase::Elapsing(now + duration);
                    ctx.set_timer(now + duration, WAKE);
                    return duration.is_zero();
                }
                Err(reason) => return self.no_value(reason),
            },
            Action::Assign { variable, value } => {
                let now_secs = now.since(SimTime::ZERO).as_secs_f64();
                match value.evaluate(&self.variables, now_secs) {
                    Ok(value) => drop(self.variables.insert(variable.clone(), value)),
                    Err(error) => return self.no_value(error.to_string()),
                }
            }
            // What came to rest has been answered; replies are used where they fit.
            Action::CheckOutQuery(_)
            | Action::Reply(_)
            | Action::Traffic
            | Action::Timeout
            | Action::Error
            | Action::Nothing
            | Action::InfraRtt
            | Action::Unsupported(_) => {}
        }
        self.step_on();
        true
    }

    /// No answer that fits is there: waits, tries replies of later steps, or gives up.
    fn go_on_checking(&mut self, ctx: &mut Ctx<'_>, scenario: &Scenario, until: SimTime) -> bool {
        if self.audience.anybody_waits() && ctx.now() < until {
            // Where the resolver itself ends the waiting, the script counts on the delay.
            if !self.waits_for_fresh && self.answer_open(ctx, scenario, true) {
                self.stir(ctx);
            }
            return false;
        }
        if let Some(Action::CheckAnswer(entry)) = self.action(scenario) {
            let answers = self.audience.answers();
            let fits = |answer: &Answer| {
                let message = answer.message.as_ref();
                message.is_some_and(|it| matching::same_question(it, &entry.message))
            };
            let place = answers.iter().position(fits).or((!answers.is_empty()).then_some(0));
            let answer = place.map(|place| self.audience.take(place));
            self.check(entry, answer.as_ref());
        }
        self.step_on();
        true
    }

    /// Takes an answer that matches, if one is there.
    fn check_answer_there(&mut self, entry: &Entry) -> bool {
        let answers = self.audience.answers();
        let passes = |level: Level| {
            answers.iter().position(|answer| self.judge.accepts(entry, answer, level))
        };
        let Some(place) = passes(Level::Strict).or_else(|| passes(Level::Core)) else {
            return false;
        };
        let answer = self.audience.take(place);
        self.check(entry, Some(&answer));
        true
    }

    fn check(&mut self, entry: &Entry, answer: Option<&Answer>) {
        let step = self.step_number();
        let check = self.judge.check(step, entry, answer);
        self.played.lock().expect("no actor panicked").outcome.checks.push(check);
    }

    /// The number of the current step, at the end that of the last.
    fn step_number(&self) -> u32 {
        let steps = &self.scenario.steps;
        steps.get(self.current).or(steps.last()).map_or(0, |step| step.number)
    }

    fn duration(&self, elapse: &Elapse, now: SimTime) -> Result<Duration, String> {
        let value = match elapse {
            Elapse::For(duration) => return Ok(*duration),
            Elapse::Eval(value) => value,
        };
        let now_secs = now.since(SimTime::ZERO).as_secs_f64();
        let secs = value.evaluate(&self.variables, now_secs).map_err(|error| error.to_string())?;
        seconds(secs).ok_or_else(|| format!("{secs} seconds cannot pass"))
    }

    fn no_value(&mut self, reason: String) -> bool {
        let step = self.step_number();
        self.end(Some(Stopped::NoValue { step, reason }));
        false
    }

    fn end(&mut self, stopped: Option<Stopped>) {
        self.phase = Phase::Over;
        let mut played = self.played.lock().expect("no actor panicked");
        played.outcome.unused = self.cast.unused(&self.scenario);
        played.outcome.stopped = stopped;
        played.is_over = true;
    }
}

impl Open {
    fn asked(&self) -> Asked<'_> {
        Asked { server: self.server, message: &self.message, transport: self.asker.transport() }
    }
}

const SETTLE: TimerToken = TimerToken(0);
const WAKE: TimerToken = TimerToken(1);
const IDLE: TimerToken = TimerToken(2);
/// Tokens above are those of delayed replies.
const FIRST_DELAY: u64 = 2;

const DNS_PORT: u16 = 53;

/// A handshake of TCP goes to and fro without a word to any program: so many times nothing must
/// happen before all is at rest.
const REST: u8 = 4;

/// How long a client waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// No resolver sends so many queries in a scenario.
const MAX_QUERIES: usize = 1_000;
