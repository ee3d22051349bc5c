//! The checks of envelope and message, with answers out of a zone.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use crate::actors::mta::config::{Authentication, DmarcCheck, MtaConfig, SpfCheck};
use crate::actors::mta::lookup::Found;
use crate::actors::mta::policy::turn::Lookup;
use crate::actors::mta::policy::{Anvil, Memory, Turn, Verified};
use crate::engine::{Seed, SimTime, UnixTime};
use crate::proto::dkim::{Signer, SigningKey};
use crate::proto::dns::master::parse_records;
use crate::proto::dns::stub::{Answer, LookupError};
use crate::proto::dns::{Name, Rcode, Record, RecordData, Txt};
use crate::proto::mail::prepend;
use crate::proto::smtp::server::{Envelope, ReceivedMessage};
use crate::proto::smtp::{MessageText, ReversePath};
use crate::store::greylist::Greylist;

use super::*;

const NOW: UnixTime = UnixTime(1_767_603_600);
const MESSAGE: &[u8] = b"From: Alice <alice@example.org>\r\nTo: bob@example.com\r\n\
    Subject: Hello\r\nDate: Mon, 5 Jan 2026 09:00:00 +0000\r\n\r\nHello, Bob.\r\n";

/// A border MTA of example.com, and what the DNS says.
struct Bench {
    config: MtaConfig,
    records: Vec<Record>,
    /// Names for which there is SERVFAIL.
    failing: Vec<Name>,
    /// How long each answer takes.
    delay: Duration,
    asked: usize,
}

impl Bench {
    fn new(zone: &str) -> Self {
        let mut config = MtaConfig::new("mx.example.com", Vec::new());
        config.authentication = Authentication {
            spf: SpfCheck::Reject,
            dkim: true,
            dmarc: DmarcCheck::Enforce,
            ..Authentication::default()
        };
        let records = parse_records(&Name::root(), &format!("$TTL 300\n{zone}\n")).unwrap();
        Bench { config, records, failing: Vec::new(), delay: Duration::ZERO, asked: 0 }
    }

    fn publish(mut self, signer: &Signer) -> Self {
        let text = RecordData::Txt(Txt::new([signer.key_record().to_string()]));
        self.records.push(Record::new(signer.key_name().clone(), 300, text));
        self
    }

    fn answer(&mut self, (name, rtype): &Lookup) -> Found {
        self.asked += 1;
        if self.failing.contains(name) {
            return Err(LookupError::Failed(Rcode::ServFail));
        }
        let is_own = |record: &&Record| record.name == *name;
        let records = self.records.iter().filter(|it| is_own(it) && it.rtype() == *rtype);
        let records: Vec<Record> = records.cloned().collect();
        match (records.is_empty(), self.records.iter().any(|it| is_own(&it))) {
            (false, _) => Ok(Answer { canonical: name.clone(), records }),
            (true, true) => Err(LookupError::NoData),
            (true, false) => Err(LookupError::NxDomain),
        }
    }

    /// What both stages say, in lines, with the fields that the message gets.
    fn run(&mut self, client: &str, from: &str, message: &[u8]) -> String {
        self.run_as(client, None, from, message)
    }

    fn run_as(&mut self, client: &str, login: Option<&str>, from: &str, text: &[u8]) -> String {
        let from: ReversePath = from.parse().unwrap();
        let (params, recipients) = Default::default();
        let envelope = Envelope { from: from.clone(), params, recipients };
        let message = ReceivedMessage { envelope, data: Bytes::copy_from_slice(text).into() };
        let mut memory = Memory::default();
        let mut sampling = Seed(1).stream("dmarc sampling");
        let mut now = SimTime::ZERO;
        let mut told = String::new();
        for stage in [judge_sender, judge_message] {
            let finding = loop {
                let mut turn = Turn {
                    config: &self.config,
                    now,
                    clock: now,
                    date: NOW,
                    own: &[],
                    client: client.parse().unwrap(),
                    client_name: &mut memory.client_name,
                    login,
                    helo: Some("mail.example.org"),
                    sender: Some(&from),
                    recipient: None,
                    declared_octets: None,
                    message: Some(&message),
                    answers: &memory.answers,
                    evidence: &mut memory.evidence,
                    dmarc_sampling: &mut sampling,
                    anvil: &mut Anvil::default(),
                    greylist: &mut Greylist::default(),
                    mail: None,
                    verified: &mut Verified::default(),
                };
                match stage(&mut turn) {
                    Ok(finding) => break finding,
                    Err(Wait::Probe { .. }) => unreachable!("nobody is asked who exists"),
                    Err(Wait::Dns(lookups)) => {
                        now += self.delay;
                        for lookup in lookups {
                            let found = self.answer(&lookup);
                            memory.answers.insert(lookup, found);
                        }
                    }
                }
            };
            match finding {
                Finding::Pass(words) => told += &format!("{words}\n"),
                Finding::Refuse(refusal) => {
                    return told + &format!("{}\n{}\n", refusal.rule, refusal.reply);
                }
                other => panic!("{other:?}"),
            }
        }
        told + &memory.evidence.fields.concat().replace("\r\n", "\n")
    }
}

