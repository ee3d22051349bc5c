//! MTAs of the explicit form: what they take, where they send it, how much at once, and when they
//! try again.

use std::time::Duration;

use super::Expander;
use super::draft::MtaDraft;
use super::names::host_name;
use crate::actors::mta::config::{AddressPreference, Limits, NextHop, Route, TransportTable};
use crate::proto::smtp::{Mailbox, is_domain};
use crate::scenario::finding::Path;
use crate::scenario::format::Dur;
use crate::scenario::format::host as format;
use crate::scenario::format::policy::Retry;
use crate::store::queue::{Backoff, RetryRule, RetrySchedule};

impl Expander<'_, '_, '_> {
    pub(super) fn assign_mta(&mut self, at: usize, path: &Path<'_>, service: &format::Mta) {
        let deliver = self.domain_names(&path.at("deliver"), &service.deliver);
        let relay = self.domain_names(&path.at("relay"), &service.relay);
        let submission = self.domain_names(&path.at("submission"), &service.submission);
        let mut relay_domains = Vec::new();
        for (index, written) in service.relay_domains.iter().enumerate() {
            let path = path.at("relay_domains").at(index);
            relay_domains.extend(self.host_name(&path, written));
        }
        let smart_host = service.smart_host.as_deref();
        let smart_host = smart_host.and_then(|text| self.next_hop(&path.at("smart_host"), text));
        let transports = self.transports(&path.at("transports"), &service.transports);
        let retry = service.retry.as_ref().map(|retry| self.retry(&path.at("retry"), retry));
        for (key, names) in [("relay", &relay), ("relay_domains", &relay_domains)] {
            for name in names.iter().filter(|name| deliver.contains(name)) {
                let found = format!("\"{name}\" stands under \"deliver\" too");
                self.report.at(&path.at(key), found, "a domain is one or the other".to_owned());
            }
        }
        let draft = &mut self.hosts[at];
        let delivers = !deliver.is_empty();
        let mta: &mut MtaDraft = draft.mta.get_or_insert_default();
        mta.smtp |= service.smtp.unwrap_or(true);
        mta.lmtp = service.lmtp.unwrap_or(false);
        mta.deliver.extend(deliver);
        mta.relay.extend(relay);
        mta.relay_domains.extend(relay_domains);
        mta.submission.extend(submission);
        mta.smart_host = smart_host.or(mta.smart_host.take());
        mta.transports = transports;
        mta.limits = limits(&service.limits);
        mta.size_limit = service.size_limit.map(|size| size.0).or(mta.size_limit);
        mta.smtputf8 = service.smtputf8.or(mta.smtputf8);
        mta.retry = retry.or(mta.retry.take());
        let has_mailboxes = draft.mailbox_server.is_some()
            || draft.explicit.is_some_and(|host| {
                host.services.iter().any(|service| service.mailbox_server.is_some())
            });
        if delivers && !has_mailboxes {
            let found = "it delivers, but there is no mailbox server on this host";
            let remedy = "add {\"mailbox_server\": {...}}, or use \"relay\"".to_owned();
            self.report.at(&path.at("deliver"), found, remedy);
        }
    }

    /// A smart host: an address, or a host or domain of the scenario.
    fn next_hop(&mut self, path: &Path<'_>, text: &str) -> Option<NextHop> {
        let next: NextHop = match text.parse() {
            Ok(next) => next,
            Err(error) => {
                let error: crate::actors::mta::config::RouteError = error;
                self.report.at(path, error.to_string(), error.remedy().to_owned());
                return None;
            }
        };
        let known = next.name.parse::<std::net::IpAddr>().is_ok()
            || next.mx && self.domains.contains_key(&next.name);
        (known || self.is_host(path, &next.name)).then_some(next)
    }

    fn transports(
        &mut self,
        path: &Path<'_>,
        entries: &indexmap::IndexMap<String, String>,
    ) -> TransportTable {
        let mut table = TransportTable::default();
        for (pattern, text) in entries {
            let path = path.at(pattern.as_str());
            if !is_pattern(pattern) {
                let found = format!("{pattern:?} is no address and no domain");
                let remedy = "bob@example.net, example.net, .example.net or *".to_owned();
                self.report.at(&path, found, remedy);
            }
            match text.parse::<Route>() {
                Ok(route) => table.insert(pattern, route),
                Err(error) => {
                    self.report.at(&path, error.to_string(), error.remedy().to_owned());
                }
            }
        }
        table
    }

    /// The retry schedule with defaults filled in.
    pub(super) fn retry(&mut self, path: &Path<'_>, format: &Retry) -> RetrySchedule {
        let mut schedule = match &format.rule {
            Some(rule) => self.exim(path, format, rule),
            None => self.postfix(path, format),
        };
        schedule.bounce_lifetime =
            format.bounce_lifetime.map_or(schedule.lifetime, |lifetime| lifetime.0);
        schedule
    }

    fn exim(&mut self, path: &Path<'_>, format: &Retry, rule: &str) -> RetrySchedule {
        let replaced = [("min", format.min), ("max", format.max), ("lifetime", format.lifetime)];
        for (key, _) in replaced.into_iter().filter(|(_, value)| value.is_some()) {
            let remedy = "the rule says it: leave one of the two out".to_owned();
            self.report.at(&path.at(key), "there is a \"rule\" too", remedy);
        }
        match rule.parse::<RetryRule>() {
            Ok(rule) => RetrySchedule::exim(rule),
            Err(error) => {
                self.report.at(&path.at("rule"), error.to_string(), error.remedy().to_owned());
                RetrySchedule::default()
            }
        }
    }

    fn postfix(&mut self, path: &Path<'_>, format: &Retry) -> RetrySchedule {
        let default = RetrySchedule::default();
        let Backoff::Postfix { least, most } = default.backoff else {
            unreachable!("the default is Postfix's")
        };
        let least = format.min.map_or(least, |dur| dur.0);
        let most = format.max.map_or(most.max(least), |dur| dur.0);
        // Else one deferred message is tried millions of times before its lifetime is over.
        if least < LEAST_RETRY {
            let remedy = format!("at least \"{}\"", Dur(LEAST_RETRY));
            self.report.at(&path.at("min"), "hardly any delay", remedy);
        }
        if most < least {
            let found = format!("the longest delay is below the shortest, {}", Dur(least));
            self.report.at(&path.at("max"), found, None);
        }
        let lifetime = format.lifetime.map_or(default.lifetime, |dur| dur.0);
        RetrySchedule { backoff: Backoff::Postfix { least, most }, lifetime, ..default }
    }

    /// A host that has an MTA, or a finding.
    pub(super) fn mta_host(&mut self, path: &Path<'_>, written: &str) -> Option<String> {
        let name = self.host_name(path, written)?;
        if !self.is_host(path, &name) {
            return None;
        }
        if self.hosts[&name].mta.is_none() && !self.report.is_damaged(super::HOST_SECTIONS) {
            let mtas = self.hosts.iter().filter(|(_, host)| host.mta.is_some());
            let mtas: Vec<&str> = mtas.map(|(name, _)| name.as_str()).take(8).collect();
            let remedy = format!("MTAs are {}", crate::scenario::finding::quoted(&mtas));
            self.report.at(path, format!("\"{name}\" is no MTA"), remedy);
            return None;
        }
        Some(name)
    }
}

