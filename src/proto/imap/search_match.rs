//! Whether a message matches a SEARCH key (RFC 3501 §6.4.4).
//!

use std::borrow::Cow;
use std::fmt;

use super::flags::SystemFlag;
use super::message::Message;
use super::number::{ModSeq, Uid};
use super::search::{DateOrder, Search, SearchKey};
use super::search_text::Needle;
use super::sequence::NumberSet;
use crate::engine::UnixTime;
use crate::proto::mail::charset::CHARSETS;
use crate::proto::mail::{self, Charset, Date, DateTime};

/// The character set of a SEARCH is none that is known: NO with BADCHARSET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadCharset;

/// With its response code, which lists those that are known.
impl fmt::Display for BadCharset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[BADCHARSET ({})] Character set is not known", CHARSETS.join(" "))
    }
}

/// A key made ready: strings decoded, sets resolved.
pub(super) enum Matcher {
    All,
    Flag(SystemFlag, bool),
    Keyword(String, bool),
    Recent(bool),
    New,
    Header(String, Needle),
    Body(Needle),
    Text(Needle),
    Larger(u64),
    Smaller(u64),
    Internal(DateOrder, Date),
    Sent(DateOrder, Date),
    Saved(DateOrder, Date),
    /// At this time or before it.
    Until(UnixTime),
    /// At this time or after it.
    From(UnixTime),
    ModSeq(ModSeq),
    EmailId(String),
    None,
    Uid(NumberSet),
    Sequence(NumberSet),
    Not(Box<Matcher>),
    Or(Box<[Matcher; 2]>),
    And(Vec<Matcher>),
}

/// What a session knows of a message, besides the message itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) sequence: u32,
    pub(super) recent: bool,
}

/// What the keys of a SEARCH are relative to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Basis<'a> {
    /// What `*` stands for as a message sequence number; 0 where there is no message.
    pub(super) largest_sequence: u32,
    /// What `*` stands for as a UID; 0 where there is no message.
    pub(super) largest_uid: u32,
    /// What `$` stands for, ascending.
    pub(super) saved: &'a [Uid],
    /// The time of OLDER and YOUNGER.
    pub(super) now: UnixTime,
}

impl Matcher {
    /// Makes the keys of a SEARCH ready.
    pub(super) fn new(search: &Search<'_>, basis: Basis<'_>) -> Result<Matcher, BadCharset> {
        // Without CHARSET, clients send UTF-8 all the same.
        let charset = match search.charset.as_deref() {
            Some(name) => Charset::of_name(name).ok_or(BadCharset)?,
            None => Charset::UTF_8,
        };
        let made = search.keys.iter().map(|key| prepare(key, charset, basis));
        Ok(Matcher::And(made.collect()))
    }

    /// Whether the message matches. Recursion is bounded by the depth of the keys.
    pub(super) fn matches(&self, message: &Message, place: Place) -> bool {
        match self {
            Matcher::All => true,
            Matcher::Flag(flag, set) => message.flags.contains(*flag) == *set,
            Matcher::Keyword(keyword, set) => message.flags.contains_keyword(keyword) == *set,
            Matcher::Recent(recent) => place.recent == *recent,
            Matcher::New => place.recent && !message.flags.contains(SystemFlag::Seen),
            Matcher::Header(name, text) => {
                text.is_in_field(mail::Message::parse(message.data()).header(), name)
            }
            Matcher::Body(text) => text.is_in_body(message.structure(), message.data()),
            Matcher::Text(text) => text.is_in_message(message.structure(), message.data()),
            Matcher::Larger(octets) => message.data().len() as u64 > *octets,
            Matcher::Smaller(octets) => (message.data().len() as u64) < *octets,
            Matcher::Internal(order, asked) => order.holds(message.internal_date.date(), *asked),
            Matcher::Sent(order, asked) => {
                let header = mail::Message::parse(message.data()).header();
                let sent = header.value("Date").and_then(|date| DateTime::parse_sent(&date));
                sent.is_some_and(|sent| order.holds(sent.date(), *asked))
            }
            Matcher::Saved(order, asked) => {
                order.holds(DateTime::utc(message.save_date).date(), *asked)
            }
            Matcher::Until(time) => message.internal_date.unix_time() <= *time,
            Matcher::From(time) => message.internal_date.unix_time() >= *time,
            Matcher::ModSeq(modseq) => message.modseq >= *modseq,
            Matcher::EmailId(id) => message.email_id.to_string() == *id,
            Matcher::None => false,
            Matcher::Uid(set) => set.contains(message.uid.get()),
            Matcher::Sequence(set) => set.contains(place.sequence),
            Matcher::Not(key) => !key.matches(message, place),
            Matcher::Or(keys) => keys.iter().any(|key| key.matches(message, place)),
            Matcher::And(keys) => keys.iter().all(|key| key.matches(message, place)),
        }
    }
}

