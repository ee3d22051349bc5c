//! One question under way, who waits for it, and all of them together.

use std::collections::HashMap;
use std::time::Duration;

use crate::engine::HashState;
use crate::proto::dns::query::Query;
use crate::proto::dns::{Name, Question, Rcode, Record, Transport};

use super::ClientToken;
use super::cut::Cut;
use super::minimise::Minimise;

/// Names a resolution. Not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ResolutionId(pub(crate) u64);

/// One question on its way to an answer.
#[derive(Debug)]
pub(crate) struct Resolution {
    /// What was asked for.
    pub(crate) question: Question,
    /// Where the walk along aliases stands.
    pub(crate) name: Name,
    /// The aliases so far: CNAME records, and DNAME records before those that they made; each with
    /// its signatures.
    pub(crate) chain: Vec<Record>,
    /// How far the oldest of them that came from the cache is from its end.
    pub(crate) age: Age,
    /// What it does.
    pub(crate) state: State,
    /// Who wants the answer.
    pub(crate) waiters: Vec<Waiter>,
    /// 0 for a client's question, 1 for an address that it needs, and so on.
    pub(crate) depth: u32,
    /// The resolution whose allowance of queries it draws on.
    pub(crate) family: ResolutionId,
    /// Only zones above this one are still to be asked: its own servers, as remembered, failed.
    pub(crate) above: Option<Name>,
    /// What the cache has is to be replaced, and so is not looked at.
    pub(crate) refresh: bool,
    /// Name servers that are known for no longer than this are looked up anew at their parent, so
    /// that a refreshed answer does not come from where the zone was before it moved.
    pub(crate) leeway: Duration,
    /// The root was asked for its servers on behalf of this resolution.
    pub(crate) primed: bool,
    /// The servers that the configuration has for the name failed, and the walk from the root takes
    /// their place.
    pub(crate) unconfigured: bool,
    /// How much of the name was shown.
    pub(crate) minimise: Minimise,
    /// Replies that held nothing at all.
    pub(crate) empty_replies: u32,
    /// A failure says something of who asked and of what else was under way, not of the question.
    pub(crate) contextual: bool,
    /// Work done, against the [`super::Limits`].
    pub(crate) restarts: u32,
    pub(crate) referrals: u32,
    pub(crate) target_lookups: u32,
    pub(crate) failed_target_lookups: u32,
}

impl Resolution {
    /// At its beginning.
    pub(crate) fn new(
        question: Question,
        depth: u32,
        family: ResolutionId,
        waiters: Vec<Waiter>,
    ) -> Self {
        Resolution {
            name: question.name.clone(),
            question,
            chain: Vec::new(),
            age: Age::Fresh,
            state: State::Lookup,
            waiters,
            depth,
            family,
            above: None,
            refresh: false,
            leeway: Duration::ZERO,
            primed: false,
            unconfigured: false,
            minimise: Minimise::default(),
            empty_replies: 0,
            contextual: false,
            restarts: 0,
            referrals: 0,
            target_lookups: 0,
            failed_target_lookups: 0,
        }
    }

    /// The resolutions that wait for this one.
    pub(crate) fn parents(&self) -> impl Iterator<Item = ResolutionId> {
        self.waiters.iter().filter_map(|waiter| match waiter {
            Waiter::Parent(parent) => Some(*parent),
            Waiter::Client { .. } => None,
        })
    }
}

/// What a resolution does.
#[derive(Debug)]
pub(crate) enum State {
    /// Looks into the cache, then for the closest zone cut known.
    Lookup,
    /// Has looked into the cache just now: looks for the closest zone cut known.
    Descend,
    /// Waits for the name servers of the root.
    Priming,
    /// Picks a server of this cut.
    Choose(Cut),
    /// Waits for a server's reply.
    Asking(Cut),
    /// Waits for the address of a server.
    Fetching(Cut),
    /// Has come to its end.
    Done(Outcome),
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The code for the client.
    pub(crate) rcode: Rcode,
    /// Aliases, then the RRset asked for.
    pub(crate) answers: Vec<Record>,
    /// Name servers, the SOA of a negative answer, proofs.
    pub(crate) authorities: Vec<Record>,
    /// Addresses that these or the answer name.
    pub(crate) additionals: Vec<Record>,
    /// How far it is from its end, if it comes from the cache.
    pub(crate) age: Age,
    /// The resolver knows it of itself.
    pub(crate) authoritative: bool,
    /// Nothing but the resolver's own zones has a part in it: it is the same at all times.
    pub(crate) lasting: bool,
    /// Why there is none.
    pub(crate) failure: Option<Failure>,
}

/// How far an answer is from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Age {
    /// Most of its time is left.
    #[default]
    Fresh,
    /// It ends soon.
    Old,
    /// It has ended.
    Stale,
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No server of the zone gave an answer.
    Unreachable,
    /// The aliases lead back to where they came from, or there are too many.
    Aliases,
    /// A bound on the work was reached.
    Limit,
    /// It failed a short while ago.
    Remembered,
}

impl Outcome {
    /// No answer.
    pub(crate) fn failed(failure: Failure) -> Self {
        Outcome {
            rcode: Rcode::ServFail,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            age: Age::Fresh,
            authoritative: false,
            lasting: false,
            failure: Some(failure),
        }
    }

