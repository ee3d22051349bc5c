//! Misbehaving SMTP servers, as rules of the hosts that are to keep to them.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use super::Expander;
use crate::engine::SimTime;
use crate::proto::dns::{Network, RecordData};
use crate::proto::misbehaviour::{AnyRule, Occasion, Per};
use crate::proto::smtp::misbehaviour::{ClientPattern, Moment, PathPattern, Rule};
use crate::proto::smtp::{Mailbox, Role, is_domain};
use crate::proto::spf::SpfResult;
use crate::scenario::finding::Path;
use crate::scenario::format::authentication::SpfCheck;
use crate::scenario::format::smtp_fault::{
    CountedPer, SmtpFault, SmtpMoment, SmtpService, SpfWord,
};
use crate::scenario::plan::{FaultAction, Plan, Service};

impl Expander<'_, '_, '_> {
    /// The rule, called by the place of the fault, and the hosts that it is for.
    pub(super) fn smtp_fault(
        &mut self,
        path: &Path<'_>,
        name: String,
        format: &SmtpFault,
        times: Range<SimTime>,
        plan: &Plan,
    ) -> Option<FaultAction> {
        let hosts = self.smtp_servers(&path.at("server"), format, plan);
        let mut at: Vec<Moment> = format.at.as_slice().iter().copied().map(moment).collect();
        if at.is_empty() && !format.without.is_empty() {
            at.push(Moment::Ehlo);
        }
        let deed = self.smtp_deed(path, format, &at);
        self.check_conditions(path, format, &at);
        self.check_spf(path, format, &hosts, plan);
        let clients = self.client_patterns(&path.at("client"), format.client.as_slice(), plan);
        let senders = self.path_patterns(&path.at("sender"), format.sender.as_slice(), true);
        let recipients = format.recipient.as_slice();
        let recipients = self.path_patterns(&path.at("recipient"), recipients, false);
        let rule = Rule {
            when: Occasion {
                from: times.start,
                until: times.end,
                skip: format.skip.unwrap_or(0),
                every: format.every.unwrap_or(1),
                first: format.first,
                above: format.above.as_ref().map(|above| (above.events, above.in_.0)),
                within: format.within.map(|within| within.0),
                per: format.per.map_or(Per::Server, per),
                share: format.share.map_or(1.0, |share| share.0),
            },
            at,
            after_octets: format.after.map_or(0, |after| after.0),
            command: format.command,
            role: format.service.map(|service| match service {
                SmtpService::Smtp => Role::Mta,
                SmtpService::Submission => Role::Submission,
                SmtpService::Lmtp => Role::Lmtp,
            }),
            secured: format.tls,
            authenticated: format.authenticated,
            clients,
            senders,
            external: format.external,
            recipients,
            larger_than: format.larger_than.map(|size| size.0),
            smaller_than: format.smaller_than.map(|size| size.0),
            spf: format.spf.as_slice().iter().copied().map(spf_result).collect(),
            connections_above: format.connections_above,
            ..Rule::new(name, deed?)
        };
        Some(FaultAction::Misbehave { hosts, rule: AnyRule::Smtp(Arc::new(rule)) })
    }

    /// Rules that are never met are mistakes.
    fn check_conditions(&mut self, path: &Path<'_>, format: &SmtpFault, at: &[Moment]) {
        let all = |early: &[Moment]| !at.is_empty() && at.iter().all(|one| early.contains(one));
        let before_mail =
            [Moment::Connect, Moment::Ehlo, Moment::Helo, Moment::StartTls, Moment::Auth];
        let before_rcpt = [&before_mail[..], &[Moment::Mail]].concat();
        let mut never = |key: &str, is_set: bool, early: &[Moment], what: &str, first: &str| {
            if is_set && all(early) {
                let found = format!("{what} is not known yet at {}", at[0]);
                let remedy = format!("\"at\": \"{first}\" or later");
                self.report.at(&path.at(key), found, remedy);
            }
        };
        let is_set = |list: &[String]| !list.is_empty();
        never("sender", is_set(format.sender.as_slice()), &before_mail, "a sender", "mail");
        never("external", format.external, &before_mail, "a sender", "mail");
        never("larger_than", format.larger_than.is_some(), &before_mail, "a size", "mail");
        never("smaller_than", format.smaller_than.is_some(), &before_mail, "a size", "mail");
        let recipients = is_set(format.recipient.as_slice());
        never("recipient", recipients, &before_rcpt, "a recipient", "rcpt");
        if format.after.is_some() && at != [Moment::Text] {
            let remedy = "\"at\": \"text\"".to_owned();
            self.report.at(&path.at("after"), "only a text has octets", remedy);
        }
        if format.command.is_some() && all(&[Moment::Connect, Moment::Text, Moment::EndOfText]) {
            let found = format!("{} is no command", at[0]);
            self.report.at(&path.at("command"), found, "leave one of the two out".to_owned());
        }
        if let (Some(above), Some(below)) = (format.larger_than, format.smaller_than)
            && above.0.saturating_add(1) >= below.0
        {
            let remedy = "then no message is meant; leave one out".to_owned();
            let found = "no size is above the one and below the other";
            self.report.at(&path.at("smaller_than"), found, remedy);
        }
        if format.share.is_some_and(|share| share.0 <= 0.0) {
            let remedy = "a share above \"0%\"".to_owned();
            self.report.at(&path.at("share"), "a fault that never happens", remedy);
        }
        let times =
            [("within", format.within), ("above", format.above.as_ref().map(|above| above.in_))];
        for (key, _) in times.into_iter().filter(|(_, dur)| dur.is_some_and(|dur| dur.0.is_zero()))
        {
            self.report.at(&path.at(key), "no time at all", "as \"1m\"".to_owned());
        }
    }

    /// The server has to ask SPF itself.
    fn check_spf(&mut self, path: &Path<'_>, format: &SmtpFault, hosts: &[String], plan: &Plan) {
        if format.spf.as_slice().is_empty() {
            return;
        }
        let path = path.at("spf");
        let late = [SmtpMoment::Data, SmtpMoment::Text, SmtpMoment::EndOfData];
        if !format.at.as_slice().iter().any(|at| late.contains(at)) {
            let remedy = "\"at\": \"data\" or \"end_of_data\"".to_owned();
            self.report.at(&path, "SPF is asked at the first RCPT, and known from then on", remedy);
        }
        for host in hosts {
            let services = plan.hosts.get(host).map_or(&[][..], |host| &host.services);
            let asks = services.iter().any(|service| match service {
                Service::Mta(mta) => {
                    let mut domains = mta.deliver.iter().chain(&mta.relay);
                    domains.any(|domain| domain.authentication.spf != SpfCheck::Off)
                }
                _ => false,
            });
            if !asks {
                let remedy =
                    "give its domain the \"policy\": {\"auth\": {\"spf\": \"mark\"}}".to_owned();
                self.report.at(&path, format!("\"{host}\" does not ask SPF"), remedy);
            }
        }
    }

    /// The hosts of these names that serve SMTP; of a domain its exchanges.
    fn smtp_servers(&mut self, path: &Path<'_>, format: &SmtpFault, plan: &Plan) -> Vec<String> {
        let written = format.server.as_slice();
        if written.is_empty() {
            let remedy = "name a host, for example \"mx1.example.com\"".to_owned();
            self.report.at(path, "no server is named", remedy);
        }
        let mut hosts = Vec::new();
        for (index, written) in written.iter().enumerate() {
            let path = path.at(index);
            let Some(name) = self.host_name(&path, written) else { continue };
            if plan.hosts.contains_key(&name) || !plan.domains.contains_key(&name) {
                hosts.extend(self.mta_host(&path, &name));
                continue;
            }
            let of_domain = match format.service {
                None | Some(SmtpService::Smtp) => exchanges(&name, plan),
                Some(SmtpService::Submission) => submission_servers(&name, plan),
                Some(SmtpService::Lmtp) => {
                    plan.domains[&name].mailbox_host.iter().cloned().collect()
                }
            };
            if of_domain.is_empty() {
                let found = format!("\"{name}\" has no such server in this scenario");
                self.report.at(&path, found, "name a host".to_owned());
            }
            hosts.extend(of_domain);
        }
        hosts.sort();
        hosts.dedup();
        hosts
    }

    fn client_patterns(
        &mut self,
        path: &Path<'_>,
        written: &[String],
        plan: &Plan,
    ) -> Vec<ClientPattern> {
        let mut patterns = Vec::new();
        for (index, written) in written.iter().enumerate() {
            let path = path.at(index);
            if let Ok(network) = written.parse::<Network>() {
                patterns.push(ClientPattern::Network(network));
                continue;
            }
            let host = match written.contains('@') {
                true => match self.client(&path, written, plan) {
                    Some((_, host)) => Some(host),
                    None => continue,
                },
                false => self.host_name(&path, written),
            };
            let Some(host) = host else { continue };
            match plan.hosts.get(&host) {
                Some(host) => patterns.extend(host.addresses.iter().copied().map(one_address)),
                None => patterns.push(ClientPattern::Helo(host)),
            }
        }
        patterns
    }

    fn path_patterns(
        &mut self,
        path: &Path<'_>,
        written: &[String],
        null: bool,
    ) -> Vec<PathPattern> {
        let mut patterns = Vec::new();
        for (index, text) in written.iter().enumerate() {
            let bare = text.strip_prefix('@').unwrap_or(text);
            let pattern = match bare {
                "<>" if null => Some(PathPattern::Null),
                _ if bare.contains('@') => bare.parse::<Mailbox>().ok().map(PathPattern::Address),
                _ => is_domain(bare).then(|| PathPattern::Domain(bare.to_owned())),
            };
            match pattern {
                Some(pattern) => patterns.push(pattern),
                None => {
                    let null = if null { ", or \"<>\"" } else { "" };
                    let remedy = format!("an address, or a domain as \"example.org\"{null}");
                    self.report.at(&path.at(index), format!("{text:?} names nobody"), remedy);
                }
            }
        }
        patterns
    }
}

