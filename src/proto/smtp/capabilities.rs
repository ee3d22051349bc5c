//! What a server offers in its reply to EHLO (RFC 5321 §4.1.1.1).

use super::reply::Reply;
use crate::proto::sasl::Mechanism;

/// The extensions a server offers. None after HELO: [`Capabilities::default`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `PIPELINING` (RFC 2920).
    pub pipelining: bool,
    /// `SIZE` (RFC 1870).
    pub size: Option<SizeLimit>,
    /// `8BITMIME` (RFC 6152).
    pub eight_bit_mime: bool,
    /// `ENHANCEDSTATUSCODES` (RFC 2034).
    pub enhanced_status_codes: bool,
    /// `AUTH` with the mechanisms known here, in the server's order (RFC 4954).
    pub auth: Vec<Mechanism>,
    /// `STARTTLS` (RFC 3207).
    pub starttls: bool,
    /// `CHUNKING` (RFC 3030).
    pub chunking: bool,
    /// `DSN` (RFC 3461).
    pub dsn: bool,
    /// `SMTPUTF8` (RFC 6531).
    pub smtp_utf8: bool,
}

/// What the keyword `SIZE` says (RFC 1870 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeLimit {
    /// No parameter, or `0`: there is no fixed limit.
    Unknown,
    /// The largest message in octets.
    Octets(u64),
}

impl Capabilities {
    /// Reads the positive reply to EHLO. Its first line greets; each further one is a keyword.
    ///
    /// Unknown keywords are passed over. `AUTH=` is read as `AUTH `, as old servers wrote it.
    pub fn from_reply(reply: &Reply) -> Self {
        let mut capabilities = Capabilities::default();
        for line in reply.lines().skip(1) {
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            let Some(keyword) = words.next() else { continue };
            let is = |name: &str| keyword.eq_ignore_ascii_case(name);
            if is("PIPELINING") {
                capabilities.pipelining = true;
            } else if is("SIZE") {
                capabilities.size = Some(match words.next().and_then(|word| word.parse().ok()) {
                    None | Some(0) => SizeLimit::Unknown,
                    Some(octets) => SizeLimit::Octets(octets),
                });
            } else if is("8BITMIME") {
                capabilities.eight_bit_mime = true;
            } else if is("ENHANCEDSTATUSCODES") {
                capabilities.enhanced_status_codes = true;
            } else if is("AUTH") {
                for mechanism in words.filter_map(|word| word.parse().ok()) {
                    if !capabilities.auth.contains(&mechanism) {
                        capabilities.auth.push(mechanism);
                    }
                }
            } else if is("STARTTLS") {
                capabilities.starttls = true;
            } else if is("CHUNKING") {
                capabilities.chunking = true;
            } else if is("DSN") {
                capabilities.dsn = true;
            } else if is("SMTPUTF8") {
                capabilities.smtp_utf8 = true;
            }
        }
        capabilities
    }

    /// The server's whole reply to EHLO: `hostname`, then a line for each extension, in the order
    /// in which Postfix names them.
    pub fn to_reply(&self, hostname: &str) -> Reply {
        let mut text = String::from(hostname);
        let mut offer = |offered: bool, keyword: &str| {
            if offered {
                text.push('\n');
                text.push_str(keyword);
            }
        };
        offer(self.pipelining, "PIPELINING");
        match self.size {
            Some(SizeLimit::Octets(octets)) => offer(true, &format!("SIZE {octets}")),
            Some(SizeLimit::Unknown) => offer(true, "SIZE"),
            None => {}
        }
        offer(self.starttls, "STARTTLS");
        if !self.auth.is_empty() {
            let names: Vec<_> = self.auth.iter().map(|mechanism| mechanism.name()).collect();
            offer(true, &format!("AUTH {}", names.join(" ")));
        }
        offer(self.enhanced_status_codes, "ENHANCEDSTATUSCODES");
        offer(self.eight_bit_mime, "8BITMIME");
        offer(self.dsn, "DSN");
        offer(self.smtp_utf8, "SMTPUTF8");
        offer(self.chunking, "CHUNKING");
        Reply::plain(250, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_round_trip() {
        let capabilities = Capabilities {
            pipelining: true,
            size: Some(SizeLimit::Octets(10_240_000)),
            eight_bit_mime: true,
            enhanced_status_codes: true,
            auth: vec![Mechanism::Plain, Mechanism::Login],
            starttls: true,
            chunking: true,
            dsn: true,
            smtp_utf8: true,
        };
        let reply = capabilities.to_reply("mx.example.net");
        assert_eq!(Capabilities::from_reply(&reply), capabilities);
        assert_eq!(
            reply.to_string(),
            "250 mx.example.net PIPELINING SIZE 10240000 STARTTLS AUTH PLAIN LOGIN \
             ENHANCEDSTATUSCODES 8BITMIME DSN SMTPUTF8 CHUNKING"
        );
    }

    #[test]
    fn the_first_line_offers_nothing_and_unknown_keywords_are_passed_over() {
        let reply = Reply::plain(250, "SIZE greets you\nXFOO\nsize\nAUTH=LOGIN\nAUTH GSSAPI LOGIN");
        let capabilities = Capabilities::from_reply(&reply);
        assert_eq!(
            capabilities,
            Capabilities {
                size: Some(SizeLimit::Unknown),
                auth: vec![Mechanism::Login],
                ..Capabilities::default()
            }
        );
    }
}
