//! Sessions joined to hosts: name server, resolver, MTA, mail server, mail client.

mod carry;
mod channel;
pub mod client;
mod dig;
pub(crate) mod dns_exchanges;
mod dns_faults;
pub(crate) mod dns_listener;
mod forger;
pub mod gateway;
pub mod load;
pub mod mail_server;
pub mod mta;
mod name_server;
mod reach;
mod resolver;
mod service;
mod spf;
mod stub;

#[cfg(test)]
mod dns_tests;

pub use client::{MailClient, MailClientConfig};
pub use dig::{Dig, DigStep};
pub use forger::{Flood, Forger};
pub use gateway::Gateway;
pub use load::{DnsLoad, MailLoad};
pub use mail_server::{MailServer, MailServerConfig};
pub use mta::{Mta, MtaConfig};
pub use name_server::{NameServer, NameServerConfig, ZoneChange};
pub use resolver::RecursiveResolver;

pub use crate::proto::dns::Network;
pub use spf::{SpfChecked, SpfChecks};
pub use stub::StubResolver;
