//! The same codec by the `domain` crate: what ours is held against.

mod decode;
mod encode;

use proptest::prelude::*;

use super::super::draft::Draft;
use super::super::message::Message;
use super::tests::messages;

fn encode_ours(message: &Message, limit: usize) -> bytes::Bytes {
    super::encode(&Draft::of(message), limit)
}

proptest! {
    #[test]
    fn both_write_the_same_octets(message in messages(), limit in 512..3_000_usize) {
        prop_assert_eq!(encode_ours(&message, 65_535), encode::encode(&message, 65_535));
        prop_assert_eq!(encode_ours(&message, limit), encode::encode(&message, limit));
    }

    #[test]
    fn both_read_the_same_in_messages_with_some_octets_changed(
        message in messages(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        pointers in prop::collection::vec((any::<prop::sample::Index>(), 0..80_u8), 0..2),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut octets = encode_ours(&message, 1_500).to_vec();
        for (place, octet) in changes {
            let place = place.index(octets.len());
            octets[place] = octet;
        }
        for (place, to) in pointers {
            let place = place.index(octets.len() - 1);
            octets[place..place + 2].copy_from_slice(&[0xc0, to]);
        }
        prop_assert_eq!(super::decode(&octets), decode::decode(&octets));
        octets.truncate(cut.index(octets.len()));
        prop_assert_eq!(super::decode(&octets), decode::decode(&octets));
    }

    #[test]
    fn both_read_the_same_in_arbitrary_octets(
        counts in prop::array::uniform4(0..4_u8),
        rest in prop::collection::vec(prop_oneof![0..20_u8, any::<u8>()], 0..200),
    ) {
        let mut octets = vec![0, 1, 0, 0];
        octets.extend(counts.iter().flat_map(|&count| [0, count]));
        octets.extend(rest);
        prop_assert_eq!(super::decode(&octets), decode::decode(&octets));
    }

    #[test]
    fn both_read_the_same_data_of_any_type(
        rtype in 0..70_u16, class in 0..3_u16, data in prop::collection::vec(0..8_u8, 0..40),
    ) {
        let mut octets = vec![0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
        octets.extend(rtype.to_be_bytes());
        octets.extend(class.to_be_bytes());
        octets.extend([0; 4]);
        octets.extend((data.len() as u16).to_be_bytes());
        octets.extend(data);
        prop_assert_eq!(super::decode(&octets), decode::decode(&octets));
    }
}
