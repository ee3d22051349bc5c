use super::super::super::dns::{RecordData, Txt};
use super::super::super::mail::Header;
use super::super::author::author_domains;
use super::*;
use crate::engine::Seed;

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// Plays an evaluation against `zone`, whose texts may be `SERVFAIL`.
fn evaluate(from: &str, spf: &str, dkim: &[&str], zone: &[(&str, &str)]) -> (Outcome, Vec<String>) {
    let identifiers = Identifiers {
        spf: (!spf.is_empty()).then(|| name(spf)),
        dkim: dkim.iter().map(|domain| name(domain)).collect(),
        unsettled: false,
    };
    play(from, identifiers, zone, &mut Seed(1).stream("dmarc"))
}

fn play(
    from: &str,
    identifiers: Identifiers,
    zone: &[(&str, &str)],
    draws: &mut Stream,
) -> (Outcome, Vec<String>) {
    let header = format!("From: {from}\r\n");
    let authors = author_domains(Header::new(header.as_bytes()));
    let mut evaluation = Evaluation::new(authors, identifiers, &PublicSuffixes::default());
    let mut asked = Vec::new();
    while let Some(question) = evaluation.questions().into_iter().next() {
        asked.push(question.name.without_dot().to_string());
        let texts: Vec<&str> = (zone.iter())
            .filter(|(owner, _)| question.name == name(owner))
            .map(|&(_, text)| text)
            .collect();
        let answer = match texts.as_slice() {
            [] => Err(LookupError::NxDomain),
            ["SERVFAIL"] => Err(LookupError::TimedOut),
            texts => {
                let record = |text: &&str| {
                    let text = RecordData::Txt(Txt::new([*text]));
                    super::super::super::dns::Record::new(question.name.clone(), 60, text)
                };
                let records = texts.iter().map(record).collect();
                Ok(Answer { canonical: question.name.clone(), records })
            }
        };
        evaluation.answer(&question, &answer);
    }
    assert!(evaluation.is_done());
    (evaluation.finish(draws), asked)
}

fn check(from: &str, spf: &str, dkim: &[&str], zone: &[(&str, &str)], wanted: &str) {
    let (outcome, _) = evaluate(from, spf, dkim, zone);
    let shown = format!("{} {}", outcome.result, outcome.disposition);
    assert_eq!(shown, wanted, "{from} {spf:?} {dkim:?} {zone:?}");
}

const REJECT: &[(&str, &str)] = &[("_dmarc.example.com", "v=DMARC1; p=reject")];

#[test]
fn alignment_as_in_rfc_7489_appendix_b_1() {
    let spf = |domain, from, wanted| check(from, domain, &[], REJECT, wanted);
    spf("example.com", "a@example.com", "pass none");
    spf("child.example.com", "a@example.com", "pass none");
    spf("sample.net", "a@example.com", "fail reject");
    spf("example.com", "a@child.example.com", "pass none");
    check("a@example.com", "", &["example.com"], REJECT, "pass none");
    check("a@example.com", "", &["child.example.com"], REJECT, "pass none");
    check("a@child.example.com", "", &["other.net", "example.com"], REJECT, "pass none");
    check("a@example.com", "", &["sample.net"], REJECT, "fail reject");
    check("a@example.com", "", &[], REJECT, "fail reject");
}

#[test]
fn strict_alignment_is_equality() {
    let zone = &[("_dmarc.example.com", "v=DMARC1; p=reject; aspf=s; adkim=s")];
    check("a@example.com", "Example.COM", &[], zone, "pass none");
    check("a@example.com", "child.example.com", &[], zone, "fail reject");
    check("a@example.com", "", &["child.example.com"], zone, "fail reject");
    check("a@child.example.com", "example.com", &["child.example.com"], zone, "pass none");
    let (outcome, _) = evaluate("a@child.example.com", "example.com", &["child.example.com"], zone);
    assert_eq!((outcome.spf_aligned, outcome.dkim_aligned), (false, true));
}

