//! Sessions of a server that misbehaves, and mailboxes whose index is lost.

use std::sync::Arc;

use mxsim::engine::SimTime;
use mxsim::proto::access::Verdict;
use mxsim::proto::imap::{ImapServer, ImapServerConfig, ImapServerEvent};
use mxsim::proto::sasl::{self, Mechanism};
use mxsim::proto::{Input, Outbox, Output};
use mxsim::store::mailbox::MailStore;

use super::store;

/// A session that asks. At the command that `at` names it is told `verdict`, else to do what it does;
/// `None`: it is told later.
fn play(at: &str, verdict: Option<&Verdict>, lines: &[&str]) -> Vec<String> {
    let mut store = store(2);
    let config = ImapServerConfig {
        host_name: "mail".into(),
        mechanisms: vec![Mechanism::Plain],
        ..Default::default()
    };
    let mut session = ImapServer::new(Arc::new(config));
    session.set_judged(true);
    let (mut out, mut seen) = (Outbox::new(), Vec::new());
    session.handle(SimTime::ZERO, Input::Opened, &mut store, &mut out);
    carry(&mut session, &mut store, &mut out, (at, verdict), &mut seen);
    let octets: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    session.handle(SimTime::ZERO, Input::Bytes(octets.as_bytes()), &mut store, &mut out);
    carry(&mut session, &mut store, &mut out, (at, verdict), &mut seen);
    if verdict.is_none() {
        seen.push("later".into());
        session.answer_judge(SimTime::ZERO, Verdict::Do, &mut store, &mut out);
        carry(&mut session, &mut store, &mut out, ("", Some(&Verdict::Do)), &mut seen);
    }
    // What is said in the course of things is not what this is about.
    seen.retain(|line| {
        !["* OK", "* FLAGS", "* 2 ", "* 0 ", "* 1 FETCH"].iter().any(|it| line.starts_with(it))
    });
    seen
}

fn carry(
    session: &mut ImapServer,
    store: &mut MailStore,
    out: &mut Outbox<ImapServerEvent>,
    (at, verdict): (&str, Option<&Verdict>),
    seen: &mut Vec<String>,
) {
    loop {
        let outputs: Vec<_> = out.drain().collect();
        if outputs.is_empty() {
            return;
        }
        for output in outputs {
            match output {
                Output::Send(octets) => {
                    let text = String::from_utf8(octets.to_vec()).unwrap();
                    seen.extend(text.lines().map(ToOwned::to_owned));
                }
                Output::Close => seen.push("close".into()),
                Output::Event(ImapServerEvent::Judge(asked)) => {
                    let of = asked.user.as_deref().map(|user| format!(" of {user}"));
                    let part = if asked.is_part { " within" } else { "" };
                    let octets = asked.octets.map(|octets| format!(", {octets} octets"));
                    let (of, octets) = (of.unwrap_or_default(), octets.unwrap_or_default());
                    seen.push(format!("J: {} {asked}{of}{part}{octets}", asked.number));
                    let verdict = if asked.command == at { verdict } else { Some(&Verdict::Do) };
                    if let Some(verdict) = verdict {
                        session.answer_judge(SimTime::ZERO, verdict.clone(), store, out);
                    }
                }
                _ => {}
            }
        }
    }
}

fn say(line: &str) -> Verdict {
    Verdict::Say(line.into())
}

#[test]
fn rules_see_what_each_command_is_about() {
    let plain = sasl::encode_base64(b"\0alice\0secret");
    let lines = [
        &format!("a AUTHENTICATE PLAIN {plain}"),
        "b SELECT inbox",
        "c UID FETCH 1 FLAGS",
        "d STATUS Sent (MESSAGES)",
        "e APPEND INBOX {5+}\r\nhello",
        "f nonsense",
        "g LOGOUT",
    ];
    let seen = play("", Some(&Verdict::Do), &lines);
    let wanted = [
        "J: 0 the greeting",
        "J: 1 AUTHENTICATE",
        "J: 1 LOGIN of alice within",
        "a OK",
        "J: 2 SELECT INBOX",
        "b OK",
        "J: 3 FETCH INBOX",
        "c OK",
        "J: 4 STATUS Sent",
        "d NO",
        "J: 5 APPEND INBOX, 5 octets",
        "* 3 EXISTS",
        "* 3 RECENT",
        "e OK",
        "f BAD",
        "J: 7 LOGOUT",
        "* BYE",
        "g OK",
        "close",
    ];
    assert_eq!(seen.len(), wanted.len(), "{seen:#?}");
    for (seen, wanted) in seen.iter().zip(wanted) {
        assert!(seen.starts_with(wanted), "{seen:?} {wanted:?}");
    }
}

