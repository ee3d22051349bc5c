//! What becomes of mail at the host of its mailbox: quota, details, forwards, lists, catch-alls.

use mxsim::actors::mta::config::{AutoReply, Forward, MailingList, OverQuota, Personal};
use mxsim::engine::SimTime;
use mxsim::proto::imap::{Backend, MailboxName, UidValidity};
use mxsim::proto::mail::{Header, Srs};
use mxsim::proto::smtp::{Mailbox, Notify};
use mxsim::store::mailbox::Quota;
use mxsim::world::{Note, World};
use std::sync::Arc;
use std::time::Duration;

use crate::net::{Net, fate, inbox, notes, queued};
use crate::receiving::{MX1, check};

fn address(text: &str) -> Mailbox {
    text.parse().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// The world with that said about example.com, run to its end.
fn played(net: Net) -> World {
    let mut world = net.build();
    world.run(SimTime::MAX);
    assert_eq!(queued(&world), 0);
    world
}

fn forwarding(net: &mut Net, user: &str, to: &[&str], keep: bool) {
    let forward = Forward { to: to.iter().map(|to| address(to)).collect(), keep };
    let domain = net.primary.domains.get_mut("example.com").unwrap();
    let asked = Personal { forward: Some(forward), ..Personal::default() };
    domain.personal.insert(user.into(), asked);
}

fn list(net: &mut Net, name: &str, members: &[&str]) {
    let list = MailingList {
        members: members.iter().map(|member| address(member)).collect(),
        members_only: false,
        owner: address("carol@example.com"),
        subject_prefix: Some(format!("[{name}]")),
        reply_to: None,
        verp: false,
    };
    net.primary.domains.get_mut("example.com").unwrap().lists.insert(name.into(), list);
}

#[test]
fn a_detail_leads_to_the_user_and_into_a_mailbox_that_exists() {
    for has_mailbox in [false, true] {
        let mut net = Net::new(1).queued("<alice@example.org>", &["bob+Lists@example.com"]);
        let domain = net.primary.domains.get_mut("example.com").unwrap();
        (domain.delimiter, domain.detail_mailbox) = (Some('+'), true);
        let net = net.mailboxes(move |store| {
            let bob = store.account_of("bob@example.com").unwrap();
            if has_mailbox {
                store.create(bob, &MailboxName::new("Lists").unwrap(), &[]).unwrap();
            }
        });
        let world = played(net);
        let disk = world.disk(world.node("mx1").unwrap()).unwrap();
        let store = disk.mail_if_any().unwrap();
        let bob = store.account_of("bob@example.com").unwrap();
        let lists = store.mailbox_named(bob, &MailboxName::new("Lists").unwrap());
        assert_eq!(lists.map(|lists| lists.messages().len()), has_mailbox.then_some(1));
        let inbox = inbox(&world, "mx1", "bob@example.com");
        assert_eq!(inbox.len(), usize::from(!has_mailbox));
        let is_named = |octets| text(octets).contains("Delivered-To: bob+Lists@example.com\r\n");
        assert!(inbox.iter().all(|message| is_named(message)));
    }
}

#[test]
fn spam_lies_in_junk() {
    let net = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]);
    let world = played(net.asked(|message| {
        message.data = b"X-Spam-Flag: YES\r\nSubject: x\r\n\r\nbuy\r\n".to_vec().into();
    }));
    assert!(inbox(&world, "mx1", "bob@example.com").is_empty());
    let disk = world.disk(world.node("mx1").unwrap()).unwrap();
    let store = disk.mail_if_any().unwrap();
    let bob = store.account_of("bob@example.com").unwrap();
    let junk = store.mailbox_named(bob, &MailboxName::new("Junk").unwrap()).unwrap();
    assert_eq!(junk.messages().len(), 1);
}

fn full(over: OverQuota) -> Net {
    let mut net = Net::new(1).mailboxes(|store| {
        let bob = store.account_of("bob@example.com").unwrap();
        store.set_quota(bob, Quota { octets: Some(1_000), messages: None });
    });
    net.primary.domains.get_mut("example.com").unwrap().over_quota = Some(over);
    net
}

