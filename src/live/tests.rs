//! A stage without sockets: the same inputs, the same history.

use std::io::{self, Cursor, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;

use super::input::{Input, Payload};
use super::{Recorder, Setting, Stage, StageError, replay};
use crate::actors::gateway::WINDOW_OCTETS;
use crate::engine::{Seed, SimTime};
use crate::report::Transcript;
use crate::scenario::{self, NoFiles, build};
use crate::world::Inside;

const SCENARIO: &str = r#"{
    "network": { "default_link": { "latency": { "uniform": ["5ms", "20ms"] }, "loss": "2%" } },
    "domains": { "example.org": { "users": ["alice", "bob"] } },
    "agenda": [{ "at": "3s", "client": "alice@example.org", "send": { "to": "bob@example.org" } }]
}"#;

fn setting() -> Setting {
    let (mut setting, _) = Setting::of("s.json", SCENARIO.to_owned(), &NoFiles).unwrap();
    setting.records = Some(100_000);
    setting
}

fn imap(stage: &Stage) -> SocketAddr {
    let host = &stage.plan().hosts["mail.example.org"];
    SocketAddr::new(host.addresses[0], 143)
}

fn say(stage: &mut Stage, door: u64, text: &str) {
    let octets = Payload(Bytes::copy_from_slice(text.as_bytes()));
    stage.input(Input::Octets { door, host: None, octets }).unwrap();
}

/// Runs so much further, and gives what came out by the door.
fn hear(stage: &mut Stage, door: u64, further: Duration) -> Vec<u8> {
    let until = stage.now() + further;
    // Cut into uneven slices, as a clock does.
    while stage.now() < until {
        let slice = stage.now() + Duration::from_nanos(7_777_777);
        stage.run(slice.min(until), usize::MAX);
    }
    let mut heard = Vec::new();
    for (_, inside) in stage.take_outbox() {
        if let Inside::Octets { door: from, octets } = inside {
            assert_eq!(from.0, door);
            heard.extend_from_slice(&octets);
        }
    }
    heard
}

const SECOND: Duration = Duration::from_secs(1);

/// A writer whose octets can be read.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_recorded_session_plays_again_to_the_octet() {
    let paper = Paper::default();
    let mut stage = Stage::new(setting()).unwrap();
    let recorder = Recorder::new(Box::new(paper.clone()), stage.setting()).unwrap();
    stage.record(recorder);
    let to = imap(&stage);
    hear(&mut stage, 1, SECOND);
    stage.input(Input::Connect { door: 1, to }).unwrap();
    let greeting = hear(&mut stage, 1, 2 * SECOND);
    assert!(greeting.starts_with(b"* OK"), "{greeting:?}");
    say(&mut stage, 1, "a LOGIN bob@example.org secret\r\nb SELECT IN");
    say(&mut stage, 1, "BOX\r\n");
    let fault = serde_json::json!({ "crash": "mail.example.org", "for": "20s" });
    let octets = Payload(Bytes::from_static(b"Subject: x\r\n\r\nx\r\n"));
    let (account, mailbox) = ("bob@example.org".to_owned(), "INBOX".to_owned());
    hear(&mut stage, 1, 3 * SECOND);
    stage.input(Input::Store { account, mailbox, octets }).unwrap();
    assert!(stage.outcome().unwrap() >= 1);
    stage.input(Input::Fault { number: 1, fault }).unwrap();
    hear(&mut stage, 1, SECOND);
    stage.input(Input::Clear { number: 1 }).unwrap();
    stage.input(Input::Eof { door: 1, host: None }).unwrap();
    hear(&mut stage, 1, 30 * SECOND);
    stage.end_record().unwrap();

    let record = paper.0.lock().unwrap().clone();
    let again = replay(Cursor::new(&record)).unwrap();
    let fingerprint = stage.world().fingerprint().to_string();
    assert_eq!(again.fingerprint.as_ref(), Some(&fingerprint));
    assert_eq!(again.stage.world().fingerprint().to_string(), fingerprint);
    let transcript = Transcript::new(stage.world()).to_string();
    assert_eq!(Transcript::new(again.stage.world()).to_string(), transcript);
    assert!(transcript.contains("host crashed") && transcript.contains("from outside: uid"));
    // A record that ends in the middle of a line plays up to there.
    let cut = replay(Cursor::new(&record[..record.len() - 90])).unwrap();
    assert_eq!(cut.fingerprint, None);
    assert!(cut.inputs <= again.inputs);
}

#[test]
fn an_smtp_fault_holds_for_sessions_that_stand_until_it_is_cleared() {
    let mut setting = setting();
    setting.text = setting.text.replace("2%", "0%");
    let mut stage = Stage::new(setting).unwrap();
    let to = SocketAddr::new(imap(&stage).ip(), 25);
    stage.input(Input::Connect { door: 1, to }).unwrap();
    assert!(hear(&mut stage, 1, 2 * SECOND).starts_with(b"220 "));
    let asks = |stage: &mut Stage, line: &str| {
        say(stage, 1, line);
        String::from_utf8(hear(stage, 1, 2 * SECOND)).unwrap()
    };
    let mail = "HELO client.example\r\nMAIL FROM:<a@client.example>\r\nRSET\r\n";
    assert!(asks(&mut stage, mail).contains("250 2.1.0 Ok\r\n"));
    let fault = serde_json::json!({ "smtp": {
        "server": "example.org", "at": "mail", "external": true, "reply": "451 4.3.0 As told"
    } });
    stage.input(Input::Fault { number: 1, fault }).unwrap();
    assert!(asks(&mut stage, mail).contains("451 4.3.0 As told\r\n"));
    stage.input(Input::Clear { number: 1 }).unwrap();
    assert!(asks(&mut stage, mail).contains("250 2.1.0 Ok\r\n"));
    let transcript = Transcript::new(stage.world()).to_string();
    assert!(transcript.contains("misbehaves as told by fault 1: at MAIL of a@client.example"));
}

