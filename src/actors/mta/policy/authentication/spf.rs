//! SPF: whether the client may send in the name of HELO and of MAIL FROM (RFC 7208 §2.3 and §2.4).
//!
//! The words of a refusal are those of pyspf's policy service for Postfix, the codes those of
//! RFC 7372.

use std::time::Duration;

use crate::actors::mta::config::{Authentication, SpfCheck};
use crate::engine::SimTime;
use crate::proto::smtp::Mailbox;
use crate::proto::spf::{Evaluation, Identity, Limits, Progress, Request, SpfResult, Verdict};

use super::super::Finding;
use super::super::turn::{Answers, Turn, Wait};

/// What is known of the envelope.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    helo: Check,
    mail_from: Check,
}

/// The check of one identity.
#[derive(Debug, Default)]
enum Check {
    /// It has not begun.
    #[default]
    Unasked,
    /// It waits for the DNS.
    Asking { evaluation: Box<Evaluation>, since: SimTime },
    /// It is over.
    Done(Box<Checked>),
}

/// What was asked and what came of it.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) request: Request,
    pub(super) verdict: Verdict,
}

/// How long a check may take: "at least 20 seconds" (RFC 7208 §4.6.4). It is looked at with each
/// answer, and an answer that does not come is a failure by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// What SPF says of HELO and MAIL FROM, and what follows from it.
pub(super) fn judge(turn: &mut Turn<'_>) -> Result<Finding, Wait> {
    let wanted = &turn.config.authentication;
    look(turn)?;
    let Envelope { helo, mail_from } = &turn.evidence.authentication.envelope;
    let checked = [helo, mail_from].into_iter().filter_map(Check::checked);
    if let Some(refusal) = checked.clone().find_map(|checked| refuse(checked, turn, wanted)) {
        return Ok(refusal);
    }
    // HELO is worth a word where its domain says something.
    let told = checked.filter(|it| {
        it.request.identity == Identity::MailFrom || it.verdict.result != SpfResult::None
    });
    let words: Vec<String> = told.map(Checked::in_words).collect();
    Ok(Finding::pass(words.join(", ")))
}

/// Sees to it that both identities are checked.
///
/// Where MAIL FROM is null, HELO stands in its place (RFC 7208 §2.4) and is not asked twice.
pub(super) fn look(turn: &mut Turn<'_>) -> Result<(), Wait> {
    let helo = turn.helo.unwrap_or_default();
    let path = turn.sender.and_then(|path| path.mailbox()).map_or("", Mailbox::as_str);
    let prepare = |request: Request| request.receiver(&turn.config.hostname).at(turn.date);
    let envelope = &mut turn.evidence.authentication.envelope;
    if !path.is_empty() {
        let request = || prepare(Request::helo(turn.client, helo));
        envelope.helo.resume(request, turn.answers, turn.now)?;
    }
    let request = || prepare(Request::mail_from(turn.client, path, helo));
    envelope.mail_from.resume(request, turn.answers, turn.now)
}

impl Envelope {
    /// The check of MAIL FROM, once it is over.
    pub(super) fn mail_from(&self) -> Option<&Checked> {
        self.mail_from.checked()
    }

    /// The check of HELO, if it is over and says anything.
    pub(super) fn helo(&self) -> Option<&Checked> {
        self.helo.checked().filter(|checked| checked.verdict.result != SpfResult::None)
    }
}

impl Check {
    fn checked(&self) -> Option<&Checked> {
        match self {
            Check::Done(checked) => Some(checked),
            Check::Unasked | Check::Asking { .. } => None,
        }
    }

    /// Carries the check on as far as the answers reach.
    fn resume(
        &mut self,
        request: impl Fn() -> Request,
        answers: &Answers,
        now: SimTime,
    ) -> Result<(), Wait> {
        loop {
            match self {
                Check::Done(_) => return Ok(()),
                Check::Unasked => {
                    let evaluation = Box::new(Evaluation::new(request(), Limits::default()));
                    *self = Check::Asking { evaluation, since: now };
                }
                Check::Asking { evaluation, since } => match evaluation.progress() {
                    Progress::Done(verdict) => {
                        let verdict = verdict.as_ref().clone();
                        *self = Check::Done(Box::new(Checked { request: request(), verdict }));
                    }
                    Progress::Asking(question) => {
                        let found = answers.get(&question.name, question.rtype)?;
                        if now > *since + PATIENCE {
                            evaluation.give_up();
                        } else {
                            evaluation.answer(found);
                        }
                    }
                },
            }
        }
    }
}

impl Checked {
    /// `spf=fail (mailfrom example.org, -all)`.
    fn in_words(&self) -> String {
        let Checked { request, verdict } = self;
        let why = match (&verdict.problem, &verdict.directive) {
            (Some(problem), _) => format!(": {problem}"),
            (None, Some(directive)) => format!(", {directive}"),
            (None, None) => String::new(),
        };
        format!("spf={} ({} {}{why})", verdict.result, request.identity.as_str(), request.domain)
    }
}

/// What follows from a check, if the session does not go on.
fn refuse(checked: &Checked, turn: &Turn<'_>, wanted: &Authentication) -> Option<Finding> {
    let verdict = &checked.verdict;
    let (code, class, detail, verb) = match verdict.result {
        SpfResult::Fail if wanted.spf == SpfCheck::Reject => (550, 5, 23, "rejected"),
        SpfResult::TempError if wanted.defer_temporary => (451, 4, 24, "deferred"),
        _ => return None,
    };
    let why = match (&verdict.explanation, &verdict.problem) {
        // Whose words they are has to be told (RFC 7208 §6.2).
        (Some(text), _) => format!("{} explains: {text}", verdict.domain),
        (None, Some(problem)) => format!("SPF {}: {problem}", verdict.result),
        (None, None) => "SPF fail - not authorized".to_owned(),
    };
    let (scope, id) = match checked.request.identity {
        Identity::MailFrom => ("mfrom", checked.request.sender()),
        Identity::Helo => ("helo", checked.request.helo.clone()),
    };
    let sender = turn.sender.map_or_else(String::new, ToString::to_string);
    let mut text = format!("{sender}: Sender address rejected: Message {verb} due to: {why}");
    let see = format!(
        ". Please see http://www.openspf.net/Why?s={scope};id={id};ip={};r={}",
        checked.request.client, turn.config.hostname
    );
    if text.len() + see.len() <= MAX_TEXT {
        text += &see;
    }
    let plain = |char: char| if char.is_ascii_graphic() || char == ' ' { char } else { '?' };
    let text: String = text.chars().map(plain).take(MAX_TEXT).collect();
    Some(Finding::refuse(checked.in_words(), code, (class, 7, detail), text))
}

/// How long the text of a reply is at most: a reply line has 512 octets (RFC 5321 §4.5.3.1.5).
const MAX_TEXT: usize = 480;