#[test]
fn a_declared_size_that_does_not_fit_is_refused_at_rcpt() {
    let full_for = |over, mail_from, rcpt, wanted: &str| {
        check(full(over), MX1, &["EHLO x.example", mail_from, rcpt], wanted);
    };
    let (fits, does_not) =
        ("MAIL FROM:<a@example.org> SIZE=900", "MAIL FROM:<a@example.org> SIZE=1001");
    let (bob, carol) = ("RCPT TO:<bob@example.com>", "RCPT TO:<carol@example.com>");
    full_for(OverQuota::Defer, fits, bob, "250 2.1.5");
    let wanted = "452 4.2.2 <bob@example.com>: Recipient address rejected: Mailbox is full";
    full_for(OverQuota::Defer, does_not, bob, wanted);
    let wanted = "552 5.2.2 <bob@example.com>: Recipient address rejected: Mailbox is full";
    full_for(OverQuota::Reject, does_not, bob, wanted);
    // carol has no quota.
    full_for(OverQuota::Reject, does_not, carol, "250 2.1.5");
}

#[test]
fn what_grew_too_large_on_its_way_bounces_or_waits_until_it_expires() {
    let grown = |over| {
        let net = full(over).queued("<alice@example.org>", &["bob@example.com"]);
        let world = played(net.asked(|message| {
            // It fits as it is declared, but not with the trace fields of two hosts.
            message.data = [b"Subject: x\r\n\r\n".as_slice(), &[b'x'; 800]].concat().into();
        }));
        let bounce = inbox(&world, "mx", "alice@example.org");
        assert!(text(&bounce[0]).contains("Quota exceeded"), "{}", text(&bounce[0]));
        (fate(&world), world.last_activity() > SimTime::from_secs(4 * 86_400))
    };
    assert_eq!(grown(OverQuota::Reject), ("5.2.2".into(), false));
    assert_eq!(grown(OverQuota::Defer), ("4.2.2".into(), true));
}

#[test]
fn a_forward_sends_the_same_message_on_and_keeps_a_copy_where_told() {
    for keep in [false, true] {
        let mut net = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]);
        forwarding(&mut net, "bob", &["carol@example.com", "alice@example.org"], keep);
        let world = played(net);
        assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), usize::from(keep));
        let carol = inbox(&world, "mx1", "carol@example.com");
        let carol = text(&carol[0]);
        assert!(carol.starts_with("Return-Path: <alice@example.org>\r\n"), "{carol}");
        assert!(carol.contains("\r\nDelivered-To: bob@example.com\r\n"), "{carol}");
        assert!(carol.ends_with("Subject: x\r\n\r\nHello\r\n.dot\r\n"), "{carol}");
        assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1);
    }
}

#[test]
fn a_forward_that_leads_back_ends_in_one_bounce() {
    let mut net = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]);
    forwarding(&mut net, "bob", &["carol@example.com"], false);
    forwarding(&mut net, "carol", &["bob@example.com"], false);
    let world = played(net);
    let bounces = inbox(&world, "mx", "alice@example.org");
    assert_eq!(bounces.len(), 1);
    assert!(text(&bounces[0]).contains("Status: 5.4.6\r\n"));
    assert!(text(&bounces[0]).contains("mail forwarding loop for bob@example.com"));
}

#[test]
fn what_a_sender_wants_to_hear_of_success_goes_with_a_forward_to_one_and_ends_at_several() {
    let told = |to: &[&str]| {
        let mut net = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]);
        forwarding(&mut net, "bob", to, false);
        let world = played(net.asked(|message| {
            let success = Notify { success: true, failure: false, delay: false };
            message.recipients[0].notify = Some(success);
        }));
        let reports = inbox(&world, "mx", "alice@example.org");
        let actions = reports.iter().map(|report| {
            let report = text(report);
            let of = |name: &str| {
                let line = report.lines().find(|line| line.starts_with(name)).unwrap_or_default();
                line[name.len()..].trim().to_owned()
            };
            format!("{} {} {}", of("Original-Recipient:"), of("Final-Recipient:"), of("Action:"))
        });
        actions.collect::<Vec<_>>()
    };
    let one = "rfc822;bob@example.com rfc822; carol@example.com delivered";
    assert_eq!(told(&["carol@example.com"]).concat().replace("; ", ";"), one.replace("; ", ";"));
    let several = told(&["carol@example.com", "bob@implicit.example"]);
    assert_eq!(several.len(), 1, "{several:?}");
    assert!(several[0].ends_with("bob@example.com expanded"), "{several:?}");
}

