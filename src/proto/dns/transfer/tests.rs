//! Transfers end to end, and what a client makes of wrong ones.

use proptest::prelude::*;

use super::super::codes::{Class, Rcode, RecordType};
use super::super::master::parse_records;
use super::super::message::Message;
use super::super::name::Name;
use super::super::record::{Record, RecordData};
use super::super::zone::Zone;
use super::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// The zone of RFC 1034 §6.1 in small: apex, a delegation with glue, a wildcard.
const RECORDS: &str = "
@ 3600 IN SOA ns1 hostmaster 7 3600 600 86400 300
@ 3600 IN NS ns1
@ 3600 IN MX 10 mail
ns1 3600 IN A 192.0.2.53
mail 3600 IN A 192.0.2.25
*.dyn 60 IN TXT \"any\"
sub 3600 IN NS ns.sub
ns.sub 3600 IN A 192.0.2.54
";

fn zone() -> Zone {
    let origin = name("example.com");
    Zone::new(&origin, parse_records(&origin, RECORDS).unwrap()).unwrap()
}

fn transfer() -> Transfer {
    Transfer::new(name("example.com"), 4711, TransferLimits::default())
}

fn query() -> Message {
    Message::decode(&transfer().query()).unwrap()
}

fn records(zone: &Zone) -> Vec<Record> {
    zone.records().cloned().collect()
}

/// What a client says to these messages, changed by `change` before they are sent.
fn check(change: impl Fn(&mut Vec<Message>)) -> Result<Option<Zone>, TransferError> {
    let messages = response(&query(), &zone()).unwrap();
    let mut messages: Vec<Message> =
        messages.iter().map(|octets| Message::decode(octets).unwrap()).collect();
    change(&mut messages);
    let mut transfer = transfer();
    for message in messages {
        if let Progress::Done(zone) = transfer.take(&message.encode())? {
            return Ok(Some(zone));
        }
    }
    Ok(None)
}

#[test]
fn a_zone_comes_over_whole_between_two_soas() {
    let messages = response(&query(), &zone()).unwrap();
    assert_eq!(messages.len(), 1);
    let message = Message::decode(&messages[0]).unwrap();
    assert!(message.flags.aa && message.flags.qr && !message.flags.tc);
    assert_eq!(message.questions, query().questions);
    let types: Vec<RecordType> = message.answers.iter().map(Record::rtype).collect();
    assert_eq!((types[0], types[types.len() - 1]), (RecordType::Soa, RecordType::Soa));
    let owners: Vec<&Name> =
        message.answers[..types.len() - 1].iter().map(|record| &record.name).collect();
    assert!(owners.is_sorted(), "canonical order");

    let Progress::Done(copy) = transfer().take(&messages[0]).unwrap() else {
        panic!("the zone is in one message");
    };
    assert_eq!(records(&copy), records(&zone()));
}

#[test]
fn the_records_may_be_cut_into_messages_anywhere() {
    let whole = check(|messages| {
        let one = messages.remove(0);
        for record in &one.answers {
            let questions = if messages.is_empty() { one.questions.clone() } else { Vec::new() };
            let answers = vec![record.clone()];
            messages.push(Message { questions, answers, ..one.clone() });
        }
    });
    assert_eq!(records(&whole.unwrap().unwrap()), records(&zone()));
}

