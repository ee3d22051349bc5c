//! Master files: the text form of zones and of root hints.
//!
//! Follows RFC 1035 §5.1, RFC 2308 §4 (`$TTL`), RFC 3597 §5 (generic types and data), and what
//! BIND and NSD read besides: TTL units, `$GENERATE`, a last line without its end. Class and TTL
//! come in either order. Whatever is wrong is reported at once, with file and line.
//!
//! Without a TTL and without `$TTL`, a record has that of the record before it (RFC 1035 §5.1);
//! a first SOA has its own MINIMUM, as BIND reads old files.
//!
//! Not modelled: encodings other than UTF-8; the octets of other characters go into names and
//! strings as they are.

mod error;
mod generate;
mod rdata;
mod token;
mod ttl;

use super::codes::{Class, RecordType};
use super::name::Name;
use super::record::{Record, RecordData};

pub use error::{MasterError, MasterProblem};
use rdata::{parse_data, parse_name};
use token::{Entry, Token, Tokenizer};
use ttl::{TTL_FORM, parse_ttl};

/// Reads all records of a master file, in their order.
///
/// `file_name` is for the errors. `include` gives the text of a file that `$INCLUDE` names, or
/// says why not; it decides which files may be read at all.
///
/// # Errors
///
/// Every mistake in the file and those it includes, in order, but no more than 100.
pub fn parse_master(
    origin: &Name,
    file_name: &str,
    text: &str,
    include: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Vec<Record>, Vec<MasterError>> {
    let mut reader = Reader {
        records: Vec::new(),
        errors: Vec::new(),
        include,
        default_ttl_secs: None,
        last_ttl_secs: None,
        last_owner: None,
        class: Class::In,
    };
    reader.read_file(file_name, text, origin.clone(), 0);
    if reader.errors.is_empty() { Ok(reader.records) } else { Err(reader.errors) }
}

/// Reads records from text that stands alone and includes nothing.
///
/// # Errors
///
/// As [`parse_master`], the file being called `records`.
pub fn parse_records(origin: &Name, text: &str) -> Result<Vec<Record>, Vec<MasterError>> {
    parse_master(origin, "records", text, &mut |_| Err("no file can be included here".to_owned()))
}

/// What was read, and what the next entry may leave out.
struct Reader<'i> {
    records: Vec<Record>,
    errors: Vec<MasterError>,
    include: &'i mut dyn FnMut(&str) -> Result<String, String>,
    default_ttl_secs: Option<u32>,
    last_ttl_secs: Option<u32>,
    last_owner: Option<Name>,
    class: Class,
}

/// Where an entry stands.
struct Place {
    origin: Name,
    depth: usize,
}

