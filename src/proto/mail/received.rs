//! Trace fields: what each server puts on top of a message.
//!
//! Follows RFC 5321 §4.4 (`Received`, `Return-Path`), §6.3 (loops are found by counting them) and
//! RFC 9228 (`Delivered-To`), in the layout that Postfix writes.

use std::fmt;
use std::net::IpAddr;

use super::date::DateTime;
use super::header::{Field, Header};
use crate::proto::decimal;
use crate::proto::tls::Handshake;

/// A `Received` field. It is written folded, with its line end.
///
/// What a peer said about itself is written with every character that a domain cannot have
/// replaced by `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received<'a> {
    /// Who handed the message over; `None` where it was made on this host.
    pub from: Option<ReceivedFrom<'a>>,
    /// The TLS that it came through, if it did.
    pub tls: Option<&'a Handshake>,
    /// The name of this host.
    pub by: &'a str,
    /// The protocol: `ESMTP`, `ESMTPA` after authentication and so on (RFC 3848).
    pub with: &'a str,
    /// The queue id on this host.
    pub id: &'a str,
    /// The recipient, where there is only one: with more, a field would tell each of the others
    /// (RFC 5321 §7.6).
    pub recipient: Option<&'a str>,
    /// When the message was received.
    pub date: DateTime,
}

/// The peer of a `Received` field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedFrom<'a> {
    /// What it said in HELO or EHLO.
    pub helo: &'a str,
    /// The name that DNS gives its address, if it has one.
    pub reverse: Option<&'a str>,
    /// Its address.
    pub address: IpAddr,
}

impl Received<'_> {
    /// Writes it to the end of `text`.
    ///
    /// Every host writes one into every message, so the formatter of the standard library is left out
    /// (bench `deliveries`).
    pub fn write(&self, text: &mut String) {
        text.push_str("Received: ");
        if let Some(from) = &self.from {
            text.push_str("from ");
            push_domain(text, from.helo);
            text.push_str(" (");
            if let Some(reverse) = from.reverse {
                push_domain(text, reverse);
                text.push(' ');
            }
            push_literal(text, from.address);
            text.push_str(")\r\n\t");
        }
        if let Some(Handshake { version, cipher, cipher_bits: bits, .. }) = self.tls {
            *text += &format!("(using {version} with cipher {cipher} ({bits}/{bits} bits)\r\n\t");
            text.push_str(" key-exchange X25519 server-signature ED25519)\r\n\t");
            text.push_str("(No client certificate requested)\r\n\t");
        }
        for piece in ["by ", self.by, " (mxsim) with ", self.with, " id ", self.id] {
            text.push_str(piece);
        }
        match self.recipient {
            Some(recipient) => {
                text.push_str("\r\n\tfor <");
                push_visible(text, recipient);
                text.push_str(">; ");
            }
            None => text.push_str(";\r\n\t"),
        }
        self.date.write_rfc5322(text);
        text.push_str("\r\n");
    }
}

/// The `Received` field, with its line end, of a message that the host `by` has made itself and
/// queued as `id`.
pub fn made_here(by: &str, id: &str, date: DateTime) -> String {
    format!("Received: by {by} (mxsim)\r\n\tid {id}; {date}\r\n")
}

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressLiteral(pub IpAddr);

impl fmt::Display for AddressLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        push_literal(&mut text, self.0);
        f.write_str(&text)
    }
}

/// `Return-Path: <path>` with its line end, which the final delivery puts on top (RFC 5321 §4.4).
///
/// `reverse_path` has no angle brackets; the null path is empty.
pub fn return_path(reverse_path: &str) -> String {
    let mut field = String::with_capacity(reverse_path.len() + 20);
    write_return_path(reverse_path, &mut field);
    field
}

/// Writes [`return_path`] to the end of `text`.
pub fn write_return_path(reverse_path: &str, text: &mut String) {
    text.push_str("Return-Path: <");
    push_visible(text, reverse_path);
    text.push_str(">\r\n");
}

/// `Delivered-To: recipient` with its line end (RFC 9228).
pub fn delivered_to(recipient: &str) -> String {
    let mut field = String::with_capacity(recipient.len() + 20);
    write_delivered_to(recipient, &mut field);
    field
}

/// Writes [`delivered_to`] to the end of `text`.
pub fn write_delivered_to(recipient: &str, text: &mut String) {
    text.push_str("Delivered-To: ");
    push_visible(text, recipient);
    text.push_str("\r\n");
}

