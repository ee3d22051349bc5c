//! Dialogues with IMAP server sessions on a mail store.

use std::sync::Arc;

use bytes::Bytes;
use mxsim::engine::{Seed, SimTime, UnixTime};
use mxsim::proto::imap::{
    Backend, Flags, ImapServer, ImapServerConfig, ImapServerEvent, MailboxName, SystemFlag, Uid,
    UidValidity,
};
use mxsim::proto::mail::DateTime;
use mxsim::proto::sasl::{self, Mechanism};
use mxsim::proto::{Input, Outbox, Output};
use mxsim::store::mailbox::MailStore;
use proptest::prelude::*;

/// A store in which `alice`, password `secret`, has `count` messages.
fn store(count: u32) -> MailStore {
    let mut store = MailStore::default();
    let validity = UidValidity::new(100).unwrap();
    let alice = store.add_account("alice", "secret", validity).unwrap();
    for number in 1..=count {
        let text = format!("Subject: {number}\r\n\r\nBody {number}\r\n");
        store.deliver(alice, &MailboxName::inbox(), Bytes::from(text), UnixTime(0)).unwrap();
    }
    store
}

/// Sessions of one host, by the letter that names them in a dialogue.
struct Host {
    store: MailStore,
    sessions: Vec<(char, ImapServer)>,
    /// What the sessions sent: `S: ...` of the only session, `S2: ...` of the second.
    seen: Vec<String>,
    partial: String,
}

impl Host {
    fn new(store: MailStore) -> Host {
        Host { store, sessions: Vec::new(), seen: Vec::new(), partial: String::new() }
    }

    fn input(&mut self, name: char, input: Input<'_>) {
        let place = match self.sessions.iter().position(|(known, _)| *known == name) {
            Some(place) => place,
            None => {
                let config = ImapServerConfig { host_name: "mail".into(), ..Default::default() };
                self.sessions.push((name, ImapServer::new(Arc::new(config))));
                self.input(name, Input::Opened);
                // The greeting is the same each time, so dialogues leave it out.
                self.seen.clear();
                self.sessions.len() - 1
            }
        };
        let mut out = Outbox::new();
        let session = &mut self.sessions[place].1;
        session.handle(SimTime::ZERO, input, &mut self.store, &mut out);
        let changed = self.write(name, &mut out);
        for mailbox in changed {
            for other in (0..self.sessions.len()).filter(|other| *other != place) {
                let name = self.sessions[other].0;
                let session = &mut self.sessions[other].1;
                session.mailbox_changed(mailbox, &mut self.store, &mut out);
                self.write(name, &mut out);
            }
        }
    }

    fn write(
        &mut self,
        name: char,
        out: &mut Outbox<ImapServerEvent>,
    ) -> Vec<mxsim::proto::imap::MailboxId> {
        let mut changed = Vec::new();
        let mut sent = Vec::new();
        for output in out.drain() {
            match output {
                Output::Send(octets) => sent.extend_from_slice(&octets),
                Output::Event(ImapServerEvent::Changed { mailbox }) => changed.push(mailbox),
                Output::Event(_) => {}
                Output::Close => sent.extend_from_slice(b"close\r\n"),
                Output::Abort => sent.extend_from_slice(b"abort\r\n"),
            }
        }
        self.partial.push_str(&String::from_utf8(sent).unwrap());
        while let Some((line, rest)) = self.partial.split_once("\r\n") {
            self.seen.push(format!("S{name}: {line}").trim_end().into());
            self.partial = rest.into();
        }
        changed
    }
}

