//! The mail client: submits mail, and reads it by POP3 or IMAP, as its agenda says.
//!
//! One actor is one device of one user. It does one thing after the other, each on a connection of
//! its own, as simple clients do. What could not be submitted for the moment stays in its outbox
//! and is tried again.
//!
//! Not modelled: connections kept open, IDLE, TLS.

pub mod config;
mod dialog;
mod imap;
mod pop3;
mod submit;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::actors::carry::LazyTimer;
use crate::actors::reach::{Progress, Reach};
use crate::actors::stub::StubResolver;
use crate::engine::SimTime;
use crate::proto::Input;
use crate::world::{Actor, ConnId, Ctx, Event, Note, StreamEvent, TimerToken};

pub use config::MailClientConfig;
use config::{Action, ReadServer, Server};
use dialog::{Dialog, Ended, Memory};

/// Timer kinds: the step of that index, the present connection, a retry, the stub resolver.
const STEP_TIMER: u8 = 0;
const CONNECTION_TIMER: u8 = 1;
const RETRY_TIMER: u8 = 2;
const STUB_TIMER: TimerToken = TimerToken(3 << 56);

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
    now_doing: Option<Doing>,
    /// Submissions that are tried again later.
    later: VecDeque<Job>,
    memory: Memory,
}

/// One thing to do.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) action: Action,
    /// How often it was tried before.
    pub(super) tried: u32,
}

struct Doing {
    job: Job,
    stage: Stage,
}

