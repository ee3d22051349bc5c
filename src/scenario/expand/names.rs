//! Names of hosts, domains and users as they stand in a file, brought to one form.

use super::Expander;
use crate::proto::dns::Name;
use crate::proto::idna;
use crate::proto::smtp::Mailbox;
use crate::scenario::finding::Path;

/// The name in lower case and without a final dot, if it is one of a host or domain: labels of
/// letters, digits, `-` and `_`, at most 63 octets each and 253 in all. What goes beyond ASCII
/// becomes A-labels.
pub(super) fn host_name(text: &str) -> Option<String> {
    let name = idna::to_ascii(text.strip_suffix('.').unwrap_or(text))?.into_owned();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (name.len() <= 253 && name.split('.').all(is_label)).then_some(name)
}

/// `name` in the domain, unless it has a dot and so is full already.
pub(super) fn in_domain(name: &str, domain: &str) -> Option<String> {
    match name.contains('.') {
        true => host_name(name),
        false => host_name(&format!("{name}.{domain}")),
    }
}

/// The DNS name of a host name that is right.
pub(super) fn dns_name(host_name: &str) -> Name {
    match host_name {
        "." => Name::default(),
        name => name.parse().expect("a host name is a DNS name"),
    }
}

/// The domains a name is in, the name itself first: `a.b.c`, `b.c`, `c`.
pub(super) fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, rest)| rest))
}

impl Expander<'_, '_, '_> {
    /// The name in its one form, or a finding.
    pub(super) fn host_name(&mut self, path: &Path<'_>, text: &str) -> Option<String> {
        let name = host_name(text);
        if name.is_none() {
            let remedy = "labels of letters, digits and \"-\" with dots between them".to_owned();
            self.report.at(path, format!("{text:?} is no host name"), remedy);
        }
        name
    }

    /// The mail address with its domain as the scenario writes it, or else in lower case; or a
    /// finding.
    pub(super) fn address(&mut self, path: &Path<'_>, text: &str) -> Option<String> {
        match text.parse::<Mailbox>() {
            Ok(mailbox) => {
                let domain = idna::to_ascii(mailbox.domain())
                    .and_then(|name| Some(self.domains.get(&*name)?.mail_name.clone()))
                    .unwrap_or_else(|| mailbox.domain().to_lowercase());
                Some(format!("{}@{domain}", mailbox.local_part()))
            }
            Err(error) => {
                let remedy = "write it as \"alice@example.org\"".to_owned();
                let found = format!("{text:?} is no mail address: {error}");
                self.report.at(path, found, remedy);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form() {
        assert_eq!(host_name("MX1.Example.ORG."), Some("mx1.example.org".into()));
        assert_eq!(host_name("例子.Example"), Some("xn--fsqu00a.example".into()));
        for wrong in
            ["", ".", "a..b", "-a", "a b", "\u{200d}.example", &"a".repeat(64), &"a.".repeat(130)]
        {
            assert_eq!(host_name(wrong), None, "{wrong}");
        }
        assert_eq!(suffixes("a.b.c").collect::<Vec<_>>(), ["a.b.c", "b.c", "c"]);
    }
}
