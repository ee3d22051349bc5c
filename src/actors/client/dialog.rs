//! What a client says to the server it has reached: one session of SMTP, POP3 or IMAP.

use std::collections::BTreeMap;

use crate::actors::carry::carry;
use crate::actors::channel::{Arrival, Channel};
use crate::engine::SimTime;
use crate::proto::imap::ImapClientEvent;
use crate::proto::pop3::Pop3ClientEvent;
use crate::proto::smtp::ForwardPath;
use crate::proto::smtp::client::ClientEvent;
use crate::proto::tls::{TlsClient, TlsFailure};
use crate::proto::{Input, Outbox, Session};
use crate::store::outbox::LetterId;
use crate::world::{Ctx, Kind, Note};

use super::config::{Action, ClientTls, MailClientConfig, Outgoing, ReadServer, Server};
use super::imap::{ImapDialog, KnownMailbox};
use super::misbehave::{Misbehaved, Misbehaving};
use super::pop3::Pop3Dialog;
use super::submit::SubmitDialog;

/// A session under way.
pub(super) enum Dialog {
    Submit(SubmitDialog),
    Pop3(Pop3Dialog),
    Imap(ImapDialog),
    Misbehave(Misbehaving),
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// It is done.
    Well,
    /// It failed, and may work later: why.
    NotNow(String),
    /// Some recipients were taken, and these may be later: why.
    Partly { left: Vec<ForwardPath>, reason: String },
    /// It failed for good: why.
    Never(String),
}

/// What a device remembers from one session to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The POP3 unique ids of what it has, and when it was downloaded.
    pub(super) downloaded: BTreeMap<String, SimTime>,
    /// The Message-IDs of what it has, in the order of downloading.
    pub(super) downloads: Vec<String>,
    /// What it knows of each IMAP mailbox.
    pub(super) mailboxes: BTreeMap<String, KnownMailbox>,
    /// Whom its auto-responder has answered when.
    pub(super) answered: BTreeMap<String, SimTime>,
    /// What is to be submitted as soon as the session under way lets it.
    pub(super) to_send: Vec<Outgoing>,
}

impl Dialog {
    /// The session that does `action`, or why there is none.
    pub(super) fn start(
        action: &Action,
        letter: Option<LetterId>,
        config: &MailClientConfig,
        memory: &Memory,
        ctx: &Ctx<'_>,
    ) -> Result<Self, String> {
        match (action, &config.read) {
            (Action::Send(mail), _) => {
                Ok(Dialog::Submit(SubmitDialog::new(mail, letter, config, ctx)))
            }
            (Action::Misbehave(what), _) => {
                Ok(Dialog::Misbehave(Misbehaving::new(what, config, ctx)))
            }
            (Action::Fetch { .. } | Action::Poll { .. }, ReadServer::Pop3(..)) => {
                Ok(Dialog::Pop3(Pop3Dialog::new(config, memory, ctx)))
            }
            (_, ReadServer::Pop3(..)) => Err("POP3 cannot do that".into()),
            (action, ReadServer::Imap(_)) => {
                ImapDialog::new(action, config, memory, ctx).map(Dialog::Imap)
            }
        }
    }

    /// When the session wants [`Input::Timeout`].
    pub(super) fn deadline(&self) -> Option<SimTime> {
        match self {
            Dialog::Submit(dialog) => dialog.session.deadline(),
            Dialog::Pop3(dialog) => dialog.session.deadline(),
            Dialog::Imap(dialog) => dialog.deadline(),
            Dialog::Misbehave(dialog) => dialog.deadline(),
        }
    }

