//! Which commands of which sessions a rule is about.

use std::net::IpAddr;

use super::{Asked, Deed};
use crate::proto::dns::Network;
use crate::proto::misbehaviour::{self, Occasion};

/// Which commands are answered wrongly, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it is called: `faults[3]`.
    pub name: String,
    /// When, and to how many of them.
    pub when: Occasion,
    /// Only these, of [`Protocol::moments`](super::Protocol::moments); empty: all commands, and the
    /// greeting.
    pub commands: Vec<&'static str>,
    /// Only of these users; empty: of any.
    pub users: Vec<UserPattern>,
    /// Only of clients in these networks; empty: of any.
    pub clients: Vec<Network>,
    /// Only about this mailbox.
    pub mailbox: Option<String>,
    /// Only about the message of this number (POP3).
    pub message: Option<u32>,
    /// Only about more octets than this.
    pub larger_than: Option<u64>,
    /// Only the command of this number in its session, from 1.
    pub number: Option<u32>,
    /// Only with TLS, or only without.
    pub secured: Option<bool>,
    /// What is done.
    pub deed: Deed,
}

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserPattern {
    /// One user, by login name.
    User(String),
    /// Every user of a domain.
    Domain(String),
}

/// A command, and the session that it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The command.
    pub asked: &'a Asked,
    /// Where the client is.
    pub client: IpAddr,
    /// Who has logged in, or has named himself.
    pub user: Option<&'a str>,
    /// Whether TLS stands.
    pub secured: bool,
}

impl Rule {
    /// A rule for every command at any time.
    pub fn new(name: impl Into<String>, deed: Deed) -> Self {
        Rule {
            name: name.into(),
            when: Occasion::ALWAYS,
            commands: Vec::new(),
            users: Vec::new(),
            clients: Vec::new(),
            mailbox: None,
            message: None,
            larger_than: None,
            number: None,
            secured: None,
            deed,
        }
    }

    /// Whether the rule is about such a command.
    pub fn fits(&self, scene: &Scene<'_>) -> bool {
        let asked = scene.asked;
        let is_command = match self.commands.as_slice() {
            [] => !asked.is_part && asked.command != "TLS",
            commands => commands.contains(&asked.command),
        };
        let is_of = |pattern: &UserPattern| scene.user.is_some_and(|user| pattern.fits(user));
        is_command
            && (self.users.is_empty() || self.users.iter().any(is_of))
            && (self.clients.is_empty()
                || self.clients.iter().any(|network| network.contains(scene.client)))
            && self.mailbox.as_ref().is_none_or(|name| asked.mailbox.as_ref() == Some(name))
            && self.message.is_none_or(|number| asked.message == Some(number))
            && self.larger_than.is_none_or(|least| asked.octets.is_some_and(|is| is > least))
            && self.number.is_none_or(|number| asked.number == number)
            && self.secured.is_none_or(|secured| secured == scene.secured)
    }
}

impl misbehaviour::Rule for Rule {
    fn occasion(&self) -> &Occasion {
        &self.when
    }
}

impl UserPattern {
    fn fits(&self, user: &str) -> bool {
        match self {
            UserPattern::User(name) => user.eq_ignore_ascii_case(name),
            UserPattern::Domain(domain) => {
                user.rsplit_once('@').is_some_and(|(_, of)| of.eq_ignore_ascii_case(domain))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Answer;
    use super::*;
    use crate::proto::misbehaviour::Then;

    fn check(rule: &Rule, asked: &Asked, wanted: bool) {
        let client = "192.0.2.9".parse().unwrap();
        let scene = Scene { asked, client, user: Some("Bob@example.com"), secured: true };
        assert_eq!(rule.fits(&scene), wanted, "{rule:?} {asked:?}");
    }

    fn any() -> Rule {
        Rule::new("a rule", Deed::new(Answer::Nothing).then(Then::Close))
    }

    #[test]
    fn a_rule_is_for_a_command_a_user_a_client_a_mailbox_and_a_size() {
        let retr = Asked { message: Some(2), octets: Some(900), ..Asked::new("RETR", 5) };
        check(&any(), &retr, true);
        let commands = |commands: &[&'static str]| Rule { commands: commands.into(), ..any() };
        check(&commands(&["TOP", "RETR"]), &retr, true);
        check(&commands(&["TOP"]), &retr, false);
        for (wanted, pattern) in [
            (true, UserPattern::User("bob@example.com".into())),
            (false, UserPattern::User("alice@example.com".into())),
            (true, UserPattern::Domain("EXAMPLE.com".into())),
            (false, UserPattern::Domain("example.org".into())),
        ] {
            check(&Rule { users: vec![pattern], ..any() }, &retr, wanted);
        }
        let from = |network: &str| Rule { clients: vec![network.parse().unwrap()], ..any() };
        check(&from("192.0.2.0/24"), &retr, true);
        check(&from("198.51.100.0/24"), &retr, false);
        check(&Rule { message: Some(2), larger_than: Some(899), ..any() }, &retr, true);
        check(&Rule { message: Some(1), ..any() }, &retr, false);
        check(&Rule { larger_than: Some(900), ..any() }, &retr, false);
        check(&Rule { number: Some(5), secured: Some(true), ..any() }, &retr, true);
        check(&Rule { number: Some(4), ..any() }, &retr, false);
        check(&Rule { secured: Some(false), ..any() }, &retr, false);
        let fetch = Asked { mailbox: Some("Archive".into()), ..Asked::new("FETCH", 9) };
        check(&Rule { mailbox: Some("Archive".into()), ..any() }, &fetch, true);
        check(&Rule { mailbox: Some("INBOX".into()), ..any() }, &fetch, false);
    }

    #[test]
    fn a_rule_for_no_command_in_particular_counts_no_try_to_log_in_twice() {
        check(&any(), &Asked::new("PASS", 2), true);
        let part = Asked { is_part: true, ..Asked::new("LOGIN", 2) };
        check(&any(), &part, false);
        check(&any(), &Asked::new("LOGIN", 1), true);
        check(&any(), &Asked::new("TLS", 1), false);
        check(&Rule { commands: vec!["LOGIN"], ..any() }, &part, true);
    }
}
