//! A rule, and what of a session it is held against.

use std::net::IpAddr;

use super::deed::Deed;
use super::moment::Moment;
use crate::proto::dns::Network;
use crate::proto::misbehaviour::{self, Occasion};
use crate::proto::smtp::address::{ForwardPath, Mailbox, ReversePath};
use crate::proto::smtp::server::{Recipient, Role};
use crate::proto::spf::SpfResult;

/// At which moments of which sessions a server misbehaves, and how. What is left out fits any.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it is called where it is told of.
    pub name: String,
    /// When it applies, of the moments that fit.
    pub when: Occasion,
    /// At which moments; none: at all at which a reply is owed.
    pub at: Vec<Moment>,
    /// After how many octets of the text, for [`Moment::Text`].
    pub after_octets: u64,
    /// At which command of the session, counted from 1, whatever it is.
    pub command: Option<u64>,
    /// Only in this role.
    pub role: Option<Role>,
    /// Only on a connection that is secured, or is not.
    pub secured: Option<bool>,
    /// Only with a client that has authenticated, or has not.
    pub authenticated: Option<bool>,
    /// Only with one of these clients.
    pub clients: Vec<ClientPattern>,
    /// Only from one of these senders.
    pub senders: Vec<PathPattern>,
    /// Only from senders, the null one among them, that are not of the server's own domains.
    pub external: bool,
    /// Only to one of these recipients: the one at hand, or after RCPT one of those accepted.
    pub recipients: Vec<PathPattern>,
    /// Only messages with more octets: as declared with SIZE, and at the final dot as they are.
    pub larger_than: Option<u64>,
    /// Only messages with fewer.
    pub smaller_than: Option<u64>,
    /// Only where SPF has come to one of these.
    pub spf: Vec<SpfResult>,
    /// Only while more connections than that stand; those of the client where it is counted for each.
    pub connections_above: Option<u32>,
    /// What is done.
    pub deed: Deed,
}

/// Some clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientPattern {
    /// Who comes from this network.
    Network(Network),
    /// Who calls itself that, or something below it.
    Helo(String),
}

/// Some senders or recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathPattern {
    /// This address, but for case.
    Address(Mailbox),
    /// Every address of this domain.
    Domain(String),
    /// The null reverse-path.
    Null,
}

/// What is known of a session at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The moment.
    pub moment: Moment,
    /// The server's role.
    pub role: Role,
    /// How many commands have come, the one at hand with them.
    pub command: u64,
    /// How many octets of the text have come.
    pub text_octets: u64,
    /// Whether TLS stands.
    pub secured: bool,
    /// As whom the client has authenticated.
    pub login: Option<&'a str>,
    /// The client's address.
    pub client: IpAddr,
    /// What it calls itself.
    pub helo: Option<&'a str>,
    /// The sender, from MAIL on.
    pub sender: Option<&'a ReversePath>,
    /// The recipient of the RCPT at hand.
    pub recipient: Option<&'a ForwardPath>,
    /// Those that were accepted before.
    pub recipients: &'a [Recipient],
    /// How large the message is, where that is known.
    pub size_octets: Option<u64>,
    /// What SPF has come to, where it was asked.
    pub spf: Option<SpfResult>,
    /// How many connections stand, this one with them: of the server, and of the client.
    pub connections: [u32; 2],
    /// Whether the sender is of a domain of the server's own.
    pub is_own_sender: bool,
}

impl Rule {
    /// A rule for every reply of a server at any time.
    pub fn new(name: impl Into<String>, deed: Deed) -> Self {
        Rule {
            name: name.into(),
            when: Occasion::ALWAYS,
            at: Vec::new(),
            after_octets: 0,
            command: None,
            role: None,
            secured: None,
            authenticated: None,
            clients: Vec::new(),
            senders: Vec::new(),
            external: false,
            recipients: Vec::new(),
            larger_than: None,
            smaller_than: None,
            spf: Vec::new(),
            connections_above: None,
            deed,
        }
    }

