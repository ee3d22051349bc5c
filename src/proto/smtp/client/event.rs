//! What a client session tells its owner: above all what became of each recipient, and why.

use std::fmt;

use super::Transaction;
use crate::proto::smtp::capabilities::Capabilities;
use crate::proto::smtp::enhanced::EnhancedStatus;
use crate::proto::smtp::reply::{Reply, ReplyError};

/// News of a client session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// AUTH succeeded. `Ready` follows.
    Authenticated,
    /// The server waits for a TLS handshake (RFC 3207). The owner performs it and calls
    /// [`ClientSession::secured`](super::ClientSession::secured) or
    /// [`ClientSession::not_secured`](super::ClientSession::not_secured); until then the session
    /// takes no octets.
    StartTls,
    /// The server takes transactions from now on.
    Ready(Capabilities),
    /// The server has answered RCPT. What becomes of the recipient is told by `TransactionDone`.
    RecipientAnswered {
        /// Which transaction, counted from 0 in the order in which they were given.
        transaction: usize,
        /// Which of its recipients.
        index: usize,
        /// The reply.
        reply: Reply,
    },
    /// A transaction has ended, well or not. Told once for each that was begun.
    TransactionDone {
        /// Which, counted from 0 in the order in which they were given.
        transaction: usize,
        /// What became of each recipient, in their order.
        outcomes: Vec<Outcome>,
    },
    /// The session is of no further use. The connection is closed, or will be after QUIT.
    Failed {
        /// What was awaited.
        stage: Stage,
        /// What came instead.
        failure: Failure,
        /// The transactions that were not begun.
        unsent: Vec<Transaction>,
    },
    /// QUIT was said and the connection is closed, with everything done.
    Finished,
}

/// Where in a session something happened: what the client was waiting for an answer to.
///
/// `Display` is for use as in `host said: 550 ... (in reply to RCPT TO command)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The connection itself.
    Greeting,
    /// EHLO.
    Ehlo,
    /// HELO, after EHLO was refused.
    Helo,
    /// LHLO, which LMTP has in place of EHLO (RFC 2033 §4.1).
    Lhlo,
    /// STARTTLS, or the handshake after it.
    StartTls,
    /// AUTH.
    Auth,
    /// Nothing: there was no transaction.
    Idle,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// A part of the text that is not the last (RFC 3030).
    Bdat,
    /// The dot that ends the text, or the last part of the text.
    EndOfData,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Greeting => "connection",
            Stage::Ehlo => "EHLO",
            Stage::Helo => "HELO",
            Stage::Lhlo => "LHLO",
            Stage::StartTls => "STARTTLS",
            Stage::Auth => "AUTH",
            Stage::Idle => "no",
            Stage::Mail => "MAIL FROM",
            Stage::Rcpt => "RCPT TO",
            Stage::Data => "DATA",
            Stage::Bdat => "BDAT",
            Stage::EndOfData => "end of DATA",
            Stage::Rset => "RSET",
            Stage::Quit => "QUIT",
        })
    }
}

impl Stage {
    /// What the client is doing at this stage, as Postfix's log words it.
    fn doing(self) -> &'static str {
        match self {
            Stage::Greeting => "receiving the initial server greeting",
            Stage::Ehlo => "performing the EHLO handshake",
            Stage::Helo => "performing the HELO handshake",
            Stage::Lhlo => "performing the LHLO handshake",
            Stage::StartTls => "sending STARTTLS",
            Stage::Auth => "performing AUTH",
            Stage::Idle => "idle",
            Stage::Mail => "sending MAIL FROM",
            Stage::Rcpt => "sending RCPT TO",
            Stage::Data => "sending DATA command",
            Stage::Bdat => "sending message body",
            Stage::EndOfData => "sending end of data -- message may be sent more than once",
            Stage::Rset => "sending RSET",
            Stage::Quit => "sending QUIT command",
        }
    }
}

