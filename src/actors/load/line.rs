//! One connection of a load to its submission server.

use std::sync::Arc;

use super::letter::Letter;
use crate::actors::carry::{LazyTimer, carry};
use crate::actors::channel::{Arrival, Channel};
use crate::actors::client::config::{ClientTls, Server};
use crate::actors::reach::Reach;
use crate::engine::SimTime;
use crate::proto::smtp::Reply;
use crate::proto::smtp::client::{ClientConfig, ClientEvent, ClientSession, Outcome, Transaction};
use crate::proto::{Input, Outbox, Session};
use crate::world::{ConnId, Ctx, TimerToken};

/// A connection, and the message that it is for now.
pub(super) struct Line {
    pub(super) stage: Stage,
    /// The message that is under way; `None`: it waits for the next one.
    pub(super) letter: Option<Letter>,
    /// Until when it waits.
    idle_until: Option<SimTime>,
}

pub(super) enum Stage {
    Reaching(Reach),
    Talking { channel: Channel, session: Box<ClientSession>, timer: LazyTimer },
}

/// What became of a connection's message or of the connection.
#[derive(Debug)]
pub(super) enum News {
    /// What the server said of each recipient.
    Done(Vec<Outcome>),
    /// The session is over, and where a message was left: why, and whether for good.
    Over(Option<(String, bool)>),
}

impl Line {
    pub(super) fn new(reach: Reach, letter: Letter) -> Self {
        Line { stage: Stage::Reaching(reach), letter: Some(letter), idle_until: None }
    }

    /// The connection stands: the session begins with this message.
    pub(super) fn begin(
        &mut self,
        connection: ConnId,
        config: Arc<ClientConfig>,
        transaction: Transaction,
        is_last: bool,
        (tls, server): (&ClientTls, &Server),
        ctx: &mut Ctx<'_>,
    ) {
        let mut session = ClientSession::new(config, [transaction]);
        if is_last {
            // There is no connection for it yet: nothing can be said, and nothing is.
            session.finish(ctx.now(), &mut Outbox::new());
        }
        let mut channel = Channel::plain(connection);
        if let ClientTls::Implicit(tls) = tls {
            channel.secure_as_client(tls, &server.host, ctx);
        }
        let (session, timer) = (Box::new(session), LazyTimer::default());
        self.stage = Stage::Talking { channel, session, timer };
    }

    /// Whether it waits for a message.
    pub(super) fn is_idle(&self) -> bool {
        self.letter.is_none()
            && matches!(&self.stage, Stage::Talking { session, .. } if session.is_idle())
    }

    /// Gives it the next message.
    pub(super) fn push(&mut self, letter: Letter, transaction: Transaction, ctx: &mut Ctx<'_>) {
        let Stage::Talking { channel, session, .. } = &mut self.stage else { return };
        let mut out = Outbox::new();
        session.push(ctx.now(), transaction, &mut out).expect("an idle session takes one more");
        carry(ctx, channel, &mut out, |_, _, _| {});
        (self.letter, self.idle_until) = (Some(letter), None);
    }

    /// It has no message: it waits until then.
    pub(super) fn rest(&mut self, until: SimTime) {
        self.idle_until = Some(until);
    }

    /// Whether the connection is this one.
    pub(super) fn owns(&self, connection: ConnId) -> bool {
        match &self.stage {
            Stage::Reaching(reach) => reach.owns(connection),
            Stage::Talking { channel, .. } => channel.connection() == connection,
        }
    }

    fn deadline(&self) -> Option<SimTime> {
        let Stage::Talking { channel, session, .. } = &self.stage else { return None };
        channel.deadline(session.deadline().into_iter().chain(self.idle_until).min())
    }

    /// Sees to it that it is woken in time.
    pub(super) fn arm(&mut self, kind: u8, ctx: &mut Ctx<'_>) {
        let deadline = self.deadline();
        if let Stage::Talking { channel, timer, .. } = &mut self.stage {
            timer.arm(ctx, deadline, TimerToken::of_connection(kind, channel.connection()));
        }
    }

    /// A timer of it has fired; whether something was due.
    pub(super) fn fired(&mut self, now: SimTime) -> bool {
        let deadline = self.deadline();
        match &mut self.stage {
            Stage::Talking { timer, .. } => timer.fired(now, deadline),
            Stage::Reaching(_) => false,
        }
    }

    /// Something came, or it is time.
    pub(super) fn input(
        &mut self,
        input: Input<'_>,
        (tls, server): (&ClientTls, &Server),
        ctx: &mut Ctx<'_>,
    ) -> Vec<News> {
        let mut news = Vec::new();
        let is_rested = input == Input::Timeout
            && self.letter.is_none()
            && self.idle_until.is_some_and(|until| until <= ctx.now());
        let Stage::Talking { channel, session, .. } = &mut self.stage else { return news };
        if is_rested {
            self.idle_until = None;
            let mut out = Outbox::new();
            session.finish(ctx.now(), &mut out);
            carry(ctx, channel, &mut out, |_, _, _| {});
            return news;
        }
        let mut arrivals = channel.receive(input, ctx);
        while let Some(arrival) = arrivals.next(ctx) {
            let mut out = Outbox::new();
            let (now, mut starts_tls) = (ctx.now(), false);
            match &arrival {
                Arrival::Failed(failure) => {
                    news.push(News::Over(Some((format!("no TLS: {failure}"), false))));
                }
                Arrival::Secured(_) => {
                    session.secured(now, &mut out);
                    if matches!(tls, ClientTls::Implicit(_)) {
                        session.handle(now, Input::Opened, &mut out);
                    }
                }
                arrival => {
                    let Some(input) = arrival.input() else { continue };
                    session.handle(now, input, &mut out);
                }
            }
            carry(ctx, channel, &mut out, |_, event, _| match event {
                ClientEvent::TransactionDone { outcomes, .. } => news.push(News::Done(outcomes)),
                ClientEvent::Failed { failure, .. } => {
                    let for_good = failure.reply().is_some_and(Reply::is_permanent);
                    news.push(News::Over(Some((failure.to_string(), for_good))));
                }
                ClientEvent::Finished => news.push(News::Over(None)),
                ClientEvent::StartTls => starts_tls = true,
                ClientEvent::Authenticated
                | ClientEvent::Ready(_)
                | ClientEvent::RecipientAnswered { .. } => {}
            });
            if let (true, ClientTls::StartTls(tls)) = (starts_tls, tls) {
                channel.secure_as_client(tls, &server.host, ctx);
            }
        }
        news
    }
}
