//! The rules of each stage, in their order.

use crate::actors::mta::config::{MtaConfig, SpfCheck};

use super::turn::{Turn, Wait};
use super::{Finding, authentication, hops, relay, restriction, submitter, users};

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
    /// The message: `smtpd_end_of_data_restrictions`, and what is looked for in its text.
    EndOfData,
}

/// How many stages there are.
const STAGES: usize = 8;

/// One check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A submitter sends from own addresses.
    Submitter,
    /// Strangers do not relay.
    Relay,
    /// A recipient that takes mail from some only.
    Restriction,
    /// The recipient exists.
    Users,
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
            Rule::Submitter => "own addresses",
            Rule::Relay => "relay",
            Rule::Restriction => "restriction",
            Rule::Users => "user",
            Rule::Hops => "hops",
            Rule::Spf | Rule::Author => "authentication",
        }
    }

    /// Whether every MTA has it, so that nobody needs to be told that it passed.
    pub(super) const fn is_usual(self) -> bool {
        matches!(self, Rule::Submitter | Rule::Relay | Rule::Restriction | Rule::Users | Rule::Hops)
    }

    /// What it says.
    ///
    /// # Errors
    /// What it has to know before it can say something.
    pub(super) fn judge(self, turn: &mut Turn<'_>) -> Result<Finding, Wait> {
        Ok(match self {
            Rule::Submitter => submitter::judge(turn),
            Rule::Relay => relay::judge(turn),
            Rule::Restriction => restriction::judge(turn),
            Rule::Users => users::judge(turn),
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
        let mut book = Rulebook { stages: Default::default(), delay_reject: true };
        if config.submission.is_some() {
            book.add(Stage::Sender, &[Rule::Submitter]);
        }
        let authentication = &config.authentication;
        if authentication.spf != SpfCheck::Off {
            book.add(Stage::Sender, &[Rule::Spf]);
        }
        // Relaying, then restrictions, then whether the user exists, so that a stranger who is kept
        // out learns nothing about who exists.
        book.add(Stage::Recipient, &[Rule::Relay, Rule::Restriction, Rule::Users]);
        book.add(Stage::EndOfData, &[Rule::Hops]);
        if authentication.is_on() {
            book.add(Stage::EndOfData, &[Rule::Author]);
        }
        book
    }

    fn add(&mut self, stage: Stage, rules: &[Rule]) {
        self.stages[stage as usize].extend(rules);
    }

    /// The rules of a stage, in their order.
    pub(super) fn rules(&self, stage: Stage) -> &[Rule] {
        &self.stages[stage as usize]
    }
}
