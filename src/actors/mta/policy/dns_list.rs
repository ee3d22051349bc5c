//! Lists of clients in the DNS (RFC 5782): those that are blocked and those that are let in
//! (Postfix's `reject_rbl_client` and `permit_dnswl_client`).
//!
//! A list that does not answer lists nobody, as in Postfix.

use std::net::Ipv4Addr;

use crate::actors::mta::config::DnsList;
use crate::actors::mta::lookup::Found;
use crate::proto::dns::{Name, RecordData, RecordType};

use super::Finding;
use super::reverse::reversed;
use super::turn::{Turn, Wait};

/// What a list says of a client.
enum Listing {
    No,
    Silent(String),
    Listed { zone: String, entry: Name, answer: Ipv4Addr },
}

/// Whether a list of good clients has the client.
pub(super) fn allow(turn: &Turn<'_>) -> Result<Finding, Wait> {
    let mut said = Vec::new();
    for listing in listings(turn, &turn.config.clients.allow_lists)? {
        match listing {
            Listing::Listed { zone, answer, .. } => {
                return Ok(Finding::permit(format!("listed by {zone} as {answer}")));
            }
            Listing::Silent(silent) => said.push(silent),
            Listing::No => {}
        }
    }
    Ok(Finding::pass(not_listed(&said)))
}

/// Whether a list of bad clients has the client.
pub(super) fn block(turn: &Turn<'_>) -> Result<Finding, Wait> {
    let mut said = Vec::new();
    for listing in listings(turn, &turn.config.clients.block_lists)? {
        match listing {
            Listing::Listed { zone, entry, answer } => {
                let texts = turn.answers.get(&entry, RecordType::Txt)?;
                let reason = texts.as_ref().ok().and_then(|answer| answer.texts().next());
                let reason = reason.map_or_else(String::new, |text| {
                    format!("; {}", String::from_utf8_lossy(&text))
                });
                let text = format!(
                    "Service unavailable; Client host [{}] blocked using {zone}{reason}",
                    turn.client
                );
                let rule = format!("{zone} lists the client as {answer}");
                return Ok(Finding::refuse(rule, 554, (5, 7, 1), text));
            }
            Listing::Silent(silent) => said.push(silent),
            Listing::No => {}
        }
    }
    Ok(Finding::pass(not_listed(&said)))
}

/// What each list says; all are asked at once.
fn listings(turn: &Turn<'_>, lists: &[DnsList]) -> Result<Vec<Listing>, Wait> {
    let mut found = Vec::with_capacity(lists.len());
    let mut missing = Vec::new();
    for list in lists {
        let text = reversed(turn.client, &list.zone.to_string());
        // A zone whose name is too long to be asked for has nobody on it.
        let Ok(entry) = text.parse::<Name>() else { continue };
        match turn.answers.get(&entry, RecordType::A) {
            Ok(answer) => found.push(listing(list, entry, answer)),
            Err(Wait::Dns(lookups)) => missing.extend(lookups),
            Err(other @ Wait::Probe { .. }) => return Err(other),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(Wait::Dns(missing)) }
}

fn listing(list: &DnsList, entry: Name, found: &Found) -> Listing {
    let zone = list.zone.without_dot().to_string();
    match found {
        Ok(answer) => {
            let mut addresses = answer.records.iter().filter_map(|record| match record.data {
                RecordData::A(address) => Some(address),
                _ => None,
            });
            let counts = |address: &Ipv4Addr| {
                list.answers.is_empty() || list.answers.iter().any(|mask| mask.matches(*address))
            };
            match addresses.find(counts) {
                Some(answer) => Listing::Listed { zone, entry, answer },
                None => Listing::No,
            }
        }
        Err(error) if error.is_temporary() => Listing::Silent(format!("{zone}: {error}")),
        Err(_) => Listing::No,
    }
}

fn not_listed(silent: &[String]) -> String {
    match silent.is_empty() {
        true => "not listed".to_owned(),
        false => format!("not listed ({})", silent.join(", ")),
    }
}
