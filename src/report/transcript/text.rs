//! Octets of peers as text that is safe to print, and the columns of a line.
//!
//! Every line of a transcript goes through here: nothing is formatted that can be pushed, and no line has
//! a string of its own (bench `deliveries -- transcript`).

use std::fmt::{self, Display, Formatter};

use memchr::memrchr;

use crate::engine::SimTime;
use crate::proto::decimal;

use super::dissect::{Detail, Unit};
use super::entry::{Entry, Protocol};
use super::reader::{Head, Teller};

/// Octets as text: UTF-8 as it is, but what would move the cursor, change the direction of writing
/// or is no UTF-8 as `\r`, `\n`, `\t`, `\0` or `\x1b`.
///
/// A backslash stays a backslash, since IMAP flags are full of them.
pub(crate) struct Escaped<'a>(pub(crate) &'a [u8]);

impl Escaped<'_> {
    /// Writes it.
    pub(super) fn push_to(&self, out: &mut Vec<u8>) {
        if self.is_plain_ascii() {
            out.extend_from_slice(self.0);
        } else {
            out.extend_from_slice(self.to_string().as_bytes());
        }
    }

    fn is_plain_ascii(&self) -> bool {
        // Without a branch for each, so that many are looked at in one step.
        !self.0.iter().fold(false, |odd, octet| odd | !matches!(octet, b' '..=b'~'))
    }
}

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            let mut plain = 0;
            let valid = chunk.valid();
            for (place, character) in valid.char_indices() {
                if is_plain(character) {
                    continue;
                }
                f.write_str(&valid[plain..place])?;
                plain = place + character.len_utf8();
                match character {
                    '\r' => f.write_str("\\r")?,
                    '\n' => f.write_str("\\n")?,
                    '\t' => f.write_str("\\t")?,
                    '\0' => f.write_str("\\0")?,
                    _ if character.is_ascii() => write!(f, "\\x{:02x}", character as u32)?,
                    _ => write!(f, "\\u{{{:x}}}", character as u32)?,
                }
            }
            f.write_str(&valid[plain..])?;
            chunk.invalid().iter().try_for_each(|octet| write!(f, "\\x{octet:02x}"))?;
        }
        Ok(())
    }
}

/// A text, [`Escaped`]; itself, if it is plain.
pub(super) fn escaped(text: String) -> String {
    if text.chars().all(is_plain) { text } else { Escaped(text.as_bytes()).to_string() }
}

/// Not a control character, not a line or paragraph separator, not a bidirectional format control.
fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// `1 octet`, `2 octets`
pub(super) fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// What is written by pushing it to octets, in a string of its own.
pub(super) fn string(push: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut octets = Vec::new();
    push(&mut octets);
    String::from_utf8(octets).expect("all that is pushed is text")
}

impl Entry<'_> {
    /// The columns of the entry's line, each but the last as wide as it is on every line: time in
    /// seconds, who to whom, protocol, text. Two spaces go between them. What was sent through TLS is
    /// marked `(tls)`.
    pub fn columns(&self) -> [String; 4] {
        [
            format!("{:>TIME_COLUMNS$}", Seconds(self.time)),
            string(|out| push_parties(&self.from, self.to.as_deref(), self.protocol, out)),
            format!("{:<PROTOCOL_COLUMNS$}", self.protocol),
            if self.encrypted { format!("{TLS_MARK}{}", self.text) } else { self.text.clone() },
        ]
    }

    /// A further line of the entry, as it stands below it.
    pub fn indented(detail: &str) -> String {
        string(|out| {
            push_indent(out);
            out.extend_from_slice(detail.as_bytes());
        })
    }
}

/// The text of a transcript: lines in columns, details below.
pub(super) struct Page<F> {
    text: Vec<u8>,
    /// Whether what happened at that time, was spoken in that protocol, from whom to whom, is shown.
    shows: F,
}

impl<F: Fn(SimTime, Protocol, &str, Option<&str>) -> bool> Page<F> {
    /// An empty one, on which so much is shown.
    pub(super) fn new(shows: F) -> Self {
        Page { text: Vec::with_capacity(2 * FULL_OCTETS), shows }
    }

