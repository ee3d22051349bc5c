//! `check_host()` as a machine (RFC 7208 §4): questions for the DNS come out, answers go in.
//!
//! An evaluation is a stack of records: an `include` puts one on top, a `redirect` replaces the top
//! one. Each answer carries it on to the next question or to its end; there is one question at a
//! time, and their number is bounded by the [`Limits`].

mod client_names;
mod explanation;
mod terms;

use std::sync::Arc;
use std::vec;

use crate::proto::dns::stub::{Answer, LookupError};
use crate::proto::dns::{self, Name, Question, RecordData, RecordType};

use super::cidr::DualCidr;
use super::domain_spec::to_domain;
use super::limits::Limits;
use super::macro_string::{MacroString, Values};
use super::record::Record;
use super::request::Request;
use super::verdict::{Problem, SpfResult, Verdict};

/// One evaluation, from the arguments to the verdict.
#[derive(Debug, Clone)]
pub struct Evaluation {
    request: Request,
    limits: Limits,
    /// Terms that needed look-ups, of all records.
    terms: u32,
    /// Terms of which a look-up found nothing.
    void_terms: u32,
    /// The term at hand is one of them.
    is_void: bool,
    lookups: u32,
    /// The records under evaluation, each included by the one before it; one at least.
    frames: Vec<Frame>,
    /// The validated names of the client, once they were asked for (§5.5).
    client_names: Option<Vec<Name>>,
    state: State,
    progress: Progress,
}

/// What an evaluation waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The answer to this question; hand it to [`Evaluation::answer`].
    Asking(Question),
    /// Nothing: it is over.
    Done(Box<Verdict>),
}

/// A record under evaluation.
#[derive(Debug, Clone)]
struct Frame {
    /// The domain it is published at.
    domain: String,
    record: Arc<Record>,
    /// The directive at hand.
    at: usize,
    /// A `redirect` led here.
    is_redirected: bool,
}

/// What the question at hand is about.
#[derive(Debug, Clone)]
enum State {
    /// TXT of the last frame's domain (§4.4).
    Record,
    /// The addresses of an `a`.
    Addresses(DualCidr),
    /// The exchanges of an `mx`.
    Exchanges(DualCidr),
    /// The addresses of one exchange; `rest` come after it.
    Exchange { cidr: DualCidr, rest: vec::IntoIter<Name> },
    /// A of an `exists`.
    Exists,
    /// PTR of the client.
    ClientNames { then: Then },
    /// The addresses of `name`, which may be the client's; `rest` come after it.
    ClientName { name: Name, rest: vec::IntoIter<Name>, validated: Vec<Name>, then: Then },
    /// TXT of the explanation (§6.2).
    Explanation(Box<Verdict>),
    /// It is over.
    Over,
}

/// What the names of the client are wanted for.
#[derive(Debug, Clone)]
enum Then {
    /// The directive at hand, or the `redirect`.
    Term,
    /// The name of the explanation.
    ExplanationName(Box<Verdict>),
    /// The text of the explanation.
    Explanation(Box<Verdict>, MacroString),
}

/// What comes next.
enum Step {
    /// The term at hand.
    Term,
    /// The directive at hand matches, or does not.
    Matched(bool),
    /// The last frame is evaluated.
    Return(Return),
    /// The answer to a question, or nothing after the end.
    Wait,
}

/// What a frame comes to.
struct Return {
    result: SpfResult,
    directive: Option<String>,
    problem: Option<Problem>,
}

impl From<Problem> for Return {
    /// The result that the problem has by itself.
    fn from(problem: Problem) -> Self {
        let result = match problem {
            Problem::NoDomain { .. } | Problem::NoRecord => SpfResult::None,
            Problem::Lookup { .. } | Problem::GivenUp => SpfResult::TempError,
            Problem::ManyRecords { .. }
            | Problem::Syntax(_)
            | Problem::TooManyTerms { .. }
            | Problem::TooManyVoidTerms { .. }
            | Problem::TooManyExchanges { .. } => SpfResult::PermError,
        };
        Return { result, directive: None, problem: Some(problem) }
    }
}

impl From<Problem> for Step {
    fn from(problem: Problem) -> Self {
        Step::Return(problem.into())
    }
}

impl Evaluation {
    /// Begins an evaluation and carries it to its first question, or to its end where the domain
    /// is none.
    pub fn new(request: Request, limits: Limits) -> Self {
        let domain = request.domain.clone();
        let first = Question::new(Name::root(), RecordType::Txt);
        let mut evaluation = Evaluation {
            request,
            limits,
            terms: 0,
            void_terms: 0,
            is_void: false,
            lookups: 0,
            frames: Vec::new(),
            client_names: None,
            state: State::Over,
            progress: Progress::Asking(first),
        };
        let step = evaluation.enter(domain, false);
        evaluation.carry_on(step);
        evaluation
    }

    /// Whom and what it is about.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The question that waits for its answer, or the verdict.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The answer to the question of [`Evaluation::progress`], as a stub resolver gives it. After
    /// the end it is ignored.
    pub fn answer(&mut self, found: &Result<Answer, LookupError>) {
        let step = match std::mem::replace(&mut self.state, State::Over) {
            State::Record => self.on_record(found),
            State::Addresses(cidr) => self.on_addresses(found, cidr),
            State::Exchanges(cidr) => self.on_exchanges(found, cidr),
            State::Exchange { cidr, rest } => self.on_exchange(found, cidr, rest),
            State::Exists => self.on_exists(found),
            State::ClientNames { then } => self.on_client_names(found, then),
            State::ClientName { name, rest, validated, then } => {
                self.on_client_name(found, name, rest, validated, then)
            }
            State::Explanation(verdict) => self.on_explanation(found, verdict),
            State::Over => Step::Wait,
        };
        self.carry_on(step);
    }

