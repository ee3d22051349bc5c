//! Folds: figures made of what happens while it happens, for runs that are too long to be kept.
//!
//! A [`Record`](super::Record) is kept for whoever reads it at the end. A [`Fold`] is told of the same
//! things as they happen, and keeps what it likes: counts, a histogram. It changes nothing in the run,
//! and may be on beside records or without them. A [`Note`] is made for it only if it reads notes of
//! that [`Kind`]; of all others it is told that there was one, which costs no more than a call. In a
//! world without a fold that call is a branch.
//!
//! Where a world runs in several parts, each has a fold of its own ([`Fold::fresh`]), which is told of
//! what happens there, in the order of time; in the end they are merged, in any order. A fold whose
//! figures depend on which part something happened in is wrong.

use std::any::Any;

use crate::engine::SimTime;
use crate::net::NodeId;

use super::World;
use super::kind::{Kind, Kinds};
use super::record::Note;

/// Makes figures of what happens.
pub trait Fold: Any + Send {
    /// Which notes it reads. Asked once.
    fn reads(&self) -> Kinds;

    /// Something of a kind that it reads happened at a host. Times do not fall.
    fn note(&mut self, time: SimTime, node: NodeId, note: &Note);

    /// Something of a kind that it does not read, so many times.
    fn count(&mut self, time: SimTime, node: NodeId, kind: Kind, times: u64);

    /// One of the same sort that has been told nothing yet.
    fn fresh(&self) -> Box<dyn Fold>;

    /// Takes over what another one of the same sort was told, as if it had been told it too.
    fn merge(&mut self, other: Box<dyn Fold>);
}

/// A fold, and what it reads.
pub(crate) struct Folding {
    fold: Box<dyn Fold>,
    reads: Kinds,
}

impl Folding {
    pub(crate) fn new(fold: Box<dyn Fold>) -> Self {
        Folding { reads: fold.reads(), fold }
    }

    /// One of the same sort that has been told nothing yet.
    pub(crate) fn fresh(&self) -> Self {
        Folding { fold: self.fold.fresh(), reads: self.reads }
    }

    /// Takes over what another one was told.
    pub(crate) fn merge(&mut self, other: Folding) {
        self.fold.merge(other.fold);
    }

    pub(crate) fn reads(&self, kind: Kind) -> bool {
        self.reads.has(kind)
    }

    pub(crate) fn note(&mut self, time: SimTime, node: NodeId, note: &Note) {
        self.fold.note(time, node, note);
    }

    pub(crate) fn count(&mut self, time: SimTime, node: NodeId, kind: Kind, times: u64) {
        self.fold.count(time, node, kind, times);
    }
}

impl std::fmt::Debug for Folding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folding").field("reads", &self.reads).finish_non_exhaustive()
    }
}

impl World {
    /// Has this fold told of all that happens from now on, in the place of another.
    pub fn fold(&mut self, fold: Box<dyn Fold>) {
        let folding = Folding::new(fold);
        for part in &mut self.parts[1..] {
            part.agenda.fold = Some(folding.fresh());
        }
        self.parts[0].agenda.fold = Some(folding);
    }

    /// The fold, with what it was told so far.
    pub fn folded<F: Fold>(&self) -> Option<&F> {
        let fold: &dyn Any = &*self.parts[0].agenda.fold.as_ref()?.fold;
        fold.downcast_ref()
    }

    /// Takes the fold out: nothing is folded from now on.
    pub fn take_fold<F: Fold>(&mut self) -> Option<Box<F>> {
        let folds = self.parts.iter_mut().map(|part| part.agenda.fold.take()).collect::<Vec<_>>();
        let fold: Box<dyn Any> = folds.into_iter().next()??.fold;
        fold.downcast().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;
    use crate::world::{Actor, Ctx, Event, HostConfig, TimerToken, WorldBuilder};

    /// Notes a cache miss and a remark each second, ten times.
    struct Talker(u64);

    impl Actor for Talker {
        fn start(&mut self, ctx: &mut Ctx<'_>) {
            ctx.set_timer(SimTime::from_secs(1), TimerToken(0));
        }

        fn handle(&mut self, _: Event, ctx: &mut Ctx<'_>) {
            self.0 += 1;
            let (qname, qtype) = (self.0.to_string(), "A".to_owned());
            ctx.note(Kind::CacheMiss, || Note::CacheMiss { qname, qtype });
            ctx.note(Kind::Remark, || Note::Remark(self.0.to_string()));
            ctx.count(Kind::DnsQuery, 2);
            if self.0 < 10 {
                ctx.set_timer(ctx.now() + std::time::Duration::from_secs(1), TimerToken(0));
            }
        }
    }

    /// What was told, in words.
    #[derive(Default)]
    struct Told(Vec<(SimTime, Kind, String)>);

    impl Fold for Told {
        fn reads(&self) -> Kinds {
            Kinds::of(&[Kind::Remark])
        }

        fn note(&mut self, time: SimTime, _: NodeId, note: &Note) {
            let Note::Remark(text) = note else { panic!("{note:?} is not read") };
            self.0.push((time, Kind::Remark, text.clone()));
        }

        fn count(&mut self, time: SimTime, _: NodeId, kind: Kind, times: u64) {
            self.0.push((time, kind, times.to_string()));
        }

        fn fresh(&self) -> Box<dyn Fold> {
            Box::new(Told::default())
        }

        fn merge(&mut self, other: Box<dyn Fold>) {
            let other: Box<dyn Any> = other;
            self.0.extend(other.downcast::<Told>().expect("of the same sort").0);
            self.0.sort();
        }
    }

    fn world(watched: bool) -> World {
        let mut parts = WorldBuilder::new(Seed(1));
        parts.host(HostConfig::new("talker").actor(|| Talker(0))).watched(watched);
        parts.build().unwrap()
    }

    #[test]
    fn a_fold_is_told_of_everything_and_reads_what_it_wants() {
        let mut alone = None;
        for watched in [false, true] {
            let mut world = world(watched);
            world.fold(Box::new(Told::default()));
            world.run(SimTime::from_secs(5));
            assert_eq!(world.folded::<Told>().unwrap().0.len(), 15);
            world.run(SimTime::MAX);
            assert_eq!(world.records().len(), if watched { 20 } else { 0 });
            let told = world.take_fold::<Told>().unwrap().0;
            let second = SimTime::from_secs(1);
            let one = [
                (second, Kind::CacheMiss, "1".to_owned()),
                (second, Kind::Remark, "1".to_owned()),
                (second, Kind::DnsQuery, "2".to_owned()),
            ];
            assert_eq!((&told[..3], told.len()), (&one[..], 30));
            assert_eq!(alone.get_or_insert(told.clone()), &told);
            assert!(world.take_fold::<Told>().is_none());
        }
    }

    #[test]
    fn a_fold_changes_nothing() {
        let prints = [false, true].map(|folded| {
            let mut world = world(true);
            if folded {
                world.fold(Box::new(Told::default()));
            }
            world.run(SimTime::MAX);
            let records: Vec<String> =
                world.records().iter().map(|record| format!("{record:?}")).collect();
            (world.fingerprint(), world.events(), records)
        });
        assert_eq!(prints[0], prints[1]);
    }
}
