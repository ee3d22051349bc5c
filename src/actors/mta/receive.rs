//! The receiving side of an MTA: SMTP sessions, what is said to their questions, and the message
//! into the queue before the 250.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::actors::carry::{LazyTimer, carry};
use crate::engine::Stream;
use crate::proto::mail::{DateTime, Header, Received, ReceivedFrom, prepend, received};
use crate::proto::smtp::server::{
    Greeting, ReceivedMessage, ServerConfig, ServerEvent, ServerSession, Verdict,
};
use crate::proto::smtp::{EnhancedStatus, ForwardPath, Mailbox, Reply};
use crate::proto::{Input, Outbox, Session};
use crate::store::queue::{QueueId, QueuedMessage, QueuedRecipient, RecipientState, Trouble};
use crate::world::{ConnId, Ctx, Note, StreamEvent, TimerToken};

use super::config::MtaConfig;
use super::policy::{self, Decision, Peer, Refusal};

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
    helo: String,
    extended: bool,
    login: Option<String>,
    /// Recipients that were taken with 250 and will be reported on as undeliverable.
    doomed: Vec<(Mailbox, Refusal)>,
}

/// Mail between MTAs, and mail from clients.
pub(super) const SMTP_PORT: u16 = 25;
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
            helo: String::new(),
            extended: false,
            login: None,
            doomed: Vec::new(),
        };
        self.sessions.insert(connection, open);
        self.input(connection, Input::Opened, ctx);
    }

    /// News of a client's connection. Whether messages were put into the queue.
    pub(super) fn on_stream(
        &mut self,
        connection: ConnId,
        event: &StreamEvent,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        match event {
            StreamEvent::Data(octets) => self.input(connection, Input::Bytes(octets), ctx),
            StreamEvent::Eof => self.input(connection, Input::Eof, ctx),
            StreamEvent::Closed(_) => {
                let queued = self.input(connection, Input::Eof, ctx);
                self.sessions.remove(&connection);
                queued
            }
            StreamEvent::Accepted { .. } | StreamEvent::Opened => false,
        }
    }

    /// A timer of a client's connection has fired.
    pub(super) fn on_timer(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let Some(open) = self.sessions.get_mut(&connection) else { return };
        if open.timer.fired(ctx.now(), open.session.deadline()) {
            self.input(connection, Input::Timeout, ctx);
        } else {
            open.arm(connection, ctx);
        }
    }

    fn input(&mut self, connection: ConnId, input: Input<'_>, ctx: &mut Ctx<'_>) -> bool {
        let Receiver { config, sessions, queue_ids, out, .. } = self;
        let Some(open) = sessions.get_mut(&connection) else { return false };
        let mut queued = false;
        open.session.handle(ctx.now(), input, out);
        carry(ctx, connection, out, |ctx, event, out| {
            if let Some(verdict) = open.judge(event, config, queue_ids, &mut queued, ctx) {
                open.session.answer(ctx.now(), verdict, out);
            }
        });
        open.arm(connection, ctx);
        queued
    }
}

impl Open {
    fn arm(&mut self, connection: ConnId, ctx: &mut Ctx<'_>) {
        let token = TimerToken::of_connection(super::INBOUND_TIMER, connection);
        self.timer.arm(ctx, self.session.deadline(), token);
    }

