//! Sessions joined to hosts: name server, resolver, MTA, mail server, mail client.

mod carry;
mod dns_exchanges;
mod dns_listener;
mod name_server;
mod resolver;
mod stub;

#[cfg(test)]
mod dns_tests;

pub use name_server::NameServer;
pub use resolver::{Network, RecursiveResolver};
pub use stub::StubResolver;
