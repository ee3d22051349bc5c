//! `Authentication-Results`: what a server found out about where a message comes from.
//!
//! Follows RFC 8601. A server takes away the fields that claim to be its own
//! ([`strip_forged`]), then puts one of its own on top ([`AuthenticationResults`]).
//!
//! Not modelled: the translation between U-labels and A-labels in authserv-ids.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use super::encode::quoted_string;
use super::header::{Field, without_fields};
use super::lex::{Lexer, is_tspecial};

/// The result of an authentication method: the words of RFC 8601 §2.7, of which each method uses
/// some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuthResult {
    /// There was nothing to check.
    None,
    /// It is as it claims.
    Pass,
    /// It is not.
    Fail,
    /// It is probably not (SPF alone).
    SoftFail,
    /// Nothing is claimed, or nothing could be found out.
    Neutral,
    /// It might pass elsewhere; this receiver does not have it.
    Policy,
    /// Nothing could be found out for now.
    TempError,
    /// Nothing can be found out, until somebody mends something.
    PermError,
}

impl AuthResult {
    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            AuthResult::None => "none",
            AuthResult::Pass => "pass",
            AuthResult::Fail => "fail",
            AuthResult::SoftFail => "softfail",
            AuthResult::Neutral => "neutral",
            AuthResult::Policy => "policy",
            AuthResult::TempError => "temperror",
            AuthResult::PermError => "permerror",
        }
    }
}

impl fmt::Display for AuthResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The word is none of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownResult;

impl FromStr for AuthResult {
    type Err = UnknownResult;
    fn from_str(word: &str) -> Result<Self, UnknownResult> {
        ALL_RESULTS
            .into_iter()
            .find(|result| result.name().eq_ignore_ascii_case(word))
            .ok_or(UnknownResult)
    }
}

const ALL_RESULTS: [AuthResult; 8] = [
    AuthResult::None,
    AuthResult::Pass,
    AuthResult::Fail,
    AuthResult::SoftFail,
    AuthResult::Neutral,
    AuthResult::Policy,
    AuthResult::TempError,
    AuthResult::PermError,
];

/// A whole field. `Display` writes it folded, with its name and line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationResults {
    /// Whose results these are: commonly a domain (§2.5).
    pub authserv_id: String,
    /// The results; none is written as `none`.
    pub results: Vec<MethodResult>,
}

/// What one method found, `method=result` and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodResult {
    /// The method: `spf`, `dkim`, `dmarc`, `auth`, `iprev`.
    pub method: Cow<'static, str>,
    /// What it found.
    pub result: AuthResult,
    /// A comment, for people.
    pub comment: Option<String>,
    /// Why (`reason=`), for people too.
    pub reason: Option<String>,
    /// What was looked at.
    pub properties: Vec<Property>,
}

/// A property that a method looked at: `ptype.property=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Where it was: `smtp`, `header`, `body`, `policy`.
    pub ptype: Cow<'static, str>,
    /// What it was: `mailfrom`, `helo`, `from`, `d`.
    pub property: Cow<'static, str>,
    /// What it said.
    pub value: String,
}

impl MethodResult {
    /// A result without anything beside it.
    pub fn new(method: impl Into<Cow<'static, str>>, result: AuthResult) -> Self {
        let (comment, reason) = (None, None);
        MethodResult { method: method.into(), result, comment, reason, properties: Vec::new() }
    }

    /// With a comment.
    #[must_use]
    pub fn with_comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// With a reason.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// With one more property.
    #[must_use]
    pub fn with_property(
        mut self,
        ptype: impl Into<Cow<'static, str>>,
        property: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        let (ptype, property) = (ptype.into(), property.into());
        self.properties.push(Property { ptype, property, value: value.into() });
        self
    }

