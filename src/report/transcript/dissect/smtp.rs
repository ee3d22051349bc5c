//! SMTP as an onlooker reads it (RFC 5321, RFC 4954 for AUTH, RFC 3030 for BDAT).
//!
//! What comes after STARTTLS is another stream, which whoever holds the keys reads with a dissector of
//! its own.

use std::collections::VecDeque;

use super::super::entry::Facts;
use super::super::text::Escaped;
use super::content::{Content, Dotted};
use super::lines::{Line, Lines};
use super::{Side, Unit, plural, with_credentials};

/// A connection.
#[derive(Debug)]
pub(in super::super) struct Smtp {
    client: Client,
    client_lines: Lines,
    server_lines: Lines,
    /// The chunks so far of a message that comes by BDAT.
    chunks: Content,
    /// The lines of the reply so far.
    reply: Vec<Line>,
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
    pub(super) fn octets(&mut self, sender: Side, octets: &[u8], out: &mut Vec<Unit>) {
        match sender {
            Side::Client => self.client_octets(octets, out),
            Side::Server => self.server_octets(octets, out),
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

    fn client_octets(&mut self, mut input: &[u8], out: &mut Vec<Unit>) {
        while !input.is_empty() {
            match &mut self.client {
                Client::Command => {
                    let Some(line) = self.client_lines.next(&mut input) else { return };
                    self.command(&line, out);
                }
                Client::Credentials => {
                    let Some(line) = self.client_lines.next(&mut input) else { return };
                    self.client = Client::Command;
                    self.asked.push_back(Asked::Auth);
                    let text = with_credentials(&line, 0);
                    out.push(Unit::new(Side::Client, "credentials", text));
                }
                Client::Held(held) => {
                    held.extend_from_slice(input);
                    return;
                }
                Client::Content(dotted) => {
                    if !dotted.push(&mut input) {
                        return;
                    }
                    out.push(message(&dotted.content));
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
                    self.end_of_chunk(last, out);
                }
            }
        }
    }

    fn end_of_chunk(&mut self, last: bool, out: &mut Vec<Unit>) {
        self.client = Client::Command;
        if last {
            out.push(message(&std::mem::take(&mut self.chunks)));
        }
    }

    fn command(&mut self, line: &Line, out: &mut Vec<Unit>) {
        let mut text = line.to_string();
        if line.word_is(0, "MAIL") || line.word_is(0, "RSET") {
            // What chunks came before belongs to no message any more.
            self.chunks = Content::default();
        }
        if line.word_is(0, "DATA") {
            self.client = Client::Held(Vec::new());
            self.asked.push_back(Asked::Data);
        } else if line.word_is(0, "BDAT") {
            self.asked.push_back(Asked::Plain);
            out.push(Unit::new(Side::Client, "command", text));
            return self.chunk(line, out);
        } else if line.word_is(0, "AUTH") {
            if let Some(response) = line.words().nth(2) {
                text = with_credentials(line, line.octets().len() - response.len());
            }
            self.asked.push_back(Asked::Auth);
        } else {
            self.asked.push_back(Asked::Plain);
        }
        out.push(Unit::new(Side::Client, "command", text));
    }

    /// After BDAT come its octets, whatever the server says to it.
    fn chunk(&mut self, line: &Line, out: &mut Vec<Unit>) {
        let size = line.words().nth(1).and_then(|size| std::str::from_utf8(size).ok());
        let Some(left_octets) = size.and_then(|size| size.parse().ok()) else { return };
        let last = line.word_is(2, "LAST");
        self.client = Client::Chunk { left_octets, last };
        if left_octets == 0 {
            self.end_of_chunk(last, out);
        }
    }

    fn server_octets(&mut self, mut input: &[u8], out: &mut Vec<Unit>) {
        while let Some(line) = self.server_lines.next(&mut input) {
            let more = line.octets().get(3) == Some(&b'-') && self.reply.len() < REPLY_LINES;
            self.reply.push(line);
            if !more {
                let lines = std::mem::take(&mut self.reply);
                self.replied(&lines, out);
            }
        }
    }

    fn replied(&mut self, lines: &[Line], out: &mut Vec<Unit>) {
        let last = lines.last().expect("a reply has a line");
        let code = last
            .octets()
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
            .unwrap_or(0);
        let asked = self.asked.pop_front();
        let first = match asked {
            Some(Asked::Auth) if code == 334 => with_credentials(&lines[0], 4),
            _ => lines[0].to_string(),
        };
        let unit = Unit::new(Side::Server, "reply", first);
        let details = lines[1..].iter().map(Line::to_string).collect();
        let texts = lines
            .iter()
            .map(|line| Escaped(line.octets().get(4..).unwrap_or_default()).to_string())
            .collect();
        out.push(Unit { details, facts: Facts::Reply { code, lines: texts }, ..unit });
        match asked {
            Some(Asked::Auth) if code == 334 => self.client = Client::Credentials,
            Some(Asked::Data) => {
                let state = match code {
                    354 => Client::Content(Box::default()),
                    _ => Client::Command,
                };
                if let Client::Held(held) = std::mem::replace(&mut self.client, state) {
                    self.client_octets(&held, out);
                }
            }
            _ => {}
        }
    }
}

fn message(content: &Content) -> Unit {
    let unit = Unit::new(Side::Client, "message", content.title());
    Unit { details: content.details(), facts: content.facts(), ..unit }
}

/// A reply that never ends is cut.
const REPLY_LINES: usize = 200;
