//! The lexical layer that every structured field shares: white space, comments, quoted strings.
//!
//! Follows RFC 5322 §3.2, tolerantly: what is not closed ends with the field, and nothing fails.
//! Comments nest by a counter, not by recursion.

/// A cursor over the value of one field.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    octets: &'a [u8],
    at: usize,
    comment: Option<&'a [u8]>,
}

impl<'a> Lexer<'a> {
    /// A cursor at the start of `octets`.
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Lexer { octets, at: 0, comment: None }
    }

    /// The next octet, which stays.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    /// Takes one octet, whichever it is.
    pub(crate) fn bump(&mut self) -> Option<u8> {
        let octet = self.peek()?;
        self.at += 1;
        Some(octet)
    }

    /// Takes `wanted` if it is next.
    pub(crate) fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// True where nothing is left.
    pub(crate) fn at_end(&self) -> bool {
        self.at >= self.octets.len()
    }

    /// Takes the octets for which `belongs` holds; perhaps none.
    pub(crate) fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.octets[self.at..];
        let length = rest.iter().position(|&octet| !belongs(octet)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Skips white space, line ends and comments (CFWS, RFC 5322 §3.2.2). True if there were any.
    pub(crate) fn skip_cfws(&mut self) -> bool {
        let start = self.at;
        loop {
            self.take_while(is_white_space);
            if self.peek() != Some(b'(') {
                return self.at > start;
            }
            self.skip_comment();
        }
    }

    /// The text of the last comment skipped, forgotten by this call.
    pub(crate) fn take_comment(&mut self) -> Option<&'a [u8]> {
        self.comment.take()
    }

    fn skip_comment(&mut self) {
        let start = self.at + 1;
        let mut depth = 0_usize;
        while let Some(octet) = self.bump() {
            match octet {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => _ = self.bump(),
                _ => {}
            }
            if depth == 0 {
                self.comment = Some(&self.octets[start..self.at - 1]);
                return;
            }
        }
        self.comment = Some(&self.octets[start..]);
    }

    /// Takes a quoted string at its opening quote; its text without quotes, quoted pairs and
    /// line ends (RFC 5322 §3.2.4).
    pub(crate) fn quoted_string(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        self.eat(b'"');
        while let Some(octet) = self.bump() {
            match octet {
                b'"' => break,
                b'\\' => text.extend(self.bump()),
                b'\r' | b'\n' => {}
                _ => text.push(octet),
            }
        }
        text
    }

    /// Takes an `atom` with any dots in it: up to a special, white space or a control.
    pub(crate) fn dot_atom(&mut self) -> &'a [u8] {
        self.take_while(|octet| !is_special(octet) && !is_white_space(octet))
    }

    /// Takes a MIME `token` (RFC 2045 §5.1), ASCII alone.
    pub(crate) fn token(&mut self) -> &'a [u8] {
        self.take_while(|octet| octet.is_ascii_graphic() && !is_tspecial(octet))
    }
}

/// Space, tab, line end, or any other control, which has no better place.
pub(crate) fn is_white_space(octet: u8) -> bool {
    octet <= b' ' || octet == 0x7f
}

/// The `specials` of RFC 5322 §3.2.3 without the dot.
fn is_special(octet: u8) -> bool {
    matches!(
        octet,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b':' | b';' | b'@' | b'\\' | b',' | b'"'
    )
}

/// The `tspecials` of RFC 2045 §5.1.
pub(crate) fn is_tspecial(octet: u8) -> bool {
    matches!(
        octet,
        b'(' | b')'
            | b'<'
            | b'>'
            | b'@'
            | b','
            | b';'
            | b':'
            | b'\\'
            | b'"'
            | b'/'
            | b'['
            | b']'
            | b'?'
            | b'='
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_nest_and_quote() {
        let mut lexer = Lexer::new(br" (a (b) \) c) x(d)");
        assert!(lexer.skip_cfws());
        assert_eq!(lexer.take_comment(), Some(&br"a (b) \) c"[..]));
        assert_eq!(lexer.dot_atom(), b"x");
        assert!(lexer.skip_cfws());
        assert_eq!(lexer.take_comment(), Some(&b"d"[..]));
        assert!(lexer.at_end());
    }

    #[test]
    fn what_is_not_closed_ends_with_the_field() {
        let mut lexer = Lexer::new(b"(((never closed");
        assert!(lexer.skip_cfws());
        assert!(lexer.at_end());
        assert_eq!(Lexer::new(br#""half \"#).quoted_string(), b"half ");
        assert!(!Lexer::new(b"").skip_cfws());
    }
}
