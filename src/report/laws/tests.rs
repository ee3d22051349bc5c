//! Each law holds in a run, and fails on one that breaks it: what happened is doctored as a program
//! with a bug would have done it.

use bytes::Bytes;

use super::*;
use crate::engine::Seed;
use crate::net::NodeId;
use crate::proto::dns::{Message, RecordType};
use crate::scenario::plan::Service;
use crate::scenario::{self, NoFiles};
use crate::store::queue::{Queue, QueueId};
use crate::world::{Fact, Note, Record};

/// Two domains, mail between them, and `more` of a scenario.
fn run(more: &str) -> (Plan, World) {
    let text = format!(
        r#"{{
          "domains": {{
            "example.org": {{ "users": ["alice"] }},
            "example.com": {{ "users": ["bob", "carol"], "aliases": {{ "team": ["bob", "carol"] }} }}
          }},
          {more}
        }}"#
    );
    let plan = scenario::parse(&text, "test.json", &NoFiles)
        .unwrap_or_else(|findings| panic!("{findings:#?}"));
    let mut world = scenario::build::build(&plan, Seed(1)).unwrap();
    world.run(plan.until);
    (plan, world)
}

/// What breaks a law after `doctor` has been at a run that kept all of them.
fn broken(more: &str, doctor: impl FnOnce(&mut Plan, &mut World)) -> Vec<(Law, String)> {
    let (mut plan, mut world) = run(more);
    assert_eq!(check(&plan, &world), []);
    doctor(&mut plan, &mut world);
    let broken = check(&plan, &world).into_iter();
    broken.map(|one| (one.law, format!("{}: {}", one.host, one.what))).collect()
}

/// Which laws are broken after `doctor` has been at a run that kept all of them: this one, and the first
/// thing that is said of it has these words.
#[track_caller]
fn check_breaks(law: Law, words: &str, more: &str, doctor: impl FnOnce(&mut Plan, &mut World)) {
    let broken = broken(more, doctor);
    let (first, what) = broken.first().expect("a law is broken");
    assert_eq!((*first, what.contains(words)), (law, true), "{broken:#?}");
}

const HELLO: &str = r#""agenda": [
    {"at": "1s", "client": "alice@example.org", "send": {"id": "hello", "to": "bob@example.com"}}
]"#;

/// The border of example.com does not answer for a day.
const WAITING: &str = r#""until": "1h", "agenda": [
    {"at": "1s", "client": "alice@example.org", "send": {"id": "hello", "to": "bob@example.com"}}
], "faults": [{"at": "0s", "crash": "mail.example.com", "for": "1d"}]"#;

fn node(world: &World, name: &str) -> NodeId {
    world.node(name).expect("a host of that name")
}

fn queued(world: &World, host: &str) -> Vec<QueueId> {
    let queue = world.disk(node(world, host)).and_then(|disk| disk.queue_if_any());
    queue.into_iter().flat_map(Queue::iter).map(|message| message.id.clone()).collect()
}

/// The first record that `is_it`, to be doctored.
fn first(world: &mut World, is_it: impl Fn(&Record) -> bool) -> &mut Record {
    world.records_mut().iter_mut().find(|record| is_it(record)).expect("there is such a record")
}

fn forget(record: &mut Record) {
    record.fact = Fact::Note(Box::new(Note::Remark("forgotten".into())));
}

fn is_note(record: &Record, host: NodeId, is_it: impl Fn(&Note) -> bool) -> bool {
    record.id.node == host && record.note().is_some_and(is_it)
}

#[test]
fn a_queue_that_is_forgotten_is_no_conservation() {
    check_breaks(Law::Conservation, "nor in the queue", WAITING, |_, world| {
        let [id] = &queued(world, "mail.example.org")[..] else { panic!("one message") };
        let host = node(world, "mail.example.org");
        world.disk_mut(host).queue().remove(id);
    });
}

#[test]
fn a_250_to_a_message_that_is_not_queued_is_no_conservation() {
    check_breaks(Law::Conservation, "that is in no queue", HELLO, |_, world| {
        let host = node(world, "mail.example.com");
        let is_it =
            |record: &Record| is_note(record, host, |note| matches!(note, Note::Accepted { .. }));
        forget(first(world, is_it));
    });
}

