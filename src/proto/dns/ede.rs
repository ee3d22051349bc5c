//! Extended DNS errors: the EDNS option that says why an answer is none, or not what it should be.
//!
//! Follows RFC 8914 and the IANA registry "Extended DNS Error Codes" as of 2024.

use std::fmt;

use super::message::{EdnsOption, Message};

/// The code of the EDNS option (RFC 8914 §2).
const OPTION_CODE: u16 = 15;

/// One extended error. `Display` writes `22 (No Reachable Authority)`, with the text behind it if
/// there is some, as `dig` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedError {
    /// The INFO-CODE.
    pub code: u16,
    /// The EXTRA-TEXT for people, often empty.
    pub text: String,
}

impl ExtendedError {
    /// An error without text.
    pub fn new(code: u16) -> Self {
        ExtendedError { code, text: String::new() }
    }

    /// Reads it from an EDNS option; `None` when the option is another one, or too short.
    pub fn from_option(option: &EdnsOption) -> Option<Self> {
        let (code, text) = option.data.split_first_chunk::<2>()?;
        // RFC 8914 §2: the text is UTF-8, and may end in a zero octet.
        let text = text.strip_suffix(b"\0").unwrap_or(text);
        let text = String::from_utf8_lossy(text).into_owned();
        (option.code == OPTION_CODE)
            .then(|| ExtendedError { code: u16::from_be_bytes(*code), text })
    }

    /// The EDNS option.
    pub fn to_option(&self) -> EdnsOption {
        let data = [&self.code.to_be_bytes(), self.text.as_bytes()].concat();
        EdnsOption { code: OPTION_CODE, data: data.into() }
    }

    /// The purpose of the code in the registry; `None` when it has none there.
    pub fn purpose(&self) -> Option<&'static str> {
        PURPOSES.get(usize::from(self.code)).copied()
    }
}

impl fmt::Display for ExtendedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(purpose) = self.purpose() {
            write!(f, " ({purpose})")?;
        }
        if !self.text.is_empty() {
            write!(f, ": ({})", self.text.escape_debug())?;
        }
        Ok(())
    }
}

impl Message {
    /// The extended errors that it carries.
    pub fn extended_errors(&self) -> impl Iterator<Item = ExtendedError> {
        let options = self.edns.iter().flat_map(|edns| &edns.options);
        options.filter_map(ExtendedError::from_option)
    }
}

/// By code (RFC 8914 §4 and the registry's later entries).
const PURPOSES: [&str; 30] = [
    "Other Error",
    "Unsupported DNSKEY Algorithm",
    "Unsupported DS Digest Type",
    "Stale Answer",
    "Forged Answer",
    "DNSSEC Indeterminate",
    "DNSSEC Bogus",
    "Signature Expired",
    "Signature Not Yet Valid",
    "DNSKEY Missing",
    "RRSIGs Missing",
    "No Zone Key Bit Set",
    "NSEC Missing",
    "Cached Error",
    "Not Ready",
    "Blocked",
    "Censored",
    "Filtered",
    "Prohibited",
    "Stale NXDOMAIN Answer",
    "Not Authoritative",
    "Not Supported",
    "No Reachable Authority",
    "Network Error",
    "Invalid Data",
    "Signature Expired before Valid",
    "Too Early",
    "Unsupported NSEC3 Iterations Value",
    "Unable to conform to policy",
    "Synthesized",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_an_option_and_back() {
        let error = ExtendedError { code: 0, text: "too many aliases".into() };
        assert_eq!(ExtendedError::from_option(&error.to_option()), Some(error.clone()));
        assert_eq!(error.to_string(), "0 (Other Error): (too many aliases)");
        assert_eq!(ExtendedError::new(22).to_string(), "22 (No Reachable Authority)");
        assert_eq!(ExtendedError::new(4_711).to_string(), "4711");
        for data in [&b""[..], b"\0"] {
            let option = EdnsOption { code: 15, data: data.to_vec().into() };
            assert_eq!(ExtendedError::from_option(&option), None);
        }
        let other = EdnsOption { code: 10, data: vec![0; 8].into() };
        assert_eq!(ExtendedError::from_option(&other), None);
    }
}
