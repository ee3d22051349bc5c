//! Compares an entry with a message that came.

use std::fmt::{self, Display};

use crate::proto::dns::{Edns, Message, Name, Question, Record, RecordData, RecordType, Transport};

use super::Dialect;
use super::entry::Entry;
use super::words::MatchWord;

/// How much of what an entry says counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Without authority and additional section, and without EDNS in `all`.
    Core,
    /// All of it.
    Strict,
}

/// One thing that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What was compared, such as `rcode` or `answer`.
    pub what: &'static str,
    /// What the entry says.
    pub wanted: String,
    /// What the message says.
    pub came: String,
}

/// `rcode NOERROR, wanted SERVFAIL`.
impl Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, wanted {}", self.what, self.came, self.wanted)
    }
}

/// A message as it came, and under which rules it is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came<'a> {
    pub(super) message: &'a Message,
    pub(super) transport: Transport,
    pub(super) dialect: Dialect,
    pub(super) level: Level,
    /// A TTL may be lower by so much.
    pub(super) ttl_slack_secs: u32,
}

/// Whether every word of the entry holds.
pub(super) fn matches(entry: &Entry, came: Came<'_>) -> bool {
    let mut found = Mismatches { entry, came, found: Vec::new(), stop_early: true };
    found.compare();
    found.found.is_empty()
}

/// Everything that does not agree.
pub(super) fn mismatches(entry: &Entry, came: Came<'_>) -> Vec<Mismatch> {
    let mut found = Mismatches { entry, came, found: Vec::new(), stop_early: false };
    found.compare();
    found.found
}

struct Mismatches<'a> {
    entry: &'a Entry,
    came: Came<'a>,
    found: Vec<Mismatch>,
    stop_early: bool,
}

