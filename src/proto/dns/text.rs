//! Messages and records as text: one line for a transcript, several as `dig` prints them.
//!
//! Record data is written as a master file writes it (RFC 1035 §5.1, RFC 3597 §5). The text is
//! stable: snapshots hold it.

use std::fmt::{self, Display, Formatter};

use super::codec;
use super::codes::{Class, Opcode};
use super::message::{Edns, Flags, Message, Question};
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

/// `edns 1232`, with `do` and the codes of options.
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
            write!(f, " option {}", option.code)?;
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
            RecordData::Unknown { rtype, octets } => match codec::present(*rtype, octets) {
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
