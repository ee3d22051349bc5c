//! Policy records: the TXT records at `_dmarc.domain`.
//!
//! Follows RFC 7489 §6.3 and §6.4: `v` comes first, `p` matters, and what is wrong in the rest is
//! as if it were not there.

use std::fmt;

/// What a domain wants done with messages that fail: the value of `p=` and `sp=`. In the order of
/// strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Policy {
    /// `none`: nothing in particular.
    #[default]
    None,
    /// `quarantine`: treat it as suspicious, commonly by delivery to Junk.
    Quarantine,
    /// `reject`: refuse it in the SMTP session.
    Reject,
}

impl Policy {
    /// The word in a record.
    pub const fn name(self) -> &'static str {
        match self {
            Policy::None => "none",
            Policy::Quarantine => "quarantine",
            Policy::Reject => "reject",
        }
    }

    fn read(value: &str) -> Option<Self> {
        let all = [Policy::None, Policy::Quarantine, Policy::Reject];
        all.into_iter().find(|policy| policy.name().eq_ignore_ascii_case(value))
    }

    /// What applies to a message that the percentage spares: one step less (§6.6.4).
    pub const fn relaxed(self) -> Self {
        match self {
            Policy::Reject => Policy::Quarantine,
            Policy::Quarantine | Policy::None => Policy::None,
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How near an authenticated domain must be to the author domain (§3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Alignment {
    /// `r`: the same organizational domain.
    #[default]
    Relaxed,
    /// `s`: the same domain.
    Strict,
}

/// When a failure report is wanted (`fo=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureOption {
    /// `0`: where nothing passes with alignment.
    All,
    /// `1`: where anything does not.
    Any,
    /// `d`: where a DKIM signature fails.
    Dkim,
    /// `s`: where SPF fails.
    Spf,
}

/// Where reports are wanted (§6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportUri {
    /// The URI, commonly `mailto:`.
    pub uri: String,
    /// The longest report that is taken.
    pub max_octets: Option<u64>,
}

/// A policy record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// `p=`.
    pub policy: Policy,
    /// `sp=`: for the domains below; `p=` where it is missing.
    pub subdomain_policy: Option<Policy>,
    /// `pct=`: to how many in a hundred messages the policy applies.
    pub percent: u8,
    /// `adkim=`.
    pub dkim_alignment: Alignment,
    /// `aspf=`.
    pub spf_alignment: Alignment,
    /// `rua=`: where aggregate reports are wanted.
    pub aggregate_reports: Vec<ReportUri>,
    /// `ruf=`: where failure reports are wanted.
    pub failure_reports: Vec<ReportUri>,
    /// `fo=`.
    pub failure_options: Vec<FailureOption>,
    /// `rf=`: the formats for failure reports.
    pub report_formats: Vec<String>,
    /// `ri=`: the time between aggregate reports.
    pub report_interval_secs: u32,
}

impl Default for Record {
    /// `v=DMARC1; p=none`.
    fn default() -> Self {
        Record {
            policy: Policy::None,
            subdomain_policy: None,
            percent: 100,
            dkim_alignment: Alignment::Relaxed,
            spf_alignment: Alignment::Relaxed,
            aggregate_reports: Vec::new(),
            failure_reports: Vec::new(),
            failure_options: vec![FailureOption::All],
            report_formats: vec!["afrf".to_owned()],
            report_interval_secs: 86_400,
        }
    }
}

/// Why text is no policy record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordError {
    /// It does not start with `v=DMARC1`: it is a record of something else.
    NotDmarc,
    /// `p=` is missing or wrong, or `sp=` is wrong, and no `rua=` makes up for it (§6.6.3).
    NoPolicy,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecordError::NotDmarc => "no v=DMARC1",
            RecordError::NoPolicy => "no valid policy",
        })
    }
}

impl std::error::Error for RecordError {}

