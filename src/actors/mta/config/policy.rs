//! What an MTA demands of clients that are not its own.
//!
//! Off by default, as in Postfix: what is on in `main.cf` of a fresh installation is on here.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::time::Duration;

use crate::proto::dns::{Name, Network};
use crate::proto::sasl::Mechanism;
use crate::proto::smtp::server::{Patience, Verify};
use crate::store::greylist::GreylistRules;

/// What an MTA demands of strangers, and how it tells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientPolicy {
    /// Whether what is wrong with client, HELO or sender is told at RCPT
    /// (`smtpd_delay_reject`).
    pub delay_reject: bool,
    /// How much one client may do.
    pub rates: Rates,
    /// Lists of good clients: one that is listed is asked nothing else about itself
    /// (`permit_dnswl_client`).
    pub allow_lists: Vec<DnsList>,
    /// Lists of bad clients (`reject_rbl_client`).
    pub block_lists: Vec<DnsList>,
    /// What is wanted of the name of a client's address.
    pub reverse_dns: ReverseDns,
    /// What is wanted of the argument of HELO and EHLO.
    pub helo: HeloPolicy,
    /// What is wanted of the reverse-path.
    pub sender: SenderPolicy,
    /// How many mistakes a session may make, and how slow the replies are.
    pub patience: Patience,
    /// The mechanisms of AUTH on the submission ports, in the order in which they are offered.
    pub mechanisms: Vec<Mechanism>,
    /// What VRFY and EXPN tell.
    pub verify: Verify,
}

/// How much one client may do within [`Rates::per`]; zero: as much as it likes.
///
/// Counted as Postfix's `anvil` does: from the first event on for so long, then anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    /// The time unit (`anvil_rate_time_unit`).
    pub per: Duration,
    /// Connections at once (`smtpd_client_connection_count_limit`).
    pub concurrent: u32,
    /// New connections (`smtpd_client_connection_rate_limit`).
    pub connections: u32,
    /// MAIL commands (`smtpd_client_message_rate_limit`).
    pub messages: u32,
    /// RCPT commands (`smtpd_client_recipient_rate_limit`).
    pub recipients: u32,
    /// MAIL commands of one login, from wherever.
    pub login_messages: u32,
    /// RCPT commands of one login, from wherever.
    pub login_recipients: u32,
    /// Clients that are not counted, beside the own servers
    /// (`smtpd_client_event_limit_exceptions`).
    pub exempt: Vec<Network>,
}

/// A list of addresses in the DNS (RFC 5782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsList {
    /// The zone.
    pub zone: Name,
    /// The answers that count, each an address with the values of its four octets; none: all.
    pub answers: Vec<AnswerMask>,
}

/// Addresses of a DNS list's answers: for each octet the first and last value that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerMask(pub [(u8, u8); 4]);

/// What is wanted of the name of a client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReverseDns {
    /// It is not looked up.
    Off,
    /// It is looked up and stands in the trace; nothing is wanted.
    Name,
    /// There is a name (`reject_unknown_reverse_client_hostname`).
    Known,
    /// There is a name, and it leads back to the address (`reject_unknown_client_hostname`).
    Confirmed,
}

/// What is wanted of the argument of HELO and EHLO. That there is one is always wanted before MAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeloPolicy {
    /// It is a domain name or an address literal (`reject_invalid_helo_hostname`).
    pub valid: bool,
    /// It has a dot (`reject_non_fqdn_helo_hostname`).
    pub qualified: bool,
    /// It has an address or an MX (`reject_unknown_helo_hostname`).
    pub known: bool,
    /// It is not this host's own name or address (a usual `check_helo_access`).
    pub foreign: bool,
}

/// What is wanted of the reverse-path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SenderPolicy {
    /// Its domain has a dot (`reject_non_fqdn_sender`).
    pub qualified: bool,
    /// Its domain has an address or an MX (`reject_unknown_sender_domain`).
    pub known: bool,
}

/// Greylisting (RFC 6647).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Greylisting {
    /// When a triplet is let in.
    pub rules: GreylistRules,
    /// Clients that are never put off.
    pub exempt: Vec<Network>,
}

