use super::*;
use crate::proto::dns::codes::Rcode;
use crate::proto::dns::record::RecordData;

fn query(name: &str, rtype: RecordType) -> Message {
    Message::query(7, name.parse().unwrap(), rtype)
}

fn answered(rules: Vec<Rule>, queries: &[(u64, Transport, Message)]) -> Vec<String> {
    let rules: Vec<Arc<Rule>> = rules.into_iter().map(Arc::new).collect();
    let mut misbehaviour = Misbehaviour::new(&rules);
    let client = "192.0.2.53".parse().unwrap();
    let mut judge = |(secs, transport, query): &(u64, Transport, Message)| {
        let mut halves = [0.25, 0.75].into_iter().cycle();
        let unit = || halves.next().unwrap();
        let rule = misbehaviour.judge(SimTime::from_secs(*secs), client, *transport, query, unit);
        rule.map_or("-".to_owned(), |rule| rule.answer.to_string())
    };
    queries.iter().map(&mut judge).collect()
}

#[test]
fn a_rule_is_for_a_time_a_zone_a_name_a_type_and_a_transport() {
    let servfail = Misanswer::Code(Rcode::ServFail);
    let rule = Rule {
        when: Occasion {
            from: SimTime::from_secs(10),
            until: SimTime::from_secs(20),
            ..Occasion::ALWAYS
        },
        zone: Some("example.com".parse().unwrap()),
        rtype: Some(RecordType::Mx),
        transport: Some(Transport::Udp),
        ..Rule::new(servfail)
    };
    let exact = Rule {
        name: Some("www.example.net".parse().unwrap()),
        ..Rule::new(Misanswer::UpwardReferral)
    };
    let mx = query("Sub.EXAMPLE.com", RecordType::Mx);
    let told = answered(
        vec![rule, exact],
        &[
            (9, Transport::Udp, mx.clone()),
            (10, Transport::Udp, mx.clone()),
            (10, Transport::Tcp, mx.clone()),
            (10, Transport::Udp, query("example.com", RecordType::A)),
            (10, Transport::Udp, query("example.org", RecordType::Mx)),
            (20, Transport::Udp, mx),
            (0, Transport::Tcp, query("www.example.net", RecordType::A)),
            (0, Transport::Tcp, query("a.www.example.net", RecordType::A)),
        ],
    );
    let referral = "an upward referral";
    assert_eq!(told, ["-", "SERVFAIL", "-", "-", "-", "-", referral, "-"]);
}

#[test]
fn a_rule_ends_after_its_first_queries_and_the_next_one_follows() {
    let first = |count| Occasion { first: Some(count), ..Occasion::ALWAYS };
    let then = Rule { when: first(1), ..Rule::new(Misanswer::Code(Rcode::Refused)) };
    let first = Rule { when: first(2), ..Rule::new(Misanswer::Silence) };
    let ask = (0, Transport::Udp, query("example.com", RecordType::A));
    let told = answered(vec![first, then], &[ask.clone(), ask.clone(), ask.clone(), ask]);
    assert_eq!(told, ["no answer", "no answer", "REFUSED", "-"]);
}

#[test]
fn a_share_is_drawn_for_each_query() {
    let share = |share| Occasion { share, ..Occasion::ALWAYS };
    let half = Rule { when: share(0.5), ..Rule::new(Misanswer::NxDomain) };
    let quarter = Rule { when: share(0.25), ..Rule::new(Misanswer::NxDomain) };
    let ask = (0, Transport::Udp, query("example.com", RecordType::A));
    assert_eq!(answered(vec![half], std::slice::from_ref(&ask)), ["NXDOMAIN"]);
    assert_eq!(answered(vec![quarter], &[ask]), ["-"]);
}

#[test]
fn trouble_with_edns_is_for_queries_with_edns() {
    let plain = query("example.com", RecordType::A);
    let edns = plain.clone().with_edns();
    let rule = Rule::new(Misanswer::FormErrOnEdns);
    let queries = [(0, Transport::Udp, plain), (0, Transport::Udp, edns.clone())];
    assert_eq!(answered(vec![rule], &queries), ["-", "FORMERR, because of EDNS"]);
    let octets = Misanswer::FormErrOnEdns.octets(&edns, Transport::Udp, 0, |_| None).unwrap();
    let response = Message::decode(&octets).unwrap();
    assert_eq!((response.rcode, response.edns), (Rcode::FormErr, None));
}

#[test]
fn a_wrong_no_carries_the_soa_of_the_zone() {
    let zone = super::super::parse_records(
        &"example.com".parse().unwrap(),
        "@ 3600 SOA ns root 1 2 3 4 60\n@ 3600 NS ns\nns A 192.0.2.1\nwww A 192.0.2.2",
    );
    let origin: Name = "example.com".parse().unwrap();
    let zone = super::super::Zone::new(&origin, zone.unwrap()).unwrap();
    let authority = super::super::Authority::new([Arc::new(zone)]);
    let ask = query("www.example.com", RecordType::A);
    let right = |query: &Message| authority.answer(&query.encode(), Transport::Udp);
    for (answer, rcode) in
        [(Misanswer::NxDomain, Rcode::NxDomain), (Misanswer::NoData, Rcode::NoError)]
    {
        let octets = answer.octets(&ask, Transport::Udp, 0, right).unwrap();
        let response = Message::decode(&octets).unwrap();
        assert_eq!((response.id, response.rcode, response.answers.len()), (7, rcode, 0));
        assert_eq!(response.authorities[0].name, origin);
        assert_eq!(response.authorities[0].ttl_secs, 60);
    }
}