const ZONE: &str = "
example.org. TXT \"v=spf1 ip4:192.0.2.1 -all\"
mail.example.org. A 192.0.2.1
_dmarc.example.org. TXT \"v=DMARC1; p=reject; sp=quarantine\"
example.net. TXT \"v=spf1 ip4:198.51.100.1 exp=why.example.net -all\"
why.example.net. TXT \"%{i} is none of ours\"
_dmarc.example.edu. TXT \"v=DMARC1; p=quarantine\"
";

fn signer(domain: &str) -> Signer {
    Signer::new(domain.parse().unwrap(), "sel".parse().unwrap(), SigningKey::ed25519([7; 32]))
        .unwrap()
}

fn signed(signer: &Signer, message: &[u8]) -> Bytes {
    prepend(signer.sign(message, NOW), &Bytes::copy_from_slice(message))
}

#[track_caller]
fn check(found: &str, wanted: &str) {
    assert_eq!(found.trim_end(), wanted.trim());
}

#[test]
fn a_message_from_its_own_domain_passes() {
    let signer = signer("example.org");
    let mut bench = Bench::new(ZONE).publish(&signer);
    let told = bench.run("192.0.2.1", "<alice@example.org>", &signed(&signer, MESSAGE));
    let (words, fields) = told.split_once("Authentication-Results").unwrap();
    check(
        words,
        "
spf=pass (mailfrom example.org, ip4:192.0.2.1)
dkim=pass d=example.org s=sel, dmarc=pass (example.org, p=reject, spf aligned, dkim aligned)",
    );
    assert!(fields.starts_with(": mx.example.com;\n\tspf=pass smtp.mailfrom=alice@example.org;\n"));
    assert!(fields.contains("dkim=pass header.d=example.org header.s=sel header.a=ed25519-sha256"));
    assert!(
        fields.contains("dmarc=pass (p=reject dis=none) header.from=example.org\n"),
        "{fields}"
    );
    assert!(fields.contains("\nReceived-SPF: pass\n"), "{fields}");
    // HELO, its record, the key, the policy: each once.
    assert_eq!(bench.asked, 4);
}

#[test]
fn spf_fail_is_refused_in_the_words_of_pyspf() {
    check(
        &Bench::new(ZONE).run("203.0.113.9", "<alice@example.org>", MESSAGE),
        "
spf=fail (mailfrom example.org, -all)
550 5.7.23 <alice@example.org>: Sender address rejected: Message rejected due to: \
SPF fail - not authorized. Please see http://www.openspf.net/Why?s=mfrom;id=alice@example.org;\
ip=203.0.113.9;r=mx.example.com",
    );
    check(
        &Bench::new(ZONE).run("203.0.113.9", "<eve@example.net>", MESSAGE),
        "
spf=fail (mailfrom example.net, -all)
550 5.7.23 <eve@example.net>: Sender address rejected: Message rejected due to: example.net \
explains: 203.0.113.9 is none of ours. Please see http://www.openspf.net/Why?s=mfrom;\
id=eve@example.net;ip=203.0.113.9;r=mx.example.com",
    );
}

#[test]
fn a_helo_name_may_be_forged_too() {
    let zone = format!("{ZONE}mail.example.org. TXT \"v=spf1 a -all\"\n");
    let told = Bench::new(&zone).run("203.0.113.9", "<eve@example.edu>", MESSAGE);
    assert!(told.starts_with("spf=fail (helo mail.example.org, -all)\n550 5.7.23 "), "{told}");
    assert!(told.contains("?s=helo;id=mail.example.org;"), "{told}");
    // A null path has HELO's domain for its own, and that is aligned with what is below it.
    let told = Bench::new(&zone).run("192.0.2.1", "<>", MESSAGE);
    assert!(told.starts_with("spf=pass (mailfrom mail.example.org, a)\n"), "{told}");
    assert!(told.contains("dmarc=pass (example.org, p=reject, spf aligned)"), "{told}");
}

