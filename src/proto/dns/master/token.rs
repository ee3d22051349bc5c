//! Cuts a master file into entries, and entries into tokens (RFC 1035 §5.1).

use std::borrow::Cow;

use super::error::MasterProblem;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misread {
    pub(super) place: Place,
    pub(super) problem: MasterProblem,
}

/// One word or quoted string of an entry. Escapes stand in it as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// The text, without the quotes.
    pub(super) text: Cow<'a, str>,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
    /// Where it starts, at its quote if it has one.
    pub(super) place: Place,
}

impl Token<'_> {
    /// The token is of the wrong form.
    pub(super) fn is_not(&self, expected: &'static str) -> Misread {
        self.wrong(MasterProblem::Field { found: self.text.to_string(), expected })
    }

    /// Something is wrong with the token.
    pub(super) fn wrong(&self, problem: MasterProblem) -> Misread {
        Misread { place: self.place, problem }
    }
}

/// A record or a directive: one line, or several within parentheses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// Where it ends: what is missing is missed there.
    pub(super) end: Place,
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
    /// Up to where columns were counted, and the column there.
    counted: (usize, usize),
}

impl<'a> Tokenizer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        // A byte order mark is no part of the first owner.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Tokenizer { text, at: 0, line: 1, counted: (0, 1) }
    }

    /// Where the tokenizer stands, which is at a character.
    fn place(&mut self) -> Place {
        let (from, column) = self.counted;
        let column = column + self.text[from..self.at].chars().count();
        self.counted = (self.at, column);
        Place { line: self.line, column }
    }

    /// Steps over the end of a line.
    fn end_line(&mut self) {
        self.at += 1;
        self.line += 1;
        self.counted = (self.at, 1);
    }

    /// The rest of the line is not looked at, after a mistake.
    fn skip_line(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    /// A word: until space, parenthesis, comment or quote, but for escapes.
    fn word(&mut self) -> Token<'a> {
        let place = self.place();
        let start = self.at;
        let octets = self.text.as_bytes();
        while let Some(octet) = octets.get(self.at) {
            match octet {
                b'\\' if !matches!(octets.get(self.at + 1), None | Some(b'\n' | b'\r')) => {
                    self.at += 2;
                }
                b'\\' => break,
                b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')' | b';' | b'"' => break,
                _ => self.at += 1,
            }
        }
        // An escape may have stepped into a character of several octets.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
        Token { text: Cow::Borrowed(&self.text[start..self.at]), quoted: false, place }
    }

    /// A string, from its opening quote; it ends on its line.
    fn quoted(&mut self) -> Result<Token<'a>, Misread> {
        let place = self.place();
        self.at += 1;
        let start = self.at;
        let octets = self.text.as_bytes();
        loop {
            match octets.get(self.at) {
                Some(b'"') => {
                    let text = Cow::Borrowed(&self.text[start..self.at]);
                    self.at += 1;
                    return Ok(Token { text, quoted: true, place });
                }
                Some(b'\\') if !matches!(octets.get(self.at + 1), None | Some(b'\n')) => {
                    self.at += 2;
                }
                None | Some(b'\n') => {
                    return Err(Misread { place, problem: MasterProblem::UnclosedQuote });
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// Reads on to the end of the entry that starts here; `None` for an empty line.
    fn entry(&mut self) -> Result<Option<Entry<'a>>, Misread> {
        let octets = self.text.as_bytes();
        let blank_owner = matches!(octets.get(self.at), Some(b' ' | b'\t'));
        let mut tokens = Vec::new();
        let mut opened: Vec<Place> = Vec::new();
        loop {
            match octets.get(self.at) {
                None | Some(b'\n') if opened.is_empty() => {
                    // What is missing is missed behind the last token, not behind a comment.
                    let end = tokens.last().map_or(Place { line: self.line, column: 1 }, end_of);
                    self.end_line();
                    let entry = Entry { end, blank_owner, tokens };
                    return Ok((!entry.tokens.is_empty()).then_some(entry));
                }
                None => {
                    let problem = MasterProblem::UnclosedParenthesis;
                    return Err(Misread { place: opened[0], problem });
                }
                Some(b'\n') => self.end_line(),
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b';') => self.skip_line(),
                Some(b'(') => {
                    opened.push(self.place());
                    self.at += 1;
                }
                Some(b')') => {
                    let place = self.place();
                    self.at += 1;
                    if opened.pop().is_none() {
                        self.skip_line();
                        return Err(Misread { place, problem: MasterProblem::StrayParenthesis });
                    }
                }
                Some(b'"') => match self.quoted() {
                    Ok(token) => tokens.push(token),
                    Err(misread) => {
                        self.skip_line();
                        return Err(misread);
                    }
                },
                Some(_) => {
                    let before = self.at;
                    tokens.push(self.word());
                    if self.at == before {
                        // A backslash before the end of its line.
                        let place = self.place();
                        self.skip_line();
                        return Err(Misread { place, problem: MasterProblem::TrailingBackslash });
                    }
                }
            }
        }
    }
}

/// Where a token ends.
fn end_of(token: &Token<'_>) -> Place {
    let quotes = if token.quoted { 2 } else { 0 };
    let column = token.place.column + token.text.chars().count() + quotes;
    Place { column, ..token.place }
}

impl<'a> Iterator for Tokenizer<'a> {
    type Item = Result<Entry<'a>, Misread>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.text.len() {
            match self.entry() {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(misread) => return Some(Err(misread)),
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
                entry.tokens[0].place.line,
                if entry.blank_owner { "_" } else { ":" },
                tokens.join("|")
            )
        };
        Tokenizer::new(text)
            .map(|entry| {
                entry.map_or_else(
                    |Misread { place, problem }| {
                        format!("{}:{}! {problem:?}", place.line, place.column)
                    },
                    show,
                )
            })
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
            [
                "1:3! UnclosedQuote",
                "2:3! StrayParenthesis",
                "3:4! TrailingBackslash",
                "4:f",
                "5:3! UnclosedParenthesis"
            ]
        );
    }
}
