//! How text is put into a message: encoded words, folding, quoting, transfer encodings.
//!
//! Follows RFC 2047 (encoded words), RFC 5322 §2.1.1 and §2.2.3 (line length, folding), RFC 2045
//! §6 and RFC 2231 §4. Nothing handed in can start a field of its own: controls become spaces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use memchr::memmem;

/// A field `name: value`, with its line end: folded, and in encoded words where it is not ASCII or
/// a word is too long for a line.
pub fn encode_field(name: &str, value: &str) -> String {
    let mut field = FieldWriter::new(name);
    field.text(value);
    field.finish()
}

/// A field whose value is a list of items, folded between them; empty for no items.
pub fn encode_list<T: std::fmt::Display>(name: &str, items: &[T]) -> String {
    let Some((last, others)) = items.split_last() else { return String::new() };
    let mut field = FieldWriter::new(name);
    for item in others {
        field.word(&format!("{item},"));
    }
    field.word(&last.to_string());
    field.finish()
}

/// A display name: as it is, quoted, or in encoded words (RFC 5322 §3.2.5, RFC 2047 §5).
pub fn encode_phrase(phrase: &str) -> String {
    let single_spaced = phrase.split(' ').all(|word| !word.is_empty());
    if single_spaced && phrase.chars().all(|char| char == ' ' || is_atext(char)) {
        phrase.to_owned()
    } else if phrase.is_ascii() {
        quoted_string(phrase)
    } else {
        encoded_words(phrase, 75).join(" ")
    }
}

/// A local part, quoted unless it is a dot-atom (RFC 5322 §3.4.1), which may go beyond ASCII
/// (RFC 6532 §3.2).
pub fn quote_local_part(local_part: &str) -> String {
    let in_atom = |c: char| is_atext(c) || !(c.is_ascii() || c.is_control() || c.is_whitespace());
    let is_dot_atom =
        local_part.split('.').all(|atom| !atom.is_empty() && atom.chars().all(in_atom));
    if is_dot_atom || local_part.is_empty() {
        local_part.to_owned()
    } else {
        quoted_string(local_part)
    }
}

/// `text` in quotes, with quoted pairs where they are needed; controls become spaces.
pub fn quoted_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            _ if char.is_control() => quoted.push(' '),
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// A parameter `; name="value"`, or `; name*=utf-8''...` where the value is not ASCII (RFC 2231).
pub fn encode_parameter(name: &str, value: &str) -> String {
    if value.is_ascii() {
        return format!("; {name}={}", quoted_string(value));
    }
    let mut encoded = format!("; {name}*=utf-8''");
    for &octet in value.as_bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                encoded.push(char::from(octet));
            }
            _ => push_hex(&mut encoded, '%', octet),
        }
    }
    encoded
}

/// Base64 in lines of 76 characters, each with its line end (RFC 2045 §6.8).
pub fn encode_base64(octets: &[u8]) -> String {
    let mut lines = String::with_capacity(octets.len() / 57 * 78 + 80);
    // 57 octets make one line.
    for line in octets.chunks(57) {
        BASE64.encode_string(line, &mut lines);
        lines.push_str("\r\n");
    }
    lines
}

/// Quoted-printable (RFC 2045 §6.7) of text whose lines end in CRLF.
pub fn encode_quoted_printable(text: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(length) = memmem::find(rest, b"\r\n") {
        quote_line(&rest[..length], &mut encoded);
        encoded.push_str("\r\n");
        rest = &rest[length + 2..];
    }
    quote_line(rest, &mut encoded);
    encoded
}

fn quote_line(line: &[u8], encoded: &mut String) {
    let mut column = 0;
    for (at, &octet) in line.iter().enumerate() {
        let last = at + 1 == line.len();
        let literal = match octet {
            b'=' => false,
            b' ' | b'\t' => !last,
            _ => octet.is_ascii_graphic(),
        };
        let width = if literal { 1 } else { 3 };
        // A soft line break takes the 76th column, except where the line ends here anyway.
        if column + width > if last { 76 } else { 75 } {
            encoded.push_str("=\r\n");
            column = 0;
        }
        if literal {
            encoded.push(char::from(octet));
        } else {
            push_hex(encoded, '=', octet);
        }
        column += width;
    }
}

