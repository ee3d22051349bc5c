//! The `DKIM-Signature` field: its tags, read and written.
//!
//! Follows RFC 6376 §3.5 and the checks of §6.1.1 that need nothing but the field. What a
//! signature is worth is found out by [`super::Verifier`].

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::engine::UnixTime;

use super::super::dns::Name;
use super::algorithm::Algorithm;
use super::canonical::Canonicalizations;
use super::quoted_printable;
use super::tag_list::{TagList, TagListError, trim, without_fws};

/// What a `DKIM-Signature` field says. `Display` writes its value, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// `a=`: how the signature was made.
    pub algorithm: Algorithm,
    /// `b=`: the signature.
    pub signature: Vec<u8>,
    /// `bh=`: the hash of the body.
    pub body_hash: Vec<u8>,
    /// `c=`.
    pub canonicalizations: Canonicalizations,
    /// `d=`: the domain that answers for the message (SDID).
    pub domain: Name,
    /// `h=`: the names of the signed fields; one that is repeated means the next field up.
    pub headers: Vec<String>,
    /// `i=`: on whose behalf, in the domain or below it (AUID).
    pub identity: Option<Identity>,
    /// `l=`: how many octets of the canonical body are signed; all of it where there is none.
    pub body_length: Option<u64>,
    /// `s=`: which key of the domain, perhaps of several labels.
    pub selector: Name,
    /// `t=`: when it was signed.
    pub signed_at: Option<UnixTime>,
    /// `x=`: from when on the signature is void.
    pub expires_at: Option<UnixTime>,
    /// `z=`: fields as they were when signed, for people who look for what broke a signature.
    pub copied_fields: Vec<CopiedField>,
}

/// The value of `i=`: an address whose local part may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What stands before the `@`, decoded; perhaps nothing.
    pub local_part: Vec<u8>,
    /// What stands after it.
    pub domain: Name,
}

/// `local-part@domain`, the local part in DKIM-Quoted-Printable.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local_part = quoted_printable::encode(&self.local_part, b"");
        write!(f, "{local_part}@{}", domain_text(&self.domain))
    }
}

/// One field of `z=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedField {
    /// The name.
    pub name: String,
    /// The value as it was, decoded.
    pub value: Vec<u8>,
}

/// Why a field is no signature that can be verified (RFC 6376 §6.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureError {
    /// The field is no tag list.
    TagList(TagListError),
    /// A tag's value breaks its grammar.
    Syntax {
        /// The tag.
        tag: &'static str,
    },
    /// A tag that must be there is not.
    MissingTag {
        /// The tag.
        tag: &'static str,
    },
    /// `v=` is not 1.
    IncompatibleVersion,
    /// `a=` is none that is known, or `rsa-sha1` (RFC 8301 §3.1).
    UnsupportedAlgorithm {
        /// What it says.
        algorithm: String,
    },
    /// `c=` is none that is known.
    UnsupportedCanonicalization,
    /// `q=` has no `dns/txt` in it.
    UnsupportedQueryMethod,
    /// The domain of `i=` is not `d=` nor below it.
    DomainMismatch,
    /// `h=` does not name `From`.
    FromNotSigned,
    /// `x=` is not after `t=`.
    ExpiresBeforeSigned,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignatureError::TagList(error) => write!(f, "signature syntax error: {error}"),
            SignatureError::Syntax { tag } => write!(f, "signature syntax error: {tag}="),
            SignatureError::MissingTag { tag } => {
                write!(f, "signature missing required tag {tag}=")
            }
            SignatureError::IncompatibleVersion => f.write_str("incompatible version"),
            SignatureError::UnsupportedAlgorithm { algorithm } => {
                write!(f, "unsupported algorithm {algorithm}")
            }
            SignatureError::UnsupportedCanonicalization => {
                f.write_str("unsupported canonicalization")
            }
            SignatureError::UnsupportedQueryMethod => f.write_str("unsupported query method"),
            SignatureError::DomainMismatch => f.write_str("domain mismatch"),
            SignatureError::FromNotSigned => f.write_str("From field not signed"),
            SignatureError::ExpiresBeforeSigned => f.write_str("expires before it was signed"),
        }
    }
}

