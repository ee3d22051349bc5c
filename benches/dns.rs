//! DNS: the codec, and authoritative answers from bytes to bytes.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use mxsim::proto::dns::{Authority, Message, Name, RecordType, Transport, Zone, parse_records};

/// A zone of a mail domain among a thousand hosts, with delegations.
fn server() -> Authority {
    let origin: Name = "example.com".parse().expect("a name");
    let mut text = "$TTL 3600\n\
         @ SOA ns1 hostmaster 1 7200 600 86400 300\n\
         @ NS ns1\n@ NS ns2\n@ MX 10 mx1\n@ MX 20 mx2\n\
         ns1 A 192.0.2.1\nns2 A 192.0.2.2\nmx1 A 192.0.2.3\nmx2 A 192.0.2.4\n\
         mx1 AAAA 2001:db8::3\n"
        .to_owned();
    for number in 0..1000 {
        text += &format!(
            "host{number} A 198.51.100.{}\nsub{number} NS ns1.sub{number}\n\
             sub{number} NS ns2.sub{number}\nns1.sub{number} A 198.51.100.1\n\
             ns2.sub{number} A 198.51.100.2\n",
            number % 250
        );
    }
    let records = parse_records(&origin, &text).expect("a master file");
    Authority::new([Arc::new(Zone::new(&origin, records).expect("a zone"))])
}

fn query(name: &str, rtype: RecordType) -> Message {
    Message::query(4711, name.parse().expect("a name"), rtype).with_edns()
}

fn authority(criterion: &mut Criterion) {
    let server = server();
    let mut group = criterion.benchmark_group("dns/authority");
    for (title, name, rtype) in [
        ("a", "host500.example.com", RecordType::A),
        ("mx", "example.com", RecordType::Mx),
        ("referral", "www.deep.sub500.example.com", RecordType::A),
        ("nxdomain", "www.none.example.com", RecordType::A),
        ("refused", "www.example.net", RecordType::A),
    ] {
        let query = query(name, rtype).encode();
        group.bench_function(title, |bencher| {
            bencher.iter(|| server.answer(black_box(&query), Transport::Udp));
        });
    }
}

fn codec(criterion: &mut Criterion) {
    let referral = query("www.sub500.example.com", RecordType::A);
    let referral = server().respond(&referral, Transport::Udp);
    let octets = referral.encode();
    let mut group = criterion.benchmark_group("dns/codec");
    group.bench_function("encode referral", |bencher| {
        bencher.iter(|| black_box(&referral).encode());
    });
    group.bench_function("decode referral", |bencher| {
        bencher.iter(|| Message::decode(black_box(&octets)));
    });
}

criterion_group!(benches, authority, codec);
criterion_main!(benches);
