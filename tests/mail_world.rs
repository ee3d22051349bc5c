//! Mail from MTA to MTA, in worlds made in code: what an administrator asks "what happens if".

#![expect(clippy::unwrap_used, reason = "a panic in a test is the failure")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mxsim::actors::mta::config::{Domain, Transport};
use mxsim::actors::{Mta, MtaConfig, NameServer, RecursiveResolver};
use mxsim::engine::{Seed, SimTime};
use mxsim::net::LinkConfig;
use mxsim::proto::dns::resolver::{Hint, ResolverConfig};
use mxsim::proto::dns::{Authority, Name, Zone, parse_records};
use mxsim::proto::imap::{MailboxName, UidValidity};
use mxsim::proto::mail::Header;
use mxsim::store::mailbox::MailStore;
use mxsim::store::queue::{QueueId, QueuedMessage, QueuedRecipient, RecipientState};
use mxsim::world::{Control, Disk, Fact, HostConfig, Note, World, WorldBuilder};

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

/// example.org with one MTA; example.com with a primary, which has the mailboxes, and a backup. One
/// name server has all names; one resolver serves everybody.
struct Net {
    parts: WorldBuilder,
    queue: Vec<(&'static str, Vec<&'static str>)>,
    latency: LinkConfig,
}

fn resolver() -> Vec<SocketAddr> {
    vec!["192.0.2.52:53".parse().unwrap()]
}

fn store(accounts: &[&str]) -> MailStore {
    let mut store = MailStore::default();
    for account in accounts {
        store.add_account(account, "secret", UidValidity::new(7).unwrap()).unwrap();
    }
    store
}

fn users(names: &[&str]) -> Option<std::collections::BTreeSet<String>> {
    Some(names.iter().map(ToString::to_string).collect())
}

impl Net {
    fn new(seed: u64) -> Self {
        let parts = WorldBuilder::new(Seed(seed));
        Net { parts, queue: Vec::new(), latency: LinkConfig::default() }
    }

    /// Something that waits in the queue of mx.example.org from the start.
    fn queued(mut self, from: &'static str, to: &[&'static str]) -> Self {
        self.queue.push((from, to.to_vec()));
        self
    }

    fn build(mut self) -> World {
        let root = Name::root();
        let records = parse_records(&root, ZONE).unwrap();
        let zone = Arc::new(Zone::new(&root, records).unwrap());
        let authority = Arc::new(Authority::new([zone]));
        let hints = vec![Hint {
            name: "ns.example.net.".parse().unwrap(),
            addresses: vec!["192.0.2.53".parse().unwrap()],
        }];
        let config = ResolverConfig { hints, ..ResolverConfig::default() };
        let none = Arc::new(Authority::new([]));

        let mut sender = MtaConfig::new("mx.example.org", resolver());
        let open = Domain::open(Transport::Mailbox, users(&["alice"]));
        sender.domains.insert("example.org".into(), open);
        let mut disk = Disk::default();
        disk.set_mail(store(&["alice@example.org"]));
        let mut draws = Seed(1).stream("test queue ids");
        for (from, recipients) in &self.queue {
            let recipients = recipients.iter().map(|to| QueuedRecipient {
                address: to.parse().unwrap(),
                state: RecipientState::Pending(None),
            });
            let message = QueuedMessage {
                id: QueueId::draw(&mut draws),
                arrived: SimTime::ZERO,
                from: from.parse().unwrap(),
                data: Bytes::from_static(
                    b"Message-ID: <1@example.org>\r\nSubject: x\r\n\r\nHello\r\n.dot\r\n",
                ),
                recipients: recipients.collect(),
                attempts: 0,
            };
            disk.queue().insert(message, SimTime::ZERO);
        }
        let sender = Arc::new(sender);

        let mut primary = MtaConfig::new("mx1.example.com", resolver());
        primary.domains.insert(
            "example.com".into(),
            Domain::open(Transport::Mailbox, users(&["bob", "carol"])),
        );
        let any = Domain::open(Transport::Mailbox, None);
        primary.domains.insert("implicit.example".into(), any);
        let mut mailboxes = Disk::default();
        let accounts = ["bob@example.com", "carol@example.com", "bob@implicit.example"];
        mailboxes.set_mail(store(&accounts));
        let mut backup = MtaConfig::new("mx2.example.com", resolver());
        let relay = Domain::open(Transport::Relay, users(&["bob", "carol"]));
        backup.domains.insert("example.com".into(), relay);
        let (primary, backup) = (Arc::new(primary), Arc::new(backup));

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
                host("mx1", "192.0.2.11").disk(mailboxes).actor(move || Mta::new(primary.clone())),
            )
            .host(host("mx2", "192.0.2.12").actor(move || Mta::new(backup.clone())))
            .router("internet");
        for name in ["ns", "resolver", "mx", "mx1", "mx2"] {
            self.parts.link(name, "internet", self.latency);
        }
        self.parts.build().unwrap()
    }
}

