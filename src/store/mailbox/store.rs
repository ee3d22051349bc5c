//! All accounts and mailboxes of one host.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

use super::account::Account;
use super::messages::Mailbox;
use super::numbered::NumberedAccounts;
use super::quota::{OverQuota, Quota, Usage};
use crate::engine::UnixTime;
use crate::proto::idna;
use crate::proto::imap::{
    AccountId, Backend, EmailId, Flags, Limit, ListedName, MailboxError, MailboxId, MailboxName,
    MailboxState, Message, ModSeq, NewMessage, QuotaState, SpecialUse, Uid, UidValidity,
};
use crate::proto::mail::DateTime;
use crate::proto::sasl::Secret;

/// The mailboxes of a mailbox server. It implements [`Backend`] for IMAP sessions.
#[derive(Debug, Clone)]
pub struct MailStore {
    accounts: Vec<Account>,
    /// Login names and further addresses in lower case.
    addresses: BTreeMap<String, AccountId>,
    /// Those that are made when they are first needed.
    numbered: Option<Box<Numbered>>,
    mailboxes: BTreeMap<MailboxId, Kept>,
    next_mailbox: MailboxId,
    next_email: EmailId,
    separator: char,
    /// How many octets are in all mailboxes, and how many there may be.
    octets: u64,
    most_octets: u64,
    /// How many messages were ever delivered.
    deliveries: u64,
}

/// Accounts by a rule.
#[derive(Debug, Clone)]
struct Numbered {
    /// By domain, in A-labels.
    domains: BTreeMap<String, NumberedAccounts>,
    first_uid_validity: UidValidity,
}

/// A mailbox, and whose it is.
#[derive(Debug, Clone)]
struct Kept {
    owner: AccountId,
    mailbox: Mailbox,
    special_uses: Vec<SpecialUse>,
}

/// Where a message was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The message in it.
    pub uid: Uid,
}

/// Another account has the address or login name already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateAddress(pub String);

impl fmt::Display for DuplicateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is an account for {} already", self.0)
    }
}

impl std::error::Error for DuplicateAddress {}

impl Default for MailStore {
    fn default() -> Self {
        MailStore::new(Self::DEFAULT_SEPARATOR)
    }
}

impl MailStore {
    /// What stands between the levels of a mailbox name unless told otherwise.
    pub const DEFAULT_SEPARATOR: char = '.';

    /// A server without accounts. `separator` stands between the levels of a mailbox name.
    pub fn new(separator: char) -> MailStore {
        MailStore {
            accounts: Vec::new(),
            addresses: BTreeMap::new(),
            numbered: None,
            mailboxes: BTreeMap::new(),
            next_mailbox: MailboxId(0),
            next_email: EmailId(1),
            separator,
            octets: 0,
            most_octets: u64::MAX,
            deliveries: 0,
        }
    }

    /// Adds an account with an INBOX. Its mailboxes take their UIDVALIDITY from
    /// `first_uid_validity` upward, which the caller draws from the host's random stream.
    ///
    /// `login` is an address of the account too, and means the same in any case.
    pub fn add_account(
        &mut self,
        login: &str,
        password: &str,
        first_uid_validity: UidValidity,
    ) -> Result<AccountId, DuplicateAddress> {
        let id = AccountId(u32::try_from(self.accounts.len()).expect("few accounts"));
        self.add_address(id, login)?;
        self.accounts.push(Account::new(login, password, first_uid_validity));
        self.add_mailbox(id, MailboxName::inbox());
        Ok(id)
    }

    /// Gives an account one more address, at which it gets mail and with which it logs in.
    pub fn add_address(
        &mut self,
        account: AccountId,
        address: &str,
    ) -> Result<(), DuplicateAddress> {
        let key = key_of(address).into_owned();
        if self.addresses.contains_key(&key) {
            return Err(DuplicateAddress(address.into()));
        }
        self.addresses.insert(key, account);
        Ok(())
    }

