//! What an evaluation comes to (RFC 7208 §2.6 and §8).

use std::fmt;

use crate::proto::dns::stub::LookupError;
use crate::proto::dns::{Name, RecordType};
use crate::proto::mail::{AuthResult, MethodResult};

use super::request::{Identity, Request};
use super::syntax::SyntaxError;

/// The seven results (§2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpfResult {
    /// There is no record, or no domain to ask for one.
    None,
    /// The domain does not say.
    Neutral,
    /// The client is authorised.
    Pass,
    /// The client is not authorised.
    Fail,
    /// The client is probably not authorised.
    SoftFail,
    /// Something failed that may work later, commonly a look-up.
    TempError,
    /// The record cannot be understood; its publisher has to act.
    PermError,
}

impl SpfResult {
    /// The word of §9.1, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            SpfResult::None => "none",
            SpfResult::Neutral => "neutral",
            SpfResult::Pass => "pass",
            SpfResult::Fail => "fail",
            SpfResult::SoftFail => "softfail",
            SpfResult::TempError => "temperror",
            SpfResult::PermError => "permerror",
        }
    }
}

impl fmt::Display for SpfResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The same word (RFC 8601 §2.7.2).
impl From<SpfResult> for AuthResult {
    fn from(result: SpfResult) -> Self {
        match result {
            SpfResult::None => AuthResult::None,
            SpfResult::Neutral => AuthResult::Neutral,
            SpfResult::Pass => AuthResult::Pass,
            SpfResult::Fail => AuthResult::Fail,
            SpfResult::SoftFail => AuthResult::SoftFail,
            SpfResult::TempError => AuthResult::TempError,
            SpfResult::PermError => AuthResult::PermError,
        }
    }
}

/// A result and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The result.
    pub result: SpfResult,
    /// The domain whose record decided: the one asked for, or the last one that a `redirect` led
    /// to. The one that is at fault, after an error.
    pub domain: String,
    /// The directive that matched, as it was published; of an `include` the one of the outermost
    /// record. `None` when none matched.
    pub directive: Option<String>,
    /// What is in the way of a definite result; `None` where there is one.
    pub problem: Option<Problem>,
    /// Why the domain says `fail`, in its own words, visible US-ASCII and spaces. `None` when it
    /// says nothing, or nothing that can be used (§6.2).
    pub explanation: Option<String>,
    /// How many questions were put to the DNS.
    pub lookups: u32,
}

impl Verdict {
    /// What `Authentication-Results` says of it: `spf=` with `smtp.mailfrom` or `smtp.helo`
    /// (RFC 8601 §2.7.2), and the problem as the reason.
    pub fn method_result(&self, request: &Request) -> MethodResult {
        let result = MethodResult::new("spf", self.result.into());
        let result = match &self.problem {
            Some(problem) => result.with_reason(problem.to_string()),
            None => result,
        };
        match request.identity {
            Identity::MailFrom => result.with_property("smtp", "mailfrom", request.sender()),
            Identity::Helo => result.with_property("smtp", "helo", request.helo.as_str()),
        }
    }
}

/// Why there is no definite result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// `none`: what should be a domain is none, or has one label alone (§4.3).
    NoDomain {
        /// What it was.
        domain: String,
    },
    /// `none`, or `permerror` where a term needed it: the domain publishes no record (§4.5).
    NoRecord,
    /// `permerror`: more than one record (§4.5).
    ManyRecords {
        /// How many.
        count: usize,
    },
    /// `permerror`: the record has a mistake (§4.6).
    Syntax(SyntaxError),
    /// `permerror`: too many terms that need look-ups (§4.6.4).
    TooManyTerms {
        /// How many there may be.
        limit: u32,
    },
    /// `permerror`: too many terms whose look-ups found nothing (§4.6.4).
    TooManyVoidTerms {
        /// How many there may be.
        limit: u32,
    },
    /// `permerror`: an `mx` with too many exchanges (§4.6.4).
    TooManyExchanges {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// `temperror`: a look-up failed.
    Lookup {
        /// The name.
        name: Name,
        /// The type.
        rtype: RecordType,
        /// What went wrong.
        error: LookupError,
    },
    /// `temperror`: the one who asks did not wait for the end (§4.6.4).
    GivenUp,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoDomain { domain } => write!(f, "{domain:?} is no domain name"),
            Problem::NoRecord => write!(f, "no SPF record"),
            Problem::ManyRecords { count } => write!(f, "{count} SPF records"),
            Problem::Syntax(error) => write!(f, "syntax error in {error}"),
            Problem::TooManyTerms { limit } => {
                write!(f, "more than {limit} terms that need look-ups")
            }
            Problem::TooManyVoidTerms { limit } => {
                write!(f, "more than {limit} terms whose look-ups found nothing")
            }
            Problem::TooManyExchanges { count, limit } => {
                write!(f, "{count} exchanges of one mx (at most {limit})")
            }
            Problem::Lookup { name, rtype, error } => {
                write!(f, "{rtype} {}: {error}", name.without_dot())
            }
            Problem::GivenUp => write!(f, "it took too long"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::mail::AuthenticationResults;

    #[test]
    fn authentication_results_name_the_identity() {
        let check = |request: Request, result, problem, line: &str| {
            let (domain, directive, explanation) = (request.domain.clone(), None, None);
            let verdict = Verdict { result, domain, directive, problem, explanation, lookups: 1 };
            let results = vec![verdict.method_result(&request)];
            let authserv_id = "mx.example.net".to_owned();
            let field = AuthenticationResults { authserv_id, results }.to_string();
            assert_eq!(field, format!("Authentication-Results: mx.example.net;\r\n\t{line}\r\n"));
        };
        let client = [192, 0, 2, 1].into();
        let mail_from = Request::mail_from(client, "alice@example.org", "mx.example.org");
        check(mail_from, SpfResult::Pass, None, "spf=pass smtp.mailfrom=alice@example.org");
        let helo = Request::helo(client, "mx.example.org");
        let problem = Some(Problem::NoRecord);
        let line = "spf=none reason=\"no SPF record\" smtp.helo=mx.example.org";
        check(helo, SpfResult::None, problem, line);
    }
}
