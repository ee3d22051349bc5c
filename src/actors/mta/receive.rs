//! The receiving side of an MTA: SMTP sessions, what is said to their questions, and the message
//! into the queue before the 250.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::actors::carry::{LazyTimer, carry};
use crate::actors::service::Service;
use crate::engine::{SimTime, Stream};
use crate::proto::mail::{DateTime, Header, Received, ReceivedFrom, prepend, received};
use crate::proto::smtp::server::{
    Greeting, ReceivedMessage, ServerConfig, ServerEvent, ServerSession, Verdict,
};
use crate::proto::smtp::{EnhancedStatus, ForwardPath, Mailbox, Reply};
use crate::proto::{Input, Outbox, Session};
use crate::store::queue::{QueueId, QueuedMessage, QueuedRecipient, RecipientState, Trouble};
use crate::world::{ConnId, Ctx, Note};

use super::config::MtaConfig;
use super::policy::{Decision, Peer, Refusal};
use super::{alias, policy};

/// All sessions with clients.
pub(super) struct Receiver {
    config: Arc<MtaConfig>,
    smtp: Arc<ServerConfig>,
    submission: Arc<ServerConfig>,
    busy: Arc<ServerConfig>,
    sessions: BTreeMap<ConnId, Open>,
    queue_ids: Stream,
    out: Outbox<ServerEvent>,
}

/// One session.
struct Open {
    session: ServerSession,
    timer: LazyTimer,
    peer: SocketAddr,
    /// Recipients that were taken with 250 and will be reported on as undeliverable.
    doomed: BTreeMap<Mailbox, Refusal>,
}

/// The port of mail from clients (RFC 6409). The one between MTAs is [`super::route::SMTP_PORT`].
pub(super) const SUBMISSION_PORT: u16 = 587;

impl Receiver {
    pub(super) fn new(config: Arc<MtaConfig>, queue_ids: Stream) -> Self {
        let name = config.hostname.as_str();
        let limited = |server: ServerConfig| ServerConfig {
            size_limit_octets: usize::try_from(config.size_limit_octets).unwrap_or(usize::MAX),
            ..server
        };
        let too_many = Reply::new(
            421,
            EnhancedStatus::new(4, 3, 2),
            format!("{name} Error: too many connections, try again later"),
        );
        Receiver {
            smtp: Arc::new(limited(ServerConfig::mta(name))),
            submission: Arc::new(limited(ServerConfig::submission(name))),
            busy: Arc::new(ServerConfig {
                greeting: Greeting::Refuse(too_many),
                ..ServerConfig::mta(name)
            }),
            sessions: BTreeMap::new(),
            queue_ids,
            out: Outbox::new(),
            config,
        }
    }

    /// Whether the connection is a client's.
    pub(super) fn has(&self, connection: ConnId) -> bool {
        self.sessions.contains_key(&connection)
    }

    /// A client has connected.
    pub(super) fn accept(
        &mut self,
        connection: ConnId,
        local: SocketAddr,
        peer: SocketAddr,
        ctx: &mut Ctx<'_>,
    ) {
        let server = if self.sessions.len() >= self.config.limits.clients {
            &self.busy
        } else if local.port() == SUBMISSION_PORT {
            &self.submission
        } else {
            &self.smtp
        };
        let open = Open {
            session: ServerSession::new(Arc::clone(server)),
            timer: LazyTimer::default(),
            peer,
            doomed: BTreeMap::new(),
        };
        self.sessions.insert(connection, open);
        self.input(connection, Input::Opened, ctx);
    }
}

impl Service for Receiver {
    const TIMER: u8 = super::INBOUND_TIMER;

    fn input(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>) {
        let Receiver { config, sessions, queue_ids, out, .. } = self;
        let Some(open) = sessions.get_mut(&connection) else { return };
        open.session.handle(ctx.now(), input, out);
        carry(ctx, connection, out, |ctx, event, out| {
            if let Some(verdict) = open.judge(event, config, queue_ids, ctx) {
                open.session.answer(ctx.now(), verdict, out);
            }
        });
        self.arm(connection, ctx);
    }

    fn timer(&mut self, connection: ConnId) -> Option<(&mut LazyTimer, Option<SimTime>)> {
        let open = self.sessions.get_mut(&connection)?;
        Some((&mut open.timer, open.session.deadline()))
    }

    fn forget(&mut self, connection: ConnId) {
        self.sessions.remove(&connection);
    }
}

impl Open {
    /// The answer to a question of the session.
    fn judge(
        &mut self,
        event: ServerEvent,
        config: &MtaConfig,
        queue_ids: &mut Stream,
        ctx: &mut Ctx<'_>,
    ) -> Option<Verdict> {
        match event {
            ServerEvent::Auth { credentials, .. } => {
                let users = config.submission.as_ref();
                let user = users.and_then(|users| users.get(&credentials.authcid));
                if user.is_some_and(|user| user.password == credentials.password) {
                    Some(Verdict::Accept)
                } else {
                    let failed = "Error: authentication failed: authentication failure";
                    let reply = Reply::new(535, EnhancedStatus::new(5, 7, 8), failed);
                    let refusal = Refusal { rule: "the login or the password is wrong", reply };
                    Some(refuse(&credentials.authcid, "", refusal, ctx))
                }
            }
            ServerEvent::Mail { from, .. } => {
                self.doomed.clear();
                match policy::check_sender(config, self.peer(), &from) {
                    Ok(()) => Some(Verdict::Accept),
                    Err(refusal) => Some(refuse(&from.to_string(), "", refusal, ctx)),
                }
            }
            ServerEvent::Rcpt { to, .. } => Some(self.judge_recipient(&to, config, ctx)),
            ServerEvent::Message(message) => Some(self.take(message, config, queue_ids, ctx)),
            ServerEvent::Greeted { .. } | ServerEvent::Reset | ServerEvent::Closed(_) => {
                self.doomed.clear();
                None
            }
        }
    }