/// A server of example.com, which delegates sub.example.com.
fn authority() -> super::super::Authority {
    let origin: Name = "example.com".parse().unwrap();
    let text = "@ 3600 SOA ns root 5 2 3 4 60\n@ 3600 NS ns\nns A 192.0.2.1\n\
                www 300 A 192.0.2.2\nwww 300 A 192.0.2.3\nwww 300 A 192.0.2.4\n\
                sub NS ns.sub\nns.sub A 192.0.2.5";
    let records = super::super::parse_records(&origin, text).unwrap();
    let zone = super::super::Zone::new(&origin, records).unwrap();
    super::super::Authority::new([Arc::new(zone)])
}

/// What this wrong answer to a question for addresses looks like.
fn spoilt(answer: &Misanswer, name: &str, rtype: RecordType, draw: u64) -> Message {
    let authority = authority();
    let right = |query: &Message| authority.answer(&query.encode(), Transport::Udp);
    let octets = answer.octets(&query(name, rtype), Transport::Udp, draw, right).unwrap();
    Message::decode(&octets).unwrap()
}

#[test]
fn a_right_answer_is_spoilt_in_one_thing() {
    let www = |answer, draw| spoilt(&answer, "www.example.com", RecordType::A, draw);
    let right = www(Misanswer::Ttl(300), 0);
    assert_eq!((right.id, right.answers.len()), (7, 3));
    assert_eq!(www(Misanswer::Ttl(5), 0).answers[2].ttl_secs, 5);
    for draw in [0, 1, 0x1_0000, u64::MAX] {
        let wrong = www(Misanswer::WrongId, draw);
        assert_ne!(wrong.id, 7);
        assert_eq!(wrong.answers, right.answers);
    }
    assert_ne!(www(Misanswer::WrongQuestion, 0).questions, right.questions);
    let orders: std::collections::BTreeSet<String> =
        (0..20).map(|draw| format!("{:?}", www(Misanswer::Shuffled, draw).answers)).collect();
    assert!(orders.len() > 3, "{orders:?}");
    let soa = spoilt(&Misanswer::SerialBehind(2), "example.com", RecordType::Soa, 0);
    assert!(matches!(&soa.answers[0].data, RecordData::Soa(soa) if soa.serial == 3));
}

#[test]
fn a_referral_has_the_glue_that_it_is_given() {
    let glue = |addresses: &[&str]| {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let answer = Misanswer::Glue(addresses);
        let referral = spoilt(&answer, "www.sub.example.com", RecordType::A, 0);
        assert_eq!(referral.authorities.len(), 1);
        referral.additionals.iter().map(|record| record.data.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(glue(&["192.0.2.99"]), ["192.0.2.99"]);
    assert_eq!(glue(&["2001:db8::99"]), [""; 0]);
}

#[test]
fn a_hijacked_zone_answers_what_it_was_given() {
    let origin: Name = "example.com".parse().unwrap();
    let records = super::super::parse_records(&origin, "@ 60 MX 0 evil.example.net.").unwrap();
    let answer = Misanswer::Records(records.into());
    let mx = spoilt(&answer, "example.com", RecordType::Mx, 0);
    assert!(mx.flags.aa && mx.answers[0].data.to_string().contains("evil"));
    assert_eq!(spoilt(&answer, "example.com", RecordType::A, 0).answers, []);
    let rule = Rule::new(answer);
    assert!(rule.fits(Transport::Udp, &query("Example.com", RecordType::Txt)));
    assert!(!rule.fits(Transport::Udp, &query("www.example.com", RecordType::A)));
}

#[test]
fn what_is_no_message_and_what_has_no_authority() {
    let lame = spoilt(&Misanswer::Lame, "www.example.com", RecordType::A, 0);
    assert_eq!((lame.rcode, lame.flags.aa), (Rcode::NoError, false));
    assert!(lame.answers.is_empty() && lame.authorities.is_empty());
    let expired = spoilt(&Misanswer::Expired, "www.example.com", RecordType::A, 0);
    assert_eq!(expired.rcode, Rcode::ServFail);
    for answer in [Misanswer::Garbage, Misanswer::Partial] {
        let authority = authority();
        let right = |query: &Message| authority.answer(&query.encode(), Transport::Udp);
        let ask = query("www.example.com", RecordType::A);
        let octets = answer.octets(&ask, Transport::Udp, 9, right).unwrap();
        assert!(Message::decode(&octets).is_err(), "{answer}");
    }
}
