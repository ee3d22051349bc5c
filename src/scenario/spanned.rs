//! JSON text (RFC 8259) to a tree that knows where each value stands.
//!
//! `serde_json` stops at the first mistake and keeps no places. This reader goes on where the
//! intention is clear (a comma too many or too few, a comment, a key that stands twice), so that one
//! reading tells all. It never fails by recursion: deeper than [`MAX_DEPTH`] is a mistake.

use std::ops::Range;

/// A value and where it stands, in octets of the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A key, where it stands, and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

/// A mistake in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// Where, in octets.
    pub(crate) at: usize,
    /// What was found.
    pub(crate) found: String,
    /// What would be right.
    pub(crate) remedy: Option<String>,
}

impl Node {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Object(members) => {
                members.iter().find(|member| member.key == key).map(|member| &member.node)
            }
            _ => None,
        }
    }

    /// The same without places.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => text.as_str().into(),
            Value::Array(nodes) => nodes.iter().map(Node::to_json).collect(),
            Value::Object(members) => serde_json::Value::Object(
                members.iter().map(|member| (member.key.clone(), member.node.to_json())).collect(),
            ),
        }
    }

    /// What it is, in words: `the number 7`.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Null => "null".into(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => format!("the number {number}"),
            Value::String(text) => {
                let mut short: String = text.chars().take(40).collect();
                if short.len() < text.len() {
                    short.push_str("...");
                }
                format!("{short:?}")
            }
            Value::Array(_) => "a list".into(),
            Value::Object(_) => "an object".into(),
        }
    }
}

/// Reads a JSON text. The tree is there unless the text is beyond understanding; mistakes are listed
/// in the order of the text.
pub(crate) fn read(text: &str) -> (Option<Node>, Vec<SyntaxError>) {
    let mut reader = Reader { text, at: 0, errors: Vec::new() };
    if text.starts_with('\u{feff}') {
        reader.at = 3; // A byte order mark: editors leave it, RFC 8259 §8.1 lets us ignore it.
    }
    reader.space();
    if reader.at == text.len() {
        reader.error(reader.at, "the file is empty", Some("a scenario is a JSON object: {}"));
        return (None, reader.errors);
    }
    if !matches!(reader.peek(), Some(b'{' | b'[')) {
        let found = format!("this is no JSON object: it begins with {}", reader.here());
        reader.error(reader.at, found, Some("a scenario is a JSON object: {...}"));
        return (None, reader.errors);
    }
    let node = reader.value(0);
    if node.is_ok() {
        reader.space();
        if reader.at < text.len() {
            let found = format!("{} after the end of the JSON value", reader.here());
            reader.error(reader.at, found, Some("a scenario is one JSON object"));
        }
    }
    (node.ok(), reader.errors)
}

/// The text cannot be understood from here on; the mistake is listed.
struct Lost;

struct Reader<'t> {
    text: &'t str,
    at: usize,
    errors: Vec<SyntaxError>,
}

