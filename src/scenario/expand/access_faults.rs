//! Misbehaving POP3 and IMAP servers, as rules of the hosts that are to keep to them.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::Expander;
use crate::engine::SimTime;
use crate::proto::access::{Answer, Deed, Protocol, Rule, UserPattern};
use crate::proto::dns::Network;
use crate::proto::imap::MailboxName;
use crate::proto::misbehaviour::{AnyRule, Occasion, Pace, Per, Then};
use crate::scenario::finding::{Path, quoted};
use crate::scenario::format::access_fault::{
    AccessEnding, AccessFault, AccessPer, AccessRefusal, RebuildIndex,
};
use crate::scenario::plan::{FaultAction, MailboxServer, Plan, Service};

use AccessRefusal::{AuthenticationFailed, Broken, InUse, LoginDelay, Unavailable};

impl Expander<'_, '_, '_> {
    /// The rule, and the hosts that it is for.
    pub(super) fn access_fault(
        &mut self,
        path: &Path<'_>,
        (name, protocol): (String, Protocol),
        format: &AccessFault,
        times: Range<SimTime>,
        plan: &Plan,
    ) -> Option<FaultAction> {
        let hosts = self.mailbox_servers(&path.at("server"), protocol, format, plan);
        let commands = self.moments(&path.at("at"), protocol, format.at.as_slice());
        let users = self.user_patterns(&path.at("user"), format.user.as_slice());
        let clients = self.clients_of(&path.at("client"), format.client.as_slice(), plan);
        let deed = self.access_deed(path, protocol, format);
        self.check_access_matches(path, protocol, format);
        let only_tls = commands.as_slice() == ["TLS"];
        if commands.contains(&"TLS") && (!only_tls || format.instead.is_none()) {
            let found = "a handshake cannot be answered like a command";
            let remedy = "\"tls\" goes alone, with \"instead\"".to_owned();
            self.report.at(&path.at("at"), found, remedy);
        } else if only_tls && format.delay.is_some() {
            let found = "a handshake that does not begin is not late";
            self.report.at(&path.at("delay"), found, "leave \"delay\" out".to_owned());
        }
        let when = Occasion {
            from: times.start,
            until: times.end,
            skip: format.skip.unwrap_or(0),
            every: format.every.unwrap_or(1),
            first: format.first,
            per: match format.per.unwrap_or(AccessPer::Server) {
                AccessPer::Server => Per::Server,
                AccessPer::Client => Per::Client,
                AccessPer::User => Per::User,
                AccessPer::Session => Per::Session,
            },
            share: format.share.map_or(1.0, |share| share.0),
            ..Occasion::ALWAYS
        };
        let rule = Arc::new(Rule {
            name,
            when,
            commands,
            users,
            clients,
            mailbox: format.mailbox.as_ref().map(|name| canonical(name)),
            message: format.message,
            larger_than: format.larger_than.map(|size| size.0),
            number: format.command,
            secured: format.tls,
            deed: deed?,
        });
        let rule = match protocol {
            Protocol::Pop3 => AnyRule::Pop3(rule),
            Protocol::Imap => AnyRule::Imap(rule),
        };
        Some(FaultAction::Misbehave { hosts, rule })
    }

    fn check_access_matches(&mut self, path: &Path<'_>, protocol: Protocol, format: &AccessFault) {
        if protocol == Protocol::Pop3 && format.mailbox.is_some() {
            let remedy = "leave \"mailbox\" out: POP3 has one alone".to_owned();
            self.report.at(&path.at("mailbox"), "POP3 knows no mailboxes", remedy);
        }
        if protocol == Protocol::Imap && format.message.is_some() {
            let found = "commands of IMAP are not about one message";
            self.report.at(&path.at("message"), found, "leave \"message\" out".to_owned());
        }
        if let Some(mailbox) = &format.mailbox {
            self.mailbox_name(&path.at("mailbox"), mailbox);
        }
        if format.share.is_some_and(|share| share.0 <= 0.0) {
            let remedy = "a share above \"0%\"".to_owned();
            self.report.at(&path.at("share"), "a fault that never happens", remedy);
        }
        let counts = format.skip.is_some() || format.first.is_some() || format.every.is_some();
        if format.per.is_some() && !counts {
            let remedy = "with \"first\", \"skip\" or \"every\"".to_owned();
            self.report.at(&path.at("per"), "nothing is counted", remedy);
        }
    }

    fn mailbox_name(&mut self, path: &Path<'_>, written: &str) {
        if let Err(error) = MailboxName::new(written) {
            let found = format!("{written:?} is no name of a mailbox: {error}");
            self.report.at(path, found, None);
        }
    }

    /// What is done, or a finding.
    fn access_deed(
        &mut self,
        path: &Path<'_>,
        protocol: Protocol,
        format: &AccessFault,
    ) -> Option<Deed> {
        let is_said = [
            format.refuse.is_some(),
            format.reply.is_some(),
            format.garbage,
            format.instead.is_some(),
            format.unsaid,
            format.cut_after.is_some(),
        ];
        let said = ANSWERS.into_iter().zip(is_said);
        let mut said = said.filter(|(_, is_said)| *is_said).map(|(key, _)| key);
        if let (Some(one), Some(other)) = (said.next(), said.next()) {
            let found = format!("\"{one}\" and \"{other}\" are two answers to one command");
            self.report.at(&path.at(other), found, "choose one".to_owned());
            return None;
        }
        let ending = |ending: AccessEnding| match ending {
            AccessEnding::Close => Then::Close,
            AccessEnding::Reset => Then::Reset,
            AccessEnding::Silence => Then::Silence,
        };
        let mut then = format.then.map_or(Then::GoOn, ending);
        if format.instead.is_some() && format.then.is_some() {
            let found = "what happens instead is the end already";
            self.report.at(&path.at("then"), found, "leave \"then\" out".to_owned());
        }
        let answer = if let Some(refusal) = format.refuse {
            Answer::Line(refusal_line(protocol, refusal).to_owned())
        } else if let Some(reply) = &format.reply {
            self.check_reply_line(&path.at("reply"), protocol, reply)?;
            if reply.starts_with("* BYE") && then == Then::GoOn {
                then = Then::Close;
            }
            Answer::Line(reply.clone())
        } else if format.garbage {
            Answer::Garbage
        } else if let Some(instead) = format.instead {
            then = ending(instead);
            Answer::Nothing
        } else if format.unsaid {
            Answer::Cut(0)
        } else if let Some(size) = format.cut_after {
            if then == Then::GoOn {
                then = Then::Close;
            }
            Answer::Cut(size.0)
        } else {
            Answer::Usual
        };
        let delay = format.delay.map_or(Duration::ZERO, |delay| delay.0);
        let pace = format.pace.map(|pace| Pace {
            octets: usize::try_from(pace.octets).unwrap_or(usize::MAX),
            every: pace.every.0,
        });
        if pace.is_some_and(|pace| pace.every.is_zero()) {
            let found = "without time between them, octets are not slow";
            let remedy = "a time above \"0s\"".to_owned();
            self.report.at(&path.at("pace").at("every"), found, remedy);
            return None;
        }
        let deed = Deed { answer, then, delay, pace };
        let keys = ANSWERS.iter().chain(&["then", "delay", "pace"]);
        let is_written = keys.into_iter().any(|key| self.report.is_written(path, key));
        if deed == Deed::new(Answer::Usual) && !is_written {
            let remedy = "say what it does with \"refuse\", \"reply\", \"instead\", \"unsaid\", \
                          \"cut_after\", \"garbage\", \"then\", \"delay\" or \"pace\"";
            self.report.at(path, "nothing is wrong with this server", remedy.to_owned());
        }
        Some(deed)
    }

    /// A status line of the protocol, or a finding.
    fn check_reply_line(&mut self, path: &Path<'_>, protocol: Protocol, reply: &str) -> Option<()> {
        let (words, remedy): (&[&str], _) = match protocol {
            Protocol::Pop3 => (&["-ERR", "+OK"], "for example \"-ERR [SYS/TEMP] Try again\""),
            Protocol::Imap => (
                &["NO", "BAD", "OK", "* BYE", "* NO", "* OK", "* BAD"],
                "for example \"NO [UNAVAILABLE] Try again\"; \"* BYE Going down\" ends the session",
            ),
        };
        let is_word = |word: &&str| {
            reply.strip_prefix(*word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let is_line = reply.len() <= 510 && !reply.chars().any(char::is_control);
        if words.iter().any(is_word) && is_line {
            return Some(());
        }
        let found = format!("{reply:?} is no status line of {protocol}");
        self.report.at(path, found, remedy.to_owned());
        None
    }

    /// Which moments are meant: in upper case.
    fn moments(
        &mut self,
        path: &Path<'_>,
        protocol: Protocol,
        written: &[String],
    ) -> Vec<&'static str> {
        let known = protocol.moments();
        let mut moments = Vec::new();
        for (index, word) in written.iter().enumerate() {
            match known.iter().find(|known| known.eq_ignore_ascii_case(word)) {
                Some(found) => moments.push(*found),
                None => {
                    let known: Vec<String> =
                        known.iter().map(|word| word.to_ascii_lowercase()).collect();
                    let known = known.iter().map(String::as_str);
                    let what = match protocol {
                        Protocol::Pop3 => "moment of a POP3 session",
                        Protocol::Imap => "moment of an IMAP session",
                    };
                    self.report.unknown(&path.at(index), what, word, known, &[]);
                }
            }
        }
        moments
    }

    fn user_patterns(&mut self, path: &Path<'_>, written: &[String]) -> Vec<UserPattern> {
        let mut patterns = Vec::new();
        for (index, text) in written.iter().enumerate() {
            let path = path.at(index);
            if text.contains('@') {
                let Some(address) = self.address(&path, text) else { continue };
                if self.user(&path, &address).is_some() {
                    patterns.push(UserPattern::User(address));
                }
            } else if let Some(name) = self.host_name(&path, text) {
                match self.domains.get(&*name) {
                    Some(domain) => patterns.push(UserPattern::Domain(domain.mail_name.clone())),
                    None => {
                        let known = self.domains.keys().map(|name| &**name);
                        self.report.unknown(&path, "mail domain", text, known, &["domains"]);
                    }
                }
            }
        }
        patterns
    }

    /// The networks of these clients: mail clients and hosts by their addresses.
    fn clients_of(&mut self, path: &Path<'_>, written: &[String], plan: &Plan) -> Vec<Network> {
        let mut networks = Vec::new();
        for (index, text) in written.iter().enumerate() {
            let path = path.at(index);
            if let Ok(network) = text.parse::<Network>() {
                networks.push(network);
                continue;
            }
            let is_host = |name: &String| plan.hosts.contains_key(name);
            let host = match super::names::host_name(text).filter(is_host) {
                Some(host) => Some(host),
                None => self.client(&path, text, plan).map(|(_, host)| host),
            };
            let host = host.and_then(|host| plan.hosts.get(&host));
            networks.extend(
                host.into_iter().flat_map(|host| host.addresses.iter().copied().map(Network::from)),
            );
        }
        networks
    }

    /// The hosts of these names, or with the mailboxes of these domains, that speak the protocol.
    fn mailbox_servers(
        &mut self,
        path: &Path<'_>,
        protocol: Protocol,
        format: &AccessFault,
        plan: &Plan,
    ) -> Vec<String> {
        let speaks = |server: &MailboxServer| match protocol {
            Protocol::Pop3 => server.pop3,
            Protocol::Imap => server.imap,
        };
        let server_of = |name: &str| {
            let mut services = plan.hosts.get(name)?.services.iter();
            services.find_map(|one| match one {
                Service::MailboxServer(server) => Some(server),
                _ => None,
            })
        };
        let written = format.server.as_slice();
        if written.is_empty() {
            let remedy = "name a host, for example \"imap.example.com\", or a domain".to_owned();
            self.report.at(path, "no server", remedy);
        }
        let mut hosts = Vec::new();
        for (index, text) in written.iter().enumerate() {
            let path = path.at(index);
            let Some(name) = self.host_name(&path, text) else { continue };
            if let Some(domain) = self.domains.get(&*name) {
                let mail_name = domain.mail_name.clone();
                let of_domain = plan.hosts.keys().filter(|host| {
                    server_of(host).is_some_and(|server| {
                        speaks(server)
                            && server.domains.iter().any(|domain| domain.name == mail_name)
                    })
                });
                let before = hosts.len();
                hosts.extend(of_domain.cloned());
                if hosts.len() == before && !self.report.is_damaged(&["domains", "hosts"]) {
                    let found = format!("no host has mailboxes of \"{name}\" for {protocol}");
                    self.report.at(&path, found, None);
                }
                continue;
            }
            if !self.is_host(&path, &name) {
                continue;
            }
            if !server_of(&name).is_some_and(|server| speaks(server))
                && !self.report.is_damaged(&["hosts", "domains"])
            {
                let known = plan.hosts.keys().map(String::as_str);
                let known = known.filter(|name| server_of(name).is_some_and(|it| speaks(it)));
                let known: Vec<&str> = known.take(8).collect();
                let found = format!("\"{name}\" does not speak {protocol}");
                self.report.at(&path, found, format!("some that do are {}", quoted(&known)));
            }
            hosts.push(name);
        }
        hosts
    }

    /// The loss of an index, and where it happens.
    pub(super) fn rebuild_index(
        &mut self,
        path: &Path<'_>,
        format: &RebuildIndex,
        plan: &Plan,
    ) -> Option<FaultAction> {
        let mailbox = format.mailbox.as_deref().unwrap_or("INBOX");
        self.mailbox_name(&path.at("mailbox"), mailbox);
        let user = self.address(&path.at("user"), &format.user)?;
        self.user(&path.at("user"), &user)?;
        let has = |service: &Service| match service {
            Service::MailboxServer(server) => server
                .domains
                .iter()
                .any(|domain| domain.users.values().any(|one| one.address == user)),
            _ => false,
        };
        let Some(host) = plan.hosts.values().find(|host| host.services.iter().any(has)) else {
            if !self.report.is_damaged(&["domains", "hosts"]) {
                let found = format!("\"{user}\" has no mailbox");
                self.report.at(&path.at("user"), found, None);
            }
            return None;
        };
        let (host, mailbox) = (host.name.clone(), canonical(mailbox));
        Some(FaultAction::RebuildIndex { host, user, mailbox })
    }
}

