//! The domain that a term names (RFC 7208 §7.1), and the name that it comes to (§4.8, §7.3).

use crate::proto::dns::Name;

use super::macro_string::{MacroString, Place, Values};
use super::syntax::SyntaxProblem;

/// A `domain-spec`: a macro string that ends in a top label or in a macro.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainSpec {
    text: MacroString,
}

impl DomainSpec {
    /// Reads `macro-string domain-end`.
    pub(super) fn parse(text: &[u8]) -> Result<Self, SyntaxProblem> {
        if text.is_empty() {
            return Err(SyntaxProblem::MissingArgument);
        }
        let text = MacroString::parse(text, Place::Term)?;
        if let Some(end) = text.literal_end() {
            let end = end.strip_suffix('.').unwrap_or(end);
            let top_label = end.rsplit_once('.').map(|(_, label)| label);
            if !top_label.is_some_and(is_top_label) {
                return Err(SyntaxProblem::TopLabel);
            }
        }
        Ok(DomainSpec { text })
    }

    /// Whether the client's names have to be known before it is expanded.
    pub fn needs_validated_name(&self) -> bool {
        self.text.needs_validated_name()
    }

    /// The name in text, without a final dot. One of more than 253 characters loses labels at its
    /// left (§7.3).
    pub(super) fn target_name(&self, values: &Values<'_>) -> String {
        let mut text = self.text.expand(values);
        if text.ends_with('.') {
            text.pop();
        }
        while text.len() > MAX_NAME_CHARS {
            match text.find('.') {
                Some(dot) => drop(text.drain(..=dot)),
                // No label is that long: it is no name.
                None => break,
            }
        }
        text
    }
}

/// The name that the text stands for; `None` when a label is empty or too long, or the whole is.
///
/// Nothing in the text escapes anything: a backslash is a character (§4.8).
pub(super) fn to_name(text: &str) -> Option<Name> {
    let text = text.strip_suffix('.').unwrap_or(text);
    Name::from_labels(text.split('.').map(str::as_bytes)).ok()
}

/// Whether the text is a domain that may own a record: a name of several labels without any
/// character beyond US-ASCII (§4.3).
pub(super) fn to_domain(text: &str) -> Option<Name> {
    to_name(text).filter(|name| name.label_count() > 1 && text.is_ascii())
}

/// `( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )`
fn is_top_label(label: &str) -> bool {
    let is_plain = label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let has_name = label.bytes().any(|octet| octet.is_ascii_alphabetic() || octet == b'-');
    is_plain && has_name && !label.starts_with('-') && !label.ends_with('-')
}

/// What a name of 255 octets on the wire has at most, written without its final dot.
const MAX_NAME_CHARS: usize = 253;

#[cfg(test)]
mod tests {
    use super::super::request::Request;
    use super::*;

    fn target(spec: &str, local_part: &str) -> String {
        let client = [192, 0, 2, 1].into();
        let request = Request::mail_from(client, &format!("{local_part}@example.org"), "mx");
        let values =
            Values { request: &request, domain: "example.org", validated_name: "unknown".into() };
        DomainSpec::parse(spec.as_bytes()).unwrap().target_name(&values)
    }

    #[test]
    fn a_domain_ends_in_a_top_label_or_a_macro() {
        for good in [
            "example.com",
            "a.example.com.",
            "%{d}",
            "a%%",
            "x.%{d2}",
            "%{d}.com",
            "_spf.x-1",
            "a:b/c.example.com",
            "a.1a",
            "..com",
            "a.xn--p1ai",
            "a.1-1",
        ] {
            assert!(DomainSpec::parse(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            "museum",
            "museum.",
            "com.-a",
            "a.b-",
            "a.1",
            "192.0.2.1",
            "%{d}com",
            "%{d}.",
            "a.b_c",
            "a.com:8080",
            "a..",
            ".",
            "a.com/x",
        ] {
            assert_eq!(DomainSpec::parse(bad.as_bytes()), Err(SyntaxProblem::TopLabel), "{bad}");
        }
        assert_eq!(DomainSpec::parse(b""), Err(SyntaxProblem::MissingArgument));
    }

    #[test]
    fn a_long_name_loses_labels_at_its_left() {
        let local_part = ["a".repeat(60), "b".repeat(60), "c".repeat(60)].join(".");
        let all = format!("{local_part}.{}.example.org", "d".repeat(59));
        assert_eq!(all.len(), 254);
        let kept = target(&format!("%{{l}}.{}.example.org", "d".repeat(59)), &local_part);
        assert_eq!(kept, all[61..]);
        let all = format!("{local_part}.{}.example.org", "d".repeat(58));
        let kept = target(&format!("%{{l}}.{}.example.org", "d".repeat(58)), &local_part);
        assert_eq!(kept, all);
    }

    #[test]
    fn not_all_text_is_a_name() {
        assert_eq!(target("%{l}.example.com.", "a\\b"), "a\\b.example.com");
        assert_eq!(to_name("a\\b.example.com").unwrap().label_count(), 3);
        assert!(to_name("a..example.com").is_none());
        assert!(to_name("").is_none());
        assert!(to_name(&format!("{}.com", "a".repeat(64))).is_none());
        assert!(to_domain("localhost").is_none());
        assert!(to_domain("localhost.").is_none());
        assert!(to_domain("ex\u{e4}mple.com").is_none());
        assert!(to_domain("_spf.example.com.").is_some());
    }
}
