//! Sessions that keep to rules of misbehaviour.

use std::time::Duration;

use super::*;
use crate::engine::Seed;
use crate::proto::misbehaviour::{Occasion, Pace, Per, Then};
use crate::proto::smtp::misbehaviour::{Answer, Deed, Extension, Misbehaviour, PathPattern, Rule};

fn rule(at: Moment, deed: Deed) -> Rule {
    Rule { at: vec![at], ..Rule::new("a rule", deed) }
}

fn reply(text: &str) -> Answer {
    Answer::Reply(text.parse().unwrap())
}

fn refuse(at: Moment, text: &str) -> Rule {
    rule(at, Deed::new(reply(text)))
}

fn misbehaviour(rules: &[Rule]) -> Misbehaviour {
    let rules: Vec<Arc<Rule>> = rules.iter().cloned().map(Arc::new).collect();
    Misbehaviour::new(&rules, ["example.net".to_owned()], Seed(1).stream("smtp faults"))
}

fn session(config: &ServerConfig, misbehaviour: &Misbehaviour) -> ServerSession {
    let mut session = ServerSession::new(config.clone());
    session.misbehave(misbehaviour.session("192.0.2.1".parse().unwrap()));
    session
}

/// Plays the dialogue, cut everywhere, to sessions of servers with these rules.
fn check_rules(rules: &[Rule], dialogue: &str) -> Owner {
    check_rules_of(&config(), rules, dialogue)
}

fn check_rules_of(config: &ServerConfig, rules: &[Rule], dialogue: &str) -> Owner {
    check_session(|| session(config, &misbehaviour(rules)), dialogue)
}

/// What was told.
fn told(owner: &Owner) -> Vec<String> {
    let told = |event: &ServerEvent| match event {
        ServerEvent::Misbehaves(misdeed) => Some(format!("{}: {}", misdeed.moment, misdeed.deed)),
        ServerEvent::Unsaid { moment, reply, .. } => Some(format!("{moment}: unsaid {reply}")),
        _ => None,
    };
    owner.events.iter().filter_map(told).collect()
}

fn closed(owner: &Owner) -> Option<CloseReason> {
    owner.events.iter().find_map(|event| match event {
        ServerEvent::Closed(reason) => Some(*reason),
        _ => None,
    })
}

const GREETED: &str = "
    S: 220 mx.example.net ESMTP
    C: HELO client.example.org
    S: 250 mx.example.net";
const MAIL: &str = "
    C: MAIL FROM:<alice@example.org>
    S: 250 2.1.0 Ok
    C: RCPT TO:<bob@example.net>
    S: 250 2.1.5 Ok";
const TEXT: &str = "
    C: DATA
    S: 354 End data with <CR><LF>.<CR><LF>
    C: Subject: hello
    C:
    C: hello
    C: .";
const QUIT: &str = "
    C: QUIT
    S: 221 2.0.0 Bye";
const TAKEN: &str = "
    S: 250 2.0.0 Ok: queued as 4F2A";

#[test]
fn rules_that_are_met_by_nothing_change_nothing() {
    let elsewhere = Rule {
        senders: vec![PathPattern::Domain("example.com".into())],
        ..refuse(Moment::Data, "451 4.3.0 No")
    };
    let owner = check_rules(&[elsewhere], &[GREETED, MAIL, TEXT, TAKEN, QUIT].concat());
    assert_eq!(owner.messages().len(), 1);
    assert_eq!(told(&owner), Vec::<String>::new());
}

#[test]
fn data_is_refused_to_a_sender_for_the_first_times_and_the_transaction_stays() {
    let first = Rule {
        senders: vec![PathPattern::Domain("example.org".into())],
        when: Occasion { first: Some(2), ..Occasion::ALWAYS },
        ..refuse(Moment::Data, "451 4.3.0 Try again")
    };
    let again = "
        C: DATA
        S: 451 4.3.0 Try again";
    let dialogue = [GREETED, MAIL, again, again, TEXT, TAKEN, QUIT].concat();
    let owner = check_rules(&[first], &dialogue);
    assert_eq!(owner.messages().len(), 1);
    assert_eq!(told(&owner), ["DATA: 451 4.3.0 Try again"; 2]);
}