/// How many `Received` fields there are: one for each server passed (RFC 5321 §6.3).
pub fn hop_count(header: Header<'_>) -> usize {
    header.all("Received").count()
}

/// Whether the message was delivered to `recipient` before: a forwarding loop.
pub fn was_delivered_to(header: Header<'_>, recipient: &str) -> bool {
    header.fields().any(|field| is_delivery_to(&field, recipient))
}

/// Whether a field says that the message was delivered to `recipient` before.
pub fn is_delivery_to(field: &Field<'_>, recipient: &str) -> bool {
    field.is("Delivered-To") && field.value().eq_ignore_ascii_case(recipient.as_bytes())
}

/// Adds an address literal.
fn push_literal(text: &mut String, address: IpAddr) {
    text.push_str(if address.is_ipv4() { "[" } else { "[IPv6:" });
    decimal::write_address(address, text).expect("a string refuses nothing");
    text.push(']');
}

/// Adds a domain or address literal; what cannot be in one is `?`.
fn push_domain(text: &mut String, domain: &str) {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._:[]".contains(&octet);
    // No early end, here and below, so that many octets are looked at in one step.
    if domain.bytes().fold(true, |all, octet| all & plain(octet)) {
        return text.push_str(domain);
    }
    let plain = |char: char| char.is_alphanumeric() || "-._:[]".contains(char);
    text.extend(domain.chars().map(|char| if plain(char) { char } else { '?' }));
}

/// Adds any text with its controls as `?`, so that it stays in its line.
fn push_visible(text: &mut String, visible: &str) {
    if visible.bytes().fold(true, |all, octet| all & matches!(octet, b' '..=b'~')) {
        return text.push_str(visible);
    }
    text.extend(visible.chars().map(|char| if char.is_control() { '?' } else { char }));
}

#[cfg(test)]
mod tests {
    use super::super::header::Message;
    use super::*;
    use crate::engine::UnixTime;

    fn received<'a>(from: Option<ReceivedFrom<'a>>, recipient: Option<&'a str>) -> String {
        let date = DateTime::utc(UnixTime(1_767_603_600));
        let (by, with, id) = ("smtp.example.org", "ESMTPA", "4XJ2");
        let mut text = String::new();
        Received { from, tls: None, by, with, id, recipient, date }.write(&mut text);
        text
    }

    #[test]
    fn a_field_for_one_recipient() {
        let from = ReceivedFrom {
            helo: "laptop.example.org",
            reverse: Some("host1.example.org"),
            address: "192.0.2.1".parse().unwrap(),
        };
        assert_eq!(
            received(Some(from), Some("bob@example.com")),
            "Received: from laptop.example.org (host1.example.org [192.0.2.1])\r\n\
             \tby smtp.example.org (mxsim) with ESMTPA id 4XJ2\r\n\
             \tfor <bob@example.com>; Mon, 05 Jan 2026 09:00:00 +0000\r\n"
        );
    }

    #[test]
    fn a_field_for_several_recipients_names_none() {
        let from = ReceivedFrom {
            helo: "a)\r\nB: (c",
            reverse: None,
            address: "2001:db8::1".parse().unwrap(),
        };
        assert_eq!(
            received(Some(from), None),
            "Received: from a???B:??c ([IPv6:2001:db8::1])\r\n\
             \tby smtp.example.org (mxsim) with ESMTPA id 4XJ2;\r\n\
             \tMon, 05 Jan 2026 09:00:00 +0000\r\n"
        );
    }

    #[test]
    fn trace_fields_are_read_again() {
        let octets = received(None, Some("a@example.com"))
            + &received(None, None)
            + &delivered_to("bob@example.com")
            + &return_path("")
            + "\r\nReceived: not a field\r\n";
        let header = Message::parse(octets.as_bytes()).header();
        assert_eq!(hop_count(header), 2);
        assert!(was_delivered_to(header, "Bob@example.com"));
        assert!(!was_delivered_to(header, "eve@example.com"));
        assert_eq!(header.text("Return-Path").as_deref(), Some("<>"));
        let received = header.text("Received").unwrap();
        let date = DateTime::parse_rfc5322(received.rsplit(';').next().unwrap().as_bytes());
        assert_eq!(date.map(DateTime::unix_time), Some(UnixTime(1_767_603_600)));
    }
}
