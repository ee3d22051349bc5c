//! The domain of the reverse-path (Postfix's `reject_non_fqdn_sender` and
//! `reject_unknown_sender_domain`).

use crate::proto::dns::{Name, RecordData, RecordType};
use crate::proto::idna;

use super::Finding;
use super::domain::{self, Existence};
use super::turn::{Turn, Wait};

pub(super) fn judge(turn: &Turn<'_>) -> Result<Finding, Wait> {
    let wanted = turn.config.clients.sender;
    let Some(sender) = turn.sender.and_then(|from| from.mailbox()) else {
        return Ok(Finding::pass("null"));
    };
    let refuse = |rule: &'static str, code, status, why: &str| {
        let text = format!("<{sender}>: Sender address rejected: {why}");
        Ok(Finding::refuse(rule, code, status, text))
    };
    if sender.address_literal().is_some() {
        return Ok(Finding::pass("at an address"));
    }
    if wanted.qualified && !domain::is_qualified(sender.domain()) {
        let rule = "the domain of a sender is a whole name";
        return refuse(rule, 504, (5, 5, 2), "need fully-qualified address");
    }
    if !wanted.known || turn.config.domain(sender.domain()).is_some() {
        return Ok(Finding::pass("well-formed"));
    }
    let name = idna::to_ascii(sender.domain()).and_then(|name| name.parse::<Name>().ok());
    let Some(name) = name else {
        return refuse("the sender's domain is unknown", 450, (4, 1, 8), "Domain not found");
    };
    if let Ok(answer) = turn.answers.get(&name, RecordType::Mx)?
        && let [one] = answer.records.as_slice()
        && matches!(&one.data, RecordData::Mx { exchange, .. } if exchange.is_root())
    {
        // RFC 7505 §4.2: who takes no mail sends none.
        let why = "Domain does not accept mail (nullMX)";
        return refuse("the sender's domain takes no mail", 550, (5, 7, 27), why);
    }
    match domain::exists(turn.answers, &name, &[RecordType::Mx, RecordType::A, RecordType::Aaaa])? {
        Existence::Yes => Ok(Finding::pass("known")),
        Existence::No => {
            refuse("the sender's domain is unknown", 450, (4, 1, 8), "Domain not found")
        }
        Existence::Unknown(_) => {
            let rule = "the sender's domain cannot be looked up";
            refuse(rule, 450, (4, 1, 8), "Domain not found")
        }
    }
}
