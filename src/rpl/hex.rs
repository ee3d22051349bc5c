//! Octets written as hexadecimal digits.

use super::error::{ParseError, Problem};
use super::lines::{Line, Lines, without_comment};

/// The octets of the lines up to the one that starts with `end`. Blanks and comments are ignored.
pub(super) fn block(lines: &mut Lines<'_>, end: &'static str) -> Result<Vec<u8>, ParseError> {
    let mut digits = Vec::new();
    loop {
        let line = lines.expect(end)?;
        if line.text.starts_with(end) {
            if digits.len() % 2 != 0 {
                return Err(line.is_not("an even number of hexadecimal digits before this"));
            }
            return Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect());
        }
        push_digits(&line, &mut digits)?;
    }
}

/// The octets of one line.
pub(super) fn line(line: &Line<'_>) -> Result<Vec<u8>, ParseError> {
    let mut digits = Vec::new();
    push_digits(line, &mut digits)?;
    if digits.len() % 2 != 0 {
        return Err(line.is_not("an even number of hexadecimal digits"));
    }
    Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn push_digits(line: &Line<'_>, digits: &mut Vec<u8>) -> Result<(), ParseError> {
    for character in without_comment(line.text, b";#").chars().filter(|c| !c.is_whitespace()) {
        let digit = character.to_digit(16).ok_or_else(|| line.is_not("hexadecimal digits"))?;
        digits.push(digit as u8);
    }
    if digits.len() > 2 * MAX_OCTETS {
        let expected = "a message of at most 65,535 octets";
        return Err(Problem::unexpected("more than that", expected).at(line.number));
    }
    Ok(())
}

/// What fits a datagram or a frame of TCP.
const MAX_OCTETS: usize = 65_535;
