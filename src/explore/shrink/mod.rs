//! The least scenario that still fails: parts are taken out of a failing one as long as it fails as it
//! did.
//!
//! Delta debugging on the JSON value (`ddmin`), from the top of the file down (Misherghi and Su,
//! ICSE 2006): whole sections first, then faults, steps of the agenda, clients, domains, hosts, zones
//! and links, then what is in each of them, down to single keys, which then have their defaults. What
//! referred to something that went goes too (`repair`); a candidate that is no right scenario even
//! so is given up without a run. Last, times, sizes and shares become simpler (`simplify`).
//!
//! What has to stay is the failure: the same law, the same expectation, a panic at the same place. If
//! the whole scenario does not fail without its faults, or else with some other seed, neither may a
//! smaller one: else a mailbox would soon be empty because nobody writes any more (`trial`).
//!
//! Candidates are tried side by side, and the first one in order that does is taken: what is left does
//! not depend on the number of threads.

mod ddmin;
mod place;
mod repair;
mod simplify;
mod trial;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;

use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use crate::engine::Seed;
use crate::scenario::{Finding, Plan, Source, pretty};

use super::case::Case;
use super::outcome::{Failure, FailureKind};
use super::play::play;
use super::runner::Runner;
use place::{Place, Step};
use trial::{Guard, Trial, Tried};

/// A scenario out of which nothing more can be taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shrunk {
    /// The scenario.
    pub scenario: Map<String, Value>,
    /// How it fails.
    pub failure: Failure,
    /// How many runs that took.
    pub runs: u64,
    /// What was taken out, in order.
    pub steps: Vec<String>,
    /// How much there was of everything, and how much is left, where that differs.
    pub sizes: Vec<Size>,
}

/// How much there was of something, and how much is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Of what, in the plural: `faults`.
    pub nouns: &'static str,
    /// In the scenario as it was.
    pub before: usize,
    /// In what is left.
    pub after: usize,
}

/// Makes the scenario of a case as small as it can be while it fails as it does; `None` when it does
/// not fail. Of several things that are broken, a panic counts before a law, and a law before an
/// expectation.
///
/// # Errors
/// The mistakes of the faults of the case.
pub fn shrink(
    source: &Source,
    case: &Case,
    runner: &Runner<'_>,
) -> Result<Option<Shrunk>, Vec<Finding>> {
    let scenario = case.scenario(source);
    let plan = source.plan_of(&scenario)?;
    let mut value = Value::Object(scenario);
    let before = value.clone();
    let failures = play(&plan, Seed(plan.seed)).failures;
    let Some(target) = failures.into_iter().min_by_key(|failure| failure.kind) else {
        return Ok(None);
    };
    let mut runs = 1;
    let mut steps = Vec::new();
    if let Some(broken) = target.place.as_deref().and_then(Place::parse) {
        let expectation = broken.get(&value).expect("what is broken is there").clone();
        if value["expect"].as_array().is_some_and(|expect| expect.len() > 1) {
            steps.push(format!("all expectations but {broken}"));
        }
        value["expect"] = Value::Array(vec![expectation]);
    }
    let mut trial = Trial { source, target, guard: Guard::None };
    let guarded = trial.find_guard(&value, &plan);
    trial.guard = guarded.0;
    runs += guarded.1;
    let mut shrinker = Shrinker { trial, runner, value, known: BTreeSet::new(), runs, steps };
    shrinker.shrink();
    let Shrinker { trial, value, mut runs, steps, .. } = shrinker;
    let Value::Object(scenario) = &value else { unreachable!("a scenario is an object") };
    let plan = source.plan_of(scenario).expect("what fails is a right scenario");
    let failure = trial.failure(&plan, plan.seed).expect("it has failed so before");
    runs += 1;
    let sizes = sizes(source, &before, &value);
    let scenario = titled(scenario, source, case, &failure);
    Ok(Some(Shrunk { scenario, failure, runs, steps, sizes }))
}

