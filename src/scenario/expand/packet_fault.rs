//! Faults of single packets.

use super::Expander;
use crate::net::tcp::Flags;
use crate::scenario::finding::Path;
use crate::scenario::format::packet_fault::{PacketFault as Format, Protocol, Strike, TcpFlag};
use crate::scenario::plan::FaultAction;
use crate::world::{PacketNumber, PacketRule, PacketVerdict, Transport};

impl Expander<'_, '_, '_> {
    pub(super) fn packet_fault(&mut self, path: &Path<'_>, format: &Format) -> Option<FaultAction> {
        let from = self.host(&path.at("from"), &format.from);
        let to = match &format.to {
            None => None,
            Some(to) => Some(self.host(&path.at("to"), to)?),
        };
        let flags = format.flags.iter().map(|flag| match flag {
            TcpFlag::Syn => Flags::SYN,
            TcpFlag::Ack => Flags::ACK,
            TcpFlag::Fin => Flags::FIN,
            TcpFlag::Rst => Flags::RST,
            TcpFlag::Psh => Flags::PSH,
        });
        let flags = flags.fold(Flags::NONE, |all, flag| all | flag);
        let needs_tcp = flags != Flags::NONE || format.do_ == Strike::Reset;
        if needs_tcp && format.protocol == Some(Protocol::Udp) {
            let found = match flags {
                Flags::NONE => "no RST answers a datagram",
                _ => "no flag is in a datagram",
            };
            self.report.at(&path.at("protocol"), found, None);
        }
        let protocol = match format.protocol {
            None => needs_tcp.then_some(Transport::Tcp),
            Some(Protocol::Tcp) => Some(Transport::Tcp),
            Some(Protocol::Udp) => Some(Transport::Udp),
        };
        let number = match (format.number, format.host_number) {
            (Some(_), Some(_)) => {
                let remedy = "leave one of them out".to_owned();
                let found = "a packet is counted in its connection or in its host, not in both";
                self.report.at(&path.at("host_number"), found, remedy);
                return None;
            }
            (Some(number), None) => Some(PacketNumber::OfFlow(number)),
            (None, number) => number.map(PacketNumber::OfHost),
        };
        let verdict = match (format.do_, format.by) {
            (Strike::Delay, None) => {
                let remedy = "for example \"by\": \"2s\"".to_owned();
                self.report.at(path, "a delay has a length", remedy);
                return None;
            }
            (Strike::Delay, Some(by)) => PacketVerdict::Delay(by.0),
            (_, Some(_)) => {
                let remedy = "leave it out".to_owned();
                self.report.at(&path.at("by"), "only a delay has a length", remedy);
                return None;
            }
            (Strike::Drop, None) => PacketVerdict::Drop,
            (Strike::Duplicate, None) => PacketVerdict::Duplicate,
            (Strike::Corrupt, None) => PacketVerdict::Corrupt,
            (Strike::Reset, None) => PacketVerdict::Reset,
        };
        Some(FaultAction::Packet(PacketRule {
            from: from?,
            to,
            protocol,
            port: format.port,
            flags,
            number,
            first: format.first,
            share: format.share.map_or(1.0, |share| share.0),
            verdict,
        }))
    }
}
