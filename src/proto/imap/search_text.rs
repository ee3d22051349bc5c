//! Whether a message contains a string, for SEARCH (RFC 3501 §6.4.4).
//!
//! Strings are found in decoded text: encoded words in headers, transfer encodings and character
//! sets in bodies, both by the collation `i;unicode-casemap`. As in Dovecot, BODY looks into texts
//! and into reports (`text/*` and `message/*`), wherever they stand, but not into the headers of
//! messages within the message; TEXT looks into these and into those of parts as well. Addresses
//! are found as they are written and in their plain form, without quotes and comments.

use std::borrow::Cow;

use memchr::memmem::Finder;

use super::collation::collated;
use crate::proto::mail::address::parse_addresses;
use crate::proto::mail::decode::decode_words;
use crate::proto::mail::{
    Content, EnvelopeAddress, Field, Header, Part, envelope_addresses, spaced,
};

/// A string that is searched for.
pub(super) struct Needle {
    finder: Finder<'static>,
    is_ascii: bool,
}

impl Needle {
    pub(super) fn new(text: &str) -> Needle {
        let text = collated(text);
        Needle { finder: Finder::new(text.as_bytes()).into_owned(), is_ascii: text.is_ascii() }
    }

    /// Whether it stands in the text; the empty string does so anywhere.
    pub(super) fn is_in(&self, text: &str) -> bool {
        // What is not ASCII is never found in what is.
        (self.is_ascii || !text.is_ascii()) && self.finder.find(collated(text).as_bytes()).is_some()
    }

    /// Whether a field of that name contains it; for the empty string, whether there is one.
    pub(super) fn is_in_field(&self, header: Header<'_>, name: &str) -> bool {
        let all = self.finder.needle().is_empty();
        header.all(name).any(|field| all || self.is_in_value(field))
    }

    fn is_in_value(&self, field: Field<'_>) -> bool {
        let value = spaced(field.value());
        if self.is_in(&decode_words(&value)) {
            return true;
        }
        is_addresses(field)
            && envelope_addresses(&parse_addresses(field.raw_value())).any(|address| {
                let plain = plain_address(address);
                self.is_in(&decode_words(&plain))
            })
    }

    /// Whether a field contains it, its name and colon counted in.
    pub(super) fn is_in_header(&self, header: Header<'_>) -> bool {
        header.fields().any(|field| {
            let value = field.value();
            let name = String::from_utf8_lossy(field.name());
            self.is_in(&format!("{name}: {}\r\n", decode_words(&value)))
        })
    }

    /// Whether a text of the message contains it.
    pub(super) fn is_in_body(&self, structure: &Part, message: &[u8]) -> bool {
        self.finder.needle().is_empty()
            || structure.walk().any(|part| self.is_in_part(part, message))
    }

    /// Whether a header or a text of the message contains it.
    pub(super) fn is_in_message(&self, structure: &Part, message: &[u8]) -> bool {
        self.finder.needle().is_empty()
            || structure.walk().any(|part| {
                self.is_in_header(part.header_in(message)) || self.is_in_part(part, message)
            })
    }

    fn is_in_part(&self, part: &Part, message: &[u8]) -> bool {
        let is_text = part.content_type.is_kind("text") || part.content_type.is_kind("message");
        part.content == Content::Leaf && is_text && self.is_in(&part.text_in(message))
    }
}

fn is_addresses(field: Field<'_>) -> bool {
    ["From", "To", "Cc", "Bcc", "Sender", "Reply-To"].iter().any(|name| field.is(name))
}

/// `Name <local-part@domain>`.
fn plain_address(address: EnvelopeAddress<'_>) -> Vec<u8> {
    let name = address.name.unwrap_or_default();
    let name = spaced(Cow::Borrowed(name));
    let [local_part, domain] = [address.mailbox, address.host].map(Option::unwrap_or_default);
    [&name[..], b" <", local_part, b"@", domain, b">"].concat()
}
