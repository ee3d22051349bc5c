use super::*;
use crate::proto::imap::SystemFlag;
use crate::store::mailbox::{InUse, NumberedUsers, Retention};

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

fn store() -> (MailStore, AccountId) {
    let mut store = MailStore::default();
    let validity = UidValidity::new(100).unwrap();
    let alice = store.add_account("alice@example.org", "secret", validity).unwrap();
    (store, alice)
}

fn tree(store: &MailStore, account: AccountId) -> String {
    let line = |it: ListedName<'_>| match it.mailbox {
        Some(mailbox) => format!("{}={}", it.name, store.state(mailbox).unwrap().uid_validity),
        None => format!("{}=noselect", it.name),
    };
    store.names(account).map(line).collect::<Vec<_>>().join(" ")
}

#[test]
fn accounts_are_found_by_each_address_in_any_case() {
    let (mut store, alice) = store();
    store.add_address(alice, "postmaster@example.org").unwrap();
    assert_eq!(store.account_of("Postmaster@EXAMPLE.org"), Some(alice));
    assert_eq!(store.login("ALICE@example.org", "secret"), Some(alice));
    assert_eq!(store.login("alice@example.org", "Secret"), None);
    let again = store.add_account("Alice@example.org", "", UidValidity::MIN);
    assert_eq!(again, Err(DuplicateAddress("Alice@example.org".into())));
    assert_eq!(store.accounts().count(), 1);
}

#[test]
fn accounts_by_number_are_made_when_mail_comes_or_their_user_does() {
    let (mut store, _) = store();
    let users = NumberedUsers { prefix: "user".into(), count: 1_000_000 };
    let accounts =
        NumberedAccounts { users, password: "secret".into(), retention: Retention::default() };
    let validity = UidValidity::new(7).unwrap();
    store.add_numbered("example.com", accounts, validity);
    assert_eq!(store.account_of("user5@example.com"), None);
    assert_eq!(store.open_account("user0@example.com"), None);
    assert_eq!(store.open_account("user5@example.org"), None);
    assert_eq!(store.accounts().count(), 1, "nobody was made who does not exist");
    let five = store.open_account("User5@Example.COM").unwrap();
    assert_eq!(store.account_of("user5@example.com"), Some(five));
    assert_eq!(store.login("user5@example.com", "secret"), Some(five));
    assert_eq!(store.login("user6@example.com", "wrong"), None);
    let six = store.login("user6@example.com", "secret").unwrap();
    assert_eq!(tree(&store, five), tree(&store, six), "whoever is made first");
    assert_eq!(store.accounts().count(), 3);
}

#[test]
fn a_mailbox_keeps_the_latest_and_forgets_the_rest() {
    let (mut store, alice) = store();
    store.account_mut(alice).retention = Retention { headers_alone: false, latest: Some(3) };
    let inbox = MailboxName::inbox();
    for number in 0..1_000 {
        let data = Bytes::from(format!("Subject: {number}\r\n\r\ntext\r\n"));
        store.deliver(alice, &inbox, data, UnixTime(0)).unwrap();
    }
    let id = store.find(alice, &inbox).unwrap();
    let uids: Vec<u32> = store.messages(id).iter().map(|message| message.uid.get()).collect();
    assert_eq!(uids, [998, 999, 1_000]);
    assert_eq!((store.deliveries(), store.account(alice).usage().messages), (1_000, 3));
    assert_eq!(store.octets(), store.account(alice).usage().octets);
    let recent = store.state(id).unwrap().highest_modseq;
    assert_eq!(store.expunged_since(id, ModSeq(recent.0 - 1)).count(), 1);
    assert_eq!(store.expunged_since(id, ModSeq(0)).count(), 997, "all that ever were");
}

#[test]
fn a_mailbox_that_keeps_headers_has_octets_of_its_own() {
    let (mut store, alice) = store();
    store.account_mut(alice).retention = Retention { headers_alone: true, latest: None };
    let data = Bytes::from_static(b"Subject: x\r\n\r\ntext\r\n\r\nmore\r\n");
    store.deliver(alice, &MailboxName::inbox(), data, UnixTime(0)).unwrap();
    let id = store.find(alice, &MailboxName::inbox()).unwrap();
    assert_eq!(store.messages(id)[0].data(), &b"Subject: x\r\n\r\n"[..]);
    assert_eq!(store.octets(), 14);
}

