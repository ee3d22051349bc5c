//! The name of a client's address, and whether it leads back to it (Postfix's
//! `reject_unknown_reverse_client_hostname` and `reject_unknown_client_hostname`).

use std::fmt::Write;
use std::net::IpAddr;

use crate::actors::mta::config::ReverseDns;
use crate::actors::reach;
use crate::proto::dns::{Name, RecordData, RecordType};

use super::Finding;
use super::turn::{Answers, Turn, Wait};

/// What the DNS says of a client's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientName {
    /// It has no name, or nobody answered.
    None,
    /// It has this name, which does not lead back to it.
    Unconfirmed(Name),
    /// It has this name, which leads back to it.
    Confirmed(Name),
}

impl ClientName {
    /// As Postfix writes it: a name that is confirmed, else `unknown`.
    pub(crate) fn text(&self) -> String {
        match self {
            ClientName::Confirmed(name) => name.without_dot().to_string(),
            ClientName::None | ClientName::Unconfirmed(_) => "unknown".to_owned(),
        }
    }
}

/// Looks up the name of the client, before the greeting.
pub(super) fn name(turn: &mut Turn<'_>) -> Result<Finding, Wait> {
    let name = look_up(turn.client, turn.answers)?;
    let words = match &name {
        ClientName::None => "unknown".to_owned(),
        ClientName::Unconfirmed(name) => {
            format!("{}, which does not lead back", name.without_dot())
        }
        ClientName::Confirmed(name) => name.without_dot().to_string(),
    };
    *turn.client_name = Some(name);
    Ok(Finding::pass(words))
}

fn look_up(client: IpAddr, answers: &Answers) -> Result<ClientName, Wait> {
    let pointer = answers.get(&reverse_name(client), RecordType::Ptr)?;
    let name = pointer.as_ref().ok().and_then(|answer| {
        answer.records.iter().find_map(|record| match &record.data {
            RecordData::Ptr(name) => Some(name.clone()),
            _ => None,
        })
    });
    let Some(name) = name else { return Ok(ClientName::None) };
    let rtype = if client.is_ipv4() { RecordType::A } else { RecordType::Aaaa };
    let forward = answers.get(&name, rtype)?;
    let leads_back = forward
        .as_ref()
        .is_ok_and(|answer| reach::addresses(answer).any(|address| address == client));
    Ok(if leads_back { ClientName::Confirmed(name) } else { ClientName::Unconfirmed(name) })
}

/// Whether the name is good enough.
pub(super) fn judge(turn: &Turn<'_>) -> Finding {
    let wanted = turn.config.clients.reverse_dns;
    let missing = match turn.client_name {
        Some(ClientName::Confirmed(_)) => return Finding::pass("confirmed"),
        Some(ClientName::Unconfirmed(_)) if wanted < ReverseDns::Confirmed => {
            return Finding::pass("there is one");
        }
        Some(ClientName::Unconfirmed(_)) => "hostname",
        _ if wanted < ReverseDns::Known => return Finding::pass("not wanted"),
        _ if wanted == ReverseDns::Known => "reverse hostname",
        _ => "hostname",
    };
    let rule = match missing {
        "hostname" => "the client's address has no name that leads back to it",
        _ => "the client's address has no name",
    };
    let text = format!("Client host rejected: cannot find your {missing}, [{}]", turn.client);
    Finding::refuse(rule, 450, (4, 7, 25), text)
}

/// The name under which an address is looked up in `zone`: its octets, or for IPv6 its nibbles,
/// the last first (RFC 1035 §3.5, RFC 3596 §2.5, RFC 5782 §2.1).
pub(super) fn reversed(address: IpAddr, zone: &str) -> String {
    let mut text = String::new();
    match address {
        IpAddr::V4(address) => {
            for octet in address.octets().iter().rev() {
                let _ = write!(text, "{octet}.");
            }
        }
        IpAddr::V6(address) => {
            for octet in address.octets().iter().rev() {
                let _ = write!(text, "{:x}.{:x}.", octet & 15, octet >> 4);
            }
        }
    }
    text + zone
}

fn reverse_name(address: IpAddr) -> Name {
    let zone = if address.is_ipv4() { "in-addr.arpa." } else { "ip6.arpa." };
    reversed(address, zone).parse().expect("digits and dots are a name")
}