#[test]
fn a_mailbox_that_forgets_is_no_conservation() {
    check_breaks(Law::Conservation, "it is not there", HELLO, |_, world| {
        let host = node(world, "mail.example.com");
        world.disk_mut(host).set_mail(crate::store::mailbox::MailStore::default());
    });
}

#[test]
fn a_recipient_that_is_left_out_is_no_conservation() {
    let both = r#""agenda": [{"at": "1s", "client": "alice@example.org",
        "send": {"id": "hello", "to": ["bob@example.com", "carol@example.com"]}}]"#;
    check_breaks(Law::Conservation, "without its recipient carol", both, |_, world| {
        let host = node(world, "mail.example.com");
        let is_it =
            |record: &Record| is_note(record, host, |note| matches!(note, Note::Accepted { .. }));
        let Some(Note::Accepted { recipients, .. }) = first(world, is_it).note_mut() else {
            unreachable!("found by this")
        };
        recipients.pop();
    });
}

#[test]
fn a_client_that_forgets_its_mail_is_no_conservation() {
    check_breaks(Law::Conservation, "neither sent, refused nor kept", HELLO, |_, world| {
        let submitted = |record: &Record| matches!(record.note(), Some(Note::Submitted { .. }));
        forget(first(world, submitted));
    });
}

/// The sender crashes while the reply to its final dot is under way, and sends again.
const TWICE: &str = r#""agenda": [
    {"at": "1s", "client": "alice@example.org", "send": {"id": "hello", "to": "bob@example.com"}}
], "faults": [{"at": "1730ms", "crash": "mail.example.org", "for": "10m"}]"#;

#[test]
fn a_second_copy_after_a_reply_that_was_heard_is_a_duplicate() {
    check_breaks(Law::Duplicates, "was taken by mail.example.com again", TWICE, |_, world| {
        let copies = world
            .records()
            .iter()
            .filter(|record| matches!(record.note(), Some(Note::Delivered { .. })));
        assert_eq!(copies.count(), 2);
        // The reply arrives before the crash after all.
        let sender = node(world, "mail.example.org");
        let last =
            |record: &&Record| record.id.node == sender && record.time.as_nanos() < 1_730_000_000;
        let talk = world.records().iter().rfind(|record| {
            last(record) && matches!(&record.fact, Fact::Stream { peer, .. } if peer.port() == 25)
        });
        let Some(Record { fact: Fact::Stream { local, peer, .. }, .. }) = talk.cloned() else {
            panic!("it had talked")
        };
        let payload = Bytes::from_static(b"250 2.0.0 Ok: queued as 1\r\n");
        let crash = first(world, |record| matches!(record.fact, Fact::Crashed));
        crash.fact = Fact::Stream { local, peer, payload };
    });
}

#[test]
fn a_message_that_is_put_into_a_mailbox_twice_is_a_duplicate() {
    check_breaks(Law::Duplicates, "put into a mailbox twice", HELLO, |_, world| {
        let is_end = |record: &&Record| matches!(record.note(), Some(Note::Delivered { .. }));
        let again = world.records().iter().find(is_end).cloned().unwrap();
        let removed = first(world, |record| {
            record.id.node == again.id.node && matches!(record.note(), Some(Note::Removed { .. }))
        });
        removed.fact = again.fact;
    });
}

#[test]
fn a_report_on_a_report_is_told() {
    let unknown = r#""agenda": [
        {"at": "1s", "client": "alice@example.org", "send": {"id": "hello", "to": "eve@example.com"}}
    ]"#;
    check_breaks(Law::Bounces, "from <>, is answered by a report", unknown, |_, world| {
        let host = node(world, "mail.example.org");
        let is_it =
            |record: &Record| is_note(record, host, |note| matches!(note, Note::Accepted { .. }));
        let Some(Note::Accepted { sender, .. }) = first(world, is_it).note_mut() else {
            unreachable!("found by this")
        };
        sender.clear();
    });
}

#[test]
fn a_message_that_passes_more_servers_than_allowed_loops() {
    check_breaks(Law::Loops, "the limit is 2", HELLO, |plan, _| {
        for service in plan.hosts.values_mut().flat_map(|host| &mut host.services) {
            if let Service::Mta(mta) = service {
                mta.limits.hops = 2;
            }
        }
    });
}