impl std::error::Error for SignatureError {}

impl From<TagListError> for SignatureError {
    fn from(error: TagListError) -> Self {
        SignatureError::TagList(error)
    }
}

impl Signature {
    /// Reads the tags of a field. Unknown tags are ignored.
    pub fn from_tags(tags: &TagList<'_>) -> Result<Self, SignatureError> {
        for tag in REQUIRED {
            if tags.tag(tag).is_none() {
                return Err(SignatureError::MissingTag { tag });
            }
        }
        let value = |tag| tags.value(tag).unwrap_or_default();
        if value("v") != b"1" {
            return Err(SignatureError::IncompatibleVersion);
        }
        let domain = domain(value("d")).ok_or(SignatureError::Syntax { tag: "d" })?;
        let identity = identity(tags)?;
        if identity.as_ref().is_some_and(|identity| !identity.domain.is_subdomain_of(&domain)) {
            return Err(SignatureError::DomainMismatch);
        }
        let headers = headers(value("h")).ok_or(SignatureError::Syntax { tag: "h" })?;
        if !headers.iter().any(|name| name.eq_ignore_ascii_case("from")) {
            return Err(SignatureError::FromNotSigned);
        }
        let (signed_at, expires_at) = (time(tags, "t")?, time(tags, "x")?);
        if signed_at.zip(expires_at).is_some_and(|(signed, expires)| expires <= signed) {
            return Err(SignatureError::ExpiresBeforeSigned);
        }
        if tags.value("q").is_some_and(|methods| !asks_dns(methods)) {
            return Err(SignatureError::UnsupportedQueryMethod);
        }
        let signature = Signature {
            algorithm: algorithm(value("a"))?,
            signature: base64(value("b")).ok_or(SignatureError::Syntax { tag: "b" })?,
            body_hash: base64(value("bh")).ok_or(SignatureError::Syntax { tag: "bh" })?,
            canonicalizations: canonicalizations(tags.value("c"))?,
            domain,
            headers,
            identity,
            body_length: body_length(tags)?,
            selector: self::domain(value("s")).ok_or(SignatureError::Syntax { tag: "s" })?,
            signed_at,
            expires_at,
            copied_fields: copied_fields(tags)?,
        };
        Ok(signature)
    }

    /// Reads the value of a field.
    pub fn parse(value: &[u8]) -> Result<Self, SignatureError> {
        Signature::from_tags(&TagList::parse(value)?)
    }

    /// Where the key is found: `selector._domainkey.domain` (RFC 6376 §3.6.2.1). `None` where
    /// that would be too long for a name.
    pub fn key_name(&self) -> Option<Name> {
        key_name(&self.selector, &self.domain)
    }

    /// On whose behalf, where `i=` is left out too: then nobody of the domain in particular.
    pub fn agent(&self) -> Identity {
        let nobody = || Identity { local_part: Vec::new(), domain: self.domain.clone() };
        self.identity.clone().unwrap_or_else(nobody)
    }
}

/// `selector._domainkey.domain`, if that is a name.
pub(super) fn key_name(selector: &Name, domain: &Name) -> Option<Name> {
    let labels = selector.labels().chain([&b"_domainkey"[..]]).chain(domain.labels());
    Name::from_labels(labels).ok()
}

/// A `domain-name` or selector: labels of letters, digits, hyphens and underscores, or octets
/// above 127 (RFC 8616 §4).
pub(super) fn domain(value: &[u8]) -> Option<Name> {
    let belongs = |&octet: &u8| {
        octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_') || !octet.is_ascii()
    };
    let mut labels = value.split(|&octet| octet == b'.');
    if !labels.all(|label| !label.is_empty() && label.iter().all(belongs)) {
        return None;
    }
    Name::from_labels(value.split(|&octet| octet == b'.')).ok()
}

