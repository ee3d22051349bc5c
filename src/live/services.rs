//! The services that a world offers, by the ports at which its hosts listen.

use std::net::{IpAddr, SocketAddr};

use crate::world::{Port, Transport, World};

/// A port at which a simulated host listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The host's name.
    pub host: String,
    /// The port.
    pub port: Port,
    /// The host's first address.
    pub address: IpAddr,
}

impl Listed {
    /// Its address and port.
    pub fn simulated(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port.number)
    }

    /// What is spoken there.
    pub fn service(&self) -> &'static str {
        service_name(self.port)
    }
}

/// What is spoken at a port, in the words of IANA's registry; its transport where that is not known.
pub fn service_name(port: Port) -> &'static str {
    match (port.number, port.transport) {
        (53, _) => "dns",
        (24, Transport::Tcp) => "lmtp",
        (25, Transport::Tcp) => "smtp",
        (110, Transport::Tcp) => "pop3",
        (143, Transport::Tcp) => "imap",
        (465, Transport::Tcp) => "submissions",
        (587, Transport::Tcp) => "submission",
        (993, Transport::Tcp) => "imaps",
        (995, Transport::Tcp) => "pop3s",
        (_, Transport::Tcp) => "tcp",
        (_, Transport::Udp) => "udp",
    }
}

/// Every listening port of a world that has started, by host in the order of the plan, then by number,
/// UDP before TCP.
pub(super) fn listed(world: &World) -> Vec<Listed> {
    let mut all = Vec::new();
    for host in world.hosts() {
        let Some(address) = world.addresses(host).first().copied() else { continue };
        let mut ports = world.ports(host);
        ports.sort_by_key(|port| (port.number, port.transport));
        let name = world.name(host);
        all.extend(ports.into_iter().map(|port| Listed { host: name.to_owned(), port, address }));
    }
    all
}
