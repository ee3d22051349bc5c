//! Submitting a message (RFC 6409).

use crate::proto::mail::{DateTime, Header};
use crate::proto::sasl::Credentials;
use crate::proto::smtp::RcptParams;
use crate::proto::smtp::client::{
    ClientConfig, ClientEvent, ClientSession, Outcome, TlsPolicy, Transaction,
};
use crate::proto::smtp::server::Recipient;
use crate::store::outbox::{Letter, LetterId};
use crate::world::{Ctx, Kind, Note};

use super::config::{ClientTls, Content, MailClientConfig, Outgoing};
use super::dialog::Ended;

/// A submission under way.
pub(super) struct SubmitDialog {
    pub(super) session: ClientSession,
    pub(super) outcome: SubmitOutcome,
}

/// What has come of it so far.
pub(super) struct SubmitOutcome {
    mail: Outgoing,
    /// What the outbox has of it.
    letter: Option<LetterId>,
    ended: Ended,
}

impl SubmitDialog {
    pub(super) fn new(
        mail: &Outgoing,
        letter: Option<LetterId>,
        config: &MailClientConfig,
        ctx: &Ctx<'_>,
    ) -> Self {
        let client = ClientConfig {
            credentials: Some(Credentials::new(&config.user, &config.password)),
            tls: match config.submit_tls {
                ClientTls::StartTls(_) => TlsPolicy::Encrypt,
                ClientTls::None | ClientTls::Implicit(_) => TlsPolicy::Never,
            },
            ..ClientConfig::new(ctx.name())
        };
        let data = mail.octets(DateTime::utc(ctx.date()));
        let recipients = mail.recipients.iter().map(|path| Recipient {
            path: path.clone(),
            params: RcptParams { notify: mail.dsn.notify, ..RcptParams::default() },
        });
        let transaction = Transaction {
            ret: mail.dsn.ret,
            envid: mail.dsn.envid.clone(),
            ..Transaction::new(mail.from.clone(), recipients, data)
        };
        // A stream for each session: no two of them may have the same nonces.
        let nonces = format!("client {} nonces at {}", config.name, ctx.now());
        let mut session =
            ClientSession::new(client, [transaction]).with_nonces(ctx.stream(&nonces));
        // There is no connection yet: nothing can be said, and nothing is.
        session.finish(ctx.now(), &mut crate::proto::Outbox::new());
        let ended = Ended::NotNow("the connection was lost".into());
        SubmitDialog { session, outcome: SubmitOutcome { mail: mail.clone(), letter, ended } }
    }
}

impl SubmitOutcome {
    pub(super) fn on_event(&mut self, event: ClientEvent, ctx: &mut Ctx<'_>) -> Option<Ended> {
        match event {
            ClientEvent::TransactionDone { outcomes, .. } => {
                self.ended = self.judge(&outcomes, ctx);
                self.keep(ctx);
                None
            }
            ClientEvent::Failed { failure, unsent, .. } => {
                if !unsent.is_empty() {
                    let permanent =
                        failure.reply().is_some_and(crate::proto::smtp::Reply::is_permanent);
                    let reason = failure.to_string();
                    self.ended =
                        if permanent { Ended::Never(reason) } else { Ended::NotNow(reason) };
                }
                Some(self.ended.clone())
            }
            ClientEvent::Finished => Some(self.ended.clone()),
            ClientEvent::Authenticated
            | ClientEvent::StartTls
            | ClientEvent::Ready(_)
            | ClientEvent::RecipientAnswered { .. } => None,
        }
    }

    /// What was taken leaves the outbox before anything else is said: after a crash in the rest of
    /// the session it is not sent again.
    fn keep(&self, ctx: &mut Ctx<'_>) {
        let Some(id) = self.letter else { return };
        match &self.ended {
            Ended::Well => drop(ctx.disk().outbox().remove(id)),
            Ended::Partly { left, .. } => ctx.disk().outbox().leave(id, left),
            Ended::NotNow(_) | Ended::Never(_) => {}
        }
    }

    /// What the server said about the recipients. Some may be taken and others refused.
    fn judge(&self, outcomes: &[Outcome], ctx: &mut Ctx<'_>) -> Ended {
        let taken = outcomes.iter().find(|outcome| outcome.is_delivered());
        let why = |outcome: &Outcome| match outcome {
            Outcome::Delivered { reply, .. } | Outcome::Refused { reply, .. } => reply.to_string(),
            Outcome::Unanswered { failure, .. } => failure.to_string(),
            Outcome::Unsendable { text, .. } => text.clone(),
        };
        if let Some(taken) = taken {
            let (id, reply) = (message_id(&self.mail), why(taken));
            ctx.note(Kind::Submitted, || Note::Submitted { message_id: id, reply });
            let mut left = Vec::new();
            for (path, outcome) in self.mail.recipients.iter().zip(outcomes) {
                if outcome.is_transient() {
                    left.push(path.clone());
                } else if outcome.is_permanent() {
                    ctx.note(Kind::NotSubmitted, || Note::NotSubmitted {
                        message_id: message_id(&self.mail),
                        recipients: vec![bare(&path.to_string())],
                        reply: why(outcome),
                    });
                }
            }
            return match outcomes.iter().find(|outcome| outcome.is_transient()) {
                Some(outcome) => Ended::Partly { left, reason: why(outcome) },
                None => Ended::Well,
            };
        }
        match outcomes.iter().find(|outcome| outcome.is_transient()) {
            Some(outcome) => Ended::NotNow(why(outcome)),
            None => Ended::Never(outcomes.first().map_or_else(String::new, why)),
        }
    }
}

impl Outgoing {
    /// The same message, composed at that date.
    pub(super) fn composed(self, date: DateTime) -> Self {
        Outgoing { content: Content::Octets(self.octets(date)), ..self }
    }

    /// What the outbox keeps of a composed message.
    pub(super) fn letter(&self) -> Letter {
        let data = self.octets(DateTime::utc(crate::engine::UnixTime(0)));
        let (from, recipients) = (self.from.clone(), self.recipients.clone());
        Letter { from, recipients, dsn: self.dsn.clone(), data }
    }

    /// The message as it goes out at that date.
    pub(super) fn octets(&self, date: DateTime) -> bytes::Bytes {
        match &self.content {
            Content::Octets(octets) => octets.clone(),
            Content::Draft(draft) => {
                let mut draft = draft.clone();
                draft.date = date;
                draft.compose()
            }
        }
    }
}

/// The Message-ID with angle brackets, or nothing.
fn message_id(mail: &Outgoing) -> String {
    match &mail.content {
        Content::Draft(draft) => format!("<{}>", draft.message_id),
        Content::Octets(octets) => Header::new(octets)
            .text("Message-ID")
            .map_or_else(String::new, |id| id.trim().to_owned()),
    }
}

fn bare(path: &str) -> String {
    path.trim_matches(['<', '>']).to_owned()
}

pub(super) fn composed(mail: &Outgoing) -> Note {
    Note::Composed {
        message_id: message_id(mail),
        from: bare(&mail.from.to_string()),
        recipients: mail.recipients.iter().map(|path| bare(&path.to_string())).collect(),
        octets: mail.octets(DateTime::utc(crate::engine::UnixTime(0))).len(),
    }
}

pub(super) fn not_submitted(mail: &Outgoing, reply: String) -> Note {
    Note::NotSubmitted {
        message_id: message_id(mail),
        recipients: mail.recipients.iter().map(|path| bare(&path.to_string())).collect(),
        reply,
    }
}
