//! Evaluations against a little DNS of master-file text.

use std::net::IpAddr;

use proptest::prelude::*;

use crate::proto::dns::{Rcode, parse_records};

use super::super::request::Identity;
use super::*;

/// What the DNS of a test holds. Names in `silent` are never answered.
struct Zone {
    records: Vec<dns::Record>,
    silent: Vec<Name>,
}

impl Zone {
    fn new(text: &str) -> Self {
        let text = format!("$TTL 60\n{text}\n");
        let records = parse_records(&Name::root(), &text).expect("the zone of the test");
        Zone { records, silent: Vec::new() }
    }

    fn answer(&self, question: &Question) -> Result<Answer, LookupError> {
        if self.silent.contains(&question.name) {
            return Err(LookupError::TimedOut);
        }
        let of_name: Vec<_> =
            self.records.iter().filter(|record| record.name == question.name).collect();
        if let [record] = of_name[..]
            && let RecordData::Cname(target) = &record.data
        {
            return self.answer(&Question::new(target.clone(), question.rtype));
        }
        let records: Vec<_> = of_name
            .iter()
            .filter(|record| record.rtype() == question.rtype)
            .map(|record| (*record).clone())
            .collect();
        match (of_name.is_empty(), records.is_empty()) {
            (true, _) => Err(LookupError::NxDomain),
            (false, true) => Err(LookupError::NoData),
            _ => Ok(Answer { canonical: question.name.clone(), records }),
        }
    }
}

fn evaluate(zone: &Zone, request: Request, limits: Limits) -> Verdict {
    let mut evaluation = Evaluation::new(request, limits);
    for _ in 0..MOST_QUESTIONS {
        match evaluation.progress().clone() {
            Progress::Asking(question) => evaluation.answer(&zone.answer(&question)),
            Progress::Done(verdict) => return *verdict,
        }
    }
    panic!("more questions than the limits allow");
}

/// 10 terms with a PTR, 10 names, an MX and 10 exchanges, or TXT; the first TXT and the last.
const MOST_QUESTIONS: u32 = 10 * 12 + 13;

fn alice(client: &str) -> Request {
    let client: IpAddr = client.parse().unwrap();
    Request::mail_from(client, "alice@example.com", "mail.example.com")
}

#[track_caller]
fn check(zone: &str, client: &str, result: SpfResult) -> Verdict {
    let verdict = evaluate(&Zone::new(zone), alice(client), Limits::default());
    assert_eq!(verdict.result, result, "{verdict:?}");
    verdict
}

/// The zones of RFC 7208 appendix A, and `record` at example.com.
fn appendix_a(record: &str) -> String {
    format!(
        r#"
$ORIGIN example.com.
@       TXT "{record}"
@       MX  10 mail-a
        MX  20 mail-b
        A   192.0.2.10
        A   192.0.2.11
amy     A   192.0.2.65
bob     A   192.0.2.66
mail-a  A   192.0.2.129
mail-b  A   192.0.2.130
www     CNAME example.com.
$ORIGIN example.org.
@       MX  10 mail-c
mail-c  A   192.0.2.140
$ORIGIN 2.0.192.in-addr.arpa.
10      PTR example.com.
11      PTR example.com.
65      PTR amy.example.com.
66      PTR bob.example.com.
129     PTR mail-a.example.com.
130     PTR mail-b.example.com.
140     PTR mail-c.example.org.
$ORIGIN 0.0.10.in-addr.arpa.
4       PTR bob.example.com."#
    )
}

#[test]
fn the_simple_examples_of_appendix_a_1() {
    let everybody: [u8; 8] = [10, 11, 65, 66, 129, 130, 131, 140];
    let examples: [(&str, &[u8]); 9] = [
        ("v=spf1 +all", &everybody),
        ("v=spf1 a -all", &[10, 11]),
        ("v=spf1 a:example.org -all", &[]),
        ("v=spf1 mx -all", &[129, 130]),
        ("v=spf1 mx:example.org -all", &[140]),
        ("v=spf1 mx mx:example.org -all", &[129, 130, 140]),
        ("v=spf1 mx/30 mx:example.org/30 -all", &[129, 130, 131, 140]),
        ("v=spf1 ptr -all", &[10, 11, 65, 66, 129, 130]),
        ("v=spf1 ip4:192.0.2.128/28 -all", &[129, 130, 131, 140]),
    ];
    for (record, passing) in examples {
        let zone = Zone::new(&appendix_a(record));
        for last in everybody {
            let request = alice(&format!("192.0.2.{last}"));
            let passes = passing.contains(&last);
            let expected = if passes { SpfResult::Pass } else { SpfResult::Fail };
            let verdict = evaluate(&zone, request, Limits::default());
            assert_eq!(verdict.result, expected, "{record} for .{last}: {verdict:?}");
        }
    }
    // The reverse name claims to be bob, whose addresses know nothing of it.
    check(&appendix_a("v=spf1 ptr -all"), "10.0.0.4", SpfResult::Fail);
}

