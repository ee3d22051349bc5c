//! Signing and verifying as a whole.

use std::time::Duration;

use proptest::prelude::*;

use crate::engine::UnixTime;

use super::super::dns::stub::{Answer, LookupError};
use super::super::dns::{Name, Rcode, Record, RecordData, Txt};
use super::super::mail::{AuthResult, Message};
use super::test_data::{
    ED25519_SECRET, KEY_RECORDS, RFC_6376_MESSAGE, RFC_8463_MESSAGE, RSA_1024_PEM,
};
use super::*;

/// The time at which the examples of RFC 8463 were signed.
const NOW: UnixTime = UnixTime(1_528_637_909);

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

fn txt(name: &Name, texts: &[&str]) -> Result<Answer, LookupError> {
    let record = |text: &&str| Record::new(name.clone(), 60, RecordData::Txt(Txt::new([*text])));
    Ok(Answer { canonical: name.clone(), records: texts.iter().map(record).collect() })
}

/// Verifies with these answers; a name that is not among them does not exist.
fn verify_at(
    message: &str,
    records: &[(&str, &str)],
    now: UnixTime,
    config: &VerifierConfig,
) -> Vec<SignatureResult> {
    let mut verifier = Verifier::new(message.as_bytes(), now, config);
    for question in verifier.questions() {
        let named = |(name, _): &&(&str, &str)| question.name == name.parse().unwrap();
        let texts: Vec<&str> = records.iter().filter(named).map(|&(_, text)| text).collect();
        let answer = match texts.as_slice() {
            [] => Err(LookupError::NxDomain),
            texts => txt(&question.name, texts),
        };
        verifier.answer(&question, &answer);
    }
    assert!(verifier.is_done());
    verifier.into_results()
}

fn summary(results: &[SignatureResult]) -> Vec<String> {
    let line = |result: &SignatureResult| match &result.outcome {
        Ok(()) => "pass".to_owned(),
        Err(failure) => format!("{}: {failure}", failure.result()),
    };
    results.iter().map(line).collect()
}

#[test]
fn the_example_of_rfc_8463_passes() {
    let results = verify_at(&crlf(RFC_8463_MESSAGE), &KEY_RECORDS, NOW, &VerifierConfig::default());
    assert_eq!(summary(&results), ["pass", "pass"]);
    assert_eq!(results[0].passed_domain(), Some(&"football.example.com".parse().unwrap()));
    let tags: Vec<String> =
        (results[0].tags.iter()).map(|(tag, value)| format!("{tag}={value}")).collect();
    assert_eq!(
        tags.join(" "),
        "d=football.example.com i=@football.example.com s=brisbane a=ed25519-sha256 b=/gCrinpc"
    );
}

#[test]
fn the_example_of_rfc_6376_passes() {
    let config = VerifierConfig::default();
    let message = crlf(RFC_6376_MESSAGE);
    assert_eq!(summary(&verify_at(&message, &KEY_RECORDS, NOW, &config)), ["pass"]);
    // The text as it was first printed.
    let printed = message.replace("game. Are", "game.  Are");
    let found = verify_at(&printed, &KEY_RECORDS, NOW, &config);
    assert_eq!(summary(&found), ["fail: body hash did not verify"]);
}

#[test]
fn signing_the_example_of_rfc_8463_gives_its_signatures() {
    let message = crlf(RFC_8463_MESSAGE);
    let unsigned = &message[message.find("From:").unwrap()..];
    let rsa = SigningKey::from_pem(RSA_1024_PEM).unwrap();
    for (key, record) in
        [(SigningKey::ed25519(ED25519_SECRET), KEY_RECORDS[0]), (rsa, KEY_RECORDS[1])]
    {
        assert_eq!(key.key_record().to_string(), record.1);
        let selector = record.0.split('.').next().unwrap().parse().unwrap();
        let signer = Signer::new("football.example.com".parse().unwrap(), selector, key).unwrap();
        assert_eq!(signer.key_name(), &record.0.parse().unwrap());
        let field = signer.sign(unsigned.as_bytes(), NOW);
        let signed = format!("{field}{unsigned}");
        let found = verify_at(&signed, &KEY_RECORDS, NOW, &VerifierConfig::default());
        assert_eq!(summary(&found), ["pass"]);
        // The octets are part of what a seed means.
        insta::assert_snapshot!(format!("signed by {}", signer.key_record().key_type), field);
    }
}

