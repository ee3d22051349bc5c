//! The evaluation of a message: finds the policy, compares the domains, decides.
//!
//! Follows RFC 7489 §3.1 (alignment) and §6.6.2 to §6.6.4 (policy discovery, sampling). A pure
//! machine: answers go in, questions and an outcome come out.

use std::fmt;

use crate::engine::Stream;

use super::super::dns::stub::{Answer, LookupError};
use super::super::dns::{Name, Question, RecordType};
use super::super::mail::{AuthResult, MethodResult};
use super::author::NoAuthorDomain;
use super::public_suffix::PublicSuffixes;
use super::record::{Alignment, Policy, Record, RecordError};

/// What SPF and DKIM have found out about a message (§3.1.1 and §3.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identifiers {
    /// The domain for which SPF gave `pass`: that of MAIL FROM, or of HELO where the path was null.
    pub spf: Option<Name>,
    /// The domains (`d=`) of the signatures that passed.
    pub dkim: Vec<Name>,
    /// Whether SPF or a signature ended in `temperror`: then a failure is not sure (§6.6.2).
    pub unsettled: bool,
}

/// What DMARC says about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `pass`, `fail`, `none` (no record), `temperror` or `permerror`.
    pub result: AuthResult,
    /// The author domain that was judged; of several, the one for which the strictest is wanted.
    pub author_domain: Option<Name>,
    /// The record, and the domain at whose `_dmarc` it was found.
    pub record: Option<(Name, Record)>,
    /// What the record asks for where a message fails.
    pub policy: Option<Policy>,
    /// What is to be done with this message: the policy, or less where `pct=` spares it;
    /// [`Policy::None`] unless the result is `fail`.
    pub disposition: Policy,
    /// Whether SPF passed for an aligned domain.
    pub spf_aligned: bool,
    /// Whether a signature passed for an aligned domain.
    pub dkim_aligned: bool,
    /// Why there is no clear result, for people.
    pub reason: Option<String>,
}

impl Outcome {
    fn nothing(result: AuthResult, author_domain: Option<Name>, reason: Option<String>) -> Self {
        Outcome {
            result,
            author_domain,
            record: None,
            policy: None,
            disposition: Policy::None,
            spf_aligned: false,
            dkim_aligned: false,
            reason,
        }
    }

    /// For an `Authentication-Results` field (§11.1).
    pub fn method_result(&self) -> MethodResult {
        let mut result = MethodResult::new("dmarc", self.result);
        if let Some(policy) = self.policy {
            result = result.with_comment(format!("p={policy} dis={}", self.disposition));
        }
        if let Some(reason) = &self.reason {
            result = result.with_reason(reason.clone());
        }
        if let Some(domain) = &self.author_domain {
            result = result.with_property("header", "from", domain.without_dot().to_string());
        }
        result
    }
}

/// The evaluation of one message.
#[derive(Debug)]
pub struct Evaluation {
    checks: Vec<Check>,
    identifiers: Vec<Identifier>,
    unsettled: bool,
    no_author: Option<NoAuthorDomain>,
}

/// An authenticated domain.
#[derive(Debug)]
struct Identifier {
    by: Method,
    domain: Name,
    organization: Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Spf,
    Dkim,
}

/// The check for one author domain.
#[derive(Debug)]
struct Check {
    author: Name,
    organization: Name,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Waits for the records of `_dmarc` below this domain: the author domain, then the
    /// organizational one.
    Asking { domain: Name, question: Question },
    /// The record that counts, and the domain it was found at.
    Found { domain: Name, record: Record },
    /// There is none.
    NotFound(NotFound),
}

/// Why there is no record.
#[derive(Debug)]
enum NotFound {
    /// Nobody publishes one.
    NoRecord,
    /// Several: none of them counts (§6.6.3 step 5).
    SeveralRecords,
    /// One without a policy.
    Malformed(RecordError),
    /// No answer for now, or none yet.
    Unavailable(Option<LookupError>),
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotFound::NoRecord => f.write_str("no record"),
            NotFound::SeveralRecords => f.write_str("several records"),
            NotFound::Malformed(error) => write!(f, "{error}"),
            NotFound::Unavailable(None) => f.write_str("policy unavailable"),
            NotFound::Unavailable(Some(error)) => write!(f, "policy unavailable: {error}"),
        }
    }
}