#[test]
fn forwarded_mail_leaves_with_a_sender_of_srs_and_its_bounce_comes_back() {
    let mut net = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]);
    forwarding(&mut net, "bob", &["nobody@example.org"], false);
    net.primary.domains.get_mut("example.com").unwrap().srs = Some(Arc::new(Srs::new(*b"k")));
    let world = played(net);
    // Refused at RCPT: the forwarder writes the bounce, to whom it knows as the sender.
    let bounces = inbox(&world, "mx", "alice@example.org");
    assert_eq!(bounces.len(), 1);
    assert!(text(&bounces[0]).contains("Reporting-MTA: dns; mx1.example.com"));

    // A bounce that somebody else writes comes to the address of SRS.
    let srs = Srs::new(*b"k");
    let made = srs.forward("alice", "example.org", mxsim::engine::Epoch::default().0);
    let back = format!("RCPT TO:<{made}@example.com>");
    let mut net = Net::new(1);
    net.primary.domains.get_mut("example.com").unwrap().srs = Some(Arc::new(srs));
    let lines = ["EHLO x.example", "MAIL FROM:<>", &back, "DATA", "Subject: x", "", "no", "."];
    let world = check(net, MX1, &lines, "250 2.0.0");
    assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1);

    let mut net = Net::new(1);
    net.primary.domains.get_mut("example.com").unwrap().srs = Some(Arc::new(Srs::new(*b"other")));
    check(net, MX1, &lines[..3], "550 5.1.1");
}

#[test]
fn a_list_distributes_once_with_its_own_sender_and_fields() {
    let mut net = Net::new(1).queued("<alice@example.org>", &["team@example.com"]);
    list(&mut net, "team", &["bob@example.com", "alice@example.org", "gone@example.org"]);
    net.backup.domains.get_mut("example.com").unwrap().users = None;
    let world = played(net);
    let got = inbox(&world, "mx1", "bob@example.com");
    let got = text(&got[0]);
    assert!(got.starts_with("Return-Path: <team-bounces@example.com>\r\n"), "{got}");
    assert!(got.contains("\r\nSubject: [team] x\r\n"), "{got}");
    assert!(got.contains("\r\nList-Id: <team.example.com>\r\n"), "{got}");
    // Who posts has a copy; of gone@ she hears nothing.
    assert_eq!(inbox(&world, "mx", "alice@example.org").len(), 1);
    let bounces = inbox(&world, "mx1", "carol@example.com");
    assert_eq!(bounces.len(), 1);
    assert!(text(&bounces[0]).contains("gone@example.org"));
}

#[test]
fn lists_that_have_each_other_for_members_end_in_one_bounce_to_the_owner() {
    let mut net = Net::new(1).queued("<alice@example.org>", &["a@example.com"]);
    list(&mut net, "a", &["b@example.com", "bob@example.com"]);
    list(&mut net, "b", &["a@example.com", "bob@example.com"]);
    let world = played(net);
    assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 2);
    let bounces = inbox(&world, "mx1", "carol@example.com");
    assert_eq!(bounces.len(), 1);
    assert!(text(&bounces[0]).contains("mail forwarding loop for a@example.com"));
}

#[test]
fn with_verp_each_member_has_a_sender_of_its_own() {
    let mut net = Net::new(1).queued("<alice@example.org>", &["team@example.com"]);
    list(&mut net, "team", &["bob@example.com", "alice@example.org"]);
    net.primary.domains.get_mut("example.com").unwrap().lists.get_mut("team").unwrap().verp = true;
    let world = played(net);
    let bob = text(&inbox(&world, "mx1", "bob@example.com")[0]);
    let path = Header::new(bob.as_bytes()).text("Return-Path").unwrap().into_owned();
    assert_eq!(path, "<team-bounces+bob=example.com@example.com>");
    let alice = text(&inbox(&world, "mx", "alice@example.org")[0]);
    let path = Header::new(alice.as_bytes()).text("Return-Path").unwrap().into_owned();
    assert_eq!(path, "<team-bounces+alice=example.org@example.com>");
}

#[test]
fn the_catch_all_has_what_nobody_else_has() {
    let mut net = Net::new(1).queued("<alice@example.org>", &["nobody@example.com"]);
    let domain = net.primary.domains.get_mut("example.com").unwrap();
    domain.catch_all = Some(address("carol@example.com"));
    let world = played(net);
    assert_eq!(inbox(&world, "mx1", "carol@example.com").len(), 1);
    assert_eq!(fate(&world), "delivered");
}

#[test]
fn a_forward_that_names_the_user_keeps_a_copy() {
    for own in ["bob@example.com", "bob+kept@example.com"] {
        let mut net = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]);
        net.primary.domains.get_mut("example.com").unwrap().delimiter = Some('+');
        forwarding(&mut net, "bob", &[own, "carol@example.com"], false);
        let world = played(net);
        assert_eq!(inbox(&world, "mx1", "bob@example.com").len(), 1);
        assert_eq!(inbox(&world, "mx1", "carol@example.com").len(), 1);
        assert!(inbox(&world, "mx", "alice@example.org").is_empty());
    }
}

