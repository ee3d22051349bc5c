//! The mail client: submits mail, and reads it by POP3 or IMAP, as its agenda says.
//!
//! One actor is one device of one user. It does one thing after the other, each on a connection of
//! its own, as simple clients do; beside that it may stay connected to mailboxes and idle. What could
//! not be submitted for the moment stays in its outbox, which is on disk, and is tried again, after a
//! crash too. What could not be read for the moment is read some minutes later. A connection that idled and was lost is opened again.
//!
//! Not modelled: a device that crashes forgets what it has read, and what it was to do while it was down
//! is not done later.

mod auto_reply;
pub mod config;
mod dialog;
mod imap;
mod misbehave;
mod pop3;
mod submit;
mod timetable;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::actors::carry::LazyTimer;
use crate::actors::channel::Channel;
use crate::actors::reach::{Progress, Reach, Tokens};
use crate::actors::stub::StubResolver;
use crate::engine::SimTime;
use crate::proto::Input;
use crate::proto::mail::DateTime;
use crate::store::outbox::{Letter, LetterId};
use crate::world::{Actor, ConnId, Ctx, Event, Kind, Note, StreamEvent, TimerToken};

pub use config::MailClientConfig;
use config::{Action, Content, Outgoing, ReadServer, Server};
use dialog::{Dialog, Ended, Memory};
use timetable::next_time;

/// Timer kinds: the step of that index, a connection, a retry, the stub resolver.
const STEP_TIMER: u8 = 0;
const CONNECTION_TIMER: u8 = 1;
const RETRY_TIMER: u8 = 2;
const STUB_TIMER: TimerToken = TimerToken(3 << 56);
/// Of a server that is being reached, for the next attempt; the number of the slot is added.
const WAKE_TIMER: u8 = 4;

/// The actor of a mail client.
pub struct MailClient {
    config: Arc<MailClientConfig>,
    running: Option<Running>,
}

struct Running {
    config: Arc<MailClientConfig>,
    stub: StubResolver,
    /// What is to be done, the first thing first.
    jobs: VecDeque<Job>,
    /// What it is doing: one job of the agenda, and whatever it idles on.
    doing: BTreeMap<Slot, Doing>,
    /// For the steps that idle, how many connections in a row came to nothing.
    lost: BTreeMap<usize, u32>,
    /// What is tried again later, and when.
    later: VecDeque<(SimTime, Job)>,
    memory: Memory,
}

/// One thing to do.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) action: Action,
    /// The letter in the outbox that it is about.
    letter: Option<LetterId>,
    /// How often it was tried before.
    pub(super) tried: u32,
    /// Whether it is something to read that comes up once, and so is worth another try.
    is_once: bool,
}

/// Where something is done: `None` for one job after the other, else the step that idles.
type Slot = Option<usize>;

struct Doing {
    begun: SimTime,
    job: Job,
    stage: Stage,
}

enum Stage {
    Reaching(Reach),
    Talking { channel: Channel, dialog: Box<Dialog>, timer: LazyTimer },
}

impl Job {
    fn new(action: Action, letter: Option<LetterId>) -> Self {
        Job { action, letter, tried: 0, is_once: false }
    }

    /// The submission of a letter that is in the outbox.
    fn submission(id: LetterId, letter: &Letter) -> Self {
        let Letter { from, recipients, dsn, data } = letter.clone();
        let mail = Outgoing { from, recipients, dsn, content: Content::Octets(data) };
        Job::new(Action::Send(mail), Some(id))
    }
}

impl MailClient {
    /// A client of that configuration.
    pub fn new(config: Arc<MailClientConfig>) -> Self {
        MailClient { config, running: None }
    }
}

