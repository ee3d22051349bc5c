//! Reads the data of types that are opaque octets elsewhere, field by field, as the table in
//! `rdata` says.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::codes::RecordType;
use super::super::rdata::{Field, Form, base32, bitmap, loc, svcb, time};
use super::error::MasterProblem;
use super::rdata::{Fields, unescaped};
use super::token::Misread;

/// Reads all of `forms` into octets.
pub(super) fn read_opaque(fields: &mut Fields<'_>, forms: &[Field]) -> Result<Vec<u8>, Misread> {
    let mut octets = Vec::new();
    for &Field { form, what } in forms {
        read_field(fields, form, what, &mut octets)?;
    }
    if octets.len() > usize::from(u16::MAX) {
        let reason = format!("{} octets (at most 65535)", octets.len());
        let problem = MasterProblem::Data { rtype: fields.rtype, reason };
        return Err(Misread { place: fields.end, problem });
    }
    Ok(octets)
}

fn read_field(
    fields: &mut Fields<'_>,
    form: Form,
    what: &'static str,
    octets: &mut Vec<u8>,
) -> Result<(), Misread> {
    match form {
        Form::U8 => octets.push(fields.parsed(what)?),
        Form::U16 => octets.extend(fields.parsed::<u16>(what)?.to_be_bytes()),
        Form::U32 => octets.extend(fields.parsed::<u32>(what)?.to_be_bytes()),
        Form::Named(names) => {
            let number = named(fields, names, what, u8::MAX.into())?;
            octets.push(number as u8);
        }
        Form::Named16(names) => octets.extend(named(fields, names, what, u16::MAX)?.to_be_bytes()),
        Form::Type => octets.extend(fields.parsed::<RecordType>(what)?.number().to_be_bytes()),
        Form::Ttl => octets.extend(fields.ttl()?.to_be_bytes()),
        Form::Time => {
            let token = fields.next(what)?;
            let secs = time::parse(&token.text).ok_or_else(|| token.is_not(what))?;
            octets.extend(secs.to_be_bytes());
        }
        Form::Name => octets.extend(fields.name(what)?.as_wire()),
        Form::String => push_counted(octets, &fields.string(what)?),
        Form::Tag => {
            let token = fields.next(what)?;
            let tag = token.text.as_bytes();
            let is_tag = !tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric);
            if !is_tag || tag.len() > 255 {
                return Err(token.is_not(what));
            }
            push_counted(octets, tag);
        }
        Form::Salt => {
            let token = fields.next(what)?;
            let salt = if token.text == "-" { Some(Vec::new()) } else { hex(&token.text) };
            let salt = salt.filter(|salt| salt.len() <= 255).ok_or_else(|| token.is_not(what))?;
            push_counted(octets, &salt);
        }
        Form::Hash => {
            let token = fields.next(what)?;
            let hash = base32::decode(token.text.as_bytes());
            let hash = hash.filter(|hash| (1..=255).contains(&hash.len()));
            push_counted(octets, &hash.ok_or_else(|| token.is_not(what))?);
        }
        Form::Strings => {
            fields.strings(what)?.iter().for_each(|string| push_counted(octets, string));
        }
        Form::Text => octets.extend(unescaped(fields.next(what)?)?),
        Form::Hex => octets.extend(joined(fields, what, hex)?),
        Form::Base64 => octets.extend(joined(fields, what, |text| STANDARD.decode(text).ok())?),
        Form::OptionalBase64 if fields.tokens.is_empty() => {}
        Form::OptionalBase64 => return read_field(fields, Form::Base64, what, octets),
        Form::Types => {
            let mut types = Vec::with_capacity(fields.tokens.len());
            while !fields.tokens.is_empty() {
                types.push(fields.parsed(what)?);
            }
            octets.extend(bitmap::encode(&types));
        }
        Form::Params => octets.extend(params(fields)?),
        Form::Location => {
            let first = fields.next(what)?;
            let rest = std::mem::take(&mut fields.tokens).iter();
            let words: Vec<&str> =
                std::iter::once(first).chain(rest).map(|token| &*token.text).collect();
            octets.extend(loc::parse(&words).ok_or_else(|| first.is_not(what))?);
        }
        Form::Gateway => {
            // The octet of the gateway type, and that of the algorithm behind it.
            match octets[1] {
                0 => {
                    let token = fields.next(what)?;
                    if token.text != "." {
                        return Err(token.is_not("\".\" for no gateway"));
                    }
                }
                1 => octets.extend(fields.parsed::<Ipv4Addr>(what)?.octets()),
                2 => octets.extend(fields.parsed::<Ipv6Addr>(what)?.octets()),
                3 => octets.extend(fields.name(what)?.as_wire()),
                _ => return Err(fields.next(what)?.is_not("a gateway type from 0 to 3 before")),
            }
        }
    }
    Ok(())
}