/// The hosts that the public MX records of a domain name; without any, the host of its own name.
fn exchanges(domain: &str, plan: &Plan) -> Vec<String> {
    let zones = plan.zones.values().filter(|zone| !zone.inner);
    let records = zones.flat_map(|zone| &zone.records);
    let of_domain =
        records.filter(|record| record.name.without_dot().to_string().eq_ignore_ascii_case(domain));
    let exchanges = of_domain.filter_map(|record| match &record.data {
        RecordData::Mx { exchange, .. } => {
            Some(exchange.without_dot().to_string().to_ascii_lowercase())
        }
        _ => None,
    });
    exchanges.filter(|name| plan.hosts.contains_key(name)).collect()
}

fn submission_servers(domain: &str, plan: &Plan) -> Vec<String> {
    let serves = |service: &Service| match service {
        Service::Mta(mta) => mta.submission.iter().any(|one| one.name == domain),
        _ => false,
    };
    let hosts = plan.hosts.values().filter(|host| host.services.iter().any(serves));
    hosts.map(|host| host.name.clone()).collect()
}

fn one_address(address: IpAddr) -> ClientPattern {
    let prefix_bits = if address.is_ipv4() { 32 } else { 128 };
    ClientPattern::Network(Network { address, prefix_bits })
}

fn moment(format: SmtpMoment) -> Moment {
    match format {
        SmtpMoment::Connect => Moment::Connect,
        SmtpMoment::Ehlo => Moment::Ehlo,
        SmtpMoment::Helo => Moment::Helo,
        SmtpMoment::Starttls => Moment::StartTls,
        SmtpMoment::Auth => Moment::Auth,
        SmtpMoment::Mail => Moment::Mail,
        SmtpMoment::Rcpt => Moment::Rcpt,
        SmtpMoment::Data => Moment::Data,
        SmtpMoment::Text => Moment::Text,
        SmtpMoment::EndOfData => Moment::EndOfText,
        SmtpMoment::Rset => Moment::Rset,
        SmtpMoment::Noop => Moment::Noop,
        SmtpMoment::Vrfy => Moment::Vrfy,
        SmtpMoment::Expn => Moment::Expn,
        SmtpMoment::Help => Moment::Help,
        SmtpMoment::Quit => Moment::Quit,
    }
}

fn per(format: CountedPer) -> Per {
    match format {
        CountedPer::Server => Per::Server,
        CountedPer::Client => Per::Client,
        CountedPer::Session => Per::Session,
        CountedPer::User => Per::User,
        CountedPer::SenderDomain => Per::SenderDomain,
        CountedPer::Triplet => Per::Triplet,
    }
}

fn spf_result(word: SpfWord) -> SpfResult {
    match word {
        SpfWord::None => SpfResult::None,
        SpfWord::Neutral => SpfResult::Neutral,
        SpfWord::Pass => SpfResult::Pass,
        SpfWord::Fail => SpfResult::Fail,
        SpfWord::Softfail => SpfResult::SoftFail,
        SpfWord::Temperror => SpfResult::TempError,
        SpfWord::Permerror => SpfResult::PermError,
    }
}