/// The scenario with words on what it shows.
fn titled(
    scenario: &Map<String, Value>,
    source: &Source,
    case: &Case,
    failure: &Failure,
) -> Map<String, Value> {
    let title = match failure.kind {
        FailureKind::Panic => format!("Panics at {}", failure.name),
        FailureKind::Law => format!("Breaks the law of {}", failure.name),
        FailureKind::Expectation => "Does not come to what is expected".to_owned(),
    };
    let name = source.name().rsplit(['/', '\\']).next().unwrap_or_default();
    let description = format!("What is left of {name}, {}. {}.", case.label, failure.why);
    let mut titled = Map::new();
    titled.insert("title".to_owned(), Value::from(title));
    titled.insert("description".to_owned(), Value::from(description));
    let words = ["title", "description"];
    let rest = scenario.iter().filter(|(key, _)| !words.contains(&key.as_str()));
    titled.extend(rest.map(|(key, value)| (key.clone(), value.clone())));
    titled
}

struct Shrinker<'s, 'r> {
    trial: Trial<'s>,
    runner: &'r Runner<'r>,
    value: Value,
    /// The digests of candidates that are known not to do.
    known: BTreeSet<u128>,
    runs: u64,
    steps: Vec<String>,
}

impl Shrinker<'_, '_> {
    fn shrink(&mut self) {
        for words in ["$schema", "title", "description", "swarm"] {
            Place::default().at(Step::Key(words.to_owned())).remove(&mut self.value);
        }
        for _ in 0..MOST_PASSES {
            let before = self.value.clone();
            self.reduce();
            self.simplify();
            if self.value == before {
                return;
            }
        }
    }

    /// Takes out what can go, from the top of the file down.
    fn reduce(&mut self) {
        let mut places = VecDeque::from([Place::default()]);
        while let Some(place) = places.pop_front() {
            let mut children = place.children(&self.value);
            if place == Place::default() {
                children.sort_by_key(rank);
            }
            // What is expected is not made weaker.
            let is_kept = self.trial.target.kind == FailureKind::Expectation;
            children.retain(|child| !(is_kept && is_in(child, &["expect"])));
            // A fault without its end is no simpler one.
            let is_end = |child: &Place| child.0.last() == Some(&Step::Key("for".to_owned()));
            children.retain(|child| !(is_in(child, &["faults"]) && is_end(child)));
            let gone = self.take_out(&place, &children);
            let left = children.into_iter().filter(|child| !gone.contains(child));
            let moved = |child: Place| shifted(child, &gone);
            places.extend(left.map(moved));
        }
    }

    /// Takes out as many of these places as can go; hands back those that went.
    fn take_out(&mut self, parent: &Place, children: &[Place]) -> Vec<Place> {
        let all: Vec<usize> = (0..children.len()).collect();
        let base = self.value.clone();
        let mut found = None;
        let left = ddmin::ddmin(children.len(), |candidates| {
            let values = candidates.iter().map(|left| {
                let gone = all.iter().filter(|at| !left.contains(at));
                let mut value = base.clone();
                Place::remove_all(gone.map(|at| children[*at].clone()).collect(), &mut value);
                value
            });
            let values = values.collect();
            let (which, value) = self.first(values)?;
            found = Some(value);
            Some(which)
        });
        let Some(value) = found else { return Vec::new() };
        let gone: Vec<Place> =
            all.iter().filter(|at| !left.contains(at)).map(|at| children[*at].clone()).collect();
        // What a candidate was repaired by may have moved more: then the next pass sees to the rest.
        let mut alone = base;
        Place::remove_all(gone.clone(), &mut alone);
        let also = if alone == value { "" } else { ", and what referred to it" };
        self.steps.push(match (children.len(), gone.as_slice()) {
            (_, [only]) => format!("{only}{also}"),
            (count, many) => format!("{} of {count} in {parent}{also}", many.len()),
        });
        self.value = value;
        gone
    }

    /// Puts simpler values in the place of others.
    fn simplify(&mut self) {
        let mut places = vec![Place::default()];
        while let Some(place) = places.pop() {
            let children = place.children(&self.value).into_iter().rev();
            places.extend(children.filter(|child| !is_in(child, &["expect", "seed"])));
            // Again, as long as it helps: each is simpler than the one before.
            while let Some(here) = place.get(&self.value) {
                let before = here.clone();
                let candidates = simplify::simpler(&before);
                let values = candidates.iter().map(|simple| {
                    let mut value = self.value.clone();
                    *place.get_mut(&mut value).expect("it is there") = simple.clone();
                    value
                });
                let values: Vec<Value> = values.collect();
                let Some((_, value)) = self.first(values) else { break };
                let after = place.get(&value).cloned().unwrap_or(Value::Null);
                self.steps.push(format!("{place}: {before} became {after}"));
                self.value = value;
                if after == Value::Null {
                    break;
                }
            }
        }
    }

