//! Reads the data of a record from its fields (RFC 1035 §3.3 and §5.1, RFC 3597 §5).

use std::net::Ipv6Addr;

use bytes::Bytes;

use super::super::codec;
use super::super::codes::{Class, RecordType};
use super::super::name::{Name, unescape};
use super::super::record::{RecordData, Soa, Txt};
use super::error::MasterProblem;
use super::token::Token;
use super::ttl::{TTL_FORM, parse_ttl};

/// Reads the data of type `rtype` from all of `tokens`.
pub(super) fn parse_data(
    rtype: RecordType,
    class: Class,
    tokens: &[Token<'_>],
    origin: &Name,
) -> Result<RecordData, MasterProblem> {
    let mut fields = Fields { rtype, tokens, origin };
    if tokens.first().is_some_and(|token| !token.quoted && token.text == "\\#") {
        return fields.generic(class);
    }
    let data = match rtype {
        RecordType::A => RecordData::A(fields.parsed("an IPv4 address such as 192.0.2.1")?),
        RecordType::Aaaa => {
            RecordData::Aaaa(fields.parsed::<Ipv6Addr>("an IPv6 address such as 2001:db8::1")?)
        }
        RecordType::Ns => RecordData::Ns(fields.name("the name of a server")?),
        RecordType::Cname => RecordData::Cname(fields.name("the canonical name")?),
        RecordType::Dname => RecordData::Dname(fields.name("the target name")?),
        RecordType::Ptr => RecordData::Ptr(fields.name("a name")?),
        RecordType::Mx => RecordData::Mx {
            preference: fields.parsed("a preference from 0 to 65535")?,
            exchange: fields.name("the name of a mail host")?,
        },
        RecordType::Srv => RecordData::Srv {
            priority: fields.parsed("a priority from 0 to 65535")?,
            weight: fields.parsed("a weight from 0 to 65535")?,
            port: fields.parsed("a port from 0 to 65535")?,
            target: fields.name("the name of a host")?,
        },
        RecordType::Soa => RecordData::Soa(Box::new(Soa {
            mname: fields.name("the name of the primary server")?,
            rname: fields.name("the mailbox of the administrator")?,
            serial: fields.parsed("a serial from 0 to 4294967295")?,
            refresh_secs: fields.ttl()?,
            retry_secs: fields.ttl()?,
            expire_secs: fields.ttl()?,
            minimum_secs: fields.ttl()?,
        })),
        RecordType::Txt => RecordData::Txt(fields.txt()?),
        RecordType::Spf => {
            RecordData::Unknown { rtype, octets: Bytes::copy_from_slice(fields.txt()?.as_wire()) }
        }
        RecordType::Other(_) => {
            return match fields.next("\\# and the data in hexadecimal") {
                Ok(token) => Err(MasterProblem::Field {
                    found: token.text.to_string(),
                    expected: "\\# and the data in hexadecimal, for a type without a form",
                }),
                Err(problem) => Err(problem),
            };
        }
        _ => RecordData::Unknown { rtype, octets: fields.opaque()? },
    };
    match fields.tokens.first() {
        Some(token) => Err(MasterProblem::ExtraField { found: token.text.to_string() }),
        None => Ok(data),
    }
}

/// The fields that are not read yet.
struct Fields<'t> {
    rtype: RecordType,
    tokens: &'t [Token<'t>],
    origin: &'t Name,
}

impl<'t> Fields<'t> {
    fn next(&mut self, expected: &'static str) -> Result<&'t Token<'t>, MasterProblem> {
        let missing = MasterProblem::MissingField { rtype: self.rtype, expected };
        let (token, rest) = self.tokens.split_first().ok_or(missing)?;
        self.tokens = rest;
        Ok(token)
    }

    fn parsed<T: std::str::FromStr>(&mut self, expected: &'static str) -> Result<T, MasterProblem> {
        let token = self.next(expected)?;
        token
            .text
            .parse()
            .map_err(|_| MasterProblem::Field { found: token.text.to_string(), expected })
    }

