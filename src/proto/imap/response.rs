//! Writing strings, lists and literals (RFC 3501 §4, §9).

use std::fmt::{self, Write as _};

use bytes::Bytes;

use super::parse::is_astring_char;
use crate::proto::Outbox;

/// Writes formatted text, which needs no quoting.
pub(super) fn write<E>(out: &mut Outbox<E>, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("an outbox takes all");
}

/// Writes an `astring`: bare where it can stand so.
pub(super) fn astring<E>(out: &mut Outbox<E>, text: &[u8]) {
    let bare = !text.is_empty() && text.iter().all(|octet| is_astring_char(*octet));
    if bare && !text.eq_ignore_ascii_case(b"NIL") {
        out.send(text);
    } else {
        string(out, text);
    }
}

/// Writes a `string`: quoted, or as a literal where quotes cannot hold it (RFC 3501 §4.3).
pub(super) fn string<E>(out: &mut Outbox<E>, text: &[u8]) {
    // One look at all octets, which the compiler does many at a time.
    let (mut special, mut unquotable) = (false, false);
    for &octet in text {
        special |= octet == b'"' || octet == b'\\';
        unquotable |= octet >= 0x80 || octet == 0 || octet == b'\r' || octet == b'\n';
    }
    if unquotable {
        write(out, format_args!("{{{}}}\r\n", text.len()));
        out.send(text);
    } else if special {
        quoted(out, text);
    } else {
        out.send("\"");
        out.send(text);
        out.send("\"");
    }
}

/// Writes an `nstring`: a string, or `NIL`.
pub(super) fn nstring<E>(out: &mut Outbox<E>, text: Option<&[u8]>) {
    match text {
        Some(text) => string(out, text),
        None => out.send("NIL"),
    }
}

/// Writes octets of a message: as a literal, which is not copied when it is large.
pub(super) fn literal<E>(out: &mut Outbox<E>, octets: Bytes) {
    raw_literal(out, without_nul(octets));
}

/// NUL, which no literal may have (RFC 3501 §9, `CHAR8`), is shown as 0x80, as by Dovecot.
fn without_nul(octets: Bytes) -> Bytes {
    if memchr::memchr(0, &octets).is_none() {
        return octets;
    }
    octets.iter().map(|octet| if *octet == 0 { 0x80 } else { *octet }).collect()
}

fn raw_literal<E>(out: &mut Outbox<E>, octets: Bytes) {
    write(out, format_args!("{{{}}}\r\n", octets.len()));
    if octets.len() < COPIED_BELOW {
        out.send(octets);
    } else {
        out.send_bytes(octets);
    }
}

/// Writes octets of a body without its transfer encoding: as a literal8 where NUL is among them
/// (RFC 3516 §4.2).
pub(super) fn literal8<E>(out: &mut Outbox<E>, octets: Bytes) {
    if memchr::memchr(0, &octets).is_some() {
        out.send("~");
    }
    raw_literal(out, octets);
}

/// Writes a `quoted` string; the text must be [quotable](is_quotable).
pub(super) fn quoted<E>(out: &mut Outbox<E>, text: &[u8]) {
    out.send("\"");
    let mut rest = text;
    while let Some(special) = memchr::memchr2(b'"', b'\\', rest) {
        out.send(&rest[..special]);
        out.send([b'\\', rest[special]]);
        rest = &rest[special + 1..];
    }
    out.send(rest);
    out.send("\"");
}

/// Whether a text can stand in quotes: neither line ends, nor NUL, nor octets above 0x7F.
pub(super) fn is_quotable(text: &[u8]) -> bool {
    text.iter().all(|octet| matches!(octet, 0x01..=0x7f) && !matches!(octet, b'\r' | b'\n'))
}

/// Below this, a copy costs less than one more piece in the outbox.
const COPIED_BELOW: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Output;
    use crate::proto::imap::Parser;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Outbox<()>)) -> Vec<u8> {
        let mut out = Outbox::new();
        write(&mut out);
        let octets = |output| match output {
            Output::Send(octets) => octets,
            other => panic!("{other:?}"),
        };
        out.drain().flat_map(octets).collect()
    }

    #[test]
    fn strings_take_the_shortest_form_that_holds_them() {
        let check = |text: &str, wanted: &str| {
            assert_eq!(written(|out| astring(out, text.as_bytes())), wanted.as_bytes());
        };
        check("INBOX", "INBOX");
        check("", "\"\"");
        check("nil", "\"nil\"");
        check("a \"b\\", "\"a \\\"b\\\\\"");
        check("a\r\n", "{3}\r\na\r\n");
        check("ü", "{2}\r\nü");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text: Vec<u8>) {
            let wire = written(|out| astring(out, &text));
            let mut parser = Parser::new(&wire);
            let read = parser.astring().unwrap().into_owned();
            prop_assert_eq!((read, parser.rest()), (text, &b""[..]));
        }
    }
}
