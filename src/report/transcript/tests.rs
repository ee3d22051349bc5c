//! The transcript of a small world that is made by hand.

use std::net::SocketAddr;

use bytes::Bytes;
use insta::assert_snapshot;

use super::*;
use crate::engine::{Seed, SimTime};
use crate::net::{LinkConfig, Ways};
use crate::proto::dns::{self, RecordData, RecordType};
use crate::world::{
    Actor, Ctx, Event, Fault, HostConfig, Kind, Note, StreamEvent, TimerToken, WorldBuilder,
};

/// Answers every query with an MX, and writes a note.
struct Names;

impl Actor for Names {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.bind_udp(53));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Event::Datagram { from, to, payload } = event else { return };
        let query = dns::Message::decode(&payload).unwrap();
        let question = query.question().unwrap().clone();
        let mut response = dns::Message::response_to(&query);
        let exchange = "mx.example.com".parse().unwrap();
        let data = RecordData::Mx { preference: 10, exchange };
        response.answers.push(dns::Record::new(question.name.clone(), 300, data));
        let address = RecordData::A("192.0.2.3".parse().unwrap());
        let name = "mx.example.com".parse().unwrap();
        response.additionals.push(dns::Record::new(name, 300, address));
        ctx.note(Kind::CacheMiss, || Note::CacheMiss {
            qname: question.name.to_string(),
            qtype: question.rtype.to_string(),
        });
        ctx.send_udp_from(to, from, response.encode());
    }
}

/// An SMTP server that answers each line it has a reply for.
struct Server;

impl Actor for Server {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        assert!(ctx.listen(25));
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let Event::Stream(connection, event) = event else { return };
        let reply = match event {
            StreamEvent::Accepted { .. } => "220 mx.example.com ESMTP\r\n",
            StreamEvent::Data(octets) if octets.starts_with(b"EHLO") => {
                "250-mx.example.com\r\n250 PIPELINING\r\n"
            }
            StreamEvent::Data(octets) if octets.starts_with(b"MAIL") => {
                "250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n"
            }
            StreamEvent::Data(octets) if octets.starts_with(b"QUIT") => "221 2.0.0 bye\r\n",
            StreamEvent::Data(_) => "250 2.0.0 ok \x1b[31m\r\n",
            StreamEvent::Eof => return ctx.close(connection),
            _ => return,
        };
        ctx.send(connection, Bytes::from_static(reply.as_bytes()));
    }
}

/// Asks for an MX, sends a message, and tries a port where nobody listens.
struct Client {
    lines: std::vec::IntoIter<&'static str>,
}

const NAMES: &str = "192.0.2.2:53";
const SERVER: &str = "192.0.2.3:25";
const CLOSED: &str = "192.0.2.3:110";

impl Actor for Client {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        for secs in [0, 1, 2, 60, 120] {
            ctx.set_timer(SimTime::from_secs(secs), TimerToken(secs));
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        match event {
            Event::Timer(TimerToken(0 | 60)) => {
                let name = "example.com".parse().unwrap();
                let query = dns::Message::query(1, name, RecordType::Mx).with_recursion_desired();
                let port = ctx.bind_any_udp().unwrap();
                ctx.send_udp(port, address(NAMES), query.encode()).unwrap();
            }
            Event::Timer(TimerToken(2)) => {
                ctx.connect(address(CLOSED)).unwrap();
            }
            Event::Timer(_) => {
                ctx.connect(address(SERVER)).unwrap();
            }
            Event::Stream(connection, StreamEvent::Data(_)) => {
                if let Some(line) = self.lines.next() {
                    ctx.send(connection, Bytes::from_static(line.as_bytes()));
                }
                if self.lines.len() == 0 {
                    ctx.close(connection);
                }
            }
            _ => {}
        }
    }
}

fn world() -> World {
    let mut parts = WorldBuilder::new(Seed(1));
    parts
        .host(HostConfig::new("laptop").address("192.0.2.1".parse().unwrap()).actor(|| {
            Client {
            lines: vec![
                "EHLO laptop\r\n",
                "MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n",
                "Received: from nowhere\r\n  by nobody\r\nSubject: Hello\r\n\r\nHi Bob\r\n.\r\n",
                "QUIT\r\n",
            ]
            .into_iter(),
        }
        }))
        .host(HostConfig::new("resolver").address("192.0.2.2".parse().unwrap()).actor(|| Names))
        .host(
            HostConfig::new("mx.example.com")
                .address("192.0.2.3".parse().unwrap())
                .actor(|| Server),
        )
        .router("r")
        .link("laptop", "r", LinkConfig::default())
        .link("resolver", "r", LinkConfig::default())
        .link("mx.example.com", "r", LinkConfig::default());
    let mut world = parts.build().unwrap();
    let node = |name| world.node(name).unwrap();
    let (mx, link) = (node("mx.example.com"), world.links_between(node("resolver"), node("r"))[0]);
    world.begin(SimTime::from_secs(59), Fault::Cut { links: vec![link], ways: Ways::Both });
    world.heal(SimTime::from_secs(61), link);
    world.begin(SimTime::from_secs(119), Fault::Crash(mx));
    world.restart(SimTime::from_secs(121), mx);
    world.run(SimTime::MAX);
    world
}

