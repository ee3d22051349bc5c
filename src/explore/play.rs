//! One run, judged.

use std::time::Duration;

use crate::engine::{Seed, SimTime};
use crate::report::{expect, laws};
use crate::scenario::Plan;
use crate::scenario::build;
use crate::scenario::plan::Service;
use crate::world::World;

use super::outcome::{Failure, FailureKind, Outcome};
use super::panics;

/// Plays a plan with a seed to its end and judges it by the laws and by the plan's expectations. The
/// world is gone when this returns.
pub fn play(plan: &Plan, seed: Seed) -> Outcome {
    panics::catch(|| {
        let mut world = match build::build(plan, seed) {
            Ok(world) => world,
            Err(errors) => {
                let why: Vec<_> = errors.iter().map(ToString::to_string).collect();
                panic!("a checked plan cannot be built: {}", why.join("; "))
            }
        };
        world.run(plan.until);
        Outcome {
            failures: judge(plan, &world),
            events: world.events(),
            fingerprint: world.fingerprint().bits(),
            last_activity: world.last_activity(),
        }
    })
    .unwrap_or_else(|panic| Outcome {
        failures: vec![Failure {
            kind: FailureKind::Panic,
            name: panic.place,
            place: None,
            why: panic.message,
        }],
        events: 0,
        fingerprint: 0,
        last_activity: SimTime::ZERO,
    })
}

/// What is broken in a world at the end of its run, laws first.
pub fn judge(plan: &Plan, world: &World) -> Vec<Failure> {
    let laws = laws::check(plan, world).into_iter().map(|broken| Failure {
        kind: FailureKind::Law,
        name: broken.law.to_string(),
        place: None,
        why: broken.told(),
    });
    let expectations = expect::check(plan, world).into_iter().filter(|verdict| !verdict.holds);
    let expectations = expectations.map(|verdict| Failure {
        kind: FailureKind::Expectation,
        name: verdict.expectation,
        place: Some(verdict.path),
        why: verdict.why,
    });
    laws.chain(expectations).collect()
}

/// When all mail has come to its end, if nothing goes wrong after `calm`: it may wait in a queue for
/// as long as the slowest MTA keeps it, and then again as a bounce.
pub fn settled(plan: &Plan, calm: SimTime) -> SimTime {
    let mtas =
        plan.hosts.values().flat_map(|host| &host.services).filter_map(|service| match service {
            Service::Mta(mta) => Some(mta.retry.lifetime + mta.retry.bounce_lifetime),
            _ => None,
        });
    let longest = mtas.max().unwrap_or_default();
    (calm + longest + A_DAY).max(plan.until)
}

const A_DAY: Duration = Duration::from_secs(86_400);