fn away(net: &mut Net, user: &str) {
    let domain = net.primary.domains.get_mut("example.com").unwrap();
    let reply =
        AutoReply { subject: None, text: "Away.".into(), once_per: Duration::from_secs(86_400) };
    domain.personal.entry(user.into()).or_default().auto_reply = Some(reply);
}

#[test]
fn whoever_is_written_to_answers_and_no_one_whose_name_is_shorter() {
    let mut net = Net::new(1).queued("<alice@example.org>", &["bob-smith@example.com"]);
    let domain = net.primary.domains.get_mut("example.com").unwrap();
    domain.delimiter = Some('-');
    domain.users.as_mut().unwrap().insert("bob-smith".into());
    away(&mut net, "bob");
    away(&mut net, "bob-smith");
    let net = net.mailboxes(|store| {
        store.add_account("bob-smith@example.com", "secret", UidValidity::new(9).unwrap()).unwrap();
    });
    let world = played(net.asked(|message| {
        message.data = b"To: bob-smith@example.com\r\nSubject: x\r\n\r\n".to_vec().into();
    }));
    let replies = inbox(&world, "mx", "alice@example.org");
    assert_eq!(replies.len(), 1);
    assert!(text(&replies[0]).contains("\r\nFrom: bob-smith@example.com\r\n"));
}

#[test]
fn spam_and_mail_for_nobody_are_not_answered() {
    let answered = |to: &'static str, text: &'static str| {
        let mut net = Net::new(1).queued("<alice@example.org>", &[to]);
        let domain = net.primary.domains.get_mut("example.com").unwrap();
        domain.catch_all = Some(address("bob@example.com"));
        domain.aliases.insert("sales".into(), vec![address("bob@example.com")]);
        away(&mut net, "bob");
        let world = played(net.asked(|message| message.data = text.as_bytes().into()));
        inbox(&world, "mx", "alice@example.org").len()
    };
    assert_eq!(answered("sales@example.com", "To: sales@example.com\r\n\r\n"), 1);
    assert_eq!(answered("whoever@example.com", "To: whoever@example.com\r\n\r\n"), 0);
    assert_eq!(answered("bob@example.com", "X-Spam-Flag: YES\r\nTo: bob@example.com\r\n\r\n"), 0);
}

#[test]
fn lists_take_no_reports_and_where_told_mail_of_members_only() {
    let wanted = |members_only, from: &'static str| {
        let mut net = Net::new(1);
        list(&mut net, "team", &["bob@example.com", "ALICE@example.org"]);
        let domain = net.primary.domains.get_mut("example.com").unwrap();
        domain.lists.get_mut("team").unwrap().members_only = members_only;
        (net, ["EHLO x.example", from, "RCPT TO:<team@example.com>"])
    };
    let says = |members_only, from, says: &str| {
        let (net, lines) = wanted(members_only, from);
        check(net, MX1, &lines, says);
    };
    says(true, "MAIL FROM:<alice@example.org>", "250 2.1.5");
    let refused = "550 5.7.1 <team@example.com>: Recipient address rejected: Only members may post";
    says(true, "MAIL FROM:<eve@example.org>", refused);
    says(false, "MAIL FROM:<eve@example.org>", "250 2.1.5");
    says(false, "MAIL FROM:<>", "550 5.7.1 <team@example.com>");
}

/// Invariant: what the host has answered 250 to is delivered, forwarded and answered exactly once,
/// whenever it crashes after that.
#[test]
fn a_crash_neither_loses_nor_doubles_a_forward() {
    for crash_ms in (0..1_500).step_by(50) {
        let mut net = Net::new(1).queued("<alice@example.org>", &["bob@example.com"]);
        forwarding(&mut net, "bob", &["carol@example.com"], true);
        away(&mut net, "bob");
        let mut world = net.build();
        let mx1 = world.node("mx1").unwrap();
        let at = SimTime::ZERO + Duration::from_millis(crash_ms);
        world.begin(at, mxsim::world::Fault::Crash(mx1));
        let back = at + Duration::from_secs(60);
        world.restart(back, mx1);
        world.run(SimTime::MAX);
        assert_eq!(queued(&world), 0);
        let copies = inbox(&world, "mx1", "bob@example.com").len();
        // Two where the 250 was lost, and the sender sent it again (RFC 1047).
        assert!((1..=2).contains(&copies), "{copies} copies after a crash at {crash_ms} ms");
        assert_eq!(inbox(&world, "mx1", "carol@example.com").len(), copies);
        let answers = notes(&world).filter(|note| matches!(note, Note::AutoReplied { .. }));
        assert_eq!(answers.count(), 1);
    }
}
