//! What SEARCH and SORT return (RFC 4731, RFC 5182, RFC 5267 §4.4, RFC 9394 §3.1).

use super::parse::{Parsed, Parser, SyntaxError};
use super::partial::Partial;

/// The options of `RETURN (...)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SearchReturn {
    /// `MIN`: the lowest number.
    pub min: bool,
    /// `MAX`: the highest number.
    pub max: bool,
    /// `ALL`: all numbers.
    pub all: bool,
    /// `COUNT`: how many.
    pub count: bool,
    /// `SAVE`: keep them as `$`.
    pub save: bool,
    /// `PARTIAL`: the numbers in this window.
    pub partial: Option<Partial>,
    /// `UPDATE`: tell what changes later.
    pub update: bool,
    /// `CONTEXT`: more will be asked for.
    pub context: bool,
}

impl SearchReturn {
    /// Reads `RETURN (...) `, where it is there. No option at all means ALL.
    pub(crate) fn parse(parser: &mut Parser<'_>) -> Parsed<Option<SearchReturn>> {
        if !parser.eat_word("RETURN (") {
            return Ok(None);
        }
        let mut returns = SearchReturn::default();
        if !parser.eat(b')') {
            loop {
                returns.parse_option(parser)?;
                if parser.eat(b')') {
                    break;
                }
                parser.space()?;
            }
        }
        parser.space()?;
        let SearchReturn { min, max, all, count, save, partial, .. } = returns;
        returns.all = all || !(min || max || count || save || partial.is_some());
        Ok(Some(returns))
    }

    fn parse_option(&mut self, parser: &mut Parser<'_>) -> Parsed<()> {
        let word = parser.atom()?;
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        match () {
            () if is("MIN") => self.min = true,
            () if is("MAX") => self.max = true,
            () if is("ALL") => self.all = true,
            () if is("COUNT") => self.count = true,
            () if is("SAVE") => self.save = true,
            () if is("UPDATE") => self.update = true,
            () if is("CONTEXT") => self.context = true,
            () if is("PARTIAL") => {
                parser.space()?;
                self.partial = Some(Partial::parse(parser)?);
            }
            () => return Err(SyntaxError("a return option")),
        }
        if self.all && self.partial.is_some() {
            return Err(SyntaxError("either ALL or PARTIAL"));
        }
        Ok(())
    }

    /// Whether nothing is to be told: SAVE alone (RFC 5182 §2.1).
    pub fn is_silent(&self) -> bool {
        let SearchReturn { min, max, all, count, partial, .. } = *self;
        self.save && !(min || max || all || count || partial.is_some())
    }

    /// Whether only the lowest number, the highest, or both are of use.
    pub fn is_extremes(&self) -> bool {
        (self.min || self.max) && !self.all && !self.count && self.partial.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parsed<Option<SearchReturn>> {
        SearchReturn::parse(&mut Parser::new(text.as_bytes()))
    }

    #[test]
    fn options_in_any_order() {
        let returns = parse("RETURN (count min) ALL").unwrap().unwrap();
        assert!(returns.count && returns.min && !returns.all);
        assert!(parse("RETURN () ALL").unwrap().unwrap().all);
        let returns = parse("RETURN (UPDATE CONTEXT) ALL").unwrap().unwrap();
        assert!(returns.update && returns.context && returns.all);
        assert!(parse("RETURN (SAVE) ALL").unwrap().unwrap().is_silent());
        assert!(parse("RETURN (PARTIAL -1:-100) ALL").unwrap().unwrap().partial.is_some());
        assert_eq!(parse("ALL"), Ok(None));
    }

    #[test]
    fn what_is_no_option() {
        for text in ["RETURN (FROB) ALL", "RETURN (MIN", "RETURN ()", "RETURN (ALL PARTIAL 1:2) x"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
