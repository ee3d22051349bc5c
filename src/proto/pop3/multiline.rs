//! Multi-line responses: byte stuffing and the final dot (RFC 1939 §3).

use bytes::{Bytes, BytesMut};
use memchr::memmem;

use crate::proto::Outbox;

/// A message with CRLF at the end of every line: a line feed alone would end a line for some clients
/// and not for others, and a dot after it would end the response. The octets are copied only where
/// there is one. A carriage return alone is text.
pub fn normalised(data: &Bytes) -> Bytes {
    let is_bare = |place: usize| place == 0 || data[place - 1] != b'\r';
    let mut bare = memchr::memchr_iter(b'\n', data).filter(|place| is_bare(*place)).peekable();
    if bare.peek().is_none() {
        return data.clone();
    }
    let mut text = BytesMut::with_capacity(data.len() + data.len() / 16);
    let mut copied = 0;
    for place in bare {
        text.extend_from_slice(&data[copied..place]);
        text.extend_from_slice(b"\r\n");
        copied = place + 1;
    }
    text.extend_from_slice(&data[copied..]);
    text.freeze()
}

/// How many octets a message has as RETR sends it: the line end that a last line lacks is added,
/// stuffed dots are not counted.
pub fn octets_sent(data: &[u8]) -> u64 {
    data.len() as u64 + if ends_with_line_end(data) { 0 } else { 2 }
}

/// Sends `data` as a multi-line response after its status line: dots at the start of lines are
/// doubled, and `.` on a line of its own follows. The octets between such dots are not copied.
pub fn send<E>(data: &Bytes, out: &mut Outbox<E>) {
    let mut sent = 0;
    let dots = data.starts_with(b".").then_some(0).into_iter();
    for dot in dots.chain(memmem::find_iter(data, b"\r\n.").map(|found| found + 2)) {
        out.send_bytes(data.slice(sent..dot));
        out.send(".");
        sent = dot;
    }
    out.send_bytes(data.slice(sent..));
    out.send(if ends_with_line_end(data) { ".\r\n" } else { "\r\n.\r\n" });
}

/// Header, empty line, and the first `lines` lines of the body: what TOP sends (RFC 1939 §7).
pub fn top(data: &Bytes, lines: u32) -> Bytes {
    let body = match data.starts_with(b"\r\n") {
        true => 2,
        false => memmem::find(data, b"\r\n\r\n").map_or(data.len(), |found| found + 4),
    };
    let last = (lines as usize).checked_sub(1);
    let end = match last {
        None => body,
        Some(last) => memmem::find_iter(&data[body..], b"\r\n")
            .nth(last)
            .map_or(data.len(), |found| body + found + 2),
    };
    data.slice(..end)
}

fn ends_with_line_end(data: &[u8]) -> bool {
    data.is_empty() || data.ends_with(b"\r\n")
}

/// Collects the lines of a multi-line response.
#[derive(Debug, Default)]
pub struct Collector {
    text: BytesMut,
}

impl Collector {
    /// Takes one line without its line end. Gives the whole text, dots unstuffed and each line
    /// ended by CRLF, when the line was the final dot.
    pub fn line(&mut self, line: &[u8]) -> Option<Bytes> {
        match line.strip_prefix(b".") {
            Some([]) => return Some(self.text.split().freeze()),
            Some(stuffed) => self.text.extend_from_slice(stuffed),
            None => self.text.extend_from_slice(line),
        }
        self.text.extend_from_slice(b"\r\n");
        None
    }

    /// How many octets were collected.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing was collected.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Output;
    use proptest::prelude::*;

    fn sent(data: &[u8]) -> Vec<u8> {
        let mut out = Outbox::<()>::new();
        send(&Bytes::copy_from_slice(data), &mut out);
        let octets = |output| match output {
            Output::Send(octets) => octets,
            other => panic!("{other:?}"),
        };
        out.drain().flat_map(octets).collect()
    }

    #[test]
    fn dots_at_the_start_of_lines_are_doubled() {
        assert_eq!(sent(b".a\r\n..\r\nb.\r\n"), b"..a\r\n...\r\nb.\r\n.\r\n");
        assert_eq!(sent(b"no line end"), b"no line end\r\n.\r\n");
        assert_eq!(sent(b""), b".\r\n");
    }

    #[test]
    fn top_gives_the_header_and_so_many_lines() {
        let data = Bytes::from_static(b"A: 1\r\nB: 2\r\n\r\none\r\ntwo\r\nthree");
        assert_eq!(top(&data, 0), "A: 1\r\nB: 2\r\n\r\n");
        assert_eq!(top(&data, 2), "A: 1\r\nB: 2\r\n\r\none\r\ntwo\r\n");
        assert_eq!(top(&data, 9), data);
        assert_eq!(top(&Bytes::from_static(b"A: 1\r\n"), 3), "A: 1\r\n");
        assert_eq!(top(&data, u32::MAX), data);
        assert_eq!(top(&Bytes::from_static(b"\r\none\r\n\r\ntwo\r\n"), 1), "\r\none\r\n");
    }

    #[test]
    fn a_line_feed_alone_becomes_a_line_end() {
        let check = |data: &'static str, wanted: &str| {
            assert_eq!(normalised(&Bytes::from_static(data.as_bytes())), wanted, "{data:?}");
        };
        check("", "");
        check("a\r\nb\r\n", "a\r\nb\r\n");
        check("\na\n.\n\r\nb\rc\n", "\r\na\r\n.\r\n\r\nb\rc\r\n");
        check("a\r\r\n\n", "a\r\r\n\r\n");
    }

    proptest! {
        /// However a client cuts lines, at LF or at CRLF alone, it finds the same end.
        #[test]
        fn nothing_in_a_message_ends_it_early(pieces in proptest::collection::vec("[\r\n.a]", 0..20)) {
            let text = normalised(&Bytes::from(pieces.concat()));
            prop_assert!(!memchr::memchr_iter(b'\n', &text).any(|at| at == 0 || text[at - 1] != b'\r'));
            let wire = sent(&text);
            let end = if wire.starts_with(b".\r\n") { Some(0) } else { memmem::find(&wire, b"\n.\r\n").map(|at| at + 1) };
            prop_assert_eq!(end, Some(wire.len() - 3));
            let stuffed = wire.len() as u64 - 3 - octets_sent(&text);
            let dots = wire[..wire.len() - 3].split_inclusive(|octet| *octet == b'\n').filter(|line| line.starts_with(b".")).count();
            prop_assert_eq!(stuffed, dots as u64);
        }

        #[test]
        fn what_was_sent_is_collected(lines in proptest::collection::vec("[.a ]{0,4}", 0..9)) {
            let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let wire = sent(text.as_bytes());
            let mut collector = Collector::default();
            let mut whole = None;
            for line in wire.split_inclusive(|octet| *octet == b'\n') {
                prop_assert!(whole.is_none());
                whole = collector.line(&line[..line.len() - 2]);
            }
            let whole = whole.expect("the final dot came");
            prop_assert_eq!(octets_sent(text.as_bytes()), whole.len() as u64);
            prop_assert_eq!(whole, text.as_bytes());
        }
    }
}
