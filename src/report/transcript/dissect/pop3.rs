//! POP3 as an onlooker reads it (RFC 1939, RFC 2449, and RFC 5034 for AUTH).

use std::collections::VecDeque;

use super::content::Dotted;
use super::lines::{Line, Lines};
use super::{Rest, Side, Tell, Text, Unit};

/// A connection.
#[derive(Debug)]
pub(in super::super) struct Pop3 {
    client_lines: Lines,
    server_lines: Lines,
    /// The next line of the client answers a `+ `.
    credentials: bool,
    /// What is still to be answered, in order.
    asked: VecDeque<Asked>,
    /// The rest of a response of several lines, after its first one.
    rest: Option<(Line<'static>, Asked, Box<Dotted>)>,
}

/// What a response answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The connection, or a command with one line in answer.
    Plain,
    Auth,
    /// A command with several lines in answer, if it is granted.
    List,
    /// RETR and TOP.
    Message,
}

impl Default for Pop3 {
    fn default() -> Self {
        Pop3 {
            client_lines: Lines::default(),
            server_lines: Lines::default(),
            credentials: false,
            asked: VecDeque::from([Asked::Plain]),
            rest: None,
        }
    }
}

impl Pop3 {
    pub(super) fn octets(&mut self, sender: Side, mut input: &[u8], tell: Tell<'_>) {
        match sender {
            Side::Client => {
                while let Some(line) = self.client_lines.next(&mut input) {
                    self.command(&line, tell);
                }
            }
            Side::Server => {
                while !input.is_empty() {
                    self.response(&mut input, tell);
                }
            }
        }
    }

    pub(super) fn end(&mut self, sender: Side) -> Option<String> {
        let lines = match sender {
            Side::Client => &mut self.client_lines,
            Side::Server => &mut self.server_lines,
        };
        if let Some(line) = lines.take() {
            return Some(format!("incomplete line: {line}"));
        }
        let (line, ..) = self.rest.take_if(|_| sender == Side::Server)?;
        Some(format!("incomplete response: {line}"))
    }

    fn command(&mut self, line: &Line<'_>, tell: Tell<'_>) {
        if std::mem::take(&mut self.credentials) {
            self.asked.push_back(Asked::Auth);
            return tell(Unit::credentials(Side::Client, "credentials", line, 0));
        }
        let mut unit = Unit::line(Side::Client, "command", line);
        let has_argument = line.words().nth(1).is_some();
        self.asked.push_back(if line.word_is(0, "RETR") || line.word_is(0, "TOP") {
            Asked::Message
        } else if line.word_is(0, "CAPA") {
            Asked::List
        } else if line.word_is(0, "LIST") || line.word_is(0, "UIDL") {
            if has_argument { Asked::Plain } else { Asked::List }
        } else if line.word_is(0, "AUTH") {
            if let Some(response) = line.words().nth(2) {
                unit.text = Text::Credentials(line, line.octets().len() - response.len());
            }
            if has_argument { Asked::Auth } else { Asked::List }
        } else {
            Asked::Plain
        });
        tell(unit);
    }

    fn response(&mut self, input: &mut &[u8], tell: Tell<'_>) {
        if let Some((_, _, dotted)) = &mut self.rest {
            if !dotted.push(input) {
                return;
            }
            let (line, asked, dotted) = self.rest.take().expect("there is a rest");
            let (kind, rest) = match asked {
                Asked::Message => ("message", Rest::Message(&dotted.content)),
                _ => ("response", Rest::List(&dotted.content)),
            };
            return tell(Unit { rest, ..Unit::line(Side::Server, kind, &line) });
        }
        let Some(line) = self.server_lines.next(input) else { return };
        let asked = self.asked.pop_front().unwrap_or(Asked::Plain);
        if matches!(asked, Asked::List | Asked::Message) && line.word_is(0, "+OK") {
            self.rest = Some((line.into_owned(), asked, Box::default()));
        } else if asked == Asked::Auth && line.word_is(0, "+") {
            self.credentials = true;
            tell(Unit::credentials(Side::Server, "response", &line, 2));
        } else {
            tell(Unit::line(Side::Server, "response", &line));
        }
    }
}
