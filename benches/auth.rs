//! Where a message comes from: DKIM over a message of 2 KiB, and a DMARC record.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mxsim::engine::UnixTime;
use mxsim::proto::dkim::{Signer, SigningKey, Verifier, VerifierConfig};
use mxsim::proto::dmarc;
use mxsim::proto::dns::stub::Answer;
use mxsim::proto::dns::{Record, RecordData, Txt};

const NOW: UnixTime = UnixTime(1_767_603_600);

/// The key of RFC 8463 appendix A.1, of 1024 bits.
const RSA: &str = "-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----
";

fn message() -> String {
    let mut text = String::from(
        "From: alice@example.org\r\nTo: bob@example.net\r\nSubject: Hello\r\n\
         Date: Mon, 5 Jan 2026 09:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n",
    );
    while text.len() < 2046 {
        text.push_str("The quick brown fox jumps over the lazy dog, and so on and so forth.\r\n");
    }
    text.truncate(2046);
    text.push_str("\r\n");
    text
}

fn auth(c: &mut Criterion) {
    let message = message();
    let config = VerifierConfig::default();
    let mut group = c.benchmark_group("auth");
    group.throughput(Throughput::Elements(1));
    let rsa = SigningKey::from_pem(RSA).expect("the key of the RFC");
    for (name, key) in [("rsa 1024", rsa), ("ed25519", SigningKey::ed25519([7; 32]))] {
        let domain = "example.org".parse().expect("a name");
        let selector = "s".parse().expect("a name");
        let signer = Signer::new(domain, selector, key).expect("a signer");
        group.bench_function(format!("dkim sign, {name}"), |b| {
            b.iter(|| signer.sign(black_box(message.as_bytes()), NOW));
        });
        let signed = format!("{}{message}", signer.sign(message.as_bytes(), NOW));
        group.bench_function(format!("dkim hash, {name}"), |b| {
            b.iter(|| Verifier::new(black_box(signed.as_bytes()), NOW, &config));
        });
        let text = RecordData::Txt(Txt::new([signer.key_record().to_string()]));
        let record = Record::new(signer.key_name().clone(), 60, text);
        let answer = Ok(Answer { canonical: record.name.clone(), records: vec![record] });
        group.bench_function(format!("dkim verify, {name}"), |b| {
            b.iter(|| {
                let mut verifier = Verifier::new(black_box(signed.as_bytes()), NOW, &config);
                for question in verifier.questions() {
                    verifier.answer(&question, &answer);
                }
                let results = verifier.into_results();
                assert!(results[0].outcome.is_ok());
            });
        });
    }
    group.bench_function("verify, not signed", |b| {
        b.iter(|| Verifier::new(black_box(message.as_bytes()), NOW, &config));
    });
    let record = b"v=DMARC1; p=quarantine; pct=25; rua=mailto:dmarc-feedback@example.com";
    group.bench_function("dmarc record", |b| {
        b.iter(|| dmarc::Record::parse(black_box(record)));
    });
    group.finish();
}

criterion_group!(benches, auth);
criterion_main!(benches);