impl Mismatches<'_> {
    fn compare(&mut self) {
        let entry = self.entry;
        for word in &entry.matches {
            self.compare_word(*word);
            if self.stop_early && !self.found.is_empty() {
                return;
            }
        }
    }

    fn compare_word(&mut self, word: MatchWord) {
        use MatchWord as Word;
        let (wanted, came) = (&self.entry.message, self.came.message);
        let core = self.came.level == Level::Core;
        let deckard = self.came.dialect == Dialect::Deckard;
        match word {
            Word::Opcode => self.equal("opcode", &wanted.opcode, &came.opcode),
            Word::Qtype => self.question_part("qtype", |question| question.rtype),
            Word::Qname => self.question_part("qname", |question| question.name.clone()),
            Word::Qcase => self.question_case(),
            Word::Subdomain => self.subdomain(),
            Word::Question if deckard => {
                self.compare_word(Word::Qtype);
                self.compare_word(Word::Qname);
            }
            Word::Question => self.questions(),
            Word::Flags => self.equal("flags", &Flags(wanted), &Flags(came)),
            Word::Rcode => self.equal("rcode", &wanted.rcode, &came.rcode),
            Word::Answer => self.section("answer", &wanted.answers, &came.answers),
            Word::Authority | Word::Additional if core => {}
            Word::Authority => {
                self.section("authority", &wanted.authorities, &came.authorities);
            }
            Word::Additional => {
                self.section("additional", &wanted.additionals, &came.additionals);
            }
            Word::All | Word::AllNoEdns => {
                for part in [Word::Opcode, Word::Rcode, Word::Flags] {
                    self.compare_word(part);
                }
                self.compare_word(Word::Question);
                for part in [Word::Answer, Word::Authority, Word::Additional] {
                    self.compare_word(part);
                }
                if word == Word::All && !deckard && !core {
                    self.opt();
                }
            }
            Word::Ttl => {} // Looked at together with the records.
            Word::Do => self.holds("DO", came.edns.as_ref().is_some_and(|edns| edns.dnssec_ok)),
            Word::NoEdns => self.holds("noedns", came.edns.is_none()),
            Word::Udp => self.holds("UDP", self.came.transport == Transport::Udp),
            Word::Tcp => self.holds("TCP", self.came.transport == Transport::Tcp),
            Word::Edns => {
                let shown = |edns: &Option<Edns>| match edns {
                    Some(edns) => format!("version {} size {}", edns.version, edns.udp_octets),
                    None => "none".to_owned(),
                };
                self.equal("edns", &shown(&wanted.edns), &shown(&came.edns));
            }
            Word::Nsid => self.holds("nsid", option(came, NSID).is_some()),
            Word::EdnsData => {
                let data = |message: &Message| {
                    let options = message.edns.iter().flat_map(|edns| &edns.options);
                    options.map(|option| format!("{}:{:?}", option.code, option.data)).collect()
                };
                let [wanted, came]: [Vec<String>; 2] = [data(wanted), data(came)];
                self.equal("ednsdata", &wanted.join(" "), &came.join(" "));
            }
            Word::Serial(serial) => {
                let holds = came.authorities.iter().any(|record| match &record.data {
                    RecordData::Soa(soa) => soa.serial == serial,
                    _ => false,
                });
                self.holds("serial", holds && qtype(came) == Some(RecordType::Ixfr));
            }
            Word::Ede(code) => {
                let came = option(came, EDE).and_then(|data| data.get(..2));
                let came = came.map(|octets| u16::from_be_bytes([octets[0], octets[1]]));
                self.holds("ede", came.is_some() && (code.is_none() || came == code));
            }
            Word::ClientCookie => {
                self.holds("client_cookie", option(came, COOKIE).is_some_and(|it| it.len() == 8));
            }
            Word::ServerCookie => {
                let is_long = |data: &[u8]| (16..=40).contains(&data.len());
                self.holds("server_cookie", option(came, COOKIE).is_some_and(is_long));
            }
        }
    }

    fn miss(&mut self, what: &'static str, wanted: String, came: String) {
        self.found.push(Mismatch { what, wanted, came });
    }

    fn equal<T: PartialEq + Display>(&mut self, what: &'static str, wanted: &T, came: &T) {
        if wanted != came {
            self.miss(what, wanted.to_string(), came.to_string());
        }
    }

    fn holds(&mut self, what: &'static str, holds: bool) {
        if !holds {
            self.miss(what, "it".to_owned(), "is missing".to_owned());
        }
    }

    /// Compares a part of the first question. An entry of Deckard without question has no say.
    fn question_part<T: PartialEq + Display>(
        &mut self,
        what: &'static str,
        part: impl Fn(&Question) -> T,
    ) {
        match (self.entry.message.questions.first(), self.came.message.questions.first()) {
            (None, _) if self.came.dialect == Dialect::Deckard => {}
            (Some(wanted), Some(came)) => self.equal(what, &part(wanted), &part(came)),
            (None, None) => {}
            (wanted, came) => {
                let shown = |question: Option<&Question>| {
                    question
                        .map_or_else(|| "none".to_owned(), |question| part(question).to_string())
                };
                let (wanted, came) = (shown(wanted), shown(came));
                self.miss(what, wanted, came);
            }
        }
    }

    fn question_case(&mut self) {
        let before = self.found.len();
        self.question_part("qcase", |question| question.name.clone());
        let names = |message: &Message| message.questions.first().map(|first| first.name.clone());
        if self.found.len() == before
            && let (Some(wanted), Some(came)) =
                (names(&self.entry.message), names(self.came.message))
            && !wanted.same_case(&came)
        {
            self.miss("qcase", wanted.to_string(), came.to_string());
        }
    }

    fn subdomain(&mut self) {
        let wanted = self.entry.message.questions.first();
        let came = self.came.message.questions.first();
        let holds = match (wanted, came) {
            (Some(wanted), Some(came)) => came.name.is_subdomain_of(&wanted.name),
            (None, _) => self.came.dialect == Dialect::Deckard,
            (Some(_), None) => false,
        };
        if !holds {
            let shown = |question: Option<&Question>| {
                question.map_or_else(|| "none".to_owned(), |question| question.name.to_string())
            };
            let (wanted, came) = (format!("{} or below", shown(wanted)), shown(came));
            self.miss("subdomain", wanted, came);
        }
    }

    fn questions(&mut self) {
        let (wanted, came) = (&self.entry.message.questions, &self.came.message.questions);
        if wanted != came {
            let shown = |questions: &[Question]| {
                listed(&questions.iter().map(ToString::to_string).collect::<Vec<_>>())
            };
            let (wanted, came) = (shown(wanted), shown(came));
            self.miss("question", wanted, came);
        }
    }

    /// Compares a section as a multiset, or at core level as a set.
    fn section(&mut self, what: &'static str, wanted: &[Record], came: &[Record]) {
        let with_ttl = self.entry.matches.contains(&MatchWord::Ttl)
            && (self.came.level == Level::Strict || what == "answer");
        let slack = self.came.ttl_slack_secs;
        let agree = |wanted: &Record, came: &Record| {
            let ttl_agrees =
                came.ttl_secs <= wanted.ttl_secs && wanted.ttl_secs - came.ttl_secs <= slack;
            wanted.name == came.name
                && wanted.class == came.class
                && same_data(&wanted.data, &came.data)
                && (!with_ttl || ttl_agrees)
        };
        let mut left: Vec<&Record> = came.iter().collect();
        let mut missing = Vec::new();
        for record in wanted {
            match left.iter().position(|other| agree(record, other)) {
                Some(place) => drop(left.swap_remove(place)),
                None => missing.push(record),
            }
        }
        if self.came.level == Level::Core {
            missing.retain(|record| !came.iter().any(|other| agree(record, other)));
            left.retain(|record| !wanted.iter().any(|other| agree(other, record)));
        }
        if missing.is_empty() && left.is_empty() {
            return;
        }
        let shown = |records: &[&Record]| {
            listed(&records.iter().map(|record| format!("\"{record}\"")).collect::<Vec<_>>())
        };
        let (missing, surplus) = (shown(&missing), shown(&left));
        self.miss(what, missing, surplus);
    }

    /// Presence and content of EDNS. Extended errors and cookies are the server's own affair.
    fn opt(&mut self) {
        let shown = |edns: &Option<Edns>| match edns {
            Some(edns) => {
                let own = |code: u16| code == EDE || code == COOKIE;
                let options = edns.options.iter().filter(|option| !own(option.code)).cloned();
                Edns { options: options.collect(), ..edns.clone() }.to_string()
            }
            None => "none".to_owned(),
        };
        let (wanted, came) = (shown(&self.entry.message.edns), shown(&self.came.message.edns));
        self.equal("edns", &wanted, &came);
    }
}