impl Actor for MailClient {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let config = Arc::clone(&self.config);
        for (index, step) in config.steps.iter().enumerate() {
            if let Some(at) = next_time(step, ctx.now()) {
                ctx.set_timer(at, TimerToken(index as u64));
            }
        }
        let draws = ctx.stream(&format!("client {} stub", config.name));
        // What was in the outbox before a crash.
        let left = ctx.disk().outbox().of(&config.name);
        let jobs: VecDeque<Job> = left.map(|(id, letter)| Job::submission(id, letter)).collect();
        if !jobs.is_empty() {
            ctx.set_timer(ctx.now(), TimerToken(u64::from(RETRY_TIMER) << 56));
        }
        self.running = Some(Running {
            stub: StubResolver::new(config.resolvers.clone(), STUB_TIMER, draws),
            jobs,
            doing: BTreeMap::new(),
            lost: BTreeMap::new(),
            later: VecDeque::new(),
            memory: Memory::default(),
            config,
        });
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
    fn on_timer(&mut self, token: TimerToken, ctx: &mut Ctx<'_>) {
        if token == STUB_TIMER {
            self.stub.on_timer(ctx);
            self.on_lookups(ctx);
            return;
        }
        match token.connection() {
            (STEP_TIMER, _) => {
                let index = token.0 as usize;
                let step = &self.config.steps[index];
                if let Action::Idle { until, .. } = step.action {
                    return self.idle(index, until, ctx);
                }
                let mut letter = None;
                let action = match step.action.clone() {
                    Action::Poll { mailbox, .. } => {
                        let later = ctx.now() + Duration::from_nanos(1);
                        if let Some(next) = next_time(step, later) {
                            ctx.set_timer(next, token);
                        }
                        Action::Fetch { mailbox }
                    }
                    Action::Send(mail) => {
                        let Some((mail, id)) = self.compose(mail, ctx) else { return };
                        letter = Some(id);
                        Action::Send(mail)
                    }
                    action => action,
                };
                let is_once = matches!(step.action, Action::Fetch { .. });
                self.add(Job { is_once, ..Job::new(action, letter) }, ctx);
            }
            (RETRY_TIMER, _) => {
                let now = ctx.now();
                let due = self.later.iter().position(|(at, _)| *at <= now);
                self.jobs
                    .extend(due.and_then(|place| self.later.remove(place)).map(|(_, job)| job));
                self.next_job(ctx);
            }
            (WAKE_TIMER, _) => {
                let slot = (token.0 as u32).checked_sub(1).map(|index| index as usize);
                if let Some(Doing { stage: Stage::Reaching(reach), .. }) = self.doing.get_mut(&slot)
                {
                    let progress = reach.on_wake(ctx);
                    self.on_progress(slot, progress, ctx);
                }
            }
            (_, connection) => self.on_connection_timer(connection, ctx),
        }
    }

    /// Puts a message into the outbox; `None` when the disk has no room, and the writer is told.
    fn compose(&self, mail: Outgoing, ctx: &mut Ctx<'_>) -> Option<(Outgoing, LetterId)> {
        let mail = mail.composed(DateTime::utc(ctx.date()));
        ctx.note(Kind::Composed, || submit::composed(&mail));
        let letter = mail.letter();
        if !ctx.disk().has_room(letter.data.len()) {
            let reason = "the outbox cannot keep it: No space left on device".to_owned();
            ctx.note(Kind::NotSubmitted, || submit::not_submitted(&mail, reason));
            return None;
        }
        ctx.write();
        let id = ctx.disk().outbox().insert(&self.config.name, letter);
        Some((mail, id))
    }

    fn add(&mut self, job: Job, ctx: &mut Ctx<'_>) {
        self.jobs.push_back(job);
        self.next_job(ctx);
    }

    /// Begins the next job when there is none under way.
    fn next_job(&mut self, ctx: &mut Ctx<'_>) {
        while !self.doing.contains_key(&None)
            && let Some(job) = self.jobs.pop_front()
        {
            self.begin(None, job, ctx);
        }
    }

    fn begin(&mut self, slot: Slot, job: Job, ctx: &mut Ctx<'_>) {
        let Server { host, port } = self.server(&job.action).clone();
        let number = slot.map_or(0, |index| index as u64 + 1);
        let wake = TimerToken(u64::from(WAKE_TIMER) << 56 | number);
        let tokens = Tokens { connection_kind: CONNECTION_TIMER, wake };
        let (reach, progress) = Reach::start(&host, port, tokens, &mut self.stub, ctx);
        let begun = ctx.now();
        self.doing.insert(slot, Doing { begun, job, stage: Stage::Reaching(reach) });
        self.on_progress(slot, progress, ctx);
    }

    /// The time has come for the step that idles to begin, to begin again, or to end.
    fn idle(&mut self, index: usize, until: SimTime, ctx: &mut Ctx<'_>) {
        let slot = Some(index);
        if ctx.now() < until {
            if !self.doing.contains_key(&slot) {
                ctx.set_timer(until, TimerToken(index as u64));
                let action = self.config.steps[index].action.clone();
                self.begin(slot, Job::new(action, None), ctx);
            }
            return;
        }
        match self.doing.get_mut(&slot).map(|doing| &mut doing.stage) {
            Some(Stage::Talking { channel, dialog, .. }) => {
                dialog.finish(channel, ctx);
                self.arm(slot, ctx);
            }
            Some(Stage::Reaching(reach)) => {
                reach.abort(ctx);
                self.doing.remove(&slot);
            }
            None => {}
        }
    }

