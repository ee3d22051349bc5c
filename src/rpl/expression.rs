//! Expressions: `${$x + 2 * ${time}}`, worked out strictly from left to right.
//!
//! Not modelled: `${timeout}`, for which one would have to look into the resolver, and `${ctime}`,
//! which makes text for files.

use std::collections::BTreeMap;
use std::fmt;

/// An expression, read and not worked out yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression(Operand);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operand {
    /// As it was written: it becomes a number when it is used.
    Number(String),
    Variable(String),
    /// Seconds since the start.
    Time,
    Range(Box<[Operand; 3]>),
    Chain(Box<Operand>, Vec<(Operator, Operand)>),
    Unsupported(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
    Over,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq)]
pub enum NoValue {
    /// No such variable was assigned.
    Unassigned(String),
    /// `${range lo x hi}` with x outside.
    OutsideRange([f64; 3]),
    /// Something that the runner does not have.
    Unsupported(&'static str),
}

impl fmt::Display for NoValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoValue::Unassigned(variable) => write!(f, "${variable} was never assigned"),
            NoValue::OutsideRange([low, value, high]) => {
                write!(f, "{value} is not between {low} and {high}")
            }
            NoValue::Unsupported(what) => write!(f, "there is no {what} here"),
        }
    }
}

impl std::error::Error for NoValue {}

impl Expression {
    /// Reads an expression, with or without `${}` around it. The error says what was expected.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut reader = Reader { rest: text.trim(), depth: 0 };
        let chain = reader.chain()?;
        if reader.rest.trim().is_empty() { Ok(Expression(chain)) } else { Err(FORM) }
    }

    /// What it needs and the runner does not have.
    pub(super) fn needs(&self) -> Option<&'static str> {
        self.0.needs()
    }

    /// Its value.
    ///
    /// # Errors
    /// [`NoValue`] when something in it has none.
    pub fn evaluate(
        &self,
        variables: &BTreeMap<String, f64>,
        now_secs: f64,
    ) -> Result<f64, NoValue> {
        self.0.evaluate(variables, now_secs)
    }
}

impl Operand {
    fn needs(&self) -> Option<&'static str> {
        match self {
            Operand::Unsupported(what) => Some(what),
            Operand::Range(operands) => operands.iter().find_map(Operand::needs),
            Operand::Chain(first, rest) => {
                first.needs().or_else(|| rest.iter().find_map(|(_, operand)| operand.needs()))
            }
            _ => None,
        }
    }

    fn evaluate(&self, variables: &BTreeMap<String, f64>, now: f64) -> Result<f64, NoValue> {
        match self {
            Operand::Number(text) => Ok(text.parse().expect("read as a number")),
            Operand::Variable(name) => {
                variables.get(name).copied().ok_or_else(|| NoValue::Unassigned(name.clone()))
            }
            Operand::Time => Ok(now),
            Operand::Range(operands) => {
                let [low, value, high] = [0, 1, 2].map(|at| operands[at].evaluate(variables, now));
                let (low, value, high) = (low?, value?, high?);
                if (low..=high).contains(&value) {
                    Ok(value)
                } else {
                    Err(NoValue::OutsideRange([low, value, high]))
                }
            }
            Operand::Chain(first, rest) => {
                let mut value = first.evaluate(variables, now)?;
                for (operator, operand) in rest {
                    let operand = operand.evaluate(variables, now)?;
                    value = match operator {
                        Operator::Plus => value + operand,
                        Operator::Minus => value - operand,
                        Operator::Times => value * operand,
                        Operator::Over => value / operand,
                    };
                }
                Ok(value)
            }
            Operand::Unsupported(what) => Err(NoValue::Unsupported(what)),
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// Operands with operators between, up to `}` or the end.
    fn chain(&mut self) -> Result<Operand, &'static str> {
        let first = self.operand()?;
        let mut rest = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            let operator = match self.rest.chars().next() {
                Some('+') => Operator::Plus,
                Some('-') => Operator::Minus,
                Some('*') => Operator::Times,
                Some('/') => Operator::Over,
                _ if rest.is_empty() => return Ok(first),
                _ => return Ok(Operand::Chain(Box::new(first), rest)),
            };
            self.rest = &self.rest[1..];
            rest.push((operator, self.operand()?));
        }
    }

    fn operand(&mut self) -> Result<Operand, &'static str> {
        self.rest = self.rest.trim_start();
        if let Some(rest) = self.rest.strip_prefix("${") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err("an expression that is not so deep");
            }
            self.rest = rest.trim_start();
            let inner = self.group()?;
            self.rest = self.rest.trim_start().strip_prefix('}').ok_or(FORM)?;
            self.depth -= 1;
            return Ok(inner);
        }
        if let Some(rest) = self.rest.strip_prefix('$') {
            self.rest = rest;
            let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
            return if name.is_empty() {
                Err(FORM)
            } else {
                Ok(Operand::Variable(name.to_owned()))
            };
        }
        let (sign, rest) = match self.rest.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", self.rest),
        };
        self.rest = rest;
        let digits = self.word(|c| c.is_ascii_digit() || c == '.');
        let number = format!("{sign}{digits}");
        number.parse::<f64>().map_err(|_| FORM)?;
        Ok(Operand::Number(number))
    }

    /// What stands inside `${}`.
    fn group(&mut self) -> Result<Operand, &'static str> {
        let before = self.rest;
        match self.word(|c| c.is_ascii_alphabetic()) {
            "time" => Ok(Operand::Time),
            "timeout" => Ok(Operand::Unsupported("${timeout}")),
            "ctime" => {
                self.operand()?;
                Ok(Operand::Unsupported("${ctime}"))
            }
            "range" => {
                Ok(Operand::Range(Box::new([self.operand()?, self.operand()?, self.operand()?])))
            }
            "" => self.chain(),
            _ => {
                self.rest = before;
                Err(FORM)
            }
        }
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }
}

const FORM: &str = "an expression such as ${$start + 10}";

/// Who nests deeper writes no test.
const MAX_DEPTH: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<f64, NoValue> {
        let variables = BTreeMap::from([("x".to_owned(), 4.0)]);
        Expression::parse(text).unwrap().evaluate(&variables, 100.0)
    }

    #[test]
    fn operators_apply_from_left_to_right() {
        assert_eq!(value("${1 + 2 * 3}"), Ok(9.0));
        assert_eq!(value("${$x / 2 - ${time}}"), Ok(-98.0));
        assert_eq!(value("${range 1 ${$x+.5} 5}"), Ok(4.5));
        assert_eq!(value("${range 5 $x 6}"), Err(NoValue::OutsideRange([5.0, 4.0, 6.0])));
        assert_eq!(value("${$y}"), Err(NoValue::Unassigned("y".to_owned())));
        assert_eq!(value("7"), Ok(7.0));
        assert_eq!(value("${timeout}"), Err(NoValue::Unsupported("${timeout}")));
    }

    #[test]
    fn what_is_no_expression_is_said_so() {
        for text in ["", "${", "${1 +}", "${what}", "1 1", "é", "${é}", "$", &"${".repeat(9999)] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
    }
}