/// The flags of a header as words.
struct Flags<'a>(&'a Message);

impl PartialEq for Flags<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.flags == other.0.flags
    }
}

impl Display for Flags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = self.0.flags;
        let words = [
            (flags.qr, "QR"),
            (flags.aa, "AA"),
            (flags.tc, "TC"),
            (flags.rd, "RD"),
            (flags.ra, "RA"),
            (flags.ad, "AD"),
            (flags.cd, "CD"),
        ];
        let set: Vec<&str> = words.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
        f.write_str(&if set.is_empty() { "none".to_owned() } else { set.join(" ") })
    }
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}

/// Whether the data is the same, names without their case. Those in opaque data are told by their
/// text, which shows them.
fn same_data(one: &RecordData, other: &RecordData) -> bool {
    one == other
        || matches!(one, RecordData::Unknown { .. })
            && one.rtype() == other.rtype()
            && holds_names(one.rtype())
            && one.to_string().eq_ignore_ascii_case(&other.to_string())
}

/// Types whose data is opaque here and holds names and little else that has case.
fn holds_names(rtype: RecordType) -> bool {
    use RecordType as Type;
    matches!(rtype, Type::Nsec | Type::Rp | Type::Afsdb | Type::Kx | Type::Minfo)
}

fn qtype(message: &Message) -> Option<RecordType> {
    message.questions.first().map(|question| question.rtype)
}

fn option(message: &Message, code: u16) -> Option<&[u8]> {
    let mut options = message.edns.iter().flat_map(|edns| &edns.options);
    options.find(|option| option.code == code).map(|option| &*option.data)
}

