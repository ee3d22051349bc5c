//! The numbers of DNS and their mnemonics: record types, classes, response codes, opcodes.
//!
//! Follows the IANA registry "Domain Name System (DNS) Parameters" and, for numbers without a
//! name here, the `TYPE123` and `CLASS123` of RFC 3597 §5.

use std::fmt;
use std::str::FromStr;

/// Makes an enum of named numbers, with `Other` for the rest.
macro_rules! codes {
    ($(#[$doc:meta])* $kind:ident, $other:literal, $($variant:ident = $number:literal $text:literal),* $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $kind {
            $(#[doc = concat!("`", $text, "`, number ", stringify!($number))] $variant,)*
            /// A number without a name here. Made by `from`, so never one that has a name.
            Other(u16),
        }

        impl $kind {
            /// The number on the wire.
            pub const fn number(self) -> u16 {
                match self {
                    $($kind::$variant => $number,)*
                    $kind::Other(number) => number,
                }
            }
        }

        impl From<u16> for $kind {
            fn from(number: u16) -> Self {
                match number {
                    $($number => $kind::$variant,)*
                    _ => $kind::Other(number),
                }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $($kind::$variant => f.pad($text),)*
                    $kind::Other(number) => f.pad(&format!(concat!($other, "{}"), number)),
                }
            }
        }

        /// Mnemonics in any case, and the generic form for every number.
        impl FromStr for $kind {
            type Err = UnknownCode;

            fn from_str(text: &str) -> Result<Self, UnknownCode> {
                $(if text.eq_ignore_ascii_case($text) {
                    return Ok($kind::$variant);
                })*
                let number = text
                    .get(..$other.len())
                    .filter(|start| start.eq_ignore_ascii_case($other))
                    .and_then(|start| text[start.len()..].parse::<u16>().ok());
                number.map($kind::from).ok_or_else(|| UnknownCode { text: text.to_owned() })
            }
        }
    };
}

codes! {
    /// The type of a record, or of a question.
    RecordType, "TYPE",
    A = 1 "A", Ns = 2 "NS", Md = 3 "MD", Mf = 4 "MF", Cname = 5 "CNAME", Soa = 6 "SOA",
    Mb = 7 "MB", Mg = 8 "MG", Mr = 9 "MR", Null = 10 "NULL", Wks = 11 "WKS", Ptr = 12 "PTR",
    Hinfo = 13 "HINFO", Minfo = 14 "MINFO", Mx = 15 "MX", Txt = 16 "TXT", Rp = 17 "RP",
    Afsdb = 18 "AFSDB", Sig = 24 "SIG", Key = 25 "KEY", Aaaa = 28 "AAAA", Loc = 29 "LOC",
    Srv = 33 "SRV", Naptr = 35 "NAPTR", Kx = 36 "KX", Cert = 37 "CERT", Dname = 39 "DNAME",
    Opt = 41 "OPT", Ds = 43 "DS", Sshfp = 44 "SSHFP", Ipseckey = 45 "IPSECKEY",
    Rrsig = 46 "RRSIG", Nsec = 47 "NSEC", Dnskey = 48 "DNSKEY", Dhcid = 49 "DHCID",
    Nsec3 = 50 "NSEC3", Nsec3param = 51 "NSEC3PARAM", Tlsa = 52 "TLSA", Smimea = 53 "SMIMEA",
    Cds = 59 "CDS", Cdnskey = 60 "CDNSKEY", Openpgpkey = 61 "OPENPGPKEY", Csync = 62 "CSYNC",
    Zonemd = 63 "ZONEMD", Svcb = 64 "SVCB", Https = 65 "HTTPS", Spf = 99 "SPF",
    Tkey = 249 "TKEY", Tsig = 250 "TSIG", Ixfr = 251 "IXFR", Axfr = 252 "AXFR",
    Mailb = 253 "MAILB", Maila = 254 "MAILA", Any = 255 "ANY", Uri = 256 "URI", Caa = 257 "CAA",
}

impl RecordType {
    /// Whether this asks for something instead of naming what is stored, as `ANY` and `AXFR` do
    /// (RFC 6895 §3.1: 128 to 255, and OPT). A zone holds no such record.
    pub fn is_meta(self) -> bool {
        matches!(self.number(), 0 | 41 | 128..=255)
    }
}

codes! {
    /// The class of a record, or of a question.
    Class, "CLASS",
    In = 1 "IN", Ch = 3 "CH", Hs = 4 "HS", None = 254 "NONE", Any = 255 "ANY",
}

codes! {
    /// What became of a query, 12 bits long with EDNS (RFC 6891 §6.1.3), else 4.
    Rcode, "RCODE",
    NoError = 0 "NOERROR", FormErr = 1 "FORMERR", ServFail = 2 "SERVFAIL",
    NxDomain = 3 "NXDOMAIN", NotImp = 4 "NOTIMP", Refused = 5 "REFUSED",
    YxDomain = 6 "YXDOMAIN", YxRrset = 7 "YXRRSET", NxRrset = 8 "NXRRSET",
    NotAuth = 9 "NOTAUTH", NotZone = 10 "NOTZONE", BadVers = 16 "BADVERS",
    BadCookie = 23 "BADCOOKIE",
}

codes! {
    /// What a message asks for, 4 bits.
    Opcode, "OPCODE",
    Query = 0 "QUERY", Iquery = 1 "IQUERY", Status = 2 "STATUS", Notify = 4 "NOTIFY",
    Update = 5 "UPDATE",
}

/// Text that is no mnemonic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCode {
    /// What was found.
    pub text: String,
}

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no known mnemonic", self.text)
    }
}

impl std::error::Error for UnknownCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_mnemonics_agree() {
        for number in 0..=u16::MAX {
            assert_eq!(RecordType::from(number).number(), number);
        }
        assert_eq!("aaaa".parse(), Ok(RecordType::Aaaa));
        assert_eq!("type28".parse(), Ok(RecordType::Aaaa));
        assert_eq!("TYPE65534".parse(), Ok(RecordType::Other(65534)));
        assert_eq!(RecordType::Other(65534).to_string(), "TYPE65534");
        assert_eq!("CLASS1".parse(), Ok(Class::In));
        assert_eq!(Rcode::NxDomain.to_string(), "NXDOMAIN");
        assert!("TYPE65536".parse::<RecordType>().is_err());
        assert!("TYPéé".parse::<RecordType>().is_err());
    }

    #[test]
    fn meta_types_are_never_stored() {
        assert!(RecordType::Any.is_meta() && RecordType::Axfr.is_meta());
        assert!(!RecordType::Caa.is_meta() && !RecordType::A.is_meta());
    }
}
