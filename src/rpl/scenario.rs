//! A whole scenario file: configuration, ranges, steps.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::proto::dns::{Message, Record, RecordData};

use super::Dialect;
use super::entry::{Context, Entry};
use super::error::{ParseError, Problem};
use super::header::Header;
use super::lines::Lines;
use super::range::{Range, parse_address};
use super::step::{Action, Elapse, Step};

/// A scenario file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Which dialect it is.
    pub dialect: Dialect,
    /// What it says of itself.
    pub title: String,
    /// How the resolver is configured.
    pub header: Header,
    /// What the network answers.
    pub ranges: Vec<Range>,
    /// What happens, by number.
    pub steps: Vec<Step>,
    /// What it needs of a runner and this one does not have, in words.
    pub needs: Vec<String>,
}

impl Scenario {
    /// Reads a file. `dialect` is found out where `None` is given.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(text: &str, dialect: Option<Dialect>) -> Result<Self, ParseError> {
        let mut lines = Lines::new(text);
        let header = Header::parse(&mut lines)?;
        let dialect = dialect.unwrap_or_else(|| header.dialect(text));
        let mut context = Context::new(dialect);
        let begin = lines.expect("SCENARIO_BEGIN")?;
        if !begin.text.starts_with("SCENARIO_BEGIN") {
            return Err(begin.is_not("SCENARIO_BEGIN"));
        }
        let title = begin.text["SCENARIO_BEGIN".len()..].trim().to_owned();
        let (mut ranges, mut steps) = (Vec::new(), Vec::<Step>::new());
        loop {
            let line = lines.expect("SCENARIO_END")?;
            if line.text.starts_with("SCENARIO_END") {
                break;
            } else if line.text.starts_with("RANGE_BEGIN") {
                ranges.push(Range::parse(line, &mut lines, &mut context)?);
            } else if line.after("STEP").is_some() {
                let step = Step::parse(line, &mut lines, &mut context)?;
                if let Some(before) = steps.last().filter(|before| before.number >= step.number) {
                    let (number, before) = (step.number, before.number);
                    return Err(Problem::StepOrder { number, before }.at(step.line));
                }
                steps.push(step);
            } else if !line.text.starts_with('#') && !context.take_directive(&line)? {
                return Err(line.is_not("RANGE_BEGIN, STEP or SCENARIO_END"));
            }
        }
        let mut needs = context.needs;
        needs.extend(steps.iter().filter_map(|step| match &step.action {
            Action::TimePasses(Elapse::Eval(value)) | Action::Assign { value, .. } => {
                value.needs().map(str::to_owned)
            }
            _ => None,
        }));
        needs.dedup();
        Ok(Scenario { dialect, title, header, ranges, steps, needs })
    }

    /// The entries of all ranges and steps.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        let of_steps = self.steps.iter().filter_map(|step| match &step.action {
            Action::Query { entry, .. }
            | Action::CheckAnswer(entry)
            | Action::CheckOutQuery(entry)
            | Action::Reply(entry) => Some(entry),
            _ => None,
        });
        self.ranges.iter().flat_map(|range| &range.entries).chain(of_steps)
    }

    /// Every address that a resolver could hear of here: those of the ranges and of the
    /// configuration, and those in records.
    pub fn addresses(&self) -> BTreeSet<IpAddr> {
        let mut found: BTreeSet<IpAddr> =
            self.ranges.iter().flat_map(|range| range.addresses.iter().copied()).collect();
        for setting in &self.header.options {
            let line = super::lines::Line { number: setting.line, text: "" };
            found.extend(parse_address(&setting.value, &line).ok());
        }
        for entry in self.entries() {
            add_addresses(&entry.message, &mut found);
            if let Some(message) = entry.raw.as_ref().and_then(|raw| Message::decode(raw).ok()) {
                add_addresses(&message, &mut found);
            }
        }
        found
    }

    /// The addresses that clients ask from, the usual one aside.
    pub fn clients(&self) -> BTreeSet<IpAddr> {
        let clients = self.steps.iter().filter_map(|step| match step.action {
            Action::Query { client, .. } => client,
            _ => None,
        });
        clients.collect()
    }
}

fn add_addresses(message: &Message, found: &mut BTreeSet<IpAddr>) {
    let sections = [&message.answers, &message.authorities, &message.additionals];
    found.extend(sections.into_iter().flatten().filter_map(|record: &Record| match record.data {
        RecordData::A(address) => Some(IpAddr::V4(address)),
        RecordData::Aaaa(address) => Some(IpAddr::V6(address)),
        _ => None,
    }));
}
