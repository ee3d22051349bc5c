//! What is known of a host, a domain and a zone while the plan is made.

use std::net::IpAddr;
use std::sync::Arc;

use super::authentication::Published;
use super::generated::Membership;
use crate::actors::load::population::DomainId;
use crate::actors::mta::config::{Limits, NextHop, NotifyClasses, TransportTable};
use crate::proto::dkim::Signer;
use crate::proto::dns::{Name, Record};
use crate::scenario::finding::Path;
use crate::scenario::format;
use crate::scenario::plan::Client;
use crate::store::queue::RetrySchedule;

/// A host in the making.
#[derive(Debug)]
pub(super) struct Draft<'s> {
    /// What in the file made it, for findings.
    pub(super) path: Path<'s>,
    /// The domain whose defaults it has.
    pub(super) domain: Option<String>,
    /// Where its addresses come from if it names none.
    pub(super) pool: Pool,
    /// Its entry under `hosts`.
    pub(super) explicit: Option<&'s format::Host>,
    /// Addresses of the root hints, and later those of every host.
    pub(super) addresses: Vec<IpAddr>,
    /// Keys of the zones it serves, if it is a name server.
    pub(super) name_server: Option<Vec<String>>,
    /// Keys of the zones it answers from, if it is a resolver.
    pub(super) resolver: Option<Vec<String>>,
    /// Whether it asks itself before any other resolver.
    pub(super) asks_itself: bool,
    pub(super) mta: Option<MtaDraft>,
    pub(super) mailbox_server: Option<MailboxDraft>,
    pub(super) clients: Vec<Client>,
    /// The generated domain whose users write here.
    pub(super) load: Option<DomainId>,
}

impl<'s> Draft<'s> {
    pub(super) fn new(path: Path<'s>, domain: Option<String>, pool: Pool) -> Self {
        Draft {
            path,
            domain,
            pool,
            explicit: None,
            addresses: Vec::new(),
            name_server: None,
            resolver: None,
            asks_itself: false,
            mta: None,
            mailbox_server: None,
            clients: Vec::new(),
            load: None,
        }
    }
}

/// Which block of addresses a host gets one from. One for each kind of host, so that adding one
/// kind moves no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pool {
    /// Root and TLD servers.
    Infrastructure,
    /// Servers of domains.
    Servers,
    /// Devices of users.
    Devices,
    /// Hosts of the explicit form.
    Others,
}

/// An MTA in the making. Domains by name.
#[derive(Debug, Default)]
pub(super) struct MtaDraft {
    pub(super) smtp: bool,
    pub(super) lmtp: bool,
    pub(super) submission: Vec<String>,
    pub(super) deliver: Vec<String>,
    pub(super) relay: Vec<String>,
    pub(super) relay_domains: Vec<String>,
    pub(super) smart_host: Option<NextHop>,
    pub(super) transports: TransportTable,
    pub(super) limits: Limits,
    pub(super) size_limit: Option<u64>,
    pub(super) smtputf8: Option<bool>,
    pub(super) notify: Option<NotifyClasses>,
    pub(super) retry: Option<RetrySchedule>,
}

/// A mailbox server in the making. Domains by name.
#[derive(Debug)]
pub(super) struct MailboxDraft {
    pub(super) domains: Vec<String>,
    pub(super) imap: bool,
    pub(super) pop3: bool,
    pub(super) connections: Option<usize>,
}

/// A mail domain in the making.
#[derive(Debug)]
pub(super) struct DomainDraft<'s> {
    pub(super) path: Path<'s>,
    /// Its name as addresses have it: in lower case, and beyond ASCII where it is written so.
    pub(super) mail_name: String,
    pub(super) format: &'s format::Domain,
    /// Who serves it; `None`: the explicit form says so.
    pub(super) roles: Option<Roles>,
    /// What its mail is signed with.
    pub(super) signers: Vec<Arc<Signer>>,
    /// What it is if it is generated.
    pub(super) generated: Option<Membership<'s>>,
}

/// The hosts that serve a domain, by full name.
#[derive(Debug, Default)]
pub(super) struct Roles {
    pub(super) border: Vec<String>,
    pub(super) mailbox: String,
    pub(super) submission: String,
    pub(super) name_servers: Vec<String>,
    pub(super) backup_mx: Vec<String>,
    pub(super) resolver: String,
}

impl Roles {
    /// Whether anybody serves its mail.
    pub(super) fn has_mail(&self) -> bool {
        !self.mailbox.is_empty()
    }

    /// Whether mail goes from a border MTA to another host.
    pub(super) fn has_inner_way(&self) -> bool {
        self.has_mail() && !self.border.contains(&self.mailbox)
    }
}

/// A zone in the making.
#[derive(Debug)]
pub(super) struct ZoneDraft<'s> {
    pub(super) path: Path<'s>,
    pub(super) name: Name,
    /// Its entry under `zones`.
    pub(super) explicit: Option<&'s format::Zone>,
    /// The hosts that serve it.
    pub(super) servers: Vec<String>,
    /// The host that others fetch it from.
    pub(super) primary: Option<String>,
    /// The hosts that fetch it from there.
    pub(super) secondaries: Vec<String>,
    pub(super) inner: bool,
    /// Where the apex's only MX points, in the inner view that a domain makes.
    pub(super) inner_mx: Option<String>,
    /// Whether the records of hosts whose names are in it are put into it.
    pub(super) takes_hosts: bool,
    pub(super) ttl_secs: u32,
    /// What the short form says.
    pub(super) made: Vec<Record>,
    /// What domains publish about mail in their names.
    pub(super) published: Vec<Published<'s>>,
}