#[test]
fn creating_a_mailbox_makes_those_above_it() {
    let (mut store, alice) = store();
    store.create(alice, &name("a.b.c"), &[]).unwrap();
    assert_eq!(tree(&store, alice), "INBOX=100 a=101 a.b=102 a.b.c=103");
    assert_eq!(store.create(alice, &name("a."), &[]), Err(MailboxError::AlreadyExists));
    assert_eq!(store.create(alice, &name("a..b"), &[]), Err(MailboxError::CannotBe));
    assert_eq!(store.create(alice, &name(".a"), &[]), Err(MailboxError::CannotBe));
    assert_eq!(store.create(alice, &name("inbox"), &[]), Err(MailboxError::AlreadyExists));
}

#[test]
fn a_deleted_name_with_inferiors_stays_and_comes_back_with_a_greater_uidvalidity() {
    let (mut store, alice) = store();
    store.create(alice, &name("a.b"), &[]).unwrap();
    store.create(alice, &name("a b"), &[]).unwrap();
    store.delete(alice, &name("a")).unwrap();
    assert_eq!(tree(&store, alice), "INBOX=100 a=noselect a b=103 a.b=102");
    assert_eq!(store.find(alice, &name("a")), Err(MailboxError::NoSelect));
    assert_eq!(store.delete(alice, &name("a")), Err(MailboxError::HasChildren));
    store.create(alice, &name("a"), &[]).unwrap();
    assert_eq!(tree(&store, alice), "INBOX=100 a=104 a b=103 a.b=102");
    assert_eq!(store.delete(alice, &name("INBOX")), Err(MailboxError::CannotBe));
    assert_eq!(store.delete(alice, &name("z")), Err(MailboxError::NonExistent));
}

#[test]
fn renaming_takes_inferiors_along_and_keeps_the_mailbox() {
    let (mut store, alice) = store();
    let a = store.create(alice, &name("a"), &[]).unwrap();
    store.create(alice, &name("a.b"), &[]).unwrap();
    store.create(alice, &name("ab"), &[]).unwrap();
    store.rename(alice, &name("a"), &name("x.y")).unwrap();
    assert_eq!(tree(&store, alice), "INBOX=100 ab=103 x=104 x.y=101 x.y.b=102");
    assert_eq!(store.find(alice, &name("x.y")), Ok(a));
    assert_eq!(store.rename(alice, &name("x"), &name("x.z")), Err(MailboxError::CannotBe));
    assert_eq!(store.rename(alice, &name("x"), &name("ab")), Err(MailboxError::AlreadyExists));
    assert_eq!(store.rename(alice, &name("a"), &name("q")), Err(MailboxError::NonExistent));
}

#[test]
fn renaming_inbox_moves_its_messages_and_leaves_it_empty() {
    let (mut store, alice) = store();
    let old =
        store.deliver(alice, &MailboxName::inbox(), Bytes::from_static(b"x"), UnixTime(5)).unwrap();
    store.set_flags(old.mailbox, old.uid, Flags::of(&[SystemFlag::Seen])).unwrap();
    store.rename(alice, &name("INBOX"), &name("INBOX.old")).unwrap();
    let inbox = store.mailbox_named(alice, &name("INBOX")).unwrap();
    assert!(inbox.messages().is_empty());
    assert_eq!(inbox.state().uid_next.get(), 2);
    let moved = &store.mailbox_named(alice, &name("INBOX.old")).unwrap().messages()[0];
    assert_eq!(
        (moved.internal_date.unix_time(), moved.flags.to_string()),
        (UnixTime(5), "\\Seen".into())
    );
}

#[test]
fn mail_for_a_missing_mailbox_goes_to_inbox() {
    let (mut store, alice) = store();
    let there = store.deliver(alice, &name("lists"), Bytes::new(), UnixTime(0)).unwrap();
    assert_eq!(store.find(alice, &MailboxName::inbox()), Ok(there.mailbox));
}

#[test]
fn a_maildrop_is_locked_for_one_session_and_loses_what_was_deleted() {
    let (mut store, alice) = store();
    for text in ["one\r\n", "two\r\n"] {
        store.deliver(alice, &MailboxName::inbox(), Bytes::from(text), UnixTime(0)).unwrap();
    }
    let messages = store.lock_maildrop(alice).unwrap();
    assert_eq!(&*messages[1].unique_id, "0000000200000064");
    assert_eq!(store.lock_maildrop(alice), Err(InUse));
    store.update_maildrop(alice, &[1]);
    // What is gone is passed over.
    store.mark_retrieved(alice, &[1, 2]);
    let inbox = store.find(alice, &MailboxName::inbox()).unwrap();
    assert!(store.messages(inbox)[0].flags.contains(SystemFlag::Seen));
    store.unlock_maildrop(alice);
    assert_eq!(store.lock_maildrop(alice).unwrap(), messages[1..]);
    store.after_crash();
    assert!(store.lock_maildrop(alice).is_ok());
}