    /// Whether it is time to turn it.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= FULL_OCTETS
    }

    /// What is on it: whole lines.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// A new one, in its place.
    pub(super) fn turn(&mut self) {
        self.text.clear();
    }

    /// Writes a line, to the last column of which `push` adds its text.
    fn push_line(
        &mut self,
        time: SimTime,
        (from, to): (&str, Option<&str>),
        (protocol, encrypted): (Protocol, bool),
        push: impl FnOnce(&mut Vec<u8>),
    ) {
        let out = &mut self.text;
        push_time(time, out);
        push_parties(from, to, protocol, out);
        push_protocol(protocol, out);
        if encrypted {
            out.extend_from_slice(TLS_MARK.as_bytes());
        }
        push(out);
        end_line(out);
    }

    fn push_detail(&mut self, push: impl FnOnce(&mut Vec<u8>)) {
        push_indent(&mut self.text);
        push(&mut self.text);
        end_line(&mut self.text);
    }
}

impl<'w, F: Fn(SimTime, Protocol, &str, Option<&str>) -> bool> Teller<'w> for Page<F> {
    const TELLS_CAUSES: bool = false;

    fn said(&mut self, head: Head<'_, 'w>, unit: Unit<'_>) {
        let Head { record, from, to, protocol, encrypted, .. } = head;
        let parties = (&**from, Some(&**to));
        if (self.shows)(record.time, protocol, parties.0, parties.1) {
            let spoken = (protocol, encrypted);
            self.push_line(record.time, parties, spoken, |out| unit.text.push_to(out));
            let mut push = |detail: Detail<'_>| self.push_detail(|out| detail.push_to(out));
            unit.rest.each_detail(&mut push);
        }
    }

    fn tell(&mut self, entry: Entry<'w>) {
        let Entry { time, from, to, protocol, text, encrypted, details, .. } = &entry;
        let parties = (&**from, to.as_deref());
        if (self.shows)(*time, *protocol, parties.0, parties.1) {
            let spoken = (*protocol, *encrypted);
            self.push_line(*time, parties, spoken, |out| out.extend_from_slice(text.as_bytes()));
            for detail in details {
                self.push_detail(|out| out.extend_from_slice(detail.as_bytes()));
            }
        }
    }
}

/// Ends the last line, without white space at its end.
fn end_line(out: &mut Vec<u8>) {
    if out.last().is_none_or(|last| !last.is_ascii_graphic()) {
        let start = memrchr(b'\n', out).map_or(0, |end| end + 1);
        let line = std::str::from_utf8(&out[start..]).expect("all that is pushed is text");
        let length = line.trim_end().len();
        out.truncate(start + length);
    }
    out.push(b'\n');
}

fn push_indent(out: &mut Vec<u8>) {
    out.extend_from_slice(INDENT.as_bytes());
}

/// With two spaces behind it.
fn push_time(time: SimTime, out: &mut Vec<u8>) {
    let mut column = [b' '; SECONDS_OCTETS + 2];
    let seconds = column.first_chunk_mut().expect("the column has room for them");
    let length = put_seconds(time, seconds);
    out.extend_from_slice(&column[SECONDS_OCTETS - length.max(TIME_COLUMNS)..]);
}

fn push_parties(from: &str, to: Option<&str>, protocol: Protocol, out: &mut Vec<u8>) {
    let columns = |name: &str| if name.is_ascii() { name.len() } else { name.chars().count() };
    out.extend_from_slice(from.as_bytes());
    let mut taken = columns(from);
    if let Some(to) = to {
        let arrow = if protocol == Protocol::Network { " – " } else { " → " };
        out.extend_from_slice(arrow.as_bytes());
        out.extend_from_slice(to.as_bytes());
        taken += 3 + columns(to);
    }
    out.extend_from_slice(&SPACES[..PARTIES_COLUMNS.saturating_sub(taken)]);
}

/// With two spaces on both sides.
fn push_protocol(protocol: Protocol, out: &mut Vec<u8>) {
    let mut column = [b' '; 2 + PROTOCOL_COLUMNS + 2];
    let name = protocol.name().as_bytes();
    column[2..2 + name.len()].copy_from_slice(name);
    out.extend_from_slice(&column);
}

