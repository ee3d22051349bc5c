//! `$GENERATE`: one line that stands for many.
//!
//! Follows BIND's Administrator Reference: `$GENERATE start-stop[/step] lhs [ttl] [class] type rhs`
//! with `$`, `${offset}`, `${offset,width}` and `${offset,width,base}` of base d, o, x, X, n or N.

use super::error::MasterProblem;

/// At most so many records come of one line.
pub(super) const MAX_GENERATED: u64 = 65_536;

/// The numbers of a range `start-stop` or `start-stop/step`.
pub(super) fn parse_range(text: &str) -> Result<impl Iterator<Item = u32> + use<>, MasterProblem> {
    let problem = || MasterProblem::Field {
        found: text.to_owned(),
        expected: "a range such as 1-10 or 0-20/2",
    };
    let (bounds, step) = text.split_once('/').unwrap_or((text, "1"));
    let (start, stop) = bounds.split_once('-').ok_or_else(problem)?;
    let [start, stop, step] = [start, stop, step].map(|number| number.parse::<u32>().ok());
    let (Some(start), Some(stop), Some(step)) = (start, stop, step) else { return Err(problem()) };
    let in_range = |number: u32| number <= i32::MAX as u32;
    if start > stop || step == 0 || !in_range(stop) || !in_range(step) {
        return Err(problem());
    }
    if u64::from((stop - start) / step) >= MAX_GENERATED {
        return Err(MasterProblem::Field {
            found: text.to_owned(),
            expected: "a range of at most 65536 numbers",
        });
    }
    Ok((start..=stop).step_by(step as usize))
}

/// Puts `number` for every `$` of `template`.
pub(super) fn expand(template: &str, number: u32) -> Result<String, MasterProblem> {
    let mut text = String::with_capacity(template.len() + 8);
    let mut rest = template;
    while let Some(at) = rest.find(['$', '\\']) {
        text.push_str(&rest[..at]);
        let special = &rest[at..];
        if let Some(tail) = special.strip_prefix("\\$").or_else(|| special.strip_prefix("$$")) {
            text.push('$');
            rest = tail;
        } else if let Some(tail) = special.strip_prefix('\\') {
            text.push('\\');
            let escaped = tail.chars().next().map_or(0, char::len_utf8);
            text.push_str(&tail[..escaped]);
            rest = &tail[escaped..];
        } else if let Some(tail) = special.strip_prefix("${") {
            let (modifiers, tail) = tail.split_once('}').ok_or_else(|| modifier(special))?;
            text.push_str(&modified(modifiers, number)?);
            rest = tail;
        } else {
            text.push_str(&number.to_string());
            rest = &special[1..];
        }
    }
    text.push_str(rest);
    Ok(text)
}

/// What `${modifiers}` stands for.
fn modified(modifiers: &str, number: u32) -> Result<String, MasterProblem> {
    let problem = || modifier(modifiers);
    let mut parts = modifiers.split(',');
    let offset: i64 = parts.next().unwrap_or("").parse().map_err(|_| problem())?;
    let width: usize = parts.next().unwrap_or("0").parse().map_err(|_| problem())?;
    let base = parts.next().unwrap_or("d");
    let value = i64::from(number).checked_add(offset).and_then(|value| u32::try_from(value).ok());
    let value = value.ok_or_else(problem)?;
    if width > MAX_WIDTH || parts.next().is_some() {
        return Err(problem());
    }
    match base {
        "d" => Ok(format!("{value:0width$}")),
        "o" => Ok(format!("{value:0width$o}")),
        "x" => Ok(format!("{value:0width$x}")),
        "X" => Ok(format!("{value:0width$X}")),
        "n" => Ok(nibbles(&format!("{value:x}"), width)),
        "N" => Ok(nibbles(&format!("{value:X}"), width)),
        _ => Err(problem()),
    }
}

/// Hexadecimal digits as labels, the lowest first, as ip6.arpa has them; `width` counts the dots
/// as well.
fn nibbles(digits: &str, width: usize) -> String {
    let mut text = String::new();
    for digit in digits.chars().rev() {
        if !text.is_empty() {
            text.push('.');
        }
        text.push(digit);
    }
    while text.len() < width {
        text.push_str(if text.len().is_multiple_of(2) { "0" } else { "." });
    }
    text
}

fn modifier(found: &str) -> MasterProblem {
    MasterProblem::Field {
        found: found.to_owned(),
        expected: "${offset,width,base} with a base of d, o, x, X, n or N",
    }
}

/// A label is no longer, and nothing else needs more.
const MAX_WIDTH: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in() {
        let cases = [
            ("host-$", "host-10"),
            ("$.$", "10.10"),
            ("${3}", "13"),
            ("${-3,3}", "007"),
            ("${0,4,x}", "000a"),
            ("${0,0,o}", "12"),
            ("${16,3,n}", "a.1"),
            ("${0,5,N}", "A.0.0"),
            (r"\$x$$\.", r"$x$\."),
            ("plain", "plain"),
        ];
        for (template, text) in cases {
            assert_eq!(expand(template, 10).as_deref(), Ok(text), "{template}");
        }
        for template in ["${", "${x}", "${-11}", "${0,999}", "${0,1,q}", "${0,1,d,1}"] {
            assert!(expand(template, 10).is_err(), "{template}");
        }
    }

    #[test]
    fn ranges_are_bounded() {
        let all = |text| parse_range(text).map(Iterator::collect::<Vec<_>>);
        assert_eq!(all("1-3").unwrap(), [1, 2, 3]);
        assert_eq!(all("0-5/2").unwrap(), [0, 2, 4]);
        for text in ["3-1", "1", "1-", "1-2/0", "0-65536", "0-4294967295/4294967295", "a-b"] {
            assert!(all(text).is_err(), "{text}");
        }
    }
}