#[test]
fn every_command_can_be_refused_and_421_ends_the_session() {
    for (moment, command) in [
        (Moment::Helo, "HELO a"),
        (Moment::Ehlo, "EHLO a"),
        (Moment::Mail, "MAIL FROM:<a@example.org>"),
        (Moment::Rcpt, "RCPT TO:<bob@example.net>"),
        (Moment::Data, "DATA"),
        (Moment::Data, "BDAT 0 LAST"),
        (Moment::Auth, "AUTH PLAIN AHRlc3QAc2VjcmV0"),
        (Moment::StartTls, "STARTTLS"),
        (Moment::Rset, "RSET"),
        (Moment::Noop, "NOOP"),
        (Moment::Vrfy, "VRFY bob"),
        (Moment::Expn, "EXPN bob"),
        (Moment::Help, "HELP"),
        (Moment::Quit, "QUIT"),
    ] {
        let rules = [
            Rule {
                when: Occasion { first: Some(1), ..Occasion::ALWAYS },
                ..refuse(moment, "450 4.7.0 Not\nnow")
            },
            refuse(moment, "421 4.3.2 Closing"),
        ];
        let owner = check_rules(
            &rules,
            &format!(
                "S: 220 mx.example.net ESMTP
                 C: {command}
                 S: 450-4.7.0 Not
                 S: 450 4.7.0 now
                 C: {command}
                 S: 421 4.3.2 Closing"
            ),
        );
        assert_eq!(closed(&owner), Some(CloseReason::Refused), "{command}");
    }
}

#[test]
fn the_banner_may_be_a_refusal_nonsense_or_nothing() {
    check_rules(
        &[refuse(Moment::Connect, "554 5.3.2 Go away")],
        "S: 554 5.3.2 Go away
         C: HELO a
         S: 503 5.5.1 Error: no service, send QUIT
         C: QUIT
         S: 221 2.0.0 Bye",
    );
    let owner = check_rules(&[refuse(Moment::Connect, "421 4.3.2 Busy")], "S: 421 4.3.2 Busy");
    assert!(owner.closed);
    let nonsense = Deed::new(Answer::Octets("HTTP/1.1 200 OK\r\n".into()));
    check_rules(
        &[rule(Moment::Connect, nonsense)],
        "S: HTTP/1.1 200 OK
         C: NOOP
         S: 250 2.0.0 Ok",
    );
    for (then, is_closed) in [(Then::Close, true), (Then::Reset, true), (Then::Silence, false)] {
        let deed = Deed::new(Answer::Nothing).then(then);
        let owner = check_rules(&[rule(Moment::Connect, deed)], "");
        assert_eq!((owner.closed, owner.wire.len()), (is_closed, 0), "{then:?}");
    }
}

#[test]
fn other_words_for_yes_do_not_make_a_no_a_yes() {
    let rules = [
        refuse(Moment::Rcpt, "250 2.1.5 As you like"),
        refuse(Moment::EndOfText, "250 2.0.0 Thanks\nfor that"),
    ];
    let owner = check_rules(
        &rules,
        &[
            GREETED,
            "
            C: MAIL FROM:<alice@example.org>
            S: 250 2.1.0 Ok
            C: RCPT TO:<unknown@example.net>
            S: 550 5.1.1 No such user here
            C: RCPT TO:<bob@example.net>
            S: 250 2.1.5 As you like",
            TEXT,
            "
            S: 250-2.0.0 Thanks
            S: 250 2.0.0 for that",
            QUIT,
        ]
        .concat(),
    );
    assert_eq!(owner.messages()[0].envelope.recipients.len(), 1);
}

#[test]
fn a_text_is_refused_at_its_end_and_a_lie_throws_it_away() {
    let no = refuse(Moment::EndOfText, "452 4.3.1 Disk full");
    let refused = [GREETED, MAIL, TEXT, "\nS: 452 4.3.1 Disk full", MAIL, QUIT].concat();
    assert_eq!(check_rules(&[no], &refused).messages().len(), 0);
    let lie = Deed::new(Answer::Lie("250 2.0.0 Ok: queued as LIE".parse().unwrap()));
    let lied = [GREETED, MAIL, TEXT, "\nS: 250 2.0.0 Ok: queued as LIE", QUIT].concat();
    let owner = check_rules(&[rule(Moment::EndOfText, lie)], &lied);
    assert_eq!(owner.messages().len(), 0);
    assert_eq!(told(&owner), ["the final dot: 250 2.0.0 Ok: queued as LIE (a lie)"]);
}

