//! Whose an address of an own domain is.
//!
//! As Postfix: the whole local part is looked up first, then what stands before the
//! `recipient_delimiter`; of what is found for the latter, the detail is handed on to the addresses
//! that an alias stands for (`propagate_unmatched_extensions`). Then come addresses of SRS that this
//! host has made, and last the catch-all of the domain.
//!
//! Deviation: an address that has a detail of its own gets no second one, so that no alias can grow
//! without end.

use std::borrow::Cow;

use crate::engine::UnixTime;
use crate::proto::imap::AccountId;
use crate::proto::mail::Srs;
use crate::proto::mail::encode::quote_local_part;
use crate::proto::smtp::Mailbox;
use crate::store::mailbox::MailStore;

use super::config::{Domain, MailingList, Restriction, list_of_part};

/// Whose an address is. Names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner<'a> {
    /// A user's, by this name.
    User { name: Cow<'a, str> },
    /// It is an alias, by this name, and stands for these.
    Alias { name: String, targets: Vec<Mailbox> },
    /// A mailing list's, by this name.
    List { name: String, list: &'a MailingList },
    /// Nobody has it, but these get its mail: who looks after a list, whom an address of SRS leads
    /// back to, the catch-all.
    Others(Vec<Mailbox>),
    /// Somebody's: who exists is not known here.
    Anybody,
    /// Nobody's, and why.
    Nobody(&'static str),
}

impl Owner<'_> {
    /// Who gets its mail instead; `None` where it is for its owner.
    pub(super) fn others(self) -> Option<Vec<Mailbox>> {
        match self {
            Owner::Alias { targets, .. } | Owner::Others(targets) => Some(targets),
            _ => None,
        }
    }

    /// From whom it takes mail. Of an owner who is not known here, the local part counts, in lower
    /// case, with its detail or without.
    pub(super) fn restriction<'d>(&self, domain: &'d Domain, local_part: &str) -> &'d Restriction {
        let of = |name: &str| domain.restrictions.get(name);
        let own = match self {
            Owner::User { name } => of(name),
            Owner::Alias { name, .. } | Owner::List { name, .. } => of(name),
            Owner::Anybody => {
                let of_name = || of(domain.split_detail(local_part)?.0);
                of(local_part).or_else(of_name)
            }
            Owner::Others(_) | Owner::Nobody(_) => None,
        };
        own.unwrap_or(&domain.restriction)
    }
}

/// Whose the address is, which is one of `domain`. `date` tells whether an address of SRS is still
/// good.
pub(super) fn owner<'a>(domain: &'a Domain, address: &Mailbox, date: UnixTime) -> Owner<'a> {
    let written = address.unquoted_local_part();
    let is_lower = !written.bytes().any(|b| b.is_ascii_uppercase());
    let local_part =
        if is_lower { Cow::Borrowed(&*written) } else { Cow::Owned(written.to_ascii_lowercase()) };
    let whole = || named(domain, &local_part, None);
    let before_detail = || {
        // The detail keeps its case: it may name a mailbox.
        let (name, detail) = domain.split_detail(&local_part)?;
        named(domain, name, Some(&written[written.len() - detail.len()..]))
    };
    if let Some(owner) = whole().or_else(before_detail) {
        return owner;
    }
    if let Some(srs) = &domain.srs
        && Srs::is_srs(&written)
    {
        return match srs.reverse(&written, date).map(|back| back.parse()) {
            Ok(Ok(back)) => Owner::Others(vec![back]),
            Ok(Err(_)) => Owner::Nobody("its SRS address leads to no address"),
            Err(_) => Owner::Nobody("its SRS address is not ours, or too old"),
        };
    }
    match &domain.catch_all {
        _ if domain.users.is_none() => Owner::Anybody,
        Some(catch_all) => Owner::Others(vec![catch_all.clone()]),
        None => Owner::Nobody("the user is unknown"),
    }
}

