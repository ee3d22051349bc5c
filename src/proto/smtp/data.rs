//! Message text on the wire: dot-stuffing both ways (RFC 5321 §4.5.2).
//!
//! CRLF alone ends a line. A bare CR or LF is data, and `<LF>.<LF>`, `<LF>.<CRLF>` and the like
//! neither end a message nor hide a dot (SMTP smuggling, CVE-2023-51764).

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::{memchr, memmem};

use super::text::MessageText;
use crate::proto::Outbox;

/// Takes the text of one message out of the stream of a DATA command, cut anywhere.
#[derive(Debug)]
pub struct DataDecoder {
    text: MessageText,
    limit_octets: usize,
    too_large: bool,
    dots: Dots,
}

/// Finds the end of a text whose dots are stuffed, and takes those out that are no part of it.
#[derive(Debug, Default)]
pub(crate) struct Dots {
    state: DataState,
}

/// What has just come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum DataState {
    /// The start of a line.
    #[default]
    LineStart,
    /// A dot at the start of a line, not in the text yet.
    Dot,
    /// A dot at the start of a line and a CR, neither in the text yet.
    DotCr,
    /// Something within a line.
    Within,
    /// A CR within a line, in the text already.
    Cr,
    /// The end of the data.
    Over,
}

impl DataDecoder {
    /// A decoder at the start of the text, which keeps at most `limit_octets` of it.
    pub fn new(limit_octets: usize) -> Self {
        DataDecoder::with_room(limit_octets, 0)
    }

    /// The same with room for a text of `octets`, which the client has announced: so that one that comes
    /// in several pieces is not moved. More than a few segments is not believed.
    pub(super) fn with_room(limit_octets: usize, octets: u64) -> Self {
        let room = octets.min(ROOM_OCTETS.min(limit_octets) as u64) as usize;
        DataDecoder {
            text: MessageText::with_room(room),
            limit_octets,
            too_large: false,
            dots: Dots::default(),
        }
    }

    /// Takes octets off the front of `input`, up to the end of the data at most.
    ///
    /// `true` once `<CRLF>.<CRLF>` has come; what follows it is left in `input`.
    pub fn push(&mut self, input: &mut &[u8]) -> bool {
        let DataDecoder { text, limit_octets, too_large, dots } = self;
        dots.push(input, |piece| {
            if text.len() + piece.len() > *limit_octets {
                // The rest is swallowed: the client is told at the end of the data (RFC 1870 §6.3).
                *too_large = true;
                *text = Bytes::new().into();
                *limit_octets = 0;
            } else {
                text.extend_from_slice(piece);
            }
        })
    }

    /// Whether more came than the limit allows; the text is gone then.
    pub fn is_too_large(&self) -> bool {
        self.too_large
    }

    /// The text, every line with its CRLF, without stuffing.
    pub fn into_text(self) -> MessageText {
        self.text
    }
}

impl Dots {
    /// Takes octets off the front of `input`, up to the end of the data at most, and hands over what of
    /// them is text, in large pieces. `true` once `<CRLF>.<CRLF>` has come.
    pub(crate) fn push(&mut self, input: &mut &[u8], mut keep: impl FnMut(&[u8])) -> bool {
        while self.state != DataState::Over {
            let Some((&b, rest)) = input.split_first() else {
                return false;
            };
            match (self.state, b) {
                (DataState::LineStart, b'.') => self.state = DataState::Dot,
                (DataState::Dot, b'\r') => self.state = DataState::DotCr,
                (DataState::DotCr, b'\n') => self.state = DataState::Over,
                (DataState::DotCr, _) => {
                    // `.<CR>` and no LF: the dot was stuffing, the CR is data. Read `b` again.
                    keep(b"\r");
                    self.state = DataState::Cr;
                    continue;
                }
                (DataState::Cr, b'\n') => {
                    keep(b"\n");
                    self.state = DataState::LineStart;
                }
                // The dot before, if any, was stuffing.
                (DataState::LineStart | DataState::Dot | DataState::Within | DataState::Cr, _) => {
                    keep(self.within(input));
                    continue;
                }
                (DataState::Over, _) => unreachable!("the loop has ended"),
            }
            *input = rest;
        }
        true
    }

    /// Takes what stands within lines in one piece, up to a line that starts with a dot.
    fn within<'a>(&mut self, input: &mut &'a [u8]) -> &'a [u8] {
        let (end, state) = match STUFFED.find(input) {
            Some(at) => (at + 2, DataState::LineStart),
            None if input.ends_with(b"\r\n") => (input.len(), DataState::LineStart),
            None if input.ends_with(b"\r") => (input.len(), DataState::Cr),
            None => (input.len(), DataState::Within),
        };
        let (piece, rest) = input.split_at(end);
        *input = rest;
        self.state = state;
        piece
    }
}