/// `text` as encoded words of UTF-8, none with half a character in it, none above 75 characters,
/// and the first, where that is possible, not above `room`.
fn encoded_words(text: &str, room: usize) -> Vec<String> {
    let strange = text.bytes().filter(|&octet| !is_q_literal(octet)).count();
    // Q is readable; B is shorter where much is strange.
    let base64 = strange * 2 > text.len();
    let mut words = Vec::new();
    let mut chunk = String::new();
    // `=?utf-8?q?` and `?=` take 12.
    let mut room = room.clamp(24, 75) - 12;
    let mut width = 0;
    for char in text.chars() {
        let mut buffer = [0; 4];
        let q_width = |octet: &u8| if is_q_literal(*octet) { 1 } else { 3 };
        let char_width: usize = match base64 {
            true => char.len_utf8(),
            false => char.encode_utf8(&mut buffer).as_bytes().iter().map(q_width).sum(),
        };
        if width + char_width > if base64 { room / 4 * 3 } else { room } {
            words.push(encoded_word(&chunk, base64));
            chunk.clear();
            width = 0;
            room = 75 - 12;
        }
        chunk.push(char);
        width += char_width;
    }
    words.push(encoded_word(&chunk, base64));
    words
}

fn encoded_word(chunk: &str, base64: bool) -> String {
    if base64 {
        return format!("=?utf-8?b?{}?=", BASE64.encode(chunk));
    }
    let mut word = "=?utf-8?q?".to_owned();
    for &octet in chunk.as_bytes() {
        match octet {
            b' ' => word.push('_'),
            _ if is_q_literal(octet) => word.push(char::from(octet)),
            _ => push_hex(&mut word, '=', octet),
        }
    }
    word.push_str("?=");
    word
}

/// What may stand for itself in a Q word anywhere in a header (RFC 2047 §5 (3)); a space as `_`.
fn is_q_literal(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b' ' | b'!' | b'*' | b'+' | b'-' | b'/')
}

