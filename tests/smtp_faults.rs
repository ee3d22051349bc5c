//! Every moment of an SMTP session with everything that may go wrong at it: what a sender's MTA makes
//! of it, and that no message is lost or doubled but where nobody could know.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use std::fmt::Write as _;

use mxsim::Simulation;
use mxsim::engine::{Seed, SimTime};
use mxsim::proto::misbehaviour::AnyRule;
use mxsim::proto::misbehaviour::Then;
use mxsim::proto::smtp::misbehaviour::{Answer, Deed, Moment, Rule};
use mxsim::report::transcript::Facts;
use mxsim::scenario::plan::{Fault, FaultAction};
use mxsim::scenario::{self, NoFiles, build};
use mxsim::store::queue::Queue;
use mxsim::world::Note;

/// What came of one message from alice@example.org to bob@example.com, sent after a second.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// How many copies bob has.
    copies: usize,
    /// How often the rule was applied.
    applied: usize,
    /// How often the sender's MTA put the message off.
    deferred: usize,
    /// With which status it failed, if it did.
    bounced: Option<String>,
    /// How many replies were never said to a client that had been served.
    unsaid: usize,
}

impl Outcome {
    /// The server did so once, the message waited so often, and arrived.
    fn arrived(deferred: usize) -> Self {
        Outcome { copies: 1, applied: 1, deferred, bounced: None, unsaid: 0 }
    }

    fn bounced(status: &str) -> Self {
        Outcome { copies: 0, applied: 1, deferred: 0, bounced: Some(status.to_owned()), unsaid: 0 }
    }
}

/// Plays a world with this fault of the exchanges, of which there are so many.
fn play_with(exchanges: usize, policy: &str, smtp: &str, seed: u64) -> (Simulation, Outcome) {
    let border = ["\"mx1\"", "\"mx2\""][..exchanges].join(", ");
    let text = format!(
        r#"{{
          "until": "12h",
          "domains": {{
            "example.org": {{ "users": ["alice"], "policy": {{ {policy} }} }},
            "example.com": {{
              "users": ["bob"], "policy": {{ {policy} }},
              "servers": {{ "border": [{border}], "mailbox": "imap" }}
            }}
          }},
          "agenda": [
            {{ "at": "1s", "client": "alice@example.org",
               "send": {{ "id": "hello", "to": "bob@example.com", "size": "6KB" }} }}
          ],
          "faults": [ {{ "at": "0s", "smtp": {{ "server": "mx1.example.com", {smtp} }} }} ]
        }}"#
    );
    let plan = scenario::parse(&text, "test.json", &NoFiles).unwrap_or_else(|findings| {
        let mut told = String::new();
        findings.iter().for_each(|one| writeln!(told, "{one}").unwrap());
        panic!("{told}")
    });
    let mut simulation =
        Simulation::with_seed(plan, Seed(seed)).unwrap_or_else(|error| panic!("{error}"));
    simulation.run();
    let copies = simulation.mailbox("bob@example.com", "INBOX").len();
    let mut outcome = Outcome { copies, ..Outcome::arrived(0) };
    outcome.applied = 0;
    let transcript = simulation.transcript();
    for entry in transcript.entries() {
        let at_sender = entry.from == "mail.example.org";
        match entry.facts {
            Facts::Note(Note::SmtpMisbehaved { .. }) => outcome.applied += 1,
            Facts::Note(Note::Unsaid { .. }) => outcome.unsaid += 1,
            Facts::Note(Note::Deferred { .. }) if at_sender => outcome.deferred += 1,
            Facts::Note(Note::Bounced { status, .. }) => outcome.bounced = Some(status.clone()),
            _ => {}
        }
    }
    let queued = simulation.world().hosts().filter_map(|host| {
        simulation.world().disk(host).and_then(|disk| disk.queue_if_any()).map(Queue::len)
    });
    assert_eq!(queued.sum::<usize>(), 0, "nothing waits at the end: {smtp}");
    (simulation, outcome)
}

fn play(exchanges: usize, smtp: &str) -> Outcome {
    play_with(exchanges, "", smtp, 1).1
}

/// The moments of a transaction, and how many octets of the text have come.
const MOMENTS: [&str; 8] = [
    r#""at": "connect""#,
    r#""at": "ehlo""#,
    r#""at": "mail""#,
    r#""at": "rcpt""#,
    r#""at": "data""#,
    r#""at": "text""#,
    r#""at": "text", "after": "3KB""#,
    r#""at": "end_of_data""#,
];