#[test]
fn the_examples_of_appendix_a_2_and_a_3() {
    let zone = Zone::new(
        r#"
example.org. TXT "v=spf1 include:example.com include:example.net -all"
la.example.org. TXT "v=spf1 redirect=example.org"
example.com. TXT "v=spf1 ip4:192.0.2.10 -all"
example.net. TXT "v=spf1 ip4:192.0.2.20 -all"
example.info. TXT "v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all"
example.info. MX 10 mx.example.info.
mx.example.info. A 192.0.2.30
mobile-users._spf.example.info. TXT "v=spf1 exists:%{l1r+}.%{d}"
mary.mobile-users._spf.example.info. A 127.0.0.2
remote-users._spf.example.info. TXT "v=spf1 exists:%{ir}.%{l1r+}.%{d}"
15.15.168.192.joel.remote-users._spf.example.info. A 127.0.0.2
"#,
    );
    let check = |client: &str, sender: &str, result| {
        let request = Request::mail_from(client.parse().unwrap(), sender, "mx.example.org");
        let verdict = evaluate(&zone, request, Limits::default());
        assert_eq!(verdict.result, result, "{client} for {sender}: {verdict:?}");
    };
    check("192.0.2.20", "a@la.example.org", SpfResult::Pass);
    check("192.0.2.21", "a@la.example.org", SpfResult::Fail);
    check("192.0.2.30", "fred@example.info", SpfResult::Pass);
    check("198.51.100.1", "mary+lists@example.info", SpfResult::Pass);
    check("192.168.15.15", "joel@example.info", SpfResult::Pass);
    check("192.168.15.16", "joel@example.info", SpfResult::Fail);
}

#[test]
fn what_is_no_domain_is_never_asked_for() {
    for domain in ["localhost", "a..example.com", "", "[192.0.2.1", "ex\u{ffff}mple.com", ".com"] {
        let request = Request::mail_from([192, 0, 2, 1].into(), &format!("a@{domain}"), domain);
        let evaluation = Evaluation::new(request, Limits::default());
        match evaluation.progress() {
            Progress::Done(verdict) => assert_eq!(verdict.result, SpfResult::None, "{domain}"),
            // Text of several labels, however odd, is left to the DNS.
            Progress::Asking(question) => assert!(domain.starts_with('['), "{question:?}"),
        }
    }
}

