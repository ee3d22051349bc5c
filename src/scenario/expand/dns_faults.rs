//! Misbehaving DNS servers, as rules of the hosts that are to keep to them.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::Expander;
use crate::engine::SimTime;
use crate::proto::dns::misbehaviour::{Misanswer, Rule};
use crate::proto::dns::{Name, Rcode, Transport};
use crate::proto::misbehaviour::{AnyRule, Occasion, Per};
use crate::scenario::finding::{Path, quoted};
use crate::scenario::format::dns_fault::{DnsAnswer, DnsFault, DnsPer, Over};
use crate::scenario::format::units::Dur;
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
        let delay = format.delay.map_or(Duration::ZERO, |delay| delay.0);
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
        let answer = self.dns_answer(path, format, zone.as_ref(), name.as_ref(), plan);
        self.check_answer(path, format, answer.as_ref(), delay);
        self.check_counts(path, format);
        self.check_server(path, format, answer.as_ref(), &hosts, plan);
        let answer = answer?;
        let rule = Rule {
            when: Occasion {
                skip: format.skip.unwrap_or(0),
                every: format.every.unwrap_or(1),
                per: match format.per {
                    Some(DnsPer::Client) => Per::Client,
                    Some(DnsPer::Server) | None => Per::Server,
                },
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
        answer: Option<&Misanswer>,
        delay: Duration,
    ) {
        let Some(answer) = answer else { return };
        let says_nothing = *answer == Misanswer::Right && delay.is_zero();
        let mut keys = ["answer", "records", "glue", "ttl", "serial_behind"].into_iter();
        if says_nothing && !keys.any(|key| self.report.is_written(path, key)) {
            let remedy = "say what it answers with \"answer\", \"records\", \"glue\", \"ttl\" or \
                          \"serial_behind\", or how late with \"delay\"";
            self.report.at(path, "nothing is wrong with this server", remedy.to_owned());
        }
        if matches!(answer, Misanswer::Silence | Misanswer::SilenceOnEdns) && !delay.is_zero() {
            let found = "an answer that never comes is not late";
            self.report.at(&path.at("delay"), found, "leave \"delay\" out".to_owned());
        }
        let udp_only = match answer {
            Misanswer::Truncated => Some("nothing is truncated over TCP"),
            Misanswer::WrongId | Misanswer::WrongQuestion | Misanswer::WrongSource => {
                Some("over TCP the server is right")
            }
            _ => None,
        };
        if let Some(found) = udp_only.filter(|_| format.over == Some(Over::Tcp)) {
            self.report.at(&path.at("over"), found, "leave \"over\" out".to_owned());
        }
        if format.share.is_some_and(|share| share.0 <= 0.0) {
            let remedy = "a share above \"0%\"".to_owned();
            self.report.at(&path.at("share"), "a fault that never happens", remedy);
        }
    }

    fn check_counts(&mut self, path: &Path<'_>, format: &DnsFault) {
        let counts = format.skip.is_some() || format.first.is_some() || format.every.is_some();
        if format.per.is_some() && !counts {
            let remedy = "with \"first\", \"skip\" or \"every\"".to_owned();
            self.report.at(&path.at("per"), "nothing is counted", remedy);
        }
    }

    /// Whether the servers can answer so.
    fn check_server(
        &mut self,
        path: &Path<'_>,
        format: &DnsFault,
        answer: Option<&Misanswer>,
        hosts: &[String],
        plan: &Plan,
    ) {
        let Some(answer) = answer else { return };
        let resolver = hosts.iter().find(|name| {
            let services = plan.hosts.get(*name).map(|host| host.services.as_slice());
            let mut services = services.unwrap_or_default().iter();
            services.any(|one| matches!(one, Service::Resolver(_)))
        });
        if let Some(name) = resolver.filter(|_| answer.needs_right()) {
            let found =
                format!("\"{name}\" is a resolver, and {answer} only comes from name servers");
            self.report.at(&path.at("server"), found, None);
        }
        if *answer != Misanswer::Expired {
            return;
        }
        let remedy = "name the zone whose copy expires in \"zone\"".to_owned();
        let Some(written) = &format.zone else {
            return self.report.at(&path.at("answer"), "no zone expires as a whole", remedy);
        };
        let zone = plan.zones.get(written.trim_end_matches('.').to_ascii_lowercase().as_str());
        let Some(zone) = zone else { return };
        if let Some(other) = hosts.iter().find(|name| !zone.secondaries.contains(name)) {
            let found = format!("\"{other}\" is no secondary of {written}");
            let known: Vec<&str> = zone.secondaries.iter().map(String::as_str).collect();
            let remedy = match known.as_slice() {
                [] => "it has none: see \"secondaries\" of a zone".to_owned(),
                known => format!("its secondaries are {}", quoted(known)),
            };
            self.report.at(&path.at("server"), found, remedy);
        }
    }

    /// What is answered: by a word, or by what is given.
    fn dns_answer(
        &mut self,
        path: &Path<'_>,
        format: &DnsFault,
        zone: Option<&Option<Name>>,
        name: Option<&Option<Name>>,
        plan: &Plan,
    ) -> Option<Misanswer> {
        let given = [
            ("answer", format.answer.is_some()),
            ("records", !format.records.is_empty()),
            ("glue", !format.glue.is_empty()),
            ("ttl", format.ttl.is_some()),
            ("serial_behind", format.serial_behind.is_some()),
        ];
        let mut given = given.iter().filter(|(_, is_given)| *is_given).map(|(key, _)| *key);
        if let (Some(one), Some(other)) = (given.next(), given.next()) {
            let found = format!("\"{one}\" and \"{other}\" are two answers to one query");
            self.report.at(&path.at(other), found, "choose one".to_owned());
            return None;
        }
        if !format.records.is_empty() {
            let origin = [name, zone].into_iter().flatten().flatten().next();
            let origin = origin.cloned().unwrap_or_else(Name::root);
            let lines = format.records.as_slice();
            let records = self.read_lines(&path.at("records"), lines, &origin, GIVEN_TTL_SECS);
            return Some(Misanswer::Records(records.into()));
        }
        if !format.glue.is_empty() {
            let path = path.at("glue");
            let written = format.glue.as_slice().iter().enumerate();
            let addresses: Vec<IpAddr> = written
                .flat_map(|(index, text)| self.addresses_of(&path.at(index), text, plan))
                .collect();
            return (!addresses.is_empty()).then(|| Misanswer::Glue(addresses.into()));
        }
        if let Some(Dur(ttl)) = format.ttl {
            let secs = u32::try_from(ttl.as_secs()).ok().filter(|_| ttl.subsec_nanos() == 0);
            if secs.is_none() {
                let remedy = "whole seconds below 2^32".to_owned();
                self.report.at(&path.at("ttl"), "no TTL is like that", remedy);
            }
            return secs.map(Misanswer::Ttl);
        }
        if let Some(versions) = format.serial_behind {
            return Some(Misanswer::SerialBehind(versions));
        }
        Some(format.answer.map_or(Misanswer::Right, misanswer))
    }

    /// The address that is written, or those of the host.
    fn addresses_of(&mut self, path: &Path<'_>, text: &str, plan: &Plan) -> Vec<IpAddr> {
        if let Ok(address) = text.parse() {
            return vec![address];
        }
        let Some(name) = self.host_name(path, text) else { return Vec::new() };
        match self.is_host(path, &name) {
            true => plan.hosts.get(&name).map_or_else(Vec::new, |host| host.addresses.clone()),
            false => Vec::new(),
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
        DnsAnswer::Lame => Misanswer::Lame,
        DnsAnswer::Expired => Misanswer::Expired,
        DnsAnswer::WrongId => Misanswer::WrongId,
        DnsAnswer::WrongQuestion => Misanswer::WrongQuestion,
        DnsAnswer::WrongSource => Misanswer::WrongSource,
        DnsAnswer::Garbage => Misanswer::Garbage,
        DnsAnswer::Partial => Misanswer::Partial,
        DnsAnswer::Shuffled => Misanswer::Shuffled,
    }
}

/// The TTL of given records that name none.
const GIVEN_TTL_SECS: u32 = 3_600;