impl Reader<'_> {
    fn read_file(&mut self, file: &str, text: &str, origin: Name, depth: usize) {
        let mut place = Place { origin, depth };
        for entry in Tokenizer::new(text) {
            let result = match entry {
                Ok(entry) => {
                    let line = entry.line;
                    self.read_entry(&entry, &mut place).map_err(|problem| (line, problem))
                }
                Err(misread) => Err(misread),
            };
            if let Err((line, problem)) = result {
                self.errors.push(MasterError { file: file.to_owned(), line, problem });
            }
            if self.errors.len() >= MAX_ERRORS {
                return;
            }
        }
    }

    fn read_entry(&mut self, entry: &Entry<'_>, place: &mut Place) -> Result<(), MasterProblem> {
        let first = &entry.tokens[0];
        if first.quoted || !first.text.starts_with('$') {
            return self.read_record(&entry.tokens, entry.blank_owner, &place.origin);
        }
        let fields = &entry.tokens[1..];
        match first.text.to_ascii_uppercase().as_str() {
            "$ORIGIN" => {
                let [name] = exactly(fields, "one name")?;
                place.origin = parse_name(name, &place.origin)?;
                Ok(())
            }
            "$TTL" => {
                let [ttl] = exactly(fields, TTL_FORM)?;
                let secs = parse_ttl(ttl);
                self.default_ttl_secs = Some(secs.ok_or_else(|| field(ttl, TTL_FORM))?);
                Ok(())
            }
            "$INCLUDE" => self.read_include(fields, place),
            "$GENERATE" => self.read_generate(fields, &place.origin),
            _ => Err(MasterProblem::UnknownDirective { found: first.text.to_string() }),
        }
    }

    /// `$INCLUDE file [origin]`. Origin and owner are afterwards what they were before
    /// (RFC 1035 §5.1).
    fn read_include(&mut self, fields: &[Token<'_>], place: &Place) -> Result<(), MasterProblem> {
        let (file, origin) = match fields {
            [file] => (&file.text, place.origin.clone()),
            [file, origin] => (&file.text, parse_name(&origin.text, &place.origin)?),
            _ => return Err(field(&joined(fields), "a file, and an origin if it has another one")),
        };
        let refuse = |reason| MasterProblem::Include { file: file.to_string(), reason };
        if place.depth >= MAX_INCLUDE_DEPTH {
            return Err(refuse(format!("included more than {MAX_INCLUDE_DEPTH} deep")));
        }
        let text = (self.include)(file).map_err(refuse)?;
        let owner = self.last_owner.clone();
        self.read_file(file, &text, origin, place.depth + 1);
        self.last_owner = owner;
        Ok(())
    }

    fn read_generate(&mut self, fields: &[Token<'_>], origin: &Name) -> Result<(), MasterProblem> {
        let [range, templates @ ..] = fields else {
            return Err(field("", "a range such as 1-10, an owner, a type and data"));
        };
        for number in generate::parse_range(&range.text)? {
            let mut tokens = Vec::with_capacity(templates.len());
            for template in templates {
                let text = generate::expand(&template.text, number)?.into();
                tokens.push(Token { text, quoted: template.quoted });
            }
            if tokens.is_empty() {
                return Err(MasterProblem::NoType);
            }
            self.read_record(&tokens, false, origin)?;
        }
        Ok(())
    }

    /// `[owner] [TTL] [class] type data`, TTL and class in either order.
    fn read_record(
        &mut self,
        tokens: &[Token<'_>],
        blank_owner: bool,
        origin: &Name,
    ) -> Result<(), MasterProblem> {
        let mut rest = tokens;
        if !blank_owner {
            self.last_owner = None;
            self.last_owner = Some(parse_name(&tokens[0].text, origin)?);
            rest = &tokens[1..];
        }
        let name = self.last_owner.clone().ok_or(MasterProblem::NoOwner)?;
        let (mut ttl_secs, mut class) = (None, None);
        let rtype = loop {
            let (token, after) = rest.split_first().ok_or(MasterProblem::NoType)?;
            rest = after;
            if class.is_none()
                && let Some(found) = parse_class(&token.text)
            {
                class = Some(found);
            } else if ttl_secs.is_none() && token.text.starts_with(|c: char| c.is_ascii_digit()) {
                let secs = parse_ttl(&token.text);
                ttl_secs = Some(secs.ok_or_else(|| field(&token.text, TTL_FORM))?);
            } else {
                break parse_type(&token.text)?;
            }
        };
        self.class = class.unwrap_or(self.class);
        let data = parse_data(rtype, self.class, rest, origin)?;
        let of_soa = match &data {
            RecordData::Soa(soa) => Some(soa.minimum_secs),
            _ => None,
        };
        let ttl_secs = ttl_secs
            .or(self.default_ttl_secs)
            .or(self.last_ttl_secs)
            .or(of_soa)
            .ok_or(MasterProblem::NoTtl)?;
        self.last_ttl_secs = Some(ttl_secs);
        self.records.push(Record { name, class: self.class, ttl_secs, data });
        Ok(())
    }
}

/// A class that a master file may hold.
fn parse_class(text: &str) -> Option<Class> {
    let class = text.parse().ok()?;
    (!matches!(class, Class::None | Class::Any)).then_some(class)
}

fn parse_type(text: &str) -> Result<RecordType, MasterProblem> {
    let Ok(rtype) = text.parse::<RecordType>() else {
        let upper = text.to_ascii_uppercase();
        let nearest = COMMON_TYPES
            .iter()
            .map(|&known| (strsim::osa_distance(known, &upper), known))
            .filter(|&(distance, known)| distance <= 2 && distance < known.len())
            .min_by_key(|&(distance, _)| distance);
        return Err(MasterProblem::UnknownType {
            found: text.to_owned(),
            nearest: nearest.map(|(_, known)| known),
        });
    };
    if rtype.is_meta() { Err(MasterProblem::MetaType { rtype }) } else { Ok(rtype) }
}

/// Exactly so many fields.
fn exactly<'t, const N: usize>(
    fields: &'t [Token<'_>],
    expected: &'static str,
) -> Result<[&'t str; N], MasterProblem> {
    let texts: Vec<&str> = fields.iter().map(|token| &*token.text).collect();
    texts.try_into().map_err(|_| field(&joined(fields), expected))
}

fn joined(fields: &[Token<'_>]) -> String {
    fields.iter().map(|token| &*token.text).collect::<Vec<_>>().join(" ")
}

fn field(found: &str, expected: &'static str) -> MasterProblem {
    MasterProblem::Field { found: found.to_owned(), expected }
}

/// Who has made more mistakes than that has given the wrong file.
const MAX_ERRORS: usize = 100;

/// As deep as files may include files; ends a file that includes itself.
const MAX_INCLUDE_DEPTH: usize = 8;

/// What a misspelt type is compared with.
const COMMON_TYPES: [&str; 16] = [
    "A", "AAAA", "NS", "MX", "CNAME", "TXT", "SOA", "PTR", "SRV", "DNAME", "DS", "RRSIG", "CAA",
    "TLSA", "NAPTR", "DNSKEY",
];

#[cfg(test)]
mod tests;
