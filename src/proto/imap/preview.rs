//! PREVIEW: the beginning of what a message says (RFC 8970).
//!
//! Made of the first text that is no attachment, plain where there is a choice; of HTML, what
//! would be shown. Lines that quote another message are left out, as in Dovecot.

use super::message::Message;
use crate::proto::mail::{Content, Part};

/// The preview, at most [`MAX_CHARS`] long, with single spaces. Empty where there is no text.
pub(super) fn preview(message: &Message) -> String {
    let data = message.data();
    let Some(part) = shown(message.structure()) else { return String::new() };
    // More than enough octets for the preview, but for style sheets of any length.
    let text = part.text_in(data);
    if part.content_type.is("text", "html") {
        return words(Html { rest: &text });
    }
    let quotes = |line: &&str| !line.starts_with('>');
    words(text.lines().filter(quotes).flat_map(|line| line.chars().chain([' '])))
}

/// The text that is looked at first.
fn shown(part: &Part) -> Option<&Part> {
    match &part.content {
        Content::Message(inner) => shown(inner),
        Content::Multipart(parts) if part.content_type.is("multipart", "alternative") => {
            let all = || parts.iter().filter_map(shown);
            all().find(|part| !part.content_type.is("text", "html")).or_else(|| all().next())
        }
        Content::Multipart(parts) => parts.iter().find_map(shown),
        Content::Leaf => {
            let is_attachment = (part.disposition.as_ref())
                .is_some_and(|disposition| disposition.kind.eq_ignore_ascii_case("attachment"));
            let is_text =
                part.content_type.is("text", "plain") || part.content_type.is("text", "html");
            (is_text && !is_attachment).then_some(part)
        }
    }
}

fn words(chars: impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    let mut length = 0;
    let mut spaced = false;
    for char in chars {
        if char.is_whitespace() || char.is_control() {
            spaced = length > 0;
            continue;
        }
        let added = 1 + usize::from(spaced);
        if length + added > MAX_CHARS {
            break;
        }
        if spaced {
            text.push(' ');
        }
        text.push(char);
        length += added;
        spaced = false;
    }
    text
}

/// The characters that are shown of HTML, with spaces for tags.
struct Html<'t> {
    rest: &'t str,
}

impl Iterator for Html<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let first = self.rest.chars().next()?;
        match first {
            '<' => {
                self.rest = after_tag(self.rest);
                Some(' ')
            }
            '&' => {
                let (char, rest) = reference(self.rest).unwrap_or(('&', &self.rest[1..]));
                self.rest = rest;
                Some(char)
            }
            char => {
                self.rest = &self.rest[char.len_utf8()..];
                Some(char)
            }
        }
    }
}

/// What follows a tag or a comment, and after the start of a style sheet, a script or a title, its
/// end.
fn after_tag(text: &str) -> &str {
    if let Some(comment) = text.strip_prefix("<!--") {
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    let Some((tag, rest)) = text.split_once('>') else { return "" };
    for hidden in ["style", "script", "title"] {
        let name = tag[1..].split(|char: char| !char.is_ascii_alphanumeric()).next();
        if !name.is_some_and(|name| name.eq_ignore_ascii_case(hidden)) {
            continue;
        }
        let is_end = |at: &usize| {
            let end = rest.get(at + 2..at + 2 + hidden.len());
            end.is_some_and(|end| end.eq_ignore_ascii_case(hidden))
        };
        let end = rest.match_indices("</").map(|(at, _)| at).find(is_end);
        return end.map_or("", |end| &rest[end..]);
    }
    rest
}

/// The character that a reference stands for, and what follows it.
fn reference(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(MAX_REFERENCE).position(|octet| octet == b';')?;
    let (name, rest) = (&text[1..end], &text[end + 1..]);
    let char = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((char, rest))
}

/// How long a character reference is that is read.
const MAX_REFERENCE: usize = 12;

/// How long a preview is (RFC 8970 §3.1 allows up to 256).
const MAX_CHARS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::UnixTime;
    use crate::proto::mail::DateTime;
    use proptest::prelude::*;

    fn check(text: &str, wanted: &str) {
        let message = Message::of_text(1, DateTime::utc(UnixTime(0)), text);
        assert_eq!(preview(&message), wanted);
    }

    #[test]
    fn the_text_of_a_message() {
        check("\n  Hello,\n\n> quoted\n\tworld \n", "Hello, world");
        check("Content-Type: image/png\n\nx", "");
        check("Content-Type: text/plain; charset=koi8-r\n\n\u{0}", "");
        check("\n", "");
        check(&format!("\n{}", "ab ".repeat(100)), "ab ".repeat(67).trim_end());
        check(&format!("\n{}", "ü".repeat(300)), &"ü".repeat(200));
    }

    #[test]
    fn what_html_shows() {
        check(
            "Content-Type: text/html\n\n<html><head><title>no</title><STYLE a=b>p{x}</STYLE></head>\n\
            <!-- no --><p>a &lt;b&gt;&nbsp;&#252;&#xfc; &x; & c<br>d<script>1</script>",
            "a <b> üü &x; & c d",
        );
        check("Content-Type: text/html\n\na<style>b", "a");
        check("Content-Type: text/html\n\na<b", "a");
    }

    #[test]
    fn the_plain_one_of_alternatives() {
        let html = "--x\nContent-Type: text/html\n\n<p>rich\n";
        let attached = "--x\nContent-Disposition: attachment\n\nattached\n";
        let plain = "--x\n\nplain\n";
        let multipart = |kind: &str, parts: &[&str]| {
            format!("Content-Type: multipart/{kind}; boundary=x\n\n{}--x--\n", parts.concat())
        };
        check(&multipart("alternative", &[html, plain]), "plain");
        check(&multipart("alternative", &[html]), "rich");
        check(&multipart("mixed", &[attached, html, plain]), "rich");
        check(&multipart("mixed", &[attached]), "");
    }

    proptest! {
        #[test]
        fn no_html_is_too_strange(text in "(<|>|</?style|!--|-->|&|;|#x?|é|1| |\\PC){0,30}") {
            let mail = format!("Content-Type: text/html; charset=utf-8\n\n{text}");
            let message = Message::of_text(1, DateTime::utc(UnixTime(0)), &mail);
            prop_assert!(preview(&message).chars().count() <= MAX_CHARS);
        }
    }
}
