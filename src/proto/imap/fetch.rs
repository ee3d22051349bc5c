//! What FETCH asks for: data items and body sections (RFC 3501 §6.4.5).

use std::fmt::{self, Write as _};

use super::parse::{Parsed, Parser, SyntaxError, is_atom_char};

/// A `fetch-att`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchItem {
    /// `ENVELOPE`
    Envelope,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822`
    Rfc822,
    /// `RFC822.HEADER`
    Rfc822Header,
    /// `RFC822.SIZE`
    Rfc822Size,
    /// `RFC822.TEXT`
    Rfc822Text,
    /// `BODY`: the structure without extension data
    Body,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `UID`
    Uid,
    /// `MODSEQ` (RFC 7162 §3.1.4)
    ModSeq,
    /// `SAVEDATE` (RFC 8514)
    SaveDate,
    /// `EMAILID` (RFC 8474)
    EmailId,
    /// `THREADID` (RFC 8474)
    ThreadId,
    /// `PREVIEW`, lazy or not (RFC 8970)
    Preview,
    /// `BINARY[part]<partial>` or `BINARY.PEEK[part]<partial>`: without its transfer encoding
    /// (RFC 3516)
    Binary {
        /// The part numbers; none for the message itself.
        part: Vec<u32>,
        /// Of the octets, the first and how many.
        partial: Option<(u64, u64)>,
        /// Whether `\Seen` stays as it is.
        peek: bool,
    },
    /// `BINARY.SIZE[part]` (RFC 3516)
    BinarySize(Vec<u32>),
    /// `BODY[section]<partial>` or `BODY.PEEK[section]<partial>`
    Section {
        /// Which octets of the message.
        section: Section,
        /// Of these, the first octet and how many.
        partial: Option<(u64, u64)>,
        /// Whether `\Seen` stays as it is.
        peek: bool,
    },
}

impl FetchItem {
    /// Whether fetching it sets `\Seen`.
    pub fn sets_seen(&self) -> bool {
        match self {
            FetchItem::Rfc822 | FetchItem::Rfc822Text => true,
            FetchItem::Section { peek, .. } | FetchItem::Binary { peek, .. } => !peek,
            _ => false,
        }
    }

    /// Whether it is the whole message.
    pub fn is_whole(&self) -> bool {
        match self {
            FetchItem::Rfc822 => true,
            FetchItem::Section { section, partial, .. } => {
                partial.is_none() && *section == Section::default()
            }
            _ => false,
        }
    }

    /// The items of a FETCH command: a macro, one item, or a list.
    pub(crate) fn parse_all(parser: &mut Parser<'_>) -> Parsed<Vec<FetchItem>> {
        use FetchItem::{Body, Envelope, Flags, InternalDate, Rfc822Size};
        if parser.peek() == Some(b'(') {
            let mut left = MAX_ITEMS;
            let items = parser.list(false, |parser| {
                left = usize::checked_sub(left, 1).ok_or(SyntaxError("fewer FETCH items"))?;
                Self::parse(parser)
            })?;
            // What is asked for twice is told once.
            let mut once: Vec<FetchItem> = Vec::with_capacity(items.len());
            for item in items {
                if !once.contains(&item) {
                    once.push(item);
                }
            }
            return Ok(once);
        }
        for (name, items) in [
            ("ALL", vec![Flags, InternalDate, Rfc822Size, Envelope]),
            ("FAST", vec![Flags, InternalDate, Rfc822Size]),
            ("FULL", vec![Flags, InternalDate, Rfc822Size, Envelope, Body]),
        ] {
            if parser.eat_word(name) {
                return Ok(items);
            }
        }
        Ok(vec![Self::parse(parser)?])
    }

    fn parse(parser: &mut Parser<'_>) -> Parsed<FetchItem> {
        let is_name = |octet| is_atom_char(octet) && octet != b'[' && octet != b'<';
        let name = parser.take_while(is_name, "a FETCH item")?;
        let is = |word: &str| name.eq_ignore_ascii_case(word);
        if parser.peek() == Some(b'[') && (is("BODY") || is("BODY.PEEK")) {
            let peek = is("BODY.PEEK");
            let section = Section::parse(parser)?;
            return Ok(FetchItem::Section { section, partial: partial(parser)?, peek });
        }
        if parser.peek() == Some(b'[') && (is("BINARY") || is("BINARY.PEEK")) {
            let peek = is("BINARY.PEEK");
            let part = Section::parse_part(parser)?;
            return Ok(FetchItem::Binary { part, partial: partial(parser)?, peek });
        }
        if parser.peek() == Some(b'[') && is("BINARY.SIZE") {
            return Section::parse_part(parser).map(FetchItem::BinarySize);
        }
        if is("PREVIEW") {
            // A preview is made at once, so that nothing is gained by waiting.
            parser.eat_word(" (LAZY)");
            return Ok(FetchItem::Preview);
        }
        ITEMS
            .iter()
            .find(|(word, _)| is(word))
            .map(|(_, item)| item.clone())
            .ok_or(SyntaxError("a FETCH item"))
    }
}

impl fmt::Display for FetchItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchItem::Section { section, partial, peek } => {
                write!(f, "BODY{}{section}", if *peek { ".PEEK" } else { "" })?;
                match partial {
                    Some((first, count)) => write!(f, "<{first}.{count}>"),
                    None => Ok(()),
                }
            }
            FetchItem::Binary { part, partial, peek } => {
                let section = Section { part: part.clone(), text: None };
                write!(f, "BINARY{}{section}", if *peek { ".PEEK" } else { "" })?;
                match partial {
                    Some((first, count)) => write!(f, "<{first}.{count}>"),
                    None => Ok(()),
                }
            }
            FetchItem::BinarySize(part) => {
                write!(f, "BINARY.SIZE{}", Section { part: part.clone(), text: None })
            }
            item => {
                let named = ITEMS.iter().find(|(_, named)| named == item);
                f.write_str(named.expect("every item but sections has a name").0)
            }
        }
    }
}

const ITEMS: [(&str, FetchItem); 15] = [
    ("UID", FetchItem::Uid),
    ("FLAGS", FetchItem::Flags),
    ("ENVELOPE", FetchItem::Envelope),
    ("BODYSTRUCTURE", FetchItem::BodyStructure),
    ("BODY", FetchItem::Body),
    ("INTERNALDATE", FetchItem::InternalDate),
    ("RFC822.SIZE", FetchItem::Rfc822Size),
    ("RFC822", FetchItem::Rfc822),
    ("RFC822.HEADER", FetchItem::Rfc822Header),
    ("RFC822.TEXT", FetchItem::Rfc822Text),
    ("MODSEQ", FetchItem::ModSeq),
    ("SAVEDATE", FetchItem::SaveDate),
    ("EMAILID", FetchItem::EmailId),
    ("THREADID", FetchItem::ThreadId),
    ("PREVIEW", FetchItem::Preview),
];

/// A `section`: a part by its numbers, and what of it. Nothing of both is the whole message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    /// The part numbers; none for the message itself.
    pub part: Vec<u32>,
    /// Which text of the part; `None` for all of it.
    pub text: Option<SectionText>,
}

/// A `section-text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SectionText {
    /// `HEADER`
    Header,
    /// `HEADER.FIELDS` or `HEADER.FIELDS.NOT`
    HeaderFields {
        /// Whether the fields are those that are left out.
        not: bool,
        /// The names of fields.
        names: Vec<String>,
    },
    /// `TEXT`
    Text,
    /// `MIME`: the header of the part
    Mime,
}

