//! Clients that read by POP3 and IMAP from a mailbox server, in whole worlds: limits, locks, TLS, and
//! what sessions of both protocols see of each other.

#![allow(clippy::unwrap_used, reason = "a panic here is the failure")]

use mxsim::Simulation;
use mxsim::report::transcript::Facts;
use mxsim::scenario::{self, NoFiles};
use mxsim::world::Note;

/// Plays a world with a domain example.com of these users and this policy, read by the clients of
/// `clients`, in which alice of example.org sends bob two messages in the first seconds.
fn play(domain: &str, rest: &str, agenda: &str) -> Simulation {
    let text = format!(
        r#"{{
          "until": "2h",
          "domains": {{
            "example.org": {{ "users": ["alice"] }},
            "example.com": {{ {domain} }}
          }},
          {rest}
          "agenda": [
            {{ "at": "1s", "client": "alice@example.org", "send": {{ "id": "one", "to": "bob@example.com", "size": "40KiB" }} }},
            {{ "at": "2s", "client": "alice@example.org", "send": {{ "id": "two", "to": "bob@example.com" }} }},
            {agenda}
          ]
        }}"#
    );
    let plan = scenario::parse(&text, "test.json", &NoFiles).unwrap_or_else(|findings| {
        panic!("{}", findings.iter().map(|one| format!("{one}\n")).collect::<String>())
    });
    let mut simulation = Simulation::new(plan).unwrap_or_else(|error| panic!("{error}"));
    simulation.run();
    simulation
}

/// What came to nothing, and why.
fn failures(simulation: &Simulation) -> Vec<String> {
    let transcript = simulation.transcript();
    let failed = transcript.entries().filter_map(|entry| match entry.facts {
        Facts::Note(Note::ClientFailed { reason, .. }) => Some(reason.clone()),
        _ => None,
    });
    failed.collect()
}

/// How many messages a device downloaded.
fn downloads(simulation: &Simulation, client: &str) -> usize {
    let transcript = simulation.transcript();
    let fetched = transcript.entries().filter(|entry| {
        matches!(&entry.facts, Facts::Note(Note::Fetched { account, .. }) if account == client)
    });
    fetched.count()
}

/// How many messages a device saw last.
fn seen(simulation: &Simulation, client: &str) -> usize {
    let transcript = simulation.transcript();
    let seen = transcript.entries().filter_map(|entry| match entry.facts {
        Facts::Note(Note::Saw { account, messages, .. }) if account == client => Some(*messages),
        _ => None,
    });
    seen.last().unwrap()
}

fn left(simulation: &Simulation) -> usize {
    simulation.mailbox("bob@example.com", "INBOX").len()
}

const TWO_CLIENTS: &str = r#""clients": {
    "by pop": { "host": "pop.bob.example.com", "user": "bob@example.com", "read": "pop3" },
    "by pop too": { "host": "pop2.bob.example.com", "user": "bob@example.com", "read": "pop3" },
    "by imap": { "host": "imap.bob.example.com", "user": "bob@example.com", "read": "imap" }
},"#;

#[test]
fn a_server_that_is_full_says_so_and_has_room_again_later() {
    let hosts = r#""hosts": { "mail.example.com": { "services": [
        { "mailbox_server": { "domains": ["example.com"], "connections": 1 } }
    ] } },"#;
    let simulation = play(
        r#""users": [{ "name": "bob", "devices": ["laptop", "phone"] }]"#,
        &format!("{TWO_CLIENTS}{hosts}"),
        r#"{ "at": "10s", "client": "bob@example.com/laptop", "idle": { "for": "1m" } },
           { "at": "20s", "client": "by imap", "fetch": {} },
           { "at": "30s", "client": "by pop", "fetch": {} },
           { "at": "90s", "client": "by imap", "fetch": {} }"#,
    );
    assert_eq!(
        failures(&simulation),
        [
            "the server said goodbye: Too many connections",
            "greeting refused: [SYS/TEMP] Too many connections",
            // It tries again a minute later, when there is no room again.
            "greeting refused: [SYS/TEMP] Too many connections"
        ]
    );
    assert_eq!(seen(&simulation, "by imap"), 2);
}

