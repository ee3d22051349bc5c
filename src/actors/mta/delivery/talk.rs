//! SMTP or LMTP with one exchange: all open recipients in one transaction, and the fate of each.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::actors::carry::{LazyTimer, carry};
use crate::actors::channel::{Arrival, Channel};
use crate::engine::SimTime;
use crate::proto::smtp::client::{
    ClientConfig, ClientEvent, ClientSession, Failure, Stage, Transaction,
};
use crate::proto::smtp::{self, ForwardPath};
use crate::proto::{Input, Outbox, Session};
use crate::store::queue::Trouble;
use crate::world::{ConnId, Ctx};

use super::super::destinations::Recipient;
use super::super::route;
use super::Load;
use super::fate::{self, Fate};
use super::tls::TalkTls;

/// A session with an exchange.
pub(super) struct Talk {
    pub(super) channel: Channel,
    timer: LazyTimer,
    pub(super) tls: TalkTls,
    pub(super) host: String,
    peer: SocketAddr,
    /// The host with its address.
    remote: String,
    pub(super) session: ClientSession,
    pub(super) out: Outbox<ClientEvent>,
    /// Those of its transaction.
    recipients: Vec<Recipient>,
    pub(super) over: bool,
    /// When its connection came to stand.
    pub(super) begun: SimTime,
    /// Whether it may serve further messages.
    keeps: bool,
    /// Whether it served one before.
    served: bool,
}

/// With whom a session is.
pub(super) struct Exchange {
    pub(super) host: String,
    pub(super) peer: SocketAddr,
    /// What is asked of it.
    pub(super) tls: TalkTls,
    /// Whether the connection may serve further messages.
    pub(super) keeps: bool,
}

/// What a session has come to while it handled an input.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Recipients of which something is known now.
    pub(super) fates: Vec<(Recipient, Fate)>,
    /// Why the session cannot go on to the others, if it cannot.
    pub(super) failure: Option<Trouble>,
    /// Why the session broke off, if it did: the server could not be talked to.
    pub(super) broken: Option<Trouble>,
    /// Whether TLS failed, or broke off, where it does not matter: the exchange is to be tried again
    /// in clear.
    pub(super) in_clear: Option<(String, SocketAddr)>,
    /// Whether a connection that was kept turned out to be gone: the exchange is to be tried again on
    /// another one.
    pub(super) anew: Option<(String, SocketAddr)>,
    /// Whether the session has nothing more to do.
    pub(super) over: bool,
    /// Whether it could serve another message then.
    pub(super) idle: bool,
}

impl Talk {
    /// A session on a connection that stands. `timer` is the connection's.
    pub(super) fn new(
        connection: ConnId,
        timer: LazyTimer,
        Exchange { host, peer, tls, keeps }: Exchange,
        load: &Load,
        recipients: Vec<Recipient>,
        client: &Arc<ClientConfig>,
        now: SimTime,
    ) -> Self {
        let mut session = ClientSession::new(tls.config(client), [transaction(load, &recipients)]);
        let mut out = Outbox::new();
        if !keeps {
            session.finish(now, &mut out);
        }
        let remote = route::exchange_text(&host, peer);
        let channel = Channel::plain(connection);
        Talk {
            channel,
            timer,
            tls,
            host,
            peer,
            remote,
            session,
            out,
            recipients,
            over: false,
            begun: now,
            keeps,
            served: false,
        }
    }

    /// Gives an idle session, of a connection that was kept, another message. `host` is what the
    /// exchange is called now.
    pub(super) fn go_on(
        &mut self,
        host: String,
        load: &Load,
        recipients: Vec<Recipient>,
        ctx: &mut Ctx<'_>,
    ) -> Progress {
        if self.host != host {
            self.remote = route::exchange_text(&host, self.peer);
            self.host = host;
        }
        self.over = false;
        self.served = true;
        let transaction = transaction(load, &recipients);
        self.recipients = recipients;
        let mut progress = Progress::default();
        self.session.reset_first();
        if self.session.push(ctx.now(), transaction, &mut self.out).is_err() {
            progress.anew = Some(self.exchange());
            self.over = true;
        }
        self.carry(&mut progress, ctx);
        self.conclude(&mut progress, ctx);
        progress
    }

    /// Ends an idle session. Nobody waits for the answer to QUIT.
    pub(super) fn end(&mut self, ctx: &mut Ctx<'_>) {
        self.session.finish(ctx.now(), &mut self.out);
        carry(ctx, &mut self.channel, &mut self.out, |_, _, _| {});
        self.channel.close(ctx);
    }

