//! Canonicalization: which changes of a header field a signature survives.
//!
//! Follows RFC 6376 §3.4.1 and §3.4.2. Those of the body are in `body`.

use std::fmt;
use std::str::FromStr;

use super::super::mail::header::Field;

/// How much a header or a body may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Canonicalization {
    /// `simple`: almost nothing. The default of RFC 6376 §3.5.
    #[default]
    Simple,
    /// `relaxed`: white space, folding and the case of field names.
    Relaxed,
}

impl Canonicalization {
    const fn name(self) -> &'static str {
        match self {
            Canonicalization::Simple => "simple",
            Canonicalization::Relaxed => "relaxed",
        }
    }
}

impl fmt::Display for Canonicalization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is of no canonicalization known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCanonicalization;

impl FromStr for Canonicalization {
    type Err = UnknownCanonicalization;
    fn from_str(name: &str) -> Result<Self, UnknownCanonicalization> {
        [Canonicalization::Simple, Canonicalization::Relaxed]
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(name))
            .ok_or(UnknownCanonicalization)
    }
}

/// The value of `c=`: one for the header, one for the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Canonicalizations {
    /// For header fields.
    pub header: Canonicalization,
    /// For the body.
    pub body: Canonicalization,
}

impl Canonicalizations {
    /// `relaxed/relaxed`, which survives most of what servers do.
    pub const RELAXED: Self =
        Canonicalizations { header: Canonicalization::Relaxed, body: Canonicalization::Relaxed };
}

impl fmt::Display for Canonicalizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.header, self.body)
    }
}

/// `relaxed` alone means `relaxed/simple` (RFC 6376 §3.5).
impl FromStr for Canonicalizations {
    type Err = UnknownCanonicalization;
    fn from_str(value: &str) -> Result<Self, UnknownCanonicalization> {
        let (header, body) = value.split_once('/').unwrap_or((value, "simple"));
        Ok(Canonicalizations { header: header.parse()?, body: body.parse()? })
    }
}

/// Calls `sink` with the canonical form of a header field, its CRLF included.
pub fn canonicalize_field(how: Canonicalization, field: Field<'_>, sink: &mut impl FnMut(&[u8])) {
    canonicalize(how, field.octets(), field.name().len(), sink);
    sink(b"\r\n");
}

/// The same for the octets of a field whose name takes `name_length` octets, without the CRLF:
/// how a signature's own field goes into its hash (RFC 6376 §3.7).
pub(super) fn canonicalize(
    how: Canonicalization,
    octets: &[u8],
    name_length: usize,
    sink: &mut impl FnMut(&[u8]),
) {
    let octets = match octets.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => octets,
    };
    match how {
        Canonicalization::Simple => sink(octets),
        Canonicalization::Relaxed => {
            let (name, value) = octets.split_at(name_length.min(octets.len()));
            let value = value.trim_ascii_start().strip_prefix(b":").unwrap_or(value);
            sink(&name.to_ascii_lowercase());
            sink(b":");
            sink(&relax(value));
        }
    }
}

/// `value` unfolded, each run of white space one space, none at the ends.
fn relax(value: &[u8]) -> Vec<u8> {
    let mut relaxed = Vec::with_capacity(value.len());
    let mut space = false;
    let mut rest = value;
    while let [octet, tail @ ..] = rest {
        match (octet, tail) {
            (b'\r', [b'\n', ..]) | (b'\n', _) => {}
            (b' ' | b'\t', _) => space = true,
            _ => {
                if space && !relaxed.is_empty() {
                    relaxed.push(b' ');
                }
                space = false;
                relaxed.push(*octet);
            }
        }
        rest = tail;
    }
    relaxed
}

#[cfg(test)]
mod tests {
    use super::super::super::mail::Header;
    use super::*;

    fn check(header: &str, simple: &str, relaxed: &str) {
        for (how, wanted) in
            [(Canonicalization::Simple, simple), (Canonicalization::Relaxed, relaxed)]
        {
            let mut found = Vec::new();
            for field in Header::new(header.as_bytes()).fields() {
                canonicalize_field(how, field, &mut |octets: &[u8]| {
                    found.extend_from_slice(octets);
                });
            }
            assert_eq!(String::from_utf8(found).unwrap(), wanted);
        }
    }

    #[test]
    fn the_example_of_rfc_6376_section_3_4_5() {
        check("A: X\r\nB : Y\t\r\n\tZ  \r\n", "A: X\r\nB : Y\t\r\n\tZ  \r\n", "a:X\r\nb:Y Z\r\n");
    }

    #[test]
    fn relaxed_drops_white_space_at_the_ends_and_folding_in_the_middle() {
        check(
            "SUBJect:\t a  b\t\r\n \t c:d \r\n",
            "SUBJect:\t a  b\t\r\n \t c:d \r\n",
            "subject:a b c:d\r\n",
        );
        check("X:\r\n", "X:\r\n", "x:\r\n");
        check("X: \r\n \r\n", "X: \r\n \r\n", "x:\r\n");
        check("X:a\rb\r\n", "X:a\rb\r\n", "x:a\rb\r\n");
    }

    #[test]
    fn the_last_field_may_lack_its_line_end() {
        check("A: b", "A: b\r\n", "a:b\r\n");
    }

    #[test]
    fn one_name_is_that_of_the_header() {
        let read = |value: &str| value.parse::<Canonicalizations>().map(|c| c.to_string());
        assert_eq!(read("relaxed"), Ok("relaxed/simple".to_owned()));
        assert_eq!(read("Simple/RELAXED"), Ok("simple/relaxed".to_owned()));
        assert_eq!(read("nowsp"), Err(UnknownCanonicalization));
        assert_eq!(read("relaxed/"), Err(UnknownCanonicalization));
    }
}