/// The INBOX of an account, as (octets) in order.
fn inbox(world: &World, host: &str, account: &str) -> Vec<Bytes> {
    let disk = world.disk(world.node(host).unwrap()).unwrap();
    let store = disk.mail_if_any().unwrap();
    let account = store.account_of(account).unwrap();
    let inbox = store.mailbox_named(account, &MailboxName::inbox()).unwrap();
    inbox.messages().iter().map(|message| message.data().clone()).collect()
}

fn notes(world: &World) -> impl Iterator<Item = &Note> {
    world.records().iter().filter_map(|record| match &record.fact {
        Fact::Note(note) => Some(note),
        _ => None,
    })
}

fn queued(world: &World) -> usize {
    let queued = |host| {
        let disk = world.disk(host).unwrap();
        disk.queue_if_any().map_or(0, mxsim::store::queue::Queue::len)
    };
    world.hosts().map(queued).sum()
}

/// What became of the only recipient: `delivered`, or the status of the bounce.
fn fate(world: &World) -> String {
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

#[test]
fn a_message_goes_to_the_primary_with_trace_and_its_octets() {
    let mut world = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]).build();
    world.run(SimTime::MAX);
    let [message] = inbox(&world, "mx1", "bob@example.com").try_into().unwrap();
    let header = Header::new(&message);
    assert_eq!(header.text("Return-Path").unwrap(), "<alice@example.org>");
    assert_eq!(header.text("Delivered-To").unwrap(), "bob@example.com");
    assert_eq!(header.all("Received").count(), 1);
    assert!(message.ends_with(b"Subject: x\r\n\r\nHello\r\n.dot\r\n"));
    assert_eq!(queued(&world), 0);
    assert!(world.last_activity() < SimTime::from_secs(2), "{}", world.last_activity());
}

#[test]
fn fates_by_domain() {
    let cases = [
        ("bob@example.com", "delivered"),
        ("nobody@example.com", "5.1.1"),
        ("bob@nowhere.example", "5.1.2"),
        ("bob@nomail.example", "5.1.10"),
        ("bob@implicit.example", "delivered"),
        ("bob@loop.example", "5.4.6"),
        ("bob@[192.0.2.11]", "5.7.1"),
    ];
    for (to, wanted) in cases {
        let mut world = Net::new(1).queued("<alice@example.org>", &[to]).build();
        world.run(SimTime::MAX);
        assert_eq!(fate(&world), wanted, "{to}");
        assert_eq!(queued(&world), 0, "{to}");
        let bounces = inbox(&world, "mx", "alice@example.org");
        assert_eq!(bounces.len(), usize::from(wanted != "delivered"), "{to}");
        if let [bounce] = bounces.as_slice() {
            let status = mxsim::proto::mail::delivery_status::DeliveryStatus::find(bounce).unwrap();
            assert_eq!(status.recipients[0].final_recipient, to);
            assert_eq!(status.recipients[0].status.to_string(), wanted, "{to}");
            assert_eq!(Header::new(bounce).text("Return-Path").unwrap(), "<>");
        }
    }
}