/// The keys of which one says what is answered.
const ANSWERS: [&str; 6] = ["refuse", "reply", "garbage", "instead", "unsaid", "cut_after"];

/// INBOX is one name in any case.
fn canonical(mailbox: &str) -> String {
    if mailbox.eq_ignore_ascii_case("INBOX") { "INBOX".to_owned() } else { mailbox.to_owned() }
}

/// The words of a refusal.
fn refusal_line(protocol: Protocol, refusal: AccessRefusal) -> &'static str {
    match (protocol, refusal) {
        (Protocol::Pop3, AuthenticationFailed) => "-ERR [AUTH] Authentication failed",
        (Protocol::Pop3, Unavailable) => "-ERR [SYS/TEMP] Not available now",
        (Protocol::Pop3, InUse) => "-ERR [IN-USE] Maildrop is locked by another session",
        (Protocol::Pop3, LoginDelay) => "-ERR [LOGIN-DELAY] Too soon after the last login",
        (Protocol::Pop3, Broken) => "-ERR [SYS/PERM] Maildrop cannot be opened",
        (Protocol::Imap, AuthenticationFailed) => "NO [AUTHENTICATIONFAILED] Authentication failed",
        (Protocol::Imap, Unavailable) => "NO [UNAVAILABLE] Not available now",
        (Protocol::Imap, InUse) => "NO [INUSE] Mailbox is in use",
        (Protocol::Imap, LoginDelay) => "NO [LIMIT] Too soon after the last login",
        (Protocol::Imap, Broken) => "NO [CORRUPTION] Mailbox cannot be opened",
    }
}