impl Section {
    /// Takes a section in its brackets that is a part alone (RFC 3516 §7, `section-binary`).
    fn parse_part(parser: &mut Parser<'_>) -> Parsed<Vec<u32>> {
        match Section::parse(parser)? {
            Section { part, text: None } => Ok(part),
            _ => Err(SyntaxError("part numbers alone")),
        }
    }

    /// Takes the section in its brackets.
    pub(crate) fn parse(parser: &mut Parser<'_>) -> Parsed<Section> {
        parser.expect(b'[', "an opening bracket")?;
        let mut section = Section::default();
        while parser.peek().is_some_and(|octet| octet.is_ascii_digit()) {
            if section.part.len() >= MAX_DEPTH {
                return Err(SyntaxError("fewer part numbers"));
            }
            section.part.push(parser.nz_number()?);
            if parser.eat(b']') {
                return Ok(section);
            }
            parser.expect(b'.', "a dot or a closing bracket")?;
        }
        if section.part.is_empty() && parser.eat(b']') {
            return Ok(section);
        }
        let is_name = |octet: u8| octet.is_ascii_alphabetic() || octet == b'.';
        let name = parser.take_while(is_name, "a section")?;
        let is = |word: &str| name.eq_ignore_ascii_case(word);
        section.text = Some(if is("HEADER") {
            SectionText::Header
        } else if is("TEXT") {
            SectionText::Text
        } else if is("MIME") && !section.part.is_empty() {
            SectionText::Mime
        } else if is("HEADER.FIELDS") || is("HEADER.FIELDS.NOT") {
            parser.space()?;
            let names = parser.list(false, field_name)?;
            SectionText::HeaderFields { not: is("HEADER.FIELDS.NOT"), names }
        } else {
            return Err(SyntaxError("a section"));
        });
        parser.expect(b']', "a closing bracket")?;
        Ok(section)
    }
}

