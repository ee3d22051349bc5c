//! The validated names of the client, for `ptr` and `%{p}` (RFC 7208 §5.5).

use std::net::IpAddr;
use std::vec;

use crate::proto::dns::stub::{Answer, LookupError};
use crate::proto::dns::{Name, RecordData, RecordType};

use super::super::domain_spec::to_name;
use super::super::macro_string::dotted;
use super::terms::addresses;
use super::{Evaluation, State, Step, Then};

impl Evaluation {
    /// Asks what the client is called. It is done once in an evaluation.
    pub(super) fn ask_client_names(&mut self, then: Then) -> Step {
        self.ask(reverse_name(self.request.client), RecordType::Ptr, State::ClientNames { then })
    }

    /// The names that the client's network gives it: claims until they are looked up.
    pub(super) fn on_client_names(
        &mut self,
        found: &Result<Answer, LookupError>,
        then: Then,
    ) -> Step {
        let limit = self.limits.pointers;
        let names: Vec<Name> = match found {
            Ok(answer) => {
                let names = answer.records.iter().filter_map(|record| match &record.data {
                    RecordData::Ptr(name) => Some(name.clone()),
                    _ => None,
                });
                names.take(limit).collect()
            }
            // A failure here is no error: there is no name then (§5.5). It is void all the same.
            Err(LookupError::NxDomain | LookupError::NoData) if matches!(then, Then::Term) => {
                match self.found(found) {
                    Ok(_) => Vec::new(),
                    Err(problem) => return problem.into(),
                }
            }
            Err(_) => Vec::new(),
        };
        self.next_client_name(names.into_iter(), Vec::new(), then)
    }

    /// The addresses of a claimed name: it is valid if the client's is among them. A name that
    /// cannot be looked up is passed over; that is no fault of the record's.
    pub(super) fn on_client_name(
        &mut self,
        found: &Result<Answer, LookupError>,
        name: Name,
        rest: vec::IntoIter<Name>,
        mut validated: Vec<Name>,
        then: Then,
    ) -> Step {
        let records = found.iter().flat_map(|answer| &answer.records).map(|record| &record.data);
        if addresses(records).any(|address| address == self.request.client) {
            validated.push(name);
        }
        self.next_client_name(rest, validated, then)
    }

    fn next_client_name(
        &mut self,
        mut rest: vec::IntoIter<Name>,
        validated: Vec<Name>,
        then: Then,
    ) -> Step {
        if let Some(name) = rest.next() {
            let state = State::ClientName { name: name.clone(), rest, validated, then };
            return self.ask(name, self.address_type(), state);
        }
        self.client_names = Some(validated);
        match then {
            Then::Term => Step::Term,
            Then::ExplanationName(verdict) => self.explain(verdict),
            Then::Explanation(verdict, text) => self.explain_with(verdict, text),
        }
    }

    /// Whether a validated name is `domain` or below it.
    pub(super) fn has_name_in(&self, domain: &str) -> bool {
        let names = self.client_names.iter().flatten();
        to_name(domain)
            .is_some_and(|domain| names.into_iter().any(|name| name.is_subdomain_of(&domain)))
    }

    /// The value of `%{p}` (§7.3): `domain` itself if it is validated, else a name below it, else
    /// any; `unknown` without one.
    pub(super) fn validated_name(&self, domain: &str) -> String {
        let names = self.client_names.as_deref().unwrap_or_default();
        let domain = to_name(domain);
        let is_below =
            |name: &&Name| domain.as_ref().is_some_and(|domain| name.is_subdomain_of(domain));
        let chosen = names
            .iter()
            .find(|name| domain.as_ref() == Some(*name))
            .or_else(|| names.iter().find(is_below))
            .or_else(|| names.first());
        match chosen {
            Some(name) => text_of(name),
            None => "unknown".to_owned(),
        }
    }
}

/// The name in text without escapes, as macros have it.
fn text_of(name: &Name) -> String {
    let labels: Vec<_> = name.labels().map(String::from_utf8_lossy).collect();
    labels.join(".")
}

/// `1.2.0.192.in-addr.arpa`, or the nibbles below `ip6.arpa` (RFC 1035 §3.5, RFC 3596 §2.5).
fn reverse_name(client: IpAddr) -> Name {
    let dotted = dotted(client);
    let zone: &[&str] = match client {
        IpAddr::V4(_) => &["in-addr", "arpa"],
        IpAddr::V6(_) => &["ip6", "arpa"],
    };
    let labels = dotted.split('.').rev().chain(zone.iter().copied());
    Name::from_labels(labels.map(str::as_bytes)).expect("34 short labels at most")
}