    /// The answer to a question of the session.
    fn judge(
        &mut self,
        event: ServerEvent,
        config: &MtaConfig,
        queue_ids: &mut Stream,
        queued: &mut bool,
        ctx: &mut Ctx<'_>,
    ) -> Option<Verdict> {
        match event {
            ServerEvent::Greeted { helo, extended } => {
                (self.helo, self.extended) = (helo, extended);
                self.doomed.clear();
                None
            }
            ServerEvent::Auth { credentials, .. } => {
                let users = config.submission.as_ref();
                let user = users.and_then(|users| users.get(&credentials.authcid));
                if user.is_some_and(|user| user.password == credentials.password) {
                    self.login = Some(credentials.authcid);
                    Some(Verdict::Accept)
                } else {
                    let failed = "Error: authentication failed: authentication failure";
                    let status = EnhancedStatus::new(5, 7, 8);
                    Some(Reply::new(535, status, failed).into())
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
            ServerEvent::Message(message) => {
                Some(self.take(message, config, queue_ids, queued, ctx))
            }
            ServerEvent::Reset => {
                self.doomed.clear();
                None
            }
            ServerEvent::Closed(_) => None,
        }
    }

    fn peer(&self) -> Peer<'_> {
        Peer { address: self.peer.ip(), login: self.login.as_deref() }
    }

    fn judge_recipient(
        &mut self,
        to: &ForwardPath,
        config: &MtaConfig,
        ctx: &mut Ctx<'_>,
    ) -> Verdict {
        match policy::check_recipient(config, self.peer(), to) {
            Decision::Accept => Verdict::Accept,
            Decision::AcceptThenBounce(refusal) => {
                if let Some(mailbox) = to.mailbox() {
                    self.doomed.push((mailbox.clone(), refusal));
                }
                Verdict::Accept
            }
            Decision::Refuse(refusal) => refuse("", &to.to_string(), refusal, ctx),
        }
    }

    /// Puts a message into the queue, on disk, and only then answers 250 (RFC 5321 §4.2.5).
    fn take(
        &mut self,
        message: ReceivedMessage,
        config: &MtaConfig,
        queue_ids: &mut Stream,
        queued: &mut bool,
        ctx: &mut Ctx<'_>,
    ) -> Verdict {
        let ReceivedMessage { envelope, data } = message;
        let header = Header::new(&data);
        if received::hop_count(header) >= config.limits.hops {
            let status = EnhancedStatus::new(5, 4, 6);
            return Reply::new(554, status, "Error: too many hops").into();
        }
        let id = ctx.disk().queue().new_id(queue_ids);
        let mut recipients = Vec::new();
        for recipient in &envelope.recipients {
            match recipient.path.mailbox() {
                // What is to be refused is refused under the name it was sent to.
                Some(mailbox) if self.doomed.iter().any(|(doomed, _)| doomed == mailbox) => {
                    recipients.push(mailbox.clone());
                }
                _ => expand(&recipient.path, config, &mut recipients),
            }
        }
        let date = DateTime::utc(ctx.date());
        let only = match envelope.recipients.as_slice() {
            [one] => Some(one.path.to_string()),
            _ => None,
        };
        let trace = Received {
            from: Some(ReceivedFrom { helo: &self.helo, reverse: None, address: self.peer.ip() }),
            by: &config.hostname,
            with: match (self.extended, &self.login) {
                (false, _) => "SMTP",
                (true, None) => "ESMTP",
                (true, Some(_)) => "ESMTPA",
            },
            id: id.as_str(),
            recipient: only.as_deref().map(|path| path.trim_matches(['<', '>'])),
            date,
        };
        let mut on_top = trace.to_string();
        if self.login.is_some() {
            on_top += &missing_fields(header, date, &id, &config.hostname);
        }
        let message = QueuedMessage {
            id: id.clone(),
            arrived: ctx.now(),
            from: envelope.from,
            data: prepend(on_top, &data),
            recipients: recipients
                .into_iter()
                .map(|address| {
                    let doom = self.doomed.iter().find(|(doomed, _)| *doomed == address);
                    let state = match doom {
                        None => RecipientState::Pending(None),
                        Some((_, refusal)) => RecipientState::Failed(doomed(refusal)),
                    };
                    QueuedRecipient { address, state }
                })
                .collect(),
            attempts: 0,
        };
        self.doomed.clear();
        let peer = format!("{}[{}]", self.helo, self.peer.ip());
        ctx.note(|| super::note::accepted(&message, peer));
        let now = ctx.now();
        ctx.disk().queue().insert(message, now);
        *queued = true;
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
fn doomed(refusal: &Refusal) -> Trouble {
    let status = refusal.reply.status().unwrap_or(EnhancedStatus::new(5, 7, 1));
    Trouble {
        status: EnhancedStatus::new(5, status.subject(), status.detail()),
        reason: refusal.reply.to_string(),
        remote: None,
        diagnostic: Some(refusal.reply.clone()),
    }
}

/// Adds the addresses that a recipient stands for: itself, or what its aliases lead to. Each is
/// added once; an alias that leads back to itself is left at that.
fn expand(to: &ForwardPath, config: &MtaConfig, found: &mut Vec<Mailbox>) {
    let first = match to.mailbox() {
        Some(mailbox) => mailbox.clone(),
        // Postmaster without a domain is this host's (RFC 5321 §4.5.1).
        None => match Mailbox::new("postmaster", own_domain(config)) {
            Ok(mailbox) => mailbox,
            Err(_) => return,
        },
    };
    let mut seen = BTreeSet::from([first.clone()]);
    let mut open = vec![first];
    while let Some(mailbox) = open.pop() {
        let local_part = mailbox.unquoted_local_part().to_ascii_lowercase();
        let alias =
            config.domain(mailbox.domain()).and_then(|domain| domain.aliases.get(&local_part));
        match alias {
            Some(targets) => {
                let new = targets.iter().rev().filter(|target| seen.insert((*target).clone()));
                open.extend(new.cloned());
            }
            None if !found.contains(&mailbox) => found.push(mailbox),
            None => {}
        }
    }
}

fn own_domain(config: &MtaConfig) -> &str {
    config.domains.keys().next().unwrap_or(&config.hostname)
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