/// What became of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server has taken responsibility for the message.
    Delivered {
        /// Its reply to the end of the data.
        reply: Reply,
        /// Whether it offers DSN, so that it was told what reports the sender wants and writes
        /// them itself. If not, who asked for a report of success is told `relayed` by the owner
        /// (RFC 3461 §5.2.2).
        dsn: bool,
    },
    /// The server refused: for now with 4yz, for good with 5yz.
    Refused {
        /// What it refused. Before [`Stage::Rcpt`], and after it, that holds for all recipients
        /// that were left.
        stage: Stage,
        /// Its reply.
        reply: Reply,
    },
    /// No answer came that settles it. To be tried again.
    Unanswered {
        /// What was awaited. At [`Stage::EndOfData`] the message may have been delivered, and
        /// trying again may deliver it twice (RFC 1047).
        stage: Stage,
        /// What came instead.
        failure: Failure,
    },
    /// The message cannot be sent to this server, by what the server offers. Nothing was sent.
    Unsendable {
        /// 5.3.4 when the message is too large, 5.6.3 when it has 8-bit text, 5.6.7 when it needs
        /// SMTPUTF8.
        status: EnhancedStatus,
        /// Why, in words; the name of the server may follow them.
        text: String,
    },
}

impl Outcome {
    /// Whether the server has taken the message for this recipient.
    pub fn is_delivered(&self) -> bool {
        matches!(self, Outcome::Delivered { .. })
    }

    /// Whether trying again is of no use: the recipient is to be bounced. 552 to RCPT is
    /// transient, as 452, where no enhanced status code says why.
    pub fn is_permanent(&self) -> bool {
        match self {
            Outcome::Delivered { .. } | Outcome::Unanswered { .. } => false,
            Outcome::Refused { stage, reply } => {
                reply.is_permanent() && !is_too_many_recipients(*stage, reply)
            }
            Outcome::Unsendable { .. } => true,
        }
    }

    /// Whether to try again later.
    pub fn is_transient(&self) -> bool {
        !self.is_delivered() && !self.is_permanent()
    }

    /// Whether the answer to the end of the data was lost, so that nobody knows.
    pub fn may_be_delivered(&self) -> bool {
        matches!(self, Outcome::Unanswered { stage: Stage::EndOfData, .. })
    }

    /// The command that decided. `None` for what was not sent.
    pub fn stage(&self) -> Option<Stage> {
        match self {
            Outcome::Delivered { .. } => Some(Stage::EndOfData),
            Outcome::Refused { stage, .. } | Outcome::Unanswered { stage, .. } => Some(*stage),
            Outcome::Unsendable { .. } => None,
        }
    }

    /// The server's reply that decided, for Diagnostic-Code (RFC 3464 §2.3.6).
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Outcome::Delivered { reply, .. } | Outcome::Refused { reply, .. } => Some(reply),
            Outcome::Unanswered { failure, .. } => failure.reply(),
            Outcome::Unsendable { .. } => None,
        }
    }

    /// The status for a report: the server's, or one made from what happened.
    pub fn status(&self) -> EnhancedStatus {
        match self {
            Outcome::Refused { stage, reply } if is_too_many_recipients(*stage, reply) => {
                let status = reply.status().unwrap_or(EnhancedStatus::new(4, 5, 3));
                EnhancedStatus::new(4, status.subject(), status.detail())
            }
            Outcome::Delivered { reply, .. } | Outcome::Refused { reply, .. } => {
                reply.status().unwrap_or(EnhancedStatus::new(4, 5, 0))
            }
            Outcome::Unanswered { failure, .. } => failure.status(),
            Outcome::Unsendable { status, .. } => *status,
        }
    }
}

/// 552 here is an old misprint for 452, so temporary (RFC 5321 §4.5.3.1.10), unless an enhanced status
/// code says that it means something else: the mailbox is full.
fn is_too_many_recipients(stage: Stage, reply: &Reply) -> bool {
    let means_that = |status: EnhancedStatus| (status.subject(), status.detail()) == (5, 3);
    stage == Stage::Rcpt && reply.code() == 552 && reply.enhanced().is_none_or(means_that)
}

