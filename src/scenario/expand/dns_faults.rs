//! Misbehaving DNS servers, as rules of the hosts that are to keep to them.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::Expander;
use crate::engine::SimTime;
use crate::proto::dns::misbehaviour::{Misanswer, Rule};
use crate::proto::dns::{Name, Rcode, Transport};
use crate::proto::misbehaviour::{AnyRule, Occasion};
use crate::scenario::finding::{Path, quoted};
use crate::scenario::format::dns_fault::{DnsAnswer, DnsFault, Over};
use crate::scenario::plan::{FaultAction, Plan, Service};

impl Expander<'_, '_, '_> {
    /// The rule, and the hosts that it is for.
    pub(super) fn dns_fault(
        &mut self,
        path: &Path<'_>,
        format: &DnsFault,
        times: Range<SimTime>,
        plan: &Plan,
    ) -> Option<FaultAction> {
        let hosts = self.dns_servers(&path.at("server"), format.server.as_slice(), plan);
        let answer = format.answer.map_or(Misanswer::Right, misanswer);
        let delay = format.delay.map_or(Duration::ZERO, |delay| delay.0);
        self.check_answer(path, format, answer, delay);
        let zone = format.zone.as_ref().map(|written| {
            let path = path.at("zone");
            let name = self.dns_name(&path, written)?;
            if !plan.zones.contains_key(&name) {
                let known = plan.zones.values().map(|zone| zone.name.to_string());
                let known: Vec<String> =
                    known.map(|name| name.trim_end_matches('.').to_owned()).collect();
                let known = known.iter().map(String::as_str);
                self.report.unknown(&path, "zone", written, known, &["zones", "domains"]);
            }
            name.parse::<Name>().ok()
        });
        let name = format.name.as_ref().map(|written| {
            let name = self.dns_name(&path.at("name"), written)?;
            name.parse::<Name>().ok()
        });
        let rtype = format.type_.as_ref().map(|written| {
            let rtype = self.record_type(&path.at("type"), Some(written))?;
            rtype.parse().ok()
        });
        if let (Some(Some(zone)), Some(Some(name))) = (&zone, &name)
            && !name.is_subdomain_of(zone)
        {
            let found = format!("{} is not in {}", name.without_dot(), zone.without_dot());
            let remedy = "then no question is for both; leave one out".to_owned();
            self.report.at(&path.at("name"), found, remedy);
        }
        let rule = Rule {
            when: Occasion {
                from: times.start,
                until: times.end,
                first: format.first,
                share: format.share.map_or(1.0, |share| share.0),
                ..Occasion::ALWAYS
            },
            zone: unless_wrong(zone)?,
            name: unless_wrong(name)?,
            rtype: unless_wrong(rtype)?,
            transport: format.over.map(|over| match over {
                Over::Udp => Transport::Udp,
                Over::Tcp => Transport::Tcp,
            }),
            answer,
            delay,
        };
        Some(FaultAction::Misbehave { hosts, rule: AnyRule::Dns(Arc::new(rule)) })
    }

    /// Rules that do nothing are mistakes.
    fn check_answer(
        &mut self,
        path: &Path<'_>,
        format: &DnsFault,
        answer: Misanswer,
        delay: Duration,
    ) {
        let says_nothing = answer == Misanswer::Right && delay.is_zero();
        if says_nothing && !self.report.is_written(path, "answer") {
            let remedy = "say what it answers with \"answer\", or how late with \"delay\"";
            self.report.at(path, "nothing is wrong with this server", remedy.to_owned());
        }
        if matches!(answer, Misanswer::Silence | Misanswer::SilenceOnEdns) && !delay.is_zero() {
            let found = "an answer that never comes is not late";
            self.report.at(&path.at("delay"), found, "leave \"delay\" out".to_owned());
        }
        if answer == Misanswer::Truncated && format.over == Some(Over::Tcp) {
            let found = "nothing is truncated over TCP";
            self.report.at(&path.at("over"), found, "leave \"over\" out".to_owned());
        }
        if format.share.is_some_and(|share| share.0 <= 0.0) {
            let remedy = "a share above \"0%\"".to_owned();
            self.report.at(&path.at("share"), "a fault that never happens", remedy);
        }
    }

    /// The hosts of these names that serve DNS.
    fn dns_servers(&mut self, path: &Path<'_>, written: &[String], plan: &Plan) -> Vec<String> {
        let serves = |name: &str| {
            plan.hosts.get(name).is_some_and(|host| {
                let mut services = host.services.iter();
                services.any(|one| matches!(one, Service::NameServer(_) | Service::Resolver(_)))
            })
        };
        if written.is_empty() {
            let remedy = "name a host, for example \"ns1.example.com\"".to_owned();
            self.report.at(path, "an empty list", remedy);
        }
        let mut hosts = Vec::new();
        for (index, written) in written.iter().enumerate() {
            let path = path.at(index);
            if written == "root" {
                hosts.extend(plan.hints.iter().map(|hint| hint.name.clone()));
                continue;
            }
            let Some(name) = self.host_name(&path, written) else { continue };
            if !self.is_host(&path, &name) {
                continue;
            }
            if !serves(&name) && !self.report.is_damaged(&["hosts", "zones", "domains"]) {
                let known = plan.hosts.keys().map(String::as_str).filter(|name| serves(name));
                let known: Vec<&str> = known.take(8).collect();
                let found = format!("\"{name}\" is neither a name server nor a resolver");
                self.report.at(&path, found, format!("some are {}", quoted(&known)));
            }
            hosts.push(name);
        }
        hosts
    }
}

/// What is not there, or is right; `None` where it is wrong.
#[expect(clippy::option_option, reason = "not there, wrong and right are three things")]
fn unless_wrong<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(value) => value.map(Some),
    }
}

fn misanswer(answer: DnsAnswer) -> Misanswer {
    match answer {
        DnsAnswer::Servfail => Misanswer::Code(Rcode::ServFail),
        DnsAnswer::Refused => Misanswer::Code(Rcode::Refused),
        DnsAnswer::Notimp => Misanswer::Code(Rcode::NotImp),
        DnsAnswer::Formerr => Misanswer::Code(Rcode::FormErr),
        DnsAnswer::Nxdomain => Misanswer::NxDomain,
        DnsAnswer::Nodata => Misanswer::NoData,
        DnsAnswer::Silence => Misanswer::Silence,
        DnsAnswer::Truncated => Misanswer::Truncated,
        DnsAnswer::UpwardReferral => Misanswer::UpwardReferral,
        DnsAnswer::FormerrOnEdns => Misanswer::FormErrOnEdns,
        DnsAnswer::SilenceOnEdns => Misanswer::SilenceOnEdns,
    }
}
