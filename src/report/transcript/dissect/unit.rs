//! What a dissector tells, not yet in words: they are made by whoever reads them, in the form and the
//! place in which they are wanted (bench `deliveries -- transcript`).

use super::super::entry::Facts;
use super::super::text::{self, Escaped};
use super::Side;
use super::content::Content;
use super::lines::Line;

/// A line, a reply, a message. It lives as long as the octets that it is made of.
#[derive(Debug)]
pub(in super::super) struct Unit<'a> {
    pub(in super::super) sender: Side,
    pub(in super::super) kind: &'static str,
    pub(in super::super) text: Text<'a>,
    pub(in super::super) rest: Rest<'a>,
}

/// The line in which a unit is told.
#[derive(Debug)]
pub(in super::super) enum Text<'a> {
    /// As it was sent.
    Line(&'a Line<'a>),
    /// A line with base64 in it from that octet on, and beside it what that says.
    Credentials(&'a Line<'a>, usize),
    /// What there is of a message.
    Title(&'a Content),
    /// In words already.
    Words(String),
}

/// What is told of a unit beside its line.
#[derive(Debug)]
pub(in super::super) enum Rest<'a> {
    /// Nothing.
    Nothing,
    /// Of an SMTP reply: all lines.
    Reply { code: u16, lines: &'a [Line<'a>] },
    /// Of a message.
    Message(&'a Content),
    /// Of a list: its lines.
    List(&'a Content),
    /// In words already.
    Words { details: Vec<String>, facts: Facts<'static> },
}

/// A further line of a unit.
#[derive(Debug)]
pub(in super::super) enum Detail<'a> {
    /// As it was sent.
    Line(&'a Line<'a>),
    /// A line of some content, with its end.
    Content(&'a [u8]),
    /// So many octets more.
    LeftOut(u64),
    /// In words already.
    Words(&'a str),
}

impl<'a> Unit<'a> {
    /// A line that says all.
    pub(super) fn line(sender: Side, kind: &'static str, line: &'a Line<'a>) -> Self {
        Unit { sender, kind, text: Text::Line(line), rest: Rest::Nothing }
    }

    /// A line with credentials in it from that octet on.
    pub(super) fn credentials(
        sender: Side,
        kind: &'static str,
        line: &'a Line<'a>,
        at: usize,
    ) -> Self {
        Unit { sender, kind, text: Text::Credentials(line, at), rest: Rest::Nothing }
    }

    /// What is in words already.
    pub(super) fn words(sender: Side, kind: &'static str, text: impl Into<String>) -> Self {
        Unit { sender, kind, text: Text::Words(text.into()), rest: Rest::Nothing }
    }
}

impl Text<'_> {
    /// Writes it. No control characters.
    pub(in super::super) fn push_to(&self, out: &mut Vec<u8>) {
        match self {
            Text::Line(line) => line.push_to(out),
            Text::Credentials(line, at) => {
                line.push_to(out);
                if let Some(octets) = decoded(line, *at) {
                    out.extend_from_slice(b"  (");
                    Escaped(&octets).push_to(out);
                    out.push(b')');
                }
            }
            Text::Title(content) => content.push_title_to(out),
            Text::Words(words) => out.extend_from_slice(words.as_bytes()),
        }
    }

    /// The same in a string of its own.
    pub(in super::super) fn into_string(self) -> String {
        match self {
            Text::Words(words) => words,
            text => text::string(|out| text.push_to(out)),
        }
    }
}

/// What the base64 says with which a line ends.
fn decoded(line: &Line<'_>, at: usize) -> Option<Vec<u8>> {
    use base64::Engine;
    let text = line.octets().get(at..).filter(|text| text.len() > 1)?;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

impl Rest<'_> {
    /// Nothing for people.
    pub(super) fn facts(facts: Facts<'static>) -> Self {
        Rest::Words { details: Vec::new(), facts }
    }

    /// The further lines, in order.
    pub(in super::super) fn each_detail(&self, tell: &mut dyn FnMut(Detail<'_>)) {
        match self {
            Rest::Nothing => {}
            Rest::Reply { lines, .. } => {
                lines[1..].iter().for_each(|line| tell(Detail::Line(line)));
            }
            Rest::Message(content) => content.each_detail(tell),
            Rest::List(content) => content.each_line(tell),
            Rest::Words { details, .. } => {
                details.iter().for_each(|detail| tell(Detail::Words(detail)));
            }
        }
    }

    /// All of it in words.
    pub(in super::super) fn into_words(self) -> (Vec<String>, Facts<'static>) {
        let facts = match self {
            Rest::Words { details, facts } => return (details, facts),
            Rest::Nothing => return (Vec::new(), Facts::None),
            Rest::Reply { code, lines } => {
                let texts = lines.iter().map(|line| line.octets().get(4..).unwrap_or_default());
                let lines = texts.map(|text| Escaped(text).to_string()).collect();
                Facts::Reply { code, lines }
            }
            Rest::Message(content) => content.facts(),
            Rest::List(_) => Facts::None,
        };
        let mut details = Vec::new();
        self.each_detail(&mut |detail| details.push(text::string(|out| detail.push_to(out))));
        (details, facts)
    }
}

impl Detail<'_> {
    /// Writes it. No control characters.
    pub(in super::super) fn push_to(&self, out: &mut Vec<u8>) {
        match self {
            Detail::Line(line) => line.push_to(out),
            Detail::Content(line) => {
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                // Folding often begins with a tab, which is no control of anything here.
                let line = match line.strip_prefix(b"\t") {
                    Some(rest) => {
                        out.extend_from_slice(b"    ");
                        rest
                    }
                    None => line,
                };
                Escaped(line).push_to(out);
            }
            Detail::LeftOut(octets) => {
                let words = format!("… {}", text::plural(*octets, "more octet"));
                out.extend_from_slice(words.as_bytes());
            }
            Detail::Words(words) => out.extend_from_slice(words.as_bytes()),
        }
    }
}
