//! Public suffixes: below which names anybody can register a domain.
//!
//! Follows the algorithm and the list format of publicsuffix.org, which RFC 7489 §3.2 names.
//!
//! The built-in list is short on purpose: every top-level domain is a suffix by the rule `*` that
//! the algorithm has anyway, and only the best known suffixes of two labels are added. So no run
//! depends on the day on which a list was taken. Real zones want the real list: read it with
//! [`PublicSuffixes::parse`].

use std::collections::BTreeMap;

use super::super::dns::Name;

/// A list of public suffixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicSuffixes {
    rules: BTreeMap<Name, Rules>,
}

/// The rules that end in one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Rules {
    /// `name` is a suffix.
    exact: bool,
    /// `*.name`: every name directly below is.
    wildcard: bool,
    /// `!name` is none, in spite of a wildcard.
    exception: bool,
}

impl PublicSuffixes {
    /// Reads a list as publicsuffix.org publishes it: a rule a line, up to the first white space;
    /// `//` starts a comment. Lines that are no rule are passed over.
    pub fn parse(list: &str) -> Self {
        let mut rules: BTreeMap<Name, Rules> = BTreeMap::new();
        for line in list.lines() {
            let rule = line.split_whitespace().next().unwrap_or_default();
            if rule.is_empty() || rule.starts_with("//") {
                continue;
            }
            let (name, set): (&str, fn(&mut Rules)) = if let Some(name) = rule.strip_prefix("*.") {
                (name, |rules| rules.wildcard = true)
            } else if let Some(name) = rule.strip_prefix('!') {
                (name, |rules| rules.exception = true)
            } else {
                (rule, |rules| rules.exact = true)
            };
            if let Ok(name) = name.trim_start_matches('.').parse() {
                set(rules.entry(name).or_default());
            }
        }
        PublicSuffixes { rules }
    }

    /// The longest public suffix of `name`, perhaps itself; the root for the root.
    pub fn suffix(&self, name: &Name) -> Name {
        let rules = |name: &Name| self.rules.get(name).copied().unwrap_or_default();
        if let Some(exception) = name.ancestors().find(|name| rules(name).exception) {
            return exception.parent().unwrap_or_default();
        }
        let is_suffix = |name: &Name| {
            rules(name).exact || name.parent().is_some_and(|parent| rules(&parent).wildcard)
        };
        // Without a rule, the rule is `*`.
        name.ancestors().find(is_suffix).unwrap_or_else(|| name.last_labels(1))
    }

    /// The organizational domain of `name`: its public suffix and one label more (RFC 7489 §3.2).
    /// A public suffix is its own.
    pub fn organizational_domain(&self, name: &Name) -> Name {
        name.last_labels(self.suffix(name).label_count() + 1)
    }
}

/// The built-in list.
impl Default for PublicSuffixes {
    fn default() -> Self {
        // Here every word is a rule, to save lines.
        PublicSuffixes::parse(&BUILT_IN.replace(' ', "\n"))
    }
}

/// Suffixes of two labels that are widely used, and the wildcards of the official list's own
/// examples.
const BUILT_IN: &str = "
    ac.at co.at gv.at or.at
    asn.au com.au edu.au gov.au id.au net.au org.au
    com.ar com.br edu.br gov.br net.br org.br com.co com.mx com.pe com.ve
    ac.cn com.cn edu.cn gov.cn net.cn org.cn
    com.hk edu.hk gov.hk net.hk org.hk com.my com.ph com.sg edu.sg gov.sg com.tw com.vn
    ac.id co.id go.id or.id ac.il co.il org.il
    ac.in co.in gov.in net.in org.in
    ac.jp ad.jp co.jp ed.jp go.jp gr.jp lg.jp ne.jp or.jp *.kawasaki.jp !city.kawasaki.jp
    ac.kr co.kr go.kr ne.kr or.kr re.kr
    ac.nz co.nz geek.nz gen.nz govt.nz net.nz org.nz school.nz
    com.pl edu.pl gov.pl net.pl org.pl com.pt edu.pt gov.pt com.tr edu.tr gov.tr org.tr com.ua
    ac.th co.th go.th in.th or.th
    ac.uk co.uk gov.uk ltd.uk me.uk net.uk nhs.uk org.uk plc.uk police.uk *.sch.uk
    ac.za co.za gov.za net.za org.za web.za
    *.ck !www.ck
";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(suffixes: &PublicSuffixes, name: &str, wanted: &str) {
        let name: Name = name.parse().unwrap();
        assert_eq!(suffixes.organizational_domain(&name), wanted.parse().unwrap(), "{name}");
    }

    #[test]
    fn the_examples_of_the_list_and_of_rfc_7489() {
        let suffixes = PublicSuffixes::default();
        check(&suffixes, "a.b.c.d.example.com", "example.com");
        check(&suffixes, "example.com", "example.com");
        check(&suffixes, "mail.Example.CO.UK", "example.co.uk");
        check(&suffixes, "b.test.ck", "b.test.ck");
        check(&suffixes, "a.b.test.ck", "b.test.ck");
        check(&suffixes, "a.www.ck", "www.ck");
        check(&suffixes, "www.city.kawasaki.jp", "city.kawasaki.jp");
        check(&suffixes, "x.a.b.kawasaki.jp", "a.b.kawasaki.jp");
        check(&suffixes, "mail.host.unheard-of", "host.unheard-of");
    }

    #[test]
    fn a_suffix_is_its_own() {
        let suffixes = PublicSuffixes::default();
        check(&suffixes, "co.uk", "co.uk");
        check(&suffixes, "com", "com");
        check(&suffixes, ".", ".");
    }

    #[test]
    fn a_list_is_read_as_it_is_published() {
        let suffixes = PublicSuffixes::parse(
            "// ===BEGIN PRIVATE DOMAINS===\n\n// a comment\nuk\nhost.example  what follows\n..x\n*.dyn.example\r\n",
        );
        check(&suffixes, "a.b.host.example", "b.host.example");
        check(&suffixes, "c.b.a.dyn.example", "b.a.dyn.example");
        check(&suffixes, "a.b.co.uk", "co.uk");
        check(&suffixes, "a.b.example", "b.example");
    }
}