    fn peer(&self) -> Peer<'_> {
        Peer { address: self.peer.ip(), login: self.session.authenticated_as() }
    }

    fn judge_recipient(
        &mut self,
        to: &ForwardPath,
        config: &MtaConfig,
        ctx: &mut Ctx<'_>,
    ) -> Verdict {
        let recipient = policy::meant(to, config, ctx.addresses());
        match policy::check_recipient(config, self.peer(), &recipient) {
            Decision::Accept => Verdict::Accept,
            Decision::AcceptThenBounce(refusal) => {
                self.doomed.insert(recipient, refusal);
                Verdict::Accept
            }
            Decision::Refuse(refusal) => {
                let sender = self.session.envelope().map(|envelope| envelope.from.to_string());
                refuse(&sender.unwrap_or_default(), &to.to_string(), refusal, ctx)
            }
        }
    }

    /// Puts a message into the queue, on disk, and only then answers 250 (RFC 5321 §4.2.5).
    fn take(
        &mut self,
        message: ReceivedMessage,
        config: &MtaConfig,
        queue_ids: &mut Stream,
        ctx: &mut Ctx<'_>,
    ) -> Verdict {
        let ReceivedMessage { envelope, data } = message;
        let header = Header::new(&data);
        if received::hop_count(header) >= config.limits.hops {
            let reply = Reply::new(554, EnhancedStatus::new(5, 4, 6), "Error: too many hops");
            let refusal = Refusal { rule: "a message has passed too many hosts", reply };
            return refuse(&envelope.from.to_string(), "", refusal, ctx);
        }
        let id = ctx.disk().queue().new_id(queue_ids);
        let taken = envelope.recipients.iter().map(|recipient| {
            QueuedRecipient::new(policy::meant(&recipient.path, config, ctx.addresses()))
        });
        let recipients = recipients(taken, &mem::take(&mut self.doomed), config);
        let date = DateTime::utc(ctx.date());
        let only = match envelope.recipients.as_slice() {
            [one] => Some(one.path.to_string()),
            _ => None,
        };
        let helo = self.session.helo().unwrap_or_default();
        let trace = Received {
            from: Some(ReceivedFrom { helo, reverse: None, address: self.peer.ip() }),
            by: &config.hostname,
            with: self.session.protocol_word(),
            id: id.as_str(),
            recipient: only.as_deref().map(|path| path.trim_matches(['<', '>'])),
            date,
        };
        let mut on_top = trace.to_string();
        if self.session.authenticated_as().is_some() {
            on_top += &missing_fields(header, date, &id, &config.hostname);
        }
        let text = prepend(on_top, &data);
        let message = QueuedMessage::new(id.clone(), ctx.now(), envelope.from, text, recipients);
        let peer = format!("{helo}[{}]", self.peer.ip());
        ctx.note(|| super::note::accepted(&message, peer));
        let now = ctx.now();
        ctx.disk().queue().insert(message, now);
        Reply::queued_as(&id).into()
    }
}

fn refuse(sender: &str, recipient: &str, refusal: Refusal, ctx: &mut Ctx<'_>) -> Verdict {
    ctx.note(|| Note::Refused {
        sender: sender.trim_matches(['<', '>']).to_owned(),
        recipient: recipient.trim_matches(['<', '>']).to_owned(),
        rule: refusal.rule.to_owned(),
        reply: refusal.reply.to_string(),
    });
    refusal.reply.into()
}

/// What is written about a recipient that was taken only to be reported on.
fn doom(refusal: &Refusal) -> Trouble {
    let status = refusal.reply.status().unwrap_or(EnhancedStatus::new(5, 7, 1));
    Trouble {
        status: EnhancedStatus::new(5, status.subject(), status.detail()),
        reason: refusal.reply.to_string(),
        remote: None,
        diagnostic: Some(refusal.reply.clone()),
    }
}

/// The recipients of a message for those that were taken, each address once.
///
/// What was taken only to be refused is refused under the name it was sent to; of the others,
/// aliases are followed.
fn recipients(
    taken: impl Iterator<Item = QueuedRecipient>,
    doomed: &BTreeMap<Mailbox, Refusal>,
    config: &MtaConfig,
) -> Vec<QueuedRecipient> {
    let mut seen = BTreeSet::new();
    let mut recipients = Vec::new();
    let mut add = |recipient: QueuedRecipient| {
        if seen.insert(recipient.address.clone()) {
            recipients.push(recipient);
        }
    };
    for recipient in taken {
        if let Some(refusal) = doomed.get(&recipient.address) {
            add(QueuedRecipient { state: RecipientState::Failed(doom(refusal)), ..recipient });
            continue;
        }
        let targets = alias::expand(&recipient.address, config);
        if targets.is_empty() {
            let reason = format!("the aliases of {} lead to each other", recipient.address);
            let trouble = Trouble::local(EnhancedStatus::new(5, 4, 6), reason);
            add(QueuedRecipient { state: RecipientState::Failed(trouble), ..recipient.clone() });
        }
        for target in targets {
            add(QueuedRecipient { address: target, ..recipient.clone() });
        }
    }
    recipients
}

/// The fields that a submission server adds where the client left them out (RFC 6409 §8).
fn missing_fields(header: Header<'_>, date: DateTime, id: &QueueId, hostname: &str) -> String {
    let mut fields = String::new();
    if header.field("Date").is_none() {
        fields += &format!("Date: {}\r\n", date.rfc5322());
    }
    if header.field("Message-ID").is_none() {
        fields += &format!("Message-ID: <{id}@{hostname}>\r\n");
    }
    fields
}
