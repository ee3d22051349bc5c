//! In whose mailboxes mail for an address comes to lie.

use std::collections::BTreeSet;

use super::{Domain, Plan, User};
use crate::actors::mta::config::{list_of_part, split_detail};

impl Plan {
    /// The users in whose mailboxes mail for `address` comes to lie, each once: whom it names, with a
    /// detail or without, and who is behind an alias, a mailing list or its owner, a forward or a catch-all.
    pub fn readers(&self, address: &str) -> Vec<&User> {
        let mut seen = BTreeSet::new();
        let mut readers: Vec<&User> = Vec::new();
        let mut open = vec![address.to_ascii_lowercase()];
        while let Some(address) = open.pop() {
            if !seen.insert(address.clone()) {
                continue;
            }
            let Some((local, domain)) = self.domain_of(&address) else { continue };
            let (user, others) = domain.behind(local);
            let user = user.filter(|user| readers.iter().all(|one| one.address != user.address));
            readers.extend(user);
            open.extend(others.iter().rev().map(|other| other.to_ascii_lowercase()));
        }
        readers
    }
}

impl Domain {
    /// Who has a mailbox for mail to `local`, in lower case, and to whom it goes on.
    fn behind(&self, local: &str) -> (Option<&User>, &[String]) {
        let named = |name: &str| {
            if let Some(targets) = self.aliases.get(name) {
                return Some((None, targets.as_slice()));
            }
            if let Some(user) = self.users.get(name) {
                return Some(match &user.forward {
                    Some(forward) => (forward.keep.then_some(user), forward.to.as_slice()),
                    None => (Some(user), &[][..]),
                });
            }
            if let Some(list) = self.lists.get(name) {
                return Some((None, list.members.as_slice()));
            }
            let list = self.lists.get(list_of_part(name)?)?;
            Some((None, std::slice::from_ref(&list.owner)))
        };
        let without_detail = || named(split_detail(local, self.delimiter)?.0);
        let nobody = || (None, self.catch_all.as_slice());
        named(local).or_else(without_detail).unwrap_or_else(nobody)
    }
}
