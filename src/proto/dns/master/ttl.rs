//! Time to live in units: `3600`, `1h`, `1h30m`, `2w`.

/// The longest TTL (RFC 2181 §8).
pub(super) const MAX_TTL_SECS: u32 = i32::MAX as u32;

/// What [`parse_ttl`] wants, for errors.
pub(super) const TTL_FORM: &str = "a time of up to 2147483647 seconds, such as 3600 or 1h30m";

/// Reads a time; `None` if it is none or longer than [`MAX_TTL_SECS`].
pub(super) fn parse_ttl(text: &str) -> Option<u32> {
    let mut total: u64 = 0;
    let mut number: Option<u64> = None;
    for octet in text.bytes() {
        if octet.is_ascii_digit() {
            let digits = number.unwrap_or(0) * 10 + u64::from(octet - b'0');
            number = Some(digits).filter(|&digits| digits <= u64::from(MAX_TTL_SECS));
            number?;
        } else {
            let unit_secs = match octet.to_ascii_lowercase() {
                b's' => 1,
                b'm' => 60,
                b'h' => 3_600,
                b'd' => 86_400,
                b'w' => 604_800,
                _ => return None,
            };
            total = total.checked_add(number.take()? * unit_secs)?;
        }
    }
    // A number without a unit counts seconds, alone or at the end.
    let total = match number {
        Some(secs) => total.checked_add(secs)?,
        None if text.is_empty() => return None,
        None => total,
    };
    u32::try_from(total).ok().filter(|&secs| secs <= MAX_TTL_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        let cases = [
            ("0", Some(0)),
            ("3600", Some(3600)),
            ("1h30m", Some(5400)),
            ("1W2D", Some(777_600)),
            ("1m30", Some(90)),
            ("2147483647", Some(MAX_TTL_SECS)),
            ("2147483648", None),
            ("9999w", None),
            ("", None),
            ("h", None),
            ("1hh", None),
            ("1x", None),
            ("-1", None),
        ];
        for (text, secs) in cases {
            assert_eq!(parse_ttl(text), secs, "{text}");
        }
    }
}
