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
