//! Enhanced mail system status codes (RFC 3463), as replies carry them (RFC 2034).

use std::fmt::{self, Write};
use std::str::FromStr;

use crate::proto::decimal;

/// A status code `class.subject.detail`, such as `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedStatus {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedStatus {
    /// The status `class.subject.detail`.
    ///
    /// # Panics
    ///
    /// When `class` is not 2, 4 or 5, or another number exceeds 999 (RFC 3463 §2). Text from
    /// outside is parsed with `FromStr`, which does not panic.
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        assert!(matches!(class, 2 | 4 | 5), "the class is 2, 4 or 5");
        assert!(subject <= 999 && detail <= 999, "numbers have at most three digits");
        EnhancedStatus { class, subject, detail }
    }

    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub const fn class(self) -> u8 {
        self.class
    }

    /// What the status is about: 1 addressing, 2 mailbox, 3 mail system, 4 network and routing,
    /// 5 protocol, 6 content, 7 security or policy, 0 anything else.
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// The detail within the subject.
    pub const fn detail(self) -> u16 {
        self.detail
    }

    /// Splits a leading status off a reply's text: `5.1.1 no such user` gives `no such user`.
    ///
    /// `None` where the text does not start with a status, or runs on without a space.
    pub fn split_from(text: &str) -> Option<(EnhancedStatus, &str)> {
        let (status, length) = EnhancedStatus::at_start_of(text.as_bytes())?;
        let rest = &text[length..];
        match rest.as_bytes() {
            [] => Some((status, rest)),
            [b' ', ..] => Some((status, &rest[1..])),
            _ => None,
        }
    }

    /// The status at the start of `text`, and how long it is written.
    fn at_start_of(text: &[u8]) -> Option<(EnhancedStatus, usize)> {
        let [class @ (b'2' | b'4' | b'5'), b'.', rest @ ..] = text else { return None };
        let (subject, subject_length) = number_at_start_of(rest)?;
        let [b'.', rest @ ..] = &rest[subject_length..] else { return None };
        let (detail, detail_length) = number_at_start_of(rest)?;
        let status = EnhancedStatus { class: class - b'0', subject, detail };
        Some((status, 3 + subject_length + detail_length))
    }

    /// Writes it, as `Display` does.
    pub(super) fn write(self, out: &mut (impl Write + ?Sized)) -> fmt::Result {
        let mut octets = [0; MOST_OCTETS];
        let length = self.put(&mut octets);
        out.write_str(decimal::text(&octets[..length]))
    }

    /// Puts it at the beginning of `octets`, which have room for nine; how long it is.
    pub(super) fn put(self, octets: &mut [u8]) -> usize {
        octets[0] = b'0' + self.class;
        let mut end = 1;
        for number in [self.subject, self.detail] {
            octets[end] = b'.';
            end += 1;
            end += decimal::put_short(number, &mut octets[end..]);
        }
        end
    }
}

/// Of `c.sss.ddd`.
const MOST_OCTETS: usize = 9;

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

/// The text is no enhanced status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAStatus;

impl fmt::Display for NotAStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an enhanced status code (class 2, 4 or 5, then two numbers up to 999)")
    }
}

impl std::error::Error for NotAStatus {}

impl FromStr for EnhancedStatus {
    type Err = NotAStatus;
    fn from_str(text: &str) -> Result<Self, NotAStatus> {
        match EnhancedStatus::at_start_of(text.as_bytes()) {
            Some((status, length)) if length == text.len() => Ok(status),
            _ => Err(NotAStatus),
        }
    }
}

/// Up to three digits and how many they are; more are none. Leading zeros are forbidden
/// (RFC 3463 §2).
fn number_at_start_of(text: &[u8]) -> Option<(u16, usize)> {
    let (mut number, mut length) = (0, 0);
    while let Some(digit @ b'0'..=b'9') = text.get(length) {
        number = number * 10 + u16::from(digit - b'0');
        length += 1;
        if length > 3 {
            return None;
        }
    }
    let plain = length == 1 || length > 1 && text[0] != b'0';
    plain.then_some((number, length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_of_rfc_3463_parse_and_print() {
        for text in ["2.0.0", "4.4.7", "5.1.1", "5.7.133"] {
            assert_eq!(text.parse::<EnhancedStatus>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "5", "5.1", "3.1.1", "5.1.1.1", "5.01.1", "5.1.1000", "5.1.+1", "5..1"] {
            assert_eq!(text.parse::<EnhancedStatus>(), Err(NotAStatus), "{text}");
        }
    }

    #[test]
    fn a_status_is_split_from_the_text() {
        let status = EnhancedStatus::new(5, 1, 1);
        assert_eq!(EnhancedStatus::split_from("5.1.1 no  such"), Some((status, "no  such")));
        assert_eq!(EnhancedStatus::split_from("5.1.1"), Some((status, "")));
        assert_eq!(EnhancedStatus::split_from("5.1.1: no"), None);
        assert_eq!(EnhancedStatus::split_from("no such user"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text: String) {
            let _ = EnhancedStatus::split_from(&text);
        }
    }
}
