//! The rules of each stage, in their order.

use crate::actors::mta::config::{HeloPolicy, MtaConfig, ReverseDns, SenderPolicy, SpfCheck};

use super::turn::{Turn, Wait};
use super::{
    Finding, authentication, dns_list, greylisting, helo, hops, posting, quota, rates, relay,
    restriction, reverse, sender, submitter, users, verification,
};

/// A point of a session at which rules are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Before the greeting, never delayed: limits of the client.
    Connect,
    /// The client: `smtpd_client_restrictions`.
    Client,
    /// What it calls itself: `smtpd_helo_restrictions`.
    Helo,
    /// At MAIL, never delayed: limits.
    Mail,
    /// The reverse-path: `smtpd_sender_restrictions`.
    Sender,
    /// At RCPT, never delayed: limits.
    Rcpt,
    /// The recipient: `smtpd_relay_restrictions`, then `smtpd_recipient_restrictions`.
    Recipient,
    /// Whom VRFY and EXPN ask for: a stranger learns no more than at RCPT.
    Verify,
    /// The message: `smtpd_end_of_data_restrictions`, and what is looked for in its text.
    EndOfData,
}

/// How many stages there are.
const STAGES: usize = 9;

/// One check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A client does not connect too often, nor too many times at once.
    Connections,
    /// The name of the client's address, which is only looked up.
    ClientName,
    /// Who is inside is asked nothing else about itself.
    Inside,
    /// A client on a list of good ones is asked nothing else about itself.
    AllowList,
    /// No list of bad clients has the client.
    BlockList,
    /// The client's address has a name.
    ReverseDns,
    /// The client calls itself as it should.
    Helo,
    /// A client does not send too many messages.
    Messages,
    /// A submitter sends from own addresses.
    Submitter,
    /// The sender's domain is one.
    SenderDomain,
    /// A client does not name too many recipients.
    Recipients,
    /// Strangers do not relay.
    Relay,
    /// A recipient that takes mail from some only.
    Restriction,
    /// A mailing list takes mail from the sender.
    Posting,
    /// The recipient exists.
    Users,
    /// The recipient's mailbox has room.
    Quota,
    /// Who does not try again is not let in.
    Greylisting,
    /// The next hop takes mail for the recipient.
    Verification,
    /// The message has not passed too many hosts.
    Hops,
    /// SPF: the client may send in the name of HELO and MAIL.
    Spf,
    /// DKIM and DMARC: the domain in `From` stands behind the message.
    Author,
}

impl Rule {
    /// Its name in notes.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Rule::Connections | Rule::Messages | Rule::Recipients => "rate",
            Rule::ClientName => "client name",
            Rule::Inside => "client",
            Rule::AllowList => "allow list",
            Rule::BlockList => "block list",
            Rule::ReverseDns => "reverse DNS",
            Rule::Helo => "HELO",
            Rule::Submitter => "own addresses",
            Rule::SenderDomain => "sender",
            Rule::Relay => "relay",
            Rule::Restriction => "restriction",
            Rule::Posting => "posting",
            Rule::Users => "user",
            Rule::Quota => "quota",
            Rule::Greylisting => "greylist",
            Rule::Verification => "verification",
            Rule::Hops => "hops",
            Rule::Spf | Rule::Author => "authentication",
        }
    }

    /// Whether it only counts, or every MTA has it: then nobody needs to be told that it passed.
    pub(super) const fn is_usual(self) -> bool {
        matches!(
            self,
            Rule::Connections
                | Rule::Messages
                | Rule::Recipients
                | Rule::Inside
                | Rule::Submitter
                | Rule::Relay
                | Rule::Restriction
                | Rule::Posting
                | Rule::Users
                | Rule::Quota
                | Rule::Hops
        )
    }

    /// What it says.
    ///
    /// # Errors
    /// What it has to know before it can say something.
    pub(super) fn judge(self, turn: &mut Turn<'_>) -> Result<Finding, Wait> {
        Ok(match self {
            Rule::Connections => rates::connect(turn),
            Rule::ClientName => return reverse::name(turn),
            Rule::Inside if turn.is_inside() => Finding::permit("from inside"),
            Rule::Inside => Finding::pass("a stranger"),
            Rule::AllowList => return dns_list::allow(turn),
            Rule::BlockList => return dns_list::block(turn),
            Rule::ReverseDns => reverse::judge(turn),
            Rule::Helo => return helo::judge(turn),
            Rule::Messages => rates::mail(turn),
            Rule::Submitter => submitter::judge(turn),
            Rule::SenderDomain => return sender::judge(turn),
            Rule::Recipients => rates::rcpt(turn),
            Rule::Relay => relay::judge(turn),
            Rule::Restriction => restriction::judge(turn),
            Rule::Posting => posting::judge(turn),
            Rule::Users => users::judge(turn),
            Rule::Quota => quota::judge(turn),
            Rule::Greylisting => greylisting::judge(turn),
            Rule::Verification => verification::judge(turn)?,
            Rule::Hops => hops::judge(turn),
            Rule::Spf => authentication::judge_sender(turn)?,
            Rule::Author => authentication::judge_message(turn)?,
        })
    }
}