#[test]
fn a_reply_that_is_never_said_is_told_of() {
    for (then, reason) in [
        (Then::Close, Some(CloseReason::Told)),
        (Then::Reset, Some(CloseReason::Told)),
        (Then::Silence, None),
    ] {
        let lost = Deed::new(Answer::Unsaid).then(then);
        let owner = check_rules(&[rule(Moment::EndOfText, lost)], &[GREETED, MAIL, TEXT].concat());
        assert_eq!(owner.messages().len(), 1);
        assert_eq!(told(&owner)[1], "the final dot: unsaid 250 2.0.0 Ok: queued as 4F2A");
        assert_eq!(closed(&owner), reason);
    }
}

#[test]
fn the_connection_ends_after_354_or_in_the_middle_of_the_text() {
    let data = "
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>";
    let close = Deed::new(Answer::Usual).then(Then::Close);
    let after_354 = [GREETED, MAIL, data].concat();
    let owner = check_rules(&[rule(Moment::Data, close.clone())], &after_354);
    assert!(owner.closed && owner.messages().is_empty());
    let owner = check_rules(&[rule(Moment::Text, close.clone())], &after_354);
    assert!(owner.closed && owner.messages().is_empty());
    let within = Rule { after_octets: 12, ..rule(Moment::Text, close) };
    let texts = [GREETED, MAIL, data, "\nC: Subject: hello"].concat();
    let owner = check_rules(std::slice::from_ref(&within), &texts);
    assert!(owner.closed && owner.messages().is_empty());
    // A text that is over before is taken.
    let never = Rule { after_octets: 1_000, ..within };
    let owner = check_rules(&[never], &[GREETED, MAIL, TEXT, TAKEN, QUIT].concat());
    assert_eq!(owner.messages().len(), 1);
}

#[test]
fn a_refusal_within_the_text_is_the_last_word() {
    let full = Rule { after_octets: 20, ..refuse(Moment::Text, "452 4.3.1 Disk full") };
    let owner = check_rules(
        &[full],
        &[GREETED, MAIL, TEXT.trim_end_matches('.').trim_end_matches("C: ")].concat().replace(
            "C: hello",
            "C: hello
             S: 452 4.3.1 Disk full",
        ),
    );
    assert!(owner.closed && owner.messages().is_empty());
}

#[test]
fn chunks_have_the_same_moments() {
    let rules = [
        Rule {
            when: Occasion { first: Some(1), ..Occasion::ALWAYS },
            ..refuse(Moment::Data, "451 4.3.0 Not now")
        },
        Rule {
            when: Occasion { first: Some(1), ..Occasion::ALWAYS },
            ..refuse(Moment::EndOfText, "452 4.3.1 Full")
        },
    ];
    let again = "
        S: 452 4.3.1 Full
        C: MAIL FROM:<alice@example.org>
        S: 250 2.1.0 Ok
        C: RCPT TO:<bob@example.net>
        S: 250 2.1.5 Ok
        C: BDAT 7 LAST
        C: hello";
    let owner = check_rules(
        &rules,
        &[
            GREETED,
            MAIL,
            "
            C: BDAT 7 LAST
            S: 451 4.3.0 Not now
            C: hello
            C: BDAT 7
            C: hello
            S: 250 2.0.0 Ok: 7 bytes
            C: BDAT 7 LAST
            C: world",
            again,
            TAKEN,
            QUIT,
        ]
        .concat(),
    );
    assert_eq!(owner.messages()[0].data, "hello\r\n");
    let close = Deed::new(Answer::Usual).then(Then::Close);
    let within = Rule { after_octets: 9, ..rule(Moment::Text, close) };
    let owner = check_rules(
        &[within],
        &[
            GREETED,
            MAIL,
            "
            C: BDAT 7
            C: hello
            S: 250 2.0.0 Ok: 7 bytes
            C: BDAT 7 LAST
            C: world",
        ]
        .concat(),
    );
    assert!(owner.closed && owner.messages().is_empty());
}

