//! Macro strings: text with parts that are filled in for each check (RFC 7208 §7).

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::IpAddr;

use super::request::Request;
use super::syntax::SyntaxProblem;

/// A macro string that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacroString {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Visible characters; in an explanation spaces too.
    Literal(String),
    /// `%%`, `%_` or `%-`, and what it stands for.
    Escape(&'static str),
    Macro(Macro),
}

/// `%{` letter, transformers, delimiters `}`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Macro {
    letter: MacroLetter,
    /// The letter is upper case: the value is escaped as in a URL (§7.3).
    escapes: bool,
    /// How many of the rightmost parts are kept.
    keep: Option<usize>,
    reverse: bool,
    /// None stands for the dot.
    delimiters: String,
}

/// What a macro stands for (RFC 7208 §7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MacroLetter {
    /// `s`: the sender.
    Sender,
    /// `l`: the sender's local part.
    LocalPart,
    /// `o`: the sender's domain.
    SenderDomain,
    /// `d`: the domain whose record is evaluated.
    Domain,
    /// `i`: the client's address, its parts with dots between them.
    Ip,
    /// `p`: a validated name of the client.
    ValidatedName,
    /// `v`: `in-addr` or `ip6`.
    IpVersion,
    /// `h`: the HELO name.
    Helo,
    /// `c`: the client's address as people write it; in explanations alone.
    ClientIp,
    /// `r`: the host that checks; in explanations alone.
    Receiver,
    /// `t`: the time in seconds since 1970; in explanations alone.
    Timestamp,
}

impl MacroLetter {
    fn new(letter: u8) -> Option<Self> {
        Some(match letter.to_ascii_lowercase() {
            b's' => MacroLetter::Sender,
            b'l' => MacroLetter::LocalPart,
            b'o' => MacroLetter::SenderDomain,
            b'd' => MacroLetter::Domain,
            b'i' => MacroLetter::Ip,
            b'p' => MacroLetter::ValidatedName,
            b'v' => MacroLetter::IpVersion,
            b'h' => MacroLetter::Helo,
            b'c' => MacroLetter::ClientIp,
            b'r' => MacroLetter::Receiver,
            b't' => MacroLetter::Timestamp,
            _ => return None,
        })
    }

    fn is_for_explanations(self) -> bool {
        matches!(self, MacroLetter::ClientIp | MacroLetter::Receiver | MacroLetter::Timestamp)
    }
}

/// Where a macro string stands, which decides what may be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a term of a record.
    Term,
    /// In an explanation: spaces, `%{c}`, `%{r}` and `%{t}` too.
    Explanation,
}

/// What the letters stand for at one point of an evaluation.
#[derive(Debug, Clone)]
pub(super) struct Values<'a> {
    pub(super) request: &'a Request,
    /// The domain whose record is evaluated.
    pub(super) domain: &'a str,
    /// The validated name of the client, or `unknown`.
    pub(super) validated_name: String,
}

impl MacroString {
    /// Reads `*( macro-expand / macro-literal )`, in an explanation with spaces.
    pub(super) fn parse(text: &[u8], place: Place) -> Result<Self, SyntaxProblem> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((&octet, tail)) = rest.split_first() {
            rest = tail;
            let part = match octet {
                b'%' => {
                    let (part, tail) = expand_part(rest, place)?;
                    rest = tail;
                    part
                }
                b'!'..=b'~' => {
                    literal.push(char::from(octet));
                    continue;
                }
                b' ' if place == Place::Explanation => {
                    literal.push(' ');
                    continue;
                }
                _ => return Err(SyntaxProblem::Character(octet)),
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(part);
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(MacroString { parts })
    }

    /// The text after the last macro; `None` when the string ends in one.
    pub(super) fn literal_end(&self) -> Option<&str> {
        match self.parts.last() {
            Some(Part::Literal(text)) => Some(text),
            Some(Part::Escape(_) | Part::Macro(_)) => None,
            None => Some(""),
        }
    }

    /// Whether the client's names have to be known before it is expanded.
    pub fn needs_validated_name(&self) -> bool {
        let is_it = |part: &Part| {
            matches!(part, Part::Macro(Macro { letter: MacroLetter::ValidatedName, .. }))
        };
        self.parts.iter().any(is_it)
    }

    /// Fills everything in.
    pub(super) fn expand(&self, values: &Values<'_>) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Escape(meaning) => text.push_str(meaning),
                Part::Macro(it) => it.expand(values, &mut text),
            }
        }
        text
    }
}

