//! The form of a suite: documents of zone data and tests.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::proto::spf::SpfResult;

use super::error::{ParseError, Problem};
use super::yaml::{self, Node};
use super::zone_data::ZoneData;

/// A file of tests.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Its documents, in order.
    pub documents: Vec<Document>,
}

/// Tests that share zone data.
#[derive(Debug, Clone)]
pub struct Document {
    /// What it is about.
    pub description: String,
    /// In the order of the file.
    pub tests: Vec<Test>,
    /// What the DNS holds for them.
    pub zone: ZoneData,
}

/// One call of `check_host()`, and what it should say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// Commonly the only one of this name in its document.
    pub name: String,
    /// Where it starts in the file, from 1.
    pub line: usize,
    /// Sections of the RFC.
    pub spec: Vec<String>,
    /// What it is about; may be empty.
    pub description: String,
    /// What the client said in HELO.
    pub helo: String,
    /// The client's address.
    pub host: IpAddr,
    /// The reverse-path; empty for the null one.
    pub mail_from: String,
    /// The results that are right; one at least.
    pub results: Vec<SpfResult>,
    /// The explanation of a `fail`. Where the domain gives none it is [`Test::DEFAULT`].
    pub explanation: Option<String>,
}

impl Test {
    /// What stands for an explanation that the checking host makes up itself.
    pub const DEFAULT: &str = "DEFAULT";
}

impl Suite {
    /// Reads a suite.
    ///
    /// Keys that are not known (`comment`) are passed over. Records that the DNS cannot hold are
    /// left out, see [`ZoneData::left_out`].
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let documents: Result<_, _> = yaml::parse(text)?.iter().map(document).collect();
        Ok(Suite { documents: documents? })
    }
}

fn document(node: &Node) -> Result<Document, ParseError> {
    let mut description = String::new();
    let mut tests: Vec<Test> = Vec::new();
    let mut zone = None;
    for (key, value) in fields(node)? {
        match key {
            "description" => description = value.text("a text")?.trim().to_owned(),
            "tests" => {
                for (name, fields) in value.pairs("tests by name")? {
                    tests.push(test(name, fields)?);
                }
            }
            "zonedata" => zone = Some(ZoneData::read(value)?),
            _ => {}
        }
    }
    let zone = zone.ok_or_else(|| node.error(Problem::Missing { key: "zonedata" }))?;
    Ok(Document { description, tests, zone })
}

fn test(name: &Node, node: &Node) -> Result<Test, ParseError> {
    let mut host = None;
    let mut test = Test {
        name: name.text("the name of a test")?.to_owned(),
        line: name.line(),
        spec: Vec::new(),
        description: String::new(),
        helo: String::new(),
        host: IpAddr::from([0, 0, 0, 0]),
        mail_from: String::new(),
        results: Vec::new(),
        explanation: None,
    };
    for (key, value) in fields(node)? {
        match key {
            "spec" => {
                for section in value.items() {
                    test.spec.push(section.text("a section of the RFC")?.to_owned());
                }
            }
            "description" => test.description = value.text("a text")?.trim().to_owned(),
            "helo" => test.helo = value.text("a HELO name")?.to_owned(),
            "mailfrom" => test.mail_from = value.text("a reverse-path")?.to_owned(),
            "host" => {
                let text = value.text(ADDRESS)?.trim();
                host = Some(text.parse().map_err(|_| value.unexpected(ADDRESS))?);
            }
            "result" => {
                for result in value.items() {
                    test.results.push(spf_result(result)?);
                }
            }
            "explanation" => test.explanation = Some(value.text("a text")?.to_owned()),
            _ => {}
        }
    }
    let missing = |key| name.error(Problem::Missing { key });
    test.host = host.ok_or_else(|| missing("host"))?;
    if test.results.is_empty() {
        return Err(missing("result"));
    }
    Ok(test)
}

/// The fields of a document or test, each with its key. Of two with one key the later one counts,
/// as with other readers of YAML.
fn fields(node: &Node) -> Result<BTreeMap<&str, &Node>, ParseError> {
    let pairs = node.pairs("a mapping")?;
    pairs.iter().map(|(key, value)| Ok((key.text("a key")?, value))).collect()
}

fn spf_result(node: &Node) -> Result<SpfResult, ParseError> {
    let text = node.text(RESULT)?.trim().to_ascii_lowercase();
    RESULTS
        .into_iter()
        .find(|result| result.as_str() == text)
        .ok_or_else(|| node.unexpected(RESULT))
}

const RESULTS: [SpfResult; 7] = [
    SpfResult::None,
    SpfResult::Neutral,
    SpfResult::Pass,
    SpfResult::Fail,
    SpfResult::SoftFail,
    SpfResult::TempError,
    SpfResult::PermError,
];

const RESULT: &str = "none, neutral, pass, fail, softfail, temperror or permerror";

const ADDRESS: &str = "an IPv4 or IPv6 address";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn arbitrary_text_never_panics(text in "[\\-\\[\\]{}:&*!|>'\"%@#,a-c \n\t\\PC]{0,120}") {
            let _ = Suite::parse(&text);
        }

        #[test]
        fn arbitrary_zone_data_never_panics(
            data in prop::collection::vec(
                "  (a\\.b|A\\.B|'\\*\\.b'|b|'\\.'|a\\.\\.b): \
                 \\[(\\{(A|AAAA|TXT|SPF|MX|PTR|CNAME|NS|X): (a\\.b|192\\.0\\.2\\.1|'::1'|TIMEOUT|NONE|\\[1, b\\])\\}, ){0,4}TIMEOUT\\]\n",
                0..6)
        ) {
            let suite = Suite::parse(&format!("zonedata:\n{}", data.concat())).unwrap();
            prop_assert_eq!(suite.documents.len(), 1);
        }
    }

    #[test]
    fn a_suite_is_a_stream_of_documents() {
        let suite = Suite::parse(
            "description: One\n\
             tests:\n  \
               first:\n    \
                 spec: 4.3\n    \
                 comment: passed over\n    \
                 helo: mx.example.org\n    \
                 host: 2001:DB8::1\n    \
                 mailfrom: \"\"\n    \
                 result: [none, PermError]\n    \
                 explanation: DEFAULT\n\
             zonedata: {}\n\
             ---\n\
             zonedata: {a.example: [{A: 192.0.2.1}]}\n",
        );
        let suite = suite.unwrap();
        let [first, second] = &suite.documents[..] else { panic!("two documents") };
        let test = &first.tests[0];
        assert_eq!((test.name.as_str(), test.line), ("first", 3));
        assert_eq!(test.spec, ["4.3"]);
        assert_eq!(test.results, [SpfResult::None, SpfResult::PermError]);
        assert_eq!(test.explanation.as_deref(), Some(Test::DEFAULT));
        assert!(second.tests.is_empty() && second.zone.left_out().is_empty());
    }

    #[test]
    fn a_mistake_has_its_place_and_remedy() {
        let check = |text: &str, told: &str| {
            assert_eq!(Suite::parse(text).unwrap_err().to_string(), told);
        };
        check("- a", "1:1: found a list, expected a mapping");
        check("tests: {}", "1:1: \"zonedata\" is missing");
        check(
            "tests:\n  x: {host: nowhere}\n",
            "2:13: found \"nowhere\", expected an IPv4 or IPv6 address",
        );
        check("tests:\n  x: {host: '::1'}\n", "2:3: \"result\" is missing");
        check(
            "tests:\n  x: {result: maybe}\n",
            "2:15: found \"maybe\", expected none, neutral, pass, fail, softfail, temperror or \
             permerror",
        );
    }
}
