//! One run a seed, with the scenario's own faults or with drawn ones.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::engine::{Seed, SimTime};
use crate::scenario::{Plan, Source};

use super::case::{Case, Label};
use super::play::{play, settled};
use super::relax::Added;
use super::report::Report;
use super::runner::Runner;
use super::swarm::Landscape;

/// Which seeds: from, and up to and with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds(pub RangeInclusive<u64>);

/// Why a text names no seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeedsError {
    /// It is neither a number nor two of them.
    NoNumbers(String),
    /// It ends before it begins.
    Backwards(u64, u64),
}

impl fmt::Display for SeedsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SeedsError::NoNumbers(text) => {
                write!(f, "{text:?} is no range of seeds (write 1..1000, or one number)")
            }
            SeedsError::Backwards(first, last) => {
                write!(f, "{first}..{last} ends before it begins (write {last}..{first})")
            }
        }
    }
}

impl std::error::Error for SeedsError {}

/// `1..1000`, both included; `7` alone.
impl FromStr for Seeds {
    type Err = SeedsError;

    fn from_str(text: &str) -> Result<Self, SeedsError> {
        let number = |part: &str| {
            let is_plain = part.bytes().all(|octet| octet.is_ascii_digit());
            let number = is_plain.then(|| part.parse::<u64>().ok()).flatten();
            number.ok_or_else(|| SeedsError::NoNumbers(text.to_owned()))
        };
        let (first, last) = match text.split_once("..") {
            Some((first, last)) => (number(first)?, number(last.trim_start_matches('='))?),
            None => (number(text)?, number(text)?),
        };
        match first <= last {
            true => Ok(Seeds(first..=last)),
            false => Err(SeedsError::Backwards(first, last)),
        }
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.start(), self.0.end()) {
            (first, last) if first == last => write!(f, "seed {first}"),
            (first, last) => write!(f, "seeds {first}..{last}"),
        }
    }
}

/// Which faults a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Faults {
    /// Those that the scenario names.
    #[default]
    Scenario,
    /// Those, and such as the seed draws.
    Swarm,
}

/// The case of a seed, with what is drawn for it.
pub fn case(plan: &Plan, seed: u64, faults: Faults) -> Case {
    case_in(&Landscape::new(plan), seed, faults)
}

fn case_in(landscape: &Landscape<'_>, seed: u64, faults: Faults) -> Case {
    let label = Label::Seed { number: seed };
    match faults {
        Faults::Scenario => {
            Case { label, seed, faults: Vec::new(), until: None, added: Added::Nothing }
        }
        Faults::Swarm => {
            let until = settled(landscape.plan(), landscape.plan().swarm.until);
            let until = Some(until.since(SimTime::ZERO));
            Case { label, seed, faults: landscape.draw(Seed(seed)), until, added: Added::Drawn }
        }
    }
}

/// Plays one run a seed. The scenario is read once; drawn faults are checked as a person's are.
pub fn explore(source: &Source, seeds: &Seeds, faults: Faults, runner: &Runner<'_>) -> Report {
    let landscape = Landscape::new(source.plan());
    let cases = seeds.0.clone().map(|seed| case_in(&landscape, seed, faults));
    runner.play(cases, |case| match faults {
        Faults::Scenario => play(source.plan(), Seed(case.seed)),
        Faults::Swarm => play(&case.checked_plan(source), Seed(case.seed)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<Seeds>().map(|seeds| seeds.0);
        assert_eq!(read("1..1000"), Ok(1..=1000));
        assert_eq!(read("5..=6"), Ok(5..=6));
        assert_eq!(read("7"), Ok(7..=7));
        assert_eq!(read("9..3").unwrap_err(), SeedsError::Backwards(9, 3));
        for wrong in ["", "..", "1..", "-1..3", "a..b", "1..2..3", "99999999999999999999"] {
            let told = read(wrong).unwrap_err().to_string();
            assert!(told.starts_with(&format!("{wrong:?} is no range of seeds")), "{told}");
        }
    }
}