#[test]
fn a_trace_of_another_time_or_host_lies() {
    check_breaks(Law::Trace, "s off the time", HELLO, |_, world| {
        let host = node(world, "mail.example.org");
        let accepted = first(world, |record| {
            is_note(record, host, |note| matches!(note, Note::Accepted { .. }))
        });
        accepted.time = SimTime::ZERO;
    });
    check_breaks(Law::Trace, "says it was at", HELLO, |plan, _| {
        let host = plan.hosts.get_mut("mail.example.org").unwrap();
        for service in &mut host.services {
            if let Service::Mta(mta) = service {
                mta.name = "other.example.org".into();
            }
        }
    });
}

/// The response to a resolver that has the MX of example.com.
fn mx_response(world: &mut World) -> &mut Record {
    let resolver = node(world, "resolver.example.org");
    first(world, |record| match &record.fact {
        Fact::Datagram { from, payload, .. } if from.port() == 53 && record.id.node == resolver => {
            let message = Message::decode(payload).unwrap();
            message.answers.iter().any(|one| one.rtype() == RecordType::Mx)
        }
        _ => false,
    })
}

/// A second message, to be routed from the cache.
const LATER: &str = r#""agenda": [
    {"at": "1s", "client": "alice@example.org", "send": {"id": "hello", "to": "bob@example.com"}},
    {"at": "10m", "client": "alice@example.org", "send": {"id": "again", "to": "bob@example.com"}}
]"#;

#[test]
fn a_record_that_outlives_its_ttl_is_told() {
    check_breaks(Law::Ttl, "it was to be used until", LATER, |_, world| {
        let Fact::Datagram { payload, .. } = &mut mx_response(world).fact else { unreachable!() };
        let mut message = Message::decode(payload).unwrap();
        message.answers.iter_mut().for_each(|record| record.ttl_secs = 60);
        *payload = message.encode();
    });
}

#[test]
fn what_a_server_of_another_zone_says_is_not_to_be_believed() {
    check_breaks(Law::Bailiwick, "no server for a zone above it has said", HELLO, |plan, world| {
        let other = plan.hosts["ns1.example.org"].addresses[0];
        let Fact::Datagram { from, .. } = &mut mx_response(world).fact else { unreachable!() };
        from.set_ip(other);
    });
    check_breaks(Law::Bailiwick, "nobody has said it", HELLO, |_, world| {
        forget(mx_response(world));
    });
}

#[test]
fn a_poisoned_cache_is_told_unless_the_scenario_wants_it() {
    let poisoning = r#""hosts": {
        "ns1.example.com": {"link": {"latency": "80ms"}},
        "resolver.example.org": {"services": [
            {"resolver": {"settings": {"weakness": {"port": 32768, "ids": "sequential"}}}}
        ]},
        "evil.example": {}
    },
    "faults": [{"at": "10s", "for": "5s", "forge": {
        "by": "evil.example", "to": "resolver.example.org", "as": "ns1.example.com",
        "name": "example.com", "type": "MX", "answer": "@ 1d IN MX 0 evil.example.",
        "per_second": 1000, "ask_every": "2s", "ports": [32768, 32768], "ids": [1, 50]
    }}]"#;
    let (mut plan, world) = run(poisoning);
    let broken = check(&plan, &world);
    assert!(broken.iter().all(|one| one.law == Law::Forgery) && !broken.is_empty(), "{broken:#?}");
    assert!(broken[0].what.contains("which a forger has said"), "{broken:#?}");
    plan.breaks.push(Law::Forgery);
    assert_eq!(check(&plan, &world), []);
}

/// bob reads between two messages, and after them.
const READING: &str = r#""agenda": [
    {"at": "1s", "client": "alice@example.org", "send": {"id": "hello", "to": "bob@example.com"}},
    {"at": "1m", "client": "bob@example.com", "fetch": {}},
    {"at": "2m", "client": "alice@example.org", "send": {"id": "again", "to": "bob@example.com"}},
    {"at": "3m", "client": "bob@example.com", "fetch": {}}
]"#;