/// Postfix's limits, but for what is written.
fn limits(format: &format::MtaLimits) -> Limits {
    let default = Limits::default();
    let or = |written: Option<u32>, default: usize| {
        written.map_or(default, |number| usize::try_from(number).unwrap_or(usize::MAX))
    };
    Limits {
        connect_timeout: format.connect_timeout.map_or(default.connect_timeout, |dur| dur.0),
        addresses: or(format.mx_addresses, default.addresses),
        preference: match format.address_preference.unwrap_or_default() {
            format::AddressPreference::Any => AddressPreference::Any,
            format::AddressPreference::Ipv4 => AddressPreference::Ipv4,
            format::AddressPreference::Ipv6 => AddressPreference::Ipv6,
        },
        sessions: or(format.mx_sessions, default.sessions),
        recipients: or(format.recipients, default.recipients),
        initial_concurrency: or(format.initial_concurrency, default.initial_concurrency),
        concurrency: or(format.concurrency, default.concurrency),
        failed_cohorts: or(format.failed_cohorts, default.failed_cohorts),
        processes: or(format.processes, default.processes),
        hops: or(format.hops, default.hops),
        clients: or(format.clients, default.clients),
        kept_connections: format.kept_connections.map(|dur| dur.0),
        ..default
    }
}

/// Whether that may stand on the left of a transport table.
fn is_pattern(text: &str) -> bool {
    let domain = text.strip_prefix('.').unwrap_or(text);
    text == "*"
        || host_name(domain).is_some_and(|name| is_domain(&name))
        || text.parse::<Mailbox>().is_ok()
}

const LEAST_RETRY: Duration = Duration::from_secs(1);