impl Reader<'_> {
    fn error(&mut self, at: usize, found: impl Into<String>, remedy: Option<&str>) {
        self.errors.push(SyntaxError { at, found: found.into(), remedy: remedy.map(Into::into) });
    }

    fn lost<T>(&mut self, found: impl Into<String>, remedy: Option<&str>) -> Result<T, Lost> {
        self.error(self.at, found, remedy);
        Err(Lost)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What stands here, in words.
    fn here(&self) -> String {
        match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            None => "the end of the file".into(),
            Some(c) => format!("{c:?}"),
        }
    }

    /// Skips white space, and comments with a mistake listed.
    fn space(&mut self) {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let blank = rest.iter().take_while(|octet| b" \t\r\n".contains(octet)).count();
            self.at += blank;
            let rest = &self.text[self.at..];
            let length = if rest.starts_with("//") || rest.starts_with('#') {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                return;
            };
            self.error(self.at, "a comment", Some("JSON has none; use \"description\""));
            self.at += length;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Lost> {
        let start = self.at;
        if depth > MAX_DEPTH {
            return self.lost(format!("more than {MAX_DEPTH} levels of nesting"), None);
        }
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => self.number()?,
            Some(b'\'') => {
                return self.lost("a single quote", Some("JSON strings stand in \"...\""));
            }
            Some(octet) if octet.is_ascii_alphabetic() => self.word()?,
            _ => {
                let found = format!("{} where a value is due", self.here());
                return self.lost(found, None);
            }
        };
        Ok(Node { span: start..self.at, value })
    }

    fn object(&mut self, depth: usize) -> Result<Value, Lost> {
        let mut members: Vec<Member> = Vec::new();
        // Finds a key that stands twice without comparing all with all; never walked.
        let mut seen = std::collections::BTreeSet::new();
        self.items(b'}', |reader| {
            let start = reader.at;
            match reader.peek() {
                Some(b'"') => {}
                Some(b'\'') => {
                    return reader.lost("a single quote", Some("JSON keys stand in \"...\""));
                }
                _ => {
                    let found = format!("{} where a key is due", reader.here());
                    return reader.lost(found, Some("a key stands in \"...\""));
                }
            }
            let key = reader.string()?;
            let key_span = start..reader.at;
            reader.space();
            if reader.peek() != Some(b':') {
                let found = format!("{} after the key {key:?}", reader.here());
                return reader.lost(found, Some("a colon and a value follow a key"));
            }
            reader.at += 1;
            reader.space();
            let node = reader.value(depth + 1)?;
            if seen.insert(key.clone()) {
                members.push(Member { key, key_span, node });
            } else {
                reader.error(
                    start,
                    format!("the key {key:?} stands twice in one object"),
                    Some("the second one would be lost; name each once"),
                );
            }
            Ok(())
        })?;
        Ok(Value::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Value, Lost> {
        let mut nodes = Vec::new();
        self.items(b']', |reader| {
            nodes.push(reader.value(depth + 1)?);
            Ok(())
        })?;
        Ok(Value::Array(nodes))
    }

    /// From an opening bracket to `close`, items with commas between them.
    fn items(
        &mut self,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), Lost>,
    ) -> Result<(), Lost> {
        let open = self.at;
        self.at += 1;
        self.space();
        let mut comma: Option<usize> = None;
        loop {
            match self.peek() {
                Some(octet) if octet == close => {
                    if let Some(comma) = comma {
                        let found = format!("a comma before the closing {:?}", char::from(close));
                        self.error(comma, found, Some("remove it: JSON has no trailing comma"));
                    }
                    self.at += 1;
                    return Ok(());
                }
                None => {
                    let opened = char::from(self.text.as_bytes()[open]);
                    self.error(open, format!("{opened:?} is never closed"), None);
                    return Err(Lost);
                }
                Some(b'}' | b']') => {
                    let found = format!("{} where {:?} is due", self.here(), char::from(close));
                    return self.lost(found, None);
                }
                _ => {}
            }
            item(self)?;
            let end = self.at;
            self.space();
            comma = None;
            match self.peek() {
                Some(b',') => {
                    comma = Some(self.at);
                    self.at += 1;
                    self.space();
                    while self.peek() == Some(b',') {
                        self.error(self.at, "two commas in a row", Some("remove one"));
                        self.at += 1;
                        self.space();
                    }
                }
                Some(octet) if octet == close => {}
                Some(octet) if octet == b'"' || octet == b'{' || octet == b'[' => {
                    self.error(end, "no comma before the next item", Some("put one here"));
                }
                None => {}
                Some(_) => {
                    let found = format!("{} after an item", self.here());
                    let remedy = format!("a comma or {:?} follows", char::from(close));
                    return self.lost(found, Some(&remedy));
                }
            }
        }
    }

    fn string(&mut self) -> Result<String, Lost> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(b'\n' | b'\r') | None => {
                    self.error(start, "a string that is not closed on its line", Some(LINE_END));
                    return Err(Lost);
                }
                Some(octet) => {
                    let found = format!("the control character {octet:#04x} in a string");
                    let remedy = format!("write it as \\u{octet:04x}");
                    self.error(self.at, found, Some(&remedy));
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Lost> {
        let start = self.at;
        self.at += 2;
        match self.text.as_bytes().get(start + 1) {
            Some(b'"') => return Ok('"'),
            Some(b'\\') => return Ok('\\'),
            Some(b'/') => return Ok('/'),
            Some(b'b') => return Ok('\u{8}'),
            Some(b'f') => return Ok('\u{c}'),
            Some(b'n') => return Ok('\n'),
            Some(b'r') => return Ok('\r'),
            Some(b't') => return Ok('\t'),
            Some(b'u') => {}
            _ => {
                self.at = start;
                return self.lost("a backslash that begins no escape", Some(BACKSLASH));
            }
        }
        let Some(first) = self.hex() else {
            self.at = start;
            return self.lost("\\u without four hexadecimal digits", None);
        };
        // A character beyond U+FFFF is written as two escapes (RFC 8259 §7).
        let code = match first {
            0xd800..=0xdbff if self.text[self.at..].starts_with("\\u") => {
                self.at += 2;
                match self.hex() {
                    Some(second @ 0xdc00..=0xdfff) => {
                        0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    _ => first,
                }
            }
            _ => first,
        };
        match char::from_u32(code) {
            Some(c) => Ok(c),
            None => {
                self.at = start;
                self.lost("half of a surrogate pair", None)
            }
        }
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        let mut code = 0;
        for &digit in digits {
            code = code * 16 + char::from(digit).to_digit(16)?;
        }
        self.at += 4;
        Some(code)
    }

    fn number(&mut self) -> Result<Value, Lost> {
        let rest = &self.text[self.at..];
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
            .unwrap_or(rest.len());
        let written = &rest[..length];
        match serde_json::from_str::<serde_json::Number>(written) {
            Ok(number) => {
                self.at += length;
                Ok(Value::Number(number))
            }
            Err(_) => {
                let found = format!("{written:?} is no JSON number");
                self.lost(found, Some("a quantity with a unit stands in \"...\""))
            }
        }
    }

    fn word(&mut self) -> Result<Value, Lost> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let value = match &rest[..length] {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            word => {
                let (found, remedy) = match word.to_ascii_lowercase().as_str() {
                    lower @ ("true" | "false" | "null") => {
                        (format!("{word:?} without quotes"), format!("write {lower}"))
                    }
                    "none" => (format!("{word:?} without quotes"), "leave the key out".into()),
                    _ => (format!("{word:?} without quotes"), "text stands in \"...\"".into()),
                };
                return self.lost(found, Some(&remedy));
            }
        };
        self.at += length;
        Ok(value)
    }
}

/// Deeper than any scenario, and shallow enough for every stack.
pub(crate) const MAX_DEPTH: usize = 64;
const LINE_END: &str = "close it with \", and write a line end as \\n";
const BACKSLASH: &str = "write \\\\ for a backslash";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let (_, errors) = read(text);
        let found: Vec<String> =
            errors.iter().map(|error| format!("{}: {}", error.at, error.found)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_is_meant_is_read_on_and_everything_is_listed() {
        check(
            "{\"a\": 1, \"a\": 2, // no\n \"b\": [1 2] \"c\": [1,,2,],}",
            &[
                "9: the key \"a\" stands twice in one object",
                "17: a comment",
                "32: '2' after an item",
            ],
        );
        check(
            "{\"a\": 1, /* x */ \"b\": [\"1\" \"2\"] \"c\": [1,,2,],}",
            &[
                "9: a comment",
                "26: no comma before the next item",
                "31: no comma before the next item",
                "40: two commas in a row",
                "42: a comma before the closing ']'",
                "44: a comma before the closing '}'",
            ],
        );
    }

    #[test]
    fn no_json_at_all() {
        check("", &["0: the file is empty"]);
        check("hello", &["0: this is no JSON object: it begins with 'h'"]);
        check("{\"a\": hello}", &["6: \"hello\" without quotes"]);
        check("{\"a\": 'b'}", &["6: a single quote"]);
        check("{a: 1}", &["1: 'a' where a key is due"]);
        check("{\"a\": 10ms}", &["6: \"10ms\" is no JSON number"]);
        check("{\"a\": [1}", &["8: '}' after an item"]);
        check("{\"a\": \"b", &["6: a string that is not closed on its line"]);
        check("{\"a\": [", &["6: '[' is never closed"]);
        check("{} {}", &["3: '{' after the end of the JSON value"]);
        check(&"[".repeat(1_000_000), &["65: more than 64 levels of nesting"]);
    }

    #[test]
    fn a_byte_order_mark_is_nothing() {
        check("\u{feff}{}", &[]);
    }

    proptest! {
        #[test]
        fn right_json_is_read_as_serde_reads_it(text in "[\\[\\]{}\",:0-9a\\\\u.e \\-ntrulfse]{0,40}") {
            let (node, errors) = read(&text);
            match serde_json::from_str::<serde_json::Value>(&text) {
                Ok(value) if errors.is_empty() => {
                    prop_assert_eq!(node.map(|node| node.to_json()), Some(value));
                }
                Ok(value) if value.is_array() || value.is_object() => {
                    prop_assert!(errors.iter().all(|error| error.found.contains("twice")));
                }
                Ok(_) => prop_assert!(errors[0].found.contains("no JSON object")),
                Err(_) => prop_assert!(!errors.is_empty(), "{}", text),
            }
        }

        #[test]
        fn arbitrary_text_is_survived(text in "\\PC{0,60}") {
            read(&text);
        }
    }
}