#[test]
fn a_uid_that_is_given_again_is_told() {
    check_breaks(Law::Uids, "gives UID 1 after UID 1", READING, |_, world| {
        // The first is taken for the second: then what lies in the mailbox is there all the same.
        let notes =
            world.records_mut().iter_mut().filter_map(|record| match record.note_mut()? {
                Note::Delivered { uid, .. } => Some(uid),
                _ => None,
            });
        notes.for_each(|uid| *uid = 1);
    });
}

#[test]
fn a_uidvalidity_that_falls_is_told() {
    check_breaks(Law::Uids, "INBOX of bob@example.com: UIDVALIDITY 1 ", READING, |_, world| {
        let told = world.records_mut().iter_mut().rev().find_map(|record| match &mut record.fact {
            Fact::Stream { payload, .. } => {
                memchr::memmem::find(payload, b"UIDVALIDITY ").map(|at| (payload, at))
            }
            _ => None,
        });
        let (payload, at) = told.expect("a session was told");
        let text = String::from_utf8(payload.to_vec()).unwrap();
        let at = at + "UIDVALIDITY ".len();
        let end = at + text[at..].find(']').unwrap();
        *payload = format!("{}1{}", &text[..at], &text[end..]).into();
    });
}

#[test]
fn packets_that_vanish_are_told() {
    let (plan, _) = run(HELLO);
    let mut world = scenario::build::build(&plan, Seed(1)).unwrap();
    let is_under_way = |world: &World| world.traffic().in_flight.packets > 0;
    while !is_under_way(&world) {
        assert!(world.step());
    }
    assert_eq!(check_all(&plan, &world, |law| law == Law::Traffic), []);
    world.forget_queue();
    let broken = check_all(&plan, &world, |law| law == Law::Traffic);
    assert!(broken[0].to_string().starts_with("BREAKS the law of traffic at the network, "));
}

#[test]
fn a_message_that_is_never_tried_again_is_not_alive() {
    // Nothing is left to do, and a message is in a queue.
    check_breaks(Law::Liveness, "nothing is left that could end this", HELLO, |_, world| {
        let host = node(world, "mail.example.com");
        let (mut stream, message) = (Seed(1).stream("test"), Bytes::from_static(b"\r\n"));
        let queue = world.disk_mut(host).queue();
        let to = crate::store::queue::QueuedRecipient::new("bob@example.com".parse().unwrap());
        let from = "<alice@example.org>".parse().unwrap();
        let (id, now) = (queue.new_id(&mut stream), SimTime::ZERO);
        let message = crate::store::queue::QueuedMessage::new(id, now, from, message, vec![to]);
        queue.insert(message, now);
    });
    // It is tried, but not given up in time.
    let long = WAITING.replace("\"1h\"", "\"12h\"");
    check_breaks(Law::Liveness, "its lifetime is over", &long, |plan, _| {
        plan.faults.clear();
        for service in plan.hosts.values_mut().flat_map(|host| &mut host.services) {
            if let Service::Mta(mta) = service {
                mta.retry.lifetime = std::time::Duration::from_secs(60);
            }
        }
    });
}

#[test]
fn what_is_told_names_law_host_time_and_records() {
    let (mut plan, mut world) = run(WAITING);
    let [id] = &queued(&world, "mail.example.org")[..] else { panic!("one message") };
    let host = node(&world, "mail.example.org");
    world.disk_mut(host).queue().remove(id);
    let told: Vec<_> = check(&plan, &world).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @"BREAKS the law of conservation at mail.example.org, 3094.700000 s: message BFDHLQDGX1 (<hello@laptop.alice.example.org>) for bob@example.com: neither delivered, nor reported on, nor in the queue of the host (see mail.example.org/5, mail.example.org/53)");
    plan.breaks.push(Law::Conservation);
    assert_eq!(check(&plan, &world), []);
}

#[test]
fn a_run_that_nobody_watches_is_judged_by_its_disks() {
    let (plan, _) = run(HELLO);
    let mut world = scenario::build::build_observed(&plan, Seed(1), false).unwrap();
    world.run(plan.until);
    assert_eq!(check(&plan, &world), []);
}
