//! The lines of a scenario file: numbered, trimmed, without blank lines and comments.

use super::error::{ParseError, Problem};

/// One line that says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub(super) number: usize,
    /// What it says, without space at either end. A comment behind it is still there.
    pub(super) text: &'a str,
}

/// Gives the lines one after another.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    rest: std::iter::Enumerate<std::str::Lines<'a>>,
    last: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Lines { rest: text.lines().enumerate(), last: 0 }
    }

    /// The next line; at the end of the file an error that says what was expected.
    pub(super) fn expect(&mut self, expected: &'static str) -> Result<Line<'a>, ParseError> {
        let last = self.last.max(1);
        self.next().ok_or_else(|| Problem::UnexpectedEnd { expected }.at(last))
    }

    /// Skips everything up to and with the line that starts with `end`.
    pub(super) fn skip_past(&mut self, end: &str, what: &'static str) -> Result<(), ParseError> {
        loop {
            if self.expect(what)?.text.starts_with(end) {
                return Ok(());
            }
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        loop {
            let (index, text) = self.rest.next()?;
            self.last = index + 1;
            let text = text.trim();
            if !text.is_empty() && !text.starts_with(';') {
                return Some(Line { number: index + 1, text });
            }
        }
    }
}

impl<'a> Line<'a> {
    /// What follows the keyword, without a comment; `None` when the line starts with another word.
    pub(super) fn after(&self, keyword: &str) -> Option<&'a str> {
        let rest = self.text.strip_prefix(keyword)?;
        let ends = rest.chars().next().is_none_or(|next| next.is_whitespace() || next == ';');
        ends.then(|| without_comment(rest, b";").trim())
    }

    /// The problem that this line is not `expected`.
    pub(super) fn is_not(&self, expected: &'static str) -> ParseError {
        Problem::unexpected(self.text, expected).at(self.number)
    }
}

/// The text before the first of `marks` that does not stand in quotes.
pub(super) fn without_comment<'a>(text: &'a str, marks: &[u8]) -> &'a str {
    let mut quoted = false;
    for (index, octet) in text.bytes().enumerate() {
        match octet {
            b'"' => quoted = !quoted,
            octet if !quoted && marks.contains(&octet) => return &text[..index],
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_comments_are_no_lines() {
        let mut lines = Lines::new("\u{feff}; one\n\n  two ; more\n\t;three\n four");
        assert_eq!(lines.next(), Some(Line { number: 3, text: "two ; more" }));
        assert_eq!(lines.next(), Some(Line { number: 5, text: "four" }));
        let error = lines.expect("more").unwrap_err();
        assert_eq!(error.to_string(), "line 5: the file ends here, expected more");
    }

    #[test]
    fn a_keyword_ends_at_space_or_comment() {
        let line = |text| Line { number: 1, text };
        assert_eq!(line("MATCH  opcode \"a;b\" ; c").after("MATCH"), Some("opcode \"a;b\""));
        assert_eq!(line("REPLY;none").after("REPLY"), Some(""));
        assert_eq!(line("REPLY.example. A").after("REPLY"), None);
    }
}
