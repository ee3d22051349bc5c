//! Tests of the reader of master files.

use proptest::prelude::*;

use super::*;

fn origin() -> Name {
    "example.com".parse().unwrap()
}

fn read(text: &str) -> Result<Vec<String>, Vec<String>> {
    let records = parse_records(&origin(), text);
    records
        .map(|records| records.iter().map(Record::to_string).collect())
        .map_err(|errors| errors.iter().map(MasterError::to_string).collect())
}

fn check(text: &str, records: &[&str]) {
    assert_eq!(
        read(text).as_deref(),
        Ok(&records.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>()[..])
    );
}

fn check_errors(text: &str, errors: &[&str]) {
    assert_eq!(read(text).unwrap_err(), errors);
}

#[test]
fn the_example_of_rfc_1035_section_5_3() {
    let text = "
@   IN  SOA     VENERA      Action\\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        NS      VENERA
        NS      VAXA
        MX      10      VENERA
        MX      20      VAXA

A       A       26.3.0.103

VENERA  A       10.1.0.52
        A       128.9.0.32

$INCLUDE <SUBSYS>ISI-MAILBOXES.TXT";
    let mailboxes = "
MOE     MB      A.ISI.EDU.
LARRY   MB      A.ISI.EDU.
STOOGES MG      MOE
        MG      LARRY
";
    let isi: Name = "ISI.EDU".parse().unwrap();
    let records = parse_master(&isi, "isi", text, &mut |file| {
        assert_eq!(file, "<SUBSYS>ISI-MAILBOXES.TXT");
        Ok(mailboxes.to_owned())
    });
    let lines: Vec<String> = records.unwrap().iter().map(Record::to_string).collect();
    assert_eq!(
        lines,
        [
            "ISI.EDU. 60 SOA VENERA.ISI.EDU. Action\\.domains.ISI.EDU. 20 7200 600 3600000 60",
            "ISI.EDU. 60 NS A.ISI.EDU.",
            "ISI.EDU. 60 NS VENERA.ISI.EDU.",
            "ISI.EDU. 60 NS VAXA.ISI.EDU.",
            "ISI.EDU. 60 MX 10 VENERA.ISI.EDU.",
            "ISI.EDU. 60 MX 20 VAXA.ISI.EDU.",
            "A.ISI.EDU. 60 A 26.3.0.103",
            "VENERA.ISI.EDU. 60 A 10.1.0.52",
            "VENERA.ISI.EDU. 60 A 128.9.0.32",
            "MOE.ISI.EDU. 60 MB A.ISI.EDU.",
            "LARRY.ISI.EDU. 60 MB A.ISI.EDU.",
            "STOOGES.ISI.EDU. 60 MG MOE.ISI.EDU.",
            "STOOGES.ISI.EDU. 60 MG LARRY.ISI.EDU.",
        ]
    );
}

#[test]
fn class_and_ttl_come_in_either_order_or_not_at_all() {
    check(
        "$TTL 1h\na 60 IN A 192.0.2.1\nb IN 1m30s A 192.0.2.2\nc A 192.0.2.3\n\tA 192.0.2.4",
        &[
            "a.example.com. 60 A 192.0.2.1",
            "b.example.com. 90 A 192.0.2.2",
            "c.example.com. 3600 A 192.0.2.3",
            "c.example.com. 3600 A 192.0.2.4",
        ],
    );
    // Without $TTL the one before counts, and an owner may be called as a type or a class.
    check(
        "in 60 IN A 192.0.2.1\na A 192.0.2.2\n",
        &["in.example.com. 60 A 192.0.2.1", "a.example.com. 60 A 192.0.2.2"],
    );
}

#[test]
fn origins_nest_and_lines_may_end_in_crlf() {
    check(
        "$ORIGIN sub\r\n@ 1 A 192.0.2.1\r\n$ORIGIN net.\r\nwww 1 CNAME @\r\n. 1 NS a\r\n",
        &["sub.example.com. 1 A 192.0.2.1", "www.net. 1 CNAME net.", ". 1 NS a.net."],
    );
}

