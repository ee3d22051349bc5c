//! Which entry answers a query: ranges, replies that are used once, or nobody.
//!
//! The two dialects differ. Unbound's tries all ranges of the current step, the last of the file
//! first; Deckard's takes the first one that fits and goes no further. Replies used once answer for
//! any server.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::proto::dns::{Message, Transport};
use crate::rpl::matching::{self, Came, Level};
use crate::rpl::{Action, Dialect, Entry, Scenario};

/// What is to be said to a query.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decision<'s> {
    /// This.
    Entry(&'s Entry),
    /// Nothing matches: SERVFAIL.
    Miss,
    /// Nothing, for good.
    Silence,
    /// Nothing now; a later step may say something.
    Pending,
}

/// A query of the resolver, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) server: IpAddr,
    pub(super) message: &'a Message,
    pub(super) transport: Transport,
}

/// Keeps book of what was used.
#[derive(Debug)]
pub(super) struct Cast {
    /// Steps whose reply was used.
    spent: BTreeSet<usize>,
    /// Lines of the entries that were used.
    used: BTreeSet<usize>,
    /// Queries without an entry get no answer: the file counts on time-outs.
    silent: bool,
}

impl Cast {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let waits = |action: &Action| matches!(action, Action::Timeout | Action::Error);
        let silent = scenario.steps.iter().any(|step| waits(&step.action));
        Cast { spent: BTreeSet::new(), used: BTreeSet::new(), silent }
    }

    /// Decides about a query while the step at `current` is the current one. With `stuck`, nothing
    /// else would happen but time going by.
    pub(super) fn decide<'s>(
        &mut self,
        scenario: &'s Scenario,
        current: usize,
        asked: Asked<'_>,
        stuck: bool,
    ) -> Decision<'s> {
        let last = scenario.steps.last();
        let number = scenario.steps.get(current).or(last).map_or(0, |step| step.number);
        let decision = match scenario.dialect {
            Dialect::Unbound => self.of_unbound(scenario, current, number, asked, stuck),
            Dialect::Deckard => self.of_deckard(scenario, current, number, asked),
        };
        if let Decision::Entry(entry) = decision {
            self.used.insert(entry.line);
        }
        decision
    }

    /// Whether the current step is a `CHECK_OUT_QUERY` that this query fulfils; with the entry if
    /// that answers it.
    pub(super) fn check_out<'s>(
        &mut self,
        scenario: &'s Scenario,
        current: usize,
        asked: Asked<'_>,
    ) -> Option<Option<&'s Entry>> {
        let Action::CheckOutQuery(entry) = &scenario.steps.get(current)?.action else {
            return None;
        };
        if self.spent.contains(&current) || !fits(scenario, entry, asked) {
            return None;
        }
        self.spent.insert(current);
        self.used.insert(entry.line);
        Some(entry.adjust.copy_id.then_some(entry))
    }

    fn of_unbound<'s>(
        &mut self,
        scenario: &'s Scenario,
        current: usize,
        number: u32,
        asked: Asked<'_>,
        stuck: bool,
    ) -> Decision<'s> {
        let own = || scenario.ranges.iter().rev().filter(|range| range.serves(asked.server));
        let entries = own().filter(|range| range.covers(number)).flat_map(|range| &range.entries);
        if let Some(entry) = entries.into_iter().find(|entry| fits(scenario, entry, asked)) {
            return Decision::Entry(entry);
        }
        let unspent = |(index, entry): &(usize, &Entry)| {
            !self.spent.contains(index) && fits(scenario, entry, asked)
        };
        match one_shots(scenario).find(unspent) {
            Some((index, entry)) if index <= current || stuck => {
                self.spent.insert(index);
                return Decision::Entry(entry);
            }
            Some(_) => return Decision::Pending,
            None => {}
        }
        let has_one_now = own().any(|range| range.covers(number));
        let later = own().filter(|range| range.first > number).flat_map(|range| &range.entries);
        if !has_one_now && later.into_iter().any(|entry| fits(scenario, entry, asked)) {
            return Decision::Pending;
        }
        if self.silent || own().next().is_none() { Decision::Silence } else { Decision::Miss }
    }

    fn of_deckard<'s>(
        &mut self,
        scenario: &'s Scenario,
        current: usize,
        number: u32,
        asked: Asked<'_>,
    ) -> Decision<'s> {
        let own = || scenario.ranges.iter().filter(|range| range.serves(asked.server));
        if let Some(range) = own().find(|range| range.covers(number)) {
            let found = range.entries.iter().find(|entry| fits(scenario, entry, asked));
            return found.map_or(self.miss(), Decision::Entry);
        }
        let unspent = |(index, entry): &(usize, &Entry)| {
            *index >= current && !self.spent.contains(index) && fits(scenario, entry, asked)
        };
        if let Some((index, entry)) = one_shots(scenario).find(unspent) {
            self.spent.insert(index);
            return Decision::Entry(entry);
        }
        if own().next().is_some() || one_shots(scenario).next().is_some() {
            self.miss()
        } else {
            Decision::Silence
        }
    }

    fn miss<'s>(&self) -> Decision<'s> {
        if self.silent { Decision::Silence } else { Decision::Miss }
    }

    /// Lines of mandatory entries that were not used.
    pub(super) fn unused(&self, scenario: &Scenario) -> Vec<usize> {
        let mandatory = scenario.entries().filter(|entry| entry.mandatory);
        mandatory.map(|entry| entry.line).filter(|line| !self.used.contains(line)).collect()
    }
}

/// The replies that are used once, with the index of their steps.
fn one_shots(scenario: &Scenario) -> impl Iterator<Item = (usize, &Entry)> {
    let unbound = scenario.dialect == Dialect::Unbound;
    scenario.steps.iter().enumerate().filter_map(move |(index, step)| match &step.action {
        Action::Reply(entry) => Some((index, entry)),
        Action::CheckOutQuery(entry) if unbound && entry.adjust.copy_id => Some((index, entry)),
        _ => None,
    })
}

fn fits(scenario: &Scenario, entry: &Entry, asked: Asked<'_>) -> bool {
    let came = Came {
        message: asked.message,
        transport: asked.transport,
        dialect: scenario.dialect,
        level: Level::Strict,
        ttl_slack_secs: 0,
    };
    matching::matches(entry, came)
}