    /// Whether the rule is about such a moment of such a session.
    pub fn fits(&self, scene: &Scene<'_>) -> bool {
        self.is_at(scene)
            && self.role.is_none_or(|role| role == scene.role)
            && self.secured.is_none_or(|secured| secured == scene.secured)
            && self.authenticated.is_none_or(|known| known == scene.login.is_some())
            && fits_any(&self.clients, |one| one.matches(scene))
            && fits_any(&self.senders, |one| scene.sender.is_some_and(|path| one.is_from(path)))
            && (!self.external || scene.sender.is_some() && !scene.is_own_sender)
            && fits_any(&self.recipients, |one| one.is_for(scene))
            && self.larger_than.is_none_or(|least| scene.size_octets.is_some_and(|is| is > least))
            && self.smaller_than.is_none_or(|most| scene.size_octets.is_some_and(|is| is < most))
            && fits_any(&self.spf, |result| scene.spf == Some(*result))
            && self.connections_above.is_none_or(|most| self.connections(scene) > most)
    }

    fn is_at(&self, scene: &Scene<'_>) -> bool {
        let is_command =
            !matches!(scene.moment, Moment::Connect | Moment::Text | Moment::EndOfText);
        let is_moment = match (self.at.as_slice(), scene.moment) {
            ([], moment) => moment != Moment::Text,
            (at, Moment::Text) => {
                at.contains(&Moment::Text) && self.after_octets == scene.text_octets
            }
            (at, moment) => at.contains(&moment),
        };
        is_moment && self.command.is_none_or(|number| is_command && number == scene.command)
    }

    /// Whether it is about the text after so many octets.
    pub(super) fn is_within_text(&self) -> Option<u64> {
        self.at.contains(&Moment::Text).then_some(self.after_octets)
    }

    fn connections(&self, scene: &Scene<'_>) -> u32 {
        let [all, of_client] = scene.connections;
        if self.when.per == misbehaviour::Per::Client { of_client } else { all }
    }
}

impl misbehaviour::Rule for Rule {
    fn occasion(&self) -> &Occasion {
        &self.when
    }
}

/// Whether one of them fits; none wanted is all.
fn fits_any<T>(patterns: &[T], fits: impl Fn(&T) -> bool) -> bool {
    patterns.is_empty() || patterns.iter().any(fits)
}

impl ClientPattern {
    fn matches(&self, scene: &Scene<'_>) -> bool {
        match self {
            ClientPattern::Network(network) => network.contains(scene.client),
            ClientPattern::Helo(name) => scene.helo.is_some_and(|helo| is_at_or_below(helo, name)),
        }
    }
}

impl PathPattern {
    fn is_from(&self, path: &ReversePath) -> bool {
        path.mailbox().map_or(*self == PathPattern::Null, |sender| self.is(sender))
    }

    /// At RCPT it is about the recipient at hand.
    fn is_for(&self, scene: &Scene<'_>) -> bool {
        let is = |path: &ForwardPath| path.mailbox().is_some_and(|mailbox| self.is(mailbox));
        match scene.recipient {
            Some(path) => is(path),
            None => scene.recipients.iter().any(|recipient| is(&recipient.path)),
        }
    }

    fn is(&self, mailbox: &Mailbox) -> bool {
        match self {
            PathPattern::Address(address) => {
                address.as_str().eq_ignore_ascii_case(mailbox.as_str())
            }
            PathPattern::Domain(domain) => mailbox.is_in_domain(domain),
            PathPattern::Null => false,
        }
    }
}

/// Whether `name` is `domain` or a host in it.
fn is_at_or_below(name: &str, domain: &str) -> bool {
    let Some(at) = name.len().checked_sub(domain.len()) else { return false };
    let Some(end) = name.get(at..) else { return false };
    end.eq_ignore_ascii_case(domain) && (at == 0 || name.as_bytes()[at - 1] == b'.')
}

#[cfg(test)]
mod tests {
    use super::super::deed::Answer;
    use super::*;