/// A domain as a tag has it: without a final dot and without escapes.
pub(super) fn domain_text(name: &Name) -> String {
    let labels: Vec<_> = name.labels().map(String::from_utf8_lossy).collect();
    labels.join(".")
}

fn algorithm(value: &[u8]) -> Result<Algorithm, SignatureError> {
    let name = String::from_utf8_lossy(value);
    name.parse().map_err(|_| SignatureError::UnsupportedAlgorithm { algorithm: name.into_owned() })
}

fn canonicalizations(value: Option<&[u8]>) -> Result<Canonicalizations, SignatureError> {
    let Some(value) = value else { return Ok(Canonicalizations::default()) };
    let known = str::from_utf8(value).ok().and_then(|value| value.parse().ok());
    known.ok_or(SignatureError::UnsupportedCanonicalization)
}

/// Base64 with folding white space anywhere; something at least.
pub(super) fn base64(value: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(without_fws(value)).ok().filter(|octets| !octets.is_empty())
}

fn headers(value: &[u8]) -> Option<Vec<String>> {
    // An `ftext` is printable and no colon (RFC 5322 §3.6.8); white space inside is none.
    let name = |name: &[u8]| match trim(name) {
        name if !name.is_empty() && name.iter().all(u8::is_ascii_graphic) => {
            String::from_utf8(name.to_vec()).ok()
        }
        _ => None,
    };
    value.split(|&octet| octet == b':').map(name).collect()
}

fn identity(tags: &TagList<'_>) -> Result<Option<Identity>, SignatureError> {
    let Some(value) = tags.value("i") else { return Ok(None) };
    let read = || {
        let value = quoted_printable::decode(value)?;
        let at = value.iter().rposition(|&octet| octet == b'@')?;
        Some(Identity { local_part: value[..at].to_vec(), domain: domain(&value[at + 1..])? })
    };
    read().map(Some).ok_or(SignatureError::Syntax { tag: "i" })
}

fn asks_dns(methods: &[u8]) -> bool {
    methods
        .split(|&octet| octet == b':')
        .any(|method| trim(method).eq_ignore_ascii_case(b"dns/txt"))
}

/// Digits alone, at most `most` of them; what does not fit is the largest number.
fn number(value: &[u8], most: usize) -> Option<u64> {
    let digits = str::from_utf8(value).ok()?;
    let fits = (1..=most).contains(&digits.len());
    if !fits || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

fn time(tags: &TagList<'_>, tag: &'static str) -> Result<Option<UnixTime>, SignatureError> {
    let Some(value) = tags.value(tag) else { return Ok(None) };
    let secs = number(value, 12).ok_or(SignatureError::Syntax { tag })?;
    Ok(Some(UnixTime(i64::try_from(secs).expect("twelve digits fit"))))
}

fn body_length(tags: &TagList<'_>) -> Result<Option<u64>, SignatureError> {
    let Some(value) = tags.value("l") else { return Ok(None) };
    number(value, 76).map(Some).ok_or(SignatureError::Syntax { tag: "l" })
}

fn copied_fields(tags: &TagList<'_>) -> Result<Vec<CopiedField>, SignatureError> {
    let Some(value) = tags.value("z") else { return Ok(Vec::new()) };
    let read = |field: &[u8]| {
        let colon = field.iter().position(|&octet| octet == b':')?;
        let name = String::from_utf8(quoted_printable::decode(&field[..colon])?).ok()?;
        Some(CopiedField { name, value: quoted_printable::decode(&field[colon + 1..])? })
    };
    let fields: Option<Vec<CopiedField>> = value.split(|&octet| octet == b'|').map(read).collect();
    fields.ok_or(SignatureError::Syntax { tag: "z" })
}

/// The value of the field, without a line end after it. `b=` comes last, so that a signer can
/// write the rest first.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Lines { f, column: "DKIM-Signature:".len() };
        lines.tag("v=1;")?;
        lines.tag(&format!("a={};", self.algorithm))?;
        lines.tag(&format!("c={};", self.canonicalizations))?;
        lines.tag(&format!("d={};", domain_text(&self.domain)))?;
        lines.tag(&format!("s={};", domain_text(&self.selector)))?;
        if let Some(identity) = &self.identity {
            lines.tag(&format!("i={identity};"))?;
        }
        if let Some(UnixTime(secs)) = self.signed_at {
            lines.tag(&format!("t={secs};"))?;
        }
        if let Some(UnixTime(secs)) = self.expires_at {
            lines.tag(&format!("x={secs};"))?;
        }
        if let Some(octets) = self.body_length {
            lines.tag(&format!("l={octets};"))?;
        }
        lines.list("h=", ':', self.headers.iter().cloned())?;
        if !self.copied_fields.is_empty() {
            lines.list("z=", '|', self.copied_fields.iter().map(CopiedField::to_string))?;
        }
        lines.tag(&format!("bh={};", BASE64.encode(&self.body_hash)))?;
        lines.break_line()?;
        lines.piece("b=")?;
        let signature = BASE64.encode(&self.signature);
        for (index, line) in signature.as_bytes().chunks(64).enumerate() {
            if index > 0 {
                lines.break_line()?;
            }
            lines.piece(str::from_utf8(line).expect("base64 is ASCII"))?;
        }
        Ok(())
    }
}

