//! The workload: what its domains write and ask, checked and filled in.

use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::Expander;
use super::agenda::INBOX;
use super::generated::{has_mail, name_of, numbered_users, readers_of};
use super::load_curve::process;
use super::names::host_name;
use super::services::DEFAULT_PASSWORD;
use crate::actors::load::arrivals::Curve;
use crate::actors::load::config::text;
use crate::actors::load::population::{DomainId, Group, Names as DomainNames, Population, Users};
use crate::actors::load::spread::Spread;
use crate::actors::load::{DnsWork, MailWork};
use crate::engine::SimTime;
use crate::proto::dns::RecordType;
use crate::scenario::finding::Path;
use crate::scenario::format::tls::SubmitTls;
use crate::scenario::format::units::Dur;
use crate::scenario::format::workload::{self as format, Extreme, Names, Order, Records, Sampled};
use crate::scenario::plan::workload::{DnsPart, GATEWAY, MailPart};
use crate::scenario::plan::{Action, LoadHost, Plan, Step, Workload};
use crate::world::Watch;

impl Expander<'_, '_, '_> {
    pub(super) fn plan_workload(&mut self, plan: &Plan) -> Option<Workload> {
        let format = self.scenario.workload.as_ref()?;
        let path = Path::top().at("workload");
        if !self.report.is_written(&path, "mail") && !self.report.is_written(&path, "dns") {
            let remedy = "\"mail\", \"dns\" or both".to_owned();
            self.report.at(&path, "nothing is done in it", remedy);
        }
        if !plan.hosts.keys().any(|name| self.hosts[name].load.is_some())
            && !format.domains.is_empty()
            && !self.report.is_damaged(&["workload"])
        {
            let remedy = "let \"clients\" be a larger share of the domains".to_owned();
            self.report.at(&path.at("domains"), "no domain has a host for its users", remedy);
        }
        let mail = format.mail.as_ref().map(|mail| self.mail_part(&path.at("mail"), mail, plan));
        let dns = format.dns.as_ref().map(|dns| self.dns_part(&path.at("dns"), dns));
        let watch = match format.transcript {
            None | Some(Records::Extreme(Extreme::Off)) => Watch::Nothing,
            Some(Records::Extreme(Extreme::All)) => Watch::Everything,
            Some(Records::Sampled(Sampled { one_in })) => {
                self.sample(&path, one_in, mail.is_some())
            }
        };
        Some(Workload { mail, dns, watch })
    }

    fn sample(&mut self, path: &Path<'_>, one_in: u64, has_mail: bool) -> Watch {
        if !has_mail {
            let remedy = "\"all\" or \"off\"".to_owned();
            let found = "a sample is one of messages, and the workload writes none";
            self.report.at(&path.at("transcript"), found, remedy);
        }
        // The schema knows no zero.
        NonZeroU64::new(one_in).map_or(Watch::Nothing, |one_in| Watch::Sample { one_in })
    }

    /// The readers of generated domains read from the beginning of the load to the end of the run, those
    /// by POP3 each from a time of its own.
    pub(super) fn plan_readers(&self, plan: &mut Plan) {
        let Some(load) = &self.scenario.workload else { return };
        let start = load.mail.as_ref().and_then(|mail| mail.at).unwrap_or(USUAL_START).0;
        let until = self.until();
        for (name, draft) in &self.domains {
            let Some(generated) = draft.generated.filter(|one| one.has_clients) else { continue };
            let (host, users) = (format!("clients.{name}"), numbered_users(generated.group));
            let every = generated.group.readers.and_then(|of| of.every);
            let every = every.map_or(USUAL_POLL, |every| every.0);
            let [imap, pop3] = readers_of(generated.group);
            for number in 1..=imap + pop3 {
                let mailbox = INBOX.to_owned();
                let (at, action) = match number <= imap {
                    // Not all in one moment.
                    true => (start / 2, Action::Idle { until, mailbox }),
                    false => {
                        let turn = f64::from(number - imap) / f64::from(pop3);
                        (start + every.mul_f64(turn), Action::Poll { every, until, mailbox })
                    }
                };
                let apart = Duration::from_micros(u64::from(generated.id.number) % 1_000 * 100);
                plan.agenda.push(Step {
                    at: (SimTime::ZERO + at + apart).min(until),
                    host: host.clone(),
                    client: Some(format!("{}@{name}/reader", users.name(number))),
                    action,
                });
            }
        }
    }

    fn mail_part(&mut self, path: &Path<'_>, mail: &format::MailLoad, plan: &Plan) -> MailPart {
        let at = mail.at.unwrap_or(USUAL_START);
        let over = mail.over.unwrap_or(USUAL_MAIL_TIME);
        let messages = self.amount(path, "messages", mail.messages, mail.rate, over);
        let sizes = self.sizes(&path.at("size"), mail.size.as_ref());
        let work = MailWork {
            population: Arc::new(self.population(path, mail, plan)),
            curve: self.curve(path, mail, at, over),
            process: process(mail.arrivals),
            text: text(sizes.most()),
            sizes,
            local: mail.local.map_or(0.0, |share| share.0),
            unknown: mail.unknown.map_or(0.0, |share| share.0),
            bulk: mail.bulk.map(|bulk| (bulk.share.0, bulk.recipients)),
            connections: mail.sessions.and_then(|of| of.most).map_or(4, |most| most as usize),
            kept: mail.sessions.and_then(|of| of.kept).map_or(Duration::ZERO, |kept| kept.0),
            password: DEFAULT_PASSWORD.into(),
            gateway: GATEWAY.into(),
        };
        MailPart { messages, work }
    }

    fn dns_part(&mut self, path: &Path<'_>, dns: &format::DnsLoad) -> DnsPart {
        let at = dns.at.unwrap_or(USUAL_START);
        let over = dns.over.unwrap_or(USUAL_DNS_TIME);
        let queries = self.amount(path, "queries", dns.queries, dns.rate, over);
        self.check_span(path, at, over);
        let (exponent, in_turn) = match dns.names {
            None | Some(Names::Order(Order::Even)) => (0.0, false),
            Some(Names::Order(Order::InTurn)) => (0.0, true),
            Some(Names::Zipf(law)) => (law.zipf, false),
        };
        let groups = self.scenario.workload.iter().flat_map(|load| load.domains.as_slice());
        let groups = groups.map(|group| Group {
            weight: group.weight.unwrap_or(f64::from(group.count)),
            ..self::group(group, exponent, 0.0)
        });
        let population = Population::new(groups.collect());
        if !population.groups().iter().any(|group| group.weight > 0.0) {
            let remedy = "let one kind of domains have a \"weight\" above 0".to_owned();
            let path = Path::top().at("workload").at("domains");
            self.report.at(&path, "all weights are 0: nobody is asked for", remedy);
        }
        let usual = ["A".to_owned()];
        let written = dns.types.as_deref().unwrap_or(&usual);
        let mut types = Vec::new();
        for (index, text) in written.iter().enumerate() {
            match text.parse::<RecordType>() {
                Ok(rtype) => types.push(rtype),
                Err(_) => {
                    let remedy = "as \"A\", \"MX\" or \"TXT\"".to_owned();
                    let found = format!("{text:?} is no type of record");
                    self.report.at(&path.at("types").at(index), found, remedy);
                }
            }
        }
        if written.is_empty() {
            let remedy = "name one, or leave the key out for \"A\"".to_owned();
            self.report.at(&path.at("types"), "nothing is asked for", remedy);
        }
        let work = DnsWork {
            population: Arc::new(population),
            curve: Curve::even(SimTime::ZERO + at.0, over.0),
            process: process(dns.arrivals),
            in_flight: dns.in_flight,
            in_turn,
            types,
            unknown: dns.unknown.map_or(0.0, |share| share.0),
        };
        DnsPart { queries, work }
    }

    /// How many there are in all.
    fn amount(
        &mut self,
        path: &Path<'_>,
        key: &'static str,
        count: Option<u64>,
        rate: Option<f64>,
        over: Dur,
    ) -> u64 {
        let count = count.or_else(|| Some(libm::round(rate? * over.0.as_secs_f64()) as u64));
        let count = count.unwrap_or(1);
        if count == 0 {
            let found = format!("less than one comes to pass in {over}");
            let remedy = format!("a higher \"rate\", or a longer \"over\", or \"{key}\"");
            self.report.at(&path.at("rate"), found, remedy);
        }
        count
    }

    /// A load goes on for some time, and ends before the run does.
    pub(super) fn check_span(&mut self, path: &Path<'_>, at: Dur, over: Dur) {
        if over.0.is_zero() {
            let remedy = "at least \"1ms\"".to_owned();
            self.report.at(&path.at("over"), "it takes no time", remedy);
        }
        let until = self.until();
        if SimTime::ZERO + at.0 + over.0 > until {
            let (end, until) = (Dur(at.0 + over.0), Dur(until.since(SimTime::ZERO)));
            let found = format!("it goes on up to {end}, and the run ends at {until}");
            let remedy = "a later \"until\", or a shorter \"over\"".to_owned();
            self.report.at(&path.at("over"), found, remedy);
        }
    }

    /// Who writes and is written to.
    fn population(&mut self, path: &Path<'_>, mail: &format::MailLoad, plan: &Plan) -> Population {
        let exponent = exponent(mail.recipients);
        let of_users = self::exponent(mail.users);
        let generated = self.scenario.workload.iter().flat_map(|load| load.domains.as_slice());
        let mut groups = Vec::new();
        for of in generated {
            let mut group = group(of, exponent, of_users);
            let named = of.each.as_ref().map_or(&[][..], |each| &each.users);
            if group.users.count() == 0 && !named.is_empty() {
                let names = named.iter().map(|user| user.name().to_ascii_lowercase());
                group.users = users_of(names.collect(), of_users);
            }
            if !has_mail(of) || group.users.count() == 0 {
                group.weight = 0.0;
            }
            groups.push(group);
        }
        for (written, weight) in &mail.named {
            let path = path.at("named").at(written.as_str());
            let name = host_name(written).unwrap_or_default();
            let Some(domain) = plan.domains.get(&name) else {
                let known = self.scenario.domains.keys().map(String::as_str);
                self.report.unknown(&path, "domain of this scenario", written, known, &["domains"]);
                continue;
            };
            if !(0.0..=1e12).contains(weight) {
                self.report.at(&path, format!("{weight} is no weight"), "0 or more".to_owned());
            }
            if domain.users.is_empty() {
                let remedy = "name a domain with users of its own".to_owned();
                self.report.at(&path, format!("\"{name}\" names no users"), remedy);
            }
            groups.push(Group {
                names: DomainNames::new(&name, 1),
                domains: Spread::even(1),
                users: users_of(domain.users.keys().cloned().collect(), of_users),
                weight: *weight,
            });
        }
        if !groups.iter().any(|group| group.weight > 0.0) && !self.report.is_damaged(&["workload"])
        {
            let found = "all weights are 0, or no domain has users: nobody is written to";
            let remedy = "let one kind of domains have users, servers and a \"weight\"".to_owned();
            self.report.at(&Path::top().at("workload").at("domains"), found, remedy);
        }
        Population::new(groups)
    }

    /// What each host does of the load, by the host's place.
    pub(super) fn load_hosts(&mut self) -> IndexMap<usize, LoadHost> {
        let mut hosts = IndexMap::new();
        let Some(workload) = &self.scenario.workload else { return hosts };
        let senders = workload.mail.as_ref().and_then(|mail| mail.senders);
        let groups: Vec<Group> = workload
            .domains
            .as_slice()
            .iter()
            .map(|of| group(of, exponent(senders), 0.0))
            .collect();
        // By group, the weights of those that write.
        let mut writing = vec![0.0; groups.len()];
        let ids: Vec<(usize, _)> = (0..self.hosts.len())
            .filter_map(|at| Some((at, self.hosts[at].load?)))
            .filter(|(_, id)| (id.group as usize) < groups.len())
            .collect();
        let weight_of =
            |id: &DomainId| groups[id.group as usize].domains.weight(u64::from(id.number));
        for (_, id) in &ids {
            writing[id.group as usize] += weight_of(id);
        }
        let sends = |place: usize| {
            let of = &workload.domains.as_slice()[place];
            let weight = of.sends.or(of.weight).unwrap_or(f64::from(of.count));
            let can = has_mail(of) && (groups[place].users.count() > 0 || has_named(of));
            if can && writing[place] > 0.0 { weight } else { 0.0 }
        };
        let all: f64 = (0..groups.len()).map(sends).sum();
        if all <= 0.0 && workload.mail.is_some() && !ids.is_empty() {
            let remedy =
                "let one kind of domains with \"clients\" have \"sends\" above 0".to_owned();
            let path = Path::top().at("workload").at("domains");
            self.report.at(&path, "all weights are 0: nobody writes", remedy);
        }
        let mut sum = 0.0;
        for (place, (at, id)) in ids.iter().enumerate() {
            let name = self.hosts.get_index(*at).expect("it is counted").0;
            let domain = name.strip_prefix("clients.").unwrap_or(name);
            let group = id.group as usize;
            let part = match all > 0.0 {
                true => weight_of(id) / writing[group] * sends(group) / all,
                false => 0.0,
            };
            let before = sum;
            sum += part;
            // What rounding leaves is the last one's.
            let end = if place + 1 == ids.len() && all > 0.0 { 1.0 } else { sum };
            let tls = super::tls::devices(self.domains[domain].format);
            let share = |place: usize| place as f64 / ids.len() as f64;
            let host = LoadHost {
                domain: *id,
                writes: Range { start: before, end },
                asks: share(place)..share(place + 1),
                submit: format!("smtp.{domain}"),
                submit_port: if tls == SubmitTls::Submissions { 465 } else { 587 },
                submit_tls: tls,
            };
            hosts.insert(*at, host);
        }
        hosts
    }
}

