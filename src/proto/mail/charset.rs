//! Character sets: from the octets of a text to Unicode.
//!
//! Names are those of the IANA registry and of the Encoding Standard of the WHATWG, whose
//! conversions these are: what calls itself ISO-8859-1 is read as windows-1252, its superset.
//!
//! Not modelled: UTF-7, UTF-32, ISO-2022-KR and ISO-2022-CN.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16LE};

/// A character set that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

impl Charset {
    /// UTF-8, and US-ASCII within it.
    pub const UTF_8: Charset = Charset(UTF_8);

    /// The character set of that name, whatever its case; `None` where it is not known.
    pub fn of_name(name: &[u8]) -> Option<Charset> {
        let name = name.trim_ascii();
        let mut lower = [0; 32];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        match &*lower {
            // What claims to be ASCII and is not, is UTF-8 today.
            b"us-ascii" | b"ascii" | b"ansi_x3.4-1968" | b"utf8" | b"unknown-8bit" => {
                return Some(Charset::UTF_8);
            }
            // Replaced as a whole by the WHATWG, for fear of what a browser would do with them.
            b"iso-2022-kr" | b"csiso2022kr" | b"iso-2022-cn" | b"iso-2022-cn-ext"
            | b"hz-gb-2312" | b"replacement" => return None,
            _ => {}
        }
        let name: &[u8] = match &*lower {
            b"cp932" | b"windows-932" => b"shift_jis",
            b"cp936" | b"windows-936" => b"gbk",
            b"cp949" | b"windows-949" | b"uhc" => b"euc-kr",
            b"cp950" | b"windows-950" => b"big5",
            b"cp874" => b"windows-874",
            b"iso-2022-jp-1" | b"iso-2022-jp-2" | b"iso-2022-jp-ms" | b"cp50220" => b"iso-2022-jp",
            b"koi8r" => b"koi8-r",
            b"koi8u" => b"koi8-u",
            name => name,
        };
        Encoding::for_label(name).map(Charset)
    }

    /// The text that the octets are; what they cannot be becomes U+FFFD. A byte order mark is not
    /// part of it.
    pub fn decode(self, octets: &[u8]) -> Cow<'_, str> {
        if self.0 == UTF_16LE {
            // Which end comes first, the mark says.
            return self.0.decode(octets).0;
        }
        self.0.decode_with_bom_removal(octets).0
    }
}

/// `octets` of the named character set as text; of one that is not known, as UTF-8. Never fails.
pub fn charset_text<'o>(name: &[u8], octets: &'o [u8]) -> Cow<'o, str> {
    Charset::of_name(name).unwrap_or(Charset::UTF_8).decode(octets)
}

/// A name for each character set that is known, as IANA has it, for those who offer a choice.
pub const CHARSETS: &[&str] = &[
    "US-ASCII",
    "UTF-8",
    "UTF-16",
    "ISO-8859-1",
    "ISO-8859-2",
    "ISO-8859-3",
    "ISO-8859-4",
    "ISO-8859-5",
    "ISO-8859-6",
    "ISO-8859-7",
    "ISO-8859-8",
    "ISO-8859-9",
    "ISO-8859-10",
    "ISO-8859-13",
    "ISO-8859-14",
    "ISO-8859-15",
    "ISO-8859-16",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "KOI8-R",
    "KOI8-U",
    "IBM866",
    "macintosh",
    "TIS-620",
    "ISO-2022-JP",
    "Shift_JIS",
    "EUC-JP",
    "EUC-KR",
    "GB2312",
    "GBK",
    "GB18030",
    "Big5",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_word_in_many_character_sets() {
        for (charset, octets, text) in [
            ("us-ascii", &b"plain"[..], "plain"),
            ("utf-8", "Grüße".as_bytes(), "Grüße"),
            ("ISO-8859-1", b"Gr\xfc\xdfe", "Grüße"),
            ("iso-8859-2", b"\xa3\xf3d\xbc", "Łódź"),
            ("ISO-8859-15", b"\xa4", "€"),
            ("Windows-1252", b"\x80", "€"),
            ("windows-1250", b"\xa3\xf3d\x9f", "Łódź"),
            ("windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
            ("cp1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
            ("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
            ("ISO-2022-JP", b"\x1b$B$3$s$K$A$O\x1b(B", "こんにちは"),
            ("shift_jis", b"\x82\xb1\x82\xf1", "こん"),
            ("euc-jp", b"\xa4\xb3\xa4\xf3", "こん"),
            ("gb2312", b"\xc4\xe3\xba\xc3", "你好"),
            ("cp936", b"\xc4\xe3\xba\xc3", "你好"),
            ("big5", b"\xa7\x41\xa6\x6e", "你好"),
            ("euc-kr", b"\xbe\xc8\xb3\xe7", "안녕"),
            ("ks_c_5601-1987", b"\xbe\xc8\xb3\xe7", "안녕"),
            ("utf-16", b"\xff\xfea\0", "a"),
            ("utf-16", b"\xfe\xff\0a", "a"),
        ] {
            assert_eq!(charset_text(charset.as_bytes(), octets), text, "{charset}");
        }
    }

    #[test]
    fn what_is_not_known_is_none() {
        for name in ["", "x-none", "utf-7", "iso-2022-kr", "a\0b", &"x".repeat(1_000)] {
            assert_eq!(Charset::of_name(name.as_bytes()), None, "{name}");
        }
        assert_eq!(charset_text(b"x-none", "ü\u{fffd}".as_bytes()), "ü\u{fffd}");
    }

    #[test]
    fn all_that_are_offered_are_known() {
        for name in CHARSETS {
            assert!(Charset::of_name(name.as_bytes()).is_some(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(
            name in prop::sample::select(CHARSETS),
            octets in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let _ = charset_text(name.as_bytes(), &octets);
        }
    }
}
