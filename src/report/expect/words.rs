//! Expectations in words.

use std::time::Duration;

use crate::engine::SimTime;
use crate::proto::mail::delivery_status::Action;
use crate::scenario::plan::expect::{Fate, LoadNumber, PortState};
use crate::scenario::plan::{Count, Expect};

/// The expectation as a sentence.
pub(super) fn of(expect: &Expect) -> String {
    match expect {
        Expect::Delivered { mail, to, within, after, copies, octets_equal, header } => {
            let mut text = format!("{mail} is delivered to {}", to.join(", "));
            if let Some(within) = within {
                text += &format!(" within {}", duration(*within));
            }
            if let Some(after) = after {
                text += &format!(" after {} at the earliest", duration(*after));
            }
            if *copies != Count::exactly(1) {
                text += &format!(", {copies} times");
            }
            if *octets_equal {
                text += ", octet for octet";
            }
            for (name, value) in header {
                text += &format!(", with {name}: {value:?}");
            }
            text
        }
        Expect::NotDelivered { mail, to } => {
            format!("{mail} is not delivered to {}", to.join(", "))
        }
        Expect::Bounce { to, mail, recipient, action, status, by, contains, count } => {
            let mut text = number(*count, Count::exactly(1));
            text += &format!("{to} is told that ");
            text += mail.as_deref().unwrap_or("a message");
            text += match action {
                Action::Failed => " failed",
                Action::Delayed => " is delayed",
                Action::Delivered => " was delivered",
                Action::Relayed => " was relayed",
                Action::Expanded => " was expanded",
            };
            if let Some(recipient) = recipient {
                text += &format!(" for {recipient}");
            }
            if let Some(status) = status {
                text += &format!(" with {status}");
            }
            if let Some(by) = by {
                text += &format!(" by {by}");
            }
            text + &quoted(contains)
        }
        Expect::Queries { from, to, name, type_, after, before, count } => {
            let mut text = amount(*count, "query");
            if let Some(from) = from {
                text += &format!(" of {from}");
            }
            if !to.is_empty() {
                text += &format!(" to {}", list(to));
            }
            if name.is_some() || type_.is_some() {
                let (type_, name) = (type_.as_deref(), name.as_deref());
                text += &format!(
                    " for {} {}",
                    type_.unwrap_or("any type of"),
                    name.unwrap_or("any name")
                );
            }
            text + &between(*after, *before)
        }
        Expect::Resolved { name, type_, answer, rcode } => match answer.len() {
            0 => format!("{type_} {name} is resolved to {rcode}"),
            _ => format!("{type_} {name} is resolved to {rcode} with {}", answer.join(", ")),
        },
        Expect::Mailbox { user, mailbox, messages, unseen, mail, flags } => {
            let mut text = format!("{mailbox} of {user} holds ");
            text += &amount(*messages, "message");
            if *unseen == Count::exactly(0) {
                text += ", none of them unseen";
            } else if *unseen != Count::ANY {
                text += &format!(", {unseen} of them unseen");
            }
            text + &among(mail.as_deref(), flags)
        }
        Expect::Device { client, mailbox, sees, mail, flags } => {
            let sees = amount(*sees, "message");
            format!("{client} sees {sees} in {mailbox}{}", among(mail.as_deref(), flags))
        }
        Expect::Downloads { client, mail, after, before, count } => {
            let of = mail.as_ref().map(|mail| format!(" of {mail}")).unwrap_or_default();
            let times = between(*after, *before);
            format!("{}{of} by {client}{times}", amount(*count, "download"))
        }
        Expect::Trouble { client, contains, count } => {
            let of = client.as_ref().map(|client| format!(" of {client}")).unwrap_or_default();
            format!("{}{of}{}", amount(*count, "trouble"), quoted(contains))
        }
        Expect::Queue { host, messages } => {
            let place = host.as_ref().map_or_else(String::new, |host| format!(" on {host}"));
            format!("{} queued{place}", amount(*messages, "message"))
        }
        Expect::Reply { from, to, code, contains, count } => {
            let mut text = number(*count, Count { at_least: 1, at_most: u64::MAX });
            text += from.as_deref().unwrap_or("a server");
            text += " replies";
            if let Some(code) = code {
                text += &format!(" {code}");
            }
            if let Some(to) = to {
                text += &format!(" to {to}");
            }
            text + &quoted(contains)
        }
        Expect::Path { mail, to, hosts } => {
            format!("{mail} goes to {} by {}", to.join(", "), hosts.join(", "))
        }
        Expect::Attempts { mail, from, count } => {
            let from = from.as_ref().map_or_else(String::new, |from| format!(" by {from}"));
            format!("{}{from} to hand on {mail}", amount(*count, "attempt"))
        }
        Expect::Forged { by, as_, to, port, count } => {
            let mut text = amount(*count, "forged datagram");
            for (word, host) in [("of", by), ("as", as_), ("to", to)] {
                if let Some(host) = host {
                    text += &format!(" {word} {host}");
                }
            }
            text + match port {
                None => "",
                Some(PortState::Open) => " at open ports",
                Some(PortState::Closed) => " at closed ports",
            }
        }
        Expect::Load(numbers) => {
            let each = numbers.iter().map(|(number, count)| format!("{count} {}", named(*number)));
            format!("the load comes to {}", list(&each.collect::<Vec<_>>()))
        }
        Expect::LostPackets(count) => format!("{} lost", amount(*count, "packet")),
        Expect::Packets { fate, count } => {
            let what = match fate {
                Fate::Lost(why) => return format!("{} lost: {why}", amount(*count, "packet")),
                Fate::Duplicated => "duplicated",
                Fate::Delayed => "delayed by faults",
                Fate::Reset => "answered with RST by faults",
                Fate::Held => "held by links",
            };
            format!("{} {what}", amount(*count, "packet"))
        }
    }
}