/// Plays the lines `C: ...` (`C2: ...` of a second session), and compares what the server sends
/// with the lines `S: ...`. Then once more octet by octet.
fn check(store: &MailStore, dialogue: &str) {
    let lines: Vec<(bool, char, &str)> = dialogue
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (who, text) = line.split_once(':').expect("a line has a speaker");
            let text = text.strip_prefix(' ').unwrap_or(text);
            (who.starts_with('C'), who.chars().nth(1).unwrap_or('1'), text)
        })
        .collect();
    let wanted: Vec<String> = lines
        .iter()
        .filter(|(client, ..)| !client)
        .map(|(_, name, text)| format!("S{name}: {text}").trim_end().into())
        .collect();
    for octet_by_octet in [false, true] {
        let mut host = Host::new(store.clone());
        let mut seen = Vec::new();
        for (_, name, text) in lines.iter().filter(|(client, ..)| *client) {
            let line = format!("{text}\r\n");
            let size = if octet_by_octet { 1 } else { line.len() };
            line.as_bytes().chunks(size).for_each(|piece| host.input(*name, Input::Bytes(piece)));
            seen.append(&mut host.seen);
        }
        assert_eq!(seen.join("\n"), wanted.join("\n"), "octet by octet: {octet_by_octet}");
    }
    // A single client may send everything at once.
    if lines.iter().all(|(_, name, _)| *name == '1') {
        let client = lines.iter().filter(|(client, ..)| *client);
        let stream: String = client.map(|(_, _, text)| format!("{text}\r\n")).collect();
        let mut host = Host::new(store.clone());
        host.input('1', Input::Bytes(stream.as_bytes()));
        assert_eq!(host.seen.join("\n"), wanted.join("\n"), "in one piece");
    }
}

/// As [`check`], after `a LOGIN` and `b SELECT INBOX` in each of the sessions.
fn check_selected(messages: u32, sessions: &str, dialogue: &str) {
    let mut store = store(messages);
    let alice = store.account_of("alice").unwrap();
    let inbox = store.find(alice, &MailboxName::inbox()).unwrap();
    // None is recent, so that the sessions see the same.
    store.claim_recent(inbox, Uid::new(messages + 1).unwrap());
    let unseen = if messages > 0 { "* OK [UNSEEN 1] First unseen message" } else { "" };
    let mut whole = String::new();
    for name in sessions.chars() {
        for line in [
            "C#: a LOGIN alice secret",
            &format!("S#: a OK [CAPABILITY {CAPABILITIES}] Logged in"),
            "C#: b SELECT inbox",
            "S#: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
            "S#: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags permitted",
            &format!("S#: * {messages} EXISTS"),
            "S#: * 0 RECENT",
            &format!("S#: {unseen}"),
            "S#: * OK [UIDVALIDITY 100] UIDs valid",
            &format!("S#: * OK [UIDNEXT {}] Predicted next UID", messages + 1),
            "S#: b OK [READ-WRITE] SELECT completed",
        ] {
            if line != "S#: " {
                whole.push_str(&line.replace('#', &name.to_string()));
                whole.push('\n');
            }
        }
    }
    check(&store, &(whole + dialogue));
}

const CAPABILITIES: &str = "IMAP4rev1 LITERAL+ SASL-IR ID IDLE NAMESPACE CHILDREN UNSELECT \
    UIDPLUS AUTH=PLAIN AUTH=LOGIN";

