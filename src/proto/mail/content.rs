//! The values of `Content-Type` and `Content-Disposition`: a word and its parameters.
//!
//! Follows RFC 2045 §5.1, RFC 2183 and RFC 2231. The parameters are kept as they are written,
//! since IMAP shows them so; [`Parameters::get`] puts continued and encoded ones together.

use std::borrow::Cow;

use super::charset::charset_text;
use super::decode::percent_decode;
use super::lex::{Lexer, is_white_space};

/// A media type with its parameters. Compares without case, keeps the case it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType {
    /// The top-level type: `text`, `multipart`.
    pub kind: Cow<'static, str>,
    /// The subtype: `plain`, `mixed`.
    pub subtype: Cow<'static, str>,
    /// The parameters in their order.
    pub parameters: Parameters,
}

impl ContentType {
    /// Reads the value of a `Content-Type` field; `None` where it breaks the syntax before the
    /// parameters. Broken parameters are left out.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut lexer = Lexer::new(value);
        lexer.skip_cfws();
        let kind = lexer.token();
        lexer.skip_cfws();
        let slash = lexer.eat(b'/');
        lexer.skip_cfws();
        let subtype = lexer.token();
        if kind.is_empty() || !slash || subtype.is_empty() {
            return None;
        }
        let (kind, subtype) = (token_text(kind), token_text(subtype));
        Some(ContentType { kind, subtype, parameters: Parameters::parse(&mut lexer) })
    }

    /// A media type without parameters.
    pub fn new(kind: &'static str, subtype: &'static str) -> Self {
        let (kind, subtype) = (Cow::Borrowed(kind), Cow::Borrowed(subtype));
        ContentType { kind, subtype, parameters: Parameters::default() }
    }

    /// `text/plain`: what a part is that does not say, or not in valid syntax (RFC 2045 §5.2). Its
    /// character set is US-ASCII, as that of any text that does not say.
    pub fn plain_text() -> Self {
        Self::new("text", "plain")
    }

    /// Whether this is the media type, whatever its case.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.is_kind(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    /// Whether this is the top-level type, whatever its case.
    pub fn is_kind(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }
}

/// How a part wants to be shown (RFC 2183).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disposition {
    /// `inline`, `attachment` or another word.
    pub kind: Cow<'static, str>,
    /// The parameters in their order.
    pub parameters: Parameters,
}

impl Disposition {
    /// Reads the value of a `Content-Disposition` field; `None` where it starts with no word.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut lexer = Lexer::new(value);
        lexer.skip_cfws();
        let kind = lexer.token();
        let kind = (!kind.is_empty()).then(|| token_text(kind))?;
        Some(Disposition { kind, parameters: Parameters::parse(&mut lexer) })
    }
}

/// One parameter as it is written, without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The attribute, with any `*0*` of RFC 2231.
    pub name: Cow<'static, str>,
    /// The value, with any percent encoding of RFC 2231.
    pub value: Vec<u8>,
}

/// The parameters of a field, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters(pub Vec<Parameter>);

impl Parameters {
    /// Reads `; name=value` until nothing is left. An unquoted value may hold what ought to be
    /// quoted, such as the `=` and `/` in the boundaries that real mail is full of. Ends after
    /// [`MAX_PARAMETERS`], so that joining continuations costs little.
    fn parse(lexer: &mut Lexer<'_>) -> Self {
        let mut parameters = Vec::new();
        loop {
            if parameters.len() >= MAX_PARAMETERS {
                return Parameters(parameters);
            }
            lexer.take_while(|octet| octet != b';' && octet != b'(' && octet != b'"');
            match lexer.peek() {
                None => return Parameters(parameters),
                Some(b'(') => _ = lexer.skip_cfws(),
                Some(b'"') => _ = lexer.quoted_string(),
                Some(_) => {
                    lexer.bump();
                    parameters.extend(parameter(lexer));
                }
            }
        }
    }

