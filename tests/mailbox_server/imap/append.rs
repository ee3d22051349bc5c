//! APPEND of many messages and of binary ones, COPY and MOVE (RFC 3502, RFC 3516, RFC 4469, RFC 6851).

use mxsim::store::mailbox::Quota;

use super::*;

#[test]
fn many_messages_in_one_append() {
    check_selected(
        0,
        "1",
        "C: c APPEND INBOX (\\Seen) {2}
         S: + Ready for literal data
         C: a  (\\Flagged) \" 7-Feb-1994 22:43:04 -0800\" {3+}
         C: bc  {1}
         S: + Ready for literal data
         C: d
         S: * 3 EXISTS
         S: * 3 RECENT
         S: c OK [APPENDUID 100 1:3] APPEND completed
         C: d FETCH 1:3 (FLAGS RFC822.SIZE)
         S: * 1 FETCH (FLAGS (\\Seen \\Recent) RFC822.SIZE 2)
         S: * 2 FETCH (FLAGS (\\Flagged \\Recent) RFC822.SIZE 3)
         S: * 3 FETCH (FLAGS (\\Recent) RFC822.SIZE 1)
         S: d OK FETCH completed
         C: e APPEND INBOX {1+}
         C: x {0+}
         C:
         S: e NO Message is empty
         C: f NOOP
         S: f OK NOOP completed
         C: g APPEND INBOX \"32-Jan-2020 00:00:00 +0000\" {1+}
         C: x
         S: g BAD Syntax error: expected a date-time
         C: h APPEND INBOX (\\Recent) {1+}
         C: x
         S: h BAD Syntax error: expected a system flag that can be set
         C: i APPEND nobody {1+}
         C: x
         S: i NO [TRYCREATE] Mailbox does not exist
         C: j APPEND INBOX (\\Seen)
         S: j BAD Syntax error: expected a space",
    );
}

#[test]
fn nothing_is_kept_of_messages_that_are_together_too_large() {
    let mut store = store(0);
    let alice = store.account_of("alice").unwrap();
    store.set_quota(alice, Quota { octets: Some(4096), messages: Some(3) });
    check(
        &store,
        "C: a LOGIN alice secret
         S: ...
         C: b CREATE x
         S: ...
         C: c APPEND x {1+}
         C: a {1+}
         C: b {1+}
         C: c {1+}
         C: d
         S: c NO [OVERQUOTA] Quota exceeded (mailbox for user is full)
         C: d STATUS x (MESSAGES SIZE)
         S: * STATUS x (MESSAGES 0 SIZE 0)
         S: d OK STATUS completed
         C: e APPEND x {1+}
         C: a {1+}
         C: b
         S: e OK [APPENDUID 101 1:2] APPEND completed
         C: f SELECT x
         S: ...
         S: f OK [READ-WRITE] SELECT completed
         C: g COPY 1:2 INBOX
         S: g NO [OVERQUOTA] Quota exceeded (mailbox for user is full)
         C: h MOVE 1:2 INBOX
         S: * OK [COPYUID 100 1:2 1:2] Messages are moved
         S: * 1 EXPUNGE
         S: * 1 EXPUNGE
         S: * 0 RECENT
         S: h OK MOVE completed
         C: i GETQUOTAROOT INBOX
         S: * QUOTAROOT INBOX \"User quota\"
         S: * QUOTA \"User quota\" (STORAGE 1 4 MESSAGE 2 3)
         S: i OK GETQUOTAROOT completed
         C: j GETQUOTA \"User quota\"
         S: * QUOTA \"User quota\" (STORAGE 1 4 MESSAGE 2 3)
         S: j OK GETQUOTA completed
         C: k GETQUOTA other
         S: k NO [NONEXISTENT] Quota root does not exist
         C: l SETQUOTA \"User quota\" (STORAGE 512)
         S: l NO [NOPERM] Quotas are not yours to set
         C: m GETQUOTAROOT nobody
         S: m NO [NONEXISTENT] Mailbox does not exist",
    );
}

