//! The world of these tests: example.org with one MTA; example.com with a primary, which has the
//! mailboxes, and a backup. One name server has all names; one resolver serves everybody.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use mxsim::actors::mta::config::{Domain, Submitter, Submitters, Transport};
use mxsim::actors::{MailServer, MailServerConfig, Mta, MtaConfig, NameServer, RecursiveResolver};
use mxsim::engine::{Seed, SimTime};
use mxsim::net::LinkConfig;
use mxsim::proto::dns::resolver::{Hint, ResolverConfig};
use mxsim::proto::dns::{Authority, Name, Zone, parse_records};
use mxsim::proto::imap::{MailboxName, UidValidity};
use mxsim::store::mailbox::MailStore;
use mxsim::store::queue::{QueueId, QueuedMessage, QueuedRecipient};
use mxsim::world::{Actor, Disk, HostConfig, Note, Record, World, WorldBuilder};

const ZONE: &str = "
@ 3600 SOA ns.example.net. hostmaster.example.net. 1 3600 600 86400 300
@ 3600 NS ns.example.net.
ns.example.net. 3600 A 192.0.2.53
example.org. 3600 MX 10 mx.example.org.
mx.example.org. 3600 A 192.0.2.1
example.com. 3600 MX 10 mx1.example.com.
example.com. 3600 MX 20 mx2.example.com.
mx1.example.com. 3600 A 192.0.2.11
mx2.example.com. 3600 A 192.0.2.12
nomail.example. 3600 MX 0 .
implicit.example. 3600 A 192.0.2.11
loop.example. 3600 MX 10 mx.example.org.
";

/// What a queued message has for its text.
const TEXT: &[u8] =
    b"Message-ID: <1@example.org>\r\nTo: bob@example.com\r\nSubject: x\r\n\r\nHello\r\n.dot\r\n";

/// What is to be different about a message.
type Change = Box<dyn FnOnce(&mut QueuedMessage)>;

/// What is to be different about the mailboxes.
type Preparation = Box<dyn FnOnce(&mut MailStore)>;

/// The parts of the world, to be changed before it is built.
pub(crate) struct Net {
    pub(crate) parts: WorldBuilder,
    pub(crate) link: LinkConfig,
    /// The MTA of example.org, with the mailbox of alice, who may submit.
    pub(crate) sender: MtaConfig,
    /// The MTA of example.com, with the mailboxes of bob and carol.
    pub(crate) primary: MtaConfig,
    pub(crate) backup: MtaConfig,
    zone: String,
    accounts: Vec<String>,
    queue: Vec<(String, Vec<String>)>,
    asked: Option<Change>,
    prepare: Option<Preparation>,
    hosts: Vec<String>,
}

pub(crate) fn users(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(ToString::to_string).collect())
}

fn resolver() -> Vec<SocketAddr> {
    vec!["192.0.2.52:53".parse().unwrap()]
}

fn store(accounts: &[String]) -> MailStore {
    let mut store = MailStore::default();
    for account in accounts {
        store.add_account(account, "secret", UidValidity::new(7).unwrap()).unwrap();
    }
    store
}

impl Net {
    pub(crate) fn new(seed: u64) -> Self {
        let mut sender = MtaConfig::new("mx.example.org", resolver());
        let open = Domain::open(Transport::Mailbox, users(&["alice"]));
        sender.domains.insert("example.org".into(), open);
        let alice = Submitter {
            password: "secret".into(),
            addresses: vec!["alice@example.org".parse().unwrap()],
        };
        let named = [("alice@example.org".into(), alice)].into();
        sender.submission = Some(Submitters { named, ..Submitters::default() });
        let mut primary = MtaConfig::new("mx1.example.com", resolver());
        let open = Domain::open(Transport::Mailbox, users(&["bob", "carol"]));
        primary.domains.insert("example.com".into(), open);
        let any = Domain::open(Transport::Mailbox, None);
        primary.domains.insert("implicit.example".into(), any);
        let mut backup = MtaConfig::new("mx2.example.com", resolver());
        let relay = Domain::open(Transport::Relay, users(&["bob", "carol"]));
        backup.domains.insert("example.com".into(), relay);
        let accounts = ["bob@example.com", "carol@example.com", "bob@implicit.example"];
        Net {
            parts: WorldBuilder::new(Seed(seed)),
            link: LinkConfig::default(),
            sender,
            primary,
            backup,
            zone: ZONE.to_owned(),
            accounts: accounts.map(String::from).into(),
            queue: Vec::new(),
            asked: None,
            prepare: None,
            hosts: Vec::new(),
        }
    }

    /// Something that waits in the queue of mx.example.org from the start.
    pub(crate) fn queued(mut self, from: &str, to: &[&str]) -> Self {
        let to = to.iter().map(ToString::to_string).collect();
        self.queue.push((from.to_owned(), to));
        self
    }

    /// What is different about the first of the messages that wait.
    pub(crate) fn asked(mut self, change: impl FnOnce(&mut QueuedMessage) + 'static) -> Self {
        self.asked = Some(Box::new(change));
        self
    }