/// The group of the population that generated domains are.
fn group(of: &format::Generated, domains: f64, users: f64) -> Group {
    let numbered = numbered_users(of);
    let spread = Spread::zipf(u64::from(numbered.count), users);
    Group {
        names: DomainNames::new(name_of(of), of.tlds.unwrap_or(1)),
        domains: Spread::zipf(u64::from(of.count), domains),
        users: Users::Numbered(numbered, spread),
        weight: of.weight.unwrap_or(f64::from(of.count)),
    }
}

fn users_of(names: Vec<String>, exponent: f64) -> Users {
    let spread = Spread::zipf(names.len() as u64, exponent);
    Users::Named(names.into(), spread)
}

fn has_named(of: &format::Generated) -> bool {
    of.each.as_ref().is_some_and(|each| !each.users.is_empty())
}

fn exponent(spread: Option<format::Spread>) -> f64 {
    match spread {
        None | Some(format::Spread::Even(_)) => 0.0,
        Some(format::Spread::Zipf(law)) => law.zipf,
    }
}

/// When a load begins that does not say so, and how long it goes on.
pub(super) const USUAL_START: Dur = Dur(Duration::from_secs(1));
pub(super) const USUAL_MAIL_TIME: Dur = Dur(Duration::from_secs(3_600));
pub(super) const USUAL_DNS_TIME: Dur = Dur(Duration::from_secs(60));
const USUAL_POLL: Duration = Duration::from_secs(600);