/// In its brackets, as a response repeats it.
impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (place, number) in self.part.iter().enumerate() {
            write!(f, "{}{number}", if place == 0 { "" } else { "." })?;
        }
        if !self.part.is_empty() && self.text.is_some() {
            f.write_str(".")?;
        }
        match &self.text {
            None => {}
            Some(SectionText::Header) => f.write_str("HEADER")?,
            Some(SectionText::Text) => f.write_str("TEXT")?,
            Some(SectionText::Mime) => f.write_str("MIME")?,
            Some(SectionText::HeaderFields { not, names }) => {
                let not = if *not { ".NOT" } else { "" };
                write!(f, "HEADER.FIELDS{not} (")?;
                for (place, name) in names.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { " " })?;
                    write_name(f, name)?;
                }
                f.write_str(")")?;
            }
        }
        f.write_str("]")
    }
}

/// An `astring` of printable characters.
fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if name.bytes().all(is_atom_char) {
        return f.write_str(name);
    }
    f.write_str("\"")?;
    for char in name.chars() {
        if matches!(char, '"' | '\\') {
            f.write_str("\\")?;
        }
        f.write_char(char)?;
    }
    f.write_str("\"")
}

/// A header field name, which a response can repeat at least in quotes.
fn field_name(parser: &mut Parser<'_>) -> Parsed<String> {
    let name = parser.astring()?;
    let name = std::str::from_utf8(&name)
        .ok()
        .filter(|name| !name.is_empty() && name.bytes().all(|octet| matches!(octet, b' '..=b'~')));
    name.map(str::to_owned).ok_or(SyntaxError("a header field name"))
}

fn partial(parser: &mut Parser<'_>) -> Parsed<Option<(u64, u64)>> {
    if !parser.eat(b'<') {
        return Ok(None);
    }
    let first = parser.number64()?;
    parser.expect(b'.', "a dot")?;
    let count = parser.number64()?;
    if count == 0 {
        return Err(SyntaxError("a number above 0"));
    }
    parser.expect(b'>', "a closing angle bracket")?;
    Ok(Some((first, count)))
}

/// One command may ask for a message's octets so often.
const MAX_ITEMS: usize = 200;

/// Deeper than any structure that is scanned.
const MAX_DEPTH: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Parsed<String> {
        let mut parser = Parser::new(text.as_bytes());
        let items = FetchItem::parse_all(&mut parser)?;
        parser.end()?;
        Ok(items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn items_come_back() {
        for text in [
            "FLAGS",
            "BODY",
            "BODYSTRUCTURE",
            "RFC822.HEADER",
            "BODY[]",
            "BODY.PEEK[]<0.2048>",
            "BODY[TEXT]",
            "BODY[4.2.2.1]",
            "BODY[4.1.MIME]",
            "BODY[3.HEADER]",
            "BODY.PEEK[HEADER.FIELDS (DATE FROM)]",
            "BODY[1.HEADER.FIELDS.NOT (Subject)]<5.1>",
            "BODY[HEADER.FIELDS (\"a \\\"b\" X[)]",
            "PREVIEW",
            "BINARY[1.2]",
            "BINARY.PEEK[]<0.5>",
            "BINARY.SIZE[1]",
            "MODSEQ",
        ] {
            assert_eq!(parse(text).as_deref(), Ok(text));
        }
        assert_eq!(parse("(uid body[header])").unwrap(), "UID BODY[HEADER]");
        assert_eq!(parse("fast").unwrap(), "FLAGS INTERNALDATE RFC822.SIZE");
        assert_eq!(
            parse("BODY[HEADER.FIELDS ({4}\r\nDate)]").unwrap(),
            "BODY[HEADER.FIELDS (Date)]"
        );
    }

    #[test]
    fn what_is_no_item() {
        for text in [
            "",
            "()",
            "FLAG",
            "FLAGS UID",
            "BODY[MIME]",
            "BODY[0]",
            "BODY[1.]",
            "BODY[1",
            "BODY[]<1>",
            "BODY[]<1.0>",
            "BODY[HEADER.FIELDS ()]",
            "(ALL)",
            "FLAGS[]",
            "BINARY[TEXT]",
            "BINARY.SIZE[1]<0.1>",
            "BINARY",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_octets_do_not_panic(text in "(BODY|\\[|\\]|1|\\.|MIME|HEADER|TEXT|<|>| |\\(){0,12}") {
            if let Ok(items) = parse(&text) {
                prop_assert_eq!(parse(&format!("({items})")), Ok(items));
            }
        }
    }
}
