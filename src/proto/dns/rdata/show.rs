//! From the octets of record data to its text.

use std::fmt::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::codes::RecordType;
use super::super::name::Name;
use super::{Form, base32, bitmap, fields, loc, svcb, time};

/// The data of an opaque type as a master file writes it; `None` for a type without a form of
/// its own, and for data that is malformed or that the text would not give back.
pub(in super::super) fn show(rtype: RecordType, octets: &[u8]) -> Option<String> {
    let mut text = String::new();
    let mut rest = Rest { all: octets, at: 0 };
    for field in fields(rtype)? {
        let before = text.len();
        if before > 0 {
            text.push(' ');
        }
        let start = text.len();
        rest.show(field.form, &mut text)?;
        if text.len() == start {
            // A field that may be empty leaves no space behind.
            text.truncate(before);
        }
    }
    (rest.at == octets.len()).then_some(text)
}

/// The octets that are not shown yet.
struct Rest<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn take(&mut self, octets: usize) -> Option<&'a [u8]> {
        let taken = self.all.get(self.at..self.at + octets)?;
        self.at += octets;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let octets = self.take(1)?[0];
        self.take(octets.into())
    }

    fn all(&mut self) -> &'a [u8] {
        let rest = &self.all[self.at..];
        self.at = self.all.len();
        rest
    }

    fn name(&mut self) -> Option<Name> {
        let rest = &self.all[self.at..];
        let mut len = 0;
        while *rest.get(len)? != 0 {
            len += 1 + usize::from(rest[len]);
        }
        let name = Name::from_wire(rest.get(..=len)?).ok()?;
        self.at += len + 1;
        Some(name)
    }

    fn show(&mut self, form: Form, text: &mut String) -> Option<()> {
        match form {
            Form::U8 | Form::Named(_) => write!(text, "{}", self.take(1)?[0]),
            Form::U16 | Form::Named16(_) => write!(text, "{}", u16::from_be_bytes(self.array()?)),
            Form::U32 | Form::Ttl => write!(text, "{}", u32::from_be_bytes(self.array()?)),
            Form::Type => {
                write!(text, "{}", RecordType::from(u16::from_be_bytes(self.array()?)))
            }
            Form::Time => time::write(text, u32::from_be_bytes(self.array()?)),
            Form::Name => write!(text, "{}", self.name()?),
            Form::String => write_string(text, self.counted()?),
            Form::Tag => {
                let tag = self.counted()?;
                if tag.is_empty() || !tag.iter().all(u8::is_ascii_alphanumeric) {
                    return None;
                }
                tag.iter().try_for_each(|&octet| text.write_char(octet.into()))
            }
            Form::Salt => match self.counted()? {
                [] => text.write_char('-'),
                salt => write_hex(text, salt),
            },
            Form::Hash => match self.counted()? {
                [] => return None,
                hash => text.write_str(&base32::encode(hash)),
            },
            Form::Strings => {
                write_string(text, self.counted()?).ok()?;
                while self.at < self.all.len() {
                    text.push(' ');
                    write_string(text, self.counted()?).ok()?;
                }
                Ok(())
            }
            Form::Text => write_string(text, self.all()),
            Form::Hex => match self.all() {
                [] => return None,
                octets => write_hex(text, octets),
            },
            Form::Base64 => match self.all() {
                [] => return None,
                octets => text.write_str(&STANDARD.encode(octets)),
            },
            Form::OptionalBase64 => text.write_str(&STANDARD.encode(self.all())),
            Form::Types => {
                let types = bitmap::decode(self.all())?;
                let words: Vec<String> = types.iter().map(ToString::to_string).collect();
                text.write_str(&words.join(" "))
            }
            Form::Params => text.write_str(&svcb::show(self.all())?),
            Form::Location => text.write_str(&loc::show(self.all())?),
            Form::Gateway => match self.all[1] {
                0 => text.write_char('.'),
                1 => write!(text, "{}", Ipv4Addr::from(self.array::<4>()?)),
                2 => write!(text, "{}", Ipv6Addr::from(self.array::<16>()?)),
                3 => write!(text, "{}", self.name()?),
                _ => return None,
            },
        }
        .ok()
    }
}

/// In quotes, escaped as RFC 1035 §5.1 says.
pub(in super::super) fn write_string(out: &mut impl Write, string: &[u8]) -> fmt::Result {
    out.write_char('"')?;
    for &octet in string {
        match octet {
            b'"' | b'\\' => write!(out, "\\{}", char::from(octet))?,
            b' '..=b'~' => out.write_char(octet.into())?,
            _ => write!(out, "\\{octet:03}")?,
        }
    }
    out.write_char('"')
}

fn write_hex(out: &mut impl Write, octets: &[u8]) -> fmt::Result {
    octets.iter().try_for_each(|octet| write!(out, "{octet:02X}"))
}
