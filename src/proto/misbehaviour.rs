//! Servers that misbehave: what the rules of all protocols have in common.
//!
//! A rule says which events of a protocol it is about (a query, a command of a session) and what the
//! server does then. [`Occasion`] says when such a rule applies: from a time to a time, after the first
//! so many events that fit, to so many of them, to each n-th, to a share. [`RuleBook`] keeps the rules of
//! one server and how often each was met; the first rule that applies decides. Pure: time, events and
//! draws go in, a rule comes out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::SimTime;

use super::{access, dns, smtp};

/// When a rule applies, of the events that fit it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Occasion {
    /// From this time on.
    pub from: SimTime,
    /// Before this time.
    pub until: SimTime,
    /// So many events that fit are passed over at first.
    pub skip: u64,
    /// Of those that follow, the first and then every so many; at least 1.
    pub every: u64,
    /// Only so many events; `None`: without end. Counted from the start of the program.
    pub first: Option<u64>,
    /// Only those beyond so many within a time. Counted as rates are by Postfix's `anvil(8)`: from the
    /// first event on for that time, then anew.
    pub above: Option<(u64, Duration)>,
    /// Only those until so long after the first event that fitted.
    pub within: Option<Duration>,
    /// For whom `skip`, `every`, `first`, `above` and `within` are counted.
    pub per: Per,
    /// Which share of the events that are left, from 0 to 1. Below 1 it costs one draw for each.
    pub share: f64,
}

impl Occasion {
    /// Every event at any time.
    pub const ALWAYS: Occasion = Occasion {
        from: SimTime::ZERO,
        until: SimTime::MAX,
        skip: 0,
        every: 1,
        first: None,
        above: None,
        within: None,
        per: Per::Server,
        share: 1.0,
    };

    /// Whether the rule is about that time.
    pub fn is_at(&self, now: SimTime) -> bool {
        (self.from..self.until).contains(&now)
    }
}

impl Default for Occasion {
    fn default() -> Self {
        Occasion::ALWAYS
    }
}

/// For whom events are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// For the server as a whole.
    Server,
    /// For each address that clients come from.
    Client,
    /// For each user who logs in.
    User,
    /// For each session.
    Session,
    /// For each domain of senders.
    SenderDomain,
    /// For each network of clients (a `/24` or `/64`) with sender and recipient, as greylisting does.
    Triplet,
}

/// How often a rule was met by somebody.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    /// Events that fitted.
    met: u64,
    /// Those of them that it was applied to.
    applied: u64,
    /// When the first of them came.
    since: Option<SimTime>,
    /// Since when events are counted for a rate, and how many there were.
    window: (SimTime, u64),
}

impl Tally {
    /// One more event fits: whether the rule applies to it.
    fn meet(&mut self, now: SimTime, when: &Occasion, unit: impl FnOnce() -> f64) -> bool {
        self.met += 1;
        let since = *self.since.get_or_insert(now);
        let is_above = when.above.is_none_or(|(most, per)| self.rate(now, per) > most);
        let Some(place) = self.met.checked_sub(when.skip + 1) else { return false };
        let applies = is_above
            && place % when.every.max(1) == 0
            && when.first.is_none_or(|first| self.applied < first)
            && when.within.is_none_or(|within| now.since(since) < within)
            && (when.share >= 1.0 || unit() < when.share);
        self.applied += u64::from(applies);
        applies
    }

    /// How many events there were within that time, this one with them.
    fn rate(&mut self, now: SimTime, per: Duration) -> u64 {
        let (since, count) = &mut self.window;
        if *count == 0 || now.since(*since) > per {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count
    }
}

/// What comes after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The session goes on.
    GoOn,
    /// The connection is closed in order (FIN).
    Close,
    /// The connection is dropped (RST).
    Reset,
    /// The server hangs: it says and does nothing more until the client goes, or the session's own
    /// limit of time ends it.
    Silence,
}

/// So many octets at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many; at least 1.
    pub octets: usize,
    /// How long before each of them.
    pub every: Duration,
}

/// A rule of some protocol.
pub trait Rule {
    /// When it applies.
    fn occasion(&self) -> &Occasion;
}

/// The rules of one server, and how often each was met.
#[derive(Debug)]
pub struct RuleBook<R> {
    entries: Vec<Entry<R>>,
}

#[derive(Debug)]
struct Entry<R> {
    /// For a rule that was added later: under which number.
    number: Option<u64>,
    rule: Arc<R>,
    all: Tally,
    /// Where it is counted for each of those that it is met by.
    each: BTreeMap<Box<str>, Tally>,
}