/// What was sent through TLS.
const TLS_MARK: &str = "(tls) ";
/// Room for five days and microseconds.
const TIME_COLUMNS: usize = 13;
/// Fixed, so that a host more in a scenario does not move every line of a snapshot.
const PARTIES_COLUMNS: usize = 47;
/// Room for the longest.
const PROTOCOL_COLUMNS: usize = 4;
/// What stands before a further line: as many columns as time takes, and two more.
const INDENT: &str = "               │ ";
/// As many as a column may need.
const SPACES: [u8; PARTIES_COLUMNS] = [b' '; PARTIES_COLUMNS];
/// So much text is handed on in one piece.
const FULL_OCTETS: usize = 16 * 1024;
/// Twenty digits and a point.
const SECONDS_OCTETS: usize = 21;

/// Seconds with six digits; what is below a microsecond is cut off.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) SimTime);

impl Display for Seconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut octets = [b' '; SECONDS_OCTETS];
        let length = put_seconds(self.0, &mut octets);
        let digits = std::str::from_utf8(&octets[SECONDS_OCTETS - length..]);
        f.pad(digits.expect("digits and a point are ASCII"))
    }
}

/// Puts seconds at the end of `octets`, and tells how many of them they take.
fn put_seconds(time: SimTime, octets: &mut [u8; SECONDS_OCTETS]) -> usize {
    let micros = time.as_nanos() / 1000;
    let (seconds, fraction) = octets.split_at_mut(SECONDS_OCTETS - 7);
    fraction[0] = b'.';
    decimal::put_digits::<6>((micros % 1_000_000) as u32, &mut fraction[1..]);
    SECONDS_OCTETS - decimal::put_number(micros / 1_000_000, seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_of_peers_cannot_harm_a_terminal() {
        let check = |octets: &[u8], text: &str| {
            let pushed = string(|out| Escaped(octets).push_to(out));
            assert_eq!([pushed, Escaped(octets).to_string()], [text; 2]);
        };
        check(b"plain", "plain");
        check("Grüße 日本".as_bytes(), "Grüße 日本");
        check(b"(\\Seen)", "(\\Seen)");
        check(b"\0a\tb\r\n\x1b[2J\x7f", "\\0a\\tb\\r\\n\\x1b[2J\\x7f");
        check(b"caf\xe9\xff!", "caf\\xe9\\xff!");
        check("\u{85}\u{202e}".as_bytes(), "\\u{85}\\u{202e}");
        // Wherever it stands in a long text.
        for place in 0..40 {
            let mut octets = [b'x'; 40];
            octets[place] = 0x7f;
            let text = format!("{}\\x7f{}", "x".repeat(place), "x".repeat(39 - place));
            check(&octets, &text);
        }
    }

    #[test]
    fn seconds_have_six_digits() {
        let check = |nanos: u64, text: &str| {
            assert_eq!(Seconds(SimTime::from_nanos(nanos)).to_string(), text);
        };
        check(12_000_345_678, "12.000345");
        check(0, "0.000000");
        check(1_000, "0.000001");
        check(432_000_100_000_000, "432000.100000");
        check(u64::MAX, "18446744073.709551");
    }

    #[test]
    fn columns_are_as_wide_as_they_are_told_to_be() {
        let time = |millis| string(|out| push_time(SimTime::from_millis(millis), out));
        assert_eq!(time(1_500), "     1.500000  ");
        assert_eq!(time(12_345_678_500), "12345678.500000  ");
        assert_eq!(INDENT.chars().count(), TIME_COLUMNS + 4);
        let parties = |from: &str, to: Option<&str>, protocol| {
            string(|out| push_parties(from, to, protocol, out))
        };
        let padded = |text: &str| format!("{text:<PARTIES_COLUMNS$}");
        assert_eq!(parties("a", Some("bücher"), Protocol::Smtp), padded("a → bücher"));
        assert_eq!(parties("a", Some("b"), Protocol::Network), padded("a – b"));
        let long = "a-host-with-a-name.that-takes-more.than-the.column";
        assert_eq!(parties(long, None, Protocol::Note), long);
    }

    #[test]
    fn lines_end_without_white_space() {
        let check = |line: &str, ended: &str| {
            let ended_line = string(|out| {
                out.extend_from_slice(b"before \n");
                out.extend_from_slice(line.as_bytes());
                end_line(out);
            });
            assert_eq!(ended_line, format!("before \n{ended}\n"));
        };
        check("a  ", "a");
        check("a\u{a0} \u{3000}", "a");
        check("a é", "a é");
        check("  ", "");
        check("", "");
    }
}
