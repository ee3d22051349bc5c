//! The addresses that a recipient stands for.
//!
//! As Postfix's virtual aliases: an alias may lead to further aliases and to addresses outside, and
//! one that names itself among its targets ends there, so that a mailbox can keep a copy of what
//! is sent on.

use std::collections::BTreeSet;

use crate::engine::UnixTime;
use crate::proto::smtp::Mailbox;

use super::config::MtaConfig;
use super::owner::owner;

/// The addresses that `first` stands for on that date, each once: itself, or what its aliases lead
/// to. None when its aliases lead nowhere but to each other.
pub(super) fn expand(first: &Mailbox, config: &MtaConfig, date: UnixTime) -> Vec<Mailbox> {
    targets(first, config, date).unwrap_or_else(|| vec![first.clone()])
}

/// The addresses that `first` stands for, each once; `None` when it stands for itself, as most do.
pub(super) fn targets(first: &Mailbox, config: &MtaConfig, date: UnixTime) -> Option<Vec<Mailbox>> {
    others(first, config, date)?;
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([first.clone()]);
    let mut open = vec![first.clone()];
    while let Some(mailbox) = open.pop() {
        let Some(targets) = others(&mailbox, config, date) else {
            found.push(mailbox);
            continue;
        };
        if targets.contains(&mailbox) {
            found.push(mailbox);
        }
        // Reversed, so that the first target is taken from the stack first.
        let new = targets.into_iter().rev().filter(|target| seen.insert(target.clone()));
        open.extend(new);
    }
    Some(found)
}

/// Who gets the mail for an address instead of its owner.
fn others(mailbox: &Mailbox, config: &MtaConfig, date: UnixTime) -> Option<Vec<Mailbox>> {
    let domain = config.domain(mailbox.domain())?;
    owner(domain, mailbox, date).others()
}

#[cfg(test)]
mod tests {
    use super::super::config::{Domain, Transport};
    use super::*;

    fn check(aliases: &[(&str, &[&str])], first: &str, wanted: &[&str]) {
        let mut config = MtaConfig::new("mx.example.net", Vec::new());
        let mut domain = Domain::open(Transport::Mailbox, None);
        for (alias, targets) in aliases {
            let targets = targets.iter().map(|target| target.parse().unwrap()).collect();
            domain.aliases.insert((*alias).to_owned(), targets);
        }
        config.domains.insert("example.net".into(), domain);
        let found = expand(&first.parse().unwrap(), &config, UnixTime(0));
        let found: Vec<_> = found.iter().map(Mailbox::as_str).collect();
        assert_eq!(found, wanted, "{first}");
    }

    #[test]
    fn aliases_lead_on_and_outside_each_address_once() {
        let aliases: &[(&str, &[&str])] = &[
            ("all", &["team@example.net", "carol@example.net", "ext@example.org"]),
            ("team", &["bob@example.net", "carol@example.net"]),
        ];
        check(aliases, "bob@example.net", &["bob@example.net"]);
        check(aliases, "TEAM@EXAMPLE.NET", &["bob@example.net", "carol@example.net"]);
        // carol is named twice and comes where the walk first met her.
        let all = ["bob@example.net", "carol@example.net", "ext@example.org"];
        check(aliases, "all@example.net", &all);
    }

    #[test]
    fn an_alias_to_itself_keeps_a_copy() {
        let aliases: &[(&str, &[&str])] = &[("bob", &["bob@example.net", "eve@example.org"])];
        check(aliases, "bob@example.net", &["bob@example.net", "eve@example.org"]);
    }

    #[test]
    fn a_cycle_leads_nowhere() {
        let aliases: &[(&str, &[&str])] =
            &[("a", &["b@example.net"]), ("b", &["c@example.net"]), ("c", &["a@example.net"])];
        check(aliases, "a@example.net", &[]);
    }
}
