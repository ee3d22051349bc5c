//! What a client says to the server it has reached: one session of SMTP, POP3 or IMAP.

use std::collections::{BTreeMap, BTreeSet};

use crate::actors::carry::carry;
use crate::actors::channel::{Arrival, Channel};
use crate::engine::SimTime;
use crate::proto::smtp::ForwardPath;
use crate::proto::smtp::client::ClientEvent;
use crate::proto::tls::TlsClient;
use crate::proto::{Input, Outbox, Session};
use crate::world::Ctx;

use super::config::{Action, MailClientConfig, ReadServer, SubmitTls};
use super::imap::{ImapDialog, KnownMailbox};
use super::pop3::Pop3Dialog;
use super::submit::SubmitDialog;

/// A session under way.
pub(super) enum Dialog {
    Submit(SubmitDialog),
    Pop3(Pop3Dialog),
    Imap(ImapDialog),
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
    /// The POP3 unique ids of what it has.
    pub(super) downloaded: BTreeSet<String>,
    /// The Message-IDs of what it has, in the order of downloading.
    pub(super) downloads: Vec<String>,
    /// What it knows of each IMAP mailbox.
    pub(super) mailboxes: BTreeMap<String, KnownMailbox>,
}

impl Dialog {
    /// The session that does `action`, or why there is none.
    pub(super) fn start(
        action: &Action,
        config: &MailClientConfig,
        memory: &Memory,
        ctx: &Ctx<'_>,
    ) -> Result<Self, String> {
        match (action, &config.read) {
            (Action::Send(mail), _) => Ok(Dialog::Submit(SubmitDialog::new(mail, config, ctx))),
            (Action::Fetch { .. } | Action::Poll { .. }, ReadServer::Pop3(_)) => {
                Ok(Dialog::Pop3(Pop3Dialog::new(config, memory)))
            }
            (_, ReadServer::Pop3(_)) => Err("POP3 cannot do that".into()),
            (action, ReadServer::Imap(_)) => ImapDialog::new(action, config, ctx).map(Dialog::Imap),
        }
    }

    /// When the session wants [`Input::Timeout`].
    pub(super) fn deadline(&self) -> Option<SimTime> {
        match self {
            Dialog::Submit(dialog) => dialog.session.deadline(),
            Dialog::Pop3(dialog) => dialog.session.deadline(),
            Dialog::Imap(dialog) => dialog.deadline(),
        }
    }

    /// With which TLS the connection begins, if with any.
    pub(super) fn implicit_tls<'c>(&self, config: &'c MailClientConfig) -> Option<&'c TlsClient> {
        match (self, &config.submit_tls) {
            (Dialog::Submit(_), SubmitTls::Implicit(tls)) => Some(tls),
            _ => None,
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
            Arrival::Failed(failure) => Some(Ended::NotNow(format!("no TLS: {failure}"))),
            Arrival::Secured(_) => {
                if let Dialog::Submit(dialog) = self {
                    let mut out = Outbox::new();
                    dialog.session.secured(ctx.now(), &mut out);
                    carry(ctx, channel, &mut out, |_, _, _| {});
                }
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
        match self {
            Dialog::Submit(dialog) => {
                let mut out = Outbox::new();
                dialog.session.handle(ctx.now(), input, &mut out);
                let outcome = &mut dialog.outcome;
                let mut start_tls = false;
                carry(ctx, channel, &mut out, |ctx, event, _| {
                    start_tls |= matches!(event, ClientEvent::StartTls);
                    ended = ended.take().or(outcome.on_event(event, ctx));
                });
                if let SubmitTls::StartTls(tls) = &config.submit_tls
                    && start_tls
                {
                    channel.secure_as_client(tls, &config.submit.host, ctx);
                }
            }
            Dialog::Pop3(dialog) => {
                let mut out = Outbox::new();
                dialog.session.handle(ctx.now(), input, &mut out);
                carry(ctx, channel, &mut out, |ctx, event, _| {
                    ended = ended.take().or(super::pop3::on_event(event, memory, config, ctx));
                });
            }
            Dialog::Imap(dialog) => {
                let mut out = Outbox::new();
                let ImapDialog { session, progress } = dialog;
                session.handle(ctx.now(), input, &mut out);
                carry(ctx, channel, &mut out, |ctx, event, out| {
                    ended = ended.take().or(progress.on_event(event, memory, config, ctx));
                    while let Some(task) = progress.next.pop_front() {
                        session.add_task(ctx.now(), task, out);
                    }
                });
            }
        }
        ended
    }
}

/// What an action is called in notes.
pub(super) fn name_of(action: &Action) -> String {
    match action {
        Action::Send(_) => "submit".into(),
        Action::Fetch { mailbox } | Action::Poll { mailbox, .. } => format!("read {mailbox}"),
        Action::Flag { message_id, .. } => format!("flag {message_id}"),
        Action::Copy { message_id, to, .. } => format!("copy {message_id} to {to}"),
        Action::Append { mailbox, .. } => format!("append to {mailbox}"),
        Action::Delete { message_id, .. } => format!("delete {message_id}"),
    }
}
