//! What a server session tells and asks its owner, and what the owner answers.

use crate::proto::sasl::{Identity, Mechanism, Secret};
use crate::proto::smtp::address::{ForwardPath, ReversePath};
use crate::proto::smtp::misbehaviour::Moment;
use crate::proto::smtp::params::{MailParams, RcptParams};
use crate::proto::smtp::reply::Reply;
use crate::proto::smtp::text::MessageText;

/// News of a server session.
///
/// `Auth`, `Mail`, `Rcpt`, `Message`, `Vrfy` and `Expn` are questions: the session reads no further
/// until [`ServerSession::answer`](super::ServerSession::answer) is called, once for each, which may
/// be much later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// The client said EHLO or LHLO (`extended`), or HELO, and was welcomed.
    Greeted {
        /// What the client calls itself; one word, otherwise unchecked.
        helo: String,
        /// Whether it was EHLO or LHLO.
        extended: bool,
    },
    /// Question: what is the secret of this account? Answered by [`Verdict::Secret`], whichever the
    /// mechanism. Another verdict lets in, or refuses, without a look at the proof.
    Auth {
        /// The mechanism.
        mechanism: Mechanism,
        /// Whose secret, and for whom the client wants to act.
        identity: Identity,
    },
    /// The client has proved who it is, and was told 235.
    Authenticated {
        /// By which mechanism.
        mechanism: Mechanism,
        /// Who it is.
        identity: Identity,
    },
    /// The proof does not fit the secret, or there is no such account. The client was told 535.
    AuthRefused {
        /// By which mechanism it was tried.
        mechanism: Mechanism,
        /// Who the client said that it was.
        identity: Identity,
    },
    /// Question: may there be a message from this path? Accepted: `250 2.1.0`.
    Mail {
        /// The reverse-path.
        from: ReversePath,
        /// The parameters, checked against what the server offers.
        params: MailParams,
    },
    /// Question: may the message go to this path? Accepted: `250 2.1.5`.
    Rcpt {
        /// The forward-path.
        to: ForwardPath,
        /// The parameters.
        params: RcptParams,
    },
    /// Question: is this message taken? Accepting it takes the responsibility for it
    /// (RFC 5321 §4.2.5). [`Reply::queued_as`] is the usual answer.
    ///
    /// In LMTP each recipient has a verdict of its own:
    /// [`ServerSession::answer_each`](super::ServerSession::answer_each).
    Message(ReceivedMessage),
    /// Question: who is this? Accepted: `252 2.0.0`; a reply of 250 names the mailbox
    /// (RFC 5321 §3.5.2).
    Vrfy {
        /// A name or an address, as the client wrote it.
        argument: String,
        /// Whether the reply may go beyond ASCII (RFC 6531 §3.7.4.2).
        smtputf8: bool,
    },
    /// Question: who is on this list? A reply of 250 has a line for each.
    Expn {
        /// The name of the list, as the client wrote it.
        argument: String,
        /// Whether the reply may go beyond ASCII.
        smtputf8: bool,
    },
    /// The client was told 220 to STARTTLS: what it sends from now on is a TLS handshake. Call
    /// [`ServerSession::secured`](super::ServerSession::secured) when that is done.
    StartTls,
    /// The transaction that was under way is no more: RSET, a second EHLO, STARTTLS, or a text that
    /// was too large.
    Reset,
    /// The session keeps to a rule of its misbehaviour.
    Misbehaves(Box<Misdeed>),
    /// What the client asked for was done, and this reply was not said, since a rule wants it so.
    Unsaid {
        /// At what.
        moment: Moment,
        /// The whole reply.
        reply: String,
        /// By which rule.
        rule: String,
    },
    /// The session is over. An answer still owed is not needed any more, and has no effect.
    Closed(CloseReason),
}

/// A rule that was applied, for those who watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misdeed {
    /// What the rule is called.
    pub rule: String,
    /// At what.
    pub moment: Moment,
    /// The sender, once there is one; and the recipient, at RCPT. Bare.
    pub envelope: (Option<String>, Option<String>),
    /// What is done, in words.
    pub deed: String,
}

/// Why a server session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The client said QUIT.
    Quit,
    /// The client closed the connection, or it was lost.
    Eof,
    /// The client was silent for too long.
    TimedOut,
    /// The client made too many errors, or sent too much without waiting.
    Misbehaved,
    /// The owner answered with 421 or 521, or the greeting was 421, or BDAT had no size.
    Refused,
    /// A rule of misbehaviour wanted it so.
    Told,
}

/// A message with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// From whom and for whom.
    pub envelope: Envelope,
    /// The text.
    pub data: MessageText,
}

/// What MAIL and RCPT said (RFC 5321 §2.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The reverse-path.
    pub from: ReversePath,
    /// The parameters of MAIL.
    pub params: MailParams,
    /// The accepted recipients in their order.
    pub recipients: Vec<Recipient>,
}

/// One accepted recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The forward-path.
    pub path: ForwardPath,
    /// The parameters of RCPT.
    pub params: RcptParams,
}

/// With no parameters.
impl From<ForwardPath> for Recipient {
    fn from(path: ForwardPath) -> Self {
        Recipient { path, params: RcptParams::default() }
    }
}

/// The owner's answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, in the usual words.
    Accept,
    /// These words. A 2yz reply is a yes, every other one a no; 421 ends the session as well.
    Reply(Reply),
    /// For [`ServerEvent::Auth`] alone: what the account's user must know. `None` where there is no
    /// such account, or it may not act for whom it wants to.
    Secret(Option<Secret>),
}

impl Verdict {
    /// Whether it is a yes.
    pub fn is_yes(&self) -> bool {
        match self {
            Verdict::Accept => true,
            Verdict::Reply(reply) => reply.is_positive(),
            Verdict::Secret(secret) => secret.is_some(),
        }
    }
}

impl From<Reply> for Verdict {
    fn from(reply: Reply) -> Self {
        Verdict::Reply(reply)
    }
}