enum Stage {
    Reaching(Reach),
    Talking { connection: ConnId, dialog: Box<Dialog>, timer: LazyTimer },
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
        // After a restart, what was to be done before is past.
        for (index, step) in config.steps.iter().enumerate() {
            if step.at >= ctx.now() {
                ctx.set_timer(step.at, TimerToken(index as u64));
            }
        }
        let draws = ctx.stream(&format!("client {} stub", config.name));
        self.running = Some(Running {
            stub: StubResolver::new(config.resolvers.clone(), STUB_TIMER, draws),
            jobs: VecDeque::new(),
            now_doing: None,
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
            Event::Stream(connection, event) => running.on_stream(connection, event, ctx),
            Event::Timer(token) => running.on_timer(token, ctx),
            Event::Signal(_) => {}
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
                let action = self.config.steps[token.0 as usize].action.clone();
                if let Action::Poll { every, until, mailbox } = action {
                    let next = ctx.now() + every;
                    if next <= until {
                        ctx.set_timer(next, token);
                    }
                    self.add(Job { action: Action::Fetch { mailbox }, tried: 0 }, ctx);
                } else {
                    self.add(Job { action, tried: 0 }, ctx);
                }
            }
            (RETRY_TIMER, _) => {
                if let Some(job) = self.later.pop_front() {
                    self.add(job, ctx);
                }
            }
            (_, connection) => self.on_connection_timer(connection, ctx),
        }
    }

    fn add(&mut self, job: Job, ctx: &mut Ctx<'_>) {
        self.jobs.push_back(job);
        self.next_job(ctx);
    }

    /// Begins the next job when there is none under way.
    fn next_job(&mut self, ctx: &mut Ctx<'_>) {
        while self.now_doing.is_none()
            && let Some(job) = self.jobs.pop_front()
        {
            let Server { host, port } = self.server(&job.action).clone();
            let (reach, progress) =
                Reach::start(&host, port, CONNECTION_TIMER, &mut self.stub, ctx);
            if let Action::Send(mail) = &job.action
                && job.tried == 0
            {
                ctx.note(|| submit::composed(mail));
            }
            self.now_doing = Some(Doing { job, stage: Stage::Reaching(reach) });
            self.on_progress(progress, ctx);
        }
    }

    fn server(&self, action: &Action) -> &Server {
        match (action, &self.config.read) {
            (Action::Send(_), _) => &self.config.submit,
            (_, ReadServer::Imap(server) | ReadServer::Pop3(server)) => server,
        }
    }

    fn on_progress(&mut self, progress: Progress, ctx: &mut Ctx<'_>) {
        match progress {
            Progress::Waiting => {}
            Progress::Failed(reason) => self.end(Ended::NotNow(reason), ctx),
            Progress::Connected(connection) => {
                let Some(doing) = &mut self.now_doing else { return };
                let dialog = Dialog::start(&doing.job.action, &self.config, &self.memory, ctx);
                match dialog {
                    Ok(dialog) => {
                        let timer = LazyTimer::default();
                        doing.stage =
                            Stage::Talking { connection, dialog: Box::new(dialog), timer };
                        self.talk(Input::Opened, ctx);
                    }
                    Err(reason) => {
                        ctx.abort(connection);
                        self.end(Ended::Never(reason), ctx);
                    }
                }
            }
        }
    }

    fn on_lookups(&mut self, ctx: &mut Ctx<'_>) {
        while let Some((id, lookup)) = self.stub.next_result() {
            if let Some(Doing { stage: Stage::Reaching(reach), .. }) = &mut self.now_doing {
                let progress = reach.on_lookup(id, &lookup, ctx);
                self.on_progress(progress, ctx);
            }
        }
    }

    fn on_stream(&mut self, connection: ConnId, event: StreamEvent, ctx: &mut Ctx<'_>) {
        match &mut self.now_doing {
            Some(Doing { stage: Stage::Reaching(reach), .. })
                if reach.connection() == Some(connection) =>
            {
                let progress = reach.on_stream(&event, ctx);
                self.on_progress(progress, ctx);
            }
            Some(Doing { stage: Stage::Talking { connection: own, .. }, .. })
                if *own == connection =>
            {
                match event {
                    StreamEvent::Data(octets) => self.talk(Input::Bytes(&octets), ctx),
                    StreamEvent::Eof | StreamEvent::Closed(_) => self.talk(Input::Eof, ctx),
                    StreamEvent::Opened | StreamEvent::Accepted { .. } => {}
                }
            }
            _ => {
                self.stub.on_stream(ctx, connection, event);
                self.on_lookups(ctx);
            }
        }
    }

    fn on_connection_timer(&mut self, fired: ConnId, ctx: &mut Ctx<'_>) {
        match &mut self.now_doing {
            Some(Doing { stage: Stage::Reaching(reach), .. })
                if reach.connection() == Some(fired) =>
            {
                let progress = reach.on_timer(ctx);
                self.on_progress(progress, ctx);
            }
            Some(Doing { stage: Stage::Talking { connection, dialog, timer }, .. })
                if *connection == fired =>
            {
                let deadline = dialog.deadline();
                if timer.fired(ctx.now(), deadline) {
                    self.talk(Input::Timeout, ctx);
                } else {
                    timer.arm(ctx, deadline, TimerToken::of_connection(CONNECTION_TIMER, fired));
                }
            }
            _ => {}
        }
    }

    fn talk(&mut self, input: Input<'_>, ctx: &mut Ctx<'_>) {
        let Some(Doing { stage: Stage::Talking { connection, dialog, timer }, .. }) =
            &mut self.now_doing
        else {
            return;
        };
        let connection = *connection;
        let ended = dialog.input(input, connection, &mut self.memory, &self.config, ctx);
        let deadline: Option<SimTime> = dialog.deadline();
        timer.arm(ctx, deadline, TimerToken::of_connection(CONNECTION_TIMER, connection));
        if let Some(ended) = ended {
            self.end(ended, ctx);
        }
    }

    /// The present job has come to its end.
    fn end(&mut self, ended: Ended, ctx: &mut Ctx<'_>) {
        let Some(Doing { job, .. }) = self.now_doing.take() else { return };
        let retries = self.config.submit_retries;
        match (ended, &job.action) {
            (Ended::Well, _) => {}
            (Ended::NotNow(_), Action::Send(_)) if job.tried < retries => {
                let at = ctx.now() + self.config.submit_retry_after;
                ctx.set_timer(at, TimerToken(u64::from(RETRY_TIMER) << 56));
                self.later.push_back(Job { tried: job.tried + 1, ..job });
            }
            (Ended::NotNow(reason) | Ended::Never(reason), Action::Send(mail)) => {
                ctx.note(|| submit::not_submitted(mail, reason));
            }
            (Ended::NotNow(reason) | Ended::Never(reason), action) => {
                ctx.note(|| Note::ClientFailed { action: dialog::name_of(action), reason });
            }
        }
        self.next_job(ctx);
    }
}
