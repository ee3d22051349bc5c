//! The agenda: who does what when, and the messages they write.

use std::time::Duration;

use super::Expander;
use super::names::host_name;
use crate::engine::SimTime;
use crate::proto::dns::RecordType;
use crate::scenario::finding::Path;
use crate::scenario::format::agenda as format;
use crate::scenario::format::domain::ReadProtocol;
use crate::scenario::format::{Dur, OneOrMany};
use crate::scenario::plan::{Action, Plan, Service, Step};

impl Expander<'_, '_, '_> {
    pub(super) fn plan_agenda(&mut self, plan: &mut Plan) {
        let top = Path::top().at("agenda");
        // Messages first, since a step may speak of one that a later line writes.
        for (index, step) in self.scenario.agenda.iter().enumerate() {
            self.plan_mail(&top.at(index), step, plan);
        }
        for (index, step) in self.scenario.agenda.iter().enumerate() {
            let path = top.at(index);
            let at = self.time(&path.at("at"), step.at);
            let Some((host, client)) = self.actor(&path, step, plan) else { continue };
            if let Some(action) = self.action(&path, step, client.as_deref(), plan) {
                plan.agenda.push(Step { at, host, client, action });
            }
        }
        self.plan_readers(plan);
        plan.agenda.sort_by_key(|step| step.at);
    }

    /// A moment of the run, or a finding.
    pub(super) fn time(&mut self, path: &Path<'_>, at: Dur) -> SimTime {
        let (time, until) = (SimTime::ZERO + at.0, self.until());
        if time > until {
            let found = format!("{at} is after the end of the run");
            let remedy = format!("\"until\" is {}", Dur(until.since(SimTime::ZERO)));
            self.report.at(path, found, remedy);
        }
        time
    }

    /// The client of that name, or a finding: its full name and its host.
    pub(super) fn client(
        &mut self,
        path: &Path<'_>,
        written: &str,
        plan: &Plan,
    ) -> Option<(String, String)> {
        if let Some((name, host)) = plan.clients.get_key_value(written) {
            return Some((name.clone(), host.clone()));
        }
        // `alice@example.org` is the first of her devices.
        if let Some((local, domain)) = written.rsplit_once('@')
            && !domain.contains('/')
            && let Some(domain) = host_name(domain)
            && let Some((at, _, draft)) = self.domains.get_full(&domain)
            && let Some(user) = draft.format.users.iter().find(|user| user.name() == local)
        {
            let devices = self.devices(at, user);
            let mail_name = &draft.mail_name;
            let name = devices.first().map(|device| format!("{local}@{mail_name}/{device}"));
            if let Some((name, host)) = name.and_then(|name| plan.clients.get_key_value(&name)) {
                return Some((name.clone(), host.clone()));
            }
            if !self.report.is_damaged(&["domains"]) {
                let remedy = "give the user devices, or name one of \"clients\"".to_owned();
                self.report.at(path, format!("\"{written}\" has no device"), remedy);
            }
            return None;
        }
        let names = plan.clients.keys().map(String::as_str);
        let sections = ["domains", "clients", "hosts"];
        match written.contains('/') {
            true => self.report.unknown(path, "client", written, names, &sections),
            false => {
                let addresses = names.map(|name| name.split('/').next().unwrap_or(name));
                self.report.unknown(path, "client", written, addresses, &sections);
            }
        }
        None
    }

    /// On which host a step is done, and by which client.
    fn actor(
        &mut self,
        path: &Path<'_>,
        step: &format::Step,
        plan: &Plan,
    ) -> Option<(String, Option<String>)> {
        match (&step.client, &step.host) {
            (Some(client), None) => {
                let (client, host) = self.client(&path.at("client"), client, plan)?;
                Some((host, Some(client)))
            }
            (None, Some(host)) if step.resolve.is_some() => {
                let path = path.at("host");
                let name = self.host_name(&path, host)?;
                if !self.is_host(&path, &name) {
                    return None;
                }
                if plan.hosts.get(&name).is_some_and(|host| host.resolvers.is_empty()) {
                    let remedy = format!("hosts.{name:?}.resolver names one");
                    self.report.at(&path, format!("\"{name}\" has no resolver"), remedy);
                }
                Some((name, None))
            }
            (None, Some(_)) => {
                let remedy = "name a client; a host alone can only \"resolve\"".to_owned();
                self.report.at(&path.at("host"), "a host does not read or write mail", remedy);
                None
            }
            (Some(_), Some(_)) => {
                let remedy = "leave one of the two out".to_owned();
                self.report.at(&path.at("host"), "there is a \"client\" too", remedy);
                None
            }
            (None, None) => {
                let remedy = "for example \"client\": \"alice@example.org\"".to_owned();
                self.report.at(path, "nobody does this", remedy);
                None
            }
        }
    }

    fn action(
        &mut self,
        path: &Path<'_>,
        step: &format::Step,
        client: Option<&str>,
        plan: &Plan,
    ) -> Option<Action> {
        self.mailbox_names(path, step);
        let mailbox = |name: &Option<String>| name.clone().unwrap_or_else(|| INBOX.to_owned());
        if let Some(resolve) = &step.resolve {
            let path = path.at("resolve");
            let name = self.dns_name(&path.at("name"), &resolve.name);
            let type_ = self.record_type(&path.at("type"), resolve.type_.as_deref());
            return Some(Action::Resolve { name: name?, type_: type_? });
        }
        if step.send.is_some() {
            return Some(Action::Send { mail: self.mail_of(path, plan)? });
        }
        let client = client?;
        if let Some(fetch) = &step.fetch {
            self.only_imap(&path.at("fetch").at("mailbox"), fetch.mailbox.is_some(), client, plan);
            return Some(Action::Fetch { mailbox: mailbox(&fetch.mailbox) });
        }
        if let Some(poll) = &step.poll {
            let path = path.at("poll");
            self.only_imap(&path.at("mailbox"), poll.mailbox.is_some(), client, plan);
            // A reading takes longer than this anyway; a shorter wait is only more to skip.
            if poll.every.0 < LEAST_POLL {
                let found = "hardly any time between two readings";
                let remedy = format!("at least \"{}\"", Dur(LEAST_POLL));
                self.report.at(&path.at("every"), found, remedy);
            }
            let until = match poll.for_ {
                Some(dur) => (SimTime::ZERO + step.at.0 + dur.0).min(plan.until),
                None => plan.until,
            };
            let mailbox = mailbox(&poll.mailbox);
            return Some(Action::Poll { every: poll.every.0, until, mailbox });
        }
        if let Some(idle) = &step.idle {
            self.only_imap(&path.at("idle"), true, client, plan);
            let until = match idle.for_ {
                Some(dur) => (SimTime::ZERO + step.at.0 + dur.0).min(plan.until),
                None => plan.until,
            };
            return Some(Action::Idle { until, mailbox: mailbox(&idle.mailbox) });
        }
        if let Some(misbehave) = &step.misbehave {
            return self.misbehaviour(&path.at("misbehave"), misbehave, client, plan);
        }
        let mut known = |path: &Path<'_>, mail: &str| {
            self.only_imap(path, true, client, plan);
            self.mail(&path.at("mail"), mail, plan)?;
            if plan.mails[mail].message_id.is_none() {
                let found =
                    format!("\"{mail}\" has no Message-ID, by which a client could find it");
                self.report.at(&path.at("mail"), found, None);
            }
            Some(mail.to_owned())
        };
        if let Some(flag) = &step.flag {
            let path = path.at("flag");
            let mail = known(&path, &flag.mail)?;
            let add = self.flags(&path.at("add"), &flag.add);
            let remove = self.flags(&path.at("remove"), &flag.remove);
            if add.is_empty() && remove.is_empty() {
                let remedy = "for example \"add\": [\"\\\\Flagged\"]".to_owned();
                self.report.at(&path, "no flag is set or cleared", remedy);
            }
            return Some(Action::Flag { mail, add, remove, mailbox: mailbox(&flag.mailbox) });
        }
        if let Some(copy) = &step.copy {
            let mail = known(&path.at("copy"), &copy.mail)?;
            return Some(Action::Copy {
                mail,
                mailbox: mailbox(&copy.mailbox),
                to: copy.to.clone(),
            });
        }
        if let Some(delete) = &step.delete {
            let mail = known(&path.at("delete"), &delete.mail)?;
            return Some(Action::Delete { mail, mailbox: mailbox(&delete.mailbox) });
        }
        let append = step.append.as_ref()?;
        let path_of = path.at("append");
        self.only_imap(&path_of, true, client, plan);
        let flags = self.flags(&path_of.at("flags"), &append.flags);
        let mail = self.mail_of(path, plan)?;
        Some(Action::Append { mail, mailbox: mailbox(&append.mailbox), flags })
    }

    /// Every mailbox that a step names has a name that a client can write (RFC 3501 §5.1).
    fn mailbox_names(&mut self, path: &Path<'_>, step: &format::Step) {
        let named = [
            ("fetch", "mailbox", step.fetch.as_ref().and_then(|one| one.mailbox.as_ref())),
            ("poll", "mailbox", step.poll.as_ref().and_then(|one| one.mailbox.as_ref())),
            ("idle", "mailbox", step.idle.as_ref().and_then(|one| one.mailbox.as_ref())),
            ("flag", "mailbox", step.flag.as_ref().and_then(|one| one.mailbox.as_ref())),
            ("copy", "mailbox", step.copy.as_ref().and_then(|one| one.mailbox.as_ref())),
            ("copy", "to", step.copy.as_ref().map(|one| &one.to)),
            ("append", "mailbox", step.append.as_ref().and_then(|one| one.mailbox.as_ref())),
            ("delete", "mailbox", step.delete.as_ref().and_then(|one| one.mailbox.as_ref())),
        ];
        for (action, key, name) in named {
            if name.is_some_and(|name| name.is_empty() || name.chars().any(char::is_control)) {
                let remedy = "at least one character, none of them a control character".to_owned();
                self.report.at(&path.at(action).at(key), "no name of a mailbox", remedy);
            }
        }
    }

    /// The message that the step at `path` writes. It was planned before, under its line.
    fn mail_of(&self, path: &Path<'_>, plan: &Plan) -> Option<String> {
        let line = path.to_string();
        self.written.get(&line).filter(|id| plan.mails.contains_key(*id)).cloned()
    }

    fn only_imap(&mut self, path: &Path<'_>, asked: bool, client: &str, plan: &Plan) {
        let uses_pop3 = plan.clients.get(client).is_some_and(|host| {
            plan.hosts[host].services.iter().any(|service| {
                matches!(service, Service::Client(one)
                    if one.name == client && one.read == ReadProtocol::Pop3)
            })
        });
        if asked && uses_pop3 {
            let found = format!("\"{client}\" reads by POP3, which has no mailboxes and flags");
            self.report.at(path, found, "let it read by \"imap\"".to_owned());
        }
    }

    fn flags(&mut self, path: &Path<'_>, flags: &OneOrMany<String>) -> Vec<String> {
        for (index, flag) in flags.as_slice().iter().enumerate() {
            let word = flag.strip_prefix('\\').unwrap_or(flag);
            let is_atom = |octet: u8| octet.is_ascii_graphic() && !b"(){%*\"\\]".contains(&octet);
            let system = flag.starts_with('\\');
            let known = SYSTEM_FLAGS.iter().any(|one| one.eq_ignore_ascii_case(flag));
            if word.is_empty() || !word.bytes().all(is_atom) || system && !known {
                let path = path.at(index);
                let remedy = format!("a word, or one of {}", SYSTEM_FLAGS.join(" "));
                self.report.at(&path, format!("{flag:?} is no flag"), remedy);
            }
        }
        flags.as_slice().to_vec()
    }

    /// The message of that id, or a finding.
    pub(super) fn mail(&mut self, path: &Path<'_>, id: &str, plan: &Plan) -> Option<()> {
        if plan.mails.contains_key(id) {
            return Some(());
        }
        let known = plan.mails.keys().map(String::as_str);
        self.report.unknown(
            path,
            "message of the agenda",
            id,
            known,
            &["agenda", "domains", "clients"],
        );
        None
    }

    pub(super) fn one_line(&mut self, path: &Path<'_>, text: &str) {
        if text.chars().any(char::is_control) {
            let remedy = "one line without control characters".to_owned();
            self.report.at(path, "a line end or control character in a header field", remedy);
        }
    }

    pub(super) fn field_name(&mut self, path: &Path<'_>, name: &str) {
        let is_right = |octet: u8| octet.is_ascii_graphic() && octet != b':';
        if name.is_empty() || !name.bytes().all(is_right) {
            let remedy = "printable ASCII without space and colon (RFC 5322 §2.2)".to_owned();
            self.report.at(path, format!("{name:?} is no name of a header field"), remedy);
        }
    }

    /// A DNS name in lower case, without its final dot; the root is `.`.
    pub(super) fn dns_name(&mut self, path: &Path<'_>, written: &str) -> Option<String> {
        match written.parse::<crate::proto::dns::Name>() {
            Ok(name) if name.is_root() => Some(".".into()),
            Ok(name) => Some(name.to_lowercase().without_dot().to_string()),
            Err(error) => {
                self.report.at(path, format!("{written:?} is no domain name: {error}"), None);
                None
            }
        }
    }

    /// The record type in upper case, `A` by default.
    pub(super) fn record_type(&mut self, path: &Path<'_>, written: Option<&str>) -> Option<String> {
        let written = written.unwrap_or("A");
        match written.to_ascii_uppercase().parse::<RecordType>() {
            Ok(rtype) => Some(rtype.to_string()),
            Err(_) => {
                let remedy = "for example \"A\", \"AAAA\", \"MX\", \"NS\", \"TXT\"".to_owned();
                self.report.at(path, format!("{written:?} is no record type"), remedy);
                None
            }
        }
    }
}

pub(super) const INBOX: &str = "INBOX";
const SYSTEM_FLAGS: &[&str] = &["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"];
const LEAST_POLL: Duration = Duration::from_millis(1);