fn prepare(key: &SearchKey<'_>, charset: Charset, basis: Basis<'_>) -> Matcher {
    let again = |key| prepare(key, charset, basis);
    let ago = |secs: &u32| UnixTime(basis.now.0.saturating_sub((*secs).into()));
    let text = |octets: &Cow<'_, [u8]>| Needle::new(&charset.decode(octets));
    match key {
        SearchKey::All => Matcher::All,
        SearchKey::Flag(flag, set) => Matcher::Flag(*flag, *set),
        SearchKey::Keyword(keyword, set) => Matcher::Keyword((*keyword).into(), *set),
        SearchKey::Recent(recent) => Matcher::Recent(*recent),
        SearchKey::New => Matcher::New,
        SearchKey::Header(name, value) => {
            Matcher::Header(String::from_utf8_lossy(name).into_owned(), text(value))
        }
        SearchKey::Body(value) => Matcher::Body(text(value)),
        SearchKey::Text(value) => Matcher::Text(text(value)),
        SearchKey::Larger(octets) => Matcher::Larger(*octets),
        SearchKey::Smaller(octets) => Matcher::Smaller(*octets),
        SearchKey::Internal(order, asked) => Matcher::Internal(*order, *asked),
        SearchKey::Sent(order, asked) => Matcher::Sent(*order, *asked),
        SearchKey::Saved(order, asked) => Matcher::Saved(*order, *asked),
        SearchKey::Older(secs) => Matcher::Until(ago(secs)),
        SearchKey::Younger(secs) => Matcher::From(ago(secs)),
        SearchKey::ModSeq(modseq) => Matcher::ModSeq(*modseq),
        SearchKey::EmailId(id) => Matcher::EmailId((*id).into()),
        SearchKey::ThreadId(_) => Matcher::None,
        SearchKey::Uid(set) | SearchKey::Sequence(set) if set.is_saved() => {
            Matcher::Uid(NumberSet::of(basis.saved))
        }
        SearchKey::Uid(set) => Matcher::Uid(set.resolve(basis.largest_uid)),
        SearchKey::Sequence(set) => Matcher::Sequence(set.resolve(basis.largest_sequence)),
        SearchKey::Not(key) => Matcher::Not(Box::new(again(key))),
        SearchKey::Or(keys) => Matcher::Or(Box::new([again(&keys[0]), again(&keys[1])])),
        SearchKey::And(keys) => Matcher::And(keys.iter().map(again).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::UnixTime;
    use crate::proto::imap::message::{EmailId, NewMessage};
    use crate::proto::imap::{Flags, Parser};
    use bytes::Bytes;

    const MAIL: &str = "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\n\
        Date: Wed, 17 Jul 1996 02:23:25 -0700\r\n\
        Subject: Minutes of\r\n the meeting\r\n\
        Content-Type: text/plain; charset=iso-8859-1\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\
        \r\n\
        Gr=FC=DFe aus K=\r\n\
        =F6ln\r\n";

    fn check(keys: &str, wanted: bool) {
        let mut flags = Flags::of(&[SystemFlag::Seen]);
        flags.insert_keyword("$Work");
        // 1996-07-18 in its own zone, though still the 17th in UTC.
        let date = DateTime::at_offset(UnixTime(837_640_000), 600);
        let data = Bytes::from_static(MAIL.as_bytes());
        let new = NewMessage { flags, internal_date: date, save_date: date.unix_time(), data };
        let message = Message::new(Uid::new(7).unwrap(), ModSeq(5), EmailId(255), new);
        let search = Search::parse(&mut Parser::new(keys.as_bytes())).unwrap();
        let basis = Basis {
            largest_sequence: 3,
            largest_uid: 9,
            saved: &[message.uid],
            now: UnixTime(837_640_060),
        };
        let matcher = Matcher::new(&search, basis).unwrap();
        let found = matcher.matches(&message, Place { sequence: 2, recent: true });
        assert_eq!(found, wanted, "{keys}");
    }

    #[test]
    fn every_key() {
        for keys in [
            "ALL",
            "SEEN",
            "UNANSWERED",
            "UNDELETED",
            "UNDRAFT",
            "UNFLAGGED",
            "RECENT",
            "KEYWORD $work",
            "UNKEYWORD other",
            "FROM \"jürgen\"",
            "FROM \"j@EXAMPLE\"",
            "SUBJECT \"of the meeting\"",
            "HEADER content-type iso",
            "HEADER date \"\"",
            "FROM \"jürgen <J@\"",
            "FROM Ju",
            "SUBJECT \"MINUTES OF THE\"",
            "BODY \"\"",
            "BODY \"grüße\"",
            "BODY ko",
            "BODY \"kÖln\"",
            "TEXT \"köln\"",
            "TEXT \"subject: minutes\"",
            "LARGER 100",
            "SMALLER 1000",
            "BEFORE 19-Jul-1996",
            "ON 18-Jul-1996",
            "SINCE 18-Jul-1996",
            "SENTON 17-Jul-1996",
            "SENTBEFORE 18-Jul-1996",
            "SENTSINCE 17-Jul-1996",
            "UID 7",
            "$",
            "OLDER 60",
            "YOUNGER 60",
            "MODSEQ 5",
            "EMAILID M000000ff",
            "SAVEDON 17-Jul-1996",
            "SAVEDATESUPPORTED",
            "UID 5:*",
            "2",
            "1:*",
            "NOT 1",
            "OR DELETED SEEN",
            "(SEEN RECENT) ALL",
        ] {
            check(keys, true);
        }
    }

    #[test]
    fn and_its_opposite() {
        for keys in [
            "UNSEEN",
            "ANSWERED",
            "DELETED",
            "DRAFT",
            "FLAGGED",
            "OLD",
            "NEW",
            "KEYWORD other",
            "FROM juergen",
            "CC j",
            "HEADER x-none \"\"",
            "BODY \"subject\"",
            "BODY iso",
            "LARGER 1000",
            "SMALLER 100",
            "BEFORE 18-Jul-1996",
            "ON 17-Jul-1996",
            "SINCE 19-Jul-1996",
            "SENTON 18-Jul-1996",
            "SENTBEFORE 17-Jul-1996",
            "UID 8:9",
            "NOT $",
            "OLDER 61",
            "YOUNGER 59",
            "MODSEQ 6",
            "EMAILID M00000000",
            "THREADID T1",
            "SAVEDSINCE 18-Jul-1996",
            "3",
            "NOT 2",
            "OR DELETED ANSWERED",
            "SEEN DELETED",
        ] {
            check(keys, false);
        }
    }

    fn matches(keys: &[u8], mail: &str) -> Result<bool, BadCharset> {
        let date = DateTime::utc(UnixTime(0));
        let message = Message::of_text(1, date, mail);
        let search = Search::parse(&mut Parser::new(keys)).unwrap();
        let basis =
            Basis { largest_sequence: 1, largest_uid: 1, saved: &[], now: date.unix_time() };
        let place = Place { sequence: 1, recent: false };
        Ok(Matcher::new(&search, basis)?.matches(&message, place))
    }

    #[test]
    fn strings_have_a_character_set() {
        let found = |keys: &[u8]| matches(keys, MAIL);
        assert_eq!(found(b"CHARSET ISO-8859-1 BODY \"K\xd6LN\""), Ok(true));
        assert_eq!(found(b"CHARSET koi8-r BODY \"K\xd6LN\""), Ok(false));
        assert_eq!(found(b"CHARSET us-ascii BODY gr"), Ok(true));
        assert_eq!(found(b"CHARSET x-none ALL"), Err(BadCharset));
    }

    const NESTED: &str = "Subject: outer =?koi8-r?b?8NLJ18XU?=\r\n\
        Content-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n\
        --x\r\nContent-Type: text/plain; charset=iso-2022-jp; name=readme\r\n\r\n\
        \x1b$B$3$s\x1b(B\r\n\
        --x\r\nContent-Type: message/rfc822\r\n\r\n\
        Subject: inner\r\nContent-Transfer-Encoding: base64\r\n\r\nZGVlcA==\r\n\
        --x\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n\
        --x\r\nContent-Type: application/octet-stream\r\n\r\nbinary\r\n--x--\r\n";

    #[test]
    fn what_is_body_and_what_is_text() {
        for (word, in_body, in_text) in [
            ("こん", true, true),
            ("deep", true, true),
            ("action", true, true),
            ("outer", false, true),
            ("ПРИВЕТ", false, true),
            ("inner", false, true),
            ("readme", false, true),
            ("binary", false, false),
            ("preamble", false, false),
            ("zgvl", false, false),
        ] {
            let key = |key| format!("{key} \"{word}\"");
            assert_eq!(matches(key("BODY").as_bytes(), NESTED), Ok(in_body), "{word}");
            assert_eq!(matches(key("TEXT").as_bytes(), NESTED), Ok(in_text), "{word}");
        }
    }

    #[test]
    fn a_field_that_is_missing_or_empty() {
        let mail = "From: \"Bob  \\\"B\\\"\" <b@x.example> (him)\nX-Empty:\n\n";
        for (keys, wanted) in [
            ("HEADER x-empty \"\"", true),
            ("HEADER x-empty a", false),
            ("HEADER x-none \"\"", false),
            ("FROM \"\"", true),
            ("TO \"\"", false),
            ("FROM \"bob \\\"b\\\" <b@x\"", true),
            ("FROM him", true),
            ("SENTON 1-Jan-1970", false),
            ("NOT SENTBEFORE 1-Jan-2100", true),
        ] {
            assert_eq!(matches(keys.as_bytes(), mail), Ok(wanted), "{keys}");
        }
    }
}
