//! IMAP4rev2 (RFC 9051) and UTF-8 (RFC 6855), which are to be enabled.

use super::*;

#[test]
fn what_enable_changes() {
    check_selected(
        2,
        "1",
        "C: c ENABLE IMAP4rev2 X-FROB
         S: * ENABLED IMAP4rev2
         S: c OK ENABLE completed
         C: d ENABLE imap4rev2
         S: * ENABLED
         S: d OK ENABLE completed
         C: e SEARCH ALL
         S: * ESEARCH (TAG \"e\") ALL 1:2
         S: e OK SEARCH completed
         C: f UID SEARCH DELETED
         S: * ESEARCH (TAG \"f\") UID
         S: f OK SEARCH completed
         C: g APPEND INBOX {1+}
         C: x
         S: * 3 EXISTS
         S: g OK [APPENDUID 100 3] APPEND completed
         C: h FETCH 3 FLAGS
         S: * 3 FETCH (UID 3 FLAGS ())
         S: h OK FETCH completed
         C: i CREATE \"inbox.Entwürfe\"
         S: * LIST () \".\" \"INBOX.Entwürfe\" (\"OLDNAME\" (\"inbox.Entwürfe\"))
         S: i OK [MAILBOXID (F00000001)] CREATE completed
         C: j LIST \"\" *
         S: * LIST (\\HasChildren) \".\" INBOX
         S: * LIST (\\HasNoChildren) \".\" \"INBOX.Entwürfe\"
         S: j OK LIST completed
         C: k CREATE Tom&Jerry
         S: k OK [MAILBOXID (F00000002)] CREATE completed
         C: l SELECT \"INBOX.Entwürfe\"
         S: * OK [CLOSED] Previous mailbox is closed
         S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
         S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags permitted
         S: * 0 EXISTS
         S: * LIST () \".\" \"INBOX.Entwürfe\"
         S: * OK [UIDVALIDITY 101] UIDs valid
         S: * OK [UIDNEXT 1] Predicted next UID
         S: * OK [HIGHESTMODSEQ 1] Highest
         S: * OK [MAILBOXID (F00000001)] Mailbox ID
         S: l OK [READ-WRITE] SELECT completed",
    );
}

#[test]
fn names_in_utf_8_where_they_are_accepted() {
    check_logged_in(
        "C: b CREATE \"Entwürfe\"
         S: b NO [CANNOT] Mailbox name has a character that is not allowed
         C: c CREATE Entw&APw-rfe
         S: c OK [MAILBOXID (F00000001)] CREATE completed
         C: d ENABLE UTF8=ACCEPT
         S: * ENABLED UTF8=ACCEPT
         S: d OK ENABLE completed
         C: e LIST \"\" \"Entwü%\"
         S: * LIST (\\HasNoChildren) \".\" \"Entwürfe\"
         S: e OK LIST completed
         C: f STATUS \"Entwürfe\" (MESSAGES)
         S: * STATUS \"Entwürfe\" (MESSAGES 0)
         S: f OK STATUS completed
         C: g APPEND \"Entwürfe\" UTF8 (~{15+}
         C: Subject: ü
         C:
         C: )
         S: g OK [APPENDUID 101 1] APPEND completed
         C: h SUBSCRIBE \"Entwürfe\"
         S: h OK SUBSCRIBE completed
         C: i LSUB \"\" *
         S: * LSUB () \".\" \"Entwürfe\"
         S: i OK LSUB completed",
    );
}

#[test]
fn too_many_invalid_commands_end_the_session() {
    let mut dialogue = String::new();
    for number in 0..20 {
        dialogue.push_str(&format!(
            "C: b{number} FROB\nS: b{number} BAD Syntax error: expected a command\n"
        ));
    }
    dialogue.push_str("S: * BYE Too many invalid IMAP commands\nS: close");
    check(&store(0), &dialogue);
}