    /// Adds the accounts of a domain's users that are called by number. Each is made when it first gets
    /// mail or logs in, with this UIDVALIDITY, so that it does not matter which is made first.
    pub fn add_numbered(
        &mut self,
        domain: &str,
        accounts: NumberedAccounts,
        first_uid_validity: UidValidity,
    ) {
        let domains = BTreeMap::new();
        let all =
            self.numbered.get_or_insert_with(|| Box::new(Numbered { domains, first_uid_validity }));
        all.domains.insert(domain.to_owned(), accounts);
    }

    /// As [`MailStore::account_of`], and makes the account if its time has come.
    pub fn open_account(&mut self, address: &str) -> Option<AccountId> {
        let found = self.account_of(address);
        let Some(numbered) = self.numbered.as_deref().filter(|_| found.is_none()) else {
            return found;
        };
        let login = key_of(address);
        let (local_part, domain) = login.rsplit_once('@')?;
        let accounts = numbered.domains.get(domain)?;
        accounts.users.number(local_part)?;
        let (password, retention) = (accounts.password.clone(), accounts.retention);
        let made = self.add_account(&login, &password, numbered.first_uid_validity).ok()?;
        self.account_mut(made).retention = retention;
        Some(made)
    }

    /// How many messages were ever delivered into mailboxes.
    pub fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// The account that gets mail for `address`, compared without regard to case, and whether its
    /// domain is in U-labels or A-labels.
    pub fn account_of(&self, address: &str) -> Option<AccountId> {
        self.addresses.get(&*key_of(address)).copied()
    }