#[test]
fn a_person_reads_it() {
    assert_snapshot!(Transcript::new(&world()), @r"
      0.020000  laptop → resolver                                DNS   query MX example.com. rd
      0.020000  resolver                                         note  cache miss MX example.com.
      0.040000  resolver → laptop                                DNS   response NOERROR rd; example.com. 300 MX 10 mx.example.com.
                │ additional  mx.example.com. 300 A 192.0.2.3
      1.040000  laptop → mx.example.com                          TCP   connected to port 25
      1.080000  mx.example.com → laptop                          SMTP  220 mx.example.com ESMTP
      1.100000  laptop → mx.example.com                          SMTP  EHLO laptop
      1.120000  mx.example.com → laptop                          SMTP  250-mx.example.com
                │ 250 PIPELINING
      1.140000  laptop → mx.example.com                          SMTP  MAIL FROM:<>
      1.140000  laptop → mx.example.com                          SMTP  RCPT TO:<bob@example.com>
      1.140000  laptop → mx.example.com                          SMTP  DATA
      1.160000  mx.example.com → laptop                          SMTP  250 2.1.0 ok
      1.160000  mx.example.com → laptop                          SMTP  250 2.1.5 ok
      1.160000  mx.example.com → laptop                          SMTP  354 go on
      1.180000  laptop → mx.example.com                          SMTP  message, 63 octets, Subject: Hello
                │ Received: from nowhere
                │   by nobody
                │ Subject: Hello
                │
                │ Hi Bob
      1.200000  mx.example.com → laptop                          SMTP  250 2.0.0 ok \x1b[31m
      1.220000  laptop → mx.example.com                          SMTP  QUIT
      1.240000  mx.example.com → laptop                          SMTP  221 2.0.0 bye
      1.240000  laptop → mx.example.com                          TCP   connection closed
      2.040000  laptop → mx.example.com                          TCP   connection refused (port 110)
     59.000000  resolver – r                                     net   link cut
     60.010000  laptop → resolver                                UDP   datagram of 29 octets to port 53 lost at r: no route
     61.000000  resolver – r                                     net   link healed
    119.000000  mx.example.com                                   net   host crashed
    120.020000  laptop → mx.example.com                          TCP   bare segment to port 25 lost at mx.example.com: host down
    121.000000  mx.example.com                                   net   host restarted
    121.000000  laptop → mx.example.com                          TCP   bare segment to port 25 sent again: time-out
    121.040000  laptop → mx.example.com                          TCP   connected to port 25
    121.080000  mx.example.com → laptop                          SMTP  220 mx.example.com ESMTP
    121.120000  laptop → mx.example.com                          TCP   connection closed
    ");
}

#[test]
fn a_program_reads_it() {
    let world = world();
    let mut lines = Vec::new();
    Transcript::new(&world).write_jsonl(&mut lines).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    assert!(lines.lines().count() > 20);
    assert_snapshot!(lines.lines().take(3).collect::<Vec<_>>().join("\n"), @r#"
    {"time_ns":20000000,"id":"resolver/0","cause":null,"from":"laptop","to":"resolver","protocol":"dns","kind":"query","text":"query MX example.com. rd","dns":{"id":1,"opcode":"QUERY","rcode":null,"flags":["rd"],"edns":null,"questions":["MX example.com."],"answers":[],"authorities":[],"additionals":[]}}
    {"time_ns":20000000,"id":"resolver/1","cause":"resolver/0","from":"resolver","to":null,"protocol":"note","kind":"cache_miss","text":"cache miss MX example.com.","note":{"qname":"example.com.","qtype":"MX"}}
    {"time_ns":40000000,"id":"laptop/0","cause":"resolver/1","from":"resolver","to":"laptop","protocol":"dns","kind":"response","text":"response NOERROR rd; example.com. 300 MX 10 mx.example.com.","details":["additional  mx.example.com. 300 A 192.0.2.3"],"dns":{"id":1,"opcode":"QUERY","rcode":"NOERROR","flags":["rd"],"edns":null,"questions":["MX example.com."],"answers":["example.com. 300 MX 10 mx.example.com."],"authorities":[],"additionals":["mx.example.com. 300 A 192.0.2.3"]}}
    "#);
    // Every cause is a line, but for one that shows nothing and has no cause itself.
    let objects: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<_> = objects.iter().map(|object| &object["id"]).collect();
    for object in &objects {
        let cause = &object["cause"];
        assert!(cause.is_null() || ids.contains(&cause), "{object}");
    }
}

#[test]
fn a_test_reads_parts_of_it() {
    let world = world();
    let dns = Transcript::new(&world).protocol(Protocol::Dns).host("resolver");
    let kinds: Vec<_> = dns.entries().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["query", "response"]);
    assert_eq!(Transcript::new(&world).host("nobody").to_string(), "");
}
