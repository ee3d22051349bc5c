//! Reads the data of a record from its fields (RFC 1035 §3.3 and §5.1, RFC 3597 §5).

use std::net::Ipv6Addr;

use super::super::codec;
use super::super::codes::{Class, RecordType};
use super::super::name::{Name, unescape};
use super::super::rdata;
use super::super::record::{RecordData, Soa, Txt};
use super::error::MasterProblem;
use super::opaque::read_opaque;
use super::token::{Misread, Place, Token};
use super::ttl::{TTL_FORM, parse_ttl};

/// Reads the data of a record from all of its fields.
pub(super) fn parse_data(mut fields: Fields<'_>, class: Class) -> Result<RecordData, Misread> {
    let rtype = fields.rtype;
    if fields.tokens.first().is_some_and(|token| !token.quoted && token.text == "\\#") {
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
        RecordType::Txt => RecordData::Txt(Txt::new(fields.strings("a string in quotes")?)),
        _ => match rdata::fields(rtype) {
            Some(forms) => {
                RecordData::Unknown { rtype, octets: read_opaque(&mut fields, forms)?.into() }
            }
            None => {
                return Err(fields.next(GENERIC_FORM)?.is_not(GENERIC_FORM));
            }
        },
    };
    match fields.tokens.first() {
        Some(token) => {
            Err(token.wrong(MasterProblem::ExtraField { found: token.text.to_string() }))
        }
        None => Ok(data),
    }
}

/// The fields that are not read yet.
pub(super) struct Fields<'t> {
    pub(super) rtype: RecordType,
    pub(super) tokens: &'t [Token<'t>],
    /// Where the record ends.
    pub(super) end: Place,
    pub(super) origin: &'t Name,
}

impl<'t> Fields<'t> {
    pub(super) fn next(&mut self, expected: &'static str) -> Result<&'t Token<'t>, Misread> {
        let Some((token, rest)) = self.tokens.split_first() else {
            let problem = MasterProblem::MissingField { rtype: self.rtype, expected };
            return Err(Misread { place: self.end, problem });
        };
        self.tokens = rest;
        Ok(token)
    }

    pub(super) fn parsed<T: std::str::FromStr>(
        &mut self,
        expected: &'static str,
    ) -> Result<T, Misread> {
        let token = self.next(expected)?;
        token.text.parse().map_err(|_| token.is_not(expected))
    }

    pub(super) fn ttl(&mut self) -> Result<u32, Misread> {
        let token = self.next(TTL_FORM)?;
        parse_ttl(&token.text).ok_or_else(|| token.is_not(TTL_FORM))
    }

    pub(super) fn name(&mut self, expected: &'static str) -> Result<Name, Misread> {
        parse_name(self.next(expected)?, self.origin)
    }

    /// One character-string.
    pub(super) fn string(&mut self, expected: &'static str) -> Result<Vec<u8>, Misread> {
        let token = self.next(expected)?;
        let string = unescaped(token)?;
        if string.len() > 255 {
            return Err(token.wrong(MasterProblem::Data {
                rtype: self.rtype,
                reason: format!("a string of {} octets (at most 255 each)", string.len()),
            }));
        }
        Ok(string)
    }

    /// Character-strings, one at least, to the end.
    pub(super) fn strings(&mut self, expected: &'static str) -> Result<Vec<Vec<u8>>, Misread> {
        let mut strings = vec![self.string(expected)?];
        while !self.tokens.is_empty() {
            strings.push(self.string(expected)?);
        }
        Ok(strings)
    }

    /// `\# length hexadecimal...` (RFC 3597 §5).
    fn generic(&mut self, class: Class) -> Result<RecordData, Misread> {
        self.next("\\#")?;
        let at = self.tokens.first().map_or(self.end, |token| token.place);
        let length: u16 = self.parsed("the length of the data in octets, 0 to 65535")?;
        let mut digits = Vec::new();
        for token in self.tokens {
            for octet in token.text.bytes() {
                let digit = char::from(octet).to_digit(16);
                let digit =
                    digit.ok_or_else(|| token.is_not("an even number of hexadecimal digits"))?;
                digits.push(digit as u8);
            }
        }
        let wrong = |reason| {
            let problem = MasterProblem::Data { rtype: self.rtype, reason };
            Misread { place: at, problem }
        };
        if digits.len() != 2 * usize::from(length) {
            return Err(wrong(format!(
                "{} hexadecimal digits do not make {length} octets (expected {})",
                digits.len(),
                2 * usize::from(length)
            )));
        }
        let octets: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        codec::data_from_octets(self.rtype, class, &octets)
            .ok_or_else(|| wrong("the octets do not fit the type".to_owned()))
    }
}

/// Reads a name relative to `origin`.
pub(super) fn parse_name(token: &Token<'_>, origin: &Name) -> Result<Name, Misread> {
    Name::parse_relative(&token.text, origin)
        .map_err(|error| token.wrong(MasterProblem::Name { found: token.text.to_string(), error }))
}

/// The octets of a token, its escapes resolved (RFC 1035 §5.1).
pub(super) fn unescaped(token: &Token<'_>) -> Result<Vec<u8>, Misread> {
    let mut octets = Vec::with_capacity(token.text.len());
    let mut rest = token.text.as_bytes();
    while let Some((&octet, tail)) = rest.split_first() {
        rest = tail;
        if octet == b'\\' {
            let wanted = "\\DDD up to \\255, or a character behind each backslash";
            let (octet, tail) = unescape(tail).ok_or_else(|| token.is_not(wanted))?;
            octets.push(octet);
            rest = tail;
        } else {
            octets.push(octet);
        }
    }
    Ok(octets)
}

/// What is wanted of a type that has no form of its own here.
const GENERIC_FORM: &str = "\\# and the data in hexadecimal, for a type without a form";
