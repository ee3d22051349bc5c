//! The network below the protocols: addresses, links, routes, datagrams and TCP.

pub mod tcp;