    /// The value of the parameter of that name, whatever its case, with the continuations of
    /// RFC 2231 §3 joined and its character set decoded.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let plain = self.0.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name));
        if let Some(plain) = plain {
            return Some(String::from_utf8_lossy(&plain.value));
        }
        if let Some(encoded) = self.find(name, "*") {
            let (charset, text) = split_charset(&encoded.value);
            return Some(charset_text(charset, &percent_decode(text)).into_owned().into());
        }
        self.join_continuations(name).map(Cow::Owned)
    }

    /// The `boundary` of a multipart, as the lines of its body have it; `None` where there is none.
    pub(super) fn boundary(&self) -> Option<Vec<u8>> {
        let plain = self.0.iter().find(|found| found.name.eq_ignore_ascii_case("boundary"));
        // No boundary ends in white space (RFC 2046 §5.1.1).
        let boundary = match plain {
            Some(plain) => plain.value.trim_ascii_end().to_vec(),
            None => self.get("boundary")?.trim_ascii_end().as_bytes().to_vec(),
        };
        (!boundary.is_empty()).then_some(boundary)
    }

    /// The parameters with the continuations of RFC 2231 §3 joined, as §6 asks of IMAP servers, and
    /// their percent encoding kept: `name*0*` and `name*1` become one `name*`. Joined ones come
    /// last, by name; those of which sections are missing stay as they are.
    pub fn joined(&self) -> Cow<'_, [Parameter]> {
        if self.0.iter().all(|parameter| Section::of(parameter).is_none()) {
            return Cow::Borrowed(&self.0);
        }
        let (mut sections, mut joined) = (Vec::new(), Vec::new());
        for parameter in &self.0 {
            match Section::of(parameter) {
                Some(section) => sections.push(section),
                None => joined.push(parameter.clone()),
            }
        }
        sections.sort_by_cached_key(|section| (section.name.to_ascii_lowercase(), section.number));
        for of_one in sections.chunk_by(|a, b| a.name.eq_ignore_ascii_case(b.name)) {
            if (0..).zip(of_one).all(|(number, section)| section.number == number) {
                joined.push(Section::join(of_one));
            } else {
                joined.extend(of_one.iter().map(|section| section.parameter.clone()));
            }
        }
        Cow::Owned(joined)
    }

    /// Joins `name*0`, `name*1*` and so on; the first names the character set of all.
    fn join_continuations(&self, name: &str) -> Option<String> {
        let mut octets = Vec::new();
        let mut charset: &[u8] = b"utf-8";
        for section in 0..self.0.len() {
            if let Some(encoded) = self.find(name, &format!("*{section}*")) {
                let mut text = encoded.value.as_slice();
                if section == 0 {
                    (charset, text) = split_charset(text);
                }
                octets.extend(percent_decode(text));
            } else if let Some(plain) = self.find(name, &format!("*{section}")) {
                octets.extend_from_slice(&plain.value);
            } else {
                break;
            }
        }
        (!octets.is_empty()).then(|| charset_text(charset, &octets).into_owned())
    }

    fn find(&self, name: &str, suffix: &str) -> Option<&Parameter> {
        self.0.iter().find(|parameter| {
            let split = parameter.name.split_at_checked(name.len());
            split.is_some_and(|(base, rest)| base.eq_ignore_ascii_case(name) && rest == suffix)
        })
    }
}

/// A parameter of RFC 2231: `name*`, `name*1` or `name*1*`.
struct Section<'p> {
    parameter: &'p Parameter,
    name: &'p str,
    number: u32,
    is_encoded: bool,
}

impl<'p> Section<'p> {
    fn of(parameter: &'p Parameter) -> Option<Self> {
        let (name, rest) = parameter.name.split_once('*')?;
        let section = |number, is_encoded| Section { parameter, name, number, is_encoded };
        if rest.is_empty() {
            return Some(section(0, true));
        }
        let (digits, is_encoded) = match rest.strip_suffix('*') {
            Some(digits) => (digits, true),
            None => (rest, false),
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
        Some(section(digits.parse().ok().filter(|_| is_number)?, is_encoded))
    }

    /// The sections of one parameter, of which none is missing.
    fn join(sections: &[Section<'_>]) -> Parameter {
        let is_encoded = sections.iter().any(|section| section.is_encoded);
        let mut value = Vec::new();
        if is_encoded && !sections[0].is_encoded {
            value.extend_from_slice(b"''");
        }
        for section in sections {
            if is_encoded && !section.is_encoded {
                for octet in &section.parameter.value {
                    match octet {
                        b'%' => value.extend_from_slice(b"%25"),
                        octet => value.push(*octet),
                    }
                }
            } else {
                value.extend_from_slice(&section.parameter.value);
            }
        }
        let name = format!("{}{}", sections[0].name, if is_encoded { "*" } else { "" });
        Parameter { name: name.into(), value }
    }
}

fn parameter(lexer: &mut Lexer<'_>) -> Option<Parameter> {
    lexer.skip_cfws();
    let name = lexer.token();
    lexer.skip_cfws();
    if name.is_empty() || !lexer.eat(b'=') {
        return None;
    }
    lexer.skip_cfws();
    let value = match lexer.peek() {
        Some(b'"') => lexer.quoted_string(),
        _ => lexer
            .take_while(|octet| !is_white_space(octet) && !matches!(octet, b';' | b'(' | b'"'))
            .to_vec(),
    };
    Some(Parameter { name: token_text(name), value })
}

/// Splits `charset'language'text` (RFC 2231 §4); UTF-8 where the quotes are missing.
fn split_charset(value: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = value.splitn(3, |&octet| octet == b'\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(charset), Some(_language), Some(text)) => (charset, text),
        _ => (b"utf-8", value),
    }
}

/// A token, which is ASCII, as text. Those of which mail is full take no memory.
pub(super) fn token_text(token: &[u8]) -> Cow<'static, str> {
    Cow::Borrowed(match token {
        b"text" => "text",
        b"plain" => "plain",
        b"html" => "html",
        b"multipart" => "multipart",
        b"mixed" => "mixed",
        b"alternative" => "alternative",
        b"related" => "related",
        b"message" => "message",
        b"rfc822" => "rfc822",
        b"application" => "application",
        b"octet-stream" => "octet-stream",
        b"pdf" => "pdf",
        b"image" => "image",
        b"png" => "png",
        b"jpeg" => "jpeg",
        b"charset" => "charset",
        b"boundary" => "boundary",
        b"name" => "name",
        b"filename" => "filename",
        b"attachment" => "attachment",
        b"inline" => "inline",
        b"7bit" => "7bit",
        b"8bit" => "8bit",
        b"base64" => "base64",
        b"quoted-printable" => "quoted-printable",
        _ => return Cow::Owned(String::from_utf8_lossy(token).into_owned()),
    })
}

/// How many parameters of a field are read.
const MAX_PARAMETERS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(value: &str, kind: &str, parameters: &[(&str, &str)]) {
        let found = ContentType::parse(value.as_bytes()).unwrap();
        assert_eq!(format!("{}/{}", found.kind, found.subtype), kind);
        for (name, value) in parameters {
            assert_eq!(found.parameters.get(name).as_deref(), Some(*value), "{name}");
        }
    }

