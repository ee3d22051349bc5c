//! A scenario and its world together: the short way in for tests written in Rust.
//!
//! What a [`Simulation`] hands out is the floors below: the [`Plan`], the [`World`], the
//! transcript, the summary, the verdicts on what the scenario expects.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use crate::engine::{Fingerprint, Seed, SimTime};
use crate::proto::imap::{MailboxName, Message};
use crate::report::expect::{self, Verdict};
use crate::report::laws::{self, Broken};
use crate::report::{Capture, Summary, Transcript};
use crate::scenario::{self, Files, Finding, NoFiles, Plan};
use crate::world::{BuildError, Ended, Threads, World};

/// A scenario that is played.
///
/// ```
/// use mxsim::Simulation;
///
/// let mut simulation = Simulation::parse(r#"{
///     "domains": {
///         "example.org": {"users": ["alice"]},
///         "example.com": {"users": ["bob"], "policy": {"accept_from": "inside"}}
///     },
///     "agenda": [{"at": "1s", "client": "alice@example.org",
///                 "send": {"to": "bob@example.com", "subject": "Hello", "text": "Hello Bob"}}]
/// }"#)?;
/// simulation.run();
///
/// // bob's domain takes mail from inside alone, so alice has a bounce.
/// assert!(simulation.mailbox("bob@example.com", "INBOX").is_empty());
/// let [bounce] = simulation.mailbox("alice@example.org", "INBOX") else { panic!("one bounce") };
/// assert!(String::from_utf8_lossy(bounce.data()).contains("Status: 5.7.1"));
///
/// // The transcript is stable: a snapshot test may hold it to the byte.
/// let transcript = simulation.transcript().to_string();
/// assert!(transcript.contains("RCPT TO:<bob@example.com>"));
/// # Ok::<(), mxsim::SimulationError>(())
/// ```
pub struct Simulation {
    plan: Plan,
    world: World,
}

/// Why there is no simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SimulationError {
    /// All mistakes of the scenario.
    Scenario(Vec<Finding>),
    /// All mistakes of a plan that was put together in code.
    World(Vec<BuildError>),
}

impl fmt::Display for SimulationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = match self {
            SimulationError::Scenario(findings) => {
                findings.iter().map(ToString::to_string).collect()
            }
            SimulationError::World(errors) => errors.iter().map(ToString::to_string).collect(),
        };
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for SimulationError {}

impl Simulation {
    /// The scenario in `text`, with the seed that it names. It may refer to no files.
    ///
    /// # Errors
    /// All mistakes of the text.
    pub fn parse(text: &str) -> Result<Self, SimulationError> {
        Self::parse_with(text, &NoFiles)
    }

    /// The scenario in `text`, with the files that it refers to.
    ///
    /// # Errors
    /// All mistakes of the text and of those files.
    pub fn parse_with(text: &str, files: &dyn Files) -> Result<Self, SimulationError> {
        let plan = scenario::parse(text, "scenario.json", files);
        Self::new(plan.map_err(SimulationError::Scenario)?)
    }

