//! The paths of an envelope: from whom and to whom (RFC 5321 §4.1.2).
//!
//! Source routes are read and dropped (§4.1.1.3).
//!
//! Deviation: a path may lack its angle brackets, as in Postfix.

use std::fmt::{self, Write};
use std::str::FromStr;

use super::{AddressError, Mailbox, domain_len, parse_mailbox};

/// Whom failures are reported to: the argument of `MAIL FROM`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReversePath {
    /// `<>`: a message about a message, never to be answered (RFC 5321 §4.5.5).
    Null,
    /// `<local-part@domain>`.
    Mailbox(Mailbox),
}

impl ReversePath {
    /// Parses the path at the start of `text` and gives what follows it.
    ///
    /// # Errors
    ///
    /// Where there is no path, or one with a mistake.
    pub fn split_from(text: &str) -> Result<(Self, &str), AddressError> {
        if let Some(rest) = text.strip_prefix("<>") {
            return Ok((ReversePath::Null, rest));
        }
        let (mailbox, rest) = parse_path(text)?;
        Ok((ReversePath::Mailbox(mailbox), rest))
    }

    /// The mailbox, but for the null path.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            ReversePath::Null => None,
            ReversePath::Mailbox(mailbox) => Some(mailbox),
        }
    }

    /// Whether the path does without SMTPUTF8 (RFC 6531).
    pub fn is_ascii(&self) -> bool {
        self.mailbox().is_none_or(Mailbox::is_ascii)
    }

    /// Whether this is `<>`.
    pub fn is_null(&self) -> bool {
        *self == ReversePath::Null
    }

    /// Writes it as `Display` does.
    pub(in crate::proto::smtp) fn write(&self, out: &mut (impl Write + ?Sized)) -> fmt::Result {
        match self {
            ReversePath::Null => out.write_str("<>"),
            ReversePath::Mailbox(mailbox) => write_path(mailbox, out),
        }
    }
}

/// With angle brackets, as on the wire.
impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl From<Mailbox> for ReversePath {
    fn from(mailbox: Mailbox) -> Self {
        ReversePath::Mailbox(mailbox)
    }
}

/// `<>`, `<a@b>` or `a@b`.
impl FromStr for ReversePath {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        match Self::split_from(text)? {
            (path, "") => Ok(path),
            _ => Err(AddressError::BadPath),
        }
    }
}

/// Whom a message is for: the argument of `RCPT TO`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForwardPath {
    /// `<Postmaster>` without a domain, in any case (RFC 5321 §4.1.1.3).
    Postmaster,
    /// `<local-part@domain>`.
    Mailbox(Mailbox),
}

impl ForwardPath {
    /// Parses the path at the start of `text` and gives what follows it.
    ///
    /// # Errors
    ///
    /// Where there is no path, or one with a mistake; the null path is one.
    pub fn split_from(text: &str) -> Result<(Self, &str), AddressError> {
        const POSTMASTER: &str = "<postmaster>";
        if let Some(head) = text.get(..POSTMASTER.len())
            && head.eq_ignore_ascii_case(POSTMASTER)
        {
            return Ok((ForwardPath::Postmaster, &text[POSTMASTER.len()..]));
        }
        let (mailbox, rest) = parse_path(text)?;
        Ok((ForwardPath::Mailbox(mailbox), rest))
    }

    /// The mailbox, but for `<Postmaster>`.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            ForwardPath::Postmaster => None,
            ForwardPath::Mailbox(mailbox) => Some(mailbox),
        }
    }

    /// Whether the path does without SMTPUTF8 (RFC 6531).
    pub fn is_ascii(&self) -> bool {
        self.mailbox().is_none_or(Mailbox::is_ascii)
    }

    /// Writes it as `Display` does.
    pub(in crate::proto::smtp) fn write(&self, out: &mut (impl Write + ?Sized)) -> fmt::Result {
        match self {
            ForwardPath::Postmaster => out.write_str("<Postmaster>"),
            ForwardPath::Mailbox(mailbox) => write_path(mailbox, out),
        }
    }
}

/// With angle brackets, as on the wire.
impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl From<Mailbox> for ForwardPath {
    fn from(mailbox: Mailbox) -> Self {
        ForwardPath::Mailbox(mailbox)
    }
}

/// `<Postmaster>`, `<a@b>` or `a@b`.
impl FromStr for ForwardPath {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        match Self::split_from(text)? {
            (path, "") => Ok(path),
            _ => Err(AddressError::BadPath),
        }
    }
}

fn write_path(mailbox: &Mailbox, out: &mut (impl Write + ?Sized)) -> fmt::Result {
    out.write_str("<")?;
    out.write_str(mailbox.as_str())?;
    out.write_str(">")
}

/// `"<" [A-d-l ":"] Mailbox ">"`, or a bare Mailbox, which Postfix takes as well.
fn parse_path(text: &str) -> Result<(Mailbox, &str), AddressError> {
    let Some(mut inner) = text.strip_prefix('<') else {
        return parse_mailbox(text);
    };
    if inner.starts_with('@') {
        inner = skip_source_route(inner)?;
    }
    let (mailbox, rest) = parse_mailbox(inner)?;
    let rest = rest.strip_prefix('>').ok_or(AddressError::BadPath)?;
    Ok((mailbox, rest))
}

/// `A-d-l = At-domain *( "," At-domain )`, then `:`.
fn skip_source_route(text: &str) -> Result<&str, AddressError> {
    let mut rest = text;
    loop {
        rest = rest.strip_prefix('@').ok_or(AddressError::BadPath)?;
        rest = &rest[domain_len(rest).ok_or(AddressError::BadDomain)?..];
        if let Some(after) = rest.strip_prefix(':') {
            return Ok(after);
        }
        rest = rest.strip_prefix(',').ok_or(AddressError::BadPath)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_drop_the_source_route() {
        let (path, rest) =
            ForwardPath::split_from("<@hosta.int,@jkl.org:userc@d.bar.org> NOTIFY=NEVER").unwrap();
        assert_eq!(path.to_string(), "<userc@d.bar.org>");
        assert_eq!(rest, " NOTIFY=NEVER");
        for bad in ["<@a.example>", "<@a.example,:u@b.example>", "<@:u@b.example>"] {
            assert!(ForwardPath::split_from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_null_path_and_postmaster_have_their_own_forms() {
        assert_eq!("<>".parse(), Ok(ReversePath::Null));
        assert_eq!("<pOSTMASTER>".parse(), Ok(ForwardPath::Postmaster));
        assert_eq!("<>".parse::<ForwardPath>(), Err(AddressError::BadLocalPart));
        assert_eq!("<postmaster>".parse::<ReversePath>(), Err(AddressError::NoDomain));
        assert_eq!("<a@b".parse::<ReversePath>(), Err(AddressError::BadPath));
        assert_eq!("<a@b>c".parse::<ReversePath>(), Err(AddressError::BadPath));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics_and_what_parses_prints_the_same(text in "[ -~é]{0,40}") {
            if let Ok((path, rest)) = ReversePath::split_from(&text) {
                let printed = format!("{path}{rest}");
                prop_assert_eq!(ReversePath::split_from(&printed), Ok((path, rest)));
            }
            if let Ok((path, rest)) = ForwardPath::split_from(&text) {
                let printed = format!("{path}{rest}");
                prop_assert_eq!(ForwardPath::split_from(&printed), Ok((path, rest)));
            }
        }
    }
}