/// Name server identifier (RFC 5001).
const NSID: u16 = 3;
/// Cookies (RFC 7873).
const COOKIE: u16 = 10;
/// Extended errors (RFC 8914).
const EDE: u16 = 15;

/// Whether both are the question for one name and type; used where no entry decides.
pub(super) fn same_question(one: &Message, other: &Message) -> bool {
    let key = |message: &Message| -> Option<(Name, RecordType)> {
        message.questions.first().map(|question| (question.name.clone(), question.rtype))
    };
    key(one) == key(other)
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use super::super::step::Action;
    use super::*;

    /// What does not agree between the entry of a `CHECK_ANSWER` and another entry as the answer.
    fn differing(wanted: &str, came: &str, level: Level) -> Vec<&'static str> {
        let entry = |body: &str| {
            let text = format!(
                "server:\nCONFIG_END\nSCENARIO_BEGIN\nSTEP 1 CHECK_ANSWER\nENTRY_BEGIN\n{body}\nENTRY_END\nSCENARIO_END"
            );
            let mut scenario = Scenario::parse(&text, None).unwrap();
            let Action::CheckAnswer(entry) = scenario.steps.remove(0).action else { panic!() };
            entry
        };
        let (wanted, came) = (entry(wanted), entry(came));
        let came = Came {
            message: &came.message,
            transport: Transport::Udp,
            dialect: Dialect::Unbound,
            level,
            ttl_slack_secs: 2,
        };
        assert_eq!(matches(&wanted, came), mismatches(&wanted, came).is_empty());
        mismatches(&wanted, came).iter().map(|mismatch| mismatch.what).collect()
    }

    #[test]
    fn all_is_less_at_core_level() {
        let wanted = "MATCH all\nREPLY QR RD RA\nA. A\nSECTION ANSWER\na. 5 A 192.0.2.1\na. 5 A 192.0.2.2\nSECTION AUTHORITY\na. 5 NS b.";
        let same = wanted
            .replace("a. 5 A 192.0.2.1\na. 5 A 192.0.2.2", "a. 9 A 192.0.2.2\nA. A 192.0.2.1");
        assert!(differing(wanted, &same, Level::Strict).is_empty());
        let bare = same.replace("SECTION AUTHORITY\na. 5 NS b.", "");
        assert!(differing(wanted, &bare, Level::Core).is_empty());
        assert_eq!(differing(wanted, &bare, Level::Strict), ["authority"]);
        let twice = same.replace("SECTION AUTHORITY", "a. 9 A 192.0.2.2\nSECTION AUTHORITY");
        assert!(differing(wanted, &twice, Level::Core).is_empty());
        assert_eq!(differing(wanted, &twice, Level::Strict), ["answer"]);
        let other = same.replace("REPLY QR RD RA", "REPLY QR RD RA AD DO NXDOMAIN");
        assert_eq!(differing(wanted, &other, Level::Core), ["rcode", "flags"]);
        assert_eq!(differing(wanted, &other, Level::Strict), ["rcode", "flags", "edns"]);
        assert_eq!(
            differing(wanted, &other.replace("\nA. A\n", "\nA. MX\n"), Level::Core).len(),
            3
        );
    }

    #[test]
    fn ttl_counts_where_it_is_asked_for() {
        let with =
            |ttl: u32| format!("MATCH answer ttl\nREPLY QR\nSECTION ANSWER\na. {ttl} A 192.0.2.1");
        for (ttl, holds) in [(11, false), (10, true), (8, true), (7, false)] {
            assert_eq!(differing(&with(10), &with(ttl), Level::Core).is_empty(), holds, "{ttl}");
        }
    }

    #[test]
    fn names_may_be_below() {
        let asked = |name: &str| format!("MATCH subdomain\n{name} A");
        assert!(differing(&asked("example."), &asked("www.EXAMPLE."), Level::Strict).is_empty());
        assert_eq!(
            differing(&asked("w.example."), &asked("example."), Level::Strict),
            ["subdomain"]
        );
        assert_eq!(
            differing("MATCH TCP noedns\n. A", "REPLY DO\n. A", Level::Strict),
            ["TCP", "noedns"]
        );
    }
}