#[test]
fn the_sample_connection_of_rfc_3501_section_8() {
    let mut store = MailStore::default();
    let validity = UidValidity::new(3_857_529_045).unwrap();
    let mrc = store.add_account("mrc", "secret", validity).unwrap();
    let inbox = store.find(mrc, &MailboxName::inbox()).unwrap();
    let header = "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
        From: Terry Gray <gray@cac.washington.edu>\r\n\
        Subject: IMAP4rev1 WG mtg summary and minutes\r\n\
        To: imap@cac.washington.edu\r\n\
        cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
        Message-Id: <B27397-0100000@cac.washington.edu>\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\
        \r\n";
    // 92 lines, 3028 octets.
    let body = format!("{}{}\r\n", "x".repeat(31) + "\r\n", "y".repeat(84)) + &"z\r\n".repeat(90);
    let body = format!("{}{body}", "w".repeat(3028 - body.len()));
    for number in 1..=18 {
        let flags = if number <= 16 || number == 18 {
            Flags::of(&[SystemFlag::Seen])
        } else {
            Flags::EMPTY
        };
        let date = DateTime::parse_imap(b"17-Jul-1996 02:44:25 -0700").unwrap();
        let text = if number == 12 { format!("{header}{body}") } else { "\r\n".into() };
        store.append(inbox, flags, date, Bytes::from(text)).unwrap();
    }
    store.claim_recent(inbox, Uid::new(17).unwrap());
    check(
        &store,
        &format!(
            "C: a001 login mrc secret
             S: a001 OK [CAPABILITY {CAPABILITIES}] Logged in
             C: a002 select inbox
             S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
             S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags permitted
             S: * 18 EXISTS
             S: * 2 RECENT
             S: * OK [UNSEEN 17] First unseen message
             S: * OK [UIDVALIDITY 3857529045] UIDs valid
             S: * OK [UIDNEXT 19] Predicted next UID
             S: a002 OK [READ-WRITE] SELECT completed
             C: a003 fetch 12 full
             S: * 12 FETCH (FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 3370 ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((NIL NIL \"imap\" \"cac.washington.edu\")) ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL \"<B27397-0100000@cac.washington.edu>\") BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3028 92))
             S: a003 OK FETCH completed
             C: a004 fetch 12 body[header]
             S: * 12 FETCH (BODY[HEADER] {{342}}
             S: Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
             S: From: Terry Gray <gray@cac.washington.edu>
             S: Subject: IMAP4rev1 WG mtg summary and minutes
             S: To: imap@cac.washington.edu
             S: cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
             S: Message-Id: <B27397-0100000@cac.washington.edu>
             S: MIME-Version: 1.0
             S: Content-Type: TEXT/PLAIN; CHARSET=US-ASCII
             S:
             S: )
             S: a004 OK FETCH completed
             C: a005 store 12 +flags \\deleted
             S: * 12 FETCH (FLAGS (\\Deleted \\Seen))
             S: a005 OK STORE completed
             C: a006 logout
             S: * BYE Logging out
             S: a006 OK LOGOUT completed
             S: close"
        ),
    );
}

#[test]
fn commands_out_of_their_state_are_bad() {
    check(
        &store(0),
        "C: a NOOP
         S: a OK NOOP completed
         C: b SELECT INBOX
         S: b BAD Log in first
         C: c FETCH 1 FLAGS
         S: c BAD Log in first
         C: d FROB
         S: d BAD Syntax error: expected a command
         C: {
         S: * BAD Syntax error: expected a tag
         C: e IDLE
         S: e BAD Log in first
         C: f LOGIN alice wrong
         S: f NO [AUTHENTICATIONFAILED] Authentication failed
         C: g ID NIL
         S: * ID (\"name\" \"mxsim\")
         S: g OK ID completed",
    );
}

#[test]
fn starttls_secures_logins_and_forgets_what_was_sent_in_clear_behind_it() {
    let config = ImapServerConfig {
        starttls: true,
        login_needs_tls: true,
        mechanisms: Mechanism::ALL.to_vec(),
        ..Default::default()
    };
    let stream = Seed(1).stream("challenges");
    let mut session = ImapServer::new(Arc::new(config)).with_challenges(stream);
    let (mut store, mut out) = (store(0), Outbox::new());
    let mut say = |session: &mut ImapServer, text: &str| {
        session.handle(SimTime::ZERO, Input::Bytes(text.as_bytes()), &mut store, &mut out);
        let text = |output| match output {
            Output::Send(octets) => String::from_utf8(octets.to_vec()).unwrap(),
            Output::Event(event) => format!("{event:?}\r\n"),
            other => panic!("{other:?}"),
        };
        out.drain().map(text).collect::<String>()
    };
    let capabilities = say(&mut session, "a CAPABILITY\r\n");
    assert!(capabilities.contains(" STARTTLS LOGINDISABLED AUTH=CRAM-MD5 AUTH=SCRAM-SHA-256\r\n"));
    let needs_tls = "NO [PRIVACYREQUIRED] Logins need TLS; use STARTTLS first\r\n";
    assert_eq!(say(&mut session, "b LOGIN alice secret\r\n"), format!("b {needs_tls}"));
    assert_eq!(say(&mut session, "c AUTHENTICATE PLAIN\r\n"), format!("c {needs_tls}"));
    assert_eq!(
        say(&mut session, "d STARTTLS\r\ne NOOP\r\nf NO"),
        "d OK Begin TLS negotiation now\r\nStartTls\r\n"
    );
    session.secured(SimTime::ZERO);
    assert_eq!(say(&mut session, "g NOOP\r\n"), "g OK NOOP completed\r\n");
    assert_eq!(say(&mut session, "h STARTTLS\r\n"), "h BAD TLS is active already\r\n");
    let capabilities = say(&mut session, "i CAPABILITY\r\n");
    assert!(capabilities.contains(" AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=SCRAM-SHA-256\r\n"));
    let challenge = say(&mut session, "j AUTHENTICATE CRAM-MD5\r\n");
    let challenge = challenge.strip_prefix("+ ").unwrap().trim_end();
    let challenge = String::from_utf8(sasl::decode_base64(challenge.as_bytes()).unwrap()).unwrap();
    assert!(challenge.starts_with('<') && challenge.ends_with(".0@localhost>"), "{challenge}");
    assert_eq!(say(&mut session, "*\r\n"), "j BAD Authentication cancelled\r\n");
    assert!(say(&mut session, "k LOGIN alice secret\r\n").contains("\r\nk OK [CAPABILITY "));
}

#[test]
fn authenticate_with_and_without_an_initial_response() {
    let logged_in = format!("OK [CAPABILITY {CAPABILITIES}] Logged in");
    check(
        &store(0),
        &format!(
            "C: a AUTHENTICATE CRAM-MD5
             S: a NO [CANNOT] Mechanism is not supported
             C: b AUTHENTICATE PLAIN
             S: +
             C: *
             S: b BAD Authentication cancelled
             C: c AUTHENTICATE PLAIN
             S: +
             C: {{3}}
             S: c BAD Invalid base64
             C: d AUTHENTICATE LOGIN
             S: + VXNlcm5hbWU6
             C: YWxpY2U=
             S: + UGFzc3dvcmQ6
             C: c2VjcmV0
             S: d {logged_in}
             C: e LOGIN alice secret
             S: e BAD Logged in already"
        ),
    );
    check(&store(0), &format!("C: a AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==\nS: a {logged_in}"));
    check(
        &store(0),
        &("C: a LOGIN alice x\nS: a NO [AUTHENTICATIONFAILED] Authentication failed\n".repeat(5)
            + "S: * BYE Too many failed logins\nS: close"),
    );
}

#[test]
fn mailboxes_are_made_listed_renamed_and_deleted() {
    check_selected(
        0,
        "1",
        "C: c CREATE lists.rust
         S: c OK CREATE completed
         C: d CREATE INBOX
         S: d NO [ALREADYEXISTS] Mailbox already exists
         C: e CREATE \"Entw&APw-rfe\"
         S: e OK CREATE completed
         C: f CREATE &broken
         S: f NO [CANNOT] Mailbox name is not valid modified UTF-7
         C: g LIST \"\" *
         S: * LIST (\\HasNoChildren) \".\" Entw&APw-rfe
         S: * LIST (\\HasNoChildren) \".\" INBOX
         S: * LIST (\\HasChildren) \".\" lists
         S: * LIST (\\HasNoChildren) \".\" lists.rust
         S: g OK LIST completed
         C: h LIST \"\" \"\"
         S: * LIST (\\Noselect) \".\" \"\"
         S: h OK LIST completed
         C: i LIST lists. %
         S: * LIST (\\HasNoChildren) \".\" lists.rust
         S: i OK LIST completed
         C: j LIST \"\" in%
         S: * LIST (\\HasNoChildren) \".\" INBOX
         S: j OK LIST completed
         C: k SUBSCRIBE lists.rust
         S: k OK SUBSCRIBE completed
         C: l LSUB \"\" %
         S: * LSUB (\\Noselect) \".\" lists
         S: l OK LSUB completed
         C: m LSUB \"\" *
         S: * LSUB () \".\" lists.rust
         S: m OK LSUB completed
         C: n DELETE lists
         S: n OK DELETE completed
         C: o LIST \"\" %
         S: * LIST (\\HasNoChildren) \".\" Entw&APw-rfe
         S: * LIST (\\HasNoChildren) \".\" INBOX
         S: * LIST (\\Noselect \\HasChildren) \".\" lists
         S: o OK LIST completed
         C: p SELECT lists
         S: p NO [NONEXISTENT] Name is not a mailbox
         C: q RENAME lists archive
         S: q OK RENAME completed
         C: r STATUS archive.rust (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT)
         S: * STATUS archive.rust (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 102 UNSEEN 0 RECENT 0)
         S: r OK STATUS completed
         C: s UNSUBSCRIBE lists.rust
         S: s OK UNSUBSCRIBE completed
         C: t LSUB \"\" *
         S: t OK LSUB completed
         C: u NAMESPACE
         S: * NAMESPACE ((\"\" \".\")) NIL NIL
         S: u OK NAMESPACE completed
         C: v DELETE INBOX
         S: v NO [CANNOT] Mailbox cannot have this name
         C: w FETCH 1 FLAGS
         S: w BAD Select a mailbox first",
    );
}

#[test]
fn append_with_literals_of_both_kinds() {
    check_selected(
        0,
        "1",
        "C: c APPEND INBOX (\\Seen $Work) \" 1-Feb-1994 12:00:00 +0100\" {12}
         S: + Ready for literal data
         C: A: b
         C:
         C: text
         S: * 1 EXISTS
         S: * 1 RECENT
         S: c OK [APPENDUID 100 1] APPEND completed
         C: d FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)
         S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)
         S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work \\*)] Flags permitted
         S: * 1 FETCH (FLAGS (\\Seen $Work \\Recent) INTERNALDATE \" 1-Feb-1994 12:00:00 +0100\" RFC822.SIZE 12)
         S: d OK FETCH completed
         C: e APPEND {6+}
         C: nobody {3+}
         C: x
         C:
         S: e NO [TRYCREATE] Mailbox does not exist
         C: f APPEND INBOX {99999999}
         S: f NO [TOOBIG] Command is too large
         C: g APPEND INBOX {1+}
         C: y
         S: * 2 EXISTS
         S: * 2 RECENT
         S: g OK [APPENDUID 100 2] APPEND completed
         C: h FETCH 2 (INTERNALDATE BODY[])
         S: * 2 FETCH (INTERNALDATE \" 5-Jan-2026 09:00:00 +0000\" BODY[] {1}
         S: y FLAGS (\\Seen \\Recent))
         S: h OK FETCH completed",
    );
}

#[test]
fn sections_and_what_sets_seen() {
    check_selected(
        2,
        "1",
        "C: c FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject X)]
         S: * 1 FETCH (BODY[HEADER.FIELDS (Subject X)] {14}
         S: Subject: 1
         S:
         S: )
         S: c OK FETCH completed
         C: d FETCH 1:* RFC822.SIZE
         S: * 1 FETCH (RFC822.SIZE 22)
         S: * 2 FETCH (RFC822.SIZE 22)
         S: d OK FETCH completed
         C: e FETCH 1 BODY[TEXT]<5.1>
         S: * 1 FETCH (BODY[TEXT]<5> {1}
         S: 1 FLAGS (\\Seen))
         S: e OK FETCH completed
         C: f UID FETCH 1 (BODY[1] BODY[2] BODY[1.MIME]<0.7> BODY[]<99.1>)
         S: * 1 FETCH (UID 1 BODY[1] {8}
         S: Body 1
         S:  BODY[2] NIL BODY[1.MIME]<0> {7}
         S: Subject BODY[]<99> {0}
         S: )
         S: f OK FETCH completed
         C: g EXAMINE INBOX
         S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
         S: * OK [PERMANENTFLAGS ()] Read-only mailbox
         S: * 2 EXISTS
         S: * 0 RECENT
         S: * OK [UNSEEN 2] First unseen message
         S: * OK [UIDVALIDITY 100] UIDs valid
         S: * OK [UIDNEXT 3] Predicted next UID
         S: g OK [READ-ONLY] EXAMINE completed
         C: h FETCH 2 (RFC822.TEXT FLAGS)
         S: * 2 FETCH (RFC822.TEXT {8}
         S: Body 2
         S:  FLAGS ())
         S: h OK FETCH completed
         C: i STORE 2 FLAGS \\Seen
         S: i NO Mailbox is selected read-only
         C: j EXPUNGE
         S: j NO Mailbox is selected read-only",
    );
}

#[test]
fn store_copy_search_and_expunge() {
    check_selected(
        3,
        "1",
        "C: c STORE 1:2 +FLAGS (\\Deleted $Work)
         S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)
         S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work \\*)] Flags permitted
         S: * 1 FETCH (FLAGS (\\Deleted $Work))
         S: * 2 FETCH (FLAGS (\\Deleted $Work))
         S: c OK STORE completed
         C: d UID STORE 2 -FLAGS.SILENT \\Deleted
         S: d OK STORE completed
         C: e SEARCH DELETED
         S: * SEARCH 1
         S: e OK SEARCH completed
         C: f SEARCH CHARSET KOI8-R TEXT x
         S: f NO [BADCHARSET (US-ASCII UTF-8)] Character set is not known
         C: g COPY 1:2 saved
         S: g NO [TRYCREATE] Mailbox does not exist
         C: h CREATE saved
         S: h OK CREATE completed
         C: i COPY 1:2 saved
         S: i OK [COPYUID 101 1:2 1:2] COPY completed
         C: j EXPUNGE
         S: * 1 EXPUNGE
         S: j OK EXPUNGE completed
         C: k UID SEARCH SUBJECT 3
         S: * SEARCH 3
         S: k OK SEARCH completed
         C: l UID COPY 3 INBOX
         S: * 3 EXISTS
         S: * 1 RECENT
         S: l OK [COPYUID 100 3 4] COPY completed
         C: m UID FETCH 4:* FLAGS
         S: * 3 FETCH (UID 4 FLAGS (\\Recent))
         S: m OK FETCH completed
         C: n STORE 1:3 FLAGS.SILENT (\\Deleted)
         S: n OK STORE completed
         C: o UID EXPUNGE 3
         S: * 2 EXPUNGE
         S: o OK EXPUNGE completed
         C: p CLOSE
         S: p OK CLOSE completed
         C: q STATUS INBOX (MESSAGES)
         S: * STATUS INBOX (MESSAGES 0)
         S: q OK STATUS completed",
    );
}

#[test]
fn sessions_hear_of_each_other_when_it_is_allowed() {
    check_selected(
        3,
        "12",
        "C1: c STORE 1 +FLAGS \\Flagged
         S1: * 1 FETCH (FLAGS (\\Flagged))
         S1: c OK STORE completed
         C2: c NOOP
         S2: * 1 FETCH (FLAGS (\\Flagged))
         S2: c OK NOOP completed
         C1: d STORE 1 +FLAGS \\Deleted
         S1: * 1 FETCH (FLAGS (\\Flagged \\Deleted))
         S1: d OK STORE completed
         C1: e EXPUNGE
         S1: * 1 EXPUNGE
         S1: e OK EXPUNGE completed
         C2: d FETCH 1:3 UID
         S2: * 2 FETCH (UID 2)
         S2: * 3 FETCH (UID 3)
         S2: d NO [EXPUNGEISSUED] Some of the messages no longer exist
         C2: e STORE 3 +FLAGS.SILENT \\Seen
         S2: e OK STORE completed
         C2: f COPY 1 INBOX
         S2: * 1 EXPUNGE
         S2: f NO [EXPUNGEISSUED] Some of the messages no longer exist
         C1: f UID SEARCH SEEN
         S1: * SEARCH 3
         S1: * 2 FETCH (UID 3 FLAGS (\\Seen))
         S1: f OK SEARCH completed
         C1: g APPEND INBOX {1+}
         C1: x
         S1: * 3 EXISTS
         S1: * 1 RECENT
         S1: g OK [APPENDUID 100 4] APPEND completed
         C2: g NOOP
         S2: * 3 EXISTS
         S2: g OK NOOP completed
         C2: h FETCH 3 (UID FLAGS)
         S2: * 3 FETCH (UID 4 FLAGS ())
         S2: h OK FETCH completed",
    );
}

#[test]
fn a_silent_store_tells_of_a_change_by_another_session() {
    check_selected(
        1,
        "12",
        "C1: c STORE 1 +FLAGS \\Flagged
         S1: * 1 FETCH (FLAGS (\\Flagged))
         S1: c OK STORE completed
         C2: c STORE 1 +FLAGS.SILENT \\Seen
         S2: * 1 FETCH (FLAGS (\\Flagged \\Seen))
         S2: c OK STORE completed
         C2: d STORE 1 -FLAGS.SILENT \\Seen
         S2: d OK STORE completed",
    );
}

#[test]
fn a_client_that_idles_is_told_at_once() {
    check_selected(
        1,
        "12",
        "C2: c IDLE
         S2: + idling
         C1: c STORE 1 +FLAGS \\Deleted
         S1: * 1 FETCH (FLAGS (\\Deleted))
         S1: c OK STORE completed
         S2: * 1 FETCH (FLAGS (\\Deleted))
         C1: d APPEND INBOX {1+}
         C1: x
         S1: * 2 EXISTS
         S1: * 1 RECENT
         S1: d OK [APPENDUID 100 2] APPEND completed
         S2: * 2 EXISTS
         C1: e EXPUNGE
         S1: * 1 EXPUNGE
         S1: e OK EXPUNGE completed
         S2: * 1 EXPUNGE
         C2: DONE
         S2: c OK IDLE completed
         C2: d IDLE
         S2: + idling
         C2: d NOOP
         S2: d BAD Expected DONE",
    );
}

#[test]
fn a_deleted_mailbox_ends_the_sessions_of_others() {
    check_selected(
        0,
        "12",
        "C1: c CREATE x
         S1: c OK CREATE completed
         C1: d EXAMINE x
         S1: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
         S1: * OK [PERMANENTFLAGS ()] Read-only mailbox
         S1: * 0 EXISTS
         S1: * 0 RECENT
         S1: * OK [UIDVALIDITY 101] UIDs valid
         S1: * OK [UIDNEXT 1] Predicted next UID
         S1: d OK [READ-ONLY] EXAMINE completed
         C2: c RENAME x y
         S2: c OK RENAME completed
         C1: e CHECK
         S1: e OK CHECK completed
         C2: d DELETE y
         S2: d OK DELETE completed
         C1: f NOOP
         S1: * BYE Selected mailbox was deleted
         S1: close",
    );
}

#[test]
fn a_silent_client_is_logged_out() {
    let mut session = ImapServer::new(Arc::new(ImapServerConfig::default()));
    let (mut store, mut out) = (store(0), Outbox::new());
    session.handle(SimTime::ZERO, Input::Opened, &mut store, &mut out);
    out.drain();
    let deadline = session.deadline().unwrap();
    assert_eq!(deadline, SimTime::from_secs(1800));
    session.handle(deadline, Input::Timeout, &mut store, &mut out);
    let outputs: Vec<_> = out.drain().collect();
    let bye = Bytes::from_static(b"* BYE Autologout; idle for too long\r\n");
    assert_eq!(outputs, [Output::Send(bye), Output::Event(ImapServerEvent::Ended), Output::Close]);
    assert_eq!(session.deadline(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_octets_do_not_panic(octets: Vec<u8>, selected: bool) {
        let mut host = Host::new(store(2));
        if selected {
            host.input('1', Input::Bytes(b"a LOGIN alice secret\r\nb SELECT INBOX\r\n"));
        }
        host.input('1', Input::Bytes(&octets));
        host.input('1', Input::Eof);
    }

    #[test]
    fn arbitrary_commands_are_completed_once(
        commands in proptest::collection::vec(
            "(UID )?(FETCH|STORE|COPY|SEARCH|EXPUNGE) ([1-3]|\\*)(:[1-9]|,2|:\\*)?\
            ( (FULL|\\(FLAGS BODY\\[\\]\\)|BODY\\[1(\\.MIME)?\\]<1\\.3>|FLAGS \\\\Seen|-FLAGS.SILENT x|INBOX|x|DELETED))?\
            |(SELECT|EXAMINE|STATUS|CREATE|DELETE|SUBSCRIBE|RENAME x) (INBOX|x|x\\.y)( \\(UNSEEN\\))?\
            |(LIST|LSUB) (\"\"|x) (\\*|%|\"\")|NOOP|CLOSE|CHECK|UNSELECT|EXPUNGE|NAMESPACE|CAPABILITY",
            1..20,
        ),
    ) {
        let mut host = Host::new(store(3));
        host.input('1', Input::Bytes(b"a LOGIN alice secret\r\nb SELECT INBOX\r\n"));
        for command in commands {
            host.seen.clear();
            host.input('1', Input::Bytes(format!("tag {command}\r\n").as_bytes()));
            let tagged = |line: &&String| {
                ["OK ", "NO ", "BAD "].iter().any(|it| line.starts_with(&format!("S1: tag {it}")))
            };
            prop_assert_eq!(host.seen.iter().filter(tagged).count(), 1, "{}", command);
            prop_assert!(host.seen.last().iter().all(tagged), "{}", command);
        }
    }

    /// However sessions interleave, each one's view stays that of its untagged responses, and all
    /// agree in the end.
    #[test]
    fn views_never_slip(
        steps in proptest::collection::vec((0usize..3, 0usize..8, 1u32..5), 1..40),
    ) {
        let mut host = Host::new(store(4));
        let names = ['1', '2', '3'];
        let mut exists = [4usize; 3];
        for name in names {
            host.input(name, Input::Bytes(b"a LOGIN alice secret\r\nb SELECT INBOX\r\n"));
            host.seen.clear();
        }
        let settle = (0..3).map(|session| (session, 7, 1));
        for (session, action, number) in steps.into_iter().chain(settle) {
            let command = match action {
                0 => format!("c STORE {number} +FLAGS \\Deleted\r\n"),
                1 => "c EXPUNGE\r\n".into(),
                2 => "c APPEND INBOX {1+}\r\nx\r\n".into(),
                3 => format!("c FETCH {number} (UID FLAGS BODY[])\r\n"),
                4 => format!("c UID STORE {number}:* FLAGS.SILENT (\\Seen)\r\n"),
                5 => format!("c COPY {number} INBOX\r\n"),
                6 => "c SEARCH ALL\r\n".into(),
                _ => "c NOOP\r\n".into(),
            };
            host.input(names[session], Input::Bytes(command.as_bytes()));
            for line in host.seen.drain(..) {
                let words: Vec<&str> = line.split(' ').collect();
                match words[..] {
                    [_, "*", number, "EXPUNGE"] => {
                        prop_assert!(number.parse::<usize>().unwrap() <= exists[session]);
                        prop_assert!(![3, 6, 0].contains(&action), "{line} in {command}");
                        exists[session] -= 1;
                    }
                    [_, "*", number, "EXISTS"] => {
                        let number = number.parse::<usize>().unwrap();
                        prop_assert!(number > exists[session]);
                        exists[session] = number;
                    }
                    [_, "*", number, "FETCH", ..] => {
                        prop_assert!(number.parse::<usize>().unwrap() <= exists[session]);
                    }
                    _ => {}
                }
            }
        }
        let alice = host.store.account_of("alice").unwrap();
        let inbox = host.store.mailbox_named(alice, &MailboxName::inbox()).unwrap();
        prop_assert_eq!(exists, [inbox.messages().len(); 3]);
    }
}
