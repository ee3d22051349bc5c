//! What stands before `CONFIG_END`: the resolver's configuration, and which dialect a file is.

use super::Dialect;
use super::error::ParseError;
use super::lines::{Lines, without_comment};

/// The configuration header of a scenario, not interpreted yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// `key: value` lines in their order.
    pub options: Vec<Setting>,
}

/// One `key: value` line of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its line in the file.
    pub line: usize,
    /// The section that it stands in, such as `server` or `stub-zone`, and how many sections came
    /// before; `None` for a flat header.
    pub section: Option<(String, usize)>,
    /// The key in lower case, without the colon.
    pub key: String,
    /// The value, without quotes and comment.
    pub value: String,
}

/// Words that open a section of an `unbound.conf`.
const SECTIONS: [&str; 13] = [
    "server",
    "stub-zone",
    "forward-zone",
    "auth-zone",
    "rpz",
    "view",
    "remote-control",
    "python",
    "dynlib",
    "dnscrypt",
    "dnstap",
    "cachedb",
    "ipset",
];

impl Header {
    /// Reads up to and with `CONFIG_END`.
    pub(super) fn parse(lines: &mut Lines<'_>) -> Result<Self, ParseError> {
        let mut options = Vec::new();
        let mut section: Option<(String, usize)> = None;
        let mut sections = 0;
        loop {
            let line = lines.expect("CONFIG_END behind the configuration")?;
            let text = line.text;
            if text.starts_with("CONFIG_END") {
                return Ok(Header { options });
            }
            if text.starts_with("SCENARIO_BEGIN") {
                return Err(line.is_not("CONFIG_END before the scenario"));
            }
            if text.starts_with("AUTOTRUST_FILE") {
                lines.skip_past("AUTOTRUST_END", "AUTOTRUST_END")?;
                continue;
            }
            if text.starts_with("TEMPFILE_CONTENTS") {
                lines.skip_past("TEMPFILE_END", "TEMPFILE_END")?;
                continue;
            }
            if text.starts_with(['#']) || text.starts_with("TEMPFILE_NAME") {
                continue;
            }
            if let Some(arguments) = line.after("COMMANDLINE") {
                let key = "commandline".to_owned();
                let value = arguments.to_owned();
                options.push(Setting { line: line.number, section: None, key, value });
                continue;
            }
            let text = without_comment(text, b";#").trim();
            let Some((key, value)) = text.split_once(':') else {
                // A bare word is no option of either dialect; neither refuses it.
                continue;
            };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if value.is_empty() && SECTIONS.contains(&key.as_str()) {
                section = Some((key.clone(), sections));
                sections += 1;
            }
            options.push(Setting {
                line: line.number,
                section: section.clone(),
                key,
                value: unquoted(value).to_owned(),
            });
        }
    }

    /// Which dialect the file is: an `unbound.conf` has sections, and the flat one of Deckard has
    /// its root server outside of them. Where neither tells, `text` has words of one dialect.
    pub(super) fn dialect(&self, text: &str) -> Dialect {
        let flat = |setting: &Setting| {
            let zone = setting.section.as_ref().is_some_and(|(name, _)| name.ends_with("-zone"));
            setting.key == "stub-addr" && !zone
        };
        let deckard_only = ["query-minimization", "feature-list"];
        if self.options.iter().any(flat)
            || self.options.iter().any(|setting| deckard_only.contains(&setting.key.as_str()))
        {
            return Dialect::Deckard;
        }
        if self.options.iter().any(|setting| setting.section.is_some()) {
            return Dialect::Unbound;
        }
        let words = |line: &str| ["RAW", "MANDATORY", "TSIG"].contains(&line.trim());
        if !self.options.is_empty() || text.lines().any(words) {
            Dialect::Deckard
        } else {
            Dialect::Unbound
        }
    }
}

/// The value without the quotes around the whole of it.
fn unquoted(value: &str) -> &str {
    let inner = |quote: char| {
        let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    };
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Header {
        Header::parse(&mut Lines::new(text)).unwrap()
    }

    #[test]
    fn sections_make_the_dialect() {
        let unbound = "server:\n do-ip6: no # comment\nstub-zone:\n name: \".\"\n stub-addr: 192.0.2.1 ; x\nCONFIG_END";
        let parsed = header(unbound);
        assert_eq!(parsed.dialect(unbound), Dialect::Unbound);
        let values: Vec<&str> = parsed.options.iter().map(|option| option.value.as_str()).collect();
        assert_eq!(values, ["", "no", "", ".", "192.0.2.1"]);
        assert_eq!(parsed.options[4].section, Some(("stub-zone".to_owned(), 1)));

        let deckard = "; server:\n stub-addr: 192.0.2.1\nCONFIG_END";
        assert_eq!(header(deckard).dialect(deckard), Dialect::Deckard);
        assert_eq!(header("CONFIG_END").dialect("CONFIG_END"), Dialect::Unbound);
    }

    #[test]
    fn files_inside_the_header_are_skipped() {
        let parsed = header(
            "TEMPFILE_NAME a\nTEMPFILE_CONTENTS a\nserver: x\nTEMPFILE_END\nAUTOTRUST_FILE b\nc: d\nAUTOTRUST_END\nCOMMANDLINE -v\nCONFIG_END",
        );
        assert_eq!(parsed.options.len(), 1);
        assert_eq!(parsed.options[0].key, "commandline");
    }
}