    /// The value of a property.
    pub fn property(&self, ptype: &str, property: &str) -> Option<&str> {
        let is_it = |found: &&Property| {
            found.ptype.eq_ignore_ascii_case(ptype) && found.property.eq_ignore_ascii_case(property)
        };
        self.properties.iter().find(is_it).map(|found| found.value.as_str())
    }
}

impl fmt::Display for AuthenticationResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FIELD_NAME}: {}", Value(&self.authserv_id))?;
        if self.results.is_empty() {
            return f.write_str("; none\r\n");
        }
        for result in &self.results {
            f.write_str(";\r\n\t")?;
            let head = format!("{}={}", result.method, result.result);
            f.write_str(&head)?;
            let mut column = 8 + head.len();
            let comment = result.comment.as_deref().map(comment);
            let reason = result.reason.as_deref().map(|text| format!("reason={}", Value(text)));
            let properties = result.properties.iter().map(Property::to_string);
            for word in comment.into_iter().chain(reason).chain(properties) {
                // The column of the word's end, its space counted.
                column += 1 + word.len();
                if column > LINE_LENGTH {
                    f.write_str("\r\n\t ")?;
                    column = 9 + word.len();
                } else {
                    f.write_str(" ")?;
                }
                f.write_str(&word)?;
            }
        }
        f.write_str("\r\n")
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}={}", self.ptype, self.property, Value(&self.value))
    }
}

/// A `value` or an address (§2.2), quoted where it must be.
struct Value<'a>(&'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One `@` may stand in an address, before a domain.
        let (before, after) = match self.0.split_once('@') {
            Some((_, "")) | None => ("", self.0),
            Some(parts) => parts,
        };
        let is_plain =
            |text: &str| text.bytes().all(|octet| octet.is_ascii_graphic() && !is_tspecial(octet));
        if is_plain(before) && is_plain(after) && !after.is_empty() {
            f.write_str(self.0)
        } else {
            f.write_str(&quoted_string(self.0))
        }
    }
}

/// `text` as a comment, without what would end it.
fn comment(text: &str) -> String {
    let plain = |char: char| match char {
        '(' => '[',
        ')' => ']',
        '\\' => '/',
        char if char.is_control() => ' ',
        char => char,
    };
    format!("({})", text.chars().map(plain).collect::<String>())
}

/// Why a field could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthenticationResultsError {
    /// No authserv-id.
    NoAuthservId,
    /// A version other than 1.
    Version,
    /// Something that does not follow the grammar.
    Syntax {
        /// How many results were read before.
        after: usize,
    },
}

impl fmt::Display for AuthenticationResultsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthenticationResultsError::NoAuthservId => f.write_str("no authserv-id"),
            AuthenticationResultsError::Version => f.write_str("unknown version"),
            AuthenticationResultsError::Syntax { after } => {
                write!(f, "syntax error after {after} results")
            }
        }
    }
}

impl std::error::Error for AuthenticationResultsError {}

impl AuthenticationResults {
    /// Reads the value of a field, folded or not.
    ///
    /// Results with a word that is none of RFC 8601 §2.7, or of a method in another version than
    /// 1, are left out, as §2.6 has it.
    pub fn parse(value: &[u8]) -> Result<Self, AuthenticationResultsError> {
        let mut lexer = Lexer::new(value);
        let authserv_id = authserv_id(&mut lexer)?;
        let mut results = Vec::new();
        let mut read = 0;
        while lexer.eat(b';') {
            lexer.skip_cfws();
            let mut ahead = lexer.clone();
            if read == 0 && keyword(&mut ahead).eq_ignore_ascii_case("none") {
                ahead.skip_cfws();
                if ahead.at_end() {
                    return Ok(AuthenticationResults { authserv_id, results });
                }
            }
            let syntax = AuthenticationResultsError::Syntax { after: read };
            results.extend(method_result(&mut lexer).ok_or(syntax)?);
            read += 1;
        }
        if !lexer.at_end() || read == 0 {
            return Err(AuthenticationResultsError::Syntax { after: read });
        }
        Ok(AuthenticationResults { authserv_id, results })
    }
}