    #[test]
    fn the_equivalent_forms_of_rfc_2045() {
        check(
            "text/plain; charset=us-ascii (Plain text)",
            "text/plain",
            &[("charset", "us-ascii")],
        );
        check("text/plain; charset=\"us-ascii\"", "text/plain", &[("Charset", "us-ascii")]);
    }

    #[test]
    fn the_parameters_of_rfc_2231() {
        check(
            "message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
            "message/external-body",
            &[("url", "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar")],
        );
        check(
            "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
            "application/x-stuff",
            &[("title", "This is ***fun***")],
        );
        check(
            "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
            "application/x-stuff",
            &[("title", "This is even more ***fun*** isn't it!")],
        );
    }

    #[test]
    fn continuations_are_joined_and_stay_encoded() {
        for (value, wanted) in [
            ("a=1; b=2", "a=1 b=2"),
            ("t*=utf-8''%e2%82%ac; a=1", "a=1 t*=utf-8''%e2%82%ac"),
            ("URL*0=\"ftp://\"; URL*1=\"a/b\"; c=d", "c=d URL=ftp://a/b"),
            ("t*1*=%2A; t*0*=us-ascii'en'x; t*2=\"50%\"", "t*=us-ascii'en'x%2A50%25"),
            ("t*0=x; t*1*=%41", "t*=''x%41"),
            ("t*0=a; t*2=b", "t*0=a t*2=b"),
            ("t*x=a; t*0*1=b", "t*x=a t*0*1=b"),
        ] {
            let found = ContentType::parse(format!("a/b; {value}").as_bytes()).unwrap();
            let joined: Vec<String> = (found.parameters.joined().iter())
                .map(|one| format!("{}={}", one.name, String::from_utf8_lossy(&one.value)))
                .collect();
            assert_eq!(joined.join(" "), wanted, "{value}");
        }
    }

    #[test]
    fn boundaries_that_ought_to_be_quoted_are_read() {
        check(
            "Multipart/Mixed;boundary=----=_Part_1/2; junk; x=y;;",
            "Multipart/Mixed",
            &[("boundary", "----=_Part_1/2"), ("x", "y")],
        );
        check("a/b; q=\"un;closed", "a/b", &[("q", "un;closed")]);
    }

    #[test]
    fn parameters_are_bounded() {
        let many: String = (0..10_000).map(|number| format!("; a*{number}=x")).collect();
        let found = ContentType::parse(format!("a/b{many}").as_bytes()).unwrap();
        assert_eq!(found.parameters.get("a").unwrap().len(), MAX_PARAMETERS);
    }

    #[test]
    fn broken_types_are_none() {
        for value in ["", "text", "text/", "/plain", "text plain", ";"] {
            assert_eq!(ContentType::parse(value.as_bytes()), None, "{value}");
        }
        assert_eq!(Disposition::parse(b" ; x=y"), None);
    }

    #[test]
    fn a_disposition_has_a_file_name() {
        let found = Disposition::parse(b"attachment; filename*=UTF-8''%e2%82%ac%20rates").unwrap();
        assert_eq!(found.kind, "attachment");
        assert_eq!(found.parameters.get("filename").as_deref(), Some("€ rates"));
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(
            octets in prop::collection::vec(prop::sample::select(b"a/;=*0'%\"(\\ \xff".to_vec()), 0..60)
        ) {
            let _ = Disposition::parse(&octets).map(|found| found.parameters.get("a").is_some());
            let _ = ContentType::parse(&octets).map(|found| found.parameters.get("a").is_some());
        }
    }
}