    /// The scenario in a file.
    ///
    /// # Errors
    /// All mistakes of the file, and of those that it refers to.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, SimulationError> {
        Self::new(scenario::load(path.as_ref()).map_err(SimulationError::Scenario)?)
    }

    /// The world of a plan, with the seed that it names.
    ///
    /// # Errors
    /// What is wrong with a plan that was put together in code; a checked one is right.
    pub fn new(plan: Plan) -> Result<Self, SimulationError> {
        let seed = Seed(plan.seed);
        Self::with_seed(plan, seed)
    }

    /// The world of a plan, with another seed.
    ///
    /// # Errors
    /// As [`Simulation::new`].
    pub fn with_seed(plan: Plan, seed: Seed) -> Result<Self, SimulationError> {
        let world = scenario::build::build(&plan, seed).map_err(SimulationError::World)?;
        Ok(Simulation { plan, world })
    }

    /// Lets it run on so many threads from now on. Nothing else changes with it.
    pub fn set_threads(&mut self, threads: Threads) {
        self.world.set_threads(threads);
    }

    /// Runs until nothing is left to do, or to the scenario's end.
    pub fn run(&mut self) -> Ended {
        self.world.run(self.plan.until)
    }

    /// As [`Simulation::run`], and writes every packet that a host sends or receives as a file for
    /// Wireshark (see [`Capture`], which can do it for some hosts). Nothing else changes with it.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn run_captured(&mut self, to: impl Write) -> io::Result<Ended> {
        let comment = format!("{}\nseed {}", self.plan.title, self.world.seed().0);
        let mut capture = Capture::new(&mut self.world, None, &comment, to)?;
        let ended = capture.run(&mut self.world, self.plan.until)?;
        capture.flush()?;
        Ok(ended)
    }

    /// Runs so much further.
    pub fn run_for(&mut self, duration: Duration) -> Ended {
        let horizon = self.world.now() + duration;
        self.world.run(horizon)
    }

    /// Runs up to a time.
    pub fn run_until(&mut self, horizon: SimTime) -> Ended {
        self.world.run(horizon)
    }

    /// The checked scenario.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The world: hosts, disks, records, faults to come.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The world, to schedule faults in it.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// The messages in a mailbox of a user, in the order of their UIDs; none when there is no such
    /// user or mailbox.
    pub fn mailbox(&self, address: &str, name: &str) -> &[Message] {
        self.find_mailbox(address, name).unwrap_or_default()
    }

    fn find_mailbox(&self, address: &str, name: &str) -> Option<&[Message]> {
        let (_, domain) = self.plan.domain_of(address)?;
        let host = self.world.node(domain.mailbox_host.as_deref()?)?;
        let store = self.world.disk(host)?.mail_if_any()?;
        let account = store.account_of(address)?;
        let mailbox = store.mailbox_named(account, &MailboxName::new(name).ok()?)?;
        Some(mailbox.messages())
    }

    /// What crossed the network, line by line.
    pub fn transcript(&self) -> Transcript<'_> {
        Transcript::new(&self.world)
    }

    /// What became of every message.
    pub fn summary(&self) -> Summary {
        Summary::new(&self.world)
    }

    /// Whether what the scenario expects holds now, as far as what is kept tells ([`expect::check`]).
    pub fn verdicts(&self) -> Vec<Verdict> {
        expect::check(&self.plan, &self.world)
    }

    /// The laws that do not hold now, but for those that the scenario breaks on purpose.
    pub fn broken_laws(&self) -> Vec<Broken> {
        laws::check(&self.plan, &self.world)
    }

    /// The fingerprint over everything that happened so far.
    pub fn fingerprint(&self) -> Fingerprint {
        self.world.fingerprint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Invariant: what was written is submitted, whenever the device crashes. A second copy is right
    /// where the answer to the final dot was lost (RFC 1047).
    #[test]
    fn a_device_that_crashes_sends_what_is_in_its_outbox_after_its_restart() {
        for crash_ms in (2_010..2_400).step_by(10) {
            let mut simulation = Simulation::parse(&format!(
                r#"{{
                    "domains": {{
                        "example.org": {{"users": ["alice"]}},
                        "example.com": {{"users": ["bob"]}}
                    }},
                    "agenda": [{{"at": "2s", "client": "alice@example.org",
                                 "send": {{"to": "bob@example.com"}}}}],
                    "faults": [{{"at": "{crash_ms}ms", "crash": "laptop.alice.example.org",
                                 "for": "10m"}}]
                }}"#
            ))
            .unwrap();
            simulation.run();
            let copies = simulation.mailbox("bob@example.com", "INBOX").len();
            assert!((1..=2).contains(&copies), "{copies} copies after a crash at {crash_ms} ms");
        }
    }
}