#[test]
fn extensions_are_left_out_of_the_offer() {
    let hidden = Extension::Pipelining;
    let all = [
        hidden,
        Extension::Size,
        Extension::EightBitMime,
        Extension::EnhancedStatusCodes,
        Extension::Auth,
        Extension::Chunking,
        Extension::Dsn,
    ];
    check_rules(
        &[rule(Moment::Ehlo, Deed::new(Answer::Without(all.to_vec())))],
        "S: 220 mx.example.net ESMTP
         C: EHLO client.example.org
         S: 250-mx.example.net
         S: 250 SMTPUTF8",
    );
}

#[test]
fn tls_is_refused_or_never_comes_after_220() {
    let config = ServerConfig { tls: Tls::Offered, ..config() };
    check_rules_of(
        &config,
        &[refuse(Moment::StartTls, "454 4.7.0 TLS not available")],
        "S: 220 mx.example.net ESMTP
         C: STARTTLS
         S: 454 4.7.0 TLS not available
         C: NOOP
         S: 250 2.0.0 Ok",
    );
    let broken = rule(Moment::StartTls, Deed::new(Answer::Usual).then(Then::Close));
    let owner = check_rules_of(
        &config,
        &[broken],
        "S: 220 mx.example.net ESMTP
         C: STARTTLS
         S: 220 2.0.0 Ready to start TLS",
    );
    assert_eq!(closed(&owner), Some(CloseReason::Told));
    assert!(!owner.events.contains(&ServerEvent::StartTls));
}

/// The times and octets of what is said after the client's octets, without waiting for more.
fn timed(rules: &[Rule], octets: &str) -> Vec<(Duration, String)> {
    let mut owner = Owner::of(session(&config(), &misbehaviour(rules)));
    owner.handle(SimTime::ZERO, Input::Opened);
    owner.handle(SimTime::ZERO, Input::Bytes(octets.as_bytes()));
    let mut said = Vec::new();
    let mut now = SimTime::ZERO;
    loop {
        let octets = mem::take(&mut owner.wire);
        if !octets.is_empty() {
            said.push((now.since(SimTime::ZERO), String::from_utf8(octets).unwrap()));
        }
        let Some(until) = owner.session.held_until() else { return said };
        now = until;
        owner.handle(now, Input::Timeout);
    }
}

#[test]
fn replies_are_late_and_slow() {
    let second = Duration::from_secs(1);
    let late = Deed { delay: 30 * second, ..Deed::new(Answer::Usual) };
    let said = timed(&[rule(Moment::Noop, late)], "NOOP\r\nRSET\r\n");
    let banner = (Duration::ZERO, "220 mx.example.net ESMTP\r\n".to_owned());
    let both = "250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n".to_owned();
    assert_eq!(said, [banner.clone(), (30 * second, both)]);
    let pace = Some(Pace { octets: 6, every: second });
    let slow = Deed { pace, ..Deed::new(Answer::Usual) };
    let said = timed(&[rule(Moment::Noop, slow)], "NOOP\r\nRSET\r\n");
    let pieces = [(second, "250 2."), (2 * second, "0.0 Ok"), (3 * second, "\r\n250 2.0.0 Ok\r\n")];
    let pieces = pieces.map(|(at, piece)| (at, piece.to_owned()));
    assert_eq!(said, [&[banner][..], &pieces].concat());
}

#[test]
fn what_comes_after_a_late_reply_is_late_too() {
    let second = Duration::from_secs(1);
    for then in [Then::Close, Then::Reset, Then::Silence] {
        let late = Deed { delay: second, ..Deed::new(Answer::Usual).then(then) };
        let said = timed(&[rule(Moment::Noop, late)], "NOOP\r\nRSET\r\n");
        assert_eq!(said[1], (second, "250 2.0.0 Ok\r\n".to_owned()), "{then:?}");
        assert_eq!(said.len(), 2, "{then:?}");
    }
}

