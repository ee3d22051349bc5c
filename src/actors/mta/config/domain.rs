//! The domains that an MTA answers for, and its users.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::proto::smtp::Mailbox;

use super::policy::{Greylisting, Verification};
use super::restriction::Restriction;

/// A domain that an MTA answers for.
#[derive(Debug, Clone)]
pub struct Domain {
    /// Into mailboxes of this host, or on to the domain's inner MX.
    pub transport: Transport,
    /// The local parts that exist, in lower case; `None`: every one is taken.
    pub users: Option<BTreeSet<String>>,
    /// Local parts, in lower case, that stand for other addresses.
    pub aliases: BTreeMap<String, Vec<Mailbox>>,
    /// From whom the domain takes mail.
    pub restriction: Restriction,
    /// The users and aliases, by local part in lower case, with a restriction of their own.
    pub restrictions: BTreeMap<String, Restriction>,
    /// Whether and how strangers are put off at first.
    pub greylist: Option<Greylisting>,
    /// Whether and how the next hop is asked who exists.
    pub verification: Option<Verification>,
    /// The automatic replies of its users, by local part in lower case.
    pub auto_replies: BTreeMap<String, AutoReply>,
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

/// An automatic reply (RFC 3834).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoReply {
    /// Its subject; `None`: made from the subject that it answers.
    pub subject: Option<String>,
    /// Its text.
    pub text: String,
    /// How long the same sender gets no second one.
    pub once_per: Duration,
}

/// A user who may submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitter {
    /// The password.
    pub password: String,
    /// The addresses the user may send from.
    pub addresses: Vec<Mailbox>,
}

impl Domain {
    /// A domain that is open to everybody.
    pub fn open(transport: Transport, users: Option<BTreeSet<String>>) -> Self {
        Domain {
            transport,
            users,
            aliases: BTreeMap::new(),
            restriction: Restriction::none(),
            restrictions: BTreeMap::new(),
            greylist: None,
            verification: None,
            auto_replies: BTreeMap::new(),
        }
    }
}
