//! CONDSTORE and QRESYNC (RFC 7162).

use super::*;

#[test]
fn the_mod_sequence_is_told_once_it_was_asked_for() {
    check_selected(
        2,
        "1",
        "C: c STORE 1 +FLAGS \\Seen
         S: * 1 FETCH (FLAGS (\\Seen))
         S: c OK STORE completed
         C: d FETCH 1:2 (UID MODSEQ)
         S: * OK [HIGHESTMODSEQ 4] Highest
         S: * 1 FETCH (UID 1 MODSEQ (4))
         S: * 2 FETCH (UID 2 MODSEQ (3))
         S: d OK FETCH completed
         C: e STORE 2 +FLAGS \\Seen
         S: * 2 FETCH (FLAGS (\\Seen) MODSEQ (5))
         S: e OK STORE completed
         C: f STORE 2 +FLAGS.SILENT \\Flagged
         S: * 2 FETCH (MODSEQ (6))
         S: f OK STORE completed
         C: g STORE 2 +FLAGS.SILENT \\Flagged
         S: g OK STORE completed
         C: h FETCH 1:2 (FLAGS) (CHANGEDSINCE 4)
         S: * 2 FETCH (FLAGS (\\Flagged \\Seen) MODSEQ (6))
         S: h OK FETCH completed
         C: i STATUS INBOX (HIGHESTMODSEQ)
         S: * STATUS INBOX (HIGHESTMODSEQ 6)
         S: i OK STATUS completed
         C: j FETCH 1 FLAGS (CHANGEDSINCE)
         S: j BAD Syntax error: expected CHANGEDSINCE, PARTIAL or VANISHED",
    );
}

#[test]
fn store_on_a_condition() {
    check_selected(
        3,
        "1",
        "C: c STORE 2 +FLAGS.SILENT \\Seen
         S: c OK STORE completed
         C: d UID STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Deleted)
         S: * OK [HIGHESTMODSEQ 5] Highest
         S: * 1 FETCH (UID 1 MODSEQ (6))
         S: * 3 FETCH (UID 3 MODSEQ (7))
         S: d OK [MODIFIED 2] Conditional STORE failed
         C: e STORE 2,3 (UNCHANGEDSINCE 5) FLAGS (\\Flagged)
         S: * 2 FETCH (FLAGS (\\Flagged) MODSEQ (8))
         S: e OK [MODIFIED 3] Conditional STORE failed
         C: f STORE 1:* (UNCHANGEDSINCE 0) -FLAGS (\\Deleted)
         S: f OK [MODIFIED 1:3] Conditional STORE failed
         C: g SEARCH MODSEQ 7
         S: * SEARCH 2 3 (MODSEQ 8)
         S: g OK SEARCH completed
         C: h SEARCH RETURN (MIN) MODSEQ \"/flags/\\\\seen\" all 1
         S: * ESEARCH (TAG \"h\") MIN 1 MODSEQ 6
         S: h OK SEARCH completed
         C: i SEARCH MODSEQ 9
         S: * SEARCH
         S: i OK SEARCH completed
         C: j EXPUNGE
         S: * 1 EXPUNGE
         S: * 2 EXPUNGE
         S: j OK [HIGHESTMODSEQ 9] EXPUNGE completed",
    );
}

#[test]
fn a_change_by_another_is_told_with_its_mod_sequence() {
    check_selected(
        1,
        "12",
        "C1: c ENABLE CONDSTORE
         S1: * ENABLED CONDSTORE
         S1: * OK [HIGHESTMODSEQ 2] Highest
         S1: c OK ENABLE completed
         C2: c STORE 1 FLAGS \\Seen
         S2: * 1 FETCH (FLAGS (\\Seen))
         S2: c OK STORE completed
         C1: d FETCH 1 FLAGS
         S1: * 1 FETCH (FLAGS (\\Seen) MODSEQ (3))
         S1: d OK FETCH completed
         C1: e FETCH 1 FLAGS
         S1: * 1 FETCH (FLAGS (\\Seen))
         S1: e OK FETCH completed
         C2: d STORE 1 FLAGS \\Draft
         S2: * 1 FETCH (FLAGS (\\Draft))
         S2: d OK STORE completed
         C1: f NOOP
         S1: * 1 FETCH (FLAGS (\\Draft) MODSEQ (4))
         S1: f OK NOOP completed
         C1: g FETCH 1 BODY[TEXT]
         S1: * 1 FETCH (BODY[TEXT] {8}
         S1: Body 1
         S1:  FLAGS (\\Seen \\Draft) MODSEQ (5))
         S1: g OK FETCH completed",
    );
}