const MESSAGE: &str = "Received: from a\r\n\tby b\r\nFrom: Al <al@a.example>\r\nTo: bob@b.example\r\n\
    Subject:  one \r\n\t two\r\nX-Other: x\r\n\r\nHello  world \r\n\r\n last\tline\r\n\r\n";

fn keys() -> [SigningKey; 2] {
    [SigningKey::from_pem(RSA_1024_PEM).unwrap(), SigningKey::ed25519([7; 32])]
}

fn signer(key: SigningKey) -> Signer {
    Signer::new("a.example".parse().unwrap(), "s".parse().unwrap(), key).unwrap()
}

/// Verifies a message that `signer` has signed, perhaps changed since.
fn verify(signer: &Signer, message: &str) -> Vec<String> {
    let name = signer.key_name().to_string();
    let record = signer.key_record().to_string();
    summary(&verify_at(message, &[(&name, &record)], NOW, &VerifierConfig::default()))
}

#[test]
fn each_change_breaks_what_it_should() {
    // From, to, and which of simple and relaxed survive: header, body.
    let changes: &[(&str, &str, [bool; 2], [bool; 2])] = &[
        ("x", "x", [true, true], [true, true]),
        ("X-Other: x", "X-Other: y", [true, true], [true, true]),
        ("Received: from a", "Received: from c", [true, true], [true, true]),
        ("Received:", "Received: top\r\nReceived:", [true, true], [true, true]),
        ("To: bob", "TO:   bob", [false, true], [true, true]),
        ("Subject:  one \r\n\t two", "subject: one two", [false, true], [true, true]),
        ("To: bob@b.example\r\n", "To: bob@b.example \r\n", [false, true], [true, true]),
        ("To: bob", "To: bo b", [false, false], [true, true]),
        ("To: bob", "To: rob", [false, false], [true, true]),
        ("To: bob@b.example\r\n", "", [false, false], [true, true]),
        ("X-Other", "From: x@evil.example\r\nX-Other", [false, false], [true, true]),
        ("From: Al", "From: x@evil.example\r\nFrom: Al", [false, false], [true, true]),
        ("Hello  world", "Hello world", [true, true], [false, true]),
        ("Hello  world \r\n", "Hello  world\r\n", [true, true], [false, true]),
        ("last\tline", "last line", [true, true], [false, true]),
        (" last", "last", [true, true], [false, false]),
        ("last\tline\r\n\r\n", "last\tline\r\n", [true, true], [true, true]),
        ("last\tline\r\n\r\n", "last\tline", [true, true], [true, true]),
        ("last\tline\r\n\r\n", "last\tline\r\n\r\n\r\n", [true, true], [true, true]),
        ("last\tline\r\n\r\n", "last\tline\r\n \r\n", [true, true], [false, true]),
        ("Hello", "hello", [true, true], [false, false]),
        ("\r\n last", " last", [true, true], [false, false]),
        ("last\tline\r\n", "last\tline\r\nfooter\r\n", [true, true], [false, false]),
    ];
    let both = [Canonicalization::Simple, Canonicalization::Relaxed];
    for key in keys() {
        for (h, header) in both.into_iter().enumerate() {
            for (b, body) in both.into_iter().enumerate() {
                let how = Canonicalizations { header, body };
                let signer = signer(key.clone()).canonicalizations(how);
                let field = signer.sign(MESSAGE.as_bytes(), NOW);
                for (from, to, header_survives, body_survives) in changes {
                    assert!(MESSAGE.contains(from), "{from:?}");
                    let changed = format!("{field}{}", MESSAGE.replacen(from, to, 1));
                    let wanted = match (header_survives[h], body_survives[b]) {
                        (_, false) => "fail: body hash did not verify",
                        (false, _) => "fail: signature did not verify",
                        (true, true) => "pass",
                    };
                    assert_eq!(verify(&signer, &changed), [wanted], "{how} {from:?} {to:?}");
                }
            }
        }
    }
}