#[test]
fn a_spoofed_author_is_refused_or_put_aside() {
    let mut bench = Bench::new(ZONE);
    bench.config.authentication.spf = SpfCheck::Mark;
    check(
        &bench.run("203.0.113.9", "<eve@example.net>", MESSAGE),
        "
spf=fail (mailfrom example.net, -all)
dkim=none, dmarc=fail (example.org, p=reject) → reject
550 5.7.1 Email rejected per DMARC policy for example.org",
    );
    // sp= is for what is below.
    let below = String::from_utf8_lossy(MESSAGE).replace("@example.org", "@a.example.org");
    let told = bench.run("203.0.113.9", "<eve@example.net>", below.as_bytes());
    assert!(
        told.contains("dmarc=fail (a.example.org, p=quarantine) → quarantine\nX-Spam-Flag: YES\n"),
        "{told}"
    );
    assert!(
        told.contains("dmarc=fail (p=quarantine dis=quarantine) header.from=a.example.org"),
        "{told}"
    );
    bench.config.authentication.dmarc = DmarcCheck::Mark;
    let told = bench.run("203.0.113.9", "<eve@example.net>", MESSAGE);
    assert!(told.contains("→ reject\nAuthentication-Results: "), "{told}");
}

#[test]
fn a_signature_survives_a_forward_and_no_change() {
    let signer = signer("example.org");
    let mut bench = Bench::new(ZONE).publish(&signer);
    bench.config.authentication.spf = SpfCheck::Mark;
    let message = signed(&signer, MESSAGE);
    let mut run = |message: &[u8]| {
        let told = bench.run("203.0.113.9", "<alice@example.org>", message);
        told.lines().nth(1).unwrap().to_owned()
    };
    let dmarc = "dmarc=pass (example.org, p=reject, dkim aligned)";
    check(&run(&message), &format!("dkim=pass d=example.org s=sel, {dmarc}"));
    let text = String::from_utf8_lossy(&message).into_owned();
    let tampered = "dkim=fail d=example.org s=sel (body hash did not verify), \
        dmarc=fail (example.org, p=reject) → reject";
    check(&run(text.replace("Bob.", "Bob!").as_bytes()), tampered);
    let listed = run(text.replace("Subject: ", "Subject: [list] ").as_bytes());
    assert!(listed.starts_with("dkim=fail d=example.org s=sel (signature did not verify)"));
}

#[test]
fn expired_and_foreign_keys_do_not_pass() {
    let expired = signer("example.org").lifetime(Duration::from_secs(60));
    let old = prepend(expired.sign(MESSAGE, UnixTime(NOW.0 - 3_600)), &Bytes::from_static(MESSAGE));
    let run =
        |bench: &mut Bench, message: &[u8]| bench.run("192.0.2.1", "<alice@example.org>", message);
    let told = run(&mut Bench::new(ZONE).publish(&expired), &old);
    assert!(told.contains("dkim=permerror d=example.org s=sel (signature expired), dmarc=pass"));

    let name = |domain: &str| domain.parse::<Name>().unwrap();
    let other = SigningKey::ed25519([8; 32]);
    let other = Signer::new(name("example.org"), name("sel"), other).unwrap();
    let told = run(&mut Bench::new(ZONE).publish(&other), &signed(&signer("example.org"), MESSAGE));
    assert!(told.contains("dkim=fail d=example.org s=sel (signature did not verify)"), "{told}");

    let told = run(&mut Bench::new(ZONE), &signed(&signer("example.org"), MESSAGE));
    assert!(told.contains("dkim=permerror d=example.org s=sel (no key for signature)"), "{told}");
}

#[test]
fn a_dns_that_fails_settles_nothing() {
    let signer = signer("example.org");
    let message = signed(&signer, MESSAGE);
    let mut bench = Bench::new(ZONE).publish(&signer);
    bench.failing = vec!["example.org".parse().unwrap(), signer.key_name().clone()];
    let told = bench.run("192.0.2.1", "<alice@example.org>", &message);
    assert!(told.starts_with("spf=temperror (mailfrom example.org: TXT example.org: "), "{told}");
    assert!(told.contains("dkim=temperror d=example.org s=sel (key unavailable: "), "{told}");
    assert!(told.contains("dmarc=temperror (example.org, p=reject)"), "{told}");

    bench.config.authentication.defer_temporary = true;
    let told = bench.run("192.0.2.1", "<alice@example.org>", &message);
    assert!(
        told.contains("451 4.7.24 <alice@example.org>: Sender address rejected: Message deferred")
    );

    // The policy alone.
    bench.failing = vec!["_dmarc.example.org".parse().unwrap()];
    let told = bench.run("192.0.2.1", "<alice@example.org>", &message);
    assert!(
        told.contains("451 4.7.1 DMARC policy for example.org cannot be evaluated now"),
        "{told}"
    );
}

