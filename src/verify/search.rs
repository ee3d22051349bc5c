//! Looking for the place at which two runs part: by checkpoints first, then both runs again, traced
//! between the last checkpoint that is equal and the first that is not.

use std::collections::BTreeMap;

use crate::engine::trace::{self, Traced};
use crate::engine::{Mark, SimTime};
use crate::net::NodeId;
use crate::world::World;

use super::difference::{Difference, LastDraw, Seen};
use super::{Failed, Played, Way};

/// How the second run differs from the first, if it does.
pub(super) fn difference(
    first: &Played,
    second: &Played,
    build: &dyn Fn(Way) -> Result<World, Failed>,
    until: SimTime,
) -> Result<Option<Difference>, Failed> {
    let nothing = Difference {
        way: second.way,
        fingerprints: [first.fingerprint, second.fingerprint],
        events: [first.events, second.events],
        host: None,
        since: SimTime::ZERO,
        seen: [None, None],
        draw: None,
        line: None,
    };
    if first.checkpoints != second.checkpoints || first.fingerprint != second.fingerprint {
        let apart = Apart::of(&first.checkpoints, &second.checkpoints, until);
        let trace = |way| traced(way, build, apart.since, apart.until);
        let [one, other] = [trace(first.way)?, trace(second.way)?];
        let mut found = found(&one, &other, &first.names);
        if found.host.is_none() {
            found.host = apart.host.map(|host| first.names[host.index()].clone());
        }
        return Ok(Some(Difference { since: apart.since, ..found.over(nothing) }));
    }
    if let (Some(one), Some(other)) = (&first.transcript, &second.transcript)
        && one != other
    {
        let mut lines = one.lines().zip(other.lines());
        let line = lines.find(|(one, other)| one != other);
        let line = line.unwrap_or(("(nothing more)", "(more)"));
        return Ok(Some(Difference {
            line: Some([line.0.to_owned(), line.1.to_owned()]),
            ..nothing
        }));
    }
    let is_same = first.events == second.events
        && first.now == second.now
        && first.ended == second.ended
        && first.names == second.names;
    Ok((!is_same).then_some(nothing))
}

/// Between which times two runs part, and at which host it shows first.
struct Apart {
    since: SimTime,
    until: SimTime,
    host: Option<NodeId>,
}

impl Apart {
    fn of(one: &[(NodeId, Mark)], other: &[(NodeId, Mark)], horizon: SimTime) -> Self {
        let by_host = |all: &[(NodeId, Mark)]| {
            let mut by_host: BTreeMap<NodeId, Vec<Mark>> = BTreeMap::new();
            for (host, mark) in all {
                by_host.entry(*host).or_default().push(*mark);
            }
            by_host
        };
        let (one, other) = (by_host(one), by_host(other));
        let mut apart = Apart { since: horizon, until: horizon, host: None };
        for host in one.keys().chain(other.keys()) {
            let none = Vec::new();
            let (one, other) = (one.get(host).unwrap_or(&none), other.get(host).unwrap_or(&none));
            let equal = one.iter().zip(other).take_while(|(one, other)| one == other).count();
            if equal == one.len() && equal == other.len() {
                continue;
            }
            let since = equal.checked_sub(1).map_or(SimTime::ZERO, |last| one[last].until);
            let ends = [one.get(equal), other.get(equal)];
            let until = ends.into_iter().flatten().map(|mark| mark.until).min();
            apart.since = apart.since.min(since);
            if let Some(until) = until
                && (until < apart.until || apart.host.is_none())
            {
                apart.until = until.min(apart.until);
                apart.host = Some(*host);
            }
        }
        apart
    }
}

/// Plays a world again and keeps what happens between two times.
fn traced(
    way: Way,
    build: &dyn Fn(Way) -> Result<World, Failed>,
    since: SimTime,
    until: SimTime,
) -> Result<Vec<Traced>, Failed> {
    way.take(|| {
        let (done, trace) = trace::traced(|| {
            let mut world = build(way)?;
            if let Some(before) = since.as_nanos().checked_sub(1) {
                world.run(SimTime::from_nanos(before));
            }
            trace::log();
            world.run(until);
            Ok(())
        });
        done.map(|()| trace.log)
    })
}

/// What two traces show.
#[derive(Default)]
struct Found {
    host: Option<String>,
    seen: [Option<Seen>; 2],
    draw: Option<LastDraw>,
}

impl Found {
    fn over(self, difference: Difference) -> Difference {
        let Found { host, seen, draw } = self;
        Difference { host, seen, draw, ..difference }
    }
}

/// The first event that is not the same in both traces, and the draw before it: the first that differs,
/// or else the last that was taken.
fn found(one: &[Traced], other: &[Traced], names: &[String]) -> Found {
    let events = |trace: &'_ [Traced]| {
        let places = trace.iter().enumerate();
        places.filter(|(_, what)| matches!(what, Traced::Event(_))).map(|(at, _)| at).collect()
    };
    let (at_one, at_other): (Vec<usize>, Vec<usize>) = (events(one), events(other));
    let pairs = at_one.iter().zip(&at_other);
    let equal = pairs.take_while(|(at, other_at)| one[**at] == other[**other_at]).count();
    let seen = |trace: &[Traced], at: Option<&usize>| match trace.get(*at?)? {
        Traced::Event(event) => Some(Seen::new(event, names)),
        Traced::Draw(_) => None,
    };
    let (end_one, end_other) = (at_one.get(equal), at_other.get(equal));
    let seen = [seen(one, end_one), seen(other, end_other)];
    if seen.iter().all(Option::is_none) {
        return Found::default();
    }
    let first = seen.iter().flatten().min_by_key(|seen| seen.time);
    let host = first.map(|seen| seen.host.clone());
    let before = |trace: &'_ [Traced], end: Option<&usize>| -> Vec<trace::Draw> {
        let before = &trace[..end.copied().unwrap_or(trace.len())];
        let draws = before.iter().filter_map(|what| match what {
            Traced::Draw(draw) => Some(draw.clone()),
            Traced::Event(_) => None,
        });
        draws.collect()
    };
    let (draws, other_draws) = (before(one, end_one), before(other, end_other));
    let equal = draws.iter().zip(&other_draws).take_while(|(one, other)| one == other).count();
    let differing = [draws.get(equal).cloned(), other_draws.get(equal).cloned()];
    let draw = match differing {
        [None, None] => draws.last().cloned().map(LastDraw::Same),
        [one, other] => Some(LastDraw::Differs(one, other)),
    };
    Found { host, seen, draw }
}
