//! The order of the rules and their replies.

use std::collections::BTreeMap;

use crate::actors::mta::config::{
    AcceptFrom, Domain, MtaConfig, RefusalMode, Restriction, Submitter, Transport,
};
use crate::engine::{Seed, SimTime, UnixTime};
use crate::proto::smtp::{Mailbox, Reply};

use super::chain::Standing;
use super::*;

fn config() -> MtaConfig {
    let mut config = MtaConfig::new("mx.example.net", Vec::new());
    let users = ["bob", "staff", "boss"].map(String::from).into();
    let mut domain = Domain::open(Transport::Mailbox, Some(users));
    let inside = |mode| Restriction { from: AcceptFrom::Inside, mode, ..Restriction::none() };
    domain.restrictions = BTreeMap::from([
        ("staff".into(), inside(RefusalMode::Reject)),
        ("boss".into(), inside(RefusalMode::AcceptThenBounce)),
    ]);
    config.domains.insert("example.net".into(), domain);
    config.inside.insert("192.0.2.9".parse().unwrap());
    let address: Mailbox = "bob@example.net".parse().unwrap();
    let bob = Submitter { password: "secret".into(), addresses: vec![address] };
    config.submission = Some(BTreeMap::from([("bob@example.net".into(), bob)]));
    config
}

/// A reply as a client reads it.
fn wire(reply: &Reply) -> String {
    let text: Vec<_> = reply.lines().collect();
    format!("{} {} {}", reply.code(), reply.enhanced().unwrap(), text.join("/"))
}

/// What is said to a recipient.
fn check(client: &str, login: Option<&str>, from: &str, to: &str, wanted: &str) {
    let config = config();
    let to = meant(&to.parse().unwrap(), &config, &["192.0.2.7".parse().unwrap()]);
    let from = from.parse().unwrap();
    let memory = &mut Memory::default();
    let mut turn = Turn {
        config: &config,
        now: SimTime::ZERO,
        date: UnixTime(0),
        client: client.parse().unwrap(),
        login,
        helo: Some("client.example.org"),
        sender: Some(&from),
        recipient: Some(&to),
        message: None,
        answers: &memory.answers,
        evidence: &mut memory.evidence,
        dmarc_sampling: &mut Seed(1).stream("dmarc sampling"),
    };
    let book = Rulebook::new(&config);
    let progress = Chain::rcpt().run(&book, &mut Standing::default(), &mut turn);
    let Progress::Done(ruling) = progress else { panic!("{progress:?}") };
    let found = match ruling.decision {
        Decision::Accept => "250".to_owned(),
        Decision::AcceptThenBounce(refusal) => {
            format!("250, then {}", refusal.reply.enhanced().unwrap())
        }
        Decision::Refuse(refusal) => wire(&refusal.reply),
    };
    assert_eq!(found, wanted, "{client} {login:?} {from} to {to}");
}

#[test]
fn recipients_are_judged_by_who_asks() {
    let check = |client, login, to, wanted| check(client, login, "<>", to, wanted);
    let (stranger, server) = ("203.0.113.5", "192.0.2.9");
    let login = Some("bob@example.net");
    check(stranger, None, "<bob@example.net>", "250");
    check(stranger, None, "<BOB@EXAMPLE.NET>", "250");
    check(stranger, None, "<Postmaster>", "250");
    check(stranger, None, "<postmaster@example.net>", "250");
    check(stranger, None, "<postmaster@[192.0.2.7]>", "250");
    check(stranger, None, "<bob@[192.0.2.7]>", "250");
    let unknown = "550 5.1.1 <eve@example.net>: Recipient address rejected: User unknown";
    check(stranger, None, "<eve@[192.0.2.7]>", unknown);
    let elsewhere = "554 5.7.1 <bob@[192.0.2.8]>: Relay access denied";
    check(stranger, None, "<bob@[192.0.2.8]>", elsewhere);
    check(stranger, None, "<eve@example.net>", unknown);
    check(stranger, None, "<x@example.com>", "554 5.7.1 <x@example.com>: Relay access denied");
    check(server, None, "<x@example.com>", "250");
    check(stranger, login, "<x@example.com>", "250");
    let closed = "554 5.7.1 <staff@example.net>: Recipient address rejected: Access denied";
    check(stranger, None, "<staff@example.net>", closed);
    check(stranger, login, "<staff@example.net>", "250");
    check(server, None, "<staff@example.net>", "250");
    check(stranger, None, "<boss@example.net>", "250, then 5.7.1");
}

#[test]
fn a_submitter_sends_from_own_addresses() {
    let login = Some("bob@example.net");
    let check = |from, wanted| check("203.0.113.5", login, from, "<x@example.com>", wanted);
    check("<bob@example.net>", "250");
    check("<>", "250");
    check(
        "<eve@example.net>",
        "553 5.7.1 <eve@example.net>: Sender address rejected: not owned by user bob@example.net",
    );
}