/// Sends `text` with its dots stuffed, and the `.` line that ends it.
///
/// A last line without CRLF gets one. Large pieces are sent without copying them.
pub fn encode_data<E>(text: &Bytes, out: &mut Outbox<E>) {
    let mut sent = 0;
    // The position after the CRLF in `\r\n.`; a text may begin with a dot, too.
    let first = memchr(b'.', &text[..text.len().min(1)]);
    for at in first.into_iter().chain(STUFFED.find_iter(text).map(|at| at + 2)) {
        send_piece(text.slice(sent..=at), out);
        sent = at;
    }
    send_piece(text.slice(sent..), out);
    if !text.is_empty() && !text.ends_with(b"\r\n") {
        out.send("\r\n");
    }
    out.send(".\r\n");
}

/// What stands before a line with a dot at its start. Made once: setting up a searcher takes as long as
/// the search through a small message.
static STUFFED: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"\r\n."));

/// What a decoder makes room for at most.
const ROOM_OCTETS: usize = 16_384;

/// Copies small pieces, so that a text of many dots does not become many sends.
fn send_piece<E>(piece: Bytes, out: &mut Outbox<E>) {
    const COPIED_BELOW: usize = 4096;
    if piece.len() < COPIED_BELOW {
        out.send(&piece);
    } else {
        out.send_bytes(piece);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proto::Output;

    /// The text and what follows it, if the data ended.
    fn decode(wire: &[u8], cut: usize, limit: usize) -> Option<(Option<MessageText>, Vec<u8>)> {
        let mut decoder = DataDecoder::new(limit);
        let mut rest = Vec::new();
        let mut over = false;
        for mut piece in wire.chunks(cut) {
            over = over || decoder.push(&mut piece);
            assert!(over || piece.is_empty());
            rest.extend_from_slice(piece);
        }
        over.then(|| {
            let too_large = decoder.is_too_large();
            ((!too_large).then(|| decoder.into_text()), rest)
        })
    }

    fn encode(text: &[u8]) -> Vec<u8> {
        let mut out = Outbox::<()>::new();
        encode_data(&Bytes::copy_from_slice(text), &mut out);
        out.drain()
            .flat_map(|output| match output {
                Output::Send(octets) => octets.to_vec(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn check(wire: &str, text: &str, rest: &str) {
        for cut in 1..=wire.len() {
            let (decoded, left) = decode(wire.as_bytes(), cut, 1000).expect("the data end");
            assert_eq!(decoded.as_deref(), Some(text.as_bytes()), "cut every {cut}");
            assert_eq!(left, rest.as_bytes(), "cut every {cut}");
        }
    }

    #[test]
    fn dots_come_off_and_the_rest_is_left() {
        check("a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n");
        check(".\r\n", "", "");
        check("..\r\n.\r\n", ".\r\n", "");
        check(".a\r\n..b\r\n...\r\n.\r\n.\r\n", "a\r\n.b\r\n..\r\n", ".\r\n");
        check("\r\n.\r\n", "\r\n", "");
        check("a.\r\n\r\n.\r\n", "a.\r\n\r\n", "");
    }

    #[test]
    fn only_crlf_dot_crlf_ends_the_data() {
        check("a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", "");
        check("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", "");
        check("a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", "");
        check("a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", "");
        check("a\r\n.\r.\r\n.\r\n", "a\r\n\r.\r\n", "");
        check("a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", "");
        check("a\r\r\n.\r\n", "a\r\r\n", "");
        check("\n.\r\n\r\n.\r\n", "\n.\r\n\r\n", "");
    }

    #[test]
    fn too_much_text_is_swallowed_to_its_end() {
        for cut in 1..20 {
            let (text, rest) = decode(b"0123456789\r\n.\r\nNOOP\r\n", cut, 11).unwrap();
            assert_eq!((text, &rest[..]), (None, &b"NOOP\r\n"[..]));
        }
        assert!(decode(b"0123456789\r\n.\r\n", 1, 12).unwrap().0.is_some());
    }

    #[test]
    fn an_unfinished_last_line_is_finished() {
        assert_eq!(encode(b"a"), b"a\r\n.\r\n");
        assert_eq!(encode(b""), b".\r\n");
        assert_eq!(encode(b".\r\n.."), b"..\r\n...\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn text_round_trips(text in "[.\r\na]{0,60}", cut in 1usize..9) {
            let mut text = text.into_bytes();
            if !text.is_empty() {
                text.extend_from_slice(b"\r\n");
            }
            let wire = encode(&text);
            let (decoded, rest) = decode(&wire, cut, 1000).expect("the data end");
            prop_assert_eq!(&*decoded.expect("small"), text);
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn every_cut_decodes_alike(wire in "[.\r\na]{0,60}", cut in 1usize..9) {
            let whole = decode(wire.as_bytes(), wire.len().max(1), 20);
            prop_assert_eq!(decode(wire.as_bytes(), cut, 20), whole);
        }
    }
}