/// Reads what follows a `%`.
fn expand_part(text: &[u8], place: Place) -> Result<(Part, &[u8]), SyntaxProblem> {
    match text {
        [b'%', rest @ ..] => Ok((Part::Escape("%"), rest)),
        [b'_', rest @ ..] => Ok((Part::Escape(" "), rest)),
        [b'-', rest @ ..] => Ok((Part::Escape("%20"), rest)),
        [b'{', rest @ ..] => {
            let end = memchr::memchr(b'}', rest).ok_or(SyntaxProblem::Macro)?;
            let it = Macro::parse(&rest[..end], place)?;
            Ok((Part::Macro(it), &rest[end + 1..]))
        }
        _ => Err(SyntaxProblem::Macro),
    }
}

impl Macro {
    /// Reads `macro-letter transformers *delimiter`.
    fn parse(text: &[u8], place: Place) -> Result<Self, SyntaxProblem> {
        let (&first, rest) = text.split_first().ok_or(SyntaxProblem::Macro)?;
        let letter = MacroLetter::new(first).ok_or(SyntaxProblem::Macro)?;
        if letter.is_for_explanations() && place != Place::Explanation {
            return Err(SyntaxProblem::ExplanationMacro);
        }
        let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at(digits);
        let keep = match digits {
            [] => None,
            digits => {
                // No value has more parts than that, however large the number is.
                let add = |sum: usize, digit: &u8| {
                    sum.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
                };
                let keep = digits.iter().fold(0, add);
                // "The value MUST be nonzero" (§7.3).
                Some(if keep > 0 { keep } else { return Err(SyntaxProblem::Macro) })
            }
        };
        let (reverse, delimiters) = match rest {
            [b'r' | b'R', delimiters @ ..] => (true, delimiters),
            delimiters => (false, delimiters),
        };
        if !delimiters.iter().all(|octet| DELIMITERS.contains(octet)) {
            return Err(SyntaxProblem::Macro);
        }
        let delimiters = match delimiters {
            [] => ".".to_owned(),
            some => some.iter().copied().map(char::from).collect(),
        };
        Ok(Macro { letter, escapes: first.is_ascii_uppercase(), keep, reverse, delimiters })
    }

    /// Transforms the value, in the order of §7.3: split, reverse, keep, join.
    fn expand(&self, values: &Values<'_>, to: &mut String) {
        let value = value(self.letter, values);
        let mut parts: Vec<&str> = value.split(|char| self.delimiters.contains(char)).collect();
        if self.reverse {
            parts.reverse();
        }
        let first = self.keep.map_or(0, |keep| parts.len().saturating_sub(keep));
        let joined = parts[first..].join(".");
        if self.escapes { push_url_escaped(&joined, to) } else { to.push_str(&joined) }
    }
}

fn value<'a>(letter: MacroLetter, values: &'a Values<'_>) -> Cow<'a, str> {
    let request = values.request;
    match letter {
        MacroLetter::Sender => request.sender().into(),
        MacroLetter::LocalPart => request.local_part.as_str().into(),
        MacroLetter::SenderDomain => request.domain.as_str().into(),
        MacroLetter::Domain => values.domain.into(),
        MacroLetter::Ip => dotted(request.client).into(),
        MacroLetter::ValidatedName => values.validated_name.as_str().into(),
        MacroLetter::IpVersion => match request.client {
            IpAddr::V4(_) => "in-addr".into(),
            IpAddr::V6(_) => "ip6".into(),
        },
        MacroLetter::Helo => request.helo.as_str().into(),
        MacroLetter::ClientIp => request.client.to_string().into(),
        MacroLetter::Receiver => request.receiver.as_deref().unwrap_or("unknown").into(),
        MacroLetter::Timestamp => request.time.0.to_string().into(),
    }
}