    fn ttl(&mut self) -> Result<u32, MasterProblem> {
        let token = self.next(TTL_FORM)?;
        let found = || MasterProblem::Field { found: token.text.to_string(), expected: TTL_FORM };
        parse_ttl(&token.text).ok_or_else(found)
    }

    fn name(&mut self, expected: &'static str) -> Result<Name, MasterProblem> {
        let token = self.next(expected)?;
        parse_name(&token.text, self.origin)
    }

    fn txt(&mut self) -> Result<Txt, MasterProblem> {
        let mut strings = Vec::new();
        let first = self.next("a string in quotes")?;
        for token in std::iter::once(first).chain(self.tokens) {
            let string = unescaped(&token.text)?;
            if string.len() > 255 {
                return Err(MasterProblem::Data {
                    rtype: self.rtype,
                    reason: format!("a string of {} octets (at most 255 each)", string.len()),
                });
            }
            strings.push(string);
        }
        self.tokens = &[];
        Ok(Txt::new(strings))
    }

    /// `\# length hexadecimal...` (RFC 3597 §5).
    fn generic(&mut self, class: Class) -> Result<RecordData, MasterProblem> {
        const HEXADECIMAL: &str = "an even number of hexadecimal digits";
        self.next("\\#")?;
        let length: u16 = self.parsed("the length of the data in octets, 0 to 65535")?;
        let mut digits = Vec::new();
        for token in self.tokens {
            for octet in token.text.bytes() {
                let digit = char::from(octet).to_digit(16).ok_or_else(|| MasterProblem::Field {
                    found: token.text.to_string(),
                    expected: HEXADECIMAL,
                })?;
                digits.push(digit as u8);
            }
        }
        if digits.len() != 2 * usize::from(length) {
            return Err(MasterProblem::Data {
                rtype: self.rtype,
                reason: format!(
                    "{} hexadecimal digits do not make {length} octets (expected {})",
                    digits.len(),
                    2 * usize::from(length)
                ),
            });
        }
        let octets: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        codec::data_from_octets(self.rtype, class, &octets).ok_or_else(|| MasterProblem::Data {
            rtype: self.rtype,
            reason: "the octets do not fit the type".to_owned(),
        })
    }

    /// A type that is opaque octets here.
    fn opaque(&mut self) -> Result<Bytes, MasterProblem> {
        let mut texts = Vec::with_capacity(self.tokens.len());
        for (index, token) in std::mem::take(&mut self.tokens).iter().enumerate() {
            texts.push(if name_fields(self.rtype).contains(&index) {
                // The scanner below takes every name as absolute.
                let name = parse_name(&token.text, self.origin)?;
                if name.is_root() { ".".to_owned() } else { name.to_string() }
            } else {
                token.text.to_string()
            });
        }
        codec::scan(self.rtype, &texts)
            .map_err(|reason| MasterProblem::Data { rtype: self.rtype, reason })
    }
}

/// Which fields of an opaque type are names.
fn name_fields(rtype: RecordType) -> &'static [usize] {
    match rtype {
        RecordType::Md
        | RecordType::Mf
        | RecordType::Mb
        | RecordType::Mg
        | RecordType::Mr
        | RecordType::Nsec => &[0],
        RecordType::Minfo | RecordType::Rp => &[0, 1],
        RecordType::Afsdb | RecordType::Kx | RecordType::Svcb | RecordType::Https => &[1],
        RecordType::Naptr => &[5],
        RecordType::Rrsig => &[7],
        _ => &[],
    }
}

/// Reads a name relative to `origin`.
pub(super) fn parse_name(text: &str, origin: &Name) -> Result<Name, MasterProblem> {
    Name::parse_relative(text, origin)
        .map_err(|error| MasterProblem::Name { found: text.to_owned(), error })
}

fn unescaped(text: &str) -> Result<Vec<u8>, MasterProblem> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&octet, tail)) = rest.split_first() {
        rest = tail;
        if octet == b'\\' {
            let (octet, tail) = unescape(tail).ok_or_else(|| MasterProblem::Field {
                found: text.to_owned(),
                expected: "\\DDD up to \\255, or a character behind each backslash",
            })?;
            octets.push(octet);
            rest = tail;
        } else {
            octets.push(octet);
        }
    }
    Ok(octets)
}