/// Why a session cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server refused, at a place where nothing can be sent without its consent; or it said
    /// 421, which it may anywhere (RFC 5321 §3.8).
    Refused(Reply),
    /// The connection was closed or lost.
    Eof,
    /// The answer did not come in time.
    TimedOut,
    /// The server's octets are no reply.
    Malformed(ReplyError),
    /// The reply makes no sense where it came.
    Unexpected(Reply),
    /// There are credentials, and the server offers no mechanism that could use them, or none that
    /// may be used without TLS.
    NoMechanism,
    /// TLS is required, and the server does not offer it.
    TlsNotOffered,
    /// The server offered TLS, and the handshake failed: why.
    Handshake(String),
}

impl Failure {
    /// The server's reply, where there was one.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Failure::Refused(reply) | Failure::Unexpected(reply) => Some(reply),
            Failure::Eof
            | Failure::TimedOut
            | Failure::Malformed(_)
            | Failure::NoMechanism
            | Failure::TlsNotOffered
            | Failure::Handshake(_) => None,
        }
    }

    /// The status for a report (RFC 3463).
    pub fn status(&self) -> EnhancedStatus {
        match self {
            Failure::Refused(reply) => reply.status().unwrap_or(EnhancedStatus::new(4, 5, 0)),
            Failure::Eof | Failure::TimedOut => EnhancedStatus::new(4, 4, 2),
            Failure::Malformed(_) | Failure::Unexpected(_) => EnhancedStatus::new(4, 5, 0),
            Failure::NoMechanism => EnhancedStatus::new(4, 7, 0),
            Failure::TlsNotOffered => EnhancedStatus::new(4, 7, 4),
            Failure::Handshake(_) => EnhancedStatus::new(4, 7, 5),
        }
    }

    /// What happened at `stage` of a session with `peer`, a host with its address, in Postfix's
    /// words.
    pub fn describe(&self, stage: Stage, peer: &str) -> String {
        match (self, stage) {
            (
                Failure::Refused(reply),
                Stage::Greeting | Stage::Ehlo | Stage::Helo | Stage::Lhlo,
            ) => {
                format!("host {peer} refused to talk to me: {reply}")
            }
            (Failure::Refused(reply), Stage::StartTls) => {
                format!("TLS is required, but host {peer} refused to start TLS: {reply}")
            }
            (Failure::Refused(reply), Stage::Auth) => {
                format!("SASL authentication failed; server {peer} said: {reply}")
            }
            (Failure::Refused(reply), _) => {
                format!("host {peer} said: {reply} (in reply to {stage} command)")
            }
            (Failure::Eof, _) => format!("lost connection with {peer} while {}", stage.doing()),
            (Failure::TimedOut, _) => {
                format!("conversation with {peer} timed out while {}", stage.doing())
            }
            (Failure::Malformed(_) | Failure::Unexpected(_), _) => {
                format!("protocol error with {peer} while {}: {self}", stage.doing())
            }
            (Failure::NoMechanism, _) => {
                format!("SASL authentication failed; cannot authenticate to server {peer}: {self}")
            }
            (Failure::TlsNotOffered, _) => format!("{self} by host {peer}"),
            (Failure::Handshake(_), _) => self.to_string(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(reply) => write!(f, "{reply}"),
            Failure::Eof => f.write_str("lost connection"),
            Failure::TimedOut => f.write_str("timed out"),
            Failure::Malformed(error) => write!(f, "{error}"),
            Failure::Unexpected(reply) => write!(f, "unexpected reply: {reply}"),
            Failure::NoMechanism => f.write_str("no mechanism available"),
            Failure::TlsNotOffered => f.write_str("TLS is required, but was not offered"),
            Failure::Handshake(why) => write!(f, "Cannot start TLS: handshake failure: {why}"),
        }
    }
}
