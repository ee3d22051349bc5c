//! Who writes: all users of a domain on one host.
//!
//! As with a user's mail program, each message has a connection of its own, on which its writer logs in;
//! or, as with a gateway, connections are kept and used again for all. At most so many are open at once,
//! and what is written meanwhile waits. When much waits, nothing is written until there is room again: a
//! program whose server is gone does not fill its memory. What the server does not take for the moment is
//! tried again every minute, ten times.
//!
//! Not modelled: an outbox on disk; what waits at a crash is forgotten, and what would have been written
//! while the host was down is not written. SCRAM, since each login would cost the time of a thousand
//! messages.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::arrivals::Arrivals;
use super::config::MailLoadConfig;
use super::letter::Letter;
use super::line::{Line, News, Stage};
use crate::actors::client::config::ClientTls;
use crate::actors::reach::{Progress, Reach, Tokens};
use crate::actors::stub::StubResolver;
use crate::engine::{SimTime, Stream};
use crate::proto::Input;
use crate::proto::sasl::{Credentials, Mechanism};
use crate::proto::smtp::client::{ClientConfig, Outcome, TlsPolicy};
use crate::world::{Actor, ConnId, Ctx, Event, Kind, Note, StreamEvent, TimerToken};

/// Timer kinds: the next message, a connection, a retry, the stub resolver.
const ARRIVAL_TIMER: TimerToken = TimerToken(0);
const CONNECTION_TIMER: u8 = 1;
const RETRY_TIMER: TimerToken = TimerToken(2 << 56);
const STUB_TIMER: TimerToken = TimerToken(3 << 56);
/// Of a server that is being reached; the place of the line is added.
const WAKE_TIMER: u8 = 4;

/// The actor that writes for a domain.
pub struct MailLoad {
    config: Arc<MailLoadConfig>,
    running: Option<Running>,
}

struct Running {
    config: Arc<MailLoadConfig>,
    host: Arc<str>,
    stub: StubResolver,
    arrivals: Arrivals,
    /// Of the moments of messages.
    moments: Stream,
    /// Of what they are like.
    draws: Stream,
    /// Whether the timer of the next message is set.
    is_armed: bool,
    sequence: u64,
    waiting: VecDeque<Letter>,
    /// What is tried again, the next first.
    later: VecDeque<(SimTime, Letter)>,
    lines: Vec<Option<Line>>,
    /// How a session begins that is kept.
    gateway: Option<Arc<ClientConfig>>,
}

impl MailLoad {
    /// A host's part of the work.
    pub fn new(config: Arc<MailLoadConfig>) -> Self {
        MailLoad { config, running: None }
    }
}

impl Actor for MailLoad {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let config = Arc::clone(&self.config);
        let work = &config.work;
        let mut arrivals = Arrivals::new(work.process, config.messages, config.phase);
        arrivals.skip_to(&work.curve, ctx.now());
        let mut running = Running {
            stub: StubResolver::new(config.resolvers.clone(), STUB_TIMER, ctx.stream("load stub")),
            arrivals,
            moments: ctx.stream("load moments"),
            draws: ctx.stream("load messages"),
            is_armed: false,
            sequence: 0,
            waiting: VecDeque::new(),
            later: VecDeque::new(),
            lines: std::iter::repeat_with(|| None).take(work.connections).collect(),
            gateway: None,
            host: ctx.name().into(),
            config,
        };
        running.arm(ctx);
        self.running = Some(running);
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let running = self.running.as_mut().expect("events come after the start");
        match event {
            Event::Datagram { from, to, payload } => {
                running.stub.on_datagram(ctx, from, to, &payload);
                running.on_lookups(ctx);
            }
            Event::Unreachable { from, to, .. } => {
                running.stub.on_unreachable(ctx, from, to);
                running.on_lookups(ctx);
            }
            Event::Stream(connection, event) => running.on_stream(connection, event, ctx),
            Event::Timer(token) => running.on_timer(token, ctx),
            Event::Signal(_) | Event::Outside(_) => {}
        }
    }
}