#[test]
fn move_keeps_flags_and_dates() {
    check_selected(
        0,
        "1",
        "C: c APPEND INBOX (\\Seen $Work) \" 1-Feb-1994 12:00:00 +0100\" {1+}
         C: x
         S: ...
         S: c OK [APPENDUID 100 1] APPEND completed
         C: d MOVE 1 other
         S: ...
         S: d NO [TRYCREATE] Mailbox does not exist
         C: e CREATE other
         S: e OK [MAILBOXID (F00000001)] CREATE completed
         C: f UID MOVE 1:9 other
         S: * OK [COPYUID 101 1 1] Messages are moved
         S: * 1 EXPUNGE
         S: * 0 RECENT
         S: f OK MOVE completed
         C: g UID MOVE 1 other
         S: g OK MOVE completed, no message is named
         C: h SELECT other
         S: ...
         S: h OK [READ-WRITE] SELECT completed
         C: i FETCH 1 (FLAGS INTERNALDATE EMAILID)
         S: * 1 FETCH (FLAGS (\\Seen $Work \\Recent) INTERNALDATE \" 1-Feb-1994 12:00:00 +0100\" EMAILID (M00000001))
         S: i OK FETCH completed
         C: j MOVE 2 INBOX
         S: j BAD No message has this sequence number
         C: k UID MOVE 1 other
         S: * OK [COPYUID 101 1 2] Messages are moved
         S: * 1 EXPUNGE
         S: * 1 EXISTS
         S: k OK MOVE completed
         C: l EXAMINE other
         S: ...
         S: l OK [READ-ONLY] EXAMINE completed
         C: m MOVE 1 INBOX
         S: m NO Mailbox is selected read-only",
    );
}

#[test]
fn parts_without_their_encoding() {
    check_selected(
        0,
        "1",
        "C: c APPEND INBOX {64+}
         C: Content-Type: x/y
         C: Content-Transfer-Encoding: base64
         C:
         C: YQBiDQo=
         S: ...
         S: c OK [APPENDUID 100 1] APPEND completed
         C: d FETCH 1 (BINARY.PEEK[1]<0.2> BINARY.SIZE[1] BINARY.SIZE[2] BINARY[2])
         S: * 1 FETCH (BINARY[1]<0> ~{2}
         S: a\0 BINARY.SIZE[1] 5 BINARY.SIZE[2] 0 BINARY[2] {0}
         S:  FLAGS (\\Seen \\Recent))
         S: d OK FETCH completed
         C: e APPEND INBOX {38+}
         C: Content-Transfer-Encoding: x-frob
         C:
         C: a
         S: ...
         S: e OK [APPENDUID 100 2] APPEND completed
         C: f FETCH 2 BINARY.PEEK[1]
         S: * 2 FETCH (BINARY[1] NIL)
         S: f NO [UNKNOWN-CTE] Transfer encoding of a part is not known
         C: g APPEND INBOX ~{40+}
         C: Content-Transfer-Encoding: binary
         C:
         C: a\0b
         S: ...
         S: g OK [APPENDUID 100 3] APPEND completed
         C: h FETCH 3 (BODY.PEEK[TEXT] BINARY.PEEK[1])
         S: * 3 FETCH (BODY[TEXT] {6}
         S: YQBi
         S:  BINARY[1] ~{3}
         S: a\0b)
         S: h OK FETCH completed
         C: i APPEND INBOX ~{3+}
         C: a\0b
         S: i NO [UNKNOWN-CTE] Message contains NUL octets outside binary parts
         C: j APPEND INBOX {3+}
         C: a\0b
         S: j NO Message contains NUL octets",
    );
}

#[test]
fn a_message_put_together_from_others() {
    check_selected(
        1,
        "1",
        "C: c APPEND INBOX CATENATE (URL \"/INBOX;UIDVALIDITY=100/;UID=1/;SECTION=HEADER\" TEXT {3+}
         C: new URL \";UID=1/;SECTION=TEXT\")
         S: * 2 EXISTS
         S: * 1 RECENT
         S: c OK [APPENDUID 100 2] APPEND completed
         C: d FETCH 2 BODY[]
         S: * 2 FETCH (BODY[] {25}
         S: Subject: 1
         S:
         S: newBody 1
         S:  FLAGS (\\Seen \\Recent))
         S: d OK FETCH completed
         C: x APPEND INBOX CATENATE (URL \"/INBOX/;UID=1/;SECTION=TEXT/;PARTIAL=0.4\")
         S: * 3 EXISTS
         S: * 2 RECENT
         S: x OK [APPENDUID 100 3] APPEND completed
         C: y FETCH 3 BODY.PEEK[]
         S: * 3 FETCH (BODY[] {4}
         S: Body)
         S: y OK FETCH completed
         C: z APPEND INBOX CATENATE (URL \"/INBOX;UID=1/;PARTIAL=x\")
         S: z NO [BADURL /INBOX;UID=1/;PARTIAL=x] URL names no range
         C: e APPEND INBOX CATENATE (URL \"/INBOX;UID=9\")
         S: e NO [BADURL /INBOX;UID=9] Message does not exist
         C: f APPEND INBOX CATENATE (URL \"imap://host/INBOX;UID=1\")
         S: f NO [BADURL imap://host/INBOX;UID=1] URL is not relative
         C: g APPEND INBOX CATENATE (URL \"/INBOX;UIDVALIDITY=9;UID=1\")
         S: g NO [BADURL /INBOX;UIDVALIDITY=9;UID=1] UIDVALIDITY is another one",
    );
}