/// `2 to 3 times: `; nothing where it is the usual number.
/// ` from 1m on before 2m`
fn between(after: SimTime, before: SimTime) -> String {
    let mut text = String::new();
    if after > SimTime::ZERO {
        text += &format!(" from {} on", duration(after - SimTime::ZERO));
    }
    if before < SimTime::MAX {
        text += &format!(" before {}", duration(before - SimTime::ZERO));
    }
    text
}

/// What a number of a load counts.
pub(super) fn named(number: LoadNumber) -> &'static str {
    match number {
        LoadNumber::Written => "messages written",
        LoadNumber::Submitted => "messages submitted",
        LoadNumber::Refused => "messages given up",
        LoadNumber::Delivered => "messages put into mailboxes",
        LoadNumber::Asked => "questions asked",
        LoadNumber::Answered => "questions answered",
        LoadNumber::Unanswered => "questions not answered",
    }
}

fn number(count: Count, usual: Count) -> String {
    match count {
        _ if count == usual => String::new(),
        Count { at_least: 0, at_most: 0 } => "never: ".to_owned(),
        Count { at_least: 1, at_most: 1 } => "once: ".to_owned(),
        _ => format!("{count} times: "),
    }
}

/// `no messages`, `1 message`, `at least 2 messages`, `messages`
fn amount(count: Count, noun: &str) -> String {
    let nouns = counted(0, noun).split_off(2);
    match (count.at_least, count.at_most) {
        (0, u64::MAX) => nouns,
        (0, 0) => format!("no {nouns}"),
        (least, most) if least == most => counted(least, noun),
        (1, u64::MAX) => format!("at least 1 {noun}"),
        _ => format!("{count} {nouns}"),
    }
}

fn among(mail: Option<&str>, flags: &[String]) -> String {
    match (mail, flags.len()) {
        (None, _) => String::new(),
        (Some(mail), 0) => format!(", among them {mail}"),
        (Some(mail), _) => format!(", among them {mail} with {}", flags.join(" ")),
    }
}

fn quoted(contains: &[String]) -> String {
    contains.iter().map(|part| format!(", with {part:?} in it")).collect()
}

/// `1 copy`, `2 copies`
pub(super) fn counted(count: u64, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}s"),
    }
}

/// The first few, and how many more there are.
pub(super) fn list(items: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = items.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join("; ");
    match items.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

/// `1d`, `90s`, `250ms`: the greatest unit that leaves no fraction, as scenarios write it.
fn duration(time: Duration) -> String {
    let nanos = time.as_nanos();
    let units = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
    ];
    match units.iter().find(|(unit, _)| nanos >= *unit && nanos.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", nanos / unit),
        None => format!("{nanos}ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_a_person_says_them() {
        let check = |count, text: &str| assert_eq!(amount(count, "query"), text);
        check(Count::ANY, "queries");
        check(Count::exactly(0), "no queries");
        check(Count::exactly(1), "1 query");
        check(Count::exactly(3), "3 queries");
        check(Count { at_least: 1, at_most: u64::MAX }, "at least 1 query");
        check(Count { at_least: 2, at_most: u64::MAX }, "at least 2 queries");
    }

    #[test]
    fn durations_are_written_as_in_scenarios() {
        let check = |nanos, text: &str| assert_eq!(duration(Duration::from_nanos(nanos)), text);
        check(0, "0ns");
        check(5_000_000_000, "5s");
        check(90_000_000_000, "90s");
        check(120_000_000_000, "2m");
        check(172_800_000_000_000, "2d");
        check(1_500_000, "1500us");
    }
}