#[test]
fn a_bounce_is_not_bounced() {
    let mut world = Net::new(1).queued("<>", &["nobody@example.com"]).build();
    world.run(SimTime::MAX);
    assert!(notes(&world).any(|note| matches!(note, Note::Discarded { .. })));
    assert_eq!(queued(&world), 0);
}

#[test]
fn many_recipients_of_one_domain_share_one_transaction_and_fail_apart() {
    let to = ["bob@example.com", "nobody@example.com", "carol@example.com"];
    let mut world = Net::new(1).queued("<alice@example.org>", &to).build();
    world.run(SimTime::MAX);
    assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 1);
    assert_eq!(inbox(&world, "mx1", "carol@example.com").len(), 1);
    let connections = world.records().iter().filter(|record| {
        matches!(&record.fact, Fact::Opened { peer, active: true, .. } if peer.port() == 25)
    });
    assert_eq!(connections.count(), 1);
    assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1);
}

#[test]
fn while_the_primary_is_down_the_backup_takes_mail_and_hands_it_on_later() {
    let mut world = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]).build();
    let primary = world.node("mx1").unwrap();
    world.control(SimTime::ZERO, Control::Crash(primary));
    world.control(SimTime::from_secs(1_000), Control::Restart(primary));
    world.run(SimTime::from_secs(900));
    assert_eq!(queued(&world), 1); // on the backup
    world.run(SimTime::MAX);
    let [message] = inbox(&world, "mx1", "bob@example.com").try_into().unwrap();
    assert_eq!(Header::new(&message).all("Received").count(), 2);
    assert_eq!(queued(&world), 0);
}

#[test]
fn what_cannot_be_delivered_for_five_days_bounces() {
    let mut world = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]).build();
    for host in ["mx1", "mx2"] {
        let host = world.node(host).unwrap();
        world.control(SimTime::ZERO, Control::Crash(host));
    }
    world.run(SimTime::MAX);
    let last = world.last_activity() - SimTime::ZERO;
    let five_days = Duration::from_secs(5 * 86_400);
    assert!(last >= five_days && last < five_days + Duration::from_secs(8_000), "{last:?}");
    assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1);
    assert_eq!(queued(&world), 0);
}

/// Invariant: a message that was answered with 250 is somewhere, whenever a host crashes.
#[test]
fn a_crash_at_any_event_of_the_receiver_loses_nothing() {
    let times: Vec<SimTime> = {
        let mut world = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]).build();
        world.run(SimTime::MAX);
        let receiver = world.node("mx1").unwrap();
        let here = world.records().iter().filter(|record| record.id.node == receiver);
        here.map(|record| record.time + Duration::from_nanos(1)).collect()
    };
    assert!(times.len() > 5);
    for at in times {
        let mut world = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]).build();
        let receiver = world.node("mx1").unwrap();
        world.control(at, Control::Crash(receiver));
        world.control(at + Duration::from_secs(5), Control::Restart(receiver));
        world.run(SimTime::MAX);
        let copies = inbox(&world, "mx1", "bob@example.com").len();
        // A second copy is right where the answer to the final dot was lost (RFC 1047).
        assert!((1..=2).contains(&copies), "{copies} copies after a crash at {at}");
        assert_eq!(queued(&world), 0);
    }
}

#[test]
fn loss_delays_mail_and_one_seed_is_one_history() {
    for seed in 1..=10 {
        let run = || {
            let mut net = Net::new(seed).queued("<alice@example.org>", &["bob@example.com"]);
            net.latency.loss = 0.1;
            let mut world = net.build();
            world.run(SimTime::MAX);
            assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 1, "seed {seed}");
            assert_eq!(queued(&world), 0);
            (world.fingerprint(), world.events())
        };
        assert_eq!(run(), run());
    }
}
