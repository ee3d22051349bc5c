//! What depends on what was before: rates, greylisting.

use std::time::Duration;

use crate::actors::mta::config::{Greylisting, Verification};
use crate::engine::SimTime;
use crate::proto::smtp::EnhancedStatus;
use crate::store::queue::Trouble;

use super::{Bench, LOGIN, OWN_SERVER, STRANGER};

const TO: &str = "<bob@example.net>";

#[test]
fn a_client_that_comes_too_often_is_told_so_in_the_words_of_anvil() {
    let mut bench = Bench::new();
    bench.config.clients.rates.connections = 2;
    let too_often =
        "at connect: 421 4.7.0 mx.example.net Error: too many connections from 203.0.113.5";
    bench.check("250");
    bench.check("250");
    bench.check(too_often);
    assert_eq!(bench.says("203.0.113.6", "<>", TO), "250");
    for _ in 0..4 {
        assert_eq!(bench.says(OWN_SERVER, "<>", TO), "250");
    }
    bench.now = SimTime::from_secs(60);
    bench.check(too_often);
    bench.now += Duration::from_secs(1);
    bench.check("250");
    bench.config.clients.rates.exempt = vec!["203.0.113.0/24".parse().unwrap()];
    bench.check("250");
    bench.check("250");
}

#[test]
fn connections_that_stand_are_counted_until_they_are_gone() {
    let mut bench = Bench::new();
    bench.config.clients.rates.concurrent = 2;
    bench.check("250");
    bench.check("250");
    bench.now = SimTime::from_secs(3_600);
    bench
        .check("at connect: 421 4.7.0 mx.example.net Error: too many connections from 203.0.113.5");
    bench.anvil.disconnected(STRANGER.parse().unwrap()); // the refused one
    bench.anvil.disconnected(STRANGER.parse().unwrap());
    bench.check("250");
}

#[test]
fn messages_and_recipients_are_counted_by_client_and_by_login() {
    let mut bench = Bench::new();
    bench.config.clients.rates.messages = 2;
    bench.check("250");
    bench.check("250");
    bench.check("at MAIL: 450 4.7.1 Error: too much mail from 203.0.113.5");

    let mut bench = Bench::new();
    bench.config.clients.rates.recipients = 1;
    bench.check("250");
    bench.check("450 4.7.1 Error: too many recipients from 203.0.113.5");

    let mut bench = Bench::new();
    bench.config.clients.rates.login_messages = 1;
    bench.login = Some(LOGIN);
    assert_eq!(bench.says(STRANGER, "<>", TO), "250");
    let found = bench.says("198.51.100.1", "<>", TO);
    assert_eq!(found, "at MAIL: 450 4.7.1 Error: too much mail from bob@example.net");
}

#[test]
fn who_comes_back_is_let_in_and_who_does_not_exist_is_not_put_off_first() {
    let mut bench = Bench::new();
    bench.domain().greylist = Some(Greylisting::default());
    let put_off = "450 4.2.0 <bob@example.net>: Recipient address rejected: Greylisted";
    bench.check(put_off);
    bench.now = SimTime::from_secs(299);
    bench.check(put_off);
    bench.now = SimTime::from_secs(300);
    bench.check("250");
    bench.check("250");
    let found = bench.says(STRANGER, "<>", TO);
    assert_eq!(found, put_off);
    let found = bench.says(STRANGER, "<>", "<nobody@example.net>");
    assert!(found.starts_with("550 5.1.1"), "{found}");
    assert_eq!(bench.says(OWN_SERVER, "<>", TO), "250");
    let exempt =
        Greylisting { exempt: vec!["198.51.100.1".parse().unwrap()], ..Greylisting::default() };
    bench.domain().greylist = Some(exempt);
    assert_eq!(bench.says("198.51.100.1", "<>", TO), "250");
}

#[test]
fn the_next_hop_is_asked_once_who_exists() {
    let mut bench = Bench::new();
    bench.domain().verification = Some(Verification::default());
    let in_progress = "450 4.1.1 <bob@example.net>: Recipient address rejected: unverified address: \
                       Address verification in progress";
    bench.check(in_progress);
    assert_eq!((bench.now, bench.probes), (SimTime::from_secs(9), 1));
    bench.check(in_progress); // still
    assert_eq!(bench.probes, 1);
    bench.verified.insert(&"bob@example.net".parse().unwrap(), bench.now, Ok(()));
    bench.check("250");
    bench.now += Duration::from_secs(32 * 86_400);
    let unknown = Trouble::local(EnhancedStatus::new(5, 1, 1), "host mx said: 550 5.1.1 no");
    bench.next_hop = Some(Err(unknown));
    let undeliverable = "<bob@example.net>: Recipient address rejected: undeliverable address: \
                         host mx said: 550 5.1.1 no";
    bench.check(&format!("450 4.1.1 {undeliverable}"));
    bench.domain().verification.as_mut().unwrap().reject_code = 550;
    bench.check(&format!("550 5.1.1 {undeliverable}"));
    assert_eq!(bench.probes, 2);
    bench.now += Duration::from_secs(4 * 86_400);
    bench.next_hop = Some(Err(Trouble::local(EnhancedStatus::new(4, 4, 1), "timed out")));
    bench.check(
        "450 4.1.1 <bob@example.net>: Recipient address rejected: unverified address: timed out",
    );
    assert_eq!(bench.says(OWN_SERVER, "<>", TO), "250");
}
