//! Names of mailboxes: LIST in all its forms, RENAME, subscriptions (RFC 3501, RFC 5258, RFC 5819,
//! RFC 6154).

use super::*;

#[test]
fn the_examples_of_rfc_5258() {
    check_logged_in(
        "C: b CREATE Fruit.Apple
         S: ...
         C: c CREATE Fruit.Banana
         S: ...
         C: d CREATE Tofu
         S: ...
         C: e CREATE Vegetable.Broccoli
         S: ...
         C: f SUBSCRIBE inbox
         S: f OK SUBSCRIBE completed
         C: g SUBSCRIBE Fruit.Banana
         S: g OK SUBSCRIBE completed
         C: h SUBSCRIBE Fruit.Peach
         S: h OK SUBSCRIBE completed
         C: i SUBSCRIBE Vegetable
         S: i OK SUBSCRIBE completed
         C: j SUBSCRIBE Vegetable.Broccoli
         S: j OK SUBSCRIBE completed
         C: A02 LIST (SUBSCRIBED) \"\" \"*\"
         S: * LIST (\\Subscribed) \".\" Fruit.Banana
         S: * LIST (\\NonExistent \\Subscribed) \".\" Fruit.Peach
         S: * LIST (\\Subscribed) \".\" INBOX
         S: * LIST (\\Subscribed) \".\" Vegetable
         S: * LIST (\\Subscribed) \".\" Vegetable.Broccoli
         S: A02 OK LIST completed
         C: A03 LIST () \"\" \"%\" RETURN (CHILDREN)
         S: * LIST (\\HasChildren) \".\" Fruit
         S: * LIST (\\HasNoChildren) \".\" INBOX
         S: * LIST (\\HasNoChildren) \".\" Tofu
         S: * LIST (\\HasChildren) \".\" Vegetable
         S: A03 OK LIST completed
         C: A06 LIST (SUBSCRIBED) \"\" \"%\" RETURN (CHILDREN)
         S: * LIST (\\Subscribed \\HasNoChildren) \".\" INBOX
         S: * LIST (\\Subscribed \\HasChildren) \".\" Vegetable
         S: A06 OK LIST completed
         C: A08 LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"%\"
         S: * LIST () \".\" Fruit (\"CHILDINFO\" (\"SUBSCRIBED\"))
         S: * LIST (\\Subscribed) \".\" INBOX
         S: * LIST (\\Subscribed) \".\" Vegetable (\"CHILDINFO\" (\"SUBSCRIBED\"))
         S: A08 OK LIST completed
         C: BBB LIST \"\" (\"INBOX\" \"To%\" \"Fruit.%a%\")
         S: * LIST () \".\" Fruit.Banana
         S: * LIST () \".\" INBOX
         S: * LIST () \".\" Tofu
         S: BBB OK LIST completed
         C: CCC LIST (RECURSIVEMATCH) \"\" \"%\"
         S: CCC BAD Syntax error: expected RECURSIVEMATCH with an option that selects
         C: k DELETE Fruit
         S: k OK DELETE completed
         C: l LIST \"\" (Fruit) RETURN (SUBSCRIBED CHILDREN)
         S: * LIST (\\NonExistent \\HasChildren) \".\" Fruit
         S: l OK LIST completed
         C: m LIST \"\" Fruit
         S: * LIST (\\Noselect \\HasChildren) \".\" Fruit
         S: m OK LIST completed
         C: n LIST (REMOTE) \"\" Tofu RETURN ()
         S: * LIST () \".\" Tofu
         S: n OK LIST completed",
    );
}

#[test]
fn names_that_no_mailbox_above_a_subscription_has() {
    check_logged_in(
        "C: b SUBSCRIBE gone.away.far
         S: b OK SUBSCRIBE completed
         C: c LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %
         S: * LIST (\\NonExistent) \".\" gone (\"CHILDINFO\" (\"SUBSCRIBED\"))
         S: c OK LIST completed
         C: d LIST (SUBSCRIBED) \"\" %
         S: d OK LIST completed
         C: e LSUB \"\" %
         S: * LSUB (\\Noselect) \".\" gone
         S: e OK LSUB completed
         C: f LSUB \"\" gone.%
         S: * LSUB (\\Noselect) \".\" gone.away
         S: f OK LSUB completed
         C: g LSUB gone *
         S: * LSUB () \".\" gone.away.far
         S: g OK LSUB completed",
    );
}

