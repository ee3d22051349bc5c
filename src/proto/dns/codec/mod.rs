//! The wire form of messages.
//!
//! Follows RFC 1035 §4.1 with compression (§4.1.4), RFC 3597 §4 (which names are compressed),
//! RFC 6891 §6.1 (OPT), RFC 2181 §8 and §9 (TTLs, TC).
//!
//! A compressed name takes the case of its first mention.
//!
//! Our own, since the crate that does the same (`domain`) takes three times as long (bench `dns`); in tests it
//! is the oracle.

mod cut;
mod decode;
mod encode;
#[cfg(test)]
mod oracle;
#[cfg(test)]
pub(super) mod plain_query_tests;

pub(super) use decode::{data_from_octets, decode, read_query};
pub(super) use encode::encode;

#[cfg(test)]
mod tests {
    use super::super::codes::{Rcode, RecordType};
    use super::super::message::{DecodeReason, Edns, EdnsOption, Flags, Message, Question};
    use super::super::name::Name;
    use super::super::record::{Record, RecordData, Soa, Txt};
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn a(owner: &str, last: u8) -> Record {
        Record::new(name(owner), 300, RecordData::A([192, 0, 2, last].into()))
    }

    fn ns(owner: &str, host: &str) -> Record {
        Record::new(name(owner), 300, RecordData::Ns(name(host)))
    }

    #[test]
    fn an_address_of_wrong_length_spoils_no_message() {
        let mut message = Message::query(1, name("example.com"), RecordType::A);
        for octets in [&[192, 0, 2][..], &[192, 0, 2, 1], &[192, 0, 2, 1, 0]] {
            let data = RecordData::Unknown {
                rtype: RecordType::A,
                octets: bytes::Bytes::copy_from_slice(octets),
            };
            message.answers.push(Record::new(name("example.com"), 60, data));
        }
        let decoded = Message::decode(&message.encode()).unwrap();
        let broken: Vec<bool> =
            decoded.answers.iter().map(|record| record.data.is_broken_address()).collect();
        assert_eq!(broken, [true, false, true]);
        assert_eq!(decoded.answers[1].data, RecordData::A([192, 0, 2, 1].into()));
    }

    #[test]
    fn names_are_compressed_as_rfc_1035_section_4_1_4_prints_it() {
        let mut message = Message::query(0, name("F.ISI.ARPA"), RecordType::A);
        message.questions.push(Question::new(name("FOO.F.ISI.ARPA"), RecordType::A));
        message.questions.push(Question::new(name("ARPA"), RecordType::A));
        message.questions.push(Question::new(Name::root(), RecordType::A));
        let octets = message.encode();
        assert_eq!(
            octets[12..],
            *b"\x01F\x03ISI\x04ARPA\0\0\x01\0\x01\x03FOO\xc0\x0c\0\x01\0\x01\xc0\x12\0\x01\0\x01\0\0\x01\0\x01"
        );
        assert_eq!(Message::decode(&octets), Ok(message));
    }

