//! IMAP as an onlooker reads it (RFC 3501; RFC 7888 for literals that do not wait).

use super::content::Content;
use super::lines::{Line, Lines};
use super::{Rest, Side, Tell, Text, Unit};
use crate::report::transcript::entry::Facts;
use crate::report::transcript::text;

/// A connection.
#[derive(Debug, Default)]
pub(in super::super) struct Imap {
    client: Direction,
    server: Direction,
    /// The tag of the command that the client is in the middle of, or that asked for credentials.
    tag: Vec<u8>,
    /// AUTHENTICATE is under way: lines of the client are credentials.
    authenticating: bool,
}

/// One direction: lines, and literals between them.
#[derive(Debug, Default)]
struct Direction {
    lines: Lines,
    /// The line so far, over its literals.
    text: String,
    details: Vec<String>,
    facts: Option<Facts<'static>>,
    literal: Option<Literal>,
}

#[derive(Debug)]
struct Literal {
    left: u64,
    /// The sender waits for a `+` before it sends it (RFC 3501 §4.3).
    waits: bool,
    content: Content,
}

impl Imap {
    pub(super) fn octets(&mut self, sender: Side, mut input: &[u8], tell: Tell<'_>) {
        while !input.is_empty() {
            let direction = match sender {
                Side::Client => &mut self.client,
                Side::Server => &mut self.server,
            };
            if let Some(literal) = &mut direction.literal {
                literal.take(&mut input);
                if literal.left == 0 {
                    direction.literal_ended();
                }
                continue;
            }
            let Some(line) = direction.lines.next(&mut input) else { return };
            match sender {
                Side::Client => self.client_line(&line, tell),
                Side::Server => self.server_line(&line, tell),
            }
        }
    }

    pub(super) fn end(&mut self, sender: Side) -> Option<String> {
        let direction = match sender {
            Side::Client => std::mem::take(&mut self.client),
            Side::Server => std::mem::take(&mut self.server),
        };
        let Direction { mut lines, mut text, literal, .. } = direction;
        if let Some(line) = lines.take() {
            text += &line.to_string();
        }
        if let Some(literal) = literal {
            text += &format!(" with {} octets missing", literal.left);
        }
        (!text.is_empty()).then(|| format!("incomplete line: {text}"))
    }

    /// A line of the client is told at once, before its literal, since the server's `+` follows it.
    fn client_line(&mut self, line: &Line<'_>, tell: Tell<'_>) {
        if self.authenticating {
            return tell(Unit::credentials(Side::Client, "credentials", line, 0));
        }
        let after_literal = self.client.facts.take();
        let mut unit = Unit::line(Side::Client, "command", line);
        if let Some(facts) = after_literal {
            let title = std::mem::take(&mut self.client.text);
            unit.kind = "literal";
            unit.text =
                Text::Words(if line.is_empty() { title } else { format!("{title},{line}") });
            unit.rest = Rest::Words { details: std::mem::take(&mut self.client.details), facts };
        } else {
            self.tag = line.words().next().unwrap_or_default().to_vec();
            if line.word_is(1, "AUTHENTICATE") {
                self.authenticating = true;
                if let Some(response) = line.words().nth(3) {
                    unit.text = Text::Credentials(line, line.octets().len() - response.len());
                }
            }
        }
        tell(unit);
        self.client.literal = announced(line);
        if self.client.literal.as_ref().is_some_and(|literal| literal.left == 0) {
            self.client.literal_ended();
        }
    }

    fn server_line(&mut self, line: &Line<'_>, tell: Tell<'_>) {
        let continued = !self.server.text.is_empty();
        let tagged = !continued && line.words().next() == Some(&self.tag) && !self.tag.is_empty();
        if tagged {
            self.authenticating = false;
            // The literal was not wanted: what comes next is a command.
            if self.client.literal.as_ref().is_some_and(Literal::is_refusable) {
                self.client.literal = None;
            }
        }
        if !continued && line.word_is(0, "+") {
            let text =
                if self.authenticating { Text::Credentials(line, 2) } else { Text::Line(line) };
            return tell(Unit { text, ..Unit::line(Side::Server, "continuation", line) });
        }
        let literal = announced(line);
        if !continued && literal.is_none() {
            return tell(Unit::line(Side::Server, "response", line));
        }
        if self.server.text.len() < TEXT_LIMIT {
            self.server.text += &line.to_string();
        }
        if let Some(literal) = literal {
            let empty = literal.left == 0;
            self.server.literal = Some(literal);
            if empty {
                self.server.literal_ended();
            }
            return;
        }
        let text = Text::Words(std::mem::take(&mut self.server.text));
        let details = std::mem::take(&mut self.server.details);
        let (kind, facts) = match self.server.facts.take() {
            Some(facts) => ("message", facts),
            None => ("response", Facts::None),
        };
        tell(Unit { sender: Side::Server, kind, text, rest: Rest::Words { details, facts } });
    }
}

impl Direction {
    fn literal_ended(&mut self) {
        let Some(Literal { content, .. }) = self.literal.take() else { return };
        if self.text.is_empty() {
            self.text = text::string(|out| content.push_title_to(out));
        }
        let (mut details, facts) = Rest::Message(&content).into_words();
        if self.details.len() < DETAILS_LIMIT {
            self.details.append(&mut details);
        }
        self.facts = Some(facts);
    }
}

impl Literal {
    fn take(&mut self, input: &mut &[u8]) {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len());
        let (octets, rest) = input.split_at(length);
        self.content.push(octets);
        self.left -= length as u64;
        *input = rest;
    }

    fn is_refusable(&self) -> bool {
        self.waits && self.content.octets() == 0
    }
}

/// What is shown of a response with very many literals.
const TEXT_LIMIT: usize = 64 * 1024;
const DETAILS_LIMIT: usize = 1000;

/// The literal that a line ends with: `{310}`, or `{310+}` (RFC 7888 §3) and `{310-}`.
fn announced(line: &Line<'_>) -> Option<Literal> {
    let inner = line.octets().strip_suffix(b"}")?;
    let start = inner.iter().rposition(|octet| *octet == b'{')? + 1;
    let (digits, waits) = match inner[start..].strip_suffix(b"+") {
        Some(digits) => (digits, false),
        None => (&inner[start..], true),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let left = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(Literal { left, waits, content: Content::default() })
}
