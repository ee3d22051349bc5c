//! What a rule is told, and what is remembered between rules.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::actors::mta::config::MtaConfig;
use crate::actors::mta::lookup::Found;
use crate::engine::{SimTime, Stream, UnixTime};
use crate::proto::dns::{Name, RecordType};
use crate::proto::smtp::server::ReceivedMessage;
use crate::proto::smtp::{Mailbox, ReversePath};
use crate::proto::spf::SpfResult;
use crate::store::greylist::Greylist;
use crate::store::mailbox::MailStore;

use super::authentication::Authentication;
use super::chain::Standing;
use super::rates::Anvil;
use super::reverse::ClientName;
use super::verification::Verified;

/// What a rule is told of the session when its turn comes.
///
/// What has not been said yet is `None`; what was said before the stage at hand is there.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) config: &'a MtaConfig,
    pub(crate) now: SimTime,
    /// The calendar date of `now`.
    pub(crate) date: UnixTime,
    /// What the host's clock reads ([`Ctx::clock`](crate::world::Ctx::clock)).
    pub(crate) clock: SimTime,
    /// The addresses of this host.
    pub(crate) own: &'a [IpAddr],
    /// The client's address.
    pub(crate) client: IpAddr,
    /// Its name, once it was looked up.
    pub(crate) client_name: &'a mut Option<ClientName>,
    /// Who it authenticated as.
    pub(crate) login: Option<&'a str>,
    /// What it called itself in EHLO or HELO.
    pub(crate) helo: Option<&'a str>,
    /// The reverse-path of MAIL.
    pub(crate) sender: Option<&'a ReversePath>,
    /// The recipient of the RCPT at hand, as [`super::meant`] reads it.
    pub(crate) recipient: Option<&'a Mailbox>,
    /// How many octets the message has, as MAIL declared with SIZE.
    pub(crate) declared_octets: Option<u64>,
    /// The message, at the end of data.
    pub(crate) message: Option<&'a ReceivedMessage>,
    /// The answers that came on this connection.
    pub(crate) answers: &'a Answers,
    /// What the rules found out for one another in this transaction.
    pub(crate) evidence: &'a mut Evidence,
    /// Which failures of DMARC a percentage spares is drawn from here.
    pub(crate) dmarc_sampling: &'a mut Stream,
    /// What each client has done lately.
    pub(crate) anvil: &'a mut Anvil,
    /// Who tried to send what to whom.
    pub(crate) greylist: &'a mut Greylist,
    /// The mailboxes of this host, where it has some.
    pub(crate) mail: Option<&'a MailStore>,
    /// Who exists at other hosts.
    pub(crate) verified: &'a mut Verified,
}

impl Turn<'_> {
    /// Whether the client authenticated or is one of the domain's own servers (Postfix's
    /// `permit_sasl_authenticated`, `permit_mynetworks`).
    pub(super) fn is_inside(&self) -> bool {
        self.login.is_some() || self.config.inside.contains(&self.client)
    }

    /// Whether nobody minds how often the client comes.
    pub(super) fn is_exempt_from_rates(&self) -> bool {
        let exempt = &self.config.clients.rates.exempt;
        self.config.inside.contains(&self.client)
            || exempt.iter().any(|network| network.contains(self.client))
    }
}

/// What one session remembers for its rules.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// What the DNS said.
    pub(crate) answers: Answers,
    /// What earlier stages came to.
    pub(crate) standing: Standing,
    /// The name of the client's address, once it was looked up.
    pub(crate) client_name: Option<ClientName>,
    /// What was found out in the transaction at hand.
    pub(crate) evidence: Evidence,
}

impl Memory {
    /// A new transaction begins.
    pub(crate) fn mail(&mut self) {
        self.standing.mail();
        self.evidence = Evidence::default();
    }
}

/// What the rules of a transaction found out, and what is to be done with a message that is taken.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// Header fields to be put above the Received field, each with its line end, in order.
    pub(crate) fields: Vec<String>,
    /// Where the message comes from, as far as that is known.
    pub(super) authentication: Authentication,
}

impl Evidence {
    /// What SPF says of MAIL FROM, once it was asked.
    pub(crate) fn spf_result(&self) -> Option<SpfResult> {
        self.authentication.spf_result()
    }
}

/// A question for the DNS.
pub(crate) type Lookup = (Name, RecordType);

/// The answers of the DNS on one connection. Nothing is asked twice.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    by_lookup: BTreeMap<Lookup, Found>,
}

/// What a rule waits for before it can say anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The answers to these questions; one at least.
    Dns(Vec<Lookup>),
    /// What the next hop says of a recipient, or that time.
    Probe {
        /// The recipient.
        address: Mailbox,
        /// When the rule is to be asked again at the latest.
        until: SimTime,
        /// Whether the next hop is to be asked now; else it is being asked.
        begin: bool,
    },
}

impl Answers {
    /// The answer to this question, or the wait for it.
    pub(super) fn get(&self, name: &Name, rtype: RecordType) -> Result<&Found, Wait> {
        let lookup = (name.clone(), rtype);
        self.by_lookup.get(&lookup).ok_or_else(|| Wait::Dns(vec![lookup]))
    }

    /// Keeps an answer.
    pub(crate) fn insert(&mut self, lookup: Lookup, found: Found) {
        self.by_lookup.insert(lookup, found);
    }
}