/// The last place in `text`, not after `limit` octets, that is between two characters.
pub(super) fn char_boundary(text: &str, limit: usize) -> usize {
    (0..=limit.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The `atext` of RFC 5322 §3.2.3.
fn is_atext(char: char) -> bool {
    char.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(char)
}

fn push_hex(text: &mut String, mark: char, octet: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    text.extend([mark, digit(octet >> 4), digit(octet & 15)]);
}

/// Builds one field out of words, with a fold before each that would pass the column.
pub(super) struct FieldWriter {
    text: String,
    column: usize,
    blank: bool,
}

impl FieldWriter {
    pub(super) fn new(name: &str) -> Self {
        FieldWriter { text: format!("{name}:"), column: name.len() + 1, blank: true }
    }

    /// Appends text: ASCII words as they are, others in encoded words. Controls become spaces.
    pub(super) fn text(&mut self, value: &str) {
        let value: String =
            value.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        let value = value.trim();
        let words: Vec<&str> = value.split(' ').collect();
        let needs_encoding =
            |word: &&str| !word.is_ascii() || word.contains("=?") || word.len() > LONGEST_WORD;
        let first = words.iter().position(needs_encoding);
        let last = words.iter().rposition(needs_encoding);
        match first.zip(last) {
            None => words.iter().for_each(|word| self.word(word)),
            Some((first, last)) => {
                words[..first].iter().for_each(|word| self.word(word));
                // One run from the first strange word to the last: the spaces between encoded words
                // would vanish for the reader.
                let run = words[first..=last].join(" ");
                encoded_words(&run, self.room()).iter().for_each(|word| self.word(word));
                words[last + 1..].iter().for_each(|word| self.word(word));
            }
        }
    }

    /// Appends what readers do not decode, an address for one, or text where UTF-8 is allowed.
    /// Controls become `?`, and a word that is too long for a line is cut.
    pub(super) fn verbatim(&mut self, value: &str) {
        let value: String =
            value.trim().chars().map(|char| if char.is_control() { '?' } else { char }).collect();
        for mut word in value.split(' ') {
            while word.len() > LONGEST_WORD {
                let (piece, rest) = word.split_at(char_boundary(word, LONGEST_WORD));
                self.word(piece);
                word = rest;
            }
            self.word(word);
        }
    }

    /// Lets the next word begin a line, unless nothing stands before it.
    pub(super) fn fold(&mut self) {
        if !self.blank {
            self.column = LINE_LENGTH;
        }
    }

    fn word(&mut self, word: &str) {
        // A line of white space alone would be obsolete syntax (RFC 5322 §4.2).
        if !word.is_empty() && !self.blank && self.column + 1 + word.len() > LINE_LENGTH {
            self.text.push_str("\r\n");
            self.column = 0;
            self.blank = true;
        }
        self.text.push(' ');
        self.text.push_str(word);
        self.column += 1 + word.len();
        self.blank &= word.is_empty();
    }

    /// How long the next word may be without a fold; on the next line, where little is left.
    fn room(&self) -> usize {
        match LINE_LENGTH.saturating_sub(self.column + 1) {
            0..40 if !self.blank => LINE_LENGTH - 1,
            room => room,
        }
    }

    /// The field with its line end.
    pub(super) fn finish(mut self) -> String {
        self.text.push_str("\r\n");
        self.text
    }
}

/// Where lines are folded: 76, the bound for lines with encoded words (RFC 2047 §2), which is
/// below the 78 of RFC 5322 §2.1.1.
const LINE_LENGTH: usize = 76;

/// What a line of 998 octets (RFC 5322 §2.1.1) has room for, with a field name before it.
const LONGEST_WORD: usize = 900;

#[cfg(test)]
mod tests {
    use super::super::decode::{decode_base64, decode_quoted_printable, decode_words};
    use super::super::header::Message;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(encode_field("Subject", "Hello"), "Subject: Hello\r\n");
        assert_eq!(encode_field("Subject", ""), "Subject: \r\n");
        assert_eq!(encode_field("X", "a\r\nBcc: b"), "X: a  Bcc: b\r\n");
    }

    #[test]
    fn only_strange_words_are_encoded() {
        assert_eq!(
            encode_field("Subject", "Re: Grüße aus Köln, again"),
            "Subject: Re: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln=2C?= again\r\n"
        );
        assert_eq!(
            encode_field("Subject", "こんにちは"),
            "Subject: =?utf-8?b?44GT44KT44Gr44Gh44Gv?=\r\n"
        );
    }

    #[test]
    fn names_and_local_parts_are_quoted_where_they_must_be() {
        assert_eq!(encode_phrase("Bob Brown"), "Bob Brown");
        assert_eq!(encode_phrase("Bob B. Brown"), "\"Bob B. Brown\"");
        assert_eq!(encode_phrase("Jürgen"), "=?utf-8?q?J=C3=BCrgen?=");
        assert_eq!(quote_local_part("a.b"), "a.b");
        assert_eq!(quote_local_part("a..b"), "\"a..b\"");
    }

    #[test]
    fn parameters_with_strange_letters_follow_rfc_2231() {
        assert_eq!(encode_parameter("filename", "a b.txt"), "; filename=\"a b.txt\"");
        assert_eq!(encode_parameter("filename", "€ a"), "; filename*=utf-8''%E2%82%AC%20a");
    }

    #[test]
    fn quoted_printable_protects_the_ends_of_lines() {
        assert_eq!(encode_quoted_printable(b"a =\r\nb \r\n"), "a =3D\r\nb=20\r\n");
        let long = "x".repeat(77);
        assert_eq!(encode_quoted_printable(long.as_bytes()), format!("{}=\r\nxx", "x".repeat(75)));
        assert_eq!(encode_quoted_printable(&long.as_bytes()[1..]), "x".repeat(76));
    }

    proptest! {
        #[test]
        fn fields_say_what_was_meant(words in prop::collection::vec("[ -~äöü漢字=?]{1,30}", 0..12)) {
            let value = words.join(" ");
            let field = encode_field("Subject", &value);
            prop_assert!(field.is_ascii() && field.ends_with("\r\n"));
            let message = Message::parse(field.as_bytes());
            prop_assert_eq!(message.header().fields().count(), 1);
            let found = message.header().value("subject").unwrap();
            let found = decode_words(&found);
            prop_assert_eq!(found, value.trim());
        }

        #[test]
        fn encoded_lines_are_short(value in "[äöü漢字 ]{1,200}") {
            for line in encode_field("Subject", &value).lines() {
                prop_assert!(line.len() <= LINE_LENGTH, "{}", line);
            }
        }

        #[test]
        fn transfer_encodings_round_trip(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(decode_base64(encode_base64(&octets).as_bytes()), octets.clone());
            let encoded = encode_quoted_printable(&octets);
            prop_assert!(encoded.lines().all(|line| line.len() <= 76));
            prop_assert_eq!(decode_quoted_printable(encoded.as_bytes()), octets);
        }
    }
}
