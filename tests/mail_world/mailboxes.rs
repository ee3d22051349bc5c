//! Mailboxes read over the network while mail comes in and hosts fail.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mxsim::actors::MailClient;
use mxsim::actors::client::config::{
    Action, ClientTls, Content, MailClientConfig, Outgoing, ReadServer, Server, Step,
};
use mxsim::engine::SimTime;
use mxsim::proto::smtp::DsnRequest;
use mxsim::world::{Fault, Note};

use crate::net::{Net, inbox, notes};
use crate::peers::{Log, Script, Talker, text};

fn talker(net: Net, name: &str, to: &'static str, from: u64, lines: &[(u64, &str)]) -> (Net, Log) {
    let log = Log::default();
    let of_talker = log.clone();
    let lines: Vec<_> = lines.iter().map(|(at, line)| (*at, (*line).to_owned())).collect();
    let address = format!("203.0.113.{}", 10 + name.len());
    let net = net.host(name, &address, move || Talker::new(to, from, &lines, &of_talker));
    (net, log)
}

#[test]
fn a_maildrop_is_locked_by_its_session_and_free_after_a_crash() {
    const POP3: &str = "192.0.2.11:110";
    let login = |at: u64| [(at, "USER bob@example.com"), (at + 1, "PASS secret")];
    let (net, first) = talker(Net::new(1), "first", POP3, 0, &login(1));
    let (net, second) = talker(net, "second", POP3, 10, &login(11));
    let (net, third) = talker(net, "thirdly", POP3, 30, &login(31));
    let mut world = net.build();
    let server = world.node("mx1").unwrap();
    world.begin(SimTime::from_secs(20), Fault::Crash(server));
    world.restart(SimTime::from_secs(21), server);
    world.run(SimTime::from_secs(60));
    let last = |log: &Log| text(log).lines().last().unwrap_or_default().to_owned();
    assert!(last(&first).starts_with("+OK"), "{}", text(&first));
    assert!(last(&second).starts_with("-ERR [IN-USE]"), "{}", text(&second));
    assert!(last(&third).starts_with("+OK"), "{}", text(&third));
}

#[test]
fn a_delivery_shows_to_two_sessions_on_one_mailbox_at_noop_and_in_idle() {
    const IMAP: &str = "192.0.2.11:143";
    let select = [(1, "a LOGIN bob@example.com secret"), (2, "b SELECT INBOX")];
    let with = |more: &[(u64, &'static str)]| [&select[..], more].concat();
    let (net, asks) = talker(Net::new(1), "asks", IMAP, 0, &with(&[(40, "c NOOP")]));
    let (net, idles) = talker(net, "idles", IMAP, 0, &with(&[(3, "c IDLE"), (50, "DONE")]));
    let mail = [
        (20, "EHLO x"),
        (21, "MAIL FROM:<alice@example.org>"),
        (22, "RCPT TO:<bob@example.com>"),
        (23, "DATA"),
        (24, "Subject: x\r\n\r\nx\r\n."),
    ];
    let (net, mailer) = talker(net, "mailing", "192.0.2.11:25", 19, &mail);
    let mut world = net.build();
    world.run(SimTime::from_secs(30));
    assert!(text(&mailer).contains("250 2.0.0 Ok: queued"), "{}", text(&mailer));
    assert!(text(&idles).contains("* 1 EXISTS\r\n"), "{}", text(&idles));
    assert!(!text(&asks).contains("* 1 EXISTS\r\n"), "{}", text(&asks));
    world.run(SimTime::from_secs(60));
    let said = text(&asks);
    let (exists, ok) = (said.find("* 1 EXISTS").unwrap(), said.find("c OK").unwrap());
    assert!(exists < ok, "{said}");
    assert!(text(&idles).contains("c OK"), "{}", text(&idles));
}

fn device(steps: Vec<Step>, submit: &str) -> Arc<MailClientConfig> {
    let server = |host: &str, port| Server { host: host.to_owned(), port };
    Arc::new(MailClientConfig {
        name: "bob@example.com/laptop".into(),
        user: "bob@example.com".into(),
        password: "secret".into(),
        resolvers: vec!["192.0.2.52:53".parse().unwrap()],
        submit: server(submit, 25),
        submit_tls: ClientTls::None,
        read: ReadServer::Imap(server("mx1.example.com", 143)),
        read_tls: ClientTls::None,
        trust: None,
        auto_reply: None,
        steps,
        submit_retries: 3,
        submit_retry_after: Duration::from_secs(60),
    })
}

#[test]
fn a_device_that_was_down_polls_again_at_its_times() {
    let poll = Action::Poll {
        every: Duration::from_secs(10),
        until: SimTime::from_secs(100),
        mailbox: "INBOX".into(),
    };
    let config = device(vec![Step { at: SimTime::ZERO, action: poll }], "192.0.2.21");
    let net = Net::new(1).host("laptop", "203.0.113.5", move || MailClient::new(config.clone()));
    let mut world = net.build();
    let laptop = world.node("laptop").unwrap();
    world.begin(SimTime::from_secs(35), Fault::Crash(laptop));
    world.restart(SimTime::from_secs(65), laptop);
    world.run(SimTime::MAX);
    let saw = notes(&world).filter(|note| matches!(note, Note::Saw { .. })).count();
    assert_eq!(saw, 4 + 4); // 0, 10, 20, 30; 70, 80, 90, 100
}

#[test]
fn recipients_that_are_put_off_stay_in_the_outbox() {
    let log = Log::default();
    let of_script = log.clone();
    let mail = Outgoing {
        from: "<bob@example.com>".parse().unwrap(),
        recipients: ["<a@x.example>", "<b@x.example>"].map(|to| to.parse().unwrap()).into(),
        dsn: DsnRequest::default(),
        content: Content::Octets(Bytes::from_static(b"Message-ID: <1@x>\r\n\r\nx\r\n")),
    };
    let step = Step { at: SimTime::from_secs(1), action: Action::Send(mail) };
    let config = device(vec![step], "192.0.2.21");
    let rules = [
        ("EHLO", "250-script\r\n250 AUTH PLAIN"),
        ("AUTH", "235 2.7.0 welcome"),
        ("RCPT TO:<b@", "452 4.5.3 too many recipients"),
    ];
    let net = Net::new(1)
        .host("script", "192.0.2.21", move || Script::new(&rules, &of_script))
        .host("laptop", "203.0.113.5", move || MailClient::new(config.clone()));
    let mut world = net.build();
    world.run(SimTime::MAX);
    assert_eq!(text(&log).matches("RCPT TO:<a@").count(), 1);
    assert_eq!(text(&log).matches("RCPT TO:<b@").count(), 4); // the first time, and three more
    let failed: Vec<_> = notes(&world)
        .filter_map(|note| match note {
            Note::NotSubmitted { recipients, .. } => Some(recipients.join(" ")),
            _ => None,
        })
        .collect();
    assert_eq!(failed, ["b@x.example"]);
    assert!(inbox(&world, "mx1", "bob@example.com").is_empty());
}