    /// The server that it talks to, and how TLS is spoken there.
    fn server<'c>(&self, config: &'c MailClientConfig) -> (&'c Server, &'c ClientTls) {
        match self {
            Dialog::Submit(_) => (&config.submit, &config.submit_tls),
            _ => {
                let (ReadServer::Imap(server) | ReadServer::Pop3(server, _)) = &config.read;
                (server, &config.read_tls)
            }
        }
    }

    /// With which TLS the connection begins, if with any, and with whom.
    pub(super) fn implicit_tls<'c>(
        &self,
        config: &'c MailClientConfig,
    ) -> Option<(&'c TlsClient, &'c str)> {
        match (self, self.server(config)) {
            (Dialog::Misbehave(_), _) => None,
            (_, (server, ClientTls::Implicit(tls))) => Some((tls, &server.host)),
            _ => None,
        }
    }

    /// Ends a session that would go on.
    pub(super) fn finish(&mut self, channel: &mut Channel, ctx: &mut Ctx<'_>) {
        if let Dialog::Imap(ImapDialog { session, progress }) = self {
            let mut out = Outbox::new();
            if let Some(task) = progress.finish() {
                session.add_task(ctx.now(), task, &mut out);
            }
            carry(ctx, channel, &mut out, |_, _, _| {});
        }
    }

    /// Something arrived on the channel; how the job ended, if it did.
    pub(super) fn arrived(
        &mut self,
        arrival: &Arrival<'_>,
        channel: &mut Channel,
        memory: &mut Memory,
        config: &MailClientConfig,
        ctx: &mut Ctx<'_>,
    ) -> Option<Ended> {
        match arrival {
            Arrival::Failed(failure) => {
                let why = format!("no TLS: {failure}");
                // A person has to look at a certificate; mail to be sent waits for that.
                let is_for_good = matches!(failure, TlsFailure::Certificate(_))
                    && matches!(self, Dialog::Pop3(_) | Dialog::Imap(_));
                Some(if is_for_good { Ended::Never(why) } else { Ended::NotNow(why) })
            }
            Arrival::Secured(_) => {
                self.secured(channel, ctx);
                match self.implicit_tls(config) {
                    Some(_) => self.input(Input::Opened, channel, memory, config, ctx),
                    None => None,
                }
            }
            arrival => {
                let input = arrival.input()?;
                self.input(input, channel, memory, config, ctx)
            }
        }
    }

    /// TLS stands. What the session says then, it says without news for its owner.
    fn secured(&mut self, channel: &mut Channel, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        match self {
            Dialog::Submit(dialog) => {
                let mut out = Outbox::new();
                dialog.session.secured(now, &mut out);
                carry(ctx, channel, &mut out, |_, _, _| {});
            }
            Dialog::Pop3(dialog) => {
                let mut out = Outbox::new();
                dialog.session.secured(now, &mut out);
                carry(ctx, channel, &mut out, |_, _, _| {});
            }
            Dialog::Imap(dialog) => {
                let mut out = Outbox::new();
                dialog.session.secured(now, &mut out);
                carry(ctx, channel, &mut out, |_, _, _| {});
            }
            Dialog::Misbehave(dialog) => {
                let mut out = Outbox::new();
                dialog.secured(now, &mut out);
                carry(ctx, channel, &mut out, |_, _, _| {});
            }
        }
    }

    /// Lets the session handle an input; how the job ended, if it did.
    fn input(
        &mut self,
        input: Input<'_>,
        channel: &mut Channel,
        memory: &mut Memory,
        config: &MailClientConfig,
        ctx: &mut Ctx<'_>,
    ) -> Option<Ended> {
        let mut ended = None;
        let mut start_tls = false;
        match self {
            Dialog::Submit(dialog) => {
                let mut out = Outbox::new();
                dialog.session.handle(ctx.now(), input, &mut out);
                let outcome = &mut dialog.outcome;
                carry(ctx, channel, &mut out, |ctx, event, _| {
                    start_tls |= matches!(event, ClientEvent::StartTls);
                    ended = ended.take().or(outcome.on_event(event, ctx));
                });
            }
            Dialog::Pop3(dialog) => {
                let mut out = Outbox::new();
                dialog.session.handle(ctx.now(), input, &mut out);
                carry(ctx, channel, &mut out, |ctx, event, _| {
                    start_tls |= matches!(event, Pop3ClientEvent::StartTls);
                    ended = ended.take().or(super::pop3::on_event(event, memory, config, ctx));
                });
            }
            Dialog::Imap(dialog) => {
                let mut out = Outbox::new();
                let ImapDialog { session, progress } = dialog;
                session.handle(ctx.now(), input, &mut out);
                carry(ctx, channel, &mut out, |ctx, event, out| {
                    start_tls |= matches!(event, ImapClientEvent::StartTls);
                    ended = ended.take().or(progress.on_event(event, memory, config, ctx));
                    while let Some(task) = progress.next.pop_front() {
                        session.add_task(ctx.now(), task, out);
                    }
                });
            }
            Dialog::Misbehave(dialog) => {
                let mut out = Outbox::new();
                dialog.handle(ctx.now(), input, &mut out);
                carry(ctx, channel, &mut out, |ctx, event, _| match event {
                    Misbehaved::StartTls => start_tls = true,
                    Misbehaved::Over { replies, last_reply, ended: how } => {
                        ctx.note(Kind::Remark, || Note::Remark(told(replies, &last_reply, how)));
                        ended = Some(Ended::Well);
                    }
                });
            }
        }
        if start_tls {
            self.start_tls(channel, config, ctx);
        }
        ended
    }

    /// The server waits for a handshake.
    fn start_tls(&self, channel: &mut Channel, config: &MailClientConfig, ctx: &mut Ctx<'_>) {
        match (self, self.server(config)) {
            (Dialog::Misbehave(dialog), _) => {
                if let Some(tls) = &config.trust {
                    channel.secure_as_client(tls, &dialog.host, ctx);
                }
            }
            (_, (server, ClientTls::StartTls(tls))) => {
                channel.secure_as_client(tls, &server.host, ctx);
            }
            _ => {}
        }
    }
}

/// How a session of bad manners went.
fn told(replies: u32, last_reply: &str, ended: &str) -> String {
    let heard = match replies {
        0 => "heard no reply".to_owned(),
        1 => format!("heard one reply, {last_reply:?}"),
        _ => format!("heard {replies} replies, the last {last_reply:?}"),
    };
    format!("a client with bad manners {heard}, and {ended}")
}

/// What an action is called in notes.
pub(super) fn name_of(action: &Action) -> String {
    match action {
        Action::Send(_) => "submit".into(),
        Action::Fetch { mailbox } | Action::Poll { mailbox, .. } => format!("read {mailbox}"),
        Action::Idle { mailbox, .. } => format!("idle on {mailbox}"),
        Action::Misbehave(what) => format!("misbehave at {}", what.server.host),
        Action::Flag { message_id, .. } => format!("flag {message_id}"),
        Action::Copy { message_id, to, .. } => format!("copy {message_id} to {to}"),
        Action::Append { mailbox, .. } => format!("append to {mailbox}"),
        Action::Delete { message_id, .. } => format!("delete {message_id}"),
    }
}
