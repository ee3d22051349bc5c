//! How much of a name a server is shown (RFC 9156, QNAME minimisation).
//!
//! A server that can only refer further is shown one label more than the zone that it was asked
//! for, with type A: most servers of a bad make answer that type best (RFC 9156 §2.1). The last
//! label goes out with the whole question, so that a walk costs no query more where every label
//! is a zone. Names of many labels are shown in ten steps at most, the first four of one label
//! each (RFC 9156 §2.3).
//!
//! As Unbound's relaxed mode: whatever is wrong with the reply to a shortened name, an NXDOMAIN
//! too, makes the whole name go out to the same servers, because there are servers that do not know
//! the empty names between their zones and their hosts.
//!
//! Deviation: Unbound asks for type A at the whole name first, before a question of another type.

use crate::proto::dns::{Name, Question, Record, RecordType};

use super::reply::Reply;

/// How far one name has been shown.
#[derive(Debug, Default)]
pub(crate) struct Minimise {
    /// The whole name goes out from now on.
    whole: bool,
    /// Names are shortened to find the parent of a zone, whatever the configuration says.
    forced: bool,
    /// The labels down to which no zone cut was met, from the root.
    passed: usize,
    /// Shortened names that were answered.
    steps: usize,
    /// Shortened names that were not.
    silences: u32,
    /// The shortened name that does not exist, as its servers say.
    pub(crate) denied: Option<Denied>,
}

/// An NXDOMAIN for a shortened name. It counts once the whole name does not exist either.
#[derive(Debug)]
pub(crate) struct Denied {
    /// The name.
    pub(crate) name: Name,
    /// Of the zone that says so.
    pub(crate) soa: Option<Record>,
}

impl Minimise {
    /// What the servers of `zone` are to be shown of `name`; `None` for all of it.
    ///
    /// `is_known` tells of which names it is known already that they stand in the zone.
    pub(crate) fn next(
        &self,
        name: &Name,
        zone: &Name,
        mut is_known: impl FnMut(&Name) -> bool,
    ) -> Option<Name> {
        if self.whole {
            return None;
        }
        let labels = name.label_count();
        let mut shown = self.passed.max(zone.label_count());
        while shown < labels {
            shown += match self.steps {
                ..ONE_LABEL_STEPS => 1,
                ONE_LABEL_STEPS..STEPS => (labels - shown).div_ceil(STEPS - self.steps),
                _ => return None,
            };
            if shown < labels {
                let child = name.last_labels(shown);
                if !is_known(&child) {
                    return Some(child);
                }
            }
        }
        None
    }

    /// Whether a reply to a question for DS came from the child, though there may be a parent that
    /// was not met yet: then the way to it is looked for, once.
    ///
    /// DS stands on the parent's side of a cut (RFC 4035 §3.1.4.1), but a server of both an
    /// ancestor and the child says what the child has: an alias, or nothing with the child's SOA.
    pub(crate) fn finds_parent(&mut self, question: &Question, reply: &Reply, zone: &Name) -> bool {
        let name = &question.name;
        let from_child = match reply {
            Reply::Alias { chain, .. } | Reply::Answer { chain, .. } => {
                chain.first().is_some_and(|link| link.name == *name)
            }
            Reply::Nothing { chain, soa, .. } => {
                chain.first().is_some_and(|link| link.name == *name)
                    || soa.as_ref().is_some_and(|soa| soa.name == *name)
            }
            _ => false,
        };
        if question.rtype != RecordType::Ds || !from_child || self.forced {
            return false;
        }
        *self = Minimise { forced: true, passed: self.passed, ..Minimise::default() };
        self.next(name, zone, |_| false).is_some()
    }

    /// Whether names are shortened whatever the configuration says.
    pub(crate) fn is_forced(&self) -> bool {
        self.forced
    }

    /// A shortened name led to another zone.
    pub(crate) fn referred(&mut self) {
        self.steps += 1;
    }

    /// There is no zone cut between the servers' zone and this name.
    pub(crate) fn pass(&mut self, name: &Name) {
        self.steps += 1;
        self.passed = name.label_count();
    }

    /// A shortened name went unanswered.
    pub(crate) fn unanswered(&mut self) {
        self.silences += 1;
        self.whole |= self.silences >= SILENCES;
    }

    /// Something was wrong with a reply to a shortened name.
    pub(crate) fn relax(&mut self) {
        self.whole = true;
    }

    /// The servers of a zone further up are asked next.
    pub(crate) fn go_up(&mut self) {
        self.passed = 0;
    }
}

/// MINIMISE_ONE_LAB of RFC 9156 §2.3.
const ONE_LABEL_STEPS: usize = 4;
/// MAX_MINIMISE_COUNT of RFC 9156 §2.3.
const STEPS: usize = 10;
/// Unbound's MAX_MINIMISE_TIMEOUT_COUNT.
const SILENCES: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    /// The names that the servers of one zone are shown when none of them is a zone.
    fn walk(full: &str, zone: &str) -> Vec<String> {
        let (full, zone) = (name(full), name(zone));
        let mut minimise = Minimise::default();
        let mut shown = Vec::new();
        while let Some(next) = minimise.next(&full, &zone, |_| false) {
            minimise.pass(&next);
            shown.push(next.to_string());
        }
        shown
    }

    #[test]
    fn one_label_more_each_time() {
        assert_eq!(walk("a.b.example.com.", "."), ["com.", "example.com.", "b.example.com."]);
        assert_eq!(walk("a.b.example.com.", "example.com."), ["b.example.com."]);
        assert_eq!(walk("b.example.com.", "example.com."), [""; 0]);
        assert_eq!(walk("example.com.", "example.com."), [""; 0]);
        assert_eq!(walk(".", "."), [""; 0]);
    }

    #[test]
    fn long_names_take_ten_steps() {
        // RFC 9156 §2.3 has a name of 18 labels below the known zone.
        let labels: Vec<String> = (1..=18).rev().map(|label| format!("{label}.")).collect();
        let shown = walk(&labels.concat(), ".");
        let counts: Vec<usize> = shown.iter().map(|text| name(text).label_count()).collect();
        assert_eq!(counts, [1, 2, 3, 4, 7, 10, 12, 14, 16]);
        let nibbles = format!("{}ip6.arpa.", "0.".repeat(32));
        assert_eq!(walk(&nibbles, ".").len(), 9);
        assert_eq!(walk(&"a.".repeat(127), ".").len(), 9);
    }

    #[test]
    fn names_known_to_be_no_zones_are_stepped_over() {
        let minimise = Minimise::default();
        let next =
            minimise.next(&name("c.b.a.com."), &name("com."), |known| *known == name("a.com."));
        assert_eq!(next, Some(name("b.a.com.")));
        assert_eq!(minimise.next(&name("c.b.a.com."), &name("com."), |_| true), None);
    }

    #[test]
    fn errors_and_silence_end_it() {
        let (full, zone) = (name("a.b.com."), name("com."));
        let mut minimise = Minimise::default();
        for _ in 0..3 {
            assert!(minimise.next(&full, &zone, |_| false).is_some());
            minimise.unanswered();
        }
        assert_eq!(minimise.next(&full, &zone, |_| false), None);
        let mut minimise = Minimise::default();
        minimise.relax();
        assert_eq!(minimise.next(&full, &zone, |_| false), None);
    }
}
