//! One session: its questions on their way through the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::mem;
use std::net::SocketAddr;

use crate::actors::carry::LazyTimer;
use crate::actors::channel::Channel;
use crate::actors::mta::config::MtaConfig;
use crate::actors::mta::lookup::Found;
use crate::actors::mta::owner::{Owner, owner};
use crate::actors::mta::policy::{
    self, Chain, Decision, Lookup, Memory, Progress, Refusal, Ruling, Turn, Wait, storage,
};
use crate::actors::service::Service;
use crate::engine::{SimTime, UnixTime};
use crate::proto::Session;
use crate::proto::sasl::Secret;
use crate::proto::smtp::server::{
    Greeting, ReceivedMessage, ServerConfig, ServerEvent, ServerSession, Verdict,
};
use crate::proto::smtp::{EnhancedStatus, ForwardPath, Mailbox, Reply, ReversePath};
use crate::proto::tls::Handshake;
use crate::world::{ConnId, Ctx, Kind, Note, TimerToken};

use super::{Receiver, Shared};

/// One session.
pub(super) struct Open {
    pub(super) session: ServerSession,
    pub(super) timer: LazyTimer,
    pub(super) channel: Channel,
    /// Whether TLS comes before the session.
    pub(super) is_implicit: bool,
    /// Whether the handshake begins as soon as what the session said is sent.
    pub(super) starts_tls: bool,
    /// What was agreed on, once TLS stands.
    pub(super) handshake: Option<Box<Handshake>>,
    /// Whether it is greeted without being asked about.
    pub(super) welcome: bool,
    pub(super) peer: SocketAddr,
    memory: Memory,
    /// The question at hand, if a rule waits.
    pending: Option<Pending>,
    /// The message that is being written, and when it is on disk.
    writing: Option<(ReceivedMessage, SimTime)>,
    /// Whether the connection was counted among those of its client.
    counted: bool,
    /// Recipients that were taken with 250 and will be reported on as undeliverable.
    pub(super) doomed: BTreeMap<Mailbox, Refusal>,
}

/// A question on its way through the rules.
struct Pending {
    asked: Asked,
    chain: Chain,
    /// What a rule waits for.
    waiting: BTreeSet<Lookup>,
    /// For whom the next hop is asked, and until when that is waited for.
    probe: Option<(Mailbox, SimTime)>,
}

/// What is asked.
enum Asked {
    /// The client has connected.
    Connect,
    /// MAIL.
    Mail { from: ReversePath },
    /// RCPT, for whom it is meant.
    Rcpt { to: ForwardPath, meant: Mailbox },
    /// The whole message.
    Message(ReceivedMessage),
    /// VRFY, or EXPN where it is to be expanded.
    Verify { meant: Mailbox, expand: bool },
}

/// What is to be done now that a look-up has ended.
pub(super) enum Next {
    /// Another one is awaited, or nobody waits any more.
    Wait,
    /// The session may begin.
    Greet,
    /// The session is answered.
    Answer(Verdict),
}

impl Open {
    pub(super) fn new(connection: ConnId, session: ServerSession, peer: SocketAddr) -> Self {
        Open {
            session,
            timer: LazyTimer::default(),
            channel: Channel::plain(connection),
            is_implicit: false,
            starts_tls: false,
            handshake: None,
            welcome: false,
            peer,
            memory: Memory::default(),
            pending: None,
            writing: None,
            counted: false,
            doomed: BTreeMap::new(),
        }
    }

    /// The client has connected. Whether the session may begin now.
    pub(super) fn connected(&mut self, shared: &mut Shared, ctx: &mut Ctx<'_>) -> bool {
        if self.welcome {
            return true;
        }
        self.counted = true;
        let chain = Chain::connect(&shared.book);
        matches!(self.begin(Asked::Connect, chain, shared, ctx), Next::Greet)
    }

