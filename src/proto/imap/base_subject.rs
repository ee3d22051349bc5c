//! The base subject: what is left of a `Subject` without the marks of replies and forwards.
//!
//! Follows RFC 5256 §2.1, step by step.

use std::borrow::Cow;

use super::collation::collated;
use crate::proto::mail::decode::decode_words;
use crate::proto::mail::spaced;

/// The base subject of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct BaseSubject {
    /// In the form in which it is compared. Empty where nothing is left.
    pub(super) text: String,
    /// Whether a mark of a reply or a forward was taken off.
    pub(super) is_reply: bool,
}

impl BaseSubject {
    /// Of the unfolded value of a `Subject` field.
    pub(super) fn of(subject: &[u8]) -> BaseSubject {
        // (1)
        let decoded = decode_words(subject);
        let text = spaced(Cow::Borrowed(decoded.as_bytes()));
        let text = String::from_utf8_lossy(&text);
        let mut rest = &*text;
        let mut is_reply = false;
        loop {
            // (2)
            while let Some((shorter, was_mark)) = without_trailer(rest) {
                rest = shorter;
                is_reply |= was_mark;
            }
            // (3), as often as (5) says
            while let Some((shorter, was_mark)) = without_leader(rest) {
                rest = shorter;
                is_reply |= was_mark;
            }
            // (4), after which there is no leader that was none before
            while let Some(base) = blob(rest).filter(|base| !base.is_empty()) {
                rest = base;
            }
            // (6)
            match prefix(rest, "[fwd:").and_then(|inner| inner.strip_suffix(']')) {
                Some(inner) => rest = inner,
                None => break,
            }
            is_reply = true;
        }
        BaseSubject { text: collated(rest).into_owned(), is_reply }
    }
}

/// `subj-trailer`
fn without_trailer(text: &str) -> Option<(&str, bool)> {
    if let Some(shorter) = text.strip_suffix(is_white_space) {
        return Some((shorter, false));
    }
    let (shorter, end) = text.split_at_checked(text.len().checked_sub("(fwd)".len())?)?;
    end.eq_ignore_ascii_case("(fwd)").then_some((shorter, true))
}

/// `subj-leader`
fn without_leader(text: &str) -> Option<(&str, bool)> {
    if let Some(shorter) = text.strip_prefix(is_white_space) {
        return Some((shorter, false));
    }
    let mut rest = text;
    while let Some(shorter) = blob(rest) {
        rest = shorter;
    }
    // `subj-refwd`
    let rest = prefix(rest, "re").or(prefix(rest, "fwd")).or(prefix(rest, "fw"))?;
    let rest = rest.trim_start_matches(is_white_space);
    let rest = blob(rest).unwrap_or(rest);
    rest.strip_prefix(':').map(|rest| (rest, true))
}

/// What follows a `subj-blob`.
fn blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let (_, rest) = inner.split_at(inner.find(['[', ']'])?);
    Some(rest.strip_prefix(']')?.trim_start_matches(is_white_space))
}

/// What follows the word, in any case.
fn prefix<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then_some(rest)
}

fn is_white_space(char: char) -> bool {
    matches!(char, ' ' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_are_taken_off() {
        for (subject, text, is_reply) in [
            ("Hello", "HELLO", false),
            ("  a \t b  ", "A B", false),
            ("Re: a", "A", true),
            ("re:re :  FW: Fwd: a", "A", true),
            ("RE[2]: a", "A", true),
            ("Re [a] [b]: c", "RE [A] [B]: C", false),
            ("[list] Re: [x] a", "A", true),
            ("[list] [x] a", "A", false),
            ("[list]", "[LIST]", false),
            ("[a][b]", "[B]", false),
            ("Re: [list]", "[LIST]", true),
            ("a (fwd)", "A", true),
            ("a (FWD)  (fwd) ", "A", true),
            ("[Fwd: a]", "A", true),
            ("[Fwd: Re: [x] a (fwd)]", "A", true),
            ("[fwd: a", "[FWD: A", false),
            ("[fwd:]", "", true),
            ("Re:", "", true),
            ("(fwd)", "", true),
            ("", "", false),
            ("Re a", "RE A", false),
            ("Rethink: a", "RETHINK: A", false),
            ("[un[closed] a", "[UN[CLOSED] A", false),
            ("=?utf-8?q?Re:_=c3=bc?=", "U\u{308}", true),
            ("=?utf-8?q?a?=\t=?utf-8?q?b?= c", "AB C", false),
            ("Ре: a", "РЕ: A", false),
        ] {
            let found = BaseSubject::of(subject.as_bytes());
            assert_eq!((found.text.as_str(), found.is_reply), (text, is_reply), "{subject}");
        }
    }

    #[test]
    fn endless_marks_come_to_an_end() {
        for mark in ["[]", "re:", "[fwd:", "[a] re:", "(fwd)", "[", "re[]"] {
            BaseSubject::of(mark.repeat(200_000).as_bytes());
        }
    }

    proptest! {
        #[test]
        fn what_is_base_stays(subject in "(re|fwd?|:|\\[|\\]|[\\[]fwd:|\\(fwd\\)| |x|ü){0,12}") {
            let once = BaseSubject::of(subject.as_bytes());
            let twice = BaseSubject::of(once.text.as_bytes());
            prop_assert_eq!((twice.text, twice.is_reply), (once.text, false));
        }
    }
}
