//! Name servers that misbehave: rules that say which queries get a wrong answer, a late one or none.
//!
//! Not a protocol, but what goes wrong with one in the field: lame servers (RFC 1912 §2.8),
//! SERVFAIL and silence (RFC 4697 §2), servers that choke on EDNS (RFC 6891 §7), answers that are
//! truncated (RFC 2181 §9), delegations with old addresses, secondaries that have lost their primary,
//! hijacked zones, answers that are not to the question. A rule fits a query by what it asks and how it came; the first rule that
//! fits decides. Pure: time, query and draws go in, a verdict comes out.
//!
//! Not modelled: what a right answer looks like that is cut off and says so by TC only in part.

mod misanswer;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::misbehaviour::{self, Occasion, RuleBook};

use super::codes::RecordType;
use super::framing::Transport;
use super::message::Message;
use super::name::Name;

pub use misanswer::Misanswer;

/// Which queries are answered wrongly, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// When, and to how many of them.
    pub when: Occasion,
    /// Only names at and below this.
    pub zone: Option<Name>,
    /// Only this name.
    pub name: Option<Name>,
    /// Only this type.
    pub rtype: Option<RecordType>,
    /// Only what came this way.
    pub transport: Option<Transport>,
    /// The answer.
    pub answer: Misanswer,
    /// How much later it comes.
    pub delay: Duration,
}

impl Rule {
    /// A rule for every query at any time.
    pub fn new(answer: Misanswer) -> Self {
        Rule {
            when: Occasion::ALWAYS,
            zone: None,
            name: None,
            rtype: None,
            transport: None,
            answer,
            delay: Duration::ZERO,
        }
    }

    /// Whether the rule is about such a query.
    fn fits(&self, transport: Transport, query: &Message) -> bool {
        let Some(question) = query.question() else { return false };
        self.zone.as_ref().is_none_or(|zone| question.name.is_subdomain_of(zone))
            && self.name.as_ref().is_none_or(|name| question.name == *name)
            && self.rtype.is_none_or(|rtype| question.rtype == rtype)
            && self.transport.is_none_or(|wanted| transport == wanted)
            && match &self.answer {
                Misanswer::FormErrOnEdns | Misanswer::SilenceOnEdns => query.edns.is_some(),
                Misanswer::Truncated
                | Misanswer::WrongId
                | Misanswer::WrongQuestion
                | Misanswer::WrongSource => transport == Transport::Udp,
                Misanswer::Records(records) => {
                    records.iter().any(|record| record.name == question.name)
                }
                _ => true,
            }
    }
}

impl misbehaviour::Rule for Rule {
    fn occasion(&self) -> &Occasion {
        &self.when
    }
}

/// The rules of one server, and how often each was applied.
#[derive(Debug)]
pub struct Misbehaviour {
    rules: RuleBook<Rule>,
}

impl Misbehaviour {
    /// No rule was applied yet.
    pub fn new(rules: &[Arc<Rule>]) -> Self {
        Misbehaviour { rules: RuleBook::new(rules) }
    }

    /// Adds a rule, after all others, under this number.
    pub fn add(&mut self, number: u64, rule: Arc<Rule>) {
        self.rules.add(number, rule);
    }

    /// Takes the rules away that were added under this number.
    pub fn remove(&mut self, number: u64) {
        self.rules.remove(number);
    }

    /// The first rule that is for this query of `client`, and counts it. `unit` gives a number in
    /// [0, 1), and is called for rules of a share alone.
    pub fn judge(
        &mut self,
        now: SimTime,
        client: IpAddr,
        transport: Transport,
        query: &Message,
        unit: impl FnMut() -> f64,
    ) -> Option<Arc<Rule>> {
        let fits = |rule: &Rule| rule.fits(transport, query);
        self.rules.judge(now, fits, |_| client.to_string(), unit)
    }
}
