//! Captures are read back.

use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption;
use pcap_file::pcapng::{Block, PcapNgReader};

use crate::engine::{Seed, SimTime};
use crate::net::NodeId;
use crate::scenario::{self, FIRST_MAIL, NoFiles, build};
use crate::world::World;

use super::Capture;

fn world(watched: bool) -> World {
    let plan = scenario::parse(FIRST_MAIL, "first-mail.json", &NoFiles).unwrap();
    build::build_observed(&plan, Seed(plan.seed), watched).unwrap()
}

const HOUR: SimTime = SimTime::from_secs(3_600);

fn capture(world: &mut World, hosts: Option<&[NodeId]>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut capture = Capture::new(world, hosts, "first-mail", &mut file).unwrap();
    capture.run(world, HOUR).unwrap();
    capture.flush().unwrap();
    file
}

/// What is read from a file: names of the interfaces, and of each packet the interface, the time, the
/// direction and the size.
#[derive(Debug, Default)]
struct Read {
    interfaces: Vec<String>,
    packets: Vec<(u32, Duration, u32, usize)>,
    names: usize,
}

fn read(file: &[u8]) -> Read {
    let mut reader = PcapNgReader::new(file).unwrap();
    let mut read = Read::default();
    while let Some(block) = reader.next_block() {
        match block.unwrap() {
            Block::InterfaceDescription(block) => {
                let name = block.options.iter().find_map(|option| match option {
                    InterfaceDescriptionOption::IfName(name) => Some(name.to_string()),
                    _ => None,
                });
                assert!(block.options.contains(&InterfaceDescriptionOption::IfTsResol(9)));
                read.interfaces.push(name.unwrap());
            }
            Block::EnhancedPacket(block) => {
                let [EnhancedPacketOption::Flags(direction)] = block.options[..] else {
                    panic!("{:?}", block.options)
                };
                let size = block.data.len();
                read.packets.push((block.interface_id, block.timestamp, direction, size));
            }
            Block::NameResolution(block) => read.names += block.records.len(),
            _ => {}
        }
    }
    read
}

#[test]
fn a_packet_is_seen_at_both_ends_at_the_times_of_the_simulated_calendar() {
    let mut world = world(true);
    let read = read(&capture(&mut world, None));
    let addresses: usize = world.hosts().map(|host| world.addresses(host).len()).sum();
    assert_eq!(read.names, addresses);
    let times: Vec<_> = read.packets.iter().map(|packet| packet.1).collect();
    assert!(times.is_sorted());
    // The first question leaves the client at 1 s of a run that begins on 2026-01-05 at 9 h.
    let (interface, time, direction, size) = read.packets[0];
    assert_eq!(read.interfaces[interface as usize], "laptop.alice.example.org");
    assert_eq!((time, direction), (Duration::from_secs(1_767_603_601), 2));
    let arrival = read.packets.iter().find(|packet| packet.2 == 1).unwrap();
    assert_eq!(read.interfaces[arrival.0 as usize], "resolver.example.org");
    assert_eq!((arrival.1, arrival.3), (time + Duration::from_millis(20), size));
    let sent = read.packets.iter().filter(|packet| packet.2 == 2).count();
    assert_eq!(sent * 2, read.packets.len(), "nothing is lost here");
}

#[test]
fn of_some_hosts_what_they_saw_is_captured_and_no_more() {
    let mut whole = world(true);
    let all = read(&capture(&mut whole, None));
    let mut part = world(true);
    let host = part.node("mx1.example.com").unwrap();
    let some = read(&capture(&mut part, Some(&[host])));
    assert_eq!(some.interfaces, ["mx1.example.com"]);
    let number = all.interfaces.iter().position(|name| name == "mx1.example.com").unwrap();
    let its = all.packets.iter().filter(|packet| packet.0 == number as u32);
    let without_number = |packet: &(u32, Duration, u32, usize)| (packet.1, packet.2, packet.3);
    let its: Vec<_> = its.map(without_number).collect();
    assert_eq!(some.packets.iter().map(without_number).collect::<Vec<_>>(), its);
    assert!(!its.is_empty());
}

#[test]
fn a_capture_changes_nothing_in_a_run_watched_or_not() {
    let mut plain = world(true);
    plain.run(HOUR);
    for watched in [true, false] {
        let mut captured = world(watched);
        let size = capture(&mut captured, None).len();
        assert!(size > 10_000);
        assert_eq!(captured.fingerprint(), plain.fingerprint());
        assert_eq!((captured.events(), captured.now()), (plain.events(), plain.now()));
    }
}
