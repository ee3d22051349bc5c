//! An entry: one DNS message, what it is matched by, and how it is changed before it is sent.

use bytes::Bytes;

use crate::proto::dns::master::parse_records;
use crate::proto::dns::{
    Class, Edns, EdnsOption, Flags, Message, Name, Opcode, Question, Rcode, Record, RecordData,
    RecordType,
};

use super::Dialect;
use super::error::{ParseError, Problem};
use super::hex;
use super::lines::{Line, Lines, without_comment};
use super::words::{Adjust, MatchWord};

/// One message of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line of its `ENTRY_BEGIN`.
    pub line: usize,
    /// What must agree; with no word, everything matches.
    pub matches: Vec<MatchWord>,
    /// What is changed in it as a reply.
    pub adjust: Adjust,
    /// The message, its ID 0.
    pub message: Message,
    /// The octets that are sent in its place.
    pub raw: Option<Bytes>,
    /// Whether it must have been used by the end.
    pub mandatory: bool,
}

/// What the entries of a file have in common, and what they turn out to need.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) dialect: Dialect,
    /// `$ORIGIN`.
    pub(super) origin: Name,
    /// `$TTL`.
    pub(super) ttl_secs: u32,
    /// What the runner would need and does not have.
    pub(super) needs: Vec<String>,
}

impl Context {
    pub(super) fn new(dialect: Dialect) -> Self {
        Context { dialect, origin: Name::root(), ttl_secs: DEFAULT_TTL_SECS, needs: Vec::new() }
    }

