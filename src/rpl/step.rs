//! A step: what happens next.

use std::net::IpAddr;
use std::time::Duration;

use super::entry::{Context, Entry};
use super::error::{ParseError, Problem};
use super::expression::Expression;
use super::lines::{Line, Lines};
use super::range::parse_address;

/// One step of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its line.
    pub line: usize,
    /// Its number; ranges are compared with it.
    pub number: u32,
    /// What is done.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A client asks.
    Query {
        /// What it asks.
        entry: Entry,
        /// Its address, if not the usual one.
        client: Option<IpAddr>,
    },
    /// The answer to a client is compared.
    CheckAnswer(Entry),
    /// The resolver has sent a query like this.
    CheckOutQuery(Entry),
    /// A reply that is used once.
    Reply(Entry),
    /// The clock goes forward.
    TimePasses(Elapse),
    /// Everything under way is answered first.
    Traffic,
    /// The newest query of the resolver times out.
    Timeout,
    /// The newest query of the resolver fails.
    Error,
    /// Nothing.
    Nothing,
    /// A variable is set.
    Assign {
        /// Its name.
        variable: String,
        /// Its value.
        value: Expression,
    },
    /// The estimate of a round trip is set.
    InfraRtt,
    /// What the runner does not do.
    Unsupported(String),
}

/// How far the clock goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elapse {
    /// So far.
    For(Duration),
    /// As far as this says, in seconds.
    Eval(Expression),
}

impl Step {
    /// Reads a step, `begin` being its first line.
    pub(super) fn parse(
        begin: Line<'_>,
        lines: &mut Lines<'_>,
        context: &mut Context,
    ) -> Result<Self, ParseError> {
        let expected = "STEP, a number and what is done";
        let rest = begin.after("STEP").ok_or_else(|| begin.is_not(expected))?;
        let (number, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let number = number.parse().map_err(|_| begin.is_not(expected))?;
        let rest = rest.trim();
        let (word, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let arguments = arguments.trim();
        let action = match word {
            "QUERY" => {
                let (entry, client) = entry_and_address(&begin, arguments, lines, context)?;
                Action::Query { entry, client }
            }
            "CHECK_ANSWER" => {
                Action::CheckAnswer(entry_and_address(&begin, arguments, lines, context)?.0)
            }
            "CHECK_OUT_QUERY" => {
                Action::CheckOutQuery(entry_and_address(&begin, arguments, lines, context)?.0)
            }
            "REPLY" => Action::Reply(entry_and_address(&begin, arguments, lines, context)?.0),
            "TIME_PASSES" => Action::TimePasses(elapse(&begin, arguments)?),
            "TRAFFIC" => Action::Traffic,
            "TIMEOUT" => Action::Timeout,
            "ERROR" => Action::Error,
            "NOTHING" => Action::Nothing,
            "INFRA_RTT" => Action::InfraRtt,
            "ASSIGN" => {
                let (variable, value) = arguments
                    .split_once('=')
                    .ok_or_else(|| begin.is_not("ASSIGN, a variable, = and an expression"))?;
                Action::Assign {
                    variable: variable.trim().to_owned(),
                    value: expression(&begin, value.trim())?,
                }
            }
            "CHECK_AUTOTRUST" | "CHECK_TEMPFILE" => {
                lines.skip_past("FILE_END", "FILE_BEGIN and FILE_END")?;
                Action::Unsupported(word.to_owned())
            }
            "FLUSH_MESSAGE" | "EXPIRE_MESSAGE" => Action::Unsupported(word.to_owned()),
            _ => return Err(begin.is_not("a step such as QUERY, CHECK_ANSWER or TIME_PASSES")),
        };
        if let Action::Unsupported(what) = &action {
            context.needs.push(format!("step {what}"));
        }
        Ok(Step { line: begin.number, number, action })
    }
}

/// The entry of a step, and an address on the line of the step or one before the entry.
fn entry_and_address(
    begin: &Line<'_>,
    arguments: &str,
    lines: &mut Lines<'_>,
    context: &mut Context,
) -> Result<(Entry, Option<IpAddr>), ParseError> {
    let mut address = None;
    if let Some(rest) = arguments.strip_prefix("ADDRESS") {
        address = Some(parse_address(rest, begin)?);
    }
    loop {
        let line = lines.expect("ENTRY_BEGIN")?;
        if let Some(rest) = line.after("ADDRESS") {
            address = Some(parse_address(rest, &line)?);
        } else if !context.take_directive(&line)? {
            return Ok((Entry::parse(line, lines, context)?, address));
        }
    }
}

fn elapse(line: &Line<'_>, arguments: &str) -> Result<Elapse, ParseError> {
    let expected = "TIME_PASSES ELAPSE and a number of seconds, or EVAL and ${an expression}";
    let (word, rest) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    match word {
        "ELAPSE" => {
            let secs = rest.split_whitespace().next().and_then(|secs| secs.parse().ok());
            let elapse = secs.and_then(seconds).ok_or_else(|| line.is_not(expected))?;
            Ok(Elapse::For(elapse))
        }
        "EVAL" => Ok(Elapse::Eval(expression(line, rest.trim())?)),
        _ => Err(line.is_not(expected)),
    }
}

fn expression(line: &Line<'_>, text: &str) -> Result<Expression, ParseError> {
    Expression::parse(text).map_err(|expected| Problem::unexpected(text, expected).at(line.number))
}

/// A time to wait; `None` when it is none, or longer than a century.
pub(super) fn seconds(secs: f64) -> Option<Duration> {
    let secs = (0.0..=CENTURY_SECS).contains(&secs).then_some(secs)?;
    Duration::try_from_secs_f64(secs).ok()
}

/// Simulated time has room for this many times over.
const CENTURY_SECS: f64 = 3_155_760_000.0;