    /// The first of the candidates that fails as it has to, made right.
    fn first(&mut self, candidates: Vec<Value>) -> Option<(usize, Value)> {
        let digests: Vec<u128> =
            candidates.iter().map(|value| xxh3_128(value.to_string().as_bytes())).collect();
        let tried = Mutex::new(BTreeMap::new());
        let (trial, known) = (&self.trial, &self.known);
        let found = self.runner.pool().install(|| {
            let candidates = candidates.into_par_iter().zip(&digests).enumerate();
            candidates.with_max_len(1).find_map_first(|(at, (candidate, digest))| {
                if known.contains(digest) {
                    return None;
                }
                let Tried { fails, runs } = trial.attempt(candidate);
                tried.lock().expect("no thread panics").insert(at, runs);
                fails.map(|value| (at, value))
            })
        });
        // What was tried behind the first one was tried for nothing, and on other machines perhaps
        // not at all.
        let last = found.as_ref().map_or(usize::MAX, |(at, _)| *at);
        let tried = tried.into_inner().expect("no thread panics");
        let runs: u64 = tried.range(..=last).map(|(_, runs)| runs).sum();
        self.runs += runs;
        (self.runner.on_run)(found.is_none());
        self.known.extend(digests.iter().take(last));
        found
    }
}

const MOST_PASSES: usize = 8;

/// In which order the sections of a scenario are looked at: first what makes runs short.
fn rank(place: &Place) -> usize {
    const ORDER: [&str; 10] = [
        "expect", "faults", "agenda", "clients", "domains", "hosts", "zones", "network", "dns",
        "until",
    ];
    match place.0.first() {
        Some(Step::Key(key)) => ORDER.iter().position(|one| one == key).unwrap_or(ORDER.len()),
        _ => ORDER.len(),
    }
}

fn is_in(place: &Place, sections: &[&str]) -> bool {
    matches!(place.0.first(), Some(Step::Key(key)) if sections.contains(&key.as_str()))
}

/// The place where a child is, after its siblings went.
fn shifted(child: Place, gone: &[Place]) -> Place {
    let Place(mut steps) = child;
    if let Some(Step::Index(index)) = steps.last_mut() {
        let before = *index;
        let earlier = gone.iter().filter(|one| match one.0.last() {
            Some(Step::Index(other)) => *other < before,
            _ => false,
        });
        *index = before - earlier.count();
    }
    Place(steps)
}

/// How much there is of everything that people count, in the scenario and in what it is expanded to.
fn sizes(source: &Source, before: &Value, after: &Value) -> Vec<Size> {
    let measures: [(&'static str, Measure); 9] = [
        ("faults", |_, value| length(value, "faults")),
        ("agenda steps", |_, value| length(value, "agenda")),
        ("expectations", |_, value| length(value, "expect")),
        ("domains", |_, value| length(value, "domains")),
        ("users", |source, value| {
            planned(source, value, |plan| {
                plan.domains.values().map(|domain| domain.users.len()).sum()
            })
        }),
        ("hosts", |source, value| planned(source, value, |plan| plan.hosts.len())),
        ("zones", |source, value| planned(source, value, |plan| plan.zones.len())),
        ("links", |source, value| planned(source, value, |plan| plan.links.len())),
        ("lines", |_, value| {
            value.as_object().map_or(0, |members| pretty(members).lines().count())
        }),
    ];
    let sizes = measures.into_iter().map(|(nouns, measure)| Size {
        nouns,
        before: measure(source, before),
        after: measure(source, after),
    });
    sizes.filter(|size| size.before != size.after).collect()
}

/// Counts something in a scenario.
type Measure = fn(&Source, &Value) -> usize;

fn length(value: &Value, section: &str) -> usize {
    match value.get(section) {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(members)) => members.len(),
        _ => 0,
    }
}

fn planned(source: &Source, value: &Value, count: fn(&Plan) -> usize) -> usize {
    let plan = value.as_object().and_then(|members| source.plan_of(members).ok());
    plan.map_or(0, |plan| count(&plan))
}