impl fmt::Display for CopiedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = quoted_printable::encode(self.name.as_bytes(), b"|:");
        write!(f, "{name}:{}", quoted_printable::encode(&self.value, b"|"))
    }
}

/// Writes pieces, with a fold before each that would pass the column.
struct Lines<'f, 'a> {
    f: &'f mut fmt::Formatter<'a>,
    column: usize,
}

impl Lines<'_, '_> {
    fn tag(&mut self, tag: &str) -> fmt::Result {
        if self.column + 1 + tag.len() > LINE_LENGTH {
            self.break_line()?;
        } else {
            self.piece(" ")?;
        }
        self.piece(tag)
    }

    /// Items with `separator` between them, the whole closed by a semicolon.
    fn list(
        &mut self,
        tag: &str,
        separator: char,
        items: impl Iterator<Item = String>,
    ) -> fmt::Result {
        let mut items = items.peekable();
        let mut first = true;
        while let Some(mut item) = items.next() {
            item.push(if items.peek().is_some() { separator } else { ';' });
            if first {
                self.tag(&format!("{tag}{item}"))?;
            } else {
                if self.column + item.len() > LINE_LENGTH {
                    self.break_line()?;
                }
                self.piece(&item)?;
            }
            first = false;
        }
        Ok(())
    }

    fn piece(&mut self, piece: &str) -> fmt::Result {
        self.column += piece.len();
        self.f.write_str(piece)
    }

    fn break_line(&mut self) -> fmt::Result {
        self.column = 1;
        self.f.write_str("\r\n\t")
    }
}

/// Tags that every signature has (RFC 6376 §3.5).
const REQUIRED: [&str; 7] = ["v", "a", "b", "bh", "d", "h", "s"];