#[test]
fn qresync_tells_by_uid_what_vanished() {
    check_selected(
        5,
        "1",
        "C: c SELECT INBOX (QRESYNC (100 1))
         S: c BAD QRESYNC is not enabled
         C: d FETCH 1 FLAGS
         S: * 1 FETCH (FLAGS ())
         S: d OK FETCH completed
         C: e ENABLE QRESYNC FROB condstore
         S: * ENABLED QRESYNC
         S: * OK [HIGHESTMODSEQ 6] Highest
         S: e OK ENABLE completed
         C: f STORE 2:3,5 +FLAGS.SILENT \\Deleted
         S: * 2 FETCH (UID 2 MODSEQ (7))
         S: * 3 FETCH (UID 3 MODSEQ (8))
         S: * 5 FETCH (UID 5 MODSEQ (9))
         S: f OK STORE completed
         C: g EXPUNGE
         S: * VANISHED 2:3,5
         S: g OK [HIGHESTMODSEQ 10] EXPUNGE completed
         C: h UID FETCH 1:* (FLAGS) (CHANGEDSINCE 6 VANISHED)
         S: * VANISHED (EARLIER) 2:3,5
         S: h OK FETCH completed
         C: i UID STORE 4 FLAGS \\Seen
         S: * 2 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (11))
         S: i OK STORE completed
         C: j UID FETCH 1:3 (FLAGS) (CHANGEDSINCE 6 VANISHED)
         S: * VANISHED (EARLIER) 2:3
         S: j OK FETCH completed
         C: k FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)
         S: k BAD VANISHED needs QRESYNC and UID FETCH
         C: l UID FETCH 1 FLAGS (VANISHED)
         S: l BAD Syntax error: expected VANISHED with CHANGEDSINCE
         C: m SELECT INBOX (QRESYNC (100 6 1:4))
         S: * OK [CLOSED] Previous mailbox is closed
         S: ...
         S: * 2 EXISTS
         S: * 0 RECENT
         S: * OK [UNSEEN 1] First unseen message
         S: * OK [UIDVALIDITY 100] UIDs valid
         S: * OK [UIDNEXT 6] Predicted next UID
         S: * OK [HIGHESTMODSEQ 11] Highest
         S: * OK [MAILBOXID (F00000000)] Mailbox ID
         S: * VANISHED (EARLIER) 2:3
         S: * 2 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (11))
         S: m OK [READ-WRITE] SELECT completed
         C: n EXAMINE INBOX (QRESYNC (99 6))
         S: ...
         S: * OK [MAILBOXID (F00000000)] Mailbox ID
         S: n OK [READ-ONLY] EXAMINE completed
         C: o SELECT INBOX (CONDSTORE QRESYNC (100 11 (1 1)))
         S: ...
         S: * OK [MAILBOXID (F00000000)] Mailbox ID
         S: o OK [READ-WRITE] SELECT completed",
    );
}

#[test]
fn what_others_expunge_vanishes_at_the_end_of_uid_commands() {
    check_selected(
        3,
        "12",
        "C1: c ENABLE QRESYNC
         S1: ...
         S1: c OK ENABLE completed
         C2: c STORE 2 +FLAGS.SILENT \\Deleted
         S2: c OK STORE completed
         C2: d EXPUNGE
         S2: * 2 EXPUNGE
         S2: d OK EXPUNGE completed
         C1: d UID FETCH 1:* (UID) (CHANGEDSINCE 4 VANISHED)
         S1: * VANISHED 2
         S1: d OK FETCH completed
         C1: e UID FETCH 1:* (UID) (CHANGEDSINCE 4 VANISHED)
         S1: * VANISHED (EARLIER) 2
         S1: e OK FETCH completed",
    );
}

#[test]
fn what_moves_vanishes() {
    check_selected(
        3,
        "12",
        "C1: c ENABLE QRESYNC
         S1: ...
         S1: c OK ENABLE completed
         C1: d CREATE x
         S1: d OK [MAILBOXID (F00000001)] CREATE completed
         C2: c IDLE
         S2: + idling
         C1: e UID MOVE 1:2 x
         S1: * OK [COPYUID 101 1:2 1:2] Messages are moved
         S1: * VANISHED 1:2
         S1: e OK [HIGHESTMODSEQ 5] MOVE completed
         S2: * 1 EXPUNGE
         S2: * 1 EXPUNGE
         C1: f CLOSE
         S1: f OK CLOSE completed
         C1: g SELECT x (QRESYNC (101 1))
         S1: ...
         S1: * OK [HIGHESTMODSEQ 3] Highest
         S1: * OK [MAILBOXID (F00000001)] Mailbox ID
         S1: * 1 FETCH (UID 1 FLAGS (\\Recent) MODSEQ (2))
         S1: * 2 FETCH (UID 2 FLAGS (\\Recent) MODSEQ (3))
         S1: g OK [READ-WRITE] SELECT completed",
    );
}