    /// Takes a `$ORIGIN` or `$TTL` line; whether it was one.
    pub(super) fn take_directive(&mut self, line: &Line<'_>) -> Result<bool, ParseError> {
        if let Some(ttl) = line.after("$TTL") {
            let expected = "$TTL and a number of seconds";
            self.ttl_secs = ttl.parse().map_err(|_| line.is_not(expected))?;
        } else if let Some(origin) = line.after("$ORIGIN") {
            let expected = "$ORIGIN and a name";
            let name = Name::parse_relative(origin, &Name::root());
            self.origin = name.map_err(|_| line.is_not(expected))?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Question,
    Answer,
    Authority,
    Additional,
}

impl Entry {
    /// Reads an entry, `begin` being its first line, up to and with `ENTRY_END`.
    pub(super) fn parse(
        begin: Line<'_>,
        lines: &mut Lines<'_>,
        context: &mut Context,
    ) -> Result<Self, ParseError> {
        if !begin.text.starts_with("ENTRY_BEGIN") {
            return Err(begin.is_not("ENTRY_BEGIN"));
        }
        let mut entry = Entry {
            line: begin.number,
            matches: Vec::new(),
            adjust: Adjust::default(),
            message: empty(context.dialect),
            raw: None,
            mandatory: false,
        };
        let mut section = Section::Question;
        loop {
            let line = lines.expect("ENTRY_END")?;
            if line.text.starts_with("ENTRY_END") {
                return Ok(entry);
            }
            entry.take(line, &mut section, lines, context)?;
        }
    }

    fn take(
        &mut self,
        line: Line<'_>,
        section: &mut Section,
        lines: &mut Lines<'_>,
        context: &mut Context,
    ) -> Result<(), ParseError> {
        let deckard = context.dialect == Dialect::Deckard;
        if line.text.starts_with('#') && !deckard || context.take_directive(&line)? {
            return Ok(());
        }
        if let Some(words) = line.after("MATCH") {
            for word in words.split_whitespace() {
                match MatchWord::parse(word).map_err(|problem| problem.at(line.number))? {
                    Some(word) => self.matches.push(word),
                    None => context.needs.push(format!("MATCH {word}")),
                }
            }
        } else if let Some(words) = line.after("ADJUST") {
            for word in words.split_whitespace() {
                if !self.adjust.add(word).map_err(|problem| problem.at(line.number))? {
                    context.needs.push(format!("ADJUST {word}"));
                }
            }
        } else if let Some(words) = line.after("REPLY").or_else(|| line.after("FLAGS")) {
            for word in words.split_whitespace() {
                self.take_reply_word(word, &line, context)?;
            }
        } else if let Some(name) = line.after("SECTION") {
            *section = match name.split_whitespace().next() {
                Some("QUESTION") => Section::Question,
                Some("ANSWER") => Section::Answer,
                Some("AUTHORITY") => Section::Authority,
                Some("ADDITIONAL") => Section::Additional,
                _ => {
                    let expected = "SECTION QUESTION, ANSWER, AUTHORITY or ADDITIONAL";
                    return Err(line.is_not(expected));
                }
            };
        } else if line.text.starts_with("HEX_ANSWER_BEGIN") {
            self.raw = Some(hex::block(lines, "HEX_ANSWER_END")?.into());
        } else if line.text.starts_with("HEX_EDNSDATA_BEGIN") {
            let octets = hex::block(lines, "HEX_EDNSDATA_END")?;
            let expected = "EDNS options: code, length and data";
            let options = options(octets.into()).ok_or_else(|| line.is_not(expected))?;
            self.message.edns.get_or_insert_default().options = options;
        } else if deckard && line.after("RAW").is_some() {
            let next = lines.expect("the octets of the message in hexadecimal")?;
            self.raw = Some(hex::line(&next)?.into());
        } else if deckard && line.after("MANDATORY").is_some() {
            self.mandatory = true;
        } else if deckard && line.after("TSIG").is_some() {
            context.needs.push("TSIG".to_owned());
        } else if line.text.starts_with("EXTRA_PACKET") {
            context.needs.push("replies of several messages (EXTRA_PACKET)".to_owned());
        } else if starts_something_else(line.text) {
            return Err(line.is_not("ENTRY_END before this"));
        } else if *section == Section::Question {
            self.message.questions.push(question(&line, context)?);
        } else {
            let record = record(&line, context)?;
            match section {
                Section::Answer => self.message.answers.push(record),
                Section::Authority => self.message.authorities.push(record),
                _ => self.message.additionals.push(record),
            }
        }
        Ok(())
    }

    fn take_reply_word(
        &mut self,
        word: &str,
        line: &Line<'_>,
        context: &mut Context,
    ) -> Result<(), ParseError> {
        let message = &mut self.message;
        let flags = &mut message.flags;
        match word.to_ascii_uppercase().as_str() {
            "QR" => flags.qr = true,
            "AA" => flags.aa = true,
            "TC" => flags.tc = true,
            "RD" => flags.rd = true,
            "RA" => flags.ra = true,
            "AD" => flags.ad = true,
            "CD" => flags.cd = true,
            "DO" => message.edns.get_or_insert_default().dnssec_ok = true,
            "CO" => context.needs.push("compact denial of existence (CO)".to_owned()),
            "NOTIMPL" => message.rcode = Rcode::NotImp,
            word => match (word.parse::<Opcode>(), word.parse::<Rcode>()) {
                (Ok(opcode), _) => message.opcode = opcode,
                (_, Ok(rcode)) => {
                    message.rcode = rcode;
                    if rcode.number() > 15 {
                        message.edns.get_or_insert_default();
                    }
                }
                _ => {
                    let expected = "a flag, opcode or response code such as QR, QUERY or NXDOMAIN";
                    return Err(Problem::unexpected(word, expected).at(line.number));
                }
            },
        }
        Ok(())
    }
}

/// An empty message of the dialect: those of Deckard all have EDNS.
fn empty(dialect: Dialect) -> Message {
    Message {
        id: 0,
        flags: Flags::default(),
        opcode: Opcode::Query,
        rcode: Rcode::NoError,
        questions: Vec::new(),
        answers: Vec::new(),
        authorities: Vec::new(),
        additionals: Vec::new(),
        edns: (dialect == Dialect::Deckard)
            .then(|| Edns { udp_octets: DECKARD_UDP_OCTETS, ..Edns::default() }),
    }
}

/// `name [class] type`.
fn question(line: &Line<'_>, context: &Context) -> Result<Question, ParseError> {
    let expected = "a question: name, class and type";
    let mut words = without_comment(line.text, b";").split_whitespace();
    let bad = || line.is_not(expected);
    let name = words.next().ok_or_else(bad)?;
    let name = Name::parse_relative(name, &context.origin).map_err(|_| bad())?;
    let mut word = words.next().ok_or_else(bad)?;
    let mut class = Class::In;
    // A TTL may stand here by mistake, as in a record.
    if word.parse::<u32>().is_ok() {
        word = words.next().ok_or_else(bad)?;
    }
    // ANY and NONE are classes, too; what stands alone is the type.
    if let (Ok(found), Some(next)) = (word.parse(), words.next()) {
        class = found;
        word = next;
    }
    let rtype = word.parse::<RecordType>().map_err(|_| bad())?;
    Ok(Question { name, rtype, class })
}

/// One record in the form of a master file.
fn record(line: &Line<'_>, context: &Context) -> Result<Record, ParseError> {
    let text = format!("$TTL {}\n{}", context.ttl_secs, line.text);
    let parsed = parse_records(&context.origin, &text);
    let parsed = parsed.or_else(|errors| unfit(line, context).map(|it| vec![it]).ok_or(errors));
    let mut records = parsed.map_err(|mut errors| {
        let problem = Problem::Record(errors.swap_remove(0).problem);
        problem.at(line.number)
    })?;
    match records.pop() {
        Some(record) if records.is_empty() => Ok(record),
        _ => Err(line.is_not("one record")),
    }
}

/// A record whose data, written as octets (RFC 3597 §5), does not fit its type: there are servers
/// that send such.
fn unfit(line: &Line<'_>, context: &Context) -> Option<Record> {
    let (before, octets) = line.text.split_once(r"\#")?;
    let (before, rtype) = before.trim_end().rsplit_once(char::is_whitespace)?;
    let rtype: RecordType = rtype.parse().ok()?;
    // A type that has no form of its own takes any octets.
    let text = format!("$TTL {}\n{before} TYPE65280 \\# {octets}", context.ttl_secs);
    let record = parse_records(&context.origin, &text).ok()?.pop()?;
    let RecordData::Unknown { octets, .. } = record.data else { return None };
    Some(Record { data: RecordData::Unknown { rtype, octets }, ..record })
}

/// The options in the data of an OPT record (RFC 6891 §6.1.2).
fn options(mut octets: Bytes) -> Option<Vec<EdnsOption>> {
    let mut options = Vec::new();
    while !octets.is_empty() {
        let head: [u8; 4] = octets.get(..4)?.try_into().ok()?;
        let code = u16::from_be_bytes([head[0], head[1]]);
        let end = 4 + usize::from(u16::from_be_bytes([head[2], head[3]]));
        if octets.len() < end {
            return None;
        }
        options.push(EdnsOption { code, data: octets.slice(4..end) });
        octets = octets.slice(end..);
    }
    Some(options)
}

/// Whether the line can only be a sign that `ENTRY_END` is missing.
fn starts_something_else(text: &str) -> bool {
    ["ENTRY_BEGIN", "RANGE_BEGIN", "RANGE_END", "STEP ", "STEP\t", "SCENARIO_END"]
        .iter()
        .any(|keyword| text.starts_with(keyword))
}

/// The TTL of a record that has none.
const DEFAULT_TTL_SECS: u32 = 3_600;

/// The size that EDNS of a Deckard message has.
const DECKARD_UDP_OCTETS: u16 = 4_096;
