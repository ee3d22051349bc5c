//! Domain names beyond ASCII, in the form in which the DNS has them (RFC 5891, UTS #46).
//!
//! An address may have its domain in U-labels (`例子.example`); questions to the DNS and tables of
//! domains have the A-labels of the same name (`xn--fsqu00a.example`).
//!
//! Not modelled: the way back from A-labels to U-labels: a name is shown as it was written.

use std::borrow::Cow;

/// The name in lower case and with A-labels: the one form for all spellings of one domain.
///
/// A name of ASCII alone becomes lower case and is not looked at further. `None` where IDNA forbids
/// the name.
pub fn to_ascii(name: &str) -> Option<Cow<'_, str>> {
    if !name.is_ascii() {
        return idna::domain_to_ascii(name).ok().map(Cow::Owned);
    }
    // No early end, so that many octets are looked at in one step.
    Some(if name.bytes().fold(false, |found, b| found | b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_spellings_of_a_name_have_one_form() {
        for (name, ascii) in [
            ("例子.example", "xn--fsqu00a.example"),
            ("Bücher.Example", "xn--bcher-kva.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("MX_1.Example", "mx_1.example"),
        ] {
            assert_eq!(to_ascii(name).as_deref(), Some(ascii), "{name}");
        }
        for wrong in ["\u{200d}.example", "a\u{ffff}.example"] {
            assert_eq!(to_ascii(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_becomes_ascii_or_nothing(name: String) {
            prop_assert!(to_ascii(&name).is_none_or(|name| name.is_ascii()));
        }
    }
}
