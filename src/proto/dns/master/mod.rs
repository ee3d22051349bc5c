//! Master files: the text form of zones and of root hints.
//!
//! Follows RFC 1035 §5.1, RFC 2308 §4 (`$TTL`), RFC 3597 §5 (generic types and data), and what
//! BIND and NSD read besides: TTL units, `$GENERATE`, a last line without its end. Class and TTL
//! come in either order. Whatever is wrong is reported at once, with file, line and column.
//!
//! Without a TTL and without `$TTL`, a record has that of the record before it (RFC 1035 §5.1);
//! a first SOA has its own MINIMUM, as BIND reads old files.
//!
//! Not modelled: encodings other than UTF-8; the octets of other characters go into names and
//! strings as they are.

mod error;
mod generate;
mod opaque;
mod rdata;
mod token;
mod ttl;

use super::codes::{Class, RecordType};
use super::name::Name;
use super::record::{Record, RecordData};

pub use error::{MasterError, MasterProblem};
use rdata::{Fields, parse_data, parse_name};
use token::{Entry, Misread, Place, Token, Tokenizer};
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

/// What holds where an entry stands.
struct Scope {
    origin: Name,
    depth: usize,
}

impl Reader<'_> {
    fn read_file(&mut self, file: &str, text: &str, origin: Name, depth: usize) {
        let mut scope = Scope { origin, depth };
        for entry in Tokenizer::new(text) {
            let result = entry.and_then(|entry| self.read_entry(&entry, &mut scope));
            if let Err(Misread { place: Place { line, column }, problem }) = result {
                self.errors.push(MasterError { file: file.to_owned(), line, column, problem });
            }
            if self.errors.len() >= MAX_ERRORS {
                return;
            }
        }
    }

    fn read_entry(&mut self, entry: &Entry<'_>, scope: &mut Scope) -> Result<(), Misread> {
        let first = &entry.tokens[0];
        if first.quoted || !first.text.starts_with('$') {
            return self.read_record(&entry.tokens, entry.blank_owner, entry.end, &scope.origin);
        }
        let fields = &entry.tokens[1..];
        match first.text.to_ascii_uppercase().as_str() {
            "$ORIGIN" => {
                let name = only(entry, "one name")?;
                scope.origin = parse_name(name, &scope.origin)?;
                Ok(())
            }
            "$TTL" => {
                let ttl = only(entry, TTL_FORM)?;
                let secs = parse_ttl(&ttl.text).ok_or_else(|| ttl.is_not(TTL_FORM))?;
                self.default_ttl_secs = Some(secs);
                Ok(())
            }
            "$INCLUDE" => match fields {
                [file] => self.read_include(file, scope.origin.clone(), scope),
                [file, origin] => {
                    self.read_include(file, parse_name(origin, &scope.origin)?, scope)
                }
                _ => Err(first.is_not("a file behind it, and an origin if it has another one")),
            },
            "$GENERATE" => self.read_generate(entry, &scope.origin),
            _ => {
                let found = first.text.to_string();
                Err(first.wrong(MasterProblem::UnknownDirective { found }))
            }
        }
    }

    /// `$INCLUDE file [origin]`. Origin and owner are afterwards what they were before
    /// (RFC 1035 §5.1).
    fn read_include(
        &mut self,
        file: &Token<'_>,
        origin: Name,
        scope: &Scope,
    ) -> Result<(), Misread> {
        let refuse =
            |reason| file.wrong(MasterProblem::Include { file: file.text.to_string(), reason });
        if scope.depth >= MAX_INCLUDE_DEPTH {
            return Err(refuse(format!("included more than {MAX_INCLUDE_DEPTH} deep")));
        }
        let text = (self.include)(&file.text).map_err(refuse)?;
        let owner = self.last_owner.clone();
        self.read_file(&file.text, &text, origin, scope.depth + 1);
        self.last_owner = owner;
        Ok(())
    }

    fn read_generate(&mut self, entry: &Entry<'_>, origin: &Name) -> Result<(), Misread> {
        let [directive, range, templates @ ..] = &entry.tokens[..] else {
            return Err(entry.tokens[0].is_not("a range such as 1-10, an owner, a type and data"));
        };
        if templates.is_empty() {
            return Err(directive.wrong(MasterProblem::NoType));
        }
        for number in generate::parse_range(&range.text).map_err(|problem| range.wrong(problem))? {
            let mut tokens = Vec::with_capacity(templates.len());
            for template in templates {
                let text = generate::expand(&template.text, number);
                let text = text.map_err(|problem| template.wrong(problem))?.into();
                tokens.push(Token { text, ..*template });
            }
            self.read_record(&tokens, false, entry.end, origin)?;
        }
        Ok(())
    }

    /// `[owner] [TTL] [class] type data`, TTL and class in either order.
    fn read_record(
        &mut self,
        tokens: &[Token<'_>],
        blank_owner: bool,
        end: Place,
        origin: &Name,
    ) -> Result<(), Misread> {
        let mut rest = tokens;
        if !blank_owner {
            self.last_owner = None;
            self.last_owner = Some(parse_name(&tokens[0], origin)?);
            rest = &tokens[1..];
        }
        let owner = self.last_owner.clone();
        let name = owner.ok_or_else(|| tokens[0].wrong(MasterProblem::NoOwner))?;
        let (mut ttl_secs, mut class) = (None, None);
        let rtype_token = loop {
            let no_type = Misread { place: end, problem: MasterProblem::NoType };
            let (token, after) = rest.split_first().ok_or(no_type)?;
            rest = after;
            if class.is_none()
                && let Some(found) = parse_class(&token.text)
            {
                class = Some(found);
            } else if ttl_secs.is_none() && token.text.starts_with(|c: char| c.is_ascii_digit()) {
                ttl_secs = Some(parse_ttl(&token.text).ok_or_else(|| token.is_not(TTL_FORM))?);
            } else {
                break token;
            }
        };
        let rtype = parse_type(&rtype_token.text).map_err(|problem| rtype_token.wrong(problem))?;
        self.class = class.unwrap_or(self.class);
        let data = parse_data(Fields { rtype, tokens: rest, end, origin }, self.class)?;
        let of_soa = match &data {
            RecordData::Soa(soa) => Some(soa.minimum_secs),
            _ => None,
        };
        let ttl_secs = ttl_secs
            .or(self.default_ttl_secs)
            .or(self.last_ttl_secs)
            .or(of_soa)
            .ok_or_else(|| rtype_token.wrong(MasterProblem::NoTtl))?;
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

/// The one token behind a directive.
fn only<'t>(entry: &'t Entry<'_>, expected: &'static str) -> Result<&'t Token<'t>, Misread> {
    match &entry.tokens[1..] {
        [token] => Ok(token),
        [] => {
            let problem = MasterProblem::Field { found: String::new(), expected };
            Err(Misread { place: entry.end, problem })
        }
        [_, extra, ..] => {
            Err(extra.wrong(MasterProblem::ExtraField { found: extra.text.to_string() }))
        }
    }
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