    fn server<'a>(&'a self, action: &'a Action) -> &'a Server {
        match (action, &self.config.read) {
            (Action::Misbehave(what), _) => &what.server,
            (Action::Send(_), _) => &self.config.submit,
            (_, ReadServer::Imap(server) | ReadServer::Pop3(server, _)) => server,
        }
    }

    fn on_progress(&mut self, slot: Slot, progress: Progress, ctx: &mut Ctx<'_>) {
        match progress {
            Progress::Waiting => {}
            Progress::Failed(reason) => self.end(slot, Ended::NotNow(reason), ctx),
            Progress::Connected(connection) => {
                let Some(doing) = self.doing.get_mut(&slot) else { return };
                let Job { action, letter, .. } = &doing.job;
                let dialog = Dialog::start(action, *letter, &self.config, &self.memory, ctx);
                match dialog {
                    Ok(dialog) => {
                        let mut channel = Channel::plain(connection);
                        if let Some((tls, host)) = dialog.implicit_tls(&self.config) {
                            channel.secure_as_client(tls, host, ctx);
                        }
                        let (dialog, timer) = (Box::new(dialog), LazyTimer::default());
                        doing.stage = Stage::Talking { channel, dialog, timer };
                        self.talk(slot, Input::Opened, ctx);
                    }
                    Err(reason) => {
                        ctx.abort(connection);
                        self.end(slot, Ended::Never(reason), ctx);
                    }
                }
            }
        }
    }

    /// What is done on this connection.
    fn slot_of(&self, connection: ConnId) -> Option<Slot> {
        let has = |doing: &Doing| match &doing.stage {
            Stage::Reaching(reach) => reach.owns(connection),
            Stage::Talking { channel, .. } => channel.connection() == connection,
        };
        self.doing.iter().find(|(_, doing)| has(doing)).map(|(slot, _)| *slot)
    }

    fn on_lookups(&mut self, ctx: &mut Ctx<'_>) {
        while let Some((id, lookup)) = self.stub.next_result() {
            let slots: Vec<Slot> = self.doing.keys().copied().collect();
            for slot in slots {
                if let Some(Doing { stage: Stage::Reaching(reach), .. }) = self.doing.get_mut(&slot)
                {
                    let progress = reach.on_lookup(id, &lookup, ctx);
                    self.on_progress(slot, progress, ctx);
                }
            }
        }
    }

    fn on_stream(&mut self, connection: ConnId, event: StreamEvent, ctx: &mut Ctx<'_>) {
        let Some(slot) = self.slot_of(connection) else {
            self.stub.on_stream(ctx, connection, event);
            self.on_lookups(ctx);
            return;
        };
        let Some(doing) = self.doing.get_mut(&slot) else { return };
        if let Stage::Reaching(reach) = &mut doing.stage {
            let progress = reach.on_stream(connection, &event, ctx);
            return self.on_progress(slot, progress, ctx);
        }
        match event {
            StreamEvent::Data(octets) => self.talk(slot, Input::Bytes(&octets), ctx),
            StreamEvent::Eof | StreamEvent::Closed(_) => self.talk(slot, Input::Eof, ctx),
            StreamEvent::Opened | StreamEvent::Accepted { .. } => {}
        }
    }

    fn on_connection_timer(&mut self, fired: ConnId, ctx: &mut Ctx<'_>) {
        let Some(slot) = self.slot_of(fired) else { return };
        let Some(doing) = self.doing.get_mut(&slot) else { return };
        match &mut doing.stage {
            Stage::Reaching(reach) => {
                let progress = reach.on_timer(fired, ctx);
                self.on_progress(slot, progress, ctx);
            }
            Stage::Talking { channel, dialog, timer } => {
                let deadline = channel.deadline(dialog.deadline());
                if timer.fired(ctx.now(), deadline) {
                    self.talk(slot, Input::Timeout, ctx);
                } else {
                    self.arm(slot, ctx);
                }
            }
        }
    }

