//! The octets of a body section (RFC 3501 §6.4.5).

use bytes::{Bytes, BytesMut};

use super::fetch::{Section, SectionText};
use super::message::Message;
use crate::proto::mail::{self, Content, Header};

/// The octets of the section; `None` where the message has no such part.
///
/// All are slices of the message but those of HEADER.FIELDS, which are put together.
pub(super) fn octets(message: &Message, section: &Section) -> Option<Bytes> {
    let data = message.data();
    if section.part.is_empty() {
        // Nothing of this needs the structure.
        let split = mail::Message::parse(data).body_offset();
        return Some(match &section.text {
            None | Some(SectionText::Mime) => data.clone(),
            Some(SectionText::Text) => data.slice(split..),
            Some(SectionText::Header) => data.slice(..split),
            Some(SectionText::HeaderFields { not, names }) => {
                some_fields(Header::new(&data[..split]), *not, names)
            }
        });
    }
    let part = message.structure().section(&section.part)?;
    let range = match (&section.text, &part.content) {
        (None, _) => part.body.clone(),
        (Some(SectionText::Mime), _) => part.header.clone(),
        (Some(SectionText::Header), Content::Message(inner)) => inner.header.clone(),
        (Some(SectionText::Text), Content::Message(inner)) => inner.body.clone(),
        (Some(SectionText::HeaderFields { not, names }), Content::Message(inner)) => {
            return Some(some_fields(inner.header_in(data), *not, names));
        }
        // Only messages have a header and a text of their own.
        (Some(_), _) => return None,
    };
    Some(data.slice(range))
}

/// The octets of `whole` that a partial fetch asks for; none where it starts behind the end.
pub(super) fn part_of(whole: &Bytes, (first, count): (u64, u64)) -> Bytes {
    let length = whole.len() as u64;
    let start = first.min(length);
    let end = start.saturating_add(count).min(length);
    whole.slice(start as usize..end as usize)
}

/// The fields of these names, or all others, with the empty line if the header has it.
fn some_fields(header: Header<'_>, not: bool, names: &[String]) -> Bytes {
    let mut octets = BytesMut::new();
    let mut length = 0;
    for field in header.fields() {
        length += field.octets().len();
        if names.iter().any(|name| field.is(name)) != not {
            octets.extend_from_slice(field.octets());
        }
    }
    octets.extend_from_slice(&header.octets()[length..]);
    octets.freeze()
}