#[test]
fn a_server_that_hangs_up_once_gets_the_message_later() {
    for at in MOMENTS {
        for ending in ["close", "reset", "silence"] {
            let outcome = play(1, &format!(r#"{at}, "first": 1, "instead": "{ending}""#));
            assert_eq!(outcome, Outcome::arrived(1), "{at} {ending}");
        }
    }
}

#[test]
fn where_there_is_another_exchange_it_gets_the_message_at_once() {
    for at in MOMENTS {
        for ending in ["close", "reset", "silence"] {
            let outcome = play(2, &format!(r#"{at}, "instead": "{ending}""#));
            assert_eq!(outcome, Outcome::arrived(0), "{at} {ending}");
        }
        let outcome = play(2, &format!(r#"{at}, "reply": "421 4.3.2 Closing""#));
        assert_eq!(outcome, Outcome::arrived(0), "{at} 421");
        if !at.contains("ehlo") {
            let outcome = play(2, &format!(r#"{at}, "reply": "451 4.3.0 Not now""#));
            assert_eq!(outcome, Outcome::arrived(0), "{at} 451");
        }
    }
}

#[test]
fn a_refusal_for_now_is_tried_again_and_one_for_good_is_reported() {
    for at in MOMENTS {
        let now = play(1, &format!(r#"{at}, "first": 1, "reply": "451 4.3.0 Not now""#));
        // HELO follows a refusal of EHLO.
        let deferred = usize::from(!at.contains("ehlo"));
        assert_eq!(now, Outcome::arrived(deferred), "{at}");
        let closing = play(1, &format!(r#"{at}, "first": 1, "reply": "421 4.3.2 Closing""#));
        assert_eq!(closing, Outcome::arrived(1), "{at}");
        let good = play(1, &format!(r#"{at}, "first": 1, "reply": "554 5.3.0 Never""#));
        let wanted = match at {
            // A banner says nothing of a message (`smtp_skip_5xx_greeting`).
            r#""at": "connect""# => Outcome::arrived(1),
            r#""at": "ehlo""# => Outcome::arrived(0),
            _ => Outcome::bounced("5.3.0"),
        };
        assert_eq!(good, wanted, "{at}");
    }
    let neither = play(1, r#""at": ["ehlo", "helo"], "reply": "550 5.7.1 Not with you""#);
    assert_eq!(neither, Outcome { applied: 2, ..Outcome::bounced("5.7.1") });
}

#[test]
fn a_reply_that_is_never_said_doubles_the_message_at_the_final_dot_alone() {
    for at in MOMENTS.into_iter().filter(|at| !at.contains("text")) {
        for ending in ["close", "reset", "silence"] {
            let (simulation, outcome) = play_with(
                1,
                "",
                &format!(r#"{at}, "first": 1, "unsaid": true, "then": "{ending}""#),
                1,
            );
            let copies = if at.contains("end_of_data") { 2 } else { 1 };
            assert_eq!(
                outcome,
                Outcome { copies, unsaid: 1, ..Outcome::arrived(1) },
                "{at} {ending}"
            );
            let transcript = simulation.transcript().to_string();
            let taken = transcript.contains("at the final dot: 250 2.0.0 Ok: queued as ");
            assert_eq!(taken, copies == 2);
        }
    }
}

#[test]
fn nonsense_loses_nothing() {
    for at in MOMENTS {
        for garbage in ["not_smtp", "long_line", "unfinished"] {
            let ending = r#""then": "close""#;
            let outcome =
                play(1, &format!(r#"{at}, "first": 1, "garbage": "{garbage}", {ending}"#));
            assert_eq!((outcome.copies, outcome.bounced), (1, None), "{at} {garbage}");
        }
    }
    for octets in [r"\r\n", r"4\r\n", r"\u0000\u0001\r\n", r"999 what\r\n"] {
        let outcome = play(1, &format!(r#""at": "mail", "first": 1, "octets": "{octets}""#));
        assert_eq!((outcome.copies, outcome.bounced), (1, None), "{octets}");
    }
}

#[test]
fn only_a_lie_loses_mail() {
    let lie = r#""at": "end_of_data", "reply": "250 2.0.0 Ok: queued as NOTHING", "lie": true"#;
    let (simulation, outcome) = play_with(1, "", lie, 1);
    assert_eq!(outcome, Outcome { copies: 0, ..Outcome::arrived(0) });
    let transcript = simulation.transcript().to_string();
    assert!(transcript.contains("250 2.0.0 Ok: queued as NOTHING (a lie)"));
    let words = r#""at": "end_of_data", "reply": "250 2.0.0 With pleasure""#;
    assert_eq!(play(1, words), Outcome::arrived(0));
}

#[test]
fn lateness_and_slowness_are_borne_with() {
    for at in MOMENTS {
        let late = play(1, &format!(r#"{at}, "delay": "100s""#));
        assert_eq!(late, Outcome::arrived(0), "{at}");
    }
    let late = play(1, r#""at": "data", "first": 1, "delay": "130s""#);
    assert_eq!(late, Outcome::arrived(1), "two minutes are enough for DATA");
    let slow = play(1, r#""at": "end_of_data", "pace": { "octets": 1, "every": "30s" }"#);
    assert_eq!(slow, Outcome::arrived(0));
}

#[test]
fn rules_hold_through_tls_and_a_broken_one_is_done_without() {
    let tls = r#""tls": { "client": "may" }"#;
    let check = |smtp: &str| play_with(1, tls, smtp, 1);
    let (_, refused) = check(r#""at": "data", "tls": true, "first": 1, "reply": "451 4.3.0 No""#);
    assert_eq!(refused, Outcome::arrived(1));
    let (_, clear) = check(r#""at": "data", "tls": false, "reply": "451 4.3.0 No""#);
    assert_eq!(clear, Outcome { applied: 0, ..Outcome::arrived(0) });
    // Without a handshake it is done without TLS at once, after a broken one with the second attempt
    // (`PLAINTEXT_FALLBACK_OK_AFTER_STARTTLS_FAILURE`).
    for (how, deferred, applied) in [
        (r#""reply": "454 4.7.0 Not available""#, 0, 1),
        (r#""then": "close""#, 1, 2),
        (r#""then": "reset""#, 1, 2),
        (r#""then": "silence""#, 1, 2),
        (r#""first": 1, "instead": "close""#, 1, 1),
    ] {
        let (simulation, outcome) = check(&format!(r#""at": "starttls", {how}"#));
        assert_eq!(outcome, Outcome { applied, ..Outcome::arrived(deferred) }, "{how}");
        let transcript = simulation.transcript().to_string();
        let secured = transcript.contains("note  TLS with mx1.example.com");
        assert_eq!(secured, how.contains("instead"), "{how}");
    }
    // And so where the connection is lost later on, within TLS.
    let (_, lost) = check(r#""at": "data", "tls": true, "instead": "close""#);
    assert_eq!(lost, Outcome { applied: 2, ..Outcome::arrived(1) });
}

#[test]
fn a_share_is_drawn_for_each_moment_and_from_the_seed() {
    let half = r#""at": "data", "share": "50%", "reply": "451 4.3.0 Perhaps later""#;
    let deferred = |seed| play_with(1, "", half, seed).1.deferred;
    let all: Vec<usize> = (1..=12).map(deferred).collect();
    assert_eq!(all, (1..=12).map(deferred).collect::<Vec<_>>());
    assert!(all.contains(&0) && all.iter().any(|times| *times > 0), "{all:?}");
}

#[test]
fn a_fault_is_begun_and_ended_in_code() {
    let text = r#"{ "until": "12h", "domains": {
        "example.org": { "users": ["alice"] }, "example.com": { "users": ["bob"] } },
        "agenda": [
          { "at": "1s", "client": "alice@example.org", "send": { "to": "bob@example.com" } } ] }"#;
    let mut simulation = Simulation::parse(text).unwrap();
    let deed = Deed::new(Answer::Nothing).then(Then::Reset);
    let rule = Rule { at: vec![Moment::Mail], ..Rule::new("in code", deed) };
    let hosts = vec!["mail.example.com".to_owned()];
    let action = FaultAction::Misbehave { hosts, rule: AnyRule::Smtp(rule.into()) };
    let fault = Fault { at: SimTime::ZERO, until: None, action };
    let id = build::order(&fault, 7, simulation.world_mut());
    simulation.run_until(SimTime::from_secs(1_000));
    assert_eq!(simulation.mailbox("bob@example.com", "INBOX").len(), 0);
    let now = simulation.world().now();
    build::cease(now, &fault.action, 7, id, simulation.world_mut());
    simulation.run();
    assert_eq!(simulation.mailbox("bob@example.com", "INBOX").len(), 1);
    let transcript = simulation.transcript().to_string();
    assert!(transcript.contains("misbehaves as told by fault 7: at MAIL of alice@example.org"));
}

#[test]
fn a_fault_of_another_server_moves_nothing() {
    let fingerprint = |smtp: &str| play_with(2, "", smtp, 1).0.fingerprint();
    let never = r#""sender": "nobody@example.net", "share": "50%", "reply": "450 4.7.1 No""#;
    let other = r#""client": "192.0.2.200", "pace": { "octets": 1, "every": "1s" }"#;
    assert_eq!(fingerprint(never), fingerprint(other));
}