    fn talk(&mut self, slot: Slot, input: Input<'_>, ctx: &mut Ctx<'_>) {
        let Some(Doing { stage: Stage::Talking { channel, dialog, .. }, .. }) =
            self.doing.get_mut(&slot)
        else {
            return;
        };
        let (memory, config) = (&mut self.memory, &*self.config);
        let mut ended = None;
        let mut arrivals = channel.receive(input, ctx);
        while let Some(arrival) = arrivals.next(ctx) {
            ended = ended.or(dialog.arrived(&arrival, channel, memory, config, ctx));
        }
        self.arm(slot, ctx);
        for mail in std::mem::take(&mut self.memory.to_send) {
            if let Some((mail, id)) = self.compose(mail, ctx) {
                self.jobs.push_back(Job::new(Action::Send(mail), Some(id)));
            }
        }
        match ended {
            Some(ended) => self.end(slot, ended, ctx),
            None => self.next_job(ctx),
        }
    }

    /// Sees to it that the session is woken at its deadline.
    fn arm(&mut self, slot: Slot, ctx: &mut Ctx<'_>) {
        if let Some(Doing { stage: Stage::Talking { channel, dialog, timer }, .. }) =
            self.doing.get_mut(&slot)
        {
            let deadline: Option<SimTime> = channel.deadline(dialog.deadline());
            let token = TimerToken::of_connection(CONNECTION_TIMER, channel.connection());
            timer.arm(ctx, deadline, token);
        }
    }

    /// A job has come to its end.
    fn end(&mut self, slot: Slot, ended: Ended, ctx: &mut Ctx<'_>) {
        let Some(Doing { begun, mut job, stage }) = self.doing.remove(&slot) else { return };
        if let Stage::Talking { mut channel, .. } = stage {
            // Where the server did not want us, the session has said QUIT and waits no longer.
            channel.close(ctx);
        }
        if let (Some(index), Action::Idle { until, .. }, Ended::NotNow(_)) =
            (slot, &job.action, &ended)
        {
            let lost = self.lost.entry(index).or_default();
            // One that stood for a while is no failure like those before it.
            *lost = if ctx.now() - begun > IDLE_AGAIN * 2 { 0 } else { *lost + 1 };
            let at = ctx.now() + IDLE_AGAIN * 2_u32.pow((*lost).min(IDLE_DOUBLINGS));
            if at < *until {
                ctx.set_timer(at, TimerToken(index as u64));
            }
        }
        let retries = self.config.submit_retries;
        if let (Ended::Partly { left, .. }, Action::Send(mail)) = (&ended, &mut job.action) {
            mail.recipients.clone_from(left);
            if let Some(id) = job.letter {
                ctx.disk().outbox().leave(id, left);
            }
        }
        let waits = matches!(ended, Ended::NotNow(_) | Ended::Partly { .. }) && job.tried < retries;
        if let Some(id) = job.letter
            && !waits
        {
            ctx.disk().outbox().remove(id);
        }
        let is_now_and_then = matches!(ended, Ended::NotNow(_));
        match (ended, &job.action) {
            (Ended::Well, _) => {}
            (Ended::NotNow(_) | Ended::Partly { .. }, Action::Send(_)) if waits => {
                let at = ctx.now() + self.config.submit_retry_after;
                ctx.set_timer(at, TimerToken(u64::from(RETRY_TIMER) << 56));
                self.later.push_back((at, Job { tried: job.tried + 1, ..job }));
            }
            (
                Ended::NotNow(reason) | Ended::Partly { reason, .. } | Ended::Never(reason),
                Action::Send(mail),
            ) => {
                ctx.note(Kind::NotSubmitted, || submit::not_submitted(mail, reason));
            }
            (
                Ended::NotNow(reason) | Ended::Partly { reason, .. } | Ended::Never(reason),
                action,
            ) => {
                let client = self.config.name.clone();
                ctx.note(Kind::ClientFailed, || Note::ClientFailed {
                    client,
                    action: dialog::name_of(action),
                    reason,
                });
                // What was told to be read once is read later; who polls comes back by itself.
                if is_now_and_then && job.is_once && job.tried < READ_RETRIES {
                    let at = ctx.now() + READ_AGAIN * 2_u32.pow(job.tried);
                    ctx.set_timer(at, TimerToken(u64::from(RETRY_TIMER) << 56));
                    self.later.push_back((at, Job { tried: job.tried + 1, ..job }));
                }
            }
        }
        self.next_job(ctx);
    }
}

/// How long a client waits before it opens a connection again that idled and was lost. Twice as long
/// after each one that came to nothing, up to 16 minutes.
const IDLE_AGAIN: Duration = Duration::from_secs(30);
const IDLE_DOUBLINGS: u32 = 5;

/// How long a client waits before it reads again what it was told to read once and could not; twice as
/// long each time, so often.
const READ_AGAIN: Duration = Duration::from_secs(60);
const READ_RETRIES: u32 = 5;
