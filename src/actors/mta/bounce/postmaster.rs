//! Notices to the postmaster of the host.

use crate::actors::mta::config::MtaConfig;
use crate::actors::mta::owner::{Owner, owner};
use crate::engine::UnixTime;
use crate::proto::smtp::Mailbox;

/// The address of the postmaster: of the domain that the host belongs to, where that has one.
pub(super) fn address(config: &MtaConfig, date: UnixTime) -> Option<Mailbox> {
    let name = config.own_domain();
    let domain = config.domain(name)?;
    let address = format!("{POSTMASTER}@{name}").parse();
    let address = address.expect("a domain of the configuration is one by RFC 5321");
    (!matches!(owner(domain, &address, date), Owner::Nobody(_))).then_some(address)
}

/// Whom notices to the postmaster are from: an address at which nobody is, and of which this host
/// knows that what comes back is not to go out again (Postfix's `double_bounce_sender`).
pub(super) fn double_bounce(config: &MtaConfig) -> Mailbox {
    let address = format!("double-bounce@{}", config.hostname).parse();
    address.expect("a host name of the configuration is a domain by RFC 5321")
}

/// Whether that is the sender of this host's notices to its postmaster.
pub(super) fn is_double_bounce(sender: &Mailbox, config: &MtaConfig) -> bool {
    *sender == double_bounce(config)
}

const POSTMASTER: &str = "postmaster";