/// The decimal octets of IPv4, the nibbles of IPv6, with dots between them (§7.3).
pub(super) fn dotted(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let digits = format!("{:032x}", u128::from(address));
            digits.chars().map(String::from).collect::<Vec<_>>().join(".")
        }
    }
}

/// Everything but the unreserved characters of RFC 3986 §2.3 is escaped.
fn push_url_escaped(text: &str, to: &mut String) {
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            to.push(char::from(octet));
        } else {
            write!(to, "%{octet:02X}").expect("writing to a string cannot fail");
        }
    }
}

const DELIMITERS: &[u8] = b".-+,/_=";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::UnixTime;

    fn expand_for(client: &str, place: Place, text: &str) -> String {
        let client = client.parse().unwrap();
        let request = Request::mail_from(client, "strong-bad@email.example.com", "mx.example.org")
            .receiver("mx.example.net")
            .at(UnixTime(1_767_603_600));
        let domain = "email.example.com";
        let values = Values { request: &request, domain, validated_name: "mx.example.org".into() };
        MacroString::parse(text.as_bytes(), place).unwrap().expand(&values)
    }

    #[track_caller]
    fn check(text: &str, expansion: &str) {
        assert_eq!(expand_for("192.0.2.3", Place::Term, text), expansion, "{text}");
    }

    #[test]
    fn the_macros_of_rfc_7208_section_7_4() {
        check("%{s}", "strong-bad@email.example.com");
        check("%{o}", "email.example.com");
        check("%{d}", "email.example.com");
        check("%{d4}", "email.example.com");
        check("%{d3}", "email.example.com");
        check("%{d2}", "example.com");
        check("%{d1}", "com");
        check("%{dr}", "com.example.email");
        check("%{d2r}", "example.email");
        check("%{l}", "strong-bad");
        check("%{l-}", "strong.bad");
        check("%{lr}", "strong-bad");
        check("%{lr-}", "bad.strong");
        check("%{l1r-}", "strong");
    }

    #[test]
    fn the_macro_strings_of_rfc_7208_section_7_4() {
        check("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com");
        check("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com");
        check(
            "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}",
            "bad.strong.lp.3.2.0.192.in-addr._spf.example.com",
        );
        check("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com");
        check("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net");
        assert_eq!(
            expand_for("2001:db8::cb01", Place::Term, "%{ir}.%{v}._spf.%{d2}"),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
        );
    }

    #[test]
    fn letters_in_upper_case_escape_and_percent_signs_have_names() {
        check("%{S}", "strong-bad%40email.example.com");
        check("%{D2R}", "example.email");
        check("a%%b%_c%-d", "a%b c%20d");
        check("%{h}/%{p}", "mx.example.org/mx.example.org");
        check("%{s+-@}".replace('@', "/").as_str(), "strong.bad@email.example.com");
        check("%{d99999999999999999999999}", "email.example.com");
    }

    #[test]
    fn explanations_know_more_letters() {
        let expand = |client, text| expand_for(client, Place::Explanation, text);
        assert_eq!(expand("192.0.2.3", "%{c} at %{t} by %{r}"), {
            "192.0.2.3 at 1767603600 by mx.example.net"
        });
        assert_eq!(expand("2001:db8:0::cb01", "%{c}"), "2001:db8::cb01");
        for text in ["%{c}", "%{r}", "%{T}"] {
            let read = MacroString::parse(text.as_bytes(), Place::Term);
            assert_eq!(read, Err(SyntaxProblem::ExplanationMacro), "{text}");
        }
    }

    #[test]
    fn what_is_no_macro() {
        for text in [
            "%", "%a", "%(d)", "%{", "%{}", "%{d", "%{x}", "%{d0}", "%{d00}", "%{drr}", "%{dr2}",
            "%{d.2}", "%{d:}", "%{d }", "%{-d}",
        ] {
            let read = MacroString::parse(text.as_bytes(), Place::Explanation);
            assert_eq!(read, Err(SyntaxProblem::Macro), "{text}");
        }
        for text in ["a b", "a\tb", "\u{e9}", "\u{7f}", "\0"] {
            let read = MacroString::parse(text.as_bytes(), Place::Term);
            assert!(matches!(read, Err(SyntaxProblem::Character(_))), "{text}");
        }
    }
}