    #[test]
    fn every_kind_of_record_comes_back() {
        let mut message = Message::query(4711, name("example.com"), RecordType::Any).with_edns();
        message.flags = Flags { qr: true, aa: true, ad: true, ..Flags::default() };
        message.rcode = Rcode::BadVers;
        let host = || name("mx.example.com");
        let data = [
            RecordData::A([192, 0, 2, 1].into()),
            RecordData::Aaaa("2001:db8::1".parse().unwrap()),
            RecordData::Ns(host()),
            RecordData::Cname(host()),
            RecordData::Dname(host()),
            RecordData::Ptr(host()),
            RecordData::Soa(Box::new(Soa {
                mname: host(),
                rname: name("admin.example.com"),
                serial: 1,
                refresh_secs: 2,
                retry_secs: 3,
                expire_secs: 4,
                minimum_secs: 5,
            })),
            RecordData::Mx { preference: 10, exchange: host() },
            RecordData::Txt(Txt::new(["v=spf1 -all", ""])),
            RecordData::Srv { priority: 1, weight: 2, port: 25, target: host() },
            RecordData::Unknown { rtype: RecordType::Other(65_280), octets: vec![1, 2].into() },
        ];
        message.answers = data.map(|data| Record::new(name("example.com"), 60, data)).to_vec();
        message.edns = Some(Edns {
            dnssec_ok: true,
            options: vec![EdnsOption { code: 15, data: vec![0, 22].into() }],
            ..Edns::default()
        });
        let octets = message.encode();
        assert_eq!(Message::decode(&octets), Ok(message));
        for end in 0..octets.len() {
            assert!(Message::decode(&octets[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_by_whole_rrsets() {
        let mut message = Message::query(1, name("example.com"), RecordType::A).with_edns();
        message.flags.qr = true;
        message.answers = (0..10).map(|last| a("a.example.com", last)).collect();
        message.answers.extend((0..40).map(|last| a("b.example.com", last)));
        let octets = message.encode_within(512);
        assert!(octets.len() <= 512);
        let cut = Message::decode(&octets).unwrap();
        assert!(cut.flags.tc && cut.edns.is_some());
        assert_eq!(cut.answers, message.answers[..10]);

        // 16 octets a record after the first, and no more than asked for.
        for limit in 512..700 {
            assert!(message.encode_within(limit).len() <= limit);
        }
    }

    #[test]
    fn additional_records_may_miss_without_tc_but_not_needed_glue() {
        let mut message = Message::query(1, name("www.sub.example.com"), RecordType::A);
        message.flags.qr = true;
        message.authorities = vec![ns("sub.example.com", "ns.sub.example.com")];
        message.additionals = (0..40).map(|last| a("ns.sub.example.com", last)).collect();
        let cut = Message::decode(&message.encode_within(512)).unwrap();
        assert!(cut.flags.tc && cut.additionals.is_empty());

        message.authorities = vec![ns("sub.example.com", "ns.example.net")];
        let cut = Message::decode(&message.encode_within(512)).unwrap();
        assert!(!cut.flags.tc && cut.additionals.is_empty());
    }

    #[test]
    fn a_malformed_query_keeps_id_and_question_for_formerr() {
        let query = Message::query(4711, name("example.com"), RecordType::A);
        let mut octets = query.encode().to_vec();
        octets[11] = 1; // An additional record is announced, and none follows.
        let error = Message::decode(&octets).unwrap_err();
        let response = error.response().unwrap();
        assert_eq!((response.id, response.rcode), (4711, Rcode::FormErr));
        assert_eq!(response.questions, query.questions);

        octets[2] |= 0x80;
        assert_eq!(Message::decode(&octets).unwrap_err().response(), None);
        assert_eq!(Message::decode(&octets[..11]).unwrap_err().response(), None);
    }

    #[test]
    fn a_pointer_that_loops_is_malformed() {
        let mut octets = Message::query(1, Name::root(), RecordType::A).encode().to_vec();
        octets.splice(12..13, [0xc0, 12]);
        assert_eq!(Message::decode(&octets).unwrap_err().reason, DecodeReason::Malformed);
    }

    #[test]
    fn a_ttl_with_its_first_bit_set_is_zero() {
        let mut message = Message::query(1, name("a"), RecordType::A);
        message.answers = vec![Record { ttl_secs: 1 << 31, ..a("a", 1) }];
        assert_eq!(Message::decode(&message.encode()).unwrap().answers[0].ttl_secs, 0);
    }

    pub(super) fn names() -> impl Strategy<Value = Name> {
        prop::collection::vec("[a-cA-C]{1,2}", 0..5)
            .prop_map(|labels| Name::from_labels(labels.iter().map(String::as_bytes)).unwrap())
    }

    fn records() -> impl Strategy<Value = Record> {
        let data = prop_oneof![
            any::<[u8; 4]>().prop_map(|octets| RecordData::A(octets.into())),
            names().prop_map(RecordData::Ns),
            names().prop_map(RecordData::Dname),
            (any::<u16>(), names())
                .prop_map(|(preference, exchange)| RecordData::Mx { preference, exchange }),
            prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..3)
                .prop_map(|strings| RecordData::Txt(Txt::new(strings))),
            prop::collection::vec(any::<u8>(), 0..50).prop_map(|octets| RecordData::Unknown {
                rtype: RecordType::Rrsig,
                octets: octets.into()
            }),
        ];
        (names(), 0..=i32::MAX as u32, data)
            .prop_map(|(name, ttl_secs, data)| Record::new(name, ttl_secs, data))
    }

    /// Messages of any flags and code.
    pub(super) fn messages() -> impl Strategy<Value = Message> {
        let sections = prop::array::uniform3(prop::collection::vec(records(), 0..30));
        let edns = prop::option::of((any::<u16>(), any::<bool>(), 0..2_u8, 0..300_usize));
        (names(), any::<u16>(), any::<[bool; 4]>(), 0..40_u16, sections, edns).prop_map(
            |(qname, id, [qr, aa, rd, cd], rcode, sections, edns)| {
                let mut message = Message::query(id, qname, RecordType::A);
                message.flags = Flags { qr, aa, rd, cd, ..Flags::default() };
                [message.answers, message.authorities, message.additionals] = sections;
                message.edns = edns.map(|(udp_octets, dnssec_ok, version, octets)| Edns {
                    udp_octets,
                    version,
                    dnssec_ok,
                    options: vec![EdnsOption { code: 15, data: vec![7; octets].into() }],
                });
                message.rcode = Rcode::from(rcode);
                message
            },
        )
    }

    proptest! {
        #[test]
        fn any_message_comes_back(
            qname in names(),
            answers in prop::collection::vec(records(), 0..30),
            authorities in prop::collection::vec(records(), 0..5),
            limit in 512..3000_usize,
        ) {
            let mut message = Message::query(7, qname, RecordType::A);
            message.answers = answers;
            message.authorities = authorities;
            prop_assert_eq!(Message::decode(&message.encode()), Ok(message.clone()));
            let octets = message.encode_within(limit);
            prop_assert!(octets.len() <= limit);
            let cut = Message::decode(&octets).unwrap();
            prop_assert!(cut == message || cut.flags.tc);
        }

        #[test]
        fn arbitrary_octets_never_panic(
            counts in prop::array::uniform4(0..4_u8),
            rest in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut octets = vec![0, 1, 0, 0];
            octets.extend(counts.iter().flat_map(|&count| [0, count]));
            octets.extend(rest);
            if let Ok(message) = Message::decode(&octets) {
                let _ = (message.to_string(), message.to_dig().to_string(), message.encode());
            }
        }

        #[test]
        fn arbitrary_data_of_any_type_prints(
            number in 0..300_u16, octets in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let data = RecordData::Unknown { rtype: number.into(), octets: octets.into() };
            let _ = data.to_string();
        }
    }
}