#[test]
fn the_signature_field_itself_is_signed() {
    for key in keys() {
        let signer = signer(key);
        let field = signer.sign(MESSAGE.as_bytes(), NOW);
        for (from, to) in [("t=15286379", "t=15286378"), ("h=From", "h=from"), ("; s=s", ";  s=s;")]
        {
            assert!(field.contains(from));
            let changed = format!("{}{MESSAGE}", field.replacen(from, to, 1));
            assert_ne!(verify(&signer, &changed), ["pass"], "{to}");
        }
        // Where the value of b= is folded does not matter, nor does a tag that follows it.
        let refolded = field.replacen("b=", "b=\r\n ", 1);
        let at = refolded.find("bh=").unwrap();
        assert!(at < refolded.find("b=\r\n").unwrap());
        assert_eq!(verify(&signer, &format!("{refolded}{MESSAGE}")), ["pass"]);
    }
}

#[test]
fn fields_are_taken_from_the_bottom_up() {
    let [_, key] = keys();
    let signer = signer(key).headers(["From", "Received"]).oversigned(["Received"]);
    let message = "Received: 2\r\nReceived: 1\r\nFrom: al@a.example\r\n\r\nx\r\n";
    let field = signer.sign(message.as_bytes(), NOW);
    assert!(field.contains("h=From:Received:Received:Received;"), "{field}");
    assert_eq!(verify(&signer, &format!("{field}{message}")), ["pass"]);
    let swapped = "Received: 1\r\nReceived: 2\r\nFrom: al@a.example\r\n\r\nx\r\n";
    assert_eq!(verify(&signer, &format!("{field}{swapped}")), ["fail: signature did not verify"]);
    // The third name stood for nothing, so that nothing may be added.
    assert_eq!(
        verify(&signer, &format!("Received: 3\r\n{field}{message}")),
        ["fail: signature did not verify"]
    );
}

#[test]
fn from_is_signed_whatever_is_configured() {
    let [_, key] = keys();
    let signer = signer(key).headers(["Subject"]).oversigned([""; 0]);
    let field = signer.sign(b"Subject: x\r\n\r\n", NOW);
    assert!(field.contains("h=From:Subject;"), "{field}");
    assert_eq!(verify(&signer, &format!("{field}Subject: x\r\n\r\n")), ["pass"]);
}

#[test]
fn a_part_of_the_body_may_be_signed() {
    let [_, key] = keys();
    let signer = signer(key).body_length(true);
    let field = signer.sign(MESSAGE.as_bytes(), NOW);
    assert!(field.contains(" l=27;"), "{field}");
    let longer = format!("{field}{MESSAGE}-- \r\nThe list\r\n");
    assert_eq!(verify(&signer, &longer), ["pass"]);
    let shorter = format!("{field}{}", MESSAGE.replace(" last\tline\r\n\r\n", ""));
    assert_eq!(verify(&signer, &shorter), ["fail: body shorter than l="]);
    let config = VerifierConfig { accept_body_length: false, ..VerifierConfig::default() };
    let found = verify_at(&longer, &[], NOW, &config);
    assert_eq!(summary(&found), ["policy: l= not accepted"]);
}

#[test]
fn time_runs_on_the_clock_that_is_handed_in() {
    let [_, key] = keys();
    let signer = signer(key).lifetime(Duration::from_secs(3600));
    let message = format!("{}{MESSAGE}", signer.sign(MESSAGE.as_bytes(), NOW));
    let name = signer.key_name().to_string();
    let record = signer.key_record().to_string();
    let at = |secs: i64| {
        let records = [(name.as_str(), record.as_str())];
        summary(&verify_at(&message, &records, UnixTime(NOW.0 + secs), &VerifierConfig::default()))
    };
    assert_eq!(at(3600 + 300), ["pass"]);
    assert_eq!(at(3600 + 301), ["permerror: signature expired"]);
    assert_eq!(at(-300), ["pass"]);
    assert_eq!(at(-301), ["permerror: signed in the future"]);
}

#[test]
fn an_identity_is_in_the_domain() {
    let [_, key] = keys();
    let identity =
        |domain: &str| Identity { local_part: b"al;x".to_vec(), domain: domain.parse().unwrap() };
    let error = signer(key.clone()).identity(identity("b.example")).unwrap_err();
    assert_eq!(error.to_string(), "b.example is not in the signing domain");
    let signer = signer(key).identity(identity("sub.a.example")).unwrap();
    let field = signer.sign(MESSAGE.as_bytes(), NOW);
    assert!(field.contains("i=al=3Bx@sub.a.example;"), "{field}");
    let message = format!("{field}{MESSAGE}");
    assert_eq!(verify(&signer, &message), ["pass"]);
    // t=s in the key: i= must be d= itself.
    let record = KeyRecord { strict: true, ..signer.key_record() }.to_string();
    let name = signer.key_name().to_string();
    let found = verify_at(&message, &[(&name, &record)], NOW, &VerifierConfig::default());
    assert_eq!(summary(&found), ["permerror: domain mismatch"]);
}