impl Running {
    /// Sees to it that the next message is written in time, if there is room for it.
    fn arm(&mut self, ctx: &mut Ctx<'_>) {
        if self.is_armed || self.waiting.len() + self.later.len() >= MOST_WAITING {
            return;
        }
        if let Some(at) = self.arrivals.next(&self.config.work.curve, &mut self.moments) {
            self.is_armed = true;
            ctx.set_timer(at, ARRIVAL_TIMER);
        }
    }

    fn on_timer(&mut self, token: TimerToken, ctx: &mut Ctx<'_>) {
        match token {
            ARRIVAL_TIMER => self.write(ctx),
            RETRY_TIMER => {
                while let Some((at, _)) = self.later.front()
                    && *at <= ctx.now()
                    && let Some((_, letter)) = self.later.pop_front()
                {
                    self.waiting.push_back(letter);
                }
                if let Some((at, _)) = self.later.front() {
                    ctx.set_timer(*at, RETRY_TIMER);
                }
                self.go_on(ctx);
            }
            STUB_TIMER => {
                self.stub.on_timer(ctx);
                self.on_lookups(ctx);
            }
            token => match token.connection() {
                (WAKE_TIMER, _) => {
                    let place = token.0 as u32 as usize;
                    if let Some(Line { stage: Stage::Reaching(reach), .. }) = &mut self.lines[place]
                    {
                        let progress = reach.on_wake(ctx);
                        self.on_progress(place, progress, ctx);
                    }
                }
                (_, connection) => self.on_connection_timer(connection, ctx),
            },
        }
    }

    /// Somebody writes a message.
    fn write(&mut self, ctx: &mut Ctx<'_>) {
        self.is_armed = false;
        let MailLoadConfig { work, domain, .. } = &*self.config;
        let letter = Letter::draw(work, *domain, self.sequence, ctx.now(), &mut self.draws);
        self.sequence += 1;
        ctx.note(Kind::Composed, || letter.composed(work, &self.host));
        ctx.disk().tally().composed += 1;
        self.waiting.push_back(letter);
        self.go_on(ctx);
    }

