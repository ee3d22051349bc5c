//! The domains that an MTA answers for, and what their local parts stand for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::proto::mail::srs::Srs;
use crate::proto::smtp::Mailbox;
use crate::store::mailbox::NumberedUsers;

use super::list::MailingList;
use super::local_part::split_detail;
use super::personal::Personal;
use super::policy::{Greylisting, Verification};
use super::restriction::Restriction;

/// A domain that an MTA answers for.
#[derive(Debug, Clone)]
pub struct Domain {
    /// Into mailboxes of this host, or on to the domain's inner MX.
    pub transport: Transport,
    /// The local parts that exist, in lower case; `None`: every one is taken.
    pub users: Option<BTreeSet<String>>,
    /// Those who exist by number, beside them.
    pub numbered: Option<NumberedUsers>,
    /// Local parts, in lower case, that stand for other addresses.
    pub aliases: BTreeMap<String, Vec<Mailbox>>,
    /// The mailing lists, by local part in lower case. They distribute where the mailboxes are.
    pub lists: BTreeMap<String, MailingList>,
    /// Who gets the mail for local parts that nobody has; `None`: it is refused.
    pub catch_all: Option<Mailbox>,
    /// What may follow a local part, with anything behind it, without changing whose it is
    /// (`recipient_delimiter`); `None`: nothing.
    pub delimiter: Option<char>,
    /// Whether what follows the delimiter names the mailbox, where there is one of that name
    /// (Dovecot's `lmtp_save_to_detail_mailbox`).
    pub detail_mailbox: bool,
    /// The reverse-paths of mail that is forwarded out of the domain; `None`: stay as they are.
    pub srs: Option<Arc<Srs>>,
    /// What becomes of mail for a mailbox that is full; `None`: none can be.
    pub over_quota: Option<OverQuota>,
    /// What users have asked for, by local part in lower case.
    pub personal: BTreeMap<String, Personal>,
    /// From whom the domain takes mail.
    pub restriction: Restriction,
    /// The users, aliases and lists, by local part in lower case, with a restriction of their own.
    pub restrictions: BTreeMap<String, Restriction>,
    /// Whether and how strangers are put off at first.
    pub greylist: Option<Greylisting>,
    /// Whether and how the next hop is asked who exists.
    pub verification: Option<Verification>,
}

/// Where mail for a domain goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Into the mailboxes on this host.
    Mailbox,
    /// On to the MX of the domain, as the MTA's resolver sees it: for a border MTA the inner one,
    /// for a backup the primary.
    Relay,
}

/// What becomes of mail for a mailbox that is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverQuota {
    /// It waits: `452 4.2.2` (Dovecot's `quota_full_tempfail = yes`).
    Defer,
    /// It is refused: `552 5.2.2`.
    Reject,
}

impl Domain {
    /// A domain that is open to everybody.
    pub fn open(transport: Transport, users: Option<BTreeSet<String>>) -> Self {
        Domain {
            transport,
            users,
            numbered: None,
            aliases: BTreeMap::new(),
            lists: BTreeMap::new(),
            catch_all: None,
            delimiter: None,
            detail_mailbox: false,
            srs: None,
            over_quota: None,
            personal: BTreeMap::new(),
            restriction: Restriction::none(),
            restrictions: BTreeMap::new(),
            greylist: None,
            verification: None,
        }
    }

    /// A local part without its detail, and the detail.
    pub fn split_detail<'a>(&self, local_part: &'a str) -> Option<(&'a str, &'a str)> {
        split_detail(local_part, self.delimiter)
    }
}
