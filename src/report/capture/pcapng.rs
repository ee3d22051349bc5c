//! The blocks of a pcapng file, little-endian on every machine.
//!
//! Follows draft-ietf-opsawg-pcapng §4, by the crate `pcap-file`; the Decryption Secrets Block, which
//! it does not know, is put together here.

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::name_resolution::{
    Ipv4Record, Ipv6Record, NameResolutionBlock, Record,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::blocks::unknown::UnknownBlock;
use pcap_file::{DataLink, Endianness, PcapError};

use crate::world::Passage;

/// A file that is being written.
pub(super) struct Pcapng<W: Write> {
    writer: PcapNgWriter<W>,
    interfaces: u32,
}

/// An interface of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interface(u32);

impl<W: Write> Pcapng<W> {
    /// Begins a file with the section header.
    pub(super) fn new(to: W, comment: &str) -> io::Result<Self> {
        let program = concat!("mxsim ", env!("CARGO_PKG_VERSION"));
        let options = vec![
            SectionHeaderOption::Comment(Cow::Owned(comment.into())),
            SectionHeaderOption::UserApplication(Cow::Borrowed(program)),
        ];
        let header =
            SectionHeaderBlock { endianness: Endianness::Little, options, ..Default::default() };
        let writer = PcapNgWriter::with_section_header(to, header).map_err(io_error)?;
        Ok(Pcapng { writer, interfaces: 0 })
    }

    /// Says whose the addresses are.
    pub(super) fn names<'a>(
        &mut self,
        hosts: impl Iterator<Item = (IpAddr, &'a str)>,
    ) -> io::Result<()> {
        let mut hosts = hosts.peekable();
        while hosts.peek().is_some() {
            let records = hosts.by_ref().take(NAMES_A_BLOCK).map(|(address, name)| {
                let names = vec![Cow::Borrowed(name)];
                match address {
                    IpAddr::V4(address) => Record::Ipv4(Ipv4Record {
                        ip_addr: Cow::Owned(address.octets().to_vec()),
                        names,
                    }),
                    IpAddr::V6(address) => Record::Ipv6(Ipv6Record {
                        ip_addr: Cow::Owned(address.octets().to_vec()),
                        names,
                    }),
                }
            });
            let block = NameResolutionBlock { records: records.collect(), options: Vec::new() };
            self.writer.write_pcapng_block(block).map_err(io_error)?;
        }
        Ok(())
    }

    /// Adds an interface for IP packets, with times in nanoseconds.
    pub(super) fn interface(&mut self, name: &str) -> io::Result<Interface> {
        let block = InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            snaplen: 0,
            options: vec![
                InterfaceDescriptionOption::IfName(Cow::Borrowed(name)),
                InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
            ],
        };
        self.writer.write_pcapng_block(block).map_err(io_error)?;
        self.interfaces += 1;
        Ok(Interface(self.interfaces - 1))
    }

    /// Adds a packet.
    pub(super) fn packet(
        &mut self,
        interface: Interface,
        nanos_since_1970: u64,
        passage: Passage,
        frame: &[u8],
    ) -> io::Result<()> {
        let direction = match passage {
            Passage::Received => 0b01,
            Passage::Sent => 0b10,
        };
        let block = EnhancedPacketBlock {
            interface_id: interface.0,
            timestamp: Duration::from_nanos(nanos_since_1970),
            original_len: u32::try_from(frame.len()).expect("an IP packet is below 64 KiB"),
            data: Cow::Borrowed(frame),
            options: vec![EnhancedPacketOption::Flags(direction)],
        };
        self.writer.write_pcapng_block(block).map(drop).map_err(io_error)
    }

    /// Adds the lines of a key log.
    pub(super) fn secrets(&mut self, key_log: &str) -> io::Result<()> {
        let length = u32::try_from(key_log.len()).expect("a chunk of secrets is small");
        let mut value = Vec::with_capacity(key_log.len() + 11);
        value.extend_from_slice(&TLS_KEY_LOG.to_le_bytes());
        value.extend_from_slice(&length.to_le_bytes());
        value.extend_from_slice(key_log.as_bytes());
        value.resize(value.len().next_multiple_of(4), 0);
        let block = UnknownBlock::new(DECRYPTION_SECRETS_BLOCK, 0, &value);
        self.writer.write_pcapng_block(block).map(drop).map_err(io_error)
    }

    /// Writes out what is buffered.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer.get_mut().flush()
    }
}

/// A block is some 64 KiB; readers take 16 MiB at the most.
const NAMES_A_BLOCK: usize = 1_024;
/// Of `if_tsresol`: 10^-9 s.
const NANOSECONDS: u8 = 9;
const DECRYPTION_SECRETS_BLOCK: u32 = 0x0a;
/// `TLSK`.
const TLS_KEY_LOG: u32 = 0x544c_534b;

fn io_error(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        error => io::Error::other(error),
    }
}