/// Whose a local part is that consists of that name and detail.
fn named<'a>(domain: &'a Domain, name: &str, detail: Option<&str>) -> Option<Owner<'a>> {
    if let Some(targets) = domain.aliases.get(name) {
        let targets = targets.iter().map(|target| with_detail(domain, target, detail));
        return Some(Owner::Alias { name: name.to_owned(), targets: targets.collect() });
    }
    if let Some(name) = domain.users.as_ref().and_then(|users| users.get(name)) {
        return Some(Owner::User { name: Cow::Borrowed(name) });
    }
    if domain.numbered.as_ref().is_some_and(|users| users.number(name).is_some()) {
        return Some(Owner::User { name: Cow::Owned(name.to_owned()) });
    }
    if let Some(list) = domain.lists.get(name) {
        return Some(Owner::List { name: name.to_owned(), list });
    }
    let list = domain.lists.get(list_of_part(name)?)?;
    Some(Owner::Others(vec![list.owner.clone()]))
}

fn with_detail(domain: &Domain, target: &Mailbox, detail: Option<&str>) -> Mailbox {
    let (Some(detail), Some(delimiter)) = (detail, domain.delimiter) else { return target.clone() };
    let local_part = target.unquoted_local_part();
    if local_part.contains(delimiter) {
        return target.clone();
    }
    let longer = format!("{local_part}{delimiter}{detail}");
    let longer = Mailbox::new(&quote_local_part(&longer), target.domain());
    longer.unwrap_or_else(|_| target.clone())
}

/// The account whose mailboxes an address of `domain` means, and the detail of the address. One that
/// exists by a rule is made.
pub(super) fn open_account(
    store: &mut MailStore,
    domain: &Domain,
    address: &Mailbox,
) -> Option<(AccountId, Option<String>)> {
    let found = account(store, domain, address);
    if found.is_some() || domain.numbered.is_none() {
        return found;
    }
    let written = address.unquoted_local_part();
    let name = domain.split_detail(&written).map_or(&*written, |(name, _)| name);
    store.open_account(&format!("{name}@{}", address.domain()))?;
    account(store, domain, address)
}

