//! Cuts a master file into entries, and entries into tokens (RFC 1035 §5.1).

use std::borrow::Cow;

use super::error::MasterProblem;

/// One word or quoted string of an entry. Escapes stand in it as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// The text, without the quotes.
    pub(super) text: Cow<'a, str>,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
}

/// A record or a directive: one line, or several within parentheses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// Where it starts, from 1.
    pub(super) line: usize,
    /// Whether it starts with space and so continues with the owner before it.
    pub(super) blank_owner: bool,
    /// Never empty.
    pub(super) tokens: Vec<Token<'a>>,
}

/// Gives the entries of a text, and what is wrong between them with its line.
pub(super) struct Tokenizer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Tokenizer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        // A byte order mark is no part of the first owner.
        Tokenizer { text: text.strip_prefix('\u{feff}').unwrap_or(text), at: 0, line: 1 }
    }

    /// The rest of the line is not looked at, after a mistake.
    fn skip_line(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// A word: until space, parenthesis, comment or quote, but for escapes.
    fn word(&mut self) -> Token<'a> {
        let start = self.at;
        let octets = self.text.as_bytes();
        while let Some(octet) = octets.get(self.at) {
            match octet {
                b'\\' if !matches!(octets.get(self.at + 1), None | Some(b'\n' | b'\r')) => {
                    self.at += 2;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')' | b';' | b'"' => break,
                _ => self.at += 1,
            }
        }
        // An escape may have stepped into a character of several octets.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        Token { text: Cow::Borrowed(&self.text[start..self.at]), quoted: false }
    }

    /// A string, behind its opening quote; it ends on its line.
    fn quoted(&mut self) -> Result<Token<'a>, MasterProblem> {
        let start = self.at;
        let octets = self.text.as_bytes();
        loop {
            match octets.get(self.at) {
                Some(b'"') => {
                    let text = Cow::Borrowed(&self.text[start..self.at]);
                    self.at += 1;
                    return Ok(Token { text, quoted: true });
                }
                Some(b'\\') if !matches!(octets.get(self.at + 1), None | Some(b'\n')) => {
                    self.at += 2;
                }
                None | Some(b'\n') => return Err(MasterProblem::UnclosedQuote),
                Some(_) => self.at += 1,
            }
        }
    }

    /// Reads on to the end of the entry that starts here; `None` for an empty line.
    fn entry(&mut self) -> Result<Option<Entry<'a>>, (usize, MasterProblem)> {
        let line = self.line;
        let octets = self.text.as_bytes();
        let blank_owner = matches!(octets.get(self.at), Some(b' ' | b'\t'));
        let mut tokens = Vec::new();
        let mut opened: Vec<usize> = Vec::new();
        loop {
            match octets.get(self.at) {
                None | Some(b'\n') if opened.is_empty() => {
                    self.at += 1;
                    self.line += 1;
                    let entry = Entry { line, blank_owner, tokens };
                    return Ok((!entry.tokens.is_empty()).then_some(entry));
                }
                None => return Err((opened[0], MasterProblem::UnclosedParenthesis)),
                Some(b'\n') => {
                    self.at += 1;
                    self.line += 1;
                }
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b';') => self.skip_line(),
                Some(b'(') => {
                    opened.push(self.line);
                    self.at += 1;
                }
                Some(b')') => {
                    self.at += 1;
                    if opened.pop().is_none() {
                        self.skip_line();
                        return Err((self.line, MasterProblem::StrayParenthesis));
                    }
                }
                Some(b'"') => {
                    self.at += 1;
                    match self.quoted() {
                        Ok(token) => tokens.push(token),
                        Err(problem) => {
                            self.skip_line();
                            return Err((self.line, problem));
                        }
                    }
                }
                Some(_) => {
                    let before = self.at;
                    tokens.push(self.word());
                    if self.at == before {
                        // A backslash before the end of its line.
                        self.skip_line();
                        return Err((self.line, MasterProblem::TrailingBackslash));
                    }
                }
            }
        }
    }
}

impl<'a> Iterator for Tokenizer<'a> {
    type Item = Result<Entry<'a>, (usize, MasterProblem)>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.text.len() {
            match self.entry() {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(problem) => return Some(Err(problem)),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<String> {
        let show = |entry: Entry<'_>| {
            let tokens: Vec<String> =
                entry.tokens.iter().map(|token| token.text.to_string()).collect();
            format!(
                "{}{}{}",
                entry.line,
                if entry.blank_owner { "_" } else { ":" },
                tokens.join("|")
            )
        };
        Tokenizer::new(text)
            .map(|entry| entry.map_or_else(|(line, problem)| format!("{line}! {problem:?}"), show))
            .collect()
    }

    #[test]
    fn entries_know_their_lines() {
        let text =
            "a 1 A 192.0.2.1 ; comment ( \"\r\n\n b ( c\n ; )\n  d ) e\n\tf\\ g \"h ;\\\" i\"j";
        assert_eq!(entries(text), ["1:a|1|A|192.0.2.1", "3_b|c|d|e", "6_f\\ g|h ;\\\" i|j"]);
    }

    #[test]
    fn mistakes_do_not_hide_the_next_lines() {
        let text = "a \"b\nc )\nd e\\\nf\ng (\nh";
        assert_eq!(
            entries(text),
            ["1! UnclosedQuote", "2! StrayParenthesis", "3:d|e\\", "4:f", "5! UnclosedParenthesis"]
        );
    }
}
