//! The segment: the header fields that a simulation needs, and the payload (RFC 9293 §3.1).

use super::sack::SackBlocks;
use bytes::Bytes;
use std::fmt;
use std::ops::BitOr;

/// The shift of the window scale option that every SYN carries (RFC 7323 §2).
///
/// So the windows of segments without SYN are multiples of 128 octets, and those of a SYN are at
/// most 65,535.
pub const WINDOW_SHIFT: u8 = 7;

/// One TCP segment. The ports and the addresses are in the packet around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// SEG.SEQ, the sequence number of the SYN if there is one, else of the first payload octet.
    pub seq: u32,
    /// SEG.ACK, the next sequence number expected. Has a meaning only with [`Flags::ACK`].
    pub ack: u32,
    /// The control bits.
    pub flags: Flags,
    /// SEG.WND in octets, already scaled.
    pub window: u32,
    /// The option Maximum Segment Size in octets, on segments with SYN only.
    pub mss: Option<u16>,
    /// The option SACK-Permitted, on segments with SYN only (RFC 2018 §2).
    pub sack_permitted: bool,
    /// The option SACK (RFC 2018 §3); seldom there.
    pub sack: Option<Box<SackBlocks>>,
    /// The text of the segment.
    pub payload: Bytes,
}

impl Segment {
    /// The octets of the header: 20, and on a SYN the options MSS, window scale and SACK-Permitted,
    /// each 4 with its padding; on others what the option SACK takes.
    pub fn header_octets(&self) -> usize {
        let scale = if self.flags.contains(Flags::SYN) { 4 } else { 0 };
        let mss = if self.mss.is_some() { 4 } else { 0 };
        let permitted = if self.sack_permitted { 4 } else { 0 };
        let sack = self.sack.as_ref().map_or(0, |blocks| blocks.header_octets());
        20 + mss + scale + permitted + sack
    }

    /// SEG.LEN, the sequence numbers that the segment occupies: payload octets, SYN and FIN.
    ///
    /// Saturates for a payload above 4 GiB, which no packet carries.
    pub fn sequence_len(&self) -> u32 {
        let controls =
            u32::from(self.flags.contains(Flags::SYN)) + u32::from(self.flags.contains(Flags::FIN));
        u32::try_from(self.payload.len()).unwrap_or(u32::MAX).saturating_add(controls)
    }

    /// The RST that a host without a matching connection answers with (RFC 9293 §3.10.7.1).
    ///
    /// `None` when the segment is itself a RST.
    pub fn reset_for(&self) -> Option<Segment> {
        if self.flags.contains(Flags::RST) {
            None
        } else if self.flags.contains(Flags::ACK) {
            Some(Segment::bare(self.ack, 0, Flags::RST, 0))
        } else {
            let ack = self.seq.wrapping_add(self.sequence_len());
            Some(Segment::bare(0, ack, Flags::RST | Flags::ACK, 0))
        }
    }

    /// A segment with neither options nor payload.
    pub(crate) const fn bare(seq: u32, ack: u32, flags: Flags, window: u32) -> Segment {
        Segment {
            seq,
            ack,
            flags,
            window,
            mss: None,
            sack_permitted: false,
            sack: None,
            payload: Bytes::new(),
        }
    }
}

/// One line in the manner of a trace: `PSH,ACK seq=1 ack=1 win=1048576 len=5`.
impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seq={}", self.flags, self.seq)?;
        if self.flags.contains(Flags::ACK) {
            write!(f, " ack={}", self.ack)?;
        }
        write!(f, " win={}", self.window)?;
        if let Some(mss) = self.mss {
            write!(f, " mss={mss}")?;
        }
        if let Some(blocks) = &self.sack {
            write!(f, " sack={blocks}")?;
        }
        if !self.payload.is_empty() {
            write!(f, " len={}", self.payload.len())?;
        }
        Ok(())
    }
}

/// The control bits, at their places in the header (RFC 9293 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u8);

impl Flags {
    /// No bit set.
    pub const NONE: Flags = Flags(0);
    /// No more data from the sender.
    pub const FIN: Flags = Flags(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Flags = Flags(0x02);
    /// Reset the connection.
    pub const RST: Flags = Flags(0x04);
    /// Push: hand the data to the user without waiting for more.
    pub const PSH: Flags = Flags(0x08);
    /// The acknowledgment field is significant.
    pub const ACK: Flags = Flags(0x10);

    /// The flags in an octet of the header; URG, ECE and CWR are dropped.
    pub const fn from_bits(bits: u8) -> Flags {
        Flags(bits & 0x1f)
    }

    /// The octet of the header.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// True when all the bits of `other` are set.
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// The names joined by commas, SYN, FIN, RST and PSH before ACK: `SYN,ACK`. No bit prints `-`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Flags, &str); 5] = [
            (Flags::SYN, "SYN"),
            (Flags::FIN, "FIN"),
            (Flags::RST, "RST"),
            (Flags::PSH, "PSH"),
            (Flags::ACK, "ACK"),
        ];
        if self.0 == 0 {
            return f.write_str("-");
        }
        let mut comma = "";
        for (flag, name) in NAMES {
            if self.contains(flag) {
                write!(f, "{comma}{name}")?;
                comma = ",";
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_print_as_in_a_trace() {
        assert_eq!((Flags::ACK | Flags::SYN).to_string(), "SYN,ACK");
        assert_eq!((Flags::ACK | Flags::PSH | Flags::FIN).to_string(), "FIN,PSH,ACK");
        assert_eq!(Flags::NONE.to_string(), "-");
        assert_eq!(Flags::from_bits(0xff).bits(), 0x1f);
    }

    #[test]
    fn a_closed_port_answers_with_a_reset_that_its_sender_accepts() {
        let syn = Segment { mss: Some(1460), ..Segment::bare(u32::MAX, 0, Flags::SYN, 65_535) };
        let reset = syn.reset_for().unwrap();
        assert_eq!(reset, Segment::bare(0, 0, Flags::RST | Flags::ACK, 0));
        assert_eq!(reset.reset_for(), None);
        let data = Segment {
            payload: Bytes::from_static(b"NOOP\r\n"),
            ..Segment::bare(7, 9, Flags::ACK, 0)
        };
        assert_eq!(data.reset_for(), Some(Segment::bare(9, 0, Flags::RST, 0)));
    }

    #[test]
    fn lengths_count_header_options_and_controls() {
        let syn = Segment { mss: Some(1460), ..Segment::bare(0, 0, Flags::SYN, 65_535) };
        assert_eq!((syn.header_octets(), syn.sequence_len()), (28, 1));
        let fin = Segment {
            payload: Bytes::from_static(b"abc"),
            ..Segment::bare(0, 0, Flags::FIN | Flags::ACK, 0)
        };
        assert_eq!((fin.header_octets(), fin.sequence_len()), (20, 4));
        assert_eq!(fin.to_string(), "FIN,ACK seq=0 ack=0 win=0 len=3");
    }
}
