//! What expectations are checked against, gathered once for all.

use std::cell::OnceCell;

use bytes::Bytes;

use crate::proto::imap::{MailboxName, Message as Stored};
use crate::proto::mail::Header;
use crate::report::summary::{self, Summary};
use crate::report::transcript::{Entry, Protocol, Transcript};
use crate::scenario::Plan;
use crate::scenario::plan::{Content, Mail};
use crate::store::mailbox::{MailStore, Mailbox};
use crate::world::World;

/// A run and its plan.
pub(super) struct Evidence<'w> {
    pub(super) plan: &'w Plan,
    pub(super) world: &'w World,
    pub(super) summary: Summary,
    /// DNS queries and SMTP replies; made when first asked for.
    wire: OnceCell<Vec<Entry<'w>>>,
}

impl<'w> Evidence<'w> {
    pub(super) fn new(plan: &'w Plan, world: &'w World) -> Self {
        Evidence { plan, world, summary: Summary::new(world), wire: OnceCell::new() }
    }

    /// What crossed the network, of those kinds of which there are expectations.
    pub(super) fn wire(&self) -> &[Entry<'w>] {
        self.wire.get_or_init(|| {
            Transcript::new(self.world)
                .protocol(Protocol::Dns)
                .protocol(Protocol::Smtp)
                .entries()
                .filter(|entry| matches!(entry.kind, "query" | "reply"))
                .collect()
        })
    }

    /// The users in whose mailboxes mail for an address comes to lie; itself, where there is none.
    pub(super) fn users(&self, address: &str) -> Vec<String> {
        let readers = self.plan.readers(address);
        let users: Vec<_> = readers.iter().map(|user| user.address.to_ascii_lowercase()).collect();
        if users.is_empty() { vec![address.to_ascii_lowercase()] } else { users }
    }

    /// The mailboxes on the host where the user has one.
    pub(super) fn store(&self, user: &str) -> Option<&'w MailStore> {
        let (_, domain) = self.plan.domain_of(user)?;
        let node = self.world.node(domain.mailbox_host.as_deref()?)?;
        self.world.disk(node)?.mail_if_any()
    }

    /// A mailbox of a user.
    pub(super) fn mailbox(&self, user: &str, name: &str) -> Option<&'w Mailbox> {
        let store = self.store(user)?;
        store.mailbox_named(store.account_of(user)?, &MailboxName::new(name).ok()?)
    }

    /// All messages in all mailboxes of a user.
    pub(super) fn messages_of(&self, user: &str) -> Vec<&'w Stored> {
        let Some((store, account)) =
            self.store(user).and_then(|store| Some((store, store.account_of(user)?)))
        else {
            return Vec::new();
        };
        let account = store.account(account);
        account
            .names(MailStore::DEFAULT_SEPARATOR)
            .filter_map(|listed| account.find(listed.name).ok())
            .filter_map(|id| store.mailbox(id))
            .flat_map(Mailbox::messages)
            .collect()
    }

    /// The mail of that id.
    pub(super) fn mail(&self, id: &str) -> Wanted<'w> {
        Wanted { mail: self.plan.mails.get(id) }
    }

    /// What became of the mail of that id. One without a Message-ID cannot be followed.
    pub(super) fn followed(&self, id: &str) -> Option<&summary::Message> {
        self.summary.message(self.plan.mails.get(id)?.message_id.as_deref()?)
    }
}

/// A mail of the plan, to be recognized.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'w> {
    mail: Option<&'w Mail>,
}

impl<'w> Wanted<'w> {
    /// The octets that were sent, if the plan knows them.
    pub(super) fn octets(self) -> Option<&'w Bytes> {
        match &self.mail?.content {
            Content::File { octets, .. } => Some(octets),
            Content::Composed { .. } => None,
        }
    }

    pub(super) fn message_id(self) -> Option<&'w str> {
        self.mail?.message_id.as_deref()
    }

    /// Whether a stored message is this one: by its Message-ID, or without one by its octets.
    pub(super) fn is(self, data: &[u8]) -> bool {
        match (self.message_id(), self.octets()) {
            (Some(wanted), _) => Header::new(data)
                .text("Message-ID")
                .is_some_and(|message_id| message_id.trim() == wanted),
            (None, Some(octets)) => data.ends_with(octets),
            (None, None) => false,
        }
    }
}