#[test]
fn a_failing_dns_is_a_temporary_error_but_for_ptr() {
    let mut zone = Zone::new(r#"example.com. TXT "v=spf1 ptr a:gone.example.com -all""#);
    zone.silent = vec!["gone.example.com".parse().unwrap()];
    zone.silent.push("1.2.0.192.in-addr.arpa".parse().unwrap());
    let verdict = evaluate(&zone, alice("192.0.2.1"), Limits::default());
    assert_eq!(verdict.result, SpfResult::TempError);
    let problem = verdict.problem.unwrap().to_string();
    assert_eq!(problem, "A gone.example.com: no answer from any resolver");

    let mut evaluation = Evaluation::new(alice("192.0.2.1"), Limits::default());
    evaluation.answer(&Err(LookupError::Failed(Rcode::ServFail)));
    let Progress::Done(verdict) = evaluation.progress() else { panic!("it is over") };
    assert_eq!(verdict.result, SpfResult::TempError);
}

#[test]
fn one_may_give_up() {
    let mut evaluation = Evaluation::new(alice("192.0.2.1"), Limits::default());
    assert_eq!(evaluation.request().identity, Identity::MailFrom);
    evaluation.give_up();
    let Progress::Done(verdict) = evaluation.progress().clone() else { panic!("it is over") };
    assert_eq!((verdict.result, verdict.lookups), (SpfResult::TempError, 1));
    evaluation.give_up();
    evaluation.answer(&Err(LookupError::NxDomain));
    assert_eq!(*evaluation.progress(), Progress::Done(verdict));
}

#[test]
fn a_verdict_names_what_decided() {
    let zone = r#"
example.com. TXT "v=spf1 a:mx.example.com ~include:other.example.com -all"
other.example.com. TXT "v=spf1 redirect=third.example.com"
third.example.com. TXT "v=spf1 ip4:192.0.2.1""#;
    let verdict = check(zone, "192.0.2.1", SpfResult::SoftFail);
    assert_eq!(verdict.directive.as_deref(), Some("~include:other.example.com"));
    assert_eq!((verdict.domain.as_str(), verdict.lookups), ("example.com", 4));

    let zone = r#"
example.com. TXT "v=spf1 include:other.example.com -all"
other.example.com. TXT "v=spf1 redirect=third.example.com""#;
    let verdict = check(zone, "192.0.2.1", SpfResult::PermError);
    assert_eq!((verdict.domain.as_str(), verdict.problem), {
        ("third.example.com", Some(Problem::NoRecord))
    });
}

#[test]
fn limits_can_be_set() {
    let zone = Zone::new(
        r#"example.com. TXT "v=spf1 a:x.example.com a:y.example.com a:z.example.com -all""#,
    );
    let limits = |terms, void_terms| Limits { terms, void_terms, ..Limits::default() };
    let check = |limits, result, problem: Option<Problem>| {
        let verdict = evaluate(&zone, alice("192.0.2.1"), limits);
        assert_eq!((verdict.result, verdict.problem), (result, problem));
    };
    let voids = Problem::TooManyVoidTerms { limit: 2 };
    check(Limits::default(), SpfResult::PermError, Some(voids));
    check(limits(3, 3), SpfResult::Fail, None);
    let terms = Problem::TooManyTerms { limit: 2 };
    check(limits(2, 3), SpfResult::PermError, Some(terms));
}

#[test]
fn validated_names_near_the_domain_are_preferred() {
    let zone = |names: &[&str]| {
        let mut text = r#"
example.com. TXT "v=spf1 exp=%{p}.why.example.com -all"
*.why.example.com. TXT "unused"
"#
        .to_owned();
        for name in names {
            text += &format!("1.2.0.192.in-addr.arpa. PTR {name}.\n{name}. A 192.0.2.1\n");
        }
        text += "1.2.0.192.in-addr.arpa. PTR lie.example.com.\nlie.example.com. A 192.0.2.2\n";
        Zone::new(&text)
    };
    let asks_at = |names: &[&str]| {
        let zone = zone(names);
        let mut evaluation = Evaluation::new(alice("192.0.2.1"), Limits::default());
        let mut last = String::new();
        while let Progress::Asking(question) = evaluation.progress().clone() {
            last = question.name.to_string();
            evaluation.answer(&zone.answer(&question));
        }
        last
    };
    let all = ["mx.example.net", "b.example.com", "example.com"];
    assert_eq!(asks_at(&all), "example.com.why.example.com.");
    assert_eq!(asks_at(&all[..2]), "b.example.com.why.example.com.");
    assert_eq!(asks_at(&all[..1]), "mx.example.net.why.example.com.");
    assert_eq!(asks_at(&[]), "unknown.why.example.com.");
}

/// An answer for each number: the DNS of somebody who wants the evaluation to go on for ever.
fn hostile_answer(question: &Question, number: u64, record: &str) -> Result<Answer, LookupError> {
    let name = question.name.clone();
    let target = |index: u64| -> Name { format!("t{index}.example.com").parse().unwrap() };
    let data = match question.rtype {
        RecordType::Txt => vec![RecordData::Txt(dns::Txt::new([record]))],
        RecordType::A => vec![RecordData::A((number as u32).into())],
        RecordType::Aaaa => vec![RecordData::Aaaa(u128::from(number).into())],
        RecordType::Mx => (0..number % 13)
            .map(|index| RecordData::Mx { preference: index as u16, exchange: target(index) })
            .collect(),
        _ => (0..number % 30).map(|index| RecordData::Ptr(target(index))).collect(),
    };
    match number % 17 {
        0 => Err(LookupError::NxDomain),
        1 => Err(LookupError::NoData),
        2 if number.is_multiple_of(5) => Err(LookupError::TimedOut),
        3 if number.is_multiple_of(5) => Err(LookupError::Failed(Rcode::ServFail)),
        _ => {
            let records = data.into_iter().map(|data| dns::Record::new(name.clone(), 60, data));
            Ok(Answer { canonical: name.clone(), records: records.collect() })
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_record_and_any_answers_come_to_an_end(
        records in prop::collection::vec(
            "v=spf1( [+?~-]?(a|mx|ptr|a:%\\{p\\}|mx:%\\{l1r-\\}.%\\{d\\}|ptr:%\\{h\\}|exists:%\\{ir\\}.%\\{v\\}.%\\{S\\}.x.y|\
             include:%\\{d3\\}|include:b.c|ip4:192.0.2.1|ip6:::1/0|a//0|mx/0)){0,12}( (exp|redirect)=%\\{[dposlhiv]r?\\}){0,1}",
            1..4),
        numbers in prop::collection::vec(any::<u64>(), 1..40),
        local_part in "\\PC{0,20}",
        helo in "[\\PC.]{0,20}",
        is_ip6 in any::<bool>(),
    ) {
        let client: IpAddr = if is_ip6 { [7_u16; 8].into() } else { [192, 0, 2, 7].into() };
        let sender = format!("{local_part}@a.b");
        let mut evaluation =
            Evaluation::new(Request::mail_from(client, &sender, &helo), Limits::default());
        let mut asked = 0_usize;
        while let Progress::Asking(question) = evaluation.progress().clone() {
            let number = numbers[asked % numbers.len()];
            let record = &records[asked % records.len()];
            evaluation.answer(&hostile_answer(&question, number, record));
            asked += 1;
            prop_assert!(asked <= MOST_QUESTIONS as usize, "{asked} questions");
        }
        let Progress::Done(verdict) = evaluation.progress() else { panic!("it is over") };
        prop_assert_eq!(verdict.lookups as usize, asked);
        let has_problem = matches!(
            verdict.result,
            SpfResult::None | SpfResult::TempError | SpfResult::PermError
        );
        prop_assert_eq!(verdict.problem.is_some(), has_problem);
    }
}
