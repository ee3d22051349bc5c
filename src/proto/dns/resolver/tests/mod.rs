//! The resolver against a small Internet of scripted name servers.

mod answers;
mod chains;
mod chaos;
mod client;
mod forward;
mod minimise;
mod net;
mod servers;
mod walks;