impl<R: Rule> RuleBook<R> {
    /// No rule was met yet.
    pub fn new(rules: &[Arc<R>]) -> Self {
        let entry = |rule: &Arc<R>| Entry::new(None, Arc::clone(rule));
        RuleBook { entries: rules.iter().map(entry).collect() }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The rules, in their order.
    pub fn rules(&self) -> impl Iterator<Item = &R> {
        self.entries.iter().map(|entry| &*entry.rule)
    }

    /// Adds a rule, after all others, under this number.
    pub fn add(&mut self, number: u64, rule: Arc<R>) {
        self.entries.push(Entry::new(Some(number), rule));
    }

    /// Takes the rules away that were added under this number.
    pub fn remove(&mut self, number: u64) {
        self.entries.retain(|entry| entry.number != Some(number));
    }

    /// The first rule that applies to an event at this time.
    ///
    /// `fits` says whether a rule is about such an event. `key` names, for a rule that is counted for
    /// each of several, who it is that brings it. `unit` gives a number in [0, 1), and is called for
    /// rules of a share alone.
    pub fn judge(
        &mut self,
        now: SimTime,
        fits: impl Fn(&R) -> bool,
        key: impl Fn(Per) -> String,
        mut unit: impl FnMut() -> f64,
    ) -> Option<Arc<R>> {
        let about = |entry: &&mut Entry<R>| entry.rule.occasion().is_at(now) && fits(&entry.rule);
        for entry in self.entries.iter_mut().filter(about) {
            let when = *entry.rule.occasion();
            let tally = match when.per {
                Per::Server => &mut entry.all,
                per => entry.tally(key(per)),
            };
            if tally.meet(now, &when, &mut unit) {
                return Some(Arc::clone(&entry.rule));
            }
        }
        None
    }
}

impl<R> Entry<R> {
    fn new(number: Option<u64>, rule: Arc<R>) -> Self {
        Entry { number, rule, all: Tally::default(), each: BTreeMap::new() }
    }

    fn tally(&mut self, key: String) -> &mut Tally {
        // Bounded: whoever comes later is counted with all others that do.
        if self.each.len() >= MAX_TALLIES && !self.each.contains_key(&*key) {
            return &mut self.all;
        }
        self.each.entry(key.into()).or_default()
    }
}

/// For how many clients, users or sessions one rule keeps count.
const MAX_TALLIES: usize = 100_000;

/// A rule of any protocol, as an order carries it.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyRule {
    /// For DNS servers.
    Dns(Arc<dns::misbehaviour::Rule>),
    /// For SMTP servers.
    Smtp(Arc<smtp::misbehaviour::Rule>),
    /// For POP3 servers.
    Pop3(Arc<access::Rule>),
    /// For IMAP servers.
    Imap(Arc<access::Rule>),
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Even(Occasion);

    impl Rule for Even {
        fn occasion(&self) -> &Occasion {
            &self.0
        }
    }

    /// At which of the events 0, 1, 2... of `who`, all even, one a second, the rule applies.
    fn check(when: Occasion, who: &[&str], wanted: &[usize]) {
        let mut book = RuleBook::new(&[Arc::new(Even(when))]);
        let mut halves = [0.25, 0.75].into_iter().cycle();
        let applied = (0..).zip(who).filter(|(second, who)| {
            let now = SimTime::from_secs(*second);
            let unit = || halves.next().unwrap();
            book.judge(now, |_| true, |_| (**who).to_owned(), unit).is_some()
        });
        let applied: Vec<usize> = applied.map(|(second, _)| second as usize).collect();
        assert_eq!(applied, wanted, "{when:?}");
    }

    #[test]
    fn a_rule_is_for_a_time_and_for_some_of_the_events() {
        let always = Occasion::ALWAYS;
        let six = ["a"; 6];
        check(always, &six, &[0, 1, 2, 3, 4, 5]);
        let (from, until) = (SimTime::from_secs(2), SimTime::from_secs(4));
        check(Occasion { from, until, ..always }, &six, &[2, 3]);
        check(Occasion { first: Some(2), ..always }, &six, &[0, 1]);
        check(Occasion { skip: 3, ..always }, &six, &[3, 4, 5]);
        check(Occasion { every: 2, ..always }, &six, &[0, 2, 4]);
        check(Occasion { skip: 1, every: 2, first: Some(2), ..always }, &six, &[1, 3]);
        check(Occasion { share: 0.5, ..always }, &six, &[0, 2, 4]);
        check(Occasion { share: 0.5, first: Some(2), ..always }, &six, &[0, 2]);
        check(Occasion { every: 0, ..always }, &["a"], &[0]);
        check(Occasion { within: Some(Duration::from_secs(2)), ..always }, &six, &[0, 1]);
        let above = Some((1, Duration::from_secs(2)));
        check(Occasion { above, ..always }, &six, &[1, 2, 4, 5]);
    }

    #[test]
    fn events_are_counted_for_each_client_where_the_rule_says_so() {
        let first = Occasion { first: Some(1), ..Occasion::ALWAYS };
        let who = ["a", "b", "a", "b", "c"];
        check(first, &who, &[0]);
        check(Occasion { per: Per::Client, ..first }, &who, &[0, 1, 4]);
        check(Occasion { per: Per::Session, skip: 1, ..first }, &who, &[2, 3]);
    }

    #[test]
    fn a_rule_that_is_added_counts_until_it_is_removed_and_the_first_that_applies_decides() {
        let mut book = RuleBook::new(&[]);
        let judge = |book: &mut RuleBook<Even>| {
            let found = book.judge(SimTime::ZERO, |_| true, |_| String::new(), || 0.0);
            found.map(|rule| rule.0.first)
        };
        assert!(book.is_empty());
        assert_eq!(judge(&mut book), None);
        book.add(7, Arc::new(Even(Occasion { first: Some(1), ..Occasion::ALWAYS })));
        book.add(8, Arc::new(Even(Occasion::ALWAYS)));
        assert_eq!(judge(&mut book), Some(Some(1)));
        assert_eq!(judge(&mut book), Some(None));
        book.remove(8);
        assert_eq!(judge(&mut book), None);
        book.remove(7);
        assert!(book.is_empty());
    }
}