#[test]
fn what_a_mailbox_is_there_for_and_its_status() {
    check_logged_in(
        "C: b CREATE Out (USE (\\Sent))
         S: b OK [MAILBOXID (F00000001)] CREATE completed
         C: c CREATE Every (USE (\\All))
         S: c NO [USEATTR] Mailbox cannot be made for this use
         C: d CREATE Odd (USE (\\Frob))
         S: d NO [USEATTR] Mailbox cannot be made for this use
         C: e LIST (SPECIAL-USE) \"\" *
         S: * LIST (\\Sent) \".\" Out
         S: e OK LIST completed
         C: f LIST \"\" * RETURN (SPECIAL-USE STATUS (MESSAGES DELETED DELETED-STORAGE APPENDLIMIT MAILBOXID))
         S: * LIST () \".\" INBOX
         S: * STATUS INBOX (MESSAGES 0 DELETED 0 DELETED-STORAGE 0 APPENDLIMIT 67108864 MAILBOXID (F00000000))
         S: * LIST (\\Sent) \".\" Out
         S: * STATUS Out (MESSAGES 0 DELETED 0 DELETED-STORAGE 0 APPENDLIMIT 67108864 MAILBOXID (F00000001))
         S: f OK LIST completed
         C: g LIST \"\" O%
         S: * LIST (\\HasNoChildren \\Sent) \".\" Out
         S: g OK LIST completed
         C: h RENAME Out Sent.Out
         S: h OK RENAME completed
         C: i LIST (SPECIAL-USE RECURSIVEMATCH) \"\" %
         S: * LIST () \".\" Sent (\"CHILDINFO\" (\"SPECIAL-USE\"))
         S: i OK LIST completed",
    );
}

#[test]
fn inbox_is_one_name_in_any_case_and_so_are_names_below_it() {
    check_logged_in(
        "C: b CREATE inbox.sub
         S: b OK [MAILBOXID (F00000001)] CREATE completed
         C: c CREATE Inbox.Sub
         S: c OK [MAILBOXID (F00000002)] CREATE completed
         C: d LIST \"\" iNbOx.%
         S: * LIST (\\HasNoChildren) \".\" INBOX.Sub
         S: * LIST (\\HasNoChildren) \".\" INBOX.sub
         S: d OK LIST completed
         C: e STATUS INBOX.sub (MESSAGES)
         S: * STATUS INBOX.sub (MESSAGES 0)
         S: e OK STATUS completed
         C: f CREATE inboxes
         S: f OK [MAILBOXID (F00000003)] CREATE completed
         C: g LIST \"\" inbox%
         S: * LIST (\\HasChildren) \".\" INBOX
         S: * LIST (\\HasNoChildren) \".\" inboxes
         S: g OK LIST completed",
    );
}

#[test]
fn renaming_inbox_and_hierarchies() {
    check_selected(
        2,
        "1",
        "C: c CREATE INBOX.kept
         S: ...
         C: d RENAME INBOX old.mail
         S: * 1 EXPUNGE
         S: * 1 EXPUNGE
         S: d OK RENAME completed
         C: e STATUS old.mail (MESSAGES UIDNEXT)
         S: * STATUS old.mail (MESSAGES 2 UIDNEXT 3)
         S: e OK STATUS completed
         C: f LIST \"\" *
         S: * LIST (\\HasChildren) \".\" INBOX
         S: * LIST (\\HasNoChildren) \".\" INBOX.kept
         S: * LIST (\\HasChildren) \".\" old
         S: * LIST (\\HasNoChildren) \".\" old.mail
         S: f OK LIST completed
         C: g RENAME old old.deeper
         S: g NO [CANNOT] Mailbox cannot have this name
         C: h RENAME old INBOX
         S: h NO [ALREADYEXISTS] Mailbox already exists
         C: i RENAME old new.place
         S: i OK RENAME completed
         C: j STATUS new.place.mail (MESSAGES UIDVALIDITY)
         S: * STATUS new.place.mail (MESSAGES 2 UIDVALIDITY 103)
         S: j OK STATUS completed
         C: k RENAME old x
         S: k NO [NONEXISTENT] Mailbox does not exist
         C: l CREATE trailing.
         S: l OK [MAILBOXID (F00000005)] CREATE completed
         C: m LIST \"\" trail*
         S: * LIST (\\HasNoChildren) \".\" trailing
         S: m OK LIST completed
         C: n CREATE a..b
         S: n NO [CANNOT] Mailbox cannot have this name
         C: o CREATE &AGE-
         S: o NO [CANNOT] Mailbox name is not valid modified UTF-7",
    );
}

#[test]
fn a_deleted_mailbox_that_is_made_anew_is_another() {
    check_logged_in(
        "C: b CREATE x
         S: b OK [MAILBOXID (F00000001)] CREATE completed
         C: c STATUS x (UIDVALIDITY)
         S: * STATUS x (UIDVALIDITY 101)
         S: c OK STATUS completed
         C: d DELETE x
         S: d OK DELETE completed
         C: e DELETE x
         S: e NO [NONEXISTENT] Mailbox does not exist
         C: f CREATE x
         S: f OK [MAILBOXID (F00000002)] CREATE completed
         C: g STATUS x (UIDVALIDITY)
         S: * STATUS x (UIDVALIDITY 102)
         S: g OK STATUS completed
         C: h CREATE x.y
         S: ...
         C: i DELETE x
         S: i OK DELETE completed
         C: j DELETE x
         S: j NO [HASCHILDREN] Name has inferior names and is no mailbox
         C: k DELETE x.y
         S: k OK DELETE completed
         C: l DELETE x
         S: l OK DELETE completed",
    );
}