#[test]
fn text_is_quoted_escaped_and_joined_over_lines() {
    check(
        "@ 1 TXT \"v=spf1 ; -all\" plain ( \"a\\\"b\"\n \"\\255\\010\" )\n@ 1 TXT \"\"",
        &[
            "example.com. 1 TXT \"v=spf1 ; -all\" \"plain\" \"a\\\"b\" \"\\255\\010\"",
            "example.com. 1 TXT \"\"",
        ],
    );
}

#[test]
fn generic_types_and_data_of_rfc_3597_section_5() {
    check(
        "a CLASS1 1 TYPE731 \\# 6 abcd ef 01 23 45\n\
         b 1 TYPE1 10.0.0.2\n\
         c 1 A \\# 4 0A000001\n\
         d 1 TYPE65280 \\# 0",
        &[
            "a.example.com. 1 TYPE731 \\# 6 ABCDEF012345",
            "b.example.com. 1 A 10.0.0.2",
            "c.example.com. 1 A 10.0.0.1",
            "d.example.com. 1 TYPE65280 \\# 0",
        ],
    );
    check_errors(
        "a 1 A \\# 3 0A0000\na 1 TYPE731 \\# 2 ab\na 1 TYPE731 ab",
        &[
            "records:1:10: the data of A: the octets do not fit the type",
            "records:2:16: the data of TYPE731: 2 hexadecimal digits do not make 2 octets (expected 4)",
            "records:3:13: found \"ab\", expected \\# and the data in hexadecimal, for a type without a form",
        ],
    );
}

#[test]
fn generate_makes_many() {
    check(
        "$TTL 1\n$GENERATE 1-2 host-$ A 192.0.2.$\n$GENERATE 10-12/2 ${0,3} CNAME $.net.",
        &[
            "host-1.example.com. 1 A 192.0.2.1",
            "host-2.example.com. 1 A 192.0.2.2",
            "010.example.com. 1 CNAME 10.net.",
            "012.example.com. 1 CNAME 12.net.",
        ],
    );
    check_errors(
        "$GENERATE 254-260 h$ 1 A 192.0.2.$",
        &["records:1:26: found \"192.0.2.256\", expected an IPv4 address such as 192.0.2.1"],
    );
}

#[test]
fn every_mistake_is_reported_at_once_with_its_place() {
    check_errors(
        "\
\tA 192.0.2.1
a A 192.0.2.1
a 1 A
a 1 A 192.0.2
a 1 A 192.0.2.1 x
a 1 MXX 10 b
a 1 MX b
b..c 1 A 192.0.2.1
\t1 A 192.0.2.1
a 1 ANY x
$TLL 1
$TTL one
$INCLUDE other
a 1 TXT \"open
a 1 SOA a b (
  1 2 3 4x 5 )
a 99999999999 A 192.0.2.1
a )
a 1 DS 1 2 3 xyz
a
b (",
        &[
            "records:1:2: the first record has no owner (\"@\" stands for the origin)",
            "records:2:3: no TTL (give one here, or a line like \"$TTL 1h\" before)",
            "records:3:6: the data of A ends too early: expected an IPv4 address such as 192.0.2.1",
            "records:4:7: found \"192.0.2\", expected an IPv4 address such as 192.0.2.1",
            "records:5:17: \"x\" stands behind the end of the data",
            "records:6:5: \"MXX\" is no record type (did you mean MX?)",
            "records:7:8: found \"b\", expected a preference from 0 to 65535",
            "records:8:1: \"b..c\" is no name: an empty label (two dots, or one at the start)",
            "records:9:2: the first record has no owner (\"@\" stands for the origin)",
            "records:10:5: ANY is a type of questions, no zone holds it",
            "records:11:1: \"$TLL\" is no directive ($ORIGIN, $TTL, $INCLUDE or $GENERATE)",
            "records:12:6: found \"one\", expected a time of up to 2147483647 seconds, such as 3600 or 1h30m",
            "records:13:10: \"other\": no file can be included here",
            "records:14:9: the quoted string does not end on its line (expected '\"')",
            "records:16:9: found \"4x\", expected a time of up to 2147483647 seconds, such as 3600 or 1h30m",
            "records:17:3: found \"99999999999\", expected a time of up to 2147483647 seconds, such as 3600 or 1h30m",
            "records:18:3: \")\" without \"(\" before it",
            "records:19:14: found \"xyz\", expected the digest in hexadecimal",
            "records:20:2: the record ends before its type",
            "records:21:3: \"(\" is never closed by \")\"",
        ],
    );
}