fn usage(store: &MailStore, account: AccountId) -> (u64, u64) {
    let usage = store.account(account).usage();
    // Counted as things come and go, it is what a count of everything comes to.
    let mut counted = Usage::default();
    for listed in store.names(account) {
        for message in listed.mailbox.map_or(&[][..], |mailbox| store.messages(mailbox)) {
            counted += Usage::message(message.data().len());
        }
    }
    assert_eq!(usage, counted);
    assert_eq!(store.octets(), counted.octets, "of the only account with mail");
    (usage.octets, usage.messages)
}

#[test]
fn usage_follows_every_change() {
    let (mut store, alice) = store();
    let inbox = MailboxName::inbox();
    let put = |store: &mut MailStore, text: &'static str| {
        store.deliver(alice, &MailboxName::inbox(), Bytes::from(text), UnixTime(0)).unwrap().uid
    };
    let (one, _) = (put(&mut store, "one"), put(&mut store, "three"));
    assert_eq!(usage(&store, alice), (8, 2));
    let archive = store.create(alice, &name("Archive"), &[]).unwrap();
    let new = NewMessage {
        flags: Flags::EMPTY,
        internal_date: DateTime::utc(UnixTime(0)),
        save_date: UnixTime(0),
        data: Bytes::from("two!"),
    };
    store.append(archive, new).unwrap();
    assert_eq!(usage(&store, alice), (12, 3));
    let first = store.find(alice, &inbox).unwrap();
    store.expunge(first, &[one, one.next().unwrap().next().unwrap()]);
    assert_eq!(usage(&store, alice), (9, 2));
    store.rename(alice, &inbox, &name("old")).unwrap();
    assert_eq!(usage(&store, alice), (9, 2));
    store.delete(alice, &name("old")).unwrap();
    assert_eq!(usage(&store, alice), (4, 1));
    store.delete(alice, &name("Archive")).unwrap();
    assert_eq!(usage(&store, alice), (0, 0));
}

#[test]
fn a_full_account_takes_no_more_until_something_goes() {
    let (mut store, alice) = store();
    let deliver = |store: &mut MailStore, text: &'static str| {
        let inbox = MailboxName::inbox();
        store.deliver(alice, &inbox, Bytes::from(text), UnixTime(0)).map(|there| there.uid)
    };
    store.set_quota(alice, Quota { octets: Some(10), messages: Some(3) });
    let first = deliver(&mut store, "12345").unwrap();
    assert_eq!(deliver(&mut store, "123456"), Err(OverQuota));
    deliver(&mut store, "12345").unwrap();
    deliver(&mut store, "").unwrap();
    assert_eq!(deliver(&mut store, ""), Err(OverQuota)); // a fourth message
    let inbox = store.find(alice, &MailboxName::inbox()).unwrap();
    assert_eq!(store.room(inbox, 1, 1), Err(MailboxError::OverQuota));
    store.expunge(inbox, &[first]);
    assert_eq!(store.room(inbox, 5, 1), Ok(()));
    assert_eq!(store.room(inbox, 6, 1), Err(MailboxError::OverQuota));
    deliver(&mut store, "12345").unwrap();
}

#[test]
fn what_a_full_disk_has_no_room_for_is_not_kept_and_what_goes_makes_room() {
    let (mut store, alice) = store();
    let inbox = MailboxName::inbox();
    let put = |store: &mut MailStore, text: &'static str| {
        store.deliver(alice, &MailboxName::inbox(), Bytes::from(text), UnixTime(0)).unwrap().uid
    };
    let one = put(&mut store, "12345");
    let first = store.find(alice, &inbox).unwrap();
    let archive = store.create(alice, &name("Archive"), &[]).unwrap();
    store.set_room(4);
    assert_eq!(store.room(first, 4, 1), Ok(()));
    assert_eq!(store.room(first, 5, 1), Err(MailboxError::NoSpace));
    assert_eq!(store.copy(first, &[one], archive, UnixTime(0)), Err(MailboxError::NoSpace));
    // Within an account, what moves takes no room, nor do flags.
    let moved = store.move_messages(first, &[one], archive, UnixTime(0)).unwrap();
    assert!(store.set_flags(archive, moved[0], Flags::EMPTY).is_some());
    store.set_room(0);
    assert_eq!(store.create(alice, &name("Other"), &[]), Err(MailboxError::NoSpace));
    store.expunge(archive, &moved);
    assert_eq!(store.room(archive, 5, 1), Ok(()));
}
