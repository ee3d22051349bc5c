//! The collation `i;unicode-casemap` (RFC 5051), by which SEARCH compares and SORT orders
//! (RFC 5255, I18NLEVEL=1).
//!
//! A text is brought into one form, in which equal, within and before are those of octets: each
//! character in upper case, then without its diacritics and its compatible shapes, these as
//! characters of their own. So `ü` is `U` and a diaeresis, and `u` is found in it.
//!
//! Deviation: upper case in place of title case, which differ in four digraphs that come apart
//! anyway.

use std::borrow::Cow;

use unicode_normalization::char::decompose_compatible;

/// The text in the form in which it is compared; borrowed where it has that already.
pub(super) fn collated(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|octet| octet.is_ascii_lowercase()) {
            true => Cow::Owned(text.to_ascii_uppercase()),
            false => Cow::Borrowed(text),
        };
    }
    let mut collated = String::with_capacity(text.len() + text.len() / 2);
    for char in text.chars() {
        match char {
            '\0'..='\x7f' => collated.push(char.to_ascii_uppercase()),
            // Syllables of Hangul have no decomposition in the table that RFC 5051 §2 names, and
            // letters are not found in them.
            '\u{ac00}'..='\u{d7a3}' => collated.push(char),
            _ => decompose_compatible(upper(char), |part| collated.push(upper(part))),
        }
    }
    Cow::Owned(collated)
}

/// Upper case, where that is one character: `ß` has none.
fn upper(char: char) -> char {
    let mut upper = char.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => char,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_shape_and_diacritics() {
        for (text, wanted) in [
            ("Plain 7", "PLAIN 7"),
            ("üÜ", "U\u{308}U\u{308}"),
            ("straße", "STRAßE"),
            ("Привет", "ПРИВЕТ"),
            ("ΣΊΣΥΦΟΣ", "ΣΙ\u{301}ΣΥΦΟΣ"),
            ("σίσυφος", "ΣΙ\u{301}ΣΥΦΟΣ"),
            ("ﬁn", "FIN"),
            ("ｆｕｌｌ", "FULL"),
            ("ǆǅǄ", "DZ\u{30c}DZ\u{30c}DZ\u{30c}"),
            ("\u{a0}½", " 1\u{2044}2"),
            ("안녕", "안녕"),
            ("日本", "日本"),
        ] {
            assert_eq!(collated(text), wanted, "{text}");
        }
        assert!(matches!(collated("ABC"), Cow::Borrowed("ABC")));
    }

    proptest! {
        #[test]
        fn what_is_collated_stays(text in "\\PC{0,20}") {
            let once = collated(&text).into_owned();
            prop_assert_eq!(collated(&once), once.as_str());
        }
    }
}
