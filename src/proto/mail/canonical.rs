//! Canonical line ends: CRLF, as messages have them on the wire (RFC 5322 §2.3).
//!
//! Files with the ending `.eml` commonly have LF alone. Nothing else about them is changed: a CR
//! alone stays where it is.

use bytes::Bytes;
use memchr::memchr_iter;

/// `message` with CRLF for each LF that has no CR before it.
///
/// The same slice, uncopied, where there is no such LF.
pub fn to_crlf(message: &Bytes) -> Bytes {
    let bare = |&at: &usize| at == 0 || message[at - 1] != b'\r';
    let count = memchr_iter(b'\n', message).filter(bare).count();
    if count == 0 {
        return message.clone();
    }
    let mut canonical = Vec::with_capacity(message.len() + count);
    let mut copied = 0;
    for at in memchr_iter(b'\n', message).filter(bare) {
        canonical.extend_from_slice(&message[copied..at]);
        canonical.extend_from_slice(b"\r\n");
        copied = at + 1;
    }
    canonical.extend_from_slice(&message[copied..]);
    canonical.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_bare_lf_changes() {
        let check = |from: &'static str, to: &str| {
            assert_eq!(to_crlf(&Bytes::from_static(from.as_bytes())), to);
        };
        check("\na\r\nb\n\nc\rd", "\r\na\r\nb\r\n\r\nc\rd");
        check("", "");
        check("x\r\r\n", "x\r\r\n");
    }

    #[test]
    fn a_canonical_message_is_not_copied() {
        let message = Bytes::from_static(b"a\r\nb\r\n");
        assert_eq!(to_crlf(&message).as_ptr(), message.as_ptr());
    }

    proptest! {
        #[test]
        fn canonical_is_canonical(text in "[a\r\n]{0,40}") {
            let once = to_crlf(&Bytes::from(text));
            prop_assert_eq!(to_crlf(&once), once);
        }
    }
}