#[test]
fn names_that_no_tag_can_carry_are_refused() {
    let [_, key] = keys();
    let error = |domain: &str, selector: &str| {
        Signer::new(domain.parse().unwrap(), selector.parse().unwrap(), key.clone())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(error(".", "s"), ". is no name for a domain or selector");
    assert_eq!(error("a.example", "a;b"), "a\\;b. is no name for a domain or selector");
    let label = "a".repeat(63);
    assert_eq!(
        error(&[label.as_str(); 3].join("."), &label[..60]),
        "selector and domain make no name for a key"
    );
    let signer = Signer::new("bücher.example".parse().unwrap(), "s".parse().unwrap(), key).unwrap();
    let field = signer.headers(["a;b"]).sign(MESSAGE.as_bytes(), NOW);
    assert!(field.contains(" d=bücher.example;"), "{field}");
    assert!(field.contains(" h=From:From:"), "{field}");
}

#[test]
fn copied_fields_are_the_signed_ones_as_they_were() {
    let [_, key] = keys();
    let signer = signer(key).copied_fields(true);
    let field = signer.sign(MESSAGE.as_bytes(), NOW);
    assert_eq!(verify(&signer, &format!("{field}{MESSAGE}")), ["pass"]);
    let header = Message::parse(field.as_bytes()).header();
    let signature = Signature::parse(header.fields().next().unwrap().raw_value()).unwrap();
    let names: Vec<&str> = signature.copied_fields.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["From", "To", "Subject"]);
    assert_eq!(signature.copied_fields[2].value, b"  one \r\n\t two");
}

#[test]
fn keys_may_be_missing_or_unfit() {
    let [rsa, ed25519] = keys();
    let signer = signer(rsa);
    let message = format!("{}{MESSAGE}", signer.sign(MESSAGE.as_bytes(), NOW));
    let name = signer.key_name().to_string();
    let good = signer.key_record().to_string();
    let other = KeyRecord::new(&SigningKey::from_pem(RSA_1024_PEM).unwrap().public_key());
    let check = |texts: &[&str], wanted: &str| {
        let records: Vec<(&str, &str)> = texts.iter().map(|&text| (name.as_str(), text)).collect();
        let found = verify_at(&message, &records, NOW, &VerifierConfig::default());
        assert_eq!(summary(&found), [wanted], "{texts:?}");
    };
    check(&[], "permerror: no key for signature");
    check(&["v=spf1 -all"], "permerror: no key for signature");
    check(&["hello"], "permerror: key syntax error: no tag at octet 0");
    check(&["v=DKIM1; p="], "permerror: key revoked");
    check(&["v=DKIM1; p=YWJj"], "permerror: key syntax error");
    check(&[&good.replace("k=rsa", "h=sha1")], "permerror: inappropriate hash algorithm");
    check(&[&good.replace("k=rsa", "s=tlsrpt")], "permerror: no key for signature");
    check(&[&good.replace("k=rsa", "k=dsa")], "permerror: inappropriate key algorithm");
    let ed25519 = ed25519.key_record().to_string();
    check(&[&ed25519], "permerror: inappropriate key algorithm");
    check(&[&KeyRecord { testing: true, ..other }.to_string()], "pass");
    // Among several, the one that fits counts.
    check(&["v=spf1 -all", &ed25519, &good], "pass");
    // 512 bits: RFC 8301 §3.2.
    let short = "p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu\
        KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==";
    check(&[short], "permerror: unacceptable key size: 512 bits");
}

#[test]
fn a_key_in_the_old_form_is_read_too() {
    // RFC 6376 §3.6.1 says RSAPublicKey, without the SubjectPublicKeyInfo around it.
    let key = SigningKey::from_pem(RSA_1024_PEM).unwrap().public_key();
    let wrapped = key.to_octets();
    let bare = &wrapped[22..];
    assert_eq!(PublicKey::decode(KeyType::Rsa, bare), Ok(key));
    assert_eq!(PublicKey::decode(KeyType::Ed25519, bare), Err(PublicKeyError::Syntax));
}