/// The account whose mailboxes an address of `domain` means, and the detail of the address.
pub(super) fn account(
    store: &MailStore,
    domain: &Domain,
    address: &Mailbox,
) -> Option<(AccountId, Option<String>)> {
    let written = address.unquoted_local_part();
    let of = |name: &str| match name == address.local_part() {
        true => store.account_of(address.as_str()),
        false => store.account_of(&format!("{name}@{}", address.domain())),
    };
    let of_name = || {
        let (name, detail) = domain.split_detail(&written)?;
        Some((of(name)?, Some(detail.to_owned())))
    };
    of(&written).map(|account| (account, None)).or_else(of_name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::config::{AcceptFrom, Transport};
    use super::*;
    use crate::proto::smtp::Mailbox;

    const TODAY: UnixTime = UnixTime(1_767_603_600);

    fn domain() -> Domain {
        let users = ["bob", "postmaster", "dash-owner"].map(str::to_owned);
        let mut domain = Domain::open(Transport::Mailbox, Some(users.into()));
        domain.delimiter = Some('+');
        let address = |text: &str| text.parse::<Mailbox>().unwrap();
        domain.aliases.insert("sales".into(), vec![address("bob@example.com")]);
        domain.aliases.insert("own".into(), vec![address("bob+own@example.com")]);
        domain.lists.insert(
            "team".into(),
            MailingList {
                members: Vec::new(),
                members_only: false,
                owner: address("bob@example.com"),
                subject_prefix: None,
                reply_to: None,
                verp: true,
            },
        );
        domain
    }

    fn check(domain: &Domain, local_part: &str, wanted: &str) {
        let address = Mailbox::new(local_part, "example.com").unwrap();
        let found = match owner(domain, &address, TODAY) {
            Owner::User { name } => format!("user {name}"),
            Owner::Alias { targets: others, .. } | Owner::Others(others) => {
                let others: Vec<_> = others.iter().map(Mailbox::as_str).collect();
                others.join(" ")
            }
            Owner::List { name, .. } => format!("list {name}"),
            Owner::Anybody => "anybody".into(),
            Owner::Nobody(why) => why.into(),
        };
        assert_eq!(found, wanted, "{local_part}");
    }

    #[test]
    fn the_whole_local_part_goes_before_what_stands_before_the_delimiter() {
        let mut domain = domain();
        check(&domain, "Bob", "user bob");
        check(&domain, "Bob+Lists", "user bob");
        check(&domain, "bob+", "user bob");
        check(&domain, "\"bob+a b\"", "user bob");
        check(&domain, "+bob", "the user is unknown");
        check(&domain, "eve+bob", "the user is unknown");
        domain.users.as_mut().unwrap().insert("bob+lists".into());
        check(&domain, "Bob+Lists", "user bob+lists");
        domain.delimiter = None;
        check(&domain, "bob+x", "the user is unknown");
    }

    #[test]
    fn a_restriction_is_that_of_the_owner_and_of_nobody_whose_name_is_shorter() {
        let mut domain = domain();
        domain.delimiter = Some('-');
        domain.users.as_mut().unwrap().insert("bob-smith".into());
        for name in ["bob", "team"] {
            let closed = Restriction { from: AcceptFrom::Nobody, ..Restriction::none() };
            domain.restrictions.insert(name.into(), closed);
        }
        let is_closed = |local_part: &str| {
            let address = Mailbox::new(local_part, "example.com").unwrap();
            let owner = owner(&domain, &address, TODAY);
            owner.restriction(&domain, local_part).from == AcceptFrom::Nobody
        };
        assert!(is_closed("bob") && is_closed("bob-x") && is_closed("team"));
        assert!(!is_closed("bob-smith") && !is_closed("sales"));
        assert!(!is_closed("team-bounces") && !is_closed("team-owner"));
    }

    #[test]
    fn an_alias_hands_the_detail_on_but_never_a_second_one() {
        let domain = domain();
        check(&domain, "sales", "bob@example.com");
        check(&domain, "sales+x", "bob+x@example.com");
        check(&domain, "sales+\u{e9}", "bob+\u{e9}@example.com");
        check(&domain, "own+x", "bob+own@example.com");
    }

    #[test]
    fn those_who_look_after_a_list_have_addresses() {
        let domain = domain();
        check(&domain, "TEAM", "list team");
        check(&domain, "team-owner", "bob@example.com");
        check(&domain, "team-Request", "bob@example.com");
        check(&domain, "team-bounces+eve=example.org", "bob@example.com");
        check(&domain, "team-else", "the user is unknown");
        check(&domain, "dash-owner", "user dash-owner");
        let without = Domain { delimiter: None, ..domain };
        check(&without, "team-bounces+eve=example.org", "bob@example.com");
    }

    #[test]
    fn the_catch_all_gets_what_nobody_else_does() {
        let mut domain = domain();
        domain.catch_all = Some("eve@example.org".parse().unwrap());
        check(&domain, "nobody", "eve@example.org");
        check(&domain, "bob", "user bob");
        domain.users = None;
        check(&domain, "nobody", "anybody");
    }

    #[test]
    fn an_address_of_srs_leads_back_for_three_weeks() {
        let mut domain = domain();
        let srs = Srs::new(*b"secret");
        let made = srs.forward("Alice", "example.org", TODAY);
        check(&domain, &made, "the user is unknown");
        domain.srs = Some(Arc::new(srs));
        check(&domain, &made, "Alice@example.org");
        check(&domain, &made.to_ascii_lowercase(), "alice@example.org");
        check(&domain, "SRS0=xxxx=yy=example.org=a", "its SRS address is not ours, or too old");
        let old = domain.srs.as_ref().unwrap().forward(
            "alice",
            "example.org",
            UnixTime(TODAY.0 - 30 * 86_400),
        );
        check(&domain, &old, "its SRS address is not ours, or too old");
    }
}