    /// An answer.
    pub(crate) fn answered(rcode: Rcode, answers: Vec<Record>, soa: Option<Record>) -> Self {
        Outcome {
            rcode,
            answers,
            authorities: soa.into_iter().collect(),
            additionals: Vec::new(),
            age: Age::Fresh,
            authoritative: false,
            lasting: false,
            failure: None,
        }
    }
}

/// Who wants an answer.
#[derive(Debug)]
pub(crate) enum Waiter {
    /// A client.
    Client {
        /// Its name for the owner.
        token: ClientToken,
        /// What it sent.
        query: Query,
        /// How.
        transport: Transport,
    },
    /// A resolution that needs the address of a name server, or the name servers of the root.
    Parent(ResolutionId),
}

/// Everything that is under way.
#[derive(Debug, Default)]
pub(crate) struct Resolutions {
    /// `None` for one that is taken out.
    by_id: HashMap<ResolutionId, Option<Box<Resolution>>, HashState>,
    by_question: HashMap<Question, ResolutionId, HashState>,
    /// Queries sent, by family.
    spent: HashMap<ResolutionId, u32, HashState>,
    last: u64,
}

impl Resolutions {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_question.len()
    }

    /// The resolution of this question that is under way.
    pub(crate) fn find(&self, question: &Question) -> Option<ResolutionId> {
        self.by_question.get(question).copied()
    }

    /// Begins a resolution. Without a `family` that is under way it has an allowance of its own.
    pub(crate) fn begin(
        &mut self,
        question: Question,
        depth: u32,
        family: Option<ResolutionId>,
        waiter: Waiter,
    ) -> ResolutionId {
        self.last += 1;
        let id = ResolutionId(self.last);
        self.by_question.insert(question.clone(), id);
        let family = family.filter(|family| self.spent.contains_key(family)).unwrap_or(id);
        let resolution = Resolution::new(question, depth, family, vec![waiter]);
        self.spent.entry(resolution.family).or_default();
        self.by_id.insert(id, Some(Box::new(resolution)));
        id
    }

    /// Begins a client's resolution.
    pub(crate) fn begin_walked(
        &mut self,
        mut resolution: Resolution,
        waiter: Waiter,
    ) -> ResolutionId {
        self.last += 1;
        let id = ResolutionId(self.last);
        self.by_question.insert(resolution.question.clone(), id);
        resolution.family = id;
        resolution.waiters.push(waiter);
        self.spent.entry(id).or_default();
        self.by_id.insert(id, Some(Box::new(resolution)));
        id
    }

    /// Begins a resolution that replaces what the cache has for the time `left`, and that nobody
    /// waits for.
    pub(crate) fn begin_refresh(&mut self, question: Question, left: Duration) -> ResolutionId {
        self.last += 1;
        let id = ResolutionId(self.last);
        self.by_question.insert(question.clone(), id);
        self.spent.entry(id).or_default();
        let resolution = Resolution {
            refresh: true,
            leeway: left + REFRESH_LEEWAY,
            ..Resolution::new(question, 0, id, Vec::new())
        };
        self.by_id.insert(id, Some(Box::new(resolution)));
        id
    }

    /// Takes a resolution out to work on it; [`Resolutions::put_back`] or [`Resolutions::end`]
    /// follows.
    pub(crate) fn take(&mut self, id: ResolutionId) -> Option<Box<Resolution>> {
        self.by_id.get_mut(&id)?.take()
    }

    /// Puts it back.
    pub(crate) fn put_back(&mut self, id: ResolutionId, resolution: Box<Resolution>) {
        self.by_id.insert(id, Some(resolution));
    }

    /// It is over, and was taken out before.
    pub(crate) fn end(&mut self, id: ResolutionId, question: &Question) {
        self.by_id.remove(&id);
        self.by_question.remove(question);
        self.spent.remove(&id);
    }

    /// The resolution of this id, unless it is taken out.
    pub(crate) fn get_mut(&mut self, id: ResolutionId) -> Option<&mut Resolution> {
        self.by_id.get_mut(&id)?.as_deref_mut()
    }

    /// Counts a query for this resolution; `false` when its family has sent `bound` already.
    pub(crate) fn spend(
        &mut self,
        id: ResolutionId,
        resolution: &mut Resolution,
        bound: u32,
    ) -> bool {
        if !self.spent.contains_key(&resolution.family) {
            // The question that it was for is over, and others wait for it: it stands on its own.
            resolution.family = id;
        }
        let spent = self.spent.entry(resolution.family).or_default();
        *spent += 1;
        *spent <= bound
    }

    /// Whether `id` waits for `other`, by however many steps. `other` may be taken out.
    pub(crate) fn waits_for(&self, id: ResolutionId, other: ResolutionId) -> bool {
        let mut stack = vec![id];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(id) = stack.pop() {
            if id == other {
                return true;
            }
            if !seen.insert(id) {
                continue;
            }
            let resolution = self.by_id.get(&id).and_then(Option::as_deref);
            match resolution.map(|resolution| &resolution.state) {
                Some(State::Choose(cut) | State::Asking(cut) | State::Fetching(cut)) => {
                    stack.extend(&cut.pending);
                }
                Some(State::Priming) => stack.extend(self.find(&root_servers())),
                _ => {}
            }
        }
        false
    }
}

/// The priming question (RFC 8109 §3.1).
pub(crate) fn root_servers() -> Question {
    Question::new(Name::root(), crate::proto::dns::RecordType::Ns)
}

/// Unbound's PREFETCH_EXPIRY_ADD.
const REFRESH_LEEWAY: Duration = Duration::from_secs(60);
