//! The parameters of SELECT and EXAMINE (RFC 4466 §2.2, RFC 7162 §3.1.8 and §3.2.5).

use super::number::{ModSeq, UidValidity};
use super::parse::{Parsed, Parser, SyntaxError};
use super::sequence::SequenceSet;

/// What SELECT or EXAMINE asks for besides the mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SelectParameters {
    /// `CONDSTORE`: mod-sequences are to be told from now on.
    pub condstore: bool,
    /// `QRESYNC`
    pub qresync: Option<QResync>,
}

/// What a client knows of a mailbox that it selects anew (RFC 7162 §3.2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QResync {
    /// The UIDVALIDITY that it saw last.
    pub uid_validity: UidValidity,
    /// Changes up to here it knows.
    pub modseq: ModSeq,
    /// The UIDs that it knows; `None`: all.
    pub known_uids: Option<SequenceSet>,
}

impl SelectParameters {
    /// Reads ` (...)`, where it is there.
    pub(crate) fn parse(parser: &mut Parser<'_>) -> Parsed<SelectParameters> {
        let mut parameters = SelectParameters::default();
        if !parser.eat(b' ') {
            return Ok(parameters);
        }
        parser.list(false, |parser| {
            let name = parser.atom()?;
            if name.eq_ignore_ascii_case("CONDSTORE") {
                parameters.condstore = true;
                return Ok(());
            }
            if !name.eq_ignore_ascii_case("QRESYNC") || parameters.qresync.is_some() {
                return Err(SyntaxError("CONDSTORE or QRESYNC"));
            }
            parser.space()?;
            parameters.qresync = Some(QResync::parse(parser)?);
            Ok(())
        })?;
        Ok(parameters)
    }
}

impl QResync {
    fn parse(parser: &mut Parser<'_>) -> Parsed<QResync> {
        parser.expect(b'(', "an opening parenthesis")?;
        let uid_validity = parser.nz_number()?;
        let uid_validity = UidValidity::new(uid_validity).expect("an nz-number is not 0");
        parser.space()?;
        let modseq = match parser.mod_sequence()? {
            ModSeq(0) => return Err(SyntaxError("a mod-sequence above 0")),
            modseq => modseq,
        };
        let mut known_uids = None;
        if parser.eat(b' ') {
            if parser.peek() != Some(b'(') {
                known_uids = Some(known_set(parser)?);
            }
            if known_uids.is_none() || parser.eat(b' ') {
                // Which numbers some of the messages had. Who remembers what was expunged, as we
                // do, has no use for that.
                parser.expect(b'(', "an opening parenthesis")?;
                known_set(parser)?;
                parser.space()?;
                known_set(parser)?;
                parser.expect(b')', "a closing parenthesis")?;
            }
        }
        parser.expect(b')', "a closing parenthesis")?;
        Ok(QResync { uid_validity, modseq, known_uids })
    }
}

/// A `known-uids`: a set without `*`.
fn known_set(parser: &mut Parser<'_>) -> Parsed<SequenceSet> {
    let set = SequenceSet::parse(parser)?;
    if set.has_last() || set.is_saved() { Err(SyntaxError("a set of numbers")) } else { Ok(set) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parsed<SelectParameters> {
        let mut parser = Parser::new(text.as_bytes());
        let parameters = SelectParameters::parse(&mut parser)?;
        parser.end()?;
        Ok(parameters)
    }

    #[test]
    fn the_examples_of_rfc_7162() {
        assert!(parse(" (CONDSTORE)").unwrap().condstore);
        let qresync = |text| parse(text).unwrap().qresync.unwrap();
        let asked = qresync(" (QRESYNC (67890007 20050715194045000 41,43:211,214:541))");
        assert_eq!(asked.uid_validity.get(), 67_890_007);
        assert_eq!(asked.modseq, ModSeq(20_050_715_194_045_000));
        assert_eq!(asked.known_uids.unwrap().to_string(), "41,43:211,214:541");
        let asked = qresync(
            " (QRESYNC (67890007 90060115194045000 41:211,214:541 (1,8,20 41,50,100)) CONDSTORE)",
        );
        assert!(asked.known_uids.is_some());
        assert_eq!(qresync(" (QRESYNC (1 2 (1 2)))").known_uids, None);
        assert_eq!(parse("").unwrap(), SelectParameters::default());
    }

    #[test]
    fn what_is_no_parameter() {
        for text in [
            " ()",
            " (FROB)",
            " (QRESYNC)",
            " (QRESYNC (0 1))",
            " (QRESYNC (1 0))",
            " (QRESYNC (1 2 1:*))",
            " (QRESYNC (1 2 $))",
            " (QRESYNC (1 2) QRESYNC (1 2))",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