    /// The accounts, in the order in which they were added.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        (0..).map(AccountId).zip(&self.accounts)
    }

    /// The account of that id.
    ///
    /// # Panics
    /// When the id is of another store.
    pub fn account(&self, account: AccountId) -> &Account {
        &self.accounts[account.0 as usize]
    }

    /// The mailbox of that id; `None` once it was deleted.
    pub fn mailbox(&self, mailbox: MailboxId) -> Option<&Mailbox> {
        self.mailboxes.get(&mailbox).map(|kept| &kept.mailbox)
    }

    /// The mailbox of that name.
    pub fn mailbox_named(&self, account: AccountId, name: &MailboxName) -> Option<&Mailbox> {
        self.mailbox(self.account(account).find(name).ok()?)
    }

    /// How many octets are in all mailboxes together.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// So many octets more have room on the disk, whatever the quotas allow. `u64::MAX`: any number.
    pub fn set_room(&mut self, octets: u64) {
        self.most_octets = self.octets.saturating_add(octets);
    }

    /// Limits how much an account may keep. What it keeps already stays.
    pub fn set_quota(&mut self, account: AccountId, quota: Quota) {
        self.account_mut(account).quota = quota;
    }

    /// Puts an arriving message into a mailbox: into INBOX where there is none of that name, so
    /// that no accepted message is lost.
    ///
    /// # Errors
    /// When the account has no room for it; nothing is changed then.
    pub fn deliver(
        &mut self,
        account: AccountId,
        mailbox: &MailboxName,
        data: Bytes,
        now: UnixTime,
    ) -> Result<Delivered, OverQuota> {
        let names = self.account(account);
        if !names.has_room(Usage::message(data.len())) {
            return Err(OverQuota);
        }
        let mailbox = names.find(mailbox).or_else(|_| names.find(&MailboxName::inbox()));
        let mailbox = mailbox.expect("every account has an INBOX, which cannot be deleted");
        let internal_date = DateTime::utc(now);
        let retention = names.retention;
        let data = if retention.headers_alone { header_of(&data) } else { data };
        let new = NewMessage { flags: Flags::EMPTY, internal_date, save_date: now, data };
        let uid = self.append(mailbox, new).expect("a mailbox with a name exists");
        if let Some(count) = retention.latest {
            self.change(mailbox, |mailbox| mailbox.keep_latest(count as usize));
        }
        self.deliveries += 1;
        Ok(Delivered { mailbox, uid })
    }

    /// Loses the index of a mailbox: its messages are numbered anew under another UIDVALIDITY, which it
    /// gives. `None` where there is no such mailbox.
    pub fn rebuild(&mut self, mailbox: MailboxId) -> Option<UidValidity> {
        let owner = self.owner(mailbox)?;
        let uid_validity = self.account_mut(owner).take_uid_validity();
        self.mailbox_mut(mailbox)?.rebuild(uid_validity);
        Some(uid_validity)
    }

    /// Forgets what a running server holds in memory only: the locks of POP3 sessions.
    pub fn after_crash(&mut self) {
        self.accounts.iter_mut().for_each(|account| account.maildrop_locked = false);
    }

    pub(super) fn account_mut(&mut self, account: AccountId) -> &mut Account {
        &mut self.accounts[account.0 as usize]
    }

    fn mailbox_mut(&mut self, mailbox: MailboxId) -> Option<&mut Mailbox> {
        self.mailboxes.get_mut(&mailbox).map(|kept| &mut kept.mailbox)
    }

    /// Changes what a mailbox holds, and counts what comes and goes as its owner's.
    fn change<T>(
        &mut self,
        mailbox: MailboxId,
        change: impl FnOnce(&mut Mailbox) -> T,
    ) -> Option<T> {
        let Kept { owner, mailbox, .. } = self.mailboxes.get_mut(&mailbox)?;
        let before = mailbox.usage();
        let done = change(mailbox);
        let usage = &mut self.accounts[owner.0 as usize].usage;
        *usage += mailbox.usage();
        *usage -= before;
        self.octets = self.octets + mailbox.usage().octets - before.octets;
        Some(done)
    }

    fn add_mailbox(&mut self, account: AccountId, name: MailboxName) -> MailboxId {
        let id = self.next_mailbox;
        self.next_mailbox = MailboxId(id.0.checked_add(1).expect("fewer than 2^32 were ever made"));
        let names = self.account_mut(account);
        let uid_validity = names.take_uid_validity();
        names.insert(name, id);
        let mailbox = Mailbox::new(uid_validity);
        let kept = Kept { owner: account, mailbox, special_uses: Vec::new() };
        self.mailboxes.insert(id, kept);
        id
    }

    /// The owner of a mailbox; `None` where it was deleted.
    fn owner(&self, mailbox: MailboxId) -> Option<AccountId> {
        self.mailboxes.get(&mailbox).map(|kept| kept.owner)
    }

    /// Puts copies of messages into a mailbox, whatever the quota.
    fn put_copies(
        &mut self,
        from: MailboxId,
        uids: &[Uid],
        to: MailboxId,
        save_date: UnixTime,
    ) -> Result<Vec<Uid>, MailboxError> {
        let source = self.mailbox(from).ok_or(MailboxError::NonExistent)?;
        let found = uids.iter().filter_map(|uid| source.message(*uid));
        let copies: Vec<_> =
            found.map(|message| (message.copied(save_date), message.email_id)).collect();
        let put = |mailbox: &mut Mailbox| {
            copies.into_iter().map(|(new, email_id)| mailbox.append(new, email_id)).collect()
        };
        self.change(to, put).ok_or(MailboxError::NonExistent)
    }

    /// The name without a trailing separator, which only declares an intent (RFC 3501 §6.3.3).
    fn without_trailing_separator(&self, name: &MailboxName) -> Result<MailboxName, MailboxError> {
        let text = name.as_str().strip_suffix(self.separator).unwrap_or(name.as_str());
        MailboxName::new(text).map_err(|_| MailboxError::CannotBe)
    }
}

impl Backend for MailStore {
    fn login(&mut self, user: &str, password: &str) -> Option<AccountId> {
        let account = self.open_account(user)?;
        (self.account(account).password() == password).then_some(account)
    }

    fn secret(&mut self, user: &str) -> Option<(AccountId, Secret)> {
        let account = self.open_account(user)?;
        Some((account, Secret::new(self.account(account).password())))
    }

    fn separator(&self) -> char {
        self.separator
    }

    fn find(&self, account: AccountId, name: &MailboxName) -> Result<MailboxId, MailboxError> {
        self.account(account).find(name)
    }

