//! Tag lists: `name=value; name=value`, as signatures and key records are written.
//!
//! Follows RFC 6376 §3.2, with octets above 127 in values (RFC 8616 §3). Folding white space may
//! stand around names and values; a list may end in a semicolon. Names are told apart by case.

use std::fmt;
use std::ops::Range;

/// A list with more tags than this is refused: no one writes such a list in good faith.
const MAX_TAGS: usize = 64;

/// A tag list that borrows from the octets it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagList<'a> {
    tags: Vec<Tag<'a>>,
}

/// One tag of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The name as it is written.
    pub name: &'a str,
    /// The value without white space around it; white space inside is kept.
    pub value: &'a [u8],
    /// Where the value stands in the octets of the list, with the white space around it: all
    /// between the `=` and the `;`.
    pub range: Range<usize>,
}

/// Why octets are no tag list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagListError {
    /// A part between semicolons that is no `name=value`.
    NotATag {
        /// Where the part starts.
        at: usize,
    },
    /// A value with an octet in it that no value has.
    BadValue {
        /// The name of the tag.
        tag: String,
    },
    /// A name that occurs twice, which makes the whole list invalid.
    Duplicate {
        /// The name.
        tag: String,
    },
    /// More tags than anyone needs.
    TooMany,
}

impl fmt::Display for TagListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TagListError::NotATag { at } => write!(f, "no tag at octet {at}"),
            TagListError::BadValue { tag } => write!(f, "strange octet in {tag}="),
            TagListError::Duplicate { tag } => write!(f, "{tag}= twice"),
            TagListError::TooMany => write!(f, "more than {MAX_TAGS} tags"),
        }
    }
}

impl std::error::Error for TagListError {}

impl<'a> TagList<'a> {
    /// Reads a list.
    ///
    /// An empty part is a mistake but for the last one (RFC 6376 §3.2).
    pub fn parse(octets: &'a [u8]) -> Result<Self, TagListError> {
        let mut tags: Vec<Tag<'a>> = Vec::new();
        let mut start = 0;
        while start < octets.len() {
            let end = memchr::memchr(b';', &octets[start..]).map_or(octets.len(), |at| start + at);
            let part = &octets[start..end];
            if trim(part).is_empty() && end == octets.len() && !tags.is_empty() {
                break;
            }
            let tag = read_tag(part, start)?;
            if tags.iter().any(|other| other.name == tag.name) {
                return Err(TagListError::Duplicate { tag: tag.name.to_owned() });
            }
            if tags.len() == MAX_TAGS {
                return Err(TagListError::TooMany);
            }
            tags.push(tag);
            start = end + 1;
        }
        Ok(TagList { tags })
    }

    /// The tags in their order.
    pub fn tags(&self) -> &[Tag<'a>] {
        &self.tags
    }

    /// The tag of that name.
    pub fn tag(&self, name: &str) -> Option<&Tag<'a>> {
        self.tags.iter().find(|tag| tag.name == name)
    }

    /// The value of the tag of that name, without white space around it.
    pub fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.tag(name).map(|tag| tag.value)
    }
}

/// Reads `name=value` out of `part`, which starts at the octet `start` of its list.
fn read_tag(part: &[u8], start: usize) -> Result<Tag<'_>, TagListError> {
    let not_a_tag = TagListError::NotATag { at: start };
    let Some(equals) = memchr::memchr(b'=', part) else { return Err(not_a_tag) };
    let name = match std::str::from_utf8(trim(&part[..equals])) {
        Ok(name) if is_name(name) => name,
        _ => return Err(not_a_tag),
    };
    let value = trim(&part[equals + 1..]);
    let belongs = |&octet: &u8| is_fws(octet) || octet.is_ascii_graphic() || !octet.is_ascii();
    if !value.iter().all(belongs) {
        return Err(TagListError::BadValue { tag: name.to_owned() });
    }
    Ok(Tag { name, value, range: start + equals + 1..start + part.len() })
}

/// `ALPHA *(ALPHA / DIGIT / "_")`.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
}

/// Octets that folding white space consists of.
pub(super) fn is_fws(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

/// `octets` without folding white space at both ends.
pub(super) fn trim(octets: &[u8]) -> &[u8] {
    let start = octets.iter().position(|&octet| !is_fws(octet)).unwrap_or(octets.len());
    let end = octets.iter().rposition(|&octet| !is_fws(octet)).map_or(start, |last| last + 1);
    &octets[start..end]
}

/// `octets` without any folding white space, as base64 is read.
pub(super) fn without_fws(octets: &[u8]) -> Vec<u8> {
    octets.iter().copied().filter(|&octet| !is_fws(octet)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(list: &str, wanted: &[(&str, &str)]) {
        let list = TagList::parse(list.as_bytes()).unwrap();
        let found: Vec<(&str, &str)> =
            list.tags().iter().map(|tag| (tag.name, str::from_utf8(tag.value).unwrap())).collect();
        assert_eq!(found, wanted);
    }

    fn refused(list: &[u8], wanted: &str) {
        assert_eq!(TagList::parse(list).unwrap_err().to_string(), wanted);
    }

    #[test]
    fn white_space_stands_around_names_and_values() {
        check("v=1;a=b", &[("v", "1"), ("a", "b")]);
        check(" v = 1 ;\r\n\tx_y2 =\r\n a\tb ; \r\n ", &[("v", "1"), ("x_y2", "a\tb")]);
        check("", &[]);
        check("p=", &[("p", "")]);
        check("p=a=b==;", &[("p", "a=b==")]);
        check("d=bücher.example", &[("d", "bücher.example")]);
        check("v=1; V=2", &[("v", "1"), ("V", "2")]);
    }

    #[test]
    fn mistakes_spoil_the_whole_list() {
        refused(b"v=1; v=2", "v= twice");
        refused(b"v=1;; a=2", "no tag at octet 4");
        refused(b";", "no tag at octet 0");
        refused(b" ", "no tag at octet 0");
        refused(b"v=1; a", "no tag at octet 4");
        refused(b"1v=1", "no tag at octet 0");
        refused(b"a b=1", "no tag at octet 0");
        refused(b"a=\x001", "strange octet in a=");
        let many: String = (0..65).map(|number| format!("a{number}=;")).collect();
        refused(many.as_bytes(), "more than 64 tags");
    }

    #[test]
    fn the_range_of_a_value_has_its_white_space() {
        let octets = b"b= x y\r\n ; c=";
        let list = TagList::parse(octets).unwrap();
        assert_eq!(&octets[list.tag("b").unwrap().range.clone()], b" x y\r\n ");
        assert_eq!(list.tag("c").unwrap().range, 13..13);
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = TagList::parse(&octets);
        }

        #[test]
        fn ranges_lie_in_the_list(text in "[ab=; \r\n]{0,40}") {
            if let Ok(list) = TagList::parse(text.as_bytes()) {
                for tag in list.tags() {
                    prop_assert_eq!(trim(&text.as_bytes()[tag.range.clone()]), tag.value);
                }
            }
        }
    }
}