    /// Hands what waits to connections that are free, or opens more.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) {
        while !self.waiting.is_empty() {
            let idle = |line: &Option<Line>| line.as_ref().is_some_and(Line::is_idle);
            if let Some(place) = self.lines.iter().position(idle) {
                let letter = self.waiting.pop_front().expect("one waits");
                let transaction = letter.transaction(&self.config.work, &self.host, ctx.date());
                let line = self.lines[place].as_mut().expect("it is idle");
                line.push(letter, transaction, ctx);
                line.arm(CONNECTION_TIMER, ctx);
            } else if let Some(place) = self.lines.iter().position(Option::is_none) {
                let letter = self.waiting.pop_front().expect("one waits");
                self.open(place, letter, ctx);
            } else {
                break;
            }
        }
        self.arm(ctx);
    }

    fn open(&mut self, place: usize, letter: Letter, ctx: &mut Ctx<'_>) {
        let wake = TimerToken(u64::from(WAKE_TIMER) << 56 | place as u64);
        let tokens = Tokens { connection_kind: CONNECTION_TIMER, wake };
        let server = &self.config.submit;
        let (reach, progress) =
            Reach::start(&server.host, server.port, tokens, &mut self.stub, ctx);
        self.lines[place] = Some(Line::new(reach, letter));
        self.on_progress(place, progress, ctx);
    }

    fn on_progress(&mut self, place: usize, progress: Progress, ctx: &mut Ctx<'_>) {
        match progress {
            Progress::Waiting => {}
            Progress::Failed(reason) => self.over(place, Some((reason, false)), ctx),
            Progress::Connected(connection) => {
                let is_kept = !self.config.work.kept.is_zero();
                let Some(letter) = self.lines[place].as_ref().and_then(|line| line.letter.as_ref())
                else {
                    return ctx.abort(connection);
                };
                let transaction = letter.transaction(&self.config.work, &self.host, ctx.date());
                let session =
                    self.session(transaction.from.mailbox().map(ToString::to_string), ctx);
                let MailLoadConfig { tls, submit, .. } = &*self.config;
                let line = self.lines[place].as_mut().expect("it has a letter");
                line.begin(connection, session, transaction, !is_kept, (tls, submit), ctx);
                self.talk(place, Input::Opened, ctx);
            }
        }
    }

    /// How a session begins in which this sender writes.
    fn session(&mut self, sender: Option<String>, ctx: &Ctx<'_>) -> Arc<ClientConfig> {
        let MailLoadConfig { work, domain, tls, .. } = &*self.config;
        let config = |login: String| ClientConfig {
            credentials: Some(Credentials::new(&login, &*work.password)),
            mechanisms: vec![Mechanism::Plain, Mechanism::Login, Mechanism::CramMd5],
            tls: match tls {
                ClientTls::StartTls(_) => TlsPolicy::Encrypt,
                ClientTls::None | ClientTls::Implicit(_) => TlsPolicy::Never,
            },
            ..ClientConfig::new(ctx.name())
        };
        if work.kept.is_zero() {
            return Arc::new(config(sender.unwrap_or_default()));
        }
        let gateway = || {
            let login = format!("{}@{}", work.gateway, work.population.name(*domain));
            Arc::new(config(login))
        };
        Arc::clone(self.gateway.get_or_insert_with(gateway))
    }

    fn on_lookups(&mut self, ctx: &mut Ctx<'_>) {
        while let Some((id, lookup)) = self.stub.next_result() {
            for place in 0..self.lines.len() {
                if let Some(Line { stage: Stage::Reaching(reach), .. }) = &mut self.lines[place] {
                    let progress = reach.on_lookup(id, &lookup, ctx);
                    self.on_progress(place, progress, ctx);
                }
            }
        }
    }

    fn line_of(&self, connection: ConnId) -> Option<usize> {
        let owns = |line: &Option<Line>| line.as_ref().is_some_and(|line| line.owns(connection));
        self.lines.iter().position(owns)
    }

    fn on_stream(&mut self, connection: ConnId, event: StreamEvent, ctx: &mut Ctx<'_>) {
        let Some(place) = self.line_of(connection) else {
            self.stub.on_stream(ctx, connection, event);
            return self.on_lookups(ctx);
        };
        if let Some(Line { stage: Stage::Reaching(reach), .. }) = &mut self.lines[place] {
            let progress = reach.on_stream(connection, &event, ctx);
            return self.on_progress(place, progress, ctx);
        }
        match event {
            StreamEvent::Data(octets) => self.talk(place, Input::Bytes(&octets), ctx),
            StreamEvent::Eof | StreamEvent::Closed(_) => self.talk(place, Input::Eof, ctx),
            StreamEvent::Opened | StreamEvent::Accepted { .. } => {}
        }
    }

    fn on_connection_timer(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Some(place) = self.line_of(connection) else { return };
        let Some(line) = &mut self.lines[place] else { return };
        if let Stage::Reaching(reach) = &mut line.stage {
            let progress = reach.on_timer(connection, ctx);
            return self.on_progress(place, progress, ctx);
        }
        match line.fired(ctx.now()) {
            true => self.talk(place, Input::Timeout, ctx),
            false => line.arm(CONNECTION_TIMER, ctx),
        }
    }

    fn talk(&mut self, place: usize, input: Input<'_>, ctx: &mut Ctx<'_>) {
        let config = Arc::clone(&self.config);
        let Some(line) = &mut self.lines[place] else { return };
        let news = line.input(input, (&config.tls, &config.submit), ctx);
        let mut ended = None;
        for news in news {
            match news {
                News::Done(outcomes) => {
                    let Some(line) = &mut self.lines[place] else { continue };
                    let letter = line.letter.take();
                    line.rest(ctx.now() + config.work.kept);
                    if let Some(letter) = letter {
                        self.judge(letter, &outcomes, ctx);
                    }
                }
                News::Over(why) => ended = Some(why),
            }
        }
        if let Some(why) = ended {
            return self.over(place, why, ctx);
        }
        if self.lines[place].as_ref().is_some_and(Line::is_idle) {
            self.go_on(ctx);
        }
        if let Some(line) = &mut self.lines[place] {
            line.arm(CONNECTION_TIMER, ctx);
        }
    }

    /// A connection is of no further use.
    fn over(&mut self, place: usize, why: Option<(String, bool)>, ctx: &mut Ctx<'_>) {
        let Some(line) = self.lines[place].take() else { return };
        if let Stage::Talking { mut channel, .. } = line.stage {
            channel.close(ctx);
        }
        if let Some(letter) = line.letter {
            let (reason, for_good) = why.unwrap_or_else(|| ("lost connection".into(), false));
            match for_good {
                true => self.refuse(&letter, reason, ctx),
                false => self.put_off(letter, reason, ctx),
            }
        }
        self.go_on(ctx);
    }

    /// What the server said of each recipient.
    fn judge(&mut self, mut letter: Letter, outcomes: &[Outcome], ctx: &mut Ctx<'_>) {
        let taken = outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Delivered { reply, .. } => Some(reply),
            _ => None,
        });
        if let Some(reply) = taken {
            ctx.note(Kind::Submitted, || Note::Submitted {
                message_id: letter.message_id(&self.host),
                reply: reply.to_string(),
            });
            ctx.disk().tally().submitted += 1;
        }
        let why = |outcome: &Outcome| match outcome {
            Outcome::Delivered { reply, .. } | Outcome::Refused { reply, .. } => reply.to_string(),
            Outcome::Unanswered { failure, .. } => failure.to_string(),
            Outcome::Unsendable { text, .. } => text.clone(),
        };
        let of = |is: fn(&Outcome) -> bool| {
            let fitting = letter.to.iter().zip(outcomes).filter(|(_, outcome)| is(outcome));
            fitting.map(|(to, outcome)| (*to, outcome)).collect::<Vec<_>>()
        };
        let (refused, waits) = (of(Outcome::is_permanent), of(Outcome::is_transient));
        if let Some((_, first)) = refused.first() {
            let to = refused.iter().map(|(to, _)| *to).collect();
            let refused = Letter { to, ..letter.clone() };
            self.refuse(&refused, why(first), ctx);
        }
        if let Some((_, first)) = waits.first() {
            let reason = why(first);
            letter.to = waits.into_iter().map(|(to, _)| to).collect();
            self.put_off(letter, reason, ctx);
        }
    }

    fn put_off(&mut self, mut letter: Letter, reason: String, ctx: &mut Ctx<'_>) {
        letter.tried += 1;
        if letter.tried > RETRIES {
            return self.refuse(&letter, reason, ctx);
        }
        let at = ctx.now() + RETRY_AFTER;
        if self.later.is_empty() {
            ctx.set_timer(at, RETRY_TIMER);
        }
        self.later.push_back((at, letter));
    }

    fn refuse(&mut self, letter: &Letter, reason: String, ctx: &mut Ctx<'_>) {
        ctx.note(Kind::NotSubmitted, || {
            letter.not_submitted(&self.config.work, &self.host, reason)
        });
        ctx.disk().tally().refused += 1;
    }
}

/// How many messages of a host wait at most before nothing more is written.
const MOST_WAITING: usize = 1_000;
const RETRIES: u32 = 10;
const RETRY_AFTER: Duration = Duration::from_secs(60);
