//! Reports: who is told of what, and how that looks to a parser that is not ours.

use bytes::Bytes;
use mxsim::engine::SimTime;
use mxsim::proto::mail::{Action, DeliveryStatus, Header, Part};
use mxsim::proto::smtp::Ret;
use mxsim::store::queue::QueuedMessage;
use mxsim::world::{Note, World};

use crate::net::{Net, inbox, notes, queued};
use crate::peers::{Log, Script};
use crate::python;

/// A peer at old.example that answers RCPT so.
fn peer(net: Net, rcpt: &'static str) -> Net {
    net.zone("old.example. 3600 A 203.0.113.7\n")
        .host("old", "203.0.113.7", move || Script::new(&[("RCPT TO:<bob", rcpt)], &Log::default()))
}

/// A message of alice to bob and carol at that peer, of which she asked so.
fn asked(net: Net, change: impl FnOnce(&mut QueuedMessage) + 'static) -> Net {
    net.queued("<alice@example.org>", &["bob@old.example", "carol@old.example"]).asked(change)
}

fn run(net: Net) -> World {
    let mut world = net.build();
    world.run(SimTime::MAX);
    assert_eq!(queued(&world), 0);
    world
}

/// The reports to alice, read by our parser, and by Python's.
fn reports(world: &World) -> Vec<(Bytes, DeliveryStatus)> {
    let reports = inbox(world, "mx", "alice@example.org").into_iter();
    let mut reports: Vec<_> = reports
        .map(|report| {
            python::structure(&report);
            let status = DeliveryStatus::find(&report).unwrap();
            (report, status)
        })
        .collect();
    // Those of one moment come in the order of their queue ids, which are random.
    reports.sort_by_key(|(report, status)| {
        let subject = Header::new(report).text("Subject").unwrap().into_owned();
        (status.recipients[0].action, std::cmp::Reverse(subject))
    });
    reports
}

const REFUSAL: &str = "550-5.1.1 <bob@old.example>: no such user\r\n550-5.1.1 \r\n550 5.1.1 \
                       see https://old.example/help?user=bob&why=nobody-is-called-so-over-here";

