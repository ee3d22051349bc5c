//! SPF checks inside a program: evaluations driven by the host's stub resolver.

use std::collections::BTreeMap;

use crate::proto::dns::stub::{Answer, LookupError, LookupId};
use crate::proto::spf::{Evaluation, Limits, Progress, Request, Verdict};
use crate::world::Ctx;

use super::stub::StubResolver;

/// Checks under way in an actor, each by a key of the actor's own.
///
/// The actor begins one with [`SpfChecks::begin`], and hands each result of its stub resolver to
/// [`SpfChecks::on_result`].
#[derive(Debug)]
pub struct SpfChecks<K> {
    waiting: BTreeMap<LookupId, (K, Evaluation)>,
}

/// A check that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfChecked<K> {
    /// What the actor called it.
    pub key: K,
    /// What was asked.
    pub request: Request,
    /// What came of it.
    pub verdict: Verdict,
}

impl<K> Default for SpfChecks<K> {
    fn default() -> Self {
        SpfChecks { waiting: BTreeMap::new() }
    }
}

impl<K> SpfChecks<K> {
    /// Begins a check. It may be over at once: text that is no domain is not asked for.
    pub fn begin(
        &mut self,
        key: K,
        request: Request,
        limits: Limits,
        stub: &mut StubResolver,
        ctx: &mut Ctx<'_>,
    ) -> Option<SpfChecked<K>> {
        self.carry_on(key, Evaluation::new(request, limits), stub, ctx)
    }

    /// Whether this look-up is for a check.
    pub fn owns(&self, lookup: LookupId) -> bool {
        self.waiting.contains_key(&lookup)
    }

    /// A look-up is over: the check that it was for, if that is over too. A look-up that is not
    /// for a check is ignored.
    pub fn on_result(
        &mut self,
        lookup: LookupId,
        found: &Result<Answer, LookupError>,
        stub: &mut StubResolver,
        ctx: &mut Ctx<'_>,
    ) -> Option<SpfChecked<K>> {
        let (key, mut evaluation) = self.waiting.remove(&lookup)?;
        evaluation.answer(found);
        self.carry_on(key, evaluation, stub, ctx)
    }

    /// Ends with `temperror` the checks that `is_due` names: their caller waits no longer
    /// (RFC 7208 §4.6.4: 20 s at least). Results of their look-ups are ignored.
    pub fn give_up(&mut self, mut is_due: impl FnMut(&K) -> bool) -> Vec<SpfChecked<K>> {
        let due: Vec<LookupId> =
            self.waiting.iter().filter(|(_, (key, _))| is_due(key)).map(|(id, _)| *id).collect();
        let ended = due.into_iter().filter_map(|id| {
            let (key, mut evaluation) = self.waiting.remove(&id)?;
            evaluation.give_up();
            match evaluation.progress().clone() {
                Progress::Done(verdict) => Some(checked(key, &evaluation, *verdict)),
                Progress::Asking(_) => None,
            }
        });
        ended.collect()
    }

    fn carry_on(
        &mut self,
        key: K,
        evaluation: Evaluation,
        stub: &mut StubResolver,
        ctx: &mut Ctx<'_>,
    ) -> Option<SpfChecked<K>> {
        match evaluation.progress().clone() {
            Progress::Done(verdict) => Some(checked(key, &evaluation, *verdict)),
            Progress::Asking(question) => {
                let lookup = stub.lookup(ctx, question.name, question.rtype);
                self.waiting.insert(lookup, (key, evaluation));
                None
            }
        }
    }
}

fn checked<K>(key: K, evaluation: &Evaluation, verdict: Verdict) -> SpfChecked<K> {
    SpfChecked { key, request: evaluation.request().clone(), verdict }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::{Arc, OnceLock};

    use crate::engine::{Seed, SimTime};
    use crate::net::LinkConfig;
    use crate::proto::spf::{Problem, SpfResult};
    use crate::world::{Actor, Event, HostConfig, TimerToken, WorldBuilder};

    use super::*;

    /// Checks one sender, and waits so long for it.
    struct Impatient {
        sender: &'static str,
        patience: SimTime,
        checks: SpfChecks<u32>,
        stub: Option<StubResolver>,
        checked: Arc<OnceLock<(SimTime, SpfChecked<u32>)>>,
    }

    const STUB_TIMER: TimerToken = TimerToken(0);
    const PATIENCE: TimerToken = TimerToken(1);

    impl Actor for Impatient {
        fn start(&mut self, ctx: &mut Ctx<'_>) {
            let silent = "198.18.0.53:53".parse().unwrap();
            let mut stub = StubResolver::new(vec![silent], STUB_TIMER, ctx.stream("spf"));
            let request = Request::mail_from([192, 0, 2, 1].into(), self.sender, "mx.example.org");
            let checked = self.checks.begin(7, request, Limits::default(), &mut stub, ctx);
            self.stub = Some(stub);
            ctx.set_timer(self.patience, PATIENCE);
            checked.into_iter().for_each(|checked| drop(self.checked.set((ctx.now(), checked))));
        }

        fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
            let stub = self.stub.as_mut().unwrap();
            let mut over = match event {
                Event::Timer(PATIENCE) => self.checks.give_up(|key| *key == 7),
                _ => Vec::new(),
            };
            stub.on_timer(ctx);
            while let Some((lookup, found)) = stub.next_result() {
                over.extend(self.checks.on_result(lookup, &found, stub, ctx));
            }
            over.into_iter().for_each(|checked| drop(self.checked.set((ctx.now(), checked))));
        }
    }

    /// When a check of `sender` was over, and what came of it, with a name server that is silent.
    fn check(sender: &'static str, patience: SimTime) -> (SimTime, SpfResult, Option<Problem>) {
        let checked = Arc::new(OnceLock::new());
        let shared = Arc::clone(&checked);
        let host = |name, last: u8| HostConfig::new(name).address(IpAddr::from([198, 18, 0, last]));
        let impatient = host("mx", 25).actor(move || Impatient {
            sender,
            patience,
            checks: SpfChecks::default(),
            stub: None,
            checked: Arc::clone(&shared),
        });
        let mut builder = WorldBuilder::new(Seed(1));
        builder.host(impatient).host(host("ns", 53)).link("mx", "ns", LinkConfig::default());
        builder.build().map_err(drop).unwrap().run(SimTime::MAX);
        let (at, SpfChecked { key, verdict, .. }) = checked.get().unwrap().clone();
        assert_eq!(key, 7);
        (at, verdict.result, verdict.problem)
    }

    #[test]
    fn a_check_ends_at_once_when_it_is_given_up_or_when_the_dns_does_not_answer() {
        let (at, result, problem) = check("a@example.org", SimTime::from_secs(4));
        assert_eq!((at, result), (SimTime::from_secs(4), SpfResult::TempError));
        assert_eq!(problem, Some(Problem::GivenUp));

        let (at, result, problem) = check("a@example.org", SimTime::from_secs(60));
        assert_eq!((at, result), (SimTime::from_secs(10), SpfResult::TempError));
        assert!(matches!(problem, Some(Problem::Lookup { .. })));

        let (at, result, _) = check("a@localhost", SimTime::from_secs(60));
        assert_eq!((at, result), (SimTime::ZERO, SpfResult::None));
    }
}