    /// Ends it with `temperror`: the one who asks waits no longer. RFC 7208 §4.6.4 asks for 20
    /// seconds of patience at least.
    pub fn give_up(&mut self) {
        if let Progress::Asking(_) = self.progress {
            self.state = State::Over;
            self.end(Problem::GivenUp.into());
        }
    }

    fn carry_on(&mut self, mut step: Step) {
        // Each turn takes a term of a record, or ends a record: there are few of both.
        loop {
            step = match step {
                Step::Term => self.term(),
                Step::Matched(is_match) => self.matched(is_match),
                Step::Return(returned) => self.leave(returned),
                Step::Wait => return,
            };
        }
    }

    /// Puts a question; `state` says what its answer is for.
    fn ask(&mut self, name: Name, rtype: RecordType, state: State) -> Step {
        self.lookups += 1;
        self.state = state;
        self.progress = Progress::Asking(Question::new(name, rtype));
        Step::Wait
    }

    /// Begins with the record of a domain, on top of those that there are.
    fn enter(&mut self, domain: String, is_redirected: bool) -> Step {
        let domain = domain.strip_suffix('.').map(str::to_owned).unwrap_or(domain);
        let name = to_domain(&domain);
        self.is_void = false;
        self.frames.push(Frame { domain, record: Arc::default(), at: 0, is_redirected });
        match name {
            Some(name) => self.ask(name, RecordType::Txt, State::Record),
            None => Problem::NoDomain { domain: self.frame().domain.clone() }.into(),
        }
    }

    /// Picks the record out of the TXT records of its domain (§4.4 and §4.5).
    fn on_record(&mut self, found: &Result<Answer, LookupError>) -> Step {
        let texts = match found {
            Ok(answer) => texts(&answer.records),
            Err(LookupError::NxDomain | LookupError::NoData) => Vec::new(),
            Err(error) => return self.failed(*error).into(),
        };
        let records: Vec<_> = texts.iter().filter(|text| Record::is_record(text)).collect();
        match records[..] {
            [] => Problem::NoRecord.into(),
            [text] => match Record::parse(text) {
                Ok(record) => {
                    self.frame_mut().record = Arc::new(record);
                    Step::Term
                }
                Err(error) => Problem::Syntax(error).into(),
            },
            [..] => Problem::ManyRecords { count: records.len() }.into(),
        }
    }

    /// The directive at hand matches, or the next one is at hand.
    fn matched(&mut self, is_match: bool) -> Step {
        let frame = self.frame_mut();
        if !is_match {
            frame.at += 1;
            self.is_void = false;
            return Step::Term;
        }
        let directive = frame.record.directives.get(frame.at).expect("it was at hand to match");
        let result = directive.qualifier.result();
        Step::Return(Return { result, directive: Some(directive.text.clone()), problem: None })
    }

    /// The last frame is evaluated: tells the one that included it, or ends.
    fn leave(&mut self, mut returned: Return) -> Step {
        let is_included = self.frames.len() > 1;
        // The one who included or redirected to a domain takes it to have a record (§5.2, §6.1).
        if returned.result == SpfResult::None && (is_included || self.frame().is_redirected) {
            returned.result = SpfResult::PermError;
        }
        if !is_included {
            return self.conclude(returned);
        }
        match returned.result {
            SpfResult::Pass => {
                self.frames.pop();
                Step::Matched(true)
            }
            SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral => {
                self.frames.pop();
                Step::Matched(false)
            }
            // Nothing that a record higher up says can mend it.
            SpfResult::TempError | SpfResult::PermError | SpfResult::None => {
                self.end(returned);
                Step::Wait
            }
        }
    }

    /// The evaluation has its result; a `fail` may be explained.
    fn conclude(&mut self, returned: Return) -> Step {
        let may_be_explained = returned.result == SpfResult::Fail;
        let verdict = self.verdict(returned);
        if may_be_explained {
            return self.explain(Box::new(verdict));
        }
        self.finish(Box::new(verdict))
    }

    fn end(&mut self, returned: Return) {
        let verdict = self.verdict(returned);
        self.finish(Box::new(verdict));
    }

    fn verdict(&self, returned: Return) -> Verdict {
        let Return { result, directive, problem } = returned;
        let domain = self.frame().domain.clone();
        Verdict { result, domain, directive, problem, explanation: None, lookups: self.lookups }
    }

    fn finish(&mut self, mut verdict: Box<Verdict>) -> Step {
        verdict.lookups = self.lookups;
        self.progress = Progress::Done(verdict);
        Step::Wait
    }

    /// The question at hand came to nothing for this reason.
    fn failed(&self, error: LookupError) -> Problem {
        match &self.progress {
            Progress::Asking(Question { name, rtype, .. }) => {
                Problem::Lookup { name: name.clone(), rtype: *rtype, error }
            }
            Progress::Done(_) => Problem::GivenUp,
        }
    }

    fn frame(&self) -> &Frame {
        self.frames.last().expect("the first frame is never left")
    }

    fn frame_mut(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the first frame is never left")
    }

    /// What macros stand for in the last frame.
    fn values(&self) -> Values<'_> {
        let domain = &self.frame().domain;
        let validated_name = self.validated_name(domain);
        Values { request: &self.request, domain, validated_name }
    }
}

/// The TXT records among these, the strings of each joined (§3.3).
fn texts(records: &[dns::Record]) -> Vec<Vec<u8>> {
    let texts = records.iter().filter_map(|record| match &record.data {
        RecordData::Txt(txt) => Some(txt.joined()),
        _ => None,
    });
    texts.collect()
}

#[cfg(test)]
mod tests;