#[test]
fn lines_are_counted_through_crlf_and_parentheses() {
    check_errors(
        "; a comment\r\na 1 TXT (\r\n \"x\" ; y )\r\n\r\n z )\r\nb 1 A x\r\nc 1 TXT a\\",
        &[
            "records:6:7: found \"x\", expected an IPv4 address such as 192.0.2.1",
            "records:7:10: a backslash at the end of a line (expected \\DDD or a character)",
        ],
    );
}

#[test]
fn a_file_that_includes_itself_ends() {
    let text = "$INCLUDE self\nx 1 A 192.0.2.1\n";
    let errors = parse_master(&origin(), "self", text, &mut |_| Ok(text.to_owned())).unwrap_err();
    let errors: Vec<String> = errors.iter().map(MasterError::to_string).collect();
    assert_eq!(errors, ["self:1:10: \"self\": included more than 8 deep"]);
}

#[test]
fn an_included_file_leaves_origin_and_owner_alone() {
    let text = "a 1 A 192.0.2.1\n$INCLUDE f sub\n A 192.0.2.2\nb A 192.0.2.3\n";
    let mut include = |_: &str| Ok("x 1 A 192.0.2.9\n$ORIGIN net.\n".to_owned());
    let records = parse_master(&origin(), "top", text, &mut include).unwrap();
    let owners: Vec<String> = records.iter().map(|record| record.name.to_string()).collect();
    assert_eq!(
        owners,
        ["a.example.com.", "x.sub.example.com.", "a.example.com.", "b.example.com."]
    );
}

/// Data of every kind of record.
fn any_data() -> impl Strategy<Value = RecordData> {
    let octets = || prop::collection::vec(any::<u8>(), 0..40);
    let name = || {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 1..8), 0..4)
            .prop_map(|labels| Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap())
    };
    prop_oneof![
        any::<[u8; 16]>().prop_map(|octets| RecordData::Aaaa(octets.into())),
        name().prop_map(RecordData::Cname),
        (any::<u16>(), name())
            .prop_map(|(preference, exchange)| RecordData::Mx { preference, exchange }),
        prop::collection::vec(octets(), 0..3)
            .prop_map(|strings| RecordData::Txt(crate::proto::dns::Txt::new(strings))),
        (0..300_u16, octets()).prop_filter_map("a type of its own", |(number, octets)| {
            let rtype = RecordType::from(number);
            let data = super::super::codec::data_from_octets(rtype, Class::In, &octets)?;
            (!rtype.is_meta()).then_some(data)
        }),
    ]
}

proptest! {
    #[test]
    fn what_a_record_prints_reads_back(ttl_secs in 0..=i32::MAX as u32, data in any_data()) {
        let record = Record::new(origin(), ttl_secs, data);
        let text = record.to_string();
        prop_assert_eq!(parse_records(&origin(), &text), Ok(vec![record]), "{}", text);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "([a-z@$. \\t\\n();\"\\\\0-9]|A |IN |TXT |SOA |\\PC){0,60}") {
        let _ = read(&text);
        for kind in ["TXT", "RRSIG", "NSEC3", "SVCB", "IPSECKEY", "LOC", "CAA", "TYPE99", "$GENERATE 1-2 a"] {
            let _ = read(&format!("a 1 {kind} {text}"));
            let _ = read(&format!("{kind} {text}"));
        }
    }
}
