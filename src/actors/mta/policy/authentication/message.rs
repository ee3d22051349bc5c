//! DKIM and DMARC: whose signatures a message carries, and what the domain in `From` wants done.
//!
//! Follows RFC 6376 §6 and RFC 7489 §6.6. The message is hashed once, when it has come; then the
//! keys are asked for, all at once, then the policy.

use crate::actors::mta::config::{Authentication, DmarcCheck, SpfCheck};
use crate::proto::dkim::{SignatureResult, Verifier, VerifierConfig};
use crate::proto::dmarc::{self, Identifiers, Outcome, Policy, author_domains};
use crate::proto::dns::Question;
use crate::proto::mail::{AuthResult, Header};
use crate::proto::spf::SpfResult;

use super::super::Finding;
use super::super::turn::{Answers, Turn, Wait};
use super::fields::Report;
use super::spf;

/// How far a message is.
#[derive(Debug, Default)]
pub(super) enum Content {
    /// Nothing is known.
    #[default]
    Unread,
    /// It is hashed; keys are missing.
    Keys(Verifier),
    /// The signatures are judged; the policy is missing.
    Policy(Vec<SignatureResult>, dmarc::Evaluation),
    /// Everything has been told.
    Over,
}

/// What DKIM and DMARC say, and what follows from it.
pub(super) fn judge(turn: &mut Turn<'_>) -> Result<Finding, Wait> {
    let wanted = &turn.config.authentication;
    let Some(message) = turn.message else { return Ok(Finding::pass("no message")) };
    if wanted.spf != SpfCheck::Off {
        // Where the sender was let through unseen, it is looked at now.
        spf::look(turn)?;
    }
    loop {
        let state = &mut turn.evidence.authentication;
        match &mut state.content {
            Content::Unread if wanted.dkim => {
                let config = VerifierConfig::default();
                let verifier = Verifier::new(&message.data, turn.date, &config);
                state.content = Content::Keys(verifier);
            }
            Content::Unread => {
                state.content = policy(Vec::new(), &message.data, &state.envelope, wanted);
            }
            Content::Keys(verifier) => {
                let questions = verifier.questions();
                all_answered(&questions, turn.answers)?;
                for question in &questions {
                    let found = turn.answers.get(&question.name, question.rtype)?;
                    verifier.answer(question, found);
                }
                let Content::Keys(verifier) = std::mem::take(&mut state.content) else {
                    unreachable!("it is matched above")
                };
                let results = verifier.into_results();
                state.content = policy(results, &message.data, &state.envelope, wanted);
            }
            Content::Policy(_, evaluation) => {
                if wanted.dmarc != DmarcCheck::Off {
                    while !evaluation.is_done() {
                        let questions = evaluation.questions();
                        all_answered(&questions, turn.answers)?;
                        for question in &questions {
                            let found = turn.answers.get(&question.name, question.rtype)?;
                            evaluation.answer(question, found);
                        }
                    }
                }
                let Content::Policy(signatures, evaluation) =
                    std::mem::replace(&mut state.content, Content::Over)
                else {
                    unreachable!("it is matched above")
                };
                let outcome = (wanted.dmarc != DmarcCheck::Off)
                    .then(|| evaluation.finish(turn.dmarc_sampling));
                return Ok(conclude(&signatures, outcome.as_ref(), turn));
            }
            Content::Over => return Ok(Finding::pass("told before")),
        }
    }
}

/// Waits for all of them that are missing, so that they are asked at one time.
fn all_answered(questions: &[Question], answers: &Answers) -> Result<(), Wait> {
    let missing: Vec<_> = questions
        .iter()
        .filter(|question| answers.get(&question.name, question.rtype).is_err())
        .map(|question| (question.name.clone(), question.rtype))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(Wait::Dns(missing)) }
}

