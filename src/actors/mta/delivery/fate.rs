//! What an attempt has come to for each recipient, made from what the exchange said.

use crate::proto::smtp::client::{Failure, Outcome, Stage};
use crate::proto::smtp::{EnhancedStatus, Reply};
use crate::store::queue::Trouble;

use super::super::destinations::Recipient;
use super::super::route::NoRoute;

/// What an attempt has come to for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::actors::mta) enum Fate {
    /// The next hop answers for it now.
    Relayed {
        /// The name of the host.
        remote: String,
        /// `host[address]`.
        to: String,
        /// Its reply.
        reply: Reply,
        /// Whether it offers DSN, and writes the reports that the sender wants.
        dsn: bool,
    },
    /// To be tried again.
    Deferred(Trouble),
    /// Failed for good.
    Failed(Trouble),
}

/// Fates as they become known.
pub(in crate::actors::mta) type Fates = Vec<(Recipient, Fate)>;

impl From<Trouble> for Fate {
    fn from(trouble: Trouble) -> Self {
        if trouble.is_permanent() { Fate::Failed(trouble) } else { Fate::Deferred(trouble) }
    }
}

impl From<NoRoute> for Trouble {
    fn from(none: NoRoute) -> Self {
        Trouble::local(none.status, none.reason)
    }
}

/// What an outcome of the session with `host` means for the recipient. `remote` is the host with
/// its address.
pub(super) fn of_outcome(outcome: Outcome, host: &str, remote: &str) -> Fate {
    let status = outcome.status();
    let trouble = match outcome {
        Outcome::Delivered { reply, dsn } => {
            return Fate::Relayed { remote: host.to_owned(), to: remote.to_owned(), reply, dsn };
        }
        Outcome::Refused { stage, reply } => Trouble {
            status,
            reason: format!("host {remote} said: {reply} (in reply to {stage} command)"),
            remote: Some(host.to_owned()),
            diagnostic: Some(reply),
        },
        Outcome::Unanswered { stage, failure } => of_failure(&failure, stage, host, remote),
        Outcome::Unsendable { text, .. } => Trouble::local(status, format!("{text} {remote}")),
    };
    Fate::from(trouble)
}

/// What the end of a session means for the recipients that it did not get to.
pub(super) fn of_failure(failure: &Failure, stage: Stage, host: &str, remote: &str) -> Trouble {
    let status = failure.status();
    // What ends a session says nothing for good about a message; but a host that refuses for good to
    // be greeted will not take it. Deviation: other exchanges are tried all the same, where Postfix
    // bounces at once.
    let is_final = matches!(stage, Stage::Ehlo | Stage::Helo | Stage::Lhlo)
        && failure.reply().is_some_and(Reply::is_permanent);
    let class = if is_final { 5 } else { 4 };
    Trouble {
        status: EnhancedStatus::new(class, status.subject(), status.detail()),
        reason: failure.describe(stage, remote),
        remote: Some(host.to_owned()),
        diagnostic: failure.reply().cloned(),
    }
}