    /// What is different about the mailboxes of the primary.
    pub(crate) fn mailboxes(mut self, prepare: impl FnOnce(&mut MailStore) + 'static) -> Self {
        self.prepare = Some(Box::new(prepare));
        self
    }

    /// More names.
    pub(crate) fn zone(mut self, records: &str) -> Self {
        self.zone += records;
        self
    }

    /// A domain more for the primary, with the mailbox of bob.
    pub(crate) fn domain(mut self, name: &str) -> Self {
        let open = Domain::open(Transport::Mailbox, users(&["bob"]));
        self.primary.domains.insert(name.to_owned(), open);
        self.accounts.push(format!("bob@{name}"));
        self
    }

    /// A host more, on the same router as the others.
    pub(crate) fn host<A: Actor + 'static>(
        mut self,
        name: &str,
        address: &str,
        spawn: impl Fn() -> A + Send + Sync + 'static,
    ) -> Self {
        let host = HostConfig::new(name).address(address.parse().unwrap()).actor(spawn);
        self.parts.host(host);
        self.hosts.push(name.to_owned());
        self
    }

    pub(crate) fn build(mut self) -> World {
        let root = Name::root();
        let records = parse_records(&root, &self.zone).unwrap();
        let zone = Arc::new(Zone::new(&root, records).unwrap());
        let authority = Arc::new(Authority::new([zone]));
        let hints = vec![Hint {
            name: "ns.example.net.".parse().unwrap(),
            addresses: vec!["192.0.2.53".parse().unwrap()],
        }];
        let config = ResolverConfig { hints, ..ResolverConfig::default() };
        let none = Arc::new(Authority::new([]));

        let mut disk = Disk::default();
        disk.set_mail(store(&["alice@example.org".into()]));
        let mut draws = Seed(1).stream("test queue ids");
        for (from, recipients) in &self.queue {
            let recipients = recipients.iter().map(|to| QueuedRecipient::new(to.parse().unwrap()));
            let mut message = QueuedMessage::new(
                QueueId::draw(&mut draws),
                SimTime::ZERO,
                from.parse().unwrap(),
                Bytes::from_static(TEXT),
                recipients.collect(),
            );
            if let Some(change) = self.asked.take() {
                change(&mut message);
            }
            disk.queue().insert(message, SimTime::ZERO);
        }
        let mut mailboxes = Disk::default();
        mailboxes.set_mail(store(&self.accounts));
        if let Some(prepare) = self.prepare.take() {
            prepare(mailboxes.mail());
        }
        let [sender, primary, backup] = [self.sender, self.primary, self.backup].map(Arc::new);
        let reading = Arc::new(MailServerConfig::new("mx1.example.com"));

        let host =
            |name: &str, address: &str| HostConfig::new(name).address(address.parse().unwrap());
        self.parts
            .host(host("ns", "192.0.2.53").actor(move || NameServer::new(authority.clone())))
            .host(
                host("resolver", "192.0.2.52")
                    .actor(move || RecursiveResolver::new(config.clone(), none.clone())),
            )
            .host(host("mx", "192.0.2.1").disk(disk).actor(move || Mta::new(sender.clone())))
            .host(
                host("mx1", "192.0.2.11")
                    .disk(mailboxes)
                    .actor(move || Mta::new(primary.clone()))
                    .actor(move || MailServer::new(reading.clone())),
            )
            .host(host("mx2", "192.0.2.12").actor(move || Mta::new(backup.clone())))
            .router("internet");
        let own = ["ns", "resolver", "mx", "mx1", "mx2"].map(String::from);
        for name in own.iter().chain(&self.hosts) {
            self.parts.link(name, "internet", self.link.clone());
        }
        self.parts.build().unwrap()
    }
}

/// The messages in the INBOX of an account, in order.
pub(crate) fn inbox(world: &World, host: &str, account: &str) -> Vec<Bytes> {
    let disk = world.disk(world.node(host).unwrap()).unwrap();
    let store = disk.mail_if_any().unwrap();
    let account = store.account_of(account).unwrap();
    let inbox = store.mailbox_named(account, &MailboxName::inbox()).unwrap();
    inbox.messages().iter().map(|message| message.data().clone()).collect()
}

pub(crate) fn notes(world: &World) -> impl Iterator<Item = &Note> {
    world.records().iter().filter_map(Record::note)
}

/// How many messages are in all queues.
pub(crate) fn queued(world: &World) -> usize {
    let queued = |host| {
        let disk = world.disk(host).unwrap();
        disk.queue_if_any().map_or(0, mxsim::store::queue::Queue::len)
    };
    world.hosts().map(queued).sum()
}

/// What became of the first recipient that is not alice: `delivered`, or the status of the bounce.
pub(crate) fn fate(world: &World) -> String {
    notes(world)
        .find_map(|note| match note {
            Note::Delivered { recipient, .. } if !recipient.starts_with("alice") => {
                Some("delivered".to_owned())
            }
            Note::Bounced { status, .. } => Some(status.clone()),
            _ => None,
        })
        .unwrap_or_else(|| "still queued".to_owned())
}