    /// News of the session: the answer, if it was a question and is decided at once.
    pub(super) fn judge(
        &mut self,
        event: ServerEvent,
        shared: &mut Shared,
        ctx: &mut Ctx<'_>,
    ) -> Option<Verdict> {
        let next = match event {
            ServerEvent::Auth { identity, .. } => {
                let users = shared.config.submission.as_ref();
                let password = users.and_then(|users| users.password(&identity.authcid));
                // Nobody acts for others here.
                let password = password.filter(|_| identity.is_own());
                Next::Answer(Verdict::Secret(password.map(Secret::new)))
            }
            ServerEvent::Authenticated { .. } => {
                self.memory.standing.authenticated();
                Next::Wait
            }
            ServerEvent::AuthRefused { identity, .. } => {
                let failed = "Error: authentication failed: authentication failure";
                let rule = "the login or the password is wrong";
                let refusal = Refusal::new(rule, 535, (5, 7, 8), failed);
                refuse(&identity.authcid, &"", Ruling::refuse(refusal), ctx);
                Next::Wait
            }
            ServerEvent::Mail { from, .. } => {
                let limit = shared.config.size_limit_octets;
                if let Some(full) = storage::at_mail(ctx.disk(), limit) {
                    return Some(refuse(&from, &"", Ruling::refuse(full), ctx));
                }
                self.doomed.clear();
                self.memory.mail();
                let chain = Chain::mail(&shared.book);
                self.begin(Asked::Mail { from }, chain, shared, ctx)
            }
            ServerEvent::Rcpt { to, .. } => {
                let meant = policy::meant(&to, &shared.config, ctx.addresses());
                self.begin(Asked::Rcpt { to, meant }, Chain::rcpt(), shared, ctx)
            }
            ServerEvent::Message(message) => {
                self.begin(Asked::Message(message), Chain::end_of_data(), shared, ctx)
            }
            // No session is set up to ask; and where it was, nobody is told.
            ServerEvent::Vrfy { argument, .. } => self.verify(&argument, false, shared, ctx),
            ServerEvent::Expn { argument, .. } => self.verify(&argument, true, shared, ctx),
            event @ (ServerEvent::Misbehaves(_) | ServerEvent::Unsaid { .. }) => {
                if let Some(note) = super::misbehave::note(event) {
                    ctx.note(note.kind(), || note);
                }
                Next::Wait
            }
            ServerEvent::StartTls => {
                self.starts_tls = true;
                Next::Wait
            }
            ServerEvent::Greeted { .. } => {
                self.memory.standing.greeted();
                self.doomed.clear();
                Next::Wait
            }
            ServerEvent::Reset | ServerEvent::Closed(_) => {
                self.pending = None;
                self.writing = None;
                self.doomed.clear();
                Next::Wait
            }
        };
        match next {
            Next::Answer(verdict) => Some(verdict),
            Next::Wait | Next::Greet => None,
        }
    }

    /// The connection is gone.
    pub(super) fn gone(&self, shared: &mut Shared) {
        if self.counted {
            shared.anvil.disconnected(self.peer.ip());
        }
    }

    /// The name of the client as it stands in the trace, where it was looked up.
    pub(super) fn client_name(&self) -> Option<String> {
        self.memory.client_name.as_ref().map(policy::ClientName::text)
    }

    /// A look-up has ended.
    pub(super) fn answered(
        &mut self,
        lookup: Lookup,
        found: Found,
        shared: &mut Shared,
        ctx: &mut Ctx<'_>,
    ) -> Next {
        let Some(mut pending) = self.pending.take() else { return Next::Wait };
        pending.waiting.remove(&lookup);
        self.memory.answers.insert(lookup, found);
        if pending.waiting.is_empty() {
            self.run(pending, shared, ctx)
        } else {
            self.pending = Some(pending);
            Next::Wait
        }
    }

    fn begin(
        &mut self,
        asked: Asked,
        chain: Chain,
        shared: &mut Shared,
        ctx: &mut Ctx<'_>,
    ) -> Next {
        self.run(Pending { asked, chain, waiting: BTreeSet::new(), probe: None }, shared, ctx)
    }

