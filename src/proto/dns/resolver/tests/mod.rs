//! The resolver against a small Internet of scripted name servers.

mod chains;
mod client;
mod net;
mod servers;
mod walks;
