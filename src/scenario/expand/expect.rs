//! Expectations with names resolved and defaults filled in.

use super::Expander;
use super::agenda::INBOX;
use crate::engine::SimTime;
use crate::net::Loss;
use crate::proto::dns::Rcode;
use crate::proto::mail::delivery_status;
use crate::scenario::finding::Path;
use crate::scenario::format::expect as format;
use crate::scenario::format::units::Dur;
use crate::scenario::format::{Expectation as Format, OneOrMany};
use crate::scenario::plan::expect::{Fate, LoadNumber};
use crate::scenario::plan::{Action, Count, Expect, Expectation, Plan};

impl Expander<'_, '_, '_> {
    pub(super) fn plan_expectations(&mut self, plan: &mut Plan) {
        let top = Path::top().at("expect");
        for (index, format) in self.scenario.expect.iter().enumerate() {
            let path = top.at(index);
            if let Some(expect) = self.expectation(&path, format, plan) {
                let line = self.report.line(&path);
                let always = format.always.unwrap_or(false);
                plan.expect.push(Expectation { path: path.to_string(), line, always, expect });
            }
        }
    }

    fn load_done(&mut self, path: &Path<'_>, one: &format::LoadDone) -> Option<Expect> {
        if self.scenario.workload.is_none() && !self.report.is_damaged(&["workload"]) {
            let remedy = "say in \"workload\" what is to be done".to_owned();
            self.report.at(path, "there is no workload", remedy);
        }
        let all = [
            ("written", LoadNumber::Written, one.written),
            ("submitted", LoadNumber::Submitted, one.submitted),
            ("refused", LoadNumber::Refused, one.refused),
            ("delivered", LoadNumber::Delivered, one.delivered),
            ("asked", LoadNumber::Asked, one.asked),
            ("answered", LoadNumber::Answered, one.answered),
            ("unanswered", LoadNumber::Unanswered, one.unanswered),
        ];
        let mut numbers = Vec::new();
        for (key, number, count) in all {
            if count.is_some() {
                numbers.push((number, self.count(&path.at(key), count, Count::ANY)));
            }
        }
        if numbers.is_empty() && !self.report.is_damaged(&["expect"]) {
            let remedy = "for example {\"submitted\": 1000}".to_owned();
            self.report.at(path, "nothing is expected of the load", remedy);
        }
        Some(Expect::Load(numbers))
    }

    fn expectation(&mut self, path: &Path<'_>, format: &Format, plan: &Plan) -> Option<Expect> {
        match format {
            Format { delivered: Some(one), .. } => self.delivered(&path.at("delivered"), one, plan),
            Format { not_delivered: Some(one), .. } => {
                let path = path.at("not_delivered");
                self.mail(&path.at("mail"), &one.mail, plan)?;
                let to = match &one.to {
                    Some(to) => self.addresses(&path.at("to"), to),
                    None => plan.mails[&one.mail].recipients.clone(),
                };
                Some(Expect::NotDelivered { mail: one.mail.clone(), to })
            }
            Format { bounce: Some(one), .. } => self.bounce(&path.at("bounce"), one, plan),
            Format { queries: Some(one), .. } => self.queries(&path.at("queries"), one, plan),
            Format { resolved: Some(one), .. } => self.resolved(&path.at("resolved"), one, plan),
            Format { mailbox: Some(one), .. } => self.mailbox(&path.at("mailbox"), one, plan),
            Format { device: Some(one), .. } => self.device(&path.at("device"), one, plan),
            Format { downloads: Some(one), .. } => {
                let path = path.at("downloads");
                let (client, _) = self.client(&path.at("client"), &one.client, plan)?;
                if let Some(mail) = &one.mail {
                    self.mail(&path.at("mail"), mail, plan)?;
                }
                let (after, before) = self.between(&path, one.after, one.before);
                let count = self.count(&path.at("count"), Some(one.count), Count::ANY);
                Some(Expect::Downloads { client, mail: one.mail.clone(), after, before, count })
            }
            Format { trouble: Some(one), .. } => {
                let path = path.at("trouble");
                let client = match &one.client {
                    Some(client) => Some(self.client(&path.at("client"), client, plan)?.0),
                    None => None,
                };
                let contains = one.contains.as_slice().to_vec();
                let count = self.count(&path.at("count"), Some(one.count), Count::ANY);
                Some(Expect::Trouble { client, contains, count })
            }
            Format { queue: Some(one), .. } => {
                let path = path.at("queue");
                let host = self.expected_host(&path.at("host"), one.host.as_ref())?;
                let none = Count::exactly(0);
                let messages = self.count(&path.at("messages"), one.messages, none);
                Some(Expect::Queue { host, messages })
            }
            Format { reply: Some(one), .. } => {
                let path = path.at("reply");
                let from = self.expected_host(&path.at("from"), one.from.as_ref());
                let to = self.expected_host(&path.at("to"), one.to.as_ref());
                let at_least_one = Count { at_least: 1, at_most: u64::MAX };
                Some(Expect::Reply {
                    from: from?,
                    to: to?,
                    code: one.code,
                    contains: one.contains.as_slice().to_vec(),
                    count: self.count(&path.at("count"), one.count, at_least_one),
                })
            }
            Format { path: Some(one), .. } => {
                let path = path.at("path");
                self.mail(&path.at("mail"), &one.mail, plan)?;
                let to = self.recipients(&path.at("to"), one.to.as_ref(), &one.mail, plan);
                let mut hosts = Vec::new();
                for (index, host) in one.hosts.iter().enumerate() {
                    hosts.extend(self.expected_host(&path.at("hosts").at(index), Some(host))?);
                }
                Some(Expect::Path { mail: one.mail.clone(), to, hosts })
            }
            Format { attempts: Some(one), .. } => {
                let path = path.at("attempts");
                self.mail(&path.at("mail"), &one.mail, plan)?;
                let from = self.expected_host(&path.at("from"), one.from.as_ref())?;
                let count = self.count(&path.at("count"), Some(one.count), Count::ANY);
                Some(Expect::Attempts { mail: one.mail.clone(), from, count })
            }
            Format { load: Some(one), .. } => self.load_done(&path.at("load"), one),
            Format { lost_packets: Some(one), .. } => {
                let path = path.at("lost_packets");
                Some(Expect::LostPackets(self.count(&path, Some(*one), Count::ANY)))
            }
            Format { packets: Some(one), .. } => {
                let path = path.at("packets");
                let count = self.count(&path.at("count"), Some(one.count), Count::ANY);
                let fate = match one.fate {
                    format::Fate::Lost => Fate::Lost(Loss::Random),
                    format::Fate::Cut => Fate::Lost(Loss::LinkDown),
                    format::Fate::QueueFull => Fate::Lost(Loss::QueueFull),
                    format::Fate::TooBig => Fate::Lost(Loss::TooBig),
                    format::Fate::NoRoute => Fate::Lost(Loss::NoRoute),
                    format::Fate::Partitioned => Fate::Lost(Loss::Partitioned),
                    format::Fate::Struck => Fate::Lost(Loss::Struck),
                    format::Fate::Corrupted => Fate::Lost(Loss::Corrupted),
                    format::Fate::Duplicated => Fate::Duplicated,
                    format::Fate::Delayed => Fate::Delayed,
                    format::Fate::Reset => Fate::Reset,
                    format::Fate::Held => Fate::Held,
                };
                Some(Expect::Packets { fate, count })
            }
            Format { forged: Some(one), .. } => {
                let path = path.at("forged");
                let by = self.expected_host(&path.at("by"), one.by.as_ref());
                let as_ = self.expected_host(&path.at("as"), one.as_.as_ref());
                let to = self.expected_host(&path.at("to"), one.to.as_ref());
                let count = self.count(&path.at("count"), Some(one.count), Count::ANY);
                Some(Expect::Forged { by: by?, as_: as_?, to: to?, port: one.port, count })
            }
            _ => None,
        }
    }

    fn delivered(
        &mut self,
        path: &Path<'_>,
        one: &format::Delivered,
        plan: &Plan,
    ) -> Option<Expect> {
        self.mail(&path.at("mail"), &one.mail, plan)?;
        let to = self.recipients(&path.at("to"), one.to.as_ref(), &one.mail, plan);
        let mut header = Vec::new();
        for (name, texts) in &one.header {
            self.field_name(&path.at("header").at(name.as_str()), name);
            header.extend(texts.as_slice().iter().map(|text| (name.clone(), text.clone())));
        }
        Some(Expect::Delivered {
            mail: one.mail.clone(),
            to,
            within: one.within.map(|dur| dur.0),
            after: one.after.map(|dur| dur.0),
            copies: self.count(&path.at("copies"), one.copies, Count::exactly(1)),
            octets_equal: one.octets_equal.unwrap_or(false),
            header,
        })
    }

    fn bounce(&mut self, path: &Path<'_>, one: &format::Bounce, plan: &Plan) -> Option<Expect> {
        let to = self.address(&path.at("to"), &one.to)?;
        self.user(&path.at("to"), &to)?;
        if let Some(mail) = &one.mail {
            self.mail(&path.at("mail"), mail, plan)?;
        }
        let recipient = match &one.recipient {
            Some(recipient) => Some(self.address(&path.at("recipient"), recipient)?),
            None => None,
        };
        let by = self.expected_host(&path.at("by"), one.by.as_ref())?;
        Some(Expect::Bounce {
            to,
            mail: one.mail.clone(),
            recipient,
            action: match one.action.unwrap_or_default() {
                format::ReportedAction::Failed => delivery_status::Action::Failed,
                format::ReportedAction::Delayed => delivery_status::Action::Delayed,
                format::ReportedAction::Delivered => delivery_status::Action::Delivered,
                format::ReportedAction::Relayed => delivery_status::Action::Relayed,
                format::ReportedAction::Expanded => delivery_status::Action::Expanded,
            },
            status: one.status.clone(),
            by,
            contains: one.contains.as_slice().to_vec(),
            count: self.count(&path.at("count"), one.count, Count::exactly(1)),
        })
    }

    fn queries(&mut self, path: &Path<'_>, one: &format::Queries, plan: &Plan) -> Option<Expect> {
        let from = self.expected_host(&path.at("from"), one.from.as_ref());
        let mut to = Vec::new();
        let names = one.to.as_ref().map_or(&[][..], OneOrMany::as_slice);
        for (index, name) in names.iter().enumerate() {
            match name.as_str() {
                "root" => to.extend(plan.hints.iter().map(|hint| hint.name.clone())),
                name => {
                    let name = name.to_owned();
                    to.extend(self.expected_host(&path.at("to").at(index), Some(&name))?);
                }
            }
        }
        let name = match &one.name {
            Some(name) => Some(self.dns_name(&path.at("name"), name)?),
            None => None,
        };
        let type_ = match &one.type_ {
            Some(type_) => Some(self.record_type(&path.at("type"), Some(type_))?),
            None => None,
        };
        let (after, before) = self.between(path, one.after, one.before);
        let count = self.count(&path.at("count"), Some(one.count), Count::ANY);
        Some(Expect::Queries { from: from?, to, name, type_, after, before, count })
    }

    /// From when and until when.
    fn between(
        &mut self,
        path: &Path<'_>,
        after: Option<Dur>,
        before: Option<Dur>,
    ) -> (SimTime, SimTime) {
        let after = after.map_or(SimTime::ZERO, |at| self.time(&path.at("after"), at));
        let before = match before {
            Some(at) => self.time(&path.at("before"), at),
            None => SimTime::MAX,
        };
        if before <= after {
            let found = "\"before\" is not later than \"after\"";
            self.report.at(&path.at("before"), found, None);
        }
        (after, before)
    }

    fn resolved(&mut self, path: &Path<'_>, one: &format::Resolved, plan: &Plan) -> Option<Expect> {
        let name = self.dns_name(&path.at("name"), &one.name);
        let type_ = self.record_type(&path.at("type"), one.type_.as_deref());
        let (name, type_) = (name?, type_?);
        let asked = plan.agenda.iter().any(|step| {
            matches!(&step.action, Action::Resolve { name: asked, type_: asked_type }
                if *asked == name && *asked_type == type_)
        });
        if !asked && !self.report.is_damaged(&["agenda"]) {
            let found = format!("no step of the agenda resolves {name} {type_}");
            self.report.at(path, found, "add one with \"resolve\"".to_owned());
        }
        let rcode = match one.rcode.as_deref().unwrap_or("NOERROR").parse::<Rcode>() {
            Ok(rcode) => rcode.to_string(),
            Err(error) => {
                let remedy = "for example \"NOERROR\", \"NXDOMAIN\", \"SERVFAIL\"".to_owned();
                self.report.at(&path.at("rcode"), error.to_string(), remedy);
                return None;
            }
        };
        Some(Expect::Resolved { name, type_, answer: one.answer.as_slice().to_vec(), rcode })
    }

    fn mailbox(
        &mut self,
        path: &Path<'_>,
        one: &format::MailboxHolds,
        plan: &Plan,
    ) -> Option<Expect> {
        let user = self.address(&path.at("user"), &one.user)?;
        self.user(&path.at("user"), &user)?;
        self.flagged(path, one.mail.as_ref(), &one.flags, plan)?;
        Some(Expect::Mailbox {
            user,
            mailbox: one.mailbox.clone().unwrap_or_else(|| INBOX.to_owned()),
            messages: self.count(&path.at("messages"), one.messages, Count::ANY),
            unseen: self.count(&path.at("unseen"), one.unseen, Count::ANY),
            mail: one.mail.clone(),
            flags: one.flags.as_slice().to_vec(),
        })
    }

    fn device(&mut self, path: &Path<'_>, one: &format::DeviceSees, plan: &Plan) -> Option<Expect> {
        let (client, _) = self.client(&path.at("client"), &one.client, plan)?;
        self.flagged(path, one.mail.as_ref(), &one.flags, plan)?;
        Some(Expect::Device {
            client,
            mailbox: one.mailbox.clone().unwrap_or_else(|| INBOX.to_owned()),
            sees: self.count(&path.at("sees"), one.sees, Count::ANY),
            mail: one.mail.clone(),
            flags: one.flags.as_slice().to_vec(),
        })
    }

    /// Flags need a message that has them.
    fn flagged(
        &mut self,
        path: &Path<'_>,
        mail: Option<&String>,
        flags: &OneOrMany<String>,
        plan: &Plan,
    ) -> Option<()> {
        match mail {
            Some(mail) => self.mail(&path.at("mail"), mail, plan),
            None if flags.as_slice().is_empty() => Some(()),
            None => {
                let remedy = "name the message in \"mail\"".to_owned();
                self.report.at(&path.at("flags"), "flags of no message", remedy);
                None
            }
        }
    }

    /// No host, or one that is there. `None` after a finding.
    fn expected_host(&mut self, path: &Path<'_>, name: Option<&String>) -> Option<Option<String>> {
        let Some(written) = name else { return Some(None) };
        let name = self.host_name(path, written)?;
        self.is_host(path, &name).then_some(Some(name))
    }

    fn addresses(&mut self, path: &Path<'_>, list: &OneOrMany<String>) -> Vec<String> {
        let list = list.as_slice().iter().enumerate();
        list.filter_map(|(index, one)| self.address(&path.at(index), one)).collect()
    }

    /// The users in whose mailboxes mail for `to` comes to lie. By default for the message's
    /// recipients.
    fn recipients(
        &mut self,
        path: &Path<'_>,
        to: Option<&OneOrMany<String>>,
        mail: &str,
        plan: &Plan,
    ) -> Vec<String> {
        let addresses = match to {
            Some(to) => self.addresses(path, to),
            None => plan.mails[mail].recipients.clone(),
        };
        let mut users: Vec<String> = Vec::new();
        for (index, address) in addresses.into_iter().enumerate() {
            let readers = plan.readers(&address);
            for reader in &readers {
                if !users.contains(&reader.address) {
                    users.push(reader.address.clone());
                }
            }
            if readers.is_empty() {
                // Says which part is unknown, with what is near.
                let path = path.at(index);
                if self.user(&path, &address).is_some() {
                    self.report.at(&path, format!("\"{address}\" has no mailbox"), None);
                }
            }
        }
        users
    }

    /// The bounds of a number; bounds that every number or none keeps to are a mistake.
    fn count(&mut self, path: &Path<'_>, count: Option<format::Count>, default: Count) -> Count {
        match count {
            None => default,
            Some(format::Count::Exactly(number)) => Count::exactly(number),
            Some(format::Count::Between(bounds)) => {
                let count = Count {
                    at_least: bounds.at_least.unwrap_or(0),
                    at_most: bounds.at_most.unwrap_or(u64::MAX),
                };
                if count.at_least > count.at_most {
                    let found = format!("no number is {count}");
                    self.report.at(path, found, "at_least is the smaller one".to_owned());
                } else if count == Count::ANY {
                    let remedy = "for example {\"at_least\": 1}".to_owned();
                    self.report.at(path, "bounds that every number keeps to", remedy);
                }
                count
            }
        }
    }
}
