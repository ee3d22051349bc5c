//! What a server offers in its reply to EHLO (RFC 5321 §4.1.1.1).

use super::reply::Reply;
use crate::proto::decimal;
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
            const BETWEEN: [char; 2] = [' ', '='];
            let line = line.trim_start_matches(BETWEEN);
            let end = line.bytes().position(|b| matches!(b, b' ' | b'=')).unwrap_or(line.len());
            let (keyword, rest) = line.split_at(end);
            let mut words = rest.split(BETWEEN).filter(|word| !word.is_empty());
            // In capitals, and what is longer than any keyword is none.
            let mut capitals = [0; LONGEST_KEYWORD];
            let Some(capitals) = capitals.get_mut(..keyword.len()) else { continue };
            capitals.copy_from_slice(keyword.as_bytes());
            capitals.make_ascii_uppercase();
            match &*capitals {
                b"PIPELINING" => capabilities.pipelining = true,
                b"SIZE" => {
                    let octets = words.next().and_then(|word| word.parse().ok());
                    capabilities.size = Some(match octets {
                        None | Some(0) => SizeLimit::Unknown,
                        Some(octets) => SizeLimit::Octets(octets),
                    });
                }
                b"8BITMIME" => capabilities.eight_bit_mime = true,
                b"ENHANCEDSTATUSCODES" => capabilities.enhanced_status_codes = true,
                b"AUTH" => {
                    for mechanism in words.filter_map(|word| word.parse().ok()) {
                        if !capabilities.auth.contains(&mechanism) {
                            capabilities.auth.push(mechanism);
                        }
                    }
                }
                b"STARTTLS" => capabilities.starttls = true,
                b"CHUNKING" => capabilities.chunking = true,
                b"DSN" => capabilities.dsn = true,
                b"SMTPUTF8" => capabilities.smtp_utf8 = true,
                _ => {}
            }
        }
        capabilities
    }

    /// Writes the server's whole reply to EHLO, as it goes over the wire: `hostname`, then a line for each
    /// extension, in the order in which Postfix names them.
    ///
    /// Each connection begins with one, so it is written without a [`Reply`] in between (bench
    /// `deliveries`).
    pub fn write_reply(&self, hostname: &str, out: &mut String) {
        let mut last = out.len();
        let mut line = |text: &[&str]| {
            last = out.len();
            out.push_str("250-");
            text.iter().for_each(|piece| out.push_str(piece));
            out.push_str("\r\n");
        };
        line(&[hostname]);
        if self.pipelining {
            line(&["PIPELINING"]);
        }
        match self.size {
            Some(SizeLimit::Octets(octets)) => {
                let mut digits = [0; 20];
                let start = decimal::put_number(octets, &mut digits);
                line(&["SIZE ", decimal::text(&digits[start..])]);
            }
            Some(SizeLimit::Unknown) => line(&["SIZE"]),
            None => {}
        }
        if self.starttls {
            line(&["STARTTLS"]);
        }
        if !self.auth.is_empty() {
            let names: Vec<_> = self.auth.iter().map(|mechanism| mechanism.name()).collect();
            line(&["AUTH ", &names.join(" ")]);
        }
        for (offered, keyword) in [
            (self.enhanced_status_codes, "ENHANCEDSTATUSCODES"),
            (self.eight_bit_mime, "8BITMIME"),
            (self.dsn, "DSN"),
            (self.smtp_utf8, "SMTPUTF8"),
            (self.chunking, "CHUNKING"),
        ] {
            if offered {
                line(&[keyword]);
            }
        }
        out.replace_range(last + 3..last + 4, " ");
    }
}

const LONGEST_KEYWORD: usize = "ENHANCEDSTATUSCODES".len();

#[cfg(test)]
mod tests {
    use super::super::reply::ReplyParser;
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
        let mut written = String::new();
        capabilities.write_reply("mx.example.net", &mut written);
        let reply = ReplyParser::new().next(&mut written.as_bytes()).unwrap().expect("a reply");
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
