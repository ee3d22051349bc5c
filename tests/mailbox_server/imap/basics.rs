//! RFC 3501, command by command.

use super::*;

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
        let data = Bytes::from(text);
        let new = NewMessage { flags, internal_date: date, save_date: UnixTime(0), data };
        store.append(inbox, new).unwrap();
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
             S: * OK [HIGHESTMODSEQ 19] Highest
             S: * OK [MAILBOXID (F00000000)] Mailbox ID
             S: a002 OK [READ-WRITE] SELECT completed
             C: a003 fetch 12 full
             S: * 12 FETCH (FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 3370 ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((NIL NIL \"imap\" \"cac.washington.edu\")) ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL \"<B27397-0100000@cac.washington.edu>\") BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7bit\" 3028 92))
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
         S: c OK [MAILBOXID (F00000002)] CREATE completed
         C: d CREATE INBOX
         S: d NO [ALREADYEXISTS] Mailbox already exists
         C: e CREATE \"Entw&APw-rfe\"
         S: e OK [MAILBOXID (F00000003)] CREATE completed
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
         S: * OK [CLOSED] Previous mailbox is closed
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
         S:  BODY[2] {0}
         S:  BODY[1.MIME]<0> {7}
         S: Subject BODY[]<99> {0}
         S: )
         S: f OK FETCH completed
         C: g EXAMINE INBOX
         S: * OK [CLOSED] Previous mailbox is closed
         S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
         S: * OK [PERMANENTFLAGS ()] Read-only mailbox
         S: * 2 EXISTS
         S: * 0 RECENT
         S: * OK [UNSEEN 2] First unseen message
         S: * OK [UIDVALIDITY 100] UIDs valid
         S: * OK [UIDNEXT 3] Predicted next UID
         S: * OK [HIGHESTMODSEQ 4] Highest
         S: * OK [MAILBOXID (F00000000)] Mailbox ID
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
         C: f SEARCH CHARSET X-NONE TEXT x
         S: f NO [BADCHARSET (US-ASCII UTF-8 UTF-16 ISO-8859-1 ISO-8859-2 ISO-8859-3 ISO-8859-4 ISO-8859-5 ISO-8859-6 ISO-8859-7 ISO-8859-8 ISO-8859-9 ISO-8859-10 ISO-8859-13 ISO-8859-14 ISO-8859-15 ISO-8859-16 windows-874 windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 windows-1258 KOI8-R KOI8-U IBM866 macintosh TIS-620 ISO-2022-JP Shift_JIS EUC-JP EUC-KR GB2312 GBK GB18030 Big5)] Character set is not known
         C: g COPY 1:2 saved
         S: g NO [TRYCREATE] Mailbox does not exist
         C: h CREATE saved
         S: h OK [MAILBOXID (F00000001)] CREATE completed
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