impl Record {
    /// Reads the joined strings of a TXT record. Unknown tags are ignored; of a tag that is there
    /// twice, the first counts.
    ///
    /// A record without a valid policy but with a valid `rua=` reads as `p=none` (§6.6.3).
    pub fn parse(text: &[u8]) -> Result<Self, RecordError> {
        let text = String::from_utf8_lossy(text);
        let mut tags = text.split(';').map(|tag| match tag.split_once('=') {
            Some((name, value)) => (name.trim(), value.trim()),
            None => ("", ""),
        });
        if tags.next() != Some(("v", "DMARC1")) {
            return Err(RecordError::NotDmarc);
        }
        let tags: Vec<(&str, &str)> = tags.collect();
        let value = |name| tags.iter().find(|(tag, _)| *tag == name).map(|&(_, value)| value);
        let default = Record::default();
        let aggregate_reports = value("rua").map(uris).unwrap_or_default();
        let policy = value("p").and_then(Policy::read);
        let subdomain_policy = value("sp").map(Policy::read);
        let (policy, subdomain_policy) = match (policy, subdomain_policy) {
            (Some(policy), None) => (policy, None),
            (Some(policy), Some(Some(subdomain_policy))) => (policy, Some(subdomain_policy)),
            _ if !aggregate_reports.is_empty() => (Policy::None, None),
            _ => return Err(RecordError::NoPolicy),
        };
        let alignment = |value: &str| match value {
            "s" | "S" => Alignment::Strict,
            _ => Alignment::Relaxed,
        };
        let failure_options = value("fo").and_then(failure_options);
        let report_formats = value("rf")
            .map(|formats| formats.split(':').map(|format| format.trim().to_owned()).collect());
        Ok(Record {
            policy,
            subdomain_policy,
            percent: value("pct").and_then(percent).unwrap_or(default.percent),
            dkim_alignment: value("adkim").map(alignment).unwrap_or_default(),
            spf_alignment: value("aspf").map(alignment).unwrap_or_default(),
            aggregate_reports,
            failure_reports: value("ruf").map(uris).unwrap_or_default(),
            failure_options: failure_options.unwrap_or(default.failure_options),
            report_formats: report_formats.unwrap_or(default.report_formats),
            report_interval_secs: value("ri")
                .filter(|value| value.bytes().all(|digit| digit.is_ascii_digit()))
                .and_then(|value| value.parse().ok())
                .unwrap_or(default.report_interval_secs),
        })
    }

    /// The policy for the domain of the record, or for one below it.
    pub fn policy_for(&self, below: bool) -> Policy {
        if below { self.subdomain_policy.unwrap_or(self.policy) } else { self.policy }
    }
}

/// One to three digits, up to 100.
fn percent(value: &str) -> Option<u8> {
    let is_number =
        (1..=3).contains(&value.len()) && value.bytes().all(|digit| digit.is_ascii_digit());
    value.parse().ok().filter(|&percent| is_number && percent <= 100)
}

fn failure_options(value: &str) -> Option<Vec<FailureOption>> {
    let option = |option: &str| match option.trim() {
        "0" => Some(FailureOption::All),
        "1" => Some(FailureOption::Any),
        "d" | "D" => Some(FailureOption::Dkim),
        "s" | "S" => Some(FailureOption::Spf),
        _ => None,
    };
    value.split(':').map(option).collect()
}

/// The URIs that are valid; the others are passed over.
fn uris(value: &str) -> Vec<ReportUri> {
    value.split(',').take(MAX_URIS).filter_map(|uri| report_uri(uri.trim())).collect()
}

fn report_uri(text: &str) -> Option<ReportUri> {
    let (uri, max_octets) = match text.rsplit_once('!') {
        Some((uri, size)) => (uri, Some(octets(size)?)),
        None => (text, None),
    };
    let (scheme, rest) = uri.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet));
    let is_uri = is_scheme
        && !rest.is_empty()
        && rest.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'!');
    is_uri.then(|| ReportUri { uri: uri.to_owned(), max_octets })
}

/// `10`, `10k`, `10m`, `10g` or `10t`, in powers of two.
fn octets(size: &str) -> Option<u64> {
    let (digits, shift) = match size.as_bytes().last()? {
        b'k' | b'K' => (&size[..size.len() - 1], 10),
        b'm' | b'M' => (&size[..size.len() - 1], 20),
        b'g' | b'G' => (&size[..size.len() - 1], 30),
        b't' | b'T' => (&size[..size.len() - 1], 40),
        _ => (size, 0),
    };
    let count: u64 = digits.parse().ok().filter(|_| !digits.starts_with('+'))?;
    Some(count.saturating_mul(1 << shift))
}