#[test]
fn a_report_of_failure_has_every_field() {
    let net = asked(peer(Net::new(1), REFUSAL), |message| {
        message.ret = Some(Ret::Headers);
        message.envid = Some("QQ 314159".to_owned());
        message.recipients[0].orcpt = Some("rfc822;Robert+2BX@old.example".parse().unwrap());
    });
    let world = run(net);
    let [(report, status)] = reports(&world).try_into().unwrap();
    assert_eq!(status.reporting_mta, "mx.example.org");
    assert_eq!(status.envelope_id.as_deref(), Some("QQ 314159"));
    assert_eq!(status.sender.as_deref(), Some("alice@example.org"));
    assert!(status.arrival_date.is_some() && status.queue_id.is_some());
    let [bob] = &status.recipients[..] else { panic!("{status:?}") };
    assert_eq!(bob.original_recipient.as_ref().unwrap().address, "Robert+X@old.example");
    assert_eq!(bob.final_recipient, "bob@old.example");
    assert_eq!((bob.action, bob.status.to_string().as_str()), (Action::Failed, "5.1.1"));
    assert_eq!(bob.remote_mta.as_deref(), Some("old.example"));
    let diagnostic = bob.diagnostic.as_ref().unwrap();
    assert_eq!(diagnostic.kind, "smtp");
    let words = REFUSAL.replace("\r\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(diagnostic.text, words);
    assert!(bob.last_attempt.is_some() && bob.will_retry_until.is_none());
    let root = Part::parse(&report);
    let returned = root.section(&[3]).unwrap();
    assert!(returned.content_type.is("text", "rfc822-headers"));
    assert!(!returned.body_in(&report).windows(5).any(|octets| octets == b"Hello"));
    let header = Header::new(&report);
    assert_eq!(header.text("Return-Path").unwrap(), "<>");
    assert!(header.text("Received").unwrap().starts_with("by mx.example.org (mxsim)"));
    if let Some(seen) = python::structure(&report) {
        insta::assert_snapshot!(seen);
    }
}

#[test]
fn whoever_wants_to_hear_nothing_hears_nothing() {
    let net = asked(peer(Net::new(1), REFUSAL), |message| {
        message.recipients[0].notify = Some("NEVER".parse().unwrap());
        message.recipients[1].notify = Some("DELAY".parse().unwrap());
    });
    let world = run(net);
    assert_eq!(reports(&world).len(), 0);
    assert!(notes(&world).any(|note| matches!(note, Note::Bounced { report: None, .. })));
}

#[test]
fn a_next_hop_without_dsn_makes_this_one_tell_of_success() {
    let net = asked(peer(Net::new(1), "250 ok"), |message| {
        message.recipients[0].notify = Some("SUCCESS,FAILURE".parse().unwrap());
    });
    let world = run(net);
    let [(report, status)] = reports(&world).try_into().unwrap();
    let [bob] = &status.recipients[..] else { panic!("{status:?}") };
    assert_eq!((bob.action, bob.status.to_string().as_str()), (Action::Relayed, "2.0.0"));
    assert_eq!(bob.remote_mta.as_deref(), Some("old.example"));
    let subject = Header::new(&report).text("Subject").unwrap().into_owned();
    assert_eq!(subject, "Successful Mail Delivery Report");
    // RET is about failures: of success, the header tells enough (RFC 3461 §4.3).
    let root = Part::parse(&report);
    assert!(root.section(&[3]).unwrap().content_type.is("text", "rfc822-headers"));
}

#[test]
fn failures_and_successes_are_two_reports() {
    let net = asked(peer(Net::new(1), REFUSAL), |message| {
        message.recipients[0].notify = Some("SUCCESS,FAILURE".parse().unwrap());
        message.recipients[1].notify = Some("SUCCESS,FAILURE".parse().unwrap());
    });
    let world = run(net);
    let actions = |(_, status): &(Bytes, DeliveryStatus)| {
        status.recipients.iter().map(|one| one.action).collect::<Vec<_>>()
    };
    let found: Vec<_> = reports(&world).iter().map(actions).collect();
    assert_eq!(found, [[Action::Failed], [Action::Relayed]]);
}

#[test]
fn delivery_into_a_mailbox_is_told_where_it_is_wanted() {
    let net = Net::new(1).queued("<alice@example.org>", &["alice@example.org"]).asked(|message| {
        message.recipients[0].notify = Some("SUCCESS".parse().unwrap());
    });
    let world = run(net);
    let [_, report] = inbox(&world, "mx", "alice@example.org").try_into().unwrap();
    python::structure(&report);
    let status = DeliveryStatus::find(&report).unwrap();
    let [alice] = &status.recipients[..] else { panic!("{status:?}") };
    assert_eq!((alice.action, alice.final_log_id.is_some()), (Action::Delivered, true));
    let told = notes(&world).filter(|note| matches!(note, Note::Notified { .. })).count();
    assert_eq!(told, 1);
}

/// A world in which the null reverse-path wrote to nobody, and alice gets the postmaster's mail.
fn double_bounce(change: impl FnOnce(&mut Net)) -> World {
    let mut net = Net::new(1).queued("<>", &["nobody@example.com"]);
    let own = net.sender.domains.get_mut("example.org").unwrap();
    own.aliases.insert("postmaster".into(), vec!["alice@example.org".parse().unwrap()]);
    change(&mut net);
    run(net)
}

#[test]
fn what_the_null_path_sent_goes_to_the_postmaster() {
    let world = double_bounce(|_| {});
    let [(report, status)] = reports(&world).try_into().unwrap();
    let header = Header::new(&report);
    assert_eq!(header.text("Return-Path").unwrap(), "<double-bounce@mx.example.org>");
    assert_eq!(header.text("To").unwrap(), "postmaster@example.org");
    assert_eq!(header.text("Subject").unwrap(), "Postmaster Copy: Undelivered Mail");
    assert_eq!(header.text("Auto-Submitted").unwrap(), "auto-generated");
    assert_eq!((status.recipients.len(), status.sender), (1, None));
    assert!(notes(&world).any(|note| matches!(note, Note::Notified { .. })));
}

#[test]
fn where_no_postmaster_is_it_is_thrown_away() {
    let discarded = |world: &World| {
        let is_discarded = |note: &&Note| matches!(note, Note::Discarded { .. });
        (reports(world).len(), notes(world).filter(is_discarded).count())
    };
    let world = double_bounce(|net| net.sender.notify.double_bounces = false);
    assert_eq!(discarded(&world), (0, 1));
    let world = double_bounce(|net| {
        net.sender.domains.get_mut("example.org").unwrap().aliases.clear();
    });
    assert_eq!(discarded(&world), (0, 1));
    // The notice to a postmaster who cannot be reached is not bounced again.
    let world = double_bounce(|net| {
        let own = net.sender.domains.get_mut("example.org").unwrap();
        own.aliases.insert("postmaster".into(), vec!["gone@example.com".parse().unwrap()]);
    });
    assert_eq!(discarded(&world), (0, 1));
}

#[test]
fn a_postmaster_who_wants_to_sees_each_bounce() {
    let mut net = peer(Net::new(1), REFUSAL);
    let own = net.sender.domains.get_mut("example.org").unwrap();
    own.aliases.insert("postmaster".into(), vec!["alice@example.org".parse().unwrap()]);
    net.sender.notify.bounces = true;
    let world = run(asked(net, |_| {}));
    let subjects: Vec<_> = reports(&world)
        .iter()
        .map(|(report, _)| Header::new(report).text("Subject").unwrap().into_owned())
        .collect();
    let wanted = ["Undelivered Mail Returned to Sender", "Postmaster Copy: Undelivered Mail"];
    assert_eq!(subjects, wanted);
}