/// Verification of recipients by asking the next hop (`reject_unverified_recipient`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// How long a client waits for the answer
    /// (`address_verify_poll_count` times `address_verify_poll_delay`).
    pub patience: Duration,
    /// How long it is remembered that a recipient exists (`address_verify_positive_expire_time`).
    pub positive_expire: Duration,
    /// How long it is remembered that one does not (`address_verify_negative_expire_time`).
    pub negative_expire: Duration,
    /// The reply code for a recipient that does not exist (`unverified_recipient_reject_code`).
    pub reject_code: u16,
}

/// Postfix's: 9 s, 31 days, 3 days, 450.
impl Default for Verification {
    fn default() -> Self {
        Verification {
            patience: Duration::from_secs(9),
            positive_expire: Duration::from_secs(31 * 86_400),
            negative_expire: Duration::from_secs(3 * 86_400),
            reject_code: 450,
        }
    }
}

impl Default for ClientPolicy {
    fn default() -> Self {
        ClientPolicy {
            delay_reject: true,
            rates: Rates::default(),
            allow_lists: Vec::new(),
            block_lists: Vec::new(),
            reverse_dns: ReverseDns::Off,
            helo: HeloPolicy::default(),
            sender: SenderPolicy::default(),
            patience: Patience::default(),
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            verify: Verify::Vaguely,
        }
    }
}

/// Without limits. Deviation: Postfix limits a client to 50 connections at once; a host of a
/// simulation may stand for many.
impl Default for Rates {
    fn default() -> Self {
        Rates {
            per: Duration::from_secs(60),
            concurrent: 0,
            connections: 0,
            messages: 0,
            recipients: 0,
            login_messages: 0,
            login_recipients: 0,
            exempt: Vec::new(),
        }
    }
}

impl AnswerMask {
    /// This address alone.
    pub fn only(address: Ipv4Addr) -> Self {
        AnswerMask(address.octets().map(|octet| (octet, octet)))
    }

    /// Whether the answer counts.
    pub fn matches(&self, answer: Ipv4Addr) -> bool {
        let octets = answer.octets();
        self.0.iter().zip(octets).all(|((first, last), octet)| (*first..=*last).contains(&octet))
    }
}

/// Text that is no mask of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerMaskError;

impl fmt::Display for AnswerMaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address like \"127.0.0.2\", or with ranges: \"127.0.0.[2..11]\"")
    }
}

impl std::error::Error for AnswerMaskError {}

/// As Postfix has it: `127.0.0.2`, `127.0.0.[2..11]`.
impl FromStr for AnswerMask {
    type Err = AnswerMaskError;

    fn from_str(text: &str) -> Result<Self, AnswerMaskError> {
        let mut octets = [(0, 0); 4];
        let mut rest = text;
        for (index, octet) in octets.iter_mut().enumerate() {
            if index > 0 {
                rest = rest.strip_prefix('.').ok_or(AnswerMaskError)?;
            }
            let end = match rest.strip_prefix('[') {
                Some(_) => rest.find(']').ok_or(AnswerMaskError)? + 1,
                None => rest.find('.').unwrap_or(rest.len()),
            };
            let (one, behind) = rest.split_at(end);
            let inner = one.strip_prefix('[').and_then(|one| one.strip_suffix(']'));
            let (first, last) = match inner {
                Some(range) => range.split_once("..").unwrap_or((range, range)),
                None => (one, one),
            };
            let number = |text: &str| text.parse::<u8>().map_err(|_| AnswerMaskError);
            *octet = (number(first)?, number(last)?);
            if octet.0 > octet.1 {
                return Err(AnswerMaskError);
            }
            rest = behind;
        }
        if rest.is_empty() { Ok(AnswerMask(octets)) } else { Err(AnswerMaskError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_counts_the_answers_in_its_ranges() {
        let check = |mask: &str, answer: &str| {
            mask.parse::<AnswerMask>().unwrap().matches(answer.parse().unwrap())
        };
        assert!(check("127.0.0.2", "127.0.0.2") && !check("127.0.0.2", "127.0.0.3"));
        assert!(check("127.0.0.[2..11]", "127.0.0.11") && !check("127.0.0.[2..11]", "127.0.0.12"));
        assert!(check("127.0.[0..9].[3]", "127.0.4.3"));
        for wrong in ["", "127.0.0", "127.0.0.1.2", "127.0.0.[3..2]", "127.0.0.[2", "127.0.0.256"] {
            assert_eq!(wrong.parse::<AnswerMask>(), Err(AnswerMaskError), "{wrong}");
        }
    }
}
