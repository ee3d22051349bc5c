//! Mailbox names: Unicode inside, modified UTF-7 on the wire (RFC 3501 §5.1).
//!
//! Not modelled: the normalization of RFC 5198; two spellings of one letter are two names.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// The name of a mailbox. `INBOX` is one name in any case (RFC 3501 §5.1).
///
/// Ordered by its Unicode text. Not empty, without control characters, at most
/// [`MailboxName::MAX_OCTETS`] long on the wire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxName(Box<str>);

/// The octets or characters are no mailbox name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadMailboxName {
    /// There is nothing.
    Empty,
    /// More than [`MailboxName::MAX_OCTETS`].
    TooLong,
    /// A control character, or an octet outside ASCII on the wire.
    BadCharacter,
    /// A shift to base64 that is not closed, or does not hold UTF-16.
    BadShift,
}

impl fmt::Display for BadMailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadMailboxName::Empty => "Mailbox name is empty",
            BadMailboxName::TooLong => "Mailbox name is too long",
            BadMailboxName::BadCharacter => "Mailbox name has a character that is not allowed",
            BadMailboxName::BadShift => "Mailbox name is not valid modified UTF-7",
        })
    }
}

impl MailboxName {
    /// How long a name can be on the wire.
    pub const MAX_OCTETS: usize = 1000;

    /// The name that every account has.
    pub fn inbox() -> MailboxName {
        MailboxName("INBOX".into())
    }

    /// The name with this Unicode text.
    pub fn new(text: &str) -> Result<MailboxName, BadMailboxName> {
        if text.is_empty() {
            return Err(BadMailboxName::Empty);
        }
        if text.len() > Self::MAX_OCTETS {
            return Err(BadMailboxName::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(BadMailboxName::BadCharacter);
        }
        if text.eq_ignore_ascii_case("INBOX") {
            return Ok(MailboxName::inbox());
        }
        Ok(MailboxName(text.into()))
    }

    /// Reads modified UTF-7. A name has one form in it: every other is none (RFC 3501 §5.1.3).
    pub fn decode(octets: &[u8]) -> Result<MailboxName, BadMailboxName> {
        if octets.len() > Self::MAX_OCTETS {
            return Err(BadMailboxName::TooLong);
        }
        let text = decode_utf7(octets)?;
        if encode_utf7(&text).as_bytes() != octets {
            return Err(BadMailboxName::BadShift);
        }
        MailboxName::new(&text)
    }

    /// The name in modified UTF-7, as it crosses the wire.
    pub fn encode(&self) -> String {
        encode_utf7(&self.0)
    }

    /// The Unicode text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is INBOX.
    pub fn is_inbox(&self) -> bool {
        &*self.0 == "INBOX"
    }
}

/// The Unicode text.
impl fmt::Display for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text as modified UTF-7 (RFC 3501 §5.1.3).
pub(crate) fn encode_utf7(text: &str) -> String {
    let mut wire = String::with_capacity(text.len());
    let mut shifted: Vec<u8> = Vec::new();
    let close = |shifted: &mut Vec<u8>, wire: &mut String| {
        if !shifted.is_empty() {
            wire.push('&');
            BASE64.encode_string(&*shifted, wire);
            wire.push('-');
            shifted.clear();
        }
    };
    for character in text.chars() {
        match character {
            ' '..='~' => {
                close(&mut shifted, &mut wire);
                wire.push(character);
                if character == '&' {
                    wire.push('-');
                }
            }
            _ => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    shifted.extend_from_slice(&unit.to_be_bytes());
                }
            }
        }
    }
    close(&mut shifted, &mut wire);
    wire
}

fn decode_utf7(octets: &[u8]) -> Result<String, BadMailboxName> {
    let mut text = String::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((&first, after)) = rest.split_first() {
        match first {
            b'&' => {
                let end = memchr::memchr(b'-', after).ok_or(BadMailboxName::BadShift)?;
                let (shifted, tail) = (&after[..end], &after[end + 1..]);
                if shifted.is_empty() {
                    text.push('&');
                } else {
                    let utf16 = BASE64.decode(shifted).map_err(|_| BadMailboxName::BadShift)?;
                    if utf16.len() % 2 != 0 {
                        return Err(BadMailboxName::BadShift);
                    }
                    let units =
                        utf16.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                    for character in char::decode_utf16(units) {
                        text.push(character.map_err(|_| BadMailboxName::BadShift)?);
                    }
                }
                rest = tail;
            }
            b' '..=b'~' => {
                text.push(char::from(first));
                rest = after;
            }
            _ => return Err(BadMailboxName::BadCharacter),
        }
    }
    Ok(text)
}

/// Base64 with `,` for `/` and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(wire: &str, text: &str) {
        let name = MailboxName::decode(wire.as_bytes()).unwrap();
        assert_eq!(name.as_str(), text);
        assert_eq!(name.encode(), wire);
    }

    #[test]
    fn the_example_of_rfc_3501_5_1_3() {
        check("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語");
    }

    #[test]
    fn ampersand_and_characters_outside_the_basic_plane() {
        check("Tom &- Jerry", "Tom & Jerry");
        check("&2D3eAA-", "😀");
        check("Entw&APw-rfe", "Entwürfe");
    }

    #[test]
    fn inbox_is_one_name_in_any_case() {
        assert!(MailboxName::decode(b"inBox").unwrap().is_inbox());
        assert!(!MailboxName::decode(b"inbox.sub").unwrap().is_inbox());
    }

    #[test]
    fn what_is_no_name() {
        let bad = |octets: &[u8]| MailboxName::decode(octets).unwrap_err();
        assert_eq!(bad(b""), BadMailboxName::Empty);
        assert_eq!(bad(b"a&AGE"), BadMailboxName::BadShift);
        assert_eq!(bad(b"&2D0-"), BadMailboxName::BadShift);
        // ASCII in base64, two shifts in a row, bits left over.
        assert_eq!(bad(b"&AGE-"), BadMailboxName::BadShift);
        assert_eq!(bad(b"&APw-&APw-"), BadMailboxName::BadShift);
        assert_eq!(bad(b"&AP1-"), BadMailboxName::BadShift);
        assert_eq!(bad("ü".as_bytes()), BadMailboxName::BadCharacter);
        assert_eq!(bad(b"&AAo-"), BadMailboxName::BadCharacter);
        assert_eq!(bad(&[b'a'; 1001]), BadMailboxName::TooLong);
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "\\PC{1,40}") {
            if let Ok(name) = MailboxName::new(&text) {
                prop_assert_eq!(MailboxName::decode(name.encode().as_bytes()), Ok(name));
            }
        }

        #[test]
        fn arbitrary_octets_do_not_panic(octets: Vec<u8>) {
            let _ = MailboxName::decode(&octets);
        }
    }
}
