//! Octets of peers as text that is safe to print, and the columns of a line.

use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};

use crate::engine::SimTime;

use super::entry::{Entry, Protocol};

/// Octets as text: UTF-8 as it is, but what would move the cursor, change the direction of writing
/// or is no UTF-8 as `\r`, `\n`, `\t`, `\0` or `\x1b`.
///
/// A backslash stays a backslash, since IMAP flags are full of them.
pub(crate) struct Escaped<'a>(pub(crate) &'a [u8]);

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

/// Not a control character, not a line or paragraph separator, not a bidirectional format control.
fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl Entry<'_> {
    /// The columns of the entry's line, each but the last as wide as it is on every line: time in
    /// seconds, who to whom, protocol, text. Two spaces go between them. What was sent through TLS is
    /// marked `(tls)`.
    pub fn columns(&self) -> [String; 4] {
        let parties = match &self.to {
            Some(other) if self.protocol == Protocol::Network => format!("{} – {other}", self.from),
            Some(other) => format!("{} → {other}", self.from),
            None => self.from.to_string(),
        };
        [
            format!("{:>TIME_COLUMNS$}", Seconds(self.time)),
            format!("{parties:<PARTIES_COLUMNS$}"),
            format!("{:<4}", self.protocol),
            match self.encrypted {
                true => format!("(tls) {}", self.text),
                false => self.text.clone(),
            },
        ]
    }

    /// A further line of the entry, as it stands below it.
    pub fn indented(detail: &str) -> String {
        format!("{:TIME_COLUMNS$}  │ {detail}", "")
    }
}

/// Writes an entry in columns, details below.
pub(super) fn write_entry(to: &mut dyn Write, entry: &Entry<'_>) -> io::Result<()> {
    writeln!(to, "{}", entry.columns().join("  ").trim_end())?;
    for detail in &entry.details {
        writeln!(to, "{}", Entry::indented(detail).trim_end())?;
    }
    Ok(())
}

/// Room for five days and microseconds.
const TIME_COLUMNS: usize = 13;
/// Fixed, so that a host more in a scenario does not move every line of a snapshot.
const PARTIES_COLUMNS: usize = 47;

/// Seconds with six digits; what is below a microsecond is cut off.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub(crate) SimTime);

impl Display for Seconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_nanos() / 1000;
        f.pad(&format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_of_peers_cannot_harm_a_terminal() {
        let check = |octets: &[u8], text: &str| assert_eq!(Escaped(octets).to_string(), text);
        check(b"plain", "plain");
        check("Grüße 日本".as_bytes(), "Grüße 日本");
        check(b"(\\Seen)", "(\\Seen)");
        check(b"\0a\tb\r\n\x1b[2J\x7f", "\\0a\\tb\\r\\n\\x1b[2J\\x7f");
        check(b"caf\xe9\xff!", "caf\\xe9\\xff!");
        check("\u{85}\u{202e}".as_bytes(), "\\u{85}\\u{202e}");
    }

    #[test]
    fn seconds_have_six_digits() {
        assert_eq!(Seconds(SimTime::from_nanos(12_000_345_678)).to_string(), "12.000345");
    }
}