/// As a record in DNS, without what is the default anyway.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=DMARC1; p={}", self.policy)?;
        if let Some(policy) = self.subdomain_policy {
            write!(f, "; sp={policy}")?;
        }
        for (tag, alignment) in [("adkim", self.dkim_alignment), ("aspf", self.spf_alignment)] {
            if alignment == Alignment::Strict {
                write!(f, "; {tag}=s")?;
            }
        }
        if self.percent != 100 {
            write!(f, "; pct={}", self.percent)?;
        }
        for (tag, uris) in [("rua", &self.aggregate_reports), ("ruf", &self.failure_reports)] {
            for (index, uri) in uris.iter().enumerate() {
                match index {
                    0 => write!(f, "; {tag}={}", uri.uri)?,
                    _ => write!(f, ",{}", uri.uri)?,
                }
                if let Some(octets) = uri.max_octets {
                    write!(f, "!{octets}")?;
                }
            }
        }
        if self.failure_options != [FailureOption::All] {
            let option = |option: &FailureOption| match option {
                FailureOption::All => "0",
                FailureOption::Any => "1",
                FailureOption::Dkim => "d",
                FailureOption::Spf => "s",
            };
            let options: Vec<&str> = self.failure_options.iter().map(option).collect();
            write!(f, "; fo={}", options.join(":"))?;
        }
        if self.report_formats != ["afrf"] {
            write!(f, "; rf={}", self.report_formats.join(":"))?;
        }
        if self.report_interval_secs != 86_400 {
            write!(f, "; ri={}", self.report_interval_secs)?;
        }
        Ok(())
    }
}

/// How many URIs of one tag are read.
const MAX_URIS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, wanted: Result<&str, RecordError>) {
        let found = Record::parse(text.as_bytes()).map(|record| record.to_string());
        assert_eq!(found, wanted.map(str::to_owned), "{text}");
    }

    #[test]
    fn the_examples_of_rfc_7489_appendix_b() {
        for text in [
            "v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com",
            "v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; ruf=mailto:auth-reports@example.com",
            "v=DMARC1; p=quarantine; pct=25; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net!10485760",
        ] {
            check(text, Ok(text));
        }
        check(
            "v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,\
             mailto:tld-test@thirdparty.example.net!10m; pct=25",
            Ok("v=DMARC1; p=quarantine; pct=25; rua=mailto:dmarc-feedback@example.com,\
                mailto:tld-test@thirdparty.example.net!10485760"),
        );
    }

    #[test]
    fn all_tags_read_and_write_the_same() {
        let text = "v=DMARC1; p=reject; sp=none; adkim=s; aspf=s; pct=0; rua=mailto:a@b; \
                    ruf=https://c/d; fo=1:d:s; rf=afrf:x; ri=3600";
        check(text, Ok(text));
        check("v = DMARC1 ;p=REJECT;unknown=1; ;", Ok("v=DMARC1; p=reject"));
    }

    #[test]
    fn mistakes_in_the_rest_are_as_if_it_were_not_there() {
        check(
            "v=DMARC1; p=reject; pct=101; adkim=x; fo=7; ri=-1; rua=nonsense; hello",
            Ok("v=DMARC1; p=reject"),
        );
        check("v=DMARC1; p=reject; p=none; pct=+5", Ok("v=DMARC1; p=reject"));
        check(
            "v=DMARC1; p=none; rua=mailto:a@b!5x,mailto:c@d",
            Ok("v=DMARC1; p=none; rua=mailto:c@d"),
        );
    }

    #[test]
    fn a_record_needs_a_version_and_a_policy() {
        check("v=spf1 -all", Err(RecordError::NotDmarc));
        check("p=none; v=DMARC1", Err(RecordError::NotDmarc));
        check("v=dmarc1; p=none", Err(RecordError::NotDmarc));
        check("v=DMARC10; p=none", Err(RecordError::NotDmarc));
        check("", Err(RecordError::NotDmarc));
        check("v=DMARC1", Err(RecordError::NoPolicy));
        check("v=DMARC1; p=bounce", Err(RecordError::NoPolicy));
        check("v=DMARC1; p=reject; sp=bounce", Err(RecordError::NoPolicy));
        check("v=DMARC1; p=bounce; rua=mailto:a@b", Ok("v=DMARC1; p=none; rua=mailto:a@b"));
        check("v=DMARC1; p=reject; sp=x; rua=mailto:a@b", Ok("v=DMARC1; p=none; rua=mailto:a@b"));
    }

    #[test]
    fn domains_below_have_their_own_policy() {
        let record = Record::parse(b"v=DMARC1; p=reject; sp=none").unwrap();
        assert_eq!(
            (record.policy_for(false), record.policy_for(true)),
            (Policy::Reject, Policy::None)
        );
        let record = Record::parse(b"v=DMARC1; p=reject").unwrap();
        assert_eq!(record.policy_for(true), Policy::Reject);
        assert_eq!(Policy::Reject.relaxed().relaxed(), Policy::None);
    }

    proptest! {
        #[test]
        fn no_octets_are_too_strange(octets in prop::collection::vec(any::<u8>(), 0..80)) {
            let text = [b"v=DMARC1; p=none;", &octets[..]].concat();
            let record = Record::parse(&text).unwrap();
            let _ = record.to_string();
        }
    }
}