#[test]
fn a_verdict_stands_in_for_what_is_done() {
    let login = "a LOGIN alice secret";
    let no = say("NO [UNAVAILABLE] Not now");
    let seen = play("LOGIN", Some(&no), &[login, "b NOOP"]);
    assert_eq!(seen[1..3], ["J: 1 LOGIN of alice", "a NO [UNAVAILABLE] Not now"]);
    assert_eq!(seen[3], "J: 2 NOOP");
    let plain = sasl::encode_base64(b"\0alice\0secret");
    let seen = play("LOGIN", Some(&no), &["a AUTHENTICATE PLAIN", &plain, "b NAMESPACE"]);
    let wanted = [
        "J: 0 the greeting",
        "J: 1 AUTHENTICATE",
        "+ ",
        "J: 1 LOGIN of alice within",
        "a NO [UNAVAILABLE] Not now",
        "J: 2 NAMESPACE",
        "b BAD Log in first",
    ];
    assert_eq!(seen, wanted);
    let bye = say("* BYE Going down");
    assert_eq!(play("GREETING", Some(&bye), &[]), ["J: 0 the greeting", "* BYE Going down"]);
    let stored = "c STORE 1 +FLAGS (\\Deleted)";
    let lines = [login, "b SELECT INBOX", stored, "d EXPUNGE"];
    let seen = play("STORE", Some(&Verdict::Pass), &lines);
    let wanted = ["J: 3 STORE INBOX", "J: 4 EXPUNGE INBOX", "d OK EXPUNGE completed"];
    assert_eq!(seen[seen.len() - 3..], wanted, "nothing was marked as deleted");
}

#[test]
fn commands_wait_for_a_verdict_that_comes_late() {
    let seen = play("CAPABILITY", None, &["a CAPABILITY", "b NOOP", "c LOGOUT"]);
    let wanted = ["J: 0 the greeting", "J: 1 CAPABILITY", "later"];
    assert_eq!(seen[..3], wanted);
    let rest: Vec<&str> = seen[3..].iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(rest, ["*", "a", "J:", "b", "J:", "*", "c", "close"]);
}

#[test]
fn who_has_a_mailbox_selected_whose_index_is_lost_is_sent_away() {
    let mut store = store(2);
    let mut sessions = ["INBOX", "Other"].map(|mailbox| {
        let mut session = ImapServer::new(Arc::new(ImapServerConfig::default()));
        let mut out = Outbox::new();
        session.handle(SimTime::ZERO, Input::Opened, &mut store, &mut out);
        let lines = format!("a LOGIN alice secret\r\nb CREATE Other\r\nc SELECT {mailbox}\r\n");
        session.handle(SimTime::ZERO, Input::Bytes(lines.as_bytes()), &mut store, &mut out);
        session
    });
    let inbox = sessions[0].selected().unwrap();
    let before = store.mailbox(inbox).unwrap().state().uid_validity;
    let after = store.rebuild(inbox).unwrap();
    assert!(after > before);
    let said = sessions.each_mut().map(|session| {
        let mut out = Outbox::new();
        session.mailbox_rebuilt(inbox, &mut out);
        out.drain().next()
    });
    let bye = "* BYE IMAP session state is inconsistent, please relogin.\r\n";
    assert_eq!(said[0], Some(Output::Send(bye.into())));
    assert_eq!(said[1], None);
}
