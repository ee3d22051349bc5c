//! The order of SORT (RFC 5256, RFC 5957).

use std::cmp::Ordering;

use super::base_subject::BaseSubject;
use super::collation::collated;
use super::message::Message;
use super::parse::{Parsed, Parser, SyntaxError};
use super::search::Search;
use super::search_return::SearchReturn;
use crate::engine::UnixTime;
use crate::proto::mail::address::parse_addresses;
use crate::proto::mail::decode::decode_words;
use crate::proto::mail::{self, DateTime, Header, envelope_addresses, spaced};

/// A SORT or UID SORT command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortCommand<'a> {
    /// Whether UIDs are asked for.
    pub by_uid: bool,
    /// The options of RETURN (RFC 5267 §3).
    pub returns: Option<SearchReturn>,
    /// By what, the first before the second. Never empty.
    pub criteria: Vec<SortCriterion>,
    /// Which messages.
    pub search: Search<'a>,
}

impl<'a> SortCommand<'a> {
    /// Reads what follows `SORT`.
    pub(crate) fn parse(parser: &mut Parser<'a>, by_uid: bool) -> Parsed<SortCommand<'a>> {
        parser.space()?;
        let returns = SearchReturn::parse(parser)?;
        let criteria = SortCriterion::parse_all(parser)?;
        parser.space()?;
        let search = Search::parse_in_charset(parser)?;
        Ok(SortCommand { by_uid, returns, criteria, search })
    }
}

/// A `sort-criterion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortCriterion {
    /// By what.
    pub key: SortKey,
    /// Whether the greatest comes first: `REVERSE`.
    pub reverse: bool,
}

/// A `sort-key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// `ARRIVAL`: the INTERNALDATE
    Arrival,
    /// `CC`: the local part of the first `Cc` address
    Cc,
    /// `DATE`: the [sent date](sent_date)
    Date,
    /// `DISPLAYFROM`: what is shown of the first `From` address
    DisplayFrom,
    /// `DISPLAYTO`: what is shown of the first `To` address
    DisplayTo,
    /// `FROM`: the local part of the first `From` address
    From,
    /// `SIZE`: in octets
    Size,
    /// `SUBJECT`: the base subject
    Subject,
    /// `TO`: the local part of the first `To` address
    To,
}

impl SortCriterion {
    /// The criteria in their parentheses.
    pub(crate) fn parse_all(parser: &mut Parser<'_>) -> Parsed<Vec<SortCriterion>> {
        let criteria = parser.list(false, |parser| {
            let reverse = parser.eat_word("REVERSE ");
            let word = parser.atom()?;
            let known = KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
            let (_, key) = known.ok_or(SyntaxError("a sort key"))?;
            Ok(SortCriterion { key: *key, reverse })
        })?;
        // What comes a second time makes no difference.
        let mut first: Vec<SortCriterion> = Vec::new();
        for criterion in criteria {
            if first.iter().all(|before| before.key != criterion.key) {
                first.push(criterion);
            }
        }
        Ok(first)
    }
}

const KEYS: [(&str, SortKey); 9] = [
    ("ARRIVAL", SortKey::Arrival),
    ("CC", SortKey::Cc),
    ("DATE", SortKey::Date),
    ("DISPLAYFROM", SortKey::DisplayFrom),
    ("DISPLAYTO", SortKey::DisplayTo),
    ("FROM", SortKey::From),
    ("SIZE", SortKey::Size),
    ("SUBJECT", SortKey::Subject),
    ("TO", SortKey::To),
];

/// Sorts messages that are in the order of their sequence numbers, which decides between equal
/// ones, reversed or not.
pub fn sort<T>(messages: &mut Vec<(T, &Message)>, criteria: &[SortCriterion]) {
    let values = |message: &Message| -> Vec<Value> {
        criteria.iter().map(|criterion| Value::of(criterion.key, message)).collect()
    };
    let mut valued: Vec<_> =
        messages.drain(..).map(|(one, message)| (values(message), one, message)).collect();
    valued.sort_by(|(a, ..), (b, ..)| {
        let orders = criteria
            .iter()
            .zip(a.iter().zip(b))
            .map(|(criterion, (a, b))| if criterion.reverse { b.cmp(a) } else { a.cmp(b) });
        orders.fold(Ordering::Equal, Ordering::then)
    });
    messages.extend(valued.into_iter().map(|(_, one, message)| (one, message)));
}

/// What is compared. Of one key, all are of one kind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Number(i64),
    Text(String),
}

impl Value {
    fn of(key: SortKey, message: &Message) -> Value {
        let header = || header(message);
        match key {
            SortKey::Arrival => Value::Number(message.internal_date.unix_time().0),
            SortKey::Date => Value::Number(sent_date(message).0),
            SortKey::Size => Value::Number(message.data().len() as i64),
            SortKey::Subject => Value::Text(base_subject(header()).text),
            SortKey::Cc => Value::Text(local_part(header(), "Cc")),
            SortKey::From => Value::Text(local_part(header(), "From")),
            SortKey::To => Value::Text(local_part(header(), "To")),
            SortKey::DisplayFrom => Value::Text(display_name(header(), "From")),
            SortKey::DisplayTo => Value::Text(display_name(header(), "To")),
        }
    }
}