#[test]
fn the_policy_is_looked_for_at_the_domain_then_at_the_organization() {
    let asked = |from, zone| evaluate(from, "", &[], zone).1.join(" ");
    assert_eq!(asked("a@example.com", REJECT), "_dmarc.example.com");
    assert_eq!(asked("a@a.b.example.com", REJECT), "_dmarc.a.b.example.com _dmarc.example.com");
    assert_eq!(asked("a@a.co.uk", &[]), "_dmarc.a.co.uk");
    let both = &[
        ("_dmarc.example.com", "v=DMARC1; p=reject; sp=quarantine"),
        ("_dmarc.a.example.com", "v=DMARC1; p=none; sp=reject"),
    ];
    check("a@example.com", "", &[], both, "fail reject");
    check("a@b.example.com", "", &[], both, "fail quarantine");
    check("a@a.example.com", "", &[], both, "fail none");
    // sp= at a subdomain says nothing about its own subdomains.
    check("a@x.a.example.com", "", &[], both, "fail quarantine");
}

#[test]
fn there_may_be_no_record_that_counts() {
    check("a@example.com", "", &[], &[], "none none");
    check("a@example.com", "", &[], &[("_dmarc.example.com", "v=spf1 -all")], "none none");
    let two = &[REJECT[0], REJECT[0]];
    check("a@example.com", "", &[], two, "none none");
    let with_other = &[("_dmarc.example.com", "hello"), REJECT[0]];
    check("a@example.com", "", &[], with_other, "fail reject");
    let malformed = &[("_dmarc.example.com", "v=DMARC1; p=bounce")];
    check("a@example.com", "", &[], malformed, "permerror none");
    let unavailable = &[("_dmarc.example.com", "SERVFAIL")];
    check("a@example.com", "", &[], unavailable, "temperror none");
}

#[test]
fn a_failure_is_not_sure_while_a_check_is_unsettled() {
    let identifiers = || Identifiers { unsettled: true, ..Identifiers::default() };
    let draws = &mut Seed(1).stream("dmarc");
    let (outcome, _) = play("a@example.com", identifiers(), REJECT, draws);
    assert_eq!((outcome.result, outcome.disposition), (AuthResult::TempError, Policy::None));
    let passed = Identifiers { spf: Some(name("example.com")), ..identifiers() };
    assert_eq!(play("a@example.com", passed, REJECT, draws).0.result, AuthResult::Pass);
}

#[test]
fn of_several_domains_the_strictest_failure_counts() {
    let zone = &[
        ("_dmarc.a.example", "v=DMARC1; p=quarantine"),
        ("_dmarc.b.example", "v=DMARC1; p=reject"),
        ("_dmarc.c.example", "v=DMARC1; p=none"),
    ];
    let from = "x@a.example, y@b.example, z@c.example";
    check(from, "", &[], zone, "fail reject");
    check(from, "b.example", &[], zone, "fail quarantine");
    check(from, "b.example", &["a.example"], zone, "fail none");
    check(from, "b.example", &["a.example", "c.example"], zone, "pass none");
}

#[test]
fn a_message_without_an_author_is_an_error() {
    check("Undisclosed:;", "example.com", &[], REJECT, "permerror none");
}

#[test]
fn the_percentage_spares_by_one_step_and_draws_only_where_it_matters() {
    let share = |record: &str| {
        let mut draws = Seed(7).stream("dmarc");
        let mut counts = [0; 3];
        for _ in 0..1000 {
            let zone = &[("_dmarc.example.com", record)];
            let (outcome, _) = play("a@example.com", Identifiers::default(), zone, &mut draws);
            counts[outcome.disposition as usize] += 1;
        }
        (counts, draws.draws())
    };
    assert_eq!(share("v=DMARC1; p=reject"), ([0, 0, 1000], 0));
    assert_eq!(share("v=DMARC1; p=none; pct=5"), ([1000, 0, 0], 0));
    assert_eq!(share("v=DMARC1; p=quarantine; pct=0"), ([1000, 0, 0], 1000));
    let ([none, quarantine, reject], draws) = share("v=DMARC1; p=reject; pct=25");
    assert_eq!((none, draws), (0, 1000));
    assert!((200..300).contains(&reject) && quarantine == 1000 - reject, "{reject}");
}

#[test]
fn the_outcome_is_reported() {
    let (outcome, _) = evaluate("a@x.example.com", "", &[], REJECT);
    let results = super::super::super::mail::AuthenticationResults {
        authserv_id: "mx.example.net".into(),
        results: vec![outcome.method_result()],
    };
    assert_eq!(
        results.to_string(),
        "Authentication-Results: mx.example.net;\r\n\
         \tdmarc=fail (p=reject dis=reject) header.from=x.example.com\r\n"
    );
}