    /// Asks the rules, as far as what is known goes.
    fn run(&mut self, mut pending: Pending, shared: &mut Shared, ctx: &mut Ctx<'_>) -> Next {
        let Memory { answers, standing, evidence, client_name } = &mut self.memory;
        let envelope = self.session.envelope();
        let (mut sender, mut recipient, mut message) =
            (envelope.map(|envelope| &envelope.from), None, None);
        match &pending.asked {
            Asked::Connect => {}
            Asked::Mail { from } => sender = Some(from),
            Asked::Rcpt { meant, .. } | Asked::Verify { meant, .. } => recipient = Some(meant),
            Asked::Message(received) => {
                sender = Some(&received.envelope.from);
                message = Some(received);
            }
        }
        let (now, date) = (ctx.now(), ctx.date());
        // A copy, since the disk is held with it; into the memory of the last one.
        shared.own.clear();
        shared.own.extend_from_slice(ctx.addresses());
        let clock = ctx.clock();
        let (greylist, mail) = ctx.disk().greylist_and_mail();
        let mut turn = Turn {
            config: &shared.config,
            date,
            clock,
            now,
            own: &shared.own,
            client: self.peer.ip(),
            client_name,
            login: self.session.authenticated_as(),
            helo: self.session.helo(),
            sender,
            recipient,
            declared_octets: envelope.and_then(|envelope| envelope.params.size_octets),
            message,
            answers,
            evidence,
            dmarc_sampling: &mut shared.dmarc_sampling,
            anvil: &mut shared.anvil,
            greylist,
            mail,
            verified: &mut shared.verified,
        };
        match pending.chain.run(&shared.book, standing, &mut turn) {
            Progress::Done(ruling) => self.decided(pending.asked, ruling, shared, ctx),
            Progress::Waiting(Wait::Dns(lookups)) => {
                let asked =
                    lookups.iter().map(|lookup| (self.channel.connection(), lookup.clone()));
                shared.questions.extend(asked);
                pending.waiting = lookups.into_iter().collect();
                self.pending = Some(pending);
                Next::Wait
            }
            Progress::Waiting(Wait::Probe { address, until, begin }) => {
                if begin {
                    shared.probes.push_back(address.clone());
                }
                pending.probe = Some((address, until));
                self.pending = Some(pending);
                Next::Wait
            }
        }
    }

    /// Whether a rule waits for what is said of this recipient.
    pub(super) fn waits_for(&self, address: &Mailbox) -> bool {
        let probe = self.pending.as_ref().and_then(|pending| pending.probe.as_ref());
        probe.is_some_and(|(other, _)| other.as_str().eq_ignore_ascii_case(address.as_str()))
    }

    /// When a rule has waited long enough for a recipient, or a message is on disk.
    pub(super) fn patience(&self) -> Option<SimTime> {
        let probe = self.pending.as_ref().and_then(|pending| pending.probe.as_ref());
        let written = self.writing.as_ref().map(|(_, written)| *written);
        written.or(probe.map(|(_, until)| *until))
    }

    /// When the session is to be woken.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        let deadline = self.patience().or_else(|| self.session.deadline());
        self.channel.deadline(deadline)
    }

    /// Sees to it that it is woken then.
    pub(super) fn arm(&mut self, ctx: &mut Ctx<'_>) {
        let token = TimerToken::of_connection(Receiver::TIMER, self.channel.connection());
        let deadline = self.deadline();
        self.timer.arm(ctx, deadline, token);
    }

    /// Takes the message that is on disk now, or asks the rule again that waited for a recipient.
    pub(super) fn resume(&mut self, shared: &mut Shared, ctx: &mut Ctx<'_>) -> Next {
        if let Some((message, _)) = self.writing.take() {
            return Next::Answer(self.take(message, shared, ctx));
        }
        let Some(mut pending) = self.pending.take() else { return Next::Wait };
        pending.probe = None;
        self.run(pending, shared, ctx)
    }

    /// The rules have decided.
    fn decided(
        &mut self,
        asked: Asked,
        ruling: Ruling,
        shared: &mut Shared,
        ctx: &mut Ctx<'_>,
    ) -> Next {
        if let Some(result) = self.memory.evidence.spf_result() {
            self.session.learn_spf(result);
        }
        match asked {
            Asked::Connect => {
                let client = format!("[{}]", self.peer.ip());
                if let Verdict::Reply(reply) = settle(&client, &"", ruling, ctx) {
                    let greeting = Greeting::Refuse(reply);
                    let config = self.session.config().clone();
                    self.session.configure(ServerConfig { greeting, ..config });
                }
                Next::Greet
            }
            Asked::Mail { from } => Next::Answer(settle(&from, &"", ruling, ctx)),
            Asked::Rcpt { to, meant } => {
                if let Decision::AcceptThenBounce(refusal) = &ruling.decision {
                    self.doomed.insert(meant, refusal.clone());
                }
                let sender: &dyn Display = match self.session.envelope() {
                    Some(envelope) => &envelope.from,
                    None => &"",
                };
                Next::Answer(settle(sender, &to, ruling, ctx))
            }
            Asked::Verify { meant, expand } => {
                Next::Answer(match settle(&"", &meant, ruling, ctx) {
                    Verdict::Accept => verified(&meant, expand, &shared.config, ctx.date()),
                    refusal => refusal,
                })
            }
            Asked::Message(message) => match settle(&message.envelope.from, &"", ruling, ctx) {
                Verdict::Accept => self.write(message, shared, ctx),
                refusal => Next::Answer(refusal),
            },
        }
    }

    /// Writes a message to the disk. While that takes time, the client waits; if it goes away
    /// meanwhile, the message is not taken.
    fn write(&mut self, message: ReceivedMessage, shared: &mut Shared, ctx: &mut Ctx<'_>) -> Next {
        if let Some(full) = storage::at_end_of_data(ctx.disk(), message.data.len()) {
            let sender = &message.envelope.from;
            return Next::Answer(refuse(sender, &"", Ruling::refuse(full), ctx));
        }
        let written = ctx.write();
        if written > ctx.now() {
            self.writing = Some((message, written));
            return Next::Wait;
        }
        Next::Answer(self.take(message, shared, ctx))
    }

    /// VRFY or EXPN of an address, or of a local part in the host's own domain.
    fn verify(
        &mut self,
        argument: &str,
        expand: bool,
        shared: &mut Shared,
        ctx: &mut Ctx<'_>,
    ) -> Next {
        let written = argument.trim().trim_start_matches('<').trim_end_matches('>');
        let meant = match written.contains('@') {
            true => written.parse::<Mailbox>(),
            false => Mailbox::new(written, shared.config.own_domain()),
        };
        match meant {
            Ok(meant) => self.begin(Asked::Verify { meant, expand }, Chain::verify(), shared, ctx),
            Err(_) => {
                let status = EnhancedStatus::new(5, 1, 3);
                Next::Answer(Reply::new(501, status, "Bad address syntax").into())
            }
        }
    }

    /// What the transaction at hand has found out; it is over.
    pub(super) fn evidence(&mut self) -> policy::Evidence {
        mem::take(&mut self.memory.evidence)
    }
}

