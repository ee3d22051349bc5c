//! Messages and records as text: one line for a transcript, several as `dig` prints them.
//!
//! Record data is written as a master file writes it (RFC 1035 §5.1, RFC 3597 §5). The text is
//! stable: snapshots hold it.

use std::fmt::{self, Display, Formatter};

use super::codes::{Class, Opcode};
use super::ede::ExtendedError;
use super::message::{Edns, Flags, Message, Question};
use super::rdata;
use super::record::{Record, RecordData, Txt};

/// `response 4711 NOERROR aa; answer: mx.example.com. 300 A 192.0.2.1; ...`
///
/// The question is left out where an answer repeats it.
impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.flags.qr { "response " } else { "query " })?;
        write!(f, "{}", self.id)?;
        if self.opcode != Opcode::Query {
            write!(f, " {}", self.opcode)?;
        }
        if self.flags.qr {
            write!(f, " {}", self.rcode)?;
        }
        if self.answers.is_empty() {
            for question in &self.questions {
                write!(f, " {question}")?;
            }
        }
        write!(f, "{}", FlagWords(Flags { qr: false, ..self.flags }))?;
        if let Some(edns) = &self.edns {
            write!(f, " {edns}")?;
        }
        let sections = [
            ("answer", &self.answers),
            ("authority", &self.authorities),
            ("additional", &self.additionals),
        ];
        for (title, records) in sections {
            for (index, record) in records.iter().enumerate() {
                if index == 0 {
                    write!(f, "; {title}: {record}")?;
                } else {
                    write!(f, ", {record}")?;
                }
            }
        }
        Ok(())
    }
}

/// The flags that are set, each after a space.
struct FlagWords(Flags);

impl Display for FlagWords {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Flags { qr, aa, tc, rd, ra, ad, cd } = self.0;
        let words =
            [(qr, "qr"), (aa, "aa"), (tc, "tc"), (rd, "rd"), (ra, "ra"), (ad, "ad"), (cd, "cd")];
        for (_, word) in words.iter().filter(|(set, _)| *set) {
            write!(f, " {word}")?;
        }
        Ok(())
    }
}

/// `edns 1232`, with `do`, extended errors, and the codes of other options.
impl Display for Edns {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "edns {}", self.udp_octets)?;
        if self.version != 0 {
            write!(f, " version {}", self.version)?;
        }
        if self.dnssec_ok {
            f.write_str(" do")?;
        }
        for option in &self.options {
            match ExtendedError::from_option(option) {
                Some(error) => write!(f, " ede {error}")?,
                None => write!(f, " option {}", option.code)?,
            }
        }
        Ok(())
    }
}

/// `A mx.example.com.`, with the class between if it is not IN.
impl Display for Question {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.class == Class::In {
            write!(f, "{} {}", self.rtype, self.name)
        } else {
            write!(f, "{} {} {}", self.class, self.rtype, self.name)
        }
    }
}

/// `mx.example.com. 300 A 192.0.2.1`, with the class before the type if it is not IN.
impl Display for Record {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.name, self.ttl_secs)?;
        if self.class != Class::In {
            write!(f, "{} ", self.class)?;
        }
        write!(f, "{} {}", self.rtype(), self.data)
    }
}

/// As in a master file, names absolute.
impl Display for RecordData {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            RecordData::A(address) => write!(f, "{address}"),
            RecordData::Aaaa(address) => write!(f, "{address}"),
            RecordData::Ns(name)
            | RecordData::Cname(name)
            | RecordData::Dname(name)
            | RecordData::Ptr(name) => write!(f, "{name}"),
            RecordData::Soa(soa) => write!(
                f,
                "{} {} {} {} {} {} {}",
                soa.mname,
                soa.rname,
                soa.serial,
                soa.refresh_secs,
                soa.retry_secs,
                soa.expire_secs,
                soa.minimum_secs
            ),
            RecordData::Mx { preference, exchange } => write!(f, "{preference} {exchange}"),
            RecordData::Txt(txt) => write!(f, "{txt}"),
            RecordData::Srv { priority, weight, port, target } => {
                write!(f, "{priority} {weight} {port} {target}")
            }
            RecordData::Unknown { rtype, octets } => match rdata::show(*rtype, octets) {
                Some(text) => f.write_str(&text),
                None => {
                    write!(f, "\\# {}", octets.len())?;
                    if !octets.is_empty() {
                        f.write_str(" ")?;
                    }
                    octets.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
                }
            },
        }
    }
}

/// Every string in quotes.
impl Display for Txt {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, string) in self.strings().enumerate() {
            f.write_str(if index == 0 { "\"" } else { " \"" })?;
            for &octet in string {
                match octet {
                    b'"' | b'\\' => write!(f, "\\{}", char::from(octet))?,
                    b' '..=b'~' => write!(f, "{}", char::from(octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_str("\"")?;
        }
        Ok(())
    }
}

impl Message {
    /// The message on several lines, as `dig` prints it; for people who look closely.
    pub fn to_dig(&self) -> Dig<'_> {
        Dig(self)
    }
}

/// See [`Message::to_dig`].
#[derive(Debug, Clone, Copy)]
pub struct Dig<'a>(&'a Message);