#[test]
fn who_hangs_is_ended_by_its_watchdog() {
    let mut owner = Owner::of(session(
        &config(),
        &misbehaviour(&[rule(Moment::Noop, Deed::new(Answer::Nothing).then(Then::Silence))]),
    ));
    owner.handle(SimTime::ZERO, Input::Opened);
    owner.handle(SimTime::ZERO, Input::Bytes(b"NOOP\r\nQUIT\r\n"));
    owner.handle(SimTime::from_secs(60), Input::Bytes(b"QUIT\r\n"));
    assert_eq!(owner.session.deadline(), Some(SimTime::from_secs(18_000)));
    owner.handle(SimTime::from_secs(18_000), Input::Timeout);
    assert!(owner.closed);
    assert_eq!(String::from_utf8_lossy(&owner.wire), "220 mx.example.net ESMTP\r\n");
}

#[test]
fn sessions_of_a_server_are_counted_together_and_connections_while_they_stand() {
    let most = Rule { connections_above: Some(1), ..refuse(Moment::Connect, "421 4.7.0 Busy") };
    let rules = misbehaviour(&[most]);
    let greeting = |owner: &mut Owner| {
        owner.handle(SimTime::ZERO, Input::Opened);
        String::from_utf8(owner.wire.clone()).unwrap()
    };
    let mut first = Owner::of(session(&config(), &rules));
    assert_eq!(greeting(&mut first), "220 mx.example.net ESMTP\r\n");
    let mut second = Owner::of(session(&config(), &rules));
    assert_eq!(greeting(&mut second), "421 4.7.0 Busy\r\n");
    first.handle(SimTime::ZERO, Input::Eof);
    let mut third = Owner::of(session(&config(), &rules));
    assert_eq!(greeting(&mut third), "220 mx.example.net ESMTP\r\n");
}

#[test]
fn events_are_counted_for_each_sender_domain_triplet_and_session() {
    let mail = |sender: &str| format!("RSET\r\nMAIL FROM:<{sender}>\r\n");
    let talk = ["a@one.example", "b@one.example", "c@two.example", "a@one.example"].map(mail);
    let check = |per: Per, wanted: [bool; 4]| {
        let when = Occasion { per, first: Some(1), ..Occasion::ALWAYS };
        let once = Rule { when, ..refuse(Moment::Mail, "450 4.7.1 Later") };
        let said = timed(&[once], &format!("HELO a\r\n{}", talk.concat()));
        let said = said.into_iter().map(|(_, said)| said).collect::<String>();
        let answers = said.lines().filter(|line| line.contains(".7.1") || line.contains(".1.0"));
        let refused: Vec<bool> = answers.map(|line| line.starts_with("450")).collect();
        assert_eq!(refused, wanted, "{per:?}");
    };
    check(Per::Session, [true, false, false, false]);
    check(Per::SenderDomain, [true, false, true, false]);
    check(Per::Triplet, [true, true, true, false]);
}

#[test]
fn external_senders_are_those_of_other_domains() {
    let strangers = Rule { external: true, ..refuse(Moment::Mail, "550 5.7.1 Strangers") };
    check_rules(
        &[strangers],
        &[
            GREETED,
            "
            C: MAIL FROM:<carol@EXAMPLE.net>
            S: 250 2.1.0 Ok
            C: RSET
            S: 250 2.0.0 Ok
            C: MAIL FROM:<alice@example.org>
            S: 550 5.7.1 Strangers
            C: MAIL FROM:<>
            S: 550 5.7.1 Strangers",
        ]
        .concat(),
    );
}

#[test]
fn lmtp_refuses_each_recipient_of_a_text() {
    let config = ServerConfig::lmtp("mx.example.net");
    check_rules_of(
        &config,
        &[refuse(Moment::EndOfText, "452 4.2.2 Full")],
        "S: 220 mx.example.net LMTP
         C: LHLO client.example.org
         S: 250-mx.example.net
         S: 250-PIPELINING
         S: 250-SIZE 10240000
         S: 250-ENHANCEDSTATUSCODES
         S: 250-8BITMIME
         S: 250-DSN
         S: 250-SMTPUTF8
         S: 250 CHUNKING
         C: MAIL FROM:<>
         S: 250 2.1.0 Ok
         C: RCPT TO:<bob@example.net>
         S: 250 2.1.5 Ok
         C: RCPT TO:<carol@example.net>
         S: 250 2.1.5 Ok
         C: DATA
         S: 354 End data with <CR><LF>.<CR><LF>
         C: .
         S: 452 4.2.2 Full
         S: 452 4.2.2 Full",
    );
}