#[test]
fn what_is_wrong_with_a_response_is_told() {
    use TransferError as E;
    let fails = |change: &dyn Fn(&mut Message)| {
        check(|messages| change(&mut messages[0])).expect_err("the message is wrong")
    };
    assert_eq!(fails(&|m| m.id = 1), E::Mismatch);
    assert_eq!(fails(&|m| m.flags.qr = false), E::Mismatch);
    assert_eq!(fails(&|m| m.opcode = super::super::Opcode::Notify), E::Mismatch);
    assert_eq!(fails(&|m| m.questions[0].rtype = RecordType::Any), E::Mismatch);
    assert_eq!(fails(&|m| m.questions[0].name = name("example.net")), E::Mismatch);
    assert_eq!(fails(&|m| m.questions.clear()), E::Mismatch);
    let declined = |rcode, truncated| E::Declined { rcode, truncated };
    assert_eq!(fails(&|m| m.rcode = Rcode::Refused), declined(Rcode::Refused, false));
    assert_eq!(fails(&|m| m.flags.tc = true), declined(Rcode::NoError, true));
    assert_eq!(fails(&|m| m.answers.clear()), E::Empty);
    assert_eq!(fails(&|m| drop(m.answers.remove(0))), E::NoSoaFirst);
    assert_eq!(fails(&|m| m.answers[1].class = Class::Ch), E::Class(Class::Ch));
    assert_eq!(fails(&|m| m.answers.extend(m.answers.last().cloned())), E::RecordsAfterEnd);
    let other = |m: &mut Message| {
        if let Some(RecordData::Soa(soa)) = m.answers.last_mut().map(|last| &mut last.data) {
            soa.serial = 8;
        }
    };
    assert_eq!(fails(&other), E::SoaChanged { first: 7, last: 8 });
    assert!(matches!(fails(&|m| drop(m.answers.remove(1))), E::NoZone(_)), "no NS");
}

#[test]
fn a_response_that_breaks_off_gives_no_zone() {
    assert!(check(|messages| drop(messages[0].answers.pop())).unwrap().is_none());
}

#[test]
fn records_from_elsewhere_are_left_out() {
    let elsewhere = Record::new(name("www.example.net"), 60, RecordData::A([192, 0, 2, 66].into()));
    let copy = check(|messages| messages[0].answers.insert(1, elsewhere.clone()));
    assert_eq!(records(&copy.unwrap().unwrap()), records(&zone()));
}

#[test]
fn a_client_takes_no_more_than_it_says() {
    for limits in [
        TransferLimits { octets: 100, ..TransferLimits::default() },
        TransferLimits { records: 3, ..TransferLimits::default() },
    ] {
        let mut transfer = Transfer::new(name("example.com"), 4711, limits);
        let error = transfer.take(&response(&query(), &zone()).unwrap()[0]).unwrap_err();
        assert_eq!(error, TransferError::TooLarge(limits));
    }
}

#[test]
fn a_zone_of_a_hundred_thousand_records_comes_over() {
    let origin = name("example.com");
    let mut all = parse_records(&origin, RECORDS).unwrap();
    all.extend((0..100_000_u32).map(|index| {
        let owner = name(&format!("host{index}.example.com"));
        Record::new(owner, 3_600, RecordData::A(index.into()))
    }));
    let zone = Zone::new(&origin, all).unwrap();
    let messages = response(&query(), &zone).unwrap();
    assert!(messages.len() > 40 && messages.iter().all(|octets| octets.len() > 4_096));
    let mut transfer = transfer();
    let mut copy = None;
    for octets in &messages {
        assert!(copy.is_none());
        if let Progress::Done(zone) = transfer.take(octets).unwrap() {
            copy = Some(zone);
        }
    }
    assert_eq!(records(&copy.unwrap()), records(&zone));
}

#[test]
fn a_record_that_fits_no_message_ends_the_transfer_before_it_begins() {
    let origin = name("example.com");
    let mut all = parse_records(&origin, RECORDS).unwrap();
    let octets = vec![0; 65_535].into();
    let data = RecordData::Unknown { rtype: RecordType::Other(65_280), octets };
    all.push(Record::new(origin.clone(), 60, data));
    assert_eq!(response(&query(), &Zone::new(&origin, all).unwrap()), None);
}

proptest! {
    #[test]
    fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = transfer().take(&octets);
    }

    #[test]
    fn a_response_with_octets_changed_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut octets = response(&query(), &zone()).unwrap()[0].to_vec();
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        let mut transfer = transfer();
        if let Ok(Progress::More) = transfer.take(&octets) {
            let _ = transfer.take(&octets);
        }
    }
}