#[test]
fn one_pop3_session_holds_the_maildrop_at_a_time() {
    let simulation = play(
        r#""users": ["bob"]"#,
        TWO_CLIENTS,
        r#"{ "at": "60s", "client": "by pop", "fetch": {} },
           { "at": "60s", "client": "by pop too", "fetch": {} },
           { "at": "90s", "client": "by pop too", "fetch": {} }"#,
    );
    let refused = "PASS refused: [IN-USE] Maildrop is locked by another session";
    assert_eq!(failures(&simulation), [refused]);
    assert_eq!(left(&simulation), 0);
}

#[test]
fn a_crash_gives_the_maildrop_back_and_deletes_nothing() {
    let simulation = play(
        r#""users": ["bob"]"#,
        &format!(
            r#"{TWO_CLIENTS} "faults": [{{ "at": "60300ms", "crash": "mail.example.com", "for": "1m" }}],"#
        ),
        r#"{ "at": "60s", "client": "by pop", "fetch": {} },
           { "at": "5m", "client": "by pop too", "fetch": {} }"#,
    );
    // Tried again, it has both, and deletes them as it was told to.
    assert_eq!(failures(&simulation).len(), 1);
    assert_eq!(downloads(&simulation, "by pop"), 2);
    assert_eq!(seen(&simulation, "by pop too"), 0);
}

#[test]
fn a_device_that_idles_is_told_what_pop3_deletes() {
    let simulation = play(
        r#""users": [{ "name": "bob", "devices": ["laptop"] }]"#,
        TWO_CLIENTS,
        r#"{ "at": "10s", "client": "by imap", "idle": { "for": "5m" } },
           { "at": "60s", "client": "by pop", "fetch": {} }"#,
    );
    assert_eq!(failures(&simulation), Vec::<String>::new());
    assert_eq!((seen(&simulation, "by imap"), left(&simulation)), (0, 0));
}

#[test]
fn logins_that_follow_each_other_too_soon_are_refused() {
    let simulation = play(
        r#""users": ["bob"], "policy": { "pop3": { "login_delay": "5m" } }"#,
        TWO_CLIENTS,
        r#"{ "at": "60s", "client": "by pop", "fetch": {} },
           { "at": "120s", "client": "by pop", "fetch": {} },
           { "at": "7m", "client": "by pop", "fetch": {} }"#,
    );
    // Tried again until the five minutes are over.
    let refused = "PASS refused: [LOGIN-DELAY] Too soon after the last login";
    let failures = failures(&simulation);
    assert!(!failures.is_empty() && failures.iter().all(|why| why == refused), "{failures:?}");
}

#[cfg(feature = "tls")]
mod tls {
    use super::*;
    use mxsim::report::transcript::Protocol;

    #[test]
    fn no_password_goes_to_a_server_whose_certificate_is_not_trusted() {
        for readers in ["implicit", "starttls"] {
            let domain = format!(
                r#""users": ["bob"], "policy": {{ "tls": {{
                    "readers": "{readers}", "certificate": {{ "valid_until": "2020-01-01T00:00:00Z", "valid_from": "2019-01-01T00:00:00Z" }} }} }}"#
            );
            let simulation = play(
                &domain,
                TWO_CLIENTS,
                r#"{ "at": "60s", "client": "by pop", "fetch": {} },
                   { "at": "70s", "client": "by imap", "fetch": {} }"#,
            );
            let failures = failures(&simulation);
            assert_eq!(failures.len(), 2, "{failures:?}");
            assert!(failures.iter().all(|why| why.starts_with("no TLS: ")), "{failures:?}");
            let transcript = simulation.transcript();
            let said = transcript.entries().filter(|entry| {
                matches!(entry.protocol, Protocol::Pop3 | Protocol::Imap)
                    && ["USER", "PASS", "LOGIN ", "AUTH "]
                        .iter()
                        .any(|word| entry.text.contains(word))
                    && entry.from.contains(".bob.")
            });
            assert_eq!(said.count(), 0, "{readers}");
            assert_eq!(left(&simulation), 2);
        }
    }

    #[test]
    fn a_connection_through_tls_outlives_the_first_minutes_of_a_run() {
        // The time-out of a session counts from its own beginning.
        let simulation = play(
            r#""users": ["bob"], "policy": { "tls": {} }"#,
            TWO_CLIENTS,
            r#"{ "at": "50m", "client": "by pop", "fetch": {} },
               { "at": "51m", "client": "by imap", "fetch": {} }"#,
        );
        assert_eq!(failures(&simulation), Vec::<String>::new());
        assert_eq!((seen(&simulation, "by pop"), left(&simulation)), (2, 0));
    }
}