impl Display for Dig<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let message = self.0;
        writeln!(
            f,
            ";; ->>HEADER<<- opcode: {}, status: {}, id: {}",
            message.opcode, message.rcode, message.id
        )?;
        writeln!(
            f,
            ";; flags:{}; QUERY: {}, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: {}",
            FlagWords(message.flags),
            message.questions.len(),
            message.answers.len(),
            message.authorities.len(),
            message.additionals.len() + usize::from(message.edns.is_some())
        )?;
        if let Some(edns) = &message.edns {
            writeln!(
                f,
                "\n;; OPT PSEUDOSECTION:\n; EDNS: version: {}, flags:{}; udp: {}",
                edns.version,
                if edns.dnssec_ok { " do" } else { "" },
                edns.udp_octets
            )?;
            for option in &edns.options {
                match ExtendedError::from_option(option) {
                    Some(error) => writeln!(f, "; EDE: {error}")?,
                    None => writeln!(f, "; OPT={}: {} octets", option.code, option.data.len())?,
                }
            }
        }
        if !message.questions.is_empty() {
            writeln!(f, "\n;; QUESTION SECTION:")?;
        }
        for Question { name, rtype, class } in &message.questions {
            writeln!(f, ";{name}\t\t{class}\t{rtype}")?;
        }
        let sections = [
            ("ANSWER", &message.answers),
            ("AUTHORITY", &message.authorities),
            ("ADDITIONAL", &message.additionals),
        ];
        for (title, records) in sections.iter().filter(|(_, records)| !records.is_empty()) {
            writeln!(f, "\n;; {title} SECTION:")?;
            for record in *records {
                let Record { name, class, ttl_secs, data } = record;
                writeln!(f, "{name}\t{ttl_secs}\t{class}\t{}\t{data}", data.rtype())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::codes::{Rcode, RecordType};
    use super::super::master::parse_records;
    use super::super::message::EdnsOption;
    use super::super::name::Name;
    use super::*;

    fn records(text: &str) -> Vec<Record> {
        parse_records(&Name::root(), text).unwrap()
    }

    fn query() -> Message {
        Message::query(4711, "mx.example.com".parse().unwrap(), RecordType::A)
    }

    fn referral() -> Message {
        let mut response = Message::response_to(&query().with_edns());
        response.authorities = records("example.com. 300 NS ns1.example.com.");
        response.additionals =
            records("ns1.example.com. 300 A 192.0.2.1\nns1.example.com. 300 AAAA 2001:db8::1");
        response
    }

    #[test]
    fn a_query_is_one_line() {
        assert_snapshot!(query(), @"query 4711 A mx.example.com.");
        let mut query = query().with_recursion_desired().with_edns();
        assert_snapshot!(query, @"query 4711 A mx.example.com. rd edns 1232");
        query.opcode = Opcode::Notify;
        query.questions[0].class = Class::Ch;
        let options = vec![EdnsOption { code: 10, data: vec![0; 8].into() }];
        query.edns = Some(Edns { udp_octets: 4096, version: 1, dnssec_ok: true, options });
        assert_snapshot!(
            query,
            @"query 4711 NOTIFY CH A mx.example.com. rd edns 4096 version 1 do option 10"
        );
    }

    #[test]
    fn a_response_is_one_line() {
        let mut response = Message::response_to(&query());
        response.flags.aa = true;
        response.answers =
            records("mx.example.com. 300 A 192.0.2.1\nmx.example.com. 300 A 192.0.2.2");
        assert_snapshot!(
            response,
            @"response 4711 NOERROR aa; answer: mx.example.com. 300 A 192.0.2.1, mx.example.com. 300 A 192.0.2.2"
        );
        response.answers.clear();
        response.rcode = Rcode::NxDomain;
        assert_snapshot!(response, @"response 4711 NXDOMAIN A mx.example.com. aa");
        assert_snapshot!(
            referral(),
            @"response 4711 NOERROR A mx.example.com. edns 1232; authority: example.com. 300 NS ns1.example.com.; additional: ns1.example.com. 300 A 192.0.2.1, ns1.example.com. 300 AAAA 2001:db8::1"
        );
    }

    #[test]
    fn a_message_prints_as_dig_prints_it() {
        assert_snapshot!(referral().to_dig());
    }

    #[test]
    fn what_is_printed_is_read_back() {
        for line in [
            "a. 1 TXT \"\\\"\\\\\\000\" \"\"",
            "a\\.b. 1 SOA . a\\@b. 4294967295 1 2 3 4",
            "_a._b. 1 SRV 1 2 3 .",
            "a. 1 TYPE65280 \\# 2 00FF",
            "a. 1 CH TXT \"x\"",
            "a. 1 SSHFP 1 1 0A0B0C0D0E0F",
        ] {
            let record = &records(line)[0];
            assert_eq!(record.to_string(), line);
        }
    }
}