    fn names(&self, account: AccountId) -> impl Iterator<Item = ListedName<'_>> {
        self.account(account).names(self.separator).map(|listed| {
            let kept = listed.mailbox.and_then(|mailbox| self.mailboxes.get(&mailbox));
            ListedName { special_uses: kept.map_or(&[], |kept| &kept.special_uses), ..listed }
        })
    }

    fn create(
        &mut self,
        account: AccountId,
        name: &MailboxName,
        special_uses: &[SpecialUse],
    ) -> Result<MailboxId, MailboxError> {
        if self.octets >= self.most_octets {
            return Err(MailboxError::NoSpace);
        }
        let name = self.without_trailing_separator(name)?;
        let missing = self.account(account).missing_names(&name, self.separator)?;
        let made = missing.into_iter().map(|name| self.add_mailbox(account, name)).last();
        let made = made.expect("the name itself is missing");
        let kept = self.mailboxes.get_mut(&made).expect("it was just made");
        kept.special_uses = special_uses.to_vec();
        Ok(made)
    }

    fn delete(&mut self, account: AccountId, name: &MailboxName) -> Result<(), MailboxError> {
        let separator = self.separator;
        if let Some(mailbox) = self.account_mut(account).remove(name, separator)? {
            let kept = self.mailboxes.remove(&mailbox).expect("a mailbox with a name exists");
            self.account_mut(kept.owner).usage -= kept.mailbox.usage();
            self.octets -= kept.mailbox.usage().octets;
        }
        Ok(())
    }

    fn rename(
        &mut self,
        account: AccountId,
        from: &MailboxName,
        to: &MailboxName,
    ) -> Result<(), MailboxError> {
        let separator = self.separator;
        let to = self.without_trailing_separator(to)?;
        let names = self.account(account);
        let source = match names.find(from) {
            Err(MailboxError::NonExistent) => return Err(MailboxError::NonExistent),
            found => found.ok(),
        };
        if names.find(&to) == Err(MailboxError::NoSelect) {
            return Err(MailboxError::AlreadyExists);
        }
        if Account::is_inferior(&to, from, separator) && !from.is_inbox() {
            return Err(MailboxError::CannotBe);
        }
        let mut missing = names.missing_names(&to, separator)?;
        match source {
            Some(inbox) if from.is_inbox() => {
                let new = missing.into_iter().map(|name| self.add_mailbox(account, name)).last();
                let new = new.expect("the name itself is missing");
                let taken = self.change(inbox, Mailbox::take_messages);
                let taken = taken.expect("every account has an INBOX");
                self.change(new, |mailbox| {
                    for message in taken {
                        mailbox.append(message.copied(message.save_date), message.email_id);
                    }
                });
            }
            _ => {
                let moves = names.moves(from, &to, separator)?;
                missing.pop();
                missing.into_iter().for_each(|name| {
                    self.add_mailbox(account, name);
                });
                self.account_mut(account).rename(moves);
            }
        }
        Ok(())
    }

    fn subscribe(
        &mut self,
        account: AccountId,
        name: &MailboxName,
        subscribed: bool,
    ) -> Result<(), MailboxError> {
        let account = self.account_mut(account);
        if subscribed {
            account.subscribe(name)?;
        } else {
            account.unsubscribe(name);
        }
        Ok(())
    }

    fn subscriptions(&self, account: AccountId) -> impl Iterator<Item = &MailboxName> {
        self.account(account).subscriptions()
    }

    fn room(&self, mailbox: MailboxId, octets: u64, messages: u64) -> Result<(), MailboxError> {
        let owner = self.owner(mailbox).map(|owner| self.account(owner));
        if !owner.is_none_or(|account| account.has_room(Usage { octets, messages })) {
            return Err(MailboxError::OverQuota);
        }
        if self.octets.saturating_add(octets) > self.most_octets {
            return Err(MailboxError::NoSpace);
        }
        Ok(())
    }

    fn quota(&self, account: AccountId) -> Option<QuotaState> {
        let account = self.account(account);
        let (quota, usage) = (account.quota(), account.usage());
        let state = QuotaState {
            storage: quota.octets.map(|limit| Limit { used: usage.octets, limit }),
            messages: quota.messages.map(|limit| Limit { used: usage.messages, limit }),
        };
        (state.storage.is_some() || state.messages.is_some()).then_some(state)
    }

    fn state(&self, mailbox: MailboxId) -> Option<MailboxState> {
        self.mailbox(mailbox).map(Mailbox::state)
    }

    fn messages(&self, mailbox: MailboxId) -> &[Message] {
        self.mailbox(mailbox).map_or(&[], Mailbox::messages)
    }

    fn changed_since(&self, mailbox: MailboxId, since: ModSeq) -> impl Iterator<Item = Uid> {
        self.mailbox(mailbox).into_iter().flat_map(move |mailbox| mailbox.changed_since(since))
    }

    fn expunged_since(&self, mailbox: MailboxId, since: ModSeq) -> impl Iterator<Item = Uid> {
        self.mailbox(mailbox).into_iter().flat_map(move |mailbox| mailbox.expunged_since(since))
    }

    fn append(&mut self, mailbox: MailboxId, new: NewMessage) -> Option<Uid> {
        let email_id = self.next_email;
        let uid = self.change(mailbox, |mailbox| mailbox.append(new, email_id))?;
        self.next_email = EmailId(email_id.0 + 1);
        Some(uid)
    }

    fn copy(
        &mut self,
        from: MailboxId,
        uids: &[Uid],
        to: MailboxId,
        save_date: UnixTime,
    ) -> Result<Vec<Uid>, MailboxError> {
        let found = uids.iter().filter_map(|uid| self.message(from, *uid));
        let more = found.map(|message| Usage::message(message.data().len()));
        let more = more.fold(Usage::default(), |sum, one| sum + one);
        self.room(to, more.octets, more.messages)?;
        self.put_copies(from, uids, to, save_date)
    }

    fn move_messages(
        &mut self,
        from: MailboxId,
        uids: &[Uid],
        to: MailboxId,
        save_date: UnixTime,
    ) -> Result<Vec<Uid>, MailboxError> {
        // Within an account, what moves takes no room.
        let moved = match self.owner(from) == self.owner(to) {
            true => self.put_copies(from, uids, to, save_date)?,
            false => self.copy(from, uids, to, save_date)?,
        };
        self.expunge(from, uids);
        Ok(moved)
    }

    fn set_flags(&mut self, mailbox: MailboxId, uid: Uid, flags: Flags) -> Option<ModSeq> {
        self.mailbox_mut(mailbox)?.set_flags(uid, flags)
    }

    fn expunge(&mut self, mailbox: MailboxId, uids: &[Uid]) {
        self.change(mailbox, |mailbox| mailbox.expunge(uids));
    }

    fn claim_recent(&mut self, mailbox: MailboxId, first_recent: Uid) {
        if let Some(mailbox) = self.mailbox_mut(mailbox) {
            mailbox.claim_recent(first_recent);
        }
    }
}

/// The header of a message with the empty line behind it, in octets of its own: what follows is to be
/// freed.
fn header_of(data: &Bytes) -> Bytes {
    let end = memchr::memmem::find(data, b"\r\n\r\n").map_or(data.len(), |end| end + 4);
    Bytes::copy_from_slice(&data[..end])
}

/// The one form of all spellings of an address.
fn key_of(address: &str) -> Cow<'_, str> {
    if address.bytes().fold(true, |all, b| all & b.is_ascii() & !b.is_ascii_uppercase()) {
        return Cow::Borrowed(address);
    }
    Cow::Owned(
        match address
            .rsplit_once('@')
            .and_then(|(local, name)| Some((local, idna::to_ascii(name)?)))
        {
            Some((local, domain)) => format!("{}@{domain}", local.to_ascii_lowercase()),
            None => address.to_ascii_lowercase(),
        },
    )
}

#[cfg(test)]
mod tests;
