//! One account: login, password, the tree of its mailbox names, subscriptions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::numbered::Retention;
use super::quota::{Quota, Usage};
use crate::proto::imap::{ListedName, MailboxError, MailboxId, MailboxName, UidValidity};

/// An account of a mailbox server.
#[derive(Debug, Clone)]
pub struct Account {
    login: String,
    password: String,
    /// Every name; without a mailbox where the name is `\Noselect`.
    names: BTreeMap<MailboxName, Option<MailboxId>>,
    subscriptions: BTreeSet<MailboxName>,
    /// For the next mailbox: rises, so that a name used again has a greater one.
    next_uid_validity: UidValidity,
    /// Whether a POP3 session holds the maildrop.
    pub(super) maildrop_locked: bool,
    pub(super) quota: Quota,
    /// What its mailboxes keep of what is delivered.
    pub(super) retention: Retention,
    /// What is in all its mailboxes.
    pub(super) usage: Usage,
}

impl Account {
    /// How many names an account can have.
    pub const MAX_NAMES: usize = 10_000;

    /// How many names an account can subscribe to.
    pub const MAX_SUBSCRIPTIONS: usize = 10_000;

    pub(super) fn new(login: &str, password: &str, first_uid_validity: UidValidity) -> Account {
        Account {
            login: login.into(),
            password: password.into(),
            names: BTreeMap::new(),
            subscriptions: BTreeSet::new(),
            next_uid_validity: first_uid_validity,
            maildrop_locked: false,
            quota: Quota::default(),
            retention: Retention::default(),
            usage: Usage::default(),
        }
    }

    /// The login name.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// The password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// How much it may keep.
    pub fn quota(&self) -> Quota {
        self.quota
    }

    /// What its mailboxes keep of the mail that comes.
    pub fn retention(&self) -> Retention {
        self.retention
    }

    /// How much it keeps.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Whether it may keep so much more.
    pub fn has_room(&self, more: Usage) -> bool {
        self.quota.allows(self.usage + more)
    }

    /// The subscribed names, in order.
    pub fn subscriptions(&self) -> impl Iterator<Item = &MailboxName> {
        self.subscriptions.iter()
    }

    /// All names, in order.
    pub fn names(&self, separator: char) -> impl Iterator<Item = ListedName<'_>> {
        self.names.iter().map(move |(name, mailbox)| ListedName {
            name,
            mailbox: *mailbox,
            has_children: self.inferiors(name, separator).next().is_some(),
            special_uses: &[],
        })
    }

    /// The mailbox of that name.
    pub fn find(&self, name: &MailboxName) -> Result<MailboxId, MailboxError> {
        self.names.get(name).ok_or(MailboxError::NonExistent)?.ok_or(MailboxError::NoSelect)
    }

    pub(super) fn subscribe(&mut self, name: &MailboxName) -> Result<(), MailboxError> {
        if self.subscriptions.len() >= Self::MAX_SUBSCRIPTIONS {
            return Err(MailboxError::Limit);
        }
        self.subscriptions.insert(name.clone());
        Ok(())
    }

    pub(super) fn unsubscribe(&mut self, name: &MailboxName) {
        self.subscriptions.remove(name);
    }

    /// The UIDVALIDITY for a new mailbox.
    pub(super) fn take_uid_validity(&mut self) -> UidValidity {
        let taken = self.next_uid_validity;
        self.next_uid_validity = taken.next();
        taken
    }

    /// The names to be made, from the top, so that `name` stands: those above it that are missing,
    /// and itself. Fails when it is a mailbox already, or has an empty level.
    pub(super) fn missing_names(
        &self,
        name: &MailboxName,
        separator: char,
    ) -> Result<Vec<MailboxName>, MailboxError> {
        if matches!(self.names.get(name), Some(Some(_))) {
            return Err(MailboxError::AlreadyExists);
        }
        let text = name.as_str();
        if text.split(separator).any(str::is_empty) {
            return Err(MailboxError::CannotBe);
        }
        let above = text.match_indices(separator).map(|(end, _)| &text[..end]);
        let mut missing = Vec::new();
        for level in above {
            let level = MailboxName::new(level).map_err(|_| MailboxError::CannotBe)?;
            if !self.names.contains_key(&level) {
                missing.push(level);
            }
        }
        missing.push(name.clone());
        if self.names.len() + missing.len() > Self::MAX_NAMES {
            return Err(MailboxError::Limit);
        }
        Ok(missing)
    }

    pub(super) fn insert(&mut self, name: MailboxName, mailbox: MailboxId) {
        self.names.insert(name, Some(mailbox));
    }

    /// Takes the mailbox off the name, and gives it. The name stays where it has inferiors.
    pub(super) fn remove(
        &mut self,
        name: &MailboxName,
        separator: char,
    ) -> Result<Option<MailboxId>, MailboxError> {
        let mailbox = *self.names.get(name).ok_or(MailboxError::NonExistent)?;
        if name.is_inbox() {
            return Err(MailboxError::CannotBe);
        }
        if self.inferiors(name, separator).next().is_none() {
            self.names.remove(name);
        } else if mailbox.is_some() {
            self.names.insert(name.clone(), None);
        } else {
            return Err(MailboxError::HasChildren);
        }
        Ok(mailbox)
    }

    /// The names that move when `from` is renamed to `to`: old and new, `from` first. Fails when one
    /// would be too long.
    pub(super) fn moves(
        &self,
        from: &MailboxName,
        to: &MailboxName,
        separator: char,
    ) -> Result<Vec<(MailboxName, MailboxName)>, MailboxError> {
        let mut moves = vec![(from.clone(), to.clone())];
        for old in self.inferiors(from, separator) {
            let renamed = [to.as_str(), &old.as_str()[from.as_str().len()..]].concat();
            let new = MailboxName::new(&renamed).map_err(|_| MailboxError::CannotBe)?;
            moves.push((old.clone(), new));
        }
        Ok(moves)
    }

    /// Renames as [`Account::moves`] says. Superiors of the new names are the caller's care.
    pub(super) fn rename(&mut self, moves: Vec<(MailboxName, MailboxName)>) {
        let moved: Vec<_> = moves
            .into_iter()
            .map(|(old, new)| (new, self.names.remove(&old).expect("a name that moves exists")))
            .collect();
        self.names.extend(moved);
    }

    /// Whether `below` is an inferior of `above`.
    pub(super) fn is_inferior(below: &MailboxName, above: &MailboxName, separator: char) -> bool {
        let rest = below.as_str().strip_prefix(above.as_str());
        rest.is_some_and(|rest| rest.starts_with(separator))
    }

    /// The names below `name`, in order.
    fn inferiors(&self, name: &MailboxName, separator: char) -> impl Iterator<Item = &MailboxName> {
        let above = name.clone();
        // Names below stand together after `name`, though perhaps with others between
        // ("a", "a b", "a.b"), all with `name` as prefix.
        self.names
            .range((Bound::Excluded(name.clone()), Bound::Unbounded))
            .map(|(name, _)| name)
            .take_while({
                let above = above.clone();
                move |name| name.as_str().starts_with(above.as_str())
            })
            .filter(move |name| Account::is_inferior(name, &above, separator))
    }
}
