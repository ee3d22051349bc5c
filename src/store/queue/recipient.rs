//! A recipient of a queued message, and what has become of it.

use crate::proto::smtp::{EnhancedStatus, Mailbox, Notify, OriginalRecipient, Reply};

/// A recipient of a queued message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedRecipient {
    /// The address the message goes to.
    pub address: Mailbox,
    /// The address it was taken under, before aliases and forwards.
    pub taken_as: Mailbox,
    /// What the sender wants to hear (`NOTIFY`, RFC 3461 §4.1); `None`: did not say, which means
    /// failures, and delays at this host's discretion.
    pub notify: Option<Notify>,
    /// The recipient as the sender knows it (`ORCPT`, RFC 3461 §4.2); `None`: did not say.
    pub orcpt: Option<OriginalRecipient>,
    /// What has become of it so far.
    pub state: RecipientState,
}

/// What has become of a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientState {
    /// To be tried (again). The trouble of the last attempt, if there was one.
    Pending(Option<Trouble>),
    /// Put into a mailbox, handed on, or replaced by others. Its sender is told, if it asked for
    /// that, and is not told yet.
    Delivered(Delivered),
    /// Failed for good, and its sender is not told yet.
    Failed(Trouble),
    /// At its end, and its sender was told, or there is nobody to tell.
    Reported,
}

/// How a recipient was delivered: what a report calls delivered, relayed or expanded
/// (RFC 3464 §2.3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// Into a mailbox of this host.
    Mailbox,
    /// To a mailing list of this host, which sends it to its members as mail of its own.
    List,
    /// To the next hop, which answers for it now.
    Relayed {
        /// The name of the host that took it.
        remote: String,
        /// What it said at the end of the text.
        reply: Reply,
        /// Whether it offers DSN: then what the sender wants to hear was handed on with the
        /// message, and the next hop says it (RFC 3461 §5.2.2).
        dsn: bool,
        /// Whether it took it by LMTP: where it does not offer DSN as well, that was the final
        /// delivery, into a mailbox (RFC 2033).
        lmtp: bool,
    },
    /// Replaced by the addresses that an alias or a forward names: those are recipients of their
    /// own, here or of a new message.
    Expanded,
    /// Thrown away, as the configuration wants it.
    Discarded,
}

/// What went wrong with a recipient, as logs and reports tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Class 4: it may work later; class 5: it will not (RFC 3463).
    pub status: EnhancedStatus,
    /// One line in words.
    pub reason: String,
    /// The host that said so, where it was another one.
    pub remote: Option<String>,
    /// Its whole reply.
    pub diagnostic: Option<Reply>,
}

impl QueuedRecipient {
    /// A recipient that is to be tried, taken under its own address, of whom the sender said
    /// nothing else.
    pub fn new(address: Mailbox) -> Self {
        QueuedRecipient {
            taken_as: address.clone(),
            address,
            notify: None,
            orcpt: None,
            state: RecipientState::Pending(None),
        }
    }

    /// Whether the sender wants to hear of its delivery.
    pub fn wants_success(&self) -> bool {
        self.notify.is_some_and(|notify| notify.success)
    }

    /// Whether the sender wants to hear of its failure: unless told otherwise (RFC 3461 §5.2.4).
    pub fn wants_failure(&self) -> bool {
        self.notify.is_none_or(|notify| notify.failure)
    }

    /// Whether the sender wants to hear of its delay: at this host's discretion unless it said, and
    /// then as Postfix does it, yes.
    pub fn wants_delay(&self) -> bool {
        self.notify.is_none_or(|notify| notify.delay)
    }

    /// Whether nothing is left to do for it.
    pub fn is_settled(&self) -> bool {
        match &self.state {
            RecipientState::Pending(_) | RecipientState::Failed(_) => false,
            RecipientState::Delivered(how) => !(self.wants_success() && how.is_to_be_told()),
            RecipientState::Reported => true,
        }
    }
}

impl Delivered {
    /// Whether this host is the one that says so to a sender who wants to know: unless the next hop
    /// does (RFC 3461 §5.2.2).
    pub fn is_to_be_told(&self) -> bool {
        !matches!(self, Delivered::Relayed { dsn: true, .. })
    }
}

impl Trouble {
    /// Trouble that this host found itself.
    pub fn local(status: EnhancedStatus, reason: impl Into<String>) -> Self {
        Trouble { status, reason: reason.into(), remote: None, diagnostic: None }
    }

    /// Whether trying again is of no use.
    pub fn is_permanent(&self) -> bool {
        self.status.class() == 5
    }
}