    /// Sees to it that the connection's timer fires at that time, if not before.
    pub(super) fn wake_at(&mut self, time: SimTime, ctx: &mut Ctx<'_>) {
        let _ = self.timer.fired(ctx.now(), None);
        self.timer.arm(ctx, Some(time), super::token(self.channel.connection()));
    }

    /// Whom it is with.
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Lets the session handle an input, and sends what it says.
    ///
    /// It is over with the outcome: like Postfix (`smtp_skip_quit_response`), nobody waits
    /// for the answer to QUIT. Its connection is closed then.
    pub(super) fn input(&mut self, input: Input<'_>, ctx: &mut Ctx<'_>) -> Progress {
        let mut progress = Progress::default();
        let mut arrivals = self.channel.receive(input, ctx);
        while let Some(arrival) = arrivals.next(ctx) {
            match arrival {
                Arrival::Secured(handshake) => self.secured(&handshake, &mut progress, ctx),
                Arrival::Failed(failure) => self.not_secured(&failure, &mut progress),
                arrival => {
                    if let Some(input) = arrival.input() {
                        self.session.handle(ctx.now(), input, &mut self.out);
                    }
                }
            }
            self.carry(&mut progress, ctx);
        }
        self.conclude(&mut progress, ctx);
        progress
    }

    fn conclude(&mut self, progress: &mut Progress, ctx: &mut Ctx<'_>) {
        progress.over = self.over;
        progress.idle = self.over && self.keeps && self.session.is_idle();
        if !self.over {
            self.arm(ctx);
        } else if !progress.idle {
            self.channel.close(ctx);
        }
    }

    fn carry(&mut self, progress: &mut Progress, ctx: &mut Ctx<'_>) {
        let mut start_tls = false;
        // As Postfix: a connection that is lost within TLS may be lost because of it
        // (`PLAINTEXT_FALLBACK_OK_AFTER_TLS_SESSION_FAILURE`).
        let in_clear = self.tls.goes_on_in_clear() && self.session.is_secured();
        let is_again = self.served;
        let Talk { host, peer, remote, recipients, over, .. } = self;
        carry(ctx, &mut self.channel, &mut self.out, |_, event, _| match event {
            ClientEvent::TransactionDone { outcomes, .. } => {
                let fates = outcomes.into_iter().map(|one| fate::of_outcome(one, host, remote));
                progress.fates.extend(recipients.drain(..).zip(fates));
                *over = true;
            }
            ClientEvent::Failed { stage: Stage::Rset, .. } if is_again => {
                progress.anew = Some((host.clone(), *peer));
                *over = true;
            }
            ClientEvent::Failed { stage, failure, unsent } => {
                let trouble = fate::of_failure(&failure, stage, host, remote);
                if in_clear && matches!(failure, Failure::Eof | Failure::TimedOut) {
                    progress.in_clear = Some((host.clone(), *peer));
                }
                if !unsent.is_empty() {
                    progress.failure = Some(trouble.clone());
                }
                progress.broken = Some(trouble);
                *over = true;
            }
            ClientEvent::Finished => *over = true,
            ClientEvent::StartTls => start_tls = true,
            ClientEvent::Authenticated
            | ClientEvent::Ready(_)
            | ClientEvent::RecipientAnswered { .. } => {}
        });
        if start_tls {
            self.start_tls(ctx);
        }
    }

    /// The connection that it is on.
    pub(super) fn connection(&self) -> ConnId {
        self.channel.connection()
    }

    /// The exchange that it is with.
    pub(super) fn exchange(&self) -> (String, SocketAddr) {
        (self.host.clone(), self.peer)
    }

    /// The connection's timer has fired; whether the session wants to know.
    pub(super) fn fired(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let deadline = self.channel.deadline(self.session.deadline());
        let fired = self.timer.fired(ctx.now(), deadline);
        if !fired {
            self.arm(ctx);
        }
        fired
    }

    fn arm(&mut self, ctx: &mut Ctx<'_>) {
        let deadline = self.channel.deadline(self.session.deadline());
        self.timer.arm(ctx, deadline, super::token(self.channel.connection()));
    }
}

fn transaction(load: &Load, recipients: &[Recipient]) -> Transaction {
    let envelope = recipients.iter().map(|one| smtp::Recipient {
        path: ForwardPath::from(one.address.clone()),
        params: one.params.clone(),
    });
    Transaction {
        from: load.from.clone(),
        recipients: envelope.collect(),
        data: load.data.clone(),
        body_8bit: load.body_8bit,
        smtputf8: load.smtputf8,
        auth: None,
        ret: load.ret,
        envid: load.envid.clone(),
    }
}
