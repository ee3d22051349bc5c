//! Hosts and what runs on them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::domain::{AutoReply, Domain};
use super::tls::{ReadTls, SubmitTls, Tls};
use super::workload::LoadHost;
use crate::actors::client::config::Keep;
use crate::actors::mta::config::{ClientPolicy, Limits, NextHop, NotifyClasses, TransportTable};
use crate::proto::dns::resolver::ResolverConfig;
use crate::proto::sasl::Mechanism;
use crate::scenario::format::domain::ReadProtocol;
use crate::store::queue::RetrySchedule;

/// A host.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// Its full name.
    pub name: String,
    /// Its addresses; at least one, no other host has any of them.
    pub addresses: Vec<IpAddr>,
    /// The addresses of the resolvers its stub resolver asks, in order. May be empty: then nothing
    /// resolves here.
    pub resolvers: Vec<IpAddr>,
    /// How many octets of mail its disk holds; `None`: any number.
    pub disk_octets: Option<u64>,
    /// What runs on it: at most one MTA, one mailbox server, and one of name server and resolver;
    /// any number of clients.
    pub services: Vec<Service>,
}

/// What runs on a host.
#[derive(Debug, Clone, PartialEq)]
pub enum Service {
    /// Answers for zones, port 53.
    NameServer(NameServer),
    /// Resolves for others, port 53.
    Resolver(Resolver),
    /// Takes and hands on mail, ports 25, 587 and 465.
    Mta(Box<Mta>),
    /// Lets users read, ports 143 and 110, 993 and 995.
    MailboxServer(Box<MailboxServer>),
    /// A user's mail client.
    Client(Client),
    /// Clients and programs that do their part of a load.
    Load(Box<LoadHost>),
}

/// An authoritative name server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameServer {
    /// Keys of the plan's zones.
    pub zones: Vec<String>,
}

/// A recursive resolver. It starts from the plan's hints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolver {
    /// Keys of the plan's zones from which it answers itself instead of asking.
    pub zones: Vec<String>,
    /// What it keeps to. Hints and families are filled in from the plan and the host.
    pub config: Box<ResolverConfig>,
    /// The one port that it asks from; `None`: a random one for each query.
    pub port: Option<u16>,
}

/// An MTA. A recipient's domain is looked for in `deliver`, then in `relay`; anything else is taken
/// from authenticated clients alone and goes by MX, or to the smart host.
///
/// Mail for a domain of `relay` goes by MX too: the MTA's resolver sees the inner view.
#[derive(Debug, Clone, PartialEq)]
pub struct Mta {
    /// Its name in greetings and Received fields.
    pub name: String,
    /// Whether it listens on port 25.
    pub smtp: bool,
    /// Whether it listens on port 24 for LMTP.
    pub lmtp: bool,
    /// Whose users may submit on port 587; empty: it does not listen there.
    pub submission: Vec<Arc<Domain>>,
    /// Whose mail it puts into mailboxes on this host.
    pub deliver: Vec<Arc<Domain>>,
    /// Whose mail it takes from anybody and hands on by MX. Unknown users are refused at RCPT.
    pub relay: Vec<Arc<Domain>>,
    /// The domains whose mail it takes for any user and hands on, in lower case.
    pub relay_domains: Vec<String>,
    /// Who takes all mail for elsewhere.
    pub smart_host: Option<NextHop>,
    /// Where mail for particular addresses and domains goes.
    pub transports: TransportTable,
    /// How much it does at once, and in one attempt.
    pub limits: Limits,
    /// The largest message it takes, in octets.
    pub size_limit: u64,
    /// Whether it offers SMTPUTF8.
    pub smtputf8: bool,
    /// Its TLS.
    pub tls: Option<Tls>,
    /// Of which reports the postmaster hears.
    pub notify: NotifyClasses,
    /// When it tries again and gives up.
    pub retry: RetrySchedule,
    /// What it demands of strangers: what the first of its domains demands that demands anything.
    pub clients: ClientPolicy,
}

/// A mailbox server. The mailboxes are on the host's disk, where its MTA puts mail into them.
#[derive(Debug, Clone, PartialEq)]
pub struct MailboxServer {
    /// Whose users have their mailboxes here.
    pub domains: Vec<Arc<Domain>>,
    /// Whether it speaks IMAP, port 143.
    pub imap: bool,
    /// Whether it speaks POP3, port 110.
    pub pop3: bool,
    /// Its TLS.
    pub tls: Option<Tls>,
    /// The mechanisms of AUTH that it offers, in this order.
    pub mechanisms: Vec<Mechanism>,
    /// Whether it has APOP.
    pub apop: bool,
    /// The least time from one POP3 login of a user to the next.
    pub login_delay: Option<Duration>,
    /// How many clients it serves at once; `None`: as many as the server bears.
    pub connections: Option<usize>,
}

/// A mail client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// `alice@example.org/laptop`, or a key of the scenario's `clients`.
    pub name: String,
    /// The user's address; also the login.
    pub user: String,
    /// The password it gives.
    pub password: String,
    /// The name of the submission server.
    pub submit: String,
    /// The port of the submission server.
    pub submit_port: u16,
    /// Whether it submits through TLS.
    pub submit_tls: SubmitTls,
    /// How it reads.
    pub read: ReadProtocol,
    /// The name of the server it reads from.
    pub read_from: String,
    /// The port of the server it reads from.
    pub read_port: u16,
    /// Whether it reads through TLS.
    pub read_tls: ReadTls,
    /// What becomes of messages on the server once they were downloaded by POP3.
    pub keep: Keep,
    /// What it answers by itself.
    pub auto_reply: Option<AutoReply>,
}