#[test]
fn failed_look_ups_may_succeed_later() {
    let message = crlf(RFC_8463_MESSAGE);
    let mut verifier = Verifier::new(message.as_bytes(), NOW, &VerifierConfig::default());
    let questions = verifier.questions();
    assert_eq!(questions.len(), 2);
    verifier.answer(&questions[0], &Err(LookupError::Failed(Rcode::ServFail)));
    assert_eq!(verifier.questions(), &questions[1..]);
    assert!(!verifier.is_done());
    // An answer that comes twice changes nothing.
    verifier.answer(&questions[0], &txt(&questions[0].name, &["v=DKIM1; p="]));
    let results = verifier.into_results();
    assert_eq!(
        summary(&results),
        ["temperror: key unavailable: SERVFAIL", "temperror: key unavailable"]
    );
    assert_eq!(results[0].method_result().reason.as_deref(), Some("key unavailable: SERVFAIL"));
}

#[test]
fn what_is_no_signature_is_told_as_such() {
    let check = |field: &str, wanted: &[&str]| {
        let message = format!("{field}From: a@a.example\r\n\r\nx\r\n");
        let found = verify_at(&message, &[], NOW, &VerifierConfig::default());
        assert_eq!(summary(&found), wanted, "{field}");
    };
    check("", &[]);
    check("DKIM-Signature: hello\r\n", &["neutral: signature syntax error: no tag at octet 0"]);
    check("dkim-signature : v=1; v=1\r\n", &["permerror: signature syntax error: v= twice"]);
    check("DKIM-Signature: v=1\r\n", &["permerror: signature missing required tag a="]);
    let whole = "DKIM-Signature: v=1; a=rsa-sha1; d=a; s=s; h=from; bh=YWJj; b=YWJj\r\n";
    check(whole, &["permerror: unsupported algorithm rsa-sha1"]);
    let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(50));
    check(
        &whole.replace("d=a", &format!("d={long}")).replace("sha1", "sha256"),
        &["permerror: key name too long"],
    );
    let many = whole.repeat(30);
    let message = format!("{many}From: a@a.example\r\n\r\n");
    let results = verify_at(&message, &[], NOW, &VerifierConfig::default());
    assert_eq!(results.len(), 20);
    assert_eq!(results[10].result(), AuthResult::Policy);
}

#[test]
fn a_body_may_be_cut_anywhere() {
    for how in ["simple/simple", "simple/relaxed"] {
        let [_, key] = keys();
        let signer = signer(key).canonicalizations(how.parse().unwrap());
        let message = format!("{}{MESSAGE}", signer.sign(MESSAGE.as_bytes(), NOW));
        let message = Message::parse(message.as_bytes());
        let mut hashing = Hashing::new(message.header(), NOW, &VerifierConfig::default());
        for octet in message.body() {
            hashing.body(&[*octet]);
        }
        let mut verifier = hashing.finish();
        let [question] = verifier.questions().try_into().unwrap();
        let record = signer.key_record().to_string();
        verifier.answer(&question, &txt(&question.name, &[&record]));
        assert_eq!(summary(&verifier.into_results()), ["pass"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_messages_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let message = [b"DKIM-Signature: ".as_slice(), &octets].concat();
        let config = VerifierConfig::default();
        let _ = Verifier::new(&message, NOW, &config).into_results();
        let _ = Verifier::new(&octets, NOW, &config).into_results();
    }

    #[test]
    fn whatever_is_signed_verifies(
        header in prop::collection::vec("[A-Za-z]{1,8}: ?[ -~\t]{0,30}", 0..6),
        body in prop::collection::vec(prop::sample::select(b"ab \t\r\n\xff.".to_vec()), 0..80),
        how in prop::sample::select(vec!["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"]),
        names in prop::collection::vec("[A-Za-z]{1,8}", 0..4),
    ) {
        let header: String = header.iter().map(|line| format!("{line}\r\n")).collect();
        let message = [header.as_bytes(), b"\r\n", &body].concat();
        let [_, key] = keys();
        let signer = signer(key).canonicalizations(how.parse().unwrap()).headers(names);
        let signed = [signer.sign(&message, NOW).as_bytes(), &message].concat();
        let mut verifier = Verifier::new(&signed, NOW, &VerifierConfig::default());
        let question = verifier.questions().remove(0);
        let record = signer.key_record().to_string();
        verifier.answer(&question, &txt(&question.name, &[&record]));
        prop_assert_eq!(summary(&verifier.into_results()), ["pass"]);
    }
}