/// The rules of every stage.
#[derive(Debug)]
pub(crate) struct Rulebook {
    stages: [Vec<Rule>; STAGES],
    /// Whether what is found out about client, HELO and sender is told at RCPT.
    pub(super) delay_reject: bool,
}

impl Rulebook {
    /// The rules of an MTA.
    pub(crate) fn new(config: &MtaConfig) -> Self {
        let clients = &config.clients;
        let mut book = Rulebook { stages: Default::default(), delay_reject: clients.delay_reject };
        let rated = rates::is_limited(&clients.rates);
        book.add(Stage::Connect, rated, Rule::Connections);
        book.add(Stage::Connect, clients.reverse_dns > ReverseDns::Off, Rule::ClientName);

        let strict = clients.reverse_dns > ReverseDns::Name;
        let listed = !clients.block_lists.is_empty();
        book.add(Stage::Client, strict || listed, Rule::Inside);
        book.add(Stage::Client, !clients.allow_lists.is_empty(), Rule::AllowList);
        book.add(Stage::Client, listed, Rule::BlockList);
        book.add(Stage::Client, strict, Rule::ReverseDns);

        let helo = clients.helo != HeloPolicy::default();
        book.add(Stage::Helo, helo, Rule::Inside);
        book.add(Stage::Helo, helo, Rule::Helo);

        book.add(Stage::Mail, rated, Rule::Messages);
        let senders = clients.sender != SenderPolicy::default();
        book.add(Stage::Sender, config.submission.is_some(), Rule::Submitter);
        book.add(Stage::Sender, senders, Rule::Inside);
        book.add(Stage::Sender, senders, Rule::SenderDomain);
        let authentication = &config.authentication;
        book.add(Stage::Sender, authentication.spf != SpfCheck::Off, Rule::Spf);

        book.add(Stage::Rcpt, rated, Rule::Recipients);
        // Relaying, then restrictions, then whether the user exists, so that a stranger who is kept
        // out learns nothing about who exists. Who does not exist is not put off first.
        let has_lists = config.domains.values().any(|domain| !domain.lists.is_empty());
        for stage in [Stage::Recipient, Stage::Verify] {
            book.add(stage, true, Rule::Relay);
            book.add(stage, true, Rule::Restriction);
            book.add(stage, has_lists, Rule::Posting);
            book.add(stage, true, Rule::Users);
        }
        let limited = config.domains.values().any(|domain| domain.over_quota.is_some());
        book.add(Stage::Recipient, limited, Rule::Quota);
        let greylisted = config.domains.values().any(|domain| domain.greylist.is_some());
        book.add(Stage::Recipient, greylisted, Rule::Greylisting);
        let verified = config.domains.values().any(|domain| domain.verification.is_some());
        book.add(Stage::Recipient, verified, Rule::Verification);

        book.add(Stage::EndOfData, true, Rule::Hops);
        book.add(Stage::EndOfData, authentication.is_on(), Rule::Author);
        book
    }

    fn add(&mut self, stage: Stage, wanted: bool, rule: Rule) {
        if wanted {
            self.stages[stage as usize].push(rule);
        }
    }

    /// The rules of a stage, in their order.
    pub(super) fn rules(&self, stage: Stage) -> &[Rule] {
        &self.stages[stage as usize]
    }
}
