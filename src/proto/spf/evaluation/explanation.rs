//! The explanation of a `fail` (RFC 7208 §6.2). Whatever goes wrong on the way to it, the result
//! stays; there is no explanation then.

use crate::proto::dns::RecordType;
use crate::proto::dns::stub::{Answer, LookupError};

use super::super::domain_spec::to_name;
use super::super::macro_string::{MacroString, Place};
use super::super::verdict::Verdict;
use super::{Evaluation, State, Step, Then, texts};

impl Evaluation {
    /// Asks for the explanation of the record that failed, if it names one.
    pub(super) fn explain(&mut self, verdict: Box<Verdict>) -> Step {
        let Some(spec) = self.frame().record.exp.clone() else { return self.finish(verdict) };
        if spec.needs_validated_name() && self.client_names.is_none() {
            return self.ask_client_names(Then::ExplanationName(verdict));
        }
        match to_name(&spec.target_name(&self.values())) {
            Some(name) => self.ask(name, RecordType::Txt, State::Explanation(verdict)),
            None => self.finish(verdict),
        }
    }

    /// One TXT record of US-ASCII without mistakes is an explanation; all else is none.
    pub(super) fn on_explanation(
        &mut self,
        found: &Result<Answer, LookupError>,
        verdict: Box<Verdict>,
    ) -> Step {
        let texts = found.as_ref().map(|answer| texts(&answer.records)).unwrap_or_default();
        let text = match &texts[..] {
            [text] => MacroString::parse(text, Place::Explanation).ok(),
            _ => None,
        };
        match text {
            Some(text) if text.needs_validated_name() && self.client_names.is_none() => {
                self.ask_client_names(Then::Explanation(verdict, text))
            }
            Some(text) => self.explain_with(verdict, text),
            None => self.finish(verdict),
        }
    }

    /// Fills the explanation in. It is meant for an SMTP reply (§8.4): what a sender's own words
    /// in it would break out of a line, or out of US-ASCII, is not used.
    #[expect(clippy::needless_pass_by_value, reason = "its callers have no further use for it")]
    pub(super) fn explain_with(&mut self, mut verdict: Box<Verdict>, text: MacroString) -> Step {
        let text = text.expand(&self.values());
        let is_usable = text.bytes().all(|octet| matches!(octet, b' '..=b'~'));
        verdict.explanation = is_usable.then_some(text).filter(|text| !text.is_empty());
        self.finish(verdict)
    }
}