impl Evaluation {
    /// Begins the evaluation for what [`super::author_domains`] has found.
    pub fn new(
        authors: Result<Vec<Name>, NoAuthorDomain>,
        identifiers: Identifiers,
        suffixes: &PublicSuffixes,
    ) -> Self {
        let (authors, no_author) = match authors {
            Ok(authors) => (authors, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let check = |author: Name| {
            let organization = suffixes.organizational_domain(&author);
            Check { state: State::ask(&author), author, organization }
        };
        let identifier = |(by, domain): (Method, Name)| {
            let organization = suffixes.organizational_domain(&domain);
            Identifier { by, domain, organization }
        };
        let spf = identifiers.spf.into_iter().map(|domain| (Method::Spf, domain));
        let dkim = identifiers.dkim.into_iter().map(|domain| (Method::Dkim, domain));
        Evaluation {
            checks: authors.into_iter().map(check).collect(),
            identifiers: spf.chain(dkim).map(identifier).collect(),
            unsettled: identifiers.unsettled,
            no_author,
        }
    }

    /// The look-ups whose answers are needed now, each once. An answer may lead to a further one.
    pub fn questions(&self) -> Vec<Question> {
        let mut questions: Vec<Question> = Vec::new();
        for check in &self.checks {
            if let State::Asking { question, .. } = &check.state
                && !questions.contains(question)
            {
                questions.push(question.clone());
            }
        }
        questions
    }

    /// Takes the answer to a question. One that was not asked changes nothing.
    pub fn answer(&mut self, question: &Question, answer: &Result<Answer, LookupError>) {
        for check in &mut self.checks {
            if let State::Asking { domain, question: asked } = &check.state
                && asked.name == question.name
            {
                check.state = check.next(domain.clone(), answer);
            }
        }
    }

    /// Whether all answers are there.
    pub fn is_done(&self) -> bool {
        self.checks.iter().all(|check| !matches!(check.state, State::Asking { .. }))
    }

    /// The outcome. `draws` is drawn from, once, only for a failure that `pct=` may spare.
    ///
    /// Of several author domains, the one that fails and wants the strictest counts (§6.6.1). A
    /// policy that was asked for in vain is `temperror`.
    pub fn finish(self, draws: &mut Stream) -> Outcome {
        if let Some(error) = self.no_author {
            return Outcome::nothing(AuthResult::PermError, None, Some(error.to_string()));
        }
        let outcomes = self.checks.iter().map(|check| self.outcome(check));
        // The first of the worst: `max_by_key` would take the last.
        let worst = outcomes.rev().max_by_key(|outcome| (rank(outcome.result), outcome.policy));
        let Some(mut outcome) = worst else {
            return Outcome::nothing(AuthResult::None, None, None);
        };
        if let (AuthResult::Fail, Some(policy), Some((_, record))) =
            (outcome.result, outcome.policy, &outcome.record)
        {
            let spared = record.percent < 100
                && policy != Policy::None
                && draws.below(100) >= u64::from(record.percent);
            outcome.disposition = if spared { policy.relaxed() } else { policy };
        }
        outcome
    }

    fn outcome(&self, check: &Check) -> Outcome {
        let author = Some(check.author.clone());
        let (domain, record) = match &check.state {
            State::Found { domain, record } => (domain, record),
            State::Asking { .. } => {
                let reason = NotFound::Unavailable(None).to_string();
                return Outcome::nothing(AuthResult::TempError, author, Some(reason));
            }
            State::NotFound(NotFound::NoRecord) => {
                return Outcome::nothing(AuthResult::None, author, None);
            }
            State::NotFound(why) => {
                let result = match why {
                    NotFound::NoRecord | NotFound::SeveralRecords => AuthResult::None,
                    NotFound::Malformed(_) => AuthResult::PermError,
                    NotFound::Unavailable(_) => AuthResult::TempError,
                };
                return Outcome::nothing(result, author, Some(why.to_string()));
            }
        };
        let is_aligned = |method: Method, alignment: Alignment| {
            let identifiers = self.identifiers.iter().filter(|found| found.by == method);
            identifiers.into_iter().any(|found| match alignment {
                Alignment::Strict => found.domain == check.author,
                Alignment::Relaxed => found.organization == check.organization,
            })
        };
        let spf_aligned = is_aligned(Method::Spf, record.spf_alignment);
        let dkim_aligned = is_aligned(Method::Dkim, record.dkim_alignment);
        let result = match (spf_aligned || dkim_aligned, self.unsettled) {
            (true, _) => AuthResult::Pass,
            (false, true) => AuthResult::TempError,
            (false, false) => AuthResult::Fail,
        };
        Outcome {
            result,
            author_domain: author,
            policy: Some(record.policy_for(*domain != check.author)),
            record: Some((domain.clone(), record.clone())),
            disposition: Policy::None,
            spf_aligned,
            dkim_aligned,
            reason: None,
        }
    }
}

/// Which result counts where there are several.
fn rank(result: AuthResult) -> u8 {
    match result {
        AuthResult::Fail => 4,
        AuthResult::TempError => 3,
        AuthResult::PermError => 2,
        AuthResult::Pass => 1,
        _ => 0,
    }
}

impl State {
    /// Asks for the record of `domain`.
    fn ask(domain: &Name) -> Self {
        match domain.prepend(b"_dmarc") {
            Ok(name) => State::Asking {
                domain: domain.clone(),
                question: Question::new(name, RecordType::Txt),
            },
            // No such name fits into DNS, so that there is no record.
            Err(_) => State::NotFound(NotFound::NoRecord),
        }
    }
}

impl Check {
    /// What follows from the records at `domain` (§6.6.3).
    fn next(&self, domain: Name, answer: &Result<Answer, LookupError>) -> State {
        let texts: Vec<Vec<u8>> = match answer {
            Ok(answer) => answer.texts().collect(),
            Err(error) if error.is_temporary() => {
                return State::NotFound(NotFound::Unavailable(Some(*error)));
            }
            Err(_) => Vec::new(),
        };
        let mut records = texts
            .iter()
            .map(|text| Record::parse(text))
            .filter(|record| *record != Err(RecordError::NotDmarc));
        match (records.next(), records.next()) {
            (None, _) if domain != self.organization => State::ask(&self.organization),
            (None, _) => State::NotFound(NotFound::NoRecord),
            (Some(_), Some(_)) => State::NotFound(NotFound::SeveralRecords),
            (Some(Ok(record)), None) => State::Found { domain, record },
            (Some(Err(error)), None) => State::NotFound(NotFound::Malformed(error)),
        }
    }
}

#[cfg(test)]
mod tests;