#[test]
fn a_gateway_that_nobody_uses_changes_nothing() {
    let mut stage = Stage::new(setting()).unwrap();
    stage.run(SimTime::from_secs(60), usize::MAX);
    let plan = scenario::parse(SCENARIO, "s.json", &NoFiles).unwrap();
    let mut world = build::build(&plan, Seed(1)).unwrap();
    world.run(SimTime::from_secs(60));
    assert_eq!(stage.world().fingerprint(), world.fingerprint());
    let told = Transcript::new(&world).to_string();
    assert_eq!(Transcript::new(stage.world()).to_string(), told);
}

#[test]
fn what_a_client_does_not_take_is_held_back_at_the_server() {
    let mut setting = setting();
    setting.no_latency = true;
    // A window update that is lost would be waited for.
    setting.text = setting.text.replace("2%", "0%");
    let mut stage = Stage::new(setting).unwrap();
    let to = imap(&stage);
    let large = [b"Subject: large\r\n\r\n".as_slice(), &b"line\r\n".repeat(500_000)].concat();
    let store = Input::Store {
        account: "bob@example.org".to_owned(),
        mailbox: "INBOX".to_owned(),
        octets: Payload(large.into()),
    };
    stage.input(store).unwrap();
    assert_eq!(stage.outcome().unwrap(), 1);
    stage.input(Input::Connect { door: 1, to }).unwrap();
    hear(&mut stage, 1, SECOND);
    say(&mut stage, 1, "a LOGIN bob@example.org secret\r\nb SELECT INBOX\r\n");
    let greeted = hear(&mut stage, 1, SECOND).len() as u64;
    for number in 0..20 {
        say(&mut stage, 1, &format!("c{number} FETCH 1 BODY[]\r\n"));
    }
    let first = hear(&mut stage, 1, 60 * SECOND).len() as u64;
    assert!(first > 0 && first <= 2 * WINDOW_OCTETS, "{first} octets came out");
    // Nothing more comes, however long it takes.
    assert_eq!(hear(&mut stage, 1, 600 * SECOND).len(), 0);
    // All of it comes as it is taken.
    let mut all = first;
    let mut untold = greeted + first;
    while all < 60_000_000 {
        let count = std::mem::take(&mut untold);
        stage.input(Input::Taken { door: 1, host: None, count }).unwrap();
        untold = hear(&mut stage, 1, 2 * SECOND).len() as u64;
        assert!(untold > 0, "it stands still after {all} octets");
        all += untold;
    }
}

#[test]
fn without_latency_an_answer_comes_at_the_moment_of_the_question() {
    let mut setting = setting();
    setting.no_latency = true;
    setting.text = setting.text.replace("2%", "0%");
    let mut stage = Stage::new(setting).unwrap();
    let to = imap(&stage);
    stage.input(Input::Connect { door: 1, to }).unwrap();
    let greeting = hear(&mut stage, 1, Duration::from_nanos(1));
    assert!(greeting.starts_with(b"* OK"), "{greeting:?}");
}

#[test]
fn an_input_for_what_is_not_there_is_refused_and_not_recorded() {
    let paper = Paper::default();
    let mut stage = Stage::new(setting()).unwrap();
    let recorder = Recorder::new(Box::new(paper.clone()), stage.setting()).unwrap();
    stage.record(recorder);
    let unknown = |input: Input, stage: &mut Stage| match stage.input(input) {
        Err(StageError::Unknown(what)) => what,
        other => panic!("{other:?}"),
    };
    let host = Some("mx9.example.org".to_owned());
    let told = unknown(Input::Eof { door: 1, host }, &mut stage);
    assert_eq!(told, "no host is named \"mx9.example.org\"");
    let store = |account: &str, mailbox: &str| Input::Store {
        account: account.to_owned(),
        mailbox: mailbox.to_owned(),
        octets: Payload::default(),
    };
    let told = unknown(store("eve@example.org", "INBOX"), &mut stage);
    assert_eq!(told, "no account has the address \"eve@example.org\"");
    let told = unknown(store("bob@example.org", "Nowhere"), &mut stage);
    assert_eq!(told, "bob@example.org has no mailbox \"Nowhere\"");
    assert_eq!(unknown(Input::Clear { number: 3 }, &mut stage), "there is no fault 3");
    let fault = serde_json::json!({ "at": "1s", "crash": "mail.example.net" });
    match stage.input(Input::Fault { number: 1, fault }) {
        Err(StageError::Scenario(findings)) => {
            let told = findings[0].to_string();
            assert!(told.starts_with("fault: faults[0].crash: no host is named"), "{told}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(paper.0.lock().unwrap().iter().filter(|octet| **octet == b'\n').count(), 1);
    // What there is no connection for is passed over.
    for door in [0, 1, u64::MAX] {
        say(&mut stage, door, "x");
        stage.input(Input::Reset { door, host: None }).unwrap();
    }
    hear(&mut stage, 0, SECOND);
}