/// The authserv-id, and the version after it, which must be 1.
fn authserv_id(lexer: &mut Lexer<'_>) -> Result<String, AuthenticationResultsError> {
    lexer.skip_cfws();
    let id = value(lexer);
    if id.is_empty() {
        return Err(AuthenticationResultsError::NoAuthservId);
    }
    lexer.skip_cfws();
    let version = lexer.take_while(|octet| octet.is_ascii_digit());
    lexer.skip_cfws();
    match version {
        b"" | b"1" => Ok(id),
        _ => Err(AuthenticationResultsError::Version),
    }
}

/// One `resinfo` up to its semicolon. The inner `None`: one that is left out.
fn method_result(lexer: &mut Lexer<'_>) -> Option<Option<MethodResult>> {
    let method = keyword(lexer);
    lexer.skip_cfws();
    let mut known = !method.is_empty();
    if lexer.eat(b'/') {
        lexer.skip_cfws();
        known &= lexer.take_while(|octet| octet.is_ascii_digit()) == b"1";
        lexer.skip_cfws();
    }
    if method.is_empty() || !lexer.eat(b'=') {
        return None;
    }
    lexer.skip_cfws();
    let word = keyword(lexer);
    lexer.take_comment();
    lexer.skip_cfws();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let mut found = MethodResult::new(method, word.parse().unwrap_or(AuthResult::None));
    known &= word.parse::<AuthResult>().is_ok();
    found.comment = lexer.take_comment().map(text);
    while !matches!(lexer.peek(), None | Some(b';')) {
        let name = keyword(lexer);
        lexer.skip_cfws();
        let property = lexer.eat(b'.').then(|| {
            lexer.skip_cfws();
            let property = keyword(lexer);
            lexer.skip_cfws();
            property
        });
        if !lexer.eat(b'=') {
            return None;
        }
        lexer.skip_cfws();
        let value = value(lexer);
        lexer.skip_cfws();
        match property {
            Some(property) => found = found.with_property(name, property, value),
            None if name.eq_ignore_ascii_case("reason") => found.reason = Some(value),
            None => return None,
        }
    }
    Some(known.then_some(found))
}

/// A `Keyword` of RFC 5321 §4.1.2, with underscores, which some servers write.
fn keyword(lexer: &mut Lexer<'_>) -> String {
    let belongs = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    String::from_utf8_lossy(lexer.take_while(belongs)).into_owned()
}

/// A quoted string, or everything up to white space, a comment or a semicolon: servers do not
/// quote all that they should.
fn value(lexer: &mut Lexer<'_>) -> String {
    let mut value = Vec::new();
    if lexer.peek() == Some(b'"') {
        value = lexer.quoted_string();
    }
    let belongs = |octet: u8| octet > b' ' && !matches!(octet, b';' | b'(' | 0x7f);
    value.extend_from_slice(lexer.take_while(belongs));
    String::from_utf8_lossy(&value).into_owned()
}

/// `message` without the fields that claim to be ours (§5): whose authserv-id `is_own`, or which
/// are of a version that no one here understands.
///
/// For a message from outside the trust boundary. The same slice, uncopied, where there is no
/// such field.
pub fn strip_forged(message: &Bytes, is_own: impl Fn(&str) -> bool) -> Bytes {
    let is_forged = |field: &Field<'_>| {
        field.is(FIELD_NAME)
            && match authserv_id(&mut Lexer::new(field.raw_value())) {
                Ok(id) => is_own(&id),
                Err(AuthenticationResultsError::NoAuthservId) => false,
                Err(_) => true,
            }
    };
    without_fields(message, is_forged)
}

/// The name of the field.
/// The name of the field (RFC 8601 §2.2).
pub(crate) const FIELD_NAME: &str = "Authentication-Results";

/// Where lines are folded, a tab counted as eight.
const LINE_LENGTH: usize = 78;

#[cfg(test)]
mod tests;