/// The sent date (RFC 5256 §2.2): that of the `Date` field, or else the INTERNALDATE.
pub fn sent_date(message: &Message) -> UnixTime {
    let date = header(message).value("Date");
    let sent = date.and_then(|date| DateTime::parse_sent(&date));
    sent.unwrap_or(message.internal_date).unix_time()
}

/// The header of a message.
pub(super) fn header(message: &Message) -> Header<'_> {
    mail::Message::parse(message.data()).header()
}

/// The base subject of a message; that of the empty subject where it has none.
pub(super) fn base_subject(header: Header<'_>) -> BaseSubject {
    BaseSubject::of(&header.value("Subject").unwrap_or_default())
}

/// The `addr-mailbox` of the first address in a field; of a group, its name. Empty where there is
/// none.
fn local_part(header: Header<'_>, name: &str) -> String {
    let addresses = header.field(name).map(|field| parse_addresses(field.raw_value()));
    let addresses = addresses.unwrap_or_default();
    let first = envelope_addresses(&addresses).next().unwrap_or_default();
    collated(&String::from_utf8_lossy(first.mailbox.unwrap_or_default())).into_owned()
}

/// The display name of the first address in a field, or else the address (RFC 5957 §3).
fn display_name(header: Header<'_>, name: &str) -> String {
    let addresses = header.field(name).map(|field| parse_addresses(field.raw_value()));
    let addresses = addresses.unwrap_or_default();
    let Some(first) = envelope_addresses(&addresses).next() else { return String::new() };
    let name = match (first.name.filter(|name| !name.is_empty()), first.mailbox, first.host) {
        (Some(name), ..) => return collated(&decode_words(&spaced(name.into()))).into_owned(),
        (None, mailbox, Some(host)) => [mailbox.unwrap_or_default(), b"@", host].concat(),
        (None, mailbox, None) => mailbox.unwrap_or_default().to_vec(),
    };
    collated(&String::from_utf8_lossy(&name)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u32, data: &str) -> Message {
        let date = DateTime::utc(UnixTime(1_000 - i64::from(number)));
        Message::of_text(number, date, data)
    }

    fn sorted(criteria: &str, messages: &[&str]) -> Vec<u32> {
        let mut parser = Parser::new(criteria.as_bytes());
        let criteria = SortCriterion::parse_all(&mut parser).unwrap();
        parser.end().unwrap();
        let messages: Vec<Message> =
            (1..).zip(messages).map(|(number, data)| message(number, data)).collect();
        let mut found: Vec<_> = messages.iter().map(|one| (one.uid.get(), one)).collect();
        sort(&mut found, &criteria);
        found.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn each_key() {
        let mail = [
            "From: Zoe <a@x.example>\nTo: c@x.example\nSubject: Re: b\nDate: 2 Jan 2026 00:00 +0000\n\n",
            "From: \"anna\" <B@x.example>\nCc: z@x.example\nSubject: a\nDate: 1 Jan 2026 23:30 -0100\n\n12",
            "From: =?utf-8?q?=C3=84nne?= <c@x.example>\nTo: g: a@x.example;\nSubject: [x] B\n\n123456",
        ];
        for (criteria, wanted) in [
            ("(ARRIVAL)", [3, 2, 1]),
            ("(REVERSE ARRIVAL)", [1, 2, 3]),
            ("(DATE)", [3, 1, 2]),
            ("(reverse date)", [2, 1, 3]),
            ("(SIZE)", [3, 1, 2]),
            ("(FROM)", [1, 2, 3]),
            ("(CC)", [1, 3, 2]),
            ("(TO)", [2, 1, 3]),
            ("(SUBJECT)", [2, 1, 3]),
            ("(REVERSE SUBJECT)", [1, 3, 2]),
            ("(SUBJECT REVERSE DATE)", [2, 1, 3]),
            ("(SUBJECT DATE)", [2, 3, 1]),
            ("(DISPLAYFROM)", [2, 3, 1]),
            ("(DISPLAYTO)", [2, 1, 3]),
        ] {
            assert_eq!(sorted(criteria, &mail), wanted, "{criteria}");
        }
    }

    #[test]
    fn equal_messages_stay_in_their_order() {
        let mail = ["Subject: a\n\n", "Subject: Re: A\n\n", "Subject: [x] a (fwd)\n\n"];
        assert_eq!(sorted("(SUBJECT)", &mail), [1, 2, 3]);
        assert_eq!(sorted("(REVERSE SUBJECT)", &mail), [1, 2, 3]);
        assert_eq!(sorted("(SUBJECT ARRIVAL)", &mail), [3, 2, 1]);
    }

    #[test]
    fn what_is_no_order() {
        for text in ["", "()", "DATE", "(DATE", "(REVERSE)", "(REVERSE REVERSE DATE)", "(RECENT)"] {
            assert!(SortCriterion::parse_all(&mut Parser::new(text.as_bytes())).is_err(), "{text}");
        }
    }
}
