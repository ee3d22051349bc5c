//! What NOTIFY asks for (RFC 5465).

use super::*;

#[test]
fn other_mailboxes_are_told_of_at_once() {
    check_selected(
        1,
        "12",
        "C1: c CREATE x
         S1: c OK [MAILBOXID (F00000001)] CREATE completed
         C1: d NOTIFY SET STATUS (mailboxes x (MessageNew MessageExpunge)) (personal (MailboxName SubscriptionChange))
         S1: * STATUS x (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 101 UNSEEN 0)
         S1: d OK NOTIFY completed
         C2: c APPEND x {1+}
         C2: y
         S2: c OK [APPENDUID 101 1] APPEND completed
         S1: * STATUS x (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 101 UNSEEN 1)
         C2: d SUBSCRIBE x
         S2: d OK SUBSCRIBE completed
         C2: e CREATE new
         S2: e OK [MAILBOXID (F00000002)] CREATE completed
         S1: * LIST () \".\" new
         C2: f RENAME new old
         S2: f OK RENAME completed
         S1: * LIST () \".\" old (\"OLDNAME\" (new))
         C2: g SUBSCRIBE old
         S2: g OK SUBSCRIBE completed
         S1: * LIST (\\Subscribed) \".\" old
         C2: h DELETE old
         S2: h OK DELETE completed
         S1: * LIST (\\NonExistent \\Subscribed) \".\" old
         C1: e APPEND x {1+}
         C1: z
         S1: * STATUS x (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 101 UNSEEN 2)
         S1: e OK [APPENDUID 101 2] APPEND completed
         C1: f NOTIFY NONE
         S1: f OK NOTIFY completed
         C2: i APPEND x {1+}
         C2: y
         S2: i OK [APPENDUID 101 3] APPEND completed",
    );
}

#[test]
fn new_messages_of_the_selected_mailbox_are_fetched() {
    check_selected(
        2,
        "12",
        "C1: c NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (Subject)]) MessageExpunge FlagChange))
         S1: c OK NOTIFY completed
         C2: c APPEND INBOX {14+}
         C2: Subject: new
         C2:
         S2: * 3 EXISTS
         S2: * 1 RECENT
         S2: c OK [APPENDUID 100 3] APPEND completed
         S1: * 3 EXISTS
         S1: * 3 FETCH (UID 3 BODY[HEADER.FIELDS (Subject)] {14}
         S1: Subject: new
         S1: )
         C2: d STORE 1 FLAGS \\Deleted
         S2: * 1 FETCH (FLAGS (\\Deleted))
         S2: d OK STORE completed
         S1: * 1 FETCH (FLAGS (\\Deleted))
         C2: e EXPUNGE
         S2: * 1 EXPUNGE
         S2: e OK EXPUNGE completed
         S1: * 1 EXPUNGE
         C1: d NOTIFY SET (selected-delayed (MessageNew MessageExpunge))
         S1: d OK NOTIFY completed
         C2: f STORE 1 FLAGS.SILENT \\Deleted
         S2: f OK STORE completed
         S1: * 1 FETCH (FLAGS (\\Deleted))
         C2: g EXPUNGE
         S2: * 1 EXPUNGE
         S2: g OK EXPUNGE completed
         C1: e NOOP
         S1: * 1 EXPUNGE
         S1: e OK NOOP completed
         C1: f NOTIFY SET (personal (MessageNew MessageExpunge AnnotationChange))
         S1: f NO [BADEVENT (FlagChange MailboxName MessageExpunge MessageNew SubscriptionChange)] Event is not known
         C1: g NOTIFY SET (personal (MessageNew))
         S1: g BAD Syntax error: expected MessageNew with MessageExpunge",
    );
}
