//! What a look-up comes to, and how a message is read for it.

use std::fmt;

use crate::proto::dns::{Message, Name, Question, Rcode, Record, RecordData, RecordType};

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The name at the end of the aliases, the one that was asked for when there are none.
    pub canonical: Name,
    /// The records of the type asked for, in the order of the answer. One at least.
    pub records: Vec<Record>,
}

impl Answer {
    /// The texts of its TXT records, the strings of each joined.
    pub fn texts(&self) -> impl Iterator<Item = Vec<u8>> {
        self.records.iter().filter_map(|record| match &record.data {
            RecordData::Txt(text) => Some(text.joined()),
            _ => None,
        })
    }
}

/// Why a look-up found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupError {
    /// The name, or the one that it is an alias of, does not exist.
    NxDomain,
    /// The name exists and has no record of the type.
    NoData,
    /// The last server could not or would not answer, with this code. Worth another try later.
    Failed(Rcode),
    /// No server answered. Worth another try later.
    TimedOut,
    /// There is no server to ask.
    NoServers,
}

impl LookupError {
    /// Whether the same look-up may succeed later; else the answer is a fact about the name.
    pub fn is_temporary(self) -> bool {
        !matches!(self, LookupError::NxDomain | LookupError::NoData)
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::NxDomain => f.write_str("NXDOMAIN"),
            LookupError::NoData => f.write_str("NODATA"),
            LookupError::Failed(rcode) => write!(f, "{rcode}"),
            LookupError::TimedOut => f.write_str("no answer from any resolver"),
            LookupError::NoServers => f.write_str("no resolver to ask"),
        }
    }
}

impl std::error::Error for LookupError {}

/// What an answer says to the question; the code when the next server is to be asked.
pub(super) fn read(
    message: &Message,
    question: &Question,
) -> Result<Result<Answer, LookupError>, Rcode> {
    let nothing = match message.rcode {
        Rcode::NoError => LookupError::NoData,
        Rcode::NxDomain => LookupError::NxDomain,
        other => return Err(other),
    };
    let mut canonical = question.name.clone();
    // Each alias is one record of the answer, so no walk is longer than the answer.
    for _ in 0..=message.answers.len() {
        let here = || message.answers.iter().filter(|record| record.name == canonical);
        let wanted = |record: &&Record| {
            question.rtype == RecordType::Any || record.rtype() == question.rtype
        };
        let records: Vec<Record> = here().filter(wanted).cloned().collect();
        if !records.is_empty() {
            return Ok(Ok(Answer { canonical, records }));
        }
        let target = here().find_map(|record| match &record.data {
            RecordData::Cname(target) => Some(target.clone()),
            _ => None,
        });
        match target {
            Some(target) => canonical = target,
            None => return Ok(Err(nothing)),
        }
    }
    // The aliases lead back to where they came from.
    Err(Rcode::ServFail)
}
