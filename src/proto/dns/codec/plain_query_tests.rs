//! What is read as a plain query, held against the message that it is.

use proptest::prelude::*;

use super::super::codes::RecordType;
use super::super::message::{Edns, EdnsOption, Message};
use super::super::name::Name;
use super::super::query::Query;
use super::tests::{messages, names};

/// Octets of plain queries, and of those that just are none: with some octets changed, the counts and
/// the beginning of OPT above all, cut, or with more behind them.
pub(in super::super) fn nearly_queries(
    qnames: impl Strategy<Value = Name>,
) -> impl Strategy<Value = Vec<u8>> {
    let rtype = prop_oneof![(1..60_u16), (250..260_u16)].prop_map(RecordType::from);
    let edns = prop::option::of((any::<u16>(), any::<bool>(), prop::option::of(0..20_usize)));
    let query = (qnames, rtype, any::<u16>(), edns).prop_map(|(qname, rtype, id, edns)| {
        let mut message = Message::query(id, qname, rtype);
        message.edns = edns.map(|(udp_octets, dnssec_ok, option)| Edns {
            udp_octets,
            dnssec_ok,
            options: option
                .map(|octets| EdnsOption { code: 10, data: vec![7; octets].into() })
                .into_iter()
                .collect(),
            ..Edns::default()
        });
        message.encode().to_vec()
    });
    let flags = prop_oneof![
        2 => Just([0x01, 0]),
        2 => any::<[u8; 2]>().prop_map(|[high, low]| [high & 0x07, low]),
        1 => any::<[u8; 2]>(),
    ];
    let place = prop_oneof![
        (4..13_usize).prop_map(Place::FromStart),
        (1..16_usize).prop_map(Place::FromEnd),
        any::<prop::sample::Index>().prop_map(Place::Any),
    ];
    let octet = prop_oneof![0..3_u8, Just(0xc0), any::<u8>()];
    let changes = prop_oneof![
        1 => Just(Vec::new()),
        2 => prop::collection::vec((place, octet), 1..3),
    ];
    let tail = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec(any::<u8>(), 1..20),
    ];
    let cut = prop::option::weighted(0.1, any::<prop::sample::Index>());
    (query, flags, changes, tail, cut).prop_map(|(mut octets, flags, changes, tail, cut)| {
        octets[2..4].copy_from_slice(&flags);
        for (place, octet) in changes {
            let place = match place {
                Place::FromStart(place) => place,
                Place::FromEnd(place) => octets.len() - place,
                Place::Any(place) => place.index(octets.len()),
            };
            octets[place] = octet;
        }
        octets.extend(tail);
        octets.truncate(cut.map_or(octets.len(), |cut| cut.index(octets.len())));
        octets
    })
}

#[derive(Debug, Clone, Copy)]
enum Place {
    FromStart(usize),
    FromEnd(usize),
    Any(prop::sample::Index),
}

fn check_query(octets: &[u8]) -> Result<(), TestCaseError> {
    let Some(Query { id, flags, question, edns }) = Query::read(octets) else { return Ok(()) };
    prop_assert!(!flags.qr);
    let message = super::decode(octets).map_err(|error| TestCaseError::fail(error.to_string()))?;
    // The code of a query says nothing.
    let (rcode, questions) = (message.rcode, vec![question]);
    let query = Message::query(id, Name::root(), RecordType::A);
    prop_assert_eq!(message, Message { flags, rcode, questions, edns, ..query });
    Ok(())
}

proptest! {
    #[test]
    fn a_plain_query_is_the_message_that_it_is_read_as(
        nearly in nearly_queries(names()),
        message in messages(),
        counts in prop::array::uniform4(0..2_u8),
        rest in prop::collection::vec(prop_oneof![0..20_u8, any::<u8>()], 0..60),
    ) {
        check_query(&nearly)?;
        check_query(&message.encode())?;
        let mut octets = vec![0, 1, 0, 0];
        octets.extend(counts.iter().flat_map(|&count| [0, count]));
        octets.extend(rest);
        check_query(&octets)?;
    }

    #[test]
    fn what_this_library_asks_is_a_plain_query(
        qname in names(), rtype in 1..300_u16, size in prop::option::of(any::<u16>()),
    ) {
        let mut query = Message::query(7, qname, rtype.into());
        query.edns = size.map(|udp_octets| Edns { udp_octets, ..Edns::default() });
        prop_assert_eq!(Query::read(&query.encode()), Query::of(query));
    }
}