/// Begins with DMARC on what SPF and DKIM have found.
fn policy(
    signatures: Vec<SignatureResult>,
    message: &[u8],
    envelope: &spf::Envelope,
    wanted: &Authentication,
) -> Content {
    let mail_from = envelope.mail_from();
    let passed = mail_from.filter(|checked| checked.verdict.result == SpfResult::Pass);
    let is_unsettled = mail_from.is_some_and(|it| it.verdict.result == SpfResult::TempError)
        || signatures.iter().any(|one| one.result() == AuthResult::TempError);
    let identifiers = Identifiers {
        spf: passed.and_then(|checked| checked.request.domain_name()),
        dkim: signatures.iter().filter_map(SignatureResult::passed_domain).cloned().collect(),
        unsettled: is_unsettled,
    };
    let authors = author_domains(Header::new(message));
    let evaluation = dmarc::Evaluation::new(authors, identifiers, &wanted.suffixes);
    Content::Policy(signatures, evaluation)
}

/// Writes down what was found out, and says what follows from it.
fn conclude(
    signatures: &[SignatureResult],
    outcome: Option<&Outcome>,
    turn: &mut Turn<'_>,
) -> Finding {
    let wanted = &turn.config.authentication;
    let dmarc = outcome.map(dmarc_in_words);
    let enforced = match (wanted.dmarc, outcome) {
        (DmarcCheck::Enforce, Some(outcome)) => outcome.disposition,
        _ => Policy::None,
    };
    let author = outcome.and_then(|outcome| outcome.author_domain.as_ref());
    let author = author.map_or_else(String::new, |name| name.without_dot().to_string());
    let mut words = Vec::new();
    if wanted.dkim {
        words.extend(dkim_in_words(signatures));
    }
    if enforced == Policy::Reject {
        words.extend(dmarc);
        let text = format!("Email rejected per DMARC policy for {author}");
        return Finding::refuse(words.join(", "), 550, (5, 7, 1), text);
    }
    let is_open = outcome.is_some_and(|outcome| outcome.result == AuthResult::TempError);
    if is_open && wanted.defer_temporary {
        words.extend(dmarc);
        let text = format!("DMARC policy for {author} cannot be evaluated now, try again later");
        return Finding::refuse(words.join(", "), 451, (4, 7, 1), text);
    }
    let envelope = &turn.evidence.authentication.envelope;
    let report = Report { config: turn.config, envelope, signatures, outcome, enforced };
    turn.evidence.fields.extend(report.fields());
    words.extend(dmarc);
    if words.is_empty() {
        words.push("spf is written down".to_owned());
    }
    Finding::pass(words.join(", "))
}

/// `dkim=pass d=example.org s=mail`, one for each signature, those of a long list cut off.
fn dkim_in_words(signatures: &[SignatureResult]) -> Vec<String> {
    let one = |signature: &SignatureResult| {
        let mut text = format!("dkim={}", signature.result());
        for (tag, value) in &signature.tags {
            if matches!(*tag, "d" | "s") {
                text += &format!(" {tag}={value}");
            }
        }
        if let Err(failure) = &signature.outcome {
            text += &format!(" ({failure})");
        }
        text
    };
    let mut words: Vec<String> = signatures.iter().take(MAX_TOLD).map(one).collect();
    if signatures.is_empty() {
        words.push("dkim=none".to_owned());
    } else if signatures.len() > MAX_TOLD {
        words.push(format!("{} signatures more", signatures.len() - MAX_TOLD));
    }
    words
}

/// `dmarc=fail (example.org, p=reject) → rejected`.
fn dmarc_in_words(outcome: &Outcome) -> String {
    let author = outcome.author_domain.as_ref();
    let mut about: Vec<String> =
        author.map(|name| name.without_dot().to_string()).into_iter().collect();
    about.extend(outcome.policy.map(|policy| format!("p={policy}")));
    let aligned = [(outcome.spf_aligned, "spf aligned"), (outcome.dkim_aligned, "dkim aligned")];
    about.extend(aligned.into_iter().filter(|it| it.0).map(|it| it.1.to_owned()));
    about.extend(outcome.reason.clone());
    let mut text = format!("dmarc={} ({})", outcome.result, about.join(", "));
    if outcome.result == AuthResult::Fail {
        text += match outcome.disposition {
            Policy::Reject => " → reject",
            Policy::Quarantine => " → quarantine",
            Policy::None => " → nothing",
        };
    }
    text
}

/// So many signatures are told of in a note; the header has them all.
const MAX_TOLD: usize = 3;