/// What VRFY or EXPN tells of a recipient that is taken (RFC 5321 §3.5).
fn verified(meant: &Mailbox, expand: bool, config: &MtaConfig, date: UnixTime) -> Verdict {
    let Some(domain) = config.domain(meant.domain()) else { return Verdict::Accept };
    let known = EnhancedStatus::new(2, 1, 5);
    let lines = |addresses: &[Mailbox]| {
        let lines: Vec<String> = addresses.iter().map(|address| format!("<{address}>")).collect();
        Reply::new(250, known, lines.join("\n")).into()
    };
    match owner(domain, meant, date) {
        Owner::Alias { targets, .. } | Owner::Others(targets) if expand => lines(&targets),
        Owner::List { list, .. } if expand && !list.members.is_empty() => lines(&list.members),
        Owner::User { .. } if expand => {
            let status = EnhancedStatus::new(5, 1, 1);
            Reply::new(550, status, "That is a user name, not a mailing list").into()
        }
        _ => Reply::new(250, known, format!("<{meant}>")).into(),
    }
}

/// The verdict of a ruling, told to those who watch.
fn settle(
    sender: &dyn Display,
    recipient: &dyn Display,
    ruling: Ruling,
    ctx: &mut Ctx<'_>,
) -> Verdict {
    let rule = match &ruling.decision {
        Decision::Refuse(_) => return refuse(sender, recipient, ruling, ctx),
        Decision::AcceptThenBounce(refusal) => Some(&refusal.rule),
        Decision::Accept => None,
    };
    if ruling.is_worth_telling || rule.is_some() {
        ctx.note(Kind::Permitted, || Note::Permitted {
            sender: bare(sender),
            recipient: bare(recipient),
            rules: ruling.said.iter().map(ToString::to_string).collect(),
            reported_since: rule.map(ToString::to_string),
        });
    }
    Verdict::Accept
}

fn refuse(
    sender: &dyn Display,
    recipient: &dyn Display,
    ruling: Ruling,
    ctx: &mut Ctx<'_>,
) -> Verdict {
    let Decision::Refuse(refusal) = ruling.decision else { return Verdict::Accept };
    ctx.note(Kind::Refused, || Note::Refused {
        sender: bare(sender),
        recipient: bare(recipient),
        rules: ruling.said.iter().map(ToString::to_string).collect(),
        rule: refusal.rule.to_string(),
        reply: refusal.reply.to_string(),
    });
    refusal.reply.into()
}

fn bare(path: &dyn Display) -> String {
    path.to_string().trim_matches(['<', '>']).to_owned()
}
