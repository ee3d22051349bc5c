//! Numbers as people read them.

/// `1 run`, `12,345 runs`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(count))
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time in three digits or two units: `417 us`, `20.3 ms`, `1.24 s`, `3m12s`, `6h02m`, `5d03h`.
pub(super) fn span(nanos: u64) -> String {
    const SECOND: u64 = 1_000_000_000;
    let secs = nanos / SECOND;
    match nanos {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{} us", three(nanos as f64 / 1e3)),
        1_000_000..SECOND => format!("{} ms", three(nanos as f64 / 1e6)),
        _ if secs < 60 => format!("{} s", three(nanos as f64 / 1e9)),
        _ if secs < 3_600 => format!("{}m{:02}s", secs / 60, secs % 60),
        _ if secs < 86_400 => format!("{}h{:02}m", secs / 3_600, secs / 60 % 60),
        _ => format!("{}d{:02}h", secs / 86_400, secs / 3_600 % 24),
    }
}

/// `123 MiB`, `1.87 GiB`.
pub(super) fn memory(octets: u64) -> String {
    let octets = octets as f64;
    match octets {
        ..1_048_576.0 => format!("{} KiB", three(octets / 1_024.0)),
        ..1_073_741_824.0 => format!("{} MiB", three(octets / 1_048_576.0)),
        _ => format!("{} GiB", three(octets / 1_073_741_824.0)),
    }
}

/// How often in a second: `81,004`, `12.3`.
pub(super) fn rate(a_second: f64) -> String {
    if a_second < 100.0 { three(a_second) } else { grouped(a_second.round() as u64) }
}

/// At least three digits, no more behind the point than these need.
fn three(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!((grouped(0), grouped(999)), ("0".into(), "999".into()));
        assert_eq!(counted(1_234_567, "run"), "1,234,567 runs");
        assert_eq!(
            (rate(81_003.6), rate(12.34), rate(0.5)),
            ("81,004".into(), "12.3".into(), "0.50".into())
        );
    }

    #[test]
    fn times_and_sizes_have_three_digits() {
        let spans = [0, 999, 417_200, 20_310_000, 1_240_000_000, 59_990_000_000].map(span);
        assert_eq!(spans, ["0 s", "999 ns", "417 us", "20.3 ms", "1.24 s", "60.0 s"]);
        let spans = [192, 21_720, 442_800].map(|secs| span(secs * 1_000_000_000));
        assert_eq!(spans, ["3m12s", "6h02m", "5d03h"]);
        assert_eq!(
            [512, 129_341_440, 2_007_990_000].map(memory),
            ["0.50 KiB", "123 MiB", "1.87 GiB"]
        );
    }
}