/// Where the field is folded.
const LINE_LENGTH: usize = 76;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str =
        "v=1; a=rsa-sha256; d=example.com; s=a.b; h=From:To; bh=MTIz; b=\r\n YW\r\n\tJj ;";

    fn refused(from: &str, to: &str, wanted: &str) {
        assert!(GOOD.contains(from), "{from}");
        let error = Signature::parse(GOOD.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), wanted, "{to}");
    }

    #[test]
    fn tags_that_are_left_out_have_their_defaults() {
        let signature = Signature::parse(GOOD.as_bytes()).unwrap();
        assert_eq!(signature.canonicalizations.to_string(), "simple/simple");
        assert_eq!(signature.signature, b"abc");
        assert_eq!(signature.headers, ["From", "To"]);
        assert_eq!(signature.key_name().unwrap().to_string(), "a.b._domainkey.example.com.");
        assert_eq!(signature.agent().to_string(), "@example.com");
    }

    #[test]
    fn each_check_of_section_6_1_1() {
        refused("v=1; ", "", "signature missing required tag v=");
        refused("v=1", "v=2", "incompatible version");
        refused("b=\r\n YW\r\n\tJj", "x=1", "signature missing required tag b=");
        refused("YW", "Y*", "signature syntax error: b=");
        refused("bh=MTIz", "bh=", "signature syntax error: bh=");
        refused("d=example.com", "d=example..com", "signature syntax error: d=");
        refused("s=a.b", "s=a b", "signature syntax error: s=");
        refused("h=From:To", "h=From::To", "signature syntax error: h=");
        refused("h=From:To", "h=To", "From field not signed");
        refused("rsa-sha256", "rsa-sha1", "unsupported algorithm rsa-sha1");
        refused("v=1;", "v=1; c=nowsp;", "unsupported canonicalization");
        refused("v=1;", "v=1; q=http/get;", "unsupported query method");
        refused("v=1;", "v=1; i=@example.org;", "domain mismatch");
        refused("v=1;", "v=1; i=@badexample.com;", "domain mismatch");
        refused("v=1;", "v=1; i=nobody;", "signature syntax error: i=");
        refused("v=1;", "v=1; t=1a;", "signature syntax error: t=");
        refused("v=1;", "v=1; t=1234567890123;", "signature syntax error: t=");
        refused("v=1;", "v=1; l=-1;", "signature syntax error: l=");
        refused("v=1;", "v=1; t=7; x=7;", "expires before it was signed");
        refused("v=1;", "v=1; z=From;", "signature syntax error: z=");
        refused("v=1;", "v=1; v=1;", "signature syntax error: v= twice");
    }

    #[test]
    fn further_methods_unknown_tags_and_subdomains_do_no_harm() {
        for more in
            ["q=x : DNS/txt", "zz=1", "i=a=40b@sub.EXAMPLE.com", "l=99999999999999999999999"]
        {
            Signature::parse(GOOD.replacen("v=1;", &format!("v=1; {more};"), 1).as_bytes())
                .unwrap_or_else(|error| panic!("{more}: {error}"));
        }
    }

    #[test]
    fn a_signature_is_written_in_short_lines() {
        let mut signature = Signature::parse(GOOD.as_bytes()).unwrap();
        signature.identity = Some(Identity {
            local_part: b"a;b".to_vec(),
            domain: "x.example.com".parse().unwrap(),
        });
        signature.headers = ["From", "To", "Subject", "Date", "Message-ID", "From", "Cc"]
            .iter()
            .map(|&name| name.to_owned())
            .collect();
        signature.signature = vec![7; 64];
        signature.signed_at = Some(UnixTime(1_767_603_600));
        signature.expires_at = Some(UnixTime(1_767_603_700));
        signature.body_length = Some(10);
        signature.copied_fields =
            vec![CopiedField { name: "From".into(), value: b"a|b: <c@d>".to_vec() }];
        let text = signature.to_string();
        let wanted = [
            " v=1; a=rsa-sha256; c=simple/simple; d=example.com; s=a.b;",
            "i=a=3Bb@x.example.com; t=1767603600; x=1767603700; l=10; h=From:To:Subject:",
            "Date:Message-ID:From:Cc; z=From:a=7Cb:=20<c@d>; bh=MTIz;",
            "b=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH",
            "BwcHBwcHBwcHBwcHBwcHBw==",
        ];
        assert_eq!(text.split("\r\n\t").collect::<Vec<_>>(), wanted);
        assert_eq!(Signature::parse(text.as_bytes()), Ok(signature));
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut field = GOOD.as_bytes().to_vec();
            field.extend_from_slice(&octets);
            let _ = Signature::parse(&field);
        }

        #[test]
        fn no_values_are_too_strange(
            tag in prop::sample::select(vec!["a", "b", "c", "d", "h", "i", "l", "q", "s", "t", "x", "z"]),
            value in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let field = [b"v=1; bh=MTIz; ", tag.as_bytes(), b"=", &value, b";a=b;"].concat();
            let _ = Signature::parse(&field);
        }
    }
}
