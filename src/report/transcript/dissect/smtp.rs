//! SMTP as an onlooker reads it (RFC 5321, RFC 4954 for AUTH, RFC 3030 for BDAT).
//!
//! What comes after STARTTLS is another stream, which whoever holds the keys reads with a dissector of
//! its own.

use std::collections::VecDeque;

use super::content::{Content, Dotted};
use super::lines::{Line, Lines};
use super::{Rest, Side, Tell, Text, Unit, plural};

/// A connection.
#[derive(Debug)]
pub(in super::super) struct Smtp {
    client: Client,
    client_lines: Lines,
    server_lines: Lines,
    /// The chunks so far of a message that comes by BDAT.
    chunks: Content,
    /// The lines of the reply so far.
    reply: Vec<Line<'static>>,
    /// What is still to be answered, in order.
    asked: VecDeque<Asked>,
}

/// What the next octets of the client are.
#[derive(Debug)]
enum Client {
    Command,
    /// An answer to a 334.
    Credentials,
    /// Unknown until the server has answered DATA. Clients wait for that, as they must.
    Held(Vec<u8>),
    Content(Box<Dotted>),
    /// A chunk of a message, of which so many octets are still to come (RFC 3030 §2).
    Chunk {
        left_octets: u64,
        last: bool,
    },
}

/// What a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The connection, a command, or the end of the content.
    Plain,
    Auth,
    Data,
}

impl Default for Smtp {
    fn default() -> Self {
        Smtp {
            client: Client::Command,
            client_lines: Lines::default(),
            server_lines: Lines::default(),
            chunks: Content::default(),
            reply: Vec::new(),
            asked: VecDeque::from([Asked::Plain]),
        }
    }
}

impl Smtp {
    pub(super) fn octets(&mut self, sender: Side, octets: &[u8], tell: Tell<'_>) {
        match sender {
            Side::Client => self.client_octets(octets, tell),
            Side::Server => self.server_octets(octets, tell),
        }
    }

    pub(super) fn end(&mut self, sender: Side) -> Option<String> {
        if sender == Side::Server {
            let mut lines = std::mem::take(&mut self.reply);
            lines.extend(self.server_lines.take());
            return lines.first().map(|line| format!("incomplete reply: {line}"));
        }
        match std::mem::replace(&mut self.client, Client::Command) {
            Client::Command | Client::Credentials => {
                self.client_lines.take().map(|line| format!("incomplete line: {line}"))
            }
            Client::Held(held) => {
                (!held.is_empty()).then(|| format!("unread {}", super::raw(&held)))
            }
            Client::Chunk { left_octets, .. } => {
                Some(format!("incomplete chunk, {} missing", plural(left_octets, "octet")))
            }
            Client::Content(dotted) => {
                Some(format!("incomplete message, {}", plural(dotted.content.octets(), "octet")))
            }
        }
    }

    fn client_octets(&mut self, mut input: &[u8], tell: Tell<'_>) {
        while !input.is_empty() {
            match &mut self.client {
                Client::Command => {
                    let Some(line) = self.client_lines.next(&mut input) else { return };
                    self.command(&line, tell);
                }
                Client::Credentials => {
                    let Some(line) = self.client_lines.next(&mut input) else { return };
                    self.client = Client::Command;
                    self.asked.push_back(Asked::Auth);
                    tell(Unit::credentials(Side::Client, "credentials", &line, 0));
                }
                Client::Held(held) => {
                    held.extend_from_slice(input);
                    return;
                }
                Client::Content(dotted) => {
                    if !dotted.push(&mut input) {
                        return;
                    }
                    tell(message(&dotted.content));
                    self.client = Client::Command;
                    self.asked.push_back(Asked::Plain);
                }
                Client::Chunk { left_octets, last } => {
                    let here = input.len().min(usize::try_from(*left_octets).unwrap_or(usize::MAX));
                    let (chunk, rest) = input.split_at(here);
                    self.chunks.push(chunk);
                    *left_octets -= here as u64;
                    input = rest;
                    if *left_octets > 0 {
                        return;
                    }
                    let last = *last;
                    self.end_of_chunk(last, tell);
                }
            }
        }
    }

    fn end_of_chunk(&mut self, last: bool, tell: Tell<'_>) {
        self.client = Client::Command;
        if last {
            tell(message(&std::mem::take(&mut self.chunks)));
        }
    }

    fn command(&mut self, line: &Line<'_>, tell: Tell<'_>) {
        let verb = line.words().next().unwrap_or_default();
        let is = |one: &str| verb.eq_ignore_ascii_case(one.as_bytes());
        if is("MAIL") || is("RSET") {
            // What chunks came before belongs to no message any more.
            self.chunks = Content::default();
        }
        let command = Unit::line(Side::Client, "command", line);
        if is("DATA") {
            self.client = Client::Held(Vec::new());
            self.asked.push_back(Asked::Data);
        } else if is("BDAT") {
            self.asked.push_back(Asked::Plain);
            tell(command);
            return self.chunk(line, tell);
        } else if is("AUTH") {
            self.asked.push_back(Asked::Auth);
            if let Some(response) = line.words().nth(2) {
                let at = line.octets().len() - response.len();
                return tell(Unit::credentials(Side::Client, "command", line, at));
            }
        } else {
            self.asked.push_back(Asked::Plain);
        }
        tell(command);
    }

    /// After BDAT come its octets, whatever the server says to it.
    fn chunk(&mut self, line: &Line<'_>, tell: Tell<'_>) {
        let size = line.words().nth(1).and_then(|size| std::str::from_utf8(size).ok());
        let Some(left_octets) = size.and_then(|size| size.parse().ok()) else { return };
        let last = line.word_is(2, "LAST");
        self.client = Client::Chunk { left_octets, last };
        if left_octets == 0 {
            self.end_of_chunk(last, tell);
        }
    }

    fn server_octets(&mut self, mut input: &[u8], tell: Tell<'_>) {
        let mut lines: Vec<Line<'_>> = std::mem::take(&mut self.reply);
        while let Some(line) = self.server_lines.next(&mut input) {
            let more = line.octets().get(3) == Some(&b'-') && lines.len() < REPLY_LINES;
            if !more && lines.is_empty() {
                self.replied(&[line], tell);
                continue;
            }
            lines.push(line);
            if !more {
                self.replied(&lines, tell);
                lines.clear();
            }
        }
        self.reply = lines.into_iter().map(Line::into_owned).collect();
    }

    fn replied(&mut self, lines: &[Line<'_>], tell: Tell<'_>) {
        let last = lines.last().expect("a reply has a line");
        let code = last
            .octets()
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
            .unwrap_or(0);
        let asked = self.asked.pop_front();
        let text = match asked {
            Some(Asked::Auth) if code == 334 => Text::Credentials(&lines[0], 4),
            _ => Text::Line(&lines[0]),
        };
        let rest = Rest::Reply { code, lines };
        tell(Unit { sender: Side::Server, kind: "reply", text, rest });
        match asked {
            Some(Asked::Auth) if code == 334 => self.client = Client::Credentials,
            Some(Asked::Data) => {
                let state = match code {
                    354 => Client::Content(Box::default()),
                    _ => Client::Command,
                };
                if let Client::Held(held) = std::mem::replace(&mut self.client, state) {
                    self.client_octets(&held, tell);
                }
            }
            _ => {}
        }
    }
}

fn message(content: &Content) -> Unit<'_> {
    let (text, rest) = (Text::Title(content), Rest::Message(content));
    Unit { sender: Side::Client, kind: "message", text, rest }
}

/// A reply that never ends is cut.
const REPLY_LINES: usize = 200;
