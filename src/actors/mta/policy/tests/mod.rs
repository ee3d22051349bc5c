//! The order of the rules and their replies.

mod clients;
mod recipients;
mod repeated;
mod waiting;

use std::collections::BTreeMap;

use crate::actors::mta::config::{
    AcceptFrom, Domain, MtaConfig, Restriction, Submitter, Submitters, Transport,
};
use crate::actors::mta::lookup::Found;
use crate::engine::{Seed, SimTime, UnixTime};
use crate::proto::dns::stub::{Answer, LookupError};
use crate::proto::dns::{Name, Rcode, Record, RecordData, RecordType};
use crate::proto::smtp::{Mailbox, Reply, ReversePath};
use crate::store::greylist::Greylist;
use crate::store::mailbox::MailStore;
use crate::store::queue::Trouble;

use super::*;

const STRANGER: &str = "203.0.113.5";
const OWN_SERVER: &str = "192.0.2.9";
const LOGIN: &str = "bob@example.net";

/// An MTA that asks its rules, and the DNS it asks.
struct Bench {
    config: MtaConfig,
    now: SimTime,
    memory: Memory,
    anvil: Anvil,
    greylist: Greylist,
    verified: Verified,
    /// What the next hop says of recipients; `None`: nothing.
    next_hop: Option<Result<(), Trouble>>,
    probes: usize,
    dns: BTreeMap<Lookup, Found>,
    /// What was asked, in order.
    asked: Vec<String>,
    helo: &'static str,
    login: Option<&'static str>,
    mail: Option<MailStore>,
    declared_octets: Option<u64>,
}

impl Bench {
    /// example.net with bob, staff and boss; alice@example.org is known in the DNS.
    fn new() -> Self {
        let mut config = MtaConfig::new("mx.example.net", Vec::new());
        let users = ["bob", "staff", "boss"].map(String::from).into();
        let domain = Domain::open(Transport::Mailbox, Some(users));
        config.domains.insert("example.net".into(), domain);
        config.inside.insert(OWN_SERVER.parse().unwrap());
        let address: Mailbox = LOGIN.parse().unwrap();
        let bob = Submitter { password: "secret".into(), addresses: vec![address] };
        config.submission = Some(Submitters {
            named: BTreeMap::from([(LOGIN.into(), bob)]),
            ..Submitters::default()
        });
        Bench {
            config,
            now: SimTime::ZERO,
            memory: Memory::default(),
            anvil: Anvil::default(),
            greylist: Greylist::default(),
            verified: Verified::default(),
            next_hop: None,
            probes: 0,
            dns: BTreeMap::new(),
            asked: Vec::new(),
            helo: "client.example.org",
            login: None,
            mail: None,
            declared_octets: None,
        }
    }

    fn domain(&mut self) -> &mut Domain {
        self.config.domains.get_mut("example.net").unwrap()
    }

    fn restrict(&mut self, user: &str, restriction: Restriction) {
        self.domain().restrictions.insert(user.into(), restriction);
    }

    /// The DNS has this record.
    fn record(&mut self, owner: &str, data: RecordData) {
        let owner: Name = owner.parse().unwrap();
        let rtype = data.rtype();
        let records = vec![Record::new(owner.clone(), 60, data)];
        self.dns.insert((owner.clone(), rtype), Ok(Answer { canonical: owner, records }));
    }

    fn address(&mut self, owner: &str, address: &str) {
        self.record(owner, RecordData::A(address.parse().unwrap()));
    }

    /// The DNS does not answer that.
    fn silent(&mut self, owner: &str, rtype: RecordType) {
        self.dns.insert((owner.parse().unwrap(), rtype), Err(LookupError::TimedOut));
    }

    /// Runs a chain until it waits.
    fn run(
        &mut self,
        chain: &mut Chain,
        client: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Progress {
        let book = Rulebook::new(&self.config);
        let own = ["192.0.2.7".parse().unwrap()];
        let sender = from.map(|from| from.parse::<ReversePath>().unwrap());
        let recipient = to.map(|to| meant(&to.parse().unwrap(), &self.config, &own));
        let Memory { answers, standing, evidence, client_name } = &mut self.memory;
        let mut turn = Turn {
            config: &self.config,
            now: self.now,
            date: UnixTime(0),
            clock: self.now,
            own: &own,
            client: client.parse().unwrap(),
            client_name,
            login: self.login,
            helo: Some(self.helo),
            sender: sender.as_ref(),
            recipient: recipient.as_ref(),
            declared_octets: self.declared_octets,
            message: None,
            answers,
            evidence,
            dmarc_sampling: &mut Seed(1).stream("dmarc sampling"),
            anvil: &mut self.anvil,
            greylist: &mut self.greylist,
            mail: self.mail.as_ref(),
            verified: &mut self.verified,
        };
        chain.run(&book, standing, &mut turn)
    }

    /// Runs a chain to its end, answering what it asks.
    fn finish(
        &mut self,
        mut chain: Chain,
        client: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Ruling {
        loop {
            match self.run(&mut chain, client, from, to) {
                Progress::Done(ruling) => return ruling,
                Progress::Waiting(Wait::Dns(lookups)) => self.answer(lookups),
                Progress::Waiting(Wait::Probe { address, until, begin }) => {
                    self.probes += usize::from(begin);
                    match self.next_hop.clone() {
                        Some(found) => self.verified.insert(&address, self.now, found),
                        None => self.now = until,
                    }
                }
            }
        }
    }

    fn answer(&mut self, lookups: Vec<Lookup>) {
        for lookup in lookups {
            self.asked.push(format!("{} {}", lookup.1, lookup.0.without_dot()));
            let found = self.dns.get(&lookup).cloned().unwrap_or_else(|| {
                let known = self.dns.keys().any(|(name, _)| *name == lookup.0);
                Err(if known { LookupError::NoData } else { LookupError::NxDomain })
            });
            self.memory.answers.insert(lookup, found);
        }
    }

    /// A session with one recipient: what is said, and at which command.
    fn says(&mut self, client: &str, from: &str, to: &str) -> String {
        self.memory = Memory::default();
        let book = Rulebook::new(&self.config);
        let stages = [
            ("connect", Chain::connect(&book), None, None),
            ("MAIL", Chain::mail(&book), Some(from), None),
            ("RCPT", Chain::rcpt(), Some(from), Some(to)),
        ];
        for (command, chain, from, to) in stages {
            let ruling = self.finish(chain, client, from, to);
            match ruling.decision {
                Decision::Accept => {}
                Decision::AcceptThenBounce(refusal) => {
                    return format!("250, then {}", refusal.reply.enhanced().unwrap());
                }
                Decision::Refuse(refusal) if command == "RCPT" => return wire(&refusal.reply),
                Decision::Refuse(refusal) => {
                    return format!("at {command}: {}", wire(&refusal.reply));
                }
            }
        }
        "250".to_owned()
    }

    /// What a stranger with a mail from alice to bob is told.
    #[track_caller]
    fn check(&mut self, wanted: &str) {
        let found = self.says(STRANGER, "<alice@example.org>", "<bob@example.net>");
        assert_eq!(found, wanted);
    }
}

/// A reply as a client reads it.
fn wire(reply: &Reply) -> String {
    let text: Vec<_> = reply.lines().collect();
    format!("{} {} {}", reply.code(), reply.enhanced().unwrap(), text.join("/"))
}

fn taken_from(from: AcceptFrom) -> Restriction {
    Restriction { from, ..Restriction::none() }
}

fn temporary() -> Found {
    Err(LookupError::Failed(Rcode::ServFail))
}
