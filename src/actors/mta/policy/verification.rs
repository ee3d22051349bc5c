//! Recipients of relayed domains are asked for at the next hop, by a probe that ends after RCPT
//! (Postfix's `reject_unverified_recipient`).
//!
//! The client waits for the answer for a while; what was found out is remembered.
//!
//! Not modelled: a memory that survives a crash (`address_verify_map`), and a renewal before it runs
//! out (`address_verify_positive_refresh_time`).

use std::collections::BTreeMap;

use crate::actors::mta::config::Verification;
use crate::engine::SimTime;
use crate::proto::smtp::Mailbox;
use crate::store::queue::Trouble;

use super::Finding;
use super::turn::{Turn, Wait};

/// What is known of recipients at other hosts.
#[derive(Debug, Default)]
pub(crate) struct Verified {
    by_address: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    at: SimTime,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The next hop is being asked.
    Probing,
    /// It would take mail.
    Exists,
    /// It would not, now or ever.
    Refused(Trouble),
}

/// How many recipients are remembered.
const MOST_RECIPIENTS: usize = 100_000;

impl Verified {
    /// The next hop has said this of a recipient.
    pub(crate) fn insert(&mut self, address: &Mailbox, now: SimTime, found: Result<(), Trouble>) {
        let state = match found {
            Ok(()) => State::Exists,
            Err(trouble) => State::Refused(trouble),
        };
        self.by_address.insert(key(address), Entry { at: now, state });
    }

    /// The entry of a recipient, unless it has run out.
    fn get(&self, address: &Mailbox, now: SimTime, settings: &Verification) -> Option<&Entry> {
        let entry = self.by_address.get(&key(address))?;
        let age = now.since(entry.at);
        let lives = match &entry.state {
            State::Probing => true,
            State::Exists => age <= settings.positive_expire,
            State::Refused(trouble) if trouble.is_permanent() => age <= settings.negative_expire,
            // It may be otherwise when the client comes back.
            State::Refused(_) => age <= settings.patience,
        };
        lives.then_some(entry)
    }

    /// Begins to ask for a recipient.
    fn begin(&mut self, address: &Mailbox, now: SimTime) {
        if self.by_address.len() >= MOST_RECIPIENTS {
            self.by_address.retain(|_, entry| matches!(entry.state, State::Probing));
        }
        self.by_address.insert(key(address), Entry { at: now, state: State::Probing });
    }
}

fn key(address: &Mailbox) -> String {
    address.as_str().to_ascii_lowercase()
}

pub(super) fn judge(turn: &mut Turn<'_>) -> Result<Finding, Wait> {
    let Some(to) = turn.recipient else { return Ok(Finding::pass("nobody to send to")) };
    let domain = turn.config.domain(to.domain());
    let Some(settings) = domain.and_then(|domain| domain.verification.as_ref()) else {
        return Ok(Finding::pass("not for this domain"));
    };
    if turn.is_inside() {
        return Ok(Finding::pass("from inside"));
    }
    let refuse = |rule: &'static str, code: u16, why: &str| {
        let status = if code >= 500 { (5, 1, 1) } else { (4, 1, 1) };
        let text = format!("<{to}>: Recipient address rejected: {why}");
        Ok(Finding::refuse(rule, code, status, text))
    };
    let Some(entry) = turn.verified.get(to, turn.now, settings) else {
        turn.verified.begin(to, turn.now);
        let until = turn.now + settings.patience;
        return Err(Wait::Probe { address: to.clone(), until, begin: true });
    };
    match &entry.state {
        State::Exists => Ok(Finding::pass("the next hop takes it")),
        State::Refused(trouble) if trouble.is_permanent() => {
            let why = format!("undeliverable address: {}", trouble.reason);
            refuse("the next hop knows no such user", settings.reject_code, &why)
        }
        State::Refused(trouble) => {
            let why = format!("unverified address: {}", trouble.reason);
            refuse("the next hop could not say who exists", 450, &why)
        }
        State::Probing => {
            let until = entry.at + settings.patience;
            if turn.now < until {
                return Err(Wait::Probe { address: to.clone(), until, begin: false });
            }
            let why = "unverified address: Address verification in progress";
            refuse("the next hop has not said yet who exists", 450, why)
        }
    }
}
