//! Captures: every packet that a host sends or receives, as a file that Wireshark opens.
//!
//! Follows the pcapng format (draft-ietf-opsawg-pcapng). Each host is an interface with the host's name
//! on which there are IP packets without link-layer headers (LINKTYPE_RAW); a packet stands there twice,
//! as its sender saw it and as its receiver did. Times are nanoseconds of the simulated calendar; after
//! the year 2554 they stand still. The secrets of TLS connections are in the file, so that it is read
//! without a key log.
//!
//! Not modelled: link-layer headers; packets at routers; what a host with several links sent on which.

mod pcapng;
#[cfg(test)]
mod tests;
mod writer;

pub use writer::Capture;