    fn scene(moment: Moment) -> Scene<'static> {
        Scene {
            moment,
            role: Role::Mta,
            command: 1,
            text_octets: 0,
            secured: false,
            login: None,
            client: "192.0.2.9".parse().unwrap(),
            helo: Some("mail.example.org"),
            sender: None,
            recipient: None,
            recipients: &[],
            size_octets: None,
            spf: None,
            connections: [3, 1],
            is_own_sender: false,
        }
    }

    fn rule() -> Rule {
        Rule::new("a rule", Deed::new(Answer::Nothing))
    }

    #[test]
    fn a_rule_for_nothing_in_particular_is_for_every_reply() {
        for moment in [Moment::Connect, Moment::Mail, Moment::EndOfText, Moment::Quit] {
            assert!(rule().fits(&scene(moment)), "{moment}");
        }
        assert!(!rule().fits(&scene(Moment::Text)));
    }

    #[test]
    fn the_text_is_a_moment_after_each_number_of_octets() {
        let within = Rule { at: vec![Moment::Text], after_octets: 9, ..rule() };
        let after = |text_octets| within.fits(&Scene { text_octets, ..scene(Moment::Text) });
        assert_eq!((after(8), after(9), after(10)), (false, true, false));
    }

    #[test]
    fn a_command_is_counted_and_neither_the_banner_nor_the_dot_is_one() {
        let third = Rule { command: Some(3), ..rule() };
        let at = |moment, command| third.fits(&Scene { command, ..scene(moment) });
        assert!(at(Moment::Rset, 3) && !at(Moment::Rset, 2));
        assert!(!at(Moment::EndOfText, 3) && !at(Moment::Connect, 3));
    }

    #[test]
    fn clients_are_known_by_address_and_by_name() {
        let check = |pattern: ClientPattern| {
            Rule { clients: vec![pattern], ..rule() }.fits(&scene(Moment::Mail))
        };
        assert!(check(ClientPattern::Network("192.0.2.0/24".parse().unwrap())));
        assert!(!check(ClientPattern::Network("198.51.100.0/24".parse().unwrap())));
        assert!(check(ClientPattern::Helo("MAIL.example.org".into())));
        assert!(check(ClientPattern::Helo("example.org".into())));
        assert!(!check(ClientPattern::Helo("ample.org".into())));
    }

    #[test]
    fn senders_and_recipients_are_known_once_they_were_named() {
        let alice: ReversePath = "<alice@example.org>".parse().unwrap();
        let to: ForwardPath = "<Bob@example.com>".parse().unwrap();
        let recipients = [Recipient::from(to.clone())];
        let with = |pattern: PathPattern, scene: Scene<'_>| {
            let senders = Rule { senders: vec![pattern.clone()], ..rule() }.fits(&scene);
            (senders, Rule { recipients: vec![pattern], ..rule() }.fits(&scene))
        };
        let mail = Scene { sender: Some(&alice), ..scene(Moment::Mail) };
        let rcpt = Scene { recipient: Some(&to), ..mail };
        let data = Scene { recipients: &recipients, moment: Moment::Data, ..mail };
        let domain = |name: &str| PathPattern::Domain(name.into());
        let bob = PathPattern::Address("bob@EXAMPLE.com".parse().unwrap());
        assert_eq!(with(domain("example.org"), scene(Moment::Ehlo)), (false, false));
        assert_eq!(with(domain("example.org"), mail), (true, false));
        assert_eq!(with(domain("example.com"), mail), (false, false));
        assert_eq!(with(domain("example.com"), rcpt), (false, true));
        assert_eq!(with(bob, data), (false, true));
        let null = ReversePath::Null;
        let report = Scene { sender: Some(&null), ..mail };
        assert_eq!(with(PathPattern::Null, report), (true, false));
        assert_eq!(with(domain("example.org"), report), (false, false));
    }

    #[test]
    fn sizes_connections_and_states_are_bounds() {
        let large = Rule { larger_than: Some(1000), ..rule() };
        let sized = |size_octets| large.fits(&Scene { size_octets, ..scene(Moment::Mail) });
        assert_eq!((sized(None), sized(Some(1000)), sized(Some(1001))), (false, false, true));
        let busy = Rule { connections_above: Some(2), ..rule() };
        assert!(busy.fits(&scene(Moment::Connect)));
        let per = misbehaviour::Per::Client;
        let each = Rule { when: Occasion { per, ..Occasion::ALWAYS }, ..busy };
        assert!(!each.fits(&scene(Moment::Connect)));
        let clear = Rule { secured: Some(false), authenticated: Some(false), ..rule() };
        assert!(clear.fits(&scene(Moment::Mail)));
        assert!(!clear.fits(&Scene { secured: true, ..scene(Moment::Mail) }));
        let spf = Rule { spf: vec![SpfResult::Fail], ..rule() };
        assert!(spf.fits(&Scene { spf: Some(SpfResult::Fail), ..scene(Moment::Rcpt) }));
        assert!(!spf.fits(&scene(Moment::Rcpt)));
    }
}
