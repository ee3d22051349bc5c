//! The Sender Policy Framework: may this client send mail in that name?
//!
//! Follows RFC 7208 with its verified errata. [`Record`] is what a domain publishes, [`Evaluation`]
//! is `check_host()` as a machine that does no I/O: it hands out DNS questions, takes their answers,
//! and ends in a [`Verdict`]. [`ReceivedSpf`] writes the verdict down as a header field.
//!
//! ```
//! use mxsim::proto::dns::{Name, Record, RecordData, RecordType, Txt, stub::Answer};
//! use mxsim::proto::spf::{Evaluation, Limits, Progress, Request, SpfResult};
//!
//! let client = "192.0.2.1".parse().unwrap();
//! let request = Request::mail_from(client, "alice@example.org", "mx.example.org");
//! let mut evaluation = Evaluation::new(request, Limits::default());
//!
//! let Progress::Asking(question) = evaluation.progress() else { panic!("it needs the record") };
//! assert_eq!((question.name.to_string(), question.rtype), ("example.org.".into(), RecordType::Txt));
//!
//! let name: Name = question.name.clone();
//! let txt = RecordData::Txt(Txt::new(["v=spf1 ip4:192.0.2.0/24 -all"]));
//! let records = vec![Record::new(name.clone(), 300, txt)];
//! evaluation.answer(&Ok(Answer { canonical: name, records }));
//!
//! let Progress::Done(verdict) = evaluation.progress() else { panic!("it knows enough") };
//! assert_eq!(verdict.result, SpfResult::Pass);
//! assert_eq!(verdict.directive.as_deref(), Some("ip4:192.0.2.0/24"));
//! ```
//!
//! Not modelled: records of type SPF (withdrawn by RFC 7208 §3.1), internationalised domains other
//! than as A-labels, the cross-user precautions of §11.

mod cidr;
mod domain_spec;
mod evaluation;
mod limits;
mod macro_string;
mod received_spf;
mod record;
mod request;
mod syntax;
mod verdict;

pub use cidr::DualCidr;
pub use domain_spec::DomainSpec;
pub use evaluation::{Evaluation, Progress};
pub use limits::Limits;
pub use macro_string::{MacroLetter, MacroString};
pub use received_spf::ReceivedSpf;
pub use record::{Directive, Mechanism, Qualifier, Record};
pub use request::{Identity, Request};
pub use syntax::{SyntaxError, SyntaxProblem};
pub use verdict::{Problem, SpfResult, Verdict};