#[test]
fn a_check_that_takes_too_long_is_given_up() {
    let chain: String = (0..9)
        .map(|at| {
            format!("s{at}.example.org. TXT \"v=spf1 include:s{}.example.org -all\"\n", at + 1)
        })
        .collect();
    let mut bench = Bench::new(&format!("{chain}s9.example.org. TXT \"v=spf1 +all\"\n"));
    let told = bench.run("203.0.113.9", "<a@s0.example.org>", MESSAGE);
    assert!(
        told.starts_with("spf=pass (mailfrom s0.example.org, include:s1.example.org)"),
        "{told}"
    );
    bench.delay = Duration::from_secs(9);
    let told = bench.run("203.0.113.9", "<a@s0.example.org>", MESSAGE);
    assert!(told.contains("spf=temperror (mailfrom s0.example.org: it took too long)"), "{told}");
}

#[test]
fn twenty_signatures_cost_ten_keys_and_a_short_note() {
    let signer = signer("example.org");
    let one = signer.sign(MESSAGE, NOW);
    let many: String = (0..20).map(|at| one.replace("s=sel;", &format!("s=sel{at};"))).collect();
    let mut bench = Bench::new(ZONE).publish(&signer);
    let message = prepend(many, &Bytes::from_static(MESSAGE));
    let told = bench.run("192.0.2.1", "<alice@example.org>", &message);
    // HELO, SPF, ten keys, the policy.
    assert_eq!(bench.asked, 13);
    assert!(told.lines().nth(1).unwrap().contains(", 17 signatures more, dmarc=pass "), "{told}");
    assert_eq!(told.matches("dkim=policy").count(), 10, "{told}");
}

#[test]
fn a_sample_of_the_failures_is_spared() {
    let zone = "_dmarc.example.org. TXT \"v=DMARC1; p=reject; pct=0\"\n";
    let told = Bench::new(zone).run("203.0.113.9", "<eve@example.net>", MESSAGE);
    assert!(
        told.contains("dmarc=fail (example.org, p=reject) → quarantine\nX-Spam-Flag"),
        "{told}"
    );
}

#[test]
fn what_comes_from_inside_is_not_looked_at() {
    let mut bench = Bench::new(ZONE);
    bench.config.inside.insert("203.0.113.9".parse().unwrap());
    check(&bench.run("203.0.113.9", "<alice@example.org>", MESSAGE), "from inside\nfrom inside");
    let told = bench.run_as("203.0.113.10", Some("bob"), "<alice@example.org>", MESSAGE);
    check(&told, "from inside\nfrom inside");
    assert_eq!(bench.asked, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_a_stranger_sends_there_is_an_answer_of_one_line(
        path in "<([!-~]{1,20}@[a-z.\\[\\]]{1,20})?>",
        text in "((From|DKIM-Signature|X-Spam-Flag): ?[ -~]{0,60}\r\n){0,6}\r\n[ -~]{0,40}",
        client in any::<[u8; 16]>(),
    ) {
        prop_assume!(path.parse::<ReversePath>().is_ok());
        let client = std::net::IpAddr::from(client).to_string();
        let told = Bench::new(ZONE).run(&client, &path, text.as_bytes());
        prop_assert!(told.lines().all(|line| line.len() < 1000), "{told}");
    }
}

#[test]
fn strangers_do_not_write_in_our_name() {
    let config = MtaConfig::new("mx.example.com", Vec::new());
    let message = Bytes::from_static(
        b"X-Spam-Flag: YES\r\nAuthentication-Results: MX.example.com; dkim=pass\r\n\
        Authentication-Results: other.example; spf=pass\r\nSubject: x\r\n\r\nHello\r\n",
    );
    let kept = Bytes::from(without_foreign_marks(message.into(), &config));
    let wanted = "Authentication-Results: other.example; spf=pass\r\nSubject: x\r\n\r\nHello\r\n";
    assert_eq!(kept, wanted);
    let clean = Bytes::from_static(wanted.as_bytes());
    let clean = MessageText::from(clean);
    let place = clean.as_ptr();
    assert_eq!(without_foreign_marks(clean, &config).as_ptr(), place);
}
