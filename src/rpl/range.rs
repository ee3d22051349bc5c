//! A range: what a server answers between two steps.

use std::net::IpAddr;

use super::entry::{Context, Entry};
use super::error::ParseError;
use super::lines::{Line, Lines};

/// Entries of one server, or several, between two step numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The line of its `RANGE_BEGIN`.
    pub line: usize,
    /// The first step number.
    pub first: u32,
    /// The last step number.
    pub last: u32,
    /// Whose it is; empty for any address.
    pub addresses: Vec<IpAddr>,
    /// The first that matches is used.
    pub entries: Vec<Entry>,
}

impl Range {
    /// Whether it is that of a server at `address`, at some step.
    pub fn serves(&self, address: IpAddr) -> bool {
        self.addresses.is_empty() || self.addresses.contains(&address)
    }

    /// Whether it counts while this step is the current one.
    pub fn covers(&self, step: u32) -> bool {
        (self.first..=self.last).contains(&step)
    }

    /// Reads a range, `begin` being its first line.
    pub(super) fn parse(
        begin: Line<'_>,
        lines: &mut Lines<'_>,
        context: &mut Context,
    ) -> Result<Self, ParseError> {
        let bounds = begin.after("RANGE_BEGIN").unwrap_or_default();
        let mut numbers = bounds.split_whitespace().map_while(|word| word.parse().ok());
        let (Some(first), Some(last)) = (numbers.next(), numbers.next()) else {
            return Err(begin.is_not("RANGE_BEGIN, the first and the last step number"));
        };
        let mut range =
            Range { line: begin.number, first, last, addresses: Vec::new(), entries: Vec::new() };
        loop {
            let line = lines.expect("RANGE_END")?;
            if line.text.starts_with("RANGE_END") {
                return Ok(range);
            } else if let Some(address) = line.after("ADDRESS") {
                range.addresses.push(parse_address(address, &line)?);
            } else if line.text.starts_with("ENTRY_BEGIN") {
                range.entries.push(Entry::parse(line, lines, context)?);
            } else if !context.take_directive(&line)? && !line.text.starts_with('#') {
                return Err(line.is_not("ADDRESS, ENTRY_BEGIN or RANGE_END"));
            }
        }
    }
}

/// The address that is the first word of `text`; a port behind `@` is left out.
pub(super) fn parse_address(text: &str, line: &Line<'_>) -> Result<IpAddr, ParseError> {
    let word = text.split_whitespace().next().unwrap_or_default();
    let word = word.split_once('@').map_or(word, |(address, _)| address);
    word.parse().map_err(|_| line.is_not("an address such as 192.0.2.1 or 2001:db8::1"))
}