/// A number up to `most`, or its mnemonic.
fn named(
    fields: &mut Fields<'_>,
    names: &[(&str, u16)],
    what: &'static str,
    most: u16,
) -> Result<u16, Misread> {
    let token = fields.next(what)?;
    let known = names.iter().find(|(name, _)| name.eq_ignore_ascii_case(&token.text));
    let number = known.map(|(_, number)| *number).or_else(|| token.text.parse().ok());
    number.filter(|&number| number <= most).ok_or_else(|| token.is_not(what))
}

/// All fields that are left, read as one text without the space between them.
fn joined(
    fields: &mut Fields<'_>,
    what: &'static str,
    read: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, Misread> {
    let first = fields.next(what)?;
    let rest = std::mem::take(&mut fields.tokens).iter();
    let text: String = std::iter::once(first).chain(rest).map(|token| &*token.text).collect();
    read(&text).filter(|octets| !octets.is_empty()).ok_or_else(|| {
        first
            .wrong(MasterProblem::Field { found: text.chars().take(100).collect(), expected: what })
    })
}

/// `key`, `key=value` and `key="value"` to the end.
fn params(fields: &mut Fields<'_>) -> Result<Vec<u8>, Misread> {
    let mut params = Vec::new();
    while let Some((token, mut rest)) = fields.tokens.split_first() {
        let (key, value) = match token.text.split_once('=') {
            None => (&*token.text, None),
            // A quoted value is a token of its own.
            Some((key, "")) if rest.first().is_some_and(|next| next.quoted) => {
                let value = unescaped(&rest[0])?;
                rest = &rest[1..];
                (key, Some(value))
            }
            Some((key, _)) => {
                let octets = unescaped(token)?;
                (key, Some(octets[key.len() + 1..].to_vec()))
            }
        };
        params.push(svcb::parse(key, value.as_deref()).map_err(|expected| token.is_not(expected))?);
        fields.tokens = rest;
    }
    svcb::encode(params).ok_or_else(|| {
        let reason = "a key stands there twice, or one that is mandatory is missing".to_owned();
        let problem = MasterProblem::Data { rtype: fields.rtype, reason };
        Misread { place: fields.end, problem }
    })
}

fn push_counted(octets: &mut Vec<u8>, string: &[u8]) {
    octets.push(string.len() as u8);
    octets.extend(string);
}

/// Octets from an even number of hexadecimal digits.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|character| Some(character.to_digit(16)? as u8)).collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::master::parse_records;
    use super::super::super::name::Name;

    fn origin() -> Name {
        "example.com".parse().unwrap()
    }

    /// Reads the data, and what it prints again.
    #[track_caller]
    fn check(data: &str, printed: &str) {
        let records = parse_records(&origin(), &format!("@ 1 {data}")).unwrap();
        let line = records[0].to_string();
        assert_eq!(line, format!("example.com. 1 {printed}"));
        assert_eq!(parse_records(&origin(), &line), Ok(records));
    }

    #[track_caller]
    fn check_same(data: &str) {
        check(data, data);
    }

    #[track_caller]
    fn check_error(data: &str, error: &str) {
        let errors = parse_records(&origin(), &format!("@ 1 {data}")).unwrap_err();
        assert_eq!(errors[0].to_string(), format!("records:1:{error}"));
    }

    #[test]
    fn the_types_of_dnssec() {
        check(
            "DNSKEY 256 3 RSASHA1 ( AQPSKmynfzW4kyBv015MUG2DeIQ3\n Cbl+BBZH4b/0PY1kxkmvHjcZc8no )",
            "DNSKEY 256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmvHjcZc8no",
        );
        check_same("CDNSKEY 0 3 0 AA==");
        check_same("CDS 0 0 0 00");
        check(
            "DS 60485 5 1 ( 2bb183af5f22588179a53b0a\n 98631fad1a292118 )",
            "DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
        );
        check(
            "RRSIG A 5 3 1d 20030322173103 1045762263 2642 @ oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr",
            "RRSIG A 5 3 86400 20030322173103 20030220173103 2642 example.com. \
             oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr",
        );
        check(
            "NSEC host TYPE1234 A MX NSEC RRSIG A",
            "NSEC host.example.com. A MX RRSIG NSEC TYPE1234",
        );
        check(
            "NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG",
            "NSEC3 1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS SOA MX RRSIG DNSKEY NSEC3PARAM",
        );
        // An empty non-terminal has no types at all.
        check_same("NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR");
        check_same("NSEC3PARAM 1 0 0 -");
        check_same("CSYNC 66 3 A NS AAAA");
        check_same("ZONEMD 2018031500 1 1 FEBE3D4C");
    }

    #[test]
    fn the_types_of_mail_and_web() {
        check("CAA 0 issue ca.example.net", "CAA 0 issue \"ca.example.net\"");
        check_same("CAA 128 iodef \"mailto:a\\\"b\"");
        check("TLSA 3 1 1 0d6fce13 243aa7", "TLSA 3 1 1 0D6FCE13243AA7");
        check_same("SMIMEA 3 0 0 AB");
        check_same("OPENPGPKEY mQCNAzIG");
        check_same("SSHFP 2 1 123456789ABCDEF67890");
        check_same("NAPTR 100 50 \"s\" \"http+I2L\" \"!^.*$!\\\\1!\" _http._tcp.example.com.");
        check("NAPTR 1 2 u E2U+sip \"\" .", "NAPTR 1 2 \"u\" \"E2U+sip\" \"\" .");
        check("HINFO PC \"Linux x\"", "HINFO \"PC\" \"Linux x\"");
        check("RP admin .", "RP admin.example.com. .");
        check("AFSDB 1 db", "AFSDB 1 db.example.com.");
        check("SPF \"v=spf1\" -all", "SPF \"v=spf1\" \"-all\"");
        check_same("URI 10 1 \"ftp://ftp.example.com/public\"");
        check_same("KX 1 kx.example.com.");
        check_same("DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=");
        check("CERT PGP 0 0 mQCNAzIG", "CERT 3 0 0 mQCNAzIG");
        check_same("IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtu");
        check_same("IPSECKEY 10 0 0 .");
        check("IPSECKEY 10 3 2 gw AQNR", "IPSECKEY 10 3 2 gw.example.com. AQNR");
        check(
            "LOC 52 22 23.1 N 4 53 32 E -2m 0.00m 10000m 10m",
            "LOC 52 22 23.100 N 4 53 32.000 E -2.00m 0m 10000m 10m",
        );
    }

    #[test]
    fn services_as_rfc_9460_appendix_d_writes_them() {
        check("HTTPS 0 foo.example.com.", "HTTPS 0 foo.example.com.");
        check_same("SVCB 1 .");
        check_same("SVCB 16 foo.example.com. port=53");
        check("SVCB 1 foo key667=hello", "SVCB 1 foo.example.com. key667=\"hello\"");
        check_same("SVCB 1 foo.example.com. key667=\"hello\\210qoo\"");
        check(
            "SVCB 16 foo (alpn=h2,h3-19 mandatory=ipv4hint,alpn\n ipv4hint=192.0.2.1)",
            "SVCB 16 foo.example.com. mandatory=alpn,ipv4hint alpn=\"h2,h3-19\" ipv4hint=192.0.2.1",
        );
        check_same("SVCB 16 foo.example.com. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"");
        check(
            "SVCB 16 foo alpn=f\\\\\\092oo\\092,bar,h2",
            "SVCB 16 foo.example.com. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
        );
        check_same("HTTPS 1 . no-default-alpn ech=AEj+ ipv6hint=2001:db8::1 dohpath=\"/q{?dns}\"");
        check_error(
            "SVCB 1 foo key123=abc key123=def",
            "37: the data of SVCB: a key stands there twice, or one that is mandatory is missing",
        );
        check_error("SVCB 1 foo port", "16: found \"port\", expected a port such as port=443");
    }

    #[test]
    fn a_wrong_field_is_told_with_what_would_be_right() {
        check_error("DS 1 8 2 abc", "14: found \"abc\", expected the digest in hexadecimal");
        check_error("DS 70000 8 2 ab", "8: found \"70000\", expected a key tag from 0 to 65535");
        check_error(
            "DS 1 RSASHA999 2 ab",
            "10: found \"RSASHA999\", expected an algorithm from 0 to 255, or its name such as RSASHA256",
        );
        check_error(
            "DS 1 8 2",
            "13: the data of DS ends too early: expected the digest in hexadecimal",
        );
        check_error("DNSKEY 256 3 8 AQ=P", "20: found \"AQ=P\", expected the key in base64");
        check_error("NSEC a A B", "14: found \"B\", expected a record type");
        check_error(
            "CAA 0 is-sue x",
            "11: found \"is-sue\", expected a tag of letters and digits such as issue",
        );
        check_error("CAA 0 issue x y", "19: \"y\" stands behind the end of the data");
        check_error(
            "RRSIG A 5 3 1 20030332173103 1 2 . AA==",
            "19: found \"20030332173103\", expected the end of validity as YYYYMMDDHHMMSS or in \
             seconds since 1970",
        );
        check_error(
            "WKS 192.0.2.1 6 25",
            "9: found \"192.0.2.1\", expected \\# and the data in hexadecimal, for a type without a form",
        );
    }
}
