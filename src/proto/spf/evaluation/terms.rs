//! The terms of a record that need look-ups: mechanisms (RFC 7208 §5) and `redirect` (§6.1).

use std::net::IpAddr;
use std::sync::Arc;
use std::vec;

use crate::proto::dns::stub::{Answer, LookupError};
use crate::proto::dns::{Name, RecordData, RecordType};

use super::super::cidr::DualCidr;
use super::super::domain_spec::{DomainSpec, to_name};
use super::super::record::Mechanism;
use super::super::verdict::{Problem, SpfResult};
use super::{Evaluation, Return, State, Step, Then};

impl Evaluation {
    /// Evaluates the directive at hand, or what comes after the last one (§4.6.2, §4.7).
    pub(super) fn term(&mut self) -> Step {
        let record = Arc::clone(&self.frame().record);
        match (record.directives.get(self.frame().at), &record.redirect) {
            (Some(directive), _) => match directive.mechanism.matches(self.request.client) {
                Some(is_match) => Step::Matched(is_match),
                None => self.mechanism(&directive.mechanism),
            },
            (None, Some(target)) => self.redirect(target),
            (None, None) => {
                let result = SpfResult::Neutral;
                Step::Return(Return { result, directive: None, problem: None })
            }
        }
    }

    /// A mechanism that needs look-ups.
    fn mechanism(&mut self, mechanism: &Mechanism) -> Step {
        let spec = mechanism.domain_spec();
        let is_ptr = matches!(mechanism, Mechanism::Ptr(_));
        match self.may_look_up(is_ptr || spec.is_some_and(DomainSpec::needs_validated_name)) {
            Ok(true) => {}
            Ok(false) => return self.ask_client_names(Then::Term),
            Err(problem) => return problem.into(),
        }
        let target = match spec {
            Some(spec) => spec.target_name(&self.values()),
            None => self.frame().domain.clone(),
        };
        match mechanism {
            Mechanism::Include(_) => self.enter(target, false),
            Mechanism::A(_, cidr) => {
                self.ask_target(&target, self.address_type(), State::Addresses(*cidr))
            }
            Mechanism::Mx(_, cidr) => {
                self.ask_target(&target, RecordType::Mx, State::Exchanges(*cidr))
            }
            // A also for a client with IPv6 (§5.7).
            Mechanism::Exists(_) => self.ask_target(&target, RecordType::A, State::Exists),
            Mechanism::Ptr(_) => Step::Matched(self.has_name_in(&target)),
            Mechanism::All | Mechanism::Ip4(..) | Mechanism::Ip6(..) => {
                unreachable!("matched without a look-up")
            }
        }
    }

    /// Goes on with the record of another domain, as if it stood here.
    fn redirect(&mut self, target: &DomainSpec) -> Step {
        match self.may_look_up(target.needs_validated_name()) {
            Ok(true) => {}
            Ok(false) => return self.ask_client_names(Then::Term),
            Err(problem) => return problem.into(),
        }
        let target = target.target_name(&self.values());
        self.frames.pop();
        self.enter(target, true)
    }

    /// Counts a term that needs look-ups. `false`, and not counted yet: the names of the client
    /// have to be known first.
    fn may_look_up(&mut self, needs_client_names: bool) -> Result<bool, Problem> {
        let limit = self.limits.terms;
        if self.terms >= limit {
            return Err(Problem::TooManyTerms { limit });
        }
        if needs_client_names && self.client_names.is_none() {
            return Ok(false);
        }
        self.terms += 1;
        Ok(true)
    }

    /// Asks for records of a term's target. What is no name cannot be asked for and does not
    /// exist: RFC 7208 §4.8 leaves it open.
    fn ask_target(&mut self, target: &str, rtype: RecordType, state: State) -> Step {
        match to_name(target) {
            Some(name) => self.ask(name, rtype, state),
            None => Step::Matched(false),
        }
    }

    /// The type of addresses of the client's family (§5).
    pub(super) fn address_type(&self) -> RecordType {
        match self.request.client {
            IpAddr::V4(_) => RecordType::A,
            IpAddr::V6(_) => RecordType::Aaaa,
        }
    }

    /// What a look-up of a term found. Nothing is no error, but it may not be so often (§4.6.4).
    pub(super) fn found<'a>(
        &mut self,
        found: &'a Result<Answer, LookupError>,
    ) -> Result<impl Iterator<Item = &'a RecordData> + use<'a>, Problem> {
        let records = match found {
            Ok(answer) => &answer.records[..],
            Err(LookupError::NxDomain | LookupError::NoData) => {
                let limit = self.limits.void_terms;
                self.void_terms += u32::from(!self.is_void);
                self.is_void = true;
                if self.void_terms > limit {
                    return Err(Problem::TooManyVoidTerms { limit });
                }
                &[]
            }
            Err(error) => return Err(self.failed(*error)),
        };
        Ok(records.iter().map(|record| &record.data))
    }

    pub(super) fn on_addresses(
        &mut self,
        found: &Result<Answer, LookupError>,
        cidr: DualCidr,
    ) -> Step {
        let client = self.request.client;
        match self.found(found) {
            Ok(records) => Step::Matched(addresses(records).any(|it| cidr.covers(it, client))),
            Err(problem) => problem.into(),
        }
    }

    pub(super) fn on_exchanges(
        &mut self,
        found: &Result<Answer, LookupError>,
        cidr: DualCidr,
    ) -> Step {
        let mut exchanges: Vec<(u16, Name)> = match self.found(found) {
            Ok(records) => records
                .filter_map(|record| match record {
                    RecordData::Mx { preference, exchange } => {
                        Some((*preference, exchange.clone()))
                    }
                    _ => None,
                })
                .collect(),
            Err(problem) => return problem.into(),
        };
        let (count, limit) = (exchanges.len(), self.limits.exchanges);
        if count > limit {
            // Also if one of the first matched: servers shuffle records, and the same domain would
            // pass and fail by turns.
            return Problem::TooManyExchanges { count, limit }.into();
        }
        exchanges.sort();
        let names: Vec<Name> = exchanges.into_iter().map(|(_, name)| name).collect();
        self.next_exchange(cidr, names.into_iter())
    }

    pub(super) fn on_exchange(
        &mut self,
        found: &Result<Answer, LookupError>,
        cidr: DualCidr,
        rest: vec::IntoIter<Name>,
    ) -> Step {
        match self.on_addresses(found, cidr) {
            Step::Matched(false) => self.next_exchange(cidr, rest),
            step => step,
        }
    }

    fn next_exchange(&mut self, cidr: DualCidr, mut rest: vec::IntoIter<Name>) -> Step {
        // The root is the null MX: there is no host to look up (RFC 7505).
        match rest.find(|name| !name.is_root()) {
            Some(name) => self.ask(name, self.address_type(), State::Exchange { cidr, rest }),
            None => Step::Matched(false),
        }
    }

    pub(super) fn on_exists(&mut self, found: &Result<Answer, LookupError>) -> Step {
        match self.found(found) {
            Ok(records) => Step::Matched(addresses(records).next().is_some()),
            Err(problem) => problem.into(),
        }
    }
}

/// The addresses among these.
pub(super) fn addresses<'a>(
    records: impl Iterator<Item = &'a RecordData>,
) -> impl Iterator<Item = IpAddr> {
    records.filter_map(|record| match record {
        RecordData::A(address) => Some(IpAddr::V4(*address)),
        RecordData::Aaaa(address) => Some(IpAddr::V6(*address)),
        _ => None,
    })
}
